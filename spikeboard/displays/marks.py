"""Straight lines across a plot, which values are compared with, and strokes that mark spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

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


def runs(
    times: NDArray[np.floating], window: tuple[float, float], pixels: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Where marks begin and end, one for all spikes in one pixel or in neighbouring ones.

    Parameters
    ----------
    times : s, ascending
    window : s
    pixels : of the window; at most every second one begins a mark

    Returns
    -------
    first, last : (M,) s, the same where all spikes of a mark lie in one pixel
    """
    place = np.floor((times - window[0]) / max(window[1] - window[0], 1e-12) * pixels)
    begins = np.flatnonzero(np.diff(place, prepend=-np.inf) > 1)
    ends = np.append(begins, len(times))[1:] - 1
    return times[begins], np.where(place[ends] > place[begins], times[ends], times[begins])


def strokes(
    first: NDArray[np.floating],
    last: NDArray[np.floating],
    low: NDArray[np.floating] | float,
    high: NDArray[np.floating] | float,
    tint: str,
    width: float,
    yref: str = "y",
) -> dict[str, Any]:
    """A shape of upright strokes, and of boxes where they end later than they begin: one element of the page for all.

    As a line with gaps, each of them would be an element, and a few thousand of these are slow to draw. A shape has
    nothing to point at: what is said under the pointer needs a trace of its own.

    Parameters
    ----------
    first, last : (M,) on the x axis
    low, high : (M,) on the y axis, or one for all
    tint, width : of the lines, px
    """
    ends = np.broadcast_arrays(first, last, low, high)
    path = "".join(
        f"M{a:.12g},{c:.9g}V{d:.9g}" + (f"H{b:.12g}V{c:.9g}Z" if b > a else "")
        for a, b, c, d in zip(*(some.tolist() for some in ends), strict=True)
    )
    return {
        "type": "path",
        "path": path,
        "yref": yref,
        "line": {"color": tint, "width": width},
        "fillcolor": tint,
    }
