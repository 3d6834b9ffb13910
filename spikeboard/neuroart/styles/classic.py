"""Discs of random colours at random places: what the original generator draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeboard.errors import RecordingError
from spikeboard.neuroart.style import Style

Pixels = NDArray[np.uint8]


def discs(values: NDArray[Any], size: int) -> Pixels:
    """The picture by the rule of the original, bit for bit; of a state with two axes, its values line by line."""
    state = values.ravel()
    rng = np.random.default_rng(_seed(state))
    canvas = np.zeros((size, size, 3), np.uint8)
    place = np.arange(size)
    for value in state[:10].astype(np.float64).tolist():
        colour = rng.integers(0, 255, 3)
        x, y = int(rng.integers(0, size)), int(rng.integers(0, size))
        # A radius beyond the diagonal covers all; bounded, so that its square stays exact.
        radius = min(int(abs(value) * 50) + 5, 2 * size)
        canvas[(place[None, :] - x) ** 2 + (place[:, None] - y) ** 2 <= radius**2] = colour
    return canvas


def _seed(state: NDArray[Any]) -> int:
    with np.errstate(over="ignore"):
        total = np.abs(state.astype(np.float64)).sum() * 10000
    if not np.isfinite(total):
        raise RecordingError(
            "the style classic sums all magnitudes, and these overflow; choose another style"
        )
    return int(total) % 2**32


STYLE = Style(
    name="classic",
    title="Classic discs",
    mapping=(
        "One disc for each of the first ten values, 5 + 50·|value| pixels in radius; colours and places are random, "
        "seeded by the sum of all magnitudes. Kept for old pictures: millivolts cover the whole sheet, and "
        "signs do not show."
    ),
    draw=discs,
    own_values=True,
    palette="",
    settings={},
    order=0,
)
