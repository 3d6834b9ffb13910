"""What has to be said of the spikes of any source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeboard.columns import pieces
from spikeboard.recording import Recording


@dataclass(frozen=True)
class Gaps:
    """The times between successive spikes of one unit, over all units, in ticks.

    number : how many there are
    zero : how many of them have no length
    least, greatest, mean : of all; 0 where there are none
    """

    number: int
    zero: int
    least: int
    greatest: int
    mean: float


def gaps(rec: Recording) -> Gaps:
    """How far apart the spikes of a unit are; the trains are walked once, in pieces."""
    some = [(len(g), len(g) - np.count_nonzero(g), g.min(), g.max(), g.sum()) for g in _gaps(rec) if len(g)]
    if not some:
        return Gaps(0, 0, 0, 0, 0.0)
    numbers, zeros, least, greatest, sums = zip(*some, strict=True)
    return Gaps(sum(numbers), sum(zeros), min(least), max(greatest), float(sum(sums)) / sum(numbers))


def about_duplicates(rec: Recording) -> list[str]:
    """How many spikes of one unit share one time; nothing where none do."""
    return about_zero_gaps(gaps(rec).zero)


def about_zero_gaps(number: int) -> list[str]:
    """What is said of a number of spikes that repeat another; nothing where there are none."""
    if not number:
        return []
    what = "1 spike is an exact duplicate" if number == 1 else f"{number:,} spikes are exact duplicates"
    return [f"{what} (same unit, same time) and {'was' if number == 1 else 'were'} kept"]


def _gaps(rec: Recording) -> Iterator[NDArray[np.int64]]:
    firsts = rec.train_offsets[:-1][rec.counts > 0]
    start, before = 0, 0
    for (ticks,) in pieces(rec.train_ticks):
        within = np.ones(len(ticks), bool)
        within[firsts[slice(*np.searchsorted(firsts, (start, start + len(ticks))))] - start] = False
        yield np.diff(ticks, prepend=before)[within]
        start, before = start + len(ticks), ticks[-1]
