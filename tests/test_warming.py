"""A server draws every view once before a person asks, and no view that cannot be drawn stops it."""

from __future__ import annotations

import gc
import subprocess
import sys
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
    # Nothing that is there when a person comes is looked through again by a collection of garbage.
    assert gc.get_freeze_count() > 100_000
    gc.unfreeze()
    assert all(view.asked == [(250, 0.0, 1.0), (250, None, None)] for view in made.values())


def test_loops_over_the_columns_of_a_store_are_compiled() -> None:
    """In a process of its own: others of this one may have called them."""
    code = """
from spikeboard import levels, warming
from spikeboard.analysis import groups, kernel_sums, segments, tiling, waves
warming.warm_store()
short = (levels._count, kernel_sums.sums_by_time, segments._count_apart, waves._count, waves._picked)
assert all("uint16" in str(loop.signatures) for loop in short)
assert groups._by_group.signatures and tiling._near_by_pairs.signatures and tiling._near_by_neighbours.signatures
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
