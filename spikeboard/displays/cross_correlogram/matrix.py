"""Coefficients of correlation of all pairs of many trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.correlation import count_correlation
from spikeboard.analysis.order import similarity_order
from spikeboard.analysis.tiling import sttc
from spikeboard.displays.beginning import window_taken
from spikeboard.displays.trains import Train, chosen_rows, chosen_trains, pair_hover, pair_table
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import DIVERGING, label
from spikeboard.view import Result
from spikeboard.views.chosen import (
    NEUTRAL,
    many,
    span,
    spikes_per_unit,
    window_of,
)

MOST_OF_MATRIX = 200
# Seconds that a spike takes by itself, and with each of the trains.
SPIKE_S = {"sttc": (12e-9, 0.14e-9), "pearson": (10e-9, 0.35e-9)}


def numbers(
    rec: Recording,
    selection: Selection,
    between: str,
    coefficient: str,
    coincidence_ms: float,
    sort: str,
    whole: bool,
) -> Result:
    """One row per pair of trains: first, second, coefficient."""
    t0, t1 = window_of(rec, selection)

    def seconds(end: float) -> float:
        groups = chosen_rows(rec, selection, between, t0, end, MOST_OF_MATRIX)
        alone, with_each = SPIKE_S[coefficient]
        n_spikes = spikes_per_unit(rec, np.concatenate(groups).astype(np.int64), t0, end).sum()
        return float(n_spikes * (alone + with_each * len(groups)))

    t1, shortened = window_taken(rec, t0, t1, seconds, whole=whole)
    sides, notes = chosen_trains(rec, selection, between, t0, t1, MOST_OF_MATRIX)
    if len(sides) < 2:
        raise NothingToDraw(
            f"a correlation matrix needs two trains with spikes; the selection has {len(sides)} in {span(t0, t1)}"
        )
    groups = [side.rows.tolist() for side in sides]
    values, how, more = _pairwise(rec, groups, coefficient, coincidence_ms, t0, t1)
    order = _ordered(values, sort)
    sides, values = [sides[k] for k in order], values[np.ix_(order, order)]
    frame = pair_table(sides, values, "coefficient")
    known = frame["coefficient"].dropna().to_numpy()
    if not len(known):
        raise NothingToDraw("no pair of trains has a coefficient: their counts never change")
    caption = shortened + (
        f"{how} of {many(len(known), 'pair')} of {len(sides)} {between} in {span(t0, t1)}: "
        f"median {np.median(known):.3g}, from {known.min():.3g} to {known.max():.3g}."
    )
    extra = {"values": values, "sides": sides, "sorted": sort == "similarity"}
    return Result(frame, caption, (*notes, *more), extra)


def _pairwise(
    rec: Recording, groups: list[list[int]], coefficient: str, width_ms: float, t0: float, t1: float
) -> tuple[NDArray[np.floating], str, list[str]]:
    if coefficient == "sttc":
        values = recalled(sttc, rec, groups, width_ms, t0, t1)
        return values, f"Spike-time tiling coefficient (±{width_ms:g} ms)", []
    found = recalled(count_correlation, rec, groups, width_ms, t0, t1)
    notes = []
    if found.left_over_spikes:
        notes.append(f"{many(found.left_over_spikes, 'spike')} in the cut last bin did not go in.")
    how = f"Correlation of counts in {found.n_bins:,} bins of {found.bin_s * 1e3:.6g} ms"
    return found.values, how, notes


def _ordered(values: NDArray[np.floating], sort: str) -> NDArray[np.int64]:
    if sort == "id" or len(values) < 3:
        return np.arange(len(values))
    return similarity_order(np.nan_to_num(values))


def draw(result: Result, coefficient: str) -> go.Figure:
    """A heat map of the coefficients, with borders between populations."""
    values, sides = result.extra["values"].astype("f4"), result.extra["sides"]
    n = len(sides)
    shown_values = values.copy()
    np.fill_diagonal(shown_values, np.nan)
    reach = float(np.nanmax(np.abs(shown_values))) or 1.0
    names = [label(side.name, 24) for side in sides]
    figure = go.Figure()
    figure.add_heatmap(
        z=shown_values, x=np.arange(n), y=np.arange(n), colorscale=DIVERGING, zmin=-reach, zmax=reach, zmid=0,
        colorbar={"title": {"text": "STTC" if coefficient == "sttc" else "r"}, "thickness": 14, "outlinewidth": 0},
        **pair_hover(names, "%{z:.3f}"),
    )  # fmt: skip
    _add_borders(figure, sides, result.extra["sorted"])
    ticks = _unit_ticks(sides, names, result.extra["sorted"])
    axis = {"showgrid": False, "range": [-0.5, n - 0.5]} | ticks
    down = axis | {"range": [n - 0.5, -0.5], "scaleanchor": "x", "constrain": "domain", "title": "Train"}
    figure.update_layout(xaxis=axis | {"constrain": "domain", "title": "Train"}, yaxis=down)
    return figure


def _population_runs(sides: list[Train]) -> list[tuple[str, int, int]]:
    starts = [k for k, side in enumerate(sides) if k == 0 or side.population != sides[k - 1].population]
    return [(sides[a].population, a, b) for a, b in zip(starts, [*starts[1:], len(sides)], strict=True)]


def _add_borders(figure: go.Figure, sides: list[Train], is_sorted: bool) -> None:
    runs = _population_runs(sides)
    if is_sorted or len(runs) > 40:
        return
    for _, first, _ in runs[1:]:
        line = {"color": NEUTRAL, "width": 1}
        for axis in ("x", "y"):
            other = "y" if axis == "x" else "x"
            figure.add_shape(
                type="line", line=line, **{f"{axis}0": first - 0.5, f"{axis}1": first - 0.5},
                **{f"{other}0": -0.5, f"{other}1": len(sides) - 0.5},
            )  # fmt: skip


def _unit_ticks(sides: list[Train], names: list[str], is_sorted: bool) -> dict[str, Any]:
    """Every train by name where there is room, else the populations, else nothing."""
    if len(sides) <= 30:
        return {"tickvals": list(range(len(sides))), "ticktext": names}
    runs = _population_runs(sides)
    if is_sorted or len(runs) > 20:
        return {"showticklabels": False, "ticks": ""}
    return {
        "tickvals": [(a + b - 1) / 2 for _, a, b in runs],
        "ticktext": [label(name, 16) for name, _, _ in runs],
    }
