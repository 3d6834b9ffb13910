"""Colours: a level between 0 and 1 becomes a colour, the same for every style."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spikeboard.errors import RecordingError

Colour = tuple[int, int, int]

STEPS = 1024


@dataclass(frozen=True, eq=False)
class Palette:
    """A paper and the colours on it, from level 0 to level 1.

    name, title : as in settings, as shown
    paper : background, "rrggbb"
    stops : evenly spaced colours, "rrggbb" each, with a space between
    colour_blind_safe : whether levels stay apart for protanopes, deuteranopes and tritanopes (tests simulate them)
    stepped : whether only the stops themselves are used, nothing between them
    """

    name: str
    title: str
    paper: str
    stops: str
    colour_blind_safe: bool
    stepped: bool = False

    @cached_property
    def table(self) -> NDArray[np.uint8]:
        """(1024, 3) uint8 RGB of levels from 0 to 1, mixed in Oklab (Ottosson 2020), where equal steps look equal."""
        stops = _to_oklab(np.array([rgb(stop) for stop in self.stops.split()], float))
        at = np.linspace(0, len(stops) - 1, STEPS)
        if self.stepped:
            at = np.minimum(np.arange(STEPS) * len(stops) // STEPS, len(stops) - 1).astype(float)
        mixed = np.stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T], axis=1)
        return _from_oklab(mixed)

    def colours(self, level: NDArray[np.float64]) -> NDArray[np.uint8]:
        """(..., 3) uint8 RGB of levels between 0 and 1."""
        return self.table[np.clip(np.asarray(level) * (STEPS - 1) + 0.5, 0, STEPS - 1).astype(np.intp)]

    def colour(self, level: float) -> Colour:
        """One level's RGB."""
        red, green, blue = self.colours(np.array(level)).tolist()
        return red, green, blue

    @property
    def is_light(self) -> bool:
        """Whether the paper is bright, so that ink on it must be dark."""
        return sum(rgb(self.paper)) > 384


def rgb(code: str) -> Colour:
    """ "rrggbb" as three numbers."""
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, `share` of the way to the second, mixed in Oklab."""
    ends = _to_oklab(np.array([first, second], float))
    red, green, blue = _from_oklab(ends[0] + (ends[1] - ends[0]) * share).tolist()
    return red, green, blue


def palette_called(name: str) -> Palette:
    """The palette of that name.

    Raises
    ------
    RecordingError : with the names there are
    """
    if not isinstance(name, str) or name not in PALETTES:
        raise RecordingError(f"there is no palette {str(name)[:40]!r}; choose one of {', '.join(PALETTES)}")
    return PALETTES[name]


def _to_oklab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    part = colours / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _RGB_TO_CONES.T) @ _CONES_TO_LAB.T


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.uint8]:
    linear = np.clip((lab @ np.linalg.inv(_CONES_TO_LAB).T) ** 3 @ np.linalg.inv(_RGB_TO_CONES).T, 0, 1)
    part = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(part * 255).astype(np.uint8)


# Ottosson (2020), "A perceptual color space for image processing".
_RGB_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


# Okabe and Ito (2008), "Color Universal Design", without black; from dark to light.
_OKABE_ITO = "0072b2 d55e00 009e73 cc79a7 56b4e9 e69f00 f0e442"


def _named(*palettes: Palette) -> dict[str, Palette]:
    return {palette.name: palette for palette in palettes}


PALETTES = _named(
    Palette(
        "viridis",
        "Viridis",
        "160a26",
        "440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
        True,
    ),
    Palette(
        "cividis",
        "Cividis",
        "001230",
        "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
        True,
    ),
    Palette("ember", "Ember", "0d0812", "240c36 5c1350 9c2348 d4462f f0812a fbbf4d fdf0b5", True),
    Palette("aurora", "Aurora", "060d1f", "12204f 1d4a7c 14788c 27a88b 86d48a eef2b5", True),
    Palette("dusk", "Dusk", "140d2b", "2a1a5e 58308a 9a4095 d9608a f7957a fdd5a2", True),
    Palette("okabe_ito", "Okabe–Ito", "10151c", _OKABE_ITO, True, stepped=True),
    Palette("sumi", "Sumi ink", "f5f0e6", "d3d3cb a9b0b3 7c8a94 4f6273 2d4156 141f30", True),
    Palette(
        "riso",
        "Blue and orange print",
        "f8f3e9",
        "17406d 3f7cac 95b8d1 f2d3a0 ee964b b8401e",
        True,
    ),
    Palette("reef", "Reef", "04222c", "0a4a5a 15808d 6fc2b4 f0dfa8 f29e4c c8553d", True),
    Palette("garden", "Garden", "fbf6ea", "1f5d45 4f9d69 b5cf8a f5c7a9 e56b6f a4243b", False),
)
