"""CV, CV2, LV or LvR of each unit against its mean rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.trains import duration_s
from spikeboard.displays.isi_histogram.pool import (
    MEASURES,
    MOST_POINTS,
    Chosen,
    group_of,
    pooled_note,
    silent_note,
    statistics,
    variability_words,
)
from spikeboard.displays.marks import level
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.theme import faded, label, shown
from spikeboard.view import Result
from spikeboard.views.chosen import MOST_LINES, many, span, whose


def numbers(rec: Recording, chosen: Chosen, measure: str) -> Result:
    """One row per unit: its rate, its number of intervals and every measure of their variability."""
    table = statistics(rec, chosen)
    known = table[table[measure].notna()]
    if known.empty:
        raise NothingToDraw(
            f"no unit has 2 intervals in {span(chosen.t0, chosen.t1)}: {MEASURES[measure]} needs them"
        )
    rows = np.asarray(known.index)
    seconds = duration_s(rec, chosen.t0, chosen.t1)
    frame = pd.DataFrame({"unit": rows, "name": [shown(rec.label(row)) for row in rows]})
    frame["of"] = group_of(rows, chosen.groups)
    frame["rate_hz"] = known["spikes"].to_numpy() / seconds
    frame["intervals"] = known["intervals"].to_numpy()
    for key in MEASURES:
        frame[key] = known[key].to_numpy()
    caption = (
        f"{MEASURES[measure]} of the intervals of {whose(rec, rows)} against their mean rates in "
        f"{span(chosen.t0, chosen.t1)} ({many(int(known['intervals'].sum()), 'interval')}). "
        f"{variability_words(table)}The dashed line is the Poisson process."
    )
    few = int(((table["intervals"] > 0) & table[measure].isna()).sum())
    notes = [f"{many(few, 'unit')} with a single interval: no {MEASURES[measure]}."] if few else []
    if len(frame) > MOST_POINTS:
        every = 1 + len(frame) // MOST_POINTS
        notes.append(
            f"Every {every}th of the {len(frame):,} units is drawn as a point; the margin counts all."
        )
    return Result(
        frame, caption, (*pooled_note(chosen), *notes, *silent_note(table)), {"colours": chosen.colours}
    )


def draw(result: Result, measure: str) -> go.Figure:
    """A point per unit, and in the margin how many units lie where."""
    figure, frame = go.Figure(), result.table()
    for name, part in frame.groupby("of", sort=False):
        _add_units(figure, part, str(name), result.extra["colours"][name], measure, len(frame))
    low, high = frame["rate_hz"].min(), frame["rate_hz"].max()
    level(figure, 1, width=1)
    figure.add_annotation(
        xref="x domain", x=1, y=1, text="Poisson", showarrow=False, xanchor="right", yanchor="bottom",
        font={"size": 11},
    )  # fmt: skip
    wide = high > 5 * low
    figure.update_layout(
        xaxis={"title": "Mean rate (Hz)", "type": "log" if wide else "linear", "domain": [0, 0.84]},
        xaxis2={"domain": [0.86, 1], "title": "Units", "nticks": 3, "rangemode": "tozero"},
        yaxis={"title": MEASURES[measure], "rangemode": "tozero"},
        showlegend=1 < frame["of"].nunique() <= MOST_LINES,
    )
    return figure


def _add_units(figure: go.Figure, part: pd.DataFrame, name: str, tint: str, measure: str, total: int) -> None:
    counts, edges = np.histogram(part[measure], bins=24, range=(0, max(2.0, float(part[measure].max()))))
    figure.add_scatter(
        x=np.r_[0, np.repeat(counts, 2), 0].astype("f4"), y=np.repeat(edges, 2).astype("f4"), xaxis="x2",
        mode="lines", line={"color": tint, "width": 1}, fill="toself", fillcolor=faded(tint, 0.3),
        showlegend=False, hoverinfo="skip", legendgroup=label(name),
    )  # fmt: skip
    shown_part = part.iloc[:: 1 + total // MOST_POINTS]
    figure.add_scatter(
        x=shown_part["rate_hz"].to_numpy("f4"), y=shown_part[measure].to_numpy("f4"), mode="markers",
        marker={"color": faded(tint, 0.75), "size": 7 if total < 1000 else 4},
        name=label(name), legendgroup=label(name), text=[label(unit) for unit in shown_part["name"]],
        customdata=shown_part["intervals"].to_numpy("i4"),
        hovertemplate="%{text}<br>%{x:.4g} Hz, " + MEASURES[measure] + " %{y:.3g}<br>%{customdata:,} intervals"
        "<extra></extra>",
    )  # fmt: skip
