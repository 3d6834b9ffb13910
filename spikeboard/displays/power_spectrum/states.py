"""Power spectra of the columns of a recorded state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.analysis.spectra import Spectrum, confidence, welch_signal
from spikeboard.analysis.traces import shortest_and_longest_step
from spikeboard.columns import first_from
from spikeboard.displays.power_spectrum.segments import (
    Asked,
    cut,
    left_over_notes,
    method_words,
    most_segments,
    raw_notes,
    taken_words,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import colour, label, listed, shown
from spikeboard.view import Result
from spikeboard.views.chosen import many, span, window_of

MOST_COLUMNS = 8
# Reading a sample from the disk takes as long as transforming it.
READ_TOO = 2


def numbers(
    rec: Recording,
    selection: Selection,
    name: str | None,
    resolution_hz: float,
    max_hz: float,
    overlap: float,
    method: str,
    whole: bool,
) -> Result:
    """One row per recorded column and frequency: power and its confidence interval."""
    key = _name(rec, name)
    state = rec.states[key]
    t0, t1 = window_of(rec, selection)
    columns, notes = _columns(rec, selection, state)
    first, last, rate = _samples(rec, key, t0, t1)
    asked, more = cut(0.0, (last - first) / rate, resolution_hz, max_hz, overlap, method, whole)
    found = _spectrum(state, columns, first, last, rate, asked)
    if max_hz > rate / 2:
        more.append(f"The state was sampled at {rate:.5g} Hz: nothing above {rate / 2:.5g} Hz is told apart.")
    if method == "multitaper":
        more.append("States are shown by Welch's method.")
    names = [shown(state.labels[k]) for k in columns]
    low, high = confidence(found)
    parts = [
        pd.DataFrame({"of": f"{k + 1}. {name}", "frequency_hz": found.frequency_hz[1:], "power": found.power[k, 1:],
                      "low": low[k, 1:], "high": high[k, 1:]})
        for k, name in enumerate(names)
    ]  # fmt: skip
    extra = {
        "colours": {f"{k + 1}. {name}": colour(k) for k, name in enumerate(names)},
        "unit": f"Power of {label(state.variable, 16)} ({label(found.unit, 24)})",
        "floors": {},
    }
    caption = taken_words(found, asked) + (
        f"Power of {shown(state.variable)} of {listed(names)} in {span(t0, t1)}, one-sided: its integral is the "
        f"variance. {many(last - first, 'sample')} at {rate:.5g} Hz. {method_words(found, asked)} "
        f"{_state_peaks(found, names)}"
    )
    return Result(
        pd.concat(parts, ignore_index=True),
        caption,
        (*notes, *more, *left_over_notes(found), *raw_notes(found)),
        extra,
    )


def _name(rec: Recording, name: str | None) -> str:
    """The state asked for, or the first."""
    if not rec.states:
        raise NothingToDraw("no state variable was recorded: choose spikes as the source")
    key = next(iter(rec.states)) if name is None else name
    if key not in rec.states:
        raise NothingToDraw(f"no state {shown(key)} in this recording; it has {listed(list(rec.states))}")
    return key


def _columns(rec: Recording, selection: Selection, state: State) -> tuple[NDArray[np.int64], list[str]]:
    """Columns of the selected units, and those that are no units."""
    chosen = np.flatnonzero(np.isin(state.rows, selection.rows(rec)) | (np.asarray(state.rows) < 0))
    if not len(chosen):
        raise NothingToDraw(f"{shown(state.variable)} was recorded of none of the selected units")
    if len(chosen) <= MOST_COLUMNS:
        return chosen, []
    return chosen[:MOST_COLUMNS], [
        f"The first {MOST_COLUMNS} of {len(chosen)} recorded columns; select units to see others."
    ]


def _spectrum(
    state: State, columns: NDArray[np.int64], first: int, last: int, rate: float, asked: Asked
) -> Spectrum:
    """Spectra of the columns; neighbours are not copied, but read where a segment is."""
    most = most_segments(replace(asked, method="welch"), asked.segment_s * rate, len(columns) * READ_TOO)
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    found = [
        welch_signal(
            state.values[first:last, run[0] : run[-1] + 1], rate, asked.segment_s, min(asked.max_hz, rate / 2),
            asked.overlap, unit=state.unit or "1", most_segments=most,
        )
        for run in runs
    ]  # fmt: skip
    return replace(found[0], power=np.concatenate([one.power for one in found]))


def _samples(rec: Recording, name: str, t0: float, t1: float) -> tuple[int, int, float]:
    """The first sample of a state in the window and the one past the last, and how many there are per second."""
    state = rec.states[name]
    time = np.asarray(state.time)
    first, last = first_from(time, t0), first_from(time, t1)
    # A sample at the very end of the recording belongs to the window.
    last = len(time) if last == len(time) - 1 and time[-1] <= t1 else last
    if last - first < 8:
        raise NothingToDraw(
            f"{last - first} samples of {shown(state.variable)} lie in {span(t0, t1)}: too few"
        )
    step = float(time[last - 1] - time[first]) / (last - 1 - first)
    least, most = shortest_and_longest_step(rec, name, first, last)
    if max(most - step, step - least) > 0.01 * step:
        raise NothingToDraw(
            f"{shown(state.variable)} was not sampled at equal steps ({least * 1e3:g} to "
            f"{most * 1e3:g} ms): a spectrum needs them"
        )
    return first, last, 1.0 / step


def _state_peaks(found: Spectrum, names: list[str]) -> str:
    from_hz = min(2, len(found.frequency_hz) - 1)
    at = from_hz + np.argmax(found.power[:, from_hz:], axis=1)
    words = [f"{name} {found.frequency_hz[k]:.4g} Hz" for name, k in zip(names[:4], at, strict=False)]
    return f"Highest: {', '.join(words)}."
