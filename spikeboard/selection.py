"""What part of a recording is looked at: one value, shared by all views and kept in the address."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

# What an address may ask for: it says "0-999999" as easily as "0-9", and each row takes memory.
MOST_UNITS = 2_000_000


@dataclass(frozen=True)
class Selection:
    """A time window, units, populations, and one interval of a named table; None means "all".

    t0, t1 : s; the window is [t0, t1), its end included where it is the end of the recording
    units : rows of `rec.units`, ascending
    populations : names; the units of these populations, where `units` is None
    interval : (table, row), such as ("trials", 3)
    """

    t0: float | None = None
    t1: float | None = None
    units: tuple[int, ...] | None = None
    populations: tuple[str, ...] | None = None
    interval: tuple[str, int] | None = None

    def window(self, rec: Recording) -> tuple[float, float]:
        """Where it begins and ends, s: its own limits, within its interval, within the recording."""
        start, stop = rec.t_start, rec.t_stop
        if self.interval is not None:
            table, row = self.interval
            start = max(start, float(rec.intervals[table]["start"].iloc[row]))
            stop = min(stop, float(rec.intervals[table]["stop"].iloc[row]))
        start = start if self.t0 is None else max(start, self.t0)
        stop = stop if self.t1 is None else min(stop, self.t1)
        return start, max(start, stop)

    def rows(self, rec: Recording) -> np.ndarray:
        """The unit rows it holds, ascending, int64."""
        if self.units is not None:
            return np.asarray(self.units, np.int64)
        if self.populations is not None:
            parts = [np.asarray(rec.rows_of(name), np.int64) for name in self.populations]
            return np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
        return np.arange(len(rec.units))

    def to_query(self) -> dict[str, str]:
        """Its part of an address; what is not chosen is not written."""
        query: dict[str, str] = {}
        if self.t0 is not None or self.t1 is not None:
            query["t"] = (
                f"{'' if self.t0 is None else repr(self.t0)}_{'' if self.t1 is None else repr(self.t1)}"
            )
        if self.units is not None:
            query["units"] = ",".join(_runs(self.units))
        if self.populations is not None:
            query["pop"] = ",".join(
                name.replace("\\", "\\\\").replace(",", "\\,") for name in self.populations
            )
        if self.interval is not None:
            query["interval"] = f"{self.interval[0]}:{self.interval[1]}"
        return query

    def arguments(self) -> dict[str, Any]:
        """It as keyword arguments of `rec.figure`."""
        chosen = {"t0": self.t0, "t1": self.t1, "units": self.units, "populations": self.populations}
        chosen["interval"] = self.interval
        return {
            key: list(value) if key in ("units", "populations") else value
            for key, value in chosen.items()
            if value is not None
        }

    def check(self, rec: Recording) -> Selection:
        """Itself, if it fits the recording.

        Raises
        ------
        RecordingError : naming what does not
        """
        _check_window(self.t0, self.t1, rec)
        if (
            self.units is not None
            and self.units
            and not 0 <= self.units[0] <= self.units[-1] < len(rec.units)
        ):
            raise RecordingError(
                f"unit row {self.units[-1]} is chosen, but this recording has {len(rec.units)} units"
            )
        for name in self.populations or ():
            rec.rows_of(name)
        if self.interval is not None:
            _check_interval(self.interval, rec)
        return self


def select(
    t0: float | None = None,
    t1: float | None = None,
    units: Iterable[int] | None = None,
    populations: Iterable[str] | None = None,
    interval: tuple[str, int] | None = None,
) -> Selection:
    """A selection from values as a person gives them."""
    return Selection(
        None if t0 is None else _finite(t0, "t0"),
        None if t1 is None else _finite(t1, "t1"),
        None if units is None else tuple(sorted({int(row) for row in units})),
        None if populations is None else tuple(str(name) for name in populations),
        None if interval is None else (str(interval[0]), int(interval[1])),
    )


def from_query(query: Mapping[str, str]) -> Selection:
    """The selection that an address holds.

    Raises
    ------
    RecordingError : naming the part of the address that makes no sense
    """
    t0, t1 = _window(query["t"]) if query.get("t") else (None, None)
    units = _rows(query["units"]) if "units" in query else None
    populations = tuple(_unescaped(query["pop"])) if "pop" in query else None
    return Selection(
        t0, t1, units, populations, _interval(query["interval"]) if query.get("interval") else None
    )


def _window(text: str) -> tuple[float | None, float | None]:
    first, joint, second = text.partition("_")
    if not joint:
        raise RecordingError(f"the address says t={text[:40]!r}; a time window looks like t=0.5_2")
    return tuple(None if not part else _finite(part, "t") for part in (first, second))  # type: ignore[return-value]


def _finite(value: Any, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(f"{name} must be a number of seconds, not {str(value)[:40]!r}")
    return number


def _rows(text: str) -> tuple[int, ...]:
    rows: set[int] = set()
    asked = 0
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise RecordingError(f"the address says units={part[:40]!r}; unit rows look like units=0-9,12")
        asked += last - first + 1
        if asked > MOST_UNITS:
            raise RecordingError(f"the address asks for more than {MOST_UNITS:,} units")
        rows.update(range(first, last + 1))
    return tuple(sorted(rows))


def _runs(rows: tuple[int, ...]) -> list[str]:
    if not rows:
        return []
    values = np.asarray(rows)
    breaks = np.flatnonzero(np.diff(values) != 1)
    first, last = values[np.r_[0, breaks + 1]], values[np.r_[breaks, len(values) - 1]]
    return [str(a) if a == b else f"{a}-{b}" for a, b in zip(first.tolist(), last.tolist(), strict=True)]


def _unescaped(text: str) -> list[str]:
    parts = re.findall(r"((?:\\.|[^,\\])*)(?:,|$)", text, flags=re.DOTALL)
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in parts if part]


def _interval(text: str) -> tuple[str, int]:
    table, _, row = text.rpartition(":")
    if not table or not (row.isascii() and row.isdecimal()):
        raise RecordingError(
            f"the address says interval={text[:40]!r}; an interval looks like interval=trials:3"
        )
    return table, int(row[:9])


def _check_window(t0: float | None, t1: float | None, rec: Recording) -> None:
    if t0 is not None and t1 is not None and t1 <= t0:
        raise RecordingError(f"the time window ends before it starts ({t1:g} s ≤ {t0:g} s)")
    for edge in (t0, t1):
        if edge is not None and not math.isfinite(edge):
            raise RecordingError("the time window must be finite")
    if (t0 is not None and t0 >= rec.t_stop) or (t1 is not None and t1 <= rec.t_start):
        raise RecordingError(
            f"the time window lies outside the recording, which spans {rec.t_start:g}–{rec.t_stop:g} s"
        )


def _check_interval(interval: tuple[str, int], rec: Recording) -> None:
    table, row = interval
    if table not in rec.intervals:
        known = ", ".join(map(repr, rec.intervals)) or "none"
        raise RecordingError(f"no intervals called {table!r} in this recording; it has {known}")
    if not 0 <= row < len(rec.intervals[table]):
        raise RecordingError(f"{table} {row} is chosen, but there are {len(rec.intervals[table])}")
    chosen = rec.intervals[table].iloc[row]
    if not (math.isfinite(chosen["start"]) and math.isfinite(chosen["stop"])):
        raise RecordingError(f"{table} {row} has no start or no stop in the file")
