"""What is read of whole trains is what is computed of them; a level damaged or cannot be kept costs but time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from made_trains import awkward, made, tick_trains

from spikeboard import interval_levels, recalled
from spikeboard import open as open_recording
from spikeboard.analysis.intervals import interval_statistics
from spikeboard.analysis.lengths import interval_lengths
from spikeboard.analysis.successive import serial_correlations, successive_pairs
from spikeboard.errors import RecordingError
from spikeboard.interval_levels import (
    PARTS,
    interval_level,
    pooled_lengths,
    pooled_pairs,
    unit_correlations,
    unit_statistics,
)
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.views.isi_histogram import VIEW

COMPUTED = ("interval_statistics", "interval_lengths", "serial_correlations", "successive_pairs")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels for recordings of a test's size."""
    monkeypatch.setattr(interval_levels, "WORTH", 1)
    interval_level.cache_clear()


@pytest.fixture
def rec(tmp_path: Path) -> Recording:
    return open_recording(awkward(1).save(tmp_path / "store"))


def afresh(rec: Recording) -> Recording:
    """The same recording in a process that has not seen it."""
    interval_level.cache_clear()
    assert rec.folder is not None
    return open_recording(rec.folder)


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("what is kept is computed")


def check(known: Recording, plain: Recording, t0: float, t1: float, *row_sets: np.ndarray) -> None:
    """Every number of some sets of units is the one that the functions give."""
    for rows in row_sets:
        table = unit_statistics(known, rows, t0, t1)
        pd.testing.assert_frame_equal(table, interval_statistics(plain, rows, t0, t1))
        expected = serial_correlations(plain, rows, t0, t1)
        np.testing.assert_array_equal(unit_correlations(known, rows, t0, t1), expected)
        lengths, theirs = pooled_lengths(known, rows, t0, t1), interval_lengths(plain, rows, t0, t1)
        assert lengths is not None and theirs is not None
        np.testing.assert_array_equal(lengths.ticks, theirs.ticks)
        np.testing.assert_array_equal(lengths.counts, theirs.counts)
        pairs, others = pooled_pairs(known, rows, t0, t1), successive_pairs(plain, rows, t0, t1)
        np.testing.assert_array_equal(pairs.edges_ms, others.edges_ms)
        np.testing.assert_array_equal(pairs.counts, others.counts)


ROWS = (np.arange(9), np.arange(6), np.arange(6, 9), np.array([3]), np.array([0, 3, 5, 8]))


@pytest.mark.parametrize("window", [(0.0, 10.0), (-1.0, 11.0), (0.0, 9.9999), (2.0, 7.3)])
def test_numbers_are_those_that_are_computed(rec: Recording, window: tuple[float, float]) -> None:
    check(rec, awkward(1), *window, *ROWS)
    check(afresh(rec), awkward(1), *window, *ROWS)


@given(trains=tick_trains())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_of_any_trains(tmp_path: Path, trains: list[list[int]]) -> None:
    populations = ["P", "P", "Q", "R", "R", "R"][: len(trains)]
    plain = made(trains, populations=populations)
    known = open_recording(plain.save(tmp_path / "store"))
    check(known, plain, 0.0, 1.0, np.arange(len(trains)), np.arange(min(len(trains), 3)))


def test_what_is_kept_is_not_computed(rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    interval_level(rec)
    for name in COMPUTED:
        monkeypatch.setattr(interval_levels, name, refuse)
    again = afresh(rec)
    for display in VIEW.settings["display"].options:  # type: ignore[attr-defined]
        for split in (True, False):
            assert len(VIEW.compute(again, select(), display=display, split=split).table())
    with pytest.raises(AssertionError):
        VIEW.compute(again, select(0.0, 5.0))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"split": False},
        {"logarithmic": True, "bins_per_decade": 7},
        {"bin_ms": 3.0, "max_ms": 40.0, "refractory_ms": 5.0},
        {"unit": 3},
        {"display": "variability", "measure": "lvr"},
        {"display": "return_map"},
    ],
)
@pytest.mark.parametrize("selection", [select(), select(1.0, 8.0), select(populations=["I"])])
def test_a_figure_is_the_same_with_a_level(rec: Recording, settings: dict, selection) -> None:
    interval_level(rec)
    with_level, without = (VIEW.compute(one, selection, **settings) for one in (afresh(rec), awkward(1)))
    pd.testing.assert_frame_equal(with_level.table(), without.table())
    assert (with_level.caption, with_level.notes) == (without.caption, without.notes)


def test_a_return_map_of_many_pairs_is_the_same_with_a_level(
    rec: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikeboard.displays.isi_histogram.return_map.MOST_POINTS", 100)
    drawn = [VIEW.draw(one, select(), display="return_map").figure for one in (rec, awkward(1))]
    cells = [figure.data[0] for figure in drawn]
    assert cells[0].type == "heatmap"
    np.testing.assert_array_equal(cells[0].customdata, cells[1].customdata)
    np.testing.assert_array_equal(cells[0].x, cells[1].x)


def test_lengths_that_are_too_many_are_not_kept(rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interval_levels, "MOST_LISTED", 100)
    level = interval_level(rec)
    assert level is not None and level.lengths.size == 0
    check(rec, awkward(1), 0.0, 10.0, *ROWS)
    check(afresh(rec), awkward(1), 0.0, 10.0, *ROWS)


def test_a_clock_so_fine_that_no_two_are_alike(rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spikeboard.analysis.lengths.MOST_LISTED", 50)
    monkeypatch.setattr("spikeboard.displays.isi_histogram.histogram.MOST_LISTED", 50)
    plain = awkward(2, None)
    known = open_recording(plain.save(rec.folder or ""))
    for how in ({}, {"split": False}):
        drawn, other = (
            VIEW.compute(one, select(), bin_ms=5.0, max_ms=400.0, **how) for one in (known, plain)
        )
        pd.testing.assert_frame_equal(drawn.table(), other.table())
        assert interval_lengths(plain) is None
        chosen = VIEW.compute(known, select(), **how).notes
        assert "The bins were chosen by the first 5 intervals of each unit; all are counted." in chosen
        with monkeypatch.context() as listed:
            listed.setattr("spikeboard.analysis.lengths.MOST_LISTED", 10**6)
            from_lengths = VIEW.compute(awkward(2, None), select(), bin_ms=5.0, max_ms=400.0, **how)
        pd.testing.assert_frame_equal(drawn.table(), from_lengths.table())
        assert drawn.caption == from_lengths.caption


def test_a_level_lies_beside_its_columns_and_is_made_once(rec: Recording, tmp_path: Path) -> None:
    assert not list(tmp_path.rglob("level_*"))
    interval_level(rec)
    files = list(tmp_path.rglob("level_intervals_*.npy"))
    made_at = {file: file.stat().st_mtime_ns for file in files}
    interval_level(afresh(rec))
    assert len(files) == len(PARTS) and made_at == {file: file.stat().st_mtime_ns for file in files}
    made([[1, 2, 3]]).save(tmp_path / "store")
    assert not any(file.exists() for file in files)


def test_there_is_none_where_it_would_not_pay(rec: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    assert interval_level(awkward(1)) is None
    monkeypatch.setattr(interval_levels, "WORTH", 10**9)
    assert interval_level(rec) is None


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    rec: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    check(rec, awkward(1), 0.0, 10.0, *ROWS)
    assert not list(tmp_path.rglob("*level_*"))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", ["gone", "cut", "row", "kind", "number"])
def test_a_damaged_level_is_made_again(rec: Recording, tmp_path: Path, part: str, damage: str) -> None:
    interval_level(rec)
    (file,) = tmp_path.rglob(f"level_intervals_{part}-*.npy")
    values = np.load(file)
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "number":
        file.write_bytes(file.read_bytes()[:30] + b"\0" * 40)
    else:
        np.save(file, values[..., :-1] if damage == "row" else values.astype("f4"))
    recalled._KNOWN.clear()
    check(afresh(rec), awkward(1), 0.0, 10.0, *ROWS)
    np.testing.assert_array_equal(np.load(file), values)


@pytest.mark.parametrize("part", ["units", "lengths", "cells"])
def test_counts_that_do_not_add_up_are_not_believed(rec: Recording, tmp_path: Path, part: str) -> None:
    interval_level(rec)
    (file,) = tmp_path.rglob(f"level_intervals_{part}-*.npy")
    values = np.load(file)
    values[2 if part == "lengths" else 3, 0] += 10**6
    np.save(file, values)
    check(afresh(rec), awkward(1), 0.0, 10.0, *ROWS)


def test_trains_in_no_order_are_refused(rec: Recording, tmp_path: Path) -> None:
    (file,) = tmp_path.rglob("train_ticks.npy")
    np.save(file, np.load(file)[::-1].copy())
    with pytest.raises(RecordingError, match="not in order of time"):
        VIEW.compute(afresh(rec), select())
    assert not list(tmp_path.rglob("level_*"))


def test_an_import_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_HOME", str(tmp_path / "home"))
    source = awkward(1).save(tmp_path / "source")
    imported = open_recording(source, mend="t_stop=99")
    assert imported.folder is not None and imported.folder != source
    assert len(list(imported.folder.rglob("level_intervals_*.npy"))) == len(PARTS)
