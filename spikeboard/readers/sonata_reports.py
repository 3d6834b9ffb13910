"""Reports of a SONATA simulation: variables sampled over time, in cells or at electrodes.

/report/POPULATION/data is (time, element); mapping/index_pointer (Allen) or index_pointers (Blue Brain) says
which elements are whose, mapping/time is start, stop and step. Before 0.1 data and mapping stood at the root.
/ecp is the extracellular potential as BMTK writes it: data is (time, channel).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.sonata_spikes import integers, per_second


@dataclass(frozen=True)
class Report:
    """What one report holds of one population.

    name : of the report
    population : None where the file does not say
    values : (time, element) array, may be mapped from a file
    time : (time,) float64, s
    stop, step : s, when reporting ended, and the time between samples
    cells : (element,) int, node of each column; None where the columns are electrodes, not cells
    elements : (element,) labels of the columns within their cell, "" where a cell has one
    variable, unit : what was recorded, and in what; "" where the file does not say
    notes : what was assumed
    """

    name: str
    population: str | None
    values: np.ndarray
    time: np.ndarray
    stop: float
    step: float
    cells: np.ndarray | None
    elements: tuple[str, ...]
    variable: str
    unit: str
    notes: tuple[str, ...] = ()


def read_reports(path: Path, name: str) -> list[Report]:
    """The reports of every population in a file.

    Parameters
    ----------
    path : HDF5 file
    name : of the report

    Raises
    ------
    RecordingError : where data, mapping and time do not fit together
    """
    with hdf5.opened(path) as file:
        top = hdf5.group_at(file.root, "report") or hdf5.group_at(file.root, "reports")
        if top is not None:
            return [_report(file, name, population, group) for population, group in hdf5.groups(top).items()]
        if (potentials := hdf5.group_at(file.root, "ecp")) is not None:
            return [_potentials(file, name, potentials)]
        if hdf5.group_at(file.root, "mapping") is not None:
            return [_report(file, name, None, file.root)]
    raise RecordingError(f"{path.name!r} holds no report: /report is missing")


def _report(file: hdf5.OpenFile, name: str, population: str | None, group: h5py.Group) -> Report:
    where = f"report {population!r} in {file.name!r}" if population is not None else f"report {file.name!r}"
    data, mapping = hdf5.dataset_at(group, "data"), hdf5.group_at(group, "mapping")
    if data is None or mapping is None:
        raise RecordingError(f"{where} lacks its {'data' if data is None else 'mapping'}")
    cells, elements = _elements(file, mapping, where)
    if data.ndim != 2 or data.shape[1] != len(cells):
        raise RecordingError(
            f"{where} has data of shape {data.shape}, but its mapping names {len(cells):,} elements"
        )
    # A table is read first: what it declares is checked before its times are made.
    values = hdf5.table(file, data) if len(cells) else np.zeros((0, 0))
    time, stop, step, notes = _time(file, mapping, len(values), where)
    return Report(
        name=name,
        population=population,
        values=values,
        time=time,
        stop=stop,
        step=step,
        cells=cells,
        elements=elements,
        variable=hdf5.text_attribute(data, "variable") or hdf5.text_attribute(data, "variable_name"),
        unit=hdf5.text_attribute(data, "units") or hdf5.text_attribute(data, "unit"),
        notes=tuple(notes),
    )


def _potentials(file: hdf5.OpenFile, name: str, group: h5py.Group) -> Report:
    where = f"the extracellular potential in {file.name!r}"
    data, channels = hdf5.dataset_at(group, "data"), hdf5.column(file, group, "channel_id")
    if data is None or data.ndim != 2 or (channels is not None and len(channels) != data.shape[1]):
        raise RecordingError(f"{where} lacks its data, or they do not fit its channels")
    values = hdf5.table(file, data) if data.shape[1] else np.zeros((0, 0))
    time, stop, step, notes = _time(file, group, len(values), where)
    numbers = np.arange(values.shape[1]) if channels is None else integers(channels, where)
    labels = tuple(f"channel {number}" for number in numbers)
    unit = hdf5.text_attribute(data, "units")
    return Report(name, None, values, time, stop, step, None, labels, "ecp", unit, tuple(notes))


def told(report: Report, variable: str, unit: str) -> Report:
    """The report, with what the simulation config says where the file itself is silent."""
    return replace(report, variable=report.variable or variable or report.name, unit=report.unit or unit)


def _elements(file: hdf5.OpenFile, mapping: h5py.Group, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    nodes = hdf5.column(file, mapping, "node_ids", "gids")
    if nodes is None:
        raise RecordingError(f"{where} does not say whose data it holds: mapping/node_ids is missing")
    ids = hdf5.column(file, mapping, "element_ids", "element_id")
    pointer = hdf5.column(file, mapping, "index_pointer", "index_pointers")
    counts = _counts(pointer, len(nodes), len(ids) if ids is not None else len(nodes), where)
    cells = np.repeat(integers(nodes, where), counts)
    if ids is not None and len(ids) != len(cells):
        raise RecordingError(f"{where}: {len(ids):,} elements, but its index names {len(cells):,}")
    if ids is None or counts.max(initial=0) <= 1:
        return cells, ("",) * len(cells)
    return cells, _labels(file, mapping, integers(ids, where), np.repeat(counts, counts))


def _counts(pointer: np.ndarray | None, cells: int, elements: int, where: str) -> np.ndarray:
    if pointer is None:
        if cells != elements:
            raise RecordingError(
                f"{where} does not say which elements are whose: mapping/index_pointer is missing"
            )
        return np.ones(cells, np.int64)
    # Unsigned differences would wrap where the pointer decreases.
    bounds = integers(pointer, where).astype(np.int64)
    bounds = np.r_[bounds, elements] if len(bounds) == cells else bounds
    if len(bounds) != cells + 1 or bounds[0] != 0 or bounds[-1] != elements or np.any(np.diff(bounds) < 0):
        raise RecordingError(
            f"{where}: its index_pointer does not divide {elements:,} elements among {cells:,} cells"
        )
    return np.diff(bounds)


def _labels(file: hdf5.OpenFile, mapping: h5py.Group, ids: np.ndarray, shared: np.ndarray) -> tuple[str, ...]:
    place = hdf5.column(file, mapping, "element_pos")
    places = (
        [f" at {value:g}" for value in place]
        if place is not None and len(place) == len(ids)
        else [""] * len(ids)
    )
    labels = zip(ids, places, shared, strict=True)
    return tuple(f"section {section}{at}" if count > 1 else "" for section, at, count in labels)


def _time(
    file: hdf5.OpenFile, mapping: h5py.Group, samples: int, where: str
) -> tuple[np.ndarray, float, float, list[str]]:
    stored = hdf5.dataset_at(mapping, "time")
    span = hdf5.column(file, mapping, "time")
    if stored is None or span is None or len(span) != 3:
        raise RecordingError(f"{where} does not say when it was sampled: its time must be start, stop, step")
    unit = hdf5.text_attribute(stored, "units") or "ms"
    start, stop, step = (float(value) / per_second(unit, f"time of {where}") for value in span)
    if not np.all(np.isfinite([start, stop, step])) or step <= 0 or stop < start:
        raise RecordingError(
            f"{where} was sampled from {start:g} s to {stop:g} s in steps of {step:g} s: impossible"
        )
    time = _grid(start, step, samples)
    expected = (stop - start) / step
    if abs(expected - samples) < 0.5:
        return time, stop, step, []
    return (
        time,
        max(stop, float(time[-1]) if samples else start),
        step,
        [
            f"{where} has {samples:,} samples, but its times ({start:g}–{stop:g} s, every {1000 * step:g} ms) "
            f"speak of {expected:,.0f}; it was read from its start on"
        ],
    )


def _grid(start: float, step: float, samples: int) -> np.ndarray:
    """Times of samples, s; whole ticks where start and step lie on a whole rate."""
    rate = round(1.0 / step)
    if rate and abs(rate * step - 1.0) < 1e-9 and abs(start * rate - round(start * rate)) < 1e-6:
        return (round(start * rate) + np.arange(samples)) / rate
    return start + step * np.arange(samples)
