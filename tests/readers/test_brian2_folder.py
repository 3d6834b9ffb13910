"""A folder of what Brian2's monitors gave is one run: the same as its files, put together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import brian2_folder, recognise

DT = 1e-4


def run(folder: Path, **files: dict[str, Any]) -> Path:
    """One .npz per keyword; as get_states(units=False) gives them they have N."""
    folder.mkdir(exist_ok=True)
    for name, arrays in files.items():
        np.savez(folder / f"{name}.npz", **{key: np.asarray(value) for key, value in arrays.items()})
    return folder


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two populations with everything that there is."""
    return run(
        tmp_path / "run",
        spikes_E={"t": [1e-3, 2e-3, 5e-3], "i": [2, 0, 2], "N": 3},
        spikemon_I={"t": [1.5e-3], "i": [1], "N": 1},
        states_E={"t": np.arange(50) * DT, "v": np.arange(100.0).reshape(50, 2), "N": 50},
        rate_I={"t": np.arange(60) * DT, "rate": np.ones(60), "N": 60},
        synapses_E_to_I={"i": [0, 2], "j": [1, 0], "w": [0.5, 1.5], "delay": [1e-3, 2e-3], "N": 2},
        syn_I_E={"i": [1], "j": [4], "w": [-1.0], "N": 1, "N_pre": 2, "N_post": 6},
    )


def test_the_files_of_a_folder_are_one_run(two: Path) -> None:
    assert recognise(two).read is brian2_folder.read
    rec = spikeboard.open(two)
    assert dict(zip(rec.populations["name"], rec.populations["size"], strict=True)) == {"E": 6, "I": 2}
    found = {(str(unit["population"]), unit["id"]): row for row, unit in rec.units.iterrows()}
    assert rec.spike_times.tolist() == [1e-3, 1.5e-3, 2e-3, 5e-3] and rec.sampling_rate == 10_000
    assert rec.spike_rows.tolist() == [found["E", 2], found["I", 1], found["E", 0], found["E", 2]]
    state = rec.states["E.v"]
    assert state.rows.tolist() == [found["E", 0], found["E", 1]] and state.values[3].tolist() == [6.0, 7.0]
    assert rec.rates["I"]["rate"].tolist() == [1.0] * 60 and rec.t_stop == pytest.approx(6e-3)
    forward, back = rec.synapses("E→I"), rec.synapses("I→E")
    assert forward.indptr.tolist() == [0, 1, 1, 2, 2, 2, 2] and forward.indices.tolist() == [1, 0]
    assert forward.weight is not None and forward.weight.tolist() == [0.5, 1.5]
    assert forward.delay is not None and forward.delay.tolist() == [1e-3, 2e-3]
    assert back.indptr.tolist() == [0, 0, 1] and back.indices.tolist() == [4]
    assert any("how many neurons there are is not in the files" in note for note in rec.notes)


def test_answers_tell_what_the_files_do_not(two: Path) -> None:
    rec = spikeboard.open(two, units="E=8,I=3", record="7,5", t_stop=1.0)
    assert dict(zip(rec.populations["name"], rec.populations["size"], strict=True)) == {"E": 8, "I": 3}
    assert rec.t_stop == 1.0
    assert rec.units["id"].to_numpy()[rec.states["E.v"].rows].tolist() == [7, 5]
    assert rec.states["E.v"].labels == ("E 7", "E 5")
    for units, reason in (("E=x", "is not of the form"), ("4", "is not of the form")):
        with pytest.raises(RecordingError, match=reason):
            spikeboard.open(two, units=units)


def test_neurons_that_there_are_not_are_asked_about_where_synapses_name_them(two: Path) -> None:
    with pytest.raises(Undecided, match="unknown_units"):
        spikeboard.open(two, units="E=4,I=2")
    added = spikeboard.open(two, units="E=4,I=2", unknown_units="add")
    assert dict(zip(added.populations["name"], added.populations["size"], strict=True)) == {"E": 5, "I": 2}
    left = spikeboard.open(two, units="E=4,I=2", unknown_units="leave_out")
    assert dict(zip(left.populations["name"], left.populations["size"], strict=True)) == {"E": 4, "I": 2}
    assert len(left.synapses("I→E")) == 0
    with pytest.raises(RecordingError, match="2 neurons in 'E', but neuron 2 is named"):
        spikeboard.open(two, units="E=2", unknown_units="leave_out")


def test_synapses_between_what_the_names_do_not_tell_are_left_out_until_told(two: Path) -> None:
    (two / "syn_I_E.npz").rename(two / "feedback.npz")
    rec = spikeboard.open(two)
    assert list(rec.connections) == ["E→I"]
    assert any('give synapses="feedback=FROM>TO"' in note for note in rec.notes)
    told = spikeboard.open(two, synapses="feedback=I>E")
    assert told.synapses("I→E").indices.tolist() == [4]
    with pytest.raises(RecordingError, match="no file of synapses is called so"):
        spikeboard.open(two, synapses="forward=I>E")


def test_a_real_run_is_what_its_files_are(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "brian2_cuba"
    truth = json.loads((source / "truth.json").read_text(encoding="utf-8"))
    (folder := tmp_path / "cuba").mkdir()
    for name in ("rate_get_states", "state_get_states", "synapses_Ce", "synapses_Ci"):
        shutil.copy(source / f"{name}.npz", folder)
    shutil.copy(source / "spikes_seconds.npz", folder / "spikes.npz")
    rec = spikeboard.open(folder, time_unit="s", units="4000", record="0,100,200,300")
    alone = spikeboard.open(source / "spikes_seconds.npz", time_unit="s", n_units=4000)
    np.testing.assert_array_equal(rec.spike_rows, alone.spike_rows)
    np.testing.assert_allclose(rec.spike_times, alone.spike_times, rtol=1e-14)
    assert rec.sampling_rate == 10_000 and rec.t_stop == pytest.approx(1.0)
    assert {name: len(rec.synapses(name)) for name in rec.connections} == {
        f"synapses_{name}": truth["synapses"][name]["n"] for name in ("Ce", "Ci")
    }
    assert rec.states["neurons.v"].rows.tolist() == [0, 100, 200, 300]
    rate = rec.rates["neurons"]["rate"]
    assert rate.sum() * truth["sim"]["dt_s"] * 4000 == pytest.approx(len(rec.spike_times))


def test_the_time_unit_is_asked_once(tmp_path: Path) -> None:
    folder = run(
        tmp_path / "run",
        spikes={"t": [1.0, 2.0, 4.0], "i": [0, 1, 0]},
        states={"t": np.arange(5.0), "v": np.ones((5, 2))},
    )
    with pytest.raises(Undecided):
        spikeboard.open(folder)
    assert spikeboard.open(folder, time_unit="ms").t_stop == pytest.approx(5e-3)


def test_other_folders_are_left_alone(two: Path, tmp_path: Path) -> None:
    lists = run(tmp_path / "lists", a={"t": [1.0], "i": [0]}, b={"t": [1.0], "i": [0]})
    assert not brian2_folder.sniff(lists)
    assert not brian2_folder.sniff(run(tmp_path / "one", states={"t": np.arange(5.0), "v": np.ones((5, 2))}))
    for number in range(7):
        (two / f"notes{number}.txt").write_text("something else")
    assert not brian2_folder.sniff(two)


def test_neurons_that_cannot_be_are_refused(tmp_path: Path) -> None:
    folder = run(
        tmp_path / "run",
        spikes={"t": [1e-3, 2e-3], "i": [-1, 0], "N": 2},
        states={"t": np.arange(5) * DT, "v": np.ones((5, 2)), "N": 5},
    )
    with pytest.raises(RecordingError, match=r"spikes\.npz: neurons of Brian2 are numbered from 0"):
        spikeboard.open(folder)
