"""Spike-time tiling coefficients of all pairs, against Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.case import Case, Peer
from benchmarks.trains import neo_trains
from spikeboard import Recording
from spikeboard.analysis import sttc

DT_MS = 5.0
# Elephant's ± 5 ms grow by 10 µs with every second of absolute time: answers are compared where that is little.
COMPARED_S = 2.0


def ours(rec: Recording) -> Callable[[], Any]:
    """All pairs, (U, U)."""
    return lambda: sttc(rec, None, DT_MS)


def elephant(rec: Recording) -> Callable[[], Any]:
    """The pair of units whose numbers of spikes are nearest to the mean."""
    coefficient, dt = _elephants()
    one, other = neo_trains(rec, np.argsort(np.abs(rec.counts - rec.counts.mean()))[:2])
    return lambda: coefficient(one, other, dt=dt)


def _elephants() -> tuple[Callable[..., float], Any]:
    correlation = import_module("elephant.spike_train_correlation")
    return correlation.spike_time_tiling_coefficient, DT_MS * import_module("quantities").ms


def same_coefficients(rec: Recording, ours: Any, theirs: Any) -> None:
    """All pairs of ten units in the first two seconds, to nine digits."""
    coefficient, dt = _elephants()
    trains = neo_trains(rec, range(10), COMPARED_S)
    expected = [[coefficient(one, other, dt=dt) for other in trains] for one in trains]
    np.testing.assert_allclose(sttc(rec, range(10), DT_MS, 0.0, COMPARED_S), expected, rtol=1e-9)


CASES = [
    Case(
        "sttc",
        "Spike-time tiling of all 4,950 pairs",
        "S1",
        ours,
        (
            Peer(
                "Elephant", "elephant", elephant, same_coefficients, 10**5, times=4950,
                note="One pair of about 10,000 spikes each, times 4,950. Answers are compared on the "
                "first 2 s: its window of coincidence grows with absolute time.",
            ),
        ),
    )
]  # fmt: skip
