"""`python -m benchmarks.browser`: what a person waits for in Chromium, against the number of spikes.

A server and a browser of their own for each size; every act is done at each size in turn. Each round begins with
fresh servers and browsers and without the answers that the product kept on disk, so that what is asked for first is
computed; the recordings stay imported.
"""

from __future__ import annotations

import argparse
import shutil
from contextlib import ExitStack
from pathlib import Path
from random import Random

from benchmarks.browser.acts import Round, Visit
from benchmarks.browser.chromium import chromium
from benchmarks.browser.measured import Act
from benchmarks.browser.network import write_run
from benchmarks.browser.report import Run, page, written
from benchmarks.browser.servers import ROOT, Memory, imported, serving

KEPT = ROOT / ".bench" / "browser"


def main() -> None:
    """Make and import the recordings, go through the app, say what was measured."""
    said = _parser().parse_args()
    sizes = sorted(int(float(size)) for size in said.sizes.split())
    sources = {size: write_run(said.data / f"run-{size}", size) for size in sizes}
    home = said.data / "home"
    imports = {size: imported(source, home) for size, source in sources.items()}
    acts: dict[tuple[str, str], Act] = {}
    memory: dict[int, list[Memory]] = {size: [] for size in sizes}
    for number in range(said.rounds):
        one_round(sources, home, acts, memory, Random(number), said.pages)
    run = Run(sizes, said.rounds, acts, memory, imports)
    print(page(run))
    if said.write:
        written(run)


def one_round(
    sources: dict[int, Path],
    home: Path,
    acts: dict[tuple[str, str], Act],
    memory: dict[int, list[Memory]],
    random: Random,
    pages: list[str],
) -> None:
    """Servers and browsers started anew, nothing kept of earlier answers, and everything done once at each size."""
    shutil.rmtree(home / "answers", ignore_errors=True)
    with ExitStack() as stack:
        servers = {size: stack.enter_context(serving(source, home)) for size, source in sources.items()}
        visits = [Visit(size, stack.enter_context(chromium()), server) for size, server in servers.items()]
        Round(visits, acts, random).go_through(pages)
        for size, server in servers.items():
            memory[size].append(server.memory)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.browser", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--sizes", default="1e6 1e7 1e8", help="numbers of spikes; the first is what others are compared with"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--pages", nargs="*", default=[], help="pages to go to, such as Raster (default: all)"
    )
    parser.add_argument(
        "--data", type=Path, default=KEPT, help="folder of the recordings, made where they are missing"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks-browser.md")
    return parser


if __name__ == "__main__":
    main()
