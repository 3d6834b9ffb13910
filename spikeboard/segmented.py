"""A recording from segments: stretches of time that were recorded one by one, each with trains, signals and intervals.

Neo's segments, SpikeInterface's segments and sweeps of a patch clamp are such stretches. Where their times go on from
one to the next they stay as they are; where each starts its clock anew they are put one after another, and told.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.readers.remarks import about_duplicates
from spikeboard.recording import PopulationSpikes, Recording, State, clock, gather, recording, to_ticks
from spikeboard.stepped import distinct

POPULATION = "units"


@dataclass(frozen=True, eq=False)
class Train:
    """One unit's spikes in one segment.

    key : what tells the unit from others of its population, in every segment: its id
    times : (N,) float64, s, on the segment's own clock
    population : of the unit
    columns : what is known of the unit
    """

    key: Hashable
    times: np.ndarray
    population: str = POPULATION
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sampled:
    """A signal in one segment: (T, K) values at (T,) times (s), its unit; a label and a unit's key per column."""

    name: str
    values: np.ndarray
    time: np.ndarray
    unit: str
    labels: tuple[str, ...]
    keys: tuple[Hashable | None, ...]
    population: str = POPULATION


@dataclass(frozen=True, eq=False)
class Segment:
    """A stretch of time.

    t_start, t_stop : s, on its own clock; t_stop None where nothing tells it
    trains, signals : what was recorded in it
    intervals : {name: start, stop and what else is known}, s
    """

    t_start: float
    t_stop: float | None
    trains: Sequence[Train] = ()
    signals: Sequence[Sampled] = ()
    intervals: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    name: str = ""


def from_segments(
    segments: Sequence[Segment],
    *,
    name: str,
    sampling_rate: float | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    notes: Iterable[str] = (),
    source: str = "",
) -> Recording:
    """A recording from segments.

    Parameters
    ----------
    segments : in the order in which they were recorded
    name : what to call the recording
    sampling_rate : Hz, of the clock of the spikes where the source tells one
    t_start, t_stop : s, to overrule what the segments say
    notes : what was assumed so far, in words
    source : the path it came from

    Raises
    ------
    RecordingError : where the parts do not fit together
    """
    told = list(notes)
    closed = [_closed(segment, sampling_rate, told, len(segments) > 1) for segment in segments]
    offsets = _offsets(closed, sampling_rate, told)
    units, times, rows = _gathered(closed, offsets)
    start, stop = _span(closed, offsets, t_start, t_stop)
    rate = sampling_rate if sampling_rate and clock(times, 1 / sampling_rate) else None
    if sampling_rate and rate is None and len(times):
        told.append(
            f"the spikes do not lie on the {sampling_rate:g} Hz clock that is named: time is taken as continuous"
        )
    rec = recording(
        name,
        times,
        rows,
        units,
        t_start=start,
        t_stop=stop,
        sampling_rate=rate,
        states=_states(closed, offsets, units),
        intervals=_intervals(closed, offsets),
        notes=told,
        source=source,
    )
    return replace(rec, notes=(*rec.notes, *about_duplicates(rec)))


def column(values: Sequence[Any]) -> np.ndarray:
    """Values of any kind as one column that a table can hold: numbers or truth values where all are, else text."""
    kinds = {_kind(value) for value in values}
    if kinds == {"bool"}:
        return np.array(values, bool)
    if kinds == {"int"}:
        return np.array(values, np.int64)
    if kinds <= {"int", "float", "none"} and kinds != {"none"}:
        return np.array([np.nan if value is None else float(value) for value in values])
    return np.array(["" if value is None else str(value)[:1000] for value in values], object)


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, int | np.integer):
        return "int" if -(2**63) <= value < 2**63 else "text"
    return "float" if isinstance(value, float | np.floating) else "text"


def _closed(segment: Segment, rate: float | None, told: list[str], several: bool) -> Segment:
    """The segment with an end, and with no spike outside of it."""
    times = [train.times for train in segment.trains if len(train.times)]
    first = min([segment.t_start, *(part.min() for part in times)])
    last = max((float(part.max()) for part in times), default=segment.t_start)
    sampled = [float(signal.time[-1]) for signal in segment.signals if len(signal.time)]
    what = f"segment {segment.name!r}" if several else "the recording"
    stop = segment.t_stop
    if stop is None:
        stop = max([last + (1 / rate if rate else 0.0), *sampled])
        told.append(
            f"when {what} ended is not told: {'one sample after ' if rate else ''}the last event, {stop:g} s, was "
            "taken; give t_stop=… to overrule"
        )
    elif last > stop or first < segment.t_start:
        told.append(
            f"{what} is said to last from {segment.t_start:g} to {stop:g} s, but spikes lie from {first:g} to "
            f"{last:g} s: it is shown with them"
        )
    return Segment(
        float(first), float(max(stop, last)), segment.trains, segment.signals, segment.intervals, segment.name
    )


def _end(segment: Segment) -> float:
    if segment.t_stop is None:
        raise RecordingError("a segment without an end cannot be placed")
    return segment.t_stop


def _offsets(segments: Sequence[Segment], rate: float | None, told: list[str]) -> np.ndarray:
    """Seconds to add to the times of each segment."""
    starts = np.array([segment.t_start for segment in segments])
    stops = np.array([_end(segment) for segment in segments])
    # Half a nanosecond: an end and the next start may differ in their last bit.
    if np.all(starts[1:] >= stops[:-1] - 5e-10):
        return np.zeros(len(segments))
    ticks = 1e9 if rate is None else rate
    length = np.ceil(np.round((stops - starts) * ticks, 6)) / ticks
    begins = starts[0] + np.r_[0.0, np.cumsum(length)[:-1]]
    told.append(
        f"each of the {len(segments)} segments starts its own clock: they were put one after another (intervals "
        '"segments"); an interval that spans such a moment joins the end of one segment to the start of the next'
    )
    return to_ticks(begins - starts, ticks) / ticks


def _gathered(
    segments: Sequence[Segment], offsets: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    trains: dict[str, dict[Hashable, list[tuple[Train, float]]]] = {}
    for segment, offset in zip(segments, offsets, strict=True):
        for train in segment.trains:
            trains.setdefault(train.population, {}).setdefault(train.key, []).append((train, float(offset)))
    return gather([_population(name, units) for name, units in trains.items()])


def _population(name: str, units: Mapping[Hashable, list[tuple[Train, float]]]) -> PopulationSpikes:
    known = column(list(units))
    ids = [
        np.repeat(key, sum(len(train.times) for train, _ in parts))
        for key, parts in zip(known, units.values(), strict=True)
    ]
    times = [train.times + offset for parts in units.values() for train, offset in parts]
    described = [
        {key: value for train, _ in parts for key, value in train.columns.items()} for parts in units.values()
    ]
    names = dict.fromkeys(key for found in described for key in found if key not in ("population", "id"))
    columns = {key: column([found.get(key) for found in described]) for key in names}
    return PopulationSpikes(
        name, np.concatenate([known[:0], *ids]), np.concatenate([np.zeros(0), *times]), known, columns
    )


def _span(
    segments: Sequence[Segment], offsets: np.ndarray, t_start: float | None, t_stop: float | None
) -> tuple[float, float]:
    starts = [segment.t_start + offset for segment, offset in zip(segments, offsets, strict=True)]
    stops = [_end(segment) + offset for segment, offset in zip(segments, offsets, strict=True)]
    start = min(starts, default=0.0) if t_start is None else t_start
    return start, max(stops, default=start) if t_stop is None else t_stop


def _intervals(segments: Sequence[Segment], offsets: np.ndarray) -> dict[str, pd.DataFrame]:
    found: dict[str, list[pd.DataFrame]] = {}
    for segment, offset in zip(segments, offsets, strict=True):
        for name, frame in segment.intervals.items():
            moved = frame.assign(start=frame["start"] + offset, stop=frame["stop"] + offset)
            found.setdefault(name, []).append(moved)
    merged = {name: pd.concat(frames, ignore_index=True) for name, frames in found.items()}
    if len(segments) < 2:
        return merged
    table = pd.DataFrame(
        {
            "start": [segment.t_start + offset for segment, offset in zip(segments, offsets, strict=True)],
            "stop": [_end(segment) + offset for segment, offset in zip(segments, offsets, strict=True)],
            "label": [segment.name for segment in segments],
        }
    )
    return {distinct("segments", merged): table, **merged}


def _states(segments: Sequence[Segment], offsets: np.ndarray, units: pd.DataFrame) -> dict[str, State]:
    found: dict[tuple[Any, ...], list[tuple[Sampled, float]]] = {}
    for segment, offset in zip(segments, offsets, strict=True):
        for signal in segment.signals:
            alike = (signal.name, signal.unit, signal.labels, signal.keys, signal.population)
            found.setdefault(alike, []).append((signal, float(offset)))
    place = dict(
        zip(
            zip(units["population"].astype(str), units["id"].astype(str), strict=True),
            range(len(units)),
            strict=True,
        )
    )
    states: dict[str, State] = {}
    for parts in found.values():
        states[distinct(parts[0][0].name, states)] = _state(parts, place)
    return states


def _state(parts: Sequence[tuple[Sampled, float]], place: Mapping[tuple[str, Any], int]) -> State:
    first = parts[0][0]
    # One array stays as it is: it may be large, and may be mapped from its file.
    values = first.values if len(parts) == 1 else np.concatenate([signal.values for signal, _ in parts])
    time = np.concatenate([np.asarray(signal.time, np.float64) + offset for signal, offset in parts])
    rows = np.array([place.get((first.population, str(key)), -1) for key in first.keys], np.int32)
    return State(values, time, first.name, first.unit, rows, first.labels)
