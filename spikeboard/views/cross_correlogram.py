"""Cross-correlograms of two units or populations, of all pairs of a few, and correlation matrices of many."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from spikeboard.displays.beginning import WHOLE
from spikeboard.displays.cross_correlogram import distribution, matrix, pair, pairs
from spikeboard.displays.cross_correlogram.chance import Predictor
from spikeboard.displays.cross_correlogram.lags import SCALES, Lags
from spikeboard.displays.trains import train_picks
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Flag, Number, Pick, Result, View, Whole

# Settings of the surrogates.
DRAWN = {"display": ("pair",), "predictor": ("dither", "jitter", "shuffle")}


def correlation(
    rec: Recording,
    selection: Selection,
    display: str,
    between: str,
    reference: int | None,
    target: int | None,
    reference_population: str | None,
    target_population: str | None,
    window_ms: float,
    bin_ms: float,
    scale: str,
    border: bool,
    predictor: str,
    spread_ms: float,
    surrogates: int,
    seed: int,
    intervals: str | None,
    coefficient: str,
    coincidence_ms: float,
    sort: str,
    whole: bool,
) -> Result:
    """How often one train fires at each lag from the spikes of another (Perkel, Gerstein & Moore 1967).

    **Sign and window.** A positive lag means that the target fires after the reference. The window is half the width
    shown: ±50 ms. Bins are a whole number of clock ticks wide and centred on whole multiples of their width, so that
    one is centred on lag 0; a lag exactly on an edge counts one half on either side, which makes the correlogram of
    B after A the exact mirror of A after B. Both spikes of a pair lie in the time window.

    **Auto-correlogram.** Where reference and target are the same, the pairs of a spike with itself are left out, and
    only those; the same holds for the units that two pools have in common.

    **Scale.** *Counts*: pairs per bin. *Rate*: counts / (spikes of the reference × bin width), the target's rate at
    that lag. *Coefficient*: Pearson's coefficient of the counts in bins, shifted by the lag (Eggermont 2010); only
    this scale bins the spikes first. *z-score*: (counts - predictor) / its standard deviation. Border correction
    multiplies counts and rates by T / (T - |lag|), for the pairs that the ends of the window cut off.

    **Predictor.** *Poisson*: independent trains of constant rate with the same numbers of spikes, with the central
    95 % of the Poisson distribution in each bin. *Dither*: each target spike moved by up to ± the spread, which keeps
    slow changes of rate (Date, Bienenstock & Geman 1998); the band is simultaneous: 95 % of the surrogates leave it
    nowhere (Fujisawa et al. 2008; Amarasingham et al. 2012). *Interval jitter* places spikes anew within bins of that
    width, *shuffle* permutes the intervals. *Shift over trials*: the target is taken from other trials, which keeps
    what is locked to their start; only pairs within trials count then. A vertical line marks the synaptic delay where
    the reference projects to the target (right of 0) or the target to the reference (left of 0).

    **Pairs.** Correlograms of all pairs of up to 8 units (the most active) or populations, each to its own maximum.

    **Matrix.** For up to 200 units (the most active), the spike-time tiling coefficient of Cutts & Eglen (2014),
    which rates do not confound, with its ±Δt; or Pearson's coefficient of the counts in bins of that width. The
    **distribution** of the same coefficients is of pairs within a population and of pairs of two, each 100 %.

    **Long windows.** Of a window that takes longer than a moment the beginning is taken that takes so long, or that
    holds a million spikes and takes a second or two; the caption says which seconds. *All of the window* takes all of
    it, as far as it holds no more than 10,000 million pairs of spikes within reach (coefficients: 10 million spikes).

    Parameters
    ----------
    display : "pair", "pairs", "matrix" or "distribution"
    between : "units" or "populations" (pooled into one train)
    reference, target : unit rows; None takes the most active of the selection
    reference_population, target_population : names; None takes the first two of the selection
    window_ms, bin_ms : half width of the correlogram and width of a bin, ms
    scale : "rate", "counts", "coefficient" or "z"
    border : correct for the ends of the window
    predictor : "none", "poisson", "dither", "jitter", "shuffle" or "trials"
    spread_ms : of dither and jitter, ms
    surrogates, seed : how many are drawn, and from which seed
    intervals : table of trials of the shift predictor; None takes the first
    coefficient : of the matrix: "sttc" or "pearson"
    coincidence_ms : ±Δt of the tiling coefficient, or width of the count bins, ms
    sort : order of the matrix: "id" or "similarity"
    whole : take all of a long window, not so much of its beginning as takes a moment

    Returns
    -------
    Result : lag_ms, the value in the chosen scale, counts, and predictor with its band; or one row per pair
    """
    if display in ("matrix", "distribution"):
        return matrix.numbers(rec, selection, between, coefficient, coincidence_ms, sort, whole)
    lags = Lags(window_ms, bin_ms, scale, border, whole)
    if display == "pairs":
        return pairs.numbers(rec, selection, between, lags)
    picked = (reference, target) if between == "units" else (reference_population, target_population)
    by_chance = Predictor(predictor, spread_ms, surrogates, seed, intervals)
    return pair.numbers(rec, selection, between, picked, lags, by_chance)


def draw(result: Result, display: str, **settings: Any) -> go.Figure:
    """One correlogram, small multiples, or a matrix."""
    if display == "matrix":
        return matrix.draw(result, settings["coefficient"])
    if display == "distribution":
        return distribution.draw(result, settings["coefficient"])
    if display == "pairs":
        return pairs.draw(result)
    return pair.draw(result, settings["scale"])


VIEW = View(
    "cross_correlogram",
    "Cross-correlogram",
    page="correlation",
    data=correlation,
    figure=draw,
    settings={
        "display": Choice(
            "pair",
            {
                "pair": "One pair",
                "pairs": "All pairs of 8",
                "matrix": "Matrix",
                "distribution": "Distribution",
            },
            "Show",
        ),
        "between": Choice("units", {"units": "Units", "populations": "Populations"}, "Between"),
        **train_picks(
            {
                "reference": ("Reference unit", "Reference population"),
                "target": ("Target unit", "Target population"),
            }
        ),
        "window_ms": Number(50.0, 0.1, 10_000.0, "Window, ±", "ms", when={"display": ("pair", "pairs")}),
        "bin_ms": Number(1.0, 0.001, 1000.0, "Bin width", "ms", when={"display": ("pair", "pairs")}),
        "scale": Choice("rate", SCALES, "Scale", when={"display": ("pair", "pairs")}),
        "border": Flag(
            True, "Border correction", when={"display": ("pair", "pairs"), "scale": ("rate", "counts")}
        ),
        "predictor": Choice(
            "dither",
            {
                "none": "None",
                "poisson": "Poisson",
                "dither": "Dither",
                "jitter": "Interval jitter",
                "shuffle": "Shuffled intervals",
                "trials": "Shift over trials",
            },
            "By chance",
            when={"display": ("pair",)},
        ),
        "spread_ms": Number(
            10.0,
            0.1,
            10_000.0,
            "Dither, ±",
            "ms",
            when={"display": ("pair",), "predictor": ("dither", "jitter")},
        ),
        "surrogates": Whole(400, 20, 5000, "Surrogates", when=DRAWN),
        "seed": Whole(0, 0, 2**31 - 1, "Seed", when=DRAWN),
        "intervals": Pick(
            "interval", "Trials", empty="first table", when={"display": ("pair",), "predictor": ("trials",)}
        ),
        "coefficient": Choice(
            "sttc",
            {"sttc": "Spike-time tiling", "pearson": "Counts (Pearson)"},
            "Matrix of",
            when={"display": ("matrix", "distribution")},
        ),
        "coincidence_ms": Number(
            5.0, 0.01, 10_000.0, "±Δt, or bin", "ms", when={"display": ("matrix", "distribution")}
        ),
        "sort": Choice(
            "id",
            {"id": "As in the file", "similarity": "By similarity"},
            "Order",
            when={"display": ("matrix",)},
        ),
        "whole": WHOLE,
    },
    order=60,
    height=480,
)
