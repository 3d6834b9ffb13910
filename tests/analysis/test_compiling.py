"""Loops are compiled once: for a recording in memory and for one that is mapped from a store alike."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from made_networks import network_of, synapses_of
from numba.core.dispatcher import Dispatcher

import spikeboard
from spikeboard import Recording, RecordingError, State, analysis
from spikeboard.analysis import (
    binned_counts,
    correlograms,
    instantaneous_rates,
    interval_statistics,
    pixel_counts,
    sttc,
    trace_envelope,
    van_rossum,
    victor_purpura,
    weight_blocks,
    welch,
)

EVERYTHING: dict[str, Callable[[Recording], object]] = {
    "pixel_counts": lambda rec: pixel_counts(rec, None, None, 20, 5),
    "binned_counts": lambda rec: binned_counts(rec, 10.0),
    "interval_statistics": interval_statistics,
    "correlograms": lambda rec: correlograms(rec, None, 50, 1),
    "instantaneous_rates": lambda rec: instantaneous_rates(rec, 20.0, np.linspace(0, 1, 50)),
    "welch": lambda rec: welch(rec, [0, 1], 0.25),
    "sttc": lambda rec: sttc(rec, None, 5.0),
    "van_rossum": lambda rec: van_rossum(rec, None, 20.0),
    "victor_purpura": lambda rec: victor_purpura(rec, None, 10.0),
    "weight_blocks": lambda rec: weight_blocks(rec, "AB", (3, 3)),
    "trace_envelope": lambda rec: trace_envelope(rec, "v", None, None, 10),
}


def network() -> Recording:
    rng = np.random.default_rng(0)
    spikes = [
        (round(time, 4), row) for time, row in zip(rng.random(400), rng.integers(0, 7, 400), strict=True)
    ]
    state = State(
        rng.normal(size=(500, 2)), np.arange(500) / 500, "v", "mV", np.array([0, 1], np.int32), ("a", "b")
    )
    joined = [(k % 4, k % 3, 0.5) for k in range(9)]
    return network_of({"A": 4, "B": 3}, {"AB": synapses_of("A", "B", 4, joined)}, {"v": state}, spikes)


def compiled() -> Iterator[tuple[str, int]]:
    for module in pkgutil.iter_modules(analysis.__path__, "spikeboard.analysis."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Dispatcher):
                yield f"{module.name}.{name}", len(value.signatures)


def test_all_that_is_public_is_here() -> None:
    assert sorted(EVERYTHING) == sorted(analysis.__all__)


def test_a_mapped_recording_needs_no_loop_of_its_own(tmp_path: Path) -> None:
    rec = network()
    mapped = spikeboard.open(rec.save(tmp_path / "store"))
    assert not mapped.train_ticks.flags.writeable and rec.train_ticks.flags.writeable
    drawn = {name: of(rec) for name, of in EVERYTHING.items()}
    before = dict(compiled())
    # Rows of two bytes are what only a stored recording has; the start of a server compiles for them.
    for name, of in EVERYTHING.items():
        np.testing.assert_array_equal(np.asarray(of(mapped)), np.asarray(drawn[name]))
    grown = {name for name, n in compiled() if n > before.get(name, 0)}
    assert grown <= {"spikeboard.analysis.pixels._count_columns"}


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_number_of_threads_changes_no_digit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rec, found = network(), []
    monkeypatch.setattr(analysis.parts, "WORTH", 0)
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("SPIKEBOARD_THREADS", threads)
        found.append(np.asarray(EVERYTHING[name](rec)))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("name", ["correlograms", "sttc", "van_rossum"])
def test_spikes_that_are_not_in_order_of_time_are_refused(name: str) -> None:
    rec = network()
    with pytest.raises(RecordingError, match="not in order of time"):
        EVERYTHING[name](replace(rec, spike_times=rec.spike_times[::-1].copy()))


def test_a_train_that_is_not_in_order_of_time_is_refused() -> None:
    rec = network()
    with pytest.raises(RecordingError, match="not in order of time"):
        interval_statistics(replace(rec, train_ticks=rec.train_ticks[::-1].copy()))


@pytest.mark.parametrize("spikes", [[], [(0.5, 3)], [(0.5, 3), (0.5, 3), (0.5, 4)]])
def test_no_spike_one_spike_and_ties_have_an_answer_of_every_kind(spikes: list[tuple[float, int]]) -> None:
    rec = network()
    few = network_of({"A": 4, "B": 3}, dict(rec.connections), dict(rec.states), spikes)
    found = {name: np.asarray(of(few)) for name, of in EVERYTHING.items()}
    n = len(spikes)
    assert found["pixel_counts"].sum() == found["binned_counts"].sum() == n
    assert found["correlograms"].sum() == (4 + 2 if n == 3 else 0)
    assert found["interval_statistics"][:, 0].sum() == max(n - 2, 0)
    assert found["instantaneous_rates"].any() == found["welch"].any() == (n > 0) or not found["welch"].any()
    assert np.isfinite(np.diag(found["sttc"])).sum() == len({row for _, row in spikes})
    assert np.diag(found["van_rossum"]).max() == np.diag(found["victor_purpura"]).max() == 0
    assert found["victor_purpura"].max() == min(n, 2)


def test_importing_the_package_imports_nothing_else() -> None:
    asked = (
        "import sys, spikeboard; before = set(sys.modules); import spikeboard.analysis; "
        "sys.exit(bool(set(sys.modules) - before - {'spikeboard.analysis'}))"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - {"weight_blocks", "trace_envelope"}))
def test_spikes_in_no_order_are_refused(name: str, tmp_path: Path) -> None:
    rec = network()
    backwards = {part: getattr(rec, part)[::-1].copy() for part in ("spike_times", "train_ticks")}
    for part, column in backwards.items():
        with pytest.raises(RecordingError, match=r"not in order of time: make it with spikeboard\.recording"):
            EVERYTHING[name](replace(rec, **{part: column}))
    with pytest.raises(RecordingError, match="not in order of time"):
        replace(rec, **backwards).save(tmp_path / "store")
    assert not (tmp_path / "store").exists()
