"""NWB (Neurodata Without Borders): units, trials, signals of one session, read with HDF5 alone.

Rübel et al., eLife 11:e78362, 2022, and the schema of NWB 2; of NWB 1 what `nwb_old` reads. Times are seconds after
the file's reference time. What a file holds is found in `nwb_contents`, read by `nwb_units`, `nwb_intervals` and
`nwb_series`, and put together here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from spikeboard.columns import changed, extent, joined
from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5, reader
from spikeboard.readers.nwb_contents import contents, is_nwb
from spikeboard.readers.nwb_intervals import fresh, in_order, read_epochs, read_intervals, short_name
from spikeboard.readers.nwb_old import read_trains
from spikeboard.readers.nwb_series import Signal, read_series
from spikeboard.readers.nwb_units import Units, read_units
from spikeboard.readers.remarks import about_duplicates
from spikeboard.readers.spikelist import DEFAULT_POPULATION, Answers, answers
from spikeboard.readers.unit_table import by_population
from spikeboard.recording import Recording, clock, recording

OBSERVED = "observed"


@dataclass(frozen=True, eq=False)
class _Session:
    """What a file holds, in its own order."""

    units: Sequence[Units]
    intervals: Mapping[str, pd.DataFrame]
    signals: Mapping[str, Signal]


def sniff(path: Path) -> bool:
    """Whether a path is an NWB file. Never raises."""
    try:
        return path.is_file() and is_nwb(path)
    except OSError:
        return False


@reader("NWB", sniff, order=10)
def read(
    path: Path,
    population_column: str | None = None,
    trial: str | None = None,
    t_start: float | str | None = None,
    t_stop: float | str | None = None,
) -> Recording:
    """The session in an NWB file.

    Parameters
    ----------
    path : NWB file
    population_column : column of the units, such as "location", whose values are the populations; one if None
    trial : which run to take of an NWB 1 file of BMTK that holds several
    t_start, t_stop : s, when observation began and ended; NWB does not say

    Raises
    ------
    RecordingError : where the file is damaged or its parts do not fit together
    Undecided : where it holds several runs
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    notes: list[str] = []
    with hdf5.opened(path) as file:
        session = _session(file, trial, notes)
    if not session.units and not session.signals and not session.intervals:
        raise RecordingError(
            f"{path.name!r} holds no units, signals or intervals. {'; '.join(notes)}".strip()
        )
    return _assembled(path, session, population_column, given, notes)


def _session(file: hdf5.OpenFile, trial: str | None, notes: list[str]) -> _Session:
    found = contents(file, notes)
    units = [read_units(file, group, "", notes) for group in found.units]
    names = _names([short_name(group) for group in found.units])
    units = [replace(part, population=name) for part, name in zip(units, names, strict=True)]
    units += read_trains(file, found.trains, trial, notes)
    if not units:
        notes.append("the file holds no units")
    intervals = read_intervals(file, found.intervals, notes)
    for name, table in read_epochs(file, found.epochs, notes).items():
        intervals[fresh(name, intervals)] = table
    signals, annotations = read_series(file, found.series, notes)
    for name, table in annotations.items():
        intervals[fresh(name, intervals)] = table
    return _Session(units, intervals, signals)


def _names(names: Sequence[str]) -> list[str]:
    """What tables of units are called: one is the default, several are told apart."""
    if len(names) <= 1:
        return [DEFAULT_POPULATION] * len(names)
    return [name if names.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(names)]


def _assembled(
    path: Path, session: _Session, population_column: str | None, given: Answers, notes: list[str]
) -> Recording:
    units, place = _populations(_table(session.units), population_column)
    times, rows = joined([part.times for part in session.units], np.float64), _rows(session.units, place)
    observed = _observed(session.units, units, place)
    intervals = dict(session.intervals)
    if observed is not None:
        intervals[fresh(OBSERVED, intervals)] = observed
    start, stop = _window(session, times, observed, given, notes)
    rec = recording(
        path.stem,
        times,
        rows,
        units,
        t_start=start,
        t_stop=stop,
        sampling_rate=_rate(session.units, times),
        states={name: signal.state for name, signal in session.signals.items()},
        intervals=in_order(intervals),
        source=str(path),
    )
    return replace(
        rec,
        notes=(*notes, *about_duplicates(rec), *_about_observation(rec, observed), *_about_outside(rec)),
    )


def _table(parts: Sequence[Units]) -> pd.DataFrame:
    """Units of all tables one after another."""
    tables = []
    for part in parts:
        columns = {name: column for name, column in part.columns.items() if name != "_table"}
        tables.append(pd.DataFrame({"_table": part.population, "id": part.ids, **columns}))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"_table": [], "id": []})
    if len({part.ids.dtype.kind for part in parts}) > 1:
        table["id"] = table["id"].astype(str)
    return table


def _rows(parts: Sequence[Units], place: np.ndarray) -> np.ndarray:
    """Row of the unit table of each spike; place is where each unit of the file stands in it."""
    firsts = np.cumsum([0, *(len(part.ids) for part in parts)])
    moved = [
        changed(lambda some, first=first: place[first + some], part.rows, dtype=np.int32)
        for first, part in zip(firsts, parts, strict=False)
    ]
    return joined(moved, np.int32)


def _populations(table: pd.DataFrame, column: str | None) -> tuple[pd.DataFrame, np.ndarray]:
    """The unit table, and where each unit of the file now stands in it."""
    if column is None:
        units = table.rename(columns={"_table": "population"})
        return units, np.arange(len(units))
    before = np.arange(len(table))
    units, place = by_population(table.drop(columns="_table"), before, column, DEFAULT_POPULATION)
    return units, place


def _observed(parts: Sequence[Units], units: pd.DataFrame, place: np.ndarray) -> pd.DataFrame | None:
    """When units were observed: one table for all where it was the same for all, else with a column "unit"."""
    first, spans = 0, [np.zeros((0, 3))]
    for part in parts:
        spans.append(part.observed + np.array([first, 0, 0]))
        first += len(part.ids)
    every = np.concatenate(spans)
    if not len(every):
        return None
    every = every[np.lexsort((every[:, 2], every[:, 1], place[every[:, 0].astype(np.int64)]))]
    rows = place[every[:, 0].astype(np.int64)]
    of_first = every[rows == rows[0], 1:]
    same = len(every) == len(of_first) * len(units) and np.array_equal(
        every[:, 1:], np.tile(of_first, (len(units), 1))
    )
    if same:
        return pd.DataFrame({"start": of_first[:, 0], "stop": of_first[:, 1]})
    return pd.DataFrame({"start": every[:, 1], "stop": every[:, 2], "unit": rows})


def _rate(parts: Sequence[Units], times: np.ndarray) -> float | None:
    """The clock of the spikes, Hz, where the file states one and all of them lie on it."""
    steps = {part.resolution for part in parts}
    step = steps.pop() if len(steps) == 1 else None
    if step is None or not np.isfinite(step) or not 1e-9 <= step <= 1 or not len(times):
        return None
    return clock(times, step)


def _window(
    session: _Session, times: np.ndarray, observed: pd.DataFrame | None, given: Answers, notes: list[str]
) -> tuple[float, float]:
    """When observation began and ended, s: from all that the file dates, for NWB itself does not say."""
    starts, stops = _dated(session, times, observed)
    first, (last, what) = min(starts, default=0.0), max(stops, default=(0.0, ""))
    # Times counted from long before the session, such as those of a clock on the wall.
    late = first > max(0.0, last - first)
    start = (first if late else min(0.0, first)) if given.t_start is None else given.t_start
    if late and given.t_start is None:
        notes.append(
            f"nothing is dated before {first:.9g} s: the session is shown from there; t_start=… overrules"
        )
    if given.t_stop is not None:
        return start, given.t_stop
    stop = max(start, last)
    notes.append(
        f"NWB does not say when recording ended: {what}, {stop:.9g} s, was taken; t_stop=… overrules"
        if what
        else "nothing in the file has a time: the recording has no duration; t_stop=… gives it one"
    )
    return start, stop


def _dated(
    session: _Session, times: np.ndarray, observed: pd.DataFrame | None
) -> tuple[list[float], list[tuple[float, str]]]:
    """Beginnings, and ends with what they are the end of."""
    tables = {**session.intervals, **({OBSERVED: observed} if observed is not None else {})}
    starts: list[float] = []
    stops: list[tuple[float, str]] = []
    if len(times):
        first, last = extent(times)
        starts.append(float(first))
        stops.append((float(last), "the last spike"))
    for name, table in tables.items():
        finite = table[np.isfinite(table["start"]) & np.isfinite(table["stop"])]
        if len(finite):
            starts.append(float(finite["start"].min()))
            stops.append((float(finite["stop"].max()), f"the end of {name!r}"))
    # Samples with times of their own may hold a stray one, years away.
    for name, signal in session.signals.items():
        if signal.by_clock:
            time = signal.state.time
            starts.append(float(time[0]))
            stops.append(
                (
                    float(time[-1] + (time[-1] - time[0]) / max(1, len(time) - 1)),
                    f"the end of signal {name!r}",
                )
            )
    return starts, stops


def _about_observation(rec: Recording, observed: pd.DataFrame | None) -> list[str]:
    if observed is None or not rec.duration:
        return []
    lengths = (observed["stop"] - observed["start"]).to_numpy()
    rows = observed["unit"].to_numpy() if "unit" in observed else np.zeros(len(observed), int)
    totals = np.bincount(rows, weights=lengths)[np.unique(rows)]
    if np.allclose(totals, rec.duration, rtol=1e-9):
        return []
    how_long = f"{totals.min():.6g}" if np.isclose(totals.min(), totals.max()) else (
        f"{totals.min():.6g} to {totals.max():.6g}"
    )  # fmt: skip
    return [
        f"units were observed for {how_long} s of the {rec.duration:.6g} s (intervals {OBSERVED!r}): "
        "rates over the whole recording are too low by as much"
    ]


def _about_outside(rec: Recording) -> list[str]:
    notes = []
    for name, state in rec.states.items():
        outside = int(np.count_nonzero((state.time < rec.t_start) | (state.time > rec.t_stop)))
        if outside:
            notes.append(
                f"signal {name!r}: {outside:,} of {len(state.time):,} samples lie outside of the recording"
            )
    return notes
