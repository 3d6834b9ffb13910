"""Phase portraits: the right pairs of samples, lines that are open at resets, and times that match."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_networks import network_of

import spikeboard
from spikeboard.displays.phase_portrait.density import OF_A_MOMENT, STRETCH, counted_samples
from spikeboard.recording import State
from spikeboard.selection import select
from spikeboard.views import view

VIEW = view("phase_portrait")
DEMO = Path(__file__).parents[2] / "data" / "demo"
TIME = np.arange(1000) * 1e-3


def state(values, rows, variable, time=TIME, unit="mV") -> State:
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    return State(values, time, variable, unit, np.array(rows), tuple(f"c{k}" for k in range(values.shape[1])))


def recorded(states, spikes=()) -> spikeboard.Recording:
    return network_of({"E": 3, "I": 2}, {}, states, spikes)


def circle() -> dict[str, State]:
    angle = 2 * np.pi * 3 * TIME
    return {"v": state(np.cos(angle), [1], "v"), "u": state(np.sin(angle), [1], "u", unit="pA")}


def drawn(rec, selection=None, **settings):
    return VIEW.draw(rec, selection or select(), **settings)


def sawtooth(period: int = 100) -> np.ndarray:
    return np.arange(1000) % period - 50.0


def segments(found) -> list[tuple[float, float]]:
    """The steps of x along every line that is drawn."""
    table = found.result.table()
    x = table["x"].to_numpy()
    joined = np.isfinite(x[:-1]) & np.isfinite(x[1:])
    return list(zip(x[:-1][joined], x[1:][joined], strict=True))


def test_all_samples_are_drawn_in_their_pairs() -> None:
    table = drawn(recorded(circle())).result.table()
    assert np.allclose(table["x"] ** 2 + table["y"] ** 2, 1) and len(table) == 1000
    assert np.array_equal(table["time_s"], TIME)


def test_the_potential_lies_across_and_the_recovery_upward_whatever_their_order() -> None:
    for names in (("v", "u"), ("u", "v")):
        found = drawn(recorded({name: circle()[name] for name in names}))
        assert found.figure.layout.xaxis.title.text == "v (mV)"
        assert found.figure.layout.yaxis.title.text == "u (pA)"


def test_a_chosen_pair_is_drawn_as_chosen() -> None:
    found = drawn(recorded(circle()), x="u", y="v")
    assert found.figure.layout.xaxis.title.text == "u (pA)"


def test_one_variable_is_a_sentence_that_says_what_to_do() -> None:
    found = drawn(recorded({"v": circle()["v"]}))
    assert "two variables of one unit, and only v was recorded" in found.message


def test_variables_of_different_units_are_a_sentence() -> None:
    states = {"v": state(TIME, [0], "v"), "u": state(TIME, [4], "u")}
    assert "none of the selected units has two variables" in drawn(recorded(states)).message
    assert "v is of E 0, u of I 1" in drawn(recorded(states), x="v", y="u").message


def test_a_unit_that_was_not_recorded_is_named() -> None:
    assert "unit E 0 was not recorded; E 1 were" in drawn(recorded(circle()), unit=0).message


@pytest.mark.parametrize("late", [0, 1])
def test_the_line_is_open_at_a_reset_whether_the_spike_is_before_or_at_it(late: int) -> None:
    # The trace falls between samples 99 and 100, ...: the spike may carry the time of either.
    spikes = [((100 * k - 1 + late) * 1e-3, 0) for k in range(1, 10)]
    states = {"v": state(sawtooth(), [0], "v"), "u": state(np.cos(TIME), [0], "u")}
    found = drawn(recorded(states, spikes))
    assert not [step for step in segments(found) if step[1] < step[0]]
    assert "open at 9 places, 9 of them at spikes" in found.result.caption


def test_without_spikes_a_fall_of_half_the_range_opens_the_line() -> None:
    states = {"v": state(sawtooth(), [0], "v"), "u": state(np.cos(TIME), [0], "u")}
    found = drawn(recorded(states))
    assert not [step for step in segments(found) if step[1] < step[0]]
    assert "9 places, 0 of them at spikes" in found.result.caption
    assert any("No spike of E 0 is known" in note for note in found.result.notes)


def test_a_smooth_path_is_not_opened() -> None:
    found = drawn(recorded(circle()))
    assert len(segments(found)) == 999 and "open at 0 places" in found.result.caption


@given(st.integers(0, 2**32 - 1))
def test_many_samples_are_drawn_by_their_extremes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(40_000) * 1e-5
    v, u = rng.normal(size=(2, 40_000)).cumsum(axis=1)
    found = drawn(recorded({"v": state(v, [0], "v", time), "u": state(u, [0], "u", time)}))
    table = found.result.table().dropna()
    assert len(table) <= 5000 and np.all(np.diff(table["time_s"]) > 0)
    for name, values in (("x", v), ("y", u)):
        assert table[name].max() == values.max() and table[name].min() == values.min()
    assert "of 40,000 samples drawn" in " ".join(found.result.notes)


def test_of_a_path_too_long_to_follow_the_beginning_is_drawn_and_of_the_density_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spikeboard.views.phase_portrait.MOST_FOLLOWED", 300)
    rec = recorded(circle())
    found = drawn(rec)
    times = found.result.table().dropna()["time_s"]
    assert 250 <= len(times) <= 300 and times.max() < 0.3
    assert "there are 1,000 samples in all of it, and the path of up to 300 is drawn" in found.result.caption
    assert drawn(rec, mode="density").result.table()["seconds"].sum() == pytest.approx(1.0)
    assert "beginning" not in drawn(rec, mode="density").result.caption
    assert "beginning" not in drawn(rec, select(t0=0.5, t1=0.7)).result.caption


def test_of_a_long_density_one_in_so_many_stretches_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = recorded(circle())
    everything = drawn(rec, mode="density")
    monkeypatch.setattr("spikeboard.displays.phase_portrait.density.STRETCH", 40)
    monkeypatch.setattr("spikeboard.displays.phase_portrait.density.OF_A_MOMENT", 300)
    found = drawn(rec, mode="density")
    assert found.result.caption.startswith(
        "This is of one in 4 stretches of 40 samples, spread evenly over the window: all would take longer than a "
        "moment. For all, tick “All of the window”. "
    )
    # Of 25 stretches the first, the fifth …
    taken = np.flatnonzero(np.arange(1000) // 40 % 4 == 0)
    states = {"v": circle()["v"], "u": circle()["u"]}
    some = {
        name: state(np.asarray(one.values)[taken, 0], [1], name, TIME[taken]) for name, one in states.items()
    }
    expected = drawn(recorded(some), mode="density").result.table()
    pd.testing.assert_frame_equal(found.result.table(), expected)
    whole = drawn(rec, mode="density", whole=True)
    assert whole.result.caption == everything.result.caption
    pd.testing.assert_frame_equal(whole.result.table(), everything.result.table())


@given(st.integers(0, 10**5), st.integers(1, 10**6), st.integers(1, 6))
def test_stretches_that_are_counted_lie_evenly_and_are_few(first: int, n: int, units: int) -> None:
    samples, every = counted_samples(first, first + n, units, False)
    if isinstance(samples, slice):
        assert (samples, every) == (slice(first, first + n), 1) and n <= OF_A_MOMENT / units + STRETCH
        return
    within = np.arange(n) // STRETCH % every == 0
    np.testing.assert_array_equal(samples, first + np.flatnonzero(within))
    assert len(samples) * units <= OF_A_MOMENT


def test_a_delay_is_snapped_to_the_samples_and_said_so() -> None:
    found = drawn(recorded({"v": circle()["v"]}), x="v", y="v", delay_ms=2.4)
    table = found.result.table().dropna()
    values = np.cos(2 * np.pi * 3 * TIME)
    assert np.allclose(table["x"], values[:-2]) and np.allclose(table["y"], values[2:])
    assert "2.4 ms snapped to 2 ms" in found.result.notes[0]
    assert found.figure.layout.yaxis.title.text == "v (mV), 2 ms later"


def test_only_common_times_count() -> None:
    states = {"v": circle()["v"], "u": state(np.sin(2 * np.pi * 3 * TIME[::2]), [1], "u", TIME[::2])}
    found = drawn(recorded(states))
    table = found.result.table().dropna()
    assert len(table) == 500 and np.allclose(table["x"] ** 2 + table["y"] ** 2, 1)
    assert "Only the 500 times" in found.result.notes[0]


def test_other_times_are_interpolated_and_said_so() -> None:
    states = {"v": state(TIME, [1], "v"), "u": state(TIME + 0.0005, [1], "u", TIME + 0.0005)}
    found = drawn(recorded(states))
    table = found.result.table().dropna()
    assert np.allclose(table["x"], table["y"]) and "interpolated linearly" in found.result.notes[0]


def test_values_that_are_no_numbers_are_left_out_and_counted() -> None:
    states = circle()
    states["u"].values[10:20] = np.nan
    found = drawn(recorded(states))
    assert len(found.result.table().dropna()) == 990
    assert "10 samples of E 1 are no finite numbers" in found.result.notes[0]


def test_the_density_holds_all_the_time() -> None:
    found = drawn(recorded(circle()), mode="density")
    assert found.result.table()["seconds"].sum() == pytest.approx(1.0)


def test_several_units_have_a_line_each() -> None:
    rng = np.random.default_rng(2)
    v, u = rng.normal(size=(2, 1000, 3)).cumsum(axis=1)
    rec = recorded({"v": state(v, [0, 1, 4], "v"), "u": state(u, [4, 0, 1], "u")})
    table = drawn(rec, several="all").result.table().dropna()
    assert list(dict.fromkeys(table["unit"])) == ["E 0", "E 1", "I 1"]
    assert np.allclose(table[table["unit"] == "E 0"]["y"], u[:, 1])
    assert set(drawn(rec, select(units=[4]), several="all").result.table()["unit"]) == {"I 1"}


def test_colour_is_time_and_the_start_is_marked() -> None:
    figure = drawn(recorded(circle())).figure
    bar = next(trace.marker for trace in figure.data if trace.marker.showscale)
    assert (bar.cmin, bar.cmax, bar.colorbar.title.text) == (0.0, TIME[-1], "Time (s)")
    start = next(trace for trace in figure.data if trace.name == "start")
    assert start.x.tolist() == [1.0]


def test_the_demo_is_open_at_every_spike_of_its_unit() -> None:
    rec = spikeboard.open(DEMO)
    found = drawn(rec, select(2.0, 4.0), unit=88)
    times = rec.spike_times[(rec.spike_rows == 88) & (rec.spike_times >= 2) & (rec.spike_times < 4)]
    assert f"{len(times)} of them at spikes" in found.result.caption
    reach = np.ptp(found.result.table()["x"].dropna())
    assert not [step for step in segments(found) if step[1] - step[0] < -0.5 * reach]
