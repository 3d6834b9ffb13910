"""SONATA files small enough to know by heart, in the layouts of the Allen Institute and of the Blue Brain Project."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SORTINGS = {"none": 0, "by_id": 1, "by_time": 2}


def write_spikes(
    path: Path,
    populations: Mapping[str | None, tuple[Sequence[float], Sequence[int]]],
    *,
    units: str | None = "ms",
    sorting: str = "none",
    named_number: bool = False,
    ids_type: str = "u8",
    times_type: str = "f8",
) -> Path:
    """Spikes by population as (times, ids); population None is the flat layout from before 0.1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, (times, ids) in populations.items():
            group = file.require_group("spikes" if name is None else f"spikes/{name}")
            _sort_attribute(group, sorting, named_number)
            group["timestamps"] = np.asarray(times, times_type)
            group["gids" if name is None else "node_ids"] = np.asarray(ids, ids_type)
            if units is not None:
                group["timestamps"].attrs["units"] = units
    return path


def _sort_attribute(group: h5py.Group, sorting: str, named_number: bool) -> None:
    if named_number:
        group.attrs.create("sorting", SORTINGS[sorting], dtype=h5py.enum_dtype(SORTINGS, basetype="u1"))
    else:
        group.attrs["sorting"] = sorting


def write_nodes(
    path: Path,
    population: str,
    n: int,
    *,
    ids: Sequence[int] | None = None,
    types: Sequence[int] | None = None,
    columns: Mapping[str, Any] | None = None,
    library: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """One population of n nodes, all in group 0; `ids` None leaves node_id out, as the Blue Brain Project does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "a") as file:
        group = file.create_group(f"nodes/{population}")
        group["node_type_id"] = np.full(n, -1) if types is None else np.asarray(types)
        if ids is not None:
            group["node_id"] = np.asarray(ids, "u8")
            group["node_group_id"] = np.zeros(n, "u2")
            group["node_group_index"] = np.arange(n)
        attributes = group.create_group("0")
        for name, values in (columns or {}).items():
            attributes[name] = values
        for name, names in (library or {}).items():
            attributes.require_group("@library")[name] = np.asarray(names, object)
    return path


def write_edges(
    path: Path,
    population: str,
    source: str | None,
    target: str | None,
    pairs: Sequence[tuple[int, int]],
    *,
    types: Sequence[int] | None = None,
    columns: Mapping[str, Any] | None = None,
    grouped: bool = True,
) -> Path:
    """One edge population with its attributes in group 0; source or target None names no node population."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = np.asarray(pairs, "u8").reshape(-1, 2)
    with h5py.File(path, "a") as file:
        group = file.create_group(f"edges/{population}")
        for column, (end, name) in enumerate((("source", source), ("target", target))):
            group[f"{end}_node_id"] = ends[:, column]
            if name is not None:
                group[f"{end}_node_id"].attrs["node_population"] = name
        group["edge_type_id"] = np.full(len(ends), -1) if types is None else np.asarray(types)
        if grouped:
            group["edge_group_id"] = np.zeros(len(ends), "u2")
            group["edge_group_index"] = np.arange(len(ends))
        attributes = group.create_group("0")
        for name, values in (columns or {}).items():
            attributes[name] = values
    return path


def write_report(
    path: Path,
    population: str,
    values: np.ndarray,
    cells: Sequence[int],
    per_cell: Sequence[int],
    elements: Sequence[int],
    *,
    span: tuple[float, float, float] = (0.0, 1.0, 0.1),
    pointer: str = "index_pointer",
    attributes: Mapping[str, str] | None = None,
    positions: Sequence[float] | None = None,
) -> Path:
    """A report of (time, element) values; `per_cell` says how many elements each cell has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        group = file.create_group(f"report/{population}")
        group["data"] = values
        for name, text in (attributes or {}).items():
            group["data"].attrs[name] = text
        mapping = group.create_group("mapping")
        mapping["node_ids"] = np.asarray(cells, "u8")
        mapping[pointer] = np.r_[0, np.cumsum(per_cell)].astype("u8")
        mapping["element_ids"] = np.asarray(elements, "u4")
        mapping["time"] = np.asarray(span)
        mapping["time"].attrs["units"] = "ms"
        if positions is not None:
            mapping["element_pos"] = np.asarray(positions)
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """A config."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def allen_run(folder: Path) -> Path:
    """Four cells that drive each other, two virtual ones that drive them, 100 ms at 0.1 ms; cell 3 is silent."""
    net = folder / "network"
    positions = {"x": [0.0, 1.0, 2.0, 3.0], "y": np.zeros(4), "z": np.ones(4)}
    write_nodes(net / "cells_nodes.h5", "cells", 4, ids=range(4), types=[1, 1, 1, 2], columns=positions)
    write_nodes(net / "drive_nodes.h5", "drive", 2, ids=range(2), types=[9, 9])
    (net / "cells_node_types.csv").write_text(
        'node_type_id ei model_type pop_name\n1 e point_neuron "pyramidal cell"\n2 i point_neuron NULL\n'
    )
    (net / "drive_node_types.csv").write_text("node_type_id model_type\n9 virtual\n")
    pairs = [(0, 1), (0, 1), (3, 0), (2, 2), (1, 0)]
    write_edges(
        net / "cells_cells_edges.h5",
        "cells_to_cells",
        "cells",
        "cells",
        pairs,
        types=[5, 5, 6, 5, 7],
        columns={"nsyns": np.array([1, 2, 3, 4, 5], "u2")},
    )
    (net / "cells_cells_edge_types.csv").write_text(
        "edge_type_id target_query syn_weight delay\n"
        "5 \"ei=='e' & x > 0\" 0.5 2.0\n6 * 0.25 1.5\n7 * NULL 0.5\n"
    )
    write_edges(
        net / "drive_cells_edges.h5",
        "drive_to_cells",
        "drive",
        "cells",
        [(0, 0), (1, 3)],
        types=[5, 5],
        columns={"syn_weight": [7.0, 8.0]},
    )
    write_spikes(folder / "output" / "spikes.h5", {"cells": ([30.1, 10.0, 20.5, 99.9], [2, 0, 1, 0])})
    write_spikes(folder / "inputs" / "drive.h5", {None: ([5.0, 15.0], [1, 0])}, sorting="by_gid")
    write_report(
        folder / "output" / "voltage.h5",
        "cells",
        np.arange(4000.0).reshape(1000, 4),
        [0, 1],
        [1, 3],
        [0, 0, 1, 1],
        span=(0.0, 100.0, 0.1),
        attributes={"variable": "v", "units": "mV"},
        positions=[0.5, 0.5, 0.25, 0.75],
    )
    networks = {
        "nodes": [
            {"nodes_file": f"$NET/{name}_nodes.h5", "node_types_file": f"$NET/{name}_node_types.csv"}
            for name in ("cells", "drive")
        ],
        "edges": [
            {
                "edges_file": "$NET/cells_cells_edges.h5",
                "edge_types_file": "$NET/cells_cells_edge_types.csv",
            },
            {"edges_file": "${NET}/drive_cells_edges.h5", "edge_types_file": None},
        ],
    }
    write_json(folder / "circuit_config.json", {"manifest": {"$NET": "./network"}, "networks": networks})
    write_json(
        folder / "simulation_config.json",
        {
            "manifest": {"$BASE": "${configdir}", "$OUT": "$BASE/output", "$ELSEWHERE": "../nowhere"},
            "run": {"tstop": 100.0, "dt": 0.1},
            "inputs": {
                "drive": {
                    "input_type": "spikes",
                    "module": "h5",
                    "input_file": "$BASE/inputs/drive.h5",
                    "node_set": "the drive",
                },
                "clamp": {"input_type": "current_clamp", "module": "IClamp"},
            },
            "node_sets_file": "$BASE/node_sets.json",
            "output": {"output_dir": "$OUT", "spikes_file": "spikes.h5"},
            "reports": {"voltage": {"variable_name": "v", "module": "membrane_report"}},
        },
    )
    write_json(folder / "node_sets.json", {"the drive": {"population": "drive"}})
    return write_json(
        folder / "config.json",
        {"network": "./circuit_config.json", "simulation": "./simulation_config.json"},
    )


def blue_brain_run(folder: Path) -> Path:
    """The other dialect: no node ids, sorting a named number, index_pointers, float32 reports, a library of names."""
    net = folder / "networks"
    write_nodes(
        net / "nodes.h5",
        "Column",
        3,
        columns={"x": [1.0, 2.0, 3.0], "mtype": np.array([1, 0, 1], "u4"), "model_type": np.zeros(3, "u4")},
        library={"mtype": ["L1_DAC", "L5_TPC"], "model_type": ["biophysical"]},
    )
    write_edges(
        net / "edges.h5",
        "Column__Column__chemical",
        "Column",
        "Column",
        [(0, 1), (2, 1), (1, 0)],
        columns={"conductance": [0.5, 1.5, 2.0], "delay": [0.25, 1.0, 4.0]},
        grouped=False,
    )
    write_spikes(
        folder / "out" / "spikes.h5",
        {"Column": ([0.5, 1.5, 2.5], [2, 0, 2])},
        sorting="by_time",
        named_number=True,
    )
    write_report(
        folder / "out" / "soma.h5",
        "Column",
        np.arange(30, dtype=np.float32).reshape(10, 3),
        [0, 1, 2],
        [1, 1, 1],
        [0, 0, 0],
        pointer="index_pointers",
        attributes={"units": "mV"},
    )
    nodes = {"nodes_file": "$DIR/nodes.h5", "populations": {"Column": {"type": "biophysical"}}}
    networks = {"nodes": [nodes], "edges": [{"edges_file": "$DIR/edges.h5"}]}
    write_json(folder / "circuit_config.json", {"manifest": {"$DIR": "./networks"}, "networks": networks})
    return write_json(
        folder / "simulation_config.json",
        {
            "network": "./circuit_config.json",
            "run": {"tstop": 4.0, "dt": 0.025, "random_seed": 1},
            "output": {"output_dir": "out", "spikes_file": "spikes.h5"},
            "reports": {"soma": {"type": "compartment", "variable_name": "v", "unit": "mV", "dt": 0.1}},
        },
    )
