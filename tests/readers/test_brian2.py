from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import brian2, recognise
from spikeboard.recording import Recording

CUBA = "brian2_cuba"


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "Brian2"
    return spikeboard.open(path, **options)


def bundle(folder: Path, name: str = "run.npz", /, **members: Any) -> Path:
    path = folder / name
    arrays: dict[str, Any] = {key: np.asarray(value) for key, value in members.items()}
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / CUBA / "truth.json").read_text(encoding="utf-8"))


# --- what Brian2 2.9 gave ------------------------------------------------------------------------------------------


def test_a_state_monitor_becomes_states(shared_data: Path, truth: dict[str, Any]) -> None:
    rec = opened(shared_data / CUBA / "state_get_states.npz", record="0,100,200,300", n_units=4000)
    state = rec.states["neurons.v"]
    assert (state.time[0], state.time[-1], len(state.time)) == tuple(truth["sim"]["state_t_first_last_n"])
    for statistic in ("mean", "min", "max"):
        found = getattr(state.values, statistic)(axis=0)
        assert found == pytest.approx(truth["sim"][f"v_{statistic}"], rel=1e-12)
    assert state.rows.tolist() == [0, 100, 200, 300] and state.labels[1] == "neurons 100"
    assert len(rec.units) == 4000 and rec.t_stop == pytest.approx(1.0)
    assert rec.states.keys() == {"neurons.v", "neurons.ge"}
    assert any("it has 'N'): all values are in SI base units" in note for note in rec.notes)


def test_a_rate_monitor_becomes_a_rate(shared_data: Path, truth: dict[str, Any]) -> None:
    rec = opened(shared_data / CUBA / "rate_get_states.npz", population="P", n_units=4000)
    rate = rec.rates["P"]
    assert rate["rate"].mean() == pytest.approx(truth["rate"]["mean_hz"], rel=1e-12)
    assert rate["rate"].max() == truth["rate"]["max_hz"] and rec.t_stop == pytest.approx(1.0)
    assert rate["rate"].sum() * truth["sim"]["dt_s"] * 4000 == pytest.approx(
        truth["rate"]["spikes_recovered"]
    )
    assert rate["time"].iloc[0] == pytest.approx(truth["sim"]["dt_s"] / 2)


@pytest.mark.parametrize("name", ["Ce", "Ci"])
def test_synapses_become_a_projection(shared_data: Path, truth: dict[str, Any], name: str) -> None:
    said = truth["synapses"][name]
    path = shared_data / CUBA / f"synapses_{name}.npz"
    rec = opened(path, source="P", target="P", n_units=4000)
    synapses = rec.synapses("P→P")
    assert synapses.weight is not None and len(rec.units) == 4000
    assert len(synapses) == said["n"] == truth["sim"][f"N_{name}"]
    assert synapses.weight.sum() == pytest.approx(said["w_sum_V"], rel=1e-9)
    assert (synapses.weight.min(), synapses.weight.max()) == pytest.approx(
        (said["w_min"], said["w_max"]), rel=1e-9
    )
    assert np.diff(synapses.indptr).max() == said["out_deg_max"]
    assert np.bincount(synapses.indices, minlength=4000).mean() == pytest.approx(said["in_deg_mean"])
    raw = np.load(path)
    source = np.repeat(np.arange(4000), np.diff(synapses.indptr))
    order = np.lexsort((raw["j"], raw["i"]))
    again = np.lexsort((synapses.indices, source))
    assert np.array_equal(source[again], raw["i"][order]) and np.array_equal(
        synapses.indices[again], raw["j"][order]
    )
    assert np.array_equal(synapses.weight[again], raw["w"][order])
    if name == "Ce":
        assert np.diff(synapses.indptr)[0] == truth["sim"]["outdeg_neuron0"]
        assert np.bincount(synapses.indices)[0] == truth["sim"]["indeg_exc_neuron0"]


def test_a_pickle_of_quantities_is_refused_with_the_line_that_saves_it(shared_data: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"was not opened\. Save plain arrays instead: numpy\.savez\('run\.npz', \*\*"
    ):
        opened(shared_data / CUBA / "spikes_get_states_units.pickle")


# --- small files ---------------------------------------------------------------------------------------------------

TIME = [0.0, 0.5, 1.0, 1.5]


def test_the_time_unit_is_asked_with_what_each_implies(tmp_path: Path) -> None:
    path = bundle(tmp_path, t=TIME, v=np.arange(8.0).reshape(4, 2))
    with pytest.raises(Undecided) as asked:
        opened(path)
    (question,) = asked.value.questions
    assert {choice.value: choice.implies for choice in question.choices} == {
        "s": "500 ms between samples, 1.5 s long",
        "ms": "0.5 ms between samples, 0.0015 s long",
    }
    rec = opened(path, time_unit="ms")
    assert rec.states["neurons.v"].time.tolist() == [0.0, 0.0005, 0.001, 0.0015]
    assert opened(bundle(tmp_path, "named.npz", t_ms=TIME, v=np.zeros((4, 2)))).t_stop == pytest.approx(0.002)


def test_the_attribute_of_a_monitor_has_its_axes_the_other_way_round(tmp_path: Path) -> None:
    values = np.arange(8.0).reshape(4, 2)
    one = opened(bundle(tmp_path, "a.npz", t_s=TIME, v=values))
    other = opened(bundle(tmp_path, "b.npz", t_s=TIME, v=values.T))
    assert np.array_equal(one.states["neurons.v"].values, other.states["neurons.v"].values)
    square = opened(bundle(tmp_path, "c.npz", t_s=TIME, v=np.arange(16.0).reshape(4, 4)))
    assert any("its rows were taken as times" in note for note in square.notes)
    assert square.states["neurons.v"].values[1].tolist() == [4, 5, 6, 7]


def test_neurons_keep_the_order_in_which_they_were_recorded(tmp_path: Path) -> None:
    rec = opened(bundle(tmp_path, t_s=TIME, v=np.arange(8.0).reshape(4, 2)), record="7, 3")
    state = rec.states["neurons.v"]
    assert (
        rec.units["id"].tolist() == [3, 7]
        and state.rows.tolist() == [1, 0]
        and state.labels[0] == "neurons 7"
    )


def test_delays_are_in_seconds_or_milliseconds(tmp_path: Path) -> None:
    ends = {"i": [0, 1, 1], "j": [2, 0, 0]}
    path = bundle(tmp_path, **ends, delay=[1.5, 2.5, 2.0])
    with pytest.raises(Undecided) as asked:
        opened(path)
    assert [choice.implies for choice in asked.value.questions[0].choices] == [
        "2000 ms on average",
        "2 ms on average",
    ]
    rec = opened(path, time_unit="ms", n_source=2, n_target=5)
    synapses = rec.synapses("source→target")
    assert synapses.delay is not None and synapses.delay.tolist() == [0.0015, 0.0025, 0.002]
    assert synapses.weight is None and rec.populations["size"].tolist() == [2, 5]
    assert any("1 synapses join a pair of units" in note for note in rec.notes)
    si = opened(bundle(tmp_path, "si.npz", **ends, delay=0.002, N=3, N_pre=2, N_post=4, w=[1.0, 2.0, 3.0]))
    assert si.synapses("source→target").delay == pytest.approx([0.002] * 3)
    assert si.populations["size"].tolist() == [2, 4]
    named = opened(bundle(tmp_path, "named.npz", **ends, delay_ms=[1.5, 2.5, 2.0]))
    assert named.projections["delay_mean"].tolist() == pytest.approx([0.002])


@pytest.mark.parametrize(
    ("members", "options", "reason"),
    [
        ({"t_s": [0, 1, 1], "v": np.zeros((3, 2))}, {}, "must be finite and ascend"),
        ({"t_s": [0, np.nan, 1], "v": np.zeros((3, 2))}, {}, "must be finite and ascend"),
        (
            {"t_s": TIME, "v": np.zeros((4, 2)), "u": np.zeros((4, 3))},
            {},
            r"variables are of \[2, 3\] neurons",
        ),
        ({"t_s": TIME, "v": np.zeros((4, 2))}, {"record": "1"}, "tells of 1 neurons, but 2 were recorded"),
        ({"t_s": TIME, "v": np.zeros((4, 2))}, {"record": "a,b"}, "give the numbers of the neurons"),
        ({"t_s": TIME, "v": np.zeros((4, 2))}, {"record": "1,9", "n_units": 5}, "neuron 9 was recorded"),
        ({"t": TIME, "v": np.zeros((4, 2))}, {"time_unit": "samples"}, "Brian2 counts no samples"),
        ({"t_s": TIME, "rate": ["a"] * 4}, {}, "'rate' is <U1"),
        ({"i": [0, 1], "j": [0, -1]}, {}, "'j' must hold numbers of neurons"),
        ({"i": [0, 1], "j": [0.5, 1]}, {}, "'j' must hold numbers of neurons"),
        ({"i": [0, 2**40], "j": [0, 1]}, {}, "'i' must hold numbers of neurons"),
        ({"i": [0, 1], "j": [0, 1], "w": [1.0, 2.0, 3.0]}, {}, "'w' has 3 values for 2 synapses"),
        (
            {"i": [0, 5], "j": [0, 1]},
            {"n_source": 3},
            "'i': 1 of the synapses name units up to 5, but the population has 3 units",
        ),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(
    tmp_path: Path, members: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        opened(bundle(tmp_path, **members), **options)


def test_lists_of_spikes_are_left_to_their_reader(shared_data: Path) -> None:
    for name in ("spikes_seconds.npz", "spikes_exc_get_states.npz", "spikes_with_v_get_states.npz"):
        assert not brian2.sniff(shared_data / CUBA / name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bundle_gives_a_recording_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    names = data.draw(
        st.lists(st.sampled_from(["t", "t_ms", "rate", "v", "i", "j", "w", "delay", "N"]), unique=True)
    )
    shapes = st.sampled_from([(), (0,), (1,), (3,), (3, 2), (2, 3), (3, 3), (0, 3)])
    kinds = st.sampled_from(["f8", "i4", "u8", "?", "U3", "c16", "f2"])
    members = {name: np.zeros(data.draw(shapes)).astype(data.draw(kinds)) for name in names}
    for name in {"t", "t_ms"} & set(names):
        if members[name].shape == (3,) and data.draw(st.booleans()):
            members[name] = np.arange(3.0)
    path = bundle(tmp_path_factory.mktemp("any"), **members)
    if brian2.sniff(path):
        try:
            brian2.read(path, time_unit=data.draw(st.sampled_from([None, "s", "ms"])))
        except RecordingError:
            return
