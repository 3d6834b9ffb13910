"""SONATA files that other people's programs wrote, against what an independent reader found in them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers.sonata import read
from spikeboard.readers.sonata_network import read_edges
from spikeboard.recording import Recording, Synapses


class Case(NamedTuple):
    folder: str
    truth: str
    path: str
    population: str
    spikes_file: str
    options: Mapping[str, Any] = MappingProxyType({})


WHOLE = "sonata_300_intfire"
REPLAY = "bmtk_450cells_replay"
FLAT = "(none: old flat layout)"
CASES = [
    Case(WHOLE, "v1", "", "v1", "output/spikes.h5"),
    Case(WHOLE, "v1", "config.json", "v1", "output/spikes.h5"),
    Case(WHOLE, "v1", "simulation_config.json", "v1", "output/spikes.h5"),
    Case(WHOLE, f"inputs/lgn_spikes.h5:{FLAT}", "", "lgn", "inputs/lgn_spikes.h5"),
    Case(WHOLE, f"inputs/tw_spikes.h5:{FLAT}", "", "tw", "inputs/tw_spikes.h5"),
    Case("sonata_9cells", "cortex", "", "cortex", "output/spikes.h5"),
    Case("sonata_9cells", "inputs/exc_spike_trains.h5:excvirt", "", "excvirt", "inputs/exc_spike_trains.h5"),
    Case("sonata_9cells", "inputs/inh_spike_trains.h5:inhvirt", "", "inhvirt", "inputs/inh_spike_trains.h5"),
    Case("sonata_multipop", "lgn", "spikes.multipop.h5", "lgn", "spikes.multipop.h5"),
    Case("sonata_multipop", "tw", "spikes.multipop.h5", "tw", "spikes.multipop.h5"),
    Case("sonata_old_flat", f"spikes.old.h5:{FLAT}", "spikes.old.h5", "units", "spikes.old.h5"),
    Case(
        "sonata_old_flat",
        f"external_spike_trains.h5:{FLAT}",
        "external_spike_trains.h5",
        "units",
        "external_spike_trains.h5",
    ),
    Case(
        "sonata_old_flat",
        f"lgn_spikes.h5:{FLAT}",
        "lgn_spikes.h5",
        "units",
        "lgn_spikes.h5",
        {"t_stop": 3.0},
    ),
    Case(
        "sonata_old_flat",
        f"lgn_spikes.h5:{FLAT}",
        "",
        "units",
        "lgn_spikes.h5",
        {"run": "lgn_spikes.h5", "t_stop": 3.0},
    ),
    Case("sonata_onepop_4ways", "v1", "spikes.one_pop.h5", "v1", "spikes.one_pop.h5"),
    Case(REPLAY, "output_full:internal", "", "internal", "output_full/spikes.h5", {"run": "output_full"}),
    Case(REPLAY, "output_prev:internal", "", "internal", "output_prev/spikes.h5", {"run": "output_prev"}),
    Case(REPLAY, "inputs:external", "", "external", "inputs/external_spikes.h5", {"run": "output_prev"}),
    Case(REPLAY, "output_full:internal", "config.all_cells.json", "internal", "output_full/spikes.h5"),
]


@pytest.fixture(scope="module")
def truthcheck(shared_data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("truthcheck", shared_data / "truthcheck.py")
    if spec is None or spec.loader is None:
        raise RuntimeError("truthcheck.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def truth_of(shared_data: Path, folder: str) -> dict[str, Any]:
    return json.loads((shared_data / folder / "truth.json").read_text())


def population_truth(shared_data: Path, case: Case) -> dict[str, Any]:
    populations = truth_of(shared_data, case.folder)["populations"]
    return next(entry for entry in populations if entry["population"] == case.truth)


@cache
def opened(path: Path, **options: Any) -> Recording:
    return read(path, **options)


def spikes_of(rec: Recording, population: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids and times (s) of the spikes of a population, in time order."""
    rows = rec.rows_of(population)
    mine = (rec.spike_rows >= rows.start) & (rec.spike_rows < rows.stop)
    return rec.units["id"].to_numpy()[rec.spike_rows[mine]], rec.spike_times[mine]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.folder}-{case.path}-{case.population}")
class TestSpikes:
    # truthcheck leaves its file to the garbage collector.
    @pytest.mark.filterwarnings("ignore::ResourceWarning")
    def test_agree_with_the_independent_reader(
        self, case: Case, shared_data: Path, truthcheck: ModuleType
    ) -> None:
        rec = opened(shared_data / case.folder / case.path, **case.options)
        ids, times = spikes_of(rec, case.population)
        found = truthcheck.check(case.folder, case.truth, ids, times * 1000)
        # Seconds and back rounds the last bit: that the times are right is the next test's.
        assert [problem for problem in found if "bit-exact" not in problem] == []

    def test_are_the_numbers_in_the_file(self, case: Case, shared_data: Path) -> None:
        rec = opened(shared_data / case.folder / case.path, **case.options)
        ids, times = spikes_of(rec, case.population)
        with h5py.File(shared_data / case.folder / case.spikes_file) as file:
            group = file["spikes"]
            group = group if "timestamps" in group else group[case.population]
            stored = group["timestamps"][:]
            named = group["gids" if "gids" in group else "node_ids"][:].astype(int)
        order = np.lexsort((named, stored))
        np.testing.assert_array_equal(times, stored[order] / 1000)
        np.testing.assert_array_equal(ids, named[order])

    def test_have_the_rates_counts_and_intervals_of_the_truth(self, case: Case, shared_data: Path) -> None:
        rec = opened(shared_data / case.folder / case.path, **case.options)
        truth = population_truth(shared_data, case)
        ids, times = spikes_of(rec, case.population)
        start, stop = truth["t_start_s"], truth["t_stop_s"]
        units = len(rec.rows_of(case.population))
        assert units == truth.get("n_units_total", units)
        assert len(np.unique(ids)) == truth["n_units_with_spikes"]
        assert len(times) / units / (stop - start) == pytest.approx(truth["mean_rate_hz"], rel=1e-9)
        assert np.histogram(times, 10, (start, stop))[0].tolist() == truth["hist10"]
        if truth["duration_from"] == "metadata":
            assert (rec.t_start, rec.t_stop) == (start, stop)
        else:
            assert rec.t_stop >= times.max()
            assert any("do not say when the run began and ended" in note for note in rec.notes)

    def test_have_the_trains_of_the_truth(self, case: Case, shared_data: Path) -> None:
        rec = opened(shared_data / case.folder / case.path, **case.options)
        rows = rec.rows_of(case.population)
        ids = rec.units["id"].to_numpy()
        for name, expected in population_truth(shared_data, case)["units"].items():
            row = rows.start + int(np.flatnonzero(ids[rows.start : rows.stop] == int(name))[0])
            train = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]] * rec.tick
            gaps = np.diff(train)
            assert len(train) == expected["n"]
            assert train[0] == pytest.approx(expected["first_s"], abs=1e-9)
            assert train[-1] == pytest.approx(expected["last_s"], abs=1e-9)
            if len(gaps):
                assert gaps.mean() == pytest.approx(expected["isi_mean_s"], abs=2e-9)
                assert np.median(gaps) == pytest.approx(expected["isi_median_s"], abs=2e-9)
            if "cv" in expected:
                assert gaps.std() / gaps.mean() == pytest.approx(expected["cv"], rel=1e-5)


EDGES = [
    (WHOLE, {}, name, nsyns) for name, nsyns in (("v1_to_v1", True), ("lgn_to_v1", True), ("tw_to_v1", True))
] + [
    ("sonata_9cells", {}, "excvirt_to_cortex", False),
    ("sonata_9cells", {}, "inhvirt_to_cortex", False),
    (REPLAY, {"run": "output_full"}, "internal_to_internal", True),
    (REPLAY, {"run": "output_full"}, "external_to_internal", True),
]


def ends(synapses: Synapses) -> tuple[np.ndarray, np.ndarray]:
    sources = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))
    return sources, synapses.indices.astype(np.int64)


@pytest.mark.parametrize(("folder", "options", "name", "nsyns"), EDGES, ids=lambda value: str(value)[:30])
def test_edges_have_the_counts_degrees_and_weights_of_the_truth(
    shared_data: Path, folder: str, options: dict[str, Any], name: str, nsyns: bool
) -> None:
    rec = opened(shared_data / folder, **options)
    truth = truth_of(shared_data, folder)["edges"][name]
    synapses = rec.synapses(name)
    sources, targets = ends(synapses)
    assert (synapses.source, synapses.target) == (truth["source_population"], truth["target_population"])
    assert len(synapses) == truth["n_edges"]
    assert len(np.unique(sources)) == truth["n_sources"]
    assert len(np.unique(targets)) == truth["n_targets"]
    assert np.bincount(sources).max() == truth["out_degree_max"]
    assert np.bincount(targets).max() == truth["in_degree_max"]
    assert len(np.unique(sources * 10**6 + targets)) == truth["n_distinct_pairs"]
    if truth["self_loops"] is not None:
        assert np.count_nonzero(sources == targets) == truth["self_loops"]
    assert synapses.weight is not None
    assert synapses.weight.sum() == pytest.approx(truth["weight_x_nsyns_sum"], rel=1e-12)
    assert (f"{truth['total_synapses_nsyns']:,} synapses" in " ".join(rec.notes)) == nsyns
    assert synapses.delay is not None
    assert np.all(synapses.delay == 0.002)


@pytest.mark.parametrize(("folder", "options", "name", "nsyns"), EDGES, ids=lambda value: str(value)[:30])
def test_edges_are_those_in_the_file(
    shared_data: Path, folder: str, options: dict[str, Any], name: str, nsyns: bool
) -> None:
    path = next(shared_data.glob(f"{folder}/network/{name.replace('_to_', '_')}_edges.h5"))
    truth = truth_of(shared_data, folder)["edges"][name]
    edges = read_edges(path)[0]
    packed = edges.sources.astype("<i8").tobytes() + edges.targets.astype("<i8").tobytes()
    assert hashlib.sha256(packed).hexdigest() == truth["edges_sha256"]
    sources, targets = ends(opened(shared_data / folder, **options).synapses(name))
    order = np.lexsort((edges.targets, edges.sources))
    np.testing.assert_array_equal(sources, edges.sources[order])
    np.testing.assert_array_equal(targets, edges.targets[order])


def test_weights_go_to_the_edges_they_belong_to(shared_data: Path) -> None:
    """Weight by edge type times nsyns, looked up edge by edge in plain Python."""
    folder = shared_data / WHOLE / "network"
    rows = [line.split(" ") for line in (folder / "v1_v1_edge_types.csv").read_text().splitlines()]
    of_type = {int(row[0]): float(row[rows[0].index("syn_weight")]) for row in rows[1:]}
    with h5py.File(folder / "v1_v1_edges.h5") as file:
        group = file["edges/v1_to_v1"]
        columns = [
            group[key][:].tolist() for key in ("source_node_id", "target_node_id", "edge_type_id", "0/nsyns")
        ]
    expected = {(source, target): of_type[kind] * n for source, target, kind, n in zip(*columns, strict=True)}
    synapses = opened(shared_data / WHOLE).synapses("v1_to_v1")
    sources, targets = ends(synapses)
    assert synapses.weight is not None
    found = dict(zip(zip(sources.tolist(), targets.tolist(), strict=True), synapses.weight, strict=True))
    assert found == expected


def test_edge_types_count_as_in_the_truth(shared_data: Path) -> None:
    truth = truth_of(shared_data, WHOLE)["edges"]["v1_to_v1"]
    synapses = opened(shared_data / WHOLE).synapses("v1_to_v1")
    assert synapses.weight is not None
    weights, counts = np.unique(np.round(synapses.weight / 10, 6), return_counts=True)
    assert dict(zip(weights, counts, strict=True)) == {
        0.002: truth["edges_per_type"]["103"],
        0.01: truth["edges_per_type"]["100"],
        0.15: truth["edges_per_type"]["101"],
        0.3: truth["edges_per_type"]["102"],
    }


@pytest.mark.parametrize("folder", [WHOLE, REPLAY])
def test_all_cells_of_the_nodes_files_are_units(shared_data: Path, folder: str) -> None:
    rec = opened(shared_data / folder, **({"run": "output_full"} if folder == REPLAY else {}))
    sizes = dict(zip(rec.populations["name"], rec.populations["size"], strict=True))
    assert sizes == truth_of(shared_data, folder)["nodes"]


def test_a_soma_report_is_the_one_of_the_truth(shared_data: Path) -> None:
    truth = truth_of(shared_data, "sonata_9cells")["reports"]["cortex"]
    state = opened(shared_data / "sonata_9cells").states["membrane_potential"]
    start, stop, step = (value / 1000 for value in truth["time_start_stop_dt"])
    assert list(state.values.shape) == truth["shape_time_by_element"]
    assert state.values.mean() == pytest.approx(truth["mean"], rel=1e-12)
    assert (state.values.min(), state.values.max()) == (truth["min"], truth["max"])
    assert state.values[0, :5].tolist() == truth["row0"]
    assert state.values[-1, :5].tolist() == truth["row_last"]
    assert (state.variable, state.unit) == (truth["variable"], "")
    assert len(state.time) == truth["expected_n_times"]
    assert state.time[0] == start
    assert state.time[-1] == pytest.approx(stop - step, abs=1e-12)
    assert state.rows.tolist() == truth["node_ids"]


def test_a_report_alone_has_the_time_it_was_sampled(shared_data: Path) -> None:
    rec = opened(shared_data / "sonata_9cells" / "output" / "membrane_potential.h5")
    assert (rec.t_start, rec.t_stop, rec.sampling_rate, len(rec.units)) == (0.0, 3.0, 10000.0, 9)


def test_the_units_of_a_circuit_say_what_the_types_say(shared_data: Path) -> None:
    units = opened(shared_data / WHOLE).units
    assert units[units["population"] == "v1"]["ei"].value_counts().to_dict() == {"e": 240, "i": 60}
    lgn = units[units["population"] == "lgn"]
    assert set(lgn["model_type"]) == {"virtual"}
    assert lgn["x"].iloc[0] == 52.397515618501735
    assert units[units["population"] == "tw"]["x"].isna().all()


def test_a_cell_of_two_node_groups_has_its_own_position(shared_data: Path) -> None:
    """450 nodes: the first 300 in group 0, the others in group 1."""
    units = read(shared_data / REPLAY, run="output_full").units
    internal = units[units["population"] == "internal"]
    assert internal["x"].iloc[[0, 300]].tolist() == [1.1500493867697412, -16.40458749257851]
    assert internal["z"].iloc[[0, 300]].tolist() == [44.82496737632331, -28.092078019841182]


def test_two_runs_in_one_folder_are_asked_for(shared_data: Path) -> None:
    with pytest.raises(Undecided) as asked:
        read(shared_data / REPLAY)
    (question,) = asked.value.questions
    assert question.name == "run"
    assert [choice.value for choice in question.choices] == ["output_full", "output_prev"]
    assert question.choices[0].implies == "4,844 spikes, 3.59 Hz per unit over 0–3 s"
    with pytest.raises(RecordingError, match="no run 'output_all'; there is 'output_full'"):
        read(shared_data / REPLAY, run="output_all")


def test_the_name_says_which_run_was_taken(shared_data: Path) -> None:
    assert read(shared_data / REPLAY, run="output_prev").name == "bmtk_450cells_replay, output_prev"


def test_a_replayed_run_is_called_so(shared_data: Path) -> None:
    notes = read(shared_data / REPLAY / "config.all_cells.json").notes
    assert any("replayed into it (output_full/spikes.h5)" in note for note in notes)
    assert any("'output_allcells/spikes.h5', which is not there" in note for note in notes)


def test_a_report_that_was_asked_for_but_not_written_is_mentioned(shared_data: Path) -> None:
    notes = opened(shared_data / "sonata_9cells").notes
    assert any("'output/calcium_concentration.h5', which is not there" in note for note in notes)


@pytest.mark.parametrize("path", ["circuit_config.json", "network/v1_nodes.h5", "network/v1_v1_edges.h5"])
def test_a_circuit_without_a_run_opens_without_spikes(shared_data: Path, path: str) -> None:
    rec = opened(shared_data / WHOLE / path)
    assert len(rec.spike_times) == 0
    assert len(rec.rows_of("v1")) == 300
    assert "no spikes are in these files" in rec.notes


def test_a_whole_circuit_goes_through_the_store(shared_data: Path) -> None:
    first = spikeboard.open(shared_data / WHOLE)
    again = spikeboard.open(shared_data / WHOLE)
    assert again.folder == first.folder
    assert again.digest == opened(shared_data / WHOLE).digest
    assert again.units.equals(first.units)
    np.testing.assert_array_equal(
        again.synapses("lgn_to_v1").indices, read(shared_data / WHOLE).synapses("lgn_to_v1").indices
    )
