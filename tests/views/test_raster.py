"""The raster shows every spike once: as marks or as counts per pixel, in every order, in every window."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD, HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of
from PIL import Image
from stroked import stroked

import spikeboard
from spikeboard.errors import NothingToDraw
from spikeboard.pictures import LEVELS, counts_png, opacity_levels
from spikeboard.recording import Recording, recording
from spikeboard.selection import Selection, select
from spikeboard.theme import COLOURS, population_colours
from spikeboard.view import Viewport
from spikeboard.views import view
from spikeboard.views.raster import MOST_MARKS

RASTER = view("raster")
ORDERS = ("id", "rate", "first_spike", "similarity")


def busy(n: int, units: int = 20, seed: int = 0) -> Recording:
    """n spikes of some units of two populations in ten seconds on a clock of 10 kHz."""
    rng = np.random.default_rng(seed)
    trains = np.split(np.sort(rng.integers(0, 100_001, n)), np.sort(rng.integers(0, n, units - 1)))
    rng.shuffle(trains)
    return made(
        [np.sort(train) for train in trains], 1e4, t_stop=10.0, populations=["E"] * (units - 5) + ["I"] * 5
    )


def pixels(figure) -> np.ndarray:
    """Levels of opacity of the picture under the axes: 0 is empty."""
    source = figure.layout.images[0].source
    image = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
    assert image.mode == "P"
    return np.asarray(image)


def marks(figure) -> pd.DataFrame:
    """Time and place of every mark."""
    found = [t for t in figure.data if t.mode == "none"]
    return pd.DataFrame(
        {
            "time": np.concatenate([[], *(np.asarray(t.x, float) for t in found)]),
            "place": np.concatenate([[], *(np.asarray(t.y, int) for t in found)]).astype(int),
        }
    )


@pytest.mark.parametrize("sort", ORDERS)
def test_every_spike_is_one_mark_on_the_row_of_its_unit(sort: str) -> None:
    rec = awkward(1)
    drawn = RASTER.draw(rec, select(), sort=sort)
    order = drawn.result.extra["scene"].order
    found = marks(drawn.figure)
    assert sorted(order) == list(range(len(rec.units)))
    assert len(found) == len(rec.spike_times)
    for place, row in enumerate(order):
        times = np.sort(found["time"][found["place"] == place])
        np.testing.assert_allclose(times, trains_of(rec)[row] / 1e4, atol=1e-6)


def test_each_mark_is_a_stroke_and_a_point_to_hover_over() -> None:
    figure = RASTER.draw(awkward(1), select(), marginals=False).figure
    shapes = [shape for shape in figure.layout.shapes if shape.type == "path"]
    points = [t for t in figure.data if t.mode == "none"]
    assert len(shapes) == len(points) > 0
    for shape, point in zip(shapes, points, strict=True):
        first, last, low, high = stroked(shape).T
        np.testing.assert_array_equal([first, last], [point.x, point.x])
        np.testing.assert_allclose((low + high) / 2, point.y, atol=1e-6)
        assert (high > low).all() and len(point.text) == len(point.x)


@pytest.mark.parametrize("sort", ORDERS)
def test_units_stand_in_the_order_asked_for_within_their_population(sort: str) -> None:
    rec = awkward(2)
    order = RASTER.compute(rec, select(), sort=sort).extra["scene"].order
    trains = [trains_of(rec)[row] for row in order]
    assert set(order[:6]) == set(range(6))
    for part in (trains[:6], trains[6:]):
        if sort == "rate":
            assert [len(t) for t in part] == sorted((len(t) for t in part), reverse=True)
        if sort == "first_spike":
            first = [t[0] if len(t) else np.inf for t in part]
            assert first == sorted(first)
        if sort in ("rate", "first_spike"):
            assert all(len(t) for t in part[: sum(map(bool, map(len, part)))])


def test_marks_up_to_the_limit_and_a_picture_beyond_it() -> None:
    at, beyond = busy(MOST_MARKS), busy(MOST_MARKS + 1)
    drawn = RASTER.draw(at, select())
    assert len(marks(drawn.figure)) == MOST_MARKS and not drawn.figure.layout.images
    drawn = RASTER.draw(beyond, select())
    assert len(marks(drawn.figure)) == 0 and len(drawn.figure.layout.images) == 1
    assert f"all {MOST_MARKS + 1:,} spikes" in drawn.result.notes[0] and "Zoom in" in drawn.result.notes[0]


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("units", [20, 900])
def test_the_opaque_pixels_are_those_that_hold_spikes(sort: str, units: int) -> None:
    rec = busy(20_000, units)
    port = Viewport(width=700, height=500)
    drawn = RASTER.draw(rec, select(), port, sort=sort, marginals=False)
    picture = pixels(drawn.figure)
    order = drawn.result.extra["scene"].order
    height, width = min(units, 500 - 84), 700 - 84
    counts = np.zeros((height, width), int)
    for place, row in enumerate(order):
        # in integers: tick * width // ticks of the window; the last tick belongs to the last column
        columns = np.minimum(trains_of(rec)[row] * width // 100_000, width - 1)
        np.add.at(counts[place * height // units], columns, 1)
    assert counts.sum() == 20_000
    thickness = picture.shape[0] // height
    assert picture.shape == (height * thickness, width)
    np.testing.assert_array_equal(picture[::thickness] > 0, counts > 0)
    level = (picture[::thickness].astype(int) - 1) % LEVELS
    order_of_level = np.argsort(counts[counts > 0], kind="stable")
    assert np.all(np.diff(level[counts > 0][order_of_level]) >= 0)
    assert f"up to {counts.max():,}." in drawn.result.notes[0]


def test_the_picture_lies_where_its_spikes_are() -> None:
    rec = busy(50_000)
    port = Viewport(x=(2.0, 4.0), y=(4.6, 12.2))
    drawn = RASTER.draw(rec, select(), port)
    scene, image = drawn.result.extra["scene"], drawn.figure.layout.images[0]
    assert (scene.first, scene.last) == (5, 13)
    assert (image.x, image.sizex, image.y, image.sizey) == (2.0, 2.0, 4.5, 8)
    inside = sum(np.count_nonzero((t >= 20_000) & (t < 40_000)) for t in trains_of(rec)[5:13])
    assert f"{inside:,} spikes of 8 units" in drawn.result.caption
    assert len(drawn.result.table()) == inside


def test_a_view_beside_the_window_shows_the_window() -> None:
    drawn = RASTER.draw(busy(100), select(1.0, 2.0), Viewport(x=(7.0, 9.0), y=(-50.0, -40.0)))
    scene = drawn.result.extra["scene"]
    assert (scene.x0, scene.x1) == (1.0, 2.0) and 0 <= scene.first < scene.last <= 20


@given(
    tick_trains(),
    st.integers(0, 990),
    st.integers(1, 1000),
)
def test_the_table_holds_exactly_the_spikes_of_the_window(trains, start: int, length: int) -> None:
    rec = made(trains)
    t0, t1 = start / 1000, min(start + length, 1000) / 1000
    frame = RASTER.compute(rec, select(t0, t1)).table()
    last = 1001 if start + length >= 1000 else start + length
    wanted = sorted((t, u) for u, train in enumerate(trains) for t in train if start <= t < last)
    assert list(zip(np.rint(frame["time_s"] * 1000).astype(int), frame["unit"], strict=True)) == wanted
    assert frame["time_s"].is_monotonic_increasing


def test_a_spike_at_the_very_end_is_drawn() -> None:
    rec = made([[0, 500, 1000]])
    assert len(marks(RASTER.draw(rec, select()).figure)) == 3
    assert len(marks(RASTER.draw(rec, select(0.0, 0.5)).figure)) == 1
    assert len(marks(RASTER.draw(rec, select(0.5, 1.0)).figure)) == 2


def test_silent_units_keep_their_rows_and_are_counted() -> None:
    rec = made([[], [5, 9], []], populations=["A", "A", "B"])
    drawn = RASTER.draw(rec, select())
    assert tuple(drawn.figure.layout.yaxis.range) == (2.5, -0.5)
    assert "2 spikes of 3 units (A, B; 2 silent in the whole recording)" in drawn.result.caption
    assert set(marks(drawn.figure)["place"]) == {1}


def test_a_recording_without_spikes_shows_its_rows() -> None:
    drawn = RASTER.draw(AWKWARD["all_silent"](), select())
    assert "0 spikes of 8 units" in drawn.result.caption
    assert tuple(drawn.figure.layout.yaxis.range) == (7.5, -0.5)


def test_the_margins_are_the_rates_of_what_is_on_screen() -> None:
    rec = busy(3000)
    drawn = RASTER.draw(rec, select(), Viewport(x=(0.0, 2.5), y=(9.6, 19.4)))
    margins = drawn.result.extra["margins"]
    rows = range(10, 20)
    inside = {u: trains_of(rec)[u][trains_of(rec)[u] < 25_000] for u in rows}
    np.testing.assert_allclose(margins.side, [len(inside[u]) / 2.5 for u in rows])
    assert list(margins.rates) == ["E", "I"]
    edges = np.rint(margins.edges * 1e4).astype(int)
    for name, members in (("E", range(10, 15)), ("I", range(15, 20))):
        counts = np.histogram(np.concatenate([inside[u] for u in members]), edges - 0.5)[0]
        np.testing.assert_allclose(margins.rates[name], counts / 5 / np.diff(margins.edges))
    assert f"bins of {margins.bin_s * 1000:.4g} ms" in drawn.result.caption


def test_a_narrow_screen_has_no_margin_at_the_right() -> None:
    wide = RASTER.draw(busy(100), select(), Viewport(width=1000)).figure
    narrow = RASTER.draw(busy(100), select(), Viewport(width=340)).figure
    none = RASTER.draw(busy(100), select(), marginals=False).figure
    assert wide.layout.xaxis.domain[1] < 0.95 and wide.layout.xaxis2.domain[0] > 0.9
    assert narrow.layout.xaxis.domain == (0, 1.0) and "xaxis2" not in narrow.layout
    assert narrow.layout.yaxis2.domain[1] == 1 and "yaxis2" not in none.layout


@pytest.mark.parametrize("name", ["raster", "population_activity"])
@pytest.mark.parametrize("sort", ORDERS)
def test_a_box_selects_the_units_it_covers(name: str, sort: str) -> None:
    rec = awkward(3)
    order = view(name).compute(rec, select(), sort=sort).extra["scene"].order
    found = view(name).brush(rec, select(), (2.0, 4.0), (1.8, 4.2), **view(name).check({"sort": sort}))
    assert (found.t0, found.t1) == (2.0, 4.0)
    assert found.units == tuple(sorted(order[2:5].tolist()))
    again = view(name).brush(rec, found, (2.5, 9.0), (-0.5, 2.5), **view(name).check({"sort": sort}))
    assert (again.t0, again.t1) == (2.5, 4.0) and again.units == found.units


def test_a_box_keeps_what_it_spans_whole() -> None:
    rec = awkward(3)
    given_ = select(populations=["E"], interval=None)
    found = RASTER.brush(rec, given_, (-5.0, 50.0), (-0.5, 5.5), **RASTER.defaults())
    assert found == Selection(populations=("E",))


@pytest.mark.parametrize(
    ("x", "y"), [((1.0, 2.0), (0.2, 0.8)), ((1.0, 2.0), (90.0, 95.0)), ((11.0, 12.0), (0.0, 5.0))]
)
def test_a_box_over_nothing_says_so(x: tuple[float, float], y: tuple[float, float]) -> None:
    with pytest.raises(NothingToDraw, match="box"):
        RASTER.brush(awkward(3), select(), x, y, **RASTER.defaults())


def test_intervals_are_shaded_and_those_without_an_end_are_told() -> None:
    rec = AWKWARD["odd_states"]()
    drawn = RASTER.draw(rec, select(), intervals="trials")
    shaded = [(s.x0, s.x1) for s in drawn.figure.layout.shapes if s.yref == "paper"]
    assert shaded == [(0.0, 2.0)]
    assert any("2 of 3 trials have no start or no stop" in note for note in drawn.result.notes)
    assert "no intervals called 'nothing'" in RASTER.draw(rec, select(), intervals="nothing").message


def test_more_intervals_than_can_be_seen_are_counted() -> None:
    starts = np.arange(1000) * 0.01
    frame = pd.DataFrame({"start": starts, "stop": starts + 0.005})
    rec = recording(
        "many", np.array([1.0]), np.array([0]), pd.DataFrame({"population": ["E"], "id": [0]}),
        t_start=0.0, t_stop=10.0, intervals={"laps": frame},
    )  # fmt: skip
    drawn = RASTER.draw(rec, select(), intervals="laps")
    assert len([s for s in drawn.figure.layout.shapes if s.yref == "paper"]) == 200
    assert "The first 200 of 1,000 laps" in " ".join(drawn.result.notes)


def test_names_are_text() -> None:
    rec = AWKWARD["hostile_names"]()
    for port in (Viewport(), Viewport(width=300)):
        text = RASTER.draw(rec, select(), port).figure.to_json().replace("\\u003c", "<")
        for name in HOSTILE[:3]:
            assert name not in text
        assert "&lt;script" in text


def test_units_are_named_where_they_are_few_and_populations_else() -> None:
    few = RASTER.draw(busy(100), select(units=[3, 18])).figure.layout.yaxis
    assert [text.partition(">")[2].partition("<")[0] for text in few.ticktext] == ["E 3", "I 18"]
    many = RASTER.draw(AWKWARD["many_populations"](), select()).figure
    assert 0 < len(many.layout.yaxis.ticktext) <= 40
    assert {shape.type for shape in many.layout.shapes} == {"path"}


def test_no_unit_and_no_time_are_said() -> None:
    rec = busy(100)
    assert "no unit is selected" in RASTER.draw(rec, select(units=[])).message
    assert "no length" in RASTER.draw(AWKWARD["no_duration"](), select()).message
    assert "no units" in RASTER.draw(AWKWARD["empty"](), select()).message


def test_times_before_zero_and_far_from_it() -> None:
    for name in ("continuous", "late"):
        rec = AWKWARD[name]()
        drawn = RASTER.draw(rec, select(), marginals=False)
        np.testing.assert_allclose(np.sort(marks(drawn.figure)["time"]), rec.spike_times, rtol=0, atol=1e-9)


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), min_size=1, max_size=12))
def test_a_picture_is_empty_exactly_where_nothing_is_counted(rows: list[list[int]]) -> None:
    counts = np.array(rows)
    colours = [COLOURS[k % 10] for k in range(len(rows))]
    image = Image.open(io.BytesIO(counts_png(counts, colours, 3)))
    seen = np.asarray(image.convert("RGBA"))[::3]
    np.testing.assert_array_equal(seen[..., 3] > 0, counts > 0)
    for row, column in np.argwhere(counts > 0):
        tint = tuple(int(colours[row][i : i + 2], 16) for i in (1, 3, 5))
        assert tuple(seen[row, column, :3]) == tint
    levels = opacity_levels(counts)
    assert levels.max() in (0, LEVELS) and np.all((levels > 0) == (counts > 0))


def test_thick_rows_keep_a_gap() -> None:
    image = np.asarray(Image.open(io.BytesIO(counts_png(np.ones((2, 4), int), COLOURS[:2], 10))))
    assert image.shape == (20, 4)
    assert np.all(image[:8] > 0) and np.all(image[8:10] == 0) and np.all(image[10:18] > LEVELS)


def test_the_demo_has_the_colours_of_its_populations() -> None:
    rec = spikeboard.open(Path(__file__).parents[2] / "data" / "demo")
    figure = RASTER.draw(rec, select(), marginals=False).figure
    source = figure.layout.images[0].source
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGBA"))
    tints = {
        f"#{r:02X}{g:02X}{b:02X}" for r, g, b, a in np.unique(image.reshape(-1, 4), axis=0).tolist() if a
    }
    assert tints == set(population_colours(rec).values())
