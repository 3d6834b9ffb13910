"""Correlograms of all pairs of units, against SpikeInterface, phylib, pynapple and Elephant."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Check, Peer
from benchmarks.trains import neo_trains, seconds
from spikeboard import Recording
from spikeboard.analysis import correlograms

Counts = NDArray[np.float64]

WINDOW_MS, BIN_MS = 50.0, 1.0
# Where bins are cut elsewhere, answers are compared on so many seconds in bins of half the width.
COMPARED_S = 50.0


def ours(rec: Recording) -> Callable[[], Counts]:
    """Ours, (U, U, B) around lag 0."""
    return lambda: np.asarray(correlograms(rec, None, WINDOW_MS, BIN_MS))


def spikeinterface(rec: Recording, bin_ms: float = BIN_MS, stop: float | None = None) -> Callable[[], Any]:
    """Its compiled loop, without fast_mode, whose threads overwrite each other's counts.

    Its lags are first minus second, ours second minus first.
    """
    core, post = import_module("spikeinterface.core"), import_module("spikeinterface.postprocessing")
    ticks, rows = _ticks(rec, stop)
    sorting = core.NumpySorting.from_samples_and_labels([ticks], [rows], rec.ticks_per_second)
    options = {"window_ms": 2 * WINDOW_MS + BIN_MS, "bin_ms": bin_ms, "method": "numba", "fast_mode": "off"}
    return lambda: post.compute_correlograms(sorting, **options)[0]


def phylib(rec: Recording, bin_ms: float = BIN_MS, stop: float | None = None) -> Callable[[], Any]:
    """Its shifted differences, at a sampling rate of 1 MHz."""
    counts = import_module("phylib.stats.ccg").correlograms
    ticks, rows = _ticks(rec, stop)
    options = {"sample_rate": 1e6, "bin_size": bin_ms / 1000, "window_size": (2 * WINDOW_MS + BIN_MS) / 1000}
    times = ticks / rec.ticks_per_second
    return lambda: counts(times, rows, cluster_ids=np.arange(len(rec.units)), **options)


def pynapple(rec: Recording) -> Callable[[], Any]:
    """Rates after a reference spike, one column for each pair of two units; built from a TsGroup."""
    nap = import_module("pynapple")
    group = nap.TsGroup(
        {unit: nap.Ts(train) for unit, train in enumerate(seconds(rec))},
        time_support=nap.IntervalSet(0.0, rec.t_stop),
    )
    options = {"binsize": BIN_MS, "windowsize": WINDOW_MS, "norm": False, "time_units": "ms"}
    return lambda: nap.compute_crosscorrelogram(group, **options)


def elephant(rec: Recording) -> Callable[[], Any]:
    """One pair, of trains that are binned beforehand."""
    correlation = import_module("elephant.spike_train_correlation")
    binned, ms = import_module("elephant.conversion").BinnedSpikeTrain, import_module("quantities").ms
    one, other = (binned(train, bin_size=BIN_MS * ms) for train in neo_trains(rec, (0, 1)))
    window = [-int(WINDOW_MS / BIN_MS), int(WINDOW_MS / BIN_MS)]
    return lambda: correlation.cross_correlation_histogram(one, other, window=window)[0].magnitude.ravel()


def _ticks(rec: Recording, stop: float | None) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    times = rec.spike_times if stop is None else rec.spike_times[: np.searchsorted(rec.spike_times, stop)]
    return np.rint(times * rec.ticks_per_second).astype(np.int64), np.asarray(rec.spike_rows[: len(times)])


def same_after_zero(halves: Callable[[Recording], Counts]) -> Check:
    """Two of the other's bins of half a width are one of ours; there a lag on an edge counts half on either side."""

    def check(rec: Recording, ours: Any, theirs: Any) -> None:
        found = np.asarray(correlograms(rec, None, WINDOW_MS, BIN_MS, 0.0, COMPARED_S))
        after = found[:, :, found.shape[2] // 2 + 1 :]
        pairs = halves(rec)[:, :, : 2 * after.shape[2]]
        np.testing.assert_allclose(after, pairs[:, :, 0::2] + pairs[:, :, 1::2], atol=1)
        assert after.sum() > 0

    return check


def _spikeinterface_halves(rec: Recording) -> Counts:
    counts = spikeinterface(rec, BIN_MS / 2, COMPARED_S)()
    return counts.transpose(1, 0, 2)[:, :, counts.shape[2] // 2 + 1 :]


def _phylib_halves(rec: Recording) -> Counts:
    counts = phylib(rec, BIN_MS / 2, COMPARED_S)()
    return counts[:, :, counts.shape[2] // 2 + 1 :]


def same_pairs(rec: Recording, ours: Any, theirs: Any) -> None:
    """Their rates times spikes and bin width are our counts, but for lags on an edge."""
    first, second = np.array(list(theirs.columns)).T
    counts = theirs.to_numpy().T * rec.counts[first, None] * BIN_MS / 1000
    np.testing.assert_allclose(ours[first, second], counts, atol=1.5)


def same_pair(rec: Recording, ours: Any, theirs: Any) -> None:
    """As many pairs of spikes in the window of 101 bins: binned trains tell lags to a bin only."""
    assert abs(theirs.sum() / ours[0, 1].sum() - 1) < 0.01
    assert np.argmax(theirs) - np.argmax(ours[0, 1]) in (-1, 0, 1)


CASES = [
    Case(
        "correlograms",
        f"Correlograms of all 4,950 pairs, ± {WINDOW_MS:g} ms by {BIN_MS:g} ms",
        "S1",
        ours,
        (
            Peer(
                "SpikeInterface",
                "spikeinterface",
                spikeinterface,
                same_after_zero(_spikeinterface_halves),
                12,
                note="Exact, in numba; its fast_mode loses counts between threads and is not asked.",
            ),
            Peer("phylib", "phylib", phylib, same_after_zero(_phylib_halves), 6),
            Peer("pynapple", "pynapple", pynapple, same_pairs, 50),
            Peer(
                "Elephant", "elephant", elephant, same_pair, None, times=4950,
                note="One pair of binned trains, times 4,950.",
            ),
        ),
    )
]  # fmt: skip
