"""Zooming, in Chromium: only what changes is sent, the last of many zooms is what is seen, stale answers are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from app_board import Board
from selenium.webdriver.common.action_chains import ActionChains

pytestmark = pytest.mark.browser
Start = Callable[..., Board]

# What the server answered about the cards, and how large it was.
LISTEN = """
window.heard = [];
const fetched = window.fetch;
window.fetch = async (...request) => {
  const answer = await fetched(...request);
  if (String(request[0]?.url || request[0]).includes("_dash-update-component"))
    answer.clone().text().then((text) => text.includes('part\\\\":\\\\"drawn') && window.heard.push(text));
  return answer;
};
"""
FIGURE = """
const graph = document.querySelector(`.card[data-view="${arguments[0]}"] .js-plotly-plot`);
return [graph._fullLayout.xaxis.range, graph.data.length, (graph.layout.images || []).length];
"""
# An answer as it comes when it was overtaken, and the one that is shown.
ANSWERS = """
const part = (name) => ({ view: "raster", part: name });
const shown = window.dash_component_api.getLayout(part("drawn")).props.data;
window.dash_clientside.set_props(part("drawn"), { data: { ...shown, turn: shown.turn + arguments[0],
  layout: { ...shown.layout, title: { text: arguments[1] } } } });
"""
SPAN = re.compile(r"([\d.]+)–([\d.]+) s")
TITLE = (
    "return document.querySelector('.card[data-view=\"raster\"] .js-plotly-plot').layout.title?.text || ''"
)


def _drag(shown: Board, view: str, start: float, stop: float) -> None:
    """Zoom in on a part of the width of a figure, as fractions, without waiting for what comes of it."""
    plot = shown.find(f"{shown.card(view)} .nsewdrag")
    width = plot.size["width"]
    chain = ActionChains(shown.driver, duration=20).move_to_element(plot)
    chain = chain.move_by_offset(round((start - 0.5) * width), 0).click_and_hold()
    for _ in range(4):
        chain = chain.move_by_offset(round((stop - start) * width / 4), 0)
    chain.release().perform()


def _double_click(shown: Board, view: str) -> None:
    ActionChains(shown.driver).double_click(shown.find(f"{shown.card(view)} .nsewdrag")).perform()


def _settled(shown: Board, view: str) -> list[Any]:
    """What the figure shows, once its caption names the window on its axis."""

    def told() -> Any:
        (start, stop), *parts = shown.script(FIGURE, view)
        first, last = map(float, SPAN.findall(shown.text(f"{shown.card(view)} figcaption"))[0])
        near = (stop - start) / 1000
        return abs(first - start) < near and abs(last - stop) < near and [start, stop, *parts]

    found = shown.until(told, f"the window of {view} in its caption")
    shown.drawn(view)
    return found


def _opened(board: Start) -> Board:
    shown = board("/raster")
    shown.show("raster")
    shown.caption("raster")
    shown.drawn("raster")
    return shown


def test_a_zoom_sends_what_changes_and_goes_from_a_picture_to_points_and_back(board: Start) -> None:
    shown = _opened(board)
    shown.script(LISTEN)
    _drag(shown, "raster", 0.1, 0.9)
    start, stop, traces, pictures = _settled(shown, "raster")
    assert 0 < start < stop < 10 and pictures == 1
    _drag(shown, "raster", 0.4, 0.45)
    _, _, more, pictures = _settled(shown, "raster")
    assert pictures == 0 and more > traces
    _double_click(shown, "raster")
    start, stop, fewer, pictures = _settled(shown, "raster")
    assert (start, stop, fewer, pictures) == (0, 10, traces, 1)
    answers = shown.until(
        lambda: (heard := shown.script("return window.heard")) and len(heard) >= 3 and heard
    )
    assert all("__dash_patch_update" in answer and "spikeboard.open" not in answer for answer in answers)


def test_a_changed_setting_sends_a_whole_figure_and_the_zoom_stays(board: Start) -> None:
    shown = _opened(board)
    _drag(shown, "raster", 0.2, 0.6)
    before = _settled(shown, "raster")
    shown.script(LISTEN)
    shown.pick("raster", "sort", "By rate")
    shown.caption_with("raster", "by rate")
    assert _settled(shown, "raster") == before
    (answer,) = shown.until(lambda: shown.script("return window.heard"))
    assert "__dash_patch_update" not in answer and "spikeboard.open" in answer


def test_the_last_of_many_zooms_is_what_is_seen(board: Start) -> None:
    shown = _opened(board)
    for _ in range(6):
        _drag(shown, "raster", 0.1, 0.9)
    start, stop, *_ = _settled(shown, "raster")
    assert 2 < stop - start < 3.5


def test_an_answer_that_was_overtaken_is_not_shown(board: Start) -> None:
    shown = _opened(board)
    shown.script(ANSWERS, 5, "newer")
    shown.until(lambda: shown.script(TITLE) == "newer", "the newer answer")
    shown.script(ANSWERS, -1, "stale")
    shown.script(ANSWERS, 2, "newest")
    shown.until(lambda: shown.script(TITLE) == "newest", "the newest answer")
