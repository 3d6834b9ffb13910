"""Of many segments some are taken: evenly, exactly these, and nothing else is read for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, trains_of
from scipy import signal

from spikeboard.analysis import layout as layouts
from spikeboard.analysis import segments, waves
from spikeboard.analysis.groups import Trains, grouped_trains
from spikeboard.analysis.spectra import coherence, multitaper, spectrogram, welch, welch_signal
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording


def cut_into(values: np.ndarray, bin_s: float, segment_s: float, overlap: float, every: int) -> np.ndarray:
    """Every k-th segment of samples, without its mean, under a Hann window: (segments, samples)."""
    n = round(segment_s / bin_s)
    step = n - round(overlap * n)
    parts = np.array([values[k : k + n] for k in range(0, len(values) - n + 1, step)][::every])
    return (parts - parts.mean(axis=1, keepdims=True)) * signal.get_window("hann", n)


def periodograms(parts: np.ndarray, bin_s: float) -> np.ndarray:
    """Two-sided densities of tapered segments, (segments, F)."""
    norm = (signal.get_window("hann", parts.shape[1]) ** 2).sum()
    return np.abs(np.fft.rfft(parts)) ** 2 * bin_s / norm


def rates(rec: Recording, rows: list[int], bin_s: float) -> np.ndarray:
    """The pooled train as rates in its samples."""
    ticks = np.sort(np.concatenate([trains_of(rec)[k] for k in rows]))
    width = round(bin_s * rec.ticks_per_second)
    edges = np.arange(0, round(rec.t_stop * rec.ticks_per_second) + 1, width)
    return np.histogram(ticks[ticks < edges[-1]], edges)[0] / bin_s


@given(st.integers(4, 5000), st.integers(4, 60), st.floats(-3.0, 0.95), st.integers(1, 40))
def test_segments_that_are_taken_lie_evenly(samples: int, segment: int, overlap: float, most: int) -> None:
    if segment > samples:
        return
    every_one = layouts.layout_of(samples, 0.5, 1, segment / 2, 1.0, overlap)
    some = layouts.layout_of(samples, 0.5, 1, segment / 2, 1.0, overlap, most)
    assert every_one.every == 1
    assert some.step == some.every * every_one.step
    assert some.n_segments == len(range(0, every_one.n_segments, some.every)) <= most
    # No more are left out than need be.
    assert some.every == 1 or len(range(0, every_one.n_segments, some.every - 1)) > most


@pytest.mark.parametrize("rows", [[5], [3, 4, 5], [1]])
@pytest.mark.parametrize(("overlap", "most"), [(0.5, 7), (0.5, 12), (0.0, 4), (0.9, 30)])
def test_welch_of_some_segments_is_the_mean_of_their_periodograms(
    rows: list[int], overlap: float, most: int
) -> None:
    rec = awkward(2, 1000.0)
    found = welch(rec, [rows], 0.5, 62.5, overlap, most_segments=most)
    parts = cut_into(rates(rec, rows, found.bin_s), found.bin_s, 0.5, overlap, found.every)
    assert found.every > 1
    assert found.n_segments == len(parts) <= most
    expected = periodograms(parts, found.bin_s).mean(axis=0)[: len(found.frequency_hz)]
    np.testing.assert_allclose(found.power[0], expected, rtol=1e-9, atol=1e-9)


def test_what_lies_between_segments_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward(2, 1000.0)
    everyone = [np.arange(len(rec.units)).tolist()]
    expected = welch(rec, everyone, 0.5, 62.5, most_segments=5).power
    monkeypatch.delattr(Trains, "binned")
    np.testing.assert_array_equal(welch(rec, everyone, 0.5, 62.5, most_segments=5).power, expected)
    with pytest.raises(AttributeError):
        welch(rec, everyone, 0.5, 62.5)


@given(
    trains=st.lists(st.lists(st.integers(0, 1999), max_size=80).map(sorted), min_size=1, max_size=4),
    shared=st.booleans(),
    start=st.sampled_from([0.0, 0.313]),
    at_once=st.sampled_from([1, 10**6]),
)
def test_counts_of_segments_apart_are_those_of_all_bins(
    trains: list[list[int]], shared: bool, start: float, at_once: int
) -> None:
    rec = made(trains, 1000.0, t_stop=2.0)
    units = list(range(len(trains)))
    groups = [units, units[:1]] if shared else [[k] for k in units]
    held = grouped_trains(rec, groups, start)
    layout = layouts.spike_layout(held, 0.16, 60.0, 0.5, 3)
    assert layout.step > layout.segment
    with pytest.MonkeyPatch.context() as patch:
        # With nothing to be held, only the segments are counted.
        patch.setattr(segments, "MOST_COUNTED", 0)
        apart = list(segments.sampled(held, range(len(groups)), layout))
        patch.setattr(segments, "MOST_COUNTED", at_once * layout.n_segments * layout.segment)
        again = list(segments.sampled(held, range(len(groups)), layout))
    for (k, samples, cut), (_, other, _) in zip(apart, again, strict=True):
        whole = held.binned(k, layout.bin_ticks, layout.samples)
        expected = [whole[n * layout.step :][: layout.segment] for n in range(layout.n_segments)]
        assert cut.step == layout.segment
        np.testing.assert_array_equal(samples, np.concatenate(expected))
        np.testing.assert_array_equal(other if len(other) == len(samples) else samples, samples)


@given(
    trains=st.lists(st.lists(st.integers(0, 1999), max_size=40).map(sorted), min_size=1, max_size=5),
    shared=st.booleans(),
    start=st.sampled_from([0.0, 0.313]),
    at_once=st.sampled_from([1, 100]),
)
def test_waves_of_segments_apart_are_those_of_whole_trains(
    trains: list[list[int]], shared: bool, start: float, at_once: int
) -> None:
    # A busy unit that is not asked for.
    rec = made([*trains, list(range(0, 2000, 4))], 1000.0, t_stop=2.0)
    groups: list[list[int]] = [[k] for k in range(len(trains))]
    held = grouped_trains(rec, [*groups, *([groups[0]] if shared else [])], start)
    layout = layouts.spike_layout(held, 0.16, 60.0, 0.5, 3)
    tapers = signal.windows.dpss(layout.segment, 2.0, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waves, "AT_ONCE", at_once)
        found = waves.wave_powers(held, np.arange(len(held)), layout, tapers)
        patch.setattr(waves, "_apart", lambda *_: None)
        np.testing.assert_array_equal(waves.wave_powers(held, np.arange(len(held)), layout, tapers), found)
    for k, train in enumerate(held[k] for k in range(len(held))):
        bins = np.bincount((train - held.start) // layout.bin_ticks, minlength=layout.samples)[
            : layout.samples
        ]
        whole = segments.mean_power(bins.astype(float), layout, tapers) / layout.bin_s
        np.testing.assert_allclose(found[k], whole, rtol=1e-9, atol=1e-9)


def test_of_segments_apart_no_train_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward(2, 1000.0)
    expected = welch(rec, None, 0.5, 62.5, most_segments=3).power
    monkeypatch.setattr("spikeboard.analysis.segments.WAVE_COST", 0)
    monkeypatch.delattr(Trains, "__getitem__")
    np.testing.assert_allclose(welch(rec, None, 0.5, 62.5, most_segments=3).power, expected, atol=1e-9)


def test_multitaper_takes_the_same_segments() -> None:
    rec = awkward(2, 1000.0)
    found = multitaper(rec, [5], 0.5, 62.5, 3.0, most_segments=6)
    whole = [multitaper(rec, [5], 0.5, 62.5, 3.0, t0=t, t1=t + 0.5).power[0] for t in np.arange(0, 10, 2.0)]
    assert (found.every, found.n_segments) == (4, 5)
    np.testing.assert_allclose(found.power[0], np.mean(whole, axis=0))
    assert found.degrees == 2 * 5 * 5


def test_coherence_of_some_segments() -> None:
    rec = awkward(2, 1000.0)
    found = coherence(rec, [3, 4], 5, 0.5, 62.5, most_segments=6)
    one, other = (
        np.fft.rfft(cut_into(rates(rec, rows, found.bin_s), found.bin_s, 0.5, 0.0, 4))
        for rows in ([3, 4], [5])
    )
    cross = (one.conj() * other).mean(axis=0)
    norm = (np.abs(one) ** 2).mean(axis=0) * (np.abs(other) ** 2).mean(axis=0)
    assert (found.every, found.n_averages) == (4, 5)
    n = len(found.frequency_hz)
    np.testing.assert_allclose(found.coherence[1:], (np.abs(cross) ** 2 / norm)[1:n])
    assert found.significance == pytest.approx(1 - 0.05 ** (1 / 4))


def test_windows_of_a_spectrogram_may_lie_apart() -> None:
    rec = awkward(2, 1000.0)
    found = spectrogram(rec, [3, 4, 5], 0.5, 1.25, 62.5)
    samples = rates(rec, [3, 4, 5], found.bin_s)
    parts = cut_into(samples, found.bin_s, 0.5, -1.5, 1)
    np.testing.assert_allclose(found.time_s, np.arange(0.25, 9.6, 1.25))
    np.testing.assert_allclose(
        found.power.T, periodograms(parts, found.bin_s)[:, : len(found.frequency_hz)], atol=1e-9
    )
    assert found.step_s == pytest.approx(1.25)


@pytest.mark.parametrize("order", ["C", "F"])
def test_some_segments_of_states(order: str) -> None:
    values = np.asarray(np.random.default_rng(0).normal(size=(5000, 3)).astype("f4"), order=order)
    found = welch_signal(values, 500.0, 0.4, overlap=0.5, most_segments=8)
    assert (found.every, found.n_segments) == (7, 7)
    for column, power in zip(values.T.astype(float), found.power, strict=True):
        expected = periodograms(cut_into(column, 0.002, 0.4, 0.5, 7), 0.002).mean(axis=0)
        np.testing.assert_allclose(power[1:-1], 2 * expected[1:-1])


def test_holes_between_the_segments_of_states_do_not_matter() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    values[200:390] = np.nan
    assert np.isfinite(welch_signal(values, 500.0, 0.4, most_segments=8).power).all()
    with pytest.raises(RecordingError, match="missing"):
        welch_signal(values, 500.0, 0.4)


@pytest.mark.parametrize("most", [0, -3])
def test_at_least_one_segment_is_taken(most: int) -> None:
    with pytest.raises(RecordingError, match="at least one segment"):
        welch(awkward(), None, most_segments=most)


def test_a_share_below_zero_is_refused_where_people_ask_for_it() -> None:
    with pytest.raises(RecordingError, match="overlap must be from 0"):
        welch(awkward(), None, overlap=-0.5)
    with pytest.raises(RecordingError, match="overlap must be from 0"):
        welch_signal(np.zeros(100), 10.0, overlap=-0.5)
