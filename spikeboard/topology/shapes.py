"""Layouts that ask only how many nodes there are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]


def grid(n_nodes: int) -> Positions:
    """Rows from left to right, as square as can be, neighbours 1 apart."""
    index, columns = np.arange(n_nodes), max(math.ceil(math.sqrt(n_nodes)), 1)
    return np.column_stack([index % columns, index // columns]).astype(float)


def circle(n_nodes: int) -> Positions:
    """Clockwise from the top, around 0, neighbours 1 apart."""
    turn = 2 * np.pi * np.arange(n_nodes) / max(n_nodes, 1)
    radius = 0.5 / math.sin(math.pi / n_nodes) if n_nodes > 1 else 0.0
    return radius * np.column_stack([np.sin(turn), -np.cos(turn)])


def sunflower(n_nodes: int) -> Positions:
    """A filled disc around 0, neighbours about 1 apart (Vogel 1979, Mathematical Biosciences 44:179)."""
    index = np.arange(n_nodes)
    turn, radius = index * np.pi * (3 - math.sqrt(5)), 0.6 * np.sqrt(index + 0.5)
    return radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
