"""A made-up network of any number of spikes, as a SONATA run on disk, written in stretches of bounded memory.

2,000 units of four populations share a slow modulation and an 8 Hz rhythm; their rates are lognormal, and some
spikes are followed by a burst. The more spikes, the longer the run: rates stay what they are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from scipy.signal import lfilter

CLOCK_HZ = 10_000
STATE_HZ = 1_000
STRETCH_S = 20
RHYTHM_HZ = 8.0
BURSTING = 0.15
# What is recorded of the first cells: its unit and its mean.
REPORTS = {"v": ("mV", -65.0), "w": ("pA", 20.0)}
TRACES = 20
DECAY = np.exp(-1000 / STATE_HZ / 20)
CONNECTED = 0.1


@dataclass(frozen=True)
class Population:
    """Name, number of cells and mean rate of a population, and how deeply the rhythm modulates it (0 to 1)."""

    name: str
    size: int
    rate_hz: float
    depth: float


POPULATIONS = (
    Population("L4_exc", 900, 7.0, 0.5),
    Population("L5_exc", 700, 9.0, 0.4),
    Population("PV", 240, 22.0, 0.8),
    Population("SST", 160, 12.0, 0.3),
)
FIRST = np.cumsum([0, *(population.size for population in POPULATIONS)])
UNITS = int(FIRST[-1])


def write_run(folder: Path, spikes: int) -> Path:
    """A run of exactly so many spikes, with states and projections; a folder that is there already is kept."""
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        stop_s = _write_spikes(unfinished / "spikes.h5", spikes)
        for variable in REPORTS:
            _write_report(unfinished / f"{variable}.h5", variable, stop_s)
        _write_cells(unfinished / "nodes.h5")
        _write_synapses(unfinished / "edges.h5")
        _write_configs(unfinished, stop_s)
        unfinished.rename(folder)
    return folder


def stretches(spikes: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Ticks (int64) and unit rows (int64) of so many spikes, ascending, one stretch of the run after another."""
    random = np.random.default_rng(1)
    rates = _rates(random)
    start, left = 0, spikes
    while left:
        ticks, rows = _stretch(random, rates, start)
        yield ticks[:left], rows[:left]
        start, left = start + STRETCH_S * CLOCK_HZ, max(left - len(ticks), 0)


def _rates(random: np.random.Generator) -> np.ndarray:
    spread = random.lognormal(-0.32, 0.8, UNITS)
    return spread * np.repeat([p.rate_hz for p in POPULATIONS], np.diff(FIRST))


def _stretch(random: np.random.Generator, rates: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
    length = STRETCH_S * CLOCK_HZ
    slow = np.exp(0.2 * np.cumsum(random.normal(0, 0.1, 200)))
    ticks, rows = [], []
    for population, first, end in zip(POPULATIONS, FIRST, FIRST[1:], strict=False):
        counts = random.poisson(rates[first:end] * STRETCH_S)
        places = _modulated(random, population.depth, slow, int(counts.sum()))
        ticks.append(start + (places * length).astype(np.int64))
        rows.append(np.repeat(np.arange(first, end), counts))
    return _with_bursts(random, np.concatenate(ticks), np.concatenate(rows), start + length)


def _modulated(random: np.random.Generator, depth: float, slow: np.ndarray, n: int) -> np.ndarray:
    """Places of n spikes within the stretch, 0 to 1, dense where the population is active."""
    at = np.linspace(0, STRETCH_S, 200 * STRETCH_S + 1)
    activity = np.interp(at, np.linspace(0, STRETCH_S, len(slow)), slow)
    activity = activity * (1 + depth * np.sin(2 * np.pi * RHYTHM_HZ * at))
    share = np.cumsum(activity)
    return np.interp(random.random(n), (share - share[0]) / (share[-1] - share[0]), at / STRETCH_S)


def _with_bursts(
    random: np.random.Generator, ticks: np.ndarray, rows: np.ndarray, end: int
) -> tuple[np.ndarray, np.ndarray]:
    first = np.flatnonzero(random.random(len(ticks)) < BURSTING)
    ticks = np.r_[ticks, ticks[first] + random.integers(30, 60, len(first))]
    rows = np.r_[rows, rows[first]]
    inside = ticks < end
    # A unit spikes once in a tick.
    spikes = np.unique(ticks[inside] * UNITS + rows[inside])
    return np.divmod(spikes, UNITS)


def _write_spikes(path: Path, spikes: int) -> float:
    """Write them, by time within each population; when the run ends, s."""
    end = 0
    with h5py.File(path, "w") as file:
        columns = [_spike_columns(file, population.name) for population in POPULATIONS]
        for ticks, rows in stretches(spikes):
            end = int(ticks[-1])
            for (times, ids), first, stop in zip(columns, FIRST, FIRST[1:], strict=False):
                mine = (rows >= first) & (rows < stop)
                _append(times, ticks[mine] / (CLOCK_HZ / 1000))
                _append(ids, rows[mine] - first)
    return float(np.ceil((end + 1) / CLOCK_HZ))


def _spike_columns(file: h5py.File, population: str) -> tuple[h5py.Dataset, h5py.Dataset]:
    group = file.create_group(f"spikes/{population}")
    group.attrs["sorting"] = "by_time"
    growing = {"shape": (0,), "maxshape": (None,), "chunks": (2**16,)}
    times = group.create_dataset("timestamps", dtype="f8", **growing)
    times.attrs["units"] = "ms"
    return times, group.create_dataset("node_ids", dtype="u8", **growing)


def _append(column: h5py.Dataset, values: np.ndarray) -> None:
    column.resize(len(column) + len(values), axis=0)
    column[len(column) - len(values) :] = values


def _write_report(path: Path, variable: str, stop_s: float) -> None:
    """What a report says of the first cells: noise, low-passed with 20 ms."""
    random = np.random.default_rng(2 + list(REPORTS).index(variable))
    samples = int(stop_s * STATE_HZ)
    with h5py.File(path, "w") as file:
        group = file.create_group(f"report/{POPULATIONS[0].name}")
        data = group.create_dataset("data", (samples, TRACES), "f4")
        data.attrs["units"], rest = REPORTS[variable]
        past = np.zeros((1, TRACES))
        for first in range(0, samples, 2**18):
            noise = random.normal(0, 1, (min(2**18, samples - first), TRACES))
            values, past = lfilter([1.0], [1.0, -DECAY], noise, axis=0, zi=past)
            data[first : first + len(values)] = values + rest
        _write_mapping(group.create_group("mapping"), samples)


def _write_mapping(mapping: h5py.Group, samples: int) -> None:
    mapping["node_ids"] = np.arange(TRACES, dtype="u8")
    mapping["index_pointer"] = np.arange(TRACES + 1, dtype="u8")
    mapping["element_ids"] = np.zeros(TRACES, "u4")
    mapping["time"] = np.array([0.0, samples, 1.0]) * (1000 / STATE_HZ)
    mapping["time"].attrs["units"] = "ms"


def _write_cells(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for population in POPULATIONS:
            group = file.create_group(f"nodes/{population.name}")
            group["node_type_id"] = np.full(population.size, -1)
            group["node_id"] = np.arange(population.size, dtype="u8")
            group["node_group_id"] = np.zeros(population.size, "u2")
            group["node_group_index"] = np.arange(population.size)
            group.create_group("0")


def _write_synapses(path: Path) -> None:
    random = np.random.default_rng(3)
    with h5py.File(path, "w") as file:
        for source in POPULATIONS:
            for target in POPULATIONS:
                joined = random.random((source.size, target.size)) < CONNECTED
                _write_projection(file, source.name, target.name, joined, random)


def _write_projection(
    file: h5py.File, source: str, target: str, joined: np.ndarray, random: np.random.Generator
) -> None:
    group = file.create_group(f"edges/{source}_to_{target}")
    for end, name, ids in zip(("source", "target"), (source, target), np.nonzero(joined), strict=True):
        group[f"{end}_node_id"] = ids.astype("u8")
        group[f"{end}_node_id"].attrs["node_population"] = name
    synapses = int(joined.sum())
    group["edge_type_id"] = np.full(synapses, -1)
    group["edge_group_id"] = np.zeros(synapses, "u2")
    group["edge_group_index"] = np.arange(synapses)
    group["0/syn_weight"] = random.lognormal(-1, 0.5, synapses)
    group["0/delay"] = random.uniform(0.5, 3.0, synapses)


def _write_configs(folder: Path, stop_s: float) -> None:
    circuit = {"networks": {"nodes": [{"nodes_file": "./nodes.h5"}], "edges": [{"edges_file": "./edges.h5"}]}}
    simulation = {
        "network": "./circuit_config.json",
        "run": {"tstop": 1000 * stop_s, "dt": 1000 / CLOCK_HZ},
        "output": {"output_dir": ".", "spikes_file": "spikes.h5"},
        "reports": {
            name: {"variable_name": name, "unit": unit, "dt": 1000 / STATE_HZ}
            for name, (unit, _) in REPORTS.items()
        },
    }
    (folder / "circuit_config.json").write_text(json.dumps(circuit), encoding="utf-8")
    (folder / "simulation_config.json").write_text(json.dumps(simulation), encoding="utf-8")
