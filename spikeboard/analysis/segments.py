"""Segments of spike trains, sampled and transformed: what spectra are averages of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import scipy
from numba import njit

from spikeboard.analysis.groups import Trains
from spikeboard.analysis.layout import CHUNKS, Layout, segment_chunks, segment_places, segment_starts
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.analysis.trains import group_of_units, read_only
from spikeboard.analysis.waves import wave_powers
from spikeboard.columns import will_read

# Samples that are transformed at once (1 MB of float64).
BATCH = 131_072
# What the wave of one spike at one frequency costs, in steps of a fast Fourier transform.
WAVE_COST = 3
# Samples of segments that lie apart that are counted at once: 64 MB.
MOST_COUNTED = 2**24


def train_powers(trains: Trains, layout: Layout, tapers: np.ndarray) -> np.ndarray:
    """Two-sided densities, (G, F): of few spikes from their own waves, of many from the transform of all samples."""
    power = np.zeros((len(trains), layout.n_frequencies))
    few = _by_waves(trains, layout)
    power[few] = wave_powers(trains, np.flatnonzero(few), layout, tapers)
    for k, samples, cut in sampled(trains, np.flatnonzero(~few), layout):
        power[k] = mean_power(samples, cut, tapers) / layout.bin_s
    return power


def _by_waves(trains: Trains, layout: Layout) -> np.ndarray:
    """Which trains have so few spikes that their waves are quicker, (G,) bool."""
    repeats = layout.segment / layout.step
    waves = trains.counts * repeats * layout.n_frequencies * WAVE_COST
    return waves < layout.n_segments * layout.segment * np.log2(layout.segment)


def sampled(
    trains: Trains, groups: Sequence[int] | np.ndarray, layout: Layout
) -> Iterator[tuple[int, np.ndarray, Layout]]:
    """Spikes in each sample, for some groups of trains in turn; what lies beyond the last segment is left over.

    Yields
    ------
    group, samples (N,) int32, and the layout that cuts these samples: of segments that lie apart, only they are counted
    """
    apart = layout.step > layout.segment
    # Spikes in order of time are those of all units: it may be quicker to read all of a few.
    places = segment_places(trains, layout) if apart else np.zeros((0, 2), np.int64)
    n_spikes = int(trains.counts[groups].sum())
    if not apart or (layout.samples <= 2 * MOST_COUNTED and n_spikes < np.diff(places).sum()):
        for k in groups:
            yield k, trains.binned(k, layout.bin_ticks, layout.samples), layout
        return
    packed = replace(layout, step=layout.segment, samples=layout.n_segments * layout.segment)
    at_once = max(1, MOST_COUNTED // packed.samples)
    for first in range(0, len(groups), at_once):
        some = groups[first : first + at_once]
        counted = _counted_apart(trains, some, layout, places)
        yield from ((k, samples, packed) for k, samples in zip(some, counted, strict=True))


def _counted_apart(
    trains: Trains, groups: Sequence[int] | np.ndarray, layout: Layout, places: np.ndarray
) -> np.ndarray:
    """Spikes in each sample of segments that lie apart, (groups, n_segments · segment) int32, read in order of time."""
    rec, starts = trains.rec, segment_starts(trains, layout)
    times, rows = read_only(rec.spike_times), np.asarray(rec.rows_to_draw)
    for column in (times, rows):
        will_read(column, *places.T)
    counts = np.zeros((len(groups), layout.n_segments * layout.segment), np.int32)
    members = [trains.members[k] for k in groups]
    # A unit of two groups is counted for one after the other.
    each = len(groups) if group_of_units(rec, members) is not None else 1
    for first in range(0, len(groups), each):
        own, group_of = counts[first : first + each], group_of_units(rec, members[first : first + each])
        in_equal_parts(
            lambda a, b, own=own, group_of=group_of: _count_apart(
                times, rows, group_of, places, starts, a, b, rec.ticks_per_second, layout.bin_ticks, own
            ),
            layout.n_segments,
            float(np.diff(places).mean()),
        )
    return counts


def transforms(
    samples: np.ndarray, layout: Layout, tapers: np.ndarray, begin: int, end: int
) -> Iterator[np.ndarray]:
    """Transforms of the tapered segments begin…end - 1, (segments, tapers, F) a batch.

    |.|² · bin_s is a density; of counts, which are rates times bin_s, |.|² / bin_s.
    """
    scale = np.sqrt((tapers**2).sum(axis=1))[:, None]
    segments = np.lib.stride_tricks.sliding_window_view(samples, layout.segment)[:: layout.step]
    size = max(1, BATCH // (layout.segment * len(tapers)))
    for first in range(begin, end, size):
        batch = segments[first : min(first + size, end)]
        centred = batch - batch.mean(axis=1, keepdims=True)
        tapered = centred[:, None, :] * (tapers / scale)
        yield np.asarray(scipy.fft.rfft(tapered, axis=-1))[..., : layout.n_frequencies]


def mean_power(samples: np.ndarray, layout: Layout, tapers: np.ndarray) -> np.ndarray:
    """Mean of the squared transforms over segments and tapers, (F,)."""
    chunks = segment_chunks(layout)
    power = np.zeros((CHUNKS, layout.n_frequencies))

    def add(first: int, last: int) -> None:
        for chunk in range(first, last):
            for batch in transforms(samples, layout, tapers, chunks[chunk], chunks[chunk + 1]):
                power[chunk] += squared(batch)

    in_parts(add, np.diff(chunks) * layout.segment * len(tapers))
    return power.sum(axis=0) / (layout.n_segments * len(tapers))


def squared(batch: np.ndarray) -> np.ndarray:
    """Sum of |.|² over segments and tapers, (F,)."""
    return np.asarray(np.real(batch) ** 2 + np.imag(batch) ** 2).sum(axis=(0, 1))


@njit(cache=True, nogil=True)
def _count_apart(times, rows, group_of, places, starts, first, stop, per_second, bin_ticks, counts):
    """Add to `counts` (groups, segments · samples) the spikes between the places of some of the segments."""
    inverse, segment = 1.0 / bin_ticks, counts.shape[1] // len(starts)
    for number in range(first, stop):
        base = number * segment
        for spike in range(places[number, 0], places[number, 1]):
            # Read as unsigned, a unit that is not there is a large one.
            row = np.uint64(rows[spike])
            group = group_of[row] if row < np.uint64(len(group_of)) else -1
            if group < 0:
                continue
            elapsed = np.rint(times[spike] * per_second) - starts[number]
            # Half a tick more than whole numbers is nowhere so near to an edge that rounding could cross it.
            place = int((elapsed + 0.5) * inverse)
            # Times of a damaged file may be anything; what is counted must not.
            counts[group, base + max(0, min(place, segment - 1))] += 1
