"""A cross-section of a tree: time grows outward, units stand around the trunk."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from spikeboard.neuroart.curves import around, through
from spikeboard.neuroart.drawing import Drawing, Floats, Shape
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Colour, Palette, mixed, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number

POINTS = 288
REACH = 0.465
# Levels are drawn in so many shades: neighbours of one shade become one shape.
SHADES = 40
# Fewer rings than this are drawn as so many, shading from one to the next.
FEWEST = 30


def section(field: Field, palette: Palette, rng: np.random.Generator, wobble: float) -> Drawing:
    """The cross-section of a field."""
    rings = folded(field).mean
    level = around(through(rings.T, max(len(rings), FEWEST)).T, POINTS)
    edges = _edges(level, rng, wobble)
    inner, outer = _places(edges[:-1]), _places(edges[1:])
    dark = _places(edges[1:] * 0.9975)
    shades = np.rint(level * (SHADES - 1)).astype(int)
    paper = rgb(palette.paper)
    shapes = [Shape(_places(edges[-1:] * 1.035)[0, :POINTS], mixed(paper, palette.colour(0.5), 0.45))]
    for ring in range(len(level)):
        shapes += _ring(inner[ring], outer[ring], shades[ring], palette)
        shapes.append(_band(dark[ring], outer[ring], 0, POINTS, paper, 0.35))
    return Drawing(mixed(paper, palette.colour(0.1), 0.35), paper, shapes)


def _edges(level: Floats, rng: np.random.Generator, wobble: float) -> Floats:
    """(R + 1, POINTS) radii; a ring is the wider the higher its level, there and on the whole."""
    width = 0.35 + level.mean(axis=1, keepdims=True) + 0.6 * wobble * (_softened(level) - 0.5)
    angle = np.arange(POINTS) * 2 * np.pi / POINTS
    grain = sum(
        np.cos(k * angle + rng.random() * 2 * np.pi) * (0.2 + rng.random()) / k**1.3 for k in range(1, 7)
    )
    radius = np.cumsum(np.maximum(width, 0.08), axis=0)
    radius = np.concatenate([np.zeros((1, POINTS)), radius]) + 0.04 * radius[-1].mean()
    shaped = radius * (1 + 0.07 * wobble * grain * (radius / radius.max()) ** 0.5)
    return shaped * (REACH / shaped.max())


def _softened(level: Floats) -> Floats:
    """Averaged over a twelfth of the circle: wood bends, it does not jump."""
    kernel = np.hanning(POINTS // 12 + 2)[1:-1]
    return scipy.ndimage.convolve1d(level, kernel / kernel.sum(), axis=1, mode="wrap")


def _places(radius: Floats) -> Floats:
    """(R, 2 POINTS + 1, 2) places along each edge, twice around, so that a band may pass the top."""
    angle = np.arange(2 * POINTS + 1) * 2 * np.pi / POINTS
    way = np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    return 0.5 + np.concatenate([radius, radius, radius[:, :1]], axis=1)[..., None] * way


def _ring(inner: Floats, outer: Floats, shade: NDArray[np.int64], palette: Palette) -> list[Shape]:
    """One band for each run of a shade, over a whole one in the mean shade, so that no gap shows between them."""
    tones = palette.colours(shade / (SHADES - 1)).tolist()
    starts = np.flatnonzero(shade != np.roll(shade, 1)).tolist()
    bands = [_band(inner, outer, 0, POINTS, palette.colour(float(shade.mean()) / (SHADES - 1)))]
    for start, stop in zip(starts, [*starts[1:], *(start + POINTS for start in starts[:1])], strict=True):
        red, green, blue = tones[start]
        bands.append(_band(inner, outer, start, stop, (red, green, blue)))
    return bands


def _band(inner: Floats, outer: Floats, start: int, stop: int, colour: Colour, opacity: float = 1.0) -> Shape:
    part = slice(start, stop + 1)
    return Shape(np.concatenate([outer[part], inner[part][::-1]]), colour, opacity)


STYLE = Style(
    name="rings",
    title="Tree rings",
    mapping=(
        "Time grows outward ring by ring, units stand around the trunk, the first at the top and on clockwise; "
        "colour is the level. A ring is wide where and when activity is high, so the trunk grows in bursts. A moment "
        "is folded line by line."
    ),
    draw=section,
    vector=True,
    palette="riso",
    settings={"variation": VARIATION, "wobble": Number(1.0, 0.0, 1.6, "Wobble")},
    blocks=Blocks(84, 72, 4096),
    order=30,
)
