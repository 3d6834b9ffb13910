"""Uploads: streamed to disk piece by piece, kept under the digest-free name of their batch, or not at all.

A batch is one recording: a single file, or the files of a folder sent one after another.
"""

from __future__ import annotations

import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from spikeboard import importing, places, store
from spikeboard.errors import RecordingError, Undecided
from spikeboard.importing import Importing
from spikeboard.library import Library, locate, note, open_key, uploads_folder
from spikeboard.readers import fingerprint, hdf5_probe

LONGEST_NAME = 150  # bytes: file systems take 255, and readers put names beside it
MOST_FILES = 1000
KEPT_FREE = 2**30
UNFINISHED = ".unfinished-"
FORGOTTEN_AFTER = 24 * 3600.0


async def receive(library: Library, batch: str, name: str, pieces: AsyncIterator[bytes]) -> int:
    """Write one file of a batch as its pieces arrive; the bytes written.

    Raises
    ------
    RecordingError : for a name that is none, too many or too large files, or a full disk; nothing is left behind
    """
    plain = _safe_name(name)
    folder = _unfinished(batch)
    _forget_abandoned()
    folder.mkdir(exist_ok=True, mode=0o700)
    part = folder / f".part-{uuid.uuid4().hex}"
    try:
        size = await _written(part, pieces, _allowed(library, folder))
        if (folder / plain).exists():
            raise RecordingError(f"an upload cannot hold two files called {plain[:80]!r}: rename one of them")
        part.replace(folder / plain)
    except BaseException:
        part.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    return size


def finish(library: Library, batch: str, user: str = "") -> str:
    """Open what a batch sent, by a person who may have signed in; the key of the recording.

    Raises
    ------
    RecordingError : where it cannot be read; then nothing of it is kept
    """
    folder = uploads_folder() / batch
    try:
        _unfinished(batch).rename(folder)
    except OSError:
        raise RecordingError("that upload is not here any more: choose the file again") from None
    try:
        files = [file for file in folder.iterdir() if not file.name.startswith(".")]
        hdf5_probe.check(folder)
        key = note(files[0] if len(files) == 1 else _together(files), {})
        with suppress(Undecided, Importing):
            open_key(library, key)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _uploader(batch).write_text(user, encoding="utf-8")
    return key


def _together(files: list[Path]) -> Path:
    """The files of a folder in one that is called after them: the number of a batch names no recording."""
    folder = files[0].parent / ".together"
    folder.mkdir(mode=0o700)
    for file in files:
        file.rename(folder / file.name)
    return folder.rename(folder.parent / f"{min(file.name for file in files)} and {len(files) - 1} more")


def may_remove(library: Library, key: str, user: str) -> bool:
    """Whether a key names an upload that this person may remove: to a team, that is who uploaded it."""
    try:
        batch = _batch_of(library, key)
        return not library.shared or _uploader(batch).read_text(encoding="utf-8") == user
    except (RecordingError, OSError):
        return False


def remove(library: Library, key: str, user: str) -> None:
    """Remove an upload for everybody, with all that was made of it.

    Raises
    ------
    RecordingError : where it is no upload, or another person's
    """
    batch = _batch_of(library, key)
    if not may_remove(library, key, user):
        raise RecordingError("that recording was uploaded by somebody else, who alone can remove it")
    importing.cancel(fingerprint(*locate(library, key)))
    folder = (uploads_folder() / batch).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    for made in store.made_of(places.stores(), folder):
        shutil.rmtree(made, ignore_errors=True)
    _uploader(batch).unlink(missing_ok=True)


def _batch_of(library: Library, key: str) -> str:
    path, _ = locate(library, key)
    uploads = uploads_folder().resolve()
    if path == uploads or not path.is_relative_to(uploads):
        raise RecordingError("that recording was not uploaded: it stays where it is")
    return path.relative_to(uploads).parts[0]


def _uploader(batch: str) -> Path:
    """The file that holds the name of who sent a batch."""
    folder = places.home() / "uploaders"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder / batch


def discard(batch: str) -> None:
    """Forget a batch that is not finished, and what it sent."""
    shutil.rmtree(_unfinished(batch), ignore_errors=True)


def _unfinished(batch: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{32}", batch):
        raise RecordingError("the upload has no proper number: reload the page and try again")
    return uploads_folder() / f"{UNFINISHED}{batch}"


def _forget_abandoned() -> None:
    """Remove what a page began to send and never finished: its tab was closed, or the connection lost."""
    for folder in uploads_folder().glob(f"{UNFINISHED}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > FORGOTTEN_AFTER:
                shutil.rmtree(folder, ignore_errors=True)


def _safe_name(name: str) -> str:
    """The last part of a name, without anything that a file system or a terminal could take amiss."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip().lstrip(".")
    if not plain:
        raise RecordingError("the file has no name")
    stem, dot, suffix = plain.rpartition(".")
    while len(plain.encode()) > LONGEST_NAME:
        stem, suffix = stem[:-1], suffix[:16]
        plain = f"{stem}{dot}{suffix}" if stem else plain[:30]
    return plain


def _allowed(library: Library, folder: Path) -> int:
    sizes = [file.stat().st_size for file in folder.iterdir()]
    if len(sizes) >= MOST_FILES:
        raise RecordingError(f"an upload may have {MOST_FILES:,} files at most")
    free = shutil.disk_usage(folder).free - KEPT_FREE
    if free <= 0:
        raise RecordingError("the server's disk is full: ask whoever runs it")
    return min(library.largest_upload - sum(sizes), free)


async def _written(part: Path, pieces: AsyncIterator[bytes], most: int) -> int:
    size = 0
    with part.open("wb") as file:
        async for piece in pieces:
            size += len(piece)
            if size > most:
                raise RecordingError(
                    f"the upload is larger than the {most / 1e6:,.0f} MB that this server takes: "
                    "copy it into one of the server's folders and open it by its path"
                )
            file.write(piece)
    return size
