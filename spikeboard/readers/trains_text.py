"""Text with one spike train per row, as PySpike reads and writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers import reader
from spikeboard.readers.spikelist import MOST_UNITS, SpikeList, answers, to_recording
from spikeboard.readers.table_columns import MOST_NAMELESS
from spikeboard.readers.table_layout import NUMBER, number_of
from spikeboard.readers.text import Block, Head, blocks, head
from spikeboard.recording import Recording

LOOKED_AT = 400
# The longest of rows that are no table.
SHORTEST = 4
LONGEST_ROW = 16 * 2**20
SHOWN = 5
BLANK_LINES = ("silent", "ignored")


@dataclass(frozen=True, eq=False)
class Rows:
    """The lines of a file, comments left out.

    trains : (N,) number of the line that each spike stands in, counted from 0 among trains and blank lines
    times : (N,) float64
    blank : (L,) bool, whether a line is blank, for trains and blank lines
    bad : fields that are no numbers, with their line
    """

    trains: np.ndarray
    times: np.ndarray
    blank: np.ndarray
    bad: list[str]


def sniff(path: Path) -> bool:
    """Whether a file is text whose rows are ascending numbers, of different lengths."""
    try:
        beginning = head(path) if path.is_file() else None
    except OSError:
        return False
    return beginning is not None and _are_trains(_fields(beginning))


@reader("Spike trains in rows of text", sniff, order=80)
def read(
    path: Path,
    time_unit: str | None = None,
    blank_lines: str | None = None,
    dt: float | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
) -> Recording:
    """One unit per row, its spike times separated by spaces, tabs, commas or semicolons.

    Parameters
    ----------
    path : the file; lines that begin with # or % are comments
    time_unit : "s", "ms", "us", "ns" or "samples": the file does not tell
    blank_lines : "silent" where a blank line is a unit without spikes, "ignored" where it separates rows
    dt : s, of the clock that the spikes lie on
    t_start, t_stop : s

    Raises
    ------
    Undecided : for the time unit, and for what blank lines mean
    RecordingError : where rows are no trains
    """
    given = answers(time_unit=time_unit, dt=dt, t_start=t_start, t_stop=t_stop)
    if blank_lines not in (None, "", *BLANK_LINES):
        raise RecordingError(
            f"blank_lines={str(blank_lines)[:40]!r} is none of {', '.join(map(repr, BLANK_LINES))}"
        )
    rows = read_rows(path)
    meaning, questions, notes = _meaning(path, rows, blank_lines or None)
    spikes = replace(spike_list(path, rows, meaning == "silent"), notes=(*notes, *_about_bad(rows)))
    try:
        rec = to_recording(spikes, given)
    except Undecided as open_questions:
        raise Undecided([*questions, *open_questions.questions]) from None
    if questions:
        raise Undecided(questions)
    return rec


def spike_list(path: Path, rows: Rows, silent: bool) -> SpikeList:
    """The spikes of all rows, units numbered by row.

    Parameters
    ----------
    silent : whether blank lines are units
    """
    kept = np.ones(len(rows.blank), bool) if silent else ~rows.blank
    number = np.cumsum(kept) - 1
    return SpikeList(
        path.stem, rows.times, number[rows.trains], np.arange(np.count_nonzero(kept)), all_units=True
    )


def read_rows(path: Path) -> Rows:
    """All rows of a file.

    Raises
    ------
    RecordingError : where most of it is no numbers, or a line has no end
    """
    beginning = head(path)
    if beginning is None:
        raise RecordingError(f"{path.name} is no text")
    trains, times, blank, bad = [], [], [], []
    for block in blocks(path, beginning, LONGEST_ROW):
        for line, text in _lines(block):
            values, wrong = _numbers(text)
            trains.append(np.full(len(values), len(blank)))
            times.append(values)
            blank.append(not text)
            bad += [f"line {line:,}: {field[:40]}" for field in wrong]
    if len(blank) > MOST_UNITS:
        raise RecordingError(f"{path.name}: more than {MOST_UNITS:,} rows: these are no spike trains")
    empty = np.zeros(0)
    found = Rows(
        np.concatenate([empty.astype(np.int64), *trains]),
        np.concatenate([empty, *times]),
        np.array(blank, bool),
        bad,
    )
    if len(bad) > len(found.times):
        raise RecordingError(f"{path.name}: {len(bad):,} fields are no numbers ({'; '.join(bad[:2])})")
    return found


def _lines(block: Block) -> Iterable[tuple[int, str]]:
    text = block.data.decode("utf-8", "replace").removesuffix("\n")
    for line, row in enumerate(text.split("\n"), block.first_line):
        stripped = row.strip().lstrip("\ufeff")
        if not stripped.startswith(("#", "%")):
            yield line, stripped


def _numbers(text: str) -> tuple[np.ndarray, list[str]]:
    fields = text.replace(",", " ").replace(";", " ").split()
    try:
        values = np.array(fields, np.float64)
    except ValueError:
        values = np.array([number_of(field, ".") for field in fields])
    good = np.isfinite(values)
    return values[good], [field for field, right in zip(fields, good.tolist(), strict=True) if not right]


def _about_bad(rows: Rows) -> list[str]:
    if not rows.bad:
        return []
    more = "; …" if len(rows.bad) > SHOWN else ""
    return [
        f"{len(rows.bad):,} fields are no finite numbers and were left out: {'; '.join(rows.bad[:SHOWN])}{more}"
    ]


# Blank lines -----------------------------------------------------------------------------------------------------


def _meaning(path: Path, rows: Rows, told: str | None) -> tuple[str, list[Question], list[str]]:
    """What blank lines are, the question where that is open, and notes."""
    number = int(np.count_nonzero(rows.blank))
    if not number:
        return "ignored", [], []
    if told == "silent":
        return told, [], [f"{number:,} blank lines are units without spikes, as blank_lines='silent' says"]
    if told:
        return told, [], [f"{number:,} blank lines were passed over, as blank_lines='ignored' says"]
    if _separate(rows.blank):
        return (
            "ignored",
            [],
            [
                "every second line is blank: blank lines were taken to separate rows; give blank_lines='silent' to "
                "take them for units without spikes"
            ],
        )
    return "silent", [_question(path, rows, number)], []


def _separate(blank: np.ndarray) -> bool:
    return len(blank) > 2 and bool(np.all(blank[1::2]) and not np.any(blank[::2]))


def _question(path: Path, rows: Rows, number: int) -> Question:
    n_trains = len(rows.blank) - number
    text = (
        f"{path.name}: {number:,} blank lines may be units that never fired, or mean nothing "
        "(PySpike passes over them)."
    )
    choices = (
        Choice("silent", "units without spikes", f"{n_trains + number:,} units, {number:,} of them silent"),
        Choice("ignored", "nothing", f"{n_trains:,} units"),
    )
    return Question("blank_lines", text, choices)


# What it looks like ----------------------------------------------------------------------------------------------


def _fields(beginning: Head) -> list[list[str]]:
    text = beginning.text if beginning.whole else beginning.text.rpartition(" ")[0]
    rows = [line.replace(",", " ").replace(";", " ").split() for line in text.split("\n")[:LOOKED_AT]]
    return [row for row in rows if row and not row[0].startswith(("#", "%"))]


def _are_trains(rows: Sequence[Sequence[str]]) -> bool:
    """Rows of numbers that ascend, of different lengths, or longer than a table is wide."""
    if not rows or not all(NUMBER.fullmatch(field) for row in rows[:50] for field in row):
        return False
    lengths = [len(row) for row in rows]
    varied = len(set(lengths)) > 1 and max(lengths) >= SHORTEST
    return (varied or max(lengths) > MOST_NAMELESS) and sum(map(_ascends, rows)) >= 0.9 * len(rows)


def _ascends(row: Sequence[str]) -> bool:
    values = [number_of(field, ".") for field in row]
    return all(one <= other for one, other in pairwise(values)) and 2 * len(set(values)) > len(values)
