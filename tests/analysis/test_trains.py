from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains

from spikeboard.analysis.trains import (
    duration_s,
    first_tick_from,
    select_trains,
    snap_bin,
    trains_in,
    unit_rows,
    window_edges,
    window_ticks,
)
from spikeboard.errors import RecordingError

CLOCKS = [1e3, 1e4, 2e4, 30_000.0, 44_100.0, 24_414.0625, 1 / 3e-4, 1e9]


@pytest.mark.parametrize("rate", CLOCKS)
@pytest.mark.parametrize("start", [0, 7, -5])
def test_a_time_on_a_tick_is_that_tick(rate: float, start: int) -> None:
    for tick in [start + k for k in range(200)] + [int(1e5 * rate) + k for k in range(200)]:
        assert first_tick_from(tick / rate, rate) == tick
        # as people write times: a sum of steps of the clock, off by rounding
        assert first_tick_from(tick * (1 / rate), rate) == tick


@pytest.mark.parametrize("rate", CLOCKS[:-1])
def test_a_time_between_ticks_is_the_next_tick(rate: float) -> None:
    for tick in (-3, 0, 5, int(1e5 * rate)):
        assert first_tick_from((tick + 0.25) / rate, rate) == tick + 1
        assert first_tick_from((tick + 0.75) / rate, rate) == tick + 1


def test_a_window_is_half_open_but_its_end_at_t_stop_is_in() -> None:
    rec = made([[0, 300, 500, 1000]])
    assert window_ticks(rec, 0.3, 0.5) == (300, 500)
    assert window_ticks(rec) == (0, 1001)
    assert window_ticks(rec, 0.5, 1.0) == (500, 1001)
    assert window_ticks(rec, 0.5, 99.0) == (500, 1001)
    assert window_edges(rec, -5.0, 99.0) == (0, 1000)


def test_a_recording_that_ends_between_ticks_keeps_its_last_spike() -> None:
    rec = made([[0, 999]], t_stop=0.9995)
    ticks, first, last = trains_in(rec)
    assert list(ticks[first[0] : last[0]]) == [0, 999]


def test_continuous_time_keeps_a_spike_at_the_very_end() -> None:
    from spikeboard.recording import recording

    stop = 100_000.0 + 1 / 3
    rec = recording("end", np.array([stop]), np.array([0]), made([[]]).units, t_start=1e5, t_stop=stop)
    _, first, last = trains_in(rec)
    assert last - first == [1]


@given(tick_trains(), st.integers(0, 1000))
def test_two_windows_that_meet_hold_each_spike_once(trains: list[list[int]], cut: int) -> None:
    rec = made(trains)
    _, first, last = trains_in(rec)
    _, first_left, last_left = trains_in(rec, None, None, cut / 1000)
    _, first_right, last_right = trains_in(rec, None, cut / 1000, None)
    both = last_left - first_left + last_right - first_right
    # A cut at the very end leaves its last spike on both sides, as the window that ends at t_stop is closed.
    at_end = np.array([train.count(1000) for train in trains]) if cut == 1000 else 0
    assert np.array_equal(both, last - first + at_end)


@given(
    tick_trains(),
    st.lists(st.integers(0, 5), max_size=8),
    st.integers(-10, 1010),
    st.integers(-10, 1010),
)
def test_selected_trains_are_what_a_mask_would_give(
    trains: list[list[int]], units: list[int], start: int, stop: int
) -> None:
    rec = made(trains)
    units = [unit % len(trains) for unit in units]
    ticks, offsets = select_trains(rec, units, start, stop)
    for k, unit in enumerate(units):
        expected = [tick for tick in trains[unit] if start <= tick < stop]
        assert list(ticks[offsets[k] : offsets[k + 1]]) == expected
    assert len(offsets) == len(units) + 1 and offsets[-1] == len(ticks)


@pytest.mark.parametrize(("start", "stop"), [(4, 9), (5, 9), (3, 8), (4, 8), (3, 3), (9, 12), (0, 3), (8, 8)])
def test_windows_that_begin_and_end_beside_the_ends_of_a_train(start: int, stop: int) -> None:
    train = [3, 4, 4, 6, 8]
    ticks, offsets = select_trains(made([train, []]), [0, 1], start, stop)
    assert ticks.tolist() == [tick for tick in train if start <= tick < stop]
    assert offsets.tolist() == [0, len(ticks), len(ticks)]


def test_selected_trains_from_read_only_memory_maps(tmp_path) -> None:
    rec = awkward()
    rec.train_ticks.tofile(tmp_path / "ticks")
    mapped = np.memmap(tmp_path / "ticks", np.int64, mode="r")
    ours = select_trains(replace(rec, train_ticks=mapped), [5, 3], 100, 60_000)
    assert all(map(np.array_equal, ours, select_trains(rec, [5, 3], 100, 60_000)))


@pytest.mark.parametrize(
    ("tick", "wanted", "ticks", "snapped", "changed"),
    [
        (1e-3, 5.0, 5, 5.0, False),
        (1e-4, 1.0, 10, 1.0, False),
        (3e-4, 10.0, 33, 9.9, True),
        (0.02, 10.0, 1, 20.0, True),
        (1e-4, 0.001, 1, 0.1, True),
        (1 / 30_000, 1.0, 30, 1.0, False),
        (1e-9, 0.1, 100_000, 0.1, False),
    ],
)
def test_bins_are_whole_ticks(tick: float, wanted: float, ticks: int, snapped: float, changed: bool) -> None:
    result = snap_bin(tick, wanted)
    assert result[0] == ticks and result[2] is changed
    assert result[1] == pytest.approx(snapped, rel=1e-9)


def test_no_bin_from_1_to_100_ms_loses_a_step_to_rounding() -> None:
    # trap T5: int(bin_ms / 1000 / dt) is wrong for 25 of these
    assert [snap_bin(1e-4, float(ms))[0] for ms in range(1, 101)] == [10 * ms for ms in range(1, 101)]


@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf")])
def test_a_bin_width_must_be_a_positive_number(width: float) -> None:
    with pytest.raises(RecordingError, match="positive number of milliseconds"):
        snap_bin(1e-3, width)


def test_unknown_rows_are_named() -> None:
    rec = made([[1], [2]])
    assert list(unit_rows(rec, None)) == [0, 1]
    for wrong in (2, -1):
        with pytest.raises(
            RecordingError, match=f"unit row {wrong} is asked for, but this recording has 2 units"
        ):
            unit_rows(rec, [0, wrong])


def test_a_window_without_length_has_no_duration() -> None:
    rec = made([[1]])
    assert duration_s(rec, 0.25, 0.5) == 0.25
    with pytest.raises(RecordingError, match="no length"):
        duration_s(rec, 0.5, 0.5)
    with pytest.raises(RecordingError, match="no length"):
        duration_s(made([[0]], t_stop=0.0))


@pytest.mark.parametrize("offsets", [[0, 5], [-1, 3], [0, 2, 1], [1, 0]])
def test_offsets_that_point_outside_of_the_spikes_are_refused(offsets: list[int]) -> None:
    with pytest.raises(RecordingError, match="damaged"):
        select_trains(replace(made([[0, 1, 2]]), train_offsets=np.array(offsets)), [0], 0, 10)
