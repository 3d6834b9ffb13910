"""What is in a recording: counts, rates and interval statistics as anybody would count them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from awkward import AWKWARD
from made_trains import awkward, trains_of

import spikeboard
from spikeboard.summary import MOST_EXTRA_COLUMNS, facts, populations, units

DEMO = Path(__file__).parents[1] / "data" / "demo"


def said(rec) -> dict[str, tuple[str, str]]:
    return {fact.name: (fact.value, fact.detail) for fact in facts(rec)}


def test_the_demo_in_words() -> None:
    rec = spikeboard.open(DEMO)
    found = said(rec)
    silent = sum(len(train) == 0 for train in trains_of(rec))
    assert found["Units"] == ("250", f"4 populations, {silent} silent")
    rate = len(rec.spike_times) / 250 / 10
    assert found["Spikes"] == (f"{len(rec.spike_times):,}", f"{rate:.3g} Hz per unit on average")
    assert found["Duration"] == ("10 s", "0 to 10 s, 10000 Hz clock: one tick is 0.1 ms")
    assert found["Synapses"][0] == f"{sum(len(s.indices) for s in rec.connections.values()):,}"
    assert found["Synapses"][1] == f"{len(rec.connections)} projections"
    assert found["States"][1] == f"{sum(s.values.shape[1] for s in rec.states.values())} traces"
    assert "10 trials" in found["Intervals"][1]


@pytest.mark.parametrize("name", list(AWKWARD))
def test_every_awkward_recording_is_summed_up(name: str) -> None:
    rec = AWKWARD[name]()
    assert len(facts(rec)) == 6
    table = populations(rec)
    assert table["units"].sum() == len(rec.units) and table["spikes"].sum() == len(rec.spike_times)
    assert len(units(rec)) == len(rec.units)


def test_what_is_not_there_is_said() -> None:
    found = said(AWKWARD["one_spike"]())
    assert found["States"] == ("0", "no variable was recorded")
    assert found["Intervals"] == ("0", "no trials or epochs")
    assert "the file has no clock" in found["Duration"][1]
    assert said(AWKWARD["empty"]())["Spikes"] == ("0", "no rate per unit on average")
    assert said(AWKWARD["no_duration"]())["Spikes"][1].startswith("no rate")


def test_populations_count_their_silent_units() -> None:
    rec = awkward(1)
    table = populations(rec).set_index("population")
    trains = trains_of(rec)
    for name, rows in (("E", range(6)), ("I", range(6, 9))):
        sizes = [len(trains[row]) for row in rows]
        assert table.loc[name].to_list() == [
            len(sizes),
            sizes.count(0),
            sum(sizes),
            sum(sizes) / (len(sizes) * 10.0),
        ]


def test_units_have_the_statistics_of_their_intervals() -> None:
    rec = awkward(2)
    table = units(rec)
    for row, train in enumerate(trains_of(rec)):
        line, intervals = table.iloc[row], np.diff(train) / 1e4
        assert line["spikes"] == len(train) and line["rate_hz"] == pytest.approx(len(train) / 10)
        assert line["unit"] == row and line["id"] == str(row)
        if len(intervals) < 2 or intervals.mean() == 0:
            continue
        assert line["interval_ms"] == pytest.approx(intervals.mean() * 1000)
        assert line["cv"] == pytest.approx(intervals.std(ddof=0) / intervals.mean())


def test_only_the_units_asked_for() -> None:
    rec = awkward(3)
    some = units(rec, np.array([7, 2]))
    whole = units(rec)
    assert some["unit"].tolist() == [7, 2]
    np.testing.assert_allclose(some["cv"], whole["cv"].to_numpy()[[7, 2]])


def test_a_recording_without_length_has_no_rates() -> None:
    rec = AWKWARD["no_duration"]()
    assert units(rec)["rate_hz"].isna().all() and populations(rec)["rate_hz"].isna().all()


def test_further_columns_of_the_file_stand_behind() -> None:
    rec = spikeboard.open(DEMO)
    known = [name for name in rec.units if name not in ("population", "id")]
    table = units(rec)
    assert (
        list(table.columns[8:])
        == [name for name in known if name not in table.columns[:8]][:MOST_EXTRA_COLUMNS]
    )
    for name in table.columns[8:]:
        np.testing.assert_array_equal(table[name], rec.units[name])
