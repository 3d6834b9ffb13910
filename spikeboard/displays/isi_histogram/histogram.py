"""The histogram of the intervals: bins, the Poisson reference and the refractory period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.intervals import interval_histogram, limit_ticks, refractory_violations
from spikeboard.analysis.lengths import (
    MOST_LISTED,
    Lengths,
    count_below,
    counted_lengths,
    length_quantiles,
    lengths_histogram,
    merged,
    shorter_than,
)
from spikeboard.analysis.trains import snap_bin, trains_in
from spikeboard.displays.isi_histogram.pool import (
    Chosen,
    pooled_note,
    silent_note,
    statistics,
    variability_words,
)
from spikeboard.displays.marks import upright
from spikeboard.interval_levels import pooled_lengths
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.theme import faded, label
from spikeboard.view import Result
from spikeboard.views.chosen import NEUTRAL, Units, duration, many, nice_above, percent, span, whose

# Bars finer than this are thinner than a pixel on most screens.
MOST_BARS = 1000
# Units of about the same mean interval share one exponential of the reference.
MOST_EXPONENTIALS = 400


def numbers(
    rec: Recording,
    chosen: Chosen,
    logarithmic: bool,
    bin_ms: float,
    max_ms: float,
    bins_per_decade: int,
    refractory_ms: float,
    poisson: bool,
) -> Result:
    """One row per bin and group: left_ms, right_ms, count, density, probability, poisson."""
    table = statistics(rec, chosen)
    lengths = {name: pooled_lengths(rec, rows, chosen.t0, chosen.t1) for name, rows in chosen.groups.items()}
    known = merged(lengths.values())
    longest_ms = float(table["max"].max()) * 1e3
    long_ms, wide_ms, notes = _bins(rec, chosen, known, longest_ms, logarithmic, bin_ms, max_ms)
    parts, over, zero = [], 0, 0
    for name, rows in chosen.groups.items():
        how = {"logarithmic": logarithmic, "bins_per_decade": bins_per_decade}
        counted = _counted(rec, chosen, rows, lengths[name], wide_ms, long_ms, how)
        over, zero = over + counted.attrs["overflow"], zero + counted.attrs["zero"]
        own = table.loc[rows]
        parts.append(_bars(name, counted, own, poisson)) if counted.attrs["intervals"] else None
    frame = pd.concat(parts, ignore_index=True)
    edge = frame["right_ms"].max()
    notes += _left_out(chosen, table, logarithmic, edge, over, zero)
    short = _shorter(rec, chosen, known, refractory_ms)
    caption = _caption(rec, chosen, table, _bin_words(logarithmic, wide_ms, bins_per_decade))
    caption += _short_words(short, int(table["intervals"].sum()), refractory_ms)
    caption += " Dashed: Poisson processes with the same mean intervals." if poisson else ""
    extra = {"colours": chosen.colours, "short": short, "n": int(table["intervals"].sum())}
    return Result(frame, caption, tuple(notes), extra)


def _counted(
    rec: Recording,
    chosen: Chosen,
    rows: Units,
    known: Lengths | None,
    wide_ms: float,
    long_ms: float | None,
    how: dict[str, Any],
) -> pd.DataFrame:
    """The histogram of some of the units: from the lengths of their intervals, or else by looking at each."""
    if known is not None:
        return lengths_histogram(rec, known, wide_ms, long_ms, **how)
    return recalled(interval_histogram, rec, rows, wide_ms, long_ms, t0=chosen.t0, t1=chosen.t1, **how)


def _shorter(rec: Recording, chosen: Chosen, known: Lengths | None, refractory_ms: float) -> int:
    if known is not None:
        return count_below(rec, known, refractory_ms)
    return recalled(refractory_violations, rec, chosen.rows, refractory_ms, chosen.t0, chosen.t1)[0]


def _bins(
    rec: Recording,
    chosen: Chosen,
    known: Lengths | None,
    longest_ms: float,
    logarithmic: bool,
    bin_ms: float,
    max_ms: float,
) -> tuple[float | None, float, list[str]]:
    """Longest interval shown and width of a bin, ms; and what has to be said about them."""
    if logarithmic:
        return max_ms or None, 1.0, []
    lengths, each = (known, 0) if known is not None else _first(rec, chosen)
    long_ms = max_ms or _automatic_limit(rec, lengths, longest_ms)
    wanted = bin_ms or _automatic_width(rec, lengths, long_ms)
    wide_ms, changed = snap_bin(rec.tick, wanted)[1:]
    notes = []
    if each and not (bin_ms and max_ms):
        notes.append(f"The bins were chosen by the first {each:,} intervals of each unit; all are counted.")
    if changed and bin_ms:
        notes.append(
            f"A bin of {bin_ms:g} ms was snapped to {wide_ms:.6g} ms, a multiple of the clock "
            f"({rec.tick * 1e3:g} ms)."
        )
    if long_ms / wide_ms > MOST_BARS:
        finer = wide_ms
        wide_ms *= int(np.ceil(long_ms / wide_ms / MOST_BARS))
        notes.append(
            f"Bins of {finer:g} ms up to {long_ms:g} ms would be finer than the screen: each bar is {wide_ms:g} ms."
        )
    return long_ms, wide_ms, notes


def _first(rec: Recording, chosen: Chosen) -> tuple[Lengths, int]:
    """The lengths of so many intervals from the beginning of each train, to choose bins by."""
    ticks, first, last = trains_in(rec, chosen.rows[:MOST_LISTED], chosen.t0, chosen.t1)
    each = MOST_LISTED // len(first)
    found = counted_lengths(ticks, first, np.minimum(last, first + each + 1))
    assert found is not None, "no more than can be listed"
    return found, each


def _automatic_limit(rec: Recording, lengths: Lengths, longest_ms: float) -> float:
    most = float(length_quantiles(lengths, [0.97])[0]) * rec.tick * 1e3
    limit = longest_ms * 1.02 if longest_ms <= 1.5 * most else most
    return nice_above(max(limit, 1e-3))


def _automatic_width(rec: Recording, lengths: Lengths, long_ms: float) -> float:
    inside = shorter_than(lengths, limit_ticks(rec, long_ms))
    low, high = length_quantiles(inside, [0.25, 0.75]) * rec.tick * 1e3 if inside.total else (0.0, 0.0)
    wanted = 2 * (high - low) / max(inside.total, 1) ** (1 / 3)
    wanted = float(np.clip(wanted, long_ms / 400, long_ms / 20))
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(step for step in (1, 2, 5) if step * power <= wanted * (1 + 1e-9)) * power)


def _bars(name: str, counted: pd.DataFrame, own: pd.DataFrame, poisson: bool) -> pd.DataFrame:
    total = counted.attrs["intervals"]
    left, right = counted["left_s"].to_numpy(), counted["right_s"].to_numpy()
    frame = pd.DataFrame(
        {"of": name, "left_ms": np.round(left * 1e3, 9), "right_ms": np.round(right * 1e3, 9)}
    )
    frame["count"] = counted["count"].to_numpy()
    frame["density"] = counted["density"].to_numpy()
    frame["probability"] = frame["count"] / total
    if poisson:
        frame["poisson"] = _exponentials(left, right, own)
    return frame


def _exponentials(
    left: NDArray[np.floating], right: NDArray[np.floating], own: pd.DataFrame
) -> NDArray[np.floating]:
    """Intervals per bin of Poisson processes with the units' mean intervals and numbers of intervals."""
    mean, weight = _means(own)
    edges = np.r_[left, right[-1:]]
    beyond = np.exp(-edges[:, None] / mean) @ weight
    return beyond[:-1] - beyond[1:]


def _means(own: pd.DataFrame) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    fired = own[own["mean"] > 0]
    mean, weight = fired["mean"].to_numpy(), fired["intervals"].to_numpy(float)
    if len(mean) <= MOST_EXPONENTIALS:
        return mean, weight
    step = (np.log(mean.max()) - np.log(mean.min())) / MOST_EXPONENTIALS or 1.0
    place = np.minimum((np.log(mean) - np.log(mean.min())) / step, MOST_EXPONENTIALS - 1).astype(int)
    summed, total = np.bincount(place, weight * mean), np.bincount(place, weight)
    kept = total > 0
    return summed[kept] / total[kept], total[kept].astype(float)


def _left_out(
    chosen: Chosen, table: pd.DataFrame, logarithmic: bool, edge_ms: float, over: int, zero: int
) -> list[str]:
    total = int(table["intervals"].sum())
    notes = pooled_note(chosen)
    if over:
        notes.append(
            f"{many(over, 'interval')} ({percent(over, total)}) of {duration(edge_ms)} or longer "
            f"{'lies' if over == 1 else 'lie'} beyond the last bin."
        )
    if zero:
        where = ": a logarithmic axis has no place for them" if logarithmic else ", in the first bin"
        notes.append(f"{many(zero, 'interval')} of length zero (two spikes of a unit at one time){where}.")
    return notes + silent_note(table)


def _bin_words(logarithmic: bool, wide_ms: float, per_decade: int) -> str:
    return f"in {per_decade} bins per decade" if logarithmic else f"in bins of {duration(wide_ms)} from 0"


def _caption(rec: Recording, chosen: Chosen, table: pd.DataFrame, how: str) -> str:
    total, fired = int(table["intervals"].sum()), table[table["intervals"] > 0]
    mean_ms = 1e3 * float((table["mean"] * table["intervals"]).sum()) / total
    start = f"{many(total, 'interval')} of {whose(rec, np.asarray(fired.index))}"
    return f"{start} in {span(chosen.t0, chosen.t1)}, {how}; mean {duration(mean_ms)}. {variability_words(table)}"


def _short_words(short: int, total: int, refractory_ms: float) -> str:
    if not refractory_ms:
        return ""
    verb = "is" if short == 1 else "are"
    return (
        f"{many(short, 'interval')} ({percent(short, total)}) {verb} shorter than {refractory_ms:g} ms."
        if short
        else f"None is shorter than {refractory_ms:g} ms."
    )


def draw(result: Result, logarithmic: bool, scale: str, refractory_ms: float) -> go.Figure:
    """A stepped area per group, its Poisson reference as a dashed line, and the refractory period."""
    figure, frame = go.Figure(), result.table()
    groups = frame["of"].unique()
    for name in groups:
        part = frame[frame["of"] == name]
        _add_steps(figure, part, name, result.extra["colours"][name], scale, len(groups) == 1)
        if "poisson" in part:
            _add_reference(figure, part, result.extra["colours"][name], scale, logarithmic, len(groups) == 1)
    if refractory_ms:
        _add_refractory(figure, refractory_ms, result.extra["short"], result.extra["n"], logarithmic)
    figure.update_xaxes(title="Inter-spike interval (ms)", type="log" if logarithmic else "linear")
    figure.update_yaxes(title=_axis(scale, logarithmic), rangemode="tozero")
    if logarithmic:
        figure.update_xaxes(exponentformat="none", minor={"ticks": "outside", "ticklen": 2})
    else:
        figure.update_xaxes(
            range=[0, float(frame["right_ms"].max())], exponentformat="none", separatethousands=True
        )
    return figure.update_layout(showlegend=len(groups) > 1 or "poisson" in frame)


def _axis(scale: str, logarithmic: bool) -> str:
    per = "decade" if logarithmic else "s"
    return {
        "counts": "Intervals per bin",
        "density": f"Probability density (1/{per})",
        "probability": "Share of intervals per bin",
    }[scale]


def _poisson_heights(part: pd.DataFrame, scale: str, logarithmic: bool) -> NDArray[np.floating]:
    """The Poisson reference in the wanted scale."""
    counts = part["poisson"].to_numpy(float)
    if scale == "counts":
        return counts
    total = float(part["count"].sum() / max(part["probability"].sum(), 1e-300))
    if scale == "probability":
        return counts / total
    left, right = part["left_ms"].to_numpy(), part["right_ms"].to_numpy()
    return counts / total / (np.log10(right / left) if logarithmic else (right - left) / 1e3)


def _add_steps(figure: go.Figure, part: pd.DataFrame, name: str, tint: str, scale: str, alone: bool) -> None:
    y = part[{"counts": "count"}.get(scale, scale)].to_numpy("f4")
    x = np.r_[part["left_ms"], part["right_ms"].iloc[-1:]]
    custom = np.stack([np.r_[part["right_ms"], x[-1:]], np.r_[part["count"], 0]], axis=1).astype("f4")
    figure.add_scatter(
        x=np.r_[x[:1], x, x[-1:]].astype("f4"),
        y=np.r_[np.float32(0), y, y[-1:], np.float32(0)],
        customdata=custom[np.r_[0, : len(custom), len(custom) - 1]],
        mode="lines",
        line={"shape": "hv", "width": 1.2, "color": tint},
        fill="tozeroy",
        fillcolor=faded(tint, 0.45 if alone else 0.16),
        name=label(name),
        legendgroup="" if alone else label(name),
        hovertemplate="%{x:.5g} to %{customdata[0]:.5g} ms: %{customdata[1]:,.0f} intervals<extra>"
        + label(name, 20)
        + "</extra>",
    )


def _add_reference(
    figure: go.Figure, part: pd.DataFrame, tint: str, scale: str, logarithmic: bool, alone: bool
) -> None:
    left, right = part["left_ms"].to_numpy(), part["right_ms"].to_numpy()
    middle = np.sqrt(left * right) if logarithmic else (left + right) / 2
    figure.add_scatter(
        x=middle.astype("f4"),
        y=_poisson_heights(part, scale, logarithmic).astype("f4"),
        mode="lines",
        line={"dash": "dash", "width": 1.4, "color": NEUTRAL if alone else tint},
        name="Poisson, same means" if alone else "Poisson",
        legendgroup="" if alone else label(part["of"].iloc[0]),
        showlegend=alone,
        hovertemplate="%{y:.4g}<extra>Poisson, same means</extra>",
    )


def _add_refractory(figure: go.Figure, refractory_ms: float, short: int, n: int, logarithmic: bool) -> None:
    upright(figure, refractory_ms, dash="dot", yref="paper")
    figure.add_annotation(
        x=np.log10(refractory_ms) if logarithmic else refractory_ms,
        yref="paper", y=1, xanchor="left", yanchor="top", showarrow=False, xshift=3,
        text=f"{percent(short, n)} < {refractory_ms:g} ms", font={"size": 11},
    )  # fmt: skip
