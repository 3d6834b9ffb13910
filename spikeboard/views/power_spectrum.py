"""Power spectra of spike trains and recorded states, coherence of two populations, and power over time."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from spikeboard.displays.beginning import WHOLE
from spikeboard.displays.power_spectrum import coherence, power, spectrogram, states
from spikeboard.displays.power_spectrum.segments import cut
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Flag, Number, Pick, Result, View
from spikeboard.views.chosen import window_of

OF_SPIKES = {"display": ("power",), "source": ("spikes",)}


def spectra(
    rec: Recording,
    selection: Selection,
    display: str,
    source: str,
    pool: str,
    state: str | None,
    method: str,
    resolution_hz: float,
    max_hz: float,
    overlap: float,
    scale: str,
    logarithmic: bool,
    band: bool,
    bands: bool,
    reference: str | None,
    target: str | None,
    whole: bool,
) -> Result:
    """How the power of spiking, or of a recorded state, is spread over frequencies.

    **Spike trains.** A train is a sum of delta pulses; counted in bins it is a rate in spikes/s. Its power density is
    given two-sided (at f and -f, drawn for f > 0) in (spikes/s)²/Hz, which is spikes²/Hz per second of recording, so
    that a Poisson process of 12 spikes/s lies flat at 12: the dashed line of each population is that level, the rate of
    the train. *Pooled* takes all selected units of a population as one train, which shows what they do together; *mean
    over units* averages the spectra of its single units. Relative power is divided by the Poisson level. Counts are
    binned eight times finer than the highest frequency shown.

    **States.** The density of a recorded variable is one-sided, in unit²/Hz (mV²/Hz), as in SciPy: its integral is
    the variance. One line per recorded column, at most eight.

    **Welch** (1967) averages periodograms of overlapping Hann segments, each without its mean (which also takes
    away power at the lowest frequencies, 1 or 2 resolutions); their length is 1 / resolution. **Multitaper** (Thomson
    1982; Jarvis & Mitra 2001) averages over 7 orthogonal tapers (time half-bandwidth product 4) of segments that do
    not overlap: each value is a mean over ±4 resolutions. The length of the window counts, not the time of the last
    spike. The band is the pointwise 95 % confidence interval from χ² with the equivalent degrees of freedom (Percival
    & Walden 1993).

    **Long windows.** Of more segments than take a moment to transform (some 5 million samples for all lines together;
    16 segments at least), every second, third … is taken, so that they lie evenly over the window, and the caption
    says so; their number is in the confidence interval. "All of the window" takes all of them.

    **Coherence** of two pooled populations is |mean cross-spectrum|² / (product of the mean spectra), over segments
    that do not overlap; independent trains stay below the dashed line with 95 % probability at each frequency
    (Halliday et al. 1995). Positive phase: the target lags the reference.

    **Over time.** The periodogram of each Hann window of one population, with steps of a quarter window; in a long
    window the steps are longer, and a note says how much lies in between.

    Parameters
    ----------
    display : "power", "coherence" or "spectrogram"
    source : "spikes" or "state"
    pool : "pooled" or "mean" (over units)
    state : name of a state, None for the first
    method : "welch" or "multitaper"
    resolution_hz : 1 / length of a segment, Hz
    max_hz : highest frequency shown, Hz
    overlap : of Welch's segments, %
    scale : "power" or "relative" (to the Poisson level)
    logarithmic : both axes
    band : draw the confidence interval
    bands : shade the bands δ 1–4, θ 4–8, α 8–13, β 13–30 and γ 30–90 Hz
    reference, target : populations of the coherence, None for the first two selected; power over time is of the
        reference
    whole : take all segments of a long window, not so many of them as take a moment

    Returns
    -------
    Result : frequency_hz, power with its confidence interval and Poisson level per line; or coherence and phase
    """
    t0, t1 = window_of(rec, selection)
    if source == "state" and display == "power":
        return states.numbers(rec, selection, state, resolution_hz, max_hz, overlap / 100, method, whole)
    asked, notes = cut(t0, t1, resolution_hz, max_hz, overlap / 100, method, whole)
    if source == "state":
        notes.append("Coherence and power over time are of spikes.")
    if display == "coherence":
        return coherence.numbers(rec, selection, asked, reference, target, notes)
    if display == "spectrogram":
        return spectrogram.numbers(rec, selection, asked, reference, notes)
    return power.numbers(rec, selection, asked, pool, scale, bands, notes)


def draw(result: Result, display: str, logarithmic: bool, bands: bool, **settings: Any) -> go.Figure:
    """Lines over frequency, or a picture of power over time."""
    if display == "spectrogram":
        return spectrogram.draw(result, logarithmic)
    if display == "coherence":
        return coherence.draw(result, bands)
    return power.draw(result, logarithmic, settings["band"], bands, settings["scale"])


VIEW = View(
    "power_spectrum",
    "Power spectrum",
    page="spectra",
    data=spectra,
    figure=draw,
    settings={
        "display": Choice(
            "power",
            {"power": "Power", "coherence": "Coherence", "spectrogram": "Power over time"},
            "Show",
        ),
        "source": Choice(
            "spikes", {"spikes": "Spikes", "state": "A recorded state"}, "Of", when={"display": ("power",)}
        ),
        "pool": Choice(
            "pooled", {"pooled": "Pooled", "mean": "Mean over units"}, "Populations", when=OF_SPIKES
        ),
        "state": Pick("state", "State", empty="first", when={"display": ("power",), "source": ("state",)}),
        "method": Choice(
            "welch",
            {"welch": "Welch", "multitaper": "Multitaper"},
            "Method",
            when={"display": ("power", "coherence")},
        ),
        "resolution_hz": Number(1.0, 0.01, 100.0, "Resolution", "Hz"),
        "max_hz": Number(200.0, 1.0, 10_000.0, "Up to", "Hz"),
        "overlap": Number(
            50.0, 0.0, 90.0, "Overlap", "%", when={"display": ("power",), "method": ("welch",)}
        ),
        "scale": Choice(
            "power", {"power": "Power", "relative": "Relative to Poisson"}, "Scale", when=OF_SPIKES
        ),
        "logarithmic": Flag(True, "Logarithmic", when={"display": ("power", "spectrogram")}),
        "band": Flag(True, "95 % band", when={"display": ("power",)}),
        "bands": Flag(False, "δ θ α β γ", when={"display": ("power", "coherence")}),
        "reference": Pick(
            "population", "Reference", empty="first", when={"display": ("coherence", "spectrogram")}
        ),
        "target": Pick("population", "Target", empty="second", when={"display": ("coherence",)}),
        "whole": WHOLE,
    },
    needs=(),
    order=70,
    height=460,
)
