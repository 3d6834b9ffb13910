"""Surrogate spike trains: what the same data would look like if one property of them were chance.

Every surrogate keeps the number of spikes, stays inside its window and is drawn from an explicit random generator.
Spikes that fall on one tick stay two spikes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikeboard.errors import RecordingError

Surrogate = Callable[[np.ndarray, int, int, np.random.Generator], np.ndarray]


def dither_ticks(
    train: np.ndarray, spread: int, start: int, stop: int, rng: np.random.Generator | int
) -> np.ndarray:
    """Each spike moved independently by up to ±spread: destroys timing finer than that, keeps slower rates.

    The displacement is uniform over the whole ticks that keep the spike inside the window: none piles up at an edge.

    Parameters
    ----------
    train : (n,) int64 ticks, ascending
    spread : largest displacement in ticks
    start, stop : window in ticks; `stop` itself is a possible place only where the train has a spike there
    rng : a generator, or the seed of one

    Returns
    -------
    (n,) int64 ticks, ascending

    Notes
    -----
    Date, Bienenstock and Geman, technical report, Brown University (1998).
    """
    low = np.maximum(train - spread, start)
    high = np.minimum(train + spread, start + _positions(train, start, stop) - 1)
    return _ascending(np.random.default_rng(rng).integers(low, high, endpoint=True))


def jitter_ticks(
    train: np.ndarray, bin_ticks: int, start: int, stop: int, rng: np.random.Generator | int
) -> np.ndarray:
    """Each spike placed anew within its bin: keeps the count of every bin exactly.

    Parameters
    ----------
    train : (n,) int64 ticks, ascending
    bin_ticks : width of the bins, which begin at `start`; the last may be cut by the window
    start, stop : window in ticks
    rng : a generator, or the seed of one

    Returns
    -------
    (n,) int64 ticks, ascending

    Notes
    -----
    Amarasingham et al., Journal of Neurophysiology 107 (2012).
    """
    left = start + (train - start) // bin_ticks * bin_ticks
    right = np.minimum(left + bin_ticks - 1, start + _positions(train, start, stop) - 1)
    return _ascending(np.random.default_rng(rng).integers(left, right, endpoint=True))


def shift_ticks(
    train: np.ndarray, spread: int, start: int, stop: int, rng: np.random.Generator | int
) -> np.ndarray:
    """The whole train shifted by one random time of up to ±spread; what leaves the window enters at its other end.

    Keeps the intervals (but one) and destroys the relation to other trains.

    Parameters
    ----------
    train : (n,) int64 ticks, ascending
    spread : largest shift in ticks
    start, stop : window in ticks
    rng : a generator, or the seed of one

    Returns
    -------
    (n,) int64 ticks, ascending
    """
    shift = int(np.random.default_rng(rng).integers(-spread, spread, endpoint=True))
    return _ascending((train - start + shift) % _positions(train, start, stop) + start)


def shuffle_intervals(train: np.ndarray, start: int, stop: int, rng: np.random.Generator | int) -> np.ndarray:
    """The intervals between spikes in random order: keeps their distribution, destroys their sequence.

    The first spike stays where it is, and therefore the last.

    Parameters
    ----------
    train : (n,) int64 ticks, ascending
    start, stop : window in ticks
    rng : a generator, or the seed of one

    Returns
    -------
    (n,) int64 ticks, ascending
    """
    if len(train) < 2:
        return train.copy()
    intervals = np.random.default_rng(rng).permutation(np.diff(train))
    return np.concatenate([train[:1], train[0] + np.cumsum(intervals)])


def poisson_ticks(train: np.ndarray, start: int, stop: int, rng: np.random.Generator | int) -> np.ndarray:
    """As many spikes, anywhere in the window: a homogeneous Poisson process given its count.

    Parameters
    ----------
    train : (n,) int64 ticks
    start, stop : window in ticks
    rng : a generator, or the seed of one

    Returns
    -------
    (n,) int64 ticks, ascending
    """
    high = start + _positions(train, start, stop)
    return _ascending(np.random.default_rng(rng).integers(start, high, size=len(train)))


def surrogate_of(method: str, spread: int) -> Surrogate:
    """A surrogate method by name, as a function of (train, start, stop, generator).

    Parameters
    ----------
    method : one of `METHODS`
    spread : ticks: largest displacement, or width of the bins for "jitter"; "shuffle" and "poisson" have none

    Raises
    ------
    RecordingError
        where there is no such method
    """
    if method not in METHODS:
        raise RecordingError(f"no surrogate method {method!r}; there are {', '.join(map(repr, METHODS))}")
    draw = METHODS[method]
    if method in ("shuffle", "poisson"):
        return draw
    return lambda train, start, stop, rng: draw(train, spread, start, stop, rng)


def _positions(train: np.ndarray, start: int, stop: int) -> int:
    """Ticks a spike may lie on: a spike exactly on `stop` (the end of a recording) makes that one of them."""
    closed = len(train) > 0 and train[-1] >= stop
    return stop - start + closed


def _ascending(train: np.ndarray) -> np.ndarray:
    # Surrogates are nearly in order, which the stable sort makes use of.
    return np.sort(train, kind="stable")


METHODS: dict[str, Callable[..., np.ndarray]] = {
    "dither": dither_ticks,
    "jitter": jitter_ticks,
    "shift": shift_ticks,
    "shuffle": shuffle_intervals,
    "poisson": poisson_ticks,
}
