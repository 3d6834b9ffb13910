"""Nodes and edges of a SONATA circuit: attributes from the HDF5 groups, else from the types table.

An attribute stands in the HDF5 file, in one of the numbered groups of a population, or in the CSV file of
types; the HDF5 file wins (SONATA developer guide, "Edges - Optional Reserved Attributes").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.sonata_spikes import integers
from spikeboard.readers.unknown_units import OFFER
from spikeboard.recording import Synapses

POSITIONS = ("x", "y", "z")
LABELS = (
    "model_type",
    "pop_name",
    "ei",
    "model_name",
    "location",
    "layer",
    "region",
    "mtype",
    "etype",
    "morph_class",
    "synapse_class",
)
# Names of the weight in the two dialects, with the unit that the dialect gives it.
WEIGHTS = {"syn_weight": "", "weight": "", "conductance": "nS"}
ABSENT = ("", "NULL", "NONE", "NaN", "nan", "None")
LARGEST_TYPES = 16 * 2**20


@dataclass(frozen=True)
class Nodes:
    """The cells of one population, silent ones included.

    population : its name
    ids : (n,) int
    columns : what is known of each cell, (n,) arrays by name
    notes : what was assumed or left out
    """

    population: str
    ids: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edges:
    """The edges of one edge population, as the file numbers them.

    name : of the edge population
    source, target : names of the node populations
    sources, targets : (n,) int, node ids
    weight : (n,) float64, of all synapses of an edge together, or None
    delay : (n,) float64, s, or None
    weight_unit : "" where unknown
    notes : what was assumed or left out
    """

    name: str
    source: str
    target: str
    sources: np.ndarray
    targets: np.ndarray
    weight: np.ndarray | None
    delay: np.ndarray | None
    weight_unit: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Rows:
    """One node or edge population, and where the attributes of each of its n rows stand."""

    file: hdf5.OpenFile
    where: str
    n: int
    groups: Mapping[str, h5py.Group]
    group: np.ndarray
    index: np.ndarray
    types: pd.DataFrame | None
    type_row: np.ndarray


def read_nodes(path: Path, types: Path | None = None) -> list[Nodes]:
    """The cells of every node population in a file.

    Parameters
    ----------
    path : HDF5 file with /nodes
    types : CSV file of node types

    Raises
    ------
    RecordingError : where the file is no node file or its parts do not fit together
    """
    with hdf5.opened(path) as file:
        return [_nodes(file, name, group, types) for name, group in _populations(file, "nodes").items()]


def read_edges(path: Path, types: Path | None = None) -> list[Edges]:
    """The edges of every edge population in a file.

    Parameters
    ----------
    path : HDF5 file with /edges
    types : CSV file of edge types

    Raises
    ------
    RecordingError : where the file is no edge file or its parts do not fit together
    """
    with hdf5.opened(path) as file:
        return [_edges(file, name, group, types) for name, group in _populations(file, "edges").items()]


def synapses(edges: Edges, source_ids: np.ndarray, target_ids: np.ndarray) -> tuple[Synapses, list[str]]:
    """The edges as sparse rows over the cells of their populations.

    Parameters
    ----------
    edges : as `read_edges` gives them
    source_ids, target_ids : (n,) int, ids of the cells of both populations in the order of the unit table

    Returns
    -------
    the synapses, and notes on edges that were left out because their cells do not exist
    """
    rows, row_found = positions(edges.sources, source_ids)
    columns, column_found = positions(edges.targets, target_ids)
    found = row_found & column_found
    order = np.flatnonzero(found)
    order = order[np.lexsort((columns[order], rows[order]))]
    counts = np.bincount(rows[order], minlength=len(source_ids))
    lost = len(found) - len(order)
    notes = (
        [f"{edges.name!r}: {lost:,} edges from or to cells that do not exist were left out; {OFFER}"]
        if lost
        else []
    )
    return Synapses(
        source=edges.source,
        target=edges.target,
        indptr=np.r_[0, np.cumsum(counts)].astype(np.int64),
        indices=columns[order].astype(np.int32),
        weight=None if edges.weight is None else edges.weight[order],
        delay=None if edges.delay is None else edges.delay[order],
        weight_unit=edges.weight_unit,
    ), notes


def positions(ids: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each id stands among the known ones, and whether it does: two (n,) arrays, int and bool."""
    if not len(known):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
    if known[0] == 0 and known[-1] == len(known) - 1 and np.all(np.diff(known) == 1):
        # As nearly all files number their cells; no search is needed.
        found = (ids >= 0) & (ids < len(known))
        return np.where(found, ids, 0).astype(np.int64), found
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], ids), len(known) - 1)
    return order[place], known[order[place]] == ids


def _populations(file: hdf5.OpenFile, kind: str) -> dict[str, h5py.Group]:
    top = hdf5.group_at(file.root, kind)
    if top is None:
        raise RecordingError(f"{file.name!r} holds no {kind}: /{kind} is missing")
    return hdf5.groups(top)


def _nodes(file: hdf5.OpenFile, name: str, group: h5py.Group, types: Path | None) -> Nodes:
    where = f"nodes {name!r} in {file.name!r}"
    ids, kinds = hdf5.column(file, group, "node_id"), hdf5.column(file, group, "node_type_id")
    if ids is None and kinds is None:
        return Nodes(name, np.zeros(0, np.int64), notes=(f"{where}: no cells, for it has no node ids",))
    found = np.arange(len(kinds)) if ids is None and kinds is not None else integers(_whole(ids), where)
    if len(np.unique(found)) < len(found):
        raise RecordingError(f"{where} names the same cell twice")
    rows = _rows(file, where, len(found), group, "node", kinds, _types(types, "node_type_id", name))
    columns = {label: _labels(rows, label) for label in LABELS} | {
        axis: _numbers(rows, axis) for axis in POSITIONS
    }
    return Nodes(name, found, {key: values for key, values in columns.items() if values is not None})


def _edges(file: hdf5.OpenFile, name: str, group: h5py.Group, types: Path | None) -> Edges:
    where = f"edges {name!r} in {file.name!r}"
    ends = [hdf5.column(file, group, f"{end}_node_id") for end in ("source", "target")]
    sources, targets = (integers(_whole(ids), where) for ids in ends)
    if len(sources) != len(targets):
        raise RecordingError(f"{where} has {len(sources):,} sources but {len(targets):,} targets")
    kinds = hdf5.column(file, group, "edge_type_id")
    rows = _rows(file, where, len(sources), group, "edge", kinds, _types(types, "edge_type_id", name))
    weight, unit, notes = _weights(rows)
    delay = _numbers(rows, "delay")
    notes += _about_groups(rows)
    source, target = _ends(group, name)
    return Edges(
        name,
        source,
        target,
        sources,
        targets,
        weight,
        None if delay is None else delay / 1000.0,
        unit,
        tuple(notes),
    )


def _whole(ids: np.ndarray | None) -> np.ndarray:
    return np.zeros(0, np.int64) if ids is None else ids


def _ends(group: h5py.Group, name: str) -> tuple[str, str]:
    split = name.split("_to_") if "_to_" in name else name.split("__")
    named = split if len(split) >= 2 else [f"source of {name}", f"target of {name}"]
    ends = []
    for end, otherwise in zip(("source", "target"), named, strict=False):
        stored = hdf5.dataset_at(group, f"{end}_node_id")
        ends.append(
            (hdf5.text_attribute(stored, "node_population") if stored is not None else "") or otherwise
        )
    return ends[0], ends[1]


def _weights(rows: _Rows) -> tuple[np.ndarray | None, str, list[str]]:
    """Weight per edge, its unit, and what is to be said of it."""
    for name, unit in WEIGHTS.items():
        weight = _numbers(rows, name)
        if weight is not None:
            return (*_times_synapses(rows, weight, _told_unit(rows, name) or unit),)
    return None, "", [f"{rows.where}: no weights, neither per edge nor per edge type"]


def _told_unit(rows: _Rows, name: str) -> str:
    """The unit that the file itself gives an attribute, "" where it gives none."""
    stored = [hdf5.dataset_at(group, name) for group in rows.groups.values()]
    told = (hdf5.text_attribute(dataset, "units") for dataset in stored if dataset is not None)
    return next((unit for unit in told if unit), "")


def _times_synapses(rows: _Rows, weight: np.ndarray, unit: str) -> tuple[np.ndarray, str, list[str]]:
    count, notes = _numbers(rows, "nsyns"), []
    if count is not None:
        count = np.where(np.isfinite(count), count, 1.0)
        weight = weight * count
        notes.append(
            f"{rows.where}: {rows.n:,} edges stand for {int(count.sum()):,} synapses (nsyns); "
            "the weight of an edge is that of its synapses together"
        )
    if lacking := int(np.count_nonzero(~np.isfinite(weight))):
        weight = np.where(np.isfinite(weight), weight, np.nan)
        notes.append(f"{rows.where}: {lacking:,} edges have no finite weight")
    return weight, unit, notes


def _rows(
    file: hdf5.OpenFile,
    where: str,
    n: int,
    group: h5py.Group,
    kind: str,
    kinds: np.ndarray | None,
    types: pd.DataFrame | None,
) -> _Rows:
    """Where the attributes of n rows stand: group, index within it, and row of the types table (-1: nowhere)."""
    numbered = {name: found for name, found in hdf5.groups(group).items() if name.isdecimal()}
    groups = hdf5.column(file, group, f"{kind}_group_id")
    index = hdf5.column(file, group, f"{kind}_group_index")
    groups = np.zeros(n, np.int64) if groups is None else integers(groups, where)
    index = _index_within(groups) if index is None else integers(index, where)
    if not len(groups) == len(index) == n or (kinds is not None and len(kinds) != n):
        raise RecordingError(f"{where}: its columns are not all {n:,} long")
    row = np.full(n, -1)
    if types is not None and kinds is not None:
        place, found = positions(integers(kinds, where), types.index.to_numpy())
        row = np.where(found, place, -1)
    return _Rows(file, where, n, numbered, groups, index, types, row)


def _about_groups(rows: _Rows) -> list[str]:
    """What is to be said of rows whose attributes stand nowhere."""
    astray = ~np.isin(rows.group, [int(number) for number in rows.groups])
    if not rows.groups or not astray.any():
        return []
    return [
        f"{rows.where}: {np.count_nonzero(astray):,} of {rows.n:,} name a group that is not in the file (the first is "
        f"group {rows.group[astray][0]}): what the file says of them is lost"
    ]


def _index_within(groups: np.ndarray) -> np.ndarray:
    """Position of each row among the rows of its group, for files that leave the index out."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered)
    within = np.empty(len(groups), np.int64)
    within[order] = np.arange(len(groups)) - first
    return within


def _numbers(rows: _Rows, name: str) -> np.ndarray | None:
    """A numeric attribute of each row, NaN where it is not given; None where it is given nowhere."""
    found = None
    if rows.types is not None and name in rows.types:
        column = pd.to_numeric(rows.types[name], errors="coerce").to_numpy(np.float64)
        found = np.where(rows.type_row >= 0, column[rows.type_row], np.nan)
    for number, group in rows.groups.items():
        stored = hdf5.dataset_at(group, name)
        if stored is None or stored.dtype.kind not in "iuf":
            continue
        values = hdf5.column(rows.file, group, name)
        if values is not None:
            found = np.full(rows.n, np.nan) if found is None else found
            _fill(rows, int(number), values, found)
    return found


def _labels(rows: _Rows, name: str) -> np.ndarray | None:
    """A textual attribute of each row, None where it is not given; None where it is given nowhere."""
    found: np.ndarray | None = None
    if rows.types is not None and name in rows.types:
        column = rows.types[name].to_numpy(object)
        known = (rows.type_row >= 0) & ~np.isin(column[rows.type_row].astype(str), ABSENT)
        found = np.full(rows.n, None, object)
        found[known] = column[rows.type_row[known]]
    for number, group in rows.groups.items():
        values = _group_labels(rows.file, group, name)
        if values is not None:
            found = np.full(rows.n, None, object) if found is None else found
            _fill(rows, int(number), values, found)
    return found


def _group_labels(file: hdf5.OpenFile, group: h5py.Group, name: str) -> np.ndarray | None:
    library = hdf5.group_at(group, "@library")
    names = hdf5.texts(file, library, name) if library is not None else None
    stored = hdf5.dataset_at(group, name)
    if stored is None or stored.dtype.kind not in "iufSO":
        return None
    values = hdf5.column(file, group, name) if stored.dtype.kind in "iuf" else hdf5.texts(file, group, name)
    if values is None or stored.dtype.kind in "SO":
        return values
    if names is None or not len(names):
        return np.asarray([f"{value:g}" for value in values], object)
    codes = integers(values, f"{name} in {file.name!r}")
    inside = (codes >= 0) & (codes < len(names))
    found = np.full(len(codes), None, object)
    found[inside] = names[codes[inside]]
    return found


def _fill(rows: _Rows, number: int, values: np.ndarray, into: np.ndarray) -> None:
    mine = (rows.group == number) & (rows.index >= 0) & (rows.index < len(values))
    into[mine] = values[rows.index[mine].astype(np.int64)]


def _types(path: Path | None, key: str, population: str) -> pd.DataFrame | None:
    """The table of types, by type id; None where there is none."""
    if path is None:
        return None
    if path.stat().st_size > LARGEST_TYPES:
        raise RecordingError(f"{path.name!r} is larger than {LARGEST_TYPES >> 20} MiB: no table of types")
    try:
        table = pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError, pd.errors.ParserError) as problem:
        raise RecordingError(
            f"{path.name!r} is no table of types: {str(problem).splitlines()[0][:200]}"
        ) from None
    return _by_type(table, path, key, population)


def _by_type(table: pd.DataFrame, path: Path, key: str, population: str) -> pd.DataFrame:
    if key not in table:
        raise RecordingError(f"{path.name!r} has no column {key}; it has {_listed(table.columns)}")
    if "population" in table and population in set(table["population"]):
        table = table[table["population"] == population]
    numbers = pd.to_numeric(table[key], errors="coerce")
    table = table[numbers.notna()].set_index(numbers[numbers.notna()].astype(np.int64))
    return table[~table.index.duplicated()]


def _listed(names: Sequence[str] | pd.Index) -> str:
    return ", ".join(map(str, list(names)[:20])) or "none"
