"""Smoothed rates at the pixels of a figure, against Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Peer
from benchmarks.trains import neo_trains
from spikeboard import Recording
from spikeboard.analysis import instantaneous_rates

SIGMA_MS, WIDTH = 50.0, 2000  # σ as the view has it before anyone chooses


def pixel_times(rec: Recording) -> NDArray[np.float64]:
    """The middle of each pixel of the recording, s."""
    return (np.arange(WIDTH) + 0.5) * rec.duration / WIDTH


def ours(rec: Recording) -> Callable[[], Any]:
    """Rates of all units at all pixels, (U, WIDTH) Hz."""
    at = pixel_times(rec)
    return lambda: instantaneous_rates(rec, SIGMA_MS, at)


def elephant(rec: Recording) -> Callable[[], Any]:
    """The rate of the first unit every millisecond."""
    rate = import_module("elephant.statistics").instantaneous_rate
    ms = import_module("quantities").ms
    gaussian = import_module("elephant.kernels").GaussianKernel(SIGMA_MS * ms)
    train = neo_trains(rec, (0,))[0]
    return lambda: rate(train, sampling_period=1 * ms, kernel=gaussian)


def same_rate(rec: Recording, ours: Any, theirs: Any) -> None:
    """Within one part in a hundred of the largest rate: their spikes are moved to the next millisecond."""
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
                "Elephant", "elephant", elephant, same_rate, 1000, times=100,
                note="One unit, times 100, at every millisecond, as it knows no other way to cover the figure.",
            ),
        ),
    )
]  # fmt: skip
