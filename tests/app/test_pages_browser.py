"""What a person does on the pages, in Chromium: look, brush, change, share, undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from app_board import Board
from axe import violations
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from components.pages import PAGES

pytestmark = pytest.mark.browser
Start = Callable[..., Board]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_every_page_is_quiet_and_accessible(board: Start, page: str, theme: str) -> None:
    shown = board(page)
    shown.dark(theme == "dark")
    shown.until(
        lambda: shown.driver.execute_script("return document.documentElement.dataset.scheme") == theme
    )
    for card in shown.driver.find_elements(By.CSS_SELECTOR, ".card[data-view]"):
        shown.driver.execute_script("arguments[0].scrollIntoView()", card)
        shown.caption(card.get_attribute("data-view"))
    assert violations(shown.driver) == []
    assert shown.console() == []
    overflow = shown.driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0


def test_a_box_on_the_raster_selects_for_every_page_and_escape_clears(board: Start) -> None:
    shown = board("/raster")
    assert "19,671 spikes of 250 units" in shown.caption("raster")
    shown.tool("raster", "select")
    shown.drag("raster", (0.2, 0.05), (0.4, 0.3))
    query = shown.query_with("units=")
    assert "t=" in query
    shown.until(lambda: "Selected:" in shown.find("#sel-summary").text)
    chosen = shown.find("#sel-summary").text
    shown.go("Rates")
    assert shown.find("#sel-summary").text == chosen
    assert shown.query() == query
    shown.press(Keys.ESCAPE)
    shown.until(lambda: shown.query() == "")
    shown.press(Keys.CONTROL, "z")
    assert shown.query_with("units=") == query
    assert shown.console() == []


def test_zooming_counts_what_is_on_screen_and_a_double_click_shows_all_again(board: Start) -> None:
    shown = board("/raster")
    shown.caption_with("raster", "19,671 spikes")
    shown.drag("raster", (0.3, 0.05), (0.4, 0.5))
    shown.until(lambda: "19,671" not in shown.caption("raster"), "a smaller count")
    assert shown.query() == "", "a zoom is not a selection"
    assert "0 to 10 s" not in shown.caption("raster")
    assert shown.console() == []


def test_a_setting_changes_the_figure_and_the_address_and_a_fresh_browser_sees_the_same(board: Start) -> None:
    shown = board("/rates")
    shown.caption_with("firing_rate", "10 ms")
    shown.type_into('input[id*="bin_ms"][id*="firing_rate"]', "25")
    said = shown.caption_with("firing_rate", "25 ms")
    assert shown.query_with("firing_rate.bin_ms=25")
    address = shown.driver.current_url
    shown.driver.delete_all_cookies()
    shown.driver.get("about:blank")
    shown.driver.execute_cdp_cmd(
        "Storage.clearDataForOrigin", {"origin": shown.url, "storageTypes": "all"}
    )
    shown.driver.get(address)
    assert shown.caption_with("firing_rate", "25 ms") == said
    assert shown.driver.current_url == address
    assert shown.console() == []


def test_back_and_forward_bring_back_the_view(board: Start) -> None:
    shown = board("/rates?t=1_2")
    shown.type_into('input[id*="bin_ms"][id*="firing_rate"]', "50")
    shown.caption_with("firing_rate", "50 ms")
    shown.query_with("bin_ms=50")
    shown.go("Intervals")
    shown.driver.back()
    shown.until(lambda: shown.find("h1").text == "Rates")
    shown.caption_with("firing_rate", "50 ms")
    assert "t=1_2" in shown.query() and "bin_ms=50" in shown.query()
    shown.driver.forward()
    shown.until(lambda: shown.find("h1").text == "Intervals")
    assert "t=1_2" in shown.query()
    assert shown.console() == []


def test_ticked_units_are_selected_and_typed_units_are_ticked(board: Start) -> None:
    shown = board("/")
    row = '.ag-row[row-id="1"] .ag-selection-checkbox input'
    shown.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", shown.find("#units"))
    shown.find(row).click()
    assert "units=1" in shown.query_with("units=")
    shown.type_into("#sel-units", "2-4")
    shown.until(lambda: len(shown.driver.find_elements(By.CSS_SELECTOR, ".ag-row-selected")) == 3)
    assert shown.console() == []


def test_a_link_with_nonsense_shows_the_page_and_says_what_made_no_sense(board: Start) -> None:
    shown = board("/rates?firing_rate.bin_ms=banana&t=9_1&units=99999&x.y=1")
    shown.caption("firing_rate")
    said = shown.until(lambda: shown.find(".mantine-Notification-root").text)
    assert "banana" in said
    assert shown.console() == []


def test_a_page_or_recording_that_is_not_there_is_said(board: Start) -> None:
    assert "no such page" in board("/nowhere").find("h1").text


def test_a_recording_that_is_not_there_is_said(board: Start) -> None:
    shown = board("/raster?rec=file:gone.h5")
    assert "no recording 'gone.h5'" in shown.find("[role=alert]").text
    assert shown.console() == []


def test_the_page_fits_a_telephone(board: Start) -> None:
    shown = board("/raster")
    shown.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    shown.caption("raster")
    assert shown.driver.execute_script("return document.documentElement.scrollWidth") <= 390
    shown.find("[aria-label=Pages].mantine-Burger-root, button[aria-label=Pages]").click()
    shown.go("Rates")
    shown.caption("firing_rate")
    assert shown.console() == []


def test_a_view_off_screen_computes_nothing(board: Start) -> None:
    shown = board("/raster")
    shown.caption("raster")
    asked = "return performance.getEntriesByName(location.origin + '/_dash-update-component').length"
    before = shown.driver.execute_script(asked)
    assert before <= 3, "one for the page, one for the raster, at most one for what is half in view"
    shown.press(Keys.ESCAPE)
    assert shown.driver.execute_script(asked) == before, "nothing changed, so nothing is asked"


def test_the_theme_can_be_chosen_and_is_remembered(board: Start) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    shown.find("#theme-toggle").click()
    shown.until(
        lambda: shown.driver.execute_script("return document.documentElement.dataset.scheme") == "dark"
    )
    shown.driver.refresh()
    shown.caption("firing_rate")
    assert shown.driver.execute_script("return document.documentElement.dataset.scheme") == "dark"
    paper = shown.driver.execute_script(
        "return document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
    )
    assert paper == "#1f2328"
