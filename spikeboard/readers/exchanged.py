"""What Spikeboard itself exports: tables in a zip (CSV or Parquet) and NPZ, put together again to the last bit."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from spikeboard.columns import joined
from spikeboard.doctor import apply
from spikeboard.errors import RecordingError
from spikeboard.readers import npy, reader
from spikeboard.readers.spikelist import answers
from spikeboard.recording import Recording, State, Synapses, recording
from spikeboard.stepped import check_rows

INDEX = "recording.json"
LARGEST = 4 * 2**30
LARGEST_INDEX = 256 * 2**20
LARGEST_HEADER = 16 * 2**20
# Spikes shrink threefold, zeros up to a thousandfold: large ones that shrink like that are made to fill the memory.
GREATEST_RATIO = 100
RATIO_MATTERS_ABOVE = 64 * 2**20
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
    zlib.error,
    pa.ArrowException,
)

# A table by the name of its file, with the columns that the description lists.
Tables = Callable[[str, list[dict[str, Any]]], pd.DataFrame]


def sniff(path: Path) -> bool:
    """Whether a file is a recording that Spikeboard exported. Never raises."""
    try:
        return path.is_file() and (_is_zip_of_ours(path) or _is_npz_of_ours(path))
    except (OSError, RecordingError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def _is_zip_of_ours(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    return INDEX in names and bool(names & {"spikes.csv", "spikes.parquet"})


def _is_npz_of_ours(path: Path) -> bool:
    return npy.is_npz(path) and npy.describe(path).keys() >= {"recording", "spikes.time_s", "spikes.unit"}


@reader("Spikeboard export", sniff, order=5)
def read(path: Path, t_start: float | None = None, t_stop: float | None = None) -> Recording:
    """The recording that was exported.

    Parameters
    ----------
    path : .zip of tables, or .npz
    t_start, t_stop : s, to overrule what it says

    Raises
    ------
    RecordingError : where the file is damaged
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    try:
        rec = _from_npz(path) if _is_npz_of_ours(path) else _from_zip(path)
    except RecordingError:
        raise
    except (*_DAMAGE, zipfile.BadZipFile) as problem:
        raise RecordingError(
            f"{path.name!r} is a damaged export ({str(problem)[:100]}): export it again"
        ) from None
    if given.t_start is None and given.t_stop is None:
        return rec
    return _over(rec, given.t_start, given.t_stop)


def _over(rec: Recording, t_start: float | None, t_stop: float | None) -> Recording:
    rec = rec if t_start is None else apply(rec, f"t_start={t_start!r}")
    return rec if t_stop is None else apply(rec, f"t_stop={t_stop!r}")


# Tables in a zip -----------------------------------------------------------------------------------------------


def _from_zip(path: Path) -> Recording:
    with zipfile.ZipFile(path) as archive:
        infos = {info.filename: info for info in archive.infolist()}
        _check(path, list(infos.values()))
        about = _described(archive.read(infos[INDEX]))
        form = "parquet" if "spikes.parquet" in infos else "csv"

        def table(name: str, columns: list[dict[str, Any]]) -> pd.DataFrame:
            data = archive.read(infos[f"{name}.{form}"])
            return _frame(_parquet(data) if form == "parquet" else _csv(data, columns), columns)

        return _assembled(path, about, table, None)


def _check(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > 100_000 or total > LARGEST:
        raise RecordingError(
            f"{path.name!r} unpacks to {total:,} bytes, more than the {LARGEST:,} that are read"
        )
    for info in infos:
        wild = info.file_size > max(RATIO_MATTERS_ABOVE, GREATEST_RATIO * info.compress_size)
        if wild or (info.filename == INDEX and info.file_size > LARGEST_INDEX) or info.flag_bits & 1:
            raise RecordingError(
                f"{path.name!r} holds {info.filename[:60]!r}, which Spikeboard did not write: refused"
            )
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise RecordingError(f"{path.name!r}: its members overlap, which no program writes: refused")


def _described(data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(data)
    except RecursionError:
        about = None
    if not isinstance(about, dict) or "layout" not in about:
        raise RecordingError("it was exported by a Spikeboard that could not read it again: export it anew")
    return about


def _csv(data: bytes, columns: list[dict[str, Any]]) -> list[pd.Series]:
    """The columns of numbers, exactly as they are written; of texts the description has the original."""
    numbers = [str(place) for place, column in enumerate(columns) if column["dtype"] != "text"]
    if not numbers:
        return [pd.Series(dtype=object)] * len(columns)
    found = pacsv.read_csv(
        io.BytesIO(data),
        read_options=pacsv.ReadOptions(column_names=_all_columns(data), skip_rows_after_names=1),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types={
                place: pa.from_numpy_dtype(_number(columns[int(place)]["dtype"])) for place in numbers
            },
            include_columns=numbers,
            null_values=[""],
        ),
    )
    read = dict(zip(numbers, found.columns, strict=True))
    return [
        read[str(place)].to_pandas() if str(place) in read else pd.Series(dtype=object)
        for place in range(len(columns))
    ]


def _all_columns(data: bytes) -> list[str]:
    """The places of all columns of the file, of which the last may not be wanted; a name may hold line ends."""
    rows = csv.reader(io.StringIO(data[:LARGEST_HEADER].decode("utf-8", "replace"), newline=""))
    return [str(place) for place, _ in enumerate(next(rows, []))]


def _number(dtype: str) -> np.dtype:
    kind = np.dtype(dtype)
    if kind.kind not in "biuf" or kind.hasobject:
        raise RecordingError(f"a column of numbers is said to hold {dtype[:40]}")
    return kind


def _parquet(data: bytes) -> list[pd.Series]:
    table = pq.read_table(io.BytesIO(data))
    return [table.column(place).to_pandas() for place in range(table.num_columns)]


def _frame(found: list[pd.Series], columns: list[dict[str, Any]]) -> pd.DataFrame:
    if len(found) < len(columns):
        raise RecordingError(
            f"a table has {len(found)} columns, {len(columns)} were expected: export it again"
        )
    parts = [_values(series, column) for series, column in zip(found, columns, strict=False)]
    lengths = {len(part) for part in parts}
    if len(lengths) > 1:
        raise RecordingError("the columns of a table are of different lengths: export it again")
    frame = pd.concat([pd.Series(part) for part in parts], axis=1) if parts else pd.DataFrame()
    frame.columns = pd.Index([column["name"] for column in columns])
    return frame


def _values(series: pd.Series, column: dict[str, Any]) -> np.ndarray:
    if column["dtype"] == "text":
        texts = np.empty(len(column["texts"]), object)
        texts[:] = [None if text is None else str(text) for text in column["texts"]]
        return texts
    return series.to_numpy(_number(column["dtype"]))


# NPZ -----------------------------------------------------------------------------------------------------------


def _from_npz(path: Path) -> Recording:
    held = npy.describe(path)
    arrays = npy.load(path, [name for name, array in held.items() if not array.pickled], LARGEST)
    about = _described(arrays["recording"].astype(np.uint8).tobytes())

    def table(name: str, columns: list[dict[str, Any]]) -> pd.DataFrame:
        found = [pd.Series(arrays.get(f"{name}.{place}", np.zeros(0))) for place in range(len(columns))]
        return _frame(found, columns)

    return _assembled(path, about, table, arrays)


# Together ------------------------------------------------------------------------------------------------------

_SPIKES: list[dict[str, Any]] = [{"name": "time_s", "dtype": "float64"}, {"name": "unit", "dtype": "int32"}]


def _assembled(
    path: Path, about: dict[str, Any], table: Tables, arrays: Mapping[str, np.ndarray] | None
) -> Recording:
    layout = about["layout"]
    units = table("units", layout["units"]["columns"])
    times, rows = _spikes(table, arrays)
    return recording(
        str(about["name"]),
        times,
        rows,
        units,
        t_start=float(about["t_start_s"]),
        t_stop=float(about["t_stop_s"]),
        sampling_rate=None if about["sampling_rate_hz"] is None else float(about["sampling_rate_hz"]),
        states={told["name"]: _state(told, table, arrays) for told in layout["states"]},
        rates={told["name"]: table(told["file"], told["columns"]) for told in layout["rates"]},
        intervals={told["name"]: table(told["file"], told["columns"]) for told in layout["intervals"]},
        connections={told["name"]: _synapses(told, units, table, arrays) for told in layout["connections"]},
        notes=[str(note) for note in about["notes"]],
        source=str(path),
    )


def _spikes(table: Tables, arrays: Mapping[str, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray]:
    if arrays is None:
        spikes = table("spikes", _SPIKES)
        return spikes["time_s"].to_numpy(), spikes["unit"].to_numpy()
    # As they are: many are mapped.
    return joined([arrays["spikes.time_s"]], np.float64), joined([arrays["spikes.unit"]], np.int32)


def _state(told: dict[str, Any], table: Tables, arrays: Mapping[str, np.ndarray] | None) -> State:
    rows = np.array(told["rows"], np.int32)
    if arrays is not None:
        values, time = arrays[f"{told['file']}.values"], arrays[f"{told['file']}.time_s"]
    else:
        columns = [
            {"name": "time_s", "dtype": "float64"},
            *({"name": "", "dtype": told["dtype"]} for _ in rows),
        ]
        frame = table(told["file"], columns)
        time = frame.iloc[:, 0].to_numpy(np.float64)
        values = np.empty((len(time), len(rows)), _number(told["dtype"]))
        for place in range(len(rows)):
            values[:, place] = frame.iloc[:, place + 1]
    return State(
        values, time, str(told["variable"]), str(told["unit"]), rows, tuple(map(str, told["labels"]))
    )


def _synapses(
    told: dict[str, Any], units: pd.DataFrame, table: Tables, arrays: Mapping[str, np.ndarray] | None
) -> Synapses:
    of = units["population"].astype(str).to_numpy()
    ends = [np.flatnonzero(of == told[end]) for end in ("source", "target")]
    if not all(map(len, ends)):
        raise RecordingError(f"projection {told['name'][:60]!r} joins a population that is not there")
    sizes = [len(rows) for rows in ends]
    parts = _compressed(told, arrays) if arrays is not None else _from_pairs(told, ends, table)
    indptr, indices, weight, delay = parts
    check_rows(told["name"], indptr, indices, indices if weight is None else weight, *sizes)
    return Synapses(
        told["source"], told["target"], indptr.astype(np.int64), indices.astype(np.int32), weight, delay,
        str(told["weight_unit"]),
    )  # fmt: skip


Parts = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]


def _compressed(told: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Parts:
    indptr, indices = (arrays[f"{told['file']}.{part}"] for part in ("indptr", "indices"))
    weight, delay = (arrays.get(f"{told['file']}.{part}") for part in ("weight", "delay"))
    return indptr, indices, weight, delay


def _from_pairs(told: dict[str, Any], ends: list[np.ndarray], table: Tables) -> Parts:
    columns = [{"name": name, "dtype": "int64"} for name in ("source_unit", "target_unit")]
    columns += [{"name": part, "dtype": told[part]} for part in ("weight", "delay") if told[part]]
    frame = table(told["file"], columns)
    source = frame["source_unit"].to_numpy() - ends[0][0]
    if len(source) and (np.any(np.diff(source) < 0) or source[0] < 0 or source[-1] >= len(ends[0])):
        raise RecordingError(
            f"the synapses of {told['name'][:60]!r} are not in the order in which they were written"
        )
    indptr = np.r_[0, np.cumsum(np.bincount(source, minlength=len(ends[0])))].astype(np.int64)
    found = {part: frame[part].to_numpy() if told[part] else None for part in ("weight", "delay")}
    return indptr, frame["target_unit"].to_numpy() - ends[1][0], found["weight"], found["delay"]
