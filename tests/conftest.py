"""What all tests share: the recordings beside the checkout, and a private place for what Spikeboard keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
