from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spikeboard.analysis.surrogates import (
    METHODS,
    dither_ticks,
    jitter_ticks,
    poisson_ticks,
    shift_ticks,
    shuffle_intervals,
    surrogate_of,
)
from spikeboard.errors import RecordingError

trains_at = st.lists(st.integers(100, 300), max_size=40).map(lambda ticks: np.array(sorted(ticks), np.int64))
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("method", METHODS)
@given(trains_at, st.integers(1, 400), seeds)
def test_surrogates_keep_the_count_the_order_and_the_window(
    method: str, train: np.ndarray, spread: int, seed: int
) -> None:
    # The trap T17: colliding spikes merged and edges clipped take spikes away.
    drawn = surrogate_of(method, spread)(train, 100, 300, np.random.default_rng(seed))
    assert len(drawn) == len(train)
    assert (np.diff(drawn) >= 0).all()
    assert drawn.dtype == np.int64
    assert not len(drawn) or (drawn[0] >= 100 and drawn[-1] <= 300)


@pytest.mark.parametrize("method", METHODS)
@given(st.lists(st.integers(100, 299), min_size=1, max_size=40), st.integers(1, 400), seeds)
def test_the_end_of_a_window_holds_a_spike_only_where_one_was(
    method: str, ticks: list[int], spread: int, seed: int
) -> None:
    drawn = surrogate_of(method, spread)(np.sort(ticks), 100, 300, np.random.default_rng(seed))
    assert drawn[-1] < 300


@pytest.mark.parametrize("method", METHODS)
def test_surrogates_are_drawn_from_their_seed_and_leave_the_data_alone(method: str) -> None:
    train = np.arange(0, 10_000, 97)
    kept = train.copy()
    draw = surrogate_of(method, 40)
    one, same, other = (draw(train, 0, 10_000, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert method == "shuffle" or (one != other).any()
    np.testing.assert_array_equal(train, kept)


def test_successive_surrogates_of_one_generator_differ() -> None:
    # The trap T17: "independent" surrogates that all start from seed 0 are one surrogate.
    rng = np.random.default_rng(0)
    train = np.arange(0, 1000, 10)
    assert (dither_ticks(train, 5, 0, 1000, rng) != dither_ticks(train, 5, 0, 1000, rng)).any()


@given(trains_at, st.integers(0, 60), seeds)
def test_dithered_spikes_stay_near(train: np.ndarray, spread: int, seed: int) -> None:
    drawn = dither_ticks(train, spread, 100, 300, seed)
    # Sorting never takes the k-th spike further away than the largest displacement.
    assert (np.abs(drawn - train) <= spread).all()


def test_dither_is_uniform_over_the_whole_ticks() -> None:
    drawn = dither_ticks(np.full(22_000, 500), 5, 0, 1000, 1)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(495, 506))
    assert stats.chisquare(counts).pvalue > 1e-4


def test_dither_does_not_pile_up_at_an_edge() -> None:
    drawn = dither_ticks(np.full(6000, 0), 5, 0, 1000, 1)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(6))
    assert stats.chisquare(counts).pvalue > 1e-4


@given(trains_at, st.integers(1, 60), seeds)
def test_jitter_keeps_the_count_of_every_bin(train: np.ndarray, width: int, seed: int) -> None:
    drawn = jitter_ticks(train, width, 100, 300, seed)
    np.testing.assert_array_equal((drawn - 100) // width, (train - 100) // width)


def test_jitter_fills_its_bins_evenly_up_to_a_cut_last_one() -> None:
    train = np.repeat([3, 13, 21], 3000)
    drawn = jitter_ticks(train, 10, 0, 24, 1)
    counts = np.bincount(drawn, minlength=24)
    assert stats.chisquare(counts[:10]).pvalue > 1e-4
    assert stats.chisquare(counts[20:24]).pvalue > 1e-4
    assert counts[:10].sum() == counts[20:24].sum() == 3000


@given(trains_at, st.integers(0, 400), seeds)
def test_a_shifted_train_keeps_its_intervals_around_the_window(
    train: np.ndarray, spread: int, seed: int
) -> None:
    length = 200 + bool(len(train) and train[-1] == 300)

    def around(ticks: np.ndarray) -> list[int]:
        return sorted(np.diff(np.r_[ticks, ticks[:1] + length]).tolist())

    assert around(shift_ticks(train, spread, 100, 300, seed)) == around(train)


def test_shifts_reach_from_minus_to_plus_their_spread() -> None:
    shifts = {int(shift_ticks(np.array([500]), 3, 0, 1000, s)[0]) - 500 for s in range(200)}
    assert shifts == set(range(-3, 4))


@given(trains_at, seeds)
def test_shuffled_intervals_are_the_same_intervals(train: np.ndarray, seed: int) -> None:
    drawn = shuffle_intervals(train, 100, 300, seed)
    np.testing.assert_array_equal(np.sort(np.diff(drawn)), np.sort(np.diff(train)))
    np.testing.assert_array_equal(drawn[:1], train[:1])
    np.testing.assert_array_equal(drawn[-1:], train[-1:])


def test_shuffled_intervals_are_in_another_order() -> None:
    train = np.cumsum(np.arange(1, 50))
    assert (shuffle_intervals(train, 0, 2000, 1) != train).any()


def test_poisson_times_are_uniform() -> None:
    drawn = poisson_ticks(np.zeros(5000, np.int64), 0, 10_000, 3)
    assert stats.kstest(drawn / 10_000, "uniform").pvalue > 1e-4


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(RecordingError, match=r"no surrogate method 'wobble'.*'dither'"):
        surrogate_of("wobble", 1)
