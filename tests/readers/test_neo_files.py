"""Files that Neo reads: what comes out is what went in, and nothing of a stranger's file is followed or believed."""

from __future__ import annotations

import inspect
import pickle
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_neo import blackrock, neuralynx, plexon

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.readers import neo_files, read_source, recognise

FREQ = 20_000.0


def nex(
    path: Path, trains: dict[str, list[int]], epochs: dict[str, list[tuple[int, int]]] | None = None
) -> Path:
    """A NeuroExplorer file, written from its published layout: header of 544 bytes, 208 for each variable, data."""
    variables = [(0, name, np.array(times, "<i4").tobytes(), len(times)) for name, times in trains.items()]
    for name, pairs in (epochs or {}).items():
        start, stop = np.array(pairs, "<i4").reshape(-1, 2).T
        variables.append((2, name, start.tobytes() + stop.tobytes(), len(pairs)))
    header = struct.pack(
        "<4si256sdiii", b"NEX1", 101, b"made by a test", FREQ, 0, int(10 * FREQ), len(variables)
    )
    offset, entities, data = 544 + 208 * len(variables), b"", b""
    for kind, name, held, n in variables:
        entity = struct.pack("<ii64sIiiiii", kind, 100, name.encode(), offset + len(data), n, 0, 0, 0, 0)
        entities += entity.ljust(208, b"\0")
        data += held
    path.write_bytes(header.ljust(544, b"\0") + entities + data)
    return path


def noted(rec: spikeboard.Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


def test_a_nex_file(tmp_path: Path) -> None:
    trains = {"sig001a": [20, 2000, 40_001], "sig002b": [], "sig003": [199_999]}
    path = nex(tmp_path / "made.nex", trains, {"light": [(0, 20_000), (60_000, 80_000)]})
    assert recognise(path).read is neo_files.read
    rec = spikeboard.open(path)
    assert rec.units["id"].tolist() == list(trains) and rec.t_stop == 10.0
    for row, times in enumerate(trains.values()):
        ticks = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
        np.testing.assert_allclose(ticks * rec.tick, np.array(times) / FREQ, atol=1e-9)
    assert rec.intervals["light"][["start", "stop"]].to_dict("list") == {
        "start": [0.0, 3.0],
        "stop": [1.0, 4.0],
    }


def test_the_ending_of_a_file_says_nothing(tmp_path: Path) -> None:
    other = tmp_path / "notes.nex"
    other.write_text("time_ms,unit\n1.5,0\n2.5,1\n")
    assert recognise(other).read is not neo_files.read
    renamed = nex(tmp_path / "made.bin", {"a": [1, 2]})
    assert recognise(renamed).read is neo_files.read and len(spikeboard.open(renamed).spikes) == 2


def test_a_nex_file_that_is_cut_is_refused_or_told(tmp_path: Path) -> None:
    path = nex(tmp_path / "made.nex", {"a": list(range(100, 1100))})
    whole = path.read_bytes()
    for size in (8, 300, 600, 700, 752, 1000, len(whole) - 4):
        path.write_bytes(whole[:size])
        try:
            rec = spikeboard.open(path)
        except RecordingError as problem:
            assert "made.nex" in str(problem)
        else:
            assert noted(rec, "1,000 spikes are announced") and len(rec.spikes) < 1000


def test_a_number_of_variables_that_is_a_lie_is_refused(tmp_path: Path) -> None:
    path = nex(tmp_path / "made.nex", {"a": [1, 2]})
    data = bytearray(path.read_bytes())
    struct.pack_into("<i", data, 4 + 4 + 256 + 8 + 8, 2**31 - 1)
    path.write_bytes(data)
    with pytest.raises(RecordingError, match="NeuroExplorer"):
        spikeboard.open(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1399), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_nex_file_gives_a_sentence_or_a_recording(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(nex(tmp_path / "made.nex", {"a": [1, 2, 3], "b": list(range(50))}).read_bytes())
    for place, value in changes:
        data[min(place, len(data) - 1)] = value
    path = tmp_path / "damaged.nex"
    path.write_bytes(data)
    if not neo_files.sniff(path):
        return
    try:
        assert len(read_source(path).units) >= 0
    except RecordingError as problem:
        assert "damaged.nex" in str(problem)


# NIX -----------------------------------------------------------------------------------------------------------


def block() -> neo.Block:
    made = neo.Block(name="session")
    for k in range(2):
        segment = neo.Segment(name=f"trial {k}")
        for name, times in (("a", [0.5, 1.25]), ("b", [0.75 + k])):
            segment.spiketrains.append(neo.SpikeTrain(times, units="s", t_stop=3.0, name=name, depth=12.5))
        values = np.arange(30.0).reshape(15, 2) + k
        segment.analogsignals.append(
            neo.AnalogSignal(values, units="uV", sampling_rate=5 * pq.Hz, name="lfp")
        )
        segment.epochs.append(neo.Epoch([1.0], durations=[0.5], units="s", labels=["go"], name="cue"))
        made.segments.append(segment)
    return made


@pytest.fixture
def nix(tmp_path: Path) -> Path:
    path = tmp_path / "session.nix"
    with neo.io.NixIO(str(path), mode="ow") as io:
        io.write_block(block())
    return path


def test_a_nix_file_is_what_its_block_is(nix: Path) -> None:
    before = nix.read_bytes()
    rec = spikeboard.open(nix)
    live = spikeboard.from_monitors(block())
    assert rec.digest == live.digest and rec.units.equals(live.units)
    assert rec.intervals["segments"].equals(live.intervals["segments"])
    assert rec.intervals["cue"].equals(live.intervals["cue"]) and rec.intervals["cue"]["start"].tolist() == [
        1.0,
        4.0,
    ]
    np.testing.assert_array_equal(rec.states["lfp"].values, live.states["lfp"].values)
    assert rec.states["lfp"].unit == live.states["lfp"].unit == "uV"
    assert nix.read_bytes() == before


def test_links_out_of_a_nix_file_are_not_followed(nix: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["values"] = np.arange(5)
    with h5py.File(nix, "a") as file:
        file["data"]["linked"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/values")
    with pytest.raises(RecordingError, match="another file"):
        spikeboard.open(nix)


def test_a_unit_that_would_never_be_worked_out_is_refused(nix: Path) -> None:
    with h5py.File(nix, "a") as file:
        arrays = file["data"][next(iter(file["data"]))]["data_arrays"]
        for array in arrays.values():
            if "unit" in array.attrs:
                array.attrs["unit"] = "9**9**9**9"
    with pytest.raises(RecordingError, match="no unit"):
        spikeboard.open(nix)


def test_a_nix_file_that_declares_terabytes_is_refused(nix: Path) -> None:
    with h5py.File(nix, "a") as file:
        file["data"].create_dataset("huge", (2**40,), "f8", chunks=(2**16,))
    with pytest.raises(RecordingError, match="far more than the file can hold"):
        spikeboard.open(nix)


# Other systems -------------------------------------------------------------------------------------------------

TRAINS = {(1, 1): [400, 4000, 40_000], (1, 2): [800], (3, 1): [1200, 90_000]}


def spikes_by_unit(rec: spikeboard.Recording) -> list[list[float]]:
    return [
        train.tolist() for train in np.split(rec.train_ticks / rec.ticks_per_second, rec.train_offsets[1:-1])
    ]


@pytest.mark.parametrize(
    ("make", "name", "rate", "names", "start"),
    [
        (plexon, "made.plx", 40_000, ["ch1#1", "ch1#2", "ch3#1"], 0.0),
        (blackrock, "made.nev", 30_000, ["ch1#1", "ch1#2", "ch3#1"], 0.0),
        # Neo counts from a folder's first record on.
        (neuralynx, "session", 1_000_000, ["chSE1#1#1", "chSE1#1#2", "chSE3#3#1"], 0.0004),
    ],
)
def test_files_written_from_published_layouts(
    make: Callable[..., Path], name: str, rate: int, names: list[str], start: float, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = make(tmp_path / name, TRAINS)
    path = path.rename(path.with_suffix(".bin")) if make is plexon else path
    assert recognise(path).read is neo_files.read
    rec = spikeboard.open(path)
    assert rec.units["id"].tolist() == names
    for train, times in zip(spikes_by_unit(rec), TRAINS.values(), strict=True):
        np.testing.assert_allclose(train, np.array(times) / rate - start, atol=1e-9)
    assert noted(rec, "nothing else tells when recording began and ended", "last spike")
    assert spikeboard.open(path, t_stop=60.0).t_stop == 60.0
    assert capfd.readouterr().err == ""


def test_a_blackrock_file_without_its_ending_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"'made\.bin' is a Blackrock file.*call it \.nev"):
        spikeboard.open(blackrock(tmp_path / "made.bin", TRAINS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data(), st.sampled_from([plexon, blackrock]))
def test_damaged_files_of_other_systems_give_a_sentence_or_a_recording(
    tmp_path: Path, data: st.DataObject, make: Callable[..., Path]
) -> None:
    content = bytearray(make(tmp_path / "made", TRAINS).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    path = (tmp_path / "damaged").rename(tmp_path / "damaged.nev")
    if neo_files.sniff(path):
        try:
            assert len(neo_files.read(path).units) >= 0
        except RecordingError as problem:
            assert "damaged" in str(problem)


# What runs code, or leads elsewhere ------------------------------------------------------------------------------


class Canary:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["run.pkl", "run.pickle", "run.nex", "run"])
@pytest.mark.parametrize("begins", [b"", b"NEX1", b"PLEX", b"NEURALEV"])
def test_neos_own_pickles_are_never_opened(name: str, begins: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(begins + pickle.dumps(Canary(tmp_path / "canary")))
    with pytest.raises(RecordingError):
        spikeboard.open(tmp_path / name)
    assert not (tmp_path / "canary").exists()


def test_no_reader_of_neo_that_is_asked_runs_code_or_loads_libraries() -> None:
    kinds = (*neo_files._FILES, *neo_files._FOLDERS, neo_files._Kind("NIX", neo_files.NIX, ()))
    modules = {
        inspect.getmodule(parent)
        for kind in kinds
        for parent in inspect.getmro(getattr(neo.io, kind.io))
        if parent is not object
    }
    dangerous = re.compile(
        r"pickle\.loads?\(|(?<!literal_)\beval\(|\bexec\(|ctypes|urlopen|subprocess|os\.system|__import__"
    )
    sources = {module.__name__: inspect.getsource(module) for module in modules if module is not None}
    assert len(sources) > 20 and "neo.rawio.baserawio" in sources
    assert [name for name, source in sources.items() if dangerous.search(source)] == []
    assert dangerous.search(inspect.getsource(neo.io.elphyio)) and dangerous.search(
        inspect.getsource(neo.io.pickleio)
    )


@pytest.mark.parametrize(
    "folder",
    ["../../secret", "/etc", "..\\\\..\\\\secret", "\\u002e\\u002e/\\u002e\\u002e/secret", "x\\u0000"],
)
def test_an_open_ephys_folder_that_names_others_is_refused(folder: str, tmp_path: Path) -> None:
    (tmp_path / "session").mkdir()
    described = tmp_path / "session" / "structure.oebin"
    described.write_text(f'{{"continuous": [{{"folder_name": "{folder}"}}]}}')
    with pytest.raises(RecordingError, match=r"structure\.oebin names .* outside of the folder 'session'"):
        spikeboard.open(tmp_path / "session")
    described.write_text("{")
    with pytest.raises(RecordingError, match="no readable JSON"):
        spikeboard.open(tmp_path / "session")


# What is missing, or too much ----------------------------------------------------------------------------------


def test_without_neo_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neo_files, "find_spec", lambda name: None)
    with pytest.raises(RecordingError, match=r"NeuroExplorer file.*pip install 'spikeboard\[neo\]'"):
        spikeboard.open(nex(tmp_path / "made.nex", {"a": [1]}))


def test_neo_is_not_imported_to_look_at_files() -> None:
    lines = "import sys, spikeboard.readers as r; r.readers(); print('neo' in sys.modules, 'pynwb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_signals_beyond_the_budget_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Proxy:
        name, shape = "lfp", (1000, 2)

        def load(self) -> Any:
            return neo.AnalogSignal(
                np.zeros(self.shape), units="uV", sampling_rate=1 * pq.kHz, name=self.name
            )

    class Reader:
        def __init__(self, filename: str) -> None:
            self.block = neo.Block()
            self.block.segments.append(segment := neo.Segment())
            segment.analogsignals._items = [Proxy(), Proxy()]

        def read(self, lazy: bool) -> list[neo.Block]:
            return [self.block]

    monkeypatch.setattr(neo.io, "NeuroExplorerIO", Reader)
    monkeypatch.setattr(neo_files, "MOST_SIGNAL_BYTES", 20_000)
    rec = neo_files.read(nex(tmp_path / "made.nex", {}))
    assert list(rec.states) == ["lfp"] and noted(rec, "1 left out (lfp)")
