"""Power over time of one population."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.spectra import Spectrogram, spectrogram
from spikeboard.displays.beginning import WHOLE
from spikeboard.displays.power_spectrum.segments import (
    Asked,
    groups_that_fire,
    most_segments,
    samples_of_trains,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, shown
from spikeboard.view import Result
from spikeboard.views.chosen import many, population_rows, span, spikes_per_unit


def numbers(
    rec: Recording, selection: Selection, asked: Asked, reference: str | None, notes: list[str]
) -> Result:
    """One row per window and frequency: power."""

    groups, _ = groups_that_fire(rec, selection, asked)
    name = reference if reference is not None else next(iter(groups))
    rows = population_rows(rec, selection, name)
    n_spikes = int(spikes_per_unit(rec, rows, asked.t0, asked.t1).sum())
    if not n_spikes:
        raise NothingToDraw(f"{shown(name)} has no spike in {span(asked.t0, asked.t1)}: no power to show")
    length = asked.t1 - asked.t0
    most = most_segments(replace(asked, method="welch"), samples_of_trains(rec, asked), 1, n_spikes)
    step = _step(asked.segment_s, length, most)
    found = recalled(spectrogram, rec, rows.tolist(), asked.segment_s, step, asked.max_hz, asked.t0, asked.t1)
    keep_f, keep_t = -(-len(found.frequency_hz) // 500), -(-len(found.time_s) // 500)
    power = _averaged(found.power[1:], keep_f, keep_t)
    frequency, time = (
        _averaged(found.frequency_hz[1:, None], keep_f, 1)[:, 0],
        _averaged(found.time_s[None], 1, keep_t)[0],
    )
    if keep_f * keep_t > 1:
        notes = [
            *notes,
            f"Each cell is a mean over {many(keep_f, 'frequency')} and {many(keep_t, 'window')}.",
        ]
    if found.step_s > found.window_s:
        notes = [*notes, _apart(found, asked)]
    frame = pd.DataFrame(
        {
            "time_s": np.repeat(time, len(frequency)),
            "frequency_hz": np.tile(frequency, len(time)),
            "power": power.T.ravel(),
        }
    )
    level = n_spikes / length
    caption = (
        f"Power over time of {n_spikes:,} spikes of {many(len(rows), 'unit')} of {shown(name)}, pooled: Hann windows "
        f"of {found.window_s:.4g} s every {found.step_s:.3g} s in {span(asked.t0, asked.t1)}; two-sided, as "
        f"multiples of the Poisson level {level:.4g} (spikes/s)²/Hz. Single periodograms scatter by 100 %."
    )
    extra = {"time": time, "frequency": frequency, "power": power, "level": level}
    return Result(frame, caption, tuple(notes), extra)


def _step(segment_s: float, length_s: float, most: int) -> float:
    """Seconds from window to window: not more than a screen has columns, and without a gap where that can be."""
    fine = max(segment_s / 4, (length_s - segment_s) / 500) or segment_s
    return max(min(fine, segment_s), (length_s - segment_s) / most)


def _apart(found: Spectrogram, asked: Asked) -> str:
    between = 100 * (1 - found.window_s / found.step_s)
    instead = "" if asked.whole else f": tick “{WHOLE.label}” to take it"
    return f"The windows lie apart: {between:.3g} % of the time is in none of them{instead}."


def _averaged(values: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """Means over blocks; a last block may be smaller."""
    if rows == columns == 1:
        return values
    down = np.add.reduceat(values, np.arange(0, values.shape[0], rows), axis=0)
    both = np.add.reduceat(down, np.arange(0, values.shape[1], columns), axis=1)
    sizes = [
        np.diff(np.r_[np.arange(0, n, k), n]) for n, k in zip(values.shape, (rows, columns), strict=True)
    ]
    return both / np.outer(*sizes)


def draw(result: Result, logarithmic: bool) -> go.Figure:
    """A heat map of power over time, as multiples of the Poisson level."""
    relative = result.extra["power"] / result.extra["level"]
    values = np.log10(np.maximum(relative, 1e-12)) if logarithmic else relative
    low, high = np.quantile(values, [0.05, 0.999])
    figure = go.Figure()
    bar: dict[str, Any] = {"title": {"text": "× Poisson"}, "thickness": 14, "outlinewidth": 0}
    if logarithmic:
        ticks = np.arange(np.ceil(low), np.floor(high) + 1)
        bar |= {"tickvals": ticks.tolist(), "ticktext": [f"{10**tick:g}" for tick in ticks]}
    figure.add_heatmap(
        x=result.extra["time"], y=result.extra["frequency"].astype("f4"), z=values.astype("f4"),
        customdata=relative.astype("f4"), colorscale=SEQUENTIAL, zmin=float(low), zmax=float(high),
        colorbar=bar, hovertemplate="%{x:.3f} s, %{y:.4g} Hz: %{customdata:.3g} × Poisson<extra></extra>",
    )  # fmt: skip
    return figure.update_layout(xaxis={"title": "Time (s)"}, yaxis={"title": "Frequency (Hz)"})
