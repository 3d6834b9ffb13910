"""The HDF5 library meets files of strangers in a process of its own first: what ends that process is refused."""

from __future__ import annotations

import uuid
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from spikeboard import uploads
from spikeboard.errors import RecordingError
from spikeboard.library import local_library, uploads_folder
from spikeboard.readers import hdf5_probe

ROOT = Path(__file__).parents[2]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    with h5py.File(folder / "good.h5", "w") as file:
        group = file.create_group("spikes/p")
        group["timestamps"], group["node_ids"] = np.array([1.0, 2.0]), np.array([0, 1])
        group["timestamps"].attrs["units"] = "ms"
        file["texts"] = np.array(["one", "two"], object)
        file["outside"] = h5py.ExternalLink("/nowhere.h5", "/")
        file["round"] = h5py.SoftLink("/round")
    return folder


@pytest.fixture
def endless(good: Path) -> Path:
    """A heap of texts whose free space says that it is of size 0: the library walks on the spot."""
    path = good / "endless.h5"
    raw = bytearray((good / "good.h5").read_bytes())
    at = raw.index(b"GCOL") + 16
    while int.from_bytes(raw[at : at + 2], "little"):
        at += 16 + (int.from_bytes(raw[at + 8 : at + 16], "little") + 7) // 8 * 8
    raw[at + 8 : at + 16] = bytes(8)
    path.write_bytes(raw)
    return path


def test_good_files_and_those_that_are_none_pass(good: Path) -> None:
    (good / "cut.h5").write_bytes((good / "good.h5").read_bytes()[:700])
    (good / "notes.h5").write_text("no HDF5")
    hdf5_probe.check(good)
    hdf5_probe.check(good / "good.h5")


def test_a_file_without_an_end_is_refused_by_name(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5_probe, "is_sound", lambda path: True)
    monkeypatch.setattr(hdf5_probe, "SECONDS", 1)
    with pytest.raises(
        RecordingError, match=r"'endless\.h5' is damaged: the HDF5 library does not come to an end"
    ):
        hdf5_probe.check(endless.parent)


def test_a_file_that_breaks_the_library_is_refused_by_name(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "import os, sys; print(sys.argv[-1], flush=True); os.abort()"
    monkeypatch.setattr(hdf5_probe, "_LOOK", crash)
    with pytest.raises(RecordingError, match=r"'good\.h5' is damaged: the HDF5 library breaks down"):
        hdf5_probe.check(good)


@pytest.mark.parametrize("packed", [False, True])
def test_an_upload_is_looked_through_before_it_is_opened(
    good: Path, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = good / "good.h5"
    if packed:
        with zipfile.ZipFile(good / "run.zip", "w") as archive:
            archive.write(path, "good.h5")
        path = good / "run.zip"
    batch = uuid.uuid4().hex
    sent = uploads_folder() / f"{uploads.UNFINISHED}{batch}"
    sent.mkdir(parents=True)
    path.rename(sent / path.name)

    def refuse(where: Path) -> None:
        if any(where.rglob("good.h5")):
            raise RecordingError("'good.h5' is damaged: seen")

    monkeypatch.setattr(hdf5_probe, "check", refuse)
    with pytest.raises(RecordingError, match="seen"):
        uploads.finish(local_library(ROOT / "data" / "demo", [], shared=True), batch)
    assert not list(uploads_folder().glob(f"*{batch}*"))
