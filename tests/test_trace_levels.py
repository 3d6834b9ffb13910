"""A trace drawn with its blocks is the trace drawn without; blocks lie beside their columns and go with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_states import sampled_at, with_state
from made_trains import made

from spikeboard import open as open_recording
from spikeboard import trace_levels
from spikeboard.analysis.traces import finite_ranges, shortest_and_longest_step, trace_envelope
from spikeboard.recording import Recording
from spikeboard.trace_levels import BLOCK, state_blocks

SAMPLES, COLUMNS = 40 * BLOCK + 77, 3


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks for states of a test's size."""
    monkeypatch.setattr("spikeboard.trace_levels.WORTH", 1)
    state_blocks.cache_clear()


def values_of(kind: str) -> np.ndarray:
    """Ties, stretches without a number, single gaps, infinities."""
    rng = np.random.default_rng(5)
    values = rng.integers(0, 60, (SAMPLES, COLUMNS)).astype(kind)
    if np.dtype(kind).kind == "f":
        values[rng.random(values.shape) < 0.01] = np.nan
        values[3 * BLOCK - 10 : 7 * BLOCK + 5, 0] = np.nan
        values[[20 * BLOCK, 30 * BLOCK + 3], 1] = np.inf, -np.inf
    return values


@pytest.fixture(scope="module", params=["f4", "f8", "i2", "u1"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("states") / "store"
    return open_recording(with_state(values_of(request.param)).save(folder))


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    time = np.cumsum(np.random.default_rng(3).integers(1, 10_000, SAMPLES)) / 1e6
    return open_recording(sampled_at(time).save(tmp_path_factory.mktemp("uneven") / "store"))


@given(
    st.integers(0, SAMPLES),
    st.integers(0, SAMPLES),
    st.integers(1, 60),
    st.lists(st.integers(0, COLUMNS - 1), min_size=1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_point_is_the_same_with_blocks(
    stored: Recording, one: int, other: int, width: int, columns: list[int]
) -> None:
    assert state_blocks(stored, "v") is not None
    plain = with_state(np.array(stored.states["v"].values))
    assert state_blocks(plain, "v") is None
    t0, t1 = min(one, other) / 1000, max(one, other) / 1000
    fast, slow = (trace_envelope(rec, "v", t0, t1, width, columns) for rec in (stored, plain))
    np.testing.assert_array_equal(fast.time, slow.time)
    np.testing.assert_array_equal(fast.values, slow.values)
    assert (fast.samples, fast.exact) == (slow.samples, slow.exact)


@given(st.integers(0, SAMPLES), st.integers(0, SAMPLES))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_ranges_are_those_of_every_sample(stored: Recording, one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    plain = with_state(np.array(stored.states["v"].values))
    fast, slow = (finite_ranges(rec, "v", low, high, [2, 0, 1]) for rec in (stored, plain))
    for ours, theirs in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_inside_of_a_stretch_is_not_read(stored: Recording) -> None:
    blocks = state_blocks(stored, "v")
    assert blocks is not None
    values, columns, edges = stored.states["v"].values, np.array([2]), np.array([10, SAMPLES - 10])
    known, _ = trace_levels.extreme_places(values, columns, edges, blocks)
    told = np.arange(40)[:, None] * BLOCK + blocks.at[:, 2].astype(int)
    other = np.array(values)
    # The greatest value of all, where no block says that it is: whoever finds it has read it.
    other[np.setdiff1d(np.arange(BLOCK, 40 * BLOCK), told), 2] = 200
    np.testing.assert_array_equal(trace_levels.extreme_places(other, columns, edges, blocks)[0], known)


@given(st.integers(0, SAMPLES), st.integers(0, SAMPLES))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_steps_are_those_of_every_sample(uneven: Recording, one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    steps = np.diff(uneven.states["v"].time[low:high])
    found = shortest_and_longest_step(uneven, "v", low, high)
    assert found == ((steps.min(), steps.max()) if len(steps) else (np.inf, -np.inf))


def test_stretches_of_many_blocks_begin_with_a_block_and_read_nothing_else(stored: Recording) -> None:
    blocks = state_blocks(stored, "v")
    assert blocks is not None
    state, other = stored.states["v"], np.array(stored.states["v"].values)
    drawn = trace_envelope(stored, "v", None, None, 7, [2])
    told = np.arange(40)[:, None] * BLOCK + blocks.at[:, 2].astype(int)
    other[np.setdiff1d(np.arange(40 * BLOCK), told), 2] = 200
    edges = np.append(np.rint(np.arange(7) * SAMPLES / 7 / BLOCK) * BLOCK, SAMPLES).astype(int)
    rows, values = trace_levels.extreme_places(other, np.array([2]), edges, blocks)
    np.testing.assert_array_equal(drawn.values, values)
    np.testing.assert_array_equal(drawn.time, state.time[rows])


def test_blocks_lie_beside_their_columns_and_go_with_them(tmp_path: Path) -> None:
    folder = with_state(values_of("f4")).save(tmp_path / "store")
    state_blocks(open_recording(folder), "v")
    files = sorted(file.name for file in tmp_path.rglob("level_state0_*.npy"))
    assert files == [f"level_state0_{part}.npy" for part in ("at", "extremes", "finite", "steps")]
    made([[1, 2, 3]]).save(folder)
    assert not list(tmp_path.rglob("level_state*"))


@pytest.mark.parametrize("part", ["extremes", "at", "finite", "steps"])
def test_damaged_blocks_are_not_believed(tmp_path: Path, part: str) -> None:
    folder = with_state(values_of("f4")).save(tmp_path / "store")
    state_blocks(open_recording(folder), "v")
    state_blocks.cache_clear()
    (file,) = tmp_path.rglob(f"level_state0_{part}.npy")
    np.save(file, np.load(file)[:-1])
    assert state_blocks(open_recording(folder), "v") is None


def test_an_import_builds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_HOME", str(tmp_path / "home"))
    source = with_state(values_of("f4")).save(tmp_path / "source")
    rec = open_recording(source, mend="t_stop=99")
    assert rec.folder is not None and rec.folder != source
    assert list(rec.folder.rglob("level_state0_at.npy"))
