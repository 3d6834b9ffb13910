"""A mountain landscape: one ridge per unit, time from left to right."""

from __future__ import annotations

import numpy as np

from spikeboard.neuroart.curves import through
from spikeboard.neuroart.drawing import Disc, Drawing, Floats, Shape, ribbons
from spikeboard.neuroart.field import Blocks, Field, fold
from spikeboard.neuroart.palettes import Palette, mixed, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number

POINTS = 300
HORIZON = 0.36
# A sequence of up to so many units gives each a range of its own.
FEW = 16


def landscape(field: Field, palette: Palette, rng: np.random.Generator, relief: float) -> Drawing:
    """The landscape of a field: from the first unit at the horizon to the last at our feet."""
    mean, high, level = _ranges(field)
    count = len(mean)
    depth = (np.arange(count) + 1) / count
    base = HORIZON + (1.04 - HORIZON) * depth**1.2
    step = np.diff(base, prepend=HORIZON - 0.02)
    lift = relief * np.minimum(0.1 + 0.2 * depth, 0.02 + 4.2 * step)
    wild = 1.0 if field.is_sequence and count <= FEW else 0.2
    crests = (0.72 * mean + 0.28 * high) * (1 + wild * _roughness(rng, count)) + 0.05 * wild * _roughness(
        rng, count
    )
    shapes = _sun(float(field.mean.mean()), rng, palette)
    for row in range(count):
        foot = min(1.01, base[row] + max(0.25, 4 * step[row]))
        crest = base[row] - lift[row] * crests[row]
        shapes += _ridge(crest, foot, float(depth[row]), float(level[row]), palette)
    return Drawing(*_sky(palette), shapes)


def _ranges(field: Field) -> tuple[Floats, Floats, Floats]:
    """(R, POINTS) mean and highest level along each range, and (R,) the level of the range itself."""
    if not field.is_sequence:
        return through(field.mean.T, POINTS), through(field.high.T, POINTS), field.per_unit
    mean, high = (x[0][:, None] if x.size <= FEW else fold(x[0]) for x in (field.mean, field.high))
    return through(mean, POINTS), through(high, POINTS), mean.mean(axis=1)


def _roughness(rng: np.random.Generator, count: int) -> Floats:
    """(count, POINTS) mountains from the seed, coarse to fine, about as high as deep."""
    x = np.linspace(0, 1, POINTS)
    pitch = 1.2 * 1.9 ** np.arange(7)
    phase = rng.random((count, len(pitch), 1)) * 2 * np.pi
    steep = 1 - 2 * np.abs(np.sin(np.pi * pitch[:, None] * x + phase))
    return (steep / pitch[:, None] ** 0.9).sum(axis=1) * 0.6


def _sky(palette: Palette) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    paper = rgb(palette.paper)
    return mixed(paper, palette.colour(0.15), 0.5), mixed(paper, palette.colour(0.75), 0.75)


def _sun(level: float, rng: np.random.Generator, palette: Palette) -> list[Shape | Disc]:
    """Its size and height are the mean level of the whole field."""
    x, y, size = 0.2 + 0.6 * rng.random(), HORIZON * (0.95 - 0.55 * level), 0.05 + 0.05 * level
    halo = palette.colour(0.9)
    glow: list[Shape | Disc] = [Disc(x, y, size * (1 + k * 0.11), halo, 0.022) for k in range(20, 0, -1)]
    return [*glow, Disc(x, y, size, mixed(palette.colour(1.0), halo, 0.3))]


# How much of the palette's darkest colour is in the foreground, on dark and on light paper.
_NEAR = (0.35, 0.92)


def _ridge(crest: Floats, foot: float, depth: float, level: float, palette: Palette) -> list[Shape | Disc]:
    far, near = (
        _sky(palette)[1],
        mixed(rgb(palette.paper), palette.colour(float(palette.is_light)), _NEAR[palette.is_light]),
    )
    body = mixed(
        mixed(far, palette.colour(0.15 + 0.7 * level), 0.3 + 0.45 * depth), near, 0.1 + 0.75 * depth**1.5
    )
    line = np.stack([np.linspace(-0.01, 1.01, POINTS), crest], axis=1)
    edge = mixed(
        rgb(palette.paper) if palette.is_light else palette.colour(min(1.0, 0.3 + 0.7 * level)), body, 0.3
    )
    under = np.array([[1.01, foot], [-0.01, foot]])
    return [
        Shape(np.concatenate([line, under]), body),
        Shape(ribbons(line, np.full(POINTS, 0.001 + 0.0014 * depth)), edge, 0.9),
    ]


STYLE = Style(
    name="ridges",
    title="Ridges",
    mapping=(
        "A mountain range per unit, the first at the horizon, the last at our feet; time runs from left to right and "
        "height is the level (block mean, and a little of the block maximum, so that brief spikes stay peaks). A "
        "ridge's colour is its unit's mean, height and size of the sun that of all. A moment of up to 16 units gives "
        "each a range of its own; more are folded line by line."
    ),
    draw=landscape,
    vector=True,
    palette="ember",
    settings={"variation": VARIATION, "relief": Number(1.0, 0.2, 2.5, "Relief")},
    blocks=Blocks(60, 30, 1600),
    order=20,
)
