"""Each interval against the one before it, and their serial correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.intervals import interval_ticks
from spikeboard.analysis.trains import trains_in
from spikeboard.displays.isi_histogram.pool import (
    MOST_POINTS,
    Chosen,
    group_of,
    pooled_note,
    silent_note,
    statistics,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.theme import SEQUENTIAL, faded, label
from spikeboard.view import Result
from spikeboard.views.chosen import MOST_LINES, NEUTRAL, Units, many, span, whose


def numbers(rec: Recording, chosen: Chosen) -> Result:
    """One row per pair of successive intervals of a unit, ms."""
    table = statistics(rec, chosen)
    before, after, rows = _successive(rec, chosen)
    if not len(before):
        raise NothingToDraw(
            f"no unit has 2 successive intervals in {span(chosen.t0, chosen.t1)}: a return map needs them"
        )
    frame = pd.DataFrame({"unit": rows, "interval_ms": before, "next_ms": after})
    serial = _serial_correlation(before, after, rows)
    zero = (before <= 0) | (after <= 0)
    notes = [*pooled_note(chosen), *silent_note(table)]
    if zero.any():
        pairs = many(int(zero.sum()), "pair")
        notes.append(f"{pairs} with an interval of length zero: logarithmic axes have no place for them.")
    drawn = np.flatnonzero(~zero)
    if not len(drawn):
        raise NothingToDraw("every pair of successive intervals holds one of length zero")
    if len(drawn) > MOST_POINTS:
        notes.append(f"More than {MOST_POINTS:,} pairs: drawn as counts of all of them per cell.")
    words = (
        f"median serial correlation {np.median(serial):+.3f} over {many(len(serial), 'unit')} with 3 pairs or more"
        if len(serial)
        else "too few pairs for a serial correlation"
    )
    caption = (
        f"Each interval against the one before it: {many(len(before), 'pair')} of "
        f"{whose(rec, np.unique(rows))} in {span(chosen.t0, chosen.t1)}; {words}."
    )
    extra = {"colours": chosen.colours, "drawn": drawn, "of": group_of(rows, chosen.groups)}
    return Result(frame, caption, tuple(notes), extra)


def _successive(
    rec: Recording, chosen: Chosen
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.int64]]:
    ticks, first, last = trains_in(rec, chosen.rows, chosen.t0, chosen.t1)
    lengths = interval_ticks(ticks, first, last) / (rec.ticks_per_second / 1e3)
    rows = np.repeat(chosen.rows, np.maximum(last - first - 1, 0))
    same = rows[1:] == rows[:-1]
    return lengths[:-1][same], lengths[1:][same], rows[1:][same]


def _serial_correlation(
    before: NDArray[np.floating], after: NDArray[np.floating], rows: Units
) -> NDArray[np.floating]:
    """Pearson's coefficient of successive intervals of each unit with at least 3 pairs that vary."""
    place = np.unique(rows, return_inverse=True)[1]
    n = np.bincount(place)
    centred = [values - (np.bincount(place, values) / n)[place] for values in (before, after)]
    both = np.bincount(place, centred[0] * centred[1])
    power = np.bincount(place, centred[0] ** 2) * np.bincount(place, centred[1] ** 2)
    kept = (n >= 3) & (power > 1e-18 * (np.bincount(place, before**2) + 1) ** 2)
    return both[kept] / np.sqrt(power[kept])


def draw(result: Result) -> go.Figure:
    """A point per pair; counts of all pairs per cell where there are too many for points."""
    figure, frame = go.Figure(), result.table()
    drawn = result.extra["drawn"]
    before, after = (frame[column].to_numpy()[drawn] for column in ("interval_ms", "next_ms"))
    ends = [float(min(before.min(), after.min())) / 1.15, float(max(before.max(), after.max())) * 1.15]
    if len(drawn) <= MOST_POINTS:
        of = np.asarray(result.extra["of"], object)[drawn]
        for name in dict.fromkeys(of.tolist()):
            _add_pairs(figure, before[of == name], after[of == name], name, result.extra["colours"][name])
    else:
        figure.add_heatmap(**_cells(before, after, ends))
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"color": NEUTRAL, "dash": "dash", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    axis = {"type": "log", "range": np.log10(ends).tolist(), "exponentformat": "none"}
    return figure.update_layout(
        xaxis=axis | {"title": "Interval (ms)"},
        yaxis=axis | {"title": "Next interval (ms)"},
        showlegend=len(drawn) <= MOST_POINTS and 1 < len(set(result.extra["of"])) <= MOST_LINES,
    )


def _add_pairs(
    figure: go.Figure, before: NDArray[np.floating], after: NDArray[np.floating], name: str, tint: str
) -> None:
    figure.add_scatter(
        x=before.astype("f4"), y=after.astype("f4"), mode="markers", name=label(name),
        marker={"size": 4, "color": faded(tint, 0.6)},
        hovertemplate="%{x:.5g} ms, then %{y:.5g} ms<extra>" + label(name, 20) + "</extra>",
    )  # fmt: skip


def _cells(before: NDArray[np.floating], after: NDArray[np.floating], ends: list[float]) -> dict[str, Any]:
    edges = np.geomspace(ends[0], ends[1], 121)
    place = [np.clip(np.searchsorted(edges, v, side="right") - 1, 0, 119) for v in (after, before)]
    counts = np.bincount(place[0] * 120 + place[1], minlength=120 * 120).reshape(120, 120)
    middle = np.sqrt(edges[:-1] * edges[1:]).astype("f4")
    return {
        "x": middle,
        "y": middle,
        "z": np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).astype("f4"),
        "customdata": counts.astype("i4"),
        "colorscale": SEQUENTIAL,
        "colorbar": _log_bar(int(counts.max())),
        "hovertemplate": "%{x:.4g} ms, then %{y:.4g} ms: %{customdata:,} pairs<extra></extra>",
    }


def _log_bar(most: int) -> dict[str, Any]:
    ticks = [10**k for k in range(int(np.log10(most)) + 1)]
    return {
        "title": {"text": "Pairs"},
        "tickvals": np.log10(ticks).tolist(),
        "ticktext": [f"{tick:,}" for tick in ticks],
        "thickness": 14,
        "outlinewidth": 0,
    }
