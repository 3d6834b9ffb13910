"""Phase portrait: one variable of a unit against another, with time as colour and resets left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go

from spikeboard.analysis.traces import window_samples
from spikeboard.columns import first_from
from spikeboard.displays.beginning import WHOLE, beginning, beginning_words
from spikeboard.displays.phase_portrait.density import (
    add_density,
    cells_table,
    counted_samples,
    counted_words,
    density_of,
)
from spikeboard.displays.phase_portrait.drawing import (
    add_arrows,
    add_ends,
    add_plain,
    add_timed,
    points_table,
)
from spikeboard.displays.phase_portrait.paths import Path, path_of, reduced, snapped
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import colour, label, listed, population_colours, shown
from spikeboard.view import Choice, Number, Pick, Result, View
from spikeboard.views.voltage_trace import shade, state_called

MOST_POINTS = 5000
# Samples of a path that so many points still show as one.
MOST_FOLLOWED = 100_000
MOST_UNITS = 6
MOST_LISTED = 200
POTENTIALS = ("v", "vm", "v_m", "membrane_potential", "potential")
RECOVERY = ("w", "u", "recovery", "n", "m", "h", "g", "ge", "g_e", "i")


def portrait(
    rec: Recording,
    selection: Selection,
    x: str | None,
    y: str | None,
    unit: int | None,
    several: str,
    mode: str,
    delay_ms: float,
    whole: bool,
) -> Result:
    """One variable against another, of the same unit at the same times: the path of its state.

    Colour is time; arrows show the direction; a ring marks the start and a square the end of the window. The line is
    not drawn across a reset: at each spike of the unit it is open at the steepest fall of x within one sample of
    the spike, and wherever x falls by more than half of its range from one sample to the next. Up to 5,000 samples
    are drawn as they are; of more, the least and greatest of both variables in each of equal stretches, so that no
    turn is cut off; of more than 100,000, the beginning of the path. "Density" counts samples in 120 × 120 cells and
    gives the time spent in each, in seconds: all samples, or of more than half a million one in so many stretches of
    1,000, which lie evenly over the window. The caption says so; "All of the window" counts all.

    With a delay, y is taken that much later than x (snapped to the samples): the same variable twice is then a delay
    embedding (Takens 1981). Where the two variables were sampled at different times, only their common times
    count; where they have too few, y is interpolated linearly, and a note says so.

    Parameters
    ----------
    rec : Recording
    selection : Selection, its window and units
    x, y : names of states; None for a membrane potential and the next variable of the same unit
    unit : unit row, None for the first one selected that has both
    several : "one" unit, or "all" selected ones (up to six, coloured by unit)
    mode : "path" or "density"
    delay_ms : how much later y is taken, ms
    whole : whether the density counts all of a long window

    Returns
    -------
    Result : unit, time_s, x, y of each point drawn (NaN where the line is broken), or x, y, seconds of each cell
    """
    name_x, name_y = _variables(rec, selection, x, y, unit)
    states = state_called(rec, name_x), state_called(rec, name_y)
    pairs = _pairs(rec, selection, *states, unit)
    chosen = pairs[: MOST_UNITS if several == "all" and unit is None else 1]
    t0, t1 = selection.window(rec)
    t1, shortened = _followed(states[0], t0, t1) if mode == "path" else (t1, "")
    samples = slice(*window_samples(states[0].time, t0, t1))
    if mode == "density":
        samples, every = counted_samples(samples.start, samples.stop, len(chosen), whole)
        shortened = counted_words(every, whole)
    delay, notes = snapped(states[1], delay_ms)
    paths = [path_of(rec, states, places, samples, delay, notes) for places in chosen]
    paths = [path for path in paths if len(path.time) > 1]
    if not paths:
        raise NothingToDraw(
            f"fewer than two common samples between {t0:.6g} and {t1:.6g} s: widen the window"
        )
    extra = {
        "paths": paths, "axes": (states[0].axis, _delayed(states[1], delay)), "colours": _colours(rec, paths),
    }  # fmt: skip
    if mode == "density":
        extra["density"] = density_of(paths)
        frame = cells_table(extra["density"])
    else:
        extra["drawn"] = [reduced(path, MOST_POINTS // len(paths)) for path in paths]
        notes += _path_notes(paths, extra["drawn"], rec)
        frame = points_table(extra["drawn"], paths)
    if several == "all" and len(pairs) > len(paths):
        notes.append(f"The first {len(paths)} of {len(pairs):,} units that have both variables.")
    caption = shortened + _caption(states, paths, t0, t1, delay, mode)
    return Result(frame, caption, tuple(dict.fromkeys(notes)), extra)


def _followed(state: State, t0: float, t1: float) -> tuple[float, str]:
    """Where the path ends, s, and what the caption says of that: one too long would be drawn in crumbs."""
    first = first_from(state.time, t0)

    def samples(end: float) -> int:
        return first_from(state.time, end, side="right") - first

    n = samples(t1)
    if n <= MOST_FOLLOWED:
        return t1, ""
    end = beginning(samples, MOST_FOLLOWED, t0, t1)
    too_much = f"there are {n:,} samples in all of it, and the path of up to {MOST_FOLLOWED:,} is drawn"
    return end, beginning_words(end, t0, t1, too_much, "draw the density of all of it")


def _variables(
    rec: Recording, selection: Selection, x: str | None, y: str | None, unit: int | None
) -> tuple[str, str]:
    """The two states: those asked for, else a potential and the first other variable of a selected unit."""
    if x is not None and y is not None:
        return x, y
    given = x if x is not None else y
    recorded = unit is not None and any(unit in state.rows for state in rec.states.values())
    rows = (
        {unit} if recorded else set(selection.rows(rec).tolist() if unit is None else range(len(rec.units)))
    )
    firsts = (
        [given] if given is not None else sorted(rec.states, key=lambda name: _rank(rec, name, POTENTIALS))
    )
    for first in firsts:
        mine = set(state_called(rec, first).rows.tolist()) & rows
        mates = [n for n in rec.states if n != first and mine & set(rec.states[n].rows.tolist()) - {-1}]
        mates = [n for n in mates if rec.states[n].variable != rec.states[first].variable] or mates
        if mates:
            other = min(mates, key=lambda name: _rank(rec, name, POTENTIALS if x is None and y else RECOVERY))
            return (first, other) if y is None else (other, first)
    raise NothingToDraw(_no_second(rec))


def _rank(rec: Recording, name: str, wanted: Sequence[str]) -> int:
    variable = rec.states[name].variable.lower()
    return wanted.index(variable) if variable in wanted else len(wanted)


def _no_second(rec: Recording) -> str:
    variables = dict.fromkeys(state.variable for state in rec.states.values())
    if len(variables) < 2:
        return (
            f"a phase portrait needs two variables of one unit, and only {listed(list(variables))} was recorded: "
            "record a second one, or choose the same variable for x and y with a delay"
        )
    return (
        "none of the selected units has two variables: clear the selection, or choose the same variable for x and y "
        "with a delay"
    )


def _pairs(
    rec: Recording, selection: Selection, first: State, second: State, unit: int | None
) -> list[tuple[int, int]]:
    """The columns of both states that belong to one unit (or channel of one name), selected units first."""
    keys = [
        {
            (int(row) if row >= 0 else f"channel {state.labels[k]}"): k
            for k, row in reversed(list(enumerate(state.rows)))
        }
        for state in (first, second)
    ]
    common = [key for key in reversed(list(keys[0])) if key in keys[1]]
    if not common:
        raise NothingToDraw(
            f"no unit has both {shown(first.variable)} and {shown(second.variable)}: "
            f"{shown(first.variable)} is of {_owners(rec, first)}, {shown(second.variable)} of {_owners(rec, second)}"
        )
    if unit is not None and unit not in common:
        name = rec.label(unit) if unit < len(rec.units) else f"row {unit}"
        raise NothingToDraw(
            f"unit {shown(name)} was not recorded; {_owners(rec, first)} were: choose one of these"
        )
    rows = set(selection.rows(rec).tolist())
    kept = [key for key in common if isinstance(key, str) or key in rows]
    kept = kept if unit is None else [unit]
    if not kept:
        raise NothingToDraw(
            f"none of the selected units was recorded; {_owners(rec, first)} were: select one of these, or clear"
        )
    return [(keys[0][key], keys[1][key]) for key in kept]


def _owners(rec: Recording, state: State) -> str:
    names = [
        rec.label(int(row)) if row >= 0 else state.labels[k] for k, row in enumerate(state.rows[:MOST_LISTED])
    ]
    return listed(list(dict.fromkeys(names)), 5) if names else "no unit"


def _colours(rec: Recording, paths: Sequence[Path]) -> list[str]:
    tints = population_colours(rec)
    names = [str(rec.units["population"].iloc[path.row]) if path.row >= 0 else "" for path in paths]
    return [
        shade(tints[name], names[:k].count(name), names.count(name)) if name else colour(k)
        for k, name in enumerate(names)
    ]


def _delayed(state: State, delay: float) -> str:
    return f"{state.axis}, {1000 * delay:.6g} ms later" if delay else state.axis


def _caption(
    states: tuple[State, State], paths: Sequence[Path], t0: float, t1: float, delay: float, mode: str
) -> str:
    samples, open_at = sum(len(path.time) for path in paths), sum(len(path.breaks) for path in paths)
    by_spikes = sum(path.spikes for path in paths)
    what = f"{shown(_delayed(states[1], delay), 80)} against {shown(states[0].axis, 60)}"
    of = f"of {listed([path.name for path in paths], 6)}, {t0:.6g} to {t1:.6g} s, {samples:,} samples"
    if mode == "density":
        return f"Time spent at each {what} {of}."
    return f"{what} {of}. The line is open at {open_at:,} places, {by_spikes:,} of them at spikes."


def _path_notes(paths: Sequence[Path], drawn: Sequence[np.ndarray], rec: Recording) -> list[str]:
    notes = []
    points = sum(int(np.count_nonzero(kept >= 0)) for kept in drawn)
    samples = sum(len(path.time) for path in paths)
    if points < samples:
        notes.append(
            f"{points:,} of {samples:,} samples drawn: the extremes of both variables in equal stretches. "
            "Choose a shorter time window to see all."
        )
    quiet = [path.name for path in paths if path.row >= 0 and not rec.counts[path.row]]
    if quiet:
        notes.append(
            f"No spike of {listed(quiet)} is known: only falls of x by half its range open its line."
        )
    return notes


def draw(
    result: Result,
    x: str | None,
    y: str | None,
    unit: int | None,
    several: str,
    mode: str,
    delay_ms: float,
    whole: bool,
) -> go.Figure:
    """Paths, or the time spent in each cell."""
    figure = go.Figure()
    paths: list[Path] = result.extra["paths"]
    if mode == "density":
        add_density(figure, result.extra["density"])
    for k, path in enumerate(paths if mode == "path" else []):
        kept = result.extra["drawn"][k]
        if len(paths) == 1:
            add_timed(figure, path, kept)
        else:
            add_plain(figure, path, kept, result.extra["colours"][k])
        tint = None if len(paths) == 1 else result.extra["colours"][k]
        add_arrows(figure, path, kept, tint)
        add_ends(figure, path, tint, k == 0)
    titles = [label(title, 60) for title in result.extra["axes"]]
    meta = {"cursor": "path"} if mode == "path" else {}
    return figure.update_layout(xaxis_title=titles[0], yaxis_title=titles[1], hovermode="closest", meta=meta)


VIEW = View(
    "phase_portrait",
    "Phase portrait",
    page="states",
    data=portrait,
    figure=draw,
    settings={
        "x": Pick("state", "Across (x)"),
        "y": Pick("state", "Upward (y)"),
        "unit": Pick("unit", "Unit", empty="first with both"),
        "several": Choice("one", {"one": "One", "all": "All selected (up to 6)"}, "Units shown"),
        "mode": Choice("path", {"path": "Path over time", "density": "Density"}, "Draw"),
        "delay_ms": Number(0.0, 0, 1000, "y later by", "ms"),
        "whole": replace(WHOLE, when={"mode": ("density",)}),
    },
    needs=("states",),
    order=81,
    height=520,
)
