"""What a person does on the pages, in Chromium: look, brush, change, share, undo."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from app_board import Board
from awkward import hostile_names, one_unit
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from components.pages import PAGES

pytestmark = pytest.mark.browser
Start = Callable[..., Board]
FOCUSED = """
const at = document.activeElement;
const shown = getComputedStyle(at);
return [at.innerText || at.getAttribute("aria-label") || at.id, at.matches(":focus-visible") && shown.outlineStyle];
"""

# No driver from outside is fast enough for this: press Escape 0.1 s after the new page says what is selected.
ESCAPE_AT_ONCE = """
const before = document.querySelector("#sel-summary");
const escape = () => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true}));
  window.pressed = true;
};
const watch = new MutationObserver(() => {
  const now = document.querySelector("#sel-summary");
  if (!now || now === before || !now.innerText.includes("Selected:")) return;
  watch.disconnect();
  setTimeout(escape, 100);
});
watch.observe(document.body, {subtree: true, childList: true, characterData: true});
"""


# What the server says of the next page comes only when it is let go.
HOLD_A_PAGE = """
const fetched = window.fetch;
window.fetch = async (...request) => {
  const answer = await fetched(...request);
  if (!String(request[1]?.body).includes('"..page.children...')) return answer;
  window.fetch = fetched;
  return new Promise((go) => { window.letGo = () => go(answer); });
};
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_quiet_and_accessible_in_both_themes(board: Start, page) -> None:
    shown = board(page.path)
    assert shown.text("h1") == page.title
    for theme in ("light", "dark"):
        shown.dark(theme == "dark")
        for view in shown.cards():
            shown.show(view)
            shown.caption(view)
        assert shown.accessible() == []
        assert shown.overflow() <= 0
    assert shown.console() == []


def test_a_box_on_the_raster_selects_for_every_page_and_escape_clears(board: Start) -> None:
    shown = board("/raster")
    assert "19,671 spikes of 250 units" in shown.caption("raster")
    shown.tool("raster", "select")
    shown.drag("raster", (0.2, 0.05), (0.4, 0.3))
    query = shown.query_with("units=")
    assert "t=" in query
    shown.until(lambda: "Selected:" in shown.text("#sel-summary"))
    chosen = shown.text("#sel-summary")
    shown.go("Rates")
    shown.until(lambda: shown.text("#sel-summary") == chosen, chosen)
    assert shown.query() == query
    shown.press(Keys.ESCAPE)
    shown.until(lambda: shown.query() == "", "an empty query")
    shown.until(lambda: "Everything" in shown.text("#sel-summary"))
    shown.press(Keys.CONTROL, "z")
    assert shown.query_with("units=") == query


def test_escape_right_after_a_page_was_laid_out_clears_for_good(board: Start) -> None:
    shown = board("/raster?t=1_2&units=3-5")
    shown.until(lambda: "Selected:" in shown.text("#sel-summary"))
    shown.script(ESCAPE_AT_ONCE)
    shown.go("Rates")
    shown.until(lambda: shown.script("return window.pressed"), "Escape")
    # A field that waited before it spoke would by now have said again what it was told first.
    time.sleep(1)
    assert shown.query() == ""
    assert "Everything" in shown.text("#sel-summary")


def test_what_is_selected_while_a_page_is_on_its_way_stays_selected(board: Start) -> None:
    shown = board("/raster?units=3-5")
    shown.until(lambda: "Selected:" in shown.text("#sel-summary"))
    shown.script(HOLD_A_PAGE)
    shown.click('.nav-link[href^="/rates"]')
    shown.until(lambda: shown.script("return Boolean(window.letGo)"), "a page on its way")
    assert shown.text("h1") == "Raster"
    shown.script("window.spikeboard.choose({t: '1_2'})")
    shown.script("window.letGo()")
    shown.until(lambda: shown.text("h1") == "Rates")
    assert "1–2 s" in shown.caption("firing_rate")
    assert shown.query_with("t=") == "t=1_2" and shown.find("#sel-units").get_attribute("value") == ""
    shown.driver.back()
    shown.until(lambda: shown.text("h1") == "Raster")
    shown.until(lambda: shown.query() == "units=3-5", "what was selected when the page was left")


def test_selections_that_follow_at_once_end_with_the_last(board: Start) -> None:
    shown = board("/raster")
    shown.drawn("raster")
    # As by a key that is held down.
    shown.script(
        "const {choose} = window.spikeboard; choose({pop: 'E'});"
        "[15, 30, 45, 60].forEach((wait, i) => setTimeout(() => choose(i % 2 ? {pop: 'PV'} : {}), wait));"
        "setTimeout(() => { choose({}); window.ended = true; }, 75);"
    )
    shown.until(lambda: shown.script("return window.ended === true"))
    seen = "return [location.search, document.querySelector('#sel-summary').innerText.slice(0, 10)]"
    shown.until(lambda: shown.script(seen) == ["", "Everything"])
    assert shown.still(lambda: shown.script(seen)) == ["", "Everything"]
    assert shown.caption("raster").startswith("19,671 spikes")


def test_what_is_chosen_of_a_list_of_the_bar_counts_at_once_and_can_be_cleared(board: Start) -> None:
    def choose(list_of: str, name: str) -> None:
        shown.click(list_of)
        option = f"//*[@role='option'][starts-with(normalize-space(), '{name}')]"
        offered = shown.until(
            lambda: [one for one in shown.driver.find_elements(By.XPATH, option) if one.is_displayed()], name
        )
        offered[0].click()

    shown = board("/raster")
    shown.caption("raster")
    choose("#sel-pop", "PV")
    shown.until(lambda: shown.query() == "pop=PV")
    choose("#sel-pop", "SST")
    shown.until(lambda: shown.query() == "pop=PV%2CSST")
    shown.click('.sel-bar button[aria-label="All populations"]')
    shown.until(lambda: shown.query() == "")
    choose("#sel-interval", "trials 0")
    shown.until(lambda: shown.query() == "interval=trials%3A0")
    shown.click('.sel-bar button[aria-label="No interval"]')
    shown.until(lambda: shown.query() == "")


def test_undo_brings_back_nothing_of_another_recording(board: Start, root: Path) -> None:
    if not (root / "lonely").exists():
        one_unit().save(root / "lonely")
    shown = board("/raster")
    shown.caption("raster")
    shown.script("window.spikeboard.choose({units: '200-249'})")
    shown.caption_with("raster", "50 units")
    shown.script("window.spikeboard.choose({t: '1_2'})")
    shown.caption_with("raster", "1–2 s")
    shown.go("Library")
    links = shown.until(lambda: shown.driver.find_elements(By.PARTIAL_LINK_TEXT, "lonely"))
    links[0].click()
    shown.until(lambda: shown.text("h1") != "Library" and shown.text(".recording-name") == "awkward")
    shown.press(Keys.CONTROL, "z")
    shown.script("window.spikeboard.choose({t: '2_3'})")
    shown.query_with("t=2_3")
    shown.press(Keys.CONTROL, "z")
    assert "units" not in shown.until(lambda: "t=" not in shown.query() and shown.query())


def test_escape_inside_a_field_or_a_window_clears_nothing(board: Start) -> None:
    shown = board("/rates?t=1_2")
    shown.until(lambda: "Selected:" in shown.text("#sel-summary"))
    shown.find("#sel-units").send_keys("1", Keys.ESCAPE)
    shown.press("?")
    shown.until(lambda: shown.find("[role=dialog]").is_displayed())
    shown.find("[role=dialog]").send_keys(Keys.ESCAPE)
    shown.until(lambda: not shown.driver.find_elements(By.CSS_SELECTOR, "[role=dialog]"), "the help closed")
    assert "t=1_2" in shown.query_with("t=")


def test_zooming_counts_what_is_on_screen_and_a_double_click_shows_all_again(board: Start) -> None:
    shown = board("/raster")
    shown.caption_with("raster", "19,671 spikes")
    shown.drag("raster", (0.3, 0.05), (0.4, 0.5))
    shown.until(lambda: "19,671" not in shown.text('.card[data-view="raster"] figcaption'), "a smaller count")
    assert shown.query() == "", "a zoom is not a selection"
    shown.drawn("raster")
    plot = shown.find(f"{shown.card('raster')} .nsewdrag")
    ActionChains(shown.driver).double_click(plot).perform()
    shown.caption_with("raster", "19,671 spikes")


def test_a_setting_changes_the_figure_and_the_address_and_a_fresh_browser_sees_the_same(board: Start) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    shown.type_into('input[id*="bin_ms"][id*="firing_rate"]', "25")
    said = shown.caption_with("firing_rate", "25 ms")
    assert shown.query_with("firing_rate.bin_ms=25")
    address = shown.driver.current_url
    fresh = board("/" + address.removeprefix(shown.url).lstrip("/"))
    assert fresh.caption_with("firing_rate", "25 ms") == said
    assert fresh.driver.current_url == address


def test_back_and_forward_bring_back_the_view(board: Start) -> None:
    shown = board("/rates?t=1_2")
    shown.caption("firing_rate")
    shown.type_into('input[id*="bin_ms"][id*="firing_rate"]', "50")
    shown.caption_with("firing_rate", "50 ms")
    shown.query_with("bin_ms=50")
    shown.go("Intervals")
    shown.driver.back()
    shown.until(lambda: shown.text("h1") == "Rates")
    shown.caption_with("firing_rate", "50 ms")
    assert "t=1_2" in shown.query() and "bin_ms=50" in shown.query()
    shown.driver.forward()
    shown.until(lambda: shown.text("h1") == "Intervals")
    assert "t=1_2" in shown.query_with("t=")


def test_a_control_recomputes_its_own_view_alone(board: Start) -> None:
    shown = board("/rates")
    for view in shown.cards():
        shown.show(view)
        shown.drawn(view)
    before = shown.asked()
    shown.script("window.scrollTo(0, 0)")
    shown.type_into('input[id*="bin_ms"][id*="firing_rate"]', "30")
    shown.caption_with("firing_rate", "30 ms")
    shown.query_with("bin_ms=30")
    assert shown.asked() == before + 1


def test_ticked_units_are_selected_and_typed_units_are_ticked(board: Start) -> None:
    shown = board("/")
    shown.caption("raster")
    shown.click('.ag-row[row-id="1"] .ag-selection-checkbox input')
    assert "units=1" in shown.query_with("units=")
    shown.type_into("#sel-units", "2-4")
    shown.until(
        lambda: len(shown.driver.find_elements(By.CSS_SELECTOR, ".ag-row-selected")) == 3, "three ticks"
    )


def test_a_link_with_nonsense_shows_the_page_and_says_what_made_no_sense(board: Start) -> None:
    shown = board("/rates?firing_rate.bin_ms=banana&t=9_1&units=99999&x.y=1")
    shown.caption("firing_rate")
    said = shown.until(lambda: " ".join(shown.texts(".mantine-Notification-root")))
    assert "banana" in said


def test_a_link_with_many_units_is_followed_and_a_selection_that_no_link_holds_is_refused(
    board: Start,
) -> None:
    every_second = ",".join(str(row) for row in range(0, 250, 2))
    shown = board(f"/raster?units={every_second}")
    shown.until(lambda: "Selected: 125 of 250 units" in shown.text("#sel-summary"))
    assert "125 units" in shown.caption("raster")
    assert shown.find("#sel-units").get_attribute("value") == every_second
    shown.go("Intervals")
    shown.until(lambda: "Selected: 125 of 250 units" in shown.text("#sel-summary"))
    shown.script("window.spikeboard.choose({units: Array.from({length: 9000}, (_, i) => 2 * i).join(',')})")
    shown.until(lambda: "Too many separate units" in shown.text("#sel-errors"))
    assert "Selected: 125 of 250 units" in shown.text("#sel-summary")


def test_names_that_are_markup_or_endless_stay_text_inside_their_place(board: Start, root: Path) -> None:
    if not (root / "hostile").exists():
        hostile_names().save(root / "hostile")
    shown = board("/?rec=file:hostile")
    for page in ("Overview", "Raster", "Rates", "States", "Topology", "Library"):
        shown.go(page)
        for view in shown.cards():
            shown.show(view)
            shown.answered(view)
        assert shown.overflow() <= 0, page
        assert not shown.driver.find_elements(By.CSS_SELECTOR, "img[src=x]")
        assert page == "Library" or "<script>alert(1)" in shown.script("return document.body.textContent")


def test_a_page_that_is_not_there_is_said(board: Start) -> None:
    assert "no such page" in board("/nowhere").text("h1")


def test_a_recording_that_is_not_there_is_said(board: Start) -> None:
    shown = board("/raster?rec=file:gone.h5")
    assert "no recording 'gone.h5'" in shown.until(lambda: shown.text("[role=alert]"))
    shown.click("[role=alert] a")
    shown.until(lambda: shown.text("h1") == "Library")


def _telephone(board: Start, path: str) -> Board:
    shown = board(path)
    shown.command(
        "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True
    )
    return shown


def _bar(shown: Board, opened: bool) -> float:
    """How high the selection bar is, once it is open or one line."""
    shown.until(lambda: shown.find("#sel-units").is_displayed() == opened, f"open: {opened}")
    assert shown.find("#sel-fold").get_attribute("aria-expanded") == str(opened).lower()
    return shown.script("return document.querySelector('.sel-bar').getBoundingClientRect().height")


def test_on_a_telephone_the_selection_is_one_line_that_opens_and_stays_open(board: Start) -> None:
    shown = _telephone(board, "/raster?t=1_2")
    shown.until(lambda: "Selected: 1–2 s · 250 of 250 units" in shown.text("#sel-fold"))
    assert _bar(shown, opened=False) < 50
    assert shown.accessible() == []
    # The keyboard opens it too.
    shown.find("#sel-fold").send_keys(Keys.ENTER)
    assert _bar(shown, opened=True) > 150
    assert shown.accessible() == []
    assert shown.query() == "t=1_2"
    shown.type_into("#sel-to", "3")
    shown.until(lambda: "Selected: 1–3 s" in shown.text("#sel-fold"))
    shown.click("#burger")
    shown.go("Rates")
    assert _bar(shown, opened=True) > 150
    shown.click("#sel-fold")
    assert _bar(shown, opened=False) < 50
    shown.press(Keys.ESCAPE)
    shown.until(lambda: shown.text("#sel-fold").startswith("All: 0–10 s · 250 units"))
    assert shown.console() == []


def test_on_a_wide_screen_the_selection_is_always_open(board: Start) -> None:
    shown = board("/raster")
    assert shown.find("#sel-units").is_displayed() and not shown.find("#sel-fold").is_displayed()


# What a card's number counts as, right after the field was left or Enter was pressed.
COUNTED = """
const field = arguments[0];
const seen = (event) => { if (event.type !== "keyup" || event.key === "Enter")
  window.counted = window.dash_component_api.getLayout(JSON.parse(field.id)).props.value; };
for (const kind of ["focusout", "keyup"]) field.addEventListener(kind, seen);
"""


@pytest.mark.parametrize("key", [Keys.TAB, Keys.ENTER], ids=["left", "entered"])
def test_a_number_counts_at_once_where_it_is_left_or_entered(board: Start, key: str) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    field = shown.find('input[id*="bin_ms"][id*="firing_rate"]')
    shown.script(COUNTED, field)
    select_all = ActionChains(shown.driver, duration=0).click(field).key_down(Keys.CONTROL).send_keys("a")
    # In one go: a field that waits before it counts has not counted when it is asked.
    select_all.key_up(Keys.CONTROL).send_keys("40", key).perform()
    assert shown.until(lambda: shown.script("return window.counted")) == 40
    shown.caption_with("firing_rate", "bins of 40 ms")
    assert shown.query_with("bin_ms=40")


def test_the_page_fits_a_telephone(board: Start) -> None:
    shown = _telephone(board, "/raster")
    shown.caption("raster")
    shown.until(lambda: shown.script("return document.documentElement.scrollWidth") <= 390, "no overflow")
    for page in ("Rates", "Library", "Art"):
        shown.click("#burger")
        shown.go(page)
        shown.until(lambda: not shown.find(".nav-link").is_displayed(), "the navigation closed")
        for view in shown.cards():
            shown.show(view)
            shown.caption(view)
        assert shown.script("return document.documentElement.scrollWidth") <= 390
        assert shown.accessible() == []


def test_a_view_off_screen_computes_nothing(board: Start) -> None:
    shown = board("/raster")
    shown.drawn("raster")
    before = shown.asked()
    assert 2 <= before <= 3, "one for the page, one for the raster, at most one for what is half in view"
    shown.press(Keys.ESCAPE)
    shown.drawn("raster")
    assert shown.asked() == before, "nothing changed, so nothing is asked"


def test_the_theme_follows_the_system_until_one_is_chosen_which_is_remembered(board: Start) -> None:
    shown = board("/rates")
    shown.drawn("firing_rate")
    light = shown.paper("firing_rate")
    shown.dark()
    shown.until(lambda: shown.paper("firing_rate") == "#1f2328", "a dark figure")
    assert shown.script("return document.documentElement.dataset.mantineColorScheme") == "dark"
    shown.dark(False)
    shown.until(lambda: shown.paper("firing_rate") == light, "a light figure")
    assert shown.text("#theme-toggle") == "Dark"
    shown.click("#theme-toggle")
    shown.until(lambda: shown.scheme() == "dark")
    shown.driver.refresh()
    shown.until(lambda: shown.paper("firing_rate") == "#1f2328", "a dark figure after a reload")
    assert shown.scheme() == "dark"


def test_nothing_moves_where_less_motion_is_preferred(board: Start) -> None:
    shown = board("/raster")
    moves = """
    const caption = document.querySelector("figcaption");
    caption.dataset.dashIsLoading = "true";
    const name = getComputedStyle(document.querySelector(".stage"), "::after").animationName;
    delete caption.dataset.dashIsLoading;
    return name;
    """
    shown.caption("raster")
    assert shown.script(moves) == "run"
    shown.command(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}]
    )
    assert shown.script(moves) == "none"


def test_all_of_it_is_reached_by_keyboard_and_focus_is_seen(board: Start) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    reached: list[str] = []
    for _ in range(40):
        ActionChains(shown.driver).send_keys(Keys.TAB).perform()
        name, outline = shown.script(FOCUSED)
        reached.append(name.split("\n")[0])
        assert outline not in (False, "none") or "mantine" in shown.script(
            "return document.activeElement.className"
        ), name
    assert reached[0] == "Skip to the content"
    order = [
        reached.index(name)
        for name in ("Skip to the content", "Spikeboard", "Overview", "Library", "From (s)", "SVG")
        if name in reached
    ]
    assert order == sorted(order) and {"Overview", "Library"} <= set(reached)


def test_the_skip_link_leads_past_the_navigation(board: Start) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    ActionChains(shown.driver).send_keys(Keys.TAB, Keys.ENTER).perform()
    shown.until(lambda: shown.driver.current_url.endswith("#content"))
    ActionChains(shown.driver).send_keys(Keys.TAB).perform()
    inside = "return document.querySelector('#content').contains(document.activeElement)"
    assert shown.script(inside)


def test_a_page_is_changed_by_keyboard_alone(board: Start) -> None:
    shown = board("/rates")
    shown.caption("firing_rate")
    link = shown.find('.nav-link[href^="/intervals"]')
    shown.script("arguments[0].focus()", link)
    ActionChains(shown.driver).send_keys(Keys.ENTER).perform()
    shown.until(lambda: shown.text("h1") == "Intervals")
