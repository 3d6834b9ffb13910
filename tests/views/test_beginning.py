"""Where all of a window is too much, views take its beginning: what they would take of it were it selected."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward

from spikeboard.displays.beginning import beginning
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.views import view

SHOWN = "spikeboard.displays."
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


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e6), st.floats(1e-3, 1.0))
def test_the_beginning_is_as_long_as_its_cost_allows(t0: float, length: float, share: float) -> None:
    end = beginning(lambda end: (end - t0) / length, share * 0.99, t0, t0 + length)
    taken = (end - t0) / length
    # Of two digits at least nine tenths are left.
    assert share * 0.89 < taken <= share


def test_the_length_has_two_digits() -> None:
    assert beginning(lambda end: end, 123.456, 0.0, 4350.0) == 120.0
    assert beginning(lambda end: end - 100, 0.06789, 100.0, 101.0) == pytest.approx(100.067)


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
