"""Hostile files through the page of the Library, in Chromium: what a stranger uploads hurts nobody."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
from app_board import Board, patiently

from spikeboard.ports import free_port
from spikeboard.tables import FORMULA

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
MOST_MEMORY = 300 * 2**20
# The names that hold markup, a formula or 3,000 characters.
NAMED = ("sonata/hostile_names.h5", "csv/hostile_ids.csv")

FORMULAS = ("HYPERLINK", "cmd")

# The place that a refusal names beside its file, and the remedy.
REFUSED = {
    "h5/truncated_60pct.h5": ("cut short", "copy it again"),
    "h5/empty.h5": ("0 bytes", "save or copy it again"),
    "sonata/len_mismatch.h5": ("population 'v1'", "save it again"),
    "sonata/external_link_to_good.h5": ("/spikes/v1", "copy the data into the file"),
    "sonata/external_storage.h5": ("/spikes/v1/timestamps", "copy the data into this one"),
    "sonata/virtual_dataset.h5": ("/spikes/v1/timestamps", "copy the data into this one"),
    "sonata/sparse_bomb.h5": ("/spikes/v1/timestamps", "cut the recording"),
    "sonata/gzip_bomb.h5": ("/spikes/v1/timestamps", "save it again"),
    "config/path_escape.json": ("outside the folder", "put the files into one folder"),
    "config/deep.json": ("NWB", "save it as one of them"),
    "csv/fraction_ids.csv": ("the first is 1.5", "give time_column"),
    "csv/one_long_line.csv": ("its first line", "each spike needs a line"),
    "csv/gzip_bomb.csv.gz": ("30 times as large", "unpack it yourself"),
    "npy/canary.pkl": ("pickle", "Save the monitor's arrays instead"),
    "npy/object_array.npy": ("pickled", "save plain numbers"),
    "npy/lying_shape.npy": ("shape (1000000000000,)", "save it again"),
    "npy/npz_bomb.npz": ("'t.npy'", "save it uncompressed"),
    "scnc/indptr_not_monotonic.npz": ("projection 'E→E': indptr", "save it again"),
    "phy/len_mismatch": ("spike_times.npy", "export the sorting again"),
    "zip/zip_slip.zip": ("spike_canary_zipslip", "pack the files again"),
    "nwb/index_decreasing.nwb": ("/units/spike_times_index", "write the file again"),
    "nest/extra_column.dat": ("4 columns", "correct the header"),
}
# What is asked about a file that leaves something open.
ASKED = {
    "csv/hostile_ids.csv": "time",
    "npy/object_member.npz": "time",
    "phy/no_params": "sampl",
}
# What is said of a recording that opens.
OPENED = {
    "h5/UPPER CASE ünicode.H5": "4,322",
    "sonata/hostile_names.h5": "<script>alert(1)<|script>",
    "sonata/many_populations.h5": "and 490 more",
    "phy/params_canary": "nothing of it is run",
    "zip/phy_good.zip": "1,807",
    "nwb/nan_times.nwb": "22 spike times are no numbers",
    "nest/truncated_line.dat": "its last row was left out",
}
# What the page says now: a refusal, a question, or the recording that it shows; null while nothing is said.
SAYS = """
const text = (selector) => document.querySelector(selector)?.innerText.trim() || "";
if (text("#upload-problem")) return ["refused", text("#upload-problem")];
if (location.pathname === "/library") return null;
if (text(".question")) return ["asks", text(".question")];
if (text("[role=alert]")) return ["broken", text("[role=alert]")];
return text(".recording-name") ? ["opens", text("#content")] : null;
"""
# Elements that only a name from a file could have made.
INJECTED = """
return [...document.querySelectorAll("#content *, .header *")].filter((one) =>
  one.matches("script, img[src=x], iframe, object, embed") || [...one.attributes].some((a) => a.name.startsWith("on"))
).map((one) => one.outerHTML.slice(0, 100));
"""


@dataclass(frozen=True)
class Server:
    """A server in a process of its own, and where it keeps what it is sent."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path

    def memory(self, what: str) -> int:
        """Its memory in bytes, now ("VmRSS") or at its highest ("VmHWM")."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]

    def uploads(self) -> list[str]:
        """The names of what is in its folder of uploads."""
        folder = self.home / "uploads"
        return [path.name for path in folder.iterdir()] if folder.exists() else []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port, home = free_port(), tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPIKEBOARD_")}
    command = [sys.executable, "app.py", "--no-browser", "--port", str(port)]
    command += ["--root", str(tmp_path_factory.mktemp("nothing"))]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment | {"SPIKEBOARD_HOME": str(home)}, stdout=subprocess.DEVNULL
    )
    try:
        found = Server(process, f"http://127.0.0.1:{port}", home)
        patiently(lambda: urlopen(found.url + "/healthz").status == 200, "a server")
        yield found
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def shown(chromium: Any, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Board:
    return Board(chromium, server.url, tmp_path_factory.mktemp("downloads"))


@dataclass(frozen=True)
class Answer:
    """What the page said of an upload, under which address, and what lay in the folder of uploads then."""

    kind: str
    said: str
    address: str
    kept: list[str]


def upload(shown: Board, server: Server, path: Path) -> Answer:
    """Choose a file, or the files of a folder, on the Library page, and read what is said of it."""
    if not shown.driver.current_url.endswith("/library"):
        shown.open("/library")
    shown.script("document.querySelector('#upload-problem').textContent = ''")
    shown.click("#drop-zone")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    shown.find("#upload-input").send_keys("\n".join(map(str, files)))
    kind, said = shown.until(lambda: shown.script(SAYS), f"a word on {path.name}")
    if kind == "opens":
        said = shown.still(lambda: shown.script(SAYS))[1]
    address = shown.driver.current_url.removeprefix(server.url)
    return Answer(kind, said, address, server.uploads())


@dataclass(frozen=True)
class Sent:
    """What became of all files, what the console said meanwhile, and how far the memory rose."""

    answers: dict[str, Answer]
    console: list[str]
    memory: int


@pytest.fixture(scope="module")
def sent(shown: Board, server: Server, hostile: Path, chromium: Any) -> Sent:
    shown.open("/")
    shown.drawn("raster")
    idle = server.memory("VmRSS") if Path("/proc/self/status").exists() else 0
    shown.command("Page.setInterceptFileChooserDialog", enabled=True)
    answers = {name: upload(shown, server, hostile / name) for name in (*REFUSED, *ASKED, *OPENED)}
    shown.command("Page.setInterceptFileChooserDialog", enabled=False)
    highest = server.memory("VmHWM") if idle else 0
    return Sent(answers, shown.console(), highest - idle)


def test_every_kind_of_file_is_among_them(hostile: Path, sent: Sent) -> None:
    folders = {path.name for path in hostile.iterdir() if path.is_dir()}
    assert {name.partition("/")[0] for name in sent.answers} >= folders - {"edges"}
    assert len(sent.answers) >= 30


def test_a_refusal_names_file_place_and_remedy(sent: Sent, server: Server) -> None:
    wrong = {}
    for name, words in REFUSED.items():
        found = sent.answers[name]
        # The files of a folder have been chosen one by one: the folder's own name is not sent.
        file = "cluster_group.tsv and 3 more" if name.startswith("phy/") else Path(name).name
        needed = (file, *words)
        if found.kind != "refused" or not all(word in found.said for word in needed):
            wrong[name] = found
    assert wrong == {}
    assert [name for name in REFUSED if str(server.home) in sent.answers[name].said] == []
    assert [name for name in REFUSED if "\n" in sent.answers[name].said] == []


def test_of_what_is_refused_nothing_is_kept(sent: Sent) -> None:
    kept: list[str] = []
    for name, found in sent.answers.items():
        new = set(found.kept) - set(kept)
        assert (len(found.kept), len(new)) == (len(kept) + (name not in REFUSED), int(name not in REFUSED)), (
            name
        )
        kept = found.kept


def test_what_a_file_leaves_open_is_asked(sent: Sent) -> None:
    answers = {name: sent.answers[name] for name in ASKED}
    wrong = {name: it for name, it in answers.items() if it.kind != "asks" or ASKED[name] not in it.said}
    assert wrong == {}


def test_what_opens_says_what_is_odd(sent: Sent) -> None:
    answers = {name: sent.answers[name] for name in OPENED}
    assert {
        name: it for name, it in answers.items() if it.kind != "opens" or OPENED[name] not in it.said
    } == {}


def test_the_console_stays_empty(sent: Sent) -> None:
    assert [said for said in sent.console if not re.search(r"/upload/[0-9a-f]{32} .*400", said)] == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_the_server_stays_small(sent: Sent) -> None:
    assert 0 < sent.memory < MOST_MEMORY


def test_nothing_of_theirs_was_run(sent: Sent) -> None:
    folders = {Path("/tmp"), Path(tempfile.gettempdir())}
    assert [found for folder in folders for found in folder.glob("spike_canary_*")] == []


def opened(shown: Board, answer: Answer) -> str:
    """The query that names an uploaded recording, once what it leaves open is answered."""
    shown.open(answer.address)
    if answer.kind == "asks":
        shown.click(".question input[type=radio]")
        shown.click("#answer")
        shown.until(lambda: shown.text(".recording-name"), "the recording opened")
    return re.findall(r"rec=[^&]+", shown.query())[0]


@pytest.mark.parametrize("name", NAMED)
def test_names_are_text_on_every_page_of_a_telephone(shown: Board, sent: Sent, name: str) -> None:
    query = opened(shown, sent.answers[name])
    shown.command(
        "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True
    )
    for page in ("/", "/raster", "/rates", "/topology", "/library"):
        shown.open(f"{page}?{query}")
        for view in shown.cards():
            shown.show(view)
            shown.answered(view)
        assert shown.script(INJECTED) == [], page
        assert shown.overflow() <= 0, page
    shown.command("Emulation.clearDeviceMetricsOverride")
    assert shown.console() == []


@pytest.mark.parametrize("name", NAMED)
def test_names_are_text_in_what_is_taken_home(shown: Board, sent: Sent, name: str) -> None:
    query = opened(shown, sent.answers[name])
    shown.open(f"/raster?{query}")
    shown.drawn("raster")
    for old in shown.downloads.iterdir():
        old.unlink()
    actions = f"{shown.card('raster')} .card-actions"
    shown.click(f'{actions} button[title="Download the figure as SVG"]')
    drawing = ElementTree.parse(shown.downloaded(".svg")).getroot()
    assert [one.tag for one in drawing.iter() if one.tag.endswith(("script", "foreignObject"))] == []
    assert [a for one in drawing.iter() for a in one.attrib if a.lower().startswith("on")] == []
    shown.click(f"{actions} a[download]")
    table = shown.downloaded(".csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row]
    assert len(cells) > 5 and any(formula in cell for formula in FORMULAS for cell in cells)
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
