"""Synapses summed by groups of units, against dense matrices; and the sign they have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_networks import network_of, synapses_of, triples
from scipy import sparse

from spikeboard.analysis.synapses import (
    delays_ms,
    inhibitory_units,
    shown_synapses,
    sign_from_units,
    signed_weights,
    weight_blocks,
)
from spikeboard.errors import RecordingError

groups = st.lists(st.integers(-1, 2), min_size=7, max_size=7)


@given(triples(4, 3), triples(3, 4), groups, groups)
def test_sums_are_those_of_the_plain_definition(there, back, rows, columns) -> None:
    rec = network_of(
        {"A": 4, "B": 3}, {"AB": synapses_of("A", "B", 4, there), "BA": synapses_of("B", "A", 3, back)}
    )
    found = weight_blocks(rec, None, (3, 3), np.array(rows), np.array(columns))
    joined = [(s, 4 + t, w) for s, t, w in there] + [(4 + s, t, w) for s, t, w in back]
    for r in range(3):
        for c in range(3):
            mine = [(s, t, w) for s, t, w in joined if rows[s] == r and columns[t] == c]
            known = [w for *_, w in mine if np.isfinite(w)]
            assert found.count[r, c] == len(mine)
            assert found.pairs[r, c] == len({(s, t) for s, t, _ in mine})
            assert found.finite[r, c] == len(known)
            if known:
                assert found.sum[r, c] == pytest.approx(sum(known))
                assert found.mean[r, c] == pytest.approx(np.mean(known))
            else:
                assert np.isnan(found.sum[r, c]) and np.isnan(found.mean[r, c])


@given(triples(6, 5), st.integers(1, 9), st.integers(1, 9))
def test_blocks_of_neighbours_are_parts_of_scipys_matrix(joined, n_rows: int, n_columns: int) -> None:
    known = [(s, t, w) for s, t, w in joined if np.isfinite(w)]
    rec = network_of({"B": 2, "A": 6, "C": 5}, {"AC": synapses_of("A", "C", 6, known)})
    blocks = weight_blocks(rec, "AC", (n_rows, n_columns))
    rows, columns = (np.arange(n) * min(most, n) // n for n, most in ((6, n_rows), (5, n_columns)))
    source, target, weight = np.array(known, float).reshape(-1, 3).T
    dense = sparse.coo_array(
        (weight, (rows[source.astype(int)], columns[target.astype(int)])), blocks.sum.shape
    )
    assert np.asarray(blocks).shape == (min(n_rows, 6), min(n_columns, 5))
    assert np.allclose(np.nan_to_num(np.asarray(blocks)), dense.toarray())
    assert np.array_equal(np.isnan(blocks), blocks.count == 0)
    assert (blocks.count - blocks.pairs).sum() == len(known) - len({(s, t) for s, t, _ in known})


@pytest.mark.parametrize("stranger", [-1, 3, 2**31 - 1])
def test_synapses_onto_units_that_are_not_there_are_refused(stranger: int) -> None:
    rec = network_of({"A": 3}, {"AA": synapses_of("A", "A", 3, [(0, 1, 1.0), (1, 2, 1.0)])})
    rec.synapses("AA").indices[1] = stranger
    with pytest.raises(RecordingError, match="damaged: 1 synapse"):
        weight_blocks(rec, "AA", (2, 2))


def test_a_weight_of_zero_is_a_synapse_and_no_synapse_is_none() -> None:
    rec = network_of({"A": 2}, {"AA": synapses_of("A", "A", 2, [(0, 1, 0.0)])})
    found = weight_blocks(rec, "AA", (2, 2))
    assert found.sum[0, 1] == 0.0 and np.isnan(found.sum[1, 0])


def test_only_the_projections_named_count() -> None:
    one = [(0, 0, 1.0)]
    rec = network_of({"A": 1}, {"x": synapses_of("A", "A", 1, one), "y": synapses_of("A", "A", 1, one * 3)})
    assert weight_blocks(rec, "y", (1, 1)).count[0, 0] == 3
    assert weight_blocks(rec, ["x", "y"], (1, 1)).count[0, 0] == 4
    with pytest.raises(RecordingError, match="no projection 'z'"):
        weight_blocks(rec, "z", (1, 1))


def test_too_many_groups_are_refused_before_memory_is_taken() -> None:
    rec = network_of({"A": 1}, {})
    with pytest.raises(RecordingError, match="too many"):
        weight_blocks(rec, None, (10**6, 10**6), np.zeros(1, int), np.zeros(1, int))


def mixed(weights: list[float]):
    connections = {"AA": synapses_of("A", "A", 3, [(k, 0, weight) for k, weight in enumerate(weights)])}
    return network_of({"A": 3}, connections, ei=["e", "i", "Inh"])


def test_weights_without_sign_get_that_of_their_source() -> None:
    rec = mixed([1.0, 2.0, 3.0])
    assert sign_from_units(rec, rec.synapses("AA"))
    assert signed_weights(rec, rec.synapses("AA")).tolist() == [1.0, -2.0, -3.0]
    assert inhibitory_units(rec).tolist() == [False, True, True]


def test_weights_with_a_sign_keep_it() -> None:
    rec = mixed([1.0, -2.0, 3.0])
    assert not sign_from_units(rec, rec.synapses("AA"))
    assert signed_weights(rec, rec.synapses("AA")).tolist() == [1.0, -2.0, 3.0]


def test_without_a_word_in_the_unit_table_weights_stay() -> None:
    rec = network_of({"A": 1}, {"AA": synapses_of("A", "A", 1, [(0, 0, 4.0)])})
    assert inhibitory_units(rec) is None and signed_weights(rec, rec.synapses("AA")).tolist() == [4.0]


def test_delays_are_milliseconds() -> None:
    assert delays_ms(synapses_of("A", "A", 1, [(0, 0, 1.0)], delay=0.0015)).tolist() == [1.5]
    assert delays_ms(synapses_of("A", "A", 1, [(0, 0, 1.0)])) is None


@given(
    triples(4, 3),
    st.lists(st.booleans(), min_size=7, max_size=7),
    st.lists(st.booleans(), min_size=7, max_size=7),
)
def test_shown_synapses_join_a_chosen_source_with_a_chosen_target(there, sources, targets) -> None:
    rec = network_of({"A": 4, "B": 3}, {"AB": synapses_of("A", "B", 4, there)})
    kept = shown_synapses(rec, rec.synapses("AB"), np.array(sources), np.array(targets))
    ordered = sorted(there, key=lambda one: one[0])
    assert kept.tolist() == [sources[s] and targets[4 + t] for s, t, _ in ordered]


def test_more_blocks_than_two_bytes_number_are_summed_as_well() -> None:
    n = 2**15 + 5
    weights = [(0, n - 1, 2.0), (1, 0, 3.0), (1, n - 2, 4.0)]
    rec = network_of({"A": n}, {"AA": synapses_of("A", "A", n, weights)})
    found = weight_blocks(rec, "AA", (2, n), sources=np.minimum(np.arange(n), 1), targets=np.arange(n))
    assert found.sum[0, n - 1] == 2 and found.sum[1, 0] == 3 and found.sum[1, n - 2] == 4
    assert np.isfinite(found.sum).sum() == 3 and found.count.sum() == 3
