"""Columns of numbers or names as spikes: piece by piece, what is not whole left out and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spikeboard.columns import changed, gathered
from spikeboard.errors import RecordingError
from spikeboard.progress import tell
from spikeboard.readers.spikelist import DEFAULT_POPULATION, MOST_UNITS
from spikeboard.readers.table_columns import Columns
from spikeboard.readers.table_rows import unit_ids

# Rows that tell what a column holds.
SAMPLED = 1000
SHOWN = 5
Part = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """The whole rows of a table; long columns are mapped.

    times : (N,) float64, finite
    units, populations : (N,) int32, positions in `unit_names` and `population_names`; None without such a column
    n_rows, lost, first_lost : how many there were, how many were left out, and the positions of the first of them
    largest : time, without its sign
    """

    times: np.ndarray
    units: np.ndarray | None
    populations: np.ndarray | None
    unit_names: tuple[str, ...]
    population_names: tuple[str, ...]
    n_rows: int
    lost: int
    first_lost: tuple[int, ...]
    largest: float

    def units_and_ids(self, file: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """The unit of each spike as a position in the ids, the ids, and what was assumed of them.

        Raises
        ------
        RecordingError : where ids are fractions
        """
        if self.units is None:
            return np.broadcast_to(np.int32(0), len(self.times)), np.array([0]), []
        ids, place, notes = unit_ids(list(self.unit_names))
        return changed(lambda some: place[some], self.units, dtype=np.int32), ids, notes

    def about_lost(self) -> list[str]:
        """What is to be said of rows that were left out."""
        if not self.lost:
            return []
        where = ", ".join(f"{row:,}" for row in self.first_lost)
        more = ", …" if self.lost > len(self.first_lost) else ""
        return [
            f"{self.lost:,} of {self.n_rows:,} spikes were left out: time or unit is not finite "
            f"(at position {where}{more})"
        ]


@dataclass
class _Seen:
    """What all pieces share: a number for each name of a unit or population, and the account of the rows."""

    units: dict[object, int] = field(default_factory=dict)
    populations: dict[object, int] = field(default_factory=dict)
    rows: int = 0
    lost: int = 0
    first_lost: list[int] = field(default_factory=list)
    largest: float = 0.0


def read_rows(file: str, stretches: Iterable[Part], n_rows: int, chosen: Columns) -> Rows:
    """All rows of a table.

    Parameters
    ----------
    file : its name
    stretches : of the columns of times, units and populations, those that there are
    n_rows : in all
    chosen : which of them there are

    Raises
    ------
    RecordingError : where what should be units is none
    """
    seen = _Seen()
    named = [(chosen.unit, seen.units), (chosen.population, seen.populations)]
    known = [names for at, names in named if at is not None]
    parts = _parts(file, stretches, n_rows, known, seen)
    times, *codes = gathered(parts, [np.float64, *(np.int32 for _ in known)])
    return Rows(
        times,
        None if chosen.unit is None else codes[0],
        None if chosen.population is None else codes[-1],
        tuple(map(str, seen.units)),
        tuple(map(str, seen.populations)),
        seen.rows,
        seen.lost,
        tuple(seen.first_lost),
        seen.largest,
    )


def _parts(
    file: str, stretches: Iterable[Part], n_rows: int, known: Sequence[dict[object, int]], seen: _Seen
) -> Iterator[Part]:
    for some, *others in stretches:
        times, names = some.astype(np.float64), [_flat(file, values) for values in others]
        good = np.isfinite(times)
        seen.largest = max(seen.largest, np.abs(times[good]).max(initial=0.0))
        for values in names:
            good &= np.isfinite(values) if values.dtype.kind == "f" else True
        _count(good, seen)
        codes = [_numbered(values[good], numbers) for values, numbers in zip(names, known, strict=True)]
        if max(map(len, known), default=0) > MOST_UNITS:
            raise RecordingError(
                f"{file}: more than {MOST_UNITS:,} different unit ids: is the column of units right? "
                "Else give time_column=… and unit_column=…"
            )
        yield times[good], *codes
        tell("reading", seen.rows, n_rows)


def _count(good: np.ndarray, seen: _Seen) -> None:
    lost = np.flatnonzero(~good)
    seen.first_lost += (seen.rows + lost[: SHOWN - len(seen.first_lost)]).tolist()
    seen.lost += len(lost)
    seen.rows += len(good)


def _numbered(values: np.ndarray, known: dict[object, int]) -> np.ndarray:
    codes, distinct = pd.factorize(values)
    number = [known.setdefault(value, len(known)) for value in distinct.tolist()]
    return np.array(number, np.int32)[codes]


def _flat(file: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "fiuUSO":
        raise RecordingError(
            f"{file}: unit ids are numbers or names, not {values.dtype} of shape {values.shape}"
        )
    if values.dtype.kind == "S":
        return np.char.decode(values, "latin-1")
    # pandas counts in the machine's own byte order alone.
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def check_times(file: str, dtype: np.dtype, name: str, shape: tuple[int, ...] = (0,)) -> None:
    """Raise RecordingError where a column can hold no times."""
    if len(shape) != 1 or dtype.kind not in "fiu":
        raise RecordingError(
            f"{file}: the times {name[:40]!r} are {dtype} of shape {shape}, but times are real numbers"
        )


def about_grid(dtype: np.dtype, largest: float) -> list[str]:
    """What is to be said of times in few bytes."""
    if dtype.kind != "f" or dtype.itemsize >= 8 or not largest:
        return []
    kind = dtype.newbyteorder("=")
    return [
        f"times are stored as {kind}: near {largest:g}, the largest, they lie on a grid of "
        f"{np.spacing(kind.type(largest)):.3g} (as in the file), and intervals are no finer"
    ]


def about_population(chosen: Columns) -> list[str]:
    """What spikes are called whose file names no population."""
    if chosen.population is not None:
        return []
    return [f"the file names no population: it is called {DEFAULT_POPULATION!r}"]


def spelled(values: np.ndarray) -> list[str]:
    """Values as a text table would have them, so that its rules for columns apply."""
    if values.dtype.kind == "S":
        return [value.decode("latin-1").strip() for value in values.tolist()]
    return [str(value).strip() for value in values.tolist()]
