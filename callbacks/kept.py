"""Answers that took long to compute are kept on disk beside the stores: asked for again, they cost a read.

An answer is known by everything it depends on: the recording's columns, which are never written again, the view
with its settings, the selection, what is on screen, and the program's own files. Any process can read what another
one kept; what is not there is computed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from plotly.io.json import to_json_plotly

import spikeboard
from spikeboard import places, store
from spikeboard.recording import Recording
from spikeboard.replacing import replacing
from spikeboard.selection import Selection
from spikeboard.view import View, Viewport

# What is computed faster than this is not worth a file.
SLOW_S = 0.3
# Bytes of all answers together; beyond, those that were not asked for the longest time go.
MOST_BYTES = 256 * 2**20

Answer = dict[str, Any]


def once(name: str | None, compute: Callable[[], Answer]) -> Answer:
    """The answer of a name, from disk where it is kept, else computed; None is the name of what cannot be kept."""
    if name is None:
        return compute()
    file = _folder() / f"{name}.json"
    if (known := _read(file)) is not None:
        return known
    start = perf_counter()
    found = compute()
    if perf_counter() - start >= SLOW_S:
        with suppress(OSError):  # a full disk costs nothing but time
            _write(file, found)
    return found


def named(
    rec: Recording, view: View, selection: Selection, viewport: Viewport, settings: Mapping[str, Any]
) -> str | None:
    """What an answer is called; None for a recording that lies in no store."""
    if rec.folder is None:
        return None
    on_screen = vars(viewport) if view.zooms else {}
    asked = [view.name, selection.to_query(), on_screen, dict(settings), _program()]
    state = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=20)
    # It names the columns, and each time a recording is written it names new ones.
    state.update((rec.folder / store.INDEX).read_bytes())
    return state.hexdigest()


@cache
def _program() -> str:
    """The state of the files that compute: another version may answer otherwise."""
    root = Path(spikeboard.__file__).parent
    files = [(str(file), file.stat().st_mtime_ns) for file in sorted(root.rglob("*.py"))]
    return hashlib.blake2b(repr(files).encode(), digest_size=16).hexdigest()


def _folder() -> Path:
    folder = places.home() / "answers"
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _read(file: Path) -> Answer | None:
    try:
        answer = json.loads(file.read_bytes())
        os.utime(file)
    except (OSError, ValueError):
        return None
    return answer


def _write(file: Path, answer: Answer) -> None:
    _make_room(file.parent)
    with replacing(file) as temporary:
        temporary.write_text(str(to_json_plotly(answer)), encoding="utf-8")


def _make_room(folder: Path) -> None:
    """Remove what was not asked for the longest time until a quarter of the room is free."""
    known = sorted((info.stat().st_mtime_ns, info.stat().st_size, info.path) for info in os.scandir(folder))
    total = sum(size for _, size, _ in known)
    if total <= MOST_BYTES:
        return
    for _, size, path in known:
        Path(path).unlink(missing_ok=True)
        total -= size
        if total <= MOST_BYTES * 3 // 4:
            return
