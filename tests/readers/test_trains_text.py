from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import recognise, trains_text
from spikeboard.recording import Recording

PYSPIKE = "txt_pyspike"


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "Spike trains in rows of text"
    return spikeboard.open(path, **options)


def written(folder: Path, text: str, name: str = "trains.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def trains(rec: Recording) -> list[list[float]]:
    return [
        part.tolist() for part in np.split(rec.train_ticks / rec.ticks_per_second, rec.train_offsets[1:-1])
    ]


# --- PySpike's own files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["PySpike_testdata.txt", "SPIKE_Sync_Test.txt"])
def test_a_file_of_pyspike_holds_what_its_truth_says(
    shared_data: Path, truthcheck: ModuleType, name: str
) -> None:
    path = shared_data / PYSPIKE / name
    spikes = trains_text.spike_list(path, trains_text.read_rows(path), silent=False)
    assert truthcheck.check(PYSPIKE, name, spikes.ids[spikes.units], spikes.times) == []
    known = json.loads((shared_data / PYSPIKE / "truth.json").read_text(encoding="utf-8"))["populations"]
    true = next(one for one in known if one["population"] == name)
    rec = opened(path, time_unit="s", blank_lines="ignored")
    assert len(rec.units) == true["n_units_total"] and rec.t_stop == true["t_stop_s"]
    assert len(rec.spike_times) / len(rec.units) / rec.duration == pytest.approx(
        true["mean_rate_hz"], rel=1e-12
    )
    assert {str(row): count for row, count in enumerate(rec.counts.tolist())} == true["counts"]
    for unit, said in true["units"].items():
        intervals = np.diff(trains(rec)[int(unit)])
        assert intervals.std() / intervals.mean() == pytest.approx(said["cv"], rel=1e-6)


def test_the_time_unit_and_a_blank_line_are_asked_about_at_once(shared_data: Path) -> None:
    path = shared_data / PYSPIKE / "PySpike_testdata.txt"
    with pytest.raises(Undecided) as asked:
        opened(path)
    questions = {question.name: question for question in asked.value.questions}
    assert list(questions) == ["blank_lines", "time_unit"]
    assert [choice.implies for choice in questions["blank_lines"].choices] == [
        "41 units, 1 of them silent",
        "40 units",
    ]
    implied = {choice.value: choice.implies for choice in questions["time_unit"].choices}
    assert "3.87 Hz" in implied["ms"] or "3.96 Hz" in implied["ms"]
    assert len(opened(path, time_unit="ms", blank_lines="silent").units) == 41
    with pytest.raises(Undecided) as asked:
        opened(path, time_unit="ms")
    assert [question.name for question in asked.value.questions] == ["blank_lines"]


def test_blank_lines_between_all_rows_separate_them(shared_data: Path) -> None:
    path = shared_data / PYSPIKE / "SPIKE_Sync_Test.txt"
    rec = opened(path, time_unit="ms")
    assert len(rec.units) == 50 and any("were taken to separate rows" in note for note in rec.notes)
    assert len(opened(path, time_unit="ms", blank_lines="silent").units) == 100


# --- small files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [" ", "\t", ",", ";", ", ", "   "])
def test_any_delimiter_parts_the_times(tmp_path: Path, delimiter: str) -> None:
    rows = [[0.5, 1.25, 2.0, 2.5, 3.0], [0.25, 4.0]]
    path = written(tmp_path, "\n".join(delimiter.join(map(str, row)) for row in rows))
    assert trains(opened(path, time_unit="s")) == rows


def test_silent_units_keep_their_rows(tmp_path: Path) -> None:
    path = written(tmp_path, "# start\n0.5 1.5 2.5 3.5 4.5\n\n% more\n\n1.5 2.5\n")
    rec = opened(path, time_unit="s", blank_lines="silent")
    assert rec.units["id"].tolist() == [0, 1, 2, 3] and rec.counts.tolist() == [5, 0, 0, 2]
    assert opened(path, time_unit="s", blank_lines="ignored").counts.tolist() == [5, 2]
    with pytest.raises(RecordingError, match="blank_lines='maybe' is none of"):
        opened(path, time_unit="s", blank_lines="maybe")


def test_fields_that_are_no_numbers_are_left_out_and_shown(tmp_path: Path) -> None:
    many = "\n".join("0.5 1.5 2.5 3.5 4.5"[: 15 + 4 * (row % 2)] for row in range(60))
    path = written(tmp_path, f"{many}\n1 2 x 4 nan\n")
    rec = opened(path, time_unit="s")
    assert rec.counts[-1] == 3
    assert any(
        "2 fields are no finite numbers and were left out: line 61: x; line 61: nan" in n for n in rec.notes
    )


def test_a_train_is_not_cut_where_a_table_would_be(tmp_path: Path) -> None:
    times = np.arange(1, 30_001) / 100
    path = written(tmp_path, " ".join(f"{time:.2f}" for time in times) + "\n0.5 1.5\n")
    assert opened(path, time_unit="s").counts.tolist() == [30_000, 2]


@pytest.mark.parametrize(
    "text",
    [
        "0.5 1\n1.5 2\n2.5 1\n",
        "time id\n1 2 3 4 5\n",
        "0 1 0 0 1 1 0 1 0 1\n1 1 0 0 1 1 0 1 0 1\n",
        "1.0," * 2000,
        "3 2 1 0.5 0.25\n9 8 7\n",
        "# only a comment\n",
    ],
)
def test_what_is_no_train_is_left_to_others(tmp_path: Path, text: str) -> None:
    assert not trains_text.sniff(written(tmp_path, text))


rows = st.lists(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=12, unique=True).map(sorted), min_size=1, max_size=12
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, steps: list[list[int]]) -> None:
    text = "\n".join(" ".join(f"{step / 100:.2f}" for step in row) for row in steps)
    path = written(tmp_path_factory.mktemp("trains"), text + "\n")
    rec = trains_text.read(path, time_unit="ms", dt="1e-5")
    ticks = [part.tolist() for part in np.split(rec.train_ticks, rec.train_offsets[1:-1])]
    assert ticks == steps


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_damaged_file_gives_a_recording_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    good = b"0.5 1.5 2.5 3.5 4.5\n\n1.5 2.5 3.0\n0.25 9.0 10.0\n"
    path = tmp_path_factory.mktemp("damaged") / "trains.txt"
    path.write_bytes(good[:at] + noise + good[at:])
    if trains_text.sniff(path):
        try:
            rec = trains_text.read(path, time_unit="s", blank_lines="silent")
        except RecordingError:
            return
        assert np.isfinite(rec.spike_times).all()
