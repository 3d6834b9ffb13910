"""What the files of one SONATA recording say of each population, gathered file by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from spikeboard import columns
from spikeboard.errors import RecordingError
from spikeboard.readers.sonata_config import ReportFile, Sources, SpikeFile
from spikeboard.readers.sonata_files import kinds, short
from spikeboard.readers.sonata_inputs import spikes_in
from spikeboard.readers.sonata_network import Edges, positions, read_edges, read_nodes
from spikeboard.readers.sonata_reports import Report, read_reports, told
from spikeboard.readers.sonata_spikes import Spikes
from spikeboard.readers.unknown_units import ADD, added, answer

# Where the old flat layout names no population and nothing else does.
UNNAMED = "units"
MOST_POPULATIONS = 10_000


@dataclass
class Cells:
    """What the files of one recording say of one population, gathered file by file.

    known : (n,) ids of all cells, None while no nodes file names them
    columns : of the unit table
    seen : ids that spikes, edges and reports name
    spikes : of this population
    """

    known: np.ndarray | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    seen: list[np.ndarray] = field(default_factory=list)
    spikes: list[Spikes] = field(default_factory=list)

    def ids(self) -> np.ndarray:
        """Ids of the cells in the order of the unit table."""
        if self.known is not None:
            return self.known
        return np.unique(joined(self.seen))


Populations = dict[str, Cells]


def joined(ids: Sequence[np.ndarray]) -> np.ndarray:
    """Ids of several sources in one array: int64, or uint64 where one of them needs it.

    Raises
    ------
    RecordingError : where some need uint64 and others are below 0
    """
    some = [part for part in ids if len(part)]
    if not any(part.dtype == np.uint64 for part in some):
        return columns.joined(some, np.int64)
    if any(columns.extent(part)[0] < 0 for part in some):
        raise RecordingError("ids below 0 and ids above 2**63 in one recording: no number type holds both")
    return columns.joined(some, np.uint64)


def cells_of(sources: Sources, notes: list[str]) -> Populations:
    """The populations that the nodes files list, in their order."""
    cells: Populations = {}
    for path, types in sources.nodes:
        for nodes in read_nodes(path, types):
            notes.extend(nodes.notes)
            if nodes.population in cells:
                notes.append(
                    f"{path.name!r}: the cells of {nodes.population!r} were already known from another file"
                )
            else:
                cells[nodes.population] = Cells(nodes.ids, nodes.columns)
    return cells


def take_spikes(
    sources: Sources,
    files: Sequence[SpikeFile],
    cells: Populations,
    time_unit: str | None,
    notes: list[str],
) -> None:
    """Read the spikes of the chosen files, each to its population."""
    read_in = [(file, spikes) for file in files for spikes in spikes_in(file, time_unit)]
    # Those that name their population come first, so that what is left can be told for the others.
    for file, spikes in sorted(read_in, key=lambda pair: pair[1].population is None):
        notes.extend(spikes.notes)
        if file.role == "input":
            spikes = _within(spikes, sources, file, notes)
        name = spikes.population
        name = name if name is not None else _unnamed(sources, file, spikes, cells, notes)
        if file.role == "input" and name in cells and any(cells[name].spikes):
            notes.append(
                f"{file.path.name!r} drives {name!r}, which spikes itself: its trains are {name!r} (input)"
            )
            name = f"{name} (input)"
        found = cells.setdefault(name, Cells())
        found.spikes.append(spikes)
        found.seen.append(columns.distinct(spikes.ids))
    _check_count(cells)


def _within(spikes: Spikes, sources: Sources, file: SpikeFile, notes: list[str]) -> Spikes:
    """Input spikes of the time of the run; what was never played is left out."""
    start = -np.inf if sources.t_start is None else sources.t_start
    stop = np.inf if sources.t_stop is None else sources.t_stop
    stretches = (
        (ids[(times >= start) & (times <= stop)], times[(times >= start) & (times <= stop)])
        for ids, times in columns.pieces(spikes.ids, spikes.times)
    )
    ids, times = columns.gathered(stretches, (spikes.ids.dtype, np.float64))
    if not (outside := len(spikes.times) - len(times)):
        return spikes
    notes.append(
        f"{file.path.name!r}: {outside:,} of {len(spikes.times):,} input spikes lie outside the run "
        f"({sources.t_start or 0:g}–{stop:g} s) and were left out"
    )
    return replace(spikes, ids=ids, times=times)


def _unnamed(sources: Sources, file: SpikeFile, spikes: Spikes, cells: Populations, notes: list[str]) -> str:
    """Whose the spikes of a file are that names no population."""
    named = sources.node_sets.get(file.node_set, file.node_set)
    named = named.get("population", file.node_set) if isinstance(named, dict) else file.node_set
    if isinstance(named, str) and named in cells:
        return named
    if (
        (fits := _sole_fit(columns.distinct(spikes.ids), cells)) is not None
        and not cells[fits].spikes
        and file.role != "input"
    ):
        notes.append(f"{file.path.name!r} names no population: its spikes were taken for those of {fits!r}")
        return fits
    name = (file.node_set or file.path.stem) if file.role == "input" else UNNAMED
    notes.append(f"{file.path.name!r} names no population: its cells are called {name!r}")
    return name


def _sole_fit(ids: np.ndarray, cells: Populations) -> str | None:
    """The one population of simulated cells, where there is one and it has all these ids."""
    real = [name for name, found in cells.items() if found.known is not None and not _is_virtual(found)]
    if len(real) == 1 and np.all(positions(ids, cells[real[0]].ids())[1]):
        return real[0]
    return None


def _is_virtual(cells: Cells) -> bool:
    return (
        bool(np.all(np.asarray(cells.columns.get("model_type", ())) == "virtual"))
        and "model_type" in cells.columns
    )


def take_reports(
    sources: Sources, files: Sequence[ReportFile], cells: Populations, notes: list[str]
) -> list[Report]:
    """Read the reports, and tell each population which of its cells they name."""
    reports = []
    for file in files:
        if "report" not in kinds(file.path):
            notes.append(
                f"report {file.name!r} ({short(file.path, sources.root)}) is of a kind that is not read"
            )
            continue
        for report in read_reports(file.path, file.name):
            notes.extend(report.notes)
            reports.append(_with_cells(told(report, file.variable, file.unit), cells, notes))
    return reports


def _with_cells(report: Report, cells: Populations, notes: list[str]) -> Report:
    if report.cells is None:
        return report
    name = report.population
    if name is None or name not in cells:
        name = _sole_fit(report.cells, cells) or name or UNNAMED
        if name != report.population:
            said = "names no population" if report.population is None else f"speaks of {report.population!r}"
            notes.append(f"report {report.name!r} {said}: its cells were taken for those of {name!r}")
    cells.setdefault(name, Cells()).seen.append(np.unique(report.cells))
    return replace(report, population=name)


def take_edges(
    sources: Sources, cells: Populations, notes: list[str], unknown_units: str | None = None
) -> list[Edges]:
    """Read the edges, and tell each population which of its cells they name; unknown ones are added if asked for."""
    adding = answer(unknown_units) == ADD
    edges = [part for path, types in sources.edges for part in read_edges(path, types)]
    for part in edges:
        notes.extend(part.notes)
        for population, ids in ((part.source, part.sources), (part.target, part.targets)):
            found = cells.setdefault(population, Cells())
            if found.known is None:
                found.seen.append(np.unique(ids))
            elif adding:
                _add(population, found, ids, notes)
    _check_count(cells)
    return edges


def _add(population: str, cells: Cells, ids: np.ndarray, notes: list[str]) -> None:
    """The cells that edges name and no nodes file lists; nothing else is known of them."""
    known = cells.ids()
    missing = np.setdiff1d(ids, known)
    if not len(missing):
        return
    cells.known = joined([known, missing])
    cells.columns = {name: _longer(values, len(missing)) for name, values in cells.columns.items()}
    notes.append(added(population, len(missing)))


def _longer(values: np.ndarray, more: int) -> np.ndarray:
    blank = np.nan if np.asarray(values).dtype.kind == "f" else None
    return np.concatenate([values, np.full(more, blank, object if blank is None else float)])


def _check_count(cells: Populations) -> None:
    if len(cells) > MOST_POPULATIONS:
        raise RecordingError(
            f"{len(cells):,} populations: more than the {MOST_POPULATIONS:,} that Spikeboard shows"
        )
