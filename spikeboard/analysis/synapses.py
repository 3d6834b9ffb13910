"""Synapses summed in blocks of a matrix or by groups of units, and the sign they have.

No synapse is not the same as a weight of zero: where there is none, the value is NaN. Several synapses of one pair all
count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.axes import WithAxes
from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import read_only
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, Synapses

MOST_CELLS = 4 * 10**6
Values = Callable[[Synapses], NDArray[np.float64] | None]


@dataclass(frozen=True, eq=False)
class Joined:
    """A projection with the block of each of its sources (rows) and of its targets (columns), -1 to leave it out.

    indptr, indices : as in `Synapses`
    rows, columns : (n_sources,) and (n_targets,) int16, or int32 where there are more blocks
    """

    indptr: NDArray[np.integer]
    indices: NDArray[np.integer]
    rows: NDArray[np.signedinteger]
    columns: NDArray[np.signedinteger]


@dataclass(frozen=True, eq=False)
class Blocks(WithAxes):
    """Synapses between blocks of sources (rows) and blocks of targets (columns), (R, C) each.

    count : (R, C) int32 or int64, synapses
    missing : (R, C), those whose value is not a finite number
    total : (R, C) float64, sum of the values that are
    joined : what was summed
    """

    count: NDArray[np.integer]
    missing: NDArray[np.integer]
    total: NDArray[np.float64]
    joined: tuple[Joined, ...]

    @cached_property
    def repeats(self) -> NDArray[np.integer]:
        """Synapses that join a pair of units which another one of their projection joins, (R, C); counted if asked."""
        found = np.zeros_like(self.count)
        for one in self.joined:
            _add_repeats(one.indptr, one.indices, one.rows, one.columns, found)
        return found

    @property
    def pairs(self) -> NDArray[np.integer]:
        """Pairs of units that are joined, within each projection."""
        return self.count - self.repeats

    @property
    def finite(self) -> NDArray[np.integer]:
        """Synapses whose value is a finite number."""
        return self.count - self.missing

    @property
    def numbers(self) -> np.ndarray:
        """The sums."""
        return self.sum

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean value of the synapses of each cell, NaN where none is known."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / np.where(self.finite > 0, self.finite, np.nan)

    @property
    def sum(self) -> NDArray[np.float64]:
        """Sum of the values of each cell, NaN where none is known: no synapse is not a weight of zero."""
        return np.where(self.count > self.missing, self.total, np.nan)


def weight_blocks(
    rec: Recording,
    projection: str | Sequence[str] | None,
    shape: tuple[int, int],
    sources: NDArray[np.integer] | None = None,
    targets: NDArray[np.integer] | None = None,
    values: Values | None = None,
) -> Blocks:
    """The synapses of a projection, summed in at most `shape` blocks, straight from their sparse form.

    Parameters
    ----------
    rec : the recording
    projection : name, several names, None for all projections
    shape : number of blocks of sources and of targets
    sources, targets : (n_units,) block of each unit of the recording, -1 to leave it out; None cuts the units of the
        populations that are joined into blocks of neighbours, a unit each where they are no more than blocks
    values : gives the (S,) values of a projection, such as `delays_ms`, or None where it has none; None takes
        `signed_weights`

    Returns
    -------
    Blocks : as an array its sums, (R, C) float64, NaN where there is no synapse

    Raises
    ------
    RecordingError : for a projection that is not there, for blocks that do not fit into memory, or where a synapse
        names a unit that is not there, as in a damaged file
    """
    names = [projection] if isinstance(projection, str) else list(projection or rec.connections)
    chosen = [rec.synapses(name) for name in names]
    row_block = _neighbours(rec, {one.source for one in chosen}, shape[0]) if sources is None else sources
    column_block = _neighbours(rec, {one.target for one in chosen}, shape[1]) if targets is None else targets
    size = tuple(
        most if given is not None else int(block.max(initial=-1)) + 1
        for most, given, block in zip(shape, (sources, targets), (row_block, column_block), strict=True)
    )
    if size[0] * size[1] > MOST_CELLS:
        raise RecordingError(f"{size[0]:,} × {size[1]:,} blocks of units are too many for one matrix")
    # Numbers of half the size: to touch this memory for the first time takes as long as to count.
    kind = np.int32 if sum(map(len, chosen)) < 2**31 else np.int64
    count, missing = np.zeros(size, kind), np.zeros(size, kind)
    total = np.zeros(size)
    joined = tuple(_joined(rec, synapses, row_block, column_block) for synapses in chosen)
    for one, synapses in zip(joined, chosen, strict=True):
        known = synapses.weight if values is None else values(synapses)
        signs = _signs(rec, synapses) if values is None else None
        _add_projection(one, known, signs, (count, missing, total))
    return Blocks(count, missing, total, joined)


def inhibitory_units(rec: Recording) -> NDArray[np.bool_] | None:
    """Which units the unit table calls inhibitory (its column "ei" begins with "i"); None where it says nothing."""
    if "ei" not in rec.units:
        return None
    return rec.units["ei"].astype(str).str.strip().str.lower().str.startswith("i").to_numpy(bool)


def sign_from_units(rec: Recording, synapses: Synapses) -> bool:
    """Whether the weights carry no sign (none is negative) but the unit table knows inhibitory sources."""
    inhibitory = inhibitory_units(rec)
    if inhibitory is None or synapses.weight is None or not len(synapses):
        return False
    rows = rec.rows_of(synapses.source)
    return bool(inhibitory[rows.start : rows.stop].any()) and not bool(
        np.any(np.asarray(synapses.weight) < 0)
    )


def signed_weights(rec: Recording, synapses: Synapses) -> NDArray[np.float64] | None:
    """Weights with their sign.

    SONATA leaves the sign to the model of the synapse: where no weight of a projection is negative and the unit
    table says which of its sources are inhibitory ("ei"), their weights are made negative.

    Returns
    -------
    (S,) float64 in the source's own unit, or None where there are no weights
    """
    if synapses.weight is None:
        return None
    weights, signs = np.asarray(synapses.weight, np.float64), _signs(rec, synapses)
    return weights if signs is None else weights * _by_source(synapses, signs)


def delays_ms(synapses: Synapses) -> NDArray[np.float64] | None:
    """Delays in milliseconds, (S,) float64, or None where there are none."""
    return None if synapses.delay is None else 1000 * np.asarray(synapses.delay, np.float64)


def shown_synapses(
    rec: Recording, synapses: Synapses, sources: NDArray[np.bool_], targets: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which synapses join a chosen source with a chosen target, (S,) bool; both masks are over all units."""
    rows, columns = rec.rows_of(synapses.source), rec.rows_of(synapses.target)
    kept = _by_source(synapses, sources[rows.start : rows.stop])
    return kept & targets[columns.start : columns.stop][np.asarray(synapses.indices)]


def _signs(rec: Recording, synapses: Synapses) -> NDArray[np.float64] | None:
    """1 or -1 for each source, where the unit table gives the weights their sign; None where they have their own."""
    if not sign_from_units(rec, synapses):
        return None
    rows = rec.rows_of(synapses.source)
    inhibitory: Any = inhibitory_units(rec)
    return np.where(inhibitory[rows.start : rows.stop], -1.0, 1.0)


def _by_source(synapses: Synapses, of_source: NDArray[Any]) -> NDArray[Any]:
    """A value of each source, for each of its synapses."""
    return np.repeat(of_source, np.diff(np.asarray(synapses.indptr)))


def _neighbours(rec: Recording, populations: set[str], most: int) -> NDArray[np.int64]:
    """The units of some populations in at most so many blocks of neighbours, (n_units,); -1 for all others."""
    # In the order of their rows, whatever the order of their names.
    parts = sorted((rec.rows_of(name) for name in populations), key=lambda rows: rows.start)
    rows = np.concatenate([np.zeros(0, np.int64), *(np.arange(one.start, one.stop) for one in parts)])
    block = np.full(len(rec.units), -1, np.int64)
    block[rows] = np.arange(len(rows)) * min(most, len(rows)) // max(len(rows), 1)
    return block


def _of_population(rec: Recording, name: str, group: NDArray[np.integer]) -> NDArray[np.signedinteger]:
    rows = rec.rows_of(name)
    # Looked up for every synapse: in two bytes, those of ten thousand units stay in the cache.
    kind = np.int16 if group.max(initial=-1) < 2**15 else np.int32
    return np.ascontiguousarray(group[rows.start : rows.stop], kind)


def _joined(
    rec: Recording,
    synapses: Synapses,
    row_block: NDArray[np.integer],
    column_block: NDArray[np.integer],
) -> Joined:
    return Joined(
        read_only(synapses.indptr),
        read_only(synapses.indices),
        _of_population(rec, synapses.source, row_block),
        _of_population(rec, synapses.target, column_block),
    )


def _add_projection(
    joined: Joined,
    values: np.ndarray | None,
    signs: NDArray[np.float64] | None,
    sums: tuple[np.ndarray, ...],
) -> None:
    known = read_only(np.zeros(0) if values is None else values)
    sign = read_only(np.ones(len(joined.rows)) if signs is None else signs)
    shown = joined.rows >= 0
    work = np.bincount(joined.rows[shown], np.diff(joined.indptr)[shown], minlength=len(sums[0]))
    strangers = in_parts(
        lambda a, b: _add(
            joined.indptr, joined.indices, joined.rows, joined.columns, known, sign, a, b, *sums
        ),
        work,
    )
    if sum(strangers):
        raise RecordingError(
            f"this recording is damaged: {sum(strangers):,} synapses name units it does not have; open its source again"
        )


@njit(cache=True, nogil=True)
def _add(indptr, indices, rows, columns, values, signs, first, last, count, missing, total):
    """Add the synapses of the sources in the blocks first…last - 1; how many name no target."""
    strangers = 0
    for source in range(len(indptr) - 1):
        row = rows[source]
        if row < first or row >= last:
            continue
        own = slice(indptr[source], indptr[source + 1])
        strangers += _add_source(
            indices[own], values[own], signs[source], columns, count[row], missing[row], total[row]
        )
    return strangers


@njit(cache=True, nogil=True)
def _add_source(targets, values, sign, columns, count, missing, total):
    strangers = 0
    for k in range(len(targets)):
        # Read as unsigned, a target that is not there is a large one.
        target = np.uint64(targets[k])
        if target >= np.uint64(len(columns)):
            strangers += 1
            continue
        if columns[target] < 0:
            continue
        column = np.uint64(columns[target])
        count[column] += 1
        if len(values) and np.isfinite(values[k]):
            total[column] += sign * values[k]
        else:
            missing[column] += 1
    return strangers


@njit(cache=True, nogil=True)
def _add_repeats(indptr, indices, rows, columns, repeats):
    """Add the synapses that have the source and the target of an earlier one."""
    seen = np.full(len(columns), -1, np.int32)
    for source in range(len(indptr) - 1):
        row = rows[source]
        if row < 0:
            continue
        for synapse in range(indptr[source], indptr[source + 1]):
            target = np.uint64(indices[synapse])
            if target < np.uint64(len(columns)) and columns[target] >= 0:
                repeats[row, np.uint64(columns[target])] += seen[target] == source
                seen[target] = source
