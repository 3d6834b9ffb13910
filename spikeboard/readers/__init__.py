"""Readers: one file per format, `read(path, options) -> Recording`, told apart by content.

A file in this folder that decorates a function with `@reader(...)` *is* the registration.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from spikeboard import doctor, importing, places, store
from spikeboard.errors import RecordingError, Undecided
from spikeboard.progress import Report, heard, heard_by
from spikeboard.recording import Recording
from spikeboard.version import VERSION

MOST_FILES = 10_000
# A folder with more files is not looked through for the one that is a recording.
MOST_BESIDE = 100
# Any text could be a table; what is taken for one unasked has one of these endings.
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".gdf")


@dataclass(frozen=True)
class Reader:
    """A format: how it is recognised and how it is read.

    name : short, as shown to the user ("SONATA")
    sniff : whether a path (file or folder) looks like it; reads a little, never raises
    read : `read(path, **options) -> Recording`; its keyword arguments are the options it takes
    order : readers are asked in this order; particular formats before general ones
    reads_any_text : whether any text file may look like it; such a file is not listed as a recording unasked
    """

    name: str
    sniff: Callable[[Path], bool]
    read: Callable[..., Recording]
    order: int = 50
    reads_any_text: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that `read` takes."""
        return tuple(inspect.signature(self.read).parameters)[1:]

    @property
    def passes_on(self) -> bool:
        """Whether it hands its options to the reader of what it unpacked, who knows which there are."""
        kinds = [parameter.kind for parameter in inspect.signature(self.read).parameters.values()]
        return inspect.Parameter.VAR_KEYWORD in kinds


_READERS: dict[str, Reader] = {}


def reader(
    name: str, sniff: Callable[[Path], bool], order: int = 50, reads_any_text: bool = False
) -> Callable[..., Any]:
    """Register the decorated function as the reader of a format."""

    def register(read: Callable[..., Recording]) -> Callable[..., Recording]:
        _READERS[name] = Reader(name, sniff, read, order, reads_any_text)
        return read

    return register


@cache
def readers() -> tuple[Reader, ...]:
    """All readers, in the order in which they are asked."""
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        import_module(f"{__name__}.{module.name}")
    return tuple(sorted(_READERS.values(), key=lambda reader: (reader.order, reader.name)))


def open_recording(
    path: str | os.PathLike[str], *, progress: Report | None = None, **options: Any
) -> Recording:
    """Open any supported file or folder, told apart by content, not by suffix.

    What was opened once is kept as a memory-mapped store: opening it again does not read the source.

    Parameters
    ----------
    path : file or folder
    progress : is told `(stage, part)` while a source is imported: what is being done, and how much of the whole
        is done, from 0 to 1; it may call the import off by raising `spikeboard.progress.Cancelled`
    options : answers to what the file leaves open, such as `time_unit="ms"`; and `mend="drop_duplicates|t_stop=3"`,
        remedies of the import doctor (`spikeboard.doctor`), applied to what was read

    Raises
    ------
    RecordingError : saying what was wrong, where, and what to do
    Undecided : where the file leaves something open; it lists the answers and what each implies
    """
    path = Path(path)
    if not path.exists():
        raise RecordingError(f"there is no file or folder {str(path)!r}")
    remedies = str(options.pop("mend", "") or "")
    if path.is_dir() and store.is_store(path):
        if options:
            raise RecordingError(
                f"{path.name!r} is a saved recording: it takes no options ({', '.join(options)})"
            )
        if not remedies:
            return store.load(path)
    asked = {**options, "mend": remedies} if remedies else options
    kept = places.stores() / fingerprint(path, asked)
    if not store.is_store(kept):
        with heard_by(progress or heard()), importing.alone(kept):
            # Somebody else may have made it meanwhile.
            if not store.is_store(kept):
                store.save(
                    store.with_origin(_made(path, remedies, options), str(path.resolve()), asked), kept
                )
                _build_levels(store.load(kept))
    return store.load(kept)


def _build_levels(rec: Recording) -> None:
    """Build what makes a large recording quick to draw, so that the first view need not."""
    from spikeboard.interval_levels import interval_level  # compiled loops are slow to import
    from spikeboard.levels import count_level
    from spikeboard.trace_levels import state_blocks

    count_level(rec)
    interval_level(rec)
    for name in rec.states:
        state_blocks(rec, name)


def _made(path: Path, remedies: str, options: dict[str, Any]) -> Recording:
    if remedies:
        return doctor.mended(open_recording(path, **options), remedies)
    return read_source(path, **options)


def read_source(path: Path, **options: Any) -> Recording:
    """Read a file or folder with the first reader that knows it, keeping nothing."""
    chosen = recognise(path)
    unknown = [name for name in options if name not in chosen.options]
    if unknown and not chosen.passes_on:
        takes = ", ".join(chosen.options) or "none"
        raise RecordingError(f"{chosen.name} files take no option {', '.join(unknown)}; they take {takes}")
    try:
        return chosen.read(path, **options)
    except Undecided:
        raise
    except RecordingError as problem:
        # A reader knows the place best, and which of several files was meant is known here.
        if path.name in str(problem):
            raise
        raise RecordingError(f"{path.name}: {problem}") from None


def recognise(path: Path) -> Reader:
    """The reader of a file or folder; of a folder that no reader knows, that of the only recording in it.

    Raises
    ------
    RecordingError : where no reader knows it
    """
    if (knows := known(path)) is not None:
        return knows
    inside = _recordings_in(path) if path.is_dir() else []
    if len(inside) == 1:
        return _of_the_only(*inside[0])
    raise RecordingError(_unknown(path, [file.name for file, _ in inside]))


def known(path: Path, unasked: bool = False) -> Reader | None:
    """The first reader that knows a file or folder, None where none does.

    Parameters
    ----------
    path : file or folder
    unasked : whether nobody said that it is a recording: then not any text is taken for a table
    """
    if path.is_file() and not path.stat().st_size:
        return None
    found = next((candidate for candidate in readers() if candidate.sniff(path)), None)
    if found is not None and unasked and found.reads_any_text and path.suffix.lower() not in TABLE_ENDINGS:
        return None
    return found


def _recordings_in(folder: Path) -> list[tuple[Path, Reader]]:
    """The files of a folder that are recordings, archives aside: what those hold may have no end."""
    beside = sorted(islice(folder.iterdir(), MOST_BESIDE + 1))
    if len(beside) > MOST_BESIDE:
        return []
    here = folder.resolve()
    files = [file for file in beside if file.is_file() and not file.name.startswith(".")]
    found = [(file, known(file, unasked=True)) for file in files if file.resolve().is_relative_to(here)]
    return [(file, reader) for file, reader in found if reader is not None and not reader.passes_on]


def _of_the_only(file: Path, reader: Reader) -> Reader:
    """The reader of a folder in which one file is a recording."""

    @functools.wraps(reader.read)
    def read(folder: Path, **options: Any) -> Recording:
        rec = reader.read(file, **options)
        told = f"{file.name!r} was opened: the only recording in the folder {folder.name!r}"
        return replace(rec, notes=(told, *rec.notes))

    return replace(reader, read=read)


def _unknown(path: Path, inside: list[str]) -> str:
    if inside:
        some = ", ".join(map(repr, inside[:5])) + (", …" if len(inside) > 5 else "")
        return f"{path.name!r} is no folder that Spikeboard knows, but holds {len(inside)} recordings: open {some}"
    if path.is_file() and not path.stat().st_size:
        return f"{path.name!r} is empty (0 bytes): save or copy it again"
    kind = "folder" if path.is_dir() else "file"
    names = ", ".join(reader.name for reader in readers())
    return f"{path.name!r} is no {kind} that Spikeboard knows; it reads {names}: save it as one of them"


def fingerprint(path: Path, options: dict[str, Any]) -> str:
    """What tells one state of a source from another without reading it: paths, sizes and times of change."""
    state = hashlib.blake2b(digest_size=16)
    state.update(json.dumps([VERSION, store.FORMAT, options], sort_keys=True, default=str).encode())
    for file in _files(path.resolve()):
        info = file.stat()
        state.update(f"\0{file}\0{info.st_size}\0{info.st_mtime_ns}".encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        # Neighbours can matter: a config names other files, SONATA keeps types in tables beside the HDF5 file, and a
        # recorder of NEST has a file for each thread.
        suffix = path.suffix.lower()
        pattern = f"*{suffix}" if suffix in (".dat", ".gdf") else "*_types.csv"
        yield from _below(path.parent) if suffix == ".json" else sorted(path.parent.glob(pattern))
    else:
        yield from _below(path)


def _below(folder: Path) -> Iterator[Path]:
    files = list(islice(folder.rglob("*"), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise RecordingError(
            f"the folder {folder.name!r} holds more than {MOST_FILES:,} files: open one of them"
        )
    yield from (file for file in sorted(files) if file.is_file())
