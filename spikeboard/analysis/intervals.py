"""Inter-spike intervals: their statistics and histograms, computed on integer ticks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike, NDArray

from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import Rows, Ticks, snap_bin, trains_in, unit_rows
from spikeboard.errors import RecordingError
from spikeboard.recording import ON_TICK, Recording

# A histogram is looked at: past this many bars the rest is counted as overflow.
MOST_BINS = 20_000
# Intervals of fewer ticks find their bin in a table, half a megabyte of it.
LOOKED_UP = 2**16
STATISTICS = ("mean", "CV", "CV2", "LV", "LvR", "std", "min", "max")


def interval_statistics(
    rec: Recording,
    units: Rows = None,
    t0: float | None = None,
    t1: float | None = None,
    *,
    refractory_ms: float = 5.0,
) -> pd.DataFrame:
    """Statistics of the times between successive spikes, one row per unit.

    CV is the standard deviation (ddof=0) over the mean; CV2 (Holt et al. 1996), LV (Shinomoto et al. 2003) and
    LvR (Shinomoto et al. 2009) compare neighbouring intervals and so ignore slow changes of rate. All are 1 for a
    Poisson process and 0 for a regular one. A pair of intervals that are both zero says nothing about
    CV2, LV and LvR, and is left out of them.

    Parameters
    ----------
    rec : the recording
    units : unit rows, None for all
    t0, t1 : s; only intervals between spikes that both lie in the window
    refractory_ms : R of LvR, ms

    Returns
    -------
    DataFrame : indexed by unit row: n (intervals), mean (s), CV, CV2, LV, LvR; further std, min, max (s), zero
        (intervals of length zero) and spikes. NaN with too few intervals: 1 for mean, min, max; 2 for the others

    Raises
    ------
    RecordingError : where a train is not in order of time, as in a damaged file
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    refractory = refractory_ms / 1000 * rec.ticks_per_second
    values = np.concatenate(
        in_parts(lambda a, b: _statistics(ticks, first[a:b], last[a:b], refractory), last - first)
    )
    if (values[:, 7] < 0).any():
        raise RecordingError(
            "this recording is damaged: a train is not in order of time; open its source again"
        )
    spikes = last - first
    table = pd.DataFrame(
        values[:, 1:], columns=pd.Index(STATISTICS), index=pd.Index(unit_rows(rec, units), name="unit")
    )
    table[["mean", "std", "min", "max"]] /= rec.ticks_per_second
    table.insert(0, "n", np.maximum(spikes - 1, 0))
    return table.assign(zero=values[:, 0].astype(np.int64), spikes=spikes)


def interval_counts_below(
    rec: Recording,
    limits_ticks: ArrayLike,
    units: Rows = None,
    t0: float | None = None,
    t1: float | None = None,
) -> NDArray[np.int64]:
    """How many intervals of each unit are shorter than each limit, in one pass and without a copy.

    Parameters
    ----------
    rec : the recording
    limits_ticks : (L,) integers, ticks; an interval of exactly a limit is not below it: 1 counts those of length zero
    units : unit rows, None for all
    t0, t1 : s; only intervals between spikes that both lie in the window

    Returns
    -------
    counts : (U, L) int64
    """
    limits = np.asarray(limits_ticks, np.int64).reshape(-1)
    ticks, first, last = trains_in(rec, units, t0, t1)
    return np.concatenate(
        in_parts(lambda a, b: _count_below(ticks, first[a:b], last[a:b], limits), last - first)
    )


def interval_histogram(
    rec: Recording,
    units: Rows = None,
    bin_ms: float = 1.0,
    max_ms: float | None = None,
    *,
    logarithmic: bool = False,
    bins_per_decade: int = 20,
    t0: float | None = None,
    t1: float | None = None,
) -> pd.DataFrame:
    """Counts of the times between successive spikes of the same unit, pooled over units.

    Bins are left-closed on whole ticks, so that each linear bin holds equally many possible intervals and no combs
    appear. Logarithmic edges are rounded to the clock and doubles removed: no bin is narrower than a tick, and
    `density` divides by each bin's true width in decades.

    Parameters
    ----------
    rec : the recording
    units : unit rows, None for all
    bin_ms : width of a linear bin, ms, snapped to the clock
    max_ms : where the histogram ends, ms; None for the longest interval, or `MOST_BINS` linear bins
    logarithmic : bins of equal width on a logarithmic axis
    bins_per_decade : how many of them
    t0, t1 : s, None for the recording's own limits

    Returns
    -------
    DataFrame : left_s, right_s, count, density (per s, or per decade); the integral of density over all bins is the
        fraction of intervals inside. `attrs` says what is outside and what was used: intervals, overflow (as
        long as the last edge or longer), zero (of length zero, which a logarithmic axis has no place for), bin_ms,
        snapped
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    edges, used = histogram_edges(
        rec,
        lambda: _shortest_and_longest(ticks, first, last),
        bin_ms,
        max_ms,
        logarithmic,
        bins_per_decade,
    )
    places = _places(edges)
    counted = in_parts(
        lambda a, b: _count_intervals(ticks, first[a:b], last[a:b], edges, places), last - first
    )
    counts = np.sum([own for own, _, _ in counted], axis=0)
    over, zero = (sum(part[k] for part in counted) for k in (1, 2))
    total = int(np.maximum(last - first - 1, 0).sum())
    table = histogram_table(edges / rec.ticks_per_second, counts, total, logarithmic)
    table.attrs = {"intervals": total, "overflow": int(over), "zero": int(zero)}
    table.attrs |= used
    return table


def refractory_violations(
    rec: Recording,
    units: Rows = None,
    refractory_ms: float = 2.0,
    t0: float | None = None,
    t1: float | None = None,
) -> tuple[int, float]:
    """How many intervals are shorter than the refractory period, over all chosen units.

    Parameters
    ----------
    rec : the recording
    units : unit rows, None for all
    refractory_ms : ms; an interval of exactly this length is no violation
    t0, t1 : s, None for the recording's own limits

    Returns
    -------
    count, fraction : of all intervals; the fraction is NaN where there is none
    """
    short, intervals = short_intervals(rec, units, refractory_ms, t0, t1)
    count, total = int(short.sum()), int(intervals.sum())
    return count, count / total if total else float("nan")


def short_intervals(
    rec: Recording, units: Rows, refractory_ms: float, t0: float | None = None, t1: float | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intervals shorter than a limit, and all intervals, of each unit.

    Returns
    -------
    short, intervals : (U,) int64
    """
    _, first, last = trains_in(rec, units, t0, t1)
    short = interval_counts_below(rec, [limit_ticks(rec, refractory_ms)], units, t0, t1)[:, 0]
    return short, np.maximum(last - first - 1, 0)


def limit_ticks(rec: Recording, limit_ms: float) -> int:
    """The ticks that an interval must be shorter than to be shorter than a limit."""
    return int(np.ceil(limit_ms / 1000 * rec.ticks_per_second - ON_TICK))


def interval_ticks(ticks: Ticks, first: Ticks, last: Ticks) -> Ticks:
    """All intervals of the bounded trains, one unit after another.

    Returns
    -------
    intervals : (N,) int64, ticks
    """
    return _intervals(np.asarray(ticks), first, last)


def histogram_edges(
    rec: Recording,
    ends: Callable[[], tuple[int, int]],
    bin_ms: float,
    max_ms: float | None,
    logarithmic: bool,
    bins_per_decade: int,
) -> tuple[Ticks, dict[str, Any]]:
    """The edges of the bins of `interval_histogram`.

    Parameters
    ----------
    rec : the recording
    ends : gives the shortest interval but those of length zero, and the longest, ticks; asked only where needed
    bin_ms, max_ms, logarithmic, bins_per_decade : as there

    Returns
    -------
    edges : (B + 1,) int64, ticks
    used : bin_ms and snapped, as in the `attrs` there
    """
    width, snapped_ms, changed = snap_bin(rec.tick, bin_ms)
    shortest, longest = ends() if logarithmic or max_ms is None else (1, 1)
    limit = longest + 1 if max_ms is None else snap_bin(rec.tick, max_ms)[0]
    edges = _log_edges(rec, shortest, limit, bins_per_decade) if logarithmic else _linear_edges(limit, width)
    return edges, {"bin_ms": snapped_ms, "snapped": changed and not logarithmic}


def _shortest_and_longest(ticks: Ticks, first: Ticks, last: Ticks) -> tuple[int, int]:
    """Of all intervals but those of length zero, ticks; 1 and 0 where there is none."""
    parts = in_parts(lambda a, b: _extremes(ticks, first[a:b], last[a:b]), last - first)
    longest = int(max(part[1] for part in parts))
    return min(int(min(part[0] for part in parts)), max(longest, 1)), longest


def _linear_edges(limit: int, width: int) -> Ticks:
    n_bins = min(max(1, -(-limit // width)), MOST_BINS)
    return width * np.arange(n_bins + 1, dtype=np.int64)


def _log_edges(rec: Recording, shortest: int, limit: int, per_decade: int) -> Ticks:
    if not 1 <= per_decade <= 1000:
        raise RecordingError(f"bins per decade must lie between 1 and 1000, not {per_decade}")
    # Edges lie on one grid, 10^(k / per_decade) s, for every recording, so that two histograms can be compared.
    low = np.floor(np.log10(shortest / rec.ticks_per_second) * per_decade + 1e-9)
    high = np.ceil(np.log10(max(limit, 2) / rec.ticks_per_second) * per_decade - 1e-9)
    seconds = 10.0 ** (np.arange(low, max(high, low + 1) + 1) / per_decade)
    edges = np.ceil(seconds * rec.ticks_per_second - ON_TICK).astype(np.int64)
    # Both ends reach out for what rounding of the logarithm may have left outside.
    ends = min(max(edges[0], 1), shortest), max(edges[-1], limit, shortest + 1)
    return np.unique(np.r_[ends[0], np.maximum(edges[1:-1], 1), ends[1]])


def _places(edges: Ticks) -> NDArray[np.int64]:
    """The bin of every short interval, looked up rather than searched for; -1 below the first edge."""
    return np.searchsorted(edges, np.arange(min(edges[-1], LOOKED_UP)), side="right") - 1


def histogram_table(
    edges_s: NDArray[np.float64], counts: Ticks, total: int, logarithmic: bool
) -> pd.DataFrame:
    """The table of `interval_histogram`, of edges in s, counts per bin and the number of all intervals."""
    left, right = edges_s[:-1], edges_s[1:]
    widths = np.log10(right / left) if logarithmic else right - left
    density = counts / (widths * total) if total else np.full(len(counts), np.nan)
    return pd.DataFrame({"left_s": left, "right_s": right, "count": counts, "density": density})


@njit(cache=True, nogil=True)
def _statistics(ticks, first, last, refractory):
    table = np.full((len(first), 1 + 8), np.nan)
    for row in range(len(first)):
        train = ticks[first[row] : last[row]]
        table[row, 0] = 0
        if len(train) > 1:
            _one_unit(train, refractory, table[row])
    return table


# Sums may be taken in any order, so that several intervals are looked at at once.
@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _one_unit(train, refractory, out):
    n = len(train) - 1
    mean = (train[-1] - train[0]) / n
    shortest = longest = train[1] - train[0]
    zero = 0
    squares = 0.0
    for k in range(n):
        interval = train[k + 1] - train[k]
        shortest, longest = min(shortest, interval), max(longest, interval)
        zero += interval == 0
        squares += (interval - mean) ** 2
    out[0], out[1], out[7], out[8] = zero, mean, shortest, longest
    if n > 1:
        out[6] = np.sqrt(squares / n)
        out[2] = out[6] / mean if mean > 0 else np.nan
        _neighbours(train, refractory, out)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _neighbours(train, refractory, out):
    pairs = 0
    cv2 = lv = lvr = 0.0
    for k in range(1, len(train) - 1):
        both = train[k + 1] - train[k - 1]
        inverse = 1.0 / both if both > 0 else 0.0
        ratio = abs(train[k + 1] - 2 * train[k] + train[k - 1]) * inverse
        pairs += both > 0
        cv2 += ratio
        lv += ratio * ratio
        lvr += ratio * ratio * inverse
    if pairs > 0:
        out[3], out[4] = 2.0 * cv2 / pairs, 3.0 * lv / pairs
        out[5] = out[4] + 12.0 * refractory * lvr / pairs


@njit(cache=True, nogil=True)
def _intervals(ticks, first, last):
    total = 0
    for row in range(len(first)):
        total += max(0, last[row] - first[row] - 1)
    found = np.empty(total, np.int64)
    n = 0
    for row in range(len(first)):
        for k in range(first[row], last[row] - 1):
            found[n] = ticks[k + 1] - ticks[k]
            n += 1
    return found


@njit(cache=True, nogil=True)
def _extremes(ticks, first, last):
    longest = 0
    shortest = np.iinfo(np.int64).max
    for row in range(len(first)):
        for k in range(first[row], last[row] - 1):
            interval = ticks[k + 1] - ticks[k]
            longest = max(longest, interval)
            if 0 < interval < shortest:
                shortest = interval
    return shortest, longest


@njit(cache=True, nogil=True)
def _count_intervals(ticks, first, last, edges, places):
    counts = np.zeros(len(edges) - 1, np.int64)
    over = zero = 0
    for row in range(len(first)):
        for k in range(first[row], last[row] - 1):
            interval = ticks[k + 1] - ticks[k]
            zero += interval == 0
            if interval >= edges[-1]:
                over += 1
            elif interval < len(places):
                if interval >= 0 and places[interval] >= 0:
                    counts[places[interval]] += 1
            elif interval >= edges[0]:
                counts[np.searchsorted(edges, interval, side="right") - 1] += 1
    return counts, over, zero


@njit(cache=True, nogil=True)
def _count_below(ticks, first, last, limits):
    counts = np.zeros((len(first), len(limits)), np.int64)
    for row in range(len(first)):
        train = ticks[first[row] : last[row]]
        # One limit after another, so that several intervals are looked at at once.
        for limit in range(len(limits)):
            below = 0
            for k in range(len(train) - 1):
                below += train[k + 1] - train[k] < limits[limit]
            counts[row, limit] = below
    return counts
