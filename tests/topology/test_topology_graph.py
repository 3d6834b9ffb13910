"""The network of a recording as a graph, against NetworkX and hand-made networks."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from made_networks import network_of, synapses_of, triples

from spikeboard.errors import NothingToDraw
from spikeboard.topology.graph import neuron_graph, population_graph


def three():
    return network_of(
        {"A": 4, "B": 3, "C": 2},
        {
            "A→B": synapses_of("A", "B", 4, [(0, 0, 1.0), (0, 0, 2.0), (3, 2, 3.0)], delay=0.002),
            "B→B": synapses_of("B", "B", 3, [(0, 1, -1.0), (1, 1, -3.0)]),
            "A→B again": synapses_of("A", "B", 4, [(1, 1, -1.0), (2, 0, 1.0)]),
        },
    )


def test_nodes_are_populations_and_edges_projections() -> None:
    graph = population_graph(three())
    assert graph.nodes["name"].tolist() == ["A", "B", "C"] and graph.nodes["units"].tolist() == [4, 3, 2]
    assert graph.pairs.tolist() == [[0, 1], [1, 1], [0, 1]]
    assert graph.edges["synapses"].tolist() == [3, 2, 2]
    assert graph.edges["weight_mean"].tolist() == [2.0, -2.0, 0.0]
    assert graph.edges["sign"].tolist() == ["excitatory", "inhibitory", "mixed"]
    assert graph.edges["delay_ms"].iloc[0] == 2.0 and np.isnan(graph.edges["delay_ms"].iloc[1])
    assert graph.edges["probability"].tolist() == pytest.approx([2 / 12, 2 / 9, 2 / 12])


def test_degrees_count_partners_and_synapses() -> None:
    nodes = population_graph(three()).nodes
    assert nodes["in_synapses"].tolist() == [0, 7, 0] and nodes["out_synapses"].tolist() == [5, 2, 0]
    assert nodes["in_degree"].tolist() == [0, 1, 0] and nodes["out_degree"].tolist() == [1, 0, 0]
    assert nodes["in_weight"].tolist() == [0.0, 2.0, 0.0]


def test_part_of_the_units_is_a_part_of_the_synapses() -> None:
    graph = population_graph(three(), np.array([0, 4]))
    assert graph.nodes["units"].tolist() == [1, 1]
    assert graph.edges["synapses"].tolist() == [2] and graph.edges["probability"].tolist() == [1.0]


def test_a_population_of_both_signs_without_signs_in_its_weights_is_two_nodes() -> None:
    rec = network_of(
        {"v1": 4},
        {"vv": synapses_of("v1", "v1", 4, [(0, 1, 1.0), (3, 0, 2.0), (2, 3, 4.0)])},
        ei=["e", "e", "i", "i"],
    )
    graph = population_graph(rec)
    assert graph.nodes["name"].tolist() == ["v1 e", "v1 i"] and [r.tolist() for r in graph.rows] == [
        [0, 1],
        [2, 3],
    ]
    found = {
        (*pair,): (w, s)
        for pair, w, s in zip(
            graph.pairs.tolist(), graph.edges["weight_mean"], graph.edges["sign"], strict=True
        )
    }
    assert found == {(0, 0): (1.0, "excitatory"), (1, 0): (-2.0, "inhibitory"), (1, 1): (-4.0, "inhibitory")}
    assert "v1 is drawn in two parts" in graph.notes[0]


def test_too_many_populations_are_a_sentence() -> None:
    with pytest.raises(NothingToDraw, match="1,001 populations are too many"):
        population_graph(network_of({f"p{k}": 1 for k in range(1001)}, {}))


@given(triples(4, 3), triples(3, 4))
def test_neurons_have_the_degrees_that_networkx_finds(there, back) -> None:
    rec = network_of(
        {"A": 4, "B": 3}, {"x": synapses_of("A", "B", 4, there), "y": synapses_of("B", "A", 3, back)}
    )
    if not there and not back:
        with pytest.raises(NothingToDraw):
            neuron_graph(rec, np.arange(7), 100, 100)
        return
    graph = neuron_graph(rec, np.arange(7), 100, 100)
    many, one = nx.MultiDiGraph(), nx.DiGraph()
    for net in (many, one):
        net.add_nodes_from(range(7))
        net.add_edges_from([(s, 4 + t) for s, t, _ in there] + [(4 + s, t) for s, t, _ in back])
    assert graph.nodes["in_synapses"].tolist() == [d for _, d in many.in_degree()]
    assert graph.nodes["out_synapses"].tolist() == [d for _, d in many.out_degree()]
    assert graph.nodes["in_degree"].tolist() == [d for _, d in one.in_degree()]
    assert graph.nodes["out_degree"].tolist() == [d for _, d in one.out_degree()]


def test_the_strongest_synapses_are_kept_and_the_others_counted() -> None:
    weights = [(k % 4, k % 3, (-1) ** k * float(k)) for k in range(20)]
    rec = network_of({"A": 4, "B": 3}, {"x": synapses_of("A", "B", 4, weights)})
    graph = neuron_graph(rec, np.arange(7), 100, 5)
    assert graph.edges["weight_mean"].tolist() == [-19.0, 18.0, -17.0, 16.0, -15.0]
    assert graph.edges["sign"].tolist()[:2] == ["inhibitory", "excitatory"]
    assert "The 5 strongest of the 20 synapses" in graph.notes[0] and "15 weaker" in graph.notes[0]
    assert graph.nodes["out_synapses"].sum() == 20


def test_of_many_neurons_each_population_keeps_its_share_and_its_best_connected() -> None:
    there = [(0, 0, 1.0)] * 3 + [(2, 1, 1.0)] * 2 + [(1, 2, 1.0)]
    rec = network_of({"A": 8, "B": 4}, {"x": synapses_of("A", "B", 8, there)})
    graph = neuron_graph(rec, np.arange(12), 6, 100)
    assert [int(rows[0]) for rows in graph.rows] == [0, 1, 2, 3, 8, 9]
    assert "6 of 12 neurons" in graph.notes[0]


def test_neurons_are_chosen_by_their_rows() -> None:
    graph = neuron_graph(three(), np.array([0, 4, 5]), 100, 100)
    assert [int(rows[0]) for rows in graph.rows] == [0, 4, 5]
    names = graph.nodes["name"].to_numpy()
    assert sorted((names[s], names[t]) for s, t in graph.pairs) == [("A 0", "B 0")] * 2 + [
        ("B 0", "B 1"),
        ("B 1", "B 1"),
    ]
