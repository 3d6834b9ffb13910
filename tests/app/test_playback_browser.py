"""One moment in several figures, in Chromium: it moves, it stops, it is where the time says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from app_board import Board
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser
Start = Callable[..., Board]
LINE, DOT = '[data-view="voltage_trace"] .cursor-time', '[data-view="phase_portrait"] .cursor-path'
SET = """
const slider = document.querySelector("#playback input");
slider.value = arguments[0];
slider.dispatchEvent(new Event("input", {bubbles: true}));
"""
# The x of the line, and where the axis puts the time that the bar says, px.
WHERE = """
const graph = document.querySelector('[data-view="voltage_trace"] .js-plotly-plot');
const axis = graph._fullLayout.xaxis;
const said = parseFloat(document.querySelector("#playback output").textContent);
return [parseFloat(graph.querySelector(".cursor-time").style.left), axis._offset + axis.l2p(said), said];
"""


def states(board: Start, address: str) -> Board:
    shown = board(address)
    for view in ("phase_portrait", "voltage_trace"):
        shown.show(view)
        shown.caption(view)
        shown.drawn(view)
    return shown


def count(shown: Board, selector: str) -> int:
    return len(shown.driver.find_elements(By.CSS_SELECTOR, selector))


def test_a_moment_is_marked_where_the_axis_has_it_and_forgotten(board: Start) -> None:
    shown = states(board, "/states?t=1_2")
    assert count(shown, LINE) == 0
    shown.script(SET, 250)
    shown.until(lambda: count(shown, LINE) == 1 and count(shown, DOT) == 1, "a line and a dot")
    line, place, said = shown.script(WHERE)
    assert abs(line - place) < 1 and said == pytest.approx(1.25, abs=0.02)
    shown.click("#playback [data-forget]")
    shown.until(lambda: count(shown, ".cursor") == 0, "no marks")
    assert shown.console() == []


def test_playing_moves_on_and_pausing_stays(board: Start) -> None:
    shown = states(board, "/states?t=1_2")
    shown.click("#playback [data-play]")
    first = shown.until(lambda: shown.text("#playback output"))
    shown.until(lambda: shown.text("#playback output") != first, "a later moment")
    shown.click("#playback [data-play]")
    assert shown.text("#playback [data-play]") == "▶ Play"
    assert shown.still(lambda: shown.text("#playback output")) > first
    line, place, _ = shown.script(WHERE)
    assert abs(line - place) < 1


def test_the_mark_follows_a_zoom(board: Start) -> None:
    shown = states(board, "/states?t=1_2")
    shown.script(SET, 500)
    shown.until(lambda: count(shown, LINE) == 1)
    before, _, said = shown.script(WHERE)
    shown.drag("voltage_trace", (0.4, 0.5), (0.9, 0.5))
    shown.until(lambda: shown.script(WHERE)[0] != before, "a line elsewhere")
    line, place, now = shown.script(WHERE)
    assert now == said and abs(line - place) < 1


def test_a_recording_without_states_has_no_playback(board: Start, root: Path) -> None:
    (root / "spikes.csv").write_text("time_s,unit\n0.1,0\n0.2,1\n")
    shown = board("/states?rec=file:spikes.csv")
    shown.until(lambda: "no state variable" in " ".join(shown.texts(".card-message")))
    assert count(shown, "#playback") == 0
