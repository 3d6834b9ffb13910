"""States of a recording that can be drawn as art: rates, activity, the raster itself, a variable, a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeboard.analysis.bins import binned_counts
from spikeboard.analysis.rates import instantaneous_rates
from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import listed, shown

SOURCES = {
    "activity": "Activity: rates over time",
    "rates": "Mean rates of the units",
    "raster": "The raster itself",
    "state": "A state variable over time",
    "moment": "A moment: all units at one time",
    "state_moment": "A moment of a state variable",
}
ACTIVITY_BINS, RASTER_BINS = 240, 1200
MOMENT_SIGMA_MS = 20.0
# A picture uses every value; more than this would take gigabytes on the way.
MOST_VALUES = 2 * 10**7


@dataclass(frozen=True, eq=False)
class Selected:
    """What is drawn.

    values : (units,) or (time, units) float64
    words : what it is, with its unit and its size
    """

    values: np.ndarray
    words: str


def selected_state(
    rec: Recording,
    selection: Selection,
    source: str = "activity",
    state: str | None = None,
    moment: float | None = None,
) -> Selected:
    """The state of a recording that a picture is made of.

    Parameters
    ----------
    rec, selection : what, and which part of it
    source : one of SOURCES
    state : name of the state variable for "state" and "state_moment"; None takes the first
    moment : s, for the moments; None takes the middle of the window

    Raises
    ------
    NothingToDraw : where the selection has nothing of the kind
    """
    if source not in SOURCES:
        raise RecordingError(f"no source {str(source)[:40]!r}; choose one of {', '.join(SOURCES)}")
    if source in ("state", "state_moment"):
        return _of_state(
            rec, selection, _state(rec, state), moment if source == "state_moment" else None, source
        )
    rows = selection.rows(rec)
    if not len(rows) or not len(rec.spike_times):
        raise NothingToDraw("no unit with spikes is selected: widen the selection")
    if source == "moment":
        return _moment(rec, selection, rows, moment)
    return _binned(rec, selection, rows, source)


def _binned(rec: Recording, selection: Selection, rows: np.ndarray, source: str) -> Selected:
    t0, t1 = selection.window(rec)
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    bins = {"activity": ACTIVITY_BINS, "rates": 1, "raster": RASTER_BINS}[source]
    _check_size(len(rows), bins)
    width_ms = max((t1 - t0) / bins, rec.tick) * 1000
    binned = binned_counts(rec, width_ms, rows, t0, t1)
    if source == "rates":
        return Selected(
            binned.counts.sum(axis=1) / (t1 - t0),
            f"Mean rates (Hz) of {len(rows):,} units, {t0:g} to {t1:g} s",
        )
    counts = binned.counts.T.astype(float)
    what = "Spikes" if source == "raster" else "Rates (Hz)"
    values = counts if source == "raster" else counts / binned.widths_s[:, None]
    return Selected(
        values,
        f"{what} of {len(rows):,} units in {len(counts):,} bins of {binned.bin_s * 1000:.4g} ms, {t0:g} to {t1:g} s",
    )


def _moment(rec: Recording, selection: Selection, rows: np.ndarray, moment: float | None) -> Selected:
    at = _time(rec, selection, moment)
    rates = instantaneous_rates(rec, MOMENT_SIGMA_MS, np.array([at]), rows)[:, 0]
    return Selected(
        rates, f"Rates (Hz, Gaussian kernel of {MOMENT_SIGMA_MS:g} ms) of {len(rows):,} units at {at:g} s"
    )


def _state(rec: Recording, name: str | None) -> State:
    if not rec.states:
        raise NothingToDraw("no state variable was recorded: choose the activity or the rates")
    if name is not None and name not in rec.states:
        raise NothingToDraw(f"no state {shown(name)!r} in this recording; it has {listed(list(rec.states))}")
    return rec.states[name or next(iter(rec.states))]


def _of_state(
    rec: Recording, selection: Selection, state: State, moment: float | None, source: str
) -> Selected:
    columns = np.arange(len(state.rows))
    if selection.units is not None or selection.populations is not None:
        columns = columns[np.isin(state.rows, selection.rows(rec)) | (state.rows < 0)]
    if not len(columns):
        raise NothingToDraw(f"{shown(state.variable)} was not recorded from the selected units")
    t0, t1 = selection.window(rec)
    # The window is half-open, but for the end of the recording.
    last_too = "right" if t1 >= rec.t_stop else "left"
    first, last = int(np.searchsorted(state.time, t0)), int(np.searchsorted(state.time, t1, last_too))
    if last <= first:
        raise NothingToDraw(f"{shown(state.variable)} has no sample between {t0:g} and {t1:g} s")
    if source == "state_moment":
        at = first + int(np.argmin(np.abs(state.time[first:last] - _time(rec, selection, moment))))
        words = f"{shown(state.axis)} of {len(columns):,} columns at {state.time[at]:g} s"
        return Selected(np.asarray(state.values[at, columns], float), words)
    _check_size(len(columns), last - first)
    words = (
        f"{shown(state.axis)} of {len(columns):,} columns, {last - first:,} samples from {t0:g} to {t1:g} s"
    )
    return Selected(np.asarray(state.values[first:last][:, columns], float), words)


def _check_size(n_columns: int, n_times: int) -> None:
    if n_columns * n_times > MOST_VALUES:
        raise NothingToDraw(
            f"a picture of {n_columns:,} × {n_times:,} values is too large: select fewer units or less time"
        )


def _time(rec: Recording, selection: Selection, moment: float | None) -> float:
    t0, t1 = selection.window(rec)
    if moment is None:
        return (t0 + t1) / 2
    if not t0 <= moment <= t1:
        raise NothingToDraw(f"the moment {moment:g} s lies outside the selected window {t0:g} to {t1:g} s")
    return moment
