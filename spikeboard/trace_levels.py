"""Levels of recorded states: the least and the greatest sample of every 256, so that a long trace is drawn unread.

They lie beside the columns they were made of (`level_state*.npy`) and go when these go. What is drawn with them is
what is drawn without: they say where the extremes of a stretch are, and its ends are looked at sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard import store
from spikeboard.analysis.parts import in_equal_parts
from spikeboard.columns import mapped, will_read
from spikeboard.recording import Recording
from spikeboard.replacing import replacing

BLOCK = 256
# Values of a state; below, reading all of them takes no longer than drawing.
WORTH = 5_000_000
PARTS = ("extremes", "at", "finite", "steps")


@dataclass(frozen=True, eq=False)
class Blocks:
    """A state in blocks of 256 samples; a last one that is not full is left out.

    extremes : (B, K, 2) of the type of the values, least and greatest; NaN where no sample is a number
    at : (B, K, 2) uint8, where in the block they stand
    finite : (B, K) uint16, how many samples are finite numbers
    steps : (B, 2) float64, s, the shortest and the longest step from a sample of the block to the next one
    """

    extremes: np.ndarray
    at: np.ndarray
    finite: np.ndarray
    steps: np.ndarray


@lru_cache(maxsize=32)
def state_blocks(rec: Recording, name: str) -> Blocks | None:
    """The blocks of a state, built if need be; None where they would not pay, or can be kept nowhere.

    Parameters
    ----------
    rec : the recording
    name : of the state, which it has
    """
    values, time = rec.states[name].values, rec.states[name].time
    plain = values.dtype.kind in "fiu" and values.dtype.isnative and values.dtype != np.float16
    if rec.folder is None or values.size < WORTH or len(values) < BLOCK or not plain:
        return None
    try:
        file = store.columns_of(rec.folder) / f"level_state{list(rec.states).index(name)}"
        return _read(file, values) or _built(file, values, np.asarray(time, np.float64))
    except (OSError, ValueError):  # a folder that cannot be written has no levels
        return None


def no_blocks(values: np.ndarray) -> Blocks:
    """Those of a state of which every sample is to be looked at."""
    none = (0, values.shape[1])
    return Blocks(
        np.empty((*none, 2), values.dtype), np.empty((*none, 2), np.uint8), np.empty(none, np.uint16),
        np.empty((0, 2)),
    )  # fmt: skip


def extreme_places(
    values: np.ndarray, columns: NDArray[np.int64], edges: NDArray[np.int64], blocks: Blocks
) -> tuple[NDArray[np.int64], np.ndarray]:
    """Rows of the least and the greatest value of each stretch, in their order in time.

    Parameters
    ----------
    values : (T, K), the state that the blocks are of
    columns : (C,) which of the K
    edges : (W + 1,) ascending; stretch w is rows edges[w] to edges[w + 1]
    blocks : of `values`

    Returns
    -------
    rows : (C, 2·W) int64
    found : (C, 2·W), the values there
    """
    table, n = np.asarray(values), len(edges) - 1
    places, found = (np.empty((2 * n, len(columns)), kind) for kind in (np.int64, table.dtype))
    samples = len(columns) * int(edges[-1] - edges[0]) / max(n, 1)
    if len(blocks.extremes):
        for k in columns:
            _will_read_beside_blocks(values[:, k], edges, len(blocks.extremes))
    in_equal_parts(
        lambda a, b: _find_places(
            table,
            columns,
            edges[a : b + 1],
            blocks.extremes,
            blocks.at,
            places[2 * a : 2 * b],
            found[2 * a : 2 * b],
        ),
        n,
        samples if not len(blocks.extremes) else len(columns) * BLOCK + samples / BLOCK,
    )
    return places.T, found.T


def _will_read_beside_blocks(column: np.ndarray, edges: NDArray[np.int64], n_blocks: int) -> None:
    """Ask for what lies between the edges of stretches and the blocks inside of them, all at once."""
    first, last = -(-edges[:-1] // BLOCK), np.minimum(edges[1:] // BLOCK, n_blocks)
    begins = np.where(first < last, first * BLOCK, edges[1:])
    ends = np.where(first < last, last * BLOCK, edges[1:])
    will_read(column, np.append(edges[:-1], ends[-1:]), np.append(begins, edges[-1:]))
    will_read(column, ends[:-1], edges[1:-1])


def step_range(time: NDArray[np.float64], low: int, high: int, blocks: Blocks) -> tuple[float, float]:
    """The shortest and the longest step between neighbours of some samples, s; inf and -inf of fewer than two.

    Parameters
    ----------
    time : (T,) of the state that the blocks are of
    low, high : the samples looked at, as the first index and the one past the last
    blocks : of the state
    """
    first, last = -(-low // BLOCK), min((high - 1) // BLOCK, len(blocks.steps))
    if first >= last:
        return steps_between(time, low, high - 1)
    inside = blocks.steps[first:last]
    ends = (steps_between(time, low, first * BLOCK), steps_between(time, last * BLOCK, high - 1))
    return min(inside[:, 0].min(), *(end[0] for end in ends)), max(
        inside[:, 1].max(), *(end[1] for end in ends)
    )


def finite_ranges(
    values: np.ndarray, low: int, high: int, columns: NDArray[np.int64], blocks: Blocks
) -> tuple[NDArray[np.int64], np.ndarray, np.ndarray]:
    """How many samples are finite numbers, the least and the greatest; blocks of numbers alone are not read.

    Parameters
    ----------
    values : (T, K), the state that the blocks are of
    low, high : the samples looked at, as the first index and the one past the last
    columns : (C,) which of the K
    blocks : of `values`

    Returns
    -------
    counts : (C,) int64
    least, greatest : (C,) of the type of the values; 0 where no sample is finite
    """
    return _ranges(np.asarray(values), low, high, columns, blocks.extremes, blocks.finite)


def blocks_in_memory(values: np.ndarray, time: NDArray[np.float64]) -> Blocks:
    """The blocks of some values (T, K) at times (T,), s."""
    shape = (len(values) // BLOCK, values.shape[1])
    found = Blocks(
        np.empty((*shape, 2), values.dtype), np.empty((*shape, 2), np.uint8), np.empty(shape, np.uint16),
        np.empty((shape[0], 2)),
    )  # fmt: skip
    _fill_steps(time, found.steps)
    _fill(np.asarray(values), found.extremes, found.at, found.finite)
    return found


def _read(file: Path, values: np.ndarray) -> Blocks | None:
    paths = [file.with_name(f"{file.name}_{part}.npy") for part in PARTS]
    if not all(path.exists() for path in paths):
        return None
    found = Blocks(*map(mapped, paths))
    shape = (len(values) // BLOCK, values.shape[1])
    whole = found.extremes.shape == found.at.shape == (*shape, 2) and found.finite.shape == shape
    whole &= found.steps.shape == (shape[0], 2)
    if not whole or found.extremes.dtype != values.dtype or found.at.dtype != np.uint8:
        raise ValueError("levels that do not fit their state")
    return found


def _built(file: Path, values: np.ndarray, time: NDArray[np.float64]) -> Blocks:
    found = blocks_in_memory(values, time)
    for part in PARTS:
        with replacing(file.with_name(f"{file.name}_{part}.npy")) as temporary:
            np.save(temporary, getattr(found, part), allow_pickle=False)
    return found


# A comparison with NaN is false, so a NaN never wins; one that stands first must give way.
@njit(cache=True, nogil=True)
def _less(value, than):
    return value < than or than != than


@njit(cache=True, nogil=True)
def _greater(value, than):
    return value > than or than != than


@njit(cache=True, nogil=True)
def steps_between(time, first, last):
    """The shortest and the longest step that starts at the samples from the first to the one before the last."""
    shortest, longest = np.inf, -np.inf
    for k in range(first, min(last, len(time) - 1)):
        step = time[k + 1] - time[k]
        shortest, longest = min(shortest, step), max(longest, step)
    return shortest, longest


@njit(cache=True, nogil=True)
def _fill_steps(time, steps):
    for block in range(len(steps)):
        steps[block] = steps_between(time, block * BLOCK, (block + 1) * BLOCK)


@njit(cache=True, nogil=True)
def _fill(values, extremes, at, finite):
    for block in range(len(extremes)):
        first = block * BLOCK
        for k in range(values.shape[1]):
            extremes[block, k] = values[first, k]
            at[block, k] = 0
            finite[block, k] = 0
        # Samples of one moment lie side by side: one pass over memory serves all columns.
        for row in range(BLOCK):
            for k in range(values.shape[1]):
                value = values[first + row, k]
                if row and _less(value, extremes[block, k, 0]):
                    extremes[block, k, 0], at[block, k, 0] = value, row
                if row and _greater(value, extremes[block, k, 1]):
                    extremes[block, k, 1], at[block, k, 1] = value, row
                finite[block, k] += np.isfinite(value)


@njit(cache=True, nogil=True)
def _find_places(values, columns, edges, extremes, at, places, drawn):
    rows, found = np.empty((2, len(columns)), np.int64), np.empty((2, len(columns)), values.dtype)
    for stretch in range(len(edges) - 1):
        start, stop = edges[stretch], edges[stretch + 1]
        first, last = (start + BLOCK - 1) // BLOCK, min(stop // BLOCK, len(extremes))
        whole = first < last and start == first * BLOCK
        for k in range(len(columns)):
            if whole:
                # Its first sample is in a block, and need not be read.
                rows[:, k], found[:, k] = start + at[first, columns[k]], extremes[first, columns[k]]
            else:
                rows[:, k], found[:, k] = start, values[start, columns[k]]
        if first < last:
            _look(values, columns, start + 1, first * BLOCK, rows, found)
            _look_at_blocks(extremes, at, columns, first, last, rows, found)
            _look(values, columns, last * BLOCK, stop, rows, found)
        else:
            _look(values, columns, start + 1, stop, rows, found)
        for k in range(len(columns)):
            sooner = 0 if rows[0, k] <= rows[1, k] else 1
            for place, which in ((2 * stretch, sooner), (2 * stretch + 1, 1 - sooner)):
                places[place, k], drawn[place, k] = rows[which, k], found[which, k]


# Samples of one moment lie side by side: one pass over memory serves all columns.
@njit(cache=True, nogil=True)
def _look(values, columns, start, stop, rows, found):
    for row in range(start, stop):
        for k in range(len(columns)):
            value = values[row, columns[k]]
            if _less(value, found[0, k]):
                rows[0, k], found[0, k] = row, value
            if _greater(value, found[1, k]):
                rows[1, k], found[1, k] = row, value


@njit(cache=True, nogil=True)
def _look_at_blocks(extremes, at, columns, first, last, rows, found):
    for block in range(first, last):
        for k in range(len(columns)):
            least, greatest = extremes[block, columns[k]]
            if _less(least, found[0, k]):
                rows[0, k], found[0, k] = block * BLOCK + at[block, columns[k], 0], least
            if _greater(greatest, found[1, k]):
                rows[1, k], found[1, k] = block * BLOCK + at[block, columns[k], 1], greatest


@njit(cache=True, nogil=True)
def _ranges(values, low, high, columns, extremes, finite):
    counts = np.zeros(len(columns), np.int64)
    least, greatest = np.zeros(len(columns), values.dtype), np.zeros(len(columns), values.dtype)
    first, last = (low + BLOCK - 1) // BLOCK, min(high // BLOCK, len(finite))
    if first >= last:
        first = last = high // BLOCK + 1
    _add_samples(values, columns, low, min(first * BLOCK, high), counts, least, greatest)
    for block in range(first, last):
        for k in range(len(columns)):
            if finite[block, columns[k]] == BLOCK:
                smallest, largest = extremes[block, columns[k]]
                _widen(k, BLOCK, smallest, largest, counts, least, greatest)
            else:
                begin = block * BLOCK
                _add_samples(
                    values, columns[k : k + 1], begin, begin + BLOCK, counts[k:], least[k:], greatest[k:]
                )
    if first < last:
        _add_samples(values, columns, last * BLOCK, high, counts, least, greatest)
    return counts, least, greatest


@njit(cache=True, nogil=True)
def _add_samples(values, columns, start, stop, counts, least, greatest):
    for row in range(start, stop):
        for k in range(len(columns)):
            value = values[row, columns[k]]
            if np.isfinite(value):
                _widen(k, 1, value, value, counts, least, greatest)


@njit(cache=True, nogil=True)
def _widen(k, n, smallest, largest, counts, least, greatest):
    if counts[k] == 0 or smallest < least[k]:
        least[k] = smallest
    if counts[k] == 0 or largest > greatest[k]:
        greatest[k] = largest
    counts[k] += n
