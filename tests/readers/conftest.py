"""What the tests of readers share: the truth beside real recordings, and the hostile files made from them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes on a busy machine says nothing.
settings.register_profile("readers", deadline=None)
settings.load_profile("readers")


@pytest.fixture(scope="session")
def truthcheck(shared_data: Path) -> ModuleType:
    """How the shared recordings want to be compared with their truth."""
    spec = spec_from_file_location("truthcheck", shared_data / "truthcheck.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    # It leaves its file to the garbage collector, and warnings are errors here.
    vars(module)["open"] = lambda path: io.StringIO(Path(path).read_text(encoding="utf-8"))
    return module


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
