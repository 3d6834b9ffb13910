"""Every style: what a picture must do, whatever it looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spikeboard.errors import RecordingError
from spikeboard.neuroart import PALETTES, STYLES, Style, art, render, style
from spikeboard.view import Choice, Flag, Number, Whole

OWN = [style for style in STYLES.values() if not style.own_values]
EACH = pytest.mark.parametrize("style", OWN, ids=lambda style: style.name)

RNG = np.random.default_rng(11)
MILLIVOLTS = RNG.normal(-62, 4, (40, 12)) + 30 * (RNG.random((40, 12)) < 0.03)
RATES = RNG.gamma(1.2, 8, 60)
SPIKES = RNG.random((120, 25)) < 0.05
STATES = {"millivolts": MILLIVOLTS, "rates": RATES, "spikes": SPIKES}
AWKWARD = {
    "one value": [3.0],
    "two values": [1.0, 2.0],
    "one moment of one unit": [[1.0]],
    "two by two": [[0.0, 1.0], [2.0, 3.0]],
    "one unit's trace": np.arange(30.0)[:, None],
    "one moment": np.arange(30.0)[None],
    "silence": np.zeros((9, 7)),
    "all at rest": np.full(20, -65.0),
    "many units, two moments": RNG.random((2, 900)),
    "two units, many moments": RNG.random((900, 2)),
    "ends of float64": [[1e308, -1e308], [5e-324, 0.0]],
    "whole numbers": np.arange(20, dtype=np.int8).reshape(4, 5),
}


@pytest.fixture
def fixed_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All data with one digest: what changes in a picture is then drawn from the data, not from the seed."""
    monkeypatch.setattr(render, "fingerprint", lambda values: "0" * 64)


def _far(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_there_are_styles_enough_and_a_file_is_the_registration() -> None:
    files = {path.stem for path in Path(style.__file__).with_name("styles").glob("*.py")} - {"__init__"}
    assert set(STYLES) == files
    assert next(iter(STYLES)) == "classic"
    assert len(OWN) >= 5
    assert sum(style.vector for style in OWN) >= 2
    assert all(
        style.title and style.mapping.endswith(".") and style.draw.__doc__ for style in STYLES.values()
    )


@EACH
@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_it_is_a_picture_and_always_the_same(style: Style, state: np.ndarray) -> None:
    picture = art(state, style.name, 72)
    assert picture.shape == (72, 72, 3) and picture.dtype == np.uint8
    np.testing.assert_array_equal(art(state.copy(), style.name, 72), picture)


@EACH
@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_any_physical_unit_gives_a_rich_picture(style: Style, state: np.ndarray) -> None:
    picture = art(state, style.name, 128)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 200
    assert picture.mean(axis=2).std() > 12
    commonest = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)[1].max()
    assert commonest < 0.5 * 128**2


@EACH
@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_signs_and_order_show(style: Style, state: np.ndarray) -> None:
    state = state.astype(float)
    picture = art(state, style.name, 64)
    shuffled = np.random.default_rng(3).permutation(state)
    others = [art(other, style.name, 64) for other in (-state, state[::-1], shuffled)]
    assert all(_far(picture, other) > 1 for other in others)
    assert len({other.tobytes() for other in others}) == 3


@EACH
def test_every_value_is_drawn_not_only_hashed(style: Style, fixed_seed: None) -> None:
    state = np.random.default_rng(2).normal(-60, 3, (9, 8))
    picture = art(state, style.name, 112)
    for row, column in [(0, 0), (0, 7), (8, 0), (8, 7), (4, 3), (2, 6), (7, 4), (5, 0)]:
        other = state.copy()
        other[row, column] = -48 if state[row, column] < -60 else -72
        assert (art(other, style.name, 112) != picture).any(), (row, column)


@EACH
def test_every_value_of_a_moment_is_drawn(style: Style, fixed_seed: None) -> None:
    state = np.random.default_rng(2).gamma(2, 5, 37)
    picture = art(state, style.name, 112)
    for unit in (0, 1, 11, 18, 29, 36):
        other = state.copy()
        other[unit] = 40 if state[unit] < 10 else 0
        assert (art(other, style.name, 112) != picture).any(), unit


@EACH
def test_volts_and_millivolts_look_alike(style: Style, fixed_seed: None) -> None:
    assert _far(art(MILLIVOLTS, style.name, 64), art(MILLIVOLTS / 1000, style.name, 64)) < 0.5


@EACH
@pytest.mark.parametrize("state", AWKWARD.values(), ids=AWKWARD.keys())
@pytest.mark.parametrize("size", [1, 33])
def test_awkward_states_are_drawn_too(style: Style, state: object, size: int) -> None:
    assert art(state, style.name, size).shape == (size, size, 3)  # type: ignore[arg-type]


@EACH
def test_variation_and_palette_change_the_picture(style: Style) -> None:
    pictures = [art(RATES, style.name, 64), art(RATES, style.name, 64, variation=1)]
    others = {"sumi", "okabe_ito", "cividis"} - {style.palette}
    pictures += [art(RATES, style.name, 64, palette=name) for name in others]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    np.testing.assert_array_equal(art(RATES, style.name, 64, palette=style.palette), pictures[0])


def _extremes(style: Style) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, setting in style.settings.items():
        if isinstance(setting, Number | Whole):
            found += [(name, setting.low), (name, setting.high)]
        elif isinstance(setting, Choice):
            found += [(name, option) for option in setting.options]
        elif isinstance(setting, Flag):
            found += [(name, True), (name, False)]
    return found


@pytest.mark.parametrize(
    ("style", "name", "value"),
    [(style.name, *extreme) for style in OWN for extreme in _extremes(STYLES[style.name])],
)
def test_settings_reach_their_limits_and_matter(style: str, name: str, value: object) -> None:
    picture = art(MILLIVOLTS, style, 96, **{name: value})
    default = STYLES[style].settings[name].default
    assert (picture != art(MILLIVOLTS, style, 96)).any() == (value != default)


@EACH
def test_a_larger_size_is_the_same_picture(style: Style) -> None:
    small, large = (art(MILLIVOLTS, style.name, size).astype(float) for size in (192, 384))
    shrunk = large.reshape(192, 2, 192, 2, 3).mean(axis=(1, 3))
    assert _far(shrunk, small) < 6


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"style": "nope"}, "no style 'nope'; choose one of classic, bloom"),
        ({"style": 7}, "no style '7'"),
        ({"size": 0}, "size must be a whole number of pixels from 1 to 4096, not '0'"),
        ({"size": 4097}, "not '4097'"),
        ({"size": 64.5}, "not '64.5'"),
        ({"size": True}, "not 'True'"),
        ({"petals": 99}, "bloom: petals must be a number from 0 to 13"),
        ({"petals": "many"}, "bloom: petals must be a number"),
        ({"leaves": 3}, "the style bloom has no setting 'leaves'; it has variation, petals"),
    ],
)
def test_what_a_style_does_not_take_is_refused_in_words(given: dict, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        art(RATES, **({"style": "bloom", "size": 32} | given))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ([], "nothing to draw"),
        ([np.nan] * 4, "every value"),
        ([1.0, np.inf], "1 infinite"),
        ([np.nan, 2.0], "1 NaN"),
    ],
)
def test_states_that_are_no_data_are_refused_by_every_style(style: str, state: list, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        art(state, style, 32)


def test_the_page_for_people_says_what_each_style_and_palette_does() -> None:
    page = (Path(__file__).parents[2] / "docs" / "art.md").read_text()
    for one in STYLES.values():
        assert f"**{one.title}.** {one.mapping}\n" in page
        row = next(line for line in page.splitlines() if line.startswith(f"| [`{one.name}`]"))
        assert all(f"`{name}`" in row for name in one.settings)
        assert ("SVG" in row) == one.vector
    for palette in PALETTES.values():
        safe = "yes" if palette.colour_blind_safe else "no"
        assert (
            f"| `{palette.name}` {palette.title} | {'light' if palette.is_light else 'dark'} | {safe} |"
            in page
        )
