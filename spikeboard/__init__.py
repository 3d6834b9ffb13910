"""Spikeboard: look at spiking neural networks.

import spikeboard
rec = spikeboard.open("run.h5")
rec.figure("raster")
spikeboard.show(rec)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spikeboard.errors import NothingToDraw, RecordingError, Undecided
from spikeboard.progress import Cancelled
from spikeboard.readers import open_recording as open
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, gather, recording
from spikeboard.selection import Selection, select
from spikeboard.version import VERSION

if TYPE_CHECKING:
    from spikeboard.exchange import export, to_neo
    from spikeboard.monitors import from_monitors
    from spikeboard.neuroart import art
    from spikeboard.showing import show
    from spikeboard.topology import topology_html

__version__ = VERSION

__all__ = [
    "Cancelled",
    "NothingToDraw",
    "PopulationSpikes",
    "Recording",
    "RecordingError",
    "Selection",
    "State",
    "Synapses",
    "Undecided",
    "__version__",
    "art",
    "export",
    "from_monitors",
    "gather",
    "open",
    "recording",
    "select",
    "show",
    "to_neo",
    "topology_html",
]

# Imported when first used: a script that only opens a recording need not wait for SciPy and NetworkX.
_LATER = {
    "art": "spikeboard.neuroart",
    "export": "spikeboard.exchange",
    "from_monitors": "spikeboard.monitors",
    "show": "spikeboard.showing",
    "to_neo": "spikeboard.exchange",
    "topology_html": "spikeboard.topology",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module 'spikeboard' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
