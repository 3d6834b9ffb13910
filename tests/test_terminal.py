"""Progress in a terminal, and Ctrl+C there."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spikeboard import terminal

ROOT = Path(__file__).parents[1]


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is told, however quick."""
    monkeypatch.setattr(terminal, "PATIENCE_S", 0.0)


def test_a_terminal_has_one_line_that_is_gone_in_the_end() -> None:
    stream = Terminal()
    with terminal.told_in(stream, "run.csv") as report:
        report("reading", 0.251)
        report("reading", 0.252)
        report("sorting", 0.6)
    lines = stream.getvalue().split(terminal.CLEARED)
    assert lines == [
        "",
        "run.csv  █████░░░░░░░░░░░░░░░  25 %  reading (Ctrl+C cancels)",
        "run.csv  ████████████░░░░░░░░  60 %  sorting (Ctrl+C cancels)",
        "",
    ]


def test_elsewhere_there_is_a_line_for_each_tenth() -> None:
    stream = io.StringIO()
    with terminal.told_in(stream, "run.csv") as report:
        for percent in range(100):
            report("reading" if percent < 55 else "sorting", percent / 100)
    lines = stream.getvalue().split("\n")
    assert lines[:2] == ["run.csv: reading, 0 %", "run.csv: reading, 10 %"] and len(lines) == 11


def test_what_is_quick_needs_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "PATIENCE_S", 3600.0)
    stream = Terminal()
    with terminal.told_in(stream, "run.csv") as report:
        report("reading", 0.5)
    assert stream.getvalue() == ""


def _heeds_ctrl_c() -> None:
    # What runs in the background of a shell, as tests may, is started to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_while_a_file_is_imported_ends_the_command_and_leaves_nothing(
    tmp_path: Path, own_home: Path
) -> None:
    path = tmp_path / "long.csv"
    path.write_text("time_ms,unit\n" + "1.5,0\n0.5,1\n" * 4_000_000)
    command = [sys.executable, "-m", "spikeboard", str(path), "--port", "0", "--no-browser"]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ, preexec_fn=_heeds_ctrl_c
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        try:
            said, code = process.communicate(timeout=60)[1], process.returncode
        finally:
            process.kill()
    assert first.startswith("long.csv: ") and first.endswith(" %\n")
    assert code == 130 and said.endswith("long.csv: cancelled, nothing of it was kept\n")
    assert "Traceback" not in said
    left = [file for file in own_home.rglob("*") if file.is_file() and file.name != "turnstile"]
    assert [file.name for file in left if "accounts" not in str(file)] == []
