"""Recordings made by hand from trains in ticks, for tests of the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import neo
import numpy as np
import pandas as pd
from hypothesis import strategies as st

from spikeboard.recording import Recording, recording


def made(
    trains: Sequence[Sequence[int]],
    rate: float | None = 1000.0,
    t_start: float = 0.0,
    t_stop: float = 1.0,
    populations: Sequence[str] | None = None,
) -> Recording:
    """A recording whose unit u fires at the ticks trains[u]; without `rate` a tick is a nanosecond."""
    per_second = 1e9 if rate is None else rate
    units = pd.DataFrame({"population": list(populations or ["P"] * len(trains)), "id": range(len(trains))})
    ticks = np.concatenate([np.asarray(train, np.int64) for train in [*trains, []]])
    rows = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    return recording(
        "made", ticks / per_second, rows, units, t_start=t_start, t_stop=t_stop, sampling_rate=rate
    )


def awkward(
    seed: int = 0, rate: float | None = 1e4, t_start: float = 0.0, duration: float = 10.0
) -> Recording:
    """Random trains as recordings have them: a silent unit, one and two spikes, ties, a burst, a fast unit."""
    rng = np.random.default_rng(seed)
    per_second = 1e9 if rate is None else rate
    first, last = round(t_start * per_second), round((t_start + duration) * per_second)
    sizes = [0, 1, 2, 300, 40, 2000, 17]
    trains = [np.sort(rng.integers(first, last + 1, n)) for n in sizes]
    trains.append(np.sort(np.r_[trains[4], trains[4]]))
    trains.append(np.array([first, first, last, last]))
    populations = ["E"] * 6 + ["I"] * 3
    return made(trains, rate, t_start, t_start + duration, populations)


def trains_of(rec: Recording) -> list[np.ndarray]:
    """The ticks of each unit."""
    return [np.asarray(train) for train in np.split(rec.train_ticks, rec.train_offsets[1:-1])]


def tick_trains(most: int = 1000) -> st.SearchStrategy[list[list[int]]]:
    """Up to six units with up to 30 spikes each, ticks 0…most, ties allowed."""
    train = st.lists(st.integers(0, most), max_size=30).map(sorted)
    return st.lists(train, min_size=1, max_size=6)


def neo_trains(rec: Recording) -> list[neo.SpikeTrain]:
    """The trains as Elephant takes them."""
    return [
        neo.SpikeTrain(train / rec.ticks_per_second, units="s", t_start=rec.t_start, t_stop=rec.t_stop)
        for train in trains_of(rec)
    ]


def random_recording(n_units: int = 4, spikes: int = 150, seed: int = 1, rate: float = 1000.0):
    rng = np.random.default_rng(seed)
    trains = [np.sort(rng.choice(round(rate), spikes, replace=False)) for _ in range(n_units)]
    return made(trains, rate)
