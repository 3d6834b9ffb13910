"""Orders in which units are drawn from top to bottom: as recorded, by rate, by first spike, by similarity."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from spikeboard.analysis.bins import binned_counts
from spikeboard.analysis.trains import Rows, duration_s, snap_bin, trains_in, unit_rows
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

ORDERS = ("id", "rate", "first_spike", "similarity")
# Leaf ordering takes time with the third power of the units: beyond this many, principal components serve.
MOST_LEAVES = 500
MOST_BINS = 1000


def unit_order(
    rec: Recording,
    by: str = "id",
    units: Rows = None,
    t0: float | None = None,
    t1: float | None = None,
    *,
    bin_ms: float | None = None,
    by_population: bool = False,
) -> NDArray[np.int64]:
    """Unit rows in the order in which to draw them; silent units are kept, at the end.

    Parameters
    ----------
    rec : the recording
    by : "id" as in the recording; "rate" most spikes first; "first_spike" earliest first; "similarity" units that fire
        together stand together
    units : unit rows to order, None for all
    t0, t1 : s; what is outside of the window does not count
    bin_ms : bin of the counts that similarity compares; None for a hundredth of the window
    by_population : keep populations together, in the recording's order, and order within them

    Returns
    -------
    rows : (U,) int64, each of `units` once; ties keep the recording's order

    Raises
    ------
    RecordingError : for an unknown order
    """
    if by not in ORDERS:
        raise RecordingError(f"no order {str(by)[:40]!r}; choose one of {', '.join(ORDERS)}")
    rows = np.unique(unit_rows(rec, units))
    if by_population and len(rows):
        codes = rec.units["population"].cat.codes.to_numpy()[rows]
        parts = [rows[codes == code] for code in np.unique(codes)]
        return np.concatenate([_ordered(rec, by, part, t0, t1, bin_ms) for part in parts])
    return _ordered(rec, by, rows, t0, t1, bin_ms)


def similarity_order(counts: NDArray[np.number]) -> NDArray[np.int64]:
    """Order of rows in which rows with similar courses of counts are neighbours; deterministic.

    Each row is z-scored over time. Up to `MOST_LEAVES` rows: average-linkage clustering of 1 - correlation with
    optimal leaf order (Bar-Joseph et al. 2001). Beyond: the angle in the plane of the first two principal
    components, cut at its widest gap (Friendly & Kwan 2003). Rows that never change come last.

    Parameters
    ----------
    counts : (U, B)

    Returns
    -------
    order : (U,) int64, positions of rows
    """
    scores, varied = _z_scores(np.asarray(counts))
    moving, constant = np.flatnonzero(varied), np.flatnonzero(~varied)
    if len(moving) > 2:
        seriate = _by_leaves if len(moving) <= MOST_LEAVES else _by_angle
        moving = moving[seriate(scores[moving])]
    return np.concatenate([moving, constant]).astype(np.int64)


def _ordered(
    rec: Recording, by: str, rows: NDArray[np.int64], t0: float | None, t1: float | None, bin_ms: float | None
) -> NDArray[np.int64]:
    ticks, first, last = trains_in(rec, rows, t0, t1)
    counts = last - first
    active = counts > 0
    if by == "id":
        return rows
    if by == "rate":
        return rows[np.argsort(-counts, kind="stable")]
    if by == "first_spike":
        return np.r_[rows[active][np.argsort(ticks[first[active]], kind="stable")], rows[~active]]
    return np.r_[_by_similarity(rec, rows[active].tobytes(), t0, t1, bin_ms), rows[~active]]


# The raster asks anew at each zoom, the activity map beside it for the same.
@lru_cache(maxsize=32)
def _by_similarity(
    rec: Recording, int64_rows: bytes, t0: float | None, t1: float | None, bin_ms: float | None
) -> NDArray[np.int64]:
    rows = np.frombuffer(int64_rows, np.int64)
    if len(rows) < 3:
        return rows
    span_ms = duration_s(rec, t0, t1) * 1000
    wanted = span_ms / 100 if bin_ms is None else max(bin_ms, span_ms / MOST_BINS)
    width = snap_bin(rec.tick, wanted)[1]
    return rows[similarity_order(binned_counts(rec, width, rows, t0, t1).counts)]


def _z_scores(counts: NDArray[np.number]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    scores = counts.astype(np.float32)
    scores -= scores.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(scores, axis=1, keepdims=True)
    varied = (counts != counts[:, :1]).any(axis=1)
    scores /= np.where(norms > 0, norms, 1)
    return scores, varied


def _by_leaves(scores: NDArray[np.float32]) -> NDArray[np.integer]:
    distance = 1 - scores.astype(np.float64) @ scores.T.astype(np.float64)
    condensed = np.maximum(distance[np.triu_indices(len(scores), 1)], 0)
    # Rounding makes distances that should be equal differ in the last digits, by machine: the tree must not.
    condensed = np.round(condensed, 6)
    trees = scipy.cluster.hierarchy
    return trees.leaves_list(trees.optimal_leaf_ordering(trees.linkage(condensed, "average"), condensed))


def _by_angle(scores: NDArray[np.float32]) -> NDArray[np.integer]:
    _, vectors = np.linalg.eigh(scores.T.astype(np.float64) @ scores.astype(np.float64))
    plane = scores @ _signed(vectors[:, -2:])
    angles = np.arctan2(plane[:, 0], plane[:, 1])
    order = np.argsort(angles, kind="stable")
    gaps = np.diff(np.r_[angles[order], angles[order[0]] + 2 * np.pi])
    return np.roll(order, -(int(np.argmax(gaps)) + 1))


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same eigenvectors, their largest element positive: their sign is otherwise up to the machine."""
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return vectors * np.sign(largest)
