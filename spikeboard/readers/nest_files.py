"""The text files of NEST's recorders: which belong together, what their columns are, and their rows.

NEST 3 writes two comment lines, a header and tabs (`sender time_ms`, or `sender time_step time_offset`, then what a
multimeter records); NEST 2 writes no header (`.gdf` for spikes, `.dat` for multimeters). One recorder has a file for
each thread or process: label-node-thread.dat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from spikeboard.errors import RecordingError
from spikeboard.readers.table_layout import NUMBER, kind_of, listed, number_of
from spikeboard.readers.text import Block, Head, blocks, head

SUFFIXES = (".dat", ".gdf")
MOST_FILES = 10_000
MOST_COLUMNS = 64
SHOWN = 5
_NAME = re.compile(r"(?P<label>.+?)-(?P<node>[0-9]{1,12})-(?P<thread>[0-9]{1,9})\.(?:dat|gdf)", re.IGNORECASE)
_SIGNATURE = "# NEST version"
_SENDERS = ("sender", "senders", "gid", "node_id", "id")
_MS = ("time_ms", "times_ms")
_STEPS = ("time_step", "time_steps", "step")
_TIMES = ("time", "times", "t")
_OFFSETS = ("time_offset", "offset")


@dataclass(frozen=True)
class Columns:
    """What the columns of a file are.

    sender, time : positions
    offset : position of what is to be taken off a time in steps, ms; None where there is none
    unit : "ms", "samples" (steps), or "" where the file does not tell
    values : positions of what a multimeter recorded, by name
    width : how many fields a row has
    body : number of the line where the rows begin
    notes : what was assumed
    """

    sender: int
    time: int
    offset: int | None
    unit: str
    values: dict[str, int]
    width: int
    body: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recorder:
    """A spike recorder or multimeter and its files, one per thread."""

    label: str
    node: str
    files: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Events:
    """The rows of a recorder: (N, width) float64, and what was left out, in words."""

    recorder: Recorder
    columns: Columns
    rows: np.ndarray
    notes: tuple[str, ...]

    @property
    def senders(self) -> np.ndarray:
        """(N,) int64, global ids."""
        return self.rows[:, self.columns.sender].astype(np.int64)

    @property
    def times(self) -> np.ndarray:
        """(N,) float64 as in the file, ms or steps."""
        return self.rows[:, self.columns.time]

    @property
    def offsets(self) -> np.ndarray | None:
        """(N,) float64, ms, to be taken off times in steps; None where there is nothing to take off."""
        found = None if self.columns.offset is None else self.rows[:, self.columns.offset]
        return found if found is not None and found.any() else None


def is_nest_file(path: Path) -> bool:
    """Whether a file is one of a NEST recorder's."""
    if not path.is_file():
        return False
    try:
        beginning = head(path)
    except OSError:
        return False
    return beginning is not None and _is_recorder(path, beginning.text)


def recorders(path: Path) -> list[Recorder]:
    """The recorder that a file belongs to, or all recorders of a folder, by node."""
    files = _siblings(path) if path.is_file() else [file for file in files_of(path) if is_nest_file(file)]
    grouped: dict[tuple[str, str, str], list[Path]] = {}
    for file in files:
        label, node = _label(file)
        grouped.setdefault((label, node, file.suffix.lower()), []).append(file)
    found = [Recorder(label, node, tuple(files)) for (label, node, _), files in grouped.items()]
    return sorted(found, key=lambda one: (int(one.node or 0), one.label))


def files_of(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """Files of these endings that lie in the folder itself; links are not followed."""
    entries = islice(folder.iterdir(), MOST_FILES)
    return sorted(
        file
        for file in entries
        if file.suffix.lower() in suffixes and file.is_file() and not file.is_symlink()
    )


def read_events(recorder: Recorder) -> Events:
    """All rows of a recorder, those of its first file first.

    Raises
    ------
    RecordingError : where a file is no table of numbers, or its files have different columns
    """
    plans = [_plan(file) for file in recorder.files]
    first = next((columns for columns in plans if columns), plans[0])
    if first is None:
        raise RecordingError(
            f"{recorder.files[0].name} holds neither a header nor a row: nothing was recorded"
        )
    read = []
    for file, columns in zip(recorder.files, plans, strict=True):
        if columns is not None:
            _check_same(recorder, file, first, columns)
            read.append(_rows(file, columns))
    rows = np.concatenate([rows for rows, _ in read])
    notes = [note for _, found in read for note in found]
    _check_senders(recorder, rows[:, first.sender])
    return Events(recorder, first, rows, (*first.notes, *notes))


def _siblings(path: Path) -> list[Path]:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return [path]
    found = []
    for file in files_of(path.parent, (path.suffix.lower(),)):
        other = _NAME.fullmatch(file.name)
        if other and (other["label"], other["node"]) == (match["label"], match["node"]):
            found.append(file)
    return found or [path]


def _label(file: Path) -> tuple[str, str]:
    match = _NAME.fullmatch(file.name)
    return (match["label"], match["node"]) if match else (file.stem, "")


def _is_recorder(path: Path, text: str) -> bool:
    if text.startswith(_SIGNATURE):
        return True
    fields = next(_body(text), (0, []))[1]
    if fields[:1] and fields[0].lower() in _SENDERS[:2] and path.suffix.lower() in SUFFIXES:
        return any(name.lower() in (*_MS, *_STEPS) for name in fields)
    named = path.suffix.lower() == ".gdf" or _NAME.fullmatch(path.name)
    return bool(named) and len(fields) >= 2 and all(map(NUMBER.fullmatch, fields)) and fields[0].isdecimal()


def _body(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are neither empty nor comments: (number, fields)."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(("#", "%")):
            yield number, line.split()


def _plan(file: Path) -> Columns | None:
    beginning = head(file)
    if beginning is None:
        raise RecordingError(f"{file.name} is no text, and NEST's recorders write text")
    lines = list(islice(_body(_whole_lines(beginning)), 200))
    if not lines:
        return None
    number, fields = lines[0]
    if len(fields) > MOST_COLUMNS:
        raise RecordingError(
            f"{file.name} has {len(fields):,} columns: no recorder writes more than {MOST_COLUMNS}"
        )
    if all(map(NUMBER.fullmatch, fields)):
        return _headerless(file, [fields for _, fields in lines])
    return _named(file, number, fields, [fields for _, fields in lines[1:]])


def _whole_lines(beginning: Head) -> str:
    return beginning.text if beginning.whole else beginning.text[: beginning.text.rfind("\n") + 1]


def _named(file: Path, line: int, names: list[str], sample: list[list[str]]) -> Columns:
    lower = [name.lower() for name in names]
    if len(set(lower)) < len(lower):
        raise RecordingError(f"{file.name}: its header has a name twice ({listed(names)})")
    sender, time = _position(lower, _SENDERS), _position(lower, (*_MS, *_STEPS, *_TIMES))
    if sender is None or time is None:
        raise RecordingError(
            f"{file.name}: the header has no column of senders and times (it has {listed(names)}); "
            "NEST writes sender and time_ms, or sender, time_step and time_offset"
        )
    wrong = [fields for fields in sample if len(fields) != len(names)]
    if 2 * len(wrong) > len(sample):
        raise RecordingError(
            f"{file.name}: the header names {len(names)} columns ({listed(names)}), but its rows have "
            f"{len(wrong[0])} fields: correct the header or the rows"
        )
    offset = _position(lower, _OFFSETS)
    unit = "ms" if lower[time] in _MS else "samples" if lower[time] in _STEPS else ""
    values = {name: at for at, name in enumerate(names) if at not in (sender, time, offset)}
    usual = lower[sender] == "sender" and unit
    notes = () if usual else (f"columns {names[sender]!r} and {names[time]!r} were taken as sender and time",)
    return Columns(sender, time, offset, unit, values, len(names), line + 1, notes)


def _headerless(file: Path, sample: list[list[str]]) -> Columns:
    width = len(sample[0])
    kinds = [kind_of([row[at] for row in sample if len(row) == width]) for at in range(width)]
    if width < 2 or kinds[0] != "whole":
        raise RecordingError(
            f"{file.name}: rows without a header are sender and time, the sender a whole number"
        )
    spikes = file.suffix.lower() == ".gdf"
    offset = 2 if spikes and width == 3 and kinds[1] == "whole" else None
    values = {f"value {at - 1}": at for at in range(2, width) if at != offset}
    note = f"{file.name} has no header, as NEST 2 writes it: column 1 was taken as sender, column 2 as time"
    unit = "samples" if offset is not None else ""
    also = "" if offset is None else ", column 3 as the offset from the step (precise times)"
    return Columns(0, 1, offset, unit, values, width, 1, (note + also,))


def _position(names: list[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _check_same(recorder: Recorder, file: Path, first: Columns, columns: Columns) -> None:
    if (columns.width, list(columns.values)) != (
        first.width,
        list(first.values),
    ) or columns.time != first.time:
        raise RecordingError(
            f"{file.name} has other columns than {recorder.files[0].name}, a file of the same recorder: "
            "they are of different runs; keep each run in a folder of its own"
        )


def _check_senders(recorder: Recorder, senders: np.ndarray) -> None:
    wrong = np.flatnonzero((senders != np.rint(senders)) | (senders < 0) | (senders >= 2**53))
    if len(wrong):
        raise RecordingError(
            f"{recorder.files[0].name}: {len(wrong):,} senders are no node ids, the first is {senders[wrong[0]]:g}"
        )


def _rows(file: Path, columns: Columns) -> tuple[np.ndarray, list[str]]:
    beginning = head(file)
    if beginning is None:
        raise RecordingError(f"{file.name} is no text, and NEST's recorders write text")
    good, bad, last, unfinished = [np.zeros((0, columns.width))], [], 0, False
    for block in blocks(file, beginning):
        last = block.first_line + block.data.count(b"\n")
        unfinished = not block.data.endswith((b"\n", b"\r"))
        rows, wrong = _block(block, columns)
        good.append(rows)
        bad += wrong
    rows = np.concatenate(good)
    notes = []
    if unfinished and len(rows) and not (bad and bad[-1].startswith(f"line {last:,}:")):
        rows = rows[:-1]
        notes.append(
            f"{file.name} ends in the middle of a line, so that it was cut: its last row was left out"
        )
    return rows, [*notes, *_about_bad(file, len(rows), bad)]


def _block(block: Block, columns: Columns) -> tuple[np.ndarray, list[str]]:
    lines = block.data.replace(b"\r\n", b"\n").split(b"\n")
    lines = lines[max(columns.body - block.first_line, 0) :]
    first = max(block.first_line, columns.body)
    rows = _fast(b"\n".join(lines), columns.width)
    return (rows, []) if rows is not None else _slow(lines, first, columns.width)


def _fast(data: bytes, width: int) -> np.ndarray | None:
    """The rows where all of them are good."""
    if not data.strip():
        return np.zeros((0, width))
    if b"#" in data or b"%" in data or b'"' in data:
        return None
    data = re.sub(rb"\t?\n\t?", b"\n", re.sub(rb"[ \t]+", b"\t", data)).strip(b"\t")
    names = [str(at) for at in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(data) + 1
            ),
            parse_options=arrow_csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[]
            ),
        )
    except pa.ArrowException:
        return None
    rows = np.column_stack([column.to_numpy() for column in table.columns])
    return rows if np.isfinite(rows).all() else None


def _slow(lines: list[bytes], first: int, width: int) -> tuple[np.ndarray, list[str]]:
    good, bad = [], []
    for number, line in enumerate(lines, first):
        text = line.decode("utf-8", "replace").strip()
        if not text or text.startswith(("#", "%")):
            continue
        values = [number_of(field, ".") for field in text.split()]
        if len(values) == width and np.isfinite(values).all():
            good.append(values)
        else:
            bad.append(f"line {number:,}: {text[:40]}")
    return np.array(good, np.float64).reshape(-1, width), bad


def _about_bad(file: Path, good: int, bad: list[str]) -> list[str]:
    if len(bad) > good:
        raise RecordingError(
            f"{file.name}: {len(bad):,} of {good + len(bad):,} rows cannot be read ({'; '.join(bad[:2])})"
        )
    if not bad:
        return []
    more = "; …" if len(bad) > SHOWN else ""
    return [
        f"{file.name}: {len(bad):,} of {good + len(bad):,} rows were left out: {'; '.join(bad[:SHOWN])}{more}"
    ]
