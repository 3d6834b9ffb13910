"""The reference pages are those that the views declare now."""

from __future__ import annotations

from pathlib import Path

import pytest

import spikeboard
from docs.make_reference import FOLDER, meanings, pages, parts, python_line
from spikeboard.views import views

DEMO = Path(__file__).parents[1] / "data" / "demo"


def test_every_view_has_its_page_and_no_page_lacks_its_view() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == {"README.md", *(f"{name}.md" for name in views())}


@pytest.mark.parametrize("name", ["README.md", *(f"{name}.md" for name in views())])
def test_the_pages_are_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"


@pytest.mark.parametrize("name", list(views()))
def test_every_setting_stands_in_the_page(name: str) -> None:
    page = pages()[f"{name}.md"]
    for setting, declared in views()[name].settings.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{setting}` |"))
        assert declared.label.replace("|", "\\|") in row
        assert row.replace("\\|", "").count("|") == 6


@pytest.mark.parametrize("name", list(views()))
def test_the_line_in_a_page_draws_its_view(name: str) -> None:
    drawn = eval(python_line(views()[name]), {"rec": spikeboard.open(DEMO)})
    assert views()[name].title in drawn.layout.title.text


def test_a_docstring_falls_into_text_parameters_and_returns() -> None:
    text, parameters, returns = parts(
        "What.\n\nMore.\n\nParameters\n----------\na, b : both\n    of them\nc : third\n\nReturns\n-------\nResult : x"
    )
    assert (text, returns.strip()) == ("What.\n\nMore.", "Result : x")
    assert meanings(parameters) == {"a": "both of them", "b": "both of them", "c": "third"}
