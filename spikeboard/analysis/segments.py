"""Windows of spike trains cut into segments, sampled and transformed: what spectra are averages of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numba import njit

from spikeboard.analysis.groups import Trains, positive
from spikeboard.analysis.parts import in_equal_parts, in_parts
from spikeboard.analysis.trains import group_of_units, read_only
from spikeboard.columns import will_read
from spikeboard.errors import RecordingError
from spikeboard.levels import spikes_before

# Sampled this many times finer than the highest frequency shown, the boxcar of a bin takes at most 5 % of its power.
SAMPLES_PER_PERIOD = 8
# A segment is sampled at least so often, however low the highest frequency shown.
SAMPLES_PER_SEGMENT = 16
# Samples that are transformed at once (1 MB of float64).
BATCH = 131_072
# What the wave of one spike at one frequency costs, in steps of a fast Fourier transform.
WAVE_COST = 3
# Parts that the segments of a train are summed in.
CHUNKS = 64
# Samples of segments that lie apart that are counted at once: 64 MB.
MOST_COUNTED = 2**24


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


def train_powers(trains: Trains, layout: Layout, tapers: np.ndarray) -> np.ndarray:
    """Two-sided densities, (G, F): of few spikes from their own waves, of many from the transform of all samples."""
    power = np.zeros((len(trains), layout.n_frequencies))
    dense = [k for k in range(len(trains)) if not _by_waves(trains, k, layout)]
    for k in set(range(len(trains))).difference(dense):
        power[k] = wave_power(trains[k], trains.start, layout, tapers)
    for k, samples, cut in sampled(trains, dense, layout):
        power[k] = mean_power(samples, cut, tapers) / layout.bin_s
    return power


def _by_waves(trains: Trains, group: int, layout: Layout) -> bool:
    repeats = layout.segment / layout.step
    waves = trains.counts[group] * repeats * layout.n_frequencies * WAVE_COST
    return waves < layout.n_segments * layout.segment * np.log2(layout.segment)


def sampled(
    trains: Trains, groups: Sequence[int], layout: Layout
) -> Iterator[tuple[int, np.ndarray, Layout]]:
    """Spikes in each sample, for some groups of trains in turn; what lies beyond the last segment is left over.

    Yields
    ------
    group, samples (N,) int32, and the layout that cuts these samples: of segments that lie apart, only they are counted
    """
    apart = layout.step > layout.segment
    # Spikes in order of time are those of all units: it may be quicker to read all of a few.
    places = _places(trains, layout) if apart else np.zeros((0, 2), np.int64)
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


def _starts(trains: Trains, layout: Layout) -> np.ndarray:
    """On which tick each segment starts, (n_segments,) int64."""
    return trains.start + layout.step * layout.bin_ticks * np.arange(layout.n_segments)


def _places(trains: Trains, layout: Layout) -> np.ndarray:
    """The first spike of all units in each segment and the one past the last, (n_segments, 2) int64."""
    starts = _starts(trains, layout)
    # Half a tick off, where no spike lies, so that rounding cannot move one across.
    edges = np.stack([starts, starts + layout.segment * layout.bin_ticks], axis=1) - 0.5
    return spikes_before(trains.rec, edges / trains.rec.ticks_per_second)


def _counted_apart(trains: Trains, groups: Sequence[int], layout: Layout, places: np.ndarray) -> np.ndarray:
    """Spikes in each sample of segments that lie apart, (groups, n_segments · segment) int32, read in order of time."""
    rec, starts = trains.rec, _starts(trains, layout)
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
                times, rows, group_of, places[a:b], starts[a:b], rec.ticks_per_second, layout.bin_ticks,
                own[:, a * layout.segment : b * layout.segment],
            ),
            layout.n_segments, float(np.diff(places).mean()),
        )  # fmt: skip
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


def wave_power(ticks: np.ndarray, start: int, layout: Layout, tapers: np.ndarray) -> np.ndarray:
    """Two-sided density of a train of few spikes, (F,), by the ticks they lie on; the window starts on `start`."""
    scaled = tapers / np.sqrt((tapers**2).sum(axis=1))[:, None]
    means = np.asarray(scipy.fft.rfft(scaled, axis=-1))[:, : layout.n_frequencies] / layout.segment
    phase = 2 * np.pi * np.arange(layout.segment) / layout.segment
    turns = (np.cos(phase), np.sin(phase))
    chunks = segment_chunks(layout)
    power = np.zeros((CHUNKS, layout.n_frequencies))
    in_equal_parts(
        lambda a, b: _add_waves(
            ticks,
            start,
            layout.bin_ticks,
            chunks[a : b + 1],
            layout.step,
            scaled,
            means.real.copy(),
            means.imag.copy(),
            *turns,
            power[a:b],
        ),
        CHUNKS,
        len(ticks) * layout.n_frequencies / CHUNKS,
    )
    return power.sum(axis=0) / (layout.bin_s * layout.n_segments * len(tapers))


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


def segment_chunks(layout: Layout) -> np.ndarray:
    """Where chunks of segments begin and end: cut alike for any number of threads, so that sums round alike."""
    return np.arange(CHUNKS + 1) * layout.n_segments // CHUNKS


@njit(cache=True, nogil=True)
def _count_apart(times, rows, group_of, places, starts, per_second, bin_ticks, counts):
    """Add to `counts` (groups, segments · samples) the spikes between the places of each segment."""
    inverse, segment = 1.0 / bin_ticks, counts.shape[1] // len(starts)
    for number in range(len(starts)):
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


@njit(cache=True, nogil=True)
def _add_waves(ticks, start, width, chunks, step, tapers, mean_real, mean_imag, cosine, sine, power):
    """Add to power[k] the squared transforms of the tapered segments chunks[k]…chunks[k + 1] - 1, less their means."""
    segment, n_frequencies = tapers.shape[1], power.shape[1]
    real, imag = np.empty(n_frequencies), np.empty(n_frequencies)
    for chunk in range(len(chunks) - 1):
        for number in range(chunks[chunk], chunks[chunk + 1]):
            begin = start + number * step * width
            own = ticks[np.searchsorted(ticks, begin) : np.searchsorted(ticks, begin + segment * width)]
            for taper in range(len(tapers)):
                real[:] = -len(own) * mean_real[taper]
                imag[:] = -len(own) * mean_imag[taper]
                for spike in own:
                    # Ticks of a damaged file may lie anywhere; what is read must not.
                    place = max(0, min((spike - begin) // width, segment - 1))
                    _add_wave(place, tapers[taper, place], cosine, sine, real, imag)
                power[chunk] += real * real + imag * imag


@njit(cache=True, nogil=True)
def _add_wave(place, weight, cosine, sine, real, imag):
    """Add weight · exp(-2πi · place · f / segment) at each frequency f; the phase is looked up, in whole numbers."""
    turn = 0
    for f in range(len(real)):
        real[f] += weight * cosine[turn]
        imag[f] -= weight * sine[turn]
        turn += place
        if turn >= len(cosine):
            turn -= len(cosine)
