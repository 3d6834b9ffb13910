"""The correlogram of two trains, with what to expect by chance."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.correlation import Correlograms, border_factor, coefficients, correlograms
from spikeboard.analysis.trains import unit_rows
from spikeboard.displays.beginning import PATIENCE_S
from spikeboard.displays.cross_correlogram.chance import (
    Chance,
    Predictor,
    expected_by_chance,
    poisson_mean,
    seconds_by_chance,
)
from spikeboard.displays.cross_correlogram.delays import add_delays, synaptic_delays
from spikeboard.displays.cross_correlogram.lags import Lags, Pair, fitting_bin, window_of_lags
from spikeboard.displays.marks import upright
from spikeboard.displays.trains import population_train, unit_train
from spikeboard.errors import NothingToDraw
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import faded, label
from spikeboard.view import Result
from spikeboard.views.chosen import (
    NEUTRAL,
    busiest,
    by_population,
    many,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)

# Bars finer than this are thinner than a pixel.
MOST_BINS = 1001


def _check_spikes(rec: Recording, pair: Pair) -> None:
    t0, t1 = pair.t0, pair.t1
    for train in (pair.reference, pair.target):
        if not spikes_per_unit(rec, train.rows, t0, t1).sum():
            raise NothingToDraw(f"{train.name} has no spike in {span(t0, t1)}: choose another, or more time")
    if pair.auto and spikes_per_unit(rec, pair.target.rows, t0, t1).sum() < 2:
        raise NothingToDraw(f"{pair.target.name} has a single spike in {span(t0, t1)}: no lag to count")


def _unit_candidates(
    rec: Recording, selection: Selection, picked: tuple[int | None, int | None], t0: float, t1: float
) -> list[int]:
    """The most active of the selected units: units without a spike are no candidates."""
    unit_rows(rec, [row for row in picked if row is not None])
    rows = rows_of(rec, selection)
    found = busiest(rec, rows, t0, t1, 3)
    fired = found[spikes_per_unit(rec, found, t0, t1) > 0]
    if not len(fired) and None in picked:
        raise NothingToDraw(
            f"none of the {len(rows):,} selected units fires in {span(t0, t1)}: no lag to count"
        )
    return fired.tolist()


def _pair_taken(
    rec: Recording,
    selection: Selection,
    between: str,
    picked: tuple[Any, Any],
    lags: Lags,
    predictor: Predictor,
) -> tuple[Pair, str]:
    """Reference and target in the part of the window that is taken, and what the caption says of that."""
    t0, t1 = window_of(rec, selection)
    whole = _chosen(rec, selection, between, picked, t0, t1)
    fits = seconds_by_chance(rec, whole, lags.window_ms, predictor) <= PATIENCE_S
    drawn = fits or predictor.name == "trials"

    # What each end takes is asked for in several ways.
    @cache
    def until(end: float) -> Pair:
        try:
            return _chosen(rec, selection, between, picked, t0, end)
        except NothingToDraw:
            # Nobody fires so early.
            return replace(whole, t1=end)

    def by_chance(end: float) -> float:
        return seconds_by_chance(rec, until(end), lags.window_ms, predictor) if drawn else 0.0

    end, words = window_of_lags(rec, lambda end: until(end).sides, lags, t0, t1, by_chance)
    return until(end), words


def _chosen(
    rec: Recording, selection: Selection, between: str, picked: tuple[Any, Any], t0: float, t1: float
) -> Pair:
    """Reference and target: those picked, else the most active units, or the first two populations."""
    candidates: list[Any] = (
        _unit_candidates(rec, selection, picked, t0, t1)
        if between == "units"
        else list(by_population(rec, rows_of(rec, selection)))
    )
    first = picked[0] if picked[0] is not None else next((c for c in candidates if c != picked[1]), picked[1])
    second = picked[1] if picked[1] is not None else next((c for c in candidates if c != first), first)
    reference, target = (
        unit_train(rec, one) if between == "units" else population_train(rec, selection, one)
        for one in (first, second)
    )
    return Pair(reference, target, t0, t1)


def numbers(
    rec: Recording,
    selection: Selection,
    between: str,
    picked: tuple[Any, Any],
    lags: Lags,
    predictor: Predictor,
) -> Result:
    """One row per bin: lag_ms, counts, the value in the scale, and the predictor with its band.

    Parameters
    ----------
    between : "units" or "populations"
    picked : reference and target; None takes the most active units, or the first populations
    """
    lags, notes = fitting_bin(rec, lags, MOST_BINS)
    pair, shortened = _pair_taken(rec, selection, between, picked, lags, predictor)
    _check_spikes(rec, pair)
    window_ms, scale, border = lags.window_ms, lags.scale, lags.border
    asked = pair.sides, window_ms, lags.bin_ms, pair.t0, pair.t1
    # First, because it refuses fewer spikes than a correlogram.
    binned = recalled(coefficients, rec, *asked) if scale == "coefficient" else None
    found = recalled(correlograms, rec, *asked)
    chance = expected_by_chance(rec, pair, found, window_ms, predictor)
    found = found if chance is None or chance.trials is None else chance.trials
    frame = pd.DataFrame({"lag_ms": np.round(found.lags_s * 1e3, 9), "counts": found.counts[0, -1]})
    if binned is not None:
        frame, more = _as_coefficients(binned, pair, frame)
        notes = [*notes, *more]
    else:
        _add_scaled(frame, found, chance, scale, border)
    delays, more = synaptic_delays(rec, pair, window_ms)
    spoken = [*notes, *(chance.notes if chance else ()), *more]
    if scale == "z" and border:
        spoken.append("z-scores need no border correction: the predictor loses the same pairs.")
    extra = {
        "pair": pair,
        "delays": delays,
        "chance": chance.text if chance else "",
        "bin_ms": found.bin_s * 1e3,
    }
    caption = shortened + _caption(pair, found, frame, chance, scale)
    return Result(frame, caption, tuple(spoken), extra)


def _add_scaled(
    frame: pd.DataFrame, found: Correlograms, chance: Chance | None, scale: str, border: bool
) -> None:
    """Add the value in the scale, and the predictor's, to the frame."""
    counts = frame["counts"].to_numpy()
    if scale == "z":
        predicted = chance or poisson_mean(found)
        with np.errstate(divide="ignore", invalid="ignore"):
            frame["value"] = np.where(
                predicted.deviation > 0, (counts - predicted.mean) / predicted.deviation, np.nan
            )
            frame["predictor"] = 0.0
            for name, edge in (("low", predicted.low), ("high", predicted.high)):
                frame[name] = (edge - predicted.mean) / np.where(
                    predicted.deviation > 0, predicted.deviation, np.nan
                )
        return
    factor = border_factor(found) if border else np.ones(len(frame))
    factor = factor / (found.n_spikes[0] * found.bin_s) if scale == "rate" else factor
    frame["value"] = counts * factor
    if chance is not None:
        frame["predictor"] = chance.mean * factor
        frame["low"], frame["high"] = np.maximum(chance.low, 0) * factor, chance.high * factor


def _as_coefficients(found: Correlograms, pair: Pair, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    n_bins = max(int(np.ceil(found.duration / found.bin_s)), 1)
    frame = frame.assign(value=found.counts[0, -1], predictor=0.0)
    if not np.isfinite(frame["value"]).any():
        raise NothingToDraw("the counts in bins never change: a coefficient of correlation is not defined")
    reach = 1.96 / np.sqrt(n_bins)
    frame["low"], frame["high"] = -reach, reach
    if pair.auto:
        frame.loc[frame["lag_ms"] == 0, "value"] = np.nan
    notes = [f"The band of a coefficient is ±1.96/√N of {n_bins:,} independent bins, whatever the predictor."]
    if pair.auto:
        notes.append("The coefficient at lag 0, which is 1 by definition, is not drawn.")
    return frame, notes


def _caption(pair: Pair, found: Correlograms, frame: pd.DataFrame, chance: Chance | None, scale: str) -> str:
    width, reach = found.bin_s * 1e3, found.window_s * 1e3
    n = found.n_spikes
    if pair.auto:
        what = f"Auto-correlogram of {pair.target.name} ({n[0]:,} spikes; pairs of a spike with itself are left out)"
    else:
        what = (
            f"{pair.target.name} ({n[-1]:,} spikes) after {pair.reference.name} ({n[0]:,} spikes): "
            "positive lag, target after reference"
        )
    total = frame["counts"].sum()
    pairs = "1 pair" if total == 1 else f"{total:,.10g} pairs"
    text = f"{what}; {pairs} within ±{reach:g} ms in {span(pair.t0, pair.t1)}, "
    text += f"bins of {width:.6g} ms"
    text += _pools(pair)
    if chance and scale != "coefficient":
        text += f" Predictor: {chance.text}."
    return text + _peak(frame, chance, scale)


def _pools(pair: Pair) -> str:
    sizes = [len(side.rows) for side in (pair.reference, pair.target)]
    if max(sizes) == 1:
        return "."
    if pair.auto:
        return f"; {many(sizes[0], 'unit')} pooled into one train."
    return f"; {many(sizes[0], 'unit')} and {many(sizes[1], 'unit')} pooled into two trains."


def _peak(frame: pd.DataFrame, chance: Chance | None, scale: str) -> str:
    if "high" not in frame or not np.isfinite(frame["value"]).any():
        return ""
    above = frame["value"] - frame["high"]
    outside = int(((frame["value"] > frame["high"]) | (frame["value"] < frame["low"])).sum())
    at = frame["lag_ms"].to_numpy()[np.nanargmax(frame["value"].to_numpy())]
    words = f" Highest at {at:+.4g} ms" if frame["counts"].any() else " No pair lies in the window"
    if outside == 0:
        return f"{words}; no bin lies outside of the band."
    side = "above" if above.max() > 0 else "inside"
    verb = "lies" if outside == 1 else "lie"
    return f"{words}, {side} the band; {outside} of {len(frame)} bins {verb} outside of it."


def draw(result: Result, scale: str) -> go.Figure:
    """Bars over the lag, pale within the band that chance leaves."""
    figure, frame, pair = go.Figure(), result.table(), result.extra["pair"]
    if "high" in frame:
        _add_band(figure, frame, scale)
    _add_bars(figure, frame, pair.target.tint, result.extra["bin_ms"], scale)
    add_delays(figure, result.extra["delays"])
    edge = float(frame["lag_ms"].max() + result.extra["bin_ms"] / 2)
    upright(figure, 0, dash="dot")
    return figure.update_layout(
        xaxis={"title": _lag_title(pair), "range": [-edge, edge]},
        yaxis={"title": _value_title(scale)},
        barmode="overlay", bargap=0,
        legend={"y": 1.07}, margin={"t": 66},
    )  # fmt: skip


def _lag_title(pair: Pair) -> str:
    if pair.auto:
        return "Lag (ms)"
    return f"Lag (ms) of {label(pair.target.name, 20)} after {label(pair.reference.name, 20)}"


def _value_title(scale: str) -> str:
    return {
        "rate": "Rate of the target (Hz)",
        "counts": "Pairs per bin",
        "coefficient": "Correlation coefficient",
        "z": "z-score",
    }[scale]


def _add_band(figure: go.Figure, frame: pd.DataFrame, scale: str) -> None:
    x = frame["lag_ms"].to_numpy("f4")
    edge = {"width": 0, "color": NEUTRAL, "shape": "hvh"}
    quiet = {"hoverinfo": "skip", "mode": "lines"}
    figure.add_scatter(x=x, y=frame["low"].to_numpy("f4"), line=edge, showlegend=False, **quiet)
    figure.add_scatter(
        x=x, y=frame["high"].to_numpy("f4"), line=edge, fill="tonexty", fillcolor=faded(NEUTRAL, 0.28),
        name="95 % by chance", **quiet,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=frame["predictor"].to_numpy("f4"), mode="lines", name="by chance",
        line={"color": NEUTRAL, "width": 1.4, "dash": "dash"},
        hovertemplate="by chance %{y:.4g}<extra></extra>",
    )  # fmt: skip


def _add_bars(figure: go.Figure, frame: pd.DataFrame, tint: str, bin_ms: float, scale: str) -> None:
    value = frame["value"].to_numpy()
    outside = np.zeros(len(frame), bool)
    if "high" in frame:
        outside = ((frame["value"] > frame["high"]) | (frame["value"] < frame["low"])).to_numpy()
    parts = [(~outside, faded(tint, 0.5), "inside the band"), (outside, tint, "outside the band")]
    for which, fill, name in parts:
        if not which.any():
            continue
        figure.add_bar(
            x=frame["lag_ms"].to_numpy("f4")[which], y=value[which].astype("f4"), width=bin_ms,
            marker={"color": fill, "line": {"width": 0}}, name=name, showlegend="high" in frame,
            customdata=frame["counts"].to_numpy("f4")[which],
            hovertemplate="%{x:.4g} ms: %{y:.4g}, %{customdata:,} pairs<extra></extra>",
        )  # fmt: skip
