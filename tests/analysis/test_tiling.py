"""Spike-time tiling against its definition and Elephant."""

from __future__ import annotations

from itertools import product

import elephant.spike_train_correlation as elephant
import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, neo_trains, random_recording, tick_trains, trains_of

from spikeboard.analysis import groups as groups_of_trains
from spikeboard.analysis import tiling as module
from spikeboard.analysis.groups import Trains, grouped_trains
from spikeboard.analysis.tiling import sttc


def tiling(a, b, dt: int, start: int, stop: int) -> float:
    """The coefficient by its definition: every moment of the window asked whether it is near a spike."""
    if not (len(a) and len(b)):
        return np.nan
    fine = np.arange(2 * start, 2 * stop, dtype=np.int64) + 0.5  # two samples per tick, none on an edge

    def near(times, train):
        return np.mean([(np.abs(np.asarray(train) - t) <= dt).any() for t in times])

    def half(x, y):
        p, t = near(x, y), near(fine / 2, y)
        return 1.0 if p * t == 1 else (p - t) / (1 - p * t)

    return (half(a, b) + half(b, a)) / 2


@given(tick_trains(60), st.integers(1, 20))
def test_tiling_agrees_with_its_definition(trains: list[list[int]], dt: int) -> None:
    rec = made(trains, t_stop=0.06)
    found = sttc(rec, None, dt)
    expected = [[tiling(a, b, dt, 0, 60) for b in trains] for a in trains]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (np.abs(found[np.isfinite(found)]) <= 1 + 1e-12).all()


def test_tiling_agrees_with_elephant_near_time_zero() -> None:
    rec = random_recording(3, 80)
    trains = neo_trains(rec)
    found = sttc(rec, None, 5)
    for i, j in product(range(3), repeat=2):
        expected = elephant.spike_time_tiling_coefficient(trains[i], trains[j], dt=5 * pq.ms)
        assert found[i, j] == pytest.approx(expected)


def test_tiling_does_not_depend_on_absolute_time() -> None:
    # The trap T13: Elephant's `isclose` takes 12 ms for within 5 ms at 1000 s.
    near, far = made([[500], [512]]), made([[1_000_500], [1_000_512]], t_start=1000.0, t_stop=1001.0)
    assert sttc(near, None, 5)[0, 1] == sttc(far, None, 5)[0, 1]
    assert abs(sttc(far, None, 5)[0, 1]) < 0.02
    far_trains = [neo.SpikeTrain([t], units="s", t_start=1000, t_stop=1001) for t in (1000.5, 1000.512)]
    assert elephant.spike_time_tiling_coefficient(*far_trains, dt=5 * pq.ms) == pytest.approx(1.0)


def test_tiling_of_a_silent_unit_is_unknown_and_of_a_train_with_itself_one() -> None:
    found = sttc(made([[], [5, 500]]), None, 5)
    assert np.isnan(found[0]).all()
    assert found[1, 1] == 1.0


def test_both_ways_of_finding_neighbours_agree() -> None:
    trains = grouped_trains(awkward(2))
    ticks, rows = trains.by_time
    found = []
    for way in (module._near_by_neighbours, module._near_by_pairs):
        parts = [way(ticks, rows, *part, 300, len(trains)) for part in ((0, 40), (40, 40), (40, len(ticks)))]
        found.append(sum(parts))
        np.testing.assert_array_equal(found[-1], way(ticks, rows, 0, len(ticks), 300, len(trains)))
    np.testing.assert_array_equal(*found)
    assert len(ticks) > 40 and found[0].any()


@pytest.mark.parametrize("most", [1, 7, 50])
@pytest.mark.parametrize("dt", [1, 5, 100])
def test_a_tiling_piece_by_piece_is_the_whole_tiling(
    most: int, dt: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, groups = random_recording(4, 100), [0, [1, 2], 3]
    expected = sttc(rec, groups, dt, 0.1, 0.95)
    laid_out = []
    by_time = Trains.by_time.func
    monkeypatch.setattr(
        Trains, "by_time", property(lambda self: laid_out.append(self.n_spikes) or by_time(self))
    )
    monkeypatch.setattr(groups_of_trains, "MOST_LAID_OUT", most)
    np.testing.assert_array_equal(sttc(rec, groups, dt, 0.1, 0.95), expected)
    pieces = min(-(-340 // most), 850 // (4 * dt))
    assert len(laid_out) == pytest.approx(pieces, rel=0.1)
    assert pieces < 3 or max(laid_out) < 200


def test_a_wide_tiling_takes_the_other_way_and_gives_the_same() -> None:
    rec = random_recording(2, 300)
    narrow, wide = (sttc(rec, None, dt)[0, 1] for dt in (2, 400))
    a, b = trains_of(rec)
    assert narrow == pytest.approx(tiling(a, b, 2, 0, 1000))
    assert wide == pytest.approx(tiling(a, b, 400, 0, 1000))
