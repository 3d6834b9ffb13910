"""Raster: every spike of every unit, as marks when few are on screen, as counts per pixel when many are."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from spikeboard.analysis.bins import population_counts
from spikeboard.analysis.pixels import column_edges, pixel_counts_ordered, spikes_shown
from spikeboard.recording import Recording
from spikeboard.scene import ORDER, ORDER_WORDS, Scene, bands_of, boxed, frame_axes, scene_of, shades_of
from spikeboard.selection import Selection
from spikeboard.theme import colour, faded, label, listed, population_colours
from spikeboard.view import Flag, Pick, Result, View, Viewport

MOST_MARKS = 5000
MOST_BANDS_LABELLED = 40
MOST_INTERVALS = 200
# Grey levels of each population's colour in the picture; with ten colours they fit an 8-bit palette.
LEVELS = 24
SIDE_PX, TOP_PX, FRAME_PX = 90, 80, 84


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
    what is on screen. A box drawn on the raster selects its time window and units for every page.
    """
    scene = scene_of(rec, selection, viewport, sort)
    lut = np.full(len(rec.units), -1, np.int32)
    lut[scene.rows] = np.arange(len(scene.rows), dtype=np.int32)
    stretch = spikes_shown(rec, scene.x0, scene.x1)
    seen, total = _seen(rec, stretch, lut)
    extra: dict[str, Any] = {
        "scene": scene,
        "bands": bands_of(rec, scene),
        "colours": population_colours(rec),
        "shades": shades_of(rec, scene, intervals),
    }
    notes = []
    if seen is None:
        extra["picture"], most = _picture(rec, scene, viewport, lut)
        notes.append(
            f"Counts per pixel of all {total:,} spikes: 1 px = up to {most:,}. Zoom in to see single spikes."
        )
    else:
        times = rec.spike_times[stretch][seen]
        extra["marks"] = pd.DataFrame({"time": times, "row": rec.spike_rows[stretch][seen]})
        extra["names"] = (
            [label(rec.label(row)) for row in scene.rows] if len(scene.rows) <= MOST_MARKS else None
        )
    if marginals:
        extra["top"] = _top(rec, scene, viewport)
        extra["side"] = _side(rec, scene)
    return Result(lambda: _frame(rec, stretch, lut), _caption(rec, scene, total, sort), tuple(notes), extra)


def draw(result: Result, sort: str, marginals: bool, intervals: str | None) -> go.Figure:
    """Marks or a picture under real axes, population bands, and the margins."""
    figure = go.Figure()
    scene: Scene = result.extra["scene"]
    frame_axes(figure, scene, result.extra["bands"], result.extra["colours"], marginals)
    if "picture" in result.extra:
        figure.add_layout_image(**_placed(scene, result.extra["picture"]))
    else:
        _add_marks(figure, scene, result)
    if marginals:
        _add_margins(figure, scene, result)
    for start, stop in result.extra["shades"]:
        figure.add_vrect(start, stop, fillcolor="#8c8c8c", opacity=0.14, line_width=0, layer="below")
    return figure.update_layout(dragmode="zoom", barmode="overlay", bargap=0)


def _seen(rec: Recording, stretch: slice, lut: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Which spikes of the stretch are on screen, None where they are too many for marks; and how many they are."""
    rows = rec.spike_rows[stretch]
    visible = lut[rows] >= 0
    total = int(np.count_nonzero(visible))
    return (np.flatnonzero(visible) if total <= MOST_MARKS else None), total


def _picture(rec: Recording, scene: Scene, viewport: Viewport, lut: np.ndarray) -> tuple[bytes, int]:
    height = max(viewport.height - FRAME_PX - TOP_PX, 100)
    width = max(viewport.width - FRAME_PX - SIDE_PX, 100)
    n_rows = len(scene.rows)
    lines = min(n_rows, height)
    to_line = np.where(lut >= 0, lut.astype(np.int64) * lines // n_rows, -1).astype(np.int32)
    edges = column_edges(rec, scene.x0, scene.x1, width)
    counts = pixel_counts_ordered(rec.spike_times, rec.spike_rows, edges, to_line, lines)
    codes = rec.units["population"].cat.codes.to_numpy()[scene.rows]
    line_code = codes[np.arange(lines) * n_rows // lines]
    return _png(counts, line_code, height // lines), int(counts.max(initial=0))


def _png(counts: np.ndarray, line_code: np.ndarray, thickness: int) -> bytes:
    """Counts as an 8-bit palette PNG: the population's colour, more opaque the more spikes; empty is transparent."""
    colours = list(population_palette(line_code))
    most = max(int(counts.max(initial=0)), 1)
    level = np.zeros(most + 1, np.uint8)
    level[1:] = np.rint(np.log1p(np.arange(1, most + 1)) / np.log1p(most) * (LEVELS - 1)) + 1
    slot = np.array([colours.index(code % 10) for code in line_code], np.uint8)
    picture = level[counts]
    picture = np.where(picture > 0, picture + slot[:, None] * LEVELS, 0).astype(np.uint8)
    if thickness > 1:
        gap = thickness // 5
        picture = np.repeat(picture, thickness, axis=0)
        if gap:
            picture.reshape(len(counts), thickness, -1)[:, -gap:] = 0
    image = _paletted(picture, colours)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1, transparency=_opacities(len(colours)))
    return file.getvalue()


def population_palette(codes: np.ndarray) -> dict[int, None]:
    """The distinct colour positions of population codes, in order."""
    return dict.fromkeys(int(code) % 10 for code in np.unique(codes))


def _paletted(picture: np.ndarray, colours: list[int]) -> Image.Image:
    image = Image.frombytes("P", picture.shape[::-1], np.ascontiguousarray(picture).tobytes())
    values = [0, 0, 0]
    for position in colours:
        values += [int(colour(position)[i : i + 2], 16) for i in (1, 3, 5)] * LEVELS
    image.putpalette(values)
    return image


def _opacities(n_colours: int) -> bytes:
    steps = np.linspace(150, 255, LEVELS).astype(np.uint8).tobytes()
    return b"\0" + steps * n_colours


def _top(rec: Recording, scene: Scene, viewport: Viewport) -> Mapping[str, Any]:
    """Rate per unit of each population on screen, at most one bin per four pixels."""
    codes = rec.units["population"].cat.codes.to_numpy()[scene.rows]
    names = rec.units["population"].cat.categories
    groups = {names[code]: scene.rows[codes == code] for code in np.unique(codes)}
    bins = np.clip((viewport.width - FRAME_PX - SIDE_PX) // 4, 50, 400)
    bin_ms = max((scene.x1 - scene.x0) / bins, rec.tick) * 1000
    binned = population_counts(rec, bin_ms, list(groups.values()), scene.x0, scene.x1)
    sizes = np.array([len(group) for group in groups.values()])
    return {
        "edges": binned.edges_s,
        "rates": dict(zip(groups, binned.rates_hz(sizes), strict=True)),
        "bin_s": binned.bin_s,
    }


def _side(rec: Recording, scene: Scene) -> np.ndarray:
    """Rate of each unit on screen, Hz, from top to bottom."""
    per_unit = population_counts(
        rec, (scene.x1 - scene.x0) * 1000, [[row] for row in scene.rows], scene.x0, scene.x1
    )
    return per_unit.counts.sum(axis=1) / (scene.x1 - scene.x0)


def _caption(rec: Recording, scene: Scene, total: int, sort: str) -> str:
    counts = rec.counts[scene.rows]
    silent = int(np.count_nonzero(counts == 0))
    names = [name for name, first, last in bands_of(rec, scene) if first < scene.last and last > scene.first]
    return (
        f"{total:,} spikes of {len(scene.rows):,} units ({listed(names)}; {silent:,} silent in the whole recording), "
        f"{scene.x0:.6g} to {scene.x1:.6g} s; units of a population {ORDER_WORDS[sort]}."
    )


def _frame(rec: Recording, stretch: slice, lut: np.ndarray) -> pd.DataFrame:
    rows = rec.spike_rows[stretch]
    visible = lut[rows] >= 0
    rows = rows[visible]
    names = rec.units["population"].astype(str).to_numpy(object)
    return pd.DataFrame(
        {
            "time_s": rec.spike_times[stretch][visible],
            "unit": rows,
            "population": names[rows],
            "id": rec.units["id"].to_numpy()[rows],
        }
    )


def _placed(scene: Scene, png: bytes) -> dict[str, Any]:
    return {
        "source": "data:image/png;base64," + base64.b64encode(png).decode(),
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
    marks: pd.DataFrame = result.extra["marks"]
    place = np.zeros(int(scene.order.max()) + 1, np.int32)
    place[scene.order] = np.arange(len(scene.order))
    places = place[marks["row"].to_numpy()]
    size = float(np.clip(0.8 * 300 / len(scene.rows), 3, 16))
    names = result.extra["names"]
    for name, first, last in result.extra["bands"]:
        mine = (places >= first) & (places < last)
        if not mine.any():
            continue
        tint = result.extra["colours"][name]
        figure.add_scatter(
            x=marks["time"].to_numpy()[mine],
            y=places[mine],
            mode="markers",
            marker={"symbol": "line-ns", "size": size, "line": {"width": 1.4, "color": tint}, "color": tint},
            name=label(name),
            showlegend=False,
            text=[names[k - scene.first] for k in places[mine]] if names else None,
            hovertemplate="%{text}<br>%{x:.6f} s<extra></extra>",
        )


def _add_margins(figure: go.Figure, scene: Scene, result: Result) -> None:
    top, side = result.extra["top"], result.extra["side"]
    edges = np.asarray(top["edges"])
    for name, rate in top["rates"].items():
        line = {"color": result.extra["colours"][name], "width": 1.3, "shape": "vh"}
        figure.add_scatter(
            x=edges, y=np.r_[rate[:1], rate].astype("f4"), yaxis="y2", mode="lines", line=line, name=label(name),
            showlegend=False, hovertemplate="%{y:.3g} Hz<extra>" + label(name) + "</extra>",
        )  # fmt: skip
    for name, first, last in result.extra["bands"]:
        a, b = max(first, scene.first), min(last, scene.last)
        if a >= b:
            continue
        tint = result.extra["colours"][name]
        x = np.repeat(side[a - scene.first : b - scene.first], 2).astype("f4")
        y = np.repeat(np.arange(a, b + 1) - 0.5, 2)[1:-1].astype("f4")
        figure.add_scatter(
            x=np.r_[0, x, 0].astype("f4"), y=np.r_[y[:1], y, y[-1:]], xaxis="x2", mode="lines", fill="toself",
            line={"color": tint, "width": 0.8}, fillcolor=faded(tint, 0.35), showlegend=False,
            hovertemplate="%{x:.3g} Hz<extra>" + label(name) + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        xaxis2={
            "domain": [0.915, 1],
            "anchor": "y",
            "title": {"text": "Hz"},
            "rangemode": "tozero",
            "nticks": 3,
        },
        yaxis2={
            "domain": [0.87, 1],
            "anchor": "x",
            "title": {"text": "Hz"},
            "rangemode": "tozero",
            "nticks": 3,
        },
        xaxis2_fixedrange=True,
        yaxis2_fixedrange=True,
    )


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
