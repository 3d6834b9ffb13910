"""The distance over its time scale: the lower panel of a pair."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.distances import distance_curve, steps_needed
from spikeboard.displays.marks import upright
from spikeboard.displays.spike_train_comparison.measures import MEASURES, MOST_STEPS, Scales
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.theme import colour

POINTS_OF_CURVE = 25


def distance_over_scale(
    rec: Recording, groups: list[list[int]], measure: str, window: tuple[float, float]
) -> tuple[tuple[str, NDArray[np.floating], NDArray[np.floating]], list[str]]:
    """Distance over its time scale: the measure, the parameters and the values."""
    method = "victor_purpura" if measure == "victor_purpura" else "van_rossum"
    asked = np.geomspace(1, 1000, POINTS_OF_CURVE)
    steps = [POINTS_OF_CURVE * steps_needed(rec, groups, method, p, *window) for p in (asked[0], asked[-1])]
    if max(steps) > 10 * MOST_STEPS:
        asked = asked[POINTS_OF_CURVE // 2 :: 4]
    taken = [p for p in asked if steps_needed(rec, groups, method, p, *window) * len(asked) < 5 * MOST_STEPS]
    values = recalled(distance_curve, rec, groups[0], groups[1], method, taken, *window)
    notes = (
        []
        if len(taken) == POINTS_OF_CURVE
        else ["The curve is drawn at fewer points: so many spikes take long."]
    )
    return (method, np.asarray(taken), values), notes


def add_curve(
    figure: go.Figure, curve: tuple[str, NDArray[np.floating], NDArray[np.floating]], scales: Scales
) -> None:
    """Draw the distance at each time scale, and where the chosen one lies."""
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
        upright(figure, at, dash="dash", xref="x2", yref="y3 domain")
