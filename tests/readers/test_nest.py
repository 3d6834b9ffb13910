from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import known, nest_files, nest_weights, recognise
from spikeboard.recording import Recording

BRUNEL = "nest_brunel"
COMMENTS = "# NEST version: 3.8.0\n# RecordingBackendASCII version: 2\n"
SPIKES = f"{COMMENTS}sender\ttime_ms\n"


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "NEST"
    return spikeboard.open(path, **options)


def written(folder: Path, text: str, name: str = "ex-7-0.dat") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def pairs(rec: Recording) -> list[tuple[float, int]]:
    """(time, global id) of every spike, in order of time."""
    ids = rec.units["id"].to_numpy()[rec.spike_rows]
    return list(zip(rec.spike_times.tolist(), ids.tolist(), strict=True))


def truth(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / BRUNEL / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def brunel(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    from spikeboard.readers.nest import read

    return read(shared_data / BRUNEL, dt=1e-4, t_stop=1.0)


# --- what NEST 3.10 really wrote ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "population"), [("brunel-py-ex-502-0.dat", "ex"), ("brunel-py-in-503-1.dat", "in")]
)
def test_a_recorder_holds_what_its_truth_says(
    shared_data: Path, truthcheck: ModuleType, name: str, population: str
) -> None:
    (recorder,) = nest_files.recorders(shared_data / BRUNEL / name)
    events = nest_files.read_events(recorder)
    assert truthcheck.check(BRUNEL, population, events.senders, events.times) == []
    true = next(one for one in truth(shared_data)["populations"] if one["population"] == population)
    rec = opened(shared_data / BRUNEL / name, t_stop=1.0)
    assert len(rec.spike_times) / len(rec.units) / rec.duration == pytest.approx(
        true["mean_rate_hz"], rel=1e-12
    )
    # The truth multiplies by 1e-3, so that spikes at the edges of its bins fall as the last bit has it.
    assert np.allclose(rec.spike_times, np.sort(events.times * 1e-3), rtol=1e-12, atol=0)
    assert np.histogram(events.times * 1e-3, bins=10, range=(0, 1))[0].tolist() == true["hist10"]
    for unit, said in true["units"].items():
        train = rec.spike_times[rec.units["id"].to_numpy()[rec.spike_rows] == int(unit)]
        intervals = np.diff(train)
        assert (len(train), train[0], train[-1]) == pytest.approx(
            (said["n"], said["first_s"], said["last_s"])
        )
        assert intervals.min() == pytest.approx(said["isi_min_s"], rel=1e-9)
        assert intervals.std() / intervals.mean() == pytest.approx(said["cv"], rel=1e-9)


def test_steps_and_milliseconds_of_one_run_are_the_same_times(
    shared_data: Path, truthcheck: ModuleType, brunel: Recording
) -> None:
    rec = opened(shared_data / BRUNEL / "brunel-steps-504-0.dat", dt="1e-4")
    population = truth(shared_data)["populations"][2]["population"]
    steps = np.concatenate(
        [pd.read_csv(file, sep="\t", comment="#") for file in (shared_data / BRUNEL).glob("brunel-steps-*")]
    )
    assert (
        truthcheck.check(BRUNEL, population, steps[:, 0].astype(int), steps[:, 1] * 0.1 - steps[:, 2]) == []
    )
    assert pairs(rec) == sorted(
        zip((steps[:, 1] / 1e4).tolist(), steps[:, 0].astype(int).tolist(), strict=True)
    )
    inside = brunel.rows_of("brunel-py-in")
    for row, ticks in enumerate(np.split(rec.train_ticks, rec.train_offsets[1:-1])):
        same = inside.start + row
        assert np.array_equal(ticks, brunel.train_ticks[slice(*brunel.train_offsets[same : same + 2])])


def test_steps_ask_for_the_resolution_and_say_what_each_implies(shared_data: Path) -> None:
    with pytest.raises(Undecided) as asked:
        opened(shared_data / BRUNEL)
    (question,) = asked.value.questions
    implied = {choice.value: choice.implies for choice in question.choices}
    assert question.name == "dt" and "51 Hz" in implied["0.0001"] and "5.1 Hz" in implied["0.001"]
    assert "beside them lie on a grid of 0.1 ms" in question.text
    assert question.suggested == "0.0001"


def test_a_folder_holds_every_recorder_as_a_population(brunel: Recording) -> None:
    assert brunel.populations[["name", "size"]].to_numpy().tolist() == [
        ["brunel-py-ex", 400],
        ["brunel-py-in", 100],
        ["brunel-steps", 20],
    ]
    assert brunel.units["id"].tolist() == [*range(1, 401), *range(401, 501), *range(401, 421)]
    assert brunel.sampling_rate == 10_000 and brunel.t_stop == 1.0
    assert any("20 neurons of 'brunel-steps' are in 'brunel-py-in', too" in note for note in brunel.notes)


def test_a_multimeter_becomes_states_of_the_neurons_it_sampled(shared_data: Path, brunel: Recording) -> None:
    true = truth(shared_data)["multimeter"]
    rows = pd.concat(
        pd.read_csv(file, sep="\t", comment="#") for file in (shared_data / BRUNEL).glob("*-mm-*")
    )
    assert len(rows) == true["rows"]
    seen = {}
    for name in ("brunel-py-ex", "brunel-py-in"):
        for variable in ("V_m", "I_syn_ex"):
            state = brunel.states[f"{name}.{variable}"]
            for column, row in enumerate(state.rows):
                assert brunel.label(row) == state.labels[column] and brunel.units["population"][row] == name
                sender = int(brunel.units["id"][row])
                mine = rows[rows["sender"] == sender].sort_values("time_ms")
                assert np.array_equal(state.values[:, column], mine[variable])
                assert np.array_equal(state.time, mine["time_ms"] / 1e3)
                if variable == "V_m":
                    seen[str(sender)] = state.values[:, column].mean()
    assert seen == pytest.approx(true["V_m_mean_per_sender"], rel=1e-12)


def test_a_multimeter_alone_has_neurons_without_spikes(shared_data: Path) -> None:
    rec = opened(shared_data / BRUNEL / "brunel-mm-506-0.dat")
    assert rec.units["id"].tolist() == [1, 2, 3, 401, 402] and not len(rec.spike_times)
    assert rec.states["brunel-mm.V_m"].values.mean() == pytest.approx(
        truth(shared_data)["multimeter"]["V_m_mean"]
    )
    assert rec.states["brunel-mm.V_m"].values.max() == truth(shared_data)["multimeter"]["V_m_max"]
    assert any("of the 5 neurons of 'brunel-mm' were not recorded" in note for note in rec.notes)


def test_connections_join_the_populations(shared_data: Path, brunel: Recording) -> None:
    true = truth(shared_data)["connections"]
    arrays = np.load(shared_data / BRUNEL / "connections.npz")
    assert brunel.projections["synapses"].sum() == true["n"] == 25_000
    counts = {f"{weight:.4f}": 0 for weight in (103.4008, -517.0039)}
    pairs_seen = []
    for name in brunel.connections:
        synapses = brunel.synapses(name)
        assert synapses.weight is not None and synapses.delay is not None
        assert np.unique(synapses.delay).tolist() == [0.0015]
        counts[f"{synapses.weight[0]:.4f}"] += len(synapses)
        source = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))
        ids = [
            brunel.units["id"].to_numpy()[brunel.rows_of(end)] for end in (synapses.source, synapses.target)
        ]
        pairs_seen += zip(ids[0][source].tolist(), ids[1][synapses.indices].tolist(), strict=True)
    assert counts == {key: true["weights"][key] for key in counts}
    assert sorted(pairs_seen) == sorted(
        zip(arrays["source"].tolist(), arrays["target"].tolist(), strict=True)
    )
    assert sum(one == other for one, other in pairs_seen) == true["autapses"]
    told = [int(note.split(": ")[1].split()[0]) for note in brunel.notes if "joins already" in note]
    assert sum(told) == true["multapses"]


def test_connections_alone_are_a_network_of_one_population(shared_data: Path) -> None:
    rec = opened(shared_data / BRUNEL / "connections.npz")
    assert rec.projections["synapses"].tolist() == [25_000] and len(rec.units) == 500
    assert any("no spikes" in note for note in rec.notes)


def test_the_correlogram_of_two_neurons_is_that_of_the_truth(shared_data: Path, brunel: Recording) -> None:
    true = truth(shared_data)["ccg"]
    (recorder,) = nest_files.recorders(shared_data / BRUNEL / "brunel-py-ex-502-0.dat")
    events = nest_files.read_events(recorder)
    trains = [
        np.sort(events.times[events.senders == sender]) / 1e3 for sender in (true["ref"], true["target"])
    ]
    lags = (trains[1][None, :] - trains[0][:, None]).ravel()
    assert np.histogram(lags, bins=np.linspace(-0.05, 0.05, 101))[0].tolist() == true["counts"]
    for train, row in zip(trains, (true["ref"] - 1, true["target"] - 1), strict=True):
        ticks = brunel.train_ticks[slice(*brunel.train_offsets[row : row + 2])]
        assert np.array_equal(ticks, np.rint(train * 1e4))


# --- files as NEST writes them, small ------------------------------------------------------------------------------


def test_the_files_of_all_threads_are_one_recorder(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}3\t2.000\n1\t1.000\n", "ex-7-0.dat")
    written(tmp_path, f"{SPIKES}2\t1.500\n", "ex-7-1.dat")
    written(tmp_path, f"{SPIKES}9\t9.000\n", "ex-8-0.dat")
    rec = opened(tmp_path / "ex-7-1.dat")
    assert pairs(rec) == [(0.001, 1), (0.0015, 2), (0.002, 3)]
    assert any("one of the 2 files that its recorder wrote" in note for note in rec.notes)
    both = opened(tmp_path)
    assert both.populations["name"].tolist() == ["ex-7", "ex-8"]


def test_a_file_that_another_thread_adds_to_is_read_again(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}3\t2.000\n", "ex-7-0.dat")
    assert len(opened(tmp_path / "ex-7-0.dat").spike_times) == 1
    written(tmp_path, f"{SPIKES}2\t1.500\n", "ex-7-1.dat")
    assert len(opened(tmp_path / "ex-7-0.dat").spike_times) == 2


def test_a_link_to_a_file_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    secret = written(tmp_path, f"{SPIKES}99\t1.000\n", "secret.dat")
    (tmp_path / "run" / "ex-7-1.dat").symlink_to(secret)
    path = written(tmp_path / "run", f"{SPIKES}3\t2.000\n", "ex-7-0.dat")
    assert pairs(opened(path)) == [(0.002, 3)] == pairs(opened(tmp_path / "run"))


def test_silent_neurons_are_listed_where_their_ids_are_told(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}3\t2.000\n", "ex-7-0.dat")
    written(tmp_path, f"{SPIKES}12\t1.000\n", "in-8-0.dat")
    rec = opened(tmp_path, units="ex=1-10, in=11-12", t_stop=1)
    assert rec.populations["size"].tolist() == [10, 2] and rec.units["id"].tolist() == [*range(1, 13)]
    assert opened(tmp_path / "ex-7-0.dat", units="1-4").units["id"].tolist() == [1, 2, 3, 4]
    for units, reason in {
        "ex=9-20": "spikes name units it does not have",
        "out=1-3": "units names 'out', but there are 'ex', 'in'",
        "ex:1": "is not of the form",
        "ex=5-1": "is not of the form",
        "1-400": "units names ''",
    }.items():
        with pytest.raises(RecordingError, match=reason):
            opened(tmp_path, units=units)


def test_spikes_between_the_steps_are_continuous_in_time(tmp_path: Path) -> None:
    text = f"{COMMENTS}sender\ttime_step\ttime_offset\n1\t10\t0.025\n2\t20\t0.0\n"
    rec = opened(written(tmp_path, text), dt=1e-4)
    (time, first), second = pairs(rec)
    assert time == pytest.approx(0.000975, rel=1e-14) and (first, second) == (1, (0.002, 2))
    assert rec.sampling_rate is None
    assert any("precise spike times" in note for note in rec.notes)


def test_a_grid_is_taken_as_the_resolution_only_where_many_spikes_lie_on_it(tmp_path: Path) -> None:
    lines = "".join(f"1\t{step * 0.1:.3f}\n" for step in range(3, 103))
    rec = opened(written(tmp_path, SPIKES + lines))
    assert rec.sampling_rate == 10_000 and any("on a grid of 0.1 ms" in note for note in rec.notes)
    assert opened(written(tmp_path, SPIKES + lines, "a-1-0.dat"), dt=5e-5).sampling_rate == 20_000
    assert opened(written(tmp_path, f"{SPIKES}1\t0.100\n", "b-1-0.dat")).sampling_rate is None
    off = "".join(f"1\t{step * 0.1 + 0.003:.3f}\n" for step in range(100))
    assert opened(written(tmp_path, SPIKES + off, "c-1-0.dat")).sampling_rate is None


@pytest.mark.parametrize("tail", ["", "\t"])
def test_the_files_of_nest_2_have_no_header(tmp_path: Path, tail: str) -> None:
    path = written(tmp_path, f"5\t12.300{tail}\n4\t10.100{tail}\n", "spikes-5-0.gdf")
    rec = opened(path)
    assert pairs(rec) == [(0.0101, 4), (0.0123, 5)]
    assert any("as NEST 2 writes it" in note for note in rec.notes)
    assert any("have fractions and so are no steps" in note for note in rec.notes)


def test_whole_times_without_a_header_are_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path, "5\t1230\t\n4\t1010\t\n", "spikes-5-0.gdf")
    with pytest.raises(Undecided) as asked:
        opened(path)
    (question,) = asked.value.questions
    assert [choice.value for choice in question.choices] == ["ms", "samples"]
    assert "0.813 Hz" in question.choices[0].implies
    assert pairs(opened(path, time_unit="ms")) == [(1.01, 4), (1.23, 5)]
    assert pairs(opened(path, time_unit="samples", dt="0.0001")) == [(0.101, 4), (0.123, 5)]
    with pytest.raises(Undecided):
        opened(path, time_unit="samples")
    with pytest.raises(RecordingError, match="'ms' or in steps"):
        opened(path, time_unit="s")


def test_a_multimeter_of_nest_2_has_nameless_values(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, "1\t1.500\t-65.0\n1\t2.500\t-64.0\n", "mm-9-0.dat"))
    assert rec.states["mm.value 1"].values.tolist() == [[-65.0], [-64.0]]


def test_samples_that_are_missing_are_gaps(tmp_path: Path) -> None:
    text = f"{COMMENTS}sender\ttime_ms\tV_m\n1\t1.000\t-65\n2\t1.000\t-60\n1\t2.000\t-64\n1\t2.000\t-63\n"
    rec = opened(written(tmp_path, text))
    state = rec.states["ex.V_m"]
    assert state.values[0].tolist() == [-65.0, -60.0] and state.values[1, 0] == -63.0
    assert np.isnan(state.values[1, 1])
    assert any("1 of 4 samples are not in the files" in note for note in rec.notes)
    assert any("1 samples are of a neuron and a time that another row has" in note for note in rec.notes)


def test_connections_to_neurons_that_nobody_lists_are_left_out_and_counted(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}3\t2.000\n4\t2.500\n")
    weights = np.array([1.0, 2.0, 3.0])
    np.savez(
        tmp_path / "net.npz",
        source=[3, 4, 3],
        target=[4, 99, 4],
        weight=weights,
        delay=np.full(3, 0.1, np.float32),
    )
    rec = opened(tmp_path)
    synapses = rec.synapses("ex→ex")
    assert synapses.indptr.tolist() == [0, 2, 2] and synapses.indices.tolist() == [1, 1]
    assert synapses.weight is not None and synapses.weight.tolist() == [1.0, 3.0]
    assert synapses.delay is not None and synapses.delay.tolist() == [0.0001, 0.0001]
    assert any("1 of 3 connections have an end that no recorder lists" in note for note in rec.notes)
    assert any("1 synapses join a pair" in note for note in rec.notes)


def test_a_folder_with_much_else_is_no_run(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}3\t2.000\n")
    for number in range(2):
        (tmp_path / f"{number}.bin").write_bytes(b"\0")
    assert known(tmp_path) is None


# --- broken files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{COMMENTS}", "neither a header nor a row"),
        (f"{COMMENTS}sender\tV_m\n1\t2\n", "no column of senders and times"),
        (f"{COMMENTS}sender\ttime_ms\ttime_ms\n1\t2\t3\n", "has a name twice"),
        (f"{SPIKES}1.5\t2\n", "are no node ids, the first is 1.5"),
        (f"{SPIKES}-1\t2\n", "are no node ids"),
        (f"{SPIKES}1\tnan\nx\ty\n", "2 of 2 rows cannot be read"),
        (f"{COMMENTS}sender\ttime_step\n1\t2.5\n", "no whole numbers of steps"),
        (
            f"{COMMENTS}" + "\t".join(["sender", "time_ms", *(f"v{n}" for n in range(99))]) + "\n",
            "101 columns",
        ),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        opened(written(tmp_path, text), dt=1e-4)


def test_rows_that_cannot_be_read_are_counted_with_their_line(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, f"{SPIKES}1\t2.000\n1\n1\t3.000\n1\t4.000\t5\n1\tx\n2\t1.000\n3\t1.500\n"))
    assert len(rec.spike_times) == 4
    assert any("3 of 7 rows were left out: line 5: 1; line 7:" in note for note in rec.notes)


def test_files_of_different_runs_are_not_mixed(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}1\t2.000\n", "ex-7-0.dat")
    written(tmp_path, f"{COMMENTS}sender\ttime_step\ttime_offset\n1\t2\t0\n", "ex-7-1.dat")
    with pytest.raises(RecordingError, match="has other columns than"):
        opened(tmp_path / "ex-7-0.dat", dt=1e-4)


def test_hostile_files_come_out_as_expected(hostile: Path, expected: dict[str, dict[str, Any]]) -> None:
    outcomes = {}
    for name in ("truncated_line", "header_only", "extra_column", "unknown_header"):
        try:
            rec = opened(hostile / "nest" / f"{name}.dat")
        except RecordingError as refused:
            outcomes[name] = "refuse", str(refused)
        else:
            warned = any("left out" in note or "were taken as" in note for note in rec.notes)
            outcomes[name] = "warn" if warned else "accept", len(rec.spike_times)
    assert {name: said for name, (said, _) in outcomes.items()} == {
        name: expected[f"nest/{name}.dat"]["expect"] for name in outcomes
    }
    assert outcomes["header_only"][1] == 0 and outcomes["truncated_line"][1] == 430


# --- any spikes ------------------------------------------------------------------------------------------------------

spikes = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 100_000)), min_size=1, max_size=60)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spikes, st.integers(1, 3))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, int]], n: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    for thread in range(n):
        rows = "".join(f"{sender}\t{step / 10:.3f}\n" for sender, step in events[thread::n])
        written(folder, SPIKES + rows, f"ex-7-{thread}.dat")
    rec = opened(folder / "ex-7-0.dat", dt=1e-4)
    assert pairs(rec) == sorted((step / 10_000, sender) for sender, step in events)
    assert rec.units["id"].tolist() == sorted({sender for sender, _ in events})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_gives_a_recording_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    good = f"{COMMENTS}sender\ttime_ms\tV_m\n1\t1.000\t-65.0\n2\t1.000\t-60.0\n1\t2.000\t-64.0\n2\t2.000\t-61.5\n"
    raw = bytearray(good.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "mm-3-0.dat"
    path.write_bytes(bytes(raw))
    if nest_files.is_nest_file(path):
        from spikeboard.readers.nest import read

        try:
            rec = read(path, time_unit="ms", dt=1e-4)
        except RecordingError:
            return
        assert all(np.isfinite(state.time).all() for state in rec.states.values())


WEIGHTS = f"{COMMENTS}sender\ttime_ms\tweights\ttargets\treceptors\tports\n"


def test_a_weight_recorder_is_a_table_over_time_and_no_spikes(tmp_path: Path) -> None:
    written(tmp_path, f"{SPIKES}1\t1.5\n2\t3.5\n")
    written(tmp_path, f"{WEIGHTS}2\t3.5\t-0.25\t1\t0\t7\n1\t1.5\t45.5\t2\t0\t3\n", "plastic-9-0.dat")
    rec = opened(tmp_path)
    assert pairs(rec) == [(0.0015, 1), (0.0035, 2)] and rec.populations["name"].tolist() == ["ex"]
    table = rec.intervals["weights of plastic"]
    assert table.columns.tolist() == ["start", "stop", "sender", "weights", "targets", "receptors", "ports"]
    assert table.to_numpy().tolist() == [
        [0.0015, 0.0015, 1, 45.5, 2, 0, 3],
        [0.0035, 0.0035, 2, -0.25, 1, 0, 7],
    ]
    assert table["targets"].dtype == np.int64 and not rec.states
    assert any("plastic is of a weight recorder" in note for note in rec.notes)


def test_a_weight_recorder_alone_in_steps_with_offsets(tmp_path: Path) -> None:
    text = WEIGHTS.replace("time_ms", "time_step\ttime_offset")
    rec = opened(written(tmp_path, f"{text}1\t20\t0.04\t2.5\t3\t0\t0\n", "w-9-0.dat"), dt=1e-4)
    assert rec.intervals["weights of w"]["start"].tolist() == pytest.approx([0.00196]) and not len(rec.units)


def test_of_more_weights_than_can_be_shown_the_first_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nest_weights, "MOST_ROWS", 2)
    rows = "".join(f"1\t{time}\t1.0\t2\t0\t0\n" for time in (3.0, 1.0, 2.0))
    rec = opened(written(tmp_path, WEIGHTS + rows, "w-9-0.dat"))
    assert rec.intervals["weights of w"]["start"].tolist() == [0.001, 0.002]
    assert any("3 weights were recorded, of which the first 2" in note for note in rec.notes)


def test_a_multimeter_may_sample_a_variable_called_weight(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, f"{COMMENTS}sender\ttime_ms\tweight\n1\t1.0\t0.5\n1\t2.0\t0.75\n"))
    assert rec.states["ex.weight"].values[:, 0].tolist() == [0.5, 0.75]
