"""Spikeboard: look at spiking neural networks.

import spikeboard
rec = spikeboard.open("run.h5")
rec.figure("raster")
spikeboard.show(rec)
"""

from spikeboard.errors import NothingToDraw, RecordingError, Undecided
from spikeboard.monitors import from_monitors
from spikeboard.neuroart import art
from spikeboard.readers import open_recording as open
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, gather, recording
from spikeboard.selection import Selection, select
from spikeboard.showing import show
from spikeboard.topology import topology_html
from spikeboard.version import VERSION

__version__ = VERSION

__all__ = [
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
    "from_monitors",
    "gather",
    "open",
    "recording",
    "select",
    "show",
    "topology_html",
]
