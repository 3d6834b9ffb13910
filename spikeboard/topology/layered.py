"""The layered layout: along the flow, from inputs to outputs, with few crossings."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx as nx
import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spikeboard.topology.edges import Edges, digraph, distinct
from spikeboard.topology.shapes import Positions, circle, grid

# In a strongly connected part, the share of its edges that may run backwards before its order says nothing.
BACKWARD_SHARE = 0.1
# The share of its pairs that are joined from which on a part with feedback is one knot.
DENSE_SHARE = 0.7
DUMMY_LIMIT = 20_000


def layered(n_nodes: int, pairs: Edges) -> Positions:
    """Positions along the flow; see `layout_positions`."""
    pairs = distinct(pairs)
    if not len(pairs):
        return grid(n_nodes)
    block, forward = _untangle(n_nodes, pairs)
    members = [np.flatnonzero(block == number) for number in range(block.max() + 1)]
    layer = _layers(len(members), forward)
    heights = np.array([_extent(len(nodes)) for nodes in members])
    rows = _rows(layer, heights, forward)
    columns = _columns(layer, np.array([_extent(len(nodes), stacked=True) for nodes in members]))
    outward = _outward(n_nodes, pairs[block[pairs[:, 0]] != block[pairs[:, 1]]])
    placed = np.zeros((n_nodes, 2))
    for number, nodes in enumerate(members):
        placed[nodes] = np.array([columns[layer[number]], rows[number]]) + _inside(outward[nodes])
    return placed


def _outward(n_nodes: int, pairs: Edges) -> NDArray[np.int64]:
    """How many more edges leave each node than enter it."""
    return np.bincount(pairs[:, 0], minlength=n_nodes) - np.bincount(pairs[:, 1], minlength=n_nodes)


def _untangle(n_nodes: int, pairs: Edges) -> tuple[NDArray[np.int64], Edges]:
    """Block of each node, and the edges between blocks without those that close a cycle.

    A strongly connected part that has a direction is laid out along it, without the edges that run back;
    in any other no order is truer than another: it becomes one block.
    """
    place = _flow_order(n_nodes, pairs)
    backward = place[pairs[:, 0]] > place[pairs[:, 1]]
    block, keep = np.arange(n_nodes), np.ones(len(pairs), bool)
    for nodes in nx.strongly_connected_components(digraph(n_nodes, pairs)):
        if len(nodes) == 1:
            continue
        inner = np.flatnonzero(np.isin(pairs, list(nodes)).all(axis=1))
        keep[inner] = ~backward[inner]
        if not _has_direction(len(nodes), pairs[inner], backward[inner]):
            block[list(nodes)] = min(nodes)
    block = np.unique(block, return_inverse=True)[1].astype(np.int64)
    return block, distinct(block[pairs[keep]])


def _has_direction(n_nodes: int, inner: Edges, backward: NDArray[np.bool_]) -> bool:
    """Whether few edges run back: one, or a small share.

    Pairs joined both ways have no say, unless they abound or nearly all is joined with all.
    """
    back = {(a, b) for a, b in inner[backward].tolist()}
    mutual = back & {(b, a) for a, b in inner.tolist()}
    few = len(back - mutual) <= max(1, BACKWARD_SHARE * len(inner))
    dense = len(inner) - len(mutual) > DENSE_SHARE * n_nodes * (n_nodes - 1) / 2
    return n_nodes > 2 and few and len(mutual) < n_nodes and not (mutual and dense)


def _flow_order(n_nodes: int, pairs: Edges) -> NDArray[np.int64]:
    """Place of each node in an order with few edges against it (Eades, Lin & Smyth 1993).

    Sinks go last, sources first, then what sends out most beyond what it receives; of equals, what is fed by
    most of the nodes already placed.
    """
    out, into = (np.bincount(pairs[:, side], minlength=n_nodes) for side in (0, 1))
    fed, rest = np.zeros(n_nodes, np.int64), np.ones(n_nodes, bool)
    head: list[int] = []
    tail: list[int] = []
    while rest.any():
        sinks, sources = np.flatnonzero(rest & (out == 0)), np.flatnonzero(rest & (into == 0))
        surplus = np.where(rest, (out - into) * (n_nodes + 1) + fed, np.iinfo(np.int64).min)
        node = int(sinks[-1] if len(sinks) else sources[0] if len(sources) else np.argmax(surplus))
        (tail if len(sinks) else head).append(node)
        rest[node] = False
        after, before = pairs[pairs[:, 0] == node, 1], pairs[pairs[:, 1] == node, 0]
        into[after] -= 1
        fed[after] += 1
        out[before] -= 1
    return np.argsort(head + tail[::-1])


def _layers(n_blocks: int, forward: Edges) -> NDArray[np.int64]:
    """Layer of each block: the longest way from an input; inputs stand just before what they feed."""
    graph = digraph(n_blocks, forward)
    layer = np.zeros(n_blocks, np.int64)
    for depth, blocks in enumerate(nx.topological_generations(graph)):
        layer[list(blocks)] = depth
    alone = [block for block in graph if not graph.degree(block)]
    for block in graph:
        if graph.out_degree(block) and not graph.in_degree(block):
            layer[block] = min(layer[after] for after in graph.successors(block)) - 1
    layer[alone] = np.arange(len(alone)) % (layer.max() + 1)
    return layer


def _extent(size: int, stacked: bool = False) -> float:
    """Height of a block of so many nodes, or, `stacked`, its width beyond one node."""
    if size <= 2:
        return 0.0 if stacked else float(size)
    return 1 / math.sin(math.pi / size) + (0 if stacked else 1)


def _inside(outward: NDArray[np.int64]) -> Positions:
    """Where the nodes of a block stand about its centre: what is fed from outside left, what feeds others right."""
    size = len(outward)
    if size == 2:
        return np.array([[0.0, -0.5], [0.0, 0.5]])
    turns = np.pi * np.arange(4 * size) / (2 * size)
    turned = [circle(size) @ [[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]] for t in turns]
    return turned[int(np.argmax([round(float(outward @ places[:, 0]), 9) for places in turned]))]


def _columns(layer: NDArray[np.int64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """x of each layer: 1 apart, and more where a block is wide."""
    widest = np.zeros(layer.max() + 1)
    np.maximum.at(widest, layer, widths)
    return np.r_[0.0, np.cumsum(1 + (widest[:-1] + widest[1:]) / 2)]


def _rows(layer: NDArray[np.int64], heights: NDArray[np.float64], forward: Edges) -> NDArray[np.float64]:
    """y of each block: few crossings, edges nearly level, nothing on top of another."""
    links, layer, heights = _with_dummies(layer, heights, forward)
    order = [np.flatnonzero(layer == depth) for depth in range(layer.max() + 1)]
    towards = [_meeting(links, layer, 0), _meeting(links, layer, 1)]
    place = np.zeros(len(layer))
    for blocks in order:
        place[blocks] = np.arange(len(blocks)) - (len(blocks) - 1) / 2
    for sweep in range(12):
        side = sweep % 2
        for depth in range(len(order))[:: 1 - 2 * side]:
            order[depth] = _reordered(order[depth], towards[1 - side], place)
    return _relaxed(order, heights, links)


def _with_dummies(
    layer: NDArray[np.int64], heights: NDArray[np.float64], forward: Edges
) -> tuple[Edges, NDArray[np.int64], NDArray[np.float64]]:
    """Edges cut into links from layer to layer: an edge that skips layers holds a place free in each."""
    span = layer[forward[:, 1]] - layer[forward[:, 0]]
    if span.sum() - len(span) > DUMMY_LIMIT:
        return forward, layer, heights
    links, extra, count = [], [], len(layer)
    for (source, target), steps in zip(forward.tolist(), span.tolist(), strict=True):
        path = [source, *range(count, count + steps - 1), target]
        count += steps - 1
        links += pairwise(path)
        extra += range(layer[source] + 1, layer[target])
    places = np.r_[layer, np.array(extra, np.int64)]
    return np.array(links, np.int64).reshape(-1, 2), places, np.r_[heights, np.full(len(extra), 0.6)]


def _meeting(links: Edges, layer: NDArray[np.int64], side: int) -> csr_array:
    """Row per block: the mean over its neighbours on one side (0 after it, 1 before it)."""
    here, there = links[:, side], links[:, 1 - side]
    degree = np.maximum(np.bincount(here, minlength=len(layer)), 1)
    return csr_array((1 / degree[here], (here, there)), shape=(len(layer), len(layer)))


def _reordered(blocks: NDArray[np.int64], means: csr_array, place: NDArray[np.float64]) -> NDArray[np.int64]:
    """The blocks of a layer by the mean place of their neighbours; those without any keep theirs."""
    if len(blocks) == 1:
        return blocks
    chosen = means[blocks]
    wish = np.where(np.diff(chosen.indptr) > 0, chosen @ place, place[blocks])
    blocks = blocks[np.argsort(wish, kind="stable")]
    place[blocks] = np.arange(len(blocks)) - (len(blocks) - 1) / 2
    return blocks


def _relaxed(
    order: list[NDArray[np.int64]], heights: NDArray[np.float64], links: Edges, rounds: int = 24
) -> NDArray[np.float64]:
    """y nearest to the neighbours' mean, in least squares, that keeps the order and the heights of each layer."""
    both = np.r_[links, links[:, ::-1]]
    means = _meeting(both, np.zeros(len(heights), np.int64), 0)
    lone = np.diff(means.indptr) == 0
    y = np.zeros(len(heights))
    offsets = [np.cumsum(heights[blocks]) - heights[blocks] / 2 for blocks in order]
    for blocks, offset in zip(order, offsets, strict=True):
        y[blocks] = offset - heights[blocks].sum() / 2
    pulls = [means[blocks] for blocks in order]
    for _ in range(rounds):
        for blocks, offset, pull in zip(order, offsets, pulls, strict=True):
            wish = np.where(lone[blocks], y[blocks], pull @ y)
            y[blocks] = offset + scipy.optimize.isotonic_regression(wish - offset).x
    return y
