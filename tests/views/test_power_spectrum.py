from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from awkward import hostile_names, odd_states
from made_states import with_state
from made_trains import awkward, made, trains_of
from scipy import signal

import spikeboard
from spikeboard.analysis.spectra import welch
from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.recording import Recording, State
from spikeboard.selection import select
from spikeboard.views.power_spectrum import VIEW

DEMO = Path(__file__).parents[2] / "data" / "demo"


def poisson(rate_hz: float, seconds: float = 200.0, seed: int = 0, n: int = 1) -> Recording:
    rng = np.random.default_rng(seed)
    trains = [np.flatnonzero(rng.random(int(seconds * 1000)) < rate_hz / 1000).tolist() for _ in range(n)]
    return made(trains, t_stop=seconds, populations=[f"P{k}" for k in range(n)])


def test_welch_is_scipys_two_sided() -> None:
    rec = awkward(rate=1000.0)
    frame = VIEW.compute(rec, select(populations=["E"]), max_hz=62.5, resolution_hz=1.0).table()
    ticks = np.sort(np.concatenate(trains_of(rec)[:6]))
    rate = np.histogram(ticks[ticks < 10_000], np.arange(0, 10_001, 2))[0] / 0.002
    hz, density = signal.welch(rate, 500.0, "hann", 500, 250, return_onesided=False)
    expected = pd.Series(density, hz)
    np.testing.assert_allclose(frame["power"], expected.loc[1.0:62.0], rtol=1e-6)
    np.testing.assert_allclose(frame["frequency_hz"], np.arange(1, 63))


def test_the_poisson_level_is_the_rate_and_poisson_trains_lie_on_it() -> None:
    rec = poisson(20.0)
    frame = VIEW.compute(rec, select()).table()
    rate = len(rec.spike_times) / 200.0
    assert frame["poisson"].unique().tolist() == [pytest.approx(rate)]
    # A refractory tick of the clock and the boxcar of a bin take a few per cent.
    assert frame["power"].mean() == pytest.approx(rate, rel=0.05)
    assert ((frame["low"] < rate) & (rate < frame["high"])).mean() > 0.9
    relative = VIEW.compute(rec, select(), scale="relative").table()
    np.testing.assert_allclose(relative["power"], frame["power"] / rate)


def test_multitaper_agrees_with_welch_on_average() -> None:
    rec = poisson(20.0)
    means = [
        VIEW.compute(rec, select(), method=method).table()["power"].mean()
        for method in ("welch", "multitaper")
    ]
    assert means[0] == pytest.approx(means[1], rel=0.03)
    caption = VIEW.compute(rec, select(), method="multitaper").caption
    assert "Multitaper, 7 tapers, 200 segments of 1 s: each value is a mean over 8 Hz" in caption


def test_the_length_is_the_windows_not_the_last_spikes() -> None:
    train = list(range(0, 1000, 50))
    short, long = (made([train], t_stop=stop) for stop in (1.0, 4.0))
    levels = [
        VIEW.compute(rec, select(), resolution_hz=2.0).table()["poisson"].iloc[0] for rec in (short, long)
    ]
    assert levels == pytest.approx([20.0, 5.0])


def test_a_rhythm_is_named_in_the_caption() -> None:
    rng = np.random.default_rng(1)
    probability = 0.02 * (1 + np.sin(2 * np.pi * 40 * np.arange(100_000) / 1000))
    rec = made([np.flatnonzero(rng.random(100_000) < probability).tolist()], t_stop=100.0)
    assert "Highest: P 40 Hz" in VIEW.compute(rec, select()).caption


def test_a_band_of_a_poisson_train_has_its_level() -> None:
    caption = VIEW.compute(poisson(20.0), select(), bands=True).caption
    words = caption.split("Poisson level: ")[1].rstrip(".")
    values = [float(word.split(" ")[-1]) for word in words.split(", ")]
    assert len(values) == 5 and np.allclose(values, 1, atol=0.15)


def test_mean_over_units_averages_their_spectra() -> None:
    rec = awkward(rate=1000.0)
    singles = [VIEW.compute(rec, select(units=[k])).table()["power"] for k in (3, 4)]
    mean = VIEW.compute(rec, select(units=[3, 4]), pool="mean").table()["power"]
    np.testing.assert_allclose(mean, np.mean(singles, axis=0))
    pooled = VIEW.compute(rec, select(units=[3, 4])).table()["power"]
    assert not np.allclose(pooled, mean)


def test_a_window_shorter_than_a_segment_is_one_segment_and_says_so() -> None:
    result = VIEW.compute(awkward(), select(1.0, 1.5), resolution_hz=0.5)
    assert result.table()["frequency_hz"].iloc[0] == pytest.approx(2.0)
    assert any("one segment of 0.5 s" in note for note in result.notes)
    assert any("raw periodogram" in note for note in result.notes)


def test_time_in_no_segment_is_said() -> None:
    assert any(
        note.startswith("0.4 s at the end") for note in VIEW.compute(awkward(), select(0.0, 4.4)).notes
    )


def test_silent_populations_are_named() -> None:
    rec = made([[1, 500], []], populations=["A", "B"])
    result = VIEW.compute(rec, select())
    assert result.table()["of"].unique().tolist() == ["A"]
    assert "No spikes, and so no power: B." in result.notes
    with pytest.raises(NothingToDraw, match="no selected unit fires"):
        VIEW.compute(rec, select(populations=["B"]))


def test_too_many_samples_are_refused() -> None:
    rec = made([[1, 2, 3]] * 100, rate=1e5, t_stop=1000.0)
    with pytest.raises(NothingToDraw, match="segment of 100 s up to 5000 Hz takes more"):
        VIEW.compute(rec, select(), max_hz=5000.0, pool="mean", resolution_hz=0.01)


def test_a_state_is_scipys_one_sided_density() -> None:
    rec = spikeboard.open(DEMO)
    state = rec.states["E.v"]
    result = VIEW.compute(rec, select(), source="state", state="E.v", max_hz=10_000.0)
    values = np.asarray(state.values[:, 0], float)
    hz, density = signal.welch(values, 2000.0, "hann", 2000, 1000)
    frame = result.table()
    first = frame[frame["of"] == "1. E 3"]
    np.testing.assert_allclose(first["frequency_hz"], hz[1:])
    np.testing.assert_allclose(first["power"], density[1:], rtol=1e-6)
    assert "one-sided" in result.caption and "20,000 samples at 2000 Hz" in result.caption
    assert any("nothing above 1000 Hz" in note for note in result.notes)
    assert "mV" in VIEW.picture(result).layout.yaxis.title.text


def test_a_state_follows_the_selection() -> None:
    rec = spikeboard.open(DEMO)
    frame = VIEW.compute(rec, select(1.0, 3.0, units=[21]), source="state").table()
    assert frame["of"].unique().tolist() == ["1. E 21"]
    with pytest.raises(NothingToDraw, match="none of the selected units"):
        VIEW.compute(rec, select(units=[0]), source="state")
    with pytest.raises(NothingToDraw, match="no state w"):
        VIEW.compute(rec, select(), source="state", state="w")


def test_states_that_have_no_spectrum_say_why() -> None:
    rec = odd_states()
    with pytest.raises(RecordingError, match="missing or infinite"):
        VIEW.compute(rec, select(), source="state", state="E.v")
    with pytest.raises(NothingToDraw, match="1 samples of w"):
        VIEW.compute(rec, select(), source="state", state="once")
    time = np.cumsum(np.r_[np.full(50, 0.01), np.full(50, 0.02)])
    uneven = State(np.ones((100, 1)), time, "x", "", np.array([0], np.int32), ("0",))
    units = pd.DataFrame({"population": ["P"], "id": [0]})
    nothing = np.zeros(0)
    rec = spikeboard.recording(
        "uneven", nothing, nothing.astype(int), units, t_start=0.0, t_stop=2.0, states={"x": uneven}
    )
    with pytest.raises(NothingToDraw, match="not sampled at equal steps"):
        VIEW.compute(rec, select(), source="state")


def test_coherence_is_one_with_a_copy_and_small_without_relation() -> None:
    rng = np.random.default_rng(0)
    one, other = (np.flatnonzero(rng.random(100_000) < 0.02).tolist() for _ in range(2))
    rec = made([one, one, other], t_stop=100.0, populations=["A", "B", "C"])
    copied = VIEW.compute(rec, select(), display="coherence", reference="A", target="B").table()
    np.testing.assert_allclose(copied["coherence"], 1.0)
    apart = VIEW.compute(rec, select(), display="coherence", reference="A", target="C").table()
    assert (apart["coherence"] > apart["significance"]).mean() < 0.12


def test_a_positive_phase_is_the_target_behind_the_reference() -> None:
    rng = np.random.default_rng(0)
    train = np.flatnonzero(rng.random(100_000) < 0.02)
    rec = made([train[:-9].tolist(), (train[:-9] + 5).tolist()], t_stop=100.1, populations=["A", "B"])
    frame = VIEW.compute(rec, select(), display="coherence").table().set_index("frequency_hz")
    assert frame.loc[10.0, "phase_rad"] == pytest.approx(2 * np.pi * 10 * 0.005, abs=0.05)


def test_coherence_of_one_segment_or_one_population_is_refused() -> None:
    rec = awkward()
    with pytest.raises(RecordingError, match="coherence of a single segment is 1"):
        VIEW.compute(rec, select(0.0, 1.0), display="coherence")
    with pytest.raises(NothingToDraw, match="only E is selected"):
        VIEW.compute(rec, select(populations=["E"]), display="coherence")


def test_power_over_time_finds_when_a_rhythm_began() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(20_000) / 1000
    probability = 0.05 * (1 + np.where(time > 10, np.sin(2 * np.pi * 50 * time), 0))
    rec = made([np.flatnonzero(rng.random(20_000) < probability).tolist()], t_stop=20.0)
    frame = VIEW.compute(rec, select(), display="spectrogram", resolution_hz=2.0).table()
    at_50 = frame[frame["frequency_hz"] == 50.0].set_index("time_s")["power"]
    assert at_50.loc[11:].mean() > 5 * at_50.loc[:9].mean()


def test_a_picture_of_power_over_time_is_bounded() -> None:
    rec = poisson(20.0, seconds=500.0)
    result = VIEW.compute(rec, select(), display="spectrogram", resolution_hz=0.5, max_hz=400.0)
    assert max(result.extra["power"].shape) <= 500
    assert any("Each cell is a mean over" in note for note in result.notes)
    assert result.table()["power"].mean() == pytest.approx(20.0, rel=0.15)


def test_a_long_line_keeps_its_peaks() -> None:
    rec = poisson(20.0, seconds=100.0)
    result = VIEW.compute(rec, select(), resolution_hz=0.01, max_hz=200.0)
    frame = result.table()
    assert len(frame) == 20_000
    for logarithmic in (True, False):
        line = VIEW.picture(result, logarithmic=logarithmic, band=False).data[0]
        assert len(line.x) <= 4100
        assert np.max(line.y) == pytest.approx(frame["power"].max()) and np.min(line.y) == pytest.approx(
            frame["power"].min()
        )


@pytest.mark.parametrize("display", ["power", "coherence", "spectrogram"])
@pytest.mark.parametrize("source", ["spikes", "state"])
def test_hostile_names_are_escaped(display: str, source: str) -> None:
    drawn = VIEW.draw(hostile_names(), select(), display=display, source=source)
    text = drawn.figure.to_json().replace("\\u003c", "<")
    assert drawn.result is not None and "<script" not in text and "<img" not in text


SEGMENTS = "spikeboard.displays.power_spectrum.segments."


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"pool": "mean", "max_hz": 90.0},
        {"method": "multitaper"},
        {"display": "coherence"},
        {"source": "state", "resolution_hz": 5.0},
    ],
)
def test_a_long_window_is_averaged_over_some_of_its_segments(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).normal(size=(60_000, 2))
    rec = replace(busy(), states=with_state(values).states)
    everything = VIEW.compute(rec, select(), **asked)
    monkeypatch.setattr(SEGMENTS + "OF_A_MOMENT", 0)
    some = VIEW.compute(rec, select(), **asked)
    assert re.match(
        r"This is of one in \d+ segments, spread evenly .* For all, tick “All of the window”\. ", some.caption
    )
    counted = re.search(r"(\d+) (segments of|averages of)", some.caption)
    assert counted is not None and int(counted.group(1)) <= 16
    assert "one in" not in everything.caption
    column = "coherence" if "display" in asked else "power"
    assert not np.allclose(some.table()[column], everything.table()[column])
    whole = VIEW.compute(rec, select(), **asked, whole=True)
    assert whole.caption == everything.caption
    pd.testing.assert_frame_equal(whole.table(), everything.table())


def busy() -> Recording:
    rng = np.random.default_rng(1)
    trains = [np.flatnonzero(rng.random(60_000) < 0.03).tolist() for _ in range(2)]
    return made(trains, 1000.0, t_stop=60.0, populations=["A", "B"])


def test_the_segments_taken_are_those_of_the_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = busy()
    monkeypatch.setattr(SEGMENTS + "OF_A_MOMENT", 0)
    frame = VIEW.compute(rec, select()).table()
    expected = welch(rec, [[0], [1]], 1.0, 200.0, most_segments=16)
    assert expected.every == 8
    for (_, part), power in zip(frame.groupby("of"), expected.power, strict=True):
        np.testing.assert_array_equal(part["power"], power[1:])


def test_all_of_a_window_that_is_too_long_for_the_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SEGMENTS + "MOST_HELD", 15_000)
    found = VIEW.compute(busy(), select(), whole=True)
    assert "all would take too long. For all, choose fewer spectra or a lower limit. " in found.caption
    assert "15 segments of 1 s that lie apart" in found.caption


def test_time_between_the_windows_of_a_spectrogram_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SEGMENTS + "OF_A_MOMENT", 0)
    found = VIEW.compute(busy(), select(), display="spectrogram")
    assert any(note.startswith("The windows lie apart: 72.9 % of the time") for note in found.notes)
    assert "every 3.69 s" in found.caption
    whole = VIEW.compute(busy(), select(), display="spectrogram", whole=True)
    assert not any("lie apart" in note for note in whole.notes)
