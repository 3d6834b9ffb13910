"""The beginning of a window, where all of it is too much for one figure, and what its caption says of that."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spikeboard.levels import spikes_before
from spikeboard.recording import Recording
from spikeboard.view import Flag
from spikeboard.views.chosen import span

# The shortest beginning that is tried is this many powers of ten shorter than the window.
DECADES = 5
# Seconds of computing that a figure takes by itself: of any window, and of one that holds few spikes.
MOMENT_S, PATIENCE_S, FEW_SPIKES = 0.02, 2.0, 1_000_000
# With it, a view takes all of a window that would take longer than a moment.
WHOLE = Flag(
    False,
    "All of the window",
    help="Of a long window only so much is taken as takes a moment, and the caption says how much. With this, all of "
    "it is, as far as that is possible.",
)


@dataclass(frozen=True, eq=False)
class Limit:
    """What of a window does not fit into memory or time, whoever asks for it.

    cost : of the window from its beginning to an end in s; never falls as the end moves on
    most : the most that is possible
    too_much : what the caption says of the cost of all of the window, where that is more; with a place for it
    instead : what to choose then to see all of it
    """

    cost: Callable[[float], float]
    most: float
    too_much: str
    instead: str


def window_taken(
    rec: Recording,
    t0: float,
    t1: float,
    seconds: Callable[[float], float],
    limits: Sequence[Limit] = (),
    whole: bool = False,
) -> tuple[float, str]:
    """Where the beginning of a window ends that a figure is of, and what its caption says where that is not all.

    All of a window is taken that is computed in a moment, and one of few spikes that takes seconds: so that a figure of
    a long recording takes no longer than the same of a short one. Of others the beginning is that takes so long.

    Parameters
    ----------
    rec : the recording
    t0, t1 : the window, s
    seconds : about how long the window from t0 to an end in s takes; never falls as the end moves on
    limits : what is possible
    whole : take all that is possible, however long that takes

    Returns
    -------
    end : s
    words : with a space after them; none where all is taken
    """
    end, instead, too_much = t1, f"tick “{WHOLE.label}”", ""
    for limit in limits:
        if (cost := limit.cost(end)) > limit.most:
            end = beginning(limit.cost, limit.most, t0, end)
            too_much, instead = limit.too_much.format(cost), limit.instead
    if not whole and _effort(rec, t0, end, seconds) > 1:
        instead += f"; “{WHOLE.label}” takes as much as is possible" if too_much else ""
        too_much = too_much or f"all of it takes {_moments(seconds(t1))}"
        end = beginning(lambda end: _effort(rec, t0, end, seconds), 1, t0, end)
    return end, beginning_words(end, t0, t1, too_much, instead) if too_much else ""


def _effort(rec: Recording, t0: float, end: float, seconds: Callable[[float], float]) -> float:
    """How long a window takes, as a part of what it may take by itself."""
    first, last = spikes_before(rec, np.array([t0, end]))
    takes = seconds(end)
    return min(takes / MOMENT_S, max(takes / PATIENCE_S, (last - first) / FEW_SPIKES))


def _moments(seconds: float) -> str:
    return f"about {seconds:,.0f} s" if seconds >= 1 else "longer than a moment"


def beginning(cost: Callable[[float], float], most: float, t0: float, t1: float) -> float:
    """Where the longest beginning of a window ends whose cost is within a limit; its length has two digits.

    Parameters
    ----------
    cost : of the window from t0 to an end in s; never falls as the end moves on
    most : the limit; the shortest beginning that is tried may lie above it
    t0, t1 : the window, s

    Returns
    -------
    s
    """
    lengths = _lengths(t1 - t0)
    within = bisect_right(lengths, most, key=lambda length: cost(t0 + length))
    return t0 + lengths[max(within - 1, 0)]


def _lengths(longest: float) -> list[float]:
    """All numbers of two digits up to the longest, ascending."""
    power = int(np.floor(np.log10(longest))) - 1
    spelled = (f"{digits}e{power - back}" for back in reversed(range(DECADES)) for digits in range(10, 100))
    return [length for length in map(float, spelled) if length <= longest]


def beginning_words(end: float, t0: float, t1: float, too_much: str, instead: str) -> str:
    """Why a figure is of the beginning of a window, for its caption, with a space after it.

    Parameters
    ----------
    end : where the beginning ends, s
    t0, t1 : the window, s
    too_much : what all of the window holds, and how much of that is taken
    instead : what to choose to see all of it
    """
    part = f"the beginning, {span(t0, end)}, of {span(t0, t1)}"
    return f"This is {part}: {too_much}. Select other seconds, or {instead}. "


def sparse_words(what: str, whole: bool, instead: str) -> str:
    """Why a figure is of parts that lie evenly over the window, for its caption, with a space after it.

    Parameters
    ----------
    what : how many of which parts
    whole : whether all of the window was asked for
    instead : what to choose where even so it is not taken
    """
    why, remedy = ("too long", instead) if whole else ("longer than a moment", f"tick “{WHOLE.label}”")
    return f"This is of {what}, spread evenly over the window: all would take {why}. For all, {remedy}. "
