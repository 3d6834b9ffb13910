"""A running app in Chromium, and what a person does with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from app import DEMO_FOLDER, create_app
from spikeboard.hosting import policy_for
from spikeboard.library import local_library

PATIENCE_S = 20.0


class Board:
    """The app at an address, driven through `dash_duo`."""

    def __init__(self, dash_duo: Any, root: Path, first: str = "demo") -> None:
        self.duo = dash_duo
        self.driver = dash_duo.driver
        # axe and big pages take longer than Selenium's usual patience on a busy machine.
        self.driver.set_script_timeout(60)
        app = create_app(local_library(DEMO_FOLDER, [root], first), policy_for())
        dash_duo.start_server(app, navigate=False)
        self.url = dash_duo.server.url

    def open(self, path: str = "/") -> Board:
        """Go to a path as by a pasted link."""
        self.driver.get(self.url + path)
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "h1, .question"))
        return self

    def until(self, seen: Callable[[], Any], what: str = "") -> Any:
        """Wait until something is seen; what was seen."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if found := seen():
                    return found
            except Exception as problem:  # the page is being laid out anew
                last = problem
            else:
                last = None
            time.sleep(0.05)
        raise AssertionError(f"not seen within {PATIENCE_S:g} s: {what or seen} ({last})")

    def find(self, selector: str) -> WebElement:
        """The first element of a selector, once it is there."""
        return self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    def card(self, view: str) -> str:
        """The selector of a view's card."""
        return f'.card[data-view="{view}"]'

    def caption(self, view: str) -> str:
        """What a card's caption says, once it says something."""
        return self.until(lambda: self.find(f"{self.card(view)} figcaption").text, f"caption of {view}")

    def caption_with(self, view: str, words: str) -> str:
        """What a card's caption says, once it holds these words."""
        self.until(lambda: words in self.find(f"{self.card(view)} figcaption").text, f"{words!r} in {view}")
        return self.caption(view)

    def query(self) -> str:
        """The part of the address after "?"."""
        return self.driver.current_url.partition("?")[2]

    def query_with(self, words: str) -> str:
        """The query, once it holds these words."""
        return self.until(lambda: words in self.query() and self.query(), f"{words!r} in the address")

    def go(self, page: str) -> None:
        """Follow a link of the navigation."""
        self.until(
            lambda: [
                a.click() or a
                for a in self.driver.find_elements(By.CSS_SELECTOR, ".nav-link")
                if a.text == page
            ],
            page,
        )
        self.until(lambda: self.find("h1").text == page, f"page {page}")

    def type_into(self, selector: str, text: str) -> None:
        """Replace what a field holds."""
        field = self.find(selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, Keys.TAB)

    def press(self, *keys: str) -> None:
        """Press keys while no field has the focus."""
        self.driver.execute_script("document.activeElement && document.activeElement.blur()")
        ActionChains(self.driver).key_down(keys[0]).send_keys(*keys[1:]).key_up(keys[0]).perform()

    def drag(self, view: str, start: tuple[float, float], stop: tuple[float, float]) -> None:
        """Drag the mouse over a figure between two points, as fractions of its plot."""
        plot = self.find(f"{self.card(view)} .nsewdrag")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
        width, height = plot.size["width"], plot.size["height"]
        to_start = round((start[0] - 0.5) * width), round((start[1] - 0.5) * height)
        chain = ActionChains(self.driver).move_to_element(plot).move_by_offset(*to_start).click_and_hold()
        for _ in range(5):
            chain = chain.move_by_offset(
                round((stop[0] - start[0]) * width / 5), round((stop[1] - start[1]) * height / 5)
            )
        chain.release().perform()

    def tool(self, view: str, mode: str) -> None:
        """Choose a tool of the figure's bar, such as "select"."""
        script = (
            "return Plotly.relayout(document.querySelector(arguments[0]), {dragmode: arguments[1]}) && true"
        )
        self.driver.execute_script(script, f"{self.card(view)} .js-plotly-plot", mode)

    def dark(self, on: bool = True) -> None:
        """Let the system prefer dark."""
        value = "dark" if on else "light"
        feature = [{"name": "prefers-color-scheme", "value": value}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})

    def console(self) -> list[str]:
        """What the browser's console says; it should say nothing."""
        return [entry["message"] for entry in self.driver.get_log("browser")]
