"""What rasters and activity maps share: units in rows, population bands, time across, and boxes drawn on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from spikeboard.analysis.order import unit_order
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label, listed, shown
from spikeboard.view import Choice, Viewport

MOST_BANDS_LABELLED = 40
MOST_ROWS_LABELLED = 30
MOST_BANDS_PARTED = 200
MOST_INTERVALS = 200
STRIP_PX = 6
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
    if x1 <= x0:
        x0, x1 = t0, t1
    low, high = (
        (0, len(order))
        if viewport.y is None
        else (np.floor(viewport.y[0] + 0.5), np.ceil(viewport.y[1] + 0.5))
    )
    first, last = int(np.clip(low, 0, len(order) - 1)), int(np.clip(high, 1, len(order)))
    return Scene(t0, t1, x0, x1, order, first, max(last, first + 1))


def bands_of(rec: Recording, scene: Scene) -> list[tuple[str, int, int]]:
    """(population, first place, place after the last) of each band, from top to bottom."""
    codes = rec.units["population"].cat.codes.to_numpy()[scene.order]
    edges = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1], True])
    names = rec.units["population"].cat.categories
    return [(str(names[codes[a]]), int(a), int(b)) for a, b in pairwise(edges)]


def shades_of(
    rec: Recording, scene: Scene, intervals: str | None
) -> tuple[list[tuple[float, float]], list[str]]:
    """(start, stop) in s of the intervals of a table that are on screen, and what has to be said of the others."""
    if intervals is None:
        return [], []
    if intervals not in rec.intervals:
        known = listed(list(rec.intervals)) or "none"
        raise NothingToDraw(f"no intervals called {shown(intervals)!r} in this recording; it has {known}")
    table = rec.intervals[intervals]
    ends = table[["start", "stop"]].to_numpy(float)
    whole = ends[np.isfinite(ends).all(axis=1)]
    inside = whole[(whole[:, 1] > scene.x0) & (whole[:, 0] < scene.x1)]
    notes = []
    if len(whole) < len(ends):
        notes.append(
            f"{len(ends) - len(whole):,} of {len(ends):,} {shown(intervals)} have no start or no stop."
        )
    if len(inside) > MOST_INTERVALS:
        notes.append(
            f"The first {MOST_INTERVALS} of {len(inside):,} {shown(intervals)} on screen are shaded."
        )
    return [(float(start), float(stop)) for start, stop in inside[:MOST_INTERVALS]], notes


def _shade_shapes(shades: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """Intervals as bands behind everything, every other one darker: trials often follow without a pause."""
    return [
        {
            "type": "rect",
            "x0": start,
            "x1": stop,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "fillcolor": "#8c8c8c",
            "opacity": 0.22 if k % 2 else 0.1,
            "line": {"width": 0},
            "layer": "below",
        }
        for k, (start, stop) in enumerate(shades)
    ]


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
    rec: Recording,
    scene: Scene,
    bands: list[tuple[str, int, int]],
    colours: Mapping[str, str],
    right: float = 1.0,
    top: float = 1.0,
    shades: Sequence[tuple[float, float]] = (),
) -> None:
    """Give a figure its time axis, its rows of units, and lines and colours that part the populations.

    `right` and `top` are the parts of the width and height that the rows take; margins take the rest. `shades`
    are stretches of time, s.
    """
    n = len(scene.order)
    window = [scene.t0, scene.t1]
    corners = {"mode": "markers", "marker_opacity": 0, "showlegend": False, "hoverinfo": "skip"}
    figure.add_scatter(x=window, y=[0, n - 1], **corners)
    figure.update_layout(
        xaxis={"title": {"text": "Time (s)"}, "range": window, "domain": [0, right], "showgrid": False},
        yaxis={
            "range": [n - 0.5, -0.5],
            "domain": [0, top],
            "showgrid": False,
            "ticks": "",
            "ticklabelstandoff": STRIP_PX + 3,
            **_row_names(rec, scene, bands, colours),
        },
        shapes=[*_shade_shapes(shades), *_band_shapes(bands, colours)],
    )


def _row_names(
    rec: Recording, scene: Scene, bands: list[tuple[str, int, int]], colours: Mapping[str, str]
) -> dict[str, Any]:
    """Names beside the rows: of the units where they are few on screen, else of the populations."""
    if len(scene.rows) <= MOST_ROWS_LABELLED:
        tints = [colours[name] for name, first, last in bands for _ in range(first, last)]
        places = range(scene.first, scene.last)
        names = [_tinted(rec.label(int(scene.order[k])), tints[k]) for k in places]
        return {"tickvals": list(places), "ticktext": names}
    labelled = bands if len(bands) <= MOST_BANDS_LABELLED else bands[:: -(-len(bands) // MOST_BANDS_LABELLED)]
    return {
        "tickvals": [(first + last - 1) / 2 for _, first, last in labelled],
        "ticktext": [_tinted(name, colours[name]) for name, _, _ in labelled],
    }


def _tinted(name: str, tint: str) -> str:
    return f'<span style="color:{tint}">{label(name, 14)}</span>'


def _band_shapes(bands: list[tuple[str, int, int]], colours: Mapping[str, str]) -> list[dict[str, Any]]:
    """A strip in the colour of each population beside its rows, and a line between populations."""
    if len(bands) > MOST_BANDS_PARTED:
        return []
    pixels = {"xref": "x domain", "xsizemode": "pixel", "xanchor": 0, "x0": -STRIP_PX, "x1": -1}
    strips = [
        {
            "type": "rect",
            "y0": first - 0.5,
            "y1": last - 0.5,
            "fillcolor": colours[name],
            "line": {"width": 0},
            **pixels,
        }
        for name, first, last in bands
    ]
    line = {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "line": {"color": "#8c8c8c", "width": 0.8}}
    parts = [{**line, "y0": first - 0.5, "y1": first - 0.5} for _, first, _ in bands[1:]]
    return [*strips, *parts]


def slim(times: np.ndarray) -> np.ndarray:
    """Times for a figure: float32 where that places them to a 20,000th of what is shown, else float64."""
    values = np.asarray(times, np.float64)
    if not len(values):
        return values.astype(np.float32)
    step = float(np.spacing(np.float32(np.abs(values).max())))
    return values.astype(np.float32) if step * 20_000 <= np.ptp(values) else values


def blank_words(at: np.ndarray, enough: np.ndarray) -> str:
    """Where no rate is given because too little of its kernel lies inside the recording, as a note."""
    seconds = float(np.mean(~enough) * (at[-1] - at[0]))
    return f"No rate for {seconds:.3g} s: less than a fifth of the kernel lies inside the recording there."
