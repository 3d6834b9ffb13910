"""Kernel rates of single units: their shape, their width, their ends, and which units are drawn."""

from __future__ import annotations

import elephant.kernels
import elephant.statistics
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from awkward import AWKWARD, HOSTILE
from made_trains import awkward, made, trains_of
from scipy import stats
from stroked import stroked

from spikeboard.analysis.bandwidth import optimal_bandwidth, shared_bandwidth
from spikeboard.selection import select
from spikeboard.theme import colour, population_colours
from spikeboard.view import Result, Viewport
from spikeboard.views import view
from spikeboard.views.instantaneous_rate import KERNELS, MOST_UNITS, POINTS

RATE = view("instantaneous_rate")
ELEPHANTS = {
    "gaussian": elephant.kernels.GaussianKernel,
    "exponential": elephant.kernels.ExponentialKernel,
    "alpha": elephant.kernels.AlphaKernel,
    "rectangular": elephant.kernels.RectangularKernel,
    "triangular": elephant.kernels.TriangularKernel,
    "epanechnikov": elephant.kernels.EpanechnikovLikeKernel,
}
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def by_unit(result: Result) -> dict[int, pd.DataFrame]:
    return dict(iter(result.table().groupby("unit")))


@quiet
@pytest.mark.parametrize("kernel", list(KERNELS))
def test_a_rate_is_the_sum_of_elephants_kernels(kernel: str) -> None:
    rec = awkward(1)
    result = RATE.compute(
        rec, select(units=[4]), kernel=kernel, automatic=False, sigma_ms=137.0, border=False
    )
    shape = ELEPHANTS[kernel](137 * pq.ms)
    frame = by_unit(result)[4]
    at = frame["time_s"].to_numpy()[1::97]
    lags = at[:, None] - trains_of(rec)[4] / 1e4
    theirs = sum(shape(lag * pq.s).rescale("Hz").magnitude for lag in lags.T)
    np.testing.assert_allclose(frame["rate_hz"].to_numpy()[1::97], theirs, rtol=1e-6, atol=1e-6)
    assert len(frame) == POINTS


@pytest.mark.parametrize("kernel", ["exponential", "alpha"])
def test_a_causal_rate_is_nought_before_the_first_spike(kernel: str) -> None:
    # T7: a kernel that is only convolved in the middle would be shifted
    rec = made([[400, 410, 420]])
    frame = RATE.compute(rec, select(), kernel=kernel, automatic=False, sigma_ms=10.0, border=False).table()
    assert (frame["rate_hz"][frame["time_s"] < 0.4] == 0).all()
    assert frame["rate_hz"][frame["time_s"] > 0.4].max() > 40


@pytest.mark.parametrize("kernel", ["gaussian", "rectangular", "triangular", "epanechnikov"])
def test_with_border_correction_a_steady_rate_is_steady_to_the_ends(kernel: str) -> None:
    # T7: without it half of the mass of spikes at the ends is lost
    rec = made([np.arange(2, 1000, 5)])
    flat = RATE.compute(rec, select(), kernel=kernel, automatic=False, sigma_ms=40.0).table()["rate_hz"]
    sunk = RATE.compute(rec, select(), kernel=kernel, automatic=False, sigma_ms=40.0, border=False).table()[
        "rate_hz"
    ]
    # a rectangle holds a whole number of spikes: one more or less
    np.testing.assert_allclose(flat, 200.0, rtol=0.05)
    assert sunk.iloc[0] == pytest.approx(100, rel=0.1) and sunk.iloc[-1] == pytest.approx(100, rel=0.1)


def test_a_short_train_under_a_wide_kernel_has_as_many_values_as_any() -> None:
    # T7: convolution returned the longer of train and kernel
    rec = made([[10, 20, 40]], t_stop=0.05)
    assert len(RATE.compute(rec, select(), automatic=False, sigma_ms=60_000.0).table()) == POINTS


def test_spikes_beyond_the_window_count_as_far_as_the_kernel_reaches() -> None:
    rec = awkward(2)
    whole = RATE.compute(rec, select(units=[3]), automatic=False, sigma_ms=150.0).table()
    part = RATE.compute(rec, select(4.0, 6.0, units=[3]), automatic=False, sigma_ms=150.0).table()
    there = np.interp(part["time_s"], whole["time_s"], whole["rate_hz"])
    np.testing.assert_allclose(part["rate_hz"], there, rtol=0.01)


def modulated(n_units: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        np.unique(np.rint(rng.normal(rng.integers(1, 10, 300) * 1e4, 600)).astype(int).clip(0, 99_999))
        for _ in range(n_units)
    ]


@quiet
def test_the_automatic_width_is_near_elephants_and_told() -> None:
    # T24 is about trains that have no width
    rec = made(modulated(1), 1e4, t_stop=10.0)
    result = RATE.compute(rec, select())
    train = trains_of(rec)[0] / 1e4
    theirs = elephant.statistics.optimal_kernel_bandwidth(train)["optw"]
    ours = optimal_bandwidth(train)
    assert ours == pytest.approx(theirs, rel=0.1)
    assert f"sigma {ours * 1000:.4g} ms (chosen automatically)" in result.caption
    assert "automatically" not in RATE.compute(rec, select(), automatic=False).caption


def test_several_units_share_one_width() -> None:
    rec = made(modulated(3), 1e4, t_stop=10.0)
    sigma = shared_bandwidth([train / 1e4 for train in trains_of(rec)])
    assert f"sigma {sigma * 1000:.4g} ms (chosen" in RATE.compute(rec, select(units=[0, 1, 2])).caption


@pytest.mark.parametrize("train", [[500], [500, 600], [500, 500, 500]])
def test_too_few_spikes_for_a_width_are_told(train: list[int]) -> None:
    # T24: Elephant raises here
    result = RATE.compute(made([train]), select(), sigma_ms=33.0)
    assert "too few" in result.notes[0] and "sigma 33 ms kernels" not in result.caption
    assert "sigma 33 ms" in result.caption and "automatically" not in result.caption


def test_a_width_from_some_of_the_spikes_is_told() -> None:
    result = RATE.compute(AWKWARD["large"](), select(10.0, 60.0, units=range(50)))
    assert not any("first" in note for note in result.notes)
    rng = np.random.default_rng(0)
    rec = made([np.unique(rng.integers(0, 10**6, 30_000))], 1e4, t_stop=100.0)
    assert any("first 20,000 spikes" in note for note in RATE.compute(rec, select()).notes)


def test_a_kernel_too_fine_to_be_seen_is_widened_and_told() -> None:
    # T25: with 2,000 points 50 ms apart, most spikes would fall between two of them
    rec = made([[123_456, 700_007]], 1e4, t_stop=100.0)
    result = RATE.compute(rec, select(), automatic=False, sigma_ms=1.0)
    frame = result.table()
    assert "50 ms is drawn" in result.notes[0] and "sigma 50 ms" in result.caption
    assert np.trapezoid(frame["rate_hz"], frame["time_s"]) == pytest.approx(2, rel=1e-3)


def test_the_band_of_a_rectangular_kernel_is_garwoods() -> None:
    rec = awkward(3)
    frame = RATE.compute(
        rec, select(units=[3]), kernel="rectangular", automatic=False, sigma_ms=200.0, border=False
    ).table()
    width = 2 * np.sqrt(3) * 0.2
    counts = np.rint(frame["rate_hz"] * width)
    np.testing.assert_allclose(
        frame["low_hz"], np.nan_to_num(stats.chi2.ppf(0.025, 2 * counts)) / 2 / width, rtol=1e-6
    )
    np.testing.assert_allclose(frame["high_hz"], stats.chi2.ppf(0.975, 2 * counts + 2) / 2 / width, rtol=1e-6)


def test_the_mean_is_that_of_all_selected_units_silent_ones_included() -> None:
    rec = awkward(4)
    result = RATE.compute(rec, select(populations=["E"]), automatic=False, sigma_ms=90.0, mean=True)
    mean = by_unit(result)[-1]
    each = np.stack(
        [
            by_unit(RATE.compute(rec, select(units=[row]), automatic=False, sigma_ms=90.0))[row]["rate_hz"]
            for row in range(1, 6)
        ]
        + [np.zeros(POINTS)]
    )
    np.testing.assert_allclose(mean["rate_hz"], each.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(
        mean["high_hz"] - mean["rate_hz"], stats.sem(each, axis=0), rtol=1e-6, atol=1e-9
    )
    assert "Mean of 6 units of E" in result.caption


def test_unasked_the_most_active_unit_of_each_population_comes_first() -> None:
    rec = made(
        [[1], [1, 2, 3], [1, 2], [5], [], [7, 8], [9]], populations=["A", "A", "A", "B", "B", "C", "C"]
    )
    result = RATE.compute(rec, select(), automatic=False)
    # the busiest of A, B and C, then the second of A, which has most spikes of the second ones
    assert list(by_unit(result)) == [1, 2, 3, 5]
    assert not result.notes


def test_of_chosen_units_the_most_active_are_drawn_and_the_others_told() -> None:
    rec = made([list(range(10 * k)) for k in range(1, 12)])
    result = RATE.compute(rec, select(units=range(11)), automatic=False)
    assert list(by_unit(result)) == list(range(11 - MOST_UNITS, 11))
    assert (
        "The 8 most active of the selected units are drawn; select fewer to see the 3 others." in result.notes
    )


def test_a_chosen_silent_unit_has_a_rate_of_nought() -> None:
    result = RATE.compute(made([[], [1, 500, 900]]), select(units=[0, 1]), automatic=False)
    assert (by_unit(result)[0]["rate_hz"] == 0).all() and by_unit(result)[1]["rate_hz"].max() > 0


def test_every_spike_stands_under_the_lines() -> None:
    rec = awkward(5)
    drawn = RATE.draw(rec, select(units=[1, 2, 4]))
    for k, shape in enumerate(drawn.figure.layout.shapes):
        train = trains_of(rec)[[1, 2, 4][k]] / 1e4
        first, last, low, high = stroked(shape).T
        assert shape.yref == "y2" and low.max() < k < high.min()
        np.testing.assert_array_equal(np.isin(first, train) & np.isin(last, train), True)
        assert all(np.any((first <= time) & (time <= last)) for time in train)
    assert [len(stroked(shape)) for shape in drawn.figure.layout.shapes[:2]] == [1, 2]


def test_a_unit_without_a_spike_on_screen_has_no_mark() -> None:
    rec = made([[1000, 90_000], [1000]], 1e4, t_stop=10.0)
    drawn = RATE.draw(rec, select(units=[0, 1]), Viewport((5.0, 10.0)))
    assert [len(stroked(shape)) for shape in drawn.figure.layout.shapes] == [1, 0]


def test_spikes_of_neighbouring_pixels_share_a_mark() -> None:
    busy = made([[*range(50_000), 60_000]], 1e4, t_stop=10.0)
    drawn = RATE.draw(busy, select())
    (shape,) = drawn.figure.layout.shapes
    np.testing.assert_allclose(stroked(shape)[:, :2], [[0, 4.9999], [6, 6]])
    points = next(trace for trace in drawn.figure.data if trace.yaxis == "y2")
    assert points.mode == "none" and points.x.tolist() == [0, 6]
    even = made([np.arange(25, 100_000, 50)], 1e4, t_stop=10.0)
    assert len(stroked(RATE.draw(even, select()).figure.layout.shapes[0])) == 1
    apart = made([np.arange(25, 100_000, 100)], 1e4, t_stop=10.0)
    assert len(stroked(RATE.draw(apart, select()).figure.layout.shapes[0])) == POINTS // 2


def test_lines_have_the_colours_of_their_populations_where_that_tells_them_apart() -> None:
    rec = awkward(6)
    tints = population_colours(rec)
    lines = [t for t in RATE.draw(rec, select(units=[3, 7])).figure.data if t.name]
    assert [t.line.color for t in lines if t.yaxis != "y2"][:2] == [tints["E"], tints["I"]]
    lines = [t for t in RATE.draw(rec, select(units=[3, 5])).figure.data if t.name]
    assert [t.line.color for t in lines if t.yaxis != "y2"][:2] == [colour(0), colour(1)]


def test_band_and_mean_can_be_left_out() -> None:
    rec = awkward(1)
    assert any(t.fill for t in RATE.draw(rec, select()).figure.data)
    assert not any(t.fill for t in RATE.draw(rec, select(), band=False).figure.data)
    assert [t.name for t in RATE.draw(rec, select(), mean=True).figure.data if t.name == "mean"] == ["mean"]


def test_nothing_to_draw_is_said() -> None:
    assert "no selected unit fires" in RATE.draw(awkward(1), select(units=[0])).message
    assert "no spikes in this recording" in RATE.draw(AWKWARD["all_silent"](), select()).message
    assert "no length" in RATE.draw(AWKWARD["no_duration"](), select()).message
    assert "no unit is selected" in RATE.draw(awkward(1), select(units=[])).message


def test_names_are_text() -> None:
    text = RATE.draw(AWKWARD["hostile_names"](), select(), mean=True).figure.to_json().replace("\\u003c", "<")
    assert not any(name in text for name in HOSTILE[:3]) and "&lt;script" in text


def test_where_a_causal_kernel_has_seen_nothing_there_is_no_rate() -> None:
    rec = made([np.arange(0, 1000, 10)])
    result = RATE.compute(rec, select(), kernel="exponential", automatic=False, sigma_ms=200.0)
    frame = result.table()
    # a fifth of what the last moment sees of its kernel
    told = -np.expm1(-frame["time_s"] / 0.2) >= -0.2 * np.expm1(-5)
    np.testing.assert_array_equal(frame["rate_hz"].notna(), told)
    assert f"No rate for {np.mean(~told):.3g} s" in result.notes[0]
    assert frame["rate_hz"].max() < 150
    wide = RATE.compute(rec, select(), automatic=False, sigma_ms=60_000.0)
    assert wide.table()["rate_hz"].notna().all() and not wide.notes


@pytest.mark.parametrize("seen", [(2.0, 3.0), (-1.0, 0.5), (9.5, 12.0)])
def test_a_zoom_is_finer_and_changes_neither_units_nor_width(seen: tuple[float, float]) -> None:
    rec = awkward(2)
    whole, part = RATE.draw(rec, select()), RATE.draw(rec, select(), Viewport(seen))
    assert part.figure.layout.xaxis.range == (0, 10)
    assert whole.result.caption.split("sigma")[1] == part.result.caption.split("sigma")[1]
    start, stop = max(seen[0], 0), min(seen[1], 10)
    for row, frame in by_unit(part.result).items():
        before = by_unit(whole.result)[row]
        assert (frame["time_s"].min(), frame["time_s"].max()) == (start, stop)
        at = np.interp(frame["time_s"], before["time_s"], before["rate_hz"])
        np.testing.assert_allclose(frame["rate_hz"], at, rtol=1e-2, atol=0.05)
    inside = sum(
        np.count_nonzero((t / 1e4 >= start) & ((t / 1e4 < stop) | (stop == 10)))
        for t in (trains_of(rec)[row] for row in by_unit(part.result))
    )
    assert f"{inside:,} spikes in {start:g}–{stop:g} s" in part.result.caption
