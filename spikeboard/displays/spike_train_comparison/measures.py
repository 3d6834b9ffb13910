"""The measures that compare trains, and the time scales of those that have one."""

from __future__ import annotations

from dataclasses import dataclass

MEASURES = {
    "spike": "SPIKE-distance",
    "isi": "ISI-distance",
    "synchronisation": "SPIKE-synchronisation",
    "van_rossum": "van Rossum",
    "victor_purpura": "Victor–Purpura",
}
# Steps of a few ns that one score may take: about a second.
MOST_STEPS = 3e8
# Seconds of a step.
STEP_S = 2.3e-9


@dataclass(frozen=True)
class Scales:
    """The time scales of the measures that have one: tau in ms, cost in Hz."""

    tau_ms: float
    cost_hz: float

    def of(self, measure: str) -> float | None:
        """The parameter of a measure, None where it has none."""
        return {"van_rossum": self.tau_ms, "victor_purpura": self.cost_hz}.get(measure)

    def words(self, measure: str) -> str:
        """A measure with its parameter."""
        unit = {"van_rossum": f" (τ = {self.tau_ms:g} ms)", "victor_purpura": f" (q = {self.cost_hz:g}/s)"}
        return MEASURES[measure] + unit.get(measure, "")
