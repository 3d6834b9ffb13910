"""A whole recording as tables: CSV or Parquet files in one zip, written piece by piece."""

from __future__ import annotations

import csv
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, State, Synapses
from spikeboard.version import VERSION

ROWS_AT_ONCE = 500_000
# Of one table that is made as a whole; as text they are some 200 MB.
MOST_NUMBERS = 20_000_000
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Pieces = Iterator[pd.DataFrame]


def packed(rec: Recording, form: str) -> Path:
    """A zip with every table of a recording, in a temporary file that the caller removes.

    Parameters
    ----------
    rec : the recording
    form : "csv" or "parquet"

    Raises
    ------
    RecordingError : for another form
    """
    writers: dict[str, Callable[[IO[bytes], Pieces], None]] = {"csv": _write_csv, "parquet": _write_parquet}
    if form not in writers:
        raise RecordingError(f"a recording can be had as {' or '.join(writers)}, not as {form[:40]!r}")
    with tempfile.NamedTemporaryFile(prefix="spikeboard-", suffix=".zip", delete=False) as file:
        path = Path(file.name)
    try:
        method = zipfile.ZIP_DEFLATED if form == "csv" else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", method, compresslevel=1, allowZip64=True) as archive:
            for name, pieces in frames(rec):
                with archive.open(f"{name}.{form}", "w", force_zip64=True) as entry:
                    writers[form](entry, pieces)
            archive.writestr("recording.json", json.dumps(described(rec), indent=1))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def frames(rec: Recording) -> Iterator[tuple[str, Pieces]]:
    """Every table of a recording by its file name, in pieces of bounded size; every name from a file is harmless."""
    yield "spikes", _spikes(rec)
    yield "units", iter([rec.units])
    yield "populations", iter([rec.populations])
    yield "projections", iter([rec.projections])
    numbered = {"intervals": rec.intervals, "rates": rec.rates}
    for kind, found in numbered.items():
        for position, (name, frame) in enumerate(found.items()):
            yield f"{kind}-{position}-{_plain(name)}", iter([frame])
    for position, (name, state) in enumerate(rec.states.items()):
        yield f"state-{position}-{_plain(name)}", _samples(state)
    for position, name in enumerate(rec.connections):
        yield f"synapses-{position}-{_plain(name)}", _synapses(rec, name)


def check_size(numbers: int) -> None:
    """Refuse a table that would take gigabytes to write, before it takes them to make.

    Raises
    ------
    RecordingError : where it would hold more than `MOST_NUMBERS`
    """
    if numbers > MOST_NUMBERS:
        raise RecordingError(
            f"as a table this would be {numbers:,} numbers, at most {MOST_NUMBERS:,} are written: select a shorter "
            "window or fewer units, or export the recording in the Library"
        )


def as_csv(frame: pd.DataFrame, header: bool = True) -> str:
    """A frame as CSV in which no name from a file is a formula to a spreadsheet.

    Numbers are written in full. A text that starts like a formula gets an apostrophe in front, as OWASP advises.
    """
    safe = frame.copy(deep=False)
    for position, dtype in enumerate(safe.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            safe.isetitem(position, safe.iloc[:, position].astype(object).map(harmless).to_numpy())
    safe.columns = pd.Index([harmless(column) for column in safe.columns])
    # RFC 4180; and only with both signs in the line's end are texts quoted that hold either.
    return safe.to_csv(index=False, header=header, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def file_name(rec: Recording) -> str:
    """The recording's name as a file name."""
    return _plain(rec.name) or "recording"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:60].strip("-.")


def described(rec: Recording) -> dict[str, Any]:
    """What no table tells, as plain JSON; its "layout" holds all that is needed to put the recording together again."""
    return {
        "spikeboard": VERSION,
        "name": rec.name,
        "source": Path(rec.source).name,
        "digest": rec.digest,
        "t_start_s": rec.t_start,
        "t_stop_s": rec.t_stop,
        "sampling_rate_hz": rec.sampling_rate,
        "notes": list(rec.notes),
        "states": {
            name: {"variable": state.variable, "unit": state.unit} for name, state in rec.states.items()
        },
        "layout": {
            "units": {"file": "units", "columns": _columns(rec.units)},
            "intervals": _framed("intervals", rec.intervals),
            "rates": _framed("rates", rec.rates),
            "states": [_placed("state", *item) | _of_state(item[1][1]) for item in _items(rec.states)],
            "connections": [
                _placed("synapses", *item) | _of_synapses(item[1][1]) for item in _items(rec.connections)
            ],
        },
    }


def _items(found: Mapping[str, Any]) -> Iterator[tuple[int, tuple[str, Any]]]:
    return enumerate(found.items())


def _placed(kind: str, position: int, item: tuple[str, Any]) -> dict[str, Any]:
    return {"name": item[0], "file": f"{kind}-{position}-{_plain(item[0])}"}


def _framed(kind: str, found: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    return [_placed(kind, *item) | {"columns": _columns(item[1][1])} for item in _items(found)]


def _columns(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Name and type of each column; texts in full, for a table may have had to change them."""
    return [_column(str(name), frame.iloc[:, place]) for place, name in enumerate(frame)]


def _column(name: str, values: pd.Series) -> dict[str, Any]:
    if pd.api.types.is_numeric_dtype(values.dtype) and isinstance(values.dtype, np.dtype):
        return {"name": name, "dtype": str(values.dtype)}
    texts = [None if value is None or value is pd.NA else str(value) for value in values.astype(object)]
    return {"name": name, "dtype": "text", "texts": texts}


def _of_state(state: State) -> dict[str, Any]:
    return {
        "variable": state.variable,
        "unit": state.unit,
        "rows": [int(row) for row in state.rows],
        "labels": list(state.labels),
        "dtype": str(state.values.dtype),
    }


def _of_synapses(synapses: Synapses) -> dict[str, Any]:
    return {
        "source": synapses.source,
        "target": synapses.target,
        "weight_unit": synapses.weight_unit,
        "weight": None if synapses.weight is None else str(synapses.weight.dtype),
        "delay": None if synapses.delay is None else str(synapses.delay.dtype),
    }


def _stretches(length: int) -> Iterator[slice]:
    for first in range(0, max(length, 1), ROWS_AT_ONCE):
        yield slice(first, first + ROWS_AT_ONCE)


def _spikes(rec: Recording) -> Pieces:
    names = rec.units["population"].astype(str).to_numpy(object)
    ids = rec.units["id"].to_numpy()
    for stretch in _stretches(len(rec.spike_times)):
        rows = rec.spike_rows[stretch]
        yield pd.DataFrame(
            {"time_s": rec.spike_times[stretch], "unit": rows, "population": names[rows], "id": ids[rows]}
        )


def _samples(state: State) -> Pieces:
    columns = pd.Index(_distinct(state.labels))
    rows_at_once = max(1, ROWS_AT_ONCE // max(len(columns), 1))
    for first in range(0, max(len(state.time), 1), rows_at_once):
        stretch = slice(first, first + rows_at_once)
        frame = pd.DataFrame(np.asarray(state.values[stretch]), columns=columns)
        frame.insert(0, "time_s", state.time[stretch])
        yield frame


def _distinct(labels: Sequence[str]) -> list[str]:
    """Labels as column names: those that are there already, or are the time's, get their position behind."""
    names: dict[str, None] = {"time_s": None}
    for position, label in enumerate(labels):
        name = str(label)
        while name in names:
            name = f"{name} ({position})"
        names[name] = None
    return list(names)[1:]


def _synapses(rec: Recording, name: str) -> Pieces:
    synapses = rec.synapses(name)
    source_first, target_first = rec.rows_of(synapses.source).start, rec.rows_of(synapses.target).start
    for stretch in _stretches(len(synapses)):
        indices = synapses.indices[stretch]
        places = np.arange(stretch.start, stretch.start + len(indices))
        frame = pd.DataFrame(
            {
                "source_unit": source_first + np.searchsorted(synapses.indptr, places, side="right") - 1,
                "target_unit": target_first + indices.astype(np.int64),
            }
        )
        if synapses.weight is not None:
            frame["weight"] = synapses.weight[stretch]
        if synapses.delay is not None:
            frame["delay_s"] = synapses.delay[stretch]
        yield frame


def _write_csv(entry: IO[bytes], pieces: Pieces) -> None:
    for number, piece in enumerate(pieces):
        entry.write(as_csv(piece, header=number == 0).encode())


def _write_parquet(entry: IO[bytes], pieces: Pieces) -> None:
    writer = None
    for piece in pieces:
        table = pa.Table.from_pandas(piece, preserve_index=False)
        writer = writer or pq.ParquetWriter(entry, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
