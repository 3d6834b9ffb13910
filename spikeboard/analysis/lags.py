"""Counting the lags between spikes, in whole numbers: one sweep over all spikes in order of time.

A lag between a spike at tick s and an earlier one at p falls into bin ⌊(2(s - p) + b) / 2b⌋ for bins of b ticks that
are centred on the multiples of b. With the quotient and remainder by 2b of 2s + b and of 2p at hand, that is a
difference of quotients, less one where the remainder of s is the smaller. Equal remainders are a lag on an edge.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from spikeboard.analysis.parts import in_parts


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
    reach = lag_reach(bin_ticks, half)
    widest, pairs = _windows(ticks, reach)
    doubled = np.zeros((n_rows, n_rows, half + 2), np.uint32 if 2 * pairs < 2**32 else np.uint64)
    small = len(ticks) and 2 * max(int(ticks[-1] - ticks[0]) // bin_ticks + 1, bin_ticks) < 2**31
    split = _quotients(ticks, bin_ticks, np.zeros(0, np.int32 if small else np.int64))
    base = rows * np.int32(half + 2)
    flat = doubled.reshape(n_rows, -1)
    in_parts(
        lambda a, b: _sweep(ticks, rows, base, *split, a, b, reach, widest, flat[a:b]),
        np.full(n_rows, pairs / max(n_rows, 1)),
    )
    return doubled[:, :, : half + 1]


@njit(cache=True, nogil=True)
def _windows(ticks, reach):
    """The most spikes before any within reach of it, and how many that are over all of them."""
    widest = pairs = low = 0
    for s in range(len(ticks)):
        while ticks[low] < ticks[s] - reach:
            low += 1
        widest = max(widest, s - low)
        pairs += s - low
    return widest, pairs


@njit(cache=True, nogil=True)
def _quotients(ticks, bin_ticks, like):
    """Quotient and remainder by twice the bin of 2t + bin and of 2t, each (N,) of the type of `like`."""
    later, later_rest = np.empty(len(ticks), like.dtype), np.empty(len(ticks), like.dtype)
    earlier, earlier_rest = np.empty(len(ticks), like.dtype), np.empty(len(ticks), like.dtype)
    width = 2 * bin_ticks
    for s in range(len(ticks)):
        doubled = 2 * (ticks[s] - ticks[0])
        earlier[s], earlier_rest[s] = doubled // width, doubled % width
        later[s], later_rest[s] = (doubled + bin_ticks) // width, (doubled + bin_ticks) % width
    return later, later_rest, earlier, earlier_rest


@njit(cache=True, nogil=True)
def _sweep(ticks, rows, base, later, later_rest, earlier, earlier_rest, first, last, reach, widest, doubled):
    """Add the lags from all earlier spikes to the spikes of trains first…last - 1, each a row of `doubled`."""
    places = np.empty(widest, np.uint32)
    low = 0
    for s in range(len(ticks)):
        if rows[s] < first or rows[s] >= last:
            continue
        while ticks[low] < ticks[s] - reach:
            low += 1
        found = doubled[rows[s] - first]
        n = s - low
        # Apart from the counting, so that it runs on several spikes at once.
        edges = _places(base[low:s], later[s], later_rest[s], earlier[low:s], earlier_rest[low:s], places)
        for p in range(n):
            found[places[p]] += np.uint32(2)
        if edges:
            for p in range(n):
                if earlier_rest[low + p] == later_rest[s]:
                    found[places[p]] -= np.uint32(1)
                    found[places[p] - np.uint32(1)] += np.uint32(1)


@njit(cache=True, nogil=True)
def _places(base, quotient, rest, quotients, rests, places):
    """Where each lag counts, and how many of them lie on an edge."""
    edges = 0
    for p in range(len(base)):
        places[p] = np.uint32(base[p] + quotient - quotients[p] - np.int32(rest < rests[p]))
        edges += np.int32(rest == rests[p])
    return edges
