"""The error over units of very many spikes, from their counts, is that of every spike within what is stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_trains import made

from spikeboard import open as open_recording
from spikeboard.analysis import rate_spread, rate_sums
from spikeboard.analysis.rates import pooled_rates
from spikeboard.levels import count_level
from spikeboard.recording import Recording


def _many_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """Forty units of rates of their own, with a level."""
    monkeypatch.setattr("spikeboard.levels.WORTH", 1)
    monkeypatch.setattr("spikeboard.levels.STRIDE", 64)
    count_level.cache_clear()
    rng = np.random.default_rng(4)
    sizes = rng.integers(200, 4000, 40)
    trains = [np.sort(rng.integers(0, 100_000, size)).tolist() for size in sizes]
    return open_recording(
        made(trains, 1e4, t_stop=10.0, populations=["E"] * 30 + ["I"] * 10).save(tmp_path / "s")
    )


@pytest.mark.parametrize("sigma_ms", [30.0, 120.0])
@pytest.mark.parametrize(
    "kernel", ["gaussian", "alpha", "triangular", "epanechnikov", "exponential", "rectangular"]
)
def test_the_error_of_very_many_spikes_comes_from_counts(
    kernel: str, sigma_ms: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, at = _many_units(tmp_path, monkeypatch), np.linspace(0, 10, 200)
    groups = [np.arange(30), np.arange(28, 40), [7], []]
    exact = pooled_rates(rec, sigma_ms, at, groups, kernel, True)
    for module in (rate_sums, rate_spread):
        monkeypatch.setattr(module, "COUNTED_FIRST", 1000)
    monkeypatch.setattr(rate_spread, "SUMS_AT_ONCE", 2000)
    found = pooled_rates(rec, sigma_ms, at, groups, kernel, True)
    np.testing.assert_array_equal(found.sizes, exact.sizes)
    if kernel in ("exponential", "alpha", "rectangular"):  # they jump, or nearly so
        np.testing.assert_array_equal(found.sem, exact.sem)
        return
    off = found.sem[:2] / exact.sem[:2] - 1
    assert 0 < np.sqrt(np.mean(off**2)) < 0.01 and abs(off.mean(axis=1)).max() < 0.01
    assert np.abs((found.mean - exact.mean)[:2] / exact.sem[:2]).max() < 0.03
    assert (
        np.isnan(found.sem[2:]).all() and np.isfinite(found.mean[2]).all() and np.isnan(found.mean[3]).all()
    )


def test_a_wide_kernel_takes_its_error_from_the_rows_of_a_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, at = _many_units(tmp_path, monkeypatch), np.linspace(0, 10, 400)
    exact = pooled_rates(rec, 500.0, at)
    monkeypatch.setattr(rate_spread, "COUNTED_FIRST", 1000)
    monkeypatch.delattr(rate_spread, "column_counts")
    np.testing.assert_allclose(pooled_rates(rec, 500.0, at).sem, exact.sem, rtol=0.03)
    with pytest.raises(NameError):
        pooled_rates(rec, 30.0, at)


def test_few_units_of_a_busy_recording_count_every_spike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, at = _many_units(tmp_path, monkeypatch), np.linspace(0, 10, 200)
    exact = pooled_rates(rec, 50.0, at, [[1, 2, 3]]).sem
    monkeypatch.setattr(rate_spread, "COUNTED_FIRST", int(rec.counts[[1, 2, 3]].sum()) + 1)
    np.testing.assert_array_equal(pooled_rates(rec, 50.0, at, [[1, 2, 3]]).sem, exact)


def test_times_far_apart_or_uneven_take_their_error_from_every_spike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of a quarter of a millisecond over hours would not fit into memory."""
    rec = _many_units(tmp_path, monkeypatch)
    wanted = [(1.0, np.linspace(0, 10, 11)), (100.0, np.array([0.1, 0.2, 5.0])), (100.0, np.array([1.0]))]
    exact = [pooled_rates(rec, *one).sem for one in wanted]
    monkeypatch.setattr(rate_spread, "COUNTED_FIRST", 0)
    for one, sem in zip(wanted, exact, strict=True):
        np.testing.assert_array_equal(pooled_rates(rec, *one).sem, sem)
