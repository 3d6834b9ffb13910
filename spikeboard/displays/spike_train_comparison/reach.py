"""How much of a window two trains are compared in: all of it, or the beginning that fits into memory and time."""

from __future__ import annotations

import numpy as np

from spikeboard.analysis.distances import MOST_PROFILED, MOST_SPIKES
from spikeboard.displays.beginning import beginning, beginning_words
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording
from spikeboard.views.chosen import spikes_per_unit

# Spikes of the beginning where all of a window is too long: they take a second or so.
SPIKES_OF_BEGINNING = 500_000


def window_of_two(
    rec: Recording, a: Train, b: Train, window: tuple[float, float], measure: str = "spike"
) -> tuple[tuple[float, float], str]:
    """The window in which two trains are compared, s, and what the caption says where it is only a beginning."""
    rows, (t0, t1) = np.r_[a.rows, b.rows], window
    most = MOST_PROFILED if measure in ("isi", "spike") else MOST_SPIKES

    def held(end: float) -> int:
        return int(spikes_per_unit(rec, rows, t0, end).sum())

    n = held(t1)
    if n <= most:
        return window, ""
    end = beginning(held, min(SPIKES_OF_BEGINNING, most), t0, t1)
    too_much = f"{a.name} and {b.name} hold {n:,} spikes there, and up to {most:,} are compared at once"
    return (t0, end), beginning_words(end, t0, t1, too_much, "fewer units to take all of it")
