"""What a person brings and takes home, in Chromium: uploads, paths, tables, pictures, the Python lines."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from app_board import Board
from PIL import Image
from selenium.webdriver.common.by import By

import spikeboard
from app import DEMO_FOLDER
from spikeboard import tables
from spikeboard.neuroart import art_animation, read_metadata, redraw
from spikeboard.selection import select
from spikeboard.views import view
from spikeboard.views.art import state_of

pytestmark = pytest.mark.browser
Start = Callable[..., Board]
SPIKES = "time_ms,unit\n" + "".join(f"{10 * k}.0,{k % 3}\n" for k in range(1, 100))
OPEN = "time,unit\n" + "".join(f"{10 * k}.5,{k % 3}\n" for k in range(1, 100))


def _choose(shown: Board, *files: Path) -> None:
    """Choose files for an upload, as in the window that a click on the drop zone opens."""
    shown.command("Page.setInterceptFileChooserDialog", enabled=True)
    shown.click("#drop-zone")
    shown.find("#upload-input").send_keys("\n".join(map(str, files)))


def _kept(home: Path) -> list[Path]:
    """The files that uploads have left on the server."""
    return [path for path in (home / "uploads").rglob("*") if path.is_file()]


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# ---- bringing ----


def test_an_uploaded_table_opens_and_stays_in_the_library(
    board: Start, tmp_path: Path, own_home: Path
) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, "night run.csv", SPIKES))
    shown.until(lambda: shown.text(".recording-name") == "night run", "the recording opened")
    assert "99 spikes of 3 units" in shown.caption("raster")
    assert [path.name for path in _kept(own_home)] == ["night run.csv"]
    address = shown.driver.current_url
    shown.go("Library")
    shown.until(lambda: "night run.csv" in shown.texts(".list a"), "the upload in the list")
    fresh = board(address.removeprefix(shown.url))
    assert "99 spikes of 3 units" in fresh.caption("raster")


def test_a_table_that_leaves_the_time_unit_open_asks_and_then_opens(board: Start, tmp_path: Path) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, "open.csv", OPEN))
    asked = shown.until(lambda: shown.text(".question"), "a question")
    assert "Hz" in asked, "each answer says what rates it implies"
    assert shown.accessible() == []
    answer = "//*[contains(@class, 'question')]//label[contains(., 'milliseconds')]"
    shown.until(lambda: shown.driver.find_elements(By.XPATH, answer))[0].click()
    shown.click("#answer")
    shown.until(lambda: shown.text(".recording-name") == "open", "the recording opened")
    assert "99 spikes of 3 units" in shown.caption("raster")
    assert "0.99" in shown.text(".facts") or "0.9905" in shown.text(".facts")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.h5", b"\x89HDF\r\n\x1a\n" + b"\x00" * 300, "broken.h5"),
        ("words.csv", "there,is,no\nnumber,in,here\n", "words.csv"),
        (
            "evil.npy",
            b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (9,)}\n",
            "evil.npy",
        ),
    ],
)
def test_a_broken_file_is_one_sentence_and_nothing_is_left_behind(
    board: Start, tmp_path: Path, own_home: Path, name: str, content: str | bytes, says: str
) -> None:
    shown = board("/library")
    _choose(shown, _file(tmp_path, name, content))
    said = shown.until(lambda: shown.text("#upload-problem"), "what is wrong")
    assert says in said and "Traceback" not in said and "\n" not in said and str(own_home) not in said
    assert all("400" in line for line in shown.console())
    assert not shown.find("#upload-running").is_displayed()
    shown.until(lambda: not _kept(own_home), "an empty folder of uploads")
    _choose(shown, _file(tmp_path, "good.csv", SPIKES))
    shown.until(lambda: shown.text(".recording-name") == "good", "the next upload")


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(
    board: Start, tmp_path: Path, own_home: Path
) -> None:
    shown = board("/library")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    shown.command("Network.enable")
    shown.command("Network.emulateNetworkConditions", **slow)
    try:
        _choose(shown, _file(tmp_path, "long.csv", "time_ms,unit\n" + "1.0,0\n" * 2_000_000))
        progress = "return Number(document.querySelector('#upload-progress').value)"
        shown.until(lambda: 0 < shown.script(progress) < 100, "progress")
        shown.click("#upload-cancel")
        assert shown.until(lambda: shown.text("#upload-problem")) == "Cancelled: nothing was kept."
    finally:
        shown.command("Network.emulateNetworkConditions", **slow | {"uploadThroughput": -1})
        shown.command("Network.disable")
    shown.until(lambda: not _kept(own_home), "an empty folder of uploads")


def test_a_path_opens_what_lies_below_the_folders_and_nothing_else(board: Start, root: Path) -> None:
    (root / "runs").mkdir(exist_ok=True)
    _file(root / "runs", "by path.csv", SPIKES)
    _file(root.parent, "outside.csv", SPIKES)
    shown = board("/library")
    for path in (str(root.parent / "outside.csv"), "../outside.csv", "/etc/passwd", "nothing.csv"):
        shown.type_into("#path", path)
        shown.click("#open-path")
        shown.until(lambda path=path: f"there is no '{path}' below" in shown.text("#path-problem"), path)
    shown.type_into("#path", "runs/by path.csv")
    shown.click("#open-path")
    shown.until(lambda: shown.text(".recording-name") == "by path", "the recording opened")
    assert shown.query() == "rec=file%3Aruns%2Fby+path.csv"


def test_a_recording_of_the_list_opens(board: Start, root: Path) -> None:
    _file(root, "<b>listed & odd.csv", SPIKES)
    shown = board("/library")
    links = [a for a in shown.driver.find_elements(By.CSS_SELECTOR, ".list a") if "odd" in a.text]
    assert [a.text for a in links] == ["<b>listed & odd.csv"]
    links[0].click()
    report = "Is this what you recorded?"
    shown.until(lambda: shown.text("h1") == report and shown.text(".recording-name") == "<b>listed & odd")
    assert "99 spikes" in shown.caption("raster")


# ---- taking home ----


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_whole_recording_goes_home_and_comes_back_equal(board: Start, form: str) -> None:
    rec = spikeboard.open(DEMO_FOLDER)
    shown = board("/library")
    shown.click(f'a[href^="/export/{form}"]')
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[form]
    with zipfile.ZipFile(shown.downloaded(f"-{form}.zip")) as archive:
        found = {name: read(io.BytesIO(archive.read(name))) for name in archive.namelist() if form in name}
    spikes, units = found[f"spikes.{form}"], found[f"units.{form}"]
    np.testing.assert_array_equal(spikes["time_s"], rec.spike_times)
    np.testing.assert_array_equal(spikes["unit"], rec.spike_rows)
    assert list(units["population"]) == list(rec.units["population"].astype(str))
    (voltage,) = [frame for name, frame in found.items() if name.startswith("state-0-")]
    state = next(iter(rec.states.values()))
    np.testing.assert_allclose(voltage.to_numpy()[:, 1:], state.values, rtol=1e-6)
    (synapses,) = [frame for name, frame in found.items() if name.startswith("synapses-0-")]
    assert len(synapses) == rec.projections["synapses"].iloc[0]


def test_the_drawn_data_of_a_card_are_its_table(board: Start) -> None:
    shown = board("/rates?t=1_4&pop=E&firing_rate.bin_ms=20")
    shown.caption_with("firing_rate", "20 ms")
    shown.click(f"{shown.card('firing_rate')} a[download]")
    rec = spikeboard.open(DEMO_FOLDER)
    chosen = select(1, 4, populations=["E"])
    expected = view("firing_rate").compute(rec, chosen, bin_ms=20.0).table()
    file = shown.downloaded("-firing_rate.csv")
    assert file.read_bytes().decode() == tables.as_csv(expected)
    pd.testing.assert_frame_equal(pd.read_csv(file), expected, check_dtype=False, check_categorical=False)


def test_a_figure_goes_home_as_svg_and_png(board: Start) -> None:
    shown = board("/rates")
    caption = shown.caption("firing_rate")
    shown.drawn("firing_rate")
    actions = f"{shown.card('firing_rate')} .card-actions"
    title = shown.text(f"{shown.card('firing_rate')} h2")
    shown.click(f"{actions} button:nth-of-type(1)")
    svg = ElementTree.parse(shown.downloaded(".svg")).getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    said = " ".join("".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    axes = shown.script(
        "const l = document.querySelector(arguments[0])._fullLayout; return [l.xaxis.title.text, l.yaxis.title.text]",
        f"{shown.card('firing_rate')} .js-plotly-plot",
    )
    assert title in said and caption[:30] in said
    assert all(axis and axis in said for axis in axes) and "s" in axes[0]
    shown.click(f"{actions} button:nth-of-type(2)")
    with Image.open(shown.downloaded(".png")) as picture:
        picture.load()
        assert picture.format == "PNG" and picture.size[0] == 3300
        assert len(set(picture.convert("L").resize((200, 100)).tobytes())) > 5, "not one colour alone"


def test_the_python_lines_draw_the_figure_that_is_shown(board: Start) -> None:
    shown = board("/rates?t=1_4&firing_rate.bin_ms=20")
    shown.caption_with("firing_rate", "20 ms")
    shown.drawn("firing_rate")
    card = shown.card("firing_rate")
    shown.click(f"{card} .card-actions button:nth-of-type(3)")
    shown.until(lambda: shown.find(f"{card} .python-box").is_displayed())
    shown.command(
        "Browser.grantPermissions",
        origin=shown.url,
        permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
    )
    shown.click(f"{card} .copy")
    read = "navigator.clipboard.readText().then(arguments[0], (problem) => arguments[0](String(problem)))"
    lines = shown.until(lambda: "rec.figure" in (said := shown.driver.execute_async_script(read)) and said)
    assert lines == shown.text(f"{card} code")
    drawn = _result_of(lines)
    for index, trace in enumerate(drawn.data):
        on_screen = shown.script(
            "const t = document.querySelector(arguments[0])._fullData[arguments[1]];"
            "return [t.type, Array.from(t.x || []), Array.from(t.y || [])]",
            f"{card} .js-plotly-plot",
            index,
        )
        assert trace.type == on_screen[0]
        for mine, theirs in zip((trace.x, trace.y), on_screen[1:], strict=True):
            np.testing.assert_allclose(
                np.asarray(mine if mine is not None else [], float), np.asarray(theirs, float)
            )


def _result_of(lines: str) -> Any:
    """What the last of some Python lines gives."""
    parsed = ast.parse(lines)
    last = parsed.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(parsed, "lines", "exec"), names)
    return eval(compile(ast.Expression(last.value), "lines", "eval"), names)


# ---- art ----


def test_a_picture_goes_home_in_every_form_and_is_drawn_again_from_its_metadata(board: Start) -> None:
    shown = board("/art?t=1_3")
    shown.drawn("art")
    shown.pick("art", "source", "Mean rates of the units")
    shown.query_with("art.source=rates")
    shown.pick("art", "style", _title("style", "rings"))
    shown.query_with("art.style=")
    shown.pick("art", "palette", "Viridis (colour-blind-safe)")
    shown.query_with("art.palette=viridis")
    shown.until(lambda: "art.palette=viridis" in _links(shown)["png-1024"], "links that follow the picture")
    assert not {"gif", "webp"} & set(_shown_links(shown)), "one moment is no film"
    rec = spikeboard.open(DEMO_FOLDER)
    values = state_of(rec, select(1, 3), "rates", None, 0.5).values
    for form, size in (("png-1024", 1024), ("png-4096", 4096)):
        shown.click(f'a[href^="/art/{form}"]')
        file = shown.downloaded(".png").read_bytes()
        found = read_metadata(file)
        assert found["palette"] == "viridis" and found["size"] == size
        with Image.open(io.BytesIO(file)) as picture:
            assert picture.size == (size, size)
            if size == 1024:
                np.testing.assert_array_equal(np.asarray(picture), redraw(values, found))
        shown.downloaded(".png").unlink()


def test_a_film_and_shapes_go_home_where_there_are_any(board: Start) -> None:
    shown = board("/art?t=1_3")
    shown.drawn("art")
    shown.until(lambda: "gif" in _shown_links(shown), "a film")
    values = state_of(spikeboard.open(DEMO_FOLDER), select(1, 3), "activity", None, 0.5).values
    shown.click('a[href^="/art/gif"]')
    film = shown.downloaded(".gif").read_bytes()
    found = read_metadata(film)
    palette, size = found["palette"] or None, found["size"]
    assert (
        art_animation(values, size=size, style=found["style"], palette=palette, **found["settings"]) == film
    )
    shown.click('a[href^="/art/svg"]')
    shapes = shown.downloaded(".svg")
    found = read_metadata(shapes.read_bytes())
    assert redraw(values, found).shape == (found["size"], found["size"], 3)
    assert ElementTree.parse(shapes).getroot().tag.endswith("svg")
    with Image.open(shown.downloaded(".gif")) as film:
        assert getattr(film, "n_frames", 1) > 3


def _title(setting: str, value: str) -> str:
    return view("art").settings[setting].options[value]  # type: ignore[attr-defined]


def _links(shown: Board) -> dict[str, str]:
    found = shown.driver.find_elements(By.CSS_SELECTOR, 'a[href^="/art/"]')
    return {
        a.get_attribute("href").partition("/art/")[2].partition("?")[0]: a.get_attribute("href")
        for a in found
    }


def _shown_links(shown: Board) -> list[str]:
    found = shown.driver.find_elements(By.CSS_SELECTOR, 'a[href^="/art/"]')
    return [
        a.get_attribute("href").partition("/art/")[2].partition("?")[0] for a in found if a.is_displayed()
    ]
