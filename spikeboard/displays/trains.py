"""The trains of views that compare them: units one by one, or populations pooled into one train each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import population_colours, shown
from spikeboard.view import Pick
from spikeboard.views.chosen import (
    Units,
    busiest,
    by_population,
    many,
    named,
    population_rows,
    rows_of,
    spikes_per_unit,
)

# A heat map of more trains names them under the pointer by its axes alone: a text per cell would weigh too much.
MOST_NAMED = 60


@dataclass(frozen=True, eq=False)
class Train:
    """One train: its units, its name, its population and colour."""

    rows: Units
    name: str
    population: str
    tint: str


def unit_train(rec: Recording, row: int) -> Train:
    """The train of one unit."""
    population = str(rec.units["population"].iloc[row])
    return Train(np.array([row], np.int64), named(rec, row), population, population_colours(rec)[population])


def population_train(rec: Recording, selection: Selection, name: str) -> Train:
    """The selected units of a population as one train."""
    rows = population_rows(rec, selection, name)
    return Train(rows, shown(name), name, population_colours(rec)[name])


def active_trains(
    rec: Recording, rows: Units, t0: float, t1: float, most: int
) -> tuple[list[Train], list[str]]:
    """The units that fire, or the most active of them, in the order of the recording; and who is left out."""
    fired = rows[spikes_per_unit(rec, rows, t0, t1) > 0]
    notes = [f"{many(len(rows) - len(fired), 'silent unit')} left out."] if len(fired) < len(rows) else []
    if len(fired) > most:
        notes.append(f"The {most} most active of {len(fired):,} units; select units to see others.")
        fired = np.sort(busiest(rec, fired, t0, t1, most))
    return [unit_train(rec, int(row)) for row in fired], notes


def chosen_trains(
    rec: Recording, selection: Selection, between: str, t0: float, t1: float, most: int
) -> tuple[list[Train], list[str]]:
    """The selected trains that fire: units, or with `between` "populations" pools of them; and who is left out."""
    rows = rows_of(rec, selection)
    if between != "populations":
        return active_trains(rec, rows, t0, t1, most)
    groups = by_population(rec, rows)
    fired = [name for name, own in groups.items() if spikes_per_unit(rec, own, t0, t1).any()]
    silent = len(groups) - len(fired)
    notes = [f"{many(silent, 'silent population')} left out."] if silent else []
    if len(fired) > most:
        notes.append(f"The first {most} of {len(fired):,} populations; select populations to see others.")
    return [population_train(rec, selection, name) for name in fired[:most]], notes


def chosen_rows(
    rec: Recording, selection: Selection, between: str, t0: float, t1: float, most: int
) -> list[list[int]]:
    """The unit rows of the trains that views choose where none is picked, silent ones included."""
    rows = rows_of(rec, selection)
    if between != "populations":
        return [[row] for row in np.sort(busiest(rec, rows, t0, t1, most)).tolist()]
    return [own.tolist() for own in list(by_population(rec, rows).values())[:most]]


def pair_table(trains: list[Train], values: NDArray[np.floating], column: str) -> pd.DataFrame:
    """One row per pair of two trains: first, second, and their value of a symmetric matrix."""
    first, second = np.triu_indices(len(trains), 1)
    names = np.array([train.name for train in trains], object)
    return pd.DataFrame({"first": names[first], "second": names[second], column: values[first, second]})


def pair_hover(names: list[str], value: str) -> dict[str, Any]:
    """What a heat map of pairs says under the pointer: the names of both and the value, as Plotly formats it."""
    if len(names) > MOST_NAMED:
        return {"hovertemplate": "%{y} and %{x}: " + value + "<extra></extra>"}
    text = [[f"{a} and {b}" for b in names] for a in names]
    return {"text": text, "hovertemplate": "%{text}: " + value + "<extra></extra>"}


def train_picks(labels: Mapping[str, tuple[str, str]]) -> dict[str, Pick]:
    """Settings that pick the two trains of a pair: as units, or as populations (with `_population` in the name).

    Parameters
    ----------
    labels : by the name of each setting: what the pick of a unit is called, and what that of a population
    """
    units = {
        name: Pick("unit", unit, empty="most active", when={"display": ("pair",), "between": ("units",)})
        for name, (unit, _) in labels.items()
    }
    populations = {
        f"{name}_population": Pick(
            "population", population, empty=empty, when={"display": ("pair",), "between": ("populations",)}
        )
        for (name, (_, population)), empty in zip(labels.items(), ("first", "second"), strict=True)
    }
    return units | populations
