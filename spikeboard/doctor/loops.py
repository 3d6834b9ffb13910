"""The compiled loops of the import doctor: one pass over mapped columns."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def close_in_trains(ticks, offsets, least):
    """Spikes fewer than `least` ticks after the last one that was kept of their unit, per unit, (U,) int64."""
    found = np.zeros(len(offsets) - 1, np.int64)
    for unit in range(len(offsets) - 1):
        kept = 0
        for k in range(offsets[unit], offsets[unit + 1]):
            if k > offsets[unit] and ticks[k] - kept < least:
                found[unit] += 1
            else:
                kept = ticks[k]
    return found


@njit(cache=True, nogil=True)
def thin_trains(ticks, offsets, least, kept):
    """Write the ticks of the spikes that `close_in_trains` does not count, one unit after another."""
    n = 0
    for unit in range(len(offsets) - 1):
        last = 0
        for k in range(offsets[unit], offsets[unit + 1]):
            if k == offsets[unit] or ticks[k] - last >= least:
                last = ticks[k]
                kept[n] = last
                n += 1


@njit(cache=True, nogil=True)
def thin_spikes(times, rows, ticks_per_second, least, n_units, kept_times, kept_rows):
    """The same choice in order of time: times (s) and rows of the spikes that are kept."""
    last = np.zeros(n_units, np.int64)
    seen = np.zeros(n_units, np.bool_)
    n = 0
    for k in range(len(times)):
        row = rows[k]
        tick = np.int64(np.rint(times[k] * ticks_per_second))
        if not seen[row] or tick - last[row] >= least:
            seen[row], last[row] = True, tick
            kept_times[n], kept_rows[n] = times[k], row
            n += 1
    return n


@njit(cache=True, nogil=True)
def repeats(indptr, indices, n_targets):
    """Whether each synapse joins a pair of units that an earlier one joins, (S,) bool."""
    found = np.zeros(len(indices), np.bool_)
    joined = np.full(n_targets, -1, np.int64)
    for source in range(len(indptr) - 1):
        for k in range(indptr[source], indptr[source + 1]):
            found[k] = joined[indices[k]] == source
            joined[indices[k]] = source
    return found


@njit(cache=True, nogil=True)
def merge(indptr, indices, n_targets, values, smallest):
    """The sum of the values of each pair, or the smallest of them; it stands at the pair's first synapse."""
    merged = values.copy()
    first = np.full(n_targets, -1, np.int64)
    joined = np.full(n_targets, -1, np.int64)
    for source in range(len(indptr) - 1):
        for k in range(indptr[source], indptr[source + 1]):
            target = indices[k]
            if joined[target] != source:
                joined[target], first[target] = source, k
            elif smallest:
                merged[first[target]] = min(merged[first[target]], values[k])
            else:
                merged[first[target]] += values[k]
    return merged


@njit(cache=True, nogil=True)
def without(indptr, left_out):
    """The row pointers once the marked synapses are left out."""
    kept = np.zeros_like(indptr)
    for source in range(len(indptr) - 1):
        kept[source + 1] = kept[source]
        for k in range(indptr[source], indptr[source + 1]):
            kept[source + 1] += not left_out[k]
    return kept


@njit(cache=True, nogil=True)
def falls(times, rows, last, fallen):
    """Mark the units with a time earlier than the one before, `last`, which is kept for the next stretch."""
    for k in range(len(times)):
        row = rows[k]
        fallen[row] |= times[k] < last[row]
        last[row] = times[k]
