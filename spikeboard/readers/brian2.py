"""Brian2: what `get_states()` of state monitors, rate monitors and synapses gives, saved as .npz.

Spike monitors saved so are lists of spikes (`arrays`); live monitors are read by `spikeboard.from_monitors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from spikeboard.edges import Edges, about_doubled, synapses
from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers import npy, reader
from spikeboard.readers.column_names import SAMPLES, understood
from spikeboard.readers.scneurocore_names import is_run
from spikeboard.readers.spikelist import LABELS, MOST_UNITS, PER_SECOND, Answers, answers
from spikeboard.readers.unknown_units import LEAVE_OUT, added, answer, asked, left_out
from spikeboard.recording import PopulationSpikes, Recording, State, gather, recording

PICKLES = (".pickle", ".pkl")
_LOOKED_AT = 2**18
_WEIGHTS = ("w", "weight", "weights", "w_syn", "g", "J")
_DELAYS = ("delay", "delays", "delay_ms", "delay_s")
_UNIT_OF_DELAY = {"delay_ms": "ms", "delay_s": "s"}
_SIZE = "N"
_BOOKKEEPING = ("N", "N_pre", "N_post", "N_incoming", "N_outgoing", "lastupdate")
Kind = Literal["states", "rate", "synapses", "pickle", ""]


def sniff(path: Path) -> bool:
    """Whether a file is a bundle of one of Brian2's monitors but the spikes, or a pickle of them, which is refused."""
    return path.is_file() and bool(kind_of(path))


@reader("Brian2", sniff, order=37)
def read(
    path: Path,
    time_unit: str | None = None,
    n_units: int | None = None,
    record: str | None = None,
    population: str | None = None,
    source: str | None = None,
    target: str | None = None,
    n_source: int | None = None,
    n_target: int | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    unknown_units: str | None = None,
) -> Recording:
    """The states, the rate or the synapses of a Brian2 simulation.

    Parameters
    ----------
    path : .npz
    time_unit : "s" or "ms", of times and delays, where the file does not tell
    n_units : of the population, silent ones included
    record : the neurons that a state monitor recorded, "0,10,200": its columns are not numbered in the file
    population : what to call the population of states or rates
    source, target : what to call the two ends of synapses; the same name makes them one population
    n_source, n_target : units at either end
    unknown_units : "add" or "leave_out", where synapses name neurons that there are not
    t_start, t_stop : s

    Raises
    ------
    Undecided : where times could be in seconds or in milliseconds
    RecordingError : for a pickle, and where arrays contradict each other
    """
    kind = kind_of(path)
    if kind == "pickle":
        raise RecordingError(_about_pickle(path))
    given = answers(time_unit=time_unit, t_start=t_start, t_stop=t_stop, n_units=n_units)
    held = npy.describe(path)
    arrays = npy.load(path, [name for name, array in held.items() if not array.pickled])
    if kind == "synapses":
        sizes = (answers(n_units=n_source).n_units, answers(n_units=n_target).n_units)
        ends = (source or "source", target or "target")
        return _synapses(path, arrays, given, ends, sizes, answer(unknown_units))
    name = population or "neurons"
    if kind == "rate":
        return _rate(path, arrays, given, name)
    return _states(path, arrays, given, name, record)


# Which file it is ------------------------------------------------------------------------------------------------


def kind_of(path: Path) -> Kind:
    """What a file holds of Brian2's, "" where it is none of theirs."""
    if _is_pickle(path):
        return "pickle"
    if not npy.is_npz(path):
        return ""
    try:
        held = npy.describe(path)
    except RecordingError:
        return ""
    return "" if is_run(held) else _kind_of({name: array.shape for name, array in held.items()})


def _kind_of(shapes: Mapping[str, tuple[int, ...]]) -> Kind:
    ends = [shapes.get(name) for name in ("i", "j")]
    if ends[0] is not None and len(ends[0]) == 1 and ends[0] == ends[1]:
        return "synapses"
    time = _time_of(shapes)
    if time is None or any(understood(name).role in ("unit", "index") for name in shapes):
        return ""
    if shapes.get("rate") == shapes[time]:
        return "rate"
    length = shapes[time][0]
    return "states" if any(len(shape) == 2 and length in shape for shape in shapes.values()) else ""


def _time_of(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    return next(
        (name for name, shape in shapes.items() if len(shape) == 1 and understood(name).role == "time"), None
    )


def _is_pickle(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begins = file.read(_LOOKED_AT)
    except OSError:
        return False
    pickled = path.suffix.lower() in PICKLES or (begins[:1] == b"\x80" and begins[1:2] in b"\2\3\4\5")
    return pickled and b"brian2" in begins


def _about_pickle(path: Path) -> str:
    return (
        f"{path.name} is a Python pickle of Brian2's quantities, which runs code when it is opened: it was not opened. "
        "Save plain arrays instead: numpy.savez('run.npz', **monitor.get_states(units=False)), or make the recording "
        "where the run is: spikeboard.from_monitors(monitor)"
    )


# Time ------------------------------------------------------------------------------------------------------------


def _per_second(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    name: str,
    values: np.ndarray,
    given: Answers,
    notes: list[str],
) -> float:
    """How many of the file's time units a second has."""
    told = understood(name).unit or _UNIT_OF_DELAY.get(name, "")
    if not told and _SIZE in arrays and not given.time_unit:
        notes.append(
            "the file is what get_states(units=False) gives (it has 'N'): all values are in SI base units"
        )
        told = "s"
    unit = given.time_unit or told
    if unit == SAMPLES:
        raise RecordingError(f"{path.name}: Brian2 counts no samples: time_unit is 's' or 'ms'")
    if unit:
        return PER_SECOND[unit]
    choices = tuple(Choice(unit, LABELS[unit], _implied(values / PER_SECOND[unit])) for unit in ("s", "ms"))
    text = f"{path.name}: {name!r} may be in seconds (get_states(units=False), t/second) or in milliseconds (t/ms)."
    raise Undecided([Question("time_unit", text, choices)])


def _implied(seconds: np.ndarray) -> str:
    if len(seconds) > 1 and np.all(np.diff(seconds) > 0):
        return (
            f"{float(np.diff(seconds).mean()) * 1e3:.4g} ms between samples, {float(seconds[-1]):.4g} s long"
        )
    return f"{float(seconds.mean()) * 1e3:.4g} ms on average"


def _axis(
    path: Path, arrays: Mapping[str, np.ndarray], given: Answers, notes: list[str]
) -> tuple[str, np.ndarray]:
    """The name of the array of times, and the times in s."""
    name = _time_of({name: array.shape for name, array in arrays.items()})
    if name is None:
        raise RecordingError(f"{path.name}: no array of times")
    values = _numbers(path, name, arrays[name])
    if not len(values) or not np.isfinite(values).all() or np.any(np.diff(values) <= 0):
        raise RecordingError(f"{path.name}: the times {name!r} must be finite and ascend")
    return name, values / _per_second(path, arrays, name, values, given, notes)


def _numbers(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise RecordingError(f"{path.name}: {name[:40]!r} is {values.dtype}, but should be numbers")
    return values.astype(np.float64)


def _window(time: np.ndarray, given: Answers) -> tuple[float, float]:
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    t_start = min(0.0, float(time[0])) if given.t_start is None else given.t_start
    return t_start, float(time[-1]) + step if given.t_stop is None else given.t_stop


# States and rates ------------------------------------------------------------------------------------------------


def _states(
    path: Path, arrays: Mapping[str, np.ndarray], given: Answers, name: str, record: str | None
) -> Recording:
    notes: list[str] = []
    clock, time = _axis(path, arrays, given, notes)
    tables = {
        key: _table(path, key, array, len(time), notes) for key, array in arrays.items() if array.ndim == 2
    }
    found = {key: values for key, values in tables.items() if values is not None}
    widths = {values.shape[1] for values in found.values()}
    if len(widths) != 1:
        raise RecordingError(
            f"{path.name}: its variables are of {sorted(widths)} neurons: save one monitor in a file"
        )
    ids = _recorded(path, widths.pop(), record, notes)
    known = _known(path, ids, given.n_units)
    rows = np.searchsorted(known, ids).astype(np.int32)
    labels = tuple(f"{name} {unit}" for unit in ids.tolist())
    states = {f"{name}.{key}": State(values, time, key, "", rows, labels) for key, values in found.items()}
    notes += _unread(arrays, [clock, *found])
    return _without_spikes(path, name, known, _window(time, given), notes, states=states)


def _table(path: Path, name: str, array: np.ndarray, n_times: int, notes: list[str]) -> np.ndarray | None:
    """A variable as (times, neurons): get_states() has it so, the attribute of the monitor the other way round."""
    if array.dtype.kind not in "biuf" or n_times not in array.shape:
        return None
    values = array.astype(np.float64)
    if array.shape[0] == array.shape[1]:
        notes.append(
            f"{name[:40]!r} has as many times as neurons: its rows were taken as times, as get_states() has it"
        )
        return values
    return values if array.shape[0] == n_times else values.T


def _recorded(path: Path, number: int, record: str | None, notes: list[str]) -> np.ndarray:
    if not record:
        notes.append(
            f"which neurons were recorded is not in the file: the {number:,} columns are numbered from 0; "
            'give record="0,10,200" to tell them'
        )
        return np.arange(number)
    if not re.fullmatch(r"\s*[0-9]{1,7}\s*(,\s*[0-9]{1,7}\s*)*", str(record)):
        raise RecordingError(
            f"record={str(record)[:40]!r}: give the numbers of the neurons, such as 0,10,200"
        )
    ids = np.array([int(unit) for unit in str(record).split(",")])
    if len(ids) != number or len(np.unique(ids)) < number:
        raise RecordingError(
            f"{path.name}: record tells of {len(ids):,} neurons, but {number:,} were recorded"
        )
    return ids


def _known(path: Path, ids: np.ndarray, n_units: int | None) -> np.ndarray:
    if n_units is None:
        return np.sort(ids)
    if len(ids) and ids.max() >= n_units:
        raise RecordingError(f"{path.name}: neuron {ids.max():,} was recorded, but n_units={n_units:,}")
    return np.arange(n_units)


def _rate(path: Path, arrays: Mapping[str, np.ndarray], given: Answers, name: str) -> Recording:
    notes: list[str] = []
    clock, time = _axis(path, arrays, given, notes)
    t_start, t_stop = _window(time, given)
    width = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    notes.append(
        f"the rate is per step ({width * 1e3:.4g} ms), so that single spikes stand out; its time is the middle of "
        "the step"
    )
    frame = pd.DataFrame({"time": time + width / 2, "rate": _numbers(path, "rate", arrays["rate"])})
    notes += _unread(arrays, [clock, "rate"])
    known = np.arange(given.n_units or 0)
    if not len(known):
        notes.append("the file does not tell how many neurons the rate is of: none is listed; give n_units=…")
    return _without_spikes(path, name, known, (t_start, t_stop), notes, rates={name: frame})


def _unread(arrays: Mapping[str, np.ndarray], used: list[str]) -> list[str]:
    unread = [name for name in arrays if name not in used and name not in _BOOKKEEPING]
    return [f"arrays not read: {', '.join(repr(name[:40]) for name in unread[:12])}"] if unread else []


def _without_spikes(
    path: Path,
    name: str,
    known: np.ndarray,
    window: tuple[float, float],
    notes: list[str],
    states: Mapping[str, State] | None = None,
    rates: Mapping[str, pd.DataFrame] | None = None,
) -> Recording:
    table, times, rows = gather([PopulationSpikes(name, known[:0], np.zeros(0), known)])
    silence = "the file holds no spikes: that the neurons look silent means nothing"
    return recording(
        path.stem,
        times,
        rows,
        table,
        t_start=window[0],
        t_stop=window[1],
        states=states,
        rates=rates,
        notes=[*notes, silence],
        source=str(path),
    )


# Synapses --------------------------------------------------------------------------------------------------------


def _synapses(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    given: Answers,
    names: tuple[str, str],
    sizes: tuple[int | None, int | None],
    unknown: str,
) -> Recording:
    notes: list[str] = []
    sources, targets = (_positions(path, key, arrays[key]) for key in ("i", "j"))
    weight = next((name for name in _WEIGHTS if name in arrays), None)
    delay = next((name for name in _DELAYS if name in arrays), None)
    edges = Edges(
        sources,
        targets,
        None if weight is None else _of_synapses(path, weight, arrays[weight], len(sources)),
        _delays(path, arrays, delay, len(sources), given, notes),
    )
    counts = [
        _size(key, end, told, arrays, given, notes)
        for key, end, told in zip("ij", (sources, targets), sizes, strict=True)
    ]
    edges, counts = _within(path, edges, counts, unknown, notes)
    populations = [
        PopulationSpikes(name, np.zeros(0, int), np.zeros(0), np.arange(n))
        for name, n in zip(names, counts, strict=True)
    ]
    if names[0] == names[1]:
        counts = [max(counts)] * 2
        populations = [PopulationSpikes(names[0], np.zeros(0, int), np.zeros(0), np.arange(counts[0]))]
    elif names == ("source", "target"):
        notes.append(
            "the file does not tell which populations the synapses join: they are called 'source' and 'target'; give "
            "source=… and target=…, the same name where it is one"
        )
    key = f"{names[0]}→{names[1]}"
    table, times, rows = gather(populations)
    notes += [*about_doubled(key, edges), *_unread(arrays, ["i", "j", *filter(None, (weight, delay))])]
    return recording(
        path.stem,
        times,
        rows,
        table,
        t_start=given.t_start or 0.0,
        t_stop=given.t_stop or given.t_start or 0.0,
        connections={key: synapses(edges, *names, counts[0])},
        notes=[*notes, "the file holds synapses and no spikes"],
        source=str(path),
    )


def _positions(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "iu" or (
        len(values) and not 0 <= int(values.min()) <= int(values.max()) < MOST_UNITS
    ):
        raise RecordingError(
            f"{path.name}: {name!r} must hold numbers of neurons from 0 to {MOST_UNITS - 1:,}"
        )
    return values.astype(np.int64)


def _of_synapses(path: Path, name: str, values: np.ndarray, number: int) -> np.ndarray:
    found = _numbers(path, name, values)
    if found.shape not in ((), (1,), (number,)):
        raise RecordingError(f"{path.name}: {name!r} has {found.size:,} values for {number:,} synapses")
    return np.broadcast_to(found, (number,)).copy()


def _delays(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    name: str | None,
    number: int,
    given: Answers,
    notes: list[str],
) -> np.ndarray | None:
    if name is None:
        return None
    values = _of_synapses(path, name, arrays[name], number)
    if not values.any():
        return values
    return values / _per_second(path, arrays, name, values, given, notes)


def _size(
    key: str,
    end: np.ndarray,
    told: int | None,
    arrays: Mapping[str, np.ndarray],
    given: Answers,
    notes: list[str],
) -> int:
    highest = int(end.max()) + 1 if len(end) else 0
    size = told or given.n_units or _size_in_file(arrays, "N_pre" if key == "i" else "N_post")
    if size is None:
        option = "n_source" if key == "i" else "n_target"
        notes.append(
            f"how many neurons {key!r} counts is not in the file: the {highest:,} up to the highest were taken; "
            f"give {option}=… to count those beyond it"
        )
        return highest
    return size


def _within(
    path: Path, edges: Edges, counts: list[int], unknown: str, notes: list[str]
) -> tuple[Edges, list[int]]:
    """Synapses and numbers of neurons that fit each other.

    Raises
    ------
    Undecided : where synapses name neurons that there are not, and nobody said what to do about it
    """
    inside = (edges.source < counts[0]) & (edges.target < counts[1])
    number = int(np.count_nonzero(~inside))
    if not number:
        return edges, counts
    highest = [int(edges.source.max()), int(edges.target.max())]
    if not unknown:
        at = 0 if highest[0] >= counts[0] else 1
        raise asked(f"{path.name}, {'ij'[at]!r}", number, highest[at], counts[at])
    if unknown == LEAVE_OUT:
        notes.append(left_out(path.name, number))
        return edges.where(inside), counts
    more = [max(count, 1 + last) for count, last in zip(counts, highest, strict=True)]
    notes.append(added(path.name, sum(more) - sum(counts)))
    return edges, more


def _size_in_file(arrays: Mapping[str, np.ndarray], name: str) -> int | None:
    held = arrays.get(name)
    whole = (
        held is not None
        and held.size == 1
        and held.dtype.kind in "iu"
        and 0 <= int(held.reshape(-1)[0]) < MOST_UNITS
    )
    return int(held.reshape(-1)[0]) if held is not None and whole else None
