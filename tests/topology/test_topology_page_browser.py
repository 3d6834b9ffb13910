"""The topology page in Chromium: what a person sees, drags, types and takes home."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lxml.etree
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from topology.topology_cases import CASES, HOSTILE_NAMES

from spikeboard.topology import topology_html
from spikeboard.topology.page import visible

pytestmark = pytest.mark.browser

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
INPUT, E, I, OUT = range(4)  # noqa: E741
Open = Callable[..., webdriver.Chrome]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(
        service=Service(shutil.which("chromedriver") or "chromedriver"), options=options
    )
    yield driver
    driver.quit()


@pytest.fixture
def shown(chromium: webdriver.Chrome, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a case in a window of a size and a theme; afterwards the console must be empty."""

    def open_page(case: str, width: int = 1280, height: int = 860, theme: str = "light") -> webdriver.Chrome:
        file = topology_html(CASES[case](), tmp_path / "topology.html")
        command = chromium.execute_cdp_cmd
        command("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        command("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        command("Emulation.setDeviceMetricsOverride", size)
        command("Emulation.setTouchEmulationEnabled", {"enabled": width < 500})
        chromium.get(Path(file).as_uri())
        settled(chromium)
        return chromium

    yield open_page
    assert [entry["message"] for entry in chromium.get_log("browser")] == []


def settled(page: webdriver.Chrome) -> None:
    """Two frames later: what was asked for is drawn."""
    page.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
    )


def nodes(page: webdriver.Chrome) -> list[Any]:
    return page.find_elements(By.CSS_SELECTOR, "#stage .node")


def frame(page: webdriver.Chrome, what: Any) -> dict[str, float]:
    return page.execute_script("return arguments[0].getBoundingClientRect().toJSON()", what)


def centre(page: webdriver.Chrome, what: Any) -> tuple[float, float]:
    box = frame(page, what)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def card(page: webdriver.Chrome, index: int) -> Any:
    return nodes(page)[index].find_element(By.CSS_SELECTOR, ".card")


def route(page: webdriver.Chrome, edge: int) -> str:
    line = page.find_element(By.CSS_SELECTOR, f"[data-edge='{edge}'] .line")
    return str(line.get_attribute("d"))


def text(page: webdriver.Chrome, css: str) -> str:
    return str(page.find_element(By.CSS_SELECTOR, css).text)


def frames(page: webdriver.Chrome, css: str) -> list[dict[str, float]]:
    script = (
        "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().toJSON())"
    )
    return page.execute_script(script, css)


def overlapping(one: dict[str, float], other: dict[str, float], slack: float = 0.5) -> bool:
    return (
        one["left"] < other["right"] - slack
        and other["left"] < one["right"] - slack
        and one["top"] < other["bottom"] - slack
        and other["top"] < one["bottom"] - slack
    )


def choose(page: webdriver.Chrome, control: str, value: str) -> None:
    Select(page.find_element(By.ID, control)).select_by_value(value)
    settled(page)


def test_layers_are_shown_with_names_and_sizes(shown: Open) -> None:
    page = shown("two layers")
    assert [node.text.split("\n") for node in nodes(page)] == [
        ["Input", "? neurons"],
        ["L0_StochasticLIF", "784 neurons"],
        ["L1_DenseLayer", "10 neurons"],
    ]
    assert len(page.find_elements(By.CSS_SELECTOR, "#stage .edge .line")) == 2
    assert text(page, "h1") == page.title == "Network topology"


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_fetched(shown: Open, case: str) -> None:
    page = shown(case)
    assert (
        page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844)])
@pytest.mark.parametrize("case", [case for case in CASES if case != "nothing"])
def test_everything_is_in_sight_and_nothing_covers_a_node(
    shown: Open, case: str, width: int, height: int
) -> None:
    page = shown(case, width, height)
    kinds = [option.get_attribute("value") for option in Select(page.find_element(By.ID, "layout")).options]
    for kind in kinds:
        choose(page, "layout", str(kind))
        [stage] = frames(page, "#stage")
        cards, tags = frames(page, ".card"), frames(page, ".tag:not(:empty)")
        assert all(overlapping(box, stage) and box["left"] >= stage["left"] - 1 for box in cards)
        assert all(
            box["right"] <= stage["right"] + 1 and box["bottom"] <= stage["bottom"] + 1 for box in cards
        )
        assert not any(overlapping(a, b) for a, b in itertools.combinations(cards, 2))
        assert not any(overlapping(tag, box) for tag in tags for box in cards)
        assert not any(overlapping(a, b) for a, b in itertools.combinations(tags, 2))
        within = zip(frames(page, ".node .name"), cards, strict=True)
        assert all(name["right"] <= box["right"] for name, box in within)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_node_is_dragged_with_its_lines_and_only_with_them(shown: Open) -> None:
    page = shown("recurrent")
    before, routes = centre(page, card(page, OUT)), [route(page, edge) for edge in range(8)]
    ActionChains(page).drag_and_drop_by_offset(card(page, OUT), 60, -110).perform()
    after = centre(page, card(page, OUT))
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((60, -110), abs=2)
    changed = [edge for edge in range(8) if route(page, edge) != routes[edge]]
    assert changed == [7]
    page.find_element(By.ID, "reset").click()
    settled(page)
    assert centre(page, card(page, OUT)) == pytest.approx(before, abs=1)
    assert [route(page, edge) for edge in range(8)] == routes


def test_the_background_is_dragged_with_everything(shown: Open) -> None:
    page = shown("recurrent")
    before = [centre(page, card(page, node)) for node in range(4)]
    stage = page.find_element(By.ID, "stage")
    hand = ActionChains(page).move_to_element(stage).move_by_offset(-500, -120)
    hand.click_and_hold().move_by_offset(35, 50).release().perform()
    after = [centre(page, card(page, node)) for node in range(4)]
    assert after == [pytest.approx((x + 35, y + 50), abs=1.5) for x, y in before]


def wheel(page: webdriver.Chrome, x: float, y: float, turn: float) -> None:
    event = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": turn}
    page.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    settled(page)


def test_the_wheel_zooms_about_the_pointer(shown: Open) -> None:
    page = shown("recurrent")
    before, size = centre(page, card(page, E)), frame(page, card(page, E))["width"]
    wheel(page, *before, -300)
    assert frame(page, card(page, E))["width"] > 1.3 * size
    assert centre(page, card(page, E)) == pytest.approx(before, abs=1)
    assert page.execute_script("return scrollY") == 0
    wheel(page, *before, 300)
    assert frame(page, card(page, E))["width"] == pytest.approx(size, rel=0.02)


def test_two_fingers_zoom_and_one_drags(shown: Open) -> None:
    page = shown("recurrent", 390, 844)
    size = frame(page, card(page, E))["width"]
    x, y = (round(v) for v in centre(page, page.find_element(By.ID, "stage")))

    def touch(kind: str, *fingers: tuple[float, float]) -> None:
        points = [{"x": fx, "y": fy, "id": number} for number, (fx, fy) in enumerate(fingers)]
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = centre(page, card(page, OUT))
    touch("touchStart", before)
    for step in (10, 20, 30):
        touch("touchMove", (before[0] + step, before[1] - step))
    touch("touchEnd")
    settled(page)
    assert centre(page, card(page, OUT)) == pytest.approx((before[0] + 30, before[1] - 30), abs=2)
    touch("touchStart", (x - 40, y), (x + 40, y))
    for spread in (50, 60, 70, 80):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    settled(page)
    assert frame(page, card(page, E))["width"] == pytest.approx(2 * size, rel=0.1)


def test_the_keyboard_reaches_moves_and_picks_out_nodes(shown: Open) -> None:
    page = shown("recurrent")
    page.find_element(By.ID, "stage").send_keys(Keys.TAB)
    assert "100 neurons" in page.switch_to.active_element.get_attribute("aria-label")
    page.switch_to.active_element.send_keys(Keys.TAB)
    focused = page.switch_to.active_element
    assert focused.get_attribute("data-node") == str(E)
    assert text(page, "#said") == "\u2068E\u2069: 800 neurons, 4 connections in, 4 out"
    before = centre(page, card(page, E))
    focused.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.SHIFT, Keys.ARROW_UP)
    after = centre(page, card(page, E))
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((24, -60), abs=1)
    focused.send_keys(Keys.ENTER)
    assert focused.get_attribute("aria-pressed") == "true"
    lit = page.find_elements(By.CSS_SELECTOR, ".edge.on")
    assert [edge.get_attribute("data-edge") for edge in lit] == [str(edge) for edge in range(6)]
    assert "on" not in nodes(page)[OUT].get_attribute("class").split()
    focused.send_keys(Keys.ESCAPE)
    assert page.find_elements(By.CSS_SELECTOR, ".on") == []


def test_the_keyboard_zooms_and_shows_everything(shown: Open) -> None:
    page = shown("recurrent")
    stage, size = page.find_element(By.ID, "stage"), frame(page, card(page, E))["width"]
    stage.send_keys("+", "+")
    assert frame(page, card(page, E))["width"] == pytest.approx(1.25**2 * size, rel=0.01)
    stage.send_keys("-")
    assert frame(page, card(page, E))["width"] == pytest.approx(1.25 * size, rel=0.01)
    stage.send_keys("0")
    assert frame(page, card(page, E))["width"] == pytest.approx(size, rel=0.01)


def test_a_node_out_of_sight_comes_into_sight_when_the_keyboard_reaches_it(shown: Open) -> None:
    page = shown("thirty layers")
    stage = page.find_element(By.ID, "stage")
    stage.send_keys(*["+"] * 9)
    page.execute_script("arguments[0].focus()", nodes(page)[30])
    settled(page)
    x, y = centre(page, card(page, 30))
    seen = frame(page, stage)
    assert seen["left"] < x < seen["right"] and seen["top"] < y < seen["bottom"]


def test_a_click_picks_a_node_out_and_a_second_lets_go(shown: Open) -> None:
    page = shown("recurrent")
    nodes(page)[I].click()
    assert nodes(page)[I].get_attribute("aria-pressed") == "true"
    assert text(page, "#said") == "\u2068I\u2069: 200 neurons, 3 connections in, 3 out"
    nodes(page)[I].click()
    assert nodes(page)[I].get_attribute("aria-pressed") == "false"


def test_a_connection_says_what_is_known_of_it_under_the_pointer(shown: Open) -> None:
    page = shown("recurrent")
    line = page.find_element(By.CSS_SELECTOR, "[data-edge='0'] .hit")
    ActionChains(page).move_to_element(line).perform()
    said = text(page, "#said").replace("\u2068", "").replace("\u2069", "")
    assert (
        said
        == "Input → E, ff, excitatory, 8,000 synapses, mean weight 0.5 mV (0.1 to 0.9), mean delay 1.5 ms"
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_said_moves_nothing(shown: Open, width: int) -> None:
    page = shown("recurrent", width)
    before = [frame(page, card(page, node)) for node in range(4)]
    ActionChains(page).move_to_element(nodes(page)[E]).perform()
    page.execute_script("document.getElementById('said').textContent += ' and more'.repeat(200)")
    settled(page)
    assert [frame(page, card(page, node)) for node in range(4)] == before
    assert page.execute_script("return document.documentElement.scrollWidth") <= width


def middle(page: webdriver.Chrome, edge: int) -> tuple[float, float]:
    script = """const line = document.querySelector(`[data-edge="${arguments[0]}"] .line`);
    const point = line.getPointAtLength(line.getTotalLength() / 2).matrixTransform(line.getScreenCTM());
    return [point.x, point.y, line.getTotalLength()]"""
    return tuple(page.execute_script(script, edge))


def test_loops_are_seen_and_parallel_projections_lie_apart(shown: Open) -> None:
    page = shown("recurrent")
    box = frame(page, card(page, E))
    for loop in (1, 2, 6):
        x, y, length = middle(page, loop)
        assert length > 60
        owner = frame(page, card(page, I if loop == 6 else E))
        assert not (owner["left"] < x < owner["right"] and owner["top"] < y < owner["bottom"])
    for one, other in itertools.combinations((3, 4, 5), 2):
        first, second = middle(page, one), middle(page, other)
        assert abs(first[0] - second[0]) > 20
    assert abs(middle(page, 1)[1] - middle(page, 2)[1]) > 20
    assert box["width"] > 0


def test_sign_is_told_by_colour_and_by_shape(shown: Open) -> None:
    page = shown("recurrent")
    heads = {0: 3, 2: 4, 4: 3, 5: 2}
    for edge, corners in heads.items():
        head = page.find_element(By.CSS_SELECTOR, f"[data-edge='{edge}'] .head")
        assert sum(str(head.get_attribute("d")).count(letter) for letter in "ML") == corners
    colours = {
        edge: page.find_element(By.CSS_SELECTOR, f"[data-edge='{edge}'] .line").value_of_css_property(
            "stroke"
        )
        for edge in heads
    }
    assert len(set(colours.values())) == 4
    filled = page.find_element(By.CSS_SELECTOR, "[data-edge='0'] .head").value_of_css_property("fill")
    hollow = page.find_element(By.CSS_SELECTOR, "[data-edge='4'] .head").value_of_css_property("fill")
    assert filled == colours[0] and hollow != colours[4]
    legend = [item.text for item in page.find_elements(By.CSS_SELECTOR, "#legend li")]
    assert legend[:5] == ["excitatory", "inhibitory", "both signs", "sign unknown", "no synapses"]
    assert legend[5:] == ["disc: area neurons, colour the sign it sends"]


def test_width_follows_synapses_or_weight(shown: Open) -> None:
    page = shown("recurrent")

    def width(edge: int) -> float:
        line = page.find_element(By.CSS_SELECTOR, f"[data-edge='{edge}'] .line")
        return float(line.get_attribute("stroke-width") or "nan")

    assert width(1) == pytest.approx(6.0) and width(3) == pytest.approx(1.4 + 4.6 / 2, abs=0.01)
    choose(page, "width", "weight")
    assert width(5) == pytest.approx(6.0) and width(0) == pytest.approx(1.4 + 4.6 / 2, abs=0.01)
    choose(page, "width", "none")
    assert len({width(edge) for edge in range(8)}) == 1


def test_labels_are_chosen(shown: Open) -> None:
    page = shown("recurrent")

    def tags() -> list[str]:
        return [tag.text for tag in page.find_elements(By.CSS_SELECTOR, ".tag:not(:empty)")]

    assert tags() == ["8,000", "64,000", "6,400", "16,000", "160", "16,000", "4,000", "0"]
    choose(page, "label", "delay")
    assert tags() == ["1.5 ms", "1.5 ms", "1.2 ms", "0.8 ms", "0.8 ms", "2 ms"]
    choose(page, "label", "none")
    assert tags() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hostile_names_harm_nothing(shown: Open, theme: str) -> None:
    page = shown("hostile", theme=theme)
    assert page.execute_script("return window.harmed") is None
    titles = page.find_elements(By.CSS_SELECTOR, ".node title")
    names = [title.get_attribute("textContent") for title in titles]
    spelled = [visible(name) or "(no name)" for name in HOSTILE_NAMES]
    assert names == [name if len(name) <= 300 else name[:300] + "…" for name in spelled]
    assert page.execute_script("return document.querySelectorAll('img, b, script').length") == 2


def test_a_script_that_is_not_the_pages_own_does_not_run(shown: Open) -> None:
    page = shown("two layers")
    page.execute_script(
        """const stranger = document.createElement("script");
        try { stranger.text = "window.harmed = 1"; document.body.append(stranger); } catch { window.refused = true; }
        try { document.body.innerHTML += "<img src=x onerror='window.harmed = 1'>"; } catch { window.again = true; }"""
    )
    assert page.execute_script("return [window.harmed, window.refused, window.again]") == [None, True, True]
    complaints = page.get_log("browser")
    assert complaints and all(
        "TrustedScript" in entry["message"] or "TrustedHTML" in entry["message"] for entry in complaints
    )


@pytest.mark.parametrize("case", ["recurrent", "hostile"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_taken_home_stands_alone(shown: Open, tmp_path: Path, case: str, theme: str) -> None:
    page = shown(case, theme=theme)
    nodes(page)[E].click()
    page.find_element(By.ID, "save").click()
    file = tmp_path / "topology.svg"
    WebDriverWait(page, 10).until(lambda _: file.exists() and file.stat().st_size)
    svg = lxml.etree.parse(str(file)).getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in svg.iter("{*}text")]
    shown_names = [str(name.text) for name in page.find_elements(By.CSS_SELECTOR, ".node .name")]
    assert [name for name in shown_names if name not in texts] == []
    assert {key for element in svg.iter() for key in element.attrib} & {"class", "style", "tabindex"} == set()
    lines = [path for path in svg.iter("{*}path") if path.get("stroke", "").startswith("rgb")]
    assert len(lines) == 2 * len(page.find_elements(By.CSS_SELECTOR, ".edge"))
    background = svg.find("{*}rect")
    paper = page.find_element(By.ID, "figure").value_of_css_property("background-color")
    assert background is not None and lightness(background.get("fill", "")) == lightness(paper)
    page.get(file.as_uri())
    assert page.get_log("browser") == []


def lightness(colour: str) -> int:
    return int(sum(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_theme(shown: Open, theme: str) -> None:
    page = shown("recurrent", theme=theme)
    body = page.find_element(By.TAG_NAME, "body")
    ground, ink = (lightness(body.value_of_css_property(key)) for key in ("background-color", "color"))
    assert (ground > 600 and ink < 200) if theme == "light" else (ground < 120 and ink > 600)


def test_a_new_window_size_lays_out_anew_unless_the_person_has_moved_something(shown: Open) -> None:
    page = shown("two layers")

    def resize(width: int) -> None:
        size = {"width": width, "height": 860, "deviceScaleFactor": 1, "mobile": False}
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        time.sleep(0.2)
        settled(page)

    across = centre(page, card(page, 2))[0] - centre(page, card(page, 0))[0]
    resize(420)
    assert across > 300 and abs(centre(page, card(page, 2))[0] - centre(page, card(page, 0))[0]) < 5
    page.find_element(By.ID, "stage").send_keys("+")
    resize(1280)
    assert abs(centre(page, card(page, 2))[0] - centre(page, card(page, 0))[0]) < 5


def test_without_scripts_the_tables_tell_all(shown: Open) -> None:
    page = shown("recurrent")
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        assert "The diagram needs JavaScript" in text(page, "noscript")
        page.find_element(By.CSS_SELECTOR, "summary").click()
        assert text(page, "#node-rows tr:nth-child(2)").split() == ["E", "800", "4", "4"]
    finally:
        page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def axe_source() -> str:
    for package in ("axe_playwright_python", "axe_core_python"):
        found = importlib.util.find_spec(package)
        if found and found.submodule_search_locations:
            return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    raise pytest.fail.Exception("axe is not installed: pip install -e '.[test-ui]'")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("case", ["recurrent", "hostile", "nothing"])
def test_axe_finds_nothing(shown: Open, case: str, theme: str, width: int) -> None:
    page = shown(case, width, 860, theme)
    page.find_element(By.CSS_SELECTOR, "summary").click()
    if case == "recurrent":
        page.execute_script("arguments[0].focus()", nodes(page)[E])
    page.execute_script(axe_source())
    found = page.execute_async_script("const done = arguments[0]; axe.run().then(r => done(r.violations))")
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
