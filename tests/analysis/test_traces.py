from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from made_states import sampled_at, with_state

from spikeboard.analysis.traces import envelope, finite_ranges, pauses, window_samples
from spikeboard.errors import RecordingError

numbers = st.one_of(st.floats(-1e3, 1e3, width=32), st.just(float("nan")))


def by_definition(values: np.ndarray, time: np.ndarray, width: int) -> tuple[list[float], list[float]]:
    """Of each stretch the least and the greatest number, in their order in time."""
    points: tuple[list[float], list[float]] = ([], [])
    edges = np.arange(width + 1) * len(values) // width
    if len(values) >= 1024 * width:
        edges[1:-1] = np.rint(edges[1:-1] / 256) * 256
    for k in range(width):
        low, high = edges[k], edges[k + 1]
        stretch = values[low:high]
        known = ~np.isnan(stretch)
        places = [np.nanargmin(stretch), np.nanargmax(stretch)] if known.any() else [0, 0]
        for place in sorted(places):
            points[0].append(float(time[low + place]))
            points[1].append(float(stretch[place]))
    return points


@given(hnp.arrays(np.float64, st.integers(1, 200), elements=numbers), st.integers(1, 40))
def test_the_envelope_holds_the_extremes_of_every_stretch(values: np.ndarray, width: int) -> None:
    time = np.arange(len(values)) * 0.5 + 3
    drawn = envelope(values, time, None, None, width)
    assert len(drawn.time) == len(drawn.values) <= 2 * width and drawn.samples == len(values)
    assert drawn.exact == (len(values) <= 2 * width)
    if drawn.exact:
        assert np.array_equal(drawn.values, values, equal_nan=True) and np.array_equal(drawn.time, time)
    else:
        times, points = by_definition(values, time, width)
        assert np.array_equal(drawn.values, points, equal_nan=True)
        assert np.array_equal(drawn.time[~np.isnan(points)], np.array(times)[~np.isnan(points)])
    assert np.all(np.diff(drawn.time) >= 0)


def test_one_sample_in_a_million_is_not_lost() -> None:
    values = np.zeros((1_000_000, 3), np.float32)
    values[654_321, 1] = 40
    values[123_456, 2] = -80
    time = np.arange(1_000_000) * 1e-4
    drawn = envelope(values, time, None, None, 500)
    assert drawn.values.shape == drawn.time.shape == (3, 1000)
    assert drawn.time[1, drawn.values[1].argmax()] == time[654_321] and drawn.values[1].max() == 40
    assert drawn.time[2, drawn.values[2].argmin()] == time[123_456]
    assert not drawn.values[0].any()


def test_each_column_is_drawn_as_if_it_were_alone() -> None:
    values = np.random.default_rng(0).normal(size=(999, 5))
    values[100:400, 3] = np.nan
    time = np.sort(np.random.default_rng(1).random(999))
    together = envelope(values, time, 0.1, 0.9, 37, columns=[3, 0, 3])
    for row, column in enumerate([3, 0, 3]):
        alone = envelope(values[:, column], time, 0.1, 0.9, 37)
        assert np.array_equal(together.values[row], alone.values, equal_nan=True)
        assert np.array_equal(together.time[row], alone.time)


def test_a_stretch_without_numbers_stays_a_gap() -> None:
    values = np.r_[np.zeros(100), np.full(100, np.nan), np.ones(100)]
    drawn = envelope(values, np.arange(300.0), None, None, 30).values
    assert (
        drawn[:20].tolist() == [0] * 20 and np.isnan(drawn[20:40]).all() and drawn[40:].tolist() == [1] * 20
    )


def test_a_window_of_samples_has_both_of_its_ends() -> None:
    time = np.array([0.0, 1.0, 2.0, 3.0])
    assert window_samples(time, 1.0, 2.0) == (1, 3)
    assert window_samples(time, None, None) == (0, 4)
    assert window_samples(time, 1.5, 1.6) == (2, 2)
    assert window_samples(time, 9.0, 1.0) == (4, 4)
    drawn = envelope(np.arange(4), time, 1.0, 2.0, 10)
    assert drawn.values.tolist() == [1, 2] and drawn.time.tolist() == [1, 2] and drawn.exact


def test_an_empty_window_is_an_empty_trace() -> None:
    for values in (np.zeros(0), np.zeros((0, 2))):
        drawn = envelope(values, np.zeros(0), None, None, 10)
        assert drawn.samples == 0 and drawn.exact and drawn.values.size == 0


@pytest.mark.parametrize("kind", ["f4", ">f4", ">f8", "f2", "i2", "u1", "?", ">i4"])
def test_every_type_of_number_that_files_hold(kind: str) -> None:
    values = np.random.default_rng(2).integers(0, 2, 500).astype(kind)
    drawn = envelope(values, np.arange(500.0), None, None, 50)
    expected = by_definition(values.astype(float), np.arange(500.0), 50)
    assert drawn.values.tolist() == expected[1] and drawn.time.tolist() == expected[0]


def test_a_memory_map_is_read_in_place(tmp_path) -> None:
    values = np.random.default_rng(3).normal(size=(4000, 4)).astype(np.float32)
    values.tofile(tmp_path / "v")
    mapped = np.memmap(tmp_path / "v", np.float32, mode="r", shape=(4000, 4))
    ours = envelope(mapped, np.arange(4000.0), 100.0, 3000.0, 60)
    assert np.array_equal(ours.values, envelope(values, np.arange(4000.0), 100.0, 3000.0, 60).values)


def test_infinite_values_are_extremes() -> None:
    values = np.zeros(100)
    values[[33, 66]] = np.inf, -np.inf
    drawn = envelope(values, np.arange(100.0), None, None, 2)
    assert drawn.values.max() == np.inf and drawn.values.min() == -np.inf


def test_what_does_not_fit_is_refused() -> None:
    for values, width in ((np.zeros(3), 5), (np.zeros(4), 0), (np.zeros((4, 2, 2)), 5)):
        with pytest.raises(RecordingError, match="cannot be drawn"):
            envelope(values, np.arange(4.0), None, None, width)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 20), st.integers(1, 4)),
        elements=st.one_of(numbers, st.just(float("inf"))),
    ),
    st.data(),
)
def test_ranges_are_of_finite_numbers(values: np.ndarray, data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(values))] * 2)))
    columns = data.draw(st.lists(st.integers(0, values.shape[1] - 1), max_size=5))
    counts, least, greatest = finite_ranges(with_state(values), "v", low, high, columns)
    for k, column in enumerate(columns):
        finite = [value for value in values[low:high, column] if np.isfinite(value)]
        assert counts[k] == len(finite)
        assert [least[k], greatest[k]] == ([min(finite), max(finite)] if finite else [0, 0])


@pytest.mark.parametrize("kind", ["f4", ">f4", "f2", "i2", "?", "u8"])
def test_ranges_of_every_type_of_number(kind: str) -> None:
    counts, least, greatest = finite_ranges(
        with_state(np.array([[0, 1], [1, 1], [0, 1]], kind)), "v", 0, 3, [0, 1]
    )
    assert counts.tolist() == [3, 3] and least.tolist() == [0, 1] and greatest.tolist() == [1, 1]


@given(
    st.lists(st.sampled_from([0.0, 1.0, 1.0, 1.0, 2.4, 2.6, 7.0]), max_size=40),
    st.tuples(st.integers(-2, 60), st.integers(-2, 60)).map(sorted),
)
def test_a_pause_is_a_step_longer_than_is_usual_in_the_window(steps: list[float], ends: list[int]) -> None:
    time = np.array(np.cumsum([0.0, *steps]), np.float64)
    rec = sampled_at(time)
    inside = time[(time >= ends[0]) & (time <= ends[1])]
    long = np.diff(inside) > 2.5 * np.median(np.diff(inside)) if len(inside) > 2 else []
    expected = [before for before, pause in zip(inside[:-1], long, strict=False) if pause]
    assert pauses(rec, "v", ends[0], ends[1], 2.5).tolist() == expected


def test_where_no_step_is_long_none_is_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.array(np.arange(10_001) / 1e3, np.float64)
    assert pauses(sampled_at(np.r_[time, time + 10.5]), "v", None, None, 2.5).tolist() == [10.0]
    monkeypatch.setattr(np, "median", lambda _: pytest.fail("all steps were sorted"))
    assert len(pauses(sampled_at(time), "v", None, None, 2.5)) == 0
