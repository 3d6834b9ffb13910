"""Population activity: the rate of every unit over time, as a heat map."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import Binned, binned_counts, mean_z_scores
from spikeboard.analysis.trains import window_ticks
from spikeboard.displays.cells import cell_edges, even_parts, per_cell
from spikeboard.errors import NothingToDraw
from spikeboard.levels import column_counts
from spikeboard.recording import Recording
from spikeboard.scene import ORDER, ORDER_WORDS, Scene, bands_of, boxed, frame_axes, scene_of, slim
from spikeboard.selection import Selection
from spikeboard.tables import check_size
from spikeboard.theme import DIVERGING, SEQUENTIAL, label, listed, population_colours
from spikeboard.view import Choice, Number, Result, View, Viewport
from spikeboard.views.chosen import bins_on_screen, by_population, many, span, spikes_per_unit

MOST_ROWS, MOST_COLUMNS = 500, 500
# The largest table of units × bins that is made before it is averaged into cells.
MOST_COUNTS = 2 * 10**7
# Every one of them is read for a z-score, which is about all of the window.
MOST_SCORES = 2 * 10**6
COUNTS_AT_ONCE = 2 * 10**6
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


@dataclass(frozen=True, eq=False)
class Bins:
    """What is counted: unit rows, in bins about this wide (ms), from t0 to t1 (s), of which [x0, x1] is on screen."""

    rec: Recording
    rows: np.ndarray
    wanted_ms: float
    t0: float
    t1: float
    x0: float
    x1: float

    def of(self, rows: np.ndarray) -> Binned:
        """The counts of some of the rows."""
        return binned_counts(self.rec, self.wanted_ms, rows, self.t0, self.t1)


def activity(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    bin_ms: float,
    quantity: str,
    sort: str,
    clip_percent: float,
) -> Result:
    """Spikes of each selected unit per time bin, in rows, silent units included.

    The rate is the count over the bin's true width; the z-score is the rate less the unit's own mean over the bins of
    the window, over its own standard deviation (ddof=0), and empty for units that never change. The bin is snapped
    to the clock. A shorter last bin is kept, and its rate uses its own width. Units stand in bands of populations,
    and within them as in the file, by number of spikes, by first spike, or by similarity (as in the raster).

    Above 500 units or 500 bins on screen neighbouring cells are averaged, and the notes say how many: zoom in to see
    them one by one. A band of a population can then share a row with the next. Colours end at the given percentile
    of the cells on screen (of their absolute values for z-scores, on both sides); values beyond it keep their number
    in table, hover and CSV.

    Parameters
    ----------
    rec, selection, viewport : what, which part of it, and what of that is on screen
    bin_ms : bin width, ms
    quantity : "rate", "z" or "count"
    sort : order of the units within their population
    clip_percent : percentile of the cells at which colours end

    Returns
    -------
    Result : frame with a row per unit (unit, population, id) and a column per bin on screen, before any averaging
    """
    scene = scene_of(rec, selection, viewport, sort)
    bins = _bins(rec, scene, bin_ms, quantity)
    cells, binned, constant = _cells(bins, scene.first, quantity)
    limit, beyond = _limit(cells.values, clip_percent)
    extra = {
        "rec": rec,
        "scene": scene,
        "bands": bands_of(rec, scene),
        "colours": population_colours(rec),
        "cells": cells,
        "limit": limit,
    }
    names = listed(list(by_population(rec, scene.rows)))
    what = f"{QUANTITIES[quantity]} of {many(len(scene.rows), 'unit')} ({names})"
    spikes = many(int(spikes_per_unit(rec, scene.rows, scene.x0, scene.x1).sum()), "spike")
    caption = (
        f"{what} in bins of {binned.bin_s * 1000:.6g} ms, {span(scene.x0, scene.x1)}, from {spikes}; units of a "
        f"population {ORDER_WORDS[sort]}. " + _limit_words(limit, beyond, clip_percent, quantity, cells)
    )
    notes = _notes(bin_ms, bins, binned, cells, quantity)
    if constant:
        notes.append(f"{many(constant, 'unit')} never change, silent ones among them: they have no z-score.")
    return Result(lambda: _frame(bins, quantity), caption, tuple(notes), extra)


def _bins(rec: Recording, scene: Scene, bin_ms: float, quantity: str) -> Bins:
    """The bins on screen; for a z-score those of the whole window, which it is about."""
    x0, x1 = (scene.t0, scene.t1) if quantity == "z" else (scene.x0, scene.x1)
    most = MOST_SCORES if quantity == "z" else MOST_COUNTS
    wanted = max(bin_ms, (x1 - x0) * 1000 * len(scene.rows) / most)
    begin, end = bins_on_screen(rec, wanted, scene.t0, scene.t1, x0, x1)
    return Bins(rec, scene.rows, wanted, begin, end, scene.x0, scene.x1)


def heat_map(result: Result, bin_ms: float, quantity: str, sort: str, clip_percent: float) -> go.Figure:
    """Units in rows, time across."""
    extra = result.extra
    cells: Cells = extra["cells"]
    limit = extra["limit"] or 1.0
    diverging = quantity == "z"
    figure = go.Figure()
    frame_axes(figure, extra["rec"], extra["scene"], extra["bands"], extra["colours"])
    says, named = _hover(extra["rec"], extra["scene"], cells)
    colours = {
        "zmin": -limit if diverging else 0,
        "zmax": limit,
        "colorscale": DIVERGING if diverging else SEQUENTIAL,
        "colorbar": {
            "title": {"text": QUANTITIES[quantity], "side": "right"},
            "thickness": 14,
            "outlinewidth": 0,
        },
    }
    says += "%{x:.4f} s<br>%{z:.4g}" + (" Hz" if quantity == "rate" else "") + "<extra></extra>"
    for rows, columns in product(even_parts(cells.rows), even_parts(cells.columns_s)):
        figure.add_heatmap(
            z=cells.values[rows, columns].astype("f4"),
            x=slim(cells.columns_s[columns.start : columns.stop + 1]),
            y=(cells.rows[rows.start : rows.stop + 1] - 0.5).astype("f4"),
            hovertemplate=says,
            hoverongaps=False,
            showscale=rows.start == columns.start == 0,
            **{what: names[rows, columns] for what, names in named.items()},
            **colours,
        )
    return figure


def box(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], sort: str, **_: Any
) -> Selection:
    """The time window and the units inside a box on the heat map."""
    return boxed(rec, selection, x, y, sort)


def _quantity(binned: Binned, quantity: str) -> np.ndarray:
    """Of every unit and bin, (U, B)."""
    if quantity == "z":
        return mean_z_scores(binned, *(np.arange(n + 1) for n in binned.counts.shape))[0].astype(np.float32)
    counts = binned.counts.astype(np.float32)
    return counts if quantity == "count" else counts / binned.widths_s.astype(np.float32)


def _cells(bins: Bins, first_place: int, quantity: str) -> tuple[Cells, Binned, int]:
    """The averaged cells on screen, the bins they are made of, and how many units have no value."""
    rows = cell_edges(len(bins.rows), MOST_ROWS)
    binned = bins.of(bins.rows[:0])
    shown = _on_screen(binned, bins)
    columns = shown.start + cell_edges(shown.stop - shown.start, MOST_COLUMNS)
    values, constant = (
        _scores(bins, rows, columns)
        if quantity == "z"
        else (_means(bins, binned, rows, columns, quantity), 0)
    )
    return Cells(values, binned.edges_s[columns], rows + first_place), binned, constant


def _means(bins: Bins, binned: Binned, rows: np.ndarray, columns: np.ndarray, quantity: str) -> np.ndarray:
    """Mean count or rate of the units and bins of each cell, counted a cell at a time."""
    # A shorter last bin has a rate of its own, which the mean of its cell takes as that of any bin.
    cuts = np.union1d(columns, columns[-1] - 1) if binned.partial else columns
    edges = np.rint(binned.edges_s[cuts] * bins.rec.ticks_per_second)
    if columns[-1] == len(binned.edges_s) - 1:
        edges[-1] = window_ticks(bins.rec, bins.t0, bins.t1)[1]
    place = np.full(len(bins.rec.units), -1)
    place[bins.rows] = np.repeat(np.arange(len(rows) - 1), np.diff(rows))
    counts = column_counts(bins.rec, (edges - 0.5) / bins.rec.ticks_per_second, place, len(rows) - 1)
    widths = binned.widths_s[cuts[:-1]] if quantity == "rate" else np.ones(len(counts))
    sums = np.add.reduceat(counts / widths[:, None], np.searchsorted(cuts, columns[:-1]), axis=0)
    return (sums / np.outer(np.diff(columns), np.diff(rows))).T


def _scores(bins: Bins, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int]:
    """Mean z-score of each cell, and how many units have none."""
    parts, constant = [], 0
    # Some units at a time: the table of all units and bins need not fit.
    for start, stop in _batches(rows, bins):
        binned = bins.of(bins.rows[rows[start] : rows[stop]])
        values, known = mean_z_scores(binned, rows[start : stop + 1] - rows[start], columns)
        constant += int(rows[stop] - rows[start] - known.sum())
        parts.append(values)
    if constant == len(bins.rows):
        raise NothingToDraw(
            "no selected unit changes its rate over the window, so there is no z-score: show the rate"
        )
    return np.concatenate(parts), constant


def _batches(rows: np.ndarray, bins: Bins) -> list[tuple[int, int]]:
    """Stretches of blocks of rows whose counts are held at once."""
    n_bins = max((bins.t1 - bins.t0) * 1000 / bins.wanted_ms, 1)
    step = max(1, int(COUNTS_AT_ONCE / (n_bins * (rows[1] - rows[0]))))
    return [(k, min(k + step, len(rows) - 1)) for k in range(0, len(rows) - 1, step)]


def _on_screen(binned: Binned, bins: Bins) -> slice:
    """Which bins are on screen, at least one."""
    first = int(np.searchsorted(binned.edges_s, bins.x0, side="right")) - 1
    stop = int(np.searchsorted(binned.edges_s, bins.x1, side="left"))
    n = len(binned.edges_s) - 1
    first = min(max(first, 0), n - 1)
    return slice(first, min(max(stop, first + 1), n))


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


def _notes(asked_ms: float, bins: Bins, binned: Binned, cells: Cells, quantity: str) -> list[str]:
    # A z-score is about the whole window, however little of it is on screen.
    closer = "select a shorter window" if quantity == "z" else "zoom in"
    used = binned.bin_s * 1000
    notes = []
    if bins.wanted_ms > asked_ms:
        notes.append(
            f"Bins of {asked_ms:g} ms would be too many: {used:.4g} ms is the finest for so many units; {closer} to "
            "see finer ones."
        )
    elif binned.snapped:
        notes.append(f"The bin of {asked_ms:g} ms was snapped to {used:.6g} ms, a multiple of the clock.")
    if binned.partial:
        notes.append(f"The last bin is {binned.partial * 1000:.4g} ms wide; its rate uses that width.")
    shown = _on_screen(binned, bins)
    n_units, n_bins = len(bins.rows), shown.stop - shown.start
    rows, columns = cells.values.shape
    if rows < n_units or columns < n_bins:
        block = f"{per_cell(n_units, MOST_ROWS)} units × {many(per_cell(n_bins, MOST_COLUMNS), 'bin')}"
        notes.append(f"A cell is the mean of up to {block}; the CSV has every unit and bin.")
    return notes


def _hover(rec: Recording, scene: Scene, cells: Cells) -> tuple[str, dict[str, np.ndarray]]:
    """What a cell is called, and with what: its unit's name where that is little to send, else its unit row or none."""
    rows, columns = cells.values.shape
    if rows < len(scene.rows):
        return "", {}
    if cells.values.size <= 20_000:
        names = np.array([label(rec.label(row)) for row in scene.rows], object)
        return "%{text}<br>", {"text": np.repeat(names[:, None], columns, axis=1)}
    numbers = scene.rows.astype(np.uint16 if scene.rows.max() < 2**16 else np.uint32)
    return "unit row %{customdata}<br>", {"customdata": np.repeat(numbers[:, None], columns, axis=1)}


def _frame(bins: Bins, quantity: str) -> pd.DataFrame:
    check_size(len(bins.rows) * int((bins.t1 - bins.t0) * 1000 / bins.wanted_ms))
    binned = bins.of(bins.rows)
    shown = _on_screen(binned, bins)
    table = bins.rec.units.iloc[bins.rows]
    names = [f"{quantity}_at_{start:.6f}_s" for start in binned.edges_s[shown]]
    frame = pd.DataFrame(_quantity(binned, quantity)[:, shown], columns=pd.Index(names))
    frame.insert(0, "unit", bins.rows)
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
    zooms=True,
    order=20,
    height=460,
)
