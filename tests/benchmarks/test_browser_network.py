"""The made-up network: as many spikes as asked for, in order, and a run that opens with all that it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikeboard
from benchmarks.browser import network


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STRETCH_S", 1)


def test_stretches_follow_each_other_and_hold_as_many_spikes_as_asked_for() -> None:
    parts = list(network.stretches(60_000))
    assert len(parts) > 1
    ticks = np.concatenate([ticks for ticks, _ in parts])
    rows = np.concatenate([rows for _, rows in parts])
    assert len(ticks) == 60_000
    assert np.all(np.diff(ticks * network.UNITS + rows) > 0)
    assert 0 <= rows.min() <= rows.max() < network.UNITS


def test_more_spikes_are_a_longer_run_of_the_same() -> None:
    few = np.concatenate([ticks for ticks, _ in network.stretches(20_000)])
    many = np.concatenate([ticks for ticks, _ in network.stretches(60_000)])
    np.testing.assert_array_equal(many[:20_000], few)


def test_a_run_opens_with_its_spikes_states_and_projections(tmp_path: Path) -> None:
    rec = spikeboard.open(network.write_run(tmp_path / "run", 30_000))
    assert len(rec.spike_times) == 30_000
    assert rec.sampling_rate == network.CLOCK_HZ
    assert list(rec.populations["size"]) == [population.size for population in network.POPULATIONS]
    assert {state.unit for state in rec.states.values()} == {"mV", "pA"}
    assert len(rec.connections) == len(network.POPULATIONS) ** 2
    assert not [note for note in rec.notes if "left out" in note or "damaged" in note]


def test_a_run_that_is_there_is_kept(tmp_path: Path) -> None:
    run = network.write_run(tmp_path / "run", 1_000)
    before = (run / "spikes.h5").stat().st_mtime_ns
    assert (network.write_run(tmp_path / "run", 1_000) / "spikes.h5").stat().st_mtime_ns == before
