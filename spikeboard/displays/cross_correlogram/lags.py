"""Two trains whose lags are counted, the bins they are counted in, and the scales of the counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeboard.analysis.correlation import lag_bins
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording

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
