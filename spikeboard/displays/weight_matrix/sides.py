"""The sources or the targets of the matrix: units or populations in a row, and the blocks they are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spikeboard.displays.cells import cell_edges
from spikeboard.recording import Recording
from spikeboard.theme import shown


@dataclass(frozen=True, eq=False)
class Side:
    """The rows or the columns of the matrix; a place is that of a unit, or of a population where they are shown.

    n_places : places there are, on screen or not
    edges : (B + 1,) places where the blocks on screen begin, and where the last of them ends
    rows : unit rows on screen, ascending
    group : (n_units,) block of each unit, -1 where it is not on screen
    names : what each block is called, in plain text
    populations : that of each block; of its first unit where units are shown
    bands : (population, first place, place after the last), on screen or not
    """

    n_places: int
    edges: NDArray[np.int64]
    rows: NDArray[np.int64]
    group: NDArray[np.int64]
    names: list[str]
    populations: list[str]
    bands: list[tuple[str, int, int]]

    @property
    def per_block(self) -> int:
        """Places in the largest block."""
        return int(np.diff(self.edges).max())

    @property
    def middles(self) -> NDArray[np.floating]:
        """Where each block lies on its axis, (B,)."""
        return (self.borders[:-1] + self.borders[1:]) / 2

    @property
    def borders(self) -> NDArray[np.floating]:
        """Where the blocks meet on their axis, (B + 1,): a place reaches half to either side."""
        return self.edges - 0.5


def units_in_blocks(
    rec: Recording, rows: NDArray[np.int64], on_screen: tuple[float, float] | None, most: int
) -> Side:
    """Units one by one, or in at most so many blocks of neighbours.

    Parameters
    ----------
    rows : unit rows, ascending: one place each
    on_screen : range of the axis; None is all of it
    most : blocks
    """
    first, last = _places(len(rows), on_screen)
    edges = first + cell_edges(last - first, most)
    shown_rows = rows[first:last]
    group = np.full(len(rec.units), -1, np.int64)
    group[shown_rows] = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    names = [_block_name(rec, rows[a:b]) for a, b in pairwise(edges)]
    codes, categories = _populations(rec, rows)
    populations = [categories[code] for code in codes[edges[:-1]]]
    borders = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True])
    bands = [(categories[codes[a]], int(a), int(b)) for a, b in pairwise(borders)]
    return Side(len(rows), edges, shown_rows, group, names, populations, bands)


def populations_one_by_one(rec: Recording, rows: NDArray[np.int64]) -> Side:
    """The populations of some units, one place and block each."""
    codes, categories = _populations(rec, rows)
    present, block = np.unique(codes, return_inverse=True)
    names = [categories[code] for code in present]
    group = np.full(len(rec.units), -1, np.int64)
    group[rows] = block
    bands = [(name, k, k + 1) for k, name in enumerate(names)]
    return Side(len(names), np.arange(len(names) + 1), rows, group, names, names, bands)


def _places(n: int, on_screen: tuple[float, float] | None) -> tuple[int, int]:
    """The first place on screen, and the place after the last: those that are cut are on it."""
    low, high = (0.0, float(n)) if on_screen is None else on_screen
    first = int(np.clip(np.floor(low + 0.5), 0, n - 1))
    return first, int(np.clip(np.ceil(high + 0.5), first + 1, n))


def _populations(rec: Recording, rows: NDArray[np.int64]) -> tuple[NDArray[np.integer], list[str]]:
    population = rec.units["population"].cat
    return population.codes.to_numpy()[rows], list(population.categories.astype(str))


def _block_name(rec: Recording, rows: NDArray[np.int64]) -> str:
    first, last = int(rows[0]), int(rows[-1])
    name = shown(rec.label(first), 24)
    # The row makes each name its own, whatever the ids in the file are.
    return f"{name} · row {first}" if first == last or len(rows) == 1 else f"{name} … · rows {first}–{last}"
