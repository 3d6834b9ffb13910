"""The weight matrix: what is absent, what is zero, what is drawn twice, and what the colours mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_networks import network_of, synapses_of, triples

import spikeboard
from spikeboard.selection import select
from spikeboard.view import Viewport
from spikeboard.views import view

VIEW = view("weight_matrix")
DEMO = Path(__file__).parents[2] / "data" / "demo"


def drawn(rec, selection=None, **settings):
    return VIEW.draw(rec, selection or select(), **settings)


def cells(found) -> dict[tuple[str, str], float]:
    table = found.result.table()
    return {(s, t): v for s, t, v in zip(table["source"], table["target"], table["value"], strict=True)}


def two(weights) -> spikeboard.Recording:
    return network_of({"A": 3, "B": 2}, {"AB": synapses_of("A", "B", 3, weights, delay=0.002)})


@given(triples(3, 2))
def test_each_cell_holds_all_synapses_of_its_pair(weights) -> None:
    found = drawn(two(weights), range_percent=100)
    known = {}
    for s, t, w in weights:
        known.setdefault((s, t), []).append(w)
    finite = {pair: [w for w in ws if np.isfinite(w)] for pair, ws in known.items()}
    if not any(finite.values()):
        assert found.result is None and found.message
        return
    z = np.asarray(found.figure.data[0].z, float)
    for s in range(3):
        for t in range(2):
            if finite.get((s, t)):
                assert z[s, t] == pytest.approx(sum(finite[s, t]))
            else:
                assert np.isnan(z[s, t])


def test_no_synapse_is_not_a_weight_of_zero() -> None:
    z = np.asarray(drawn(two([(0, 0, 0.0), (1, 1, 1.0)])).figure.data[0].z, float)
    assert z[0, 0] == 0 and np.isnan(z[0, 1])


@pytest.mark.parametrize(("combine", "value"), [("auto", 3.0), ("sum", 3.0), ("mean", 1.5), ("count", 2.0)])
def test_duplicates_are_combined_as_asked_and_counted(combine: str, value: float) -> None:
    found = drawn(two([(0, 0, 1.0), (0, 0, 2.0), (1, 1, 5.0)]), combine=combine)
    assert cells(found)["A 0 · row 0", "B 0 · row 3"] == value
    assert "1 are further synapses of a pair already joined" in found.result.caption


def test_colours_are_symmetric_about_zero() -> None:
    heat = drawn(two([(0, 0, -0.5), (1, 1, 2.0)])).figure.data[0]
    assert heat.zmin == -heat.zmax == -2.0


def test_what_lies_beyond_the_colours_is_counted() -> None:
    weights = [(0, 0, 100.0)] + [(s, t, 1.0) for s in range(3) for t in range(2) if (s, t) != (0, 0)]
    found = drawn(two(weights), range_percent=80)
    assert found.figure.data[0].zmax == 1.0
    assert "1 of 6 cells lie beyond" in found.result.notes[0]
    assert not drawn(two(weights), range_percent=100).result.notes


def test_the_margins_are_the_degrees() -> None:
    figure = drawn(two([(0, 0, 1.0), (0, 1, 1.0), (0, 1, 2.0), (2, 1, 1.0)])).figure
    assert figure.data[1].y.tolist() == [1, 3] and figure.data[2].x.tolist() == [3, 0, 1]


def test_populations_give_one_cell_per_pair_with_the_mean() -> None:
    rec = network_of(
        {"A": 3, "B": 2},
        {
            "AB": synapses_of("A", "B", 3, [(0, 0, 1.0), (1, 1, 3.0)]),
            "BA": synapses_of("B", "A", 2, [(0, 0, -4.0)]),
        },
    )
    assert cells(drawn(rec, level="populations")) == {("A", "B"): 2.0, ("B", "A"): -4.0}
    assert cells(drawn(rec, level="populations", combine="sum")) == {("A", "B"): 4.0, ("B", "A"): -4.0}
    share = cells(drawn(rec, level="populations", quantity="probability"))
    assert share == {("A", "B"): pytest.approx(2 / 6), ("B", "A"): pytest.approx(1 / 6)}


def test_a_pair_joined_twice_counts_once_for_the_probability() -> None:
    found = drawn(two([(0, 0, 1.0), (0, 0, 1.0), (0, 0, 1.0)]), level="populations", quantity="probability")
    assert cells(found)["A", "B"] == pytest.approx(1 / 6)


def test_a_smaller_last_block_is_a_map_of_its_own() -> None:
    weights = [(0, 0, 1.0), (1, 1008, 2.0), (1008, 1, 3.0), (1008, 1008, 4.0)]
    found = drawn(
        network_of({"A": 1009}, {"AA": synapses_of("A", "A", 1009, weights)}), combine="sum", margins=False
    )
    maps = [trace for trace in found.figure.data if trace.type == "heatmap"]
    assert [np.asarray(heat.z).shape for heat in maps] == [(336, 336), (336, 1), (1, 336), (1, 1)]
    assert [np.nansum(heat.z) for heat in maps] == [1, 2, 3, 4]
    assert [bool(heat.showscale) for heat in maps] == [True, False, False, False]
    assert maps[3].x.tolist() == maps[3].y.tolist() == [1007.5, 1008.5]
    assert len({(heat.zmin, heat.zmax) for heat in maps}) == 1


def test_more_than_five_hundred_units_stand_in_blocks() -> None:
    rng = np.random.default_rng(1)
    weights = [(int(s), int(t), 1.0) for s, t in rng.integers(0, 1200, (3000, 2))]
    rec = network_of({"A": 1200}, {"AA": synapses_of("A", "A", 1200, weights)})
    found = drawn(rec, combine="count")
    z = np.asarray(found.figure.data[0].z, float)
    # As many units in each, so that a browser draws them at once.
    assert z.shape == (400, 400) and np.nansum(z) == 3000
    assert "A cell is up to 3 sources × 3 targets, their synapses counted" in found.result.caption
    assert len(found.figure.to_json()) < 4 * 2**20


def square(n: int, seed: int = 1) -> tuple[spikeboard.Recording, np.ndarray]:
    """Units of one population, joined at random, several times now and then; and their summed weights."""
    rng = np.random.default_rng(seed)
    ends, weights = rng.integers(0, n, (n * 8, 2)), rng.normal(size=n * 8)
    known = np.zeros((n, n))
    np.add.at(known, tuple(ends.T), weights)
    triples = [(int(s), int(t), float(w)) for (s, t), w in zip(ends, weights, strict=True)]
    return network_of({"A": n}, {"AA": synapses_of("A", "A", n, triples)}), known


def zoomed(
    rec: spikeboard.Recording, x: tuple[float, float], y: tuple[float, float], width: int = 1000, **settings
):
    return VIEW.draw(rec, select(), Viewport(x, y, width), **settings)


RANGE = st.tuples(st.floats(-5, 45), st.floats(0.01, 45)).map(lambda ends: (ends[0], ends[0] + ends[1]))


@given(RANGE, RANGE)
def test_a_zoom_shows_the_cells_that_are_on_screen_and_no_others(x, y) -> None:
    rec, known = square(40)
    heat = zoomed(rec, x, y).figure.data[0]
    z, first, top = np.nan_to_num(np.asarray(heat.z, float)), round(heat.x[0] + 0.5), round(heat.y[0] + 0.5)
    assert np.allclose(z, known[top : top + len(z), first : first + z.shape[1]], atol=1e-6)
    for edges, (low, high) in ((heat.x, x), (heat.y, y)):
        inside = np.clip([low, high], -0.5, 39.5)
        assert edges[0] <= inside[0] or edges[0] == 38.5
        assert edges[-1] >= inside[1] or edges[-1] == 0.5
        # Nothing beyond the places that are cut.
        assert edges[0] > low - 1 or edges[0] in (-0.5, 38.5)


def test_a_zoom_goes_from_blocks_to_single_synapses_and_says_so() -> None:
    rec, known = square(1200)
    whole = drawn(rec)
    assert "up to 3 sources × 3 targets, their synapses averaged" in whole.result.caption
    assert whole.figure.data[0].colorbar.title.text.startswith("Mean weight")
    part = zoomed(rec, (99.5, 499.5), (199.5, 299.5))
    assert "from 100 of 1,200 sources (rows) to 400 of 1,200 targets (columns)" in part.result.caption
    assert "A cell is one source and one target" in part.result.caption
    heat = part.figure.data[0]
    assert heat.colorbar.title.text.startswith("Weight")
    assert np.allclose(np.nan_to_num(np.asarray(heat.z, float)), known[200:300, 100:500], atol=1e-6)
    # The axes stay those of the whole: a double click shows it again.
    assert part.figure.layout.xaxis.range == whole.figure.layout.xaxis.range == (-0.5, 1199.5)
    assert part.figure.layout.yaxis.range == (1199.5, -0.5)


def test_under_the_pointer_stand_both_units_the_weight_and_the_number_of_synapses() -> None:
    rec = two([(0, 0, 1.0), (0, 0, 2.0), (2, 1, 5.0)])
    figure = zoomed(rec, (-0.4, 0.4), (-0.4, 0.4)).figure
    heat = figure.data[0]
    assert np.asarray(heat.z).tolist() == [[3.0]] and np.asarray(heat.customdata).tolist() == [[2]]
    for axis, name in ((figure.layout.xaxis, "B 0 · row 3"), (figure.layout.yaxis, "A 0 · row 0")):
        assert list(axis.tickvals) == [0] and name in axis.ticktext[0]
    assert all(part in heat.hovertemplate for part in ("%{y} → %{x}", "%{z", "%{customdata"))


def test_blocks_are_no_finer_than_the_screen() -> None:
    rec, _ = square(400)
    z = np.asarray(zoomed(rec, (-0.5, 399.5), (-0.5, 399.5), 350).figure.data[0].z)
    # The figure is as high as ever.
    assert z.shape == (400, 200)


def test_names_of_populations_stand_upright_where_they_have_no_room() -> None:
    pairs = [(s, t, 1.0) for s in range(40) for t in range(20)]
    targets = {"basket": 20, "granule": 30}
    projections = {name: synapses_of("E", name, 40, pairs) for name in targets}
    rec = network_of({"E": 40} | targets, projections)
    for width, angle in ((1000, 0), (200, -90)):
        named = VIEW.draw(rec, select(), Viewport(width=width)).figure.layout.annotations
        assert {note.textangle for note in named if note.text in targets} == {angle}


def test_a_part_without_synapses_is_grey_and_no_error() -> None:
    found = zoomed(two([(0, 0, 1.0)]), (0.6, 1.4), (1.6, 2.4))
    assert found.result is not None and "0 synapses" in found.result.caption
    assert np.isnan(np.asarray(found.figure.data[0].z)).all() and found.result.table().empty


def test_populations_and_histograms_are_shown_whole() -> None:
    rec = two([(0, 0, 1.0), (2, 1, 5.0)])
    for settings in ({"level": "populations"}, {"display": "weights"}, {"display": "degrees"}):
        part, whole = zoomed(rec, (0.6, 1.4), (0.6, 1.4), **settings), drawn(rec, **settings)
        assert part.figure == whole.figure


def test_other_axes_forget_a_zoom() -> None:
    rec = two([(0, 0, 1.0), (2, 1, 5.0)])
    first = drawn(rec).figure.layout.uirevision
    assert drawn(rec, quantity="delay").figure.layout.uirevision == first
    assert drawn(rec, level="populations").figure.layout.uirevision != first
    assert drawn(rec, applies="source").figure.layout.uirevision != first


def test_the_selection_restricts_both_ends_or_one() -> None:
    rec = two([(0, 0, 1.0), (1, 0, 2.0), (1, 1, 3.0)])
    assert len(cells(drawn(rec, select(units=[1, 3])))) == 1
    assert len(cells(drawn(rec, select(units=[1]), applies="source"))) == 2
    assert len(cells(drawn(rec, select(units=[3]), applies="target"))) == 2
    nothing = drawn(rec, select(units=[1]))
    assert nothing.result is None and "target" in nothing.message


def test_weights_of_inhibitory_sources_are_drawn_below_zero() -> None:
    rec = network_of({"A": 2}, {"AA": synapses_of("A", "A", 2, [(0, 1, 1.0), (1, 0, 2.0)])}, ei=["e", "i"])
    found = drawn(rec)
    assert sorted(cells(found).values()) == [-2.0, 1.0]
    assert any("Sign from the unit table" in note for note in found.result.notes)


def test_delays_are_means_in_milliseconds() -> None:
    found = drawn(two([(0, 0, 1.0), (0, 0, 1.0)]), quantity="delay")
    assert cells(found) == {("A 0 · row 0", "B 0 · row 3"): 2.0}
    assert found.figure.data[0].colorbar.title.text == "Delay (ms)"


def test_the_demo_agrees_with_scipy() -> None:
    from scipy.sparse import csr_array

    rec = spikeboard.open(DEMO)
    synapses = rec.synapses("PV→E")
    dense = csr_array(
        (synapses.weight, np.asarray(synapses.indices), np.asarray(synapses.indptr)), shape=(40, 160)
    ).toarray()
    z = np.asarray(drawn(rec, projection="PV→E").figure.data[0].z, float)
    assert np.allclose(np.nan_to_num(z), dense, rtol=1e-6) and np.array_equal(np.isfinite(z), dense != 0)


def test_the_weight_histogram_counts_each_synapse_once() -> None:
    weights = [(0, 0, 1.0), (0, 0, 2.0), (1, 1, 2.0), (2, 0, float("nan"))]
    found = drawn(two(weights), display="weights", range_percent=100)
    table = found.result.table()
    assert table["count"].sum() == 3
    assert "mean 1.667" in found.result.caption and "1 synapses have no weight" in found.result.notes[0]


def test_the_histogram_says_what_lies_beyond_its_bins() -> None:
    weights = [(s % 3, s % 2, 1.0 + 0.001 * s) for s in range(200)] + [(0, 0, 1000.0)]
    found = drawn(two(weights), display="weights", range_percent=99)
    left_out = 201 - found.result.table()["count"].sum()
    assert left_out > 0 and f"{left_out} of 201 synapses lie beyond the bins" in " ".join(found.result.notes)


def test_degree_histograms_hold_every_unit_and_every_synapse() -> None:
    found = drawn(two([(0, 0, 1.0), (0, 1, 1.0), (0, 1, 2.0), (2, 1, 1.0)]), display="degrees")
    table = found.result.table()
    middle = (table["from"] + table["to"]) / 2
    sums = (table["count"] * middle).groupby(table["kind"]).sum()
    assert sums.to_dict() == {"in-degree": 4.0, "out-degree": 4.0}
    assert table.groupby("kind")["count"].sum().to_dict() == {"in-degree": 2, "out-degree": 3}


def test_a_projection_that_is_not_there_is_named() -> None:
    assert "no projection 'X'" in drawn(two([(0, 0, 1.0)]), projection="X").message
