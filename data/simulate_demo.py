"""Simulate the demo recording and keep it in data/demo: `python -m data.simulate_demo` in the checkout.

A patch of cortex in miniature: excitatory cells in two groups that prefer a left or a right stimulus, fast-spiking
(PV) and low-threshold (SST) inhibitory cells, and relay cells that carry the stimulus. Ten trials in ten seconds.

Cells are Izhikevich's simple model in physical units (Dynamical Systems in Neuroscience, 2007, chapter 8), joined by
exponential conductances, forward Euler at 0.1 ms. Only sums, products and quotients of float64 enter the loop, and
weights are multiples of 1/64 nS: a chaotic network comes out the same wherever NumPy runs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, gather, recording

SEED = 20_261
STEPS_PER_SECOND = 10_000
DT_MS = 0.1
DURATION = 10.0
SAMPLE_EVERY = 5
RATE_BIN = 100
SIZES = {"E": 160, "PV": 40, "SST": 20, "relay": 30}
N_STEPS = round(DURATION * STEPS_PER_SECOND)
TRACED = {"E": (3, 21, 88, 140), "PV": (2, 25)}
SILENT = {"E": (46,), "SST": (7,)}
SILENCING_PA = -300.0
FIRST_TRIAL, TRIAL_EVERY, TRIAL, ONSET, OFFSET = 0.5, 0.95, 0.8, 0.2, 0.6
CONDITIONS = ("left", "right", "blank", "right", "left", "left", "right", "blank", "right", "left")
SIDES = ("left", "right")


@dataclass(frozen=True)
class Cell:
    """Izhikevich's parameters (pF, nS/mV, mV, 1/ms, nS, pA) and the background that drives the cell."""

    model: str
    C: float
    k: float
    v_rest: float
    v_threshold: float
    v_peak: float
    a: float
    b: float
    v_reset: float
    d: float
    background_hz: float
    background_ns: float


class Outgoing(NamedTuple):
    """The synapses that leave one unit: delay (steps), receptor, target (row of the network), weight (nS)."""

    delay: np.ndarray
    receptor: np.ndarray
    target: np.ndarray
    weight: np.ndarray


class Run(NamedTuple):
    """What a run gives: step and row of each spike, and (samples, 2, traced) v and u of the traced units."""

    steps: np.ndarray
    rows: np.ndarray
    samples: np.ndarray


@dataclass(frozen=True)
class Wiring:
    """How two populations are joined: probability, mean weight (nS), spread of its logarithm, delay (ms).

    `tuned` multiplies the probability where both ends prefer the same side, and divides it where they do not.
    """

    probability: float
    weight: float
    spread: float
    delay_ms: tuple[float, float]
    receptor: int
    tuned: float = 1.0


MODELS = {
    "E": Cell("regular spiking", 100, 0.7, -60, -40, 35, 0.03, -2, -50, 60, 150, 4.0),
    "PV": Cell("fast spiking", 20, 1.0, -55, -40, 25, 0.2, 0.0, -45, 0, 100, 0.6),
    "SST": Cell("low-threshold spiking", 100, 1.0, -56, -42, 40, 0.03, 8, -53, 20, 250, 1.7),
}
# Receptors: AMPA, fast GABA-A (PV), slow GABA-A (SST).
DECAY = np.array([[1 - DT_MS / 3.0], [1 - DT_MS / 5.5], [1 - DT_MS / 20.0]])
REVERSAL_MV = np.array([[0.0], [-75.0], [-75.0]])
WIRING = {
    ("E", "E"): Wiring(0.10, 1.5, 0.9, (1.0, 3.0), 0, tuned=1.5),
    ("E", "PV"): Wiring(0.25, 1.8, 0.5, (0.6, 1.2), 0),
    ("E", "SST"): Wiring(0.20, 1.0, 0.5, (0.8, 2.0), 0),
    ("PV", "E"): Wiring(0.40, 3.5, 0.4, (0.6, 1.2), 1),
    ("PV", "PV"): Wiring(0.40, 0.5, 0.4, (0.5, 1.0), 1),
    ("SST", "E"): Wiring(0.30, 0.8, 0.4, (1.0, 2.0), 2),
    ("SST", "PV"): Wiring(0.25, 0.3, 0.4, (1.0, 2.0), 2),
    ("relay", "E"): Wiring(0.20, 5.0, 0.5, (1.5, 2.5), 0, tuned=1.8),
    ("relay", "PV"): Wiring(0.25, 0.3, 0.4, (1.5, 2.5), 0),
}


def preferences(population: str) -> np.ndarray:
    """0 (left) or 1 (right) for each unit of a population."""
    return (np.arange(SIZES[population]) * 2) // SIZES[population]


def firsts() -> dict[str, int]:
    """The first row of each population."""
    return dict(zip(SIZES, np.cumsum([0, *SIZES.values()]).tolist(), strict=False))


def wire(rng: np.random.Generator, source: str, target: str) -> Synapses:
    """Random sparse synapses with log-normal weights; inhibitory weights are negative."""
    plan = WIRING[source, target]
    same = preferences(source)[:, None] == preferences(target)[None, :]
    odds = plan.probability * (np.where(same, plan.tuned, 1 / plan.tuned) if plan.tuned != 1 else 1)
    joined = rng.random((SIZES[source], SIZES[target])) < odds
    if source == target:
        np.fill_diagonal(joined, False)
    rows, indices = np.nonzero(joined)
    drawn = np.exp(plan.spread * rng.standard_normal(len(rows)) - plan.spread**2 / 2) * plan.weight
    weight = np.maximum(np.rint(drawn * 64), 1) / 64 * (1 if plan.receptor == 0 else -1)
    shortest, longest = (round(ms / DT_MS) for ms in plan.delay_ms)
    delay = rng.integers(shortest, longest + 1, len(rows)) / STEPS_PER_SECOND
    indptr = np.r_[0, np.cumsum(joined.sum(axis=1))].astype(np.int64)
    return Synapses(source, target, indptr, indices.astype(np.int32), weight, delay, "nS")


def wire_all(rng: np.random.Generator) -> dict[str, Synapses]:
    """All projections, by name."""
    return {f"{source}→{target}": wire(rng, source, target) for source, target in WIRING}


def trials() -> tuple[pd.DataFrame, pd.DataFrame]:
    """When each trial, and each stimulus in it, starts and stops (s)."""
    start = FIRST_TRIAL + TRIAL_EVERY * np.arange(len(CONDITIONS))
    table = pd.DataFrame({"start": start, "stop": start + TRIAL, "condition": CONDITIONS}).round(6)
    shown = pd.DataFrame({"start": start + ONSET, "stop": start + OFFSET, "condition": CONDITIONS}).round(6)
    return table, shown[shown["condition"] != "blank"].reset_index(drop=True)


def relay_hz() -> np.ndarray:
    """Firing rate of the two sides' relay cells at each step, (steps, 2): 3 Hz, and more under a stimulus."""
    rate = np.full((N_STEPS, len(SIDES)), 3.0)
    for _, start, stop, condition in trials()[1].itertuples():
        first, last = round(start * STEPS_PER_SECOND), round(stop * STEPS_PER_SECOND)
        onset = np.clip(1 - np.arange(last - first) / 800, 0, 1)
        preferred = SIDES.index(condition)
        rate[first:last, preferred] += 32 + 60 * onset * onset
        rate[first:last, 1 - preferred] += 5 + 10 * onset * onset
    return rate


def relay_spikes(rng: np.random.Generator) -> np.ndarray:
    """Whether each relay cell fires at each step, (steps, relay cells) bool: Poisson."""
    probability = (relay_hz() / STEPS_PER_SECOND)[:, preferences("relay")]
    return rng.random(probability.shape) < probability


def fan_out(connections: dict[str, Synapses]) -> list[Outgoing]:
    """The outgoing synapses of each unit of the network."""
    return [
        outgoing([synapses for synapses in connections.values() if synapses.source == name], unit)
        for name, size in SIZES.items()
        for unit in range(size)
    ]


def outgoing(projections: list[Synapses], unit: int) -> Outgoing:
    """The synapses by which a unit takes part in these projections."""
    columns = zip(*(_of_unit(synapses, unit) for synapses in projections), strict=True)
    return Outgoing(*map(np.concatenate, columns))


def _of_unit(synapses: Synapses, unit: int) -> Outgoing:
    part = slice(synapses.indptr[unit], synapses.indptr[unit + 1])
    target = firsts()[synapses.target] + synapses.indices[part]
    return Outgoing(
        np.rint(np.asarray(synapses.delay)[part] * STEPS_PER_SECOND).astype(int),
        np.full(len(target), WIRING[synapses.source, synapses.target].receptor),
        target,
        np.abs(np.asarray(synapses.weight)[part]),
    )


def per_unit(parameter: str) -> np.ndarray:
    """A model parameter for each cell that is simulated."""
    return np.concatenate([np.full(SIZES[name], float(getattr(MODELS[name], parameter))) for name in MODELS])


def rows_of(units: dict[str, tuple[int, ...]]) -> np.ndarray:
    """Rows in the network of units named by population and number."""
    return np.array([firsts()[name] + unit for name, numbers in units.items() for unit in numbers])


def conductances(rng: np.random.Generator, n: int, pending: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each step and its conductances, (3, n) nS; `pending` holds what still travels, (slots, 3, n)."""
    g, kick = np.zeros((3, n)), per_unit("background_ns")
    probability = per_unit("background_hz") / STEPS_PER_SECOND
    for step in range(N_STEPS):
        arriving = pending[step % len(pending)]
        g = g * DECAY + arriving
        g[0] += kick * (rng.random(n) < probability)
        arriving[:] = 0
        yield step, g


def recovery_target(v: np.ndarray, b: np.ndarray, v_rest: np.ndarray) -> np.ndarray:
    """What u relaxes to (pA): b (v - v_rest), and for fast-spiking cells a cubic above v_rest."""
    target = b * (v - v_rest)
    fast = slice(firsts()["PV"], firsts()["PV"] + SIZES["PV"])
    over = np.maximum(v[fast] - v_rest[fast], 0.0)
    target[fast] = 0.025 * over * over * over
    return target


def run(rng: np.random.Generator, connections: dict[str, Synapses]) -> Run:
    """Run the network once, from rest."""
    C, k, v_rest, v_threshold, v_peak = map(per_unit, ("C", "k", "v_rest", "v_threshold", "v_peak"))
    a, b, v_reset, d = map(per_unit, ("a", "b", "v_reset", "d"))
    n, traced, fans = len(C), rows_of(TRACED), fan_out(connections)
    constant = np.zeros(n)
    constant[rows_of(SILENT)] = SILENCING_PA
    relay = relay_spikes(rng)
    v, u = v_rest + 15 * rng.random(n), np.zeros(n)
    pending = np.zeros((1 + max(int(fan.delay.max(initial=0)) for fan in fans), 3, n))
    samples = np.zeros((N_STEPS // SAMPLE_EVERY, 2, len(traced)), np.float32)
    fired: list[tuple[int, np.ndarray]] = []
    for step, g in conductances(rng, n, pending):
        current = (g * (REVERSAL_MV - v)).sum(axis=0) + constant
        slope = (k * (v - v_rest) * (v - v_threshold) - u + current) / C
        u = u + DT_MS * a * (recovery_target(v, b, v_rest) - u)
        v = v + DT_MS * slope
        spiked = v >= v_peak
        if step % SAMPLE_EVERY == 0:
            samples[step // SAMPLE_EVERY] = np.minimum(v, v_peak)[traced], u[traced]
        rows = np.r_[np.flatnonzero(spiked), n + np.flatnonzero(relay[step])]
        if len(rows):
            v, u = np.where(spiked, v_reset, v), np.where(spiked, u + d, u)
            fired.append((step, rows))
            for fan in map(fans.__getitem__, rows):
                np.add.at(pending, ((step + fan.delay) % len(pending), fan.receptor, fan.target), fan.weight)
    steps = np.repeat([step for step, _ in fired], [len(rows) for _, rows in fired])
    return Run(steps, np.concatenate([rows for _, rows in fired]), samples)


def states(samples: np.ndarray) -> dict[str, State]:
    """v and u of the traced units of each population, by "population.variable"."""
    time = np.arange(len(samples)) * (SAMPLE_EVERY / STEPS_PER_SECOND)
    rows = rows_of(TRACED)
    names = np.repeat(list(TRACED), [len(units) for units in TRACED.values()])
    found = {}
    for name, units in TRACED.items():
        labels = tuple(f"{name} {unit}" for unit in units)
        for column, (variable, unit) in enumerate((("v", "mV"), ("u", "pA"))):
            values = np.ascontiguousarray(samples[:, column, names == name])
            own = rows[names == name].astype(np.int32)
            found[f"{name}.{variable}"] = State(values, time, variable, unit, own, labels)
    return found


def rates(result: Run) -> dict[str, pd.DataFrame]:
    """Rate of each population (Hz per unit) in bins of 10 ms; time is the middle of the bin (s)."""
    middle = (np.arange(N_STEPS // RATE_BIN) + 0.5) * (RATE_BIN / STEPS_PER_SECOND)
    found = {}
    for name, first in firsts().items():
        own = (result.rows >= first) & (result.rows < first + SIZES[name])
        counts = np.bincount(result.steps[own] // RATE_BIN, minlength=len(middle))
        rate = counts * (STEPS_PER_SECOND / RATE_BIN / SIZES[name])
        found[name] = pd.DataFrame({"time": middle, "rate": rate})
    return found


def spikes(result: Run) -> Iterator[PopulationSpikes]:
    """The spikes of each population, with what is known of its units."""
    for name, first in firsts().items():
        own = (result.rows >= first) & (result.rows < first + SIZES[name])
        model = MODELS[name].model if name in MODELS else "Poisson"
        prefers = np.array(SIDES)[preferences(name)] if name in ("E", "relay") else np.full(SIZES[name], "")
        columns = {"model": np.full(SIZES[name], model), "prefers": prefers}
        times = result.steps[own] / STEPS_PER_SECOND
        yield PopulationSpikes(name, result.rows[own] - first, times, np.arange(SIZES[name]), columns)


def notes() -> tuple[str, ...]:
    """What a reader of the recording should know of it."""
    silent = " and ".join(f"{name} {unit}" for name, units in SILENT.items() for unit in units)
    resets = "; ".join(
        f"{name} fires at {cell.v_peak:g} mV and is reset to {cell.v_reset:g} mV, u raised by {cell.d:g} pA"
        for name, cell in MODELS.items()
    )
    return (
        "Simulated by data/simulate_demo.py: Izhikevich cells (2007, chapter 8) and exponential conductances, "
        f"{DT_MS:g} ms steps. No data of an animal.",
        f"{silent} are held silent by a current of {SILENCING_PA:g} pA.",
        f"v (membrane potential) and u (recovery current) are kept for {len(rows_of(TRACED))} units and at every "
        f"{SAMPLE_EVERY}th step ({SAMPLE_EVERY * DT_MS:g} ms): the peak of a spike may fall between samples.",
        f"{resets}.",
        f"The rates are those of monitors with bins of {RATE_BIN * DT_MS:g} ms, in Hz per unit.",
    )


def simulate() -> Recording:
    """The demo recording."""
    rng = np.random.default_rng(SEED)
    connections = wire_all(rng)
    result = run(rng, connections)
    units, times, rows = gather(list(spikes(result)))
    shown = trials()
    return recording(
        "demo",
        times,
        rows,
        units,
        t_start=0.0,
        t_stop=DURATION,
        sampling_rate=float(STEPS_PER_SECOND),
        states=states(result.samples),
        rates=rates(result),
        connections=connections,
        intervals=dict(zip(("trials", "stimulus"), shown, strict=True)),
        notes=notes(),
    )


def keep(rec: Recording, folder: Path) -> None:
    """Save it with the same file names each time, so that a repeat changes nothing in the repository."""
    if folder.exists():
        shutil.rmtree(folder)
    index_path = rec.save(folder) / "recording.json"
    index = json.loads(index_path.read_text(encoding="utf-8"))
    (folder / index["columns"]).rename(folder / "columns-demo")
    index["columns"] = "columns-demo"
    index_path.write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    index_path.chmod(0o644)


if __name__ == "__main__":
    keep(simulate(), Path(__file__).with_name("demo"))
