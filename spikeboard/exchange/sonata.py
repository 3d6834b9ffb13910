"""SONATA: spikes, nodes and edges in one HDF5 file, or in files of their own beside the config of their run.

SONATA: Dai et al., PLoS Comput Biol 16(2):e1007696, 2020.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikeboard.exchange.words import about_slashes, extras, link
from spikeboard.recording import Recording, Synapses
from spikeboard.stepped import distinct

# Columns of the unit table that SONATA has a name for.
LABELS = ("ei", "model_type", "pop_name", "model_name", "location", "layer", "region", "mtype", "etype",
          "morph_class", "synapse_class")  # fmt: skip
POSITIONS = ("x", "y", "z")
_Part = Callable[[Recording, h5py.File], None]


def write(rec: Recording, path: Path) -> None:
    """One file with the spikes, the nodes (silent ones included) and the edges."""
    with _made(path) as file:
        for part in (_spikes, _nodes, _edges):
            part(rec, file)


def write_run(rec: Recording, path: Path) -> None:
    """A zip of spikes.h5, nodes.h5, edges.h5 and the config that names them and tells when the run began and ended."""
    parts: dict[str, _Part] = {"nodes.h5": _nodes, "edges.h5": _edges, "spikes.h5": _spikes}
    with tempfile.TemporaryDirectory(dir=path.parent) as made, zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            with _made(Path(made) / name) as file:
                part(rec, file)
            archive.write(Path(made) / name, name)
        archive.writestr("simulation_config.json", json.dumps(_config(rec), indent=1))


def ids(rec: Recording) -> np.ndarray:
    """Node ids as SONATA takes them, (n_units,) uint64: the units' own, or their places in their population."""
    known = rec.units["id"]
    if _takes(rec):
        return known.to_numpy().astype(np.uint64)
    codes = rec.units["population"].cat.codes.to_numpy()
    first = rec.populations["first"].to_numpy(np.int64)
    return (np.arange(len(known)) - (first[codes] if len(known) else 0)).astype(np.uint64)


def left_out(rec: Recording) -> Iterator[str]:
    """What one file has no place for."""
    yield f"t_start and t_stop ({rec.t_start:g} to {rec.t_stop:g} s) and the clock: SONATA keeps them in its config"
    yield from left_out_of_run(rec)


def left_out_of_run(rec: Recording) -> Iterator[str]:
    """What the files of a run have no place for."""
    yield "the name of the recording"
    if not _takes(rec):
        yield "ids of units: SONATA takes whole numbers from 0, so units are numbered in each population"
    yield from about_slashes("populations and projections", rec.populations["name"], rec.connections)
    if rec.notes:
        yield f"{len(rec.notes)} notes"
    yield from extras(rec, "columns", "states", "rates", "intervals", known=(*LABELS, *POSITIONS))


def _takes(rec: Recording) -> bool:
    known = rec.units["id"]
    whole = known.dtype.kind in "iu" and not (known < 0).any()
    return bool(whole and not rec.units.duplicated(["population", "id"]).any())


def _made(path: Path) -> h5py.File:
    file = h5py.File(path, "w")
    file.attrs["magic"], file.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], np.uint32)
    return file


def _config(rec: Recording) -> dict[str, Any]:
    run = {"tstart": rec.t_start * 1e3, "tstop": rec.t_stop * 1e3}
    return {
        "manifest": {"$BASE_DIR": "."},
        "networks": {
            "nodes": [{"nodes_file": "$BASE_DIR/nodes.h5", "node_types_file": None}],
            "edges": [{"edges_file": "$BASE_DIR/edges.h5", "edge_types_file": None}],
        },
        "run": run | ({"dt": 1e3 / rec.sampling_rate} if rec.sampling_rate else {}),
        "output": {"output_dir": "$BASE_DIR", "spikes_file": "spikes.h5"},
    }


def _names(rec: Recording) -> dict[str, str]:
    """What each population is called in the file."""
    names: dict[str, str] = {}
    for name in rec.populations["name"]:
        names[name] = distinct(link(name), names.values())
    return names


def _spikes(rec: Recording, file: h5py.File) -> None:
    numbers = ids(rec)
    file.create_group("spikes", track_order=True)
    for population, called in _names(rec).items():
        rows = rec.rows_of(population)
        chosen = np.flatnonzero((rec.spike_rows >= rows.start) & (rec.spike_rows < rows.stop))
        group = file.create_group(f"spikes/{called}")
        group.attrs["sorting"] = "by_time"
        group["timestamps"] = rec.spike_times[chosen] * 1000.0
        group["timestamps"].attrs["units"] = "milliseconds"
        group["node_ids"] = numbers[rec.spike_rows[chosen]]


def _nodes(rec: Recording, file: h5py.File) -> None:
    numbers = ids(rec)
    file.create_group("nodes", track_order=True)
    for population, called in _names(rec).items():
        rows = rec.rows_of(population)
        group = file.create_group(f"nodes/{called}")
        group["node_id"] = numbers[rows.start : rows.stop]
        attributes = _grouped(group, "node", len(rows))
        for name in rec.units.columns.intersection([*LABELS, *POSITIONS]):
            column = rec.units[name].iloc[rows.start : rows.stop]
            values = column.to_numpy(np.float64) if name in POSITIONS else column.astype(str).tolist()
            attributes.create_dataset(str(name), data=values)


def _edges(rec: Recording, file: h5py.File) -> None:
    populations, numbers = _names(rec), ids(rec)
    top = file.create_group("edges", track_order=True)
    for name, synapses in rec.connections.items():
        group = top.create_group(distinct(link(name), top))
        source, target = (rec.rows_of(end) for end in (synapses.source, synapses.target))
        group["source_node_id"] = np.repeat(numbers[source.start : source.stop], np.diff(synapses.indptr))
        group["target_node_id"] = numbers[target.start : target.stop][synapses.indices]
        for end in ("source", "target"):
            group[f"{end}_node_id"].attrs["node_population"] = populations[getattr(synapses, end)]
        _attributes(_grouped(group, "edge", len(synapses)), synapses)


def _attributes(group: h5py.Group, synapses: Synapses) -> None:
    if synapses.weight is not None:
        group["syn_weight"] = synapses.weight
        group["syn_weight"].attrs["units"] = synapses.weight_unit
    if synapses.delay is not None:
        group["delay"] = synapses.delay * 1000.0
        group["delay"].attrs["units"] = "ms"


def _grouped(group: h5py.Group, kind: str, number: int) -> h5py.Group:
    """The group of the attributes of all rows, which are all of one type."""
    group[f"{kind}_type_id"] = np.zeros(number, np.uint64)
    group[f"{kind}_group_id"] = np.zeros(number, np.uint64)
    group[f"{kind}_group_index"] = np.arange(number, dtype=np.uint64)
    return group.create_group("0")
