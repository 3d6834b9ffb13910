"""The spike-time tiling coefficient: how often the spikes of two trains lie near each other, whatever their rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numba import njit

from spikeboard.analysis.groups import Group, Trains, bin_ticks_of, check_size, grouped_trains
from spikeboard.analysis.parts import in_equal_parts
from spikeboard.recording import Recording

# A tick that no recording comes to.
NEVER = 2**60


def sttc(
    rec: Recording,
    units: Sequence[Group] | None = None,
    dt_ms: float = 5.0,
    t0: float | None = None,
    t1: float | None = None,
) -> np.ndarray:
    """Spike-time tiling coefficient of all pairs: correlation that firing rates do not confound.

    ½ ((P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A)), with P_A the share of A's spikes within ±dt of one
    of B's, and T_A the share of the window within ±dt of one of A's spikes; 0/0 counts as 1.

    Parameters
    ----------
    rec : the recording
    units : unit rows, or lists of unit rows to be pooled; None takes every unit
    dt_ms : ms; taken to the nearest whole number of ticks
    t0, t1 : window, s

    Returns
    -------
    (G, G) float64 in [-1, 1]; NaN where a train is empty

    Notes
    -----
    Cutts and Eglen, Journal of Neuroscience 34 (2014).
    """
    trains = grouped_trains(rec, units, t0, t1)
    check_size(len(trains))
    dt = bin_ticks_of(rec, dt_ms)
    near, tiled = _near_and_tiled(trains, dt)
    return _sttc_matrix(trains.counts, near, tiled / trains.span)


def _near_and_tiled(trains: Trains, dt: int) -> tuple[np.ndarray, np.ndarray]:
    """How many spikes of i lie within ±dt of one of j, (G, G) int64; the ticks within ±dt of one of i, (G,) int64."""
    n, shape = trains.n_spikes, (len(trains), len(trains))
    near, tiled = np.zeros(shape, np.int64), np.full(len(trains), -dt)
    previous = np.full(len(trains), trains.start - dt)
    # A pair of spikes takes as long as a look at some twenty trains side by side.
    few = 20 * n * min(1.0, 2 * dt / trains.span) < len(trains)
    find_near, steps = (_near_by_pairs, 20) if few else (_near_by_neighbours, 4 + len(trains) // 8)
    for first, last in pairwise(trains.cuts(dt)):
        ticks, rows = trains.between(first - dt, last - 1 + dt).by_time
        begin, end = np.searchsorted(ticks, [first, last]).tolist()
        near += _in_reach(find_near, ticks, rows, (begin, end), dt, len(trains), steps)
        _add_tiled(ticks, rows, begin, end, dt, previous, tiled)
    return near, np.where(trains.counts > 0, tiled + np.minimum(trains.stop - previous, dt), 0)


def _in_reach(
    find_near: Callable[..., np.ndarray],
    ticks: np.ndarray,
    rows: np.ndarray,
    part: tuple[int, int],
    dt: int,
    n_rows: int,
    steps: int,
) -> np.ndarray:
    """What `find_near` finds of the spikes in a part, (G, G) int64."""
    first, last = part
    found = in_equal_parts(
        lambda a, b: find_near(ticks, rows, first + a, first + b, dt, n_rows), last - first, steps
    )
    return np.asarray(np.sum(found, axis=0, dtype=np.int64))


@njit(cache=True, nogil=True)
def _add_tiled(ticks, rows, first, last, dt, previous, tiled):
    """Add the ticks within ±dt of the spikes first…last - 1, up to dt after each; `previous` is each train's last."""
    for s in range(first, last):
        tiled[rows[s]] += min(ticks[s] - previous[rows[s]], 2 * dt)
        previous[rows[s]] = ticks[s]


@njit(cache=True, nogil=True)
def _near_by_neighbours(ticks, rows, first, last, dt, n_rows):
    """[i, j]: the spikes of i, of first…last - 1, within ±dt of one of j, (G, G); a step per spike and train."""
    near = np.zeros((n_rows, n_rows), np.int32)
    if first == last:
        return near
    # Of each train, up to when its last spike reaches, and from when on its next one does.
    until, since = np.full(n_rows, -NEVER), np.full(n_rows, NEVER)
    for s in range(np.searchsorted(ticks, ticks[first] - dt), first):
        until[rows[s]] = ticks[s] + dt
    for s in range(np.searchsorted(ticks, ticks[last - 1] + dt, side="right") - 1, last - 1, -1):
        since[rows[s]] = ticks[s] - dt
    following = np.empty(last - first, np.int64)
    for s in range(last - 1, first - 1, -1):
        following[s - first] = since[rows[s]]
        since[rows[s]] = ticks[s] - dt
    for s in range(first, last):
        tick, row = ticks[s], rows[s]
        found = near[row]
        # Without a branch, so that several trains are looked at at once.
        for j in range(n_rows):
            found[j] = np.int32(found[j] + np.int32((tick <= until[j]) | (tick >= since[j])))
        until[row], since[row] = tick + dt, following[s - first]
    return near


@njit(cache=True, nogil=True)
def _near_by_pairs(ticks, rows, first, last, dt, n_rows):
    """The same at one step per pair of spikes within ±dt."""
    near = np.zeros((n_rows, n_rows), np.int32)
    seen = np.full(n_rows, -1, np.int64)
    low = np.searchsorted(ticks, ticks[first] - dt) if first < last else 0
    for s in range(first, last):
        while ticks[low] < ticks[s] - dt:
            low += 1
        p = low
        while p < len(ticks) and ticks[p] <= ticks[s] + dt:
            if seen[rows[p]] != s:
                seen[rows[p]] = s
                near[rows[s], rows[p]] += 1
            p += 1
    return near


@njit(cache=True, nogil=True)
def _tiling(p, t):
    return 1.0 if p * t == 1.0 else (p - t) / (1.0 - p * t)


@njit(cache=True, nogil=True)
def _sttc_matrix(count, near, tiled):
    n = len(count)
    found = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(i, n):
            if count[i] and count[j]:
                one = _tiling(near[i, j] / count[i], tiled[j])
                found[i, j] = 0.5 * (one + _tiling(near[j, i] / count[j], tiled[i]))
                found[j, i] = found[i, j]
    return found
