"""The trains of a recording as other packages want them; never part of what is timed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeboard import Recording


def seconds(
    rec: Recording, units: Iterable[int] | None = None, t1: float | None = None
) -> list[NDArray[np.float64]]:
    """Spike times of each unit, s, up to t1."""
    chosen = range(len(rec.units)) if units is None else units
    bounds = ((rec.train_offsets[unit], rec.train_offsets[unit + 1]) for unit in chosen)
    trains = (rec.train_ticks[low:high] / rec.ticks_per_second for low, high in bounds)
    return [train[: np.searchsorted(train, rec.t_stop if t1 is None else t1)] for train in trains]


def neo_trains(rec: Recording, units: Iterable[int] | None = None, t1: float | None = None) -> list[Any]:
    """The same as Neo's SpikeTrains, from 0 s to t1."""
    train_of, s = import_module("neo").SpikeTrain, import_module("quantities").s
    stop = rec.t_stop if t1 is None else t1
    return [train_of(train, units=s, t_start=0.0, t_stop=stop) for train in seconds(rec, units, t1)]
