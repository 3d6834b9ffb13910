"""What an NWB file holds, found by its structure: extensions call the same things by other type names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.nwb_tables import path_of
from spikeboard.readers.table_layout import listed

# What stands at the top of every NWB file, 1 or 2.
TOP = frozenset(
    {"acquisition", "analysis", "general", "processing", "stimulus", "session_start_time", "identifier"}
)
_NOT_SEARCHED = ("/specifications", "/general", "/stimulus/templates")
MOST_GROUPS = 20_000
DEEPEST = 8


@dataclass(frozen=True)
class Contents:
    """Groups of a file by what they are.

    units : tables of units
    intervals : tables of intervals
    series : signals sampled over time
    epochs : single intervals, as NWB 1 keeps them
    trains : groups of one group per unit, as NWB 1 keeps them
    """

    units: list[h5py.Group] = field(default_factory=list)
    intervals: list[h5py.Group] = field(default_factory=list)
    series: list[h5py.Group] = field(default_factory=list)
    epochs: list[h5py.Group] = field(default_factory=list)
    trains: list[h5py.Group] = field(default_factory=list)


def is_nwb(path: Path) -> bool:
    """Whether a file is NWB, as its attributes or its structure tell. Never raises."""
    names = hdf5.root_names(path)
    if not names:
        return path.suffix.lower() == ".nwb" and hdf5.is_damaged(path)
    if len(names & TOP) >= 3 or "nwb_version" in names:
        return True
    try:
        with h5py.File(path, "r") as root:
            return "nwb_version" in root.attrs or (names == {"processing"} and _has_trains(root))
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return False


def contents(file: hdf5.OpenFile, notes: list[str]) -> Contents:
    """Everything in a file that can be shown."""
    found = Contents()
    for group in _groups(file.root, notes):
        kind = _kind(group)
        if kind:
            getattr(found, kind).append(group)
    found.units.sort(key=lambda group: group.name != "/units")
    return found


def _groups(root: h5py.Group, notes: list[str]) -> Iterator[h5py.Group]:
    """Every group once, those in it after it; what is known for what it is, is not searched."""
    waiting, seen, outside = [(root, 0)], set(), []
    while waiting:
        group, depth = waiting.pop()
        place = hdf5.place(group)
        if place in seen or path_of(group) in _NOT_SEARCHED:
            continue
        seen.add(place)
        if len(seen) > MOST_GROUPS:
            notes.append(f"the file has more than {MOST_GROUPS:,} groups: those beyond were not searched")
            break
        yield group
        if depth < DEEPEST and not _kind(group):
            waiting += [(child, depth + 1) for child in _children(group, outside)][::-1]
    if outside:
        notes.append(
            f"links to other files are not followed: {listed(outside)} left out; copy them into the file"
        )


def _children(group: h5py.Group, outside: list[str]) -> Iterator[h5py.Group]:
    for name in hdf5.names(group):
        try:
            child = hdf5.member(group, name)
        except RecordingError:
            if name == "units":
                raise
            outside.append(f"{path_of(group).rstrip('/')}/{name}")
            continue
        if isinstance(child, h5py.Group):
            yield child


def _kind(group: h5py.Group) -> str:
    kind = hdf5.text_attribute(group, "neurodata_type")
    if kind == "Units" or path_of(group) == "/units" or hdf5.has(group, "spike_times_index"):
        return "units"
    if kind == "UnitTimes" and hdf5.has(group, "spike_times"):
        return "units"
    if kind == "UnitTimes" or path_of(group).endswith(("/UnitTimes", "/spike_train")):
        return "trains"
    if hdf5.has(group, "start_time"):
        return "epochs" if _is_scalar(group, "start_time") else "intervals"
    timed = hdf5.has(group, "timestamps") or hdf5.has(group, "starting_time")
    return "series" if timed and hdf5.has(group, "data") else ""


def _is_scalar(group: h5py.Group, name: str) -> bool:
    if hdf5.is_link(group, name):
        return False
    dataset = hdf5.dataset_at(group, name)
    return dataset is not None and dataset.ndim == 0


def _has_trains(root: h5py.Group) -> bool:
    processing = hdf5.group_at(root, "processing")
    modules = {} if processing is None else hdf5.groups(processing)
    return any(
        hdf5.has(module, "spike_train") or hdf5.has(module, "UnitTimes") for module in modules.values()
    )
