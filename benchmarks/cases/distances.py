"""Distances of all pairs of spike trains, against Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.case import Case, Peer
from benchmarks.trains import neo_trains
from spikeboard import Recording
from spikeboard.analysis import van_rossum, victor_purpura

STOP_S, TAU_MS, COST_HZ = 20.0, 20.0, 20.0
# Of so many units theirs is measured; of all 100 it would take minutes.
FEW = 5


def our_van_rossum(rec: Recording) -> Callable[[], Any]:
    """All pairs of 100 units, (U, U)."""
    return lambda: van_rossum(rec, None, TAU_MS, t0=0.0, t1=STOP_S)


def elephants_van_rossum(rec: Recording) -> Callable[[], Any]:
    """The same, in one call."""
    distance, ms = _dissimilarity().van_rossum_distance, import_module("quantities").ms
    trains = neo_trains(rec, t1=STOP_S)
    return lambda: distance(trains, TAU_MS * ms)


def our_victor_purpura(rec: Recording) -> Callable[[], Any]:
    """All pairs of 100 units, (U, U)."""
    return lambda: victor_purpura(rec, None, COST_HZ, 0.0, STOP_S)


def elephants_victor_purpura(rec: Recording) -> Callable[[], Any]:
    """All pairs of a few units."""
    distance, hz = _dissimilarity().victor_purpura_distance, import_module("quantities").Hz
    trains = neo_trains(rec, range(FEW), STOP_S)
    return lambda: distance(trains, COST_HZ * hz)


def _dissimilarity() -> Any:
    return import_module("elephant.spike_train_dissimilarity")


def same_distances(rec: Recording, ours: Any, theirs: Any) -> None:
    """Of the units that both have; their last digits are lost in differences of large sums."""
    np.testing.assert_allclose(ours[: len(theirs), : len(theirs)], theirs, rtol=1e-6, atol=1e-5)


CASES = [
    Case(
        "van-rossum",
        f"Van Rossum distance of all 4,950 pairs, first {STOP_S:g} s",
        "S1",
        our_van_rossum,
        (Peer("Elephant", "elephant", elephants_van_rossum, same_distances, 300),),
    ),
    Case(
        "victor-purpura",
        f"Victor–Purpura distance of all 4,950 pairs, first {STOP_S:g} s",
        "S1",
        our_victor_purpura,
        (
            Peer(
                "Elephant", "elephant", elephants_victor_purpura, same_distances, 300,
                times=4950 / (FEW * (FEW - 1) / 2),
                note=f"The {FEW * (FEW - 1) // 2} pairs of {FEW} units, times {4950 * 2 // (FEW * (FEW - 1))}.",
            ),
        ),
    ),
]  # fmt: skip
