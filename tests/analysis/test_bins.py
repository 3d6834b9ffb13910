from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.statistics import time_histogram
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, neo_trains, tick_trains, trains_of
from scipy import stats

from spikeboard.analysis import bins
from spikeboard.analysis.bins import (
    binned_counts,
    mean_z_scores,
    population_counts,
    population_errors,
    population_groups,
)
from spikeboard.errors import RecordingError


def by_definition(trains: list[np.ndarray], start: int, end: int, width: int) -> np.ndarray:
    """Counts bin by bin: bin b holds start + b·width <= tick < start + (b + 1)·width; the last one also the end."""
    n_bins = -(-(end - start) // width)
    counts = np.zeros((len(trains), n_bins), int)
    for row, train in enumerate(trains):
        for b in range(n_bins):
            low, high = start + b * width, start + (b + 1) * width
            counts[row, b] = np.sum((train >= low) & (train < high))
        counts[row, -1] += np.sum((train == end) & (end == start + n_bins * width))
    return counts


@pytest.mark.parametrize("rate", [1e3, 1e4, 30_000.0, None])
@pytest.mark.parametrize("t_start", [0.0, -2.0, 100_000.0])
@pytest.mark.parametrize("bin_ms", [10.0, 70.0, 333.0])
def test_counts_are_those_of_the_definition(rate: float | None, t_start: float, bin_ms: float) -> None:
    rec = awkward(1, rate, t_start)
    binned = binned_counts(rec, bin_ms)
    width = round(binned.bin_s * rec.ticks_per_second)
    start = round(t_start * rec.ticks_per_second)
    expected = by_definition(trains_of(rec), start, start + round(10 * rec.ticks_per_second), width)
    assert np.array_equal(binned.counts, expected)
    assert binned.counts.sum() == len(rec.spike_times)


@pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")
def test_counts_agree_with_elephant() -> None:
    rng = np.random.default_rng(2)
    rec = made([np.unique(rng.integers(0, 9999, n)) for n in (0, 1, 50, 3000)], 1e4)
    elephant = BinnedSpikeTrain(neo_trains(rec), bin_size=5 * pq.ms, t_start=0 * pq.s, t_stop=1 * pq.s)
    assert np.array_equal(binned_counts(rec, 5.0).counts, elephant.to_array())
    pooled = time_histogram(neo_trains(rec), 5 * pq.ms, t_start=0 * pq.s, t_stop=1 * pq.s)
    assert np.array_equal(population_counts(rec, 5.0).counts[0], pooled.magnitude.ravel())


@given(tick_trains(), st.integers(1, 400), st.integers(0, 999), st.integers(1, 1000))
def test_every_spike_of_a_window_is_counted_once(trains, width: int, start: int, length: int) -> None:
    rec = made(trains)
    end = min(start + length, 1000)
    binned = binned_counts(rec, float(width), None, start / 1000, end / 1000)
    inside = [[tick for tick in train if start <= tick < end or tick == end == 1000] for train in trains]
    assert np.array_equal(binned.counts.sum(axis=1), [len(train) for train in inside])
    assert np.array_equal(binned.counts, by_definition(list(map(np.array, inside)), start, end, width))
    assert binned.widths_s.sum() == pytest.approx((end - start) / 1000)


@given(tick_trains(), st.integers(-5000, 10**8), st.integers(1, 300))
def test_shifting_all_times_shifts_no_count(trains, shift: int, width: int) -> None:
    still = binned_counts(made(trains), float(width)).counts
    moved = made(
        [[tick + shift for tick in train] for train in trains], 1e3, shift / 1000, (shift + 1000) / 1000
    )
    assert np.array_equal(binned_counts(moved, float(width)).counts, still)


@pytest.mark.parametrize(
    ("rate", "bin_ms"), [(1e4, 1.0), (2e3, 1.0), (2e3, 5.0), (1e4, 0.7), (30_000.0, 0.1)]
)
@pytest.mark.parametrize("start", [0, 10**9])
def test_a_spike_on_every_tick_fills_every_bin_alike(rate: float, bin_ms: float, start: int) -> None:
    # trap T11: floor(time / bin) puts some of these into the neighbouring bin
    rec = made([range(start, start + 20_000)], rate, start / rate, (start + 20_000) / rate)
    binned = binned_counts(rec, bin_ms)
    full = binned.counts[0, :-1] if binned.partial else binned.counts[0]
    assert set(full.tolist()) == {round(bin_ms * rate / 1000)}


def test_the_partial_last_bin_is_kept_flagged_and_divided_by_its_true_width() -> None:
    # trap T8: 24 steps in bins of 5
    rec = made([range(24)], t_stop=0.024)
    binned = binned_counts(rec, 5.0)
    assert binned.counts.tolist() == [[5, 5, 5, 5, 4]]
    assert binned.partial == pytest.approx(0.004)
    assert binned.edges_s.tolist() == pytest.approx([0, 0.005, 0.01, 0.015, 0.02, 0.024])
    assert binned.rates_hz()[0].tolist() == pytest.approx([1000.0] * 5)
    assert binned.centers_s[-1] == pytest.approx(0.022)


def test_a_recording_shorter_than_a_bin_is_one_bin() -> None:
    # trap T9: a half-minute recording in bins of a minute
    rec = made([[0, 5, 29_999]], t_stop=30.0)
    binned = binned_counts(rec, 60_000.0)
    assert binned.counts.tolist() == [[3]] and binned.partial == pytest.approx(30.0)
    assert binned.rates_hz()[0, 0] == pytest.approx(0.1)


def test_a_spike_at_the_end_is_in_the_last_bin() -> None:
    # trap T12
    binned = binned_counts(made([[0, 1000]]), 100.0)
    assert binned.counts.shape == (1, 10) and binned.counts[0, -1] == 1 and binned.partial == 0


def test_three_tenths_of_a_second_are_three_tenths_bins() -> None:
    # trap T12: the same library gave 2 and 3
    assert binned_counts(made([[]], t_stop=0.3), 100.0).counts.shape == (1, 3)


@pytest.mark.parametrize("n", [300, 65_535, 65_536, 70_000])
def test_many_spikes_in_one_bin_do_not_wrap(n: int) -> None:
    # trap T22: 300 spikes summed as uint8 are 44
    binned = binned_counts(made([[3] * n, []]), 100.0)
    assert binned.counts[0, 0] == n
    assert binned.counts.dtype == (np.uint16 if n <= 65_535 else np.uint32)


def test_a_bin_that_is_no_multiple_of_the_clock_is_snapped_and_says_so() -> None:
    binned = binned_counts(made([range(100)], rate=1 / 3e-4, t_stop=0.03), 10.0)
    assert binned.snapped and binned.bin_s == pytest.approx(0.0099)
    assert not binned_counts(made([range(100)]), 10.0).snapped


def test_populations_are_sums_of_their_units() -> None:
    rec = awkward()
    units = binned_counts(rec, 37.0, None, 1.0, 9.0)
    groups = population_counts(rec, 37.0, None, 1.0, 9.0)
    assert np.array_equal(groups.counts, [units.counts[:6].sum(0), units.counts[6:].sum(0)])
    assert groups.partial == units.partial
    assert [list(rows) for rows in population_groups(rec)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8]]
    own = population_counts(rec, 37.0, [[3, 4], [], [4]], 1.0, 9.0).counts
    assert np.array_equal(own, [units.counts[3:5].sum(0), np.zeros(units.counts.shape[1]), units.counts[4]])


def test_rate_per_unit_of_a_population_and_of_none() -> None:
    rates = population_counts(made([[0], [1], [2, 3]]), 1000.0, [[0, 1, 2], []]).rates_hz(np.array([3, 0]))
    assert rates[0, 0] == pytest.approx(4 / 3)
    assert np.isnan(rates[1, 0])


def test_no_units_and_no_spikes() -> None:
    assert binned_counts(made([[1]]), 100.0, []).counts.shape == (0, 10)
    assert binned_counts(made([[], []]), 100.0).counts.sum() == 0


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(RecordingError, match="no length"):
        binned_counts(made([[1]]), 10.0, None, 0.5, 0.5)


def test_more_cells_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bins, "MOST_CELLS", 19)
    assert binned_counts(made([[1]]), 100.0).counts.shape == (1, 10)
    with pytest.raises(RecordingError, match="2 rows of 10 bins are more than can be held"):
        binned_counts(made([[1], [2]]), 100.0)


def test_nanoseconds_over_a_day_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(RecordingError, match="wider bins"):
        binned_counts(made([[1]], None, 0.0, 86_400.0), 1e-6)


def test_standard_errors_of_populations_are_scipys() -> None:
    rec = awkward()
    for bin_ms in (37.0, 2500.0):
        rates = binned_counts(rec, bin_ms, None, 1.0, 9.0).rates_hz()
        errors = population_errors(rec, bin_ms, None, 1.0, 9.0)
        assert errors == pytest.approx(np.stack([stats.sem(rates[:6]), stats.sem(rates[6:])]))


def test_fewer_than_two_units_have_no_standard_error() -> None:
    errors = population_errors(made([[1], [2]]), 100.0, [[0], [], [0, 1]])
    assert np.isnan(errors[:2]).all() and np.isfinite(errors[2]).all()
    assert population_errors(made([[1]]), 100.0, []).shape == (0, 10)


def test_trains_that_do_not_ascend_write_nowhere_else() -> None:
    # what a damaged store may hold
    counts = np.zeros((3, 4), np.uint16)
    bins._count_bins(np.array([-(10**12), 10**12, 5]), np.array([0]), np.array([3]), 0, 10, counts[1:2])
    assert counts.tolist() == [[0] * 4, [2, 0, 0, 1], [0] * 4]


def test_means_of_z_scores_are_scipys() -> None:
    binned = binned_counts(awkward(3), 130.0)
    rows, columns = np.array([0, 1, 3, len(binned.counts)]), np.array([0, 4, 5, len(binned.widths_s)])
    rates = binned.rates_hz()
    varied = rates.std(axis=1) > 0
    scores = stats.zscore(rates[varied], axis=1)
    block = np.searchsorted(rows, np.flatnonzero(varied), side="right") - 1
    found, known = mean_z_scores(binned, rows, columns)
    np.testing.assert_array_equal(known, np.bincount(block, minlength=3))
    assert binned.partial and known[0] == 0 and known[2] > 1
    for r, c in product(range(3), range(3)):
        inside = scores[block == r, columns[c] : columns[c + 1]]
        assert found[r, c] == pytest.approx(inside.mean() if inside.size else np.nan, nan_ok=True)
