"""Lengths of intervals, and what follows from them, against plain NumPy and against the loops over every interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of

from spikeboard.analysis import lengths
from spikeboard.analysis.intervals import interval_histogram, refractory_violations
from spikeboard.analysis.lengths import (
    Lengths,
    count_below,
    interval_lengths,
    length_quantiles,
    lengths_histogram,
    merged,
    shorter_than,
)
from spikeboard.recording import Recording


@pytest.fixture(autouse=True, params=[7, lengths.TABLE])
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of some ticks count as long ones, too."""
    monkeypatch.setattr(lengths, "TABLE", request.param)


def gaps_of(rec: Recording) -> np.ndarray:
    return np.concatenate([np.zeros(0, int), *(np.diff(train) for train in trains_of(rec))])


def lengths_of(rec: Recording, *asked: object) -> Lengths:
    found = interval_lengths(rec, *asked)  # type: ignore[arg-type]
    assert found is not None
    return found


within = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(tick_trains(40))
@within
def test_each_length_is_counted(trains: list[list[int]]) -> None:
    rec = made(trains)
    ticks, counts = np.unique(gaps_of(rec), return_counts=True)
    found = lengths_of(rec)
    np.testing.assert_array_equal(found.ticks, ticks)
    np.testing.assert_array_equal(found.counts, counts)
    assert found.total == len(gaps_of(rec))
    parts = [lengths_of(rec, [row]) for row in range(len(trains))]
    both = merged(parts)
    assert both is not None
    np.testing.assert_array_equal(both.ticks, ticks)
    np.testing.assert_array_equal(both.counts, counts)


def test_only_intervals_within_the_window_count() -> None:
    found = lengths_of(made([[100, 300, 400, 900]]), None, 0.2, 0.5)
    assert (found.ticks.tolist(), found.counts.tolist()) == ([100], [1])


def test_threads_give_the_same_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = lengths_of(awkward())
    monkeypatch.setattr("spikeboard.analysis.parts.WORTH", 0)
    monkeypatch.setenv("SPIKEBOARD_THREADS", "3")
    together = lengths_of(awkward())
    np.testing.assert_array_equal(together.ticks, alone.ticks)
    np.testing.assert_array_equal(together.counts, alone.counts)


def test_there_are_none_where_long_intervals_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "TABLE", 5)
    monkeypatch.setattr(lengths, "MOST_LISTED", 2)
    few, many = made([[0, 1, 3, 20, 40]]), made([[0, 9, 20, 40]])
    assert lengths_of(few).total == 4
    assert interval_lengths(many) is None
    assert merged([lengths_of(few), None]) is None
    # Each of them is few enough, but both together are not.
    assert merged([lengths_of(few), lengths_of(few)]) is None


@given(tick_trains(400), st.lists(st.floats(0, 1), min_size=1, max_size=4))
@within
def test_quantiles_are_those_of_all_intervals(trains: list[list[int]], shares: list[float]) -> None:
    rec = made(trains)
    gaps = gaps_of(rec)
    if len(gaps):
        found = length_quantiles(lengths_of(rec), shares)
        np.testing.assert_allclose(found, np.quantile(gaps, shares), atol=1e-9)


@given(tick_trains(50), st.floats(0, 60))
@within
def test_those_below_a_limit_are_shorter(trains: list[list[int]], limit_ms: float) -> None:
    rec = made(trains)
    assert count_below(rec, lengths_of(rec), limit_ms) == refractory_violations(rec, None, limit_ms)[0]
    assert shorter_than(lengths_of(rec), 9).total == np.count_nonzero(gaps_of(rec) < 9)


@given(
    tick_trains(300),
    st.sampled_from([0.3, 1.0, 2.5, 40.0]),
    st.sampled_from([None, 0.7, 10.0, 250.0, 5000.0]),
    st.booleans(),
    st.sampled_from([2, 20, 100]),
)
@within
def test_the_histogram_is_that_of_every_interval(
    trains: list[list[int]], bin_ms: float, max_ms: float | None, logarithmic: bool, per_decade: int
) -> None:
    for rate in (1e3, None):
        rec = made(trains, rate)
        how = {"logarithmic": logarithmic, "bins_per_decade": per_decade}
        expected = interval_histogram(rec, None, bin_ms, max_ms, **how)
        found = lengths_histogram(rec, lengths_of(rec), bin_ms, max_ms, **how)
        pd.testing.assert_frame_equal(found, expected)
        assert found.attrs == expected.attrs


def test_the_histogram_of_awkward_trains_is_that_of_every_interval() -> None:
    for rate in (1e4, None):
        rec = awkward(rate=rate)
        for how in ({"logarithmic": True}, {"bin_ms": 3.3, "max_ms": 70.0}):
            expected = interval_histogram(rec, None, **how)
            found = lengths_histogram(rec, lengths_of(rec), **how)
            pd.testing.assert_frame_equal(found, expected)
            assert found.attrs == expected.attrs
