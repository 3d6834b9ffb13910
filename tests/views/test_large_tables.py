"""A table that would take gigabytes is refused before it is made, in the file and on the page."""

from __future__ import annotations

import pytest
from made_trains import made

from app import DEMO_FOLDER
from callbacks.export import drawn_data
from callbacks.views import tabulate
from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.library import local_library
from spikeboard.selection import select
from spikeboard.views import view

LARGE = ("raster", "population_activity")


@pytest.mark.parametrize("name", LARGE)
def test_a_table_beyond_the_limit_is_refused_with_a_remedy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = made([[10, 200, 300], [400]])
    result = view(name).compute(rec, select())
    size = result.table().size
    monkeypatch.setattr(tables, "MOST_NUMBERS", size // 4)
    with pytest.raises(RecordingError, match="select a shorter window or fewer units"):
        result.table()
    assert view(name).draw(rec, select()).message == ""


@pytest.mark.parametrize("name", LARGE)
def test_the_page_and_the_download_say_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_NUMBERS", 100)
    library = local_library(DEMO_FOLDER)
    answer = drawn_data(library, name, "rec=demo")
    assert answer.status_code == 400 and b"at most 100 are written" in answer.body
    request = {"rec": "demo", "selection": {}, "settings": {}}
    assert "at most 100 are written" in str(tabulate(library, {"view": name}, request))
