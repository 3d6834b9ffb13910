"""Spikes of NWB 1: /processing/MODULE/UnitTimes/UNIT/times, and BMTK's /processing/TRIAL/spike_train/CELL/data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from spikeboard.columns import gathered
from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers import hdf5
from spikeboard.readers.nwb_tables import path_of
from spikeboard.readers.nwb_units import Units
from spikeboard.readers.sonata_spikes import per_second
from spikeboard.readers.spikelist import in_natural_order
from spikeboard.readers.unit_table import as_texts

MOST_UNITS = 100_000


def read_trains(
    file: hdf5.OpenFile, groups: Sequence[h5py.Group], trial: str | None, notes: list[str]
) -> list[Units]:
    """The units of every module.

    Parameters
    ----------
    groups : the UnitTimes and spike_train groups of a file
    trial : which of several spike_train groups to take: each is a run of the same cells
    notes : is told what was assumed or left out

    Raises
    ------
    RecordingError : where a train cannot be read
    Undecided : where there are several trials
    """
    runs = [group for group in groups if path_of(group).endswith("/spike_train")]
    others = [group for group in groups if group not in runs]
    chosen = [*others, *_trial(file, runs, trial)]
    if chosen:
        notes.append("the file is NWB 1: its spikes and signals are read, not everything that it may hold")
    names = ["units" if len(chosen) == 1 else _module(group) for group in chosen]
    return [_units(file, group, name, notes) for group, name in zip(chosen, names, strict=True)]


def _trial(file: hdf5.OpenFile, runs: Sequence[h5py.Group], trial: str | None) -> list[h5py.Group]:
    names = [_module(group) for group in runs]
    if trial is None and len(runs) <= 1:
        return list(runs)
    if trial is None:
        choices = tuple(
            Choice(name, name, f"{len(group):,} cells")
            for name, group in list(zip(names, runs, strict=True))[:50]
        )
        raise Undecided(
            [Question("trial", f"{file.name} holds {len(runs)} runs of the same cells.", choices)]
        )
    if trial not in names:
        raise RecordingError(
            f"{file.name} has no trial {trial[:60]!r}; it has {', '.join(names[:20]) or 'none'}"
        )
    return [runs[names.index(trial)]]


def _module(group: h5py.Group) -> str:
    parts = path_of(group).strip("/").split("/")
    return parts[-2] if len(parts) > 1 else parts[-1]


def _units(file: hdf5.OpenFile, group: h5py.Group, population: str, notes: list[str]) -> Units:
    members = hdf5.groups(group)
    if len(members) > MOST_UNITS:
        raise RecordingError(
            f"{path_of(group)} in {file.name!r} has {len(members):,} units, more than {MOST_UNITS:,}"
        )
    names = in_natural_order(list(members))

    def trains() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for row, name in enumerate(names):
            train = _train(file, members[name], notes)
            yield train, np.full(len(train), row, np.int32)

    times, rows = gathered(trains(), (np.float64, np.int32))
    return Units(population, _as_ids(names), times, rows)


def _as_ids(names: Sequence[str]) -> np.ndarray:
    """Names as numbers, where all of them are."""
    numeric = all(name.isascii() and name.isdigit() and len(name) < 18 for name in names)
    return np.array([int(name) for name in names], np.int64) if numeric else as_texts(names)


def _train(file: hdf5.OpenFile, group: h5py.Group, notes: list[str]) -> np.ndarray:
    """Times of one unit, s, in order."""
    dataset, times = hdf5.dataset_at(group, "times", "data"), hdf5.column(file, group, "times", "data")
    if dataset is None or times is None:
        notes.append(f"{path_of(group)} holds no times: shown as silent")
        return np.zeros(0)
    where = path_of(dataset)
    seconds = times.astype(np.float64) / per_second(hdf5.text_attribute(dataset, "unit") or "s", where)
    finite = np.isfinite(seconds)
    if not finite.all():
        notes.append(f"{where}: {np.count_nonzero(~finite):,} times are no numbers (NaN): left out")
    return np.sort(seconds[finite])
