"""Trials, epochs and every other table of intervals in an NWB file."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.nwb_tables import Table, columns, missing_columns, path_of, table_of
from spikeboard.readers.phy_labels import listed_numbers
from spikeboard.readers.table_layout import listed
from spikeboard.readers.unit_table import as_texts

# Those that people look for come first: the first table is what a view takes unasked.
_FIRST = ("trials", "epochs")
_LAST = ("invalid_times", "observed")
_NAMES_OF_TIMES = ("start_time", "stop_time", "start_time_index", "stop_time_index")


def read_intervals(
    file: hdf5.OpenFile, groups: Sequence[h5py.Group], notes: list[str]
) -> dict[str, pd.DataFrame]:
    """Every table of intervals, by name.

    Parameters
    ----------
    groups : the tables
    notes : is told what was left out, and what is odd

    Returns
    -------
    name → start, stop (s, NaN where the file has none), and the further columns of the table
    """
    found: dict[str, pd.DataFrame] = {}
    for group in groups:
        try:
            name = fresh(short_name(group), found)
            found[name] = _table(file, group, name, notes)
        except RecordingError as problem:
            notes.append(f"left out: {problem}")
    return in_order(found)


def read_epochs(
    file: hdf5.OpenFile, groups: Sequence[h5py.Group], notes: list[str]
) -> dict[str, pd.DataFrame]:
    """The epochs of NWB 1, a group each, as one table with the column "name"."""
    rows = []
    for group in groups:
        start, stop = (hdf5.dataset_at(group, name) for name in ("start_time", "stop_time"))
        spans = [np.nan if end is None else hdf5.scalar(end) for end in (start, stop)]
        rows.append([np.nan if end is None else end for end in spans])
    if not rows:
        return {}
    table = pd.DataFrame(rows, columns=pd.Index(["start", "stop"]), dtype=float)
    table["name"] = as_texts([short_name(group) for group in groups])
    return {"epochs": _checked(table.sort_values("start", kind="stable", ignore_index=True), "epochs", notes)}


def in_order(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables in the order in which people look for them."""

    def place(name: str) -> int:
        return _FIRST.index(name) if name in _FIRST else 9 + (name in _LAST)

    return dict(sorted(tables.items(), key=lambda item: place(item[0])))


def short_name(group: h5py.Group) -> str:
    """The last part of where a group stands."""
    return path_of(group).rsplit("/", 1)[-1][:80]


def fresh(name: str, taken: dict[str, pd.DataFrame]) -> str:
    """The name, numbered where it is taken already."""
    number, new = 1, name
    while new in taken:
        number += 1
        new = f"{name} ({number})"
    return new


def _table(file: hdf5.OpenFile, group: h5py.Group, name: str, notes: list[str]) -> pd.DataFrame:
    table = table_of(file, group, "start_time")
    if gone := missing_columns(table):
        notes.append(f"{table.name} lists columns that are not in the file: {listed(gone)}")
    start, stop = _times(file, table, "start_time"), _times(file, table, "stop_time")
    if start is None:
        raise RecordingError(f"{table.name} in {file.name!r} has no start_time")
    if stop is None:
        notes.append(f"{name} have no stop_time: none is shown")
        stop = np.full(table.n_rows, np.nan)
    further = columns(file, table, _NAMES_OF_TIMES, notes)
    named = {
        f"{key} (in the file)" if key in ("start", "stop") else key: value for key, value in further.items()
    }
    return _checked(pd.DataFrame({"start": start, "stop": stop, **named}), name, notes)


def _times(file: hdf5.OpenFile, table: Table, name: str) -> np.ndarray | None:
    times = hdf5.column(file, table.group, name)
    if times is not None and len(times) != table.n_rows:
        raise RecordingError(
            f"{table.name}/{name} in {file.name!r} has {len(times):,} rows, not {table.n_rows:,}"
        )
    return None if times is None else times.astype(np.float64)


def _checked(table: pd.DataFrame, name: str, notes: list[str]) -> pd.DataFrame:
    """The table with no stop where it comes before its start; what is odd is said, and kept."""
    start, stop = table["start"].to_numpy(), table["stop"].to_numpy()
    wrong = np.flatnonzero(stop < start)
    if len(wrong):
        notes.append(
            f"{name}: row {listed_numbers(wrong.tolist())} ends before it starts "
            f"(the first: {start[wrong[0]]:.9g} to {stop[wrong[0]]:.9g} s): kept, without its stop"
        )
        table = table.assign(stop=np.where(stop < start, np.nan, stop))
    for what, times in (("start", start), ("stop", stop)):
        if missing := int(np.count_nonzero(~np.isfinite(times))):
            notes.append(f"{name}: {missing:,} of {len(table):,} have no {what} (NaN): kept")
    if overlapping := _overlapping(start, stop):
        notes.append(f"{name}: {overlapping:,} of {len(table):,} begin before an earlier one has ended: kept")
    return table


def _overlapping(start: np.ndarray, stop: np.ndarray) -> int:
    whole = np.isfinite(start) & np.isfinite(stop) & (stop >= start)
    order = np.argsort(start[whole], kind="stable")
    start, stop = start[whole][order], stop[whole][order]
    return int(np.count_nonzero(start[1:] < np.maximum.accumulate(stop)[:-1])) if len(start) else 0
