"""Weight matrix: who is connected to whom and how strongly, unit by unit, in blocks, or as distributions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.synapses import (
    Blocks,
    delays_ms,
    shown_synapses,
    sign_from_units,
    signed_weights,
    weight_blocks,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, Synapses
from spikeboard.selection import Selection
from spikeboard.theme import DIVERGING, SEQUENTIAL, faded, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Pick, Result, View

MOST_BLOCKS = 500
MOST_TICKS = 30
MOST_TEXTS = 20
MOST_SERIES = 12
HISTOGRAM_BINS = 60
DASHES = ("solid", "dot", "dash", "dashdot")
AS_MATRIX = {"display": ("matrix",)}
ABSENT = "rgba(140,140,140,0.24)"


@dataclass(frozen=True, eq=False)
class Side:
    """The rows or the columns of the matrix.

    rows : unit rows shown, ascending
    group : (n_units,) block of each unit, -1 where it is not shown
    names : what each block is called, in plain text
    bands : (population, first block, block after the last)
    per_block : units in the largest block
    """

    rows: np.ndarray
    group: np.ndarray
    names: list[str]
    bands: list[tuple[str, int, int]]
    per_block: int


def matrix(
    rec: Recording,
    selection: Selection,
    display: str,
    level: str,
    projection: str | None,
    quantity: str,
    combine: str,
    applies: str,
    range_percent: float,
    margins: bool,
) -> Result:
    """Synapses by source (rows) and target (columns). Grey means no synapse, which is not a weight of zero.

    Each cell holds all synapses of its source and target: several synapses of one pair ("multapses") are summed, or
    averaged, or counted, and the caption says how many there are. Up to 500 units stand on each axis one by one;
    more are drawn in blocks of neighbours, and the note says how many units share a cell. "Populations" gives one
    cell per pair of populations.

    Weights: in the unit of the source, the colours symmetric about zero. Weights without a sign get that of their
    source where the unit table says which units are inhibitory. Delays: mean, in ms. Probability: pairs of units
    that are joined over all possible pairs, a unit with itself included; pairs joined in two projections count twice.
    "Automatic" sums the synapses of a pair of units and averages over those of a block. The margins are the
    synapses onto each target (in-degree, above) and from each source (out-degree, right). The histograms show the
    same synapses one by one.

    Parameters
    ----------
    rec : Recording
    selection : Selection, its units
    display : "matrix", or a histogram: "weights", "delays", "degrees"
    level : "units" or "populations"
    projection : name, None for all
    quantity : "weight", "delay" or "probability"
    combine : of the synapses of a cell, "auto", "sum", "mean" or "count"
    applies : whether the selection holds for "both" ends of a synapse, for the "source" or for the "target"
    range_percent : share of the cells within the range of colours, of the synapses within the bins
    margins : whether to draw the degrees

    Returns
    -------
    Result : one row per cell that holds synapses, or per bar of the histogram
    """
    chosen = _projections(rec, projection)
    sources, targets = _ends(rec, selection, chosen, applies)
    if display != "matrix":
        return _histogram(rec, chosen, sources, targets, display, range_percent)
    if quantity == "delay" and all(rec.synapses(name).delay is None for name in chosen):
        raise NothingToDraw("no delays in this recording: choose weight or probability")
    rows, columns = _side(rec, sources, level), _side(rec, targets, level)
    shape = (len(rows.names), len(columns.names))
    sums = weight_blocks(rec, chosen, shape, rows.group, columns.group, _values(rec, quantity))
    if not sums.count.any():
        raise NothingToDraw(
            f"no synapse joins the selected units in {listed(list(chosen))}: widen the selection"
        )
    return _matrix_result(rec, chosen, rows, columns, sums, level, quantity, combine, range_percent)


def _projections(rec: Recording, name: str | None) -> tuple[str, ...]:
    if name is None:
        return tuple(rec.connections)
    if name not in rec.connections:
        raise NothingToDraw(
            f"no projection {shown(name)!r} in this recording; it has {listed(list(rec.connections), 8)}"
        )
    return (name,)


def _ends(
    rec: Recording, selection: Selection, chosen: tuple[str, ...], applies: str
) -> tuple[np.ndarray, np.ndarray]:
    """Unit rows of the sources and of the targets, ascending."""
    selected = np.zeros(len(rec.units), bool)
    selected[selection.rows(rec)] = True
    found = []
    for end, populations in (
        ("source", {rec.synapses(name).source for name in chosen}),
        ("target", {rec.synapses(name).target for name in chosen}),
    ):
        inside = rec.units["population"].isin(sorted(populations)).to_numpy(bool)
        rows = np.flatnonzero(inside & selected) if applies in ("both", end) else np.flatnonzero(inside)
        if not len(rows):
            raise NothingToDraw(
                f"none of the selected units is a {end} of {listed(list(chosen))}: widen the selection"
            )
        found.append(rows)
    return found[0], found[1]


def _values(rec: Recording, quantity: str) -> Any:
    if quantity == "delay":
        return delays_ms
    return lambda synapses: signed_weights(rec, synapses)


def _side(rec: Recording, rows: np.ndarray, level: str) -> Side:
    codes = rec.units["population"].cat.codes.to_numpy()[rows]
    categories = rec.units["population"].cat.categories.astype(str)
    if level == "populations":
        present = np.unique(codes)
        block = np.searchsorted(present, codes)
        names = [str(categories[code]) for code in present]
    else:
        n_blocks = min(len(rows), MOST_BLOCKS)
        block = np.arange(len(rows), dtype=np.int64) * n_blocks // len(rows)
        names = _block_names(rec, rows, block)
    first = np.searchsorted(block, np.arange(len(names)))
    of_block = codes[first]
    edges = np.flatnonzero(np.r_[True, of_block[1:] != of_block[:-1], True])
    bands = [(str(categories[of_block[a]]), int(a), int(b)) for a, b in pairwise(edges)]
    group = np.full(len(rec.units), -1, np.int64)
    group[rows] = block
    return Side(rows, group, names, bands, int(np.bincount(block).max()))


def _block_names(rec: Recording, rows: np.ndarray, block: np.ndarray) -> list[str]:
    edges = np.flatnonzero(np.r_[True, block[1:] != block[:-1], True])
    names = []
    for a, b in pairwise(edges):
        first, last = int(rows[a]), int(rows[b - 1])
        name = shown(rec.label(first), 24)
        # The row makes each name its own, whatever the ids in the file are.
        names.append(f"{name} · row {first}" if a + 1 == b else f"{name} … · rows {first}–{last}")
    return names


def _matrix_result(
    rec: Recording,
    chosen: tuple[str, ...],
    rows: Side,
    columns: Side,
    sums: Blocks,
    level: str,
    quantity: str,
    combine: str,
    range_percent: float,
) -> Result:
    blocks = level == "populations" or max(rows.per_block, columns.per_block) > 1
    how = combine if combine != "auto" else ("mean" if blocks or quantity == "delay" else "sum")
    values = _combined(rows, columns, sums, quantity, how)
    if not np.isfinite(values).any():
        raise NothingToDraw('these synapses have no weights in the file: choose "Count" or "Probability"')
    limits, beyond = _limits(values, quantity, how, range_percent)
    extra = {
        "values": values, "count": sums.count, "rows": rows, "columns": columns, "limits": limits,
        "colours": population_colours(rec), "title": _quantity_title(rec, chosen, quantity, how),
        "signed": quantity == "weight" and how != "count",
    }  # fmt: skip
    notes = _notes(rec, chosen, rows, columns, sums, level, quantity, how, beyond)
    caption = _caption(rec, chosen, rows, columns, sums, quantity, how)
    return Result(lambda: _frame(extra), caption, tuple(notes), extra)


def _combined(rows: Side, columns: Side, sums: Blocks, quantity: str, how: str) -> np.ndarray:
    if quantity == "probability":
        sizes = [np.bincount(side.group[side.rows], minlength=len(side.names)) for side in (rows, columns)]
        share = sums.pairs / np.outer(*sizes)
        return np.where(sums.count > 0, share, np.nan)
    if how == "count":
        return np.where(sums.count > 0, sums.count, np.nan).astype(float)
    return sums.sum if how == "sum" and quantity == "weight" else sums.mean


def _limits(values: np.ndarray, quantity: str, how: str, percent: float) -> tuple[tuple[float, float], int]:
    """The range of colours, and how many cells lie beyond it."""
    finite = values[np.isfinite(values)]
    signed = quantity == "weight" and how != "count"
    size = np.abs(finite) if signed else finite
    high = float(np.percentile(size, percent, method="higher")) or float(size.max()) or 1.0
    beyond = int(np.count_nonzero(size > high * (1 + 1e-12)))
    if signed:
        return (-high, high), beyond
    low = float(finite.min()) if quantity == "delay" and how != "count" else 0.0
    return (low, high if high > low else low + max(abs(low), 1.0) * 1e-3), beyond


def weight_unit(rec: Recording, chosen: tuple[str, ...]) -> str:
    """The unit of the weights, "" where projections differ or the file does not say."""
    units = {rec.synapses(name).weight_unit for name in chosen if rec.synapses(name).weight is not None}
    return next(iter(units)) if len(units) == 1 else ""


def _quantity_title(rec: Recording, chosen: tuple[str, ...], quantity: str, how: str) -> str:
    if quantity == "probability":
        return "Connection probability"
    if how == "count":
        return "Synapses"
    if quantity == "delay":
        return "Delay (ms)"
    unit = weight_unit(rec, chosen)
    kind = "Mean weight" if how == "mean" else "Weight"
    return f"{kind} ({label(unit)})" if unit else f"{kind} (unit not in the file)"


def _caption(
    rec: Recording,
    chosen: tuple[str, ...],
    rows: Side,
    columns: Side,
    sums: Blocks,
    quantity: str,
    how: str,
) -> str:
    total, pairs = int(sums.count.sum()), int(sums.pairs.sum())
    what = {"weight": "Weights", "delay": "Delays", "probability": "Connection probability"}[quantity]
    what = "Number" if how == "count" and quantity != "probability" else what
    joined = listed(list(chosen)) if len(chosen) <= 4 else f"{len(chosen)} projections"
    several = {"sum": "summed", "mean": "averaged", "count": "counted"}[how]
    doubles = (
        f"{total - pairs:,} are further synapses of a pair already joined ({several})"
        if total > pairs
        else "no pair has more than one"
    )
    return (
        f"{what} of {total:,} synapses ({joined}) from {len(rows.rows):,} sources (rows) to "
        f"{len(columns.rows):,} targets (columns); {doubles}. Grey: no synapse."
    )


def _notes(
    rec: Recording,
    chosen: tuple[str, ...],
    rows: Side,
    columns: Side,
    sums: Blocks,
    level: str,
    quantity: str,
    how: str,
    beyond: int,
) -> list[str]:
    notes = []
    if level == "units" and max(rows.per_block, columns.per_block) > 1:
        notes.append(
            f"1 cell = up to {rows.per_block} sources × {columns.per_block} targets, {_HOW[how]}: "
            "select fewer units to see pairs."
        )
    if beyond:
        notes.append(
            f"{beyond:,} of {np.count_nonzero(sums.count):,} cells lie beyond the range of colours "
            "and have its end colour."
        )
    if quantity != "probability" and how != "count":
        notes += _about_values(rec, chosen, sums, quantity)
    return notes


_HOW = {"sum": "their values summed", "mean": "the mean of their synapses", "count": "their synapses counted"}


def _about_values(rec: Recording, chosen: tuple[str, ...], sums: Blocks, quantity: str) -> list[str]:
    notes = []
    unknown = int(sums.count.sum() - sums.finite.sum())
    if unknown:
        notes.append(
            f"{unknown:,} synapses have no {quantity} that is a number: counted, but in no sum or mean."
        )
    if quantity == "weight":
        turned = [name for name in chosen if sign_from_units(rec, rec.synapses(name))]
        if turned:
            notes.append(
                f"Sign from the unit table: weights of inhibitory sources are positive in {listed(turned)}."
            )
        units = {rec.synapses(name).weight_unit for name in chosen if rec.synapses(name).weight is not None}
        if len(units) > 1:
            notes.append(
                f"Weights are in different units ({listed(sorted(unit or 'unknown' for unit in units))}): "
                "choose one projection to compare them."
            )
    return notes


def _frame(extra: Mapping[str, Any]) -> pd.DataFrame:
    source, target = np.nonzero(extra["count"])
    names = [np.array(extra[side].names, object) for side in ("rows", "columns")]
    return pd.DataFrame(
        {
            "source": names[0][source],
            "target": names[1][target],
            "value": extra["values"][source, target],
            "synapses": extra["count"][source, target],
        }
    )


def _histogram(
    rec: Recording,
    chosen: tuple[str, ...],
    sources: np.ndarray,
    targets: np.ndarray,
    display: str,
    range_percent: float,
) -> Result:
    masks = np.zeros((2, len(rec.units)), bool)
    masks[0, sources], masks[1, targets] = True, True
    if display == "degrees":
        return _degrees(rec, chosen, sources, targets, masks)
    return _distribution(rec, chosen, masks, display, range_percent)


def _distribution(
    rec: Recording, chosen: tuple[str, ...], masks: np.ndarray, display: str, range_percent: float
) -> Result:
    quantity = "weight" if display == "weights" else "delay"
    of = _values(rec, quantity)
    known: dict[str, np.ndarray] = {}
    missing = 0
    for name in chosen:
        synapses = rec.synapses(name)
        values, kept = of(synapses), shown_synapses(rec, synapses, masks[0], masks[1])
        finite = np.zeros(0) if values is None else values[kept & np.isfinite(values)]
        missing += int(np.count_nonzero(kept)) - len(finite)
        if len(finite):
            known[name] = finite
    if not known:
        raise NothingToDraw(f"no synapse of the selected units has a {quantity}")
    merged, notes = _few(known)
    everything = np.concatenate(list(known.values()))
    edges = _central_edges(everything, range_percent)
    frame = _bars(merged, edges)
    if missing:
        notes.append(f"{missing:,} synapses have no {quantity} that is a number.")
    if quantity == "weight":
        notes += [note for note in _about_signs(rec, tuple(known)) if note]
    if beyond := int(np.count_nonzero((everything < edges[0]) | (everything > edges[-1]))):
        notes.append(
            f"{beyond:,} of {len(everything):,} synapses lie beyond the bins: widen the range to see them."
        )
    title = _quantity_title(rec, chosen, quantity, "sum") if quantity == "weight" else "Delay (ms)"
    caption = (
        f"{'Weights' if quantity == 'weight' else 'Delays (ms)'} of {len(everything):,} synapses in {len(known)} "
        f"projections: mean {everything.mean():.4g}, median {np.median(everything):.4g}, "
        f"standard deviation {everything.std():.4g}; {HISTOGRAM_BINS} bins of {edges[1] - edges[0]:.3g}."
    )
    extra = {"title": title, "colours": _series_colours(rec, merged, chosen), "kind": "distribution"}
    return Result(frame, caption, tuple(notes), extra)


def _central_edges(values: np.ndarray, percent: float) -> np.ndarray:
    """Edges of equal bins that hold at least this share of the values, the rest left out evenly at both ends."""
    out = (100 - percent) / 2
    low = float(np.percentile(values, out, method="lower"))
    high = float(np.percentile(values, 100 - out, method="higher"))
    return np.histogram_bin_edges(values, HISTOGRAM_BINS, (low, high))


def _about_signs(rec: Recording, chosen: tuple[str, ...]) -> list[str]:
    turned = [name for name in chosen if sign_from_units(rec, rec.synapses(name))]
    return [f"Sign from the unit table for inhibitory sources of {listed(turned)}."] if turned else []


def _few(known: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """At most a dozen series: more are drawn as one."""
    if len(known) <= MOST_SERIES:
        return known, []
    pooled = np.concatenate(list(known.values()))
    return {"all": pooled}, [f"{len(known)} projections drawn together; choose one to see it alone."]


def _bars(series: Mapping[str, np.ndarray], edges: np.ndarray) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"series": name, "from": edges[:-1], "to": edges[1:], "count": np.histogram(values, edges)[0]}
        )
        for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _series_colours(rec: Recording, series: Mapping[str, Any], chosen: tuple[str, ...]) -> dict[str, str]:
    tints = population_colours(rec)
    return {
        name: tints[rec.synapses(name).source] if name in chosen else tints.get(name, "#4477AA")
        for name in series
    }


def _degrees(
    rec: Recording, chosen: tuple[str, ...], sources: np.ndarray, targets: np.ndarray, masks: np.ndarray
) -> Result:
    incoming, outgoing = np.zeros((2, len(rec.units)), np.int64)
    for name in chosen:
        _count_degrees(rec, rec.synapses(name), masks, incoming, outgoing)
    names = rec.units["population"].astype(str).to_numpy(object)
    parts = []
    for kind, rows, degree in (("in-degree", targets, incoming), ("out-degree", sources, outgoing)):
        groups = {str(name): degree[rows[names[rows] == name]] for name in dict.fromkeys(names[rows])}
        if len(groups) > MOST_SERIES:
            groups = {"all": degree[rows]}
        parts.append(_bars(groups, _whole_edges(degree[rows])).assign(kind=kind))
    caption = (
        f"Synapses onto each of {len(targets):,} units (in-degree, mean {incoming[targets].mean():.4g}) and from each "
        f"of {len(sources):,} units (out-degree, mean {outgoing[sources].mean():.4g}); "
        "several synapses of a pair all count."
    )
    extra = {"colours": population_colours(rec), "kind": "degrees"}
    return Result(pd.concat(parts, ignore_index=True), caption, (), extra)


def _count_degrees(
    rec: Recording, synapses: Synapses, masks: np.ndarray, incoming: np.ndarray, outgoing: np.ndarray
) -> None:
    kept = shown_synapses(rec, synapses, masks[0], masks[1])
    rows, columns = rec.rows_of(synapses.source), rec.rows_of(synapses.target)
    starts = np.repeat(np.arange(len(rows)), np.diff(np.asarray(synapses.indptr)))
    outgoing[rows.start : rows.stop] += np.bincount(starts[kept], minlength=len(rows))
    incoming[columns.start : columns.stop] += np.bincount(
        np.asarray(synapses.indices)[kept], minlength=len(columns)
    )


def _whole_edges(degree: np.ndarray) -> np.ndarray:
    """Edges between whole numbers, at equal whole steps: no comb of empty bins."""
    high = int(degree.max(initial=0))
    step = -(-(high + 1) // HISTOGRAM_BINS)
    return np.arange(0, high + 1 + step, step) - 0.5


def draw(
    result: Result,
    display: str,
    level: str,
    projection: str | None,
    quantity: str,
    combine: str,
    applies: str,
    range_percent: float,
    margins: bool,
) -> go.Figure:
    """A heat map with degrees in the margins, or histograms."""
    if display == "matrix":
        return _heat_map(result, level, quantity, margins)
    return _degree_figure(result) if result.extra["kind"] == "degrees" else _bar_figure(result)


def _heat_map(result: Result, level: str, quantity: str, margins: bool) -> go.Figure:
    extra = result.extra
    rows, columns = extra["rows"], extra["columns"]
    right, top = (0.88, 0.84) if margins else (1.0, 1.0)
    low, high = extra["limits"]
    few = level == "populations" and len(rows.names) * len(columns.names) <= MOST_TEXTS**2
    figure = go.Figure()
    figure.add_heatmap(
        z=extra["values"].astype("f4"),
        x=[label(name, 60) for name in columns.names],
        y=[label(name, 60) for name in rows.names],
        zmin=low, zmax=high, colorscale=DIVERGING if extra["signed"] else SEQUENTIAL,
        colorbar={"title": {"text": extra["title"], "side": "right"}, "thickness": 14, "outlinewidth": 0, "x": 1.01},
        texttemplate="%{z:.3g}" if few and len(rows.names) <= MOST_TEXTS else None,
        xgap=1 if few else 0, ygap=1 if few else 0, hoverongaps=False,
        hovertemplate="%{y} → %{x}<br>%{z:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_shape(
        type="rect", x0=0, x1=1, y0=0, y1=1, xref="x domain", yref="y domain", fillcolor=ABSENT,
        line_width=0, layer="below",
    )  # fmt: skip
    figure.update_layout(
        xaxis=_unit_axis("Target", columns, extra["colours"], right),
        yaxis=_unit_axis("Source", rows, extra["colours"], top) | {"autorange": "reversed"},
        showlegend=False,
    )
    _add_bands(figure, rows, columns, level)
    if margins:
        _add_margins(figure, extra, right, top)
    return figure


def _unit_axis(title: str, side: Side, colours: Mapping[str, str], end: float) -> dict[str, Any]:
    bands = side.bands[:: -(-len(side.bands) // MOST_TICKS)]
    return {
        "title": {"text": title},
        "type": "category",
        "domain": [0, end],
        "tickmode": "array",
        "tickvals": [(first + last - 1) / 2 for _, first, last in bands],
        "ticktext": [f'<span style="color:{colours[name]}">{label(name, 14)}</span>' for name, _, _ in bands],
        "ticks": "",
        "showgrid": False,
    }


def _add_bands(figure: go.Figure, rows: Side, columns: Side, level: str) -> None:
    if level == "populations":
        return
    line = {"color": "#8c8c8c", "width": 0.8}
    for _, first, _ in rows.bands[1:] if len(rows.bands) <= 60 else []:
        figure.add_shape(
            type="line", x0=0, x1=1, xref="x domain", y0=first - 0.5, y1=first - 0.5, yref="y", line=line
        )
    for _, first, _ in columns.bands[1:] if len(columns.bands) <= 60 else []:
        figure.add_shape(
            type="line", y0=0, y1=1, yref="y domain", x0=first - 0.5, x1=first - 0.5, xref="x", line=line
        )


def _add_margins(figure: go.Figure, extra: Mapping[str, Any], right: float, top: float) -> None:
    for side, axis, kind in ((extra["columns"], 0, "in"), (extra["rows"], 1, "out")):
        degree = extra["count"].sum(axis=axis)
        tints = [extra["colours"][name] for name, first, last in side.bands for _ in range(first, last)]
        names = [label(name, 60) for name in side.names]
        bar: dict[str, Any] = {"marker": {"color": tints, "line": {"width": 0}}, "showlegend": False}
        if kind == "in":
            hover = "%{x}<br>%{y:,} synapses in<extra></extra>"
            figure.add_bar(x=names, y=degree.astype("i4"), yaxis="y2", hovertemplate=hover, **bar)
        else:
            hover = "%{y}<br>%{x:,} synapses out<extra></extra>"
            figure.add_bar(
                y=names, x=degree.astype("i4"), xaxis="x2", orientation="h", hovertemplate=hover, **bar
            )
    small = {"size": 11}
    figure.update_layout(
        bargap=0 if max(len(extra["columns"].names), len(extra["rows"].names)) > 30 else 0.1,
        xaxis2={
            "domain": [right + 0.015, 1], "anchor": "y", "title": {"text": "Out", "font": small}, "nticks": 3,
            "fixedrange": True,
        },
        yaxis2={
            "domain": [top + 0.02, 1], "anchor": "x", "title": {"text": "In", "font": small}, "nticks": 3,
            "fixedrange": True,
        },
    )  # fmt: skip


def _bar_figure(result: Result) -> go.Figure:
    figure = go.Figure()
    used: Counter[str] = Counter()
    for name, part in result.table().groupby("series", sort=False):
        tint = result.extra["colours"].get(str(name), "#4477AA")
        # Projections of one source share its colour: the kind of line tells them apart.
        _add_steps(figure, str(name), part, tint, "x", "y", True, DASHES[used[tint] % len(DASHES)])
        used[tint] += 1
    return figure.update_layout(
        xaxis_title=result.extra["title"],
        yaxis={"title": {"text": "Synapses"}, "rangemode": "tozero"},
        showlegend=result.table()["series"].nunique() > 1,
    )


def _degree_figure(result: Result) -> go.Figure:
    figure, known = go.Figure(), set()
    for k, (kind, table) in enumerate(result.table().groupby("kind", sort=False)):
        axes = ("x", "y") if k == 0 else ("x2", "y2")
        for name, part in table.groupby("series", sort=False):
            tint = result.extra["colours"].get(str(name), "#4477AA")
            _add_steps(figure, str(name), part, tint, *axes, shown_in_legend=name not in known)
            known.add(name)
        figure.update_layout(
            {
                "xaxis" if k == 0 else "xaxis2": {
                    "title": {"text": f"{'In' if kind == 'in-degree' else 'Out'}-degree (synapses)"},
                    "domain": [0, 0.47] if k == 0 else [0.53, 1],
                    "anchor": axes[1],
                    "rangemode": "tozero",
                },
                "yaxis" if k == 0 else "yaxis2": {
                    "title": {"text": "Units"},
                    "anchor": axes[0],
                    "rangemode": "tozero",
                },
            }
        )
    return figure


def _add_steps(
    figure: go.Figure,
    name: str,
    part: pd.DataFrame,
    tint: str,
    x: str,
    y: str,
    shown_in_legend: bool,
    dash: str = "solid",
) -> None:
    edges = np.r_[part["from"].to_numpy(), part["to"].to_numpy()[-1]]
    counts = part["count"].to_numpy()
    figure.add_scatter(
        x=np.repeat(edges, 2).astype("f4"),
        y=np.r_[0, np.repeat(counts, 2), 0].astype("f4"),
        xaxis=x, yaxis=y, name=label(name), legendgroup=label(name), showlegend=shown_in_legend, mode="lines",
        line={"color": tint, "width": 1.4, "dash": dash}, fill="tozeroy", fillcolor=faded(tint, 0.16),
        hovertemplate="%{x:.4g}: %{y:,}<extra>" + label(name) + "</extra>",
    )  # fmt: skip


VIEW = View(
    "weight_matrix",
    "Weight matrix",
    page="topology",
    data=matrix,
    figure=draw,
    settings={
        "display": Choice(
            "matrix",
            {
                "matrix": "Matrix",
                "weights": "Weight histogram",
                "delays": "Delay histogram",
                "degrees": "Degree histograms",
            },
            "Show",
        ),
        "level": Choice("units", {"units": "Units", "populations": "Populations"}, "Between", when=AS_MATRIX),
        "projection": Pick("projection", "Projection", empty="all"),
        "quantity": Choice(
            "weight",
            {"weight": "Weight", "delay": "Delay", "probability": "Probability"},
            "Quantity",
            when=AS_MATRIX,
        ),
        "combine": Choice(
            "auto",
            {"auto": "Automatic", "sum": "Sum", "mean": "Mean", "count": "Count"},
            "Several synapses",
            when=AS_MATRIX | {"quantity": ("weight", "delay")},
        ),
        "applies": Choice(
            "both", {"both": "Both ends", "source": "Sources", "target": "Targets"}, "Selection applies to"
        ),
        "range_percent": Number(
            99.0, 50, 100, "Range holds", "%", when={"display": ("matrix", "weights", "delays")}
        ),
        "margins": Flag(True, "Degrees in the margins", when=AS_MATRIX),
    },
    needs=("projections",),
    uses=("units",),
    order=91,
    height=620,
)
