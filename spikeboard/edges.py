"""Synapses from lists of their two ends, as simulators hand them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeboard.recording import Synapses


@dataclass(frozen=True, eq=False)
class Edges:
    """One synapse per element.

    source, target : (S,) int, what the two ends are called
    weight : (S,) float64, or None
    delay : (S,) float64, s, or None
    """

    source: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None = None
    delay: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.source)

    def where(self, chosen: np.ndarray) -> Edges:
        """Some of the synapses: a mask, or their positions."""
        return Edges(
            self.source[chosen],
            self.target[chosen],
            None if self.weight is None else self.weight[chosen],
            None if self.delay is None else self.delay[chosen],
        )


def synapses(edges: Edges, source: str, target: str, n_source: int) -> Synapses:
    """A projection whose ends are positions within the two populations; duplicates are kept.

    Parameters
    ----------
    edges : sources from 0 to n_source - 1, targets as positions in the target population
    source, target : names of the populations
    """
    ordered = edges.where(np.argsort(edges.source, kind="stable"))
    counts = np.bincount(ordered.source, minlength=n_source)
    indptr = np.r_[0, np.cumsum(counts)].astype(np.int64)
    return Synapses(source, target, indptr, ordered.target.astype(np.int32), ordered.weight, ordered.delay)


def doubled(edges: Edges) -> int:
    """How many synapses join a pair of units that another one joins already."""
    if not len(edges):
        return 0
    width = int(edges.target.max()) + 1
    return len(edges) - len(np.unique(edges.source.astype(np.int64) * width + edges.target))


def about_doubled(name: str, edges: Edges) -> list[str]:
    """A note on synapses that join the same pair of units."""
    number = doubled(edges)
    if not number:
        return []
    return [
        f"{name}: {number:,} synapses join a pair of units that another synapse joins already; all were kept"
    ]
