"""NWB files: against their truth, made by hand with known answers, hostile ones, and mutated ones."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard import columns
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import hdf5, recognise
from spikeboard.readers.nwb import read, sniff

ROOT = Path(__file__).parents[2]
MOST_MEMORY = 300 * 2**20
TEXT = h5py.string_dtype()
TRAINS = {6: [0.5, 1.0, 1.5], 191: [], 206: [0.25, 4.0]}

Change = Callable[[h5py.File], Any]


def put(group: h5py.Group, name: str, values: Any, **attributes: Any) -> h5py.Dataset:
    """A dataset in place of the one that may be there."""
    if name in group:
        del group[name]
    dataset = group.create_dataset(name, data=values, dtype=TEXT if _is_text(values) else None)
    for key, value in attributes.items():
        dataset.attrs[key] = value
    return dataset


def _is_text(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and isinstance(values[0], str)


def ragged(group: h5py.Group, name: str, rows: list[Any], width: type = np.uint8) -> None:
    put(group, name, np.concatenate([np.asarray(row, float) for row in rows]))
    put(group, f"{name}_index", np.cumsum([len(row) for row in rows]).astype(width))


def made(path: Path, *changes: Change, width: type = np.uint8) -> Path:
    """A small session: three units, one of them silent, and trials."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"nwb_version": "2.7.0", "neurodata_type": "NWBFile"})
        for name in ("acquisition", "processing", "general", "intervals", "units"):
            file.create_group(name)
        put(file["units"], "id", np.array(list(TRAINS)))
        ragged(file["units"], "spike_times", list(TRAINS.values()), width)
        trials = file["intervals"].create_group("trials")
        put(trials, "id", np.arange(3))
        put(trials, "start_time", [0.0, 2.0, 4.0])
        put(trials, "stop_time", [1.0, 3.0, 5.0])
        put(trials, "side", ["left", "right", "=1+1"])
        for change in changes:
            change(file)
    return path


def series(
    place: str, data: Any, rate: float | None = None, timestamps: Any = None, **attributes: Any
) -> Change:
    def change(file: h5py.File) -> None:
        group = file.create_group(place)
        put(group, "data", data, **attributes)
        if rate is not None:
            put(group, "starting_time", 1.0, rate=rate)
        if timestamps is not None:
            put(group, "timestamps", np.asarray(timestamps, float))

    return change


def ids_of(rec: spikeboard.Recording) -> np.ndarray:
    return rec.units["id"].to_numpy()[rec.spike_rows]


def trains_of(rec: spikeboard.Recording) -> dict[Any, list[float]]:
    ids = rec.units["id"].tolist()
    return {unit: rec.spike_times[rec.spike_rows == row].tolist() for row, unit in enumerate(ids)}


def noted(rec: spikeboard.Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


REAL = [
    ("nwb_mouse_phy", "A8604-211122.nwb", 0, 1.0),
    ("nwb_generated_full", "session.nwb", 0, 1.0),
    ("sonata_onepop_4ways", "spikes.onepop.v1.0.nwb", -1, 1000.0),
]


@pytest.mark.parametrize(("folder", "file", "place", "unit"), REAL)
def test_real_files_agree_with_their_truth(
    shared_data: Path, truthcheck: ModuleType, folder: str, file: str, place: int, unit: float
) -> None:
    truth = json.loads((shared_data / folder / "truth.json").read_text())
    said = truth["populations"][place]
    rec = read(shared_data / folder / file)
    assert recognise(shared_data / folder / file).name == "NWB"
    assert truthcheck.check(folder, said["population"], ids_of(rec), rec.spike_times * unit) == []
    assert len(rec.units) == said.get("n_units_total", said["n_units_with_spikes"])
    assert (rec.t_start, rec.t_stop) == (said["t_start_s"], pytest.approx(said["t_stop_s"], rel=1e-12))
    rate = len(rec.spike_times) / len(rec.units) / rec.duration
    assert rate == pytest.approx(said["mean_rate_hz"])
    for number, one in said.get("units", {}).items():
        intervals = np.diff(rec.spike_times[ids_of(rec) == int(number)])
        assert intervals.mean() == pytest.approx(one["isi_mean_s"])
        assert intervals.min() == pytest.approx(one["isi_min_s"])
    for name, table in truth.get("intervals", {}).items():
        frame = rec.intervals[name]
        assert len(frame) == table["n"]
        assert frame["start"].iloc[0] == table["start_first"] and frame["stop"].iloc[-1] == table["stop_last"]
        for column, counts in table["categorical"].items():
            values = [str(value).encode().decode() for value in frame[column]]
            assert {value: values.count(value) for value in set(values)} == counts
    for signal in truth.get("timeseries", []):
        state = rec.states[signal["name"]]
        assert state.values.shape == (
            signal["shape"] if len(signal["shape"]) == 2 else (signal["shape"][0], 1)
        ) or (list(state.values.shape) == signal["shape"])
        assert state.unit == ("" if signal["unit"] == "n.a." else signal["unit"])


def test_everything_of_a_full_session_comes_out(shared_data: Path) -> None:
    path = shared_data / "nwb_generated_full" / "session.nwb"
    rec = spikeboard.open(path)
    with h5py.File(path) as file:
        stored = file["processing/ecephys/LFP/lfp/data"][()]
        snr, go = file["units/snr"][()], file["intervals/trials/go_time"][()]
    lfp = rec.states["lfp"]
    np.testing.assert_allclose(lfp.values, stored * 1e-6, rtol=1e-6)
    assert lfp.time[1] == 0.01 and lfp.labels[3] == "electrode 3"
    assert list(rec.units["quality"]) == ["good", "mua", "noise", "good", "mua", "noise", "good"]
    np.testing.assert_array_equal(rec.units["snr"], snr)
    assert rec.units.loc[0, "electrodes"] == "0, 1" and rec.units.loc[4, "location"] == "V1"
    # Each unit names two electrodes in a row; the first tells.
    assert list(rec.units["y"]) == [0, 1, 2, 3, 0, 1, 2]
    assert rec.units.loc[4, "electrode_group"] == "shank1"
    np.testing.assert_array_equal(rec.intervals["trials"]["go_time"], go)
    assert list(rec.intervals["epochs"]["tags"]) == ["baseline", "task, drug"]
    assert next(iter(rec.intervals)) == "trials"
    assert rec.intervals["observed"][["start", "stop"]].to_numpy().tolist() == [[0.0, 30.0], [31.0, 120.0]]
    assert noted(rec, "observed for 119 s of the 120 s")
    assert noted(rec, "waveform_mean", "left out")


@pytest.mark.parametrize("width", [np.uint8, np.uint16, np.uint32, np.uint64, np.int64])
def test_an_index_of_any_width_divides_the_spikes_alike(tmp_path: Path, width: type) -> None:
    rec = read(made(tmp_path / "a.nwb", width=width))
    assert trains_of(rec) == TRAINS
    assert list(rec.populations["name"]) == ["units"]
    assert (rec.t_start, rec.t_stop) == (0.0, 5.0)
    assert noted(rec, "the end of 'trials', 5 s", "t_stop=…")


def test_an_index_beyond_what_its_differences_can_hold(tmp_path: Path) -> None:
    trains = [np.arange(200) / 100, np.arange(55) / 10]
    rec = read(
        made(
            tmp_path / "a.nwb",
            lambda f: (put(f["units"], "id", [1, 2]), ragged(f["units"], "spike_times", trains)),
        )
    )
    assert list(rec.counts) == [200, 55]


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (np.array([3, 2, 5], np.uint8), "decreases"),
        (np.array([3, 3, 6], np.uint8), "leads to value 6"),
        (np.array([3, 3, 2**64 - 1], np.uint64), "damaged"),
        (np.array([-1, 3, 5], np.int64), "damaged"),
        (np.array([3, 5], np.uint8), "2 rows, the table has 3"),
        (np.array([3.0, 3.0, 5.0]), "no numbers"),
    ],
)
def test_an_index_that_does_not_divide_is_refused(tmp_path: Path, index: np.ndarray, words: str) -> None:
    path = made(tmp_path / "a.nwb", lambda f: put(f["units"], "spike_times_index", index))
    with pytest.raises(RecordingError, match=words):
        read(path)


def test_region_references_of_the_beta_are_refused_clearly(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        times = file["units/spike_times"]
        del file["units/spike_times_index"]
        index = file["units"].create_dataset("spike_times_index", (3,), dtype=h5py.regionref_dtype)
        index[0] = times.regionref[0:3]

    with pytest.raises(RecordingError, match="a beta of NWB 2"):
        read(made(tmp_path / "a.nwb", change))


def test_spikes_beyond_the_index_nan_and_disorder_are_counted(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        put(file["units"], "spike_times", [1.5, np.nan, 0.5, 0.25, 4.0, 7.0, 8.0])

    rec = read(made(tmp_path / "a.nwb", change))
    assert trains_of(rec) == {6: [0.5, 1.5], 191: [], 206: [0.25, 4.0]}
    assert noted(rec, "2 of 7 spike times belong to no unit")
    assert noted(rec, "1 spike times are no numbers")


def test_units_without_spike_times_are_silent(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        del file["units/spike_times"], file["units/spike_times_index"]

    rec = read(made(tmp_path / "a.nwb", change))
    assert len(rec.units) == 3 and not len(rec.spike_times)
    assert noted(rec, "no spike_times", "silent")


def test_a_file_without_units_still_shows_its_trials(tmp_path: Path) -> None:
    rec = read(made(tmp_path / "a.nwb", lambda f: f.__delitem__("units")))
    assert not len(rec.units) and len(rec.intervals["trials"]) == 3
    assert noted(rec, "no units")


def test_rows_with_one_id_are_units_of_their_own(tmp_path: Path) -> None:
    rec = read(made(tmp_path / "a.nwb", lambda f: put(f["units"], "id", [6, 6, 206])))
    assert list(rec.counts) == [3, 0, 2]
    assert noted(rec, "several rows with id 6")


def test_a_column_makes_the_populations_and_observation_follows_its_unit(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        put(file["units"], "location", ["CA1", "V1", "CA1"])
        put(file["units"], "obs_intervals", [[0.0, 2.0], [0.0, 5.0], [3.0, 5.0], [0.0, 1.0]])
        put(file["units"], "obs_intervals_index", np.array([1, 3, 4], np.uint8))

    path = made(tmp_path / "a.nwb", change)
    assert list(read(path).intervals["observed"]["unit"]) == [0, 1, 1, 2]
    rec = read(path, population_column="location")
    assert list(rec.populations["name"]) == ["CA1", "V1"]
    assert trains_of(rec) == TRAINS
    observed = rec.intervals["observed"]
    assert list(zip(observed["unit"], observed["start"], observed["stop"], strict=True)) == [
        (0, 0.0, 2.0),
        (1, 0.0, 1.0),
        (2, 0.0, 5.0),
        (2, 3.0, 5.0),
    ]
    with pytest.raises(RecordingError, match="no such column"):
        read(path, population_column="layer")


def test_tables_of_units_in_modules_are_populations(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        other = file.create_group("processing/ecephys/sorted")
        other.attrs["neurodata_type"] = "Units"
        put(other, "id", [1, 2])
        ragged(other, "spike_times", [[0.1], [0.2, 0.3]])

    rec = read(made(tmp_path / "a.nwb", change))
    assert list(rec.populations["name"]) == ["units", "sorted"]
    assert rec.counts.tolist() == [3, 0, 2, 1, 2]


def test_intervals_that_overlap_lack_ends_or_run_backwards_are_kept_and_said(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        trials = file["intervals/trials"]
        put(trials, "start_time", [0.0, 0.5, np.nan])
        put(trials, "stop_time", [1.0, 3.0, 5.0])
        backwards = file["intervals"].create_group("breaks")
        put(backwards, "id", [0, 1])
        put(backwards, "start_time", [2.0, 3.0])
        put(backwards, "stop_time", [1.0, 4.0])

    rec = read(made(tmp_path / "a.nwb", change))
    trials, breaks = rec.intervals["trials"], rec.intervals["breaks"]
    assert np.isnan(trials["start"][2]) and list(trials["side"]) == ["left", "right", "=1+1"]
    assert np.isnan(breaks["stop"][0]) and breaks["stop"][1] == 4.0
    assert noted(rec, "trials: 1 of 3 have no start")
    assert noted(rec, "trials: 1 of 3 begin before an earlier one has ended")
    assert noted(rec, "breaks: row 0 ends before it starts", "2 to 1 s")


def test_signals_are_converted_as_the_file_says(tmp_path: Path) -> None:
    stored = np.arange(8, dtype=np.int16).reshape(4, 2)

    def with_factors(file: h5py.File) -> None:
        put(file["acquisition/raw"], "channel_conversion", [1.0, 10.0])

    rec = read(
        made(
            tmp_path / "a.nwb",
            series("acquisition/raw", stored, rate=2.0, conversion=0.5, offset=1.0, unit="volts"),
            with_factors,
            series("processing/behavior/speed", [1.0, 2.0, 3.0], timestamps=[0.5, 0.1, np.nan], unit="cm/s"),
        )
    )
    raw, speed = rec.states["raw"], rec.states["speed"]
    np.testing.assert_array_equal(raw.values, stored * np.array([0.5, 5.0]) + 1)
    assert raw.time.tolist() == [1.0, 1.5, 2.0, 2.5] and raw.unit == "volts"
    assert speed.time.tolist() == [0.1, 0.5] and speed.values.ravel().tolist() == [2.0, 1.0]
    assert noted(rec, "speed", "NaN") and noted(rec, "speed", "sorted")


def test_a_large_signal_is_mapped_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "BLOCK", 1024)
    monkeypatch.setattr(columns, "IN_MEMORY", 1024)
    stored = np.random.default_rng(1).integers(-99, 99, (900, 3)).astype(np.int16)
    rec = read(made(tmp_path / "a.nwb", series("acquisition/raw", stored, rate=100.0, conversion=0.5)))
    state = rec.states["raw"]
    assert isinstance(state.values, np.memmap) and isinstance(state.time, np.memmap)
    np.testing.assert_array_equal(state.values, stored * 0.5)
    np.testing.assert_allclose(state.time, 1 + np.arange(900) / 100)


def test_annotations_are_intervals_of_no_length(tmp_path: Path) -> None:
    rec = read(
        made(tmp_path / "a.nwb", series("stimulus/presentation/cues", ["go", "stop"], timestamps=[1.0, 2.0]))
    )
    assert rec.intervals["cues"].to_dict("list") == {
        "start": [1.0, 2.0],
        "stop": [1.0, 2.0],
        "text": ["go", "stop"],
    }


def test_a_stray_timestamp_does_not_stretch_the_recording(tmp_path: Path) -> None:
    rec = read(made(tmp_path / "a.nwb", series("acquisition/licks", [1, 1], timestamps=[-1.5e9, 2.0])))
    assert (rec.t_start, rec.t_stop) == (0.0, 5.0)
    assert noted(rec, "licks", "1 of 2 samples lie outside")


def test_times_of_a_clock_on_the_wall_start_where_they_begin(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        for place in ("units/spike_times", "intervals/trials/start_time", "intervals/trials/stop_time"):
            file[place][...] += 1.7e9

    rec = read(made(tmp_path / "a.nwb", change))
    assert (rec.t_start, rec.t_stop) == (1.7e9, 1.7e9 + 5)
    assert noted(rec, "nothing is dated before")
    assert read(made(tmp_path / "b.nwb", change), t_start="0").t_start == 0.0


def test_a_stated_resolution_is_the_clock_where_spikes_lie_on_it(tmp_path: Path) -> None:
    def on(step: float) -> Change:
        return lambda file: file["units/spike_times"].attrs.update(resolution=step)

    assert read(made(tmp_path / "a.nwb", on(1 / 40_000))).sampling_rate == 40_000
    assert read(made(tmp_path / "b.nwb", on(0.1))).sampling_rate is None


def test_nwb_1_keeps_a_group_per_unit(tmp_path: Path) -> None:
    path = tmp_path / "old.nwb"
    with h5py.File(path, "w") as file:
        put(file, "nwb_version", ["NWB-1.0.6"])
        for module, trains in {
            "shank_0": {"unit_2": [0.5], "unit_10": [0.1, 0.2]},
            "shank_1": {"unit_0": [3.0]},
        }.items():
            times = file.create_group(f"processing/{module}/UnitTimes")
            times.attrs["neurodata_type"] = "Interface"
            for name, train in trains.items():
                put(times.create_group(name), "times", train)
        for name, span in {"b": (2.0, 4.0), "a": (0.0, 1.0)}.items():
            epoch = file.create_group(f"epochs/{name}")
            put(epoch, "start_time", span[0])
            put(epoch, "stop_time", span[1])
    rec = read(path)
    assert list(rec.populations["name"]) == ["shank_0", "shank_1"]
    assert trains_of(rec) == {"unit_2": [0.5], "unit_10": [0.1, 0.2], "unit_0": [3.0]}
    assert rec.intervals["epochs"]["name"].tolist() == ["a", "b"]
    assert rec.t_stop == 4.0 and noted(rec, "NWB 1")


def test_several_trials_of_the_same_cells_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "bmtk.nwb"
    with h5py.File(path, "w") as file:
        for trial, last in (("trial_0", 30.0), ("trial_1", 40.0)):
            put(
                file.create_group(f"processing/{trial}/spike_train/0"),
                "data",
                [10.0, last],
                unit="millisecond",
            )
    assert sniff(path)
    with pytest.raises(Undecided, match="2 runs"):
        read(path)
    assert read(path, trial="trial_1").spike_times.tolist() == [0.01, 0.04]
    with pytest.raises(RecordingError, match="no trial"):
        read(path, trial="trial_9")


def secret(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["units/spike_times"] = [1.0]
        file["data"] = [42.0]
        file["timestamps"] = [0.0]
    return path


@pytest.mark.parametrize("place", ["units", "units/spike_times", "units/spike_times_index", "units/id"])
def test_no_unit_comes_from_another_file(tmp_path: Path, place: str) -> None:
    other = secret(tmp_path / "secret.h5")

    def change(file: h5py.File) -> None:
        del file[place]
        file[place] = h5py.ExternalLink(str(other), "/units")

    with pytest.raises(RecordingError, match="link to another file"):
        read(made(tmp_path / "a.nwb", change))


@pytest.mark.parametrize("kind", ["link", "storage", "virtual"])
def test_no_signal_comes_from_another_file(tmp_path: Path, kind: str) -> None:
    other = secret(tmp_path / "secret.h5")

    def change(file: h5py.File) -> None:
        group = file.create_group("acquisition/raw")
        put(group, "timestamps", [0.0])
        if kind == "link":
            group["data"] = h5py.ExternalLink(str(other), "/data")
        elif kind == "storage":
            group.create_dataset("data", (1,), "f8", external=[(str(other), 0, 8)])
        else:
            layout = h5py.VirtualLayout((1,), "f8")
            layout[0] = h5py.VirtualSource(str(other), "data", (1,))[0]
            group.create_virtual_dataset("data", layout)

    rec = read(made(tmp_path / "a.nwb", change))
    assert not rec.states and trains_of(rec) == TRAINS
    assert noted(rec, "'raw' left out", "another file" if kind == "link" else "copy the data into this one")


def test_a_module_that_is_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    other = secret(tmp_path / "secret.h5")
    path = made(
        tmp_path / "a.nwb", lambda f: f["acquisition"].__setitem__("far", h5py.ExternalLink(str(other), "/"))
    )
    rec = read(path)
    assert not rec.states and noted(rec, "/acquisition/far", "not followed")


def test_links_within_the_file_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        series("acquisition/raw", [1.0, 2.0], timestamps=[0.0, 1.0])(file)
        series("acquisition/twin", [3.0, 4.0], timestamps=[0.0, 1.0])(file)
        del file["acquisition/twin/timestamps"]
        file["acquisition/twin/timestamps"] = h5py.SoftLink("/acquisition/raw/timestamps")
        file["processing/again"] = file["acquisition"]
        file["processing/self"] = file["processing"]
        file["processing/round"] = h5py.SoftLink("/processing/round")

    rec = read(made(tmp_path / "a.nwb", change))
    assert set(rec.states) == {"raw", "twin"}
    assert rec.states["twin"].time.tolist() == [0.0, 1.0]


def test_a_heap_without_an_end_is_refused_before_the_library_walks_it(tmp_path: Path) -> None:
    path = made(tmp_path / "a.nwb")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"GCOL") + 16
    while int.from_bytes(raw[at : at + 2], "little"):
        at += 16 + (int.from_bytes(raw[at + 8 : at + 16], "little") + 7) // 8 * 8
    assert read(path)
    raw[at + 8 : at + 16] = bytes(8)
    path.write_bytes(raw)
    with pytest.raises(RecordingError, match="has no end"):
        read(path)


def test_names_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    path = made(tmp_path / "a.nwb", lambda f: f.create_group("processing/Qxyzq"))
    path.write_bytes(path.read_bytes().replace(b"Qxyzq", b"Q\xff\xfe\xfdq"))
    assert sniff(path) and trains_of(read(path)) == TRAINS


def lying_times(file: h5py.File) -> None:
    del file["units/spike_times"]
    file["units"].create_dataset("spike_times", (2**36,), "f8", chunks=(2**16,), compression="gzip")


def lying_ids(file: h5py.File) -> None:
    del file["units/id"]
    file["units"].create_dataset("id", (2**36,), "i8", chunks=(2**16,))


def one_huge_chunk(file: h5py.File) -> None:
    del file["units/spike_times"]
    file["units"].create_dataset(
        "spike_times", (5,), "f8", maxshape=(None,), chunks=(2**28,), compression="gzip"
    )


def lying_signal(file: h5py.File) -> None:
    group = file.create_group("acquisition/raw")
    group.create_dataset("data", (2**30, 2**10), "f4", chunks=(2**10, 2**10))
    put(group, "starting_time", 0.0, rate=1000.0)


@pytest.mark.parametrize("lie", [lying_times, lying_ids, one_huge_chunk, lying_signal])
def test_what_a_file_declares_is_not_believed(tmp_path: Path, lie: Change) -> None:
    path = made(tmp_path / "a.nwb", lie)
    code = (
        "import resource, sys; from spikeboard.readers.nwb import read; from spikeboard.errors import RecordingError\n"
        "idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read(__import__('pathlib').Path(sys.argv[1])); print('opened')\n"
        "except RecordingError as problem: print('refused', problem)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) * 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], check=True, capture_output=True, text=True, cwd=ROOT, timeout=100
    )
    outcome, memory = done.stdout.strip().splitlines()
    assert outcome.startswith("opened" if lie is lying_signal else "refused"), outcome
    assert int(memory) < MOST_MEMORY


def test_proposed_outcomes_of_hostile_files(hostile: Path, expected: dict[str, dict[str, Any]]) -> None:
    for name in [name for name in expected if name.startswith("nwb/")]:
        said, facts = expected[name]["expect"], expected[name].get("facts", {})
        try:
            rec = read(hostile / name)
        except RecordingError as problem:
            assert said == "refuse", (name, str(problem))
            assert Path(name).name in str(problem)
            continue
        assert said == "warn", name
        assert any("t_stop" not in note and "observed for" not in note for note in rec.notes), name
        assert len(rec.spike_times) == facts.get(
            "n_spikes", facts.get("n_spikes_finite", len(rec.spike_times))
        )
        assert len(rec.units) == facts.get("n_units", len(rec.units))
        assert len(rec.intervals.get("trials", ())) == facts.get(
            "n_trials", len(rec.intervals.get("trials", ()))
        )


@settings(max_examples=40)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_gives_one_sentence(cut: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / "a.nwb")
        raw = path.read_bytes()
        path.write_bytes(raw[: int(cut * len(raw))])
        with pytest.raises(RecordingError):
            read(path)


PLACES = [
    "units",
    "units/id",
    "units/spike_times",
    "units/spike_times_index",
    "units/obs_intervals",
    "units/electrodes",
    "intervals/trials",
    "intervals/trials/id",
    "intervals/trials/start_time",
    "intervals/trials/stop_time",
    "intervals/trials/side",
    "acquisition/raw/data",
    "acquisition/raw/timestamps",
    "acquisition/raw/starting_time",
    "general/extracellular_ephys/electrodes/id",
]
STAND_INS: list[Any] = [
    None,
    np.zeros(0),
    np.zeros((0, 2)),
    np.array([np.nan, np.inf, -1e300]),
    np.array([2**64 - 1] * 3, np.uint64),
    np.array([1, -1, 5], np.int8),
    np.ones((3, 3)),
    np.array(["a", "b", "c"], object),
    np.array([(1, 2.0)] * 3, dtype=[("a", "i4"), ("b", "f8")]),
    np.array([1 + 2j] * 3),
    np.array([True, False, True]),
    np.array([b"x" * 9] * 3),
    7.5,
    "text",
    h5py.Empty("f8"),
    h5py.SoftLink("/units/nothing"),
    h5py.SoftLink("/units"),
]


@settings(max_examples=100)
@given(place=st.sampled_from(PLACES), what=st.integers(0, len(STAND_INS) - 1))
def test_a_file_in_which_anything_stands_for_anything_opens_or_gives_one_sentence(
    place: str, what: int
) -> None:
    """Its structure is mutated, not its bytes: those drive the HDF5 library itself into endless loops."""

    def change(file: h5py.File) -> None:
        series("acquisition/raw", np.ones((3, 2)), timestamps=[0.0, 1.0, 2.0])(file)
        put(file.create_group("general/extracellular_ephys/electrodes"), "id", [0, 1, 2])
        if place in file:
            del file[place]
        if STAND_INS[what] is not None:
            file[place] = STAND_INS[what]

    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / "a.nwb", change)
        sniff(path)
        try:
            rec = read(path)
        except RecordingError as problem:
            assert str(problem)
        else:
            assert rec.train_offsets[-1] == len(rec.spike_times) <= 5


def test_it_is_told_by_its_content(tmp_path: Path) -> None:
    path = made(tmp_path / "a.h5")
    assert recognise(path).name == "NWB"
    (tmp_path / "b.nwb").write_text("no HDF5")
    assert not sniff(tmp_path / "b.nwb") and not sniff(tmp_path) and not sniff(tmp_path / "nowhere")


def test_a_sonata_file_is_not_taken_for_nwb(shared_data: Path) -> None:
    assert not sniff(shared_data / "sonata_onepop_4ways" / "spikes.one_pop.h5")


def test_it_opens_again_from_its_store(tmp_path: Path) -> None:
    path = made(tmp_path / "a.nwb", series("acquisition/raw", [1.0, 2.0], rate=1.0, unit="V"))
    first, again = spikeboard.open(path), spikeboard.open(path)
    assert trains_of(again) == TRAINS and again.digest == first.digest
    assert again.states["raw"].values.ravel().tolist() == [1.0, 2.0]
    assert list(again.intervals["trials"]["side"]) == ["left", "right", "=1+1"]
