"""The frequency bands δ to γ, as shades behind a spectrum."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from spikeboard.views.chosen import NEUTRAL

BANDS = (("δ", 1, 4), ("θ", 4, 8), ("α", 8, 13), ("β", 13, 30), ("γ", 30, 90))


def add_bands(figure: go.Figure, logarithmic: bool, top: float) -> None:
    """Shade the bands below `top` Hz, and name them."""
    for k, (name, low, high) in enumerate(BANDS):
        if low >= top:
            continue
        middle = np.log10(np.sqrt(low * min(high, top))) if logarithmic else (low + min(high, top)) / 2
        figure.add_shape(
            type="rect", x0=low, x1=min(high, top), yref="y domain", y0=0, y1=1, line={"width": 0},
            fillcolor=NEUTRAL, opacity=0.14 if k % 2 else 0.05, layer="below",
        )  # fmt: skip
        figure.add_annotation(
            x=middle, yref="y domain", y=1, text=name, showarrow=False, yanchor="top", font={"size": 12}
        )
