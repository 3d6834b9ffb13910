"""Units that strangers name: arithmetic is worked out by another package, so that only units may reach it."""

from __future__ import annotations

import neo
import numpy as np
import pandas as pd
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st

from spikeboard import State, exchange, recording
from spikeboard.units_of_measurement import guard_quantities, is_unit


@pytest.mark.parametrize(
    "unit",
    ["", "mV", "µV", "m/s**2", "1/s", "uS/cm^2", "kg*m**2/(s**3*A)", "%", "1e-6*V", "Ω", "counts", " pA "],
)
def test_units_are_units(unit: str) -> None:
    assert is_unit(unit)


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9", "(9**9)**9", "2**99", "V**-1000", "__import__('os')", "a.b()", "mV, V", "x" * 101, "1;2"],
)
def test_expressions_are_none(text: str) -> None:
    assert not is_unit(text)


@given(st.text("mVs19*/^().- _e", max_size=30))
def test_whatever_reads_like_a_unit_is_worked_out_or_refused_at_once(text: str) -> None:
    guard_quantities()
    try:
        assert np.isscalar(pq.Quantity(1.0, text).magnitude.item())
    except (LookupError, ValueError, SyntaxError, TypeError, ArithmeticError, AttributeError) as problem:
        assert is_unit(text) or "no unit" in str(problem)


def test_a_unit_that_would_never_be_worked_out_does_not_stop_an_export() -> None:
    units = pd.DataFrame({"population": "p", "id": [0]})
    state = State(np.zeros((2, 1)), np.arange(2.0), "v", "9**9**9**9", np.array([0], np.int32), ("p 0",))
    rec = recording(
        "made", np.zeros(1), np.zeros(1, int), units, t_start=0.0, t_stop=1.0, states={"v": state}
    )
    (signal,) = exchange.to_neo(rec).segments[0].irregularlysampledsignals
    assert isinstance(signal, neo.IrregularlySampledSignal) and signal.units == pq.dimensionless
    assert any("9**9" in said for said in exchange.left_out(rec, "neo"))
