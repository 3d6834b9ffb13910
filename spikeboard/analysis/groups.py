"""Spike trains of single units or pooled populations in one window: what correlation and distances start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numba import njit
from scipy import sparse

from spikeboard.analysis.trains import read_only, select_trains, snap_bin, window_edges, window_ticks
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

# Numbers of a matrix that still fit beside everything else in the memory of a small server (400 MB).
MOST_CELLS = 50_000_000
# Picking trains out of all spikes takes as long as sorting them where they are one in so many.
SORTED_BY = 16

# One row of a result: a unit row, or several whose spikes are pooled into one train.
Group = int | Sequence[int]


@dataclass(frozen=True, eq=False)
class Trains:
    """Spike trains of G groups in one window.

    ticks : (N,) int64, group after group, ascending inside each
    offsets : (G + 1,) int64
    start, stop : the window in ticks; a spike on `stop` belongs to it only where the recording ends there
    tick : seconds per tick
    members : the unit rows of each group
    member_counts : spikes of each of them, group after group
    spikes : times (M,) float64, s, and unit rows (M,) of all spikes of the window, of other units too, in order of time
    ticks_per_second : of the recording
    """

    ticks: np.ndarray
    offsets: np.ndarray
    start: int
    stop: int
    tick: float
    members: tuple[np.ndarray, ...]
    member_counts: np.ndarray
    spikes: tuple[np.ndarray, np.ndarray]
    ticks_per_second: float

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, group: int) -> np.ndarray:
        return self.ticks[self.offsets[group] : self.offsets[group + 1]]

    @property
    def counts(self) -> np.ndarray:
        """Spikes per group, (G,) int64."""
        return np.diff(self.offsets)

    @cached_property
    def shared(self) -> np.ndarray:
        """How many spikes two groups have in common, (G, G) int64: what an auto-correlogram leaves out."""
        rows = np.concatenate([*self.members, np.zeros(0, np.int64)])
        indptr = np.cumsum([0, *map(len, self.members)])
        shape = (len(self), int(rows.max(initial=-1)) + 1)
        holds = sparse.csr_array((np.ones(len(rows), np.int64), rows, indptr), shape=shape)
        spikes = sparse.csr_array((self.member_counts, rows, indptr), shape=shape)
        return np.asarray((holds @ spikes.T).toarray(), np.int64)

    @property
    def by_time(self) -> tuple[np.ndarray, np.ndarray]:
        """All spikes in order of time: ticks (N,) int64, and the group of each (N,) int32.

        Raises
        ------
        RecordingError
            where the spikes of the recording are not in order of time, as in a damaged file
        """
        rows = np.concatenate([*self.members, np.zeros(0, np.int64)])
        apart = len(rows) == len(self) == len(np.unique(rows))
        if apart and len(self.spikes[0]) <= SORTED_BY * len(self.ticks):
            return self._picked(rows)
        groups = np.repeat(np.arange(len(self), dtype=np.int32), self.counts)
        order = np.argsort(self.ticks, kind="stable")
        return read_only(self.ticks[order]), read_only(groups[order])

    def _picked(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        group_of = np.full(int(rows.max(initial=-1)) + 1, -1, np.int32)
        group_of[rows] = np.arange(len(rows))
        times, spike_rows = map(read_only, self.spikes)
        ticks, groups, n = _pick(times, spike_rows, group_of, self.ticks_per_second, len(self.ticks))
        if n != len(ticks):
            raise RecordingError(
                "this recording is damaged: its spikes are not in order of time; open its source again"
            )
        return read_only(ticks), read_only(groups)

    @property
    def span(self) -> int:
        """Length of the window in ticks."""
        return self.stop - self.start

    @property
    def duration(self) -> float:
        """Length of the window, s."""
        return self.span * self.tick

    @property
    def seconds(self) -> np.ndarray:
        """All spikes in seconds from the start of the window, (N,) float64: exact however late the window."""
        return (self.ticks - self.start) * self.tick


def grouped_trains(
    rec: Recording, groups: Sequence[Group] | None = None, t0: float | None = None, t1: float | None = None
) -> Trains:
    """Trains of units and pooled populations in the window [t0, t1).

    Parameters
    ----------
    rec : the recording
    groups : one entry per row of the result: a unit row, or several to be pooled; None takes every unit
    t0, t1 : the window in s; None is the start or the end of the recording

    Returns
    -------
    Trains

    Raises
    ------
    RecordingError
        where a unit row does not exist or the window is empty
    """
    members = _members(rec, groups)
    start, stop = window_ticks(rec, t0, t1)
    first, last = np.searchsorted(
        np.asarray(rec.spike_times), (np.array([start, stop]) - 0.5) / rec.ticks_per_second
    )
    end = window_edges(rec, t0, t1)[1]
    if end <= start:
        raise RecordingError("the time window has no length; choose a longer one")
    rows = np.concatenate([*members, np.zeros(0, np.int64)])
    ticks, offsets = select_trains(rec.train_ticks, rec.train_offsets, rows, start, stop)
    counts = np.diff(offsets)
    if any(len(group) != 1 for group in members):
        ticks, offsets = _pooled(ticks, offsets, np.cumsum([0, *map(len, members)]))
    spikes = rec.spike_times[first:last], rec.spike_rows[first:last]
    return Trains(ticks, offsets, start, end, rec.tick, members, counts, spikes, rec.ticks_per_second)


def check_size(n_groups: int, per_pair: int = 1) -> None:
    """Refuse a matrix of all pairs that would not fit into memory.

    Parameters
    ----------
    n_groups : trains
    per_pair : numbers for each pair of them

    Raises
    ------
    RecordingError
        where it has more than MOST_CELLS numbers
    """
    cells = n_groups * n_groups * per_pair
    if cells > MOST_CELLS:
        raise RecordingError(
            f"all pairs of {n_groups:,} trains take {cells:,} numbers, at most {MOST_CELLS:,} are computed at once; "
            "choose fewer units" + ("" if per_pair == 1 else ", wider bins or a shorter window")
        )


def bin_ticks_of(rec: Recording, bin_ms: float) -> int:
    """The bin width in whole ticks that is nearest to `bin_ms`, at least one."""
    return int(snap_bin(rec.tick, bin_ms)[0])


def positive(value: float, what: str, unit: str) -> float:
    """A setting that must be a positive number, unchanged.

    Raises
    ------
    RecordingError
        where it is zero, negative, infinite or not a number; it says which setting, and in what unit
    """
    if not (np.isfinite(value) and value > 0):
        raise RecordingError(f"{what} must be a positive number of {unit}, got {value:g}")
    return value


def _members(rec: Recording, groups: Sequence[Group] | None) -> tuple[np.ndarray, ...]:
    n_units = len(rec.train_offsets) - 1
    if groups is None:
        return tuple(np.arange(n_units)[:, None])
    members = tuple(np.unique(np.asarray(group, np.int64)) for group in groups)
    for rows in members:
        if rows.size and (rows[0] < 0 or rows[-1] >= n_units):
            raise RecordingError(f"unit rows must lie in 0..{n_units - 1}, got {rows[0]}..{rows[-1]}")
    return members


def _pooled(ticks: np.ndarray, offsets: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pooled = offsets[bounds]
    merged = [np.sort(ticks[a:b], kind="stable") for a, b in pairwise(pooled)]
    return read_only(np.concatenate([*merged, np.zeros(0, np.int64)])), pooled


@njit(cache=True, nogil=True)
def _pick(times, rows, group_of, per_second, most):
    """Ticks and groups of the spikes whose unit has one, and how many that are where all is well."""
    ticks, groups = np.empty(most, np.int64), np.empty(most, np.int32)
    n = 0
    for k in range(len(times)):
        group = group_of[rows[k]] if 0 <= rows[k] < len(group_of) else -1
        if group < 0:
            continue
        tick = np.int64(np.rint(times[k] * per_second))
        if n == most or (n and tick < ticks[n - 1]):
            return ticks, groups, -1
        ticks[n], groups[n] = tick, group
        n += 1
    return ticks, groups, n
