"""What all tests share: the recordings beside the checkout, and a private place for what Spikeboard keeps."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from selenium.webdriver.chrome.options import Options

ROOT = Path(__file__).parents[1]
# Where Chromium puts what a test downloads.
DOWNLOADS = Path(tempfile.mkdtemp(prefix="spikeboard-downloads-"))
atexit.register(shutil.rmtree, DOWNLOADS, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing a test opens is kept in the user's own folder."""
    home = tmp_path_factory.mktemp("spikeboard-home")
    monkeypatch.setenv("SPIKEBOARD_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings of other programs, each with its truth; they lie beside the checkout, not in it."""
    folder = Path(os.environ.get("SPIKEBOARD_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the recordings of other programs are not beside this checkout (SPIKEBOARD_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def hostile(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Malformed and hostile files, and what EXPECT.json proposes for each."""
    folder = tmp_path_factory.mktemp("hostile") / "bad"
    subprocess.run(
        [sys.executable, shared_data / "make_bad.py", folder], check=True, capture_output=True, timeout=300
    )
    return folder


@pytest.fixture(scope="session")
def expected(hostile: Path) -> dict[str, dict[str, Any]]:
    """The proposed outcome of each hostile file."""
    return json.loads((hostile / "EXPECT.json").read_text(encoding="utf-8"))


# No property is timed: the machines that run the tests are shared.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser may lose its connection on a machine that others load: such a test is given a second try, once."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_setup_options() -> Options:
    """Chromium as a test wants it: without a screen, and without a word to anybody outside this machine."""
    options = Options()
    options.binary_location = os.environ.get("CHROME_BIN") or shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    quiet = (
        "background-networking",
        "component-update",
        "sync",
        "quic",
        "gpu",
        "search-engine-choice-screen",
    )
    for flag in (
        "headless=new",
        "no-sandbox",
        "no-first-run",
        "window-size=1400,1000",
        *(f"disable-{q}" for q in quiet),
    ):
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tempfile.mkdtemp(prefix='spikeboard-chromium-')}")
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(DOWNLOADS), "download.prompt_for_download": False}
    )
    return options
