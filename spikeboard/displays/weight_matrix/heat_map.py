"""The figure of the matrix: a heat map under real axes, with the degrees in its margins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.displays.cells import even_parts
from spikeboard.displays.weight_matrix.matrix import Cells
from spikeboard.displays.weight_matrix.sides import Side
from spikeboard.theme import DIVERGING, SEQUENTIAL, label
from spikeboard.view import Result

# More names than this beside the blocks cannot be read; the populations are named then.
MOST_NAMED = 30
MOST_BANDS_PARTED = 60
LETTER_PX = 7
MOST_TEXTS = 20
LONGEST_NAME = 14
ABSENT = "rgba(140,140,140,0.24)"


def draw(result: Result, margins: bool) -> go.Figure:
    """A heat map of the cells on screen; grey where there is no synapse."""
    extra = result.extra
    cells: Cells = extra["cells"]
    right, top = (0.88, 0.84) if margins else (1.0, 1.0)
    figure = go.Figure()
    _add_cells(figure, extra)
    figure.add_shape(
        type="rect", x0=0, x1=1, y0=0, y1=1, xref="x domain", yref="y domain", fillcolor=ABSENT,
        line_width=0, layer="below",
    )  # fmt: skip
    upright = _upright(cells.columns, extra["width_px"])
    beneath = LETTER_PX * _longest(cells.columns) if upright else 22
    across = _axis("Target", cells.columns, extra["colours"], beneath)
    down = _axis("Source", cells.rows, extra["colours"], 8 + LETTER_PX * _longest(cells.rows))
    n_rows, n_columns = cells.rows.n_places, cells.columns.n_places
    figure.update_layout(
        xaxis=across | {"domain": [0, right], "range": [-0.5, n_columns - 0.5]},
        yaxis=down | {"domain": [0, top], "range": [n_rows - 0.5, -0.5]},
        showlegend=False,
    )
    _name_bands(figure, cells, extra["colours"], -90 if upright else 0)
    if cells.level == "units":
        _part_bands(figure, cells)
    if margins:
        _add_margins(figure, extra, right, top)
    return figure


def _add_cells(figure: go.Figure, extra: Mapping[str, Any]) -> None:
    cells: Cells = extra["cells"]
    low, high = extra["limits"]
    few = cells.level == "populations"
    bar = {"title": {"text": extra["title"], "side": "right"}, "thickness": 14, "outlinewidth": 0, "x": 1.01}
    x, y, count = cells.columns.borders, cells.rows.borders, _slim(cells.sums.count)
    for rows, columns in product(even_parts(y), even_parts(x)):
        figure.add_heatmap(
            z=extra["values"][rows, columns].astype("f4"), x=x[columns.start : columns.stop + 1],
            y=y[rows.start : rows.stop + 1], customdata=count[rows, columns], zmin=low, zmax=high,
            colorscale=DIVERGING if cells.signed else SEQUENTIAL,
            colorbar=bar, showscale=rows.start == columns.start == 0,
            texttemplate="%{z:.3g}" if few and max(extra["values"].shape) <= MOST_TEXTS else None,
            xgap=1 if few else 0, ygap=1 if few else 0, hoverongaps=False,
            hovertemplate="%{y} → %{x}<br>%{z:.4g}<br>synapses: %{customdata:,}<extra></extra>",
        )  # fmt: skip


def _slim(counts: NDArray[np.integer]) -> NDArray[np.unsignedinteger]:
    """Counts in the fewest bytes that hold them, of those that a browser can read."""
    most = int(counts.max(initial=0))
    return counts.astype("u1" if most < 2**8 else "u2" if most < 2**16 else "u4")


def _named(side: Side) -> bool:
    """Whether every block has room for its name."""
    return len(side.names) <= MOST_NAMED


def _axis(title: str, side: Side, colours: Mapping[str, str], room_px: float) -> dict[str, Any]:
    """An axis whose ticks hold the names of its blocks: unseen where they are many, but told under the pointer.

    `room_px` is what the names of populations take then between the axis and its title.
    """
    named = _named(side)
    room = {"standoff": 8 if named else room_px}
    tinted = zip(side.names, side.populations, strict=True)
    return {
        "title": {"text": title} | room,
        "tickvals": side.middles,
        "ticktext": [f'<span style="color:{colours[of]}">{label(name, 60)}</span>' for name, of in tinted],
        "showticklabels": named,
        "ticks": "",
        "showgrid": False,
    }


def _longest(side: Side) -> int:
    """Letters of the longest name of a population."""
    return max(min(len(name), LONGEST_NAME) for name, _, _ in side.bands)


def _bands_on_screen(side: Side) -> list[tuple[str, int, int]]:
    """Populations on screen, with the places that are seen of them; some of them where they are many."""
    low, high = int(side.edges[0]), int(side.edges[-1])
    seen = [(name, max(first, low), min(last, high)) for name, first, last in side.bands]
    seen = [(name, first, last) for name, first, last in seen if first < last]
    return seen[:: -(-len(seen) // MOST_NAMED)]


def _upright(side: Side, width_px: float) -> bool:
    """Whether the name of a population on screen is longer than the population is wide."""
    per_place = width_px / (side.edges[-1] - side.edges[0])
    names = (
        (LETTER_PX * min(len(name), LONGEST_NAME), last - first)
        for name, first, last in _bands_on_screen(side)
    )
    return not _named(side) and any(length > places * per_place for length, places in names)


def _name_bands(figure: go.Figure, cells: Cells, colours: Mapping[str, str], angle: int) -> None:
    """Names of the populations beside blocks that are too many to be named."""
    across = {"yref": "y domain", "y": 0, "yanchor": "top", "yshift": -3}
    beside = {"xref": "x domain", "x": 0, "xanchor": "right", "xshift": -5}
    if not _named(cells.columns):
        for name, first, last in _bands_on_screen(cells.columns):
            figure.add_annotation(
                x=(first + last - 1) / 2, textangle=angle, **across, **_words(name, colours)
            )
    if not _named(cells.rows):
        for name, first, last in _bands_on_screen(cells.rows):
            figure.add_annotation(y=(first + last - 1) / 2, **beside, **_words(name, colours))


def _words(name: str, colours: Mapping[str, str]) -> dict[str, Any]:
    return {"text": label(name, LONGEST_NAME), "showarrow": False, "font": {"color": colours[name]}}


def _part_bands(figure: go.Figure, cells: Cells) -> None:
    """A line between populations that follow each other."""
    line = {"color": "#8c8c8c", "width": 0.8}
    for _, first, _ in cells.rows.bands[1:] if len(cells.rows.bands) <= MOST_BANDS_PARTED else []:
        at = first - 0.5
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=at, y1=at, yref="y", line=line)
    for _, first, _ in cells.columns.bands[1:] if len(cells.columns.bands) <= MOST_BANDS_PARTED else []:
        at = first - 0.5
        figure.add_shape(type="line", y0=0, y1=1, yref="y domain", x0=at, x1=at, xref="x", line=line)


def _add_margins(figure: go.Figure, extra: Mapping[str, Any], right: float, top: float) -> None:
    """Synapses onto each block of targets, above, and from each block of sources, at the right."""
    cells: Cells = extra["cells"]
    across = _bars(cells.columns, extra["colours"])
    figure.add_bar(
        x=cells.columns.middles, y=cells.sums.count.sum(axis=0).astype("i4"), yaxis="y2",
        hovertemplate="%{x}<br>%{y:,} synapses in<extra></extra>", **across,
    )  # fmt: skip
    down = _bars(cells.rows, extra["colours"])
    figure.add_bar(
        y=cells.rows.middles, x=cells.sums.count.sum(axis=1).astype("i4"), xaxis="x2", orientation="h",
        hovertemplate="%{y}<br>%{x:,} synapses out<extra></extra>", **down,
    )  # fmt: skip
    small = {"size": 11}
    common = {"nticks": 3, "fixedrange": True, "rangemode": "tozero"}
    figure.update_layout(
        xaxis2={
            "domain": [right + 0.015, 1],
            "anchor": "y",
            "title": {"text": "Out", "font": small},
            **common,
        },
        yaxis2={"domain": [top + 0.02, 1], "anchor": "x", "title": {"text": "In", "font": small}, **common},
    )


def _bars(side: Side, colours: Mapping[str, str]) -> dict[str, Any]:
    tints = [colours[name] for name in side.populations]
    share = 1.0 if len(side.names) > MOST_NAMED else 0.9
    width = (share * np.diff(side.edges)).astype("f4")
    return {"marker": {"color": tints, "line": {"width": 0}}, "width": width, "showlegend": False}
