"""What a person types, and what is answered: each refusal is one sentence, and nothing is served."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import wait_for

from app import main
from spikeboard import __main__ as command
from spikeboard.ports import free_port
from spikeboard.version import VERSION

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "data" / "demo"


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it says to these words on the error output; it has to refuse."""
    assert main([*words, "--no-browser"]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.startswith("spikeboard: ") and said.err.count("\n") == 1, said
    return said.err


def test_a_path_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no file or folder 'nowhere/night.h5'" in refusal(capsys, "nowhere/night.h5")


def test_a_root_that_is_no_folder_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert f"--root {tmp_path / 'gone'} is no folder" in refusal(capsys, "--root", str(tmp_path / "gone"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_strangers_are_not_let_in_without_accounts(capsys: pytest.CaptureFixture[str], host: str) -> None:
    said = refusal(capsys, "--host", host)
    assert f"Nobody could sign in on {host}" in said and "spikeboard user add" in said


@pytest.mark.parametrize("port", ["-1", "70000"])
def test_a_port_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert f"cannot listen on 127.0.0.1, port {port}" in refusal(capsys, "--port", port)


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "in use" in refusal(capsys, "--port", port)


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"Spikeboard {VERSION}\n"


def test_words_that_it_does_not_know_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--colour", "red"])
    assert end.value.code == 2 and "--colour" in capsys.readouterr().err


def test_user_goes_to_the_accounts_and_the_rest_to_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[tuple[str, list[str]]] = []
    monkeypatch.setattr("spikeboard.hosting.accounts.main", lambda words: went.append(("user", words)) or 3)
    monkeypatch.setattr("app.main", lambda words: went.append(("app", words)) or 4)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for words, code in ((["user", "list"], 3), (["run.h5", "--port", "8051"], 4), (["./user"], 4)):
        monkeypatch.setattr(sys, "argv", ["spikeboard", *words])
        assert command.main() == code
    assert went == [("user", ["list"]), ("app", ["run.h5", "--port", "8051"]), ("app", ["./user"])]


@pytest.fixture
def served(tmp_path: Path, own_home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`spikeboard NAME --root FOLDER` started in another folder, and its address."""
    address = f"http://127.0.0.1:{(port := free_port())}/"
    (tmp_path / "runs").mkdir()
    (tmp_path / "spikes.csv").write_text("time_s,unit\n0.5,1\n1.5,2\n")
    words = ["spikes.csv", "--root", "runs", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "spikeboard", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(address, process)
        yield process, address
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(
    served: tuple[subprocess.Popen[str], str], told: signal.Signals
) -> None:
    process, address = served
    assert b"Spikeboard" in urllib.request.urlopen(address, timeout=60).read()
    # A browser that keeps its connection holds nobody up.
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1].strip("/")))) as open_one:
        open_one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        open_one.recv(100)
        process.send_signal(told)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said == f"Spikeboard {VERSION} at {address} (Ctrl+C ends it)\n"
