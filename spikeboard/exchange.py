"""Recordings in the formats of others: tables, NPZ, SONATA, NWB, Neo.

Tables and NPZ hold all of a recording, and open again as what they were. The other formats have no place for some of
it: what is left out is told, never dropped in silence.
"""

from __future__ import annotations

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.lib import format as npy_format

from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording
from spikeboard.stepped import distinct
from spikeboard.version import VERSION

FORMS = {
    "csv": ("CSV", ".zip"),
    "parquet": ("Parquet", ".zip"),
    "npz": ("NPZ", ".npz"),
    "nwb": ("NWB", ".nwb"),
    "sonata": ("SONATA spikes", ".h5"),
    "nix": ("NIX (Neo)", ".nix"),
}
NWB_VERSION = "2.8.0"
# NWB demands a date; a simulation has none.
NO_DATE = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Exported:
    """A file that was written, and what of the recording its format has no place for, in words."""

    path: Path
    left_out: tuple[str, ...]


def export(rec: Recording, path: str | Path, form: str = "") -> Exported:
    """Write a recording in another format.

    Parameters
    ----------
    rec : any recording
    path : of the file to write; it must not exist
    form : "csv" or "parquet" (tables in a zip), "npz", "nwb", "sonata" or "nix"; told by the ending of `path` where ""

    Returns
    -------
    Exported : the path, and what was left out because the format has no place for it

    Raises
    ------
    RecordingError : for another form, a file that exists, or a package that is missing
    """
    path = Path(path)
    form = form or next((key for key, (_, ending) in FORMS.items() if path.suffix.lower() == ending), "")
    if form not in FORMS:
        raise RecordingError(
            f"a recording can be had as {', '.join(FORMS)}, not as {form[:40] or path.suffix!r}"
        )
    if path.exists():
        raise RecordingError(f"{path.name!r} exists already: choose another name")
    temporary = path.with_name(f".{path.name[:100]}-{uuid.uuid4().hex[:8]}{FORMS[form][1]}")
    try:
        _WRITERS[form](rec, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(path, left_out(rec, form))


def forms() -> dict[str, str]:
    """The forms that can be written here and what they are called; Neo's only where it is installed."""
    usable = find_spec("neo") is not None and find_spec("nixio") is not None
    return {form: label for form, (label, _) in FORMS.items() if form != "nix" or usable}


def left_out(rec: Recording, form: str) -> tuple[str, ...]:
    """What of a recording a form has no place for, in words."""
    return tuple(_LEFT_OUT.get(form, _nothing)(rec))


def _nothing(rec: Recording) -> Iterator[str]:
    yield from ()


# Tables and arrays: all of it ----------------------------------------------------------------------------------


def _tables(form: str) -> Callable[[Recording, Path], None]:
    def write(rec: Recording, path: Path) -> None:
        shutil.move(tables.packed(rec, form), path)

    return write


def _npz(rec: Recording, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as bundle:
        for name, array in _arrays(rec):
            with bundle.open(f"{name}.npy", "w", force_zip64=True) as entry:
                npy_format.write_array(entry, np.asarray(array), allow_pickle=False)


def _arrays(rec: Recording) -> Iterator[tuple[str, np.ndarray]]:
    described = tables.described(rec)
    yield "recording", np.frombuffer(json.dumps(described).encode(), np.uint8)
    yield "spikes.time_s", rec.spike_times
    yield "spikes.unit", rec.spike_rows
    yield "units.population", rec.units["population"].astype(str).to_numpy("U")
    yield "units.id", _plain_ids(rec.units["id"])
    layout = described["layout"]
    kinds = (
        ([layout["units"]], [rec.units]),
        (layout["intervals"], rec.intervals.values()),
        (layout["rates"], rec.rates.values()),
    )
    for told, frames in kinds:
        for table, frame in zip(told, frames, strict=True):
            yield from _numbers(table, frame)
    for told, state in zip(layout["states"], rec.states.values(), strict=True):
        yield f"{told['file']}.values", np.asarray(state.values)
        yield f"{told['file']}.time_s", np.asarray(state.time)
    for told, synapses in zip(layout["connections"], rec.connections.values(), strict=True):
        for part in ("indptr", "indices", "weight", "delay"):
            if getattr(synapses, part) is not None:
                yield f"{told['file']}.{part}", np.asarray(getattr(synapses, part))


def _plain_ids(ids: pd.Series) -> np.ndarray:
    return ids.to_numpy() if ids.dtype.kind in "iu" else ids.astype(str).to_numpy("U")


def _numbers(table: dict[str, Any], frame: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """The columns of numbers by their place; texts stand in the description."""
    for place, column in enumerate(table["columns"]):
        if "texts" not in column:
            yield f"{table['file']}.{place}", frame.iloc[:, place].to_numpy(column["dtype"])


# SONATA --------------------------------------------------------------------------------------------------------


def _sonata(rec: Recording, path: Path) -> None:
    numbers = sonata_ids(rec)
    with h5py.File(path, "w") as file:
        file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], np.uint32)
        codes = rec.units["population"].cat.codes.to_numpy()
        for population in rec.populations["name"]:
            rows = rec.rows_of(population)
            chosen = np.flatnonzero((rec.spike_rows >= rows.start) & (rec.spike_rows < rows.stop))
            group = file.create_group(f"spikes/{_link(population)}")
            group.attrs["sorting"] = "by_time"
            group["timestamps"] = rec.spike_times[chosen] * 1000.0
            group["timestamps"].attrs["units"] = "milliseconds"
            group["node_ids"] = numbers[rec.spike_rows[chosen]].astype(np.uint64)
            _nodes(file, _link(population), numbers[codes == codes[rows.start]])


def sonata_ids(rec: Recording) -> np.ndarray:
    """Node ids as SONATA takes them, (n_units,) uint64: the units' own, or their places in their population."""
    ids = rec.units["id"]
    if _sonata_takes(rec):
        return ids.to_numpy().astype(np.uint64)
    codes = rec.units["population"].cat.codes.to_numpy()
    first = rec.populations["first"].to_numpy(np.int64)
    return (np.arange(len(ids)) - (first[codes] if len(ids) else 0)).astype(np.uint64)


def _sonata_takes(rec: Recording) -> bool:
    ids = rec.units["id"]
    whole = ids.dtype.kind in "iu" and not (ids < 0).any()
    return bool(whole and not rec.units.duplicated(["population", "id"]).any())


def _nodes(file: h5py.File, population: str, ids: np.ndarray) -> None:
    group = file.create_group(f"nodes/{population}")
    group["node_id"] = ids
    group["node_type_id"] = np.zeros(len(ids), np.uint64)
    group["node_group_id"] = np.zeros(len(ids), np.uint64)
    group["node_group_index"] = np.arange(len(ids), dtype=np.uint64)
    group.create_group("0")


def _left_of_sonata(rec: Recording) -> Iterator[str]:
    yield f"t_start and t_stop ({rec.t_start:g} to {rec.t_stop:g} s) and the clock: SONATA keeps them in its config"
    if not _sonata_takes(rec):
        yield "ids of units: SONATA takes whole numbers from 0, so units are numbered in each population"
    yield from _extras(rec, "columns", "states", "rates", "connections", "intervals")


def _extras(rec: Recording, *kinds: str) -> Iterator[str]:
    found = {
        "columns": [str(name) for name in rec.units if name not in ("population", "id")],
        "states": list(rec.states), "rates": list(rec.rates),
        "connections": list(rec.connections), "intervals": list(rec.intervals),
    }  # fmt: skip
    words = {"columns": "columns of the unit table", "connections": "projections"}
    for kind in kinds:
        if found[kind]:
            some = ", ".join(name[:40] for name in found[kind][:5])
            more = f" and {len(found[kind]) - 5} more" if len(found[kind]) > 5 else ""
            yield f"{words.get(kind, kind)}: {some}{more}"


def _link(name: object) -> str:
    """A name as HDF5 takes it for a link: without slashes, and no more than a dot."""
    text = str(name).replace("/", "∕").replace("\0", " ")
    return text if text.strip(".") else f"_{text}"


# NWB -----------------------------------------------------------------------------------------------------------


def _nwb(rec: Recording, path: Path) -> None:
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
        _nwb_units(file.create_group("units"), rec)
        taken: set[str] = set()
        for name, frame in rec.intervals.items():
            called = distinct(_link(name), taken)
            taken.add(called)
            renamed = frame.rename(columns={"start": "start_time", "stop": "stop_time"})
            _table(file.create_group(f"intervals/{called}"), "TimeIntervals", renamed, str(name))
        _nwb_series(file.require_group("acquisition"), rec)


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
        names[str(name)] = distinct(_link(name), {*names.values(), "id"})
    _typed(group, kind, "core", description=description or kind)
    group.attrs["colnames"] = np.array(list(names.values()), h5py.string_dtype())
    _column(group, "id", np.arange(len(frame)), "ElementIdentifiers")
    for place, (name, called) in enumerate(names.items()):
        _column(group, called, _values(frame.iloc[:, place]), description=name)


def _values(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy()
    return column.astype(object).map(lambda value: "" if value is None else str(value)).to_numpy(object)


def _nwb_units(group: h5py.Group, rec: Recording) -> None:
    whole = rec.units["id"].dtype.kind in "iu"
    table = rec.units.drop(columns="id") if whole else rec.units.rename(columns={"id": "unit_name"})
    _table(group, "Units", table, "the units of the recording, silent ones included")
    del group["id"]
    ids = rec.units["id"].to_numpy() if whole else np.arange(len(rec.units))
    _column(group, "id", ids, "ElementIdentifiers")
    seconds = np.asarray(rec.train_ticks) / rec.ticks_per_second
    spikes = _column(group, "spike_times", seconds, description="spike times, s")
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


def _nwb_series(group: h5py.Group, rec: Recording) -> None:
    for name, state in rec.states.items():
        series = group.create_group(distinct(_link(name), set(group)))
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


def _left_of_nwb(rec: Recording) -> Iterator[str]:
    yield "the date of the session, which NWB demands: 1970-01-01 stands in its place"
    if rec.units["id"].dtype.kind not in "iu":
        yield "ids of units: NWB takes whole numbers, so the names stand in the column unit_name"
    if rec.states:
        yield "which units the columns of states are of"
    yield from _extras(rec, "rates", "connections")


# Neo -----------------------------------------------------------------------------------------------------------


def to_neo(rec: Recording) -> Any:
    """A recording as a `neo.Block` of one segment; populations, ids and what is known of units are annotations.

    Raises
    ------
    RecordingError : where Neo is not installed
    """
    if find_spec("neo") is None:
        raise RecordingError("a Neo block needs Neo: pip install 'spikeboard[neo]'")
    neo: Any = import_module("neo")
    block = neo.Block(name=rec.name, description="; ".join(rec.notes) or None)
    segment = neo.Segment(name=rec.name)
    for row, unit in enumerate(rec.units.to_dict("records")):
        ticks = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
        known = {
            str(name): _scalar(value) for name, value in unit.items() if name not in ("population", "id")
        }
        segment.spiketrains.append(
            neo.SpikeTrain(
                np.asarray(ticks) / rec.ticks_per_second,
                units="s", t_start=rec.t_start, t_stop=rec.t_stop, name=rec.label(row),
                sampling_rate=neo.core.spiketrain.pq.Quantity(rec.sampling_rate or 1.0, "Hz"),
                source_population=str(unit["population"]), source_id=_scalar(unit["id"]), **known,
            )
        )  # fmt: skip
    for name, state in rec.states.items():
        segment.irregularlysampledsignals.append(_neo_signal(neo, rec, name, state))
    for name, frame in rec.intervals.items():
        whole = frame[np.isfinite(frame["start"]) & np.isfinite(frame["stop"])]
        labels = (
            whole["label"].astype(str).tolist() if "label" in whole else [str(row) for row in whole.index]
        )
        durations = (whole["stop"] - whole["start"]).to_numpy()
        epoch = neo.Epoch(whole["start"].to_numpy(), durations=durations, labels=labels, units="s", name=name)
        segment.epochs.append(epoch)
    block.segments.append(segment)
    return block


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _neo_signal(neo: Any, rec: Recording, name: str, state: Any) -> Any:
    try:
        unit = neo.AnalogSignal(
            [0.0], units=state.unit or "dimensionless", sampling_period=1, time_units="s"
        ).units
    except (LookupError, ValueError, TypeError):
        unit = "dimensionless"
    columns = (
        {"source_ids": rec.units["id"].to_numpy()[state.rows]}
        if len(state.rows) and (state.rows >= 0).all()
        else {}
    )
    of = rec.units["population"].astype(str).to_numpy()[state.rows] if columns else np.array([])
    known = {**columns, "source_population": of[0]} if len(set(of)) == 1 else {}
    return neo.IrregularlySampledSignal(
        np.asarray(state.time), np.asarray(state.values), units=unit, time_units="s", name=name, **known
    )


def _nix(rec: Recording, path: Path) -> None:
    if "nix" not in forms():
        raise RecordingError("a NIX file needs Neo and nixio: pip install 'spikeboard[neo]' nixio")
    from neo.io import NixIO

    with NixIO(str(path), mode="ow") as file:
        file.write_block(to_neo(rec))


def _left_of_nix(rec: Recording) -> Iterator[str]:
    if rec.sampling_rate:
        yield f"the {rec.sampling_rate:g} Hz clock: Neo does not keep it in NIX files; times are exact to 1 ns"
    yield from _left_of_neo(rec)


def _left_of_neo(rec: Recording) -> Iterator[str]:
    further = {str(column) for frame in rec.intervals.values() for column in frame} - {
        "start",
        "stop",
        "label",
    }
    if further:
        yield f"columns of intervals: {', '.join(sorted(further)[:5])}"
    open_ended = sum(
        int((~np.isfinite(frame[["start", "stop"]])).any(axis=1).sum()) for frame in rec.intervals.values()
    )
    if open_ended:
        yield f"{open_ended:,} intervals without a start or an end"
    yield from _extras(rec, "rates", "connections")


_WRITERS: dict[str, Callable[[Recording, Path], None]] = {
    "csv": _tables("csv"),
    "parquet": _tables("parquet"),
    "npz": _npz,
    "nwb": _nwb,
    "sonata": _sonata,
    "nix": _nix,
}
_LEFT_OUT: dict[str, Callable[[Recording], Iterator[str]]] = {
    "sonata": _left_of_sonata,
    "nwb": _left_of_nwb,
    "nix": _left_of_nix,
}
