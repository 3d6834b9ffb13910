"""A spiral galaxy: time runs from its heart outward, units go around."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from spikeboard.neuroart.curves import height, swell
from spikeboard.neuroart.drawing import painted
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Palette, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number, Whole

Floats = NDArray[np.float64]
Light = NDArray[np.float32]
Pixels = NDArray[np.uint8]

STARS = 60_000
# The haze is computed once on a square of this width, whatever the size of the picture.
HAZE = 512
# How far the light of a star spreads (as a part of the picture), and how much of it.
HALO = ((0.006, 0.35), (0.03, 0.5), (0.11, 0.35))
CORE = 0.0011


def galaxy(
    field: Field, palette: Palette, rng: np.random.Generator, size: int, arms: int, winding: float
) -> Pixels:
    """The galaxy of a field."""
    place, level = _stars(folded(field).mean, rng, arms, winding)
    light = _light(level, palette)
    haze = _haze(place, light)
    points = _blurred(_splat(place, light, size), size * CORE) * np.float32(size**2)
    dust = swell(rng, 14, 11.0)
    paper = np.array(rgb(palette.paper), float)

    def paint(x: Floats, y: Floats) -> Floats:
        cloud = (0.85 + 0.9 * height(dust, x, y))[..., None]
        return _exposed(
            _looked_up(haze, x, y) * cloud + 0.045 * _looked_up(points, x, y), paper, palette.is_light
        )

    return painted(paint, size)


def _stars(level: Floats, rng: np.random.Generator, arms: int, winding: float) -> tuple[Floats, Floats]:
    """(STARS, 2) places and (STARS,) levels: as many stars for any block of the field, give or take one."""
    rows, columns = level.shape
    block = np.arange(STARS) * level.size // STARS
    along, across, turn = rng.random((3, STARS))
    scatter = rng.standard_normal((2, STARS))
    radius = 0.012 + 0.47 * ((block // columns + along) / rows) ** 0.8
    angle = 2 * np.pi * (block % columns + across) / columns
    angle += -0.8 / arms * np.sin(arms * angle) - winding * np.log(radius) + 2 * np.pi * turn[0]
    place = 0.5 + radius * np.stack([np.sin(angle), -np.cos(angle)]) + (0.003 + 0.022 * radius) * scatter
    return place.T, level.ravel()[block]


def _light(level: Floats, palette: Palette) -> Floats:
    """(N, 3) light of each star, red, green and blue; all of them together shine 1 at most."""
    colour = palette.colours(0.15 + 0.85 * level) / 255
    if palette.is_light:
        colour = 1.02 - colour
    return colour * (0.06 + level[:, None] ** 2.5) / len(level)


def _haze(place: Floats, light: Floats) -> Light:
    """(HAZE, HAZE, 3) glow around the stars; the wider it is, the coarser it may be computed."""
    across = (np.arange(HAZE) + 0.5) / HAZE
    haze = np.zeros((HAZE, HAZE, 3), np.float32)
    for reach, gain in HALO:
        width = min(HAZE, round(8 / reach))
        glow = _blurred(_splat(place, light, width), width * reach) * np.float32(gain * width**2)
        haze += _looked_up(glow, across[None, :], across[:, None]).astype(np.float32)
    return haze


def _splat(place: Floats, light: Floats, width: int) -> Light:
    """(width, width, 3): each star's light shared among the four nearest pixels; what lies outside is not seen."""
    x, y = np.floor(place * width - 0.5).astype(np.int64).T
    right, down = (place * width - 0.5).T - (x, y)
    corners = [(x, y, 1 - right, 1 - down), (x + 1, y, right, 1 - down)]
    corners += [(x, y + 1, 1 - right, down), (x + 1, y + 1, right, down)]
    column, row, across, along = np.concatenate(corners, axis=1)
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < width)
    pixel, share = (row * width + column)[seen].astype(np.int64), (across * along)[seen]
    canvas = np.empty((width * width, 3), np.float32)
    for channel in range(3):
        canvas[:, channel] = np.bincount(pixel, share * np.tile(light[:, channel], 4)[seen], width * width)
    return canvas.reshape(width, width, 3)


def _blurred(canvas: Light, reach: float) -> Light:
    for channel in range(3):
        canvas[..., channel] = scipy.ndimage.gaussian_filter(
            canvas[..., channel], reach, mode="constant", truncate=3.5
        )
    return canvas


def _looked_up(canvas: Light, x: Floats, y: Floats) -> Floats:
    """(h, w, 3): the light at each place, between pixels by straight lines."""
    width = len(canvas)
    rows, columns = np.broadcast_arrays(y * width - 0.5, x * width - 0.5)
    at = [
        scipy.ndimage.map_coordinates(canvas[..., n], [rows, columns], order=1, mode="nearest")
        for n in range(3)
    ]
    return np.stack(at, axis=-1).astype(np.float64)


def _exposed(light: Floats, paper: Floats, is_light: bool) -> Floats:
    """As on film: never beyond white; on light paper it is ink, not light."""
    if is_light:
        return paper * np.exp(-1.6 * light)
    return paper + (255 - paper) * (1 - np.exp(-1.9 * light))


STYLE = Style(
    name="galaxy",
    title="Galaxy",
    mapping=(
        "Time runs from the heart outward, units go around, wound up into arms. Every block of time and unit has as "
        "many stars as any other; the higher its level, the brighter they shine, in the level's colour. A moment is "
        "folded line by line."
    ),
    draw=galaxy,
    palette="ember",
    settings={
        "variation": VARIATION,
        "arms": Whole(3, 1, 8, "Arms"),
        "winding": Number(2.2, 0.0, 6.0, "Winding"),
    },
    blocks=Blocks(96, 96, 9216),
    order=80,
)
