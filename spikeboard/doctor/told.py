"""What the reader told: notes about a file that ask for a decision, with what can be decided.

A reader says in a note what it assumed or mended. Some notes name another reading (`give order="runs" to …`): that
is an option of the reader. Where there is nothing to decide but that it is all right, a remedy confirms it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from spikeboard import places
from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.options import READ
from spikeboard.recording import Recording

# A round end is proposed where it lies no further away than this share of the recording.
NEAR = 0.01
ENDED = "the recording was taken to end at"


@dataclass(frozen=True)
class Told:
    """A kind of note.

    words : pattern of what such a note says
    advice : what it may mean
    confirms : what a person may confirm, and the label of the button
    """

    words: str
    advice: str
    confirms: tuple[str, str]

    @property
    def confirmed(self) -> str:
        """The note that says that it was confirmed."""
        return f"{CONFIRMED[self.confirms[0]]}, as you asked"


CONFIRMED = {
    "sorted": "spikes that do not follow one another in time in the file were sorted",
    "runs": "stretches of time that each start their own clock are runs, one after another",
    "left_out": "rows without a time or a unit were left out",
    "synapses_left_out": "synapses of units that do not exist were left out",
}
_KINDS = (
    Told(
        r"time goes back after spike|not in order|they are not, and were sorted",
        "in a list that was written as it happened, time never goes back",
        ("sorted", "Sort them: it is one run"),
    ),
    Told(
        r"the clock was restarted|starts its own clock",
        "a second run of a network starts its clock at 0 again",
        ("runs", "They are runs, one after another"),
    ),
    Told(
        r"rows were left out|spikes were left out|not finite.*left out|no finite time",
        "a spike without a time or a unit can be shown nowhere",
        ("left_out", "Leave them out"),
    ),
    Told(
        r"(cells|units) that do not exist|that no recorder lists",
        "are these the synapses of another network, or were the silent units not listed?",
        ("synapses_left_out", "Leave these synapses out"),
    ),
)
_LABELS = {
    ("order", "runs"): "Make them runs, one after another",
    ("order", "sort"): "It is one run: sort it",
    ("unknown_units", "add"): "Add these units",
}
_OFFERED = re.compile(r'\b(order|unknown_units)="(\w+)"')

_TELL = re.compile(r"give (n_units|t_start)=… ")
_TOLD = {
    "n_units": Remedy(f"{READ}n_units", "There were", asks="units"),
    "t_start": Remedy(f"{READ}t_start", "It began at", asks="seconds"),
}


def told(rec: Recording) -> Iterator[Finding]:
    """Findings of the reader, as they stand in the notes."""
    yield from _end(rec)
    for note in rec.notes:
        kind = _kind(note)
        if kind and kind.confirmed not in rec.notes:
            yield Finding(
                _sentence(note), advice=kind.advice, remedies=(*_offered(rec, note), _confirming(kind))
            )


def asked_for(rec: Recording, note: str) -> Remedy | None:
    """What a person may tell where a note says that the file does not."""
    match = _TELL.search(note) if was_read(rec) else None
    return _TOLD[match[1]] if match else None


def was_read(rec: Recording) -> bool:
    """Whether a reader made this of a file, with options that can be given again; what was saved takes none."""
    return bool(rec.source) and (rec.folder is None or rec.folder.is_relative_to(places.stores()))


def is_told(note: str) -> bool:
    """Whether a note stands among the findings."""
    return _kind(note) is not None or _guessed(note)


def _kind(note: str) -> Told | None:
    if note.endswith("as you asked"):
        return None
    return next((kind for kind in _KINDS if re.search(kind.words, note)), None)


def _sentence(note: str) -> str:
    said = re.split(r"; (?:give|open the) ", note)[0]
    return said[:1].upper() + said[1:]


def _offered(rec: Recording, note: str) -> tuple[Remedy, ...]:
    found = [match.groups() for match in _OFFERED.finditer(note)] if was_read(rec) else []
    return tuple(
        Remedy(f"{READ}{name}={value}", _LABELS[name, value])
        for name, value in found
        if (name, value) in _LABELS
    )


def _confirming(kind: Told) -> Remedy:
    key, label = kind.confirms
    return Remedy(f"confirm={key}", label)


def _end(rec: Recording) -> Iterator[Finding]:
    if any(map(_guessed, rec.notes)) and not any(ENDED in note for note in rec.notes):
        later = _round_end(rec)
        near = 0 < later - rec.t_stop <= NEAR * rec.duration
        offered = (Remedy(f"t_stop={later!r}", f"It ended at {later:g} s"),) if near else ()
        yield Finding(
            f"When the recording ended is not known: {rec.t_stop:g} s was taken",
            advice="rates and the last bins depend on it",
            remedies=(*offered, Remedy("t_stop", "It ended at", asks="seconds")),
        )


def _guessed(note: str) -> bool:
    return "t_stop=" in note and "overrule" in note


def _round_end(rec: Recording) -> float:
    """The next round time after the end, where a run is likely to have ended: 1, 2 or 5 times a power of ten."""
    if rec.duration <= 0:
        return rec.t_stop
    step = 10.0 ** math.floor(math.log10(rec.duration) - 1)
    later = rec.t_start + math.ceil(round(rec.duration / step, 9)) * step
    return float(f"{later:.12g}")
