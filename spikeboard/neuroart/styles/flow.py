"""Brush strokes that follow a current: the state is the landscape which the current runs around."""

from __future__ import annotations

import numpy as np
import scipy

from spikeboard.neuroart.curves import height, on_surface, swell
from spikeboard.neuroart.drawing import Drawing, Floats, Shape, ribbons
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Palette, mixed, rgb
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number, Whole

# Points of a stroke, and the length of the longest.
STEPS = 30
LONGEST = 0.31


def current(field: Field, palette: Palette, rng: np.random.Generator, turns: float, strokes: int) -> Drawing:
    """The strokes over a field; time runs downward, units from left to right."""
    sheet = folded(field)
    start = _scattered(rng, strokes)
    stride, tint, turn = rng.random((3, len(start)))
    paths = _followed(start, LONGEST * (0.35 + 0.65 * stride), _gentle(sheet.mean), swell(rng, 5, 3.0), turns)
    level = on_surface(sheet.mean, *_inside(start))
    lively = on_surface(sheet.high - sheet.low, *_inside(start))
    breadth = (0.12 + 0.42 * level + 0.3 * lively) / np.sqrt(len(start))
    bodies = ribbons(paths, breadth[:, None] * _taper())
    tones = palette.colours(np.clip(level + 0.12 * (tint - 0.5), 0, 1)).tolist()
    order = np.argsort(turn + 0.6 * level, kind="stable").tolist()
    paper = rgb(palette.paper)
    shapes = [Shape(bodies[n], (tones[n][0], tones[n][1], tones[n][2]), 0.88) for n in order]
    return Drawing(mixed(paper, palette.colour(0.2), 0.3), paper, shapes)


def _scattered(rng: np.random.Generator, strokes: int) -> Floats:
    """Places on a jittered lattice that reaches beyond the frame, so that no edge stays bare."""
    side = int(np.sqrt(strokes))
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    jitter = rng.random((side * side, 2)) * 0.9
    return (np.stack([across.ravel(), down.ravel()], axis=1) + jitter) / side * 1.12 - 0.06


def _gentle(grid: Floats) -> Floats:
    """Smoothed until a stroke can follow it, and stretched again over all levels."""
    smooth = scipy.ndimage.gaussian_filter(grid, [max(n / 14, 0.3) for n in grid.shape], mode="nearest")
    low, high = smooth.min(), smooth.max()
    return (smooth - low) / (high - low) * (grid.max() - grid.min()) if high > low else smooth


def _inside(points: Floats) -> tuple[Floats, Floats]:
    return np.clip(points[:, 0], 0, 1), np.clip(points[:, 1], 0, 1)


def _followed(start: Floats, length: Floats, grid: Floats, waves: Floats, turns: float) -> Floats:
    """(N, STEPS, 2) paths: the heading at each place is the level there, plus a slow swell from the seed."""
    path = np.empty((len(start), STEPS, 2))
    path[:, 0] = start
    stride = (length / (STEPS - 1))[:, None]
    for step in range(1, STEPS):
        here = path[:, step - 1]
        x, y = _inside(here)
        angle = 2 * np.pi * (turns * on_surface(grid, x, y) + 0.35 * height(waves, here[:, 0], here[:, 1]))
        path[:, step] = here + stride * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return path


def _taper() -> Floats:
    return np.sin(np.pi * np.linspace(0.03, 0.97, STEPS)) ** 0.55


STYLE = Style(
    name="flow",
    title="Current",
    mapping=(
        "Brush strokes follow a current over the sheet of time (downward) × units (left to right): the level around a "
        "place turns the heading, is the colour, and with the block's extent the breadth of the stroke that starts "
        "there. A moment is folded line by line."
    ),
    draw=current,
    vector=True,
    palette="aurora",
    settings={
        "variation": VARIATION,
        "turns": Number(1.0, 0.1, 3.0, "Turns"),
        "strokes": Whole(2600, 400, 6000, "Strokes"),
    },
    blocks=Blocks(48, 48, 2304),
    order=40,
)
