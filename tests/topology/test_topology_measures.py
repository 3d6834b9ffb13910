"""Degrees, paths, hubs and strongest synapses against NetworkX and against plain definitions."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from spikeboard.errors import RecordingError
from spikeboard.topology import degree_table, edge_list, hubs, reciprocity, shortest_path, strongest_edges

WEIGHTS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])


@st.composite
def synapses(draw: st.DrawFn) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
    n_nodes = draw(st.integers(1, 8))
    node = st.integers(0, n_nodes - 1)
    rows = draw(st.lists(st.tuples(node, node, WEIGHTS), max_size=30))
    return n_nodes, np.array([r[:2] for r in rows], np.int64).reshape(-1, 2), np.array([r[2] for r in rows])


def multigraph(n_nodes: int, edges: NDArray[np.int64], weights: NDArray[np.float64]) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n_nodes))
    graph.add_weighted_edges_from(zip(*edges.T.tolist(), weights.tolist(), strict=True))
    return graph


@given(synapses())
def test_degrees_are_those_of_networkx(network: tuple) -> None:
    table, graph = degree_table(*network), multigraph(*network)
    simple = nx.DiGraph(graph)
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    nodes = range(network[0])
    assert table["in_synapses"].tolist() == [graph.in_degree(node) for node in nodes]
    assert table["out_synapses"].tolist() == [graph.out_degree(node) for node in nodes]
    assert table["in_degree"].tolist() == [simple.in_degree(node) for node in nodes]
    assert table["out_degree"].tolist() == [simple.out_degree(node) for node in nodes]
    assert table["self_synapses"].tolist() == [graph.number_of_edges(node, node) for node in nodes]
    assert table["in_weight"].tolist() == pytest.approx([graph.in_degree(node, "weight") for node in nodes])
    assert table["out_weight"].tolist() == pytest.approx([graph.out_degree(node, "weight") for node in nodes])


def test_a_weight_that_is_not_known_is_not_taken_for_zero() -> None:
    table = degree_table(3, [(0, 1), (0, 1), (2, 0)], [1.0, math.nan, -2.0])
    assert table["out_weight"].tolist()[2] == -2.0 and math.isnan(table["out_weight"][0])
    assert degree_table(3, [(0, 1)])["in_weight"].isna().all()


@given(synapses())
def test_reciprocity_is_that_of_networkx(network: tuple) -> None:
    _, edges, _ = network
    graph = nx.DiGraph()
    graph.add_edges_from(edge for edge in edges.tolist() if edge[0] != edge[1])
    assume(graph.number_of_edges())
    assert reciprocity(edges) == pytest.approx(nx.overall_reciprocity(graph))


def test_reciprocity_of_nothing_is_unknown() -> None:
    assert math.isnan(reciprocity([])) and math.isnan(reciprocity([(2, 2)]))
    assert reciprocity([(0, 1), (1, 0), (1, 0), (0, 2)]) == pytest.approx(2 / 3)


@settings(deadline=None)
@given(synapses(), st.data())
def test_paths_are_as_short_as_those_of_networkx(network: tuple, data: st.DataObject) -> None:
    n_nodes, edges, weights = network
    costs = np.abs(weights)
    source, target = (data.draw(st.integers(0, n_nodes - 1)) for _ in range(2))
    graph = multigraph(n_nodes, edges, costs)
    for cost, weight in ((None, None), (costs, "weight")):
        path = shortest_path(n_nodes, edges, source, target, cost)
        try:
            least = nx.shortest_path_length(graph, source, target, weight=weight)
        except nx.NetworkXNoPath:
            assert path == []
            continue
        assert path[0] == source and path[-1] == target
        steps = [graph.get_edge_data(a, b) for a, b in pairwise(path)]
        taken = [min(edge["weight"] if weight else 1 for edge in step.values()) for step in steps]
        assert sum(taken) == pytest.approx(least)


def test_the_fastest_way_is_not_the_one_of_fewest_steps() -> None:
    edges = [(0, 3), (0, 1), (1, 2), (2, 3)]
    assert shortest_path(4, edges, 0, 3) == [0, 3]
    assert shortest_path(4, edges, 0, 3, [5e-3, 1e-3, 1e-3, 1e-3]) == [0, 1, 2, 3]
    assert shortest_path(4, edges, 3, 0) == []
    assert shortest_path(4, edges, 2, 2) == [2]


@pytest.mark.parametrize("costs", [[-1.0], [math.nan], [1.0, 2.0]])
def test_costs_that_are_none_are_refused(costs: list[float]) -> None:
    with pytest.raises(RecordingError, match="costs must be 1 numbers that are not negative"):
        shortest_path(2, [(0, 1)], 0, 1, costs)


def test_hubs_stand_out_by_their_degree() -> None:
    star = [(0, other) for other in range(1, 8)] + [(1, 2)]
    assert hubs(8, star).tolist() == [0]
    assert hubs(4, [(0, 1), (1, 2), (2, 3), (3, 0)]).tolist() == []
    assert hubs(0, []).tolist() == []


@given(synapses())
def test_hubs_are_those_above_mean_and_deviation(network: tuple) -> None:
    n_nodes, edges, _ = network
    pairs = {tuple(edge) for edge in edges.tolist() if edge[0] != edge[1]}
    degree = Counter(node for pair in pairs for node in pair)
    values = [degree[node] for node in range(n_nodes)]
    above = [n for n in range(n_nodes) if values[n] > np.mean(values) + np.std(values)]
    assert hubs(n_nodes, edges).tolist() == sorted(above, key=lambda node: -values[node])


@st.composite
def sparse_rows(draw: st.DrawFn) -> tuple[list[int], list[int], list[float]]:
    counts = draw(st.lists(st.integers(0, 6), min_size=1, max_size=6))
    size = sum(counts)
    weight = st.one_of(WEIGHTS, st.just(math.nan), st.floats(-10, 10))
    indices = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    return [0, *np.cumsum(counts).tolist()], indices, draw(st.lists(weight, min_size=size, max_size=size))


@given(sparse_rows(), st.integers(0, 40))
def test_the_strongest_synapses_are_those_that_sorting_finds(rows: tuple, limit: int) -> None:
    indptr, indices, weight = rows
    source, target, strength, left_out = strongest_edges(indptr, indices, weight, limit)
    places = [(row, place) for row in range(len(indptr) - 1) for place in range(indptr[row], indptr[row + 1])]
    places.sort(key=lambda p: math.inf if math.isnan(weight[p[1]]) else -abs(weight[p[1]]))
    assert source.tolist() == [row for row, _ in places[:limit]]
    assert target.tolist() == [indices[place] for _, place in places[:limit]]
    assert strength.tolist() == pytest.approx([weight[place] for _, place in places[:limit]], nan_ok=True)
    assert left_out == max(len(weight) - limit, 0)


def test_synapses_without_weights_are_taken_in_their_order() -> None:
    source, target, weight, left_out = strongest_edges([0, 2, 3], [5, 4, 3], None, 2)
    assert (source.tolist(), target.tolist(), left_out) == ([0, 0], [5, 4], 1)
    assert np.isnan(weight).all()


def test_sparse_rows_become_edges_in_their_order_duplicates_kept() -> None:
    assert edge_list([0, 2, 2, 3], [1, 1, 0]).tolist() == [[0, 1], [0, 1], [2, 0]]
    dense = np.random.default_rng(1).integers(0, 2, (5, 7))
    rows = csr_array(dense)
    assert sorted(map(tuple, edge_list(rows.indptr, rows.indices))) == list(
        zip(*np.nonzero(dense), strict=True)
    )


@pytest.mark.parametrize(("indptr", "indices"), [([0, 2], [1]), ([1, 2], [0, 0]), ([0, 2, 1], [0]), ([], [])])
def test_rows_that_do_not_fit_are_refused(indptr: list[int], indices: list[int]) -> None:
    with pytest.raises(RecordingError, match="indptr must rise from 0 to the number of synapses"):
        edge_list(indptr, indices)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(RecordingError, match="1 synapses, but 2 weights"):
        strongest_edges([0, 1], [0], [1.0, 2.0], 5)
    with pytest.raises(RecordingError, match="1 edges, but 2 weights"):
        degree_table(2, [(0, 1)], [1.0, 2.0])
