"""Answers that took long are kept, found again only for what they answered, and never grow without bound."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from app import DEMO_FOLDER
from callbacks import kept
from callbacks.views import shown
from spikeboard import open as open_recording
from spikeboard.recording import Recording, recording
from spikeboard.selection import Selection, select
from spikeboard.view import Viewport
from spikeboard.views import view, views


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPIKEBOARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("callbacks.kept.SLOW_S", 0.0)
    return tmp_path / "home"


def _recording(times: list[float]) -> Recording:
    units = pd.DataFrame({"population": "exc", "id": [0, 1]})
    return recording("two", np.array(times), np.zeros(len(times), int), units, t_start=0, t_stop=1)


@pytest.fixture
def rec(tmp_path: Path) -> Recording:
    return open_recording(_recording([0.1, 0.2, 0.7]).save(tmp_path / "store"))


def _name(rec: Recording, of: str = "raster", selection: Selection | None = None, **more: Any) -> str:
    viewport = more.pop("viewport", Viewport())
    name = kept.named(rec, view(of), selection or Selection(), viewport, more)
    assert name is not None
    return name


def test_an_answer_is_computed_once(home: Path, rec: Recording) -> None:
    computed = []

    def compute() -> kept.Answer:
        computed.append(1)
        return {"caption": "µ", "figure": {"data": [{"x": {"dtype": "f4", "bdata": "AAAA"}}]}}

    first, second = (kept.once(_name(rec), compute) for _ in range(2))
    assert first == second and len(computed) == 1
    assert kept.once(_name(rec, bin_ms=3.0), compute) == first and len(computed) == 2


def test_what_is_fast_or_lies_in_no_store_is_not_kept(
    home: Path, rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.named(_recording([0.1]), view("raster"), Selection(), Viewport(), {}) is None
    assert kept.once(None, lambda: {"caption": "new"}) == {"caption": "new"}
    monkeypatch.setattr("callbacks.kept.SLOW_S", 3600.0)
    kept.once(_name(rec), lambda: {"caption": "fast"})
    assert kept.once(_name(rec), lambda: {"caption": "new"}) == {"caption": "new"}
    assert list(home.rglob("*.json")) == []


def test_a_name_tells_apart_all_that_an_answer_depends_on(
    home: Path, rec: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        _name(rec),
        _name(rec, "firing_rate"),
        _name(rec, sort="rate"),
        _name(rec, selection=select(t0=0.1)),
        _name(rec, viewport=Viewport((0.1, 0.2))),
        _name(rec, viewport=Viewport(width=500)),
    ]
    names.append(_name(open_recording(_recording([0.1, 0.2, 0.8]).save(tmp_path / "store"))))
    monkeypatch.setattr("callbacks.kept._program", lambda: "another version")
    names.append(_name(rec))
    assert len(set(names)) == len(names)


def test_what_is_on_screen_matters_only_where_a_view_zooms(home: Path, rec: Recording) -> None:
    assert _name(rec, "isi_histogram", viewport=Viewport(width=500)) == _name(rec, "isi_histogram")


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"null"])
def test_a_damaged_file_is_computed_anew(home: Path, rec: Recording, damage: bytes) -> None:
    kept.once(_name(rec), lambda: {"caption": "first"})
    (file,) = home.rglob("*.json")
    file.write_bytes(damage)
    assert kept.once(_name(rec), lambda: {"caption": "second"}) == {"caption": "second"}
    assert json.loads(file.read_bytes()) == {"caption": "second"}


def test_a_full_disk_costs_only_time(home: Path, rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert kept.once(_name(rec), lambda: {"caption": "told"}) == {"caption": "told"}
    assert list((home / "answers").iterdir()) == []


def test_what_was_not_asked_for_the_longest_time_goes_first(
    home: Path, rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [_name(rec, bin_ms=float(k)) for k in range(6)]
    for age, name in enumerate(names[:4]):
        kept.once(name, lambda: {"caption": "x" * 1000})
        os.utime(home / "answers" / f"{name}.json", ns=(age, age))
    kept.once(names[0], lambda: {"caption": "computed again"})  # read, and so the newest
    monkeypatch.setattr("callbacks.kept.MOST_BYTES", 4000)
    kept.once(names[4], lambda: {"caption": "x" * 1000})
    left = {file.stem for file in (home / "answers").glob("*.json")}
    assert left == {names[0], names[3], names[4]}


@pytest.mark.parametrize("name", list(views()))
def test_an_answer_from_disk_is_the_answer_that_was_computed(home: Path, name: str) -> None:
    demo, chosen = open_recording(DEMO_FOLDER), view(name)
    selection = select(t0=1, t1=2)
    where = kept.named(demo, chosen, selection, Viewport(), {})
    computed, read = (
        kept.once(where, lambda: shown(chosen, demo, selection, Viewport(), {})) for _ in range(2)
    )
    assert read["caption"] == computed["caption"] and read["notes"] == computed["notes"]
    if chosen.elements is None and read["figure"]:
        anew = go.Figure(computed["figure"]).to_json()
        assert go.Figure(read["figure"]).to_json() == anew
