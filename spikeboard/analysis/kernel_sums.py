"""Compiled sums of kernels over spikes at given times: spike by spike, or by the moments of cells of an even grid.

Within a cell as wide as the spacing of the times a kernel is a smooth function of where the spike lies. A polynomial
of degree 15 is that function to some 1e-14 of the kernel's peak for a spacing of up to one sigma, so that all spikes
of a cell together count by their moments (the idea of the fast Gauss transform, Greengard & Strain 1991). Of a cell
where the kernel ends, the spikes in reach are summed one by one, by the same polynomial.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ticks = NDArray[np.int64]

N_MOMENTS = 16
AT_ONCE = 64
TRIANGULAR = 4
# With fewer spikes to a cell, the polynomials cost as much as the spikes.
LEAST_SPIKES = 5.0
# Cells that a kernel may reach; of more, a table of polynomials costs more than the few spikes of so short a window.
MOST_REACHED = 10_000
# Times whose moments are added at once: these stay in the processor's nearest memory.
NEAR_TIMES = 128
# What a kernel is beyond an end at which it has faded so far, nobody sees: 10⁻¹¹ of its peak.
FADED = 1e-9
Grid = tuple[float, int, Floats, Ticks, Ticks]
NO_GRID: Grid = (0.0, 0, np.zeros((0, N_MOMENTS)), np.zeros(0, np.int64), np.zeros(0, np.int64))


def even_grid(at: Floats, per_tick: float, code: int, before: float, after: float, power: int) -> Grid:
    """The polynomials of a kernel for the cells about each of some evenly spaced times.

    Parameters
    ----------
    at : (T,) times, ticks, ascending
    per_tick : sigmas in a tick
    code : the kernel's number
    before, after : how far it reaches to either side of a spike, sigmas
    power : 2 for squares of the kernel

    Returns
    -------
    spacing : ticks; 0 where the times are not even, or further apart than a sigma or so, or very near, or where the
        kernel has a corner
    lowest : offset from a cell to the first time that its spikes reach
    weights : (offsets, N_MOMENTS) weight of each moment
    whole : the offsets at which all of the cell is in reach, so that the moments tell all
    cut : those at which the kernel ends within the cell, and has not faded there
    """
    spacing = even_spacing(at, per_tick)
    width = spacing * per_tick
    if code == TRIANGULAR or not (before + after) / MOST_REACHED < width < 1.1:
        return NO_GRID
    lowest, highest = int(np.floor(-before / width + 0.5)), int(np.floor(after / width + 0.5))
    middles = np.arange(lowest, highest + 1) * width
    nodes = np.cos(np.pi * (np.arange(N_MOMENTS) + 0.5) / N_MOMENTS)
    values = _densities(code, middles[:, None] - nodes * width / 2) ** power
    table = np.linalg.solve(np.vander(nodes, increasing=True), values.T).astype(np.float64)
    ends = ((-before, 0.1 - before), (after, after - 0.1))
    corners = [end for end, within in ends if _density(code, within) > FADED]
    cut = np.zeros(len(middles), bool)
    for corner in corners:
        cut |= np.abs(middles - corner) <= width / 2 * (1 + 1e-6)
    whole = ~cut & (middles >= -before) & (middles <= after)
    return spacing, lowest, np.ascontiguousarray(table.T), np.flatnonzero(whole), np.flatnonzero(cut)


def count_weights(
    code: int, before: float, after: float, width: float, late: float, power: int
) -> tuple[int, Floats]:
    """What counts in narrow steps weigh at a time that lies between two of them.

    Parameters
    ----------
    code, before, after, power : as in `even_grid`
    width : of a step, sigmas
    late : by how much each step begins and ends after its place, sigmas: half a tick

    Returns
    -------
    lowest : offset from the time to the first step in reach
    weights : (steps,) the mean of the kernel, or of its square, over each step, by Simpson's rule
    """
    lowest, highest = -int(np.ceil(after / width - 1e-9)), int(np.ceil(before / width - 1e-9))
    edges = -np.arange(lowest, highest + 1) * width - late
    nodes = np.stack([edges[:-1], (edges[:-1] + edges[1:]) / 2, edges[1:]])
    in_reach = (nodes >= -before - 1.001 * late) & (nodes < after)
    values = np.where(in_reach, _densities(code, np.maximum(nodes, -before)), 0.0) ** power
    return lowest, np.array([1, 4, 1]) @ values / 6


def even_spacing(at: Floats, per_unit: float) -> float:
    """How far some times are apart; 0 where they are not evenly so.

    Parameters
    ----------
    at : (T,) ascending, in any unit
    per_unit : sigmas in it
    """
    spacing = float(at[-1] - at[0]) / (len(at) - 1) if len(at) > 1 else 0.0
    if not spacing > 0:
        return 0.0
    off = np.abs(at - (at[0] + np.arange(len(at)) * spacing)).max()
    return spacing if off * per_unit < 1e-12 or off <= 4 * np.spacing(np.abs(at).max()) else 0.0


@njit(cache=True, nogil=True)
def _density(code, x):
    if code == 0:
        return 0.3989422804014327 * np.exp(-0.5 * x * x)
    if code == 1:
        return np.exp(-x)
    if code == 2:
        return 2.0 * x * np.exp(-1.4142135623730951 * x)
    if code == 3:
        return 0.2886751345948129
    if code == 4:
        return (1.0 - abs(x) / 2.449489742783178) / 2.449489742783178
    return 0.33541019662496846 * (1.0 - 0.2 * x * x)


@njit(cache=True, nogil=True)
def _densities(code, x):
    out = np.empty(x.shape)
    for place, value in np.ndenumerate(x):
        out[place] = _density(code, value)
    return out


@njit(cache=True, nogil=True)
def _first_within(train, low, at, per_tick, reach):
    """The first spike from `low` on that is less than `reach` sigmas before a time, found in few steps."""
    high, step = low, 1
    while high < len(train) and (at - train[high]) * per_tick >= reach:
        low = high + 1
        high += step
        step *= 2
    high = min(high, len(train))
    while low < high:
        middle = (low + high) // 2
        if (at - train[middle]) * per_tick >= reach:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _by_spikes(train, at, per_tick, code, before, after, power, out):
    low = high = 0
    for k in range(len(at)):
        high = _first_within(train, high, at[k], per_tick, -before)
        low = _first_within(train, low, at[k], per_tick, after)
        for spike in range(low, high):
            weight = _density(code, (at[k] - train[spike]) * per_tick)
            out[k] += weight if power == 1 else weight * weight


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _polynomial_sum(spikes, middle, scale, weights):
    """A polynomial of the place of each spike in its cell, summed."""
    total = 0.0
    for i in range(len(spikes)):
        u = (spikes[i] - middle) * scale
        value = weights[N_MOMENTS - 1]
        for n in range(N_MOMENTS - 2, -1, -1):
            value = value * u + weights[n]
        total += value
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_moments(spikes, middle, scale, places, powers, moments):
    """Add those of a few spikes: power after power, which processors do for several spikes at once."""
    for i in range(len(spikes)):
        places[i] = (spikes[i] - middle) * scale
        powers[i] = 1.0
    moments[0] += len(spikes)
    for n in range(1, N_MOMENTS):
        total = 0.0
        for i in range(len(spikes)):
            powers[i] *= places[i]
            total += powers[i]
        moments[n] += total


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_weighted(moments, weights, lag, first, last, out):
    """Add to the times first…last - 1 the moments of the cell so many cells further on, weighed."""
    for n in range(0, N_MOMENTS, 4):
        a, b, c, d = weights[n], weights[n + 1], weights[n + 2], weights[n + 3]
        for k in range(first, last):
            cell = k + lag
            out[k] += (
                moments[n, cell] * a
                + moments[n + 1, cell] * b
                + moments[n + 2, cell] * c
                + moments[n + 3, cell] * d
            )


@njit(cache=True, nogil=True)
def _by_cells(train, at, grid, per_tick, before, after, out):
    spacing, lowest, weights, whole, cut = grid
    scale, highest = 2.0 / spacing, lowest + len(weights) - 1
    places, powers, own = np.empty(AT_ONCE), np.empty(AT_ONCE), np.empty(N_MOMENTS)
    # Of the cells about the times, and of those beside them that reach one.
    moments = np.zeros((N_MOMENTS, len(at) + highest - lowest))
    stop = _first_within(train, 0, at[0] - (highest + 0.5) * spacing, 1.0, 1e-9 * spacing)
    for cell in range(-highest, len(at) - lowest):
        first, middle = stop, at[0] + cell * spacing
        stop = _first_within(train, first, middle, 1.0, -0.5 * spacing)
        if first == stop:
            continue
        own[:] = 0.0
        for some in range(first, stop, AT_ONCE):
            _add_moments(train[some : min(some + AT_ONCE, stop)], middle, scale, places, powers, own)
        moments[:, cell + highest] = own
        for offset in cut:
            k = cell + lowest + offset
            if 0 <= k < len(at):
                low = _first_within(train[:stop], first, at[k], per_tick, after)
                high = _first_within(train[:stop], low, at[k], per_tick, -before)
                out[k] += _polynomial_sum(train[low:high], middle, scale, weights[offset])
    for k in range(0, len(at), NEAR_TIMES):
        for offset in whole:
            lag = highest - lowest - offset
            _add_weighted(moments, weights[offset], lag, k, min(k + NEAR_TIMES, len(at)), out)


@njit(cache=True, nogil=True)
def _n_between(train, start, end):
    return np.searchsorted(train, end) - np.searchsorted(train, start)


@njit(cache=True, nogil=True)
def kernel_sums(ticks, first, last, at, grid, per_tick, code, before, after, power, out):
    """Add the kernels of each bounded train at each time, to `out` (U, T); `power` 2: their squares."""
    for row in range(len(first)):
        train = ticks[first[row] : last[row]]
        if grid[0] > 0.0 and _n_between(train, at[0], at[-1]) >= LEAST_SPIKES * len(at):
            _by_cells(train, at, grid, per_tick, before, after, out[row])
        else:
            _by_spikes(train, at, per_tick, code, before, after, power, out[row])


@njit(cache=True, nogil=True)
def sums_by_time(times, rows, place, per_second, at, per_tick, code, before, after, power, out):
    """The same for the trains of the rows that have a place, from all spikes in order of time: for many trains."""
    for k in range(len(at)):
        # A tick to either side is safe from rounding; the reach itself decides.
        begin = np.searchsorted(times, (at[k] - after / per_tick - 1.0) / per_second)
        end = np.searchsorted(times, (at[k] + before / per_tick + 1.0) / per_second)
        for spike in range(begin, end):
            # Read as unsigned, a unit that is not there is a large one.
            row = np.uint64(rows[spike])
            if row >= np.uint64(len(place)) or place[row] < 0:
                continue
            x = (at[k] - np.rint(times[spike] * per_second)) * per_tick
            if -before <= x < after:
                weight = _density(code, x)
                out[place[row], k] += weight if power == 1 else weight * weight
