"""Layouts: known pictures of small networks, and what must hold of every network."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeboard.errors import RecordingError
from spikeboard.topology import LayoutKind, layout_positions, layout_used

KINDS: tuple[LayoutKind, ...] = ("layered", "circle", "spring", "kamada_kawai", "grid", "populations")
IN, EXC, INH, OUT = range(4)


@st.composite
def networks(draw: st.DrawFn, most: int = 12) -> tuple[int, NDArray[np.int64]]:
    n_nodes = draw(st.integers(1, most))
    node = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=3 * n_nodes))
    return n_nodes, np.array(edges, np.int64).reshape(-1, 2)


def apart(placed: NDArray[np.float64]) -> NDArray[np.float64]:
    distance = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    distance[np.diag_indices(len(placed))] = np.inf
    return distance


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=20)
@given(network=networks())
def test_every_network_gets_a_place_for_every_node(kind: LayoutKind, network: tuple) -> None:
    placed = layout_positions(*network, kind)
    assert placed.shape == (network[0], 2) and placed.dtype == np.float64
    assert np.isfinite(placed).all()
    assert placed.min(axis=0) == pytest.approx([0, 0])
    assert (placed == layout_positions(*network, kind)).all()


@pytest.mark.parametrize("kind", ["layered", "circle", "grid"])
@settings(deadline=None, max_examples=150)
@given(network=networks())
def test_nodes_stand_one_apart(kind: LayoutKind, network: tuple) -> None:
    assert apart(layout_positions(*network, kind)).min() > 1 - 1e-6


@settings(deadline=None, max_examples=60)
@given(network=networks(), order=st.randoms(use_true_random=False))
def test_loops_duplicates_and_the_order_of_edges_change_no_layer(network: tuple, order) -> None:
    n_nodes, edges = network
    more = edges.tolist() * 2 + [[node, node] for node in range(n_nodes)]
    order.shuffle(more)
    assert (layout_positions(n_nodes, more) == layout_positions(n_nodes, edges)).all()


@settings(deadline=None, max_examples=150)
@given(network=networks())
def test_without_cycles_every_edge_goes_forward(network: tuple) -> None:
    n_nodes, edges = network
    forward = np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1)
    x = layout_positions(n_nodes, forward)[:, 0]
    assert np.all(x[forward[:, 1]] - x[forward[:, 0]] >= 1 - 1e-9)


def test_a_chain_is_a_straight_row() -> None:
    placed = layout_positions(31, [(i, i + 1) for i in range(30)])
    assert placed == pytest.approx(np.column_stack([np.arange(31), np.zeros(31)]))


def test_an_ei_network_stands_between_its_input_and_its_output() -> None:
    edges = [(IN, EXC), (EXC, EXC), (EXC, INH), (INH, EXC), (INH, INH), (INH, OUT)]
    placed = layout_positions(4, edges)
    assert placed == pytest.approx(np.array([[0, 0.5], [1, 0], [1, 1], [2, 0.5]]))


def test_one_feedback_connection_leaves_the_chain_in_its_order() -> None:
    placed = layout_positions(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 1)])
    assert placed[:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_areas_joined_both_ways_stand_in_the_order_from_their_input() -> None:
    areas = [(4, 1), (1, 0), (0, 3), (3, 2)]
    placed = layout_positions(6, [(5, 4), *areas, *((b, a) for a, b in areas)])
    assert placed[[5, 4, 1, 0, 3, 2], 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert placed[:, 1] == pytest.approx(placed[0, 1])


def test_three_populations_joined_nearly_all_with_all_stand_in_a_triangle() -> None:
    relay, exc, pv, sst = range(4)
    inside = [(exc, pv), (pv, exc), (exc, sst), (sst, exc), (sst, pv)]
    placed = layout_positions(4, [(relay, exc), (relay, pv), *inside])
    assert apart(placed[1:])[np.triu_indices(3, 1)] == pytest.approx([1, 1, 1])
    assert placed[relay, 0] <= placed[1:, 0].min() - 1 + 1e-9
    assert placed[exc, 0] == pytest.approx(placed[pv, 0]) and placed[sst, 0] > placed[exc, 0]


def test_a_random_network_has_no_layers() -> None:
    edges = np.random.default_rng(0).integers(0, 60, (240, 2))
    placed = layout_positions(60, edges)
    strong = max(nx.strongly_connected_components(nx.DiGraph(edges.tolist())), key=len)
    ring = placed[sorted(strong)]
    radius = np.linalg.norm(ring - ring.mean(axis=0), axis=1)
    assert len(strong) > 50 and radius == pytest.approx(np.full(len(ring), radius[0]))


def test_a_part_that_is_recurrent_throughout_stands_on_a_circle() -> None:
    inside = [(a, b) for a in range(1, 6) for b in range(1, 6) if a != b]
    placed = layout_positions(7, [(0, 1), *inside, (5, 6)])
    radius = np.linalg.norm(placed[1:6] - placed[1:6].mean(axis=0), axis=1)
    assert radius == pytest.approx(np.full(5, 0.5 / np.sin(np.pi / 5)))
    assert placed[0, 0] < placed[1:6, 0].min() < placed[1:6, 0].max() < placed[6, 0]


def test_edges_are_uncrossed() -> None:
    crossing = layout_positions(4, [(0, 3), (1, 2)])
    assert (crossing[0, 1] < crossing[1, 1]) == (crossing[3, 1] < crossing[2, 1])


def test_an_edge_that_skips_a_layer_does_not_run_through_its_node() -> None:
    start, middle, end = layout_positions(3, [(0, 1), (1, 2), (0, 2)])
    way, beside = end - start, middle - start
    assert abs(way[0] * beside[1] - way[1] * beside[0]) / np.hypot(*way) > 0.25


def test_a_second_input_stands_before_what_it_feeds() -> None:
    x = layout_positions(5, [(0, 1), (1, 2), (2, 3), (4, 3)])[:, 0]
    assert x.tolist() == [0, 1, 2, 3, 2]


def test_nodes_without_connections_are_kept_out_of_the_way() -> None:
    placed = layout_positions(5, [(0, 1), (1, 2)])
    assert placed[:3, 1] == pytest.approx(placed[0, 1])
    assert apart(placed).min() >= 1 - 1e-9


def test_no_connections_at_all_give_a_grid() -> None:
    assert (layout_positions(5, []) == layout_positions(5, [], "grid")).all()
    assert layout_positions(5, [], "grid").tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1]]


def test_the_circle_starts_at_the_top_and_goes_clockwise() -> None:
    assert layout_positions(4, [], "circle") == pytest.approx(
        np.array([[1, 0], [2, 1], [1, 2], [0, 1]]) * 2**-0.5
    )


@pytest.mark.parametrize("kind", ["spring", "kamada_kawai"])
@settings(deadline=None, max_examples=20)
@given(network=networks(8))
def test_springs_are_scaled_to_the_median_neighbour(kind: LayoutKind, network: tuple) -> None:
    placed = layout_positions(*network, kind)
    if len(placed) > 1:
        assert np.median(apart(placed).min(axis=1)) == pytest.approx(1)


def test_kamada_kawai_keeps_the_steps_between_nodes_as_networkx_does() -> None:
    graph = nx.path_graph(6)
    placed = layout_positions(6, list(graph.edges), "kamada_kawai")
    oracle = np.array(list(nx.kamada_kawai_layout(graph).values()))
    between = np.triu_indices(6, 1)
    mine, theirs = apart(placed)[between], apart(oracle)[between]
    assert mine / mine.max() == pytest.approx(theirs / theirs.max(), abs=0.02)
    assert np.ptp(placed[:, 0]) > np.ptp(placed[:, 1])


def test_unconnected_parts_stay_in_sight() -> None:
    placed = layout_positions(6, [(0, 1), (1, 2), (3, 4), (4, 5)], "kamada_kawai")
    assert np.ptp(placed, axis=0).max() < 8
    assert apart(placed).min() > 0.5


def test_a_strong_spring_pulls_nearer_whatever_its_sign() -> None:
    square = [(0, 1), (1, 2), (2, 3), (3, 0)]
    strong = layout_positions(4, square, "spring", weights=[-10, 1, 1, 1])
    assert apart(strong)[0, 1] < 0.9 * apart(strong)[2, 3]
    assert (strong == layout_positions(4, square, "spring", weights=[10, -1, 1, -1])).all()


def test_the_seed_starts_the_springs_elsewhere() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (2, 3)]
    assert (
        layout_positions(4, edges, "spring", seed=1) != layout_positions(4, edges, "spring", seed=2)
    ).any()


@pytest.mark.parametrize("sizes", [(40, 10), (300, 75, 4, 1)])
def test_populations_are_discs_that_do_not_touch(sizes: tuple[int, ...]) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    edges = np.random.default_rng(0).integers(0, len(groups), (200, 2))
    placed = layout_positions(len(groups), edges, "populations", groups=groups)
    centres = np.array([placed[groups == group].mean(axis=0) for group in range(len(sizes))])
    radius = max(
        np.linalg.norm(placed[groups == group] - centres[group], axis=1).max() for group in range(len(sizes))
    )
    assert apart(centres).min() > 2 * radius + 0.5
    assert apart(placed).min() > 0.8


def test_groups_need_not_stand_together_nor_be_counted_from_0() -> None:
    placed = layout_positions(4, [(0, 1)], "populations", groups=[7, -2, 7, -2])
    assert apart(placed)[0, 2] < apart(placed)[0, 1]


def test_large_networks_are_drawn_as_a_grid_and_say_so() -> None:
    assert layout_used("spring", 500, 0) == "spring" and layout_used("layered", 1_000, 0) == "layered"
    assert layout_used("spring", 501, 0) == layout_used("layered", 1_001, 0) == "grid"
    assert layout_used("kamada_kawai", 151, 0) == layout_used("layered", 10, 20_001) == "grid"
    assert layout_used("circle", 10**6, 10**7) == "circle"
    assert (layout_positions(1_001, [(0, 1)], "spring") == layout_positions(1_001, [], "grid")).all()


def test_a_thousand_layers_with_many_long_edges_are_laid_out() -> None:
    edges = [(i, i + 1) for i in range(999)] + [(i, i + 400) for i in range(600)]
    assert layout_positions(1_000, edges)[:, 0].tolist() == list(range(1_000))


def test_a_network_without_nodes_has_no_places() -> None:
    assert all(layout_positions(0, [], kind).shape == (0, 2) for kind in KINDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3, [(0, 3)]), "an edge names node 3, but there are 3 nodes, counted from 0"),
        ((3, [(-1, 0)]), "an edge names node -1"),
        ((3, [(0, 1, 2)]), "edges are a (k, 2) array of node numbers"),
        ((3, [(0.5, 1.0)]), "not float64"),
        ((3, [(0, 1)], "dagre"), "no layout 'dagre'; there are layered, circle"),
        ((3, [(0, 1)], "spring", [1.0, 2.0]), "1 edges, but weights of shape (2,)"),
        ((3, [(0, 1)], "populations", None, 0, [1, 2]), "3 nodes, but groups of shape (2,)"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: tuple, said: str) -> None:
    with pytest.raises(RecordingError) as error:
        layout_positions(*arguments)
    assert said in str(error.value)
