"""A Chromium in front of a server, and what a person does with it, timed from the act to the last change they see."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

WATCH = (Path(__file__).parent / "watch.js").read_text(encoding="utf-8")
# Longer than any pause between an act and the question to the server that follows from it.
QUIET_MS = 500
PATIENCE_MS = 60_000
FLAGS = (
    "headless=new",
    "no-sandbox",
    "no-first-run",
    "window-size=1400,1000",
    "disable-gpu",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-search-engine-choice-screen",
)


@contextmanager
def chromium() -> Iterator[Chrome]:
    """A browser that has never been anywhere."""
    profile = tempfile.mkdtemp(prefix="spikeboard-bench-")
    options = Options()
    options.binary_location = os.environ.get("CHROME_BIN") or shutil.which("chromium") or ""
    for flag in (*FLAGS, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    browser = Chrome(options=options)
    try:
        browser.set_script_timeout(2 * PATIENCE_MS / 1000)
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        yield browser
    finally:
        browser.quit()
        shutil.rmtree(profile, ignore_errors=True)


def drawn_ms(browser: Chrome) -> float | None:
    """From the last act to the last change, ms; None where patience ended first."""
    lines = "window.bench.drawn(arguments[0], arguments[1], arguments[2])"
    return browser.execute_async_script(lines, QUIET_MS, PATIENCE_MS)["drawn"]


def first_view(browser: Chrome, address: str) -> float | None:
    """From an address typed to the page drawn, ms; the time of a new document begins when it is asked for."""
    browser.get(address)
    return drawn_ms(browser)


def pages(browser: Chrome) -> list[str]:
    """The pages that the navigation names."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.nav-link')].map((link) => link.innerText.trim())"
    )


def go(browser: Chrome, page: str) -> float | None:
    """From the click on a link of the navigation to the page drawn, ms."""
    links = browser.find_elements(By.CSS_SELECTOR, ".nav-link")
    next(link for link in links if link.text == page).click()
    return drawn_ms(browser)


def cards(browser: Chrome) -> list[str]:
    """The views of the page."""
    return browser.execute_script(
        "return [...document.querySelectorAll('.card[data-view]')].map((card) => card.dataset.view)"
    )


def scroll_to(browser: Chrome, view: str) -> float | None:
    """From a card scrolled into sight to its figure drawn, ms."""
    return _timed(
        browser, "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", _card(view)
    )


def is_drawn(browser: Chrome, view: str) -> bool:
    """Whether a card shows its figure already."""
    lines = "return !!window.dash_component_api.getLayout({ view: arguments[0], part: 'drawn' }).props.data"
    return browser.execute_script(lines, view)


def x_range(browser: Chrome, view: str) -> list[float] | None:
    """The range of a figure's x axis; None where it has none that can be zoomed."""
    lines = """
        const graph = document.querySelector(arguments[0]);
        return graph?._fullLayout?.xaxis && graph.querySelector(".nsewdrag") ? window.bench.range(graph) : null
    """
    found = browser.execute_script(lines, _graph(view))
    return found if found and all(isinstance(end, int | float) for end in found) else None


def zoom(browser: Chrome, view: str, to: list[float]) -> float | None:
    """From a new range of the x axis to the figure drawn, ms."""
    return _timed(
        browser, "window.bench.zoom(document.querySelector(arguments[0]), arguments[1])", _graph(view), to
    )


def settings(browser: Chrome, view: str) -> list[str]:
    """The controls of a card that are shown and can be changed: a list needs an entry that is not chosen."""
    lines = """
        const [card, view] = arguments;
        const changes = (name) => {
            const flag = document.getElementById(`{"flag":"${name}","view":"${view}"}`);
            const { data, value } = flag ? {} : window.dash_component_api.getLayout({ view, setting: name }).props;
            return !data || data.some((entry) => entry.value !== value);
        };
        return [...document.querySelectorAll(`${card} [data-setting]`)]
            .filter((control) => !control.hidden && control.getBoundingClientRect().height > 0)
            .map((control) => control.dataset.setting).filter(changes)
    """
    return browser.execute_script(lines, _card(view), view)


def change(browser: Chrome, view: str, setting: str) -> float | None:
    """From a control changed by one step, or to its next entry, to the figure drawn, ms."""
    control = browser.find_element(By.CSS_SELECTOR, f'{_card(view)} [data-setting="{setting}"]')
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", control)
    field = control.find_element(By.CSS_SELECTOR, "input")
    if field.get_attribute("type") == "checkbox":
        control.find_element(By.CSS_SELECTOR, "label").click()
    elif field.get_attribute("aria-haspopup") == "listbox":
        field.click()
        _next_option(browser, field)
    else:
        field.send_keys(Keys.ARROW_UP, Keys.TAB)
    return drawn_ms(browser)


def restore(browser: Chrome, view: str, setting: str) -> float | None:
    """From a control set back to its default to the figure drawn, ms."""
    lines = """
        const [view, name] = arguments;
        const value = window.dash_component_api.getLayout({ view, part: "about" }).props.data.defaults[name];
        const isFlag = document.getElementById(`{"flag":"${name}","view":"${view}"}`);
        if (isFlag) window.dash_clientside.set_props({ view, flag: name }, { checked: value });
        else window.dash_clientside.set_props({ view, setting: name }, { value });
    """
    return _timed(browser, lines, view, setting)


def _timed(browser: Chrome, lines: str, *arguments: Any) -> float | None:
    browser.execute_script(f"window.bench.act(); {lines}", *arguments)
    return drawn_ms(browser)


def _next_option(browser: Chrome, field: Any) -> None:
    listed = f"#{field.get_attribute('aria-controls')} [role='option']"
    options = _once(lambda: browser.find_elements(By.CSS_SELECTOR, listed))
    chosen = [option.get_attribute("aria-selected") == "true" for option in options]
    following = chosen.index(True) + 1 if True in chosen else 0
    option = options[following % len(options)]
    browser.execute_script("arguments[0].scrollIntoView({block: 'nearest'})", option)
    option.click()


def _once(seen: Callable[[], Any]) -> Any:
    for _ in range(200):
        try:
            if found := seen():
                return found
        except WebDriverException:
            continue
    raise TimeoutError("a list of options did not open")


def _card(view: str) -> str:
    return f".card[data-view={json.dumps(view)}]"


def _graph(view: str) -> str:
    return f"{_card(view)} .js-plotly-plot"
