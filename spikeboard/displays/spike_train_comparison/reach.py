"""How much of a window trains are compared in: all of it, or the beginning that takes a moment, or that is possible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikeboard.analysis.distances import MOST_PROFILED, MOST_SPIKES, steps_needed
from spikeboard.displays.beginning import Limit, window_taken
from spikeboard.displays.spike_train_comparison.measures import MOST_STEPS, STEP_S, Scales
from spikeboard.recording import Recording
from spikeboard.views.chosen import spikes_per_unit

Groups = list[list[int]]
# Seconds that two trains take: per spike, per pair of spikes within the tolerance, and at most for a curve.
SPIKE_S, CHOICE_S, CURVE_S = 0.4e-6, 5e-9, 1.0
# Seconds of a step of a matrix; for van Rossum's distance those of a spike by itself, and with each of the trains.
STEPS_S = {"spike": STEP_S, "isi": STEP_S, "synchronisation": STEP_S, "victor_purpura": 2 * STEP_S}
TRACED_S, TRACE_S = 12e-9, 0.2e-9
# A curve of Victor and Purpura's distance over geometric costs takes so many times its first point, the cheapest q.
POINTS_LIKE_THE_FIRST, FIRST_HZ = 4, 1.0


def window_of_two(
    rec: Recording,
    groups: Callable[[float], Groups],
    names: str,
    window: tuple[float, float],
    tolerance_ms: float,
    measure: str,
    scales: Scales,
    whole: bool,
) -> tuple[tuple[float, float], str]:
    """The window in which two trains are compared, s, and what the caption says where it is only a beginning.

    Parameters
    ----------
    groups : the unit rows of the two trains, most active until an end, s
    names : what the two are called
    window : s
    tolerance_ms, measure, scales, whole : see the settings of the view
    """
    t0, t1 = window

    def seconds(end: float) -> float:
        two = groups(end)
        n_a, n_b = _spikes(rec, two, t0, end)
        choices = n_a * n_b * min(1.0, 2e-3 * tolerance_ms / (end - t0))
        score = min(steps_needed(rec, two, "victor_purpura", scales.cost_hz, t0, end), MOST_STEPS)
        return (
            SPIKE_S * (n_a + n_b) + CHOICE_S * choices + STEP_S * score + _curve_s(rec, two, measure, t0, end)
        )

    end, words = window_taken(rec, t0, t1, seconds, [_limit(rec, groups, names, t0)], whole)
    return (t0, end), words


def window_of_many(
    rec: Recording,
    groups: Callable[[float], Groups],
    window: tuple[float, float],
    measure: str,
    scales: Scales,
    whole: bool,
) -> tuple[tuple[float, float], str]:
    """The same for all pairs of many trains."""
    t0, t1 = window

    def seconds(end: float) -> float:
        many = groups(end)
        steps = steps_needed(rec, many, measure, scales.of(measure), t0, end)
        return steps * (
            TRACE_S + TRACED_S / max(len(many) - 1, 1) if measure == "van_rossum" else STEPS_S[measure]
        )

    limit = _limit(rec, groups, "the two most active trains", t0, measure)
    end, words = window_taken(rec, t0, t1, seconds, [limit], whole)
    return (t0, end), words


def _spikes(rec: Recording, groups: Groups, t0: float, end: float) -> list[float]:
    """Spikes of each train."""
    return [float(spikes_per_unit(rec, np.array(rows, np.int64), t0, end).sum()) for rows in groups]


def _curve_s(rec: Recording, two: Groups, measure: str, t0: float, end: float) -> float:
    """How long the curve takes beyond what each spike does anyway, s."""
    if measure != "victor_purpura":
        return 0.0
    steps = steps_needed(rec, two, measure, FIRST_HZ, t0, end)
    return min(STEP_S * POINTS_LIKE_THE_FIRST * steps, CURVE_S)


def _limit(
    rec: Recording, groups: Callable[[float], Groups], names: str, t0: float, measure: str = "spike"
) -> Limit:
    """What two trains may hold, so that their comparison fits into memory."""
    most = MOST_PROFILED if measure in ("isi", "spike") else MOST_SPIKES

    def held(end: float) -> float:
        return sum(sorted(_spikes(rec, groups(end), t0, end))[-2:])

    too_much = f"{names} hold {{:,.0f}} spikes there, and up to {most:,} are compared at once"
    return Limit(held, most, too_much, "fewer units to take all of it")
