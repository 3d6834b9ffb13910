"""The network graph: what its nodes, edges, ways and sentences say, in Plotly and for Cytoscape alike."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from awkward import AWKWARD, HOSTILE
from made_networks import network_of, synapses_of

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.selection import from_query, select
from spikeboard.theme import EXCITATORY, INHIBITORY
from spikeboard.views import view

VIEW = view("network_graph")
DEMO = Path(__file__).parents[2] / "data" / "demo"


@pytest.fixture(scope="module")
def demo() -> spikeboard.Recording:
    return spikeboard.open(DEMO)


def drawn(rec, selection=None, **settings):
    return VIEW.draw(rec, selection or select(), **settings)


def elements(rec, selection=None, **settings):
    result = drawn(rec, selection, **settings).result
    found = VIEW.elements(result, **VIEW.check(settings))
    return [e for e in found if "source" not in e["data"]], [e for e in found if "source" in e["data"]]


def chain(weight: float = 1.0) -> spikeboard.Recording:
    """A → B → C, and B to itself; D stands alone."""
    one = [(0, 0, weight)]
    pairs = [("A", "B"), ("B", "C"), ("B", "B")]
    return network_of(
        dict.fromkeys("ABCD", 2), {f"{s}{t}": synapses_of(s, t, 2, one, delay=0.001) for s, t in pairs}
    )


def test_a_node_that_was_moved_stands_there_in_both_drawings(demo) -> None:
    nodes, _ = elements(demo)
    moved, _ = elements(demo, moved="p160_-120_7,n3_1_1,p9999_0_0")
    place = {node["data"]["key"]: node["position"] for node in moved}
    assert place.pop("p160") == {"x": -120.0, "y": 7.0}
    assert place == {n["data"]["key"]: n["position"] for n in nodes if n["data"]["key"] != "p160"}
    shown = drawn(demo, moved="p160_-120_7,n3_1_1")
    assert "1 node was moved by hand." in shown.result.notes
    points = [(x, y) for trace in shown.figure.data for x, y in zip(trace.x, trace.y, strict=True)]
    assert (-120.0, 7.0) in points


@pytest.mark.parametrize(
    "text", ["p0", "p0_1", "x0_1_2", "p0_1_2;p1_1_2", "p0_1_2,", "p0_١_2", "p0_1_2," * 2000]
)
def test_places_that_make_no_sense_are_refused(demo, text) -> None:
    with pytest.raises(RecordingError, match="moved must list nodes"):
        VIEW.check({"moved": text})


def test_every_population_and_projection_of_the_demo_is_there(demo) -> None:
    nodes, edges = elements(demo)
    assert [node["data"]["population"] for node in nodes] == list(demo.populations["name"])
    names = {node["data"]["id"]: node["data"]["population"] for node in nodes}
    found = {(names[e["data"]["source"]], names[e["data"]["target"]]) for e in edges}
    assert found == set(zip(demo.projections["source"], demo.projections["target"], strict=True))


def test_the_sign_is_told_by_class_and_colour(demo) -> None:
    _, edges = elements(demo)
    for edge, row in zip(edges, demo.projections.itertuples(), strict=True):
        excitatory = row.weight_mean > 0
        assert ("exc" if excitatory else "inh") in edge["classes"].split()
        assert edge["data"]["colour"] == (EXCITATORY if excitatory else INHIBITORY)


@pytest.mark.parametrize(("width", "column"), [("weight", "weight_mean"), ("synapses", "synapses")])
def test_the_width_grows_with_what_it_shows(demo, width: str, column: str) -> None:
    _, edges = elements(demo, width=width)
    widths = [edge["data"]["width"] for edge in edges]
    assert np.array_equal(np.argsort(widths), np.argsort(demo.projections[column].abs()))


def test_areas_grow_with_the_number_of_units(demo) -> None:
    nodes, _ = elements(demo)
    assert np.array_equal(
        np.argsort([n["data"]["size"] for n in nodes]), np.argsort(demo.populations["size"])
    )
    assert nodes[0]["data"]["label"] == "E\n160"


def test_loops_are_edges_and_drawn_with_a_length(demo) -> None:
    _, edges = elements(demo)
    assert sum(edge["data"]["source"] == edge["data"]["target"] for edge in edges) == 2
    loop = drawn(chain()).figure.data[6]
    assert np.ptp(loop.x) > 10 and np.ptp(loop.y) > 10


def test_parallel_projections_stand_apart() -> None:
    one = [(0, 0, 1.0)]
    rec = network_of({"A": 1, "B": 1}, {name: synapses_of("A", "B", 1, one) for name in ("x", "y")})
    first, second = (trace for trace in drawn(rec).figure.data if trace.mode == "lines")
    assert np.abs(first.y - second.y).max() > 5


def test_a_tap_selects_exactly_the_units_of_its_node(demo) -> None:
    for level in ("populations", "neurons"):
        nodes, _ = elements(demo, level=level)
        graph = drawn(demo, level=level).result.extra["graph"]
        for node, rows in zip(nodes, graph.rows, strict=True):
            chosen = from_query({"units": node["data"]["units"]}).rows(demo)
            assert chosen.tolist() == rows.tolist()


def test_the_selection_changes_nothing_unless_asked_for(demo) -> None:
    everything = json.dumps(elements(demo))
    assert json.dumps(elements(demo, select(populations=["PV"]))) == everything
    nodes, edges = elements(demo, select(populations=["PV", "E"]), only_selected=True)
    assert [node["data"]["population"] for node in nodes] == ["E", "PV"] and len(edges) == 4


def test_the_way_is_marked_and_said() -> None:
    found = drawn(chain(), path_from="A", path_to="C")
    assert "Shortest way: A → B → C (2 steps)." in found.result.notes
    nodes, edges = elements(chain(), path_from="A", path_to="C")
    assert ["way" in node["classes"].split() for node in nodes] == [True, True, True, False]
    assert ["way" in edge["classes"].split() for edge in edges] == [True, True, False]
    assert "No way leads from C to A" in drawn(chain(), path_from="C", path_to="A").result.notes[0]


def test_ways_have_the_length_that_networkx_finds(demo) -> None:
    net = nx.DiGraph(list(zip(demo.projections["source"], demo.projections["target"], strict=True)))
    for source in demo.populations["name"]:
        for target in demo.populations["name"]:
            way = drawn(demo, path_from=source, path_to=target).result.extra["way"]
            if source in net and target in net and nx.has_path(net, source, target):
                assert len(way) - 1 == nx.shortest_path_length(net, source, target)
            else:
                assert not way or source == target


def test_reciprocity_is_that_of_networkx(demo) -> None:
    net = nx.DiGraph(list(zip(demo.projections["source"], demo.projections["target"], strict=True)))
    net.remove_edges_from(list(nx.selfloop_edges(net)))
    assert f"Reciprocity {nx.reciprocity(net):.2f}." in drawn(demo).result.caption


def test_labels_say_weight_and_delay_in_their_units() -> None:
    _, edges = elements(chain(-0.5), labels="all")
    assert edges[0]["data"]["label"] == "1 syn. · -0.5 nS · 1 ms"
    assert elements(chain(), labels="none")[1][0]["data"]["label"] == ""
    bare = network_of({"A": 1}, {"AA": synapses_of("A", "A", 1, [(0, 0, 2.0)], unit="")})
    assert elements(bare)[1][0]["data"]["label"] == "2"


def test_degrees_colour_nodes_from_few_to_many(demo) -> None:
    nodes, _ = elements(demo, colour_by="in_degree")
    colours = dict(zip(demo.populations["name"], [node["data"]["colour"] for node in nodes], strict=True))
    assert colours["relay"] == "#36558f" and colours["E"] == "#d9b13b"


def test_the_table_holds_nodes_and_edges(demo) -> None:
    table = drawn(demo).result.table()
    assert table["kind"].value_counts().to_dict() == {"edge": 9, "node": 4}
    assert table[table["kind"] == "edge"]["synapses"].sum() == demo.projections["synapses"].sum()
    assert table[table["kind"] == "node"]["in_synapses"].sum() == demo.projections["synapses"].sum()


def test_the_same_graph_stands_at_the_same_places(demo) -> None:
    for layout in VIEW.settings["layout"].options:
        first, again = (elements(demo, layout=layout)[0] for _ in range(2))
        places = [tuple(node["position"].values()) for node in first]
        assert places == [tuple(node["position"].values()) for node in again] and len(set(places)) == 4


def test_a_layout_that_would_take_too_long_is_replaced_and_said_so(demo) -> None:
    notes = drawn(demo, level="neurons", layout="kamada_kawai").result.notes
    assert any("Too many nodes or edges for the layout “By distance”" in note for note in notes)


def test_neurons_stay_within_their_bounds(demo) -> None:
    nodes, edges = elements(demo, level="neurons", neurons=1000, synapses=5000)
    assert len(nodes) == 250 and len(edges) == 5000
    assert "5,765 weaker ones are left out" in " ".join(
        drawn(demo, level="neurons", synapses=5000, neurons=1000).result.notes
    )


def test_hostile_names_are_plain_text_for_cytoscape_and_keep_their_true_name() -> None:
    nodes, _ = elements(AWKWARD["hostile_names"]())
    assert [node["data"]["population"] for node in nodes] == list(HOSTILE)
    assert all(len(node["data"]["label"]) < 40 and "\u202e" not in node["data"]["label"] for node in nodes)


def test_a_recording_without_projections_is_a_sentence() -> None:
    assert "no projections in this recording" in drawn(network_of({"A": 1}, {})).message


def test_sonata_is_drawn_with_the_signs_of_its_cells(shared_data: Path) -> None:
    nodes, edges = elements(spikeboard.open(shared_data / "sonata_300_intfire"))
    assert [node["data"]["label"] for node in nodes] == ["v1 e\n240", "v1 i\n60", "lgn\n90", "tw\n30"]
    assert sum("inh" in edge["classes"].split() for edge in edges) == 2
    assert [node["data"]["population"] for node in nodes] == [None, None, "lgn", "tw"]
