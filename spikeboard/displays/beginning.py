"""The beginning of a window, where all of it is too much for one figure, and what its caption says of that."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from spikeboard.view import Flag
from spikeboard.views.chosen import span

# The ends that are tried lie this part of the window apart.
STEPS = 2**20
# With it, a view takes all of a window that would take longer than a moment.
WHOLE = Flag(
    False,
    "All of the window",
    help="Of a long window only so much is taken as takes a moment, and the caption says how much. With this, all of "
    "it is, as far as that is possible.",
)


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
    within = bisect_right(range(1, STEPS), most, key=lambda step: cost(t0 + (t1 - t0) * step / STEPS))
    length = (t1 - t0) * max(within, 1) / STEPS
    digit = 10.0 ** (np.floor(np.log10(length)) - 1)
    return float(t0 + np.floor(length / digit) * digit)


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
