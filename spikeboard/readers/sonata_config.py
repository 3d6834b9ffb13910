"""SONATA configs: which files make a simulation, and how long it ran.

A config names files by variables of its manifest; nothing outside the folder that was opened is ever named to
a reader. Configs of the Allen Institute (one file, or `network` and `simulation` beside each other) and of the
Blue Brain Project (a simulation that names its circuit) are read alike.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError

LARGEST_CONFIG = 4 * 2**20
VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
# What BMTK puts in the place of these, whatever the manifest says.
OWN_FOLDER = ("configdir", "workingdir")
DEEPEST = 32
LONGEST_PATH = 4096


@dataclass(frozen=True)
class SpikeFile:
    """A file of spikes and its part in the run.

    path : of the file
    role : "output" (what the run wrote), "input" (trains of virtual cells), "replay" (another run's output,
        played back as input), or "found" (no config names it)
    node_set : which cells an input drives, "" where unknown
    trial : which of several trials of an input is played, "" where the config does not say
    """

    path: Path
    role: str
    node_set: str = ""
    trial: str = ""


@dataclass(frozen=True)
class ReportFile:
    """A report: its name, its file, and what the config says of its variable and unit."""

    path: Path
    name: str
    variable: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Sources:
    """The files that make one recording, and what is known of the run.

    root : folder that none of the files leaves
    nodes, edges : (HDF5 file, types table or None)
    spikes, reports : files with their roles
    node_sets : as in the node sets file
    t_start, t_stop, dt : s, None where no config says
    notes : what was missing
    """

    root: Path
    nodes: tuple[tuple[Path, Path | None], ...] = ()
    edges: tuple[tuple[Path, Path | None], ...] = ()
    spikes: tuple[SpikeFile, ...] = ()
    reports: tuple[ReportFile, ...] = ()
    node_sets: Mapping[str, Any] = field(default_factory=dict)
    t_start: float | None = None
    t_stop: float | None = None
    dt: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Config:
    """One JSON file: its content, its place, and its variables, resolved."""

    path: Path
    root: Path
    content: Mapping[str, Any]
    variables: Mapping[str, str]


def looks_like_config(path: Path) -> bool:
    """Whether a file reads like a SONATA config, be it valid JSON or not. Never raises."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_CONFIG:
            return False
        text = path.read_bytes().lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False

    def has(*names: bytes) -> bool:
        return all(re.search(rb'"%s"\s*:' % name, text) for name in names)

    known = has(b"networks") or has(b"manifest") or has(b"network", b"simulation") or has(b"run", b"tstop")
    return text.startswith(b"{") and known


def configs(folder: Path) -> list[Path]:
    """The configs at the top of a folder that no other of them names."""
    found = [path for path in sorted(folder.glob("*.json"))[:200] if looks_like_config(path)]
    named = {other for path in found for other in _sub_configs(_config(path, folder))}
    return [path for path in found if path.resolve() not in named]


def read_config(path: Path, root: Path) -> Sources:
    """The files that a config and the configs it names speak of.

    Parameters
    ----------
    path : JSON file
    root : folder that no named file may leave

    Raises
    ------
    RecordingError : where a config is no JSON, goes round in circles, or names files outside the root
    """
    sources = Sources(root)
    for config in _layers(path.resolve(), root, (), {}).values():
        sources = _add(sources, config)
    return sources


def _layers(
    path: Path, root: Path, above: tuple[Path, ...], found: dict[Path, _Config]
) -> dict[Path, _Config]:
    """A config and all that it names, each once, in the order in which they are named."""
    if path in above:
        names = ", ".join(repr(config.name) for config in above[:4])
        raise RecordingError(f"the configs {names} name each other in a circle")
    if path in found:
        return found
    if len(found) >= DEEPEST:
        raise RecordingError(f"{path.name!r} is one of more than {DEEPEST} configs that name each other")
    found[path] = config = _config(path, root)
    for other in _sub_configs(config):
        if not os.path.isfile(other):
            raise RecordingError(f"{path.name!r} names the config {other.name!r}, which is not there")
        _layers(other, root, (*above, path), found)
    return found


def _config(path: Path, root: Path) -> _Config:
    content = read_json(path)
    return _Config(path, root, content, _variables(content, path))


def _sub_configs(config: _Config) -> list[Path]:
    named = [value for key in ("network", "simulation") if isinstance(value := config.content.get(key), str)]
    # A simulation that names no circuit means the one beside it (Blue Brain's extension of SONATA).
    beside = config.path.with_name("circuit_config.json")
    if not named and "run" in config.content and "networks" not in config.content and beside.is_file():
        return [inside(beside, config.root, config.path.name, beside.name)]
    return [_resolved(config, value) for value in named]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object.

    Raises
    ------
    RecordingError : where it does not, or is too large
    """
    if path.stat().st_size > LARGEST_CONFIG:
        raise RecordingError(f"{path.name!r} is larger than {LARGEST_CONFIG >> 20} MiB: no config")
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        why = "it is nested too deeply" if isinstance(problem, RecursionError) else problem
        raise RecordingError(f"{path.name!r} is not readable JSON, correct it: {why}") from None
    if not isinstance(content, dict):
        raise RecordingError(f"{path.name!r} is no config: a JSON object was expected")
    return content


def _variables(content: Mapping[str, Any], path: Path) -> dict[str, str]:
    manifest = _object(content, "manifest", path)
    given = {re.sub(r"[${}]", "", name): str(value) for name, value in manifest.items()}
    given |= dict.fromkeys(OWN_FOLDER, ".")
    resolved: dict[str, str] = {}
    for name in given:
        _resolve(name, given, resolved, (), path)
    return resolved


def _resolve(
    name: str, given: Mapping[str, str], resolved: dict[str, str], above: tuple[str, ...], path: Path
) -> None:
    """Put the value of a variable, and first of those it uses, into `resolved`."""
    if name in resolved:
        return
    if name in above or len(above) >= DEEPEST:
        chain = ", ".join(f"${other}" for other in above[:4])
        raise RecordingError(
            f"{path.name!r}: the manifest variables {chain} refer to each other in a circle: give one a path"
        )
    for match in VARIABLE.finditer(given[name]):
        if (used := match[1] or match[2]) in given:
            _resolve(used, given, resolved, (*above, name), path)
    resolved[name] = _replaced(given[name], resolved, path)


def _replaced(text: str, variables: Mapping[str, str], path: Path) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in variables:
            raise RecordingError(f"{path.name!r} uses the variable ${name}, which its manifest does not have")
        return variables[name]

    replaced = VARIABLE.sub(value, text[:LONGEST_PATH])
    if max(len(text), len(replaced)) >= LONGEST_PATH:
        raise RecordingError(f"{path.name!r}: a path in it is longer than {LONGEST_PATH:,} characters")
    return replaced


def _resolved(config: _Config, text: str, folder: Path | None = None) -> Path:
    """The file that a config means, inside the root."""
    plain = _replaced(text, config.variables, config.path)
    if "\0" in plain:
        raise RecordingError(f"{config.path.name!r} names a file with a NUL in it")
    return inside((folder or config.path.parent) / plain, config.root, config.path.name, text)


def inside(path: Path, root: Path, named_by: str, spelled: str) -> Path:
    """The path, where it lies within the root after all links are followed.

    Parameters
    ----------
    named_by : the file that names it
    spelled : how it does: where this machine keeps its files is nobody's business

    Raises
    ------
    RecordingError : where it does not
    """
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise RecordingError(
            f"{named_by!r} names {spelled[:200]!r}, outside the folder {root.resolve().name!r}: "
            "put the files into one folder and open that"
        )
    return resolved


def _add(sources: Sources, config: _Config) -> Sources:
    for part in (_add_network, _add_run, _add_node_sets, _add_output, _add_inputs, _add_reports):
        sources = part(sources, config)
    return sources


def _add_network(sources: Sources, config: _Config) -> Sources:
    networks = _object(config.content, "networks", config.path)
    notes: list[str] = []
    nodes = _pairs(config, networks, "node", notes)
    edges = _pairs(config, networks, "edge", notes)
    for item in _objects(config.content, "inputs", config.path).values():
        replayed = item.get("edges")
        edges += _pairs(config, {"edges": [replayed]}, "edge", notes) if isinstance(replayed, dict) else []
    return replace(
        sources,
        nodes=_unique(sources.nodes, nodes),
        edges=_unique(sources.edges, edges),
        notes=(*sources.notes, *notes),
    )


def _pairs(
    config: _Config, networks: Mapping[str, Any], kind: str, notes: list[str]
) -> list[tuple[Path, Path | None]]:
    entries = networks.get(f"{kind}s") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RecordingError(f"{config.path.name!r}: networks.{kind}s must be a list of objects")
    found = []
    for entry in entries:
        path = _existing(config, entry.get(f"{kind}s_file"), notes)
        types = _existing(config, entry.get(f"{kind}_types_file"), notes)
        found += [(path, types)] if path is not None else []
    return found


def _unique(
    known: tuple[tuple[Path, Path | None], ...], more: list[tuple[Path, Path | None]]
) -> tuple[tuple[Path, Path | None], ...]:
    merged = dict(known)
    for path, types in more:
        merged[path] = merged.get(path) or types
    return tuple(merged.items())


def _existing(config: _Config, text: Any, notes: list[str], folder: Path | None = None) -> Path | None:
    if text in (None, "", "NULL"):
        return None
    if not isinstance(text, str):
        raise RecordingError(f"{config.path.name!r} names a file by {text!r}: a path was expected")
    path = _resolved(config, text, folder)
    if os.path.isfile(path):
        return path
    notes.append(f"{config.path.name!r} names {_short(path, config.root)}, which is not there")
    return None


def _short(path: Path, root: Path) -> str:
    return repr(path.relative_to(root.resolve()).as_posix())


def _add_run(sources: Sources, config: _Config) -> Sources:
    run = _object(config.content, "run", config.path)
    t_start, t_stop, dt = (_seconds(run, name, config.path) for name in ("tstart", "tstop", "dt"))
    if t_stop is not None and t_stop < (t_start or 0.0):
        raise RecordingError(
            f"{config.path.name!r}: the run ends ({t_stop:g} s) before it starts ({t_start or 0:g} s)"
        )
    if dt is not None and dt <= 0:
        raise RecordingError(f"{config.path.name!r}: run.dt is {1000 * dt:g} ms; a step must be above 0")
    return replace(
        sources,
        t_start=sources.t_start if t_start is None else t_start,
        t_stop=sources.t_stop if t_stop is None else t_stop,
        dt=sources.dt if dt is None else dt,
    )


def _seconds(run: Mapping[str, Any], name: str, path: Path) -> float | None:
    value = run.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise RecordingError(f"{path.name!r}: run.{name} is {value!r}; a number of milliseconds was expected")
    return float(value) / 1000.0


def _add_node_sets(sources: Sources, config: _Config) -> Sources:
    notes: list[str] = []
    path = _existing(config, config.content.get("node_sets_file"), notes)
    sets = read_json(path) if path is not None else {}
    return replace(sources, node_sets={**sources.node_sets, **sets})


def _add_output(sources: Sources, config: _Config) -> Sources:
    output = _object(config.content, "output", config.path)
    if not output:
        return sources
    notes: list[str] = []
    path = _existing(config, output.get("spikes_file", "spikes.h5"), notes, _output_folder(config))
    spikes = (SpikeFile(path, "output"),) if path is not None else ()
    return replace(sources, spikes=(*sources.spikes, *spikes), notes=(*sources.notes, *notes))


def _output_folder(config: _Config) -> Path:
    folder = _object(config.content, "output", config.path).get("output_dir", ".")
    if not isinstance(folder, str):
        raise RecordingError(f"{config.path.name!r}: output.output_dir is {folder!r}; a path was expected")
    return _resolved(config, folder)


def _add_inputs(sources: Sources, config: _Config) -> Sources:
    notes: list[str] = []
    found = []
    for item in _objects(config.content, "inputs", config.path).values():
        text = next((item[key] for key in ("input_file", "spikes_file", "spike_file") if key in item), None)
        kind, module = str(item.get("input_type", "")), str(item.get("module", ""))
        replays = module == "replay" or kind == "replay_spikes"
        if not replays and kind != "spikes":
            continue
        path = _existing(config, text, notes)
        if path is not None:
            role = "replay" if replays else "input"
            found.append(SpikeFile(path, role, _node_set(item), str(item.get("trial") or "")))
    return replace(sources, spikes=(*sources.spikes, *found), notes=(*sources.notes, *notes))


def _node_set(item: Mapping[str, Any]) -> str:
    # The Blue Brain Project calls the cells that spike `source` and those that receive `node_set`.
    chosen = item.get("source", item.get("node_set"))
    if isinstance(chosen, dict):
        chosen = chosen.get("population")
    return chosen if isinstance(chosen, str) else ""


def _add_reports(sources: Sources, config: _Config) -> Sources:
    notes: list[str] = []
    found = []
    for name, item in _objects(config.content, "reports", config.path).items():
        file = str(item.get("file_name") or name)
        file = file if file.lower().endswith((".h5", ".hdf5")) else f"{file}.h5"
        path = _existing(config, file, notes, _output_folder(config)) if item.get("enabled", True) else None
        variable, unit = (str(item.get(key, "")) for key in ("variable_name", "unit"))
        found += [ReportFile(path, name, variable, unit)] if path is not None else []
    return replace(sources, reports=(*sources.reports, *found), notes=(*sources.notes, *notes))


def _object(content: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, dict):
        raise RecordingError(f"{path.name!r}: {key!r} must be an object, not {type(value).__name__}")
    return value


def _objects(content: Mapping[str, Any], key: str, path: Path) -> dict[str, dict[str, Any]]:
    items = _object(content, key, path)
    if wrong := [name for name, item in items.items() if not isinstance(item, dict)]:
        raise RecordingError(f"{path.name!r}: {key}.{wrong[0]} must be an object")
    return items
