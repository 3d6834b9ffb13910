"""Levels of intervals: what their figures show of whole trains, computed once of a large recording.

They lie beside the columns they were made of (`level_intervals_*.npy`) and go when these go. What is read from them
is what the functions named below give; within a window these are called.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard import store
from spikeboard.analysis.intervals import STATISTICS, interval_statistics
from spikeboard.analysis.lengths import MOST_LISTED, Lengths, interval_lengths, merged
from spikeboard.analysis.successive import CELLS, Pairs, serial_correlations, successive_pairs
from spikeboard.analysis.trains import Ticks, window_ticks
from spikeboard.columns import mapped
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.replacing import replacing
from spikeboard.version import VERSION

# Below, computing all of it takes no longer than drawing it.
WORTH = 5_000_000
PARTS = ("units", "lengths", "edges", "cells")
COLUMNS = ("n", *STATISTICS, "zero", "spikes")
WHOLE_NUMBERS = {"n": np.int64, "zero": np.int64, "spikes": np.int64}


@dataclass(frozen=True, eq=False)
class Level:
    """The intervals of whole trains.

    units : (U, 12) float64, the COLUMNS of `interval_statistics`, and the serial correlation
    lengths : (3, L) int64, of each length in a population: its place, the length in ticks, the count; ascending.
        Empty where they would be too many
    edges, cells : of the `Pairs` of all units
    """

    units: NDArray[np.float64]
    lengths: NDArray[np.int64]
    edges: NDArray[np.float64]
    cells: NDArray[np.int64]


def unit_statistics(rec: Recording, rows: Ticks, t0: float, t1: float) -> pd.DataFrame:
    """`interval_statistics` of unit rows in a window."""
    level = _level(rec, t0, t1)
    if level is None:
        return recalled(interval_statistics, rec, rows, t0, t1)
    table = pd.DataFrame(level.units[rows, :-1], columns=pd.Index(COLUMNS), index=pd.Index(rows, name="unit"))
    return table.astype(WHOLE_NUMBERS)


def unit_correlations(rec: Recording, rows: Ticks, t0: float, t1: float) -> NDArray[np.float64]:
    """`serial_correlations` of unit rows in a window."""
    level = _level(rec, t0, t1)
    return recalled(serial_correlations, rec, rows, t0, t1) if level is None else level.units[rows, -1]


def pooled_lengths(rec: Recording, rows: Ticks, t0: float, t1: float) -> Lengths | None:
    """`interval_lengths` of unit rows in a window."""
    level, places = _level(rec, t0, t1), _whole_populations(rec, rows)
    if level is None or places is None or not level.lengths.size:
        return recalled(interval_lengths, rec, rows, t0, t1)
    ends = np.searchsorted(level.lengths[0], np.c_[places, places + 1])
    return merged([Lengths(*level.lengths[1:, low:high]) for low, high in ends])


def pooled_pairs(rec: Recording, rows: Ticks, t0: float, t1: float) -> Pairs:
    """`successive_pairs` of unit rows in a window."""
    level = _level(rec, t0, t1)
    if level is None or len(rows) != len(rec.units):
        return recalled(successive_pairs, rec, rows, t0, t1)
    return Pairs(level.edges, level.cells)


@lru_cache(maxsize=16)
def interval_level(rec: Recording) -> Level | None:
    """What is kept of a recording, made if need be; None where it would not pay."""
    if rec.folder is None or len(rec.spike_times) < WORTH:
        return None
    columns = store.columns_of(rec.folder)
    try:
        return _read(rec, columns)
    except (OSError, ValueError):  # not there yet, or damaged
        return _made(rec, columns)


def _level(rec: Recording, t0: float, t1: float) -> Level | None:
    return interval_level(rec) if window_ticks(rec, t0, t1) == window_ticks(rec) else None


def _whole_populations(rec: Recording, rows: Ticks) -> NDArray[np.int64] | None:
    """The places of the populations that make up some ascending rows, or None where a unit of one is missing."""
    places = np.unique(np.searchsorted(rec.populations["first"], rows, side="right") - 1)
    return places if rec.populations["size"].iloc[places].sum() == len(rows) else None


def _read(rec: Recording, columns: Path) -> Level:
    level = Level(*(mapped(_file(columns, part)) for part in PARTS))
    n = np.maximum(rec.counts - 1, 0)
    fits = (
        level.units.shape == (len(n), len(COLUMNS) + 1)
        and np.array_equal(level.units[:, 0], n)
        and level.lengths.ndim == 2
        and len(level.lengths) == 3
        and level.lengths[2].sum() in (0, n.sum())
        and level.edges.shape == (CELLS + 1,)
        and level.cells.shape == (CELLS, CELLS)
        and level.cells.sum() <= n.sum()
    )
    kinds = [getattr(level, part).dtype for part in PARTS]
    if not fits or kinds != [np.float64, np.int64, np.float64, np.int64]:
        raise ValueError("levels that do not fit their recording")
    return level


def _made(rec: Recording, columns: Path) -> Level:
    units = np.column_stack([interval_statistics(rec)[list(COLUMNS)], serial_correlations(rec)])
    pairs = successive_pairs(rec)
    level = Level(units, _lengths(rec), pairs.edges_ms, pairs.counts)
    with suppress(OSError):  # a folder that cannot be written keeps none
        for part in PARTS:
            with replacing(_file(columns, part)) as temporary:
                np.save(temporary, getattr(level, part), allow_pickle=False)
    return level


def _file(columns: Path, part: str) -> Path:
    # A later version may define a statistic in another way.
    return columns / f"level_intervals_{part}-{VERSION}.npy"


def _lengths(rec: Recording) -> NDArray[np.int64]:
    found = [np.zeros((3, 0), np.int64)]
    for place, (first, size) in enumerate(rec.populations[["first", "size"]].to_numpy()):
        own = interval_lengths(rec, np.arange(first, first + size))
        if own is None or len(own.ticks) + sum(part.shape[1] for part in found) > MOST_LISTED:
            return found[0]
        found.append(np.stack([np.full(len(own.ticks), place), own.ticks, own.counts]))
    return np.concatenate(found, axis=1)
