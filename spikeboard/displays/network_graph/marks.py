"""The marks of a graph: what stands where, how large, in which colour, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeboard.theme import EXCITATORY, INHIBITORY, UNSIGNED, shown
from spikeboard.topology.graph import Graph
from spikeboard.view import Result

SIGN_COLOURS = {
    "excitatory": EXCITATORY,
    "inhibitory": INHIBITORY,
    "mixed": "#8A6FB0",
    "unknown": UNSIGNED,
}
# Few to many partners: lightness rises, and the middle stands out from white and from black.
DEGREE_SCALE = ("#36558F", "#4F8A8B", "#8DA750", "#D9B13B")
SPACING_PX = {"populations": 240, "neurons": 62}
NODE_PX = {"populations": (44, 96), "neurons": (13, 30)}
EDGE_PX = {"populations": (1.4, 9.0), "neurons": (0.6, 3.2)}
MOST_LABELLED_EDGES = 60


def drawn_nodes(result: Result, colour_by: str) -> list[dict[str, Any]]:
    """Place, size, colour and words of each node."""
    graph: Graph = result.extra["graph"]
    level = result.extra["level"]
    places = result.extra["positions"] * SPACING_PX[level]
    sizes = _node_sizes(graph, level)
    colours = _node_colours(result, colour_by)
    way = set(result.extra["way"])
    return [
        {
            "x": round(float(places[k, 0]), 1),
            "y": round(float(places[k, 1]), 1),
            "size": round(float(sizes[k]), 1),
            "colour": colours[k],
            "text": f"{shown(row['name'], 24)}\n{row['units']:,}"
            if level == "populations"
            else shown(row["name"], 24),
            "tip": _node_tip(row, k in result.extra["hubs"]),
            "way": k in way,
        }
        for k, row in enumerate(graph.nodes.to_dict("records"))
    ]


def _node_sizes(graph: Graph, level: str) -> np.ndarray:
    """Diameters: the area grows with the number of units, or with the synapses of a neuron."""
    amount = (
        graph.nodes["units"]
        if level == "populations"
        else graph.nodes[["in_synapses", "out_synapses"]].sum(axis=1)
    )
    share = np.sqrt(amount.to_numpy(float) / max(float(amount.max()), 1.0))
    low, high = NODE_PX[level]
    return low + (high - low) * share


def _node_colours(result: Result, colour_by: str) -> list[str]:
    graph: Graph = result.extra["graph"]
    if colour_by == "population":
        return [result.extra["colours"][name] for name in graph.nodes["population"]]
    degree = graph.nodes[colour_by.replace("degree", "synapses")].to_numpy(float)
    return [_between(share) for share in degree / max(float(degree.max(initial=0)), 1.0)]


def _between(share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(DEGREE_SCALE) - 1)
    first = min(int(place), len(DEGREE_SCALE) - 2)
    pair, part = DEGREE_SCALE[first : first + 2], place - first
    mixed = [
        round((1 - part) * int(pair[0][i : i + 2], 16) + part * int(pair[1][i : i + 2], 16))
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _node_tip(row: Mapping[Any, Any], hub: bool) -> str:
    size = f", {row['units']:,} units" if row["units"] > 1 else ""
    return (
        f"{shown(row['name'], 60)}{size}{', a hub' if hub else ''}. In: {row['in_synapses']:,} synapses from "
        f"{row['in_degree']} others. Out: {row['out_synapses']:,} synapses to {row['out_degree']} others."
    )


def drawn_edges(result: Result, width: str, labels: str) -> list[dict[str, Any]]:
    """Ends, width, colour and words of each edge."""
    graph: Graph = result.extra["graph"]
    level = result.extra["level"]
    widths = _edge_widths(graph, level, width)
    steps = {*zip(result.extra["way"][:-1], result.extra["way"][1:], strict=True)}
    labelled = level == "populations" and len(graph.edges) <= MOST_LABELLED_EDGES
    names = graph.nodes["name"].to_numpy(object)
    free = _free_directions(graph, result.extra["positions"])
    return [
        {
            "loop": free.get(row["source"], 0),
            "source": row["source"],
            "target": row["target"],
            "sign": row["sign"],
            "colour": SIGN_COLOURS[row["sign"]],
            "width": round(float(widths[k]), 2),
            "text": _edge_text(row, labels) if labelled else "",
            "tip": _edge_tip(row, names),
            "way": (row["source"], row["target"]) in steps,
        }
        for k, row in enumerate(graph.edges.to_dict("records"))
    ]


def _free_directions(graph: Graph, positions: np.ndarray) -> dict[int, int]:
    """For each node with a loop, the middle of the widest angle without an edge: degrees clockwise from up."""
    found = {}
    pairs = graph.pairs
    for node in np.unique(pairs[pairs[:, 0] == pairs[:, 1], 0]).tolist():
        mine = pairs[(pairs == node).any(axis=1) & (pairs[:, 0] != pairs[:, 1])]
        away = positions[np.where(mine[:, 0] == node, mine[:, 1], mine[:, 0])] - positions[node]
        angles = np.unique(np.round(np.degrees(np.arctan2(away[:, 0], -away[:, 1]))) % 360)
        gaps = np.diff(np.r_[angles, angles[:1] + 360])
        widest = int(np.argmax(gaps)) if len(gaps) else 0
        found[node] = int(angles[widest] + gaps[widest] / 2) % 360 if len(gaps) else 0
    return found


def _edge_widths(graph: Graph, level: str, width: str) -> np.ndarray:
    low, high = EDGE_PX[level]
    if width == "none":
        return np.full(len(graph.edges), (low + high) / 4)
    column = "weight_mean" if width == "weight" else "synapses"
    amount = np.abs(np.nan_to_num(graph.edges[column].to_numpy(float)))
    return low + (high - low) * amount / max(float(amount.max(initial=0)), 1e-300)


def _edge_text(row: Mapping[Any, Any], labels: str) -> str:
    unit = f" {shown(row['weight_unit'], 8)}" if row["weight_unit"] else ""
    weight = "" if np.isnan(row["weight_mean"]) else f"{row['weight_mean']:.3g}{unit}"
    delay = "" if np.isnan(row["delay_ms"]) else f"{row['delay_ms']:.3g} ms"
    count = f"{row['synapses']:,} syn."
    parts = {
        "none": [],
        "weight": [weight],
        "delay": [delay],
        "both": [weight, delay],
        "synapses": [count],
        "all": [count, weight, delay],
    }[labels]
    return " · ".join(part for part in parts if part)


def _edge_tip(row: Mapping[Any, Any], names: np.ndarray) -> str:
    ends = f"{shown(names[row['source']], 30)} → {shown(names[row['target']], 30)}"
    parts = [f"{row['synapses']:,} synapse{'' if row['synapses'] == 1 else 's'}", f"sign {row['sign']}"]
    if np.isfinite(row["weight_mean"]):
        unit = f" {shown(row['weight_unit'], 12)}" if row["weight_unit"] else ""
        parts.append(f"{'mean ' if row['synapses'] > 1 else ''}weight {row['weight_mean']:.4g}{unit}")
    if np.isfinite(row["delay_ms"]):
        parts.append(f"{'mean ' if row['synapses'] > 1 else ''}delay {row['delay_ms']:.3g} ms")
    if np.isfinite(row["probability"]):
        parts.append(f"{row['probability']:.2%} of pairs joined")
    name = shown(row["name"], 30)
    return f"{ends}{'' if name == ends.replace(' ', '') else f' ({name})'}: {', '.join(parts)}."
