"""Shapes as pixels and as SVG."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeboard.neuroart import drawing
from spikeboard.neuroart.drawing import GRAIN, Disc, Drawing, Shape, painted, raster, ribbons, svg

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
SVG = "{http://www.w3.org/2000/svg}"


def _square(low: float, high: float, colour: tuple[int, int, int] = WHITE, opacity: float = 1.0) -> Shape:
    return Shape(np.array([[low, low], [high, low], [high, high], [low, high]]), colour, opacity)


def _many(count: int = 60) -> Drawing:
    rng = np.random.default_rng(5)
    shapes: list[Shape | Disc] = []
    for _ in range(count):
        shapes.append(Shape(rng.random((5, 2)) * 1.4 - 0.2, tuple(rng.integers(0, 256, 3).tolist()), 0.7))
        shapes.append(
            Disc(*rng.random(2).tolist(), 0.1 * rng.random(), tuple(rng.integers(0, 256, 3).tolist()))
        )
    return Drawing((5, 10, 20), (90, 60, 30), shapes)


def test_a_square_covers_its_pixels_and_half_of_its_edge() -> None:
    picture = raster(Drawing(BLACK, BLACK, [_square(0.25, 0.75)]), 40)
    assert (picture[11:29, 11:29] == 255).all()
    assert (picture[:9] == 0).all() and (picture[:, 31:] == 0).all()
    covered = picture[..., 0].sum() / 255 / 40**2
    assert covered == pytest.approx(0.25, rel=0.03)


def test_a_disc_has_its_area_and_opacity_mixes() -> None:
    picture = raster(Drawing(BLACK, BLACK, [Disc(0.5, 0.5, 0.3, WHITE, 0.5)]), 128)
    assert set(np.unique(picture)) >= {0, 128}
    assert picture[..., 0].sum() / 128**3 * 128 / 128 == pytest.approx(np.pi * 0.09, rel=0.02)


def test_the_background_runs_from_top_to_bottom() -> None:
    picture = raster(Drawing((0, 0, 0), (200, 100, 50), []), 100)
    assert picture[0, 0].tolist() == [1, 0, 0] or picture[0, 0].tolist() == [1, 1, 0]
    assert picture[-1, 99].tolist() == [199, 100, 50] or picture[-1, 99].tolist() == [199, 99, 50]
    assert (np.diff(picture[:, 0, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize("tile", [7, 32, 100])
def test_no_seam_between_tiles(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = raster(_many(), 100)
    monkeypatch.setattr(drawing, "TILE", tile)
    difference = np.abs(raster(_many(), 100).astype(int) - whole)
    # Pillow rounds slopes in single precision: here and there one sample of sixteen may fall to the other side.
    assert difference.max() <= 16 and (difference > 0).mean() < 0.001


@pytest.mark.parametrize("band", [1, 1000])
def test_no_seam_between_bands(band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(255 * x, 255 * y, 128 + 0 * x), axis=-1)

    whole = painted(paint, 33)
    monkeypatch.setattr(drawing, "BAND", band)
    np.testing.assert_array_equal(painted(paint, 33), whole)
    np.testing.assert_allclose(whole[0, :, 0], 255 * (np.arange(33) + 0.5) / 33, atol=0.51)
    np.testing.assert_allclose(whole[:, 5, 1], 255 * (np.arange(33) + 0.5) / 33, atol=0.51)


def test_a_larger_picture_is_the_same_picture() -> None:
    small, large = raster(_many(), 64).astype(float), raster(_many(), 256).astype(float)
    assert np.abs(large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3)) - small).mean() < 3


def test_a_ribbon_is_as_wide_as_said() -> None:
    path = np.stack([np.linspace(0.1, 0.9, 9), np.full(9, 0.5)], axis=1)
    body = ribbons(path, np.full(9, 0.2))
    assert body.shape == (18, 2)
    assert np.ptp(body[:, 1]) == pytest.approx(0.2)
    assert np.ptp(body[:, 0]) == pytest.approx(0.8)
    assert np.isfinite(ribbons(np.full((4, 3, 2), 0.5), np.ones((4, 3)))).all()


def _shapes_of(document: str) -> list[Shape | Disc]:
    """The shapes back from an SVG document, by the rules of SVG paths."""
    shapes: list[Shape | Disc] = []
    for one in next(ElementTree.fromstring(document).iter(f"{SVG}g")):
        code = one.attrib["fill"]
        colour = int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
        opacity = float(one.attrib.get("fill-opacity", 1))
        if one.tag == f"{SVG}circle":
            x, y, radius = (float(one.attrib[key]) / GRAIN for key in ("cx", "cy", "r"))
            shapes.append(Disc(x, y, radius, colour, opacity))
        else:
            first, rest = one.attrib["d"].removeprefix("M").removesuffix("z").split("l")
            steps = np.array([*first.split(), *rest.split()], float).reshape(-1, 2)
            shapes.append(Shape(steps.cumsum(axis=0) / GRAIN, colour, opacity))
    return shapes


def test_svg_holds_the_shapes_that_the_pixels_are_made_of() -> None:
    original = _many()
    again = Drawing(original.top, original.bottom, _shapes_of(svg(original, 300)))
    assert len(again.shapes) == len(original.shapes)
    difference = np.abs(raster(again, 200).astype(int) - raster(original, 200))
    assert difference.mean() < 0.5


def test_svg_says_its_size_and_asks_for_even_odd() -> None:
    root = ElementTree.fromstring(svg(_many(1), 300))
    assert (root.attrib["width"], root.attrib["viewBox"]) == ("300", f"0 0 {GRAIN} {GRAIN}")
    assert root.find(f"{SVG}g").attrib["fill-rule"] == "evenodd"  # type: ignore[union-attr]


@given(
    st.text() | st.sampled_from(["</title><script>alert(1)</script>", "]]>\x00\x0b\ud800￾&amp;", "\"'><!--"])
)
def test_hostile_text_stays_text(text: str) -> None:
    root = ElementTree.fromstring(svg(Drawing(BLACK, WHITE, []), 10, metadata=text, title=text))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {
        "svg",
        "title",
        "metadata",
        "defs",
        "linearGradient",
        "stop",
        "rect",
        "g",
    }
    kept = "".join(c for c in text if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "￾"))
    assert (root.find(f"{SVG}title").text or "") == kept  # type: ignore[union-attr]
