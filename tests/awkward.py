"""Recordings that are hard to draw: empty, lonely, silent, clockless, hostile, large."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import spikeboard
from spikeboard import Recording, State, Synapses

HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("x")',
    '"><img src=x onerror=alert(1)>',
    "x" * 3000,
    "\u202eevil, \\ name",
)


def _units(*sizes: int, names: tuple[str, ...] = ("E", "I", "S")) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"population": name, "id": np.arange(size)})
        for name, size in zip(names, sizes, strict=False)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"population": [], "id": []})


def _made(times: object, rows: object, units: pd.DataFrame, **given: object) -> Recording:
    settings: dict = {"t_start": 0.0, "t_stop": 10.0} | given
    return spikeboard.recording("awkward", np.asarray(times, float), np.asarray(rows, int), units, **settings)


def empty() -> Recording:
    """No unit at all."""
    return _made([], [], _units())


def all_silent() -> Recording:
    """Units that never fire."""
    return _made([], [], _units(5, 3))


def one_spike() -> Recording:
    """One spike of one unit."""
    return _made([3.0], [2], _units(4, 2))


def two_spikes() -> Recording:
    """Two spikes of one unit: one interval, no variability."""
    return _made([3.0, 4.5], [2, 2], _units(4, 2), sampling_rate=1000.0)


def no_duration() -> Recording:
    """All spikes at one time, in a recording without length."""
    return _made(np.zeros(20), np.arange(20), _units(20), t_stop=0.0)


def one_unit() -> Recording:
    """A single regular unit on a coarse clock."""
    return _made(np.arange(1, 100) * 0.1, np.zeros(99), _units(1), sampling_rate=1000.0)


def same_times() -> Recording:
    """Units in perfect synchrony, and every spike twice."""
    times = np.repeat(np.arange(1, 20) * 0.5, 8)
    return _made(times, np.tile(np.repeat(np.arange(4), 2), 19), _units(2, 2), sampling_rate=1000.0)


def continuous() -> Recording:
    """No clock, times before zero and far from it, nothing beside spikes."""
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(-5.0, 3600.0, 4000))
    return _made(times, rng.integers(0, 30, 4000), _units(20, 10), t_start=-5.0, t_stop=3600.0)


def late() -> Recording:
    """A clock that has run for a day."""
    rng = np.random.default_rng(2)
    times = 86_400 + np.sort(rng.integers(0, 100_000, 3000)) / 10_000
    return _made(
        times, rng.integers(0, 12, 3000), _units(8, 4), t_start=86_400, t_stop=86_410, sampling_rate=10_000.0
    )


def hostile_names() -> Recording:
    """Names that are markup, formulas, endless or backwards, everywhere a name can stand."""
    rng = np.random.default_rng(3)
    units = _units(2, 2, 2, 2, 2, names=HOSTILE)
    units["id"] = [f"{name[:20]}-{k}" for k, name in enumerate(units["population"])]
    connections = {
        name: Synapses(HOSTILE[0], HOSTILE[1], np.array([0, 1, 2]), np.array([0, 1]), np.array([1.0, -1.0]))
        for name in HOSTILE
    }
    time = np.arange(50) * 0.1
    values = rng.normal(size=(50, 2))
    return _made(
        np.sort(rng.uniform(0, 10, 400)), rng.integers(0, 10, 400), units,
        connections=connections,
        states={name: State(values, time, name, name[:10], np.array([0, 1]), HOSTILE[:2]) for name in HOSTILE[:3]},
        rates={HOSTILE[0]: pd.DataFrame({"time": time, "rate": np.ones(50)})},
        intervals={HOSTILE[2]: pd.DataFrame({"start": [0.0, 5.0], "stop": [2.0, 7.0]})},
        notes=HOSTILE,
    )  # fmt: skip


def bare_network() -> Recording:
    """Populations and synapses, weights of every sign with zeros and doubles, and not one spike."""
    indptr = np.array([0, 3, 3, 5, 6])
    indices = np.array([0, 0, 2, 1, 3, 3])
    weight = np.array([0.5, 0.25, 0.0, -1.0, np.nan, 2.0])
    connections = {
        "E→E": Synapses("E", "E", indptr, indices, weight, np.full(6, 1.5e-3), "nS"),
        "E→I": Synapses("E", "I", np.array([0, 1, 2, 2, 2]), np.array([0, 1])),
    }
    return _made([], [], _units(4, 2), connections=connections)


def many_populations() -> Recording:
    """Five hundred populations of one unit each."""
    names = tuple(f"p{k:04d}" for k in range(500))
    return _made(np.linspace(0, 9.99, 500), np.arange(500), _units(*[1] * 500, names=names))


def odd_states() -> Recording:
    """State variables with NaN, of channels that are no units, constant, of one sample; intervals without end."""
    time = np.arange(1000) * 0.01
    v = np.sin(time)[:, None] * np.ones(3)
    v[100:120, 1] = np.nan
    return _made(
        np.arange(1, 90) * 0.1, np.arange(89) % 4, _units(3, 1), sampling_rate=1000.0,
        states={
            "E.v": State(v, time, "v", "mV", np.array([0, 1, 2]), ("E 0", "E 1", "E 2")),
            "lfp": State(np.zeros((1000, 2), "f4"), time, "lfp", "", np.array([-1, -1]), ("1", "2")),
            "once": State(np.ones((1, 1)), np.array([5.0]), "w", "pA", np.array([3]), ("I 0",)),
            "flags": State(np.ones((1000, 1), np.uint8), time, "open", "", np.array([0]), ("E 0",)),
        },
        intervals={"trials": pd.DataFrame({"start": [0.0, 2.0, np.nan], "stop": [2.0, np.nan, 3.0]})},
    )  # fmt: skip


def large() -> Recording:
    """A million spikes of a thousand units."""
    rng = np.random.default_rng(4)
    times = np.sort(rng.integers(0, 1_000_000, 1_000_000)) / 10_000
    rows = rng.integers(0, 1000, 1_000_000)
    return _made(times, rows, _units(800, 200), t_stop=100.0, sampling_rate=10_000.0)


AWKWARD: dict[str, Callable[[], Recording]] = {
    make.__name__: make
    for make in (
        empty, all_silent, one_spike, two_spikes, no_duration, one_unit, same_times, continuous, late,
        hostile_names, bare_network, many_populations, odd_states, large,
    )
}  # fmt: skip
