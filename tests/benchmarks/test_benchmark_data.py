"""The recordings that are measured on hold what their descriptions say."""

from pathlib import Path

import numpy as np
import pytest

import spikeboard
from benchmarks import data
from benchmarks.trains import seconds


def test_trains_have_a_dead_time_and_the_asked_number_of_spikes() -> None:
    trains = data.gamma_units(20, 10_000, 100.0, seed=1)
    assert sum(map(len, trains)) == 10_000
    assert min(np.diff(train).min() for train in trains) >= data.DEAD_TIME - 1e-12
    assert all(train[0] > 0 and train[-1] < 100 for train in trains)
    gaps = np.concatenate([np.diff(train) / np.diff(train).mean() for train in trains])
    assert 0.6 < gaps.std() < 0.72, "gamma intervals of shape 2 have a CV of 0.71, less with a dead time"


@pytest.mark.parametrize("n_follower", [500, 2000, 4000])
def test_a_follower_keeps_its_rate_and_comes_two_to_four_milliseconds_later(n_follower: int) -> None:
    rng = np.random.default_rng(2)
    (leader,), (alone,) = (
        data.gamma_units(1, 2000, 200.0, seed=3),
        data.gamma_units(1, n_follower, 200.0, seed=4),
    )
    follower = data.follow(rng, leader, alone, 200.0)
    assert abs(len(follower) / n_follower - 1) < 0.1
    assert np.diff(follower).min() >= data.DEAD_TIME
    lag = follower[:, None] - leader[None]
    near = ((lag >= 0.002) & (lag <= 0.004)).any(axis=0).mean()
    by_chance = 0.002 * n_follower / 200
    assert near == pytest.approx(0.3 * min(1, n_follower / 2000) + by_chance, abs=0.04)


def test_a_population_has_its_rhythm_and_no_spike_twice() -> None:
    keys = data.population_steps(500, 200_000, 100_000, 1e4, seed=4)
    assert np.all(np.diff(keys) > 0)
    assert abs(len(keys) / 200_000 - 1) < 0.02
    times = keys // 500 / 1e4
    assert abs(np.exp(2j * np.pi * 8 * times).mean()) == pytest.approx(0.3, abs=0.03), "half of its depth"


def test_spikes_in_order_are_the_recording_that_sorting_gives() -> None:
    rng = np.random.default_rng(5)
    keys = np.unique(rng.integers(0, 30 * 2000, 3000))
    steps, rows = np.divmod(keys, 30)
    found = data.in_order("r", steps, rows, 30, 2.0, sampling_rate=1000.0)
    units = data.unit_table({"all": 30})
    expected = spikeboard.recording(
        "r", steps / 1000.0, rows, units, t_start=0.0, t_stop=2.0, sampling_rate=1000.0
    )
    for column in ("spike_times", "spike_rows", "train_ticks", "train_offsets"):
        assert np.array_equal(getattr(found, column), getattr(expected, column))
        assert getattr(found, column).dtype == getattr(expected, column).dtype
    assert found.digest == expected.digest


def test_a_recording_is_made_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "PLACE", tmp_path)
    made: list[int] = []

    def make() -> spikeboard.Recording:
        made.append(1)
        return data.poisson_recording(3, 100, 10.0, seed=6)

    first, again = data.stored("small", make), data.stored("small", make)
    assert len(made) == 1
    assert first.digest == again.digest and len(again.spike_times) == 100
    assert sum(map(len, seconds(again))) == 100
    assert len(seconds(again, [0], 5.0)[0]) == np.sum((again.spike_rows == 0) & (again.spike_times < 5.0))
    next(tmp_path.glob("small/recording.json")).write_text("{}")
    data.stored("small", make)
    assert len(made) == 2, "a store that cannot be read is made anew"


def test_synapses_and_traces_have_the_asked_size() -> None:
    synapses = data.random_synapses(50, 40, 1000, seed=7)
    assert len(synapses) == 1000 == synapses.indptr[-1]
    assert synapses.weight is not None and synapses.weight.min() > 0
    state = data.random_walks(3, 1000, 1e3, seed=8)
    assert state.values.shape == (1000, 3) and np.isfinite(state.values).all()
