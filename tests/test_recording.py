"""The recording: what it checks, what it derives, and what the store gives back."""

from __future__ import annotations

import mmap

import numpy as np
import pandas as pd
import pytest
from made_states import with_state

import spikeboard
from spikeboard import RecordingError, Synapses, store
from spikeboard.recording import clock


def small(**changes: object) -> spikeboard.Recording:
    units = pd.DataFrame({"population": ["E", "E", "I"], "id": [4, 7, 0]})
    given: dict = {"t_start": 0.0, "t_stop": 1.0, "sampling_rate": 1000.0} | changes
    times, rows = given.pop("times", [0.3, 0.1, 0.2]), given.pop("rows", [2, 0, 0])
    return spikeboard.recording("small", np.array(times), np.array(rows), given.pop("units", units), **given)


def test_spikes_are_sorted_and_trains_are_contiguous() -> None:
    rec = small()
    assert rec.spikes["time"].tolist() == [0.1, 0.2, 0.3]
    assert rec.spikes["unit"].tolist() == [0, 0, 2]
    assert rec.train_offsets.tolist() == [0, 2, 2, 3]
    assert rec.train_ticks.tolist() == [100, 200, 300]


def test_populations_hold_silent_units_too() -> None:
    frame = small().populations
    assert frame.to_dict("list") == {"name": ["E", "I"], "size": [2, 1], "first": [0, 2]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"t_stop": -1.0}, "ends before it starts"),
        ({"times": [0.1, 0.2, np.nan]}, "1 spike times are not finite"),
        ({"rows": [0, 1, 3]}, "unit row 3, but there are 3 units"),
        ({"times": [0.1, 0.2, 1.2]}, "do not lie within 0–1 s"),
        ({"times": [0.1, 0.2, 0.30005]}, "between the ticks of a 1000 Hz clock"),
        ({"units": pd.DataFrame({"population": ["E", "I", "E"], "id": [0, 1, 2]})}, "in several places"),
        (
            {"intervals": {"trials": pd.DataFrame({"start": [1.0], "stop": [0.5]})}},
            "trials 0 ends before it starts",
        ),
        (
            {"connections": {"x": Synapses("E", "Z", np.zeros(3, int), np.zeros(0, int))}},
            "joins population 'Z'",
        ),
        ({"connections": {"x": Synapses("E", "I", np.array([0, 1, 1]), np.array([5]))}}, "synapse to unit 5"),
        ({"connections": {"x": Synapses("E", "I", np.array([0, 2, 1]), np.array([0]))}}, "do not add up"),
        ({"connections": {"x": Synapses("E", "I", np.array([0, 1, 9]), np.array([0]))}}, "do not add up"),
    ],
)
def test_what_does_not_fit_is_said(changes: dict, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        small(**changes)


def test_a_clock_is_found_only_where_every_time_lies_on_it() -> None:
    assert clock(np.arange(1000) * 1e-4, 1e-4) == 10_000
    assert clock(np.array([0.1, 0.10005]), 1e-4) is None


def test_a_saved_recording_comes_back_whole_and_mapped(tmp_path) -> None:
    rec = small(
        connections={
            "E→I": Synapses("E", "I", np.array([0, 1, 1]), np.array([0]), np.array([0.5]), np.array([1e-3]))
        },
        intervals={"trials": pd.DataFrame({"start": [0.0], "stop": [0.5], "kind": ["a"]})},
        rates={"E": pd.DataFrame({"time": [0.5], "rate": [3.0]})},
        states={
            "E.v": spikeboard.State(
                np.ones((2, 1), "f4"), np.array([0, 1.0]), "v", "mV", np.array([1]), ("E 7",)
            )
        },
        notes=("assumed",),
    )
    back = spikeboard.open(rec.save(tmp_path / "kept"))
    pd.testing.assert_frame_equal(back.spikes, rec.spikes)
    pd.testing.assert_frame_equal(back.units, rec.units)
    pd.testing.assert_frame_equal(back.populations, rec.populations)
    pd.testing.assert_frame_equal(back.projections, rec.projections)
    pd.testing.assert_frame_equal(back.intervals["trials"], rec.intervals["trials"])
    pd.testing.assert_frame_equal(back.rates["E"], rec.rates["E"])
    assert isinstance(back.spike_times.base, mmap.mmap)
    assert back.states["E.v"].axis == "v (mV)" and back.states["E.v"].values.tolist() == [[1.0], [1.0]]
    assert (back.notes, back.digest, back.sampling_rate) == (rec.notes, rec.digest, rec.sampling_rate)
    assert back.synapses("E→I").delay is not None


@pytest.mark.parametrize(("n_columns", "apart"), [(1, True), (3, True), (store.TRACES_APART + 1, False)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_values_of_a_state_are_kept_trace_after_trace(
    tmp_path, monkeypatch: pytest.MonkeyPatch, n_columns: int, apart: bool, order: str
) -> None:
    monkeypatch.setattr(store, "PIECE_BYTES", 700)
    values = np.random.default_rng(2).normal(size=(1001, n_columns)).astype("f4")
    folder = with_state(np.asarray(values, order=order)).save(tmp_path / "store")
    found = spikeboard.open(folder).states["v"].values
    np.testing.assert_array_equal(found, values)
    assert found.flags.f_contiguous == (apart or order == "F")


def test_saving_again_replaces_and_leaves_one_set_of_columns(tmp_path) -> None:
    small().save(tmp_path / "kept")
    small(times=[0.5, 0.1, 0.2]).save(tmp_path / "kept")
    assert spikeboard.open(tmp_path / "kept").spike_times.max() == 0.5
    assert len(list((tmp_path / "kept").glob("columns-*"))) == 1


def test_a_folder_of_something_else_is_not_written_over(tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RecordingError, match="no Spikeboard recording"):
        small().save(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("damage", ["truncate", "remove", "json", "escape", "format", "offsets"])
def test_a_damaged_store_is_refused_in_a_sentence(tmp_path, damage: str) -> None:
    folder = small().save(tmp_path / "kept")
    index, column = folder / "recording.json", next(folder.glob("columns-*/spike_times.npy"))
    text = index.read_text()
    {
        "truncate": lambda: column.write_bytes(column.read_bytes()[:-8]),
        "remove": column.unlink,
        "json": lambda: index.write_text(text[:-20]),
        "escape": lambda: index.write_text(text.replace('"columns-', '"../columns-')),
        "offsets": lambda: np.save(column.with_name("train_offsets.npy"), np.array([0, 10**9, 2, 3])),
        "format": lambda: index.write_text(text.replace('"format": 2', '"format": 99')),
    }[damage]()
    with pytest.raises(RecordingError, match=r"import (its|the) source again|outside itself"):
        spikeboard.open(folder)
