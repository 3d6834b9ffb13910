"""Network graph: populations joined by projections, or neurons joined by synapses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection, select
from spikeboard.theme import (
    EXCITATORY,
    INHIBITORY,
    UNSIGNED,
    label,
    listed,
    population_colours,
    shown,
)
from spikeboard.topology import hubs, layout_positions, layout_used, reciprocity, shortest_path
from spikeboard.topology.graph import Graph, neuron_graph, population_graph
from spikeboard.topology.network import EDGE_LIMIT, NODE_LIMIT
from spikeboard.view import Choice, Flag, Moved, Pick, Result, View, Whole

SIGN_COLOURS = {
    "excitatory": EXCITATORY,
    "inhibitory": INHIBITORY,
    "mixed": "#8A6FB0",
    "unknown": UNSIGNED,
}
CLASSES = {"excitatory": "exc", "inhibitory": "inh", "mixed": "mixed", "unknown": "unsigned"}
SIGN_SYMBOLS = {"excitatory": "arrow", "inhibitory": "line-ew", "mixed": "diamond", "unknown": "arrow-open"}
# Few to many partners: lightness rises, and the middle stands out from white and from black.
DEGREE_SCALE = ("#36558F", "#4F8A8B", "#8DA750", "#D9B13B")
SPACING_PX = {"populations": 240, "neurons": 62}
NODE_PX = {"populations": (44, 96), "neurons": (13, 30)}
EDGE_PX = {"populations": (1.4, 9.0), "neurons": (0.6, 3.2)}
MOST_LABELLED_EDGES = 60
LARGE_GRAPH = 2000
AMONG_POPULATIONS, AMONG_NEURONS = {"level": ("populations",)}, {"level": ("neurons",)}
LAYOUTS = {
    "auto": "Automatic",
    "layered": "Along the flow",
    "circle": "Circle",
    "spring": "Springs",
    "kamada_kawai": "By distance",
    "grid": "Grid",
    "populations": "One disc per population",
}


def network(
    rec: Recording,
    selection: Selection,
    level: str,
    layout: str,
    width: str,
    labels: str,
    colour_by: str,
    path_from: str | None,
    path_to: str | None,
    neurons: int,
    synapses: int,
    only_selected: bool,
    moved: str,
) -> Result:
    """Populations as nodes (area by number of units) and projections as edges; or neurons and their synapses.

    Colour and end of an edge give its sign: red with an arrow for excitatory (no weight is negative), blue with a
    bar for inhibitory (none is positive), violet with a diamond where both occur, grey where no weight is known.
    Weights without a sign get that of their source where the unit table says which units are inhibitory; a
    population of both kinds is then drawn in two parts. The width grows with the absolute mean weight, or with the
    number of synapses. Projections of a population onto itself are loops; parallel projections stand apart.

    Neurons: at most 1,000 and 5,000 synapses, the strongest first, and the note says how many are left out. Degrees
    are of all synapses between the neurons chosen, drawn or not: in_degree and out_degree count distinct other
    nodes, in_synapses and out_synapses count synapses. Hubs have a degree above mean + 1 standard deviation
    (Sporns, Honey & Kötter 2007); reciprocity is the share of joined pairs that are joined back too (Newman 2010). The
    path is one of fewest steps (Dijkstra 1959). Layouts: along the flow (Sugiyama et al. 1981), springs (Fruchterman
    & Reingold 1991), by distance (Kamada & Kawai 1989), circle, grid, and discs of populations.

    Parameters
    ----------
    rec : Recording
    selection : Selection; restricts the graph only where `only_selected`
    level : "populations" or "neurons"
    layout : one of the layouts, or "auto"
    width : what the width of an edge shows, "weight", "synapses" or "none"
    labels : what stands beside edges of populations
    colour_by : "population", "in_degree" or "out_degree"
    path_from, path_to : populations between which to show a shortest way
    neurons, synapses : most nodes and edges at the level of neurons
    only_selected : whether to leave out what is not selected
    moved : nodes that stand elsewhere than their layout says, as a drag in the browser spells them

    Returns
    -------
    Result : nodes and edges as one table, told apart by `kind`
    """
    rows = selection.rows(rec) if only_selected else np.arange(len(rec.units))
    if not len(rows):
        raise NothingToDraw("no unit is selected: clear the selection, or switch off “Only the selection”")
    if level == "neurons":
        graph = neuron_graph(rec, rows, neurons, synapses)
    else:
        graph = population_graph(rec, rows if only_selected else None)
    kind = _layout_kind(layout, level)
    way, said = _way(graph, path_from, path_to, level)
    extra = {
        "graph": graph, "positions": _positions(graph, kind), "level": level, "way": way,
        "colours": population_colours(rec), "hubs": set(hubs(len(graph.nodes), graph.pairs).tolist()),
    }  # fmt: skip
    extra["positions"], by_hand = _with_moved(graph, extra["positions"], moved, level)
    notes = [*graph.notes, *said, *_layout_notes(graph, kind), *_unit_notes(graph, width), *by_hand]
    return Result(_frame(extra), _caption(graph, level, extra["hubs"]), tuple(notes), extra)


def _layout_kind(layout: str, level: str) -> str:
    if layout != "auto":
        return layout
    return "layered" if level == "populations" else "populations"


def _positions(graph: Graph, kind: str) -> np.ndarray:
    weights = np.nan_to_num(graph.edges["weight_mean"].to_numpy(float))
    weights = weights if weights.any() else np.ones(len(weights))
    groups = pd.factorize(graph.nodes["population"])[0].astype(np.int64)
    return _placed(len(graph.nodes), graph.pairs.tobytes(), weights.tobytes(), groups.tobytes(), kind)


@lru_cache(maxsize=32)
def _placed(n_nodes: int, pairs: bytes, weights: bytes, groups: bytes, kind: Any) -> np.ndarray:
    # A change of colour or label moves nothing and should not wait for springs to settle again.
    edges = np.frombuffer(pairs, np.int64).reshape(-1, 2)
    return layout_positions(
        n_nodes, edges, kind, np.frombuffer(weights), groups=np.frombuffer(groups, np.int64)
    )


def _with_moved(graph: Graph, positions: np.ndarray, moved: str, level: str) -> tuple[np.ndarray, list[str]]:
    """Positions with those nodes elsewhere that were moved by hand at this level, and a note of it."""
    places = dict(entry.split("_", 1) for entry in moved.split(",") if entry)
    found = {k: places[key] for k, rows in enumerate(graph.rows) if (key := node_key(level, rows)) in places}
    if not found:
        return positions, []
    positions = positions.copy()
    for node, place in found.items():
        positions[node] = np.array(place.split("_"), float) / SPACING_PX[level]
    return positions, [f"{len(found):,} node{' was' if len(found) == 1 else 's were'} moved by hand."]


def node_key(level: str, rows: np.ndarray) -> str:
    """How `moved` calls a node: "p" or "n", and its first unit row."""
    return f"{level[0]}{rows[0]}"


def _layout_notes(graph: Graph, kind: Any) -> list[str]:
    used = layout_used(kind, len(graph.nodes), len(graph.edges))
    if used == kind:
        return []
    return [f"Too many nodes or edges for the layout “{LAYOUTS[kind]}”: drawn as “{LAYOUTS[used]}”."]


def _unit_notes(graph: Graph, width: str) -> list[str]:
    units = graph.edges.loc[graph.edges["weight_mean"].notna(), "weight_unit"].unique()
    if len(units) < 2 or width != "weight":
        return []
    return [
        f"Weights are in different units ({listed(sorted(u or 'unknown' for u in units))}): widths do not compare."
    ]


def _way(graph: Graph, path_from: str | None, path_to: str | None, level: str) -> tuple[list[int], list[str]]:
    if path_from is None or path_to is None:
        return [], []
    if level == "neurons":
        return [], [
            "Ways between populations are shown between populations only; of neurons, tap two of them."
        ]
    ends = [_nodes_of(graph, name) for name in (path_from, path_to)]
    ways = [
        way
        for source in ends[0]
        for target in ends[1]
        if (way := shortest_path(len(graph.nodes), graph.pairs, source, target))
    ]
    if not ways:
        return [], [f"No way leads from {shown(path_from)} to {shown(path_to)} along the projections."]
    way = min(ways, key=len)
    names = " → ".join(shown(graph.nodes["name"].iloc[node]) for node in way)
    steps = len(way) - 1
    return way, [f"Shortest way: {names} ({steps} step{'' if steps == 1 else 's'})."]


def _nodes_of(graph: Graph, population: str) -> list[int]:
    found = np.flatnonzero(graph.nodes["population"].to_numpy() == population).tolist()
    if not found:
        raise NothingToDraw(
            f"no population {shown(population)!r} in this graph; "
            f"it has {listed(list(graph.nodes['population'].unique()), 8)}"
        )
    return found


def _caption(graph: Graph, level: str, hub_nodes: set[int]) -> str:
    total = int(graph.edges["synapses"].sum())
    back = reciprocity(graph.pairs)
    if level == "neurons":
        joined = f"{len(graph.nodes):,} neurons and {len(graph.edges):,} synapses between them"
    else:
        joined = (
            f"{len(graph.nodes):,} nodes with {int(graph.nodes['units'].sum()):,} units, "
            f"{len(graph.edges):,} connections with {total:,} synapses"
        )
    signs = graph.edges["sign"].value_counts()
    parts = ", ".join(
        f"{n:,} {name if name != 'unknown' else 'of unknown sign'}" for name, n in signs.items()
    )
    sentences = [f"{joined}: {parts}." if parts else f"{joined}."]
    if np.isfinite(back):
        sentences.append(f"Reciprocity {back:.2f}.")
    if hub_nodes:
        sentences.append(
            f"Hubs: {listed([graph.nodes['name'].iloc[node] for node in sorted(hub_nodes)], 6)}."
        )
    return " ".join(sentences)


def _frame(extra: Mapping[str, Any]) -> pd.DataFrame:
    """Nodes first, then edges, in one table; what does not apply is empty."""
    graph: Graph = extra["graph"]
    names = graph.nodes["name"].to_numpy(object)
    nodes = graph.nodes.assign(kind="node", hub=[node in extra["hubs"] for node in range(len(names))])
    edges = graph.edges.assign(
        kind="edge", source=names[graph.edges["source"]], target=names[graph.edges["target"]]
    )
    first = ["kind", "name", "source", "target", "population", "units", "synapses", "sign"]
    table = pd.DataFrame(
        [*nodes.to_dict("records"), *edges.to_dict("records")],
        columns=pd.Index([*first, *(c for c in [*edges.columns, *nodes.columns] if c not in first)]).unique(),
    )
    whole = ["units", "synapses", "in_synapses", "out_synapses", "in_degree", "out_degree"]
    return table.astype({name: "Int64" for name in whole})


def elements(
    result: Result, level: str, width: str, labels: str, colour_by: str, **_: Any
) -> list[dict[str, Any]]:
    """The same graph for Cytoscape: nodes with places, sizes and colours, edges with widths and classes."""
    graph: Graph = result.extra["graph"]
    nodes = _drawn_nodes(result, colour_by)
    edges = _drawn_edges(result, width, labels)
    groups = "edges" if len(edges) <= LARGE_GRAPH else "edges many"
    return [
        *(_node_element(graph, k, node, level) for k, node in enumerate(nodes)),
        *(_edge_element(k, edge, groups) for k, edge in enumerate(edges)),
    ]


def _node_element(graph: Graph, k: int, node: Mapping[str, Any], level: str) -> dict[str, Any]:
    rows = graph.rows[k]
    population = str(graph.nodes["population"].iloc[k])
    whole = level == "populations" and int((graph.nodes["population"] == population).sum()) == 1
    data = {
        "id": f"n{k}",
        "key": node_key(level, rows),
        "label": node["text"],
        "tip": node["tip"],
        "size": node["size"],
        "colour": node["colour"],
        # A population is selected by its name, a part of one or a neuron by its rows.
        "population": population if whole else None,
        "group": population,
        "units": select(units=rows.tolist()).to_query()["units"],
    }
    classes = f"node {level}" + (" way" if node["way"] else "")
    return {"data": data, "position": {"x": node["x"], "y": node["y"]}, "classes": classes}


def _edge_element(k: int, edge: Mapping[str, Any], groups: str) -> dict[str, Any]:
    data = {
        "id": f"e{k}",
        "source": f"n{edge['source']}",
        "target": f"n{edge['target']}",
        "label": edge["text"],
        "tip": edge["tip"],
        "width": edge["width"],
        "colour": edge["colour"],
        "loop": f"{edge['loop']}deg",
    }
    return {"data": data, "classes": f"{groups} {CLASSES[edge['sign']]}" + (" way" if edge["way"] else "")}


def _drawn_nodes(result: Result, colour_by: str) -> list[dict[str, Any]]:
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


def _drawn_edges(result: Result, width: str, labels: str) -> list[dict[str, Any]]:
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


def draw(result: Result, width: str, labels: str, colour_by: str, **_: Any) -> go.Figure:
    """The graph as a Plotly figure, for notebooks and papers."""
    nodes, edges = _drawn_nodes(result, colour_by), _drawn_edges(result, width, labels)
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


VIEW = View(
    "network_graph",
    "Network graph",
    page="topology",
    data=network,
    figure=draw,
    elements=elements,
    settings={
        "level": Choice("populations", {"populations": "Populations", "neurons": "Neurons"}, "Nodes are"),
        "layout": Choice("auto", LAYOUTS, "Layout"),
        "width": Choice(
            "weight",
            {"weight": "Mean weight", "synapses": "Number of synapses", "none": "Nothing"},
            "Width shows",
        ),
        "labels": Choice(
            "both",
            {
                "none": "Nothing",
                "weight": "Weight",
                "delay": "Delay",
                "both": "Weight and delay",
                "synapses": "Number of synapses",
                "all": "All of it",
            },
            "Beside edges",
            when=AMONG_POPULATIONS,
        ),
        "colour_by": Choice(
            "population",
            {"population": "Population", "in_degree": "Synapses in", "out_degree": "Synapses out"},
            "Colour shows",
        ),
        "path_from": Pick("population", "Way from", empty="none", when=AMONG_POPULATIONS),
        "path_to": Pick("population", "Way to", empty="none", when=AMONG_POPULATIONS),
        "neurons": Whole(200, 2, NODE_LIMIT, "Neurons at most", when=AMONG_NEURONS),
        "synapses": Whole(1000, 1, EDGE_LIMIT, "Synapses at most", when=AMONG_NEURONS),
        "only_selected": Flag(False, "Only the selection"),
        "moved": Moved("Moved by hand", help="set by dragging nodes; “Reset” forgets it"),
    },
    needs=("projections",),
    uses=("units",),
    order=90,
    height=600,
)
