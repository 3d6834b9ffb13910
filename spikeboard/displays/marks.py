"""Straight lines across a plot: what values are compared with."""

from __future__ import annotations

import plotly.graph_objects as go

from spikeboard.views.chosen import NEUTRAL


def upright(
    figure: go.Figure,
    x: float,
    tint: str = NEUTRAL,
    width: float = 1,
    dash: str | None = None,
    xref: str | None = None,
    yref: str = "y domain",
) -> None:
    """Add a vertical line at `x` over the whole height of the plot."""
    line = {"color": tint, "width": width, "dash": dash}
    figure.add_shape(type="line", xref=xref, x0=x, x1=x, yref=yref, y0=0, y1=1, line=line)


def level(
    figure: go.Figure, y: float, tint: str = NEUTRAL, width: float = 1.2, yref: str | None = None
) -> None:
    """Add a dashed horizontal line at `y` over the whole width of the plot."""
    line = {"color": tint, "width": width, "dash": "dash"}
    figure.add_shape(type="line", xref="x domain", x0=0, x1=1, yref=yref, y0=y, y1=y, line=line)
