"""Which run of several: a folder may hold the spikes of the same cells more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spikeboard.columns import distinct, extent
from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers.sonata_cells import Populations
from spikeboard.readers.sonata_config import ReportFile, Sources, SpikeFile
from spikeboard.readers.sonata_files import listed, short
from spikeboard.readers.sonata_inputs import populations_in, spikes_in


@dataclass(frozen=True)
class Run:
    """The spike files and reports that belong together; label is None where there is nothing to choose."""

    label: str | None
    files: tuple[SpikeFile, ...]
    reports: tuple[ReportFile, ...]


def choose(
    sources: Sources, run: str | None, cells: Populations, time_unit: str | None, notes: list[str]
) -> Run:
    """One file of spikes per population: inputs as the config says, then the run's own, then whatever else fits."""
    files = list({file.path: file for file in sources.spikes[::-1]}.values())[::-1]
    names = {file.path: _names_in(file) for file in files}
    inputs = [file for file in files if file.role == "input"]
    rest = _set_aside(files, inputs, names, notes)
    runs = _runs(rest, names, sources.root)
    rivals = _rivals(runs, names)
    label = _label(sources, run, runs, rivals, cells, time_unit)
    chosen = [
        file for other, group in runs.items() for file in group if other == label or other not in rivals
    ]
    if others := [other for other in rivals if other != label]:
        notes.append(f"spikes of other runs are there, too: {listed(others)} (run=… takes one of them)")
    if chosen and all(file.role == "replay" for file in chosen):
        where = ", ".join(short(file.path, sources.root) for file in chosen)
        notes.append(
            f"the run's own spikes are not there; shown are those that were replayed into it ({where})"
        )
    left = {file.path.parent for file in rest} - {file.path.parent for file in chosen}
    reports = tuple(report for report in sources.reports if report.path.parent not in left)
    return Run(label if rivals else None, (*chosen, *inputs), reports)


def _names_in(file: SpikeFile) -> frozenset[str | None]:
    return frozenset(name if name is not None else file.node_set or None for name in populations_in(file))


def _set_aside(
    files: Sequence[SpikeFile],
    inputs: Sequence[SpikeFile],
    names: Mapping[Path, frozenset[str | None]],
    notes: list[str],
) -> list[SpikeFile]:
    """The files that are no inputs, less those that hold what the config takes from an input."""
    driven = frozenset().union(*(names[file.path] for file in inputs))
    kept = []
    for file in files:
        if file.role == "found" and names[file.path] & driven:
            notes.append(
                f"{file.path.name!r} was left out: the config takes the same populations from elsewhere"
            )
        elif file.role != "input":
            kept.append(file)
    return kept


def _runs(
    files: Sequence[SpikeFile], names: Mapping[Path, frozenset[str | None]], root: Path
) -> dict[str, list[SpikeFile]]:
    """Files by run: those of one folder together, unless two of them hold the same population."""
    folders: dict[Path, list[SpikeFile]] = {}
    for file in files:
        folders.setdefault(file.path.parent, []).append(file)
    runs: dict[str, list[SpikeFile]] = {}
    for folder, group in folders.items():
        clash = sum(len(names[file.path]) for file in group) > len(
            frozenset().union(*(names[file.path] for file in group))
        )
        whole = short(folder, root) if folder != root.resolve() else ""
        for file in group:
            runs.setdefault(whole if whole and not clash else short(file.path, root), []).append(file)
    return runs


def _rivals(
    runs: Mapping[str, Sequence[SpikeFile]], names: Mapping[Path, frozenset[str | None]]
) -> tuple[str, ...]:
    """Runs that hold a population which another run holds, too."""
    held = {label: frozenset().union(*(names[file.path] for file in group)) for label, group in runs.items()}
    counts: dict[str | None, int] = {}
    for name in (name for group in held.values() for name in group):
        counts[name] = counts.get(name, 0) + 1
    return tuple(label for label, group in held.items() if any(counts[name] > 1 for name in group))


def _label(
    sources: Sources,
    run: str | None,
    runs: Mapping[str, Sequence[SpikeFile]],
    rivals: Sequence[str],
    cells: Populations,
    time_unit: str | None,
) -> str | None:
    if run is not None:
        if run not in runs:
            raise RecordingError(f"there is no run {run!r}; there is {listed(runs) or 'none'}")
        return run
    written = [label for label, group in runs.items() if any(file.role == "output" for file in group)]
    if written or not rivals:
        return next(iter(written), None)
    choices = tuple(_choice(sources, label, runs[label], cells, time_unit) for label in rivals[:50])
    text = f"{sources.root.resolve().name!r} holds spikes of the same cells in {len(rivals)} places."
    raise Undecided([Question("run", text, choices)])


def _choice(
    sources: Sources, label: str, files: Sequence[SpikeFile], cells: Populations, time_unit: str | None
) -> Choice:
    spikes = [part for file in files for part in spikes_in(file, time_unit)]
    units = sum(
        len(cells[part.population].ids()) if part.population in cells else len(distinct(part.ids))
        for part in spikes
    )
    number = sum(len(part.times) for part in spikes)
    last = max((float(extent(part.times)[1]) for part in spikes if len(part.times)), default=0.0)
    start, stop = sources.t_start or 0.0, sources.t_stop or max(last, 0.0)
    rate = number / units / (stop - start) if units and stop > start else 0.0
    implies = f"{number:,} spikes, {rate:.3g} Hz per unit over {start:g}–{stop:g} s"
    return Choice(label, ", ".join(short(file.path, sources.root) for file in files), implies)
