"""The report before a recording is accepted, in Chromium: upload, remedy, accept, undo, discard, delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np
import pytest
from app_board import Board
from awkward import AWKWARD
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser
Start = Callable[..., Board]
REPORT = "Is this what you recorded?"
CLEAN = "time_s,unit,population\n" + "".join(f"{k / 10},{k % 3},E\n" for k in range(1, 100))
DOUBLED = "time_ms,unit\n" + "".join(f"{100 * k}.0,{k % 3}\n" * (2 if k == 7 else 1) for k in range(1, 100))


def _choose(shown: Board, file: Path) -> None:
    shown.command("Page.setInterceptFileChooserDialog", enabled=True)
    shown.click("#drop-zone")
    shown.find("#upload-input").send_keys(str(file))


def _file(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content)
    return folder / name


def _press(shown: Board, label: str) -> None:
    """Click the button of this label or name, once there is one."""
    wanted = f"//button[normalize-space()='{label}' or @aria-label='{label}']"

    def pressed() -> bool:
        button = shown.driver.find_elements(By.XPATH, wanted)[0]
        shown.script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()
        return True

    shown.until(pressed, label)


def _kept(home: Path) -> list[str]:
    return [path.name for path in (home / "uploads").rglob("*") if path.is_file()]


def test_an_upload_is_reported_on_mended_accepted_and_its_remedy_undone(board: Start, tmp_path: Path) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, "night.csv", DOUBLED))
    shown.until(lambda: shown.text("h1") == REPORT and shown.text(".verdict h2") == "night", "the report")
    odd = shown.text(".findings")
    assert "1 spike has the same time as another of the same unit" in odd and "9.9 s was taken" in odd
    assert shown.text(".verdict [role=status]") == "2 things look odd."
    assert "100 spikes of 3 units" in shown.caption("raster") and "3" in shown.text(".facts")
    _press(shown, "Keep one of each")
    shown.until(lambda: "Duplicate spikes were left out" in shown.text(".decisions"), "what was decided")
    assert shown.text("h1") == REPORT and "99 spikes of 3 units" in shown.caption("raster")
    assert "same time as another" not in shown.text(".findings")
    assert "1 spike that repeats another (same unit, same time): left out, as you asked" in shown.text(
        ".report-said .notes"
    )
    shown.click("#accept")
    shown.until(lambda: shown.text("h1") == "Overview", "the Overview")
    assert "1 spike that repeats another" in shown.text(".notes") and "99 spikes" in shown.caption("raster")
    mended = shown.query()
    _press(shown, "Undo: Duplicate spikes were left out")
    shown.until(
        lambda: shown.query() != mended and "same time as another" in shown.text(".findings"), "it is back"
    )
    assert shown.text("h1") == "Overview" and "100 spikes of 3 units" in shown.caption("raster")
    shown.driver.back()
    shown.until(
        lambda: shown.query() == mended and "99 spikes" in shown.caption("raster"), "the link of the remedy"
    )


def test_what_is_typed_is_a_remedy_and_nonsense_a_sentence(board: Start, root: Path) -> None:
    _file(root, "typed.csv", DOUBLED)
    shown = board("/report?rec=file%3Atyped.csv")
    shown.find(".finding input")
    _press(shown, "Set: It ended at")
    shown.until(lambda: shown.text("#mend-problem") == "Type a number first.")
    shown.type_into(".finding input", "3")
    _press(shown, "Set: It ended at")
    shown.until(lambda: "t_stop=3 s lies before the last spike" in shown.text("#mend-problem"))
    shown.type_into(".finding input", "12.5")
    _press(shown, "Set: It ended at")
    shown.until(
        lambda: "The recording was taken to end at 12.5 s" in shown.text(".decisions"), "what was typed"
    )
    assert "12.5 s" in shown.text(".facts")


def test_a_listed_recording_is_reported_on_once(board: Start, root: Path) -> None:
    _file(root, "once.csv", CLEAN)
    shown = board("/library")

    def listed() -> str:
        link = f'.list a[href$="rec={quote_plus("file:once.csv")}"]'
        return shown.find(link).get_attribute("href").removeprefix(shown.url)

    assert listed().startswith("/report?")
    shown.click('.list a[href*="once.csv"]')
    shown.until(lambda: shown.text("h1") == REPORT, "the report")
    assert shown.text(".verdict [role=status]") == "One thing looks odd.", "when it ended"
    shown.click(".verdict a.action")
    shown.until(lambda: shown.text("h1") == "Library", "back, with nothing accepted")
    assert listed().startswith("/report?")
    shown.click('.list a[href*="once.csv"]')
    shown.click("#accept")
    shown.until(lambda: shown.text("h1") == "Overview", "the Overview")
    shown.go("Library")
    shown.until(lambda: listed().startswith("/?"), "a link past the report")
    fresh = board("/raster?rec=file%3Aonce.csv")
    assert "99 spikes" in fresh.caption("raster")


def test_a_link_of_a_colleague_shows_the_view_and_no_report(board: Start, root: Path) -> None:
    _file(root, "link.csv", CLEAN)
    shown = board("/raster?rec=file%3Alink.csv")
    assert shown.text("h1") == "Raster" and "99 spikes" in shown.caption("raster")
    shown.open("/report?rec=demo")
    shown.until(lambda: shown.text(".verdict-good") == "Nothing looks odd.", "the report of the demo")


def test_a_discarded_upload_is_gone(board: Start, tmp_path: Path, own_home: Path) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, "gone.csv", CLEAN))
    shown.until(lambda: shown.text(".verdict h2") == "gone", "the report")
    assert "gone.csv" in _kept(own_home)
    shown.click("#discard")
    shown.until(lambda: shown.text("h1") == "Library", "the Library")
    assert "gone.csv" not in _kept(own_home) and "gone.csv" not in shown.text(".list")


def test_an_upload_is_deleted_from_the_library_once_that_is_confirmed(
    board: Start, tmp_path: Path, own_home: Path
) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, "<b>old.csv", CLEAN))
    shown.click("#accept")
    shown.until(lambda: shown.text("h1") == "Overview", "the Overview")
    shown.go("Library")
    _press(shown, "Delete <b>old.csv")
    shown.until(lambda: "<b>old.csv and all that" in shown.text("#remove-name"), "what is asked")
    assert shown.accessible() == []
    _press(shown, "Keep it")
    shown.until(lambda: not shown.find("#remove-now").is_displayed(), "nothing is asked any more")
    assert "<b>old.csv" in _kept(own_home)
    _press(shown, "Delete <b>old.csv")
    _press(shown, "Delete it")
    shown.until(
        lambda: "<b>old.csv" not in shown.texts(".list a") and "<b>old.csv" not in _kept(own_home), "gone"
    )


@pytest.mark.parametrize("name", ["hostile_names", "odd_states", "bare_network"])
def test_the_report_of_odd_recordings_is_for_everybody(board: Start, root: Path, name: str) -> None:
    AWKWARD[name]().save(root / name)
    shown = board(f"/report?rec=file%3A{name}")
    shown.find(".verdict")
    shown.answered("raster")
    for dark, width in ((False, 1400), (True, 390)):
        shown.dark(dark)
        shown.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        shown.until(lambda width=width: shown.script("return window.innerWidth") == width)
        assert shown.overflow() <= 0 and shown.accessible() == []


def test_two_runs_in_one_list_are_told_apart_by_a_click(board: Start, root: Path) -> None:
    once = "".join(f"{step}.5,{step % 3}\n" for step in np.arange(10, 600, 10))
    _file(root, "twice.csv", "time_ms,unit\n" + once + once)
    shown = board("/report?rec=file%3Atwice.csv")
    shown.until(lambda: "Time goes back after spike 59" in shown.text(".findings"), "the finding")
    _press(shown, "Make them runs, one after another")
    shown.until(lambda: "its runs stand one after another" in shown.text(".decisions"), "two runs")
    assert "2 runs" in shown.text(".facts") and "Time goes back" not in shown.text(".findings")
