"""The spikes of two trains, matched, missing or extra: the upper panel of a pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.distances import Matching, match_spikes
from spikeboard.analysis.groups import Trains, grouped_trains
from spikeboard.displays.trains import Train
from spikeboard.recording import Recording
from spikeboard.theme import colour, faded
from spikeboard.view import Result

MOST_MARKS = 5000
# Spikes of both trains that are matched again after each of eight shifts.
MOST_SHIFTED = 100_000
MATCHED, MISSING, EXTRA = colour(2), colour(1), colour(0)


def matched(
    rec: Recording, groups: list[list[int]], tolerance_ticks: int, window: tuple[float, float]
) -> tuple[Trains, Matching]:
    """Trains and matching; a tolerance of 0 asks for the same tick."""
    trains = grouped_trains(rec, groups, *window)
    return trains, match_spikes(trains[0], trains[1], tolerance_ticks)


def matches_by_chance(trains: Trains, tolerance_ticks: int) -> float | None:
    """Matches when the second train is shifted around the window; None for so many spikes that it would take long."""
    if trains.n_spikes > MOST_SHIFTED:
        return None
    span_ticks = trains.span + 1
    shifts = np.arange(1, 9) * span_ticks // 9
    moved = [np.sort((trains[1] - trains.start + shift) % span_ticks + trains.start) for shift in shifts]
    return float(np.mean([len(match_spikes(trains[0], other, tolerance_ticks).pairs) for other in moved]))


def first_divergence(trains: Trains, matching: Matching, per_second: float) -> tuple[float, bool] | None:
    """When the trains part, s, and whether the spike is one of A; None where they do not."""
    alone = [(int(trains[0][k]), True) for k in matching.missing[:1]]
    alone += [(int(trains[1][k]), False) for k in matching.extra[:1]]
    return min(((tick / per_second, of_a) for tick, of_a in alone), default=None)


def event_table(trains: Trains, matching: Matching, a: Train, b: Train, per_second: float) -> pd.DataFrame:
    """Every spike of both trains with its kind and partner, in order of time."""
    tables = []
    for side, train in enumerate((a, b)):
        times = trains[side] / per_second
        partner = np.full(len(times), np.nan)
        partner[matching.pairs[:, side]] = trains[1 - side][matching.pairs[:, 1 - side]] / per_second
        kind = np.where(np.isnan(partner), "missing" if side == 0 else "extra", "matched")
        table = pd.DataFrame({"time_s": times, "train": f"{'AB'[side]}: {train.name}", "kind": kind})
        table["partner_s"] = partner
        shift = np.full(len(times), np.nan)
        shift[matching.pairs[:, side]] = (1 - 2 * side) * matching.displacement / (per_second / 1e3)
        tables.append(table.assign(displacement_ms=shift))
    return pd.concat(tables, ignore_index=True).sort_values("time_s", kind="stable", ignore_index=True)


def add_events(figure: go.Figure, result: Result) -> None:
    """Draw every spike, and join those that match."""
    trains, matching = result.extra["trains"], result.extra["matching"]
    a, b = (trains[k] / result.extra["per_second"] for k in (0, 1))
    pairs = matching.pairs
    ends = np.stack([a[pairs[:, 0]], b[pairs[:, 1]], np.full(len(pairs), np.nan)], axis=1).ravel()
    figure.add_scatter(
        x=ends, y=np.tile(np.array([0.8, 0.2, np.nan], "f4"), len(pairs)), mode="lines", hoverinfo="skip",
        line={"color": faded(MATCHED, 0.55), "width": 1}, showlegend=False,
    )  # fmt: skip
    shift = (matching.displacement * trains.tick * 1e3).astype("f4")
    matched = np.r_[a[pairs[:, 0]], b[pairs[:, 1]]]
    figure.add_scatter(
        x=matched, y=np.repeat(np.array([1, 0], "i1"), len(pairs)), customdata=np.r_[shift, shift],
        mode="markers", name=f"matched ({len(pairs):,})",
        marker={"symbol": "line-ns", "size": 20, "line": {"width": 1.5, "color": MATCHED}, "color": MATCHED},
        hovertemplate="%{x:.6f} s, B after A by %{customdata:+.3g} ms<extra>matched</extra>",
    )  # fmt: skip
    _add_alone(figure, a[matching.missing], 1, "triangle-down", MISSING, "missing in B")
    _add_alone(figure, b[matching.extra], 0, "triangle-up", EXTRA, "extra in B")


def _add_alone(
    figure: go.Figure, times: NDArray[np.floating], place: int, symbol: str, tint: str, name: str
) -> None:
    figure.add_scatter(
        x=times, y=np.full(len(times), place, "i1"), mode="markers", name=f"{name} ({len(times):,})",
        marker={"symbol": symbol, "size": 8, "color": faded(tint, 0.85)},
        hovertemplate="%{x:.6f} s<extra>" + name + "</extra>",
    )  # fmt: skip


def add_numbers(figure: go.Figure, result: Result) -> None:
    """How many spikes of each kind, over time, where there are too many for marks."""
    trains, matching = result.extra["trains"], result.extra["matching"]
    t0, t1 = result.extra["window"]
    edges = np.linspace(t0, t1, 401)
    kinds = (
        ("matched", MATCHED, trains[0][matching.pairs[:, 0]], "solid"),
        ("missing in B", MISSING, trains[0][matching.missing], "dash"),
        ("extra in B", EXTRA, trains[1][matching.extra], "dot"),
    )
    for name, tint, ticks, dash in kinds:
        counts = np.histogram(ticks / result.extra["per_second"], edges)[0]
        figure.add_scatter(
            x=edges, y=np.r_[counts, counts[-1:]].astype("i4"), mode="lines", name=f"{name} ({len(ticks):,})",
            line={"shape": "hv", "width": 1.2, "color": tint, "dash": dash},
            hovertemplate="%{x:.4f} s: %{y}<extra>" + name + "</extra>",
        )  # fmt: skip
