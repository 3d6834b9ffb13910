"""How windows of spike trains and of signals are cut into segments and sampled, for their spectra."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeboard.analysis.groups import Trains, positive
from spikeboard.errors import RecordingError
from spikeboard.levels import spikes_before

# Sampled this many times finer than the highest frequency shown, the boxcar of a bin takes at most 5 % of its power.
SAMPLES_PER_PERIOD = 8
# A segment is sampled at least so often, however low the highest frequency shown.
SAMPLES_PER_SEGMENT = 16
# Parts that the segments of a train are summed in.
CHUNKS = 64


@dataclass(frozen=True, eq=False)
class Layout:
    """How a window is sampled and cut into segments; lengths in samples where nothing else is said.

    bin_ticks : ticks per sample
    samples : of the window
    segment, step : length of a segment, and from the start of one to that of the next
    n_segments : how many are taken
    every : 1 where all that were asked for are taken, k where every k-th of them is
    n_frequencies : from 0 on, 1 / length of a segment apart
    bin_s : s per sample
    left_over_s : s at the end of the window in no segment, if all that were asked for were taken
    """

    bin_ticks: int
    samples: int
    segment: int
    step: int
    n_segments: int
    every: int
    n_frequencies: int
    bin_s: float
    left_over_s: float

    @property
    def frequency_hz(self) -> np.ndarray:
        """(F,) float64, Hz."""
        return np.arange(self.n_frequencies) / (self.segment * self.bin_s)


def spike_layout(
    trains: Trains, segment_s: float, max_hz: float, overlap: float, most: int | None = None
) -> Layout:
    """How the window of some trains is cut: see `layout_of`; the samples are as wide as the highest frequency allows.

    Parameters
    ----------
    overlap : share of a segment that the next one repeats; below 0 they lie apart
    """
    positive(max_hz, "the highest frequency", "Hz")
    per_second = trains.rec.ticks_per_second
    segment_ticks = round(positive(segment_s, "a segment", "s") * per_second)
    finest = min(per_second / (SAMPLES_PER_PERIOD * max_hz), segment_ticks / SAMPLES_PER_SEGMENT)
    bin_ticks = _divisor(segment_ticks, max(1, int(finest)))
    samples = trains.span // bin_ticks
    return layout_of(samples, bin_ticks * trains.tick, bin_ticks, segment_s, max_hz, overlap, most)


def layout_of(
    samples: int,
    bin_s: float,
    bin_ticks: int,
    segment_s: float,
    max_hz: float,
    overlap: float,
    most: int | None = None,
) -> Layout:
    """How so many samples are cut into segments.

    Parameters
    ----------
    overlap : share of a segment that the next one repeats
    most : segments that are taken, spread evenly over the window; None takes all

    Raises
    ------
    RecordingError : where no segment fits, or a setting is out of range
    """
    if not overlap < 1:
        raise RecordingError(f"overlap must be from 0 to below 1, got {overlap:g}")
    if most is not None and most < 1:
        raise RecordingError(f"at least one segment must be taken, got {most}")
    segment = round(positive(segment_s, "a segment", "s") / bin_s)
    if segment < 4 or segment > samples:
        raise RecordingError(
            f"a segment of {segment_s:g} s does not fit: the window is {samples * bin_s:g} s long, "
            f"and a segment needs at least 4 samples of {bin_s * 1e3:g} ms"
        )
    step = max(1, segment - round(overlap * segment))
    n_all = 1 + (samples - segment) // step
    every = 1 if most is None else -(-n_all // most)
    left = samples - segment - (n_all - 1) * step
    # A thousandth of a step lets 250 Hz through where rounding puts the frequency at 250.00000001.
    wanted = int(max_hz * segment * bin_s + 1e-3) + 1
    n_frequencies = min(segment // 2 + 1, wanted)
    taken = 1 + (n_all - 1) // every
    return Layout(bin_ticks, samples, segment, every * step, taken, every, n_frequencies, bin_s, left * bin_s)


def _divisor(whole: int, most: int) -> int:
    """The largest number up to `most`, and above half of it, that divides a segment evenly, for an exact length."""
    return next((d for d in range(most, most // 2, -1) if whole % d == 0), most)


def segment_starts(trains: Trains, layout: Layout) -> np.ndarray:
    """On which tick each segment starts, (n_segments,) int64."""
    return trains.start + layout.step * layout.bin_ticks * np.arange(layout.n_segments)


def segment_places(trains: Trains, layout: Layout) -> np.ndarray:
    """The first spike of all units in each segment and the one past the last, (n_segments, 2) int64."""
    starts = segment_starts(trains, layout)
    # Half a tick off, where no spike lies, so that rounding cannot move one across.
    edges = np.stack([starts, starts + layout.segment * layout.bin_ticks], axis=1) - 0.5
    return spikes_before(trains.rec, edges / trains.rec.ticks_per_second)


def segment_chunks(layout: Layout) -> np.ndarray:
    """Where chunks of segments begin and end: cut alike for any number of threads, so that sums round alike."""
    return np.arange(CHUNKS + 1) * layout.n_segments // CHUNKS
