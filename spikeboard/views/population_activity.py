"""Population activity: the rate of every unit over time, as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import Binned, binned_counts
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.scene import ORDER, ORDER_WORDS, Scene, bands_of, boxed, frame_axes, scene_of
from spikeboard.selection import Selection
from spikeboard.theme import DIVERGING, SEQUENTIAL, label, listed, population_colours
from spikeboard.view import Choice, Number, Result, View, Viewport

MOST_ROWS, MOST_COLUMNS = 400, 500
# The largest table of units × bins that is made before it is averaged into cells.
MOST_COUNTS = 4 * 10**7
QUANTITIES = {"rate": "Rate (Hz)", "z": "z-score", "count": "Spikes per bin"}


@dataclass(frozen=True, eq=False)
class Cells:
    """The heat map: values (rows, columns), edges of the columns in s and of the rows in places."""

    values: np.ndarray
    columns_s: np.ndarray
    rows: np.ndarray


def activity(
    rec: Recording, selection: Selection, bin_ms: float, quantity: str, sort: str, clip_percent: float
) -> Result:
    """Spikes of each selected unit per time bin, in rows, silent units included.

    The rate is the count over the bin's true width; the z-score is the rate less the unit's own mean over the
    window, over its own standard deviation (ddof=0), and empty for units that never change. The bin is snapped to
    the clock. A shorter last bin is kept. Above 400 units or 500 bins neighbouring cells are averaged, and the
    notes say how many. Colours end at the given percentile of the cells, on both sides for z-scores; values beyond
    it keep their number in table, hover and CSV.
    """
    scene = scene_of(rec, selection, Viewport(), sort)
    bin_used, coarser = _bin_ms(bin_ms, scene)
    binned = binned_counts(rec, bin_used, scene.order, scene.t0, scene.t1)
    values = _quantity(binned, quantity)
    cells = _averaged(values, binned.edges_s)
    limit, beyond = _limit(cells.values, clip_percent)
    notes = _notes(bin_ms, binned, coarser, len(scene.order), cells)
    extra = {
        "scene": scene,
        "bands": bands_of(rec, scene),
        "colours": population_colours(rec),
        "cells": cells,
        "limit": limit,
        "names": [label(rec.label(row)) for row in scene.order]
        if len(cells.values) == len(scene.order)
        else None,
    }
    caption = (
        f"{QUANTITIES[quantity]} of {len(scene.order):,} units ({listed([b[0] for b in extra['bands']])}) in bins of "
        f"{binned.bin_s * 1000:g} ms, {scene.t0:.6g} to {scene.t1:.6g} s; units of a population {ORDER_WORDS[sort]}. "
        f"Colours end at {limit:.3g}, the {clip_percent:g}th percentile; {beyond:,} of {cells.values.size:,} cells lie beyond."
    )
    return Result(lambda: _frame(rec, scene, binned, values, quantity), caption, tuple(notes), extra)


def heat_map(result: Result, bin_ms: float, quantity: str, sort: str, clip_percent: float) -> go.Figure:
    """Units in rows, time across."""
    cells: Cells = result.extra["cells"]
    limit = result.extra["limit"] or 1.0
    diverging = quantity == "z"
    figure = go.Figure()
    frame_axes(figure, result.extra["scene"], result.extra["bands"], result.extra["colours"], marginals=False)
    names = result.extra["names"]
    figure.add_heatmap(
        z=cells.values.astype("f4"),
        x=cells.columns_s.astype("f4") if np.abs(cells.columns_s).max() < 1e4 else cells.columns_s,
        y=(cells.rows - 0.5).astype("f4"),
        zmin=-limit if diverging else 0,
        zmax=limit,
        colorscale=DIVERGING if diverging else SEQUENTIAL,
        colorbar={
            "title": {"text": QUANTITIES[quantity], "side": "right"},
            "thickness": 14,
            "outlinewidth": 0,
        },
        text=None
        if names is None
        else np.repeat(np.array(names, object)[:, None], cells.values.shape[1], axis=1)
        if cells.values.size <= 20_000
        else None,
        hovertemplate=("%{text}<br>" if names and cells.values.size <= 20_000 else "")
        + "%{x:.4f} s<br>%{z:.4g}<extra></extra>",
        hoverongaps=False,
    )
    return figure


def box(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], sort: str, **_: Any
) -> Selection:
    """The time window and the units inside a box on the heat map."""
    return boxed(rec, selection, x, y, sort)


def _bin_ms(bin_ms: float, scene: Scene) -> tuple[float, bool]:
    """The bin width, made coarser where units × bins would not fit."""
    least = (scene.t1 - scene.t0) * 1000 * len(scene.order) / MOST_COUNTS
    return (bin_ms, False) if bin_ms >= least else (float(least), True)


def _quantity(binned: Binned, quantity: str) -> np.ndarray:
    if quantity == "count":
        return binned.counts.astype(np.float32)
    rates = (binned.counts / binned.widths_s).astype(np.float32)
    if quantity == "rate":
        return rates
    deviation = rates.std(axis=1, keepdims=True)
    if not np.any(deviation > 0):
        raise NothingToDraw(
            "no selected unit changes its rate over the window, so there is no z-score: show the rate"
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(deviation > 0, (rates - rates.mean(axis=1, keepdims=True)) / deviation, np.nan)


def _averaged(values: np.ndarray, edges_s: np.ndarray) -> Cells:
    rows = _block_edges(values.shape[0], MOST_ROWS)
    columns = _block_edges(values.shape[1], MOST_COLUMNS)
    known = np.isfinite(values)
    sums = _block_sums(np.where(known, values, 0), rows, columns)
    numbers = _block_sums(known.astype(np.float32), rows, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(numbers > 0, sums / numbers, np.nan)
    return Cells(means, edges_s[columns], rows)


def _block_edges(length: int, most: int) -> np.ndarray:
    step = -(-length // most)
    return np.unique(np.r_[np.arange(0, length, step), length])


def _block_sums(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    across = np.add.reduceat(values, columns[:-1], axis=1, dtype=np.float64)
    return np.add.reduceat(across, rows[:-1], axis=0)


def _limit(values: np.ndarray, percent: float) -> tuple[float, int]:
    sizes = np.abs(values[np.isfinite(values)])
    limit = float(np.percentile(sizes, percent)) if len(sizes) else 0.0
    # A sparse map has its percentile at zero: then its largest value ends the colours.
    limit = limit or float(sizes.max(initial=0))
    return limit, int(np.count_nonzero(sizes > limit))


def _notes(asked_ms: float, binned: Binned, coarser: bool, n_units: int, cells: Cells) -> list[str]:
    notes = []
    if coarser:
        notes.append(
            f"Bins of {asked_ms:g} ms would be too many: {binned.bin_s * 1000:.4g} ms is the finest for so many units."
        )
    elif binned.snapped:
        notes.append(
            f"The bin of {asked_ms:g} ms was snapped to {binned.bin_s * 1000:.6g} ms, a multiple of the clock."
        )
    if binned.partial:
        notes.append(f"The last bin is {binned.partial * 1000:.4g} ms wide; its rate uses that width.")
    rows, columns = cells.values.shape
    if rows < n_units or columns < len(binned.edges_s) - 1:
        notes.append(
            f"A cell is the mean of up to {-(-n_units // MOST_ROWS)} units × {-(-(len(binned.edges_s) - 1) // MOST_COLUMNS)} bins; "
            "the CSV has every unit and bin."
        )
    return notes


def _frame(rec: Recording, scene: Scene, binned: Binned, values: np.ndarray, quantity: str) -> pd.DataFrame:
    table = rec.units.iloc[scene.order]
    frame = pd.DataFrame(
        values, columns=pd.Index([f"{quantity}_at_{start:.6f}_s" for start in binned.edges_s[:-1]])
    )
    frame.insert(0, "unit", scene.order)
    frame.insert(1, "population", table["population"].astype(str).to_numpy())
    frame.insert(2, "id", table["id"].to_numpy())
    return frame


VIEW = View(
    "population_activity",
    "Population activity",
    page="raster",
    data=activity,
    figure=heat_map,
    settings={
        "bin_ms": Number(50.0, 0.1, 60_000, "Bin width", "ms"),
        "quantity": Choice("rate", QUANTITIES, "Show"),
        "sort": ORDER,
        "clip_percent": Number(99.0, 50, 100, "Colours end at percentile"),
    },
    needs=("units", "spikes"),
    brush=box,
    order=20,
    height=460,
)
