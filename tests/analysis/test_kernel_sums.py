from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_trains import made

from spikeboard.analysis import rate_sums
from spikeboard.analysis.kernel_sums import N_MOMENTS, even_grid
from spikeboard.analysis.kernels import KERNELS
from spikeboard.analysis.rates import instantaneous_rates, pooled_rates, rate_band

DENSITIES = {
    "gaussian": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "exponential": lambda x: np.exp(-x),
    "alpha": lambda x: 2 * x * np.exp(-np.sqrt(2) * x),
    "rectangular": lambda x: np.full_like(x, 0.5 / np.sqrt(3)),
    "triangular": lambda x: (1 - abs(x) / np.sqrt(6)) / np.sqrt(6),
    "epanechnikov": lambda x: 3 * (1 - x * x / 5) / (4 * np.sqrt(5)),
}


def by_definition(train: np.ndarray, at: np.ndarray, sigma: float, kernel: str, power: int) -> np.ndarray:
    shape = KERNELS[kernel]
    x = (at[:, None] - train) / sigma
    reached = (x >= -shape.before) & (x < shape.after)
    return np.where(reached, DENSITIES[kernel](np.where(reached, x, 0.0)) ** power, 0.0).sum(axis=1)


def summed(train: np.ndarray, at: np.ndarray, sigma: float, kernel: str, power: int = 1) -> np.ndarray:
    rec = made([train.tolist()], 1e3, t_stop=10.0)
    return rate_sums.unit_sums(rec, np.array([0]), KERNELS[kernel], sigma, at, power)[0]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(KERNELS)),
    st.sampled_from([1, 2]),
    st.floats(0.05, 1.09),
    st.integers(0, 2**32 - 1),
)
def test_moments_of_cells_are_the_sum_over_spikes(kernel: str, power: int, width: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    # bursts and silence, so that some cells are full and some empty
    train = np.sort(rng.choice(rng.integers(0, 10_000, 900), 2700) + rng.integers(0, 3, 2700)).clip(0, 9_999)
    at = np.linspace(1.0, 8.5, 151) + np.pi * 1e-5
    sigma = 0.05 / width
    found = summed(train, at, sigma, kernel, power)
    expected = by_definition(train / 1e3, at, sigma, kernel, power)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("spacing", [5e-324, 1e-300, 1e-12, 1e-5])
def test_times_very_near_to_each_other_are_no_grid_and_sum_as_ever(spacing: float) -> None:
    at = np.arange(100) * spacing
    assert even_grid(at * 1e3, 1 / 50, 0, 5.0, 5.0, 1)[0] == 0
    train = np.array([0, 1, 40])
    found = summed(train, at, 0.05, "gaussian")
    assert found == pytest.approx(by_definition(train / 1e3, at, 0.05, "gaussian", 1))


def test_a_spike_out_of_reach_counts_for_nothing() -> None:
    train = np.full(500, 5000)
    for kernel, shape in KERNELS.items():
        at = np.linspace(0, 10, 201) + 1e-4
        x = (at - 5.0) / 0.06
        out = (x < -shape.before) | (x >= shape.after)
        assert (summed(train, at, 0.06, kernel)[out] == 0).all()


def test_uneven_or_distant_times_and_few_spikes_are_summed_one_by_one() -> None:
    reach = (6.0, 6.0)
    even = np.linspace(0, 100, 11)
    assert even_grid(even, 0.1, 0, *reach, 1)[0] == 10
    assert even_grid(even, 0.2, 0, *reach, 1)[0] == 0
    assert even_grid(even + np.r_[0, 1e-6, np.zeros(9)], 0.1, 0, *reach, 1)[0] == 0
    assert all(even_grid(np.array(few), 0.1, 0, *reach, 1)[0] == 0 for few in ([], [1.0], [1.0, 1.0]))
    assert even_grid(even, 0.1, 0, *reach, 1)[2].shape == (13, N_MOMENTS)


def test_a_group_in_parts_is_the_group_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rec = made([np.sort(rng.integers(0, 10_000, n)).tolist() for n in (1900, 0, 1700, 3, 1800)], t_stop=10.0)
    at = np.linspace(0, 10, 201)
    whole, band = pooled_rates(rec, 60.0, at, [range(5)]), rate_band(rec, 60.0, at)
    monkeypatch.setattr(rate_sums, "SUMS_AT_ONCE", 402)
    parts = pooled_rates(rec, 60.0, at, [range(5)])
    each = instantaneous_rates(rec, 60.0, at)
    assert np.array_equal(band.rate, each)
    for found in (whole, parts):
        assert found.mean[0] == pytest.approx(each.mean(axis=0), rel=1e-12)
        assert found.sem[0] == pytest.approx(each.std(axis=0, ddof=1) / 5**0.5, rel=1e-12)


@pytest.mark.parametrize("kernel", ["gaussian", "triangular"])
def test_any_number_of_threads_gives_the_same_numbers(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    rec = made([np.sort(rng.integers(0, 10_000, 5000)).tolist() for _ in range(9)], t_stop=10.0)
    at = np.linspace(0, 10, 201)
    monkeypatch.setattr("spikeboard.analysis.parts.WORTH", 0)
    found = []
    for threads in "125":
        monkeypatch.setenv("SPIKEBOARD_THREADS", threads)
        found.append(pooled_rates(rec, 60.0, at, kernel=kernel))
    for other in found[1:]:
        assert np.array_equal(found[0].mean, other.mean) and np.array_equal(found[0].sem, other.sem)


@pytest.mark.parametrize("kernel", DENSITIES)
@pytest.mark.parametrize("power", [1, 2])
def test_many_trains_sum_in_order_of_time_as_each_does_alone(
    kernel: str, power: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    trains = [np.sort(rng.integers(0, 10_000, rng.integers(0, 60))) for _ in range(40)]
    rec = made([train.tolist() for train in trains], 1e3, t_stop=10.0)
    # The ends of the recording, spikes at the very edge of the reach, and times that are not even.
    at = np.sort(np.r_[0.0, 10.0, rng.uniform(0, 10, 50), trains[0][:3] / 1e3])
    rows = np.array([7, 0, 33, 39, 12])
    swept = []
    by_time = rate_sums.sums_by_time
    monkeypatch.setattr(rate_sums, "sums_by_time", lambda *given: swept.append(1) or by_time(*given))
    found = rate_sums.unit_sums(rec, rows, KERNELS[kernel], 0.02, at, power)
    assert swept
    expected = [by_definition(trains[row] / 1e3, at, 0.02, kernel, power) for row in rows]
    assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)
    monkeypatch.setattr(rate_sums, "SPIKES_PER_SEARCH", 0)
    assert np.array_equal(rate_sums.unit_sums(rec, rows, KERNELS[kernel], 0.02, at, power), found)
    # A row that is asked for twice is summed train by train.
    monkeypatch.undo()
    twice = rate_sums.unit_sums(rec, np.array([7, 7]), KERNELS[kernel], 0.02, at, power)
    assert np.array_equal(twice, found[[0, 0]])
