"""Which recordings a person has accepted after their report: noted on disk, so that any worker can tell.

A note holds for one state of a source, read with one set of options: a file that changed is reported on again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikeboard import places
from spikeboard.errors import RecordingError
from spikeboard.library import DEMO, Library, locate
from spikeboard.links import Link, write_link
from spikeboard.readers import fingerprint
from spikeboard.replacing import replacing

REPORT = "/report"


def is_accepted(library: Library, key: str) -> bool:
    """Whether somebody on this server has accepted a recording as it is now; the demo and the first one always are."""
    if key in (DEMO, library.first):
        return True
    try:
        path, options = locate(library, key)
        note = _note(path, options)
        # Only what was once accepted is looked at: a fingerprint takes a look at every file of a folder.
        return note.is_file() and note.read_text() == fingerprint(path, options)
    except (RecordingError, OSError):
        return False


def accept(library: Library, key: str) -> None:
    """Note that a recording was accepted as it is now.

    Raises
    ------
    RecordingError : where the key names no recording
    """
    path, options = locate(library, key)
    with replacing(_note(path, options)) as temporary:
        temporary.touch(0o600)
        temporary.write_text(fingerprint(path, options))


def first_page(library: Library, key: str) -> str:
    """The address that a recording opens with: its Overview once it was accepted, before that its report."""
    return ("/" if is_accepted(library, key) else REPORT) + write_link(Link(key))


def _note(path: Path, options: Mapping[str, Any]) -> Path:
    folder = places.home() / "accepted"
    folder.mkdir(exist_ok=True, mode=0o700)
    named = json.dumps([str(path), dict(options)], sort_keys=True).encode("utf-8", "surrogateescape")
    return folder / hashlib.blake2b(named, digest_size=16).hexdigest()
