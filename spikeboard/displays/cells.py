"""Cells of a heat map: how many rows or columns each holds, so that a browser draws it at once.

Cells of one size are drawn as one picture, others each by itself, which takes several times as long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def per_cell(length: int, most: int) -> int:
    """How many rows or columns a cell holds: as many in each, where that can be.

    Parameters
    ----------
    length : rows or columns
    most : cells
    """
    least = -(-length // most)
    return next((n for n in range(least, 3 * least // 2 + 1) if length % n == 0), least)


def cell_edges(length: int, most: int) -> NDArray[np.int64]:
    """Where cells begin, and where the last one ends, ascending; the last one may be smaller than the others."""
    return np.unique(np.r_[np.arange(0, length, per_cell(length, most)), length])


def even_parts(edges: NDArray[np.number]) -> list[slice]:
    """Which cells are of one size: all, or all but the last one, which is a part of its own.

    Parameters
    ----------
    edges : (N + 1,) ascending
    """
    n, widths = len(edges) - 1, np.diff(edges)
    if n > 1 and widths[-1] < 0.999 * widths[0]:
        return [slice(0, n - 1), slice(n - 1, n)]
    return [slice(0, n)]
