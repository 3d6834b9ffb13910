"""Population firing rate: how often the units of each population fire, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import Binned, population_counts, population_errors
from spikeboard.analysis.rates import mean_rates, poisson_band, pooled_band, pooled_rates, telling
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.scene import blank_words, slim
from spikeboard.selection import Selection
from spikeboard.theme import faded, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Result, View, Viewport
from spikeboard.views.chosen import (
    NEUTRAL,
    bins_on_screen,
    by_population,
    many,
    on_screen,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)

MOST_POINTS = 2000
MOST_LINES = 12
MOST_ROWS = 6
KERNEL_WORDS = {"gaussian": "a Gaussian", "exponential": "a causal exponential"}
BAND_WORDS = {"poisson": "95 % Poisson limits of the rate", "sem": "standard error of the mean over units"}


@dataclass(frozen=True, eq=False)
class Course:
    """A rate over time.

    time, rate : (T,) s, Hz per unit
    band : low and high, (T,) Hz each, or None
    edges : (T + 1,) s where it is binned, else None
    """

    time: np.ndarray
    rate: np.ndarray
    band: tuple[np.ndarray, np.ndarray] | None = None
    edges: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """What is averaged: the selected units of each population that is drawn.

    window : the selected one, s; t0, t1 : what of it is on screen, s
    """

    rec: Recording
    groups: dict[str, np.ndarray]
    window: tuple[float, float]
    t0: float
    t1: float

    @property
    def rows(self) -> list[np.ndarray]:
        """The unit rows of each population."""
        return list(self.groups.values())

    @property
    def sizes(self) -> np.ndarray:
        """How many units each population has here."""
        return np.array([len(group) for group in self.groups.values()])


def rates(
    rec: Recording,
    selection: Selection,
    viewport: Viewport,
    bin_ms: float,
    smoothing: str,
    sigma_ms: float,
    band: str,
    layout: str,
    monitors: bool,
) -> Result:
    """Rate per unit of each population: spikes over bin width and number of selected units, silent ones included.

    Binned: counts in bins that are snapped to the clock; the last bin may be shorter, and is divided by its own width.
    Smoothed: the mean over units of kernel rates, by a Gaussian kernel centred on each spike, or by a causal
    exponential kernel that only looks back; sigma is the kernel's standard deviation (Nawrot et al. 1999). Near the
    ends of the recording the kernel is divided by the part of it that lies inside; spikes just outside the selected
    window count as far as the kernel reaches. Where more than five million spikes are smoothed, they are counted in
    steps of sigma / 64 first, which moves the rate by about 0.5 % of its Poisson standard error; the standard error
    over units then comes from counts of each unit in steps of sigma / 4 to 0.6 sigma, and is too small by up to 1 %.

    Bands: 95 % limits of the rate if the pooled spikes are Poisson (Garwood 1936 for the counts of bins; Fay & Feuer
    1997 for the weighted counts of a kernel), which say how sure the rate is; or the standard error of the mean over
    units (ddof=1), which says how much the units differ. Dashed lines are what rate monitors recorded, at the times
    and in the bins of the monitor.

    Bins and kernels finer than 2,000 to what is on screen are widened to that, and the notes say so: every spike
    counts, and no peak falls between two points.

    Parameters
    ----------
    rec, selection, viewport : what, which part of it, and what of that is on screen
    bin_ms : bin width, ms
    smoothing : "none" for bins, else the kernel: "gaussian" or "exponential"
    sigma_ms : standard deviation of the kernel, ms
    band : "none", "poisson" or "sem"
    layout : "stacked" or "overlaid"; the numbers are the same
    monitors : whether to show what rate monitors recorded

    Returns
    -------
    Result : frame with time_s, population, rate_hz, low_hz, high_hz and source ("spikes" or "monitor")
    """
    t0, t1 = window_of(rec, selection)
    groups, quieter = _drawn_groups(rec, rows_of(rec, selection), t0, t1)
    part = Part(rec, groups, (t0, t1), *on_screen(viewport, t0, t1))
    binned = smoothing == "none"
    courses, how, notes = (
        _binned(part, bin_ms, band) if binned else _smoothed(part, smoothing, sigma_ms, band)
    )
    if quieter:
        notes.append(
            f"The {MOST_LINES} populations with most spikes are drawn; {quieter:,} quieter ones are left out."
        )
    if layout == "stacked" and len(groups) > MOST_ROWS:
        notes.append(f"More than {MOST_ROWS} populations are overlaid, not stacked.")
    recorded = _monitors(part, notes) if monitors else {}
    extra = {
        "colours": population_colours(rec),
        "courses": courses,
        "monitors": recorded,
        "window": (t0, t1),
    }
    return Result(_frame(courses, recorded), _caption(part, how, band, bool(recorded)), tuple(notes), extra)


def lines(
    result: Result, bin_ms: float, smoothing: str, sigma_ms: float, band: str, layout: str, monitors: bool
) -> go.Figure:
    """One line per population with its band and its rate monitor, one below the other or overlaid."""
    figure = go.Figure()
    courses: dict[str, Course] = result.extra["courses"]
    stacked = layout == "stacked" and 1 < len(courses) <= MOST_ROWS
    for k, (name, course) in enumerate(courses.items()):
        place = {"yaxis": f"y{k + 1}" if stacked and k else "y"}
        tint = result.extra["colours"][name]
        _add_band(figure, course, tint, place)
        _add_rate(figure, course, name, tint, place | ({"fill": "tozeroy"} if stacked else {}))
        if name in result.extra["monitors"]:
            _add_monitor(figure, result.extra["monitors"][name], name, tint, place)
    for name in result.extra["monitors"].keys() - courses.keys():
        _add_monitor(figure, result.extra["monitors"][name], name, NEUTRAL, {})
    figure.update_layout(xaxis={"title": {"text": "Time (s)"}, "range": list(result.extra["window"])})
    if stacked:
        _stack(figure, list(courses), result.extra["colours"])
    else:
        figure.update_layout(yaxis={"title": {"text": "Rate per unit (Hz)"}, "rangemode": "tozero"})
    several = len(courses) + len(result.extra["monitors"]) > 1
    return figure.update_layout(showlegend=several and not stacked, legend_traceorder="normal")


def _drawn_groups(
    rec: Recording, rows: np.ndarray, t0: float, t1: float
) -> tuple[dict[str, np.ndarray], int]:
    """The selected units of each population, of the busiest dozen; and how many populations are left out."""
    found = by_population(rec, rows)
    if len(found) <= MOST_LINES:
        return found, 0
    spikes = {name: int(spikes_per_unit(rec, group, t0, t1).sum()) for name, group in found.items()}
    busiest = set(sorted(found, key=lambda name: -spikes[name])[:MOST_LINES])
    return {name: group for name, group in found.items() if name in busiest}, len(found) - MOST_LINES


def _binned(part: Part, bin_ms: float, band: str) -> tuple[dict[str, Course], str, list[str]]:
    wanted = max(bin_ms, (part.t1 - part.t0) * 1000 / MOST_POINTS)
    stretch = bins_on_screen(part.rec, wanted, *part.window, part.t0, part.t1)
    binned = population_counts(part.rec, wanted, part.rows, *stretch)
    found = binned.rates_hz(part.sizes)
    limits = _bin_limits(part, binned, found, wanted, stretch, band)
    courses = {
        name: Course(binned.centers_s, found[k], limits[k], binned.edges_s)
        for k, name in enumerate(part.groups)
    }
    notes = _bin_notes(bin_ms, wanted, binned) + _lonely(part, band)
    return courses, f"in bins of {binned.bin_s * 1000:.6g} ms", notes


def _bin_limits(
    part: Part,
    binned: Binned,
    found: np.ndarray,
    bin_ms: float,
    stretch: tuple[float, float],
    band: str,
) -> Sequence[tuple[np.ndarray, np.ndarray] | None]:
    if band == "poisson":
        low, high = poisson_band(binned.counts)
        scale = binned.widths_s * part.sizes[:, None]
        return list(zip(low / scale, high / scale, strict=True))
    if band == "sem":
        return _around(found, recalled(population_errors, part.rec, bin_ms, part.rows, *stretch))
    return [None] * len(found)


def _around(mean: np.ndarray, error: np.ndarray) -> list[tuple[np.ndarray, np.ndarray] | None]:
    """Mean less and plus its error for each row that has one."""
    return [
        (rate - wide, rate + wide) if np.isfinite(wide).any() else None
        for rate, wide in zip(mean, error, strict=True)
    ]


def _bin_notes(asked: float, wanted: float, binned: Binned) -> list[str]:
    used = binned.bin_s * 1000
    notes = []
    if wanted > asked:
        notes.append(
            f"Bins of {asked:g} ms would be more than {MOST_POINTS:,} points: {used:.6g} ms are drawn; "
            "zoom in, or select a shorter window."
        )
    elif binned.snapped:
        notes.append(f"The bin of {asked:g} ms was snapped to {used:.6g} ms, a multiple of the clock.")
    if binned.partial:
        notes.append(f"The last bin is {binned.partial * 1000:.4g} ms wide; its rate uses that width.")
    return notes


def _smoothed(
    part: Part, kernel: str, sigma_ms: float, band: str
) -> tuple[dict[str, Course], str, list[str]]:
    at = np.linspace(part.t0, part.t1, MOST_POINTS)
    least = (part.t1 - part.t0) * 1000 / MOST_POINTS
    sigma = max(sigma_ms, least)
    limits: Sequence[tuple[np.ndarray, np.ndarray] | None] = [None] * len(part.groups)
    if band == "poisson":
        found = recalled(pooled_band, part.rec, sigma, at, part.rows, kernel, border=True)
        mean, limits = found.rate, list(zip(found.low, found.high, strict=True))
    elif band == "sem":
        pooled = recalled(pooled_rates, part.rec, sigma, at, part.rows, kernel, border=True)
        mean, limits = pooled.mean, _around(pooled.mean, pooled.sem)
    else:
        mean = recalled(mean_rates, part.rec, sigma, at, part.rows, kernel, border=True)
    notes = _lonely(part, band)
    if sigma > sigma_ms:
        notes.insert(0, _widened(sigma_ms, sigma))
    enough = telling(part.rec, sigma, at, kernel)
    if not enough.all():
        notes.append(blank_words(at, enough))
        mean = np.where(enough, mean, np.nan)
        limits = [
            pair and (np.where(enough, pair[0], np.nan), np.where(enough, pair[1], np.nan)) for pair in limits
        ]
    courses = {name: Course(at, mean[k], limits[k]) for k, name in enumerate(part.groups)}
    return courses, f"by {KERNEL_WORDS[kernel]} kernel of sigma {sigma:.4g} ms", notes


def _widened(asked: float, used: float) -> str:
    return (
        f"A kernel of sigma {asked:g} ms is finer than the {MOST_POINTS:,} points of the line: {used:.4g} ms is "
        "drawn; zoom in, or select a shorter window."
    )


def _lonely(part: Part, band: str) -> list[str]:
    lonely = [name for name, group in part.groups.items() if len(group) < 2]
    return (
        [f"A single unit has no standard error: {listed(lonely)} is drawn without."]
        if band == "sem" and lonely
        else []
    )


def _monitors(part: Part, notes: list[str]) -> dict[str, pd.DataFrame]:
    """What the monitors of the drawn populations, and those of no population, recorded in the window."""
    if not part.rec.rates:
        notes.append("No rate monitor in this recording.")
    others = set(part.rec.populations["name"]) - part.groups.keys()
    found = {}
    for name, frame in part.rec.rates.items():
        inside = frame[(frame["time"] >= part.t0) & (frame["time"] <= part.t1)]
        if name in others or inside.empty or len(found) >= MOST_LINES:
            continue
        step = -(-len(inside) // MOST_POINTS)
        if step > 1:
            notes.append(f"{shown(name)}, monitor: each point is the mean of {step:,} that were recorded.")
        found[name] = inside.groupby(np.arange(len(inside)) // step)[["time", "rate"]].mean()
    return found


def _caption(part: Part, how: str, band: str, monitored: bool) -> str:
    duration = part.t1 - part.t0
    words, total = [], 0
    for name, group in part.groups.items():
        spikes = int(spikes_per_unit(part.rec, group, part.t0, part.t1).sum())
        total += spikes
        words.append(f"{shown(name)} {spikes / (len(group) * duration):.3g} Hz ({many(len(group), 'unit')})")
    bands = f" Bands: {BAND_WORDS[band]}." if band in BAND_WORDS else ""
    dashes = " Dashed: rate monitors." if monitored else ""
    return (
        f"Rate per unit {how}, {span(part.t0, part.t1)}, from {many(total, 'spike')}. "
        f"Mean over the window: {listed(words, MOST_LINES)}.{bands}{dashes}"
    )


def _frame(courses: dict[str, Course], monitors: dict[str, pd.DataFrame]) -> pd.DataFrame:
    parts = []
    for name, course in courses.items():
        part = pd.DataFrame({"time_s": course.time, "population": name, "rate_hz": course.rate})
        if course.band is not None:
            part = part.assign(low_hz=course.band[0], high_hz=course.band[1])
        parts.append(part.assign(source="spikes"))
    for name, frame in monitors.items():
        part = pd.DataFrame({"time_s": frame["time"], "population": name, "rate_hz": frame["rate"]})
        parts.append(part.assign(source="monitor"))
    return pd.concat(parts, ignore_index=True)


def _line(course: Course, values: np.ndarray) -> dict[str, Any]:
    """Coordinates of a course: steps over its bins, or a line through its points."""
    if course.edges is None:
        return {"x": slim(course.time), "y": values.astype("f4"), "line_shape": "linear"}
    # The last value stands twice, so that the last bin is as wide in the picture as in time.
    return {"x": slim(course.edges), "y": np.r_[values, values[-1:]].astype("f4"), "line_shape": "hv"}


def _add_band(figure: go.Figure, course: Course, tint: str, place: dict[str, Any]) -> None:
    if course.band is None:
        return
    silent = {"mode": "lines", "line_width": 0, "showlegend": False, "hoverinfo": "skip", **place}
    figure.add_scatter(**_line(course, course.band[0]), **silent)
    figure.add_scatter(**_line(course, course.band[1]), **silent, fill="tonexty", fillcolor=faded(tint, 0.28))


def _add_rate(figure: go.Figure, course: Course, name: str, tint: str, place: dict[str, Any]) -> None:
    low, high = course.band or (None, None)
    limits = {} if low is None or high is None else {"customdata": np.stack([low, high], 1).astype("f4")}
    says = "<br>%{customdata[0]:.4g} to %{customdata[1]:.4g} Hz" if limits else ""
    figure.add_scatter(
        **_line(course, course.rate), **limits, **place, name=label(name, 24), mode="lines", line_color=tint,
        line_width=1.6, fillcolor=faded(tint, 0.12),
        hovertemplate=f"%{{x:.4f}} s<br>%{{y:.4g}} Hz{says}<extra>{label(name, 24)}</extra>",
    )  # fmt: skip


def _add_monitor(figure: go.Figure, frame: pd.DataFrame, name: str, tint: str, place: dict[str, Any]) -> None:
    figure.add_scatter(
        x=slim(frame["time"].to_numpy()), y=frame["rate"].to_numpy("f4"), mode="lines", **place,
        line={"color": tint, "width": 1.2, "dash": "4px,2px"}, name=f"{label(name, 24)}, monitor",
        hovertemplate="%{x:.4f} s<br>%{y:.4g} Hz<extra>" + label(name, 24) + ", monitor</extra>",
    )  # fmt: skip


def _stack(figure: go.Figure, names: list[str], colours: dict[str, str]) -> None:
    """One below the other, each with a scale of its own and its name in its corner."""
    height = 1 / len(names)
    corner = {
        "x": 0.004,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
    }
    layout: dict[str, Any] = {"xaxis": {"anchor": f"y{len(names)}"}, "annotations": []}
    for k, name in enumerate(names):
        top = 1 - k * height
        layout[f"yaxis{k + 1}" if k else "yaxis"] = {
            "domain": [max(top - 0.84 * height, 0), top],
            "rangemode": "tozero",
            "nticks": 4,
            "title": {"text": "Hz"},
            "anchor": "x",
        }
        font = {"color": colours[name], "size": 12}
        layout["annotations"].append({"text": f"<b>{label(name, 24)}</b>", "y": top, "font": font, **corner})
    figure.update_layout(layout)


VIEW = View(
    "firing_rate",
    "Population firing rate",
    page="rates",
    data=rates,
    figure=lines,
    settings={
        "bin_ms": Number(10.0, 0.1, 60_000, "Bin width", "ms", when={"smoothing": ("none",)}),
        "smoothing": Choice(
            "none",
            {"none": "Binned", "gaussian": "Gaussian kernel", "exponential": "Causal kernel"},
            "Smoothing",
        ),
        "sigma_ms": Number(
            20.0, 0.1, 60_000, "Kernel sigma", "ms", when={"smoothing": ("gaussian", "exponential")}
        ),
        "band": Choice("none", {"none": "None", "poisson": "95 % Poisson", "sem": "SEM over units"}, "Band"),
        "layout": Choice("stacked", {"stacked": "One below the other", "overlaid": "Overlaid"}, "Layout"),
        "monitors": Flag(False, "Rate monitors"),
    },
    needs=("units",),
    zooms=True,
    order=30,
    height=460,
)
