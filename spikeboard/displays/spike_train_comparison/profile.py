"""The local distance over time: the middle panel of a pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.distances import Profile
from spikeboard.displays.marks import level
from spikeboard.theme import faded
from spikeboard.views.chosen import NEUTRAL

MOST_POINTS = 4000


def add_profile(figure: go.Figure, profile: Profile, name: str, window: tuple[float, float]) -> None:
    """Draw the local distance on screen, and its mean over all of the time as a dashed line."""
    x, y = course(on_screen(profile, *window))
    figure.add_scatter(
        x=x, y=y.astype("f4"), yaxis="y2", mode="lines", line={"color": NEUTRAL, "width": 1.2}, fill="tozeroy",
        fillcolor=faded(NEUTRAL, 0.25), showlegend=False,
        hovertemplate="%{x:.4f} s: %{y:.3f}<extra>" + name + "</extra>",
    )  # fmt: skip
    level(figure, profile.mean, width=1, yref="y2")


def on_screen(profile: Profile, t0: float, t1: float) -> Profile:
    """The pieces of a profile that reach into a part of its time, s."""
    first = max(int(np.searchsorted(profile.edges_s, t0, side="right")) - 1, 0)
    last = max(int(np.searchsorted(profile.edges_s, t1)), first + 1)
    pieces = slice(first, last)
    edges = profile.edges_s[first : last + 1]
    return replace(profile, edges_s=edges, left=profile.left[pieces], right=profile.right[pieces])


def is_averaged(profile: Profile) -> bool:
    """Whether a profile has more pieces than a screen has pixels."""
    return 2 * len(profile.left) > MOST_POINTS


def course(profile: Profile) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The profile as a line; its means over equal steps where it has more pieces than a screen has pixels."""
    edges, left, right = profile.edges_s, profile.left, profile.right
    if not is_averaged(profile):
        return np.repeat(edges, 2)[1:-1], np.stack([left, right], axis=1).ravel()
    grid = np.linspace(edges[0], edges[-1], MOST_POINTS // 2 + 1)
    length = np.diff(edges)
    before = np.r_[0, np.cumsum(length * (left + right) / 2)]
    k = np.clip(np.searchsorted(edges, grid, side="right") - 1, 0, len(left) - 1)
    into = grid - edges[k]
    area = before[k] + into * left[k] + (right[k] - left[k]) * into**2 / (2 * length[k])
    return (grid[:-1] + grid[1:]) / 2, np.diff(area) / np.diff(grid)
