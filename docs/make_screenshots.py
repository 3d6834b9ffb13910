"""Take the pictures of the app: `python -m docs.make_screenshots` in the checkout, with the tests' Chromium.

Every page in light and dark (`raster-light.png`), and the figure of every view (`view-raster.png`), of the demo
recording. Names given after the command take those alone: `python -m docs.make_screenshots raster-light`.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import uvicorn
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options

import spikeboard
from app import DEMO_FOLDER, create_app
from components.pages import PAGES, REPORT
from spikeboard.hosting import policy_for
from spikeboard.library import local_library
from spikeboard.ports import free_port
from spikeboard.tables import as_csv
from spikeboard.views import views

IMAGES = Path(__file__).resolve().parent / "images"
WIDTH, HEIGHT, TALL = 1400, 900, 1500
PATIENCE_S = 90.0
COLOURS = 128
# A recording with something to report.
ODD = "electrode_3.csv"
PAGE_DRAWN = """
const seen = [...document.querySelectorAll('.card[data-view]')].filter(
    c => c.getBoundingClientRect().top < innerHeight);
const said = c => ['.caption', '.card-message'].some(part => c.querySelector(part)?.textContent);
// The first heading, before the server has said what stands at the address, is a heading for nothing.
return document.querySelector('h1:not(.page-title)') !== null && seen.every(said);
"""
CARD_DRAWN = """
const card = document.querySelector(`.card[data-view="${arguments[0]}"]`);
card?.scrollIntoView();
return card !== null && card.querySelector('.caption').textContent !== '';
"""


def main(wanted: list[str]) -> None:
    """Take the pictures that are wanted, all where none is named."""
    IMAGES.mkdir(exist_ok=True)
    with served() as address, chromium() as driver:
        for name, take in shots(address, driver):
            if not wanted or name in wanted:
                keep(name, take())


def shots(address: str, driver: Chrome) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Name of each picture, and what takes it."""
    for theme in ("light", "dark"):
        for page in PAGES:
            yield (
                f"{page.name}-{theme}",
                lambda page=page, theme=theme: of_page(driver, address + page.path, theme),
            )
        path = f"{address}{REPORT.path}?rec=file:{ODD}"
        yield f"report-{theme}", lambda path=path, theme=theme: of_page(driver, path, theme)
    for name, view in views().items():
        path = f"{address}/{view.page}"
        yield f"view-{name}", lambda name=name, path=path: of_view(driver, path, name)


def of_page(driver: Chrome, url: str, theme: str) -> bytes:
    """What a window shows of a page."""
    look(driver, HEIGHT, theme)
    driver.get(url)
    until(lambda: driver.execute_script(PAGE_DRAWN), url)
    return driver.get_screenshot_as_png()


def of_view(driver: Chrome, url: str, name: str) -> bytes:
    """The figure of a view with its caption."""
    look(driver, TALL, "light")
    driver.get(url)
    until(lambda: driver.execute_script(CARD_DRAWN, name), name)
    return driver.find_element("css selector", f'.card[data-view="{name}"] figure').screenshot_as_png


def look(driver: Chrome, height: int, theme: str) -> None:
    """Give the window its size and the system its theme."""
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    prefers = [{"name": "prefers-color-scheme", "value": theme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": prefers})


def until(drawn: Callable[[], bool], what: str) -> None:
    """Wait until it is drawn, and a little longer for what moves."""
    deadline = time.monotonic() + PATIENCE_S
    while not drawn():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not drawn after {PATIENCE_S:g} s")
        time.sleep(0.2)
    time.sleep(1)


def keep(name: str, png: bytes) -> None:
    """Save a picture with few colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    # Without k-means the colours of small things, such as the line of one population, are lost.
    few = picture.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE)
    few.save(IMAGES / f"{name}.png", optimize=True)


@contextmanager
def served() -> Iterator[str]:
    """The address of an app that offers the demo and a few more recordings, and names no path of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPIKEBOARD_HOME"] = str(Path(folder) / "home")
        library = local_library(DEMO_FOLDER, [recordings(Path(folder))], shared=True)
        port = free_port()
        app = create_app(library, policy_for()).server
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
        threading.Thread(target=server.run, daemon=True).start()
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the app")
        yield f"http://127.0.0.1:{port}"
        server.force_exit = server.should_exit = True


def recordings(folder: Path) -> Path:
    """A folder with some recordings, for the Library page."""
    root = folder / "recordings"
    (root / "trials").mkdir(parents=True)
    rec = spikeboard.open(DEMO_FOLDER)
    rec.save(root / "night_run")
    early = rec.spikes[rec.spikes["time"] < 2].rename(columns={"time": "time_s"})
    for name in ("left", "right"):
        (root / "trials" / f"{name}.csv").write_text(as_csv(early), encoding="utf-8")
    odd = pd.concat(
        [early, early.head(400), early.head(1000).assign(time_s=lambda rows: rows["time_s"] + 5e-6)]
    )
    (root / ODD).write_text(as_csv(odd.sort_values("time_s")), encoding="utf-8")
    return root


def answers(url: str) -> bool:
    """Whether somebody answers."""
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


@contextmanager
def chromium() -> Iterator[Chrome]:
    """A Chromium without a screen."""
    options = Options()
    options.binary_location = os.environ.get("CHROME_BIN") or shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as profile:
        for flag in (
            "headless=new",
            "no-sandbox",
            "disable-gpu",
            "hide-scrollbars",
            f"user-data-dir={profile}",
        ):
            options.add_argument(f"--{flag}")
        driver = Chrome(options=options)
        try:
            yield driver
        finally:
            driver.quit()


if __name__ == "__main__":
    main(sys.argv[1:])
