"""Spike times unit by unit, as formats keep them that have trains."""

from __future__ import annotations

import numpy as np

from spikeboard.recording import Recording


def seconds_by_unit(rec: Recording) -> np.ndarray:
    """All spike times, (N,) float64, s: the train of the first unit, then of the second; `train_offsets` part them."""
    if rec.sampling_rate:
        return np.asarray(rec.train_ticks) / rec.sampling_rate
    # Ticks of continuous time are rounded to 1 ns; the times are not.
    return np.asarray(rec.spike_times)[np.argsort(rec.spike_rows, kind="stable")]
