"""Inter-spike intervals: their histogram, their variability unit by unit, and their sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.intervals import (
    interval_histogram,
    interval_statistics,
    interval_ticks,
    refractory_violations,
)
from spikeboard.analysis.trains import duration_s, snap_bin, trains_in, unit_rows
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, faded, label, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Pick, Result, View, Whole
from spikeboard.views.chosen import (
    MOST_LINES,
    NEUTRAL,
    Units,
    by_population,
    duration,
    many,
    nice_above,
    percent,
    rows_of,
    span,
    whose,
    window_of,
)

# Bars finer than this are thinner than a pixel on most screens.
MOST_BARS = 1000
MOST_POINTS = 5000
# Units of about the same mean interval share one exponential of the reference.
MOST_EXPONENTIALS = 400
LVR_MS = 5.0
MEASURES = {"cv": "CV", "cv2": "CV2", "lv": "LV", "lvr": "LvR (R = 5 ms)"}


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the intervals are of: groups of unit rows by name, their colours, and the window t0, t1 in s."""

    groups: dict[str, Units]
    colours: dict[str, str]
    rows: Units
    t0: float
    t1: float


def intervals(
    rec: Recording,
    selection: Selection,
    display: str,
    unit: int | None,
    split: bool,
    logarithmic: bool,
    bin_ms: float,
    max_ms: float,
    bins_per_decade: int,
    scale: str,
    refractory_ms: float,
    poisson: bool,
    measure: str,
) -> Result:
    """Times between successive spikes of the same unit, pooled over the selected units or of one unit.

    Only intervals between two spikes that both lie in the window count; a unit with fewer than two spikes has none.
    All are computed on the recording's clock.

    **Histogram.** Linear bins begin at 0, are left-closed and a whole number of clock ticks wide, so that each holds
    equally many possible intervals and no combs appear; a width that is no multiple is snapped, and a note says so.
    The automatic width is that of Freedman & Diaconis (1981), 2 · IQR / n^(1/3), rounded to 1, 2 or 5; the automatic
    limit lies above 97 % of the intervals. Logarithmic bins lie on the grid 10^(k / bins per decade) s. Intervals
    beyond the last bin are counted in a note. *Counts* are intervals per bin; *probability* is the share of all
    intervals, those beyond the last bin included; *density* divides by the width of the bin, in s or in decades. The
    dashed line is what Poisson processes with the same mean intervals would give: one exponential for each unit,
    weighted by its number of intervals. Intervals shorter than the refractory period are violations; one of exactly
    that length is none.

    **Variability.** One point per unit: its mean rate (spikes over the length of the window) and
    CV = standard deviation (ddof = 0) / mean of its intervals, CV2 (Holt et al. 1996), LV (Shinomoto et al. 2003) or
    LvR with R = 5 ms (Shinomoto et al. 2009). All are 1 for a Poisson process and 0 for a regular one.

    **Return map.** Each interval against the one before it, of the same unit. The serial correlation coefficient is
    Pearson's, of the successive intervals of one unit; its median over units is given.

    Parameters
    ----------
    display : "histogram", "variability" or "return_map"
    unit : row of one unit, None for all selected ones
    split : one line per population
    logarithmic : bins of equal width on a logarithmic axis
    bin_ms : width of a linear bin, ms; 0 for automatic
    max_ms : longest interval shown, ms; 0 for automatic
    bins_per_decade : of the logarithmic bins
    scale : "counts", "density" or "probability"
    refractory_ms : ms; 0 marks none
    poisson : draw the Poisson reference
    measure : of the variability: "cv", "cv2", "lv" or "lvr"

    Returns
    -------
    Result : the drawn bins (left_ms, right_ms, count, density, probability, poisson), units or pairs
    """
    chosen = _chosen(rec, selection, unit, split)
    if display == "variability":
        return _variability(rec, chosen, measure)
    if display == "return_map":
        return _return_map(rec, chosen)
    return _histogram(
        rec, chosen, logarithmic, bin_ms, max_ms, bins_per_decade, scale, refractory_ms, poisson
    )


def draw(result: Result, display: str, logarithmic: bool, **settings: Any) -> go.Figure:
    """Stepped areas with their references, or points."""
    if display == "variability":
        return _draw_variability(result, settings["measure"])
    if display == "return_map":
        return _draw_return_map(result)
    return _draw_histogram(result, logarithmic, settings["scale"], settings["refractory_ms"])


def _chosen(rec: Recording, selection: Selection, unit: int | None, split: bool) -> Chosen:
    t0, t1 = window_of(rec, selection)
    rows = rows_of(rec, selection) if unit is None else unit_rows(rec, [unit])
    groups, colours = by_population(rec, rows), population_colours(rec)
    if len(groups) > 1 and (not split or len(groups) > MOST_LINES):
        name = "all units" if "all units" not in groups else "all units together"
        return Chosen({name: rows}, {name: NEUTRAL}, rows, t0, t1)
    if unit is not None:
        population = next(iter(groups))
        name = shown(rec.label(unit))
        return Chosen({name: rows}, {name: colours[population]}, rows, t0, t1)
    return Chosen(groups, colours, rows, t0, t1)


def _histogram(
    rec: Recording,
    chosen: Chosen,
    logarithmic: bool,
    bin_ms: float,
    max_ms: float,
    bins_per_decade: int,
    scale: str,
    refractory_ms: float,
    poisson: bool,
) -> Result:
    table = _statistics(rec, chosen)
    long_ms, wide_ms, notes = _bins(rec, chosen, logarithmic, bin_ms, max_ms)
    parts, over, zero = [], 0, 0
    for name, rows in chosen.groups.items():
        counted = interval_histogram(
            rec, rows, wide_ms, long_ms,
            logarithmic=logarithmic, bins_per_decade=bins_per_decade, t0=chosen.t0, t1=chosen.t1,
        )  # fmt: skip
        over, zero = over + counted.attrs["overflow"], zero + counted.attrs["zero"]
        own = table.loc[rows]
        parts.append(_bars(name, counted, own, poisson)) if counted.attrs["intervals"] else None
    frame = pd.concat(parts, ignore_index=True)
    edge = frame["right_ms"].max()
    notes += _left_out(chosen, table, logarithmic, edge, over, zero)
    short = refractory_violations(rec, chosen.rows, refractory_ms, chosen.t0, chosen.t1)[0]
    caption = _caption(rec, chosen, table, _bin_words(logarithmic, wide_ms, bins_per_decade))
    caption += _short_words(short, int(table["intervals"].sum()), refractory_ms)
    caption += " Dashed: Poisson processes with the same mean intervals." if poisson else ""
    extra = {"colours": chosen.colours, "short": short, "n": int(table["intervals"].sum())}
    return Result(frame, caption, tuple(notes), extra)


def _statistics(rec: Recording, chosen: Chosen) -> pd.DataFrame:
    """Statistics per unit, of the units that have an interval at all."""
    table = interval_statistics(rec, chosen.rows, chosen.t0, chosen.t1, refractory_ms=LVR_MS)
    if table["intervals"].any():
        return table
    when = span(chosen.t0, chosen.t1)
    if len(chosen.rows) == 1:
        spikes = many(int(table["spikes"].iloc[0]), "spike")
        raise NothingToDraw(f"{whose(rec, chosen.rows)} has {spikes} in {when}: no interval")
    raise NothingToDraw(
        f"none of the {len(chosen.rows):,} selected units has two spikes in {when}: no interval; "
        "choose other units or a longer window"
    )


def _bins(
    rec: Recording, chosen: Chosen, logarithmic: bool, bin_ms: float, max_ms: float
) -> tuple[float | None, float, list[str]]:
    """Longest interval shown and width of a bin, ms; and what has to be said about them."""
    if logarithmic:
        return max_ms or None, 1.0, []
    lengths = interval_ticks(*trains_in(rec, chosen.rows, chosen.t0, chosen.t1)) / (
        rec.ticks_per_second / 1e3
    )
    long_ms = max_ms or _automatic_limit(lengths)
    wanted = bin_ms or _automatic_width(lengths, long_ms)
    wide_ms, changed = snap_bin(rec.tick, wanted)[1:]
    notes = []
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


def _automatic_limit(lengths_ms: NDArray[np.floating]) -> float:
    longest, most = lengths_ms.max(), np.quantile(lengths_ms, 0.97)
    limit = longest * 1.02 if longest <= 1.5 * most else most
    return nice_above(max(float(limit), 1e-3))


def _automatic_width(lengths_ms: NDArray[np.floating], long_ms: float) -> float:
    inside = lengths_ms[lengths_ms < long_ms]
    low, high = np.quantile(inside, [0.25, 0.75]) if len(inside) else (0.0, 0.0)
    wanted = 2 * (high - low) / max(len(inside), 1) ** (1 / 3)
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
    notes = _pooled(chosen)
    if over:
        notes.append(
            f"{many(over, 'interval')} ({percent(over, total)}) of {duration(edge_ms)} or longer "
            f"{'lies' if over == 1 else 'lie'} beyond the last bin."
        )
    if zero:
        where = ": a logarithmic axis has no place for them" if logarithmic else ", in the first bin"
        notes.append(f"{many(zero, 'interval')} of length zero (two spikes of a unit at one time){where}.")
    return notes + _silent(table)


def _pooled(chosen: Chosen) -> list[str]:
    if len(chosen.groups) == 1 and set(chosen.colours.values()) == {NEUTRAL}:
        return ["All populations are pooled."]
    return []


def _silent(table: pd.DataFrame) -> list[str]:
    silent, single = int((table["spikes"] == 0).sum()), int((table["spikes"] == 1).sum())
    parts = [f"{many(silent, 'silent unit')}"] * (silent > 0) + [
        f"{many(single, 'unit')} with a single spike"
    ] * (single > 0)
    return [f"{' and '.join(parts)}: no interval."] if parts else []


def _bin_words(logarithmic: bool, wide_ms: float, per_decade: int) -> str:
    return f"in {per_decade} bins per decade" if logarithmic else f"in bins of {duration(wide_ms)} from 0"


def _caption(rec: Recording, chosen: Chosen, table: pd.DataFrame, how: str) -> str:
    total, fired = int(table["intervals"].sum()), table[table["intervals"] > 0]
    mean_ms = 1e3 * float((table["mean"] * table["intervals"]).sum()) / total
    start = f"{many(total, 'interval')} of {whose(rec, np.asarray(fired.index))}"
    return f"{start} in {span(chosen.t0, chosen.t1)}, {how}; mean {duration(mean_ms)}. {_variability_words(table)}"


def _variability_words(table: pd.DataFrame) -> str:
    known = table[table["cv2"].notna()]
    if known.empty:
        return "Too few intervals for a coefficient of variation (it takes 2 of one unit). "
    values = ", ".join(f"{name} {known[key].median():.3g}" for key, name in MEASURES.items())
    if len(table) == 1:
        return f"{values}. "
    return f"Medians over {many(len(known), 'unit')} with 2 intervals or more: {values}. "


def _short_words(short: int, total: int, refractory_ms: float) -> str:
    if not refractory_ms:
        return ""
    verb = "is" if short == 1 else "are"
    return (
        f"{many(short, 'interval')} ({percent(short, total)}) {verb} shorter than {refractory_ms:g} ms."
        if short
        else f"None is shorter than {refractory_ms:g} ms."
    )


def _variability(rec: Recording, chosen: Chosen, measure: str) -> Result:
    table = _statistics(rec, chosen)
    known = table[table[measure].notna()]
    if known.empty:
        raise NothingToDraw(
            f"no unit has 2 intervals in {span(chosen.t0, chosen.t1)}: {MEASURES[measure]} needs them"
        )
    rows = np.asarray(known.index)
    seconds = duration_s(rec, chosen.t0, chosen.t1)
    frame = pd.DataFrame({"unit": rows, "name": [shown(rec.label(row)) for row in rows]})
    frame["of"] = _group_of(rows, chosen.groups)
    frame["rate_hz"] = known["spikes"].to_numpy() / seconds
    frame["intervals"] = known["intervals"].to_numpy()
    for key in MEASURES:
        frame[key] = known[key].to_numpy()
    caption = (
        f"{MEASURES[measure]} of the intervals of {whose(rec, rows)} against their mean rates in "
        f"{span(chosen.t0, chosen.t1)} ({many(int(known['intervals'].sum()), 'interval')}). "
        f"{_variability_words(table)}The dashed line is the Poisson process."
    )
    few = int(((table["intervals"] > 0) & table[measure].isna()).sum())
    notes = [f"{many(few, 'unit')} with a single interval: no {MEASURES[measure]}."] if few else []
    if len(frame) > MOST_POINTS:
        every = 1 + len(frame) // MOST_POINTS
        notes.append(
            f"Every {every}th of the {len(frame):,} units is drawn as a point; the margin counts all."
        )
    return Result(frame, caption, (*_pooled(chosen), *notes, *_silent(table)), {"colours": chosen.colours})


def _group_of(rows: Units, groups: dict[str, Units]) -> list[str]:
    names = np.empty(int(rows.max()) + 1, object)
    for name, group in groups.items():
        names[group[group < len(names)]] = name
    return names[rows].tolist()


def _return_map(rec: Recording, chosen: Chosen) -> Result:
    table = _statistics(rec, chosen)
    before, after, rows = _successive(rec, chosen)
    if not len(before):
        raise NothingToDraw(
            f"no unit has 2 successive intervals in {span(chosen.t0, chosen.t1)}: a return map needs them"
        )
    frame = pd.DataFrame({"unit": rows, "interval_ms": before, "next_ms": after})
    serial = _serial_correlation(before, after, rows)
    zero = (before <= 0) | (after <= 0)
    notes = [*_pooled(chosen), *_silent(table)]
    if zero.any():
        pairs = many(int(zero.sum()), "pair")
        notes.append(f"{pairs} with an interval of length zero: logarithmic axes have no place for them.")
    drawn = np.flatnonzero(~zero)
    if not len(drawn):
        raise NothingToDraw("every pair of successive intervals holds one of length zero")
    if len(drawn) > MOST_POINTS:
        notes.append(f"More than {MOST_POINTS:,} pairs: drawn as counts of all of them per cell.")
    words = (
        f"median serial correlation {np.median(serial):+.3f} over {many(len(serial), 'unit')} with 3 pairs or more"
        if len(serial)
        else "too few pairs for a serial correlation"
    )
    caption = (
        f"Each interval against the one before it: {many(len(before), 'pair')} of "
        f"{whose(rec, np.unique(rows))} in {span(chosen.t0, chosen.t1)}; {words}."
    )
    extra = {"colours": chosen.colours, "drawn": drawn, "of": _group_of(rows, chosen.groups)}
    return Result(frame, caption, tuple(notes), extra)


def _successive(
    rec: Recording, chosen: Chosen
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.int64]]:
    ticks, first, last = trains_in(rec, chosen.rows, chosen.t0, chosen.t1)
    lengths = interval_ticks(ticks, first, last) / (rec.ticks_per_second / 1e3)
    rows = np.repeat(chosen.rows, np.maximum(last - first - 1, 0))
    same = rows[1:] == rows[:-1]
    return lengths[:-1][same], lengths[1:][same], rows[1:][same]


def _serial_correlation(
    before: NDArray[np.floating], after: NDArray[np.floating], rows: Units
) -> NDArray[np.floating]:
    """Pearson's coefficient of successive intervals of each unit with at least 3 pairs that vary."""
    place = np.unique(rows, return_inverse=True)[1]
    n = np.bincount(place)
    centred = [values - (np.bincount(place, values) / n)[place] for values in (before, after)]
    both = np.bincount(place, centred[0] * centred[1])
    power = np.bincount(place, centred[0] ** 2) * np.bincount(place, centred[1] ** 2)
    kept = (n >= 3) & (power > 1e-18 * (np.bincount(place, before**2) + 1) ** 2)
    return both[kept] / np.sqrt(power[kept])


def _draw_histogram(result: Result, logarithmic: bool, scale: str, refractory_ms: float) -> go.Figure:
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


def _heights(part: pd.DataFrame, column: str, scale: str, logarithmic: bool) -> NDArray[np.floating]:
    """Counts in the wanted scale."""
    counts = part[column].to_numpy(float)
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
        y=_heights(part, "poisson", scale, logarithmic).astype("f4"),
        mode="lines",
        line={"dash": "dash", "width": 1.4, "color": NEUTRAL if alone else tint},
        name="Poisson, same means" if alone else "Poisson",
        legendgroup="" if alone else label(part["of"].iloc[0]),
        showlegend=alone,
        hovertemplate="%{y:.4g}<extra>Poisson, same means</extra>",
    )


def _add_refractory(figure: go.Figure, refractory_ms: float, short: int, n: int, logarithmic: bool) -> None:
    line = {"color": NEUTRAL, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", x0=refractory_ms, x1=refractory_ms, yref="paper", y0=0, y1=1, line=line)
    figure.add_annotation(
        x=np.log10(refractory_ms) if logarithmic else refractory_ms,
        yref="paper", y=1, xanchor="left", yanchor="top", showarrow=False, xshift=3,
        text=f"{percent(short, n)} < {refractory_ms:g} ms", font={"size": 11},
    )  # fmt: skip


def _draw_variability(result: Result, measure: str) -> go.Figure:
    figure, frame = go.Figure(), result.table()
    for name, part in frame.groupby("of", sort=False):
        _add_units(figure, part, str(name), result.extra["colours"][name], measure, len(frame))
    low, high = frame["rate_hz"].min(), frame["rate_hz"].max()
    figure.add_shape(
        type="line", xref="x domain", x0=0, x1=1, y0=1, y1=1,
        line={"dash": "dash", "width": 1, "color": NEUTRAL},
    )  # fmt: skip
    figure.add_annotation(
        xref="x domain", x=1, y=1, text="Poisson", showarrow=False, xanchor="right", yanchor="bottom",
        font={"size": 11},
    )  # fmt: skip
    wide = high > 5 * low
    figure.update_layout(
        xaxis={"title": "Mean rate (Hz)", "type": "log" if wide else "linear", "domain": [0, 0.84]},
        xaxis2={"domain": [0.86, 1], "title": "Units", "nticks": 3, "rangemode": "tozero"},
        yaxis={"title": MEASURES[measure], "rangemode": "tozero"},
        showlegend=1 < frame["of"].nunique() <= MOST_LINES,
    )
    return figure


def _add_units(figure: go.Figure, part: pd.DataFrame, name: str, tint: str, measure: str, total: int) -> None:
    counts, edges = np.histogram(part[measure], bins=24, range=(0, max(2.0, float(part[measure].max()))))
    figure.add_scatter(
        x=np.r_[0, np.repeat(counts, 2), 0].astype("f4"), y=np.repeat(edges, 2).astype("f4"), xaxis="x2",
        mode="lines", line={"color": tint, "width": 1}, fill="toself", fillcolor=faded(tint, 0.3),
        showlegend=False, hoverinfo="skip", legendgroup=label(name),
    )  # fmt: skip
    shown_part = part.iloc[:: 1 + total // MOST_POINTS]
    figure.add_scatter(
        x=shown_part["rate_hz"].to_numpy("f4"), y=shown_part[measure].to_numpy("f4"), mode="markers",
        marker={"color": faded(tint, 0.75), "size": 7 if total < 1000 else 4},
        name=label(name), legendgroup=label(name), text=[label(unit) for unit in shown_part["name"]],
        customdata=shown_part["intervals"].to_numpy("i4"),
        hovertemplate="%{text}<br>%{x:.4g} Hz, " + MEASURES[measure] + " %{y:.3g}<br>%{customdata:,} intervals"
        "<extra></extra>",
    )  # fmt: skip


def _draw_return_map(result: Result) -> go.Figure:
    figure, frame = go.Figure(), result.table()
    drawn = result.extra["drawn"]
    before, after = (frame[column].to_numpy()[drawn] for column in ("interval_ms", "next_ms"))
    ends = [float(min(before.min(), after.min())) / 1.15, float(max(before.max(), after.max())) * 1.15]
    if len(drawn) <= MOST_POINTS:
        of = np.asarray(result.extra["of"], object)[drawn]
        for name in dict.fromkeys(of.tolist()):
            _add_pairs(figure, before[of == name], after[of == name], name, result.extra["colours"][name])
    else:
        figure.add_heatmap(**_cells(before, after, ends))
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"color": NEUTRAL, "dash": "dash", "width": 1}, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    axis = {"type": "log", "range": np.log10(ends).tolist(), "exponentformat": "none"}
    return figure.update_layout(
        xaxis=axis | {"title": "Interval (ms)"},
        yaxis=axis | {"title": "Next interval (ms)"},
        showlegend=len(drawn) <= MOST_POINTS and 1 < len(set(result.extra["of"])) <= MOST_LINES,
    )


def _add_pairs(
    figure: go.Figure, before: NDArray[np.floating], after: NDArray[np.floating], name: str, tint: str
) -> None:
    figure.add_scatter(
        x=before.astype("f4"), y=after.astype("f4"), mode="markers", name=label(name),
        marker={"size": 4, "color": faded(tint, 0.6)},
        hovertemplate="%{x:.5g} ms, then %{y:.5g} ms<extra>" + label(name, 20) + "</extra>",
    )  # fmt: skip


def _cells(before: NDArray[np.floating], after: NDArray[np.floating], ends: list[float]) -> dict[str, Any]:
    edges = np.geomspace(ends[0], ends[1], 121)
    place = [np.clip(np.searchsorted(edges, v, side="right") - 1, 0, 119) for v in (after, before)]
    counts = np.bincount(place[0] * 120 + place[1], minlength=120 * 120).reshape(120, 120)
    middle = np.sqrt(edges[:-1] * edges[1:]).astype("f4")
    return {
        "x": middle,
        "y": middle,
        "z": np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).astype("f4"),
        "customdata": counts.astype("i4"),
        "colorscale": SEQUENTIAL,
        "colorbar": _log_bar(int(counts.max()), "Pairs"),
        "hovertemplate": "%{x:.4g} ms, then %{y:.4g} ms: %{customdata:,} pairs<extra></extra>",
    }


def _log_bar(most: int, title: str) -> dict[str, Any]:
    ticks = [10**k for k in range(int(np.log10(most)) + 1)]
    return {
        "title": {"text": title},
        "tickvals": np.log10(ticks).tolist(),
        "ticktext": [f"{tick:,}" for tick in ticks],
        "thickness": 14,
        "outlinewidth": 0,
    }


VIEW = View(
    "isi_histogram",
    "Inter-spike intervals",
    page="intervals",
    data=intervals,
    figure=draw,
    settings={
        "display": Choice(
            "histogram",
            {
                "histogram": "Histogram",
                "variability": "CV and rate",
                "return_map": "Return map",
            },
            "Show",
        ),
        "unit": Pick("unit", "Unit", empty="all selected"),
        "split": Flag(True, "A line per population"),
        "logarithmic": Flag(False, "Logarithmic", when={"display": ("histogram",)}),
        "bin_ms": Number(
            0.0, 0.0, 1000.0, "Bin, 0 = auto", "ms", when={"display": ("histogram",), "logarithmic": (False,)}
        ),
        "max_ms": Number(0.0, 0.0, 1e7, "Longest, 0 = auto", "ms", when={"display": ("histogram",)}),
        "bins_per_decade": Whole(
            20, 2, 100, "Bins per decade", when={"display": ("histogram",), "logarithmic": (True,)}
        ),
        "scale": Choice(
            "counts",
            {"counts": "Counts", "density": "Density", "probability": "Probability"},
            "Vertical axis",
            when={"display": ("histogram",)},
        ),
        "refractory_ms": Number(2.0, 0.0, 1000.0, "Refractory", "ms", when={"display": ("histogram",)}),
        "poisson": Flag(True, "Poisson reference", when={"display": ("histogram",)}),
        "measure": Choice("cv", MEASURES, "Variability", when={"display": ("variability",)}),
    },
    order=50,
    height=440,
)
