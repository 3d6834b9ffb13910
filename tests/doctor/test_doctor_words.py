"""The report in the terminal: plain lines, exit codes, and nothing that a hostile name could do there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from awkward import AWKWARD

from app import DEMO_FOLDER, _say_what_is_odd
from spikeboard import __main__ as command
from spikeboard.doctor.words import main, report
from spikeboard.library import key_of_path, local_library

SPIKES = "time_ms,unit\n1.0,0\n1.0,0\n2.5,1\n4.0,0\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "run.csv").write_text(SPIKES)
    return tmp_path / "run.csv"


def test_a_file_is_reported_on_with_the_options_that_mend_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(file)]) == 0
    said = capsys.readouterr().out
    assert (
        "Units: 2 (1 population, 0 silent)" in said
        and "population units: 2 units, 0 silent, 4 spikes" in said
    )
    assert "mend=drop_duplicates  Keep one of each" in said and "mend=t_stop=SECONDS  It ended at" in said
    assert main([str(file), "mend=drop_duplicates|t_stop=1", "n_units=3"]) == 0
    said = capsys.readouterr().out
    assert (
        "Units: 3" in said and said.endswith("Nothing looks odd.\n") and "undo: leave out n_units=3" in said
    )


def test_what_cannot_be_opened_is_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(file.with_name("gone.csv"))]) == 2
    assert main([str(file), "mend"]) == 2
    file.write_text("time,unit\n1,0\n2,1\n3,0\n")
    assert main([str(file), "time_unit=samples"]) == 3, "it asks how long a step is"
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == said.err.count("spikeboard: ") == 3


def test_the_command_knows_it(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["spikeboard", "doctor", str(file)])
    assert command.main() == 0 and "What looks odd (2):" in capsys.readouterr().out


def test_the_file_that_was_named_is_told_about_where_it_was_named(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = local_library(DEMO_FOLDER, [file.parent])
    named = local_library(DEMO_FOLDER, [file.parent], key_of_path(library, file))
    _say_what_is_odd(named)
    said = capsys.readouterr().out
    assert said.startswith("What looks odd (2):") and "Keep one of each" in said
    file.write_text("time,unit\n1,0\n2,1\n3,0\n")
    _say_what_is_odd(named)
    assert capsys.readouterr().out == "", "what asks something asks it in the page"


@pytest.mark.parametrize("name", AWKWARD)
def test_no_name_reaches_the_terminal_as_more_than_text(name: str) -> None:
    for line in report(AWKWARD[name]()):
        assert line.isprintable() and len(line) < 1500
