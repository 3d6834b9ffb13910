"""Counts per pixel of a raster, against Datashader."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.case import Case, Peer, Prepare
from spikeboard import Recording
from spikeboard.analysis import pixel_counts

WIDTH, HEIGHT = 1600, 800


def ours(part: float) -> Prepare:
    """Our counts of the first `part` of a recording."""
    return lambda rec: lambda: pixel_counts(rec, 0.0, part * rec.t_stop, WIDTH, HEIGHT)


def datashader(part: float) -> Prepare:
    """Datashader's, which is handed no more than the spikes of the window."""
    return lambda rec: _datashader(rec, part * rec.t_stop)


def _datashader(rec: Recording, stop: float) -> Callable[[], NDArray[np.integer]]:
    shader = import_module("datashader")
    # Its columns are cut in float32-like steps: half a tick keeps every spike away from their edges.
    times = rec.spike_times[: np.searchsorted(rec.spike_times, stop)] + rec.tick / 2
    frame = pd.DataFrame({"time": times, "unit": rec.spike_rows[: len(times)]})
    canvas = shader.Canvas(WIDTH, HEIGHT, x_range=(0.0, stop), y_range=(0, len(rec.units)))
    return lambda: canvas.points(frame, "time", "unit", shader.count()).to_numpy()


def same_pixels(rec: Recording, ours: Any, theirs: Any) -> None:
    """Every spike is counted by both, and all but one in a million lie in the same pixel."""
    assert ours.sum() == theirs.sum() > 0
    apart = np.abs(ours.astype(np.int64) - theirs).sum() // 2
    assert apart <= 1e-6 * ours.sum(), f"{apart} spikes lie in other pixels"


CASES = [
    Case(
        f"pixels-{data}{'' if part == 1 else '-part'}",
        f"Raster, {WIDTH} × {HEIGHT} counts" + ("" if part == 1 else f", {part:.0%} of the time"),
        data,
        ours(part),
        (Peer("Datashader", "datashader", datashader(part), same_pixels, 5),),
    )
    for data, part in (("S2", 1), ("S2", 0.01), ("S3", 1))
]
