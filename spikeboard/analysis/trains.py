"""Spike trains of chosen units in a window, on the recording's integer ticks.

Trains are stored one after another: the train of unit row u is ``ticks[offsets[u]:offsets[u + 1]]``, ascending.
A *bounds* pair (first, last) says which stretch of each chosen train lies in a window, so that nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from spikeboard.errors import RecordingError
from spikeboard.levels import train_places
from spikeboard.recording import ON_TICK, Recording, check_order

Ticks: TypeAlias = NDArray[np.int64]
Rows: TypeAlias = Sequence[int] | NDArray[np.integer] | None


def group_of_units(rec: Recording, groups: Sequence[NDArray[np.integer]]) -> NDArray[np.int64] | None:
    """The group of each unit of a recording, (n_units,), -1 where it has none; None where one is in two groups."""
    rows = np.concatenate([*groups, np.zeros(0, np.int64)])
    if len(np.unique(rows)) < len(rows):
        return None
    group_of = np.full(len(rec.units), -1, np.int64)
    group_of[rows] = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return group_of


def first_tick_from(seconds: float, ticks_per_second: float) -> int:
    """The first tick that is not before a time, as `first_ticks_from` finds it."""
    return int(first_ticks_from(seconds, ticks_per_second))


def first_ticks_from(seconds: ArrayLike, ticks_per_second: float) -> Ticks:
    """The first ticks that are not before some times.

    A time nearer to a tick than float64 seconds can tell counts as that tick, so that 0.3 s at 10 kHz is tick 3000.

    Parameters
    ----------
    seconds : times, s, any shape
    ticks_per_second : `Recording.ticks_per_second`

    Returns
    -------
    ticks : int64, the shape of seconds
    """
    position = np.asarray(seconds, np.float64) * ticks_per_second
    nearest = np.rint(position)
    tolerance = np.maximum(ON_TICK, np.abs(position) * 4 * np.finfo(float).eps)
    return np.where(np.abs(position - nearest) < tolerance, nearest, np.ceil(position)).astype(np.int64)


def window_edges(rec: Recording, t0: float | None = None, t1: float | None = None) -> tuple[int, int]:
    """Where a window begins and ends, in ticks; None stands for the recording's own limit.

    The edges bound time, not spikes: bins and durations are laid between them. Which spikes count is
    what `window_ticks` says.

    Parameters
    ----------
    t0, t1 : s

    Returns
    -------
    start, end : ticks, end >= start
    """
    start, end = _limits(rec, t0, t1)
    first = first_tick_from(start, rec.ticks_per_second)
    return first, max(first, first_tick_from(end, rec.ticks_per_second))


def window_ticks(rec: Recording, t0: float | None = None, t1: float | None = None) -> tuple[int, int]:
    """The ticks whose spikes lie in a window: start <= tick < stop.

    The window is half-open, [t0, t1), except that a window which reaches the end of the recording
    includes a spike exactly at t_stop: otherwise no window would hold it.

    Parameters
    ----------
    t0, t1 : s; None stands for the recording's own limit

    Returns
    -------
    start, stop : ticks
    """
    start, end = window_edges(rec, t0, t1)
    # A last spike may lie up to half a tick past t_stop once it is rounded to its tick.
    last = first_tick_from(rec.t_stop, rec.ticks_per_second)
    return start, end + 1 if end >= last else end


def duration_s(rec: Recording, t0: float | None = None, t1: float | None = None) -> float:
    """Seconds between the limits of a window.

    Raises
    ------
    RecordingError : where the window has no length, so that no rate can be given
    """
    start, end = _limits(rec, t0, t1)
    if end <= start:
        raise RecordingError(f"the time window {start:g}–{end:g} s has no length; choose a longer one")
    return end - start


def snap_bin(tick: float, bin_ms: float) -> tuple[int, float, bool]:
    """The bin width nearest to the wanted one that is a whole number of ticks, at least one.

    Bins that are no multiple of the clock hold unequal numbers of ticks, which shows as combs in every histogram.

    Parameters
    ----------
    tick : s, `Recording.tick`
    bin_ms : wanted width, ms

    Returns
    -------
    bin_ticks, snapped_ms, changed : the width in ticks and in ms, and whether it differs from what was asked for

    Raises
    ------
    RecordingError : where the width is not a positive number
    """
    if not (np.isfinite(bin_ms) and bin_ms > 0):
        raise RecordingError(f"a bin width must be a positive number of milliseconds, not {bin_ms!r}")
    wanted = bin_ms / 1000 / tick
    ticks = max(1, round(wanted))
    changed = abs(wanted - ticks) > 1e-6 * ticks
    return ticks, ticks * tick * 1000 if changed else float(bin_ms), changed


def unit_rows(rec: Recording, units: Rows) -> NDArray[np.int64]:
    """Unit rows as an int64 array; None stands for all units.

    Raises
    ------
    RecordingError : where the recording has no such row
    """
    n_units = len(rec.units)
    if units is None:
        return np.arange(n_units)
    rows = np.asarray(units, np.int64).reshape(-1)
    wrong = rows[(rows < 0) | (rows >= n_units)]
    if len(wrong):
        raise RecordingError(f"unit row {wrong[0]} is asked for, but this recording has {n_units} units")
    return rows


def train_bounds(rec: Recording, units: NDArray[np.int64], start: int, stop: int) -> tuple[Ticks, Ticks]:
    """Which stretch of each chosen train lies in [start, stop).

    Parameters
    ----------
    rec : the recording, whose trains stand one after another
    units : (U,) rows, in any order, repeats allowed
    start, stop : ticks

    Returns
    -------
    first, last : (U,) int64; the train of units[k] in the window is ``train_ticks[first[k]:last[k]]``

    Raises
    ------
    RecordingError : where offsets point outside of the ticks, as those of a damaged file may
    """
    _check_offsets(rec.train_offsets, len(rec.train_ticks))
    if (places := _places_by_level(rec, start, max(start, stop))) is not None:
        return places[0, units], places[1, units]
    return _bounds(read_only(rec.train_ticks), read_only(rec.train_offsets), read_only(units), start, stop)


# A view asks for the same windows again whenever one of its controls changes.
@lru_cache(maxsize=32)
def _places_by_level(rec: Recording, start: int, stop: int) -> NDArray[np.int64] | None:
    # Half a tick off, where no spike lies, so that rounding cannot move one across.
    return train_places(rec, (np.array([start, stop]) - 0.5) / rec.ticks_per_second)


def trains_in(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> tuple[Ticks, Ticks, Ticks]:
    """The recording's ticks and the bounds of the chosen trains in a window, nothing copied.

    Returns
    -------
    ticks, first, last : as in `train_bounds`
    """
    check_order(rec)
    ticks = read_only(rec.train_ticks)
    first, last = train_bounds(rec, unit_rows(rec, units), *window_ticks(rec, t0, t1))
    return ticks, first, last


def select_trains(
    rec: Recording, units: NDArray[np.int64] | Sequence[int], start_tick: int, stop_tick: int
) -> tuple[Ticks, Ticks]:
    """The trains of chosen units in [start_tick, stop_tick), one after another; a copy unless they stand so.

    Parameters
    ----------
    rec : the recording
    units : rows, in the order wanted
    start_tick, stop_tick : ticks

    Returns
    -------
    ticks, offsets : (N,) and (U + 1,) int64
    """
    first, last = train_bounds(rec, np.asarray(units, np.int64), start_tick, stop_tick)
    return gather(read_only(rec.train_ticks), first, last), np.concatenate(
        [[0], np.cumsum(last - first)]
    ).astype(np.int64)


def gather(ticks: Ticks, first: Ticks, last: Ticks) -> Ticks:
    """The bounded trains one after another, (N,) int64; a copy unless they stand so already."""
    if len(first) and np.array_equal(last[:-1], first[1:]):
        return read_only(ticks)[first[0] : last[-1]]
    offsets = np.concatenate([[0], np.cumsum(last - first)]).astype(np.int64)
    return read_only(_gather(read_only(ticks), first, last, offsets))


def without_repeats(ascending: NDArray[Any]) -> NDArray[Any]:
    """Each value of an ascending array once: `np.unique` without looking for an order that is there."""
    return ascending[np.append(True, ascending[1:] != ascending[:-1])] if len(ascending) else ascending


def read_only(values: ArrayLike) -> NDArray[Any]:
    """The same array, not to be written to.

    Columns of a store are mapped for reading; to numba a writable array is another type, for which it would compile
    every loop once more.
    """
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def _check_offsets(offsets: Ticks, n_spikes: int) -> None:
    # Compiled loops read what offsets point at, whatever it is: a stranger's file must not choose the place.
    if np.any(np.diff(offsets) < 0) or offsets[0] < 0 or offsets[-1] > n_spikes:
        raise RecordingError(
            "this recording is damaged: its spike trains lie outside of its spikes; open its source again"
        )


def _limits(rec: Recording, t0: float | None, t1: float | None) -> tuple[float, float]:
    return (
        rec.t_start if t0 is None else max(t0, rec.t_start),
        rec.t_stop if t1 is None else min(t1, rec.t_stop),
    )


@njit(cache=True, nogil=True)
def _bounds(ticks, offsets, units, start, stop):
    first = np.empty(len(units), np.int64)
    last = np.empty(len(units), np.int64)
    for k in range(len(units)):
        low, high = offsets[units[k]], offsets[units[k] + 1]
        # A window that holds all of a train is known by its ends: searching it would read pages here and there.
        if low < high and ticks[low] < start:
            low += np.searchsorted(ticks[low:high], start)
        if low < high and ticks[high - 1] >= stop:
            high = low + np.searchsorted(ticks[low:high], stop)
        first[k], last[k] = low, high
    return first, last


@njit(cache=True, nogil=True)
def _gather(ticks, first, last, offsets):
    chosen = np.empty(offsets[-1], np.int64)
    for k in range(len(first)):
        chosen[offsets[k] : offsets[k + 1]] = ticks[first[k] : last[k]]
    return chosen
