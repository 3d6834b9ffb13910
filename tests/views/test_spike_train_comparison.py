from __future__ import annotations

from itertools import combinations

import elephant.spike_train_dissimilarity as elephant
import numpy as np
import plotly.graph_objects as go
import pytest
import quantities as pq
from awkward import hostile_names, many_populations
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, neo_trains, tick_trains

from spikeboard.analysis.distances import Profile, distance_matrix, steps_needed
from spikeboard.displays.spike_train_comparison.matrix import FOR_MORE_THAN_TWO
from spikeboard.displays.spike_train_comparison.profile import course, on_screen
from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.view import Viewport
from spikeboard.views.spike_train_comparison import VIEW

pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")


def test_matched_missing_and_extra_spikes_of_known_trains() -> None:
    rec = made([[100, 200, 300], [102, 195, 400]])
    result = VIEW.compute(rec, select(), first=0, second=1, tolerance_ms=5.0)
    frame = result.table()
    assert frame["time_s"].tolist() == [0.1, 0.102, 0.195, 0.2, 0.3, 0.4]
    assert frame["kind"].tolist() == ["matched"] * 4 + ["missing", "extra"]
    assert frame["train"].tolist() == [f"{side}: P {'AB'.index(side)}" for side in "ABBAAB"]
    np.testing.assert_allclose(frame["displacement_ms"], [2, -2, 5, -5, np.nan, np.nan])
    np.testing.assert_allclose(frame["partner_s"], [0.102, 0.1, 0.2, 0.195, np.nan, np.nan])
    assert "2 match within ±5 ms" in result.caption
    assert "1 of A are missing in B, 1 of B are extra" in result.caption
    assert "First divergence at 0.3 s, a spike of A alone" in result.caption
    assert "Mean displacement -1.5 ms, absolute 3.5 ms" in result.caption


def test_the_tolerance_decides_what_matches() -> None:
    rec = made([[100, 200], [104, 200]])
    for tolerance_ms, matched in ((0.0, 1), (3.0, 1), (4.0, 2)):
        frame = VIEW.compute(rec, select(), tolerance_ms=tolerance_ms).table()
        assert (frame["kind"] == "matched").sum() == 2 * matched


def test_equal_trains_never_part() -> None:
    rec = made([[10, 20, 400], [10, 20, 400]])
    result = VIEW.compute(rec, select())
    assert "They never part" in result.caption and "SPIKE-distance 0;" in result.caption
    assert "SPIKE-synchronisation 1;" in result.caption
    assert not any(shape.yref == "paper" for shape in VIEW.picture(result).layout.shapes)


@given(tick_trains())
def test_swapping_the_trains_swaps_missing_and_extra(trains: list[list[int]]) -> None:
    if len(trains) < 2 or not (trains[0] or trains[1]):
        return
    rec = made(trains)
    there, back = (VIEW.compute(rec, select(), first=a, second=1 - a).table()["kind"] for a in (0, 1))
    assert (there == "matched").sum() == (back == "matched").sum()
    assert (there == "missing").sum() == (back == "extra").sum()
    assert len(there) == len(trains[0]) + len(trains[1])


def test_scores_agree_with_elephant() -> None:
    rec = awkward()
    caption = VIEW.compute(rec, select(), first=3, second=4, tau_ms=20.0, cost_hz=50.0).caption
    trains = [neo_trains(rec)[k] for k in (3, 4)]
    rossum = elephant.van_rossum_distance(trains, 20 * pq.ms)[0, 1]
    victor = elephant.victor_purpura_distance(trains, 50 * pq.Hz)[0, 1]
    assert f"van Rossum (τ = 20 ms) {rossum:.4g}" in caption
    assert f"Victor–Purpura (q = 50/s) {victor:.4g}" in caption


@pytest.mark.parametrize("measure", ["van_rossum", "victor_purpura"])
def test_the_curve_is_the_distance_at_each_time_scale(measure: str) -> None:
    rec = awkward()
    method, parameters, values = VIEW.compute(rec, select(), first=3, second=4, measure=measure).extra[
        "curve"
    ]
    assert method == measure and len(parameters) == 25
    expected = [distance_matrix(rec, [3, 4], measure, p)[0, 1] for p in parameters]
    np.testing.assert_allclose(values, expected)


@pytest.mark.parametrize("measure", ["spike", "isi"])
def test_the_profile_has_the_distance_as_its_mean(measure: str) -> None:
    rec = awkward()
    result = VIEW.compute(rec, select(), first=3, second=4, measure=measure)
    profile = result.extra["profile"]
    x, y = course(profile)
    assert np.trapezoid(y, x) / 10.0 == pytest.approx(distance_matrix(rec, [3, 4], measure)[0, 1])


def test_a_long_profile_keeps_its_mean() -> None:
    rng = np.random.default_rng(0)
    edges = np.r_[0, np.sort(rng.random(9999)), 1]
    left, right = rng.random((2, 10_000))
    profile = Profile(edges, left, right, float(np.dot(np.diff(edges), left + right) / 2))
    x, y = course(profile)
    assert len(x) == 2000 and y.mean() == pytest.approx(profile.mean)


def _crowded() -> Recording:
    rng = np.random.default_rng(0)
    return made([np.sort(rng.integers(0, 100_000, 4000)).tolist() for _ in range(2)], t_stop=100.0)


def _marks(figure: go.Figure) -> dict[str, np.ndarray]:
    """Times of the marks by kind; of those that match, of A and then of B."""
    return {
        str(trace.name).split(" (")[0]: np.asarray(trace.x)
        for trace in figure.data
        # Those that match are shapes, with points to hover over and an entry of the legend of its own.
        if trace.mode == "none" or (trace.mode == "markers" and not trace.legendgroup)
    }


@given(st.integers(-10_000, 110_000), st.integers(1, 120_000), st.booleans())
def test_a_zoom_draws_every_spike_on_screen_as_it_is_matched_in_the_whole_window(
    first_tick: int, ticks: int, population: bool
) -> None:
    # Between two ticks, where no spike is on the edge.
    x0, length = (first_tick - 0.5) / 1e4, ticks / 1e4
    settings = {"between": "populations"} if population else {"first": 3, "second": 4}
    whole = VIEW.compute(awkward(), select(), **settings).table()
    result = VIEW.compute(awkward(), select(), Viewport((x0, x0 + length)), **settings)
    low, high = max(x0, 0), min(x0 + length, 10)
    low, high = (low, high) if low < high else (0, 10)
    marks = _marks(VIEW.picture(result, **settings))
    for kind, name in (("missing", "missing in B"), ("extra", "extra in B")):
        of_kind = whole[(whole["kind"] == kind) & whole["time_s"].between(low, high)]
        np.testing.assert_allclose(marks[name], of_kind["time_s"])
    ends = whole[["time_s", "partner_s"]]
    joined = (whole["kind"] == "matched") & (ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)
    matched = whole[joined]
    np.testing.assert_allclose(np.sort(marks["matched"]), np.sort(matched["time_s"]))


def test_a_zoom_goes_from_numbers_to_marks_and_says_what_is_on_screen() -> None:
    rec = _crowded()
    whole, part = VIEW.draw(rec, select()), VIEW.draw(rec, select(), Viewport((20.0, 30.0)))
    assert whole.result is not None and part.result is not None
    assert part.result.caption.startswith(whole.result.caption) and "On screen" not in whole.result.caption
    matched, missing, extra = (len(times) for times in list(_marks(part.figure).values())[:3])
    said = f" On screen, 20–30 s: {matched // 2:,} match, {missing:,} missing, {extra:,} extra."
    assert part.result.caption.removeprefix(whole.result.caption) == said
    assert len(whole.result.notes) == 2 and not part.result.notes
    assert part.figure.layout.xaxis.range == whole.figure.layout.xaxis.range == (0.0, 100.0)
    assert part.figure.layout.yaxis.ticktext and not whole.figure.layout.yaxis.ticktext


def test_steps_of_a_zoom_are_finer_and_hold_every_spike_on_screen() -> None:
    rec = _crowded()
    drawn = VIEW.draw(rec, select(), Viewport((5.0, 85.0)))
    assert drawn.result is not None and "in steps of 200 ms" in drawn.result.notes[0]
    assert "drawn as the number of each kind" in drawn.result.notes[0]
    table = VIEW.compute(rec, select()).table()
    of_a = table[table["train"].str.startswith("A")]
    for trace, kind, column in zip(
        drawn.figure.data[:3], ("matched", "missing", "extra"), (of_a, of_a, table), strict=True
    ):
        times = column.loc[column["kind"] == kind, "time_s"].between(5.0, 85.0)
        assert np.sum(trace.y[:-1]) == times.sum()
        assert np.allclose([trace.x[0], trace.x[-1]], [5.0, 85.0]) and len(trace.x) == 401


def test_the_local_distance_on_screen_is_a_part_of_the_whole() -> None:
    rec = awkward()
    profile = VIEW.compute(rec, select(), first=3, second=4).extra["profile"]
    part = on_screen(profile, 2.0, 3.0)
    assert part.edges_s[0] <= 2.0 < part.edges_s[1] and part.edges_s[-2] < 3.0 <= part.edges_s[-1]
    assert np.isin(part.left, profile.left).all() and len(part.left) == len(part.edges_s) - 1
    assert part.mean == profile.mean
    everything = on_screen(profile, 0.0, 10.0)
    assert np.array_equal(everything.edges_s, profile.edges_s)


def test_chance_is_what_shifted_trains_match() -> None:
    rng = np.random.default_rng(0)
    trains = [np.sort(rng.choice(100_000, 500, replace=False)).tolist() for _ in range(2)]
    caption = VIEW.compute(made(trains, t_stop=100.0), select(), tolerance_ms=5.0).caption
    chance = float(caption.split("(about ")[1].split(" ")[0])
    # Each of 500 spikes meets, within 11 ticks of 100,000, one of 500 others.
    assert chance == pytest.approx(500 * (1 - np.exp(-500 * 11 / 100_000)), rel=0.25)


def test_two_active_units_of_one_population_are_compared_where_none_is_picked() -> None:
    caption = VIEW.compute(awkward(), select()).caption
    assert "A: E 5 (2,000 spikes); B: E 3 (300 spikes)" in caption
    assert "B: I 7" in VIEW.compute(awkward(), select(), first=8).caption


def test_populations_are_pooled() -> None:
    result = VIEW.compute(awkward(), select(), between="populations")
    assert "A: E, 6 units pooled (2,343 spikes); B: I, 3 units pooled (101 spikes)" in result.caption


def test_many_spikes_are_counted_not_thinned() -> None:
    rng = np.random.default_rng(0)
    rec = made([np.sort(rng.integers(0, 100_000, 4000)).tolist() for _ in range(2)], t_stop=100.0)
    drawn = VIEW.draw(rec, select())
    assert drawn.result is not None
    assert any("number of each kind over time" in note for note in drawn.result.notes)
    frame = drawn.result.table()
    drawn_total = sum(int(np.sum(trace.y[:-1])) for trace in drawn.figure.data[:3])
    assert drawn_total == len(frame) - (frame["kind"] == "matched").sum() // 2


def test_what_is_missing_is_said() -> None:
    with pytest.raises(NothingToDraw, match="takes two trains"):
        VIEW.compute(made([[1, 2]]), select())
    with pytest.raises(NothingToDraw, match="neither P 0 nor P 1 has a spike"):
        VIEW.compute(made([[], [], [1]]), select(), first=0, second=1)
    with pytest.raises(NothingToDraw, match="the selection has 1"):
        VIEW.compute(made([[1], []]), select(), display="matrix")
    with pytest.raises(RecordingError, match="unit row 9"):
        VIEW.compute(made([[1], [2]]), select(), first=9)


@pytest.mark.parametrize("measure", list(VIEW.settings["measure"].options))  # type: ignore[attr-defined]
def test_the_matrix_holds_every_pair_once_in_the_order_of_the_tree(measure: str) -> None:
    rec = awkward()
    rows = [3, 4, 5, 6, 7]
    result = VIEW.compute(rec, select(units=rows), display="matrix", measure=measure)
    parameter = {"van_rossum": 20.0, "victor_purpura": 100.0}.get(measure)
    expected = distance_matrix(rec, rows, measure, parameter)
    names = [f"{'E' if row < 6 else 'I'} {row}" for row in rows]
    frame = result.table().set_index(["first", "second"])["distance"]
    assert len(frame) == 10
    for i, j in combinations(range(5), 2):
        pair = (names[i], names[j]) if (names[i], names[j]) in frame.index else (names[j], names[i])
        assert frame[pair] == pytest.approx(expected[i, j])


def test_a_matrix_takes_the_most_active_100_units_and_says_so() -> None:
    result = VIEW.compute(many_populations(), select(), display="matrix")
    assert result.extra["values"].shape == (100, 100)
    assert "The 100 most active of 500 units; select units to see others." in result.notes


def test_a_matrix_that_takes_too_long_is_refused_and_a_score_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("pair", "curve", "matrix"):
        monkeypatch.setattr(f"spikeboard.displays.spike_train_comparison.{module}.MOST_STEPS", 100.0)
    with pytest.raises(NothingToDraw, match="steps, at most"):
        VIEW.compute(awkward(), select(), display="matrix", measure="victor_purpura", cost_hz=1.0)
    result = VIEW.compute(awkward(), select(), first=3, second=4)
    assert any("Victor–Purpura (q = 100/s) would take too long" in note for note in result.notes)


def test_a_matrix_of_very_many_spikes_takes_the_most_active_that_fit_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rec = awkward()
    rows = np.flatnonzero(rec.counts)
    busiest = np.sort(rows[np.argsort(-rec.counts[rows], kind="stable")[:3]]).tolist()
    steps = [steps_needed(rec, busiest, "spike"), steps_needed(rec, rows.tolist(), "spike")]
    assert steps[0] < steps[1]
    where = "spikeboard.displays.spike_train_comparison.matrix"
    for name, limit in (
        ("MOST_STEPS", steps[0] / FOR_MORE_THAN_TWO),
        ("MOST_SPIKES", int(rec.counts[busiest].sum())),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"{where}.{name}", limit)
            result = VIEW.compute(rec, select(), display="matrix")
        assert sorted(int(train.rows[0]) for train in result.extra["members"]) == busiest
        assert any(note.startswith(f"The 3 most active of these {len(rows)} trains") for note in result.notes)
        assert "3 units" in result.caption


def test_a_matrix_of_pools_too_long_for_memory_is_refused_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spikeboard.analysis.distances.MOST_PROFILED", 10)
    with pytest.raises(RecordingError, match="does not fit into memory, at most 10"):
        VIEW.compute(awkward(), select(), display="matrix", between="populations")


def test_of_two_trains_of_too_many_spikes_the_beginning_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward()
    n = int(rec.counts[3] + rec.counts[4])
    monkeypatch.setattr("spikeboard.displays.spike_train_comparison.reach.MOST_PROFILED", n - 1)
    result = VIEW.compute(rec, select(), first=3, second=4)
    assert f"E 3 and E 4 hold {n:,} spikes there, and up to {n - 1:,} are compared at once" in result.caption
    assert 0 < len(result.table()) < n
    monkeypatch.undo()
    assert len(VIEW.compute(rec, select(), first=3, second=4).table()) == n


@pytest.mark.parametrize("display", ["pair", "matrix"])
@pytest.mark.parametrize("between", ["units", "populations"])
def test_hostile_names_are_escaped(display: str, between: str) -> None:
    drawn = VIEW.draw(hostile_names(), select(), display=display, between=between)
    text = drawn.figure.to_json().replace("\\u003c", "<")
    assert drawn.result is not None and "<script" not in text and "<img" not in text
