"""The rows of a text table as arrays: fast where a block is clean, field by field where it is not."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from spikeboard.columns import gathered
from spikeboard.errors import RecordingError
from spikeboard.readers.spikelist import EXACT, MOST_UNITS, in_natural_order
from spikeboard.readers.table_columns import Columns
from spikeboard.readers.table_layout import NUMBER, Layout, number_of, records
from spikeboard.readers.text import Block, with_newlines, without_comments

# Rows that are quoted back to the user, as many as one reads.
SHOWN = 5
LONGEST_NAME = 10_000
_MISSING = frozenset(["", "nan", "na", "n/a", "null", "none"])
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,40})")
_ZERO_FIRST = re.compile(r"[+-]?0[0-9]+([.,][0-9]*)?")
_INT64 = 2**63


@dataclass(frozen=True, eq=False)
class Rows:
    """The good rows of a table; long columns are mapped.

    times : (N,) float64
    units, populations : (N,) int32, positions in `unit_names` and `population_names`; None without such a column
    bad : how many rows were left out
    examples : of them, with their line
    """

    times: NDArray[np.float64]
    units: NDArray[np.int32] | None
    populations: NDArray[np.int32] | None
    unit_names: list[str]
    population_names: list[str]
    bad: int
    examples: list[str]


@dataclass
class _Seen:
    """What all blocks share: the numbering of the names, and the account of the rows."""

    unit_codes: dict[str, int] = field(default_factory=dict)
    population_codes: dict[str, int] = field(default_factory=dict)
    good: int = 0
    bad: int = 0
    examples: list[str] = field(default_factory=list)


def read_rows(blocks: Iterable[Block], layout: Layout, columns: Columns) -> Rows:
    """All rows of a table.

    Raises
    ------
    RecordingError : where most rows cannot be read
    """
    seen = _Seen()
    parts = _parts(blocks, layout, columns, seen)
    times, *others = gathered(parts, [np.float64, *(np.int32 for _ in _named(columns))])
    return Rows(
        times,
        None if columns.unit is None else others[0],
        None if columns.population is None else others[-1],
        list(seen.unit_codes),
        list(seen.population_codes),
        seen.bad,
        seen.examples,
    )


# Times, and the numbers of the units and of the populations where there are such columns.
_Part = tuple[np.ndarray, ...]


def _parts(blocks: Iterable[Block], layout: Layout, columns: Columns, seen: _Seen) -> Iterator[_Part]:
    for block in blocks:
        body = _below_header(block, layout.header_line)
        part = _read_fast(body, layout, columns, seen) or _read_slowly(body, layout, columns, seen)
        seen.good += len(part[0])
        _check(seen, layout, least=10_000)
        yield part
    _check(seen, layout, least=1)


def _named(columns: Columns) -> list[tuple[int, str]]:
    """The columns that hold names, units before populations."""
    places = ((columns.unit, "unit"), (columns.population, "population"))
    return [(at, what) for at, what in places if at is not None]


def unit_ids(names: list[str], decimal: str = ".") -> tuple[np.ndarray, NDArray[np.int64], list[str]]:
    """Unit ids as numbers where all are, else as text.

    Parameters
    ----------
    names : (K,) as in the file, each once
    decimal : the file's decimal mark

    Returns
    -------
    ids : (U,) int64 ascending, or str in natural order
    place : (K,) int64, position in `ids` of each name; 12 and 12.0 are one unit
    notes : what was assumed

    Raises
    ------
    RecordingError : where ids are fractions: they are never cut to whole numbers
    """
    if all(map(_WHOLE.fullmatch, names)):
        return _whole_ids([int(name) for name in names], names)
    zeros = [name for name in names if _ZERO_FIRST.fullmatch(name)]
    if zeros or not all(map(NUMBER.fullmatch, names)):
        notes = [
            f"unit ids with leading zeros ({name[:40]}) are names: 007 and 7 are two units"
            for name in zeros[:1]
        ]
        return (*_text_ids(names), notes)
    numbers = [number_of(name, decimal) for name in names]
    wrong = [name for name, number in zip(names, numbers, strict=True) if not _is_exact(number)]
    if wrong:
        raise RecordingError(
            f"unit ids must be whole numbers or names, but {len(wrong):,} are not (the first is {wrong[0][:40]}): "
            "are the right columns taken? Else give time_column=… and unit_column=…"
        )
    return _whole_ids([int(number) for number in numbers], names)


def _whole_ids(numbers: list[int], names: list[str]) -> tuple[np.ndarray, NDArray[np.int64], list[str]]:
    if any(not -_INT64 <= number < _INT64 for number in numbers):
        note = f"unit ids beyond {_INT64 - 1} fit no 64-bit integer: all ids are kept as text"
        return (*_text_ids(names), [note])
    ids, place = np.unique(np.array(numbers, np.int64), return_inverse=True)
    return ids, place, []


def _text_ids(names: list[str]) -> tuple[np.ndarray, NDArray[np.int64]]:
    ordered = in_natural_order(names)
    positions = {name: at for at, name in enumerate(ordered)}
    ids = np.empty(len(ordered), object)
    ids[:] = ordered
    return ids, np.array([positions[name] for name in names], np.int64)


def _is_exact(number: float) -> bool:
    return math.isfinite(number) and number.is_integer() and abs(number) < EXACT


def _below_header(block: Block, header_line: int) -> Block:
    """The block without the lines up to the header."""
    skip = max(header_line - block.first_line + 1, 0)
    if not skip:
        return block
    lines = _newlines(block.data).split(b"\n", skip)
    return Block(block.first_line + skip, lines[skip] if len(lines) > skip else b"")


def _read_fast(block: Block, layout: Layout, columns: Columns, seen: _Seen) -> _Part | None:
    """What stands in a block in which every row is good; None where it is none."""
    data = _plain(block.data, layout)
    # Arrow passes over a byte order mark at the start of any block.
    if data is None or data.startswith(codecs.BOM_UTF8) or not data.strip():
        return None
    try:
        table = _parsed(data, layout, columns)
    except pa.ArrowException:
        return None
    times = table.column(str(columns.time)).to_numpy()
    found = [_names(table, at) for at, _ in _named(columns)]
    if not np.isfinite(times).all() or any(_has_bad(names) for _, names in found):
        return None
    codes = _codes(columns, seen)
    return times, *(
        _numbered(names, known)[place] for (place, names), known in zip(found, codes, strict=True)
    )


def _codes(columns: Columns, seen: _Seen) -> list[dict[str, int]]:
    known = {"unit": seen.unit_codes, "population": seen.population_codes}
    return [known[what] for _, what in _named(columns)]


def _newlines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _plain(data: bytes, layout: Layout) -> bytes | None:
    """The block as the fast parser needs it, None where only the careful one can tell."""
    if b"\0" in data:
        return None
    data = _newlines(data)
    quoted, uncommented = b'"' in data, without_comments(data)
    if quoted and (layout.delimiter == " " or len(uncommented) != len(data)):
        return None
    if layout.delimiter == " ":
        uncommented = re.sub(rb"[ \t]+", b" ", uncommented)
        uncommented = re.sub(rb" ?\n ?", b"\n", uncommented).strip(b" ")
    return uncommented


def _parsed(data: bytes, layout: Layout, columns: Columns) -> pa.Table:
    text = pa.dictionary(pa.int32(), pa.string())
    types = {str(columns.time): pa.float64()}
    types |= {str(at): text for at, _ in _named(columns)}
    return arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            column_names=[str(at) for at in range(len(layout.names))],
            use_threads=False,
            block_size=len(data) + 1,
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=b'"' in data),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=list(types),
            column_types=types,
            decimal_point=layout.decimal,
            null_values=[],
            strings_can_be_null=False,
        ),
    )


def _names(table: pa.Table, column: int) -> tuple[np.ndarray, list[str]]:
    values = table.column(str(column)).combine_chunks()
    values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
    return values.indices.to_numpy(), [name.strip() for name in values.dictionary.to_pylist()]


def _has_bad(names: list[str]) -> bool:
    return any(map(_is_bad, names))


def _is_bad(name: str) -> bool:
    return name.lower() in _MISSING or "\ufffd" in name or len(name) > LONGEST_NAME


def _numbered(names: list[str], codes: dict[str, int]) -> np.ndarray:
    return np.fromiter((codes.setdefault(name, len(codes)) for name in names), np.int32, len(names))


def _read_slowly(block: Block, layout: Layout, columns: Columns, seen: _Seen) -> _Part:
    times: list[float] = []
    names: list[list[str]] = [[] for _ in _named(columns)]
    text = with_newlines(block.data.decode("utf-8", "replace"))
    try:
        for line, fields in records(text, layout.delimiter, block.first_line):
            if wrong := _wrong(fields, layout, columns):
                _leave_out(line, fields, wrong, seen)
                continue
            times.append(number_of(fields[columns.time], layout.decimal))
            for found, (at, _) in zip(names, _named(columns), strict=True):
                found.append(fields[at])
    except csv.Error as problem:
        raise RecordingError(f"{layout.file}: after line {block.first_line:,}: {problem}") from None
    codes = _codes(columns, seen)
    return np.array(times, np.float64), *(_numbered(n, c) for n, c in zip(names, codes, strict=True))


def _wrong(fields: list[str], layout: Layout, columns: Columns) -> str:
    """What is wrong with a row, "" where nothing is."""
    if len(fields) != len(layout.names):
        return f"{len(fields)} fields instead of {len(layout.names)}"
    if math.isnan(number_of(fields[columns.time], layout.decimal)):
        return "its time is no finite number"
    for at, what in _named(columns):
        if _is_bad(fields[at]):
            return f"its {what} cannot be read"
    return ""


def _leave_out(line: int, fields: list[str], wrong: str, seen: _Seen) -> None:
    seen.bad += 1
    if len(seen.examples) < SHOWN:
        shown = " | ".join(fields)
        seen.examples.append(f"line {line:,}: {wrong} ({shown[:40]}{'…' if len(shown) > 40 else ''})")


def _check(seen: _Seen, layout: Layout, least: int) -> None:
    if seen.bad >= least and seen.bad > seen.good:
        raise RecordingError(
            f"{layout.file}: {seen.bad:,} of {seen.bad + seen.good:,} rows cannot be read; "
            f"{'; '.join(seen.examples[:2])}"
        )
    if len(seen.unit_codes) > MOST_UNITS:
        raise RecordingError(
            f"{layout.file}: more than {MOST_UNITS:,} different unit ids: is the column of units right? "
            "Else give time_column=… and unit_column=…"
        )
