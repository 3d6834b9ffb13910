"""What is odd about recorded variables and intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.options import addressable
from spikeboard.recording import Recording, State

# Values that are looked at at once.
CHUNK = 2**22


def states(rec: Recording) -> Iterator[Finding]:
    """Variables that are zero throughout, or have values that are no numbers."""
    for name, state in rec.states.items():
        if state.values.size and state.values.dtype.kind in "biuf":
            yield from _state(name, state)


def _state(name: str, state: State) -> Iterator[Finding]:
    missing, zero = _looked_through(state)
    remedies = (Remedy(f"drop_state={name}", "Leave it out"),) if addressable(name) else ()
    if missing:
        what = f"{missing:,} of {state.values.size:,} values are not finite numbers"
        yield Finding(what, name, "gaps in its traces", remedies)
    elif zero:
        yield Finding(
            "It is zero throughout",
            name,
            "some simulators record zeros for a variable that the model does not have",
            remedies,
        )


def _looked_through(state: State) -> tuple[int, bool]:
    """How many values are not finite, and whether all are zero; piece by piece, for they may be mapped from disk."""
    missing, zero = 0, True
    step = max(1, CHUNK // max(state.values.shape[1], 1))
    for first in range(0, len(state.values), step):
        values = np.asarray(state.values[first : first + step])
        missing += int(np.count_nonzero(~np.isfinite(values))) if values.dtype.kind == "f" else 0
        zero = zero and not values.any()
    return missing, zero


def intervals(rec: Recording) -> Iterator[Finding]:
    """Trials and epochs without an end, or outside of the recording."""
    for name, frame in rec.intervals.items():
        start, stop = frame["start"].to_numpy(float), frame["stop"].to_numpy(float)
        open_ended = int(np.count_nonzero(~np.isfinite(start) | ~np.isfinite(stop)))
        outside = int(np.count_nonzero((stop < rec.t_start) | (start > rec.t_stop)))
        if open_ended:
            what = f"{open_ended:,} of {len(frame):,} have no start or no end"
            yield Finding(what, name, "they cannot be selected")
        if outside:
            yield Finding(
                f"{outside:,} of {len(frame):,} lie outside of the recording",
                name,
                "have they the same clock and the same time unit as the spikes?",
            )
