from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains, trains_of

from spikeboard.analysis.pixels import (
    column_edges,
    pixel_counts,
    pixel_counts_ordered,
    row_pixels,
    spikes_shown,
)
from spikeboard.errors import RecordingError


def by_definition(trains, start: int, end: int, width: int, height: int, order: list[int]) -> np.ndarray:
    """Each spike by itself, in whole numbers: column (tick - start)·width // span, row place·height // units."""
    counts = np.zeros((height, width), int)
    for place, unit in enumerate(order):
        for tick in trains[unit]:
            if start <= tick <= end:
                column = min((int(tick) - start) * width // (end - start), width - 1)
                counts[place * height // len(order), column] += 1
    return counts


@pytest.mark.parametrize("rate", [1e3, 1e4, 30_000.0, None])
@pytest.mark.parametrize("t_start", [0.0, -2.0, 100_000.0])
def test_counts_are_those_of_the_definition(rate: float | None, t_start: float) -> None:
    rec = awkward(3, rate, t_start)
    start = round(t_start * rec.ticks_per_second)
    span = round(10 * rec.ticks_per_second)
    counts = pixel_counts(rec, None, None, 97, 5)
    assert counts.dtype == np.uint32 and counts.shape == (5, 97)
    assert np.array_equal(counts, by_definition(trains_of(rec), start, start + span, 97, 5, list(range(9))))


@given(
    tick_trains(),
    st.integers(1, 60),
    st.integers(1, 12),
    st.integers(0, 900),
    st.integers(1, 99),
    st.randoms(use_true_random=False),
)
def test_windows_and_orders(trains, width: int, height: int, start: int, length: int, random) -> None:
    rec = made(trains)
    order = random.sample(range(len(trains)), random.randint(1, len(trains)))
    counts = pixel_counts(rec, start / 1000, (start + length) / 1000, width, height, order)
    inside = [[tick for tick in train if tick < start + length] for train in trains]
    assert np.array_equal(counts, by_definition(inside, start, start + length, width, height, order))


@pytest.mark.parametrize("rate", [1e3, 1e4, 2e4, 30_000.0, 44_100.0])
@pytest.mark.parametrize("start", [0, 12_345_678])
def test_a_pixel_per_tick_has_no_combs(rate: float, start: int) -> None:
    rec = made([range(start, start + 800)], rate, start / rate, (start + 800) / rate)
    assert (pixel_counts(rec, None, None, 800, 1) == 1).all()
    assert (pixel_counts(rec, None, None, 200, 1) == 4).all()
    zoomed = pixel_counts(rec, (start + 100) / rate, (start + 150) / rate, 100, 1)[0]
    assert zoomed.tolist() == [1, 0] * 50


def test_a_spike_at_the_end_of_the_recording_is_in_the_last_column() -> None:
    rec = made([[0, 500, 1000]])
    assert pixel_counts(rec, None, None, 10, 1)[0].tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert pixel_counts(rec, 0.0, 0.5, 10, 1).sum() == 1


@given(
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**5),
    st.sampled_from([1e3, 1e4, 30_000.0, 1e9]),
    st.integers(1, 50),
)
def test_no_recording_loses_its_first_or_last_spike(start: int, length: int, rate: float, width: int) -> None:
    rec = made([[start, start + length]], rate, start / rate, (start + length) / rate)
    counts = pixel_counts(rec, None, None, width, 1)[0]
    assert counts[0] >= 1 and counts[-1] >= 1 and counts.sum() == 2


def test_units_that_are_not_chosen_are_not_counted() -> None:
    rec = awkward()
    assert pixel_counts(rec, None, None, 10, 2, [5]).sum() == 2000
    assert pixel_counts(rec, None, None, 10, 2, []).sum() == 0


def test_fewer_units_than_rows_are_one_line_each_or_a_filled_band() -> None:
    rec = made([[0], [0, 0], [0, 0, 0]])
    assert pixel_counts(rec, None, None, 1, 7).ravel().tolist() == [1, 0, 2, 0, 3, 0, 0]
    assert pixel_counts(rec, None, None, 1, 7, fill=True).ravel().tolist() == [1, 1, 2, 2, 3, 3, 3]
    assert pixel_counts(rec, None, None, 1, 2, fill=True).ravel().tolist() == [3, 3]


def test_rows_of_pixels() -> None:
    assert row_pixels(5, np.array([4, 0, 2]), 3).tolist() == [1, -1, 2, -1, 0]
    assert row_pixels(4, np.array([0, 1, 2, 3]), 2).tolist() == [0, 0, 1, 1]


def test_small_row_numbers_from_a_memory_map(tmp_path) -> None:
    rec = awkward()
    rec.spike_times.tofile(tmp_path / "times")
    rec.spike_rows.astype(np.uint16).tofile(tmp_path / "rows")
    times = np.memmap(tmp_path / "times", np.float64, mode="r")
    rows = np.memmap(tmp_path / "rows", np.uint16, mode="r")
    lut = row_pixels(9, np.arange(9), 4)
    counts = pixel_counts_ordered(times, rows, column_edges(rec, None, None, 50), lut, 4)
    assert np.array_equal(counts, pixel_counts(rec, None, None, 50, 4))


def test_spikes_shown_are_the_spikes_counted() -> None:
    rec = awkward()
    for window in ((None, None), (0.0, 5.0), (2.5, 2.75), (9.0, 10.0)):
        shown = rec.spikes.iloc[spikes_shown(rec, *window)]
        assert len(shown) == pixel_counts(rec, *window, 33, 9).sum()
    assert spikes_shown(made([[0, 3, 5]]), 0.003, 0.005) == slice(1, 2)


def test_a_picture_needs_pixels_and_a_window() -> None:
    rec = made([[0]])
    for size in ((0, 5), (5, 0), (10**5, 10**5)):
        with pytest.raises(RecordingError, match="pixels cannot be drawn"):
            pixel_counts(rec, None, None, *size)
    with pytest.raises(RecordingError, match="no length"):
        pixel_counts(rec, 0.5, 0.5, 5, 5)


@pytest.mark.parametrize("row", [9, -1, 10**9])
def test_spikes_of_units_that_are_not_there_are_refused(row: int) -> None:
    rows = np.array([0, row, 1], np.int32)
    with pytest.raises(RecordingError, match="1 spikes name units it does not have"):
        pixel_counts_ordered(np.arange(3.0), rows, np.array([0.0, 5.0]), row_pixels(9, np.arange(9), 4), 4)
