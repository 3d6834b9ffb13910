"""Runs of SC-NeuroCore saved by hand: what the arrays hold, what they leave open, and what is refused."""

from __future__ import annotations

import importlib.util
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import read_source, recognise
from spikeboard.readers.scneurocore_names import ends, is_run, understand
from spikeboard.recording import Recording

STEPS, IDS = np.array([2, 2, 5, 9]), np.array([0, 3, 1, 0])


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "run.npz", **arrays)
    return folder / "run.npz"


def opened(folder: Path, options: dict[str, Any] | None = None, **arrays: Any) -> Recording:
    return read_source(saved(folder, **arrays), **(options or {}))


def noted(rec: Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


def train(rec: Recording, row: int) -> np.ndarray:
    return np.asarray(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]])


# The files of a real run, against their truth --------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "scneurocore_net"


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def run(folder: Path) -> Recording:
    return read_source(folder / "network_run.npz")


def check(shared_data: Path, population: str, rec: Recording, called: str) -> list[str]:
    spec = importlib.util.spec_from_file_location("truthcheck", shared_data / "truthcheck.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rows = rec.rows_of(called)
    own = (rec.spike_rows >= rows.start) & (rec.spike_rows < rows.stop)
    ids = rec.units["id"].to_numpy()[rec.spike_rows[own]]
    with warnings.catch_warnings():
        # The checker leaves its file to be closed by the interpreter.
        warnings.simplefilter("ignore", ResourceWarning)
        return module.check("scneurocore_net", population, ids, np.rint(rec.spike_times[own] * 1000))


def test_the_whole_run_agrees_with_its_truth(
    run: Recording, truth: dict[str, Any], shared_data: Path
) -> None:
    for known in truth["populations"]:
        name, rows = known["population"], run.rows_of(known["population"])
        assert check(shared_data, name, run, name) == []
        assert len(rows) == known["n_units_total"]
        assert (run.t_start, run.t_stop) == (known["t_start_s"], known["t_stop_s"]) == (0.0, 2.0)
        assert run.counts[rows].sum() / len(rows) / 2.0 == pytest.approx(known["mean_rate_hz"])
        for unit, found in known.get("units", {}).items():
            isi = np.diff(train(run, rows[int(unit)])) / 1000
            assert isi.mean() == pytest.approx(found["isi_mean_s"])
            assert isi.std() / isi.mean() == pytest.approx(found["cv"])
        for unit in (0, 3):
            assert np.diff(train(run, rows[unit])).tolist() == known["monitor"][f"isi_{unit}"]


def test_its_projections_agree_with_their_truth(run: Recording, truth: dict[str, Any]) -> None:
    table = run.projections.set_index("name")
    assert len(table) == len(truth["projections"])
    for name, known in truth["projections"].items():
        row = table.loc[f"{known['src']}→{known['tgt']}"]
        synapses = run.synapses(str(row.name))
        assert row["synapses"] == known["n_synapses"] == truth["csr"][name]["nnz"]
        assert np.asarray(synapses.weight).sum() == pytest.approx(known["sum_w"])
        assert row["delay_max"] == pytest.approx(known["max_delay"] / 1000)
    assert noted(run, "exc→exc: 2 synapses join a pair")


def test_its_rates_and_states_agree_with_their_truth(run: Recording, truth: dict[str, Any]) -> None:
    for name, width in (("exc", 0.010), ("inh", 0.025)):
        known, frame = truth["rate"][name], run.rates[name]
        assert len(frame) == known["n"] and frame["rate"].mean() == pytest.approx(known["mean"])
        np.testing.assert_allclose(frame["time"], (np.arange(known["n"]) + 0.5) * width)
    state, known = run.states["exc.v"], truth["state"]["v"]
    assert list(state.values.shape) == known["shape"] and state.labels == ("exc 0", "exc 5", "exc 79")
    values = np.asarray(state.values)
    assert (values.mean(), values.min(), values.max()) == pytest.approx(
        (known["mean"], known["min"], known["max"])
    )
    np.testing.assert_allclose(state.time, np.arange(2000) / 1000)


def test_a_monitor_alone_leaves_its_step_open(folder: Path, shared_data: Path) -> None:
    path = folder / "spikemonitor_exc.npz"
    with pytest.raises(Undecided) as asked:
        spikeboard.open(path)
    (question,) = asked.value.questions
    assert question.name == "dt" and [choice.value for choice in question.choices] == [
        "0.001",
        "0.0005",
        "0.0001",
    ]
    assert [choice.implies.split()[2] for choice in question.choices] == ["24.9", "49.8", "249"]
    for answer in (0.001, "0.001"):
        rec = spikeboard.open(path, dt=answer)
        assert check(shared_data, "exc", rec, "units") == []
        assert rec.sampling_rate == 1000 and rec.t_stop == 2.0 and len(rec.units) == 80
    assert noted(rec, "how many units 'units' has", "80") and noted(rec, "how long the simulation ran")


def test_a_second_run_is_no_negative_interval(folder: Path, truth: dict[str, Any]) -> None:
    path = folder / "spikemonitor_exc_two_runs.npz"
    with np.load(path) as arrays:
        steps = arrays["timesteps"]
    cut = truth["second_run"]["count_before"]
    assert len(steps) == truth["second_run"]["count_after"] and steps[cut] == 0
    rec = read_source(path, dt=0.001, n_steps="2000,250")
    assert rec.intervals["runs"][["start", "stop"]].to_numpy().tolist() == [[0.0, 2.0], [2.0, 2.25]]
    np.testing.assert_array_equal(
        np.sort(rec.spike_times), np.sort(np.r_[steps[:cut], steps[cut:] + 2000]) / 1000
    )
    assert min(np.diff(train(rec, row)).min() for row in range(80)) > 0
    with pytest.raises(Undecided, match=r"was run 3 times, but .* shows 2"):
        read_source(path, dt=0.001, n_steps="1,2,3")


def test_the_pickle_is_refused(folder: Path) -> None:
    with pytest.raises(RecordingError, match=r"is a Python pickle.*not opened.*numpy.savez.*from_monitors"):
        spikeboard.open(folder / "spikemonitor_exc.pickle")


def test_the_csv_is_left_to_the_reader_of_text(folder: Path) -> None:
    assert recognise(folder / "spikes_exc.csv").name != "SC-NeuroCore arrays"


# Pickles ---------------------------------------------------------------------------------------------------------


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["net.pickle", "net.pkl", "net.npy", "net.csv", "net.npz", "net"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_no_pickle_is_ever_opened(tmp_path: Path, name: str, protocol: int) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Canary(tmp_path / "sang"), protocol=protocol))
    with pytest.raises(RecordingError, match="is a Python pickle"):
        spikeboard.open(tmp_path / name)
    assert not (tmp_path / "sang").exists()


def test_pickled_objects_beside_the_spikes_are_not_touched(tmp_path: Path) -> None:
    extra = np.empty(1, object)
    extra[0] = Canary(tmp_path / "sang")
    rec = opened(tmp_path, timesteps=STEPS, neuron_ids=IDS, dt=0.001, network=extra)
    assert len(rec.spikes) == 4 and noted(rec, "left out", "'network'")
    with pytest.raises(RecordingError, match="pickled Python objects"):
        opened(tmp_path, timesteps=STEPS, neuron_ids=extra)
    assert not (tmp_path / "sang").exists()


# Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "ids", "population"),
    [
        ("timesteps", "neuron_ids", "units"),
        ("timestep", "neuron", "units"),
        ("spikes_exc_timestep", "spikes_exc_neuron", "exc"),
        ("E_steps", "E_ids", "E"),
        ("L2_exc_timesteps", "L2_exc_neuron_ids", "L2_exc"),
        ("spike_timesteps", "spike_neuron_ids", "units"),
    ],
)
def test_names_that_people_choose(tmp_path: Path, steps: str, ids: str, population: str) -> None:
    rec = opened(tmp_path, **{steps: STEPS, ids: IDS, "dt": 0.5e-3})
    assert rec.populations.to_numpy().tolist() == [[population, 4, 0]]
    assert [train(rec, row).tolist() for row in range(4)] == [[2, 9], [5], [], [2]]
    assert rec.spike_times.tolist() == [0.001, 0.001, 0.0025, 0.0045] and rec.t_stop == 0.005


@pytest.mark.parametrize(
    "names",
    [
        ["t", "i"],
        ["times", "ids"],
        ["timesteps"],
        ["n_steps", "ids"],
        ["spike_times", "neuron_ids"],
        ["indptr", "indices", "data", "shape", "format"],
        [],
    ],
)
def test_other_bundles_are_left_to_others(names: list[str]) -> None:
    assert not is_run(names)


def test_a_sparse_matrix_of_scipy_is_no_run(tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "matrix.npz", scipy.sparse.eye_array(4, format="csr"))
    assert recognise(saved(tmp_path, timesteps=STEPS, neuron_ids=IDS)).name == "SC-NeuroCore arrays"
    try:
        assert recognise(tmp_path / "matrix.npz").name != "SC-NeuroCore arrays"
    except RecordingError as refused:
        assert "is no file that Spikeboard knows" in str(refused)


def test_what_belongs_to_which_population() -> None:
    keys = understand(
        ["state_L2_exc_v", "state_L2_exc_t", "state_L2_exc_record", "rate_L2_exc", "rate_L2_exc_t"]
    )
    assert keys.states == {("L2_exc", "v"): ("state_L2_exc_v", "state_L2_exc_t", "state_L2_exc_record")}
    assert keys.rates == {"L2_exc": ("rate_L2_exc", "rate_L2_exc_t", "")}
    assert understand(["state_exc_v_th"], labels=["exc"]).states == {
        ("exc", "v_th"): ("state_exc_v_th", "", "")
    }


@pytest.mark.parametrize(
    ("name", "labels", "found"),
    [
        ("EI", ["exc", "inh", "silent"], [("exc", "inh")]),
        ("exc_to_inh", ["exc", "inh"], [("exc", "inh")]),
        ("inh>exc", ["exc", "inh"], [("inh", "exc")]),
        ("excinh", ["exc", "inh"], [("exc", "inh")]),
        ("L2_exc_L4_inh", ["L2_exc", "L4_inh"], [("L2_exc", "L4_inh")]),
        ("EE", ["exc", "ext"], [("exc", "exc"), ("exc", "ext"), ("ext", "exc"), ("ext", "ext")]),
        ("XY", ["exc", "inh"], []),
        ("EE", [], [("E", "E")]),
        ("pre_post", [], [("pre", "post")]),
    ],
)
def test_what_a_projection_joins(name: str, labels: list[str], found: list[tuple[str, str]]) -> None:
    assert ends(name, labels) == found


# What is in the file overrules, what is not is said ----------------------------------------------------------------


def test_sizes_come_from_the_file_or_the_user(tmp_path: Path) -> None:
    two = {
        "spikes_E_step": STEPS,
        "spikes_E_ids": IDS,
        "spikes_I_step": STEPS,
        "spikes_I_ids": IDS,
        "dt": 0.001,
    }
    told = opened(tmp_path, **two, population_sizes=np.array([6, 5]), population_labels=np.array(["E", "I"]))
    assert told.populations["size"].tolist() == [6, 5] and not noted(told, "how many units")
    given = opened(tmp_path, {"n_units": "E=10, I=7"}, **two)
    assert given.populations["size"].tolist() == [10, 7] and not noted(given, "how many units")
    single = opened(tmp_path, {"n_units": 9}, timesteps=STEPS, neuron_ids=IDS, dt=0.001)
    assert single.populations["size"].tolist() == [9] and single.counts.tolist() == [2, 1, 0, 1] + [0] * 5
    for wrong, says in (("X=3", "n_units names 'X'"), (3, "n_units names ''"), ("many", "give one number")):
        with pytest.raises(RecordingError, match=says):
            opened(tmp_path, {"n_units": wrong}, **two)
    with pytest.raises(RecordingError, match="name units it does not have"):
        opened(tmp_path, {"n_units": 2}, timesteps=STEPS, neuron_ids=IDS, dt=0.001)


def test_an_answer_overrules_the_file_and_says_so(tmp_path: Path) -> None:
    rec = opened(tmp_path, {"dt": 0.002}, timesteps=STEPS, neuron_ids=IDS, dt=0.001)
    assert rec.sampling_rate == 500 and noted(rec, "dt=0.001", "dt=0.002 overruled")
    later = opened(tmp_path, {"t_start": 0.001, "t_stop": 3.0}, timesteps=STEPS, neuron_ids=IDS, dt=0.001)
    assert (later.t_start, later.t_stop) == (0.001, 3.0) and not noted(later, "how long")
    longer = opened(tmp_path, timesteps=STEPS, neuron_ids=IDS, dt=0.001, n_steps=500)
    assert longer.t_stop == 0.5 and not noted(longer, "how long")


def test_spikes_of_one_unit_after_another_are_one_run(tmp_path: Path) -> None:
    rec = opened(tmp_path, timesteps=[5, 9, 1, 4], neuron_ids=[0, 0, 1, 1], dt=0.001)
    assert rec.spike_times.tolist() == [0.001, 0.004, 0.005, 0.009] and not rec.intervals
    assert noted(rec, "not in order of time", "one run")


def test_duplicates_are_kept_and_counted(tmp_path: Path) -> None:
    rec = opened(tmp_path, timesteps=[1, 4, 4, 7], neuron_ids=[0, 1, 1, 0], dt=0.001)
    assert len(rec.spikes) == 4 and not rec.intervals and noted(rec, "1 spike is an exact duplicate")


def test_a_state_that_is_zero_or_without_steps_is_told(tmp_path: Path) -> None:
    rec = opened(
        tmp_path,
        timesteps=STEPS,
        neuron_ids=IDS,
        dt=0.001,
        state_units_w=np.zeros((3, 4)),
        state_units_x=np.ones(3),
    )
    assert list(rec.states) == ["units.w"] and rec.states["units.w"].time.tolist() == [0, 0.001, 0.002]
    assert noted(rec, "'state_units_w' comes without its steps") and noted(
        rec, "'w' of 'units' is zero throughout"
    )
    assert noted(rec, "'state_units_x' is left out")


def test_projections_alone_make_a_topology(tmp_path: Path) -> None:
    rows = {"indptr": [0, 2, 3], "indices": [0, 2, 1], "data": [0.5, 0.0, np.nan]}
    rec = opened(tmp_path, **{f"proj_in_out_{part}": values for part, values in rows.items()})
    assert rec.populations.to_numpy().tolist() == [["in", 2, 0], ["out", 3, 2]]
    assert rec.projections["name"].tolist() == ["in→out"] and rec.duration == 0
    assert noted(rec, "1 of 3 weights are not finite") and noted(rec, "nothing was recorded over time")
    assert rec.synapses("in→out").delay is None


def test_delays_need_a_step(tmp_path: Path) -> None:
    rows = {"indptr": [0, 1], "indices": [0], "data": [0.5], "delay": [3.0]}
    arrays = {f"proj_E_E_{part}": values for part, values in rows.items()}
    with pytest.raises(Undecided, match="times are counted in steps"):
        opened(tmp_path, **arrays)
    delay = opened(tmp_path, {"dt": "0.0005"}, **arrays).synapses("E→E").delay
    assert delay is not None and delay.tolist() == [0.0015]


def test_a_projection_that_cannot_be_placed_is_told(tmp_path: Path) -> None:
    arrays = {"spikes_exc_step": STEPS, "spikes_exc_ids": IDS, "dt": 0.001}
    arrays |= {"proj_p_indptr": [0, 1, 1, 1, 1], "proj_p_indices": [3], "proj_p_data": [0.5]}
    rec = opened(tmp_path, **arrays)
    assert not rec.connections and noted(rec, "projection 'p' is left out", 'projections="p=SOURCE>TARGET"')
    told = opened(tmp_path, {"projections": "p = exc > exc"}, **arrays)
    assert list(told.connections) == ["exc→exc"]
    for wrong in ("p=exc", "p=exc>inh", "q=exc>exc"):
        with pytest.raises(RecordingError, match="projections"):
            opened(tmp_path, {"projections": wrong}, **arrays)


# What does not fit together ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"neuron_ids": [0, 1]}, "timesteps has 4 values and neuron_ids has 2"),
        ({"timesteps": [1.5, 2, 3, 4]}, "'timesteps': 1 values are no whole numbers, the first is 1.5"),
        ({"timesteps": [np.nan, 2, 3, 4]}, "no whole numbers"),
        ({"timesteps": np.full(4, 2**63, np.uint64)}, "no whole numbers"),
        ({"timesteps": [-3, 2, 3, 4]}, "do not lie within"),
        ({"timesteps": np.ones((4, 2), int)}, "must be a list of whole numbers"),
        ({"timesteps": np.array(["a", "b", "c", "d"])}, "must be a list of whole numbers"),
        ({"neuron_ids": [0, 1, 2, 2**40]}, "has a unit 1,099,511,627,776"),
        ({"neuron_ids": [0, 1, 2, -1]}, "name units it does not have"),
        ({"dt": 0.0}, "is no duration"),
        ({"dt": np.nan}, "is no duration"),
        ({"dt": [0.1, 0.2]}, "dt must be one number"),
        ({"dt": "0.1 ms"}, "dt must be one number"),
        ({"n_steps": 3}, "took 3 steps, but step 9 was recorded"),
        ({"n_steps": [3, 4]}, "n_steps must be one number"),
        ({"population_sizes": [3, 4], "population_labels": ["units"]}, "2 values .* for 1 populations"),
        ({"population_sizes": [-1], "population_labels": ["units"]}, "population_sizes has"),
        ({"population_sizes": [10**12], "population_labels": ["units"]}, "more than"),
        ({"population_sizes": [1_500_000] * 2, "population_labels": ["a", "b"]}, "3,000,000 units"),
        ({"n_steps": 2**52, "dt": 1.0}, "more than 285 years"),
        ({"population_sizes": [4, 4], "population_labels": ["units", "units"]}, "has a name twice"),
        ({"population_labels": np.array([1, 2])}, "must be a list of names"),
        ({"state_units_v": np.ones((2, 1)), "state_units_record": [7]}, "but 'units' has"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    arrays = {"timesteps": STEPS, "neuron_ids": IDS, "dt": 0.001, **changed}
    if "state_units_record" in changed:
        arrays |= {"population_sizes": [4], "population_labels": ["units"]}
    with pytest.raises(RecordingError, match=says):
        opened(tmp_path, **arrays)


@pytest.mark.parametrize(
    ("part", "values", "says"),
    [
        ("indptr", [2, 1, 0], "must rise from 0 to the number of synapses, 2; it goes from 2 to 0"),
        ("indptr", [0, 1, 3], "must rise"),
        ("indptr", [0.0, 1.0, 2.0], "whole numbers"),
        ("indptr", [], "lists of numbers"),
        ("indices", [0, 1000], "1 of the synapses name units up to 1,000, but the population has 2 units"),
        ("indices", [0, -1], "a synapse to unit -1"),
        ("data", [0.5], "1 weights for 2 synapses"),
        ("delay", [1.0, 2.0, 3.0], "3 delays for 2 synapses"),
        ("delay", [-1.0], "none of them negative"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, part: str, values: list[float], says: str) -> None:
    rows = {"indptr": [0, 1, 2], "indices": [0, 1], "data": [0.5, 0.5], "delay": [0.0]} | {part: values}
    with pytest.raises(RecordingError, match=says):
        opened(tmp_path, {"dt": 0.001}, **{f"proj_EE_{name}": np.array(held) for name, held in rows.items()})


@pytest.mark.parametrize("answer", ["1,2,x", "", "-5"])
def test_a_length_that_is_no_number_is_refused(tmp_path: Path, answer: str) -> None:
    with pytest.raises(RecordingError, match="give one whole number"):
        opened(tmp_path, {"n_steps": answer}, timesteps=STEPS, neuron_ids=IDS, dt=0.001)
