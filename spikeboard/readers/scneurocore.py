"""SC-NeuroCore runs that were saved by hand: the monitors' arrays in one .npz, steps instead of seconds.

The package writes no files of its own; its objects can be pickled, and a pickle is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.monitors import state_parts
from spikeboard.readers import reader
from spikeboard.readers.implied_rates import OTHER_DT
from spikeboard.readers.npy import describe, is_npz, load
from spikeboard.readers.restarts import SORT
from spikeboard.readers.scneurocore_names import UNNAMED, Keys, ends, is_run, understand
from spikeboard.readers.spikelist import EXACT, MOST_UNITS, answers
from spikeboard.readers.unknown_units import (
    ADD,
    added,
    answer,
    asked,
    left_out,
    rows_for,
    rows_without,
    sound,
)
from spikeboard.recording import Recording
from spikeboard.stepped import (
    RESTARTED,
    Group,
    Joined,
    Part,
    RateSteps,
    SpikeSteps,
    Timed,
    assemble,
    stretches,
)

# Steps of common simulations; 1 ms is what Network.run takes when it is told nothing.
STEPS = (1e-3, 5e-4, 1e-4)
PICKLES = (".pickle", ".pkl")
_JOIN = re.compile(r"([^=>]*?)\s*=\s*([^=>]+?)\s*>\s*([^=>]+)")


@dataclass(frozen=True, eq=False)
class _File:
    """The arrays of a file, what their names mean, and the size of each population."""

    name: str
    arrays: Mapping[str, np.ndarray]
    keys: Keys
    groups: Mapping[str, Group]

    def array(self, name: str) -> np.ndarray | None:
        """The array of that name, None for no name."""
        return self.arrays[name] if name else None


def sniff(path: Path) -> bool:
    """Whether a file is a bundle with spikes in steps or projections, or a pickle, which is refused."""
    if not path.is_file():
        return False
    return _is_pickle(path) or (is_npz(path) and is_run(_names(path)))


@reader("SC-NeuroCore arrays", sniff, order=40)
def read(
    path: Path,
    dt: float | None = None,
    n_steps: int | str | Sequence[int] | None = None,
    n_units: int | str | None = None,
    projections: str | None = None,
    unplaced: str | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    order: str | None = None,
    unknown_units: str | None = None,
) -> Recording:
    """The monitors and projections of a network, saved as arrays.

    Parameters
    ----------
    path : .npz file
    dt : duration of a step, s, where the file has no array "dt"
    n_steps : steps of each run, 2000, or "2000,200" for two; where neither an array "n_steps" nor a state tells
    n_units : units of the population, silent ones included, or "exc=80,inh=20"
    projections : which populations each joins, where names do not tell: "EE=exc>exc,EI=exc>inh"
    unplaced : "first" or "last": the runs that a monitor saw whose clock restarts less often than there were runs
    t_start, t_stop : s
    order : "sort" where steps that go back are no clock that was started again, but one run
    unknown_units : "add" or "leave_out", where synapses name units that there are not

    Raises
    ------
    RecordingError : for a pickle, and where arrays contradict each other
    Undecided : where the step is not in the file
    """
    if _is_pickle(path):
        raise RecordingError(_about_pickle(path))
    given = answers(dt=dt, t_start=t_start, t_stop=t_stop, order=order)
    unknown = answer(unknown_units)
    held = describe(path)
    labels = _labels(path, held)
    keys = understand(held, labels)
    arrays = load(path, sorted(keys.used()))
    joins, missing = _joins(keys, labels, projections)
    groups, sized = _groups(keys, arrays, joins, labels, _counts(n_units), unknown)
    file = _File(path.name, arrays, keys, groups)
    parts = [
        *groups.values(),
        *_parts(file, joins, given.order, unknown),
        *sized,
        *missing,
        *_unread(set(held) - keys.used()),
    ]
    step, told = _step(file, parts, None if given.sampling_rate is None else 1 / given.sampling_rate)
    rec = assemble(
        [*parts, *told],
        dt=step,
        name=path.stem,
        n_steps=_n_steps(file, n_steps),
        t_start=given.t_start or 0.0,
        t_stop=given.t_stop,
        unplaced=unplaced,
        source=str(path),
    )
    return replace(rec, notes=tuple(map(_offering, rec.notes)))


def _offering(note: str) -> str:
    return f'{note}; give order="sort" to take them as one run' if note.startswith(RESTARTED) else note


# What is refused -----------------------------------------------------------------------------------------------


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        begins = file.read(2)
    # Pickles of protocol 2 and later begin so; older ones are text and known by their suffix alone.
    return path.suffix.lower() in PICKLES or (len(begins) == 2 and begins[0] == 0x80 and 2 <= begins[1] <= 5)


def _about_pickle(path: Path) -> str:
    return (
        f"{path.name} is a Python pickle, which runs code when it is opened: it was not opened. Save the monitor's "
        "arrays instead: steps, ids = monitor.raster_data(); numpy.savez('run.npz', timesteps=steps, neuron_ids=ids, "
        "dt=0.001), or make the recording where the run is: spikeboard.from_monitors(network, dt=0.001)"
    )


def _names(path: Path) -> set[str]:
    try:
        return set(describe(path))
    except RecordingError:
        return set()


def _unread(names: set[str]) -> Iterator[str]:
    if names:
        listed = ", ".join(repr(name[:40]) for name in sorted(names)[:10])
        yield f"left out, for their names tell nothing: {listed}{' and others' if len(names) > 10 else ''}"


# Populations and what joins them -------------------------------------------------------------------------------


def _labels(path: Path, held: Mapping[str, object]) -> list[str]:
    keys = understand(held)
    if "population_labels" not in keys.meta:
        return []
    labels = load(path, [keys.meta["population_labels"]])[keys.meta["population_labels"]]
    if labels.ndim > 1 or labels.dtype.kind not in "US":
        raise RecordingError(f"{path.name}: population_labels must be a list of names")
    found = [
        label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label) for label in labels.flat
    ]
    if len(set(found)) < len(found):
        raise RecordingError(f"{path.name}: population_labels has a name twice: {', '.join(found[:10])}")
    return found


def _counts(n_units: int | str | None) -> dict[str, int]:
    """Sizes as the user gives them: for one population without its name, which is then ""."""
    if n_units is None:
        return {}
    pieces = [piece.rpartition("=") for piece in str(n_units).split(",")]
    if not all(count.strip().isdecimal() and int(count) <= MOST_UNITS for _, _, count in pieces):
        raise RecordingError(
            f"n_units={str(n_units)[:60]!r}: give one number, or one per population: exc=80,inh=20"
        )
    return {label.strip(): int(count) for label, _, count in pieces}


def _joins(
    keys: Keys, labels: list[str], projections: str | None
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Source and target of each projection, and notes on those that cannot be told."""
    told = _told_joins(projections)
    known = list(dict.fromkeys([*labels, *(label for label in keys.spikes if label != UNNAMED)]))
    _check_named("projections", told, keys.rows)
    if known:
        _check_named("projections", (end for pair in told.values() for end in pair), known)
    joins, notes = {}, []
    for name in keys.rows:
        found = [told[name]] if name in told else ends(name, known)
        if len(found) == 1:
            joins[name] = found[0]
        elif not known and len(found) == 0:
            joins[name] = (f"{name} source", f"{name} target")
        else:
            notes.append(
                f"projection {name!r} is left out, for its name does not tell which populations it joins "
                f'(there are {", ".join(known)}); give projections="{name}=SOURCE>TARGET"'
            )
    return joins, notes


def _told_joins(projections: str | None) -> dict[str, tuple[str, str]]:
    found = {}
    for piece in projections.split(",") if projections else ():
        match = _JOIN.fullmatch(piece.strip())
        if not match:
            raise RecordingError(f"projections: {piece[:60]!r} is not of the form NAME=SOURCE>TARGET")
        found[match[1]] = (match[2], match[3])
    return found


def _groups(
    keys: Keys,
    arrays: Mapping[str, np.ndarray],
    joins: Mapping[str, tuple[str, str]],
    labels: list[str],
    counts: Mapping[str, int],
    unknown: str,
) -> tuple[dict[str, Group], list[str]]:
    """Every population with its size, and notes on sizes that had to be taken from the highest unit."""
    states = (group for group, _ in keys.states)
    every = [*labels, *keys.spikes, *states, *keys.rates, *(end for pair in joins.values() for end in pair)]
    names = list(dict.fromkeys(every))
    _check_named("n_units", set(counts) - ({""} if len(names) == 1 else set()), names)
    exact = {**_sizes_by_rows(keys, arrays, joins), **_sizes_in_file(keys, arrays, labels), **counts}
    if len(names) == 1 and "" in exact:
        exact[names[0]] = exact[""]
    groups, notes = {}, []
    for name in names:
        size = exact.get(name)
        if size is None:
            size = 1 + max((_highest(name, ids) for ids in _ids_of(name, keys, arrays, joins)), default=-1)
            notes.append(
                f"how many units {name!r} has is not in the file: the {size:,} up to the highest that occurs were "
                f'taken; give n_units="{name}=…" to count silent ones beyond it'
            )
        elif unknown == ADD:
            most = 1 + max((_highest(name, ids) for ids in _targets(name, keys, arrays, joins)), default=-1)
            notes += [added(name, most - size)] if most > size else []
            size = max(size, most)
        groups[name] = Group(name, name, size)
    if sum(group.size for group in groups.values()) > MOST_UNITS:
        raise RecordingError(
            f"the populations have more than {MOST_UNITS:,} units together: they are not read"
        )
    return groups, notes


def _sizes_in_file(keys: Keys, arrays: Mapping[str, np.ndarray], labels: list[str]) -> dict[str, int]:
    if "population_sizes" not in keys.meta:
        return {}
    sizes = np.atleast_1d(arrays[keys.meta["population_sizes"]])
    names = labels or (list(keys.spikes) if len(keys.spikes) == len(sizes) == 1 else [])
    if sizes.dtype.kind not in "iu" or len(names) != len(sizes) or np.any(sizes < 0):
        raise RecordingError(
            f"population_sizes has {sizes.size} values ({sizes.dtype}) for {len(names)} populations in "
            "population_labels: give one whole number for each"
        )
    if sizes.astype(float).sum() > MOST_UNITS:
        raise RecordingError(
            f"population_sizes tells of {sizes.astype(float).sum():,.0f} units: more than {MOST_UNITS:,} are not read"
        )
    return dict(zip(names, sizes.tolist(), strict=True))


def _sizes_by_rows(
    keys: Keys, arrays: Mapping[str, np.ndarray], joins: Mapping[str, tuple[str, str]]
) -> dict[str, int]:
    return {source: max(arrays[keys.rows[name]["indptr"]].size - 1, 0) for name, (source, _) in joins.items()}


def _ids_of(
    name: str, keys: Keys, arrays: Mapping[str, np.ndarray], joins: Mapping[str, tuple[str, str]]
) -> Iterator[np.ndarray]:
    if name in keys.spikes:
        yield arrays[keys.spikes[name][1]]
    for (group, _), (_, _, record) in keys.states.items():
        if group == name and record:
            yield arrays[record]
    yield from _targets(name, keys, arrays, joins)


def _targets(
    name: str, keys: Keys, arrays: Mapping[str, np.ndarray], joins: Mapping[str, tuple[str, str]]
) -> Iterator[np.ndarray]:
    for projection, (_, target) in joins.items():
        if target == name:
            yield arrays[keys.rows[projection]["indices"]]


def _highest(name: str, ids: np.ndarray) -> int:
    highest = float(ids.max()) if ids.size and ids.dtype.kind in "iuf" else -1.0
    if not highest < MOST_UNITS:
        raise RecordingError(
            f"{name!r} has a unit {highest:,.0f}, but SC-NeuroCore counts units from 0 and more than {MOST_UNITS:,} "
            "are not read: are units and steps exchanged?"
        )
    return int(highest)


# What was recorded ---------------------------------------------------------------------------------------------


def _parts(file: _File, joins: Mapping[str, tuple[str, str]], order: str, unknown: str) -> Iterator[Part]:
    for label, (steps, ids) in file.keys.spikes.items():
        yield from _spikes(file.groups[label], file.arrays[steps], file.arrays[ids], order, steps, ids)
    for (label, variable), names in file.keys.states.items():
        yield from _state(file, file.groups[label], variable, names)
    for label, (rate, clock, width) in file.keys.rates.items():
        yield from _rate(file, label, rate, clock, width)
    for name, (source, target) in joins.items():
        yield from _joined(file, name, file.groups[source], file.groups[target], unknown)


def _joined(file: _File, name: str, source: Group, target: Group, unknown: str) -> Iterator[Part]:
    parts = file.keys.rows[name]
    delay = _delays(name, file.array(parts.get("delay", "")))
    indptr, indices, data = (file.arrays[parts[part]] for part in ("indptr", "indices", "data"))
    if sound(indptr, indices, data):
        outside = indices[indices >= target.size]
        if len(outside) and not unknown:
            raise asked(f"{file.name}, projection {name!r}", len(outside), int(outside.max()), target.size)
        if len(outside):
            inside, indptr = rows_without(indptr, indices, target.size)
            delay = delay[inside] if delay is not None and delay.shape == indices.shape else delay
            indices, data = indices[inside], data[inside]
            yield left_out(name, len(outside))
    indptr = rows_for(indptr, source.size) if unknown == ADD else indptr
    yield Joined(source, target, indptr, indices, data, delay)


def _delays(name: str, delay: np.ndarray | None) -> np.ndarray | None:
    if delay is not None and (
        delay.dtype.kind not in "iuf" or not np.isfinite(delay).all() or np.any(delay < 0)
    ):
        raise RecordingError(
            f"projection {name!r}: its delays must be numbers of steps, none of them negative"
        )
    return delay


def _whole(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise RecordingError(
            f"array {name!r} must be a list of whole numbers, it is {values.shape} of {values.dtype}"
        )
    number = values.astype(np.float64)
    wrong = np.flatnonzero(~(np.abs(number) < EXACT) | (number != np.rint(number)))
    if len(wrong):
        raise RecordingError(
            f"array {name!r}: {len(wrong):,} values are no whole numbers, the first is {number[wrong[0]]:g}"
        )
    return values.astype(np.int64)


def _spikes(group: Group, steps: np.ndarray, ids: np.ndarray, order_said: str, *names: str) -> Iterator[Part]:
    steps, ids = _whole(names[0], steps), _whole(names[1], ids)
    if len(steps) != len(ids):
        raise RecordingError(
            f"{names[0]} has {len(steps):,} values and {names[1]} has {len(ids):,}: they must pair up"
        )
    back = int(np.count_nonzero(np.diff(steps) < 0))
    # One unit after another, or in no order at all: no clock that was started so often.
    if back and (order_said == SORT or np.all(np.diff(ids) >= 0) or back > len(steps) / 4):
        order = np.lexsort((ids, steps))
        steps, ids, back = steps[order], ids[order], 0
        asked_for = ", as you asked" if order_said == SORT else ""
        yield (
            f"the spikes of {group.label!r} are not in order of time in the file: they were taken as one run{asked_for}"
        )
    doubled = _doubled(stretches(steps), steps, ids)
    if doubled:
        what = "1 spike is an exact duplicate" if doubled == 1 else f"{doubled:,} spikes are exact duplicates"
        kept = "was" if doubled == 1 else "were"
        yield f"{group.label}: {what} (same unit, same time) and {kept} kept"
    yield SpikeSteps(group, steps, ids, ordered=False)


def _doubled(*columns: np.ndarray) -> int:
    order = np.lexsort(columns)
    same = [column[order][1:] == column[order][:-1] for column in columns]
    return int(np.count_nonzero(np.all(same, axis=0)))


def _state(file: _File, group: Group, variable: str, names: tuple[str, str, str]) -> Iterator[Part]:
    values, clock, record = map(file.array, names)
    if values is None or values.ndim != 2:
        yield f"{names[0]!r} is left out: states are tables of steps and units"
        return
    ids = np.arange(values.shape[1]) if record is None else _whole(names[2], record)
    steps = np.arange(len(values)) if clock is None else _whole(names[1], clock)
    if clock is None:
        yield f"{names[0]!r} comes without its steps: they were taken to be 0, 1, 2, …"
    if ids.size and not 0 <= ids.min() <= ids.max() < group.size:
        raise RecordingError(
            f"{names[0]} is of unit {ids.max():,}, but {group.label!r} has {group.size:,} units"
        )
    yield from state_parts(group, variable, steps, values, ids)


def _rate(file: _File, label: str, *names: str) -> Iterator[Part]:
    rate, clock, width = (file.array(name) for name in names)
    if rate is None or clock is None or rate.shape != clock.shape or rate.dtype.kind not in "iuf":
        yield f"{names[0]!r} is left out: it comes without one step per rate"
        return
    if width is None:
        width = file.array(file.keys.meta.get("bin_ms", ""))
    nominal = float(width) if width is not None and width.size == 1 else None
    yield RateSteps(file.groups[label], _whole(names[1], clock), rate.astype(np.float64), nominal)


# The clock -----------------------------------------------------------------------------------------------------


def _step(file: _File, parts: list[Part], given: float | None) -> tuple[float, list[str]]:
    """Duration of a step, s, and notes on it."""
    held = file.array(file.keys.meta.get("dt", ""))
    if held is not None and (held.size != 1 or held.dtype.kind not in "iuf"):
        raise RecordingError(f"{file.name}: dt must be one number, seconds per step")
    own = None if held is None else float(held.reshape(-1)[0])
    if given is not None:
        differs = own is not None and abs(own - given) > 1e-9 * given
        return given, [f"the file says dt={own:g} s; dt={given:g} overruled it"] if differs else []
    if own is not None:
        return own, []
    if not _counts_steps(parts):
        return STEPS[0], []
    raise _which_step(file, parts)


def _counts_steps(parts: list[Part]) -> bool:
    timed = any(len(part.steps) for part in parts if isinstance(part, Timed))
    delays = (part.delay_steps for part in parts if isinstance(part, Joined))
    return timed or any(delay is not None and np.any(delay) for delay in delays)


def _which_step(file: _File, parts: list[Part]) -> Undecided:
    spikes = [part for part in parts if isinstance(part, SpikeSteps)]
    n = sum(len(part.steps) for part in spikes)
    units = sum(part.group.size for part in spikes)
    steps = max((_span(part.steps) for part in parts if isinstance(part, Timed)), default=0)
    choices = tuple(Choice(repr(dt), f"{dt * 1000:g} ms", _implied(n, units, steps * dt)) for dt in STEPS)
    text = f"{file.name}: times are counted in steps, and the file does not tell how long a step is (dt, in seconds)."
    return Undecided([Question("dt", text, choices, other=OTHER_DT)])


def _span(steps: np.ndarray) -> int:
    """Steps of all runs together, as far as these tell."""
    last = np.flatnonzero(np.diff(steps) < 0)
    return int((steps[last] + 1).sum() + steps[-1] + 1) if len(steps) else 0


def _implied(n_spikes: int, n_units: int, seconds: float) -> str:
    if not n_spikes:
        return f"{seconds:.4g} s long"
    return f"mean rate {n_spikes / (n_units * seconds):.3g} Hz per unit, {seconds:.4g} s long"


def _n_steps(file: _File, given: int | str | Sequence[int] | None) -> int | Sequence[int] | None:
    if isinstance(given, str):
        return _lengths(given)
    held = file.array(file.keys.meta.get("n_steps", ""))
    if given is not None or held is None:
        return given
    steps = _whole("n_steps", held.reshape(-1))
    if len(steps) != 1:
        raise RecordingError(f"{file.name}: n_steps must be one number")
    return int(steps[0])


def _lengths(given: str) -> int | list[int]:
    pieces = [piece.strip() for piece in given.split(",")]
    if not all(piece.isdecimal() and len(piece) < 16 for piece in pieces):
        raise RecordingError(f"n_steps={given[:60]!r}: give one whole number, or one per run: 2000,200")
    return int(pieces[0]) if len(pieces) == 1 else list(map(int, pieces))


def _check_named(option: str, names: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            raise RecordingError(
                f"{option} names {name[:40]!r}, but there are {', '.join(map(repr, known[:20]))}"
            )
