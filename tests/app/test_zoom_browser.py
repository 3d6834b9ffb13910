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
    """What the figure shows, once its caption names the window on its axis and it is drawn as it was told."""

    def told() -> Any:
        (start, stop), *parts = shown.script(FIGURE, view)
        first, last = map(float, SPAN.findall(shown.text(f"{shown.card(view)} figcaption"))[0])
        near = (stop - start) / 1000
        return abs(first - start) < near and abs(last - stop) < near and [start, stop, *parts]

    shown.until(told, f"the window of {view} in its caption")
    shown.drawn(view)
    # The caption may have been written before the figure beside it was drawn.
    return shown.until(told, f"the window of {view} in its caption")


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


# Where a cell of the matrix with a synapse lies, in pixels from the middle of the plot; and the units it joins.
CELL = """
const graph = document.querySelector('.card[data-view="weight_matrix"] .js-plotly-plot');
const { xaxis, yaxis } = graph._fullLayout;
const { x, y, z } = graph.calcdata[0][0];
const middle = (edges, k) => (edges[k] + edges[k + 1]) / 2;
const inside = (axis, at) => at > 0 && at < axis._length;
for (let i = 0; i < z.length; i += 1) for (let j = 0; j < z[i].length; j += 1) {
  const [at, down] = [xaxis.c2p(middle(x, j)), yaxis.c2p(middle(y, i))];
  if (!Number.isFinite(z[i][j]) || !inside(xaxis, at) || !inside(yaxis, down)) continue;
  const name = (axis, k) => axis.ticktext[k].replace(/<[^>]*>/g, "");
  return [Math.round(at - xaxis._length / 2), Math.round(down - yaxis._length / 2), name(yaxis, i), name(xaxis, j)];
}
"""
HOVER = "return [...document.querySelectorAll('.hoverlayer .hovertext')].map((e) => e.textContent).join(' ')"


def _matrix(board: Start) -> Board:
    shown = board("/topology")
    shown.show("weight_matrix")
    shown.caption_with("weight_matrix", "from 250 sources (rows) to 220 targets")
    shown.drawn("weight_matrix")
    return shown


def test_a_zoom_into_the_matrix_is_summed_anew_down_to_single_synapses_and_back(board: Start) -> None:
    shown = _matrix(board)
    shown.script(LISTEN)
    shown.drag("weight_matrix", (0.1, 0.1), (0.2, 0.2))
    caption = shown.caption_with("weight_matrix", "of 250 sources")
    assert "A cell is one source and one target" in caption
    shown.drawn("weight_matrix")
    (answer,) = shown.until(lambda: shown.script("return window.heard"))
    assert "__dash_patch_update" in answer
    right, down, source, target = shown.script(CELL)
    plot = shown.find(f"{shown.card('weight_matrix')} .nsewdrag")
    ActionChains(shown.driver).move_to_element(plot).move_by_offset(right, down).perform()
    told = shown.until(lambda: shown.script(HOVER), "what stands under the pointer")
    assert f"{source} → {target}" in told and "synapses: 1" in told
    _double_click(shown, "weight_matrix")
    shown.caption_with("weight_matrix", "from 250 sources (rows) to 220 targets")
    assert not shown.console()


def test_other_axes_are_shown_whole_whatever_was_zoomed_before(board: Start) -> None:
    shown = _matrix(board)
    shown.drag("weight_matrix", (0.1, 0.1), (0.2, 0.2))
    shown.caption_with("weight_matrix", "of 250 sources")
    shown.pick("weight_matrix", "quantity", "Delay")
    shown.caption_with("weight_matrix", "Delays of")
    assert "of 250 sources" in shown.caption("weight_matrix")
    shown.pick("weight_matrix", "level", "Populations")
    shown.caption_with("weight_matrix", "units of two populations")
    shown.drawn("weight_matrix")
    (start, stop), *_ = shown.script(FIGURE, "weight_matrix")
    assert start == -0.5 and stop < 10
    shown.pick("weight_matrix", "level", "Units")
    assert "from 250 sources" in shown.caption_with("weight_matrix", "one source")


def test_a_zoom_into_two_trains_draws_what_is_on_screen(board: Start) -> None:
    shown = board("/compare")
    view = "spike_train_comparison"
    shown.show(view)
    whole = shown.caption(view)
    shown.drawn(view)
    shown.script(LISTEN)
    shown.drag(view, (0.2, 0.5), (0.4, 0.5))
    assert shown.caption_with(view, "On screen, ").startswith(whole)
    (answer,) = shown.until(lambda: shown.script("return window.heard"))
    assert "__dash_patch_update" in answer
    # A matrix is not computed anew for a zoom.
    shown.pick(view, "display", "Matrix of distances")
    shown.caption_with(view, "pairs of")
    shown.drawn(view)
    before = shown.asked()
    shown.drag(view, (0.2, 0.5), (0.4, 0.7))
    shown.drawn(view)
    assert shown.asked() == before
    shown.pick(view, "between", "Populations")
    shown.caption_with(view, "4 populations")
    shown.drawn(view)
    assert shown.script(FIGURE, view)[0] == [-0.5, 3.5]
    assert not shown.console()
