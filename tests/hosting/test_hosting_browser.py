"""Signing in and out in a real browser, as a person does."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe import violations
from hosting.callers import PASSWORD
from hosting.team_app import guarded
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from spikeboard.hosting import policy_for

pytestmark = pytest.mark.browser

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=390,844",
]


@pytest.fixture
def board(team: Path) -> Iterator[str]:
    """The address of a server that `anna` may sign in to."""
    app = guarded(policy_for("0.0.0.0", accounts_file=team))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)
    listener.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = os.environ.get("CHROME_BIN") or shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=Service(shutil.which("chromedriver") or "chromedriver")
    )
    yield driver
    driver.quit()


def _submit(browser: webdriver.Chrome, name: str, password: str) -> None:
    for field, text in {"name": name, "password": password}.items():
        browser.find_element(By.ID, field).clear()
        browser.find_element(By.ID, field).send_keys(text)
    button = browser.find_element(By.TAG_NAME, "button")
    button.click()
    deadline = time.monotonic() + 20
    while _is_shown(button) and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_shown(element: webdriver.remote.webelement.WebElement) -> bool:
    try:
        return element.is_displayed()
    except Exception:  # the page it was on is gone
        return False


def _violations(browser: webdriver.Chrome) -> list[str]:
    return violations(browser)


def test_signing_in_and_out(browser: webdriver.Chrome, board: str) -> None:
    browser.get(f"{board}/whoami?units=1%202")
    assert browser.current_url.startswith(f"{board}/login?next=")
    assert browser.switch_to.active_element.get_attribute("id") == "name"
    for theme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert _violations(browser) == []
    assert browser.get_log("browser") == []

    _submit(browser, "anna", "wrong")
    assert browser.find_element(By.CSS_SELECTOR, "[role=alert]").text == "Name or password is wrong."
    assert browser.find_element(By.ID, "name").get_attribute("value") == "anna"
    assert browser.switch_to.active_element.get_attribute("id") == "password"
    assert _violations(browser) == []
    assert [entry for entry in browser.get_log("browser") if "401" not in entry["message"]] == []

    _submit(browser, "Anna", PASSWORD)
    assert browser.current_url == f"{board}/whoami?units=1%202"
    assert '"user":"anna"' in browser.page_source
    assert browser.execute_script("return document.cookie") == ""

    out = "const f = document.createElement('form'); f.method = 'post'; f.action = '/logout'; document.body.append(f);"
    browser.get(board)
    page = browser.find_element(By.TAG_NAME, "h1")
    browser.execute_script(out + "f.submit()")
    deadline = time.monotonic() + 20
    while _is_shown(page) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert browser.current_url == f"{board}/login"
    browser.get(f"{board}/whoami")
    assert browser.current_url == f"{board}/login?next=/whoami"
    assert browser.get_log("browser") == []
