"""Two spike trains side by side: which spikes match, where they part, how far apart they are; matrices of distances."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from spikeboard.displays.beginning import WHOLE
from spikeboard.displays.spike_train_comparison import matrix, pair
from spikeboard.displays.spike_train_comparison.measures import MEASURES, Scales
from spikeboard.displays.trains import train_picks
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Number, Result, View, Viewport


def comparison(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    display: str,
    between: str,
    first: int | None,
    second: int | None,
    first_population: str | None,
    second_population: str | None,
    tolerance_ms: float,
    measure: str,
    tau_ms: float,
    cost_hz: float,
    whole: bool,
) -> Result:
    """Two spike trains, A and B, spike by spike and as a whole.

    **Spikes.** A spike of A and one of B match where they lie no further apart than the tolerance: one to one, as many
    pairs as possible, and of these the least total displacement. A spike of A without a partner is *missing* in B, a
    spike of B without one is *extra*. The first divergence is the earliest spike of either without a partner. By
    chance is the mean number of matches when B is shifted in time by k/9 of the window (k = 1…8; what leaves the
    window enters at its other end): rates and intervals stay, the relation of the trains is lost. Up to 5,000 spikes on
    screen are drawn one by one, more as the number of each kind in steps of time; a zoom draws what is on screen, and
    changes neither which spikes match nor the distances, which are of the whole window.

    **Distances.** *SPIKE-distance* (Kreuz et al. 2013): how far each spike is from the nearest of the other train, per
    local interval. *ISI-distance* (Kreuz et al. 2007): how much the current intervals differ. *SPIKE-synchronisation*
    (Kreuz et al. 2015): the share of spikes with a partner nearer than half of every interval around, a similarity.
    These three lie in 0…1 and need no time scale; at the ends of the window they are corrected as in Mulansky et al.
    (2015). *van Rossum* (2001): Euclidean distance of the trains smoothed by a causal exponential of time constant τ,
    normalised so that one lone spike is 1 away from silence. *Victor–Purpura* (1996): least cost of turning A into B,
    1 for deleting or inserting a spike and q per second of moving one. Small τ, or large q, asks for coincidence; large
    τ, or small q, for equal numbers of spikes: the curve shows at which time scale the trains differ (Victor and
    Purpura's where that is the measure, else van Rossum's).

    **Over time.** The local SPIKE- or ISI-distance, whose mean over the window is the distance.

    **Matrix.** The distance of all pairs of up to 100 units (the most active; fewer where so many spikes would take
    long), ordered by average-linkage clustering with optimal leaf order (Bar-Joseph et al. 2001); the tree above joins
    groups at the mean distance of their members.

    **Long windows.** Of a window that takes longer than a moment the beginning is taken that takes so long, or that
    holds a million spikes and takes a second or two; the caption says which seconds. *All of the window* takes all of
    it, as far as the two trains hold no more than 4 million spikes.

    Parameters
    ----------
    viewport : what of the time is on screen, where two trains are shown
    display : "pair" or "matrix"
    between : "units" or "populations" (pooled into one train)
    first, second : unit rows of A and B; None takes the two most active units of one population
    first_population, second_population : names; None takes the first two of the selection
    tolerance_ms : ms, taken to the nearest whole number of clock ticks
    measure : "spike", "isi", "synchronisation", "van_rossum" or "victor_purpura": of the matrix, the profile and the
        curve
    tau_ms : time constant of van Rossum's distance, ms
    cost_hz : cost of Victor and Purpura's distance, per second
    whole : take all of a long window, not so much of its beginning as takes a moment

    Returns
    -------
    Result : one row per spike: time_s, train, kind (matched, missing, extra), partner_s, displacement_ms; or one row
        per pair of units
    """
    scales = Scales(tau_ms, cost_hz)
    if display == "matrix":
        return matrix.numbers(rec, selection, between, measure, scales, whole)
    picked = (first, second) if between == "units" else (first_population, second_population)
    return pair.numbers(rec, selection, between, picked, viewport, tolerance_ms, measure, scales, whole)


def draw(result: Result, display: str, measure: str, **settings: Any) -> go.Figure:
    """Events, profile and curve above each other; or a matrix under its tree."""
    if display == "matrix":
        return matrix.draw(result)
    return pair.draw(result, measure, Scales(settings["tau_ms"], settings["cost_hz"]))


VIEW = View(
    "spike_train_comparison",
    "Spike train comparison",
    page="compare",
    data=comparison,
    figure=draw,
    settings={
        "display": Choice("pair", {"pair": "Two trains", "matrix": "Matrix of distances"}, "Show"),
        "between": Choice("units", {"units": "Units", "populations": "Populations"}, "Between"),
        **train_picks({"first": ("Unit A", "Population A"), "second": ("Unit B", "Population B")}),
        "tolerance_ms": Number(5.0, 0.0, 1000.0, "Tolerance, ±", "ms", when={"display": ("pair",)}),
        "measure": Choice("spike", MEASURES, "Measure"),
        "tau_ms": Number(20.0, 0.01, 100_000.0, "van Rossum τ", "ms"),
        "cost_hz": Number(100.0, 0.0, 100_000.0, "Victor–Purpura q", "1/s"),
        "whole": WHOLE,
    },
    zooms={"display": ("pair",)},
    ends_zoom=("display",),
    order=100,
    height=600,
)
