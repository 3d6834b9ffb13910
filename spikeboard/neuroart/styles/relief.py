"""A map in relief: the state as a country of hills, with contour lines and the light from the upper left."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from spikeboard.neuroart.curves import height, on_surface, swell
from spikeboard.neuroart.drawing import painted
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Palette, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number, Whole

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def country(
    field: Field, palette: Palette, rng: np.random.Generator, size: int, contours: int, softness: float
) -> Pixels:
    """The map of a field."""
    land = _settled(folded(field).mean, softness)
    bend, detail = swell(rng, 6, 4.0), swell(rng, 14, 28.0)
    line = np.array(rgb(palette.paper) if not palette.is_light else palette.colour(0.0), float)

    def elevation(x: Floats, y: Floats) -> Floats:
        sway, heave = height(bend, x, y), height(bend, y + 0.37, x - 0.11)
        # No bend at the frame: what lies at the edge of the data stays in the picture.
        place = x + 0.05 * sway * np.sin(np.pi * x), y + 0.05 * heave * np.sin(np.pi * y)
        return on_surface(land, *place) + 0.035 * height(detail, x, y)

    def paint(x: Floats, y: Floats) -> Floats:
        step = x[0, 1] - x[0, 0]
        wider = elevation(np.append(x, x[:, -1:] + step, axis=1), np.append(y, y[-1:] + step, axis=0))
        here, east, south = wider[:-1, :-1], np.diff(wider[:-1]) / step, np.diff(wider[:, :-1], axis=0) / step
        tone = palette.colours(np.clip(here, 0, 1)) * _light(east, south)[..., None]
        ink = _contour(here, np.hypot(east, south), contours)[..., None]
        return tone * (1 - ink) + line * ink

    return painted(paint, size)


def _settled(grid: Floats, softness: float) -> Floats:
    """Smoothed until hills are hills, and stretched again to the heights it had."""
    smooth = scipy.ndimage.gaussian_filter(grid, [softness * n / 40 for n in grid.shape], mode="nearest")
    low, high = smooth.min(), smooth.max()
    return grid.min() + (smooth - low) / (high - low) * (grid.max() - grid.min()) if high > low else smooth


def _light(east: Floats, south: Floats) -> Floats:
    """Lambert's law, sun in the north-west at 45°, and a little sky everywhere."""
    slope = 0.16
    facing = (1 + slope * (east + south)) / np.sqrt(1 + slope**2 * (east**2 + south**2)) / np.sqrt(2)
    return 0.38 + 0.9 * np.clip(facing, 0, 1.2)


def _contour(here: Floats, steepness: Floats, contours: int) -> Floats:
    """0 to 1: ink of contour lines, equally wide on flat and steep ground, every fifth bolder."""
    if contours == 0:
        return np.zeros_like(here)
    step = here * contours
    nearest = np.rint(step)
    away = np.abs(step - nearest) / np.maximum(contours * steepness, 1e-9)
    width = np.where(nearest % 5 == 0, 0.0017, 0.0008)
    return 0.75 * np.clip(1.5 - away / width, 0, 1)


STYLE = Style(
    name="relief",
    title="Relief map",
    mapping=(
        "A country whose height and colour are the level: time from the top down, units from left to right, smoothed "
        "and gently bent. Contour lines join places of one level. A moment is folded line by line."
    ),
    draw=country,
    palette="aurora",
    settings={
        "variation": VARIATION,
        "contours": Whole(20, 0, 60, "Contour lines"),
        "softness": Number(1.0, 0.2, 4.0, "Softness"),
    },
    blocks=Blocks(64, 64, 4096),
    order=70,
)
