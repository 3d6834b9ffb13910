"""Callbacks as public endpoints: whatever anybody posts is answered by a sentence or refused, never a breakdown."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import POST, app_over, asked, callback_with, posted, request_for, server_callbacks
from dash import Dash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbacks.wiring import BROKEN, NONSENSE
from spikeboard.views import views

DEEP: list[Any] = []
for _ in range(200):
    DEEP = [DEEP]

GARBAGE: list[Any] = [
    None, True, 0, -1, 1e308, float("nan"), float("inf"), 10**400, "", "x", "null", "\x00", "\ud800",
    "../../etc/passwd", "file:../../../../etc/passwd", "file:\x00", "file:" + "a/" * 3000, "file:/etc/passwd",
    "id:" + "0" * 32, "id:../../x", "<script>alert(1)</script>", "x" * 100_000,
    "?rec=file:..&t=nan_inf&units=0-999999999",
    "?" + "&".join(f"raster.x{i}=1" for i in range(500)), "?pop=" + "\\" * 501, [], {}, [[]], [None] * 10_000, DEEP,
    {"view": "raster"}, {"rec": "demo"}, {"rec": ["demo"], "settings": {}},
    {"rec": "demo", "settings": [], "selection": {}}, {"rec": "demo", "settings": {}, "selection": {"t": 1}},
]  # fmt: skip

SETTINGS_GARBAGE: list[Any] = [
    {"no_such_setting": 1}, {"": ""}, {"sort": "evil"}, {"sort": None}, {"sort": ["size"]}, {"sort": {"a": 1}},
    {"bin_ms": "1e999"}, {"bin_ms": float("nan")}, {"bin_ms": 10**400}, {"bin_ms": True}, {"bin_ms": -5},
]  # fmt: skip

SELECTION_GARBAGE: list[dict[str, str]] = [
    {"t": "nan_nan"}, {"t": "inf_"}, {"t": "5_1"}, {"t": "_"}, {"t": "1e400_2"}, {"t": "100_200"}, {"t": "abc"},
    {"units": "99999999"}, {"units": "0-999999999"}, {"units": ",".join(["0-1999999"] * 3000)}, {"units": "9-3"},
    {"units": "٣"}, {"units": "-1"}, {"units": "1.5"}, {"pop": "no such"}, {"pop": "\\"}, {"pop": "," * 5000},
    {"interval": "trials:99999"}, {"interval": "trials:-1"}, {"interval": "x:²"}, {"interval": ":"},
    {"interval": "../../etc:1"}, {"unknown": "x"},
]  # fmt: skip

VIEWPORT_GARBAGE: list[Any] = [
    {"x": [float("nan"), 1]}, {"x": [1, 1]}, {"x": [0, 10**400]}, {"x": ["a", "b"]}, {"x": [1, 2, 3]}, {"x": {}},
    {"y": [-1e308, 1e308]}, {"x": [-1e308, 1e308]}, {"x": [9e307, 1e308]}, {"x": [1e-300, 2e-300]},
    {"width": 10**400}, {"width": -5}, {"width": True}, {"width": "wide", "height": None}, [], "x",
    {"x": [2, 3], "y": [1e300, 1e301]},
]  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    return app_over(tmp_path_factory.mktemp("recordings"))


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing broke: what breaks in a callback is in the log, whatever the page was told."""
    with caplog.at_level(logging.ERROR, "spikeboard"):
        yield
    assert [record.exc_text or record.message for record in caplog.records] == []


def _decent(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text[:500]
    assert "Traceback" not in answer.text and BROKEN not in answer.text
    assert answer.status_code == 204 or answer.json()


def test_every_callback_leaves_the_event_loop_free(app: Dash) -> None:
    found = server_callbacks(app)
    assert len(found) >= 6
    assert all(inspect.iscoroutinefunction(spec["callback"]) for spec in found.values())


@pytest.mark.parametrize("index", range(len(GARBAGE)), ids=lambda index: repr(GARBAGE[index])[:30])
def test_no_value_breaks_any_callback(app: Dash, quiet: None, index: int) -> None:
    for output, spec in server_callbacks(app).items():
        parts = [*spec["inputs"], *spec["state"]]
        for name in {part["property"] for part in parts} | {"*"}:
            values = {"*": GARBAGE[index]}
            values |= {} if name == "*" else {"open-path.n_clicks": 1, "answer.n_clicks": 1}
            _decent(posted(app, request_for(app, output, values)))


@pytest.mark.parametrize("view", [*views(), "no such view", "", None, 3, ["raster"], {"a": 1}, "__class__"])
def test_a_card_of_any_name_is_answered(app: Dash, quiet: None, view: Any) -> None:
    request = {"rec": "demo", "selection": {}, "settings": {}}
    for words in ('"drawn"', '"table"'):
        answer = posted(app, request_for(app, callback_with(app, words), {"*": request}, view))
        _decent(answer)
        if view not in list(views()):
            assert "no view" in answer.text or NONSENSE in answer.text


def _drawn(app: Dash, view: str, **request: Any) -> tuple[str, Any]:
    """What a card says in place of its figure, and the figure."""
    output = callback_with(app, '"drawn"')
    whole = {"rec": "demo", "selection": {}, "settings": {}, **request}
    answer = posted(app, request_for(app, output, {"*": whole}, view))
    _decent(answer)
    said = {json.loads(name)["part"]: props for name, props in answer.json()["response"].items()}
    return said["message"]["children"], said["drawn"]["data"]


@pytest.mark.parametrize("selection", SELECTION_GARBAGE, ids=lambda said: repr(said)[:40])
def test_no_selection_breaks_a_view(app: Dash, quiet: None, selection: dict[str, str]) -> None:
    message, figure = _drawn(app, "raster", selection=selection)
    assert bool(message) != bool(figure)


@pytest.mark.parametrize("name", list(views()))
def test_no_setting_breaks_a_view(app: Dash, quiet: None, name: str) -> None:
    wrong = [
        {setting: value} for setting in views()[name].settings for value in (10**400, ["x"], {"a": 1}, "\x00")
    ]
    for given_settings in [*SETTINGS_GARBAGE, *wrong]:
        message, figure = _drawn(app, name, settings=given_settings)
        assert bool(message) != bool(figure), given_settings


@pytest.mark.parametrize("viewport", VIEWPORT_GARBAGE, ids=lambda said: repr(said)[:40])
def test_no_viewport_breaks_a_view(app: Dash, quiet: None, viewport: Any) -> None:
    for name, view in views().items():
        if view.zooms:
            _drawn(app, name, viewport=viewport)


@pytest.mark.parametrize("viewport", VIEWPORT_GARBAGE, ids=lambda said: repr(said)[:40])
def test_no_box_breaks_the_selection(app: Dash, quiet: None, viewport: Any) -> None:
    for name in views():
        box = {"view": name, "request": {"rec": "demo", "selection": {}, "settings": {}}}
        box |= viewport if isinstance(viewport, dict) else {"x": viewport}
        _decent(posted(app, request_for(app, callback_with(app, "proposed.data"), {"*": box})))


def test_a_box_selects_and_says_so_where_it_does_not(app: Dash, quiet: None) -> None:
    output = callback_with(app, "proposed.data")
    request = {"rec": "demo", "selection": {}, "settings": {}}
    box = {"view": "raster", "request": request, "x": [1, 2], "y": [0, 20]}
    answer = posted(app, request_for(app, output, {"*": box}))
    assert answer.json()["response"]["proposed"]["data"]["t"].startswith("1")
    answer = posted(app, request_for(app, output, {"*": {**box, "x": None}}))
    assert "that box selects nothing" in answer.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, JSON, JSON, JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_a_card(app: Dash, rec: Any, selection: Any, chosen: Any, viewport: Any) -> None:
    request = {"rec": rec, "selection": selection, "settings": chosen, "viewport": viewport}
    for body in (request, {**request, "rec": "demo"}, {**request, "rec": "demo", "selection": {}}):
        _decent(posted(app, request_for(app, callback_with(app, '"drawn"'), {"*": body})))


MALFORMED: list[Any] = [
    None, 3, "x", [], {}, {"output": "no.such"}, {"output": 3}, {"output": ["a"]},
    {"output": "..page.children...x.y..", "inputs": []},
    {"inputs": 3}, {"inputs": [3]}, {"inputs": [{}]}, {"inputs": [{"id": 3, "property": 4}]}, {"inputs": None},
    {"inputs": [[[]]]}, {"state": "x"}, {"changedPropIds": 3}, {"changedPropIds": [{}]}, {"outputs": 7},
    {"outputs": []}, {"inputs": []}, {"changedPropIds": []},
    {"changedPropIds": ["nothing.at-all"]}, {"changedPropIds": ['{"view":1}.data']},
    {"changedPropIds": ["{broken.data"]}, {"changedPropIds": ["no dot"]},
]  # fmt: skip


@pytest.mark.parametrize("changed", MALFORMED, ids=lambda said: repr(said)[:40])
def test_a_request_that_is_none_is_refused_by_a_sentence(app: Dash, quiet: None, changed: Any) -> None:
    for output in server_callbacks(app):
        body = (
            {**request_for(app, output, {}), **changed} if isinstance(changed, dict) and changed else changed
        )
        answer = posted(app, body)
        assert answer.status_code in (200, 204, 400), answer.text
        assert "Traceback" not in answer.text
        if answer.status_code == 400:
            assert answer.json() == {"error": NONSENSE}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"output": NaN', b"[" * 100_000])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_request_is_refused_by_a_sentence(app: Dash, content: bytes, kind: str) -> None:
    answer = asked(app, "POST", POST, content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (400, {"error": NONSENSE})


def test_bodies_and_addresses_have_limits(app: Dash) -> None:
    large = asked(
        app, "POST", POST, content=b"x" * (33 * 2**20), headers={"Content-Type": "application/json"}
    )
    assert large.status_code == 413
    assert asked(app, "GET", "/raster?units=" + "1," * 20_000).status_code == 414
    assert asked(app, "GET", "/", headers={"Cookie": "x" * 70_000}).status_code == 431


def test_a_mistake_of_ours_is_logged_and_the_page_says_that_something_broke(
    app: Dash, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_: Any) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("callbacks.address.screen", mistaken)
    monkeypatch.setattr("callbacks.views.understood", mistaken)
    monkeypatch.setattr("callbacks.views.view_of", lambda card: views()["raster"])
    route = posted(app, request_for(app, callback_with(app, "page.children"), {"address.pathname": "/"}))
    card = posted(app, request_for(app, callback_with(app, '"drawn"'), {}))
    for answer in (route, card):
        assert answer.status_code == 200 and BROKEN in answer.text and "a mistake" not in answer.text
    assert sum("a mistake of ours" in (record.exc_text or "") for record in caplog.records) == 2


@pytest.mark.parametrize(
    "address",
    [
        "/download/raster.csv?rec=file:../../etc/passwd", "/download/nothing.csv", "/download/raster.csv?t=banana",
        "/download/raster.csv?rec=file:%00", "/download/..%2F..%2Fetc%2Fpasswd.csv", "/download/raster.csv?units=99999",
        "/export/csv?rec=file:" + "a/" * 3000, "/export/pickle", "/export/..%2Fcsv", "/export/csv?rec=id:zz",
        "/art/exe", "/art/png-99999999", "/art/png-nan", "/art/png-1e400", "/art/png-%00",
        "/art/png-1024?art.style=evil",         "/art/svg?rec=file:/etc/passwd", "/art/gif?t=5_1",
    ],
)  # fmt: skip
def test_addresses_of_files_answer_nonsense_by_a_sentence(app: Dash, quiet: None, address: str) -> None:
    answer = asked(app, "GET", address)
    assert answer.status_code in (400, 404), answer.text[:300]
    assert answer.json().get("error") or answer.json()["detail"]
    assert "root:" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("PUT", "/upload/short/x.csv"), ("PUT", "/upload/" + "g" * 32 + "/x.csv"), ("PUT", "/upload/../../x/y"),
        ("PUT", "/upload/" + "a" * 32 + "/%00"), ("PUT", "/upload/" + "a" * 32 + "/.."), ("POST", "/upload/nothing"),
        ("POST", "/upload/" + "b" * 32), ("DELETE", "/upload/b"), ("DELETE", "/upload/..%2F..%2Fhome"),
    ],
)  # fmt: skip
def test_uploads_answer_nonsense_by_a_sentence(
    app: Dash, quiet: None, own_home: Path, method: str, address: str
) -> None:
    answer = asked(app, method, address, content=b"1,2")
    assert 400 <= answer.status_code < 500
    kept = own_home / "uploads"
    assert not kept.exists() or list(kept.rglob("*")) == []
