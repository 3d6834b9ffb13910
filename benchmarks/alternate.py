"""Times contenders against each other: in turns, so that whatever slows the machine slows all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Peer
from spikeboard import Recording

# A turn lasts at least so long, s: a short call is repeated.
TURN = 0.03
ROUNDS = (3, 15)
# After so many seconds a case has had its rounds, if there were the fewest.
BUDGET = 25.0


@dataclass(frozen=True)
class Result:
    """How one peer came off.

    ratio, low, high : their time over ours: median, least and greatest of the rounds; NaN where `problem` is not ""
    rounds : how many there were
    problem : "not installed", or in which way the answers differ
    """

    case: Case
    peer: Peer
    ratio: float = math.nan
    low: float = math.nan
    high: float = math.nan
    rounds: int = 0
    problem: str = ""

    @property
    def met(self) -> bool:
        """Whether the answers agree and the target, if there is one, is reached."""
        return not self.problem and (self.peer.target is None or self.ratio >= self.peer.target)


def compared(case: Case, rec: Recording) -> list[Result]:
    """Our time and that of every peer on one recording, after all answers have been seen to agree."""
    ours = case.ours(rec)
    answer = ours()
    problems = {}
    calls: dict[str, Callable[[], Any]] = {}
    for peer in case.peers:
        try:
            calls[peer.name] = peer.prepare(rec)
            peer.check(rec, answer, calls[peer.name]())
        except ImportError as missing:
            problems[peer.name] = f"not installed ({missing.name})"
        except AssertionError as difference:
            problems[peer.name] = f"answers differ: {_first_lines(difference)}"
    running = [peer for peer in case.peers if peer.name not in problems]
    seconds = in_turns([ours, *(calls[peer.name] for peer in running)])
    found = {
        peer.name: _result(case, peer, seconds[0], row)
        for peer, row in zip(running, seconds[1:], strict=True)
    }
    return [found.get(peer.name) or Result(case, peer, problem=problems[peer.name]) for peer in case.peers]


def in_turns(calls: Sequence[Callable[[], Any]]) -> NDArray[np.float64]:
    """Seconds of each call in each round: A B C, A B C, …; each is called twice before, unseen.

    Returns
    -------
    seconds : (calls, rounds) float64
    """
    for call in calls:
        call()
    repeats = [max(1, math.ceil(TURN / max(_seconds(call, 1), 1e-7))) for call in calls]
    rounds: list[list[float]] = []
    started = time.perf_counter()
    while len(rounds) < ROUNDS[0] or (len(rounds) < ROUNDS[1] and time.perf_counter() - started < BUDGET):
        rounds.append([_seconds(call, n) for call, n in zip(calls, repeats, strict=True)])
    return np.array(rounds).T


def _seconds(call: Callable[[], Any], repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - started) / repeats


def _result(case: Case, peer: Peer, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Result:
    ratios = peer.times * theirs / ours
    return Result(case, peer, float(np.median(ratios)), float(ratios.min()), float(ratios.max()), len(ratios))


def _first_lines(difference: AssertionError) -> str:
    return " ".join(str(difference).split())[:200]
