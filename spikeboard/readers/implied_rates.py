"""What each time unit, and each step of a clock, would make of a list of spikes: the mean rate that it implies."""

from __future__ import annotations

import math

from spikeboard.errors import Choice, Question
from spikeboard.readers.column_names import SAMPLES

PER_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
LABELS = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    SAMPLES: "samples, the steps of a clock",
}
# No unit keeps up such a mean rate: the absolute refractory period is about 1 ms.
FASTEST_HZ = 2000.0
# The steps of common simulations, and the clocks of common recording systems.
CLOCKS = (1e-3, 5e-4, 1e-4, 2.5e-5, 1 / 20_000, 1 / 30_000)
OTHER_DT = "another dt, in seconds"


def implied_rates(
    n_spikes: int, n_units: int, span_in_file_units: float, whole_numbers: bool = True
) -> list[Choice]:
    """Each time unit that the times of a spike list could be in, and the mean firing rate that it would imply.

    Parameters
    ----------
    n_spikes, n_units : of the list; only units that fire are counted
    span_in_file_units : from the start to the last spike, as the numbers stand in the file
    whole_numbers : whether all times are integers; only then can they be samples
    """
    units = [*("s", "ms", "us"), *([SAMPLES] if whole_numbers else [])]
    return [
        Choice(unit, LABELS[unit], _implication(unit, n_spikes, n_units, span_in_file_units))
        for unit in units
    ]


def dt_question(name: str, n_spikes: int, n_units: int, steps: float, hint: str = "") -> Question:
    """How long a step of the clock is, asked with the mean rate that each common step would imply.

    Parameters
    ----------
    name : of the file
    n_spikes, n_units : of the recording
    steps : how many steps it lasts
    hint : what else the file holds that helps with the answer, in words, with a space before
    """
    rates = [mean_rate(n_spikes, n_units, steps * dt) for dt in CLOCKS]
    choices = [
        Choice(repr(dt), _clock_label(dt), _stated(rate, steps * dt))
        for dt, rate in zip(CLOCKS, rates, strict=True)
    ]
    possible = [choice for choice, rate in zip(choices, rates, strict=True) if rate <= FASTEST_HZ]
    text = f"{name}: times are counted in steps, and the file does not tell how long a step is.{hint}"
    return Question("dt", f"{text} Give dt in seconds.", tuple(possible or choices), other=OTHER_DT)


def _implication(unit: str, n_spikes: int, n_units: int, span: float) -> str:
    if unit != SAMPLES:
        seconds = span / PER_SECOND[unit]
        return _stated(mean_rate(n_spikes, n_units, seconds), seconds)
    at = (f"{mean_rate(n_spikes, n_units, span * dt):.3g} Hz at {_clock_label(dt)}" for dt in (1e-3, 1e-4))
    return f"mean rate per unit {' or '.join(at)}; needs dt or sampling_rate"


def _stated(rate: float, seconds: float) -> str:
    if math.isinf(rate):
        return "all spikes at one moment"
    return f"mean rate {rate:.3g} Hz per unit, {seconds:.4g} s long"


def _clock_label(dt: float) -> str:
    return f"{1e-3 / dt:.0f} kHz" if dt in (1 / 20_000, 1 / 30_000) else f"dt = {dt * 1e3:g} ms"


def mean_rate(n_spikes: int, n_units: int, seconds: float) -> float:
    """Hz per unit; infinite where all spikes come at one moment."""
    return n_spikes / (max(n_units, 1) * seconds) if seconds > 0 else math.inf
