"""Two trains whose lags are counted, the window and the bins they are counted in, and the scales of the counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeboard.analysis.correlation import MOST_BINNED, MOST_PAIRS, lag_bins, pairs_needed
from spikeboard.displays.beginning import beginning, beginning_words
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording
from spikeboard.views.chosen import spikes_per_unit

# Where a window is too long for all pairs to be counted, its beginning takes this part of the time they may take.
PART = 20
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


def window_of_lags(
    rec: Recording, sides: list[list[int]], reach_ms: float, scale: str, t0: float, t1: float
) -> tuple[float, str]:
    """Where the window ends in which the lags of some trains are counted, s, and what the caption says of that.

    That is its end, or where the pairs of spikes in reach (for coefficients: the spikes) are too many an earlier one.
    """

    def pairs(end: float) -> float:
        return pairs_needed(rec, sides, reach_ms, t0, end)

    def spikes(end: float) -> float:
        return float(spikes_per_unit(rec, np.concatenate(sides), t0, end).sum())

    limits = [("pairs of spikes", pairs, MOST_PAIRS)]
    limits += [("spikes", spikes, MOST_BINNED)] if scale == "coefficient" else []
    end, words = t1, ""
    for what, cost, most in limits:
        if (n := cost(end)) > most:
            end = beginning(cost, most / PART, t0, end)
            too_much = (
                f"all of it holds {n:.2g} {what} within reach, and up to {most:.0e} are counted at once"
            )
            words = beginning_words(end, t0, t1, too_much, "fewer units or a smaller lag to take all of it")
    return end, words


def fitting_bin(rec: Recording, window_ms: float, bin_ms: float, most: int) -> tuple[float, list[str]]:
    """The bin width on the clock, wide enough for the screen, ms; and what has to be said about it."""
    ticks, half = lag_bins(rec, window_ms, bin_ms)
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
    return snapped, notes
