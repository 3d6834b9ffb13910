"""Population rates: counts over true widths and numbers of units, their bands, and what monitors recorded."""

from __future__ import annotations

import elephant.statistics
import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from awkward import AWKWARD, HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of
from scipy import stats

from spikeboard.recording import Recording, recording
from spikeboard.selection import select
from spikeboard.view import Result, Viewport
from spikeboard.views import view
from spikeboard.views.firing_rate import MOST_LINES, MOST_POINTS

RATES = view("firing_rate")
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def courses(result: Result, source: str = "spikes") -> dict[str, pd.DataFrame]:
    frame = result.table()
    return {name: part for name, part in frame[frame["source"] == source].groupby("population", sort=False)}


@pytest.mark.parametrize("bin_ms", [1.0, 7.0, 10.0, 250.0])
def test_a_rate_is_the_count_over_width_and_units(bin_ms: float) -> None:
    rec = awkward(1)
    found = courses(RATES.compute(rec, select(2.0, 5.0), bin_ms=max(bin_ms, 2.0)))
    width = round(max(bin_ms, 2.0) * 10)
    edges = np.append(np.arange(20_000, 50_000, width), 50_000)
    for name, rows in (("E", range(6)), ("I", range(6, 9))):
        ticks = np.concatenate([trains_of(rec)[row] for row in rows])
        counts = np.histogram(ticks[(ticks >= 20_000) & (ticks < 50_000)], edges - 0.5)[0]
        np.testing.assert_allclose(found[name]["rate_hz"], counts / len(rows) / (np.diff(edges) / 1e4))


@quiet
def test_binned_rates_agree_with_elephants_histogram() -> None:
    rec = awkward(2)
    found = courses(RATES.compute(rec, select(), bin_ms=50.0))["E"]
    trains = [
        neo.SpikeTrain(train[train < 100_000] / 1e4, units="s", t_stop=10.0) for train in trains_of(rec)[:6]
    ]
    theirs = elephant.statistics.time_histogram(trains, 50 * pq.ms, output="rate").rescale("Hz")
    # Elephant drops the spike at the very end (T12): the last bin is ours alone.
    np.testing.assert_allclose(found["rate_hz"][:-1], theirs.magnitude[:-1, 0])


@pytest.mark.parametrize("bin_ms", [1, 2, 3, 5, 7, 9, 11, 18, 22, 23, 50, 100])
def test_a_steady_unit_has_one_rate_in_every_bin_of_any_width(bin_ms: int) -> None:
    # T5 and T11: 10 kHz on a clock of 1e-4 s; whole bins hold whole numbers of spikes
    rec = made([np.arange(2000)], 1e4, t_stop=0.2)
    found = RATES.compute(rec, select(), bin_ms=bin_ms).table()
    np.testing.assert_allclose(found["rate_hz"], 1e4)


def test_the_last_bin_is_kept_divided_by_its_own_width_and_told() -> None:
    # T8, T9, T21: nothing is dropped, nothing is drawn wider than it is
    rec = made([np.arange(0, 1045, 5)], t_stop=1.045)
    result = RATES.compute(rec, select(), bin_ms=100.0)
    frame = result.table()
    assert len(frame) == 11
    np.testing.assert_allclose(frame["rate_hz"], 200.0)
    assert "The last bin is 45 ms wide; its rate uses that width." in result.notes
    figure = RATES.picture(result)
    assert figure.data[0].x[-1] == pytest.approx(1.045) and len(figure.data[0].x) == 12


def test_a_recording_shorter_than_a_bin_has_one() -> None:
    frame = RATES.compute(made([[1, 2, 3]], t_stop=0.03), select(), bin_ms=60_000.0).table()
    np.testing.assert_allclose(frame["rate_hz"], [100.0])


def test_the_mean_does_not_depend_on_when_the_last_spike_was() -> None:
    # T6, T20: ten seconds were observed, the unit stopped after one
    rec = made([[0, 500, 1000], []], t_stop=10.0)
    assert "P 0.15 Hz (2 units)" in RATES.compute(rec, select()).caption
    assert "from 3 spikes" in RATES.compute(rec, select()).caption


def test_a_bin_off_the_clock_is_snapped_and_told() -> None:
    result = RATES.compute(made([[1, 2, 3]]), select(), bin_ms=10.4)
    assert "snapped to 10 ms" in result.notes[0] and "bins of 10 ms" in result.caption


def test_bins_too_fine_to_be_seen_are_widened_and_told() -> None:
    result = RATES.compute(AWKWARD["large"](), select(), bin_ms=0.1)
    assert "Bins of 0.1 ms would be more than 2,000 points: 50 ms are drawn" in result.notes[0]
    frame = result.table()
    assert len(courses(result)["E"]) == MOST_POINTS
    spikes = sum(
        part["rate_hz"].mean() * 100 * size
        for part, size in zip(courses(result).values(), (800, 200), strict=True)
    )
    assert round(spikes) == 1_000_000 and len(frame) == 2 * MOST_POINTS


@given(tick_trains(), st.integers(1, 400))
def test_every_spike_counts_once_whatever_the_bin(trains, bin_ticks: int) -> None:
    rec = made(trains)
    frame = RATES.compute(rec, select(), bin_ms=float(bin_ticks)).table()
    edges = np.append(np.arange(0, 1000, bin_ticks), 1000) / 1000
    assert np.isclose((frame["rate_hz"] * np.diff(edges)).sum() * len(trains), sum(map(len, trains)))


def test_a_poisson_band_is_garwoods_over_width_and_units() -> None:
    rec = awkward(3)
    found = courses(RATES.compute(rec, select(), bin_ms=700.0, band="poisson"))["E"]
    edges = np.append(np.arange(0, 100_000, 7000), 100_000)
    counts = np.histogram(np.concatenate(trains_of(rec)[:6]), np.r_[edges[:-1] - 0.5, 100_001])[0]
    scale = 6 * np.diff(edges) / 1e4
    np.testing.assert_allclose(found["low_hz"], np.nan_to_num(stats.chi2.ppf(0.025, 2 * counts) / 2) / scale)
    np.testing.assert_allclose(found["high_hz"], stats.chi2.ppf(0.975, 2 * counts + 2) / 2 / scale)


def test_a_standard_error_is_that_of_the_units_rates() -> None:
    rec = awkward(4)
    found = courses(RATES.compute(rec, select(), bin_ms=300.0, band="sem"))
    edges = np.append(np.arange(0, 100_000, 3000), 100_000)
    for name, rows in (("E", range(6)), ("I", range(6, 9))):
        each = np.array(
            [np.histogram(trains_of(rec)[row], np.r_[edges[:-1] - 0.5, 100_001])[0] for row in rows]
        )
        each = each / (np.diff(edges) / 1e4)
        wide = stats.sem(each, axis=0, ddof=1)
        np.testing.assert_allclose(found[name]["high_hz"] - found[name]["rate_hz"], wide, atol=1e-9)
        np.testing.assert_allclose(found[name]["rate_hz"] - found[name]["low_hz"], wide, atol=1e-9)


@pytest.mark.parametrize("smoothing", ["none", "gaussian", "exponential"])
@pytest.mark.parametrize("band", ["poisson", "sem"])
def test_both_bands_go_with_bins_and_with_kernels(smoothing: str, band: str) -> None:
    drawn = RATES.draw(awkward(5), select(), smoothing=smoothing, band=band, sigma_ms=100.0)
    for part in courses(drawn.result).values():
        inside = np.isfinite(part["rate_hz"])
        assert inside.mean() > 0.9
        assert (part["low_hz"] <= part["rate_hz"] + 1e-9)[inside].all()
        assert (part["high_hz"] >= part["rate_hz"] - 1e-9)[inside].all()
        assert (part["high_hz"] > part["low_hz"])[inside].any()
    assert sum(trace.fill == "tonexty" for trace in drawn.figure.data) == 2
    assert "Bands:" in drawn.result.caption


def test_a_single_unit_has_no_standard_error_and_is_told() -> None:
    rec = made([[1, 2], [3], [4]], populations=["A", "B", "B"])
    result = RATES.compute(rec, select(), band="sem")
    assert any("single unit has no standard error: A" in note for note in result.notes)
    assert np.isnan(courses(result)["A"]["low_hz"]).all() and courses(result)["B"]["low_hz"].notna().all()


@quiet
def test_a_smoothed_rate_is_the_mean_of_elephants_kernel_rates() -> None:
    rec = awkward(6)
    found = courses(RATES.compute(rec, select(3.0, 7.0), smoothing="gaussian", sigma_ms=80.0))["E"]
    at = found["time_s"].to_numpy()
    for k in (0, 700, 1999):
        near = [
            np.exp(-(((at[k] - t / 1e4) / 0.08) ** 2) / 2).sum() / (0.08 * np.sqrt(2 * np.pi))
            for t in trains_of(rec)[:6]
        ]
        assert found["rate_hz"].iloc[k] == pytest.approx(np.mean(near), rel=1e-6)


def test_a_causal_rate_does_not_rise_before_its_spike() -> None:
    # T7
    rec = made([[500]])
    found = RATES.compute(rec, select(), smoothing="exponential", sigma_ms=20.0).table()
    # at the very start a kernel that looks back has seen nothing yet: a fifth of it after 0.22 sigma
    told = found["time_s"] >= -np.log(0.8) * 0.02
    np.testing.assert_array_equal(found["rate_hz"].notna(), told)
    assert (found["rate_hz"][told & (found["time_s"] < 0.4999)] == 0).all()
    assert found["rate_hz"].max() == pytest.approx(50, rel=0.03)


def test_a_smoothed_steady_rate_does_not_sink_at_the_ends() -> None:
    # T7
    rec = made([np.arange(5, 1000, 10)])
    found = RATES.compute(rec, select(), smoothing="gaussian", sigma_ms=50.0).table()
    np.testing.assert_allclose(found["rate_hz"], 100.0, rtol=0.02)


def test_a_kernel_too_fine_to_be_seen_is_widened_and_told() -> None:
    # T25: no peak falls between two points of the line
    rec = made([[500_003]], 1e4, t_stop=100.0)
    result = RATES.compute(rec, select(), smoothing="gaussian", sigma_ms=1.0)
    assert "50 ms is drawn" in result.notes[0] and "sigma 50 ms" in result.caption
    frame = result.table()
    assert np.trapezoid(frame["rate_hz"], frame["time_s"]) == pytest.approx(1.0, rel=1e-3)


def with_monitors(n: int = 20) -> Recording:
    time = (np.arange(n) + 1) * 10.0 / n
    frame = pd.DataFrame({"time": time, "rate": np.arange(n, dtype=float)})
    return recording(
        "monitored", np.array([1.0, 2.0]), np.array([0, 1]), pd.DataFrame({"population": ["A", "B"], "id": [0, 0]}),
        t_start=0.0, t_stop=10.0, rates={"A": frame, "B": frame * [1, 2], "whole": frame * [1, 3]},
    )  # fmt: skip


def test_monitors_are_what_was_recorded_for_what_is_drawn() -> None:
    drawn = RATES.draw(with_monitors(), select(2.0, 5.0, populations=["A"]), monitors=True)
    found = courses(drawn.result, "monitor")
    assert list(found) == ["A", "whole"]
    np.testing.assert_array_equal(found["A"]["time_s"], np.arange(2.0, 5.1, 0.5))
    np.testing.assert_array_equal(found["whole"]["rate_hz"], 3 * np.arange(3, 10))
    assert [trace.name for trace in drawn.figure.data if trace.line.dash] == ["A, monitor", "whole, monitor"]
    assert "Dashed: rate monitors." in drawn.result.caption
    assert not courses(RATES.compute(with_monitors(), select()), "monitor")


def test_long_monitors_are_averaged_not_sampled() -> None:
    result = RATES.compute(with_monitors(5000), select(), monitors=True)
    found = courses(result, "monitor")["A"]
    np.testing.assert_allclose(found["rate_hz"][:3], [1, 4, 7])
    assert any("each point is the mean of 3" in note for note in result.notes)
    assert "No rate monitor in this recording." in RATES.compute(awkward(1), select(), monitors=True).notes


def test_too_many_populations_are_told() -> None:
    drawn = RATES.draw(AWKWARD["many_populations"](), select())
    assert len(courses(drawn.result)) == MOST_LINES
    assert any("488 quieter ones are left out" in note for note in drawn.result.notes)


def test_the_busiest_populations_of_the_window_are_drawn() -> None:
    names = [f"p{k:02d}" for k in range(20)]
    trains = [[500 + i for i in range(k)] if k < 19 else list(range(100)) for k in range(20)]
    rec = made(trains, populations=names)
    assert set(courses(RATES.compute(rec, select(0.4, 0.9)))) == set(names[7:19])
    assert "p19" in courses(RATES.compute(rec, select()))


def test_populations_stand_below_each_other_or_together() -> None:
    rec = awkward(1)
    stacked, together = RATES.draw(rec, select()).figure, RATES.draw(rec, select(), layout="overlaid").figure
    assert [trace.yaxis for trace in stacked.data] == ["y", "y2"] and stacked.layout.showlegend is False
    assert stacked.layout.yaxis.domain[0] > stacked.layout.yaxis2.domain[1] - 0.01
    assert {trace.yaxis for trace in together.data} == {"y"} and together.layout.showlegend is True
    for a, b in zip(stacked.data, together.data, strict=True):
        np.testing.assert_array_equal(a.y, b.y)


def test_silent_units_lower_the_mean_and_silent_populations_are_zero() -> None:
    rec = made([[100, 200], [], []], populations=["A", "A", "B"])
    found = courses(RATES.compute(rec, select()))
    assert found["A"]["rate_hz"].max() == 50 and (found["B"]["rate_hz"] == 0).all()


def test_names_are_text() -> None:
    rec = AWKWARD["hostile_names"]()
    for layout in ("stacked", "overlaid"):
        text = (
            RATES.draw(rec, select(), layout=layout, monitors=True).figure.to_json().replace("\\u003c", "<")
        )
        assert not any(name in text for name in HOSTILE[:3])


def test_nothing_to_draw_is_said() -> None:
    assert "no unit is selected" in RATES.draw(awkward(1), select(units=[])).message
    assert "no length" in RATES.draw(AWKWARD["no_duration"](), select()).message


@pytest.mark.parametrize("seen", [(2.03, 3.41), (-1.0, 0.5), (9.93, 12.0), (5.01, 5.02)])
@pytest.mark.parametrize("band", ["none", "poisson", "sem"])
def test_a_zoom_shows_the_bins_of_the_whole_that_are_on_screen(seen: tuple[float, float], band: str) -> None:
    rec = awkward(2)
    whole = courses(RATES.compute(rec, select(), bin_ms=50.0, band=band))
    part = RATES.draw(rec, select(), Viewport(seen), bin_ms=50.0, band=band)
    for name, frame in courses(part.result).items():
        time = whole[name]["time_s"]
        expected = whole[name][(time + 0.025 > seen[0] + 1e-9) & (time - 0.025 < seen[1] - 1e-9)]
        for column in frame.columns.drop(["population", "source"]):
            np.testing.assert_allclose(frame[column], expected[column], rtol=1e-9)
    assert part.figure.layout.xaxis.range == (0, 10)


def test_a_zoom_draws_what_was_too_fine_for_the_whole() -> None:
    rec = awkward(2)
    for settings in ({"bin_ms": 1.0}, {"smoothing": "gaussian", "sigma_ms": 1.0}):
        assert any("zoom in" in note for note in RATES.compute(rec, select(), **settings).notes)
        close = RATES.compute(rec, select(), Viewport((4.0, 4.5)), **settings)
        assert not any("zoom in" in note for note in close.notes)
        assert "4–4.5 s" in close.caption


def test_a_zoom_changes_no_kernel_rate() -> None:
    rec = awkward(2)
    whole = courses(RATES.compute(rec, select(), smoothing="gaussian", sigma_ms=100.0))
    part = courses(RATES.compute(rec, select(), Viewport((4.0, 5.0)), smoothing="gaussian", sigma_ms=100.0))
    for name, frame in part.items():
        at = np.interp(frame["time_s"], whole[name]["time_s"], whole[name]["rate_hz"])
        np.testing.assert_allclose(frame["rate_hz"], at, rtol=1e-3)
