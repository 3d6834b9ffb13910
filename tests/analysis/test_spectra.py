from __future__ import annotations

from dataclasses import replace

import elephant.spectral as elephant
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trains import awkward, made, trains_of
from scipy import signal, stats

from spikeboard.analysis import layout as layouts
from spikeboard.analysis import segments
from spikeboard.analysis.groups import grouped_trains
from spikeboard.analysis.spectra import (
    band_power,
    coherence,
    confidence,
    mean_spectrum,
    multitaper,
    spectrogram,
    welch,
    welch_signal,
)
from spikeboard.analysis.waves import wave_powers
from spikeboard.errors import RecordingError


def poisson(
    rates: list[float], duration: float = 100.0, seed: int = 0, per_second: float = 1e4, t_start: float = 0.0
):
    rng = np.random.default_rng(seed)
    first, last = round(t_start * per_second), round((t_start + duration) * per_second)
    trains = [np.sort(rng.integers(first, last, rng.poisson(rate * duration))) for rate in rates]
    return made(trains, per_second, t_start, t_start + duration)


def sampled(train: np.ndarray, found, rec) -> np.ndarray:
    """The train as rates on the spectrum's own samples, built without the library."""
    bin_ticks = round(found.bin_s * rec.ticks_per_second)
    start = round(rec.t_start * rec.ticks_per_second)
    edges = start + bin_ticks * np.arange(round((rec.t_stop - rec.t_start) / found.bin_s) + 1)
    return np.histogram(train[train < edges[-1]], edges)[0] / found.bin_s


@pytest.mark.parametrize("rate", [1e4, 1000.0, None])
@pytest.mark.parametrize(("overlap", "window"), [(0.5, "hann"), (0.0, "boxcar"), (0.75, "hamming")])
def test_welch_agrees_with_scipy(rate: float | None, overlap: float, window: str) -> None:
    rec = awkward(2, rate)
    found = welch(rec, None, 0.5, 100.0, overlap, window)
    segment = round(0.5 / found.bin_s)
    for train, power in zip(trains_of(rec), found.power, strict=True):
        frequency, expected = signal.welch(
            sampled(train, found, rec), 1 / found.bin_s, window, segment, round(overlap * segment)
        )
        n = len(found.frequency_hz)
        np.testing.assert_allclose(found.frequency_hz, frequency[:n])
        # SciPy's density is one-sided: twice ours everywhere but at 0.
        np.testing.assert_allclose(power, expected[:n] / np.where(frequency[:n] > 0, 2, 1), atol=1e-12)
    assert found.frequency_hz[[0, -1]] == pytest.approx([0.0, 100.0])


def test_pools_are_one_train_each() -> None:
    rec = awkward(2)
    trains = trains_of(rec)
    found = welch(rec, [[3, 4], [5]], 0.5)
    both = made([np.sort(np.r_[trains[3], trains[4]]), trains[5]], 1e4, 0.0, 10.0)
    np.testing.assert_allclose(found.power, welch(both, None, 0.5).power)
    assert found.n_spikes.tolist() == [340, 2000]
    assert found.floor == pytest.approx([34.0, 200.0])


@pytest.mark.parametrize("tapers", [1, 3])
@given(
    train=st.lists(st.integers(0, 4999), max_size=60).map(sorted), overlap=st.sampled_from([0.0, 0.5, 0.9])
)
def test_few_spikes_have_the_spectrum_of_all_samples(tapers: int, train: list[int], overlap: float) -> None:
    rec = made([train], t_stop=5.0)
    trains = grouped_trains(rec)
    layout = layouts.spike_layout(trains, 0.5, 60.0, overlap)
    shapes = signal.windows.dpss(layout.segment, 3.0, tapers)
    waves = wave_powers(trains, np.array([0]), layout, shapes)[0]
    _, samples, cut = next(segments.sampled(trains, [0], layout))
    whole = segments.mean_power(samples, cut, shapes) / layout.bin_s
    np.testing.assert_allclose(waves, whole, rtol=1e-9, atol=1e-9)


def test_a_train_of_many_spikes_is_transformed_whole() -> None:
    dense = made([np.sort(np.random.default_rng(0).integers(0, 5000, 4000))], t_stop=5.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("spikeboard.analysis.waves._sum_waves")
        assert welch(dense, None, 0.5).power.any()


def test_multitaper_agrees_with_elephant() -> None:
    rec = awkward(2)
    found = multitaper(rec, [5], segment_s=10.0, max_hz=100.0, nw=3)
    samples = sampled(trains_of(rec)[5], found, rec)
    # Elephant does not take the mean away, and its tapers are those of one sample more, cut off.
    frequency, expected = elephant.multitaper_psd(samples - samples.mean(), 1 / found.bin_s, nw=3)
    n = len(found.frequency_hz)
    np.testing.assert_allclose(found.frequency_hz, frequency[:n])
    np.testing.assert_allclose(found.power[0, 1:], expected[0, 1:n] / 2, rtol=0.02)
    assert found.degrees == 2 * 5
    assert found.bandwidth_hz == pytest.approx(0.6)


def test_multitaper_is_the_mean_over_orthonormal_tapers() -> None:
    rec = awkward(2)
    found = multitaper(rec, [5], segment_s=10.0, max_hz=100.0, nw=3, n_tapers=4)
    samples = sampled(trains_of(rec)[5], found, rec)
    tapers = signal.windows.dpss(len(samples), 3, 4)
    np.testing.assert_allclose(tapers @ tapers.T, np.eye(4), atol=1e-9)
    single = np.abs(np.fft.rfft((samples - samples.mean()) * tapers)) ** 2 * found.bin_s
    np.testing.assert_allclose(found.power[0], single.mean(axis=0)[: len(found.frequency_hz)])


def test_multitaper_is_the_mean_over_segments() -> None:
    rec = awkward(2)
    whole = multitaper(rec, [5], segment_s=2.5)
    parts = [multitaper(rec, [5], segment_s=2.5, t0=t, t1=t + 2.5).power for t in (0.0, 2.5, 5.0, 7.5)]
    np.testing.assert_allclose(whole.power, np.mean(parts, axis=0))
    assert whole.n_segments == 4
    assert whole.degrees == 2 * 7 * 4


@pytest.mark.parametrize("method", [welch, multitaper])
def test_a_poisson_process_lies_flat_at_its_rate(method) -> None:
    found = method(poisson([5.0, 40.0]), None, 0.5)
    np.testing.assert_allclose(found.floor, found.n_spikes / 100.0)
    low, high = confidence(found, 0.95)
    # Without the first values, which the subtraction of the mean takes down.
    inside = ((low <= found.floor[:, None]) & (found.floor[:, None] <= high))[:, 8:]
    assert 0.9 < inside.mean() < 0.99
    np.testing.assert_allclose(found.power[:, 8:].mean(axis=1), found.floor, rtol=0.03)


def test_the_confidence_interval_is_that_of_chi_squared() -> None:
    found = welch(poisson([20.0], 10.0), None, 1.0, overlap=0.0)
    assert found.degrees == pytest.approx(20.0)
    low, high = confidence(found, 0.9)
    np.testing.assert_allclose(low, found.power * 20 / stats.chi2.ppf(0.95, 20))
    np.testing.assert_allclose(high, found.power * 20 / stats.chi2.ppf(0.05, 20))


@pytest.mark.parametrize(
    ("overlap", "window"), [(0.0, "boxcar"), (0.5, "hann"), (0.75, "hann"), (0.5, "boxcar")]
)
def test_the_degrees_of_freedom_tell_the_scatter_of_the_values(overlap: float, window: str) -> None:
    noise = np.random.default_rng(0).normal(size=(4000, 300))
    found = welch_signal(noise, 1000.0, 0.5, overlap=overlap, window=window)
    scatter = found.power[:, 20:-20]
    # Of a χ² estimate with ν degrees of freedom the variance is 2/ν of the squared mean.
    degrees = 2 * scatter.mean() ** 2 / scatter.var(axis=0).mean()
    assert degrees == pytest.approx(found.degrees, rel=0.05)


def test_a_regular_train_has_its_power_at_its_rate_and_multiples() -> None:
    found = welch(made([range(0, 100_000, 250)], 1e4, t_stop=10.0), None, 1.0)  # 40 Hz
    strong = found.frequency_hz[found.power[0] > 0.2 * found.power[0].max()]
    assert set(strong // 40) <= set(range(7))
    assert (strong % 40 <= 1).sum() + (strong % 40 >= 39).sum() == len(strong)
    quiet = np.abs(found.frequency_hz % 40 - 20) < 10
    assert found.power[0, quiet].max() < 1e-6 * found.power.max()


def test_the_length_is_that_of_the_window_not_up_to_the_last_spike() -> None:
    # The trap T6.
    early = made([range(0, 5000, 30)], 1e4, t_stop=4.0)
    found = welch(early, None, 1.0)
    assert found.n_segments == 7
    assert found.floor == pytest.approx([167 / 4])
    assert found.power[0].mean() < welch(early, None, 1.0, t1=1.0).power[0].mean()


@pytest.mark.parametrize("rate", [1e4, None])
def test_spectra_do_not_depend_on_when_a_recording_starts(rate: float | None) -> None:
    near, far = awkward(3, rate), awkward(3, rate, t_start=100_000.0)
    np.testing.assert_allclose(welch(near, None, 1.0).power, welch(far, None, 1.0).power)
    np.testing.assert_allclose(multitaper(near, [5], 1.0).power, multitaper(far, [5], 1.0).power)


@given(st.floats(0.3, 4.0), st.floats(0.0, 0.9), st.floats(1.0, 400.0))
def test_every_moment_is_in_a_segment_or_told(segment_s: float, overlap: float, max_hz: float) -> None:
    rec = made([[5, 1700]], 1000.0, t_stop=4.0)
    found = welch(rec, None, segment_s, max_hz, overlap)
    # Of whole samples: a share of a length in seconds may round to the other side of a half.
    samples = round(found.segment_s / found.bin_s)
    step = max(1, samples - round(overlap * samples))
    used = found.segment_s + (found.n_segments - 1) * step * found.bin_s
    whole_bins = int(4000 // round(found.bin_s * 1000)) * found.bin_s
    assert used + found.left_over_s == pytest.approx(whole_bins)
    assert 0 <= found.left_over_s < step * found.bin_s
    assert found.segment_s == pytest.approx(segment_s, abs=found.bin_s / 2)
    assert found.frequency_hz[-1] <= max_hz + 1e-2
    assert found.frequency_hz[-1] > min(max_hz, found.nyquist_hz) - 1.01 / found.segment_s


def test_nothing_above_half_the_sampling_rate_is_shown() -> None:
    found = welch(made([range(0, 1000, 7)], 1000.0), None, 0.5, max_hz=2000.0)
    assert found.nyquist_hz == 500.0
    assert found.frequency_hz[-1] == 500.0


def test_continuous_time_is_sampled_finely_enough() -> None:
    found = welch(awkward(1, None), [5], 1.0, max_hz=250.0)
    assert found.bin_s == pytest.approx(0.0005)
    assert found.nyquist_hz == pytest.approx(1000.0)
    # What a bin takes from a rhythm at the highest frequency shown.
    assert np.sinc(250.0 * found.bin_s) ** 2 > 0.949


@pytest.mark.parametrize(
    ("segment_s", "max_hz", "bin_ms"), [(0.5, 100.0, 1.0), (0.3333, 100.0, 1.1), (0.9973, 100, 1.2)]
)
def test_a_segment_is_as_long_as_asked_where_bins_divide_it(
    segment_s: float, max_hz: float, bin_ms: float
) -> None:
    found = welch(awkward(1), [5], segment_s, max_hz)
    assert found.bin_s == pytest.approx(bin_ms * 1e-3)
    # The last length is a prime number of ticks: it is rounded to whole bins.
    assert found.segment_s == pytest.approx(0.9972 if segment_s == 0.9973 else segment_s)


def test_low_frequencies_alone_still_have_samples() -> None:
    found = welch(awkward(1), [5], 0.5, max_hz=2.0)
    assert found.segment_s / found.bin_s >= 16
    assert found.frequency_hz == pytest.approx([0.0, 2.0])


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = awkward(2)
    whole = welch(rec, [5], 0.5), coherence(rec, 5, 3, 0.5), spectrogram(rec, 5)
    monkeypatch.setattr(segments, "BATCH", 5000)
    parts = welch(rec, [5], 0.5), coherence(rec, 5, 3, 0.5), spectrogram(rec, 5)
    np.testing.assert_allclose(parts[0].power, whole[0].power)
    np.testing.assert_allclose(parts[1].coherence, whole[1].coherence)
    np.testing.assert_allclose(parts[2].power, whole[2].power)


def test_a_silent_unit_has_no_power_and_no_coherence() -> None:
    rec = awkward(2)
    assert not welch(rec, [0], 1.0).power.any()
    assert welch(rec, [0], 1.0).floor == 0.0
    assert np.isnan(coherence(rec, 0, 5, 1.0).coherence).all()


def test_the_mean_of_spectra_is_that_of_a_typical_unit() -> None:
    found = welch(awkward(2), [3, 5], 1.0)
    mean = mean_spectrum(found)
    np.testing.assert_allclose(mean.power, (found.power[:1] + found.power[1:]) / 2)
    assert mean.floor == pytest.approx([115.0])
    assert mean.n_spikes.tolist() == [2300]
    assert mean.degrees == found.degrees


def test_the_power_of_a_band_is_the_variance_it_carries() -> None:
    t = np.arange(20_000) / 1000.0
    values = 3.0 * np.sin(2 * np.pi * 40 * t) + 2.0 * np.sin(2 * np.pi * 90 * t) + 7.0
    found = welch_signal(values, 1000.0, 1.0, unit="mV")
    assert found.unit == "(mV)²/Hz"
    assert band_power(found, 35, 45) == pytest.approx([4.5])
    assert band_power(found, 80, 100) == pytest.approx([2.0])
    assert band_power(found, 0, 501) == pytest.approx([values.var()])


def test_the_band_power_of_spikes_counts_both_signs_of_frequency() -> None:
    rec = made([range(0, 10_000, 7)], 1000.0, t_stop=10.0)
    found = welch(rec, None, 1.0, max_hz=500.0, overlap=0.0, window="boxcar")
    rates = sampled(trains_of(rec)[0], found, rec)
    variance = np.mean([part.var() for part in np.split(rates, 10)])
    # At half the sampling rate both signs are one value.
    both = band_power(found, 0, 501) - found.power[:, -1] / found.segment_s
    assert both == pytest.approx([variance])


def test_frequency_zero_has_no_second_sign() -> None:
    found = welch(made([range(0, 1000, 7)], 1000.0), None, 0.5, max_hz=100.0)
    flat = replace(found, power=np.ones_like(found.power))
    assert band_power(flat, 0, 4) == pytest.approx([(1 + 2) * 2.0])
    assert band_power(flat, 2, 4) == pytest.approx([2 * 2.0])
    assert band_power(replace(flat, sides=1), 0, 4) == pytest.approx([2 * 2.0])


def test_an_empty_band_is_refused() -> None:
    with pytest.raises(RecordingError, match=r"no frequency between 10\.2 and 10\.8 Hz: they are 1 Hz apart"):
        band_power(welch(awkward(1), None, 1.0), 10.2, 10.8)


def test_the_spectrum_of_states_agrees_with_scipy() -> None:
    values = np.cumsum(np.random.default_rng(1).normal(size=(3000, 3)), axis=0)
    for segment_s in (0.5, 0.501):  # an even and an odd number of samples
        found = welch_signal(values, 1000.0, segment_s, unit="mV")
        frequency, expected = signal.welch(values, 1000.0, nperseg=round(1000 * segment_s), axis=0)
        np.testing.assert_allclose(found.frequency_hz, frequency)
        np.testing.assert_allclose(found.power, expected.T)
    one = welch_signal(values[:, 1], 1000.0, 0.501, max_hz=100.0)
    np.testing.assert_allclose(one.power[0], found.power[1, : len(one.frequency_hz)])
    assert one.frequency_hz[-1] == pytest.approx(100.0, abs=2)
    assert np.isnan(one.floor).all()
    assert (one.sides, one.unit) == (1, "per Hz")


def test_states_with_holes_are_refused() -> None:
    values = np.ones(2000)
    values[[7, 8]] = np.nan, np.inf
    with pytest.raises(RecordingError, match="2 of 2000 values are missing or infinite"):
        welch_signal(values, 1000.0)


def test_no_states_are_refused() -> None:
    with pytest.raises(RecordingError, match="does not fit"):
        welch_signal(np.zeros((0, 2)), 1000.0)
    assert welch_signal(np.zeros((2000, 0)), 1000.0).power.shape == (0, 501)


def driven(delay_ticks: int = 0, seed: int = 4):
    """Two units that follow a common 30 Hz rhythm, the second later by a delay, for 60 s."""
    rng = np.random.default_rng(seed)
    t = np.arange(60_000)
    rate = 0.03 * (1 + np.cos(2 * np.pi * 30 * t / 1000.0))
    first, second = (np.flatnonzero(rng.random(60_000) < rate) for _ in range(2))
    return made([first, (second + delay_ticks)[second + delay_ticks < 60_000]], 1000.0, t_stop=60.0)


def test_coherence_agrees_with_scipy() -> None:
    rec = driven()
    found = coherence(rec, 0, 1, 0.5, 200.0)
    one, other = (sampled(train, found, rec) for train in trains_of(rec))
    frequency, expected = signal.coherence(one, other, 1 / found.bin_s, nperseg=500, noverlap=0)
    np.testing.assert_allclose(found.frequency_hz, frequency[: len(found.frequency_hz)])
    np.testing.assert_allclose(found.coherence, expected[: len(found.frequency_hz)])
    assert found.n_averages == 120


def test_coherence_by_multitaper_agrees_with_elephant() -> None:
    rec = driven()
    found = coherence(rec, 0, 1, 2.0, 200.0, nw=4)
    one, other = (sampled(train, found, rec) for train in trains_of(rec))
    one, other = one - one.mean(), other - other.mean()
    _, expected, _ = elephant.multitaper_coherence(
        one, other, n_segments=30, overlap=0.0, fs=1 / found.bin_s, nw=4
    )
    n = len(found.frequency_hz)
    assert found.n_averages == 7 * 30
    # Its tapers are those of one sample more, cut off, and it takes the mean of the whole away, not of each segment.
    np.testing.assert_allclose(found.coherence[8:], np.ravel(expected)[8:n], atol=2e-3)


def test_coherence_stands_out_at_the_common_rhythm_alone() -> None:
    found = coherence(driven(), 0, 1, 1.0)
    assert found.frequency_hz[found.coherence.argmax()] == 30.0
    others = np.abs(found.frequency_hz - 30) > 2
    above = (found.coherence > found.significance)[others]
    assert 0.01 < above.mean() < 0.1  # 5 % by chance
    assert found.significance == pytest.approx(1 - 0.05 ** (1 / 59))


def test_the_phase_is_positive_where_the_target_lags() -> None:
    found = coherence(driven(delay_ticks=4), 0, 1, 1.0)
    assert found.phase[30] == pytest.approx(2 * np.pi * 30 * 0.004, abs=0.15)
    back = coherence(driven(delay_ticks=4), 1, 0, 1.0)
    np.testing.assert_allclose(back.phase[1:], -found.phase[1:])


def test_a_train_is_coherent_with_itself() -> None:
    found = coherence(driven(), 0, 0, 1.0)
    np.testing.assert_allclose(found.coherence, 1.0)
    np.testing.assert_allclose(found.phase, 0.0, atol=1e-12)


def test_coherence_of_a_single_segment_is_refused() -> None:
    # The trap T16: without averaging it is 1 for any two trains.
    rec = poisson([20.0, 20.0], 1.5)
    with pytest.raises(RecordingError, match="a single segment is 1 for any two trains"):
        coherence(rec, 0, 1, 1.0)
    assert (coherence(rec, 0, 1, 1.0, nw=4).coherence < 1).all()


def test_the_spectrogram_agrees_with_scipy() -> None:
    rec = awkward(2)
    found = spectrogram(rec, [5, 3], 0.5, 0.1, 100.0)
    trains = trains_of(rec)
    samples = sampled(np.sort(np.r_[trains[5], trains[3]]), found, rec)
    segment, step = round(0.5 / found.bin_s), round(0.1 / found.bin_s)
    frequency, times, expected = signal.spectrogram(
        samples, 1 / found.bin_s, "hann", segment, segment - step, detrend="constant"
    )
    n = len(found.frequency_hz)
    np.testing.assert_allclose(found.time_s, times)
    np.testing.assert_allclose(found.power[1:], expected[1:n] / 2)
    np.testing.assert_allclose(found.frequency_hz, frequency[:n])
    assert found.step_s == pytest.approx(0.1)


def test_the_spectrogram_keeps_the_recordings_clock() -> None:
    found = spectrogram(awkward(2, t_start=50.0), 5, 0.5, t0=52.0, t1=55.0)
    assert found.time_s[0] == pytest.approx(52.25)
    assert found.time_s[-1] == pytest.approx(54.75)
    assert found.step_s == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"segment_s": 20.0}, "20 s does not fit: the window is 10 s long"),
        ({"segment_s": 0.0002}, "at least 4 samples"),
        ({"overlap": 1.0}, "overlap must be"),
        ({"overlap": -0.1}, "overlap must be"),
        ({"max_hz": 0.0}, "highest frequency must be a positive number of Hz"),
        ({"max_hz": float("nan")}, "highest frequency must be"),
        ({"segment_s": -1.0}, "a segment must be a positive number of s"),
        ({"segment_s": float("inf")}, "a segment must be"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        welch(awkward(1), [5], **wrong)


@pytest.mark.parametrize("wrong", [{"nw": 0.5}, {"nw": 1e6}, {"n_tapers": 0}, {"nw": float("nan")}])
def test_tapers_that_do_not_exist_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RecordingError, match="tapers"):
        multitaper(awkward(1), [5], **wrong)
