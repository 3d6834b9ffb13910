"""Two spike trains side by side: which spikes match, where they part, how far apart they are; matrices of distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.cluster.hierarchy import dendrogram, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from spikeboard.analysis.distances import (
    Matching,
    Profile,
    distance_curve,
    distance_matrix,
    distance_profile,
    match_spikes,
    spike_synchronisation,
    steps_needed,
)
from spikeboard.analysis.groups import Trains, grouped_trains
from spikeboard.analysis.trains import snap_bin, unit_rows
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, colour, faded, label, population_colours, shown
from spikeboard.view import Choice, Number, Pick, Result, View
from spikeboard.views.chosen import (
    NEUTRAL,
    Units,
    busiest,
    by_population,
    many,
    named,
    population_rows,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)

MOST_MARKS = 5000
MOST_POINTS = 4000
MOST_OF_MATRIX = 100
# Steps of a few ns that one score may take: about a second.
MOST_STEPS = 3e8
POINTS_OF_CURVE = 25
# Spikes of both trains that are matched again after each of eight shifts.
MOST_SHIFTED = 100_000
MATCHED, MISSING, EXTRA = colour(2), colour(1), colour(0)
MEASURES = {
    "spike": "SPIKE-distance",
    "isi": "ISI-distance",
    "synchronisation": "SPIKE-synchronisation",
    "van_rossum": "van Rossum",
    "victor_purpura": "Victor–Purpura",
}


@dataclass(frozen=True, eq=False)
class Train:
    """One of the trains: its units, its name, its population and colour."""

    rows: Units
    name: str
    population: str
    tint: str


@dataclass(frozen=True)
class Scales:
    """The time scales of the measures that have one: tau in ms, cost in Hz."""

    tau_ms: float
    cost_hz: float

    def of(self, measure: str) -> float | None:
        """The parameter of a measure, None where it has none."""
        return {"van_rossum": self.tau_ms, "victor_purpura": self.cost_hz}.get(measure)

    def words(self, measure: str) -> str:
        """A measure with its parameter."""
        unit = {"van_rossum": f" (τ = {self.tau_ms:g} ms)", "victor_purpura": f" (q = {self.cost_hz:g}/s)"}
        return MEASURES[measure] + unit.get(measure, "")


def comparison(
    rec: Recording,
    selection: Selection,
    display: str,
    between: str,
    first: int | None,
    second: int | None,
    first_population: str | None,
    second_population: str | None,
    tolerance_ms: float,
    measure: str,
    tau_ms: float,
    cost_hz: float,
) -> Result:
    """Two spike trains, A and B, spike by spike and as a whole.

    **Spikes.** A spike of A and one of B match where they lie no further apart than the tolerance: one to one, as many
    pairs as possible, and of these the least total displacement. A spike of A without a partner is *missing* in B, a
    spike of B without one is *extra*. The first divergence is the earliest spike of either without a partner. By
    chance is the mean number of matches when B is shifted in time by k/9 of the window (k = 1…8; what leaves the
    window enters at its other end): rates and intervals stay, the relation of the trains is lost.

    **Distances.** *SPIKE-distance* (Kreuz et al. 2013): how far each spike is from the nearest of the other train, per
    local interval. *ISI-distance* (Kreuz et al. 2007): how much the current intervals differ. *SPIKE-synchronisation*
    (Kreuz et al. 2015): the share of spikes with a partner nearer than half of every interval around, a similarity.
    These three lie in 0…1 and need no time scale; at the ends of the window they are corrected as in Mulansky et al.
    (2015). *van Rossum* (2001): Euclidean distance of the trains smoothed by a causal exponential of time constant τ,
    normalised so that one lone spike is 1 away from silence. *Victor–Purpura* (1996): least cost of turning A into B,
    1 for deleting or inserting a spike and q per second of moving one. Small τ, or large q, asks for coincidence; large
    τ, or small q, for equal numbers of spikes: the curve shows at which time scale the trains differ (Victor and
    Purpura's where that is the measure, else van Rossum's).

    **Over time.** The local SPIKE- or ISI-distance, whose mean over the window is the distance.

    **Matrix.** The distance of all pairs of up to 100 units (the most active), ordered by average-linkage clustering
    with optimal leaf order (Bar-Joseph et al. 2001); the tree above joins groups at the mean distance of their members.

    Parameters
    ----------
    display : "pair" or "matrix"
    between : "units" or "populations" (pooled into one train)
    first, second : unit rows of A and B; None takes the two most active units of one population
    first_population, second_population : names; None takes the first two of the selection
    tolerance_ms : ms, taken to the nearest whole number of clock ticks
    measure : "spike", "isi", "synchronisation", "van_rossum" or "victor_purpura": of the matrix, the profile and the
        curve
    tau_ms : time constant of van Rossum's distance, ms
    cost_hz : cost of Victor and Purpura's distance, per second

    Returns
    -------
    Result : one row per spike: time_s, train, kind (matched, missing, extra), partner_s, displacement_ms; or one row
        per pair of units
    """
    t0, t1 = window_of(rec, selection)
    scales = Scales(tau_ms, cost_hz)
    if display == "matrix":
        return _matrix(rec, selection, between, measure, scales)
    picked = (first, second) if between == "units" else (first_population, second_population)
    a, b = _pair(rec, selection, between, picked, t0, t1)
    return _compared(rec, a, b, (t0, t1), tolerance_ms, measure, scales)


def draw(result: Result, display: str, measure: str, **settings: Any) -> go.Figure:
    """Events, profile and curve above each other; or a matrix under its tree."""
    if display == "matrix":
        return _draw_matrix(result)
    return _draw_pair(result, measure, Scales(settings["tau_ms"], settings["cost_hz"]))


def _pair(
    rec: Recording, selection: Selection, between: str, picked: tuple[Any, Any], t0: float, t1: float
) -> tuple[Train, Train]:
    if between == "populations":
        names = list(by_population(rec, rows_of(rec, selection)))
        a, b = _filled(picked, names, "population")
        return _population(rec, selection, a), _population(rec, selection, b)
    unit_rows(rec, [row for row in picked if row is not None])
    a, b = _filled(picked, _alike(rec, selection, picked, t0, t1) if None in picked else [], "unit")
    return _unit(rec, a), _unit(rec, b)


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


def _unit(rec: Recording, row: int) -> Train:
    population = str(rec.units["population"].iloc[row])
    rows = np.array([row], np.int64)
    return Train(rows, named(rec, row), population, population_colours(rec)[population])


def _population(rec: Recording, selection: Selection, name: str) -> Train:
    rows = population_rows(rec, selection, name)
    return Train(rows, shown(name), name, population_colours(rec)[name])


def _compared(
    rec: Recording,
    a: Train,
    b: Train,
    window: tuple[float, float],
    tolerance_ms: float,
    measure: str,
    scales: Scales,
) -> Result:
    groups, notes = [a.rows.tolist(), b.rows.tolist()], []
    width, snapped, changed = snap_bin(rec.tick, tolerance_ms) if tolerance_ms else (0, 0.0, False)
    if changed:
        notes.append(
            f"A tolerance of {tolerance_ms:g} ms was snapped to {snapped:.6g} ms, a multiple of the clock."
        )
    trains, matching = _matched(rec, groups, width, window)
    if not len(trains.ticks):
        raise NothingToDraw(
            f"neither {a.name} nor {b.name} has a spike in {span(*window)}: choose others, or more time"
        )
    scores, more = _scores(rec, groups, scales, window)
    profile = distance_profile(rec, groups[0], groups[1], "isi" if measure == "isi" else "spike", *window)
    curve, again = _curve(rec, groups, measure, window)
    extra = {
        "a": a, "b": b, "trains": trains, "matching": matching, "profile": profile, "curve": curve,
        "window": window, "tolerance_ms": snapped, "first": _first(trains, matching, rec.ticks_per_second),
        "per_second": rec.ticks_per_second,
    }  # fmt: skip
    if len(trains.ticks) > MOST_MARKS:
        notes.append(
            f"More than {MOST_MARKS:,} spikes: drawn as the number of each kind over time; choose a shorter time "
            "window to see single spikes."
        )
    if len(profile.left) * 2 > MOST_POINTS:
        notes.append("The local distance is drawn as its mean over steps of the screen's width.")
    chance = _by_chance(trains, width)
    caption = _caption(a, b, trains, matching, window, snapped, scores, extra["first"], chance)
    return Result(
        lambda: _events(trains, matching, a, b, rec.ticks_per_second), caption, (*notes, *more, *again), extra
    )


def _matched(
    rec: Recording, groups: list[list[int]], tolerance_ticks: int, window: tuple[float, float]
) -> tuple[Trains, Matching]:
    """Trains and matching; a tolerance of 0 asks for the same tick."""
    trains = grouped_trains(rec, groups, *window)
    return trains, match_spikes(trains[0], trains[1], tolerance_ticks)


def _by_chance(trains: Trains, tolerance_ticks: int) -> float | None:
    """Matches when the second train is shifted around the window; None for so many spikes that it would take long."""
    if len(trains.ticks) > MOST_SHIFTED:
        return None
    span_ticks = trains.span + 1
    shifts = np.arange(1, 9) * span_ticks // 9
    moved = [np.sort((trains[1] - trains.start + shift) % span_ticks + trains.start) for shift in shifts]
    return float(np.mean([len(match_spikes(trains[0], other, tolerance_ticks).pairs) for other in moved]))


def _scores(
    rec: Recording, groups: list[list[int]], scales: Scales, window: tuple[float, float]
) -> tuple[dict[str, float], list[str]]:
    scores, notes = {}, []
    for measure in MEASURES:
        if steps_needed(rec, groups, measure, scales.of(measure), *window) > MOST_STEPS:
            name = scales.words(measure)
            notes.append(f"{name} would take too long for so many spikes: choose less time or fewer units.")
            continue
        found = (
            spike_synchronisation(rec, groups, *window)
            if measure == "synchronisation"
            else distance_matrix(rec, groups, measure, scales.of(measure), *window)
        )
        scores[scales.words(measure)] = float(found[0, 1])
    return scores, notes


def _curve(
    rec: Recording, groups: list[list[int]], measure: str, window: tuple[float, float]
) -> tuple[tuple[str, NDArray[np.floating], NDArray[np.floating]], list[str]]:
    """Distance over its time scale: the measure, the parameters and the values."""
    method = "victor_purpura" if measure == "victor_purpura" else "van_rossum"
    asked = np.geomspace(1, 1000, POINTS_OF_CURVE)
    steps = [POINTS_OF_CURVE * steps_needed(rec, groups, method, p, *window) for p in (asked[0], asked[-1])]
    if max(steps) > 10 * MOST_STEPS:
        asked = asked[POINTS_OF_CURVE // 2 :: 4]
    taken = [p for p in asked if steps_needed(rec, groups, method, p, *window) * len(asked) < 5 * MOST_STEPS]
    values = distance_curve(rec, groups[0], groups[1], method, taken, *window)
    notes = (
        []
        if len(taken) == POINTS_OF_CURVE
        else ["The curve is drawn at fewer points: so many spikes take long."]
    )
    return (method, np.asarray(taken), values), notes


def _first(trains: Trains, matching: Matching, per_second: float) -> tuple[float, bool] | None:
    """When the trains part, s, and whether the spike is one of A; None where they do not."""
    alone = [(int(trains[0][k]), True) for k in matching.missing[:1]]
    alone += [(int(trains[1][k]), False) for k in matching.extra[:1]]
    return min(((tick / per_second, of_a) for tick, of_a in alone), default=None)


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


def _events(trains: Trains, matching: Matching, a: Train, b: Train, per_second: float) -> pd.DataFrame:
    """Every spike of both trains with its kind and partner, in order of time."""
    tables = []
    for side, train in enumerate((a, b)):
        times = trains[side] / per_second
        partner = np.full(len(times), np.nan)
        partner[matching.pairs[:, side]] = trains[1 - side][matching.pairs[:, 1 - side]] / per_second
        kind = np.where(np.isnan(partner), "missing" if side == 0 else "extra", "matched")
        table = pd.DataFrame({"time_s": times, "train": f"{'AB'[side]}: {train.name}", "kind": kind})
        table["partner_s"] = partner
        shift = np.full(len(times), np.nan)
        shift[matching.pairs[:, side]] = (1 - 2 * side) * matching.displacement / (per_second / 1e3)
        tables.append(table.assign(displacement_ms=shift))
    return pd.concat(tables, ignore_index=True).sort_values("time_s", kind="stable", ignore_index=True)


def _draw_pair(result: Result, measure: str, scales: Scales) -> go.Figure:
    figure = go.Figure()
    trains: Trains = result.extra["trains"]
    crowded = len(trains.ticks) > MOST_MARKS
    (_add_numbers if crowded else _add_events)(figure, result)
    _add_profile(figure, result.extra["profile"], "ISI-distance" if measure == "isi" else "SPIKE-distance")
    _add_curve(figure, result.extra["curve"], scales)
    _add_divergence(figure, result.extra["first"])
    window = list(result.extra["window"])
    method = result.extra["curve"][0]
    events = {"title": "Spikes per bin", "rangemode": "tozero"} if crowded else _named_rows(result)
    return figure.update_layout(
        xaxis={"title": "Time (s)", "anchor": "y2", "range": window},
        yaxis=events | {"domain": [0.67, 1]},
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
        "tickvals": [1, 0], "ticktext": names, "range": [-0.5, 1.5], "showgrid": False, "fixedrange": True,
        "title": "",
    }  # fmt: skip


def _add_events(figure: go.Figure, result: Result) -> None:
    trains, matching = result.extra["trains"], result.extra["matching"]
    a, b = (trains[k] / result.extra["per_second"] for k in (0, 1))
    pairs = matching.pairs
    ends = np.stack([a[pairs[:, 0]], b[pairs[:, 1]], np.full(len(pairs), np.nan)], axis=1).ravel()
    figure.add_scatter(
        x=ends, y=np.tile(np.array([0.8, 0.2, np.nan], "f4"), len(pairs)), mode="lines", hoverinfo="skip",
        line={"color": faded(MATCHED, 0.55), "width": 1}, showlegend=False,
    )  # fmt: skip
    shift = (matching.displacement * trains.tick * 1e3).astype("f4")
    matched = np.r_[a[pairs[:, 0]], b[pairs[:, 1]]]
    figure.add_scatter(
        x=matched, y=np.repeat(np.array([1, 0], "i1"), len(pairs)), customdata=np.r_[shift, shift],
        mode="markers", name=f"matched ({len(pairs):,})",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 1.5, "color": MATCHED}, "color": MATCHED},
        hovertemplate="%{x:.6f} s, B after A by %{customdata:+.3g} ms<extra>matched</extra>",
    )  # fmt: skip
    _add_alone(figure, a[matching.missing], 1, "triangle-down", MISSING, "missing in B")
    _add_alone(figure, b[matching.extra], 0, "triangle-up", EXTRA, "extra in B")


def _add_alone(
    figure: go.Figure, times: NDArray[np.floating], place: int, symbol: str, tint: str, name: str
) -> None:
    figure.add_scatter(
        x=times, y=np.full(len(times), place, "i1"), mode="markers", name=f"{name} ({len(times):,})",
        marker={"symbol": symbol, "size": 8, "color": faded(tint, 0.85)},
        hovertemplate="%{x:.6f} s<extra>" + name + "</extra>",
    )  # fmt: skip


def _add_numbers(figure: go.Figure, result: Result) -> None:
    """How many spikes of each kind, over time, where there are too many for marks."""
    trains, matching = result.extra["trains"], result.extra["matching"]
    t0, t1 = result.extra["window"]
    edges = np.linspace(t0, t1, 401)
    kinds = (
        ("matched", MATCHED, trains[0][matching.pairs[:, 0]], "solid"),
        ("missing in B", MISSING, trains[0][matching.missing], "dash"),
        ("extra in B", EXTRA, trains[1][matching.extra], "dot"),
    )
    for name, tint, ticks, dash in kinds:
        counts = np.histogram(ticks / result.extra["per_second"], edges)[0]
        figure.add_scatter(
            x=edges, y=np.r_[counts, counts[-1:]].astype("i4"), mode="lines", name=f"{name} ({len(ticks):,})",
            line={"shape": "hv", "width": 1.2, "color": tint, "dash": dash},
            hovertemplate="%{x:.4f} s: %{y}<extra>" + name + "</extra>",
        )  # fmt: skip


def _add_profile(figure: go.Figure, profile: Profile, name: str) -> None:
    x, y = _course(profile)
    figure.add_scatter(
        x=x, y=y.astype("f4"), yaxis="y2", mode="lines", line={"color": NEUTRAL, "width": 1.2}, fill="tozeroy",
        fillcolor=faded(NEUTRAL, 0.25), showlegend=False,
        hovertemplate="%{x:.4f} s: %{y:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip
    figure.add_shape(
        type="line", xref="x domain", x0=0, x1=1, yref="y2", y0=profile.mean, y1=profile.mean,
        line={"color": NEUTRAL, "width": 1, "dash": "dash"},
    )  # fmt: skip


def _course(profile: Profile) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The profile as a line; its means over equal steps where it has more pieces than a screen has pixels."""
    edges, left, right = profile.edges_s, profile.left, profile.right
    if 2 * len(left) <= MOST_POINTS:
        return np.repeat(edges, 2)[1:-1], np.stack([left, right], axis=1).ravel()
    grid = np.linspace(edges[0], edges[-1], MOST_POINTS // 2 + 1)
    length = np.diff(edges)
    before = np.r_[0, np.cumsum(length * (left + right) / 2)]
    k = np.clip(np.searchsorted(edges, grid, side="right") - 1, 0, len(left) - 1)
    into = grid - edges[k]
    area = before[k] + into * left[k] + (right[k] - left[k]) * into**2 / (2 * length[k])
    return (grid[:-1] + grid[1:]) / 2, np.diff(area) / np.diff(grid)


def _add_curve(
    figure: go.Figure, curve: tuple[str, NDArray[np.floating], NDArray[np.floating]], scales: Scales
) -> None:
    method, parameters, values = curve
    if not len(parameters):
        return
    unit = "ms" if method == "van_rossum" else "/s"
    figure.add_scatter(
        x=parameters.astype("f4"), y=values.astype("f4"), xaxis="x2", yaxis="y3", mode="lines+markers",
        line={"color": colour(4), "width": 1.6}, marker={"size": 4}, showlegend=False,
        hovertemplate="%{x:.3g} " + unit + ": %{y:.4g}<extra>" + MEASURES[method] + "</extra>",
    )  # fmt: skip
    at = scales.of(method)
    if at and parameters[0] <= at <= parameters[-1]:
        figure.add_shape(
            type="line", xref="x2", yref="y3 domain", x0=at, x1=at, y0=0, y1=1,
            line={"color": NEUTRAL, "width": 1, "dash": "dash"},
        )  # fmt: skip


def _add_divergence(figure: go.Figure, first: tuple[float, bool] | None) -> None:
    if first is None:
        return
    line = {"color": NEUTRAL, "width": 1.2, "dash": "dot"}
    figure.add_shape(type="line", x0=first[0], x1=first[0], yref="paper", y0=0.41, y1=1, line=line)
    figure.add_annotation(
        x=first[0], yref="paper", y=1, text="first divergence", showarrow=False, yanchor="bottom",
        xanchor="left", font={"size": 11},
    )  # fmt: skip


def _matrix(rec: Recording, selection: Selection, between: str, measure: str, scales: Scales) -> Result:
    window = window_of(rec, selection)
    members, notes = _members(rec, selection, between, window)
    if len(members) < 2:
        raise NothingToDraw(
            f"a matrix of distances takes two trains with spikes; the selection has {len(members)} in {span(*window)}"
        )
    groups = [train.rows.tolist() for train in members]
    steps = steps_needed(rec, groups, measure, scales.of(measure), *window)
    if steps > 10 * MOST_STEPS:
        raise NothingToDraw(
            f"{scales.words(measure)} of {len(members)} trains takes about {steps:.0e} steps, at "
            f"most {10 * MOST_STEPS:.0e} are taken: choose fewer units, less time, or another measure"
        )
    values = distance_matrix(rec, groups, measure, scales.of(measure), *window)
    tree, order = _tree(values)
    values, members = values[np.ix_(order, order)], [members[k] for k in order]
    upper = np.triu_indices(len(members), 1)
    names = np.array([train.name for train in members], object)
    frame = pd.DataFrame({"first": names[upper[0]], "second": names[upper[1]], "distance": values[upper]})
    nearest = frame.iloc[int(frame["distance"].to_numpy().argmin())]
    what = "1 - SPIKE-synchronisation" if measure == "synchronisation" else scales.words(measure)
    caption = (
        f"{what} of {many(len(frame), 'pair')} of {len(members)} {between} in {span(*window)}, in the order of their "
        f"similarity: mean {frame['distance'].mean():.3g}; nearest are {nearest['first']} and {nearest['second']} "
        f"({nearest['distance']:.3g})."
    )
    extra = {"values": values, "members": members, "tree": tree, "what": what}
    return Result(frame, caption, tuple(notes), extra)


def _members(
    rec: Recording, selection: Selection, between: str, window: tuple[float, float]
) -> tuple[list[Train], list[str]]:
    rows = rows_of(rec, selection)
    if between == "populations":
        groups = by_population(rec, rows)
        groups = {name: own for name, own in groups.items() if spikes_per_unit(rec, own, *window).any()}
        names = list(groups)[:MOST_OF_MATRIX]
        notes = (
            [f"The first {MOST_OF_MATRIX} of {len(groups):,} populations."]
            if len(groups) > len(names)
            else []
        )
        return [_population(rec, selection, name) for name in names], notes
    fired = rows[spikes_per_unit(rec, rows, *window) > 0]
    silent = len(rows) - len(fired)
    notes = [f"{many(silent, 'silent unit')} left out."] if silent else []
    if len(fired) > MOST_OF_MATRIX:
        notes.append(f"The {MOST_OF_MATRIX} most active of {len(fired):,} units; select units to see others.")
        fired = np.sort(busiest(rec, fired, *window, MOST_OF_MATRIX))
    return [_unit(rec, int(row)) for row in fired], notes


def _tree(values: NDArray[np.floating]) -> tuple[dict[str, Any], list[int]]:
    # Rounding makes distances that should be equal differ in the last digits, by machine: the tree must not.
    condensed = np.round(squareform(values, checks=False), 9)
    found = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    tree = dendrogram(found, no_plot=True)
    return tree, tree["leaves"]


def _draw_matrix(result: Result) -> go.Figure:
    values, members = result.extra["values"].astype("f4"), result.extra["members"]
    n = len(members)
    # A train is no distance from itself; drawn, that would take up most of the colours.
    np.fill_diagonal(values, np.nan)
    names = [label(train.name, 20) for train in members]
    figure = go.Figure()
    figure.add_heatmap(
        z=values, x=np.arange(n), y=np.arange(n), colorscale=SEQUENTIAL, reversescale=True,
        text=[[f"{a} and {b}" for b in names] for a in names] if n <= 60 else None,
        colorbar={
            "title": {"text": label(result.extra["what"], 30), "side": "right"}, "thickness": 14, "outlinewidth": 0,
        },
        hovertemplate=("%{text}" if n <= 60 else "%{y} and %{x}") + ": %{z:.4g}<extra></extra>",
    )  # fmt: skip
    _add_tree(figure, result.extra["tree"])
    _add_populations(figure, members)
    ticks = (
        {"tickvals": list(range(n)), "ticktext": names} if n <= 40 else {"showticklabels": False, "ticks": ""}
    )
    return figure.update_layout(
        xaxis={"range": [-0.5, n - 0.5], "showgrid": False, "title": "Train", "anchor": "y"} | ticks,
        yaxis={"range": [n - 0.5, -2], "showgrid": False, "domain": [0, 0.8], "title": "Train"} | ticks,
        yaxis2={
            "domain": [0.82, 1], "anchor": "x", "title": "Distance", "rangemode": "tozero", "nticks": 3,
            "showgrid": False,
        },
        legend={"y": 1.02},
    )  # fmt: skip


def _add_tree(figure: go.Figure, tree: dict[str, Any]) -> None:
    gap = np.full((len(tree["icoord"]), 1), np.nan)
    x = np.hstack([(np.asarray(tree["icoord"]) - 5) / 10, gap]).ravel().astype("f4")
    y = np.hstack([np.asarray(tree["dcoord"]), gap]).ravel().astype("f4")
    figure.add_scatter(
        x=x, y=y, yaxis="y2", mode="lines", line={"color": NEUTRAL, "width": 1}, showlegend=False,
        hovertemplate="joined at %{y:.4g}<extra></extra>",
    )  # fmt: skip


def _add_populations(figure: go.Figure, members: list[Train]) -> None:
    """A strip above the matrix says which population each train is of."""
    populations = list(dict.fromkeys(train.population for train in members))
    if not 1 < len(populations) <= 12:
        return
    for name in populations:
        at = np.array([k for k, train in enumerate(members) if train.population == name], "i2")
        tint = members[int(at[0])].tint
        figure.add_scatter(
            x=at, y=np.full(len(at), -1.25, "f4"), mode="markers", name=label(name),
            marker={"symbol": "square", "size": 7, "color": tint}, hoverinfo="name",
        )  # fmt: skip


VIEW = View(
    "spike_train_comparison",
    "Spike train comparison",
    page="compare",
    data=comparison,
    figure=draw,
    settings={
        "display": Choice("pair", {"pair": "Two trains", "matrix": "Matrix of distances"}, "Show"),
        "between": Choice("units", {"units": "Units", "populations": "Populations"}, "Between"),
        "first": Pick(
            "unit", "Unit A", empty="most active", when={"display": ("pair",), "between": ("units",)}
        ),
        "second": Pick(
            "unit", "Unit B", empty="most active", when={"display": ("pair",), "between": ("units",)}
        ),
        "first_population": Pick(
            "population",
            "Population A",
            empty="first",
            when={"display": ("pair",), "between": ("populations",)},
        ),
        "second_population": Pick(
            "population",
            "Population B",
            empty="second",
            when={"display": ("pair",), "between": ("populations",)},
        ),
        "tolerance_ms": Number(5.0, 0.0, 1000.0, "Tolerance, ±", "ms", when={"display": ("pair",)}),
        "measure": Choice("spike", MEASURES, "Measure"),
        "tau_ms": Number(20.0, 0.01, 100_000.0, "van Rossum τ", "ms"),
        "cost_hz": Number(100.0, 0.0, 100_000.0, "Victor–Purpura q", "1/s"),
    },
    order=100,
    height=600,
)
