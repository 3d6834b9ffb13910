"""Measures, prints the table, and, where no case is left out, writes docs/benchmarks.md and its plots."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.alternate import Result, compared
from benchmarks.case import Case
from benchmarks.cost import GROWTHS, draw, plot_texts, relative_times
from benchmarks.data import dataset
from benchmarks.table import page, results_table

SUBJECTS = (
    "pixels",
    "pictures",
    "bins",
    "intervals",
    "correlograms",
    "rates",
    "spectra",
    "synchrony",
    "distances",
    "weights",
    "opening",
    "traces",
)
COST = "cost"
DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def all_cases() -> list[Case]:
    """Every case, in the order of the table."""
    return [case for subject in SUBJECTS for case in import_module(f"benchmarks.cases.{subject}").CASES]


def measured(cases: Iterable[Case]) -> list[Result]:
    """The results of cases, with a line to the terminal before each."""
    results: list[Result] = []
    for case in cases:
        print(f"{case.name}: {case.work}", file=sys.stderr, flush=True)
        results += compared(case, dataset(case.data))
    return results


def grown() -> dict[str, str]:
    """Draws every plot of cost and gives the texts below them."""
    found = {}
    for growth in GROWTHS:
        print(f"{COST}: against {growth.against}", file=sys.stderr, flush=True)
        found[growth.against] = relative_times(growth)
        draw(growth, found[growth.against])
    return plot_texts(found)


def chosen(arguments: list[str] | None, known: Sequence[str]) -> list[str]:
    """The names of the command line; none stands for everything. Exits where one is unknown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def main() -> int:
    """Exit status 1 where answers differ."""
    # What other packages say about each other's versions is no result.
    warnings.simplefilter("ignore")
    known = {case.name: case for case in all_cases()}
    names = chosen(None, [*known, COST])
    results = measured(known[name] for name in names or known if name != COST)
    print(results_table(results), flush=True)
    plots = grown() if not names or COST in names else {}
    print("\n".join(plots.values()))
    if not names:
        DOCUMENT.write_text(page(results, plots), encoding="utf-8")
    return int(any(result.problem.startswith("answers differ") for result in results))


if __name__ == "__main__":
    sys.exit(main())
