from __future__ import annotations

import contextlib
import json
import os
import pickle
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from made_torch import plain, torch_file

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import recognise, tensors, torch_files
from spikeboard.recording import Recording

SNNTORCH = "snntorch_tensors"
FILES = ("spikes.npz", "spikes_dict.pt")


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name in ("Spike tensors", "PyTorch tensors")
    return spikeboard.open(path, **options)


def train_steps(rec: Recording, population: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids and steps of the spikes of a population."""
    inside = rec.rows_of(population)
    mine = (rec.spike_rows >= inside.start) & (rec.spike_rows < inside.stop)
    assert rec.sampling_rate
    steps = np.rint(rec.spike_times[mine] * rec.sampling_rate).astype(np.int64)
    return rec.units["id"].to_numpy()[rec.spike_rows[mine]].astype(np.int64), steps


def dense(rec: Recording, population: str, n_steps: int) -> np.ndarray:
    """(steps, units) of 0 and 1."""
    ids, steps = train_steps(rec, population)
    values = np.zeros((n_steps, len(rec.rows_of(population))), int)
    np.add.at(values, (steps, ids), 1)
    return values


def asked(path: Path, **options: Any) -> dict[str, dict[str, str]]:
    with pytest.raises(Undecided) as undecided:
        opened(path, **options)
    return {
        question.name: {choice.value: choice.implies for choice in question.choices}
        for question in undecided.value.questions
    }


# --- what snnTorch's users save -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_layer_and_sample_holds_what_its_truth_says(
    shared_data: Path, truthcheck: ModuleType, name: str
) -> None:
    rec = opened(shared_data / SNNTORCH / name, axes="TBN", dt=1e-3, batch="populations")
    true = json.loads((shared_data / SNNTORCH / "truth.json").read_text(encoding="utf-8"))
    assert rec.t_stop == 0.1 and rec.sampling_rate == 1000
    for said in true["populations"]:
        layer, sample = said["population"].removesuffix("]").split("[batch ")
        population = f"{layer}[{sample}]"
        ids, steps = train_steps(rec, population)
        assert truthcheck.check(SNNTORCH, said["population"], ids, steps) == []
        size = len(rec.rows_of(population))
        assert size == said["n_units_total"]
        assert len(ids) / size / rec.duration == pytest.approx(said["mean_rate_hz"], rel=1e-12)
        for unit, of in said["units"].items():
            intervals = np.diff(np.sort(steps[ids == int(unit)])) * 1e-3
            if "cv" in of:
                assert intervals.std() / intervals.mean() == pytest.approx(of["cv"], rel=1e-9)


@pytest.mark.parametrize("name", FILES)
def test_samples_one_after_another_are_the_same_spikes(shared_data: Path, name: str) -> None:
    rec = opened(shared_data / SNNTORCH / name, axes="tbn", dt="0.001")
    raw = np.load(shared_data / SNNTORCH / "spikes.npz")
    for layer in ("spk_in", "spk_hidden", "spk_out"):
        in_turn = raw[layer].transpose(1, 0, 2).reshape(400, -1)
        assert np.array_equal(dense(rec, layer, 400), in_turn)
    samples = rec.intervals["samples"]
    assert samples["start"].tolist() == [0.0, 0.1, 0.2, 0.3] and samples["stop"].iloc[-1] == rec.t_stop == 0.4
    state = rec.states["spk_out.mem_out"]
    assert np.array_equal(state.values, raw["mem_out"].transpose(1, 0, 2).reshape(400, 10))
    assert state.rows.tolist() == list(rec.rows_of("spk_out")) and state.time[100] == 0.1
    assert any("are runs of the same units" in note for note in rec.notes)


def test_all_ways_to_save_one_layer_agree(shared_data: Path) -> None:
    folder = shared_data / SNNTORCH
    raw = np.load(folder / "spikes.npz")["spk_hidden"]
    for name, axes in {
        "spk_hidden_b0_TxN_bool.npy": "TN",
        "spk_hidden_b0_NxT_uint8.npy": "NT",
        "spk_hidden_b0_sparse_coo.pt": "TN",
    }.items():
        rec = opened(folder / name, axes=axes, dt=1e-3)
        assert np.array_equal(dense(rec, str(rec.populations["name"][0]), 100), raw[:, 0])
    for name in ("spk_hidden_TxBxN_float32.npy", "spk_hidden.pt"):
        rec = opened(folder / name, axes="TBN", dt=1e-3, batch="populations")
        first = str(rec.populations["name"][0])
        assert np.array_equal(dense(rec, first, 100), raw[:, 0]) and len(rec.spike_times) == 3963


def test_axes_and_step_are_asked_with_what_each_implies(shared_data: Path) -> None:
    questions = asked(shared_data / SNNTORCH / "spk_hidden_TxBxN_float32.npy")
    assert questions["axes"]["TBN"] == "100 steps, 4 samples, 120 units"
    assert questions["axes"]["NBT"] == "120 steps, 4 samples, 100 units" and len(questions["axes"]) == 6
    assert "82.6 Hz" in questions["dt"]["0.001"]
    both = asked(shared_data / SNNTORCH / "spikes.npz", dt=1e-3)
    assert both.keys() == {"axes"} and list(both["axes"]) == ["TBN", "BTN"]
    assert asked(shared_data / SNNTORCH / "spk_hidden_b0_TxN_bool.npy", axes="TN").keys() == {"dt"}


def test_a_file_of_weights_holds_no_spikes(shared_data: Path) -> None:
    with pytest.raises(RecordingError, match="weights: no array holds 0 and 1 alone"):
        opened(shared_data / SNNTORCH / "weights.pt", axes="TN", dt=1e-3)


# --- small arrays --------------------------------------------------------------------------------------------------


def test_a_convolutional_layer_is_numbered_row_by_row(tmp_path: Path) -> None:
    values = np.zeros((3, 2, 2, 2, 3), np.uint8)
    values[1, 0, 1, 0, 2] = 1
    np.save(tmp_path / "conv.npy", values)
    assert list(asked(tmp_path / "conv.npy", dt=1e-3)["axes"]) == ["TBN", "BTN"]
    rec = opened(tmp_path / "conv.npy", axes="TBN", dt=1e-3)
    assert len(rec.units) == 12 and rec.units["id"][rec.spike_rows[0]] == 8
    assert any("2 × 2 × 3 are numbered row by row" in note for note in rec.notes)


def test_arrays_that_do_not_fit_together_are_told_apart(tmp_path: Path) -> None:
    one, other = np.eye(30, 20, dtype=bool), np.eye(40, 20, dtype=bool)
    path = tmp_path / "two.npz"
    np.savez(
        path, one=one, other=other, text=np.array("x"), volts=np.full((30, 5), 0.5), grey=np.full((30, 9), 3)
    )
    with pytest.raises(RecordingError, match="with axes TN the arrays differ in steps"):
        opened(path, axes="TN", dt=1e-3)
    rec = opened(path, axes="NT", dt=1e-3)
    assert rec.populations["size"].tolist() == [30, 40]
    told = " ".join(rec.notes)
    assert "array 'volts' is left out" in told and "'grey' (int64" in told and "'text'" in told
    with pytest.raises(RecordingError, match="does not fit arrays of 2 axes"):
        opened(path, axes="TBN", dt=1e-3)
    with pytest.raises(RecordingError, match="batch='both' is none of"):
        opened(path, axes="NT", dt=1e-3, batch="both")
    with pytest.raises(RecordingError, match="dt=-1 must be above 0"):
        opened(path, axes="NT", dt=-1)


def test_a_state_that_fits_no_layer_is_of_no_unit(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", spk=np.eye(30, 20, dtype=bool), volts=np.full((30, 5), 0.5))
    rec = opened(tmp_path / "run.npz", axes="TN", dt=1e-3)
    assert rec.states["volts"].rows.tolist() == [-1] * 5


@pytest.mark.parametrize(
    "values",
    [np.zeros((40, 2)), np.array([[0, 1], [1, 0]]), np.arange(60).reshape(20, 3), np.zeros(100, bool)],
)
def test_what_may_be_a_list_of_spikes_is_no_tensor(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "list.npy", values)
    assert not tensors.sniff(tmp_path / "list.npy")


def test_an_array_beside_times_is_no_tensor(tmp_path: Path) -> None:
    np.savez(tmp_path / "list.npz", t_s=[0.5, 1.0], i=[0, 1], mask=np.eye(9, 30, dtype=bool))
    assert recognise(tmp_path / "list.npz").name == "NPZ and NPY arrays"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=8)), st.permutations("TBN"))
def test_the_order_of_axes_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, order: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("axes")
    turned = values.transpose(["TBN".index(letter) for letter in order])
    np.save(folder / "a.npy", values)
    np.save(folder / "b.npy", turned)
    one = tensors.read(folder / "a.npy", axes="TBN", dt=1e-3)
    other = tensors.read(folder / "b.npy", axes="".join(order), dt=1e-3)
    assert np.array_equal(one.train_ticks, other.train_ticks)
    assert np.array_equal(one.train_offsets, other.train_offsets)
    assert len(one.spike_times) == values.sum() and one.t_stop == other.t_stop


# --- PyTorch's files ------------------------------------------------------------------------------------------------


class Canary:
    """Unpickled, it makes a folder."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_torch_file_is_never_run(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "spike_canary_pt"
    path = torch_file(tmp_path / "run.pt", pickle.dumps(Canary(str(canary)), protocol))
    with pytest.raises(RecordingError, match=r"nothing of it was run\. .*weights_only=True"):
        opened(path, axes="TN", dt=1e-3)
    assert not canary.exists()


def test_a_torch_file_of_old_is_refused_with_the_line_that_converts_it(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    path.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2))
    with pytest.raises(
        RecordingError, match=r"numpy\.save\('spikes\.npy', torch\.load\('old\.pt', weights_only"
    ):
        opened(path)


def test_strides_and_offsets_are_followed(tmp_path: Path) -> None:
    base = (np.random.default_rng(0).random((12, 10)) < 0.4).astype(np.uint8)
    path = torch_file(tmp_path / "run.pt", plain((10, 10), (1, 10), offset=20), s0=base.tobytes())
    rec = opened(path, axes="TN", dt=1e-3)
    assert np.array_equal(dense(rec, "run", 10), base[2:].T)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        (plain((40, 40), (40, 1)), "a storage of 100 bytes, which is too small"),
        (plain((10, 10), (10, 1), offset=1), "which is too small"),
        (plain((2000, 2000), (0, 0)), "says its few numbers over and over"),
        (plain((10, -10), (10, 1)), "a tensor whose shape makes no sense"),
        (plain((10, 10), (10, 1), kind="BFloat16Storage"), "numbers of a kind that NumPy lacks"),
        (b"\x80\x02}.", "holds no tensor"),
        (b"\x80\x02", "plain tensor|without an end"),
        (b"", "plain tensor|without an end"),
        (b"S'\\q'\n.", r"more than tensors \(opcode STRING\)"),
        (b"]" * 200_000 + b".", "more than tensors"),
        (
            b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.",
            "the call of os.system, which no plain tensor needs",
        ),
    ],
)
def test_a_torch_file_that_lies_is_refused(tmp_path: Path, description: bytes, reason: str) -> None:
    path = torch_file(tmp_path / "run.pt", description, s0=bytes(100))
    with pytest.raises(RecordingError, match=reason):
        opened(path, axes="TN", dt=1e-3)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutated_torch_file_gives_a_recording_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    description = bytearray(plain((10, 10), (10, 1)))
    for _ in range(data.draw(st.integers(1, 6))):
        description[data.draw(st.integers(0, len(description) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("mutated")
    path = torch_file(folder / "run.pt", bytes(description), s0=np.eye(10, dtype=np.uint8).tobytes())
    with contextlib.suppress(RecordingError):
        torch_files.read(path, axes="TN", dt=1e-3)
    assert not list(Path(tempfile.gettempdir()).glob("spike_canary_pt*"))
