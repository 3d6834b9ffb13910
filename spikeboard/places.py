"""Where Spikeboard keeps what it makes: one folder of the user's, or the one that SPIKEBOARD_HOME names."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of everything that Spikeboard keeps; made with access for its owner alone."""
    chosen = os.environ.get("SPIKEBOARD_HOME")
    folder = Path(chosen) if chosen else _cache() / "spikeboard"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def stores() -> Path:
    """Where imported recordings are kept as stores."""
    folder = home() / "stores"
    folder.mkdir(exist_ok=True)
    return folder


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
