"""Binned counts of all units, against pynapple and Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.case import Case, Peer
from benchmarks.trains import neo_trains, seconds
from spikeboard import Recording
from spikeboard.analysis import binned_counts

BIN_MS = 100.0


def ours(rec: Recording) -> Callable[[], Any]:
    """Ours, (U, B)."""
    return lambda: np.asarray(binned_counts(rec, BIN_MS))


def pynapple(rec: Recording) -> Callable[[], Any]:
    """Counts of a TsGroup, which is built beforehand; (B, U)."""
    nap = import_module("pynapple")
    group = nap.TsGroup(
        {unit: nap.Ts(train) for unit, train in enumerate(seconds(rec))},
        time_support=nap.IntervalSet(0.0, rec.t_stop),
    )
    return lambda: group.count(BIN_MS / 1000).values


def elephant(rec: Recording) -> Callable[[], Any]:
    """A dense BinnedSpikeTrain of Neo's trains, which are built beforehand."""
    binned, ms = import_module("elephant.conversion").BinnedSpikeTrain, import_module("quantities").ms
    trains = neo_trains(rec)
    return lambda: binned(trains, bin_size=BIN_MS * ms).to_array()


def same_counts(rec: Recording, ours: Any, theirs: Any) -> None:
    """All but one spike in a million lie in the same bin: seconds in float64 do not tell on which side of an edge."""
    theirs = theirs.T if theirs.shape == ours.T.shape else theirs
    assert ours.sum() == len(rec.spike_times)
    apart = np.abs(ours.astype(np.int64) - theirs).sum() // 2
    assert apart <= 1e-6 * ours.sum(), f"{apart} spikes lie in other bins"


CASES = [
    Case(
        "bins",
        f"Counts of all units in bins of {BIN_MS:g} ms",
        "S2",
        ours,
        (
            Peer("pynapple", "pynapple", pynapple, same_counts, 15),
            Peer("Elephant", "elephant", elephant, same_counts, None),
        ),
    )
]
