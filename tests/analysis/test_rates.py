from __future__ import annotations

import elephant.kernels
import elephant.statistics
import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of
from scipy import stats

from spikeboard.analysis import rate_sums
from spikeboard.analysis.bandwidth import optimal_bandwidth, optimal_bin_width, shared_bandwidth
from spikeboard.analysis.kernels import KERNELS
from spikeboard.analysis.rates import (
    bootstrap_band,
    instantaneous_rates,
    mean_rates,
    poisson_band,
    pooled_band,
    pooled_rates,
    rate_band,
)
from spikeboard.errors import RecordingError

ELEPHANTS = {
    "gaussian": elephant.kernels.GaussianKernel,
    "exponential": elephant.kernels.ExponentialKernel,
    "alpha": elephant.kernels.AlphaKernel,
    "rectangular": elephant.kernels.RectangularKernel,
    "triangular": elephant.kernels.TriangularKernel,
    "epanechnikov": elephant.kernels.EpanechnikovLikeKernel,
}
CAUSAL = ("exponential", "alpha")
quiet = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")


def grid(rec, n: int = 301, beyond: float = 0.0) -> np.ndarray:
    # an odd offset, so that no time falls on the corner of a rectangle
    return np.linspace(rec.t_start - beyond, rec.t_stop + beyond, n) + 1.23456e-5


@quiet
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("sigma_ms", [3.0, 50.0, 2000.0])
@pytest.mark.parametrize("t_start", [0.0, 100_000.0])
def test_rates_are_sums_of_elephants_kernels(kernel: str, sigma_ms: float, t_start: float) -> None:
    rec = awkward(1, 1e4, t_start)
    at = grid(rec)
    rates = instantaneous_rates(rec, sigma_ms, at, kernel=kernel)
    shape = ELEPHANTS[kernel](sigma=sigma_ms * pq.ms)
    for unit, train in enumerate(trains_of(rec)):
        lags = at - train[:, None] / 1e4
        reached = lags >= 0 if kernel in CAUSAL else lags > -np.inf
        expected = np.zeros(lags.shape)
        expected[reached] = shape(lags[reached] * pq.s).rescale("Hz").magnitude
        assert rates[unit] == pytest.approx(expected.sum(axis=0), rel=1e-6, abs=1e-5 * 1000 / sigma_ms)


@quiet
def test_a_gaussian_rate_agrees_with_elephants_own() -> None:
    rng = np.random.default_rng(2)
    rec = made([np.sort(rng.integers(0, 10_000, 300))], t_stop=10.0)
    train = neo.SpikeTrain(trains_of(rec)[0] / 1e3, units="s", t_stop=10.0)
    theirs = elephant.statistics.instantaneous_rate(
        train, sampling_period=1 * pq.ms, kernel=elephant.kernels.GaussianKernel(80 * pq.ms), cutoff=6
    )
    at = np.arange(10_000) / 1e3
    ours = instantaneous_rates(rec, 80.0, at)[0]
    # Elephant counts a spike of [t, t + 1 ms) at t: the same samples on a clock of 1 ms
    assert ours == pytest.approx(theirs.magnitude.ravel(), rel=0.01, abs=0.02)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_has_mass_one_and_the_stated_standard_deviation(kernel: str) -> None:
    rec = made([[50_000]], t_stop=100.0)
    at = np.arange(0, 100, 1e-3) + 5e-4
    rate = instantaneous_rates(rec, 1000.0, at, kernel=kernel)[0]
    mass = rate.sum() * 1e-3
    mean = (at * rate).sum() * 1e-3
    assert mass == pytest.approx(1, abs=1e-4)
    assert np.sqrt((((at - mean) ** 2) * rate).sum() * 1e-3) == pytest.approx(1, abs=1e-4)
    x = at - 50
    assert KERNELS[kernel].peak == pytest.approx(rate.max(), rel=2e-3)
    assert KERNELS[kernel].mass(x) == pytest.approx((rate.cumsum() - rate / 2) * 1e-3, abs=2e-3)


@given(tick_trains(), st.sampled_from(sorted(KERNELS)), st.floats(1.0, 500.0))
def test_all_of_the_mass_of_all_spikes_is_there(trains, kernel: str, sigma_ms: float) -> None:
    # trap T7: short trains, spikes at the edges
    rec = made(trains)
    reach = 26 * sigma_ms / 1000
    step = sigma_ms / 1000 / 50
    at = np.arange(-reach, 1 + reach, step) + step / 3
    rates = instantaneous_rates(rec, sigma_ms, at, kernel=kernel)
    assert rates.shape == (len(trains), len(at))
    counts = np.array(list(map(len, trains)))
    assert rates.sum(axis=1) * step == pytest.approx(counts, rel=0.02, abs=1e-6)


@pytest.mark.parametrize("kernel", CAUSAL)
def test_a_causal_rate_knows_nothing_of_the_future(kernel: str) -> None:
    rec = made([[500]])
    at = np.linspace(0, 1, 1001)
    rate = instantaneous_rates(rec, 20.0, at, kernel=kernel)[0]
    assert (rate[:500] == 0).all() and rate[505] > 0
    cut = instantaneous_rates(made([[100, 500]]), 20.0, at[:500], kernel=kernel)
    assert np.array_equal(cut, instantaneous_rates(made([[100]]), 20.0, at[:500], kernel=kernel))


@pytest.mark.parametrize("kernel", KERNELS)
def test_with_border_correction_a_steady_rate_is_steady_to_the_end(kernel: str) -> None:
    rec = made([range(10_000)], 1e4)
    at = np.linspace(0.0, 1.0, 101)[1:]
    plain = instantaneous_rates(rec, 50.0, at, kernel=kernel)[0]
    whole = instantaneous_rates(rec, 50.0, at, kernel=kernel, border=True)[0]
    assert plain.min() < 6000
    assert whole[2:] == pytest.approx(10_000, rel=0.01)


def test_where_no_mass_is_inside_there_is_no_rate() -> None:
    rec = made([[500]])
    rates = instantaneous_rates(rec, 10.0, [-1.0, 0.0, 0.5], kernel="exponential", border=True)[0]
    assert np.isnan(rates[:2]).all() and rates[2] == pytest.approx(100)


@given(tick_trains(), st.integers(0, 10**8))
def test_shifting_all_times_shifts_the_rates(trains, shift: int) -> None:
    at = np.linspace(0, 1, 37) + 1e-5
    moved = made(
        [[tick + shift for tick in train] for train in trains], 1e3, shift / 1e3, (shift + 1000) / 1e3
    )
    for border in (False, True):
        ours = instantaneous_rates(moved, 25.0, at + shift / 1e3, border=border)
        still = instantaneous_rates(made(trains), 25.0, at, border=border)
        assert ours == pytest.approx(still, rel=1e-4, abs=1e-6)


def test_rates_at_no_time_of_no_unit() -> None:
    rec = awkward()
    assert instantaneous_rates(rec, 10.0, []).shape == (9, 0)
    assert instantaneous_rates(rec, 10.0, [1.0], []).shape == (0, 1)
    assert instantaneous_rates(rec, 10.0, [1.0, 1.0, 2.0], [5, 3]).shape == (2, 3)


def test_what_makes_no_sense_is_refused() -> None:
    rec = made([[1]])
    with pytest.raises(RecordingError, match="no kernel 'box'; choose one of gaussian, exponential"):
        instantaneous_rates(rec, 10.0, [0.1], kernel="box")
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(RecordingError, match="kernel width"):
            instantaneous_rates(rec, wrong, [0.1])
    with pytest.raises(RecordingError, match="ascend"):
        instantaneous_rates(rec, 10.0, [0.2, 0.1])
    with pytest.raises(RecordingError, match="confidence level"):
        poisson_band([1], 1.0)


def test_pooled_rates_are_mean_and_standard_error_over_units() -> None:
    rec = awkward()
    at = grid(rec, 50)
    for border in (False, True):
        each = instantaneous_rates(rec, 200.0, at, kernel="alpha", border=border)
        pooled = pooled_rates(rec, 200.0, at, kernel="alpha", border=border)
        assert pooled.sizes.tolist() == [6, 3]
        for k, rows in enumerate((each[:6], each[6:])):
            assert pooled.mean[k] == pytest.approx(rows.mean(0), nan_ok=True)
            assert pooled.sem[k] == pytest.approx(stats.sem(rows, axis=0), nan_ok=True)


def test_a_group_of_one_has_no_standard_error_and_of_none_no_mean() -> None:
    pooled = pooled_rates(made([[100], [200]]), 20.0, [0.1, 0.2], [[0], [], [1, 0]])
    assert np.isfinite(pooled.mean[0]).all() and np.isnan(pooled.sem[0]).all()
    assert np.isnan(pooled.mean[1]).all() and np.isnan(pooled.sem[1]).all()
    assert np.isfinite(pooled.sem[2]).all()


def test_a_poisson_band_is_garwoods() -> None:
    counts = np.array([0, 1, 2, 10, 500])
    low, high = poisson_band(counts, 0.9)
    assert low[1:] == pytest.approx(stats.chi2.ppf(0.05, 2 * counts[1:]) / 2) and low[0] == 0
    assert high == pytest.approx(stats.chi2.ppf(0.95, 2 * counts + 2) / 2)
    # Garwood 1936, as tabulated: 95 % limits of a count of ten
    assert [float(limit[0]) for limit in poisson_band([10])] == pytest.approx([4.795, 18.39], rel=1e-3)


def test_the_band_of_a_rectangular_kernel_is_the_exact_band_of_its_count() -> None:
    rec = awkward()
    at = grid(rec, 101)
    band = rate_band(rec, 300.0, at, kernel="rectangular")
    width = 2 * 3**0.5 * 0.3
    low, high = poisson_band(np.rint(band.rate * width))
    assert np.rint(band.rate * width) == pytest.approx(band.rate * width)
    assert band.low == pytest.approx(low / width) and band.high == pytest.approx(high / width)
    assert np.array_equal(band.rate, instantaneous_rates(rec, 300.0, at, kernel="rectangular"))


@pytest.mark.parametrize("kernel", ["gaussian", "exponential", "epanechnikov"])
def test_the_band_covers_the_rate_of_a_poisson_process(kernel: str) -> None:
    rng = np.random.default_rng(9)
    trains = [np.flatnonzero(rng.random(10_000) < 0.02) for _ in range(400)]
    band = rate_band(made(trains, t_stop=10.0), 100.0, np.arange(3.0, 8.0), kernel=kernel)
    assert np.array_equal(
        band.rate, instantaneous_rates(made(trains, t_stop=10.0), 100.0, np.arange(3.0, 8.0), kernel=kernel)
    )
    covered = np.mean((band.low <= 20) & (band.high >= 20))
    assert 0.94 <= covered <= 0.995


def test_the_band_of_a_population_is_that_of_its_spikes_as_one_train() -> None:
    rec = awkward()
    at = grid(rec, 50)
    pooled = pooled_band(rec, 200.0, at, [range(6), [], [7]], kernel="alpha", border=True)
    merged = made([np.sort(np.concatenate(trains_of(rec)[:6])), trains_of(rec)[7]], 1e4, 0.0, 10.0)
    one = rate_band(merged, 200.0, at, kernel="alpha", border=True)
    for ours, theirs in ((pooled.rate, one.rate), (pooled.low, one.low), (pooled.high, one.high)):
        assert ours[0] == pytest.approx(theirs[0] / 6, nan_ok=True)
        assert np.isnan(ours[1]).all()
        assert ours[2] == pytest.approx(theirs[1], nan_ok=True)
    assert pooled.rate[:1] == pytest.approx(
        pooled_rates(rec, 200.0, at, [range(6)], "alpha", True).mean, nan_ok=True
    )


def test_no_spike_in_reach_still_has_an_upper_limit() -> None:
    band = rate_band(made([[]]), 10.0, [0.5])
    assert band.rate[0, 0] == band.low[0, 0] == 0
    # -ln(0.025) = 3.69 spikes at the kernel's peak, 1 / (√2π σ)
    assert band.high[0, 0] == pytest.approx(3.6889 / ((2 * np.pi) ** 0.5 * 0.01), rel=1e-4)


def test_a_bootstrap_band_is_near_the_normal_one_and_repeats() -> None:
    values = np.random.default_rng(3).normal(5, 2, (100, 4))
    low, high = bootstrap_band(values)
    sem = values.std(0) / 10
    assert low == pytest.approx(values.mean(0) - 1.96 * sem, abs=0.06)
    assert high == pytest.approx(values.mean(0) + 1.96 * sem, abs=0.06)
    assert np.array_equal(low, bootstrap_band(values)[0])
    assert not np.array_equal(low, bootstrap_band(values, seed=1)[0])
    assert all(np.isnan(limit).all() and limit.shape == (4,) for limit in bootstrap_band(values[:1]))


def modulated(seed: int, n: int, width: float) -> np.ndarray:
    """Spikes around ten moments, spread with a known standard deviation (s)."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(np.arange(1, 11), n) + rng.normal(0, width, n))


@pytest.mark.parametrize("width", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_kernel_width_is_near_elephants(seed: int, width: float) -> None:
    times = modulated(seed, 800, width)
    theirs = elephant.statistics.optimal_kernel_bandwidth(times)["optw"]
    assert optimal_bandwidth(times) == pytest.approx(theirs, rel=0.1)


def test_the_kernel_width_minimises_the_cost_over_all_pairs() -> None:
    times = modulated(4, 150, 0.1)
    lags = times[:, None] - times[None]

    def cost(width: float) -> float:
        overlap = stats.norm.pdf(lags, scale=2**0.5 * width).sum()
        direct = stats.norm.pdf(lags, scale=width).sum() - len(times) * stats.norm.pdf(0, scale=width)
        return overlap - 2 * direct

    best = optimal_bandwidth(times)
    assert best is not None
    widths = np.geomspace(best / 30, best * 30, 400)
    assert cost(best) <= min(map(cost, widths)) + 1e-3 * abs(cost(best))


@settings(max_examples=10)
@given(st.floats(-1e5, 1e5))
def test_the_kernel_width_does_not_depend_on_when(shift: float) -> None:
    times = modulated(5, 100, 0.1)
    assert optimal_bandwidth(times + shift) == pytest.approx(optimal_bandwidth(times), rel=0.02)


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 2.0], [1.0] * 50, [1.0, 1.0, 2.0]])
def test_too_few_spikes_leave_no_kernel_width(times: list[float]) -> None:
    # trap T24: Elephant raises
    assert optimal_bandwidth(times) is None


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1e5), max_size=40).map(sorted))
def test_every_train_has_a_kernel_width_or_none(times: list[float]) -> None:
    width = optimal_bandwidth(times)
    assert width is None or 0 < width <= times[-1] - times[0]


def test_spikes_at_the_very_same_times_hide_no_width_that_is_there() -> None:
    times = modulated(8, 600, 0.1)
    alone = optimal_bandwidth(times)
    assert optimal_bandwidth(np.sort(np.r_[times, times[::40]])) == pytest.approx(alone, rel=0.2)
    # nothing but coincidences: ever narrower kernels fit ever better
    assert optimal_bandwidth(np.repeat(np.sqrt([2, 3, 5, 7, 11, 13]), 50)) is None
    assert optimal_bin_width(made([[50, 1234, 5678, 7001, 9500]] * 30, t_stop=10.0)) is None


def test_the_bin_width_minimises_the_cost_of_shimazaki_and_shinomoto() -> None:
    times = modulated(6, 1000, 0.1)
    rec = made([np.rint(times * 1000)], t_stop=11.0)
    width = optimal_bin_width(rec)
    assert width is not None
    ticks = trains_of(rec)[0]

    def cost(bin_ticks: int) -> float:
        costs = []
        for start in np.unique(np.arange(5) * bin_ticks // 5):
            n = (11_000 - start) // bin_ticks
            counts = np.histogram(ticks, start + np.arange(n + 1) * bin_ticks - 0.5)[0]
            costs.append((2 * counts.mean() - counts.var()) / bin_ticks**2)
        return float(np.mean(costs))

    best = min(map(cost, range(2, 2000)))
    assert cost(round(width * 1000)) == pytest.approx(best, rel=0.05)
    assert 0.05 < width < 0.3
    assert width * 1000 == pytest.approx(round(width * 1000))


def test_a_steady_rate_wants_wide_bins_and_too_few_spikes_none() -> None:
    rng = np.random.default_rng(7)
    steady = made([np.sort(rng.integers(0, 100_000, 2000))], t_stop=100.0)
    assert (optimal_bin_width(steady) or 0) > 5
    assert optimal_bin_width(made([[1, 2]])) is None
    assert optimal_bin_width(made([[], []])) is None
    assert optimal_bin_width(made([[0, 1, 1, 2]], t_stop=0.002)) is None


def test_a_shared_width_minimises_the_summed_cost_of_the_units() -> None:
    trains = [modulated(seed, 400, 0.05) for seed in range(3)]

    def cost(width: float) -> float:
        # Shimazaki & Shinomoto 2010, eq. 3, over the pairs of each train
        total = 0.0
        for train in trains:
            lag = (train[:, None] - train[None, :]) / width
            overlap = np.exp(-(lag**2) / 4).sum() / (2 * np.sqrt(np.pi))
            direct = np.exp(-(lag**2) / 2).sum() - len(train)
            total += (overlap - 2 * direct / np.sqrt(2 * np.pi)) / width
        return total

    best = shared_bandwidth(trains)
    assert best is not None
    widths = np.geomspace(best / 3, best * 3, 41)
    assert min(map(cost, widths)) >= cost(best) - 1e-3 * abs(cost(best))


def test_synchrony_between_units_does_not_narrow_their_width() -> None:
    rng = np.random.default_rng(5)
    shared = np.sort(rng.uniform(0, 20, 300))
    jittered = [np.sort(shared + rng.normal(0, 5e-4, 300)) for _ in range(6)]
    alone = optimal_bandwidth(jittered[0])
    together = shared_bandwidth(jittered)
    pooled = optimal_bandwidth(np.sort(np.concatenate(jittered)))
    assert pooled is not None and pooled < 5e-3
    assert together is not None and alone is not None and 0.2 < together / alone < 5


def test_one_train_shares_its_width_with_nobody() -> None:
    train = modulated(3, 300, 0.04)
    assert shared_bandwidth([train]) == optimal_bandwidth(train) == shared_bandwidth([train, [], [1.0]])
    assert shared_bandwidth([]) is None and shared_bandwidth([[1.0], [2.0], [3.0]]) is None


@pytest.mark.parametrize("kernel", ["gaussian", "exponential", "rectangular"])
def test_the_band_of_a_pool_is_that_of_its_merged_train(kernel: str) -> None:
    rec = awkward(6)
    merged = made([np.sort(np.concatenate(trains_of(rec)[3:6]))], 1e4, t_stop=10.0)
    at = grid(rec)
    pool = pooled_band(rec, 50.0, at, [[3, 4, 5], []], kernel, border=True)
    one = rate_band(merged, 50.0, at, kernel=kernel, border=True)
    for name in ("rate", "low", "high"):
        np.testing.assert_allclose(getattr(pool, name)[0], getattr(one, name)[0] / 3, rtol=1e-9)
        assert np.isnan(getattr(pool, name)[1]).all()
    np.testing.assert_allclose(pool.rate[0], pooled_rates(rec, 50.0, at, [[3, 4, 5]], kernel, True).mean[0])


@pytest.mark.parametrize("kernel", ["gaussian", "exponential", "alpha", "rectangular"])
@pytest.mark.parametrize("border", [False, True])
def test_counts_stand_for_very_many_spikes(
    kernel: str, border: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    rec = made([np.sort(rng.integers(0, 100_000, 20_000)).tolist() for _ in range(6)], 1e4, t_stop=10.0)
    groups, at = [[0, 2, 3], [1, 4], [5]], 0.5 + 0.25 * np.arange(35)
    exact = mean_rates(rec, 200.0, at, groups, kernel, border)
    np.testing.assert_allclose(exact, pooled_rates(rec, 200.0, at, groups, kernel, border).mean)
    monkeypatch.setattr(rate_sums, "COUNTED_FIRST", 1000)
    counted = mean_rates(rec, 200.0, at, groups, kernel, border)
    if kernel == "rectangular":  # it has corners
        np.testing.assert_array_equal(counted, exact)
        return
    band = pooled_band(rec, 200.0, at, groups, kernel, border)
    error = (band.high - band.low) / 2 / 1.96
    off = (counted - exact) / error
    assert 0 < np.sqrt(np.mean(off**2)) < 0.008
    # It is off by chance, to either side.
    assert abs(off.mean()) < 0.003


def test_units_of_two_groups_and_uneven_times_are_summed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward()
    uneven = np.array([0.1, 0.2, 5.0])
    wanted = mean_rates(rec, 50.0, uneven), mean_rates(rec, 50.0, np.linspace(0, 10, 20), [[3, 5], [5]])
    monkeypatch.setattr(rate_sums, "COUNTED_FIRST", 0)
    np.testing.assert_array_equal(mean_rates(rec, 50.0, uneven), wanted[0])
    np.testing.assert_array_equal(mean_rates(rec, 50.0, np.linspace(0, 10, 20), [[3, 5], [5]]), wanted[1])


def test_the_mean_of_no_unit_is_none() -> None:
    found = mean_rates(awkward(), 50.0, [1.0, 2.0], [[], [3]])
    assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()


def test_times_far_apart_are_not_counted_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a sixty-fourth of a narrow kernel over hours would be more than there are spikes."""
    rec = awkward()
    monkeypatch.setattr(rate_sums, "COUNTED_FIRST", 0)
    monkeypatch.delattr(rate_sums, "smooth_counts")
    at = np.linspace(0, 10, 11)
    expected = pooled_rates(rec, 0.1, at, [[3, 5]]).mean
    np.testing.assert_allclose(mean_rates(rec, 0.1, at, [[3, 5]]), expected)
    with pytest.raises(NameError):
        mean_rates(rec, 1000.0, at, [[3, 5]])


def test_a_kernel_far_wider_than_the_window_is_not_weighed_in_its_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A minute in steps of a window of a microsecond would take gigabytes."""
    rec = awkward()
    # As if there were any number of spikes.
    monkeypatch.setattr(rate_sums, "_in_reach", lambda *_: 10**15)
    monkeypatch.delattr(rate_sums, "count_weights")
    at = 5.0 + np.arange(20) * 5e-8
    assert np.isfinite(mean_rates(rec, 60_000.0, at, [[3, 5]])).all()
