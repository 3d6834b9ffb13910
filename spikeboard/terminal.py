"""How far a long piece of work is, told to a person at a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from spikeboard.progress import Report

# What is over by then needs no word.
PATIENCE_S = 1.0
CLEARED = "\r\x1b[K"


@contextmanager
def told_in(stream: TextIO, what: str) -> Iterator[Report]:
    """A report that is one line of a terminal, renewed as the work goes on; elsewhere a line for each tenth of it.

    Parameters
    ----------
    stream : where to write
    what : is being worked on
    """
    write = _renewed if stream.isatty() else _line_by_line
    begun, shown = time.monotonic(), ("", -1)

    def report(stage: str, part: float) -> None:
        nonlocal shown
        if time.monotonic() - begun >= PATIENCE_S:
            shown = write(stream, what, (stage, round(100 * part)), shown)

    try:
        yield report
    except KeyboardInterrupt:
        if stream.isatty():
            stream.write(CLEARED)
        stream.write(f"{what}: cancelled, nothing of it was kept\n")
        raise
    if stream.isatty() and shown[0]:
        stream.write(CLEARED)


_Shown = tuple[str, int]


def _renewed(stream: TextIO, what: str, now: _Shown, before: _Shown) -> _Shown:
    if now != before:
        stage, percent = now
        bar = "█" * (percent // 5)
        stream.write(f"{CLEARED}{what}  {bar:░<20} {percent:3d} %  {stage} (Ctrl+C cancels)")
        stream.flush()
    return now


def _line_by_line(stream: TextIO, what: str, now: _Shown, before: _Shown) -> _Shown:
    stage, percent = now
    if percent // 10 == before[1] // 10:
        return before
    stream.write(f"{what}: {stage}, {percent} %\n")
    stream.flush()
    return now
