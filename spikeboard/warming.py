"""Compiled loops are compiled when first called; a server calls them before a person does."""

from __future__ import annotations

import gc
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from spikeboard.analysis import (
    binned_counts,
    instantaneous_rates,
    pixel_counts,
    sttc,
    van_rossum,
    victor_purpura,
    welch,
)
from spikeboard.analysis.bins import mean_z_scores, population_errors
from spikeboard.analysis.lengths import interval_lengths
from spikeboard.analysis.successive import serial_correlations, successive_pairs
from spikeboard.analysis.traces import envelope
from spikeboard.errors import RecordingError
from spikeboard.levels import column_counts
from spikeboard.readers import open_recording
from spikeboard.recording import recording
from spikeboard.selection import select
from spikeboard.store import load, save
from spikeboard.trace_levels import BLOCK, blocks_in_memory, extreme_places, finite_ranges
from spikeboard.view import Viewport
from spikeboard.views import views

# With more spikes of one unit than this, bins are counted in four bytes, by a loop of its own.
TWO_BYTES = 2**16


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
    warm_variants()
    warm_store()
    settle()


def settle() -> None:
    """Let collections of garbage pass over what is there for good: looking through it would hold up every answer."""
    gc.collect()
    gc.freeze()


def warm_variants() -> None:
    """Call the loops for the types of numbers that the demo does not have, and those that only a choice leads to."""
    rows = np.zeros(TWO_BYTES, int)
    units = pd.DataFrame({"population": ["one"], "id": [0]})
    busy = recording("busy", np.linspace(0, 1, len(rows)), rows, units, t_start=0.0, t_stop=1.0)
    mean_z_scores(binned_counts(busy, 100.0), np.array([0, 1]), np.array([0, 10]))
    pixel_counts(busy, None, None, 10, 1)
    van_rossum(busy, [0, 0], 1.0, t1=0.001)
    victor_purpura(busy, [0, 0], 1.0, t1=0.001)
    serial_correlations(busy)
    successive_pairs(busy)
    # An interval of a second is a long one on a clock of nanoseconds.
    interval_lengths(recording("slow", np.arange(2.0), rows[:2], units, t_start=0.0, t_stop=1.0))
    for kind in (np.float32, np.float64, np.int16):
        envelope(np.zeros((30, 2), kind), np.arange(30.0), None, None, 5)
        _warm_long_traces(kind)


def warm_store() -> None:
    """Call the loops that read columns of a store, which are mapped and have short rows, and that need a choice."""
    times, rows = np.arange(480) / 240, np.arange(480) % 4
    units = pd.DataFrame({"population": ["one", "one", "other", "other"], "id": [0, 1, 0, 1]})
    pools = [[0, 1], [2, 3]]
    # Recordings that are no longer mapped go with the folder; a machine that has no place for it does without.
    with suppress(OSError), TemporaryDirectory() as folder:
        rec = load(
            save(recording("kept", times, rows, units, t_start=0.0, t_stop=2.0), Path(folder) / "kept")
        )
        column_counts(rec, np.arange(3.0), np.zeros(4, int), 1)
        population_errors(rec, 500.0)
        instantaneous_rates(rec, 0.01, [0.3, 0.5, 1.1])
        victor_purpura(rec, pools, 1.0)
        for dt_ms in (0.01, 5.0):
            sttc(rec, pools, dt_ms)
        # Of a long recording some segments are taken: units have few spikes, all of them together have many.
        for group in ([[0], [1], [2], [3]], [[0, 1, 2, 3]]):
            welch(rec, group, 0.1, most_segments=2)


def _warm_long_traces(kind: type) -> None:
    """Traces of a store stand one after another, and long ones have blocks; both are mapped for reading."""
    time = np.arange(2.0 * BLOCK)
    values = np.zeros((len(time), 2), kind, order="F")
    blocks = blocks_in_memory(values, time)
    for array in (values, *vars(blocks).values()):
        array.flags.writeable = False
    columns = np.arange(2)
    extreme_places(values, columns, np.array([0, len(time)]), blocks)
    finite_ranges(values, 0, len(time), columns, blocks)
