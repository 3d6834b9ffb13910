"""A folder that no reader knows is the only recording in it; of several it names some, and archives are none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import spikeboard
from spikeboard import RecordingError
from spikeboard.errors import Undecided
from spikeboard.library import described, entries, key_of_path, local_library, open_key
from spikeboard.readers import MOST_BESIDE, recognise

DEMO_FOLDER = Path(__file__).parents[2] / "data" / "demo"
SPIKES = "time_ms,unit\n1.0,0\n4.0,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording with all that may lie beside it."""
    made = tmp_path / "night 3"
    (made / "figures").mkdir(parents=True)
    (made / "night.csv").write_text(SPIKES)
    (made / ".night.csv").write_text(SPIKES)
    (made / "empty.csv").touch()
    (made / "LICENSE").write_text("Time and unit are yours.\n1 2\n")
    (made / "truth.json").write_text("{}")
    (made / "figures" / "other.csv").write_text(SPIKES)
    return made


def test_the_only_recording_in_a_folder_is_opened_and_said(folder: Path) -> None:
    rec = spikeboard.open(folder)
    assert rec.name == "night" and len(rec.spike_times) == 2
    assert rec.notes[0] == "'night.csv' was opened: the only recording in the folder 'night 3'"
    assert rec.notes[1:] == spikeboard.open(folder / "night.csv").notes
    (folder / "night.csv").write_text(SPIKES + "5.0,1\n")
    assert len(spikeboard.open(folder).spike_times) == 3


def test_its_options_and_questions_are_those_of_the_file(folder: Path) -> None:
    (folder / "night.csv").write_text(SPIKES.replace("time_ms", "time"))
    assert recognise(folder).options == recognise(folder / "night.csv").options
    with pytest.raises(Undecided, match="time_unit"):
        spikeboard.open(folder)
    assert spikeboard.open(folder, time_unit="s").t_stop == 4.0
    with pytest.raises(RecordingError, match="take no option nonsense; they take time_unit"):
        spikeboard.open(folder, nonsense=1)


def test_of_several_recordings_some_are_named(folder: Path) -> None:
    for number in range(6):
        (folder / f"night {number}.csv").write_text(SPIKES)
    with pytest.raises(RecordingError) as refused:
        spikeboard.open(folder)
    assert str(refused.value) == (
        "'night 3' is no folder that Spikeboard knows, but holds 7 recordings: open 'night 0.csv', 'night 1.csv', "
        "'night 2.csv', 'night 3.csv', 'night 4.csv', …"
    )
    for number in range(MOST_BESIDE):
        (folder / f"{number}.log").touch()
    with pytest.raises(RecordingError, match="is no folder that Spikeboard knows; it reads"):
        spikeboard.open(folder)


def test_what_lies_elsewhere_and_what_is_packed_is_not_in_the_folder(folder: Path, tmp_path: Path) -> None:
    (folder / "night.csv").rename(tmp_path / "night.csv")
    (folder / "linked.csv").symlink_to(tmp_path / "night.csv")
    with zipfile.ZipFile(folder / "night.zip", "w") as archive:
        archive.write(tmp_path / "night.csv", "night.csv")
    with pytest.raises(RecordingError, match="'night 3' is no folder that Spikeboard knows; it reads"):
        spikeboard.open(folder)


def test_in_an_archive_it_is_the_same(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("night.csv", "LICENSE"):
            archive.write(folder / name, f"night/{name}")
    rec = spikeboard.open(tmp_path / "a.zip")
    assert len(rec.spike_times) == 2 and "'night.csv' was opened" in rec.notes[0]


def test_the_library_lists_the_file_and_goes_on_into_the_folder(folder: Path) -> None:
    library = local_library(DEMO_FOLDER, [folder.parent])
    names = [entry.name for entry in entries(library)]
    assert names[1:] == ["night 3/night.csv", "night 3/figures/other.csv"]
    key = key_of_path(library, "night 3")
    assert len(open_key(library, key).spike_times) == 2
    assert described(library, key)[0] == recognise(folder / "night.csv").name
