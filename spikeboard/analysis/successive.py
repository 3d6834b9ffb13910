"""Pairs of successive intervals of the same unit, counted and correlated in one pass, without a list of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import Rows, trains_in
from spikeboard.recording import Recording

# Cells of a return map along each side.
CELLS = 120
# Intervals of fewer ticks find their cell in a table, an eighth of a megabyte of it.
LOOKED_UP = 2**16


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of successive intervals in cells of even width on logarithmic axes.

    edges_ms : (CELLS + 1,), the same for both intervals, around all that are not of length zero; NaN without any
    counts : (CELLS, CELLS) int64, the later interval in rows; pairs with an interval of length zero are left out
    """

    edges_ms: NDArray[np.float64]
    counts: NDArray[np.int64]


def successive_pairs(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> Pairs:
    """All pairs of successive intervals of the same unit, pooled over units.

    Parameters
    ----------
    rec, units, t0, t1 : as in `serial_correlations`
    """
    _, low, high = interval_range(rec, units, t0, t1)
    if high == 0:
        return Pairs(np.full(CELLS + 1, np.nan), np.zeros((CELLS, CELLS), np.int64))
    edges = np.geomspace(low * 1e3 / 1.15, high * 1e3 * 1.15, CELLS + 1)
    return Pairs(edges, successive_counts(rec, edges / 1e3, units, t0, t1))


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
    cells = np.searchsorted(inner, np.arange(LOOKED_UP), side="right").astype(np.int16)
    parts = in_parts(lambda a, b: _counts(ticks, first[a:b], last[a:b], inner, cells), last - first)
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
def _counts(ticks, first, last, inner, cells):
    counts = np.zeros((len(inner) + 1, len(inner) + 1), np.int64)
    for u in range(len(first)):
        x = at = 0
        for k in range(first[u], last[u] - 1):
            y = ticks[k + 1] - ticks[k]
            # Looked up here: a function called with arrays counts who holds them, twice per interval.
            then = np.int64(cells[y]) if 0 <= y < len(cells) else np.searchsorted(inner, y, side="right")
            if x > 0 and y > 0:
                counts[then, at] += 1
            x, at = y, then
    return counts
