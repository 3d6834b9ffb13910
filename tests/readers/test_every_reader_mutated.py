"""Good files of every reader, damaged at random: only a sentence for the user ever comes out, or a recording."""

from __future__ import annotations

import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_torch import plain, torch_file

import spikeboard
from spikeboard import Recording, State, Synapses, exchange
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import hdf5_probe, read_source, readers, recognise

MUTATIONS = 40
RNG = np.random.default_rng


def small() -> Recording:
    units = pd.DataFrame({"population": ["E"] * 3 + ["I"] * 2, "id": range(5), "ei": list("eeeii")})
    weight = np.array([0.5, -0.25, 1.0])
    return spikeboard.recording(
        "small",
        np.arange(1, 41) * 0.01,
        np.arange(40) % 4,
        units,
        t_start=0.0,
        t_stop=0.5,
        sampling_rate=1000.0,
        states={
            "v": State(np.ones((9, 1)), np.arange(9) * 0.05, "v", "mV", np.array([0], np.int32), ("E 0",))
        },
        intervals={"trials": pd.DataFrame({"start": [0.0, 0.2], "stop": [0.1, 0.3], "label": ["a", "b"]})},
        connections={
            "E→I": Synapses("E", "I", np.array([0, 1, 2, 3]), np.array([0, 1, 1]), weight, weight**2, "nS")
        },
    )


# A small file, or folder, for every reader ---------------------------------------------------------------------------


def exported(name: str) -> Callable[[Path], Path]:
    form = {ending: form for form, (_, ending) in reversed(exchange.FORMS.items())}[Path(name).suffix]
    return lambda folder: exchange.export(small(), folder / name, form).path


def unpacked(folder: Path) -> Path:
    """The files of a SONATA run beside its config."""
    with zipfile.ZipFile(exchange.export(small(), folder / "run.zip", "sonata_run").path) as archive:
        archive.extractall(folder / "run")
    return folder / "run"


def written(name: str, content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_text(content)
        return folder / name

    return write


def bundled(name: str, **arrays: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / name, **{key: np.asarray(value) for key, value in arrays.items()})
        return folder / name

    return write


def zipped(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.csv", LIST)
    return folder / "run.zip"


def phy(folder: Path) -> Path:
    np.save(folder / "spike_times.npy", np.arange(0, 4000, 100))
    np.save(folder / "spike_clusters.npy", np.arange(40) % 3)
    np.save(folder / "templates.npy", np.ones((3, 5, 2), np.float32))
    np.save(folder / "spike_templates.npy", np.arange(40) % 3)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n1\tmua\n2\tnoise\n")
    (folder / "params.py").write_text("sample_rate = 30000.\ndat_path = 'a.dat'\nn_channels_dat = 2\n")
    return folder


def nex(folder: Path) -> Path:
    """A NeuroExplorer file: header of 544 bytes, 208 for each variable, data."""
    times = np.arange(100, 4000, 100, "<i4")
    header = struct.pack("<4si256sdiii", b"NEX1", 101, b"made", 20_000.0, 0, 5000, 1).ljust(544, b"\0")
    entity = struct.pack("<ii64sIiiiii", 0, 100, b"a", 544 + 208, len(times), 0, 0, 0, 0).ljust(208, b"\0")
    (folder / "made.nex").write_bytes(header + entity + times.tobytes())
    return folder / "made.nex"


def numpy_sorting(folder: Path) -> Path:
    kind = [("sample_index", "i8"), ("unit_index", "i8"), ("segment_index", "i8")]
    np.save(folder / "spikes.npy", np.array([(k * 10, k % 2, 0) for k in range(30)], kind))
    about = {"unit_ids": ["a", "b"], "num_segments": 1, "sampling_frequency": 30000.0}
    (folder / "numpysorting_info.json").write_text(json.dumps(about))
    return folder


def zarr_sorting(folder: Path) -> Path:
    arrays = {
        "unit_ids": np.array(["a", "b"]),
        "spikes/sample_index": np.arange(0, 400, 20),
        "spikes/unit_index": np.arange(20) % 2,
        "spikes/segment_slices": np.array([[0, 20]]),
        "properties/quality": np.array(["good", "mua"]),
    }
    for name, values in arrays.items():
        (folder / name).mkdir(parents=True)
        about = {"chunks": values.shape, "shape": values.shape, "dtype": values.dtype.str, "zarr_format": 2}
        packed = about | {"compressor": {"id": "zlib"}, "filters": None, "order": "C", "fill_value": 0}
        (folder / name / ".zarray").write_text(json.dumps(packed))
        (folder / name / ".".join("0" * values.ndim)).write_bytes(zlib.compress(values.tobytes()))
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / ".zattrs").write_text('{"sampling_frequency": 30000.0}')
    return folder


def brian2_run(folder: Path) -> Path:
    np.savez(folder / "spikes.npz", t=np.arange(30) * 0.01, i=np.arange(30) % 3, N=30)
    np.savez(folder / "states.npz", t=np.arange(5) * 0.1, v=np.ones((5, 3)), N=5)
    np.savez(folder / "synapses.npz", i=[0, 1, 1], j=[2, 0, 1], w=[1.0, 2.0, 3.0], delay=[1e-3] * 3, N=3)
    return folder


def parquet(folder: Path) -> Path:
    pd.DataFrame({"time_s": np.arange(30) * 0.01, "unit": np.arange(30) % 3}).to_parquet(
        folder / "run.parquet"
    )
    return folder / "run.parquet"


def saved(folder: Path) -> Path:
    np.save(folder / "raster.npy", (RNG(1).random((50, 6)) < 0.2).astype(np.uint8))
    return folder / "raster.npy"


LIST = "time_s,unit\n" + "".join(f"{k * 0.01:.2f},{k % 3}\n" for k in range(30))
NEST = "# NEST version: 3.7\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n"
NETWORK = {
    "schema_version": "studio.network-graph-result.v1",
    "populations": [
        {"id": "a", "label": "cells", "count": 3, "offset": 0, "events": {"step": [0, 4, 199], "neuron": [2, 0, 1]}}
    ],
    "topology": {"projections": [{"source": "a", "target": "a", "weight": 1.0, "delay_steps": 1, "n_synapses": 2,
                                  "indptr": [0, 1, 2, 2], "indices": [0, 1]}]},
    "dt": 0.5,
    "n_steps": 200,
}  # fmt: skip
SORTING = {
    "unit_ids": [1, 2], "num_segment": [1], "sampling_frequency": [3e4],
    "spike_indexes_seg0": range(0, 400, 20), "spike_labels_seg0": [1, 2] * 10,
}  # fmt: skip
GROUP = {
    "t": [0.5, 1.0, 2.0], "index": [3, 7, 3], "keys": [3, 7], "start": [0.0], "end": [10.0], "type": ["TsGroup"],
}  # fmt: skip
RUN = {"timesteps": range(0, 60, 3), "neuron_ids": [0, 1] * 10, "dt": 0.001, "n": 2}

SAMPLES: dict[str, tuple[Callable[[Path], Path], ...]] = {
    "Spikeboard export": (exported("made.npz"), exported("made.zip")),
    "NWB": (exported("made.nwb"),),
    "zip archive": (zipped,),
    "Phy and Kilosort": (phy,),
    "SC-NeuroCore Studio": (written("run.json", json.dumps(NETWORK)),),
    "SONATA": (exported("made.h5"), unpacked),
    "Neo (NIX, NEX, Plexon, Blackrock, …)": (nex, exported("made.nix")),
    "SpikeInterface sorting": (numpy_sorting, zarr_sorting, bundled("sorting.npz", **SORTING)),
    "pynapple NPZ": (bundled("group.npz", **GROUP),),
    "NEST": (written("ex-7-0.dat", NEST + "".join(f"{k % 4 + 1}\t{k * 1.5:.3f}\n" for k in range(40))),),
    "Brian2": (
        bundled("states.npz", t_s=np.arange(5) * 0.1, v=np.ones((5, 3)), N=3),
        bundled("synapses.npz", i=[0, 1, 1], j=[2, 0, 1], w=[1.0, 2.0, 3.0], delay_ms=[1.0, 2.0, 1.5]),
    ),
    "Brian2 folder": (brian2_run,),
    "PyTorch tensors": (
        lambda folder: torch_file(
            folder / "run.pt", plain((10, 10), (10, 1)), s0=np.eye(10, dtype=np.uint8).tobytes()
        ),
    ),
    "SC-NeuroCore arrays": (bundled("run.npz", **RUN),),
    "Spike tensors": (saved,),
    "Spike trains in rows of text": (written("trains.txt", "0.1 0.25 0.4\n0.2 0.3\n\n0.15 0.35 0.45 0.5\n"),),
    "CSV and text tables": (written("run.csv", LIST),),
    "Parquet tables": (parquet,),
    "NPZ and NPY arrays": (bundled("spikes.npz", t_s=np.arange(30) * 0.01, i=[0, 1, 2] * 10),),
}


def test_every_reader_has_a_sample_that_it_reads(tmp_path: Path) -> None:
    assert SAMPLES.keys() == {reader.name for reader in readers()}
    for number, (name, make) in enumerate((name, make) for name, makes in SAMPLES.items() for make in makes):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = make(folder)
        assert recognise(path).name == name
        opened = answered(path)
        assert opened is not None and (len(opened.spike_times) or opened.states or opened.connections), path


def answered(path: Path) -> Recording | None:
    """A recording, with the first answer given to whatever is asked; None where that leads nowhere."""
    answers: dict[str, Any] = {}
    for _ in range(6):
        try:
            return read_source(path, **answers)
        except Undecided as asked:
            answers |= {question.name: question.choices[0].value for question in asked.questions}
    return None


# Damage --------------------------------------------------------------------------------------------------------------


def flipped(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 9)):
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))


def scribbled(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 9)):
        data[rng.integers(len(data))] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, *b"0-9,e.\n"]))


def cut(data: bytearray, rng: np.random.Generator) -> None:
    del data[rng.integers(len(data)) :]


def doubled(data: bytearray, rng: np.random.Generator) -> None:
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 200))
    data[at:at] = data[at : at + length]


def dropped(data: bytearray, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data)))
    del data[at : at + int(rng.integers(1, 50))]


def blanked(data: bytearray, rng: np.random.Generator) -> None:
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 100))
    data[at : at + length] = bytes(len(data[at : at + length]))


def swapped(data: bytearray, rng: np.random.Generator) -> None:
    one, other, length = (int(value) for value in rng.integers(len(data), size=3))
    length = min(length, 64, abs(one - other), len(data) - max(one, other))
    data[one : one + length], data[other : other + length] = (
        data[other : other + length],
        data[one : one + length],
    )


DAMAGES = (flipped, scribbled, cut, doubled, dropped, blanked, swapped)


def damaged(good: Path, folder: Path, number: int) -> Path:
    """A copy of a file or folder in which one file is damaged; the same number makes the same damage."""
    rng, path = RNG(number), folder / f"{number}-{good.name}"
    (shutil.copytree if good.is_dir() else shutil.copyfile)(good, path)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    target = files[rng.integers(len(files))]
    data = bytearray(target.read_bytes())
    DAMAGES[number % len(DAMAGES)](data, rng)
    target.write_bytes(data)
    return path


def ending(path: Path) -> str:
    """ "" where a file was read or refused as it should be, else what came out."""
    try:
        answered(path)
    except RecordingError as problem:
        return "" if str(problem) and "\n" not in str(problem) else f"{path.name}: {problem}"
    except Exception as problem:
        return f"{path.name}: {type(problem).__name__} {problem}"
    return ""


def survives(path: Path) -> bool:
    """Whether the HDF5 library, as a server would see, survives what lies at a path."""
    try:
        hdf5_probe.check(path)
    except RecordingError:
        return False
    return True


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SAMPLES)
def test_whatever_is_damaged_only_a_sentence_comes_out(name: str, tmp_path: Path) -> None:
    for number, make in enumerate(SAMPLES[name]):
        (good := tmp_path / f"good{number}").mkdir()
        (bad := tmp_path / f"bad{number}").mkdir()
        sample = make(good)
        copies = [damaged(sample, bad, seed) for seed in range(MUTATIONS)]
        read = copies if survives(bad) else list(filter(survives, copies))
        assert {said for path in read if (said := ending(path))} == set()
        assert len(read) > MUTATIONS / 2


def test_what_is_no_sentence_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path) -> Recording:
        raise KeyError("spikes")

    monkeypatch.setitem(globals(), "read_source", careless)
    assert ending(tmp_path / "run.csv") == "run.csv: KeyError 'spikes'"
