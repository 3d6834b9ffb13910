"""Who is connected to whom, in numbers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from spikeboard.errors import RecordingError
from spikeboard.topology.edges import Edges, checked, distinct


def edge_list(indptr: ArrayLike, indices: ArrayLike) -> Edges:
    """The synapses of compressed sparse rows as edges.

    Parameters
    ----------
    indptr : (n_source + 1,) int
    indices : (S,) int, target of each synapse

    Returns
    -------
    (S, 2) int64, source and target, in the order of the synapses; duplicates are kept
    """
    starts, targets = np.asarray(indptr), np.asarray(indices)
    if not len(starts) or starts[0] != 0 or starts[-1] != len(targets) or np.any(np.diff(starts) < 0):
        raise RecordingError(f"indptr must rise from 0 to the number of synapses, {len(targets)}")
    sources = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return np.column_stack([sources, targets]).astype(np.int64)


def strongest_edges(
    indptr: ArrayLike, indices: ArrayLike, weight: ArrayLike | None, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int]:
    """The synapses of largest absolute weight, strongest first.

    Parameters
    ----------
    indptr, indices : compressed sparse rows, row = source, index = target
    weight : (S,) of any sign, or None where the synapses have none: then the first ones are taken
    limit : how many at most

    Returns
    -------
    source, target : (k,) int64
    weight : (k,) float64, with its sign; NaN where unknown. Unknown weights come last, ties stay in file order
    left_out : how many synapses are not among them
    """
    pairs = edge_list(indptr, indices)
    values = np.full(len(pairs), np.nan) if weight is None else np.asarray(weight, np.float64)
    if len(values) != len(pairs):
        raise RecordingError(
            f"{len(pairs)} synapses, but {len(values)} weights: one weight per synapse, please"
        )
    strength = np.where(np.isnan(values), -1.0, np.abs(values))
    if 0 < limit < len(pairs):
        least = np.partition(strength, -limit)[-limit]
        ties = np.flatnonzero(strength == least)[: limit - np.count_nonzero(strength > least)]
        chosen = np.sort(np.r_[np.flatnonzero(strength > least), ties])
    else:
        chosen = np.arange(len(pairs) if limit > 0 else 0)
    chosen = chosen[np.argsort(-strength[chosen], kind="stable")]
    return pairs[chosen, 0], pairs[chosen, 1], values[chosen], len(pairs) - len(chosen)


def degree_table(n_nodes: int, edges: ArrayLike, weights: ArrayLike | None = None) -> pd.DataFrame:
    """How many synapses and partners each node has.

    Parameters
    ----------
    n_nodes : number of nodes
    edges : (k, 2) int, source and target; duplicates are several synapses of one pair
    weights : (k,) of any sign

    Returns
    -------
    DataFrame, one row per node. in_synapses, out_synapses: all, loops and duplicates counted.
    in_degree, out_degree: distinct other nodes. self_synapses: loops. in_weight, out_weight: sums, with sign
    (NaN without weights); a synapse of unknown weight makes the sum NaN.
    """
    pairs = checked(n_nodes, edges)
    partners, loops = distinct(pairs), pairs[pairs[:, 0] == pairs[:, 1], 0]
    values = np.full(len(pairs), np.nan) if weights is None else np.asarray(weights, np.float64)
    if len(values) != len(pairs):
        raise RecordingError(f"{len(pairs)} edges, but {len(values)} weights: one weight per edge, please")
    sums = [np.bincount(pairs[:, side], values, minlength=n_nodes) for side in (1, 0)]
    return pd.DataFrame(
        {
            "in_synapses": np.bincount(pairs[:, 1], minlength=n_nodes),
            "out_synapses": np.bincount(pairs[:, 0], minlength=n_nodes),
            "in_degree": np.bincount(partners[:, 1], minlength=n_nodes),
            "out_degree": np.bincount(partners[:, 0], minlength=n_nodes),
            "self_synapses": np.bincount(loops, minlength=n_nodes),
            "in_weight": sums[0] if weights is not None else np.nan,
            "out_weight": sums[1] if weights is not None else np.nan,
        },
        index=pd.RangeIndex(n_nodes, name="node"),
    )


def hubs(n_nodes: int, edges: ArrayLike, deviations: float = 1.0) -> NDArray[np.int64]:
    """The nodes with many more partners than the others, the best connected first.

    A hub has a total degree (distinct partners in and out) above mean + `deviations` · standard deviation
    (Sporns, Honey & Kötter 2007, PLoS ONE 2:e1049). Equal degrees stay in order of the nodes; there may be none.

    Returns
    -------
    (k,) int64, node numbers
    """
    table = degree_table(n_nodes, edges)
    degree = (table["in_degree"] + table["out_degree"]).to_numpy(np.int64)
    if not len(degree):
        return np.zeros(0, np.int64)
    found = np.flatnonzero(degree > degree.mean() + deviations * degree.std())
    return found[np.argsort(-degree[found], kind="stable")]


def reciprocity(edges: ArrayLike) -> float:
    """The share of connected pairs, each direction counted, that are connected back too.

    Loops and duplicates do not count (Newman 2010, Networks, §7.10). NaN where nothing is connected.
    """
    pairs = np.asarray(edges, np.int64).reshape(-1, 2)
    linked = distinct(pairs)
    if not len(linked):
        return math.nan
    width = int(linked.max()) + 1
    there, back = linked @ [width, 1], linked @ [1, width]
    return float(np.isin(there, back, assume_unique=True).mean())


def shortest_path(
    n_nodes: int, edges: ArrayLike, source: int, target: int, costs: ArrayLike | None = None
) -> list[int]:
    """The nodes on a shortest way from source to target along the edges (Dijkstra 1959).

    Parameters
    ----------
    n_nodes : number of nodes
    edges : (k, 2) int
    source, target : node numbers
    costs : (k,) not negative, such as delays in seconds: the way is then the fastest. Without: fewest steps

    Returns
    -------
    node numbers, both ends included; [source] where they are one; empty where there is no way
    """
    pairs = checked(n_nodes, edges)
    checked(n_nodes, [[source, target]])
    before = dijkstra(_cheapest(n_nodes, pairs, costs), indices=source, return_predecessors=True)[1]
    path = [int(target)]
    while path[-1] != source:
        if before[path[-1]] < 0:
            return []
        path.append(int(before[path[-1]]))
    return path[::-1]


def _cheapest(n_nodes: int, pairs: Edges, costs: ArrayLike | None) -> csr_array:
    """The graph with the least cost of each pair: a plain sparse matrix would add duplicates up."""
    cost = np.ones(len(pairs)) if costs is None else np.asarray(costs, np.float64)
    if cost.shape != (len(pairs),) or not np.all(cost >= 0):
        raise RecordingError(f"costs must be {len(pairs)} numbers that are not negative, one per edge")
    order = np.lexsort((cost, pairs[:, 1], pairs[:, 0]))
    pairs, cost = pairs[order], cost[order]
    first = np.r_[True, np.any(pairs[1:] != pairs[:-1], axis=1)] if len(pairs) else np.zeros(0, bool)
    starts = np.searchsorted(pairs[first, 0], np.arange(n_nodes + 1))
    return csr_array((cost[first], pairs[first, 1], starts), shape=(n_nodes, n_nodes))
