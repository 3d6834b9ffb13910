"""The recordings that a server offers: the demo, files below its folders, and what was uploaded or opened.

A recording is known by a key that stands in links:

    demo                    the recording that comes with Spikeboard
    file:runs/night.h5      a file or folder below one of the server's folders
    id:3f2a…                a path with answers to what it leaves open, or an upload; noted on disk

Nothing is held in the process but a small cache, so any worker can answer for any key.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from spikeboard import importing, places, store
from spikeboard.columns import read_ahead
from spikeboard.errors import RecordingError
from spikeboard.readers import fingerprint, known, open_recording, recognise
from spikeboard.recording import Recording
from spikeboard.replacing import replacing

DEMO = "demo"
# Arguments of `open_recording` that are no answers about a file.
NO_OPTIONS = frozenset(("path", "progress"))
# Bytes of a source; a smaller one opens while the page waits.
LARGE = 32 * 2**20
MOST_LISTED = 500
MOST_LOOKED_AT = 5000


@dataclass(frozen=True)
class Library:
    """Which recordings a server offers.

    roots : folders below which files are listed and paths may be opened, resolved
    demo : folder of the demo recording
    first : key of the recording that the app opens with
    shared : whether this serves a team: then paths outside are never named to the browser
    largest_upload : bytes
    """

    roots: tuple[Path, ...]
    demo: Path
    first: str = DEMO
    shared: bool = False
    largest_upload: int = 2 * 2**30


@dataclass(frozen=True)
class Entry:
    """A line of the library: key, name, what it is, and its size in bytes."""

    key: str
    name: str
    kind: str
    size: int


def open_key(library: Library, key: str) -> Recording:
    """The recording that a key names.

    Raises
    ------
    RecordingError : where there is none, or it cannot be read
    Undecided : where its file leaves something open
    Importing : where it is large, and is being imported in the background
    """
    path, options = locate(library, key)
    try:
        state = _state(path, options)
        _import_what_is_long(path, options, state)
        return _opened(str(path), json.dumps(options, sort_keys=True), state)
    except OSError as problem:
        why = problem.strerror or "the system refuses"
        raise RecordingError(f"{path.name[:100]!r} cannot be read: {why}") from problem


def locate(library: Library, key: str) -> tuple[Path, dict[str, Any]]:
    """Path and options that a key stands for; never outside what the library offers."""
    kind, _, rest = key.partition(":")
    if key == DEMO:
        return library.demo, {}
    if kind == "file" and rest:
        return _below_roots(library, rest), {}
    if kind == "id" and re.fullmatch(r"[0-9a-f]{32}", rest):
        return _noted(library, rest)
    raise RecordingError(
        f"the address names no recording that this server knows ({key[:60]!r}): choose one in the Library"
    )


def is_there(library: Library, key: str) -> bool:
    """Whether a key names a recording, be it one that opens or not."""
    try:
        return locate(library, key)[0].exists()
    except (RecordingError, OSError):
        return False


def source_of(library: Library, rec: Recording) -> str:
    """The path of a recording as a person may be told it: to a team, as it lies below the server's folders."""
    path = Path(rec.source or rec.folder or rec.name)
    if not library.shared:
        return str(path)
    roots = (root for root in library.roots if path.is_relative_to(root))
    return next((path.relative_to(root).as_posix() for root in roots), path.name)


def key_of_path(library: Library, path: str | Path, **options: Any) -> str:
    """The key of a path that a person typed, with the answers given about it.

    Raises
    ------
    RecordingError : where it does not exist, or lies outside the server's folders
    """
    found = _typed(library, str(path))
    return note(found, options) if options else _key_of(library, found)


def _key_of(library: Library, path: Path) -> str:
    """The key of a resolved path: where it lies below the roots, or a note of it where that names another file."""
    for root in library.roots:
        if path.is_relative_to(root):
            relative = path.relative_to(root).as_posix()
            if _below_roots(library, relative) == path:
                return f"file:{relative}"
    return note(path, {})


def note(path: Path, options: Mapping[str, Any]) -> str:
    """Note a path with its options on disk; its key.

    Raises
    ------
    RecordingError : for a name that no reader can have as an option
    """
    if wrong := NO_OPTIONS & set(options):
        raise RecordingError(f"{min(wrong)!r} is no option of a reader")
    entry = json.dumps({"path": str(path), "options": dict(options)}, sort_keys=True)
    name = hashlib.blake2b(entry.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    file = _notes_folder() / f"{name}.json"
    if not file.exists():
        with replacing(file) as temporary:
            temporary.touch(0o600)
            temporary.write_text(entry, encoding="utf-8", errors="surrogateescape")
    return f"id:{name}"


def answered(library: Library, key: str, answers: Mapping[str, Any]) -> str:
    """The key of the same source with further answers about it."""
    path, options = locate(library, key)
    return note(path, {**options, **answers})


def entries(library: Library) -> Iterator[Entry]:
    """What the library offers: the demo first, then files below the roots that a reader knows, then uploads."""
    yield Entry(DEMO, "Demo: a balanced network", "Spikeboard recording", _size(library.demo))
    listed: set[Path] = set()
    for root in library.roots:
        yield from _listed(library, root, listed)
    yield from _uploaded()


def is_large(path: Path) -> bool:
    """Whether a source takes a while to import."""
    return not store.is_store(path) and _size(path) >= LARGE


def described(library: Library, key: str) -> tuple[str, int]:
    """What format the source of a key has, and its size in bytes.

    Raises
    ------
    RecordingError : where the key names no recording
    """
    path, _ = locate(library, key)
    kind = _kind(path) or (recognise(path).name if path.is_dir() else "text")
    return kind, _size(path)


def uploads_folder() -> Path:
    """Where uploads are kept, one folder each."""
    folder = places.home() / "uploads"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _import_what_is_long(path: Path, options: dict[str, Any], state: str) -> None:
    """Nobody waits without a word for more than a moment: what is large is imported beside what else is done."""
    kept = places.stores() / state
    if store.is_store(kept) or not is_large(path):
        return
    importing.in_background(path.name, kept, functools.partial(open_recording, path, **options))


@lru_cache(maxsize=16)
def _opened(path: str, options: str, state: str) -> Recording:
    rec = open_recording(path, **json.loads(options))
    if rec.folder is not None:
        files = store.files_by_use(rec.folder)
        threading.Thread(target=read_ahead, args=(files,), daemon=True, name="reading ahead").start()
    return rec


def _state(path: Path, options: dict[str, Any]) -> str:
    if path.is_dir() and store.is_store(path):
        return str((path / store.INDEX).stat().st_mtime_ns)
    return fingerprint(path, options) if path.exists() else "gone"


def _below_roots(library: Library, relative: str) -> Path:
    for root in library.roots:
        path = _existing(root / relative)
        if path is not None and path.is_relative_to(root):
            return path
    raise RecordingError(f"there is no recording {relative[:200]!r} below the folders of this server")


def _typed(library: Library, text: str) -> Path:
    path = Path(os.path.expanduser(text.strip()))
    candidates = [path] if path.is_absolute() else [root / path for root in library.roots]
    for candidate in candidates:
        found = _existing(candidate)
        if found is not None and _allowed(library, found):
            return found
    where = "the folders of this server" if library.shared else " or ".join(map(str, library.roots))
    raise RecordingError(
        f"there is no {text[:200]!r} below {where}: check the path, or start Spikeboard with --root FOLDER"
    )


def _existing(path: Path) -> Path | None:
    """Where a path leads in the end; None where nothing is there, or nothing can be called that."""
    try:
        resolved = path.resolve()
        return resolved if resolved.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, links in a circle
        return None


def _allowed(library: Library, path: Path) -> bool:
    kept = (uploads_folder().resolve(), places.stores().resolve(), library.demo.resolve())
    return any(path.is_relative_to(root) for root in (*library.roots, *kept))


def _noted(library: Library, name: str) -> tuple[Path, dict[str, Any]]:
    try:
        entry = json.loads(
            (_notes_folder() / f"{name}.json").read_text(encoding="utf-8", errors="surrogateescape")
        )
    except (OSError, ValueError):
        raise RecordingError("this server no longer knows that recording: open or upload it again") from None
    path = _existing(Path(entry["path"]))
    if path is None:
        raise RecordingError("that recording is not there any more: open or upload it again")
    if not _allowed(library, path):
        raise RecordingError("that recording lies outside the folders of this server")
    return path, entry["options"]


def _notes_folder() -> Path:
    folder = places.home() / "library"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _listed(library: Library, root: Path, listed: set[Path]) -> Iterator[Entry]:
    found = 0
    for path in _walk(root):
        # A root may lie within another, and a link may lead out of all of them.
        leads_to = _existing(path)
        if leads_to is None or leads_to in listed or not leads_to.is_relative_to(root):
            continue
        kind = _kind(path)
        if kind is None:
            continue
        found += 1
        if found > MOST_LISTED:
            return
        listed.add(leads_to)
        yield Entry(_key_of(library, leads_to), path.relative_to(root).as_posix(), kind, _size(path))


def _walk(root: Path) -> Iterator[Path]:
    looked_at = 0
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_text(name) and not _is_inner(name))
        if here != root and _is_recording_folder(here):
            folders.clear()
            yield here
            continue
        for name in sorted(files):
            looked_at += 1
            if looked_at > MOST_LOOKED_AT:
                return
            if not name.startswith(".") and _is_text(name):
                yield here / name


def _is_inner(name: str) -> bool:
    return name in ("node_modules", "__pycache__") or name.startswith((".", "columns-"))


def _is_text(name: str) -> bool:
    """Whether a name can stand in a link; the bytes of some file names are no text."""
    return not any("\udc80" <= sign <= "\udcff" for sign in name)


def _is_recording_folder(folder: Path) -> bool:
    return store.is_store(folder) or _kind(folder) is not None


def _kind(path: Path) -> str | None:
    if path.is_dir() and store.is_store(path):
        return "Spikeboard recording"
    try:
        kind = known(path, unasked=True)
    except OSError:
        return None
    return None if kind is None else kind.name


def _uploaded() -> Iterator[Entry]:
    for folder in sorted(uploads_folder().glob("[!.]*")):
        files = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
        if len(files) == 1:
            yield Entry(note(files[0], {}), files[0].name, "upload", _size(files[0]))
        elif files:
            name = f"{files[0].name} and {len(files) - 1} more"
            yield Entry(note(folder, {}), name, "upload", _size(folder))


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        file.stat().st_size for _, file in zip(range(10_000), path.rglob("*"), strict=False) if file.is_file()
    )


def local_library(
    demo: Path, roots: list[Path] | None = None, first: str = DEMO, shared: bool = False
) -> Library:
    """The library of a server started on this machine: the working folder and the home folder, unless told."""
    chosen = dict.fromkeys(root.resolve() for root in roots or ([] if shared else [Path.cwd(), Path.home()]))
    # The guard in front of the server counts by the same setting.
    largest = int(float(os.environ.get("SPIKEBOARD_MAX_UPLOAD_MB") or 2048) * 2**20)
    return Library(tuple(chosen), demo.resolve(), first, shared, largest)


def library_to_environment(library: Library) -> dict[str, str]:
    """A library as environment variables, for the workers that are about to be started."""
    return {
        "SPIKEBOARD_ROOTS": "\n".join(map(str, library.roots)),
        "SPIKEBOARD_FIRST": library.first,
        "SPIKEBOARD_SHARED": "1" if library.shared else "",
    }


def library_from_environment(demo: Path, environ: Mapping[str, str] = os.environ) -> Library:
    """The library that the environment asks for; with nothing in it, that of a server on this machine."""
    roots = [Path(root) for root in environ.get("SPIKEBOARD_ROOTS", "").splitlines() if root]
    return local_library(
        demo, roots, environ.get("SPIKEBOARD_FIRST") or DEMO, bool(environ.get("SPIKEBOARD_SHARED"))
    )
