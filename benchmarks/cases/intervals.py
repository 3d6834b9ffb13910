"""Statistics of intervals, against Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.case import Case, Peer
from benchmarks.trains import seconds
from spikeboard import Recording
from spikeboard.analysis import interval_statistics


def ours(rec: Recording) -> Callable[[], Any]:
    """Mean, CV, CV2, LV and LvR of each unit, (U, 5)."""
    return lambda: interval_statistics(rec)[["mean", "CV", "CV2", "LV", "LvR"]].to_numpy()


def elephant(rec: Recording) -> Callable[[], Any]:
    """The same from plain arrays, but for LvR, which asks for a unit: quantities take longer."""
    statistics, ms = import_module("elephant.statistics"), import_module("quantities").ms
    trains = seconds(rec)

    def one(train: Any) -> tuple[float, ...]:
        gaps = statistics.isi(train)
        measures = statistics.cv(gaps), statistics.cv2(gaps), statistics.lv(gaps)
        return float(gaps.mean()), *measures, statistics.lvr(gaps * 1000 * ms, R=5 * ms)

    return lambda: np.array([one(train) for train in trains])


def same_statistics(rec: Recording, ours: Any, theirs: Any) -> None:
    """To nine digits."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


CASES = [
    Case(
        "intervals",
        "Mean, CV, CV2, LV and LvR of all units",
        "S2",
        ours,
        (Peer("Elephant", "elephant", elephant, same_statistics, 12),),
    )
]
