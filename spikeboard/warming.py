"""Compiled loops are compiled when first called; a server calls them before a person does."""

from __future__ import annotations

import threading
from pathlib import Path

from spikeboard.errors import RecordingError
from spikeboard.readers import open_recording
from spikeboard.selection import select
from spikeboard.view import Viewport
from spikeboard.views import views


def warm_in_background(demo: Path) -> threading.Thread:
    """Draw every view of the demo once, off to the side; what numba compiles is kept for the next start."""
    thread = threading.Thread(target=_warm, args=(demo,), daemon=True, name="warming")
    thread.start()
    return thread


def _warm(demo: Path) -> None:
    rec = open_recording(demo)
    # A short window draws marks, the whole recording counts per pixel: both ways are warm then.
    for selection in (select(t0=rec.t_start, t1=rec.t_start + 1), select()):
        for view in views().values():
            try:
                view.draw(rec, selection, Viewport())
            except RecordingError:
                continue
