"""A recording is accepted as it is, with these options, until its file changes; uploads can be removed."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app import DEMO_FOLDER
from callbacks.removal import asked
from callbacks.report import mended_address
from components import library_page
from spikeboard import importing, places, uploads
from spikeboard.acceptance import accept, first_page, is_accepted
from spikeboard.errors import RecordingError
from spikeboard.library import DEMO, Library, answered, key_of_path, local_library, note, open_key
from spikeboard.progress import Cancelled, tell
from spikeboard.readers import fingerprint

SPIKES = "time_ms,unit\n1.0,0\n1.0,0\n4.0,1\n"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "run.csv").write_text(SPIKES)
    return local_library(DEMO_FOLDER, [tmp_path])


def test_a_recording_opens_with_its_report_until_it_was_accepted(library: Library) -> None:
    key = "file:run.csv"
    assert first_page(library, key) == "/report?rec=file%3Arun.csv"
    accept(library, key)
    assert is_accepted(library, key) and first_page(library, key) == "/?rec=file%3Arun.csv"


def test_what_was_accepted_holds_for_these_options_and_this_state_of_the_file(library: Library) -> None:
    key = "file:run.csv"
    accept(library, key)
    mended = answered(library, key, {"mend": "drop_duplicates"})
    assert not is_accepted(library, mended)
    accept(library, mended)
    path = library.roots[0] / "run.csv"
    path.write_text(SPIKES + "5.0,1\n")
    os.utime(path, (1, 1))
    assert not is_accepted(library, key) and not is_accepted(library, mended)


def test_the_demo_and_what_was_named_in_the_terminal_need_no_report(library: Library) -> None:
    named = replace(library, first="file:run.csv")
    assert is_accepted(named, DEMO) and is_accepted(named, "file:run.csv")
    assert not is_accepted(library, "id:" + "0" * 32) and not is_accepted(library, "nonsense")


def test_a_remedy_leads_to_the_report_again_and_on_the_overview_to_the_overview(library: Library) -> None:
    reported = mended_address(library, "file:run.csv", "+drop_duplicates", True)
    assert reported.startswith("/report?rec=id%3A")
    assert mended_address(library, "file:run.csv", "+drop_duplicates", False) == reported.replace(
        "/report", "/"
    )
    assert mended_address(library, "file:run.csv", "+read:time_unit=samples", False).startswith(
        "/report?rec=id"
    )


@pytest.mark.parametrize("name", ["path", "progress"])
def test_a_stranger_can_answer_nothing_that_is_no_question(library: Library, name: str) -> None:
    with pytest.raises(RecordingError, match="is no option"):
        answered(library, "file:run.csv", {name: "x"})
    with pytest.raises(RecordingError, match="is no option"):
        mended_address(library, "file:run.csv", f"+read:{name}=x", True)


# Uploads -------------------------------------------------------------------------------------------------------


def uploaded(library: Library, user: str = "ada", batch: str = "a" * 32) -> str:
    folder = uploads.uploads_folder() / f"{uploads.UNFINISHED}{batch}"
    folder.mkdir()
    (folder / "night.csv").write_text(SPIKES)
    return uploads.finish(library, batch, user)


def test_an_upload_goes_with_all_that_was_made_of_it(library: Library) -> None:
    key = uploaded(library)
    cured = answered(library, key, {"mend": "drop_duplicates"})
    open_key(library, cured)
    kept = key_of_path(library, library.roots[0] / "run.csv")
    open_key(library, kept)
    mine = places.stores() / fingerprint(library.roots[0] / "run.csv", {})
    assert len(list(places.stores().iterdir())) == 3 and "Delete" in str(library_page.offered(library, "ada"))
    uploads.remove(library, cured, "ada")
    assert list(places.stores().iterdir()) == [mine] and not any(uploads.uploads_folder().iterdir())
    for gone in (key, cured):
        with pytest.raises(RecordingError, match="not there any more"):
            open_key(library, gone)
    assert len(open_key(library, kept).spikes) == 3 and "Delete" not in str(
        library_page.offered(library, "ada")
    )


def test_in_a_team_only_who_sent_it_can_remove_an_upload(library: Library) -> None:
    team = replace(library, shared=True)
    key = uploaded(team, "ada")
    assert uploads.may_remove(team, key, "ada") and not uploads.may_remove(team, key, "bob")
    assert "Delete" not in str(library_page.offered(team, "bob")) and "Delete" in str(
        library_page.offered(team, "ada")
    )
    with pytest.raises(RecordingError, match="uploaded by somebody else"):
        uploads.remove(team, key, "bob")
    assert len(open_key(team, key).spikes) == 3
    assert uploads.may_remove(library, key, "bob"), "on one's own machine there is nobody else"


def test_an_upload_that_is_removed_is_imported_no_further(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, removed = threading.Event(), threading.Event()
    called_off: list[Cancelled] = []

    def read(path: Path, **options: Any) -> Any:
        begun.set()
        removed.wait()
        try:
            tell("reading", 1, 2)
        except Cancelled as problem:
            called_off.append(problem)
            raise

    monkeypatch.setattr("spikeboard.library.LARGE", 0)
    monkeypatch.setattr(importing, "EVERY_S", 0.0)
    monkeypatch.setattr("spikeboard.readers.read_source", read)
    key = uploaded(library)
    assert begun.wait(10)
    uploads.remove(library, key, "ada")
    removed.set()
    for thread in threading.enumerate():
        if thread.name == "importing":
            thread.join()
    assert len(called_off) == 1 and list(places.stores().iterdir()) == []


@pytest.mark.parametrize("key", [DEMO, "file:run.csv", "id:" + "0" * 32, "", "file:../run.csv"])
def test_nothing_but_an_upload_can_be_removed(library: Library, key: str) -> None:
    assert not uploads.may_remove(library, key, "")
    with pytest.raises(RecordingError):
        uploads.remove(library, key, "")
    assert (library.roots[0] / "run.csv").exists() and asked(library, key)


def test_the_folder_of_all_uploads_is_no_upload(library: Library) -> None:
    uploaded(library)
    with pytest.raises(RecordingError, match="was not uploaded"):
        uploads.remove(library, note(uploads.uploads_folder().resolve(), {}), "ada")
    assert any(uploads.uploads_folder().iterdir())
