"""Spikes of a SONATA file: /spikes/POPULATION/{timestamps, node_ids}, and the flat layout from before 0.1.

SONATA: Dai et al., PLoS Comput Biol 16(2):e1007696, 2020, and the developer guides of the Allen Institute and
of the Blue Brain Project, which differ in how they write `sorting` (a string; a named number).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from spikeboard import columns
from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5

# Units per second. Dividing by an exact number keeps what decimal times say.
PER_SECOND = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e3),
    **dict.fromkeys(("us", "usec", "µs", "μs", "microsecond", "microseconds"), 1e6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e9),
}
IDS = ("node_ids", "gids")
# Times coarser than this are worth a word: intervals between them are quantised.
COARSE = 1e-6
# s; nanoseconds beyond do not fit an int64.
LATEST = 9e9


@dataclass(frozen=True)
class Spikes:
    """The spikes that one file holds of one population.

    population : its name, None in the flat layout, which has none
    ids : (n,) int, node of each spike
    times : (n,) float64, s, finite, in the order of the file
    notes : what was assumed or dropped
    """

    population: str | None
    ids: np.ndarray
    times: np.ndarray
    notes: tuple[str, ...] = ()


def spike_populations(path: Path) -> tuple[str | None, ...]:
    """Names of the populations whose spikes a file holds, None for the flat layout; no spike is read."""
    with hdf5.opened(path) as file:
        return tuple(name for name, _ in _parts(file))


def read_spikes(path: Path, time_unit: str | None = None) -> list[Spikes]:
    """The spikes of every population in a file.

    Parameters
    ----------
    path : HDF5 file
    time_unit : "s", "ms", "us" or "ns", where the file does not say; milliseconds, as the format has it, if None

    Raises
    ------
    RecordingError : where times or ids are missing, do not pair up, or are of no known unit
    """
    with hdf5.opened(path) as file:
        return [_spikes(file, name, group, time_unit) for name, group in _parts(file)]


def per_second(unit: str, where: str) -> float:
    """How many of a time unit make a second.

    Raises
    ------
    RecordingError : for a unit that is none of time
    """
    if unit.strip() not in PER_SECOND:
        raise RecordingError(
            f"{where} is in units of {unit[:60]!r}; times must be in s, ms, us or ns: correct the attribute"
        )
    return PER_SECOND[unit.strip()]


def _parts(file: hdf5.OpenFile) -> Iterator[tuple[str | None, h5py.Group]]:
    spikes = hdf5.group_at(file.root, "spikes")
    if spikes is None:
        raise RecordingError(f"{file.name!r} holds no spikes: /spikes is missing")
    flat = hdf5.dataset_at(spikes, "timestamps") is not None or hdf5.dataset_at(spikes, *IDS) is not None
    named = hdf5.groups(spikes)
    if not flat and not named:
        raise RecordingError(
            f"{file.name!r} holds no spikes: /spikes has no population; save the spikes again"
        )
    if flat:
        yield None, spikes
    yield from named.items()


def _spikes(file: hdf5.OpenFile, name: str | None, group: h5py.Group, time_unit: str | None) -> Spikes:
    where = f"population {name!r} in {file.name!r}" if name is not None else repr(file.name)
    times, ids = hdf5.column(file, group, "timestamps"), hdf5.column(file, group, *IDS)
    if times is None and ids is None:
        return Spikes(
            name, np.zeros(0, np.int64), np.zeros(0), (f"{where} has neither times nor ids of spikes",)
        )
    if times is None or ids is None:
        missing = "timestamps" if times is None else "node_ids"
        raise RecordingError(f"the spikes of {where} have no {missing}: save them again with both")
    if len(times) != len(ids):
        raise RecordingError(
            f"{where} has {len(times):,} spike times but {len(ids):,} ids: they must pair up, save it again"
        )
    stored = hdf5.text_attribute(hdf5.dataset_at(group, "timestamps") or group, "units")
    unit, notes = _unit(stored or hdf5.text_attribute(group, "units"), time_unit, where)
    notes += _wrong_sorting(hdf5.text_attribute(group, "sorting"), times, ids, where)
    scale = per_second(unit, f"timestamps of {where}")
    seconds, whole_ids, dropped = _whole(times, ids, scale, where)
    notes += _coarse(times, scale, where)
    if dropped:
        notes += [f"{where}: {dropped:,} spikes without a finite time were left out"]
    return Spikes(name, whole_ids, seconds, tuple(notes))


def _whole(times: np.ndarray, ids: np.ndarray, unit: float, where: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Times in seconds and ids of the spikes that have a finite time, and how many have none."""

    def parts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for some, named in columns.pieces(times, ids):
            seconds = some.astype(np.float64) / unit
            finite = np.isfinite(seconds)
            yield seconds[finite], integers(named, where)[finite]

    # uint64 only where it is needed.
    large = ids.dtype == np.uint64 and len(ids) and columns.extent(ids)[1] > np.iinfo(np.int64).max
    seconds, whole = columns.gathered(parts(), (np.float64, np.uint64 if large else np.int64))
    wild = sum(int(np.count_nonzero(np.abs(some) > LATEST)) for (some,) in columns.pieces(seconds))
    if wild:
        raise RecordingError(
            f"{where}: {wild:,} of {len(times):,} spikes lie more than 285 years from time 0: the file is damaged "
            "or its time unit is another one (time_unit=…)"
        )
    return seconds, whole, len(times) - len(seconds)


def integers(ids: np.ndarray, where: str) -> np.ndarray:
    """Ids as int64, or uint64 where they need it.

    Raises
    ------
    RecordingError : where they are not whole numbers
    """
    if ids.dtype.kind == "f":
        if not np.all(np.isfinite(ids) & (ids == np.rint(ids)) & (np.abs(ids) < 2**53)):
            raise RecordingError(
                f"the ids of {where} are not whole numbers (such as {ids[:3].tolist()}): save them as integers"
            )
        return ids.astype(np.int64)
    too_large = ids.dtype == np.uint64 and len(ids) and ids.max() > np.iinfo(np.int64).max
    return ids if too_large else ids.astype(np.int64)


def _unit(stored: str, asked: str | None, where: str) -> tuple[str, list[str]]:
    if asked is not None:
        differs = stored and stored != asked
        return asked, [f"{where}: the file says {stored}; {asked} was taken as asked"] if differs else []
    if stored:
        return stored, []
    return "ms", [f"{where} does not state its time unit: ms, as SONATA has it (time_unit=… overrules)"]


def _wrong_sorting(sorting: str, times: np.ndarray, ids: np.ndarray, where: str) -> list[str]:
    claimed = {"by_time": times, "time": times, "by_id": ids, "by_gid": ids, "gid": ids}.get(sorting)
    if (
        claimed is None
        or columns.ascends(claimed)
        or any(np.isnan(some).any() for (some,) in columns.pieces(claimed))
    ):
        return []
    return [f"{where} says that its spikes are sorted {sorting!r}; they are not, and were sorted"]


def _coarse(times: np.ndarray, unit: float, where: str) -> list[str]:
    if times.dtype.kind != "f" or times.dtype.itemsize > 4:
        return []
    finite = (part[np.isfinite(part)] for (part,) in columns.pieces(times))
    latest = max((np.abs(part).max() for part in finite if len(part)), default=times.dtype.type(0))
    step = float(np.spacing(latest)) / unit
    if step <= COARSE:
        return []
    return [
        f"{where} stores times as {times.dtype}: at {float(latest) / unit:,.4g} s they are {1000 * step:.3g} ms "
        "apart at best, and so are the intervals"
    ]
