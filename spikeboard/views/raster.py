"""Raster: every spike of every unit, as marks when few are on screen, as counts per pixel when many are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import population_counts
from spikeboard.analysis.pixels import column_edges, row_pixels
from spikeboard.analysis.trains import select_trains, window_ticks
from spikeboard.displays.marks import strokes
from spikeboard.levels import column_counts
from spikeboard.pictures import counts_png, data_address
from spikeboard.recording import Recording
from spikeboard.scene import (
    ORDER,
    ORDER_WORDS,
    Scene,
    bands_of,
    boxed,
    frame_axes,
    scene_of,
    shades_of,
    slim,
)
from spikeboard.selection import Selection
from spikeboard.tables import check_size
from spikeboard.theme import faded, label, listed, population_colours
from spikeboard.view import Flag, Pick, Result, View, Viewport
from spikeboard.views.chosen import by_population, many, span, spikes_per_unit

MOST_MARKS = 5000
FRAME_PX, SIDE_PX, TOP_PX = 84, 90, 80
# About what the rows have of the figure's height.
ROWS_PX = 400
# A narrower figure has no room for the margin at the right.
NARROW_PX = 560


@dataclass(frozen=True, eq=False)
class Margins:
    """Rates beside the raster.

    edges, rates : (B + 1,) s and {population: (B,) Hz per unit}, above
    bin_s : width of these bins, s
    side : (rows on screen,) Hz, at the right; None where there is no room
    """

    edges: np.ndarray
    rates: Mapping[str, np.ndarray]
    bin_s: float
    side: np.ndarray | None


def spikes(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    sort: str,
    marginals: bool,
    intervals: str | None,
) -> Result:
    """All spikes of the selected units in the selected window, one row per unit, silent units included.

    Up to 5,000 spikes on screen are drawn as marks; more are counted per pixel, and the picture's opacity grows
    with the logarithm of the count. Counts are exact and of all spikes: nothing is sampled. Populations stand in
    bands, in the order of the file; within them units stand as in the file, by number of spikes, by first
    spike, or by similarity of their activity (average-linkage clustering of 1 - correlation with optimal leaf
    order, Bar-Joseph et al. 2001; beyond 500 units by the first two principal components, Friendly & Kwan 2003).

    The margin above is the rate per unit of each population; the margin at the right is the rate of each unit in
    what is on screen. A box drawn on the raster selects its time window and units for every page. A window holds
    the spikes from its start up to, not including, its end; the end of the recording is included.

    Parameters
    ----------
    rec, selection, viewport : what, which part of it, and what of that is on screen
    sort : order of the units within their population
    marginals : whether to show the rates
    intervals : table of intervals to shade, or None

    Returns
    -------
    Result : frame of the spikes on screen, ascending in time: time_s, unit, population, id
    """
    scene = scene_of(rec, selection, viewport, sort)
    per_unit = spikes_per_unit(rec, scene.rows, scene.x0, scene.x1)
    total = int(per_unit.sum())
    shades, notes = shades_of(rec, scene, intervals)
    extra: dict[str, Any] = {
        "rec": rec,
        "scene": scene,
        "bands": bands_of(rec, scene),
        "colours": population_colours(rec),
        "shades": shades,
        "margins": _margins(rec, scene, viewport, per_unit) if marginals else None,
    }
    if total <= MOST_MARKS:
        extra["marks"] = _marks(rec, scene)
    else:
        extra["picture"], most = _picture(rec, scene, viewport, marginals)
        notes.insert(
            0,
            f"Counts per pixel of all {total:,} spikes: 1 px = up to {most:,}. Zoom in to see single spikes.",
        )
    return Result(
        lambda: _frame(rec, scene, total),
        _caption(rec, scene, total, sort, extra["margins"]),
        tuple(notes),
        extra,
    )


def draw(result: Result, sort: str, marginals: bool, intervals: str | None) -> go.Figure:
    """Marks or a picture under real axes, population bands, and the margins."""
    figure = go.Figure()
    extra = result.extra
    scene: Scene = extra["scene"]
    margins: Margins | None = extra["margins"]
    right = 0.905 if margins is not None and margins.side is not None else 1.0
    top = 1.0 if margins is None else 0.84
    frame_axes(figure, extra["rec"], scene, extra["bands"], extra["colours"], right, top, extra["shades"])
    if "picture" in extra:
        figure.add_layout_image(**_placed(scene, extra["picture"]))
    else:
        _add_marks(figure, scene, result)
    if margins is not None:
        _add_top(figure, margins, extra["colours"])
        _add_side(figure, margins, scene, result)
    return figure.update_layout(dragmode="zoom")


def _marks(rec: Recording, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Time (s) and place of each spike on screen, place by place."""
    ticks, offsets = _on_screen(rec, scene)
    return ticks / rec.ticks_per_second, np.repeat(np.arange(scene.first, scene.last), np.diff(offsets))


def _on_screen(rec: Recording, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    window = window_ticks(rec, scene.x0, scene.x1)
    return select_trains(rec, scene.rows, *window)


def _picture(rec: Recording, scene: Scene, viewport: Viewport, marginals: bool) -> tuple[bytes, int]:
    height = max(viewport.height - FRAME_PX - (TOP_PX if marginals else 0), 100)
    beside = SIDE_PX if marginals and viewport.width >= NARROW_PX else 0
    width = max(viewport.width - FRAME_PX - beside, 100)
    n_rows = len(scene.rows)
    lines = min(n_rows, height)
    place = row_pixels(len(rec.units), scene.rows, lines)
    edges = column_edges(rec, scene.x0, scene.x1, width)
    counts = column_counts(rec, edges, place, lines).T
    first_of_line = scene.rows[-(-np.arange(lines) * n_rows // lines)]
    names = rec.units["population"].astype(str).to_numpy(object)[first_of_line]
    colours = population_colours(rec)
    png = counts_png(counts, [colours[name] for name in names], height // lines)
    return png, int(counts.max(initial=0))


def _margins(rec: Recording, scene: Scene, viewport: Viewport, per_unit: np.ndarray) -> Margins:
    """Rates of what is on screen; those above in at most one bin per four pixels."""
    groups = by_population(rec, scene.rows)
    bins = int(np.clip((viewport.width - FRAME_PX - SIDE_PX) // 4, 50, 400))
    bin_ms = max((scene.x1 - scene.x0) / bins, rec.tick) * 1000
    binned = population_counts(rec, bin_ms, list(groups.values()), scene.x0, scene.x1)
    rates = binned.rates_hz(np.array([len(group) for group in groups.values()]))
    side = per_unit / (scene.x1 - scene.x0) if viewport.width >= NARROW_PX else None
    return Margins(binned.edges_s, dict(zip(groups, rates, strict=True)), binned.bin_s, side)


def _caption(rec: Recording, scene: Scene, total: int, sort: str, margins: Margins | None) -> str:
    silent = int(np.count_nonzero(rec.counts[scene.rows] == 0))
    above = f" Above, rates in bins of {margins.bin_s * 1000:.4g} ms." if margins else ""
    return (
        f"{many(total, 'spike')} of {many(len(scene.rows), 'unit')} ({listed(list(by_population(rec, scene.rows)))}; "
        f"{silent:,} silent in the whole recording), {span(scene.x0, scene.x1)}; units of a population "
        f"{ORDER_WORDS[sort]}.{above}"
    )


def _frame(rec: Recording, scene: Scene, total: int) -> pd.DataFrame:
    check_size(total * 4)
    ticks, offsets = _on_screen(rec, scene)
    rows = np.repeat(scene.rows, np.diff(offsets))
    order = np.lexsort((rows, ticks))
    rows = rows[order]
    names = rec.units["population"].astype(str).to_numpy(object)
    return pd.DataFrame(
        {
            "time_s": ticks[order] / rec.ticks_per_second,
            "unit": rows,
            "population": names[rows],
            "id": rec.units["id"].to_numpy()[rows],
        }
    )


def _placed(scene: Scene, png: bytes) -> dict[str, Any]:
    return {
        "source": data_address(png),
        "xref": "x",
        "yref": "y",
        "x": scene.x0,
        "y": scene.first - 0.5,
        "sizex": scene.x1 - scene.x0,
        "sizey": scene.last - scene.first,
        "sizing": "stretch",
        "layer": "below",
        "yanchor": "top",
    }


def _add_marks(figure: go.Figure, scene: Scene, result: Result) -> None:
    """A stroke for each spike, and points to hover over."""
    times, places = result.extra["marks"]
    rec: Recording = result.extra["rec"]
    half = float(np.clip(0.8 * 300 / len(scene.rows), 3, 16)) / 2 * len(scene.rows) / ROWS_PX
    names = {place: label(rec.label(int(scene.order[place]))) for place in np.unique(places).tolist()}
    shapes = []
    for name, first, last in result.extra["bands"]:
        mine = slice(*np.searchsorted(places, [first, last]))
        if mine.start == mine.stop:
            continue
        tint = result.extra["colours"][name]
        at, row = times[mine], places[mine]
        shapes.append(strokes(at, at, row - half, row + half, tint, 1.4))
        figure.add_scatter(
            x=at,
            y=row.astype(np.int32),
            mode="none",
            hoverlabel={"bgcolor": tint, "font": {"color": "#ffffff"}},
            text=[names[place] for place in row.tolist()],
            hovertemplate="%{text}<br>%{x:.6f} s<extra></extra>",
            name=label(name),
            showlegend=False,
        )
    # At once: each that is added by itself has all of them looked through again.
    figure.update_layout(shapes=[*figure.layout.shapes, *shapes])


def _add_top(figure: go.Figure, margins: Margins, colours: Mapping[str, str]) -> None:
    for name, rate in margins.rates.items():
        figure.add_scatter(
            x=slim(margins.edges), y=np.r_[rate, rate[-1:]].astype("f4"), yaxis="y2", mode="lines",
            line={"color": colours[name], "width": 1.3, "shape": "hv"}, name=label(name), showlegend=False,
            hovertemplate="%{x:.4f} s<br>%{y:.3g} Hz<extra>" + label(name) + "</extra>",
        )  # fmt: skip
    axis = {"domain": [0.875, 1], "anchor": "x", "rangemode": "tozero", "nticks": 3, "fixedrange": True}
    figure.update_layout(yaxis2={**axis, "title": {"text": "Hz"}})


def _add_side(figure: go.Figure, margins: Margins, scene: Scene, result: Result) -> None:
    if margins.side is None:
        return
    for name, first, last in result.extra["bands"]:
        a, b = max(first, scene.first), min(last, scene.last)
        if a >= b:
            continue
        tint = result.extra["colours"][name]
        x = np.repeat(margins.side[a - scene.first : b - scene.first], 2)
        y = np.repeat(np.arange(a, b + 1) - 0.5, 2)[1:-1]
        figure.add_scatter(
            x=np.r_[0, x, 0].astype("f4"), y=np.r_[y[:1], y, y[-1:]].astype("f4"), xaxis="x2", mode="lines",
            fill="toself", line={"color": tint, "width": 0.8}, fillcolor=faded(tint, 0.35), showlegend=False,
            hovertemplate="%{x:.3g} Hz<extra>" + label(name) + "</extra>",
        )  # fmt: skip
    most = float(margins.side.max(initial=0))
    ticks = [_nice_below(most)] if most > 0 else [0.0]
    figure.update_layout(
        xaxis2={
            "domain": [0.915, 1],
            "anchor": "y",
            "range": [0, most * 1.05 or 1],
            "tickvals": ticks,
            "ticktext": [f"{tick:g} Hz" for tick in ticks],
            "fixedrange": True,
        }
    )


def _nice_below(value: float) -> float:
    """The greatest of 1, 2 and 5 times a power of ten that is not above a positive number."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value))


VIEW = View(
    "raster",
    "Raster",
    page="raster",
    data=spikes,
    figure=draw,
    settings={
        "sort": ORDER,
        "marginals": Flag(True, "Rates in the margins"),
        "intervals": Pick("interval", "Shade intervals", empty="none"),
    },
    needs=("units",),
    brush=boxed,
    zooms=True,
    order=10,
    height=560,
)
