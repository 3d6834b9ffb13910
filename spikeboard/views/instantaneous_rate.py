"""Instantaneous rate: single units' rates by a kernel, with the spikes they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.rates import optimal_bandwidth, rate_band
from spikeboard.analysis.trains import select_trains, window_ticks
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import colour, faded, label, listed, shown
from spikeboard.view import Choice, Flag, Number, Result, View

MOST_UNITS = 8
POINTS = 1000
MOST_TICKS = 5000
# The choice of the width looks at all pairs of lags: so many spikes tell it as much as all of them.
MOST_FOR_WIDTH = 20_000
KERNELS = {
    "gaussian": "Gaussian",
    "exponential": "Exponential (causal)",
    "alpha": "Alpha (causal)",
    "rectangular": "Rectangular",
    "triangular": "Triangular",
    "epanechnikov": "Epanechnikov",
}


def unit_rates(
    rec: Recording,
    selection: Selection,
    kernel: str,
    automatic: bool,
    sigma_ms: float,
    border: bool,
    band: bool,
) -> Result:
    """Kernel estimate of the rate of single units, in Hz.

    Each spike adds a kernel of area one; sigma is the kernel's standard deviation, whatever its shape (a rectangular
    kernel is then 2·√3·sigma wide, an exponential one decays with time constant sigma). Causal kernels only look
    back: a rate never rises before its spike. The automatic width minimises the expected squared error of a
    Gaussian kernel on the pooled spikes of the units drawn (Shimazaki & Shinomoto 2010), and is given in the caption.
    Border correction divides by the part of the kernel that lies inside the recording, so that rates do not sink at
    its ends. The band is the pointwise 95 % interval of a Poisson process smoothed by the kernel (Fay & Feuer 1997).

    Without a choice of units the most active unit of each population is drawn, then the next ones.
    """
    t0, t1 = selection.window(rec)
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    rows, left_out = _chosen(rec, selection, t0, t1)
    trains = [_train(rec, row, t0, t1) for row in rows]
    sigma, notes = _width(trains, automatic, sigma_ms)
    at = np.linspace(t0, t1, POINTS)
    found = rate_band(rec, sigma, at, rows, kernel, border)
    if left_out:
        notes.append(f"{len(rows)} units are drawn; {left_out:,} more are selected. Select the ones to see.")
    counts = [len(train) for train in trains]
    caption = (
        f"Rates of {listed([rec.label(row) for row in rows], MOST_UNITS)} ({sum(counts):,} spikes) by a "
        f"{KERNELS[kernel].lower()} kernel of sigma {sigma:.4g} ms{' (automatic)' if automatic and not notes else ''}, "
        f"{t0:.6g} to {t1:.6g} s, evaluated at {POINTS:,} times."
    )
    names = [shown(rec.label(row)) for row in rows]
    frame = pd.concat(
        [
            pd.DataFrame({"time_s": at, "unit": row, "name": name, "rate_hz": found.rate[k], "low_hz": found.low[k], "high_hz": found.high[k]})
            for k, (row, name) in enumerate(zip(rows.tolist(), names, strict=True))
        ],
        ignore_index=True,
    )  # fmt: skip
    return Result(frame, caption, tuple(notes), {"at": at, "found": found, "trains": trains, "names": names})


def lines(
    result: Result, kernel: str, automatic: bool, sigma_ms: float, border: bool, band: bool
) -> go.Figure:
    """A line per unit with its band, and the unit's spikes in a row below."""
    at, found, trains = result.extra["at"], result.extra["found"], result.extra["trains"]
    figure = go.Figure()
    for k, name in enumerate(result.extra["names"]):
        if band:
            x = np.r_[at, at[::-1]]
            y = np.r_[found.high[k], found.low[k][::-1]].astype("f4")
            figure.add_scatter(
                x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor=faded(colour(k), 0.15),
                showlegend=False, hoverinfo="skip",
            )  # fmt: skip
        line = {"color": colour(k), "width": 1.7}
        figure.add_scatter(x=at, y=found.rate[k].astype("f4"), mode="lines", line=line, name=label(name, 24))
        _add_spikes(figure, trains[k], k, name)
    rows = len(trains)
    return figure.update_layout(
        xaxis={"title": {"text": "Time (s)"}, "range": [at[0], at[-1]], "anchor": "y2"},
        yaxis={"title": {"text": "Rate (Hz)"}, "rangemode": "tozero", "domain": [0.08 + 0.035 * rows, 1]},
        yaxis2={
            "domain": [0, 0.05 + 0.035 * rows],
            "range": [rows - 0.4, -0.6],
            "visible": False,
            "fixedrange": True,
        },
        showlegend=True,
    )


def _add_spikes(figure: go.Figure, train: np.ndarray, k: int, name: str) -> None:
    shown_spikes = train[:: -(-len(train) // (MOST_TICKS // MOST_UNITS))] if len(train) else train
    figure.add_scatter(
        x=shown_spikes, y=np.full(len(shown_spikes), k, np.int8), yaxis="y2", mode="markers", showlegend=False,
        marker={"symbol": "line-ns", "size": 8, "line": {"width": 1, "color": colour(k)}},
        hovertemplate="%{x:.5f} s<extra>" + label(name, 24) + "</extra>",
    )  # fmt: skip


def _chosen(rec: Recording, selection: Selection, t0: float, t1: float) -> tuple[np.ndarray, int]:
    rows = selection.rows(rec)
    counts = np.diff(select_trains(rec.train_ticks, rec.train_offsets, rows, *window_ticks(rec, t0, t1))[1])
    active = rows[counts > 0]
    if not len(active):
        raise NothingToDraw("no selected unit fires in the selected window: widen it, or select others")
    if selection.units is not None:
        return active[:MOST_UNITS], max(len(rows) - MOST_UNITS, 0)
    codes = rec.units["population"].cat.codes.to_numpy()[active]
    busy = np.argsort(-counts[counts > 0], kind="stable")
    # The busiest of each population first, then the second of each, and so on.
    place = np.empty(len(active), np.int64)
    place[busy] = pd.Series(codes[busy]).groupby(codes[busy]).cumcount().to_numpy()
    best = np.lexsort((-counts[counts > 0], place))[: min(4, MOST_UNITS)]
    return np.sort(active[best]), 0


def _train(rec: Recording, row: int, t0: float, t1: float) -> np.ndarray:
    ticks, _ = select_trains(rec.train_ticks, rec.train_offsets, [int(row)], *window_ticks(rec, t0, t1))
    return ticks / rec.ticks_per_second


def _width(trains: list[np.ndarray], automatic: bool, sigma_ms: float) -> tuple[float, list[str]]:
    if not automatic:
        return sigma_ms, []
    pooled = np.sort(np.concatenate(trains))
    best = optimal_bandwidth(pooled[:MOST_FOR_WIDTH])
    if best is None:
        return sigma_ms, [f"Too few spikes to choose a width: sigma {sigma_ms:g} ms is used."]
    few = (
        [f"The width was chosen from the first {MOST_FOR_WIDTH:,} of {len(pooled):,} spikes."]
        if len(pooled) > MOST_FOR_WIDTH
        else []
    )
    return best * 1000, few


VIEW = View(
    "instantaneous_rate",
    "Instantaneous rate",
    page="rates",
    data=unit_rates,
    figure=lines,
    settings={
        "kernel": Choice("gaussian", KERNELS, "Kernel"),
        "automatic": Flag(True, "Automatic width"),
        "sigma_ms": Number(50.0, 0.1, 60_000, "Sigma, if not automatic", "ms"),
        "border": Flag(True, "Border correction"),
        "band": Flag(True, "95 % band"),
    },
    order=40,
)
