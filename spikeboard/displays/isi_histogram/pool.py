"""Whose intervals a figure is of, their statistics unit by unit, and how its caption and notes tell them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spikeboard.analysis.trains import unit_rows
from spikeboard.errors import NothingToDraw
from spikeboard.interval_levels import unit_statistics
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import population_colours, shown
from spikeboard.views.chosen import (
    MOST_LINES,
    NEUTRAL,
    Units,
    by_population,
    many,
    rows_of,
    span,
    whose,
    window_of,
)

MOST_POINTS = 5000
MEASURES = {"cv": "CV", "cv2": "CV2", "lv": "LV", "lvr": "LvR (R = 5 ms)"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the intervals are of: groups of unit rows by name, their colours, and the window t0, t1 in s."""

    groups: dict[str, Units]
    colours: dict[str, str]
    rows: Units
    t0: float
    t1: float


def choose(rec: Recording, selection: Selection, unit: int | None, split: bool) -> Chosen:
    """The selected units or the one picked, one group per population where they are told apart."""
    t0, t1 = window_of(rec, selection)
    rows = rows_of(rec, selection) if unit is None else unit_rows(rec, [unit])
    groups, colours = by_population(rec, rows), population_colours(rec)
    if len(groups) > 1 and (not split or len(groups) > MOST_LINES):
        name = "all units" if "all units" not in groups else "all units together"
        return Chosen({name: rows}, {name: NEUTRAL}, rows, t0, t1)
    if unit is not None:
        population = next(iter(groups))
        name = shown(rec.label(unit))
        return Chosen({name: rows}, {name: colours[population]}, rows, t0, t1)
    return Chosen(groups, colours, rows, t0, t1)


def statistics(rec: Recording, chosen: Chosen) -> pd.DataFrame:
    """Statistics per unit, of the units that have an interval at all."""
    table = unit_statistics(rec, chosen.rows, chosen.t0, chosen.t1)
    table = table.rename(columns={"n": "intervals"}).rename(columns=str.lower)
    if table["intervals"].any():
        return table
    when = span(chosen.t0, chosen.t1)
    if len(chosen.rows) == 1:
        spikes = many(int(table["spikes"].iloc[0]), "spike")
        raise NothingToDraw(f"{whose(rec, chosen.rows)} has {spikes} in {when}: no interval")
    raise NothingToDraw(
        f"none of the {len(chosen.rows):,} selected units has two spikes in {when}: no interval; "
        "choose other units or a longer window"
    )


def group_of(rows: Units, groups: dict[str, Units]) -> list[str]:
    """The name of the group of each row."""
    names = np.empty(int(rows.max()) + 1, object)
    for name, group in groups.items():
        names[group[group < len(names)]] = name
    return names[rows].tolist()


def pooled_note(chosen: Chosen) -> list[str]:
    """What has to be said where populations are not told apart."""
    if len(chosen.groups) == 1 and set(chosen.colours.values()) == {NEUTRAL}:
        return ["All populations are pooled."]
    return []


def silent_note(table: pd.DataFrame) -> list[str]:
    """How many units have no interval, and why."""
    silent, single = int((table["spikes"] == 0).sum()), int((table["spikes"] == 1).sum())
    parts = [f"{many(silent, 'silent unit')}"] * (silent > 0) + [
        f"{many(single, 'unit')} with a single spike"
    ] * (single > 0)
    return [f"{' and '.join(parts)}: no interval."] if parts else []


def variability_words(table: pd.DataFrame) -> str:
    """CV, CV2, LV and LvR in a sentence: of one unit, or medians over units."""
    known = table[table["cv2"].notna()]
    if known.empty:
        return "Too few intervals for a coefficient of variation (it takes 2 of one unit). "
    values = ", ".join(f"{name} {known[key].median():.3g}" for key, name in MEASURES.items())
    if len(table) == 1:
        return f"{values}. "
    return f"Medians over {many(len(known), 'unit')} with 2 intervals or more: {values}. "
