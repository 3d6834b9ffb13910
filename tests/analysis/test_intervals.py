from __future__ import annotations

import elephant.statistics as elephant
import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of

from spikeboard.analysis import intervals
from spikeboard.analysis.intervals import (
    interval_counts_below,
    interval_histogram,
    interval_statistics,
    interval_ticks,
    refractory_violations,
    short_intervals,
)
from spikeboard.analysis.trains import trains_in
from spikeboard.errors import RecordingError

COLUMNS = ["n", "mean", "CV", "CV2", "LV", "LvR", "std", "min", "max", "zero", "spikes"]


def random_trains(rate: float | None = 1e4, t_start: float = 0.0):
    """Trains without coincident spikes, on which Elephant's formulas are defined."""
    rng = np.random.default_rng(4)
    per_second = 1e9 if rate is None else rate
    start = round(t_start * per_second)
    trains = [start + np.unique(rng.integers(0, round(10 * per_second), n)) for n in (3, 10, 200, 5000)]
    return made(trains, rate, t_start, t_start + 10)


@pytest.mark.parametrize("rate", [1e4, 30_000.0, None])
@pytest.mark.parametrize("t_start", [0.0, 100_000.0])
def test_statistics_agree_with_elephant(rate: float | None, t_start: float) -> None:
    rec = random_trains(rate, t_start)
    table = interval_statistics(rec)
    for unit, train in enumerate(trains_of(rec)):
        gaps = elephant.isi(train) / rec.ticks_per_second
        row = table.loc[unit]
        assert row["mean"] == pytest.approx(gaps.mean())
        assert row["std"] == pytest.approx(gaps.std())
        assert (row["min"], row["max"]) == pytest.approx((gaps.min(), gaps.max()))
        assert row["CV"] == pytest.approx(elephant.cv(gaps))
        assert row["CV2"] == pytest.approx(elephant.cv2(gaps))
        assert row["LV"] == pytest.approx(elephant.lv(gaps))
        # Elephant takes R in the unit of the intervals, or as a quantity
        assert row["LvR"] == pytest.approx(elephant.lvr(gaps * pq.s, R=5 * pq.ms))


def test_another_refractory_period_changes_lvr_alone() -> None:
    rec = random_trains()
    two, five = interval_statistics(rec, refractory_ms=2.0), interval_statistics(rec)
    gaps = np.diff(trains_of(rec)[2]) / 1e4 * pq.s
    assert two["LvR"].loc[2] == pytest.approx(elephant.lvr(gaps, R=2 * pq.ms))
    assert two.drop(columns="LvR").equals(five.drop(columns="LvR"))


def test_regular_and_alternating_trains_have_known_answers() -> None:
    table = interval_statistics(made([range(0, 1000, 10), np.cumsum([0, 1, 3] + [1, 3] * 20)]))
    assert table.loc[0, ["CV", "CV2", "LV", "LvR"]].tolist() == [0, 0, 0, 0]
    assert table.loc[0, ["mean", "std", "min", "max"]].tolist() == pytest.approx([0.01, 0, 0.01, 0.01])
    # intervals 1, 3, 1, 3 ms: mean 2, sd 1; |3-1|/(3+1) = 1/2 each; R = 5 ms: 1 + 4·5/4 = 6
    assert table.loc[1, ["CV", "CV2", "LV", "LvR"]].tolist() == pytest.approx([0.5, 1.0, 0.75, 4.5])


def test_a_poisson_train_has_ones() -> None:
    rng = np.random.default_rng(5)
    rec = made([np.sort(rng.choice(10**9, 100_000, replace=False))], 1e5, t_stop=10_000.0)
    row = interval_statistics(rec, refractory_ms=1e-9).loc[0]
    assert row[["CV", "CV2", "LV", "LvR"]].tolist() == pytest.approx([1, 1, 1, 1], abs=0.02)


def test_too_few_intervals_are_nan_not_zero() -> None:
    # trap T23: a unit with one spike is no interval of zero
    table = interval_statistics(made([[], [5], [5, 9], [1, 3, 9]]))
    assert table["spikes"].tolist() == [0, 1, 2, 3]
    assert table["n"].tolist() == [0, 0, 1, 2]
    assert table.loc[:1, COLUMNS[1:9]].isna().all(axis=None)
    assert table.loc[2, ["mean", "min", "max"]].tolist() == pytest.approx([0.004] * 3)
    assert table.loc[2, ["std", "CV", "CV2", "LV", "LvR"]].isna().all()
    assert table.loc[3].notna().all()


def test_intervals_of_zero_are_counted_and_leave_the_rest_defined() -> None:
    table = interval_statistics(made([[0, 0, 0], [0, 0, 4, 4]]))
    assert table["zero"].tolist() == [2, 2]
    assert table.loc[0, ["CV", "CV2", "LV", "LvR"]].isna().all()
    assert table.loc[0, ["mean", "std", "max"]].tolist() == [0, 0, 0]
    # 0, 4, 0: both pairs differ by all there is
    assert table.loc[1, ["CV2", "LV"]].tolist() == [2, 3]


def test_rows_are_those_asked_for_in_their_order_and_window() -> None:
    rec = awkward()
    table = interval_statistics(rec, [5, 3], 2.0, 4.0)
    assert table.index.tolist() == [5, 3] and table.index.name == "unit"
    train = trains_of(rec)[3]
    inside = train[(train >= 20_000) & (train < 40_000)]
    assert table.loc[3, "spikes"] == len(inside)
    assert table.loc[3, "mean"] == pytest.approx(np.diff(inside).mean() / 1e4)


@given(tick_trains(), st.lists(st.integers(-2, 1002), max_size=4))
def test_intervals_below_limits_are_counted_unit_by_unit(trains, limits: list[int]) -> None:
    gaps = [np.diff(sorted(train)) for train in trains]
    expected = [[np.count_nonzero(own < limit) for limit in limits] for own in gaps]
    found = interval_counts_below(made(trains), limits)
    assert found.shape == (len(trains), len(limits)) and found.tolist() == expected


@given(tick_trains(), st.integers(0, 10**11))
def test_shifting_all_times_changes_no_interval(trains, shift: int) -> None:
    still = interval_statistics(made(trains))
    moved = made(
        [[tick + shift for tick in train] for train in trains], 1e3, shift / 1e3, (shift + 1000) / 1e3
    )
    assert interval_statistics(moved).equals(still)


@given(tick_trains())
def test_statistics_do_not_depend_on_the_unit_of_time(trains) -> None:
    slow, fast = interval_statistics(made(trains)), interval_statistics(made(trains, 1e4), refractory_ms=0.5)
    for column in ("CV", "CV2", "LV", "LvR"):
        assert np.array_equal(slow[column], fast[column], equal_nan=True) or np.allclose(
            slow[column], fast[column], equal_nan=True
        )


def test_the_histogram_of_a_known_train() -> None:
    table = interval_histogram(made([[0, 1, 3, 6, 10, 15]]), bin_ms=2.0)
    assert table["left_s"].tolist() == pytest.approx([0, 0.002, 0.004])
    assert table["right_s"].tolist() == pytest.approx([0.002, 0.004, 0.006])
    assert table["count"].tolist() == [1, 2, 2]
    assert table.attrs == {"intervals": 5, "overflow": 0, "zero": 0, "bin_ms": 2.0, "snapped": False}


@given(tick_trains(), st.integers(1, 50), st.integers(1, 1200))
def test_the_histogram_is_numpys_on_half_ticks(trains, width: int, most: int) -> None:
    table = interval_histogram(made(trains), bin_ms=float(width), max_ms=float(most))
    gaps = np.concatenate([np.diff(train) for train in trains if train] + [np.zeros(0)])
    edges = np.arange(len(table) + 1) * width - 0.5
    assert np.array_equal(table["count"], np.histogram(gaps, edges)[0])
    assert table["count"].sum() + table.attrs["overflow"] == len(gaps) == table.attrs["intervals"]
    assert table.attrs["zero"] == np.sum(gaps == 0)
    assert most <= len(table) * width < most + width


def test_equal_intervals_on_a_clock_make_no_comb() -> None:
    # trap T10: intervals of 8…24 steps, each as often, in bins that people would type
    gaps = np.tile(np.arange(8, 25), 10)
    rec = made([np.cumsum(np.r_[0, gaps])], 1e4)
    for bin_ms, expected in ((0.1, 10), (0.032, 10), (0.2, 20)):
        table = interval_histogram(rec, bin_ms=bin_ms, max_ms=2.4)
        inside = table[(table["left_s"] >= 0.0008 - 1e-9) & (table["right_s"] <= 0.0024 + 1e-9)]
        assert set(inside["count"]) == {expected}
    assert interval_histogram(rec, bin_ms=0.032).attrs["snapped"] is True
    assert interval_histogram(rec, bin_ms=0.032).attrs["bin_ms"] == pytest.approx(0.1)


def test_units_are_pooled_but_intervals_stay_within_a_unit() -> None:
    table = interval_histogram(made([[0, 10], [5, 25], [7], []]), bin_ms=1.0)
    assert table["count"].sum() == 2
    assert table["count"].to_numpy().nonzero()[0].tolist() == [10, 20]
    assert interval_histogram(made([[0, 10], [5, 25]]), [1])["count"].sum() == 1


def test_without_a_limit_the_longest_interval_is_inside_and_with_one_the_rest_is_reported() -> None:
    rec = made([[0, 10, 999]])
    assert interval_histogram(rec, bin_ms=100.0)["count"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    limited = interval_histogram(rec, bin_ms=100.0, max_ms=200.0)
    assert limited["count"].tolist() == [1, 0] and limited.attrs["overflow"] == 1


def test_more_bars_than_anyone_can_see_are_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "MOST_BINS", 5)
    table = interval_histogram(made([[0, 3, 999]]), bin_ms=1.0)
    assert len(table) == 5 and table.attrs["overflow"] == 1 and table["count"].sum() == 1


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("rate", [1e3, 1e4, None])
def test_density_integrates_to_what_is_inside(logarithmic: bool, rate: float | None) -> None:
    rec = awkward(6, rate)
    table = interval_histogram(rec, logarithmic=logarithmic, max_ms=500.0)
    widths = (
        np.log10(table["right_s"] / table["left_s"]) if logarithmic else table["right_s"] - table["left_s"]
    )
    inside = 1 - (table.attrs["overflow"] + logarithmic * table.attrs["zero"]) / table.attrs["intervals"]
    assert (table["density"] * widths).sum() == pytest.approx(inside)
    assert inside < 1


@given(tick_trains(), st.integers(1, 50), st.sampled_from([1e3, 1e6]))
def test_logarithmic_bins_lose_nothing_but_zero(trains, per_decade: int, rate: float) -> None:
    rec = made(trains, rate)
    table = interval_histogram(rec, logarithmic=True, bins_per_decade=per_decade)
    assert table["count"].sum() + table.attrs["zero"] == table.attrs["intervals"]
    ticks = np.r_[table["left_s"], table["right_s"].iloc[-1]] * rate
    assert np.allclose(ticks, np.rint(ticks)) and np.diff(ticks).min() > 0.999
    gaps = interval_ticks(*trains_in(rec))
    assert np.array_equal(table["count"], np.histogram(gaps, np.rint(ticks) - 0.5)[0])


@pytest.mark.parametrize("seconds", [1, 10, 100])
def test_the_longest_interval_is_inside_even_on_an_edge_of_the_grid(seconds: int) -> None:
    rec = made([[0, 5, 5 + seconds * 10**9]], None, t_stop=200.0)
    table = interval_histogram(rec, logarithmic=True)
    assert table["count"].sum() == 2 and table.attrs["overflow"] == 0


def test_a_logarithmic_histogram_that_ends_before_its_first_interval_has_one_bar_and_overflow() -> None:
    table = interval_histogram(made([[0, 100, 400]]), max_ms=2.0, logarithmic=True, bins_per_decade=1000)
    assert len(table) == 1 and table["count"].sum() + table.attrs["overflow"] == 2


def test_logarithmic_edges_lie_on_one_grid() -> None:
    fine = interval_histogram(awkward(7, None), logarithmic=True, bins_per_decade=10)
    grid = np.log10(fine["left_s"].iloc[1:]) * 10
    assert np.abs(grid - np.rint(grid)).max() < 1e-3
    assert np.diff(np.rint(grid)).tolist() == [1] * (len(grid) - 1)


def test_logarithmic_density_of_a_poisson_train_has_its_known_shape() -> None:
    # of an exponential distribution: density per decade = ln(10) · x · exp(-x), x = interval / mean
    rng = np.random.default_rng(8)
    rec = made([np.sort(rng.choice(10**9, 200_000, replace=False))], 1e6, t_stop=1000.0)
    table = interval_histogram(rec, logarithmic=True, bins_per_decade=10)
    table = table[table["count"] > 2000]
    middle = np.sqrt(table["left_s"] * table["right_s"]).to_numpy() * 200
    assert table["density"].to_numpy() == pytest.approx(np.log(10) * middle * np.exp(-middle), rel=0.05)
    assert len(table) > 10


def test_a_histogram_of_nothing() -> None:
    for logarithmic in (False, True):
        table = interval_histogram(made([[], [3]]), logarithmic=logarithmic)
        assert table["count"].sum() == 0 and table.attrs["intervals"] == 0 and table["density"].isna().all()


def test_impossible_decades_are_refused() -> None:
    for wrong in (0, 1001):
        with pytest.raises(RecordingError, match="bins per decade"):
            interval_histogram(made([[1, 2]]), logarithmic=True, bins_per_decade=wrong)


def test_refractory_violations_are_shorter_than_the_period() -> None:
    rec = made([[0, 1, 3, 6], [0, 2], [5], []])
    assert refractory_violations(rec) == (1, 0.25)
    assert refractory_violations(rec, None, 2.5) == (3, 0.75)
    assert refractory_violations(rec, [1], 2.0) == (0, 0.0)
    short, total = short_intervals(rec, None, 3.0)
    assert short.tolist() == [2, 1, 0, 0] and total.tolist() == [3, 1, 0, 0]


@pytest.mark.parametrize("rate", [1e4, 30_000.0, 44_100.0])
def test_an_interval_of_the_period_itself_is_none(rate: float) -> None:
    for ticks in range(1, 300):
        rec = made([[0, ticks]], rate)
        assert refractory_violations(rec, None, ticks / rate * 1000)[0] == 0
        assert refractory_violations(rec, None, (ticks + 0.5) / rate * 1000)[0] == 1


def test_no_interval_has_no_fraction_of_violations() -> None:
    count, fraction = refractory_violations(made([[], [1]]))
    assert count == 0 and np.isnan(fraction)


def test_all_intervals_one_unit_after_another() -> None:
    rec = awkward()
    expected = np.concatenate([np.diff(train) for train in trains_of(rec)])
    assert np.array_equal(interval_ticks(*trains_in(rec)), expected)
