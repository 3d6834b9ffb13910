"""Spike counts in bins of equal width, counted on integer ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.axes import WithAxes
from spikeboard.analysis.parts import MOST_THREADS, in_equal_parts, in_parts
from spikeboard.analysis.trains import (
    Rows,
    Ticks,
    duration_s,
    group_of_units,
    snap_bin,
    trains_in,
    unit_rows,
    window_edges,
    window_ticks,
)
from spikeboard.errors import RecordingError
from spikeboard.levels import column_counts, count_level
from spikeboard.recording import Recording

# One gigabyte of uint16: more than any view draws, and more than a server should give to one question.
MOST_CELLS = 5 * 10**8
# Bins that a loop fills before it goes on to the next: they stay in the processor's nearest memory.
NEAR_BINS = 2**16
# Counts of units that are read from a level: so many at most, each of which costs so many steps.
MOST_BY_LEVEL, STEPS_BY_LEVEL = 2_000_000, 8


@dataclass(frozen=True, eq=False)
class Binned(WithAxes):
    """Spike counts per bin.

    counts : (U, B) uint16 or uint32, or (P, B) int64 for groups
    edges_s : (B + 1,) float64, s; the last one is the end of the window
    bin_s : width of a whole bin, s, a multiple of the clock
    partial : width in s of the last bin where it is shorter than the others, else 0
    snapped : whether `bin_s` differs from what was asked for
    """

    counts: np.ndarray
    edges_s: np.ndarray
    bin_s: float
    partial: float
    snapped: bool

    @property
    def numbers(self) -> np.ndarray:
        """The counts."""
        return self.counts

    @property
    def widths_s(self) -> NDArray[np.float64]:
        """Width of each bin, (B,) s: `bin_s`, and the true width of a partial last bin."""
        widths = np.full(len(self.edges_s) - 1, self.bin_s)
        if self.partial:
            widths[-1] = self.partial
        return widths

    @property
    def centers_s(self) -> NDArray[np.float64]:
        """Middle of each bin, (B,) s."""
        return (self.edges_s[:-1] + self.edges_s[1:]) / 2

    def rates_hz(self, units_per_row: NDArray[np.integer] | int = 1) -> NDArray[np.float64]:
        """Counts over the true width of their bin, (rows, B) Hz.

        Parameters
        ----------
        units_per_row : how many units each row pools, one number or (rows,): the rate is then per unit
        """
        pooled = np.asarray(units_per_row, np.float64).reshape(-1, 1)
        return self.counts / (self.widths_s * np.where(pooled > 0, pooled, np.nan))


def binned_counts(
    rec: Recording, bin_ms: float, units: Rows = None, t0: float | None = None, t1: float | None = None
) -> Binned:
    """Spikes of each unit in each bin.

    A spike in tick k belongs to bin (k - start) // width, in integers, so that no spike moves to a neighbouring
    bin by rounding. A last bin that is shorter than the others is kept and flagged, and a spike exactly at
    the end of the recording belongs to the last bin.

    Parameters
    ----------
    rec : the recording
    bin_ms : bin width, ms, snapped to the clock
    units : unit rows, None for all
    t0, t1 : s, None for the recording's own limits

    Returns
    -------
    Binned : counts (U, B), rows in the order of `units`

    Raises
    ------
    RecordingError : for a window without length, or for more cells than fit
    """
    grid = _grid(rec, bin_ms, t0, t1)
    rows = unit_rows(rec, units)
    ticks, first, last = trains_in(rec, rows, t0, t1)
    n_bins = len(grid.edges) - 1
    _check_size(len(rows), n_bins)
    longest = int((last - first).max(initial=0))
    kind = np.uint16 if longest <= np.iinfo(np.uint16).max else np.uint32
    if (found := _units_by_level(rec, rows, grid, int((last - first).sum()), t0, t1)) is not None:
        # In rows, as they are otherwise: to numba another order is another type, which a server would compile for.
        return _binned(rec, found.astype(kind, order="C"), grid)
    counts = np.zeros((len(rows), n_bins), kind)
    in_parts(
        lambda a, b: _count_bins(ticks, first[a:b], last[a:b], grid.start, grid.width, counts[a:b]),
        last - first + n_bins,
    )
    return _binned(rec, counts, grid)


def population_counts(
    rec: Recording,
    bin_ms: float,
    groups: Sequence[Rows] | None = None,
    t0: float | None = None,
    t1: float | None = None,
) -> Binned:
    """Spikes of groups of units in each bin; binned as in `binned_counts`, without a row per unit.

    Parameters
    ----------
    rec : the recording
    bin_ms : bin width, ms, snapped to the clock
    groups : unit rows of each group; None for the recording's populations
    t0, t1 : s, None for the recording's own limits

    Returns
    -------
    Binned : counts (P, B) int64; `rates_hz(sizes)` gives the rate per unit
    """
    grid = _grid(rec, bin_ms, t0, t1)
    chosen = [unit_rows(rec, group) for group in (population_groups(rec) if groups is None else groups)]
    _check_size(len(chosen), len(grid.edges) - 1)
    if (counts := _by_level(rec, chosen, grid, t0, t1)) is not None:
        return _binned(rec, counts, grid)
    counts = np.zeros((len(chosen), len(grid.edges) - 1), np.int64)
    for row, group in zip(counts, chosen, strict=True):
        row[:] = pooled_counts(*trains_in(rec, group, t0, t1), grid.start, grid.width, len(row))
    return _binned(rec, counts, grid)


def _units_by_level(
    rec: Recording, rows: NDArray[np.int64], grid: _Grid, n_spikes: int, t0: float | None, t1: float | None
) -> NDArray[np.int64] | None:
    """Counts of single units from a level; None where there is none, or it would take longer than their spikes."""
    # To read a level costs some steps for each unit and bin, to count one for each spike.
    few = len(rows) * (len(grid.edges) - 1) <= min(MOST_BY_LEVEL, n_spikes // STEPS_BY_LEVEL)
    return _by_level(rec, rows[:, None], grid, t0, t1) if few else None


def _by_level(
    rec: Recording,
    groups: Sequence[NDArray[np.int64]] | NDArray[np.int64],
    grid: _Grid,
    t0: float | None,
    t1: float | None,
) -> NDArray[np.int64] | None:
    """The same counts from a level of the recording; None where it has none, or a unit is in two groups."""
    if count_level(rec) is None or not len(groups) or (place := group_of_units(rec, list(groups))) is None:
        return None
    # The end of the recording belongs to the last bin.
    edges = np.append(grid.edges[:-1], window_ticks(rec, t0, t1)[1])
    return column_counts(rec, (edges - 0.5) / rec.ticks_per_second, place, len(groups)).T


def pooled_counts(
    ticks: Ticks, first: Ticks, last: Ticks, start: int, width: int, n_bins: int
) -> NDArray[np.int32]:
    """Spikes of all bounded trains in each of n bins of `width` ticks from `start` on.

    Returns
    -------
    counts : (n_bins,) int32; past the last edge: the last bin
    """
    counts = np.zeros(n_bins, np.int32)
    stretch = max(1, min(NEAR_BINS, n_bins // MOST_THREADS))
    stretches = -(-n_bins // stretch)
    each = int((last - first).sum()) // stretches + len(first)
    in_equal_parts(
        lambda a, b: _count_pooled(ticks, first, last, start, width, stretch, a, b, counts), stretches, each
    )
    return counts


def population_errors(
    rec: Recording,
    bin_ms: float,
    groups: Sequence[Rows] | None = None,
    t0: float | None = None,
    t1: float | None = None,
) -> NDArray[np.float64]:
    """Standard error over units of the mean rate of groups of units in each bin; binned as in `binned_counts`.

    Parameters
    ----------
    rec, bin_ms, groups, t0, t1 : as in `population_counts`

    Returns
    -------
    sem : (P, B) Hz, s / √n with s² of ddof=1; NaN for groups of fewer than two units
    """
    chosen = population_groups(rec) if groups is None else groups
    errors = np.empty((len(chosen), len(_grid(rec, bin_ms, t0, t1).edges) - 1))
    for row, group in zip(errors, chosen, strict=True):
        row[:] = _group_errors(rec, bin_ms, unit_rows(rec, group), t0, t1)
    return errors


def _group_errors(
    rec: Recording, bin_ms: float, rows: NDArray[np.int64], t0: float | None, t1: float | None
) -> NDArray[np.float64]:
    grid = _grid(rec, bin_ms, t0, t1)
    ticks, first, last = trains_in(rec, rows, t0, t1)
    n, n_bins = len(rows), len(grid.edges) - 1
    if (counts := _units_by_level(rec, rows, grid, int((last - first).sum()), t0, t1)) is not None:
        sums, squares = counts.sum(axis=0), np.einsum("ub,ub->b", counts, counts)
    else:
        sums, squares = np.sum(
            in_parts(
                lambda a, b: _count_moments(ticks, first[a:b], last[a:b], grid.start, grid.width, n_bins),
                last - first,
            ),
            axis=0,
        )
    if n < 2:
        return np.full(len(sums), np.nan)
    # In integers up to the last step: a difference of large sums loses nothing.
    variance = (n * squares - sums * sums) / (n * (n - 1))
    return np.sqrt(variance / n) / _binned(rec, sums, grid).widths_s


def mean_z_scores(
    binned: Binned, rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means over blocks of z-scores: by how many standard deviations (ddof=0) the rate in a bin is off its row's mean.

    Parameters
    ----------
    binned : counts (U, B)
    rows, columns : (R + 1,) and (C + 1,) edges of blocks of rows and of bins, ascending

    Returns
    -------
    means : (R, C) float64, over the rows whose rate changes at all; NaN where none does
    known : (R,) int64, how many these are
    """
    sums = np.zeros((len(rows) - 1, len(columns) - 1))
    known = np.zeros(len(rows) - 1, np.int64)
    # Of one type, whatever the counts are kept in: for another the loop would be compiled once more.
    counts, widths = binned.counts.astype(np.uint32, copy=False), binned.widths_s
    in_equal_parts(
        lambda a, b: _add_z_scores(counts, widths, rows[a : b + 1], columns, sums[a:b], known[a:b]),
        len(known),
        2 * binned.counts.size / len(known),
    )
    with np.errstate(invalid="ignore"):
        return sums / np.outer(np.where(known, known, np.nan), np.diff(columns)), known


def population_groups(rec: Recording) -> list[NDArray[np.int64]]:
    """The unit rows of each population, in the order of `rec.populations`."""
    table = rec.populations
    return [np.arange(first, first + size) for first, size in zip(table["first"], table["size"], strict=True)]


@dataclass(frozen=True, eq=False)
class _Grid:
    start: int
    end: int
    width: int
    edges: Ticks
    bin_s: float
    snapped: bool


def _grid(rec: Recording, bin_ms: float, t0: float | None, t1: float | None) -> _Grid:
    duration_s(rec, t0, t1)
    width, snapped_ms, changed = snap_bin(rec.tick, bin_ms)
    start, end = window_edges(rec, t0, t1)
    end = max(end, start + 1)
    n_bins = -(-(end - start) // width)
    _check_size(1, n_bins)
    edges = start + width * np.arange(n_bins + 1, dtype=np.int64)
    return _Grid(start, end, width, edges, snapped_ms / 1000, changed)


def _binned(rec: Recording, counts: np.ndarray, grid: _Grid) -> Binned:
    over = int(grid.edges[-1]) - grid.end
    edges_s = np.minimum(grid.edges, grid.end) / rec.ticks_per_second
    partial = (grid.width - over) * rec.tick if over else 0.0
    return Binned(counts, edges_s, grid.bin_s, partial, grid.snapped)


def _check_size(n_rows: int, n_bins: int) -> None:
    if n_rows * n_bins > MOST_CELLS:
        raise RecordingError(
            f"{n_rows:,} rows of {n_bins:,} bins are more than can be held; take wider bins, fewer units or less time"
        )


@njit(cache=True, nogil=True)
def _bin_of(tick, start, width, inverse, final):
    """(tick - start) // width, and beyond the first or the last bin that bin."""
    elapsed = tick - start
    place = int(elapsed * inverse)
    # The product with the inverse may round to the wrong side of an edge; whole numbers put it right.
    rest = elapsed - place * width
    if rest < 0:
        place -= 1
    elif rest >= width:
        place += 1
    # Ticks of a damaged file may lie anywhere; what is counted must not.
    return max(0, min(place, final))


@njit(cache=True, nogil=True)
def _count_bins(ticks, first, last, start, width, counts):
    """Add each spike of the bounded trains to its bin of `counts` (U, B)."""
    inverse, final = 1.0 / width, counts.shape[1] - 1
    for row in range(len(first)):
        for k in range(first[row], last[row]):
            counts[row, _bin_of(ticks[k], start, width, inverse, final)] += 1


@njit(cache=True, nogil=True)
def _count_pooled(ticks, first, last, start, width, stretch, begin, end, counts):
    """Add the spikes of all trains in the stretches of bins begin…end - 1; in the last one, those beyond it too."""
    inverse, final = 1.0 / width, len(counts) - 1
    at = first.copy()
    if begin > 0:
        for row in range(len(first)):
            at[row] += np.searchsorted(ticks[first[row] : last[row]], start + begin * stretch * width)
    for number in range(begin, end):
        low = number * stretch
        base, past = start + low * width, start + (low + stretch) * width
        is_last = low + stretch > final
        for row in range(len(first)):
            k = at[row]
            while k < last[row] and (is_last or ticks[k] < past):
                # Half a tick more than whole numbers is nowhere so near to an edge that rounding could cross it.
                place = low + int((ticks[k] - base + 0.5) * inverse)
                # Ticks of a damaged file may lie anywhere; what is counted must not.
                counts[max(0, min(place, final))] += 1
                k += 1
            at[row] = k


@njit(cache=True, nogil=True)
def _count_moments(ticks, first, last, start, width, n_bins):
    """Sums over trains of their counts in each bin and of the squares, (2, B); costs a step per spike, not per bin."""
    moments = np.zeros((2, n_bins), np.int64)
    own = np.zeros(n_bins, np.int64)
    inverse, final = 1.0 / width, n_bins - 1
    for row in range(len(first)):
        for k in range(first[row], last[row]):
            place = _bin_of(ticks[k], start, width, inverse, final)
            moments[0, place] += 1
            moments[1, place] += 2 * own[place] + 1
            own[place] += 1
        for k in range(first[row], last[row]):
            own[_bin_of(ticks[k], start, width, inverse, final)] = 0
    return moments


# Sums may be taken in any order, so that several bins are looked at at once.
@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_z_scores(counts, widths, rows, columns, sums, known):
    rates = np.empty(len(widths))
    for block in range(len(rows) - 1):
        for row in range(rows[block], rows[block + 1]):
            rates[:] = counts[row] / widths
            if not (rates != rates[0]).any():
                continue
            known[block] += 1
            mean = rates.mean()
            deviation = np.sqrt(((rates - mean) ** 2).mean())
            for column in range(len(columns) - 1):
                inside = rates[columns[column] : columns[column + 1]]
                sums[block, column] += (inside.sum() - len(inside) * mean) / deviation
