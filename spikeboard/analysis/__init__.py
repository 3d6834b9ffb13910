"""Numbers of a recording, as arrays: what the views draw, for notebooks and scripts.

Each function takes a recording first and works on all of its spikes. Where the numbers have axes (bins, lags,
frequencies, times), both are returned together, and to NumPy that is a plain array: with
``found = correlograms(rec, None, 50, 1)`` there is ``found.lags_s``, and ``np.asarray(found)`` has the shape (U, U, B).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spikeboard.analysis.bins import binned_counts
    from spikeboard.analysis.correlation import correlograms
    from spikeboard.analysis.distances import van_rossum, victor_purpura
    from spikeboard.analysis.intervals import interval_statistics
    from spikeboard.analysis.pixels import pixel_counts
    from spikeboard.analysis.rates import instantaneous_rates
    from spikeboard.analysis.spectra import welch
    from spikeboard.analysis.synapses import weight_blocks
    from spikeboard.analysis.tiling import sttc
    from spikeboard.analysis.traces import trace_envelope

__all__ = [
    "binned_counts",
    "correlograms",
    "instantaneous_rates",
    "interval_statistics",
    "pixel_counts",
    "sttc",
    "trace_envelope",
    "van_rossum",
    "victor_purpura",
    "weight_blocks",
    "welch",
]

# Imported when first used: compiled loops and SciPy take a second.
_LATER = {
    "binned_counts": "bins",
    "correlograms": "correlation",
    "instantaneous_rates": "rates",
    "interval_statistics": "intervals",
    "pixel_counts": "pixels",
    "sttc": "tiling",
    "trace_envelope": "traces",
    "van_rossum": "distances",
    "victor_purpura": "distances",
    "weight_blocks": "synapses",
    "welch": "spectra",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
