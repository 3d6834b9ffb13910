"""Traces: no peak lost, units and channels told apart, spikes at their times, and what is said of odd values."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_networks import network_of
from stroked import stroked

import spikeboard
from spikeboard.recording import State
from spikeboard.selection import select
from spikeboard.view import Viewport
from spikeboard.views import view

VIEW = view("voltage_trace")
DEMO = Path(__file__).parents[2] / "data" / "demo"
TIME = np.arange(10_000) * 1e-4


def state(values, rows, variable="v", unit="mV", time=None, labels=None) -> State:
    values = np.asarray(values)
    names = labels or tuple(f"c{k}" for k in range(values.shape[1]))
    return State(values, TIME[: len(values)] if time is None else time, variable, unit, np.array(rows), names)


def recorded(states, spikes=(), **columns) -> spikeboard.Recording:
    return network_of({"E": 3, "I": 2}, {}, states, spikes, **columns)


def waves(n: int) -> np.ndarray:
    return np.sin(2 * np.pi * 5 * TIME)[:, None] * np.arange(1, n + 1)


def drawn(rec, selection=None, viewport=None, **settings):
    return VIEW.draw(rec, selection or select(), viewport, **settings)


def lines(found):
    """The traces themselves, without levels and spikes."""
    return [t for t in found.figure.data if t.mode == "lines" and not t.line.dash]


def ticks(found):
    """The ticks of the spikes of each trace: where they begin and end, and how low and high they are."""
    points = [trace for trace in found.figure.data if (trace.hovertemplate or "").startswith("spike of")]
    marks = [stroked(shape) for shape in found.figure.layout.shapes]
    assert [trace.x.tolist() for trace in points] == [mark[:, 0].tolist() for mark in marks]
    return marks


@given(st.integers(0, 9999), st.integers(60, 500))
def test_a_peak_of_one_sample_is_drawn_where_it_is(place: int, width: int) -> None:
    values = np.zeros((10_000, 1))
    values[place] = 80.0
    found = drawn(recorded({"v": state(values, [0])}), viewport=Viewport(width=width))
    x, y = np.asarray(lines(found)[0].x), np.asarray(lines(found)[0].y)
    assert y.max() == 80 and x[np.argmax(y)] == TIME[place]
    assert len(x) <= 2 * width and "least and greatest of each pixel" in found.result.notes[0]


def test_all_samples_are_drawn_where_they_fit() -> None:
    rec = recorded({"v": state(waves(1), [0])})
    found = drawn(rec, viewport=Viewport(x=(0.2, 0.21005), width=1000))
    assert np.array_equal(lines(found)[0].x, TIME[2000:2101]) and not found.result.notes


def test_the_window_is_that_of_selection_and_zoom_together() -> None:
    rec = recorded({"v": state(waves(1), [0])})
    found = drawn(rec, select(0.1, 0.3), Viewport(x=(0.2, 0.9)))
    x = np.asarray(lines(found)[0].x)
    assert x.min() >= 0.2 and x.max() <= 0.3
    assert list(found.figure.layout.xaxis.range) == [0.2, 0.3]


def test_one_variable_of_several_states_is_drawn_together_and_units_restrict_it() -> None:
    rec = recorded(
        {"E.v": state(waves(2), [0, 2]), "I.v": state(waves(1), [4]), "E.u": state(waves(1), [0], "u", "pA")}
    )
    assert [trace.name for trace in lines(drawn(rec))] == ["E 0", "E 2", "I 1"]
    assert [trace.name for trace in lines(drawn(rec, select(populations=["I"])))] == ["I 1"]
    assert [trace.name for trace in lines(drawn(rec, state="E.u"))] == ["E 0"]


def test_a_column_is_its_unit_and_not_its_number() -> None:
    found = drawn(recorded({"v": state(waves(2), [4, 1])}))
    table = found.result.table()
    assert set(zip(table["trace"], table["unit"], strict=True)) == {("I 1", 4), ("E 1", 1)}


def test_units_that_were_not_recorded_are_said_to_be_so() -> None:
    found = drawn(recorded({"v": state(waves(1), [0])}), select(units=[3]))
    assert found.result is None and "it was of E 0" in found.message


def test_channels_that_are_no_units_stay_whatever_is_selected() -> None:
    lfp = state(waves(2), [-1, -1], "LFP", "uV", labels=("deep", "shallow"))
    found = drawn(recorded({"lfp": lfp}), select(units=[1]))
    assert [trace.name for trace in lines(found)] == ["deep", "shallow"]


def test_spikes_stand_as_marks_at_their_times() -> None:
    rec = recorded({"v": state(waves(2), [0, 1])}, [(0.1, 0), (0.25, 0), (0.3, 1), (0.4, 2)])
    marks = ticks(drawn(rec))
    assert [mark[:, 0].tolist() for mark in marks] == [[0.1, 0.25], [0.3]]
    assert all((mark[:, 0] == mark[:, 1]).all() and (mark[:, 2] < mark[:, 3]).all() for mark in marks)
    assert "3 spikes of these units" in drawn(rec).result.caption
    assert not ticks(drawn(rec, spikes=False))


def test_a_spike_at_the_end_of_the_recording_is_marked() -> None:
    rec = recorded({"v": state(waves(1), [0])}, [(1.0, 0)])
    assert "Ticks mark 1 spikes" in drawn(rec).result.caption


def test_no_more_marks_than_a_screen_can_show_and_a_word_about_it() -> None:
    times = np.r_[np.arange(4000) * 1e-4, np.arange(4060, 9800) * 1e-4, 0.9825, 0.999]
    rec = recorded({"v": state(waves(2), [0, 1])}, [(t, 0) for t in times] + [(0.3, 1)])
    found = drawn(rec)
    note = "Of 9,743 spikes, those in one pixel or in neighbouring ones share a tick."
    assert note in found.result.notes
    busy, still = ticks(found)
    # Two blocks with a gap between them, and two ticks.
    blocks = [[0, 0.3999], [0.406, 0.9799], [0.9825, 0.9825], [0.999, 0.999]]
    np.testing.assert_allclose(busy[:, :2], blocks)
    assert still[:, :2].tolist() == [[0.3, 0.3]]


def test_marks_are_bounded_wherever_the_spikes_are() -> None:
    times = np.sort(np.random.default_rng(1).integers(0, 10_000, 9000)) * 1e-4
    found = drawn(recorded({"v": state(waves(1), [0])}, [(t, 0) for t in times]))
    marks = ticks(found)[0][:, :2].tolist()
    assert len(marks) <= 4000
    # Every spike lies in a mark or within a pixel of one, and a pixel without a spike ends a mark.
    assert all(any(low - 2e-4 < t < high + 2e-4 for low, high in marks) for t in times[::50])
    pixel = 1 / 8000
    assert all(after[0] - before[1] > pixel for before, after in pairwise(marks))


def test_the_second_variable_stands_below_that_of_its_unit() -> None:
    rec = recorded({"v": state(waves(2), [0, 2]), "u": state(waves(2), [2, 0], "u", "pA")})
    found = drawn(rec, second="u")
    assert [trace.yaxis for trace in lines(found)] == ["y", "y2", "y3", "y4"]
    assert [trace.name for trace in lines(found)] == ["E 0", "E 0", "E 2", "E 2"]
    assert np.nanmax(lines(found)[1].y) == 2 and np.nanmax(lines(found)[3].y) == 1
    overlaid = drawn(rec, second="u", layout="overlaid")
    assert {trace.yaxis for trace in lines(overlaid)} == {"y", "y2"}
    assert overlaid.figure.layout.yaxis.title.text == "v (mV)"
    assert overlaid.figure.layout.yaxis2.title.text == "u (pA)"


def test_a_second_variable_of_other_units_is_a_sentence() -> None:
    rec = recorded({"v": state(waves(1), [0]), "u": state(waves(1), [4], "u")})
    assert "none of the units shown" in drawn(rec, second="u").message


def test_more_traces_than_asked_for_are_counted() -> None:
    rec = recorded({"v": state(waves(5), range(5))})
    found = drawn(rec, most=2)
    assert len(lines(found)) == 2 and "The first 2 of 5 traces" in found.result.notes[0]


def test_missing_samples_open_the_line() -> None:
    values = waves(1)[:1000].copy()
    values[400:410] = np.nan
    found = drawn(recorded({"v": state(values, [0])}))
    assert "No finite number, so not drawn: 10 samples of E 0." in found.result.notes
    assert np.isnan(np.asarray(lines(found)[0].y, float)).sum() == 10


def test_a_pause_of_the_recording_opens_the_line() -> None:
    time = np.r_[np.arange(100), np.arange(200, 300)] * 1e-3
    y = np.asarray(lines(drawn(recorded({"v": state(np.ones((200, 1)) * 3, [0], time=time)})))[0].y)
    assert len(y) == 201 and np.isnan(y[100])


def test_a_constant_variable_is_said_to_be_constant() -> None:
    found = drawn(recorded({"w": state(np.zeros((100, 1)), [0], "w", "")}))
    assert "Constant throughout: E 0 (0)." in found.result.notes[0]
    assert found.figure.layout.yaxis.title.text == "w (unit not in the file)"


def test_threshold_and_reset_of_the_unit_table_are_lines() -> None:
    values = {"v_threshold": [1.0] * 5, "V_reset": [-1.0] * 5}
    found = drawn(recorded({"v": state(waves(1), [0])}, **values))
    levels = {trace.name: trace.y.tolist() for trace in found.figure.data if trace.line.dash}
    assert levels == {"threshold 1 mV": [1.0, 1.0], "reset -1 mV": [-1.0, -1.0]}


def test_a_threshold_in_another_unit_is_not_drawn_but_told() -> None:
    found = drawn(recorded({"v": state(waves(1) * 10 - 60, [0])}, v_th=[-0.05] * 5))
    assert not [trace for trace in found.figure.data if trace.line.dash]
    assert any("threshold of the unit table lies far outside" in note for note in found.result.notes)


def test_a_window_without_samples_says_where_they_are() -> None:
    rec = recorded({"v": state(waves(1)[:1000], [0])})
    assert "sampled from 0 to 0.0999 s" in drawn(rec, select(0.5, 0.6)).message


@pytest.mark.parametrize(("scale", "equal"), [("same", True), ("own", False)])
def test_scales_are_the_same_for_all_or_their_own(scale: str, equal: bool) -> None:
    layout = drawn(recorded({"v": state(waves(3), [0, 1, 2])}), scale=scale).figure.layout
    assert (layout.yaxis.range == layout.yaxis3.range) is equal


def test_a_box_selects_its_time_and_keeps_the_units() -> None:
    rec = recorded({"v": state(waves(1), [0])})
    chosen = VIEW.brush(rec, select(units=[0]), (0.2, 0.4), (0, 1))
    assert (chosen.t0, chosen.t1, chosen.units) == (0.2, 0.4, (0,))


def test_compartments_of_one_cell_keep_their_names() -> None:
    rec = recorded({"v": state(waves(2), [0, 0], labels=("soma", "dend"))})
    assert [trace.name for trace in lines(drawn(rec))] == ["soma", "dend"]


def test_the_demo_keeps_its_extremes() -> None:
    rec = spikeboard.open(DEMO)
    found = drawn(rec, state="E.v")
    for k, trace in enumerate(lines(found)):
        column = np.asarray(rec.states["E.v"].values[:, k])
        assert np.nanmax(trace.y) == column.max() and np.nanmin(trace.y) == column.min()
