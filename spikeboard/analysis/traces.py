"""Sampled traces reduced to what a screen can show, with every extreme kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeboard import trace_levels
from spikeboard.analysis.axes import WithAxes
from spikeboard.analysis.trains import read_only
from spikeboard.columns import first_from, will_read
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording
from spikeboard.trace_levels import BLOCK, extreme_places, no_blocks, state_blocks, step_range

# Stretches of so many blocks or more begin where a block does, so that nothing but the blocks is read: an edge is then
# off by an eighth of a pixel at most.
BLOCKS_PER_PIXEL = 4


@dataclass(frozen=True, eq=False)
class Envelope(WithAxes):
    """Traces as drawn.

    time : (P,) or (K, P) float64, s, of each point: where the sample really lies
    values : (P,) or (K, P), the samples at these times; NaN where a stretch holds no number
    samples : how many samples of each trace lie in the window
    exact : whether all of them are among the points
    """

    time: NDArray[np.float64]
    values: np.ndarray
    samples: int
    exact: bool

    @property
    def numbers(self) -> np.ndarray:
        """The values."""
        return self.values


def trace_envelope(
    rec: Recording,
    name: str,
    t0: float | None,
    t1: float | None,
    width: int,
    columns: Sequence[int] | None = None,
) -> Envelope:
    """The samples of a recorded state in a window, as `envelope` reduces them.

    Parameters
    ----------
    rec : the recording
    name : of the state
    t0, t1 : s, both included; None for the whole
    width : pixels
    columns : which traces of the state; None for all

    Returns
    -------
    Envelope : time and values (K, P), one row per column; P <= 2·width

    Raises
    ------
    RecordingError : for a state that is not there, or for a width below 1
    """
    if name not in rec.states:
        known = ", ".join(map(repr, rec.states)) or "none"
        raise RecordingError(f"no state {str(name)[:60]!r} in this recording; it has {known}")
    state = rec.states[name]
    low, high = window_samples(state.time, t0, t1)
    blocks = state_blocks(rec, name) if 1 <= width < (high - low) / 2 else None
    if blocks is None:
        return envelope(state.values, state.time, t0, t1, width, columns)
    chosen = np.arange(state.values.shape[1]) if columns is None else np.asarray(columns, np.int64)
    places, values = extreme_places(state.values, chosen, _stretches(low, high, width), blocks)
    will_read(state.time, np.array([low]), np.array([high]))
    return Envelope(state.time[places], values, high - low, False)


def envelope(
    values: np.ndarray,
    time: NDArray[np.float64],
    t0: float | None,
    t1: float | None,
    width: int,
    columns: Sequence[int] | None = None,
) -> Envelope:
    """The samples of a window: all of them where they fit, else the least and greatest of each pixel's stretch.

    The samples are cut into `width` stretches (of whole blocks of 256 samples, but at the ends of the window, where a
    pixel holds 1024 and more); of each the minimum and the maximum are given, at their own
    times and in their order. So at most 2·width points per trace, and no peak is lost.

    Parameters
    ----------
    values : (T,) or (T, U), may be memory-mapped
    time : (T,) float64, s, ascending
    t0, t1 : s, both included; None for the whole
    width : pixels
    columns : of (T, U) values, which traces; None for all

    Returns
    -------
    Envelope : time and values (P,) for (T,) values, else (K, P) with one row per column; P <= 2·width

    Raises
    ------
    RecordingError : for values that do not fit the time, or for a width below 1
    """
    if width < 1 or len(values) != len(time) or values.ndim > 2:
        raise RecordingError(
            f"values of shape {values.shape} at {len(time):,} times cannot be drawn in {width} pixels"
        )
    low, high = window_samples(time, t0, t1)
    table = values[low:high] if values.ndim == 2 else values[low:high, None]
    chosen = np.arange(table.shape[1]) if columns is None else np.asarray(columns, np.int64)
    if high - low <= 2 * width:
        points = _all_samples(table, np.asarray(time[low:high], np.float64), chosen)
        exact = True
    else:
        edges = _stretches(low, high, width) - low
        points = _extremes(_native(table), np.asarray(time[low:high], np.float64), chosen, edges)
        exact = False
    times, drawn = points if values.ndim == 2 else (points[0][0], points[1][0])
    return Envelope(times, drawn, high - low, exact)


def window_samples(time: NDArray[np.float64], t0: float | None, t1: float | None) -> tuple[int, int]:
    """Which samples lie in [t0, t1], as the first index and the one past the last.

    Unlike a window of spikes it is closed on both sides: a sample is a value at a moment, counted nowhere.
    """
    low = 0 if t0 is None else first_from(time, t0)
    high = len(time) if t1 is None else first_from(time, t1, side="right")
    return low, max(low, high)


def shortest_and_longest_step(rec: Recording, name: str, low: int, high: int) -> tuple[float, float]:
    """The shortest and the longest step from one sample of a state to the next, s; inf and -inf where there is none.

    Parameters
    ----------
    rec : the recording
    name : of the state, which it has
    low, high : the samples looked at, as the first index and the one past the last
    """
    state = rec.states[name]
    return step_range(read_only(state.time), low, high, state_blocks(rec, name) or no_blocks(state.values))


def pauses(
    rec: Recording, name: str, t0: float | None, t1: float | None, times_usual: float
) -> NDArray[np.float64]:
    """Where the samples of a window pause: the times of those that are followed by a longer step than usual.

    Parameters
    ----------
    rec : the recording
    name : of the state, which it has
    t0, t1 : s, both included; None for the whole
    times_usual : a pause is a step longer than so many times the median of all steps in the window; 1 or more

    Returns
    -------
    (P,) float64, s, ascending
    """
    time = rec.states[name].time
    low, high = window_samples(time, t0, t1)
    shortest, longest = shortest_and_longest_step(rec, name, low, high)
    # No step is longer than that of the shortest: then none is longer than that of the median.
    if high - low < 3 or longest <= times_usual * shortest:
        return np.zeros(0)
    steps = np.diff(time[low:high])
    return time[low : high - 1][steps > times_usual * np.median(steps)]


def finite_ranges(
    rec: Recording, name: str, low: int, high: int, columns: Sequence[int]
) -> tuple[NDArray[np.int64], np.ndarray, np.ndarray]:
    """How many samples of some traces of a state are finite numbers, and the least and the greatest of these.

    Parameters
    ----------
    rec : the recording
    name : of the state, which it has
    low, high : the samples looked at, as the first index and the one past the last
    columns : which traces of the state

    Returns
    -------
    counts : (columns,) int64
    least, greatest : (columns,) of the type of the values; 0 where no sample is finite
    """
    values, chosen = rec.states[name].values, np.asarray(columns, np.int64)
    blocks = state_blocks(rec, name)
    if blocks is None:
        values = _native(values[low:high])
        low, high, blocks = 0, len(values), no_blocks(values)
    return trace_levels.finite_ranges(values, low, high, chosen, blocks)


def _all_samples(
    table: np.ndarray, time: NDArray[np.float64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.float64], np.ndarray]:
    values = np.ascontiguousarray(table[:, columns].T)
    return np.broadcast_to(time, values.shape), values


def _extremes(
    table: np.ndarray, time: NDArray[np.float64], columns: NDArray[np.int64], edges: NDArray[np.int64]
) -> tuple[NDArray[np.float64], np.ndarray]:
    places, values = extreme_places(table, columns, edges, no_blocks(table))
    return time[places], values


def _stretches(low: int, high: int, width: int) -> NDArray[np.int64]:
    """The edges of `width` stretches of samples, as even as whole numbers allow, or whole blocks where long."""
    edges = low + np.arange(width + 1, dtype=np.int64) * (high - low) // width
    if high - low >= BLOCKS_PER_PIXEL * BLOCK * width:
        edges[1:-1] = np.rint(edges[1:-1] / BLOCK).astype(np.int64) * BLOCK
    return edges


def _native(table: np.ndarray) -> np.ndarray:
    """The same array in a number type that can be compiled for: no copy unless it is a rare one."""
    kind = table.dtype
    if kind == np.float16:
        return table.astype(np.float32)
    if kind == np.bool_:
        return table.view(np.uint8)
    return np.asarray(table) if kind.isnative else table.astype(kind.newbyteorder("="))
