"""The two orders of the spikes: in memory and by external sorting alike, and as plain NumPy has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeboard import columns, ordering
from spikeboard.ordering import by_time, by_unit, counts_per_unit


@pytest.fixture(autouse=True)
def small_pieces() -> Iterator[None]:
    """So small that a few hundred spikes are many stretches, kept in files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "PIECE", 16)
        patch.setattr(columns, "IN_MEMORY", 64)
        yield


def plainly(times: np.ndarray, rows: np.ndarray, n_units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times and rows by time, and which of them are those of each unit, by NumPy's own sorts."""
    order = np.lexsort((rows, times))
    return times[order], rows[order], np.argsort(rows[order], kind="stable")


def check(times: np.ndarray, rows: np.ndarray, n_units: int) -> None:
    """Both orders are those of NumPy, to the bit."""
    expected_times, expected_rows, expected_order = plainly(times, rows, n_units)
    found_times, found_rows = by_time(times, rows, n_units)
    np.testing.assert_array_equal(found_times, expected_times)
    np.testing.assert_array_equal(found_rows, expected_rows)
    assert (found_times.dtype, found_rows.dtype) == (np.float64, np.int32)
    offsets = np.r_[0, np.cumsum(counts_per_unit(found_rows, n_units))]
    assert offsets.tolist() == np.r_[0, np.cumsum(np.bincount(rows, minlength=n_units))].tolist()
    ticks = np.arange(len(times))
    np.testing.assert_array_equal(by_unit(ticks, found_rows, offsets), expected_order)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 5)), max_size=80))
def test_any_spikes_come_in_both_orders(spikes: list[tuple[int, int]]) -> None:
    times = np.array([time for time, _ in spikes]) * 0.1
    check(times, np.array([row for _, row in spikes], int), 6)


def test_more_units_than_sixteen_bits_count() -> None:
    rng = np.random.default_rng(2)
    check(rng.random(50), rng.integers(0, 70_000, 50), 70_000)


@pytest.mark.parametrize(
    "arranged", ["by time", "by unit", "backwards", "shuffled", "two runs", "nearly by time"]
)
def test_however_a_file_is_arranged(arranged: str) -> None:
    rng = np.random.default_rng(3)
    times, rows = np.round(rng.random(500), 3), rng.integers(0, 40, 500)
    order = np.lexsort((rows, times))
    chosen = {
        "by time": order,
        "by unit": np.lexsort((times, rows)),
        "backwards": order[::-1],
        "shuffled": rng.permutation(500),
        "two runs": np.r_[order[::2], order[1::2]],
        "nearly by time": np.argsort(times + rng.normal(0, 0.002, 500)),
    }[arranged]
    check(times[chosen], rows[chosen], 40)


def test_a_unit_that_is_larger_than_memory_and_silent_ones_beside_it() -> None:
    rng = np.random.default_rng(4)
    rows = np.r_[np.full(500, 3), rng.integers(0, 9, 60)]
    check(rng.random(560), rows, 12)


def test_no_more_is_in_memory_than_a_piece_of_each_column(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_at_once: list[int] = []
    plain = ordering._in_order
    monkeypatch.setattr(
        ordering, "_in_order", lambda times, *rest: sorted_at_once.append(len(times)) or plain(times, *rest)
    )
    rng = np.random.default_rng(5)
    times, rows = by_time(rng.random(400), rng.integers(0, 5, 400), 5)
    assert isinstance(times, np.memmap) and isinstance(rows, np.memmap)
    # With more stretches than spikes in a piece, one of each is the least that can be looked at.
    assert max(sorted_at_once) <= 400 // columns.PIECE
    assert sum(sorted_at_once) == 2 * 400


def test_negative_zero_is_zero() -> None:
    times, _ = by_time(np.array([0.0, -0.0, 0.0]), np.array([2, 1, 0]), 3)
    assert not np.signbit(times).any()


def test_memory_that_is_given_back_loses_nothing() -> None:
    (column,) = columns.gathered([(np.arange(1000),)], [np.int64])
    assert isinstance(column, np.memmap)
    written = columns.room((100,), np.int64, "it")
    written[:] = 5
    columns.let_go(written, column[10:20])
    assert written.sum() == 500 and column.sum() == 499_500


def test_a_private_map_keeps_its_changes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(1000))
    mine = np.load(tmp_path / "a.npy", mmap_mode="c")
    mine[:] = 7
    assert sum(some.sum() for (some,) in columns.pieces(mine[100:])) == 6300
    assert mine.sum() == 7000


def test_of_many_stretches_no_two_are_mapped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A touch of a mapped file may bring in megabytes around it."""
    let_go, plain = [0], ordering.let_go
    monkeypatch.setattr(ordering, "let_go", lambda *some: let_go.append(let_go.pop() + 1) or plain(*some))
    rng = np.random.default_rng(6)
    (column,) = columns.gathered([(rng.random(160),)], [np.float64])
    (rows,) = columns.gathered([(rng.integers(0, 20, 160),)], [np.int32])
    copied = ordering._copied(column, rows, slice(3, 9))
    assert not np.shares_memory(copied[0], column) and not np.shares_memory(copied[1], rows)
    assert let_go == [1]
    offsets = np.r_[0, np.cumsum(np.bincount(rows, minlength=20))]
    by_unit(np.arange(160), rows, offsets)
    bands = len(ordering._bands(offsets)) - 1
    assert bands > 3 and let_go[0] >= bands * 160 // columns.PIECE
