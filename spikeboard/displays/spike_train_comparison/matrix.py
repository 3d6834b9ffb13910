"""Distances of all pairs of many trains, in the order of a tree."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import numpy as np
import plotly.graph_objects as go
import scipy
from numpy.typing import NDArray

from spikeboard.analysis.distances import MOST_SPIKES, distance_matrix, steps_needed
from spikeboard.displays.spike_train_comparison.measures import MOST_STEPS, Scales
from spikeboard.displays.spike_train_comparison.reach import window_of_many
from spikeboard.displays.trains import Train, chosen_rows, chosen_trains, pair_hover, pair_table
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, label
from spikeboard.view import Result
from spikeboard.views.chosen import (
    NEUTRAL,
    many,
    span,
    spikes_per_unit,
    window_of,
)

MOST_OF_MATRIX = 100
# Trains are taken up to so many times the steps of one measure of a pair: a second or so.
FOR_MORE_THAN_TWO = 3


def numbers(
    rec: Recording, selection: Selection, between: str, measure: str, scales: Scales, whole: bool
) -> Result:
    """One row per pair of trains: first, second, distance."""
    t0, t1 = window_of(rec, selection)
    window, shortened = window_of_many(
        rec, lambda end: chosen_rows(rec, selection, between, t0, end, MOST_OF_MATRIX), (t0, t1), measure, scales, whole
    )  # fmt: skip
    members, notes = chosen_trains(rec, selection, between, *window, MOST_OF_MATRIX)
    if len(members) < 2:
        raise NothingToDraw(
            f"a matrix of distances takes two trains with spikes; the selection has {len(members)} in {span(*window)}"
        )
    members, more = _affordable(rec, members, measure, scales, window)
    groups = [train.rows.tolist() for train in members]
    values = recalled(distance_matrix, rec, groups, measure, scales.of(measure), *window)
    tree, order = _tree(values)
    values, members = values[np.ix_(order, order)], [members[k] for k in order]
    frame = pair_table(members, values, "distance")
    nearest = frame.iloc[int(frame["distance"].to_numpy().argmin())]
    what = "1 - SPIKE-synchronisation" if measure == "synchronisation" else scales.words(measure)
    caption = shortened + (
        f"{what} of {many(len(frame), 'pair')} of {len(members)} {between} in {span(*window)}, in the order of their "
        f"similarity: mean {frame['distance'].mean():.3g}; nearest are {nearest['first']} and {nearest['second']} "
        f"({nearest['distance']:.3g})."
    )
    extra = {"values": values, "members": members, "tree": tree, "what": what}
    return Result(frame, caption, (*notes, *more), extra)


def _affordable(
    rec: Recording, members: list[Train], measure: str, scales: Scales, window: tuple[float, float]
) -> tuple[list[Train], list[str]]:
    """The trains, or as many of the most active as take a second or so, in their order; and who is left out."""
    spikes = np.array([spikes_per_unit(rec, train.rows, *window).sum() for train in members])
    busiest_first = np.argsort(-spikes, kind="stable")

    def steps(n: int) -> float:
        groups = [members[k].rows.tolist() for k in busiest_first[:n]]
        return steps_needed(rec, groups, measure, scales.of(measure), *window)

    def too_much(n: int) -> bool:
        return spikes[busiest_first[:n]].sum() > MOST_SPIKES or steps(n) > FOR_MORE_THAN_TWO * MOST_STEPS

    if steps(2) > 10 * MOST_STEPS:
        raise NothingToDraw(
            f"{scales.words(measure)} of two trains with {spikes[busiest_first[:2]].sum():,} spikes takes about "
            f"{steps(2):.0e} steps, at most {10 * MOST_STEPS:.0e} are taken: choose less time, fewer units, or another "
            "measure"
        )
    taken = max(2, 1 + bisect_left(range(2, len(members) + 1), True, key=too_much))
    if taken == len(members):
        return members, []
    note = (
        f"The {taken} most active of these {len(members)} trains: {scales.words(measure)} of all pairs of so many "
        "spikes would take too long; choose less time to see more."
    )
    return [members[k] for k in np.sort(busiest_first[:taken])], [note]


def _tree(values: NDArray[np.floating]) -> tuple[dict[str, Any], list[int]]:
    # Rounding makes distances that should be equal differ in the last digits, by machine: the tree must not.
    condensed = np.round(scipy.spatial.distance.squareform(values, checks=False), 9)
    trees = scipy.cluster.hierarchy
    found = trees.optimal_leaf_ordering(trees.linkage(condensed, "average"), condensed)
    tree = trees.dendrogram(found, no_plot=True)
    return tree, tree["leaves"]


def draw(result: Result) -> go.Figure:
    """A heat map of the distances under its tree."""
    values, members = result.extra["values"].astype("f4"), result.extra["members"]
    n = len(members)
    # A train is no distance from itself; drawn, that would take up most of the colours.
    np.fill_diagonal(values, np.nan)
    names = [label(train.name, 20) for train in members]
    figure = go.Figure()
    figure.add_heatmap(
        z=values, x=np.arange(n), y=np.arange(n), colorscale=SEQUENTIAL, reversescale=True,
        colorbar={
            "title": {"text": label(result.extra["what"], 30), "side": "right"}, "thickness": 14, "outlinewidth": 0,
        },
        **pair_hover(names, "%{z:.4g}"),
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
