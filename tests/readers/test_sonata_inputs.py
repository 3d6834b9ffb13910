"""Trains that a config plays into a run: in whatever format they are, they are the spikes of the virtual cells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from made_sonata import allen_run, write_json

import spikeboard
from spikeboard import exchange
from spikeboard.errors import RecordingError
from spikeboard.readers.sonata import read
from spikeboard.readers.sonata_config import SpikeFile
from spikeboard.readers.sonata_inputs import populations_in, spikes_in

HEADER = "timestamps population node_ids\n"


def text(content: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / "drive.csv").write_text(content)
        return "drive.csv"

    return write


def nwb_of_old(folder: Path, unit: str = "") -> str:
    with h5py.File(folder / "drive.nwb", "w") as file:
        for trial, shift in (("trial_0", 0.0), ("trial_1", 40.0)):
            for node, time in ((1, 5.0), (0, 15.0), (2, None)):
                times = np.array([] if time is None else [time + shift])
                file[f"processing/{trial}/spike_train/{node}/data"] = times
    return "drive.nwb"


def nwb_2(folder: Path) -> str:
    units = pd.DataFrame({"population": "drive", "id": [0, 1]})
    rec = spikeboard.recording(
        "drive", np.array([0.005, 0.015]), np.array([1, 0]), units, t_start=0.0, t_stop=0.1
    )
    exchange.export(rec, folder / "drive.nwb")
    return "drive.nwb"


def run_with(folder: Path, write: Callable[[Path], str], **more: str) -> Path:
    """The run of made_sonata, whose input is in another file."""
    allen_run(folder)
    (folder / "inputs" / "drive.h5").unlink()
    path = folder / "simulation_config.json"
    config = json.loads(path.read_text())
    name = write(folder / "inputs")
    config["inputs"]["drive"] |= {"input_file": f"$BASE/inputs/{name}", **more}
    write_json(path, config)
    return folder


WRITERS = {
    "csv": text(f"{HEADER}5.0 drive 1\n15.0 drive 0\n"),
    "csv with commas": text("node_ids,timestamps\n0,15.0\n1,5.0\n"),
    "csv without a header": text("5.0 1\n15.0 0\n"),
    "nwb of old": nwb_of_old,
    "nwb 2": nwb_2,
}


@pytest.mark.parametrize("how", WRITERS)
def test_an_input_is_the_same_in_every_format(how: str, tmp_path: Path) -> None:
    allen_run(tmp_path / "h5")
    expected = read(tmp_path / "h5")
    rec = read(run_with(tmp_path / "run", WRITERS[how], trial="trial_0"))
    assert rec.units.equals(expected.units) and rec.digest == expected.digest
    np.testing.assert_array_equal(rec.spike_times, expected.spike_times)
    rows = rec.rows_of("drive")
    assert rec.counts[rows.start : rows.start + 2].tolist() == [1, 1]


def test_another_trial_is_another_input(tmp_path: Path) -> None:
    rec = read(run_with(tmp_path / "run", nwb_of_old, trial="trial_1"))
    rows = rec.rows_of("drive")
    mine = (rec.spike_rows >= rows.start) & (rec.spike_rows < rows.stop)
    assert rec.spike_times[mine].tolist() == pytest.approx([0.045, 0.055])


def test_which_trial_has_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"holds the trials 'trial_0', 'trial_1', and the config takes 'none'"
    ):
        read(run_with(tmp_path / "run", nwb_of_old))


def test_populations_in_text_are_told_apart_and_bad_rows_counted(tmp_path: Path) -> None:
    name = text(f"{HEADER}1 a 0\n2 b 7\nx a 1\n3 a \n4 a 2\n")(tmp_path)
    file = SpikeFile(tmp_path / name, "input")
    assert populations_in(file) == ("a", "b")
    first, second = spikes_in(file, "s")
    assert (first.ids.tolist(), first.times.tolist()) == ([0, 2], [1.0, 4.0]) and second.ids.tolist() == [7]
    assert "2 rows without a time or an id" in first.notes[0]


def test_a_train_says_its_own_unit(tmp_path: Path) -> None:
    file = SpikeFile(tmp_path / nwb_of_old(tmp_path), "input", trial="trial_0")
    with h5py.File(file.path, "a") as opened:
        for node in opened["processing/trial_0/spike_train"].values():
            node["data"].attrs["unit"] = "s"
    assert sorted(spikes_in(file, None)[0].times.tolist()) == [5.0, 15.0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no list of spikes"),
        ("price volume\n1 2\n", "has no columns of times and node ids"),
        ("timestamps,node_ids\n1.0,1.5\n", "are not whole numbers"),
        ("1 2 3\n4 5 6\n", "has no columns of times and node ids"),
        ('timestamps,node_ids\n1.0,"1\n', "drive.csv"),
    ],
)
def test_text_that_is_no_list_of_spikes_is_refused(content: str, words: str, tmp_path: Path) -> None:
    name = text(content)(tmp_path)
    with pytest.raises(RecordingError, match=words) as refused:
        spikes_in(SpikeFile(tmp_path / name, "input"), None)
    assert "drive.csv" in str(refused.value)
