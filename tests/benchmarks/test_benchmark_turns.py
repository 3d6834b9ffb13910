"""Contenders take turns; what is missing or differs is a result too."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import alternate
from benchmarks.alternate import compared, in_turns
from benchmarks.case import Case, Peer, Prepare
from benchmarks.data import from_trains
from spikeboard import Recording

REC = from_trains("none", [np.array([1.0])], 2.0)


def gives(answer: Any) -> Prepare:
    return lambda rec: lambda: answer


def not_there(rec: Recording) -> Callable[[], Any]:
    raise ModuleNotFoundError("No module named 'nosuch'", name="nosuch")


def same(rec: Recording, ours: Any, theirs: Any) -> None:
    assert ours == theirs, f"{ours} is not {theirs}"


def case_of(*peers: Peer) -> Case:
    return Case("c", "Counting", "S1", gives(3), peers)


def test_each_round_calls_everyone_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternate, "TURN", 0.0)
    monkeypatch.setattr(alternate, "ROUNDS", (4, 4))
    seen: list[str] = []
    seconds = in_turns([lambda: seen.append("a"), lambda: seen.append("b"), lambda: seen.append("c")])
    assert seconds.shape == (3, 4)
    assert "".join(seen) == "abc" + "abc" + 4 * "abc", "twice unseen, then round by round"


def test_a_short_call_is_repeated_to_fill_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternate, "ROUNDS", (1, 1))
    clock = iter(range(0, 10**6, 1))
    monkeypatch.setattr(alternate, "TURN", 5.0)
    monkeypatch.setattr(alternate.time, "perf_counter", lambda: float(next(clock)))
    calls: list[int] = []
    seconds = in_turns([lambda: calls.append(1)])
    # The clock says that one call takes a second; a turn of 5 s holds five, which are given per call.
    assert len(calls) == 2 + 5
    assert seconds[0, 0] == pytest.approx(1 / 5)


def test_a_part_of_the_work_is_scaled_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternate, "in_turns", lambda calls: np.array([[1.0, 2.0, 1.0], [3.0, 20.0, 4.0]]))
    (found,) = compared(case_of(Peer("Part", "part", gives(3), same, 350, times=100, note="times 100")), REC)
    assert (found.ratio, found.low, found.high, found.rounds) == (400, 300, 1000, 3)
    assert found.met


def test_below_its_target_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternate, "in_turns", lambda calls: np.array([[1.0], [3.0]]))
    (found,) = compared(case_of(Peer("Fast", "fast", gives(3), same, 4)), REC)
    assert not found.met


def test_missing_and_differing_peers_are_told_and_the_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alternate, "in_turns", lambda calls: np.ones((len(calls), 3)))
    peers = (
        Peer("Missing", "nosuch", not_there, same, 2),
        Peer("Other", "other", gives(4), same, 0.5),
        Peer("Same", "same", gives(3), same, 1),
    )
    missing, other, agreeing = compared(case_of(*peers), REC)
    assert missing.problem == "not installed (nosuch)"
    assert other.problem.startswith("answers differ: 3 is not 4")
    assert not missing.met and not other.met
    assert agreeing.ratio == 1 and agreeing.met
