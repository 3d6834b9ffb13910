"""Network graph: populations joined by projections, or neurons joined by synapses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.displays.network_graph.elements import elements, node_key
from spikeboard.displays.network_graph.figure import draw
from spikeboard.displays.network_graph.marks import SPACING_PX
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import listed, population_colours, shown
from spikeboard.topology import hubs, layout_positions, layout_used, reciprocity, shortest_path
from spikeboard.topology.graph import Graph, neuron_graph, population_graph
from spikeboard.topology.network import EDGE_LIMIT, NODE_LIMIT
from spikeboard.view import Choice, Flag, Moved, Pick, Result, View, Whole

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
