"""Brian2: a folder of what the monitors and the synapses of one run gave as `get_states()`, one .npz each.

Which population a file is of is told by its name, without the words that say what it is: `spikes_exc.npz` and
`states_exc.npz` are of "exc", `spikes.npz` is of the population "neurons". Synapses name both ends ("E_to_I"), join the
one population there is, or are told by an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.readers import arrays, brian2, npy, reader
from spikeboard.readers.remarks import about_duplicates
from spikeboard.readers.spikelist import MOST_UNITS, answers
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, clock, gather, recording
from spikeboard.stepped import distinct

ALONE = "neurons"
MOST_FILES = 500
_SAYS_WHAT = re.compile(
    r"get|brian2?|(spike|state|(population)?rate)?mon(itor)?s?|spikes?|spk|states?|traces?|(population)?rates?|population|"
    r"syn(apse)?s?|conn(ection)?s?|projections?|data|run|seconds|ms",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?i)\s*(?:_to_|→|->|>|__)\s*")
_EQUATION = re.compile(r"\s*([^=]+?)\s*=\s*([^=]+?)\s*")
# What is true of one file alone, and no more of all of them together.
_OF_ONE_FILE = re.compile(
    r"the file (holds no spikes|holds synapses|names no population|does not tell (how many|which populations))|"
    r"a spike list does not tell|t_(start|stop) is not in the file|how many neurons|n_units="
)


@dataclass(frozen=True, eq=False)
class _Part:
    """A file by its stem, the population that its name tells, and what its own reader makes of it."""

    stem: str
    population: str
    rec: Recording


def sniff(path: Path) -> bool:
    """Whether a folder holds two or more of Brian2's bundles and little else. Never raises."""
    try:
        if not path.is_dir():
            return False
        visible = [file for file in islice(path.iterdir(), MOST_FILES) if not file.name.startswith(".")]
        bundles = [file for file in visible if file.suffix.lower() == ".npz" and file.is_file()]
        kinds = [_kind(file) for file in bundles]
    except OSError:
        return False
    return len(kinds) > 1 and all(kinds) and 2 * len(kinds) >= len(visible) and set(kinds) != {"spikes"}


@reader("Brian2 folder", sniff, order=36)
def read(
    path: Path,
    time_unit: str | None = None,
    units: str | None = None,
    synapses: str | None = None,
    record: str | None = None,
    unknown_units: str | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
) -> Recording:
    """The run that the files of a folder are of.

    Parameters
    ----------
    path : folder of .npz files
    time_unit : "s" or "ms", of times and delays, where the files do not tell
    units : how many neurons there are, silent ones included: "4000", or "E=3200,I=800"
    synapses : which populations they join, where their names do not tell: "Ce=E>I,Ci=I>E"
    record : the neurons that the state monitor recorded, "0,10,200"
    unknown_units : "add" or "leave_out", where synapses name neurons that there are not
    t_start, t_stop : s

    Raises
    ------
    Undecided : where times could be in seconds or in milliseconds, or synapses name neurons that there are not
    RecordingError : where files are damaged or contradict each other
    """
    given = answers(time_unit=time_unit, t_start=t_start, t_stop=t_stop)
    files = sorted(file for file in path.glob("*.npz") if _kind(file))[:MOST_FILES]
    joining = [file for file in files if _kind(file) == "synapses"]
    parts = [_part(file, given.time_unit, record) for file in files if file not in joining]
    told = _sizes(path, units, parts)
    notes: list[str] = []
    ends = _all_ends(joining, dict.fromkeys([*(part.population for part in parts), *told]), synapses, notes)
    joined = [
        _joined(file, given.time_unit, ends[file], told, unknown_units) for file in joining if file in ends
    ]
    populations = _populations(parts, joined, told, notes)
    return _assembled(path, parts, joined, populations, (given.t_start, given.t_stop), notes)


def _kind(file: Path) -> str:
    kind = brian2.kind_of(file)
    if kind:
        return "" if kind == "pickle" else kind
    try:
        held = npy.describe(file)
    except RecordingError:
        return ""
    both = [held[name].shape for name in ("t", "i") if name in held]
    return "spikes" if len(both) == 2 and both[0] == both[1] and len(both[0]) == 1 else ""


def _part(file: Path, time_unit: str | None, record: str | None) -> _Part:
    name, kind = _called(file.stem) or ALONE, _kind(file)
    if kind != "spikes":
        told = record if kind == "states" else None
        return _Part(file.stem, name, brian2.read(file, time_unit=time_unit, population=name, record=told))
    # What get_states(units=False) gives is in SI units, and has N.
    unit = time_unit or ("s" if "N" in npy.describe(file) else None)
    return _Part(file.stem, name, arrays.read(file, time_unit=unit, time_column="t", unit_column="i"))


def _called(stem: str) -> str:
    """The name without the words that say what a file holds."""
    return "_".join(word for word in re.split(r"[\s_.-]+", stem) if not _SAYS_WHAT.fullmatch(word))


# Populations -----------------------------------------------------------------------------------------------------


def _sizes(path: Path, units: str | None, parts: Sequence[_Part]) -> dict[str, int]:
    names = list(dict.fromkeys(part.population for part in parts))
    found: dict[str, int] = {}
    for piece in (units or "").split(",") if units else ():
        match = _EQUATION.fullmatch(piece)
        name, number = (match[1], match[2]) if match else (names[0] if len(names) == 1 else "", piece.strip())
        if not name or not number.isdecimal() or not 0 < int(number) <= MOST_UNITS:
            raise RecordingError(
                f"{path.name}: units={piece[:40]!r} is not of the form 4000, or E=3200,I=800"
            )
        found[name] = int(number)
    return found


def _populations(
    parts: Sequence[_Part], joined: Sequence[_Part], told: Mapping[str, int], notes: list[str]
) -> list[PopulationSpikes]:
    highest: dict[str, int] = {}
    for part in parts:
        ids = part.rec.units["id"].to_numpy()
        if len(ids) and (ids.dtype.kind not in "iu" or not 0 <= ids.min() <= ids.max() < MOST_UNITS):
            raise RecordingError(f"{part.stem}.npz: neurons of Brian2 are numbered from 0")
        highest[part.population] = max(highest.get(part.population, 0), int(ids.max()) + 1 if len(ids) else 0)
    for name, size in highest.items():
        if size > told.get(name, size):
            raise RecordingError(
                f"there are {told[name]:,} neurons in {name!r}, but neuron {size - 1:,} is named"
            )
    for part in joined:
        for name, size in zip(part.rec.populations["name"], part.rec.populations["size"], strict=True):
            highest[name] = max(highest.get(name, 0), int(size))
    guessed = [f"{size:,} in {name!r}" for name, size in highest.items() if name not in told]
    if guessed:
        notes.append(
            f"how many neurons there are is not in the files: those up to the highest number were taken "
            f"({', '.join(guessed[:10])}); give units=… to count those beyond"
        )
    return [_trains(name, max(told.get(name, 0), size), parts) for name, size in highest.items()]


def _trains(name: str, size: int, parts: Sequence[_Part]) -> PopulationSpikes:
    mine = [part.rec for part in parts if part.population == name and len(part.rec.spike_times)]
    ids = [rec.units["id"].to_numpy()[rec.spike_rows] for rec in mine]
    times = [np.asarray(rec.spike_times) for rec in mine]
    return PopulationSpikes(
        name,
        np.concatenate([np.zeros(0, np.int64), *ids]),
        np.concatenate([np.zeros(0), *times]),
        np.arange(size),
    )


# Synapses --------------------------------------------------------------------------------------------------------


def _all_ends(
    files: Sequence[Path], known: Mapping[str, None], told: str | None, notes: list[str]
) -> dict[Path, tuple[str, str]]:
    """The populations that the synapses of each file join."""
    asked = {match[1]: match[2] for piece in (told or "").split(",") if (match := _EQUATION.fullmatch(piece))}
    stems = {name for file in files for name in (file.stem, _called(file.stem))}
    if wrong := [name for name in asked if name not in stems]:
        raise RecordingError(
            f"synapses={wrong[0][:40]!r}: no file of synapses is called so ({', '.join(sorted(stems))})"
        )
    found = {}
    for file in files:
        called = _called(file.stem)
        ends = _ends(asked.get(file.stem) or asked.get(called) or called, known)
        if ends is None:
            notes.append(
                f"{file.name} does not tell which populations its synapses join, and was left out: give "
                f'synapses="{called or file.stem}=FROM>TO"'
            )
        else:
            found[file] = ends
    return found


def _ends(text: str, known: Mapping[str, None]) -> tuple[str, str] | None:
    split = _ENDS.split(text)
    if len(split) == 2 and all(split):
        return split[0], split[1]
    pairs = [(one, other) for one in known for other in known if text in (f"{one}_{other}", one + other)]
    if len(pairs) == 1:
        return pairs[0]
    only = next(iter(known), None)
    return (only, only) if only is not None and len(known) == 1 else None


def _joined(
    file: Path, time_unit: str | None, ends: tuple[str, str], told: Mapping[str, int], unknown: str | None
) -> _Part:
    source, target = ends
    rec = brian2.read(
        file, time_unit=time_unit, source=source, target=target, n_source=told.get(source), n_target=told.get(target),
        unknown_units=unknown,
    )  # fmt: skip
    return _Part(file.stem, f"{source}→{target}", rec)


# Together --------------------------------------------------------------------------------------------------------


def _assembled(
    path: Path,
    parts: Sequence[_Part],
    joined: Sequence[_Part],
    populations: Sequence[PopulationSpikes],
    window: tuple[float | None, float | None],
    notes: list[str],
) -> Recording:
    table, times, rows = gather(populations)
    start, stop = _window(parts, window, notes)
    names = _names(joined)
    sizes = {population.name: len(np.asarray(population.known)) for population in populations}
    rec = recording(
        path.name,
        times,
        rows,
        table,
        t_start=start,
        t_stop=stop,
        sampling_rate=_rate(parts, times),
        states=_states(parts, table),
        rates=_rates(parts),
        connections={name: _widened(part, sizes) for name, part in zip(names, joined, strict=True)},
        source=str(path),
    )
    said = [
        f"{part.stem}.npz: {note}"
        for part in (*parts, *joined)
        for note in part.rec.notes
        if not _OF_ONE_FILE.match(note)
    ]
    read_files = (
        f"{len(parts) + len(joined)} files were read as one run; populations are called as the files are"
    )
    return replace(rec, notes=(read_files, *notes, *said, *about_duplicates(rec)))


def _names(joined: Sequence[_Part]) -> list[str]:
    """Projections are called by their ends; where several join the same, by their files."""
    ends = [part.population for part in joined]
    names: list[str] = []
    for part in joined:
        names.append(distinct(part.population if ends.count(part.population) == 1 else part.stem, names))
    return names


def _window(
    parts: Sequence[_Part], given: tuple[float | None, float | None], notes: list[str]
) -> tuple[float, float]:
    start = min([0.0, *(part.rec.t_start for part in parts)]) if given[0] is None else given[0]
    if given[1] is not None:
        return start, given[1]
    sampled = [part.rec.t_stop for part in parts if part.rec.states or part.rec.rates]
    last = [float(part.rec.spike_times[-1]) for part in parts if len(part.rec.spike_times)]
    stop = max([start, *sampled, *last])
    what = "the last sample" if sampled and stop == max(sampled) else "the last spike"
    notes.append(f"t_stop is not in the files: {what}, {stop:g} s, was taken; give t_stop=… to overrule")
    return start, stop


def _rate(parts: Sequence[_Part], times: np.ndarray) -> float | None:
    """The clock: the shortest step at which anything was recorded, where all spikes lie on it."""
    axes = [state.time for part in parts for state in part.rec.states.values()]
    axes += [frame["time"].to_numpy() for part in parts for frame in part.rec.rates.values()]
    steps = [float(np.median(np.diff(axis))) for axis in axes if len(axis) > 1]
    # As read from differences a step has lost its last digits.
    return clock(times, float(f"{min(steps):.9g}")) if steps else None


def _states(parts: Sequence[_Part], table: pd.DataFrame) -> dict[str, State]:
    first = {name: int(rows.min()) for name, rows in table.groupby("population", sort=False).groups.items()}
    found: dict[str, State] = {}
    for part in parts:
        ids = part.rec.units["id"].to_numpy()
        for name, state in part.rec.states.items():
            rows = (first[part.population] + ids[state.rows]).astype(np.int32)
            found[distinct(name, found)] = replace(state, rows=rows)
    return found


def _rates(parts: Sequence[_Part]) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    for part in parts:
        for name, frame in part.rec.rates.items():
            found[distinct(name, found)] = frame
    return found


def _widened(part: _Part, sizes: Mapping[str, int]) -> Synapses:
    """The synapses over all neurons of their source."""
    (synapses,) = part.rec.connections.values()
    more = sizes[synapses.source] + 1 - len(synapses.indptr)
    return replace(synapses, indptr=np.r_[synapses.indptr, np.full(more, synapses.indptr[-1])])
