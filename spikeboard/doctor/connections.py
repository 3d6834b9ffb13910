"""What is odd about projections: synapses that repeat, weights that are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikeboard.doctor.findings import Finding, Remedy, count
from spikeboard.doctor.loops import repeats
from spikeboard.doctor.options import addressable
from spikeboard.recording import Recording, Synapses


def repeated(rec: Recording) -> Iterator[Finding]:
    """Synapses that join a pair of units that another one joins."""
    for name, synapses in rec.connections.items():
        doubled = int(np.count_nonzero(repeating(synapses)))
        if doubled:
            yield Finding(
                f"{count(doubled, 'synapse joins', 'synapses join')} a pair of units that another one joins",
                name,
                "many models do this on purpose; a list that was read twice does it by mistake",
                _offered(
                    name, ("merge_synapses", "Add their weights up"), ("first_synapses", "Keep one of each")
                ),
            )


def weights(rec: Recording) -> Iterator[Finding]:
    """Weights that are no numbers, and projections whose weights are all zero."""
    for name, synapses in rec.connections.items():
        if synapses.weight is None or not len(synapses):
            continue
        missing = int(np.count_nonzero(~np.isfinite(synapses.weight)))
        if missing:
            yield Finding(
                f"{missing:,} of {len(synapses):,} weights are not finite numbers",
                name,
                "they are left out of means and matrices",
                _offered(name, ("drop_synapses", "Leave these synapses out")),
            )
        elif not synapses.weight.any():
            what = f"All {len(synapses):,} weights are zero"
            yield Finding(what, name, "were they saved before they were set?")


def repeating(synapses: Synapses) -> np.ndarray:
    """Whether each synapse joins a pair that an earlier one joins, (S,) bool."""
    return repeats(synapses.indptr, synapses.indices, n_targets(synapses))


def n_targets(synapses: Synapses) -> int:
    """One more than the highest target."""
    return int(synapses.indices.max(initial=-1)) + 1


def _offered(name: str, *remedies: tuple[str, str]) -> tuple[Remedy, ...]:
    return tuple(Remedy(f"{key}={name}", label) for key, label in remedies) if addressable(name) else ()
