"""Smoothed rates at the pixels of a figure, against Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Peer, Prepare
from benchmarks.trains import neo_trains
from spikeboard import Recording
from spikeboard.analysis import instantaneous_rates

# σ as the view has it before anyone chooses.
SIGMA_MS, WIDTH = 50.0, 2000


def pixel_times(rec: Recording) -> NDArray[np.float64]:
    """The middle of each pixel of the recording, s."""
    return (np.arange(WIDTH) + 0.5) * rec.duration / WIDTH


def ours(rec: Recording) -> Callable[[], Any]:
    """Rates of all units at all pixels, (U, WIDTH) Hz."""
    at = pixel_times(rec)
    return lambda: instantaneous_rates(rec, SIGMA_MS, at)


def elephant(sampling_ms: float) -> Prepare:
    """The rate of the first unit, sampled all along: it knows no other way to cover the figure."""

    def prepare(rec: Recording) -> Callable[[], Any]:
        rate, ms = import_module("elephant.statistics").instantaneous_rate, import_module("quantities").ms
        gaussian = import_module("elephant.kernels").GaussianKernel(SIGMA_MS * ms)
        train = neo_trains(rec, (0,))[0]
        return lambda: rate(train, sampling_period=sampling_ms * ms, kernel=gaussian)

    return prepare


def same_rate(rec: Recording, ours: Any, theirs: Any) -> None:
    """Within one part in a hundred of the largest rate: their spikes are moved to the next sample."""
    at = theirs.times.rescale("s").magnitude
    expected = np.interp(pixel_times(rec), at, theirs.magnitude[:, 0])
    np.testing.assert_allclose(ours[0], expected, atol=0.01 * ours[0].max())


CASES = [
    Case(
        "rates",
        f"Kernel rates of 100 units as drawn: {WIDTH:,} pixels, σ = {SIGMA_MS:g} ms",
        "S1",
        ours,
        (
            Peer(
                "Elephant at 0.1 ms", "elephant", elephant(0.1), same_rate, 1000, times=100,
                note="One unit, times 100, sampled every 0.1 ms: what the target was set against.",
            ),
            Peer(
                "Elephant at 1 ms", "elephant", elephant(1.0), same_rate, None, times=100,
                note="One unit, times 100, sampled every 1 ms, which does for this σ.",
            ),
        ),
    )
]  # fmt: skip
