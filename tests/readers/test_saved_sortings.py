"""What pynapple and SpikeInterface save: read without them, and exactly what they hold."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.readers import pynapple_npz, recognise, spikeinterface

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pynapple as nap
    import spikeinterface.core as si

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


def test_a_zarr_folder_is_refused_with_the_line_that_converts_it(sorting: Any, tmp_path: Path) -> None:
    sorting.save(folder=tmp_path / "sorting.zarr", format="zarr")
    with pytest.raises(RecordingError, match=r"numpy_folder"):
        spikeboard.open(tmp_path / "sorting.zarr")


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
