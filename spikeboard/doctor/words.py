"""A report in plain lines: `spikeboard doctor FILE`, and what `spikeboard FILE` says while it serves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spikeboard.doctor.examination import examine
from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.options import READ, decided
from spikeboard.doctor.told import is_told
from spikeboard.errors import RecordingError, Undecided
from spikeboard.recording import Recording
from spikeboard.theme import shown


def main(arguments: list[str]) -> int:
    """`spikeboard doctor FILE [option=value …]`: what is in a file, what is odd, and the options that mend it."""
    parser = argparse.ArgumentParser(
        "spikeboard doctor", description="Say what is in a file, and what is odd about it."
    )
    parser.add_argument("path", help="file or folder")
    parser.add_argument(
        "option", nargs="*", help="an answer or a remedy, as in time_unit=ms or mend=drop_duplicates"
    )
    said = parser.parse_args(arguments)
    try:
        for line in report(_opened(said.path, said.option)):
            print(line)  # noqa: T201
    except RecordingError as problem:
        print(f"spikeboard: {problem}", file=sys.stderr)  # noqa: T201
        return 3 if isinstance(problem, Undecided) else 2
    return 0


def report(rec: Recording) -> Iterator[str]:
    """Facts, populations, what was assumed, and what is odd, line by line."""
    from spikeboard import summary

    yield shown(rec.name)
    for fact in summary.facts(rec):
        yield f"  {fact.name}: {fact.value} ({fact.detail})"
    for name, units, silent, spikes, rate in summary.populations(rec).itertuples(index=False):
        yield f"  population {shown(name)}: {units:,} units, {silent:,} silent, {spikes:,} spikes, {rate:.4g} Hz"
    yield from (f"  assumed: {shown(note, 500)}" for note in rec.notes if not is_told(note))
    yield from (
        f"  decided: {shown(said, 200)} (undo: leave out {key.removeprefix(READ)})"
        for key, said in decided(rec.options).items()
    )
    yield from oddities(rec)


def oddities(rec: Recording) -> Iterator[str]:
    """What is odd, a line for each finding and each remedy."""
    found = examine(rec)
    yield "Nothing looks odd." if not found else f"What looks odd ({len(found)}):"
    for finding in found:
        yield f"  - {_sentence(finding)}"
        yield from (f"      {_option(remedy)}  {shown(remedy.label, 100)}" for remedy in finding.remedies)


def _sentence(finding: Finding) -> str:
    where = f"{shown(finding.where, 100)}: " if finding.where else ""
    return f"{where}{shown(finding.what, 500)}" + (f" ({finding.advice})" if finding.advice else "")


def _option(remedy: Remedy) -> str:
    typed = f"={remedy.asks.upper()}" if remedy.asks else ""
    if remedy.key.startswith(READ):
        return f"{remedy.key.removeprefix(READ)}{typed}"
    return f"mend={shown(remedy.key, 200)}{typed}"


def _opened(path: str, options: list[str]) -> Recording:
    from spikeboard.readers import open_recording

    wrong = [option for option in options if not option.partition("=")[0].isidentifier() or "=" not in option]
    if wrong:
        raise RecordingError(f"{wrong[0]!r} is no option: write name=value, as in time_unit=ms")
    given: dict[str, Any] = {name: value for name, _, value in (option.partition("=") for option in options)}
    return open_recording(Path(path), **given)
