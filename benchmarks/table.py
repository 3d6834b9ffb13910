"""Results as a table for people, and the page around it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.alternate import Result

# What a recording holds, for a reader who has not seen it.
DATA = {
    "S1": "100 units, 10⁶ spikes in 1,000 s, continuous time; gamma intervals (shape 2) after a dead time of 2 ms, "
    "log-normal rates; five pairs of which the second follows the first by 2 to 4 ms",
    "S2": "1,000 units, 2·10⁷ spikes in 3,600 s, as S1 without pairs",
    "S3": "80,000 units, 5·10⁷ spikes in 60 s on a clock of 0.1 ms; rates rise and fall at 8 Hz and 0.5 Hz",
    "network": "10,000 units onto 10,000 others by 10⁷ synapses, log-normal weights",
    "traces": "10 traces of 10⁷ samples, float32",
}
PAGE = Path(__file__).with_name("page.md")
COLUMNS = ("Work", "Data", "Peer", "Ratio", "Target", "Met", "Answers", "Rounds")


def markdown(rows: Iterable[Sequence[str]], columns: Sequence[str], numeric: int) -> str:
    """A Markdown table whose columns from `numeric` on stand to the right."""
    rule = ["---" if k < numeric else "--:" for k in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rule, *rows)) + "\n"


def results_table(results: Iterable[Result]) -> str:
    """One row per peer: their time over ours, what was asked for, and whether the answers agree."""
    return markdown(map(_row, results), COLUMNS, 3)


def number(value: float) -> str:
    """Two digits, and none after the point from ten on: more would claim more than a shared machine can tell."""
    if value >= 10:
        digits = len(str(int(value))) - 2
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.2g}"


def notes(results: Iterable[Result]) -> list[str]:
    """What a reader must know of a ratio, one line for each peer that has such a note."""
    return [f"{r.case.work}, {r.peer.name}: {r.peer.note}" for r in results if r.peer.note]


def versions(results: Iterable[Result]) -> list[str]:
    """What ran: packages and their versions, in the order in which they appear."""
    names = dict.fromkeys(["spikeboard", "numpy", "numba", *(r.peer.package for r in results)])
    return [f"{name} {_version(name)}" for name in names]


def machine() -> str:
    """Python, system, cores and how busy they are, without a name that tells whose machine it is."""
    system = f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores with a load of {os.getloadavg()[0]:.0f} at the end"


def page(results: Sequence[Result], plots: Mapping[str, str]) -> str:
    """The whole of docs/benchmarks.md.

    Parameters
    ----------
    results : of all cases
    plots : what a plot shows, and the text below its title (see `cost.plot_texts`)
    """
    data = dict.fromkeys(result.case.data for result in results)
    return PAGE.read_text(encoding="utf-8").format(
        table=results_table(results),
        missed=_missed(results),
        notes="\n".join(f"- {note}" for note in notes(results)),
        data="\n".join(f"- **{name}**: {DATA[name]}." for name in data),
        machine=machine(),
        versions=", ".join(versions(results)),
        plots="\n".join(f"### {title}\n\n{text}" for title, text in plots.items()),
    )


def _row(result: Result) -> list[str]:
    case, peer = result.case, result.peer
    target = "–" if peer.target is None else f"{peer.target:,}×"
    if result.problem:
        return [case.work, case.data, peer.name, "–", target, "no", result.problem, "–"]
    ratio = f"**{number(result.ratio)}×** ({number(result.low)}–{number(result.high)})"
    met = "–" if peer.target is None else "yes" if result.met else "**no**"
    return [case.work, case.data, peer.name, ratio, target, met, "agree", str(result.rounds)]


def _missed(results: Sequence[Result]) -> str:
    missed = [f"{r.case.work} ({r.case.data}) against {r.peer.name}" for r in results if not r.met]
    return f"Targets missed: {'; '.join(missed)}." if missed else "Every target is met."


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
