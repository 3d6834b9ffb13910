"""Traces: state variables over time, drawn without losing a peak, with the spikes of their units."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.traces import Envelope, finite_ranges, pauses, trace_envelope, window_samples
from spikeboard.displays.marks import runs, strokes
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import UNSIGNED, colour, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Pick, Result, View, Viewport, Whole
from spikeboard.views.chosen import on_screen

MOST_TRACES = 24
MOST_MARKS = 4000
FRAME_PX = 84
# A step this many times the usual one is a pause of the recording, not a slow sample.
GAP = 2.5
LEVELS = {
    "threshold": ("v_threshold", "threshold", "v_th", "v_thresh", "vth", "spike_threshold"),
    "reset": ("v_reset", "reset", "vreset", "v_rest_after"),
}


@dataclass(frozen=True, eq=False)
class Trace:
    """One column of a state as drawn.

    name : of the unit or channel
    row : unit row, -1 for a channel
    state : where it comes from
    time, values : (P,) the points drawn, s and in the state's unit; NaN where the line is broken
    spikes : (S,) s, of its unit, in the window
    levels : {"threshold": value, ...} where the unit table tells
    second : whether it is of the second variable
    """

    name: str
    row: int
    state: State
    time: np.ndarray
    values: np.ndarray
    spikes: np.ndarray
    levels: dict[str, float]
    second: bool = False


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a state before it is reduced: its state, its place there, its unit row or -1, its name."""

    state: State
    place: int
    row: int
    name: str


def traces(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    state: str | None,
    second: str | None,
    layout: str,
    scale: str,
    most: int,
    spikes: bool,
) -> Result:
    """State variables (membrane potentials, currents, channels) over time, in the unit that the source gives.

    Where more samples lie in the window than the screen can show, each pixel's stretch of samples is drawn by
    its least and its greatest sample, at their own times: no peak is lost, as it would be if every n-th sample
    were taken (Steinarsson 2013 compares such reductions). Where all samples fit, all are drawn. The line is
    broken where samples are missing, and where the time between two of them is more than 2.5 times the usual.

    Without a choice, the first variable of the recording is drawn for all units that have it. A selection of units
    or populations restricts the traces to them; channels that belong to no unit (a field potential) stay. Spikes of
    the units stand as ticks above their trace; of more than 4,000, those in neighbouring pixels share one, as wide
    as they reach. Threshold and reset are drawn where the unit table has a column of such a name.

    Parameters
    ----------
    rec : Recording
    selection : Selection, its window and units
    viewport : Viewport, the part of the time axis on screen and the width in pixels
    state : name of a state, None for the first variable of all units
    second : name of a second state, drawn below with the same time axis
    layout : "stacked" or "overlaid"
    scale : "same" for one range of values for all traces, "own" for one each
    most : traces at most
    spikes : whether to mark the spikes

    Returns
    -------
    Result : time_s, value, trace, unit (row, -1 for a channel), variable, of every point drawn
    """
    t0, t1 = on_screen(viewport, *selection.window(rec))
    chosen = _columns(rec, selection, _states(rec, selection, state))
    below = _partners(rec, chosen[:most], second)
    width = max(viewport.width - FRAME_PX, 50)
    reduced = _reduced(rec, [*chosen[:most], *below], t0, t1, width)
    drawn = [(_trace(rec, c, reduced[c], t0, t1, spikes, False), reduced[c]) for c in chosen[:most]]
    drawn += [(_trace(rec, c, reduced[c], t0, t1, False, True), reduced[c]) for c in below]
    if not any(len(trace.time) for trace, _ in drawn):
        raise NothingToDraw(_nothing(chosen, t0, t1))
    # A lane without a sample in the window stays: what is zoomed keeps its axes.
    kept = [trace for trace, _ in drawn]
    extra = {"traces": kept, "window": (t0, t1), "colours": _colours(rec, kept, layout)}
    notes = _notes(rec, chosen, below, most, second, drawn, t0, t1)
    return Result(lambda: _frame(kept), _caption(kept, drawn, t0, t1, spikes), tuple(notes), extra)


def state_called(rec: Recording, name: str) -> State:
    """The state called `name`, or NothingToDraw naming those there are."""
    if name not in rec.states:
        raise NothingToDraw(
            f"no state {shown(name)!r} in this recording; it has {listed(list(rec.states), 8)}"
        )
    return rec.states[name]


def _states(rec: Recording, selection: Selection, name: str | None) -> list[State]:
    """The state asked for; else the states of the first variable that a selected unit has."""
    if name is not None:
        return [state_called(rec, name)]
    states = list(rec.states.values())
    rows = selection.rows(rec)
    first = next((s for s in states if len(s.rows) and (np.isin(s.rows, rows) | (s.rows < 0)).any()), None)
    if first is None:
        raise NothingToDraw(_unrecorded(rec, states))
    return [s for s in states if (s.variable, s.unit) == (first.variable, first.unit)]


def _unrecorded(rec: Recording, states: Sequence[State]) -> str:
    rows = np.unique(np.concatenate([state.rows for state in states])) if states else np.zeros(0, int)
    names = [rec.label(int(row)) for row in rows[rows >= 0][:5]]
    more = f" and {np.count_nonzero(rows >= 0) - len(names)} more" if np.count_nonzero(rows >= 0) > 5 else ""
    return (
        f"no state of the selected units was recorded; it was of {listed(names, 5)}{more}: "
        "select some of these, or clear the selection"
    )


def _columns(rec: Recording, selection: Selection, states: Sequence[State]) -> list[Column]:
    rows = selection.rows(rec)
    found = [
        Column(state, place, int(row), _name(rec, state, place))
        for state in states
        for place, row in enumerate(state.rows)
        if row < 0 or np.isin(row, rows)
    ]
    if not found:
        raise NothingToDraw(_unrecorded(rec, states))
    return found


def _name(rec: Recording, state: State, place: int) -> str:
    row = int(state.rows[place])
    if row < 0:
        return state.labels[place] if place < len(state.labels) else f"channel {place}"
    same = int(np.count_nonzero(state.rows == row)) > 1
    # Several compartments of one cell share its row: only their own labels tell them apart.
    return state.labels[place] if same and place < len(state.labels) else rec.label(row)


def _partners(rec: Recording, chosen: Sequence[Column], second: str | None) -> list[Column]:
    """The columns of the second variable that belong to the units shown, in their order."""
    if second is None:
        return []
    other = state_called(rec, second)
    same = [s for s in rec.states.values() if (s.variable, s.unit) == (other.variable, other.unit)]
    places = {(c.row if c.row >= 0 else c.name): k for k, c in enumerate(chosen)}
    candidates = [
        Column(state, place, int(row), _name(rec, state, place))
        for state in ([other] + [s for s in same if s is not other])
        for place, row in enumerate(state.rows)
    ]
    found = [c for c in candidates if (c.row if c.row >= 0 else c.name) in places]
    if not found:
        raise NothingToDraw(f"{shown(second)} was recorded for none of the units shown: choose another one")
    return sorted(found, key=lambda c: places[c.row if c.row >= 0 else c.name])[:MOST_TRACES]


def _reduced(
    rec: Recording, columns: Sequence[Column], t0: float, t1: float, width: int
) -> dict[Column, Envelope]:
    """The points of each column, broken at pauses: columns of one state are read side by side."""
    found = {}
    for state in dict.fromkeys(column.state for column in columns):
        mine = [column for column in columns if column.state is state]
        places = [column.place for column in mine]
        drawn = trace_envelope(rec, _called(rec, state), t0, t1, width, places)
        gaps = pauses(rec, _called(rec, state), t0, t1, GAP)
        for column, time, values in zip(mine, drawn.time, drawn.values, strict=True):
            found[column] = Envelope(*_broken(time, values.astype(float), gaps), drawn.samples, drawn.exact)
    return found


def _trace(
    rec: Recording, column: Column, points: Envelope, t0: float, t1: float, spikes: bool, second: bool
) -> Trace:
    train = _spikes(rec, column.row, t0, t1) if spikes else np.zeros(0)
    levels = {} if second else _levels(rec, column)
    return Trace(column.name, column.row, column.state, points.time, points.values, train, levels, second)


def _called(rec: Recording, state: State) -> str:
    return next(name for name, known in rec.states.items() if known is state)


def _broken(time: np.ndarray, values: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A NaN put in after each point that a pause follows."""
    if not len(gaps) or len(time) < 2:
        return time, values
    places = np.unique(np.searchsorted(time, gaps, side="right"))
    places = places[places < len(time)]
    return np.insert(time, places, time[places]), np.insert(values, places, np.nan)


def _spikes(rec: Recording, row: int, t0: float, t1: float) -> np.ndarray:
    if row < 0:
        return np.zeros(0)
    train = np.asarray(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]])
    times = train / rec.ticks_per_second
    return times[(times >= t0) & ((times < t1) | ((times == t1) & (t1 == rec.t_stop)))]


def _levels(rec: Recording, column: Column) -> dict[str, float]:
    """Threshold and reset of a unit, where the unit table has them and the variable is a potential."""
    if column.row < 0 or not column.state.variable.lower().startswith("v"):
        return {}
    known = {str(name).lower(): name for name in rec.units.columns}
    found: dict[str, float] = {}
    for level, spellings in LEVELS.items():
        name = next((known[spelling] for spelling in spellings if spelling in known), None)
        value = pd.to_numeric(rec.units[name].iloc[column.row], errors="coerce") if name is not None else None
        if value is not None and np.isfinite(value):
            found[level] = float(value)
    return found


def _nothing(chosen: Sequence[Column], t0: float, t1: float) -> str:
    time = chosen[0].state.time
    name = shown(chosen[0].state.variable)
    if not len(time):
        return f"{name} holds no sample"
    return (
        f"{name} was sampled from {time[0]:.6g} to {time[-1]:.6g} s: "
        f"no sample between {t0:.6g} and {t1:.6g} s; widen the window"
    )


def _colours(rec: Recording, drawn: Sequence[Trace], layout: str) -> list[str]:
    """The population's colour; overlaid, its units differ in lightness and a little in hue."""
    tints = population_colours(rec)
    names = [str(rec.units["population"].iloc[t.row]) if t.row >= 0 else "" for t in drawn]
    keys = [(trace.row if trace.row >= 0 else trace.name) for trace in drawn]
    found = []
    for name, key in zip(names, keys, strict=True):
        mates = list(dict.fromkeys(k for k, n in zip(keys, names, strict=True) if n == name))
        place = mates.index(key)
        base = tints.get(name, UNSIGNED)
        if not name:
            found.append(colour(place))
        else:
            found.append(shade(base, place, len(mates)) if layout == "overlaid" else base)
    return found


def shade(base: str, place: int, of: int) -> str:
    """One of several shades of a colour, all readable on light and dark ground."""
    if of < 2:
        return base
    red, green, blue = (int(base[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, light, full = colorsys.rgb_to_hls(red, green, blue)
    step = place / (of - 1) - 0.5
    mixed = colorsys.hls_to_rgb(
        (hue + 0.16 * step) % 1, float(np.clip(light + 0.24 * step, 0.34, 0.68)), full
    )
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def _caption(
    kept: Sequence[Trace], drawn: Sequence[tuple[Trace, Envelope]], t0: float, t1: float, spikes: bool
) -> str:
    first = [trace for trace in kept if not trace.second] or list(kept)
    sentences = [_said(first, drawn, t0, t1)]
    if below := [trace for trace in kept if trace.second]:
        sentences.append(f"Below: {_ranges(below)}.")
    if spikes and any(trace.row >= 0 for trace in first):
        sentences.append(f"Ticks mark {sum(len(trace.spikes) for trace in first):,} spikes of these units.")
    return " ".join(sentences)


def _said(first: Sequence[Trace], drawn: Sequence[tuple[Trace, Envelope]], t0: float, t1: float) -> str:
    samples = max(envelope.samples for _, envelope in drawn)
    time = first[0].state.time
    step = f", one every {1000 * float(np.median(np.diff(time[:10_000]))):.4g} ms" if len(time) > 1 else ""
    names = listed(list(dict.fromkeys(trace.name for trace in first)), 6)
    return f"{_ranges(first)}: {names}, {t0:.6g} to {t1:.6g} s, {samples:,} samples per trace{step}."


def _ranges(drawn: Sequence[Trace]) -> str:
    state = drawn[0].state
    values = np.concatenate([trace.values for trace in drawn])
    finite = values[np.isfinite(values)]
    unit = f" {state.unit}" if state.unit else ""
    reach = f" from {finite.min():.4g} to {finite.max():.4g}{unit}" if len(finite) else ""
    return f"{shown(state.variable)}{reach}"


def _notes(
    rec: Recording,
    chosen: Sequence[Column],
    below: Sequence[Column],
    most: int,
    second: str | None,
    drawn: Sequence[tuple[Trace, Envelope]],
    t0: float,
    t1: float,
) -> list[str]:
    notes = []
    if len(chosen) > most:
        notes.append(f"The first {most} of {len(chosen):,} traces; select units to see others.")
    if any(not envelope.exact for _, envelope in drawn):
        samples = max(envelope.samples for _, envelope in drawn)
        notes.append(
            f"{samples:,} samples per trace are drawn by the least and greatest of each pixel: zoom in to see all."
        )
    if second is not None and len(below) < len(chosen[:most]):
        notes.append(
            f"{shown(second)} was recorded for {len(below)} of the {len(chosen[:most])} traces shown."
        )
    empty = [trace.name for trace, _ in drawn if not len(trace.time)]
    if empty:
        notes.append(f"No sample in this window: {listed(empty)}.")
    return (
        notes
        + _odd_values(rec, [*chosen[:most], *below], t0, t1)
        + _left_out_marks(drawn)
        + _far_levels(drawn)
    )


def _odd_values(rec: Recording, columns: Sequence[Column], t0: float, t1: float) -> list[str]:
    """What a trace cannot show: values that are no numbers, and lines that are flat."""
    missing, flat = {}, []
    for state in dict.fromkeys(column.state for column in columns):
        low, high = window_samples(state.time, t0, t1)
        mine = [column for column in columns if column.state is state]
        ranges = finite_ranges(rec, _called(rec, state), low, high, [column.place for column in mine])
        for column, n, least, greatest in zip(mine, *ranges, strict=True):
            if n < high - low:
                missing[column.name] = high - low - n
            if n > 1 and least == greatest:
                flat.append(f"{column.name} ({least:g})")
    notes = [
        f"No finite number, so not drawn: {n:,} samples of {shown(name)}." for name, n in missing.items()
    ]
    if flat:
        notes.append(
            f"Constant throughout: {listed(flat)}. Some simulators record zeros for a variable that the model lacks."
        )
    return notes


def _left_out_marks(drawn: Sequence[tuple[Trace, Envelope]]) -> list[str]:
    total = sum(len(trace.spikes) for trace, _ in drawn)
    said = f"Of {total:,} spikes, those in one pixel or in neighbouring ones share a tick."
    return [said] if total > MOST_MARKS else []


def _far_levels(drawn: Sequence[tuple[Trace, Envelope]]) -> list[str]:
    far = sorted({level for trace, _ in drawn for level in set(trace.levels) - set(_near(trace))})
    if not far:
        return []
    return [
        f"The {' and '.join(far)} of the unit table lies far outside the trace (another unit?): not drawn."
    ]


def _near(trace: Trace) -> dict[str, float]:
    """The levels that lie within reach of the trace: others are in another unit, or do not matter."""
    finite = trace.values[np.isfinite(trace.values)]
    if not len(finite):
        return {}
    reach = max(float(np.ptp(finite)), 1e-12)
    low, high = finite.min() - reach, finite.max() + reach
    return {name: value for name, value in trace.levels.items() if low <= value <= high}


def _frame(kept: Sequence[Trace]) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "time_s": trace.time,
                    "value": trace.values,
                    "trace": trace.name,
                    "unit": trace.row,
                    "variable": trace.state.axis,
                }
            )
            for trace in kept
        ],
        ignore_index=True,
    )


def draw(
    result: Result,
    state: str | None,
    second: str | None,
    layout: str,
    scale: str,
    most: int,
    spikes: bool,
) -> go.Figure:
    """Traces in lanes, or one over the other."""
    drawn: list[Trace] = result.extra["traces"]
    colours: list[str] = result.extra["colours"]
    lanes = _lanes(drawn, layout)
    ranges = _lane_ranges(drawn, lanes, scale)
    several = layout == "overlaid" and 1 < len(drawn) <= 12
    placed = _layout(drawn, lanes, colours, ranges, result, layout)
    figure = go.Figure(
        layout=placed | {"showlegend": several, "hovermode": "closest", "meta": {"cursor": "time"}}
    )
    for k, members in enumerate(lanes):
        for member in members:
            _add_trace(figure, drawn[member], colours[member], k, ranges[k], result, layout, members)
    return figure


def _lanes(drawn: Sequence[Trace], layout: str) -> list[list[int]]:
    """Which traces share an axis, from top to bottom: a unit's second variable stands right below its first."""
    if layout == "overlaid":
        parts = [[k for k, t in enumerate(drawn) if t.second == second] for second in (False, True)]
        return [part for part in parts if part]
    first = [k for k, trace in enumerate(drawn) if not trace.second]
    below = [k for k, trace in enumerate(drawn) if trace.second]
    keyed = [(drawn[k].row if drawn[k].row >= 0 else drawn[k].name) for k in range(len(drawn))]
    lanes: list[list[int]] = []
    for k in first:
        lanes.append([k])
        last = k == max(j for j in first if keyed[j] == keyed[k])
        lanes += [[j] for j in below if last and keyed[j] == keyed[k]]
    return lanes + [[j] for j in below if keyed[j] not in {keyed[k] for k in first}]


def _lane_ranges(
    drawn: Sequence[Trace], lanes: Sequence[Sequence[int]], scale: str
) -> list[tuple[float, float]]:
    """Least and greatest value of each lane, the same for all lanes of one variable where asked."""
    found = []
    for members in lanes:
        second = drawn[members[0]].second
        shared = [t for t in drawn if t.second == second] if scale == "same" else [drawn[k] for k in members]
        found.append(_reach(shared))
    return found


def _reach(traces_shown: Sequence[Trace]) -> tuple[float, float]:
    values = np.concatenate([[*_near(trace).values(), *trace.values] for trace in traces_shown])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    pad = 0.05 * (high - low) or max(abs(high), 1.0) * 0.05
    return low - pad, high + pad


def _add_trace(
    figure: go.Figure,
    trace: Trace,
    tint: str,
    lane: int,
    reach: tuple[float, float],
    result: Result,
    layout: str,
    members: Sequence[int],
) -> None:
    axis = "y" if lane == 0 else f"y{lane + 1}"
    unit = f" {label(trace.state.unit)}" if trace.state.unit else ""
    figure.add_scatter(
        x=trace.time,
        y=trace.values.astype("f4"),
        yaxis=axis,
        name=label(trace.name),
        showlegend=not trace.second,
        mode="lines" if len(trace.time) > 1 else "markers",
        line={"color": tint, "width": 1.1},
        connectgaps=False,
        hovertemplate=f"%{{x:.6g}} s: %{{y:.5g}}{unit}<extra>{label(trace.name)}</extra>",
    )
    for level, value in _near(trace).items():
        dash = "dash" if level == "threshold" else "dot"
        _level_line(figure, result, axis, value, tint, dash, f"{level} {value:g}{unit}")
    if len(trace.spikes):
        place = [m for m in members if len(result.extra["traces"][m].spikes)].index(
            next(m for m in members if result.extra["traces"][m] is trace)
        )
        _add_spikes(figure, trace, tint, axis, reach, place, result)


def _level_line(
    figure: go.Figure, result: Result, axis: str, value: float, tint: str, dash: str, name: str
) -> None:
    figure.add_scatter(
        x=np.array(result.extra["window"]),
        y=np.array([value, value], "f4"),
        yaxis=axis,
        mode="lines",
        line={"color": tint, "width": 1, "dash": dash},
        opacity=0.7,
        showlegend=False,
        name=name,
        hovertemplate=f"{name}<extra></extra>",
    )


def _add_spikes(
    figure: go.Figure,
    trace: Trace,
    tint: str,
    axis: str,
    reach: tuple[float, float],
    place: int,
    result: Result,
) -> None:
    span = reach[1] - reach[0]
    height = reach[1] + (0.05 + 0.07 * place) * span
    first, last = _runs(trace.spikes, result)
    figure.add_shape(strokes(first, last, height - 0.025 * span, height + 0.025 * span, tint, 1.3, axis))
    figure.add_scatter(
        x=first,
        y=np.full(len(first), height, "f4"),
        yaxis=axis,
        mode="none",
        showlegend=False,
        name=label(trace.name),
        hoverlabel={"bgcolor": tint},
        hovertemplate=f"spike of {label(trace.name)}<br>%{{x:.6f}} s<extra></extra>",
    )


def _runs(times: np.ndarray, result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Where marks begin and end: each at its spike, or, of very many, one for all in neighbouring pixels."""
    drawn = result.extra["traces"]
    if sum(len(trace.spikes) for trace in drawn) <= MOST_MARKS:
        return times, times
    pixels = 2 * MOST_MARKS // max(sum(len(trace.spikes) > 0 for trace in drawn), 1)
    return runs(times, result.extra["window"], pixels)


def _layout(
    drawn: Sequence[Trace],
    lanes: Sequence[Sequence[int]],
    colours: Sequence[str],
    ranges: Sequence[tuple[float, float]],
    result: Result,
    layout: str,
) -> dict[str, Any]:
    """Axes and names of the lanes, in one piece: Plotly takes its time over each change of a layout."""
    heights = [0.6 if drawn[members[0]].second else 1.0 for members in lanes]
    edges = 1 - np.r_[0, np.cumsum(heights)] / sum(heights)
    last = "y" if len(lanes) == 1 else f"y{len(lanes)}"
    window = list(result.extra["window"])
    stacked = layout == "stacked"
    return {
        "xaxis": {"title": {"text": "Time (s)"}, "range": window, "anchor": last},
        **{
            "yaxis" if k == 0 else f"yaxis{k + 1}": _lane_axis(drawn, lanes, k, edges, ranges[k])
            for k in range(len(lanes))
        },
        "annotations": [_lane_name(drawn, lanes, k, edges, colours) for k in range(len(lanes)) if stacked],
        "margin": {"r": 78 if stacked else 20},
    }


def _lane_axis(
    drawn: Sequence[Trace],
    lanes: Sequence[Sequence[int]],
    k: int,
    edges: np.ndarray,
    reach: tuple[float, float],
) -> dict[str, Any]:
    members, crowded = lanes[k], len(lanes) > 2
    space = min(0.02, 0.16 / len(lanes)) if k else 0.0
    marked = sum(len(drawn[m].spikes) > 0 for m in members)
    low, high = reach
    state = drawn[members[0]].state
    return {
        "title": {"text": label(state.variable, 8) if crowded else label(state.axis)},
        "domain": [max(edges[k + 1], 0.0), min(edges[k] - space, 1.0)],
        "range": [low, high + (0.07 * marked + 0.03) * (high - low) if marked else high],
        "anchor": "x",
        "nticks": 3 if crowded else 6,
        "showgrid": not crowded,
    }


def _lane_name(
    drawn: Sequence[Trace],
    lanes: Sequence[Sequence[int]],
    k: int,
    edges: np.ndarray,
    colours: Sequence[str],
) -> dict[str, Any]:
    trace = drawn[lanes[k][0]]
    unit = f"<br>{label(trace.state.unit, 10)}" if len(lanes) > 2 and trace.state.unit else ""
    return {
        "text": label(trace.name, 14) + unit,
        "font": {"color": colours[lanes[k][0]], "size": 11.5},
        "align": "left",
        "showarrow": False,
        "x": 1.006,
        "xref": "paper",
        "xanchor": "left",
        "y": (edges[k] + edges[k + 1]) / 2,
        "yref": "paper",
        "yanchor": "middle",
    }


def boxed(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], **_: Any
) -> Selection:
    """The time window of a box; the units stay."""
    t0, t1 = selection.window(rec)
    low, high = max(x[0], t0), min(x[1], t1)
    if high <= low:
        raise NothingToDraw("that box lies outside the selected time window")
    return Selection(low, high, selection.units, selection.populations, selection.interval)


VIEW = View(
    "voltage_trace",
    "State variables over time",
    page="states",
    data=traces,
    figure=draw,
    settings={
        "state": Pick("state", "Variable", empty="first, all units"),
        "second": Pick("state", "Below it", empty="nothing"),
        "layout": Choice("stacked", {"stacked": "One below the other", "overlaid": "Overlaid"}, "Layout"),
        "scale": Choice("same", {"same": "The same for all", "own": "Each its own"}, "Scale"),
        "most": Whole(8, 1, MOST_TRACES, "Traces at most"),
        "spikes": Flag(True, "Mark spikes"),
    },
    needs=("states",),
    brush=boxed,
    zooms=True,
    order=80,
    height=520,
)
