"""From any state to levels: checked, fingerprinted, reduced to blocks and put on a robust scale between 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikeboard.errors import RecordingError

Floats = NDArray[np.float64]

# Values looked at in one go: what keeps memory flat however large (and memory-mapped) the state is.
CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Grid:
    """A state as blocks.

    mean : (R, C) float64, the mean of each block, in the state's own unit
    low, high : (R, C) float64, the smallest and largest value in it
    """

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Blocks:
    """How finely a style tells a state apart: at most so many blocks of time, of units, of a sequence."""

    rows: int
    columns: int
    longest: int


@dataclass(frozen=True, eq=False)
class Field:
    """A state as a style sees it: time × units, each a level between 0 and 1.

    A sequence without a second axis (a moment of all units, one unit's trace) has one row.
    mean, low, high : (T, U) float64; low ≤ mean ≤ high
    per_time, per_unit : (T,) and (U,) float64, levels of the means over the other axis among their like
    """

    mean: Floats
    low: Floats
    high: Floats
    per_time: Floats
    per_unit: Floats

    @property
    def is_sequence(self) -> bool:
        """Whether there is one axis only."""
        return len(self.mean) == 1


@dataclass(frozen=True, eq=False)
class Scale:
    """What values are measured against: how they are distributed, and how far they reach.

    ranked : (n,) float64, ascending
    low, high : smallest and largest single value of the state
    """

    ranked: Floats
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Scales:
    """The scales of a state's blocks, of its means over all units and of its means over all time.

    Made once from the whole state, so that all frames of an animation compare.
    """

    blocks: Scale
    per_time: Scale
    per_unit: Scale


def checked(state: ArrayLike) -> NDArray[Any]:
    """The state as an array that can be drawn; it is not copied, so it may be memory-mapped.

    Parameters
    ----------
    state : (n,) one value per unit, or (T, U) time × units; any real numbers or booleans

    Returns
    -------
    (n,) or (T, U) array of the same values; int, float or bool

    Raises
    ------
    RecordingError : where there is nothing to draw, or the values are no numbers
    """
    values = np.ma.getdata(state) if np.ma.isMaskedArray(state) else np.asarray(state)
    if values.dtype.kind == "O":
        values = _from_objects(values)
    if values.dtype.kind not in "biuf":
        raise RecordingError(f"a picture needs real numbers, but this state holds {values.dtype.name} values")
    if values.ndim not in (1, 2):
        raise RecordingError(
            f"a picture needs one value per unit, or time × units; this state has {values.ndim} axes"
        )
    if values.size == 0:
        raise RecordingError(f"there is nothing to draw: this state has no values (shape {values.shape})")
    if np.ma.is_masked(state):
        raise RecordingError(
            f"{np.ma.count_masked(state):,} of {values.size:,} values are masked; choose a part without gaps"
        )
    return values


def _from_objects(values: NDArray[Any]) -> Floats:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        raise RecordingError("a picture needs numbers, but this state holds other things too") from None


def fingerprint(values: NDArray[Any]) -> str:
    """A digest of the shape and of every value: BLAKE2b, 32 bytes, in hexadecimal.

    Values count as little-endian float64, whatever they are stored as, and −0 as 0; so a float32 copy of whole
    numbers has the digest of the original. Integers beyond 2⁵³ count as the nearest float64.

    Raises
    ------
    RecordingError : where a value is not finite; it says how many, and where the first is
    """
    found = blake2b(repr(tuple(map(int, values.shape))).encode(), digest_size=32)
    for rows, columns in _pieces(values):
        part = _as_floats(values, rows, columns)
        if not np.isfinite(part).all():
            raise _not_finite(values)
        found.update(np.ascontiguousarray(part, "<f8").tobytes())
    return found.hexdigest()


def reduced(values: NDArray[Any], rows: int, columns: int) -> Grid:
    """Block means and extents of a state, at most `rows` × `columns` of them; every value counts.

    Blocks are contiguous and differ by at most one sample or unit in size. A sequence counts as one row.

    Returns
    -------
    Grid of (min(T, rows), min(U, columns)) float64
    """
    across = np.atleast_2d(values)
    row_edges, column_edges = _edges(across.shape[0], rows), _edges(across.shape[1], columns)
    shape = len(row_edges) - 1, len(column_edges) - 1
    grid = Grid(np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf))
    # Divided before it is summed: block sums of numbers near 1e308 would overflow.
    share = 1.0 / np.outer(np.diff(row_edges), np.diff(column_edges))
    for row_part, column_part in _pieces(across):
        _gather(
            grid,
            _as_floats(across, row_part, column_part),
            row_part,
            column_part,
            (row_edges, column_edges),
            share,
        )
    np.clip(grid.mean, grid.low, grid.high, out=grid.mean)  # rounding may put a mean beside its extent
    return grid


def scales_of(values: NDArray[Any], blocks: Blocks) -> Scales:
    """What a state's levels are measured against: block means as a style sees them, and the extent of all values."""
    grid = _blocks_of(values, blocks)
    low, high = float(grid.low.min()), float(grid.high.max())
    parts = grid.mean, _mean(grid, 1), _mean(grid, 0)
    return Scales(*(Scale(np.sort(part, axis=None), low, high) for part in parts))


def levels(values: Floats, scale: Scale) -> Floats:
    """Values as levels between 0 and 1, even where a few are far out.

    The mean of two monotone maps: the rank among all block means, and the distance from their median in units of
    their spread, bent by z/√(1+z²); stretched so that the smallest value is 0 and the largest 1. Millivolts and
    rates, dense and sparse states all fill the range; nothing is clipped. A constant state has level ½.

    Parameters
    ----------
    values : any shape, float64, within the extent of `scale`

    Returns
    -------
    float64 of the same shape
    """
    bottom, top = _bent(np.array([scale.low, scale.high]), scale)
    if not top > bottom:
        return np.full(values.shape, 0.5)
    return (_bent(values, scale) - bottom) / (top - bottom)


def field_of(values: NDArray[Any], scales: Scales, blocks: Blocks) -> Field:
    """A state, or a stretch of it, as levels on the grid that a style takes.

    Parameters
    ----------
    values : checked state; a single column counts as a sequence, like one axis
    scales : of the whole state
    """
    grid = _blocks_of(values, blocks)
    mean, low, high = (levels(part, scales.blocks) for part in (grid.mean, grid.low, grid.high))
    per_time, per_unit = levels(_mean(grid, 1), scales.per_time), levels(_mean(grid, 0), scales.per_unit)
    return Field(mean, low, high, per_time, per_unit)


def _mean(grid: Grid, axis: int) -> Floats:
    # Divided first, like the blocks, and kept within the extent that rounding may leave.
    mean = (grid.mean / grid.mean.shape[axis]).sum(axis=axis)
    return np.clip(mean, grid.low.min(axis=axis), grid.high.max(axis=axis))


def _blocks_of(values: NDArray[Any], blocks: Blocks) -> Grid:
    if 1 in values.shape:
        return reduced(values.reshape(-1), 1, blocks.longest)
    return reduced(values, *((blocks.rows, blocks.columns) if values.ndim == 2 else (1, blocks.longest)))


def folded(field: Field) -> Field:
    """A sequence laid out line by line on a near-square sheet; what has two axes already stays as it is."""
    if not field.is_sequence:
        return field
    mean = fold(field.mean[0])
    return Field(mean, fold(field.low[0]), fold(field.high[0]), mean.mean(axis=1), mean.mean(axis=0))


def fold(sequence: Floats) -> Floats:
    """(n,) as (⌊√n⌋, m): lines of nearly equal length, stretched to one length."""
    lines = np.array_split(sequence, max(1, int(np.sqrt(len(sequence)))))
    width = len(lines[0])
    return np.array([np.interp(np.linspace(0, len(x) - 1, width), np.arange(len(x)), x) for x in lines])


def _pieces(values: NDArray[Any]) -> Iterator[tuple[slice, slice]]:
    """Row and column slices that cover an array in C order, at most CHUNK values each."""
    rows, columns = values.shape if values.ndim == 2 else (1, values.shape[0])
    height = max(1, CHUNK // columns)
    for row in range(0, rows, height):
        for column in range(0, columns, CHUNK):
            yield slice(row, min(row + height, rows)), slice(column, min(column + CHUNK, columns))


def _as_floats(values: NDArray[Any], rows: slice, columns: slice) -> Floats:
    part = values[rows, columns] if values.ndim == 2 else values[None, columns]
    return part.astype(np.float64) + 0.0  # −0 becomes 0


def _edges(length: int, blocks: int) -> NDArray[np.int64]:
    count = min(length, blocks)
    return np.arange(count + 1, dtype=np.int64) * length // count


def _gather(
    grid: Grid, part: Floats, rows: slice, columns: slice, edges: tuple[NDArray[np.int64], ...], share: Floats
) -> None:
    row, row_starts = _blocks(rows, edges[0])
    column, column_starts = _blocks(columns, edges[1])
    at = np.ix_(row, column)
    weighted = part * share[row].repeat(np.diff([*row_starts, len(part)]), axis=0)[:, column].repeat(
        np.diff([*column_starts, part.shape[1]]), axis=1
    )
    grid.mean[at] += _by_block(np.add, weighted, row_starts, column_starts)
    grid.low[at] = np.minimum(grid.low[at], _by_block(np.minimum, part, row_starts, column_starts))
    grid.high[at] = np.maximum(grid.high[at], _by_block(np.maximum, part, row_starts, column_starts))


def _blocks(part: slice, edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The blocks that a slice touches, and where in the slice each begins."""
    first, last = np.searchsorted(edges, [part.start, part.stop - 1], side="right") - 1
    blocks = np.arange(first, last + 1)
    return blocks, np.maximum(edges[blocks] - part.start, 0)


def _by_block(how: np.ufunc, part: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    return how.reduceat(how.reduceat(part, columns, axis=1), rows, axis=0)


def _bent(values: Floats, scale: Scale) -> Floats:
    ranked = scale.ranked
    below, upto = np.searchsorted(ranked, values, "left"), np.searchsorted(ranked, values, "right")
    # Measured in units of the largest magnitude, so that differences of numbers near 1e308 stay finite.
    peak = max(abs(scale.low), abs(scale.high)) or 1.0
    middle, width = _middle_and_width(ranked / peak)
    with np.errstate(over="ignore"):
        z = np.clip((values / peak - middle) / width, -1e100, 1e100)
    return (below + upto) / (2 * len(ranked)) + z / np.sqrt(1 + z * z)


def _middle_and_width(sample: Floats) -> tuple[float, float]:
    """Median, and a normal distribution's σ from the quartiles; from the variance where half the sample is equal."""
    lower, middle, upper = np.percentile(sample, [25, 50, 75])
    return float(middle), float((upper - lower) / 1.349 or sample.std() or 1.0)


def _not_finite(values: NDArray[Any]) -> RecordingError:
    missing = infinite = 0
    first: tuple[int, int] | None = None
    for rows, columns in _pieces(values):
        part = _as_floats(values, rows, columns)
        bad = ~np.isfinite(part)
        missing, infinite = missing + int(np.isnan(part).sum()), infinite + int(np.isinf(part).sum())
        if first is None and bad.any():
            row, column = np.argwhere(bad)[0].tolist()
            first = row + rows.start, column + columns.start
    return RecordingError(_sentence(values, missing, infinite, first or (0, 0)))


def _sentence(values: NDArray[Any], missing: int, infinite: int, first: tuple[int, int]) -> str:
    if missing == values.size:
        return "there is nothing to draw: every value of this state is NaN"
    what = " and ".join(f"{n:,} {name}" for n, name in ((missing, "NaN"), (infinite, "infinite")) if n)
    place = f"row {first[0]}, column {first[1]}" if values.ndim == 2 else f"position {first[1]}"
    return (
        f"a picture needs finite values, but {what} of {values.size:,} are in this state (the first at {place}, "
        "counted from 0); choose a time window or units without them"
    )
