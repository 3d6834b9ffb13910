"""The guard under a real server with several workers, which share nothing but the settings folder."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hosting.callers import PASSWORD
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from spikeboard.hosting import policy_for, to_environment
from spikeboard.hosting.accounts import add_user, remove_user

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def accounts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("team") / "accounts.json"
    for name in ("anna", "bob"):
        add_user(file, name, PASSWORD)
    return file


@pytest.fixture(scope="module")
def server(accounts_file: Path) -> Iterator[str]:
    """The address of a server with two workers that get their policy from the environment."""
    policy = policy_for("0.0.0.0", accounts_file=accounts_file, folder=accounts_file.parent)
    environment = to_environment(policy, "0.0.0.0")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "--factory", "hosting.team_app:guarded", "--workers", "2"]
        command += ["--fd", str(listener.fileno()), "--no-proxy-headers", "--log-level", "warning"]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        process = subprocess.Popen(
            command, env={**os.environ, **environment, "PYTHONPATH": path}, pass_fds=[listener.fileno()]
        )
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_for_workers(address)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for_workers(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/healthz", timeout=60).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


def test_any_worker_answers_for_the_session_of_another(server: str, accounts_file: Path) -> None:
    assert httpx.get(f"{server}/whoami").status_code == 401
    cookies = _sign_in(server, "bob")
    answered_by: set[int] = set()
    for _ in range(400):
        reply = httpx.get(
            f"{server}/whoami", cookies=cookies
        )  # a new connection each time: any worker may take it
        assert reply.json()["user"] == "bob"
        answered_by.add(reply.json()["worker"])
        if len(answered_by) == 2:
            break
    assert len(answered_by) == 2
    asyncio.run(_talk(server, cookies, accounts_file))
    assert {httpx.get(f"{server}/whoami", cookies=cookies).status_code for _ in range(20)} == {401}


async def _talk(server: str, cookies: dict[str, str], accounts_file: Path) -> None:
    url = server.replace("http", "ws") + "/ws"
    spoken = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    for origin, headers in ((server, {}), ("http://evil.org", spoken)):
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(url, origin=origin, additional_headers=headers):
                pass
    async with connect(url, origin=server, additional_headers=spoken) as conversation:
        await conversation.send("hello")
        assert await conversation.recv() == "bob:hello"
        remove_user(accounts_file, "bob")
        await conversation.send("still here?")
        with pytest.raises(ConnectionClosed) as closed:
            await conversation.recv()
        assert closed.value.rcvd and closed.value.rcvd.code == 4401


def test_a_chunked_body_is_cut_off_on_the_wire(server: str) -> None:
    cookies = _sign_in(server)

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 2**20

    with socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2])), timeout=60) as wire:
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        wire.sendall(
            f"POST /swallow HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        answer = _send_until_answered(wire, endless())
    assert answer.startswith(b"HTTP/1.1 413") and b"32 MB" in answer


@pytest.mark.parametrize(
    "target",
    [b"/login/../whoami", b"/login/%2e%2e/whoami", b"//whoami", b"/%2e%2e/whoami", b"/whoami%3f/login"],
)
def test_paths_as_they_are_spelled_on_the_wire(server: str, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2])), timeout=60) as wire:
        wire.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 401") and b"inside" not in answer


def _send_until_answered(wire: socket.socket, parts: Iterator[bytes]) -> bytes:
    for part in parts:
        try:
            wire.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        except OSError:
            break
    answer = b""
    while not re.search(rb"\r\n\r\n.+", answer, re.DOTALL):
        more = wire.recv(65536)
        if not more:
            break
        answer += more
    return answer


def _sign_in(server: str, name: str = "anna") -> dict[str, str]:
    reply = httpx.post(
        f"{server}/login", data={"name": name, "password": PASSWORD}, headers={"Origin": server}
    )
    assert reply.status_code == 303
    return dict(reply.cookies)
