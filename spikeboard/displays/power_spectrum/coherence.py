"""Coherence and phase of two pooled populations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.spectra import Coherence, coherence
from spikeboard.displays.marks import level
from spikeboard.displays.power_spectrum.bands import add_bands
from spikeboard.displays.power_spectrum.segments import (
    NW,
    Asked,
    left_over_notes,
    most_segments,
    samples_of_trains,
    taken_words,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import faded, population_colours, shown
from spikeboard.view import Result
from spikeboard.views.chosen import (
    by_population,
    many,
    population_rows,
    rows_of,
    span,
    spikes_per_unit,
)

# Two trains, and what they have in common.
SPECTRA = 3


def numbers(
    rec: Recording,
    selection: Selection,
    asked: Asked,
    reference: str | None,
    target: str | None,
    notes: list[str],
) -> Result:
    """One row per frequency: coherence, its significance and phase."""
    first, second = _two(rec, selection, (reference, target))
    rows = [population_rows(rec, selection, name) for name in (first, second)]
    n_spikes = [int(spikes_per_unit(rec, own, asked.t0, asked.t1).sum()) for own in rows]
    for name, n in zip((first, second), n_spikes, strict=True):
        if not n:
            raise NothingToDraw(f"{shown(name)} has no spike in {span(asked.t0, asked.t1)}: no coherence")
    found: Coherence = recalled(
        coherence, rec, rows[0].tolist(), rows[1].tolist(), asked.segment_s, asked.max_hz,
        NW if asked.method == "multitaper" else None, t0=asked.t0, t1=asked.t1,
        most_segments=most_segments(asked, samples_of_trains(rec, asked), SPECTRA, sum(n_spikes)),
    )  # fmt: skip
    frame = pd.DataFrame(
        {"frequency_hz": found.frequency_hz, "coherence": found.coherence, "phase_rad": found.phase}
    ).iloc[1:]
    frame["significance"] = found.significance
    high = frame[frame["coherence"] > found.significance]
    one, other = (many(len(own), "unit") for own in rows)
    caption = taken_words(found, asked) + (
        f"Coherence of {shown(second)} ({other}) with {shown(first)} ({one}), "
        f"each pooled, in {span(asked.t0, asked.t1)}: {many(found.n_averages, 'average')} of segments of "
        f"{found.segment_s:.4g} s. {_highest(frame)} {len(high)} of {len(frame)} frequencies lie above "
        f"{found.significance:.3g}, which independent trains stay below with 95 % probability. "
        "Positive phase: the target lags the reference."
    )
    extra = {"names": (shown(first), shown(second)), "tint": population_colours(rec)[second]}
    return Result(frame, caption, (*notes, *left_over_notes(found)), extra)


def _two(rec: Recording, selection: Selection, picked: tuple[str | None, str | None]) -> tuple[str, str]:
    names = list(by_population(rec, rows_of(rec, selection)))
    first = picked[0] or next(name for name in [*names, picked[1]] if name != picked[1] or len(names) == 1)
    second = picked[1] or next((name for name in names if name != first), None)
    if second is None or first is None:
        raise NothingToDraw(
            f"coherence is of two populations, and only {shown(names[0])} is selected: choose reference and target"
        )
    return first, second


def _highest(frame: pd.DataFrame) -> str:
    values = frame["coherence"].to_numpy()
    if not np.isfinite(values).any():
        return "No frequency has power in both."
    at = int(np.nanargmax(values))
    hz, phase = frame["frequency_hz"].to_numpy()[at], frame["phase_rad"].to_numpy()[at]
    delay = 1e3 * phase / (2 * np.pi * hz)
    return f"Highest at {hz:.4g} Hz: {values[at]:.3g}, phase {np.degrees(phase):+.0f}° ({delay:+.3g} ms)."


def draw(result: Result, bands: bool) -> go.Figure:
    """Coherence above phase; phases that mean little are pale."""
    frame, tint = result.table(), result.extra["tint"]
    x = frame["frequency_hz"].to_numpy("f4")
    sure = (frame["coherence"] > frame["significance"]).to_numpy()
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=frame["coherence"].to_numpy("f4"), mode="lines", line={"color": tint, "width": 1.6},
        fill="tozeroy", fillcolor=faded(tint, 0.2), showlegend=False,
        hovertemplate="%{x:.4g} Hz: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    for which, fade in ((sure, 1.0), (~sure, 0.25)):
        figure.add_scatter(
            x=x[which], y=np.degrees(frame["phase_rad"].to_numpy()[which]).astype("f4"), yaxis="y2",
            mode="markers", marker={"size": 4, "color": faded(tint, fade)}, showlegend=False,
            hovertemplate="%{x:.4g} Hz: %{y:.0f}°<extra></extra>",
        )  # fmt: skip
    level(figure, float(frame["significance"].iloc[0]))
    if bands:
        add_bands(figure, False, float(x[-1]))
    return figure.update_layout(
        xaxis={"title": "Frequency (Hz)", "range": [0, float(x[-1])], "anchor": "y2"},
        yaxis={"title": "Coherence", "range": [0, 1.02], "domain": [0.4, 1]},
        yaxis2={
            "title": "Phase (°)", "range": [-185, 185], "domain": [0, 0.32], "tickvals": [-180, -90, 0, 90, 180],
        },
    )  # fmt: skip
