"""Pictures as files, and what their metadata are good for."""

from __future__ import annotations

import json
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spikeboard.errors import RecordingError
from spikeboard.neuroart import STYLES, art, art_animation, art_png, art_svg, read_metadata, redraw
from spikeboard.neuroart.field import fingerprint
from spikeboard.version import VERSION

RNG = np.random.default_rng(4)
STATE = RNG.normal(-60, 5, (30, 9))
CHOICES = {"palette": "cividis", "variation": 3, "petals": 5}
FILES = {
    "png": lambda: art_png(STATE, "bloom", 48, **CHOICES),
    "svg": lambda: art_svg(STATE, "bloom", 48, title="<run & 'one'>", **CHOICES).encode(),
    "gif": lambda: art_animation(STATE, 1, 3, 48, "gif", "bloom", **CHOICES),
    "webp": lambda: art_animation(STATE, 1, 3, 48, "webp", "bloom", **CHOICES),
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_metadata_say_how_to_draw_it_again(make) -> None:
    found = read_metadata(make())
    assert found["digest"] == fingerprint(STATE)
    assert (found["style"], found["palette"], found["size"]) == ("bloom", "cividis", 48)
    assert found["software"] == f"Spikeboard {VERSION}"
    assert found["settings"].items() >= {"variation": 3, "petals": 5}.items()
    assert "One floret per unit" in found["description"]


@pytest.mark.parametrize("make", FILES.values(), ids=FILES.keys())
def test_files_are_the_same_to_the_byte(make) -> None:
    assert make() == make()


@pytest.mark.parametrize("style", STYLES)
def test_the_same_data_and_the_metadata_redraw_the_picture(style: str) -> None:
    given = {"variation": 7} if style != "classic" else {}
    file = art_png(STATE, style, 61, **given)
    with Image.open(BytesIO(file)) as image:
        pixels = np.asarray(image)
    found = read_metadata(file)
    np.testing.assert_array_equal(pixels, art(STATE, style, 61, **given))
    np.testing.assert_array_equal(redraw(STATE, found), pixels)
    again = art_png(STATE, found["style"], found["size"], found["palette"], **found["settings"])
    assert again == file


def test_other_data_are_not_taken_for_those_of_the_picture() -> None:
    found = read_metadata(FILES["png"]())
    with pytest.raises(RecordingError, match="not the data of that picture"):
        redraw(STATE + 1e-12, found)


def test_png_text_can_be_read_by_others() -> None:
    with Image.open(BytesIO(art_png([0.5, -1], "classic", 20, version="9.8.7"))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (20, 20))
        text = dict(image.info)
    assert list(text) == ["Software", "Description", "Digest", "Style", "Palette", "Size", "Settings"]
    assert text["Software"] == "Spikeboard 9.8.7"
    assert (text["Style"], text["Palette"], text["Size"], text["Settings"]) == ("classic", "", "20", "{}")
    assert text["Digest"] == fingerprint(np.array([0.5, -1]))


@pytest.mark.parametrize("style", [name for name, style in STYLES.items() if style.vector])
def test_svg_is_well_formed_and_asks_nobody(style: str) -> None:
    document = art_svg(STATE, style, 400, title="</title><script>alert(1)</script>")
    root = ElementTree.fromstring(document)
    tags = {one.tag.removeprefix("{http://www.w3.org/2000/svg}") for one in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "metadata",
        "defs",
        "linearGradient",
        "stop",
        "rect",
        "g",
        "path",
        "circle",
    }
    assert document.count("http") == 1
    assert root[0].text == "</title><script>alert(1)</script>"
    assert json.loads(root[1].text or "") == read_metadata(document.encode())


def test_svg_of_a_style_made_of_pixels_is_refused_with_the_others() -> None:
    with pytest.raises(RecordingError, match="made of pixels; as SVG there are bloom, ridges"):
        art_svg(STATE, "weave")


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_runs_as_long_as_said_and_for_ever(kind) -> None:
    done: list[float] = []
    file = art_animation(STATE, 1.5, 4, 40, kind, "glass", progress=done.append)
    with Image.open(BytesIO(file)) as image:
        frames = [np.asarray((image.seek(n), image.convert("RGB"))[1]) for n in range(image.n_frames)]  # type: ignore[attr-defined]
        assert (image.n_frames, image.size, image.info["loop"], image.info["duration"]) == (
            6,
            (40, 40),
            0,
            250,
        )  # type: ignore[attr-defined]
    assert len({frame.tobytes() for frame in frames}) == 6
    assert done == pytest.approx(np.arange(1, 7) / 6)
    found = read_metadata(file)
    assert found["settings"] | {"seconds": 1.5, "fps": 4.0, "window": 0.25} == found["settings"]
    assert found["digest"] == fingerprint(STATE)
    chosen = {key: found[key] for key in ("size", "style", "palette")}
    assert art_animation(STATE, format=kind, **chosen, **found["settings"]) == file


def test_frames_share_one_scale() -> None:
    """The first half is quiet, the second loud: frames must show that, not stretch each on its own."""
    state = np.concatenate([np.full((20, 6), -70.0), np.full((20, 6), -50.0)]) + RNG.random((40, 6))
    file = art_animation(state, 1, 4, 32, "webp", "glass", palette="sumi")
    with Image.open(BytesIO(file)) as image:
        light = [np.asarray((image.seek(n), image.convert("L"))[1]).mean() for n in range(4)]
    assert light[0] == pytest.approx(light[1], abs=6)
    assert light[0] - light[3] > 60


@pytest.mark.parametrize("style", [name for name, style in STYLES.items() if not style.own_values])
def test_a_moment_at_a_time_is_a_window_too(style: str) -> None:
    with Image.open(BytesIO(art_animation(STATE, 1, 2, 24, "webp", style, window=0.0))) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"states": [1.0, 2.0]}, r"time × units with at least two moments, but this state has shape \(2,\)"),
        ({"states": [[1.0, 2.0]]}, r"shape \(1, 2\)"),
        ({"style": "classic"}, "knows no time"),
        ({"seconds": 1000}, "2 to 120 frames"),
        ({"seconds": float("nan")}, "2 to 120 frames"),
        ({"fps": 0}, "fps must be"),
        ({"fps": float("nan")}, "fps must be"),
        ({"window": 1}, "window must be"),
        ({"format": "mp4"}, "a gif or a webp, not 'mp4'"),
        ({"size": 513}, "from 1 to 512"),
    ],
)
def test_an_animation_that_cannot_be_is_refused_in_words(given: dict, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        art_animation(**({"states": STATE, "size": 16} | given))


def test_an_animation_can_be_stopped() -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    def stop(done: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        art_animation(STATE, size=16, progress=stop)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_broken_files_are_refused_not_believed(kind: str, data: st.DataObject) -> None:
    file = bytearray(_made(kind))
    for _ in range(data.draw(st.integers(1, 5))):
        file[data.draw(st.integers(0, min(len(file), 900) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refused(bytes(file[: data.draw(st.integers(0, len(file)))]))


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(RecordingError, match="holds no metadata of Spikeboard"):
        read_metadata(noise)


@pytest.mark.parametrize(
    "about",
    [
        "[" * 50_000,
        "{}",
        '{"software": 1}',
        "NaN",
        '{"software": "", "description": "", "digest": "", "style": [], '
        '"palette": "", "size": 1, "settings": {}}',
    ],
)
def test_hostile_json_is_refused(about: str) -> None:
    with pytest.raises(RecordingError, match="holds no metadata"):
        read_metadata(f"<svg><metadata>{about}</metadata></svg>".encode())


_MADE: dict[str, bytes] = {}


def _made(kind: str) -> bytes:
    if kind not in _MADE:
        _MADE[kind] = FILES[kind]()
    return _MADE[kind]


def _read_or_refused(file: bytes) -> None:
    try:
        found = read_metadata(file)
    except RecordingError:
        return
    assert isinstance(found["size"], int) and isinstance(found["settings"], dict)
