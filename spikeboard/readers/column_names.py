"""What the name of a column or an array says: times, steps of a clock, units or populations, and the time unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["time", "unit", "index", "population", ""]

SAMPLES = "samples"

TIME_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "ms": ("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"),
    "us": ("us", "µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"),
    "ns": ("ns", "nsec", "nanos", "nanosecond", "nanoseconds"),
    SAMPLES: ("samples", "sample", "steps", "step", "timesteps", "timestep", "ticks", "frames"),
}
_UNIT_OF_WORD = {word: unit for unit, words in TIME_UNITS.items() for word in words}


def _all(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TIMES = _all(
    "t time times timestamp timestamps ts spiketime spiketimes spiket spikets spiketimestamp spiketimestamps "
    "firingtime firingtimes eventtime eventtimes zeit zeiten spikezeit spikezeiten temps tiempo tempo"
)
_STEPS = _all(
    "step steps timestep timesteps sample samples sampleindex spikesample spikesamples spikestep spikesteps "
    "frame frames tick ticks"
)
_UNITS = _all(
    "id ids unit units unitid unitids neuron neurons neuronid neuronids neuronindex nid cell cells cellid cellids "
    "gid gids nodeid nodeids node nodes sender senders senderid cluster clusters clusterid clusterids "
    "spikecluster spikeclusters spikeunit spikeunits spikeid spikeids spikeneuron spikeneurons "
    "neurone neuronen zelle zellen einheit neurona neuronas numéro numero unité unite cellule"
)
# Also counted rows, layers of an electrode and the like: believed only where nothing better is there.
_INDICES = _all("i index idx indices channel channelid channels electrode electrodeid nr no")
_POPULATIONS = _all("population populations pop populationname layer layername")


@dataclass(frozen=True)
class Named:
    """What a name says; `unit` is a key of TIME_UNITS, or "" where the name is silent."""

    role: Role
    unit: str = ""


def understood(name: str) -> Named:
    """What the name of a column says.

    Parameters
    ----------
    name : as in the file: "time (ms)", "spikeTimes", "t_s", "node_ids", "timestep"

    Returns
    -------
    Its role, "" where it is not known; and for times their unit where the name holds it.
    """
    words = [word for word in _words(name) if word != "in"]
    if not words:
        return Named("")
    whole, unit = "".join(words), _UNIT_OF_WORD.get(words[-1], "")
    stem = "".join(words[:-1])
    if unit and stem in _TIMES | _STEPS:
        return Named("time", unit)
    if whole in _STEPS:
        return Named("time", SAMPLES)
    return Named(_role(whole))


def _role(whole: str) -> Role:
    if whole in _TIMES:
        return "time"
    if whole in _UNITS:
        return "unit"
    if whole in _INDICES:
        return "index"
    return "population" if whole in _POPULATIONS else ""


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-zé])(?=[A-Z])", " ", name[:200])
    return re.findall(r"[^\W\d_]+", parted.lower())
