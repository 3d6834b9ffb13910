"""A recording from parts that count steps: what the monitors of a clock-driven simulator hold, live or saved.

Such monitors know step numbers and no seconds, and a second run of the same network starts counting at 0 again.
Here the parts are put on one clock, run after run, and whatever had to be assumed for it is told in notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, gather, recording

# As far as ticks of a nanosecond reach, s.
LONGEST = 9e9
RESTARTED = "the clock was restarted"


@dataclass(frozen=True)
class Group:
    """A population as its simulator holds it.

    key : what tells it from others of the same label
    label : what it is called
    size : number of units, silent ones included
    columns : what is known of its units, each as long as `size`
    own_dt : the step that its neurons say they integrate, in their own unit, None where they say nothing
    first_id : number of its first unit; unit numbers in parts are counted so
    """

    key: Hashable
    label: str
    size: int
    columns: Mapping[str, Any] = field(default_factory=dict, compare=False)
    own_dt: float | None = field(default=None, compare=False)
    first_id: int = field(default=0, compare=False)

    @property
    def ids(self) -> np.ndarray:
        """Numbers of its units, ascending."""
        return np.arange(self.first_id, self.first_id + self.size)


@dataclass(frozen=True, eq=False)
class SpikeSteps:
    """Spikes of a population: (N,) steps and (N,) unit numbers, as recorded.

    ordered : within a step units are in ascending order, so that a repeat, too, tells of a new run
    """

    group: Group
    steps: np.ndarray
    ids: np.ndarray
    ordered: bool = True


@dataclass(frozen=True, eq=False)
class StateSteps:
    """A variable of some units: (T,) steps, (T, K) values, (K,) unit numbers; its physical unit, "" where unknown."""

    group: Group
    variable: str
    steps: np.ndarray
    values: np.ndarray
    ids: np.ndarray
    unit: str = ""


@dataclass(frozen=True, eq=False)
class RateSteps:
    """A population's rate: (B,) last step of each bin, (B,) rate in Hz per unit, nominal bin width in ms or None.

    label : what to call it, "" for the name of the population
    """

    group: Group
    steps: np.ndarray
    rate: np.ndarray
    bin_ms: float | None
    label: str = ""


@dataclass(frozen=True, eq=False)
class Joined:
    """A projection as compressed sparse rows; `delay_steps` is one number or one per synapse, None where unknown."""

    source: Group
    target: Group
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray | None
    delay_steps: np.ndarray | None


Part = Group | SpikeSteps | StateSteps | RateSteps | Joined | str
Timed = SpikeSteps | StateSteps | RateSteps


@dataclass(frozen=True, eq=False)
class Clock:
    """How steps become seconds.

    dt : of a step, s
    offsets : (runs + 1,) int64, first step of each run on the common clock, and the end of the last
    unplaced : "first" or "last": where stretches go of a monitor that shows fewer of them than there were runs
    """

    dt: float
    offsets: np.ndarray
    unplaced: str | None = None

    @property
    def rate(self) -> float:
        """Steps per second."""
        return steps_per_second(self.dt)

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return len(self.offsets) - 1


def assemble(
    parts: Iterable[Part],
    *,
    dt: float,
    name: str,
    n_steps: int | Sequence[int] | None = None,
    t_start: float = 0.0,
    t_stop: float | None = None,
    unplaced: str | None = None,
    source: str = "",
) -> Recording:
    """A recording from parts that count steps.

    Parameters
    ----------
    parts : populations, what was recorded of them, projections, and notes in words
    dt : duration of a step, s
    name : what to call the recording
    n_steps : how many steps each run took, one number for all or one per run; None: as far as the parts tell
    t_start, t_stop : when observation began and ended, s, step 0 being at 0 s; t_stop None: at the end of the last run
    unplaced : "first" or "last": the runs that a monitor saw whose clock restarts less often than there were runs
    source : the path it came from

    Raises
    ------
    RecordingError : where parts contradict each other or the arguments
    Undecided : where a monitor shows fewer runs than there were, and `unplaced` does not say which it saw
    """
    parts = list(parts)
    rate = steps_per_second(dt)
    groups = unified(parts)
    timed, notes = _without_repeats([part for part in parts if isinstance(part, Timed)], groups)
    clock, told = _common_clock(timed, groups, dt, n_steps, unplaced)
    end, ended = _end(clock, timed, n_steps, t_stop)
    units, times, rows = gather([_spikes(group, called, timed, clock) for group, called in groups.items()])
    first = dict(zip(groups, np.cumsum([0, *(group.size for group in groups)]).tolist(), strict=False))
    rates, widths = _rates(timed, groups, clock)
    connections, doubled = _connections(parts, groups, rate)
    return recording(
        name,
        times,
        rows,
        units,
        t_start=t_start,
        t_stop=end,
        sampling_rate=rate,
        states=_states(timed, groups, first, clock),
        rates=rates,
        connections=connections,
        intervals=_runs(clock, end),
        notes=[
            *(part for part in parts if isinstance(part, str)),
            *_renamed(groups),
            *_unrecorded(groups, timed),
            *notes,
            *told,
            *ended,
            *widths,
            *doubled,
        ],
        source=source,
    )


def steps_per_second(dt: float) -> float:
    """Steps per second of a step of `dt` s, a whole number where dt is one part of a second.

    Raises
    ------
    RecordingError : where dt is no duration
    """
    if not (np.isfinite(dt) and 0 < dt < 1e6):
        raise RecordingError(
            f"dt={dt!r} is no duration: give the simulation step in seconds, such as dt=1e-4"
        )
    rate = 1.0 / dt
    return float(round(rate)) if abs(rate - round(rate)) < 1e-9 * rate else rate


def unified(parts: Iterable[Part]) -> dict[Group, str]:
    """Each population once, in order of appearance, with a name that no other has."""
    found: dict[Group, str] = {}
    taken: set[str] = set()
    for group in (group for part in parts for group in _groups_of(part)):
        if group not in found:
            found[group] = distinct(group.label, taken)
            taken.add(found[group])
    return found


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, numbered ("E (2)") where it is taken."""
    taken = set(taken)
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)


def stretches(steps: np.ndarray, ids: np.ndarray | None = None, runs: int | None = None) -> np.ndarray:
    """Which stretch of time each event belongs to: a clock that goes back has been restarted.

    Parameters
    ----------
    steps : (N,) int, in the order of recording
    ids : (N,) int, units in ascending order within a step; None: a step may repeat
    runs : how many stretches are expected, where that is known

    Returns
    -------
    (N,) int64, 0 for the first stretch
    """
    steps = np.asarray(steps)
    if ids is None:
        return _numbered(steps[1:] < steps[:-1], len(steps))
    by_step = _numbered(_not_ascending(steps, ids), len(steps))
    # A compiled backend may hand over one unit after another: then it is the units that go back.
    by_unit = _numbered(_not_ascending(ids, steps), len(steps))
    if not len(steps) or by_step[-1] + 1 == runs:
        return by_step
    return by_unit if by_unit[-1] + 1 == runs or by_unit[-1] < by_step[-1] else by_step


def _numbered(back: np.ndarray, n: int) -> np.ndarray:
    return np.r_[0, np.cumsum(back)].astype(np.int64)[:n]


def _not_ascending(major: np.ndarray, minor: np.ndarray) -> np.ndarray:
    same = major[1:] == major[:-1]
    return (major[1:] < major[:-1]) | (same & (minor[1:] <= minor[:-1]))


def _groups_of(part: Part) -> tuple[Group, ...]:
    if isinstance(part, Group):
        return (part,)
    if isinstance(part, Joined):
        return part.source, part.target
    return () if isinstance(part, str) else (part.group,)


def _renamed(groups: Mapping[Group, str]) -> Iterator[str]:
    for label, number in Counter(group.label for group in groups).items():
        if number > 1:
            names = ", ".join(repr(name) for group, name in groups.items() if group.label == label)
            yield f"{number} populations are labelled {label!r}: they are called {names} here"


def _unrecorded(groups: Mapping[Group, str], timed: Sequence[Timed]) -> Iterator[str]:
    recorded = {part.group for part in timed if isinstance(part, SpikeSteps)}
    missing = [name for group, name in groups.items() if group not in recorded]
    if missing:
        yield (
            f"the spikes of {', '.join(map(repr, missing))} were not recorded: these units are listed, "
            "but that they look silent means nothing"
        )


def _without_repeats(timed: Sequence[Timed], groups: Mapping[Group, str]) -> tuple[list[Timed], list[str]]:
    best: dict[Group, SpikeSteps] = {}
    notes = []
    for part in timed:
        if isinstance(part, SpikeSteps):
            other = best.setdefault(part.group, part)
            if other is not part:
                best[part.group] = max(other, part, key=lambda spikes: len(spikes.steps))
                notes.append(_repeat(groups[part.group], other, part))
    return [part for part in timed if not isinstance(part, SpikeSteps) or best[part.group] is part], notes


def _repeat(name: str, one: SpikeSteps, other: SpikeSteps) -> str:
    if np.array_equal(one.steps, other.steps) and np.array_equal(one.ids, other.ids):
        return f"the spikes of {name!r} were recorded twice, the same both times: they are taken once"
    most, least = sorted((len(one.steps), len(other.steps)), reverse=True)
    return (
        f"the spikes of {name!r} were recorded by two monitors that differ: the one with more spikes ({most:,}) "
        f"was taken, the other ({least:,}) left out"
    )


# One clock for all parts ---------------------------------------------------------------------------------------


def _common_clock(
    timed: Sequence[Timed],
    groups: Mapping[Group, str],
    dt: float,
    n_steps: int | Sequence[int] | None,
    unplaced: str | None,
) -> tuple[Clock, list[str]]:
    runs = _how_many(timed, len(_given_lengths(n_steps)) if _is_per_run(n_steps) else 0)
    lengths, sure = _lengths(timed, groups, runs, dt, n_steps, unplaced)
    clock = Clock(dt, np.r_[0, np.cumsum(lengths)].astype(np.int64), unplaced)
    return clock, [*_told_runs(clock), *_told_lengths(clock, sure), *_told_placing(timed, groups, clock)]


def _given_lengths(n_steps: int | Sequence[int] | None) -> tuple[int, ...]:
    lengths = () if n_steps is None else tuple(np.atleast_1d(np.asarray(n_steps)).tolist())
    if any(length < 0 or length != int(length) for length in lengths):
        raise RecordingError(f"n_steps={n_steps!r}: the steps of a run are whole numbers, not negative")
    return lengths


def _is_per_run(n_steps: int | Sequence[int] | None) -> bool:
    return n_steps is not None and not isinstance(n_steps, int | np.integer)


def _how_many(timed: Sequence[Timed], given: int) -> int:
    sampled = [_count(part) for part in timed if not isinstance(part, SpikeSteps)]
    known = max([*sampled, given])
    return max([1, known, *(_count(part, known or None) for part in timed)])


def _stretches(part: Timed, runs: int | None = None) -> np.ndarray:
    if isinstance(part, SpikeSteps):
        return stretches(part.steps, part.ids if part.ordered else None, runs)
    # A sampled axis never repeats a step within a run.
    return stretches(part.steps, np.zeros(len(part.steps)))


def _count(part: Timed, runs: int | None = None) -> int:
    found = _stretches(part, runs)
    return int(found[-1]) + 1 if len(found) else 0


def _lengths(
    timed: Sequence[Timed],
    groups: Mapping[Group, str],
    runs: int,
    dt: float,
    n_steps: int | Sequence[int] | None,
    unplaced: str | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Steps of each run, and whether they are known (else: as far as anything was recorded)."""
    seen, sure = np.zeros(runs, np.int64), np.zeros(runs, bool)
    for part in timed:
        if isinstance(part, RateSteps) and _count(part) != runs:
            continue
        run = _placed(part, runs, unplaced, groups)
        np.maximum.at(seen, run, np.asarray(part.steps, np.int64) + 1)
        sure[np.unique(run)] |= isinstance(part, StateSteps)
    given = _given_lengths(n_steps)
    if given:
        return _checked_lengths(given if _is_per_run(n_steps) else given * runs, seen)
    for part in timed:
        if isinstance(part, RateSteps) and _count(part) == runs:
            exact = _lengths_by_bins(part, runs, dt)
            fits = ~sure[:-1] & (exact >= seen[:-1])
            seen[:-1][fits], sure[:-1][fits] = exact[fits], True
    return seen, sure


def _checked_lengths(given: Sequence[int], seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(given) != len(seen):
        raise RecordingError(
            f"n_steps tells of {len(given)} runs, but the clock was started {len(seen)} times"
        )
    lengths = np.asarray(given, np.int64)
    short = np.flatnonzero(lengths < seen)
    if len(short):
        raise RecordingError(
            f"n_steps says that run {short[0] + 1} took {lengths[short[0]]:,} steps, "
            f"but step {seen[short[0]] - 1:,} was recorded"
        )
    return lengths, np.ones(len(lengths), bool)


def _lengths_by_bins(part: RateSteps, runs: int, dt: float) -> np.ndarray:
    """Steps of all runs but the last: bins go on across a restart, so a bin's place tells when its run began."""
    run = _stretches(part)
    width = _bin_steps(part, dt) or int(part.steps[0]) + 1
    first_bin = np.searchsorted(run, np.arange(1, runs))
    return np.diff(np.r_[0, (first_bin + 1) * width - 1 - np.asarray(part.steps)[first_bin]])


def _placed(part: Timed, runs: int, unplaced: str | None, groups: Mapping[Group, str]) -> np.ndarray:
    """The run of each event."""
    found = _stretches(part, runs)
    missing = runs - (int(found[-1]) + 1) if len(found) else 0
    if not missing:
        return found
    if unplaced not in ("first", "last"):
        raise _which_runs(part, groups[part.group], runs, missing)
    return found + (missing if unplaced == "last" else 0)


def _which_runs(part: Timed, name: str, runs: int, missing: int) -> Undecided:
    shown = runs - missing
    text = (
        f"The network was run {runs} times, but what was recorded of {name!r} shows {shown} of these runs: in "
        f"{missing} of them it recorded nothing, and which these are is not in the data."
    )
    choices = (
        Choice("first", f"it saw the first {shown}", "nothing of it in the later runs"),
        Choice("last", f"it saw the last {shown}", "nothing of it in the earlier runs"),
    )
    return Undecided([Question("unplaced", text, choices)])


def _told_runs(clock: Clock) -> Iterator[str]:
    if clock.runs > 1:
        starts = ", ".join(f"{start / clock.rate:g}" for start in clock.offsets[:-1][:10])
        more = ", …" if clock.runs > 10 else ""
        yield (
            f"{RESTARTED}: {clock.runs} runs, put one after another, begin at {starts}{more} s (intervals "
            '"runs"); an interval that spans such a moment joins the end of one run to the start of the next'
        )


def _told_lengths(clock: Clock, sure: np.ndarray) -> Iterator[str]:
    for run in np.flatnonzero(~sure[:-1]):
        yield (
            f"how long run {run + 1} lasted is not in the data: it was taken to end after its last recorded step, "
            f"{(clock.offsets[run + 1] - clock.offsets[run]) / clock.rate:g} s; give n_steps=[…] to overrule"
        )


def _told_placing(timed: Sequence[Timed], groups: Mapping[Group, str], clock: Clock) -> Iterator[str]:
    for part in timed:
        if isinstance(part, SpikeSteps | StateSteps) and 0 < _count(part, clock.runs) < clock.runs:
            what = f"{part.variable} of " if isinstance(part, StateSteps) else ""
            yield (
                f"{what}{groups[part.group]!r} was recorded in {_count(part, clock.runs)} of {clock.runs} runs: "
                f"the {clock.unplaced}, as unplaced={clock.unplaced!r} says"
            )


def _end(
    clock: Clock, timed: Sequence[Timed], n_steps: int | Sequence[int] | None, t_stop: float | None
) -> tuple[float, list[str]]:
    end = clock.offsets[-1] / clock.rate
    if max(end, t_stop or 0.0) > LONGEST:
        raise RecordingError(
            f"the run would last {max(end, t_stop or 0.0):g} s, more than 285 years: is dt right?"
        )
    if t_stop is not None:
        if round(t_stop * clock.rate, 6) < clock.offsets[-1]:
            raise RecordingError(
                f"t_stop={t_stop:g} s lies before the last recorded step, which ends at {end:g} s"
            )
        return float(t_stop), []
    sampled = any(isinstance(part, StateSteps) and len(part.steps) for part in timed)
    if n_steps is not None or sampled:
        return end, []
    if not clock.offsets[-1]:
        return end, [
            "nothing was recorded over time: the recording has no duration; give t_stop=… to tell it"
        ]
    return end, [
        f"how long the simulation ran is not in the data: the end of the last recorded step, {end:g} s, was taken; "
        "give n_steps=… or t_stop=… to overrule"
    ]


def _runs(clock: Clock, end: float) -> dict[str, pd.DataFrame]:
    if clock.runs < 2:
        return {}
    edges = clock.offsets / clock.rate
    return {"runs": pd.DataFrame({"start": edges[:-1], "stop": np.r_[edges[1:-1], end]})}


def _seconds(part: Timed, clock: Clock, groups: Mapping[Group, str] | None = None) -> np.ndarray:
    run = _placed(part, clock.runs, clock.unplaced, groups or {part.group: part.group.label})
    return (clock.offsets[run] + np.asarray(part.steps, np.int64)) / clock.rate


# What becomes of each kind of part -----------------------------------------------------------------------------


def _spikes(group: Group, name: str, timed: Sequence[Timed], clock: Clock) -> PopulationSpikes:
    known = group.ids
    for part in timed:
        if isinstance(part, SpikeSteps) and part.group == group:
            return PopulationSpikes(name, part.ids, _seconds(part, clock), known, group.columns)
    return PopulationSpikes(name, known[:0], np.zeros(0), known, group.columns)


def _states(
    timed: Sequence[Timed], groups: Mapping[Group, str], first: Mapping[Group, int], clock: Clock
) -> dict[str, State]:
    found: dict[str, State] = {}
    for part in timed:
        if isinstance(part, StateSteps):
            name = groups[part.group]
            labels = tuple(f"{name} {unit}" for unit in part.ids)
            rows = (first[part.group] + part.ids - part.group.first_id).astype(np.int32)
            state = State(part.values, _seconds(part, clock), part.variable, part.unit, rows, labels)
            found[distinct(f"{name}.{part.variable}", found)] = state
    return found


def _bin_steps(part: RateSteps, dt: float) -> int | None:
    """Steps in a bin, as the monitor cuts them: the nominal width over the step, truncated (T5)."""
    return None if part.bin_ms is None else max(1, int(part.bin_ms / 1000.0 / dt))


def _rates(
    timed: Sequence[Timed], groups: Mapping[Group, str], clock: Clock
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    found: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    for part in timed:
        if isinstance(part, RateSteps) and len(part.steps):
            name = distinct(part.label or groups[part.group], found)
            found[name], told = _rate(part, name, clock, groups)
            notes += told
    return found, notes


def _rate(
    part: RateSteps, name: str, clock: Clock, groups: Mapping[Group, str]
) -> tuple[pd.DataFrame, list[str]]:
    width, last = _bins(part, clock, groups)
    expected = _bin_steps(part, clock.dt)
    middle = (last + 1 - width / 2) / clock.rate
    frame = pd.DataFrame({"time": middle, "rate": np.asarray(part.rate, float)})
    if expected is None or part.bin_ms is None:
        return frame, []
    if expected != width:
        return frame, [_wrong_dt(name, part.bin_ms, width, expected, clock.dt)]
    factor = part.bin_ms / 1000.0 * clock.rate / width
    if abs(factor - 1) < 1e-9:
        return frame, []
    return frame.assign(rate_exact=frame["rate"] * factor), [
        _wrong_width(name, part.bin_ms, width, clock.rate)
    ]


def _bins(part: RateSteps, clock: Clock, groups: Mapping[Group, str]) -> tuple[int, np.ndarray]:
    """Steps in a bin, and the last step of each bin on the common clock."""
    steps = np.asarray(part.steps, np.int64)
    for width in dict.fromkeys((_bin_steps(part, clock.dt) or int(steps[0]) + 1, int(steps[0]) + 1)):
        last = (np.arange(len(steps)) + 1) * width - 1
        run = np.clip(np.searchsorted(clock.offsets, last, side="right") - 1, 0, clock.runs - 1)
        if np.array_equal(last - clock.offsets[run], steps):
            return width, last
    run = _placed(part, clock.runs, clock.unplaced, groups)
    within = np.diff(steps)[np.diff(run) == 0]
    return int(within.min() if len(within) else steps[0] + 1), clock.offsets[run] + steps


def _wrong_width(name: str, bin_ms: float, width: int, rate: float) -> str:
    true_ms = width / rate * 1000
    return (
        f"the rate monitor of {name!r} cuts bins of {bin_ms:g} ms into {width} steps, which is {true_ms:g} ms, and "
        f"divides by {bin_ms:g} ms: its rates, kept as they are, are {true_ms / bin_ms:.4g} times the true ones; "
        "the column rate_exact is divided by the true width"
    )


def _wrong_dt(name: str, bin_ms: float, width: int, expected: int, dt: float) -> str:
    return (
        f"the rate monitor of {name!r} has bins of {width} steps, but {bin_ms:g} ms at dt={dt:g} s are "
        f"{expected}: is dt right? bins of {bin_ms:g} ms would mean dt of about {bin_ms / 1000 / width:.3g} s"
    )


def _connections(
    parts: Iterable[Part], groups: Mapping[Group, str], rate: float
) -> tuple[dict[str, Synapses], list[str]]:
    found: dict[str, Synapses] = {}
    notes: list[str] = []
    for part in parts:
        if isinstance(part, Joined):
            name = distinct(f"{groups[part.source]}→{groups[part.target]}", found)
            found[name] = _synapses(part, name, groups, rate)
            notes += _told_synapses(name, found[name])
    return found, notes


def _synapses(part: Joined, name: str, groups: Mapping[Group, str], rate: float) -> Synapses:
    indptr, indices = np.array(part.indptr), np.array(part.indices)
    weight = None if part.weight is None else np.array(part.weight, np.float64)
    counted = np.zeros(len(indices)) if weight is None else weight
    check_rows(name, indptr, indices, counted, part.source.size, part.target.size)
    delay = None if part.delay_steps is None else np.asarray(part.delay_steps, np.float64) / rate
    if delay is not None and delay.shape not in ((), (1,), indices.shape):
        raise RecordingError(f"projection {name!r} has {delay.size} delays for {len(indices)} synapses")
    spread = None if delay is None else np.broadcast_to(delay, indices.shape).copy()
    ends = groups[part.source], groups[part.target]
    return Synapses(*ends, indptr.astype(np.int64), indices.astype(np.int32), weight, spread)


def check_rows(
    name: str, indptr: np.ndarray, indices: np.ndarray, weight: np.ndarray, sources: int, targets: int
) -> None:
    """Refuse compressed sparse rows that do not fit together.

    Raises
    ------
    RecordingError : naming what does not fit
    """
    if not (indptr.ndim == indices.ndim == weight.ndim == 1 and len(indptr)):
        raise RecordingError(f"projection {name!r}: indptr, indices and weights must be lists of numbers")
    if not all(np.issubdtype(array.dtype, np.integer) or not len(array) for array in (indptr, indices)):
        raise RecordingError(f"projection {name!r}: indptr and indices must be whole numbers")
    if len(indptr) != sources + 1:
        raise RecordingError(
            f"projection {name!r} has {len(indptr) - 1} source rows for {sources} source units"
        )
    if indptr[0] != 0 or np.any(np.diff(indptr.astype(np.int64)) < 0) or indptr[-1] != len(indices):
        raise RecordingError(
            f"projection {name!r}: indptr must rise from 0 to the number of synapses, {len(indices):,}; "
            f"it goes from {indptr[0]} to {indptr[-1]}: save it again"
        )
    if len(weight) != len(indices):
        raise RecordingError(f"projection {name!r} has {len(weight):,} weights for {len(indices):,} synapses")
    if len(indices) and not 0 <= indices.min() <= indices.max() < targets:
        wrong = indices.max() if indices.max() >= targets else indices.min()
        raise RecordingError(
            f"projection {name!r} has a synapse to unit {wrong}, but {targets} target units: save it again"
        )


def _told_synapses(name: str, synapses: Synapses) -> Iterator[str]:
    pairs = np.stack(
        [np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr)), synapses.indices]
    )
    doubled = len(synapses) - np.unique(pairs, axis=1).shape[1]
    if doubled:
        yield f"{name}: {doubled:,} synapses join a pair of units that another synapse joins already; all were kept"
    missing = 0 if synapses.weight is None else np.count_nonzero(~np.isfinite(synapses.weight))
    if missing:
        yield f"{name}: {missing:,} of {len(synapses):,} weights are not finite numbers; they were kept as they are"
