"""A state drawn in a style: as an array, as PNG, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from spikeboard.errors import RecordingError
from spikeboard.neuroart.drawing import raster, svg
from spikeboard.neuroart.field import Field, checked, field_of, fingerprint, scales_of
from spikeboard.neuroart.palettes import Palette
from spikeboard.neuroart.passport import as_png_text, as_text, passport
from spikeboard.neuroart.style import Style
from spikeboard.neuroart.styles import style_called, styles
from spikeboard.version import VERSION

Pixels = NDArray[np.uint8]

LARGEST = 4096


@dataclass(frozen=True, eq=False)
class Plan:
    """A picture to be drawn, everything checked.

    values : (n,) or (T, U), the state
    digest : of the values
    palette : None where the style has colours of its own
    size : pixels on each side
    settings : all of the style's
    """

    values: NDArray[Any]
    digest: str
    style: Style
    palette: Palette | None
    size: int
    settings: dict[str, Any]


def art(
    state: ArrayLike, style: str = "classic", size: int = 256, palette: str | None = None, **settings: Any
) -> Pixels:
    """A picture of a state.

    Every style but *classic* draws all of the data, on a robust scale and seeded from a digest of every value: the
    same data give the same picture; other data, be it by order or sign alone, give another.

    Parameters
    ----------
    state : (n,) one value per unit, or (T, U) time × units; in any physical unit
    style : one of `STYLES`
    size : pixels on each side, 1 to 4096
    palette : one of `PALETTES`; None: the style's own
    **settings : those of the style, and `variation` for another picture of the same data

    Returns
    -------
    (size, size, 3) uint8 RGB

    Raises
    ------
    RecordingError : for a state that is empty, not finite or no numbers, and for what the style does not take
    """
    return pixels_of(planned(state, style, size, palette, settings))


def art_png(
    state: ArrayLike,
    style: str = "classic",
    size: int = 1024,
    palette: str | None = None,
    version: str = VERSION,
    **settings: Any,
) -> bytes:
    """The same picture as a PNG file that says in its text chunks what it shows and how to draw it again.

    Parameters
    ----------
    version : the program's, for the metadata
    others : as for `art`

    Returns
    -------
    bytes of a PNG file, 8-bit RGB; `read_metadata` reads its metadata

    Raises
    ------
    RecordingError : as `art`
    """
    plan = planned(state, style, size, palette, settings)
    file = BytesIO()
    Image.fromarray(pixels_of(plan)).save(file, "PNG", pnginfo=as_png_text(passport_of(plan, version)))
    return file.getvalue()


def art_svg(
    state: ArrayLike,
    style: str = "bloom",
    size: int = 1024,
    palette: str | None = None,
    title: str = "",
    version: str = VERSION,
    **settings: Any,
) -> str:
    """The same picture as an SVG document, from the shapes that its pixels are made of.

    Parameters
    ----------
    style : one of those in `STYLES` whose `vector` is true
    size : width and height that the document asks for, px
    title : what it is called for those who cannot see it; any text, it is escaped
    version : the program's, for the metadata
    others : as for `art`

    Raises
    ------
    RecordingError : as `art`, and for a style that is made of pixels
    """
    plan = planned(state, style, size, palette, settings)
    if not plan.style.vector:
        known = ", ".join(name for name, one in styles().items() if one.vector)
        raise RecordingError(f"the style {plan.style.name} is made of pixels; as SVG there are {known}")
    drawing = _drawn(plan, whole_field(plan))
    return svg(
        drawing, plan.size, as_text(passport_of(plan, version)), title or f"Neuro-art, {plan.style.title}"
    )


def redraw(state: ArrayLike, metadata: Mapping[str, Any]) -> Pixels:
    """The picture that a file's metadata describe, from its data.

    Parameters
    ----------
    state : the data
    metadata : as `read_metadata` gives them

    Returns
    -------
    (size, size, 3) uint8 RGB

    Raises
    ------
    RecordingError : where the data are not those of the picture
    """
    plan = planned(
        state, metadata["style"], metadata["size"], metadata["palette"] or None, metadata["settings"]
    )
    if plan.digest != metadata["digest"]:
        raise RecordingError(
            f"these are not the data of that picture: their digest is {plan.digest[:12]}…, "
            f"the picture's is {str(metadata['digest'])[:12]}…"
        )
    return pixels_of(plan)


def planned(
    state: ArrayLike,
    style: str,
    size: int,
    palette: str | None,
    settings: Mapping[str, Any],
    largest: int = LARGEST,
) -> Plan:
    """What is to be drawn, checked; raises RecordingError where something does not fit."""
    chosen = style_called(style)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= largest:
        raise RecordingError(
            f"size must be a whole number of pixels from 1 to {largest}, not {str(size)[:40]!r}"
        )
    colours, values = chosen.colours(palette), chosen.check(settings)
    array = checked(state)
    return Plan(array, fingerprint(array), chosen, colours, int(size), values)


def pixels_of(plan: Plan) -> Pixels:
    """The picture of a whole state."""
    if plan.style.own_values:
        return plan.style.draw(plan.values, plan.size)
    return pixels_of_field(plan, whole_field(plan))


def pixels_of_field(plan: Plan, field: Field) -> Pixels:
    """The picture of a state's levels, or of a stretch of them."""
    drawn = _drawn(plan, field)
    return raster(drawn, plan.size) if plan.style.vector else drawn


def whole_field(plan: Plan) -> Field:
    """All of a state as levels."""
    return field_of(plan.values, scales_of(plan.values, plan.style.blocks), plan.style.blocks)


def passport_of(plan: Plan, version: str, **more: Any) -> dict[str, Any]:
    """What a file says about its picture."""
    name = plan.palette.name if plan.palette else ""
    return passport(plan.digest, plan.style, name, plan.size, plan.settings | more, version)


def _drawn(plan: Plan, field: Field) -> Any:
    own = {name: value for name, value in plan.settings.items() if name != "variation"}
    size = {} if plan.style.vector else {"size": plan.size}
    return plan.style.draw(field, plan.palette, _seeded(plan), **size, **own)


def _seeded(plan: Plan) -> np.random.Generator:
    text = f"{plan.digest} {plan.style.name} {plan.settings['variation']}"
    return np.random.default_rng(int.from_bytes(blake2b(text.encode()).digest()))
