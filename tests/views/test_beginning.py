"""Where all of a window is too much, views take its beginning: what they would take of it were it selected."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_trains import awkward, made

import spikeboard
from spikeboard.displays.beginning import (
    FEW_SPIKES,
    MOMENT_S,
    PATIENCE_S,
    WHOLE,
    Limit,
    beginning,
    window_taken,
)
from spikeboard.displays.cross_correlogram.chance import Predictor, seconds_by_chance
from spikeboard.displays.cross_correlogram.lags import Pair
from spikeboard.displays.trains import unit_train
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.views import view

SHOWN = "spikeboard.displays."
DEMO = Path(__file__).parents[2] / "data" / "demo"
POPULATIONS: dict[str, Any] = {"between": "populations"}
# What is too little for all of the window, and what is to be seen then.
LIMITS = {
    "spike_train_comparison": ("spike_train_comparison.reach.MOST_PROFILED", 700),
    "cross_correlogram": ("cross_correlogram.lags.MOST_PAIRS", 20_000),
}
CASES = [
    ("spike_train_comparison", POPULATIONS),
    ("spike_train_comparison", POPULATIONS | {"display": "matrix", "measure": "isi"}),
    ("cross_correlogram", POPULATIONS),
    ("cross_correlogram", POPULATIONS | {"scale": "coefficient"}),
    ("cross_correlogram", POPULATIONS | {"display": "pairs", "scale": "z"}),
]
# These take a moment of a long window, too.
OF_A_MOMENT = [
    *CASES,
    *[
        (name, settings)
        for name in LIMITS
        for settings in ({}, {"display": "matrix"}, POPULATIONS | {"display": "matrix"})
    ],
    ("cross_correlogram", {"display": "matrix", "coefficient": "pearson"}),
    ("cross_correlogram", {"display": "distribution"}),
    ("cross_correlogram", {"display": "pairs"}),
    ("cross_correlogram", {"reference": 3, "target": 4, "surrogates": 20}),
    ("spike_train_comparison", {"measure": "victor_purpura"}),
    ("spike_train_comparison", {"display": "matrix", "measure": "van_rossum"}),
]


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e6), st.floats(1e-3, 1.0))
def test_the_beginning_is_as_long_as_its_cost_allows(t0: float, length: float, share: float) -> None:
    end = beginning(lambda end: (end - t0) / length, share * 0.99, t0, t0 + length)
    taken = (end - t0) / length
    # Of two digits at least nine tenths are left.
    assert share * 0.89 < taken <= share


def test_the_length_has_two_digits() -> None:
    assert beginning(lambda end: end, 123.456, 0.0, 4350.0) == 120.0
    assert beginning(lambda end: end - 100, 0.06789, 100.0, 101.0) == pytest.approx(100.067)


@given(
    st.integers(2, 400),
    st.floats(1e-12, 1e3),
    st.floats(0.0, 1e3),
    st.integers(1, 300),
    st.floats(1e-3, 2.0),
    st.booleans(),
)
# A bit more than a moment, and a bit more than is possible.
@example(400, MOMENT_S * 1.01, 0.0, 1, 2.0, False)
@example(400, 50.0, 0.0, 1, 0.99, True)
def test_the_window_taken_keeps_to_what_it_may_take_and_uses_it_up(
    n: int, linear: float, square: float, few: int, most: float, whole: bool
) -> None:
    rec = made([list(range(n))], t_stop=0.4)

    def seconds(end: float) -> float:
        return linear * end / 0.4 + square * (end / 0.4) ** 2

    def allowed(end: float) -> bool:
        n_spikes = int((rec.spike_times < end).sum())
        quick, patient = seconds(end) <= MOMENT_S, seconds(end) <= PATIENCE_S and n_spikes <= few
        return end <= 0.4 * most and (whole or quick or patient)

    limit = Limit(lambda end: end / 0.4, most, "{:.0%} is possible", "ask for less")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spikeboard.displays.beginning.FEW_SPIKES", few)
        end, words = window_taken(rec, 0.0, 0.4, seconds, [limit], whole)
    assert allowed(end) or end < 1e-4
    assert end == 0.4 or not allowed(min(end * 1.11, 0.4))
    assert bool(words) == (end < 0.4) and (f"tick “{WHOLE.label}”" in words) <= (not whole)


def _shortened(name: str, settings: dict[str, Any], rec: Recording, patch: pytest.MonkeyPatch) -> float:
    """Where the beginning ends, as a view says; it shows what it shows of the same seconds once they are selected."""
    where, most = LIMITS[name]
    patch.setattr(SHOWN + where, most)
    found = view(name).compute(rec, select(), **settings)
    said = re.fullmatch(
        r"This is the beginning, 0–(\S+) s, of 0–10 s: .*? to take all of it\. (.*)", found.caption
    )
    assert said is not None
    end, caption = float(said.group(1)), said.group(2)
    patch.undo()
    selected = view(name).compute(rec, select(0, end), **settings)
    assert selected.caption == caption
    pd.testing.assert_frame_equal(found.table(), selected.table())
    return end


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_the_beginning_is_shown_as_if_it_were_selected(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 < _shortened(name, settings, awkward(), monkeypatch) < 10


def test_coefficients_take_fewer_spikes_than_correlograms(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward()
    monkeypatch.setattr(SHOWN + "cross_correlogram.lags.MOST_BINNED", 1000)
    settings: dict[str, Any] = POPULATIONS | {"scale": "coefficient"}
    found = view("cross_correlogram").compute(rec, select(), **settings)
    assert found.caption.startswith("This is the beginning") and "2.4e+03 spikes" in found.caption
    assert not view("cross_correlogram").compute(rec, select(), **POPULATIONS).caption.startswith("This is")


def test_what_fits_is_taken_whole() -> None:
    for name, settings in CASES:
        assert "beginning" not in view(name).compute(awkward(), select(), **settings).caption


def _a_moment_is_1000_spikes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SHOWN + "beginning.MOMENT_S", 1e-12)
    patch.setattr(SHOWN + "beginning.FEW_SPIKES", 1000)


@pytest.mark.parametrize(("name", "settings"), OF_A_MOMENT)
def test_a_long_window_is_shown_as_if_so_much_as_takes_a_moment_were_selected(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = awkward()
    _a_moment_is_1000_spikes(monkeypatch)
    found = view(name).compute(rec, select(), **settings)
    takes = "all of it takes longer than a moment. Select other seconds, or tick “All of the window”"
    said = re.fullmatch(rf"This is the beginning, 0–(\S+) s, of 0–10 s: {takes}\. (.*)", found.caption)
    assert said is not None
    end, caption = float(said.group(1)), said.group(2)
    assert 880 < (rec.spike_times < end).sum() <= 1000
    monkeypatch.undo()
    selected = view(name).compute(rec, select(0, end), **settings)
    assert selected.caption == caption and selected.notes == found.notes
    pd.testing.assert_frame_equal(found.table(), selected.table())


@pytest.mark.parametrize(
    ("name", "display"), [(name, show) for name in LIMITS for show in ("pair", "matrix")]
)
def test_the_most_active_are_those_of_the_beginning(
    name: str, display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = (list(range(first, first + 4000, step)) for first, step in ((0, 7), (6000, 2)))
    rec = made([late, early, late[::2], early[1:]], t_stop=10.0)
    _a_moment_is_1000_spikes(monkeypatch)
    found = view(name).compute(rec, select(), display=display)
    monkeypatch.undo()
    end = found.caption.split(",")[1].split("–")[1].removesuffix(" s")
    assert float(end) < 4.0
    selected = view(name).compute(rec, select(0, float(end)), display=display)
    assert found.caption.endswith(selected.caption) and found.notes == selected.notes
    assert (
        "A: P 1" if "train" in name else "after P 1"
    ) in found.caption or "pair of 2 units" in found.caption


@pytest.mark.parametrize(("name", "settings"), OF_A_MOMENT)
def test_all_of_the_window_is_taken_where_that_is_wanted(
    name: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of_it = view(name).compute(awkward(), select(), **settings)
    _a_moment_is_1000_spikes(monkeypatch)
    found = view(name).compute(awkward(), select(), whole=True, **settings)
    assert "beginning" not in found.caption and found.caption == all_of_it.caption
    pd.testing.assert_frame_equal(found.table(), all_of_it.table())


def test_what_is_not_possible_is_said_before_what_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SHOWN + "spike_train_comparison.reach.MOST_PROFILED", 2000)
    possible = view("spike_train_comparison").compute(awkward(), select(), whole=True, **POPULATIONS)
    _a_moment_is_1000_spikes(monkeypatch)
    quick = view("spike_train_comparison").compute(awkward(), select(), **POPULATIONS)
    hold = "E and I hold 2,444 spikes there, and up to 2,000 are compared at once. Select other seconds, or fewer units"
    for found, more in (
        (possible, " to take all of it. A: "),
        (quick, " to take all of it; “All of the window” takes as much as is possible. A: "),
    ):
        assert f" s, of 0–10 s: {hold}{more}" in found.caption
    assert 1780 < len(possible.table()) <= 2000 and 880 < len(quick.table()) <= 1000


def test_surrogates_take_their_time_unless_they_take_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward()
    settings: dict[str, Any] = {"reference": 3, "target": 4}
    pair = Pair(unit_train(rec, 3), unit_train(rec, 4), 0.0, 10.0)
    dithers = [Predictor("dither", 10.0, n, 0, None) for n in (100, 400)]
    few, many = (seconds_by_chance(rec, pair, 50.0, predictor) for predictor in dithers)
    monkeypatch.setattr(SHOWN + "beginning.MOMENT_S", few / 2)
    monkeypatch.setattr(SHOWN + "beginning.FEW_SPIKES", 10)
    for module in ("pair", "chance"):
        monkeypatch.setattr(SHOWN + f"cross_correlogram.{module}.PATIENCE_S", (few + many) / 2)
    drawn = view("cross_correlogram").compute(rec, select(), surrogates=100, **settings)
    assert drawn.caption.startswith("This is the beginning") and "100 surrogates" in drawn.caption
    given_way = view("cross_correlogram").compute(rec, select(), surrogates=400, **settings)
    assert "beginning" not in given_way.caption and "independent Poisson trains" in given_way.caption


@pytest.mark.parametrize("name", ["cross_correlogram", "spike_train_comparison"])
def test_trains_that_fire_late_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rec = made([list(range(5000 + k, 9000, 7)) for k in range(3)], t_stop=10.0)
    _a_moment_is_1000_spikes(monkeypatch)
    for display in ("pair", "matrix"):
        assert (
            view(name).compute(rec, select(), display=display).caption.startswith("This is the beginning, 0–")
        )


def test_a_first_view_of_the_demo_is_of_all_of_it() -> None:
    rec = spikeboard.open(DEMO)
    assert len(rec.spike_times) < FEW_SPIKES
    for name in LIMITS:
        assert "beginning" not in view(name).compute(rec, select()).caption
