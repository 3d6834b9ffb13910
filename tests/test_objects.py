"""Objects of Neo, pynapple and SpikeInterface: what is made of them agrees with what they say themselves."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pynapple as nap
    import spikeinterface.core as si


def train(times: Any, t_stop: float = 5.0, unit: str = "s", **known: Any) -> neo.SpikeTrain:
    return neo.SpikeTrain(np.asarray(times, float), units=unit, t_stop=t_stop, **known)


def of(rec: Recording, row: int) -> list[float]:
    ticks = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
    return (ticks * rec.tick).round(9).tolist()


def noted(rec: Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


# Neo -----------------------------------------------------------------------------------------------------------


def test_trains_as_elephant_makes_them() -> None:
    rec = spikeboard.from_monitors([train([0.5, 1.5]), train([], 5.0), train([100.0, 250.5], 5000.0, "ms")])
    assert [of(rec, row) for row in range(3)] == [[0.5, 1.5], [], [0.1, 0.2505]]
    assert (rec.t_start, rec.t_stop, rec.sampling_rate) == (0.0, 5.0, None)
    assert rec.units["id"].tolist() == [0, 1, 2] and rec.notes == ()


def test_a_clock_is_believed_where_all_spikes_lie_on_it() -> None:
    on = spikeboard.from_monitors(train([0.1, 0.2], sampling_rate=1e4 * pq.Hz))
    assert on.sampling_rate == 1e4 and on.train_ticks.tolist() == [1000, 2000]
    off = spikeboard.from_monitors(train([0.10003, 0.2], sampling_rate=1e4 * pq.Hz))
    assert off.sampling_rate is None and noted(off, "10000 Hz", "continuous")
    several = spikeboard.from_monitors(
        train([0.1], sampling_rate=1e4 * pq.Hz), train([0.1], sampling_rate=2e4 * pq.Hz)
    )
    assert several.sampling_rate is None and noted(several, "several rates", "10000, 20000")


def block(*segments: neo.Segment) -> neo.Block:
    made = neo.Block(name="made")
    made.segments.extend(segments)
    return made


def segment(*trains: neo.SpikeTrain, name: str = "") -> neo.Segment:
    made = neo.Segment(name=name)
    made.spiketrains.extend(trains)
    return made


def test_segments_that_start_anew_are_put_one_after_another() -> None:
    rec = spikeboard.from_monitors(
        block(
            segment(train([1.0, 2.0], name="a"), train([3.0], name="b"), name="first"),
            segment(train([0.5], 4.0, name="b"), train([], 4.0, name="a"), name="second"),
        )
    )
    assert rec.units["id"].tolist() == ["a", "b"]
    assert [of(rec, row) for row in range(2)] == [[1.0, 2.0], [3.0, 5.5]]
    assert rec.intervals["segments"].to_dict("list") == {
        "start": [0.0, 5.0],
        "stop": [5.0, 9.0],
        "label": ["first", "second"],
    }
    assert rec.t_stop == 9.0 and noted(rec, "2 segments", "one after another")


def test_segments_whose_times_go_on_stay_where_they_are() -> None:
    later = neo.SpikeTrain([8.0], units="s", t_start=7.0, t_stop=10.0, name="a")
    rec = spikeboard.from_monitors(block(segment(train([1.0], name="a")), segment(later)))
    assert of(rec, 0) == [1.0, 8.0]
    assert rec.intervals["segments"]["start"].tolist() == [0.0, 7.0] and rec.notes == ()


def test_trains_without_names_are_matched_by_place_or_not_at_all() -> None:
    same = spikeboard.from_monitors(block(segment(train([1.0])), segment(train([2.0]))))
    assert len(same.units) == 1 and noted(same, "one position")
    other = spikeboard.from_monitors(block(segment(train([1.0]), train([2.0])), segment(train([3.0]))))
    assert len(other.units) == 3 and noted(other, "each train is shown as a unit of its own")
    assert other.counts.tolist() == [1, 1, 1]


def test_pynn_populations_and_signals() -> None:
    made = segment(
        train([0.5], source_population="E", source_id=10, depth=1.5),
        train([1.5], source_population="I", source_id=11, depth=2.5),
    )
    values = np.arange(20.0).reshape(10, 2)
    made.analogsignals.append(
        neo.AnalogSignal(
            values, units="mV", sampling_rate=1 * pq.kHz, name="v", source_population="I", source_ids=[11, 12]
        )
    )
    made.irregularlysampledsignals.append(
        neo.IrregularlySampledSignal(
            [0.0, 0.3, 4.0], [[1.0], [2.0], [3.0]], units="nA", time_units="s", name="i"
        )
    )
    rec = spikeboard.from_monitors(block(made))
    assert rec.populations["name"].tolist() == ["E", "I"] and rec.units["id"].tolist() == [10, 11]
    assert rec.units["depth"].tolist() == [1.5, 2.5]
    v = rec.states["v"]
    np.testing.assert_array_equal(v.values, values)
    np.testing.assert_allclose(v.time, np.arange(10) / 1000, atol=1e-12)
    assert (v.unit, v.rows.tolist(), v.labels) == ("mV", [1, -1], ("v 11", "v 12"))
    assert rec.states["i"].time.tolist() == [0.0, 0.3, 4.0] and rec.states["i"].unit == "nA"


def test_epochs_and_events_are_intervals() -> None:
    made = segment(train([1.0]))
    made.epochs.append(
        neo.Epoch(
            [0.0, 2000.0], durations=[500.0, 1000.0], units="ms", labels=["left", "right"], name="trials"
        )
    )
    made.events.append(neo.Event([0.25] * pq.s, labels=["go"], name="cue"))
    rec = spikeboard.from_monitors(block(made))
    assert rec.intervals["trials"].to_dict("list") == {
        "start": [0.0, 2.0],
        "stop": [0.5, 3.0],
        "label": ["left", "right"],
    }
    assert rec.intervals["cue"].to_dict("list") == {"start": [0.25], "stop": [0.25], "label": ["go"]}


def test_signals_of_segments_are_joined() -> None:
    parts = []
    for k in range(2):
        part = segment(train([1.0], name="a"))
        part.analogsignals.append(
            neo.AnalogSignal(np.full((5, 1), float(k)), units="mV", sampling_rate=1 * pq.Hz, name="v")
        )
        parts.append(part)
    state = spikeboard.from_monitors(block(*parts)).states["v"]
    assert state.values[:, 0].tolist() == [0.0] * 5 + [1.0] * 5
    assert state.time.tolist() == [*map(float, range(10))]


@given(
    st.lists(st.lists(st.integers(0, 49_999), max_size=30), min_size=1, max_size=5),
    st.sampled_from(["s", "ms", "us"]),
)
def test_no_spike_of_a_block_is_lost_or_moved(trains: list[list[int]], unit: str) -> None:
    scale = {"s": 1e-4, "ms": 0.1, "us": 100.0}[unit]
    made = [train(np.sort(ticks) * scale, 5e4 * scale, unit, sampling_rate=10 * pq.kHz) for ticks in trains]
    rec = spikeboard.from_monitors(*made)
    assert rec.sampling_rate == 1e4
    for row, ticks in enumerate(trains):
        found = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
        assert found.tolist() == sorted(ticks)


# pynapple ------------------------------------------------------------------------------------------------------


def group() -> Any:
    support = nap.IntervalSet([0, 6], [4, 10])
    trains = {3: [1.0, 2.0, 3.0], 7: [6.5], 9: []}
    return nap.TsGroup(
        {unit: nap.Ts(np.array(times), time_support=support) for unit, times in trains.items()},
        time_support=support,
        metadata={"area": ["CA1", "CA3", "CA1"], "depth": np.array([1.0, 2.0, 3.0])},
    )


def test_a_tsgroup() -> None:
    rec = spikeboard.from_monitors(group(), name="session")
    assert rec.units["id"].tolist() == [3, 7, 9] and [of(rec, row) for row in range(3)] == [
        [1, 2, 3],
        [6.5],
        [],
    ]
    assert rec.units["area"].tolist() == ["CA1", "CA3", "CA1"] and rec.units["depth"].tolist() == [
        1.0,
        2.0,
        3.0,
    ]
    assert (rec.name, rec.t_start, rec.t_stop) == ("session", 0.0, 10.0)
    assert rec.intervals["time support"].to_dict("list") == {"start": [0.0, 6.0], "stop": [4.0, 10.0]}
    assert noted(rec, "2 parts") and not noted(rec, "first spike")


def test_a_support_that_pynapple_took_from_the_spikes_is_told() -> None:
    rec = spikeboard.from_monitors(nap.Ts(np.array([10.0, 20.0, 30.0])))
    assert (rec.t_start, rec.t_stop) == (10.0, 30.0) and noted(rec, "first spike to the last")
    assert spikeboard.from_monitors(nap.Ts(np.array([10.0, 20.0])), t_stop=60.0).t_stop == 60.0


def test_series_are_states_and_sets_are_intervals() -> None:
    frame = nap.TsdFrame(t=np.arange(5.0), d=np.arange(10.0).reshape(5, 2), columns=["x", "y"])
    rec = spikeboard.from_monitors(nap.Ts(np.array([1.0, 2.0])), frame, nap.IntervalSet([0.5], [1.5]))
    (state,) = rec.states.values()
    np.testing.assert_array_equal(state.values, np.arange(10.0).reshape(5, 2))
    assert state.labels == ("x", "y") and state.time.tolist() == [0, 1, 2, 3, 4]
    assert rec.intervals["intervals 3"]["stop"].tolist() == [1.5]
    assert (rec.t_start, rec.t_stop) == (0.0, 4.0)


# SpikeInterface ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sorting() -> Any:
    made = si.generate_sorting(num_units=4, sampling_frequency=30000.0, durations=[3.0, 2.0], seed=1)
    made.set_property("quality", np.array(["good", "mua", "good", "good"]))
    return made


def test_a_sorting_is_on_its_clock(sorting: Any) -> None:
    rec = spikeboard.from_monitors(sorting)
    assert rec.sampling_rate == 30000.0 and rec.units["id"].tolist() == ["0", "1", "2", "3"]
    assert rec.units["quality"].tolist() == ["good", "mua", "good", "good"]
    assert noted(rec, "segment '1' ended is not told") and noted(rec, "one after another")
    second = round(rec.intervals["segments"]["start"].iloc[1] * 30000)
    for row, unit in enumerate(sorting.get_unit_ids()):
        first, later = (sorting.get_unit_spike_train(unit, k) for k in range(2))
        found = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
        np.testing.assert_array_equal(found, np.r_[first, later + second])


def test_a_sorting_with_its_recording_knows_when_it_ends() -> None:
    recording, made = si.generate_ground_truth_recording(durations=[2.0], num_channels=4, num_units=3, seed=2)
    made.register_recording(recording)
    rec = spikeboard.from_monitors(made)
    assert rec.t_stop == 2.0 and rec.notes == ()
    assert len(rec.spikes) == made.count_total_num_spikes()


# What does not go together -------------------------------------------------------------------------------------


def test_objects_of_two_packages_are_refused() -> None:
    with pytest.raises(RecordingError, match=r"SpikeTrain, Ts\) keep no common time"):
        spikeboard.from_monitors(train([1.0]), nap.Ts(np.array([1.0, 2.0])))


def test_two_sortings_are_refused(sorting: Any) -> None:
    with pytest.raises(RecordingError, match="one sorting at a time"):
        spikeboard.from_monitors(sorting, sorting)


def test_monitors_that_count_steps_still_need_dt() -> None:
    with pytest.raises(RecordingError, match="dt=1e-4"):
        spikeboard.from_monitors(SimpleNamespace(n=1, label="E", neurons=[]))


def test_what_was_made_of_objects_can_be_kept(tmp_path: Any) -> None:
    rec = spikeboard.from_monitors(group())
    again = spikeboard.open(rec.save(tmp_path / "kept"))
    assert again.units.equals(rec.units) and again.digest == rec.digest
