"""Weight matrix: who is connected to whom and how strongly, unit by unit, in blocks, or as distributions."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from spikeboard.displays.weight_matrix import heat_map, histograms
from spikeboard.displays.weight_matrix import matrix as cells
from spikeboard.displays.weight_matrix.chosen import joined
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Flag, Number, Pick, Result, View, Viewport

AS_MATRIX = {"display": ("matrix",)}


def matrix(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    display: str,
    level: str,
    projection: str | None,
    quantity: str,
    combine: str,
    applies: str,
    range_percent: float,
    margins: bool,
) -> Result:
    """Synapses by source (rows) and target (columns). Grey means no synapse, which is not a weight of zero.

    Each cell holds all synapses of its source and target: several synapses of one pair ("multapses") are summed, or
    averaged, or counted, and the caption says how many there are. Up to 500 units stand on each axis one by one;
    more are drawn in blocks of neighbours, and the caption says how many units share a cell. A zoom sums what is on
    screen anew, in smaller blocks, down to single units; a double click shows all of it again. "Populations" gives
    one cell per pair of populations.

    Weights: in the unit of the source, the colours symmetric about zero. Weights without a sign get that of their
    source where the unit table says which units are inhibitory. Delays: mean, in ms. Probability: pairs of units
    that are joined over all possible pairs, a unit with itself included; pairs joined in two projections count twice.
    "Automatic" sums the synapses of a pair of units and averages over those of a block. The margins are the
    synapses onto each target (in-degree, above) and from each source (out-degree, right), of those on screen. The
    histograms show the same synapses one by one.

    Parameters
    ----------
    rec : Recording
    selection : Selection, its units
    viewport : what of the matrix is on screen, in places of the units shown
    display : "matrix", or a histogram: "weights", "delays", "degrees"
    level : "units" or "populations"
    projection : name, None for all
    quantity : "weight", "delay" or "probability"
    combine : of the synapses of a cell, "auto", "sum", "mean" or "count"
    applies : whether the selection holds for "both" ends of a synapse, for the "source" or for the "target"
    range_percent : share of the cells within the range of colours, of the synapses within the bins
    margins : whether to draw the degrees

    Returns
    -------
    Result : one row per cell that holds synapses, or per bar of the histogram
    """
    chosen = joined(rec, selection, projection, applies)
    if display != "matrix":
        return histograms.numbers(rec, chosen, display, range_percent)
    return cells.numbers(rec, chosen, viewport, level, quantity, combine, range_percent)


def draw(result: Result, display: str, margins: bool, **_: Any) -> go.Figure:
    """A heat map with degrees in the margins, or histograms."""
    return heat_map.draw(result, margins) if display == "matrix" else histograms.draw(result)


VIEW = View(
    "weight_matrix",
    "Weight matrix",
    page="topology",
    data=matrix,
    figure=draw,
    settings={
        "display": Choice(
            "matrix",
            {
                "matrix": "Matrix",
                "weights": "Weight histogram",
                "delays": "Delay histogram",
                "degrees": "Degree histograms",
            },
            "Show",
        ),
        "level": Choice("units", {"units": "Units", "populations": "Populations"}, "Between", when=AS_MATRIX),
        "projection": Pick("projection", "Projection", empty="all"),
        "quantity": Choice(
            "weight",
            {"weight": "Weight", "delay": "Delay", "probability": "Probability"},
            "Quantity",
            when=AS_MATRIX,
        ),
        "combine": Choice(
            "auto",
            {"auto": "Automatic", "sum": "Sum", "mean": "Mean", "count": "Count"},
            "Several synapses",
            when=AS_MATRIX | {"quantity": ("weight", "delay")},
        ),
        "applies": Choice(
            "both", {"both": "Both ends", "source": "Sources", "target": "Targets"}, "Selection applies to"
        ),
        "range_percent": Number(
            99.0, 50, 100, "Range holds", "%", when={"display": ("matrix", "weights", "delays")}
        ),
        "margins": Flag(True, "Degrees in the margins", when=AS_MATRIX),
    },
    needs=("projections",),
    uses=("units",),
    zooms={"display": ("matrix",), "level": ("units",)},
    ends_zoom=("display", "level", "projection", "applies"),
    order=91,
    height=620,
)
