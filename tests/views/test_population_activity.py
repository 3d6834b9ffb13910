"""The activity map: counts of every unit and bin, what is averaged, and where colours end."""

from __future__ import annotations

import numpy as np
import pytest
from awkward import AWKWARD, HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of
from scipy import stats

from spikeboard.displays.cells import cell_edges
from spikeboard.selection import select
from spikeboard.view import Result, Viewport
from spikeboard.views import view
from spikeboard.views.population_activity import MOST_COLUMNS, MOST_ROWS

ACTIVITY = view("population_activity")


def table(result: Result) -> np.ndarray:
    """The drawn numbers, units in rows."""
    return result.table().filter(like="_at_").to_numpy(float)


def counted(rec, order, width: int, start: int, stop: int) -> np.ndarray:
    """Counts by definition: half-open bins of ticks, the last one with the end."""
    edges = np.append(np.arange(start, stop, width), stop) - 0.5
    if stop == 100_000:
        edges[-1] += 1
    return np.array([np.histogram(trains_of(rec)[row], edges)[0] for row in order])


@pytest.mark.parametrize("sort", ["id", "rate", "first_spike", "similarity"])
@pytest.mark.parametrize("bin_ms", [50.0, 77.0, 3000.0])
def test_cells_are_counts_over_the_true_width_of_their_bin(sort: str, bin_ms: float) -> None:
    # T8: the last bin is shorter, and neither dropped nor merged with the one before
    rec = awkward(1)
    counts = ACTIVITY.compute(rec, select(), bin_ms=bin_ms, sort=sort, quantity="count")
    order = counts.table()["unit"].to_numpy()
    assert sorted(order) == list(range(9)) and set(order[:6]) == set(range(6))
    width = int(bin_ms * 10)
    by_hand = counted(rec, order, width, 0, 100_000)
    np.testing.assert_array_equal(table(counts), by_hand)
    widths = np.diff(np.append(np.arange(0, 100_000, width), 100_000)) / 1e4
    rates = ACTIVITY.compute(rec, select(), bin_ms=bin_ms, sort=sort, quantity="rate")
    np.testing.assert_allclose(table(rates), by_hand / widths, rtol=1e-6)
    z = ACTIVITY.compute(rec, select(), bin_ms=bin_ms, sort=sort, quantity="z")
    with np.errstate(invalid="ignore"):
        scores = (by_hand / widths - (by_hand / widths).mean(1, keepdims=True)) / (by_hand / widths).std(
            1, keepdims=True
        )
    np.testing.assert_allclose(table(z), scores, atol=2e-4)


def test_a_partial_last_bin_is_told() -> None:
    result = ACTIVITY.compute(made([np.arange(0, 1045, 5)], t_stop=1.045), select(), bin_ms=100.0)
    assert "The last bin is 45 ms wide; its rate uses that width." in result.notes
    np.testing.assert_allclose(table(result), 200.0)


@given(tick_trains(), st.integers(1, 300))
def test_every_spike_is_in_one_cell(trains, bin_ticks: int) -> None:
    rec = made(trains)
    if not len(rec.spike_times):
        return
    result = ACTIVITY.compute(rec, select(), bin_ms=float(bin_ticks), quantity="count")
    assert table(result).sum() == sum(map(len, trains))
    assert f"from {sum(map(len, trains)):,} spike" in result.caption


def test_many_spikes_in_a_bin_do_not_wrap() -> None:
    # T22: eight bits hold 255
    rec = made([[5] * 70_000, [7] * 300])
    np.testing.assert_array_equal(
        table(ACTIVITY.compute(rec, select(), bin_ms=1000.0, quantity="count")), [[70_000], [300]]
    )


def test_units_that_never_change_have_no_z_score_and_are_told() -> None:
    rec = made([[100, 600], [100], [], list(range(0, 1000, 10))], t_stop=1.0)
    result = ACTIVITY.compute(rec, select(), bin_ms=500.0, quantity="z")
    assert np.isnan(table(result)).any(axis=1).tolist() == [True, False, True, True]
    np.testing.assert_allclose(table(result)[1], stats.zscore([1.0, 0.0]))
    assert any("3 units never change" in note for note in result.notes)
    silent = ACTIVITY.draw(rec, select(units=[0, 2, 3]), bin_ms=500.0, quantity="z")
    assert "no z-score" in silent.message


def test_what_is_averaged_is_the_mean_of_whole_blocks_and_told() -> None:
    rng = np.random.default_rng(0)
    rec = made([np.sort(rng.integers(0, 6007, 40)) for _ in range(1203)], t_stop=6.007)
    drawn = ACTIVITY.draw(rec, select(), bin_ms=10.0)
    cells = drawn.result.extra["cells"]
    values = table(drawn.result)
    assert values.shape == (1203, 601) and cells.values.shape == (401, 301)
    for r, c in ((0, 0), (17, 200), (400, 300)):
        np.testing.assert_allclose(
            cells.values[r, c], values[3 * r : 3 * r + 3, 2 * c : 2 * c + 2].mean(), rtol=1e-6
        )
    assert cells.rows[-1] == 1203 and cells.columns_s[-1] == pytest.approx(6.007)
    assert (
        "A cell is the mean of up to 3 units × 2 bins; the CSV has every unit and bin." in drawn.result.notes
    )
    # Cells of one size are drawn at once; the last column, of one bin, is a map of its own.
    whole, last = drawn.figure.data[1:]
    assert np.asarray(whole.z).shape == (401, 300) and np.asarray(last.z).shape == (401, 1)
    np.testing.assert_allclose(np.hstack([whole.z, last.z]), cells.values, rtol=1e-6)
    assert whole.x[-1] == last.x[0] and last.x[-1] == pytest.approx(6.007)
    assert whole.showscale and not last.showscale and whole.zmax == last.zmax


@pytest.mark.parametrize(
    ("length", "each"),
    [(9, 1), (500, 1), (501, 3), (503, 2), (1000, 2), (8700, 20), (8699, 18), (10_000, 20)],
)
def test_cells_hold_as_many_each_where_that_can_be(length: int, each: int) -> None:
    edges = cell_edges(length, 500)
    assert edges[0] == 0 and edges[-1] == length and len(edges) <= 501
    assert set(np.diff(edges)[:-1]) <= {each} and np.diff(edges)[-1] <= each
    assert (np.diff(edges)[-1] == each) == (length % each == 0)


def test_an_average_leaves_out_what_has_no_value() -> None:
    trains = [[k % 1000, (3 * k) % 1000] if k % 2 else [] for k in range(MOST_ROWS + 2)]
    drawn = ACTIVITY.draw(made(trains), select(), bin_ms=100.0, quantity="z")
    values = table(drawn.result)
    pairs = values.reshape(-1, 2, values.shape[1])
    np.testing.assert_allclose(drawn.result.extra["cells"].values, pairs[:, 1], atol=1e-6)


def test_the_map_is_bounded_and_says_so() -> None:
    drawn = ACTIVITY.draw(AWKWARD["large"](), select(), bin_ms=0.1)
    rows, columns = drawn.result.extra["cells"].values.shape
    assert rows <= MOST_ROWS and columns <= MOST_COLUMNS
    assert sum(np.asarray(heat.z).size for heat in drawn.figure.data[1:]) == rows * columns
    assert "Bins of 0.1 ms would be too many: 5 ms is the finest" in drawn.result.notes[0]
    assert table(drawn.result).shape == (1000, 20_000)


@pytest.mark.parametrize("percent", [50.0, 90.0, 99.0, 100.0])
@pytest.mark.parametrize("quantity", ["rate", "z"])
def test_colours_end_at_the_percentile_that_the_caption_gives(percent: float, quantity: str) -> None:
    rec = awkward(2)
    drawn = ACTIVITY.draw(rec, select(), clip_percent=percent, quantity=quantity)
    sizes = np.abs(table(drawn.result))
    sizes = sizes[np.isfinite(sizes)]
    limit = np.percentile(sizes, percent) or sizes.max()
    heat = drawn.figure.data[1]
    assert heat.zmax == pytest.approx(limit, rel=1e-5)
    assert heat.zmin == (pytest.approx(-limit, rel=1e-5) if quantity == "z" else 0)
    assert f"{'±' if quantity == 'z' else ''}{limit:.3g}" in drawn.result.caption
    beyond = np.count_nonzero(sizes > limit * (1 + 1e-6))
    assert (
        (f"{beyond:,} of " in drawn.result.caption)
        if beyond
        else ("no cell lies beyond" in drawn.result.caption)
    )
    # what lies beyond keeps its number
    assert np.nanmax(np.abs(np.asarray(heat.z))) == pytest.approx(sizes.max(), rel=1e-5)


@pytest.mark.parametrize("quantity", ["rate", "z", "count"])
@pytest.mark.parametrize("seen", [(2.03, 3.41), (0.0, 0.5), (9.8, 10.0), (5.01, 5.02), (-3.0, 4.0)])
def test_a_zoom_shows_the_same_bins_of_the_same_units(quantity: str, seen: tuple[float, float]) -> None:
    rec = awkward(3)
    whole = ACTIVITY.compute(rec, select(), quantity=quantity)
    part = ACTIVITY.compute(rec, select(), Viewport(seen, (1.6, 5.4)), quantity=quantity)
    names = [name for name in whole.table() if "_at_" not in name or _within(name, seen)]
    expected = whole.table()[names].iloc[2:6].reset_index(drop=True)
    np.testing.assert_allclose(part.table().filter(like="_at_"), expected.filter(like="_at_"), rtol=1e-6)
    assert part.table()["unit"].tolist() == expected["unit"].tolist()
    assert list(part.table()) == names
    cells = part.extra["cells"]
    assert cells.rows.tolist() == [2, 3, 4, 5, 6]
    assert cells.columns_s[0] <= max(seen[0], 0) and cells.columns_s[-1] >= seen[1]


def _within(name: str, seen: tuple[float, float], bin_s: float = 0.05) -> bool:
    start = float(name.split("_at_")[1].removesuffix("_s"))
    return start < seen[1] - 1e-9 and start + bin_s > seen[0] + 1e-9


def test_a_zoom_is_finer_where_bins_were_too_many_or_averaged() -> None:
    rec = AWKWARD["large"]()
    coarse = ACTIVITY.compute(rec, select(), bin_ms=0.1)
    fine = ACTIVITY.compute(rec, select(), Viewport((1.0, 1.1), (0, 9)), bin_ms=0.1)
    assert "would be too many" in coarse.notes[0] and not any("too many" in note for note in fine.notes)
    assert any("zoom in" in note for note in coarse.notes)


def test_batches_of_units_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward(1)
    for quantity in ("rate", "z", "count"):
        whole = ACTIVITY.compute(rec, select(), bin_ms=7.0, quantity=quantity)
        monkeypatch.setattr("spikeboard.views.population_activity.COUNTS_AT_ONCE", 1)
        parts = ACTIVITY.compute(rec, select(), bin_ms=7.0, quantity=quantity)
        monkeypatch.undo()
        np.testing.assert_array_equal(parts.extra["cells"].values, whole.extra["cells"].values)
        assert (parts.caption, parts.notes) == (whole.caption, whole.notes)


def test_a_sparse_map_still_shows_its_spikes() -> None:
    drawn = ACTIVITY.draw(AWKWARD["one_spike"](), select())
    assert drawn.figure.data[1].zmax == pytest.approx(20.0)
    silent = ACTIVITY.draw(AWKWARD["one_spike"](), select(5.0, 6.0))
    assert "Nothing fires." in silent.result.caption and silent.figure.data[1].zmax == 1


def test_rows_are_units_from_top_to_bottom_and_columns_seconds() -> None:
    drawn = ACTIVITY.draw(made([[100], [], [900]]), select(0.0, 1.0), bin_ms=100.0, quantity="count")
    heat = drawn.figure.data[1]
    np.testing.assert_allclose(heat.x, np.arange(11) / 10, atol=1e-6)
    np.testing.assert_allclose(heat.y, [-0.5, 0.5, 1.5, 2.5])
    assert tuple(drawn.figure.layout.yaxis.range) == (2.5, -0.5)
    assert np.argwhere(np.asarray(heat.z) > 0).tolist() == [[0, 1], [2, 9]]
    assert heat.text[2][0] == "P 2"


def test_a_cell_of_a_large_map_tells_its_unit_row() -> None:
    rec = made([[k, k + 500] for k in range(300)])
    drawn = ACTIVITY.draw(rec, select(units=range(100, 300)), bin_ms=5.0, sort="first_spike")
    heat = drawn.figure.data[1]
    assert heat.text is None and "unit row" in heat.hovertemplate
    np.testing.assert_array_equal(np.asarray(heat.customdata)[:, 7], drawn.result.table()["unit"])


@pytest.mark.parametrize("name", ["many_populations", "continuous", "late", "same_times", "one_unit"])
def test_awkward_recordings_have_maps(name: str) -> None:
    rec = AWKWARD[name]()
    drawn = ACTIVITY.draw(rec, select(), quantity="count")
    assert table(drawn.result).sum() == len(rec.spike_times)
    heat = drawn.figure.data[1]
    assert len(heat.x) == np.asarray(heat.z).shape[1] + 1 and np.all(np.diff(np.asarray(heat.x, float)) > 0)


def test_nothing_to_draw_is_said() -> None:
    assert "no spikes in this recording" in ACTIVITY.draw(AWKWARD["all_silent"](), select()).message
    assert "no unit is selected" in ACTIVITY.draw(awkward(1), select(units=[])).message
    assert "no length" in ACTIVITY.draw(AWKWARD["no_duration"](), select()).message


def test_names_are_text() -> None:
    text = ACTIVITY.draw(AWKWARD["hostile_names"](), select()).figure.to_json().replace("\\u003c", "<")
    assert not any(name in text for name in HOSTILE[:3]) and "&lt;script" in text
