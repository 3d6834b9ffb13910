"""How the coefficients of the matrix are spread, within populations and between them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.displays.marks import upright
from spikeboard.theme import colour, faded
from spikeboard.view import Result


def draw(result: Result, coefficient: str) -> go.Figure:
    """The coefficients of pairs within populations, and between them."""
    values, sides = result.extra["values"], result.extra["sides"]
    upper = np.triu_indices(len(sides), 1)
    codes = np.unique([side.population for side in sides], return_inverse=True)[1]
    same = codes[upper[0]] == codes[upper[1]]
    pairs = values[upper]
    known = np.isfinite(pairs)
    low, high = float(pairs[known].min()), float(pairs[known].max())
    n_bins = int(np.clip(np.sqrt(known.sum()), 5, 100))
    edges = np.linspace(low, high if high > low else low + 1e-6, n_bins + 1)
    figure = go.Figure()
    kinds = (
        (same, "within a population", colour(4), "solid"),
        (~same, "between populations", colour(5), "dash"),
    )
    for which, name, tint, dash in kinds:
        chosen = pairs[which & known]
        if len(chosen):
            counts = np.histogram(chosen, edges)[0]
            _add_share(
                figure, edges, counts, f"{name}: {len(chosen):,}, median {np.median(chosen):.3g}", tint, dash
            )
    upright(figure, 0, dash="dot")
    title = "Spike-time tiling coefficient" if coefficient == "sttc" else "Correlation coefficient"
    return figure.update_layout(
        xaxis={"title": title},
        yaxis={"title": "Share of pairs per bin (%)", "rangemode": "tozero"},
        showlegend=True,
    )


def _add_share(
    figure: go.Figure,
    edges: NDArray[np.floating],
    counts: NDArray[np.integer],
    name: str,
    tint: str,
    dash: str,
) -> None:
    share = 100 * counts / counts.sum()
    figure.add_scatter(
        x=np.repeat(edges, 2).astype("f4"), y=np.r_[0, np.repeat(share, 2), 0].astype("f4"),
        customdata=np.r_[0, np.repeat(counts, 2), 0].astype("i4"), mode="lines", name=name, fill="tozeroy",
        line={"color": tint, "width": 1.4, "dash": dash}, fillcolor=faded(tint, 0.2),
        hovertemplate="%{x:.3f}: %{customdata:,} pairs, %{y:.3g} %<extra></extra>",
    )  # fmt: skip
