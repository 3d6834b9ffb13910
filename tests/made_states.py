"""Recordings of one state, as small as a test wants them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_trains import made

from spikeboard.recording import Recording, State


def with_state(values: np.ndarray) -> Recording:
    """A recording whose state "v" has these values (T, K), one sample every ms, of no unit."""
    n, columns = values.shape
    labels = tuple(f"channel {k}" for k in range(columns))
    state = State(values, np.arange(n) / 1000, "v", "mV", np.full(columns, -1, np.int32), labels)
    return replace(made([[1]], t_stop=max(n, 1) / 1000), states={"v": state})


def sampled_at(time: np.ndarray) -> Recording:
    """A recording whose state "v" has zeros at these times, s."""
    rec = with_state(np.zeros((len(time), 1)))
    return replace(rec, states={"v": replace(rec.states["v"], time=time)}, t_stop=max(float(time[-1]), 1.0))
