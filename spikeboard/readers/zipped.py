"""A folder or file of any other format, packed into a zip archive: unpacked within bounds, read, and removed."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from spikeboard import places, store
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import hdf5_probe, npy, read_source, reader, recognise
from spikeboard.recording import Recording

KEPT_FREE = 2**30
# What archivers of macOS and Windows add by themselves.
LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def sniff(path: Path) -> bool:
    """Whether a file is a zip archive that is not itself a format of NumPy. Never raises."""
    try:
        if not (path.suffix.lower() == ".zip" and path.is_file() and zipfile.is_zipfile(path)):
            return False
        with zipfile.ZipFile(path) as archive:
            is_a_folder = "spike_times.npy" in archive.namelist()
        return is_a_folder or not npy.is_npz(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False


@reader("zip archive", sniff, order=14)
def read(path: Path, **options: Any) -> Recording:
    """The recording that an archive holds.

    Parameters
    ----------
    path : zip archive of one file, or of the files of one folder
    options : answers to what the format inside leaves open

    Raises
    ------
    RecordingError : where it is damaged, made to harm or too large, or holds nothing that is known
    Undecided : where the file inside leaves something open
    """
    if shutil.disk_usage(places.home()).free < KEPT_FREE + _size(path):
        raise RecordingError(f"{path.name!r} does not fit on the disk when it is unpacked")
    # What is mapped from a removed file stays readable; where a system keeps mapped files, they stay until later.
    with tempfile.TemporaryDirectory(dir=places.home(), prefix="zip-", ignore_cleanup_errors=True) as made:
        folder = Path(made) / (path.stem or "archive")
        folder.mkdir()
        left_out = npy.unpack(path, folder, _wanted)
        hdf5_probe.check(folder)
        rec = _inside(path, _what_it_is_about(folder), options)
    litter = (f"{left_out} files that an archiver adds by itself were not unpacked",) if left_out else ()
    return replace(rec, folder=None, notes=(*rec.notes, *litter))


def _size(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return min(npy.LARGEST, sum(info.file_size for info in archive.infolist()))
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return 0


def _wanted(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return not (set(parts) & set(LITTER) or (parts[-1:] and parts[-1].startswith("._")))


def _what_it_is_about(folder: Path) -> Path:
    """The single file, or the outermost folder that holds more than one thing."""
    found = folder
    while found.is_dir() and len(entries := list(found.iterdir())) == 1:
        found = entries[0]
    return found


def _inside(path: Path, target: Path, options: dict[str, Any]) -> Recording:
    try:
        return _read(target, options)
    except Undecided:
        raise
    except RecordingError as problem:
        raise RecordingError(f"in the archive {path.name!r}: {problem}") from None


def _read(target: Path, options: dict[str, Any]) -> Recording:
    if target.is_dir() and not any(target.iterdir()):
        raise RecordingError("it is empty")
    if target.is_dir() and store.is_store(target):
        if options:
            raise RecordingError(f"a saved recording takes no options ({', '.join(options)})")
        return store.load(target)
    # An archive in an archive in an archive need not have an end.
    if recognise(target).read is read:
        raise RecordingError(f"it holds another archive, {target.name[:80]!r}: unpack one of them")
    return read_source(target, **options)
