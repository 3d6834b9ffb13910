"""Keys of recordings: each names one file and no other, and nothing outside what the server offers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from queue import Queue

import pytest
from awkward import AWKWARD
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeboard import places
from spikeboard.errors import RecordingError, Undecided
from spikeboard.library import (
    DEMO,
    Library,
    answered,
    entries,
    is_there,
    key_of_path,
    library_from_environment,
    library_to_environment,
    local_library,
    locate,
    note,
    open_key,
    source_of,
    uploads_folder,
)
from spikeboard.store import columns_of, files_by_use

DEMO_FOLDER = Path(__file__).parents[1] / "data" / "demo"
LIST = "time_s,unit\n0.1,0\n0.25,1\n0.5,0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "night").mkdir(parents=True)
    (folder / "a.csv").write_text(LIST)
    (folder / "night" / "b.csv").write_text(LIST)
    AWKWARD["one_spike"]().save(folder / "saved")
    (tmp_path / "secret.csv").write_text(LIST)
    return folder


@pytest.fixture
def library(root: Path) -> Library:
    return local_library(DEMO_FOLDER, [root], shared=True)


def listed(library: Library) -> dict[str, str]:
    return {entry.name: entry.key for entry in entries(library)}


def test_what_is_opened_is_read_ahead_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Queue[list[Path]] = Queue()
    monkeypatch.setattr("spikeboard.library.read_ahead", asked.put)
    recs = [open_key(library, "file:a.csv") for _ in range(2)]
    assert recs[0].folder is not None and asked.get(timeout=10) == files_by_use(recs[0].folder)
    assert recs[0] is recs[1] and asked.empty()


def test_what_is_looked_at_first_is_read_first_and_then_the_smallest(library: Library) -> None:
    folder = open_key(library, "file:a.csv").folder
    assert folder is not None
    (columns_of(folder) / "level_times.npy").write_bytes(bytes(10**6))
    names = [path.name for path in files_by_use(folder)]
    assert names[:3] == ["level_times.npy", "short_rows.npy", "spike_times.npy"]
    rest = [path.stat().st_size for path in files_by_use(folder)[3:]]
    assert rest == sorted(rest) and len(names) == len(set(names)) > 5


def test_the_demo_has_a_key_of_its_own(library: Library) -> None:
    assert locate(library, DEMO) == (DEMO_FOLDER, {})
    assert len(open_key(library, DEMO).units) == 250


def test_what_lies_below_a_root_is_listed_and_opens(library: Library, root: Path) -> None:
    found = listed(library)
    assert set(found) - {"Demo: a balanced network"} == {"a.csv", "night/b.csv", "saved"}
    assert found["night/b.csv"] == "file:night/b.csv"
    for name, key in found.items():
        assert len(open_key(library, key).spike_times) == (1 if name == "saved" else 3) or key == DEMO
    kinds = {entry.name: (entry.kind, entry.size) for entry in entries(library)}
    assert kinds["a.csv"][1] == len(LIST) and kinds["saved"][0] == "Spikeboard recording"


@pytest.mark.parametrize(
    "rest",
    [
        "../secret.csv", "night/../../secret.csv", "/etc/passwd", "..", "nothing.csv", "night/\0", "a" * 5000, "~/x",
        "../recordings-of-others/x", "night//../../secret.csv", "./../secret.csv",
    ],
)  # fmt: skip
def test_no_key_leads_outside(library: Library, rest: str) -> None:
    for key in (f"file:{rest}", f"id:{rest}", rest):
        with pytest.raises(RecordingError):
            locate(library, key)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(key=st.text(max_size=60) | st.text("./\\~a:", max_size=30).map("file:{}".format))
def test_whatever_a_key_says_it_stays_inside(library: Library, key: str) -> None:
    try:
        path, _ = locate(library, key)
    except RecordingError:
        return
    assert key == DEMO or path.is_relative_to(library.roots[0])


@pytest.mark.parametrize("key", ["", "demo2", "id:", "id:" + "g" * 32, "id:" + "0" * 33, "store:x", "file"])
def test_keys_of_nothing_are_refused_in_words(library: Library, key: str) -> None:
    with pytest.raises(RecordingError, match=r"Library|no recording"):
        open_key(library, key)


def test_what_cannot_be_opened_may_be_there_all_the_same(library: Library, root: Path) -> None:
    (root / "odd.csv").write_text("time_ms,unit\n1.5,0.5\n")
    with pytest.raises(RecordingError):
        open_key(library, "file:odd.csv")
    assert is_there(library, "file:odd.csv") and not is_there(library, "file:gone.csv")
    assert is_there(library, DEMO) and not is_there(library, "")


def test_a_link_that_leads_out_is_neither_listed_nor_opened(
    library: Library, root: Path, tmp_path: Path
) -> None:
    (root / "out.csv").symlink_to(tmp_path / "secret.csv")
    (root / "in.csv").symlink_to(root / "a.csv")
    (root / "gone.csv").symlink_to(root / "never.csv")
    (root / "circle.csv").symlink_to(root / "circle.csv")
    (root / "folder").symlink_to(tmp_path)
    found = listed(library)
    assert not {"out.csv", "gone.csv", "circle.csv", "folder"} & set(found)
    for name in ("out.csv", "gone.csv", "circle.csv", "folder/secret.csv"):
        with pytest.raises(RecordingError):
            locate(library, f"file:{name}")
    assert locate(library, "file:in.csv")[0] == root / "a.csv"


def test_hidden_and_inner_files_are_not_listed(library: Library, root: Path) -> None:
    for folder in (".git", "node_modules", "columns-1"):
        (root / folder).mkdir()
        (root / folder / "x.csv").write_text(LIST)
    (root / ".hidden.csv").write_text(LIST)
    (root / "notes.md").write_text("# no recording\n")
    (root / "empty.csv").write_text("")
    assert set(listed(library)) == {"Demo: a balanced network", "a.csv", "night/b.csv", "saved"}


def test_a_name_that_is_no_text_does_not_break_the_list(library: Library, root: Path) -> None:
    try:
        (root / os.fsdecode(b"odd-\xff.csv")).write_text(LIST)
    except OSError:
        pytest.skip("this file system takes text alone")
    found = listed(library)
    assert "a.csv" in found
    for key in found.values():
        key.encode("utf-8")


def test_names_as_people_give_them(library: Library, root: Path) -> None:
    for name in ("two words.csv", "ümlaut-数.csv", "a&b=c?.csv", "x:y.csv", "-rf.csv"):
        (root / name).write_text(LIST)
        assert listed(library)[name] == key_of_path(library, name) == f"file:{name}"
        assert len(open_key(library, f"file:{name}").spike_times) == 3


def test_a_key_means_the_same_file_whatever_the_other_roots_hold(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, spikes in ((first, LIST), (second, LIST + "0.7,1\n")):
        folder.mkdir()
        (folder / "x.csv").write_text(spikes)
    (second / "only.csv").write_text(LIST)
    library = local_library(DEMO_FOLDER, [first, second])
    keys = [key_of_path(library, folder / "x.csv") for folder in (first, second)]
    assert [len(open_key(library, key).spike_times) for key in keys] == [3, 4]
    sizes = [len(open_key(library, e.key).spike_times) for e in entries(library) if e.name == "x.csv"]
    assert sizes == [3, 4]
    assert key_of_path(library, second / "only.csv") == "file:only.csv"


def test_a_root_within_another_is_listed_once(tmp_path: Path, root: Path) -> None:
    library = local_library(DEMO_FOLDER, [root / "night", root])
    names = [entry.name for entry in entries(library)][1:]
    assert sorted(names) == ["a.csv", "b.csv", "saved"]


def test_a_path_that_is_typed(library: Library, root: Path, tmp_path: Path) -> None:
    assert key_of_path(library, " a.csv ") == key_of_path(library, root / "a.csv") == "file:a.csv"
    assert key_of_path(library, "night") == "file:night"
    for wrong in (
        tmp_path / "secret.csv",
        "../secret.csv",
        "nothing.csv",
        "~nobody/x.csv",
        "\0",
        "x" * 9000,
    ):
        with pytest.raises(RecordingError, match="there is no"):
            key_of_path(library, wrong)


def test_a_team_is_not_told_where_the_folders_lie(library: Library, root: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as refused:
        key_of_path(library, "nothing.csv")
    assert str(tmp_path) not in str(refused.value)
    rec = open_key(library, "file:night/b.csv")
    assert source_of(library, rec) == "night/b.csv"
    assert source_of(local_library(DEMO_FOLDER, [root]), rec) == str(root / "night" / "b.csv")


def test_answers_are_kept_with_the_path(library: Library, root: Path) -> None:
    (root / "open.csv").write_text("100,0\n250,1\n500,0\n700,1\n")
    key = key_of_path(library, "open.csv")
    answers: dict[str, str] = {}
    for _ in range(5):
        try:
            rec = open_key(library, key)
            break
        except Undecided as asked:
            further = {question.name: question.choices[0].value for question in asked.questions}
            assert not further.keys() & answers.keys()
            answers |= further
            key = answered(library, key, further)
    assert answers and len(rec.spike_times) == 4
    assert key.startswith("id:") and locate(library, key) == (root / "open.csv", answers)
    assert key == key_of_path(library, "open.csv", **answers)


def test_a_changed_file_is_read_again(library: Library, root: Path) -> None:
    assert len(open_key(library, "file:a.csv").spike_times) == 3
    (root / "a.csv").write_text(LIST + "0.9,1\n")
    assert len(open_key(library, "file:a.csv").spike_times) == 4


def test_what_is_gone_is_told(library: Library, root: Path) -> None:
    key = note(root / "a.csv", {})
    assert len(open_key(library, key).spike_times) == 3
    (root / "a.csv").unlink()
    for gone in (key, "file:a.csv"):
        with pytest.raises(RecordingError, match=r"not there any more|there is no recording"):
            open_key(library, gone)
    with pytest.raises(RecordingError, match="no longer knows"):
        open_key(library, "id:" + "0" * 32)


def test_a_note_that_leads_outside_is_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="outside"):
        open_key(library, note(tmp_path / "secret.csv", {}))


def test_a_damaged_note_is_as_none(library: Library, root: Path) -> None:
    key = note(root / "a.csv", {})
    (places.home() / "library" / f"{key[3:]}.json").write_text("{")
    with pytest.raises(RecordingError, match="no longer knows"):
        open_key(library, key)


def test_an_upload_is_one_entry_of_one_file_or_of_several(library: Library) -> None:
    for batch, names in (("1" * 32, ["one.csv"]), ("2" * 32, ["x.csv", "y.csv"])):
        (uploads_folder() / batch).mkdir()
        for name in names:
            (uploads_folder() / batch / name).write_text(LIST)
    (uploads_folder() / ".unfinished-3").mkdir()
    found = [(e.name, locate(library, e.key)[0].name) for e in entries(library) if e.kind == "upload"]
    assert found == [("one.csv", "one.csv"), ("x.csv and 1 more", "2" * 32)]


def test_workers_have_the_library_of_their_parent(library: Library) -> None:
    environ = library_to_environment(library)
    assert library_from_environment(DEMO_FOLDER, environ) == library
    alone = library_from_environment(DEMO_FOLDER, {})
    assert not alone.shared and alone.first == DEMO and Path.home().resolve() in alone.roots
    assert local_library(DEMO_FOLDER, [], shared=True).roots == ()


def test_what_is_kept_is_for_its_owner_alone(library: Library, root: Path) -> None:
    note(root / "a.csv", {})
    kept = [*(places.home() / "library").iterdir(), uploads_folder()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert json.loads(kept[0].read_text())["path"] == str(root / "a.csv")
