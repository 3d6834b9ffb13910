"""Raster: every spike of every unit, as marks when few are on screen, as counts per pixel when many are."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from spikeboard.analysis.bins import population_counts
from spikeboard.analysis.order import unit_order
from spikeboard.analysis.pixels import column_edges, pixel_counts_ordered, spikes_shown
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import colour, faded, label, listed, population_colours
from spikeboard.view import Choice, Flag, Pick, Result, View, Viewport

MOST_MARKS = 5000
MOST_BANDS_LABELLED = 40
MOST_INTERVALS = 200
# Grey levels of each population's colour in the picture; with ten colours they fit an 8-bit palette.
LEVELS = 24
SIDE_PX, TOP_PX, FRAME_PX = 90, 80, 84


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on screen: x0, x1 in s; `order`, unit rows from top to bottom; first and last place on screen."""

    x0: float
    x1: float
    order: np.ndarray
    first: int
    last: int

    @property
    def rows(self) -> np.ndarray:
        """The unit rows on screen, from top to bottom."""
        return self.order[self.first : self.last]


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
    scene = _scene(rec, selection, viewport, sort)
    lut = np.full(len(rec.units), -1, np.int32)
    lut[scene.rows] = np.arange(len(scene.rows), dtype=np.int32)
    stretch = spikes_shown(rec, scene.x0, scene.x1)
    seen, total = _seen(rec, stretch, lut)
    extra: dict[str, Any] = {
        "scene": scene,
        "bands": _bands(rec, scene),
        "colours": population_colours(rec),
        "shades": _shades(rec, scene, intervals),
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
    _frame_axes(figure, scene, result.extra["bands"], result.extra["colours"], marginals)
    if "picture" in result.extra:
        figure.add_layout_image(**_placed(scene, result.extra["picture"]))
    else:
        _add_marks(figure, scene, result)
    if marginals:
        _add_margins(figure, scene, result)
    for start, stop in result.extra["shades"]:
        figure.add_vrect(start, stop, fillcolor="#8c8c8c", opacity=0.14, line_width=0, layer="below")
    return figure.update_layout(dragmode="zoom", barmode="overlay", bargap=0)


def boxed(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], sort: str, **_: Any
) -> Selection:
    """The time window and the units inside a box on the raster."""
    scene = _scene(rec, selection, Viewport(), sort)
    first, last = int(np.ceil(y[0])), int(np.floor(y[1])) + 1
    rows = np.sort(scene.order[max(first, 0) : max(last, 0)])
    if not len(rows):
        raise NothingToDraw("that box holds no unit: draw it over some rows")
    t0, t1 = max(x[0], scene.x0), min(x[1], scene.x1)
    if t1 <= t0:
        raise NothingToDraw("that box lies outside the selected time window")
    everything = len(rows) == len(scene.order)
    return Selection(
        _rounded(t0, rec) if t0 > scene.x0 else selection.t0,
        _rounded(t1, rec) if t1 < scene.x1 else selection.t1,
        selection.units if everything else tuple(rows.tolist()),
        selection.populations,
        selection.interval,
    )


def _rounded(time: float, rec: Recording) -> float:
    """A time to a ten-thousandth of the recording: a link needs no more digits than a hand has drawn."""
    digits = int(np.ceil(4 - np.log10(max(rec.duration, 1e-9))))
    return float(round(time, max(digits, 0)))


def _scene(rec: Recording, selection: Selection, viewport: Viewport, sort: str) -> Scene:
    t0, t1 = selection.window(rec)
    rows = selection.rows(rec)
    if not len(rows):
        raise NothingToDraw("no unit is selected: clear the selection, or widen it")
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    order = unit_order(rec, sort, rows, t0, t1, by_population=True)
    x0, x1 = (t0, t1) if viewport.x is None else (max(t0, viewport.x[0]), min(t1, viewport.x[1]))
    low, high = (
        (0, len(order))
        if viewport.y is None
        else (np.floor(viewport.y[0] + 0.5), np.ceil(viewport.y[1] + 0.5))
    )
    first, last = int(np.clip(low, 0, len(order) - 1)), int(np.clip(high, 1, len(order)))
    return Scene(x0, x1 if x1 > x0 else t1, order, first, max(last, first + 1))


def _seen(rec: Recording, stretch: slice, lut: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Which spikes of the stretch are on screen, None where they are too many for marks; and how many they are."""
    rows = rec.spike_rows[stretch]
    visible = lut[rows] >= 0
    total = int(np.count_nonzero(visible))
    return (np.flatnonzero(visible) if total <= MOST_MARKS else None), total


def _bands(rec: Recording, scene: Scene) -> list[tuple[str, int, int]]:
    """(population, first place, place after the last) of each band, from top to bottom."""
    codes = rec.units["population"].cat.codes.to_numpy()[scene.order]
    edges = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True])
    names = rec.units["population"].cat.categories
    return [(str(names[codes[a]]), int(a), int(b)) for a, b in pairwise(edges)]


def _shades(rec: Recording, scene: Scene, intervals: str | None) -> list[tuple[float, float]]:
    if intervals is None:
        return []
    if intervals not in rec.intervals:
        raise NothingToDraw(
            f"no intervals called {intervals!r} in this recording; it has {listed(list(rec.intervals))}"
        )
    table = rec.intervals[intervals]
    inside = table[(table["stop"] > scene.x0) & (table["start"] < scene.x1)].head(MOST_INTERVALS)
    return [(float(a), float(b)) for a, b in zip(inside["start"], inside["stop"], strict=True)]


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
    orders = {
        "id": "as in the file",
        "rate": "by rate",
        "first_spike": "by first spike",
        "similarity": "by similarity",
    }
    silent = int(np.count_nonzero(counts == 0))
    names = [name for name, first, last in _bands(rec, scene) if first < scene.last and last > scene.first]
    return (
        f"{total:,} spikes of {len(scene.rows):,} units ({listed(names)}; {silent:,} silent in the whole recording), "
        f"{scene.x0:.6g} to {scene.x1:.6g} s; units of a population {orders[sort]}."
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


def _frame_axes(
    figure: go.Figure,
    scene: Scene,
    bands: list[tuple[str, int, int]],
    colours: Mapping[str, str],
    marginals: bool,
) -> None:
    n = len(scene.order)
    labelled = bands if len(bands) <= MOST_BANDS_LABELLED else bands[:: -(-len(bands) // MOST_BANDS_LABELLED)]
    right, top = (0.9, 0.84) if marginals else (1.0, 1.0)
    t0, t1 = scene.x0, scene.x1
    figure.add_scatter(
        x=[t0, t1], y=[0, n - 1], mode="markers", marker_opacity=0, showlegend=False, hoverinfo="skip"
    )
    figure.update_layout(
        xaxis={"title": {"text": "Time (s)"}, "range": [t0, t1], "domain": [0, right], "showgrid": False},
        yaxis={
            "range": [n - 0.5, -0.5],
            "domain": [0, top],
            "showgrid": False,
            "tickvals": [(first + last - 1) / 2 for _, first, last in labelled],
            "ticktext": [
                f'<span style="color:{colours[name]}">{label(name, 14)}</span>' for name, _, _ in labelled
            ],
            "ticks": "",
        },
    )
    for _, first, _ in bands[1:] if len(bands) <= 200 else []:
        line = {"color": "#8c8c8c", "width": 0.7}
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=first - 0.5, y1=first - 0.5, line=line)


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
        "sort": Choice(
            "id",
            {
                "id": "As in the file",
                "rate": "By rate",
                "first_spike": "By first spike",
                "similarity": "By similarity",
            },
            "Order of units",
        ),
        "marginals": Flag(True, "Rates in the margins"),
        "intervals": Pick("interval", "Shade intervals", empty="none"),
    },
    needs=("units",),
    brush=boxed,
    zooms=True,
    order=10,
    height=560,
)
