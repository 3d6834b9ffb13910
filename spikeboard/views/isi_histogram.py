"""Inter-spike intervals: their histogram, their variability unit by unit, and their sequence."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from spikeboard.displays.isi_histogram import histogram, return_map, variability
from spikeboard.displays.isi_histogram.pool import MEASURES, choose
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Flag, Number, Pick, Result, View, Whole


def intervals(
    rec: Recording,
    selection: Selection,
    display: str,
    unit: int | None,
    split: bool,
    logarithmic: bool,
    bin_ms: float,
    max_ms: float,
    bins_per_decade: int,
    scale: str,
    refractory_ms: float,
    poisson: bool,
    measure: str,
) -> Result:
    """Times between successive spikes of the same unit, pooled over the selected units or of one unit.

    Only intervals between two spikes that both lie in the window count; a unit with fewer than two spikes has none.
    All are computed on the recording's clock.

    **Histogram.** Linear bins begin at 0, are left-closed and a whole number of clock ticks wide, so that each holds
    equally many possible intervals and no combs appear; a width that is no multiple is snapped, and a note says so.
    The automatic width is that of Freedman & Diaconis (1981), 2 · IQR / n^(1/3), rounded to 1, 2 or 5; the automatic
    limit lies above 97 % of the intervals; where more than 2,000,000 intervals last 262,144 ticks or longer, as on
    a clock of nanoseconds, the first ones of each unit choose the bins, and all are counted. Logarithmic bins lie
    on the grid 10^(k / bins per decade) s. Intervals beyond the last bin are counted in a note. *Counts* are
    intervals per bin; *probability* is the share of all intervals, those beyond the last bin included; *density*
    divides by the width of the bin, in s or in decades. The dashed line is what Poisson processes with the same
    mean intervals would give: one exponential for each unit, weighted by its number of intervals. Intervals shorter
    than the refractory period are violations; one of exactly that length is none.

    **Variability.** One point per unit: its mean rate (spikes over the length of the window) and
    CV = standard deviation (ddof = 0) / mean of its intervals, CV2 (Holt et al. 1996), LV (Shinomoto et al. 2003) or
    LvR with R = 5 ms (Shinomoto et al. 2009). All are 1 for a Poisson process and 0 for a regular one.

    **Return map.** Each interval against the one before it, of the same unit. The serial correlation coefficient is
    Pearson's, of the successive intervals of one unit; its median over units is given. Up to 5,000 pairs are points;
    more are counted in cells, all of them, and of more than 1,000,000 pairs the table holds the cells.

    Parameters
    ----------
    display : "histogram", "variability" or "return_map"
    unit : row of one unit, None for all selected ones
    split : one line per population
    logarithmic : bins of equal width on a logarithmic axis
    bin_ms : width of a linear bin, ms; 0 for automatic
    max_ms : longest interval shown, ms; 0 for automatic
    bins_per_decade : of the logarithmic bins
    scale : "counts", "density" or "probability"
    refractory_ms : ms; 0 marks none
    poisson : draw the Poisson reference
    measure : of the variability: "cv", "cv2", "lv" or "lvr"

    Returns
    -------
    Result : the drawn bins (left_ms, right_ms, count, density, probability, poisson), units or pairs
    """
    chosen = choose(rec, selection, unit, split)
    if display == "variability":
        return variability.numbers(rec, chosen, measure)
    if display == "return_map":
        return return_map.numbers(rec, chosen)
    return histogram.numbers(
        rec, chosen, logarithmic, bin_ms, max_ms, bins_per_decade, refractory_ms, poisson
    )


def draw(result: Result, display: str, logarithmic: bool, **settings: Any) -> go.Figure:
    """Stepped areas with their references, or points."""
    if display == "variability":
        return variability.draw(result, settings["measure"])
    if display == "return_map":
        return return_map.draw(result)
    return histogram.draw(result, logarithmic, settings["scale"], settings["refractory_ms"])


VIEW = View(
    "isi_histogram",
    "Inter-spike intervals",
    page="intervals",
    data=intervals,
    figure=draw,
    settings={
        "display": Choice(
            "histogram",
            {
                "histogram": "Histogram",
                "variability": "CV and rate",
                "return_map": "Return map",
            },
            "Show",
        ),
        "unit": Pick("unit", "Unit", empty="all selected"),
        "split": Flag(True, "A line per population"),
        "logarithmic": Flag(False, "Logarithmic", when={"display": ("histogram",)}),
        "bin_ms": Number(
            0.0, 0.0, 1000.0, "Bin, 0 = auto", "ms", when={"display": ("histogram",), "logarithmic": (False,)}
        ),
        "max_ms": Number(0.0, 0.0, 1e7, "Longest, 0 = auto", "ms", when={"display": ("histogram",)}),
        "bins_per_decade": Whole(
            20, 2, 100, "Bins per decade", when={"display": ("histogram",), "logarithmic": (True,)}
        ),
        "scale": Choice(
            "counts",
            {"counts": "Counts", "density": "Density", "probability": "Probability"},
            "Vertical axis",
            when={"display": ("histogram",)},
        ),
        "refractory_ms": Number(2.0, 0.0, 1000.0, "Refractory", "ms", when={"display": ("histogram",)}),
        "poisson": Flag(True, "Poisson reference", when={"display": ("histogram",)}),
        "measure": Choice("cv", MEASURES, "Variability", when={"display": ("variability",)}),
    },
    order=50,
    height=440,
)
