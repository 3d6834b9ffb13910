"""Parquet: lists of spikes as tables, read in batches of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spikeboard.errors import RecordingError
from spikeboard.readers import reader
from spikeboard.readers.array_rows import (
    SAMPLED,
    about_grid,
    about_population,
    check_times,
    read_rows,
    spelled,
)
from spikeboard.readers.spikelist import DEFAULT_POPULATION, SpikeList, answers, to_recording
from spikeboard.readers.table_columns import columns
from spikeboard.readers.table_layout import MOST_COLUMNS, Layout, listed
from spikeboard.readers.table_rows import LONGEST_NAME
from spikeboard.recording import Recording

MAGIC = b"PAR1"
BATCH = 2**18
BUFFER = 2**20
# Bytes of the description of a file, which is unpacked as a whole.
LONGEST_FOOTER = 64 * 2**20
# A column of one value is a few bytes however long it is; so many rows are believed of any file.
SMALLEST_ALLOWANCE = 2**25
MOST_ROWS_PER_BYTE = 100
# pandas keeps the numbers of its rows under such names.
INDEX = "__index_level_"


def sniff(path: Path) -> bool:
    """Whether a file begins and ends like Parquet."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


@reader("Parquet tables", sniff, order=91)
def read(
    path: Path,
    time_unit: str | None = None,
    time_column: str | None = None,
    unit_column: str | None = None,
    sampling_rate: float | None = None,
    dt: float | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    n_units: int | None = None,
    order: str | None = None,
) -> Recording:
    """The spikes of a Parquet table with one spike per row.

    Parameters
    ----------
    path : the file
    time_unit : "s", "ms", "us", "ns" or "samples", where no column's name tells it
    time_column, unit_column : names, or numbers counted from 1; `unit_column="none"` where all spikes are of one unit
    sampling_rate, dt : Hz or s, of the clock that the spikes lie on; one of them where times are counted in samples
    t_start, t_stop : s
    n_units : of the network, silent ones included
    order : "runs" where time that goes back is a clock that was started again, "sort" where it means nothing

    Raises
    ------
    Undecided : where the file leaves something open that would change the numbers
    RecordingError : where it is damaged, or no list of spikes
    """
    given = answers(time_unit, sampling_rate, dt, t_start, t_stop, n_units, order)
    return to_recording(spike_list(path, time_column, unit_column), given)


def spike_list(path: Path, time_column: str | None = None, unit_column: str | None = None) -> SpikeList:
    """The spikes of a Parquet table, times as the file has them.

    Raises
    ------
    Undecided : where several columns could be the time or the unit
    RecordingError : where the file is damaged, or no list of spikes
    """
    with _opened(path) as file:
        names, notes = _plain_columns(path.name, file.schema_arrow)
        first = next(_batches(file, names, SAMPLED), tuple(np.zeros(0) for _ in names))
        sample = tuple(zip(*(spelled(values) for values in first), strict=True))
        chosen = columns(Layout(path.name, ",", ".", tuple(names), 0, sample), time_column, unit_column)
        kind = _numpy_kind(file.schema_arrow.field(names[chosen.time]).type)
        check_times(path.name, kind, names[chosen.time])
        taken = [names[at] for at in (chosen.time, chosen.unit, chosen.population) if at is not None]
        rows = read_rows(path.name, _batches(file, taken, BATCH), file.metadata.num_rows, chosen)
    units, ids, id_notes = rows.units_and_ids(path.name)
    return SpikeList(
        path.stem,
        rows.times,
        units,
        ids,
        rows.populations,
        rows.population_names or (DEFAULT_POPULATION,),
        chosen.time_unit,
        chosen.told_by,
        all_units=chosen.unit is None,
        notes=(
            *notes,
            *chosen.notes,
            *about_grid(kind, rows.largest),
            *rows.about_lost(),
            *id_notes,
            *about_population(chosen),
        ),
    )


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The open file; whatever Arrow objects to becomes one sentence."""
    _check_footer(path)
    try:
        # Texts as their dictionaries: a long one may be stored once and stand in every row.
        texts = [field.name for field in pq.read_schema(path) if _is_text(field.type)]
        with pq.ParquetFile(path, read_dictionary=texts, buffer_size=BUFFER, pre_buffer=False) as file:
            _check_rows(path, file.metadata)
            yield file
    except RecordingError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as problem:
        why = (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
        raise RecordingError(f"{path.name} is damaged or cut short ({why}): save it again") from None


def _check_footer(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != MAGIC or length > min(size, LONGEST_FOOTER):
        raise RecordingError(f"{path.name} is cut: the description at the end of a Parquet file is missing")


def _check_rows(path: Path, told: pq.FileMetaData) -> None:
    groups = [told.row_group(at).num_rows for at in range(told.num_row_groups)]
    if told.num_rows < 0 or min(groups, default=0) < 0 or sum(groups) != told.num_rows:
        raise RecordingError(
            f"{path.name} claims {told.num_rows:,} rows, but its parts have {sum(groups):,}: save it again"
        )
    if told.num_rows > max(SMALLEST_ALLOWANCE, MOST_ROWS_PER_BYTE * path.stat().st_size):
        raise RecordingError(
            f"{path.name} claims {told.num_rows:,} rows, more than its {path.stat().st_size:,} bytes can hold: "
            "it is damaged or made to fill the disk; save it again"
        )


def _plain_columns(file: str, schema: pa.Schema) -> tuple[list[str], list[str]]:
    """Names of the columns that hold numbers or names, and a note about the others."""
    if len(set(schema.names)) != len(schema.names) or len(schema.names) > MOST_COLUMNS:
        raise RecordingError(
            f"{file}: {len(schema.names):,} columns, some of one name or too many: keep time and unit of each spike"
        )
    plain = [field.name for field in schema if _is_plain(field.type) and not field.name.startswith(INDEX)]
    if not plain:
        raise RecordingError(
            f"{file} has no column of numbers (it has {listed(schema.names) or 'none'}): "
            "a spike list has one spike per row, its time and its unit"
        )
    others = [field.name for field in schema if not _is_plain(field.type)]
    return plain, [f"columns that hold neither numbers nor names: {listed(others)}"] if others else []


def _is_plain(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return _is_number(kind) or _is_text(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _numpy_kind(kind: pa.DataType) -> np.dtype:
    return np.dtype(kind.to_pandas_dtype()) if _is_number(kind) else np.dtype(object)


def _batches(file: pq.ParquetFile, names: Sequence[str], size: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Some columns, batch by batch; where one has no value, the first is no number."""
    for batch in file.iter_batches(size, columns=list(names), use_threads=True):
        found = [batch.column(name) for name in names]
        values = [_values(column) for column in found]
        if any(column.null_count for column in found) and values[0].dtype.kind in "fiu":
            whole = [column.is_valid().to_numpy(zero_copy_only=False) for column in found]
            values[0] = np.where(np.logical_and.reduce(whole), values[0], np.nan)
        yield tuple(values)


def _values(column: pa.Array) -> np.ndarray:
    """A column without gaps: integers stay integers, and a text that stands in many rows is kept once."""
    if not isinstance(column, pa.DictionaryArray):
        return pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    if not _is_text(column.type.value_type):
        return pc.fill_null(column.dictionary_decode(), 0).to_numpy(zero_copy_only=False)
    names = [*(name or "" for name in column.dictionary.to_pylist()), ""]
    longest = max(map(len, names))
    if longest > LONGEST_NAME:
        raise RecordingError(
            f"a name of {longest:,} characters: is the right column taken? Else give unit_column=…"
        )
    return np.array(names, object)[
        pc.fill_null(column.indices, len(names) - 1).to_numpy(zero_copy_only=False)
    ]
