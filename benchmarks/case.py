"""One comparison: what is computed, by us and by others, and how it is seen that the answers agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spikeboard import Recording

# Takes the recording, makes ready what the contender starts from, and gives the call that is timed.
Prepare = Callable[[Recording], Callable[[], Any]]
# Takes the recording, our answer and theirs; raises AssertionError where they differ.
Check = Callable[[Recording, Any, Any], None]


@dataclass(frozen=True)
class Peer:
    """Another package's way to the same answer.

    package : what it is installed as, which also names its version
    prepare : imports it, converts the data to its own types, and gives the call to be timed
    check : that its answer is ours
    target : how many times its time ours is to be at the least; None where nothing was asked for
    times : how many such calls the whole work would take: 4,950 where one call does one pair of that many
    note : what a reader of the ratio must know
    """

    name: str
    package: str
    prepare: Prepare
    check: Check
    target: float | None
    times: float = 1.0
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One piece of work on one recording.

    name : short, for the command line
    work : in words
    data : a key of `benchmarks.data.MAKERS`
    ours : as `Peer.prepare`
    """

    name: str
    work: str
    data: str
    ours: Prepare
    peers: tuple[Peer, ...]
