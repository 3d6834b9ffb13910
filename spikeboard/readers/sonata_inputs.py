"""Spike trains that a SONATA config plays into a run: HDF5 of SONATA, CSV, and NWB (BMTK's of old, or NWB 2).

Times are in milliseconds, as SONATA has them, but in NWB 2, which has seconds. The columns of CSV are parted by spaces
or commas; without a header they are time and node (BMTK).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from spikeboard.columns import changed
from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5, nwb
from spikeboard.readers.sonata_config import SpikeFile
from spikeboard.readers.sonata_files import listed
from spikeboard.readers.sonata_spikes import Spikes, integers, per_second, read_spikes, spike_populations

TEXT = (".csv", ".txt", ".dat")
LARGEST_TEXT = 2**30
TIMES = ("timestamps", "timestamp", "spike_times", "times", "time")
IDS = ("node_ids", "node_id", "gids", "gid", "ids", "id")
POPULATIONS = ("population", "populations")


def populations_in(file: SpikeFile) -> tuple[str | None, ...]:
    """Names of the populations whose spikes a file holds, None where it names none."""
    if _is_sonata(file.path):
        return spike_populations(file.path)
    if file.path.suffix.lower() in TEXT:
        return tuple(part.population for part in _text(file.path, None))
    return (None,)


def spikes_in(file: SpikeFile, time_unit: str | None) -> list[Spikes]:
    """The spikes of every population in a file.

    Parameters
    ----------
    file : a spike file of a run
    time_unit : "s", "ms", "us" or "ns", where the file does not say; milliseconds if None

    Raises
    ------
    RecordingError : where the file is damaged, or no list of spikes
    """
    if _is_sonata(file.path):
        return read_spikes(file.path, time_unit)
    if file.path.suffix.lower() in TEXT:
        return _text(file.path, time_unit)
    trains = _trains_of_old(file, time_unit)
    return [_nwb_2(file.path) if trains is None else trains]


def _is_sonata(path: Path) -> bool:
    return path.suffix.lower() not in (*TEXT, ".nwb") or "spikes" in hdf5.root_names(path)


# Text ------------------------------------------------------------------------------------------------------------


def _text(path: Path, time_unit: str | None) -> list[Spikes]:
    table = _table(path)
    time, ids, population = (_column(table, names) for names in (TIMES, IDS, POPULATIONS))
    if time is None or ids is None:
        raise RecordingError(
            f"{path.name!r} has no columns of times and node ids (it has {listed(map(str, table))}): call them "
            "timestamps and node_ids"
        )
    seconds = pd.to_numeric(time, errors="coerce").to_numpy(np.float64) / per_second(
        time_unit or "ms", path.name
    )
    numbers = pd.to_numeric(ids, errors="coerce").to_numpy()
    good = np.isfinite(seconds) & np.isfinite(numbers.astype(np.float64))
    names = (
        np.full(len(table), None, object) if population is None else population.astype(str).to_numpy(object)
    )
    lost = [f"{path.name!r}: {np.count_nonzero(~good):,} rows without a time or an id were left out"]
    notes = () if good.all() else tuple(lost)
    return [
        Spikes(name, integers(numbers[mine], repr(path.name)), seconds[mine], notes)
        for name in dict.fromkeys(names[good])
        for mine in [good & (names == name) if name is not None else good]
    ]


def _table(path: Path) -> pd.DataFrame:
    if path.stat().st_size > LARGEST_TEXT:
        raise RecordingError(
            f"{path.name!r} is larger than {LARGEST_TEXT >> 20} MiB: save its spikes as HDF5"
        )
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline(4096)
        separator = "," if "," in first else r"\s+"
        header = None if _is_row(first) else 0
        table = pd.read_csv(
            path, sep=separator, header=header, encoding="utf-8-sig", skipinitialspace=True, low_memory=False
        )
    except (ValueError, OSError, pd.errors.ParserError) as problem:
        why = (str(problem) or "it is empty").splitlines()[0][:200]
        raise RecordingError(f"{path.name!r} is no list of spikes: {why}") from None
    return table.set_axis([TIMES[0], IDS[0]], axis=1) if header is None and table.shape[1] == 2 else table


def _is_row(line: str) -> bool:
    try:
        return bool([float(field) for field in line.replace(",", " ").split()])
    except ValueError:
        return False


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> pd.Series | None:
    return next(
        (table.iloc[:, at] for at, name in enumerate(table) if str(name).strip().lower() in names), None
    )


# NWB -------------------------------------------------------------------------------------------------------------


def _trains_of_old(file: SpikeFile, time_unit: str | None) -> Spikes | None:
    """/processing/TRIAL/spike_train/NODE/data, as BMTK keeps it; None where there is no such thing."""
    with hdf5.opened(file.path) as opened:
        processing = hdf5.group_at(opened.root, "processing")
        trials = {} if processing is None else hdf5.groups(processing)
        runs = {name: run for name, trial in trials.items() if (run := hdf5.group_at(trial, "spike_train"))}
        if not runs:
            return None
        if file.trial not in runs and len(runs) > 1:
            raise RecordingError(
                f"{file.path.name!r} holds the trials {listed(runs)}, and the config takes {file.trial or 'none'!r}"
            )
        return _trains(opened, runs.get(file.trial, next(iter(runs.values()))), time_unit)


def _trains(file: hdf5.OpenFile, run: h5py.Group, time_unit: str | None) -> Spikes:
    ids, times = [np.zeros(0, np.int64)], [np.zeros(0)]
    for name, node in hdf5.groups(run).items():
        found = hdf5.column(file, node, "data")
        if found is None or not name.isdecimal():
            raise RecordingError(f"spike_train/{name[:60]} in {file.name!r} is no train of a numbered node")
        stored = hdf5.dataset_at(node, "data")
        unit = time_unit or (hdf5.text_attribute(stored, "unit") if stored is not None else "") or "ms"
        times.append(found.astype(np.float64) / per_second(unit, f"spike_train/{name} in {file.name!r}"))
        ids.append(np.full(len(found), int(name)))
    seconds = np.concatenate(times)
    finite = np.isfinite(seconds)
    lost = np.count_nonzero(~finite)
    notes = (f"{file.name!r}: {lost:,} spikes without a finite time were left out",) if lost else ()
    return Spikes(None, np.concatenate(ids)[finite], seconds[finite], notes)


def _nwb_2(path: Path) -> Spikes:
    rec = nwb.read(path)
    ids = rec.units["id"].to_numpy()
    if ids.dtype.kind not in "iu":
        raise RecordingError(
            f"the units of {path.name!r} have no numbers: whose trains they are cannot be told"
        )
    of_spikes = changed(lambda rows: ids[rows], rec.spike_rows, dtype=np.int64)
    return Spikes(None, of_spikes, np.asarray(rec.spike_times))
