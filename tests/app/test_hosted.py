"""The command as a team runs it: two workers, accounts, a folder of recordings; and a person who signs in."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import psutil
import pytest
from app_board import PATIENCE_S, Board
from asking import POST
from hosting.callers import PASSWORD
from selenium.webdriver.common.keys import Keys

from spikeboard.hosting.accounts import add_user
from spikeboard.ports import free_port

ROOT = Path(__file__).parents[2]
BATCH = "fedcba9876543210" * 2
NIGHT = "time_ms,unit\n" + "".join(f"{10 * k}.0,{k % 3}\n" for k in range(1, 100))


class Team:
    """A server with two workers, and connections that are known to lead to one or the other."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = psutil.Process(process.pid)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def answers(
        self, connection: http.client.HTTPConnection, method: str, path: str, **how: Any
    ) -> tuple[int, str]:
        """Status and text of an answer over a connection that is kept."""
        headers = {"Origin": self.url} | how.pop("headers", {})
        connection.request(method, path, how.get("body"), headers)
        answer = connection.getresponse()
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer.status, answer.read().decode()

    def connections(self, stack: ExitStack) -> list[http.client.HTTPConnection]:
        """One connection to each worker."""
        found: dict[int, http.client.HTTPConnection] = {}
        for _ in range(400):
            connection = stack.enter_context(Line(self.port))
            assert self.answers(connection, "GET", "/healthz")[0] == 200
            found.setdefault(self._worker(connection.sock.getsockname()[1]), connection)
            if len(found) == 2:
                return list(found.values())
        raise AssertionError("one worker answers everything")

    def _worker(self, port: int) -> int:
        for child in self.process.children(recursive=True):
            if any(end.raddr and end.raddr.port == port for end in child.net_connections("tcp")):
                return child.pid
        raise AssertionError(f"no worker has the connection from port {port}")


class Line(http.client.HTTPConnection):
    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port, timeout=PATIENCE_S)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("team")
    (root / "runs").mkdir()
    (root / "runs" / "night.csv").write_text(NIGHT)
    (root.parent / "outside.csv").write_text(NIGHT)
    return root


@pytest.fixture(scope="module")
def team(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    accounts = tmp_path_factory.mktemp("accounts") / "accounts.json"
    add_user(accounts, "anna", PASSWORD)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPIKEBOARD_")}
    environment["SPIKEBOARD_HOME"] = str(tmp_path_factory.mktemp("home"))
    port = free_port()
    command = [sys.executable, "-m", "spikeboard", "--host", "0.0.0.0", "--port", str(port), "--no-browser"]
    command += ["--root", str(folder), "--accounts", str(accounts), "--workers", "2"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        found = Team(process, port)
        _wait_for(found)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _wait_for(team: Team) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with Line(team.port) as connection:
                if team.answers(connection, "GET", "/healthz")[0] == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.fixture
def two(team: Team) -> Iterator[Callable[..., tuple[int, str]]]:
    """`two(0 or 1, method, path)` asks the one worker or the other, signed in at the first."""
    with ExitStack() as stack:
        connections = team.connections(stack)
        form = urlencode({"name": "anna", "password": PASSWORD, "next": "/"})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        assert team.answers(connections[0], "POST", "/login", body=form, headers=kind)[0] == 303
        cookie = {"Cookie": team.cookie}

        def ask(worker: int, method: str, path: str, **how: Any) -> tuple[int, str]:
            headers = cookie | how.pop("headers", {})
            return team.answers(connections[worker], method, path, headers=headers, **how)

        yield ask


def _figure(key: str, **selection: str) -> str:
    name = {"part": "request", "view": "firing_rate"}
    parts = [("drawn", "data"), ("caption", "children"), ("notes", "children"), ("message", "children")]
    parts += [("python", "children"), ("csv", "href")]
    spelled = '{"part":"%s","view":["MATCH"]}.%s'
    return json.dumps(
        {
            "output": ".." + "...".join(spelled % part for part in parts) + "..",
            "outputs": [
                {"id": {"part": part, "view": "firing_rate"}, "property": prop} for part, prop in parts
            ],
            "inputs": [
                {
                    "id": name,
                    "property": "data",
                    "value": {"rec": key, "selection": selection, "settings": {}},
                }
            ],
            "changedPropIds": ['{"part":"request","view":"firing_rate"}.data'],
        }
    )


def test_both_workers_answer_a_link_alike(two: Callable[..., tuple[int, str]]) -> None:
    body, kind = _figure("file:runs/night.csv", t="0.2_0.8"), {"Content-Type": "application/json"}
    answers = [two(worker, "POST", POST, body=body, headers=kind) for worker in (0, 1)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200 and "0.2" in answers[0][1]
    tables = [
        two(worker, "GET", "/download/raster.csv?rec=file:runs/night.csv&t=0.2_0.8") for worker in (0, 1)
    ]
    assert tables[0] == tables[1] and tables[0][0] == 200 and tables[0][1].count("\n") > 50


def test_what_one_worker_takes_in_pieces_the_other_finishes_and_both_open(
    two: Callable[..., tuple[int, str]],
) -> None:
    assert two(0, "PUT", f"/upload/{BATCH}/sent.csv", body=NIGHT) == (
        200,
        json.dumps({"bytes": len(NIGHT)}, separators=(",", ":")),
    )
    status, said = two(1, "POST", f"/upload/{BATCH}")
    assert status == 200
    key = parse_qs(urlsplit(json.loads(said)["address"]).query)["rec"][0]
    for worker in (0, 1):
        status, drawn = two(
            worker, "POST", POST, body=_figure(key), headers={"Content-Type": "application/json"}
        )
        assert status == 200 and "from 99 spikes" in drawn


def test_a_session_ended_at_one_worker_is_ended_at_the_other(two: Callable[..., tuple[int, str]]) -> None:
    assert two(1, "GET", "/_dash-layout")[0] == 200
    assert two(0, "POST", "/logout")[0] == 303
    assert [two(worker, "GET", "/_dash-layout")[0] for worker in (0, 1)] == [401, 401]


def test_paths_outside_are_refused_to_a_team(two: Callable[..., tuple[int, str]], folder: Path) -> None:
    for key in ("file:../outside.csv", f"file:{folder.parent}/outside.csv", "file:runs/../../outside.csv"):
        status, said = two(0, "GET", f"/download/raster.csv?{urlencode({'rec': key})}")
        assert status == 400 and "no recording" in said


@pytest.mark.browser
def test_a_colleague_signs_in_follows_a_link_and_signs_out(chromium: Any, team: Team, tmp_path: Path) -> None:
    shown = Board(chromium, team.url, tmp_path)
    link = "/raster?rec=file%3Aruns%2Fnight.csv&t=0.2_0.8"
    shown.open(link)
    assert "/login?next=" in shown.driver.current_url
    assert shown.accessible() == []
    shown.find("#name").send_keys("anna")
    shown.find("#password").send_keys("wrong", Keys.ENTER)
    shown.until(lambda: "wrong" in shown.text("[role=alert]"))
    assert all("401" in said for said in shown.console())
    shown.find("#password").send_keys(PASSWORD, Keys.ENTER)
    assert "of 3 units" in shown.caption("raster")
    assert shown.driver.current_url == team.url + link
    assert "night" in shown.text(".recording-name")
    shown.go("Library")
    shown.until(lambda: "runs/night.csv" in shown.texts(".list a"))
    assert shown.console() == []
    shown.click('form[action="/logout"] button')
    shown.until(lambda: shown.driver.current_url.endswith("/login"))
    shown.driver.get(team.url + link)
    assert "/login?next=" in shown.driver.current_url
