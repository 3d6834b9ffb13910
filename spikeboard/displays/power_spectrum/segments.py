"""How the window is cut into segments, and how captions and notes of spectra tell it."""

from __future__ import annotations

from dataclasses import dataclass

from spikeboard.analysis.layout import SAMPLES_PER_PERIOD, SAMPLES_PER_SEGMENT
from spikeboard.analysis.spectra import Coherence, Spectrum
from spikeboard.displays.beginning import sparse_words
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import listed
from spikeboard.views.chosen import MOST_LINES, Units, by_population, many, rows_of, span, spikes_per_unit

# Samples that a figure transforms where nobody asks for all of them, and where somebody does: a moment, and seconds.
OF_A_MOMENT, MOST_SAMPLES = 4_000_000, 400_000_000
# A spike that is read takes this part of the time of a sample that is transformed.
OF_A_SAMPLE = 1 / 2
# Samples of one train, which are held at once.
MOST_HELD = 40_000_000
# Segments that are averaged even where they take longer than a moment.
LEAST_SEGMENTS = 16
NW = 4.0


@dataclass(frozen=True, eq=False)
class Asked:
    """How the window is cut: segments of `segment_s` s that overlap by a share, up to `max_hz`; t0, t1 in s.

    whole : whether all segments of a long window are wanted, or so many of them as take a moment
    """

    segment_s: float
    max_hz: float
    overlap: float
    method: str
    t0: float
    t1: float
    whole: bool


def cut(
    t0: float, t1: float, resolution_hz: float, max_hz: float, overlap: float, method: str, whole: bool
) -> tuple[Asked, list[str]]:
    """Segments as long as the resolution asks, no longer than the window; and what has to be said about them."""
    segment, notes = 1.0 / resolution_hz, []
    if segment > t1 - t0:
        segment = t1 - t0
        notes.append(
            f"A resolution of {resolution_hz:g} Hz takes segments of {1 / resolution_hz:g} s; the window is shorter: "
            f"one segment of {segment:.4g} s, {1 / segment:.3g} Hz."
        )
    if max_hz * segment < 2:
        raise NothingToDraw(
            f"segments of {segment:g} s resolve {1 / segment:g} Hz, and the spectrum ends at {max_hz:g} Hz: "
            "choose a finer resolution, a longer window or a higher limit"
        )
    return Asked(segment, max_hz, overlap, method, t0, t1, whole), notes


def samples_of_trains(rec: Recording, asked: Asked) -> float:
    """How often a segment of a spike train is sampled."""
    hz = max(SAMPLES_PER_PERIOD * asked.max_hz, SAMPLES_PER_SEGMENT / asked.segment_s)
    return asked.segment_s * min(hz, rec.ticks_per_second)


def most_segments(asked: Asked, samples: float, n: int, n_spikes: int = 0) -> int:
    """How many segments are taken of each train or state; of more, every second, third … is.

    Parameters
    ----------
    asked : how the window is cut
    samples : of a segment
    n : how many trains or states are transformed
    n_spikes : of these trains, in the window

    Raises
    ------
    NothingToDraw : where a single segment is too long
    """
    tapers = 2 * NW - 1 if asked.method == "multitaper" else 1
    spikes = n_spikes * min(asked.segment_s / (asked.t1 - asked.t0), 1.0)
    each = samples * tapers * n + spikes * OF_A_SAMPLE
    possible = int(min(MOST_SAMPLES / each, MOST_HELD / samples))
    if not possible:
        raise NothingToDraw(
            f"a segment of {asked.segment_s:g} s up to {asked.max_hz:g} Hz takes more samples than are computed at "
            "once: choose a lower limit, a coarser resolution or fewer units"
        )
    return possible if asked.whole else min(possible, max(int(OF_A_MOMENT / each), LEAST_SEGMENTS))


def taken_words(found: Spectrum | Coherence, asked: Asked) -> str:
    """What the caption says where not all segments of the window were taken, with a space after it."""
    if found.every == 1:
        return ""
    return sparse_words(
        f"one in {found.every:,} segments", asked.whole, "choose fewer spectra or a lower limit"
    )


def groups_that_fire(
    rec: Recording, selection: Selection, asked: Asked
) -> tuple[dict[str, Units], list[str]]:
    """The selected units of each population that fires."""
    groups = by_population(rec, rows_of(rec, selection))
    totals = {
        name: int(spikes_per_unit(rec, rows, asked.t0, asked.t1).sum()) for name, rows in groups.items()
    }
    fired = [name for name in groups if totals[name]]
    if not fired:
        raise NothingToDraw(f"no selected unit fires in {span(asked.t0, asked.t1)}: no power to show")
    notes = []
    if len(fired) > MOST_LINES:
        fired = sorted(fired, key=lambda name: -totals[name])[:MOST_LINES]
        notes.append(f"The {MOST_LINES} of {len(groups):,} populations with most spikes.")
    silent = [name for name in groups if not totals[name]]
    if silent:
        notes.append(f"No spikes, and so no power: {listed(silent)}.")
    return {name: groups[name] for name in groups if name in fired}, notes


def method_words(found: Spectrum, asked: Asked) -> str:
    """Method, segments and resolution in a sentence."""
    segments = f"{many(found.n_segments, 'segment')} of {found.segment_s:.4g} s"
    cut = f"overlapping by {100 * asked.overlap:g} %" if found.every == 1 else "that lie apart"
    if found.method == "multitaper":
        return f"Multitaper, {2 * NW - 1:g} tapers, {segments}: each value is a mean over {found.bandwidth_hz:.3g} Hz."
    return f"Welch, {segments} {cut}, Hann: resolution {1 / found.segment_s:.3g} Hz."


def left_over_notes(found: Spectrum | Coherence) -> list[str]:
    """What has to be said where the segments do not reach to the end of the window."""
    if found.left_over_s > found.bin_s:
        return [f"{found.left_over_s:.4g} s at the end of the window lie in no segment."]
    return []


def raw_notes(found: Spectrum) -> list[str]:
    """What has to be said where nothing was averaged."""
    if found.n_segments == 1 and found.method == "welch":
        return ["A single segment: the spectrum is a raw periodogram, whose values scatter by 100 %."]
    return []
