"""Spike trains of single units or pooled populations in one window: what correlation and distances start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numba import njit
from scipy import sparse

from spikeboard.analysis.bins import pooled_counts
from spikeboard.analysis.trains import gather, read_only, snap_bin, train_bounds, window_edges, window_ticks
from spikeboard.errors import RecordingError
from spikeboard.levels import spikes_before
from spikeboard.recording import Recording, check_order

# Numbers of a matrix that still fit beside everything else in the memory of a small server (400 MB).
MOST_CELLS = 50_000_000
# Picking trains out of all spikes takes as long as sorting them where they are one in so many.
SORTED_BY = 16

# One row of a result: a unit row, or several whose spikes are pooled into one train.
Group = int | Sequence[int]

# Spikes that are laid out in order of time at once where a sweep can go on from piece to piece: some 50 MB.
MOST_LAID_OUT = 4_000_000


@dataclass(frozen=True, eq=False)
class Trains:
    """Spike trains of G groups in one window; what is costly is laid out when it is first asked for.

    rec : the recording
    start, stop : the window in ticks
    last_tick : on which a spike may lie: `stop` where the recording ends there, else the tick before
    members : the unit rows of each group
    first, last : (M,) int64, which stretch of the train of each member lies in the window, group after group
    """

    rec: Recording
    start: int
    stop: int
    last_tick: int
    members: tuple[np.ndarray, ...]
    first: np.ndarray
    last: np.ndarray

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, group: int) -> np.ndarray:
        if len(self.members[group]) != 1:
            return self.ticks[self.offsets[group] : self.offsets[group + 1]]
        place = self.bounds[group]
        return read_only(self.rec.train_ticks)[self.first[place] : self.last[place]]

    @cached_property
    def bounds(self) -> np.ndarray:
        """Where the members of each group begin among all, (G + 1,) int64."""
        return np.cumsum([0, *map(len, self.members)])

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where the spikes of each group begin in `ticks`, (G + 1,) int64."""
        return np.concatenate([[0], np.cumsum(self.member_counts)])[self.bounds]

    @cached_property
    def ticks(self) -> np.ndarray:
        """(N,) int64, group after group, ascending inside each."""
        if (np.diff(self.bounds) == 1).all():
            return gather(self.rec.train_ticks, self.first, self.last)
        if self._pickable is not None:
            return read_only(_by_group(*self.by_time, self.offsets.copy()))
        members = [
            gather(self.rec.train_ticks, self.first[a:b], self.last[a:b]) for a, b in pairwise(self.bounds)
        ]
        return read_only(np.concatenate([np.sort(train, kind="stable") for train in members]))

    @property
    def rows(self) -> np.ndarray:
        """The unit rows of all members, group after group, (M,) int64."""
        return np.concatenate([*self.members, np.zeros(0, np.int64)])

    @property
    def member_counts(self) -> np.ndarray:
        """Spikes of each member, group after group, (M,) int64."""
        return self.last - self.first

    @property
    def counts(self) -> np.ndarray:
        """Spikes per group, (G,) int64."""
        return np.diff(self.offsets)

    @cached_property
    def shared(self) -> np.ndarray:
        """How many spikes two groups have in common, (G, G) int64: what an auto-correlogram leaves out."""
        rows = self.rows
        shape = (len(self), int(rows.max(initial=-1)) + 1)
        holds = sparse.csr_array((np.ones(len(rows), np.int64), rows, self.bounds), shape=shape)
        spikes = sparse.csr_array((self.member_counts, rows, self.bounds), shape=shape)
        return np.asarray((holds @ spikes.T).toarray(), np.int64)

    @cached_property
    def by_time(self) -> tuple[np.ndarray, np.ndarray]:
        """All spikes in order of time: ticks (N,) int64, and the group of each (N,) int32.

        Raises
        ------
        RecordingError
            where the spikes of the recording are not in order of time, as in a damaged file
        """
        if self._pickable is not None:
            return self._picked(self._pickable)
        groups = np.repeat(np.arange(len(self), dtype=np.int32), self.counts)
        order = np.argsort(self.ticks, kind="stable")
        return read_only(self.ticks[order]), read_only(groups[order])

    @property
    def n_spikes(self) -> int:
        """Spikes of all groups together."""
        return int(self.offsets[-1])

    def between(self, start: int, last_tick: int) -> Trains:
        """The same groups in a part of the window: the spikes on the ticks from `start` to `last_tick`."""
        start, last_tick = max(start, self.start), min(last_tick, self.last_tick)
        bounds = train_bounds(self.rec, self.rows, start, last_tick + 1)
        return replace(
            self, start=start, stop=last_tick + 1, last_tick=last_tick, first=bounds[0], last=bounds[1]
        )

    def cuts(self, reach: int) -> list[int]:
        """Ticks that part the window into pieces of some MOST_LAID_OUT spikes, each much longer than the reach."""
        wanted = min(-(-self.n_spikes // MOST_LAID_OUT), self.span // (4 * reach))
        inner = [self.start + k * self.span // wanted for k in range(1, wanted)]
        return [self.start, *inner, self.last_tick + 1]

    def binned(self, group: int, bin_ticks: int, n_bins: int) -> np.ndarray:
        """Spikes of a group in each of n whole bins from the start of the window, (n_bins,) int32."""
        rec = self.rec
        stop = self.start + n_bins * bin_ticks
        bounds = train_bounds(rec, self.members[group], self.start, stop)
        return pooled_counts(read_only(rec.train_ticks), *bounds, self.start, bin_ticks, n_bins)

    @property
    def tick(self) -> float:
        """Seconds per tick."""
        return self.rec.tick

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

    @cached_property
    def _pickable(self) -> slice | None:
        """The spikes of the recording that hold these, where to pick them out is quicker than to sort."""
        # Half a tick off, where no spike lies, so that rounding cannot move one across.
        edges_s = (np.array([self.start, self.last_tick + 1]) - 0.5) / self.rec.ticks_per_second
        first, last = spikes_before(self.rec, edges_s).tolist()
        disjoint = len(np.unique(self.rows)) == len(self.rows)
        return slice(first, last) if disjoint and last - first <= SORTED_BY * self.n_spikes else None

    def _picked(self, window: slice) -> tuple[np.ndarray, np.ndarray]:
        rows, rec = self.rows, self.rec
        group_of = np.full(int(rows.max(initial=-1)) + 1, -1, np.int32)
        group_of[rows] = np.repeat(np.arange(len(self)), np.diff(self.bounds))
        times, spike_rows = read_only(rec.spike_times[window]), read_only(rec.spike_rows[window])
        ticks, groups, n = _pick(times, spike_rows, group_of, rec.ticks_per_second, self.n_spikes)
        if n != len(ticks):
            raise RecordingError(
                "this recording is damaged: its spikes are not in order of time; open its source again"
            )
        return read_only(ticks), read_only(groups)


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
    check_order(rec)
    members = _members(rec, groups)
    start, end = window_edges(rec, t0, t1)
    if end <= start:
        raise RecordingError("the time window has no length; choose a longer one")
    rows = np.concatenate([*members, np.zeros(0, np.int64)])
    window = window_ticks(rec, t0, t1)
    first, last = train_bounds(rec, rows, *window)
    return Trains(rec, start, end, window[1] - 1, members, first, last)


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


@njit(cache=True, nogil=True)
def _by_group(ticks, groups, offsets):
    """Ticks in order of time laid out group after group; `offsets` is used up."""
    placed = np.empty(len(ticks), np.int64)
    for k in range(len(ticks)):
        placed[offsets[groups[k]]] = ticks[k]
        offsets[groups[k]] += 1
    return placed
