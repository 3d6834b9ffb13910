"""How far the kernel sums of single units lie from their mean, where spikes are so many that counts stand for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from spikeboard.analysis.kernel_sums import even_spacing
from spikeboard.analysis.kernels import EPANECHNIKOV, GAUSSIAN, TRIANGULAR, Floats, Kernel
from spikeboard.analysis.parts import in_equal_parts
from spikeboard.analysis.rate_sums import COUNTED_FIRST, share_in_reach
from spikeboard.analysis.trains import Rows, unit_rows
from spikeboard.levels import column_counts, row_counts
from spikeboard.recording import Recording

# Kernels that change little within a step; those that begin at their spike do not.
GRADUAL = (GAUSSIAN, TRIANGULAR, EPANECHNIKOV)
# Steps to a sigma, and how many sigmas two moments of a level may be apart that are used instead.
STEPS, COARSE = 4, 0.6
# What of a kernel's peak nobody sees in a standard error.
FAINT = 1e-4
# Sums of units × times that are held at once.
SUMS_AT_ONCE = 500_000


def group_spread(
    rec: Recording, groups: Sequence[Rows], shape: Kernel, sigma: float, times: Floats
) -> Floats | None:
    """Squared deviations of units' sums of kernels from the mean of their group, added up; of very many spikes.

    Spikes of each unit are counted in steps of a quarter of a sigma, or between the moments of a level where no two are
    further apart than 0.6 sigma, and count with the mean of the kernel over their step. A standard error is then too
    small by up to 0.2 %, or 1 %: by what smoothing over a step, of variance h²/12, takes from the square of a kernel.

    Returns
    -------
    squares : (P, T). None where every spike should count at its own time: for fewer than five million of these units,
        for times that are not even or further apart than two sigmas, and for kernels that jump or nearly so
    """
    spacing = even_spacing(times, 1 / sigma)
    if shape.code not in GRADUAL or not 0 < spacing <= 2 * sigma or not rec.duration:
        return None
    rows = [unit_rows(rec, group) for group in groups]
    inside = min(1.0, (times[-1] - times[0]) / rec.duration + share_in_reach(rec, shape, sigma))
    if sum(int(rec.counts[own].sum()) for own in rows) * inside < COUNTED_FIRST:
        return None
    return _spread(rec, rows, shape, sigma, times)


def _spread(
    rec: Recording, groups: Sequence[NDArray[np.int64]], shape: Kernel, sigma: float, times: Floats
) -> Floats:
    units, columns = np.unique(np.concatenate(groups), return_inverse=True)
    members = np.split(columns, np.cumsum([len(group) for group in groups])[:-1])
    squares = np.empty((len(groups), len(times)))
    at_once = max(1, SUMS_AT_ONCE // max(len(units), 1))
    for first in range(0, len(times), at_once):
        some = times[first : first + at_once]
        edges, counts = _counted(rec, units, shape, sigma, some)

        def fill(begin: int, end: int, first=first, some=some, edges=edges, counts=counts) -> None:
            sums = _mean_kernel(shape, sigma, some[begin:end], edges, rec.tick) @ counts
            for own, member in zip(squares, members, strict=True):
                own[first + begin : first + end] = _squares(sums[:, member])

        in_equal_parts(fill, len(some), STEPS * len(units) + len(edges))
    return squares


def _counted(
    rec: Recording, units: NDArray[np.int64], shape: Kernel, sigma: float, times: Floats
) -> tuple[Floats, Floats]:
    """Moments around some times, near enough to each other, (W + 1,), and the spikes of units between them, (W, U)."""
    start, stop = times[0] - shape.after * sigma, times[-1] + shape.before * sigma
    found = row_counts(rec, units, start, stop)
    if found is not None and np.diff(found[0]).max() <= COARSE * sigma:
        return found[0], found[1].astype(np.float64)
    edges = start + np.arange(np.ceil((stop - start) / sigma * STEPS) + 1) * (sigma / STEPS)
    place = np.full(len(rec.units), -1)
    place[units] = np.arange(len(units))
    return edges, column_counts(rec, edges, place, len(units)).astype(np.float64)


def _mean_kernel(shape: Kernel, sigma: float, times: Floats, edges: Floats, tick: float) -> sparse.csr_array:
    """The mean of a kernel between successive edges at each time, (T, edges - 1), where it has not faded."""
    # In a burst two edges may be one.
    low, high = edges[:-1], np.maximum(edges[1:], edges[:-1] + tick)
    until = shape.mass((times[:, None] - edges) / sigma)
    mass = until[:, :-1] - until[:, 1:]
    if (moved := high != edges[1:]).any():
        mass[:, moved] = until[:, :-1][:, moved] - shape.mass((times[:, None] - high[moved]) / sigma)
    means = mass / ((high - low) / sigma)
    return sparse.csr_array(np.where(means > FAINT * shape.peak, means, 0.0))


def _squares(sums: Floats) -> Floats:
    """Squared deviations from the mean over units at each time, added up, (T,)."""
    if not sums.shape[1]:
        return np.zeros(len(sums))
    off = sums - sums.mean(axis=1, keepdims=True)
    return np.einsum("tu,tu->t", off, off)
