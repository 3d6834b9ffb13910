from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import made
from scipy import sparse

from spikeboard.analysis.weights import (
    count_duplicates,
    degrees,
    known_weights,
    population_blocks,
    weight_blocks,
    weight_histogram,
)
from spikeboard.errors import RecordingError
from spikeboard.recording import Synapses, recording


def csr(source, target, weight, n_source: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Synapses in any order as CSR arrays, duplicates kept."""
    order = np.argsort(np.asarray(source, int), kind="stable")
    counts = np.bincount(np.asarray(source, int), minlength=n_source)
    indptr = np.r_[0, np.cumsum(counts)].astype(np.int64)
    return indptr, np.asarray(target, np.int32)[order], np.asarray(weight, float)[order]


def random_synapses(seed: int, n_source: int = 30, n_target: int = 20, n: int = 400):
    """Some of the 400 synapses among 600 pairs share a pair."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=n)
    weight[::50] = 0.0
    return csr(rng.integers(0, n_source, n), rng.integers(0, n_target, n), weight, n_source)


synapse_lists = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(-3, 3)), max_size=40)


def blocks_by_definition(synapses, shape, row_order, column_order, combine: str) -> np.ndarray:
    cells: dict[tuple[int, int], list[float]] = {}
    n_rows, n_columns = min(shape[0], len(row_order)), min(shape[1], len(column_order))
    for source, target, weight in synapses:
        if source in row_order and target in column_order:
            row = row_order.index(source) * n_rows // len(row_order)
            column = column_order.index(target) * n_columns // len(column_order)
            cells.setdefault((row, column), []).append(weight)
    values = np.full((n_rows, n_columns), np.nan)
    for cell, weights in cells.items():
        values[cell] = {"sum": np.sum, "mean": np.mean, "count": len}[combine](weights)
    return values


@given(
    synapse_lists,
    st.integers(1, 9),
    st.integers(1, 9),
    st.permutations(range(7)),
    st.permutations(range(5)),
    st.integers(1, 7),
    st.sampled_from(["sum", "mean", "count"]),
)
def test_blocks_are_those_of_the_definition(
    synapses, n_rows, n_columns, rows, columns, kept, combine
) -> None:
    sources, targets, weights = np.array(synapses, float).reshape(-1, 3).T
    arrays = csr(sources, targets, weights, 7)
    rows, shape = rows[:kept], (n_rows, n_columns)
    blocks = weight_blocks(*arrays, 5, shape, combine, np.array(rows), np.array(columns))
    expected = blocks_by_definition(synapses, shape, rows, columns, combine)
    assert np.allclose(blocks.values, expected, equal_nan=True)
    pairs = [(source, target) for source, target, _ in synapses if source in rows]
    assert blocks.count.sum() == len(pairs)
    assert blocks.duplicates == len(pairs) - len(set(pairs))
    assert blocks.row_edges[-1] == kept and blocks.column_edges[-1] == 5


def test_pair_by_pair_it_is_scipys_matrix() -> None:
    arrays = random_synapses(0)
    dense = sparse.csr_array((arrays[2], arrays[1], arrays[0]), shape=(30, 20)).toarray()
    blocks = weight_blocks(*arrays, 20, (500, 500))
    assert blocks.values.shape == (30, 20)
    assert np.allclose(np.nan_to_num(blocks.values), dense)
    assert np.nansum(blocks.values) == pytest.approx(arrays[2].sum())


def test_blocks_of_pairs_are_sums_of_scipys_matrix() -> None:
    arrays = random_synapses(1)
    dense = sparse.csr_array((arrays[2], arrays[1], arrays[0]), shape=(30, 20)).toarray()
    blocks = weight_blocks(*arrays, 20, (7, 3))
    for r in range(7):
        for c in range(3):
            rows = slice(blocks.row_edges[r], blocks.row_edges[r + 1])
            columns = slice(blocks.column_edges[c], blocks.column_edges[c + 1])
            assert blocks.values[r, c] == pytest.approx(dense[rows, columns].sum())


def test_a_weight_of_zero_is_a_synapse_and_no_synapse_is_nan() -> None:
    # trap T15
    arrays = csr([0, 1], [0, 1], [0.0, 2.0], 2)
    values = weight_blocks(*arrays, 2, (2, 2)).values
    assert values[0, 0] == 0 and np.isnan(values[0, 1]) and values[1, 1] == 2


def test_duplicate_synapses_all_count_and_are_reported() -> None:
    # trap T14: dense assignment shows 22.8 of 24.0
    arrays = csr([0, 0, 0, 1, 0], [1, 1, 2, 1, 1], [1.0, 2.0, 3.0, 4.0, 6.0], 2)
    assert count_duplicates(*arrays[:2]) == 2 == count_duplicates(*arrays[:2], n_target=3)
    for combine, expected in (("sum", 9.0), ("mean", 3.0), ("count", 3.0)):
        blocks = weight_blocks(*arrays, 3, (2, 3), combine)
        assert blocks.values[0, 1] == expected and blocks.duplicates == 2


def test_duplicates_need_not_stand_side_by_side() -> None:
    arrays = csr([0, 0, 0, 1], [2, 0, 2, 2], np.ones(4), 3)
    assert count_duplicates(*arrays[:2]) == 1
    assert count_duplicates(np.zeros(4, int), np.zeros(0, np.int32)) == 0
    assert count_duplicates(np.zeros(1, int), np.zeros(0, np.int32)) == 0


@given(synapse_lists)
def test_duplicates_are_synapses_less_distinct_pairs(synapses) -> None:
    sources, targets, weights = np.array(synapses, float).reshape(-1, 3).T
    arrays = csr(sources, targets, weights, 7)
    pairs = [pair[:2] for pair in synapses]
    assert count_duplicates(*arrays[:2]) == len(pairs) - len(set(pairs))


def test_weights_that_are_no_numbers_are_reported_and_spoil_no_sum() -> None:
    arrays = csr([0, 0, 1], [0, 0, 0], [np.nan, 2.0, np.nan], 2)
    blocks = weight_blocks(*arrays, 1, (2, 1))
    assert blocks.values[0, 0] == 2 and np.isnan(blocks.values[1, 0]) and blocks.missing == 2
    assert blocks.count.ravel().tolist() == [2, 1]
    assert weight_blocks(*arrays, 1, (2, 1), "mean").values[0, 0] == 2
    assert weight_blocks(*arrays, 1, (2, 1), "count").values.ravel().tolist() == [2, 1]


def test_synapses_without_weights_can_be_counted_only() -> None:
    indptr, indices, _ = random_synapses(2)
    blocks = weight_blocks(indptr, indices, None, 20, (30, 20), "count")
    assert np.nansum(blocks.values) == 400 and blocks.missing == 0
    with pytest.raises(RecordingError, match='no weights in the file; draw their "count"'):
        weight_blocks(indptr, indices, None, 20, (30, 20))


def test_no_synapses_and_no_units() -> None:
    empty = np.zeros(0, np.int32), np.zeros(0)
    assert np.isnan(weight_blocks(np.zeros(4, np.int64), *empty, 2, (5, 5)).values).all()
    assert weight_blocks(np.zeros(1, np.int64), *empty, 0, (5, 5)).values.shape == (0, 0)


def test_what_cannot_be_drawn_is_refused() -> None:
    arrays = random_synapses(3)
    with pytest.raises(RecordingError, match="no combination 'max'; choose one of sum, mean, count"):
        weight_blocks(*arrays, 20, (5, 5), "max")
    with pytest.raises(RecordingError, match="blocks cannot be drawn"):
        weight_blocks(*arrays, 20, (0, 5))


def test_degrees_are_networkxs() -> None:
    indptr, indices, _ = random_synapses(4, 25, 25)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(25))
    graph.add_edges_from(zip(np.repeat(np.arange(25), np.diff(indptr)), indices.tolist(), strict=True))
    incoming, outgoing = degrees(indptr, indices, 25)
    assert incoming.tolist() == [graph.in_degree(unit) for unit in range(25)]
    assert outgoing.tolist() == [graph.out_degree(unit) for unit in range(25)]


def test_targets_without_synapses_have_degree_zero() -> None:
    incoming, outgoing = degrees(np.array([0, 1, 1]), np.array([2]), 5)
    assert incoming.tolist() == [0, 0, 1, 0, 0] and outgoing.tolist() == [1, 0]


def test_the_histogram_of_weights_loses_none() -> None:
    weights = np.r_[np.random.default_rng(5).normal(size=1000), np.nan, np.inf]
    table = weight_histogram(weights, 30)
    counts, edges = np.histogram(weights[:1000], 30)
    assert table["count"].tolist() == counts.tolist() and table["count"].sum() == 1000
    assert table["left"].tolist() == edges[:-1].tolist() and table["right"].tolist() == edges[1:].tolist()
    assert table.attrs["missing"] == 2


@pytest.mark.parametrize("weight", [0.0, -0.8, 1e-15, 1e12])
def test_equal_weights_are_one_bar(weight: float) -> None:
    table = weight_histogram(np.full(7, weight), 10)
    assert table["count"].sum() == 7 and table["count"].max() == 7
    assert (np.diff(table["left"]) > 0).all()


def test_a_histogram_of_no_weights() -> None:
    assert weight_histogram(np.zeros(0))["count"].sum() == 0
    for wrong in (0, 10_001):
        with pytest.raises(RecordingError, match="between 1 and 10,000 bins"):
            weight_histogram(np.zeros(3), wrong)


def small_network():
    rec = made([[1], [2], [3]], populations=["E", "E", "I"])
    connections = {
        "a": Synapses("E", "I", np.array([0, 1, 2]), np.zeros(2, np.int32), np.array([1.0, 3.0])),
        "b": Synapses("E", "I", np.array([0, 0, 1]), np.zeros(1, np.int32), np.array([np.nan])),
        "c": Synapses("I", "E", np.array([0, 2]), np.array([0, 1], np.int32), np.array([-0.5, 0.5])),
        "d": Synapses("I", "I", np.array([0, 1]), np.zeros(1, np.int32)),
    }
    return recording(
        "net", rec.spike_times, rec.spike_rows, rec.units, t_start=0, t_stop=1, connections=connections
    )


def test_projections_of_one_pair_of_populations_are_one_block() -> None:
    rec = small_network()
    total, mean, count = (population_blocks(rec, combine) for combine in ("sum", "mean", "count"))
    assert total.names == ("E", "I")
    assert np.array_equal(total.values, [[np.nan, 4], [0, np.nan]], equal_nan=True)
    assert np.array_equal(mean.values, [[np.nan, 2], [0, np.nan]], equal_nan=True)
    assert np.array_equal(count.values, [[np.nan, 3], [2, 1]], equal_nan=True)
    assert count.count.tolist() == [[0, 3], [2, 1]] and count.possible.tolist() == [[4, 2], [2, 1]]
    assert total.missing == 2
    with pytest.raises(RecordingError, match="no combination"):
        population_blocks(rec, "median")


def test_weights_that_are_known() -> None:
    rec = small_network()
    assert known_weights(rec.synapses("b")).tolist() == [] == known_weights(rec.synapses("d")).tolist()
    assert known_weights(rec.synapses("a")).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("indptr", "indices"),
    [
        ([0, 1, 9], [0, 1]),
        ([-1, 1, 2], [0, 1]),
        ([0, 2, 1], [0, 1]),
        ([0, 1, 2], [0, 2]),
        ([0, 1, 2], [0, -1]),
    ],
)
def test_synapses_that_point_nowhere_are_refused(indptr: list[int], indices: list[int]) -> None:
    with pytest.raises(RecordingError, match="damaged"):
        weight_blocks(np.array(indptr), np.array(indices), np.ones(2), 2, (2, 2))
    with pytest.raises(RecordingError, match="damaged"):
        count_duplicates(np.array(indptr), np.array(indices), 2)


def test_weights_that_are_fewer_than_synapses_are_refused() -> None:
    with pytest.raises(RecordingError, match="damaged"):
        weight_blocks(np.array([0, 2]), np.array([0, 1]), np.ones(1), 2, (2, 2))
