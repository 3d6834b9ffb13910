"""Synapses summed by groups of units, against dense matrices; and the sign they have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_networks import network_of, synapses_of, triples

from spikeboard.analysis.synapses import (
    delays_ms,
    inhibitory_units,
    shown_synapses,
    sign_from_units,
    signed_weights,
    synapse_sums,
)
from spikeboard.errors import RecordingError

groups = st.lists(st.integers(-1, 2), min_size=7, max_size=7)


@given(triples(4, 3), triples(3, 4), groups, groups)
def test_sums_are_those_of_the_plain_definition(there, back, rows, columns) -> None:
    rec = network_of(
        {"A": 4, "B": 3}, {"AB": synapses_of("A", "B", 4, there), "BA": synapses_of("B", "A", 3, back)}
    )
    found = synapse_sums(rec, np.array(rows), np.array(columns), (3, 3), lambda s: s.weight)
    joined = [(s, 4 + t, w) for s, t, w in there] + [(4 + s, t, w) for s, t, w in back]
    for r in range(3):
        for c in range(3):
            mine = [(s, t, w) for s, t, w in joined if rows[s] == r and columns[t] == c]
            known = [w for *_, w in mine if np.isfinite(w)]
            assert found.count[r, c] == len(mine)
            assert found.pairs[r, c] == len({(s, t) for s, t, _ in mine})
            assert found.finite[r, c] == len(known)
            assert found.positive[r, c] == sum(w > 0 for w in known)
            assert found.negative[r, c] == sum(w < 0 for w in known)
            if known:
                assert found.sum[r, c] == pytest.approx(sum(known))
                assert found.mean[r, c] == pytest.approx(np.mean(known))
            else:
                assert np.isnan(found.sum[r, c]) and np.isnan(found.mean[r, c])


def test_a_weight_of_zero_is_a_synapse_and_no_synapse_is_none() -> None:
    rec = network_of({"A": 2}, {"AA": synapses_of("A", "A", 2, [(0, 1, 0.0)])})
    found = synapse_sums(rec, np.arange(2), np.arange(2), (2, 2), lambda s: s.weight)
    assert found.sum[0, 1] == 0.0 and np.isnan(found.sum[1, 0])


def test_only_the_projections_named_count() -> None:
    one = [(0, 0, 1.0)]
    rec = network_of({"A": 1}, {"x": synapses_of("A", "A", 1, one), "y": synapses_of("A", "A", 1, one * 3)})
    zero = np.zeros(1, int)
    assert synapse_sums(rec, zero, zero, (1, 1), lambda s: s.weight, ("y",)).count[0, 0] == 3


def test_too_many_groups_are_refused_before_memory_is_taken() -> None:
    rec = network_of({"A": 1}, {})
    with pytest.raises(RecordingError, match="too many"):
        synapse_sums(rec, np.zeros(1, int), np.zeros(1, int), (10**6, 10**6), lambda s: s.weight)


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
