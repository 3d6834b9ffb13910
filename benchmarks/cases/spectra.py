"""Welch's spectrum of a spike train, against SciPy and Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.case import Case, Peer
from benchmarks.trains import seconds
from spikeboard import Recording
from spikeboard.analysis import welch

# Up to this frequency our samples are 0.1 ms long, as theirs.
SAMPLING_HZ, HIGHEST_HZ = 10_000, 1250.0
SEGMENT = {"fs": SAMPLING_HZ, "window": "hann", "nperseg": SAMPLING_HZ, "noverlap": SAMPLING_HZ // 2}


def ours(rec: Recording) -> Callable[[], Any]:
    """Power of the first unit up to 1,250 Hz, two-sided."""
    return lambda: np.asarray(welch(rec, [0], 1.0, HIGHEST_HZ))[0]


def sampled(rec: Recording) -> NDArray[np.floating]:
    """The first unit as a rate in samples of 0.1 ms."""
    n_samples = int(rec.duration * SAMPLING_HZ)
    place = np.floor(seconds(rec, (0,))[0] * SAMPLING_HZ).astype(np.int64)
    return np.bincount(place, minlength=n_samples) * float(SAMPLING_HZ)


def scipy(rec: Recording) -> Callable[[], Any]:
    """Of a train that is sampled beforehand; one-sided, all frequencies."""
    samples = sampled(rec)
    return lambda: signal.welch(samples, detrend="constant", **SEGMENT)[1]


def elephant(rec: Recording) -> Callable[[], Any]:
    """The same by way of Elephant, as it computes from an array."""
    psd, samples = import_module("elephant.spectral").welch_psd, sampled(rec)
    options = {"fs": SAMPLING_HZ, "len_segment": SAMPLING_HZ, "overlap": 0.5, "window": "hann"}
    return lambda: psd(samples, detrend="constant", **options)[1]


def same_power(rec: Recording, ours: Any, theirs: Any) -> None:
    """Theirs is twice ours above 0 Hz, where no frequency is folded in."""
    np.testing.assert_allclose(ours[1:], np.ravel(theirs)[1 : len(ours)] / 2, rtol=1e-3)


CASES = [
    Case(
        "welch",
        "Welch's spectrum of one train, 10⁷ samples",
        "S1",
        ours,
        (
            Peer("SciPy", "scipy", scipy, same_power, 5, note="Float64, of a train sampled beforehand."),
            Peer("Elephant", "elephant", elephant, same_power, None),
        ),
    )
]
