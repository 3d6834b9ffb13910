"""Each interval against the one before it, and their serial correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.intervals import interval_ticks
from spikeboard.analysis.successive import Pairs
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
from spikeboard.interval_levels import pooled_pairs, unit_correlations
from spikeboard.recording import Recording
from spikeboard.theme import SEQUENTIAL, faded, label
from spikeboard.view import Result
from spikeboard.views.chosen import MOST_LINES, NEUTRAL, many, span, whose

# Pairs that are worth a row each in a table.
MOST_LISTED = 1_000_000


def numbers(rec: Recording, chosen: Chosen) -> Result:
    """One row per pair of successive intervals of a unit, ms; of very many, one row per cell that holds any."""
    table = statistics(rec, chosen)
    firing = np.asarray(table.index[table["intervals"] > 1])
    window = chosen.rows, chosen.t0, chosen.t1
    n = int((table["intervals"] - 1).clip(lower=0).sum())
    if not n:
        raise NothingToDraw(
            f"no unit has 2 successive intervals in {span(chosen.t0, chosen.t1)}: a return map needs them"
        )
    pairs = pooled_pairs(rec, *window)
    zero = n - int(pairs.counts.sum())
    if zero == n:
        raise NothingToDraw("every pair of successive intervals holds one of length zero")
    extra: dict[str, Any] = {"colours": chosen.colours, "ends": pairs.edges_ms[[0, -1]].tolist()}
    extra["cells"] = pairs if n - zero > MOST_POINTS else None
    if extra["cells"] is None:
        extra["points"] = _pairs(rec, chosen, True)
    rho = unit_correlations(rec, *window)
    caption = (
        f"Each interval against the one before it: {many(n, 'pair')} of {whose(rec, firing)} in "
        f"{span(chosen.t0, chosen.t1)}; {_correlation_words(rho[np.isfinite(rho)])}."
    )
    frame = (lambda: _pairs(rec, chosen, False)) if n <= MOST_LISTED else _cell_table(pairs)
    notes = [*pooled_note(chosen), *silent_note(table), *_notes(n, zero)]
    return Result(frame, caption, tuple(notes), extra)


def _notes(n: int, zero: int) -> list[str]:
    notes = []
    if zero:
        notes.append(
            f"{many(zero, 'pair')} with an interval of length zero: logarithmic axes have no place for them."
        )
    if n - zero > MOST_POINTS:
        notes.append(f"More than {MOST_POINTS:,} pairs: drawn as counts of all of them per cell.")
    if n > MOST_LISTED:
        notes.append(f"More than {MOST_LISTED:,} pairs: the table and the CSV hold the cells.")
    return notes


def _correlation_words(serial: NDArray[np.floating]) -> str:
    if not len(serial):
        return "too few pairs for a serial correlation"
    return f"median serial correlation {np.median(serial):+.3f} over {many(len(serial), 'unit')} with 3 pairs or more"


def _pairs(rec: Recording, chosen: Chosen, drawn: bool) -> pd.DataFrame:
    """Every pair with its unit; for the figure, those that have a place on its axes, with the name of their group."""
    ticks, first, last = trains_in(rec, chosen.rows, chosen.t0, chosen.t1)
    lengths = interval_ticks(ticks, first, last) / (rec.ticks_per_second / 1e3)
    rows = np.repeat(chosen.rows, np.maximum(last - first - 1, 0))
    same = rows[1:] == rows[:-1]
    frame = pd.DataFrame(
        {"unit": rows[1:][same], "interval_ms": lengths[:-1][same], "next_ms": lengths[1:][same]}
    )
    if not drawn:
        return frame
    frame = frame[(frame["interval_ms"] > 0) & (frame["next_ms"] > 0)]
    return frame.assign(of=group_of(frame["unit"].to_numpy(), chosen.groups))


def draw(result: Result) -> go.Figure:
    """A point per pair; counts of all pairs per cell where there are too many for points."""
    figure, ends = go.Figure(), result.extra["ends"]
    several = False
    if result.extra["cells"] is None:
        points = result.extra["points"]
        several = 1 < points["of"].nunique() <= MOST_LINES
        for name, part in points.groupby("of", sort=False):
            before, after = part["interval_ms"].to_numpy(), part["next_ms"].to_numpy()
            _add_pairs(figure, before, after, str(name), result.extra["colours"][name])
    else:
        figure.add_heatmap(**_heat_map(result.extra["cells"]))
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"color": NEUTRAL, "dash": "dash", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    axis = {"type": "log", "range": np.log10(ends).tolist(), "exponentformat": "none"}
    return figure.update_layout(
        xaxis=axis | {"title": "Interval (ms)"},
        yaxis=axis | {"title": "Next interval (ms)"},
        showlegend=several,
    )


def _add_pairs(
    figure: go.Figure, before: NDArray[np.floating], after: NDArray[np.floating], name: str, tint: str
) -> None:
    figure.add_scatter(
        x=before.astype("f4"), y=after.astype("f4"), mode="markers", name=label(name),
        marker={"size": 4, "color": faded(tint, 0.6)},
        hovertemplate="%{x:.5g} ms, then %{y:.5g} ms<extra>" + label(name, 20) + "</extra>",
    )  # fmt: skip


def _cell_table(pairs: Pairs) -> pd.DataFrame:
    edges, counts = pairs.edges_ms, pairs.counts
    after, before = np.nonzero(counts)
    columns = {"interval_from_ms": edges[before], "interval_to_ms": edges[before + 1]}
    columns |= {"next_from_ms": edges[after], "next_to_ms": edges[after + 1], "pairs": counts[after, before]}
    return pd.DataFrame(columns)


def _heat_map(pairs: Pairs) -> dict[str, Any]:
    edges, counts = pairs.edges_ms, pairs.counts
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
