"""Columns that are mapped are read where they are needed, and say what they say in memory."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeboard import columns
from spikeboard.columns import first_from, mapped, read_ahead, taken, will_read

SIZE = 100_000


@pytest.fixture(scope="module")
def column(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    file: Path = tmp_path_factory.mktemp("columns") / "one.npy"
    np.save(file, np.cumsum(np.random.default_rng(1).integers(0, 3, SIZE)).astype(float))
    return mapped(file)


@pytest.mark.parametrize(
    ("first", "stop", "apart"),
    [([], [], 0), ([5], [5], 0), ([5], [6], 1), ([0, 600], [10, 700], 1), ([0, 90_000], [10, SIZE], 2)],
)
def test_what_is_asked_for_holds_the_stretches_and_is_asked_once(
    column: np.ndarray, monkeypatch: pytest.MonkeyPatch, first: list[int], stop: list[int], apart: int
) -> None:
    memory = columns._map_of(column)
    assert memory is not None
    asked: list[tuple[int, int]] = []

    def noted(_: mmap.mmap, begin: int, end: int) -> None:
        assert begin % mmap.PAGESIZE == 0
        asked.append((begin, end))

    monkeypatch.setattr(columns, "_ask", noted)
    will_read(column, np.array(first, int), np.array(stop, int))
    assert len(asked) == apart
    offset = len(memory) - column.nbytes
    for begin, end in zip(first, stop, strict=True):
        assert begin == end or any(a <= offset + begin * 8 and offset + end * 8 <= b for a, b in asked)


def test_a_column_in_memory_and_one_with_gaps_are_left_alone(column: np.ndarray) -> None:
    for some in (np.array(column), column[::2]):
        will_read(some, np.array([0]), np.array([5]))
        assert taken(some, np.array([1, 4])).tolist() == some[[1, 4]].tolist()


@given(st.floats(-10, 2 * SIZE) | st.sampled_from([np.inf, -np.inf]), st.sampled_from(["left", "right"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_first_time_from_a_moment_is_the_one_a_search_finds(
    column: np.ndarray, moment: float, side: str
) -> None:
    uneven = column**2
    for times in (column, uneven, np.arange(SIZE) * 0.25, np.zeros(SIZE), column[:7], column[:0]):
        assert first_from(times, moment, side) == np.searchsorted(times, moment, side)
        whole = np.rint(moment) if np.isfinite(moment) else moment
        assert first_from(times, whole, side) == np.searchsorted(times, whole, side)


def test_files_are_read_ahead_as_far_as_there_is_room(tmp_path: Path) -> None:
    sizes = {"a": 10, "b": 3 * columns.AHEAD_AT_ONCE, "c": 5000}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(bytes(size))
    files = [tmp_path / name for name in sizes]
    assert read_ahead(files) == sum(sizes.values())
    assert read_ahead(files, 6000) == 6000 and read_ahead(files, 0) == 0
    asked = iter(files)
    assert read_ahead([next(asked), tmp_path / "gone", *asked]) == 10
