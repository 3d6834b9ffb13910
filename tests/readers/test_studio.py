from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.readers import recognise, studio
from spikeboard.recording import Recording


def graph(**changes: Any) -> dict[str, Any]:
    """A result of the network canvas, in the shape that SC-NeuroCore's documentation gives it."""
    return {
        "success": True,
        "schema_version": "studio.network-graph-result.v1",
        "spec": {"dt": 0.5, "n_steps": 200},
        "populations": [
            {
                "id": "pop_a",
                "label": "cells",
                "model": "SCLapicqueLIFNeuron",
                "neuron_type": "excitatory",
                "count": 3,
                "offset": 0,
                "events": {"step": [0, 4, 4, 199], "neuron": [2, 0, 1, 2]},
                "rate": {"bin_steps": 100, "bin_ms": 50.0, "time_ms": [0.0, 50.0], "rate_hz": [20.0, 6.6]},
            },
            {"id": "pop_b", "label": "cells", "count": 2, "offset": 3, "events": {"step": [], "neuron": []}},
        ],
        "topology": {
            "projections": [
                {
                    "source": "pop_a",
                    "target": "pop_b",
                    "weight": -2.5,
                    "delay_steps": 3,
                    "n_synapses": 4,
                    "indptr": [0, 2, 2, 4],
                    "indices": [0, 1, 1, 1],
                },
                {
                    "source": "pop_b",
                    "target": "pop_b",
                    "weight": 1.0,
                    "delay_steps": 0,
                    "n_synapses": 300_000,
                },
            ]
        },
        "dt": 0.5,
        "n_steps": 200,
        **changes,
    }


def pack(**changes: Any) -> dict[str, Any]:
    return {
        "schema_version": "studio.replay-pack.v2",
        "request": {"name": "HodgkinHuxleyNeuron", "dt": 0.05},
        "expectation": {
            "n_steps": 4,
            "dt": 0.05,
            "spikes": [1, 3],
            "states": {
                "v": {"n_samples": 4, "samples": [-65.0, 20.0, -70.0, 15.0]},
                "s": {"n_samples": 4, "samples": [[1, 2], [3, 4], [5, 6], [7, 8]]},
                "cut": {"n_samples": 2, "samples": [0.0, 1.0]},
                "old": {"n_samples": 4, "sha256": "0"},
            },
        },
        **changes,
    }


def written(folder: Path, content: Any, name: str = "run.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "SC-NeuroCore Studio"
    return spikeboard.open(path, **options)


def test_a_network_holds_its_populations_spikes_rates_and_synapses(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, graph()))
    assert rec.sampling_rate == 2000 and (rec.t_start, rec.t_stop) == (0, 0.1)
    assert rec.populations[["name", "size"]].to_numpy().tolist() == [["cells", 3], ["cells (2)", 2]]
    assert rec.spikes.to_numpy().tolist() == [[0, 2], [0.002, 0], [0.002, 1], [0.0995, 2]]
    assert rec.units["neuron_type"].tolist()[:3] == ["excitatory"] * 3
    assert rec.rates["cells"].to_numpy().tolist() == [[0.025, 20.0], [0.075, 6.6]]
    synapses = rec.synapses("cells→cells (2)")
    assert synapses.indptr.tolist() == [0, 2, 2, 4] and synapses.indices.tolist() == [0, 1, 1, 1]
    assert synapses.weight is not None and synapses.weight.tolist() == [-2.5] * 4
    assert synapses.delay is not None and synapses.delay.tolist() == [0.0015] * 4
    told = " ".join(rec.notes)
    assert "Studio left out its 300,000 synapses" in told and "1 synapses join a pair" in told


def test_a_replay_pack_holds_a_neurons_spikes_and_states(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, pack()))
    assert rec.populations["name"].tolist() == ["HodgkinHuxleyNeuron"] and rec.t_stop == pytest.approx(2e-4)
    assert rec.spike_times.tolist() == pytest.approx([5e-5, 15e-5])
    assert rec.states["HodgkinHuxleyNeuron.v"].values[:, 0].tolist() == [-65.0, 20.0, -70.0, 15.0]
    assert rec.states["HodgkinHuxleyNeuron.s[1]"].values[:, 0].tolist() == [2, 4, 6, 8]
    told = " ".join(rec.notes)
    assert "'cut' is left out: it has 2 samples for 4 steps" in told and "'old' are not in the pack" in told


def test_the_network_that_studio_simulates_itself_is_read(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sc_neurocore.studio.network import simulate_ei_network
    result = simulate_ei_network(n_exc=20, n_inh=5, duration=60.0, dt=0.1, ext_rate=2000.0)
    rec = opened(written(tmp_path, result))
    assert rec.populations["size"].tolist() == [20, 5] and rec.t_stop == pytest.approx(0.06)
    assert len(rec.spike_times) == len(result["spike_times"]) > 0
    order = np.lexsort((result["spike_neurons"], np.rint(np.array(result["spike_times"]) * 10)))
    assert np.allclose(rec.spike_times, np.array(result["spike_times"])[order] / 1e3, rtol=1e-12, atol=1e-15)
    assert rec.spike_rows.tolist() == np.array(result["spike_neurons"])[order].tolist()


def test_what_the_canvas_of_studio_simulates_is_read(tmp_path: Path) -> None:
    # Nothing in SC-NeuroCore 3.16 writes the schemas of later Studios; this is what its own canvas gives.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sc_neurocore.studio import network_graph as canvas
    ends = (
        canvas.create_population("exc", count=20),
        canvas.create_population("inh", count=5, neuron_type="inhibitory"),
    )
    drawn = {
        "populations": list(ends),
        "projections": [canvas.create_projection(ends[0]["id"], ends[1]["id"])],
    }
    result = canvas.simulate_graph({**drawn, "duration": 60.0, "dt": 0.1})
    rec = opened(written(tmp_path, result))
    # At the canvas's own drive nothing fires.
    assert result["success"] and len(rec.spike_times) == result["n_spikes"]
    assert rec.populations["size"].tolist() == [20, 5] and rec.t_stop == pytest.approx(0.06)
    assert any("the rates that Studio counted" in note for note in rec.notes)


def changed(content: dict[str, Any], *keys: Any, to: Any) -> dict[str, Any]:
    content = copy.deepcopy(content)
    inner: Any = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            changed(graph(), "schema_version", to="studio.replay-pack.v9"),
            "is of the schema 'studio.replay-pack.v9'",
        ),
        (changed(graph(), "dt", to="fast"), "dt is 'fast', which is no number"),
        (changed(graph(), "dt", to=-1), "is no duration"),
        (changed(graph(), "n_steps", to=100), "took 100 steps, but step 199 was recorded"),
        (changed(graph(), "populations", 0, "count", to=2), "has 2 units, but unit 2 spikes"),
        (changed(graph(), "populations", 0, "count", to=10**12), "more than 2,000,000 are not read"),
        (changed(graph(), "populations", 0, "events", "step", to=[1.5, 2, 3, 4]), "no list of whole numbers"),
        (changed(graph(), "populations", 0, "events", "step", to=[1]), "they must pair up"),
        (changed(graph(), "populations", 0, "events", to={}), "lacks 'step'"),
        (changed(graph(), "populations", to={"a": 1}), "something else than its schema says"),
        (changed(graph(), "populations", 1, "id", to="pop_a"), "have the same id"),
        (changed(graph(), "topology", "projections", 0, "target", to="gone"), "joins population 'gone'"),
        (changed(graph(), "topology", "projections", 0, "indptr", to=[0, 3, 2, 4]), "indptr must rise"),
        (
            changed(graph(), "topology", "projections", 0, "indices", to=[0, 1, 1, 9]),
            "has a synapse to unit 9",
        ),
        (changed(pack(), "expectation", to=None), "something else than its schema says"),
        (changed(pack(), "expectation", "spikes", to=[-1]), "no list of whole numbers"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(
    tmp_path: Path, content: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        opened(written(tmp_path, content))


@pytest.mark.parametrize("ending", ["", "[" * 100_000, '"x": NaN}'])
def test_broken_json_is_refused(tmp_path: Path, ending: str) -> None:
    text = json.dumps(graph())[:-1] + ", " + ending
    with pytest.raises(RecordingError, match="is no JSON"):
        opened(written(tmp_path, text))


def test_other_json_is_left_to_others(tmp_path: Path) -> None:
    for number, content in enumerate(({"networks": {}}, [1, 2], {"a": "studio.replay-pack.v2"}, "{")):
        assert not studio.sniff(written(tmp_path, content, f"{number}.json"))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_anywhere_gives_a_recording_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content: Any = data.draw(st.sampled_from([graph(), pack()]))
    content = copy.deepcopy(content)
    inner, path = content, []
    while isinstance(inner, dict | list) and inner and (len(path) < 1 or data.draw(st.booleans())):
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        path.append(data.draw(st.sampled_from([key for key in keys if key != "schema_version"])))
        inner = inner[path[-1]]
    value = data.draw(
        st.sampled_from([None, True, -1, 1e308, 2**60, "x", [], {}, [[1]], [None], ["a"], {"a": 1}])
    )
    file = written(tmp_path_factory.mktemp("any"), changed(content, *path, to=value))
    if studio.sniff(file):
        try:
            studio.read(file)
        except RecordingError:
            return
