"""Units of an NWB file: a table whose ragged column spike_times holds one train per row, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import h5py
import numpy as np

from spikeboard.columns import gathered, pieces
from spikeboard.errors import RecordingError
from spikeboard.progress import tell
from spikeboard.readers import hdf5
from spikeboard.readers.nwb_tables import Table, bounds, columns, missing_columns, path_of, table_of
from spikeboard.readers.phy_labels import listed_numbers
from spikeboard.readers.sonata_spikes import integers
from spikeboard.readers.table_layout import listed
from spikeboard.readers.unit_table import as_texts

_OF_TRAINS = ("spike_times", "spike_times_index", "obs_intervals", "obs_intervals_index", "unit_ids")
_OF_ELECTRODES = ("location", "group_name", "x", "y", "z", "rel_x", "rel_y", "rel_z")


@dataclass(frozen=True, eq=False)
class Units:
    """What one table of units holds.

    population : what the units are called together
    ids : (n,) as in the file
    times : (N,) float64, s, finite; many are mapped
    rows : (N,) int32, unit of each spike, 0 … n - 1; many are mapped
    columns : further columns, each (n,)
    observed : (k, 3) float64: unit, start and stop (s) of each time of observation
    resolution : s, of the clock of the times, None where the file does not tell
    """

    population: str
    ids: np.ndarray
    times: np.ndarray
    rows: np.ndarray
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    observed: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    resolution: float | None = None


def read_units(file: hdf5.OpenFile, group: h5py.Group, population: str, notes: list[str]) -> Units:
    """The units of a table: their spikes, what is known of them, and when they were observed.

    Parameters
    ----------
    group : a table of units, or the UnitTimes of NWB 2.0 beta
    population : what to call them together
    notes : is told what was assumed or left out

    Raises
    ------
    RecordingError : where the spikes cannot be told apart
    """
    table = table_of(file, group, "unit_ids", "spike_times_index")
    if gone := missing_columns(table):
        notes.append(f"{table.name} lists columns that are not in the file: {listed(gone)}")
    ids = _ids(file, table, notes)
    times, rows = _spikes(file, table, notes)
    stored = hdf5.dataset_at(group, "spike_times")
    known = columns(file, table, _OF_TRAINS, notes)
    return Units(
        population,
        ids,
        times,
        rows,
        {**known, **_electrodes(file, table, known, notes)},
        _observed(file, table, notes),
        None if stored is None else hdf5.number_attribute(stored, "resolution"),
    )


def _ids(file: hdf5.OpenFile, table: Table, notes: list[str]) -> np.ndarray:
    dataset = hdf5.dataset_at(table.group, "id", "unit_ids")
    if dataset is None:
        notes.append(f"{table.name} has no ids: rows are counted from 0")
        return np.arange(table.n_rows)
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return as_texts(list(hdf5.texts(file, table.group, path_of(dataset).rsplit("/", 1)[-1])))  # pyright: ignore[reportArgumentType]
    ids = integers(hdf5.column(file, table.group, "id", "unit_ids"), table.name)  # pyright: ignore[reportArgumentType]
    values, counts = np.unique(ids, return_counts=True)
    if twice := values[counts > 1].tolist():
        notes.append(
            f"{table.name} has several rows with id {listed_numbers(twice)}: each is a unit of its own"
        )
    return ids


def _spikes(file: hdf5.OpenFile, table: Table, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    times = hdf5.column(file, table.group, "spike_times")
    if times is None:
        notes.append(f"{table.name} holds no spike_times: its units are shown as silent")
        return np.zeros(0), np.zeros(0, np.int32)
    if not table.n_rows and not len(times):
        return np.zeros(0), np.zeros(0, np.int32)
    places = bounds(file, table.group, "spike_times", table.n_rows, len(times))
    if places is None:
        raise RecordingError(
            f"{table.name}/spike_times in {file.name!r} has no index: "
            f"whose the {len(times):,} spikes are is not known; write the file again"
        )
    if places[-1] < len(times):
        notes.append(
            f"{len(times) - places[-1]:,} of {len(times):,} spike times belong to no unit "
            "(they stand after the end of the index): left out"
        )
    return _finite(times[: places[-1]], places, notes)


def _finite(times: np.ndarray, places: np.ndarray, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Times and units of the spikes that have a finite time."""
    unordered = np.zeros(len(places) - 1, bool)

    def parts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        last_time, last_row = 0.0, -1
        for seconds, rows in _with_rows(times, places):
            back = (seconds < np.r_[last_time, seconds[:-1]]) & (rows == np.r_[last_row, rows[:-1]])
            unordered[rows[back]] = True
            last_time, last_row = seconds[-1], rows[-1]
            finite = np.isfinite(seconds)
            yield seconds[finite], rows[finite]

    found, rows = gathered(parts(), (np.float64, np.int32))
    if unordered.any():
        which = np.count_nonzero(unordered)
        notes.append(f"spikes of {which:,} of the units were not in order of time: they were sorted")
    if lost := len(times) - len(found):
        notes.append(f"{lost:,} spike times are no numbers (NaN or infinite): left out")
    return found, rows


def _with_rows(times: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Times stretch by stretch, and the unit of each."""
    start = 0
    for (some,) in pieces(times):
        stop = start + len(some)
        first, last = np.searchsorted(places, (start, stop - 1), "right") - 1
        spikes = np.diff(np.clip(places[first : last + 2], start, stop))
        yield some.astype(np.float64), np.repeat(np.arange(first, last + 1, dtype=np.int32), spikes)
        tell("reading", stop, len(times))
        start = stop


def _observed(file: hdf5.OpenFile, table: Table, notes: list[str]) -> np.ndarray:
    """(k, 3): unit, start, stop."""
    nothing = np.zeros((0, 3))
    dataset = hdf5.dataset_at(table.group, "obs_intervals")
    if dataset is None:
        return nothing
    try:
        if dataset.ndim != 2 or dataset.shape[1] != 2:
            raise RecordingError(f"they have shape {dataset.shape}, (n, 2) was expected")
        places = bounds(file, table.group, "obs_intervals", table.n_rows, dataset.shape[0])
        if places is None:
            raise RecordingError("whose they are is not known, for they have no index")
        spans = hdf5.table(file, dataset)[: places[-1]].astype(np.float64)
    except RecordingError as problem:
        notes.append(f"observed intervals of {table.name} left out: {problem}")
        return nothing
    rows = np.repeat(np.arange(table.n_rows), np.diff(places))
    good = np.isfinite(spans).all(axis=1) & (spans[:, 1] >= spans[:, 0])
    if not good.all():
        notes.append(
            f"{np.count_nonzero(~good):,} observed intervals have no start, no stop, or end before: left out"
        )
    return np.column_stack([rows, spans])[good]


def _electrodes(
    file: hdf5.OpenFile, table: Table, known: dict[str, np.ndarray], notes: list[str]
) -> dict[str, np.ndarray]:
    """Where units were recorded, from the electrodes they name: of several, the first one tells."""
    electrodes = hdf5.group_at(file.root, "general", "extracellular_ephys", "electrodes")
    named = hdf5.dataset_at(table.group, "electrodes")
    if electrodes is None or named is None or named.ndim != 1 or named.dtype.kind not in "iu":
        return {}
    try:
        places = bounds(file, table.group, "electrodes", table.n_rows, named.shape[0])
        numbers = integers(hdf5.column(file, table.group, "electrodes"), table.name)  # pyright: ignore[reportArgumentType]
        all_of_them = table_of(file, electrodes)
        first = _first(numbers, places, table.n_rows)
        if np.any(first >= all_of_them.n_rows) or np.any(first < -1):
            raise RecordingError(f"a unit names electrode {first.max()}, there are {all_of_them.n_rows:,}")
    except RecordingError as problem:
        notes.append(f"{table.name}: electrodes of units left out: {problem}")
        return {}
    unwanted = [name for name in hdf5.names(electrodes) if name not in _OF_ELECTRODES]
    told = columns(file, all_of_them, unwanted, notes)
    return {
        name: _picked(values, first) for name, values in told.items() if name not in known and _tells(values)
    }


def _first(numbers: np.ndarray, places: np.ndarray | None, n_rows: int) -> np.ndarray:
    """The first electrode of each unit, -1 where it has none."""
    if places is None:
        if len(numbers) != n_rows:
            raise RecordingError(f"{len(numbers):,} electrodes for {n_rows:,} units")
        return numbers.astype(np.int64)
    first = np.full(n_rows, -1, np.int64)
    has = np.diff(places) > 0
    first[has] = numbers[places[:-1][has]]
    return first


def _picked(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    missing = rows < 0
    if not missing.any():
        return values[rows]
    picked = values[np.maximum(rows, 0)].astype(object if values.dtype.kind == "O" else float)
    picked[missing] = "" if values.dtype.kind == "O" else np.nan
    return picked


def _tells(values: np.ndarray) -> bool:
    """Whether a column says anything of any electrode."""
    return bool(np.any(values != "") if values.dtype.kind == "O" else np.any(~np.isnan(values.astype(float))))
