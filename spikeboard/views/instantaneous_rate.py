"""Instantaneous rate: single units' rates by a kernel, with the spikes they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bandwidth import shared_bandwidth
from spikeboard.analysis.rates import RateBand, pooled_rates, rate_band, telling
from spikeboard.analysis.trains import trains_in
from spikeboard.displays.marks import runs, strokes
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.scene import blank_words, slim
from spikeboard.selection import Selection
from spikeboard.theme import colour, faded, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Result, View, Viewport
from spikeboard.views.chosen import (
    NEUTRAL,
    by_population,
    many,
    named,
    on_screen,
    rows_of,
    span,
    spikes_per_unit,
    whose,
    window_of,
)

MOST_UNITS = 8
# Without a choice of units this many are drawn: of each population first the most active one.
UNASKED_UNITS = 4
POINTS = 2000
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
    viewport: Viewport,
    kernel: str,
    automatic: bool,
    sigma_ms: float,
    border: bool,
    band: bool,
    mean: bool,
) -> Result:
    """Kernel estimate of the rate of single units, in Hz.

    Each spike adds a kernel of area one; sigma is the kernel's standard deviation, whatever its shape (a rectangular
    kernel is then 2·√3·sigma wide, an exponential one decays with time constant sigma; Nawrot et al. 1999). Causal
    kernels only look back: a rate never rises before its spike. Spikes outside of the selected window count as far as
    the kernel reaches. Border correction divides by the part of the kernel that lies inside the recording, so that
    rates do not sink at its ends; where less than a fifth of what can lie inside does, no rate is given.

    The automatic width is the one that minimises the expected squared error of Gaussian kernels, summed over the
    units drawn (Shimazaki & Shinomoto 2010), and is given in the caption.

    The band is the pointwise 95 % interval of a Poisson process smoothed by the kernel (Fay & Feuer 1997): it says
    how sure the smoothed rate is, not how much smoothing hides. The mean is that of all selected units, silent ones
    included, with its standard error over units (ddof=1). Where these have more than five million spikes, both come
    from counts: the mean is off by about 0.5 % of its Poisson standard error, and the error too small by up to 1 %.

    Without a choice of units the most active unit of each population is drawn, then the next ones, four in all; of
    chosen units the eight most active. Below the lines each spike has a mark; those in one pixel or in neighbouring
    ones share one. A kernel narrower than the distance of the 2,000 times at which the rate is
    evaluated is widened to it, and the notes say so: no spike falls between two of them.

    Parameters
    ----------
    rec, selection, viewport : what, which part of it, and what of that is on screen
    kernel : a key of `KERNELS`
    automatic : choose sigma from the spikes
    sigma_ms : standard deviation of the kernel where it is not chosen, ms
    border : correct the ends of the recording
    band, mean : show them

    Returns
    -------
    Result : frame with time_s, unit (row; -1 for the mean), name, rate_hz, low_hz and high_hz
    """
    t0, t1 = window_of(rec, selection)
    selected = rows_of(rec, selection)
    rows, notes = _chosen(rec, selection, selected, t0, t1)
    x0, x1 = on_screen(viewport, t0, t1)
    best = recalled(_best_width, rec, rows, t0, t1) if automatic else None
    sigma, how = _width(best, sigma_ms, (x1 - x0) * 1000 / POINTS, notes)
    at = np.linspace(x0, x1, POINTS)
    found = recalled(rate_band, rec, sigma, at, rows, kernel, border)
    pooled = recalled(pooled_rates, rec, sigma, at, [selected], kernel, border) if mean else None
    average = None if pooled is None else (pooled.mean[0], pooled.sem[0])
    if border and not (enough := telling(rec, sigma, at, kernel)).all():
        notes.append(blank_words(at, enough))
        found = RateBand(
            *(np.where(enough, values, np.nan) for values in (found.rate, found.low, found.high))
        )
        average = average and (np.where(enough, average[0], np.nan), np.where(enough, average[1], np.nan))
    names = [named(rec, row) for row in rows]
    seen, _ = _trains(rec, rows, x0, x1)
    caption = (
        f"Rates of {listed(names, MOST_UNITS)} ({many(sum(map(len, seen)), 'spike')} in {span(x0, x1)}) by "
        f"{KERNELS[kernel].split()[0].lower() if kernel != 'gaussian' else 'Gaussian'} kernels of sigma {sigma:.4g} ms"
        f"{how}{', ends corrected' if border else ''}."
        + (f" Mean of {whose(rec, selected)} with its standard error." if mean else "")
    )
    extra = {
        "at": at,
        "found": found,
        "trains": seen,
        "window": [t0, t1],
        "names": names,
        "colours": _colours(rec, rows),
        "mean": average,
    }
    return Result(
        lambda: _frame(at, rows, names, found, average, len(selected)), caption, tuple(notes), extra
    )


def lines(
    result: Result, kernel: str, automatic: bool, sigma_ms: float, border: bool, band: bool, mean: bool
) -> go.Figure:
    """A line per unit with its band, and the unit's spikes in a row below."""
    extra = result.extra
    at, found, trains = slim(extra["at"]), extra["found"], extra["trains"]
    figure = go.Figure()
    for k, name in enumerate(extra["names"]):
        if band:
            _add_band(figure, at, found.low[k], found.high[k], str(k), extra["colours"][k])
        _add_rate(figure, at, found.rate[k], name, str(k), {"color": extra["colours"][k], "width": 1.7})
    if extra["mean"] is not None:
        rate, error = extra["mean"]
        if band and np.isfinite(error).any():
            _add_band(figure, at, rate - error, rate + error, "mean", NEUTRAL)
        _add_rate(figure, at, rate, "mean", "mean", {"color": NEUTRAL, "width": 2.6})
    for k, name in enumerate(extra["names"]):
        _add_spikes(figure, trains[k], k, name, extra["colours"][k], (extra["at"][0], extra["at"][-1]))
    floor = 0.06 + 0.035 * len(trains)
    return figure.update_layout(
        xaxis={"title": {"text": "Time (s)"}, "range": extra["window"], "anchor": "y2"},
        yaxis={"title": {"text": "Rate (Hz)"}, "rangemode": "tozero", "domain": [floor + 0.03, 1]},
        yaxis2={
            "domain": [0, floor],
            "range": [len(trains) - 0.4, -0.6],
            "visible": False,
            "fixedrange": True,
        },
        showlegend=True,
        legend_traceorder="normal",
    )


def _chosen(
    rec: Recording, selection: Selection, selected: np.ndarray, t0: float, t1: float
) -> tuple[np.ndarray, list[str]]:
    """The unit rows to draw, ascending, and what has to be said of the others."""
    counts = spikes_per_unit(rec, selected, t0, t1)
    active = selected[counts > 0]
    if not len(active):
        raise NothingToDraw("no selected unit fires in the selected window: widen it, or select others")
    busy = active[np.argsort(-counts[counts > 0], kind="stable")]
    if selection.units is None:
        return np.sort(_one_of_each_first(rec, busy)[:UNASKED_UNITS]), []
    # A chosen unit that is silent has a rate too: nought.
    rows = np.sort(np.r_[busy, selected[counts == 0]][:MOST_UNITS])
    if len(rows) == len(selected):
        return rows, []
    left_out = f"the {len(selected) - len(rows):,} others"
    return rows, [
        f"The {len(rows)} most active of the selected units are drawn; select fewer to see {left_out}."
    ]


def _one_of_each_first(rec: Recording, busy: np.ndarray) -> np.ndarray:
    """Units from busy to quiet as: the first of each population, then the second of each, and so on."""
    codes = rec.units["population"].cat.codes.to_numpy()[busy]
    place = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    return busy[np.lexsort((np.arange(len(busy)), place))]


def _colours(rec: Recording, rows: np.ndarray) -> list[str]:
    """Each unit in the colour of its population; where that tells them not apart, each in a colour of its own."""
    groups = by_population(rec, rows)
    if len(groups) < len(rows):
        return [colour(k) for k in range(len(rows))]
    return [population_colours(rec)[name] for name in groups]


@dataclass(frozen=True)
class Width:
    """The width that suits some trains.

    sigma_ms : None where there is none
    most : of so many spikes of each train, None where it is of all
    """

    sigma_ms: float | None
    most: int | None


def _trains(
    rec: Recording, rows: np.ndarray, t0: float, t1: float, most: int | None = None
) -> tuple[list[np.ndarray], bool]:
    """Spike times of units in a window, s, each the first so many; and whether that leaves any out."""
    ticks, first, last = trains_in(rec, rows, t0, t1)
    ends = last if most is None else np.minimum(last, first + most)
    return [ticks[a:b] / rec.ticks_per_second for a, b in zip(first, ends, strict=True)], bool(
        (ends < last).any()
    )


def _best_width(rec: Recording, rows: np.ndarray, t0: float, t1: float) -> Width:
    most = MOST_FOR_WIDTH // len(rows)
    trains, cut = _trains(rec, rows, t0, t1, most)
    best = shared_bandwidth(trains)
    return Width(None if best is None else best * 1000, most if cut else None)


def _width(best: Width | None, sigma_ms: float, least_ms: float, notes: list[str]) -> tuple[float, str]:
    """The kernel's sigma in ms, and how it was come by; a width that had to be another is noted."""
    sigma, how = sigma_ms, ""
    if best is not None and best.sigma_ms is None:
        notes.append(
            f"The spikes are too few, or too much at once, to choose a width: {sigma_ms:g} ms is used."
        )
    elif best is not None and best.sigma_ms is not None:
        sigma, how = best.sigma_ms, " (chosen automatically)"
        if best.most is not None:
            notes.append(f"The width was chosen from the first {best.most:,} spikes of each unit.")
    if sigma < least_ms:
        notes.append(
            f"A kernel of sigma {sigma:.4g} ms is finer than the {POINTS:,} points of a line: {least_ms:.4g} ms is "
            "drawn; zoom in, or select a shorter window."
        )
    return max(sigma, least_ms), how


def _frame(
    at: np.ndarray,
    rows: np.ndarray,
    names: list[str],
    found: RateBand,
    mean: tuple[np.ndarray, np.ndarray] | None,
    n_selected: int,
) -> pd.DataFrame:
    parts = [
        _part(at, int(row), names[k], found.rate[k], found.low[k], found.high[k])
        for k, row in enumerate(rows)
    ]
    if mean is not None:
        rate, error = mean
        parts.append(_part(at, -1, f"mean of {n_selected:,} units", rate, rate - error, rate + error))
    return pd.concat(parts, ignore_index=True)


def _part(
    at: np.ndarray, row: int, name: str, rate: np.ndarray, low: np.ndarray, high: np.ndarray
) -> pd.DataFrame:
    columns: dict[str, Any] = {"time_s": at, "unit": row, "name": shown(name)}
    return pd.DataFrame(columns | {"rate_hz": rate, "low_hz": low, "high_hz": high})


def _add_band(
    figure: go.Figure, at: np.ndarray, low: np.ndarray, high: np.ndarray, group: str, tint: str
) -> None:
    silent = {"x": at, "mode": "lines", "line_width": 0, "showlegend": False, "hoverinfo": "skip"}
    silent["legendgroup"] = group
    figure.add_scatter(y=low.astype("f4"), **silent)
    figure.add_scatter(y=high.astype("f4"), **silent, fill="tonexty", fillcolor=faded(tint, 0.15))


def _add_rate(
    figure: go.Figure, at: np.ndarray, rate: np.ndarray, name: str, group: str, line: dict[str, Any]
) -> None:
    says = f"%{{x:.4f}} s<br>%{{y:.4g}} Hz<extra>{label(name, 24)}</extra>"
    figure.add_scatter(
        x=at,
        y=rate.astype("f4"),
        mode="lines",
        line=line,
        name=label(name, 24),
        legendgroup=group,
        hovertemplate=says,
    )


def _add_spikes(
    figure: go.Figure, train: np.ndarray, k: int, name: str, tint: str, window: tuple[float, float]
) -> None:
    """A mark per spike; spikes in one pixel or in neighbouring ones share a mark."""
    first, last = runs(train, window, POINTS)
    figure.add_shape(strokes(first, last, k - 0.38, k + 0.38, tint, 1, "y2"), legendgroup=str(k))
    figure.add_scatter(
        x=first, y=np.full(len(first), k, "i1"), yaxis="y2", mode="none", showlegend=False, legendgroup=str(k),
        hoverlabel={"bgcolor": tint}, hovertemplate="%{x:.5f} s<extra>" + label(name, 24) + "</extra>",
    )  # fmt: skip


VIEW = View(
    "instantaneous_rate",
    "Instantaneous rate",
    page="rates",
    data=unit_rates,
    figure=lines,
    settings={
        "kernel": Choice("gaussian", KERNELS, "Kernel"),
        "automatic": Flag(True, "Automatic width"),
        "sigma_ms": Number(50.0, 0.1, 60_000, "Kernel sigma", "ms", when={"automatic": (False,)}),
        "border": Flag(True, "Border correction"),
        "band": Flag(True, "95 % band"),
        "mean": Flag(False, "Mean of the selection"),
    },
    zooms=True,
    order=40,
    height=460,
)
