"""A vector picture as a list of filled shapes, and the two things made of it: pixels and SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from spikeboard.neuroart.palettes import Colour

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

TILE = 512
# Samples of a painted picture computed in one go.
BAND = 1 << 19
# SVG coordinates are whole numbers on a square this wide: compact, and finer than 4096 pixels.
GRAIN = 10_000


@dataclass(frozen=True, eq=False)
class Shape:
    """A filled polygon in the unit square (x to the right, y down); where it overlaps itself, even-odd decides.

    points : (N, 2) float64
    opacity : 0 to 1
    """

    points: Floats
    colour: Colour
    opacity: float = 1.0


@dataclass(frozen=True)
class Disc:
    """A filled circle in the unit square."""

    x: float
    y: float
    radius: float
    colour: Colour
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Drawing:
    """Shapes from back to front on a background that goes from one colour at the top to another at the bottom."""

    top: Colour
    bottom: Colour
    shapes: Sequence[Shape | Disc]


def ribbons(paths: Floats, widths: Floats) -> Floats:
    """The outlines of lines with a body.

    Parameters
    ----------
    paths : (..., N, 2) float64, at least two points each
    widths : (..., N) at each point, in the unit of the path

    Returns
    -------
    (..., 2 N, 2) float64, along one side and back on the other
    """
    along = np.gradient(paths, axis=-2)
    length = np.hypot(along[..., 0], along[..., 1])
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    across *= (widths / (2 * np.where(length == 0, 1, length)))[..., None]
    return np.concatenate([paths + across, (paths - across)[..., ::-1, :]], axis=-2)


def raster(drawing: Drawing, size: int) -> Pixels:
    """The drawing as pixels, anti-aliased; drawn tile by tile, so that memory stays at the picture itself.

    Parameters
    ----------
    size : pixels on each side

    Returns
    -------
    (size, size, 3) uint8 RGB
    """
    fine = oversampling(size)
    picture = np.empty((size, size, 3), np.uint8)
    bounds = np.array([_bounds(shape) for shape in drawing.shapes]).reshape(-1, 4) * (size * fine)
    for top in range(0, size, TILE):
        for left in range(0, size, TILE):
            high, wide = min(TILE, size - top), min(TILE, size - left)
            box = left * fine, top * fine, (left + wide) * fine, (top + high) * fine
            image = _backdrop(drawing, box, size * fine)
            _fill(image, [drawing.shapes[n] for n in _touching(bounds, box)], box, size * fine)
            picture[top : top + high, left : left + wide] = np.asarray(image.reduce(fine))
    return picture


def painted(paint: Callable[[Floats, Floats], Floats], size: int) -> Pixels:
    """A picture given by its colour at each place, anti-aliased; computed in bands, so that memory stays flat.

    Parameters
    ----------
    paint : `paint(x, y)` with (h, 1) and (1, w) places in the unit square gives (h, w, 3) RGB, 0 to 255
    size : pixels on each side

    Returns
    -------
    (size, size, 3) uint8 RGB
    """
    fine = 4 if size <= 256 else 2 if size <= 2048 else 1
    picture = np.empty((size, size, 3), np.uint8)
    across = (np.arange(size * fine) + 0.5) / (size * fine)
    band = max(1, BAND // (size * fine * fine))
    for top in range(0, size, band):
        rows = across[top * fine : (top + band) * fine]
        colours = paint(across[None, :], rows[:, None])
        pixels = colours.reshape(len(rows) // fine, fine, size, fine, 3).mean(axis=(1, 3))
        picture[top : top + band] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return picture


def oversampling(size: int) -> int:
    """How many samples per pixel and axis a picture of that size is drawn with."""
    return 4 if size <= 1024 else 3 if size <= 2048 else 2


def svg(drawing: Drawing, size: int, metadata: str = "", title: str = "") -> str:
    """The drawing as an SVG document; `metadata` and `title` are escaped, and what XML forbids is left out.

    Parameters
    ----------
    size : width and height it asks for, px
    metadata : text for its <metadata>
    title : what it is called for those who cannot see it
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {GRAIN} {GRAIN}" '
        f'role="img">\n<title>{_text(title)}</title>\n<metadata>{_text(metadata)}</metadata>\n'
        f'<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="{_hex(drawing.top)}"/>'
        f'<stop offset="1" stop-color="{_hex(drawing.bottom)}"/></linearGradient></defs>\n'
        f'<rect width="{GRAIN}" height="{GRAIN}" fill="url(#sky)"/>\n<g fill-rule="evenodd">\n'
    )
    return head + "\n".join(map(_element, drawing.shapes)) + "\n</g>\n</svg>\n"


def _bounds(shape: Shape | Disc) -> tuple[float, float, float, float]:
    if isinstance(shape, Disc):
        x, y, r = shape.x, shape.y, shape.radius
        return x - r, y - r, x + r, y + r
    (left, top), (right, bottom) = shape.points.min(axis=0), shape.points.max(axis=0)
    return left, top, right, bottom


def _touching(bounds: Floats, box: tuple[int, int, int, int]) -> list[int]:
    left, top, right, bottom = box
    near = (
        (bounds[:, 0] <= right)
        & (bounds[:, 2] >= left - 1)
        & (bounds[:, 1] <= bottom)
        & (bounds[:, 3] >= top - 1)
    )
    return np.flatnonzero(near).tolist()


def _backdrop(drawing: Drawing, box: tuple[int, int, int, int], whole: int) -> Image.Image:
    left, top, right, bottom = box
    share = ((np.arange(top, bottom) + 0.5) / whole)[:, None]
    rows = np.rint(np.array(drawing.top) * (1 - share) + np.array(drawing.bottom) * share).astype(np.uint8)
    return Image.fromarray(
        np.ascontiguousarray(np.broadcast_to(rows[:, None], (bottom - top, right - left, 3)))
    )


def _fill(
    image: Image.Image, shapes: Sequence[Shape | Disc], box: tuple[int, int, int, int], whole: int
) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    for shape in shapes:
        ink = (*shape.colour, round(shape.opacity * 255))
        # Rounded down before it is moved: all tiles agree on every corner, so no seam shows.
        if isinstance(shape, Disc):
            corners = np.floor(np.array(_bounds(shape)) * whole).astype(int) - np.tile(box[:2], 2)
            pen.ellipse(corners.tolist(), fill=ink)
        else:
            pen.polygon((np.floor(shape.points * whole).astype(int) - box[:2]).ravel().tolist(), fill=ink)


def _element(shape: Shape | Disc) -> str:
    paint = f' fill="{_hex(shape.colour)}"' + (
        f' fill-opacity="{shape.opacity:.3g}"' if shape.opacity < 1 else ""
    )
    if isinstance(shape, Disc):
        x, y, r = (np.rint(np.array([shape.x, shape.y, shape.radius]) * GRAIN)).astype(int).tolist()
        return f'<circle cx="{x}" cy="{y}" r="{max(r, 1)}"{paint}/>'
    return f'<path d="{"".join(_steps(shape.points))}z"{paint}/>'


def _steps(points: Floats) -> Iterator[str]:
    whole = np.rint(points * GRAIN).astype(int)
    yield f"M{whole[0, 0]} {whole[0, 1]}l"
    yield " ".join(f"{x} {y}" for x, y in np.diff(whole, axis=0).tolist())


def _hex(colour: Colour) -> str:
    return f"#{bytes(colour).hex()}"


def _text(text: str) -> str:
    return escape(
        "".join(
            c for c in text if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe")
        )
    )
