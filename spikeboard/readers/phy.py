"""Phy and Kilosort: a folder of sorted spikes, times in samples, clusters as a person has curated them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers import npy, reader
from spikeboard.readers.phy_labels import columns_of
from spikeboard.readers.phy_params import Params, about, read_params, recorded_samples
from spikeboard.readers.phy_templates import inside, places
from spikeboard.readers.remarks import about_duplicates
from spikeboard.readers.spikelist import DEFAULT_POPULATION, EXACT, MOST_UNITS, Answers, answers
from spikeboard.readers.unit_table import by_population
from spikeboard.recording import Recording, recording

TIMES = "spike_times.npy"
CLUSTERS = "spike_clusters.npy"
TEMPLATES = "spike_templates.npy"
AMPLITUDES = "amplitudes.npy"
# Clocks of common recording systems: Neuropixels and Intan, Intan and TDT, MaxOne.
CLOCKS_HZ = (30_000.0, 25_000.0, 20_000.0)


@dataclass(frozen=True, eq=False)
class _Sorting:
    """The spikes of a folder.

    samples : (N,) int64
    clusters : (N,) int64, as curated
    kept : (N in the file,) whether a spike is among them
    """

    samples: np.ndarray
    clusters: np.ndarray
    kept: np.ndarray


def sniff(path: Path) -> bool:
    """Whether a path is a folder that Phy or Kilosort wrote. Never raises."""
    try:
        return path.is_dir() and (path / TIMES).is_file()
    except OSError:
        return False


@reader("Phy and Kilosort", sniff, order=15)
def read(
    path: Path,
    sampling_rate: float | str | None = None,
    population_column: str | None = None,
    t_start: float | str | None = None,
    t_stop: float | str | None = None,
) -> Recording:
    """The sorted spikes of a folder.

    Parameters
    ----------
    path : folder with spike_times.npy
    sampling_rate : Hz; overrules params.py
    population_column : column of the unit table, such as "group", whose values are the populations; one if None
    t_start, t_stop : s, when recording began and ended

    Raises
    ------
    RecordingError : where a file is damaged or the parts do not fit together
    Undecided : where nothing tells the sampling rate
    """
    given = answers(sampling_rate=sampling_rate, t_start=t_start, t_stop=t_stop)
    notes: list[str] = []
    params = read_params(inside(path / "params.py"))
    sorting = _sorting(path, notes)
    rate = _rate(path.resolve().name, params, given, sorting, notes)
    notes += about(params)
    known, rows = np.unique(sorting.clusters, return_inverse=True)
    table = pd.DataFrame({"id": known, **_columns(path, sorting, known, rows, notes)})
    units, rows = by_population(table, rows, population_column, DEFAULT_POPULATION)
    start, stop = _window(path, params, given, sorting.samples, rate, notes)
    times = sorting.samples / rate
    rec = recording(
        path.resolve().name,
        times,
        rows,
        units,
        t_start=start,
        t_stop=stop,
        sampling_rate=rate,
        source=str(path),
    )
    return replace(rec, notes=(*notes, *about_duplicates(rec)))


def _sorting(folder: Path, notes: list[str]) -> _Sorting:
    name = _clusters_file(folder, notes)
    described = {file: npy.describe_npy(inside(folder / file)) for file in (TIMES, name)}
    lengths = {file: _length(file, array.shape) for file, array in described.items()}
    if lengths[TIMES] != lengths[name]:
        raise RecordingError(
            f"{folder.name}: {TIMES} has {lengths[TIMES]:,} spikes, {name} has {lengths[name]:,}: "
            + ("it is cut; export the sorting again" if lengths[name] else f"{_emptied(name)}")
        )
    times, clusters = _whole(folder, TIMES), _whole(folder, name)
    kept = _possible(times, notes)
    samples, clusters = times[kept].astype(np.int64), clusters[kept]
    if np.any(np.abs(clusters.astype(float)) >= EXACT):
        raise RecordingError(f"{name} names cluster {clusters.max()}: no sorter counts so far; it is damaged")
    _about_order(samples, notes)
    return _Sorting(samples, clusters.astype(np.int64), kept)


def _clusters_file(folder: Path, notes: list[str]) -> str:
    if (folder / CLUSTERS).is_file():
        return CLUSTERS
    if (folder / TEMPLATES).is_file():
        notes.append(f"{CLUSTERS} is not in the folder: units are the sorter's templates, without curation")
        return TEMPLATES
    raise RecordingError(
        f"{folder.name}: neither {CLUSTERS} nor {TEMPLATES} is beside {TIMES}: whose the spikes are is not known"
    )


def _emptied(name: str) -> str:
    if name != CLUSTERS:
        return "it is empty; export the sorting again"
    return f"Phy left it empty when it stopped while saving; without that file the spikes of {TEMPLATES} are shown"


def _length(file: str, shape: tuple[int, ...]) -> int:
    longest = max(shape, default=0)
    if len(shape) not in (1, 2) or (longest and np.prod(shape) != longest):
        raise RecordingError(f"{file} has shape {shape}: one value per spike was expected")
    return longest if min(shape) else 0


def _whole(folder: Path, file: str) -> np.ndarray:
    """Integers of a file, (N,), in its own width."""
    values = npy.load_npy(folder / file).reshape(-1)
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind != "f" or not np.all(np.isfinite(values)) or np.any(values != np.rint(values)):
        what = "no whole numbers" if values.dtype.kind == "f" else f"no numbers ({values.dtype})"
        hint = "; times must be samples, not seconds" if file == TIMES else ""
        raise RecordingError(f"{file} holds {what}{hint}: export the sorting again")
    return values


def _possible(times: np.ndarray, notes: list[str]) -> np.ndarray:
    """Which times a clock can have: not those that a subtraction has wrapped around."""
    # Compared in their own width: as int64 they would turn negative.
    kept = (times < EXACT) & (times > -EXACT)
    if not kept.all():
        number, worst = int(np.count_nonzero(~kept)), times[~kept][0]
        notes.append(
            f"{number:,} {_spikes(number)} at an impossible sample left out (the first is {worst}: "
            "a subtraction below 0 that has wrapped around?)"
        )
    return kept


def _about_order(samples: np.ndarray, notes: list[str]) -> None:
    if np.any(samples[1:] < samples[:-1]):
        notes.append(f"the times in {TIMES} are not in order: they were sorted")
    below = int(np.count_nonzero(samples < 0))
    if below:
        notes.append(
            f"{below:,} {_spikes(below)} before sample 0 kept (the first is at sample {samples.min()}): "
            "the recording is shown from there on"
        )


def _spikes(number: int) -> str:
    return "spike" if number == 1 else "spikes"


def _rate(name: str, params: Params, given: Answers, sorting: _Sorting, notes: list[str]) -> float:
    if given.sampling_rate is not None:
        said = params.values.get("sample_rate")
        if said is not None and said != given.sampling_rate:
            notes.append(
                f"params.py says sample_rate = {said!r}; sampling_rate={given.sampling_rate:g} overruled it"
            )
        return given.sampling_rate
    rate = params.rate
    if rate is None:
        why = (
            "says no plain number for sample_rate, and is not run" if params.there else "is not in the folder"
        )
        text = f"{name}: times are samples, and their rate is not known: params.py {why}. Give it in Hz."
        raise Undecided([Question("sampling_rate", text, _choices(sorting), other="another rate, in Hz")])
    return rate


def _choices(sorting: _Sorting) -> tuple[Choice, ...]:
    n_units = max(1, len(np.unique(sorting.clusters)))
    last = float(sorting.samples.max(initial=0))
    return tuple(
        Choice(f"{rate:g}", f"{rate / 1000:g} kHz", _implied(len(sorting.samples) / n_units, last / rate))
        for rate in CLOCKS_HZ
    )


def _implied(spikes_per_unit: float, seconds: float) -> str:
    if seconds <= 0:
        return "no duration"
    return f"mean rate {spikes_per_unit / seconds:.3g} Hz per unit, {seconds:.4g} s long"


def _columns(
    folder: Path, sorting: _Sorting, known: np.ndarray, rows: np.ndarray, notes: list[str]
) -> dict[str, np.ndarray]:
    """What the folder knows of its clusters; what its tables say counts before what is computed here."""
    if len(known) > MOST_UNITS:
        raise RecordingError(
            f"{folder.name} has {len(known):,} clusters, more than {MOST_UNITS:,}: it is damaged"
        )
    said = columns_of(folder, known, notes)
    for short, name in (("ch", "channel"), ("sh", "shank")):
        if short in said and name not in said:
            said = {name if key == short else key: column for key, column in said.items()}
    templates = _per_spike(folder, TEMPLATES, sorting.kept, notes)
    found = {} if templates is None else places(folder, templates.astype(np.int64), rows, len(known), notes)
    return {**said, **_amplitude(folder, sorting, rows, len(known), notes), **_new(found, said)}


def _new(found: dict[str, np.ndarray], said: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: column for name, column in found.items() if name not in said}


def _amplitude(
    folder: Path, sorting: _Sorting, rows: np.ndarray, n_clusters: int, notes: list[str]
) -> dict[str, np.ndarray]:
    """Mean amplitude per cluster, in the sorter's own unit."""
    amplitudes = _per_spike(folder, AMPLITUDES, sorting.kept, notes)
    if amplitudes is None:
        return {}
    total = np.bincount(rows, weights=amplitudes.astype(float), minlength=n_clusters)
    return {"amplitude": total / np.maximum(np.bincount(rows, minlength=n_clusters), 1)}


def _per_spike(folder: Path, file: str, kept: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """A further column of numbers, one per spike, or None where it is of no use."""
    if not (folder / file).is_file():
        return None
    try:
        described = npy.describe_npy(inside(folder / file))
        if _length(file, described.shape) != len(kept):
            raise RecordingError(
                f"{file} has {_length(file, described.shape):,} values for {len(kept):,} spikes"
            )
        values = npy.load_npy(folder / file).reshape(-1)
        if values.dtype.kind not in "iuf":
            raise RecordingError(f"{file} holds no numbers ({values.dtype})")
        return values[kept]
    except RecordingError as problem:
        notes.append(f"left out: {problem}")
        return None


def _window(
    folder: Path, params: Params, given: Answers, samples: np.ndarray, rate: float, notes: list[str]
) -> tuple[float, float]:
    """When recording began and ended, s."""
    start = min(0, int(samples.min(initial=0))) / rate if given.t_start is None else given.t_start
    if given.t_stop is not None:
        return start, given.t_stop
    after, recorded = int(samples.max(initial=-1)) + 1, recorded_samples(folder, params)
    if recorded is not None and recorded >= after:
        return start, recorded / rate
    if recorded is not None:
        notes.append(f"the raw recording has {recorded:,} samples, but spikes go on to sample {after - 1:,}")
    stop = max(after / rate, start)
    notes.append(
        f"t_stop is not in the folder: one sample after the last spike, {stop:.9g} s, was taken; "
        "give t_stop=… to overrule"
    )
    return start, stop
