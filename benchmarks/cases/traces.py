"""Traces reduced to what a screen shows, against tsdownsample, the engine of plotly-resampler."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.case import Case, Peer
from spikeboard import Recording
from spikeboard.analysis import trace_envelope

WIDTH = 2000


def ours(rec: Recording) -> Callable[[], Any]:
    """Least and greatest sample of each pixel, ten traces."""
    return lambda: trace_envelope(rec, "v", None, None, WIDTH).values


def tsdownsample(rec: Recording) -> Callable[[], Any]:
    """The same from ten contiguous arrays, which are copied beforehand."""
    downsample = import_module("tsdownsample").MinMaxDownsampler().downsample
    traces = [np.ascontiguousarray(trace) for trace in rec.states["v"].values.T]
    return lambda: np.stack([trace[downsample(trace, n_out=2 * WIDTH)] for trace in traces])


def same_extremes(rec: Recording, ours: Any, theirs: Any) -> None:
    """Bit for bit: least and greatest of each pixel, whichever comes first."""
    shape = (len(theirs), WIDTH, 2)
    assert np.array_equal(np.sort(np.reshape(ours, shape)), np.sort(np.reshape(theirs, shape)))


CASES = [
    Case(
        "traces",
        f"10 traces of 10⁷ samples in {WIDTH:,} pixels",
        "traces",
        ours,
        (Peer("tsdownsample", "tsdownsample", tsdownsample, same_extremes, 1),),
    )
]
