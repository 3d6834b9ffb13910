"""Where the nodes of a graph are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import shortest_path

from spikeboard.errors import RecordingError
from spikeboard.topology.edges import Edges, checked, digraph, distinct
from spikeboard.topology.layered import layered
from spikeboard.topology.shapes import Positions, circle, grid, sunflower

LayoutKind = Literal["layered", "circle", "spring", "kamada_kawai", "grid", "populations"]

# Beyond these a layout takes more than a second or two.
NODE_LIMIT = {"kamada_kawai": 150, "spring": 500, "layered": 1_000}
EDGE_LIMIT = 20_000


def layout_positions(
    n_nodes: int,
    edges: ArrayLike,
    kind: LayoutKind = "layered",
    weights: ArrayLike | None = None,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> Positions:
    """Where to draw each node. The same arguments give the same positions.

    Parameters
    ----------
    n_nodes : number of nodes
    edges : (k, 2) int, source and target of each edge; loops and duplicates are allowed
    kind : "layered": along the flow, from inputs to outputs (Sugiyama, Tagawa & Toda 1981), with the cycles
        broken by the order of Eades, Lin & Smyth (1993); parts that are recurrent through and through stay
        together, two nodes one above the other, more on a circle.
        "spring": Fruchterman & Reingold (1991). "kamada_kawai": Kamada & Kawai (1989), over the number of steps
        between nodes. "populations": each group of nodes as a disc, the discs layered.
    weights : (k,) of any sign; their absolute value is the pull of the springs. The other kinds ignore it
    seed : for the spring layout's first positions
    groups : (n_nodes,) int, group of each node, for "populations"

    Returns
    -------
    (n_nodes, 2) float64, x to the right and y downwards, starting at 0; neighbours are about 1 apart.
    Large graphs are drawn as `layout_used` says.

    Raises
    ------
    RecordingError : for an unknown kind, or edges that name nodes which do not exist
    """
    pairs = checked(n_nodes, edges)
    used = layout_used(kind, n_nodes, len(pairs))
    if not n_nodes:
        return np.zeros((0, 2))
    if used == "populations":
        placed = _populations(_checked_groups(groups, n_nodes), pairs)
    elif used == "spring":
        placed = _spring(n_nodes, pairs, weights, seed)
    else:
        placed = _PLAIN[used](n_nodes, pairs)
    return placed - placed.min(axis=0)


def layout_used(kind: LayoutKind, n_nodes: int, n_edges: int) -> LayoutKind:
    """The layout that `layout_positions` really draws: the grid where `kind` would cost too much.

    Kamada–Kawai up to 150 nodes, spring up to 500, layered up to 1,000, all three up to 20,000 edges.
    """
    if kind not in get_args(LayoutKind):
        raise RecordingError(f"no layout {kind!r}; there are {', '.join(get_args(LayoutKind))}")
    too_large = kind in NODE_LIMIT and (n_nodes > NODE_LIMIT[kind] or n_edges > EDGE_LIMIT)
    return "grid" if too_large else kind


def _checked_groups(groups: ArrayLike | None, n_nodes: int) -> NDArray[np.int64]:
    if groups is None:
        return np.zeros(n_nodes, np.int64)
    found = np.asarray(groups)
    if found.shape != (n_nodes,):
        raise RecordingError(
            f"{n_nodes} nodes, but groups of shape {found.shape}: one group per node, please"
        )
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _spring(n_nodes: int, pairs: Edges, weights: ArrayLike | None, seed: int) -> Positions:
    graph = nx.Graph()
    graph.add_nodes_from(range(n_nodes))
    for (source, target), pull in zip(pairs.tolist(), _pulls(pairs, weights), strict=True):
        before = graph.get_edge_data(source, target, {"weight": 0.0})["weight"]
        graph.add_edge(source, target, weight=before + pull)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    placed = nx.spring_layout(
        graph, pos=_shaken(2 * circle(n_nodes) / n_nodes, seed), seed=seed, iterations=100
    )
    return _spread(_stacked(placed, n_nodes))


def _pulls(pairs: Edges, weights: ArrayLike | None) -> list[float]:
    if weights is None:
        return [1.0] * len(pairs)
    pull = np.abs(np.asarray(weights, np.float64))
    if pull.shape != (len(pairs),):
        raise RecordingError(
            f"{len(pairs)} edges, but weights of shape {pull.shape}: one weight per edge, please"
        )
    pull = np.where(np.isfinite(pull), pull, 0.0)
    return (pull / max(pull.max(initial=0.0), np.finfo(float).tiny)).tolist()


def _shaken(start: Positions, seed: int) -> dict[int, NDArray[np.float64]]:
    """Nearly `start`, but no two nodes at one place, from where nothing could part them."""
    return dict(enumerate(start + np.random.default_rng(seed).normal(0, 0.01, start.shape)))


def _kamada_kawai(n_nodes: int, pairs: Edges) -> Positions:
    graph = digraph(n_nodes, pairs)
    steps = shortest_path(nx.to_scipy_sparse_array(graph), directed=False, unweighted=True)
    # Unconnected parts would fly apart (their distance is infinite): they stand a little beyond the farthest pair.
    steps = np.where(np.isfinite(steps), steps, 1 + steps[np.isfinite(steps)].max())
    distance = {node: dict(enumerate(row)) for node, row in enumerate(steps.tolist())}
    placed = nx.kamada_kawai_layout(graph, dist=distance, pos=_shaken(_scaled(steps), 0))
    return _spread(_stacked(placed, n_nodes))


def _scaled(distance: NDArray[np.float64]) -> Positions:
    """Places with about these distances: classical scaling (Torgerson 1952), a start near the end."""
    squared = distance**2
    inner = (squared.mean(axis=0) + squared.mean(axis=1)[:, None] - squared - squared.mean()) / 2
    values, vectors = np.linalg.eigh(inner)
    plane = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
    return plane if plane.shape[1] == 2 else np.zeros((len(distance), 2))


def _stacked(placed: dict[int, NDArray[np.float64]], n_nodes: int) -> Positions:
    return np.array([placed[node] for node in range(n_nodes)], dtype=float).reshape(n_nodes, 2)


def _spread(placed: Positions) -> Positions:
    """Turned so that the longest way lies across, and scaled: the median node's nearest neighbour is 1 away."""
    if len(placed) < 2:
        return placed
    placed = placed - placed.mean(axis=0)
    placed = placed @ np.linalg.svd(placed, full_matrices=False)[2].T
    placed = placed * np.where(placed[0] > 0, -1, 1)
    apart = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return placed / max(float(np.median(apart.min(axis=1))), 1e-9)


def _populations(groups: NDArray[np.int64], pairs: Edges) -> Positions:
    """Each group a disc, the discs placed by the layered layout of the groups."""
    sizes = np.bincount(groups)
    centres = layout_positions(len(sizes), distinct(groups[pairs]), "layered")
    placed = (2 + 1.2 * np.sqrt(sizes.max(initial=0))) * centres[groups]
    for group, size in enumerate(sizes):
        placed[groups == group] += sunflower(size)
    return placed


_PLAIN: dict[str, Callable[[int, Edges], Positions]] = {
    "layered": layered,
    "kamada_kawai": _kamada_kawai,
    "circle": lambda n_nodes, pairs: circle(n_nodes),
    "grid": lambda n_nodes, pairs: grid(n_nodes),
}
