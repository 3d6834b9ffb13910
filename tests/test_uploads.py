"""Uploads arrive whole or not at all, under a harmless name, and become one recording."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import time
import unicodedata
import uuid
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeboard import uploads
from spikeboard.errors import RecordingError
from spikeboard.library import Library, entries, local_library, locate, open_key, uploads_folder
from spikeboard.uploads import discard, finish, receive

DEMO_FOLDER = Path(__file__).parents[1] / "data" / "demo"
LIST = b"time_s,unit\n0.1,0\n0.25,1\n0.5,0\n"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return local_library(DEMO_FOLDER, [tmp_path], shared=True)


@pytest.fixture
def batch() -> str:
    return uuid.uuid4().hex


async def streamed(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def send(library: Library, batch: str, name: str, *pieces: bytes) -> int:
    return asyncio.run(receive(library, batch, name, streamed(pieces)))


def on_disk() -> list[str]:
    return sorted(str(path.relative_to(uploads_folder())) for path in uploads_folder().rglob("*"))


def test_a_file_in_pieces_becomes_a_recording(library: Library, batch: str) -> None:
    assert send(library, batch, "run.csv", LIST[:7], b"", LIST[7:]) == len(LIST)
    key = finish(library, batch)
    path, options = locate(library, key)
    assert path.read_bytes() == LIST and path.name == "run.csv" and not options
    assert len(open_key(library, key).spike_times) == 3
    assert [entry.key for entry in entries(library) if entry.kind == "upload"] == [key]


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_the_files_of_a_folder_are_a_recording_that_is_called_after_them(
    library: Library, batch: str
) -> None:
    send(library, batch, "spike_times.npy", saved(np.array([30, 60, 90])))
    send(library, batch, "spike_clusters.npy", saved(np.array([0, 1, 0])))
    send(library, batch, "params.py", b"sample_rate = 30000.0\n")
    key = finish(library, batch)
    assert open_key(library, key).name == "params.py and 2 more"
    listed = [entry for entry in entries(library) if entry.kind == "upload"]
    assert [(entry.key, entry.name) for entry in listed] == [(key, "params.py and 2 more")]


def test_files_that_are_no_recording_together_are_not_kept(library: Library, batch: str) -> None:
    send(library, batch, "times.csv", LIST)
    send(library, batch, "notes.txt", b"nothing")
    assert len(on_disk()) == 3
    with pytest.raises(RecordingError):
        finish(library, batch)
    assert on_disk() == []


def test_what_cannot_be_read_is_not_kept(library: Library, batch: str) -> None:
    send(library, batch, "run.csv", b"\x00\x01 no recording")
    with pytest.raises(RecordingError):
        finish(library, batch)
    assert on_disk() == []


def test_what_has_to_be_asked_is_kept(library: Library, batch: str) -> None:
    send(library, batch, "run.csv", b"100,0\n250,1\n500,0\n700,1\n")
    path, _ = locate(library, finish(library, batch))
    assert path.is_file()


def test_nothing_is_seen_of_an_upload_before_it_is_finished(library: Library, batch: str) -> None:
    send(library, batch, "run.csv", LIST)
    assert not [entry for entry in entries(library) if entry.kind == "upload"]


def test_too_much_is_refused_and_removed(library: Library, batch: str) -> None:
    small = Library(library.roots, library.demo, shared=True, largest_upload=100)
    with pytest.raises(RecordingError, match="larger than"):
        send(small, batch, "run.csv", b"x" * 60, b"x" * 60)
    assert on_disk() == []
    assert send(small, batch, "a.csv", b"x" * 60) == 60
    with pytest.raises(RecordingError, match="larger than"):
        send(small, batch, "b.csv", b"x" * 60)
    assert [name for name in on_disk() if name.endswith(".csv")] == [f".unfinished-{batch}/a.csv"]


def test_too_many_files_and_a_full_disk_are_refused(
    library: Library, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    for name in ("a", "b"):
        send(library, batch, name, LIST)
    with pytest.raises(RecordingError, match="2 files at most"):
        send(library, batch, "c", LIST)
    full = shutil.disk_usage(uploads_folder())._replace(free=5)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(RecordingError, match="disk is full"):
        send(library, "1" * 32, "a", LIST)
    assert not any(name.startswith(f".unfinished-{'1' * 32}") for name in on_disk())


def test_a_lost_connection_leaves_nothing(library: Library, batch: str) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield LIST
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(receive(library, batch, "run.csv", breaking()))
    assert on_disk() == []


@pytest.mark.parametrize(
    "wrong", ["", "../x", "0" * 31, "0" * 33, "G" * 32, "0" * 31 + "/", "٠" * 32, "0" * 32 + "\n"]
)
def test_a_batch_without_a_proper_number_is_refused(library: Library, wrong: str) -> None:
    for use in (
        lambda: send(library, wrong, "a.csv", LIST),
        lambda: finish(library, wrong),
        lambda: discard(wrong),
    ):
        with pytest.raises(RecordingError):
            use()
    assert on_disk() == []


def test_a_batch_is_finished_once(library: Library, batch: str) -> None:
    with pytest.raises(RecordingError, match="not here any more"):
        finish(library, batch)
    send(library, batch, "run.csv", LIST)
    finish(library, batch)
    with pytest.raises(RecordingError, match="not here any more"):
        finish(library, batch)


def test_a_batch_can_be_given_up(library: Library, batch: str) -> None:
    send(library, batch, "run.csv", LIST)
    discard(batch)
    discard(batch)
    assert on_disk() == []


def test_what_was_never_finished_is_forgotten_after_a_day(library: Library, batch: str) -> None:
    send(library, batch, "old.csv", LIST)
    old = time.time() - uploads.FORGOTTEN_AFTER - 60
    os.utime(uploads_folder() / f".unfinished-{batch}", (old, old))
    send(library, "1" * 32, "new.csv", LIST)
    assert not any(batch in name for name in on_disk()) and any("new.csv" in name for name in on_disk())


def test_two_files_of_one_name_are_not_taken_for_one(library: Library, batch: str) -> None:
    send(library, batch, "a/data.csv", LIST)
    with pytest.raises(RecordingError, match="two files called"):
        send(library, batch, "b/data.csv", LIST + b"0.9,1\n")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("run.csv", "run.csv"), ("../../etc/passwd", "passwd"), ("C:\\data\\run.csv", "run.csv"), (".bashrc", "bashrc"),
        ("a/b/c.h5", "c.h5"), ("ru\x00n\u202e.csv", "run.csv"), ("  x.npz ", "x.npz"), ("数据.csv", "数据.csv"),
    ],
)  # fmt: skip
def test_a_name_is_made_harmless(library: Library, batch: str, said: str, kept: str) -> None:
    send(library, batch, said, LIST)
    assert on_disk()[-1] == f".unfinished-{batch}/{kept}"


@pytest.mark.parametrize("name", ["", "..", "/", "...", "\x00\x01", "a/"])
def test_a_name_that_is_none_is_refused(library: Library, batch: str, name: str) -> None:
    with pytest.raises(RecordingError, match="no name"):
        send(library, batch, name, LIST)
    assert on_disk() == []


@given(st.text(max_size=400))
def test_every_name_is_one_plain_part_of_a_path_or_none(name: str) -> None:
    try:
        plain = uploads._safe_name(name)
    except RecordingError:
        return
    assert 0 < len(plain.encode()) <= uploads.LONGEST_NAME
    assert not plain.startswith(".") and not set(plain) & set("/\\\0")
    assert not any(unicodedata.category(sign)[0] == "C" for sign in plain)
    assert Path("folder", plain).parent == Path("folder")


def test_a_long_name_keeps_its_ending(library: Library, batch: str) -> None:
    send(library, batch, "数" * 300 + ".nwb", LIST)
    assert on_disk()[-1].endswith(".nwb")
