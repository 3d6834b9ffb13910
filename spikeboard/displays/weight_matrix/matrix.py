"""The numbers of the matrix: what each cell on screen holds, the range of its colours, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.analysis.synapses import Blocks, weight_blocks
from spikeboard.displays.weight_matrix.chosen import (
    Joined,
    sign_notes,
    unit_notes,
    values_of,
    weight_title,
)
from spikeboard.displays.weight_matrix.sides import Side, populations_one_by_one, units_in_blocks
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.theme import listed, population_colours
from spikeboard.view import Result, Viewport
from spikeboard.views.chosen import many

MOST_BLOCKS = 500
# About what axes, names and the bar of colours have of the figure's width.
BESIDE_PX = 150
WORDS = {"sum": "summed", "mean": "averaged", "count": "counted"}


@dataclass(frozen=True, eq=False)
class Cells:
    """What the cells on screen hold.

    rows, columns : sources and targets
    sums : of the synapses of each cell
    level : "units" or "populations"
    quantity : "weight", "delay" or "probability"
    how : the synapses of a cell are combined: "sum", "mean" or "count"
    """

    rows: Side
    columns: Side
    sums: Blocks
    level: str
    quantity: str
    how: str

    @property
    def values(self) -> NDArray[np.float64]:
        """(R, C), NaN where there is no synapse, or none that has a value."""
        if self.quantity == "probability":
            sizes = [np.bincount(side.group[side.rows], minlength=len(side.names)) for side in self.sides]
            return np.where(self.sums.count > 0, self.sums.pairs / np.outer(*sizes), np.nan)
        if self.how == "count":
            return np.where(self.sums.count > 0, self.sums.count, np.nan).astype(float)
        return self.sums.sum if self.how == "sum" and self.quantity == "weight" else self.sums.mean

    @property
    def sides(self) -> tuple[Side, Side]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def signed(self) -> bool:
        """Whether the values have a sign."""
        return self.quantity == "weight" and self.how != "count"

    @property
    def counted(self) -> bool:
        """Whether the synapses are counted, whatever values they have."""
        return self.quantity == "probability" or self.how == "count"


def numbers(
    rec: Recording,
    chosen: Joined,
    viewport: Viewport,
    level: str,
    quantity: str,
    combine: str,
    range_percent: float,
) -> Result:
    """One row per cell on screen that holds synapses."""
    if quantity == "delay" and all(rec.synapses(name).delay is None for name in chosen.names):
        raise NothingToDraw("no delays in this recording: choose weight or probability")
    cells = _cells(rec, chosen, viewport, level, quantity, combine)
    values = cells.values
    if viewport.x is None and viewport.y is None:
        _check_present(chosen, cells.sums, values)
    limits, beyond = _limits(values, cells, range_percent)
    extra = {
        "cells": cells, "values": values, "limits": limits, "colours": population_colours(rec),
        "title": _title(rec, chosen.names, cells), "width_px": viewport.width - BESIDE_PX,
    }  # fmt: skip
    return Result(
        lambda: _frame(extra),
        _caption(chosen.names, cells),
        tuple(_notes(rec, chosen.names, cells, beyond)),
        extra,
    )


def _cells(
    rec: Recording, chosen: Joined, viewport: Viewport, level: str, quantity: str, combine: str
) -> Cells:
    if level == "populations":
        rows, columns = (populations_one_by_one(rec, end) for end in (chosen.sources, chosen.targets))
    else:
        most = int(np.clip(viewport.width - BESIDE_PX, 100, MOST_BLOCKS))
        rows = units_in_blocks(rec, chosen.sources, viewport.y, MOST_BLOCKS)
        columns = units_in_blocks(rec, chosen.targets, viewport.x, most)
    shape = (len(rows.names), len(columns.names))
    sums = weight_blocks(rec, chosen.names, shape, rows.group, columns.group, values_of(rec, quantity))
    blocks = level == "populations" or max(rows.per_block, columns.per_block) > 1
    automatic = "mean" if blocks or quantity == "delay" else "sum"
    return Cells(rows, columns, sums, level, quantity, automatic if combine == "auto" else combine)


def _check_present(chosen: Joined, sums: Blocks, values: NDArray[np.float64]) -> None:
    """Refuse a whole matrix that is empty; a part of one may be."""
    if not sums.count.any():
        raise NothingToDraw(
            f"no synapse joins the selected units in {listed(list(chosen.names))}: widen the selection"
        )
    if not np.isfinite(values).any():
        raise NothingToDraw('these synapses have no weights in the file: choose "Count" or "Probability"')


def _limits(values: NDArray[np.float64], cells: Cells, percent: float) -> tuple[tuple[float, float], int]:
    """The range of colours, and how many cells lie beyond it."""
    finite = values[np.isfinite(values)]
    size = np.abs(finite) if cells.signed else finite
    if not len(size):
        return (-1.0 if cells.signed else 0.0, 1.0), 0
    high = float(np.percentile(size, percent, method="higher")) or float(size.max()) or 1.0
    beyond = int(np.count_nonzero(size > high * (1 + 1e-12)))
    if cells.signed:
        return (-high, high), beyond
    low = float(finite.min()) if cells.quantity == "delay" and cells.how != "count" else 0.0
    return (low, high if high > low else low + max(abs(low), 1.0) * 1e-3), beyond


def _title(rec: Recording, names: tuple[str, ...], cells: Cells) -> str:
    if cells.quantity == "probability":
        return "Connection probability"
    if cells.how == "count":
        return "Synapses"
    if cells.quantity == "delay":
        return "Delay (ms)"
    return weight_title(rec, names, "Mean weight" if cells.how == "mean" else "Weight")


def _caption(names: tuple[str, ...], cells: Cells) -> str:
    total, pairs = int(cells.sums.count.sum()), int(cells.sums.pairs.sum())
    what = {"weight": "Weights", "delay": "Delays", "probability": "Connection probability"}[cells.quantity]
    what = "Number" if cells.how == "count" and cells.quantity != "probability" else what
    projections = listed(list(names)) if len(names) <= 4 else f"{len(names)} projections"
    doubles = (
        f"{total - pairs:,} are further synapses of a pair already joined ({WORDS[cells.how]})"
        if total > pairs
        else "no pair has more than one"
    )
    return (
        f"{what} of {many(total, 'synapse')} ({projections}) from {_of(cells.rows, 'source')} (rows) to "
        f"{_of(cells.columns, 'target')} (columns); {doubles}. {_block_words(cells)} Grey: no synapse."
    )


def _of(side: Side, noun: str) -> str:
    """How many units of a side are on screen, and of how many."""
    if len(side.rows) < side.n_places:
        return f"{len(side.rows):,} of {many(side.n_places, noun)}"
    return many(len(side.rows), noun)


def _block_words(cells: Cells) -> str:
    """How many units share a cell, and what it shows of their synapses."""
    share = cells.quantity == "probability"
    how = "the share of their pairs that are joined" if share else f"their synapses {WORDS[cells.how]}"
    if cells.level == "populations":
        return f"A cell is the units of two populations, {how}."
    rows, columns = cells.rows.per_block, cells.columns.per_block
    if rows == columns == 1:
        return "A cell is one source and one target."
    block = f"{many(rows, 'source')} × {many(columns, 'target')}"
    return f"A cell is up to {block}, {how}; zoom in to see them one by one."


def _notes(rec: Recording, names: tuple[str, ...], cells: Cells, beyond: int) -> list[str]:
    notes = []
    if beyond:
        notes.append(
            f"{beyond:,} of {np.count_nonzero(cells.sums.count):,} cells lie beyond the range of colours "
            "and have its end colour."
        )
    unknown = int(cells.sums.missing.sum())
    if unknown and not cells.counted:
        notes.append(
            f"{unknown:,} synapses have no {cells.quantity} that is a number: counted, but in no sum or mean."
        )
    if cells.signed:
        notes += [*sign_notes(rec, names), *unit_notes(rec, names)]
    return notes


def _frame(extra: Mapping[str, Any]) -> pd.DataFrame:
    cells: Cells = extra["cells"]
    source, target = np.nonzero(cells.sums.count)
    rows, columns = (np.array(side.names, object) for side in cells.sides)
    return pd.DataFrame(
        {
            "source": rows[source],
            "target": columns[target],
            "value": extra["values"][source, target],
            "synapses": cells.sums.count[source, target],
        }
    )
