"""What is sent when only the part of the axes on screen changes gives, put into the old figure, the new one."""

from __future__ import annotations

import copy
import json
import uuid
from typing import Any

import numpy as np
import pytest
from asking import app_over, callback_with, posted, request_for
from dash import Dash
from plotly.io.json import to_json_plotly

from callbacks.patches import patched
from spikeboard.views import views

SPANS = {"raster": (1.0, 1.05), "voltage_trace": (1.0, 1.5), "weight_matrix": (20.0, 120.0)}
ZOOMING = [name for name, view in views().items() if view.zooms]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    return app_over(tmp_path_factory.mktemp("recordings"))


def _answer(app: Dash, view: str, **more: Any) -> dict[str, Any]:
    request = {"rec": "demo", "selection": {}, "settings": {}, "tab": uuid.uuid4().hex, **more}
    said = posted(app, request_for(app, callback_with(app, '"drawn"'), {"*": request}, view)).json()
    return {json.loads(name)["part"]: next(iter(props.values())) for name, props in said["response"].items()}


def _applied(patch: dict[str, Any], figure: dict[str, Any]) -> dict[str, Any]:
    """The figure after a patch, as the browser applies it."""
    changed = copy.deepcopy(figure)
    for step in patch["operations"]:
        assert step["operation"] == "Assign"
        *way, last = step["location"]
        at = changed
        for name in way:
            at = at[name]
        at[last] = step["params"]["value"]
    return changed


def _zoom(view: str, turn: int, refines: bool) -> dict[str, Any]:
    viewport = {"x": list(SPANS.get(view, (1.0, 1.3))), "width": 1000, "height": 500}
    return {"viewport": viewport, "turn": turn, "refines": refines}


@pytest.mark.parametrize("view", ZOOMING)
def test_a_patched_figure_is_the_figure_that_is_computed_anew(app: Dash, view: str) -> None:
    first = _answer(app, view, viewport={"width": 1000, "height": 500}, turn=1)
    whole, change = (_answer(app, view, **_zoom(view, 2, refines)) for refines in (False, True))
    assert "operations" not in whole["drawn"] and "operations" in change["drawn"]
    patched_figure = _applied(change["drawn"], first["drawn"])
    for part in ("images", "shapes", "annotations"):
        whole["drawn"]["layout"].setdefault(part, [])
    assert patched_figure == whole["drawn"]
    assert patched_figure["data"] != first["drawn"]["data"]
    assert change["caption"] == whole["caption"] != first["caption"]
    assert "python" not in change and "csv" not in change


def test_a_figure_says_what_it_was_asked_for(app: Dash) -> None:
    drawn = _answer(app, "raster", viewport={"width": 640, "height": 500, "x": [1, 2]}, turn=7)["drawn"]
    assert drawn["turn"] == 7
    assert drawn["asked"] == {"rec": "demo", "selection": {}, "settings": {}, "width": 640}


def test_arrays_travel_as_bytes_and_not_as_lists_of_numbers(app: Dash) -> None:
    change = _answer(app, "raster", **_zoom("raster", 2, True))["drawn"]
    (data,) = [step["params"]["value"] for step in change["operations"] if step["location"] == ["data"]]
    spelled = [
        trace[axis]
        for trace in data
        for axis in "xy"
        if len(trace[axis]) > 2 or isinstance(trace[axis], dict)
    ]
    assert spelled and all(set(values) >= {"dtype", "bdata"} for values in spelled)


def test_only_what_is_on_screen_is_sent() -> None:
    layout = {
        "xaxis": {"range": [0, 1]},
        "yaxis2": {},
        "legend": {},
        "uirevision": "raster",
        "shapes": [{"x0": 1}],
    }
    figure = {"data": [{"x": np.arange(2)}], "layout": layout}
    steps = json.loads(str(to_json_plotly(patched(figure, 3))))["operations"]
    said = {tuple(step["location"]): step["params"]["value"] for step in steps}
    assert {way[1] for way in said if way[0] == "layout"} == {
        "images",
        "shapes",
        "annotations",
        "xaxis",
        "yaxis2",
    }
    assert said["layout", "images"] == [] and said["layout", "shapes"] == [{"x0": 1}]
    assert said["turn",] == 3
