"""The lags at which synapses between two trains act."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.displays.cross_correlogram.lags import Pair
from spikeboard.displays.marks import upright
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording
from spikeboard.theme import label
from spikeboard.views.chosen import Units, many

# Dark gold: no population has it, and it is read on light and dark.
DELAY = "#B8860B"


def synaptic_delays(
    rec: Recording, pair: Pair, window_ms: float
) -> tuple[list[tuple[float, str]], list[str]]:
    """Lags (ms) at which a synapse acts, with what to write there; and what has to be said about them."""
    if not rec.connections:
        return [], []
    there = _delays_from(rec, pair.reference, pair.target)
    back = [] if pair.auto else _delays_from(rec, pair.target, pair.reference)
    lines = [(lag, text) for lag, text in there] + [(-lag, text) for lag, text in back]
    if not lines:
        whom = f"joins {pair.reference.name} and {pair.target.name}"
        whom = f"joins {pair.target.name} to itself" if pair.auto else whom
        return [], [f"No synapse with a known delay {whom}."]
    beyond = [f"{text} lies outside of the window." for lag, text in lines if abs(lag) > window_ms]
    return [line for line in lines if abs(line[0]) <= window_ms], beyond


def _delays_from(rec: Recording, source: Train, target: Train) -> list[tuple[float, str]]:
    found = []
    for synapses in rec.connections.values():
        if (synapses.source, synapses.target) != (source.population, target.population):
            continue
        delay = synapses.delay
        if delay is None:
            continue
        own = _between(rec, synapses, source.rows, target.rows)
        delays = np.asarray(delay)[own]
        delays = delays[np.isfinite(delays)]
        if len(delays):
            found.append((float(delays.mean() * 1e3), _delay_text(source, target, delays * 1e3)))
    return found


def _between(rec: Recording, synapses: Any, sources: Units, targets: Units) -> NDArray[np.int64]:
    """Positions of the synapses from the source units to the target units."""
    first_source, first_target = (rec.rows_of(name).start for name in (synapses.source, synapses.target))
    indptr, indices = np.asarray(synapses.indptr), np.asarray(synapses.indices)
    rows = sources - first_source
    if len(rows) == 1:
        stretch = np.arange(int(indptr[rows[0]]), int(indptr[rows[0] + 1]))
        return stretch[np.isin(indices[stretch] + first_target, targets)]
    source_of = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.flatnonzero(np.isin(source_of, rows) & np.isin(indices + first_target, targets))


def _delay_text(source: Train, target: Train, delays_ms: NDArray[np.floating]) -> str:
    arrow = f"{source.name} → {target.name}"
    if len(delays_ms) == 1:
        return f"{arrow}: delay {delays_ms[0]:.3g} ms"
    return f"{arrow}: mean delay {delays_ms.mean():.3g} ms ({many(len(delays_ms), 'synapse')})"


def add_delays(figure: go.Figure, delays: list[tuple[float, str]]) -> None:
    """Mark where the synapses act."""
    for lag, text in delays[:4]:
        upright(figure, lag, DELAY, 1.6)
        figure.add_annotation(
            x=lag, yref="y domain", y=1, text=label(text, 60), showarrow=False, yanchor="bottom",
            xanchor="left" if lag >= 0 else "right", font={"size": 11, "color": DELAY},
        )  # fmt: skip
