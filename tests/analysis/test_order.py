from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, tick_trains

from spikeboard.analysis import order
from spikeboard.analysis.order import ORDERS, similarity_order, unit_order
from spikeboard.errors import RecordingError


@given(tick_trains(), st.sampled_from(ORDERS), st.booleans(), st.integers(0, 900))
def test_each_unit_stands_once_and_the_silent_ones_last(
    trains, by: str, by_population: bool, start: int
) -> None:
    rec = made(trains)
    rows = unit_order(rec, by, None, start / 1000, None, by_population=by_population)
    assert sorted(rows) == list(range(len(trains)))
    silent = [not any(tick >= start for tick in trains[row]) for row in rows]
    assert by == "id" or silent == sorted(silent)


def test_by_id_as_recorded_by_rate_and_by_first_spike() -> None:
    rec = made([[500], [], [200, 300], [100, 900], [1, 2, 3]])
    assert unit_order(rec, "id").tolist() == [0, 1, 2, 3, 4]
    assert unit_order(rec, "rate").tolist() == [4, 2, 3, 0, 1]
    assert unit_order(rec, "first_spike").tolist() == [4, 3, 2, 0, 1]
    # only what is in the window counts
    assert unit_order(rec, "rate", None, 0.25, 0.6).tolist() == [0, 2, 1, 3, 4]
    assert unit_order(rec, "first_spike", None, 0.25, None).tolist() == [2, 0, 3, 1, 4]
    assert unit_order(rec, "first_spike", [0, 1, 3]).tolist() == [3, 0, 1]


def test_populations_stay_together_in_the_recordings_order() -> None:
    rec = made([[5], [1, 2], [3, 4, 5], []], populations=["B", "B", "A", "A"])
    assert unit_order(rec, "rate").tolist() == [2, 1, 0, 3]
    assert unit_order(rec, "rate", by_population=True).tolist() == [1, 0, 2, 3]
    assert unit_order(rec, "rate", [3, 2, 0], by_population=True).tolist() == [0, 2, 3]
    assert unit_order(rec, "similarity", [], by_population=True).tolist() == []


def planted(n_units: int, n_groups: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of groups of units that follow one course each, shuffled; and the group of each unit."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.arange(n_units) % n_groups)
    courses = rng.integers(0, 20, (n_groups, 80))
    return rng.poisson(courses[groups]), groups


@pytest.mark.parametrize("n_units", [3, 20, 200])
def test_units_of_one_course_stand_together(n_units: int) -> None:
    counts, groups = planted(n_units, 3, 1)
    found = groups[similarity_order(counts)]
    assert np.count_nonzero(np.diff(found)) == 2


def travelling(n_units: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Units that fire one after another, each over several bins, shuffled; and the place of each."""
    rng = np.random.default_rng(seed)
    place = rng.permutation(n_units)
    bins = np.arange(60)
    course = np.exp(-0.5 * ((bins - 60 * place[:, None] / n_units) / 6) ** 2)
    return rng.poisson(40 * course), place


@pytest.mark.parametrize("n_units", [30, 300])
def test_a_travelling_wave_is_found_again(n_units: int) -> None:
    counts, place = travelling(n_units, 2)
    found = place[similarity_order(counts)]
    assert abs(np.corrcoef(found, np.arange(n_units))[0, 1]) > 0.98


@pytest.mark.parametrize("n_units", [501, 2000])
def test_beyond_the_leaf_ordering_neighbours_are_still_alike(n_units: int) -> None:
    counts, place = travelling(n_units, 3)
    found = place[similarity_order(counts)]
    steps = np.abs(np.diff(found))
    steps = np.minimum(steps, n_units - steps)
    # at random a neighbour is a quarter of the units away
    assert np.median(steps) < n_units / 50


def test_both_ways_agree_on_a_wave(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, place = travelling(60, 4)
    monkeypatch.setattr(order, "MOST_LEAVES", 10)
    found = place[similarity_order(counts)]
    turned = np.roll(found, -int(np.argmin(found)))
    steps = np.abs(np.diff(turned))
    assert np.median(np.minimum(steps, 60 - steps)) <= 3


@pytest.mark.parametrize("n_units", [40, 600])
def test_the_same_counts_give_the_same_order(n_units: int) -> None:
    counts, _ = planted(n_units, 5, 5)
    first = similarity_order(counts)
    assert np.array_equal(first, similarity_order(counts.copy()))
    assert np.array_equal(first, similarity_order(counts.astype(np.uint16)))


def test_similarity_is_of_the_course_not_of_the_rate() -> None:
    course = np.random.default_rng(6).integers(0, 10, (2, 50))
    counts = np.array([course[0], course[1], course[0] * 7, course[1] * 7 + 3, course[0] + 100])
    found = np.array([0, 1, 0, 1, 0])[similarity_order(counts)]
    assert np.count_nonzero(np.diff(found)) == 1


def test_units_that_never_change_come_after_those_that_do() -> None:
    counts = np.array([[2, 2, 2, 2], [1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1], [5, 0, 5, 0]])
    found = similarity_order(counts).tolist()
    assert found[3:] == [0, 2]
    # 1 and 4 share a course, 3 is its opposite
    assert set(found[:3]) == {1, 3, 4} and found[1] != 3
    assert similarity_order(np.zeros((0, 5))).tolist() == []
    assert similarity_order(np.ones((3, 5))).tolist() == [0, 1, 2]


def test_similarity_of_a_recording_with_a_bin_finer_than_sense() -> None:
    rec = awkward()
    for bin_ms in (None, 1e-3, 50.0, 1e6):
        assert sorted(unit_order(rec, "similarity", bin_ms=bin_ms)) == list(range(9))
    # units 4 and 7 are the same train, once and doubled
    found = unit_order(rec, "similarity", bin_ms=20.0).tolist()
    assert abs(found.index(4) - found.index(7)) == 1
    assert found[-1] == 0


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(
        RecordingError, match="no order 'size'; choose one of id, rate, first_spike, similarity"
    ):
        unit_order(made([[1]]), "size")
