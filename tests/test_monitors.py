"""Live SC-NeuroCore objects: each number equals the monitors' own, and every hole of theirs is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sc_neurocore.network import (
    Network,
    PoissonInput,
    Population,
    Projection,
    RateMonitor,
    SpikeMonitor,
    StateMonitor,
    StepCurrent,
    topology,
)

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.monitors import from_monitors
from spikeboard.recording import Recording
from spikeboard.stepped import stretches

DT = 1e-3


def network() -> SimpleNamespace:
    """80 excitatory, 20 inhibitory and 5 undriven cells, all kinds of delays and monitors."""
    e, i = (Population("LapicqueNeuron", n, label=label) for n, label in ((80, "E"), (20, "I")))
    lone = Population("LapicqueNeuron", 5, label="lone")
    rows = topology.random_connectivity(80, 20, 0.2, 2.0, seed=3)
    delays = np.random.default_rng(0).integers(1, 6, len(rows[1])).astype(float)
    e_i = Projection(e, i, weight=2.0, topology=rows, delay=delays)
    i_e = Projection(i, e, weight=-0.8, probability=0.3, seed=4, delay=2.0)
    e_e = Projection(e, e, weight=0.05, probability=0.1, seed=7, plasticity="stdp")
    drive = PoissonInput(80, 200.0, 8.0, seed=5)
    drive.target = e
    spikes = [SpikeMonitor(population) for population in (e, i, lone)]
    states = StateMonitor(e, ["v"], record=[0, 5, 79])
    rates = [RateMonitor(e, 10), RateMonitor(i, 43)]
    net = Network(e, i, lone, e_i, i_e, e_e, drive, *spikes, states, *rates, seed=1)
    return SimpleNamespace(net=net, spikes=spikes, states=states, rates=rates, projections=[e_i, i_e, e_e])


@pytest.fixture(scope="module")
def once() -> SimpleNamespace:
    made = network()
    made.net.run(0.5, dt=DT, backend="python")
    made.rec = from_monitors(made.net, dt=DT, name="lapicque")
    return made


@pytest.fixture(scope="module")
def twice() -> SimpleNamespace:
    made = network()
    made.net.run(0.255, dt=DT, backend="python")
    made.first = [monitor.spike_trains for monitor in made.spikes]
    made.net.run(0.3, dt=DT, backend="python")
    made.rec = from_monitors(made.net, dt=DT)
    return made


def train(rec: Recording, population: str, unit: int) -> np.ndarray:
    row = rec.rows_of(population)[unit]
    return np.asarray(rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]])


def trains(rec: Recording, population: str) -> dict[int, list[int]]:
    every = {unit: train(rec, population, unit).tolist() for unit in range(len(rec.rows_of(population)))}
    return {unit: found for unit, found in every.items() if found}


def noted(rec: Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


# Each number equal to the monitors' own ------------------------------------------------------------------------


def test_spikes_are_those_of_the_monitors(once: SimpleNamespace) -> None:
    rec = once.rec
    assert (rec.name, rec.sampling_rate, rec.t_start, rec.t_stop) == ("lapicque", 1000.0, 0.0, 0.5)
    assert sum(monitor.count for monitor in once.spikes) == len(rec.spikes) > 2000
    for monitor in once.spikes:
        label = monitor.population.label
        assert trains(rec, label) == {k: v.tolist() for k, v in monitor.spike_trains.items()}
        rates = rec.counts[rec.rows_of(label)] / rec.duration
        np.testing.assert_allclose(rates, monitor.firing_rates(500, DT), rtol=1e-12)
        for unit in range(monitor.population.n):
            np.testing.assert_array_equal(np.diff(train(rec, label, unit)), monitor.isi(unit))


def test_times_are_steps_in_seconds(once: SimpleNamespace) -> None:
    steps = np.concatenate([monitor.spike_times for monitor in once.spikes])
    np.testing.assert_array_equal(once.rec.spike_times, np.sort(steps) / 1000)


def test_silent_units_are_listed(once: SimpleNamespace) -> None:
    assert once.rec.populations["name"].tolist() == ["E", "I", "lone"]
    assert once.rec.populations["size"].tolist() == [80, 20, 5]
    assert once.rec.counts[once.rec.rows_of("lone")].tolist() == [0] * 5
    assert once.rec.units["model"].unique().tolist() == ["LapicqueNeuron"]


def test_states_are_those_of_the_monitor(once: SimpleNamespace) -> None:
    state = once.rec.states["E.v"]
    np.testing.assert_array_equal(state.values, once.states.traces["v"])
    np.testing.assert_allclose(state.time, once.states.t * DT, rtol=1e-15)
    assert state.rows.tolist() == [0, 5, 79] and state.labels == ("E 0", "E 5", "E 79")
    assert (state.variable, state.unit) == ("v", "")


def test_rates_are_those_of_the_monitors(once: SimpleNamespace) -> None:
    fine, coarse = once.rates
    np.testing.assert_array_equal(once.rec.rates["E"]["rate"], fine.rate)
    np.testing.assert_array_equal(once.rec.rates["I"]["rate"], coarse.rate)
    np.testing.assert_allclose(once.rec.rates["E"]["time"], (np.arange(50) + 0.5) * 0.01)


def test_projections_are_those_of_the_network(once: SimpleNamespace) -> None:
    table = once.rec.projections.set_index("name")
    assert table.index.tolist() == ["E→I", "I→E", "E→E"]
    for name, projection in zip(table.index, once.projections, strict=True):
        synapses = once.rec.synapses(name)
        assert len(synapses) == table.loc[name, "synapses"] == projection.n_synapses
        for mine, own in (("indptr", "indptr"), ("indices", "indices"), ("weight", "data")):
            np.testing.assert_array_equal(getattr(synapses, mine), getattr(projection, own))
        assert synapses.delay is not None and synapses.delay.max() == projection.max_delay * DT
    np.testing.assert_allclose(once.rec.synapses("E→I").delay, once.projections[0].delay * DT)
    assert (once.rec.synapses("I→E").delay == 0.002).all()
    assert noted(once.rec, "E→E", "plastic (stdp)", "end of the run")


def test_weights_are_kept_when_the_network_runs_on() -> None:
    made = network()
    made.net.run(0.05, dt=DT, backend="python")
    rec = from_monitors(made.net, dt=DT)
    before = np.array(rec.synapses("E→E").weight)
    made.net.run(0.2, dt=DT, backend="python")
    assert not np.array_equal(made.projections[2].data, before)
    np.testing.assert_array_equal(rec.synapses("E→E").weight, before)


def test_a_mix_gives_what_the_network_gives(once: SimpleNamespace) -> None:
    mixed = from_monitors(once.rates, once.spikes[0], once.projections, once.states, *once.spikes[1:], dt=DT)
    assert mixed.populations.equals(once.rec.populations)
    np.testing.assert_array_equal(mixed.train_ticks, once.rec.train_ticks)
    assert mixed.t_stop == once.rec.t_stop
    assert sorted(mixed.connections) == sorted(once.rec.connections)


def test_it_is_saved_and_opened_again(once: SimpleNamespace, tmp_path: Path) -> None:
    back = spikeboard.open(once.rec.save(tmp_path / "run"))
    np.testing.assert_array_equal(back.train_ticks, once.rec.train_ticks)
    np.testing.assert_array_equal(back.states["E.v"].values, once.states.traces["v"])
    assert back.notes == once.rec.notes and back.units.equals(once.rec.units)


def test_nothing_of_the_simulator_is_imported() -> None:
    code = "import sys, spikeboard.monitors; sys.exit('sc_neurocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0


# T2, T3: the step ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dt", [0, -1e-3, float("nan"), float("inf")])
def test_dt_must_be_a_duration(once: SimpleNamespace, dt: float) -> None:
    with pytest.raises(RecordingError, match="is no duration"):
        from_monitors(once.net, dt=dt)


def test_dt_scales_all_times(once: SimpleNamespace) -> None:
    slow = from_monitors(once.net, dt=1e-4)
    np.testing.assert_array_equal(slow.train_ticks, once.rec.train_ticks)
    assert slow.t_stop == 0.05 and slow.states["E.v"].time[-1] == pytest.approx(0.0499)


def test_a_model_with_another_step_is_told(once: SimpleNamespace) -> None:
    # LapicqueNeuron integrates 1 ms whatever dt the network is given.
    assert not noted(once.rec, "integrate")
    told = from_monitors(once.net, dt=1e-4)
    assert noted(told, "'E'", "integrate 1 ms", "0.1 ms per step", "0.1 times", "dt=0.001")
    assert noted(from_monitors(once.net, dt=1e-4, model_dt=5e-4), "integrate 0.5 ms", "0.2 times")
    assert not noted(from_monitors(once.net, dt=1e-4, model_dt=1e-4), "integrate")


def test_the_rate_monitor_gives_a_wrong_dt_away(once: SimpleNamespace) -> None:
    assert noted(from_monitors(once.net, dt=5e-4), "'E'", "10 steps", "20", "is dt right?", "0.001 s")
    assert not noted(once.rec, "is dt right?")


# T4: a second run ----------------------------------------------------------------------------------------------


def test_a_second_run_follows_the_first(twice: SimpleNamespace) -> None:
    rec = twice.rec
    runs = rec.intervals["runs"]
    assert runs["start"].tolist() == [0.0, 0.255] and runs["stop"].tolist() == [0.255, 0.555]
    assert rec.t_stop == 0.555 and noted(rec, "2 runs", "0, 0.255 s")
    for monitor, first in zip(twice.spikes, twice.first, strict=True):
        for unit, both in monitor.spike_trains.items():
            n = len(first.get(unit, ()))
            expected = [*both[:n], *(both[n:] + 255)]
            assert train(rec, monitor.population.label, unit).tolist() == expected


def test_no_interval_is_negative(twice: SimpleNamespace) -> None:
    raw = np.concatenate([np.diff(found) for found in twice.spikes[0].spike_trains.values()])
    assert raw.min() < 0
    assert min(np.diff(train(twice.rec, "E", unit)).min() for unit in range(80)) > 0


def test_states_and_rates_of_a_second_run_unfold(twice: SimpleNamespace) -> None:
    state = twice.rec.states["E.v"]
    np.testing.assert_allclose(state.time, np.arange(555) * DT, atol=1e-12)
    np.testing.assert_array_equal(state.values, twice.states.traces["v"])
    # 255 steps: the 26th bin holds the end of run 1 and the start of run 2, and goes on without a gap.
    frame = twice.rec.rates["E"]
    np.testing.assert_allclose(frame["time"], (np.arange(55) + 0.5) * 0.01)
    ticks = np.concatenate([train(twice.rec, "E", unit) for unit in range(80)])
    np.testing.assert_allclose(frame["rate"], np.bincount(ticks // 10, minlength=56)[:55] / 80 / 0.01)


def test_the_rate_monitor_alone_tells_how_long_the_first_run_was(twice: SimpleNamespace) -> None:
    rec = from_monitors(twice.spikes[0], twice.rates[0], dt=DT)
    assert rec.intervals["runs"]["start"].tolist() == [0.0, 0.255]
    np.testing.assert_allclose(rec.rates["E"]["time"], twice.rec.rates["E"]["time"])
    assert not noted(rec, "how long run 1") and noted(rec, "how long the simulation ran")


def test_spikes_alone_leave_the_length_of_a_run_open(twice: SimpleNamespace) -> None:
    rec = from_monitors(twice.spikes[0], dt=DT)
    last = max(found[-1] for found in twice.first[0].values())
    assert rec.intervals["runs"]["start"].tolist() == pytest.approx([0.0, (last + 1) * DT])
    assert noted(rec, "how long run 1 lasted", "n_steps")
    told = from_monitors(twice.spikes[0], dt=DT, n_steps=[255, 300])
    assert told.t_stop == 0.555 and not noted(told, "how long")
    np.testing.assert_array_equal(told.train_ticks, twice.rec.train_ticks[: len(told.train_ticks)])


def test_many_short_runs_make_one_clock() -> None:
    made = network()
    for _ in range(30):
        made.net.run(0.003, dt=DT, backend="python")
    rec = from_monitors(made.net, dt=DT, unplaced="first")
    np.testing.assert_allclose(rec.states["E.v"].time, np.arange(90) * DT, atol=1e-12)
    np.testing.assert_allclose(rec.rates["E"]["time"], (np.arange(9) + 0.5) * 0.01)
    assert len(rec.intervals["runs"]) == 30


def spike_monitor(population: Any, *runs: list[tuple[int, int]]) -> SpikeMonitor:
    monitor = SpikeMonitor(population)
    for step, unit in (event for run in runs for event in run):
        monitor.record_event(unit, step)
    return monitor


def test_it_asks_in_which_run_a_monitor_recorded() -> None:
    busy, quiet = (
        Population("LapicqueNeuron", 2, label="busy"),
        Population("LapicqueNeuron", 2, label="quiet"),
    )
    both = spike_monitor(busy, [(1, 0), (9, 1)], [(2, 0), (4, 0)])
    one = spike_monitor(quiet, [(3, 0), (5, 1)])
    with pytest.raises(Undecided, match="'quiet' shows 1 of these runs") as asked:
        from_monitors(both, one, dt=DT)
    (question,) = asked.value.questions
    assert question.name == "unplaced" and [choice.value for choice in question.choices] == ["first", "last"]
    first = from_monitors(both, one, dt=DT, n_steps=10, unplaced="first")
    assert trains(first, "quiet") == {0: [3], 1: [5]} and noted(first, "'quiet'", "the first")
    last = from_monitors(both, one, dt=DT, n_steps=10, unplaced="last")
    assert trains(last, "quiet") == {0: [13], 1: [15]} and trains(last, "busy") == {0: [1, 12, 14], 1: [9]}


def test_spikes_of_a_compiled_backend_come_unit_by_unit() -> None:
    pair = Population("LapicqueNeuron", 3, label="pair")
    monitor = spike_monitor(pair, [(5, 0), (7, 0), (1, 1), (6, 1), (0, 2)])
    rec = from_monitors(monitor, dt=DT)
    assert trains(rec, "pair") == {0: [5, 7], 1: [1, 6], 2: [0]} and not rec.intervals


@st.composite
def folded(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Runs whose events ascend by step and unit, and each of which starts before the end of the one before."""
    events = st.sets(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=4, max_size=12)
    runs = [sorted(draw(events))]
    for run in draw(st.lists(events.map(sorted), max_size=3)):
        if run[0] <= runs[-1][-1]:
            runs.append(run)
    return runs


@given(folded())
def test_restarts_are_found(runs: list[list[tuple[int, int]]]) -> None:
    steps, ids = np.array([event for run in runs for event in run]).T
    expected = np.repeat(np.arange(len(runs)), [len(run) for run in runs])
    np.testing.assert_array_equal(stretches(steps, ids, runs=len(runs)), expected)


@given(folded(), st.integers(1, 10**9))
def test_restarts_do_not_depend_on_where_the_clock_stands(
    runs: list[list[tuple[int, int]]], shift: int
) -> None:
    steps, ids = np.array([event for run in runs for event in run]).T
    np.testing.assert_array_equal(stretches(steps, ids), stretches(steps + shift, ids))


# T5: the rate monitor's bins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bin_ms", "dt", "steps"), [(43, 1e-3, 42), (10, 3e-4, 33), (9, 1e-4, 89), (10, 0.02, 1)]
)
def test_bins_that_are_cut_short_are_told_and_corrected(bin_ms: int, dt: float, steps: int) -> None:
    cell = Population("LapicqueNeuron", 1, label="always")
    monitor = RateMonitor(cell, bin_ms)
    for step in range(4 * steps):
        monitor.record(np.ones(1), step, dt)
    rec = from_monitors(monitor, dt=dt, model_dt=dt)
    frame = rec.rates["always"]
    np.testing.assert_array_equal(frame["rate"], monitor.rate)
    # A cell that fires at every step fires at 1/dt.
    np.testing.assert_allclose(frame["rate_exact"], 1 / dt)
    np.testing.assert_allclose(frame["time"], (np.arange(4) + 0.5) * steps * dt)
    assert noted(rec, f"{bin_ms} ms into {steps} steps", "rate_exact")


def test_bins_that_are_right_need_no_correction(once: SimpleNamespace) -> None:
    assert list(once.rec.rates["E"]) == ["time", "rate"]
    assert list(once.rec.rates["I"]) == ["time", "rate", "rate_exact"]
    exact = once.rec.rates["I"]["rate_exact"]
    ticks = np.concatenate([train(once.rec, "I", unit) for unit in range(20)])
    counts = np.bincount(ticks // 42, minlength=len(exact))[: len(exact)]
    np.testing.assert_allclose(exact, counts / 20 / 0.042)


def test_a_rate_monitor_without_a_full_bin_is_told() -> None:
    made = network()
    made.net.run(0.02, dt=DT, backend="python")
    rec = from_monitors(made.net, dt=DT)
    assert list(rec.rates) == ["E"] and noted(rec, "'I'", "no bin of 43 ms")


# T6: how long --------------------------------------------------------------------------------------------------


def test_the_end_is_not_guessed_in_silence(once: SimpleNamespace) -> None:
    sparse = spike_monitor(once.spikes[1].population, [(3, 0), (412, 7)])
    guessed = from_monitors(sparse, dt=DT)
    assert guessed.t_stop == 0.413
    assert noted(guessed, "how long the simulation ran is not in the data", "0.413 s", "t_stop")
    for told in ({"n_steps": 500}, {"t_stop": 0.5}):
        rec = from_monitors(sparse, dt=DT, **told)
        assert rec.t_stop == 0.5 and not noted(rec, "how long")
    assert from_monitors(once.net, dt=DT, t_stop=0.75).t_stop == 0.75


def test_arguments_must_not_contradict_what_was_recorded(once: SimpleNamespace) -> None:
    with pytest.raises(RecordingError, match="run 1 took 499 steps, but step 499 was recorded"):
        from_monitors(once.net, dt=DT, n_steps=499)
    with pytest.raises(RecordingError, match=r"t_stop=0\.4 s lies before"):
        from_monitors(once.net, dt=DT, t_stop=0.4)
    with pytest.raises(RecordingError, match="whole numbers"):
        from_monitors(once.net, dt=DT, n_steps=-1)
    with pytest.raises(RecordingError, match="tells of 1 runs, but the clock was started 2 times"):
        from_monitors(spike_monitor(Population("LapicqueNeuron", 1), [(5, 0)], [(1, 0)]), dt=DT, n_steps=[6])


# T14, T15: synapses and variables that are not what they seem ----------------------------------------------------


def test_duplicate_synapses_are_kept_and_counted() -> None:
    ring = Population("LapicqueNeuron", 50, label="ring")
    rows = topology.small_world(50, 6, 0.5, 0.1)
    pairs = list(zip(np.repeat(np.arange(50), np.diff(rows[0])), rows[1], strict=True))
    doubled = len(pairs) - len(set(pairs))
    rec = from_monitors(Projection(ring, ring, weight=0.1, topology=rows), dt=DT)
    assert doubled > 0 and noted(rec, f"ring→ring: {doubled} synapses join a pair")
    synapses = rec.synapses("ring→ring")
    assert synapses.weight is not None and synapses.weight.sum() == pytest.approx(rows[2].sum())


def test_a_weight_of_zero_stays_a_synapse() -> None:
    pair = Population("LapicqueNeuron", 2, label="pair")
    rows = (np.array([0, 2, 2]), np.array([0, 1]), np.array([0.0, 1.0]))
    rec = from_monitors(Projection(pair, pair, weight=1.0, topology=rows), dt=DT)
    synapses = rec.synapses("pair→pair")
    assert synapses.indices.tolist() == [0, 1] and np.asarray(synapses.weight).tolist() == [0.0, 1.0]


def test_delays_are_those_that_the_simulator_applies() -> None:
    pair = Population("LapicqueNeuron", 2, label="pair")
    short = Projection(pair, pair, weight=1.0, delay=0.3)
    spread = Projection(pair, pair, weight=1.0, delay=np.array([0.0, 1.4, 2.5, 3.6]))
    rec = from_monitors(short, spread, dt=DT)
    assert list(rec.connections) == ["pair→pair", "pair→pair (2)"]
    assert np.asarray(rec.synapses("pair→pair").delay).tolist() == [DT] * 4
    np.testing.assert_allclose(rec.synapses("pair→pair (2)").delay, np.array([0, 1, 2, 4]) * DT)
    assert noted(rec, "pair→pair", "rounds")


def test_an_unknown_variable_is_kept_and_told() -> None:
    cells = Population("LapicqueNeuron", 3, label="cells")
    monitor = StateMonitor(cells, ["v", "w"])
    Network(cells, monitor).run(0.01, dt=DT, backend="python")
    rec = from_monitors(monitor, dt=DT)
    assert sorted(rec.states) == ["cells.v", "cells.w"] and not rec.states["cells.w"].values.any()
    assert noted(rec, "'w' of 'cells' is no variable of this model", "zeros")
    assert not noted(rec, "'v' of 'cells' is")


def test_a_variable_that_is_text_is_left_out_and_told() -> None:
    cells = Population("LapicqueNeuron", 2, label="cells")
    monitor = StateMonitor(cells, ["v", "integrator"])
    cells.get_states = lambda: {"v": np.zeros(2), "integrator": np.array(["euler", "euler"])}  # type: ignore[method-assign]
    Network(cells, monitor).run(0.005, dt=DT, backend="python")
    rec = from_monitors(monitor, dt=DT)
    assert list(rec.states) == ["cells.v"] and noted(rec, "'integrator' of 'cells' holds no numbers")


def test_two_variables_of_an_adaptive_model() -> None:
    cells = Population("AdExNeuron", 2, label="adex")
    current = StepCurrent(0, 10_000, 500.0)
    current.target = cells
    states, spikes = StateMonitor(cells, ["v", "w"]), SpikeMonitor(cells)
    Network(cells, current, states, spikes).run(0.05, dt=1e-4, backend="python")
    rec = from_monitors(states, spikes, dt=1e-4)
    assert len(rec.spikes) == spikes.count > 0
    for name in ("v", "w"):
        np.testing.assert_array_equal(rec.states[f"adex.{name}"].values, states.traces[name])
        assert rec.states[f"adex.{name}"].values.std() > 0


# Names, and what is missing ------------------------------------------------------------------------------------


def test_labels_that_repeat_are_told_apart() -> None:
    one, two = (Population("LapicqueNeuron", n) for n in (2, 3))
    rec = from_monitors(spike_monitor(one, [(1, 1)]), spike_monitor(two, [(2, 2)]), one, dt=DT)
    assert rec.populations["name"].tolist() == ["LapicqueNeuron", "LapicqueNeuron (2)"]
    assert trains(rec, "LapicqueNeuron") == {1: [1]} and trains(rec, "LapicqueNeuron (2)") == {2: [2]}
    assert noted(rec, "2 populations are labelled 'LapicqueNeuron'")


def test_a_population_without_a_monitor_is_listed_and_told() -> None:
    seen, unseen = (
        Population("LapicqueNeuron", 2, label="seen"),
        Population("LapicqueNeuron", 3, label="unseen"),
    )
    rec = from_monitors(Network(seen, unseen, SpikeMonitor(seen)), dt=DT)
    assert rec.populations["size"].tolist() == [2, 3]
    assert noted(rec, "spikes of 'unseen' were not recorded")
    assert noted(rec, "nothing was recorded over time") and rec.duration == 0


def test_two_monitors_of_one_population_count_its_spikes_once() -> None:
    cells = Population("LapicqueNeuron", 2, label="cells")
    events = [(1, 0), (4, 1)]
    same = from_monitors(spike_monitor(cells, events), spike_monitor(cells, events), dt=DT)
    assert len(same.spikes) == 2 and noted(same, "'cells' were recorded twice, the same")
    late = from_monitors(spike_monitor(cells, events[1:]), spike_monitor(cells, events), dt=DT)
    assert len(late.spikes) == 2 and noted(late, "two monitors that differ", "(2)", "(1)")


def test_stimuli_are_told_not_hidden(once: SimpleNamespace) -> None:
    assert noted(once.rec, "stimuli (1: PoissonInput)")


def test_an_object_of_no_known_kind_is_refused() -> None:
    with pytest.raises(RecordingError, match="cannot read a str: it takes networks"):
        from_monitors("run.h5", dt=DT)


def test_a_unit_that_the_population_lacks_is_refused() -> None:
    cells = Population("LapicqueNeuron", 2, label="cells")
    with pytest.raises(RecordingError, match="'cells': 1 spikes name units it does not have"):
        from_monitors(spike_monitor(cells, [(3, 2)]), dt=DT)


def test_nothing_at_all_is_an_empty_recording() -> None:
    rec = from_monitors(dt=DT)
    assert len(rec.units) == 0 and len(rec.spikes) == 0 and rec.duration == 0
