"""What is in a recording, as frames and words: the Overview, and `Recording.summary()` in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spikeboard.analysis.intervals import interval_statistics
from spikeboard.beside import worked_out
from spikeboard.recording import Recording

# What the unit table shows; a file may know dozens of further columns.
MOST_EXTRA_COLUMNS = 12


@dataclass(frozen=True)
class Fact:
    """One line of what is in a recording."""

    name: str
    value: str
    detail: str = ""


def facts(rec: Recording) -> list[Fact]:
    """Units, spikes, span, clock and what else was recorded, each with its numbers."""
    silent = int(np.count_nonzero(rec.counts == 0))
    clock = f"{rec.sampling_rate:g} Hz clock" if rec.sampling_rate else "continuous time"
    tick = f"one tick is {rec.tick * 1000:g} ms" if rec.sampling_rate else "the file has no clock"
    synapses = int(rec.projections["synapses"].sum())
    trials = ", ".join(f"{len(frame):,} {name}" for name, frame in list(rec.intervals.items())[:3])
    states = sum(len(state.rows) for state in rec.states.values())
    return [
        Fact(
            "Units", f"{len(rec.units):,}", f"{_many(len(rec.populations), 'population')}, {silent:,} silent"
        ),
        Fact("Spikes", f"{len(rec.spike_times):,}", f"{_mean_rate(rec)} per unit on average"),
        Fact("Duration", f"{rec.duration:.6g} s", f"{rec.t_start:g} to {rec.t_stop:g} s, {clock}: {tick}"),
        Fact("Synapses", f"{synapses:,}", _many(len(rec.projections), "projection")),
        Fact(
            "States", f"{len(rec.states)}", _many(states, "trace") if states else "no variable was recorded"
        ),
        Fact("Intervals", f"{sum(map(len, rec.intervals.values())):,}", trials or "no trials or epochs"),
    ]


def populations(rec: Recording) -> pd.DataFrame:
    """One row per population: units, silent ones, spikes, and the mean rate per unit (Hz)."""
    counts = rec.counts
    rows = []
    for name, size, first in rec.populations.itertuples(index=False):
        mine = counts[first : first + size]
        rate = mine.sum() / (size * rec.duration) if size and rec.duration else np.nan
        rows.append((name, size, int(np.count_nonzero(mine == 0)), int(mine.sum()), rate))
    return pd.DataFrame(rows, columns=pd.Index(["population", "units", "silent", "spikes", "rate_hz"]))


def units(rec: Recording, rows: np.ndarray | None = None) -> pd.DataFrame:
    """One row per unit: population, id, spikes, rate (Hz), mean interval (ms), CV, LV, and what the file knows."""
    chosen = np.arange(len(rec.units)) if rows is None else np.asarray(rows)
    table = rec.units.iloc[chosen]
    statistics = _statistics(rec).iloc[chosen]
    frame = pd.DataFrame(
        {
            "unit": chosen,
            "population": table["population"].astype(str).to_numpy(),
            "id": table["id"].astype(str).to_numpy(),
            "spikes": statistics["spikes"].to_numpy(),
            "rate_hz": statistics["spikes"].to_numpy() / rec.duration if rec.duration else np.nan,
            "interval_ms": statistics["mean"].to_numpy() * 1000,
            "cv": statistics["CV"].to_numpy(),
            "lv": statistics["LV"].to_numpy(),
        }
    )
    extra = [name for name in table.columns if name not in ("population", "id")][:MOST_EXTRA_COLUMNS]
    return frame.assign(**{f"{name}": table[name].to_numpy() for name in extra if name not in frame})


def _statistics(rec: Recording) -> pd.DataFrame:
    """The interval statistics of all units, worked out once."""
    columns = worked_out(rec, "intervals", lambda rec: interval_statistics(rec).to_dict("list"))
    return pd.DataFrame(columns)


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _mean_rate(rec: Recording) -> str:
    if not len(rec.units) or not rec.duration:
        return "no rate"
    return f"{len(rec.spike_times) / (len(rec.units) * rec.duration):.3g} Hz"
