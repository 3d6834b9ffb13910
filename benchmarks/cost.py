"""Our time as recordings grow: in spikes, in units, in synapses; as plots and as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import spikeboard
from benchmarks.alternate import in_turns
from benchmarks.data import PLACE, network, poisson_recording, stored
from benchmarks.table import markdown, number
from spikeboard import Recording, analysis

IMAGES = Path(__file__).parents[1] / "docs" / "images" / "benchmarks"
# Okabe and Ito's colours, which the colour-blind tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
MARKERS = "osD^v"


@dataclass(frozen=True)
class Growth:
    """A size that grows, and what is computed at each.

    against : what grows, also the name of the plot
    held : what stays as it is, in words
    sizes : ascending
    make : a recording of a size
    calls : what is timed, in words
    """

    against: str
    held: str
    sizes: tuple[int, ...]
    make: Callable[[int], Recording]
    calls: Mapping[str, Callable[[Recording], Any]]


GROWTHS = (
    Growth(
        "spikes",
        "1,000 units, 1,000 s",
        (10**5, 10**6, 10**7, 10**8),
        lambda size: poisson_recording(1000, size, 1000.0, seed=21),
        {
            "open once more": lambda rec: spikeboard.open(PLACE / f"spikes-{len(rec.spike_times)}"),
            "raster, 1600 × 800": lambda rec: analysis.pixel_counts(rec, None, None, 1600, 800),
            "raster of 1 s": lambda rec: analysis.pixel_counts(rec, 500.0, 501.0, 1600, 800),
            "counts per 100 ms": lambda rec: analysis.binned_counts(rec, 100.0),
            "interval statistics": analysis.interval_statistics,
        },
    ),
    Growth(
        "units",
        "1,000 spikes of each in 100 s",
        (10, 30, 100, 300, 1000),
        lambda size: poisson_recording(size, 1000 * size, 100.0, seed=22),
        {
            "correlograms, all pairs": lambda rec: analysis.correlograms(rec, None, 20.0, 1.0),
            "tiling, all pairs": lambda rec: analysis.sttc(rec, None, 5.0),
            "van Rossum, all pairs": lambda rec: analysis.van_rossum(rec, None, 20.0),
            "kernel rates, 2,000 pixels": lambda rec: analysis.instantaneous_rates(
                rec, 500.0, np.linspace(0, 100, 2000)
            ),
        },
    ),
    Growth(
        "synapses",
        "10,000 units onto 10,000 others",
        (10**5, 10**6, 10**7, 10**8),
        network,
        {"weights, 800 × 800": lambda rec: analysis.weight_blocks(rec, "all", (800, 800))},
    ),
)


def relative_times(growth: Growth) -> dict[str, NDArray[np.float64]]:
    """Of each call the time at each size over that at the smallest, (sizes,): medians over rounds."""
    recordings = [
        stored(f"{growth.against}-{size}", lambda size=size: growth.make(size)) for size in growth.sizes
    ]
    found = {}
    for label, call in growth.calls.items():
        seconds = in_turns([lambda rec=rec, call=call: call(rec) for rec in recordings])
        found[label] = np.median(seconds / seconds[0], axis=1)
    return found


def plot_texts(found: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> dict[str, str]:
    """Below each plot's title: the picture, what is held, and its numbers as a table."""
    return {f"Against {growth.against}": _text(growth, found[growth.against]) for growth in GROWTHS}


def draw(growth: Growth, times: Mapping[str, NDArray[np.float64]], folder: Path = IMAGES) -> Path:
    """The plot as an SVG, time over size, both logarithmic; returns its path."""
    plt = import_module("matplotlib.pyplot")
    sizes = np.array(growth.sizes)
    with plt.rc_context({"svg.hashsalt": "spikeboard", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
        axes.loglog(sizes, sizes / sizes[0], "--", color="0.6", linewidth=1, label="as the size")
        for k, (label, ratios) in enumerate(times.items()):
            axes.loglog(sizes, ratios, marker=MARKERS[k], color=COLOURS[k], label=label)
        _finish(axes, growth)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{growth.against}.svg"
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
    return path


def _finish(axes: Any, growth: Growth) -> None:
    axes.set_xlabel(f"{growth.against} ({growth.held})")
    axes.set_ylabel(f"time, multiple of that at {growth.sizes[0]:,}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)


def _text(growth: Growth, times: Mapping[str, NDArray[np.float64]]) -> str:
    columns = (growth.against.capitalize(), *(f"{size:,}" for size in growth.sizes))
    rows = [[label, *(f"{number(ratio)}×" for ratio in ratios)] for label, ratios in times.items()]
    picture = f"![Time against {growth.against}](images/benchmarks/{growth.against}.svg)"
    return f"{growth.held}.\n\n{picture}\n\n{markdown(rows, columns, 1)}"
