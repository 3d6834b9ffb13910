"""Edges as every function here takes them: rows (source, target) of node numbers."""

from __future__ import annotations

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikeboard.errors import RecordingError

Edges = NDArray[np.int64]


def checked(n_nodes: int, edges: ArrayLike) -> Edges:
    """Edges as a (k, 2) int64 array of nodes that exist.

    Raises
    ------
    RecordingError : where they are something else
    """
    pairs = np.asarray(edges)
    if not pairs.size:
        return np.zeros((0, 2), np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise RecordingError(
            f"edges are a (k, 2) array of node numbers, not {pairs.dtype} of shape {pairs.shape}"
        )
    if pairs.min() < 0 or pairs.max() >= n_nodes:
        wrong = pairs.max() if pairs.max() >= n_nodes else pairs.min()
        raise RecordingError(f"an edge names node {wrong}, but there are {n_nodes} nodes, counted from 0")
    return pairs.astype(np.int64)


def digraph(n_nodes: int, pairs: Edges) -> nx.DiGraph:
    """All nodes, in order, and the edges, duplicates once."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n_nodes))
    graph.add_edges_from(pairs.tolist())
    return graph


def distinct(pairs: Edges) -> Edges:
    """Each ordered pair once, without loops."""
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0).reshape(-1, 2)
