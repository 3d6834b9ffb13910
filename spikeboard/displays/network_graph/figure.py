"""A graph as a Plotly figure, for notebooks and papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from spikeboard.displays.network_graph.marks import (
    MOST_LABELLED_EDGES,
    SIGN_COLOURS,
    drawn_edges,
    drawn_nodes,
)
from spikeboard.theme import label
from spikeboard.view import Result

SIGN_SYMBOLS = {"excitatory": "arrow", "inhibitory": "line-ew", "mixed": "diamond", "unknown": "arrow-open"}


def draw(result: Result, width: str, labels: str, colour_by: str, **_: Any) -> go.Figure:
    """The graph as a Plotly figure, for notebooks and papers."""
    nodes, edges = drawn_nodes(result, colour_by), drawn_edges(result, width, labels)
    figure = go.Figure()
    faded = bool(result.extra["way"])
    if len(edges) <= MOST_LABELLED_EDGES:
        _add_curved(figure, nodes, edges, faded)
    else:
        _add_straight(figure, nodes, edges)
    _add_nodes(figure, nodes, result.extra["level"])
    _add_signs(figure, edges)
    hidden: dict[str, Any] = {"visible": False, "showgrid": False}
    reach = [_reach([node[axis] for node in nodes]) for axis in "xy"]
    return figure.update_layout(
        xaxis={**hidden, "range": reach[0]},
        yaxis={**hidden, "range": reach[1][::-1], "scaleanchor": "x"},
        margin={"l": 8, "r": 8, "b": 8},
        hovermode="closest",
        showlegend=True,
    )


def _reach(places: Sequence[float]) -> list[float]:
    pad = max(0.12 * (max(places) - min(places)), 130.0)
    return [min(places) - pad, max(places) + pad]


def _add_straight(
    figure: go.Figure, nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]
) -> None:
    """Many edges: one trace per sign."""
    for sign, tint in SIGN_COLOURS.items():
        mine = [edge for edge in edges if edge["sign"] == sign]
        if not mine:
            continue
        x, y = (
            np.array([[nodes[e["source"]][axis], nodes[e["target"]][axis], np.nan] for e in mine]).ravel()
            for axis in "xy"
        )
        figure.add_scatter(
            x=x.astype("f4"), y=y.astype("f4"), mode="lines", line={"color": tint, "width": 0.7},
            opacity=0.55, hoverinfo="skip", showlegend=False,
        )  # fmt: skip


def _add_curved(
    figure: go.Figure, nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]], fade: bool
) -> None:
    met: dict[tuple[int, int], int] = {}
    for edge in edges:
        ends = (edge["source"], edge["target"])
        met[ends] = met.get(ends, 0) + 1
        x, y = _curve(nodes[ends[0]], nodes[ends[1]], met[ends], edge["loop"] if ends[0] == ends[1] else None)
        opacity = 0.25 if fade and not edge["way"] else 1.0
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": edge["colour"], "width": edge["width"]}, opacity=opacity,
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        _add_end(figure, nodes[ends[1]], edge, x, y, opacity)
        # Nearer to its source, so that two labels of edges there and back do not meet.
        middle = len(x) // 2 if ends[0] == ends[1] else len(x) // 3
        figure.add_scatter(
            x=x[[middle]], y=y[[middle]], mode="text+markers", text=[label(edge["text"], 60) if edge["text"] else ""],
            textposition="top center", textfont={"size": 11}, marker={"size": 8, "color": edge["colour"], "opacity": 0},
            hovertemplate=label(edge["tip"], 300) + "<extra></extra>", showlegend=False, opacity=opacity,
        )  # fmt: skip


def _add_end(
    figure: go.Figure,
    node: Mapping[str, Any],
    edge: Mapping[str, Any],
    x: np.ndarray,
    y: np.ndarray,
    opacity: float,
) -> None:
    bar = edge["sign"] == "inhibitory"
    size = (13 if bar else 8) + 1.3 * edge["width"]
    marker = {
        "symbol": SIGN_SYMBOLS[edge["sign"]], "angleref": "previous", "size": [0, size],
        "standoff": node["size"] / 2 + (3 if bar else 0), "color": edge["colour"], "opacity": 1,
        "line": {"width": 3 if bar else 0, "color": edge["colour"]},
    }  # fmt: skip
    figure.add_scatter(
        x=x[-2:], y=y[-2:], mode="markers", marker=marker, hoverinfo="skip", showlegend=False, opacity=opacity
    )


def _curve(
    source: Mapping[str, Any], target: Mapping[str, Any], nth: int, loop: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """A bent line, the further out the more edges go the same way; a loop stands off its node at its angle."""
    a, b = np.array([source["x"], source["y"]]), np.array([target["x"], target["y"]])
    t = np.linspace(0, 1, 25)[:, None]
    if loop is not None:
        reach = (1.3 + 0.5 * nth) * source["size"]
        first, second = (
            a + reach * np.array([np.sin(angle), -np.cos(angle)])
            for angle in np.radians([loop - 32, loop + 32])
        )
        points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * first + 3 * (1 - t) * t**2 * second + t**3 * a
    else:
        along = b - a
        bend = a + along / 2 + np.array([along[1], -along[0]]) * (0.1 + 0.1 * nth)
        points = (1 - t) ** 2 * a + 2 * (1 - t) * t * bend + t**2 * b
    return points[:, 0].astype("f4"), points[:, 1].astype("f4")


def _add_nodes(figure: go.Figure, nodes: Sequence[dict[str, Any]], level: str) -> None:
    texts = [label(node["text"].replace("\n", " · "), 60).replace(" · ", "<br>", 1) for node in nodes]
    named = level == "populations" and len(nodes) <= 60
    # Cytoscape's nodes grow with the zoom, Plotly's do not: a full figure of neurons needs small ones.
    scale = 1.0 if level == "populations" else 0.4
    marker = {
        "size": [scale * node["size"] for node in nodes],
        "color": [node["colour"] for node in nodes],
        "opacity": 1,
        "line": {"width": [3.5 if node["way"] else 0 for node in nodes], "color": "#D9B13B"},
    }
    figure.add_scatter(
        x=np.array([node["x"] for node in nodes], "f4"), y=np.array([node["y"] for node in nodes], "f4"),
        mode="markers+text" if named else "markers", text=texts if named else None, marker=marker,
        textfont={"color": "#ffffff", "size": 12}, hovertext=[label(node["tip"], 300) for node in nodes],
        hoverinfo="text", showlegend=False,
    )  # fmt: skip


def _add_signs(figure: go.Figure, edges: Sequence[dict[str, Any]]) -> None:
    """A legend of the signs that occur."""
    for sign in dict.fromkeys(edge["sign"] for edge in edges):
        tint, symbol = SIGN_COLOURS[sign], SIGN_SYMBOLS[sign]
        marker = {
            "symbol": "line-ns" if sign == "inhibitory" else symbol,
            "size": 10,
            "angle": 90 if "arrow" in symbol else 0,
            "line": {"width": 3 if sign == "inhibitory" else 0, "color": tint},
        }
        line = {"color": tint, "width": 2.5}
        figure.add_scatter(x=[None], y=[None], mode="lines+markers", name=sign, line=line, marker=marker)
