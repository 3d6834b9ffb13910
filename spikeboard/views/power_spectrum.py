"""Power spectra of spike trains and recorded states, coherence of two populations, and power over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from spikeboard.analysis.spectra import (
    SAMPLES_PER_PERIOD,
    Coherence,
    Spectrum,
    band_power,
    coherence,
    confidence,
    mean_spectrum,
    multitaper,
    spectrogram,
    welch,
    welch_signal,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, State
from spikeboard.selection import Selection
from spikeboard.theme import SEQUENTIAL, colour, faded, label, listed, population_colours, shown
from spikeboard.view import Choice, Flag, Number, Pick, Result, View
from spikeboard.views.chosen import (
    MOST_LINES,
    NEUTRAL,
    Units,
    by_population,
    many,
    population_rows,
    rows_of,
    span,
    spikes_per_unit,
    window_of,
)

# Samples that one figure may transform: about a second.
MOST_SAMPLES = 40_000_000
# A line holds no more points than a screen has pixels twice over.
MOST_POINTS = 4000
MOST_COLUMNS = 8
NW = 4.0
OF_SPIKES = {"display": ("power",), "source": ("spikes",)}
BANDS = (("δ", 1, 4), ("θ", 4, 8), ("α", 8, 13), ("β", 13, 30), ("γ", 30, 90))


@dataclass(frozen=True, eq=False)
class Asked:
    """How the window is cut: segments of `segment_s` s that overlap by a share, up to `max_hz`; t0, t1 in s."""

    segment_s: float
    max_hz: float
    overlap: float
    method: str
    t0: float
    t1: float


def spectra(
    rec: Recording,
    selection: Selection,
    display: str,
    source: str,
    pool: str,
    state: str | None,
    method: str,
    resolution_hz: float,
    max_hz: float,
    overlap: float,
    scale: str,
    logarithmic: bool,
    band: bool,
    bands: bool,
    reference: str | None,
    target: str | None,
) -> Result:
    """How the power of spiking, or of a recorded state, is spread over frequencies.

    **Spike trains.** A train is a sum of delta pulses; counted in bins it is a rate in spikes/s. Its power density is
    given two-sided (at f and -f, drawn for f > 0) in (spikes/s)²/Hz, which is spikes²/Hz per second of recording, so
    that a Poisson process of 12 spikes/s lies flat at 12: the dashed line of each population is that level, the rate of
    the train. *Pooled* takes all selected units of a population as one train, which shows what they do together; *mean
    over units* averages the spectra of its single units. Relative power is divided by the Poisson level. Counts are
    binned eight times finer than the highest frequency shown.

    **States.** The density of a recorded variable is one-sided, in unit²/Hz (mV²/Hz), as in SciPy: its integral is
    the variance. One line per recorded column, at most eight.

    **Welch** (1967) averages periodograms of overlapping Hann segments, each without its mean (which also takes
    away power at the lowest frequencies, 1 or 2 resolutions); their length is 1 / resolution. **Multitaper** (Thomson
    1982; Jarvis & Mitra 2001) averages over 7 orthogonal tapers (time half-bandwidth product 4) of segments that do
    not overlap: each value is a mean over ±4 resolutions. The length of the window counts, not the time of the last
    spike. The band is the pointwise 95 % confidence interval from χ² with the equivalent degrees of freedom (Percival
    & Walden 1993).

    **Coherence** of two pooled populations is |mean cross-spectrum|² / (product of the mean spectra), over segments
    that do not overlap; independent trains stay below the dashed line with 95 % probability at each frequency
    (Halliday et al. 1995). Positive phase: the target lags the reference.

    **Over time.** The periodogram of each Hann window of one population, with steps of a quarter window.

    Parameters
    ----------
    display : "power", "coherence" or "spectrogram"
    source : "spikes" or "state"
    pool : "pooled" or "mean" (over units)
    state : name of a state, None for the first
    method : "welch" or "multitaper"
    resolution_hz : 1 / length of a segment, Hz
    max_hz : highest frequency shown, Hz
    overlap : of Welch's segments, %
    scale : "power" or "relative" (to the Poisson level)
    logarithmic : both axes
    band : draw the confidence interval
    bands : shade the bands δ 1–4, θ 4–8, α 8–13, β 13–30 and γ 30–90 Hz
    reference, target : populations of the coherence, None for the first two selected; power over time is of the
        reference

    Returns
    -------
    Result : frequency_hz, power with its confidence interval and Poisson level per line; or coherence and phase
    """
    t0, t1 = window_of(rec, selection)
    if source == "state" and display == "power":
        return _of_state(rec, selection, state, resolution_hz, max_hz, overlap / 100, method)
    asked, notes = _asked(t0, t1, resolution_hz, max_hz, overlap / 100, method)
    if source == "state":
        notes.append("Coherence and power over time are of spikes.")
    if display == "coherence":
        return _coherence(rec, selection, asked, reference, target, notes)
    if display == "spectrogram":
        return _spectrogram(rec, selection, asked, reference, notes)
    return _of_spikes(rec, selection, asked, pool, scale, bands, notes)


def draw(result: Result, display: str, logarithmic: bool, bands: bool, **settings: Any) -> go.Figure:
    """Lines over frequency, or a picture of power over time."""
    if display == "spectrogram":
        return _draw_spectrogram(result, logarithmic)
    if display == "coherence":
        return _draw_coherence(result, bands)
    return _draw_power(result, logarithmic, settings["band"], bands, settings["scale"])


def _asked(
    t0: float, t1: float, resolution_hz: float, max_hz: float, overlap: float, method: str
) -> tuple[Asked, list[str]]:
    segment, notes = 1.0 / resolution_hz, []
    if segment > t1 - t0:
        segment = t1 - t0
        notes.append(
            f"A resolution of {resolution_hz:g} Hz takes segments of {1 / resolution_hz:g} s; the window is shorter: "
            f"one segment of {segment:.4g} s, {1 / segment:.3g} Hz."
        )
    if max_hz * segment < 2:
        raise NothingToDraw(
            f"segments of {segment:g} s resolve {1 / segment:g} Hz, and the spectrum ends at {max_hz:g} Hz: "
            "choose a finer resolution, a longer window or a higher limit"
        )
    return Asked(segment, max_hz, overlap, method, t0, t1), notes


def _of_spikes(
    rec: Recording, selection: Selection, asked: Asked, pool: str, scale: str, bands: bool, notes: list[str]
) -> Result:
    groups, more = _groups(rec, selection, asked)
    found = {name: _spectrum(rec, rows, asked, pool) for name, rows in groups.items()}
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
    caption = (
        f"Power of {n_spikes:,} spikes of {many(n_units, 'unit')}, {how}, in {span(asked.t0, asked.t1)}; two-sided. "
        f"{_how(first, asked)} {_peaks(found)} Dashed: Poisson trains of the same rate."
    )
    caption += _band_words(found) if bands else ""
    return Result(frame, caption, (*notes, *more, *_left_over(first)), extra)


def _groups(rec: Recording, selection: Selection, asked: Asked) -> tuple[dict[str, Units], list[str]]:
    """The selected units of each population that fires."""
    groups = by_population(rec, rows_of(rec, selection))
    totals = {
        name: int(spikes_per_unit(rec, rows, asked.t0, asked.t1).sum()) for name, rows in groups.items()
    }
    fired = [name for name in groups if totals[name]]
    if not fired:
        raise NothingToDraw(f"no selected unit fires in {span(asked.t0, asked.t1)}: no power to show")
    notes = []
    if len(fired) > MOST_LINES:
        fired = sorted(fired, key=lambda name: -totals[name])[:MOST_LINES]
        notes.append(f"The {MOST_LINES} of {len(groups):,} populations with most spikes.")
    silent = [name for name in groups if not totals[name]]
    if silent:
        notes.append(f"No spikes, and so no power: {listed(silent)}.")
    return {name: groups[name] for name in groups if name in fired}, notes


def _spectrum(rec: Recording, rows: Units, asked: Asked, pool: str) -> Spectrum:
    groups = [rows.tolist()] if pool == "pooled" else rows.tolist()
    rate = max(SAMPLES_PER_PERIOD * asked.max_hz, 16 / asked.segment_s)
    samples = (asked.t1 - asked.t0) * min(rate, rec.ticks_per_second) * len(groups)
    samples *= 2 * NW - 1 if asked.method == "multitaper" else 1 / (1 - asked.overlap)
    if samples > MOST_SAMPLES:
        raise NothingToDraw(
            f"{many(len(groups), 'spectrum').replace('spectrums', 'spectra')} of {asked.t1 - asked.t0:g} s up to "
            f"{asked.max_hz:g} Hz take {samples:.0e} samples, at most {MOST_SAMPLES:.0e} are computed at once: "
            "choose a lower limit, less time or fewer units"
        )
    if asked.method == "multitaper":
        found = multitaper(rec, groups, asked.segment_s, asked.max_hz, NW, t0=asked.t0, t1=asked.t1)
    else:
        found = welch(rec, groups, asked.segment_s, asked.max_hz, asked.overlap, t0=asked.t0, t1=asked.t1)
    return found if pool == "pooled" else mean_spectrum(found)


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


def _how(found: Spectrum, asked: Asked) -> str:
    segments = f"{many(found.n_segments, 'segment')} of {found.segment_s:.4g} s"
    if found.method == "multitaper":
        return f"Multitaper, {2 * NW - 1:g} tapers, {segments}: each value is a mean over {found.bandwidth_hz:.3g} Hz."
    return f"Welch, {segments} overlapping by {100 * asked.overlap:g} %, Hann: resolution {1 / found.segment_s:.3g} Hz."


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


def _left_over(found: Spectrum) -> list[str]:
    notes = []
    if found.left_over_s > found.bin_s:
        notes.append(f"{found.left_over_s:.4g} s at the end of the window lie in no segment.")
    if found.n_segments == 1 and found.method == "welch":
        notes.append("A single segment: the spectrum is a raw periodogram, whose values scatter by 100 %.")
    return notes


def _of_state(
    rec: Recording,
    selection: Selection,
    name: str | None,
    resolution_hz: float,
    max_hz: float,
    overlap: float,
    method: str,
) -> Result:
    state = _state(rec, name)
    t0, t1 = window_of(rec, selection)
    columns, notes = _columns(rec, selection, state)
    values, rate = _samples(state, columns, t0, t1)
    asked, more = _asked(0.0, len(values) / rate, resolution_hz, max_hz, overlap, method)
    found = welch_signal(
        values, rate, asked.segment_s, min(max_hz, rate / 2), asked.overlap, unit=state.unit or "1"
    )
    if max_hz > rate / 2:
        more.append(f"The state was sampled at {rate:.5g} Hz: nothing above {rate / 2:.5g} Hz is told apart.")
    if method == "multitaper":
        more.append("States are shown by Welch's method.")
    names = [shown(state.labels[k]) for k in columns]
    low, high = confidence(found)
    parts = [
        pd.DataFrame({"of": f"{k + 1}. {name}", "frequency_hz": found.frequency_hz[1:], "power": found.power[k, 1:],
                      "low": low[k, 1:], "high": high[k, 1:]})
        for k, name in enumerate(names)
    ]  # fmt: skip
    extra = {
        "colours": {f"{k + 1}. {name}": colour(k) for k, name in enumerate(names)},
        "unit": f"Power of {label(state.variable, 16)} ({label(found.unit, 24)})",
        "floors": {},
    }
    caption = (
        f"Power of {shown(state.variable)} of {listed(names)} in {span(t0, t1)}, one-sided: its integral is the "
        f"variance. {many(len(values), 'sample')} at {rate:.5g} Hz. {_how(found, asked)} {_state_peaks(found, names)}"
    )
    return Result(pd.concat(parts, ignore_index=True), caption, (*notes, *more, *_left_over(found)), extra)


def _state(rec: Recording, name: str | None) -> State:
    if not rec.states:
        raise NothingToDraw("no state variable was recorded: choose spikes as the source")
    key = next(iter(rec.states)) if name is None else name
    if key not in rec.states:
        raise NothingToDraw(f"no state {shown(key)} in this recording; it has {listed(list(rec.states))}")
    return rec.states[key]


def _columns(rec: Recording, selection: Selection, state: State) -> tuple[NDArray[np.int64], list[str]]:
    """Columns of the selected units, and those that are no units."""
    chosen = np.flatnonzero(np.isin(state.rows, selection.rows(rec)) | (np.asarray(state.rows) < 0))
    if not len(chosen):
        raise NothingToDraw(f"{shown(state.variable)} was recorded of none of the selected units")
    if len(chosen) <= MOST_COLUMNS:
        return chosen, []
    return chosen[:MOST_COLUMNS], [
        f"The first {MOST_COLUMNS} of {len(chosen)} recorded columns; select units to see others."
    ]


def _samples(
    state: State, columns: NDArray[np.int64], t0: float, t1: float
) -> tuple[NDArray[np.floating], float]:
    time = np.asarray(state.time)
    first, last = np.searchsorted(time, [t0, t1])
    # A sample at the very end of the recording belongs to the window.
    last = len(time) if last == len(time) - 1 and time[-1] <= t1 else last
    if last - first < 8:
        raise NothingToDraw(
            f"{last - first} samples of {shown(state.variable)} lie in {span(t0, t1)}: too few"
        )
    steps = np.diff(time[first:last])
    step = float(steps.mean())
    if np.abs(steps - step).max() > 0.01 * step:
        raise NothingToDraw(
            f"{shown(state.variable)} was not sampled at equal steps ({steps.min() * 1e3:g} to "
            f"{steps.max() * 1e3:g} ms): a spectrum needs them"
        )
    values = np.asarray(state.values[first:last, columns], float)
    if (last - first) * len(columns) > MOST_SAMPLES:
        count = (last - first) * len(columns)
        raise NothingToDraw(f"{count:.0e} samples are more than are computed at once: choose less time")
    return values, 1.0 / step


def _state_peaks(found: Spectrum, names: list[str]) -> str:
    from_hz = min(2, len(found.frequency_hz) - 1)
    at = from_hz + np.argmax(found.power[:, from_hz:], axis=1)
    words = [f"{name} {found.frequency_hz[k]:.4g} Hz" for name, k in zip(names[:4], at, strict=False)]
    return f"Highest: {', '.join(words)}."


def _two(rec: Recording, selection: Selection, picked: tuple[str | None, str | None]) -> tuple[str, str]:
    names = list(by_population(rec, rows_of(rec, selection)))
    first = picked[0] or next(name for name in [*names, picked[1]] if name != picked[1] or len(names) == 1)
    second = picked[1] or next((name for name in names if name != first), None)
    if second is None or first is None:
        raise NothingToDraw(
            f"coherence is of two populations, and only {shown(names[0])} is selected: choose reference and target"
        )
    return first, second


def _coherence(
    rec: Recording,
    selection: Selection,
    asked: Asked,
    reference: str | None,
    target: str | None,
    notes: list[str],
) -> Result:
    first, second = _two(rec, selection, (reference, target))
    rows = [population_rows(rec, selection, name) for name in (first, second)]
    for name, own in zip((first, second), rows, strict=True):
        if not spikes_per_unit(rec, own, asked.t0, asked.t1).any():
            raise NothingToDraw(f"{shown(name)} has no spike in {span(asked.t0, asked.t1)}: no coherence")
    found: Coherence = coherence(
        rec, rows[0].tolist(), rows[1].tolist(), asked.segment_s, asked.max_hz,
        NW if asked.method == "multitaper" else None, t0=asked.t0, t1=asked.t1,
    )  # fmt: skip
    frame = pd.DataFrame(
        {"frequency_hz": found.frequency_hz, "coherence": found.coherence, "phase_rad": found.phase}
    ).iloc[1:]
    frame["significance"] = found.significance
    high = frame[frame["coherence"] > found.significance]
    one, other = (many(len(own), "unit") for own in rows)
    caption = (
        f"Coherence of {shown(second)} ({other}) with {shown(first)} ({one}), "
        f"each pooled, in {span(asked.t0, asked.t1)}: {many(found.n_averages, 'average')} of segments of "
        f"{found.segment_s:.4g} s. {_highest(frame)} {len(high)} of {len(frame)} frequencies lie above "
        f"{found.significance:.3g}, which independent trains stay below with 95 % probability. "
        "Positive phase: the target lags the reference."
    )
    if found.left_over_s > found.bin_s:
        notes = [*notes, f"{found.left_over_s:.4g} s at the end of the window lie in no segment."]
    extra = {"names": (shown(first), shown(second)), "tint": population_colours(rec)[second]}
    return Result(frame, caption, tuple(notes), extra)


def _highest(frame: pd.DataFrame) -> str:
    values = frame["coherence"].to_numpy()
    if not np.isfinite(values).any():
        return "No frequency has power in both."
    at = int(np.nanargmax(values))
    hz, phase = frame["frequency_hz"].to_numpy()[at], frame["phase_rad"].to_numpy()[at]
    delay = 1e3 * phase / (2 * np.pi * hz)
    return f"Highest at {hz:.4g} Hz: {values[at]:.3g}, phase {np.degrees(phase):+.0f}° ({delay:+.3g} ms)."


def _spectrogram(
    rec: Recording, selection: Selection, asked: Asked, reference: str | None, notes: list[str]
) -> Result:
    groups, _ = _groups(rec, selection, asked)
    name = reference if reference is not None else next(iter(groups))
    rows = population_rows(rec, selection, name)
    n_spikes = int(spikes_per_unit(rec, rows, asked.t0, asked.t1).sum())
    if not n_spikes:
        raise NothingToDraw(f"{shown(name)} has no spike in {span(asked.t0, asked.t1)}: no power to show")
    # Not more windows than a screen has columns.
    length = asked.t1 - asked.t0
    step = max(asked.segment_s / 4, (length - asked.segment_s) / 500) or asked.segment_s
    step = min(step, asked.segment_s)
    if length * SAMPLES_PER_PERIOD * asked.max_hz * asked.segment_s / step > MOST_SAMPLES:
        raise NothingToDraw(
            f"power over {length:g} s up to {asked.max_hz:g} Hz takes more samples than are computed at once: "
            "choose less time or a lower limit"
        )
    found = spectrogram(rec, rows.tolist(), asked.segment_s, step, asked.max_hz, asked.t0, asked.t1)
    keep_f, keep_t = -(-len(found.frequency_hz) // 500), -(-len(found.time_s) // 500)
    power = _averaged(found.power[1:], keep_f, keep_t)
    frequency, time = (
        _averaged(found.frequency_hz[1:, None], keep_f, 1)[:, 0],
        _averaged(found.time_s[None], 1, keep_t)[0],
    )
    if keep_f * keep_t > 1:
        notes = [*notes, f"Each cell is a mean over {keep_f} frequencies and {keep_t} windows."]
    frame = pd.DataFrame(
        {
            "time_s": np.repeat(time, len(frequency)),
            "frequency_hz": np.tile(frequency, len(time)),
            "power": power.T.ravel(),
        }
    )
    level = n_spikes / length
    caption = (
        f"Power over time of {n_spikes:,} spikes of {many(len(rows), 'unit')} of {shown(name)}, pooled: Hann windows "
        f"of {found.window_s:.4g} s every {found.step_s:.3g} s in {span(asked.t0, asked.t1)}; two-sided, as "
        f"multiples of the Poisson level {level:.4g} (spikes/s)²/Hz. Single periodograms scatter by 100 %."
    )
    extra = {"time": time, "frequency": frequency, "power": power, "level": level}
    return Result(frame, caption, tuple(notes), extra)


def _averaged(values: NDArray[np.floating], rows: int, columns: int) -> NDArray[np.floating]:
    """Means over blocks; a last block may be smaller."""
    if rows == columns == 1:
        return values
    down = np.add.reduceat(values, np.arange(0, values.shape[0], rows), axis=0)
    both = np.add.reduceat(down, np.arange(0, values.shape[1], columns), axis=1)
    sizes = [
        np.diff(np.r_[np.arange(0, n, k), n]) for n, k in zip(values.shape, (rows, columns), strict=True)
    ]
    return both / np.outer(*sizes)


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


def _draw_power(result: Result, logarithmic: bool, band: bool, bands: bool, scale: str) -> go.Figure:
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
        _add_bands(figure, logarithmic, top)
    return figure.update_layout(showlegend=len(names) > 1, legend={"y": 1.06}, margin={"t": 44})


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
    for name, level in list(floors.items())[: 1 if scale == "relative" else None]:
        tint = NEUTRAL if scale == "relative" else result.extra["colours"][name]
        figure.add_shape(
            type="line", xref="x domain", x0=0, x1=1, y0=level, y1=level,
            line={"color": tint, "width": 1.2, "dash": "dash"},
        )  # fmt: skip


def _add_bands(figure: go.Figure, logarithmic: bool, top: float) -> None:
    for k, (name, low, high) in enumerate(BANDS):
        if low >= top:
            continue
        middle = np.log10(np.sqrt(low * min(high, top))) if logarithmic else (low + min(high, top)) / 2
        figure.add_shape(
            type="rect", x0=low, x1=min(high, top), yref="y domain", y0=0, y1=1, line={"width": 0},
            fillcolor=NEUTRAL, opacity=0.14 if k % 2 else 0.05, layer="below",
        )  # fmt: skip
        figure.add_annotation(
            x=middle, yref="y domain", y=1, text=name, showarrow=False, yanchor="top", font={"size": 12}
        )


def _draw_coherence(result: Result, bands: bool) -> go.Figure:
    frame, tint = result.table(), result.extra["tint"]
    x = frame["frequency_hz"].to_numpy("f4")
    sure = (frame["coherence"] > frame["significance"]).to_numpy()
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=frame["coherence"].to_numpy("f4"), mode="lines", line={"color": tint, "width": 1.6},
        fill="tozeroy", fillcolor=faded(tint, 0.2), showlegend=False,
        hovertemplate="%{x:.4g} Hz: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    for which, fade in ((sure, 1.0), (~sure, 0.25)):
        figure.add_scatter(
            x=x[which], y=np.degrees(frame["phase_rad"].to_numpy()[which]).astype("f4"), yaxis="y2",
            mode="markers", marker={"size": 4, "color": faded(tint, fade)}, showlegend=False,
            hovertemplate="%{x:.4g} Hz: %{y:.0f}°<extra></extra>",
        )  # fmt: skip
    level = float(frame["significance"].iloc[0])
    figure.add_shape(
        type="line", xref="x domain", x0=0, x1=1, y0=level, y1=level,
        line={"color": NEUTRAL, "width": 1.2, "dash": "dash"},
    )  # fmt: skip
    if bands:
        _add_bands(figure, False, float(x[-1]))
    return figure.update_layout(
        xaxis={"title": "Frequency (Hz)", "range": [0, float(x[-1])], "anchor": "y2"},
        yaxis={"title": "Coherence", "range": [0, 1.02], "domain": [0.4, 1]},
        yaxis2={
            "title": "Phase (°)", "range": [-185, 185], "domain": [0, 0.32], "tickvals": [-180, -90, 0, 90, 180],
        },
    )  # fmt: skip


def _draw_spectrogram(result: Result, logarithmic: bool) -> go.Figure:
    relative = result.extra["power"] / result.extra["level"]
    values = np.log10(np.maximum(relative, 1e-12)) if logarithmic else relative
    low, high = np.quantile(values, [0.05, 0.999])
    figure = go.Figure()
    bar: dict[str, Any] = {"title": {"text": "× Poisson"}, "thickness": 14, "outlinewidth": 0}
    if logarithmic:
        ticks = np.arange(np.ceil(low), np.floor(high) + 1)
        bar |= {"tickvals": ticks.tolist(), "ticktext": [f"{10**tick:g}" for tick in ticks]}
    figure.add_heatmap(
        x=result.extra["time"], y=result.extra["frequency"].astype("f4"), z=values.astype("f4"),
        customdata=relative.astype("f4"), colorscale=SEQUENTIAL, zmin=float(low), zmax=float(high),
        colorbar=bar, hovertemplate="%{x:.3f} s, %{y:.4g} Hz: %{customdata:.3g} × Poisson<extra></extra>",
    )  # fmt: skip
    return figure.update_layout(xaxis={"title": "Time (s)"}, yaxis={"title": "Frequency (Hz)"})


VIEW = View(
    "power_spectrum",
    "Power spectrum",
    page="spectra",
    data=spectra,
    figure=draw,
    settings={
        "display": Choice(
            "power",
            {"power": "Power", "coherence": "Coherence", "spectrogram": "Power over time"},
            "Show",
        ),
        "source": Choice(
            "spikes", {"spikes": "Spikes", "state": "A recorded state"}, "Of", when={"display": ("power",)}
        ),
        "pool": Choice(
            "pooled", {"pooled": "Pooled", "mean": "Mean over units"}, "Populations", when=OF_SPIKES
        ),
        "state": Pick("state", "State", empty="first", when={"display": ("power",), "source": ("state",)}),
        "method": Choice(
            "welch",
            {"welch": "Welch", "multitaper": "Multitaper"},
            "Method",
            when={"display": ("power", "coherence")},
        ),
        "resolution_hz": Number(1.0, 0.01, 100.0, "Resolution", "Hz"),
        "max_hz": Number(200.0, 1.0, 10_000.0, "Up to", "Hz"),
        "overlap": Number(
            50.0, 0.0, 90.0, "Overlap", "%", when={"display": ("power",), "method": ("welch",)}
        ),
        "scale": Choice(
            "power", {"power": "Power", "relative": "Relative to Poisson"}, "Scale", when=OF_SPIKES
        ),
        "logarithmic": Flag(True, "Logarithmic", when={"display": ("power", "spectrogram")}),
        "band": Flag(True, "95 % band", when={"display": ("power",)}),
        "bands": Flag(False, "δ θ α β γ", when={"display": ("power", "coherence")}),
        "reference": Pick(
            "population", "Reference", empty="first", when={"display": ("coherence", "spectrogram")}
        ),
        "target": Pick("population", "Target", empty="second", when={"display": ("coherence",)}),
    },
    needs=(),
    order=70,
    height=460,
)
