"""What the tests of readers share: the truth beside real recordings."""

from __future__ import annotations

import io
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

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
