"""Correlograms of all pairs of a few trains, as small multiples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.correlation import (
    Correlograms,
    border_factor,
    coefficients,
    correlograms,
    poisson_expectation,
    rates_hz,
)
from spikeboard.displays.cross_correlogram.lags import SCALES, Lags, fitting_bin, window_of_lags
from spikeboard.displays.trains import Train, chosen_rows, population_train, unit_train
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import faded, label
from spikeboard.view import Result
from spikeboard.views.chosen import NEUTRAL, busiest, by_population, rows_of, span, spikes_per_unit, window_of

MOST_BINS_OF_GRID = 101
MOST_OF_GRID = 8


def numbers(rec: Recording, selection: Selection, between: str, lags: Lags) -> Result:
    """One row per pair and bin: reference, target, lag_ms, counts, value, predictor."""
    t0, t1 = window_of(rec, selection)
    lags, more = fitting_bin(rec, lags, MOST_BINS_OF_GRID)
    t1, shortened = window_of_lags(
        rec, lambda end: chosen_rows(rec, selection, between, t0, end, MOST_OF_GRID), lags, t0, t1
    )
    sides, notes = _members(rec, selection, between, t0, t1)
    if not sides:
        raise NothingToDraw(f"no selected unit fires in {span(t0, t1)}: no lag to count")
    groups = [side.rows.tolist() for side in sides]
    found = recalled(correlograms, rec, groups, lags.window_ms, lags.bin_ms, t0, t1)
    values, expected = _scaled(rec, groups, found, lags, t0, t1)
    frame = _table(sides, found, values, expected)
    kind = "units" if between == "units" else "populations, pooled"
    caption = shortened + (
        f"{SCALES[lags.scale]} of all pairs of {len(sides)} {kind}, {found.n_spikes.sum():,} spikes in {span(t0, t1)}, "
        f"within ±{found.window_s * 1e3:g} ms in bins of {found.bin_s * 1e3:.6g} ms. Row: reference; column: target; "
        "right of the middle the target fires after the reference. Each cell to its own maximum; the dotted line is "
        "the Poisson expectation."
    )
    extra = {"sides": sides, "found": found, "values": values, "expected": expected}
    return Result(frame, caption, (*notes, *more), extra)


def _members(
    rec: Recording, selection: Selection, between: str, t0: float, t1: float
) -> tuple[list[Train], list[str]]:
    rows = rows_of(rec, selection)
    if between == "populations":
        names = list(by_population(rec, rows))
        notes = (
            [] if len(names) <= MOST_OF_GRID else [f"The first {MOST_OF_GRID} of {len(names):,} populations."]
        )
        return [population_train(rec, selection, name) for name in names[:MOST_OF_GRID]], notes
    most = busiest(rec, rows, t0, t1, MOST_OF_GRID)
    most = np.sort(most[spikes_per_unit(rec, most, t0, t1) > 0])
    notes = [f"The {len(most)} most active of {len(rows):,} selected units."] if len(rows) > len(most) else []
    return [unit_train(rec, int(row)) for row in most], notes


def _scaled(
    rec: Recording, groups: list[list[int]], found: Correlograms, lags: Lags, t0: float, t1: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Values and Poisson expectation in the scale, (G, G, B) each."""
    expected = poisson_expectation(found)
    if lags.scale == "coefficient":
        values = recalled(coefficients, rec, groups, lags.window_ms, lags.bin_ms, t0, t1).counts.copy()
        values[np.arange(len(groups)), np.arange(len(groups)), len(found.lags_s) // 2] = np.nan
        return values, np.zeros_like(expected)
    if lags.scale == "z":
        spread = np.where(expected > 0, np.sqrt(expected), np.nan)
        return (found.counts - expected) / spread, np.zeros_like(expected)
    factor = border_factor(found) if lags.border else np.ones(len(found.lags_s))
    if lags.scale == "counts":
        return found.counts * factor, expected * factor
    per = np.where(found.n_spikes > 0, found.n_spikes, np.nan)[:, None, None] * found.bin_s
    return rates_hz(found, lags.border), expected * factor / per


def _table(
    sides: list[Train],
    found: Correlograms,
    values: NDArray[np.floating],
    expected: NDArray[np.floating],
) -> pd.DataFrame:
    n, n_bins = len(sides), len(found.lags_s)
    names = np.array([side.name for side in sides], object)
    return pd.DataFrame(
        {
            "reference": np.repeat(names, n * n_bins),
            "target": np.tile(np.repeat(names, n_bins), n),
            "lag_ms": np.tile(np.round(found.lags_s * 1e3, 9), n * n),
            "counts": found.counts.ravel(),
            "value": values.ravel(),
            "predictor": expected.ravel(),
        }
    )


def draw(result: Result) -> go.Figure:
    """A cell per pair: row the reference, column the target."""
    sides, found = result.extra["sides"], result.extra["found"]
    columns = [_column(result, j) for j in range(len(sides))]
    zero = [{"type": "line", "xref": "x", "yref": "y", "x0": j, "x1": j, "y0": -0.5, "y1": len(sides) - 0.5,
             "line": {"width": 0.7, "color": NEUTRAL}, "opacity": 0.6} for j in range(len(sides))]  # fmt: skip
    names = [label(side.name, 14) for side in sides]
    ticks = {"tickvals": list(range(len(sides))), "ticktext": names, "showgrid": False, "fixedrange": True}
    reach = f"{found.window_s * 1e3:g}"
    layout = {
        "xaxis": ticks | {"title": f"Target (each ±{reach} ms)", "range": [-0.55, len(sides) - 0.45]},
        "yaxis": ticks | {"title": "Reference", "range": [len(sides) - 0.45, -0.55]},
        "showlegend": False,
        "shapes": zero,
    }
    return go.Figure([trace for pair in columns for trace in pair], layout)


def _column(result: Result, j: int) -> tuple[go.Scatter, go.Scatter]:
    """The cells of one target under each other, and their expectation: as few traces as can be."""
    found, target = result.extra["found"], result.extra["sides"][j]
    cells = [
        _cell(i, j, found, result.extra["values"][i, j], result.extra["expected"][i, j])
        for i in range(len(result.extra["sides"]))
    ]
    drawn, expected = (np.concatenate([cell[k] for cell in cells]).astype("f4") for k in (0, 1))
    bars = go.Scatter(
        x=drawn[:, 0], y=drawn[:, 1], customdata=drawn[:, 2:], mode="lines", fill="toself", hoveron="points",
        line={"shape": "hvh", "width": 1, "color": target.tint}, fillcolor=faded(target.tint, 0.45),
        name=label(target.name, 16),
        hovertemplate="lag %{customdata[0]:.4g} ms: %{customdata[1]:.4g}<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    line = {"width": 1, "dash": "dot", "color": NEUTRAL}
    return bars, go.Scatter(x=expected[:, 0], y=expected[:, 1], mode="lines", line=line, hoverinfo="skip")


def _cell(
    i: int, j: int, found: Correlograms, values: NDArray[np.floating], expected: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Outline (x, y, lag in ms, value) and expectation (x, y) of a cell, each ending with a gap."""
    both = np.r_[values, expected, 0]
    top, bottom = np.nanmax(both), np.nanmin(both)
    height = (top - bottom or 1.0) / 0.8
    x = j + 0.45 * found.lags_s / found.window_s
    zero = i + 0.4 + bottom / height
    outline = np.full((len(x) + 3, 4), np.nan)
    outline[:-1, 0] = np.r_[x[:1], x, x[-1:]]
    outline[:-1, 1] = np.r_[zero, zero - np.nan_to_num(values) / height, zero]
    outline[1:-2, 2], outline[1:-2, 3] = found.lags_s * 1e3, values
    chance = np.full((len(x) + 1, 2), np.nan)
    chance[:-1] = np.stack([x, zero - expected / height], axis=1)
    return outline, chance
