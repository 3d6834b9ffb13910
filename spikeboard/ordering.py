"""The two orders of the spikes, whatever their number: by time, and train by train.

What fits in memory is sorted there. More is sorted in stretches that fit, and the stretches are merged (the
external merge sort of Knuth, The Art of Computer Programming 3, 1973, 5.4); the trains are filled in bands of units.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeboard import columns
from spikeboard.columns import gathered, let_go, pieces, room
from spikeboard.progress import tell

Stretch = tuple[NDArray[np.float64], NDArray[np.int32]]


def by_time(
    times: NDArray[np.float64], rows: NDArray[np.integer], n_units: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Spikes sorted by time, those of one time by row.

    Parameters
    ----------
    times : (N,) s, finite; may be mapped
    rows : (N,) from 0 to n_units - 1

    Returns
    -------
    times : (N,) float64; rows : (N,) int32; mapped from unnamed files where they are large
    """
    some_times, some_rows, starts = _in_stretches(times, rows, n_units)
    if len(starts) <= 2:
        return some_times, some_rows
    merged = _merged(some_times, some_rows, starts, n_units)
    all_times, all_rows = gathered(merged, (np.float64, np.int32))
    return all_times, all_rows


def by_unit(
    ticks: NDArray[np.int64], rows: NDArray[np.int32], offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The ticks of each unit together, in the order in which they come.

    Parameters
    ----------
    ticks, rows : (N,) of the spikes; may be mapped
    offsets : (n_units + 1,) where each unit begins

    Returns
    -------
    (N,) int64, mapped from an unnamed file where it is large
    """
    edges = _bands(offsets)
    placed, unit_of = _in_bands(ticks, rows, offsets, edges)
    for first, last in pairwise(edges):
        band = slice(offsets[first], offsets[last])
        if last - first > 1:
            placed[band] = placed[band][_stable_order(unit_of[band] - first, last - first)]
            let_go(placed, unit_of)
        tell("sorting", 3 * len(ticks) + int(offsets[last]), 4 * len(ticks))
    return placed


def counts_per_unit(rows: NDArray[np.integer], n_units: int) -> NDArray[np.int64]:
    """Spikes of each unit, (n_units,) int64."""
    counts = np.zeros(n_units, np.int64)
    for (stretch,) in pieces(rows):
        counts += np.bincount(stretch, minlength=n_units)
    return counts


# By time ---------------------------------------------------------------------------------------------------------


def _in_stretches(
    times: NDArray[np.float64], rows: NDArray[np.integer], n_units: int
) -> tuple[NDArray[np.float64], NDArray[np.int32], list[int]]:
    """The spikes as stretches that are in order, and where each begins; last, how many spikes there are."""
    starts = [0]

    def parts() -> Iterator[Stretch]:
        before, done = (-np.inf, 0), 0
        for some_times, some_rows in pieces(times, rows):
            ordered_times, ordered_rows = _in_order(some_times, some_rows, n_units)
            if (ordered_times[0], ordered_rows[0]) < before:
                starts.append(done)
            before, done = (ordered_times[-1], ordered_rows[-1]), done + len(ordered_times)
            tell("sorting", done, 8 * len(times))
            yield ordered_times, ordered_rows

    spooled_times, spooled_rows = gathered(parts(), (np.float64, np.int32))
    return spooled_times, spooled_rows, [*starts, len(times)]


def _in_order(times: NDArray[np.float64], rows: NDArray[Any], n_units: int) -> Stretch:
    # 0.0 and -0.0 are one time: adding 0 makes them one number.
    times, rows = np.asarray(times, np.float64) + 0.0, rows.astype(np.int32, copy=False)
    if np.any(times[1:] < times[:-1]):
        order = np.argsort(times)
        times, rows = times[order], rows[order]
    same = times[1:] == times[:-1]
    if np.any(same & (rows[1:] < rows[:-1])):
        # Within one time only the rows differ: sorting them as numbers needs no second order.
        moment = np.r_[0, np.cumsum(~same)] * n_units
        rows = (np.sort(moment + rows) - moment).astype(np.int32)
    return times, rows


def _merged(
    times: NDArray[np.float64], rows: NDArray[np.int32], starts: list[int], n_units: int
) -> Iterator[Stretch]:
    """Ordered stretches as one: what no unseen spike can come before is sorted together and given out."""
    at, stops = np.array(starts[:-1]), np.array(starts[1:])
    size = max(1, columns.PIECE // len(at))
    while np.any(at < stops):
        ends = np.minimum(at + size, stops)
        heads = [_copied(times, rows, slice(a, b)) for a, b in zip(at, ends, strict=True)]
        unseen = [
            (head[0][-1], head[1][-1])
            for head, end, stop in zip(heads, ends, stops, strict=True)
            if end < stop
        ]
        taken = [_up_to(head[0], head[1], min(unseen, default=(np.inf, 0))) for head in heads]
        yield _in_order(
            np.concatenate([head[0][:n] for head, n in zip(heads, taken, strict=True)]),
            np.concatenate([head[1][:n] for head, n in zip(heads, taken, strict=True)]),
            n_units,
        )
        at += taken
        tell("sorting", 1 + 3 * (at - np.array(starts[:-1])).sum() / len(times), 8)


def _copied(times: NDArray[np.float64], rows: NDArray[np.int32], part: slice) -> Stretch:
    # A touch of a mapped file brings in megabytes around it, which many stretches together cannot afford.
    copied = times[part].copy(), rows[part].copy()
    let_go(times, rows)
    return copied


def _up_to(times: NDArray[np.float64], rows: NDArray[np.int32], bound: tuple[float, int]) -> int:
    """How many ordered spikes come before a time and row, or are there."""
    first, last = np.searchsorted(times, bound[0]), np.searchsorted(times, bound[0], "right")
    return int(first + np.searchsorted(rows[first:last], bound[1], "right"))


# By unit ---------------------------------------------------------------------------------------------------------


def _bands(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """First units of bands that each fit in memory, and last the number of units. A unit that does not stands alone."""
    slot, large = offsets[:-1] // columns.PIECE, np.diff(offsets) > columns.PIECE
    begins = (slot[1:] != slot[:-1]) | large[1:] | large[:-1]
    first = np.flatnonzero(np.r_[len(slot) > 0, begins])
    return np.r_[first, len(slot)]


def _in_bands(
    ticks: NDArray[np.int64], rows: NDArray[np.int32], offsets: NDArray[np.int64], edges: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Ticks and rows, those of one band together."""
    placed = room((len(ticks),), np.int64, "the trains of this recording")
    unit_of = room((len(ticks),), np.int32, "the trains of this recording")
    band_of = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    free = offsets[edges[:-1]].copy()
    for some_ticks, some_rows in pieces(ticks, rows):
        band = band_of[some_rows]
        order = _stable_order(band, len(free))
        ends = np.cumsum(np.bincount(band, minlength=len(free)))
        for number, chosen in enumerate(np.split(order, ends[:-1])):
            place = slice(free[number], free[number] + len(chosen))
            placed[place], unit_of[place] = some_ticks[chosen], some_rows[chosen]
            free[number] += len(chosen)
            let_go(placed, unit_of)
        tell("sorting", 2 * len(ticks) + (free - offsets[edges[:-1]]).sum(), 4 * len(ticks))
    return placed, unit_of


def _stable_order(numbers: NDArray[np.integer], n: int) -> NDArray[np.intp]:
    # Numbers of 16 bits are sorted by counting, ten times as fast.
    small = numbers.astype(np.uint16) if n <= 2**16 else numbers
    return np.argsort(small, kind="stable")
