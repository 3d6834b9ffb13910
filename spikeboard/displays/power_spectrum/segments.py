"""How the window is cut into segments, and how captions and notes of spectra tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spikeboard.analysis.spectra import Coherence, Spectrum
from spikeboard.displays.beginning import beginning, beginning_words
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import listed
from spikeboard.views.chosen import MOST_LINES, Units, by_population, many, rows_of, span, spikes_per_unit

# Samples that one figure may transform: about a second.
MOST_SAMPLES = 40_000_000
NW = 4.0


@dataclass(frozen=True, eq=False)
class Asked:
    """How the window is cut: segments of `segment_s` s that overlap by a share, up to `max_hz`; t0, t1 in s."""

    segment_s: float
    max_hz: float
    overlap: float
    method: str
    t0: float
    t1: float


def cut(
    t0: float, t1: float, resolution_hz: float, max_hz: float, overlap: float, method: str
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
    return Asked(segment, max_hz, overlap, method, t0, t1), notes


def within_reach(asked: Asked, samples: Callable[[float, float], float]) -> tuple[Asked, str]:
    """What is asked, of the beginning of the window where all of it is too long; and what the caption says then.

    Parameters
    ----------
    asked : with the whole window
    samples : how many samples a window from t0 to t1, both in s, takes
    """
    t0, t1 = asked.t0, asked.t1
    needed = samples(t0, t1)
    if needed <= MOST_SAMPLES:
        return asked, ""
    end = beginning(lambda end: samples(t0, end), MOST_SAMPLES, t0, t1)
    if end - t0 < asked.segment_s:
        raise NothingToDraw(
            f"a segment of {asked.segment_s:g} s up to {asked.max_hz:g} Hz takes more than the {MOST_SAMPLES:.0e} "
            "samples that are computed at once: choose a lower limit, a coarser resolution or fewer units"
        )
    too_much = f"all of it takes {needed:.0e} samples, and up to {MOST_SAMPLES:.0e} are computed at once"
    words = beginning_words(end, t0, t1, too_much, "a lower limit or fewer spectra to take all of it")
    return replace(asked, t1=end), words


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
    if found.method == "multitaper":
        return f"Multitaper, {2 * NW - 1:g} tapers, {segments}: each value is a mean over {found.bandwidth_hz:.3g} Hz."
    return f"Welch, {segments} overlapping by {100 * asked.overlap:g} %, Hann: resolution {1 / found.segment_s:.3g} Hz."


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
