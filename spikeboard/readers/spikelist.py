"""From a list of spikes in a file's own time unit to a recording: what it leaves open is asked, never guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.columns import changed, distinct, pieces
from spikeboard.errors import Question, RecordingError, Undecided
from spikeboard.readers.column_names import SAMPLES, TIME_UNITS
from spikeboard.readers.implied_rates import (
    FASTEST_HZ,
    LABELS,
    PER_SECOND,
    dt_question,
    implied_rates,
    mean_rate,
)
from spikeboard.readers.remarks import Gaps, about_zero_gaps, gaps
from spikeboard.readers.restarts import RUNS, about_order, in_runs, order_of
from spikeboard.recording import Recording, clock, recording

# Above it, neighbouring integers are one and the same float64.
EXACT = 2.0**53
DEFAULT_POPULATION = "units"
# More units than any network that is looked at; a column of times mistaken for ids has more.
MOST_UNITS = 2_000_000


@dataclass(frozen=True, eq=False)
class SpikeList:
    """The spikes of a file as it holds them; long columns are mapped, and walked in pieces.

    times : (N,) float64 in the file's unit, finite, in any order
    units : (N,) position of each spike's unit in `ids`
    ids : (U,) int64 or str, in the order in which units are shown; units without spikes may be among them
    populations : (N,) position of each spike's population in `population_names`, None where there is but one
    time_unit : key of LABELS that the file tells, "" where it tells none
    told_by : where it says so, in words
    all_units : whether `ids` are known to hold the silent units too
    hint : what else the file holds that helps with an answer, in words
    notes : what the reader assumed or dropped so far
    """

    name: str
    times: NDArray[np.float64]
    units: NDArray[np.integer]
    ids: np.ndarray
    populations: NDArray[np.integer] | None = None
    population_names: tuple[str, ...] = (DEFAULT_POPULATION,)
    time_unit: str = ""
    told_by: str = ""
    all_units: bool = False
    hint: str = ""
    notes: tuple[str, ...] = ()

    @cached_property
    def seen(self) -> Seen:
        """What is to be known of the times before they are read as seconds."""
        first, last, fractions, fraction = 0.0, 0.0, 0, 0.0
        if len(self.times):
            first = last = float(self.times[0])
        for (times,) in pieces(self.times):
            first, last = min(first, float(times.min())), max(last, float(times.max()))
            wrong = times[times != np.rint(times)]
            fraction = float(wrong[0]) if len(wrong) and not fractions else fraction
            fractions += len(wrong)
        return Seen(first, last, fractions, fraction)


@dataclass(frozen=True)
class Seen:
    """The least and the greatest time, how many are no whole numbers, and the first of those."""

    first: float
    last: float
    fractions: int
    fraction: float


@dataclass(frozen=True)
class Answers:
    """What the user says about a spike list; every value is None where nothing was said.

    time_unit : key of LABELS
    sampling_rate : Hz, of the clock that the spikes lie on
    t_start, t_stop : s
    n_units : silent ones included
    order : what time that goes back means: "runs" or "sort", "" where nothing was said
    """

    time_unit: str | None = None
    sampling_rate: float | None = None
    t_start: float | None = None
    t_stop: float | None = None
    n_units: int | None = None
    order: str = ""


def answers(
    time_unit: str | None = None,
    sampling_rate: float | str | None = None,
    dt: float | str | None = None,
    t_start: float | str | None = None,
    t_stop: float | str | None = None,
    n_units: int | str | None = None,
    order: str | None = None,
) -> Answers:
    """The user's answers, checked as if a stranger had sent them; numbers may come as text.

    Raises
    ------
    RecordingError : for a value that makes no sense, or a `dt` that contradicts `sampling_rate`
    """
    return Answers(
        _time_unit(time_unit),
        _clock_rate(_number("sampling_rate", sampling_rate), _number("dt", dt)),
        _number("t_start", t_start),
        _number("t_stop", t_stop),
        _whole("n_units", n_units),
        order_of(order),
    )


def to_recording(spikes: SpikeList, given: Answers) -> Recording:
    """The recording that a spike list is, with the answers given.

    Raises
    ------
    Undecided : where the time unit, or the step of the clock, changes the numbers and nobody told it
    RecordingError : where the answers and the spikes contradict each other
    """
    notes = list(spikes.notes)
    _check_exact(spikes)
    unit = _decided_unit(spikes, given, notes)
    rate = _decided_rate(spikes, given, unit)
    per_second = _per_second(unit, rate)
    runs = in_runs(spikes.name, spikes.times, float(unit == SAMPLES)) if given.order == RUNS else None
    if runs:
        spikes = replace(spikes, times=runs.times)
        notes.append(runs.told(per_second))
    seconds = changed(lambda times: times / per_second, spikes.times, dtype=np.float64)
    if rate and clock(seconds, 1 / rate) is None:
        raise RecordingError(
            f"{spikes.name}: the spikes do not lie on a clock of {rate:g} Hz (dt = {1 / rate:g} s): "
            "leave out dt and sampling_rate, or correct them"
        )
    table, rows = _unit_table(spikes, given.n_units, notes)
    step = 1 / rate if unit == SAMPLES and rate else 0.0
    t_start, t_stop = _window(spikes, per_second, given, step, notes)
    rec = recording(
        spikes.name,
        seconds,
        rows,
        table,
        t_start=t_start,
        t_stop=t_stop,
        sampling_rate=rate,
        intervals={"runs": runs.intervals(per_second, t_stop)} if runs else None,
    )
    return replace(
        rec, notes=(*notes, *remarks(rec), *about_order(spikes.times, rows, len(rec.units), given.order))
    )


def in_natural_order(names: Sequence[str]) -> list[str]:
    """Names in the order in which people count: "ch2" before "ch10"."""

    def key(name: str) -> tuple[list[tuple[int, int, str]], str]:
        parts = re.split(r"([0-9]{1,18})", name)
        return [(0, int(part), "") if at % 2 else (1, 0, part) for at, part in enumerate(parts)], name

    return sorted(names, key=key)


def _per_second(unit: str, rate: float | None) -> float:
    # Without a rate there are no spikes either, or it would have been asked for.
    return (rate or 1.0) if unit == SAMPLES else PER_SECOND[unit]


def _decided_unit(spikes: SpikeList, given: Answers, notes: list[str]) -> str:
    told, answer = spikes.time_unit, given.time_unit
    if answer and told and answer != told:
        notes.append(f"{spikes.told_by} says {LABELS[told]}; time_unit={answer!r} overruled it")
    unit = answer or told or _deduced_unit(spikes, given, notes)
    if unit == SAMPLES:
        _check_whole(spikes)
    return unit


def _deduced_unit(spikes: SpikeList, given: Answers, notes: list[str]) -> str:
    whole = not spikes.seen.fractions
    if not len(spikes.times):
        return "s"
    if whole and given.sampling_rate:
        notes.append("the times are whole numbers and a clock was given: they were read as its steps")
        return SAMPLES
    choices = implied_rates(len(spikes.times), _n_units(spikes, given), _span(spikes), whole)
    possible = [choice for choice in choices if _is_possible(spikes, given, choice.value)]
    # One spike each, however close, says nothing about a rate.
    telling = len(spikes.times) >= 2 * _n_units(spikes, given)
    if len(possible) == 1 and telling:
        notes.append(
            f"the file does not tell the time unit: {possible[0].label} was taken, for every smaller unit "
            f"implies a mean rate above {FASTEST_HZ:,.0f} Hz per unit; give time_unit=… to overrule"
        )
        return possible[0].value
    text = f"{spikes.name}: the file does not tell the unit of its times.{spikes.hint}"
    offered = possible if len(possible) > 1 else choices
    suggested = _plausible([c.value for c in offered if c.value != SAMPLES], spikes, given)
    raise Undecided([Question("time_unit", text, tuple(offered), suggested)])


def _decided_rate(spikes: SpikeList, given: Answers, unit: str) -> float | None:
    if unit != SAMPLES or given.sampling_rate or not len(spikes.times):
        return given.sampling_rate
    raise Undecided(
        [dt_question(spikes.name, len(spikes.times), _n_units(spikes, given), _span(spikes), spikes.hint)]
    )


def _plausible(units: Sequence[str], spikes: SpikeList, given: Answers) -> str | None:
    rates = {unit: _unit_rate(spikes, given, unit) for unit in units}
    likely = [unit for unit, rate in rates.items() if 0.05 <= rate <= 300]
    return likely[0] if len(likely) == 1 else None


def _is_possible(spikes: SpikeList, given: Answers, unit: str) -> bool:
    return unit == SAMPLES or _unit_rate(spikes, given, unit) <= FASTEST_HZ


def _unit_rate(spikes: SpikeList, given: Answers, unit: str) -> float:
    return mean_rate(len(spikes.times), _n_units(spikes, given), _span(spikes) / PER_SECOND[unit])


def _n_units(spikes: SpikeList, given: Answers) -> int:
    return given.n_units or len(spikes.ids)


def _span(spikes: SpikeList) -> float:
    return spikes.seen.last - min(0.0, spikes.seen.first)


def _check_whole(spikes: SpikeList) -> None:
    if spikes.seen.fractions:
        raise RecordingError(
            f"{spikes.name}: {spikes.seen.fractions:,} times are no whole numbers (the first is "
            f"{spikes.seen.fraction:g}): they cannot be samples; give time_unit='s', 'ms' or 'us'"
        )


def _check_exact(spikes: SpikeList) -> None:
    if (largest := max(-spikes.seen.first, spikes.seen.last)) >= EXACT:
        raise RecordingError(
            f"{spikes.name}: a time of {largest:.17g} is too large to be exact; "
            "subtract the start of the recording from the times"
        )


def _unit_table(
    spikes: SpikeList, n_units: int | None, notes: list[str]
) -> tuple[pd.DataFrame, NDArray[np.integer]]:
    if n_units is not None:
        return _counted_units(spikes, n_units, notes)
    if not spikes.all_units:
        notes.append(
            f"a spike list does not tell of units that never fire: the {len(spikes.ids):,} that fire were taken; "
            "give n_units=… to count the silent ones"
        )
    if spikes.populations is None:
        names = spikes.population_names[0]
        return pd.DataFrame({"population": names, "id": spikes.ids}), spikes.units
    width = max(len(spikes.ids), 1)
    pair = changed(
        lambda p, u: p.astype(np.int64) * width + u, spikes.populations, spikes.units, dtype=np.int64
    )
    pairs = distinct(pair)
    rows = changed(lambda some: np.searchsorted(pairs, some), pair, dtype=np.int32)
    names = pd.Series(spikes.population_names, dtype=object).to_numpy()[pairs // width]
    return pd.DataFrame({"population": names, "id": spikes.ids[pairs % width]}), rows


def _counted_units(
    spikes: SpikeList, n_units: int, notes: list[str]
) -> tuple[pd.DataFrame, NDArray[np.integer]]:
    population, *others = spikes.population_names or (DEFAULT_POPULATION,)
    named = len(spikes.ids) > 0 and not np.issubdtype(spikes.ids.dtype, np.integer)
    if others or named:
        raise RecordingError(
            f"{spikes.name}: n_units counts units by number, but this file has "
            "several populations or named units; leave it out"
        )
    lowest, highest = (int(spikes.ids.min()), int(spikes.ids.max())) if len(spikes.ids) else (0, -1)
    first = 1 if highest == n_units and lowest >= 1 else 0
    if lowest < first or highest >= first + n_units:
        raise RecordingError(
            f"{spikes.name}: with n_units={n_units:,} the units are 0 to {n_units - 1:,} (or 1 to {n_units:,}), "
            f"but the ids go from {lowest:,} to {highest:,}"
        )
    notes.append(f"n_units={n_units:,}: the units {first} to {first + n_units - 1:,} were taken")
    ids = np.arange(first, first + n_units)
    table = pd.DataFrame({"population": population, "id": ids})
    rows = changed(lambda units: spikes.ids[units].astype(np.int64) - first, spikes.units, dtype=np.int32)
    return table, rows if len(spikes.ids) else spikes.units


def _window(
    spikes: SpikeList, per_second: float, given: Answers, step: float, notes: list[str]
) -> tuple[float, float]:
    step = step if len(spikes.times) else 0.0
    first, last = spikes.seen.first / per_second, spikes.seen.last / per_second + step
    t_start, t_stop = given.t_start, given.t_stop
    if t_start is None:
        t_start = min(0.0, first)
        which = "0 s" if t_start == 0 else f"the first spike, {t_start:g} s,"
        notes.append(f"t_start is not in the file: {which} was taken; give t_start=… to overrule")
    if t_stop is None:
        t_stop = max(last, t_start)
        which = (
            "one step after the last spike" if step else "the last spike" if len(spikes.times) else "t_start"
        )
        notes.append(
            f"t_stop is not in the file: {which}, {t_stop:g} s, was taken; give t_stop=… to overrule"
        )
    return t_start, t_stop


def remarks(rec: Recording) -> list[str]:
    """What is odd about the spikes of a recording, in words: duplicates, impossible rates, samples taken for spikes."""
    if not len(rec.spike_times):
        return ["the file holds no spike"]
    between = gaps(rec)
    return [
        *about_zero_gaps(between.zero),
        *_about_rate(len(rec.spike_times), len(rec.units), rec.duration),
        *_about_regularity(between, rec),
    ]


def _about_rate(n_spikes: int, n_units: int, duration: float) -> list[str]:
    rate = mean_rate(n_spikes, n_units, duration)
    if rate <= FASTEST_HZ or n_spikes < 2 * n_units:
        return []
    return [
        f"the mean rate would be {rate:,.3g} Hz per unit, which no neuron reaches: are time unit and columns right?"
    ]


def _about_regularity(between: Gaps, rec: Recording) -> list[str]:
    """A sampled signal, saved as a table of time, unit and value, looks like units that fire at every sample."""
    spread = between.greatest - between.least
    if between.number < 20 * len(rec.units) or spread > 1e-6 * between.greatest:
        return []
    every = between.mean / rec.ticks_per_second * 1e3
    return [f"every unit fires exactly every {every:g} ms: is this a sampled signal rather than spikes?"]


def _time_unit(value: str | None) -> str | None:
    if not value:
        return None
    if value in LABELS:
        return value
    for unit, words in TIME_UNITS.items():
        if str(value).strip().lower() in words:
            return unit
    raise RecordingError(f"time_unit={str(value)[:40]!r} is none of {', '.join(map(repr, LABELS))}")


def _number(name: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RecordingError(f"{name}={str(value)[:40]!r} is no number")
    return number


def _whole(name: str, value: Any) -> int | None:
    number = _number(name, value)
    if number is None:
        return None
    if number != round(number) or not 1 <= number <= MOST_UNITS:
        raise RecordingError(f"{name}={str(value)[:40]!r} is no whole number from 1 to {MOST_UNITS:,}")
    return int(number)


def _clock_rate(sampling_rate: float | None, dt: float | None) -> float | None:
    for name, value in (("sampling_rate", sampling_rate), ("dt", dt)):
        if value is not None and not 1e-12 <= value <= 1e12:
            raise RecordingError(f"{name}={value:g} must be above 0; dt is in seconds, sampling_rate in Hz")
    if dt is None:
        return sampling_rate
    rate = 1 / dt
    # 1 / 0.0001 is 10000 to the last bit, 1 / 3.3333333333333335e-05 is not 30000.
    rate = float(round(rate)) if abs(rate - round(rate)) < 1e-6 * rate else rate
    if sampling_rate is not None and abs(sampling_rate - rate) > 1e-6 * rate:
        raise RecordingError(f"dt={dt:g} s and sampling_rate={sampling_rate:g} Hz contradict each other")
    return sampling_rate if sampling_rate is not None else rate
