"""What a person sees of an import: how far it is, that it can be called off, and that the recording then opens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app_board import Board

from app import DEMO_FOLDER
from spikeboard import importing, library, readers, uploads
from spikeboard.progress import tell

pytestmark = pytest.mark.browser
Start = Callable[..., Board]


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every file counts as large, and is read to 40 % until the gate is opened."""
    opened, plain = threading.Event(), readers.read_source

    def slowly(path: Path, **options: Any) -> Any:
        while not opened.wait(0.05):
            tell("reading", 4 / 5.5, 1)
        return plain(path, **options)

    monkeypatch.setattr(library, "LARGE", 0)
    monkeypatch.setattr(readers, "read_source", slowly)
    yield opened
    opened.set()
    for thread in threading.enumerate():
        if thread.name == "importing":
            thread.join()


@pytest.fixture
def table(root: Path, request: pytest.FixtureRequest) -> str:
    """The name of a list of spikes below the folder that the board offers."""
    name = f"{request.function.__name__[-20:]}.csv"
    (root / name).write_text("time_ms,unit\n" + "".join(f"{10 * k}.0,{k % 3}\n" for k in range(1, 100)))
    return name


def far(shown: Board) -> float:
    """How far the bar is."""
    return shown.script("return document.querySelector('#importing progress').value")


def test_an_import_shows_how_far_it_is_and_then_the_recording(
    board: Start, gate: threading.Event, table: str
) -> None:
    shown = board(f"/raster?rec=file%3A{table}")
    shown.until(lambda: shown.text("#importing h2") == f"{table} is being imported", "the import")
    shown.until(lambda: far(shown) == 40, "the bar at 40 %")
    assert shown.text("#import-stage") == "reading" and shown.text("h1") == "Raster"
    assert shown.accessible() == [] and shown.overflow() <= 0
    gate.set()
    shown.until(lambda: shown.text(".recording-name") == table.removesuffix(".csv"), "the recording")
    assert "99 spikes of 3 units" in shown.caption("raster")


def test_the_library_shows_it_too_and_others_go_on(board: Start, gate: threading.Event, table: str) -> None:
    shown = board("/library")
    shown.type_into("#path", table)
    shown.click("#open-path")
    shown.until(lambda: far(shown) == 40, "the bar at 40 %")
    shown.go("Library")
    shown.until(lambda: shown.text("#importing h2") == f"{table} is being imported", "the import")
    assert shown.find("#drop-zone").is_displayed()
    other = shown.open("/raster?rec=demo")
    assert other.caption("raster")
    gate.set()


def test_an_import_that_is_called_off_leaves_nothing_and_can_be_made_again(
    board: Start, gate: threading.Event, table: str
) -> None:
    shown = board(f"/?rec=file%3A{table}")
    shown.until(lambda: far(shown) == 40, "the bar at 40 %")
    shown.click("#import-cancel")
    said = shown.until(lambda: shown.text(".mantine-Alert-root"), "that it was cancelled")
    assert "the import was cancelled: nothing of it was kept" in said
    gate.set()
    shown.open(f"/?rec=file%3A{table}")
    shown.until(lambda: shown.text(".recording-name") == table.removesuffix(".csv"), "the recording")


def test_an_upload_whose_import_was_called_off_is_tried_again_or_discarded(
    board: Start, gate: threading.Event, root: Path
) -> None:
    shown = board("/library")
    offered, batch = library.local_library(DEMO_FOLDER, [root]), "b" * 32
    sent = library.uploads_folder() / f"{uploads.UNFINISHED}{batch}"
    sent.mkdir()
    (sent / "night.csv").write_text("time_ms,unit\n10.0,1\n20.0,2\n")
    key = uploads.finish(offered, batch)
    path, options = library.locate(offered, key)
    under_way = readers.fingerprint(path, options)

    def called_off(address: str) -> None:
        shown.until(lambda: shown.script("return !!document.querySelector('#importing')"), "the import")
        shown.until(lambda: far(shown) == 40, "the bar at 40 %")
        shown.click("#import-cancel")
        shown.until(lambda: "was cancelled" in shown.text(".mantine-Alert-root"), "that it was cancelled")
        assert importing.state(under_way) is None, f"it began anew at {address}"

    shown.open(f"/library?rec={key}")
    called_off("the Library, which lists recordings below what it says")
    assert "night.csv" in shown.texts("#offered td")
    shown.open(f"/?rec={key}")
    called_off("a page")
    assert shown.accessible() == []
    shown.click(".mantine-Alert-root a[href='']")
    called_off("the page again")
    shown.click("#discard")
    shown.until(lambda: shown.text("h1") == "Library", "the Library")
    assert "night.csv" not in shown.texts("#offered td") and not any(library.uploads_folder().iterdir())


def test_nonsense_is_no_import() -> None:
    assert importing.state("") is None
    importing.cancel("")
