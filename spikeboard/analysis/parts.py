"""Compiled loops in as many threads as pay.

Numba's own threads end the process when two requests enter them at once, so loops that let go of Python's lock
(`nogil`) run here, in one small pool for all requests. Work is cut into neighbouring parts that write to places
of their own, so that a result does not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

T = TypeVar("T")

# Below some milliseconds of work a second thread costs more than it saves.
WORTH = 2_000_000
MOST_THREADS = 16


def threads() -> int:
    """How many threads one request may take: SPIKEBOARD_THREADS, or else the processors there are."""
    said = os.environ.get("SPIKEBOARD_THREADS", "")
    wanted = int(said) if said.isdecimal() else os.cpu_count() or 1
    return max(1, min(wanted, MOST_THREADS))


def even_parts(work: ArrayLike) -> list[tuple[int, int]]:
    """Neighbouring stretches of items with about equal work, one for each thread that pays.

    Parameters
    ----------
    work : (N,) numbers, steps of a nanosecond or so that each item takes

    Returns
    -------
    list of (first, stop), which together are range(N); a single one where there is little to do
    """
    done = np.cumsum(np.asarray(work, np.float64))
    n = len(done)
    total = float(done[-1]) if n else 0.0
    wanted = min(threads(), n) if total > WORTH else 1
    inner = np.searchsorted(done, total * np.arange(1, wanted) / max(wanted, 1)) + 1
    edges = np.unique(np.r_[0, np.minimum(inner, n), n]).tolist()
    return list(pairwise(edges)) or [(0, n)]


def in_parts(loop: Callable[[int, int], T], work: ArrayLike) -> list[T]:
    """Call a loop on each of the `even_parts` of its items, side by side.

    Parameters
    ----------
    loop : called with the first item and the one past the last; must let go of Python's lock to gain anything, and must
        not call this function itself
    work : as in `even_parts`

    Returns
    -------
    list of what the calls return, in order of the items
    """
    return _side_by_side(loop, even_parts(work))


def in_equal_parts(loop: Callable[[int, int], T], n: int, steps: float) -> list[T]:
    """`in_parts` of n items that take equally many steps each.

    Parameters
    ----------
    loop : as in `in_parts`
    n : items
    steps : of a nanosecond or so that each of them takes
    """
    wanted = max(1, min(threads(), n)) if n * steps > WORTH else 1
    return _side_by_side(loop, [(n * k // wanted, n * (k + 1) // wanted) for k in range(wanted)])


def _side_by_side(loop: Callable[[int, int], T], parts: list[tuple[int, int]]) -> list[T]:
    *others, last = parts
    waiting = [_pool(threads()).submit(loop, *part) for part in others]
    mine = loop(*last)
    return [*(one.result() for one in waiting), mine]


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="loops")


# A forked server inherits the pool, but none of its threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
