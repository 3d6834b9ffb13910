"""`spikeboard.show(rec)`: the recording is served, shown in a notebook, and ended."""

from __future__ import annotations

import shutil
import socket
import sys
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import spikeboard
from spikeboard import places, showing
from spikeboard.recording import Recording
from spikeboard.showing import Shown


def made() -> Recording:
    """A recording that lies in no file."""
    units = pd.DataFrame({"population": ["E", "E"], "id": [0, 1]})
    times = np.array([0.1, 0.2, 0.7])
    return spikeboard.recording("made here", times, np.array([0, 1, 0]), units, t_start=0.0, t_stop=1.0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses for which a browser was opened."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


@pytest.fixture
def shown(opened: list[str]) -> Iterator[Shown]:
    app = spikeboard.show(made())
    yield app
    app.stop()


def test_a_recording_is_served_and_ended(shown: Shown, opened: list[str]) -> None:
    assert opened == [shown.url]
    assert b"Spikeboard" in urllib.request.urlopen(shown.url, timeout=60).read()
    assert shown.process.poll() is None
    shown.stop()
    assert shown.process.poll() is not None
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(shown.url, timeout=5)
    shown.stop()


def test_what_is_served_is_the_recording(shown: Shown) -> None:
    folder = Path(shown.process.args[3])  # type: ignore[index]
    assert folder.is_relative_to(places.stores())
    kept = spikeboard.open(folder)
    assert kept.name == "made here" and kept.digest == made().digest


def test_a_notebook_on_this_machine_may_frame_it(shown: Shown) -> None:
    assert f'<iframe src="{shown.url}"' in shown._repr_html_()
    policy = urllib.request.urlopen(shown.url, timeout=60).headers["Content-Security-Policy"]
    assert "frame-ancestors http://localhost:* http://127.0.0.1:*" in policy


def test_a_saved_recording_is_handed_over_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made().save(tmp_path / "kept")
    started: list[list[str]] = []
    process = SimpleNamespace(poll=lambda: 0)
    monkeypatch.setattr(showing.subprocess, "Popen", lambda words, **_: started.append(words) or process)
    monkeypatch.setattr(showing, "_await", lambda *_: None)
    spikeboard.show(spikeboard.open(folder), port=1234, browser=False)
    assert started[0][1:] == ["-m", "spikeboard", str(folder), "--port", "1234", "--no-browser"]


@pytest.mark.parametrize(
    ("shell", "browser", "opens"),
    [
        ("ZMQInteractiveShell", None, False),
        ("ZMQInteractiveShell", True, True),
        ("TerminalInteractiveShell", None, True),
        ("TerminalInteractiveShell", False, False),
    ],
)
def test_a_browser_opens_outside_of_notebooks_or_when_wanted(
    monkeypatch: pytest.MonkeyPatch, opened: list[str], shell: str, browser: bool | None, opens: bool
) -> None:
    running = type(shell, (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: running))
    monkeypatch.setattr(showing.subprocess, "Popen", lambda *_, **__: SimpleNamespace(poll=lambda: 0))
    monkeypatch.setattr(showing, "_await", lambda *_: None)
    spikeboard.show(made(), browser=browser)
    assert bool(opened) is opens


def test_the_app_of_somebody_else_is_not_taken_for_its_own() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(spikeboard.RecordingError, match=f"cannot listen on 127.0.0.1, port {port}"):
            spikeboard.show(made(), port=port, browser=False)


def test_an_app_that_cannot_start_says_why(tmp_path: Path) -> None:
    rec = spikeboard.open(made().save(tmp_path / "kept"))
    shutil.rmtree(tmp_path / "kept")
    with pytest.raises(spikeboard.RecordingError, match=r"did not start: .*no file or folder '.*kept'"):
        spikeboard.show(rec, browser=False)
