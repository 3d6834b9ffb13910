"""NEST: spike recorders and multimeters that wrote text, with the connections that lie beside them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from spikeboard.edges import Edges, about_doubled, synapses
from spikeboard.errors import Question, RecordingError, Undecided
from spikeboard.readers import npy, reader
from spikeboard.readers.nest_files import MOST_FILES, Events, files_of, is_nest_file, read_events, recorders
from spikeboard.readers.nest_weights import is_weight_recorder, table_name, weights_over_time
from spikeboard.readers.remarks import about_duplicates
from spikeboard.readers.spikelist import (
    EXACT,
    MOST_UNITS,
    SAMPLES,
    Answers,
    answers,
    dt_question,
    implied_rates,
)
from spikeboard.readers.unknown_units import ADD, OFFER, added, answer
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, clock, gather, recording
from spikeboard.stepped import distinct

# Resolutions that simulations are run at, s, the coarsest first; below the last, times count as continuous.
RESOLUTIONS = (1e-3, 5e-4, 2.5e-4, 2e-4, 1.25e-4, 1e-4, 5e-5, 2.5e-5, 2e-5, 1e-5)
# Fewer spikes may lie on a grid by chance.
TELLING = 50
_ENDS = ("source", "target")
_RANGE = re.compile(r"(?:(?P<label>[^=]+)=)?\s*(?P<first>[0-9]{1,9})\s*-\s*(?P<last>[0-9]{1,9})")


@dataclass(frozen=True, eq=False)
class _Timed:
    """The rows of a recorder with its name in the recording, and times in s."""

    name: str
    events: Events
    seconds: np.ndarray

    @property
    def is_multimeter(self) -> bool:
        """Whether it sampled variables."""
        return bool(self.events.columns.values) and not self.is_weights

    @property
    def is_weights(self) -> bool:
        """Whether it recorded the weights of synapses."""
        return is_weight_recorder(self.events.columns)


def sniff(path: Path) -> bool:
    """Whether a file is a NEST recorder's, or a folder holds little else, or a file holds NEST's connections."""
    if path.is_dir():
        return _is_run(path)
    return is_nest_file(path) or _is_connections(path)


@reader("NEST", sniff, order=35)
def read(
    path: Path,
    time_unit: str | None = None,
    dt: float | None = None,
    units: str | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    unknown_units: str | None = None,
) -> Recording:
    """What NEST's recorders wrote: the files of one recorder, or all recorders of a folder as populations.

    Parameters
    ----------
    path : a file (the others of its recorder are read with it) or a folder
    time_unit : "ms" or "samples" (steps), where the files do not tell
    dt : the resolution of the simulation, s; needed where times are in steps
    units : ids of the neurons that were recorded, silent ones included: "1-400", or "ex=1-400,in=401-500"
    t_start, t_stop : s
    unknown_units : "add" the neurons that connections name and no recorder lists; else such connections are left out

    Raises
    ------
    Undecided : where times are in steps and nobody told the resolution, or could be in steps or in ms
    RecordingError : where files cannot be read, or contradict each other
    """
    given = answers(time_unit=time_unit, dt=dt, t_start=t_start, t_stop=t_stop)
    if given.time_unit not in (None, "ms", SAMPLES):
        raise RecordingError(
            f"{path.name}: NEST's times are in 'ms' or in steps ('samples'): correct time_unit"
        )
    known = _ranges(units)
    if path.is_file() and not is_nest_file(path):
        return _connections_alone(path)
    all_events, left_out = _events(path)
    notes = [*left_out, *_about_files(path, all_events), *(note for one in all_events for note in one.notes)]
    timed = _timed(path, all_events, given, notes)
    return _assembled(path, timed, known, given, notes, answer(unknown_units) == ADD)


# Which files -----------------------------------------------------------------------------------------------------


def _is_run(folder: Path) -> bool:
    """At least half of what lies in it are recorders' files, so that nothing else is hidden behind them."""
    try:
        visible = [path for path in islice(folder.iterdir(), MOST_FILES) if not path.name.startswith(".")]
        written = files_of(folder)
    except OSError:
        return False
    return 2 * len(written) >= len(visible) > 0 and any(is_nest_file(file) for file in written[:20])


def _events(path: Path) -> tuple[list[Events], list[str]]:
    """What the recorders hold; in a folder one that cannot be read is left out, with a note."""
    found, notes = [], []
    for recorder in recorders(path):
        try:
            found.append(read_events(recorder))
        except RecordingError as problem:
            if path.is_file():
                raise
            notes.append(f"recorder {recorder.label!r} is left out: {problem}")
    if not found:
        raise RecordingError(f"{path.name}: no recorder of this folder can be read; {'; '.join(notes[:2])}")
    return found, notes


def _about_files(path: Path, found: Sequence[Events]) -> Iterator[str]:
    if path.is_file() and len(found[0].recorder.files) > 1:
        names = ", ".join(file.name for file in found[0].recorder.files[:10])
        yield (
            f"{path.name} is one of the {len(found[0].recorder.files)} files that its recorder wrote, one per thread: "
            f"all were read ({names})"
        )
    elif path.is_dir():
        n_files = sum(len(one.recorder.files) for one in found)
        yield f"{n_files} files of {len(found)} recorders were read; each spike recorder is a population"


# Times -----------------------------------------------------------------------------------------------------------


def _timed(path: Path, found: Sequence[Events], given: Answers, notes: list[str]) -> list[_Timed]:
    units = [_unit(one, given, notes) for one in found]
    rate = given.sampling_rate
    if SAMPLES in units and rate is None:
        steps = [one for one, unit in zip(found, units, strict=True) if unit == SAMPLES and len(one.rows)]
        if steps:
            others = [one.times / 1e3 for one, unit in zip(found, units, strict=True) if unit == "ms"]
            raise Undecided([_which_resolution(path, steps, _grid(np.concatenate([np.zeros(0), *others])))])
    labels = Counter(one.recorder.label for one in found)
    names: list[str] = []
    for one in found:
        label, node = one.recorder.label, one.recorder.node
        names.append(distinct(label if labels[label] == 1 else f"{label}-{node}", names))
    return [
        _Timed(name, one, _seconds(one, unit, rate))
        for name, one, unit in zip(names, found, units, strict=True)
    ]


def _unit(events: Events, given: Answers, notes: list[str]) -> str:
    told, name = events.columns.unit, events.recorder.files[0].name
    if told:
        if given.time_unit and given.time_unit != told:
            raise RecordingError(f"{name}: its header says that times are in {told}: leave out time_unit")
        return told
    if given.time_unit or not len(events.rows):
        return given.time_unit or "ms"
    if np.any(events.times != np.rint(events.times)):
        notes.append(f"{name}: times have fractions and so are no steps: they were taken as milliseconds")
        return "ms"
    offered = [
        choice
        for choice in implied_rates(len(events.rows), _n_senders(events), float(events.times.max()))
        if choice.value in ("ms", SAMPLES)
    ]
    text = f"{name}: NEST writes times in milliseconds or in steps, and the file does not tell which."
    raise Undecided([Question("time_unit", text, tuple(offered))])


def _which_resolution(path: Path, steps: Sequence[Events], grid: float | None) -> Question:
    """How long a step is; suggested is the grid on which times in ms lie that other recorders wrote beside them."""
    events = max(steps, key=lambda one: len(one.rows))
    n_spikes = 0 if events.columns.values else len(events.rows)
    hint = f" Times in ms beside them lie on a grid of {grid * 1e3:g} ms." if grid else ""
    asked = dt_question(path.name, n_spikes, _n_senders(events), float(events.times.max()), hint)
    likely = [choice.value for choice in asked.choices if grid and np.isclose(float(choice.value), grid)]
    return replace(asked, suggested=next(iter(likely), None))


def _n_senders(events: Events) -> int:
    return len(np.unique(events.senders))


def _seconds(events: Events, unit: str, rate: float | None) -> np.ndarray:
    if unit == "ms":
        return events.times / 1e3
    wrong = np.flatnonzero((events.times != np.rint(events.times)) | (np.abs(events.times) >= EXACT))
    if len(wrong):
        raise RecordingError(
            f"{events.recorder.files[0].name}: {len(wrong):,} times are no whole numbers of steps "
            f"(the first is {events.times[wrong[0]]:g}): are they in ms?"
        )
    seconds = events.times / (rate or 1.0)
    return seconds if events.offsets is None else seconds - events.offsets / 1e3


def _clock(seconds: np.ndarray, given: Answers, notes: list[str]) -> float | None:
    """Samples per second where all spikes lie on the grid of a simulation."""
    if given.sampling_rate is not None:
        if clock(seconds, 1 / given.sampling_rate) is None:
            notes.append(
                f"the spikes do not lie on the steps of {1e3 / given.sampling_rate:g} ms (precise spike times): "
                "their time is continuous"
            )
            return None
        return given.sampling_rate
    dt = _grid(seconds)
    if dt is None:
        return None
    notes.append(
        f"all spikes lie on a grid of {dt * 1e3:g} ms, which was taken as the resolution; give dt=… to overrule"
    )
    return clock(seconds, dt)


def _grid(seconds: np.ndarray) -> float | None:
    """The coarsest resolution on whose steps all of many times lie, s."""
    if len(seconds) < TELLING:
        return None
    return next((dt for dt in RESOLUTIONS if clock(seconds, dt)), None)


# Populations and states ------------------------------------------------------------------------------------------


def _assembled(
    path: Path,
    timed: Sequence[_Timed],
    known: Mapping[str, np.ndarray],
    given: Answers,
    notes: list[str],
    adding: bool,
) -> Recording:
    spiking = [one for one in timed if not one.is_multimeter and not one.is_weights]
    recorded = [_population(one, known, len(spiking)) for one in spiking]
    _check_ranges(known, recorded, timed)
    extra = _sampled_only(timed, recorded)
    lists = _connections_beside(path, notes) if path.is_dir() else {}
    populations = [*recorded, *extra, *(_unrecorded(lists, [*recorded, *extra], notes) if adding else [])]
    table, times, rows = gather(populations)
    places = _places(populations)
    t_start, t_stop = _window(timed, given, notes)
    connections: dict[str, Synapses] = {}
    for file, edges in lists.items():
        _join(edges, populations, file, connections, notes)
    rec = recording(
        path.name if path.is_dir() else timed[0].name,
        times,
        rows,
        table,
        t_start=t_start,
        t_stop=t_stop,
        sampling_rate=_clock(times, given, notes),
        states=_states(timed, populations, places, notes),
        connections=connections,
        intervals=_weights(timed, notes),
        notes=notes,
        source=str(path),
    )
    told = [*_about_units(recorded, extra, known), *_about_shared(recorded), *about_duplicates(rec)]
    return replace(rec, notes=(*rec.notes, *told, *([] if len(times) else ["the recorders saw no spike"])))


def _population(one: _Timed, known: Mapping[str, np.ndarray], recorders: int) -> PopulationSpikes:
    ids = one.events.senders
    told = known.get(one.name, known.get("") if recorders == 1 else None)
    return PopulationSpikes(one.name, ids, one.seconds, np.unique(ids) if told is None else told)


def _weights(timed: Sequence[_Timed], notes: list[str]) -> dict[str, pd.DataFrame]:
    return {
        table_name(one.name): weights_over_time(one.name, one.events, one.seconds, notes)
        for one in timed
        if one.is_weights
    }


def _sampled_only(timed: Sequence[_Timed], recorded: Sequence[PopulationSpikes]) -> list[PopulationSpikes]:
    """Neurons that a multimeter sampled and no spike recorder lists, a population for each multimeter."""
    listed = _ids(recorded)
    found = []
    for one in timed:
        if one.is_multimeter:
            ids = np.setdiff1d(one.events.senders, listed)
            listed = np.union1d(listed, ids)
            if len(ids):
                found.append(PopulationSpikes(one.name, ids[:0], np.zeros(0), ids))
    return found


def _ids(populations: Sequence[PopulationSpikes]) -> np.ndarray:
    known = [np.asarray(population.known) for population in populations]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *known]))


def _places(populations: Sequence[PopulationSpikes]) -> pd.DataFrame:
    """Where each global id stands: its population, its place therein and its unit row, at its first listing."""
    first, frames = 0, []
    for at, population in enumerate(populations):
        known = np.asarray(population.known)
        frames.append(
            pd.DataFrame(
                {
                    "id": known,
                    "population": at,
                    "place": np.arange(len(known)),
                    "row": first + np.arange(len(known)),
                }
            )
        )
        first += len(known)
    columns = ["id", "population", "place", "row"]
    found = pd.concat(frames) if frames else pd.DataFrame(columns=columns, dtype=np.int64)
    return found.drop_duplicates("id").set_index("id").sort_index()


def _states(
    timed: Sequence[_Timed], populations: Sequence[PopulationSpikes], places: pd.DataFrame, notes: list[str]
) -> dict[str, State]:
    found: dict[str, State] = {}
    for one in timed:
        if not one.is_multimeter or not len(one.events.rows):
            continue
        senders, at_sender = np.unique(one.events.senders, return_inverse=True)
        time, at_time = np.unique(one.seconds, return_inverse=True)
        _check_full(one, len(time), len(senders), at_time, at_sender, notes)
        of = places.loc[senders]
        for variable, column in one.events.columns.values.items():
            values = np.full((len(time), len(senders)), np.nan)
            values[at_time, at_sender] = one.events.rows[:, column]
            for number in np.unique(of["population"]):
                mine = np.flatnonzero((of["population"] == number).to_numpy())
                name = populations[number].name
                rows = of["row"].to_numpy(np.int32)[mine]
                labels = tuple(f"{name} {sender}" for sender in senders[mine])
                key = distinct(f"{name}.{variable}", found)
                found[key] = State(values[:, mine], time, variable, "", rows, labels)
    return found


def _check_full(
    one: _Timed, n_times: int, n_senders: int, at_time: np.ndarray, at_sender: np.ndarray, notes: list[str]
) -> None:
    if n_times * n_senders > 4 * len(at_time) + 1000:
        raise RecordingError(
            f"{one.name}: {len(at_time):,} samples of {n_senders:,} neurons lie at {n_times:,} different times: "
            "a multimeter samples its neurons together"
        )
    pairs = len(np.unique(at_time.astype(np.int64) * n_senders + at_sender))
    if pairs < len(at_time):
        notes.append(
            f"{one.name}: {len(at_time) - pairs:,} samples are of a neuron and a time that another row has already: "
            "the last one was kept"
        )
    if pairs < n_times * n_senders:
        notes.append(
            f"{one.name}: {n_times * n_senders - pairs:,} of {n_times * n_senders:,} samples are not in the files and "
            "are shown as gaps"
        )


def _window(timed: Sequence[_Timed], given: Answers, notes: list[str]) -> tuple[float, float]:
    lowest = min((float(one.seconds.min()) for one in timed if len(one.seconds)), default=0.0)
    highest = max((float(one.seconds.max()) for one in timed if len(one.seconds)), default=0.0)
    t_start = min(0.0, lowest) if given.t_start is None else given.t_start
    if given.t_stop is not None:
        return t_start, given.t_stop
    t_stop = max(highest, t_start)
    notes.append(
        f"how long the simulation ran is not in the files: the last spike or sample, {t_stop:g} s, was taken; "
        "give t_stop=… to overrule"
    )
    return t_start, t_stop


def _about_units(
    recorded: Sequence[PopulationSpikes], extra: Sequence[PopulationSpikes], known: Mapping[str, np.ndarray]
) -> Iterator[str]:
    silent = [population for population in recorded if population.name not in known and "" not in known]
    if silent:
        counts = ", ".join(f"{len(np.asarray(one.known)):,} in {one.name!r}" for one in silent)
        yield (
            f"recorders do not tell of neurons that never fire: those that fire were taken ({counts}); give "
            f'units="{silent[0].name}=FIRST-LAST" to count the silent ones'
        )
    for population in extra:
        yield (
            f"the spikes of the {len(np.asarray(population.known)):,} neurons of {population.name!r} were not "
            "recorded: that they look silent means nothing"
        )


def _about_shared(recorded: Sequence[PopulationSpikes]) -> Iterator[str]:
    for at, one in enumerate(recorded):
        for other in recorded[at + 1 :]:
            shared = len(np.intersect1d(np.asarray(one.known), np.asarray(other.known)))
            if shared:
                yield (
                    f"{shared:,} neurons of {other.name!r} are in {one.name!r}, too: ids are global, so that these are "
                    "the same neurons, listed twice"
                )


# What the user tells of units --------------------------------------------------------------------------------------


def _ranges(units: str | None) -> dict[str, np.ndarray]:
    found = {}
    for piece in str(units).split(",") if units else ():
        match = _RANGE.fullmatch(piece.strip())
        first, last = (int(match["first"]), int(match["last"])) if match else (1, 0)
        if not match or not first <= last < first + MOST_UNITS:
            raise RecordingError(f"units: {piece[:60]!r} is not of the form 1-400, or ex=1-400,in=401-500")
        found[(match["label"] or "").strip()] = np.arange(first, last + 1)
    return found


def _check_ranges(
    known: Mapping[str, np.ndarray], recorded: Sequence[PopulationSpikes], timed: Sequence[_Timed]
) -> None:
    names = [population.name for population in recorded]
    if wrong := [name for name in known if name not in names and not (name == "" and len(timed) == 1)]:
        raise RecordingError(
            f"units names {wrong[0][:40]!r}, but there are {', '.join(map(repr, names[:20]))}"
        )


# Connections -------------------------------------------------------------------------------------------------------


def _is_connections(path: Path) -> bool:
    """Whether a bundle holds what `nest.GetConnections().get()` gives."""
    if not npy.is_npz(path):
        return False
    try:
        arrays = npy.describe(path)
    except RecordingError:
        return False
    held = {name.lower(): array.shape for name, array in arrays.items()}
    ends = [held.get(name) for name in _ENDS]
    further = any(held.get(name) == ends[0] for name in ("weight", "delay"))
    return ends[0] is not None and len(ends[0]) == 1 and ends[0] == ends[1] and further


def _edges(path: Path) -> Edges:
    held = {name.lower(): name for name in npy.describe(path)}
    wanted = [held[name] for name in (*_ENDS, "weight", "delay") if name in held]
    arrays = {name.lower(): array for name, array in npy.load(path, wanted).items()}
    for name, array in arrays.items():
        kinds = "iu" if name in _ENDS else "iuf"
        if array.dtype.kind not in kinds or array.shape != arrays["source"].shape:
            raise RecordingError(
                f"{path.name}: {name!r} is {array.dtype} of shape {array.shape}, but there are "
                f"{arrays['source'].size:,} connections"
            )
    weight, delay = arrays.get("weight"), arrays.get("delay")
    return Edges(
        arrays["source"].astype(np.int64),
        arrays["target"].astype(np.int64),
        None if weight is None else weight.astype(np.float64),
        # A float32 of 0.1 ms is 0.1 ms: its digits beyond the seventh are no information.
        None if delay is None else _as_written(delay) / 1e3,
    )


def _as_written(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f" or values.dtype.itemsize >= 8:
        return values.astype(np.float64)
    distinct_values, place = np.unique(values, return_inverse=True)
    return np.array([float(str(value)) for value in distinct_values])[place]


def _connections_beside(path: Path, notes: list[str]) -> dict[str, Edges]:
    """The lists of connections that lie in the folder, by file."""
    found: dict[str, Edges] = {}
    for file in files_of(path, (".npz",)):
        if _is_connections(file):
            found[file.name] = _edges(file)
        else:
            notes.append(f"{file.name} is not read: it holds no connections (source, target, weight, delay)")
    return found


def _unrecorded(
    lists: Mapping[str, Edges], populations: Sequence[PopulationSpikes], notes: list[str]
) -> list[PopulationSpikes]:
    """The neurons that connections name and no recorder lists, as a population."""
    ends = [end for edges in lists.values() for end in (edges.source, edges.target)]
    ids = np.setdiff1d(np.concatenate([np.zeros(0, np.int64), *ends]), _ids(populations))
    if not len(ids):
        return []
    name = distinct("not recorded", [population.name for population in populations])
    notes.append(added(name, len(ids)))
    return [PopulationSpikes(name, ids[:0], np.zeros(0), ids)]


def _join(
    edges: Edges,
    populations: Sequence[PopulationSpikes],
    file: str,
    found: dict[str, Synapses],
    notes: list[str],
) -> None:
    places = _places(populations)
    ends = [places.index.get_indexer(pd.Index(end)) for end in (edges.source, edges.target)]
    inside = (ends[0] >= 0) & (ends[1] >= 0)
    if not inside.all():
        notes.append(
            f"{file}: {np.count_nonzero(~inside):,} of {len(edges):,} connections have an end that no recorder lists "
            f"(silent neurons, or devices): they are left out; {OFFER}"
        )
    numbers, place = places["population"].to_numpy(np.int64), places["place"].to_numpy(np.int64)
    source, target = ends[0][inside], ends[1][inside]
    kept = edges.where(inside)
    pairs = numbers[source] * len(populations) + numbers[target] if len(source) else np.zeros(0, np.int64)
    for pair in np.unique(pairs):
        chosen = pairs == pair
        one, other = (populations[at] for at in divmod(int(pair), len(populations)))
        part = kept.where(chosen)
        placed = Edges(place[source[chosen]], place[target[chosen]], part.weight, part.delay)
        name = distinct(f"{one.name}→{other.name}", found)
        found[name] = synapses(placed, one.name, other.name, len(np.asarray(one.known)))
        notes += about_doubled(name, placed)


def _connections_alone(path: Path) -> Recording:
    edges = _edges(path)
    ids = np.unique(np.r_[edges.source, edges.target])
    if len(ids) > MOST_UNITS:
        raise RecordingError(f"{path.name}: more than {MOST_UNITS:,} different neurons are not read")
    everyone = PopulationSpikes("neurons", ids[:0], np.zeros(0), ids)
    notes = [
        "the file holds connections and no spikes: open the folder with the recorders' files to see both",
        "the file names no population: it is called 'neurons' and has every neuron with a connection",
    ]
    found: dict[str, Synapses] = {}
    _join(edges, [everyone], path.name, found, notes)
    table, times, rows = gather([everyone])
    return recording(
        path.stem,
        times,
        rows,
        table,
        t_start=0.0,
        t_stop=0.0,
        connections=found,
        notes=notes,
        source=str(path),
    )
