"""A board for each test: the app on its own port, Chromium in front of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from app_board import Board


@pytest.fixture
def board(dash_duo: Any, tmp_path: Path) -> Callable[..., Board]:
    """`board(path)` opens the app at a path; it offers the recordings below `root`."""

    def start(path: str = "/", root: Path | None = None) -> Board:
        return Board(dash_duo, root or tmp_path).open(path)

    return start
