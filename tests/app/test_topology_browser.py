"""What a person does with the graph of the topology page, in Chromium: point, tap, find a way, take it home."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from app_board import Board
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.browser
Start = Callable[..., Board]
VIEW = "network_graph"
SAID = ".graph-said"
GRAPH = "const g = [...document.querySelectorAll('.graph-canvas *')].find((e) => e._cyreg?.cy)?._cyreg.cy;"
PLACE = f"""{GRAPH}
const it = g.elements().filter((e) => e.data(arguments[0]) === arguments[1])[0];
const at = it.isNode() ? it.renderedPosition() : it.renderedMidpoint();
const box = g.container().getBoundingClientRect();
return [box.x + at.x, box.y + at.y];
"""


def graph_of(shown: Board, path: str = "") -> Board:
    """Wait until the graph is drawn, and bring it into the window."""
    shown.caption(VIEW)
    shown.until(lambda: shown.script(f"{GRAPH} return g && g.nodes().length > 0 && g.width() > 0"), "a graph")
    shown.script("document.querySelector('.graph-canvas').scrollIntoView({block: 'center'})")
    return shown


def point(shown: Board, key: str, value: str) -> None:
    """Move the mouse to a node or an edge."""
    x, y = shown.still(lambda: shown.script(PLACE, key, value))
    shown.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)


def tap(shown: Board, key: str, value: str, shift: bool = False) -> None:
    """Tap a node or an edge."""
    x, y = shown.still(lambda: shown.script(PLACE, key, value))
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        shown.command(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            clickCount=1,
            modifiers=8 if shift else 0,
        )


def drag(shown: Board, key: str, value: str, by: tuple[int, int]) -> None:
    """Drag a node, in steps as a hand does."""
    x, y = shown.still(lambda: shown.script(PLACE, key, value))
    for kind, part in (
        ("mouseMoved", 0),
        ("mousePressed", 0),
        ("mouseMoved", 0.5),
        ("mouseMoved", 1),
        ("mouseReleased", 1),
    ):
        at = {"x": x + by[0] * part, "y": y + by[1] * part}
        held = {"buttons": 1} if part else {}
        shown.command("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at, **held)


def chosen(shown: Board) -> list[str]:
    """The labels of the nodes that are marked as selected."""
    return shown.script(f"{GRAPH} return g.nodes('.chosen').map((n) => n.data('label').split('\\n')[0])")


def places(shown: Board) -> list[dict[str, float]]:
    return shown.script(f"{GRAPH} return g.nodes().map((n) => n.position())")


def test_a_tapped_population_is_selected_on_every_page_and_moves_nothing(board: Start) -> None:
    shown = graph_of(board("/topology?t=1_2"))
    before = places(shown)
    tap(shown, "population", "PV")
    assert shown.query_with("pop=PV") and "t=1_2" in shown.query()
    shown.until(lambda: chosen(shown) == ["PV"])
    shown.until(lambda: "PV, 40 units" in shown.text(SAID))
    assert places(shown) == before
    shown.go("Raster")
    shown.caption_with("raster", "of 40 units (PV")


def test_of_two_nodes_the_way_is_shown_and_escape_clears(board: Start) -> None:
    shown = graph_of(board("/topology"))
    tap(shown, "population", "relay")
    shown.query_with("pop=relay")
    tap(shown, "population", "SST", shift=True)
    assert shown.query_with("SST") == "pop=relay%2CSST"
    shown.until(lambda: "Shortest way: relay → E → SST (2 steps)." in shown.text(SAID))
    assert shown.script(f"{GRAPH} return g.edges('.way').length") == 2
    tap(shown, "population", "SST", shift=True)
    shown.until(lambda: shown.query() == "pop=relay")
    shown.press(Keys.ESCAPE)
    shown.until(lambda: shown.query() == "" and chosen(shown) == [])
    shown.until(lambda: shown.text(SAID).startswith("Tap a node"))


def test_a_tapped_edge_selects_both_ends_and_says_what_it_is(board: Start) -> None:
    shown = graph_of(board("/topology"))
    tap(shown, "id", "e1")
    shown.query_with("pop=E%2CPV")
    shown.until(lambda: "E → PV: 1,644 synapses, sign excitatory" in shown.text(SAID))
    shown.until(lambda: chosen(shown) == ["E", "PV"])


def test_pointing_at_a_node_shows_its_neighbours_and_leaving_forgets_them(board: Start) -> None:
    shown = graph_of(board("/topology"))
    point(shown, "population", "SST")
    shown.until(lambda: "SST, 20 units" in shown.text(SAID))
    far = shown.script(f"{GRAPH} return g.nodes('.far').map((n) => n.data('population'))")
    assert far == ["relay"]
    ActionChains(shown.driver).move_to_element(shown.find("h1")).perform()
    shown.command("Input.dispatchMouseEvent", type="mouseMoved", x=3, y=3)
    shown.until(lambda: shown.script(f"{GRAPH} return g.elements('.far').length") == 0)


def test_a_link_marks_its_nodes_and_a_neuron_is_selected_by_its_row(board: Start) -> None:
    shown = graph_of(board("/topology?pop=E&network_graph.level=neurons&network_graph.neurons=1000"))
    shown.until(lambda: len(chosen(shown)) == 160, "160 neurons of E")
    tap(shown, "units", "170")
    assert shown.query_with("units=170")
    shown.until(lambda: chosen(shown) == ["PV 10"])


def test_the_graph_goes_home_as_svg_and_png(board: Start) -> None:
    shown = graph_of(board("/topology"))
    shown.click(f'{shown.card(VIEW)} button[title="Download the figure as SVG"]')
    root = ElementTree.parse(shown.downloaded("network_graph.svg")).getroot()
    assert "relay" in "".join(root.itertext())
    shown.click(f'{shown.card(VIEW)} button[title="Download the figure as PNG"]')
    with Image.open(shown.downloaded("network_graph.png")) as picture:
        assert min(picture.size) > 800


def test_dragged_nodes_go_back_to_their_places(board: Start) -> None:
    shown = graph_of(board("/topology"))
    before = places(shown)
    shown.script(f"{GRAPH} g.nodes()[0].position({{x: 999, y: 999}})")
    assert places(shown) != before
    shown.click('[title="Nodes back to their places"]')
    shown.until(lambda: places(shown) == before)


def test_a_node_moved_by_hand_stays_there_in_the_link_and_until_reset(board: Start) -> None:
    shown = graph_of(board("/topology"))
    before = places(shown)
    drag(shown, "group", "E", (40, 30))
    address = "/topology?" + shown.query_with("network_graph.moved=p0_")
    moved = places(shown)
    assert moved[0] != before[0] and moved[1:] == before[1:]
    shown.until(lambda: "1 node was moved by hand" in shown.text(f"{shown.card(VIEW)} .notes"), "a note")
    again = graph_of(board(address))
    assert all(
        abs(one[axis] - other[axis]) <= 0.5
        for one, other in zip(places(again), moved, strict=True)
        for axis in "xy"
    )
    again.click('[title="Nodes back to their places"]')
    again.until(lambda: places(again) == before, "the places of the layout")
    again.until(lambda: "moved" not in again.query(), "an address without moved nodes")


def test_labels_follow_the_theme_without_a_question_to_the_server(board: Start) -> None:
    shown = board("/topology")
    shown.show("weight_matrix")
    shown.caption("weight_matrix")
    shown = graph_of(shown)
    asked = shown.asked()
    ink = f"{GRAPH} return g.edges()[0].style('color')"
    light = shown.script(ink)
    shown.dark()
    shown.until(lambda: shown.script(ink) != light, "another ink")
    assert shown.asked() == asked


def test_the_table_says_what_the_graph_shows(board: Start) -> None:
    shown = graph_of(board("/topology"))
    shown.click(f"{shown.card(VIEW)} .more summary")
    rows = shown.until(lambda: shown.texts(f"{shown.card(VIEW)} tbody tr"), "a table")
    assert (
        sum(row.startswith("node") for row in rows) == 4 and sum(row.startswith("edge") for row in rows) == 9
    )
