"""Smooth lines and surfaces through levels, and smooth noise from a seed."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def through(levels: Floats, count: int) -> Floats:
    """A smooth curve through levels along the last axis, (..., n) to (..., count).

    Monotone cubic pieces (Fritsch and Carlson 1980): it never swings beyond the levels themselves.
    """
    n = levels.shape[-1]
    if n == 1:
        return np.repeat(levels, count, axis=-1)
    return scipy.interpolate.PchipInterpolator(np.arange(n), levels, axis=-1)(np.linspace(0, n - 1, count))


def around(levels: Floats, count: int) -> Floats:
    """The same for levels on a circle: the last is followed by the first."""
    n = levels.shape[-1]
    lap = np.concatenate([levels[..., -2:], levels, levels[..., :3]], axis=-1) if n > 2 else None
    if lap is None:
        return around(np.concatenate([levels] * 3, axis=-1), 3 * count)[..., :count] if n else levels
    return scipy.interpolate.PchipInterpolator(np.arange(-2, n + 3), lap, axis=-1)(
        np.arange(count) * n / count
    )


def on_surface(grid: Floats, x: Floats, y: Floats) -> Floats:
    """Heights of a smooth surface through a grid of levels, kept between 0 and 1.

    Parameters
    ----------
    grid : (R, C) float64, rows from the top down
    x, y : of one shape, 0 to 1 from the first column or row to the last; beyond them the surface is mirrored

    Returns
    -------
    float64 of that shape
    """
    rows, columns = grid.shape
    return np.clip(
        scipy.ndimage.map_coordinates(grid, [y * (rows - 1), x * (columns - 1)], order=3, mode="mirror"), 0, 1
    )


def swell(rng: np.random.Generator, count: int, finest: float) -> Floats:
    """Random plane waves, from coarse to fine: (count, 4) rows of (frequency x, frequency y, phase, weight)."""
    pitch = finest ** np.linspace(0, 1, count)
    heading, phase = rng.random((2, count)) * 2 * np.pi
    return np.stack([pitch * np.cos(heading), pitch * np.sin(heading), phase, 1 / pitch], axis=1)


def height(waves: Floats, x: Floats, y: Floats) -> Floats:
    """The waves' sum at each place, scaled to stay between −1 and 1; x and y are broadcast against each other."""
    total = np.zeros(np.broadcast(x, y).shape)
    for fx, fy, phase, weight in waves.tolist():
        # sin(a + b), with each factor on one axis only: on a row and a column that is far cheaper.
        across, down = 2 * np.pi * fx * x + phase, 2 * np.pi * fy * y
        total += weight * np.sin(across) * np.cos(down) + weight * np.cos(across) * np.sin(down)
    return total / waves[:, 3].sum()
