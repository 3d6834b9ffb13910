from __future__ import annotations

from pathlib import Path

import elephant.spike_train_correlation as elephant
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from awkward import hostile_names, many_populations
from hypothesis import given
from made_trains import awkward, made, neo_trains, tick_trains, trains_of

import spikeboard
from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.recording import Recording, Synapses
from spikeboard.selection import select
from spikeboard.views import views
from spikeboard.views.cross_correlogram import VIEW

pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")
DEMO = Path(__file__).parents[2] / "data" / "demo"


def brute(reference: np.ndarray, target: np.ndarray, bin_ticks: int, half: int) -> np.ndarray:
    """Pairs per bin; a lag on an edge counts one half on either side."""
    doubled = 2 * (target[None, :] - reference[:, None]).ravel()
    edges = (2 * np.arange(-half, half + 2) - 1) * bin_ticks
    below = np.histogram(doubled - 0.5, edges)[0]
    above = np.histogram(doubled + 0.5, edges)[0]
    return (below + above) / 2


def pair(rec: Recording, a: int, b: int, **settings) -> pd.DataFrame:
    return VIEW.compute(rec, select(), reference=a, target=b, **settings).table()


@pytest.mark.parametrize("rate", [1000.0, 1e4])
@pytest.mark.parametrize("bin_ms", [1.0, 2.0, 5.0])
def test_counts_are_all_pairs_of_spikes(rate: float, bin_ms: float) -> None:
    rec = awkward(rate=rate)
    trains = trains_of(rec)
    frame = pair(rec, 3, 5, bin_ms=bin_ms, window_ms=50.0, predictor="none")
    ticks = round(bin_ms * rate / 1e3)
    half = int(50 / bin_ms)
    assert frame["counts"].tolist() == brute(trains[3], trains[5], ticks, half).tolist()


def test_the_window_is_half_the_width_and_one_bin_is_centred_on_zero() -> None:
    frame = pair(awkward(), 3, 5, window_ms=50.0, bin_ms=1.0, predictor="none")
    np.testing.assert_allclose(frame["lag_ms"], np.arange(-50, 51))
    frame = pair(awkward(), 3, 5, window_ms=1.0, bin_ms=0.1, predictor="none")
    assert len(frame) == 21 and frame["lag_ms"].iloc[[0, 10, 20]].tolist() == pytest.approx([-1.0, 0.0, 1.0])


def test_a_positive_lag_is_the_target_after_the_reference() -> None:
    reference = np.arange(50, 900, 37)
    rec = made([reference.tolist(), (reference + 5).tolist()])
    result = VIEW.compute(rec, select(), reference=0, target=1, predictor="poisson")
    frame = result.table()
    assert frame["lag_ms"][frame["counts"].argmax()] == 5.0
    assert "P 1 (23 spikes) after P 0 (23 spikes): positive lag, target after reference" in result.caption
    figure = VIEW.picture(result, reference=0, target=1, predictor="poisson")
    assert figure.layout.xaxis.title.text == "Lag (ms) of P 1 after P 0"


@given(tick_trains())
def test_swapping_the_trains_mirrors_the_correlogram(trains: list[list[int]]) -> None:
    if len(trains) < 2 or not trains[0] or not trains[1]:
        return
    rec = made(trains)
    there = pair(rec, 0, 1, bin_ms=4.0, predictor="none", scale="counts", border=False)
    back = pair(rec, 1, 0, bin_ms=4.0, predictor="none", scale="counts", border=False)
    assert there["value"].tolist() == back["value"].tolist()[::-1]


def test_rate_is_per_reference_spike_and_corrected_for_the_border() -> None:
    rec = awkward()
    frame = pair(rec, 3, 5, bin_ms=2.0, predictor="none")
    n, seconds = len(trains_of(rec)[3]), 10.0
    plain = frame["counts"] / (n * 0.002)
    expected = plain * seconds / (seconds - frame["lag_ms"].abs() / 1e3)
    np.testing.assert_allclose(frame["value"], expected)
    np.testing.assert_allclose(pair(rec, 3, 5, bin_ms=2.0, predictor="none", border=False)["value"], plain)


def test_an_auto_correlogram_leaves_out_only_a_spike_with_itself() -> None:
    rec = made([[100, 100, 200]])
    result = VIEW.compute(rec, select(), predictor="none", scale="counts", border=False)
    frame = result.table().set_index("lag_ms")
    assert frame.loc[0.0, "counts"] == 2 and frame["counts"].sum() == 2
    assert result.caption.startswith("Auto-correlogram of P 0 (3 spikes")


def test_pools_share_no_spike_with_themselves() -> None:
    rec = made([[100, 300], [100, 500]])
    result = VIEW.compute(
        rec, select(), between="populations", predictor="none", scale="counts", border=False
    )
    assert result.table()["counts"].sum() == 2
    assert "2 units pooled into one train" in result.caption


def test_the_coefficient_at_lag_0_is_pearsons() -> None:
    rec = awkward()
    frame = pair(rec, 3, 5, scale="coefficient", bin_ms=10.0).set_index("lag_ms")
    counts = [np.histogram(trains_of(rec)[k], np.arange(0, 100_001, 100))[0] for k in (3, 5)]
    counts = [np.r_[c[:-1], c[-1]] for c in counts]
    at_end = [int((trains_of(rec)[k] == 100_000).sum()) for k in (3, 5)]
    assert at_end == [0, 0]
    assert frame.loc[0.0, "value"] == pytest.approx(np.corrcoef(*counts)[0, 1])
    assert frame["high"].iloc[0] == pytest.approx(1.96 / np.sqrt(1000))


def test_z_scores_are_departures_from_the_poisson_expectation() -> None:
    rec = awkward()
    counts = pair(rec, 3, 5, scale="counts", border=False, predictor="poisson", bin_ms=2.0)
    scores = pair(rec, 3, 5, scale="z", predictor="poisson", bin_ms=2.0)
    expected = (counts["counts"] - counts["predictor"]) / np.sqrt(counts["predictor"])
    np.testing.assert_allclose(scores["value"], expected)


def test_poisson_expectation_is_the_product_of_rates() -> None:
    rec = awkward()
    frame = pair(rec, 3, 5, predictor="poisson")
    rate = len(trains_of(rec)[5]) / 10.0
    np.testing.assert_allclose(frame["predictor"], rate, rtol=1e-3)


@pytest.mark.parametrize("predictor", ["dither", "jitter", "shuffle"])
def test_surrogates_repeat_with_their_seed(predictor: str) -> None:
    rec = awkward()
    first, again = (pair(rec, 3, 4, predictor=predictor, surrogates=30, seed=7) for _ in range(2))
    other = pair(rec, 3, 4, predictor=predictor, surrogates=30, seed=8)
    pd.testing.assert_frame_equal(first, again)
    assert not first["predictor"].equals(other["predictor"])
    assert (first["low"] <= first["predictor"] + 1e-9).all() and (
        first["predictor"] <= first["high"] + 1e-9
    ).all()


def test_a_coupling_leaves_the_band_and_independence_does_not() -> None:
    rng = np.random.default_rng(3)
    reference, alone = (np.sort(rng.choice(100_000, 800, replace=False)) for _ in range(2))
    driven = np.unique(np.r_[reference[::2] + 2, rng.choice(100_000, 400)])
    rec = made([reference.tolist(), driven.tolist(), alone.tolist()], t_stop=100.1)
    result = VIEW.compute(rec, select(), reference=0, target=1, seed=1)
    frame = result.table()
    assert frame["lag_ms"][(frame["value"] > frame["high"]).to_numpy()].tolist() == [2.0]
    assert "Highest at +2 ms, above the band; " in result.caption
    assert "no bin lies outside" in VIEW.compute(rec, select(), reference=0, target=2, seed=1).caption


def test_surrogates_that_take_too_long_give_way_to_poisson_and_say_so() -> None:
    rec = spikeboard.open(DEMO)
    result = VIEW.compute(rec, select(), between="populations", surrogates=5000)
    assert any("would take about" in note and "Poisson" in note for note in result.notes)
    assert "independent Poisson trains" in result.caption


def locked_to_trials() -> Recording:
    rng = np.random.default_rng(0)
    starts = np.arange(0, 20_000, 1000)
    trains = [np.sort((starts[:, None] + 100 * k + rng.integers(0, 50, (20, 3))).ravel()) for k in (1, 2)]
    units = pd.DataFrame({"population": "P", "id": [0, 1]})
    trials = pd.DataFrame({"start": starts / 1e3, "stop": starts / 1e3 + 0.5})
    return spikeboard.recording(
        "trials", np.concatenate(trains) / 1e3, np.repeat([0, 1], 60), units, t_start=0.0, t_stop=20.0,
        sampling_rate=1000.0, intervals={"trials": trials},
    )  # fmt: skip


def test_the_shift_predictor_explains_what_is_locked_to_the_trials() -> None:
    rec = locked_to_trials()
    settings = {"reference": 0, "target": 1, "predictor": "trials", "window_ms": 200.0, "bin_ms": 20.0}
    result = VIEW.compute(rec, select(), **settings, border=False)
    frame = result.table()
    within = sum(
        brute(*(t[(t >= s) & (t < s + 500)] for t in trains_of(rec)), 20, 10) for s in range(0, 20_000, 1000)
    )
    assert frame["counts"].tolist() == within.tolist()
    # 60 reference spikes lie within trials, and all of them count.
    np.testing.assert_allclose(frame["value"], frame["counts"] / (60 * 0.02))
    assert frame["predictor"].sum() == pytest.approx(frame["value"].sum(), rel=0.01)
    assert "20 trials of 0.5 s" in result.caption and any("20 whole trials" in note for note in result.notes)


def test_the_shift_predictor_needs_trials() -> None:
    with pytest.raises(NothingToDraw, match="no trials"):
        VIEW.compute(awkward(), select(), predictor="trials")
    with pytest.raises(NothingToDraw, match="needs 2 trials; 1 of trials"):
        VIEW.compute(locked_to_trials(), select(0.0, 0.8), predictor="trials")


def test_the_delay_of_a_synapse_is_marked_where_it_acts() -> None:
    connections = {
        "a": Synapses("P", "Q", np.array([0, 1, 1]), np.array([1]), np.array([1.0]), np.array([0.003]))
    }
    units = pd.DataFrame({"population": ["P", "P", "Q", "Q"], "id": [0, 1, 0, 1]})
    times = np.concatenate([np.arange(0.01 * k + 0.1, 9, 0.31) for k in range(4)])
    rows = np.repeat(np.arange(4), [len(np.arange(0.01 * k + 0.1, 9, 0.31)) for k in range(4)])
    rec = spikeboard.recording(
        "wired", times, rows, units, t_start=0.0, t_stop=10.0, sampling_rate=1000.0, connections=connections
    )
    for a, b, lag in ((0, 3, 3.0), (3, 0, -3.0)):
        result = VIEW.compute(rec, select(), reference=a, target=b, predictor="none")
        assert [(at, text) for at, text in result.extra["delays"]] == [(lag, "P 0 → Q 1: delay 3 ms")]
        shapes = VIEW.picture(result, predictor="none").layout.shapes
        assert any(shape.x0 == lag == shape.x1 for shape in shapes)
    unconnected = VIEW.compute(rec, select(), reference=1, target=3, predictor="none")
    assert unconnected.extra["delays"] == []
    assert any("No synapse with a known delay joins P 1 and Q 1" in note for note in unconnected.notes)
    pooled = VIEW.compute(rec, select(), between="populations", predictor="none").extra["delays"]
    assert pooled == [(3.0, "P → Q: delay 3 ms")]
    narrow = VIEW.compute(rec, select(), reference=0, target=3, predictor="none", window_ms=2.0)
    assert not narrow.extra["delays"] and any("outside of the window" in note for note in narrow.notes)


def test_too_many_bins_are_widened_and_said() -> None:
    result = VIEW.compute(awkward(), select(), window_ms=5000.0, bin_ms=1.0, predictor="none")
    assert len(result.table()) <= 1001
    assert any("finer than the screen" in note for note in result.notes)


def test_a_bin_off_the_clock_is_snapped_and_said() -> None:
    result = VIEW.compute(awkward(rate=1000.0), select(), bin_ms=1.4, predictor="none")
    assert result.extra["bin_ms"] == pytest.approx(1.0)
    assert any("snapped to 1 ms" in note for note in result.notes)


def test_the_most_active_units_are_taken_where_none_is_picked() -> None:
    result = VIEW.compute(awkward(), select(), predictor="none")
    assert "E 5 (2,000 spikes)" in result.caption and "E 3 (300 spikes)" in result.caption
    fixed = VIEW.compute(awkward(), select(), reference=4, predictor="none")
    assert "after E 4" in fixed.caption


def test_small_multiples_are_the_correlograms_of_all_pairs() -> None:
    rec = awkward()
    result = VIEW.compute(rec, select(units=[3, 4, 5]), display="pairs", scale="counts", border=False)
    frame = result.table()
    assert len(frame) == 9 * 101
    one = frame[(frame["reference"] == "E 3") & (frame["target"] == "E 5")]
    expected = pair(rec, 3, 5, predictor="none")["counts"]
    assert one["counts"].tolist() == expected.tolist()
    assert len(VIEW.picture(result, display="pairs").data) == 6


def test_small_multiples_say_which_units_they_took() -> None:
    notes = VIEW.compute(awkward(), select(), display="pairs").notes
    assert "The 8 most active of 9 selected units." in notes
    notes = VIEW.compute(many_populations(), select(), display="pairs").notes
    assert "The 8 most active of 500 selected units." in notes


def test_tiling_coefficients_agree_with_elephant() -> None:
    rec = awkward()
    result = VIEW.compute(rec, select(units=[3, 4, 5, 6]), display="matrix", coincidence_ms=5.0)
    trains = neo_trains(rec)
    expected = [
        elephant.spike_time_tiling_coefficient(trains[a], trains[b], dt=5 * pq.ms)
        for a, b in ((3, 4), (3, 5), (3, 6), (4, 5), (4, 6), (5, 6))
    ]
    np.testing.assert_allclose(result.table()["coefficient"], expected, atol=1e-3)
    assert "6 pairs of 4 units" in result.caption


def test_count_correlation_is_pearsons() -> None:
    rec = awkward()
    frame = VIEW.compute(
        rec, select(units=[3, 4, 5]), display="matrix", coefficient="pearson", coincidence_ms=50.0
    ).table()
    counts = [np.histogram(trains_of(rec)[k], np.arange(0, 100_001, 500))[0] for k in (3, 4, 5)]
    expected = np.corrcoef(counts)[np.triu_indices(3, 1)]
    np.testing.assert_allclose(frame["coefficient"], expected)


def test_a_matrix_takes_the_most_active_200_units_and_says_so() -> None:
    result = VIEW.compute(many_populations(), select(), display="matrix")
    assert result.extra["values"].shape == (200, 200)
    assert "The 200 most active of 500 units; select units to see others." in result.notes


def test_the_distribution_holds_every_pair_once() -> None:
    drawn = VIEW.draw(awkward(), select(units=[3, 4, 5, 6, 7]), display="distribution")
    assert drawn.result is not None and len(drawn.result.table()) == 10
    within, between = drawn.figure.data
    assert within.name.startswith("within a population: 4,") and between.name.startswith(
        "between populations: 6,"
    )
    for line, number in ((within, 4), (between, 6)):
        assert np.sum(line.customdata) == 2 * number and np.sum(line.y) == pytest.approx(200)


def test_sorting_a_matrix_keeps_its_pairs() -> None:
    rec = awkward()
    plain, sorted_ = (
        VIEW.compute(rec, select(), display="matrix", sort=sort).table()["coefficient"].dropna()
        for sort in ("id", "similarity")
    )
    np.testing.assert_allclose(np.sort(plain), np.sort(sorted_))


def test_what_is_missing_is_said() -> None:
    rec = made([[100], [], [200, 300]])
    with pytest.raises(NothingToDraw, match="P 1 has no spike in 0–1 s"):
        VIEW.compute(rec, select(), reference=0, target=1)
    with pytest.raises(NothingToDraw, match="single spike"):
        VIEW.compute(rec, select(), reference=0, target=0)
    with pytest.raises(NothingToDraw, match="none of the 1 selected units fires"):
        VIEW.compute(rec, select(units=[1]))
    with pytest.raises(NothingToDraw, match="needs two trains"):
        VIEW.compute(rec, select(units=[0]), display="matrix")
    with pytest.raises(RecordingError, match="unit row 9"):
        VIEW.compute(rec, select(), reference=9)


@pytest.mark.parametrize("display", ["pair", "pairs", "matrix", "distribution"])
@pytest.mark.parametrize("between", ["units", "populations"])
def test_hostile_names_are_escaped(display: str, between: str) -> None:
    drawn = VIEW.draw(hostile_names(), select(), display=display, between=between)
    text = drawn.figure.to_json().replace("\\u003c", "<")
    assert drawn.result is not None and "<script" not in text and "<img" not in text


def test_populations_that_are_left_out_of_a_matrix_are_counted() -> None:
    units = pd.DataFrame({"population": [f"p{k:03d}" for k in range(230)], "id": 0})
    times = np.repeat(np.linspace(0.1, 9.9, 20), 220)
    rec = spikeboard.recording("many", times, np.tile(np.arange(220), 20), units, t_start=0.0, t_stop=10.0)
    for view, settings in (
        ("cross_correlogram", {"display": "matrix", "between": "populations"}),
        ("spike_train_comparison", {"display": "matrix", "between": "populations"}),
    ):
        notes = views()[view].draw(rec, select(), **settings).result.notes
        assert "10 silent populations left out." in notes
        assert any("of 220 populations" in note for note in notes)


def test_coefficients_that_are_refused_cost_no_correlogram(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    monkeypatch.setattr(
        "spikeboard.displays.cross_correlogram.pair.correlograms", lambda *_: counted.append(1)
    )
    monkeypatch.setattr("spikeboard.analysis.correlation.MOST_BINNED", 1)
    with pytest.raises(RecordingError, match="at most 1 spikes"):
        VIEW.compute(awkward(), select(), scale="coefficient")
    assert not counted
