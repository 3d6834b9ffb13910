"""Parquet tables: their columns are told apart as those of CSV are, and what they claim is not believed."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import spikeboard
from spikeboard import RecordingError
from spikeboard.errors import Undecided
from spikeboard.readers import parquet, read_source, recognise

TIMES, UNITS = [0.5, 1.5, 2.5, 40.25], [7, 3, 7, 3]


def written(path: Path, columns: dict[str, Any], **how: Any) -> Path:
    pq.write_table(pa.table(columns), path, **how)
    return path


def test_a_table_of_times_and_units_is_a_recording(tmp_path: Path) -> None:
    path = written(tmp_path / "run.parquet", {"unit": UNITS, "time_ms": TIMES})
    assert recognise(path).name == "Parquet tables"
    rec = spikeboard.open(path)
    assert rec.spike_times.tolist() == [0.0005, 0.0015, 0.0025, 0.04025]
    assert rec.units["id"].tolist() == [3, 7] and rec.spike_rows.tolist() == [1, 0, 1, 0]


def test_pandas_and_its_index_categories_and_populations(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t": TIMES, "neuron": UNITS, "population": pd.Categorical(["E", "I", "E", "I"])})
    frame.index = pd.Index([5, 6, 7, 8])
    frame.to_parquet(tmp_path / "run.pq")
    rec = read_source(tmp_path / "run.pq", time_unit="ms")
    assert rec.populations["name"].tolist() == ["E", "I"] and rec.units["id"].tolist() == [7, 3]


def test_names_of_units_stay_names_and_large_ids_exact(tmp_path: Path) -> None:
    named = written(tmp_path / "a.parquet", {"time_s": TIMES, "unit": ["b10", "b9", "b10", "b9"]})
    assert read_source(named).units["id"].tolist() == ["b9", "b10"]
    large = written(tmp_path / "b.parquet", {"time_s": TIMES, "unit": [2**60 + 1, 2**60, 2**60 + 1, 2**60]})
    assert read_source(large).units["id"].tolist() == [2**60, 2**60 + 1]


def test_an_open_time_unit_is_asked_with_the_rates_it_implies(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"time": np.arange(400) * 2.5, "unit": np.arange(400) % 4})
    with pytest.raises(Undecided) as asked:
        read_source(path)
    (question,) = asked.value.questions
    assert question.name == "time_unit" and "Hz per unit" in question.choices[0].implies
    assert read_source(path, time_unit="ms").t_stop == pytest.approx(0.9975)


def test_columns_that_could_be_either_are_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"a": TIMES, "b": UNITS, "unit": UNITS})
    with pytest.raises(Undecided, match="which column is the time"):
        read_source(path)
    assert len(read_source(path, time_column="a", time_unit="ms").spike_times) == 4


def test_rows_without_a_value_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.parquet", {"time_s": [1.0, None, 3.0, float("nan")], "unit": [2**60 + 1, 5, None, 5]}
    )
    rec = read_source(path)
    assert rec.spike_times.tolist() == [1.0] and rec.units["id"].tolist() == [2**60 + 1]
    assert any("3 of 4 spikes were left out" in note and "position 1, 2, 3" in note for note in rec.notes)


def test_an_empty_table_has_no_spike(tmp_path: Path) -> None:
    columns = {"time_s": pa.array([], pa.float64()), "unit": pa.array([], pa.int64())}
    rec = read_source(written(tmp_path / "a.parquet", columns))
    assert len(rec.spike_times) == 0 and "the file holds no spike" in rec.notes


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"time": [[1.0], [2.0]], "unit": [[1], [2]]}, "has no column of numbers"),
        ({"time_s": ["a", "b"], "unit": [1, 2]}, "holds text"),
        ({"time_s": [1.0, 2.0], "unit": [0.5, 1.5]}, "whole numbers or names"),
        ({"time_s": [1.0, 2.0], "unit": ["x" * 20_000, "y"]}, "a name of 20,000 characters"),
        ({f"c{k}": [1.0] for k in range(300)}, "columns"),
        ({"price": [1.0], "volume": [2.0]}, "no column is named like a time"),
    ],
)
def test_what_is_no_list_of_spikes_is_refused(tmp_path: Path, columns: dict[str, Any], sentence: str) -> None:
    path = written(tmp_path / "odd.parquet", columns)
    with pytest.raises(RecordingError, match=sentence) as refused:
        read_source(path)
    assert "odd.parquet" in str(refused.value)


def test_a_long_name_in_many_rows_is_refused_before_it_is_repeated(tmp_path: Path) -> None:
    # A quarter of a terabyte, if each row had a copy.
    names = pa.DictionaryArray.from_arrays(np.zeros(250_000, np.int32), ["x" * 1_000_000])
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"time_s": np.arange(250_000.0), "unit": names}), path)
    assert path.stat().st_size < 5_000_000
    with pytest.raises(RecordingError, match="a name of 1,000,000 characters"):
        read_source(path)


def test_gaps_in_names_are_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", {"time_s": TIMES, "unit": ["a", None, "b", None]})
    assert read_source(path).spike_times.tolist() == [0.5, 2.5]
    none = written(tmp_path / "b.parquet", {"time_s": TIMES, "unit": pa.array([None] * 4, pa.string())})
    assert len(read_source(none).spike_times) == 0


def test_nested_columns_beside_are_named_and_not_read(tmp_path: Path) -> None:
    rec = read_source(written(tmp_path / "a.parquet", {"time_s": TIMES, "unit": UNITS, "wave": [[1.0]] * 4}))
    assert any("neither numbers nor names: 'wave'" in note for note in rec.notes)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays(
        [pa.array(TIMES), pa.array(TIMES), pa.array(UNITS)], ["time", "time", "unit"]
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(RecordingError, match="some of one name"):
        read_source(tmp_path / "a.parquet")


@pytest.mark.parametrize("cut", [0, 5, 200, -4, -9, -100])
def test_a_file_that_is_cut_is_said_to_be(tmp_path: Path, cut: int) -> None:
    whole = written(
        tmp_path / "w.parquet", {"time_s": np.arange(1000.0), "unit": np.arange(1000)}
    ).read_bytes()
    path = tmp_path / "cut.parquet"
    path.write_bytes(whole[: cut or 6])
    with pytest.raises(RecordingError, match=r"cut\.parquet"):
        read_source(path)


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_file_is_refused_in_a_sentence_or_read(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = written(tmp_path / "a.parquet", {"time_s": rng.random(500), "unit": rng.integers(0, 9, 500)})
    data = bytearray(path.read_bytes())
    for place in rng.integers(4, len(data) - 8, 20):
        data[place] = rng.integers(256)
    path.write_bytes(data)
    try:
        rec = read_source(path)
    except RecordingError as refused:
        assert "a.parquet" in str(refused) and "\n" not in str(refused)
    else:
        assert len(rec.spike_times) <= 500


def test_more_rows_than_the_file_can_hold_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One value a million times is a few hundred bytes.
    path = written(tmp_path / "a.parquet", {"time_s": np.zeros(10**6), "unit": np.zeros(10**6, int)})
    assert path.stat().st_size < 10_000
    assert len(read_source(path).spike_times) == 10**6
    monkeypatch.setattr(parquet, "SMALLEST_ALLOWANCE", 1000)
    with pytest.raises(RecordingError, match=r"claims 1,000,000 rows, more than"):
        read_source(path)


def test_a_description_longer_than_the_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 100 + struct.pack("<I", 2**31 - 1) + b"PAR1")
    with pytest.raises(RecordingError, match=r"a\.parquet is cut"):
        read_source(path)
