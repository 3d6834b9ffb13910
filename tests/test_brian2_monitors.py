from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spikeboard import from_monitors
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

DT = 1e-4


# --- objects that offer what Brian2's do ------------------------------------------------------------------------------


def clock(now: float = 0.05, dt: float = DT) -> SimpleNamespace:
    return SimpleNamespace(dt_=np.array(dt), t_=np.array(now))


def group(name: str, start: int, stop: int, whole: Any = None, **clocked: float) -> SimpleNamespace:
    found = SimpleNamespace(name=name, start=start, stop=stop, clock=clock(**clocked), variables={})
    if whole is not None:
        found.source = whole
    return found


def spikes(name: str, source: Any, steps: list[int], ids: list[int], **others: Any) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        source=source,
        num_spikes=len(ids),
        record_variables=set(),
        clock=source.clock,
        variables={},
        event="spike",
        **{"record": True, "t_": np.array(steps) * DT, "i": np.array(ids, np.int32), **others},
    )


def states(name: str, source: Any, record: list[int], values: Any, dt: float = DT) -> SimpleNamespace:
    values = np.array(values, float)
    return SimpleNamespace(
        name=name,
        source=source,
        n_indices=len(record),
        record=np.array(record),
        record_variables=["v"],
        variables={"v": SimpleNamespace(unit="V")},
        clock=clock(dt=dt),
        t_=np.arange(values.shape[1]) * dt,
        v_=values,
    )


def rate(name: str, source: Any, values: list[float]) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        source=source,
        smooth_rate=None,
        clock=source.clock,
        variables={},
        t_=np.arange(len(values)) * DT,
        rate_=np.array(values),
    )


def joined(name: str, source: Any, target: Any, i: list[int], j: list[int], **own: Any) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        source=source,
        target=target,
        connect=None,
        clock=source.clock,
        i=np.array(i),
        j=np.array(j),
        variables=dict.fromkeys(
            [key.removesuffix("_") for key in own] + ["i", "j", "N", "v_post", "v"], None
        ),
        **own,
    )


def network(*things: Any) -> SimpleNamespace:
    return SimpleNamespace(objects=list(things), store=None, restore=None, run=None)


P = group("P", 0, 10)
E = group("P_subgroup", 0, 7, P)
I = group("P_subgroup_1", 7, 10, P)  # noqa: E741  (what the field calls it)


def pairs(rec: Recording) -> list[tuple[str, int, float]]:
    units = rec.units
    return [
        (str(units["population"][row]), int(units["id"][row]), time)
        for row, time in zip(rec.spike_rows.tolist(), rec.spike_times.tolist(), strict=True)
    ]


def test_subgroups_are_populations_whose_units_keep_their_numbers() -> None:
    rec = from_monitors(spikes("a", E, [3, 9], [6, 0]), spikes("b", I, [4], [2]))
    assert rec.populations[["name", "size"]].to_numpy().tolist() == [["P_subgroup", 7], ["P_subgroup_1", 3]]
    assert rec.units["id"].tolist() == list(range(10))
    assert pairs(rec) == [("P_subgroup", 6, 3e-4), ("P_subgroup_1", 9, 4e-4), ("P_subgroup", 0, 9e-4)]
    assert rec.sampling_rate == 10_000 and rec.t_stop == 0.05 and not rec.notes


def test_what_was_recorded_of_the_whole_is_shared_out_among_its_subgroups() -> None:
    rec = from_monitors(
        spikes("all", P, [1, 2], [6, 7]),
        spikes("some", I, [2], [0]),
        states("v", P, [9, 2], [[1, 2], [3, 4]]),
        rate("r", P, [0.0, 2000.0]),
        rate("ri", I, [0.0, 1000.0]),
    )
    assert rec.populations["name"].tolist() == ["P[0:7]", "P_subgroup_1"]
    assert pairs(rec) == [("P[0:7]", 6, 1e-4), ("P_subgroup_1", 7, 2e-4)]
    state = rec.states["P_subgroup_1.v"]
    assert state.rows.tolist() == [9] and state.values[:, 0].tolist() == [1, 2] and state.unit == "V"
    assert rec.states["P[0:7].v"].labels == ("P[0:7] 2",)
    assert rec.rates["P"].to_numpy().tolist() == [[5e-5, 0.0], [pytest.approx(1.5e-4), 2000.0]]
    assert rec.rates["P_subgroup_1"]["rate"].tolist() == [0.0, 1000.0]
    assert any("were recorded twice, the same both times" in note for note in rec.notes)


def test_synapses_join_the_populations_with_weights_and_delays() -> None:
    made = joined(
        "S",
        I,
        P,
        [0, 0, 2, 2],
        [0, 8, 1, 9],
        w_=np.array([0.5, 1.5, 2.5, 3.5]),
        delay_=np.array([1e-3, 2e-3, 0, 3e-3]),
    )
    bare = joined("T", E, E, [1], [2])
    rec = from_monitors(network(made, bare, spikes("a", E, [1], [1]), P, E, I))
    inner = rec.synapses("P_subgroup_1→P_subgroup_1")
    assert inner.indptr.tolist() == [0, 1, 1, 2] and inner.indices.tolist() == [1, 2]
    assert inner.weight is not None and inner.weight.tolist() == [1.5, 3.5]
    assert inner.delay is not None and inner.delay.tolist() == pytest.approx([2e-3, 3e-3], rel=1e-15)
    assert rec.synapses("P_subgroup_1→P_subgroup").indices.tolist() == [0, 1]
    assert rec.synapses("P_subgroup→P_subgroup").weight is None
    assert any("'T' has no variable called w, weight" in note for note in rec.notes)
    assert any("spikes of 'P_subgroup_1' were not recorded" in note for note in rec.notes)


def test_clocks_need_a_common_step() -> None:
    slow = states("slow", P, [0], [[1, 2, 3]], dt=1e-3)
    assert from_monitors(spikes("a", P, [1], [1]), slow).states["P.v"].time.tolist() == [0, 1e-3, 2e-3]
    odd = states("odd", P, [0], [[1, 2, 3]], dt=3.5e-4)
    with pytest.raises(
        RecordingError, match=r"'odd' are no multiples of 0\.0001 s: the clocks have no common step"
    ):
        from_monitors(spikes("a", P, [1], [1]), odd)
    assert from_monitors(spikes("a", P, [1], [1]), odd, dt=5e-5).sampling_rate == 20_000


def test_what_was_not_recorded_is_told() -> None:
    event = spikes("jump", P, [1], [1])
    event.event = "jump"
    rec = from_monitors(event, spikes("counts", P, [], [], record=False))
    assert not len(rec.spike_times)
    assert any("monitors the event 'jump'" in note for note in rec.notes)
    assert any("did not record them" in note for note in rec.notes)


def test_other_objects_are_not_mixed_in() -> None:
    with pytest.raises(RecordingError, match="a dict among objects of Brian2 keeps no common time"):
        from_monitors(spikes("a", P, [1], [1]), {"a": 1})
    with pytest.raises(RecordingError, match="holds no object that can be read"):
        from_monitors(network())
    assert from_monitors(spikes("a", P, [1], [1]), t_stop=2.0).t_stop == 2.0


# --- Brian2 itself ----------------------------------------------------------------------------------------------------


# Brian2 2.9 warns of what its own dependencies will do.
@pytest.mark.filterwarnings("ignore")
def test_a_network_that_really_ran_agrees_with_its_monitors() -> None:
    b2 = pytest.importorskip("brian2", reason="Brian2 2.9 needs NumPy below 2.4: make brian2")
    b2.prefs.codegen.target = "numpy"
    b2.seed(3)
    cells = b2.NeuronGroup(40, "dv/dt = (1.5 - v) / (10*ms) : 1\nu : volt", threshold="v > 1", reset="v = 0",
                           method="exact", name="cells")  # fmt: skip
    cells.v = "rand()"
    left, right = cells[:30], cells[30:]
    made = b2.Synapses(left, cells, "w : 1", on_pre="v += w")
    made.connect(p=0.2)
    made.w = "0.01*rand()"
    made.delay = "3*ms*rand()"
    of_left, of_right = b2.SpikeMonitor(left), b2.SpikeMonitor(right)
    traces = b2.StateMonitor(cells, ["v", "u"], record=[0, 35])
    rates = b2.PopulationRateMonitor(right)
    net = b2.Network(cells, made, of_left, of_right, traces, rates)
    net.run(30 * b2.ms)
    net.run(20 * b2.ms)
    rec = from_monitors(net)
    assert rec.t_stop == pytest.approx(0.05) and rec.sampling_rate == 10_000
    for monitor, population, offset in ((of_left, left.name, 0), (of_right, right.name, 30)):
        rows = rec.rows_of(population)
        assert rec.counts[rows.start : rows.stop].tolist() == np.array(monitor.count[:]).tolist()
        for unit, train in monitor.spike_trains().items():
            row = rows.start + unit
            assert rec.units["id"][row] == unit + offset
            mine = np.sort(rec.spike_times[rec.spike_rows == row])
            assert np.allclose(mine, np.asarray(train), rtol=0, atol=1e-12)
    state = rec.states[f"{right.name}.v"]
    assert np.array_equal(state.values[:, 0], traces.v_[1]) and state.labels == (f"{right.name} 35",)
    assert np.allclose(state.time, traces.t_[:], rtol=0, atol=1e-12)
    assert rec.states[f"{left.name}.u"].unit == "V"
    assert np.array_equal(rec.rates[right.name]["rate"], rates.rate_[:])
    found = []
    for name in rec.connections:
        synapses = rec.synapses(name)
        ends = [rec.units["id"].to_numpy()[rec.rows_of(end)] for end in (synapses.source, synapses.target)]
        source = np.repeat(ends[0], np.diff(synapses.indptr))
        assert synapses.weight is not None and synapses.delay is not None
        found += zip(
            source, ends[1][synapses.indices], synapses.weight, np.round(synapses.delay, 12), strict=True
        )
    delays = np.round(np.array(made.delay_[:]), 12)
    assert sorted(found) == sorted(zip(made.i[:], made.j[:], made.w_[:], delays, strict=True))
