"""Synapses in compressed sparse rows (CSR) summed into blocks, degrees and histograms.

Row i of the matrix is source i; its synapses are ``indices[indptr[i]:indptr[i + 1]]``. No synapse is not the same as
a weight of zero: where there is none, the value is NaN. Several synapses of one pair all count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, Synapses

COMBINATIONS = ("sum", "mean", "count")
MOST_CELLS = 64 * 10**6
Floats = NDArray[np.float64]
Integers = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Blocks:
    """A weight matrix as drawn.

    values : (R, C) float64, NaN where no synapse is
    count : (R, C) int64, synapses in each block
    row_edges, column_edges : (R + 1,), (C + 1,) int64: block (r, c) holds the sources at positions
        row_edges[r] … row_edges[r + 1] - 1 of the row order, and so for the targets
    duplicates : synapses beyond the first of their pair, all of them part of `values`
    missing : synapses whose weight is not a number: counted, but in no sum or mean
    """

    values: Floats
    count: NDArray[np.int64]
    row_edges: NDArray[np.int64]
    column_edges: NDArray[np.int64]
    duplicates: int
    missing: int


def weight_blocks(
    indptr: Integers,
    indices: Integers,
    weight: Floats | None,
    n_target: int,
    shape: tuple[int, int],
    combine: str = "sum",
    row_order: Integers | None = None,
    column_order: Integers | None = None,
) -> Blocks:
    """The weight matrix in at most `shape` blocks, straight from its sparse form.

    With as many blocks as sources and targets each block is one pair of units.

    Parameters
    ----------
    indptr, indices : CSR of the synapses
    weight : (S,) or None where synapses have none; then only "count" can be drawn
    n_target : number of target units
    shape : most rows and columns of blocks
    combine : "sum" of the weights in a block, "mean" over its synapses, or "count" of synapses
    row_order, column_order : sources and targets in the order wanted, each at most once; those not named are left
        out; None for all as they are

    Returns
    -------
    Blocks

    Raises
    ------
    RecordingError : for an unknown combination, weights that are not there, or a shape that cannot be drawn
    """
    _check_combination(combine, weight)
    rows, row_edges = _blocks_of(len(indptr) - 1, shape[0], row_order)
    columns, column_edges = _blocks_of(n_target, shape[1], column_order)
    size = (len(row_edges) - 1, len(column_edges) - 1)
    if min(shape) < 1 or size[0] * size[1] > MOST_CELLS:
        raise RecordingError(f"a weight matrix of {shape[0]} × {shape[1]} blocks cannot be drawn")
    known = np.zeros(0) if weight is None else np.asarray(weight, np.float64)
    _check_synapses(indptr, indices, n_target, len(indices) if weight is None else len(known))
    total, count, finite = _sum_blocks(np.asarray(indptr), np.asarray(indices), known, rows, columns, *size)
    missing = int(count.sum() - finite.sum()) if weight is not None else 0
    duplicates = _duplicates(np.asarray(indptr), np.asarray(indices), rows, columns)
    return Blocks(
        _combined(total, count, finite, combine), count, row_edges, column_edges, int(duplicates), missing
    )


@dataclass(frozen=True, eq=False)
class PopulationBlocks:
    """All projections of a recording, summed by pair of populations.

    names : populations, in the recording's order: row = source, column = target
    values : (P, P) float64, NaN where no synapse is
    count : (P, P) int64, synapses
    possible : (P, P) int64, pairs of units, a unit with itself included; count / possible is the mean synapses per pair
    missing : synapses whose weight is not a number or not in the file
    """

    names: tuple[str, ...]
    values: Floats
    count: NDArray[np.int64]
    possible: NDArray[np.int64]
    missing: int


def population_blocks(rec: Recording, combine: str = "sum") -> PopulationBlocks:
    """Synapses between populations, over all projections of each pair.

    Parameters
    ----------
    rec : the recording
    combine : "sum", "mean" or "count"

    Returns
    -------
    PopulationBlocks
    """
    if combine not in COMBINATIONS:
        raise RecordingError(f"no combination {str(combine)[:40]!r}; choose one of {', '.join(COMBINATIONS)}")
    names = tuple(rec.populations["name"])
    sizes = rec.populations["size"].to_numpy(np.int64)
    total, count, finite = np.zeros((3, len(names), len(names)))
    for synapses in rec.connections.values():
        place = names.index(synapses.source), names.index(synapses.target)
        weights = known_weights(synapses)
        total[place] += weights.sum()
        count[place] += len(synapses)
        finite[place] += len(weights)
    return PopulationBlocks(
        names,
        _combined(total, count, finite, combine),
        count.astype(np.int64),
        np.outer(sizes, sizes),
        int(count.sum() - finite.sum()),
    )


def known_weights(synapses: Synapses) -> Floats:
    """The weights that are finite numbers; none where the file has no weights."""
    if synapses.weight is None:
        return np.zeros(0)
    weights = np.asarray(synapses.weight, np.float64)
    return weights[np.isfinite(weights)]


def degrees(
    indptr: Integers, indices: Integers, n_target: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Synapses onto each target and from each source, duplicates counted.

    Returns
    -------
    incoming, outgoing : (n_target,) and (n_source,) int64
    """
    incoming = np.bincount(np.asarray(indices), minlength=n_target).astype(np.int64)
    return incoming, np.diff(np.asarray(indptr)).astype(np.int64)


def weight_histogram(weight: Floats, bins: int = 50) -> pd.DataFrame:
    """How often each weight occurs.

    Parameters
    ----------
    weight : (S,) in the source's own unit
    bins : number of equal bins from the least to the greatest weight, the last one closed

    Returns
    -------
    DataFrame : left, right, count; `attrs["missing"]` says how many weights are no finite numbers
    """
    weights = np.asarray(weight, np.float64)
    finite = weights[np.isfinite(weights)]
    if not 1 <= bins <= 10_000:
        raise RecordingError(f"a histogram has between 1 and 10,000 bins, not {bins}")
    counts, edges = np.histogram(finite, bins, _range(finite))
    table = pd.DataFrame({"left": edges[:-1], "right": edges[1:], "count": counts})
    table.attrs = {"missing": len(weights) - len(finite)}
    return table


def count_duplicates(indptr: Integers, indices: Integers, n_target: int | None = None) -> int:
    """Synapses beyond the first of their (source, target) pair.

    Parameters
    ----------
    indptr, indices : CSR of the synapses
    n_target : number of targets; None to take it from the indices
    """
    targets = np.asarray(indices)
    n = int(targets.max(initial=-1)) + 1 if n_target is None else n_target
    _check_synapses(indptr, targets, n, len(targets))
    rows = np.zeros(len(indptr) - 1, np.int64)
    return int(_duplicates(np.asarray(indptr), targets, rows, np.zeros(n, np.int64)))


def _check_combination(combine: str, weight: Floats | None) -> None:
    if combine not in COMBINATIONS:
        raise RecordingError(f"no combination {str(combine)[:40]!r}; choose one of {', '.join(COMBINATIONS)}")
    if weight is None and combine != "count":
        raise RecordingError('these synapses have no weights in the file; draw their "count"')


def _check_synapses(indptr: Integers, indices: Integers, n_target: int, n_weights: int) -> None:
    # Compiled loops read and write what these point at, whatever it is: a stranger's file must not choose the place.
    placed = not len(indices) or (indices.min() >= 0 and indices.max() < n_target)
    if not placed or n_weights != len(indices) or len(indptr) < 1:
        raise RecordingError(
            "these synapses are damaged: they name units that are not there; open their source again"
        )
    if indptr[0] < 0 or indptr[-1] > len(indices) or np.any(np.diff(indptr) < 0):
        raise RecordingError(
            "these synapses are damaged: their rows lie outside of them; open their source again"
        )


def _blocks_of(n: int, most: int, order: Integers | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which block each of n units belongs to (-1: none), and the edges of the blocks."""
    shown = np.arange(n) if order is None else np.asarray(order, np.int64)
    n_blocks = max(min(most, len(shown)), 0)
    edges = -(-np.arange(n_blocks + 1, dtype=np.int64) * len(shown) // max(n_blocks, 1))
    block = np.full(n, -1, np.int64)
    block[shown] = np.arange(len(shown), dtype=np.int64) * n_blocks // max(len(shown), 1)
    return block, edges


def _combined(total: Floats, count: np.ndarray, finite: np.ndarray, combine: str) -> Floats:
    if combine == "count":
        return np.where(count > 0, count, np.nan).astype(np.float64)
    with np.errstate(invalid="ignore"):
        values = total / finite if combine == "mean" else total
    return np.where(finite > 0, values, np.nan)


def _range(finite: Floats) -> tuple[float, float]:
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    # A single weight gets bins around it that are wide enough for float64 to part.
    pad = max(abs(low), 1.0) / 2 if high - low <= 1e-9 * max(abs(low), abs(high)) else 0.0
    return low - pad, high + pad


@njit(cache=True, nogil=True)
def _sum_blocks(indptr, indices, weight, rows, columns, n_rows, n_columns):
    total = np.zeros((n_rows, n_columns))
    count = np.zeros((n_rows, n_columns), np.int64)
    finite = np.zeros((n_rows, n_columns), np.int64)
    for source in range(len(indptr) - 1):
        row = rows[source]
        if row < 0:
            continue
        for synapse in range(indptr[source], indptr[source + 1]):
            column = columns[indices[synapse]]
            if column < 0:
                continue
            count[row, column] += 1
            if len(weight) and np.isfinite(weight[synapse]):
                total[row, column] += weight[synapse]
                finite[row, column] += 1
    return total, count, finite


@njit(cache=True, nogil=True)
def _duplicates(indptr, indices, rows, columns):
    seen = np.full(len(columns), -1, np.int64)
    duplicates = 0
    for source in range(len(indptr) - 1):
        if rows[source] < 0:
            continue
        for synapse in range(indptr[source], indptr[source + 1]):
            target = indices[synapse]
            if columns[target] < 0:
                continue
            duplicates += seen[target] == source
            seen[target] = source
    return duplicates
