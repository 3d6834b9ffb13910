"""Measures, prints the table, and, where no case is left out, writes docs/benchmarks.md and its plots."""

from __future__ import annotations

import argparse
from importlib import import_module

from benchmarks.alternate import compared
from benchmarks.case import Case
from benchmarks.data import dataset

SUBJECTS = (
    "pixels",
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


def all_cases() -> list[Case]:
    """Every case, in the order of the table."""
    return [case for subject in SUBJECTS for case in import_module(f"benchmarks.cases.{subject}").CASES]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    known = {case.name: case for case in all_cases()}
    parser.add_argument("names", nargs="*", choices=known, metavar="name", help=", ".join(known))
    names = parser.parse_args().names
    for name in names:
        case = known[name]
        for r in compared(case, dataset(case.data)):
            print(
                case.name, r.peer.name, r.ratio, r.low, r.high, r.rounds, r.problem, r.peer.target, flush=True
            )


main()
