"""Spikes between moments, with a level and without, are those of plain NumPy; a level goes with its columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_trains import awkward, made

from spikeboard import levels
from spikeboard import open as open_recording
from spikeboard.analysis.bins import binned_counts, population_counts, population_errors
from spikeboard.analysis.trains import train_bounds
from spikeboard.errors import RecordingError
from spikeboard.levels import column_counts, count_level, row_counts, smooth_counts, spikes_before
from spikeboard.recording import Recording

UNITS = 9
# The places of units that are counted by population, and of some that are not.
BY_POPULATION = [0] * 6 + [1] * 3
PLACES = [BY_POPULATION, [2] * 6 + [-1] * 3, [0] * 9, [0, 1, 2, 0, 1, 2, 0, 1, 2], [-1] * 9]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels for recordings of a test's size."""
    monkeypatch.setattr("spikeboard.levels.WORTH", 1)
    monkeypatch.setattr("spikeboard.levels.LEAST_ROWS", 1)
    monkeypatch.setattr("spikeboard.levels.SPIKES_PER_CELL", 2)
    monkeypatch.setattr("spikeboard.levels.STRIDE", 16)
    count_level.cache_clear()


@pytest.fixture
def rec(tmp_path: Path) -> Recording:
    return open_recording(awkward(1).save(tmp_path / "store"))


def _by_hand(rec: Recording, edges: np.ndarray, place: np.ndarray, n: int) -> np.ndarray:
    counts = np.zeros((len(edges) - 1, n), int)
    for c in range(len(edges) - 1):
        inside = (rec.spike_times >= edges[c]) & (rec.spike_times < edges[c + 1])
        groups = place[rec.spike_rows[inside]]
        counts[c] = np.bincount(groups[(groups >= 0) & (groups < n)], minlength=n)[:n]
    return counts


@given(
    st.lists(st.floats(-1, 11), min_size=2, max_size=30).map(sorted),
    st.lists(st.integers(-1, 4), min_size=UNITS, max_size=UNITS),
    st.integers(1, 5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_counts_are_those_of_every_spike(
    rec: Recording, edges: list[float], place: list[int], n: int
) -> None:
    level = count_level(rec)
    assert level is not None and len(level.places) > 100
    expected = _by_hand(rec, np.array(edges), np.array(place), n)
    np.testing.assert_array_equal(column_counts(rec, np.array(edges), np.array(place), n), expected)
    np.testing.assert_array_equal(column_counts(awkward(1), np.array(edges), np.array(place), n), expected)


@given(st.lists(st.floats(-1, 11), min_size=2, max_size=30).map(sorted), st.sampled_from(PLACES))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_counts_of_whole_populations_are_those_of_every_spike(
    rec: Recording, edges: list[float], place: list[int]
) -> None:
    expected = _by_hand(rec, np.array(edges), np.array(place), 3)
    np.testing.assert_array_equal(column_counts(rec, np.array(edges), np.array(place), 3), expected)


def test_populations_are_counted_between_spikes_that_are_near(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = count_level(rec)
    assert level is not None and level.pools.shape == (len(level.times), 2)
    # Far from any row of the table of units.
    monkeypatch.setattr("spikeboard.levels.SPIKES_PER_CELL", 100)
    count_level.cache_clear()
    monkeypatch.setattr("spikeboard.levels._count", levels._count.py_func)
    added: list[int] = []
    add = levels._add
    monkeypatch.setattr(
        "spikeboard.levels._add", lambda rows, *rest: (added.append(len(rows)), add(rows, *rest))
    )
    edges = np.array([2.0, 5.0, 9.0])
    column_counts(rec, edges, np.array(BY_POPULATION), 2)
    assert added and sum(added) < 4 * levels.STRIDE


def test_of_too_many_populations_none_is_counted_apart(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikeboard.levels.MOST_POOLS", 1)
    level = count_level(rec)
    assert level is not None and level.pools.shape == (len(level.times), 0)
    edges, place = np.array([1.0, 2.0, 8.0]), np.array(BY_POPULATION)
    expected = _by_hand(rec, edges, place, 2)
    np.testing.assert_array_equal(column_counts(rec, edges, place, 2), expected)
    np.testing.assert_array_equal(smooth_counts(rec, edges, place, 2, 1.0), expected)


@given(
    st.lists(st.floats(-1, 11), min_size=2, max_size=30).map(sorted),
    st.sampled_from(PLACES),
    st.floats(0, 0.2),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_smooth_counts_move_no_spike_further_than_they_may(
    rec: Recording, edges: list[float], place: list[int], within: float
) -> None:
    moments = np.array(edges)
    found = smooth_counts(rec, moments, np.array(place), 3, within).cumsum(axis=0)
    first, last = moments[0], moments[1:]

    def until(shift: float) -> np.ndarray:
        return np.array(
            [_by_hand(rec, np.array([first, max(first, end + shift)]), np.array(place), 3)[0] for end in last]
        )

    assert (until(-within - 1e-9) <= found + 1e-9).all() and (found <= until(within + 1e-9) + 1e-9).all()
    np.testing.assert_allclose(found[-1], until(0.0)[-1])
    if within == 0:
        np.testing.assert_array_equal(found, until(0.0))


def test_smooth_counts_read_no_spike_where_they_lie_close(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = np.linspace(0, 10, 500)
    counted: list[int] = []
    exactly = levels.column_counts
    monkeypatch.setattr(
        "spikeboard.levels.column_counts",
        lambda rec, edges, *rest: (counted.append(len(edges)), exactly(rec, edges, *rest))[1],
    )
    smooth = smooth_counts(rec, edges, np.array(BY_POPULATION), 2, 0.5)
    # Those beside the two ends, and what lies before both.
    assert len(counted) == 1 and 3 <= counted[0] < 20
    assert (smooth != exactly(rec, edges, np.array(BY_POPULATION), 2)).any()


@given(st.floats(-1, 11), st.floats(-1, 11))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_counts_between_rows_are_those_of_the_spikes_there(rec: Recording, one: float, other: float) -> None:
    start, stop = sorted([one, other])
    units = np.array([5, 0, 7])
    found = row_counts(rec, units, start, stop)
    assert found is not None
    edges, counts = found
    assert len(edges) == len(counts) + 1 >= 2 and (np.diff(edges) >= 0).all()
    # All moments between are there, and one to either side where there is one.
    assert edges[0] <= max(start, rec.spike_times[0]) and edges[-1] >= min(stop, 10.0)
    for k, unit in enumerate(units):
        train = rec.spike_times[rec.spike_rows == unit]
        # Of spikes at one moment some may stand before it.
        low = np.searchsorted(train, edges[1:], "left") - np.searchsorted(train, edges[:-1], "right")
        high = np.searchsorted(train, edges[1:], "right") - np.searchsorted(train, edges[:-1], "left")
        assert (low <= counts[:, k]).all() and (counts[:, k] <= high).all()
    assert row_counts(awkward(1), units, start, stop) is None


def test_the_level_is_what_is_read(rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[int] = []
    add = levels._add

    def watched(rows: np.ndarray, *rest: object) -> None:
        added.append(len(rows))
        add(rows, *rest)

    monkeypatch.setattr("spikeboard.levels._add", watched)
    monkeypatch.setattr("spikeboard.levels._count", levels._count.py_func)
    counts = column_counts(rec, np.array([-1.0, 5.0, 11.0]), np.zeros(UNITS, int), 1)
    assert counts.sum() == len(rec.spike_times)
    assert sum(added) < len(rec.spike_times) / 20


@pytest.mark.parametrize("bin_ms", [3.0, 77.0, 5000.0])
@pytest.mark.parametrize("window", [(None, None), (2.0, 7.3)])
def test_population_counts_are_the_same_with_a_level(
    rec: Recording, bin_ms: float, window: tuple[float | None, float | None]
) -> None:
    plain, fast = (population_counts(one, bin_ms, None, *window) for one in (awkward(1), rec))
    np.testing.assert_array_equal(fast.counts, plain.counts)
    np.testing.assert_array_equal(fast.edges_s, plain.edges_s)
    groups = [[0, 4], [4, 5]]
    slow, fast = (population_counts(one, bin_ms, groups, *window).counts for one in (awkward(1), rec))
    np.testing.assert_array_equal(fast, slow)


@pytest.mark.parametrize("rows", [None, [5, 0, 3], [5, 5], []])
@pytest.mark.parametrize("window", [(None, None), (2.0, 7.3)])
def test_counts_of_units_in_few_bins_are_the_same_with_a_level(
    rec: Recording,
    rows: list[int] | None,
    window: tuple[float | None, float | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spikeboard.analysis.bins.STEPS_BY_LEVEL", 1)
    plain, fast = (binned_counts(one, 770.0, rows, *window) for one in (awkward(1), rec))
    assert fast.counts.dtype == plain.counts.dtype
    np.testing.assert_array_equal(fast.counts, plain.counts)
    if rows is None:
        monkeypatch.delattr("spikeboard.analysis.bins._count_bins")
        np.testing.assert_array_equal(binned_counts(rec, 770.0, rows, *window).counts, plain.counts)


@given(st.lists(st.floats(-1, 11), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_spikes_before_moments_are_found_in_whatever_order(rec: Recording, moments: list[float]) -> None:
    assert len(rec.spike_times) > 3 * levels.STRIDE
    some = np.array([*moments, *rec.spike_times[:: levels.STRIDE][:3], -np.inf, np.inf]).reshape(-1, 1)
    np.testing.assert_array_equal(spikes_before(rec, some), np.searchsorted(rec.spike_times, some))
    np.testing.assert_array_equal(spikes_before(awkward(1), some), np.searchsorted(rec.spike_times, some))


@given(st.integers(-10, 110_000), st.integers(-10, 110_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_stretches_of_trains_are_the_same_with_a_level(rec: Recording, start: int, stop: int) -> None:
    rows = np.array([3, 0, UNITS - 1, 3])
    fast, slow = (train_bounds(one, rows, start, stop) for one in (rec, awkward(1)))
    within = [rec.train_ticks[a:b].tolist() for a, b in zip(*fast, strict=True)]
    assert within == [rec.train_ticks[a:b].tolist() for a, b in zip(*slow, strict=True)]


def test_windows_of_trains_are_found_without_reading_them(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("spikeboard.analysis.trains._bounds")
    first, last = train_bounds(rec, np.arange(UNITS), -(10**9), 10**12)
    np.testing.assert_array_equal(last - first, rec.counts)


@pytest.mark.parametrize("window", [(None, None), (2.0, 7.3)])
def test_standard_errors_over_units_are_the_same_with_a_level(
    rec: Recording, window: tuple[float | None, float | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [[0, 4, 7], [4, 5], [3], []]
    plain = population_errors(awkward(1), 770.0, groups, *window)
    monkeypatch.setattr("spikeboard.analysis.bins.STEPS_BY_LEVEL", 1)
    monkeypatch.delattr("spikeboard.analysis.bins._count_moments")
    np.testing.assert_array_equal(population_errors(rec, 770.0, groups[:2], *window), plain[:2])
    assert np.isfinite(plain[:2]).all() and np.isnan(plain[2:]).all()


def test_a_level_lies_beside_its_columns_and_is_built_once(rec: Recording, tmp_path: Path) -> None:
    assert not list(tmp_path.rglob("level_*.npy"))
    count_level(rec)
    (before,) = tmp_path.rglob("level_before.npy")
    made_at = before.stat().st_mtime_ns
    count_level.cache_clear()
    again = open_recording(tmp_path / "store")
    assert count_level(again) is not None and before.stat().st_mtime_ns == made_at
    made([[1, 2, 3]]).save(tmp_path / "store")
    assert not before.exists()


def test_there_is_none_where_it_would_not_pay_or_cannot_be_kept(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_level(awkward(1)) is None
    monkeypatch.setattr("spikeboard.levels.WORTH", 10**9)
    assert count_level(rec) is None
    count_level.cache_clear()
    monkeypatch.setattr("spikeboard.levels.WORTH", 1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert count_level(rec) is None
    place = np.zeros(UNITS, int)
    assert column_counts(rec, np.array([-1.0, 11.0]), place, 1).sum() == len(rec.spike_times)


@pytest.mark.parametrize("damage", ["rows", "short", "places"])
def test_a_damaged_level_is_not_believed(rec: Recording, tmp_path: Path, damage: str) -> None:
    count_level(rec)
    count_level.cache_clear()
    (before,), (places,) = tmp_path.rglob("level_before.npy"), tmp_path.rglob("level_places.npy")
    if damage == "rows":
        np.save(before, np.load(before)[:-1])
    elif damage == "short":
        before.write_bytes(before.read_bytes()[:200])
    else:
        np.save(places, np.load(places)[::-1].copy())
    assert count_level(open_recording(tmp_path / "store")) is None


def test_spikes_of_units_that_are_not_there_are_refused(
    rec: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for column in tmp_path.rglob("s*_rows.npy"):
        rows = np.load(column)
        rows[7] = UNITS + 3
        np.save(column, rows)
    damaged = open_recording(tmp_path / "store")
    for build in (True, False):
        count_level.cache_clear()
        monkeypatch.setattr("spikeboard.levels.WORTH", 1 if build else 10**9)
        with pytest.raises(RecordingError, match="name units it does not have"):
            column_counts(damaged, np.array([-1.0, 11.0]), np.zeros(UNITS, int), 1)
