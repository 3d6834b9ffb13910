"""Correlation of spike trains: correlograms and what to expect of them by chance, correlation of counts.

All lags are computed on integer ticks, so that nothing depends on when a recording starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numba import njit
from scipy import sparse

from spikeboard.analysis.axes import WithAxes
from spikeboard.analysis.groups import (
    MOST_LAID_OUT,
    Group,
    Trains,
    bin_ticks_of,
    check_size,
    grouped_trains,
)
from spikeboard.analysis.lags import doubled_lags, lag_reach
from spikeboard.analysis.surrogates import surrogate_of
from spikeboard.analysis.trains import read_only
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

# Pairs of spikes that one call may look at: about half a minute.
MOST_PAIRS = 10_000_000_000
# Spikes whose counts are correlated at every lag: some 400 MB.
MOST_BINNED = 10_000_000


@dataclass(frozen=True, eq=False)
class Correlograms(WithAxes):
    """Correlograms of all pairs of G groups of units.

    counts : (G, G, B) float64; [i, j, b] = pairs of spikes in which j fires after i by a lag in bin b.
        A lag that lies exactly on the edge between two bins (possible only where a bin has an even number of ticks)
        counts one half in each, so that counts[i, j] is exactly the mirror of counts[j, i] and no bin is favoured.
    lags_s : (B,) float64, s, the centres of the bins; B is odd and the middle one is 0. Positive: j fires after i.
    bin_s : width of a bin, s, a whole number of ticks
    window_s : the largest lag centre, s: **half** the width shown; the outermost bins reach half a bin further
    n_spikes : (G,) int64, spikes that went in
    shared : (G, G) int64, pairs of a spike with itself that were left out (all at lag 0)
    duration : length of the window, s
    """

    counts: np.ndarray
    lags_s: np.ndarray
    bin_s: float
    window_s: float
    n_spikes: np.ndarray
    shared: np.ndarray
    duration: float

    @property
    def numbers(self) -> np.ndarray:
        """The counts."""
        return self.counts


@dataclass(frozen=True, eq=False)
class Band:
    """What a correlogram looks like by chance, from surrogates; in pairs per bin.

    mean, deviation : (B,) float64, mean and standard deviation (ddof=1) over the surrogates
    low, high : (B,) the central `level` of the surrogates at each lag (pointwise)
    lowest, highest : (B,) the band that a `level` of the surrogates does not leave at any lag (simultaneous)
    n_surrogates : how many
    level : 0.95 for 95 %
    """

    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    n_surrogates: int
    level: float


@dataclass(frozen=True, eq=False)
class CountCorrelation:
    """Correlation or covariance of spike counts in equal bins.

    values : (G, G) float64; NaN where a group's count never changes
    bin_s : width of a bin, s
    n_bins : bins that went in
    left_over_spikes : spikes in the part of a bin at the end of the window, which did not go in
    n_spikes : (G,) int64, spikes that went in
    """

    values: np.ndarray
    bin_s: float
    n_bins: int
    left_over_spikes: int
    n_spikes: np.ndarray


@dataclass(frozen=True, eq=False)
class TrialCorrelogram:
    """A correlogram within trials and its shift predictor.

    counts, predicted : (B,) float64, pairs per bin over all trials: found, and expected from other trials
    lags_s : (B,) float64, s; positive: target after reference
    n_trials : trials used
    trial_s : length to which all were cut, s
    n_shifts : shifts averaged
    """

    counts: np.ndarray
    predicted: np.ndarray
    lags_s: np.ndarray
    n_trials: int
    trial_s: float
    n_shifts: int


def correlograms(
    rec: Recording,
    units: Sequence[Group] | None,
    window_ms: float,
    bin_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> Correlograms:
    """Auto- and cross-correlograms of all pairs of units or pooled populations, as counts.

    The bins are centred on whole multiples of the bin width, with edges at (k ± ½) bin widths. An auto-correlogram
    leaves out the pairs of a spike with itself, and only those: two spikes of a unit at one time are counted.

    Parameters
    ----------
    rec : the recording
    units : unit rows, or lists of unit rows to be pooled; None takes every unit
    window_ms : largest lag shown, to either side (half the width), ms
    bin_ms : width of a bin, ms; taken to the nearest whole number of ticks
    t0, t1 : both spikes of a pair lie in [t0, t1), s

    Returns
    -------
    Correlograms

    Raises
    ------
    RecordingError
        where the window is narrower than a bin, or the result takes too much memory or time (`pairs_needed`)

    Notes
    -----
    Perkel, Gerstein and Moore, Biophysical Journal 7 (1967), part II.
    """
    bin_ticks, half = lag_bins(rec, window_ms, bin_ms)
    trains = _within_reach(grouped_trains(rec, units, t0, t1), bin_ticks, half)
    return _correlograms(trains, _lags_in_pieces(trains, bin_ticks, half), bin_ticks, half)


def lag_bins(rec: Recording, window_ms: float, bin_ms: float) -> tuple[int, int]:
    """Bin width in ticks, and the number of bins to either side of the one at lag 0."""
    bin_ticks = bin_ticks_of(rec, bin_ms)
    # A thousandth of a tick is no lag: it only takes away the rounding of the product.
    half = int((window_ms * 1e-3 * rec.ticks_per_second + 1e-3) // bin_ticks)
    if half < 1:
        width = bin_ticks * rec.tick * 1e3
        raise RecordingError(
            f"a window of ±{window_ms:g} ms holds no bin of {width:g} ms beside the one at lag 0; "
            "widen the window or narrow the bins"
        )
    return bin_ticks, half


def pairs_needed(
    rec: Recording,
    units: Sequence[Group] | None,
    window_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> float:
    """About how many pairs of spikes `correlograms` looks at (some ns each): a view may rather refuse than wait.

    Parameters
    ----------
    as for `correlograms`
    """
    return _pairs(grouped_trains(rec, units, t0, t1), window_ms * 1e-3 * rec.ticks_per_second)


def correlogram(
    reference: np.ndarray, target: np.ndarray, bin_ticks: int, half_bins: int, shared: int = 0
) -> np.ndarray:
    """Counts of the lags from each spike of one train to each of another.

    Parameters
    ----------
    reference, target : (n,), (m,) int64 ticks, ascending
    bin_ticks : width of a bin in ticks
    half_bins : bins to either side of the one at lag 0
    shared : spikes that both trains hold, whose pairs with themselves are left out: n for an auto-correlogram

    Returns
    -------
    (2 half_bins + 1,) float64; a lag on an edge counts one half on either side
    """
    doubled = _doubled_counts(read_only(reference), read_only(target), bin_ticks, half_bins)
    doubled[half_bins] -= 2 * shared
    return doubled / 2.0


def rates_hz(found: Correlograms, border: bool = True) -> np.ndarray:
    """Firing rate of the second train at each lag from a spike of the first.

    Parameters
    ----------
    found : the counts
    border : correct for the pairs that the ends of the window cut off, by T / (T - |lag|)

    Returns
    -------
    (G, G, B) float64, Hz; NaN where the first train has no spike
    """
    per_spike = _divided(found.counts, found.n_spikes[:, None, None] * found.bin_s)
    return per_spike * border_factor(found) if border else per_spike


def border_factor(found: Correlograms) -> np.ndarray:
    """By how much the ends of the window thin out each lag: T / (T - |lag|), (B,) float64; NaN beyond T."""
    left = found.duration - np.abs(found.lags_s)
    return np.divide(found.duration, left, out=np.full(len(left), np.nan), where=left > 0)


def poisson_expectation(found: Correlograms) -> np.ndarray:
    """Pairs per bin that independent trains of constant rate and the same spike counts would give.

    For two times drawn uniformly from a window of length T a lag has the density (T - |lag|) / T².

    Returns
    -------
    (G, G, B) float64, pairs per bin
    """
    n = found.n_spikes.astype(float)
    pairs = np.outer(n, n) - found.shared
    return pairs[:, :, None] * _lag_probability(found.lags_s, found.bin_s, found.duration)


def z_scores(counts: np.ndarray, mean: np.ndarray, deviation: np.ndarray | None = None) -> np.ndarray:
    """How many standard deviations the counts lie above a predictor.

    Parameters
    ----------
    counts, mean : pairs per bin, found and expected
    deviation : of the same shape; None takes the Poisson deviation, the root of the mean

    Returns
    -------
    float64 of the same shape; NaN where the deviation is zero
    """
    spread = np.sqrt(mean) if deviation is None else deviation
    return _divided(counts - mean, spread)


def coefficients(
    rec: Recording,
    units: Sequence[Group] | None,
    window_ms: float,
    bin_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> Correlograms:
    """Cross-correlation coefficient of the binned spike counts at each lag.

    c(k) = (Σ xᵢ yᵢ₊ₖ - nₓ nᵧ / N) / √((Σ xᵢ² - nₓ² / N) (Σ yᵢ² - nᵧ² / N)) with the counts x and y in N bins that start
    with the window; at lag 0 it is Pearson's coefficient. A last bin that the window cuts is one of the N. Pairs of a
    spike with itself belong to it.

    Returns
    -------
    Correlograms whose `counts` hold the coefficients; NaN where a count never changes

    Notes
    -----
    Eggermont, in: Analysis of Parallel Spike Trains (Springer, 2010), chapter 4.
    """
    bin_ticks, half = lag_bins(rec, window_ms, bin_ms)
    trains = _within_reach(grouped_trains(rec, units, t0, t1), bin_ticks, half)
    if trains.n_spikes > MOST_BINNED:
        raise RecordingError(
            f"coefficients at every lag are of at most {MOST_BINNED:,} spikes, these trains hold {trains.n_spikes:,}; "
            "choose fewer units, a shorter window, or counts instead"
        )
    n_bins = -(-trains.span // bin_ticks)
    ticks, rows = trains.by_time
    bins = read_only((ticks - trains.start) // bin_ticks)
    products = _correlograms(trains, doubled_lags(bins, rows, len(trains), 1, half), 1, half)
    products.counts[:, :, half] += products.shared
    values = _coefficient(products.counts, trains.counts.astype(float), n_bins, half)
    bin_s = bin_ticks * rec.tick
    lags = products.lags_s * bin_ticks
    return replace(
        products, counts=values, lags_s=lags, bin_s=bin_s, window_s=half * bin_s, duration=trains.duration
    )


def surrogate_band(
    found: np.ndarray,
    draw: Callable[[np.random.Generator], np.ndarray],
    n_surrogates: int,
    seed: int,
    level: float = 0.95,
) -> Band:
    """Pointwise and simultaneous bands of a correlogram from surrogate data.

    The simultaneous band is mean ± c·deviation, with c the `level` quantile, over the surrogates, of their largest
    departure in deviations: a share of 1 - level of the surrogates leaves it anywhere.

    Parameters
    ----------
    found : (B,) the correlogram that the band is for; sets the shape only
    draw : gives the correlogram of one surrogate from a random generator
    n_surrogates : at least 2
    seed : of the random generator
    level : 0.95 for 95 %

    Returns
    -------
    Band

    Notes
    -----
    Fujisawa et al., Nature Neuroscience 11 (2008); Amarasingham et al., Journal of Neurophysiology 107 (2012).
    """
    if n_surrogates < 2:
        raise RecordingError(f"a band needs at least 2 surrogates, got {n_surrogates}")
    rng = np.random.default_rng(seed)
    drawn = np.empty((n_surrogates, len(found)))
    for row in drawn:
        row[:] = draw(rng)
    return _band(drawn, level)


def chance_band(
    rec: Recording,
    reference: Group,
    target: Group,
    window_ms: float,
    bin_ms: float,
    spread_ms: float,
    method: str = "dither",
    n_surrogates: int = 400,
    seed: int = 0,
    level: float = 0.95,
    t0: float | None = None,
    t1: float | None = None,
) -> Band:
    """What a correlogram would be if the target's spike times carried nothing finer than a given time.

    The target's spikes are drawn anew by one of `surrogates.METHODS`; units that both groups hold are drawn anew in
    both, so that the band of an auto-correlogram is that of a redrawn train with itself.

    Parameters
    ----------
    reference, target : a unit row, or several to be pooled
    window_ms, bin_ms, t0, t1 : as for `correlograms`
    spread_ms : largest displacement, or for "jitter" the width of the bins, ms
    method : "dither", "jitter", "shift", "shuffle" or "poisson"
    n_surrogates, seed, level : as for `surrogate_band`; a simultaneous 95 % band of 100 surrogates is too narrow
        (independent trains leave it in 7 to 9 % of cases), of 400 it is as wide as it says

    Returns
    -------
    Band
    """
    bin_ticks, half = lag_bins(rec, window_ms, bin_ms)
    common, mine, other = _parted(reference, target)
    trains = grouped_trains(rec, [common, mine, other], t0, t1)
    redraw = surrogate_of(method, bin_ticks_of(rec, spread_ms))

    def draw(rng: np.random.Generator) -> np.ndarray:
        both, moved = (redraw(trains[k], trains.start, trains.stop, rng) for k in (0, 2))
        return correlogram(_merged(both, trains[1]), _merged(both, moved), bin_ticks, half, len(both))

    return surrogate_band(np.zeros(2 * half + 1), draw, n_surrogates, seed, level)


def shift_predictor(
    rec: Recording,
    reference: Group,
    target: Group,
    starts: np.ndarray,
    stops: np.ndarray,
    window_ms: float,
    bin_ms: float,
    most_shifts: int = 20,
) -> TrialCorrelogram:
    """Correlogram within trials, and the same with the target taken from other trials.

    What is locked to the start of the trials is in both; what is left after subtraction is not. Trials are cut to the
    length of the shortest. The target is shifted by 1, 2, … trials (the last ones continue with the first), and the
    mean over the shifts is taken.

    Parameters
    ----------
    reference, target : a unit row, or several to be pooled
    starts, stops : (K,) s, the trials
    window_ms, bin_ms : as for `correlograms`
    most_shifts : at most so many shifts are averaged

    Returns
    -------
    TrialCorrelogram

    Raises
    ------
    RecordingError
        where there are fewer than 2 trials, or one has no length

    Notes
    -----
    Perkel, Gerstein and Moore, Biophysical Journal 7 (1967), part II.
    """
    bin_ticks, half = lag_bins(rec, window_ms, bin_ms)
    first, length = _trial_ticks(rec, starts, stops)
    trains = grouped_trains(rec, [reference, target])
    shared = _trial_shared(rec, reference, target, first, length)
    # Trials are laid out so far apart that no lag within the window spans two of them.
    pitch = length + 2 * (half + 1) * bin_ticks
    one, other = (_in_trials(trains[k], first, length) for k in (0, 1))
    placed = _placed(one, pitch, 0, len(first))
    shifts = np.unique(np.linspace(1, len(first) - 1, min(most_shifts, len(first) - 1)).astype(int))
    moved = [correlogram(placed, _placed(other, pitch, s, len(first)), bin_ticks, half) for s in shifts]
    counts = correlogram(placed, _placed(other, pitch, 0, len(first)), bin_ticks, half, shared)
    lags = np.arange(-half, half + 1) * (bin_ticks * rec.tick)
    return TrialCorrelogram(counts, np.mean(moved, axis=0), lags, len(first), length * rec.tick, len(shifts))


def count_correlation(
    rec: Recording,
    units: Sequence[Group] | None,
    bin_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> CountCorrelation:
    """Pearson's correlation of spike counts in equal bins, for all pairs.

    Parameters
    ----------
    rec : the recording
    units : unit rows, or lists of unit rows to be pooled; None takes every unit
    bin_ms : width of a bin, ms; taken to the nearest whole number of ticks
    t0, t1 : window, s; a last bin that the window cuts does not go in

    Returns
    -------
    CountCorrelation
    """
    found = count_covariance(rec, units, bin_ms, t0, t1)
    spread = np.sqrt(np.diagonal(found.values))
    values = _divided(found.values, np.outer(spread, spread))
    # Rounding must not take a coefficient out of its range.
    return replace(found, values=np.clip(values, -1.0, 1.0))


def count_covariance(
    rec: Recording,
    units: Sequence[Group] | None,
    bin_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> CountCorrelation:
    """Covariance (ddof=1) of spike counts in equal bins, for all pairs; parameters as `count_correlation`.

    Returns
    -------
    CountCorrelation whose values are in spikes²
    """
    bin_ticks = bin_ticks_of(rec, bin_ms)
    trains = grouped_trains(rec, units, t0, t1)
    check_size(len(trains))
    n_bins = trains.span // bin_ticks
    if n_bins < 2:
        raise RecordingError(
            f"{trains.duration:g} s hold {n_bins} whole bins of {bin_ticks * rec.tick * 1e3:g} ms; "
            "correlation needs two or more: choose narrower bins or a longer window"
        )
    sums, products = _count_products(trains, bin_ticks, n_bins)
    values = (products - np.outer(sums, sums) / n_bins) / (n_bins - 1)
    left = int(trains.n_spikes - sums.sum())
    return CountCorrelation(values, bin_ticks * rec.tick, int(n_bins), left, sums)


def timescale(
    rec: Recording,
    group: Group,
    bin_ms: float,
    max_lag_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> float:
    """Auto-correlation time of a train: the integral of the squared auto-correlation, normalised and without its peak.

    Parameters
    ----------
    group : a unit row, or several to be pooled
    bin_ms : width of a bin, ms
    max_lag_ms : the integral runs from -max_lag to max_lag

    Returns
    -------
    s; NaN for fewer than 2 spikes

    Notes
    -----
    Wieland, Bernardi, Schwalger and Lindner, Physical Review E 92 (2015), equation 6.
    """
    found = coefficients(rec, [group], max_lag_ms, bin_ms, t0, t1)
    if found.n_spikes[0] < 2:
        return float("nan")
    after = found.counts[0, 0, len(found.lags_s) // 2 + 1 :]
    # The first bin beside the peak stands for lag 0, where the peak itself hides the correlation.
    return float(2 * np.trapezoid(_divided(after, after[0]) ** 2, dx=found.bin_s))


def _pairs(trains: Trains, reach: float) -> float:
    n = float(trains.n_spikes)
    return n * n * min(1.0, reach / trains.span)


def _within_reach(trains: Trains, bin_ticks: int, half: int) -> Trains:
    """The trains, unless their correlograms would take too much memory or time."""
    check_size(len(trains), 2 * half + 1)
    pairs = _pairs(trains, bin_ticks * (half + 0.5))
    if pairs > MOST_PAIRS:
        raise RecordingError(
            f"the correlograms of {trains.n_spikes:,} spikes hold about {pairs:.1e} pairs, "
            f"at most {MOST_PAIRS:.0e} are counted; choose a smaller lag, fewer units or a shorter window"
        )
    return trains


def _parted(reference: Group, target: Group) -> tuple[list[int], list[int], list[int]]:
    """The units of both groups, of the first alone, and of the second alone."""
    one, other = np.atleast_1d(reference), np.atleast_1d(target)
    parts = np.intersect1d(one, other), np.setdiff1d(one, other), np.setdiff1d(other, one)
    return parts[0].tolist(), parts[1].tolist(), parts[2].tolist()


def _merged(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (
        np.sort(np.concatenate([one, other]), kind="stable")
        if len(one) and len(other)
        else one
        if len(one)
        else other
    )


def _lags_in_pieces(trains: Trains, bin_ticks: int, half: int) -> np.ndarray:
    """`doubled_lags` of pieces of the window, each with the spikes within reach before it, less these alone."""
    reach = lag_reach(bin_ticks, half)
    cuts = trains.cuts(reach)
    if len(cuts) == 2:
        return doubled_lags(*trains.by_time, len(trains), bin_ticks, half)
    doubled = np.zeros((len(trains), len(trains), half + 1), np.int64)
    for first, last in pairwise(cuts):
        ticks, rows = trains.between(first - reach, last - 1).by_time
        doubled += doubled_lags(ticks, rows, len(trains), bin_ticks, half).astype(np.int64)
        n = int(np.searchsorted(ticks, first))
        doubled -= doubled_lags(ticks[:n], rows[:n], len(trains), bin_ticks, half).astype(np.int64)
    return doubled


def _correlograms(trains: Trains, later: np.ndarray, bin_ticks: int, half: int) -> Correlograms:
    """Both sides of all correlograms from their `doubled_lags`."""
    doubled = np.empty((len(trains), len(trains), 2 * half + 1))
    doubled[:, :, half:] = later.transpose(1, 0, 2)
    doubled[:, :, :half] = later[:, :, :0:-1]
    doubled[:, :, half] += later[:, :, 0]
    # Of an auto-correlogram the sweep never pairs a spike with itself; of two groups with a unit in common it does.
    doubled[:, :, half] -= 2 * (trains.shared - np.diag(trains.counts))
    doubled /= 2.0
    bin_s = bin_ticks * trains.tick
    lags = np.arange(-half, half + 1) * bin_s
    return Correlograms(doubled, lags, bin_s, half * bin_s, trains.counts, trains.shared, trains.duration)


def _coefficient(products: np.ndarray, n: np.ndarray, n_bins: int, half: int) -> np.ndarray:
    power = np.diagonal(products[:, :, half]) - n**2 / n_bins
    spread = np.sqrt(np.outer(power, power))
    return _divided(products - (np.outer(n, n) / n_bins)[:, :, None], spread[:, :, None])


def _divided(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(np.shape(top), np.shape(bottom))
    return np.divide(top, bottom, out=np.full(shape, np.nan), where=np.asarray(bottom) > 0)


def _lag_probability(lags: np.ndarray, width: float, span: float) -> np.ndarray:
    def below(lag: np.ndarray) -> np.ndarray:
        kept = np.clip(lag, -span, span)
        return (kept - np.sign(kept) * kept**2 / (2 * span)) / span

    return below(lags + width / 2) - below(lags - width / 2)


def _band(drawn: np.ndarray, level: float) -> Band:
    mean, deviation = drawn.mean(axis=0), drawn.std(axis=0, ddof=1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    scaled = np.divide(np.abs(drawn - mean), deviation, out=np.zeros_like(drawn), where=deviation > 0)
    reach = np.quantile(scaled.max(axis=1), level, method="higher") * deviation
    return Band(mean, deviation, low, high, mean - reach, mean + reach, len(drawn), level)


def _trial_ticks(rec: Recording, starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, int]:
    first = np.rint(np.asarray(starts, float) * rec.ticks_per_second).astype(np.int64)
    last = np.rint(np.asarray(stops, float) * rec.ticks_per_second).astype(np.int64)
    if len(first) < 2:
        raise RecordingError(f"a shift predictor needs at least 2 trials, got {len(first)}")
    length = int((last - first).min())
    if length < 1:
        raise RecordingError("a trial ends where it starts or before; give each a stop after its start")
    return first, length


def _in_trials(train: np.ndarray, first: np.ndarray, length: int) -> list[np.ndarray]:
    edges = np.searchsorted(train, np.stack([first, first + length]))
    return [train[a:b] - begin for a, b, begin in zip(*edges, first, strict=True)]


def _placed(trials: list[np.ndarray], pitch: int, shift: int, n_trials: int) -> np.ndarray:
    return np.concatenate([trials[(k + shift) % n_trials] + k * pitch for k in range(n_trials)])


def _trial_shared(rec: Recording, reference: Group, target: Group, first: np.ndarray, length: int) -> int:
    train = grouped_trains(rec, [_parted(reference, target)[0]])[0]
    return sum(map(len, _in_trials(train, first, length)))


def _count_products(trains: Trains, bin_ticks: int, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of each group in whole bins, and Σ xᵢ yᵢ over them for all pairs: sums over pieces of the window."""
    # A spike takes four times as much here as laid out in order of time.
    wanted = min(max(-(-4 * trains.n_spikes // MOST_LAID_OUT), 1), n_bins)
    sums, products = np.zeros(len(trains), np.int64), np.zeros((len(trains), len(trains)), np.int64)
    for first, last in pairwise(k * n_bins // wanted for k in range(wanted + 1)):
        start, stop = (trains.start + k * bin_ticks for k in (first, last))
        counts = _binned(trains.between(start, stop - 1), bin_ticks, last - first)
        sums += counts.sum(axis=1)
        products += (counts @ counts.T).toarray()
    return sums, products


def _binned(trains: Trains, bin_ticks: int, n_bins: int) -> sparse.csr_array:
    """Spikes of each group in each bin from the start of the trains, (G, n_bins) int64."""
    rows = np.repeat(np.arange(len(trains)), trains.counts)
    bins = (trains.ticks - trains.start) // bin_ticks
    spikes = (np.ones(len(bins), np.int64), (rows, bins))
    return sparse.coo_array(spikes, shape=(len(trains), n_bins)).tocsr()


@njit(cache=True, nogil=True)
def _add_lags(a, b, bin_ticks, half, doubled):
    """Add twice the pairs of each lag bin; a lag on an edge adds one to either side."""
    width = 2 * bin_ticks
    inverse = 1.0 / width
    # The outermost edge itself belongs to the outermost bin by one half.
    reach = (width * half + bin_ticks) // 2
    n_bins = 2 * half + 1
    shift = width * half + bin_ticks
    low = 0
    for i in range(len(a)):
        t = a[i]
        while low < len(b) and b[low] < t - reach:
            low += 1
        j = low
        while j < len(b) and b[j] <= t + reach:
            doubled_lag = 2 * (b[j] - t) + shift
            k = int(doubled_lag * inverse)
            rest = doubled_lag - k * width
            # The product with the inverse may round to the wrong side of an edge; whole numbers put it right.
            if rest < 0:
                k -= 1
                rest += width
            elif rest >= width:
                k += 1
                rest -= width
            if rest > 0:
                doubled[k] += 2
            else:
                if k > 0:
                    doubled[k - 1] += 1
                if k < n_bins:
                    doubled[k] += 1
            j += 1


@njit(cache=True, nogil=True)
def _doubled_counts(a, b, bin_ticks, half):
    doubled = np.zeros(2 * half + 1, np.int64)
    _add_lags(a, b, bin_ticks, half, doubled)
    return doubled
