"""NPZ and NPY: lists of spikes saved as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeboard.columns import changed, is_large, pieces
from spikeboard.errors import RecordingError
from spikeboard.ordering import counts_per_unit
from spikeboard.readers import npy, reader
from spikeboard.readers.array_rows import (
    SAMPLED,
    about_grid,
    about_population,
    check_times,
    read_rows,
    spelled,
)
from spikeboard.readers.column_names import understood
from spikeboard.readers.spikelist import DEFAULT_POPULATION, SpikeList, answers, to_recording
from spikeboard.readers.table_columns import MOST_NAMELESS, NO_COLUMN, Columns, columns
from spikeboard.readers.table_layout import Layout, listed
from spikeboard.recording import Recording

_COUNTS = ("count", "counts", "spike_count", "spike_counts")


@dataclass(frozen=True)
class _Table:
    """Columns of equal length, which may be mapped; `others` are further arrays that may help."""

    names: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    others: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()


def sniff(path: Path) -> bool:
    """Whether a file holds arrays that NumPy saved."""
    return path.is_file() and (npy.is_npy(path) or npy.is_npz(path))


@reader("NPZ and NPY arrays", sniff, order=92)
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
    """The spikes of arrays: one of times and one of unit ids, or one with both as columns, rows or fields.

    Parameters
    ----------
    path : the .npz or .npy file
    time_unit : "s", "ms", "us", "ns" or "samples", where no array's name tells it
    time_column, unit_column : names of arrays or fields, or numbers of columns counted from 1;
        `unit_column="none"` where all spikes are of one unit
    sampling_rate, dt : Hz or s, of the clock that the spikes lie on; one of them where times are counted in samples
    t_start, t_stop : s
    n_units : of the network, silent ones included
    order : where time goes back in the file: "runs" for a clock that was started again, "sort" for one run

    Raises
    ------
    Undecided : where the file leaves something open that would change the numbers
    RecordingError : where it holds no list of spikes
    """
    given = answers(time_unit, sampling_rate, dt, t_start, t_stop, n_units, order)
    return to_recording(spike_list(path, time_column, unit_column), given)


def spike_list(path: Path, time_column: str | None = None, unit_column: str | None = None) -> SpikeList:
    """The spikes of arrays, times as the file has them.

    Raises
    ------
    Undecided : where several columns could be the time or the unit
    RecordingError : where the file holds no list of spikes
    """
    if npy.is_npy(path):
        large = is_large(path.stat().st_size)
        table = _columns_of(path.name, npy.mapped_npy(path) if large else npy.load_npy(path))
    else:
        table = _bundled(path, [name for name in (time_column, unit_column) if name])
    chosen = columns(_as_layout(path.name, table), time_column, unit_column)
    return _spikes(path, table, chosen)


def _bundled(path: Path, asked: Sequence[str]) -> _Table:
    described = npy.describe(path)
    usable = {name: array for name, array in described.items() if not array.pickled}
    pickled = described.keys() - usable
    notes = [f"array {name[:40]!r} holds pickled objects and was not touched" for name in sorted(pickled)]
    if refused := sorted(pickled if not usable else pickled.intersection(asked)):
        npy.load(path, refused)
    single = _single(usable)
    if single is not None:
        plain = _columns_of(f"{path.name}, array {single[:40]!r},", npy.load(path, [single])[single])
        return _Table(plain.names, plain.values, {}, (*notes, *plain.notes))
    names = _paired(path.name, usable, asked, list(described))
    small = [name for name in usable if name not in names and (usable[name].shape == () or name in _COUNTS)]
    loaded = npy.load(path, [*names, *small])
    if unread := [name for name in usable if name not in loaded]:
        notes.append(f"arrays not read: {listed(unread)}")
    others = {name: loaded[name] for name in small}
    return _Table(tuple(names), tuple(loaded[name] for name in names), others, tuple(notes))


def _single(usable: Mapping[str, npy.Array]) -> str | None:
    """The one array of a bundle that has but one, where its name does not tell what it is."""
    name = next(iter(usable), "")
    return name if len(usable) == 1 and not understood(name).role else None


def _paired(
    file: str, usable: Mapping[str, npy.Array], asked: Sequence[str], known: Sequence[str]
) -> list[str]:
    """The arrays that are as long as the spike times are, times and units among them."""
    lengths = {name: array.shape[0] for name, array in usable.items() if len(array.shape) == 1}
    times = [name for name in lengths if name in asked or understood(name).role == "time"]
    units = [name for name in lengths if name in asked or understood(name).role in ("unit", "index")]
    alone = NO_COLUMN in asked or all(
        array.shape == () for name, array in usable.items() if name not in times
    )
    if not times or not (units or alone):
        what = "the unit ids that belong to the times" if times else "spike times"
        raise RecordingError(
            f"{file}: no array is named like {what}; it holds {listed(known) or 'none'}; "
            "if it is a list of spikes, give time_column=… and unit_column=…"
        )
    for name in times:
        if not units or any(lengths[unit] == lengths[name] for unit in units if unit != name):
            return [other for other in lengths if lengths[other] == lengths[name]]
    raise RecordingError(
        f"{file}: {times[0][:40]!r} has {lengths[times[0]]:,} values, {units[0][:40]!r} has {lengths[units[0]]:,}: "
        "each spike needs a time and a unit; save both again"
    )


def _columns_of(file: str, array: np.ndarray) -> _Table:
    """The columns of one array: its fields, its columns, its rows, or itself."""
    array = array.reshape(-1) if array.ndim == 2 and 1 in array.shape else array
    if array.dtype.names:
        flat = array.ravel()
        return _Table(array.dtype.names, tuple(flat[name] for name in array.dtype.names), {})
    _refuse_no_list(file, array)
    if array.ndim == 1:
        return _Table(("",), (array,), {})
    if array.shape[0] < array.shape[1]:
        note = f"an array of shape {array.shape}: its rows were taken as the columns of a table"
        return _Table(("",) * len(array), tuple(array), {}, (note,))
    return _Table(("",) * array.shape[1], tuple(array.T), {})


def _refuse_no_list(file: str, array: np.ndarray) -> None:
    if array.dtype.kind not in "fiu":
        raise RecordingError(
            f"{file} holds {array.dtype} values of shape {array.shape}: spike times are real numbers; save them as such"
        )
    if array.ndim == 1:
        return
    if array.ndim == 2 and min(array.shape) <= MOST_NAMELESS and array.shape[0] != array.shape[1]:
        return
    raise RecordingError(
        f"{file} holds an array of shape {array.shape}, not a list of spikes: a list has one time and one unit per "
        "spike, shape (spikes, 2); numpy.nonzero makes it from a matrix of 0 and 1"
    )


def _as_layout(file: str, table: _Table) -> Layout:
    sample = zip(*(spelled(values[:SAMPLED]) for values in table.values), strict=True)
    return Layout(file, ",", ".", table.names, 0, tuple(sample))


def _spikes(path: Path, table: _Table, chosen: Columns) -> SpikeList:
    times = table.values[chosen.time]
    check_times(path.name, times.dtype, table.names[chosen.time], times.shape)
    taken = [table.values[at] for at in (chosen.time, chosen.unit, chosen.population) if at is not None]
    rows = read_rows(path.name, pieces(*taken), len(times), chosen)
    units, ids, id_notes = rows.units_and_ids(path.name)
    units, ids, count_notes = _with_silent(table, units, ids)
    return SpikeList(
        path.stem,
        rows.times,
        units,
        ids,
        rows.populations,
        rows.population_names or (DEFAULT_POPULATION,),
        chosen.time_unit,
        chosen.told_by,
        all_units=chosen.unit is None or bool(count_notes),
        hint=_hint(table),
        notes=(
            *table.notes,
            *chosen.notes,
            *about_grid(times.dtype, rows.largest),
            *rows.about_lost(),
            *id_notes,
            *count_notes,
            *about_population(chosen),
        ),
    )


def _with_silent(
    table: _Table, codes: np.ndarray, ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Silent units too, where an array of counts that fits the spikes tells of them, as Brian2 keeps one."""
    for name in _COUNTS:
        counts = table.others.get(name)
        if counts is None or counts.ndim != 1 or counts.dtype.kind not in "iu" or ids.dtype.kind != "i":
            continue
        if len(ids) and not 0 <= ids[0] <= ids[-1] < len(counts):
            continue
        rows = changed(lambda some, ids=ids: ids[some], codes, dtype=np.int32)
        if np.array_equal(counts_per_unit(rows, len(counts)), counts):
            return (
                rows,
                np.arange(len(counts)),
                [f"array {name!r} tells of {len(counts):,} units, silent ones included"],
            )
    return codes, ids, []


def _hint(table: _Table) -> str:
    scalars = [
        f"{name[:40]} = {value.item()!r}"
        for name, value in table.others.items()
        if value.shape == () and value.dtype.kind in "fiu"
    ]
    return f" It also holds {', '.join(scalars[:5])}." if scalars else ""
