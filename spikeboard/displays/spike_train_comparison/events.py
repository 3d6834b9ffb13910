"""The spikes of two trains, matched, missing or extra: the upper panel of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.distances import Matching, match_spikes
from spikeboard.analysis.groups import Trains, grouped_trains
from spikeboard.displays.marks import strokes
from spikeboard.displays.trains import Train
from spikeboard.recalled import recalled
from spikeboard.recording import Recording
from spikeboard.theme import colour, faded
from spikeboard.views.chosen import span

MOST_MARKS = 5000
# Steps of time in which more are counted.
STEPS = 400
# Of the height between two rows, up and down from a row: what a mark takes.
HALF = 0.125
# Spikes of both trains that are matched again after each of eight shifts.
MOST_SHIFTED = 100_000
MATCHED, MISSING, EXTRA = colour(2), colour(1), colour(0)


@dataclass(frozen=True, eq=False)
class Events:
    """The spikes of two trains on screen.

    window : s
    pairs_s : (K, 2) s, of the spikes of A and B that match
    shift_ms : (K,) ms, B after A
    missing_s, extra_s : s, of the spikes of A and of B without a partner
    """

    window: tuple[float, float]
    pairs_s: NDArray[np.floating]
    shift_ms: NDArray[np.floating]
    missing_s: NDArray[np.floating]
    extra_s: NDArray[np.floating]

    @property
    def crowded(self) -> bool:
        """Whether they are too many for a mark each."""
        return self.n_spikes > MOST_MARKS

    @property
    def n_spikes(self) -> int:
        """Spikes of both trains."""
        return 2 * len(self.pairs_s) + len(self.missing_s) + len(self.extra_s)

    @property
    def words(self) -> str:
        """How many of each kind are on screen, for a caption."""
        return (
            f"On screen, {span(*self.window)}: {len(self.pairs_s):,} match, {len(self.missing_s):,} missing, "
            f"{len(self.extra_s):,} extra."
        )


def matched(
    rec: Recording, groups: list[list[int]], tolerance_ticks: int, window: tuple[float, float]
) -> tuple[Trains, Matching]:
    """Trains and matching; a tolerance of 0 asks for the same tick."""
    return grouped_trains(rec, groups, *window), recalled(_matching, rec, groups, tolerance_ticks, window)


def _matching(
    rec: Recording, groups: list[list[int]], tolerance_ticks: int, window: tuple[float, float]
) -> Matching:
    trains = grouped_trains(rec, groups, *window)
    return match_spikes(trains[0], trains[1], tolerance_ticks)


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


def events_on_screen(
    trains: Trains, matching: Matching, per_second: float, window: tuple[float, float]
) -> Events:
    """The spikes on screen; both of a pair, where anything of the line that joins them is."""
    # A part of a tick lets in what lies on the edges, where rounding may put it outside.
    low, high = window[0] * per_second - 0.01, window[1] * per_second + 0.01

    def alone(train: NDArray[np.int64], which: NDArray[np.int64]) -> NDArray[np.floating]:
        ticks = train[which]
        return ticks[slice(*np.searchsorted(ticks, [low, high]))] / per_second

    pairs = np.stack([trains[side][matching.pairs[:, side]] for side in (0, 1)], axis=1)
    seen = (pairs.max(axis=1) >= low) & (pairs.min(axis=1) <= high)
    shift_ms = matching.displacement[seen] * trains.tick * 1e3
    return Events(
        window,
        pairs[seen] / per_second,
        shift_ms,
        alone(trains[0], matching.missing),
        alone(trains[1], matching.extra),
    )


def add_events(figure: go.Figure, events: Events) -> None:
    """Draw every spike, and join those that match."""
    a, b = events.pairs_s.T
    joined = "".join(f"M{first:.12g},0.8L{second:.12g},0.2" for first, second in events.pairs_s.tolist())
    figure.add_shape(
        type="path", path=joined, line={"color": faded(MATCHED, 0.55), "width": 1}, legendgroup="matched"
    )
    name, group = f"matched ({len(a):,})", {"legendgroup": "matched"}
    times, rows = np.r_[a, b], np.repeat(np.array([1, 0], "i1"), len(a))
    figure.add_shape(strokes(times, times, rows - HALF, rows + HALF, MATCHED, 1.5) | group)
    shift = events.shift_ms.astype("f4")
    figure.add_scatter(
        x=times, y=rows, customdata=np.r_[shift, shift], mode="none", name=name, showlegend=False, **group,
        hoverlabel={"bgcolor": MATCHED},
        hovertemplate="%{x:.6f} s, B after A by %{customdata:+.3g} ms<extra>matched</extra>",
    )  # fmt: skip
    stroke = {"symbol": "line-ns", "size": 20, "line": {"width": 1.5, "color": MATCHED}}
    figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=stroke, **group)
    _add_alone(figure, events.missing_s, 1, "triangle-down", MISSING, "missing in B")
    _add_alone(figure, events.extra_s, 0, "triangle-up", EXTRA, "extra in B")


def _add_alone(
    figure: go.Figure, times: NDArray[np.floating], place: int, symbol: str, tint: str, name: str
) -> None:
    figure.add_scatter(
        x=times, y=np.full(len(times), place, "i1"), mode="markers", name=f"{name} ({len(times):,})",
        marker={"symbol": symbol, "size": 8, "color": faded(tint, 0.85)},
        hovertemplate="%{x:.6f} s<extra>" + name + "</extra>",
    )  # fmt: skip


def add_numbers(figure: go.Figure, events: Events) -> None:
    """How many spikes of each kind, over time, where there are too many for marks."""
    edges = np.linspace(*events.window, STEPS + 1)
    bounds = edges + np.r_[-1, np.zeros(STEPS - 1), 1] * 1e-6 * (edges[1] - edges[0])
    kinds = (
        ("matched", MATCHED, events.pairs_s[:, 0], "solid"),
        ("missing in B", MISSING, events.missing_s, "dash"),
        ("extra in B", EXTRA, events.extra_s, "dot"),
    )
    for name, tint, times, dash in kinds:
        counts = np.histogram(times, bounds)[0]
        figure.add_scatter(
            x=edges, y=np.r_[counts, counts[-1:]].astype("i4"), mode="lines", name=f"{name} ({counts.sum():,})",
            line={"shape": "hv", "width": 1.2, "color": tint, "dash": dash},
            hovertemplate="%{x:.4f} s: %{y}<extra>" + name + "</extra>",
        )  # fmt: skip
