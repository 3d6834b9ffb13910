"""The import doctor: it sees what is odd, changes nothing by itself, and every remedy can be undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD, bare_network, odd_states, same_times
from hypothesis import given
from hypothesis import strategies as st

import spikeboard
from app import DEMO_FOLDER
from callbacks.report import mended_key, typed_wish
from components import overview
from spikeboard import Recording, State, doctor
from spikeboard.errors import RecordingError
from spikeboard.library import local_library, note, open_key
from spikeboard.links import Link


def made(times: Any, rows: Any, n: int = 3, **known: Any) -> Recording:
    units = pd.DataFrame({"population": "E", "id": np.arange(n)})
    settings: dict[str, Any] = {"t_start": 0.0, "t_stop": 10.0, **known}
    return spikeboard.recording("made", np.asarray(times, float), np.asarray(rows, int), units, **settings)


def found(rec: Recording, *words: str) -> list[doctor.Finding]:
    return [
        one
        for one in doctor.examine(rec)
        if all(word in f"{one.where} {one.what} {one.advice}" for word in words)
    ]


def healthy() -> Recording:
    return made(np.arange(1, 91) * 0.11, np.arange(90) % 3, sampling_rate=1000.0)


def test_nothing_is_odd_about_a_healthy_recording() -> None:
    assert doctor.examine(healthy()) == ()


@pytest.mark.parametrize("name", AWKWARD)
def test_every_awkward_recording_can_be_examined_and_shown(name: str) -> None:
    rec = AWKWARD[name]()
    before = rec.digest
    for finding in doctor.examine(rec):
        assert finding.what
        for remedy in finding.remedies:
            typed = "1e3" if remedy.key == "divide_times" else "1e4"
            key = f"{remedy.key}={typed}" if remedy.asks else remedy.key
            assert doctor.apply(rec, key).notes
    assert rec.digest == before and overview.content(rec, Link())


def test_duplicates_are_counted_and_dropped() -> None:
    rec = same_times()
    times = {
        (row, tick) for row in range(4) for tick in rec.train_ticks[slice(*rec.train_offsets[row : row + 2])]
    }
    (finding,) = found(rec, "same time as another")
    assert finding.what.startswith(f"{len(rec.train_ticks) - len(times)} spikes have")
    cured = doctor.apply(rec, finding.remedies[0])
    assert len(cured.train_ticks) == len(times) and not found(cured, "same time as another")
    assert cured.notes[-1].startswith(f"{len(rec.train_ticks) - len(times)} spikes that repeat another")
    assert doctor.apply(made([1, 1], [0, 0]), "drop_duplicates").notes[-1].startswith("1 spike that repeats")
    assert len(rec.train_ticks) == 2 * len(times) and rec.notes == () and cured.digest != rec.digest


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 2)), max_size=40))
def test_dropping_duplicates_keeps_each_unit_and_time_once(spikes: list[tuple[int, int]]) -> None:
    rec = made([tick / 100 for tick, _ in spikes], [row for _, row in spikes], sampling_rate=100.0)
    cured = doctor.apply(rec, "drop_duplicates")
    kept = [
        (int(tick), row)
        for row in range(3)
        for tick in cured.train_ticks[cured.train_offsets[row] : cured.train_offsets[row + 1]]
    ]
    assert sorted(kept) == sorted(set(spikes))
    assert (cured.t_start, cured.t_stop, cured.sampling_rate) == (rec.t_start, rec.t_stop, rec.sampling_rate)


def test_rates_that_no_neuron_reaches() -> None:
    (finding,) = found(made(np.linspace(0, 0.01, 200), np.zeros(200), t_stop=0.01), "more than 1,000 Hz")
    assert "20,000 Hz" in finding.what and "another unit" in finding.advice
    assert not found(made([0.0, 5.0], [0, 0]), "Hz")


def test_intervals_below_the_refractory_period() -> None:
    rec = made(np.repeat(np.arange(1, 10), 2) + np.tile([0.0, 0.0005], 9), np.zeros(18))
    (finding,) = found(rec, "shorter than 1 ms")
    assert finding.what.startswith(f"{9 / 17:.1%}") and finding.where == "E 0"


def test_an_end_that_was_guessed_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("time_ms,unit\n1.0,0\n2.5,1\n967.0,0\n")
    rec = spikeboard.open(path)
    (finding,) = found(rec, "0.967 s was taken")
    assert [remedy.key for remedy in finding.remedies] == ["t_stop=0.97", "t_stop"]
    cured = spikeboard.open(path, mend="t_stop=1.0")
    assert cured.t_stop == 1.0 and not found(cured, "was taken") and "as you asked" in cured.notes[-1]
    assert cured.options == {"mend": "t_stop=1.0"} and spikeboard.open(path).t_stop == 0.967


def test_silent_populations_and_all_zero_states() -> None:
    units = pd.DataFrame({"population": ["E"] * 2 + ["S"] * 3, "id": range(5)})
    state = State(np.zeros((4, 1)), np.arange(4.0), "w", "", np.array([0]), ("E 0",))
    rec = spikeboard.recording(
        "made", np.array([1.0, 2.0]), np.array([0, 1]), units, t_start=0.0, t_stop=5.0, states={"E.w": state}
    )
    assert [one.where for one in found(rec, "None of its 3 units")] == ["S"]
    (zero,) = found(rec, "zero throughout")
    assert zero.where == "E.w" and doctor.apply(rec, zero.remedies[0]).states == {}
    assert [one.where for one in found(odd_states(), "not finite")] == ["E.v"]
    assert found(odd_states(), "trials", "2 of 3")


def test_repeated_synapses_are_merged() -> None:
    rec = bare_network()
    (finding,) = found(rec, "E→E", "1 synapse joins")
    cured = doctor.apply(rec, finding.remedies[0])
    synapses = cured.synapses("E→E")
    assert synapses.indptr.tolist() == [0, 2, 2, 4, 5] and synapses.indices.tolist() == [0, 2, 1, 3, 3]
    np.testing.assert_array_equal(synapses.weight, [0.75, 0.0, -1.0, np.nan, 2.0])
    np.testing.assert_array_equal(synapses.delay, [1.5e-3] * 5)
    assert cured.projections["synapses"].tolist() == [5, 2] and len(rec.synapses("E→E")) == 6
    assert found(rec, "1 of 6 weights")


def test_remedies_that_make_no_sense_are_refused() -> None:
    rec = healthy()
    for key, words in (
        ("eat_spikes", "no remedy 'eat_spikes'"),
        ("t_stop=soon", "no number"),
        ("t_stop=nan", "no number"),
        ("t_stop=1", "before the last spike"),
        ("t_start=5", "after the first spike"),
        ("drop_state=v", "no state 'v'"),
        ("merge_synapses=E→E", "no projection"),
    ):
        with pytest.raises(RecordingError, match=words):
            doctor.apply(rec, key)


def test_options_take_and_lose_remedies() -> None:
    options = doctor.with_remedy({"dt": "0.001"}, "drop_duplicates")
    both = doctor.with_remedy(doctor.with_remedy(options, "t_stop=3"), "drop_duplicates")
    assert both == {"dt": "0.001", "mend": "drop_duplicates|t_stop=3"}
    assert doctor.without_remedy(both, "t_stop=3") == options
    assert doctor.without_remedy(options, "drop_duplicates") == {"dt": "0.001"}


def test_a_time_that_was_not_typed_is_asked_for() -> None:
    for typed, names in (
        ([None], [{"mend-value": "t_stop"}]),
        ([""], [{"mend-value": "t_stop"}]),
        ("x", None),
        ([], []),
    ):
        with pytest.raises(RecordingError, match="Type a number"):
            typed_wish("?t_stop", typed, names)
    assert typed_wish("+drop_duplicates", None, None) == "+drop_duplicates"


# In the app ----------------------------------------------------------------------------------------------------


def test_a_link_carries_a_remedy_and_undoing_it_leads_back(tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("time_ms,unit\n1.0,0\n1.0,0\n2.5,1\n4.0,0\n")
    library = local_library(DEMO_FOLDER, [tmp_path])
    key = "file:run.csv"
    cured = mended_key(library, key, "+drop_duplicates")
    assert len(open_key(library, key).spikes) == 4 and len(open_key(library, cured).spikes) == 3
    page = str(overview.content(open_key(library, cured), Link(cured)))
    assert "Duplicate spikes were left out" in page and "-drop_duplicates" in page
    both = mended_key(library, cured, typed_wish("?t_stop", [" 1 "], [{"mend-value": "t_stop"}]))
    assert open_key(library, both).t_stop == 1.0 and len(open_key(library, both).spikes) == 3
    assert open_key(library, mended_key(library, both, "-t_stop=1")).t_stop == open_key(library, cured).t_stop
    assert mended_key(library, cured, "-drop_duplicates") == key


def test_a_saved_recording_can_be_mended_too(tmp_path: Path) -> None:
    same_times().save(tmp_path / "kept")
    assert len(spikeboard.open(tmp_path / "kept").spikes) == 152
    cured = spikeboard.open(tmp_path / "kept", mend="drop_duplicates")
    assert len(cured.spikes) == 76 and len(spikeboard.open(tmp_path / "kept").spikes) == 152


def test_what_a_stranger_writes_into_a_remedy_is_a_sentence(tmp_path: Path) -> None:
    library = local_library(DEMO_FOLDER, [tmp_path])
    with pytest.raises(RecordingError, match="there is no remedy"):
        mended_key(library, "demo", "+rm -rf /")
    with pytest.raises(RecordingError, match="there is no remedy"):
        open_key(library, note(DEMO_FOLDER, {"mend": "x" * 5000}))
