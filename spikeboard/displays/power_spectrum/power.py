"""Power spectra of the spikes of each population; the lines of any spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.spectra import (
    Spectrum,
    band_power,
    confidence,
    mean_spectrum,
    multitaper,
    welch,
)
from spikeboard.displays.marks import level
from spikeboard.displays.power_spectrum.bands import BANDS, add_bands
from spikeboard.displays.power_spectrum.segments import (
    NW,
    Asked,
    groups_that_fire,
    left_over_notes,
    method_words,
    most_segments,
    raw_notes,
    samples_of_trains,
    taken_words,
)
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import faded, label, population_colours, shown
from spikeboard.view import Result
from spikeboard.views.chosen import NEUTRAL, Units, many, span, spikes_per_unit

# A line holds no more points than a screen has pixels twice over.
MOST_POINTS = 4000


def numbers(
    rec: Recording, selection: Selection, asked: Asked, pool: str, scale: str, bands: bool, notes: list[str]
) -> Result:
    """One row per population and frequency: power, its confidence interval and the Poisson level."""
    groups, more = groups_that_fire(rec, selection, asked)
    found = _spectra(rec, groups, asked, pool)
    first = next(iter(found.values()))
    frame = pd.concat([_lines(name, one, scale) for name, one in found.items()], ignore_index=True)
    names = population_colours(rec)
    extra = {
        "colours": {name: names[name] for name in found},
        "unit": "Power / Poisson level" if scale == "relative" else f"Power ({first.unit})",
        "floors": {name: 1.0 if scale == "relative" else float(one.floor[0]) for name, one in found.items()},
    }
    n_units, n_spikes = sum(map(len, groups.values())), sum(int(one.n_spikes[0]) for one in found.values())
    how = "pooled per population" if pool == "pooled" else "mean over the units of each population"
    caption = taken_words(first, asked) + (
        f"Power of {n_spikes:,} spikes of {many(n_units, 'unit')}, {how}, in {span(asked.t0, asked.t1)}; two-sided. "
        f"{method_words(first, asked)} {_peaks(found)} Dashed: Poisson trains of the same rate."
    )
    caption += _band_words(found) if bands else ""
    return Result(frame, caption, (*notes, *more, *left_over_notes(first), *raw_notes(first)), extra)


def _spectra(rec: Recording, groups: Mapping[str, Units], asked: Asked, pool: str) -> dict[str, Spectrum]:
    """The spectrum of each population: of its pooled train, or the mean over its units."""
    parts = {name: [rows.tolist()] if pool == "pooled" else rows.tolist() for name, rows in groups.items()}
    trains = [train for part in parts.values() for train in part]
    n_spikes = int(spikes_per_unit(rec, np.concatenate(list(groups.values())), asked.t0, asked.t1).sum())
    most = most_segments(asked, samples_of_trains(rec, asked), len(trains), n_spikes)
    window = {"t0": asked.t0, "t1": asked.t1, "most_segments": most}
    if asked.method == "multitaper":
        found = recalled(multitaper, rec, trains, asked.segment_s, asked.max_hz, NW, **window)
    else:
        found = recalled(welch, rec, trains, asked.segment_s, asked.max_hz, asked.overlap, **window)
    ends = np.cumsum([0, *map(len, parts.values())]).tolist()
    return {
        name: mean_spectrum(found, slice(first, stop))
        for name, (first, stop) in zip(parts, pairwise(ends), strict=True)
    }


def _lines(name: str, found: Spectrum, scale: str) -> pd.DataFrame:
    """The spectrum without the frequency 0, whose power the segments' means have taken away."""
    low, high = confidence(found)
    by = float(found.floor[0]) if scale == "relative" else 1.0
    return pd.DataFrame(
        {
            "of": name,
            "frequency_hz": found.frequency_hz[1:],
            "power": found.power[0, 1:] / by,
            "low": low[0, 1:] / by,
            "high": high[0, 1:] / by,
            "poisson": found.floor[0] / by,
        }
    )


def _peaks(found: dict[str, Spectrum]) -> str:
    """Where each line is highest, the lowest two frequencies apart: slow drift is no rhythm."""
    words = []
    for name, one in list(found.items())[:6]:
        from_hz = min(2, len(one.frequency_hz) - 1)
        at = from_hz + int(np.argmax(one.power[0, from_hz:]))
        times = one.power[0, at] / one.floor[0]
        words.append(f"{shown(name)} {one.frequency_hz[at]:.4g} Hz ({times:.3g} × Poisson)")
    return f"Highest: {', '.join(words)}."


def _band_words(found: dict[str, Spectrum]) -> str:
    """The power of each band, as a multiple of what Poisson trains have there."""
    words = []
    for name, one in list(found.items())[:4]:
        inside = [band for band in BANDS if _held(one, band[1], band[2])]
        times = [
            band_power(one, low, high)[0] * one.segment_s / (2 * _held(one, low, high) * one.floor[0])
            for _, low, high in inside
        ]
        parts = (f"{band[0]} {value:.3g}" for band, value in zip(inside, times, strict=True))
        words.append(f"{shown(name)} {', '.join(parts)}")
    return f" Power in bands, as multiples of the Poisson level: {'; '.join(words)}."


def _held(found: Spectrum, low_hz: float, high_hz: float) -> int:
    """How many frequencies lie in a band."""
    return int(((found.frequency_hz >= low_hz) & (found.frequency_hz < high_hz)).sum())


def draw(result: Result, logarithmic: bool, band: bool, bands: bool, scale: str) -> go.Figure:
    """A line per population, or per column of a state, in its band; the Poisson level dashed."""
    figure, frame = go.Figure(), result.table()
    names = list(dict.fromkeys(frame["of"]))
    for name in names:
        part = _thinned(frame[frame["of"] == name], logarithmic)
        tint = result.extra["colours"][name]
        if band:
            _add_interval(figure, part, tint, name)
        figure.add_scatter(
            x=part["frequency_hz"].to_numpy("f4"), y=part["power"].to_numpy("f4"), mode="lines",
            line={"color": tint, "width": 1.6}, name=label(name), legendgroup=label(name),
            hovertemplate="%{x:.4g} Hz: %{y:.4g}<extra>" + label(name, 24) + "</extra>",
        )  # fmt: skip
    kind = "log" if logarithmic else "linear"
    top = float(frame["frequency_hz"].max())
    low = float(frame["frequency_hz"].min())
    figure.update_xaxes(
        title="Frequency (Hz)", type=kind, exponentformat="none",
        range=[np.log10(low), np.log10(top)] if logarithmic else [0, top],
    )  # fmt: skip
    figure.update_yaxes(title=result.extra["unit"], type=kind, exponentformat="power")
    _add_floors(figure, result, scale)
    if bands:
        add_bands(figure, logarithmic, top)
    return figure.update_layout(showlegend=len(names) > 1, legend={"y": 1.06}, margin={"t": 44})


def _thinned(part: pd.DataFrame, logarithmic: bool) -> pd.DataFrame:
    """As many points as a screen can show: the highest and the lowest of each stretch of frequencies."""
    if len(part) <= MOST_POINTS:
        return part
    hz, power = part["frequency_hz"].to_numpy(), part["power"].to_numpy()
    place = np.log(hz) if logarithmic else hz
    cell = np.minimum(
        (place - place[0]) / (place[-1] - place[0]) * MOST_POINTS / 2, MOST_POINTS / 2 - 1
    ).astype(int)
    order = np.lexsort((power, cell))
    edges = np.flatnonzero(np.diff(cell[order]))
    kept = np.unique(np.r_[order[0], order[edges], order[edges + 1], order[-1]])
    return part.iloc[kept]


def _add_interval(figure: go.Figure, part: pd.DataFrame, tint: str, name: str) -> None:
    x = part["frequency_hz"].to_numpy("f4")
    quiet = {"mode": "lines", "line": {"width": 0, "color": tint}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=x, y=part["low"].to_numpy("f4"), legendgroup=label(name), **quiet)
    figure.add_scatter(
        x=x, y=part["high"].to_numpy("f4"), fill="tonexty", fillcolor=faded(tint, 0.2),
        legendgroup=label(name), **quiet,
    )  # fmt: skip


def _add_floors(figure: go.Figure, result: Result, scale: str) -> None:
    floors = result.extra["floors"]
    for name, floor in list(floors.items())[: 1 if scale == "relative" else None]:
        tint = NEUTRAL if scale == "relative" else result.extra["colours"][name]
        level(figure, floor, tint)
