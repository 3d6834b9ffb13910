"""Remedies: each makes a new recording, and says so in its notes; the recording given stays as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from spikeboard.columns import changed, pieces, room
from spikeboard.doctor.findings import Remedy, count
from spikeboard.doctor.options import SEPARATOR
from spikeboard.doctor.told import CONFIRMED, ENDED
from spikeboard.errors import RecordingError
from spikeboard.ordering import by_unit
from spikeboard.recording import Recording, Synapses, projection_table, to_ticks

MOST_REMEDIES = 50

Mended = tuple[Recording, str]


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


# Spikes --------------------------------------------------------------------------------------------------------


def _drop_duplicates(rec: Recording, value: str) -> Mended:
    kept, dropped = _thinned(rec, 1)
    number = count(dropped, "spike that repeats another", "spikes that repeat another")
    return kept, f"{number} (same unit, same time): left out, as you asked"


def _min_interval(rec: Recording, value: str) -> Mended:
    seconds = _number(value, "min_interval")
    least = math.ceil(seconds * rec.ticks_per_second - 1e-3)
    if not 0 < seconds <= 1 or least < 1:
        raise RecordingError(f"min_interval={value[:40]} must lie between one tick ({rec.tick:g} s) and 1 s")
    kept, dropped = _thinned(rec, least)
    number = count(dropped, "spike", "spikes")
    return kept, f"{number} less than {seconds:g} s after another of the same unit: left out, as you asked"


def _thinned(rec: Recording, least: int) -> tuple[Recording, int]:
    """Without the spikes that come less than so many ticks after one that is kept; how many those are."""
    from spikeboard.doctor.loops import close_in_trains, thin_spikes, thin_trains

    dropped = close_in_trains(rec.train_ticks, rec.train_offsets, least)
    n = len(rec.train_ticks) - int(dropped.sum())
    kinds = (np.int64, np.float64, rec.spike_rows.dtype)
    ticks, times, rows = (room((n,), kind, rec.name) for kind in kinds)
    thin_trains(rec.train_ticks, rec.train_offsets, least, ticks)
    thin_spikes(rec.spike_times, rec.spike_rows, rec.ticks_per_second, least, len(rec.units), times, rows)
    offsets = rec.train_offsets - np.r_[0, np.cumsum(dropped)]
    return _with_spikes(rec, times, rows, ticks, offsets), int(dropped.sum())


def _divide_times(rec: Recording, value: str) -> Mended:
    factor = _number(value, "divide_times")
    if not 1e-9 <= factor <= 1e9:
        raise RecordingError(f"divide_times={value[:40]} must be a number above 0, such as 30000 for 30 kHz")
    _check_longest(rec, factor)
    if rec.sampling_rate is None and _whole(rec.spike_times):
        rec = replace(rec, sampling_rate=1.0, train_ticks=_trains(rec.spike_times, rec, 1.0))
    # A clock that counts is the same clock, faster: no tick changes.
    rate = None if rec.sampling_rate is None else rec.sampling_rate * factor
    times = changed(lambda some: _divided(some, rec.sampling_rate, factor), rec.spike_times, dtype=np.float64)
    ticks = rec.train_ticks if rate else _trains(times, rec, 1e9)
    divided = _with_spikes(rec, times, rec.spike_rows, ticks, rec.train_offsets)
    start, stop = _span_beside(rec, factor)
    return replace(divided, sampling_rate=rate, t_start=start, t_stop=stop), (
        f"the times of all spikes were divided by {factor:g}, as you asked; the recording lasts from {start:g} to "
        f"{stop:g} s"
    )


def _divided(times: np.ndarray, clock: float | None, factor: float) -> np.ndarray:
    return times / factor if clock is None else np.rint(times * clock) / (clock * factor)


def _check_longest(rec: Recording, factor: float) -> None:
    if max(abs(rec.t_start), abs(rec.t_stop)) / factor > 9e9:
        raise RecordingError(
            f"times divided by {factor:g} would reach beyond 285 years: is it the right number?"
        )


def _whole(times: np.ndarray) -> bool:
    return len(times) > 0 and all(bool(np.all(some == np.rint(some))) for (some,) in pieces(times))


def _trains(times: np.ndarray, rec: Recording, ticks_per_second: float) -> np.ndarray:
    ticks = changed(lambda some: to_ticks(some, ticks_per_second), times, dtype=np.int64)
    return by_unit(ticks, rec.spike_rows, rec.train_offsets)


def _span_beside(rec: Recording, factor: float) -> tuple[float, float]:
    """Where the spikes begin and end with their new times, and never within what was recorded beside them."""
    starts, stops = [rec.t_start / factor], [rec.t_stop / factor]
    for state in rec.states.values():
        if len(state.time):
            starts.append(float(state.time[0]))
            stops.append(float(state.time[-1]))
    for frame in rec.intervals.values():
        starts.extend(frame["start"].dropna().astype(float).nsmallest(1))
        stops.extend(frame["stop"].dropna().astype(float).nlargest(1))
    return min(starts), max(stops)


def _with_spikes(
    rec: Recording, times: np.ndarray, rows: np.ndarray, ticks: np.ndarray, offsets: np.ndarray
) -> Recording:
    return replace(
        rec,
        spike_times=times,
        spike_rows=rows,
        short_rows=None,
        train_ticks=ticks,
        train_offsets=offsets.astype(np.int64),
        stored_digest="",
    )


# The recording as a whole --------------------------------------------------------------------------------------


def _number_units(rec: Recording, value: str) -> Mended:
    numbers = rec.units.groupby("population", observed=True, sort=False).cumcount().to_numpy()
    units = rec.units.assign(id=numbers.astype(np.int64), id_in_file=rec.units["id"].astype(str))
    return replace(rec, units=pd.DataFrame(units)), (
        "the units of each population were numbered 0, 1, 2, …, as you asked; their ids in the file stand in "
        "the column id_in_file"
    )


def _confirm(rec: Recording, value: str) -> Mended:
    if value not in CONFIRMED:
        raise RecordingError(
            f"there is nothing called {value[:40]!r} to confirm; there are {', '.join(CONFIRMED)}"
        )
    return rec, f"{CONFIRMED[value]}, as you asked"


def _number(value: str, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(f"{name}={value[:40]!r} is no number")
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


# Synapses and states -------------------------------------------------------------------------------------------


def _merge_synapses(rec: Recording, name: str) -> Mended:
    from spikeboard.doctor.connections import n_targets, repeating
    from spikeboard.doctor.loops import merge

    synapses = rec.synapses(name)
    repeated = repeating(synapses)
    ends = synapses.indptr, synapses.indices, n_targets(synapses)
    weight = None if synapses.weight is None else merge(*ends, synapses.weight, False)
    delay = None if synapses.delay is None else merge(*ends, synapses.delay, True)
    merged = replace(synapses, weight=weight, delay=delay)
    return _with_synapses(rec, name, merged, repeated), (
        f"{name}: {count(int(repeated.sum()), 'repeated synapse was', 'repeated synapses were')} merged with the first "
        "of their pair, as you asked: weights were added, the shortest delay was kept"
    )


def _first_synapses(rec: Recording, name: str) -> Mended:
    from spikeboard.doctor.connections import repeating

    synapses = rec.synapses(name)
    repeated = repeating(synapses)
    return _with_synapses(rec, name, synapses, repeated), (
        f"{name}: of the synapses of each pair the first was kept, as you asked; {int(repeated.sum()):,} others were "
        "left out"
    )


def _drop_synapses(rec: Recording, name: str) -> Mended:
    synapses = rec.synapses(name)
    if synapses.weight is None:
        raise RecordingError(f"the synapses of {name[:60]!r} have no weights")
    bad = ~np.isfinite(synapses.weight)
    number = count(int(bad.sum()), "synapse", "synapses")
    return _with_synapses(rec, name, synapses, bad), (
        f"{name}: {number} whose weight is not a finite number: left out, as you asked"
    )


def _with_synapses(rec: Recording, name: str, synapses: Synapses, left_out: np.ndarray) -> Recording:
    from spikeboard.doctor.loops import without

    kept = replace(
        synapses,
        indptr=without(synapses.indptr, left_out),
        indices=synapses.indices[~left_out],
        weight=None if synapses.weight is None else synapses.weight[~left_out],
        delay=None if synapses.delay is None else synapses.delay[~left_out],
    )
    connections = {**rec.connections, name: kept}
    return replace(rec, connections=connections, projections=projection_table(connections))


def _drop_state(rec: Recording, name: str) -> Mended:
    if name not in rec.states:
        raise RecordingError(f"there is no state {name[:60]!r} in this recording to leave out")
    states = {other: state for other, state in rec.states.items() if other != name}
    return replace(rec, states=states), f"the state {name!r} was left out, as you asked"


_REMEDIES: dict[str, Callable[[Recording, str], Mended]] = {
    "drop_duplicates": _drop_duplicates,
    "min_interval": _min_interval,
    "divide_times": _divide_times,
    "number_units": _number_units,
    "t_stop": _set_t_stop,
    "t_start": _set_t_start,
    "merge_synapses": _merge_synapses,
    "first_synapses": _first_synapses,
    "drop_synapses": _drop_synapses,
    "drop_state": _drop_state,
    "confirm": _confirm,
}
