"""The topology page as a file: what it says, that no name breaks out of it, and how it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import lxml.html
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.topology_cases import CASES, HOSTILE_NAMES, NAN, chain, hostile, layer, recording, recurrent

import spikeboard
from spikeboard import theme
from spikeboard.errors import RecordingError
from spikeboard.recording import Synapses
from spikeboard.topology import topology_html
from spikeboard.topology.network import Edge
from spikeboard.topology.page import visible


def parsed(page: Any) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(str(page))


def graph_of(page: Any) -> dict[str, Any]:
    return json.loads(parsed(page).get_element_by_id("graph").text)


def cells(page: Any, table: str) -> list[list[str]]:
    rows = parsed(page).get_element_by_id(table).findall("tr")
    return [[cell.text_content() for cell in row] for row in rows]


def test_layers_are_named_and_joined_in_turn() -> None:
    page = topology_html([layer("LIFLayer", n_neurons=784), layer("Readout", n=np.int64(10)), layer("Odd")])
    graph = graph_of(page)
    assert [node["name"] for node in graph["nodes"]] == ["Input", "L0_LIFLayer", "L1_Readout", "L2_Odd"]
    assert [node["caption"] for node in graph["nodes"]] == [
        "? neurons",
        "784 neurons",
        "10 neurons",
        "? neurons",
    ]
    assert [(edge["source"], edge["target"]) for edge in graph["edges"]] == [(0, 1), (1, 2), (2, 3)]
    assert cells(page, "node-rows")[3] == ["L2_Odd", "?", "1", "0"]


@pytest.mark.parametrize("size", [None, -3, 2.5, True, float("inf"), NAN, "many", [3], lambda self: 3])
def test_a_size_that_counts_no_neurons_is_unknown(size: Any) -> None:
    assert graph_of(topology_html([layer("Odd", n_neurons=size)]))["nodes"][1]["size"] is None


def test_a_layer_whose_size_cannot_be_asked_is_drawn_all_the_same() -> None:
    broken = layer("Broken", n_neurons=property(lambda self: 1 / 0), n=12)
    assert graph_of(topology_html([broken]))["nodes"][1]["size"] == 12


def test_no_layers_leave_the_input() -> None:
    assert [node["name"] for node in graph_of(topology_html([]))["nodes"]] == ["Input"]


def test_a_recording_is_told_whole() -> None:
    page = topology_html(recurrent())
    assert cells(page, "node-rows")[1] == ["E", "800", "4", "4"]
    assert cells(page, "edge-rows")[0] == [
        *("Input", "E", "ff", "8,000", "excitatory", "0.5 mV", "0.1 to 0.9", "1.5 ms"),
    ]
    assert cells(page, "edge-rows")[4] == ["E", "I", "ei unknown", "160", "unknown", "–", "–", "–"]
    assert [row[4] for row in cells(page, "edge-rows")].count("mixed") == 1
    assert parsed(page).find(".//header/p").text == "4 nodes, 1,110 neurons, 8 connections, 114,560 synapses."
    said = graph_of(page)["edges"][5]["said"]
    assert said == (
        "\u2068I\u2069 → \u2068E\u2069, \u2068ie\u2069, inhibitory, 16,000 synapses, "
        "mean weight -1 mV (-1.2 to -0.5), mean delay 0.8 ms"
    )


def test_a_real_recording_writes_its_page(tmp_path: Path) -> None:
    units = pd.DataFrame({"population": ["exc"] * 3 + ["inh"] * 2, "id": [0, 1, 2, 0, 1]})
    weights = Synapses(
        "inh", "exc", np.array([0, 2, 3]), np.array([0, 1, 2], np.int32), np.array([-1.0, -3.0, -2.0])
    )
    run = spikeboard.recording(
        "run", np.zeros(0), np.zeros(0, int), units, t_start=0, t_stop=1, connections={"ie": weights}
    )
    written = run.topology_html(tmp_path / "run.html")
    assert written == tmp_path / "run.html"
    page = written.read_text(encoding="utf-8")
    assert cells(page, "node-rows") == [["exc", "3", "1", "0"], ["inh", "2", "0", "1"]]
    assert cells(page, "edge-rows") == [["inh", "exc", "ie", "3", "inhibitory", "-2", "-3 to -1", "–"]]
    assert parsed(page).findtext(".//title") == "run"


@pytest.mark.parametrize(
    ("least", "mean", "most", "sign"),
    [
        (0.1, 0.2, 0.3, "excitatory"),
        (0.0, 0.2, 0.3, "excitatory"),
        (-0.3, -0.2, 0.0, "inhibitory"),
        (-0.3, 0.0, 0.3, "mixed"),
        (None, -0.2, None, "inhibitory"),
        (0.0, 0.0, 0.0, "unknown"),
        (None, None, None, "unknown"),
    ],
)
def test_the_sign_is_that_of_the_weights(least: Any, mean: Any, most: Any, sign: str) -> None:
    assert Edge(0, 1, weight_min=least, weight_mean=mean, weight_max=most).sign == sign


def test_a_projection_from_outside_shows_where_it_comes_from() -> None:
    page = topology_html(recording("r", [("E", 5)], [("ff", "virtual", "E", 10, 1.0, 1.0, 1.0, NAN)]))
    assert cells(page, "node-rows")[1][:2] == ["virtual", "?"]
    assert "Not among the populations, so of unknown size: &#x27;virtual&#x27;." in page
    assert "5 neurons (1 of 2 known)" in page


def test_populations_of_one_name_are_told_apart_and_the_doubt_is_said() -> None:
    page = topology_html(recording("r", [("E", 5), ("E", 6)], [("ee", "E", "E", 10, 1.0, 1.0, 1.0, NAN)]))
    assert [node["size"] for node in graph_of(page)["nodes"]] == [5, 6]
    assert [(edge["source"], edge["target"]) for edge in graph_of(page)["edges"]] == [(0, 0)]
    assert "their projections are drawn at the first" in page


def test_beyond_5000_projections_the_largest_are_shown_and_the_rest_counted() -> None:
    rows = [(str(n), "E", "E", n, NAN, NAN, NAN, NAN) for n in range(5_010)]
    page = topology_html(recording("r", [("E", 1)], rows))
    assert "The 5,000 projections with most synapses are shown; 10 are left out." in page
    assert [row[2] for row in cells(page, "edge-rows")] == [str(n) for n in range(10, 5_010)]


@pytest.mark.parametrize("name", CASES)
def test_every_case_embeds_positions_for_every_node(name: str) -> None:
    graph = graph_of(topology_html(CASES[name]()))
    assert graph["layouts"]
    for placed in graph["layouts"].values():
        assert np.asarray(placed).reshape(-1, 2).shape == (len(graph["nodes"]), 2)


@pytest.mark.parametrize("name", CASES)
def test_the_policy_allows_this_script_and_this_style_and_nothing_else(name: str) -> None:
    page = parsed(topology_html(CASES[name]()))
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    [style] = page.findall(".//style")
    data, script = page.findall(".//script")
    assert data.get("type") == "application/json" and script.attrib == {}
    hashes = [
        base64.b64encode(hashlib.sha256(part.text.encode()).digest()).decode() for part in (script, style)
    ]
    assert f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", CASES)
def test_the_page_names_no_other_place(name: str) -> None:
    page = parsed(topology_html(CASES[name]()))
    assert {href for href in page.xpath("//@href | //@src")} == {"data:,", "#tables"}
    addresses = re.findall(
        r"https?://[^\s\"']+", "".join(page.xpath("//script[not(@type)]/text() | //style/text()"))
    )
    assert set(addresses) == {"http://www.w3.org/2000/svg"}


def test_hostile_names_stay_text() -> None:
    page = topology_html(hostile())
    assert isinstance(page, str)
    names = [visible(name) or "(no name)" for name in HOSTILE_NAMES]
    assert [node["name"] for node in graph_of(page)["nodes"]] == names
    assert [row[0] for row in cells(page, "node-rows")] == names
    assert parsed(page).findtext(".//title") == visible(HOSTILE_NAMES[0] + HOSTILE_NAMES[2])
    tags = {element.tag for element in parsed(page).iter() if isinstance(element.tag, str)}
    assert tags == {element.tag for element in parsed(topology_html(recurrent())).iter()}
    assert not re.search("[\u202a-\u202e\u2028\u2029\x00-\x09\x0b-\x1f]", page)


@given(st.text())
def test_any_name_comes_back_from_the_page(name: str) -> None:
    page = topology_html(
        recording("r", [(name.encode("utf-8", "replace").decode(), 1)], []), title=name or "t"
    )
    assert isinstance(page, str)
    shown = visible(name.encode("utf-8", "replace").decode())
    assert graph_of(page)["nodes"][0]["name"] == (shown or "(no name)")
    assert graph_of(page)["title"] == visible(name or "t")
    assert page.encode("utf-8").count(b"</script") == 2
    json_part = page.partition('id="graph">')[2].partition("</script")[0]
    assert json_part.isascii() and "<" not in json_part


def test_signs_have_the_colours_of_the_figures() -> None:
    style = parsed(topology_html(recurrent())).findtext(".//style") or ""
    assert f"--excitatory: {theme.EXCITATORY.lower()}; --inhibitory: {theme.INHIBITORY.lower()};" in style


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert visible("a\u202eb\x00\ud800") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+D800⟩"
    assert visible("שלום, 日本 👩‍🔬 é") == "שלום, 日本 👩‍🔬 é"


def test_without_a_file_the_page_is_returned_and_nothing_written(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(topology_html(chain(2))).startswith("<!DOCTYPE html>")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_the_page_and_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "net.html"
    file.write_text("older")
    assert topology_html(chain(2), str(file), title="Mine") == file
    assert file.read_bytes().decode() == topology_html(chain(2), title="Mine")
    assert b"\r" not in file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["net.html"]
    umask = os.umask(0)
    os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_page_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "net.html"
    file.write_text("older")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordingError, match=r"cannot write .*net\.html: No space left on device"):
        topology_html(chain(2), file)
    assert file.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["net.html"]


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="is a folder; name the file"):
        topology_html(chain(2), tmp_path)
    with pytest.raises(RecordingError, match=r"cannot write .*: No such file or directory"):
        topology_html(chain(2), tmp_path / "missing" / "net.html")


def test_what_is_no_network_is_said() -> None:
    with pytest.raises(RecordingError, match="of a recording or of a list of layers, not of int"):
        topology_html(3)
    with pytest.raises(RecordingError, match="not of str"):
        topology_html("layers")
    with pytest.raises(RecordingError, match="1,001 nodes are too many for one topology page"):
        topology_html(chain(1_000))
