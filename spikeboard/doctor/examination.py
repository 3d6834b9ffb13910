"""The whole examination, and where its result is kept: looking at 10⁸ spikes takes seconds, and is done once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from weakref import WeakKeyDictionary

from spikeboard import places
from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.told import told
from spikeboard.recording import Recording
from spikeboard.version import VERSION

Check = Callable[[Recording], Iterator[Finding]]
# What took longer is kept beside the store.
KEPT_ABOVE_S = 1.0
_EXAMINED: WeakKeyDictionary[Recording, tuple[Finding, ...]] = WeakKeyDictionary()


def examine(rec: Recording) -> tuple[Finding, ...]:
    """What is odd about a recording; it is not changed.

    Parameters
    ----------
    rec : any recording

    Returns
    -------
    tuple of Finding, empty where nothing is
    """
    if rec not in _EXAMINED:
        _EXAMINED[rec] = _kept(rec) or _examined(rec)
    return _EXAMINED[rec]


def _examined(rec: Recording) -> tuple[Finding, ...]:
    started = time.monotonic()
    findings = tuple(finding for check in _checks() for finding in check(rec))
    if time.monotonic() - started > KEPT_ABOVE_S:
        _keep(rec, findings)
    return findings


def _checks() -> tuple[Check, ...]:
    # Compiled loops are imported when first used: a script that opens a recording need not wait for numba.
    from spikeboard.doctor import connections, signals, spikes

    return (
        spikes.silence,
        spikes.duplicates,
        spikes.brief_intervals,
        told,
        spikes.rates,
        spikes.span,
        spikes.ids,
        connections.repeated,
        connections.weights,
        signals.states,
        signals.intervals,
    )


def _kept(rec: Recording) -> tuple[Finding, ...]:
    file = _file(rec)
    if file is None:
        return ()
    with suppress(OSError, ValueError, TypeError, KeyError):
        return tuple(map(_read, json.loads(file.read_text(encoding="utf-8"))))
    return ()


def _keep(rec: Recording, findings: tuple[Finding, ...]) -> None:
    file = _file(rec)
    if file is not None:
        with suppress(OSError):
            file.write_text(json.dumps([asdict(finding) for finding in findings]), encoding="utf-8")


def _file(rec: Recording) -> Path | None:
    """Beside the columns of a store that Spikeboard made for itself; folders of other people are left alone."""
    if rec.folder is None or not rec.folder.is_relative_to(places.stores()):
        return None
    return rec.folder / f"examined-{VERSION}.json"


def _read(kept: dict) -> Finding:
    remedies = tuple(Remedy(**remedy) for remedy in kept["remedies"])
    return Finding(kept["what"], kept["where"], kept["advice"], remedies)
