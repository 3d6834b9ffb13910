"""The import doctor: what is odd about a recording, and what can be done about it.

`examine` only looks. A remedy makes a new recording, says so in its notes, and is an option of the recording's address
(`mend="drop_duplicates,t_stop=3.5"`): a link carries it, and leaving it out undoes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, Synapses, projection_table, recording

# No neuron keeps up such a mean rate: the absolute refractory period is about 1 ms.
FASTEST_HZ = 1000.0
# Shorter intervals than the absolute refractory period (Hodgkin 1938, about 1 ms) in more than 1 % of all are odd.
REFRACTORY_S = 1e-3
TOLERATED = 0.01
MOST_VALUES = 50_000_000
# Above it, neighbouring integers are one and the same float64, in the browser too.
EXACT = 2**53
LISTED = 3
SILENCE = 0.5
# A round end is proposed where it lies no further away than this share of the recording.
NEAR = 0.01
ENDED = "the recording was taken to end at"


@dataclass(frozen=True)
class Remedy:
    """What can be done: the key that an address carries, a label for a button."""

    key: str
    label: str


@dataclass(frozen=True)
class Finding:
    """Something odd.

    what : in words, with its numbers
    where : the population, projection or state, "" for the recording as a whole
    advice : what it may mean, and what to do where no remedy will
    remedies : what Spikeboard can do about it
    asks : name of the remedy that takes a time (s) from the user, "" where none does
    """

    what: str
    where: str = ""
    advice: str = ""
    remedies: tuple[Remedy, ...] = ()
    asks: str = ""


@lru_cache(maxsize=16)
def examine(rec: Recording) -> tuple[Finding, ...]:
    """What is odd about a recording; it is not changed.

    Parameters
    ----------
    rec : any recording

    Returns
    -------
    tuple of Finding, empty where nothing is
    """
    checks: tuple[Callable[[Recording], Iterator[Finding]], ...] = (
        _empty, _duplicates, _refractory, _rates, _span, _silence, _ids, _synapses, _weights, _states, _intervals,
    )  # fmt: skip
    return tuple(finding for check in checks for finding in check(rec))


# What is looked for --------------------------------------------------------------------------------------------


def _empty(rec: Recording) -> Iterator[Finding]:
    if len(rec.units) and not len(rec.train_ticks):
        yield Finding(
            f"None of the {len(rec.units):,} units has a spike", advice="were spikes recorded at all?"
        )


def intervals_of(rec: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Inter-spike intervals of all units, (M,) int64 ticks, and the unit row of each, (M,) int64."""
    rows = np.repeat(np.arange(len(rec.units)), rec.counts)
    within = rows[1:] == rows[:-1]
    return np.diff(rec.train_ticks)[within], rows[1:][within]


def _duplicates(rec: Recording) -> Iterator[Finding]:
    gaps, rows = intervals_of(rec)
    doubled = rows[gaps == 0]
    if len(doubled):
        yield Finding(
            f"{_count(len(doubled), 'spike has', 'spikes have')} the same time as another of the same unit",
            _units(rec, doubled),
            "a spike sorter may find one spike twice, and a clock that is too coarse puts two into one step",
            (Remedy("drop_duplicates", "Keep one of each"),),
        )


def _refractory(rec: Recording) -> Iterator[Finding]:
    gaps, rows = intervals_of(rec)
    limit = REFRACTORY_S * rec.ticks_per_second
    short = (gaps > 0) & (gaps < limit)
    if len(gaps) and np.count_nonzero(short) > TOLERATED * len(gaps) and limit > 1:
        share = np.count_nonzero(short) / len(gaps)
        yield Finding(
            f"{share:.1%} of the intervals are shorter than {REFRACTORY_S * 1000:g} ms",
            _units(rec, rows[short]),
            "shorter than neurons can: several neurons in one unit, or a wrong time unit",
        )


def _rates(rec: Recording) -> Iterator[Finding]:
    if not rec.duration:
        return
    rate = rec.counts / rec.duration
    fast = np.flatnonzero((rate > FASTEST_HZ) & (rec.counts > 1))
    if len(fast):
        yield Finding(
            f"{_count(len(fast), 'unit fires', 'units fire')} at more than {FASTEST_HZ:,.0f} Hz, "
            f"up to {rate.max():,.4g} Hz",
            _units(rec, fast),
            "which no neuron does: are the times samples or milliseconds? Give the time unit when you open the file",
        )


def _span(rec: Recording) -> Iterator[Finding]:
    if any(map(_guessed, rec.notes)) and not any(ENDED in note for note in rec.notes):
        later = _round_end(rec)
        near = 0 < later - rec.t_stop <= NEAR * rec.duration
        yield Finding(
            f"When the recording ended is not known: {rec.t_stop:g} s was taken",
            advice="rates and the last bins depend on it",
            asks="t_stop",
            remedies=(Remedy(f"t_stop={later!r}", f"It ended at {later:g} s"),) if near else (),
        )
    if len(rec.spike_times) > 1 and rec.duration > 0:
        first, last = float(rec.spike_times[0]), float(rec.spike_times[-1])
        if last - first < 0.1 * rec.duration and len(rec.spike_times) > 20:
            yield Finding(
                f"All spikes lie within {last - first:.4g} s of the {rec.duration:.4g} s that are said to be recorded",
                advice="do spikes and recording have the same clock and the same time unit?",
            )


def _guessed(note: str) -> bool:
    return "t_stop=" in note and "overrule" in note


def _round_end(rec: Recording) -> float:
    """The next round time after the end, where a run is likely to have ended: 1, 2 or 5 times a power of ten."""
    if rec.duration <= 0:
        return rec.t_stop
    step = 10.0 ** math.floor(math.log10(rec.duration) - 1)
    later = rec.t_start + math.ceil(round(rec.duration / step, 9)) * step
    return float(f"{later:.12g}")


def _silence(rec: Recording) -> Iterator[Finding]:
    if not len(rec.train_ticks):
        return
    for name, size, first in rec.populations.itertuples(index=False):
        silent = int(np.count_nonzero(rec.counts[first : first + size] == 0))
        if silent == size:
            yield Finding(f"None of its {size:,} units fires", str(name), "was it recorded?")
        elif silent > SILENCE * size and size > 10:
            yield Finding(
                f"{silent:,} of its {size:,} units never fire", str(name), "they count in mean rates"
            )


def _ids(rec: Recording) -> Iterator[Finding]:
    ids = rec.units["id"]
    if ids.dtype.kind in "iu" and len(ids) and (ids.max() > EXACT or ids.min() < -EXACT):
        yield Finding(
            f"Ids go up to {ids.max()}",
            advice="above 2⁵³ programs that take numbers as float64 confuse neighbours; here they are kept exact",
        )
    doubled = rec.units.duplicated(["population", "id"])
    if doubled.any():
        yield Finding(
            f"{_count(int(doubled.sum()), 'unit has', 'units have')} the same id as another of the same population",
            _units(rec, np.flatnonzero(doubled.to_numpy())),
            "they are kept apart as rows of the unit table",
        )


def _synapses(rec: Recording) -> Iterator[Finding]:
    for name, synapses in rec.connections.items():
        doubled = int(np.count_nonzero(_repeats(synapses)))
        if doubled:
            yield Finding(
                f"{_count(doubled, 'synapse joins', 'synapses join')} a pair of units that another one joins",
                name,
                "many models do this on purpose; a list that was read twice does it by mistake",
                (Remedy(f"merge_synapses={name}", "Add their weights up"),) if _addressable(name) else (),
            )


def _repeats(synapses: Synapses) -> np.ndarray:
    """Whether each synapse joins a pair that an earlier one joins, (S,) bool."""
    pairs = _pairs(synapses)
    order = np.argsort(pairs, kind="stable")
    repeats = np.zeros(len(pairs), bool)
    repeats[order[1:]] = pairs[order[1:]] == pairs[order[:-1]]
    return repeats


def _pairs(synapses: Synapses) -> np.ndarray:
    sources = np.repeat(np.arange(len(synapses.indptr) - 1, dtype=np.int64), np.diff(synapses.indptr))
    return sources * (int(synapses.indices.max(initial=0)) + 1) + synapses.indices


def _weights(rec: Recording) -> Iterator[Finding]:
    for name, synapses in rec.connections.items():
        if synapses.weight is None or not len(synapses):
            continue
        missing = int(np.count_nonzero(~np.isfinite(synapses.weight)))
        if missing:
            yield Finding(
                f"{missing:,} of {len(synapses):,} weights are not finite numbers", name, "they are left out"
            )
        elif not synapses.weight.any():
            yield Finding(
                f"All {len(synapses):,} weights are zero", name, "were they saved before they were set?"
            )


def _states(rec: Recording) -> Iterator[Finding]:
    for name, state in rec.states.items():
        values = np.asarray(state.values)
        if not 0 < values.size <= MOST_VALUES or values.dtype.kind not in "biuf":
            continue
        missing = int(np.count_nonzero(~np.isfinite(values))) if values.dtype.kind == "f" else 0
        if missing:
            yield Finding(
                f"{missing:,} of {values.size:,} values are not finite numbers", name, "gaps in its traces"
            )
        elif not values.any():
            yield Finding(
                "It is zero throughout",
                name,
                "some simulators record zeros for a variable that the model does not have",
                (Remedy(f"drop_state={name}", "Leave it out"),) if _addressable(name) else (),
            )


def _intervals(rec: Recording) -> Iterator[Finding]:
    for name, frame in rec.intervals.items():
        start, stop = frame["start"].to_numpy(float), frame["stop"].to_numpy(float)
        open_ended = int(np.count_nonzero(~np.isfinite(start) | ~np.isfinite(stop)))
        outside = int(np.count_nonzero((stop < rec.t_start) | (start > rec.t_stop)))
        if open_ended:
            yield Finding(
                f"{open_ended:,} of {len(frame):,} have no start or no end", name, "they cannot be selected"
            )
        if outside:
            yield Finding(
                f"{outside:,} of {len(frame):,} lie outside of the recording",
                name,
                "have they the same clock and the same time unit as the spikes?",
            )


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _units(rec: Recording, rows: np.ndarray) -> str:
    found = np.unique(rows)
    some = ", ".join(rec.label(int(row)) for row in found[:LISTED])
    return some if len(found) <= LISTED else f"{some} and {len(found) - LISTED:,} more"


def _addressable(name: str) -> bool:
    return 0 < len(name) <= 100 and SEPARATOR not in name


# Remedies ------------------------------------------------------------------------------------------------------

SEPARATOR = "|"
MOST_REMEDIES = 50


def keys(said: str) -> tuple[str, ...]:
    """The remedies that an option names, each once.

    Raises
    ------
    RecordingError : for one that there is not
    """
    found = tuple(dict.fromkeys(part for part in str(said)[:20_000].split(SEPARATOR) if part))
    unknown = [key for key in found if key.partition("=")[0] not in _REMEDIES]
    if unknown or len(found) > MOST_REMEDIES:
        raise RecordingError(
            f"there is no remedy {(unknown or found)[0][:60]!r}; there are {', '.join(_REMEDIES)}: leave it out"
        )
    return found


def mended(rec: Recording, said: str) -> Recording:
    """The recording after the remedies that an option names, one after another, each told in its notes.

    Raises
    ------
    RecordingError : for a remedy that there is not, or that does not fit the recording
    """
    for key in keys(said):
        rec = apply(rec, key)
    return rec


def apply(rec: Recording, remedy: Remedy | str) -> Recording:
    """The recording after one remedy; the recording given stays as it is.

    Raises
    ------
    RecordingError : for a remedy that there is not, or that does not fit the recording
    """
    key = remedy if isinstance(remedy, str) else remedy.key
    keys(key)
    name, _, value = key.partition("=")
    changed, note = _REMEDIES[name](rec, value)
    return replace(changed, notes=(*rec.notes, note), folder=None)


def label(key: str) -> str:
    """What a remedy did, for a list of those that were applied."""
    name, _, value = key.partition("=")
    return {
        "drop_duplicates": "Duplicate spikes were left out",
        "t_stop": f"The recording was taken to end at {value} s",
        "t_start": f"The recording was taken to begin at {value} s",
        "merge_synapses": f"Synapses of one pair were added up in {value}",
        "drop_state": f"{value} was left out",
    }.get(name, key)


Mended = tuple[Recording, str]


def _drop_duplicates(rec: Recording, value: str) -> Mended:
    rows = np.repeat(np.arange(len(rec.units)), rec.counts)
    same = (
        np.r_[False, (np.diff(rec.train_ticks) == 0) & (rows[1:] == rows[:-1])]
        if len(rows)
        else np.zeros(0, bool)
    )
    kept = _with_spikes(rec, np.asarray(rec.train_ticks)[~same] / rec.ticks_per_second, rows[~same])
    number = _count(int(same.sum()), "spike that repeats another", "spikes that repeat another")
    return kept, f"{number} (same unit, same time): left out, as you asked"


def _with_spikes(rec: Recording, times: np.ndarray, rows: np.ndarray) -> Recording:
    bounds = float(times.min(initial=rec.t_start)), float(times.max(initial=rec.t_stop))
    made = recording(
        rec.name, times, rows, rec.units.copy(), t_start=min(rec.t_start, bounds[0]), t_stop=max(rec.t_stop, bounds[1]),
        sampling_rate=rec.sampling_rate,
    )  # fmt: skip
    spikes = {
        name: getattr(made, name) for name in ("spike_times", "spike_rows", "train_ticks", "train_offsets")
    }
    return replace(rec, **spikes, stored_digest="")


def _number(value: str, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(f"{name}={value[:40]!r} is no time in seconds")
    return number


def _set_t_stop(rec: Recording, value: str) -> Mended:
    stop = _number(value, "t_stop")
    last = float(rec.spike_times[-1]) if len(rec.spike_times) else rec.t_start
    if stop < max(last, rec.t_start):
        raise RecordingError(
            f"t_stop={stop:g} s lies before the last spike ({last:g} s): no spike is dropped for it"
        )
    return replace(rec, t_stop=stop), f"{ENDED} {stop:g} s, as you asked (it was {rec.t_stop:g} s)"


def _set_t_start(rec: Recording, value: str) -> Mended:
    start = _number(value, "t_start")
    first = float(rec.spike_times[0]) if len(rec.spike_times) else rec.t_stop
    if start > min(first, rec.t_stop):
        raise RecordingError(
            f"t_start={start:g} s lies after the first spike ({first:g} s): no spike is dropped for it"
        )
    return replace(rec, t_start=start), f"the recording was taken to begin at {start:g} s, as you asked"


def _merge_synapses(rec: Recording, name: str) -> Mended:
    synapses = rec.synapses(name)
    repeats = _repeats(synapses)
    connections = {**rec.connections, name: _merged(synapses, repeats)}
    made = replace(rec, connections=connections, projections=projection_table(connections))
    return made, (
        f"{name}: {int(repeats.sum()):,} repeated synapses were merged with the first of their pair, as you asked: "
        "weights were added, the shortest delay was kept"
    )


def _merged(synapses: Synapses, repeats: np.ndarray) -> Synapses:
    pairs = _pairs(synapses)
    _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    target = place[inverse]
    weight = None if synapses.weight is None else np.bincount(target, synapses.weight, minlength=len(first))
    delay = None
    if synapses.delay is not None:
        delay = np.full(len(first), np.inf)
        np.minimum.at(delay, target, synapses.delay)
    sources = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))[~repeats]
    indptr = np.r_[0, np.cumsum(np.bincount(sources, minlength=len(synapses.indptr) - 1))].astype(np.int64)
    return replace(synapses, indptr=indptr, indices=synapses.indices[~repeats], weight=weight, delay=delay)


def _drop_state(rec: Recording, name: str) -> Mended:
    if name not in rec.states:
        raise RecordingError(f"there is no state {name[:60]!r} in this recording to leave out")
    states = {other: state for other, state in rec.states.items() if other != name}
    return replace(rec, states=states), f"the state {name!r} was left out, as you asked"


_REMEDIES: dict[str, Callable[[Recording, str], Mended]] = {
    "drop_duplicates": _drop_duplicates,
    "t_stop": _set_t_stop,
    "t_start": _set_t_start,
    "merge_synapses": _merge_synapses,
    "drop_state": _drop_state,
}


def with_remedy(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The options of an address with one more remedy."""
    return {**options, "mend": SEPARATOR.join(keys(f"{options.get('mend', '')}{SEPARATOR}{key}"))}


def without_remedy(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The options of an address with one remedy undone."""
    left = [other for other in keys(options.get("mend", "")) if other != key]
    rest = {name: value for name, value in options.items() if name != "mend"}
    return {**rest, "mend": SEPARATOR.join(left)} if left else rest
