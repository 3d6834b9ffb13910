"""Time spent in each cell of the plane of two variables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.displays.beginning import sparse_words
from spikeboard.displays.phase_portrait.paths import Path
from spikeboard.theme import SEQUENTIAL

CELLS = 120
# Of more samples than take a moment, or than fit into memory, stretches of so many are counted.
OF_A_MOMENT, MOST_SAMPLES, STRETCH = 250_000, 5_000_000, 4000


def counted_samples(first: int, last: int, n: int, whole: bool) -> tuple[slice | NDArray[np.int64], int]:
    """Which samples of a window are counted: all, or of very many one in k stretches, evenly over the window.

    Parameters
    ----------
    first, last : the first sample of the window and the one past its last
    n : units they are counted of
    whole : whether all of a long window is wanted

    Returns
    -------
    samples : a slice, or (N,) int64
    every : k; 1 for all
    """
    most = (MOST_SAMPLES if whole else OF_A_MOMENT) // (n * STRETCH)
    every = -(-(last - first) // (max(most, 1) * STRETCH))
    if every <= 1:
        return slice(first, last), 1
    starts = np.arange(first, last, every * STRETCH)
    samples = (starts[:, None] + np.arange(STRETCH)).ravel()
    return samples[samples < last], every


def counted_words(every: int, whole: bool) -> str:
    """What the caption says where not all samples were counted, with a space after it."""
    if every == 1:
        return ""
    return sparse_words(f"one in {every:,} stretches of {STRETCH:,} samples", whole, "select other seconds")


def density_of(paths: Sequence[Path]) -> dict[str, np.ndarray]:
    """Seconds spent in each cell, (CELLS, CELLS) by x and y, NaN for none; and the edges x and y of the cells."""
    x, y = (np.concatenate([getattr(path, axis) for path in paths]) for axis in "xy")
    weights = np.concatenate(
        [np.full(len(path.time), float(np.median(np.diff(path.time)))) for path in paths]
    )
    edges = [np.linspace(*_wide(values), CELLS + 1) for values in (x, y)]
    cell = _cell(x, edges[0]) * CELLS + _cell(y, edges[1])
    seconds = np.bincount(cell, weights, CELLS * CELLS).reshape(CELLS, CELLS)
    return {"seconds": np.where(seconds > 0, seconds, np.nan), "x": edges[0], "y": edges[1]}


def _cell(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which of the equal cells each value lies in; the greatest in the last."""
    place = (values - edges[0]) * (CELLS / (edges[-1] - edges[0]))
    return np.minimum(place.astype(np.int64), CELLS - 1)


def _wide(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    pad = 0.0 if high > low else max(abs(low), 1.0) * 0.05
    return low - pad, high + pad


def cells_table(density: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row per cell in which time was spent: x and y of its middle, seconds."""
    across, up = np.nonzero(np.isfinite(density["seconds"]))
    x, y = ((density[axis][:-1] + density[axis][1:]) / 2 for axis in "xy")
    return pd.DataFrame({"x": x[across], "y": y[up], "seconds": density["seconds"][across, up]})


def add_density(figure: go.Figure, density: dict[str, np.ndarray]) -> None:
    """The cells as a heat map; colours are logarithmic."""
    seconds = density["seconds"].T
    exponents = np.log10(seconds)
    low, high = int(np.floor(np.nanmin(exponents))), int(np.ceil(np.nanmax(exponents)))
    ticks = list(range(low, max(high, low + 1) + 1))
    figure.add_heatmap(
        z=exponents.astype("f4"), x=density["x"].astype("f4"), y=density["y"].astype("f4"), colorscale=SEQUENTIAL,
        customdata=seconds.astype("f4"), hoverongaps=False, showscale=True,
        colorbar={
            "title": {"text": "Time spent (s)", "side": "right"}, "thickness": 12, "outlinewidth": 0,
            "tickvals": ticks, "ticktext": [f"{10.0**tick:g}" for tick in ticks],
        },
        hovertemplate="%{x:.4g}, %{y:.4g}<br>%{customdata:.3g} s<extra></extra>",
    )  # fmt: skip
