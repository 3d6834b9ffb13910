"""Counting the lags between spikes, in whole numbers: one sweep over all spikes in order of time.

A lag between a spike at tick s and an earlier one at p falls into bin ⌊(2(s - p) + b) / 2b⌋ for bins of b ticks that
are centred on the multiples of b. With the quotient and remainder by 2b of 2s + b and of 2p at hand, that is a
difference of quotients, less one where the remainder of s is the smaller. Equal remainders are a lag on an edge.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from spikeboard.analysis.parts import in_equal_parts, in_parts

# What it takes to find the earlier spikes of one, and to divide its time by the bin.
STEPS_TO_PREPARE = 12.0


def lag_reach(bin_ticks: int, half: int) -> int:
    """The longest lag that counts, in ticks: that of the outer edge of the last of `half` bins beside the one at 0."""
    return (2 * bin_ticks * half + bin_ticks) // 2


def doubled_lags(ticks: np.ndarray, rows: np.ndarray, n_rows: int, bin_ticks: int, half: int) -> np.ndarray:
    """Twice the pairs of each lag >= 0 from an earlier spike to a later one; a lag on an edge adds one to either side.

    Parameters
    ----------
    ticks, rows : (N,) int64, int32, all spikes in order of time and the train of each
    n_rows : trains
    bin_ticks : width of a bin, ticks
    half : bins beside the one at lag 0

    Returns
    -------
    doubled : (n_rows, n_rows, half + 1) uint32 or uint64: [later, earlier, lag]
    """
    n, reach = len(ticks), lag_reach(bin_ticks, half)
    small = n and 2 * max(int(ticks[-1] - ticks[0]) // bin_ticks + 1, bin_ticks) < 2**31
    split = np.empty((4, n), np.int32 if small else np.int64)
    low = np.empty(n, np.int64)
    windows = in_equal_parts(
        lambda a, b: _prepare(ticks, bin_ticks, reach, a, b, low, split), n, STEPS_TO_PREPARE
    )
    widest, pairs = max(most for most, _ in windows), sum(all_of_them for _, all_of_them in windows)
    doubled = np.zeros((n_rows, n_rows, half + 2), np.uint32 if 2 * pairs < 2**32 else np.uint64)
    later, later_rest, earlier, earlier_rest = split
    base = rows * np.int32(half + 2)
    flat = doubled.reshape(n_rows, -1)
    in_parts(
        lambda a, b: _sweep(
            rows, base, low, later, later_rest, earlier, earlier_rest, a, b, widest, flat[a:b]
        ),
        np.bincount(rows, minlength=n_rows) * (pairs / max(n, 1)),
    )
    return doubled[:, :, : half + 1]


@njit(cache=True, nogil=True)
def _prepare(ticks, bin_ticks, reach, first, last, low, split):
    """For the spikes first…last - 1: the first spike within reach before each, and the four lines of `split`.

    These are quotient and remainder by twice the bin of 2t + bin, and of 2t. Returns the most spikes within reach
    before any, and how many that are over all of them.
    """
    width = 2 * bin_ticks
    widest = pairs = 0
    begin = np.searchsorted(ticks, ticks[first] - reach) if first < last else 0
    for s in range(first, last):
        while ticks[begin] < ticks[s] - reach:
            begin += 1
        low[s] = begin
        widest = max(widest, s - begin)
        pairs += s - begin
        doubled = 2 * (ticks[s] - ticks[0])
        later, earlier = (doubled + bin_ticks) // width, doubled // width
        split[0, s], split[1, s] = later, doubled + bin_ticks - later * width
        split[2, s], split[3, s] = earlier, doubled - earlier * width
    return widest, pairs


@njit(cache=True, nogil=True)
def _sweep(rows, base, low, later, later_rest, earlier, earlier_rest, first, last, widest, doubled):
    """Add the lags from all earlier spikes to the spikes of trains first…last - 1, each a row of `doubled`."""
    places = np.empty(widest, np.uint32)
    for s in range(len(rows)):
        if rows[s] < first or rows[s] >= last:
            continue
        found, begin = doubled[rows[s] - first], low[s]
        # Apart from the counting, so that it runs on several spikes at once.
        edges = _places(
            base[begin:s], later[s], later_rest[s], earlier[begin:s], earlier_rest[begin:s], places
        )
        for p in range(s - begin):
            found[places[p]] += np.uint32(2)
        if edges:
            for p in range(s - begin):
                if earlier_rest[begin + p] == later_rest[s]:
                    found[places[p]] -= np.uint32(1)
                    found[places[p] - np.uint32(1)] += np.uint32(1)


@njit(cache=True, nogil=True)
def _places(base, quotient, rest, quotients, rests, places):
    """Where each lag counts, and whether any of them lies on an edge."""
    edges = np.int32(0)
    for p in range(len(base)):
        places[p] = np.uint32(base[p] + quotient - quotients[p] - np.int32(rest < rests[p]))
        edges = np.int32(edges | np.int32(rest == rests[p]))
    return edges
