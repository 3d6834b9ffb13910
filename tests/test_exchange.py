"""Exports open again as what they were; what a format has no place for is told."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from app import DEMO_FOLDER
from spikeboard import Recording, exchange
from spikeboard.errors import RecordingError
from spikeboard.exchange import export, to_neo
from spikeboard.readers import exchanged, recognise

WHOLE = ("csv", "parquet", "npz")


def assert_same(again: Recording, rec: Recording) -> None:
    """Every number, name and note of two recordings is the same."""
    for name in ("spike_times", "spike_rows", "train_ticks", "train_offsets"):
        np.testing.assert_array_equal(getattr(again, name), getattr(rec, name), err_msg=name)
    for name in ("name", "t_start", "t_stop", "sampling_rate", "notes", "digest"):
        assert getattr(again, name) == getattr(rec, name), name
    assert_frame(again.units, rec.units)
    assert_frame(again.projections, rec.projections)
    for kind in ("states", "rates", "intervals", "connections"):
        assert list(getattr(again, kind)) == list(getattr(rec, kind))
    for name, state in rec.states.items():
        other = again.states[name]
        np.testing.assert_array_equal(other.values, state.values)
        np.testing.assert_array_equal(other.time, state.time)
        assert other.values.dtype == state.values.dtype and other.rows.tolist() == state.rows.tolist()
        assert (other.variable, other.unit, other.labels) == (state.variable, state.unit, state.labels)
    for kind in ("rates", "intervals"):
        for name, frame in getattr(rec, kind).items():
            assert_frame(getattr(again, kind)[name], frame)
    for name, synapses in rec.connections.items():
        other = again.connections[name]
        assert (other.source, other.target, other.weight_unit) == (
            synapses.source,
            synapses.target,
            synapses.weight_unit,
        )
        for part in ("indptr", "indices", "weight", "delay"):
            np.testing.assert_array_equal(
                getattr(other, part), getattr(synapses, part), err_msg=f"{name} {part}"
            )


def assert_frame(again: pd.DataFrame, frame: pd.DataFrame) -> None:
    assert list(again.columns) == list(frame.columns)
    for place in range(frame.shape[1]):
        mine, theirs = frame.iloc[:, place], again.iloc[:, place]
        if pd.api.types.is_numeric_dtype(mine.dtype):
            np.testing.assert_array_equal(theirs, mine)
        else:
            assert theirs.astype(str).tolist() == mine.astype(str).tolist()


@pytest.mark.parametrize("form", WHOLE)
def test_the_demo_comes_back_whole(form: str, tmp_path: Path) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    written = export(rec, tmp_path / f"demo{exchange.FORMS[form][1]}", form)
    assert written.left_out == () and recognise(written.path).read is exchanged.read
    assert_same(spikeboard.open(written.path), rec)


@pytest.mark.parametrize("form", WHOLE)
@pytest.mark.parametrize("name", [name for name in AWKWARD if name != "large"])
def test_every_awkward_recording_comes_back_whole(name: str, form: str, tmp_path: Path) -> None:
    rec = AWKWARD[name]()
    assert_same(exchanged.read(export(rec, tmp_path / "made", form).path), rec)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(st.floats(0, 1e6, allow_nan=False), max_size=40),
    st.lists(st.text(max_size=12), min_size=1, max_size=4),
    st.sampled_from(WHOLE),
)
def test_no_time_and_no_name_is_changed(
    tmp_path: Path, times: list[float], names: list[str], form: str
) -> None:
    names = [name.encode("utf-8", "replace").decode() for name in names]
    units = pd.DataFrame({"population": "p", "id": names, names[0] or "x": names})
    rec = spikeboard.recording(
        "made",
        np.array(times),
        np.arange(len(times)) % len(names),
        units,
        t_start=0.0,
        t_stop=1e6,
        notes=names,
    )
    path = tmp_path / "made"
    path.unlink(missing_ok=True)
    assert_same(exchanged.read(export(rec, path, form).path), rec)


# Formats of others ---------------------------------------------------------------------------------------------


def test_sonata_spikes_open_again_with_their_silent_units(tmp_path: Path) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    written = export(rec, tmp_path / "demo.h5")
    again = spikeboard.open(written.path, t_start=rec.t_start, t_stop=rec.t_stop)
    assert again.units[["population", "id"]].astype(str).equals(rec.units[["population", "id"]].astype(str))
    np.testing.assert_array_equal(again.spike_rows, rec.spike_rows)
    np.testing.assert_allclose(again.spike_times, rec.spike_times, rtol=0, atol=1e-12)
    for word in ("t_start", "states", "rates", "intervals"):
        assert any(word in said for said in written.left_out)


def test_nwb_is_valid_and_pynwb_reads_what_was_written(tmp_path: Path) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    written = export(rec, tmp_path / "demo.nwb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pynwb

        problems = pynwb.validate(path=str(written.path))
        assert [str(problem) for problem in problems] == []
        with pynwb.NWBHDF5IO(str(written.path), "r") as io:
            file = io.read()
            assert file.units.id[:].tolist() == rec.units["id"].tolist()
            for row in range(len(rec.units)):
                ticks = rec.train_ticks[rec.train_offsets[row] : rec.train_offsets[row + 1]]
                np.testing.assert_array_equal(file.units["spike_times"][row], ticks / rec.ticks_per_second)
            assert file.units["population"][:].tolist() == rec.units["population"].astype(str).tolist()
            for name, state in rec.states.items():
                np.testing.assert_array_equal(file.acquisition[name].data[:], state.values)
            for name, frame in rec.intervals.items():
                np.testing.assert_array_equal(file.intervals[name]["start_time"][:], frame["start"])
    assert any("1970" in said for said in written.left_out) and any(
        "projections" in said for said in written.left_out
    )


def test_our_own_reader_reads_that_nwb(tmp_path: Path) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    again = spikeboard.open(export(rec, tmp_path / "demo.nwb").path, population_column="population")
    assert again.digest == rec.digest and again.sampling_rate == rec.sampling_rate
    assert (again.t_start, again.t_stop) == (rec.t_start, rec.t_stop)
    assert again.units["id"].tolist() == rec.units["id"].tolist()


@pytest.mark.parametrize("name", [name for name in AWKWARD if name != "large"])
@pytest.mark.parametrize("form", ["nwb", "sonata"])
def test_every_awkward_recording_can_be_given_to_others(name: str, form: str, tmp_path: Path) -> None:
    rec = AWKWARD[name]()
    written = export(rec, tmp_path / f"made{exchange.FORMS[form][1]}")
    assert written.path.stat().st_size > 0 and written.left_out
    if len(rec.spike_times):
        again = spikeboard.open(written.path)
        assert len(again.spike_times) == len(rec.spike_times)


def test_a_neo_block_becomes_the_same_recording(tmp_path: Path) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    written = export(rec, tmp_path / "demo.nix")
    assert any("10000 Hz clock" in said for said in written.left_out)
    assert spikeboard.from_monitors(to_neo(rec)).digest == rec.digest
    for again in (spikeboard.from_monitors(to_neo(rec)), spikeboard.open(written.path)):
        np.testing.assert_allclose(again.spike_times, rec.spike_times, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(again.spike_rows, rec.spike_rows)
        assert (again.t_start, again.t_stop) == (rec.t_start, rec.t_stop)
        assert_frame(again.units, rec.units)
        for name, frame in rec.intervals.items():
            np.testing.assert_allclose(again.intervals[name]["stop"], frame["stop"], atol=1e-12)
        for name, state in rec.states.items():
            np.testing.assert_array_equal(again.states[name].values, state.values)
            np.testing.assert_allclose(again.states[name].time, state.time, atol=1e-12)


# What is refused -----------------------------------------------------------------------------------------------


def test_nothing_is_overwritten_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = AWKWARD["one_spike"]()
    (tmp_path / "there.npz").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        export(rec, tmp_path / "there.npz")
    with pytest.raises(RecordingError, match=r"not as '\.xlsx'"):
        export(rec, tmp_path / "made.xlsx")

    def broken(rec: Recording, path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    monkeypatch.setitem(exchange._WRITERS, "npz", broken)
    with pytest.raises(OSError, match="disk full"):
        export(rec, tmp_path / "made.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["there.npz"]


def test_an_export_can_be_overruled_but_loses_no_spike(tmp_path: Path) -> None:
    path = export(AWKWARD["one_spike"](), tmp_path / "made.npz").path
    assert (spikeboard.open(path).t_stop, spikeboard.open(path, t_stop=20.0).t_stop) == (10.0, 20.0)
    with pytest.raises(RecordingError, match="before the last spike"):
        spikeboard.open(path, t_stop=1.0)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("recording.json", "{}")
        with archive.open("spikes.csv", "w") as entry:
            for _ in range(80):
                entry.write(bytes(2**20))
    with pytest.raises(RecordingError, match="did not write: refused"):
        spikeboard.open(tmp_path / "bomb.zip")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data(), st.sampled_from(WHOLE))
def test_a_damaged_export_gives_a_sentence_or_a_recording(tmp_path: Path, data: Any, form: str) -> None:
    kept = tmp_path / f"kept-{form}"
    if not kept.exists():
        export(AWKWARD["bare_network"](), kept, form)
    whole = bytearray(kept.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))])
    try:
        assert len(exchanged.read(path).units) >= 0
    except RecordingError as problem:
        assert str(problem)
