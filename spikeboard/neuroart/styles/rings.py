"""A cross-section of a tree: time grows outward, units stand around the trunk."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import convolve1d

from spikeboard.neuroart.curves import around, through
from spikeboard.neuroart.drawing import Disc, Drawing, Floats, Shape
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Palette, mixed, rgb
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
    shades = np.rint(level * (SHADES - 1)).astype(int)
    shapes: list[Shape | Disc] = [_bark(edges[-1], palette)]
    for ring in range(len(level)):
        shapes += _ring(edges[ring], edges[ring + 1], shades[ring], palette)
        shapes.append(
            _band(edges[ring + 1] * 0.9975, edges[ring + 1], np.arange(POINTS + 1), rgb(palette.paper), 0.35)
        )
    paper = rgb(palette.paper)
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
    return convolve1d(level, kernel / kernel.sum(), axis=1, mode="wrap")


def _ring(inner: Floats, outer: Floats, shade: np.ndarray, palette: Palette) -> list[Shape | Disc]:
    starts = np.flatnonzero(shade != np.roll(shade, 1))
    if len(starts) < 2:
        return [_band(inner, outer, np.arange(POINTS + 1), palette.colour(float(shade[0]) / (SHADES - 1)))]
    stops = np.roll(starts, -1)
    stops[-1] += POINTS
    return [
        _band(inner, outer, np.arange(start, stop + 1), palette.colour(float(shade[start]) / (SHADES - 1)))
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def _band(
    inner: Floats, outer: Floats, at: np.ndarray, colour: tuple[int, int, int], opacity: float = 1.0
) -> Shape:
    return Shape(np.concatenate([_polar(outer, at), _polar(inner, at)[::-1]]), colour, opacity)


def _polar(radius: Floats, at: np.ndarray) -> Floats:
    angle, r = at * 2 * np.pi / POINTS, radius[at % POINTS]
    return 0.5 + np.stack([r * np.sin(angle), -r * np.cos(angle)], axis=1)


def _bark(edge: Floats, palette: Palette) -> Shape:
    return Shape(
        _polar(edge * 1.035, np.arange(POINTS)), mixed(rgb(palette.paper), palette.colour(0.5), 0.45)
    )


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
