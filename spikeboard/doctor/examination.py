"""The whole examination. Looking at 10⁸ spikes takes seconds: it is done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from spikeboard.beside import worked_out
from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.told import told
from spikeboard.recording import Recording

Check = Callable[[Recording], Iterator[Finding]]


def examine(rec: Recording) -> tuple[Finding, ...]:
    """What is odd about a recording; it is not changed.

    Parameters
    ----------
    rec : any recording

    Returns
    -------
    tuple of Finding, empty where nothing is
    """
    return tuple(map(_finding, worked_out(rec, "examined", _examined)))


def _examined(rec: Recording) -> list[dict[str, Any]]:
    return [asdict(finding) for check in _checks() for finding in check(rec)]


def _finding(found: dict[str, Any]) -> Finding:
    return Finding(**{**found, "remedies": tuple(Remedy(**remedy) for remedy in found["remedies"])})


def _checks() -> tuple[Check, ...]:
    # Compiled loops are imported when first used: a script that opens a recording need not wait for numba.
    from spikeboard.doctor import connections, signals, spikes

    return (
        spikes.silence,
        spikes.intervals,
        told,
        spikes.rates,
        spikes.span,
        spikes.ids,
        connections.repeated,
        connections.weights,
        signals.states,
        signals.intervals,
    )
