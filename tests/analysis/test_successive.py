"""Pairs of successive intervals against plain NumPy: cells, serial correlation, range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import made

from spikeboard.analysis.successive import interval_range, serial_correlations, successive_counts
from spikeboard.recording import Recording

EDGES = np.array([1e-4, 2e-3, 5e-3, 2e-2, 1.0])


def _pairs(rec: Recording, t0: float = -1, t1: float = 1e9) -> list[np.ndarray]:
    """(intervals, next intervals) in s of each unit, by definition."""
    times = [rec.spike_times[rec.spike_rows == row] for row in range(len(rec.units))]
    gaps = [np.diff(own[(own >= t0) & (own < t1)]) for own in times]
    return [np.stack([gap[:-1], gap[1:]]) if len(gap) > 1 else np.zeros((2, 0)) for gap in gaps]


trains = st.lists(st.lists(st.integers(0, 5000), max_size=40).map(sorted), min_size=1, max_size=4)


@given(trains)
def test_cells_and_range_are_those_of_all_pairs(ticks: list[list[int]]) -> None:
    rec = made(ticks, 1e4)
    x, y = np.concatenate(_pairs(rec), axis=1)
    there = (x > 1e-9) & (y > 1e-9)
    zero, low, high = interval_range(rec)
    assert zero == np.count_nonzero(~there)
    both = np.r_[x[there], y[there]]
    assert (low, high) == pytest.approx((both.min(), both.max()) if len(both) else (np.inf, 0))
    place = [np.searchsorted(EDGES[1:-1] - 1e-9, v[there], side="right") for v in (y, x)]
    expected = np.zeros((4, 4), int)
    np.add.at(expected, tuple(place), 1)
    np.testing.assert_array_equal(successive_counts(rec, EDGES), expected)


@given(trains)
def test_serial_correlation_is_that_of_numpy(ticks: list[list[int]]) -> None:
    rec = made(ticks, 1e4)
    for rho, (x, y) in zip(serial_correlations(rec), _pairs(rec), strict=True):
        if len(x) < 3 or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
            assert np.isnan(rho)
        else:
            assert rho == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)


def test_a_regular_train_has_no_serial_correlation_and_an_alternating_one_minus_one() -> None:
    alternating = np.cumsum([10, 30] * 10).tolist()
    rec = made([list(range(10, 500, 10)), alternating, [100, 200]])
    regular, opposed, few = serial_correlations(rec)
    assert np.isnan(regular) and np.isnan(few)
    assert opposed == pytest.approx(-1)


def test_a_window_cuts_pairs_at_its_ends() -> None:
    rec = made([[100, 200, 400, 500, 900]])
    counts = successive_counts(rec, np.array([0.05, 0.15, 0.3]), None, 0.15, 0.6)
    np.testing.assert_array_equal(counts, [[0, 1], [0, 0]])
