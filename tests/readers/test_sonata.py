"""SONATA files made by hand: both dialects, every layout, what is left open and what does not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_sonata import (
    allen_run,
    blue_brain_run,
    write_edges,
    write_json,
    write_nodes,
    write_report,
    write_spikes,
)

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers.sonata import read, sniff
from spikeboard.readers.sonata_network import read_edges, synapses
from spikeboard.recording import Recording

MILLISECONDS = ["ms", "msec", "milliseconds"]


def pairs(rec: Recording) -> list[tuple[str, float]]:
    """Every spike as (unit, time)."""
    return [(rec.label(row), time) for row, time in zip(rec.spike_rows, rec.spike_times, strict=True)]


def noted(rec: Recording, text: str) -> bool:
    return any(text in note for note in rec.notes)


class TestTheAllenDialect:
    @pytest.fixture(params=["folder", "config.json", "simulation_config.json"])
    def rec(self, tmp_path: Path, request: pytest.FixtureRequest) -> Recording:
        allen_run(tmp_path / "run")
        return read(tmp_path / "run" if request.param == "folder" else tmp_path / "run" / str(request.param))

    def test_spikes_of_the_run_and_of_what_drives_it(self, rec: Recording) -> None:
        assert pairs(rec) == [
            ("drive 1", 0.005),
            ("cells 0", 0.01),
            ("drive 0", 0.015),
            ("cells 1", 0.0205),
            ("cells 2", 0.0301),
            ("cells 0", 0.0999),
        ]

    def test_silent_cells_are_units(self, rec: Recording) -> None:
        assert rec.counts.tolist() == [2, 1, 1, 0, 1, 1]
        assert rec.populations["name"].tolist() == ["cells", "drive"]

    def test_the_run_gives_duration_and_clock(self, rec: Recording) -> None:
        assert (rec.t_start, rec.t_stop, rec.sampling_rate) == (0.0, 0.1, 10000.0)
        assert rec.train_ticks.tolist() == [100, 999, 205, 301, 150, 50]

    def test_units_have_what_file_and_types_say(self, rec: Recording) -> None:
        assert rec.units["ei"].tolist()[:4] == ["e", "e", "e", "i"]
        assert rec.units["pop_name"].tolist()[:3] == ["pyramidal cell"] * 3
        assert rec.units["pop_name"].isna().tolist()[3:] == [True] * 3
        assert rec.units["x"].tolist()[:4] == [0.0, 1.0, 2.0, 3.0]
        assert rec.units["x"].isna().tolist()[4:] == [True, True]

    def test_weights_are_type_weight_times_synapses(self, rec: Recording) -> None:
        found = rec.synapses("cells_to_cells")
        assert found.indptr.tolist() == [0, 2, 3, 4, 5]
        assert found.indices.tolist() == [1, 1, 0, 2, 0]
        np.testing.assert_array_equal(found.weight, [0.5, 1.0, np.nan, 2.0, 0.75])
        np.testing.assert_allclose(found.delay, [0.002, 0.002, 0.0005, 0.002, 0.0015])
        assert noted(rec, "5 edges stand for 15 synapses (nsyns)")
        assert noted(rec, "1 edges have no finite weight")

    def test_a_weight_of_the_edge_beats_that_of_its_type(self, rec: Recording) -> None:
        found = rec.synapses("drive_to_cells")
        assert found.weight is not None
        assert (found.indices.tolist(), found.weight.tolist()) == ([0, 3], [7.0, 8.0])
        assert found.delay is None

    def test_a_compartment_report_labels_unit_and_element(self, rec: Recording) -> None:
        state = rec.states["voltage"]
        assert (state.variable, state.unit, state.axis) == ("v", "mV", "v (mV)")
        assert state.rows.tolist() == [0, 1, 1, 1]
        assert state.labels == (
            "cells 0",
            "cells 1, section 0 at 0.5",
            "cells 1, section 1 at 0.25",
            "cells 1, section 1 at 0.75",
        )
        np.testing.assert_array_equal(state.time, np.arange(1000) / 10000)
        np.testing.assert_array_equal(state.values[2], [8.0, 9.0, 10.0, 11.0])

    def test_positive_weights_of_inhibitory_cells_are_mentioned(self, rec: Recording) -> None:
        assert noted(rec, "weights of inhibitory cells are positive in 'cells_to_cells'")

    def test_a_variable_that_no_file_needs_may_lead_elsewhere(self, rec: Recording) -> None:
        assert not noted(rec, "nowhere")


class TestTheBlueBrainDialect:
    @pytest.fixture(params=["folder", "config"])
    def rec(self, tmp_path: Path, request: pytest.FixtureRequest) -> Recording:
        config = blue_brain_run(tmp_path / "run")
        return read(config.parent if request.param == "folder" else config)

    def test_spikes(self, rec: Recording) -> None:
        assert pairs(rec) == [("Column 2", 0.0005), ("Column 0", 0.0015), ("Column 2", 0.0025)]
        assert (rec.t_stop, rec.sampling_rate) == (0.004, 40000.0)

    def test_node_ids_are_positions_where_the_file_leaves_them_out(self, rec: Recording) -> None:
        assert rec.units["id"].tolist() == [0, 1, 2]

    def test_names_are_looked_up_in_the_library(self, rec: Recording) -> None:
        assert rec.units["mtype"].tolist() == ["L5_TPC", "L1_DAC", "L5_TPC"]
        assert rec.units["model_type"].tolist() == ["biophysical"] * 3

    def test_edges_without_group_columns(self, rec: Recording) -> None:
        found = rec.synapses("Column__Column__chemical")
        assert found.weight is not None and found.delay is not None
        assert (found.indptr.tolist(), found.indices.tolist()) == ([0, 1, 2, 3], [1, 0, 1])
        assert (found.weight.tolist(), found.weight_unit) == ([0.5, 2.0, 1.5], "nS")
        assert found.delay.tolist() == [0.00025, 0.004, 0.001]

    def test_a_report_says_its_unit_and_the_config_its_variable(self, rec: Recording) -> None:
        state = rec.states["soma"]
        assert (state.variable, state.unit, state.values.dtype) == ("v", "mV", np.float32)

    def test_a_simulation_means_the_circuit_beside_it(self, tmp_path: Path) -> None:
        config = blue_brain_run(tmp_path / "run")
        config.write_text(config.read_text().replace('"network": "./circuit_config.json", ', ""))
        assert len(read(config).units) == 3

    def test_sorting_as_a_named_number_is_not_trusted(self, tmp_path: Path) -> None:
        path = write_spikes(
            tmp_path / "s.h5", {"a": ([3.0, 1.0], [0, 1])}, sorting="by_time", named_number=True
        )
        rec = read(path)
        assert rec.spike_times.tolist() == [0.001, 0.003]
        assert noted(rec, "says that its spikes are sorted 'by_time'; they are not")


class TestSpikes:
    @pytest.mark.parametrize("ids_type", ["u1", "u2", "u4", "u8", "i8", ">u4", ">i8", "f8"])
    @pytest.mark.parametrize("times_type", ["f8", ">f8", "f4"])
    def test_of_any_number_type(self, tmp_path: Path, ids_type: str, times_type: str) -> None:
        path = write_spikes(
            tmp_path / "s.h5",
            {"a": ([8.0, 2.0, 4.0], [200, 7, 200])},
            ids_type=ids_type,
            times_type=times_type,
        )
        assert pairs(read(path)) == [("a 7", 0.002), ("a 200", 0.004), ("a 200", 0.008)]

    @pytest.mark.parametrize(
        ("unit", "seconds"),
        [(name, 0.008) for name in MILLISECONDS] + [("s", 8.0), ("seconds", 8.0), ("us", 8e-6), ("ns", 8e-9)],
    )
    def test_in_any_unit(self, tmp_path: Path, unit: str, seconds: float) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([8.0], [0])}, units=unit))
        assert rec.spike_times.tolist() == [seconds]
        assert not noted(rec, "time unit")

    def test_without_a_unit_are_milliseconds_and_it_is_said(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([8.0], [0])}, units=None)
        rec = read(path)
        assert rec.spike_times.tolist() == [0.008]
        assert noted(rec, "does not state its time unit: ms")
        assert read(path, time_unit="s").spike_times.tolist() == [8.0]

    def test_in_a_unit_that_is_none_of_time_are_refused(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([8.0], [0])}, units="fortnight")
        with pytest.raises(RecordingError, match=r"'a' in 's\.h5' is in units of 'fortnight'; times must be"):
            read(path)
        with pytest.raises(RecordingError, match="in units of 'weeks'"):
            read(path, time_unit="weeks")

    def test_a_unit_asked_against_the_file_is_said(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([8.0], [0])}), time_unit="s")
        assert rec.spike_times.tolist() == [8.0]
        assert noted(rec, "the file says ms; s was taken as asked")

    def test_ids_start_again_in_each_population(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([1.0], [0]), "b": ([2.0], [0])}))
        assert pairs(rec) == [("a 0", 0.001), ("b 0", 0.002)]

    def test_the_flat_layout_is_one_population_without_a_name(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {None: ([1.0, 0.5], [3, 4])}))
        assert pairs(rec) == [("units 4", 0.0005), ("units 3", 0.001)]
        assert noted(rec, "'s.h5' names no population: its cells are called 'units'")

    def test_not_finite_times_are_left_out_and_counted(self, tmp_path: Path) -> None:
        times = [1.0, np.nan, np.inf, -np.inf, 2.0]
        rec = read(write_spikes(tmp_path / "s.h5", {"a": (times, range(5))}))
        assert pairs(rec) == [("a 0", 0.001), ("a 4", 0.002)]
        assert noted(rec, "3 spikes without a finite time were left out")

    def test_before_zero_move_the_start(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([-100.0, 5.0], [0, 0])}))
        assert (rec.t_start, rec.t_stop) == (-0.1, 0.005)

    def test_duplicates_are_kept_and_counted(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([1.0, 1.0, 1.0, 2.0], [0, 0, 1, 1])}))
        assert len(rec.spike_times) == 4
        assert noted(rec, "1 spike is an exact duplicate (same unit, same time) and was kept")

    def test_two_units_at_one_time_are_no_duplicates(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([1.0, 1.0, 1.0], [0, 1, 2])}))
        assert not noted(rec, "duplicates")

    def test_huge_ids_stay_apart(self, tmp_path: Path) -> None:
        ids = [7, 2**40, 2**53, 2**53 + 1, 2**63 + 5]
        path = write_spikes(tmp_path / "s.h5", {"a": (range(5), ids), "b": ([1.0], [1])})
        rec = spikeboard.open(path)
        assert rec.units["id"].tolist() == [*ids, 1]
        assert rec.counts.tolist() == [1] * 6

    def test_ids_below_zero_are_kept_and_said(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([1.0, 2.0], [-1, 0])}, ids_type="i8"))
        assert pairs(rec) == [("a -1", 0.001), ("a 0", 0.002)]
        assert noted(rec, "ids below 0 in 'a'")

    def test_coarse_times_are_said(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([3.6e7], [0])}, times_type="f4")
        assert noted(read(path), "stores times as float32: at 3.6e+04 s they are 4 ms apart")

    def test_fine_single_precision_times_need_no_word(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([5.0], [0])}, times_type="f4")
        assert not noted(read(path), "float32")

    def test_none_at_all(self, tmp_path: Path) -> None:
        rec = read(write_spikes(tmp_path / "s.h5", {"a": ([], [])}))
        assert (len(rec.spike_times), rec.t_start, rec.t_stop) == (0, 0.0, 0.0)
        assert noted(rec, "no spikes are in these files")

    def test_a_population_group_without_data_is_empty_and_said(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([1.0], [0])})
        with h5py.File(path, "a") as file:
            file.create_group("spikes/b")
        assert noted(read(path), "population 'b' in 's.h5' has neither times nor ids")

    def test_the_stop_that_no_file_tells_is_said_and_overruled(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([1.0], [0])})
        assert noted(read(path), "0 s and the last spike, 0.001 s, were taken")
        rec = read(path, t_start=-1.0, t_stop=2.5)
        assert (rec.t_start, rec.t_stop) == (-1.0, 2.5)
        assert not noted(rec, "the last spike")

    def test_a_stop_before_the_last_spike_is_refused(self, tmp_path: Path) -> None:
        path = write_spikes(tmp_path / "s.h5", {"a": ([1.0], [0])})
        with pytest.raises(RecordingError, match="do not lie within"):
            read(path, t_stop=0.0005)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        spikes=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 50)), max_size=60),
        sorting=st.sampled_from(["none", "by_id", "by_time"]),
        flat=st.booleans(),
        named_number=st.booleans(),
    )
    def test_are_the_sorted_ones_of_the_file_whatever_its_order(
        self,
        tmp_path: Path,
        spikes: list[tuple[int, int]],
        sorting: str,
        flat: bool,
        named_number: bool,
    ) -> None:
        times, ids = [tick / 1000 for tick, _ in spikes], [unit for _, unit in spikes]
        name = None if flat else "a"
        path = write_spikes(
            tmp_path / "s.h5", {name: (times, ids)}, sorting=sorting, named_number=named_number
        )
        rec = read(path)
        known = sorted(set(ids))
        assert rec.units["id"].tolist() == known
        expected = sorted((tick / 1e6, known.index(unit)) for tick, unit in spikes)
        np.testing.assert_allclose(rec.spike_times, [time for time, _ in expected], rtol=0, atol=1e-12)
        assert rec.spike_rows.tolist() == [row for _, row in expected]


class TestEdges:
    def test_from_cells_that_do_not_exist_are_left_out_and_counted(self, tmp_path: Path) -> None:
        write_nodes(tmp_path / "nodes.h5", "a", 3, ids=[0, 1, 2])
        write_edges(tmp_path / "edges.h5", "a_to_a", "a", "a", [(0, 1), (0, 2**40), (999, 1), (2, 2)])
        rec = read(tmp_path)
        assert rec.synapses("a_to_a").indices.tolist() == [1, 2]
        assert noted(rec, "2 edges from or to cells that do not exist were left out")

    def test_without_nodes_make_the_cells_they_name(self, tmp_path: Path) -> None:
        rec = read(write_edges(tmp_path / "e.h5", "x", "a", "b", [(5, 2**40), (7, 3)]))
        assert rec.units["id"].tolist() == [5, 7, 3, 2**40]
        assert rec.synapses("x").indices.tolist() == [1, 0]
        assert noted(rec, "no nodes file lists the cells of 'a', 'b'")

    @pytest.mark.parametrize("name", ["a_to_b", "a__b__chemical"])
    def test_take_the_names_of_their_populations_from_their_own(self, tmp_path: Path, name: str) -> None:
        found = read(write_edges(tmp_path / "e.h5", name, None, None, [(0, 0)])).synapses(name)
        assert (found.source, found.target) == ("a", "b")

    def test_without_weights_have_none(self, tmp_path: Path) -> None:
        rec = read(write_edges(tmp_path / "e.h5", "a_to_a", "a", "a", [(0, 1)], columns={"nsyns": [4]}))
        assert rec.synapses("a_to_a").weight is None
        assert noted(rec, "no weights, neither per edge nor per edge type")

    def test_a_self_loop_is_one_within_a_population_only(self, tmp_path: Path) -> None:
        path = write_edges(tmp_path / "e.h5", "a_to_b", "a", "b", [(0, 0), (1, 1)])
        rec = read(path)
        found = rec.synapses("a_to_b")
        assert found.source != found.target
        assert set(rec.rows_of("a")).isdisjoint(rec.rows_of("b"))

    def test_group_numbers_without_data_leave_no_weight(self, tmp_path: Path) -> None:
        path = write_edges(
            tmp_path / "e.h5", "a_to_a", "a", "a", [(0, 0), (1, 1)], columns={"syn_weight": [1.0, 2.0]}
        )
        with h5py.File(path, "a") as file:
            file["edges/a_to_a/edge_group_id"][1] = 5
        rec = read(path)
        np.testing.assert_array_equal(rec.synapses("a_to_a").weight, [1.0, np.nan])
        assert noted(rec, "1 edges have no finite weight")

    def test_two_groups_are_read_by_index(self, tmp_path: Path) -> None:
        path = write_edges(
            tmp_path / "e.h5",
            "a_to_a",
            "a",
            "a",
            [(0, 0), (1, 1), (2, 2)],
            columns={"syn_weight": [1.0, 2.0]},
        )
        with h5py.File(path, "a") as file:
            file["edges/a_to_a/1/syn_weight"] = [30.0]
            file["edges/a_to_a/edge_group_id"][:] = [0, 1, 0]
            file["edges/a_to_a/edge_group_index"][:] = [1, 0, 0]
        weight = read(path).synapses("a_to_a").weight
        assert weight is not None
        assert weight.tolist() == [2.0, 30.0, 1.0]

    def test_an_index_that_is_left_out_counts_within_each_group(self, tmp_path: Path) -> None:
        path = write_edges(
            tmp_path / "e.h5",
            "a_to_a",
            "a",
            "a",
            [(0, 0), (1, 1), (2, 2)],
            columns={"syn_weight": [1.0, 2.0]},
        )
        with h5py.File(path, "a") as file:
            file["edges/a_to_a/1/syn_weight"] = [30.0]
            file["edges/a_to_a/edge_group_id"][:] = [0, 1, 0]
            del file["edges/a_to_a/edge_group_index"]
        weight = read(path).synapses("a_to_a").weight
        assert weight is not None
        assert weight.tolist() == [1.0, 30.0, 2.0]

    def test_columns_of_different_lengths_are_refused(self, tmp_path: Path) -> None:
        path = write_edges(tmp_path / "e.h5", "a_to_a", "a", "a", [(0, 0), (1, 1)])
        with h5py.File(path, "a") as file:
            del file["edges/a_to_a/target_node_id"]
            file["edges/a_to_a/target_node_id"] = [0]
        with pytest.raises(RecordingError, match=r"'a_to_a' in 'e\.h5' has 2 sources but 1 targets"):
            read(path)

    def test_types_of_another_population_do_not_count(self, tmp_path: Path) -> None:
        write_edges(tmp_path / "x_edges.h5", "a_to_a", "a", "a", [(0, 0)], types=[1])
        (tmp_path / "x_edge_types.csv").write_text(
            "edge_type_id population syn_weight\n1 b_to_b 9.0\n1 a_to_a 3.0\n"
        )
        weight = read(tmp_path).synapses("a_to_a").weight
        assert weight is not None
        assert weight.tolist() == [3.0]

    def test_a_broken_table_of_types_is_refused(self, tmp_path: Path) -> None:
        write_edges(tmp_path / "x_edges.h5", "a_to_a", "a", "a", [(0, 0)], types=[1])
        (tmp_path / "x_edge_types.csv").write_text("type weight\n1 2\n")
        with pytest.raises(
            RecordingError, match=r"'x_edge_types.csv' has no column edge_type_id; it has type"
        ):
            read(tmp_path)

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        edges=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(1, 9)), max_size=40),
    )
    def test_sparse_rows_hold_every_edge_once(
        self, tmp_path: Path, edges: list[tuple[int, int, int]]
    ) -> None:
        """Against a dense count and sum by the definition."""
        path = tmp_path / "e.h5"
        path.unlink(missing_ok=True)
        write_edges(
            path,
            "x",
            "a",
            "b",
            [(source, target) for source, target, _ in edges],
            columns={"syn_weight": [float(weight) for *_, weight in edges]},
        )
        ids_a, ids_b = np.array([6, 5, 4, 3, 2, 1, 0]), np.arange(5)
        found, lost = synapses(read_edges(path)[0], ids_a, ids_b)
        expected = np.zeros((7, 5))
        for source, target, weight in edges:
            expected[6 - source, target] += weight
        rows = np.repeat(np.arange(7), np.diff(found.indptr))
        dense = np.zeros((7, 5))
        np.add.at(dense, (rows, found.indices), found.weight)
        np.testing.assert_array_equal(dense, expected)
        assert (len(found), lost) == (len(edges), [])


class TestReports:
    def test_pointers_that_do_not_divide_the_elements_are_refused(self, tmp_path: Path) -> None:
        path = write_report(tmp_path / "r.h5", "a", np.zeros((10, 3)), [0, 1], [1, 2], [0, 0, 1])
        with h5py.File(path, "a") as file:
            file["report/a/mapping/index_pointer"][:] = [0, 5, 3]
        with pytest.raises(RecordingError, match="does not divide 3 elements among 2 cells"):
            read(path)

    def test_starts_alone_will_do_as_pointers(self, tmp_path: Path) -> None:
        path = write_report(tmp_path / "r.h5", "a", np.zeros((10, 3)), [4, 6], [1, 2], [0, 0, 1])
        with h5py.File(path, "a") as file:
            del file["report/a/mapping/index_pointer"]
            file["report/a/mapping/index_pointer"] = np.array([0, 1], "u1")
        assert read(path).states["r"].labels == ("a 4", "a 6, section 0", "a 6, section 1")

    def test_data_that_do_not_fit_the_elements_are_refused(self, tmp_path: Path) -> None:
        path = write_report(tmp_path / "r.h5", "a", np.zeros((10, 4)), [0, 1], [1, 2], [0, 0, 1])
        with pytest.raises(
            RecordingError, match=r"data of shape \(10, 4\), but its mapping names 3 elements"
        ):
            read(path)

    def test_fewer_samples_than_announced_are_said(self, tmp_path: Path) -> None:
        path = write_report(tmp_path / "r.h5", "a", np.zeros((7, 1)), [0], [1], [0])
        rec = read(path)
        assert noted(rec, "has 7 samples, but its times (0–0.001 s, every 0.1 ms) speak of 10")
        assert len(rec.states["r"].time) == 7

    @pytest.mark.parametrize("span", [(0.0, 1.0, 0.0), (2.0, 1.0, 0.1), (0.0, np.nan, 0.1)])
    def test_impossible_times_are_refused(self, tmp_path: Path, span: tuple[float, float, float]) -> None:
        path = write_report(tmp_path / "r.h5", "a", np.zeros((10, 1)), [0], [1], [0], span=span)
        with pytest.raises(RecordingError, match="impossible"):
            read(path)

    def test_a_late_start(self, tmp_path: Path) -> None:
        path = write_report(
            tmp_path / "r.h5", "a", np.zeros((10, 1)), [0], [1], [0], span=(500.0, 501.0, 0.1)
        )
        rec = read(path)
        np.testing.assert_array_equal(rec.states["r"].time, np.arange(5000, 5010) / 10000)
        assert (rec.t_start, rec.t_stop) == (0.0, 0.501)

    def test_of_the_old_layout(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "v.h5", "w") as file:
            file["data"] = np.zeros((4, 2))
            file["mapping/gids"] = [3, 9]
            file["mapping/element_id"] = [0, 0]
            file["mapping/index_pointer"] = [0, 1]
            file["mapping/time"] = [0.0, 4.0, 1.0]
        rec = read(tmp_path / "v.h5")
        assert rec.states["v"].labels == ("units 3", "units 9")
        assert rec.states["v"].time.tolist() == [0.0, 0.001, 0.002, 0.003]

    def test_of_a_population_called_otherwise_goes_to_the_one_that_fits(self, tmp_path: Path) -> None:
        write_nodes(tmp_path / "v1_nodes.h5", "v1", 2, ids=[0, 1])
        write_report(tmp_path / "v.h5", "cortical", np.zeros((10, 2)), [0, 1], [1, 1], [0, 0])
        rec = read(tmp_path)
        assert rec.states["v"].rows.tolist() == [0, 1]
        assert noted(rec, "report 'v' speaks of 'cortical': its cells were taken for those of 'v1'")

    def test_of_a_cell_that_does_not_exist_is_refused(self, tmp_path: Path) -> None:
        write_nodes(tmp_path / "v1_nodes.h5", "v1", 2, ids=[0, 1])
        write_report(tmp_path / "v.h5", "v1", np.zeros((10, 2)), [0, 7], [1, 1], [0, 0])
        with pytest.raises(RecordingError, match="report 'v' names cell 7, which population 'v1' lacks"):
            read(tmp_path)

    def test_at_electrodes_are_of_no_unit(self, tmp_path: Path) -> None:
        write_spikes(tmp_path / "spikes.h5", {"a": ([0.1], [0])})
        with h5py.File(tmp_path / "ecp.h5", "w") as file:
            file["ecp/data"] = np.arange(20.0).reshape(10, 2)
            file["ecp/data"].attrs["units"] = "mV"
            file["ecp/channel_id"] = [4, 8]
            file["ecp/time"] = [0.0, 1.0, 0.1]
        state = read(tmp_path).states["ecp"]
        assert (state.rows.tolist(), state.labels) == ([-1, -1], ("channel 4", "channel 8"))
        assert (state.variable, state.unit) == ("ecp", "mV")

    def test_two_of_one_name_stay_apart(self, tmp_path: Path) -> None:
        path = write_report(tmp_path / "v.h5", "a", np.zeros((10, 1)), [0], [1], [0])
        with h5py.File(path, "a") as file:
            file.copy("report/a", file["report"], name="b")
        assert list(read(path).states) == ["v (a)", "v (b)"]


class TestConfigs:
    def test_missing_files_are_said_and_the_rest_opens(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        (tmp_path / "run" / "inputs" / "drive.h5").unlink()
        rec = read(tmp_path / "run")
        assert noted(rec, "names 'inputs/drive.h5', which is not there")
        assert noted(rec, "no file holds spikes of 'drive': shown as silent")

    def test_what_no_config_names_is_found_in_the_folder(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "inputs" / "more.h5", {"other": ([1.0], [0])})
        assert read(tmp_path / "run").rows_of("other") == range(6, 7)
        with pytest.raises(RecordingError, match="no population 'other'"):
            read(tmp_path / "run" / "config.json").rows_of("other")

    def test_the_run_of_the_config_is_taken_and_others_are_said(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "earlier" / "spikes.h5", {"cells": ([50.0], [3])})
        rec = read(tmp_path / "run")
        assert rec.counts[:4].tolist() == [2, 1, 1, 0]
        assert noted(rec, "spikes of other runs are there, too: 'earlier'")
        other = read(tmp_path / "run", run="earlier")
        assert other.counts[:4].tolist() == [0, 0, 0, 1]
        assert other.states == {}

    def test_reports_stay_with_their_run(self, tmp_path: Path) -> None:
        for number in (1, 2):
            folder = tmp_path / f"run{number}"
            write_spikes(folder / "spikes.h5", {"a": ([float(number)], [0])})
            write_report(
                folder / "v.h5", "a", np.full((10, 1), float(number)), [0], [1], [0], span=(0.0, 10.0, 1.0)
            )
        with pytest.raises(Undecided):
            read(tmp_path)
        rec = read(tmp_path, run="run2")
        assert rec.states["v"].values[0, 0] == 2.0
        assert rec.spike_times.tolist() == [0.002]

    def test_input_spikes_after_the_run_are_left_out_and_counted(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "inputs" / "drive.h5", {"drive": ([5.0, 150.0, 400.0], [1, 0, 0])})
        rec = read(tmp_path / "run")
        assert rec.t_stop == 0.1
        assert rec.counts[4:].tolist() == [0, 1]
        assert noted(rec, "'drive.h5': 2 of 3 input spikes lie outside the run (0–0.1 s)")

    def test_output_spikes_after_the_run_extend_it_and_it_is_said(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "output" / "spikes.h5", {"cells": ([100.3], [0])})
        rec = read(tmp_path / "run")
        assert rec.t_stop == pytest.approx(0.1003)
        assert noted(rec, "the config ends the run at 0.1 s, but spikes go on to 0.1003 s")

    def test_one_spike_between_the_steps_makes_time_continuous(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "output" / "spikes.h5", {"cells": ([10.0, 20.03], [0, 1])})
        assert read(tmp_path / "run").sampling_rate is None

    def test_spikes_of_cells_that_do_not_exist_are_refused(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "output" / "spikes.h5", {"cells": ([10.0, 20.0], [0, 77])})
        with pytest.raises(RecordingError, match=r"name units it does not have .*unit 77 at 0.02 s"):
            read(tmp_path / "run")

    def test_flat_output_goes_to_the_only_simulated_population(self, tmp_path: Path) -> None:
        allen_run(tmp_path / "run")
        write_spikes(tmp_path / "run" / "output" / "spikes.h5", {None: ([10.0], [3])})
        rec = read(tmp_path / "run")
        assert ("cells 3", 0.01) in pairs(rec)
        assert noted(rec, "names no population: its spikes were taken for those of 'cells'")

    def test_several_configs_are_asked_for(self, tmp_path: Path) -> None:
        config = allen_run(tmp_path / "run")
        shutil.copy(config, config.with_name("config_2.json"))
        with pytest.raises(Undecided) as asked:
            read(tmp_path / "run")
        (question,) = asked.value.questions
        assert question.name == "config"
        assert [choice.value for choice in question.choices] == ["config.json", "config_2.json"]
        assert len(read(tmp_path / "run", config="config_2.json").spike_times) == 6
        with pytest.raises(RecordingError, match=r"has no config 'x.json'"):
            read(tmp_path / "run", config="x.json")
        with pytest.raises(RecordingError, match="has no config"):
            read(tmp_path / "run", config="../run/config.json")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"run": {"tstop": "long"}}, "run.tstop is 'long'; a number of milliseconds was expected"),
            ({"run": {"tstop": 10, "dt": 0}}, "run.dt is 0 ms"),
            ({"run": {"tstart": 20, "tstop": 10}}, "ends .* before it starts"),
            ({"run": [1]}, "'run' must be an object, not list"),
            ({"inputs": {"a": 3}}, "inputs.a must be an object"),
            ({"networks": {"nodes": {}, "edges": 7}}, "networks.edges must be a list"),
            ({"networks": {"nodes": [{"nodes_file": 7}]}}, "names a file by 7"),
            ({"networks": {"nodes": [{"nodes_file": "$NOWHERE/x.h5"}]}}, "uses the variable \\$NOWHERE"),
            ({"network": "missing.json"}, "names the config 'missing.json', which is not there"),
            ({"network": "c.json"}, "name each other in a circle"),
            ({"output": {"output_dir": 7}}, "output_dir is 7"),
            ({"node_sets_file": "c.json/../../x.json"}, "outside the folder"),
            ({"manifest": {"$A": "$A"}, "networks": {}}, "refer to each other"),
        ],
    )
    def test_of_the_wrong_shape_are_refused_in_one_sentence(
        self, tmp_path: Path, change: dict[str, object], said: str
    ) -> None:
        path = write_json(tmp_path / "c.json", {"manifest": {}, **change})
        with pytest.raises(RecordingError, match=said) as refused:
            read(path)
        assert "\n" not in str(refused.value)

    def test_that_name_nothing_that_is_there_are_refused(self, tmp_path: Path) -> None:
        path = write_json(tmp_path / "c.json", {"networks": {"nodes": [{"nodes_file": "gone.h5"}]}})
        with pytest.raises(RecordingError, match=r"holds no spikes, cells, edges or reports.*'gone.h5'"):
            read(path)

    def test_variables_are_replaced_once_each(self, tmp_path: Path) -> None:
        """Thirty variables of two others each would be 2**30 replacements, if each were made anew."""
        manifest = {f"$V{n}": f"$V{n + 1}$V{n + 1}" for n in range(30)} | {"$V30": ""}
        path = write_json(
            tmp_path / "c.json",
            {"manifest": manifest, "networks": {"nodes": [{"nodes_file": "$V0/gone.h5"}]}},
        )
        with pytest.raises(RecordingError, match="outside the folder"):
            read(path)


class TestSniff:
    def test_knows_files_configs_and_folders(self, tmp_path: Path) -> None:
        config = allen_run(tmp_path / "run")
        for path in (
            config.parent,
            config,
            config.with_name("circuit_config.json"),
            config.parent / "output" / "spikes.h5",
            config.parent / "output" / "voltage.h5",
            config.parent / "output",
        ):
            assert sniff(path), path

    def test_knows_content_by_whatever_name(self, tmp_path: Path) -> None:
        assert sniff(write_spikes(tmp_path / "spikes.csv", {"a": ([1.0], [0])}))

    def test_leaves_other_files_to_others(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["something"] = [1, 2]
        (tmp_path / "text.json").write_text('{"spec": {"run": 1}}')
        (tmp_path / "list.json").write_text('["networks"]')
        (tmp_path / "table.csv").write_text("time,id\n1,2\n")
        for name in ("other.h5", "text.json", "list.json", "table.csv", "missing"):
            assert not sniff(tmp_path / name), name
        assert not sniff(tmp_path)
