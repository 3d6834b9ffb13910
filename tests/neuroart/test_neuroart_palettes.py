"""Palettes: their colours, their mixing, and whether colour-blind people can tell levels apart."""

from __future__ import annotations

import numpy as np
import pytest

from spikeboard.errors import RecordingError
from spikeboard.neuroart import PALETTES, Palette, art
from spikeboard.neuroart.palettes import mixed, palette_called, rgb

# Machado, Oliveira and Fernandes (2009), severity 1.0, for linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TELLING = 9.0


def _linear(colours: np.ndarray) -> np.ndarray:
    part = colours / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB under D65, from its definition (CIE 15:2004)."""
    xyz = linear @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    ratio = np.clip(xyz / [0.9505, 1.0, 1.089], 0, None)
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def _nearest(palette: Palette) -> float:
    """The smallest CIELAB distance of any two of seven evenly spread levels, for any kind of eyes."""
    colours = palette.colours((np.arange(7) + 0.5) / 7).astype(float)
    apart = []
    for eyes in BLINDNESS.values():
        lab = _lab(np.clip(_linear(colours) @ np.array(eyes).T, 0, 1))
        distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
        apart.append(distance[~np.eye(7, dtype=bool)].min())
    return min(apart)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_palettes_called_safe_are_safe(palette: Palette) -> None:
    assert (_nearest(palette) >= TELLING) == palette.colour_blind_safe, _nearest(palette)


def test_there_is_a_choice_of_safe_ones() -> None:
    safe = {name for name, palette in PALETTES.items() if palette.colour_blind_safe}
    assert safe >= {"viridis", "cividis", "okabe_ito"}
    assert len(PALETTES) - len(safe) >= 1


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_the_ends_are_the_first_and_last_colour(palette: Palette) -> None:
    stops = palette.stops.split()
    assert palette.table.shape == (1024, 3)
    assert palette.colour(0.0) == rgb(stops[0])
    assert palette.colour(1.0) == rgb(stops[-1])
    assert palette.colours(np.zeros((2, 5))).shape == (2, 5, 3)


def test_a_stepped_palette_mixes_nothing() -> None:
    palette = PALETTES["okabe_ito"]
    assert {tuple(colour) for colour in palette.table.tolist()} == {
        rgb(stop) for stop in palette.stops.split()
    }


def test_mixing_is_perceptual() -> None:
    assert mixed((10, 20, 30), (200, 100, 50), 0.0) == (10, 20, 30)
    assert mixed((10, 20, 30), (200, 100, 50), 1.0) == (200, 100, 50)
    # Oklab L = 0.5 is the grey 0x636363 (Ottosson 2020), not the middle of the numbers.
    assert mixed((0, 0, 0), (255, 255, 255), 0.5) == (99, 99, 99)


def test_an_unknown_palette_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RecordingError, match=r"no palette 'nope'; choose one of viridis, cividis"):
        palette_called("nope")
    with pytest.raises(RecordingError, match="no palette"):
        art([1.0, 2.0], "flow", palette="../etc")
