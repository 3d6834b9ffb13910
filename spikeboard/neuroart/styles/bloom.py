"""A flower head: one floret per unit on a golden spiral."""

from __future__ import annotations

import numpy as np

from spikeboard.neuroart.curves import around
from spikeboard.neuroart.drawing import Disc, Drawing, Floats, Shape
from spikeboard.neuroart.field import Blocks, Field
from spikeboard.neuroart.palettes import Palette, mixed, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Whole

# Vogel (1979), "A better way to construct the sunflower head".
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
REACH = 0.47


def head(field: Field, palette: Palette, rng: np.random.Generator, petals: int) -> Drawing:
    """The flower head of a field."""
    count = len(field.per_unit)
    spread = (field.high - field.low).mean(axis=0) + field.mean.std(axis=0)
    places = _spiral(count, rng.random() * 2 * np.pi)
    outlines = _outlines(field, petals, rng.random(count) * 2 * np.pi, 72 if count < 200 else 36)
    outlines *= ((0.7 + 0.8 * field.per_unit) / np.sqrt(count))[:, None, None]
    fit = REACH / np.hypot(*(places[:, None] + outlines).transpose(2, 0, 1)).max()
    paper, shapes = rgb(palette.paper), _dust(rng, palette)
    for unit in reversed(range(count)):
        at, outline = 0.5 + places[unit] * fit, outlines[unit] * fit
        shapes += _floret(at, outline, float(field.per_unit[unit]), float(spread[unit]), palette)
    return Drawing(mixed(paper, palette.colour(0.25), 0.35), paper, shapes)


def _spiral(count: int, turn: float) -> Floats:
    n = np.arange(count)
    radius, angle = np.sqrt(n / count), n * GOLDEN_ANGLE + turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _outlines(field: Field, petals: int, turn: Floats, points: int) -> Floats:
    """(U, points, 2): around each floret runs its unit's time, from 12 o'clock; far out is a high level."""
    angle = np.arange(points) * 2 * np.pi / points
    course = around(field.mean.T, points)
    lobes = 1 + 0.22 * np.cos(petals * angle + turn[:, None])
    radius = (0.5 + 0.55 * course) * lobes
    return radius[..., None] * np.stack([np.sin(angle), -np.cos(angle)], axis=-1)


def _floret(at: Floats, outline: Floats, level: float, spread: float, palette: Palette) -> list[Shape | Disc]:
    edge, heart = palette.colour(level), palette.colour((level + 0.45) % 1.0)
    inner = mixed(edge, palette.colour(min(1.0, level + 0.25)), 0.7)
    return [
        Shape(at + outline * 1.06, rgb(palette.paper), 0.55),
        Shape(at + outline, edge, 0.93),
        Shape(at + outline * 0.68, inner, 0.9),
        Shape(at + outline * 0.36, mixed(inner, heart, 0.6), 0.95),
        Disc(
            at[0],
            at[1],
            float(np.abs(outline).max()) * (0.07 + 0.1 * min(spread, 1.0)),
            rgb(palette.paper),
            0.8,
        ),
    ]


def _dust(rng: np.random.Generator, palette: Palette) -> list[Shape | Disc]:
    x, y, glow = rng.random((3, 220)).tolist()
    return [
        Disc(a, b, 0.0006 + 0.0022 * g**3, palette.colour(g), 0.25 + 0.5 * g)
        for a, b, g in zip(x, y, glow, strict=True)
    ]


STYLE = Style(
    name="bloom",
    title="Bloom",
    mapping=(
        "One floret per unit on a golden spiral, the first in the middle. Size and colour are the unit's mean level; "
        "its outline, read clockwise from the top, is its course in time; the eye in it grows with its variability."
    ),
    draw=head,
    vector=True,
    palette="dusk",
    settings={"variation": VARIATION, "petals": Whole(6, 0, 13, "Petals")},
    blocks=Blocks(36, 700, 1000),
    order=10,
)
