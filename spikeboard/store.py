"""A recording on disk: plain columns that are memory-mapped, and one JSON that names them.

    folder/recording.json        what there is, the format's version, the digest; replaced last, in one step
    folder/columns-<id>/*.npy    one array each, never written again; of a state, trace after trace (see below)
    folder/columns-<id>/*.parquet  tables: units, rates, intervals

A new version is written beside the old one; only the JSON's atomic replacement makes it the recording. So a
crash leaves the old state or the new one, and whoever has the old columns mapped keeps them. Columns are written
piece by piece: memory does not grow with the recording.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib import format as npy_format
from numpy.typing import DTypeLike

from spikeboard.columns import mapped, pieces
from spikeboard.errors import RecordingError
from spikeboard.progress import tell
from spikeboard.recording import (
    PROJECTION_COLUMNS,
    Recording,
    State,
    Synapses,
    check_order,
    check_rows,
    check_trains,
)
from spikeboard.replacing import replacing
from spikeboard.version import VERSION

FORMAT = 2
# Format 1 kept no short rows.
READABLE = (1, 2)
SHORT = np.uint16
PIECE_BYTES = 16 * 2**20
# A state of so many traces at most is kept trace after trace, so that drawing a few of them reads no other; of more,
# a piece would be written in scraps, and a moment of all (a picture of a field) be read from everywhere.
TRACES_APART = 256
SPIKES = ("spike_times", "spike_rows", "train_ticks", "train_offsets")
INDEX = "recording.json"
# Columns that are looked at, here and there, for whatever is shown of a part of the recording.
LOOKED_AT_FIRST = ("level", "short_rows", "spike_times")
LARGEST_INDEX = 64 * 2**20


def save(rec: Recording, folder: str | Path) -> Path:
    """Write a recording into a folder, replacing the recording that is there.

    Raises
    ------
    RecordingError : where the folder holds something else
    """
    folder = Path(folder)
    if folder.exists() and not is_store(folder) and not _is_free(folder):
        raise RecordingError(f"{folder} exists and is no Spikeboard recording: choose another folder")
    check_order(rec)
    folder.mkdir(parents=True, exist_ok=True)
    columns = folder / f"columns-{uuid.uuid4().hex[:12]}"
    columns.mkdir()
    try:
        index = _write_columns(rec, columns)
        _replace_index(folder, index)
    except BaseException:
        shutil.rmtree(columns, ignore_errors=True)
        raise
    sweep(folder)
    return folder


def sweep(folder: Path) -> None:
    """Remove what is of no use in a folder: columns that no recording names, and the folder where nothing is left.

    Nobody may be saving a recording into it meanwhile.
    """
    named = _index(folder)["columns"] if is_store(folder) else None
    for old in (*folder.glob("columns-*"), *folder.glob(".recording-*.json")):
        if old.is_dir() and old.name != named:
            shutil.rmtree(old, ignore_errors=True)
        elif old.is_file():
            old.unlink(missing_ok=True)
    with suppress(OSError):  # something is left in it
        folder.rmdir()


def _is_free(folder: Path) -> bool:
    """Whether a folder is empty, or holds but what a crash while saving has left."""
    return folder.is_dir() and all(_is_leftover(path) for path in folder.iterdir())


def _is_leftover(path: Path) -> bool:
    return re.fullmatch(r"columns-[0-9a-f]{12}|\.recording-[0-9a-f]{32}\.json", path.name) is not None


def is_store(folder: Path) -> bool:
    """Whether the folder is a recording that `save` wrote."""
    index = folder / INDEX
    try:
        return index.is_file() and b'"spikeboard"' in index.read_bytes()[:200]
    except OSError:
        return False


def columns_of(folder: Path) -> Path:
    """Where the columns of the recording in a folder lie."""
    name = json.loads((folder / INDEX).read_text(encoding="utf-8"))["columns"]
    return folder / Path(name).name


def files_by_use(folder: Path) -> list[Path]:
    """The columns of the recording in a folder: first what a look at any part of it begins with, then the smallest."""
    first = {name: place for place, name in enumerate(LOOKED_AT_FIRST)}

    def use(file: Path) -> tuple[int, int]:
        name = "level" if file.stem.startswith("level_") else file.stem
        return first.get(name, len(first)), file.stat().st_size

    return sorted(columns_of(folder).iterdir(), key=use)


def load(folder: str | Path) -> Recording:
    """The recording in a folder; its columns are mapped, not read.

    Raises
    ------
    RecordingError : where the folder is no recording, or of a format this version cannot read, or damaged
    """
    folder = Path(folder)
    try:
        return _loaded(folder, _index(folder))
    except RecordingError:
        raise
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as problem:
        raise RecordingError(
            f"the recording in {folder.name!r} is damaged ({problem}): import its source again"
        ) from None


def made_of(stores: Path, source: Path) -> list[Path]:
    """The stores in a folder of stores that were made of a file or folder, or of what lies in it."""
    return [
        folder for folder in stores.iterdir() if is_store(folder) and _source(folder).is_relative_to(source)
    ]


def _source(folder: Path) -> Path:
    try:
        return Path(str(_index(folder)["source"]))
    except (RecordingError, OSError, KeyError):
        return folder


def _write_columns(rec: Recording, columns: Path) -> dict[str, Any]:
    for number, name in enumerate(SPIKES):
        tell("writing", number, len(SPIKES))
        _keep(columns, name, getattr(rec, name))
    if _fits_short(len(rec.units)):
        _keep(columns, "short_rows", rec.spike_rows, SHORT)
    _keep_table(columns, "units", rec.units)
    return {
        "spikeboard": VERSION,
        "format": FORMAT,
        "columns": columns.name,
        "name": rec.name,
        "source": rec.source,
        "options": dict(rec.options),
        "digest": rec.digest,
        "t_start": rec.t_start,
        "t_stop": rec.t_stop,
        "sampling_rate": rec.sampling_rate,
        "spikes": len(rec.spike_times),
        "units": len(rec.units),
        "notes": list(rec.notes),
        "states": [_keep_state(columns, i, *item) for i, item in enumerate(rec.states.items())],
        "rates": _keep_tables(columns, "rate", rec.rates),
        "intervals": _keep_tables(columns, "interval", rec.intervals),
        "connections": [_keep_synapses(columns, i, *item) for i, item in enumerate(rec.connections.items())],
        "projections": json.loads(rec.projections.to_json(orient="records", double_precision=15)),
    }


def _fits_short(n_units: int) -> bool:
    return n_units <= np.iinfo(SHORT).max + 1


def _keep(columns: Path, name: str, values: np.ndarray, dtype: DTypeLike | None = None) -> None:
    """Write an array as NumPy does, but no more of it at once than a piece."""
    kind = values.dtype if dtype is None else np.dtype(dtype)
    by_column = values.ndim == 2 and values.flags.f_contiguous and not values.flags.c_contiguous
    with _written(columns, name, kind, values.shape, by_column) as file:
        for stretch in _stretches(values.T if by_column else values):
            file.write(np.ascontiguousarray(stretch, kind).data)


def _keep_traces(columns: Path, name: str, values: np.ndarray) -> None:
    """Write the values of a state trace after trace, whatever their order in memory."""
    if values.ndim != 2 or values.flags.f_contiguous or values.shape[1] > TRACES_APART:
        _keep(columns, name, values)
        return
    with _written(columns, name, values.dtype, values.shape, by_column=True) as file:
        begins, trace, row = file.tell(), values.itemsize * len(values), 0
        for stretch in _stretches(values):
            for k, part in enumerate(np.ascontiguousarray(stretch.T)):
                file.seek(begins + k * trace + row * values.itemsize)
                file.write(part.data)
            row += len(stretch)


@contextmanager
def _written(
    columns: Path, name: str, kind: np.dtype, shape: tuple[int, ...], by_column: bool
) -> Iterator[BufferedWriter]:
    """An NPY file whose header is there, to write the values into; they are on the disk when it is closed."""
    header = {"descr": npy_format.dtype_to_descr(kind), "fortran_order": by_column, "shape": shape}
    with (columns / f"{name}.npy").open("wb") as file:
        npy_format.write_array_header_1_0(file, header)
        yield file
        file.flush()
        if file.tell() > PIECE_BYTES:
            # The index, which is on the disk before it counts, must not name columns that are not.
            os.fsync(file.fileno())


def _stretches(values: np.ndarray) -> Iterator[np.ndarray]:
    if not values.size:
        return
    row = values.itemsize * values[0].size
    for (stretch,) in pieces(values, size=max(1, PIECE_BYTES // max(row, 1))):
        yield stretch


def _keep_table(columns: Path, name: str, frame: pd.DataFrame) -> None:
    frame.to_parquet(columns / f"{name}.parquet", engine="pyarrow", index=False)


def _keep_tables(columns: Path, kind: str, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    for number, frame in enumerate(tables.values()):
        _keep_table(columns, f"{kind}{number}", frame)
    return [{"name": name, "file": f"{kind}{number}"} for number, name in enumerate(tables)]


def _keep_state(columns: Path, number: int, name: str, state: State) -> dict[str, Any]:
    _keep_traces(columns, f"state{number}_values", state.values)
    for part in ("time", "rows"):
        _keep(columns, f"state{number}_{part}", getattr(state, part))
    described = {"variable": state.variable, "unit": state.unit, "labels": list(state.labels)}
    return {"name": name, "file": f"state{number}", **described}


def _keep_synapses(columns: Path, number: int, name: str, synapses: Synapses) -> dict[str, Any]:
    present = [
        part for part in ("indptr", "indices", "weight", "delay") if getattr(synapses, part) is not None
    ]
    for part in present:
        _keep(columns, f"synapses{number}_{part}", getattr(synapses, part))
    ends = {"source": synapses.source, "target": synapses.target, "weight_unit": synapses.weight_unit}
    return {"name": name, "file": f"synapses{number}", "present": present, **ends}


def _replace_index(folder: Path, index: dict[str, Any]) -> None:
    with replacing(folder / INDEX) as temporary, temporary.open("x", encoding="utf-8") as file:
        json.dump(index, file, allow_nan=False, indent=1)
        file.flush()
        os.fsync(file.fileno())


def _index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    if not path.is_file():
        raise RecordingError(f"{folder} is no Spikeboard recording: it has no {INDEX}")
    if path.stat().st_size > LARGEST_INDEX:
        raise RecordingError(f"{path} is larger than {LARGEST_INDEX >> 20} MiB: not written by Spikeboard")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise RecordingError(f"{path} is not readable JSON: import the source again") from None
    if not isinstance(index, dict) or "spikeboard" not in index:
        raise RecordingError(f"{path} was not written by Spikeboard")
    if index.get("format") not in READABLE:
        raise RecordingError(
            f"{folder.name!r} is a recording of format {index.get('format')}, this version of Spikeboard "
            f"({VERSION}) reads format {FORMAT}: import its source again"
        )
    return index


def _loaded(folder: Path, index: dict[str, Any]) -> Recording:
    columns = _inside(folder, index["columns"])
    units = _units(columns)
    rec = Recording(
        **{name: _column(columns, name) for name in SPIKES},
        short_rows=_column(columns, "short_rows")
        if index["format"] > 1 and _fits_short(len(units))
        else None,
        name=str(index["name"]),
        units=units,
        t_start=float(index["t_start"]),
        t_stop=float(index["t_stop"]),
        sampling_rate=None if index["sampling_rate"] is None else float(index["sampling_rate"]),
        states={entry["name"]: _state(columns, entry) for entry in index["states"]},
        rates={entry["name"]: _table(columns, entry["file"]) for entry in index["rates"]},
        connections={entry["name"]: _synapses(columns, entry) for entry in index["connections"]},
        projections=_projections(index["projections"]),
        intervals={entry["name"]: _table(columns, entry["file"]) for entry in index["intervals"]},
        notes=tuple(map(str, index["notes"])),
        source=str(index["source"]),
        options=dict(index.get("options") or {}),
        folder=folder,
        stored_digest=str(index["digest"]),
    )
    _check_shapes(rec, index)
    return rec


def _check_shapes(rec: Recording, index: dict[str, Any]) -> None:
    expected = {**dict.fromkeys(SPIKES, index["spikes"]), "train_offsets": index["units"] + 1}
    if rec.short_rows is not None:
        expected["short_rows"] = index["spikes"]
    for name, length in expected.items():
        if getattr(rec, name).shape != (length,):
            raise RecordingError(
                f"column {name} has shape {getattr(rec, name).shape}, {length:,} values were expected"
            )
    check_trains(rec.train_offsets, len(rec.units), len(rec.spike_times))
    sizes = rec.populations.set_index("name")["size"] if rec.connections else {}
    for name, synapses in rec.connections.items():
        check_rows(name, synapses, sizes.get(synapses.source, 0))
    if len(rec.units) != index["units"]:
        raise RecordingError(f"the unit table has {len(rec.units)} rows, {index['units']} were expected")


def _inside(folder: Path, name: str) -> Path:
    if not isinstance(name, str) or Path(name).name != name or not name.startswith("columns-"):
        raise RecordingError(f"the recording in {folder.name!r} names a folder outside itself")
    return folder / name


def _units(columns: Path) -> pd.DataFrame:
    written = (columns / "units.parquet").stat()
    return _units_of(columns, written.st_mtime_ns, written.st_size).copy(deep=False)


@lru_cache(maxsize=8)
def _units_of(columns: Path, *_written: int) -> pd.DataFrame:
    """The unit table as it was written then; read once, because a page opens its recording again and again."""
    units = _table(columns, "units")
    names = units["population"].astype(str)
    return units.assign(population=pd.Categorical(names, categories=names.unique()))


def _column(columns: Path, name: str) -> np.ndarray:
    return mapped(columns / f"{Path(name).name}.npy")


def _table(columns: Path, name: str) -> pd.DataFrame:
    # A small table is read several times as fast without pandas' and Arrow's preparations for large ones.
    from pyarrow.parquet import ParquetFile

    with ParquetFile(columns / f"{Path(name).name}.parquet") as file:
        return file.read(use_threads=False).to_pandas(use_threads=False)


def _state(columns: Path, entry: dict[str, Any]) -> State:
    parts = {part: _column(columns, f"{entry['file']}_{part}") for part in ("values", "time", "rows")}
    return State(**parts, variable=entry["variable"], unit=entry["unit"], labels=tuple(entry["labels"]))


def _synapses(columns: Path, entry: dict[str, Any]) -> Synapses:
    parts = {
        part: _column(columns, f"{entry['file']}_{part}") if part in entry["present"] else None
        for part in ("indptr", "indices", "weight", "delay")
    }
    if parts["indptr"] is None or parts["indices"] is None:
        raise RecordingError(f"projection {entry['name']!r} lacks its synapses")
    return Synapses(
        entry["source"],
        entry["target"],
        parts["indptr"],
        parts["indices"],
        parts["weight"],
        parts["delay"],
        entry["weight_unit"],
    )


def _projections(rows: list[dict[str, Any]]) -> pd.DataFrame:
    numbers = ("weight_m", "weight_s", "delay_")
    columns = {name: [row.get(name) for row in rows] for name in PROJECTION_COLUMNS}
    return pd.DataFrame(
        {
            name: np.array(known, float) if name.startswith(numbers) else known
            for name, known in columns.items()
        }
    )


def with_origin(rec: Recording, source: str, options: Mapping[str, Any]) -> Recording:
    """The recording, told where it came from and which answers were given about it."""
    return replace(rec, source=source, options=dict(options))
