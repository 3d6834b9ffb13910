"""A raster as a PNG, against matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.case import Case, Peer
from spikeboard import Recording
from spikeboard.analysis import pixel_counts
from spikeboard.pictures import counts_png

WIDTH, HEIGHT = 1600, 800


def ours(rec: Recording) -> Callable[[], bytes]:
    """Counted, then written."""
    colours = ["#000000"] * HEIGHT
    return lambda: counts_png(pixel_counts(rec, None, None, WIDTH, HEIGHT), colours)


def matplotlib(rec: Recording) -> Callable[[], bytes]:
    """A pixel for each spike, on axes that fill the picture."""
    figures, agg = import_module("matplotlib.figure"), import_module("matplotlib.backends.backend_agg")
    places = rec.spike_rows * (HEIGHT // len(rec.units)) + 0.5

    def drawn() -> bytes:
        figure = figures.Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, rec.t_stop), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        axes.plot(rec.spike_times, places, "k,")
        file = io.BytesIO()
        agg.FigureCanvasAgg(figure).print_png(file)
        return file.getvalue()

    return drawn


def same_ink(rec: Recording, ours: Any, theirs: Any) -> None:
    """The same rows are inked, each as much but for the pixels that matplotlib puts to the other side of an edge."""
    inked, expected = _inked(ours).sum(axis=1), _inked(theirs).sum(axis=1)
    assert np.array_equal(np.flatnonzero(inked), np.flatnonzero(expected))
    np.testing.assert_allclose(inked, expected, rtol=0.02, atol=5)


def _inked(png: bytes) -> NDArray[np.bool_]:
    rgba = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
    return (rgba[..., 3] > 0) & (rgba[..., :3].max(axis=2) < 128)


CASES = [
    Case(
        "picture",
        f"Raster as a PNG, {WIDTH} × {HEIGHT}",
        "S1",
        ours,
        (Peer("matplotlib", "matplotlib", matplotlib, same_ink, 10),),
    )
]
