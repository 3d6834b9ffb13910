"""Which column of a table is the time, which the unit: by name, else by what it holds, else asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers.column_names import SAMPLES, Named, understood
from spikeboard.readers.table_layout import Kind, Layout, listed

# Without names, a row of more numbers is a matrix, or a whole spike train.
MOST_NAMELESS = 8
# The answer that says that no column tells the unit.
NO_COLUMN = "none"


@dataclass(frozen=True)
class Columns:
    """Which column is what; None where the table has no such column.

    time_unit : as the names tell it, "" where they do not
    told_by : what tells it
    """

    time: int
    unit: int | None = None
    population: int | None = None
    time_unit: str = ""
    told_by: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """The columns that something could be; certain where there is nothing left to ask."""

    columns: tuple[int, ...]
    certain: bool

    @property
    def column(self) -> int | None:
        return self.columns[0] if self.certain and self.columns else None


@dataclass(frozen=True)
class _Table:
    layout: Layout
    roles: tuple[Named, ...]
    kinds: tuple[Kind, ...]

    def having(self, *wanted: str, kinds: Sequence[Kind] = (), but: int | None = None) -> tuple[int, ...]:
        """Columns of these roles, and of these kinds where any are given, without column `but`."""
        return tuple(
            at
            for at, named in enumerate(self.roles)
            if at != but and named.role in wanted and (not kinds or self.kinds[at] in kinds)
        )


def columns(layout: Layout, time_column: str | None = None, unit_column: str | None = None) -> Columns:
    """Which column of a table is what.

    Parameters
    ----------
    time_column, unit_column : the user's answers: a name, or a number counted from 1; `unit_column` may be
        "none" where no column tells the unit

    Raises
    ------
    Undecided : where several columns could be it
    RecordingError : where none can
    """
    told_time = _answered(layout, "time_column", time_column)
    told_unit = _answered(layout, "unit_column", unit_column)
    table = _Table(layout, tuple(map(understood, layout.names)), layout.kinds)
    _refuse_what_is_no_list(table, told=told_time is not None)
    time = told_time or _time(table, told_unit)
    unit = told_unit or _unit(table, time)
    questions = [
        *_question(table, "time_column", "which column is the time", time),
        *_question(table, "unit_column", "which column tells the unit that fired", unit),
    ]
    if questions:
        raise Undecided(questions)
    return _settled(table, time.columns[0], unit.column)


def _settled(table: _Table, time: int, unit: int | None) -> Columns:
    if time == unit:
        raise RecordingError(f"{table.layout.file}: one column cannot be both the time and the unit")
    if table.kinds[time] == "text":
        raise RecordingError(_without_times(table.layout, time))
    population = _population(table, time, unit)
    unread = [
        name for at, name in enumerate(table.layout.names) if name and at not in (time, unit, population)
    ]
    notes = [f"columns not read: {listed(unread)}"] if unread else []
    if not table.layout.has_header and len(table.layout.names) > 1:
        notes.append(_deduction(time, unit, population))
    if unit is None:
        notes.append("no column tells the unit: all spikes are of one unit")
    return Columns(time, unit, population, *_told_unit(table, time), notes=tuple(notes))


def _answered(layout: Layout, option: str, answer: str | None) -> _Found | None:
    if answer is None or answer == "":
        return None
    if option == "unit_column" and answer == NO_COLUMN:
        return _Found((), certain=True)
    if layout.names.count(str(answer)) == 1:
        return _Found((layout.names.index(str(answer)),), certain=True)
    if str(answer).isdecimal() and 1 <= int(answer) <= len(layout.names):
        return _Found((int(answer) - 1,), certain=True)
    known = listed(name or str(at + 1) for at, name in enumerate(layout.names))
    raise RecordingError(
        f"{layout.file} has no one column {option}={str(answer)[:40]!r}; it has {known}; or count them from 1"
    )


def _time(table: _Table, told_unit: _Found | None) -> _Found:
    taken = told_unit.column if told_unit else None
    if not table.layout.has_header:
        return _nameless_time(table, taken)
    named = table.having("time", but=taken)
    # A column of seconds or milliseconds says more than the step beside it.
    finer = tuple(at for at in named if table.roles[at].unit != SAMPLES) or named
    if finer:
        return _Found(finer, certain=len(finer) == 1)
    candidates = table.having("", kinds=("fraction", "whole"), but=taken)
    if not candidates or not (told_unit or table.having("unit", "index")):
        raise RecordingError(
            f"{table.layout.file}: no column is named like a time and a unit (it has {listed(table.layout.names)}); "
            "if it is a list of spikes, give time_column=… and unit_column=…"
        )
    return _Found(candidates, certain=False)


def _nameless_time(table: _Table, taken: int | None) -> _Found:
    fractions = table.having("", kinds=("fraction",), but=taken)
    whole = table.having("", kinds=("whole",), but=taken)
    if len(fractions) == 1 or (not fractions and len(whole) == 1):
        return _Found(fractions or whole, certain=True)
    if len(table.layout.names) == 2 and len(fractions) == 2:
        raise RecordingError(
            f"{table.layout.file}: both columns hold fractions, but unit ids are whole numbers or names"
        )
    return _Found(tuple(sorted(fractions + whole)), certain=False)


def _unit(table: _Table, time: _Found) -> _Found:
    for role in ("unit", "index"):
        if named := table.having(role, but=time.column):
            return _Found(named, certain=len(named) == 1)
    others = table.having("", kinds=("fraction", "whole", "text"), but=time.column)
    if not others:
        return _Found((), certain=True)
    if table.layout.has_header:
        return _Found(others, certain=False)
    if not time.certain and len(table.layout.names) == 2:
        # The answer about the time answers this as well.
        return _Found((), certain=True)
    whole = tuple(at for at in others if table.kinds[at] == "whole")
    text = tuple(at for at in others if table.kinds[at] == "text")
    if len(others) == 1 or (len(whole) == 1 and len(text) == 1 and len(others) == 2):
        return _Found(whole or others, certain=True)
    return _Found(others, certain=False)


def _population(table: _Table, time: int, unit: int | None) -> int | None:
    named = [at for at in table.having("population") if at not in (time, unit)]
    if len(named) == 1:
        return named[0]
    free = [at for at in table.having("", kinds=("text",)) if at not in (time, unit)]
    nameless = not table.layout.has_header and unit is not None and len(table.layout.names) == 3
    return free[0] if nameless and len(free) == 1 else None


def _told_unit(table: _Table, time: int) -> tuple[str, str]:
    named = table.roles[time]
    if named.unit:
        return named.unit, f"the column {table.layout.names[time][:40]!r}"
    if {"timestamps", "node_ids"} <= set(table.layout.names):
        return "ms", "the SONATA format, whose spike lists are in milliseconds,"
    return "", ""


def _deduction(time: int, unit: int | None, population: int | None) -> str:
    parts = [f"column {time + 1} is the time"]
    parts += [f"column {unit + 1} the unit"] if unit is not None else []
    parts += [f"column {population + 1} the population"] if population is not None else []
    return f"by what the columns hold, {', '.join(parts)}; give time_column=… and unit_column=… to overrule"


def _question(table: _Table, option: str, text: str, found: _Found) -> list[Question]:
    if found.certain:
        return []
    choices = [_choice(table, at) for at in found.columns]
    if option == "unit_column" and table.layout.has_header and not table.having("unit", "index"):
        choices.append(Choice(NO_COLUMN, "none of them: all spikes are of one unit"))
    return [Question(option, f"{table.layout.file}: {text}?", tuple(choices))]


def _choice(table: _Table, at: int) -> Choice:
    name = table.layout.names[at]
    value = name if name and table.layout.names.count(name) == 1 else str(at + 1)
    label = f"column {at + 1}" + (f", {name[:40]!r}" if name else "")
    return Choice(value, label, _contents(table, at))


def _contents(table: _Table, at: int) -> str:
    fields = [row[at] for row in table.layout.sample if row[at]]
    first, last = (fields[0][:20], fields[-1][:20]) if fields else ("", "")
    kind = {
        "fraction": "numbers with fractions",
        "whole": "whole numbers",
        "text": "text",
        "empty": "nothing",
    }
    seen = f"{len(set(fields)):,} different in the first {len(fields):,} rows"
    return f"{kind[table.kinds[at]]}, {seen}: {first} … {last}"


def _refuse_what_is_no_list(table: _Table, told: bool) -> None:
    layout, width = table.layout, len(table.layout.names)
    values = {field for row in layout.sample for field in row}
    if not layout.has_header and width > 2 and values <= {"0", "1", "0.0", "1.0"}:
        raise RecordingError(
            f"{layout.file} is a matrix of 0 and 1 with {width} columns, not a list of spikes: "
            "save time and unit of each spike instead (numpy.nonzero gives them)"
        )
    if not layout.has_header and width > MOST_NAMELESS and not told:
        raise RecordingError(
            f"{layout.file}: rows of {width} fields and no header: a spike list has one spike per row, its time "
            "and its unit; whole spike trains per row are not read"
        )


def _without_times(layout: Layout, time: int) -> str:
    fields = [row[time] for row in layout.sample]
    dated = any(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", field) for field in fields)
    remedy = "; turn dates into seconds since the start of the recording" if dated else ""
    return f"{layout.file}: the column of times holds text ({listed(fields, 3)}){remedy}"
