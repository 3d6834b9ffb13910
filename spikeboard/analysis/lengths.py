"""How long intervals are: each length that occurs, and how often. A histogram of intervals follows from that alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.intervals import histogram_edges, histogram_table, limit_ticks
from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import Rows, Ticks, trains_in
from spikeboard.recording import Recording

# Intervals of fewer ticks are counted in a table, two megabytes of it; the others are listed.
TABLE = 2**18
# Where more intervals than this are longer, hardly two of them are alike: nothing is gained by listing them.
MOST_LISTED = 2_000_000


@dataclass(frozen=True, eq=False)
class Lengths:
    """The intervals of some trains, told apart by their length alone.

    ticks : (L,) int64, ascending
    counts : (L,) int64, intervals of each length, 1 or more
    """

    ticks: Ticks
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """All intervals."""
        return int(self.counts.sum())


def interval_lengths(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> Lengths | None:
    """The lengths of the times between successive spikes of the same unit, pooled over units.

    Parameters
    ----------
    rec : the recording
    units : unit rows, None for all
    t0, t1 : s; only intervals between spikes that both lie in the window

    Returns
    -------
    Lengths, or None where these would be as many as the intervals: of long ones on a fine clock
    """
    return counted_lengths(*trains_in(rec, units, t0, t1))


def counted_lengths(ticks: Ticks, first: Ticks, last: Ticks) -> Lengths | None:
    """`interval_lengths` of bounded trains."""
    parts = in_parts(lambda a, b: _count_short(ticks, first[a:b], last[a:b], TABLE), last - first)
    n_long = sum(part[1] for part in parts)
    if n_long > MOST_LISTED:
        return None
    short = np.sum([part[0] for part in parts], axis=0)
    at = np.flatnonzero(short)
    listed = _long(ticks, first, last, TABLE, n_long) if n_long else np.zeros(0, np.int64)
    beyond, counts = np.unique(listed, return_counts=True)
    return Lengths(np.r_[at, beyond].astype(np.int64), np.r_[short[at], counts].astype(np.int64))


def merged(parts: Iterable[Lengths | None]) -> Lengths | None:
    """What `interval_lengths` gives for several groups of units together, from what it gives for each."""
    known: list[Lengths] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    if len(known) == 1:
        return known[0]
    ticks, place = np.unique(np.concatenate([part.ticks for part in known]), return_inverse=True)
    counts = np.zeros(len(ticks), np.int64)
    np.add.at(counts, place, np.concatenate([part.counts for part in known]))
    n_long = counts[np.searchsorted(ticks, TABLE) :].sum()
    return Lengths(ticks, counts) if n_long <= MOST_LISTED else None


def shorter_than(lengths: Lengths, limit: int) -> Lengths:
    """Those of the lengths that are shorter than a limit, ticks."""
    n = np.searchsorted(lengths.ticks, limit)
    return Lengths(lengths.ticks[:n], lengths.counts[:n])


def count_below(rec: Recording, lengths: Lengths, limit_ms: float) -> int:
    """How many intervals are shorter than a limit; one of exactly that length is not."""
    return shorter_than(lengths, limit_ticks(rec, limit_ms)).total


def length_quantiles(lengths: Lengths, shares: list[float]) -> NDArray[np.float64]:
    """The quantiles of all intervals, ticks: those of `np.quantile` of the list of them, which must not be empty."""
    place = (lengths.total - 1) * np.asarray(shares)
    low = np.floor(place).astype(np.int64)
    upto = np.cumsum(lengths.counts)
    below, above = (
        lengths.ticks[np.searchsorted(upto, np.minimum(at, upto[-1] - 1), side="right")]
        for at in (low, low + 1)
    )
    return np.asarray(below + (above - below) * (place - low), np.float64)


def lengths_histogram(
    rec: Recording,
    lengths: Lengths,
    bin_ms: float = 1.0,
    max_ms: float | None = None,
    *,
    logarithmic: bool = False,
    bins_per_decade: int = 20,
) -> pd.DataFrame:
    """What `interval_histogram` gives for the units and the window that the lengths are of.

    Parameters
    ----------
    rec : the recording
    lengths : of its intervals
    bin_ms, max_ms, logarithmic, bins_per_decade : as there

    Returns
    -------
    DataFrame : as there
    """
    some = lengths.ticks[lengths.ticks > 0]
    ends = (int(some[0]), int(some[-1])) if len(some) else (1, 0)
    edges, used = histogram_edges(rec, lambda: ends, bin_ms, max_ms, logarithmic, bins_per_decade)
    # Cumulated counts are looked up at the edges: as many steps as there are bins.
    upto = np.r_[0, np.cumsum(lengths.counts)]
    at = upto[np.searchsorted(lengths.ticks, edges)]
    table = histogram_table(edges / rec.ticks_per_second, np.diff(at), lengths.total, logarithmic)
    zero = int(upto[np.searchsorted(lengths.ticks, 1)])
    table.attrs = {"intervals": lengths.total, "overflow": int(upto[-1] - at[-1]), "zero": zero}
    table.attrs |= used
    return table


@njit(cache=True, nogil=True)
def _count_short(ticks, first, last, n):
    counts, n_long = np.zeros(n, np.int64), 0
    for row in range(len(first)):
        for k in range(first[row], last[row] - 1):
            interval = ticks[k + 1] - ticks[k]
            if interval >= n:
                n_long += 1
            elif interval >= 0:
                counts[interval] += 1
    return counts, n_long


@njit(cache=True, nogil=True)
def _long(ticks, first, last, shortest, n):
    found, at = np.empty(n, np.int64), 0
    for row in range(len(first)):
        for k in range(first[row], last[row] - 1):
            interval = ticks[k + 1] - ticks[k]
            if interval >= shortest:
                found[at] = interval
                at += 1
    return found
