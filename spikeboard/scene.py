"""What rasters and activity maps share: units in rows, population bands, time across, and boxes drawn on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from spikeboard.analysis.order import unit_order
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label, listed
from spikeboard.view import Choice, Viewport

MOST_BANDS_LABELLED = 40
MOST_BANDS_PARTED = 200
MOST_INTERVALS = 200
ORDER = Choice(
    "id",
    {
        "id": "As in the file",
        "rate": "By rate",
        "first_spike": "By first spike",
        "similarity": "By similarity",
    },
    "Order of units",
)
ORDER_WORDS = {
    "id": "as in the file",
    "rate": "by rate",
    "first_spike": "by first spike",
    "similarity": "by similarity",
}


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on screen.

    t0, t1 : the selected window, s; x0, x1 : what of it is on screen
    order : unit rows from top to bottom
    first, last : the places on screen, `order[first:last]`
    """

    t0: float
    t1: float
    x0: float
    x1: float
    order: np.ndarray
    first: int
    last: int

    @property
    def rows(self) -> np.ndarray:
        """The unit rows on screen, from top to bottom."""
        return self.order[self.first : self.last]


def scene_of(rec: Recording, selection: Selection, viewport: Viewport, sort: str) -> Scene:
    """What of the selection is on screen, its units in bands of populations and sorted within them.

    Raises
    ------
    NothingToDraw : where no unit or no time is selected
    """
    t0, t1 = selection.window(rec)
    rows = selection.rows(rec)
    if not len(rows):
        raise NothingToDraw("no unit is selected: clear the selection, or widen it")
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    order = unit_order(rec, sort, rows, t0, t1, by_population=True)
    x0, x1 = (t0, t1) if viewport.x is None else (max(t0, viewport.x[0]), min(t1, viewport.x[1]))
    low, high = (
        (0, len(order))
        if viewport.y is None
        else (np.floor(viewport.y[0] + 0.5), np.ceil(viewport.y[1] + 0.5))
    )
    first, last = int(np.clip(low, 0, len(order) - 1)), int(np.clip(high, 1, len(order)))
    return Scene(t0, t1, x0, x1 if x1 > x0 else t1, order, first, max(last, first + 1))


def bands_of(rec: Recording, scene: Scene) -> list[tuple[str, int, int]]:
    """(population, first place, place after the last) of each band, from top to bottom."""
    codes = rec.units["population"].cat.codes.to_numpy()[scene.order]
    edges = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True])
    names = rec.units["population"].cat.categories
    return [(str(names[codes[a]]), int(a), int(b)) for a, b in pairwise(edges)]


def shades_of(rec: Recording, scene: Scene, intervals: str | None) -> list[tuple[float, float]]:
    """(start, stop) in s of the intervals of a table that are on screen, at most 200."""
    if intervals is None:
        return []
    if intervals not in rec.intervals:
        raise NothingToDraw(
            f"no intervals called {intervals!r} in this recording; it has {listed(list(rec.intervals))}"
        )
    table = rec.intervals[intervals]
    inside = table[(table["stop"] > scene.x0) & (table["start"] < scene.x1)].head(MOST_INTERVALS)
    return [(float(a), float(b)) for a, b in zip(inside["start"], inside["stop"], strict=True)]


def boxed(
    rec: Recording, selection: Selection, x: tuple[float, float], y: tuple[float, float], sort: str, **_: Any
) -> Selection:
    """The time window (s) and the units inside a box over such rows; what the box spans whole stays as it was.

    Raises
    ------
    NothingToDraw : where the box holds nothing
    """
    scene = scene_of(rec, selection, Viewport(), sort)
    first, last = int(np.ceil(y[0])), int(np.floor(y[1])) + 1
    rows = np.sort(scene.order[max(first, 0) : max(last, 0)])
    if not len(rows):
        raise NothingToDraw("that box holds no unit: draw it over some rows")
    t0, t1 = max(x[0], scene.t0), min(x[1], scene.t1)
    if t1 <= t0:
        raise NothingToDraw("that box lies outside the selected time window")
    everything = len(rows) == len(scene.order)
    return Selection(
        _rounded(t0, rec) if t0 > scene.t0 else selection.t0,
        _rounded(t1, rec) if t1 < scene.t1 else selection.t1,
        selection.units if everything else tuple(rows.tolist()),
        selection.populations,
        selection.interval,
    )


def _rounded(time: float, rec: Recording) -> float:
    """A time to a ten-thousandth of the recording: a link needs no more digits than a hand has drawn."""
    digits = int(np.ceil(4 - np.log10(max(rec.duration, 1e-9))))
    return float(round(time, max(digits, 0)))


def frame_axes(
    figure: go.Figure,
    scene: Scene,
    bands: list[tuple[str, int, int]],
    colours: Mapping[str, str],
    marginals: bool,
) -> None:
    """Give a figure its time axis, its rows of units, and lines between the population bands."""
    n = len(scene.order)
    labelled = bands if len(bands) <= MOST_BANDS_LABELLED else bands[:: -(-len(bands) // MOST_BANDS_LABELLED)]
    right, top = (0.9, 0.84) if marginals else (1.0, 1.0)
    window = [scene.t0, scene.t1]
    figure.add_scatter(
        x=window, y=[0, n - 1], mode="markers", marker_opacity=0, showlegend=False, hoverinfo="skip"
    )
    figure.update_layout(
        xaxis={"title": {"text": "Time (s)"}, "range": window, "domain": [0, right], "showgrid": False},
        yaxis={
            "range": [n - 0.5, -0.5],
            "domain": [0, top],
            "showgrid": False,
            "tickvals": [(first + last - 1) / 2 for _, first, last in labelled],
            "ticktext": [
                f'<span style="color:{colours[name]}">{label(name, 14)}</span>' for name, _, _ in labelled
            ],
            "ticks": "",
        },
    )
    for _, first, _ in bands[1:] if len(bands) <= MOST_BANDS_PARTED else []:
        line = {"color": "#8c8c8c", "width": 0.7}
        figure.add_shape(type="line", x0=0, x1=1, xref="x domain", y0=first - 0.5, y1=first - 0.5, line=line)


def slim(times: np.ndarray) -> np.ndarray:
    """Times for a figure: float32 where that places them to a 20,000th of what is shown, else float64."""
    values = np.asarray(times, np.float64)
    if not len(values):
        return values.astype(np.float32)
    step = float(np.spacing(np.float32(np.abs(values).max())))
    return values.astype(np.float32) if step * 20_000 <= np.ptp(values) else values
