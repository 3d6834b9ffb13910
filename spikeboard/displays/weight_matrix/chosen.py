"""The synapses that are shown: which projections, between which units, and the values they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeboard.analysis.synapses import Values, delays_ms, sign_from_units, signed_weights
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label, listed, shown


@dataclass(frozen=True, eq=False)
class Joined:
    """The projections shown, by name, and the unit rows of their sources and targets, ascending."""

    names: tuple[str, ...]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]


def joined(rec: Recording, selection: Selection, projection: str | None, applies: str) -> Joined:
    """One projection or all of them, and the units at their ends to which the selection applies.

    Raises
    ------
    NothingToDraw : for a projection that is not there, or where no unit is left
    """
    names = tuple(rec.connections) if projection is None else (projection,)
    if names[0] not in rec.connections:
        raise NothingToDraw(
            f"no projection {shown(names[0])!r} in this recording; it has {listed(list(rec.connections), 8)}"
        )
    return Joined(
        names,
        _end(rec, selection, names, {rec.synapses(name).source for name in names}, "source", applies),
        _end(rec, selection, names, {rec.synapses(name).target for name in names}, "target", applies),
    )


def _end(
    rec: Recording,
    selection: Selection,
    names: tuple[str, ...],
    populations: set[str],
    end: str,
    applies: str,
) -> NDArray[np.int64]:
    inside = rec.units["population"].isin(sorted(populations)).to_numpy(bool)
    if applies in ("both", end):
        selected = np.zeros(len(rec.units), bool)
        selected[selection.rows(rec)] = True
        inside = inside & selected
    if not inside.any():
        raise NothingToDraw(
            f"none of the selected units is a {end} of {listed(list(names))}: widen the selection"
        )
    return np.flatnonzero(inside)


def values_of(rec: Recording, quantity: str) -> Values:
    """What gives the values of a projection: delays in ms, or weights with their sign."""
    return delays_ms if quantity == "delay" else lambda synapses: signed_weights(rec, synapses)


def weight_unit(rec: Recording, names: tuple[str, ...]) -> str:
    """The unit of the weights, "" where projections differ or the file does not say."""
    units = _weight_units(rec, names)
    return next(iter(units)) if len(units) == 1 else ""


def _weight_units(rec: Recording, names: tuple[str, ...]) -> set[str]:
    return {rec.synapses(name).weight_unit for name in names if rec.synapses(name).weight is not None}


def weight_title(rec: Recording, names: tuple[str, ...], kind: str = "Weight") -> str:
    """The title of an axis or bar of weights."""
    unit = weight_unit(rec, names)
    return f"{kind} ({label(unit)})" if unit else f"{kind} (unit not in the file)"


def sign_notes(rec: Recording, names: tuple[str, ...]) -> list[str]:
    """What has to be said where weights got their sign from the unit table."""
    turned = [name for name in names if sign_from_units(rec, rec.synapses(name))]
    if not turned:
        return []
    return [f"Sign from the unit table: weights of inhibitory sources are positive in {listed(turned)}."]


def unit_notes(rec: Recording, names: tuple[str, ...]) -> list[str]:
    """What has to be said where weights of several units are drawn together."""
    units = _weight_units(rec, names)
    if len(units) <= 1:
        return []
    several = listed(sorted(unit or "unknown" for unit in units))
    return [f"Weights are in different units ({several}): choose one projection to compare them."]
