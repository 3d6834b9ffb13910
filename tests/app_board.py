"""A running app in Chromium, and what a person does with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe import violations
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

# On a machine with much else to do; nothing waits that long where nothing is wrong.
PATIENCE_S = 90.0
# What a strict policy forbids, and what is asked of the server, is noted from before the first script of a page runs.
WATCH = """
window.forbidden = [];
window.asked = 0;
const fetched = window.fetch;
window.fetch = (...request) => {
  if (String(request[0]?.url || request[0]).includes("_dash-update-component")) window.asked += 1;
  return fetched(...request);
};
document.addEventListener("securitypolicyviolation", (event) =>
  window.forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def patiently(seen: Callable[[], Any], what: str, more: Callable[[], Any] = str) -> Any:
    """Wait until something is seen; what was seen. `more` is what to say beside it where nothing is."""
    deadline = time.monotonic() + PATIENCE_S
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if found := seen():
                return found
        except Exception as problem:  # the page is being laid out anew
            last = problem
        time.sleep(0.05)
    raise AssertionError(f"not seen within {PATIENCE_S:g} s: {what} ({last}); {more()}")


class Board:
    """The app at an address, with a browser in front of it that has never been there."""

    def __init__(self, driver: Any, url: str, downloads: Path) -> None:
        self.driver = driver
        self.url = url
        self.downloads = downloads
        self._forget()

    def _forget(self) -> None:
        self.driver.set_script_timeout(PATIENCE_S)
        self.driver.implicitly_wait(0)
        self.driver.get("about:blank")
        self.command("Storage.clearDataForOrigin", origin=self.url, storageTypes="all")
        self.command("Emulation.clearDeviceMetricsOverride")
        self.command("Emulation.setEmulatedMedia", features=[])
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        self.driver.get_log("browser")

    def command(self, name: str, **arguments: Any) -> Any:
        """Something that the browser's developer tools can do."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, path: str = "/") -> Board:
        """Go to a path as by a pasted link."""
        self.driver.get(self.url + path)
        # The first heading, before the server has said what stands at the path, is a heading for nothing.
        self.until(lambda: self.text("h1:not(.page-title)") or self.text(".question"), f"page {path}")
        return self

    def until(self, seen: Callable[[], Any], what: str = "") -> Any:
        """Wait until something is seen; what was seen."""
        return patiently(seen, what or str(seen), self.console)

    def script(self, lines: str, *arguments: Any) -> Any:
        """What some JavaScript returns."""
        return self.driver.execute_script(lines, *arguments)

    def text(self, selector: str) -> str:
        """What the first element of a selector says now, "" where there is none."""
        return self.script("return document.querySelector(arguments[0])?.innerText || ''", selector).strip()

    def texts(self, selector: str) -> list[str]:
        """What every element of a selector says now."""
        return self.script(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", selector
        )

    def find(self, selector: str) -> WebElement:
        """The first element of a selector, once it is there."""
        return self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector), selector)[0]

    def click(self, selector: str) -> None:
        """Click the first element of a selector, scrolled into view, once it can be clicked."""

        def clicked() -> bool:
            element = self.driver.find_elements(By.CSS_SELECTOR, selector)[0]
            self.script("arguments[0].scrollIntoView({block: 'center'})", element)
            element.click()
            return True

        self.until(clicked, f"a click on {selector}")

    def card(self, view: str) -> str:
        """The selector of a view's card."""
        return f'.card[data-view="{view}"]'

    def cards(self) -> list[str]:
        """The views of the page."""
        return self.script(
            "return [...document.querySelectorAll('.card[data-view]')].map((e) => e.dataset.view)"
        )

    def show(self, view: str) -> None:
        """Scroll to a view's card."""
        self._scroll_to(self.card(view), "start")

    def _scroll_to(self, selector: str, place: str) -> None:
        shown = "document.querySelector(arguments[0]).scrollIntoView({block: arguments[1]}); return true"
        self.until(lambda: self.script(shown, selector, place), selector)

    def caption(self, view: str) -> str:
        """What a card's caption says, once it says something."""
        return self.until(lambda: self.text(f"{self.card(view)} figcaption"), f"caption of {view}")

    def caption_with(self, view: str, words: str) -> str:
        """What a card's caption says, once it holds these words."""
        return self.until(
            lambda: (said := self.text(f"{self.card(view)} figcaption")) and words in said and said,
            f"{words!r} in the caption of {view}: {self.text(f'{self.card(view)} figcaption')}",
        )

    def answered(self, view: str) -> str:
        """What a card says under its figure, or in its place, once it says something."""
        card = self.card(view)
        return self.until(
            lambda: self.text(f"{card} figcaption") or self.text(f"{card} .card-message"),
            f"an answer of {view}",
        )

    def still(self, what: Callable[[], Any]) -> Any:
        """Wait until something is the same for a while; it."""
        last: list[Any] = []

        def same() -> bool:
            last.append(what())
            time.sleep(0.2)
            return bool(last[-1]) and last[-3:] == [last[-1]] * 3

        self.until(same, "something that moves no more")
        return last[-1]

    def drawn(self, view: str) -> None:
        """Wait until a card's figure is drawn, nothing is computed for it, and it moves no more."""
        self.still(lambda: self.script(DRAWN, self.card(view)))

    def query(self) -> str:
        """The part of the address after "?"."""
        return self.driver.current_url.partition("?")[2]

    def query_with(self, words: str) -> str:
        """The query, once it holds these words."""
        return self.until(lambda: words in self.query() and self.query(), f"{words!r} in the address")

    def go(self, page: str) -> None:
        """Follow a link of the navigation."""

        def followed() -> bool:
            links = self.driver.find_elements(By.CSS_SELECTOR, ".nav-link")
            next(a for a in links if a.text == page).click()
            return True

        self.until(followed, f"a link to {page}")
        self.until(lambda: self.text("h1") == page, f"page {page}")

    def type_into(self, selector: str, text: str) -> None:
        """Replace what a field holds, and leave it."""

        def typed() -> bool:
            field = self.driver.find_elements(By.CSS_SELECTOR, selector)[0]
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(text)
            return field.get_attribute("value") == text

        self.until(typed, f"{text!r} in {selector}")
        self.find(selector).send_keys(Keys.TAB)

    def pick(self, view: str, setting: str, label: str) -> None:
        """Choose an entry of a card's select by its label."""
        self.click(f'{self.card(view)} [data-setting="{setting}"] input')
        option = f"//*[@role='option'][normalize-space()={json.dumps(label)}]"

        def picked() -> bool:
            shown = next(e for e in self.driver.find_elements(By.XPATH, option) if e.is_displayed())
            self.script("arguments[0].scrollIntoView({block: 'nearest'})", shown)
            shown.click()
            return True

        self.until(picked, label)

    def press(self, *keys: str) -> None:
        """Press keys while no field has the focus; all but the last are held."""
        self.script("document.activeElement && document.activeElement.blur()")
        chain = ActionChains(self.driver)
        for key in keys[:-1]:
            chain = chain.key_down(key)
        chain = chain.send_keys(keys[-1])
        for key in keys[:-1]:
            chain = chain.key_up(key)
        chain.perform()

    def drag(self, view: str, start: tuple[float, float], stop: tuple[float, float]) -> None:
        """Drag the mouse over a figure between two points, as fractions of its plot."""
        self._scroll_to(f"{self.card(view)} .nsewdrag", "center")
        self.drawn(view)
        plot = self.find(f"{self.card(view)} .nsewdrag")
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
        self.drawn(view)
        button = f'{self.card(view)} .modebar-btn[data-attr="dragmode"][data-val="{mode}"]'
        self.until(
            lambda: self.script("document.querySelector(arguments[0]).click(); return true", button), button
        )
        self.until(
            lambda: (
                self.script(
                    "return document.querySelector(arguments[0])._fullLayout.dragmode",
                    f"{self.card(view)} .js-plotly-plot",
                )
                == mode
            )
        )

    def dark(self, on: bool = True) -> None:
        """Let the system prefer dark, and wait until the page does."""
        theme = "dark" if on else "light"
        self.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}]
        )
        self.until(lambda: self.scheme() == theme, f"the {theme} theme")

    def scheme(self) -> str:
        """The theme of the page."""
        return self.script("return document.documentElement.dataset.scheme")

    def paper(self, view: str) -> str:
        """The ground that a card's figure is drawn on."""
        graph = f"{self.card(view)} .js-plotly-plot"
        return self.script("return document.querySelector(arguments[0])._fullLayout.paper_bgcolor", graph)

    def asked(self) -> int:
        """How many callbacks the page has asked of the server since it was loaded."""
        return self.script("return window.asked")

    def accessible(self) -> list[str]:
        """What axe finds wrong with the page."""
        return violations(self.driver)

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return self.script("return document.documentElement.scrollWidth - window.innerWidth")

    def downloaded(self, ending: str) -> Path:
        """The file with this ending that the browser has put into the folder of downloads, once it is whole."""

        def whole() -> Path | None:
            files = [file for file in self.downloads.iterdir() if file.name.endswith(ending)]
            waiting = list(self.downloads.glob("*.crdownload"))
            return files[0] if len(files) == 1 and not waiting and files[0].stat().st_size else None

        return self.until(whole, f"a download of *{ending} among {list(self.downloads.iterdir())}")

    def console(self) -> list[str]:
        """What the browser's console and its security policy say since they were asked last; it should be nothing."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        return said + (self.script("return window.forbidden?.splice(0) || []"))


DRAWN = """
const card = document.querySelector(arguments[0]);
const graph = card?.querySelector(".js-plotly-plot");
if (!graph || !graph.data || !graph.data.length || card.querySelector('[data-dash-is-loading="true"]')) return [];
// What the server said, and whether it is what is drawn.
const told = window.dash_component_api.getLayout({ view: card.dataset.view, part: "drawn" })?.props?.data;
const parts = (figure, layout) => [figure.data.length, (layout.images || []).length].join();
if (told && parts(told, told.layout) !== parts(graph, graph._fullLayout)) return [];
const box = graph.querySelector(".nsewdrag")?.getBoundingClientRect();
return [box?.x, box?.y, box?.width, box?.height, graph.data.length, JSON.stringify(graph.layout.xaxis?.range)];
"""
