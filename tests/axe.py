"""axe-core, run in a page that Selenium has open."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any


def violations(driver: Any) -> list[str]:
    """What axe finds wrong with the page: rule, weight, and the first element of each."""
    driver.execute_script(_source())
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations))"
    )
    return [f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:160]}" for v in found]


def _source() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("axe is not installed: pip install -e '.[test-ui]'")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
