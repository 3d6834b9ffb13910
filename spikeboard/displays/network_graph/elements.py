"""A graph for Cytoscape: the elements that the browser draws and lets people tap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeboard.displays.network_graph.marks import drawn_edges, drawn_nodes
from spikeboard.selection import select
from spikeboard.topology.graph import Graph
from spikeboard.view import Result

CLASSES = {"excitatory": "exc", "inhibitory": "inh", "mixed": "mixed", "unknown": "unsigned"}
LARGE_GRAPH = 2000


def elements(
    result: Result, level: str, width: str, labels: str, colour_by: str, **_: Any
) -> list[dict[str, Any]]:
    """The same graph for Cytoscape: nodes with places, sizes and colours, edges with widths and classes."""
    graph: Graph = result.extra["graph"]
    nodes = drawn_nodes(result, colour_by)
    edges = drawn_edges(result, width, labels)
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


def node_key(level: str, rows: np.ndarray) -> str:
    """How `moved` calls a node: "p" or "n", and its first unit row."""
    return f"{level[0]}{rows[0]}"
