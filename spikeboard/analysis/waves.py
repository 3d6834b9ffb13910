"""Spectra of trains of few spikes: to sum a wave for each spike is quicker than to transform all samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
from numba import njit

from spikeboard.analysis.groups import MOST_LAID_OUT, Trains
from spikeboard.analysis.layout import CHUNKS, Layout, segment_chunks, segment_places
from spikeboard.analysis.parts import in_equal_parts
from spikeboard.analysis.trains import group_of_units, read_only
from spikeboard.columns import will_read

# Trains whose sums are held at once: of some hundred frequencies, some 10 MB.
AT_ONCE = 100


def wave_powers(trains: Trains, groups: np.ndarray, layout: Layout, tapers: np.ndarray) -> np.ndarray:
    """Two-sided densities of some trains, (groups, F), by the ticks that their spikes lie on."""
    scaled = tapers / np.sqrt((tapers**2).sum(axis=1))[:, None]
    means = np.asarray(scipy.fft.rfft(scaled, axis=-1))[:, : layout.n_frequencies] / layout.segment
    phase = 2 * np.pi * np.arange(layout.segment) / layout.segment
    waves = (scaled, means.real.copy(), means.imag.copy(), np.cos(phase), np.sin(phase))
    chunks, found = segment_chunks(layout), np.zeros((len(groups), layout.n_frequencies))
    done = 0
    for ticks, offsets in _laid_out(trains, groups, layout):
        n = len(offsets) - 1
        power = np.zeros((n, CHUNKS, layout.n_frequencies))
        in_equal_parts(
            lambda a, b, ticks=ticks, offsets=offsets, power=power: _sum_waves(
                ticks, offsets, a, b, trains.start, layout.bin_ticks, chunks, layout.step, *waves, power
            ),
            n * CHUNKS,
            len(ticks) * layout.n_frequencies / (n * CHUNKS),
        )
        found[done : done + n] = power.sum(axis=1)
        done += n
    return found / (layout.bin_s * layout.n_segments * len(tapers))


def _laid_out(trains: Trains, groups: np.ndarray, layout: Layout) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Spikes of the groups, some trains at a time: ticks, train after train, and where each begins and ends."""
    apart = _apart(trains, groups, layout)
    counts = trains.counts[groups]
    first = 0
    while first < len(groups):
        fit = int(np.searchsorted(np.cumsum(counts[first:]), MOST_LAID_OUT, side="right"))
        stop = min(first + max(1, min(fit, AT_ONCE)), len(groups))
        if apart is not None:
            ticks, offsets = apart
            yield ticks[offsets[first] : offsets[stop]], offsets[first : stop + 1] - offsets[first]
        else:
            some = [trains[k] for k in groups[first:stop]]
            yield read_only(np.concatenate(some)), np.cumsum([0, *map(len, some)])
        first = stop


def _apart(trains: Trains, groups: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray] | None:
    """Of segments that lie apart the spikes in them alone; None where it is quicker to read the trains."""
    members = [trains.members[k] for k in groups]
    if (
        layout.step <= layout.segment
        or not members
        or (group_of := group_of_units(trains.rec, members)) is None
    ):
        return None
    places = segment_places(trains, layout)
    n_read = int(np.diff(places).sum())
    if n_read > min(int(trains.counts[groups].sum()), MOST_LAID_OUT):
        return None
    times, rows = read_only(trains.rec.spike_times), np.asarray(trains.rec.rows_to_draw)
    for column in (times, rows):
        will_read(column, *places.T)
    offsets = np.zeros(len(groups) + 1, np.int64)
    _count(rows, group_of, places, offsets[1:])
    offsets = offsets.cumsum()
    ticks = _picked(
        times, rows, group_of, places, trains.rec.ticks_per_second, offsets[:-1].copy(), offsets[-1]
    )
    return read_only(ticks), offsets


@njit(cache=True, nogil=True)
def _group(rows, spike, group_of):
    # Read as unsigned, a unit that is not there is a large one.
    row = np.uint64(rows[spike])
    return group_of[row] if row < np.uint64(len(group_of)) else -1


@njit(cache=True, nogil=True)
def _count(rows, group_of, places, counts):
    for first, stop in places:
        for spike in range(first, stop):
            group = _group(rows, spike, group_of)
            if group >= 0:
                counts[group] += 1


@njit(cache=True, nogil=True)
def _picked(times, rows, group_of, places, per_second, at, n):
    """Ticks of the spikes between the places, group after group; `at` is where each begins, and is used up."""
    ticks = np.empty(n, np.int64)
    for first, stop in places:
        for spike in range(first, stop):
            group = _group(rows, spike, group_of)
            if group >= 0:
                ticks[at[group]] = np.int64(np.rint(times[spike] * per_second))
                at[group] += 1
    return ticks


@njit(cache=True, nogil=True)
def _sum_waves(
    ticks, offsets, first, stop, start, width, chunks, step, tapers, mean_real, mean_imag, cosine, sine, power
):
    """Fill power (trains, chunks, F) from one item of its first two axes to another."""
    for item in range(first, stop):
        train, chunk = item // power.shape[1], item % power.shape[1]
        own = ticks[offsets[train] : offsets[train + 1]]
        if len(own) and chunks[chunk] < chunks[chunk + 1]:
            _add_waves(
                own, start, width, chunks[chunk : chunk + 2], step, tapers, mean_real, mean_imag, cosine, sine,
                power[train, chunk : chunk + 1],
            )  # fmt: skip


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
