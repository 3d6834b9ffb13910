"""Sortings that SpikeInterface saved: .npz files, numpy and zarr folders, read without SpikeInterface.

Its folders name Python classes to import, and may hold pickles: of both nothing is used. Only arrays are read, and
numbers from JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import npy, reader, zarr_arrays
from spikeboard.readers.spikelist import answers
from spikeboard.recording import Recording
from spikeboard.segmented import POPULATION, Segment, Train, column, from_segments

INFO = "numpysorting_info.json"
CACHED = "sorting_cached.npz"
ZARR_3 = "zarr.json"
LARGEST_JSON = 16 * 2**20
MOST_SEGMENTS = 100_000
LARGEST_PROPERTY = 64 * 2**20
_NPZ = frozenset({"unit_ids", "num_segment", "sampling_frequency"})
HOW = "sorting.save(folder='sorting_numpy', format='numpy_folder')"


@dataclass(frozen=True, eq=False)
class _Sorting:
    """Sampling rate (Hz), unit ids, and for each segment the samples and the unit rows of its spikes."""

    rate: float
    ids: Sequence[Any]
    segments: Sequence[tuple[np.ndarray, np.ndarray]]


def sniff(path: Path) -> bool:
    """Whether a path is a sorting as SpikeInterface saves it."""
    if path.is_dir():
        return any((path / name).is_file() for name in (INFO, CACHED)) or _is_zarr(path)
    if not path.is_file() or not npy.is_npz(path):
        return False
    try:
        return npy.describe(path).keys() >= _NPZ
    except RecordingError:
        return False


@reader("SpikeInterface sorting", sniff, order=33)
def read(path: Path, t_start: float | None = None, t_stop: float | None = None) -> Recording:
    """The units of a sorting, on the clock of its recording.

    Parameters
    ----------
    path : .npz file or folder
    t_start, t_stop : s, when the recording began and ended, which a sorting does not know

    Raises
    ------
    RecordingError : where arrays are missing or contradict each other
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    notes: list[str] = []
    sorting = _sorting(path)
    known = _properties(path, len(sorting.ids), notes) if path.is_dir() else {}
    segments = [_segment(path, sorting, number, known) for number in range(len(sorting.segments))]
    return from_segments(
        segments,
        name=path.stem if path.is_file() else path.name,
        sampling_rate=sorting.rate,
        t_start=given.t_start,
        t_stop=given.t_stop,
        notes=notes,
        source=str(path),
    )


def _sorting(path: Path) -> _Sorting:
    if (path / INFO).is_file():
        return _numpy(path)
    return _zarr(path) if _is_zarr(path) else _npz(path / CACHED if path.is_dir() else path)


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in (".zgroup", ZARR_3)) and (path / "spikes").is_dir()


def _segment(path: Path, sorting: _Sorting, number: int, known: dict[str, np.ndarray]) -> Segment:
    samples, rows = sorting.segments[number]
    if samples.shape != rows.shape or samples.ndim != 1 or samples.dtype.kind not in "iu":
        raise RecordingError(
            f"{path.name}, segment {number + 1}: {samples.shape} samples ({samples.dtype}) but {rows.shape} units of "
            "spikes: each spike needs a sample number and a unit"
        )
    order = np.argsort(rows, kind="stable")
    edges = np.searchsorted(rows[order], np.arange(len(sorting.ids) + 1))
    times = samples[order].astype(np.float64) / sorting.rate
    trains = [
        Train(
            unit,
            times[edges[row] : edges[row + 1]],
            POPULATION,
            {name: values[row] for name, values in known.items()},
        )
        for row, unit in enumerate(sorting.ids)
    ]
    return Segment(0.0, None, trains, name=str(number + 1))


# .npz ----------------------------------------------------------------------------------------------------------


def _npz(path: Path) -> _Sorting:
    if not path.is_file():
        raise RecordingError(f"{path.parent.name!r} is cut: {path.name} is missing")
    number = _one(path, npy.load(path, ["num_segment"], 4096)["num_segment"], "num_segment")
    if not 0 <= number <= MOST_SEGMENTS or number != int(number):
        raise RecordingError(f"{path.name} claims {number:g} segments")
    names = [f"spike_{what}_seg{k}" for k in range(int(number)) for what in ("indexes", "labels")]
    held = npy.load(path, ["unit_ids", "sampling_frequency", *names])
    ids = held["unit_ids"]
    _check_ids(path, ids)
    segments = [
        (held[f"spike_indexes_seg{k}"], _rows(path, held[f"spike_labels_seg{k}"], ids))
        for k in range(int(number))
    ]
    return _Sorting(_rate(path, held["sampling_frequency"]), ids.tolist(), segments)


def _rows(path: Path, labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    if not len(labels):
        return np.zeros(labels.shape, np.int64)
    if labels.dtype.kind != ids.dtype.kind and not {labels.dtype.kind, ids.dtype.kind} <= {"i", "u"}:
        raise RecordingError(
            f"{path.name}: spikes name units by {labels.dtype}, but unit ids are {ids.dtype}"
        )
    order = np.argsort(ids, kind="stable")
    place = (
        np.minimum(np.searchsorted(ids[order], labels), len(ids) - 1)
        if len(ids)
        else np.zeros(len(labels), int)
    )
    if not len(ids) or np.any(ids[order][place] != labels):
        raise RecordingError(f"{path.name}: some spikes name units that 'unit_ids' does not list")
    return order[place]


# Zarr folder ---------------------------------------------------------------------------------------------------


def _zarr(folder: Path) -> _Sorting:
    if (folder / ZARR_3).is_file():
        raise RecordingError(f"{folder.name} is of zarr version 3, which is not read: save it with {HOW}")
    about = zarr_arrays.attributes(folder / ".zattrs")
    ids = zarr_arrays.load(folder / "unit_ids", LARGEST_PROPERTY)
    _check_ids(folder, ids)
    names = ("sample_index", "unit_index", "segment_slices")
    samples, rows, slices = (zarr_arrays.load(folder / "spikes" / name) for name in names)
    _check_rows(folder, rows, len(ids))
    whole = slices.ndim == 2 and slices.shape[1] == 2 and slices.dtype.kind in "iu"
    if not whole or len(slices) > MOST_SEGMENTS or (slices.size and not _divide(slices, len(samples))):
        raise RecordingError(f"{folder.name}: segment_slices do not divide the {len(samples):,} spikes")
    rate = _rate(folder, np.asarray(about.get("sampling_frequency")))
    return _Sorting(
        rate, ids.tolist(), [(samples[start:stop], rows[start:stop]) for start, stop in slices.tolist()]
    )


def _divide(slices: np.ndarray, number: int) -> bool:
    """Whether slices follow one another from the first spike to the last."""
    edges = slices.astype(np.int64).reshape(-1)
    return edges[0] == 0 and edges[-1] == number and bool(np.all(np.diff(edges) >= 0)) and _joined(edges)


def _joined(edges: np.ndarray) -> bool:
    return bool(np.array_equal(edges[1:-1:2], edges[2::2]))


def _check_rows(folder: Path, rows: np.ndarray, units: int) -> None:
    if rows.dtype.kind not in "iu" or (len(rows) and not 0 <= rows.min() <= rows.max() < units):
        raise RecordingError(f"{folder.name}: spikes name units that are not among the {units} there are")


# Numpy folder --------------------------------------------------------------------------------------------------


def _numpy(folder: Path) -> _Sorting:
    path = folder / INFO
    info = _json(path)
    if not isinstance(info.get("unit_ids"), list):
        raise RecordingError(f"{path.name} lists no unit_ids")
    ids = np.asarray(column([item if isinstance(item, str | int) else None for item in info["unit_ids"]]))
    _check_ids(path, ids)
    if not (folder / "spikes.npy").is_file():
        raise RecordingError(f"{folder.name!r} is cut: spikes.npy is missing")
    spikes = npy.load_npy(folder / "spikes.npy")
    names = spikes.dtype.names or ()
    if missing := [name for name in ("sample_index", "unit_index", "segment_index") if name not in names]:
        raise RecordingError(
            f"spikes.npy in {folder.name!r} has no {missing[0]}: it has {', '.join(names) or 'no fields'}"
        )
    rows, segment = spikes["unit_index"], spikes["segment_index"]
    number = _one(path, np.asarray(info.get("num_segments", 1)), "num_segments")
    for values, most, what in ((rows, len(ids), "units"), (segment, number, "segments")):
        if values.dtype.kind not in "iu" or (len(values) and not 0 <= values.min() <= values.max() < most):
            raise RecordingError(
                f"spikes.npy in {folder.name!r} names {what} that are not among the {most:g} there are"
            )
    if number > MOST_SEGMENTS:
        raise RecordingError(f"{path.name} claims {number:g} segments")
    parts = [(spikes["sample_index"][segment == k], rows[segment == k]) for k in range(int(number))]
    return _Sorting(_rate(path, np.asarray(info.get("sampling_frequency"))), ids.tolist(), parts)


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_JSON:
        raise RecordingError(
            f"{path.name} is larger than {LARGEST_JSON >> 20} MiB: no sorting has so many units"
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as problem:
        raise RecordingError(f"{path.name} is no readable JSON: {str(problem)[:100]}") from None
    if not isinstance(found, dict):
        raise RecordingError(f"{path.name} describes no sorting")
    return found


def _properties(folder: Path, units: int, notes: list[str]) -> dict[str, np.ndarray]:
    """What is known of the units; pickled and oddly shaped properties are left out, and told."""
    found: dict[str, np.ndarray] = {}
    for path in sorted((folder / "properties").glob("*")):
        if path.suffix != ".npy" and not (path / zarr_arrays.DESCRIPTION).is_file():
            continue
        name = path.stem[:60] if path.is_file() else path.name[:60]
        load = npy.load_npy if path.is_file() else zarr_arrays.load
        try:
            values = load(path, LARGEST_PROPERTY)
        except RecordingError as problem:
            notes.append(f"property {name!r} was left out: {problem}")
            continue
        if values.shape != (units,) or values.dtype.kind not in "biufU":
            notes.append(f"property {name!r} was left out: it is {values.dtype} of shape {values.shape}")
        else:
            found[name] = values
    return found


# Checks --------------------------------------------------------------------------------------------------------


def _check_ids(path: Path, ids: np.ndarray) -> None:
    if ids.ndim != 1 or ids.dtype.kind not in "iuUO":
        raise RecordingError(
            f"{path.name}: unit ids are {ids.dtype} of shape {ids.shape}, not numbers or names"
        )
    if len(np.unique(ids)) != len(ids):
        raise RecordingError(f"{path.name}: a unit id is listed twice")


def _rate(path: Path, value: np.ndarray) -> float:
    rate = _one(path, value, "sampling_frequency")
    if not 0 < rate < 1e12:
        raise RecordingError(f"{path.name}: a sampling frequency of {rate:g} Hz makes no sense")
    return rate


def _one(path: Path, value: np.ndarray, name: str) -> float:
    if value.size != 1 or value.dtype.kind not in "iuf" or not math.isfinite(float(value.reshape(-1)[0])):
        raise RecordingError(f"{path.name}: {name} is no number")
    return float(value.reshape(-1)[0])
