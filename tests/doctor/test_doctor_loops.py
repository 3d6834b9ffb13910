"""The compiled loops of the doctor against their definitions, spike by spike and synapse by synapse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spikeboard
from spikeboard import beside, doctor
from spikeboard.doctor import examination, loops, signals
from spikeboard.doctor.findings import Finding, Remedy

Spikes = list[tuple[int, int]]
SPIKES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=60)
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-5, 5)), max_size=40)


def units_of(spikes: Spikes, clocked: bool = True) -> spikeboard.Recording:
    """(tick, unit) pairs as a recording of four units that lasts 1 s, on a clock of 100 Hz or on none."""
    table = pd.DataFrame({"population": "E", "id": np.arange(4)})
    times, rows = np.array([tick / 100 for tick, _ in spikes]), np.array([unit for _, unit in spikes], int)
    rate = 100.0 if clocked else None
    return spikeboard.recording("made", times, rows, table, t_start=0.0, t_stop=1.0, sampling_rate=rate)


def kept_of(spikes: Spikes, least: int) -> Spikes:
    """(tick, unit) of what is kept, by walking the spikes in order of time."""
    last: dict[int, int] = {}
    kept = []
    for tick, unit in sorted(spikes):
        if unit not in last or tick - last[unit] >= least:
            kept.append((tick, unit))
            last[unit] = tick
    return kept


@given(SPIKES, st.integers(1, 6))
def test_thinning_keeps_what_a_walk_through_the_spikes_keeps(spikes: Spikes, least: int) -> None:
    rec = units_of(spikes)
    kept = kept_of(spikes, least)
    dropped = loops.close_in_trains(rec.train_ticks, rec.train_offsets, least)
    assert dropped.tolist() == [
        sum(unit == one for _, one in spikes) - sum(unit == one for _, one in kept) for unit in range(4)
    ]
    thin = doctor.apply(rec, f"min_interval={least / 100}")
    assert list(zip((thin.spike_times * 100).round().astype(int), thin.spike_rows, strict=True)) == kept
    by_unit = sorted((unit, tick) for tick, unit in kept)
    assert thin.train_ticks.tolist() == [tick for _, tick in by_unit]
    assert np.diff(thin.train_offsets).tolist() == [
        sum(unit == one for one, _ in by_unit) for unit in range(4)
    ]
    assert (rec.t_start, rec.t_stop, len(rec.spike_times)) == (0.0, 1.0, len(spikes))


@given(SPIKES, st.sampled_from([0.001, 0.5, 3.0, 30000.0]), st.booleans())
def test_divided_times_are_the_times_divided(spikes: Spikes, factor: float, clocked: bool) -> None:
    rec = units_of(spikes, clocked)
    divided = doctor.apply(rec, f"divide_times={factor}")
    np.testing.assert_allclose(divided.spike_times, rec.spike_times / factor, rtol=1e-12)
    np.testing.assert_array_equal(divided.spike_rows, rec.spike_rows)
    for row in range(4):
        train = divided.train_ticks[divided.train_offsets[row] : divided.train_offsets[row + 1]]
        mine = divided.spike_times[divided.spike_rows == row]
        np.testing.assert_array_equal(train, np.rint(mine * divided.ticks_per_second))
    assert divided.t_stop == pytest.approx(1 / factor)


@given(PAIRS)
def test_synapses_of_one_pair_are_found_and_merged(synapses: list[tuple[int, int, int]]) -> None:
    ordered = sorted(synapses, key=lambda one: one[0])
    indptr = np.r_[0, np.cumsum(np.bincount([s for s, _, _ in ordered], minlength=4))].astype(np.int64)
    indices, weights = (
        np.array([t for _, t, _ in ordered], np.int32),
        np.array([w for *_, w in ordered], float),
    )
    pairs = [(s, t) for s, t, _ in ordered]
    expected = [pair in pairs[:at] for at, pair in enumerate(pairs)]
    repeated = loops.repeats(indptr, indices, 4)
    assert repeated.tolist() == expected
    of_pair = {pair: [w for one, w in zip(pairs, weights, strict=True) if one == pair] for pair in pairs}
    first = [at for at, again in enumerate(expected) if not again]
    for smallest, of_all in ((False, sum), (True, min)):
        merged = loops.merge(indptr, indices, 4, weights, smallest)
        assert [merged[at] for at in first] == [of_all(of_pair[pairs[at]]) for at in first]
    left = loops.without(indptr, repeated)
    assert np.diff(left).tolist() == [sum(pairs[at][0] == source for at in first) for source in range(4)]


@given(SPIKES, st.integers(1, 7))
def test_units_whose_times_fall_are_marked_whatever_the_pieces(spikes: Spikes, piece: int) -> None:
    times, rows = np.array([t for t, _ in spikes], float), np.array([u for _, u in spikes], np.int64)
    last, fallen = np.full(4, -np.inf), np.zeros(4, bool)
    for start in range(0, len(times), piece):
        loops.falls(times[start : start + piece], rows[start : start + piece], last, fallen)
    assert fallen.tolist() == [bool(np.any(np.diff(times[rows == unit]) < 0)) for unit in range(4)]


def test_a_long_state_is_looked_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "CHUNK", 8)
    values = np.zeros((50, 3))
    values[41, 2] = np.nan
    state = spikeboard.State(values, np.arange(50.0), "v", "", np.arange(3), ("a", "b", "c"))
    rec = spikeboard.recording(
        "one", np.zeros(0), np.zeros(0, int), units_of([]).units, t_start=0, t_stop=50, states={"v": state}
    )
    assert [one.what for one in signals.states(rec)] == ["1 of 150 values are not finite numbers"]
    values[41, 2] = 1e-9
    assert list(signals.states(rec)) == []
    values[41, 2] = 0
    assert [one.what for one in signals.states(rec)] == ["It is zero throughout"]


def test_what_took_long_is_kept_beside_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "KEPT_ABOVE_S", 0.0)
    (tmp_path / "a.csv").write_text("time_ms,unit\n1.0,0\n1.0,0\n3.0,1\n")
    first = doctor.examine(spikeboard.open(tmp_path / "a.csv"))
    assert any(
        remedy == Remedy("drop_duplicates", "Keep one of each") for one in first for remedy in one.remedies
    )
    looked: list[int] = []

    def look(rec: spikeboard.Recording) -> Iterator[Finding]:
        looked.append(len(rec.spikes))
        yield from ()

    monkeypatch.setattr(examination, "_checks", lambda: [look])
    again = spikeboard.open(tmp_path / "a.csv")
    assert doctor.examine(again) == first and doctor.examine(again) == first and not looked
    elsewhere = spikeboard.open(again.save(tmp_path / "mine"))
    assert doctor.examine(elsewhere) == doctor.examine(elsewhere) == () and looked == [3]
    (kept,) = (path.name for path in (tmp_path / "mine").iterdir() if not path.name.startswith("columns"))
    assert kept == "recording.json", "nothing is put into a folder of somebody else"


def test_that_nothing_is_odd_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "KEPT_ABOVE_S", 0.0)
    monkeypatch.setattr(examination, "_checks", lambda: [])
    (tmp_path / "a.csv").write_text("time_ms,unit\n1.0,0\n1.0,0\n3.0,1\n")
    assert doctor.examine(spikeboard.open(tmp_path / "a.csv")) == ()
    assert beside.worked_out(spikeboard.open(tmp_path / "a.csv"), "examined", lambda rec: ["again"]) == []
