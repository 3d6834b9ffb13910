"""Every kind of oddity in a small file of each format that can hold it: it is told, remedied, noted and undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from made_sonata import write_edges, write_nodes, write_spikes

import spikeboard
from app import DEMO_FOLDER
from callbacks.report import mended_key
from spikeboard import Recording, Undecided, doctor
from spikeboard.library import Library, key_of_path, local_library, open_key

Write = Callable[[Path], Path]
# Spikes of three units, 10 ms apart; that of unit 1 at 0.05 s comes twice.
STEPS = np.r_[np.arange(1, 61), 5]
UNITS = np.r_[np.arange(1, 61) % 3, 2]


def found(rec: Recording, words: str) -> doctor.Finding:
    """The one finding that says these words."""
    (one,) = [finding for finding in doctor.examine(rec) if words in finding.what]
    return one


def lacks(rec: Recording, words: str) -> bool:
    return not any(words in finding.what for finding in doctor.examine(rec))


def cured(path: Path, words: str, key: str, **given: Any) -> Recording:
    """What a button of a finding makes of a file: it is noted, the finding is gone, and undoing it leads back."""
    library = local_library(DEMO_FOLDER, [path.parent])
    before = key_of_path(library, path, **given)
    remedies = [remedy.key for remedy in found(open_key(library, before), words).remedies]
    assert key in remedies, remedies
    after = mended_key(library, before, f"+{key}")
    rec = open_key(library, after)
    assert any("as you asked" in note for note in rec.notes) or key.startswith("read:time_unit"), rec.notes
    assert lacks(rec, words) and key in doctor.decided(rec.options)
    assert mended_key(library, after, f"-{key}") == before and not lacks(open_key(library, before), words)
    return rec


# Duplicates in every format ------------------------------------------------------------------------------------


def csv(folder: Path) -> Path:
    rows = "".join(f"{10.0 * step},{unit}\n" for step, unit in zip(STEPS, UNITS, strict=True))
    return text(folder / "run.csv", "time_ms,unit\n" + rows)


def npz(folder: Path) -> Path:
    np.savez(folder / "run.npz", times_s=STEPS / 100, units=UNITS)
    return folder / "run.npz"


def scneurocore(folder: Path) -> Path:
    order = np.lexsort((UNITS, STEPS))
    np.savez(folder / "sc.npz", timesteps=STEPS[order], neuron_ids=UNITS[order], dt=0.01)
    return folder / "sc.npz"


def sonata(folder: Path) -> Path:
    return write_spikes(folder / "spikes.h5", {"E": (STEPS * 10.0, UNITS)})


def nest(folder: Path) -> Path:
    rows = "".join(f"{unit + 1}\t{10.0 * step:.3f}\n" for step, unit in zip(STEPS, UNITS, strict=True))
    return text(
        folder / "ex-7-0.dat",
        "# NEST version: 3.6.0\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n" + rows,
    )


def pyspike(folder: Path) -> Path:
    trains = [np.sort(STEPS[unit == UNITS]) / 100 for unit in range(3)]
    return text(folder / "trains.txt", "".join(" ".join(map(str, train)) + "\n" for train in trains))


def nwb(folder: Path) -> Path:
    return session(folder / "run.nwb", [np.sort(STEPS[unit == UNITS]) / 100 for unit in range(3)])


def phy(folder: Path) -> Path:
    order = np.argsort(STEPS, kind="stable")
    np.save(folder / "spike_times.npy", STEPS[order] * 300)
    np.save(folder / "spike_clusters.npy", UNITS[order])
    text(folder / "params.py", "sample_rate = 30000.0\n")
    return folder


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def session(path: Path, trains: list[np.ndarray]) -> Path:
    """An NWB file with these spike times, s."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"nwb_version": "2.7.0", "neurodata_type": "NWBFile"})
        units = file.create_group("units")
        units["id"] = np.arange(len(trains))
        units["spike_times"] = np.concatenate(trains)
        units["spike_times_index"] = np.cumsum([len(train) for train in trains])
    return path


GIVEN: dict[str, Any] = {"pyspike": {"time_unit": "s"}}


@pytest.mark.parametrize(
    "write", [csv, npz, scneurocore, sonata, nest, pyspike, nwb, phy], ids=lambda w: w.__name__
)
def test_duplicates_are_found_in_every_format_and_left_out(tmp_path: Path, write: Write) -> None:
    given = GIVEN.get(write.__name__, {})
    rec = cured(write(tmp_path), "the same time as another", "drop_duplicates", **given)
    assert len(rec.spike_times) == 60 and rec.counts.tolist() == [20, 20, 20]


# Order ---------------------------------------------------------------------------------------------------------


def runs_csv(folder: Path) -> Path:
    once = "".join(f"{10.0 * step},{step % 3}\n" for step in range(61))
    return text(folder / "twice.csv", "time_ms,unit\n" + once + once)


def runs_npz(folder: Path) -> Path:
    np.savez(
        folder / "twice.npz", times_s=np.tile(np.arange(61) / 100, 2), units=np.tile(np.arange(61) % 3, 2)
    )
    return folder / "twice.npz"


@pytest.mark.parametrize("write", [runs_csv, runs_npz], ids=lambda w: w.__name__)
def test_a_list_of_two_runs_becomes_two_runs_or_is_sorted(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path)
    rec = cured(path, "Time goes back after spike 61", "read:order=runs")
    runs = rec.intervals["runs"]
    np.testing.assert_allclose(runs[["start", "stop"]], [[0, 0.6], [0.6, 1.2]])
    once = np.arange(61) / 100
    np.testing.assert_allclose(np.sort(rec.spike_times), np.sort(np.r_[once, once + 0.6]))
    one = cured(path, "Time goes back after spike 61", "confirm=sorted")
    np.testing.assert_allclose(one.spike_times, np.repeat(once, 2))
    assert "runs" not in one.intervals
    said = spikeboard.open(path, order="sort")
    assert lacks(said, "ime goes back") and any("were sorted, as you asked" in note for note in said.notes)


def test_samples_of_a_second_run_begin_one_step_after_the_first(tmp_path: Path) -> None:
    once = "".join(f"{step},{step % 2}\n" for step in range(40))
    path = text(tmp_path / "steps.csv", "timestep,unit\n" + once + once)
    rec = spikeboard.open(path, dt=0.001, order="runs")
    np.testing.assert_array_equal(np.sort(rec.train_ticks), np.arange(80))
    assert rec.sampling_rate == 1000.0 and rec.intervals["runs"]["start"].tolist() == [0.0, 0.04]


def test_a_list_without_order_is_no_series_of_runs(tmp_path: Path) -> None:
    times = np.random.default_rng(1).permutation(3000)
    path = text(tmp_path / "shuffled.csv", "time_ms,unit\n" + "".join(f"{t}.5,{t % 3}\n" for t in times))
    with pytest.raises(spikeboard.RecordingError, match="no clock that was started again"):
        spikeboard.open(path, order="runs")
    with pytest.raises(spikeboard.RecordingError, match="neither 'runs' nor 'sort'"):
        spikeboard.open(path, order="up")
    cured(path, "not in order of time", "confirm=sorted")


def sonata_unsorted(folder: Path) -> Path:
    return write_spikes(folder / "by.h5", {"E": ([30.0, 10.0, 20.0], [0, 0, 1])}, sorting="by_time")


def nwb_unsorted(folder: Path) -> Path:
    return session(folder / "un.nwb", [np.array([0.3, 0.1, 0.2]), np.array([0.4])])


def phy_unsorted(folder: Path) -> Path:
    np.save(folder / "spike_times.npy", np.array([900, 300, 600]))
    np.save(folder / "spike_clusters.npy", np.array([1, 1, 0]))
    text(folder / "params.py", "sample_rate = 30000.0\n")
    return folder


@pytest.mark.parametrize("write", [sonata_unsorted, nwb_unsorted, phy_unsorted], ids=lambda w: w.__name__)
def test_unsorted_trains_are_told_in_every_format(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path)
    rec = spikeboard.open(path)
    (told,) = [
        finding for finding in doctor.examine(rec) if any(r.key == "confirm=sorted" for r in finding.remedies)
    ]
    rec = cured(path, told.what, "confirm=sorted")
    for row in range(len(rec.units)):
        assert np.all(np.diff(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]) > 0)


def test_a_clock_that_was_started_again_is_two_runs_or_one(tmp_path: Path) -> None:
    steps, ids = np.tile(np.arange(40), 2), np.tile(np.arange(40) % 4, 2)
    np.savez(tmp_path / "sc.npz", timesteps=steps, neuron_ids=ids, dt=0.001)
    path = tmp_path / "sc.npz"
    assert len(cured(path, "The clock was restarted", "confirm=runs").intervals["runs"]) == 2
    one = cured(path, "The clock was restarted", "read:order=sort")
    assert "runs" not in one.intervals and one.t_stop == 0.04
    np.testing.assert_array_equal(one.spike_times, np.repeat(np.arange(40), 2) / 1000)


# Times ---------------------------------------------------------------------------------------------------------


def test_intervals_below_a_tick_are_thinned(tmp_path: Path) -> None:
    path = text(tmp_path / "fine.csv", "time_s,unit\n0.1,0\n0.1000004,0\n0.2,0\n0.2000001,1\n0.5,1\n")
    rec = cured(path, "shorter than 10 µs", "min_interval=1e-05")
    assert rec.spike_times.tolist() == [0.1, 0.2, 0.2000001, 0.5] and rec.spike_rows.tolist() == [0, 0, 1, 1]


def test_times_that_imply_4_khz_are_samples(tmp_path: Path) -> None:
    rows = "".join(f"{250 * k},{k % 2}\n" for k in range(400))
    path = text(tmp_path / "us.csv", "time_us,unit\n" + rows)
    rec = spikeboard.open(path)
    assert "up to 2,0" in found(rec, "at more than 1,000 Hz").what
    library = local_library(DEMO_FOLDER, [tmp_path])
    key = key_of_path(library, path)
    samples = mended_key(library, key, "+read:time_unit=samples")
    with pytest.raises(Undecided) as asked:
        open_key(library, samples)
    assert asked.value.questions[0].name == "dt"
    clocked = open_key(library, mended_key(library, samples, "+read:dt=0.001"))
    assert clocked.sampling_rate == 1000.0 and clocked.spike_times[1] == 0.25 and lacks(clocked, "1,000 Hz")
    assert lacks(cured(path, "at more than 1,000 Hz", "read:time_unit=ms"), "1,000 Hz")
    assert mended_key(library, samples, "-read:time_unit=samples") == key


def test_samples_that_a_format_calls_seconds_are_divided(tmp_path: Path) -> None:
    trains = [np.arange(1, 40) * 6000.0, np.arange(1, 30) * 7000.0]
    rec = cured(session(tmp_path / "samples.nwb", trains), "days long", "divide_times=30000")
    assert rec.sampling_rate == 30000.0
    np.testing.assert_array_equal(rec.train_ticks, np.concatenate(trains))
    np.testing.assert_allclose(np.sort(rec.spike_times), np.sort(np.concatenate(trains)) / 30000)
    np.testing.assert_array_equal(rec.spike_times, np.sort(rec.train_ticks) / 30000)


def test_when_it_ended_is_set(tmp_path: Path) -> None:
    path = csv(tmp_path)
    library = local_library(DEMO_FOLDER, [tmp_path])
    key = key_of_path(library, path)
    asked = found(open_key(library, key), "When the recording ended is not known").remedies[-1]
    assert (asked.key, asked.asks) == ("t_stop", "seconds")
    later = mended_key(library, key, "+t_stop=2")
    rec = open_key(library, later)
    assert rec.t_stop == 2.0 and "as you asked" in rec.notes[-1] and lacks(rec, "When the recording")
    assert mended_key(library, later, "-t_stop=2") == key


def test_silent_units_can_be_counted_and_the_start_be_told(tmp_path: Path) -> None:
    library = local_library(DEMO_FOLDER, [tmp_path])
    key = key_of_path(library, csv(tmp_path))
    rec = open_key(library, key)
    asked = [remedy for note in rec.notes if (remedy := doctor.asked_for(rec, note))]
    assert [(remedy.key, remedy.asks) for remedy in asked] == [
        ("read:n_units", "units"),
        ("read:t_start", "seconds"),
    ]
    told = mended_key(library, mended_key(library, key, "+read:n_units=5"), "+read:t_start=-1")
    after = open_key(library, told)
    assert (
        len(after.units) == 5
        and after.t_start == -1.0
        and not [n for n in after.notes if doctor.asked_for(after, n)]
    )


# What is no number ---------------------------------------------------------------------------------------------


def nan_csv(folder: Path) -> Path:
    return text(folder / "nan.csv", "time_ms,unit\n1.0,0\nnan,1\n2.0,1\n3.0,0\n,1\n")


def nan_npz(folder: Path) -> Path:
    np.savez(
        folder / "nan.npz",
        times_s=np.array([0.001, np.nan, 0.002, 0.003, np.inf]),
        units=np.array([0, 1, 1, 0, 1]),
    )
    return folder / "nan.npz"


@pytest.mark.parametrize("write", [nan_csv, nan_npz], ids=lambda w: w.__name__)
def test_rows_that_are_no_numbers_are_left_out_and_told(tmp_path: Path, write: Write) -> None:
    rec = cured(write(tmp_path), "2 of 5", "confirm=left_out")
    assert rec.spike_times.tolist() == [0.001, 0.002, 0.003]


@pytest.mark.parametrize("big", [2**60 + 1, 10**25])
def test_ids_that_floats_confuse_are_numbered(tmp_path: Path, big: int) -> None:
    path = text(tmp_path / "ids.csv", f"time_ms,unit\n1.0,{big}\n2.0,{big + 1}\n3.0,{big}\n")
    assert str(big + 1) in found(spikeboard.open(path), "Ids go up to").what
    rec = cured(path, "Ids go up to", "number_units")
    assert rec.units["id"].tolist() == [0, 1] and rec.units["id_in_file"].tolist() == [str(big), str(big + 1)]
    assert rec.spike_rows.tolist() == [0, 1, 0]


# States and synapses -------------------------------------------------------------------------------------------


def test_a_variable_that_is_zero_throughout_is_left_out(tmp_path: Path) -> None:
    zeros = np.zeros((40, 2))
    np.savez(
        tmp_path / "sc.npz",
        timesteps=np.arange(40),
        neuron_ids=np.arange(40) % 2,
        dt=0.001,
        state_units_w=zeros,
    )
    rec = spikeboard.open(tmp_path / "sc.npz")
    (name,) = rec.states
    assert cured(tmp_path / "sc.npz", "zero throughout", f"drop_state={name}").states == {}


def brian2_synapses(folder: Path, **more: Any) -> Path:
    np.savez(
        folder / "syn.npz",
        i=np.array([0, 0, 1, 2]),
        j=np.array([1, 1, 0, 1]),
        w=np.array([1.0, 2.0, 3.0, 4.0]),
        **more,
    )
    return folder / "syn.npz"


@pytest.mark.parametrize(("key", "weights"), [("merge_synapses", [3, 3, 4]), ("first_synapses", [1, 3, 4])])
def test_synapses_that_repeat_are_added_up_or_kept_once(
    tmp_path: Path, key: str, weights: list[float]
) -> None:
    name = "source→target"
    rec = cured(brian2_synapses(tmp_path), "a pair of units that another", f"{key}={name}")
    synapses = rec.synapses(name)
    assert synapses.indptr.tolist() == [0, 1, 2, 3] and synapses.indices.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(synapses.weight, weights)


def test_synapses_of_neurons_that_do_not_exist_are_asked_about(tmp_path: Path) -> None:
    path = brian2_synapses(tmp_path, N_pre=2, N_post=2)
    with pytest.raises(Undecided, match="1 of the synapses name units up to 2"):
        spikeboard.open(path)
    less, more = (spikeboard.open(path, unknown_units=answer) for answer in ("leave_out", "add"))
    assert len(less.synapses("source→target")) == 3 and len(more.synapses("source→target")) == 4
    assert less.populations["size"].tolist() == [2, 2] and more.populations["size"].tolist() == [3, 2]
    assert any("as you asked" in note for note in less.notes) and any(
        "as you asked" in note for note in more.notes
    )
    undone(path, {"unknown_units": "add"})


def undone(path: Path, given: dict[str, str]) -> None:
    """Taking an answer back leads to the question again."""
    library: Library = local_library(DEMO_FOLDER, [path.parent])
    key = key_of_path(library, path, **given)
    (decision,) = doctor.decided(open_key(library, key).options)
    with pytest.raises(Undecided):
        open_key(library, mended_key(library, key, f"-{decision}"))


def test_rows_of_a_run_that_name_units_beyond_it_are_asked_about(tmp_path: Path) -> None:
    rows = {"indptr": [0, 1, 2], "indices": [1, 7], "data": [0.5, 0.25]}
    arrays: dict[str, Any] = {f"proj_units_units_{part}": np.array(held) for part, held in rows.items()}
    arrays |= {"population_sizes": [2], "population_labels": ["units"]}
    np.savez(tmp_path / "net.npz", timesteps=np.arange(4), neuron_ids=np.arange(4) % 2, dt=0.001, **arrays)
    path = tmp_path / "net.npz"
    with pytest.raises(Undecided, match="up to 7"):
        spikeboard.open(path)
    less, more = (spikeboard.open(path, unknown_units=answer) for answer in ("leave_out", "add"))
    (name,) = less.connections
    assert less.synapses(name).indices.tolist() == [1] and less.synapses(name).indptr.tolist() == [0, 1, 1]
    assert more.synapses(name).indices.tolist() == [1, 7] and len(more.units) == 8 and len(less.units) == 2
    np.testing.assert_array_equal(more.synapses(name).weight, [0.5, 0.25])
    undone(path, {"unknown_units": "leave_out"})


def test_edges_of_cells_that_no_file_lists_are_left_out_or_the_cells_added(tmp_path: Path) -> None:
    write_nodes(tmp_path / "nodes.h5", "E", 3, ids=[0, 1, 2])
    write_edges(tmp_path / "edges.h5", "E_to_E", "E", "E", [(0, 1), (1, 9), (2, 0)])
    write_spikes(tmp_path / "spikes.h5", {"E": ([1.0, 2.0], [0, 1])})
    words = "cells that do not exist were left out"
    rec = cured(tmp_path, words, "read:unknown_units=add")
    assert rec.units["id"].tolist() == [0, 1, 2, 9] and len(rec.synapses("E_to_E")) == 3
    less = cured(tmp_path, words, "confirm=synapses_left_out")
    assert len(less.units) == 3 and len(less.synapses("E_to_E")) == 2


def test_connections_to_neurons_that_nobody_recorded_are_left_out_or_these_added(tmp_path: Path) -> None:
    nest(tmp_path)
    ends: dict[str, Any] = {"source": np.array([1, 2, 3]), "target": np.array([2, 99, 1])}
    np.savez(tmp_path / "connections.npz", **ends, weight=np.ones(3), delay=np.full(3, 1.5))
    words = "an end that no recorder lists"
    rec = cured(tmp_path, words, "read:unknown_units=add")
    assert rec.populations["name"].tolist()[-1] == "not recorded" and rec.units["id"].tolist()[-1] == 99
    assert sum(map(len, rec.connections.values())) == 3
    assert sum(map(len, cured(tmp_path, words, "confirm=synapses_left_out").connections.values())) == 2
