"""Phase portrait: one variable of a unit against another, with time as colour and resets left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.traces import envelope, window_samples
from spikeboard.displays.beginning import beginning, beginning_words
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, colour, label, listed, population_colours, shown
from spikeboard.view import Choice, Number, Pick, Result, View
from spikeboard.views.voltage_trace import shade, state_called

MOST_POINTS = 5000
# Samples of a path that so many points still show as one.
MOST_FOLLOWED = 100_000
MOST_UNITS = 6
MOST_LISTED = 200
CELLS = 120
# Stretches of equal time that share a colour: a line of a plot has one.
STEPS = 40
ARROWS = 10
# A fall of x by this share of its range, from one sample to the next, is a reset and not a path.
# Steps from sample to sample that tell the usual one.
STEPS_LOOKED_AT = 100_000
RESET_FALL = 0.5
# Blue to orange by way of violet, of one lightness: readable on light and on dark ground, told apart by all.
TIME_SCALE = ((0.0, "#3F78B8"), (0.35, "#7B6FD0"), (0.65, "#B85F9A"), (1.0, "#C9842B"))
POTENTIALS = ("v", "vm", "v_m", "membrane_potential", "potential")
RECOVERY = ("w", "u", "recovery", "n", "m", "h", "g", "ge", "g_e", "i")


@dataclass(frozen=True, eq=False)
class Path:
    """The two variables of one unit at common times.

    name : of the unit
    row : unit row, -1 for a channel
    time : (T,) s, of x
    x, y : (T,) values
    breaks : (B,) index of the last sample before each break of the line, ascending
    spikes : how many of the breaks were placed by a spike
    """

    name: str
    row: int
    time: np.ndarray
    x: np.ndarray
    y: np.ndarray
    breaks: np.ndarray
    spikes: int


def portrait(
    rec: Recording,
    selection: Selection,
    x: str | None,
    y: str | None,
    unit: int | None,
    several: str,
    mode: str,
    delay_ms: float,
) -> Result:
    """One variable against another, of the same unit at the same times: the path of its state.

    Colour is time; arrows show the direction; a ring marks the start and a square the end of the window. The line is
    not drawn across a reset: at each spike of the unit it is open at the steepest fall of x within one sample of
    the spike, and wherever x falls by more than half of its range from one sample to the next. Up to 5,000 samples
    are drawn as they are; of more, the least and greatest of both variables in each of equal stretches, so that no
    turn is cut off; of more than 100,000, the beginning of the path. "Density" counts all samples in 120 × 120 cells
    and gives the time spent in each, in seconds.

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
    delay, notes = _snapped(states[1], delay_ms)
    paths = [_path(rec, states, places, (t0, t1), delay, notes) for places in chosen]
    paths = [path for path in paths if len(path.time) > 1]
    if not paths:
        raise NothingToDraw(
            f"fewer than two common samples between {t0:.6g} and {t1:.6g} s: widen the window"
        )
    extra = {
        "paths": paths, "axes": (states[0].axis, _delayed(states[1], delay)),
        "colours": _colours(rec, paths), "drawn": [_reduced(path, MOST_POINTS // len(paths)) for path in paths],
    }  # fmt: skip
    if mode == "density":
        extra["density"] = _density(paths)
    notes += _notes(pairs, paths, extra["drawn"], mode, rec, several)
    frame = _cells(extra["density"]) if mode == "density" else _points(extra["drawn"], paths)
    caption = shortened + _caption(states, paths, t0, t1, delay, mode)
    return Result(frame, caption, tuple(dict.fromkeys(notes)), extra)


def _followed(state: State, t0: float, t1: float) -> tuple[float, str]:
    """Where the path ends, s, and what the caption says of that: one too long would be drawn in crumbs."""
    first = np.searchsorted(state.time, t0)

    def samples(end: float) -> int:
        return int(np.searchsorted(state.time, end, side="right") - first)

    n = samples(t1)
    if n <= MOST_FOLLOWED:
        return t1, ""
    end = beginning(samples, MOST_FOLLOWED, t0, t1)
    too_much = f"there are {n:,} samples in all of it, and the path of up to {MOST_FOLLOWED:,} is drawn"
    return end, beginning_words(end, t0, t1, too_much, "the density, which is of all of them")


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


def _path(
    rec: Recording,
    states: tuple[State, State],
    places: tuple[int, int],
    window: tuple[float, float],
    delay: float,
    notes: list[str],
) -> Path:
    first, second = states
    low, high = window_samples(first.time, *window)
    time = np.asarray(first.time[low:high], np.float64)
    x = np.asarray(first.values[low:high, places[0]], np.float64)
    time, x, y = _together(second, places[1], time, x, delay, notes)
    row = int(first.rows[places[0]])
    name = rec.label(row) if row >= 0 else first.labels[places[0]]
    known = np.isfinite(x) & np.isfinite(y)
    if not known.all():
        notes.append(
            f"{np.count_nonzero(~known):,} samples of {shown(name)} are no finite numbers: left out."
        )
        time, x, y = time[known], x[known], y[known]
    train = _train(rec, row, time)
    breaks, by_spikes = _breaks(time, x, train)
    return Path(name, row, time, x, y, breaks, by_spikes)


def _step(state: State) -> float:
    return (
        float(np.median(np.diff(np.asarray(state.time[:STEPS_LOOKED_AT], np.float64))))
        if len(state.time) > 1
        else 0.0
    )


def _snapped(state: State, delay_ms: float) -> tuple[float, list[str]]:
    """The delay as whole samples, s, and what is to be said of it."""
    step = _step(state)
    delay = round(delay_ms / 1000 / step) * step if step else 0.0
    if abs(delay - delay_ms / 1000) <= 1e-9:
        return delay, []
    return delay, [
        f"Delay {delay_ms:g} ms snapped to {1000 * delay:.6g} ms, a multiple of the sampling interval."
    ]


def _together(
    second: State, place: int, time: np.ndarray, x: np.ndarray, shift: float, notes: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, x and y where both were sampled, y later by the shift (s)."""
    later, step = np.asarray(second.time, np.float64), _step(second)
    if not len(later) or not len(time):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    first = int(np.searchsorted(later, time[0] + shift - step / 2))
    if np.array_equal(later[first : first + len(time)] - shift, time):
        return time, x, np.asarray(second.values[first : first + len(time), place], np.float64)
    nearest = np.clip(np.searchsorted(later, time + shift - step / 2), 0, len(later) - 1)
    close = np.abs(later[nearest] - time - shift) <= max(1e-6 * step, 1e-9 * max(abs(time[-1]), 1.0))
    if np.count_nonzero(close) < 2 and len(later) > 1:
        inside = (time + shift >= later[0]) & (time + shift <= later[-1])
        notes.append(
            f"{shown(second.variable)} was sampled at other times: interpolated linearly between its samples."
        )
        values = np.asarray(second.values[:, place], np.float64)
        return time[inside], x[inside], np.interp(time[inside] + shift, later, values)
    if not close.all() and shift == 0:
        notes.append(
            f"Only the {np.count_nonzero(close):,} times at which both variables were sampled are drawn."
        )
    return time[close], x[close], np.asarray(second.values[nearest[close], place], np.float64)


def _train(rec: Recording, row: int, time: np.ndarray) -> np.ndarray:
    if row < 0 or not len(time):
        return np.zeros(0)
    ticks = np.asarray(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]])
    times = ticks / rec.ticks_per_second
    return times[(times >= time[0]) & (times <= time[-1])]


def _breaks(time: np.ndarray, x: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, int]:
    """After which samples the line is broken; how many of these places a spike decided."""
    if len(time) < 2:
        return np.zeros(0, np.int64), 0
    change = np.diff(x)
    # A spike at the time of a sample belongs to the step that ends there.
    step = np.clip(np.searchsorted(time, train - 1e-9, side="left") - 1, 0, len(change) - 1)
    around = np.clip(step[:, None] + np.array([0, 1, -1]), 0, len(change) - 1)
    steepest = around[np.arange(len(step)), np.argmin(change[around], axis=1)]
    by_spikes = np.unique(np.where(change[steepest] < 0, steepest, step))
    spread = np.ptp(x)
    falls = np.flatnonzero(change < -RESET_FALL * spread) if spread > 0 else np.zeros(0, np.int64)
    steps = np.diff(time)
    pauses = np.flatnonzero(steps > 2.5 * np.median(steps[:STEPS_LOOKED_AT]))
    return np.unique(np.concatenate([by_spikes, falls, pauses])).astype(np.int64), len(by_spikes)


def _reduced(path: Path, most: int) -> np.ndarray:
    """Samples that are drawn: all, or the extremes of both variables in equal stretches; -1 where the line is open."""
    n = len(path.time)
    kept = np.arange(n) if n <= most else _extremes(path, most // 4)
    places = np.searchsorted(kept, path.breaks, side="right")
    return np.insert(kept, np.unique(places[places < len(kept)]), -1)


def _extremes(path: Path, stretches: int) -> np.ndarray:
    """The samples with the least and greatest x and y of each stretch, ascending."""
    # In place of times the envelope gets the numbers of the samples, and so gives those of the extremes.
    numbers = np.arange(len(path.time), dtype=np.float64)
    kept = [envelope(values, numbers, None, None, stretches).time for values in (path.x, path.y)]
    return np.unique(np.concatenate(kept)).astype(np.int64)


def _colours(rec: Recording, paths: Sequence[Path]) -> list[str]:
    tints = population_colours(rec)
    names = [str(rec.units["population"].iloc[path.row]) if path.row >= 0 else "" for path in paths]
    return [
        shade(tints[name], names[:k].count(name), names.count(name)) if name else colour(k)
        for k, name in enumerate(names)
    ]


def _density(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    x, y = (np.concatenate([getattr(path, axis) for path in paths]) for axis in "xy")
    weights = np.concatenate(
        [np.full(len(path.time), float(np.median(np.diff(path.time)))) for path in paths]
    )
    edges = [np.linspace(*_wide(values), CELLS + 1) for values in (x, y)]
    cell = _cell(x, edges[0]) * CELLS + _cell(y, edges[1])
    seconds = np.bincount(cell, weights, CELLS * CELLS).reshape(CELLS, CELLS)
    return {"seconds": np.where(seconds > 0, seconds, np.nan), "x": edges[0], "y": edges[1]}


def _cell(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which of the equal cells each value lies in; the greatest in the last."""
    place = (values - edges[0]) * (CELLS / (edges[-1] - edges[0]))
    return np.minimum(place.astype(np.int64), CELLS - 1)


def _wide(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.0 if high > low else max(abs(low), 1.0) * 0.05
    return low - pad, high + pad


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


def _notes(
    pairs: Sequence[tuple[int, int]],
    paths: Sequence[Path],
    drawn: Sequence[np.ndarray],
    mode: str,
    rec: Recording,
    several: str,
) -> list[str]:
    notes = []
    points = sum(int(np.count_nonzero(kept >= 0)) for kept in drawn)
    samples = sum(len(path.time) for path in paths)
    if mode == "path" and points < samples:
        notes.append(
            f"{points:,} of {samples:,} samples drawn: the extremes of both variables in equal stretches. "
            "Choose a shorter time window to see all."
        )
    if several == "all" and len(pairs) > len(paths):
        notes.append(f"The first {len(paths)} of {len(pairs):,} units that have both variables.")
    quiet = [path.name for path in paths if path.row >= 0 and not rec.counts[path.row]]
    if quiet and mode == "path":
        notes.append(
            f"No spike of {listed(quiet)} is known: only falls of x by half its range open its line."
        )
    return notes


def _points(drawn: Sequence[np.ndarray], paths: Sequence[Path]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "unit": path.name,
                "time_s": _taken(path.time, kept),
                "x": _taken(path.x, kept),
                "y": _taken(path.y, kept),
            }
        )
        for kept, path in zip(drawn, paths, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _taken(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return np.where(kept >= 0, values[kept], np.nan)


def _cells(density: dict[str, np.ndarray]) -> pd.DataFrame:
    across, up = np.nonzero(np.isfinite(density["seconds"]))
    x, y = ((density[axis][:-1] + density[axis][1:]) / 2 for axis in "xy")
    return pd.DataFrame({"x": x[across], "y": y[up], "seconds": density["seconds"][across, up]})


def draw(
    result: Result,
    x: str | None,
    y: str | None,
    unit: int | None,
    several: str,
    mode: str,
    delay_ms: float,
) -> go.Figure:
    """Paths, or the time spent in each cell."""
    figure = go.Figure()
    paths: list[Path] = result.extra["paths"]
    if mode == "density":
        _add_density(figure, result.extra["density"])
    for k, path in enumerate(paths if mode == "path" else []):
        kept = result.extra["drawn"][k]
        if len(paths) == 1:
            _add_timed(figure, path, kept)
        else:
            _add_plain(figure, path, kept, result.extra["colours"][k])
        tint = None if len(paths) == 1 else result.extra["colours"][k]
        _add_arrows(figure, path, kept, tint)
        _add_ends(figure, path, tint, k == 0)
    titles = [label(title, 60) for title in result.extra["axes"]]
    meta = {"cursor": "path"} if mode == "path" else {}
    return figure.update_layout(xaxis_title=titles[0], yaxis_title=titles[1], hovermode="closest", meta=meta)


def time_colour(share: float) -> str:
    """The colour of a time, as a share of the window."""
    for (a, first), (b, second) in pairwise(TIME_SCALE):
        if share <= b:
            part = (share - a) / (b - a)
            mixed = [
                round((1 - part) * int(first[i : i + 2], 16) + part * int(second[i : i + 2], 16))
                for i in (1, 3, 5)
            ]
            return "#" + "".join(f"{value:02x}" for value in mixed)
    return TIME_SCALE[-1][1]


def _add_timed(figure: go.Figure, path: Path, kept: np.ndarray) -> None:
    """The path in stretches of equal time, each a little further along the colours."""
    times = path.time[np.where(kept >= 0, kept, 0)]
    start, stop = path.time[0], path.time[-1]
    step = np.clip(((times - start) / max(stop - start, 1e-12) * STEPS).astype(int), 0, STEPS - 1)
    # An opening belongs to the stretch of the sample before it.
    step = np.maximum.accumulate(np.where(kept >= 0, step, 0))
    for k in np.unique(step):
        part = np.flatnonzero(step == k)
        # One sample of the next stretch closes the line between the two.
        part = np.r_[part, part[-1] + 1] if part[-1] + 1 < len(kept) else part
        figure.add_scatter(
            x=_taken(path.x, kept[part]).astype("f4"), y=_taken(path.y, kept[part]).astype("f4"), mode="lines",
            line={"color": time_colour((k + 0.5) / STEPS), "width": 1.2}, customdata=_taken(path.time, kept[part]),
            name=label(path.name), showlegend=False,
            hovertemplate="%{x:.4g}, %{y:.4g}<br>at %{customdata:.6g} s<extra></extra>",
        )  # fmt: skip
    _add_time_bar(figure, path, start, stop)


def _add_time_bar(figure: go.Figure, path: Path, start: float, stop: float) -> None:
    figure.add_scatter(
        x=path.x[:1].astype("f4"), y=path.y[:1].astype("f4"), mode="markers", hoverinfo="skip", showlegend=False,
        marker={
            "size": 0.1, "color": [start], "cmin": start, "cmax": stop, "showscale": True,
            "colorscale": [list(stop_) for stop_ in TIME_SCALE],
            "colorbar": {"title": {"text": "Time (s)", "side": "right"}, "thickness": 12, "outlinewidth": 0},
        },
    )  # fmt: skip


def _add_plain(figure: go.Figure, path: Path, kept: np.ndarray, tint: str) -> None:
    figure.add_scatter(
        x=_taken(path.x, kept).astype("f4"), y=_taken(path.y, kept).astype("f4"), mode="lines",
        line={"color": tint, "width": 1.1}, customdata=_taken(path.time, kept), name=label(path.name),
        legendgroup=label(path.name),
        hovertemplate="%{x:.4g}, %{y:.4g}<br>at %{customdata:.6g} s<extra>" + label(path.name) + "</extra>",
    )  # fmt: skip


def _add_arrows(figure: go.Figure, path: Path, kept: np.ndarray, tint: str | None) -> None:
    """Arrow heads at equal distances along the path, as it is seen: both variables scaled to their range."""
    joined = np.flatnonzero((kept[:-1] >= 0) & (kept[1:] >= 0))
    if not len(joined):
        return
    a, b = kept[joined], kept[joined + 1]
    scale = [max(float(np.ptp(values)), 1e-12) for values in (path.x, path.y)]
    length = np.hypot((path.x[b] - path.x[a]) / scale[0], (path.y[b] - path.y[a]) / scale[1])
    along = np.cumsum(length)
    if along[-1] <= 0:
        return
    chosen = np.unique(np.searchsorted(along, along[-1] * (np.arange(ARROWS) + 0.5) / ARROWS))
    chosen = chosen[chosen < len(a)]
    span = max(path.time[-1] - path.time[0], 1e-12)
    tints = [tint or time_colour((path.time[b[k]] - path.time[0]) / span) for k in chosen]
    x, y = (np.column_stack([v[a[chosen]], v[b[chosen]]]).ravel().astype("f4") for v in (path.x, path.y))
    figure.add_scatter(
        x=x, y=y, mode="markers", showlegend=False, hoverinfo="skip",
        marker={
            "symbol": "arrow", "angleref": "previous", "size": [0, 11] * len(chosen),
            "color": [tint_ for tint_ in tints for _ in range(2)], "line": {"width": 0},
        },
    )  # fmt: skip


def _add_ends(figure: go.Figure, path: Path, tint: str | None, named: bool) -> None:
    for name, place, symbol, share in (("start", 0, "circle-open", 0.0), ("end", -1, "square", 1.0)):
        colour_ = tint or time_colour(share)
        figure.add_scatter(
            x=path.x[[place]].astype("f4"), y=path.y[[place]].astype("f4"), mode="markers", name=name,
            showlegend=named,
            marker={"symbol": symbol, "size": 10, "color": colour_, "line": {"width": 2.2, "color": colour_}},
            hovertemplate=f"{name} at {path.time[place]:.6g} s<extra>{label(path.name)}</extra>",
        )  # fmt: skip


def _add_density(figure: go.Figure, density: dict[str, np.ndarray]) -> None:
    seconds = density["seconds"].T
    exponents = np.log10(seconds)
    low, high = int(np.floor(np.nanmin(exponents))), int(np.ceil(np.nanmax(exponents)))
    ticks = list(range(low, max(high, low + 1) + 1))
    figure.add_heatmap(
        z=exponents.astype("f4"), x=density["x"].astype("f4"), y=density["y"].astype("f4"), colorscale=SEQUENTIAL,
        customdata=seconds.astype("f4"), hoverongaps=False, showscale=True,
        colorbar={
            "title": {"text": "Time spent (s)", "side": "right"}, "thickness": 12, "outlinewidth": 0,
            "tickvals": ticks, "ticktext": [f"{10.0**tick:g}" for tick in ticks],
        },
        hovertemplate="%{x:.4g}, %{y:.4g}<br>%{customdata:.3g} s<extra></extra>",
    )  # fmt: skip


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
    },
    needs=("states",),
    order=81,
    height=520,
)
