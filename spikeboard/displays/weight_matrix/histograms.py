"""Weights, delays and degrees of the shown synapses as histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spikeboard.analysis.synapses import shown_synapses
from spikeboard.displays.weight_matrix.chosen import Joined, sign_notes, values_of, weight_title
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, Synapses
from spikeboard.theme import faded, label, population_colours
from spikeboard.view import Result

MOST_SERIES = 12
HISTOGRAM_BINS = 60
DASHES = ("solid", "dot", "dash", "dashdot")


def numbers(rec: Recording, chosen: Joined, display: str, range_percent: float) -> Result:
    """One row per bar: of "weights" or "delays" by projection, of "degrees" by population."""
    masks = np.zeros((2, len(rec.units)), bool)
    masks[0, chosen.sources], masks[1, chosen.targets] = True, True
    if display == "degrees":
        return _degrees(rec, chosen, masks)
    return _distribution(rec, chosen.names, masks, display, range_percent)


def _distribution(
    rec: Recording, chosen: tuple[str, ...], masks: np.ndarray, display: str, range_percent: float
) -> Result:
    quantity = "weight" if display == "weights" else "delay"
    of = values_of(rec, quantity)
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
        notes += sign_notes(rec, tuple(known))
    if beyond := int(np.count_nonzero((everything < edges[0]) | (everything > edges[-1]))):
        notes.append(
            f"{beyond:,} of {len(everything):,} synapses lie beyond the bins: widen the range to see them."
        )
    title = weight_title(rec, chosen) if quantity == "weight" else "Delay (ms)"
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


def _degrees(rec: Recording, chosen: Joined, masks: np.ndarray) -> Result:
    sources, targets = chosen.sources, chosen.targets
    incoming, outgoing = np.zeros((2, len(rec.units)), np.int64)
    for name in chosen.names:
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


def draw(result: Result) -> go.Figure:
    """Steps, a colour for each population."""
    return _degree_figure(result) if result.extra["kind"] == "degrees" else _bar_figure(result)


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
