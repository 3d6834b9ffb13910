"""Levels of a recording: how many spikes each unit had fired by each of some thousand moments.

Spikes between any two moments are then a difference of two rows of the table and the few spikes between a moment
and the nearest row: exact, and as fast for a hundred million spikes as for a million. A second table has the time
of every 512th spike, so that looking for a moment among all spikes reads a page or two of them, and how many spikes
each population had fired by then. The tables lie beside the columns they were made of (`level_*.npy`), and go when
these go. They are built when first needed, where it pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikeboard import store
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.columns import mapped, pieces, will_read
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, check_order
from spikeboard.replacing import replacing

# Below, counting every spike takes no longer than drawing what was counted.
WORTH = 5_000_000
# Spikes per number of the table: it is then some hundredth of the recording.
SPIKES_PER_CELL = 8
LEAST_ROWS, MOST_ROWS = 64, 2**14
NAMES = "before", "places", "times", "pools"
# Populations whose spikes are counted apart: of more, that table would outgrow the column of times.
MOST_POOLS = 64
# Spikes between those whose times are kept: their own times are one page of memory.
STRIDE = 512
# Steps of a nanosecond or so that it takes to find an edge among all spikes.
STEPS_PER_SEARCH = 300


@dataclass(frozen=True, eq=False)
class Level:
    """Spikes by moment.

    before : (L + 1, U) uint32, spikes of each unit before the moment
    places : (L + 1,) int64, how many of all spikes lie before it
    times : (K = N / 512, rounded up) float64, s, of every 512th spike
    pools : (K, P) uint32, spikes of each population before that one; (K, 0) for more than MOST_POOLS populations
    """

    before: np.ndarray
    places: np.ndarray
    times: np.ndarray
    pools: np.ndarray


def column_counts(
    rec: Recording, edges: NDArray[np.floating], place: NDArray[np.integer], n_places: int
) -> NDArray[np.int64]:
    """Spikes of groups of units between successive moments.

    Parameters
    ----------
    rec : the recording
    edges : (W + 1,) s, ascending; column c holds the spikes with edges[c] <= time < edges[c + 1]. To be safe from
        rounding, let them stand half a tick before the first tick of their column, as `column_edges` does
    place : (n_units,) the group of each unit, 0 to n_places - 1; -1 where it is not counted
    n_places : how many groups

    Returns
    -------
    counts : (W, n_places) int64

    Raises
    ------
    RecordingError : where a spike names a unit that is not there, as in a damaged file
    """
    check_order(rec)
    level = count_level(rec)
    if level is None:
        level = _no_level(len(rec.units))
    at = spikes_before(rec, edges)
    to = np.where((place < 0) | (place >= n_places), n_places, place).astype(np.int64)
    pooled = _of_populations(rec, level, to)
    if pooled is None:
        table, places, columns = np.asarray(level.before), np.asarray(level.places), to
    else:
        table, places, columns = np.asarray(level.pools), np.arange(len(level.pools)) * STRIDE, pooled
        # As mapped ones are: see `_no_level`.
        places.flags.writeable = False
    # The row of the table at or before each edge.
    row = np.searchsorted(places, at, side="right") - 1
    # Past the groups, one place for spikes that are not counted, and one for those of units that are not there.
    counts = np.zeros((len(edges) - 1, n_places + 2), np.int64)
    rows = np.asarray(rec.rows_to_draw)
    if len(table) > 1:
        will_read(table, row, row + 1)
        will_read(rows, places[row], at)

    def count(first: int, stop: int) -> None:
        _count(rows, at, table, places, row, to, columns, first, stop, counts)

    in_parts(count, _work(at, places, row, len(columns)))
    _check_units(int(counts[:, n_places + 1].sum()))
    return counts[:, :n_places]


def smooth_counts(
    rec: Recording, edges: NDArray[np.floating], place: NDArray[np.integer], n_places: int, within: float
) -> NDArray[np.float64]:
    """The same, where spikes may count at a moment a little off their own: for what is smoothed afterwards.

    Parameters
    ----------
    rec, edges, place, n_places : as in `column_counts`
    within : s, how far off at most. Where 512 successive spikes take no longer, those of each group lie evenly between
        the first and the last of them; elsewhere each spike counts where it is, and so it does where a group is not
        made of whole populations

    Returns
    -------
    counts : (W, n_places) float64; their sum is that of `column_counts`
    """
    level = count_level(rec)
    to = np.where((place < 0) | (place >= n_places), n_places, place).astype(np.int64)
    pooled = None if level is None else _of_populations(rec, level, to)
    if level is None or pooled is None:
        return column_counts(rec, edges, place, n_places).astype(np.float64)
    times = np.asarray(level.times)
    stretch = np.searchsorted(times, edges)
    ends = np.append(times, np.inf)
    exactly = (stretch > 0) & ~(ends[stretch] - ends[stretch - 1] <= within)
    # The whole stretch of an end: between exact and smooth edges of one there would be fewer spikes than none.
    exactly |= np.isin(stretch, stretch[[0, -1]])
    groups = np.asarray(level.pools) @ (pooled[:, None] == np.arange(n_places)).astype(np.float64)
    before = np.stack([np.interp(edges, times, group) for group in groups.T], axis=1)
    before[exactly] = column_counts(rec, np.append(-np.inf, edges[exactly]), place, n_places).cumsum(axis=0)
    return np.diff(before, axis=0)


def spikes_before(rec: Recording, moments: NDArray[np.floating]) -> NDArray[np.int64]:
    """How many of all spikes lie before some moments.

    Parameters
    ----------
    rec : the recording
    moments : s, any shape

    Returns
    -------
    int64, the shape of moments
    """
    times, sought = np.asarray(rec.spike_times), np.ravel(np.asarray(moments, np.float64))
    level = count_level(rec)
    if level is None:
        edges = np.tile([0, len(times)], (len(sought), 1))
    else:
        stretches = np.searchsorted(level.times, sought)
        edges = _stretch_edges(stretches, len(times))
        will_read(times, *_stretch_edges(np.unique(stretches), len(times)).T)
    found = np.empty(len(sought), np.int64)
    in_equal_parts(
        lambda a, b: _find(times, sought[a:b], edges[a:b], found[a:b]), len(sought), STEPS_PER_SEARCH
    )
    return found.reshape(np.shape(moments))


def train_places(rec: Recording, moments: NDArray[np.floating]) -> NDArray[np.int64] | None:
    """Where each train stands at some moments, from the table; None where the recording has none.

    Parameters
    ----------
    rec : the recording
    moments : (M,) s, ascending, half a tick before the ticks that are meant

    Returns
    -------
    (M, n_units) int64, places among `train_ticks`: that of a unit's first spike at or after the moment, or, where it
    has none, the end of its train
    """
    if count_level(rec) is None:
        return None
    n_units = len(rec.units)
    since_start = column_counts(rec, np.append(-np.inf, moments), np.arange(n_units), n_units).cumsum(axis=0)
    return np.minimum(rec.train_offsets[:-1] + since_start, rec.train_offsets[1:])


def row_counts(
    rec: Recording, units: NDArray[np.integer], start: float, stop: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Spikes of units between the moments of the table; None where the recording has none.

    Parameters
    ----------
    rec : the recording
    units : (U,) unit rows
    start, stop : s, which moments: those between, and the next to either side

    Returns
    -------
    edges : (W + 1,) s, ascending; two may be the same
    counts : (W, U) of whole numbers
    """
    level = count_level(rec)
    if level is None:
        return None
    # Rows stand at spikes whose times are kept, but for the last: it is the end.
    moments = np.append(level.times[level.places[:-1] // STRIDE], rec.t_stop + rec.tick)
    first = max(int(np.searchsorted(moments, start, side="right")) - 1, 0)
    first = min(first, len(moments) - 2)
    last = max(int(np.searchsorted(moments, stop)), first + 1) + 1
    # Row after row, as it is stored; `[first:last, units]` would lay it out the other way.
    before = np.take(level.before[first:last], units, axis=1)
    return moments[first:last], np.diff(before, axis=0)


@lru_cache(maxsize=16)
def count_level(rec: Recording) -> Level | None:
    """The table of a recording, built if need be; None where it would not pay, or can be kept nowhere."""
    n_rows = min(len(rec.spike_times) // max(SPIKES_PER_CELL * len(rec.units), STRIDE), MOST_ROWS)
    if rec.folder is None or len(rec.spike_times) < WORTH or n_rows < LEAST_ROWS:
        return None
    try:
        columns = store.columns_of(rec.folder)
        # Where the table that is written last is there, all are.
        if not (columns / f"level_{NAMES[-1]}.npy").exists():
            _build(rec, columns, n_rows)
        return _read(rec, columns)
    except RecordingError:
        raise
    except (OSError, ValueError):  # a folder that cannot be written has no levels
        return None


def _of_populations(rec: Recording, level: Level, to: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The group of each population that is counted apart; None where they are not, or units of one are in two."""
    if not level.pools.shape[1]:
        return None
    of, groups = _population_of(rec), np.empty(level.pools.shape[1], np.int64)
    groups[of] = to
    return groups if np.array_equal(groups[of], to) else None


def _stretch_edges(stretches: NDArray[np.integer], n_spikes: int) -> NDArray[np.int64]:
    """The first spike of stretches between kept times, and the one past the last, (S, 2)."""
    return np.stack([np.maximum(stretches - 1, 0) * STRIDE, np.minimum(stretches * STRIDE, n_spikes)], axis=1)


def _no_level(n_units: int) -> Level:
    """That of a recording of which every spike is to be looked at."""
    tables = (
        np.zeros((1, n_units), np.uint32),
        np.zeros(1, np.int64),
        np.zeros(0),
        np.zeros((0, 0), np.uint32),
    )
    for table in tables:
        # As mapped ones are: to numba those that may be written are of another type, to be compiled for once more.
        table.flags.writeable = False
    return Level(*tables)


def _read(rec: Recording, columns: Path) -> Level:
    before, places, times, pools = (mapped(columns / f"level_{name}.npy") for name in NAMES)
    whole = before.ndim == 2 and before.shape == (len(places), len(rec.units)) and before.dtype == np.uint32
    whole &= times.shape == (-(-len(rec.spike_times) // STRIDE),) and times.dtype == np.float64
    whole &= pools.shape == (len(times), _n_pools(rec)) and pools.dtype == np.uint32
    if not whole or places[0] != 0 or places[-1] > len(rec.spike_times) or np.any(np.diff(places) < 0):
        raise ValueError("levels that do not fit their recording")
    return Level(before, places, times, pools)


def _build(rec: Recording, columns: Path, n_rows: int) -> None:
    # Rows stand at equal numbers of spikes, not of seconds: a burst then costs no more than a silence.
    places = np.linspace(0, len(rec.spike_times), n_rows + 1).astype(np.int64) // STRIDE * STRIDE
    places[-1] = len(rec.spike_times)
    rows = np.asarray(rec.rows_to_draw)
    before = _tables(rows, places, np.arange(len(rec.units)), len(rec.units))
    _check_units(len(rec.spike_rows) - int(before[-1].sum(dtype=np.int64)))
    times = np.concatenate([some[::STRIDE] for (some,) in pieces(np.asarray(rec.spike_times))])
    every = np.arange(len(times)) * STRIDE
    pools = _tables(rows, every, _population_of(rec), _n_pools(rec))
    for name, values in zip(NAMES, (before, places, times, pools), strict=True):
        with replacing(columns / f"level_{name}.npy") as temporary:
            np.save(temporary, values, allow_pickle=False)


def _population_of(rec: Recording) -> NDArray[np.int64]:
    """The place of each unit's population among all, (n_units,)."""
    return np.repeat(np.arange(len(rec.populations)), rec.populations["size"])


def _n_pools(rec: Recording) -> int:
    n = len(rec.populations)
    return n if n <= MOST_POOLS else 0


def _check_units(strangers: int) -> None:
    if strangers:
        raise RecordingError(
            f"this recording is damaged: {strangers:,} spikes name units it does not have; open its source again"
        )


def _work(
    at: NDArray[np.integer], places: NDArray[np.integer], row: NDArray[np.integer], n_units: int
) -> NDArray[np.integer]:
    """Steps that each column takes: every spike, or two rows of the table and what lies beside them."""
    rest = at - places[row]
    return np.minimum(np.diff(at), 2 * n_units + rest[1:] + rest[:-1])


@njit(cache=True, nogil=True)
def _tables(rows, places, to, n_columns):
    before = np.zeros((len(places), n_columns), np.uint32)
    for k in range(1, len(places)):
        before[k] = before[k - 1]
        for unit in rows[places[k - 1] : places[k]]:
            if 0 <= unit < len(to) and to[unit] < n_columns:
                before[k, to[unit]] += 1
    return before


@njit(cache=True, nogil=True)
def _find(times, moments, edges, found):
    for k in range(len(moments)):
        first, stop = edges[k]
        found[k] = first + np.searchsorted(times[first:stop], moments[k])


@njit(cache=True, nogil=True)
def _count(rows, at, before, places, row, to, columns, first, stop, counts):
    for c in range(first, stop):
        begin, end, low, high = at[c], at[c + 1], row[c], row[c + 1]
        beside = 2 * len(columns) + begin - places[low] + end - places[high]
        if end - begin <= beside:
            _add(rows[begin:end], to, 1, counts[c])
            continue
        for column in range(len(columns)):
            counts[c, columns[column]] += np.int64(before[high, column]) - np.int64(before[low, column])
        _add(rows[places[high] : end], to, 1, counts[c])
        _add(rows[places[low] : begin], to, -1, counts[c])


@njit(cache=True, nogil=True)
def _add(rows, to, one, column):
    for unit in rows:
        column[to[unit] if 0 <= unit < len(to) else len(column) - 1] += one
