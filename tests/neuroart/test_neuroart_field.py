"""From a state to levels: checks, digest, blocks, scale."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikeboard.errors import RecordingError
from spikeboard.neuroart import field as fields
from spikeboard.neuroart.field import (
    Blocks,
    Scale,
    checked,
    field_of,
    fingerprint,
    fold,
    levels,
    reduced,
    scales_of,
)

FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)
STATES = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=17), elements=FINITE)
TABLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 23), st.integers(1, 19)), elements=FINITE)


@pytest.fixture(params=[1, 3, 7, 1 << 20])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """States are looked at piece by piece; nothing may depend on the size of the pieces."""
    monkeypatch.setattr(fields, "CHUNK", request.param)
    return request.param


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ([], "nothing to draw: this state has no values"),
        (np.zeros((3, 0)), r"no values \(shape \(3, 0\)\)"),
        (3.0, "this state has 0 axes"),
        (np.zeros((2, 2, 2)), "this state has 3 axes"),
        (np.array(["a", "b"]), "real numbers, but this state holds str"),
        (np.array([1 + 2j]), "complex128"),
        (np.array([1.0, "x"], object), "holds other things too"),
        (pd.Series(["1", "x"]), "holds"),
        (np.ma.masked_array([1.0, 2, 3], [False, True, False]), "1 of 3 values are masked"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(state: object, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        checked(state)  # type: ignore[arg-type]


def test_frames_and_lists_and_masked_arrays_without_gaps_are_taken() -> None:
    table = [[1.0, 2.0], [3.0, 4.0]]
    for state in (table, pd.DataFrame(table), np.ma.masked_array(table), np.array(table, object)):
        assert fingerprint(checked(state)) == fingerprint(np.array(table))


def test_not_finite_values_are_counted_and_placed(chunk: int) -> None:
    state = np.zeros((4, 5))
    state[2, 3], state[3, 0], state[3, 4] = np.nan, np.inf, -np.inf
    with pytest.raises(
        RecordingError, match=r"1 NaN and 2 infinite of 20 .* row 2, column 3, counted from 0"
    ):
        fingerprint(state)
    with pytest.raises(RecordingError, match=r"1 infinite of 3 .* first at position 1"):
        fingerprint(np.array([0, np.inf, 1]))
    with pytest.raises(RecordingError, match="1 NaN of 2"):
        fingerprint(checked(pd.Series([1, None], dtype="Int64")))
    with pytest.raises(RecordingError, match="every value of this state is NaN"):
        fingerprint(np.full(6, np.nan))


@given(STATES)
def test_the_digest_is_of_numbers_not_of_how_they_are_stored(state: np.ndarray) -> None:
    whole = np.rint(state / 1e3)
    stored = (whole.astype(">f4"), whole.astype(np.int16), np.asfortranarray(whole), whole + 0.0)
    assert {fingerprint(one) for one in stored} == {fingerprint(whole)}


@given(STATES)
def test_the_digest_tells_sign_order_and_shape(state: np.ndarray) -> None:
    assert (fingerprint(state) == fingerprint(-state)) == (not state.any())
    turned = state[::-1]
    assert (fingerprint(state) == fingerprint(turned)) == np.array_equal(state, turned)
    assert fingerprint(state.ravel()) != fingerprint(state.ravel()[None])


def test_the_digest_does_not_depend_on_the_pieces(chunk: int) -> None:
    state = np.arange(60.0).reshape(5, 12)
    definition = hashlib.blake2b(b"(5, 12)" + state.astype("<f8").tobytes(), digest_size=32)
    assert fingerprint(state) == definition.hexdigest()


def _edges(length: int, most: int) -> list[int]:
    blocks = min(length, most)
    return [block * length // blocks for block in range(blocks + 1)]


@settings(max_examples=60)
@given(TABLES, st.integers(1, 30), st.integers(1, 30), st.sampled_from([1, 4, 11, 1 << 20]))
def test_blocks_hold_the_mean_and_extent_of_all_values(
    table: np.ndarray, rows: int, columns: int, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fields, "CHUNK", chunk)
        grid = reduced(table, rows, columns)
    down, across = (_edges(*sizes) for sizes in zip(table.shape, (rows, columns), strict=True))
    parts = [[table[a:b, c:d] for c, d in pairwise(across)] for a, b in pairwise(down)]
    assert grid.mean.shape == (len(parts), len(parts[0]))
    for found, how in ((grid.mean, np.mean), (grid.low, np.min), (grid.high, np.max)):
        np.testing.assert_allclose(
            found, [[how(part) for part in line] for line in parts], rtol=1e-9, atol=1e-6
        )
    assert (grid.low <= grid.mean).all() and (grid.mean <= grid.high).all()


def test_ten_million_values_count_every_one() -> None:
    state = np.broadcast_to(np.arange(1000.0), (10_000, 1000))
    np.testing.assert_allclose(reduced(state, 8, 4).mean, np.tile([124.5, 374.5, 624.5, 874.5], (8, 1)))


@given(STATES)
def test_levels_fill_the_range_and_keep_the_order(state: np.ndarray) -> None:
    field = field_of(state, scales_of(state, Blocks(64, 64, 64)), Blocks(64, 64, 64))
    for part in (field.mean, field.low, field.high, field.per_time, field.per_unit):
        assert ((part >= 0) & (part <= 1)).all()
    assert (field.low <= field.mean).all() and (field.mean <= field.high).all()
    order = np.argsort(state, axis=None, kind="stable")
    assert (np.diff(field.mean.ravel()[order]) >= 0).all()
    if state.min() < state.max():
        assert field.low.min() == 0 and field.high.max() == 1
    else:
        assert (field.mean == 0.5).all()


@given(STATES, st.floats(0.01, 100), st.sampled_from([0.0, -65.0, 1e4]))
def test_levels_do_not_depend_on_unit_and_offset(state: np.ndarray, factor: float, offset: float) -> None:
    state = np.rint(state / 100)
    other = state * factor + offset
    blocks = Blocks(64, 64, 64)
    mean = field_of(state, scales_of(state, blocks), blocks).mean
    np.testing.assert_allclose(field_of(other, scales_of(other, blocks), blocks).mean, mean, atol=1e-6)


def test_one_outlier_does_not_flatten_the_rest() -> None:
    state = np.append(np.linspace(-70, -50, 99), 1e6)
    found = levels(state, Scale(np.sort(state), float(state.min()), float(state.max())))
    assert found[-1] == 1
    assert found[98] - found[0] > 0.75


def test_a_sparse_raster_uses_both_ends() -> None:
    state = np.zeros((40, 30))
    state[::7, ::5] = 1
    field = field_of(state, scales_of(state, Blocks(64, 64, 64)), Blocks(64, 64, 64))
    assert set(field.mean.ravel()) == {0.0, 1.0}


@pytest.mark.parametrize(
    "state", [[1e308, -1e308, 1e308, 0], [5e-324, 0, 0, 0, 0, 0], np.full((30, 30), 1e308)]
)
def test_the_ends_of_float64_are_numbers_like_any_other(state: object) -> None:
    values = checked(state)  # type: ignore[arg-type]
    field = field_of(values, scales_of(values, Blocks(4, 4, 4)), Blocks(4, 4, 4))
    assert np.isfinite(field.mean).all()


@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 1)])
def test_what_has_one_axis_in_truth_is_a_sequence(shape: tuple[int, ...]) -> None:
    state = np.arange(6.0).reshape(shape)
    field = field_of(state, scales_of(state, Blocks(4, 4, 100)), Blocks(4, 4, 100))
    assert field.is_sequence
    assert field.mean.shape == (1, 6)


@given(st.integers(1, 200))
def test_folding_keeps_every_value_at_its_place(count: int) -> None:
    lines = fold(np.arange(float(count)))
    assert len(lines) == int(np.sqrt(count))
    assert lines[0, 0] == 0 and lines[-1, -1] == count - 1
    assert (np.diff(lines.ravel()) > 0).all()
    assert {round(value, 6) for value in lines.ravel().tolist()} >= {float(n) for n in (0, count - 1)}
