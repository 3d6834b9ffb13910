"""Neuro-art: pictures of states. `art` gives an array, `art_png`, `art_svg` and `art_animation` give files."""

from spikeboard.neuroart.animation import art_animation
from spikeboard.neuroart.palettes import PALETTES, Palette
from spikeboard.neuroart.passport import read_metadata
from spikeboard.neuroart.render import art, art_png, art_svg, redraw
from spikeboard.neuroart.style import Style
from spikeboard.neuroart.styles import styles as _styles

STYLES = _styles()

__all__ = [
    "PALETTES",
    "STYLES",
    "Palette",
    "Style",
    "art",
    "art_animation",
    "art_png",
    "art_svg",
    "read_metadata",
    "redraw",
]
