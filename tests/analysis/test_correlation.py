from __future__ import annotations

from itertools import product

import elephant.spike_train_correlation as elephant
import numpy as np
import pytest
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, neo_trains, random_recording, tick_trains, trains_of

from spikeboard.analysis import correlation
from spikeboard.analysis import groups as groups_of_trains
from spikeboard.analysis.correlation import (
    border_factor,
    chance_band,
    coefficients,
    correlogram,
    correlograms,
    count_correlation,
    count_covariance,
    pairs_needed,
    poisson_expectation,
    rates_hz,
    shift_predictor,
    surrogate_band,
    timescale,
    z_scores,
)
from spikeboard.analysis.groups import Trains
from spikeboard.analysis.surrogates import METHODS
from spikeboard.errors import RecordingError

# Elephant's own calls of its units library.
pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")


def counted(a, b, bin_ticks: int, half: int, skip_self: bool = False) -> np.ndarray:
    """Correlogram by its definition: every pair looked at, a lag on an edge split between its two bins."""
    found = np.zeros(2 * half + 1)
    for (i, x), (j, y) in product(enumerate(a), enumerate(b)):
        if skip_self and i == j:
            continue
        for k in range(-half, half + 1):
            off = abs(2 * (int(y) - int(x) - k * bin_ticks))
            found[k + half] += 1.0 if off < bin_ticks else 0.5 if off == bin_ticks else 0.0
    return found


@given(tick_trains(60), st.integers(1, 7), st.integers(1, 6))
def test_correlograms_count_every_pair_once(trains: list[list[int]], bin_ticks: int, half: int) -> None:
    found = correlograms(made(trains), None, half * bin_ticks, bin_ticks).counts
    for i, a in enumerate(trains):
        for j, b in enumerate(trains):
            np.testing.assert_array_equal(found[i, j], counted(a, b, bin_ticks, half, i == j))


@given(tick_trains(1000), st.integers(1, 20))
def test_correlograms_mirror(trains: list[list[int]], bin_ticks: int) -> None:
    found = correlograms(made(trains), None, 200, bin_ticks).counts
    np.testing.assert_array_equal(found, found.transpose(1, 0, 2)[:, :, ::-1])


@given(tick_trains(1000), st.integers(1, 30))
def test_correlograms_over_all_lags_hold_all_pairs(trains: list[list[int]], bin_ticks: int) -> None:
    found = correlograms(made(trains), None, 1100, bin_ticks)
    n = found.n_spikes
    np.testing.assert_array_equal(found.counts.sum(axis=2), np.outer(n, n) - np.diag(n))


@pytest.mark.parametrize("rate", [1000.0, 30_000.0, None])
def test_correlograms_do_not_depend_on_when_a_recording_starts(rate: float | None) -> None:
    near, far = awkward(3, rate, duration=2.0), awkward(3, rate, t_start=100_000.0, duration=2.0)
    a, b = correlograms(near, None, 20, 1), correlograms(far, None, 20, 1)
    # The same draws, moved by a whole number of ticks.
    assert all(
        (x + round(1e5 * near.ticks_per_second) == y).all()
        for x, y in zip(trains_of(near), trains_of(far), strict=True)
    )
    np.testing.assert_array_equal(a.counts, b.counts)
    assert a.counts.sum() > 0


def test_a_positive_lag_means_that_the_second_unit_fires_later() -> None:
    found = correlograms(made([[100, 300], [105, 305]]), None, 10, 1)
    assert found.lags_s[found.counts[0, 1] > 0] == pytest.approx([0.005])
    assert found.lags_s[found.counts[1, 0] > 0] == pytest.approx([-0.005])


def test_the_window_is_half_the_width_and_lag_zero_has_its_own_bin() -> None:
    # 0.1 does not divide 1.0 in floating point, and `int` would leave out the outermost bins (T19).
    found = correlograms(made([[0], [1]], 10_000.0), None, 1.0, 0.1)
    assert len(found.lags_s) == 21
    assert found.lags_s[10] == 0.0
    assert found.window_s == pytest.approx(0.001)
    assert found.lags_s[[0, -1]] == pytest.approx([-0.001, 0.001])
    assert found.bin_s == pytest.approx(1e-4)


def test_a_bin_that_is_no_multiple_of_the_clock_is_taken_to_the_nearest() -> None:
    found = correlograms(made([[0], [1]], 1000.0), None, 10, 2.4)
    assert found.bin_s == 0.002
    assert np.diff(found.lags_s) == pytest.approx(0.002)


def test_a_window_narrower_than_a_bin_is_refused() -> None:
    # The trap T1: one bar at lag 0, drawn as if it were a correlogram.
    with pytest.raises(RecordingError, match="no bin of 5 ms beside the one at lag 0"):
        correlograms(made([[0], [1]]), None, 4, 5)


def test_an_autocorrelogram_leaves_out_self_pairs_and_only_those() -> None:
    found = correlograms(made([[10, 10, 15]]), None, 5, 1)
    expected = np.zeros(11)
    expected[5] = 2  # the two spikes at tick 10, each with the other
    expected[[0, 10]] = 2
    np.testing.assert_array_equal(found.counts[0, 0], expected)
    assert found.shared[0, 0] == 3


def test_pooled_trains_are_correlated_as_one() -> None:
    rec = random_recording()
    a, b, c, d = trains_of(rec)
    found = correlograms(rec, [[0, 1], [2, 3], 0], 15, 3)
    ab, cd = np.sort(np.r_[a, b]), np.sort(np.r_[c, d])
    np.testing.assert_array_equal(found.counts[0, 1], counted(ab, cd, 3, 5))
    np.testing.assert_array_equal(found.counts[0, 0], counted(ab, ab, 3, 5, skip_self=True))
    with_self = counted(ab, a, 3, 5)
    with_self[5] -= len(a)  # each spike of unit 0 meets itself in the pool
    np.testing.assert_array_equal(found.counts[0, 2], with_self)
    np.testing.assert_array_equal(found.counts[2, 0], with_self[::-1])


def test_both_ways_of_counting_agree_on_awkward_trains() -> None:
    rec = awkward(7)
    trains = trains_of(rec)
    found = correlograms(rec, None, 30, 1)
    for i, j in product(range(len(trains)), repeat=2):
        pair = correlogram(trains[i], trains[j], 10, 30, len(trains[i]) if i == j else 0)
        np.testing.assert_array_equal(found.counts[i, j], pair)


def test_only_spikes_of_the_window_count() -> None:
    found = correlograms(made([[10, 500], [12, 502, 600]]), None, 200, 1, t0=0.4, t1=0.6)
    assert found.counts[0, 1].sum() == 1
    assert found.n_spikes.tolist() == [1, 1]
    assert found.duration == pytest.approx(0.2)


def test_counts_agree_with_elephant_on_the_clock() -> None:
    rec = random_recording()
    a, b = (BinnedSpikeTrain(train, bin_size=1 * pq.ms, t_stop=1 * pq.s) for train in neo_trains(rec)[:2])
    expected, lags = elephant.cross_correlation_histogram(a, b, window=[-40, 40])
    found = correlograms(rec, None, 40, 1)
    np.testing.assert_array_equal(found.counts[0, 1], expected.magnitude.ravel())
    np.testing.assert_allclose(found.lags_s, lags * 1e-3)


def test_coefficients_agree_with_elephant() -> None:
    rec = random_recording(spikes=300)
    binned = [BinnedSpikeTrain(train, bin_size=5 * pq.ms, t_stop=1 * pq.s) for train in neo_trains(rec)]
    found = coefficients(rec, None, 50, 5)
    assert found.bin_s == 0.005
    np.testing.assert_allclose(found.lags_s, np.arange(-10, 11) * 0.005)
    for i, j in product(range(4), repeat=2):
        expected, _ = elephant.cross_correlation_histogram(
            binned[i], binned[j], window=[-10, 10], cross_correlation_coefficient=True
        )
        np.testing.assert_allclose(found.counts[i, j], expected.magnitude.ravel(), atol=1e-12)


def test_the_coefficient_at_lag_zero_is_pearsons() -> None:
    rec = random_recording(spikes=300)
    found = coefficients(rec, None, 50, 10)
    np.testing.assert_allclose(found.counts[:, :, 5], count_correlation(rec, None, 10).values)
    assert found.counts[0, 0, 5] == pytest.approx(1.0)


def test_the_coefficient_of_a_silent_unit_is_unknown() -> None:
    found = coefficients(made([[], [5, 10]]), None, 10, 1)
    assert np.isnan(found.counts[0]).all()
    assert np.isfinite(found.counts[1, 1]).all()


def test_a_regular_target_fires_at_its_rate_at_every_lag() -> None:
    # The ends of the window take pairs away from the longer lags, and the correction gives them back.
    found = correlograms(made([np.arange(0, 1000, 10)] * 2), None, 100, 10)
    assert rates_hz(found)[0, 1] == pytest.approx(np.full(21, 100.0))
    plain = rates_hz(found, border=False)[0, 1]
    assert plain[10] == pytest.approx(100.0)
    assert plain[0] == pytest.approx(90.0)


def test_border_correction_is_elephants() -> None:
    rec = random_recording()
    a, b = (BinnedSpikeTrain(train, bin_size=1 * pq.ms, t_stop=1 * pq.s) for train in neo_trains(rec)[:2])
    expected, _ = elephant.cross_correlation_histogram(a, b, window=[-40, 40], border_correction=True)
    found = correlograms(rec, None, 40, 1)
    np.testing.assert_allclose(found.counts[0, 1] * border_factor(found), expected.magnitude.ravel())


def test_there_is_no_rate_without_reference_spikes_nor_beyond_the_window() -> None:
    found = correlograms(made([[], [10, 20]], t_stop=0.1), None, 200, 10)
    rates = rates_hz(found)
    assert np.isnan(rates[0]).all()
    beyond = np.abs(found.lags_s) >= 0.1
    assert np.isnan(rates[1, 1, beyond]).all()
    assert np.isfinite(rates[1, 1, ~beyond]).all()


def test_the_poisson_expectation_is_what_uniform_times_give_on_average() -> None:
    rng = np.random.default_rng(2)
    draws = [made([np.sort(rng.integers(0, 500, n)) for n in (40, 60)], t_stop=0.5) for _ in range(400)]
    found = [correlograms(rec, None, 400, 50) for rec in draws]
    counts = np.array([one.counts for one in found])
    expected = poisson_expectation(found[0])
    error = counts.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.abs((counts.mean(axis=0) - expected) / error).max() < 4
    assert expected[0, 1, 0] < expected[0, 1, 8] / 3  # few pairs are 400 of 500 ms apart


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0.5, 40))
def test_the_poisson_expectation_shares_out_all_pairs(n: int, m: int, bin_ms: float) -> None:
    found = correlograms(made([[5] * n, [5] * m]), None, 1000 + bin_ms, bin_ms)
    expected = poisson_expectation(found).sum(axis=2)
    np.testing.assert_allclose(expected, [[n * (n - 1), n * m], [n * m, m * (m - 1)]], atol=1e-9)


def test_z_scores_are_in_poisson_deviations_unless_told() -> None:
    assert z_scores(np.array([30.0, 4.0]), np.array([25.0, 0.0])) == pytest.approx([1.0, np.nan], nan_ok=True)
    assert z_scores(np.array([30.0]), np.array([25.0]), np.array([2.0])) == pytest.approx([2.5])


def test_bands_are_the_quantiles_of_the_surrogates() -> None:
    rows = iter(np.random.default_rng(0).normal(10, [1.0, 3.0, 0.0], (200, 3)))
    drawn: list[np.ndarray] = []
    band = surrogate_band(np.zeros(3), lambda _: drawn.append(next(rows)) or drawn[-1], 200, 0, 0.9)
    every = np.array(drawn)
    np.testing.assert_allclose(band.mean, every.mean(axis=0))
    np.testing.assert_allclose(band.deviation, every.std(axis=0, ddof=1))
    np.testing.assert_allclose([band.low, band.high], np.quantile(every, [0.05, 0.95], axis=0))
    outside = ((every < band.lowest - 1e-9) | (every > band.highest + 1e-9)).any(axis=1).mean()
    pointwise = ((every < band.low) | (every > band.high)).any(axis=1).mean()
    assert 0.05 < outside <= 0.1 < pointwise
    assert band.lowest[2] == band.highest[2] == 10.0
    assert (band.n_surrogates, band.level) == (200, 0.9)


def test_one_surrogate_is_no_band() -> None:
    with pytest.raises(RecordingError, match="at least 2 surrogates"):
        chance_band(made([[1], [2]]), 0, 1, 10, 1, 5, n_surrogates=1)


def synchronous(share: float, seed: int = 5):
    """Two units of 20 Hz for 20 s; a share of the second one's spikes follows the first's after 2 ms."""
    rng = np.random.default_rng(seed)
    first = np.sort(rng.integers(0, 200_000, 400))
    follows = rng.random(400) < share
    second = np.sort(np.where(follows, np.minimum(first + 20, 200_000), rng.integers(0, 200_000, 400)))
    return made([first, second], 10_000.0, t_stop=20.0)


def departures(rec) -> np.ndarray:
    """The lags in ms at which a correlogram leaves the simultaneous band."""
    found = correlograms(rec, None, 25, 1)
    band = chance_band(rec, 0, 1, 25, 1, 20, seed=3)
    counts = found.counts[0, 1]
    return 1e3 * found.lags_s[(counts > band.highest) | (counts < band.lowest)]


def test_synchrony_leaves_the_dither_band_at_its_lag() -> None:
    assert 2.0 in departures(synchronous(0.3)).round(6)


def test_independent_trains_leave_the_simultaneous_band_as_rarely_as_it_says() -> None:
    left = [departures(synchronous(0.0, seed)).size > 0 for seed in range(40)]
    assert sum(left) <= 8  # of 40 at 5 %: more than 8 in one of 10 000 tests


def test_the_dither_band_is_drawn_from_its_seed() -> None:
    rec = synchronous(0.3)
    one, same, other = (chance_band(rec, 0, 1, 10, 1, 5, n_surrogates=20, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.low, same.low)
    assert (one.mean != other.mean).any()


def test_the_band_of_an_autocorrelogram_leaves_out_self_pairs() -> None:
    rec = synchronous(0.0)
    band = chance_band(rec, 0, 0, 10, 1, 5, n_surrogates=20)
    assert band.mean[10] == pytest.approx(400 * 20 * 1e-3, rel=0.5)  # not 400 more


def test_the_band_of_pools_with_a_unit_in_common_leaves_out_its_self_pairs() -> None:
    rec = synchronous(0.0)
    band = chance_band(rec, [0, 1], [1], 10, 1, 5, n_surrogates=50)
    found = correlograms(rec, [[0, 1], 1], 10, 1)
    assert band.mean.sum() == pytest.approx(found.counts[0, 1].sum(), rel=0.1)


def test_a_band_of_every_method_holds_the_chance_level() -> None:
    rec = synchronous(0.0)
    expected = poisson_expectation(correlograms(rec, None, 10, 1))[0, 1]
    for method in METHODS:
        band = chance_band(rec, 0, 1, 10, 1, 1000, method, n_surrogates=50)
        assert band.mean.mean() == pytest.approx(expected.mean(), rel=0.15)


def trials_recording(seed: int = 0):
    """Both units fire at the same moment of each of 40 trials, jittered by 2 ms, independently of each other."""
    rng = np.random.default_rng(seed)
    onsets = np.arange(40) * 1000 + 100
    trains = [np.sort(onsets + 250 + rng.integers(-20, 21, 40)) for _ in range(2)]
    return made([*trains, []], 10_000.0, t_stop=4.2), onsets / 10_000, (onsets + 500) / 10_000


def test_the_shift_predictor_explains_what_is_locked_to_the_trials() -> None:
    rec, starts, stops = trials_recording()
    found = shift_predictor(rec, 0, 1, starts, stops, 10, 1)
    first, second = trains_of(rec)[:2]
    within = sum(counted([a], [b], 10, 10) for a, b in zip(first, second, strict=True))
    np.testing.assert_array_equal(found.counts, within)
    aligned = second - np.arange(40) * 1000
    shifted = [
        sum(counted([a - 1000 * k], [aligned[(k + s) % 40]], 10, 10) for k, a in enumerate(first))
        for s in np.unique(np.linspace(1, 39, 20).astype(int))
    ]
    np.testing.assert_allclose(found.predicted, np.mean(shifted, axis=0))
    assert found.counts.sum() == pytest.approx(found.predicted.sum(), rel=0.05)
    assert (found.n_trials, found.n_shifts) == (40, 20)
    assert found.trial_s == pytest.approx(0.05)


def test_a_shift_predictor_counts_spikes_of_unequal_trials_to_the_shortest() -> None:
    rec = made([[5, 105, 140], [8, 108, 145]])
    found = shift_predictor(rec, 0, 1, np.array([0.0, 0.1]), np.array([0.02, 0.15]), 5, 1)
    assert found.trial_s == pytest.approx(0.02)
    assert found.counts.sum() == found.counts[5 + 3] == 2


def test_the_end_of_a_trial_is_far_from_the_start_of_the_next() -> None:
    # Trials of 20 ms with spikes at their very ends: whatever is put beside what, no lag is below 15 ms.
    rec = made([[0, 100, 200], [18, 119, 217]])
    starts = np.array([0.0, 0.1, 0.2])
    found = shift_predictor(rec, 0, 1, starts, starts + 0.02, 10, 1)
    assert not found.counts.any()
    assert not found.predicted.any()


def test_an_autocorrelogram_within_trials_leaves_out_self_pairs() -> None:
    rec = made([[5, 105, 108, 300]])
    found = shift_predictor(rec, 0, 0, np.array([0.0, 0.1]), np.array([0.02, 0.12]), 5, 1)
    assert found.counts[5] == 0
    assert found.counts[[2, 8]].tolist() == [1, 1]


def test_a_shift_predictor_needs_trials() -> None:
    rec = made([[5], [6]])
    with pytest.raises(RecordingError, match="at least 2 trials"):
        shift_predictor(rec, 0, 1, np.array([0.0]), np.array([0.1]), 5, 1)
    with pytest.raises(RecordingError, match="ends where it starts"):
        shift_predictor(rec, 0, 1, np.array([0.0, 0.2]), np.array([0.1, 0.2]), 5, 1)


def test_count_correlation_agrees_with_numpy_and_elephant() -> None:
    rec = random_recording(5, 200)
    counts = np.array([np.bincount(train // 20, minlength=50) for train in trains_of(rec)])
    found = count_correlation(rec, None, 20)
    np.testing.assert_allclose(found.values, np.corrcoef(counts))
    binned = BinnedSpikeTrain(neo_trains(rec), bin_size=20 * pq.ms, t_stop=1 * pq.s)
    np.testing.assert_allclose(found.values, elephant.correlation_coefficient(binned))
    np.testing.assert_allclose(count_covariance(rec, None, 20).values, np.cov(counts))
    assert (found.n_bins, found.left_over_spikes) == (50, 0)
    assert found.n_spikes.tolist() == [200] * 5


def test_count_correlation_of_pools() -> None:
    rec = random_recording(4, 200)
    counts = np.array([np.bincount(train // 20, minlength=50) for train in trains_of(rec)])
    found = count_correlation(rec, [[0, 1], [2, 3]], 20)
    np.testing.assert_allclose(found.values, np.corrcoef(counts[:2].sum(axis=0), counts[2:].sum(axis=0)))


@pytest.mark.parametrize("most", [1, 100, 600])
def test_counts_piece_by_piece_are_the_whole_counts(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rec, groups = random_recording(4, 200), [0, [1, 2], 3]
    expected = count_covariance(rec, groups, 30, 0.05, 0.9)
    binned, pieces = correlation._binned, []

    def counted_pieces(trains: Trains, bin_ticks: int, n_bins: int):
        pieces.append((trains.n_spikes, n_bins))
        return binned(trains, bin_ticks, n_bins)

    monkeypatch.setattr(correlation, "_binned", counted_pieces)
    monkeypatch.setattr(correlation, "MOST_LAID_OUT", most)
    found = count_covariance(rec, groups, 30, 0.05, 0.9)
    np.testing.assert_array_equal(found.values, expected.values)
    np.testing.assert_array_equal(found.n_spikes, expected.n_spikes)
    assert found.left_over_spikes == expected.left_over_spikes > 0
    n = int(rec.counts.sum() * 0.85)
    assert len(pieces) == pytest.approx(min(-(-4 * n // most), 28), abs=1)
    assert sum(bins for _, bins in pieces) == 28
    assert max(spikes for spikes, _ in pieces) < 600 / len(pieces) + 150


def test_a_cut_last_bin_stays_out_and_is_told() -> None:
    rec = made([[5, 15, 99], [7, 25, 95]], t_stop=0.1)
    found = count_covariance(rec, None, 30)
    assert (found.n_bins, found.left_over_spikes) == (3, 2)
    np.testing.assert_allclose(found.values, np.cov([[2, 0, 0], [2, 0, 0]]))
    assert found.n_spikes.tolist() == [2, 2]


def test_correlation_with_a_count_that_never_changes_is_unknown() -> None:
    found = count_correlation(made([[], [5], [5, 15, 25]], t_stop=0.03), None, 10).values
    assert np.isnan(found[[0, 2]]).all()
    assert found[1, 1] == pytest.approx(1.0)


def test_correlation_needs_two_bins() -> None:
    with pytest.raises(RecordingError, match="hold 1 whole bins of 600 ms"):
        count_correlation(made([[1]]), None, 600)


def test_the_time_scale_is_elephants() -> None:
    rng = np.random.default_rng(8)
    bursts = np.unique((rng.choice(90, 25, replace=False) * 10)[:, None] + rng.integers(0, 8, (25, 4)))
    rec = made([bursts])
    binned = BinnedSpikeTrain(neo_trains(rec)[0], bin_size=1 * pq.ms, t_stop=1 * pq.s)
    expected = elephant.spike_train_timescale(binned, 50 * pq.ms).rescale("s").item()
    assert timescale(rec, 0, 1, 50) == pytest.approx(expected)


def test_fewer_than_two_spikes_have_no_time_scale() -> None:
    assert np.isnan(timescale(made([[5]]), 0, 1, 50))


@pytest.mark.parametrize("most", [1, 20, 150])
@pytest.mark.parametrize("bin_ms", [1, 2, 5])
def test_correlograms_piece_by_piece_are_the_whole_correlograms(
    most: int, bin_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, groups = random_recording(4, 200), [0, [1, 2], [2, 3]]
    expected = correlograms(rec, groups, 10, bin_ms, 0.05, 0.95)
    laid_out = []
    by_time = Trains.by_time.func
    monkeypatch.setattr(
        Trains, "by_time", property(lambda self: laid_out.append(self.n_spikes) or by_time(self))
    )
    monkeypatch.setattr(groups_of_trains, "MOST_LAID_OUT", most)
    found = correlograms(rec, groups, 10, bin_ms, 0.05, 0.95)
    np.testing.assert_array_equal(found.counts, expected.counts)
    assert len(laid_out) >= 6 and max(laid_out) < 350 and found.counts.any()


def test_coefficients_of_too_many_spikes_are_refused_before_a_lag_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted_lags: list[int] = []
    monkeypatch.setattr(correlation, "doubled_lags", lambda *_: counted_lags.append(1))
    monkeypatch.setattr(correlation, "MOST_BINNED", 299)
    with pytest.raises(RecordingError, match=r"at most 299 spikes, these trains hold 300.*a shorter window"):
        coefficients(random_recording(3, 100), None, 50, 5)
    assert not counted_lags


def test_too_many_pairs_are_refused_before_memory_is_taken() -> None:
    rec = made([[1]] * 800)
    with pytest.raises(RecordingError, match="choose fewer units"):
        correlograms(rec, None, 100, 1)


def test_what_would_take_too_long_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = random_recording(4, 250)
    found = correlograms(rec, None, 50, 1)
    pairs = found.counts.sum() / 2
    assert pairs_needed(rec, None, 50) == pytest.approx(pairs, rel=0.1)
    assert pairs_needed(rec, [[0, 1], 2], 5000) == 750 * 750
    monkeypatch.setattr(correlation, "MOST_PAIRS", 20_000)
    with pytest.raises(RecordingError, match="choose a smaller lag, fewer units or a shorter window"):
        correlograms(rec, None, 50, 1)
    assert correlograms(rec, None, 10, 1).counts.any()


def test_unknown_units_are_named() -> None:
    with pytest.raises(RecordingError, match=r"0\.\.1, got 0\.\.7"):
        correlograms(made([[1], [2]]), [[0, 7], 1], 10, 1)


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(RecordingError, match="no length"):
        correlograms(made([[1], [2]]), None, 10, 1, t0=0.5, t1=0.5)
