"""Firing rates: kernel estimates at the times that are drawn, their uncertainty, and widths chosen from the data.

The width of every kernel is given as its standard deviation sigma, so that kernels of one sigma smooth alike
(the convention of Nawrot et al. 1999 and of Elephant). With x = t - spike in units of sigma:

- gaussian: exp(-x²/2) / √(2π), cut at ±6 (it loses 2·10⁻⁹ of its mass)
- exponential: exp(-x) for x >= 0, causal, cut at 25
- alpha: 2x exp(-√2 x) for x >= 0, causal, cut at 25
- rectangular: 1 / (2√3) for -√3 <= x < √3
- triangular: (1 - abs(x)/√6) / √6 for abs(x) < √6
- epanechnikov: 3 (1 - x²/5) / (4√5) for abs(x) < √5
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len
from scipy.special import gammaincinv, ndtr

from spikeboard.analysis.bins import pooled_counts, population_groups
from spikeboard.analysis.kernel_sums import even_grid, kernel_sums, sums_by_time
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.analysis.trains import (
    Rows,
    Ticks,
    read_only,
    train_bounds,
    trains_in,
    unit_rows,
    window_edges,
    without_repeats,
)
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, check_order

Floats = NDArray[np.float64]

GAUSSIAN, EXPONENTIAL, ALPHA, RECTANGULAR, TRIANGULAR, EPANECHNIKOV = range(6)
# Rates of units × times that are held at once where only their mean is wanted.
SUMS_AT_ONCE = 2 * 10**6
# To find the spikes of one train about one time takes as long as to look at so many that stand in order of time.
SPIKES_PER_SEARCH = 30
SQRT2, SQRT3, SQRT5, SQRT6 = 2**0.5, 3**0.5, 5**0.5, 6**0.5


@dataclass(frozen=True)
class Kernel:
    """What is known of a kernel, in units of its standard deviation.

    code : its number in the compiled loops
    before, after : how far it reaches to either side of a spike
    peak : its greatest value
    mass : its integral from -infinity to x
    """

    code: int
    before: float
    after: float
    peak: float
    mass: Callable[[Floats], Floats]


def _rectangular_mass(x: Floats) -> Floats:
    return np.clip(x / (2 * SQRT3) + 0.5, 0.0, 1.0)


def _triangular_mass(x: Floats) -> Floats:
    y = np.clip(x / SQRT6, -1.0, 1.0)
    return 0.5 + y - np.sign(y) * y * y / 2


def _epanechnikov_mass(x: Floats) -> Floats:
    y = np.clip(x / SQRT5, -1.0, 1.0)
    return 0.5 + 0.75 * (y - y**3 / 3)


def _exponential_mass(x: Floats) -> Floats:
    return -np.expm1(-np.maximum(x, 0.0))


def _alpha_mass(x: Floats) -> Floats:
    y = SQRT2 * np.maximum(x, 0.0)
    return -np.expm1(-y) - y * np.exp(-y)


KERNELS: dict[str, Kernel] = {
    "gaussian": Kernel(GAUSSIAN, 6.0, 6.0, 1 / np.sqrt(2 * np.pi), ndtr),
    "exponential": Kernel(EXPONENTIAL, 0.0, 25.0, 1.0, _exponential_mass),
    "alpha": Kernel(ALPHA, 0.0, 25.0, SQRT2 / np.e, _alpha_mass),
    "rectangular": Kernel(RECTANGULAR, SQRT3, SQRT3, 0.5 / SQRT3, _rectangular_mass),
    "triangular": Kernel(TRIANGULAR, SQRT6, SQRT6, 1 / SQRT6, _triangular_mass),
    "epanechnikov": Kernel(EPANECHNIKOV, SQRT5, SQRT5, 0.75 / SQRT5, _epanechnikov_mass),
}


@dataclass(frozen=True, eq=False)
class PooledRates:
    """Mean rate of groups of units.

    mean : (P, T) Hz per unit
    sem : (P, T) Hz, standard error of the mean over units (ddof=1), NaN for fewer than two units
    sizes : (P,) units per group
    """

    mean: Floats
    sem: Floats
    sizes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RateBand:
    """A rate with its pointwise confidence band, each (U, T) Hz."""

    rate: Floats
    low: Floats
    high: Floats


def instantaneous_rates(
    rec: Recording,
    sigma_ms: float,
    at: ArrayLike,
    units: Rows = None,
    kernel: str = "gaussian",
    border: bool = False,
) -> Floats:
    """Kernel estimate of each unit's rate, evaluated only at the times asked for.

    Parameters
    ----------
    rec : the recording; all of its spikes within reach of a time count, in or out of any window
    sigma_ms : standard deviation of the kernel, ms
    at : (T,) times, s, ascending
    units : unit rows, None for all
    kernel : a key of `KERNELS`
    border : divide by the mass of the kernel inside [t_start, t_stop], so that the rate does not sink at
        the ends of the recording; NaN where no mass is inside

    Returns
    -------
    rates : (U, T) Hz

    Raises
    ------
    RecordingError : for an unknown kernel, a width that is not positive, or times that do not ascend
    """
    shape, sigma = _kernel(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    sums = _unit_sums(rec, unit_rows(rec, units), shape, sigma, times, 1)
    return sums / sigma / _mass_inside(rec, shape, sigma, times, border)


def pooled_rates(
    rec: Recording,
    sigma_ms: float,
    at: ArrayLike,
    groups: Sequence[Rows] | None = None,
    kernel: str = "gaussian",
    border: bool = False,
) -> PooledRates:
    """Mean kernel rate of groups of units, with its standard error over the units.

    Parameters
    ----------
    rec, sigma_ms, at, kernel, border : as in `instantaneous_rates`
    groups : unit rows of each group; None for the recording's populations

    Returns
    -------
    PooledRates : mean and sem (P, T) Hz; NaN for a group without units
    """
    shape, sigma = _kernel(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    scale = sigma * _mass_inside(rec, shape, sigma, times, border)
    chosen = population_groups(rec) if groups is None else groups
    moments = np.zeros((len(chosen), 2, len(times)))
    sizes = np.zeros(len(chosen), np.int64)
    for k, group in enumerate(chosen):
        sizes[k] = len(unit_rows(rec, group))
        moments[k] = _moments(_some_sums(rec, group, shape, sigma, times), len(times))
    n = sizes[:, None].astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, moments[:, 0], np.nan)
        sem = np.where(n > 1, np.sqrt(moments[:, 1] / (n - 1) / n), np.nan)
    return PooledRates(mean / scale, sem / scale, sizes)


def rate_band(
    rec: Recording,
    sigma_ms: float,
    at: ArrayLike,
    units: Rows = None,
    kernel: str = "gaussian",
    border: bool = False,
    level: float = 0.95,
) -> RateBand:
    """Kernel rates with the pointwise confidence band of an inhomogeneous Poisson process.

    The gamma interval for weighted sums of Poisson counts (Fay & Feuer 1997): exact for the rectangular kernel, where
    it is that of Garwood (1936), and on the safe side for the others. It covers the rate as smoothed by the
    kernel, not the bias of smoothing.

    Parameters
    ----------
    rec, sigma_ms, at, units, kernel, border : as in `instantaneous_rates`
    level : probability that the band covers the smoothed rate at one time

    Returns
    -------
    RateBand : rate, low, high (U, T) Hz; with no spike in reach low is 0 and high is not
    """
    _check_level(level)
    shape, sigma = _kernel(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    rows = unit_rows(rec, units)
    total, squares = (_unit_sums(rec, rows, shape, sigma, times, power) for power in (1, 2))
    low, high = _gamma_limits(total, squares, shape.peak, level)
    scale = sigma * _mass_inside(rec, shape, sigma, times, border)
    return RateBand(total / scale, low / scale, high / scale)


def pooled_band(
    rec: Recording,
    sigma_ms: float,
    at: ArrayLike,
    groups: Sequence[Rows] | None = None,
    kernel: str = "gaussian",
    border: bool = False,
    level: float = 0.95,
) -> RateBand:
    """Mean kernel rates of groups of units with the confidence band of their pooled Poisson process.

    As `rate_band`, for all spikes of a group as one train; rate and band are divided by its number of units.

    Parameters
    ----------
    rec, sigma_ms, at, kernel, border, level : as in `rate_band`
    groups : unit rows of each group; None for the recording's populations

    Returns
    -------
    RateBand : rate, low, high (P, T) Hz per unit; NaN for a group without units
    """
    _check_level(level)
    shape, sigma = _kernel(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    chosen = population_groups(rec) if groups is None else groups
    total, squares = np.zeros((2, len(chosen), len(times)))
    sizes = np.zeros((len(chosen), 1))
    for k, group in enumerate(chosen):
        sizes[k] = len(unit_rows(rec, group)) or np.nan
        for power, found in ((1, total), (2, squares)):
            for part in _some_sums(rec, group, shape, sigma, times, power):
                found[k] += part.sum(axis=0)
    low, high = _gamma_limits(total, squares, shape.peak, level)
    scale = sigma * _mass_inside(rec, shape, sigma, times, border) * sizes
    return RateBand(total / scale, low / scale, high / scale)


def poisson_band(counts: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact confidence limits of the mean of a Poisson count (Garwood 1936), also for effective, fractional counts.

    Parameters
    ----------
    counts : any shape, >= 0
    level : coverage

    Returns
    -------
    low, high : float64, the shape of counts
    """
    _check_level(level)
    seen = np.asarray(counts, np.float64)
    tail = (1 - level) / 2
    low = np.where(seen > 0, gammaincinv(np.where(seen > 0, seen, 1.0), tail), 0.0)
    return low, gammaincinv(seen + 1, 1 - tail)


def bootstrap_band(
    values: ArrayLike, level: float = 0.95, n_resamples: int = 1000, seed: int = 0
) -> tuple[Floats, Floats]:
    """Percentile bootstrap limits of the mean over units (Efron 1979).

    Parameters
    ----------
    values : (U, T) one row per unit
    level : coverage
    n_resamples : resamples of the units, with replacement
    seed : of the resampling: the same seed gives the same band

    Returns
    -------
    low, high : (T,) float64, NaN for fewer than two units
    """
    _check_level(level)
    rows = np.asarray(values, np.float64)
    if len(rows) < 2:
        return np.full(rows.shape[1], np.nan), np.full(rows.shape[1], np.nan)
    picks = np.random.default_rng(seed).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), n_resamples)
    means = picks @ rows / len(rows)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def optimal_bandwidth(times: ArrayLike) -> float | None:
    """The Gaussian kernel width that is expected to come nearest to the underlying rate.

    Minimises the estimated mean integrated squared error for a fixed kernel (Shimazaki & Shinomoto 2010, eq. 3) over
    all pairs of spikes, which are counted once by lag on a grid of at most 2^18 steps.

    Parameters
    ----------
    times : (N,) spike times, s, ascending; pool trains or trials by merging them

    Returns
    -------
    sigma : s, or None where there is nothing to choose: with fewer than three distinct times, or where spikes at
        the very same time let ever narrower kernels fit ever better
    """
    return shared_bandwidth([times])


def shared_bandwidth(trains: Sequence[ArrayLike]) -> float | None:
    """The one Gaussian kernel width that is expected to come nearest to the rates of several units.

    As `optimal_bandwidth`, for the sum of the errors of the units' own rates: only pairs within a train count, so
    that synchrony between units does not make the width of each of them small.

    Parameters
    ----------
    trains : spike times of each unit, s, ascending

    Returns
    -------
    sigma : s, or None as in `optimal_bandwidth`; trains of fewer than two spikes have no say
    """
    telling = [train for train in (np.asarray(train, np.float64) for train in trains) if len(train) > 1]
    moments = [without_repeats(train) for train in telling]
    if max(map(len, moments), default=0) < 3:
        return None
    start, stop = min(float(train[0]) for train in telling), max(float(train[-1]) for train in telling)
    closest = min(float(np.diff(train).min()) for train in moments if len(train) > 1)
    step = max((stop - start) / 2**18, min(closest, (stop - start) / 2**10))
    n_steps = int((stop - start) / step + 0.5) + 1
    on_grid = [np.floor((train - start) / step + 0.5).astype(np.int64) for train in telling]
    levels = _pairs_by_lag(np.stack([np.bincount(places, minlength=n_steps) for places in on_grid]), step)
    n_spikes = sum(map(len, telling))
    widths = np.geomspace(2 * step, stop - start, 60)
    best = _deepest_valley([_kernel_cost(_level_for(levels, w), n_spikes, w) for w in widths.tolist()])
    if best is None:
        return None
    low, high = float(widths[best - 1]), float(widths[min(best + 1, len(widths) - 1)])
    level = _level_for(levels, low)
    return _golden_section(lambda width: _kernel_cost(level, n_spikes, width), low, high)


def optimal_bin_width(
    rec: Recording, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> float | None:
    """The bin width whose histogram is expected to come nearest to the underlying rate.

    Minimises (2k - v) / Δ² over whole multiples of the clock, with mean k and variance v (ddof=0) of the
    counts in whole bins (Shimazaki & Shinomoto 2007), averaged over five starting points of the bins.

    Parameters
    ----------
    rec : the recording
    units : unit rows, whose spikes are pooled; None for all
    t0, t1 : s, None for the recording's own limits

    Returns
    -------
    width : s, or None for fewer than three spikes, or where the narrowest bins fit best (spikes at the same time)
    """
    ticks, first, last = trains_in(rec, units, t0, t1)
    start, end = window_edges(rec, t0, t1)
    n_spikes = int((last - first).sum())
    if n_spikes < 3 or end - start < 4:
        return None
    narrowest = max(1, (end - start) // min(max(1000, 20 * n_spikes), 50_000))
    n_bins = (end - start) // narrowest
    first, last = train_bounds(
        ticks, rec.train_offsets, unit_rows(rec, units), start, start + n_bins * narrowest
    )
    counts = pooled_counts(ticks, first, last, start, narrowest, n_bins)
    # Counts up to each multiple of the narrowest width: any wider histogram is a difference of these.
    below = np.concatenate([[0], np.cumsum(counts)])
    multiples = np.unique(np.geomspace(1, n_bins // 2, 120).astype(np.int64))
    costs = [_histogram_cost(below, multiple) for multiple in multiples.tolist()]
    best = int(np.argmin(costs))
    return int(narrowest * multiples[best]) / rec.ticks_per_second if best else None


def telling(
    rec: Recording, sigma_ms: float, at: ArrayLike, kernel: str = "gaussian", part: float = 0.2
) -> NDArray[np.bool_]:
    """At which times enough of a kernel lies inside the recording for a corrected rate to mean something.

    Where next to nothing of it is inside, as at the start of a causal kernel, a single spike stands for hundreds.

    Parameters
    ----------
    rec, sigma_ms, at, kernel : as in `instantaneous_rates`
    part : of the greatest mass that lies inside at any of the times

    Returns
    -------
    enough : (T,) bool
    """
    inside = _mass_inside(rec, _kernel(kernel), _sigma(sigma_ms), _ascending(at), True)
    with np.errstate(invalid="ignore"):
        return inside >= part * np.nanmax(inside, initial=0.0)


def _kernel(name: str) -> Kernel:
    if name not in KERNELS:
        raise RecordingError(f"no kernel {str(name)[:40]!r}; choose one of {', '.join(KERNELS)}")
    return KERNELS[name]


def _sigma(sigma_ms: float) -> float:
    if not (np.isfinite(sigma_ms) and sigma_ms > 0):
        raise RecordingError(f"a kernel width must be a positive number of milliseconds, not {sigma_ms!r}")
    return sigma_ms / 1000


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise RecordingError(f"a confidence level lies between 0 and 1, not at {level!r}")


def _gamma_limits(total: Floats, squares: Floats, peak: float, level: float) -> tuple[Floats, Floats]:
    tail = (1 - level) / 2
    seen = total > 0
    weight = np.divide(squares, total, out=np.ones_like(total), where=seen)
    low = np.where(seen, gammaincinv(np.where(seen, total / weight, 1.0), tail) * weight, 0.0)
    # The upper limit allows for one more spike, of the greatest weight that a spike can have.
    more, more_squares = total + peak, squares + peak * peak
    return low, gammaincinv(more * more / more_squares, 1 - tail) * more_squares / more


def _ascending(at: ArrayLike) -> Floats:
    times = np.asarray(at, np.float64).reshape(-1)
    if np.any(np.diff(times) < 0):
        raise RecordingError("the times at which a rate is wanted must ascend")
    return times


def _unit_sums(
    rec: Recording, rows: NDArray[np.int64], shape: Kernel, sigma: float, times: Floats, power: int
) -> Floats:
    """Sums of kernels, or of their squares, of each train, (U, T)."""
    check_order(rec)
    at, per_tick = times * rec.ticks_per_second, 1 / (sigma * rec.ticks_per_second)
    kernel = (shape.code, shape.before, shape.after, power)
    sums = np.zeros((len(rows), len(at)))
    grid = even_grid(at, per_tick, *kernel)
    in_reach = _share_in_reach(rec, shape, sigma) * len(rec.spike_times)
    if not grid[0] and in_reach < SPIKES_PER_SEARCH * len(rows) and len(np.unique(rows)) == len(rows):
        place = np.full(len(rec.units), -1)
        place[rows] = np.arange(len(rows))
        spikes = (read_only(rec.spike_times), read_only(rec.rows_to_draw), place)
        in_equal_parts(
            lambda a, b: sums_by_time(
                *spikes, rec.ticks_per_second, at[a:b], per_tick, *kernel, sums[:, a:b]
            ),
            len(at),
            in_reach + len(rows),
        )
        return sums
    ticks, first, last = trains_in(rec, rows)
    in_parts(
        lambda a, b: kernel_sums(ticks, first[a:b], last[a:b], at, grid, per_tick, *kernel, sums[a:b]),
        len(at) * ((last - first) * _share_in_reach(rec, shape, sigma) + SPIKES_PER_SEARCH),
    )
    return sums


def _some_sums(
    rec: Recording, rows: Rows, shape: Kernel, sigma: float, times: Floats, power: int = 1
) -> Iterator[Floats]:
    """The same of some trains at a time, in order, so that the table of all of them need not fit."""
    chosen = unit_rows(rec, rows)
    step = max(1, SUMS_AT_ONCE // max(len(times), 1))
    for start in range(0, len(chosen), step):
        yield _unit_sums(rec, chosen[start : start + step], shape, sigma, times, power)


def _moments(parts: Iterable[Floats], n_times: int) -> tuple[Floats, Floats]:
    """Mean over units at each time, and the sum of squared deviations (Chan, Golub & LeVeque 1983)."""
    n, mean, squares = 0, np.zeros(n_times), np.zeros(n_times)
    for part in parts:
        here = part.mean(axis=0)
        step, n = here - mean, n + len(part)
        squares += ((part - here) ** 2).sum(axis=0) + step**2 * (len(part) * (n - len(part)) / n)
        mean += step * (len(part) / n)
    return mean, squares


def _share_in_reach(rec: Recording, shape: Kernel, sigma: float) -> float:
    """About which part of all spikes counts at one time."""
    return min(1.0, (shape.before + shape.after) * sigma / rec.duration) if rec.duration else 1.0


def _mass_inside(rec: Recording, shape: Kernel, sigma: float, times: Floats, border: bool) -> Floats:
    if not border:
        return np.ones_like(times)
    inside = shape.mass((times - rec.t_start) / sigma) - shape.mass((times - rec.t_stop) / sigma)
    # A spike at the very end of its kernel's reach would stand for a rate without bound.
    return np.where(inside > 1e-6, inside, np.nan)


def _pairs_by_lag(counts: Ticks, step: float) -> list[tuple[float, Floats]]:
    """How many ordered pairs of spikes of a train lie k steps apart, over all trains, on ever coarser grids.

    `counts` (trains, steps); returns (step, pairs) of each grid.
    """
    levels = []
    while True:
        length = counts.shape[1]
        padded = next_fast_len(2 * length, real=True)
        spectrum = np.sum([np.abs(np.fft.rfft(row, padded)) ** 2 for row in counts], axis=0)
        pairs = np.rint(np.fft.irfft(spectrum, padded)[:length])
        pairs[0] -= counts.sum()
        levels.append((step, pairs))
        if length < 64:
            return levels
        even = np.pad(counts, ((0, 0), (0, length % 2)))
        counts, step = even[:, 0::2] + even[:, 1::2], 2 * step


def _level_for(levels: list[tuple[float, Floats]], width: float) -> tuple[float, Floats]:
    """The coarsest grid that still has thirty-two steps to a kernel's width, or else the finest."""
    fine = [level for level in levels if 32 * level[0] <= width]
    return fine[-1] if fine else levels[0]


def _kernel_cost(level: tuple[float, Floats], n: int, width: float) -> float:
    step, pairs = level
    reach = min(len(pairs), int(9 * width / step) + 1)
    twice = np.r_[1.0, np.full(reach - 1, 2.0)] * pairs[:reach]
    # A Gaussian of √2 the width is the overlap of two kernels; its square has the shape of one kernel.
    broad = np.exp(-((np.arange(reach) * (step / width)) ** 2) / 4)
    overlap, direct = twice @ broad / (2 * np.sqrt(np.pi)), twice @ (broad * broad) / np.sqrt(2 * np.pi)
    return float(overlap - 2 * direct + n / (2 * np.sqrt(np.pi))) / width


def _histogram_cost(below: Ticks, multiple: int) -> float:
    starts = np.unique(np.arange(5) * multiple // 5).tolist()
    counts = [np.diff(below[start::multiple]) for start in starts if len(below) - start > multiple]
    return float(np.mean([2 * count.mean() - count.var() for count in counts])) / float(multiple) ** 2


def _deepest_valley(costs: list[float]) -> int | None:
    """Where the least cost lies that is less than that of the narrower neighbour: the narrowest is no valley."""
    after = [*costs[1:], np.inf]
    valleys = [k for k in range(1, len(costs)) if costs[k] < costs[k - 1] and costs[k] <= after[k]]
    return min(valleys, key=lambda k: costs[k]) if valleys else None


def _golden_section(cost: Callable[[float], float], low: float, high: float) -> float:
    ratio = (np.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > 1e-4 * high:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = cost(right)
    return (low + high) / 2
