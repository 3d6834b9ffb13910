"""Firing rates: kernel estimates at the times that are drawn, and their uncertainty.

The width of every kernel is given as its standard deviation sigma; `kernels` says what each of them is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from spikeboard.analysis.bins import population_groups
from spikeboard.analysis.kernels import Floats, Kernel, kernel_called
from spikeboard.analysis.rate_spread import group_spread
from spikeboard.analysis.rate_sums import group_sums, some_sums, unit_sums
from spikeboard.analysis.trains import Rows, unit_rows
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording


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
    shape, sigma = kernel_called(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    sums = unit_sums(rec, unit_rows(rec, units), shape, sigma, times, 1)
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
    PooledRates : mean and sem (P, T) Hz; NaN for a group without units. Over more than five million spikes the mean is
        that of `mean_rates`, and the error comes from counts, as `rate_spread` says: at most 1 % too small
    """
    shape, sigma = kernel_called(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    scale = sigma * _mass_inside(rec, shape, sigma, times, border)
    chosen = population_groups(rec) if groups is None else groups
    sizes = np.array([len(unit_rows(rec, group)) for group in chosen], np.int64)
    n = sizes[:, None].astype(float)
    moments = _group_moments(rec, chosen, n, shape, sigma, times)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(n > 0, moments[:, 0], np.nan)
        sem = np.where(n > 1, np.sqrt(moments[:, 1] / (n - 1) / n), np.nan)
    return PooledRates(mean / scale, sem / scale, sizes)


def mean_rates(
    rec: Recording,
    sigma_ms: float,
    at: ArrayLike,
    groups: Sequence[Rows] | None = None,
    kernel: str = "gaussian",
    border: bool = False,
) -> Floats:
    """Mean kernel rate of groups of units, without its error: so that units need not be told apart.

    Parameters
    ----------
    rec, sigma_ms, at, groups, kernel, border : as in `pooled_rates`

    Returns
    -------
    mean : (P, T) Hz per unit; NaN for a group without units. Where a Gaussian,
        exponential or alpha kernel goes over more than five million spikes, they are counted in steps of sigma / 64
        first: the mean is then off by about 0.5 % of its Poisson standard error
    """
    shape, sigma = kernel_called(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    chosen = population_groups(rec) if groups is None else groups
    scale = sigma * _mass_inside(rec, shape, sigma, times, border) * _group_sizes(rec, chosen)
    return group_sums(rec, chosen, shape, sigma, times) / scale


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
    shape, sigma = kernel_called(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    rows = unit_rows(rec, units)
    total, squares = (unit_sums(rec, rows, shape, sigma, times, power) for power in (1, 2))
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
    RateBand : rate, low, high (P, T) Hz per unit; NaN for a group without units; sums as in `mean_rates`
    """
    _check_level(level)
    shape, sigma = kernel_called(kernel), _sigma(sigma_ms)
    times = _ascending(at)
    chosen = population_groups(rec) if groups is None else groups
    total, squares = (group_sums(rec, chosen, shape, sigma, times, power) for power in (1, 2))
    sizes = _group_sizes(rec, chosen)
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
    inside = _mass_inside(rec, kernel_called(kernel), _sigma(sigma_ms), _ascending(at), True)
    with np.errstate(invalid="ignore"):
        return inside >= part * np.nanmax(inside, initial=0.0)


def _group_sizes(rec: Recording, groups: Sequence[Rows]) -> Floats:
    """How many units each group has, (P, 1); NaN for none."""
    return np.array([[len(unit_rows(rec, group)) or np.nan] for group in groups]).reshape(-1, 1)


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


def _group_moments(
    rec: Recording, groups: Sequence[Rows], n: Floats, shape: Kernel, sigma: float, times: Floats
) -> Floats:
    """Mean over the units of each group, and the sum of squared deviations, (P, 2, T)."""
    moments = np.zeros((len(groups), 2, len(times)))
    if (spread := group_spread(rec, groups, shape, sigma, times)) is None:
        for own, group in zip(moments, groups, strict=True):
            own[:] = _moments(some_sums(rec, group, shape, sigma, times), len(times))
        return moments
    moments[:, 0] = group_sums(rec, groups, shape, sigma, times) / np.maximum(n, 1)
    moments[:, 1] = spread
    return moments


def _moments(parts: Iterable[Floats], n_times: int) -> tuple[Floats, Floats]:
    """Mean over units at each time, and the sum of squared deviations (Chan, Golub & LeVeque 1983)."""
    n, mean, squares = 0, np.zeros(n_times), np.zeros(n_times)
    for part in parts:
        here = part.mean(axis=0)
        step, n = here - mean, n + len(part)
        squares += ((part - here) ** 2).sum(axis=0) + step**2 * (len(part) * (n - len(part)) / n)
        mean += step * (len(part) / n)
    return mean, squares


def _mass_inside(rec: Recording, shape: Kernel, sigma: float, times: Floats, border: bool) -> Floats:
    if not border:
        return np.ones_like(times)
    inside = shape.mass((times - rec.t_start) / sigma) - shape.mass((times - rec.t_stop) / sigma)
    # A spike at the very end of its kernel's reach would stand for a rate without bound.
    return np.where(inside > 1e-6, inside, np.nan)
