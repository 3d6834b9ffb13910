"""A server draws every view once before a person asks, and no view that cannot be drawn stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikeboard import warming
from spikeboard.errors import RecordingError
from spikeboard.views import views

DEMO = Path(__file__).parents[1] / "data" / "demo"


class Drawing:
    """A view that notes what it is asked for, and may refuse."""

    def __init__(self, refuses: bool) -> None:
        self.refuses, self.asked = refuses, []

    def draw(self, rec, selection, viewport) -> None:
        self.asked.append((len(rec.units), selection.t0, selection.t1))
        if self.refuses:
            raise RecordingError("nothing to draw")


def test_every_view_is_drawn_in_a_short_window_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {name: Drawing(refuses=k % 2 == 0) for k, name in enumerate(views())}
    monkeypatch.setattr(warming, "views", lambda: made)
    thread = warming.warm_in_background(DEMO)
    thread.join(60)
    assert not thread.is_alive() and thread.daemon
    assert all(view.asked == [(250, 0.0, 1.0), (250, None, None)] for view in made.values())
