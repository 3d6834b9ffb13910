"""Cross-correlograms of two units or populations, of all pairs of a few, and correlation matrices of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy import stats

from spikeboard.analysis.correlation import (
    Correlograms,
    TrialCorrelogram,
    border_factor,
    chance_band,
    coefficients,
    correlograms,
    count_correlation,
    lag_bins,
    pairs_needed,
    poisson_expectation,
    rates_hz,
    shift_predictor,
    sttc,
)
from spikeboard.analysis.order import similarity_order
from spikeboard.analysis.trains import unit_rows
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import DIVERGING, colour, faded, label, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Pick, Result, View, Whole
from spikeboard.views.chosen import (
    NEUTRAL,
    Units,
    busiest,
    by_population,
    many,
    named,
    population_rows,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)

# Bars finer than this are thinner than a pixel.
MOST_BINS = 1001
MOST_BINS_OF_GRID = 101
MOST_OF_GRID = 8
MOST_OF_MATRIX = 200
# Seconds that surrogates may take before the Poisson expectation serves in their place.
PATIENCE_S = 2.0
LEVEL = 0.95
# Settings of the surrogates.
DRAWN = {"display": ("pair",), "predictor": ("dither", "jitter", "shuffle")}
SCALES = {"rate": "Rate (Hz)", "counts": "Counts", "coefficient": "Coefficient", "z": "z-score"}


@dataclass(frozen=True, eq=False)
class Side:
    """One of the trains: its units, its name and colour."""

    rows: Units
    name: str
    population: str
    tint: str


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference and target (the same for an auto-correlogram), and the window t0, t1 in s."""

    reference: Side
    target: Side
    t0: float
    t1: float

    @property
    def auto(self) -> bool:
        """Whether it is one train with itself."""
        return np.array_equal(self.reference.rows, self.target.rows)

    @property
    def sides(self) -> list[list[int]]:
        """Its units, as the analysis takes them."""
        rows = [self.reference.rows.tolist(), self.target.rows.tolist()]
        return rows[:1] if self.auto else rows


@dataclass(frozen=True, eq=False)
class Chance:
    """What to expect by chance, in pairs per bin; `text` says of what it is, `notes` what did not go as asked.

    trials : the correlogram within trials, where the predictor is of trials
    """

    mean: NDArray[np.floating]
    deviation: NDArray[np.floating]
    low: NDArray[np.floating]
    high: NDArray[np.floating]
    text: str
    notes: tuple[str, ...] = ()
    trials: Correlograms | None = None


def correlation(
    rec: Recording,
    selection: Selection,
    display: str,
    between: str,
    reference: int | None,
    target: int | None,
    reference_population: str | None,
    target_population: str | None,
    window_ms: float,
    bin_ms: float,
    scale: str,
    border: bool,
    predictor: str,
    spread_ms: float,
    surrogates: int,
    seed: int,
    intervals: str | None,
    coefficient: str,
    coincidence_ms: float,
    sort: str,
) -> Result:
    """How often one train fires at each lag from the spikes of another (Perkel, Gerstein & Moore 1967).

    **Sign and window.** A positive lag means that the target fires after the reference. The window is half the width
    shown: ±50 ms. Bins are a whole number of clock ticks wide and centred on whole multiples of their width, so that
    one is centred on lag 0; a lag exactly on an edge counts one half on either side, which makes the correlogram of
    B after A the exact mirror of A after B. Both spikes of a pair lie in the time window.

    **Auto-correlogram.** Where reference and target are the same, the pairs of a spike with itself are left out, and
    only those; the same holds for the units that two pools have in common.

    **Scale.** *Counts*: pairs per bin. *Rate*: counts / (spikes of the reference × bin width), the target's rate at
    that lag. *Coefficient*: Pearson's coefficient of the counts in bins, shifted by the lag (Eggermont 2010); only
    this scale bins the spikes first. *z-score*: (counts - predictor) / its standard deviation. Border correction
    multiplies counts and rates by T / (T - |lag|), for the pairs that the ends of the window cut off.

    **Predictor.** *Poisson*: independent trains of constant rate with the same numbers of spikes, with the central
    95 % of the Poisson distribution in each bin. *Dither*: each target spike moved by up to ± the spread, which keeps
    slow changes of rate (Date, Bienenstock & Geman 1998); the band is simultaneous: 95 % of the surrogates leave it
    nowhere (Fujisawa et al. 2008; Amarasingham et al. 2012). *Interval jitter* places spikes anew within bins of that
    width, *shuffle* permutes the intervals. *Shift over trials*: the target is taken from other trials, which keeps
    what is locked to their start; only pairs within trials count then. A vertical line marks the synaptic delay where
    the reference projects to the target (right of 0) or the target to the reference (left of 0).

    **Pairs.** Correlograms of all pairs of up to 8 units (the most active) or populations, each to its own maximum.

    **Matrix.** For up to 200 units (the most active), the spike-time tiling coefficient of Cutts & Eglen (2014),
    which rates do not confound, with its ±Δt; or Pearson's coefficient of the counts in bins of that width. The
    **distribution** of the same coefficients is of pairs within a population and of pairs of two, each 100 %.

    Parameters
    ----------
    display : "pair", "pairs", "matrix" or "distribution"
    between : "units" or "populations" (pooled into one train)
    reference, target : unit rows; None takes the most active of the selection
    reference_population, target_population : names; None takes the first two of the selection
    window_ms, bin_ms : half width of the correlogram and width of a bin, ms
    scale : "rate", "counts", "coefficient" or "z"
    border : correct for the ends of the window
    predictor : "none", "poisson", "dither", "jitter", "shuffle" or "trials"
    spread_ms : of dither and jitter, ms
    surrogates, seed : how many are drawn, and from which seed
    intervals : table of trials of the shift predictor; None takes the first
    coefficient : of the matrix: "sttc" or "pearson"
    coincidence_ms : ±Δt of the tiling coefficient, or width of the count bins, ms
    sort : order of the matrix: "id" or "similarity"

    Returns
    -------
    Result : lag_ms, the value in the chosen scale, counts, and predictor with its band; or one row per pair
    """
    t0, t1 = window_of(rec, selection)
    if display in ("matrix", "distribution"):
        return _matrix(rec, selection, between, coefficient, coincidence_ms, sort)
    if display == "pairs":
        return _grid(rec, selection, between, window_ms, bin_ms, scale, border)
    picked = (reference, target) if between == "units" else (reference_population, target_population)
    pair = _pair(rec, selection, between, picked, t0, t1)
    bin_ms, notes = _fitting(rec, window_ms, bin_ms, MOST_BINS)
    settings = {"spread_ms": spread_ms, "n": surrogates, "seed": seed, "intervals": intervals}
    return _one_pair(rec, pair, window_ms, bin_ms, scale, border, predictor, settings, notes)


def draw(result: Result, display: str, **settings: Any) -> go.Figure:
    """One correlogram, small multiples, or a matrix."""
    if display == "matrix":
        return _draw_matrix(result, settings["coefficient"])
    if display == "distribution":
        sttc_chosen = settings["coefficient"] == "sttc"
        return _draw_distribution(
            result, "Spike-time tiling coefficient" if sttc_chosen else "Correlation coefficient"
        )
    if display == "pairs":
        return _draw_grid(result)
    return _draw_pair(result, settings["scale"])


def _pair(
    rec: Recording, selection: Selection, between: str, picked: tuple[Any, Any], t0: float, t1: float
) -> Pair:
    candidates = (
        _unit_candidates(rec, selection, picked, t0, t1)
        if between == "units"
        else list(by_population(rec, rows_of(rec, selection)))
    )
    first = picked[0] if picked[0] is not None else next((c for c in candidates if c != picked[1]), picked[1])
    second = picked[1] if picked[1] is not None else next((c for c in candidates if c != first), first)
    side: Callable[..., Side] = _unit_side if between == "units" else _population_side
    pair = Pair(side(rec, selection, first), side(rec, selection, second), t0, t1)
    for train in (pair.reference, pair.target):
        if not spikes_per_unit(rec, train.rows, t0, t1).sum():
            raise NothingToDraw(f"{train.name} has no spike in {span(t0, t1)}: choose another, or more time")
    if pair.auto and spikes_per_unit(rec, pair.target.rows, t0, t1).sum() < 2:
        raise NothingToDraw(f"{pair.target.name} has a single spike in {span(t0, t1)}: no lag to count")
    return pair


def _unit_candidates(
    rec: Recording, selection: Selection, picked: tuple[int | None, int | None], t0: float, t1: float
) -> list[int]:
    """The most active of the selected units: units without a spike are no candidates."""
    unit_rows(rec, [row for row in picked if row is not None])
    rows = rows_of(rec, selection)
    found = busiest(rec, rows, t0, t1, 3)
    fired = found[spikes_per_unit(rec, found, t0, t1) > 0]
    if not len(fired) and None in picked:
        raise NothingToDraw(
            f"none of the {len(rows):,} selected units fires in {span(t0, t1)}: no lag to count"
        )
    return fired.tolist()


def _unit_side(rec: Recording, selection: Selection, row: int) -> Side:
    population = str(rec.units["population"].iloc[row])
    tint = population_colours(rec)[population]
    return Side(np.array([row], np.int64), named(rec, row), population, tint)


def _population_side(rec: Recording, selection: Selection, name: str) -> Side:
    rows = population_rows(rec, selection, name)
    return Side(rows, shown(name), name, population_colours(rec)[name])


def _fitting(rec: Recording, window_ms: float, bin_ms: float, most: int) -> tuple[float, list[str]]:
    """The bin width on the clock, wide enough for the screen, ms; and what has to be said about it."""
    ticks, half = lag_bins(rec, window_ms, bin_ms)
    snapped = ticks * rec.tick * 1e3
    notes = []
    if abs(snapped - bin_ms) > 1e-6 * bin_ms:
        notes.append(f"A bin of {bin_ms:g} ms was snapped to {snapped:.6g} ms, a multiple of the clock.")
    if 2 * half + 1 > most:
        factor = -(-2 * half // (most - 1))
        notes.append(
            f"{2 * half + 1:,} bins of {snapped:.6g} ms are finer than the screen: "
            f"each bar is {factor * snapped:.6g} ms."
        )
        snapped *= factor
    return snapped, notes


def _one_pair(
    rec: Recording,
    pair: Pair,
    window_ms: float,
    bin_ms: float,
    scale: str,
    border: bool,
    predictor: str,
    settings: Mapping[str, Any],
    notes: list[str],
) -> Result:
    found = correlograms(rec, pair.sides, window_ms, bin_ms, pair.t0, pair.t1)
    chance = _chance(rec, pair, found, window_ms, predictor, settings)
    found = found if chance is None or chance.trials is None else chance.trials
    frame = pd.DataFrame({"lag_ms": np.round(found.lags_s * 1e3, 9), "counts": found.counts[0, -1]})
    if scale == "coefficient":
        frame, more = _as_coefficients(rec, pair, frame, window_ms, bin_ms)
        notes = [*notes, *more]
    else:
        _add_scaled(frame, found, chance, scale, border)
    delays, more = _delays(rec, pair, window_ms)
    spoken = [*notes, *(chance.notes if chance else ()), *more]
    if scale == "z" and border:
        spoken.append("z-scores need no border correction: the predictor loses the same pairs.")
    extra = {
        "pair": pair,
        "delays": delays,
        "chance": chance.text if chance else "",
        "bin_ms": found.bin_s * 1e3,
    }
    return Result(frame, _pair_caption(pair, found, frame, chance, scale), tuple(spoken), extra)


def _chance(
    rec: Recording,
    pair: Pair,
    found: Correlograms,
    window_ms: float,
    predictor: str,
    settings: Mapping[str, Any],
) -> Chance | None:
    if predictor == "none":
        return None
    if predictor == "trials":
        return _over_trials(rec, pair, found, window_ms, settings["intervals"])
    if predictor == "poisson":
        return _poisson(pair, found)
    groups, n = pair.sides, int(settings["n"])
    pairs = pairs_needed(rec, groups, window_ms, pair.t0, pair.t1)
    seconds = n * (1e-4 + 4e-7 * found.n_spikes.sum() + 3e-9 * pairs)
    if seconds > PATIENCE_S:
        note = (
            f"{n:,} surrogates of {found.n_spikes[-1]:,} spikes would take about {seconds:.0f} s: the Poisson "
            "expectation is drawn instead. Take fewer surrogates, fewer units or less time."
        )
        return _poisson(pair, found, (note,))
    return _surrogates(rec, pair, window_ms, found.bin_s * 1e3, predictor, settings)


def _poisson(pair: Pair, found: Correlograms, notes: tuple[str, ...] = ()) -> Chance:
    mean = poisson_expectation(found)[0, -1]
    # At lag 0 of one train with itself every pair is counted in both directions.
    twice = np.where((found.lags_s == 0) & pair.auto, 2, 1)
    low, high = (twice * stats.poisson.ppf(q, mean / twice) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    text = "independent Poisson trains, 95 % of the values in each bin"
    return Chance(mean, np.sqrt(mean * twice), low, high, text, notes)


def _surrogates(
    rec: Recording, pair: Pair, window_ms: float, bin_ms: float, method: str, settings: Mapping[str, Any]
) -> Chance:
    spread = settings["spread_ms"]
    band = chance_band(
        rec, pair.sides[0], pair.sides[-1], window_ms, bin_ms, spread, method, int(settings["n"]),
        int(settings["seed"]), LEVEL, pair.t0, pair.t1,
    )  # fmt: skip
    how = {
        "dither": f"target spikes dithered by up to ±{spread:g} ms",
        "jitter": f"target spikes placed anew within bins of {spread:g} ms",
        "shuffle": "the target's intervals shuffled",
    }[method]
    text = f"{how}: {band.n_surrogates:,} surrogates, seed {settings['seed']}, simultaneous 95 % band"
    return Chance(band.mean, band.deviation, band.lowest, band.highest, text)


def _over_trials(
    rec: Recording, pair: Pair, found: Correlograms, window_ms: float, table: str | None
) -> Chance:
    starts, stops, note = _trials(rec, table, pair.t0, pair.t1)
    groups = pair.sides
    trials: TrialCorrelogram = shift_predictor(
        rec, groups[0], groups[-1], starts, stops, window_ms, found.bin_s * 1e3
    )
    low, high = (stats.poisson.ppf(q, trials.predicted) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    text = (
        f"the target taken from other trials ({trials.n_trials} trials of {trials.trial_s:g} s, "
        f"{many(trials.n_shifts, 'shift')} averaged), 95 % of a Poisson distribution in each bin"
    )
    within = replace(
        found,
        counts=trials.counts[None, None],
        n_spikes=np.array([_within(rec, rows, starts, trials.trial_s) for rows in groups]),
        duration=trials.trial_s,
    )
    return Chance(trials.predicted, np.sqrt(trials.predicted), low, high, text, (note,), within)


def _within(rec: Recording, rows: list[int], starts: NDArray[np.floating], trial_s: float) -> int:
    """Spikes of the units within all trials."""
    units = np.asarray(rows, np.int64)
    return sum(int(spikes_per_unit(rec, units, start, start + trial_s).sum()) for start in starts)


def _trials(rec: Recording, table: str | None, t0: float, t1: float) -> tuple[Any, Any, str]:
    if not rec.intervals:
        raise NothingToDraw("no trials in this recording: a shift predictor needs them; choose another one")
    name = next(iter(rec.intervals)) if table is None else table
    if name not in rec.intervals:
        raise NothingToDraw(f"no intervals called {shown(name)} in this recording")
    frame = rec.intervals[name]
    inside = frame[(frame["start"] >= t0) & (frame["stop"] <= t1) & (frame["stop"] > frame["start"])]
    if len(inside) < 2:
        raise NothingToDraw(
            f"a shift predictor needs 2 trials; {len(inside)} of {shown(name)} lie whole in {span(t0, t1)}"
        )
    note = f"Only spikes and pairs within the {len(inside)} whole {shown(name)} of the window count."
    return inside["start"].to_numpy(), inside["stop"].to_numpy(), note


def _add_scaled(
    frame: pd.DataFrame, found: Correlograms, chance: Chance | None, scale: str, border: bool
) -> None:
    """Add the value in the scale, and the predictor's, to the frame."""
    counts = frame["counts"].to_numpy()
    if scale == "z":
        predicted = chance or _poisson_of(found)
        with np.errstate(divide="ignore", invalid="ignore"):
            frame["value"] = np.where(
                predicted.deviation > 0, (counts - predicted.mean) / predicted.deviation, np.nan
            )
            frame["predictor"] = 0.0
            for name, edge in (("low", predicted.low), ("high", predicted.high)):
                frame[name] = (edge - predicted.mean) / np.where(
                    predicted.deviation > 0, predicted.deviation, np.nan
                )
        return
    factor = border_factor(found) if border else np.ones(len(frame))
    factor = factor / (found.n_spikes[0] * found.bin_s) if scale == "rate" else factor
    frame["value"] = counts * factor
    if chance is not None:
        frame["predictor"] = chance.mean * factor
        frame["low"], frame["high"] = np.maximum(chance.low, 0) * factor, chance.high * factor


def _poisson_of(found: Correlograms) -> Chance:
    mean = poisson_expectation(found)[0, -1]
    return Chance(mean, np.sqrt(mean), mean, mean, "")


def _as_coefficients(
    rec: Recording, pair: Pair, frame: pd.DataFrame, window_ms: float, bin_ms: float
) -> tuple[pd.DataFrame, list[str]]:
    found = coefficients(rec, pair.sides, window_ms, bin_ms, pair.t0, pair.t1)
    n_bins = max(int(np.ceil(found.duration / found.bin_s)), 1)
    frame = frame.assign(value=found.counts[0, -1], predictor=0.0)
    if not np.isfinite(frame["value"]).any():
        raise NothingToDraw("the counts in bins never change: a coefficient of correlation is not defined")
    reach = 1.96 / np.sqrt(n_bins)
    frame["low"], frame["high"] = -reach, reach
    if pair.auto:
        frame.loc[frame["lag_ms"] == 0, "value"] = np.nan
    notes = [f"The band of a coefficient is ±1.96/√N of {n_bins:,} independent bins, whatever the predictor."]
    if pair.auto:
        notes.append("The coefficient at lag 0, which is 1 by definition, is not drawn.")
    return frame, notes


def _delays(rec: Recording, pair: Pair, window_ms: float) -> tuple[list[tuple[float, str]], list[str]]:
    """Lags (ms) at which a synapse acts, with what to write there; and what has to be said about them."""
    if not rec.connections:
        return [], []
    there = _delays_from(rec, pair.reference, pair.target)
    back = [] if pair.auto else _delays_from(rec, pair.target, pair.reference)
    lines = [(lag, text) for lag, text in there] + [(-lag, text) for lag, text in back]
    if not lines:
        whom = f"joins {pair.reference.name} and {pair.target.name}"
        whom = f"joins {pair.target.name} to itself" if pair.auto else whom
        return [], [f"No synapse with a known delay {whom}."]
    beyond = [f"{text} lies outside of the window." for lag, text in lines if abs(lag) > window_ms]
    return [line for line in lines if abs(line[0]) <= window_ms], beyond


def _delays_from(rec: Recording, source: Side, target: Side) -> list[tuple[float, str]]:
    found = []
    for synapses in rec.connections.values():
        if (synapses.source, synapses.target) != (source.population, target.population):
            continue
        delay = synapses.delay
        if delay is None:
            continue
        own = _between(rec, synapses, source.rows, target.rows)
        delays = np.asarray(delay)[own]
        delays = delays[np.isfinite(delays)]
        if len(delays):
            found.append((float(delays.mean() * 1e3), _delay_text(source, target, delays * 1e3)))
    return found


def _between(rec: Recording, synapses: Any, sources: Units, targets: Units) -> NDArray[np.int64]:
    """Positions of the synapses from the source units to the target units."""
    first_source, first_target = (rec.rows_of(name).start for name in (synapses.source, synapses.target))
    indptr, indices = np.asarray(synapses.indptr), np.asarray(synapses.indices)
    rows = sources - first_source
    if len(rows) == 1:
        stretch = np.arange(int(indptr[rows[0]]), int(indptr[rows[0] + 1]))
        return stretch[np.isin(indices[stretch] + first_target, targets)]
    source_of = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.flatnonzero(np.isin(source_of, rows) & np.isin(indices + first_target, targets))


def _delay_text(source: Side, target: Side, delays_ms: NDArray[np.floating]) -> str:
    arrow = f"{source.name} → {target.name}"
    if len(delays_ms) == 1:
        return f"{arrow}: delay {delays_ms[0]:.3g} ms"
    return f"{arrow}: mean delay {delays_ms.mean():.3g} ms ({many(len(delays_ms), 'synapse')})"


def _pair_caption(
    pair: Pair, found: Correlograms, frame: pd.DataFrame, chance: Chance | None, scale: str
) -> str:
    width, reach = found.bin_s * 1e3, found.window_s * 1e3
    n = found.n_spikes
    if pair.auto:
        what = f"Auto-correlogram of {pair.target.name} ({n[0]:,} spikes; pairs of a spike with itself are left out)"
    else:
        what = (
            f"{pair.target.name} ({n[-1]:,} spikes) after {pair.reference.name} ({n[0]:,} spikes): "
            "positive lag, target after reference"
        )
    total = frame["counts"].sum()
    pairs = "1 pair" if total == 1 else f"{total:,.10g} pairs"
    text = f"{what}; {pairs} within ±{reach:g} ms in {span(pair.t0, pair.t1)}, "
    text += f"bins of {width:.6g} ms"
    text += _pools(pair)
    if chance and scale != "coefficient":
        text += f" Predictor: {chance.text}."
    return text + _peak(frame, chance, scale)


def _pools(pair: Pair) -> str:
    sizes = [len(side.rows) for side in (pair.reference, pair.target)]
    if max(sizes) == 1:
        return "."
    if pair.auto:
        return f"; {many(sizes[0], 'unit')} pooled into one train."
    return f"; {many(sizes[0], 'unit')} and {many(sizes[1], 'unit')} pooled into two trains."


def _peak(frame: pd.DataFrame, chance: Chance | None, scale: str) -> str:
    if "high" not in frame or not np.isfinite(frame["value"]).any():
        return ""
    above = frame["value"] - frame["high"]
    outside = int(((frame["value"] > frame["high"]) | (frame["value"] < frame["low"])).sum())
    at = frame["lag_ms"].to_numpy()[np.nanargmax(frame["value"].to_numpy())]
    words = f" Highest at {at:+.4g} ms" if frame["counts"].any() else " No pair lies in the window"
    if outside == 0:
        return f"{words}; no bin lies outside of the band."
    side = "above" if above.max() > 0 else "inside"
    verb = "lies" if outside == 1 else "lie"
    return f"{words}, {side} the band; {outside} of {len(frame)} bins {verb} outside of it."


def _draw_pair(result: Result, scale: str) -> go.Figure:
    figure, frame, pair = go.Figure(), result.table(), result.extra["pair"]
    if "high" in frame:
        _add_band(figure, frame, scale)
    _add_bars(figure, frame, pair.target.tint, result.extra["bin_ms"], scale)
    _add_delays(figure, result.extra["delays"])
    edge = float(frame["lag_ms"].max() + result.extra["bin_ms"] / 2)
    figure.add_shape(
        type="line", x0=0, x1=0, yref="y domain", y0=0, y1=1,
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
    )  # fmt: skip
    return figure.update_layout(
        xaxis={"title": _lag_title(pair), "range": [-edge, edge]},
        yaxis={"title": _value_title(scale)},
        barmode="overlay", bargap=0,
        legend={"y": 1.07}, margin={"t": 66},
    )  # fmt: skip


def _lag_title(pair: Pair) -> str:
    if pair.auto:
        return "Lag (ms)"
    return f"Lag (ms) of {label(pair.target.name, 20)} after {label(pair.reference.name, 20)}"


def _value_title(scale: str) -> str:
    return {
        "rate": "Rate of the target (Hz)",
        "counts": "Pairs per bin",
        "coefficient": "Correlation coefficient",
        "z": "z-score",
    }[scale]


def _add_band(figure: go.Figure, frame: pd.DataFrame, scale: str) -> None:
    x = frame["lag_ms"].to_numpy("f4")
    edge = {"width": 0, "color": NEUTRAL, "shape": "hvh"}
    quiet = {"hoverinfo": "skip", "mode": "lines"}
    figure.add_scatter(x=x, y=frame["low"].to_numpy("f4"), line=edge, showlegend=False, **quiet)
    figure.add_scatter(
        x=x, y=frame["high"].to_numpy("f4"), line=edge, fill="tonexty", fillcolor=faded(NEUTRAL, 0.28),
        name="95 % by chance", **quiet,
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=frame["predictor"].to_numpy("f4"), mode="lines", name="by chance",
        line={"color": NEUTRAL, "width": 1.4, "dash": "dash"},
        hovertemplate="by chance %{y:.4g}<extra></extra>",
    )  # fmt: skip


def _add_bars(figure: go.Figure, frame: pd.DataFrame, tint: str, bin_ms: float, scale: str) -> None:
    value = frame["value"].to_numpy()
    outside = np.zeros(len(frame), bool)
    if "high" in frame:
        outside = ((frame["value"] > frame["high"]) | (frame["value"] < frame["low"])).to_numpy()
    parts = [(~outside, faded(tint, 0.5), "inside the band"), (outside, tint, "outside the band")]
    for which, fill, name in parts:
        if not which.any():
            continue
        figure.add_bar(
            x=frame["lag_ms"].to_numpy("f4")[which], y=value[which].astype("f4"), width=bin_ms,
            marker={"color": fill, "line": {"width": 0}}, name=name, showlegend="high" in frame,
            customdata=frame["counts"].to_numpy("f4")[which],
            hovertemplate="%{x:.4g} ms: %{y:.4g}, %{customdata:,} pairs<extra></extra>",
        )  # fmt: skip


def _add_delays(figure: go.Figure, delays: list[tuple[float, str]]) -> None:
    for lag, text in delays[:4]:
        figure.add_shape(
            type="line", x0=lag, x1=lag, yref="y domain", y0=0, y1=1, line={"color": "#B8860B", "width": 1.6}
        )
        figure.add_annotation(
            x=lag, yref="y domain", y=1, text=label(text, 60), showarrow=False, yanchor="bottom",
            xanchor="left" if lag >= 0 else "right", font={"size": 11, "color": "#B8860B"},
        )  # fmt: skip


def _grid_members(
    rec: Recording, selection: Selection, between: str, t0: float, t1: float
) -> tuple[list[Side], list[str]]:
    rows = rows_of(rec, selection)
    if between == "populations":
        names = list(by_population(rec, rows))
        notes = (
            [] if len(names) <= MOST_OF_GRID else [f"The first {MOST_OF_GRID} of {len(names):,} populations."]
        )
        return [_population_side(rec, selection, name) for name in names[:MOST_OF_GRID]], notes
    most = busiest(rec, rows, t0, t1, MOST_OF_GRID)
    most = np.sort(most[spikes_per_unit(rec, most, t0, t1) > 0])
    notes = [f"The {len(most)} most active of {len(rows):,} selected units."] if len(rows) > len(most) else []
    return [_unit_side(rec, selection, int(row)) for row in most], notes


def _grid(
    rec: Recording,
    selection: Selection,
    between: str,
    window_ms: float,
    bin_ms: float,
    scale: str,
    border: bool,
) -> Result:
    t0, t1 = window_of(rec, selection)
    sides, notes = _grid_members(rec, selection, between, t0, t1)
    if not sides:
        raise NothingToDraw(f"no selected unit fires in {span(t0, t1)}: no lag to count")
    bin_ms, more = _fitting(rec, window_ms, bin_ms, MOST_BINS_OF_GRID)
    groups = [side.rows.tolist() for side in sides]
    found = correlograms(rec, groups, window_ms, bin_ms, t0, t1)
    values, expected = _grid_values(rec, groups, found, window_ms, bin_ms, t0, t1, scale, border)
    frame = _grid_frame(sides, found, values, expected)
    kind = "units" if between == "units" else "populations, pooled"
    caption = (
        f"{SCALES[scale]} of all pairs of {len(sides)} {kind}, {found.n_spikes.sum():,} spikes in {span(t0, t1)}, "
        f"within ±{found.window_s * 1e3:g} ms in bins of {found.bin_s * 1e3:.6g} ms. Row: reference; column: target; "
        "right of the middle the target fires after the reference. Each cell to its own maximum; the dotted line is "
        "the Poisson expectation."
    )
    extra = {"sides": sides, "found": found, "values": values, "expected": expected}
    return Result(frame, caption, (*notes, *more), extra)


def _grid_values(
    rec: Recording,
    groups: list[list[int]],
    found: Correlograms,
    window_ms: float,
    bin_ms: float,
    t0: float,
    t1: float,
    scale: str,
    border: bool,
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Values and Poisson expectation in the scale, (G, G, B) each."""
    expected = poisson_expectation(found)
    if scale == "coefficient":
        values = coefficients(rec, groups, window_ms, bin_ms, t0, t1).counts
        values[np.arange(len(groups)), np.arange(len(groups)), len(found.lags_s) // 2] = np.nan
        return values, np.zeros_like(expected)
    if scale == "z":
        spread = np.where(expected > 0, np.sqrt(expected), np.nan)
        return (found.counts - expected) / spread, np.zeros_like(expected)
    factor = border_factor(found) if border else np.ones(len(found.lags_s))
    if scale == "counts":
        return found.counts * factor, expected * factor
    per = np.where(found.n_spikes > 0, found.n_spikes, np.nan)[:, None, None] * found.bin_s
    return rates_hz(found, border), expected * factor / per


def _grid_frame(
    sides: list[Side],
    found: Correlograms,
    values: NDArray[np.floating],
    expected: NDArray[np.floating],
) -> pd.DataFrame:
    n, n_bins = len(sides), len(found.lags_s)
    names = np.array([side.name for side in sides], object)
    return pd.DataFrame(
        {
            "reference": np.repeat(names, n * n_bins),
            "target": np.tile(np.repeat(names, n_bins), n),
            "lag_ms": np.tile(np.round(found.lags_s * 1e3, 9), n * n),
            "counts": found.counts.ravel(),
            "value": values.ravel(),
            "predictor": expected.ravel(),
        }
    )


def _draw_grid(result: Result) -> go.Figure:
    sides, found = result.extra["sides"], result.extra["found"]
    columns = [_column(result, j) for j in range(len(sides))]
    zero = [{"type": "line", "xref": "x", "yref": "y", "x0": j, "x1": j, "y0": -0.5, "y1": len(sides) - 0.5,
             "line": {"width": 0.7, "color": NEUTRAL}, "opacity": 0.6} for j in range(len(sides))]  # fmt: skip
    names = [label(side.name, 14) for side in sides]
    ticks = {"tickvals": list(range(len(sides))), "ticktext": names, "showgrid": False, "fixedrange": True}
    reach = f"{found.window_s * 1e3:g}"
    layout = {
        "xaxis": ticks | {"title": f"Target (each ±{reach} ms)", "range": [-0.55, len(sides) - 0.45]},
        "yaxis": ticks | {"title": "Reference", "range": [len(sides) - 0.45, -0.55]},
        "showlegend": False,
        "shapes": zero,
    }
    return go.Figure([trace for pair in columns for trace in pair], layout)


def _column(result: Result, j: int) -> tuple[go.Scatter, go.Scatter]:
    """The cells of one target under each other, and their expectation: as few traces as can be."""
    found, target = result.extra["found"], result.extra["sides"][j]
    cells = [
        _cell(i, j, found, result.extra["values"][i, j], result.extra["expected"][i, j])
        for i in range(len(result.extra["sides"]))
    ]
    drawn, expected = (np.concatenate([cell[k] for cell in cells]).astype("f4") for k in (0, 1))
    bars = go.Scatter(
        x=drawn[:, 0], y=drawn[:, 1], customdata=drawn[:, 2:], mode="lines", fill="toself", hoveron="points",
        line={"shape": "hvh", "width": 1, "color": target.tint}, fillcolor=faded(target.tint, 0.45),
        name=label(target.name, 16),
        hovertemplate="lag %{customdata[0]:.4g} ms: %{customdata[1]:.4g}<extra>%{fullData.name}</extra>",
    )  # fmt: skip
    line = {"width": 1, "dash": "dot", "color": NEUTRAL}
    return bars, go.Scatter(x=expected[:, 0], y=expected[:, 1], mode="lines", line=line, hoverinfo="skip")


def _cell(
    i: int, j: int, found: Correlograms, values: NDArray[np.floating], expected: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Outline (x, y, lag in ms, value) and expectation (x, y) of a cell, each ending with a gap."""
    both = np.r_[values, expected, 0]
    top, bottom = np.nanmax(both), np.nanmin(both)
    height = (top - bottom or 1.0) / 0.8
    x = j + 0.45 * found.lags_s / found.window_s
    zero = i + 0.4 + bottom / height
    outline = np.full((len(x) + 3, 4), np.nan)
    outline[:-1, 0] = np.r_[x[:1], x, x[-1:]]
    outline[:-1, 1] = np.r_[zero, zero - np.nan_to_num(values) / height, zero]
    outline[1:-2, 2], outline[1:-2, 3] = found.lags_s * 1e3, values
    chance = np.full((len(x) + 1, 2), np.nan)
    chance[:-1] = np.stack([x, zero - expected / height], axis=1)
    return outline, chance


def _matrix(
    rec: Recording,
    selection: Selection,
    between: str,
    coefficient: str,
    coincidence_ms: float,
    sort: str,
) -> Result:
    t0, t1 = window_of(rec, selection)
    sides, notes = _matrix_members(rec, selection, between, t0, t1)
    if len(sides) < 2:
        raise NothingToDraw(
            f"a correlation matrix needs two trains with spikes; the selection has {len(sides)} in {span(t0, t1)}"
        )
    groups = [side.rows.tolist() for side in sides]
    values, how, more = _pairwise(rec, groups, coefficient, coincidence_ms, t0, t1)
    order = _ordered(values, sort)
    sides, values = [sides[k] for k in order], values[np.ix_(order, order)]
    upper = np.triu_indices(len(sides), 1)
    pairs = values[upper]
    known = pairs[np.isfinite(pairs)]
    if not len(known):
        raise NothingToDraw("no pair of trains has a coefficient: their counts never change")
    names = np.array([side.name for side in sides], object)
    frame = pd.DataFrame({"first": names[upper[0]], "second": names[upper[1]], "coefficient": pairs})
    caption = (
        f"{how} of {many(len(known), 'pair')} of {len(sides)} {between} in {span(t0, t1)}: "
        f"median {np.median(known):.3g}, from {known.min():.3g} to {known.max():.3g}."
    )
    extra = {"values": values, "sides": sides, "sorted": sort == "similarity", "n": len(sides)}
    return Result(frame, caption, (*notes, *more), extra)


def _matrix_members(
    rec: Recording, selection: Selection, between: str, t0: float, t1: float
) -> tuple[list[Side], list[str]]:
    rows = rows_of(rec, selection)
    if between == "populations":
        names = list(by_population(rec, rows))[:MOST_OF_MATRIX]
        sides = [_population_side(rec, selection, name) for name in names]
        fired = [side for side in sides if spikes_per_unit(rec, side.rows, t0, t1).any()]
        silent = len(sides) - len(fired)
        return fired, [f"{many(silent, 'silent population')} left out."] if silent else []
    counts = spikes_per_unit(rec, rows, t0, t1)
    fired = rows[counts > 0]
    notes = [f"{many(len(rows) - len(fired), 'silent unit')} left out."] if len(fired) < len(rows) else []
    if len(fired) > MOST_OF_MATRIX:
        notes.append(f"The {MOST_OF_MATRIX} most active of {len(fired):,} units; select units to see others.")
        fired = np.sort(busiest(rec, fired, t0, t1, MOST_OF_MATRIX))
    return [_unit_side(rec, selection, int(row)) for row in fired], notes


def _pairwise(
    rec: Recording, groups: list[list[int]], coefficient: str, width_ms: float, t0: float, t1: float
) -> tuple[NDArray[np.floating], str, list[str]]:
    if coefficient == "sttc":
        values = sttc(rec, groups, width_ms, t0, t1)
        return values, f"Spike-time tiling coefficient (±{width_ms:g} ms)", []
    found = count_correlation(rec, groups, width_ms, t0, t1)
    notes = []
    if found.left_over_spikes:
        notes.append(f"{many(found.left_over_spikes, 'spike')} in the cut last bin did not go in.")
    how = f"Correlation of counts in {found.n_bins:,} bins of {found.bin_s * 1e3:.6g} ms"
    return found.values, how, notes


def _ordered(values: NDArray[np.floating], sort: str) -> NDArray[np.int64]:
    if sort == "id" or len(values) < 3:
        return np.arange(len(values))
    return similarity_order(np.nan_to_num(values))


def _draw_matrix(result: Result, coefficient: str) -> go.Figure:
    values, sides = result.extra["values"].astype("f4"), result.extra["sides"]
    n = len(sides)
    shown_values = values.copy()
    np.fill_diagonal(shown_values, np.nan)
    reach = float(np.nanmax(np.abs(shown_values))) or 1.0
    names = [label(side.name, 24) for side in sides]
    figure = go.Figure()
    figure.add_heatmap(
        z=shown_values, x=np.arange(n), y=np.arange(n), colorscale=DIVERGING, zmin=-reach, zmax=reach, zmid=0,
        colorbar={"title": {"text": "STTC" if coefficient == "sttc" else "r"}, "thickness": 14, "outlinewidth": 0},
        text=[[f"{a} and {b}" for b in names] for a in names] if n <= 60 else None,
        hovertemplate=("%{text}" if n <= 60 else "%{y} and %{x}") + ": %{z:.3f}<extra></extra>",
    )  # fmt: skip
    _add_borders(figure, sides, result.extra["sorted"])
    ticks = _unit_ticks(sides, names, result.extra["sorted"])
    axis = {"showgrid": False, "range": [-0.5, n - 0.5]} | ticks
    down = axis | {"range": [n - 0.5, -0.5], "scaleanchor": "x", "constrain": "domain", "title": "Train"}
    figure.update_layout(xaxis=axis | {"constrain": "domain", "title": "Train"}, yaxis=down)
    return figure


def _draw_distribution(result: Result, title: str) -> go.Figure:
    """The coefficients of pairs within populations, and between them."""
    values, sides = result.extra["values"], result.extra["sides"]
    upper = np.triu_indices(len(sides), 1)
    codes = np.unique([side.population for side in sides], return_inverse=True)[1]
    same = codes[upper[0]] == codes[upper[1]]
    pairs = values[upper]
    known = np.isfinite(pairs)
    low, high = float(pairs[known].min()), float(pairs[known].max())
    n_bins = int(np.clip(np.sqrt(known.sum()), 5, 100))
    edges = np.linspace(low, high if high > low else low + 1e-6, n_bins + 1)
    figure = go.Figure()
    kinds = (
        (same, "within a population", colour(4), "solid"),
        (~same, "between populations", colour(5), "dash"),
    )
    for which, name, tint, dash in kinds:
        chosen = pairs[which & known]
        if len(chosen):
            counts = np.histogram(chosen, edges)[0]
            _add_share(
                figure, edges, counts, f"{name}: {len(chosen):,}, median {np.median(chosen):.3g}", tint, dash
            )
    figure.add_shape(
        type="line",
        x0=0,
        x1=0,
        yref="y domain",
        y0=0,
        y1=1,
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
    )
    return figure.update_layout(
        xaxis={"title": title},
        yaxis={"title": "Share of pairs per bin (%)", "rangemode": "tozero"},
        showlegend=True,
    )


def _add_share(
    figure: go.Figure,
    edges: NDArray[np.floating],
    counts: NDArray[np.integer],
    name: str,
    tint: str,
    dash: str,
) -> None:
    share = 100 * counts / counts.sum()
    figure.add_scatter(
        x=np.repeat(edges, 2).astype("f4"), y=np.r_[0, np.repeat(share, 2), 0].astype("f4"),
        customdata=np.r_[0, np.repeat(counts, 2), 0].astype("i4"), mode="lines", name=name, fill="tozeroy",
        line={"color": tint, "width": 1.4, "dash": dash}, fillcolor=faded(tint, 0.2),
        hovertemplate="%{x:.3f}: %{customdata:,} pairs, %{y:.3g} %<extra></extra>",
    )  # fmt: skip


def _population_runs(sides: list[Side]) -> list[tuple[str, int, int]]:
    starts = [k for k, side in enumerate(sides) if k == 0 or side.population != sides[k - 1].population]
    return [(sides[a].population, a, b) for a, b in zip(starts, [*starts[1:], len(sides)], strict=True)]


def _add_borders(figure: go.Figure, sides: list[Side], is_sorted: bool) -> None:
    if is_sorted or len(_population_runs(sides)) > 40:
        return
    for _, first, _ in _population_runs(sides)[1:]:
        line = {"color": NEUTRAL, "width": 1}
        for axis in ("x", "y"):
            other = "y" if axis == "x" else "x"
            figure.add_shape(
                type="line", line=line, **{f"{axis}0": first - 0.5, f"{axis}1": first - 0.5},
                **{f"{other}0": -0.5, f"{other}1": len(sides) - 0.5},
            )  # fmt: skip


def _unit_ticks(sides: list[Side], names: list[str], is_sorted: bool) -> dict[str, Any]:
    """Every train by name where there is room, else the populations, else nothing."""
    if len(sides) <= 30:
        return {"tickvals": list(range(len(sides))), "ticktext": names}
    runs = _population_runs(sides)
    if is_sorted or len(runs) > 20:
        return {"showticklabels": False, "ticks": ""}
    return {
        "tickvals": [(a + b - 1) / 2 for _, a, b in runs],
        "ticktext": [label(name, 16) for name, _, _ in runs],
    }


VIEW = View(
    "cross_correlogram",
    "Cross-correlogram",
    page="correlation",
    data=correlation,
    figure=draw,
    settings={
        "display": Choice(
            "pair",
            {
                "pair": "One pair",
                "pairs": "All pairs of 8",
                "matrix": "Matrix",
                "distribution": "Distribution",
            },
            "Show",
        ),
        "between": Choice("units", {"units": "Units", "populations": "Populations"}, "Between"),
        "reference": Pick(
            "unit", "Reference unit", empty="most active", when={"display": ("pair",), "between": ("units",)}
        ),
        "target": Pick(
            "unit", "Target unit", empty="most active", when={"display": ("pair",), "between": ("units",)}
        ),
        "reference_population": Pick(
            "population",
            "Reference population",
            empty="first",
            when={"display": ("pair",), "between": ("populations",)},
        ),
        "target_population": Pick(
            "population",
            "Target population",
            empty="second",
            when={"display": ("pair",), "between": ("populations",)},
        ),
        "window_ms": Number(50.0, 0.1, 10_000.0, "Window, ±", "ms", when={"display": ("pair", "pairs")}),
        "bin_ms": Number(1.0, 0.001, 1000.0, "Bin width", "ms", when={"display": ("pair", "pairs")}),
        "scale": Choice("rate", SCALES, "Scale", when={"display": ("pair", "pairs")}),
        "border": Flag(
            True, "Border correction", when={"display": ("pair", "pairs"), "scale": ("rate", "counts")}
        ),
        "predictor": Choice(
            "dither",
            {
                "none": "None",
                "poisson": "Poisson",
                "dither": "Dither",
                "jitter": "Interval jitter",
                "shuffle": "Shuffled intervals",
                "trials": "Shift over trials",
            },
            "By chance",
            when={"display": ("pair",)},
        ),
        "spread_ms": Number(
            10.0,
            0.1,
            10_000.0,
            "Dither, ±",
            "ms",
            when={"display": ("pair",), "predictor": ("dither", "jitter")},
        ),
        "surrogates": Whole(400, 20, 5000, "Surrogates", when=DRAWN),
        "seed": Whole(0, 0, 2**31 - 1, "Seed", when=DRAWN),
        "intervals": Pick(
            "interval", "Trials", empty="first table", when={"display": ("pair",), "predictor": ("trials",)}
        ),
        "coefficient": Choice(
            "sttc",
            {"sttc": "Spike-time tiling", "pearson": "Counts (Pearson)"},
            "Matrix of",
            when={"display": ("matrix", "distribution")},
        ),
        "coincidence_ms": Number(
            5.0, 0.01, 10_000.0, "±Δt, or bin", "ms", when={"display": ("matrix", "distribution")}
        ),
        "sort": Choice(
            "id",
            {"id": "As in the file", "similarity": "By similarity"},
            "Order",
            when={"display": ("matrix",)},
        ),
    },
    order=60,
    height=480,
)
