"""Lists of spikes in which time goes back: a clock that was started again, or spikes in no order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.columns import gathered, pieces
from spikeboard.errors import RecordingError

# More often than this, nobody has started a clock.
MOST_RUNS = 1000
RUNS, SORT = "runs", "sort"


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs that were put one after another: each as long as the longest, in the unit of the file's times.

    times : (N,) on the common clock
    number : how many
    length : of each
    first : where the first begins
    """

    times: NDArray[np.float64]
    number: int
    length: float
    first: float

    def intervals(self, per_second: float, t_stop: float) -> pd.DataFrame:
        """Start and stop of each, s."""
        edges = (self.first + self.length * np.arange(self.number + 1)) / per_second
        return pd.DataFrame({"start": edges[:-1], "stop": np.minimum(edges[1:], max(t_stop, edges[-2]))})

    def told(self, per_second: float) -> str:
        """What was done, in words."""
        return (
            f"time goes back in the file, and {self.number} runs were put one after another, as "
            f'you asked, each taken to last as long as the longest, {self.length / per_second:g} s (intervals "runs")'
        )


def order_of(said: str | None) -> str:
    """The answer about time that goes back, checked: "runs", "sort", or "" where nothing was said.

    Raises
    ------
    RecordingError : for another word
    """
    if said in (None, "", RUNS, SORT):
        return said or ""
    raise RecordingError(f"order={str(said)[:40]!r} is neither {RUNS!r} nor {SORT!r}")


def in_runs(name: str, times: NDArray[np.float64], step: float) -> Runs:
    """A list as runs: each time that time goes back another one begins.

    Parameters
    ----------
    name : of the file
    times : (N,) in the file's unit, in the file's order
    step : of the clock in that unit, 0 where time is continuous

    Raises
    ------
    RecordingError : where time goes back too often for that
    """
    number = 1 + sum(len(back) for back, _ in _falls(times))
    if number > MOST_RUNS:
        raise RecordingError(
            f"{name}: time goes back {number - 1:,} times, which is no clock that was started again: leave out "
            f"order={RUNS!r}"
        )
    first = min([0.0, *(float(some.min()) for (some,) in pieces(times))])
    last = max((float(some.max()) for (some,) in pieces(times)), default=first)
    length = last - first + step
    return Runs(gathered(_moved(times, length), [np.float64])[0], number, length, first)


def _moved(times: NDArray[np.float64], length: float) -> Iterator[tuple[NDArray[np.float64]]]:
    run = 0
    for back, some in _falls(times):
        of_each = run + np.searchsorted(back, np.arange(len(some)), side="right")
        run += len(back)
        yield (some + length * of_each,)


def _falls(times: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Stretch by stretch the positions of times that are earlier than the one before, and the times."""
    before = times[:1]
    for (some,) in pieces(times):
        joined = np.concatenate([before, some])
        yield np.flatnonzero(joined[1:] < joined[:-1]), some
        before = some[-1:]


def about_order(times: np.ndarray, rows: np.ndarray, n_units: int, order: str) -> list[str]:
    """Notes on a list in which time goes back: once or twice in all of it, or within the trains of some units."""
    back, from_time, to_time = _jumps_back(times)
    if not back:
        return []
    if order == SORT:
        return ["time goes back in the file: the spikes were sorted, as you asked"]
    if 1 <= len(back) <= 3 and len(times) >= 20 * len(back) and len(_jumps_back(rows)[0]):
        return [
            f"time goes back after spike {back[0]:,} (from {from_time:g} to {to_time:g}, as in the file): if the clock "
            "was started again, these are several runs that now lie over each other; "
            'give order="runs" to put them one after another'
        ]
    return _about_trains(times, rows, n_units)


def _about_trains(times: np.ndarray, rows: np.ndarray, n_units: int) -> list[str]:
    from spikeboard.doctor.loops import falls

    last, fallen = np.full(n_units, -np.inf), np.zeros(n_units, bool)
    for some_times, some_rows in pieces(times, rows):
        falls(np.asarray(some_times, np.float64), np.asarray(some_rows, np.int64), last, fallen)
    number = int(np.count_nonzero(fallen))
    which = "1 unit" if number == 1 else f"{number:,} units"
    return [f"the spikes of {which} are not in order of time in the file: they were sorted"] if number else []


def _jumps_back(values: np.ndarray) -> tuple[list[int], float, float]:
    """Where some of the places are at which values fall, all where they are few; and the first fall, from and to."""
    places: list[int] = []
    start, before, fall = 0, values[:1], (0.0, 0.0)
    for (some,) in pieces(values):
        joined = np.concatenate([before, some])
        back = np.flatnonzero(joined[1:] < joined[:-1])
        if len(back) and not places:
            fall = float(joined[back[0]]), float(joined[back[0] + 1])
        places += (start + back[:4]).tolist()
        start, before = start + len(some), some[-1:]
    return places, *fall
