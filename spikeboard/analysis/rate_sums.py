"""Sums of kernels over spikes, from which rates follow: of each train, or of many that are pooled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spikeboard.analysis.kernel_sums import count_weights, even_grid, even_spacing, kernel_sums, sums_by_time
from spikeboard.analysis.kernels import ALPHA, EXPONENTIAL, GAUSSIAN, Floats, Kernel
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.analysis.trains import Rows, group_of_units, read_only, trains_in, unit_rows
from spikeboard.levels import smooth_counts, spikes_before
from spikeboard.recording import Recording, check_order

# Rates of units × times that are held at once where only their mean is wanted.
SUMS_AT_ONCE = 2 * 10**6
# To find the spikes of one train about one time takes as long as to look at so many that stand in order of time.
SPIKES_PER_SEARCH = 30
# Of more spikes in reach, those of a pool are counted in so many steps to a sigma first.
COUNTED_FIRST, STEPS = 5_000_000, 64
# How far off its moment a spike may be counted then, in parts of a sigma.
STEPS_WITHIN = 32
# Steps in reach of one time, at most: a kernel that is wide for the window would have any number of them.
MOST_WEIGHTS = 2**18
# Kernels that end nowhere but at their spike.
WITHOUT_CORNERS = (GAUSSIAN, EXPONENTIAL, ALPHA)


def unit_sums(
    rec: Recording, rows: NDArray[np.int64], shape: Kernel, sigma: float, times: Floats, power: int
) -> Floats:
    """Sums of kernels, or of their squares, of each train, (U, T)."""
    check_order(rec)
    at, per_tick = times * rec.ticks_per_second, 1 / (sigma * rec.ticks_per_second)
    kernel = (shape.code, shape.before, shape.after, power)
    sums = np.zeros((len(rows), len(at)))
    grid = even_grid(at, per_tick, *kernel)
    in_reach = share_in_reach(rec, shape, sigma) * len(rec.spike_times)
    few = not grid[0] and in_reach < SPIKES_PER_SEARCH * len(rows)
    if few and (place := group_of_units(rec, list(rows[:, None]))) is not None:
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
        len(at) * ((last - first) * share_in_reach(rec, shape, sigma) + SPIKES_PER_SEARCH),
    )
    return sums


def some_sums(
    rec: Recording, rows: Rows, shape: Kernel, sigma: float, times: Floats, power: int = 1
) -> Iterator[Floats]:
    """The same of some trains at a time, in order, so that the table of all of them need not fit."""
    chosen = unit_rows(rec, rows)
    step = max(1, SUMS_AT_ONCE // max(len(times), 1))
    for start in range(0, len(chosen), step):
        yield unit_sums(rec, chosen[start : start + step], shape, sigma, times, power)


def group_sums(
    rec: Recording, groups: Sequence[Rows], shape: Kernel, sigma: float, times: Floats, power: int = 1
) -> Floats:
    """Sums of kernels, or of their squares, over all spikes of each group of units, (P, T).

    Of very many spikes at evenly spaced times, counts in steps of sigma / STEPS stand for the spikes, each with the
    mean of a kernel without corners over its step: a sum is then off by about 0.5 % of its Poisson standard error.
    """
    rows = [unit_rows(rec, group) for group in groups]
    if (found := _by_counts(rec, rows, shape, sigma, times, power)) is not None:
        return found
    sums = np.zeros((len(rows), len(times)))
    for own, group in zip(sums, rows, strict=True):
        for part in some_sums(rec, group, shape, sigma, times, power):
            own += part.sum(axis=0)
    return sums


def _by_counts(
    rec: Recording, rows: Sequence[NDArray[np.int64]], shape: Kernel, sigma: float, times: Floats, power: int
) -> Floats | None:
    """The same by counts; None where that would not pay, or a unit is in two groups."""
    spacing, place = even_spacing(times, 1 / sigma), group_of_units(rec, rows)
    if not spacing or place is None or shape.code not in WITHOUT_CORNERS:
        return None
    per_spacing = max(1, round(spacing / sigma * STEPS))
    step = spacing / per_spacing
    steps_in_reach = (shape.before + shape.after) * sigma / step
    # More steps than spikes would be no gain, and neither they nor the weights of a time might fit into memory.
    least = max(COUNTED_FIRST, len(times) * per_spacing + steps_in_reach)
    if steps_in_reach > MOST_WEIGHTS or _in_reach(rec, shape, sigma, times) < least:
        return None
    # Times lie between two steps, so that a kernel that begins at its spike does so between them too; half a tick
    # later, so that a spike on the tick of a time is in the step that ends there.
    half_tick = 0.5 / rec.ticks_per_second
    reach = (shape.code, shape.before, shape.after)
    lowest, weights = count_weights(*reach, step / sigma, half_tick / sigma, power)
    n_steps = (len(times) - 1) * per_spacing + len(weights)
    edges = times[0] + (lowest + np.arange(n_steps + 1)) * step + half_tick
    counts = smooth_counts(rec, edges, place, len(rows), sigma / STEPS_WITHIN)
    sums = np.empty((len(rows), len(times)))
    for own, counted in zip(sums, counts.T.copy(), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(counted, len(weights))[::per_spacing]
        own[:] = [window @ weights for window in windows]
    return sums


def _in_reach(rec: Recording, shape: Kernel, sigma: float, times: Floats) -> int:
    """Spikes of all units between the first and the last that any of the times is in reach of."""
    ends = [times[0] - shape.after * sigma, times[-1] + shape.before * sigma]
    return int(np.diff(spikes_before(rec, np.array(ends)))[0])


def share_in_reach(rec: Recording, shape: Kernel, sigma: float) -> float:
    """About which part of all spikes counts at one time."""
    return min(1.0, (shape.before + shape.after) * sigma / rec.duration) if rec.duration else 1.0
