"""Every route of the real app, with accounts: closed to strangers, open to whoever has signed in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asking import POST, callback_with, request_for, spoken, started
from dash import Dash
from hosting.callers import PASSWORD, Ask, asker, sign_in
from starlette.routing import Mount, WebSocketRoute

from app import DEMO_FOLDER, HERE, create_app
from components.pages import PAGES
from spikeboard.hosting import open_paths, policy_for
from spikeboard.hosting.accounts import add_user
from spikeboard.hosting.policy import Policy
from spikeboard.library import local_library

BATCH = "0123456789abcdef" * 2
SITE = "http://board.lab"
# Every route but Dash's scripts and the pages, in an order that makes sense to the uploads; with a method it answers.
WALK = {
    "/_dash-layout": ("GET", "/_dash-layout"),
    "/_dash-dependencies": ("GET", "/_dash-dependencies"),
    "/_dash-update-component": ("POST", POST),
    "/_reload-hash": ("GET", "/_reload-hash"),
    "/_favicon.ico": ("GET", "/_favicon.ico"),
    "/": ("GET", "/"),
    "/download/{name}.csv": ("GET", "/download/raster.csv"),
    "/art/{form}": ("GET", "/art/png-64"),
    "/export/{form}": ("GET", "/export/csv"),
    "/upload/{batch}/{name}": ("PUT", f"/upload/{BATCH}/spikes.csv"),
    "/upload/{batch}": ("POST", f"/upload/{BATCH}"),
    "/upload/{batch} ": ("DELETE", f"/upload/{BATCH}"),
    "/import/{name}": ("GET", f"/import/{BATCH}"),
    "/import/{name} ": ("DELETE", f"/import/{BATCH}"),
    "{path:path}": ("GET", "/raster"),
}
SUITES = "/_dash-component-suites/{package_name}/{fingerprinted_path:path}"
SOCKET = "/_dash-ws-callback"
SPIKES = b"time_ms,unit\n1.0,0\n2.5,1\n4.0,0\n"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("team")
    add_user(folder / "accounts.json", "anna", PASSWORD)
    return policy_for("0.0.0.0", accounts_file=folder / "accounts.json", folder=folder)


@pytest.fixture(scope="module")
def app(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Dash:
    library = local_library(DEMO_FOLDER, [tmp_path_factory.mktemp("runs")], shared=True)
    return started(create_app(library, policy))


@pytest.fixture
def stranger(app: Dash) -> Ask:
    """Somebody of the same network who has not signed in."""
    return asker(app.server, SITE)


@pytest.fixture
def anna(app: Dash) -> Ask:
    """Somebody of the same network who has signed in."""
    ask = asker(app.server, SITE)
    assert sign_in(ask).status_code == 303
    return ask


@pytest.fixture
def files(app: Dash) -> list[str]:
    """The address of every asset, and of every script and style that the page asks for."""
    ask = asker(app.server, SITE)
    sign_in(ask)
    asked_for = re.findall(r'(?:src|href)="(/_dash-component-suites/[^"]+)"', ask("GET", "/").text)
    assert len(asked_for) > 10
    return asked_for + [f"/assets/{file.name}" for file in (HERE / "assets").iterdir()]


def test_the_walk_knows_every_route(app: Dash) -> None:
    routes = app.server.routes
    known = {route.path for route in routes if not isinstance(route, Mount | WebSocketRoute)}
    assert known == {path.strip() for path in WALK} | {SUITES}
    assert {route.path for route in routes if isinstance(route, Mount)} == {"/assets"}
    assert {route.path for route in routes if isinstance(route, WebSocketRoute)} == {SOCKET}
    methods = {(route.path, method) for route in routes for method in getattr(route, "methods", None) or ()}
    walked = {(path.strip(), method) for path, (method, _) in WALK.items()}
    assert methods == walked | {(SUITES, "GET")}


def test_no_route_answers_a_stranger_but_the_open_paths(
    stranger: Ask, policy: Policy, files: list[str]
) -> None:
    walked = [address for _, address in WALK.values()] + files + [page.path for page in PAGES]
    walked += [
        "/healthz/",
        "/login/../raster",
        "//raster",
        "/%2e%2e/raster",
        "/assets/../app.py",
        "/nowhere",
        SOCKET,
    ]
    assert len(walked) > 40
    for address in walked:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = stranger(method, address, headers={"Accept": "*/*", "Origin": SITE})
            assert answer.status_code == 401, (method, address, answer.status_code)
            assert "spikeboard.js" not in answer.text and "demo" not in answer.text.lower()
    assert sorted(open_paths(policy)) == ["/healthz", "/login", "/logout"]
    assert stranger("GET", "/healthz").status_code == stranger("GET", "/login").status_code == 200
    assert stranger("POST", "/logout", headers={"Origin": SITE}).status_code == 303


def test_a_page_asked_for_leads_a_stranger_to_the_sign_in_and_back(stranger: Ask, anna: Ask) -> None:
    navigation = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    answer = stranger("GET", "/raster?t=1_2", headers=navigation)
    assert answer.status_code == 303
    target = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
    assert target == "/raster?t=1_2"
    assert sign_in(stranger, target=target).headers["location"] == target
    assert "spikeboard.js" in stranger("GET", target, headers=navigation).text


def test_no_websocket_opens_to_a_stranger(app: Dash) -> None:
    assert spoken(app, SOCKET, {"Host": "board.lab", "Origin": SITE}) == [
        {"type": "websocket.close", "code": 4401}
    ]


def test_every_route_answers_whoever_has_signed_in(app: Dash, anna: Ask, files: list[str]) -> None:
    output = callback_with(app, "page.children")
    bodies: dict[str, dict[str, Any]] = {
        POST: {"json": request_for(app, output, {"address.pathname": "/"})},
        f"/upload/{BATCH}/spikes.csv": {"content": SPIKES},
    }
    for method, address in WALK.values():
        if method == "DELETE":
            anna("PUT", f"/upload/{BATCH}/again.csv", content=SPIKES)
        answer = anna(method, address, **bodies.get(address, {}))
        assert answer.status_code == 200, (method, address, answer.text[:300])
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; script-src 'self'")
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for address in files:
        assert anna("GET", address).status_code == 200, address


def test_a_session_that_was_ended_opens_nothing(anna: Ask) -> None:
    assert anna("GET", "/raster").status_code == 200
    anna("POST", "/logout", headers={"Origin": SITE})
    assert anna("GET", "/raster").status_code == 401


@pytest.mark.parametrize(
    "said", ["no json", '{"type": "callback_request"}', "[]", '{"type": "callback_request", "payload": 3}']
)
def test_a_websocket_opens_to_whoever_has_signed_in_and_nonsense_closes_it(app: Dash, said: str) -> None:
    cookie: dict[str, str] = {}
    ask = asker(app.server, SITE)
    reply = sign_in(ask)
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in reply.cookies.items())}
    heard = spoken(
        app, SOCKET, {"Host": "board.lab", "Origin": SITE, **cookie}, '{"type": "heartbeat"}', said
    )
    assert heard[0]["type"] == "websocket.accept"
    assert heard[-1]["type"] == "websocket.close"
    foreign = spoken(app, SOCKET, {"Host": "board.lab", "Origin": "http://evil.org", **cookie})
    assert foreign == [{"type": "websocket.close", "code": 4403}]


def test_nothing_outside_the_assets_is_an_asset(anna: Ask) -> None:
    for address in (
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/assets/..%2fapp.py",
        "/assets//etc/passwd",
    ):
        assert "def create_app" not in (answer := anna("GET", address)).text and "root:" not in answer.text
    for address in ("/_dash-component-suites/os/path.py", "/_dash-component-suites/dash/dash.py"):
        assert "import" not in anna("GET", address).text


def test_a_team_is_told_no_path_of_the_server(app: Dash, anna: Ask, own_home: Path) -> None:
    anna("PUT", f"/upload/{BATCH}/spikes.csv", content=SPIKES)
    link = anna("POST", f"/upload/{BATCH}").json()["address"]
    key = parse_qs(urlsplit(link).query)["rec"][0]
    card = {"*": {"rec": key, "selection": {}, "settings": {}}}
    drawn = anna("POST", POST, json=request_for(app, callback_with(app, '"drawn"'), card)).text
    assert "spikeboard.open('spikes.csv')" in drawn
    page = callback_with(app, "page.children")
    library = anna("POST", POST, json=request_for(app, page, {"address.pathname": "/library"})).text
    assert "spikes.csv" in library
    for said in (drawn, library):
        assert str(own_home) not in said and str(HERE) not in said
