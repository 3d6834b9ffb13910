"""Lags counted in one sweep are those of the definition, whatever the numbers they need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeboard.analysis import lags
from spikeboard.analysis.lags import doubled_lags
from spikeboard.analysis.trains import read_only

spikes = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2)), max_size=40).map(sorted)


def by_definition(ticks: np.ndarray, rows: np.ndarray, bin_ticks: int, half: int) -> np.ndarray:
    """Each pair of an earlier and a later spike, one by one; a lag on an edge adds one to either side."""
    doubled = np.zeros((3, 3, half + 2), int)
    for later in range(len(ticks)):
        for earlier in range(later):
            place, rest = divmod(2 * (ticks[later] - ticks[earlier]) + bin_ticks, 2 * bin_ticks)
            own = doubled[rows[later], rows[earlier]]
            if place <= half + 1:
                own[[place] if rest else [place - 1, place]] += 2 if rest else 1
    return doubled[:, :, : half + 1]


@pytest.mark.parametrize("scale", [1, 2**33])
@given(spikes, st.integers(1, 9), st.integers(1, 12))
def test_lags_are_those_of_the_definition(scale: int, both, bin_ticks: int, half: int) -> None:
    # Scaled up, quotients and remainders no longer fit into four bytes.
    ticks = np.array([tick for tick, _ in both], np.int64) * scale
    rows = np.array([row for _, row in both], np.int32)
    found = doubled_lags(read_only(ticks), read_only(rows), 3, bin_ticks * scale, half)
    assert np.array_equal(found, by_definition(ticks, rows, bin_ticks * scale, half))


def test_more_pairs_than_four_bytes_count_are_counted_in_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, rows = read_only(np.arange(5)), read_only(np.zeros(5, np.int32))
    few = doubled_lags(ticks, rows, 1, 1, 3)
    prepare = lags._prepare
    monkeypatch.setattr(lags, "_prepare", lambda *given: (prepare(*given)[0], 2**31))
    many = doubled_lags(ticks, rows, 1, 1, 3)
    assert (few.dtype, many.dtype) == (np.uint32, np.uint64) and np.array_equal(few, many)
