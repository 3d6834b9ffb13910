"""What a picture's file says about it: enough to draw it again from the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape, unescape
from io import BytesIO
from typing import Any

from PIL import Image, PngImagePlugin

from spikeboard.errors import RecordingError
from spikeboard.neuroart.style import Style

# In the order in which a PNG file holds them.
KEYS = ("Software", "Description", "Digest", "Style", "Palette", "Size", "Settings")
LONGEST = 100_000


def passport(
    digest: str, style: Style, palette: str, size: int, settings: Mapping[str, Any], version: str
) -> dict[str, Any]:
    """The metadata of a picture.

    Returns
    -------
    dict with software, description (in words, what of the data became what of the picture), digest (of the data),
    style, palette ("" where the style has its own colours), size (pixels) and settings (by name)
    """
    return {
        "software": f"Spikeboard {version}",
        "description": f"{style.title}. {style.mapping}",
        "digest": digest,
        "style": style.name,
        "palette": palette,
        "size": size,
        "settings": dict(settings),
    }


def as_text(metadata: Mapping[str, Any]) -> str:
    """Metadata as one line of JSON."""
    return json.dumps(metadata, sort_keys=True, ensure_ascii=False)


def as_png_text(metadata: Mapping[str, Any]) -> PngImagePlugin.PngInfo:
    """Metadata as PNG text chunks, one for each key; settings as JSON."""
    chunks = PngImagePlugin.PngInfo()
    for key in KEYS:
        value = metadata[key.lower()]
        chunks.add_itxt(key, as_text(value) if isinstance(value, dict) else str(value))
    return chunks


def as_xmp(metadata: Mapping[str, Any]) -> bytes:
    """Metadata as an XMP packet, for WebP."""
    text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><metadata>{escape(as_text(metadata))}</metadata></x:xmpmeta>'
    return text.encode()


def read_metadata(file: bytes) -> dict[str, Any]:
    """The metadata of a picture that Spikeboard wrote: PNG, SVG, GIF or WebP.

    Parameters
    ----------
    file : the whole file; nothing in it is trusted, no pixel is decoded

    Returns
    -------
    dict with software, description, digest, style, palette, size and settings

    Raises
    ------
    RecordingError : where the file is no such picture
    """
    text = _text_of_svg(file) if file.lstrip()[:4] == b"<svg" else _text_of_image(file)
    try:
        found = json.loads(text[:LONGEST])
    except (ValueError, RecursionError):
        raise _unknown() from None
    return _checked(found)


def _text_of_image(file: bytes) -> str:
    try:
        with Image.open(BytesIO(file), formats=("PNG", "GIF", "WEBP")) as image:
            about = dict(image.info)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _unknown() from None
    if "Settings" in about:
        return _text_of_png(about)
    if isinstance(about.get("xmp"), bytes):
        return _text_of_svg(about["xmp"])
    return _decoded(about["comment"]) if isinstance(about.get("comment"), bytes) else ""


def _text_of_png(about: Mapping[Any, Any]) -> str:
    fields = {key.lower(): str(about.get(key, "")) for key in KEYS}
    try:
        numbers = {"size": int(fields["size"]), "settings": json.loads(fields["settings"])}
    except (ValueError, RecursionError):
        raise _unknown() from None
    return json.dumps(fields | numbers)


def _text_of_svg(file: bytes) -> str:
    found = re.search(rb"<metadata>([^<]{0,%d})</metadata>" % LONGEST, file[:LONGEST])
    return unescape(_decoded(found[1])) if found else ""


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _checked(found: Any) -> dict[str, Any]:
    kinds = {key.lower(): {"Size": int, "Settings": dict}.get(key, str) for key in KEYS}
    if not isinstance(found, dict) or any(type(found.get(key)) is not kind for key, kind in kinds.items()):
        raise _unknown()
    return {key: found[key] for key in kinds}


def _unknown() -> RecordingError:
    return RecordingError(
        "this file holds no metadata of Spikeboard; give a PNG, SVG, GIF or WebP picture it wrote"
    )
