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
from spikeboard.scene import ORDER, ORDER_WORDS, Scene, bands_of, boxed, frame_axes, scene_of, slim
from spikeboard.selection import Selection
from spikeboard.theme import DIVERGING, SEQUENTIAL, label, listed, population_colours
from spikeboard.view import Choice, Number, Result, View, Viewport
from spikeboard.views.chosen import many, span

MOST_ROWS, MOST_COLUMNS = 500, 500
# The largest table of units × bins that is made before it is averaged into cells.
MOST_COUNTS = 2 * 10**7
QUANTITIES = {"rate": "Rate (Hz)", "z": "z-score", "count": "Spikes per bin"}


@dataclass(frozen=True, eq=False)
class Cells:
    """The heat map.

    values : (R, C), means over units and bins, NaN where there is none
    columns_s : (C + 1,) edges in s
    rows : (R + 1,) edges in places
    """

    values: np.ndarray
    columns_s: np.ndarray
    rows: np.ndarray


def activity(
    rec: Recording, selection: Selection, bin_ms: float, quantity: str, sort: str, clip_percent: float
) -> Result:
    """Spikes of each selected unit per time bin, in rows, silent units included.

    The rate is the count over the bin's true width; the z-score is the rate less the unit's own mean over the bins of
    the window, over its own standard deviation (ddof=0), and empty for units that never change. The bin is snapped
    to the clock. A shorter last bin is kept, and its rate uses its own width. Units stand in bands of populations,
    and within them as in the file, by number of spikes, by first spike, or by similarity (as in the raster).

    Above 500 units or 500 bins neighbouring cells are averaged, and the notes say how many; a band of a population
    can then share a row with the next. Colours end at the given percentile of the cells (of their absolute values for
    z-scores, on both sides); values beyond it keep their number in table, hover and CSV.

    Parameters
    ----------
    rec, selection : what, and which part of it
    bin_ms : bin width, ms
    quantity : "rate", "z" or "count"
    sort : order of the units within their population
    clip_percent : percentile of the cells at which colours end

    Returns
    -------
    Result : frame with a row per unit (unit, population, id) and a column per bin, before any averaging
    """
    scene = scene_of(rec, selection, Viewport(), sort)
    wanted = max(bin_ms, (scene.t1 - scene.t0) * 1000 * len(scene.order) / MOST_COUNTS)
    binned = binned_counts(rec, wanted, scene.order, scene.t0, scene.t1)
    values = _quantity(binned, quantity)
    cells = _averaged(values, binned.edges_s)
    limit, beyond = _limit(cells.values, clip_percent)
    extra = {
        "rec": rec,
        "scene": scene,
        "bands": bands_of(rec, scene),
        "colours": population_colours(rec),
        "cells": cells,
        "limit": limit,
    }
    names = listed([name for name, _, _ in extra["bands"]])
    what = f"{QUANTITIES[quantity]} of {many(len(scene.order), 'unit')} ({names})"
    spikes = many(int(binned.counts.sum(dtype=np.int64)), "spike")
    caption = (
        f"{what} in bins of {binned.bin_s * 1000:.6g} ms, {span(scene.t0, scene.t1)}, from {spikes}; units of a "
        f"population {ORDER_WORDS[sort]}. " + _limit_words(limit, beyond, clip_percent, quantity, cells)
    )
    notes = _notes(bin_ms, wanted, binned, cells, len(scene.order))
    if quantity == "z" and (constant := int(np.isnan(values[:, 0]).sum())):
        notes.append(f"{many(constant, 'unit')} never change, silent ones among them: they have no z-score.")
    return Result(lambda: _frame(rec, scene, binned, values, quantity), caption, tuple(notes), extra)


def heat_map(result: Result, bin_ms: float, quantity: str, sort: str, clip_percent: float) -> go.Figure:
    """Units in rows, time across."""
    extra = result.extra
    cells: Cells = extra["cells"]
    limit = extra["limit"] or 1.0
    diverging = quantity == "z"
    figure = go.Figure()
    frame_axes(figure, extra["rec"], extra["scene"], extra["bands"], extra["colours"])
    names, says = _hover(extra["rec"], extra["scene"], cells)
    figure.add_heatmap(
        z=cells.values.astype("f4"),
        x=slim(cells.columns_s),
        y=(cells.rows - 0.5).astype("f4"),
        zmin=-limit if diverging else 0,
        zmax=limit,
        colorscale=DIVERGING if diverging else SEQUENTIAL,
        colorbar={
            "title": {"text": QUANTITIES[quantity], "side": "right"},
            "thickness": 14,
            "outlinewidth": 0,
        },
        hovertemplate=says
        + "%{x:.4f} s<br>%{z:.4g}"
        + (" Hz" if quantity == "rate" else "")
        + "<extra></extra>",
        hoverongaps=False,
        **names,
    )
    return figure


def box(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], sort: str, **_: Any
) -> Selection:
    """The time window and the units inside a box on the heat map."""
    return boxed(rec, selection, x, y, sort)


def _quantity(binned: Binned, quantity: str) -> np.ndarray:
    if quantity == "count":
        return binned.counts.astype(np.float32)
    rates = binned.counts.astype(np.float32)
    rates /= binned.widths_s.astype(np.float32)
    if quantity == "rate":
        return rates
    # Rounding gives even a constant row some deviation.
    varied = (rates != rates[:, :1]).any(axis=1, keepdims=True)
    if not varied.any():
        raise NothingToDraw(
            "no selected unit changes its rate over the window, so there is no z-score: show the rate"
        )
    rates -= rates.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return rates / np.where(varied, rates.std(axis=1, keepdims=True), np.nan)


def _averaged(values: np.ndarray, edges_s: np.ndarray) -> Cells:
    rows = _block_edges(values.shape[0], MOST_ROWS)
    columns = _block_edges(values.shape[1], MOST_COLUMNS)
    if len(rows) > len(values) and len(columns) == len(edges_s):
        return Cells(values, edges_s, rows)
    known = np.isfinite(values)
    sums = _block_sums(np.where(known, values, 0), rows, columns)
    numbers = _block_sums(known, rows, columns)
    means = np.divide(sums, numbers, out=np.full_like(sums, np.nan), where=numbers > 0)
    return Cells(means, edges_s[columns], rows)


def _block_edges(length: int, most: int) -> np.ndarray:
    step = -(-length // most)
    return np.unique(np.r_[np.arange(0, length, step), length])


def _block_sums(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    down = np.add.reduceat(values, rows[:-1], axis=0, dtype=np.float64)
    return np.add.reduceat(down, columns[:-1], axis=1)


def _limit(values: np.ndarray, percent: float) -> tuple[float, int]:
    """Where colours end, and how many cells lie beyond."""
    sizes = np.abs(values[np.isfinite(values)])
    limit = float(np.percentile(sizes, percent)) if len(sizes) else 0.0
    # A sparse map has its percentile at zero: then its largest value ends the colours.
    limit = limit or float(sizes.max(initial=0))
    return limit, int(np.count_nonzero(sizes > limit))


def _limit_words(limit: float, beyond: int, percent: float, quantity: str, cells: Cells) -> str:
    if not limit:
        return "Nothing fires."
    ends = f"±{limit:.3g}" if quantity == "z" else f"{limit:.3g}{' Hz' if quantity == 'rate' else ''}"
    if not beyond:
        return f"Colours end at {ends}; no cell lies beyond."
    return f"Colours end at {ends}, percentile {percent:g}; {beyond:,} of {cells.values.size:,} cells lie beyond."


def _notes(asked_ms: float, wanted_ms: float, binned: Binned, cells: Cells, n_units: int) -> list[str]:
    used = binned.bin_s * 1000
    notes = []
    if wanted_ms > asked_ms:
        notes.append(
            f"Bins of {asked_ms:g} ms would be too many: {used:.4g} ms is the finest for so many units."
        )
    elif binned.snapped:
        notes.append(f"The bin of {asked_ms:g} ms was snapped to {used:.6g} ms, a multiple of the clock.")
    if binned.partial:
        notes.append(f"The last bin is {binned.partial * 1000:.4g} ms wide; its rate uses that width.")
    n_bins = len(binned.edges_s) - 1
    rows, columns = cells.values.shape
    if rows < n_units or columns < n_bins:
        block = f"{-(-n_units // MOST_ROWS)} units × {many(-(-n_bins // MOST_COLUMNS), 'bin')}"
        notes.append(f"A cell is the mean of up to {block}; the CSV has every unit and bin.")
    return notes


def _hover(rec: Recording, scene: Scene, cells: Cells) -> tuple[dict[str, Any], str]:
    """What a cell is called: its unit's name where that is little to send, else its unit row, or rows."""
    rows, columns = cells.values.shape
    if rows < len(scene.order):
        return {}, ""
    if cells.values.size <= 20_000:
        names = np.array([label(rec.label(row)) for row in scene.order], object)
        return {"text": np.repeat(names[:, None], columns, axis=1)}, "%{text}<br>"
    numbers = scene.order.astype(np.uint16 if scene.order.max() < 2**16 else np.uint32)
    return {"customdata": np.repeat(numbers[:, None], columns, axis=1)}, "unit row %{customdata}<br>"


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
