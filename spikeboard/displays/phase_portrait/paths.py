"""The path of a unit through two of its variables: common samples, where the line is open, what of it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeboard.analysis.traces import envelope
from spikeboard.columns import first_from, taken
from spikeboard.recording import Recording, State
from spikeboard.theme import shown

# Steps from sample to sample that tell the usual one.
STEPS_LOOKED_AT = 100_000
# A fall of x by this share of its range, from one sample to the next, is a reset and not a path.
RESET_FALL = 0.5


@dataclass(frozen=True, eq=False)
class Path:
    """The two variables of one unit at common times.

    name : of the unit
    row : unit row, -1 for a channel
    time : (T,) s, of x
    x, y : (T,) values
    breaks : (B,) index of the last sample before each break of the line, ascending
    spikes : how many of the breaks were placed by a spike
    """

    name: str
    row: int
    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    breaks: np.ndarray
    spikes: int


def path_of(
    rec: Recording,
    states: tuple[State, State],
    places: tuple[int, int],
    samples: slice | NDArray[np.int64],
    delay: float,
    notes: list[str],
) -> Path:
    """The path of one unit, or its places alone.

    Parameters
    ----------
    states : x and y
    places : the column of the unit in each of them
    samples : of x: neighbours, or any, of which the line has no breaks
    delay : how much later y is taken, s
    notes : gets what has to be said
    """
    first, second = states
    column = first.values[:, places[0]]
    # Of very many samples some stretches are wanted, and read at once.
    time, x = (
        np.asarray(some[samples] if isinstance(samples, slice) else taken(some, samples), np.float64)
        for some in (first.time, column)
    )
    time, x, y = _together(second, places[1], time, x, delay, notes)
    row = int(first.rows[places[0]])
    name = rec.label(row) if row >= 0 else first.labels[places[0]]
    known = np.isfinite(x) & np.isfinite(y)
    if not known.all():
        notes.append(
            f"{np.count_nonzero(~known):,} samples of {shown(name)} are no finite numbers: left out."
        )
        time, x, y = time[known], x[known], y[known]
    if not isinstance(samples, slice):
        return Path(name, row, time, x, y, np.zeros(0, np.int64), 0)
    return Path(name, row, time, x, y, *_breaks(time, x, _train(rec, row, time)))


def _step(state: State) -> float:
    return (
        float(np.median(np.diff(np.asarray(state.time[:STEPS_LOOKED_AT], np.float64))))
        if len(state.time) > 1
        else 0.0
    )


def snapped(state: State, delay_ms: float) -> tuple[float, list[str]]:
    """The delay as whole samples, s, and what is to be said of it."""
    step = _step(state)
    delay = round(delay_ms / 1000 / step) * step if step else 0.0
    if abs(delay - delay_ms / 1000) <= 1e-9:
        return delay, []
    return delay, [
        f"Delay {delay_ms:g} ms snapped to {1000 * delay:.6g} ms, a multiple of the sampling interval."
    ]


def _together(
    second: State, place: int, time: np.ndarray, x: np.ndarray, shift: float, notes: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, x and y where both were sampled, y later by the shift (s)."""
    later, step = np.asarray(second.time, np.float64), _step(second)
    if not len(later) or not len(time):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    tolerance = max(1e-6 * step, 1e-9 * max(abs(time[-1]), 1.0))
    first = first_from(later, time[0] + shift - step / 2)
    # Where it is sampled evenly, which one is next is known without looking through all of them.
    even = np.rint((time - time[0]) / step).astype(np.int64) + first if step else np.zeros(1, np.int64)
    if (
        even[0] >= 0
        and even[-1] < len(later)
        and np.all(np.abs(taken(later, even) - time - shift) <= tolerance)
    ):
        return time, x, np.asarray(taken(second.values[:, place], even), np.float64)
    nearest = np.clip(np.searchsorted(later, time + shift - step / 2), 0, len(later) - 1)
    close = np.abs(later[nearest] - time - shift) <= tolerance
    if np.count_nonzero(close) < 2 and len(later) > 1:
        inside = (time + shift >= later[0]) & (time + shift <= later[-1])
        notes.append(
            f"{shown(second.variable)} was sampled at other times: interpolated linearly between its samples."
        )
        values = np.asarray(second.values[:, place], np.float64)
        return time[inside], x[inside], np.interp(time[inside] + shift, later, values)
    if not close.all() and shift == 0:
        notes.append(
            f"Only the {np.count_nonzero(close):,} times at which both variables were sampled are drawn."
        )
    return time[close], x[close], np.asarray(second.values[nearest[close], place], np.float64)


def _train(rec: Recording, row: int, time: np.ndarray) -> np.ndarray:
    if row < 0 or not len(time):
        return np.zeros(0)
    ticks = np.asarray(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]])
    times = ticks / rec.ticks_per_second
    return times[(times >= time[0]) & (times <= time[-1])]


def _breaks(time: np.ndarray, x: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, int]:
    """After which samples the line is broken; how many of these places a spike decided."""
    if len(time) < 2:
        return np.zeros(0, np.int64), 0
    change = np.diff(x)
    # A spike at the time of a sample belongs to the step that ends there.
    step = np.clip(np.searchsorted(time, train - 1e-9, side="left") - 1, 0, len(change) - 1)
    around = np.clip(step[:, None] + np.array([0, 1, -1]), 0, len(change) - 1)
    steepest = around[np.arange(len(step)), np.argmin(change[around], axis=1)]
    by_spikes = np.unique(np.where(change[steepest] < 0, steepest, step))
    spread = np.ptp(x)
    falls = np.flatnonzero(change < -RESET_FALL * spread) if spread > 0 else np.zeros(0, np.int64)
    steps = np.diff(time)
    pauses = np.flatnonzero(steps > 2.5 * np.median(steps[:STEPS_LOOKED_AT]))
    return np.unique(np.concatenate([by_spikes, falls, pauses])).astype(np.int64), len(by_spikes)


def reduced(path: Path, most: int) -> np.ndarray:
    """Samples that are drawn: all, or the extremes of both variables in equal stretches; -1 where the line is open."""
    n = len(path.time)
    kept = np.arange(n) if n <= most else _extremes(path, most // 4)
    places = np.searchsorted(kept, path.breaks, side="right")
    return np.insert(kept, np.unique(places[places < len(kept)]), -1)


def _extremes(path: Path, stretches: int) -> np.ndarray:
    """The samples with the least and greatest x and y of each stretch, ascending."""
    # In place of times the envelope gets the numbers of the samples, and so gives those of the extremes.
    numbers = np.arange(len(path.time), dtype=np.float64)
    kept = [envelope(values, numbers, None, None, stretches).time for values in (path.x, path.y)]
    return np.unique(np.concatenate(kept)).astype(np.int64)
