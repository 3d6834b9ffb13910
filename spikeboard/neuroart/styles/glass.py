"""A stained-glass window: one pane per unit."""

from __future__ import annotations

import numpy as np
import scipy

from spikeboard.neuroart.curves import through
from spikeboard.neuroart.drawing import Disc, Drawing, Floats, Shape
from spikeboard.neuroart.field import Blocks, Field
from spikeboard.neuroart.palettes import Colour, Palette
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number, Whole

LEAD: Colour = (14, 13, 16)
ROUNDS = 12


def window(field: Field, palette: Palette, rng: np.random.Generator, phases: int, lead: float) -> Drawing:
    """The window of a field."""
    count = len(field.per_unit)
    panes = _panes(_settled(rng.random((count, 2)), field.per_unit))
    tones = _bevel(field.mean[0], phases) if field.is_sequence else _phases(field.mean, phases)
    gap = lead * 0.05 / np.sqrt(count)
    shapes: list[Shape | Disc] = []
    for pane, tone in zip(panes, tones, strict=True):
        shapes += _pane(pane, tone, gap, palette)
    return Drawing(LEAD, LEAD, shapes)


def _phases(level: Floats, phases: int) -> Floats:
    """(U, phases) means over equal stretches of time; a course shorter than that is drawn through."""
    if len(level) < phases:
        return through(level.T, phases)
    return np.array([part.mean(axis=0) for part in np.array_split(level, phases)]).T


def _bevel(level: Floats, phases: int) -> Floats:
    """(U, phases): without a time axis a pane brightens a little towards its middle."""
    return np.clip(level[:, None] + np.linspace(0, 0.12, phases), 0, 1)


def _settled(sites: Floats, level: Floats) -> Floats:
    """Sites moved to the middle of their panes again and again (Lloyd 1982), then dealt out row by row."""
    for _ in range(ROUNDS):
        sites = np.array([_middle(pane) for pane in _panes(sites)])
    lines = max(1, round(np.sqrt(len(level))))
    row = np.minimum((sites[:, 1].argsort().argsort() * lines) // len(sites), lines - 1)
    return sites[np.lexsort((sites[:, 0], row))]


def _panes(sites: Floats) -> list[Floats]:
    """The Voronoi cell of each site in the unit square; mirror images beyond the four sides close the outer ones."""
    mirrored = [sites * (-1, 1), sites * (1, -1), (2, 0) - sites * (1, -1), (0, 2) - sites * (-1, 1)]
    diagram = scipy.spatial.Voronoi(np.concatenate([sites, *mirrored]))
    cells = (diagram.vertices[diagram.regions[diagram.point_region[n]]] for n in range(len(sites)))
    return [_in_order(np.clip(cell, 0, 1)) for cell in cells]


def _in_order(corners: Floats) -> Floats:
    x, y = (corners - corners.mean(axis=0)).T
    return corners[np.argsort(np.arctan2(y, x))]


def _middle(pane: Floats) -> Floats:
    """Centre of mass of a polygon."""
    x, y = pane.T
    following_x, following_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * following_y - following_x * y
    area = cross.sum() * 3
    if abs(area) < 1e-15:
        return pane.mean(axis=0)
    return np.array([((x + following_x) * cross).sum(), ((y + following_y) * cross).sum()]) / area


def _pane(pane: Floats, tones: Floats, gap: float, palette: Palette) -> list[Shape | Disc]:
    middle = _middle(pane)
    size = float(np.hypot(*(pane - middle).T).mean())
    outline = _rounded(middle + (pane - middle) * max(0.2, 1 - gap / max(size, 1e-9)))
    shrink = np.sqrt(1 - np.arange(len(tones)) / len(tones))
    shapes: list[Shape | Disc] = []
    for part, tone in zip(shrink.tolist(), tones.tolist(), strict=True):
        around = middle + (outline - middle) * part
        shapes += [Shape(around, palette.colour(tone)), Shape(_gleam(around, middle), (255, 255, 255), 0.05)]
    return shapes


def _rounded(pane: Floats) -> Floats:
    """Corners cut twice (Chaikin 1974)."""
    for _ in range(2):
        following = np.roll(pane, -1, axis=0)
        pane = np.stack([0.82 * pane + 0.18 * following, 0.18 * pane + 0.82 * following], axis=1).reshape(
            -1, 2
        )
    return pane


def _gleam(outline: Floats, middle: Floats) -> Floats:
    """Light from the upper left on the same piece of glass."""
    return middle + (outline - middle) * 0.72 - np.abs(outline - middle).max(axis=0) * 0.1


STYLE = Style(
    name="glass",
    title="Stained glass",
    mapping=(
        "A leaded pane per unit, dealt out line by line from the upper left; from its rim inward runs time, and "
        "colour is the level. A moment has one colour per pane."
    ),
    draw=window,
    vector=True,
    palette="reef",
    settings={
        "variation": VARIATION,
        "phases": Whole(6, 1, 12, "Phases of time"),
        "lead": Number(1.0, 0.0, 4.0, "Lead"),
    },
    blocks=Blocks(12, 420, 420),
    order=50,
)
