"""Spectra of spike trains and of recorded states: Welch, multitaper, coherence, spectrogram, with their uncertainty.

A spike train is a sum of delta pulses; counted in bins of width b it is a rate of count / b spikes per second at each
sample. Its power density is given **two-sided** (at f and at -f, drawn for f >= 0) in (spikes/s)²/Hz, which is
spikes²/s, so that a Poisson process lies flat at its rate: a train of 12 spikes/s at 12. Densities of states (mV²/Hz)
are **one-sided**, as in SciPy: their integral is the variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from spikeboard.analysis.axes import WithAxes
from spikeboard.analysis.groups import Group, Trains, grouped_trains
from spikeboard.analysis.layout import CHUNKS, Layout, layout_of, segment_chunks, spike_layout
from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.segments import mean_power, sampled, squared, train_powers, transforms
from spikeboard.columns import will_read
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

SPIKE_POWER_UNIT = "(spikes/s)²/Hz"


@dataclass(frozen=True, eq=False)
class Spectrum(WithAxes):
    """Power spectra of G spike trains or states.

    frequency_hz : (F,) float64, from 0 to at most the highest asked for
    power : (G, F) float64, in `unit`
    floor : (G,) float64, in `unit`: the level of a Poisson process of the same rate; NaN for states
    unit : "(spikes/s)²/Hz" (two-sided) or the state's unit²/Hz (one-sided)
    sides : 2 or 1, see `unit`
    degrees : equivalent degrees of freedom of each value, for `confidence`
    n_segments : segments averaged
    every : 1 where these are all segments of the window, k where they are every k-th
    segment_s : length of one, s
    bandwidth_hz : equivalent noise bandwidth (Welch) or width 2W of the main lobe (multitaper): the narrowest peak told
        apart
    bin_s : sample interval, s
    nyquist_hz : half the sampling rate: nothing above is told apart
    left_over_s : time at the end of the window in no segment, s
    n_spikes : (G,) int64 spikes in the window; zeros for states
    method : "welch" or "multitaper"
    """

    frequency_hz: np.ndarray
    power: np.ndarray
    floor: np.ndarray
    unit: str
    sides: int
    degrees: float
    n_segments: int
    every: int
    segment_s: float
    bandwidth_hz: float
    bin_s: float
    nyquist_hz: float
    left_over_s: float
    n_spikes: np.ndarray
    method: str

    @property
    def numbers(self) -> np.ndarray:
        """The power."""
        return self.power


@dataclass(frozen=True, eq=False)
class Coherence:
    """Magnitude-squared coherence of two spike trains.

    frequency_hz : (F,) float64
    coherence : (F,) float64 in [0, 1]; NaN where either has no power
    phase : (F,) float64, rad in [-π, π]; positive: the target lags the reference
    significance : the value that independent trains stay below with probability `level`
    level : 0.95 for 95 %
    n_averages : independent estimates averaged (segments × tapers)
    every, segment_s, bin_s, nyquist_hz, left_over_s : as in `Spectrum`
    """

    frequency_hz: np.ndarray
    coherence: np.ndarray
    phase: np.ndarray
    significance: float
    level: float
    n_averages: int
    every: int
    segment_s: float
    bin_s: float
    nyquist_hz: float
    left_over_s: float


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """Power of one spike train over time.

    time_s : (W,) float64, s, centres of the windows on the recording's clock
    frequency_hz : (F,) float64
    power : (F, W) float64, (spikes/s)²/Hz, two-sided
    window_s, step_s, bin_s : length of a window, distance of two, sample interval
    """

    time_s: np.ndarray
    frequency_hz: np.ndarray
    power: np.ndarray
    window_s: float
    step_s: float
    bin_s: float


def welch(
    rec: Recording,
    units: Sequence[Group] | None,
    segment_s: float = 1.0,
    max_hz: float = 250.0,
    overlap: float = 0.5,
    window: str = "hann",
    t0: float | None = None,
    t1: float | None = None,
    most_segments: int | None = None,
) -> Spectrum:
    """Power spectra of spike trains: the mean of the periodograms of overlapping, windowed segments.

    The mean of each segment is taken away. The length is that of the window, not up to the last spike.

    Parameters
    ----------
    rec : the recording
    units : unit rows, or lists of unit rows to be pooled (one row each); None takes every unit
    segment_s : length of a segment, s; frequencies are 1 / segment_s apart
    max_hz : highest frequency given, Hz; at most half the sampling rate
    overlap : share of a segment that the next one repeats, 0 to below 1
    window : any of `scipy.signal.get_window`
    t0, t1 : window of the recording, s
    most_segments : of more, every second, third … is taken, so that they are spread evenly over the window; None
        takes all

    Returns
    -------
    Spectrum in (spikes/s)²/Hz, two-sided; `floor` is the rate

    Raises
    ------
    RecordingError
        where the window of the recording is shorter than a segment, or a setting is out of range

    Notes
    -----
    Welch, IEEE Transactions on Audio and Electroacoustics 15 (1967).
    """
    trains = grouped_trains(rec, units, t0, t1)
    layout = spike_layout(trains, segment_s, max_hz, _overlap(overlap), most_segments)
    taper = _window(window, layout.segment)
    found = _spike_spectrum(trains, layout, taper[None], "welch")
    return replace(
        found, degrees=_welch_degrees(taper, layout), bandwidth_hz=_noise_bandwidth(taper, layout.bin_s)
    )


def multitaper(
    rec: Recording,
    units: Sequence[Group] | None,
    segment_s: float = 1.0,
    max_hz: float = 250.0,
    nw: float = 4.0,
    n_tapers: int | None = None,
    t0: float | None = None,
    t1: float | None = None,
    most_segments: int | None = None,
) -> Spectrum:
    """Power spectra of spike trains: the mean over orthogonal tapers (DPSS) and over segments that do not overlap.

    Parameters
    ----------
    rec, units, segment_s, max_hz, t0, t1, most_segments : as for `welch`
    nw : time–half-bandwidth product: each value is a mean over ± nw / segment_s Hz
    n_tapers : None takes 2 nw - 1

    Returns
    -------
    Spectrum in (spikes/s)²/Hz, two-sided; `floor` is the rate

    Notes
    -----
    Thomson, Proceedings of the IEEE 70 (1982); Jarvis and Mitra, Neural Computation 13 (2001).
    """
    trains = grouped_trains(rec, units, t0, t1)
    layout = spike_layout(trains, segment_s, max_hz, 0.0, most_segments)
    tapers = _slepian(layout.segment, nw, n_tapers)
    found = _spike_spectrum(trains, layout, tapers, "multitaper")
    degrees = 2.0 * len(tapers) * layout.n_segments
    return replace(found, degrees=degrees, bandwidth_hz=2 * nw / found.segment_s)


def welch_signal(
    values: np.ndarray,
    sampling_rate: float,
    segment_s: float = 1.0,
    max_hz: float | None = None,
    overlap: float = 0.5,
    window: str = "hann",
    unit: str = "",
    most_segments: int | None = None,
) -> Spectrum:
    """Power spectra of recorded states by Welch's method, one-sided as in SciPy.

    Parameters
    ----------
    values : (T,) or (T, G) float, may be memory-mapped, equally spaced in time
    sampling_rate : samples per second
    segment_s, overlap, window, most_segments : as for `welch`
    max_hz : highest frequency given, Hz; None takes half the sampling rate
    unit : of the values ("mV")

    Returns
    -------
    Spectrum in unit²/Hz; its integral over frequency is the variance

    Raises
    ------
    RecordingError
        where values are missing or infinite, or too few for a segment
    """
    columns = values[:, None] if values.ndim == 1 else values
    highest = sampling_rate / 2 if max_hz is None else max_hz
    layout = layout_of(
        len(columns), 1.0 / sampling_rate, 1, segment_s, highest, _overlap(overlap), most_segments
    )
    taper = _window(window, layout.segment)
    power = _signal_power(columns, layout, taper).reshape(columns.shape[1], layout.n_frequencies)
    nothing = np.full(len(power), np.nan)
    found = _spectrum(layout, power, nothing, np.zeros(len(power), np.int64), "welch")
    degrees, bandwidth = _welch_degrees(taper, layout), _noise_bandwidth(taper, layout.bin_s)
    label = f"({unit})²/Hz" if unit else "per Hz"
    return replace(found, unit=label, sides=1, degrees=degrees, bandwidth_hz=bandwidth)


def mean_spectrum(found: Spectrum, trains: slice = slice(None)) -> Spectrum:
    """The mean over the trains of a spectrum, or over some of them: what a typical unit does.

    The spectrum of the pooled train shows what they do together instead. The degrees of freedom stay those of one
    train, because units of a network are not independent.
    """
    return replace(
        found, power=found.power[trains].mean(axis=0, keepdims=True), floor=found.floor[trains].mean(keepdims=True),
        n_spikes=found.n_spikes[trains].sum(keepdims=True),
    )  # fmt: skip


def confidence(found: Spectrum, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise confidence interval of a spectrum, from χ² with its equivalent degrees of freedom.

    Returns
    -------
    low, high : (G, F) float64, in the unit of the spectrum

    Notes
    -----
    Percival and Walden, Spectral Analysis for Physical Applications (1993), sections 6.10 and 7.1.
    """
    below, above = scipy.stats.chi2.ppf([(1 - level) / 2, (1 + level) / 2], found.degrees)
    return found.power * found.degrees / above, found.power * found.degrees / below


def band_power(found: Spectrum, low_hz: float, high_hz: float) -> np.ndarray:
    """Variance that a band of frequencies carries, both signs of frequency counted.

    Parameters
    ----------
    found : a spectrum
    low_hz, high_hz : the band; every frequency in low <= f < high counts with the spacing of the frequencies

    Returns
    -------
    (G,) float64, the square of the signal's unit: (spikes/s)², mV²

    Raises
    ------
    RecordingError
        where the band holds no frequency
    """
    inside = (found.frequency_hz >= low_hz) & (found.frequency_hz < high_hz)
    if not inside.any():
        raise RecordingError(
            f"no frequency between {low_hz:g} and {high_hz:g} Hz: they are {1 / found.segment_s:g} Hz apart "
            f"up to {found.frequency_hz[-1]:g} Hz; take longer segments or a wider band"
        )
    twice = np.where(found.frequency_hz[inside] > 0, found.sides, 1)
    return (found.power[:, inside] * twice).sum(axis=1) / found.segment_s


def coherence(
    rec: Recording,
    reference: Group,
    target: Group,
    segment_s: float = 1.0,
    max_hz: float = 250.0,
    nw: float | None = None,
    level: float = 0.95,
    t0: float | None = None,
    t1: float | None = None,
    most_segments: int | None = None,
) -> Coherence:
    """How firmly two spike trains keep a phase to each other, frequency by frequency.

    |mean cross-spectrum|² / (mean spectrum × mean spectrum) over segments that do not overlap. One segment with one
    taper would give exactly 1 for any two trains, so at least two averages are asked for.

    Parameters
    ----------
    reference, target : a unit row, or several to be pooled
    segment_s, max_hz, t0, t1, most_segments : as for `welch`
    nw : None takes one Hann window per segment; a number takes the 2 nw - 1 tapers of `multitaper`
    level : of `Coherence.significance`

    Returns
    -------
    Coherence

    Notes
    -----
    Significance 1 - (1 - level)^(1 / (L - 1)) for L averages: Halliday et al., Progress in Biophysics and Molecular
    Biology 64 (1995).
    """
    trains = grouped_trains(rec, [reference, target], t0, t1)
    layout = spike_layout(trains, segment_s, max_hz, 0.0, most_segments)
    tapers = _hann(layout.segment) if nw is None else _slepian(layout.segment, nw, None)
    averages = len(tapers) * layout.n_segments
    if averages < 2:
        raise RecordingError(
            f"the window holds one segment of {segment_s:g} s: coherence of a single segment is 1 for any two trains; "
            "take shorter segments or a longer window"
        )
    cross, one, other = _cross(trains, layout, tapers)
    norm = one * other
    value = np.divide(np.abs(cross) ** 2, norm, out=np.full(len(norm), np.nan), where=norm > 0)
    bound = 1 - (1 - level) ** (1 / (averages - 1))
    cut = (layout.every, layout.segment * layout.bin_s, layout.bin_s, 0.5 / layout.bin_s, layout.left_over_s)
    return Coherence(
        layout.frequency_hz, np.minimum(value, 1.0), -np.angle(cross), bound, level, averages, *cut
    )


def spectrogram(
    rec: Recording,
    group: Group,
    window_s: float = 0.5,
    step_s: float | None = None,
    max_hz: float = 250.0,
    t0: float | None = None,
    t1: float | None = None,
) -> Spectrogram:
    """Power of a spike train over time: the periodogram of each Hann window.

    Parameters
    ----------
    group : a unit row, or several to be pooled
    window_s : length of a window, s; frequencies are 1 / window_s apart
    step_s : from window to window, s; None takes a quarter of the window; beyond `window_s` they lie apart
    max_hz, t0, t1 : as for `welch`

    Returns
    -------
    Spectrogram
    """
    trains = grouped_trains(rec, [group], t0, t1)
    share = 0.75 if step_s is None else 1 - step_s / window_s
    layout = spike_layout(trains, window_s, max_hz, share)
    taper = _hann(layout.segment)
    _, samples, cut = next(sampled(trains, [0], layout))
    power = np.concatenate(
        [np.abs(batch[:, 0]) ** 2 for batch in transforms(samples, cut, taper, 0, layout.n_segments)]
    )
    centres = (np.arange(layout.n_segments) * layout.step + layout.segment / 2) * layout.bin_s
    begin = trains.start * trains.tick
    width, step = layout.segment * layout.bin_s, layout.step * layout.bin_s
    return Spectrogram(
        begin + centres, layout.frequency_hz, power.T / layout.bin_s, width, step, layout.bin_s
    )


def _overlap(share: float) -> float:
    if not 0 <= share < 1:
        raise RecordingError(f"overlap must be from 0 to below 1, got {share:g}")
    return share


def _spike_spectrum(trains: Trains, layout: Layout, tapers: np.ndarray, method: str) -> Spectrum:
    floor = trains.counts / trains.duration
    return _spectrum(layout, train_powers(trains, layout, tapers), floor, trains.counts, method)


def _spectrum(
    layout: Layout, power: np.ndarray, floor: np.ndarray, n_spikes: np.ndarray, method: str
) -> Spectrum:
    length, nyquist = layout.segment * layout.bin_s, 0.5 / layout.bin_s
    return Spectrum(
        layout.frequency_hz, power, floor, SPIKE_POWER_UNIT, 2, np.nan, layout.n_segments, layout.every, length,
        np.nan, layout.bin_s, nyquist, layout.left_over_s, n_spikes, method,
    )  # fmt: skip


def _signal_power(columns: np.ndarray, layout: Layout, taper: np.ndarray) -> np.ndarray:
    """One-sided densities of the columns (T, G), (G, F)."""
    if layout.step <= layout.segment:
        return np.array([_column_power(column, layout, taper) for column in columns.T])
    # Of segments that lie apart, only they are read, of all columns at once.
    starts = np.arange(0, len(columns) - layout.segment + 1, layout.step)
    for part in [columns] if columns.flags.c_contiguous else columns.T:
        will_read(part, starts, starts + layout.segment)
    segments = np.lib.stride_tricks.sliding_window_view(columns, layout.segment, axis=0)[:: layout.step]
    apart = np.ascontiguousarray(segments.transpose(1, 0, 2)).reshape(columns.shape[1], -1)
    packed = replace(layout, step=layout.segment, samples=apart.shape[1])
    return np.array([_column_power(column, packed, taper) for column in apart])


def _column_power(column: np.ndarray, layout: Layout, taper: np.ndarray) -> np.ndarray:
    samples = np.asarray(column, float)
    if not np.isfinite(samples).all():
        n = int((~np.isfinite(samples)).sum())
        raise RecordingError(
            f"{n} of {len(samples)} values are missing or infinite; choose a window without them"
        )
    power = mean_power(samples, layout, taper[None]) * layout.bin_s
    # Every frequency but 0 and, of an even number of samples, the last stands for its negative too.
    unpaired = len(power) > layout.segment // 2 and layout.segment % 2 == 0
    power[1 : -1 if unpaired else None] *= 2
    return power


def _cross(trains: Trains, layout: Layout, tapers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chunks = segment_chunks(layout)
    cross = np.zeros((CHUNKS, layout.n_frequencies), complex)
    own = np.zeros((2, CHUNKS, layout.n_frequencies))
    (_, reference, cut), (_, target, _) = sampled(trains, [0, 1], layout)

    def add(first: int, last: int) -> None:
        for chunk in range(first, last):
            ends = (chunks[chunk], chunks[chunk + 1])
            for a, b in zip(
                *(transforms(one, cut, tapers, *ends) for one in (reference, target)), strict=True
            ):
                cross[chunk] += (a.conj() * b).sum(axis=(0, 1))
                own[0, chunk] += squared(a)
                own[1, chunk] += squared(b)

    in_parts(add, 2 * np.diff(chunks) * layout.segment * len(tapers))
    return cross.sum(axis=0), *own.sum(axis=1)


def _window(name: str, n: int) -> np.ndarray:
    return np.asarray(scipy.signal.windows.get_window(name, n), float)


def _hann(n: int) -> np.ndarray:
    return _window("hann", n)[None]


def _slepian(n: int, nw: float, n_tapers: int | None) -> np.ndarray:
    wanted = n_tapers if n_tapers is not None else int(2 * nw) - 1 if np.isfinite(nw) else 0
    if not (1 <= wanted <= n and 0 < nw < n / 2):
        raise RecordingError(
            f"{wanted} tapers of time–half-bandwidth {nw:g} do not exist for {n} samples; "
            "take nw from 1 up, and longer segments"
        )
    return np.asarray(scipy.signal.windows.dpss(n, nw, wanted), float)


def _noise_bandwidth(taper: np.ndarray, bin_s: float) -> float:
    return float((taper**2).sum() / taper.sum() ** 2 / bin_s)


def _welch_degrees(taper: np.ndarray, layout: Layout) -> float:
    """Equivalent degrees of freedom of overlapping segments (Percival and Walden 1993, equation 292b)."""
    norm = float((taper**2).sum())
    total = 1.0
    for k in range(1, min(layout.n_segments, -(-layout.segment // layout.step))):
        common = float(taper[k * layout.step :] @ taper[: layout.segment - k * layout.step])
        total += 2 * (1 - k / layout.n_segments) * (common / norm) ** 2
    return 2 * layout.n_segments / total
