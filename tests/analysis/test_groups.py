from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of

from spikeboard.analysis import groups
from spikeboard.analysis.groups import bin_ticks_of, check_size, grouped_trains
from spikeboard.errors import RecordingError


def test_every_unit_is_its_own_group_unless_told() -> None:
    rec = awkward(1)
    found = grouped_trains(rec)
    np.testing.assert_array_equal(found.ticks, rec.train_ticks)
    np.testing.assert_array_equal(found.offsets, rec.train_offsets)
    np.testing.assert_array_equal(found.shared, np.diag(rec.counts))


def test_groups_pool_their_spikes_in_order_of_time() -> None:
    rec = made([[10, 30], [20, 30], [5]])
    found = grouped_trains(rec, [[0, 1], 2, [2, 0], []])
    assert [found[k].tolist() for k in range(4)] == [[10, 20, 30, 30], [5], [5, 10, 30], []]
    assert found.counts.tolist() == [4, 1, 3, 0]
    assert found.shared.tolist() == [[4, 0, 2, 0], [0, 1, 1, 0], [2, 1, 3, 0], [0, 0, 0, 0]]


def test_a_pool_beside_an_empty_group_is_still_a_pool() -> None:
    found = grouped_trains(made([[10, 30], [20]]), [[0, 1], []])
    assert [found[k].tolist() for k in range(2)] == [[10, 20, 30], []]


def test_a_unit_named_twice_in_a_group_counts_once() -> None:
    assert grouped_trains(made([[10, 30]]), [[0, 0]])[0].tolist() == [10, 30]


def test_no_groups_are_no_trains() -> None:
    found = grouped_trains(made([[10]]), [])
    assert len(found) == 0
    assert found.shared.shape == (0, 0)
    assert found.ticks.dtype == np.int64


def test_a_window_takes_its_own_spikes_and_counts_its_own_time() -> None:
    rec = made([[0, 100, 199, 200, 300]], t_stop=0.3)
    found = grouped_trains(rec, None, 0.1, 0.2)
    assert found[0].tolist() == [100, 199]
    assert (found.start, found.stop, found.span) == (100, 200, 100)
    assert found.duration == pytest.approx(0.1)
    assert found.seconds == pytest.approx([0.0, 0.099])
    assert found.shared.tolist() == [[2]]


def test_the_end_of_the_recording_holds_its_last_spike_and_adds_no_time() -> None:
    found = grouped_trains(made([[0, 300]], t_stop=0.3))
    assert found[0].tolist() == [0, 300]
    assert found.span == 300


@pytest.mark.parametrize("rate", [1e4, None])
def test_spikes_in_order_of_time_know_their_group(rate: float | None) -> None:
    rec = awkward(1, rate)
    ticks, rows = grouped_trains(rec).by_time
    assert (np.diff(ticks) >= 0).all()
    for unit, train in enumerate(trains_of(rec)):
        np.testing.assert_array_equal(ticks[rows == unit], train)
    few = grouped_trains(rec, [3, [1, 2]]).by_time
    assert (np.diff(few[0]) >= 0).all() and few[1].tolist().count(1) == rec.counts[1] + rec.counts[2]


@given(tick_trains(), st.permutations(range(6)), st.integers(0, 900), st.integers(1, 900))
def test_spikes_picked_and_spikes_sorted_are_the_same(trains, order, start: int, length: int) -> None:
    rec = made([*trains, *[[]] * 6][:6])
    for chosen in (order[:4], [order[:2], order[2:5], []]):
        both = []
        for sorted_by in (0, 10**9):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(groups, "SORTED_BY", sorted_by)
                found = grouped_trains(rec, chosen, start / 1000, (start + length) / 1000)
                ticks, rows = found.by_time
                assert (np.diff(ticks) >= 0).all()
                both.append((found.ticks.tolist(), sorted(zip(ticks, rows, strict=True))))
        assert both[0] == both[1]


@pytest.mark.parametrize("damage", [[3.0, 1.0, 2.0], [1.0, 2.0, 2.5]])
def test_spikes_out_of_order_are_refused(damage: list[float]) -> None:
    rec = made([[1000, 2000], [3000]], t_stop=4.0)
    broken = replace(rec, spike_times=np.array(damage), spike_rows=np.array([0, 0, 5], np.int32))
    with pytest.raises(RecordingError, match="not in order of time"):
        _ = grouped_trains(broken).by_time


def test_bins_are_whole_ticks() -> None:
    assert [bin_ticks_of(made([[1]]), width) for width in (0.1, 1.0, 2.4, 2.6)] == [1, 1, 2, 3]


def test_what_does_not_fit_into_memory_is_refused() -> None:
    check_size(7000)
    with pytest.raises(RecordingError, match=r"8,000 trains take 64,000,000 numbers.*choose fewer units$"):
        check_size(8000)
    with pytest.raises(RecordingError, match="fewer units, wider bins or a shorter window"):
        check_size(1000, 101)


def test_unknown_units_and_empty_windows_are_refused() -> None:
    rec = made([[1], [2]])
    for group in (2, -1, [0, 5]):
        with pytest.raises(RecordingError, match=r"unit rows must lie in 0\.\.1"):
            grouped_trains(rec, [group])
    with pytest.raises(RecordingError, match="no length"):
        grouped_trains(rec, None, 0.5, 0.2)
