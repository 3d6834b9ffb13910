"""Pairs of successive intervals of the same unit, counted and correlated in one pass, without a list of them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import Rows, trains_in
from spikeboard.recording import Recording


def serial_correlations(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> NDArray[np.float64]:
    """Pearson's coefficient of each interval with the next one of the same unit.

    Parameters
    ----------
    rec : the recording
    units : unit rows, None for all
    t0, t1 : s; only intervals between spikes that both lie in the window

    Returns
    -------
    rho : (U,), NaN for fewer than 3 pairs, and where all intervals are alike
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    return np.concatenate(in_parts(lambda a, b: _correlations(ticks, first[a:b], last[a:b]), last - first))


def interval_range(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> tuple[int, float, float]:
    """How many pairs of successive intervals have one of length zero, and the least and greatest of the others.

    Parameters
    ----------
    rec, units, t0, t1 : as in `serial_correlations`

    Returns
    -------
    zero, least, greatest : a number, s, s; inf and 0 where every pair has an interval of length zero
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    found = np.array(in_parts(lambda a, b: _range(ticks, first[a:b], last[a:b]), last - first))
    low, high = found[:, 1].min() / rec.ticks_per_second, found[:, 2].max() / rec.ticks_per_second
    return int(found[:, 0].sum()), float(low), float(high)


def successive_counts(
    rec: Recording,
    edges: NDArray[np.floating],
    units: Rows = None,
    t0: float | None = None,
    t1: float | None = None,
) -> NDArray[np.int64]:
    """Pairs of successive intervals in cells of a grid.

    Parameters
    ----------
    rec, units, t0, t1 : as in `serial_correlations`
    edges : (B + 1,) s, ascending; the same for both intervals. What lies beyond is counted in the outermost cells

    Returns
    -------
    counts : (B, B) int64, the later interval in rows; pairs with an interval of length zero are left out
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    # A whole number of ticks is at or beyond an edge when it is at or beyond the next whole number above it.
    inner = np.ceil(np.asarray(edges, np.float64)[1:-1] * rec.ticks_per_second - 1e-6).astype(np.int64)
    parts = in_parts(lambda a, b: _counts(ticks, first[a:b], last[a:b], inner), last - first)
    return np.sum(parts, axis=0)


@njit(cache=True, nogil=True)
def _correlations(ticks, first, last):
    rho = np.full(len(first), np.nan)
    for u in range(len(first)):
        a, b = first[u], last[u]
        n = b - a - 2
        if n < 3:
            continue
        # The sums of all intervals but the last, and of all but the first, are differences of two times each.
        before = (ticks[b - 2] - ticks[a]) / n
        after = (ticks[b - 1] - ticks[a + 1]) / n
        both = early = late = 0.0
        for k in range(a, b - 2):
            x = ticks[k + 1] - ticks[k] - before
            y = ticks[k + 2] - ticks[k + 1] - after
            both += x * y
            early += x * x
            late += y * y
        if early > 1e-9 * before * before * n and late > 1e-9 * after * after * n:
            rho[u] = both / np.sqrt(early * late)
    return rho


@njit(cache=True, nogil=True)
def _range(ticks, first, last):
    zero, low, high = 0, np.inf, 0.0
    for u in range(len(first)):
        for k in range(first[u], last[u] - 2):
            x, y = ticks[k + 1] - ticks[k], ticks[k + 2] - ticks[k + 1]
            if x == 0 or y == 0:
                zero += 1
            else:
                low, high = min(low, x, y), max(high, x, y)
    return zero, low, high


@njit(cache=True, nogil=True)
def _counts(ticks, first, last, inner):
    counts = np.zeros((len(inner) + 1, len(inner) + 1), np.int64)
    for u in range(len(first)):
        if last[u] - first[u] < 3:
            continue
        x = ticks[first[u] + 1] - ticks[first[u]]
        at = np.searchsorted(inner, x, side="right")
        for k in range(first[u] + 1, last[u] - 1):
            y = ticks[k + 1] - ticks[k]
            then = np.searchsorted(inner, y, side="right")
            if x > 0 and y > 0:
                counts[then, at] += 1
            x, at = y, then
    return counts
