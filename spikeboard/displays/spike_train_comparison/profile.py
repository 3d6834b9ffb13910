"""The local distance over time: the middle panel of a pair."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.distances import Profile
from spikeboard.displays.marks import level
from spikeboard.theme import faded
from spikeboard.views.chosen import NEUTRAL

MOST_POINTS = 4000


def add_profile(figure: go.Figure, profile: Profile, name: str) -> None:
    """Draw the local distance, and its mean as a dashed line."""
    x, y = course(profile)
    figure.add_scatter(
        x=x, y=y.astype("f4"), yaxis="y2", mode="lines", line={"color": NEUTRAL, "width": 1.2}, fill="tozeroy",
        fillcolor=faded(NEUTRAL, 0.25), showlegend=False,
        hovertemplate="%{x:.4f} s: %{y:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip
    level(figure, profile.mean, width=1, yref="y2")


def course(profile: Profile) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
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
