"""What the wheel holds is enough: it is built, unpacked into a fresh environment, and started there from elsewhere.

The environment takes the packages that Spikeboard needs from the one that runs the tests (a `.pth` file names its
folder): what is tested is what the wheel holds, not what an index offers. The checkout is not on its path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import wait_for

from spikeboard.ports import free_port
from spikeboard.version import VERSION

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 300


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """That of the tests, without what would let the checkout in."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    packages = site_packages(folder)
    into = ["--python", folder / "bin" / "python", "install", "--quiet", "--no-deps", "--no-index"]
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *into, wheel, cwd=folder)
    # Only the folder: `.pth` files in it, such as that of the editable checkout, are not followed.
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def site_packages(folder: Path) -> Path:
    (found,) = (folder / "lib").glob("python*/site-packages")
    return found


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_one_name_lands_in_site_packages(installed: Path) -> None:
    names = {path.name for path in site_packages(installed).iterdir()} - {"needed.pth"}
    assert names == {"spikeboard", f"spikeboard-{VERSION}.dist-info"}


def test_everything_it_needs_is_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    # Git knows what belongs to the project; a build folder or a half-written file does not.
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        top = name.split("/")[0]
        if not (ROOT / name).exists():
            continue
        if top == "spikeboard":
            assert name in inside
        elif top in ("components", "callbacks", "assets", "data") or name == "app.py":
            assert f"spikeboard/_app/{name}" in inside
    for needed in ("_app/assets/style.css", "_app/data/demo/recording.json", "topology/page.html"):
        assert f"spikeboard/{needed}" in inside


def test_nothing_else_is_inside(wheel: Path) -> None:
    for name in zipfile.ZipFile(wheel).namelist():
        assert name.split("/")[0] in ("spikeboard", f"spikeboard-{VERSION}.dist-info"), name
        assert not name.endswith((".pyc", ".nbi", ".nbc")) and "/tests/" not in name, name


def test_its_metadata_say_who_may_use_it(wheel: Path) -> None:
    text = zipfile.ZipFile(wheel).read(f"spikeboard-{VERSION}.dist-info/METADATA").decode()
    assert "License-Expression: MIT" in text and "Requires-Python: >=3.11" in text
    assert "Requires-Dist: dash" in text and "# Spikeboard" in text


def test_the_library_opens_the_demo_and_draws(installed: Path, elsewhere: Path) -> None:
    script = (
        "import json, spikeboard, sys; from spikeboard._where import app_folder\n"
        "rec = spikeboard.open(app_folder() / 'data' / 'demo')\n"
        "page = spikeboard.topology_html(rec)\n"
        "figure = rec.figure('raster')\n"
        "print(json.dumps([spikeboard.__file__, 'dash' in sys.modules, len(rec.units), len(page), len(figure.data)]))"
    )
    where, dash, units, page, traces = json.loads(run(installed / "bin/python", "-c", script, cwd=elsewhere))
    assert Path(where).is_relative_to(installed)
    assert not dash and units == 250 and page > 10_000 and traces


@pytest.fixture
def address(installed: Path, elsewhere: Path, own_home: Path) -> Iterator[str]:
    """Where the installed command serves, started in a folder of its own."""
    port = free_port()
    command = [installed / "bin" / "spikeboard", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=elsewhere, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout and "Spikeboard" in process.stdout.readline()
            address = f"http://127.0.0.1:{port}/"
            wait_for(address, process)
            yield address
        finally:
            process.kill()


def test_the_command_serves_pages_and_assets(address: str) -> None:
    page = urllib.request.urlopen(address, timeout=TIMEOUT_S).read().decode()
    assert "<title>Spikeboard</title>" in page
    for path, said in (("healthz", ""), ("assets/style.css", "{"), ("assets/logo.svg", "<svg")):
        with urllib.request.urlopen(address + path, timeout=TIMEOUT_S) as answer:
            assert answer.status == 200 and said in answer.read().decode()
