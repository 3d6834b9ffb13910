"""What took long to work out about a recording is kept beside the store that Spikeboard made of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from spikeboard import places
from spikeboard.recording import Recording
from spikeboard.replacing import replacing
from spikeboard.version import VERSION

KEPT_ABOVE_S = 1.0
_KNOWN: WeakKeyDictionary[Recording, dict[str, Any]] = WeakKeyDictionary()


def worked_out(rec: Recording, name: str, work: Callable[[Recording], Any]) -> Any:
    """What some work on a recording gives, done once; JSON values alone.

    Parameters
    ----------
    rec : the recording
    name : of the work, a word
    work : does it
    """
    known = _KNOWN.setdefault(rec, {})
    if name not in known:
        known[name] = _from_disk_or(rec, name, work)
    return known[name]


def _from_disk_or(rec: Recording, name: str, work: Callable[[Recording], Any]) -> Any:
    # Folders that people saved themselves are left as they are.
    own = rec.folder is not None and rec.folder.is_relative_to(places.stores())
    file = rec.folder / f"{name}-{VERSION}.json" if own and rec.folder is not None else None
    if file is not None:
        with suppress(OSError, ValueError):
            return json.loads(file.read_text(encoding="utf-8"))
    started = time.monotonic()
    found = work(rec)
    if file is not None and time.monotonic() - started > KEPT_ABOVE_S:
        with suppress(OSError), replacing(file) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
    return found
