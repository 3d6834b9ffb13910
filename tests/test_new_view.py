"""The view that docs/development.md writes down is one new file, and appears everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# In a process of its own: which views there are is found out once.
LOOK = """
import sys
import spikeboard, spikeboard.views
spikeboard.views.__path__.append(sys.argv[1])

from app import DEMO_FOLDER, create_app
from components.pages import cards, page_at
from docs.make_reference import page
from spikeboard.hosting import policy_for
from spikeboard.library import local_library
from spikeboard.links import read_link
from spikeboard.selection import select
from spikeboard.views import view

rec = spikeboard.open(DEMO_FOLDER)
new = view("first_spikes")
frame = new.compute(rec, select(t0=1.0)).table()
assert dict(zip(frame["unit"], frame["latency_ms"])) == {
    unit: (times[times >= 1.0].min() - 1.0) * 1e3
    for unit, times in rec.spikes.groupby("unit")["time"] if (times >= 1.0).any()
}
assert rec.figure("first_spikes", bin_ms=5).data[0].xbins.size == 5
link = read_link("?first_spikes.bin_ms=5&first_spikes.bin_ms=7")
assert link.settings == {"first_spikes": {"bin_ms": 7.0}}
assert read_link("?first_spikes.bin_ms=0").complaints
create_app(local_library(DEMO_FOLDER, []), policy_for())
drawn = repr(cards(page_at("/intervals"), rec, link))
for seen in ("First spikes", "Bin width", "isi_histogram"):
    assert seen in drawn, seen
assert "| `bin_ms` | Bin width | 10 | 0.1 to 1,000 ms |" in page(new)
print("seen everywhere")
"""


@pytest.fixture(scope="module")
def example() -> str:
    text = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]


def test_the_example_appears_on_its_page_in_links_scripts_and_reference(
    example: str, tmp_path: Path, own_home: Path
) -> None:
    (tmp_path / "first_spikes.py").write_text(example, encoding="utf-8")
    command = [sys.executable, "-c", LOOK, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("seen everywhere")


def test_the_example_is_short(example: str) -> None:
    code = [line for line in example.splitlines() if line and not line.startswith(("import", "from", '"""'))]
    assert len(code) <= 20
