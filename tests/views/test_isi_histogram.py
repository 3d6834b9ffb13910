from __future__ import annotations

import elephant.statistics as elephant
import numpy as np
import pytest
import quantities as pq
from awkward import hostile_names
from hypothesis import given
from made_trains import awkward, made, tick_trains, trains_of

from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.selection import select
from spikeboard.views.isi_histogram import VIEW

pytestmark = pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated")


def gaps_ms(rec) -> np.ndarray:
    return np.concatenate([np.diff(train) for train in trains_of(rec)]) * rec.tick * 1e3


@pytest.mark.parametrize("rate", [1000.0, 1e4, None])
def test_counts_are_those_of_a_plain_histogram(rate: float | None) -> None:
    rec = awkward(rate=rate)
    frame = VIEW.compute(rec, select(), bin_ms=5.0, max_ms=400.0, split=False).table()
    edges = np.r_[frame["left_ms"], frame["right_ms"].iloc[-1]]
    # A hair below each edge: the intervals lie on ticks, the edges between them.
    expected = np.histogram(gaps_ms(rec) + 1e-9, np.round(edges, 6))[0]
    assert frame["count"].tolist() == expected.tolist()


def test_every_interval_is_in_a_bin_or_in_a_note() -> None:
    rec = awkward()
    result = VIEW.compute(rec, select(), max_ms=50.0, split=False)
    inside = int(result.table()["count"].sum())
    total = len(gaps_ms(rec))
    assert 0 < inside < total
    assert any(note.startswith(f"{total - inside:,} intervals") and "beyond" in note for note in result.notes)
    assert result.caption.startswith(f"{total:,} intervals of 7 units of E, I")


def test_no_combs_where_the_bin_is_no_multiple_of_the_clock() -> None:
    train = np.cumsum(np.tile(np.arange(8, 25), 20))
    rec = made([train.tolist()], 1000.0, 0.0, 10.0)
    result = VIEW.compute(rec, select(), bin_ms=0.34, max_ms=25.0)
    frame = result.table()
    assert np.allclose(frame["right_ms"] - frame["left_ms"], 1.0)
    assert (frame["count"][8:25] > 0).all() and frame["count"][8:25].nunique() <= 2
    assert any("snapped to 1 ms" in note for note in result.notes)


def test_too_fine_bins_are_widened_and_said() -> None:
    result = VIEW.compute(awkward(), select(), bin_ms=0.1, max_ms=1000.0)
    assert len(result.table()["left_ms"].unique()) <= 1000
    assert any("finer than the screen" in note for note in result.notes)


def test_probability_and_density_are_of_all_intervals() -> None:
    rec = awkward()
    frame = VIEW.compute(rec, select(), bin_ms=2.0, max_ms=100.0, split=False).table()
    share = frame["count"].sum() / len(gaps_ms(rec))
    assert frame["probability"].sum() == pytest.approx(share)
    width_s = (frame["right_ms"] - frame["left_ms"]) / 1e3
    assert (frame["density"] * width_s).sum() == pytest.approx(share)


def test_logarithmic_density_is_per_decade() -> None:
    rec = awkward()
    result = VIEW.compute(rec, select(), logarithmic=True, split=False)
    frame = result.table()
    decades = np.log10(frame["right_ms"] / frame["left_ms"])
    zero = int((gaps_ms(rec) == 0).sum())
    inside = 1 - zero / len(gaps_ms(rec))
    assert zero > 0 and any(note.startswith(f"{zero:,} interval") for note in result.notes)
    assert (frame["density"] * decades).sum() == pytest.approx(inside)


def test_poisson_reference_is_one_exponential_per_unit() -> None:
    fast, slow = np.arange(0, 1000, 10), np.arange(0, 1000, 100)
    frame = VIEW.compute(
        made([fast.tolist(), slow.tolist()]), select(), bin_ms=5.0, max_ms=200.0, split=False
    ).table()
    left, right = frame["left_ms"] / 1e3, frame["right_ms"] / 1e3
    expected = sum(n * (np.exp(-left / m) - np.exp(-right / m)) for n, m in ((99, 0.01), (9, 0.1)))
    np.testing.assert_allclose(frame["poisson"], expected)


def test_means_that_share_an_exponential_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward()
    settings = {"bin_ms": 5.0, "max_ms": 400.0, "split": False}
    exact = VIEW.compute(rec, select(), **settings).table()["poisson"]
    monkeypatch.setattr("spikeboard.displays.isi_histogram.histogram.MOST_EXPONENTIALS", 5)
    shared = VIEW.compute(rec, select(), **settings).table()["poisson"]
    assert shared.sum() == pytest.approx(exact.sum(), rel=0.05)


def test_an_interval_of_exactly_the_refractory_period_is_no_violation() -> None:
    rec = made([[0, 1, 3, 6, 10]])
    assert "1 interval (25 %) is shorter than 2 ms" in VIEW.compute(rec, select(), refractory_ms=2.0).caption
    assert "None is shorter than 1 ms" in VIEW.compute(rec, select(), refractory_ms=1.0).caption


def test_a_single_spike_is_no_interval_of_zero() -> None:
    rec = made([[5], [1, 11], []])
    result = VIEW.compute(rec, select(), split=False)
    assert result.table()["count"].sum() == 1 and result.caption.startswith("1 interval of unit P 1")
    assert "1 silent unit and 1 unit with a single spike: no interval." in result.notes
    with pytest.raises(NothingToDraw, match=r"unit P 0 has 1 spike .*: no interval"):
        VIEW.compute(rec, select(), unit=0)
    with pytest.raises(NothingToDraw, match="unit P 2 has 0 spikes"):
        VIEW.compute(rec, select(), unit=2)


def test_only_intervals_within_the_window_count() -> None:
    rec = made([[100, 300, 400, 900]])
    assert VIEW.compute(rec, select(0.2, 0.5)).table()["count"].sum() == 1


def test_a_population_has_its_own_line_and_normalisation() -> None:
    rec = awkward()
    frame = VIEW.compute(rec, select(), bin_ms=10.0, max_ms=100_000.0).table()
    assert list(frame["of"].unique()) == ["E", "I"]
    np.testing.assert_allclose(frame.groupby("of")["probability"].sum(), 1.0)
    pooled = VIEW.compute(rec, select(), split=False)
    assert pooled.table()["of"].nunique() == 1 and "All populations are pooled." in pooled.notes


def test_variability_agrees_with_elephant() -> None:
    rec = awkward()
    frame = VIEW.compute(rec, select(), display="variability").table().set_index("unit")
    for row, train in enumerate(trains_of(rec)):
        gaps = np.diff(train) * rec.tick
        if len(train) < 3 or (gaps[:-1] + gaps[1:] == 0).any():
            continue
        found = frame.loc[row]
        assert found["cv"] == pytest.approx(elephant.cv(gaps))
        assert found["cv2"] == pytest.approx(elephant.cv2(gaps))
        assert found["lv"] == pytest.approx(elephant.lv(gaps))
        assert found["lvr"] == pytest.approx(elephant.lvr(gaps * pq.s, R=5 * pq.ms))
        assert found["rate_hz"] == pytest.approx(len(train) / 10.0)


def test_rates_are_over_the_window_not_up_to_the_last_spike() -> None:
    frame = VIEW.compute(made([[0, 10, 20, 30]]), select(), display="variability").table()
    assert frame["rate_hz"].tolist() == [4.0]


def test_return_map_pairs_each_interval_with_the_next_of_its_unit() -> None:
    rec = made([[0, 10, 30, 60], [500, 501]])
    result = VIEW.compute(rec, select(), display="return_map")
    frame = result.table()
    assert frame[["interval_ms", "next_ms"]].to_numpy().tolist() == [[10.0, 20.0], [20.0, 30.0]]
    assert "too few pairs" in result.caption


def test_serial_correlation_of_alternating_intervals_is_minus_one() -> None:
    train = np.cumsum(np.tile([5, 15], 20))
    result = VIEW.compute(made([train.tolist()]), select(), display="return_map")
    assert "serial correlation -1.000" in result.caption


def test_serial_correlation_is_pearsons() -> None:
    rec = awkward()
    train = trains_of(rec)[3]
    gaps = np.diff(train)
    expected = np.corrcoef(gaps[:-1], gaps[1:])[0, 1]
    caption = VIEW.compute(rec, select(), display="return_map", unit=3).caption
    assert f"serial correlation {expected:+.3f}" in caption


@given(tick_trains())
def test_shifting_all_times_changes_no_interval(trains: list[list[int]]) -> None:
    if not any(len(train) > 1 for train in trains):
        return
    here = VIEW.compute(made(trains), select()).table()
    later = [[tick + 5000 for tick in train] for train in trains]
    there = VIEW.compute(made(later, t_start=5.0, t_stop=6.0), select()).table()
    assert here["count"].tolist() == there["count"].tolist()


@pytest.mark.parametrize("display", list(VIEW.settings["display"].options))  # type: ignore[attr-defined]
def test_hostile_names_are_escaped(display: str) -> None:
    text = VIEW.draw(hostile_names(), select(), display=display).figure.to_json().replace("\\u003c", "<")
    assert "<script" not in text and "<img" not in text


def test_a_unit_that_is_not_there_is_refused() -> None:
    with pytest.raises(RecordingError, match="unit row 7"):
        VIEW.compute(made([[1, 2]]), select(), unit=7)


@pytest.mark.parametrize("scale", ["counts", "density", "probability"])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_what_is_drawn_is_what_the_table_says(scale: str, logarithmic: bool) -> None:
    drawn = VIEW.draw(awkward(), select(), scale=scale, logarithmic=logarithmic, split=False)
    column = {"counts": "count"}.get(scale, scale)
    steps, reference = drawn.figure.data[:2]
    assert drawn.result is not None
    frame = drawn.result.table()
    np.testing.assert_allclose(np.asarray(steps.y)[1:-2], frame[column], rtol=1e-5)
    ratio = frame[column] / frame["count"].where(frame["count"] > 0)
    np.testing.assert_allclose(
        (np.asarray(reference.y) - frame["poisson"] * ratio)[ratio.notna()],
        0,
        atol=1e-4 * frame[column].max(),
    )
