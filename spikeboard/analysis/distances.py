"""How far apart two spike trains are, and which of their spikes belong together.

Everything is computed on the ticks of the window, so that nothing depends on when a recording starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit

from spikeboard.analysis.groups import Group, Trains, bin_ticks_of, check_size, grouped_trains, positive
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.analysis.trains import read_only, without_repeats
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

T = TypeVar("T")

# Steps of a few ns that one call may take: about half a minute.
MOST_STEPS = 5_000_000_000
# What a spike of a pair costs at the least.
STEP_NS = 20
# Time constants after which a decay that several traces have in common is taken into them.
MOST_DECAYS = 50
# What a spike of a pair takes where it is more than one step.
STEPS_PER_SPIKE = {"spike": 30, "isi": 20, "synchronisation": 15}
# Spikes that all trains, and the two of a profile, may hold: some 400 MB.
MOST_SPIKES, MOST_PROFILED = 25_000_000, 4_000_000
# Bytes that the matching of two trains may take to remember its choices.
MOST_CHOICES = 500_000_000
# Below this share of the two trains' own terms, the difference of sums has lost half its digits.
CANCELLED = 1e-6


@dataclass(frozen=True, eq=False)
class Profile:
    """A distance over time, piecewise linear: between two edges it runs from `left` to `right`.

    edges_s : (K + 1,) float64, s on the recording's clock: the window's ends and every spike of either train
    left, right : (K,) float64, dimensionless, just after the left edge and just before the right edge of each piece
    mean : its mean over the window: the distance
    """

    edges_s: np.ndarray
    left: np.ndarray
    right: np.ndarray
    mean: float


@dataclass(frozen=True, eq=False)
class Matching:
    """Which spikes of two trains belong together.

    pairs : (K, 2) int64, positions in the first and the second train, ascending in both
    missing : positions in the first train of spikes that the second lacks
    extra : positions in the second train of spikes that the first lacks
    displacement : (K,) int64 ticks, second minus first
    """

    pairs: np.ndarray
    missing: np.ndarray
    extra: np.ndarray
    displacement: np.ndarray


@dataclass(frozen=True)
class Divergence:
    """The first spike without a partner.

    tick : when
    in_first : whether it is a spike of the first train (that the second lacks)
    """

    tick: int
    in_first: bool


def van_rossum(
    rec: Recording,
    units: Sequence[Group] | None,
    tau_ms: float,
    normalisation: str = "unit",
    t0: float | None = None,
    t1: float | None = None,
) -> np.ndarray:
    """Van Rossum distance of all pairs: of the trains smoothed by a causal exponential, the Euclidean distance.

    Parameters
    ----------
    rec : the recording
    units : unit rows, or lists of unit rows to be pooled; None takes every unit
    tau_ms : time constant of the exponential, ms
    normalisation : "unit": one lone spike is 1 away from silence (as in Elephant); "paper": 1/√2 of that
    t0, t1 : window, s; the exponentials of its last spikes run on beyond it

    Returns
    -------
    (G, G) float64, dimensionless

    Notes
    -----
    van Rossum, Neural Computation 13 (2001); the sweep: Houghton and Kreuz, Network 23 (2012).
    """
    scale = _choice({"unit": 1.0, "paper": np.sqrt(0.5)}, normalisation, "normalisation")
    return scale * _van_rossum(grouped_trains(rec, units, t0, t1), tau_ms)


def victor_purpura(
    rec: Recording,
    units: Sequence[Group] | None,
    cost_hz: float,
    t0: float | None = None,
    t1: float | None = None,
) -> np.ndarray:
    """Victor–Purpura distance of all pairs: the least cost of turning one train into the other.

    A spike may be deleted or inserted for 1 and moved by Δt for cost_hz · |Δt|.

    Parameters
    ----------
    rec, units, t0, t1 : as for `van_rossum`
    cost_hz : per second of displacement; 0 counts spikes only, infinite asks for exact coincidence

    Returns
    -------
    (G, G) float64, dimensionless

    Raises
    ------
    RecordingError
        where it would take longer than about half a minute (`steps_needed`)

    Notes
    -----
    Victor and Purpura, Journal of Neurophysiology 76 (1996). Spikes further apart than 2 / cost are never moved onto
    each other, so that only pairs within that reach are looked at.
    """
    return _victor_purpura(grouped_trains(rec, units, t0, t1), cost_hz)


def isi_distance(
    rec: Recording, units: Sequence[Group] | None = None, t0: float | None = None, t1: float | None = None
) -> np.ndarray:
    """ISI-distance of all pairs: how much the current inter-spike intervals differ, averaged over time. No parameter.

    Before the first and after the last spike the interval is the time to the edge of the window, or the neighbouring
    interval where that is longer; a silent train has one interval, the window. Spikes of a train at one time count as
    one, here and in the two measures below.

    Parameters
    ----------
    rec, units, t0, t1 : as for `van_rossum`

    Returns
    -------
    (G, G) float64 in [0, 1)

    Notes
    -----
    Kreuz et al., Journal of Neuroscience Methods 165 (2007); edges as in Mulansky et al., IEEE EBCCSP (2015).
    """
    trains = _within_reach(grouped_trains(rec, units, t0, t1), "isi", None)
    return _over_pairs(_distinct(trains), lambda a, b: _mean(*_isi_profile(a, b, trains.start, trains.stop)))


def spike_distance(
    rec: Recording, units: Sequence[Group] | None = None, t0: float | None = None, t1: float | None = None
) -> np.ndarray:
    """SPIKE-distance of all pairs: how far each spike is from the other train's, per local interval. No parameter.

    Parameters
    ----------
    rec, units, t0, t1 : as for `van_rossum`

    Returns
    -------
    (G, G) float64 in [0, 1]

    Notes
    -----
    Kreuz et al., Journal of Neurophysiology 109 (2013); edges as in Mulansky et al., IEEE EBCCSP (2015).
    """
    trains = _within_reach(grouped_trains(rec, units, t0, t1), "spike", None)
    return _over_pairs(
        _distinct(trains), lambda a, b: _mean(*_spike_profile(a, b, trains.start, trains.stop))
    )


def spike_synchronisation(
    rec: Recording, units: Sequence[Group] | None = None, t0: float | None = None, t1: float | None = None
) -> np.ndarray:
    """SPIKE-synchronisation of all pairs: the share of spikes with a partner nearer than half of every interval around.

    A similarity, not a distance: 1 where every spike has its partner (two silent trains included), 0 where none has.

    Parameters
    ----------
    rec, units, t0, t1 : as for `van_rossum`

    Returns
    -------
    (G, G) float64 in [0, 1]

    Notes
    -----
    Kreuz, Mulansky and Bozanic, Journal of Neurophysiology 113 (2015).
    """
    trains = _within_reach(grouped_trains(rec, units, t0, t1), "synchronisation", None)
    return _over_pairs(_distinct(trains), lambda a, b: _synchronisation(a, b, trains.span), itself=1.0)


def distance_matrix(
    rec: Recording,
    units: Sequence[Group] | None,
    method: str,
    parameter: float | None = None,
    t0: float | None = None,
    t1: float | None = None,
) -> np.ndarray:
    """Any of the distances, by name.

    Parameters
    ----------
    rec, units, t0, t1 : as for `van_rossum`
    method : "van_rossum", "victor_purpura", "isi", "spike" or "synchronisation" (1 - SPIKE-synchronisation)
    parameter : tau in ms of the first, cost in Hz of the second; the others have none

    Returns
    -------
    (G, G) float64
    """
    known: dict[str, Callable[[], np.ndarray]] = {
        "van_rossum": lambda: van_rossum(rec, units, _given(parameter, method), t0=t0, t1=t1),
        "victor_purpura": lambda: victor_purpura(rec, units, _given(parameter, method), t0, t1),
        "isi": lambda: isi_distance(rec, units, t0, t1),
        "spike": lambda: spike_distance(rec, units, t0, t1),
        "synchronisation": lambda: 1.0 - spike_synchronisation(rec, units, t0, t1),
    }
    return _choice(known, method, "distance")()


def distance_curve(
    rec: Recording,
    one: Group,
    other: Group,
    method: str,
    parameters: Sequence[float],
    t0: float | None = None,
    t1: float | None = None,
) -> np.ndarray:
    """A distance of two trains as its parameter varies: at which time scale they differ.

    Parameters
    ----------
    one, other : a unit row, or several to be pooled
    method : "van_rossum" (parameters are tau in ms) or "victor_purpura" (cost in Hz)
    parameters : (K,)

    Returns
    -------
    (K,) float64
    """
    trains = grouped_trains(rec, [one, other], t0, t1)
    of = _choice({"van_rossum": _van_rossum, "victor_purpura": _victor_purpura}, method, "curve")
    curve = np.empty(len(parameters))

    def fill(first: int, last: int) -> None:
        for k in range(first, last):
            curve[k] = of(trains, parameters[k])[0, 1]

    in_equal_parts(fill, len(parameters), STEP_NS * trains.n_spikes)
    return curve


def distance_profile(
    rec: Recording, one: Group, other: Group, method: str, t0: float | None = None, t1: float | None = None
) -> Profile:
    """ISI- or SPIKE-distance of two trains over time.

    Parameters
    ----------
    one, other : a unit row, or several to be pooled
    method : "isi" or "spike"
    t0, t1 : window, s

    Returns
    -------
    Profile
    """
    profile = _choice({"isi": _isi_profile, "spike": _spike_profile}, method, "profile")
    trains = grouped_trains(rec, [one, other], t0, t1)
    _check_spikes(trains, method)
    first, second = _distinct(trains)
    edges, left, right = profile(first, second, trains.start, trains.stop)
    return Profile(edges * rec.tick, left, right, _mean(edges, left, right))


def steps_needed(
    rec: Recording,
    units: Sequence[Group] | None,
    method: str,
    parameter: float | None = None,
    t0: float | None = None,
    t1: float | None = None,
) -> float:
    """About how many steps of a few ns a distance matrix takes, for a view that would rather refuse than wait.

    Parameters
    ----------
    as for `distance_matrix`
    """
    return _steps(grouped_trains(rec, units, t0, t1), method, parameter)


def match_spikes(first: np.ndarray, second: np.ndarray, tolerance_ticks: int) -> Matching:
    """One-to-one matching of the spikes of two trains: as many pairs as possible, then the least total displacement.

    Parameters
    ----------
    first, second : (n,), (m,) int64 ticks, ascending
    tolerance_ticks : largest displacement of a pair

    Returns
    -------
    Matching; never two pairs that cross

    Raises
    ------
    RecordingError
        where the tolerance joins so many spikes that the choices do not fit into memory

    Notes
    -----
    Of an optimal matching of points on a line there is always one without crossings, so that dynamic programming over
    the pairs within the tolerance finds it.
    """
    low = np.searchsorted(second, first - tolerance_ticks, side="left")
    high = np.searchsorted(second, first + tolerance_ticks, side="right")
    size = int((high - low).sum())
    if size > MOST_CHOICES:
        raise RecordingError(
            f"the tolerance leaves {size:,} possible pairs between {len(first):,} and {len(second):,} spikes; "
            "choose a shorter window or a smaller tolerance"
        )
    partner = _matched(
        read_only(first), read_only(second), low, high, np.concatenate([[0], np.cumsum(high - low)])
    )
    mine = np.flatnonzero(partner >= 0)
    pairs = np.stack([mine, partner[mine]], axis=1).astype(np.int64)
    alone = np.ones(len(second), bool)
    alone[pairs[:, 1]] = False
    return Matching(
        pairs, np.flatnonzero(partner < 0), np.flatnonzero(alone), second[pairs[:, 1]] - first[pairs[:, 0]]
    )


def first_divergence(first: np.ndarray, second: np.ndarray, tolerance_ticks: int) -> Divergence | None:
    """The earliest spike of either train without a partner in `match_spikes`; None where all have one.

    Parameters
    ----------
    first, second : (n,), (m,) int64 ticks, ascending
    tolerance_ticks : largest displacement of a pair
    """
    found = match_spikes(first, second, tolerance_ticks)
    candidates = [Divergence(int(first[k]), True) for k in found.missing[:1]]
    candidates += [Divergence(int(second[k]), False) for k in found.extra[:1]]
    return min(candidates, key=lambda found: found.tick, default=None)


def matched_trains(
    rec: Recording,
    one: Group,
    other: Group,
    tolerance_ms: float,
    t0: float | None = None,
    t1: float | None = None,
) -> tuple[Trains, Matching]:
    """Two trains of a recording and how their spikes match.

    Parameters
    ----------
    one, other : a unit row, or several to be pooled
    tolerance_ms : largest displacement of a pair, ms; taken to the nearest whole number of ticks
    t0, t1 : window, s

    Returns
    -------
    trains : the two trains, trains[0] and trains[1], in ticks
    matching : Matching of their positions
    """
    trains = grouped_trains(rec, [one, other], t0, t1)
    return trains, match_spikes(trains[0], trains[1], bin_ticks_of(rec, tolerance_ms))


def _choice(known: dict[str, T], name: str, what: str) -> T:
    if name not in known:
        raise RecordingError(f"no {what} {name!r}; there are {', '.join(map(repr, known))}")
    return known[name]


def _given(parameter: float | None, method: str) -> float:
    if parameter is None:
        raise RecordingError(f"{method} needs its parameter: a time constant in ms, or a cost in Hz")
    return parameter


def _distinct(trains: Trains) -> list[np.ndarray]:
    """Each time once: the interval between two spikes at one time is no time scale."""
    return [read_only(without_repeats(trains[k])) for k in range(len(trains))]


def _over_pairs(
    trains: Sequence[np.ndarray], of: Callable[[np.ndarray, np.ndarray], float], itself: float = 0.0
) -> np.ndarray:
    found = np.full((len(trains), len(trains)), itself)
    pairs = np.argwhere(np.triu(np.ones(found.shape, bool), 1))
    lengths = np.array([len(train) for train in trains], float)

    def fill(first: int, last: int) -> None:
        for i, j in pairs[first:last].tolist():
            found[i, j] = found[j, i] = of(trains[i], trains[j])

    in_parts(fill, STEP_NS * lengths[pairs].sum(axis=1))
    return found


def _within_reach(trains: Trains, method: str, parameter: float | None) -> Trains:
    """The trains, unless a matrix of their distances would take too much memory or time."""
    check_size(len(trains))
    _check_spikes(trains, method)
    steps = _steps(trains, method, parameter)
    if steps > MOST_STEPS:
        raise RecordingError(
            f"the {method} distance of these {len(trains)} trains with {trains.n_spikes:,} spikes takes about "
            f"{steps:.1e} steps, at most {MOST_STEPS:.0e} are taken; choose fewer units, a shorter window"
            + (" or a higher cost" if method == "victor_purpura" else "")
        )
    return trains


def _check_spikes(trains: Trains, method: str) -> None:
    """Refuse trains, or the two longest where a profile is made of them, that would take gigabytes."""
    profiled = int(np.sort(trains.counts)[-2:].sum()) if method in ("isi", "spike") else 0
    for n, most, whose in (
        (trains.n_spikes, MOST_SPIKES, f"{len(trains)} trains"),
        (profiled, MOST_PROFILED, "two trains"),
    ):
        if n > most:
            raise RecordingError(
                f"the {method} distance of {whose} with {n:,} spikes does not fit into memory, at most {most:,} "
                "are taken; choose fewer units or a shorter window"
            )


def _steps(trains: Trains, method: str, parameter: float | None) -> float:
    n = trains.counts.astype(float)
    linear = n.sum() * (len(n) - 1) * STEPS_PER_SPIKE.get(method, 1)
    if method != "victor_purpura" or not parameter:
        return float(linear)
    reach = min(1.0, 4.0 / (parameter * trains.duration))
    return float(linear + reach * (n.sum() ** 2 - (n**2).sum()) / 2)


def _victor_purpura(trains: Trains, cost_hz: float) -> np.ndarray:
    if not cost_hz >= 0:
        raise RecordingError(f"the cost of moving a spike must be 0 or more per second, got {cost_hz:g}")
    _within_reach(trains, "victor_purpura", cost_hz)
    if cost_hz == 0:
        return np.abs(trains.counts[:, None] - trains.counts[None]).astype(float)
    return _over_pairs(
        [trains[k] for k in range(len(trains))], lambda a, b: _moving_cost(a, b, cost_hz * trains.tick)
    )


def _van_rossum(trains: Trains, tau_ms: float) -> np.ndarray:
    tau = positive(tau_ms, "the time constant", "ms") * 1e-3 * trains.rec.ticks_per_second
    _within_reach(trains, "van_rossum", tau_ms)
    sums = _overlaps(*trains.by_time, len(trains), tau)
    sums = sums + sums.T + np.diag(trains.counts)
    own = np.diagonal(sums)
    squared = own[:, None] + own[None] - 2 * sums
    np.fill_diagonal(squared, 0.0)
    for i, j in np.argwhere(np.triu(squared < CANCELLED * (own[:, None] + own[None]), 1)):
        squared[i, j] = squared[j, i] = _squared_difference(trains[i], trains[j], tau)
    return np.sqrt(np.maximum(squared, 0.0))


def _mean(edges: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    return float(np.dot(np.diff(edges), left + right) / 2 / (edges[-1] - edges[0]))


@njit(cache=True, nogil=True)
def _overlaps(ticks, rows, n_rows, tau):
    """[i, j] = Σ exp(-Δ / tau) over pairs of a spike of i and an earlier one of j; ties in order of row."""
    sums = np.zeros((n_rows, n_rows))
    # What is left of each train's spikes, but for the decay since `start` that all of them have in common.
    trace = np.zeros(n_rows)
    start = ticks[0] if len(ticks) else 0
    for s in range(len(ticks)):
        if ticks[s] - start > MOST_DECAYS * tau:
            decay = np.exp(-(ticks[s] - start) / tau)
            start = ticks[s]
            for j in range(n_rows):
                # Numbers below the normal range are slow to compute with and add nothing.
                trace[j] = trace[j] * decay if trace[j] * decay > 1e-200 else 0.0
        gain = np.exp((ticks[s] - start) / tau)
        found, decay = sums[rows[s]], 1.0 / gain
        for j in range(n_rows):
            found[j] += trace[j] * decay
        trace[rows[s]] += gain
    return sums


@njit(cache=True, nogil=True)
def _squared_difference(a, b, tau):
    """Squared van Rossum distance from the difference of the trains: exactly 0 where they are equal."""
    i = 0
    j = 0
    last = 0
    trace = 0.0
    total = 0.0
    while i < len(a) or j < len(b):
        now = a[i] if j == len(b) or (i < len(a) and a[i] <= b[j]) else b[j]
        step = 0
        while i < len(a) and a[i] == now:
            step += 1
            i += 1
        while j < len(b) and b[j] == now:
            step -= 1
            j += 1
        trace *= np.exp(-(now - last) / tau)
        total += step * (step + 2.0 * trace)
        trace += step
        last = now
    return total


@njit(cache=True, nogil=True)
def _moving_cost(a, b, cost):
    """Spikes of both less the most that moving instead of deleting and inserting saves."""
    saved = np.zeros(len(b) + 1)
    low = 0
    high = 0
    for t in a:
        while low < len(b) and cost * (t - b[low]) >= 2.0 and b[low] < t:
            low += 1
        while high < len(b) and (b[high] <= t or cost * (b[high] - t) < 2.0):
            high += 1
            saved[high] = saved[high - 1]
        before = saved[low]
        for j in range(low, high):
            gap = abs(b[j] - t)
            moved = before + (2.0 - cost * gap if gap else 2.0)
            before = saved[j + 1]
            saved[j + 1] = max(saved[j + 1], saved[j], moved)
    return len(a) + len(b) - saved[high]


@njit(cache=True, nogil=True)
def _spanned(train, start, stop):
    """The train, or the window's ends where it is silent."""
    return train if len(train) else np.array([start, stop])


@njit(cache=True, nogil=True)
def _interval_at(train, edges, start, stop):
    """Length of the interval of a train around each piece between two edges, corrected at the window's ends."""
    n = len(train)
    before = train[0] - start
    after = stop - train[-1]
    if n > 1:
        before = max(before, train[1] - train[0])
        after = max(after, train[-1] - train[-2])
    lengths = np.empty(len(edges) - 1)
    k = 0
    for piece in range(len(lengths)):
        while k < n and train[k] <= edges[piece]:
            k += 1
        lengths[piece] = before if k == 0 else after if k == n else train[k] - train[k - 1]
    return lengths


@njit(cache=True, nogil=True)
def _edges(a, b, start, stop):
    """The window's ends and all spikes of both trains, each time once."""
    edges = np.empty(len(a) + len(b) + 2, np.int64)
    edges[0] = start
    k = i = j = 0
    while i < len(a) or j < len(b):
        if j == len(b) or (i < len(a) and a[i] <= b[j]):
            t = a[i]
            i += 1
        else:
            t = b[j]
            j += 1
        if t > edges[k]:
            k += 1
            edges[k] = t
    if stop > edges[k]:
        k += 1
        edges[k] = stop
    return edges[: k + 1]


@njit(cache=True, nogil=True)
def _between(train, gaps, edges):
    """Gaps of the neighbouring spikes at each edge, weighted by their nearness in time; constant beyond the ends."""
    found = np.empty(len(edges))
    n = len(train)
    k = 0
    for e in range(len(edges)):
        while k < n and train[k] <= edges[e]:
            k += 1
        if k == 0 or k == n:
            found[e] = gaps[max(k - 1, 0)]
        else:
            share = (edges[e] - train[k - 1]) / (train[k] - train[k - 1])
            found[e] = gaps[k - 1] * (1.0 - share) + gaps[k] * share
    return found


@njit(cache=True, nogil=True)
def _isi_profile(a, b, start, stop):
    a, b = _spanned(a, start, stop), _spanned(b, start, stop)
    edges = _edges(a, b, start, stop)
    one, other = _interval_at(a, edges, start, stop), _interval_at(b, edges, start, stop)
    ratio = np.abs(one - other) / np.maximum(one, other)
    return edges, ratio, ratio


@njit(cache=True, nogil=True)
def _nearest(train, other, start, stop):
    """From each spike the distance to the nearest of the other train, which has one more beyond either end."""
    n = len(other)
    first = min(start, 2 * other[0] - other[1]) if n > 1 else start
    last = max(stop, 2 * other[-1] - other[-2]) if n > 1 else stop
    gaps = np.empty(len(train))
    k = 0
    for i in range(len(train)):
        while k < n and other[k] < train[i]:
            k += 1
        before = other[k - 1] if k else first
        after = other[k] if k < n else last
        gaps[i] = min(abs(train[i] - before), abs(after - train[i]))
    return gaps


@njit(cache=True, nogil=True)
def _spike_profile(a, b, start, stop):
    a, b = _spanned(a, start, stop), _spanned(b, start, stop)
    edges = _edges(a, b, start, stop)
    one, other = _interval_at(a, edges, start, stop), _interval_at(b, edges, start, stop)
    gap_a = _between(a, _nearest(a, b, start, stop), edges)
    gap_b = _between(b, _nearest(b, a, start, stop), edges)
    scale = 2.0 / (one + other) ** 2
    left = (gap_a[:-1] * other + gap_b[:-1] * one) * scale
    right = (gap_a[1:] * other + gap_b[1:] * one) * scale
    return edges, left, right


@njit(cache=True, nogil=True)
def _shortest_around(train, k, span):
    """The shorter of the intervals before and after a spike."""
    shortest = span
    if k > 0:
        shortest = min(shortest, train[k] - train[k - 1])
    if k + 1 < len(train):
        shortest = min(shortest, train[k + 1] - train[k])
    return shortest


@njit(cache=True, nogil=True)
def _coincident(a, i, b, j, span):
    window = min(_shortest_around(a, i, span), _shortest_around(b, j, span))
    return 2 * abs(a[i] - b[j]) < window


@njit(cache=True, nogil=True)
def _synchronisation(a, b, span):
    if len(a) + len(b) == 0:
        return 1.0
    n = 0
    i = 0
    j = 0
    # A window of less than half an interval holds only neighbours in time, so one pass meets every coincidence once.
    while i < len(a) and j < len(b):
        if _coincident(a, i, b, j, span):
            n += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return 2.0 * n / (len(a) + len(b))


@njit(cache=True, nogil=True)
def _matched(a, b, low, high, offsets):
    """Position in b of the partner of each spike of a, -1 where it has none."""
    pairs = np.zeros(len(b) + 1, np.int64)
    moved = np.zeros(len(b) + 1, np.int64)
    choice = np.zeros(offsets[-1], np.uint8)
    reached = 0
    for i in range(len(a)):
        while reached < high[i]:
            reached += 1
            pairs[reached] = pairs[reached - 1]
            moved[reached] = moved[reached - 1]
        n, d = pairs[low[i]], moved[low[i]]
        for j in range(low[i], high[i]):
            with_pairs, with_moved = n + 1, d + abs(a[i] - b[j])
            n, d = pairs[j + 1], moved[j + 1]
            if pairs[j] > pairs[j + 1] or (pairs[j] == pairs[j + 1] and moved[j] < moved[j + 1]):
                pairs[j + 1], moved[j + 1] = pairs[j], moved[j]
                choice[offsets[i] + j - low[i]] = 1
            if with_pairs > pairs[j + 1] or (with_pairs == pairs[j + 1] and with_moved < moved[j + 1]):
                pairs[j + 1], moved[j + 1] = with_pairs, with_moved
                choice[offsets[i] + j - low[i]] = 2
    return _traced(choice, low, high, offsets, len(a), len(b))


@njit(cache=True, nogil=True)
def _traced(choice, low, high, offsets, n, m):
    partner = np.full(n, -1, np.int64)
    j = m
    for i in range(n - 1, -1, -1):
        j = min(j, high[i])
        while j > low[i] and choice[offsets[i] + j - 1 - low[i]] == 1:
            j -= 1
        if j > low[i] and choice[offsets[i] + j - 1 - low[i]] == 2:
            j -= 1
            partner[i] = j
    return partner
