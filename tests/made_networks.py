"""Recordings with populations, synapses and states made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from spikeboard.recording import Recording, State, Synapses, recording


def units_of(sizes: Mapping[str, int], **columns: Sequence[Any]) -> pd.DataFrame:
    """A unit table of populations of these sizes."""
    parts = [pd.DataFrame({"population": name, "id": range(size)}) for name, size in sizes.items()]
    return pd.concat(parts, ignore_index=True).assign(**columns)


def synapses_of(
    source: str,
    target: str,
    n_source: int,
    triples: Sequence[tuple[int, int, float]],
    delay: float | None = None,
    unit: str = "nS",
) -> Synapses:
    """CSR arrays from (source, target, weight) in any order; duplicates are kept."""
    ordered = sorted(triples, key=lambda one: one[0])
    sources = np.array([one[0] for one in ordered], int)
    indptr = np.r_[0, np.cumsum(np.bincount(sources, minlength=n_source))].astype(np.int64)
    indices = np.array([one[1] for one in ordered], np.int32)
    weight = np.array([one[2] for one in ordered], float)
    delays = None if delay is None else np.full(len(ordered), delay)
    return Synapses(source, target, indptr, indices, weight, delays, unit)


def network_of(
    sizes: Mapping[str, int],
    connections: Mapping[str, Synapses],
    states: Mapping[str, State] | None = None,
    spikes: Sequence[tuple[float, int]] = (),
    **columns: Sequence[Any],
) -> Recording:
    """A recording of one second with these projections, states and (time, row) spikes."""
    times, rows = np.array([s[0] for s in spikes], float), np.array([s[1] for s in spikes], int)
    return recording(
        "made", times, rows, units_of(sizes, **columns), t_start=0.0, t_stop=1.0, sampling_rate=10_000.0,
        connections=connections, states=states,
    )  # fmt: skip


@st.composite
def triples(draw: st.DrawFn, n_source: int, n_target: int) -> list[tuple[int, int, float]]:
    """Synapses of a small projection, duplicates, zeros and NaN among them."""
    weight = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0, float("nan")])
    one = st.tuples(st.integers(0, n_source - 1), st.integers(0, n_target - 1), weight)
    return draw(st.lists(one, max_size=25))
