"""A woven cloth: warp threads are units, weft threads are time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikeboard.neuroart.curves import through
from spikeboard.neuroart.drawing import painted
from spikeboard.neuroart.field import Blocks, Field, folded
from spikeboard.neuroart.palettes import Palette
from spikeboard.neuroart.style import VARIATION, Style
from spikeboard.view import Number, Whole

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

# Bayer (1973): the order in which a 4 × 4 patch of crossings turns from warp to weft.
ORDER = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16
# How far a thread reaches across its lane.
BREADTH = 0.92


def cloth(
    field: Field, palette: Palette, rng: np.random.Generator, size: int, threads: int, twist: float
) -> Pixels:
    """The cloth of a field."""
    sheet = folded(field)
    level = _threaded(sheet.mean, threads)
    weft_up = level > np.roll(ORDER, rng.integers(0, 4, 2), axis=(0, 1))[_lanes(threads)]
    slub = 1 + 0.16 * (rng.random((2, threads)) - 0.5)
    weft = palette.colours(0.42 + 0.58 * level) * slub[0][:, None, None]
    warp = palette.colours(0.04 + 0.3 * _threaded(sheet.per_unit[None], threads)[0]) * slub[1][:, None]

    def paint(x: Floats, y: Floats) -> Floats:
        column, u = _lane(x, threads)
        row, v = _lane(y, threads)
        up = weft_up[row, column]
        left, right = weft_up[row, (column - 1) % threads], weft_up[row, (column + 1) % threads]
        above, below = weft_up[(row - 1) % threads, column], weft_up[(row + 1) % threads, column]
        lit = np.where(
            up, _sheen(u, v, left == up, right == up, twist), _sheen(v, u, above == up, below == up, twist)
        )
        return np.where(up[..., None], weft[row, column], warp[column]) * lit[..., None]

    return painted(paint, size)


def _threaded(level: Floats, threads: int) -> Floats:
    """Levels dealt out to threads, shading from block to block: (T, U) to (threads, threads); one row stays one."""
    across = through(level, threads)
    return across if len(level) == 1 else through(across.T, threads).T


def _lanes(threads: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    at = np.arange(threads) % 4
    return at[:, None], at[None, :]


def _lane(place: Floats, threads: int) -> tuple[NDArray[np.intp], Floats]:
    """Which thread a place lies on, and where across its lane, from −1 to 1."""
    along = place * threads
    lane = np.minimum(along.astype(np.intp), threads - 1)
    return lane, 2 * (along - lane) - 1


def _sheen(
    along: Floats, across: Floats, before: NDArray[np.bool_], after: NDArray[np.bool_], twist: float
) -> Floats:
    """Light on a thread: round across, dipping under where the next crossing hides it, with the twist of its yarn."""
    reach = np.abs(across) / BREADTH
    round_ = np.sqrt(np.clip(1 - 0.85 * reach**2, 0, 1))
    hidden = np.where(along < 0, ~before, ~after)
    dip = 1 - 0.5 * hidden * np.abs(along) ** 3
    yarn = 1 + 0.09 * twist * np.sin(np.pi * (3 * along + 2.4 * across))
    return np.where(reach > 1, 0.16, (0.3 + 0.78 * round_ * dip) * yarn)


STYLE = Style(
    name="weave",
    title="Tapestry",
    mapping=(
        "Warp threads are units from left to right, weft threads are time from the top down. The higher a level, the "
        "more of its crossings show the weft, in the level's colour; the warp, in the dark tone of the unit's mean, "
        "shows through the rest. A moment is folded line by line."
    ),
    draw=cloth,
    palette="dusk",
    settings={
        "variation": VARIATION,
        "threads": Whole(72, 64, 192, "Threads"),
        "twist": Number(1.0, 0.0, 3.0, "Twist"),
    },
    blocks=Blocks(64, 64, 4096),
    order=60,
)
