"""A whole recording as CSV or Parquet: read back, every table is what it was; no name becomes a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD
from hypothesis import given
from hypothesis import strategies as st

import spikeboard
from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording, State, recording
from spikeboard.tables import as_csv, file_name, harmless, packed

DEMO = Path(__file__).parents[1] / "data" / "demo"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("http://x")')


@pytest.fixture(params=["csv", "parquet"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param


def unpacked(rec: Recording, form: str) -> Iterator[tuple[str, pd.DataFrame]]:
    path = packed(rec, form)
    try:
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            for name in archive.namelist():
                if name.endswith(form):
                    data = io.BytesIO(archive.read(name))
                    frame = (
                        pd.read_parquet(data)
                        if form == "parquet"
                        else pd.read_csv(data, keep_default_na=False, na_values=[""])
                    )
                    yield name.removesuffix(f".{form}"), frame
    finally:
        path.unlink()


def test_the_demo_comes_back(form: str) -> None:
    rec = spikeboard.open(DEMO)
    found = dict(unpacked(rec, form))
    spikes = found["spikes"]
    np.testing.assert_array_equal(spikes["time_s"], rec.spike_times)
    np.testing.assert_array_equal(spikes["unit"], rec.spike_rows)
    np.testing.assert_array_equal(
        spikes["population"], rec.units["population"].astype(str).to_numpy()[rec.spike_rows]
    )
    np.testing.assert_array_equal(
        spikes["id"].astype(str), rec.units["id"].astype(str).to_numpy()[rec.spike_rows]
    )
    assert list(found["units"]) == list(rec.units) and len(found["units"]) == len(rec.units)
    pd.testing.assert_frame_equal(found["populations"], rec.populations, check_dtype=False)
    pd.testing.assert_frame_equal(
        found["projections"].fillna(""), rec.projections.fillna(""), check_dtype=False, rtol=0, atol=0
    )
    assert len(found) == 4 + sum(map(len, (rec.intervals, rec.rates, rec.states, rec.connections)))


def test_states_rates_intervals_and_synapses_come_back(form: str) -> None:
    rec = spikeboard.open(DEMO)
    found = dict(unpacked(rec, form))
    for kind, parts in (("intervals", rec.intervals), ("rates", rec.rates)):
        for position, frame in enumerate(parts.values()):
            back = next(table for name, table in found.items() if name.startswith(f"{kind}-{position}-"))
            pd.testing.assert_frame_equal(back, frame, check_dtype=False, rtol=0, atol=0)
    for position, state in enumerate(rec.states.values()):
        back = next(table for name, table in found.items() if name.startswith(f"state-{position}-"))
        np.testing.assert_array_equal(back["time_s"], state.time)
        np.testing.assert_array_equal(back.iloc[:, 1:].to_numpy(state.values.dtype), state.values)
    for position, (name, synapses) in enumerate(rec.connections.items()):
        back = next(table for key, table in found.items() if key.startswith(f"synapses-{position}-"))
        source, target = rec.rows_of(synapses.source).start, rec.rows_of(synapses.target).start
        rows = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))
        np.testing.assert_array_equal(back["source_unit"], source + rows, err_msg=name)
        np.testing.assert_array_equal(back["target_unit"], target + synapses.indices)
        np.testing.assert_array_equal(back["weight"], synapses.weight)
        np.testing.assert_array_equal(back["delay_s"], synapses.delay)


def test_pieces_are_joined_without_a_seam(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_AT_ONCE", 7)
    rec = AWKWARD["odd_states"]()
    found = dict(unpacked(rec, form))
    np.testing.assert_array_equal(found["spikes"]["time_s"], rec.spike_times)
    back = next(table for name, table in found.items() if name.startswith("state-0"))
    np.testing.assert_array_equal(back.iloc[:, 1:], rec.states["E.v"].values)
    assert np.isnan(back.iloc[100, 2])


@pytest.mark.parametrize("name", list(AWKWARD))
def test_every_awkward_recording_can_be_taken_home(name: str, form: str) -> None:
    if name == "large":
        return
    rec = AWKWARD[name]()
    found = dict(unpacked(rec, form))
    assert len(found["spikes"]) == len(rec.spike_times) and len(found["units"]) == len(rec.units)
    for path in found:
        assert not set(path) & set('/\\:<>"|?*') and ".." not in path


def test_what_the_recording_is_stands_beside_its_tables() -> None:
    rec = spikeboard.open(DEMO)
    path = packed(rec, "csv")
    with zipfile.ZipFile(path) as archive:
        said = json.loads(archive.read("recording.json"))
    path.unlink()
    assert said["digest"] == rec.digest and said["t_stop_s"] == rec.t_stop
    assert said["sampling_rate_hz"] == rec.sampling_rate and said["notes"] == list(rec.notes)
    assert "/" not in said["source"]


def test_another_form_is_refused_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(RecordingError, match="csv or parquet"):
        packed(AWKWARD["one_spike"](), "xlsx")
    monkeypatch.setattr(tables, "_write_csv", lambda entry, pieces: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        packed(AWKWARD["one_spike"](), "csv")
    assert not list(tmp_path.iterdir())


def test_labels_that_repeat_or_take_the_times_name_stay_apart(form: str) -> None:
    labels = ("a", "a", "a (1)", "time_s", "")
    values = np.arange(10.0).reshape(2, 5)
    state = State(values, np.array([0.0, 1.0]), "v", "mV", np.full(5, -1), labels)
    units = pd.DataFrame({"population": ["E"], "id": [0]})
    rec = recording("r", np.array([1.0]), np.array([0]), units, t_start=0, t_stop=2, states={"v": state})
    back = dict(unpacked(rec, form))["state-0-v"]
    assert len(set(back.columns)) == 6 and back.columns[0] == "time_s"
    np.testing.assert_array_equal(back.iloc[:, 1:], values)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    written = as_csv(
        pd.DataFrame({text: [text, "plain"], "category": pd.Categorical([text, text]), "n": [-1.5, 2.0]})
    )
    for row in csv.reader(io.StringIO(written, newline="")):
        for cell in row[:2]:
            assert not cell.startswith(tables.FORMULA)
    assert "-1.5" in written.replace("'-1.5", "")


def test_numbers_and_plain_texts_are_as_they_were() -> None:
    for value in (-1, -1.5, None, True, "a=b", "E 3", ""):
        assert harmless(value) is value


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_written_in_full(numbers: list[float]) -> None:
    back = pd.read_csv(io.StringIO(as_csv(pd.DataFrame({"x": numbers}))))
    np.testing.assert_array_equal(back["x"], numbers)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), min_size=1))
def test_any_names_survive_a_csv_but_for_the_apostrophe(texts: list[str]) -> None:
    written = as_csv(pd.DataFrame({"k": range(len(texts)), "name": texts}))
    back = [row[1] for row in csv.reader(io.StringIO(written, newline=""))][1:]
    assert back == [harmless(text) for text in texts]


@given(st.text())
def test_a_file_name_is_plain(name: str) -> None:
    units = pd.DataFrame({"population": [], "id": []})
    rec = recording(name, np.zeros(0), np.zeros(0, int), units, t_start=0, t_stop=1)
    assert 0 < len(file_name(rec)) <= 60 and not set(file_name(rec)) & set('/\\:<>"|?* ')
    assert not file_name(rec).startswith((".", "-"))
