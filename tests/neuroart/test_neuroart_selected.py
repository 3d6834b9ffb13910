"""Which numbers a picture is made of: those of the selection, all of them, and what is missing is said."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD
from made_trains import awkward, made, trains_of
from PIL import Image

import spikeboard
from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.neuroart import STYLES, art
from spikeboard.neuroart import selected as module
from spikeboard.neuroart.selected import ACTIVITY_BINS, MOMENT_SIGMA_MS, RASTER_BINS, SOURCES, selected_state
from spikeboard.recording import Recording, State, recording
from spikeboard.selection import select
from spikeboard.views import view
from spikeboard.views.art import SHOWN_PX

DEMO = Path(__file__).parents[2] / "data" / "demo"
ART = view("art")


def with_state() -> Recording:
    """Two units; a variable of three columns, of unit 0, unit 1 and a channel, sampled every tenth of a second."""
    units = pd.DataFrame({"population": ["A", "B"], "id": [0, 0]})
    time = np.arange(11) * 0.1
    values = np.arange(33, dtype=float).reshape(11, 3)
    states = {
        "v": State(values, time, "v", "mV", np.array([0, 1, -1]), ("A 0", "B 0", "lfp")),
        "w": State(-values[:, :1], time, "w", "pA", np.array([0]), ("A 0",)),
    }
    return recording("s", np.array([0.5]), np.array([0]), units, t_start=0.0, t_stop=1.0, states=states)


def test_mean_rates_are_spikes_over_time() -> None:
    rec = awkward(1)
    found = selected_state(rec, select(2.0, 5.0, units=[3, 5, 0]), "rates")
    inside = [np.count_nonzero((t >= 20_000) & (t < 50_000)) for t in trains_of(rec)]
    np.testing.assert_allclose(found.values, [inside[0] / 3, inside[3] / 3, inside[5] / 3])
    assert found.words == "Mean rates (Hz) of 3 units, 2 to 5 s"


@pytest.mark.parametrize(("source", "bins"), [("activity", ACTIVITY_BINS), ("raster", RASTER_BINS)])
def test_activity_and_raster_hold_every_spike(source: str, bins: int) -> None:
    rec = awkward(2)
    found = selected_state(rec, select(), source)
    assert abs(len(found.values) / bins - 1) < 0.01 and found.values.shape[1] == 9
    width = round(10.0 / bins * 1e4)
    widths = np.diff(np.append(np.arange(0, 100_000, width), 100_000)) / 1e4
    counts = found.values if source == "raster" else found.values * widths[:, None]
    np.testing.assert_allclose(counts.sum(axis=0), [len(train) for train in trains_of(rec)])


def test_a_moment_is_the_gaussian_rate_at_that_time() -> None:
    rec = awkward(3)
    found = selected_state(rec, select(), "moment", moment=4.2)
    sigma = MOMENT_SIGMA_MS / 1000
    for row, train in enumerate(trains_of(rec)):
        near = np.exp(-(((train / 1e4 - 4.2) / sigma) ** 2) / 2).sum() / (sigma * np.sqrt(2 * np.pi))
        assert found.values[row] == pytest.approx(near, rel=1e-6, abs=1e-6)
    assert "at 4.2 s" in found.words
    middle = selected_state(rec, select(2.0, 6.0), "moment")
    np.testing.assert_array_equal(middle.values, selected_state(rec, select(), "moment", moment=4.0).values)


def test_a_variable_is_that_of_the_window_and_of_the_selected_units() -> None:
    rec = with_state()
    whole = selected_state(rec, select(), "state")
    np.testing.assert_array_equal(whole.values, rec.states["v"].values)
    assert whole.words == "v (mV) of 3 columns, 11 samples from 0 to 1 s"
    part = selected_state(rec, select(0.2, 0.5, units=[1]), "state")
    # a channel belongs to no unit, and is never left out
    np.testing.assert_array_equal(part.values, rec.states["v"].values[2:5, 1:])
    other = selected_state(rec, select(populations=["A"]), "state", state="w")
    np.testing.assert_array_equal(other.values, rec.states["w"].values)


def test_a_moment_of_a_variable_is_the_nearest_sample_of_the_window() -> None:
    rec = with_state()
    found = selected_state(rec, select(), "state_moment", moment=0.52)
    np.testing.assert_array_equal(found.values, rec.states["v"].values[5])
    assert found.words == "v (mV) of 3 columns at 0.5 s"
    np.testing.assert_array_equal(
        selected_state(rec, select(), "state_moment").values, rec.states["v"].values[5]
    )


@pytest.mark.parametrize(
    ("source", "chosen", "said"),
    [
        ("state", {"units": [1], "t0": 0.41, "t1": 0.49}, "no sample between 0.41 and 0.49 s"),
        ("state_moment", {"t0": 0.41, "t1": 0.49}, "no sample between"),
        ("rates", {"units": []}, "no unit with spikes is selected"),
    ],
)
def test_what_is_missing_is_said(source: str, chosen: dict, said: str) -> None:
    with pytest.raises(NothingToDraw, match=said):
        selected_state(with_state(), select(**chosen), source)


def test_what_makes_no_sense_is_refused() -> None:
    rec = with_state()
    with pytest.raises(NothingToDraw, match="was not recorded from the selected units"):
        selected_state(rec, select(units=[1]), "state", state="w")
    with pytest.raises(NothingToDraw, match=r"no state 'x' in this recording; it has v, w"):
        selected_state(rec, select(), "state", state="x")
    with pytest.raises(NothingToDraw, match="no state variable was recorded"):
        selected_state(awkward(1), select(), "state")
    with pytest.raises(NothingToDraw, match="lies outside the selected window"):
        selected_state(rec, select(0.0, 0.5), "moment", moment=0.7)
    with pytest.raises(RecordingError, match="choose one of activity"):
        selected_state(rec, select(), "nonsense")
    with pytest.raises(NothingToDraw, match="no length"):
        selected_state(AWKWARD["no_duration"](), select(), "activity")


def test_more_values_than_fit_are_refused_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 32)
    for source, rec in (
        ("state", with_state()),
        ("raster", made([[1], [2]])),
        ("activity", made([[1], [2]])),
    ):
        with pytest.raises(NothingToDraw, match="select fewer units or less time"):
            selected_state(rec, select(), source)
    assert selected_state(made([[1], [2]]), select(), "rates").values.shape == (2,)


@pytest.mark.parametrize("source", list(SOURCES))
def test_every_source_of_the_demo_is_a_picture_that_fills_its_card(source: str) -> None:
    rec = spikeboard.open(DEMO)
    drawn = ART.draw(rec, select(1.0, 3.0), source=source, style="rings")
    source_png = drawn.figure.layout.images[0].source
    image = Image.open(io.BytesIO(base64.b64decode(source_png.partition(",")[2])))
    assert image.size == (SHOWN_PX, SHOWN_PX) and len(image.convert("RGB").getcolors(SHOWN_PX**2)) > 5
    found = selected_state(rec, select(1.0, 3.0), source)
    np.testing.assert_array_equal(np.squeeze(drawn.result.table().to_numpy()), np.squeeze(found.values))
    assert found.words in drawn.result.caption


def test_the_card_shows_what_the_function_draws() -> None:
    rec = made([[10, 500], [300], [20, 30, 40]])
    drawn = ART.draw(rec, select(), source="rates", style="classic")
    image = Image.open(io.BytesIO(base64.b64decode(drawn.figure.layout.images[0].source.partition(",")[2])))
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), art([2.0, 1.0, 3.0], "classic", SHOWN_PX))
    again = ART.draw(rec, select(), source="rates", style="classic").figure
    assert again.layout.images[0].source == drawn.figure.layout.images[0].source


def test_the_moment_is_a_part_of_the_selected_window() -> None:
    rec = awkward(4)
    drawn = ART.draw(rec, select(2.0, 6.0), source="moment", at=0.25, style="rings")
    assert "at 3 s" in drawn.result.caption


def test_a_state_that_is_no_number_is_said() -> None:
    rec = with_state()
    rec.states["v"].values[:] = np.nan
    drawn = ART.draw(rec, select(), source="state", style="rings")
    assert drawn.result is None and "every value of this state is NaN" in drawn.message
    rec.states["v"].values[:] = 1.0
    rec.states["v"].values[3, 1] = np.inf
    assert "infinite" in ART.draw(rec, select(), source="state", style="classic").message


def test_every_style_can_be_chosen() -> None:
    assert set(ART.settings["style"].options) == set(STYLES)  # type: ignore[attr-defined]
    for name, setting in ((n, s) for style in STYLES.values() for n, s in style.settings.items()):
        assert ART.settings[name].default == setting.default and ART.settings[name].label == setting.label
