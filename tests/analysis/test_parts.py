"""Work in parts: all of it, each piece once, in order, and what goes wrong in a part is said."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeboard.analysis import parts
from spikeboard.analysis.parts import even_parts, in_equal_parts, in_parts, threads


@given(st.lists(st.floats(0, 1e9), max_size=50), st.integers(1, 9))
def test_parts_are_neighbours_and_together_all(work: list[float], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEBOARD_THREADS", str(most))
        found = even_parts(work)
    assert [k for first, last in found for k in range(first, last)] == list(range(len(work)))
    assert 1 <= len(found) <= most


def test_little_work_stays_in_one_part_and_much_is_shared_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_THREADS", "2")
    assert even_parts(np.full(100, parts.WORTH / 101)) == [(0, 100)]
    assert even_parts(np.full(100, parts.WORTH)) == [(0, 50), (50, 100)]
    assert even_parts([parts.WORTH * 9, 1, 1, 1]) == [(0, 1), (1, 4)]


@given(st.integers(0, 60), st.floats(0, 1e9), st.integers(1, 9))
def test_equal_items_are_parted_evenly(n: int, steps: float, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEBOARD_THREADS", str(most))
        found = in_equal_parts(lambda first, last: (first, last), n, steps)
    assert [k for first, last in found for k in range(first, last)] == list(range(n))
    assert len(found) == (max(1, min(n, most)) if n * steps > parts.WORTH else 1)
    assert max(last - first for first, last in found) <= -(-n // len(found))


def test_results_come_in_order_of_the_items_from_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_THREADS", "3")
    at_once = threading.Barrier(3, timeout=60)

    def loop(first: int, last: int) -> tuple[int, int]:
        at_once.wait()
        return first, last

    assert in_parts(loop, np.full(9, parts.WORTH)) == [(0, 3), (3, 6), (6, 9)]


def test_what_goes_wrong_in_a_part_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_THREADS", "2")

    def loop(first: int, last: int) -> None:
        if first == 0:
            raise ValueError("in the first part")

    with pytest.raises(ValueError, match="in the first part"):
        in_parts(loop, [parts.WORTH, parts.WORTH])


@pytest.mark.parametrize(("said", "expected"), [("1", 1), ("3", 3), ("0", 1), ("999", parts.MOST_THREADS)])
def test_the_number_of_threads_can_be_set(said: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_THREADS", said)
    assert threads() == expected


def test_without_a_word_there_is_one_thread_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_THREADS", "many")
    monkeypatch.setattr(parts.os, "cpu_count", lambda: 2)
    assert threads() == 2
