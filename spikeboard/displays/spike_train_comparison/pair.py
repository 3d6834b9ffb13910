"""Two trains side by side: which are compared, how far apart they are, and the panels of their figure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from spikeboard.analysis.distances import (
    Matching,
    Profile,
    distance_matrix,
    distance_profile,
    spike_synchronisation,
    steps_needed,
)
from spikeboard.analysis.groups import Trains
from spikeboard.analysis.trains import snap_bin, unit_rows
from spikeboard.displays.spike_train_comparison.curve import add_curve, distance_over_scale
from spikeboard.displays.spike_train_comparison.events import (
    STEPS,
    Events,
    add_events,
    add_numbers,
    event_table,
    events_on_screen,
    first_divergence,
    matched,
    matches_by_chance,
)
from spikeboard.displays.spike_train_comparison.measures import MEASURES, MOST_STEPS, Scales
from spikeboard.displays.spike_train_comparison.profile import add_profile, is_averaged
from spikeboard.displays.spike_train_comparison.profile import on_screen as pieces_on_screen
from spikeboard.displays.spike_train_comparison.reach import window_of_two
from spikeboard.displays.trains import Train, population_train, unit_train
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label
from spikeboard.view import Result, Viewport
from spikeboard.views.chosen import (
    NEUTRAL,
    busiest,
    by_population,
    duration,
    many,
    on_screen,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)


def _choose(
    rec: Recording, selection: Selection, between: str, picked: tuple[Any, Any], t0: float, t1: float
) -> tuple[Train, Train]:
    """The trains A and B: those picked, else the two most active units alike, or the first two populations."""
    if between == "populations":
        names = list(by_population(rec, rows_of(rec, selection)))
        a, b = _filled(picked, names, "population")
        return population_train(rec, selection, a), population_train(rec, selection, b)
    unit_rows(rec, [row for row in picked if row is not None])
    a, b = _filled(picked, _alike(rec, selection, picked, t0, t1) if None in picked else [], "unit")
    return unit_train(rec, a), unit_train(rec, b)


def _filled(picked: tuple[Any, Any], candidates: list[Any], noun: str) -> tuple[Any, Any]:
    """The two to compare: those picked, and candidates for those that were not."""
    a = picked[0] if picked[0] is not None else next((c for c in candidates if c != picked[1]), None)
    b = picked[1] if picked[1] is not None else next((c for c in candidates if c != a), None)
    if a is None or b is None:
        raise NothingToDraw(
            f"a comparison takes two trains, and fewer than two {noun}s with spikes are selected: "
            f"widen the selection, or choose two {noun}s"
        )
    return a, b


def _alike(rec: Recording, selection: Selection, picked: tuple[Any, Any], t0: float, t1: float) -> list[int]:
    """Active units, the most active first, those of the population of the first of them before all others."""
    rows = rows_of(rec, selection)
    order = busiest(rec, rows, t0, t1, len(rows))
    order = order[spikes_per_unit(rec, order, t0, t1) > 0]
    if not len(order):
        return []
    codes = rec.units["population"].cat.codes.to_numpy()
    given = next((row for row in picked if row is not None), order[0])
    same = codes[order] == codes[given]
    return np.r_[order[same], order[~same]].tolist()


def _taken(
    rec: Recording,
    selection: Selection,
    between: str,
    picked: tuple[Any, Any],
    tolerance_ms: float,
    measure: str,
    scales: Scales,
    whole: bool,
) -> tuple[Train, Train, tuple[float, float], str]:
    """The trains A and B, the part of the window that is taken, s, and what the caption says of that."""
    t0, t1 = window_of(rec, selection)
    in_all = _choose(rec, selection, between, picked, t0, t1)

    # What each end takes is asked for in several ways.
    @cache
    def until(end: float) -> tuple[Train, Train]:
        try:
            return _choose(rec, selection, between, picked, t0, end)
        except NothingToDraw:
            # Fewer than two fire so early.
            return in_all

    window, words = window_of_two(
        rec, lambda end: [train.rows.tolist() for train in until(end)], " and ".join(train.name for train in in_all),
        (t0, t1), tolerance_ms, measure, scales, whole,
    )  # fmt: skip
    a, b = until(window[1])
    return a, b, window, words


def numbers(
    rec: Recording,
    selection: Selection,
    between: str,
    picked: tuple[Any, Any],
    viewport: Viewport,
    tolerance_ms: float,
    measure: str,
    scales: Scales,
    whole: bool,
) -> Result:
    """One row per spike of either train, in a table that is made when it is asked for.

    Parameters
    ----------
    between : "units" or "populations"
    picked : A and B; None takes two active units of one population, or the first populations
    """
    # Before any spike is read: gigabytes of them would not fit into memory.
    a, b, window, shortened = _taken(rec, selection, between, picked, tolerance_ms, measure, scales, whole)
    groups, notes = [a.rows.tolist(), b.rows.tolist()], []
    width, snapped, changed = snap_bin(rec.tick, tolerance_ms) if tolerance_ms else (0, 0.0, False)
    if changed:
        notes.append(
            f"A tolerance of {tolerance_ms:g} ms was snapped to {snapped:.6g} ms, a multiple of the clock."
        )
    trains, matching = matched(rec, groups, width, window)
    if not trains.n_spikes:
        raise NothingToDraw(
            f"neither {a.name} nor {b.name} has a spike in {span(*window)}: choose others, or more time"
        )
    drawn = "isi" if measure == "isi" else "spike"
    profile = recalled(distance_profile, rec, groups[0], groups[1], drawn, *window)
    scores, more = _scores(rec, groups, scales, window, {drawn: profile.mean})
    curve, again = distance_over_scale(rec, groups, measure, window)
    seen = on_screen(viewport, *window)
    events = events_on_screen(trains, matching, rec.ticks_per_second, seen)
    extra = {
        "a": a, "b": b, "profile": profile, "curve": curve, "window": window, "events": events,
        "first": first_divergence(trains, matching, rec.ticks_per_second),
    }  # fmt: skip
    chance = matches_by_chance(trains, width)
    caption = shortened + _caption(a, b, trains, matching, window, snapped, scores, extra["first"], chance)
    caption += "" if seen == window else f" {events.words}"
    return Result(
        lambda: event_table(trains, matching, a, b, rec.ticks_per_second),
        caption,
        (*notes, *_drawing_notes(events, profile), *more, *again),
        extra,
    )


def _drawing_notes(events: Events, profile: Profile) -> list[str]:
    """What has to be said where not every spike and piece on screen is drawn by itself."""
    notes = []
    if events.crowded:
        step = (events.window[1] - events.window[0]) / STEPS
        notes.append(
            f"{events.n_spikes:,} spikes on screen: drawn as the number of each kind over time, in steps of "
            f"{duration(1e3 * step)}. Zoom in to see single spikes."
        )
    if is_averaged(pieces_on_screen(profile, *events.window)):
        notes.append(
            "The local distance is drawn as its mean over steps of the screen's width: zoom in to see all."
        )
    return notes


def _scores(
    rec: Recording,
    groups: list[list[int]],
    scales: Scales,
    window: tuple[float, float],
    known: Mapping[str, float],
) -> tuple[dict[str, float], list[str]]:
    """All measures of two trains but those that take too long; some are known by name."""
    scores, notes = {}, []
    for measure in MEASURES:
        name, scale = scales.words(measure), scales.of(measure)
        if measure in known:
            scores[name] = known[measure]
        elif steps_needed(rec, groups, measure, scale, *window) > MOST_STEPS:
            notes.append(f"{name} would take too long for so many spikes: choose less time or fewer units.")
        elif measure == "synchronisation":
            scores[name] = float(recalled(spike_synchronisation, rec, groups, *window)[0, 1])
        else:
            scores[name] = float(recalled(distance_matrix, rec, groups, measure, scale, *window)[0, 1])
    return scores, notes


def _caption(
    a: Train,
    b: Train,
    trains: Trains,
    matching: Matching,
    window: tuple[float, float],
    tolerance_ms: float,
    scores: dict[str, float],
    first: tuple[float, bool] | None,
    chance: float | None,
) -> str:
    n_a, n_b = (int(n) for n in trains.counts)
    by_chance = "" if chance is None else f" (about {chance:,.{0 if chance >= 10 else 1}f} would by chance)"
    text = (
        f"A: {_who(a)} ({many(n_a, 'spike')}); B: {_who(b)} ({many(n_b, 'spike')}), in {span(*window)}. "
        f"{len(matching.pairs):,} match within ±{tolerance_ms:g} ms{by_chance}, "
        f"{len(matching.missing):,} of A are missing in B, {len(matching.extra):,} of B are extra. "
    )
    if len(matching.pairs):
        shift = 1e3 * trains.tick * matching.displacement
        text += f"Mean displacement {shift.mean():+.3g} ms, absolute {np.abs(shift).mean():.3g} ms. "
    if first is None:
        text += "They never part: every spike has its partner. "
    else:
        text += f"First divergence at {first[0]:.6g} s, a spike of {'A' if first[1] else 'B'} alone. "
    return text + "; ".join(f"{name} {value:.4g}" for name, value in scores.items()) + "."


def _who(train: Train) -> str:
    return train.name if len(train.rows) == 1 else f"{train.name}, {len(train.rows):,} units pooled"


def draw(result: Result, measure: str, scales: Scales) -> go.Figure:
    """Events, profile and curve above each other."""
    figure = go.Figure()
    events: Events = result.extra["events"]
    (add_numbers if events.crowded else add_events)(figure, events)
    name = "ISI-distance" if measure == "isi" else "SPIKE-distance"
    add_profile(figure, result.extra["profile"], name, events.window)
    add_curve(figure, result.extra["curve"], scales)
    _add_divergence(figure, result.extra["first"])
    window = list(result.extra["window"])
    method = result.extra["curve"][0]
    rows = {"title": "Spikes per step", "rangemode": "tozero"} if events.crowded else _named_rows(result)
    return figure.update_layout(
        xaxis={"title": "Time (s)", "anchor": "y2", "range": window},
        # What is up here changes as one zooms in: its axis is not for zooming.
        yaxis=rows | {"domain": [0.67, 1], "fixedrange": True},
        yaxis2={
            "domain": [0.41, 0.62], "rangemode": "tozero", "nticks": 4,
            "title": "ISI-dist." if measure == "isi" else "SPIKE-dist.",
        },
        xaxis2={
            "anchor": "y3", "type": "log", "exponentformat": "none",
            "title": "Time constant τ (ms)" if method == "van_rossum" else "Cost q (1/s)",
        },
        yaxis3={
            "domain": [0, 0.2], "anchor": "x2", "rangemode": "tozero", "nticks": 4,
            "title": "van Rossum" if method == "van_rossum" else "V.–Purpura",
        },
        legend={"y": 1.04},
        margin={"t": 58},
    )  # fmt: skip


def _named_rows(result: Result) -> dict[str, Any]:
    names = [f"A  {label(result.extra['a'].name, 16)}", f"B  {label(result.extra['b'].name, 16)}"]
    return {
        "tickvals": [1, 0], "ticktext": names, "range": [-0.5, 1.5], "showgrid": False,
        "title": "",
    }  # fmt: skip


def _add_divergence(figure: go.Figure, first: tuple[float, bool] | None) -> None:
    if first is None:
        return
    line = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_shape(type="line", x0=first[0], x1=first[0], yref="paper", y0=0.41, y1=1, line=line)
    figure.add_annotation(
        x=first[0], yref="paper", y=1, text="first divergence", showarrow=False, yanchor="bottom",
        xanchor="left", font={"size": 11},
    )  # fmt: skip
