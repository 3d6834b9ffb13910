from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import arrays, npy, recognise
from spikeboard.recording import Recording

BRIAN = "brian2_cuba"


def bundle(folder: Path, name: str = "spikes.npz", **members: Any) -> Path:
    path = folder / name
    np.savez(path, **{key: np.asarray(value) for key, value in members.items()})
    return path


def single(folder: Path, array: Any, name: str = "spikes.npy") -> Path:
    path = folder / name
    np.save(path, np.asarray(array))
    return path


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "NPZ and NPY arrays"
    return spikeboard.open(path, **options)


def pairs(rec: Recording) -> list[tuple[float, Any]]:
    """(time, id) of every spike, in order of time."""
    ids = rec.units["id"].to_numpy()
    return [
        (time, ids[row]) for time, row in zip(rec.spike_times.tolist(), rec.spike_rows.tolist(), strict=True)
    ]


# --- what Brian2's users save -------------------------------------------------------------------------------------

SAVED = {
    "spikes_seconds.npz": ("P (spikes_seconds.npz)", {"n_units": 4000}),
    "spikes_ms.npz": ("P (spikes_ms.npz)", {"n_units": 4000}),
    "spikes_exc_get_states.npz": ("P[:3200] (spikes_exc_get_states.npz)", {}),
    "spikes_inh_get_states.npz": ("P[3200:], ids restart at 0 (spikes_inh_get_states.npz)", {}),
    "spikes_with_v_get_states.npz": ("P[:200] with v (spikes_with_v_get_states.npz)", {}),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_monitor_holds_what_its_truth_says(
    shared_data: Path, truthcheck: ModuleType, name: str
) -> None:
    population, options = SAVED[name]
    spikes = arrays.spike_list(shared_data / BRIAN / name)
    assert truthcheck.check(BRIAN, population, spikes.ids[spikes.units], spikes.times) == []
    known = json.loads((shared_data / BRIAN / "truth.json").read_text(encoding="utf-8"))["populations"]
    true = next(found for found in known if found["population"] == population)
    rec = opened(shared_data / BRIAN / name, t_stop=1.0, **options)
    assert len(rec.units) == true["n_units_total"]
    assert len(rec.spike_times) / len(rec.units) / rec.duration == pytest.approx(
        true["mean_rate_hz"], rel=1e-12
    )
    for unit, said in true["units"].items():
        train = rec.spike_times[rec.spike_rows == int(unit)]
        assert (train[0], train[-1]) == pytest.approx((said["first_s"], said["last_s"]), rel=1e-12)
        if "cv" in said:
            assert np.diff(train).std() / np.diff(train).mean() == pytest.approx(said["cv"], rel=1e-9)


def test_seconds_and_milliseconds_give_the_same_recording(shared_data: Path) -> None:
    seconds, millis = (opened(shared_data / BRIAN / f"spikes_{unit}.npz") for unit in ("seconds", "ms"))
    assert np.array_equal(seconds.train_ticks, millis.train_ticks)
    assert any("seconds was taken" in note for note in seconds.notes)
    assert not any("was taken, for every" in note for note in millis.notes)


def test_the_count_of_a_monitor_tells_of_silent_units(shared_data: Path) -> None:
    rec = opened(shared_data / BRIAN / "spikes_inh_get_states.npz")
    assert len(rec.units) == 800 and np.count_nonzero(rec.counts == 0) == 800 - 673
    assert "array 'count' tells of 800 units, silent ones included" in rec.notes
    assert not any("units that never fire" in note for note in rec.notes)


def test_counts_that_do_not_fit_the_spikes_are_not_believed(tmp_path: Path) -> None:
    for count in ([1, 1, 0, 7], [2], [[1, 1]], [1.0, 1.0, 0.0]):
        rec = opened(bundle(tmp_path, f"{count}.npz", t_s=[0.5, 1.0], i=[0, 1], count=count))
        assert len(rec.units) == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "brian2_cuba/rate_get_states.npz",
            "the unit ids that belong to the times; it holds 'rate', 't', 'N'",
        ),
        ("brian2_cuba/state_get_states.npz", "the unit ids that belong to the times"),
        ("brian2_cuba/spike_trains_objectarray.npz", "'spike_trains' holds pickled Python objects"),
        ("brian2_cuba/synapses_Ce.npz", "no array is named like spike times; it holds 'i', 'j', 'w'"),
        ("nest_brunel/connections.npz", "no array is named like spike times"),
        ("snntorch_tensors/spk_hidden_TxBxN_float32.npy", r"shape \(100, 4, 120\), not a list of spikes"),
        ("snntorch_tensors/spk_hidden_b0_NxT_uint8.npy", r"shape \(120, 100\), not a list of spikes"),
        ("snntorch_tensors/spk_hidden_b0_TxN_bool.npy", "spike times are real numbers"),
    ],
)
def test_arrays_that_are_no_spikes_are_refused(shared_data: Path, name: str, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        arrays.read(shared_data / name)


# --- malformed and hostile files ----------------------------------------------------------------------------------

OPENS = {
    "good_ti.npz": "",
    "object_member.npz": "array 'extra' holds pickled objects and was not touched",
    "t_i_f_order_be.npz": "",
    "two_columns.npy": "column 1 is the time, column 2 the unit",
    "two_rows.npy": "column 2 is the time, column 1 the unit",
    "structured.npy": "",
    "float16_t.npy": "times are stored as float16: near 848, the largest, they lie on a grid of 0.5",
}
REFUSED = {
    "canary.pkl": "no file that Spikeboard knows|pickle",
    "pickle_named.npy": "no file that Spikeboard knows|pickle",
    "pickle_named.csv": "no file that Spikeboard knows|pickle",
    "object_array.npy": "pickled Python objects, which could run code and are never loaded",
    "len_mismatch.npz": "'t' has 1,000 values, 'i' has 999",
    "only_i.npz": "no array is named like spike times",
    "empty.npz": "no array",
    "complex.npy": "complex128 values",
    "scalar.npy": r"shape \(\)",
    "strings.npy": "spike times are real numbers",
    "lying_shape.npy": r"claims shape \(1000000000000,\)",
    "truncated.npz": "cut or damaged|no file that Spikeboard knows",
    "npz_bomb.npz": "unpacks to 536,871,040 bytes",
}
ASKED = {"time_unit": "ms"}


def test_every_hostile_array_has_its_outcome_here(expected: dict[str, dict[str, Any]]) -> None:
    proposed = {
        name.removeprefix("npy/"): case["expect"]
        for name, case in expected.items()
        if name.startswith("npy/")
    }
    assert proposed.keys() == OPENS.keys() | REFUSED.keys()
    for name, proposal in proposed.items():
        assert ("refuse" if name in REFUSED else "warn" if OPENS[name] else "accept") == proposal, name


@pytest.mark.parametrize("name", OPENS)
def test_a_hostile_array_opens_and_says_what_it_lost(
    hostile: Path, expected: dict[str, dict[str, Any]], name: str
) -> None:
    path = hostile / "npy" / name
    with pytest.raises(Undecided, match="time_unit='ms': milliseconds"):
        opened(path)
    rec = opened(path, **ASKED)
    assert len(rec.spike_times) == expected[f"npy/{name}"].get("facts", {}).get("n_spikes", 1000)
    assert any(OPENS[name] in note for note in rec.notes), rec.notes
    if name != "float16_t.npy":
        assert rec.digest == opened(hostile / "npy" / "good_ti.npz", **ASKED).digest


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_array_is_refused_in_one_sentence(hostile: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=REFUSED[name]) as refused:
        spikeboard.open(hostile / "npy" / name)
    assert len(str(refused.value)) < 500


def test_no_pickle_was_run(hostile: Path) -> None:
    for path in sorted((hostile / "npy").iterdir()):
        if arrays.sniff(path):
            try:
                arrays.read(path, time_unit="ms")
            except RecordingError:
                continue
    assert not list(Path(tempfile.gettempdir()).glob("spike_canary_*"))


class _Canary:
    """Makes a folder where someone unpickles it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_the_canary_sings_where_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(_Canary(tmp_path / "sung")))
    assert (tmp_path / "sung").is_dir()


def test_a_pickled_array_is_never_unpickled(tmp_path: Path) -> None:
    held = np.empty(1, object)
    held[0] = _Canary(tmp_path / "sung")
    path = bundle(tmp_path, t_s=[0.5], i=held)
    with pytest.raises(RecordingError, match="pickled Python objects"):
        opened(path, unit_column="i")
    with pytest.raises(RecordingError, match="pickled Python objects"):
        npy.load(path, ["i"])
    assert opened(path, unit_column="none").spike_times.tolist() == [0.5]
    assert not (tmp_path / "sung").exists()


# --- what arrays may look like ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        {"t_ms": [250.0, 500.0], "i": [1, 3]},
        {"times_s": [0.25, 0.5], "ids": [1, 3]},
        {"times_s": [0.5, 0.25], "senders": np.array([3, 1], np.uint64)},
        {"spike_times_us": [250_000, 500_000], "spike_clusters": [1.0, 3.0]},
        {"times_s": np.array([0.5, 0.25], ">f8"), "neuron": np.array([3, 1], ">i2"), "dt": 0.1},
        {"spike_times_s": [0.25, 0.5], "unit_ids": ["1", "3"], "noise": [1.0, 2.0, 3.0]},
        {"spike_times_s": [0.25, 0.5], "unit_ids": [b"1", b"3"]},
        {"neuron_ids": [1, 3], "timestamps": [0.25, 0.5], "node_ids": [9, 9]},
    ],
)
def test_a_time_array_and_a_unit_array_are_found_by_name(tmp_path: Path, members: dict[str, Any]) -> None:
    answer = {"unit_column": "neuron_ids", "time_unit": "s"} if "node_ids" in members else {}
    assert pairs(opened(bundle(tmp_path, **members), **answer)) == [(0.25, 1), (0.5, 3)]


def test_a_second_pair_of_names_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(Undecided) as asked:
        opened(bundle(tmp_path, t_s=[0.5], neuron=[1], sender=[2]))
    (question,) = asked.value.questions
    assert [choice.value for choice in question.choices] == ["neuron", "sender"]


def test_arrays_with_names_of_their_own_can_be_answered(tmp_path: Path) -> None:
    path = bundle(tmp_path, when=[0.5, 0.75], who=[3, 4], weight=[1.0])
    with pytest.raises(
        RecordingError, match="no array is named like spike times; it holds 'when', 'who', 'weight'"
    ):
        opened(path)
    rec = opened(path, time_column="when", unit_column="who", time_unit="s")
    assert pairs(rec) == [(0.5, 3), (0.75, 4)]
    assert "arrays not read: 'weight'" in rec.notes


def test_populations_come_from_their_array(tmp_path: Path) -> None:
    rec = opened(bundle(tmp_path, t_s=[0.5, 0.6, 0.7], i=[0, 0, 1], population=["E", "I", "E"]))
    assert rec.populations["name"].tolist() == ["E", "I"] and rec.populations["size"].tolist() == [2, 1]
    assert rec.spike_rows.tolist() == [0, 2, 1]


def test_the_question_shows_what_else_the_file_says(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match=r"It also holds dt = 0\.001, N = 2\."):
        opened(bundle(tmp_path, timesteps_of="x", t=[3, 9], i=[0, 1], dt=0.001, N=2, unused=np.zeros((2, 2))))


@pytest.mark.parametrize("shape", ["columns", "rows", "fields", "bundled", "bundled rows"])
def test_one_array_with_both(tmp_path: Path, shape: str) -> None:
    times, ids = np.array([0.25, 0.5, 0.75]), np.array([1, 3, 1])
    table = np.column_stack([ids, times])
    if shape == "fields":
        path = single(tmp_path, np.rec.fromarrays([times, ids], names="time,neuron"))
    elif shape.startswith("bundled"):
        path = bundle(tmp_path, spikes=table.T if "rows" in shape else table)
    else:
        path = single(tmp_path, table.T if shape == "rows" else table)
    assert pairs(opened(path, time_unit="s")) == [(0.25, 1), (0.5, 3), (0.75, 1)]


def test_two_columns_of_whole_numbers_are_asked_about(tmp_path: Path) -> None:
    path = single(tmp_path, np.array([[10, 3], [20, 4], [30, 3]]))
    with pytest.raises(Undecided) as asked:
        opened(path)
    assert [choice.value for choice in asked.value.questions[0].choices] == ["1", "2"]
    assert pairs(opened(path, time_column="1", time_unit="s")) == [(10.0, 3), (20.0, 4), (30.0, 3)]


@pytest.mark.parametrize("array", [np.array([0.5, 0.25]), np.array([[0.5], [0.25]])])
def test_one_array_of_times_is_one_unit(tmp_path: Path, array: np.ndarray) -> None:
    for path in (
        single(tmp_path, array),
        bundle(tmp_path, spikes=array),
        bundle(tmp_path, "t.npz", times=array.ravel()),
    ):
        rec = opened(path, time_unit="s")
        assert pairs(rec) == [(0.25, 0), (0.5, 0)]
        assert "no column tells the unit: all spikes are of one unit" in rec.notes


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2)), np.zeros((3, 3)), np.zeros((50, 40)), np.zeros((0, 0)), np.zeros((2, 3, 4))]
)
def test_a_matrix_is_no_list(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(RecordingError, match="not a list of spikes"):
        arrays.read(single(tmp_path, array))


def test_spikes_without_a_finite_time_or_unit_are_left_out_and_counted(tmp_path: Path) -> None:
    rec = opened(bundle(tmp_path, t_s=[np.nan, 0.5, np.inf, 0.6], i=[1.0, 1.0, 1.0, np.nan]))
    assert pairs(rec) == [(0.5, 1)]
    assert any("3 of 4 spikes were left out" in note and "at position 0, 2, 3" in note for note in rec.notes)


def test_fractions_are_no_unit_ids(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="unit ids must be whole numbers"):
        opened(bundle(tmp_path, t_s=[0.5], i=[1.5]))


def test_float32_times_say_how_coarse_they_are(tmp_path: Path) -> None:
    rec = opened(bundle(tmp_path, t_s=np.array([1.0, 36_000.0], "f4"), i=[0, 1]))
    assert any(
        "float32: near 36000, the largest, they lie on a grid of 0.00391" in note for note in rec.notes
    )


@pytest.mark.parametrize(
    "members",
    [
        {"t_s": [True, False], "i": [0, 1]},
        {"t_s": ["a", "b"], "i": [0, 1]},
        {"t_s": np.array([1, 2], "M8[ms]"), "i": [0, 1]},
        {"t_s": [1.0, 2.0], "i": [1j, 2j]},
        {"t_s": [1.0, 2.0], "i": np.array([1, 2], "M8[ms]")},
    ],
)
def test_times_and_ids_of_other_kinds_are_refused(tmp_path: Path, members: dict[str, Any]) -> None:
    with pytest.raises(RecordingError):
        opened(bundle(tmp_path, **members))


def test_no_spikes_are_no_mistake(tmp_path: Path) -> None:
    rec = opened(bundle(tmp_path, t=np.zeros(0), i=np.zeros(0, int), count=np.zeros(5, int)))
    assert len(rec.spike_times) == 0 and len(rec.units) == 5


# --- opening safely -----------------------------------------------------------------------------------------------


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(folder: Path, members: dict[str, bytes], **how: Any) -> Path:
    path = folder / "made.npz"
    with zipfile.ZipFile(path, "w", **how) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


GOOD = npy_bytes(np.array([0.5]))


@pytest.mark.parametrize("name", ["../t.npy", "/t.npy", "a/../../t.npy", "..\\t.npy", "C:\\t.npy"])
def test_members_that_point_outside_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="points outside it"):
        npy.describe(zipped(tmp_path, {name: GOOD}))


def test_a_link_in_a_bundle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.npz"
    link = zipfile.ZipInfo("t.npy")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, "/etc/hostname")
    with pytest.raises(RecordingError, match="points outside it"):
        npy.describe(path)


def test_unknown_packing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="packed in an unknown way"):
        npy.describe(zipped(tmp_path, {"t.npy": GOOD}, compression=zipfile.ZIP_BZIP2))


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "text",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-5,), }\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (2**60,), }\n",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (" + b"9" * 400 + b",), }\n",
        b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }\n",
        b"__import__('os').mkdir('/tmp/never')\n",
        b"(" * 5000,
        b"[" * 9000 + b"]" * 9000,
        b"{'descr': '<f8'}\n",
        b"",
    ],
)
def test_a_header_that_lies_or_makes_no_sense_is_refused(tmp_path: Path, text: bytes) -> None:
    bare = tmp_path / "bare.npy"
    bare.write_bytes(header(text) + bytes(16))
    with pytest.raises(RecordingError):
        npy.load_npy(bare)
    with pytest.raises(RecordingError):
        npy.load(zipped(tmp_path, {"t.npy": header(text) + bytes(16)}), ["t"])


def test_more_bytes_than_allowed_are_not_unpacked(tmp_path: Path) -> None:
    path = bundle(tmp_path, t=np.arange(1000.0), i=np.arange(1000))
    with pytest.raises(RecordingError, match="more than the 10,000 that are read at once"):
        npy.load(path, ["t", "i"], largest=10_000)
    assert npy.load(path, ["t"], largest=10_000)["t"].shape == (1000,)
    with pytest.raises(RecordingError, match="more than the 100 that are read at once"):
        npy.load_npy(single(tmp_path, np.arange(100.0)), largest=100)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no array 'x'"):
        npy.load(bundle(tmp_path, t=[1.0]), ["x"])


def test_a_member_that_overlaps_another_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a.npy": GOOD, "b.npy": GOOD})
    data = bytearray(path.read_bytes())
    for at in range(len(data) - 46):
        if data[at : at + 4] == b"PK\x01\x02":
            data[at + 20 : at + 24] = struct.pack("<I", len(data))
    path.write_bytes(bytes(data))
    with pytest.raises(RecordingError, match="overlap"):
        npy.describe(path)


def test_other_zip_files_are_left_to_other_readers(hostile: Path, tmp_path: Path) -> None:
    assert not arrays.sniff(hostile / "zip" / "phy_good.zip")
    assert not arrays.sniff(hostile / "zip" / "zip_slip.zip")
    assert not arrays.sniff(hostile)
    assert not arrays.sniff(tmp_path / "nowhere.npz")


# --- properties ---------------------------------------------------------------------------------------------------

quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)


@quick
@given(
    st.lists(st.tuples(FINITE, st.integers(-(2**31), 2**31 - 1)), min_size=1),
    st.sampled_from(["i4", "i8", ">i8", "f8", "U20"]),
    st.booleans(),
)
def test_what_was_saved_is_read_to_the_last_bit(tmp_path: Path, rows, dtype: str, fields: bool) -> None:
    times, ids = np.array([time for time, _ in rows]), np.array([unit for _, unit in rows]).astype(dtype)
    path = (
        single(tmp_path, np.rec.fromarrays([times, ids], names="t,i"))
        if fields
        else bundle(tmp_path, t=times, i=ids)
    )
    spikes = arrays.spike_list(path)
    assert spikes.times.tolist() == times.tolist()
    assert spikes.ids[spikes.units].tolist() == [unit for _, unit in rows]


@quick
@given(st.data())
def test_damage_raises_nothing_but_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    for path in (
        bundle(tmp_path, t=[0.5, 0.6], i=[1, 2]),
        single(tmp_path, np.array([[0.5, 1], [0.6, 2], [0.7, 1]])),
    ):
        raw = bytearray(path.read_bytes())
        for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=8)):
            raw[at] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
        if arrays.sniff(path):
            try:
                arrays.spike_list(path)
            except RecordingError:
                continue
