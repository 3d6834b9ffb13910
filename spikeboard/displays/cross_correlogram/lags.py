"""Two trains whose lags are counted, the window and the bins they are counted in, and the scales of the counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spikeboard.analysis.correlation import MOST_BINNED, MOST_PAIRS, lag_bins, pairs_needed
from spikeboard.displays.beginning import Limit, window_taken
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording
from spikeboard.views.chosen import spikes_per_unit

# Seconds that a pair of spikes within reach takes, and a spike beside it.
PAIR_S, SPIKE_S = 1.1e-9, 65e-9
SCALES = {"rate": "Rate (Hz)", "counts": "Counts", "coefficient": "Coefficient", "z": "z-score"}


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference and target (the same for an auto-correlogram), and the window t0, t1 in s."""

    reference: Train
    target: Train
    t0: float
    t1: float

    @property
    def auto(self) -> bool:
        """Whether it is one train with itself."""
        return np.array_equal(self.reference.rows, self.target.rows)

    @property
    def sides(self) -> list[list[int]]:
        """Its units, as the analysis takes them."""
        rows = [self.reference.rows.tolist(), self.target.rows.tolist()]
        return rows[:1] if self.auto else rows


@dataclass(frozen=True)
class Lags:
    """What is counted of the lags between trains.

    window_ms, bin_ms : half width of the correlogram and width of a bin, ms
    scale : "rate", "counts", "coefficient" or "z"
    border : correct for the ends of the window
    whole : of all of the window, not of so much of it as takes a moment
    """

    window_ms: float
    bin_ms: float
    scale: str
    border: bool
    whole: bool


def window_of_lags(
    rec: Recording,
    sides: Callable[[float], list[list[int]]],
    lags: Lags,
    t0: float,
    t1: float,
    by_chance: Callable[[float], float] = lambda _: 0.0,
) -> tuple[float, str]:
    """Where the window ends in which the lags of some trains are counted, s, and what the caption says of that.

    Parameters
    ----------
    rec : the recording
    sides : the trains of the window from t0 to an end, s
    lags : what is counted
    t0, t1 : the window, s
    by_chance : how long what is expected by chance takes beside the lags, s
    """

    def pairs(end: float) -> float:
        return pairs_needed(rec, sides(end), lags.window_ms + lags.bin_ms, t0, end)

    def spikes(end: float) -> float:
        rows = np.concatenate([np.asarray(side, np.int64) for side in sides(end)])
        return float(spikes_per_unit(rec, rows, t0, end).sum())

    def seconds(end: float) -> float:
        times = 2 if lags.scale == "coefficient" else 1
        return max(times * (PAIR_S * pairs(end) + SPIKE_S * spikes(end)), by_chance(end))

    limits = [("pairs of spikes", pairs, MOST_PAIRS)]
    limits += [("spikes", spikes, MOST_BINNED)] if lags.scale == "coefficient" else []
    hard = [
        Limit(
            cost,
            most,
            f"all of it holds {{:.2g}} {what} within reach, and up to {most:.0e} are counted at once",
            "fewer units or a smaller lag to take all of it",
        )
        for what, cost, most in limits
    ]
    return window_taken(rec, t0, t1, seconds, hard, lags.whole)


def fitting_bin(rec: Recording, lags: Lags, most: int) -> tuple[Lags, list[str]]:
    """The lags in bins on the clock, wide enough for the screen; and what has to be said about them."""
    bin_ms = lags.bin_ms
    ticks, half = lag_bins(rec, lags.window_ms, bin_ms)
    snapped = ticks * rec.tick * 1e3
    notes = []
    if abs(snapped - bin_ms) > 1e-6 * bin_ms:
        notes.append(f"A bin of {bin_ms:g} ms was snapped to {snapped:.6g} ms, a multiple of the clock.")
    if 2 * half + 1 > most:
        factor = -(-2 * half // (most - 1))
        notes.append(
            f"{2 * half + 1:,} bins of {snapped:.6g} ms are finer than the screen: "
            f"each bar is {factor * snapped:.6g} ms."
        )
        snapped *= factor
    return replace(lags, bin_ms=snapped), notes
