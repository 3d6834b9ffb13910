"""Imports: each made once however many ask for it, heard of by every process, called off by any, never half done.

For each store that is being made there stand, in the folder of imports,

    <store>.lock    held (by SQLite, so that it is free when its process is gone) by whoever makes it, gone with it
    <store>.json    how far that is; there only while it lasts, so one that nobody holds tells of a crash
    <store>.cancel  somebody wants it called off
    <store>.failed  why an import in the background came to nothing, until that was told

and one turnstile for all of them. A lock is opened, taken, left and removed by one process at a time, the one in
the turnstile: else one might take a lock that another just removed, while a third takes the new one of that name.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from spikeboard import places, store
from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.progress import Cancelled, Report, heard, heard_by
from spikeboard.replacing import replacing

log = logging.getLogger("spikeboard")
# How often the state on the disk is renewed, and looked at by those who wait.
EVERY_S = 0.2
ABANDONED_AFTER_S = 3600.0
# Whoever is in the turnstile leaves it within milliseconds.
PATIENCE_S = 60.0
BEGINNING = ("reading", 0.0)
BROKEN = "something broke while it was imported: whoever runs the server finds why in its log"


class Importing(RecordingError):  # noqa: N818  (it goes on; nothing is broken)
    """A recording that is being imported: it opens when that is done.

    name : of the store that is being made
    stage, part : what is being done, and how much of the whole is done, 0 to 1
    """

    def __init__(self, source: str, name: str, stage: str, part: float) -> None:
        self.source, self.name, self.stage, self.part = source, name, stage, part
        super().__init__(f"{source!r} is being imported ({stage}, {part:.0%}): it opens when that is done")


@contextmanager
def alone(kept: Path) -> Iterator[None]:
    """Be the only one that makes a store, waiting for whoever is at it; what crashes have left is removed first.

    Parameters
    ----------
    kept : folder of the store, below the folder of stores

    Raises
    ------
    Cancelled : where somebody calls it off
    """
    sweep()
    with _held(kept.name):
        _clear(kept.name)
        _note(kept.name, *BEGINNING)
        try:
            with heard_by(_noting(kept.name, heard())):
                yield
        finally:
            _clear(kept.name)


def state(name: str) -> tuple[str, float] | None:
    """Stage and part of an import that is under way, in whatever process; None where there is none."""
    under_way = name and (_is_held(name) or _is_held(_background(name)))
    return (_told(name) or BEGINNING) if under_way else None


def cancel(name: str) -> None:
    """Call an import off, in whatever process it is."""
    if name and state(name) is not None:
        _file(name, "cancel").touch()


def sweep() -> None:
    """Remove what imports have left whose process is gone."""
    unpacked = list(places.home().glob("zip-*"))
    live = False
    # Hidden ones are being written by whoever holds the lock of their store.
    for name in {file.stem for kind in ("json", "lock") for file in _folder().glob(f"[!.]*.{kind}")}:
        try:
            with _held(name, wait=False):
                _clear(name)
        except BlockingIOError:
            live |= _file(name, "json").exists()
    for folder in [] if live else unpacked:
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)


def _clear(name: str) -> None:
    """Remove what is of no use when nobody makes a store any more; its lock must be held."""
    if _file(name, "json").exists():
        store.sweep(places.stores() / name)
    for kind in ("cancel", "json"):
        _file(name, kind).unlink(missing_ok=True)
    for half_written in _folder().glob(f".{name}-*.json"):
        half_written.unlink(missing_ok=True)


def in_background(source: str, kept: Path, make: Callable[[], object]) -> None:
    """Make a store in a thread of its own, or learn what came of that. Returns once the store is there.

    Parameters
    ----------
    source : what the source is called
    kept : folder of the store
    make : makes it

    Raises
    ------
    Importing : while it lasts
    RecordingError, Undecided : where it came to that; asked again after an error, it is tried again
    """
    if store.is_store(kept):
        return
    _tell_failure(kept.name)
    if (under_way := state(kept.name)) is None:
        begun = threading.Event()
        threading.Thread(target=_begin, args=(kept.name, make, begun), daemon=True, name="importing").start()
        begun.wait()
    raise Importing(source, kept.name, *(under_way or BEGINNING))


def _begin(name: str, make: Callable[[], object], begun: threading.Event) -> None:
    # Held until what came of it is told, so that nobody takes it for over, and begins again, in between.
    try:
        with _held(_background(name), wait=False):
            begun.set()
            _make(name, make)
    except BlockingIOError:
        begun.set()


def _make(name: str, make: Callable[[], object]) -> None:
    try:
        make()
    except Undecided as open_questions:
        _write(
            _file(name, "failed"), {"questions": [dataclasses.asdict(q) for q in open_questions.questions]}
        )
    except (RecordingError, Cancelled) as problem:
        _write(_file(name, "failed"), {"problem": str(problem)})
    except Exception as problem:
        log.error("an import broke", exc_info=problem)
        _write(_file(name, "failed"), {"problem": BROKEN})


def _background(name: str) -> str:
    return f"{name}-background"


def _tell_failure(name: str) -> None:
    said = _read(_file(name, "failed"))
    if said is None:
        return
    if "questions" in said:
        raise Undecided([_question(**question) for question in said["questions"]])
    _file(name, "failed").unlink(missing_ok=True)
    raise RecordingError(str(said.get("problem")))


def _question(choices: list[dict[str, str]], **more: Any) -> Question:
    return Question(choices=tuple(Choice(**choice) for choice in choices), **more)


def _noting(name: str, also: Report | None) -> Report:
    """A report that keeps the state on the disk, and raises where the import is called off."""
    renewed = furthest = 0.0

    def report(stage: str, part: float) -> None:
        nonlocal renewed, furthest
        # Each column is read from its beginning to its end: what is told may go back, what is shown may not.
        part = furthest = max(part, furthest)
        if also is not None:
            also(stage, part)
        if time.monotonic() - renewed < EVERY_S:
            return
        renewed = time.monotonic()
        if _file(name, "cancel").exists():
            raise Cancelled("the import was cancelled: nothing of it was kept")
        _note(name, stage, part)

    return report


def _note(name: str, stage: str, part: float) -> None:
    _write(_file(name, "json"), {"stage": stage, "part": part})


def _told(name: str) -> tuple[str, float] | None:
    said = _read(_file(name, "json"))
    return None if said is None else (str(said["stage"]), float(said["part"]))


@contextmanager
def _held(name: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a store; those who wait hear how far its holder is."""
    while (lock := _taken(name)) is None:
        if not wait:
            raise BlockingIOError(name)
        if (report := heard()) and (told := _told(name)):
            report(*told)
        time.sleep(EVERY_S)
    try:
        yield
    finally:
        with _turnstile():
            lock.close()
            _file(name, "lock").unlink(missing_ok=True)


def _taken(name: str) -> sqlite3.Connection | None:
    """The lock of a store, held; None where somebody else holds it."""
    with _turnstile():
        lock = _connected(_file(name, "lock"), 0)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            return None
        return lock


@contextmanager
def _turnstile() -> Iterator[None]:
    with closing(_connected(_folder() / "turnstile", PATIENCE_S)) as turnstile:
        turnstile.execute("BEGIN EXCLUSIVE")
        yield


def _connected(file: Path, patience_s: float) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=patience_s, isolation_level=None)


def _is_held(name: str) -> bool:
    if not _file(name, "lock").exists():
        return False
    try:
        with _held(name, wait=False):
            return False
    except BlockingIOError:
        return True


def _folder() -> Path:
    folder = places.home() / "imports"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _file(name: str, kind: str) -> Path:
    return _folder() / f"{name}.{kind}"


def _write(file: Path, said: dict[str, Any]) -> None:
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(said), encoding="utf-8")


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
