"""Counts per pixel as an 8-bit palette PNG: each row in a colour of its own, more opaque the greater the count."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Levels of opacity of each colour; ten colours and the empty pixel then fit a palette of 256.
LEVELS = 24
# A picture full of spikes needs all opacities to show a contrast; a lone spike must be seen.
FAINTEST_FULL, FAINTEST_SPARSE, FULLEST = 60, 180, 255
# Between rows of some thickness a fifth stays empty, so that they can be told apart.
GAP = 5


def counts_png(counts: NDArray[np.integer], colours: Sequence[str], thickness: int = 1) -> bytes:
    """A picture of counts: empty pixels are transparent, the others grow more opaque with the logarithm of the count.

    Parameters
    ----------
    counts : (H, W) >= 0
    colours : (H,) "#rrggbb" of each row, at most ten different ones
    thickness : pixel rows per row of counts

    Returns
    -------
    png : of H * thickness by W pixels
    """
    distinct = list(dict.fromkeys(colours))
    slot = np.array([distinct.index(tint) for tint in colours], np.uint8)
    picture = opacity_levels(counts)
    picture += np.where(picture > 0, slot[:, None] * np.uint8(LEVELS), 0).astype(np.uint8)
    picture = np.ascontiguousarray(_thick(picture, thickness))
    image = Image.frombytes("P", picture.shape[::-1], picture.tobytes())
    image.putpalette(_palette(distinct))
    file = io.BytesIO()
    image.save(
        file, "PNG", compress_level=1, transparency=_opacities(len(distinct), float(np.mean(counts == 0)))
    )
    return file.getvalue()


def opacity_levels(counts: NDArray[np.integer]) -> NDArray[np.uint8]:
    """0 where nothing is counted, else 1 to `LEVELS` with the logarithm of the count; the greatest gets the last."""
    most = max(int(counts.max(initial=0)), 1)
    steps = np.zeros(most + 1, np.uint8)
    steps[1:] = np.rint(np.log1p(np.arange(1, most + 1)) / np.log1p(most) * (LEVELS - 1)) + 1
    return steps[counts]


def data_address(png: bytes) -> str:
    """A PNG as an address that an image can hold."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _thick(picture: NDArray[np.uint8], thickness: int) -> NDArray[np.uint8]:
    tall = np.repeat(picture, thickness, axis=0)
    if gap := thickness // GAP:
        tall.reshape(len(picture), thickness, -1)[:, -gap:] = 0
    return tall


def _palette(colours: Sequence[str]) -> list[int]:
    values = [0, 0, 0]
    for tint in colours:
        values += [int(tint[i : i + 2], 16) for i in (1, 3, 5)] * LEVELS
    return values


def _opacities(n_colours: int, empty: float) -> bytes:
    """Opacity of each place of the palette, for a picture of which the part `empty` is empty."""
    faintest = FAINTEST_FULL + (FAINTEST_SPARSE - FAINTEST_FULL) * empty
    return b"\0" + np.linspace(faintest, FULLEST, LEVELS).astype(np.uint8).tobytes() * n_colours
