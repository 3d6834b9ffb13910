"""Population firing rate: how often the units of each population fire, over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.bins import Binned, population_counts
from spikeboard.analysis.rates import poisson_band, pooled_rates
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import faded, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Result, View

MOST_POINTS = 2000
MOST_LINES = 12


@dataclass(frozen=True, eq=False)
class Course:
    """A rate over time: time (T,) s, rate, low and high (T,) Hz; `edges` (T + 1,) s where it is binned."""

    time: np.ndarray
    rate: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    edges: np.ndarray | None = None


def rates(
    rec: Recording,
    selection: Selection,
    bin_ms: float,
    smoothing: str,
    sigma_ms: float,
    band: str,
    monitors: bool,
) -> Result:
    """Rate per unit of each population: spikes over bin width and number of selected units, silent ones included.

    Binned: counts in bins that are snapped to the clock; the last bin may be shorter, and is divided by its own width.
    Smoothed: the mean over units of kernel rates, by a Gaussian kernel centred on each spike, or by a causal
    exponential kernel that only looks back; sigma is the kernel's standard deviation. Near the ends of the
    recording the kernel is divided by the part of it that lies inside.

    The band is the exact 95 % interval of a Poisson count (Garwood 1936) in binned rates, or the standard error of the
    mean over units (smoothed rates only). Dashed lines are what rate monitors recorded.
    """
    t0, t1 = selection.window(rec)
    groups, quieter = _groups(rec, selection)
    if smoothing == "none":
        courses, notes, used_ms = _binned(rec, groups, bin_ms, t0, t1, band)
        how = f"in bins of {used_ms:g} ms"
    else:
        courses, notes = _smoothed(rec, groups, smoothing, sigma_ms, t0, t1, band)
        how = f"by {'a Gaussian' if smoothing == 'gaussian' else 'a causal exponential'} kernel, sigma {sigma_ms:g} ms"
    if quieter:
        notes.append(
            f"The {MOST_LINES} populations with most spikes are drawn; {quieter:,} quieter ones are left out."
        )
    recorded = _monitors(rec, t0, t1, list(groups)) if monitors else {}
    means = [f"{shown(name)} {_mean(rec, group, t0, t1):.3g} Hz" for name, group in groups.items()]
    caption = (
        f"Firing rate per unit of {len(groups)} populations {how}, {t0:.6g} to {t1:.6g} s. "
        f"Mean over the window: {listed(means, MOST_LINES)}."
    )
    extra = {
        "colours": population_colours(rec),
        "courses": courses,
        "monitors": recorded,
        "steps": smoothing == "none",
    }
    return Result(_frame(courses, recorded), caption, tuple(notes), extra)


def lines(
    result: Result, bin_ms: float, smoothing: str, sigma_ms: float, band: str, monitors: bool
) -> go.Figure:
    """One line per population, its band, and its rate monitor."""
    figure = go.Figure()
    for name, course in result.extra["courses"].items():
        tint = result.extra["colours"][name]
        if course.low is not None and course.high is not None:
            _add_band(figure, course, tint)
        x, y = _stairs(course.edges, course.rate) if course.edges is not None else (course.time, course.rate)
        line = {"color": tint, "width": 1.6}
        figure.add_scatter(
            x=_thin(x), y=y.astype("f4"), name=label(name, 24), mode="lines", line=line,
            hovertemplate="%{x:.4f} s<br>%{y:.4g} Hz<extra>" + label(name, 24) + "</extra>",
        )  # fmt: skip
    for name, frame in result.extra["monitors"].items():
        line = {"color": result.extra["colours"].get(name, "#8c8c8c"), "width": 1, "dash": "dot"}
        figure.add_scatter(
            x=_thin(frame["time"].to_numpy()), y=frame["rate"].to_numpy("f4"), mode="lines", line=line,
            name=f"{label(name, 24)}, monitor",
        )  # fmt: skip
    figure.update_layout(xaxis_title="Time (s)", yaxis_title="Rate per unit (Hz)", yaxis_rangemode="tozero")
    return figure.update_layout(showlegend=len(figure.data) > 1)


def _groups(rec: Recording, selection: Selection) -> tuple[dict[str, np.ndarray], int]:
    rows = selection.rows(rec)
    codes = rec.units["population"].cat.codes.to_numpy()[rows]
    names = rec.units["population"].cat.categories
    found = {str(names[code]): rows[codes == code] for code in np.unique(codes)}
    if not found:
        raise NothingToDraw("no unit is selected: clear the selection, or widen it")
    busiest = sorted(found, key=lambda name: -int(rec.counts[found[name]].sum()))[:MOST_LINES]
    return {name: group for name, group in found.items() if name in busiest}, len(found) - len(busiest)


def _binned(
    rec: Recording, groups: dict[str, np.ndarray], bin_ms: float, t0: float, t1: float, band: str
) -> tuple[dict[str, Course], list[str], float]:
    wanted = max(bin_ms, (t1 - t0) * 1000 / MOST_POINTS)
    binned = population_counts(rec, wanted, list(groups.values()), t0, t1)
    sizes = np.array([len(group) for group in groups.values()])
    found = binned.rates_hz(sizes)
    courses = {}
    for k, name in enumerate(groups):
        scale = binned.widths_s * sizes[k]
        low, high = (
            (edge / scale for edge in poisson_band(binned.counts[k])) if band == "poisson" else (None, None)
        )
        courses[name] = Course(binned.centers_s, found[k], low, high, binned.edges_s)
    return courses, _bin_notes(bin_ms, wanted, binned, band), binned.bin_s * 1000


def _bin_notes(asked: float, wanted: float, binned: Binned, band: str) -> list[str]:
    used = binned.bin_s * 1000
    notes = []
    if wanted > asked:
        notes.append(
            f"Bins of {asked:g} ms would be more than {MOST_POINTS:,} points: {used:.6g} ms are drawn; select a shorter window."
        )
    elif binned.snapped:
        notes.append(f"The bin of {asked:g} ms was snapped to {used:.6g} ms, a multiple of the clock.")
    if binned.partial:
        notes.append(f"The last bin is {binned.partial * 1000:.4g} ms wide; its rate uses that width.")
    if band == "sem":
        notes.append(
            "The standard error over units is drawn for smoothed rates; binned rates have the Poisson band."
        )
    return notes


def _smoothed(
    rec: Recording,
    groups: dict[str, np.ndarray],
    kernel: str,
    sigma_ms: float,
    t0: float,
    t1: float,
    band: str,
) -> tuple[dict[str, Course], list[str]]:
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    at = np.linspace(t0, t1, MOST_POINTS // 2)
    found = pooled_rates(rec, sigma_ms, at, list(groups.values()), kernel, border=True)
    wide = found.sem if band == "sem" else np.full_like(found.sem, np.nan)
    courses = {
        name: Course(
            at, mean, *((np.maximum(mean - sem, 0), mean + sem) if np.isfinite(sem).any() else (None, None))
        )
        for name, mean, sem in zip(groups, found.mean, wide, strict=True)
    }
    notes = (
        ["The Poisson band is drawn for binned rates; smoothed rates have the standard error."]
        if band == "poisson"
        else []
    )
    return courses, notes


def _monitors(rec: Recording, t0: float, t1: float, names: list[str]) -> dict[str, pd.DataFrame]:
    found = {}
    for name, frame in rec.rates.items():
        inside = frame[(frame["time"] >= t0) & (frame["time"] <= t1)]
        if name in names and len(inside):
            found[name] = (
                inside.iloc[:: -(-len(inside) // MOST_POINTS)] if len(inside) > MOST_POINTS else inside
            )
    return found


def _mean(rec: Recording, group: np.ndarray, t0: float, t1: float) -> float:
    counts = population_counts(rec, max((t1 - t0) * 1000, 1e-6), [group], t0, t1).counts.sum()
    return float(counts / (len(group) * (t1 - t0)))


def _frame(courses: dict[str, Course], monitors: dict[str, pd.DataFrame]) -> pd.DataFrame:
    parts = []
    for name, course in courses.items():
        part = pd.DataFrame({"time_s": course.time, "population": name, "rate_hz": course.rate})
        if course.low is not None:
            part = part.assign(low_hz=course.low, high_hz=course.high)
        parts.append(part.assign(source="spikes"))
    for name, frame in monitors.items():
        parts.append(
            pd.DataFrame(
                {"time_s": frame["time"], "population": name, "rate_hz": frame["rate"], "source": "monitor"}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _stairs(edges: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def _add_band(figure: go.Figure, course: Course, tint: str) -> None:
    x, low = _stairs(course.edges, course.low) if course.edges is not None else (course.time, course.low)
    high = np.repeat(course.high, 2) if course.edges is not None else course.high
    figure.add_scatter(
        x=_thin(np.r_[x, x[::-1]]), y=np.r_[high, low[::-1]].astype("f4"), mode="lines", fill="toself", line={"width": 0},
        fillcolor=faded(tint, 0.18), showlegend=False, hoverinfo="skip",
    )  # fmt: skip


def _thin(times: np.ndarray) -> np.ndarray:
    """Times as float32 where that keeps a tenth of a millisecond, else in full."""
    return times.astype("f4") if np.abs(times).max(initial=0) < 1000 else times


VIEW = View(
    "firing_rate",
    "Population firing rate",
    page="rates",
    data=rates,
    figure=lines,
    settings={
        "bin_ms": Number(10.0, 0.1, 60_000, "Bin width", "ms"),
        "smoothing": Choice(
            "none",
            {"none": "Binned", "gaussian": "Gaussian kernel", "exponential": "Causal kernel"},
            "Smoothing",
        ),
        "sigma_ms": Number(20.0, 0.1, 60_000, "Kernel sigma", "ms"),
        "band": Choice("none", {"none": "None", "poisson": "95 % Poisson", "sem": "SEM over units"}, "Band"),
        "monitors": Flag(False, "Rate monitors"),
    },
    needs=("units",),
    order=30,
)
