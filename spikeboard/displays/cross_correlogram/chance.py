"""What a correlogram would be by chance: Poisson trains, surrogates, other trials."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from spikeboard.analysis.correlation import (
    Correlograms,
    TrialCorrelogram,
    chance_band,
    pairs_needed,
    poisson_expectation,
    shift_predictor,
)
from spikeboard.displays.beginning import PATIENCE_S
from spikeboard.displays.cross_correlogram.lags import Pair
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.theme import shown
from spikeboard.views.chosen import many, span, spikes_per_unit

# Shifts of a shift predictor, at most.
SHIFTS = 20
LEVEL = 0.95


@dataclass(frozen=True)
class Predictor:
    """A predictor by its name, and what the predictors are told: see the settings of the view."""

    name: str
    spread_ms: float
    surrogates: int
    seed: int
    intervals: str | None


@dataclass(frozen=True, eq=False)
class Chance:
    """What to expect by chance, in pairs per bin; `text` says of what it is, `notes` what did not go as asked.

    trials : the correlogram within trials, where the predictor is of trials
    """

    mean: NDArray[np.floating]
    deviation: NDArray[np.floating]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    text: str
    notes: tuple[str, ...] = ()
    trials: Correlograms | None = None


def expected_by_chance(
    rec: Recording,
    pair: Pair,
    found: Correlograms,
    window_ms: float,
    predictor: Predictor,
) -> Chance | None:
    """What the chosen predictor expects; None where none is chosen."""
    if predictor.name == "none":
        return None
    if predictor.name == "trials":
        return _over_trials(rec, pair, found, window_ms, predictor.intervals)
    if predictor.name == "poisson":
        return _poisson(pair, found)
    seconds = seconds_by_chance(rec, pair, window_ms, predictor)
    if seconds > PATIENCE_S:
        note = (
            f"{predictor.surrogates:,} surrogates of {found.n_spikes[-1]:,} spikes would take about {seconds:.0f} s: "
            "the Poisson expectation is drawn instead. Take fewer surrogates, fewer units or less time."
        )
        return _poisson(pair, found, (note,))
    return _surrogates(rec, pair, window_ms, found.bin_s * 1e3, predictor)


def seconds_by_chance(rec: Recording, pair: Pair, window_ms: float, predictor: Predictor) -> float:
    """About how long it takes to draw what is expected by chance, s."""
    times = SHIFTS if predictor.name == "trials" else predictor.surrogates
    if predictor.name in ("none", "poisson"):
        return 0.0
    rows = np.concatenate([np.asarray(side, np.int64) for side in pair.sides])
    n_spikes = spikes_per_unit(rec, rows, pair.t0, pair.t1).sum()
    pairs = pairs_needed(rec, pair.sides, window_ms, pair.t0, pair.t1)
    return float(times * (1e-4 + 4e-7 * n_spikes + 3e-9 * pairs))


def _poisson(pair: Pair, found: Correlograms, notes: tuple[str, ...] = ()) -> Chance:
    mean = poisson_expectation(found)[0, -1]
    # At lag 0 of one train with itself every pair is counted in both directions.
    twice = np.where((found.lags_s == 0) & pair.auto, 2, 1)
    low, high = (twice * scipy.stats.poisson.ppf(q, mean / twice) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    text = "independent Poisson trains, 95 % of the values in each bin"
    return Chance(mean, np.sqrt(mean * twice), low, high, text, notes)


def poisson_mean(found: Correlograms) -> Chance:
    """The Poisson expectation that a z-score takes where no predictor is chosen."""
    mean = poisson_expectation(found)[0, -1]
    return Chance(mean, np.sqrt(mean), mean, mean, "")


def _surrogates(rec: Recording, pair: Pair, window_ms: float, bin_ms: float, predictor: Predictor) -> Chance:
    spread = predictor.spread_ms
    band = recalled(
        chance_band, rec, pair.sides[0], pair.sides[-1], window_ms, bin_ms, spread, predictor.name,
        predictor.surrogates, predictor.seed, LEVEL, pair.t0, pair.t1,
    )  # fmt: skip
    how = {
        "dither": f"target spikes dithered by up to ±{spread:g} ms",
        "jitter": f"target spikes placed anew within bins of {spread:g} ms",
        "shuffle": "the target's intervals shuffled",
    }[predictor.name]
    text = f"{how}: {band.n_surrogates:,} surrogates, seed {predictor.seed}, simultaneous 95 % band"
    return Chance(band.mean, band.deviation, band.lowest, band.highest, text)


def _over_trials(
    rec: Recording, pair: Pair, found: Correlograms, window_ms: float, table: str | None
) -> Chance:
    starts, stops, note = _trials(rec, table, pair.t0, pair.t1)
    groups = pair.sides
    trials: TrialCorrelogram = recalled(
        shift_predictor, rec, groups[0], groups[-1], starts, stops, window_ms, found.bin_s * 1e3
    )
    low, high = (scipy.stats.poisson.ppf(q, trials.predicted) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    text = (
        f"the target taken from other trials ({trials.n_trials} trials of {trials.trial_s:g} s, "
        f"{many(trials.n_shifts, 'shift')} averaged), 95 % of a Poisson distribution in each bin"
    )
    within = replace(
        found,
        counts=trials.counts[None, None],
        n_spikes=np.array([_within(rec, rows, starts, trials.trial_s) for rows in groups]),
        duration=trials.trial_s,
    )
    return Chance(trials.predicted, np.sqrt(trials.predicted), low, high, text, (note,), within)


def _within(rec: Recording, rows: list[int], starts: NDArray[np.floating], trial_s: float) -> int:
    """Spikes of the units within all trials."""
    units = np.asarray(rows, np.int64)
    return sum(int(spikes_per_unit(rec, units, start, start + trial_s).sum()) for start in starts)


def _trials(rec: Recording, table: str | None, t0: float, t1: float) -> tuple[Any, Any, str]:
    if not rec.intervals:
        raise NothingToDraw("no trials in this recording: a shift predictor needs them; choose another one")
    name = next(iter(rec.intervals)) if table is None else table
    if name not in rec.intervals:
        raise NothingToDraw(f"no intervals called {shown(name)} in this recording")
    frame = rec.intervals[name]
    inside = frame[(frame["start"] >= t0) & (frame["stop"] <= t1) & (frame["stop"] > frame["start"])]
    if len(inside) < 2:
        raise NothingToDraw(
            f"a shift predictor needs 2 trials; {len(inside)} of {shown(name)} lie whole in {span(t0, t1)}"
        )
    note = f"Only spikes and pairs within the {len(inside)} whole {shown(name)} of the window count."
    return inside["start"].to_numpy(), inside["stop"].to_numpy(), note
