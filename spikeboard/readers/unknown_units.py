"""Synapses that name units which no population has: left out, or the units added, as the user says."""

from __future__ import annotations

import numpy as np

from spikeboard.errors import Choice, Question, RecordingError, Undecided

ADD, LEAVE_OUT = "add", "leave_out"
# What a note says that tells of synapses which were left out.
OFFER = 'give unknown_units="add" to add these units'


def answer(said: str | None) -> str:
    """The answer, checked: "add", "leave_out", or "" where nothing was said.

    Raises
    ------
    RecordingError : for another word
    """
    if said in (None, "", ADD, LEAVE_OUT):
        return said or ""
    raise RecordingError(f"unknown_units={str(said)[:40]!r} is neither {ADD!r} nor {LEAVE_OUT!r}")


def asked(where: str, synapses: int, highest: int, size: int) -> Undecided:
    """The question, for a file that says how many units there are and names others.

    Parameters
    ----------
    where : the file and the projection
    synapses : how many name a unit that does not exist
    highest : the highest unit that they name
    size : how many units there are
    """
    text = f"{where}: {synapses:,} of the synapses name units up to {highest:,}, but the population has {size:,} units."
    choices = (
        Choice(LEAVE_OUT, "leave these synapses out", f"{size:,} units"),
        Choice(ADD, "add the units that they name", f"{highest + 1:,} units, the new ones silent"),
    )
    return Undecided([Question("unknown_units", text, choices)])


def left_out(name: str, synapses: int) -> str:
    """The note on synapses that were left out because a person said so."""
    return f"{name}: {synapses:,} synapses of units that do not exist were left out, as you asked"


def added(name: str, units: int) -> str:
    """The note on units that were added because a person said so."""
    return f"{name}: {units:,} units that only synapses name were added, as you asked; they have no spikes"


def sound(indptr: np.ndarray, indices: np.ndarray, values: np.ndarray) -> bool:
    """Whether sparse rows are wrong in nothing but their targets; of what is, others tell."""
    numbered = indptr.ndim == indices.ndim == 1 and indptr.dtype.kind in "iu" and indices.dtype.kind in "iu"
    return numbered and len(indptr) > 0 and int(indptr[-1]) == len(indices) == len(values)


def rows_without(indptr: np.ndarray, indices: np.ndarray, n_targets: int) -> tuple[np.ndarray, np.ndarray]:
    """Which synapses of sparse rows have a target, (S,) bool, and the row pointers of those."""
    inside = (indices >= 0) & (indices < n_targets)
    return inside, np.r_[0, np.cumsum(inside)][indptr].astype(np.int64)


def rows_for(indptr: np.ndarray, n_sources: int) -> np.ndarray:
    """Row pointers with empty rows for sources that were added."""
    missing = n_sources + 1 - len(indptr)
    return np.r_[indptr, np.full(max(missing, 0), indptr[-1])] if len(indptr) else indptr
