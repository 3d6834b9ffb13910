"""A board for each test: one Chromium and one server for all tests of a file, and nothing kept between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from app_board import WATCH, Board
from dash.testing.application_runners import ThreadedRunner
from dash.testing.composite import DashComposite

from app import DEMO_FOLDER, create_app
from spikeboard.hosting import policy_for
from spikeboard.library import local_library
from spikeboard.ports import free_port

Serve = Callable[..., str]


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A Chromium that counts what the security policy forbids."""
    options = request.config.hook.pytest_setup_options()
    with DashComposite(None, browser="Chrome", options=options, percy_run=False) as browser:
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        yield browser.driver


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """`serve(root)` is the address of an app that offers the recordings below a folder."""
    running: dict[tuple[Path, str], str] = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEBOARD_HOME", str(tmp_path_factory.mktemp("home-of-the-server")))

        def at(root: Path, first: str = "demo") -> str:
            if (root, first) not in running:
                runner = stack.enter_context(ThreadedRunner(stop_timeout=20))
                app = create_app(local_library(DEMO_FOLDER, [root], first), policy_for())
                runner.start(
                    app, port=free_port(), start_timeout=60, log_level="warning", timeout_graceful_shutdown=1
                )
                running[root, first] = runner.url
            return running[root, first]

        yield at


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose recordings the board of this file offers."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture
def board(chromium: Any, serve: Serve, root: Path, tmp_path: Path) -> Iterator[Callable[..., Board]]:
    """`board(path)` opens the app at a path as a new browser does; in the end its console must be empty."""
    opened: list[Board] = []
    shared = root

    def start(path: str = "/", root: Path | None = None, first: str = "demo") -> Board:
        downloads = tmp_path / "downloads"
        downloads.mkdir(exist_ok=True)
        opened.append(Board(chromium, serve(root or shared, first), downloads))
        return opened[-1].open(path)

    yield start
    assert [said for shown in opened[-1:] for said in shown.console()] == []
