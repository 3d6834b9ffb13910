"""SONATA: spikes, reports, nodes, edges and configs of the Allen Institute and of the Blue Brain Project.

One file, a config, or a folder that holds either. Which files belong together is decided in `sonata_files` and
`sonata_runs`, what stands in them is read by `sonata_spikes`, `sonata_network` and `sonata_reports`, gathered
by population in `sonata_cells`, and put together here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from spikeboard import columns
from spikeboard.columns import extent
from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5, reader
from spikeboard.readers.remarks import about_duplicates
from spikeboard.readers.sonata_cells import (
    Cells,
    Populations,
    cells_of,
    joined,
    take_edges,
    take_reports,
    take_spikes,
)
from spikeboard.readers.sonata_config import Sources, looks_like_config
from spikeboard.readers.sonata_files import SUFFIXES, hdf5_files, kinds, listed, sources_of
from spikeboard.readers.sonata_network import Edges, positions, synapses
from spikeboard.readers.sonata_reports import Report
from spikeboard.readers.sonata_runs import choose
from spikeboard.recording import PopulationSpikes, Recording, State, Synapses, clock, gather, recording

MOST_TO_SNIFF = 500


def sniff(path: Path) -> bool:
    """Whether a path is a SONATA file or config, or a folder that holds one. Never raises."""
    try:
        if path.is_dir():
            return any(looks_like_config(json) for json in islice(path.glob("*.json"), 200)) or any(
                kinds(file) for file in islice(hdf5_files(path, MOST_TO_SNIFF), 8)
            )
        return looks_like_config(path) or bool(kinds(path)) or hdf5.is_damaged(path)
    except OSError:
        return False


@reader("SONATA", sniff, order=20)
def read(
    path: Path,
    config: str | None = None,
    run: str | None = None,
    time_unit: str | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    unknown_units: str | None = None,
) -> Recording:
    """One run of a SONATA circuit.

    Parameters
    ----------
    path : HDF5 file, JSON config, or folder that holds them
    config : name of the config to take, where a folder holds several
    run : which spikes to take, where a folder holds those of several runs (its subfolder, or the file)
    time_unit : "s", "ms", "us" or "ns", of spike times whose file does not say; milliseconds if None
    t_start, t_stop : s, when observation began and ended; overrules the config
    unknown_units : "add" the cells that edges name and no nodes file lists; else such edges are left out

    Raises
    ------
    RecordingError : where a file is damaged or its parts do not fit together
    Undecided : where a folder holds several configs or runs
    """
    sources = sources_of(path, config)
    asked = t_stop is not None
    sources = replace(
        sources, t_start=_either(t_start, sources.t_start), t_stop=_either(t_stop, sources.t_stop)
    )
    notes = list(sources.notes)
    cells = cells_of(sources, notes)
    run_of = choose(sources, run, cells, time_unit, notes)
    take_spikes(sources, run_of.files, cells, time_unit, notes)
    reports = take_reports(sources, run_of.reports, cells, notes)
    edges = take_edges(sources, cells, notes, unknown_units)
    if not cells:
        raise RecordingError(
            f"{path.name!r} holds no spikes, cells, edges or reports. {'; '.join(notes)}".strip()
        )
    span = _span(sources, cells, reports, asked, notes)
    return _assembled(_name(path, run_of.label), sources, cells, reports, edges, span, notes)


def _either(first: float | None, second: float | None) -> float | None:
    return second if first is None else first


def _name(path: Path, run: str | None) -> str:
    folder = path if path.is_dir() else path.resolve().parent
    name = path.stem if path.suffix.lower() in SUFFIXES else folder.resolve().name
    return f"{name}, {run}" if run else name


def _span(
    sources: Sources, cells: Populations, reports: Sequence[Report], asked: bool, notes: list[str]
) -> tuple[float, float]:
    """When observation began and ended, s; what no config says is taken from the data, and said."""
    times = [extent(spikes.times) for found in cells.values() for spikes in found.spikes if len(spikes.times)]
    last = float(max((part[1] for part in times), default=0.0))
    starts = [part[0] for part in times] + [report.time[0] for report in reports if len(report.time)]
    start = float(min([0.0, *starts])) if sources.t_start is None else sources.t_start
    if sources.t_stop is None:
        return start, _guessed_stop(start, last, reports, bool(times), notes)
    if last <= sources.t_stop or asked:
        return start, sources.t_stop
    notes.append(
        f"the config ends the run at {sources.t_stop:g} s, but spikes go on to {last:.9g} s: shown to there"
    )
    return start, last


def _guessed_stop(
    start: float, last: float, reports: Sequence[Report], spiking: bool, notes: list[str]
) -> float:
    sampled = max((report.stop for report in reports), default=start)
    stop = max(start, last, sampled)
    if not spiking and not reports:
        notes.append("these files hold no times: the recording has no duration (t_stop=… gives it one)")
        return stop
    taken = "the end of the reports" if reports and sampled >= last else "the last spike"
    notes.append(
        f"the files do not say when the run began and ended: {start:g} s and {taken}, {stop:.9g} s, were taken "
        "(t_start=… and t_stop=… overrule)"
    )
    return stop


def _assembled(
    name: str,
    sources: Sources,
    cells: Populations,
    reports: Sequence[Report],
    edges: Sequence[Edges],
    span: tuple[float, float],
    notes: list[str],
) -> Recording:
    ids = _ids(cells, notes)
    units, times, rows = gather([_spikes_of(population, found, ids) for population, found in cells.items()])
    notes += _silent(cells)
    connections = _connections(edges, ids, notes)
    rec = recording(
        name,
        times,
        rows,
        units,
        t_start=span[0],
        t_stop=span[1],
        sampling_rate=_rate(sources, reports, times),
        states=_states(reports, ids),
        connections=connections,
        source=str(sources.root),
    )
    return replace(rec, notes=tuple(dict.fromkeys([*notes, *_signs(rec), *about_duplicates(rec)])))


def _ids(cells: Populations, notes: list[str]) -> dict[str, np.ndarray]:
    """Ids of the cells of every population."""
    ids = {population: found.ids() for population, found in cells.items()}
    if below := [population for population, known in ids.items() if len(known) and known.min() < 0]:
        notes.append(f"ids below 0 in {listed(below)}: kept as they are")
    kind = joined(list(ids.values())).dtype
    return {population: known.astype(kind) for population, known in ids.items()}


def _spikes_of(name: str, found: Cells, ids: Mapping[str, np.ndarray]) -> PopulationSpikes:
    return PopulationSpikes(
        name,
        joined([spikes.ids for spikes in found.spikes]),
        columns.joined([spikes.times for spikes in found.spikes], np.float64),
        ids[name],
        found.columns,
    )


def _silent(cells: Populations) -> list[str]:
    """What is to be said of cells that do not spike."""
    unknown = [name for name, found in cells.items() if found.known is None]
    without = [name for name, found in cells.items() if not found.spikes]
    notes = []
    if not any(len(spikes.ids) for found in cells.values() for spikes in found.spikes):
        notes.append("no spikes are in these files")
    elif without:
        notes.append(f"no file holds spikes of {listed(without)}: shown as silent")
    if unknown:
        notes.append(
            f"no nodes file lists the cells of {listed(unknown)}: they are those that spikes, edges or "
            "reports name; silent cells may be missing"
        )
    return notes


def _rate(sources: Sources, reports: Sequence[Report], times: np.ndarray) -> float | None:
    """The clock of the run, Hz, where all spikes lie on it."""
    dt = sources.dt if sources.dt is not None else min((report.step for report in reports), default=None)
    return None if dt is None else clock(times, dt)


def _states(reports: Sequence[Report], ids: Mapping[str, np.ndarray]) -> dict[str, State]:
    states: dict[str, State] = {}
    names = [report.name for report in reports]
    for report in reports:
        name = report.name if names.count(report.name) == 1 else f"{report.name} ({report.population})"
        states[_fresh(name, states)] = _state(report, ids)
    return states


def _fresh(name: str, taken: Mapping[str, object]) -> str:
    """The name, numbered where it is taken already."""
    return next(new for n in count(1) if (new := f"{name} ({n})" if n > 1 else name) not in taken)


def _state(report: Report, ids: Mapping[str, np.ndarray]) -> State:
    population = str(report.population)
    if report.cells is None:
        nowhere = np.full(len(report.elements), -1, np.int32)
        return State(report.values, report.time, report.variable, report.unit, nowhere, report.elements)
    place, found = positions(report.cells, ids[population])
    if not np.all(found):
        lost = report.cells[~found][0]
        raise RecordingError(
            f"report {report.name!r} names cell {lost}, which population {population!r} lacks"
        )
    before = sum(len(known) for known in list(ids.values())[: list(ids).index(population)])
    labels = tuple(
        f"{population} {cell}, {element}" if element else f"{population} {cell}"
        for cell, element in zip(report.cells, report.elements, strict=True)
    )
    rows = (before + place).astype(np.int32)
    return State(report.values, report.time, report.variable, report.unit, rows, labels)


def _connections(
    edges: Sequence[Edges], ids: Mapping[str, np.ndarray], notes: list[str]
) -> dict[str, Synapses]:
    found: dict[str, Synapses] = {}
    for part in edges:
        if not len(ids[part.source]) or not len(ids[part.target]):
            notes.append(f"edges {part.name!r} join populations without cells: left out")
            continue
        found[_fresh(part.name, found)], lost = synapses(part, ids[part.source], ids[part.target])
        notes.extend(lost)
    return found


def _signs(rec: Recording) -> list[str]:
    """SONATA leaves the sign of a weight to the model of the synapse, which is not among these files."""
    if "ei" not in rec.units:
        return []
    inhibitory = rec.units["ei"].astype(str).str.lower().str.startswith("i").to_numpy()
    unsigned = []
    for name, part in rec.connections.items():
        rows = rec.rows_of(part.source)
        from_inhibitory = np.repeat(inhibitory[rows.start : rows.stop], np.diff(part.indptr))
        if part.weight is not None and np.any(part.weight[from_inhibitory] > 0):
            unsigned.append(name)
    if not unsigned:
        return []
    return [f"weights of inhibitory cells are positive in {listed(unsigned)}, as the files have them"]
