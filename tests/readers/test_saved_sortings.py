"""What pynapple and SpikeInterface save: read without them, and exactly what they hold."""

from __future__ import annotations

import gzip
import json
import pickle
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.readers import pynapple_npz, recognise, spikeinterface, zarr_arrays

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import numcodecs
    import pynapple as nap
    import spikeinterface.core as si
    import zarr

pytestmark = pytest.mark.filterwarnings("ignore:The extractor is not serializable")


class Canary:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def noted(rec: spikeboard.Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


# pynapple ------------------------------------------------------------------------------------------------------


@pytest.fixture
def group(tmp_path: Path) -> Path:
    support = nap.IntervalSet([0, 6], [4, 10])
    trains = {3: [1.0, 2.0, 3.0], 9: [], 7: [0.5, 6.5]}
    made = nap.TsGroup(
        {unit: nap.Ts(np.array(times), time_support=support) for unit, times in trains.items()},
        time_support=support,
        metadata={"area": ["a", "b", "c"]},
    )
    made.save(tmp_path / "group.npz")
    return tmp_path / "group.npz"


def test_a_saved_group(group: Path) -> None:
    assert recognise(group).read is pynapple_npz.read
    rec = spikeboard.open(group)
    assert rec.units["id"].tolist() == [3, 7, 9] and rec.counts.tolist() == [3, 2, 0]
    assert rec.spike_times.tolist() == [0.5, 1.0, 2.0, 3.0, 6.5]
    assert (rec.t_start, rec.t_stop) == (0.0, 10.0) and len(rec.intervals["time support"]) == 2
    assert noted(rec, "_metadata", "not touched")
    assert spikeboard.open(group, t_stop=20.0).t_stop == 20.0


def test_saved_series_and_sets(tmp_path: Path) -> None:
    nap.TsdFrame(t=np.arange(5.0), d=np.arange(10.0).reshape(5, 2), columns=[4, 6]).save(tmp_path / "lfp.npz")
    (state,) = spikeboard.open(tmp_path / "lfp.npz").states.values()
    np.testing.assert_array_equal(state.values, np.arange(10.0).reshape(5, 2))
    assert state.variable == "lfp" and state.time.tolist() == [0, 1, 2, 3, 4]
    nap.IntervalSet([0, 5], [4, 10]).save(tmp_path / "trials.npz")
    assert spikeboard.open(tmp_path / "trials.npz").intervals["intervals"]["stop"].tolist() == [4.0, 10.0]
    nap.Ts(np.array([1.0, 2.5])).save(tmp_path / "train.npz")
    rec = spikeboard.open(tmp_path / "train.npz")
    assert rec.spike_times.tolist() == [1.0, 2.5] and noted(rec, "first spike to the last")


def broken(path: Path, **changed: Any) -> Path:
    """The bundle with some arrays changed or (None) left out."""
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files if name != "_metadata"}
    arrays = {name: value for name, value in {**arrays, **changed}.items() if value is not None}
    np.savez(path.with_name("broken.npz"), **arrays)
    return path.with_name("broken.npz")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"index": np.array([3, 7])}, "one index for each"),
        ({"index": np.array([3, 3, 3, 7, 8])}, "unit 8"),
        ({"keys": np.array([3, 3, 7])}, "listed twice"),
        ({"t": None}, "array 't'"),
        ({"t": np.array([1.0, np.nan, 2.0, 3.0, 4.0])}, "not finite"),
        ({"end": np.array([4.0])}, "2 starts but 1 ends"),
        ({"type": np.array(["Spam"])}, "'Spam'"),
    ],
)
def test_a_broken_group_is_refused_with_a_reason(group: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        spikeboard.open(broken(group, **changed))


# SpikeInterface ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sorting() -> Any:
    made = si.generate_sorting(num_units=4, sampling_frequency=30000.0, durations=[3.0, 2.0], seed=1)
    made.set_property("quality", np.array(["good", "mua", "good", "good"]))
    return made


@pytest.fixture
def folder(sorting: Any, tmp_path: Path) -> Path:
    sorting.save(folder=tmp_path / "numpy", format="numpy_folder")
    return tmp_path / "numpy"


def test_a_sorting_is_the_same_live_and_saved(sorting: Any, folder: Path, tmp_path: Path) -> None:
    si.NpzSortingExtractor.write_sorting(sorting, tmp_path / "sorting.npz")
    (tmp_path / "npz").mkdir()
    si.NpzSortingExtractor.write_sorting(sorting, tmp_path / "npz" / "sorting_cached.npz")
    live = spikeboard.from_monitors(sorting)
    for path in (folder, tmp_path / "npz", tmp_path / "sorting.npz"):
        assert recognise(path).read is spikeinterface.read
        rec = spikeboard.open(path)
        assert rec.digest == live.digest and rec.units["id"].equals(live.units["id"])
        assert rec.sampling_rate == 30000.0 and rec.intervals["segments"].equals(live.intervals["segments"])
        assert noted(rec, "segment '1' ended is not told")
    assert spikeboard.open(folder).units["quality"].tolist() == ["good", "mua", "good", "good"]


def test_a_zarr_folder_is_what_the_sorting_is(sorting: Any, tmp_path: Path) -> None:
    sorting.save(folder=tmp_path / "sorting.zarr", format="zarr")
    live, path = spikeboard.from_monitors(sorting), tmp_path / "sorting.zarr"
    assert recognise(path).read is spikeinterface.read
    rec = spikeboard.open(path)
    assert rec.digest == live.digest and rec.units["id"].equals(live.units["id"])
    assert rec.units["quality"].tolist() == ["good", "mua", "good", "good"]
    assert rec.intervals["segments"].equals(live.intervals["segments"])


@pytest.mark.parametrize("codec", ["Zlib", "GZip", "Blosc", None])
def test_arrays_that_zarr_wrote_are_read_to_the_last_bit(codec: str | None, tmp_path: Path) -> None:
    packed = getattr(numcodecs, codec)() if codec else None
    rng = np.random.default_rng(2)
    arrays = {
        "numbers": (rng.normal(size=(37, 5)), (10, 2)),
        "big": (rng.integers(0, 2**40, 1000).astype(">i8"), (64,)),
        "names": (np.array(["a", "µ", "long name"]), (2,)),
        "none": (np.zeros(0, "u2"), (1,)),
        "flags": (rng.random(9) < 0.5, (4,)),
    }
    for name, (values, chunks) in arrays.items():
        for order in ("C", "F"):
            folder = tmp_path / f"{name}-{order}"
            zarr.array(values, chunks=chunks, store=str(folder), compressor=packed, order=order)
            found = zarr_arrays.load(folder)
            np.testing.assert_array_equal(found, values)
            assert found.dtype == values.dtype.newbyteorder("=")
    samples = np.sort(rng.integers(0, 10**6, 500))
    zarr.array(
        samples, chunks=(100,), store=str(tmp_path / "delta"), compressor=packed,
        filters=[numcodecs.Delta("<i8")], dimension_separator="/",
    )  # fmt: skip
    np.testing.assert_array_equal(zarr_arrays.load(tmp_path / "delta"), samples)


def test_a_chunk_that_is_missing_is_filled(tmp_path: Path) -> None:
    zarr.array(np.arange(10), chunks=(5,), store=str(tmp_path / "a"), fill_value=7)
    (tmp_path / "a" / "1").unlink()
    assert zarr_arrays.load(tmp_path / "a").tolist() == [0, 1, 2, 3, 4, 7, 7, 7, 7, 7]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"shape": [10**12]}, "made to fill the memory"),
        ({"chunks": [10**10]}, "made to fill the memory"),
        ({"shape": [10**8], "chunks": [1]}, "made to fill the memory"),
        ({"chunks": [0]}, "makes no sense"),
        ({"shape": [-1]}, "tells no shape"),
        ({"shape": [5, 5]}, "makes no sense"),
        ({"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}, "objects are never decoded"),
        ({"dtype": [["a", "<i8"]]}, "objects are never decoded"),
        ({"dtype": "<i8;"}, "not plain numbers"),
        ({"filters": [{"id": "pickle"}]}, "the filter 'pickle', which is not undone"),
        ({"compressor": {"id": "pickle"}}, "is packed by 'pickle'"),
        ({"compressor": {"id": "lzma"}}, "is packed by 'lzma'"),
        ({"compressor": None}, "is damaged: 800 bytes"),
        ({"dtype": "<i4"}, "is damaged: 400 bytes"),
        ({"zarr_format": 3}, "no array of zarr version 2"),
    ],
)
def test_a_zarr_array_that_lies_is_refused(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    zarr.array(np.arange(100), chunks=(100,), store=str(tmp_path / "a"), compressor=numcodecs.Blosc())
    about = tmp_path / "a" / ".zarray"
    about.write_text(json.dumps(json.loads(about.read_text()) | changed))
    with pytest.raises(RecordingError, match=words):
        zarr_arrays.load(tmp_path / "a")


def test_chunks_that_lie_about_their_length_or_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    zarr.array(np.arange(100), chunks=(100,), store=str(tmp_path / "a"), compressor=numcodecs.Blosc())
    chunk = tmp_path / "a" / "0"
    good = chunk.read_bytes()
    for place, value in ((4, 2**31), (12, 2**20), (12, 17)):
        data = bytearray(good)
        data[place : place + 4] = value.to_bytes(4, "little")
        chunk.write_bytes(data)
        with pytest.raises(RecordingError, match="damaged"):
            zarr_arrays.load(tmp_path / "a")
    chunk.write_bytes(good[:20])
    with pytest.raises(RecordingError, match="damaged"):
        zarr_arrays.load(tmp_path / "a")
    chunk.unlink()
    (tmp_path / "other").write_bytes(good)
    chunk.symlink_to(tmp_path / "other")
    with pytest.raises(RecordingError, match="links are not followed"):
        zarr_arrays.load(tmp_path / "a")


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    zarr.array(np.arange(100), chunks=(100,), store=str(tmp_path / "a"), compressor=numcodecs.GZip())
    (tmp_path / "a" / "0").write_bytes(gzip.compress(bytes(2**26))[: 2**15])
    tracemalloc.start()
    with pytest.raises(RecordingError, match="damaged"):
        zarr_arrays.load(tmp_path / "a")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_without_numcodecs_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zarr.array(np.arange(100), store=str(tmp_path / "a"), compressor=numcodecs.Blosc())
    monkeypatch.setattr(zarr_arrays, "find_spec", lambda name: None)
    with pytest.raises(RecordingError, match=r"pip install 'spikeboard\[zarr\]'"):
        zarr_arrays.load(tmp_path / "a")


@pytest.mark.parametrize(
    "slices", [[[0, 10], [9, 64]], [[0, 10], [10, 63]], [[1, 10], [10, 64]], [[10, 0], [0, 64]]]
)
def test_segments_that_do_not_divide_the_spikes_are_refused(
    sorting: Any, slices: Any, tmp_path: Path
) -> None:
    sorting.save(folder=tmp_path / "s.zarr", format="zarr")
    zarr.open(str(tmp_path / "s.zarr" / "spikes"), mode="r+")["segment_slices"][...] = slices
    with pytest.raises(RecordingError, match=r"s\.zarr: segment_slices do not divide"):
        spikeboard.open(tmp_path / "s.zarr")


def test_zarr_3_is_refused_with_the_line_that_converts_it(tmp_path: Path) -> None:
    (tmp_path / "s.zarr" / "spikes").mkdir(parents=True)
    (tmp_path / "s.zarr" / "zarr.json").write_text("{}")
    with pytest.raises(RecordingError, match="numpy_folder"):
        spikeboard.open(tmp_path / "s.zarr")


def test_nothing_of_a_folder_is_run(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (folder / "provenance.pkl").write_bytes(pickle.dumps(Canary(canary)))
    np.save(folder / "properties" / "evil.npy", np.array([Canary(canary)] * 4, object), allow_pickle=True)
    described = json.loads((folder / "si_folder.json").read_text())
    (folder / "si_folder.json").write_text(json.dumps({**described, "class": "os.system", "module": "os"}))
    rec = spikeboard.open(folder)
    assert not canary.exists() and noted(rec, "'evil'", "left out") and "evil" not in rec.units


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"unit_ids": ["0"]}, "units that are not among"),
        ({"unit_ids": ["0", "0", "1", "2"]}, "twice"),
        ({"num_segments": 1}, "segments that are not among"),
        ({"num_segments": 1e9}, "segments"),
        ({"sampling_frequency": 0}, "makes no sense"),
        ({"sampling_frequency": "fast"}, "no number"),
        ({"unit_ids": None}, "no unit_ids"),
    ],
)
def test_a_broken_folder_is_refused_with_a_reason(folder: Path, changed: dict[str, Any], words: str) -> None:
    info = json.loads((folder / "numpysorting_info.json").read_text())
    (folder / "numpysorting_info.json").write_text(json.dumps(info | changed))
    with pytest.raises(RecordingError, match=words):
        spikeboard.open(folder)


def test_spikes_of_unknown_units_are_refused(tmp_path: Path) -> None:
    held = {"unit_ids": np.array([1, 2]), "num_segment": np.array([1]), "sampling_frequency": np.array([3e4])}
    spikes = {"spike_indexes_seg0": np.array([5, 9]), "spike_labels_seg0": np.array([1, 3])}
    np.savez(tmp_path / "sorting.npz", **held, **spikes)
    with pytest.raises(RecordingError, match="'unit_ids' does not list"):
        spikeboard.open(tmp_path / "sorting.npz")
    np.savez(tmp_path / "cut.npz", **held)
    with pytest.raises(RecordingError, match="spike_indexes_seg0"):
        spikeboard.open(tmp_path / "cut.npz")
