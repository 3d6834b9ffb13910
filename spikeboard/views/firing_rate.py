"""Population firing rate: how often the units of each population fire, over time."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import population_counts
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label, population_colours
from spikeboard.view import Number, Result, View


def rates(rec: Recording, selection: Selection, bin_ms: float) -> Result:
    """Spikes of each population per bin, over the bin's true width and the population's selected units, silent ones included."""
    t0, t1 = selection.window(rec)
    rows = selection.rows(rec)
    names = rec.units["population"].astype(str).to_numpy()
    groups = {name: rows[names[rows] == name] for name in rec.populations["name"]}
    groups = {name: group for name, group in groups.items() if len(group)}
    binned = population_counts(rec, bin_ms, list(groups.values()), t0, t1)
    sizes = pd.Series({name: len(group) for name, group in groups.items()})
    frame = (
        pd.DataFrame({"time_s": binned.centers_s})
        if not groups
        else pd.concat(
            [
                pd.DataFrame({"time_s": binned.centers_s, "population": name, "rate_hz": rate})
                for name, rate in zip(groups, binned.rates_hz(sizes.to_numpy()), strict=True)
            ],
            ignore_index=True,
        )
    )
    caption = f"Firing rate per unit of {len(groups)} populations in bins of {binned.bin_s * 1000:g} ms."
    return Result(frame, caption, (), {"colours": population_colours(rec)})


def lines(result: Result, bin_ms: float) -> go.Figure:
    """One step line per population."""
    figure = go.Figure()
    for name, part in result.table().groupby("population", sort=False):
        line: dict[str, Any] = {"color": result.extra["colours"][name], "width": 1.5, "shape": "hvh"}
        figure.add_scatter(
            x=part["time_s"].to_numpy("f4"),
            y=part["rate_hz"].to_numpy("f4"),
            name=label(name),
            mode="lines",
            line=line,
        )
    return figure.update_layout(
        xaxis_title="Time (s)", yaxis_title="Rate per unit (Hz)", yaxis_rangemode="tozero"
    )


VIEW = View(
    "firing_rate",
    "Population firing rate",
    page="rates",
    data=rates,
    figure=lines,
    settings={"bin_ms": Number(10.0, 0.1, 10_000, "Bin width", "ms")},
    order=30,
)
