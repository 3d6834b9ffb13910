"""Spike counts per pixel of a raster: exact, of all spikes, whatever their number.

Spikes are sorted by time, so each pixel column is one stretch of them: its edges are found by bisection and
the rows inside it are counted.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard.analysis.parts import in_parts
from spikeboard.analysis.trains import Rows, duration_s, first_ticks_from, read_only, unit_rows, window_ticks
from spikeboard.errors import RecordingError
from spikeboard.levels import spikes_before
from spikeboard.recording import Recording, check_order

MOST_PIXELS = 64 * 10**6


def pixel_counts(
    rec: Recording,
    t0: float | None,
    t1: float | None,
    width: int,
    height: int,
    units: Rows = None,
    *,
    fill: bool = False,
) -> NDArray[np.uint32]:
    """Spikes in each pixel of a raster of the chosen units.

    Row 0 shows the first of `units`. With more units than pixel rows, neighbours share a row; with fewer, each
    unit is counted in the first pixel row of its band.

    Parameters
    ----------
    rec : the recording
    t0, t1 : s, None for the recording's own limits; a spike exactly at t_stop is in the last column
    width, height : pixels
    units : unit rows from top to bottom, None for all in their own order
    fill : repeat each unit's counts over its whole band, for a picture without gaps; the sum over the
        picture then exceeds the number of spikes

    Returns
    -------
    counts : (height, width) uint32

    Raises
    ------
    RecordingError : for a window without length or a picture of no or too many pixels
    """
    _check_picture(width, height)
    check_order(rec)
    order = unit_rows(rec, units)
    lut = row_pixels(len(rec.units), order, height)
    edges = column_edges(rec, t0, t1, width)
    counts = pixel_counts_ordered(rec.spike_times, rec.rows_to_draw, edges, lut, height)
    return _filled(counts, len(order)) if fill else counts


def row_pixels(n_units: int, order: NDArray[np.integer], height: int) -> NDArray[np.int32]:
    """Which pixel row shows each unit.

    Parameters
    ----------
    n_units : units of the recording
    order : unit rows from top to bottom, each at most once
    height : pixel rows

    Returns
    -------
    lut : (n_units,) int32, -1 where a unit is not shown
    """
    lut = np.full(n_units, -1, np.int32)
    lut[order] = np.arange(len(order), dtype=np.int64) * height // max(len(order), 1)
    return lut


def column_edges(rec: Recording, t0: float | None, t1: float | None, width: int) -> NDArray[np.floating]:
    """Times that part the spikes into pixel columns.

    Each edge stands half a tick before the first tick of its column, so that a spike on an edge cannot fall to
    the wrong side by rounding.

    Returns
    -------
    edges : (width + 1,) float64, s; column c holds the spikes with edges[c] <= time < edges[c + 1]
    """
    span = duration_s(rec, t0, t1)
    start = rec.t_start if t0 is None else max(t0, rec.t_start)
    ticks = first_ticks_from(start + span * np.arange(width + 1) / width, rec.ticks_per_second)
    ticks[0], ticks[-1] = window_ticks(rec, t0, t1)
    return (ticks - 0.5) / rec.ticks_per_second


def pixel_counts_ordered(
    times: NDArray[np.float64],
    rows: NDArray[np.integer],
    column_edges: NDArray[np.floating],
    lut: NDArray[np.int32],
    height: int,
) -> NDArray[np.uint32]:
    """Spikes in each pixel, for any order of units.

    Parameters
    ----------
    times : (N,) float64, s, ascending; may be memory-mapped
    rows : (N,) unit row of each spike, of any type of integer
    column_edges : (W + 1,) float64, s, ascending
    lut : (n_units,) int32, pixel row of each unit, -1 where it is not shown
    height : pixel rows

    Returns
    -------
    counts : (height, W) uint32, columns contiguous

    Raises
    ------
    RecordingError : where a spike names a unit that is not there, as in a damaged file
    """
    spikes = read_only(rows)
    edges = np.searchsorted(np.asarray(times)[: len(spikes)], column_edges)
    # Past the pixels, one place for spikes of units that are not shown, and one for those of units that are not there.
    place = np.append(np.where((lut < 0) | (lut >= height), height, lut), height + 1).astype(np.uint32)
    columns = np.zeros((len(edges) - 1, height + 2), np.uint32)
    in_parts(lambda first, last: _count_columns(spikes, edges, place, first, last, columns), np.diff(edges))
    if strangers := int(columns[:, height + 1].sum()):
        raise RecordingError(
            f"this recording is damaged: {strangers:,} spikes name units it does not have; open its source again"
        )
    return columns.T[:height]


def spikes_shown(rec: Recording, t0: float | None, t1: float | None) -> slice:
    """Which of `rec.spikes` lie in a window: the stretch that `pixel_counts` counts.

    Returns
    -------
    slice : of `rec.spike_times` and `rec.spike_rows`
    """
    edges = spikes_before(rec, column_edges(rec, t0, t1, 1))
    return slice(int(edges[0]), int(edges[1]))


def _check_picture(width: int, height: int) -> None:
    if width < 1 or height < 1 or width * height > MOST_PIXELS:
        raise RecordingError(f"a picture of {width} × {height} pixels cannot be drawn")


def _filled(counts: NDArray[np.uint32], n_rows: int) -> NDArray[np.uint32]:
    height = len(counts)
    if not 0 < n_rows < height:
        return counts
    first = np.arange(n_rows, dtype=np.int64) * height // n_rows
    return np.repeat(counts[first], np.diff(np.r_[first, height]), axis=0)


@njit(cache=True, nogil=True)
def _count_columns(rows, edges, place, first, last, columns):
    """Count into columns[first:last], each a line of memory that stays in the cache."""
    end = np.uint64(len(place) - 1)
    for c in range(first, last):
        column = columns[c]
        for row in rows[edges[c] : edges[c + 1]]:
            # Read as unsigned, a row that is not there is a large one: it goes to the last place.
            column[place[min(np.uint64(row), end)]] += np.uint32(1)
