"""What a person does on every page, done at each size in turn: whatever else the machine does hits all alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome

from benchmarks.browser import chromium
from benchmarks.browser.measured import Act
from benchmarks.browser.servers import Server, wait_until_idle, worked_s

# Nothing on it depends on the recording.
ELSEWHERE = "Library"
# The switch for all of a window.
WHOLE = "whole"


@dataclass
class Visit:
    """A browser in front of the server of one size; `late` once something on the page was not drawn in time."""

    size: int
    browser: Chrome
    server: Server
    late: bool = False


Did = Callable[[Visit], float | None]


class Round:
    """One round through the app at every size, its times added to those of the rounds before."""

    def __init__(self, visits: Sequence[Visit], acts: dict[tuple[str, str], Act], random: Random) -> None:
        self.visits = visits
        self.acts = acts
        self.random = random

    def go_through(self, wanted: Sequence[str]) -> None:
        """Open the app, then go through its pages, or those that are wanted."""
        self.do(
            "first view", "Overview", lambda visit: chromium.first_view(visit.browser, visit.server.address)
        )
        for page in chromium.pages(self.visits[0].browser):
            if page != ELSEWHERE and (not wanted or page in wanted):
                self.page(page)

    def page(self, page: str) -> None:
        """Everything on a page."""
        self._from_elsewhere()
        self.do("page", page, lambda visit: chromium.go(visit.browser, page))
        for view in chromium.cards(self.visits[0].browser):
            if not chromium.is_drawn(self.visits[0].browser, view):
                self.do("view", view, lambda visit, view=view: chromium.scroll_to(visit.browser, view))
            self.zooms(view)
            self.controls(view)

    def zooms(self, view: str) -> None:
        """A quarter of the x axis, then all of it."""
        if not chromium.x_range(self.visits[0].browser, view):
            return
        first = self.random.uniform(0, 0.75)
        whole = {visit.size: chromium.x_range(visit.browser, view) or [0, 1] for visit in self._here()}

        def part(visit: Visit) -> list[float]:
            low, high = whole[visit.size]
            return [low + first * (high - low), low + (first + 0.25) * (high - low)]

        self.do("zoom in", view, lambda visit: chromium.zoom(visit.browser, view, part(visit)))
        self.do("zoom out", view, lambda visit: chromium.zoom(visit.browser, view, whole[visit.size]))

    def controls(self, view: str) -> None:
        """Every control that is shown, changed from its default and set back."""
        for setting in chromium.settings(self.visits[0].browser, view):
            on = f"{view}, {setting}"
            # It asks for the time that every other control spares.
            kind = "whole" if setting == WHOLE else "control"
            self.do(kind, on, lambda visit, setting=setting: chromium.change(visit.browser, view, setting))
            self.do("back", on, lambda visit, setting=setting: chromium.restore(visit.browser, view, setting))

    def do(self, kind: str, on: str, did: Did) -> None:
        """Do the same at each size, and note how long it took."""
        act = self.acts.setdefault((kind, on), Act(kind, on))
        for visit in self._here():
            time = _tried(did, visit, f"{kind} {on}")
            act.add(visit.size, time)
            visit.late = time is None

    def _here(self) -> list[Visit]:
        return [visit for visit in self.visits if not visit.late]

    def _from_elsewhere(self) -> None:
        for visit in self.visits:
            if visit.late:
                wait_until_idle(visit.server)
                chromium.first_view(visit.browser, f"{visit.server.address}library")
                visit.late = False
            chromium.go(visit.browser, ELSEWHERE)


def _tried(did: Did, visit: Visit, what: str) -> float | None:
    before = worked_s(visit.server.pid)
    try:
        time = did(visit)
    except TimeoutException:
        time = None
    worked = worked_s(visit.server.pid) - before
    drawn = "late" if time is None else f"{time:.0f} ms"
    print(f"{what} at {visit.size:,}: {drawn}, the server worked {worked:.2f} s", file=sys.stderr)
    return time
