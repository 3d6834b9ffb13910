"""Every view on every awkward recording: a figure or a sentence, never an empty axis, never markup from a name."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from awkward import AWKWARD

import spikeboard
from spikeboard.links import Link, read_link, write_link
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.tables import as_csv
from spikeboard.theme import label
from spikeboard.view import Choice, Flag, Moved, Number, Pick, Whole
from spikeboard.views import views

DEMO = Path(__file__).parents[2] / "data" / "demo"
# What the browser gets for one figure is bounded by its pixels.
LARGEST_FIGURE = 4 * 2**20
BINDING = {
    "raster",
    "voltage_trace",
    "isi_histogram",
    "cross_correlogram",
    "power_spectrum",
    "firing_rate",
    "phase_portrait",
    "population_activity",
    "instantaneous_rate",
    "spike_train_comparison",
    "network_graph",
    "weight_matrix",
}


@cache
def awkward(name: str) -> Recording:
    return AWKWARD[name]()


@cache
def demo() -> Recording:
    return spikeboard.open(DEMO)


def test_the_binding_names_are_all_there() -> None:
    assert set(views()) >= BINDING


@pytest.mark.parametrize("view", list(views()))
@pytest.mark.parametrize("name", list(AWKWARD))
def test_every_view_draws_or_says_what_is_missing(view: str, name: str) -> None:
    drawn = views()[view].draw(awkward(name), select())
    text = drawn.figure.to_json()
    assert len(text) < LARGEST_FIGURE
    assert "<script" not in text.replace("\\u003c", "<") and "<img" not in text.replace("\\u003c", "<")
    if drawn.result is None:
        assert len(drawn.message) > 15 and drawn.figure.layout.annotations[0].text == label(
            drawn.message, 400
        )
        return
    assert drawn.result.caption
    assert len(drawn.figure.data) or len(drawn.figure.layout.images)
    assert isinstance(drawn.result.table(), pd.DataFrame)
    if view != "art":
        assert_axes_are_named(drawn.figure)


def assert_axes_are_named(figure) -> None:
    layout = json.loads(figure.to_json())["layout"]
    shown = [
        axis
        for key, axis in layout.items()
        if key.startswith(("xaxis", "yaxis")) and axis.get("visible", True)
    ]
    assert any(axis.get("title", {}).get("text") for axis in shown) or not shown


@pytest.mark.parametrize("view", list(views()))
def test_every_view_draws_the_demo_with_a_selection(view: str) -> None:
    for selection in (
        select(),
        select(1.0, 2.0, units=range(0, 40)),
        select(populations=["PV"]),
        select(interval=("trials", 3)),
    ):
        drawn = views()[view].draw(demo(), selection)
        assert drawn.result is not None or "select" in drawn.message or "recorded" in drawn.message, (
            drawn.message
        )


@pytest.mark.parametrize("view", list(views()))
def test_every_setting_takes_its_limits_and_travels_in_a_link(view: str) -> None:
    for name, setting in views()[view].settings.items():
        for value in extremes(setting):
            drawn = views()[view].draw(demo(), select(1.0, 2.0), **{name: value})
            assert drawn.result is not None or drawn.message
            link = Link("demo", select(1.0, 2.0), {view: {name: value}})
            back = read_link(write_link(link))
            assert back.settings.get(view, {}).get(name, setting.default) == value and not back.complaints


def extremes(setting: object) -> list:
    match setting:
        case Number() | Whole():
            return [setting.low, setting.high]
        case Choice():
            return list(setting.options)
        case Flag():
            return [True, False]
        case Pick():
            return [None]
        case Moved():
            return ["", "p0_120_-40,p80_0_7,n17_-300_4"]
    raise TypeError(setting)


@pytest.mark.parametrize("view", list(views()))
def test_a_csv_holds_no_formula(view: str) -> None:
    drawn = views()[view].draw(awkward("hostile_names"), select())
    if drawn.result is None:
        return
    for line in as_csv(drawn.result.table()).splitlines():
        assert not any(cell.lstrip('"').startswith(("=", "@")) for cell in line.split(","))


@pytest.mark.parametrize("view", list(views()))
def test_the_figure_in_a_notebook_carries_title_and_passport(view: str) -> None:
    figure = demo().figure(view)
    assert views()[view].title in figure.layout.title.text
    assert figure.layout.title.subtitle.text


@pytest.mark.parametrize("view", list(views()))
def test_every_view_says_how_it_is_computed(view: str) -> None:
    assert len(views()[view].definition()) > 80
