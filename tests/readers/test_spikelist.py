from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers.column_names import Named, understood
from spikeboard.readers.spikelist import SpikeList, answers, implied_rates, in_natural_order, to_recording


def spikes(times, units=None, **more) -> SpikeList:
    """A list of spikes as a reader hands it over."""
    times = np.asarray(times, float)
    units = np.zeros(len(times), int) if units is None else np.asarray(units)
    n_units = int(units.max()) + 1 if len(units) else 0
    return SpikeList("run", times, units, more.pop("ids", np.arange(n_units)), **more)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("time", Named("time")),
        ("t", Named("time")),
        ("time_ms", Named("time", "ms")),
        ("time (ms)", Named("time", "ms")),
        ("Time [s]", Named("time", "s")),
        ("t_s", Named("time", "s")),
        ("spike_time_seconds", Named("time", "s")),
        ("spikeTimes_us", Named("time", "us")),
        ("time in µs", Named("time", "us")),
        ("time_ns", Named("time", "ns")),
        ("timestamps", Named("time")),
        ("times", Named("time")),
        ("timestep", Named("time", "samples")),
        ("time_step", Named("time", "samples")),
        ("time_step_ms", Named("time", "ms")),
        ("spike_times_samples", Named("time", "samples")),
        ("Zeit", Named("time")),
        ("node_ids", Named("unit")),
        ("neuronId", Named("unit")),
        ("Neuron ID", Named("unit")),
        ("numéro", Named("unit")),
        ("gid", Named("unit")),
        ("i", Named("index")),
        ("population", Named("population")),
        ("price", Named("")),
        ("volume", Named("")),
        ("ms", Named("")),
        ("rate", Named("")),
        ("", Named("")),
        ("s" * 100_000, Named("")),
    ],
)
def test_a_column_name_tells_its_role_and_its_unit(name: str, meaning: Named) -> None:
    assert understood(name) == meaning


def test_each_time_unit_is_offered_with_the_rate_it_implies() -> None:
    # 1,000 spikes of 50 units up to 2,000: 0.01 Hz if that is seconds.
    said = {choice.value: choice.implies for choice in implied_rates(1000, 50, 2000.0)}
    assert said["s"] == "mean rate 0.01 Hz per unit, 2000 s long"
    assert said["ms"] == "mean rate 10 Hz per unit, 2 s long"
    assert said["us"] == "mean rate 1e+04 Hz per unit, 0.002 s long"
    assert "10 Hz at dt = 1 ms or 100 Hz at dt = 0.1 ms" in said["samples"]


def test_samples_are_not_offered_for_times_with_fractions() -> None:
    assert [choice.value for choice in implied_rates(10, 1, 5.5, whole_numbers=False)] == ["s", "ms", "us"]


def test_spikes_at_one_moment_imply_no_rate() -> None:
    assert implied_rates(10, 10, 0.0)[0].implies == "all spikes at one moment"


def test_an_open_time_unit_is_asked_and_the_likely_answer_suggested() -> None:
    times = np.arange(0.5, 1000, 5)  # 200 spikes of one unit: 0.2 Hz in s, 200 Hz in ms
    with pytest.raises(Undecided) as asked:
        to_recording(spikes(times, np.arange(200) % 20), answers())
    (question,) = asked.value.questions
    assert question.name == "time_unit"
    assert [choice.value for choice in question.choices] == ["s", "ms"]
    assert question.suggested == "ms"
    assert "mean rate 10 Hz per unit, 0.9955 s long" in str(asked.value)


@pytest.mark.parametrize(
    ("unit", "factor"), [("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9), ("msec", 1e3)]
)
def test_the_answer_sets_the_seconds(unit: str, factor: float) -> None:
    rec = to_recording(spikes([0.25, 100.5]), answers(time_unit=unit))
    assert rec.spike_times.tolist() == [0.25 / factor, 100.5 / factor]


def test_a_unit_is_taken_unasked_only_where_all_others_are_faster_than_any_neuron() -> None:
    times = np.arange(0.0005, 1, 0.05)
    rec = to_recording(spikes(times), answers())
    assert rec.spike_times.tolist() == times.tolist()
    assert any("seconds was taken" in note and "2,000 Hz" in note for note in rec.notes)


def test_one_spike_per_unit_is_too_little_to_take_a_unit_unasked() -> None:
    with pytest.raises(Undecided) as asked:
        to_recording(spikes([0.0015, 0.0105], [0, 1]), answers())
    assert [choice.value for choice in asked.value.questions[0].choices] == ["s", "ms", "us"]


def test_steps_ask_for_the_step_with_the_rates_it_implies() -> None:
    told = {"time_unit": "samples", "told_by": "the column 'timestep'"}
    with pytest.raises(Undecided) as asked:
        to_recording(spikes(np.arange(0, 2000, 40), **told), answers())
    (question,) = asked.value.questions
    assert question.name == "dt"
    said = {choice.value: choice.implies for choice in question.choices}
    assert said["0.001"] == "mean rate 25.5 Hz per unit, 1.96 s long"
    assert "0.0001" in said and "3.3333333333333335e-05" in said


@pytest.mark.parametrize("given", [{"dt": "0.001"}, {"dt": 1e-3}, {"sampling_rate": "1000"}])
def test_steps_become_ticks_of_the_clock(given) -> None:
    rec = to_recording(spikes([16, 17, 1999], time_unit="samples"), answers(**given))
    assert rec.sampling_rate == 1000.0
    assert rec.train_ticks.tolist() == [16, 17, 1999]
    assert rec.t_stop == 2.0
    assert any("one step after the last spike" in note for note in rec.notes)


def test_a_clock_of_thirty_kilohertz_is_exact() -> None:
    assert answers(dt=3.3333333333333335e-05).sampling_rate == 30_000.0


def test_a_clock_given_for_times_in_milliseconds_is_kept_and_checked() -> None:
    rec = to_recording(spikes([0.1, 0.3, 44.1], time_unit="ms"), answers(dt=1e-4))
    assert rec.sampling_rate == 10_000.0
    assert rec.train_ticks.tolist() == [1, 3, 441]
    with pytest.raises(RecordingError, match="do not lie on a clock of 10000 Hz"):
        to_recording(spikes([0.15], time_unit="ms"), answers(dt=1e-4))


def test_whole_numbers_and_a_clock_are_steps_and_that_is_said() -> None:
    rec = to_recording(spikes([0, 10]), answers(dt=0.001))
    assert rec.spike_times.tolist() == [0.0, 0.01]
    assert any("read as its steps" in note for note in rec.notes)


def test_fractions_are_never_cut_to_samples() -> None:
    with pytest.raises(RecordingError, match="12\\.5"):
        to_recording(spikes([1, 12.5], time_unit="samples"), answers(dt=0.001))


def test_an_answer_that_contradicts_the_file_wins_and_is_noted() -> None:
    told = spikes([1000.0], time_unit="ms", told_by="the column 'time_ms'")
    rec = to_recording(told, answers(time_unit="s"))
    assert rec.spike_times.tolist() == [1000.0]
    assert any("'time_ms' says milliseconds; time_unit='s' overruled it" in note for note in rec.notes)


def test_the_window_is_stated_and_can_be_overruled() -> None:
    rec = to_recording(spikes([1.0, 3.0]), answers(time_unit="s"))
    assert (rec.t_start, rec.t_stop) == (0.0, 3.0)
    assert sum("t_start is not in the file" in note or "t_stop is not" in note for note in rec.notes) == 2
    rec = to_recording(spikes([1.0, 3.0]), answers(time_unit="s", t_start="0.5", t_stop=4))
    assert (rec.t_start, rec.t_stop) == (0.5, 4.0)
    assert not any("t_start" in note or "t_stop" in note for note in rec.notes)


def test_negative_times_open_the_window_below_zero() -> None:
    rec = to_recording(spikes([-0.1, 3.0]), answers(time_unit="s"))
    assert rec.t_start == -0.1


def test_spikes_outside_the_given_window_are_not_dropped() -> None:
    with pytest.raises(RecordingError, match="do not lie within"):
        to_recording(spikes([1.0, 3.0]), answers(time_unit="s", t_stop=2))


def test_no_spike_needs_no_answer() -> None:
    rec = to_recording(spikes([]), answers(t_stop=2))
    assert len(rec.spike_times) == 0
    assert (rec.t_start, rec.t_stop) == (0.0, 2.0)
    assert "the file holds no spike" in rec.notes
    assert len(to_recording(spikes([], time_unit="samples"), answers(n_units=3)).units) == 3


@pytest.mark.parametrize(("ids", "first"), [([0, 4], 0), ([3, 7], 0), ([1, 10], 1)])
def test_the_number_of_units_brings_in_the_silent_ones(ids: list[int], first: int) -> None:
    given = spikes([1.0, 2.0], [0, 1], ids=np.array(ids))
    rec = to_recording(given, answers(time_unit="s", n_units="10"))
    assert rec.units["id"].tolist() == list(range(first, first + 10))
    assert rec.units["id"].iloc[rec.spike_rows].tolist() == ids


@pytest.mark.parametrize("ids", [[0, 10], [-1, 3], [0, 11]])
def test_ids_outside_the_number_of_units_are_refused(ids: list[int]) -> None:
    with pytest.raises(RecordingError, match="but the ids go from"):
        to_recording(spikes([1.0, 2.0], [0, 1], ids=np.array(ids)), answers(time_unit="s", n_units=10))


def test_named_units_and_several_populations_cannot_be_counted() -> None:
    named = spikes([1.0, 2.0], [0, 1], ids=np.array(["a", "b"], object))
    two = spikes([1.0, 2.0], [0, 1], populations=np.array([0, 1]), population_names=("E", "I"))
    for some in (named, two):
        with pytest.raises(RecordingError, match="leave it out"):
            to_recording(some, answers(time_unit="s", n_units=10))


def test_one_id_in_two_populations_is_two_units() -> None:
    two = spikes([1, 2, 3.5], [0, 0, 1], populations=np.array([1, 0, 1]), population_names=("I", "E"))
    rec = to_recording(two, answers(time_unit="s"))
    assert list(zip(rec.units["population"], rec.units["id"], strict=True)) == [("I", 0), ("E", 0), ("E", 1)]
    assert rec.spike_rows.tolist() == [1, 0, 2]


def test_exact_duplicates_are_kept_and_counted() -> None:
    rec = to_recording(spikes([1, 1, 1, 1, 2.5], [0, 0, 1, 0, 0]), answers(time_unit="s"))
    assert len(rec.spike_times) == 5
    assert "2 spikes are exact duplicates (same unit, same time) and were kept" in rec.notes
    once = to_recording(spikes([1, 1, 2.5], [0, 1, 0]), answers(time_unit="s"))
    assert not any("duplicate" in note for note in once.notes)


def test_the_last_spike_of_a_unit_and_the_first_of_the_next_are_no_duplicate() -> None:
    rec = to_recording(spikes([0.5, 2.0, 2.0, 3.0], [0, 0, 1, 1]), answers(time_unit="s"))
    assert not any("duplicate" in note for note in rec.notes)


def test_an_impossible_rate_is_pointed_out_where_the_file_told_the_unit() -> None:
    rec = to_recording(spikes(np.linspace(0.1, 1, 50) ** 2, time_unit="ms"), answers())
    assert any("which no neuron reaches" in note for note in rec.notes)


def test_a_clock_that_was_started_again_is_pointed_out() -> None:
    units = np.arange(60) * 7 % 5
    twice = np.r_[np.sort(np.arange(40) * 0.31 % 9), np.sort(np.arange(20) * 0.17 % 9)]
    rec = to_recording(spikes(twice, units), answers(time_unit="s"))
    assert any("time goes back after spike 40" in note for note in rec.notes)
    by_unit = to_recording(spikes(twice, np.repeat([0, 1], [40, 20])), answers(time_unit="s"))
    assert not any("goes back" in note for note in by_unit.notes)


def test_a_sampled_signal_is_pointed_out() -> None:
    times = np.tile(np.arange(0, 1, 0.001), 3)
    rec = to_recording(spikes(times, np.repeat([0, 1, 2], 1000), time_unit="s"), answers())
    assert any("exactly every 1 ms: is this a sampled signal" in note for note in rec.notes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_unit": "fortnight"},
        {"dt": "0"},
        {"dt": -1},
        {"dt": "nan"},
        {"sampling_rate": "1e400"},
        {"sampling_rate": "<b>"},
        {"dt": 1e-3, "sampling_rate": 10_000},
        {"t_stop": "inf"},
        {"t_start": []},
        {"n_units": "1.5"},
        {"n_units": -1},
        {"n_units": 10**12},
    ],
)
def test_answers_that_make_no_sense_are_refused(wrong) -> None:
    with pytest.raises(RecordingError):
        answers(**wrong)


def test_times_too_large_to_be_exact_are_refused() -> None:
    with pytest.raises(RecordingError, match="too large to be exact"):
        to_recording(spikes([1.7e18], time_unit="ns"), answers())


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbered_names_are_ordered_by_their_number(numbers: list[int]) -> None:
    names = [f"ch{number}" for number in numbers]
    assert in_natural_order(names) == [f"ch{number}" for number in sorted(numbers)]


@given(st.lists(st.text(), unique=True))
def test_ordering_names_loses_none(names: list[str]) -> None:
    assert sorted(in_natural_order(names)) == sorted(names)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 5)), min_size=1),
    st.sampled_from(["s", "ms", "us"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_in_the_file_changes_nothing(rows, unit: str, shuffler) -> None:
    shuffled = shuffler.sample(rows, len(rows))
    first, second = (
        to_recording(
            spikes([t for t, _ in some], [u for _, u in some], ids=np.arange(6)), answers(time_unit=unit)
        )
        for some in (rows, shuffled)
    )
    assert first.train_ticks.tolist() == second.train_ticks.tolist()
    assert first.train_offsets.tolist() == second.train_offsets.tolist()
