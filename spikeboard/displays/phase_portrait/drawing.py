"""Paths as lines: coloured by time, with arrows, a ring at the start and a square at the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.displays.phase_portrait.paths import Path
from spikeboard.theme import label

# Stretches of equal time that share a colour: a line of a plot has one.
STEPS = 40
ARROWS = 10
# Blue to orange by way of violet, of one lightness: readable on light and on dark ground, told apart by all.
TIME_SCALE = ((0.0, "#3F78B8"), (0.35, "#7B6FD0"), (0.65, "#B85F9A"), (1.0, "#C9842B"))


def points_table(drawn: Sequence[np.ndarray], paths: Sequence[Path]) -> pd.DataFrame:
    """One row per point drawn: unit, time_s, x, y; NaN where the line is open."""
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


def add_timed(figure: go.Figure, path: Path, kept: np.ndarray) -> None:
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


def add_plain(figure: go.Figure, path: Path, kept: np.ndarray, tint: str) -> None:
    """The path in one colour."""
    figure.add_scatter(
        x=_taken(path.x, kept).astype("f4"), y=_taken(path.y, kept).astype("f4"), mode="lines",
        line={"color": tint, "width": 1.1}, customdata=_taken(path.time, kept), name=label(path.name),
        legendgroup=label(path.name),
        hovertemplate="%{x:.4g}, %{y:.4g}<br>at %{customdata:.6g} s<extra>" + label(path.name) + "</extra>",
    )  # fmt: skip


def add_arrows(figure: go.Figure, path: Path, kept: np.ndarray, tint: str | None) -> None:
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


def add_ends(figure: go.Figure, path: Path, tint: str | None, named: bool) -> None:
    """A ring at the start, a square at the end; `named`: with an entry each in the legend."""
    for name, place, symbol, share in (("start", 0, "circle-open", 0.0), ("end", -1, "square", 1.0)):
        colour_ = tint or time_colour(share)
        figure.add_scatter(
            x=path.x[[place]].astype("f4"), y=path.y[[place]].astype("f4"), mode="markers", name=name,
            showlegend=named,
            marker={"symbol": symbol, "size": 10, "color": colour_, "line": {"width": 2.2, "color": colour_}},
            hovertemplate=f"{name} at {path.time[place]:.6g} s<extra>{label(path.name)}</extra>",
        )  # fmt: skip
