"""Widths of kernels and bins that are chosen from the spikes themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len

from spikeboard.analysis.bins import pooled_counts
from spikeboard.analysis.trains import (
    Rows,
    Ticks,
    train_bounds,
    trains_in,
    unit_rows,
    window_edges,
    without_repeats,
)
from spikeboard.recording import Recording

Floats = NDArray[np.float64]


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
    first, last = train_bounds(rec, unit_rows(rec, units), start, start + n_bins * narrowest)
    counts = pooled_counts(ticks, first, last, start, narrowest, n_bins)
    # Counts up to each multiple of the narrowest width: any wider histogram is a difference of these.
    below = np.concatenate([[0], np.cumsum(counts)])
    multiples = np.unique(np.geomspace(1, n_bins // 2, 120).astype(np.int64))
    costs = [_histogram_cost(below, multiple) for multiple in multiples.tolist()]
    best = int(np.argmin(costs))
    return int(narrowest * multiples[best]) / rec.ticks_per_second if best else None


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
