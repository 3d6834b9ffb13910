"""Tables of NWB (HDMF's DynamicTable): a group with one dataset per column, `X_index` beside a ragged column X."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import h5py
import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.table_layout import listed
from spikeboard.readers.unit_table import as_texts, column_name

MOST_COLUMNS = 200
# A ragged column is shown as "a, b, c" where no row has more than this; else it is left out.
MOST_IN_A_CELL = 12


@dataclass(frozen=True)
class Table:
    """A table of a file, its columns not read yet.

    name : as shown to the user, such as "/units"
    group : of the file
    n_rows : of the table
    """

    name: str
    group: h5py.Group
    n_rows: int


def table_of(file: hdf5.OpenFile, group: h5py.Group, *lengths: str) -> Table:
    """The table that a group is; its length is that of its ids, or else of the first of some columns.

    Raises
    ------
    RecordingError : where nothing tells how many rows it has
    """
    name = path_of(group)
    dataset = hdf5.dataset_at(group, "id", *lengths)
    if dataset is None or dataset.ndim != 1:
        raise RecordingError(f"{name} in {file.name!r} has no ids: how many rows it has is not known")
    return Table(name, group, dataset.shape[0])


def path_of(thing: h5py.Group | h5py.Dataset) -> str:
    """Where something stands in its file, for a sentence."""
    name = thing.name or ""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return text.encode("utf-8", "replace").decode()[:200]


def columns(
    file: hdf5.OpenFile, table: Table, without: Collection[str], notes: list[str]
) -> dict[str, np.ndarray]:
    """The columns of a table that a data frame can hold.

    Parameters
    ----------
    table : of the file
    without : columns that are read elsewhere
    notes : is told which columns were left out, and why

    Returns
    -------
    name → (n_rows,) numbers, or texts as objects; a short ragged column as "a, b"
    """
    found: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    names = [name for name in _names(table.group) if name not in without and name != "id"]
    for name in names[:MOST_COLUMNS]:
        try:
            values = _column(file, table, name)
        except RecordingError as problem:
            notes.append(f"{table.name}: column {name[:60]!r} left out: {problem}")
            continue
        if values is None:
            left_out.append(name)
        else:
            found[column_name(name)] = values
    left_out += names[MOST_COLUMNS:]
    if left_out:
        notes.append(f"{table.name}: columns that no table can show were left out: {listed(left_out)}")
    return found


def missing_columns(table: Table) -> list[str]:
    """Columns that the table lists as its own, but does not have."""
    names = hdf5.texts_attribute(table.group, "colnames")
    return [name for name in names if not hdf5.has(table.group, name)]


def bounds(
    file: hdf5.OpenFile, group: h5py.Group, name: str, n_rows: int, n_values: int
) -> np.ndarray | None:
    """Where the values of each row of a ragged column begin and end.

    Returns
    -------
    (n_rows + 1,) int64, not decreasing, from 0 to at most n_values; None where the column has no index

    Raises
    ------
    RecordingError : where the index does not divide the values among the rows
    """
    dataset = hdf5.dataset_at(group, f"{name}_index")
    if dataset is None:
        return None
    where = f"{path_of(group)}/{name}_index in {file.name!r}"
    if dataset.dtype.kind not in "iu":
        raise RecordingError(
            f"{where} holds no numbers ({dataset.dtype}): a beta of NWB 2 wrote it; convert the file"
        )
    index = hdf5.column(file, group, f"{name}_index")
    if index is None or len(index) != n_rows:
        raise RecordingError(
            f"{where} has {0 if index is None else len(index):,} rows, the table has {n_rows:,}"
        )
    # Compared in their own width: differences of unsigned numbers would wrap.
    if len(index) and (index.max() > n_values or index.min() < 0):
        raise RecordingError(
            f"{where} leads to value {index.max():,}, but there are {n_values:,}: it is damaged; write the file again"
        )
    if np.any(index[1:] < index[:-1]):
        row = int(np.flatnonzero(index[1:] < index[:-1])[0])
        raise RecordingError(
            f"{where} decreases (from {index[row]:,} to {index[row + 1]:,} in row {row + 1}): whose values are whose "
            "cannot be told; write the file again"
        )
    return np.r_[0, index.astype(np.int64)]


def _names(group: h5py.Group) -> list[str]:
    """Columns in the order in which the table lists them, then those it does not list."""
    here = hdf5.names(group)
    first = hdf5.texts_attribute(group, "colnames")
    ordered = [name for name in dict.fromkeys([*first, *here]) if name in set(here)]
    return [name for name in ordered if not (name.endswith("_index") and name.removesuffix("_index") in here)]


def _column(file: hdf5.OpenFile, table: Table, name: str) -> np.ndarray | None:
    dataset = hdf5.dataset_at(table.group, name)
    if dataset is None or dataset.ndim == 0 or dataset.size is None:
        return None
    if hdf5.dataset_at(table.group, f"{name}_index") is not None:
        return _ragged(file, table, name, dataset)
    if dataset.shape[0] != table.n_rows:
        raise RecordingError(f"it has {dataset.shape[0]:,} values for {table.n_rows:,} rows")
    if dataset.size != table.n_rows:
        return None
    return _values(file, table.group, name, dataset)


def _values(file: hdf5.OpenFile, group: h5py.Group, name: str, dataset: h5py.Dataset) -> np.ndarray | None:
    """Numbers or texts of one dimension; None for anything else."""
    if dataset.dtype.kind in "iufb":
        return hdf5.column(file, group, name)
    if h5py.check_string_dtype(dataset.dtype) is not None:
        texts = hdf5.texts(file, group, name)
        return None if texts is None else as_texts(list(texts))
    if h5py.check_ref_dtype(dataset.dtype) is h5py.Reference:
        return as_texts(list(hdf5.named_by_references(file, dataset)))
    return None


def _ragged(file: hdf5.OpenFile, table: Table, name: str, dataset: h5py.Dataset) -> np.ndarray | None:
    if dataset.ndim != 1 or hdf5.dataset_at(table.group, f"{name}_index_index") is not None:
        return None
    places = bounds(file, table.group, name, table.n_rows, dataset.shape[0])
    if places is None or np.diff(places).max(initial=0) > MOST_IN_A_CELL:
        return None
    values = _values(file, table.group, name, dataset)
    if values is None:
        return None
    cells = [values[first:last] for first, last in pairwise(places)]
    return as_texts([", ".join(map(str, cell.tolist())) for cell in cells])
