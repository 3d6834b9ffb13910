"""NWB by h5py alone, after the schema of NWB 2: neither pynwb nor all of the spikes in memory are needed for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from spikeboard.exchange.trains import seconds_by_unit
from spikeboard.exchange.words import about_slashes, extras, link
from spikeboard.readers.unit_table import LONGEST_NAME
from spikeboard.recording import Recording
from spikeboard.stepped import distinct
from spikeboard.version import VERSION

NWB_VERSION = "2.8.0"
# NWB demands a date; a simulation has none.
NO_DATE = "1970-01-01T00:00:00+00:00"


def write(rec: Recording, path: Path) -> None:
    """By h5py alone, after the schema of NWB 2: neither pynwb nor all of the spikes in memory are needed for it."""
    with h5py.File(path, "w") as file:
        _typed(file, "NWBFile", "core", nwb_version=NWB_VERSION)
        now = datetime.now(UTC).isoformat()
        file["file_create_date"] = np.array([now], h5py.string_dtype())
        about = {
            "identifier": str(uuid.uuid4()),
            "session_start_time": NO_DATE,
            "timestamps_reference_time": NO_DATE,
        }
        about["session_description"] = "; ".join([f"{rec.name} (Spikeboard {VERSION})", *rec.notes])
        for name, text in about.items():
            file.create_dataset(name, data=text, dtype=h5py.string_dtype())
        for name in (
            "acquisition",
            "analysis",
            "general",
            "processing",
            "stimulus/presentation",
            "stimulus/templates",
        ):
            file.create_group(name)
        _units(file.create_group("units"), rec)
        taken: set[str] = set()
        for name, frame in rec.intervals.items():
            called = distinct(link(name), taken)
            taken.add(called)
            renamed = frame.rename(columns={"start": "start_time", "stop": "stop_time"})
            _table(file.create_group(f"intervals/{called}"), "TimeIntervals", renamed, str(name))
        _series(file.require_group("acquisition"), rec)


def _typed(thing: Any, kind: str, namespace: str, **more: Any) -> None:
    for name, value in {
        "neurodata_type": kind,
        "namespace": namespace,
        "object_id": str(uuid.uuid4()),
        **more,
    }.items():
        thing.attrs[name] = value


def _column(
    group: h5py.Group, name: str, values: np.ndarray, kind: str = "VectorData", **more: Any
) -> h5py.Dataset:
    if values.dtype.kind in "OUS":
        data = group.create_dataset(
            name, data=[str(value) for value in values], dtype=h5py.string_dtype(), shape=values.shape
        )
    else:
        data = group.create_dataset(name, data=values)
    described = {} if kind == "ElementIdentifiers" else {"description": more.pop("description", name)}
    _typed(data, kind, "hdmf-common", **described, **more)
    return data


def _table(group: h5py.Group, kind: str, frame: pd.DataFrame, description: str) -> None:
    names: dict[str, str] = {}
    for name in frame.columns:
        names[str(name)] = distinct(link(name), {*names.values(), "id"})
    _typed(group, kind, "core", description=description or kind)
    group.attrs["colnames"] = np.array(list(names.values()), h5py.string_dtype())
    _column(group, "id", np.arange(len(frame)), "ElementIdentifiers")
    for place, (name, called) in enumerate(names.items()):
        _column(group, called, _values(frame.iloc[:, place]), description=name)


def _values(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy()
    return column.astype(object).map(lambda value: "" if value is None else str(value)).to_numpy(object)


def _units(group: h5py.Group, rec: Recording) -> None:
    whole = rec.units["id"].dtype.kind in "iu"
    table = rec.units.drop(columns="id") if whole else rec.units.rename(columns={"id": "unit_name"})
    _table(group, "Units", table, "the units of the recording, silent ones included")
    del group["id"]
    ids = rec.units["id"].to_numpy() if whole else np.arange(len(rec.units))
    _column(group, "id", ids, "ElementIdentifiers")
    spikes = _column(group, "spike_times", seconds_by_unit(rec), description="spike times, s")
    if rec.sampling_rate:
        spikes.attrs["resolution"] = rec.tick
    span = np.tile([[rec.t_start, rec.t_stop]], (len(rec.units), 1))
    observed = _column(group, "obs_intervals", span, description="when the unit was observed, s")
    for target, ends in ((spikes, rec.train_offsets[1:]), (observed, np.arange(1, len(rec.units) + 1))):
        name = f"{target.name.rsplit('/', 1)[-1]}_index"  # pyright: ignore[reportOptionalMemberAccess]
        _column(
            group,
            name,
            np.asarray(ends, np.uint64),
            "VectorIndex",
            target=target.ref,
            description=f"index of {name[:-6]}",
        )
    names = [*np.asarray(group.attrs["colnames"]).tolist(), "spike_times", "obs_intervals"]
    group.attrs["colnames"] = np.array(names, h5py.string_dtype())


def _series(group: h5py.Group, rec: Recording) -> None:
    for name, state in rec.states.items():
        series = group.create_group(distinct(link(name), set(group)))
        _typed(
            series,
            "TimeSeries",
            "core",
            description=f"{state.variable} of {', '.join(state.labels[:20])}",
            comments="no comments",
        )
        data = series.create_dataset("data", data=np.asarray(state.values))
        for key, value in {
            "unit": state.unit or "unknown",
            "conversion": 1.0,
            "resolution": -1.0,
            "offset": 0.0,
        }.items():
            data.attrs[key] = value
        time = series.create_dataset("timestamps", data=np.asarray(state.time, np.float64))
        time.attrs["interval"], time.attrs["unit"] = np.int32(1), "seconds"


def left_out(rec: Recording) -> Iterator[str]:
    """What NWB has no place for."""
    yield "the date of the session, which NWB demands: 1970-01-01 stands in its place"
    yield "the name of the recording, but as part of the description of the session"
    if rec.notes:
        yield f"{len(rec.notes)} notes, but as part of the description of the session"
    if not len(rec.units):
        yield "t_start and t_stop: NWB tells of each unit when it was observed, and there is none"
    if not len(rec.units) and rec.sampling_rate:
        yield "the clock, which NWB keeps with the spikes"
    if rec.units["id"].dtype.kind not in "iu":
        yield "ids of units: NWB takes whole numbers, so the names stand in the column unit_name"
    if rec.states:
        yield "which units the columns of states are of, and how they are labelled"
    if any(state.variable != name for name, state in rec.states.items()):
        yield "what the variables of states are called, beside the names of the states"
    if any(len(name) > LONGEST_NAME for name in rec.populations["name"]):
        yield f"names of populations beyond {LONGEST_NAME} characters, which are cut when the file is opened"
    yield from about_slashes("states and intervals", rec.states, rec.intervals)
    yield from extras(rec, "rates", "connections")
