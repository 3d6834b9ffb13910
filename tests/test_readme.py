"""What the README and the pages beside it tell people to type does what they say."""

from __future__ import annotations

import re
import urllib.request
import webbrowser
from pathlib import Path

import pandas as pd
import pytest

import spikeboard

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_python_of_the_readme_shows_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks(ROOT / "README.md", "python"):
        exec(block, names)
    app, rec = names["app"], names["rec"]
    try:
        assert opened == [app.url]
        assert urllib.request.urlopen(app.url, timeout=60).status == 200
    finally:
        app.stop()
    assert rec.name == "my first run" and len(rec.units) == 100 and len(rec.spike_times) > 100
    assert (tmp_path / "intervals.html").stat().st_size > 10_000
    assert "my first run" in (tmp_path / "network.html").read_text(encoding="utf-8")


def test_showing_a_run_takes_five_lines_at_most() -> None:
    lines = blocks(ROOT / "README.md", "python")[1].strip().splitlines()
    assert len([line for line in lines if line]) <= 5


def test_the_python_of_the_page_on_scripts_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spikeboard.open(ROOT / "data" / "demo").save(tmp_path / "my_run")
    spikes = pd.DataFrame({"time_s": [0.1, 0.2, 0.4], "unit": [0, 1, 0]})
    spikes.to_parquet(tmp_path / "night.parquet")
    names: dict = {}
    for block in blocks(ROOT / "docs" / "scripts.md", "python"):
        exec(block, names)
    for made in ("raster.html", "network.html", "layers.html", "picture.png"):
        assert (tmp_path / made).stat().st_size > 2000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make (\w+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile


def test_every_page_can_be_found_from_the_first() -> None:
    found, left = set(), [ROOT / "docs" / "README.md"]
    while left:
        page = left.pop().resolve()
        # The page of a folder is the list of its files.
        left += page.glob("*.md") if page.is_dir() else ()
        if page in found or page.suffix != ".md" or not page.exists():
            continue
        found.add(page)
        left += [page.parent / to for to in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in to]
    assert set(PAGES) <= found | {ROOT / "README.md"}
