"""How a text table is laid out: delimiter, decimal mark, header."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from spikeboard.errors import RecordingError
from spikeboard.readers.column_names import understood
from spikeboard.readers.text import Head

MOST_COLUMNS = 256
# In this order where two cut the rows equally well; the space stands for runs of spaces and tabs.
DELIMITERS = ("\t", ";", ",", " ")
NUMBER = re.compile(r"[+-]?([0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?")
NOT_FINITE = frozenset(["nan", "inf", "-inf", "+inf", "infinity", "-infinity"])

Kind = Literal["fraction", "whole", "text", "empty"]


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are to be cut.

    delimiter : between fields; a space stands for runs of spaces and tabs
    decimal : "." or ","
    names : of the columns, "" where the file has none
    header_line : number of the line that names the columns, 0 where there is none
    sample : rows of the head that have the right number of fields
    """

    file: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    header_line: int
    sample: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def has_header(self) -> bool:
        """Whether the columns are named."""
        return any(self.names)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column holds, by the sample."""
        return tuple(kind_of([row[at] for row in self.sample], self.decimal) for at in range(len(self.names)))


def kind_of(fields: Sequence[str], decimal: str = ".") -> Kind:
    """What the fields of a column hold: numbers with fractions, whole numbers, text or nothing."""
    filled = [field for field in fields if field and field.lower() not in NOT_FINITE]
    numbers = [number_of(field, decimal) for field in filled if _is_number(field)]
    if not filled:
        return "empty"
    if 2 * len(numbers) < len(filled):
        return "text"
    return "whole" if all(number.is_integer() for number in numbers) else "fraction"


def records(text: str, delimiter: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """The rows of a text as (line number, fields); blank lines and comments are passed over."""
    lines = _uncommented(text.replace("\0", "\ufffd").split("\n"))
    if delimiter == " ":
        lines = (line.replace("\t", " ").strip() for line in lines)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
    for fields in reader:
        stripped = [field.strip() for field in fields]
        if any(stripped):
            yield first_line - 1 + reader.line_num, stripped


def layout(file: str, head: Head) -> Layout:
    """How the table in a text file is laid out.

    Raises
    ------
    RecordingError : where the text is no table of numbers
    """
    text = head.text if head.whole else head.text[: head.text.rfind("\n") + 1]
    if not text:
        raise RecordingError(
            f"{file}: its first line is longer than {len(head.text) - 1:,} characters; each spike needs a line"
        )
    found = _laid_out(file, text, _delimiter(text))
    if found.delimiter == "," and len(found.names) == 1:
        # One column of numbers with a decimal comma.
        return _laid_out(file, text, ";")
    return found


def _laid_out(file: str, text: str, delimiter: str) -> Layout:
    rows = list(_readable(text, delimiter))
    if not rows:
        raise RecordingError(f"{file} holds no rows: only blank lines or comments; save it again")
    header_line, names = (rows[0][0], rows[0][1]) if _is_header(rows) else (0, [])
    body = rows[1:] if header_line else rows
    width = _usual([len(fields) for _, fields in body]) if body else len(names)
    sample = tuple(tuple(fields) for _, fields in body if len(fields) == width)
    names = names or _commented_names(text, rows[0][0], delimiter, width)
    if not (delimiter == "," and len(names) == 1 and width == 2):
        names = _fitted(file, names, width, sample)
    decimal = _decimal(file, delimiter, sample)
    notes = [f"the file has no header: its {width} columns have no names"] if not any(names) else []
    if decimal == ",":
        notes.append("numbers were read with a decimal comma: 12,345 is twelve point three four five")
    return Layout(file, delimiter, decimal, tuple(names), header_line, sample, tuple(notes))


def _uncommented(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if not inside and line.lstrip(" \t").startswith(("#", "%")):
            yield ""
        else:
            inside ^= line.count('"') % 2 == 1
            yield line


def _readable(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from records(text, delimiter)
    except csv.Error:
        return


def _delimiter(text: str) -> str:
    """The delimiter that cuts rows into equally many fields, most of them numbers."""
    scores = {delimiter: _score(list(_readable(text, delimiter)), delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def _score(rows: list[tuple[int, list[str]]], delimiter: str) -> float:
    body = [fields for _, fields in (rows[1:] or rows)]
    width = _usual([len(fields) for fields in body]) if body else 0
    if width < 2:
        return 0.0
    usual = [fields for fields in body if len(fields) == width]
    fields = [field for row in usual for field in row if field]
    numbers = sum(_is_number(field) and (delimiter != "," or "," not in field) for field in fields)
    return len(usual) / len(body) + numbers / max(len(fields), 1)


def _usual(counts: list[int]) -> int:
    """The most frequent count, the larger one where two are equally frequent."""
    return max(Counter(counts).items(), key=lambda item: (item[1], item[0]))[0]


def _is_number(field: str) -> bool:
    return NUMBER.fullmatch(field) is not None


def _is_header(rows: list[tuple[int, list[str]]]) -> bool:
    first = rows[0][1]
    return not any(_is_number(field) or field.lower() in NOT_FINITE for field in first)


def _commented_names(text: str, first_row: int, delimiter: str, width: int) -> list[str]:
    """Names from the comment right above the first row, as numpy.savetxt writes them."""
    above = text.split("\n")[max(first_row - 2, 0)] if first_row > 1 else ""
    if not above.lstrip().startswith(("#", "%")):
        return []
    line = above.lstrip(" \t#%")
    for cut in (delimiter, ",", " "):
        names = next((fields for _, fields in _readable(line, cut)), [])
        if len(names) == width and any(understood(name).role == "time" for name in names):
            return names
    return []


def _fitted(file: str, names: list[str], width: int, sample: Sequence[Sequence[str]]) -> list[str]:
    """The names, as many as there are columns."""
    if not names:
        return [""] * width
    blank_end = width == len(names) + 1 and sample and all(not row[-1] for row in sample)
    if len(names) != width and not blank_end:
        raise RecordingError(
            f"{file}: the header names {len(names)} columns ({listed(names)}), but the rows have {width} fields: "
            "correct the header or the rows"
        )
    if width > MOST_COLUMNS:
        raise RecordingError(
            f"{file}: {width:,} columns: a spike list has one spike per row, its time and its unit"
        )
    return names + [""] * (width - len(names))


def _decimal(file: str, delimiter: str, sample: Sequence[Sequence[str]]) -> str:
    numbers = [field for row in sample for field in row if _is_number(field)]
    comma = next((field for field in numbers if "," in field), None) if delimiter != "," else None
    point = next((field for field in numbers if "." in field), None)
    if comma and point:
        raise RecordingError(
            f"{file}: some numbers have a decimal comma ({comma}), others a point ({point}): "
            "write them all the same way, without thousands separators"
        )
    return "," if comma else "."


def number_of(field: str, decimal: str) -> float:
    """The number that a field spells, NaN where it spells none, or none that float64 can hold."""
    other_mark = "," if decimal == "." else "."
    if NUMBER.fullmatch(field) is None or other_mark in field:
        return math.nan
    number = float(field.replace(",", "."))
    return number if math.isfinite(number) else math.nan


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names for a message: quoted, shortened, not too many."""
    shown = [repr(str(name)[:40]) for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most:,} more" if len(shown) > most else "")
