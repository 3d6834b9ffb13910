"""Archives: what is in them comes out as if it had been opened unpacked; what is made to harm is refused."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard import Recording, RecordingError, Undecided, places
from spikeboard.readers import npy, zipped

LIST = b"time_s,unit\n0.1,0\n0.25,1\n0.5,0\n"


def archive(path: Path, members: dict[str, bytes], **how: Any) -> Path:
    with zipfile.ZipFile(path, "w", **how) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def sorting(folder: Path) -> Path:
    """A Phy folder of four spikes."""
    folder.mkdir(parents=True)
    np.save(folder / "spike_times.npy", np.array([10, 20, 30, 50], np.uint64))
    np.save(folder / "spike_clusters.npy", np.array([1, 4, 1, 4], np.int32))
    (folder / "params.py").write_text("sample_rate = 1000.0\n")
    return folder


def left() -> list[str]:
    """What is kept beside the stores."""
    return [entry.name for entry in places.home().iterdir() if entry.name not in ("stores", "imports")]


def same(one: Recording, other: Recording) -> bool:
    return one.digest == other.digest and one.units.equals(other.units) and one.t_stop == other.t_stop


@pytest.mark.parametrize("within", ["", "my sorting/", "a/b/c/"])
def test_a_folder_in_an_archive_is_that_folder(tmp_path: Path, within: str) -> None:
    folder = sorting(tmp_path / "packed")
    members = {f"{within}{file.name}": file.read_bytes() for file in folder.iterdir()}
    rec = spikeboard.open(archive(tmp_path / "run.zip", members))
    assert same(rec, spikeboard.open(folder))
    assert rec.name == (Path(within).name or "run") and Path(rec.source).name == "run.zip"
    assert rec.train_ticks.tolist() == [10, 30, 20, 50]
    assert left() == []


def test_a_saved_recording_may_be_sent_in_an_archive(tmp_path: Path) -> None:
    rec = spikeboard.open(sorting(tmp_path / "packed"))
    rec.save(tmp_path / "kept")
    shutil.make_archive(str(tmp_path / "kept"), "zip", tmp_path, "kept")
    again = spikeboard.open(tmp_path / "kept.zip")
    assert same(again, rec) and again.notes == rec.notes
    with pytest.raises(RecordingError, match="takes no options"):
        spikeboard.open(tmp_path / "kept.zip", t_stop=3)


def test_what_the_file_inside_leaves_open_is_asked_and_answered(tmp_path: Path) -> None:
    content = b"time,unit\n100,0\n250,1\n500,0\n700,1\n"
    path = archive(tmp_path / "run.zip", {"run.csv": content})
    (tmp_path / "run.csv").write_bytes(content)
    with pytest.raises(Undecided, match="time_unit"):
        spikeboard.open(path)
    rec = spikeboard.open(path, time_unit="ms", t_stop=2.0)
    assert same(rec, spikeboard.open(tmp_path / "run.csv", time_unit="ms", t_stop=2.0))
    assert rec.t_stop == 2.0 and rec.spike_times.max() == 0.7
    with pytest.raises(RecordingError, match=r"in the archive 'run\.zip': .* no option colour"):
        spikeboard.open(path, colour="red")
    assert left() == []


def test_what_archivers_add_is_left_out_and_said(tmp_path: Path) -> None:
    litter = {"__MACOSX/._run.csv": b"x", ".DS_Store": b"x", "._run.csv": b"x"}
    rec = spikeboard.open(archive(tmp_path / "run.zip", {"run.csv": LIST, **litter}))
    assert len(rec.spike_times) == 3
    assert "3 files that an archiver adds by itself were not unpacked" in rec.notes


def test_an_archive_of_arrays_stays_a_bundle_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", t=np.array([0.5, 1.0]), i=np.array([0, 1]))
    path = (tmp_path / "run.npz").rename(tmp_path / "run.zip")
    assert not zipped.sniff(path)
    assert not zipped.sniff(tmp_path) and not zipped.sniff(tmp_path / "none.zip")


ESCAPES = ("../run.csv", "/tmp/spike_canary_abs.csv", "a/../../run.csv", "..\\run.csv", "C:\\run.csv")


@pytest.mark.parametrize("name", ESCAPES)
def test_no_member_points_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="points outside it"):
        spikeboard.open(archive(tmp_path / "run.zip", {"good.csv": LIST, name: LIST}))
    assert left() == []


def test_links_are_not_made(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("passwd.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    with pytest.raises(RecordingError, match="points outside it"):
        spikeboard.open(tmp_path / "run.zip")


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npy, "RATIO_MATTERS_ABOVE", 2**20)
    monkeypatch.setattr(npy, "_unpack_member", lambda *_: pytest.fail("a member was unpacked"))
    packed = {"compression": zipfile.ZIP_DEFLATED}
    one = archive(tmp_path / "one.zip", {"run.csv": bytes(2**21)}, **packed)
    many = archive(tmp_path / "many.zip", {f"{n}.csv": bytes(2**19) for n in range(8)}, **packed)
    for path in (one, many):
        with pytest.raises(RecordingError, match="no recording shrinks like that"):
            spikeboard.open(path)
    monkeypatch.setattr(npy, "MOST_MEMBERS", 7)
    with pytest.raises(RecordingError, match="holds 8 members"):
        spikeboard.open(many)
    assert left() == []


def test_what_does_not_fit_on_the_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "run.zip", {"run.csv": LIST})
    full = shutil.disk_usage(tmp_path)._replace(free=zipped.KEPT_FREE)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: full)
    with pytest.raises(RecordingError, match="does not fit on the disk"):
        spikeboard.open(path)


REFUSED = {
    "inner": "holds another archive, 'inner.zip'",
    "deep": "more than 32 folders deep",
    "unknown": "in the archive 'unknown.zip': 'notes.bin' is no file",
    "twice": "cut or damaged",
    "clash": "cut or damaged",
    "empty": "it is empty",
}


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("kind", REFUSED)
def test_odd_archives_are_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    inner = archive(tmp_path / "other.zip", {"run.csv": LIST}).read_bytes()
    members = {
        "inner": {"inner.zip": inner},
        "deep": {"d/" * 40 + "run.csv": LIST},
        "unknown": {"notes.bin": bytes(range(256))},
        "clash": {"a": LIST, "a/b.csv": LIST},
    }
    path = archive(tmp_path / f"{kind}.zip", members.get(kind, {}))
    if kind == "twice":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("run.csv", LIST)
            made.writestr("run.csv", LIST)
    with pytest.raises(RecordingError, match=REFUSED[kind]) as refused:
        spikeboard.open(path)
    assert "\n" not in str(refused.value) and left() == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_archive_opens_or_is_refused(own_home: Path, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = archive(Path(folder) / "run.zip", {"a/run.csv": LIST}, compression=zipfile.ZIP_DEFLATED)
        raw = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
        try:
            assert spikeboard.open(path).notes
        except RecordingError as refused:
            assert str(refused)
    assert left() == []


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr("run.csv", "time_s,unit\n0.1,0\n")
        archive.writestr("nobody", "")
        archive.infolist()[-1].filename = ""
    with pytest.raises(RecordingError, match=r"run\.zip holds a member without a name"):
        spikeboard.open(tmp_path / "run.zip")
