"""The weight matrix in blocks, against Datashader."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.case import Case, Peer
from spikeboard import Recording
from spikeboard.analysis import weight_blocks

SIZE = 800


def ours(rec: Recording) -> Callable[[], Any]:
    """Sums of weights, (800, 800), NaN where there is no synapse."""
    return lambda: np.asarray(weight_blocks(rec, "all", (SIZE, SIZE)))


def datashader(rec: Recording) -> Callable[[], Any]:
    """Sums over a table of synapses, which is spelled out beforehand."""
    shader, synapses = import_module("datashader"), rec.synapses("all")
    n = len(synapses.indptr) - 1
    sources = np.repeat(np.arange(n, dtype=np.int32), np.diff(synapses.indptr))
    table = pd.DataFrame({"source": sources, "target": synapses.indices, "weight": synapses.weight})
    canvas = shader.Canvas(SIZE, SIZE, x_range=(0, n), y_range=(0, n))
    return lambda: canvas.points(table, "target", "source", shader.sum("weight")).to_numpy()


def same_blocks(rec: Recording, ours: Any, theirs: Any) -> None:
    """To nine digits, and empty where theirs is."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert np.nansum(ours) > 0


CASES = [
    Case(
        "weights",
        f"10⁷ synapses in {SIZE} × {SIZE} blocks",
        "network",
        ours,
        (Peer("Datashader", "datashader", datashader, same_blocks, 3),),
    )
]
