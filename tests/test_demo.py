"""The demo recording: what it promises, and that its script still makes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikeboard
from data import simulate_demo
from spikeboard.recording import Recording

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def demo() -> Recording:
    return spikeboard.open(DATA / "demo")


@pytest.fixture(scope="module")
def again() -> Recording:
    return simulate_demo.simulate()


def test_the_script_makes_the_committed_spikes(demo: Recording, again: Recording) -> None:
    np.testing.assert_array_equal(demo.train_offsets, again.train_offsets)
    np.testing.assert_array_equal(demo.train_ticks, again.train_ticks)
    assert demo.units.equals(again.units)
    assert demo.notes == again.notes
    assert demo.digest == again.digest


def test_the_script_makes_the_committed_traces_and_synapses(demo: Recording, again: Recording) -> None:
    assert list(demo.states) == list(again.states) == ["E.v", "E.u", "PV.v", "PV.u"]
    for name, state in demo.states.items():
        np.testing.assert_allclose(state.values, again.states[name].values, rtol=1e-5, atol=1e-4)
    for name, synapses in demo.connections.items():
        np.testing.assert_array_equal(synapses.indices, again.synapses(name).indices)
        np.testing.assert_array_equal(synapses.weight, again.synapses(name).weight)
        np.testing.assert_array_equal(synapses.delay, again.synapses(name).delay)


def test_kept_twice_it_is_the_same_files(again: Recording, tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate_demo.keep(again, tmp_path / name)
    first = {file.relative_to(tmp_path / "a"): file for file in (tmp_path / "a").rglob("*.*")}
    assert len(first) > 20
    for path, file in first.items():
        assert file.read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def test_it_has_everything_a_view_can_want(demo: Recording) -> None:
    assert demo.populations["name"].tolist() == ["E", "PV", "SST", "relay"]
    assert demo.populations["size"].tolist() == [160, 40, 20, 30]
    assert (demo.t_start, demo.t_stop, demo.sampling_rate) == (0.0, 10.0, 10_000.0)
    assert [demo.label(int(row)) for row in np.flatnonzero(demo.counts == 0)] == ["E 46", "SST 7"]
    assert demo.intervals["trials"]["condition"].value_counts().to_dict() == {
        "left": 4,
        "right": 4,
        "blank": 2,
    }
    assert len(demo.intervals["stimulus"]) == 8
    assert len(demo.projections) == 9 and demo.projections["delay_min"].min() >= 0.0005
    assert (demo.projections.query("source in ('PV', 'SST')")["weight_max"] < 0).all()
    assert (demo.projections.query("source in ('E', 'relay')")["weight_min"] > 0).all()


def test_the_trace_is_of_the_unit_it_names(demo: Recording) -> None:
    state = demo.states["E.v"]
    assert [demo.label(int(row)) for row in state.rows] == list(state.labels)
    for column, row in enumerate(state.rows):
        train = demo.train_ticks[demo.train_offsets[row] : demo.train_offsets[row + 1]]
        following = np.asarray(state.values[np.minimum(train // 5 + 1, len(state.time) - 1), column])
        # After each spike v is near its reset, -50 mV, and away from the peak at 35 mV.
        assert len(train) > 10 and following.max() < -35


def test_the_rates_are_counts_of_the_spikes(demo: Recording) -> None:
    for name, frame in demo.rates.items():
        rows = demo.rows_of(name)
        own = (demo.spike_rows >= rows.start) & (demo.spike_rows < rows.stop)
        counts = np.histogram(demo.spike_times[own] + 1e-9, bins=1000, range=(0, 10))[0]
        np.testing.assert_allclose(frame["rate"], counts / len(rows) / 0.01)
        np.testing.assert_allclose(frame["time"], np.arange(1000) * 0.01 + 0.005)


def test_it_looks_like_cortex(demo: Recording) -> None:
    rates = demo.counts / demo.duration
    for name in demo.populations["name"]:
        assert 2 < rates[demo.rows_of(name)].mean() < 20
    trains = (np.diff(train) for train in np.split(demo.train_ticks, demo.train_offsets[1:-1])[:160])
    assert 0.8 < np.mean([isi.std() / isi.mean() for isi in trains if len(isi) > 5]) < 1.2
    preferring_left = demo.spike_rows < 80
    hz = {
        condition: np.mean(
            [
                np.sum(preferring_left & (demo.spike_times >= start) & (demo.spike_times < stop))
                for start, stop, shown in demo.intervals["stimulus"].itertuples(index=False)
                if shown == condition
            ]
        )
        for condition in ("left", "right")
    }
    assert hz["left"] > 2 * hz["right"]


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in (DATA / "demo").rglob("*")) < 3e6
