"""Networks as graphs: where nodes are drawn, who is connected to whom, and the stand-alone topology page.

Nodes are numbered 0 … n-1, an edge is a row (source, target). The same functions serve populations joined by
projections and neurons joined by synapses.
"""

from spikeboard.topology.layouts import LayoutKind, layout_positions, layout_used
from spikeboard.topology.measures import (
    degree_table,
    edge_list,
    hubs,
    reciprocity,
    shortest_path,
    strongest_edges,
)
from spikeboard.topology.page import topology_html

__all__ = [
    "LayoutKind",
    "degree_table",
    "edge_list",
    "hubs",
    "layout_positions",
    "layout_used",
    "reciprocity",
    "shortest_path",
    "strongest_edges",
    "topology_html",
]
