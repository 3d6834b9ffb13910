"""The page about what was measured: ratios and what was measured how, no times."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from subprocess import run

from benchmarks.browser import chromium, network
from benchmarks.browser.measured import MOST, Acts, every_act, summary, too_slow
from benchmarks.browser.servers import MIB, Memory
from spikeboard.version import VERSION

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks-browser.md"
# MiB above idle that a server may have to itself.
MOST_MEMORY = 400


@dataclass(frozen=True)
class Run:
    """All that was measured.

    sizes : numbers of spikes, ascending
    rounds : how often everything was done
    acts : what was done, with its times
    memory : for each size, of the server of each round
    imports : for each size, the most bytes that its import had to itself; of a recording that was imported
        before, those of opening it
    """

    sizes: Sequence[int]
    rounds: int
    acts: Acts
    memory: Mapping[int, Sequence[Memory]]
    imports: Mapping[int, int]


def page(run: Run) -> str:
    """The page as Markdown."""
    slow = too_slow(run.acts, run.sizes)
    return "\n".join(
        [
            "# In the browser: a hundred million spikes against a million",
            "",
            *_how(run),
            "",
            "## Each kind of act",
            "",
            f"Median and largest of the ratios to {run.sizes[0]:,} spikes; expected is at most {MOST}×.",
            "",
            *summary(run.acts, run.sizes),
            "",
            f"Beyond {MOST}×: " + ("; ".join(slow) if slow else "nothing") + ".",
            "",
            "## Memory of the server",
            "",
            *_memory(run),
            "",
            "## Every act",
            "",
            *every_act(run.acts, run.sizes),
            "",
        ]
    )


def written(run: Run) -> None:
    """Write the page into the documentation."""
    PAGE.write_text(page(run), encoding="utf-8")


def _how(run: Run) -> list[str]:
    sizes = ", ".join(f"{size:,}" for size in run.sizes)
    return [
        f"`make bench-browser` made recordings of {sizes} spikes: {network.UNITS:,} units of "
        f"{len(network.POPULATIONS)} populations, two states of {network.TRACES} cells at {network.STATE_HZ:,} Hz, "
        f"{len(network.POPULATIONS) ** 2} projections; the more spikes, the longer the run. Each was imported as any "
        "SONATA run is, then served by a process of its own with a headless Chromium of its own in front.",
        "",
        f"Every act was done at each size in turn, {run.rounds} times, each time with servers and browsers started "
        "anew and no answer kept on disk; ratios are of medians. An act takes from the click or key to the last change "
        f"of the page, after which nothing changed and nothing was asked for during {chromium.QUIET_MS} ms. *First "
        "view*: an address opened by a browser that has never been there. *Page*: a link of the navigation. *View*: a "
        "card scrolled to, where its page had not drawn it yet. *Zoom*: the x axis to a quarter of itself, and back. "
        "*Control*: a control changed by one step or to its next entry; *back*: set to its default again. *Whole*: "
        '"All of the window" ticked, which asks for all that a figure of a long window leaves out to answer in a '
        "moment; its time grows with the recording, and nothing else is expected of it.",
        "",
        f"Spikeboard {VERSION}; {_versions('dash', 'plotly', 'numpy', 'numba', 'pandas')}; Python "
        f"{platform.python_version()}; {_chromium()}; {os.cpu_count()} processors, which servers and browsers shared.",
    ]


def _versions(*packages: str) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


def _chromium() -> str:
    said = run(["chromium", "--version"], capture_output=True, text=True, check=False)
    return " ".join(said.stdout.split()[:2]) or "Chromium"


def _memory(run: Run) -> list[str]:
    rows = [
        f"Private memory of the server (Private_Dirty of /proc/PID/smaps_rollup): the most above idle, of all "
        f"rounds; expected are at most {MOST_MEMORY} MiB. Pages of the recording are mapped, not copied: they are "
        "the system's cache, which takes them back when it needs them, and are counted apart.",
        "",
        "| spikes | above idle, MiB | pages mapped, MiB | import, MiB |",
        "|---|---|---|---|",
    ]
    for size in run.sizes:
        above = max(memory.most - memory.idle for memory in run.memory[size])
        mapped = max(memory.mapped for memory in run.memory[size])
        rows.append(f"| {size:,} | {above // MIB:,} | {mapped // MIB:,} | {run.imports[size] // MIB:,} |")
    return rows
