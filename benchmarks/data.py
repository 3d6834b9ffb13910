"""The recordings that everything is measured on: made from a seed, kept as stores, opened as the product opens them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import spikeboard
from spikeboard import Recording, RecordingError, State, Synapses

Floats = NDArray[np.float64]

PLACE = Path(__file__).parents[1] / ".bench"
DEAD_TIME = 0.002
# 8 Hz and 0.5 Hz, as the depth of each in the rate of the population.
RHYTHM = {8.0: 0.6, 0.5: 0.3}


def dataset(name: str) -> Recording:
    """One of `MAKERS`, opened from its store; made and kept at the first time.

    Parameters
    ----------
    name : a key of `MAKERS`
    """
    return stored(name, MAKERS[name])


def stored(name: str, make: Callable[[], Recording]) -> Recording:
    """A recording opened from its store in `PLACE`; made and kept where that is missing or of an older format."""
    folder = PLACE / name
    try:
        return spikeboard.open(folder)
    except (FileNotFoundError, RecordingError):
        shutil.rmtree(folder, ignore_errors=True)
        return spikeboard.open(make().save(folder))


def gamma_units(n_units: int, n_spikes: int, duration: float, seed: int) -> list[Floats]:
    """Trains of gamma intervals (shape 2) after a dead time of 2 ms, with log-normal rates.

    Returns
    -------
    trains : per unit (n,) float64, s, ascending in (0, duration)
    """
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 0.7, n_units)
    sizes = rng.multinomial(n_spikes, weight / weight.sum())
    return [_gamma_train(rng, size, duration) for size in sizes.tolist()]


def follow(rng: np.random.Generator, leader: Floats, follower: Floats, duration: float) -> Floats:
    """A train of about the follower's rate that repeats three tenths of the leader's spikes 2 to 4 ms later.

    Fewer where the follower has fewer spikes than the leader: three tenths of its own.
    """
    echo = leader[rng.random(len(leader)) < 0.3 * min(1.0, len(follower) / len(leader))]
    echo = echo + rng.uniform(0.002, 0.004, len(echo))
    own = follower[rng.random(len(follower)) >= len(echo) / len(follower)]
    train = np.sort(np.concatenate([echo[echo < duration], own]))
    return train[np.r_[True, np.diff(train) >= DEAD_TIME]]


def population_steps(n_units: int, n_spikes: int, n_steps: int, rate: float, seed: int) -> NDArray[np.int64]:
    """Spikes of a population with a common rhythm, as step * n_units + unit: at most one per unit and step.

    Returns
    -------
    keys : (N,) int64 ascending; N is about n_spikes
    """
    rng = np.random.default_rng(seed)
    weight = np.cumsum(rng.lognormal(0, 0.6, n_units))
    time = np.arange(n_steps) / rate
    level = np.ones(n_steps) + sum(depth * np.sin(2 * np.pi * f * time) for f, depth in RHYTHM.items())
    per_step = rng.poisson(level * n_spikes / level.sum())
    parts = []
    for steps in np.array_split(np.arange(n_steps), 20):
        step = np.repeat(steps, per_step[steps])
        unit = np.searchsorted(weight, rng.random(len(step)) * weight[-1])
        parts.append(np.unique(step * n_units + np.minimum(unit, n_units - 1)))
    return np.concatenate(parts)


def random_synapses(n_source: int, n_target: int, n_synapses: int, seed: int) -> Synapses:
    """Synapses between random units, with log-normal weights."""
    rng = np.random.default_rng(seed)
    indptr = np.r_[0, np.cumsum(rng.multinomial(n_synapses, np.full(n_source, 1 / n_source)))]
    indices = rng.integers(0, n_target, n_synapses, dtype=np.int32)
    weight = rng.lognormal(0, 0.5, n_synapses)
    return Synapses("source", "target", indptr.astype(np.int64), indices, weight)


def random_walks(n_traces: int, n_samples: int, sampling_rate: float, seed: int) -> State:
    """Traces that wander and return, float32 mV."""
    rng = np.random.default_rng(seed)
    values = np.empty((n_samples, n_traces), np.float32)
    for column in values.T:
        column[:] = np.cumsum(rng.standard_normal(n_samples, np.float32) * 0.05) % 40 - 70
    time = np.arange(n_samples) / sampling_rate
    labels = tuple(f"unit {k}" for k in range(n_traces))
    return State(values, time, "v", "mV", np.arange(n_traces, dtype=np.int32), labels)


def poisson_recording(n_units: int, n_spikes: int, duration: float, seed: int) -> Recording:
    """Units that fire at random, for as many spikes as memory holds."""
    rng = np.random.default_rng(seed)
    ticks = np.sort(rng.integers(0, int(duration * 1e9), n_spikes))
    rows = rng.integers(0, n_units, n_spikes, dtype=np.uint16)
    return in_order(f"{n_spikes:,} spikes", ticks, rows, n_units, duration)


def in_order(
    name: str,
    ticks: NDArray[np.int64],
    rows: NDArray[np.integer],
    n_units: int,
    duration: float,
    sampling_rate: float | None = None,
) -> Recording:
    """A recording of spikes that ascend in time: nothing is sorted, as `spikeboard.recording` would."""
    return replace(
        _without_spikes(name, unit_table({"all": n_units}), duration),
        spike_times=ticks / (sampling_rate or 1e9),
        spike_rows=rows.astype(np.int32),
        train_ticks=ticks[np.argsort(rows, kind="stable")],
        train_offsets=np.r_[0, np.cumsum(np.bincount(rows, minlength=n_units))].astype(np.int64),
        sampling_rate=sampling_rate,
    )


def unit_table(sizes: dict[str, int]) -> pd.DataFrame:
    """Units of populations of the given sizes, numbered from 0 in each."""
    ids = np.concatenate([np.arange(size) for size in sizes.values()])
    return pd.DataFrame({"population": np.repeat(list(sizes), list(sizes.values())), "id": ids})


def from_trains(name: str, trains: Sequence[Floats], duration: float) -> Recording:
    """A recording of trains in continuous time, one per unit."""
    rows = np.repeat(np.arange(len(trains), dtype=np.int32), [len(train) for train in trains])
    units = unit_table({"all": len(trains)})
    return spikeboard.recording(name, np.concatenate(trains), rows, units, t_start=0.0, t_stop=duration)


def s1() -> Recording:
    """100 units, 10⁶ spikes in 1,000 s, five pairs of which the second follows the first."""
    rng = np.random.default_rng(1)
    trains = gamma_units(100, 10**6, 1000.0, seed=11)
    for first in range(0, 10, 2):
        trains[first + 1] = follow(rng, trains[first], trains[first + 1], 1000.0)
    return from_trains("S1", trains, 1000.0)


def s2() -> Recording:
    """1,000 units, 2·10⁷ spikes in one hour."""
    return from_trains("S2", gamma_units(1000, 2 * 10**7, 3600.0, seed=12), 3600.0)


def s3() -> Recording:
    """80,000 units, 5·10⁷ spikes in 60 s on a clock of 0.1 ms, with a rhythm."""
    keys = population_steps(80_000, 50_000_000, 600_000, 1e4, seed=13)
    steps, rows = np.divmod(keys, 80_000)
    return in_order("S3", steps, rows, 80_000, 60.0, sampling_rate=1e4)


def network(n_synapses: int = 10**7) -> Recording:
    """10,000 units onto 10,000 others; no spikes."""
    synapses = random_synapses(10_000, 10_000, n_synapses, seed=14)
    units = unit_table({"source": 10_000, "target": 10_000})
    return _without_spikes("network", units, connections={"all": synapses})


def traces() -> Recording:
    """10 traces of 10⁷ samples at 10 kHz; no spikes."""
    return _without_spikes(
        "traces", unit_table({"all": 10}), states={"v": random_walks(10, 10**7, 1e4, seed=15)}
    )


def _without_spikes(name: str, units: pd.DataFrame, duration: float = 1000.0, **parts: Any) -> Recording:
    none = np.zeros(0)
    return spikeboard.recording(
        name, none, none.astype(np.int32), units, t_start=0.0, t_stop=duration, **parts
    )


def _gamma_train(rng: np.random.Generator, size: int, duration: float) -> Floats:
    gaps = rng.gamma(2.0, 1.0, size + 1)
    return np.cumsum(DEAD_TIME + gaps * (duration - DEAD_TIME * (size + 1)) / gaps.sum())[:size]


MAKERS: dict[str, Callable[[], Recording]] = {
    "S1": s1,
    "S2": s2,
    "S3": s3,
    "network": network,
    "traces": traces,
}
