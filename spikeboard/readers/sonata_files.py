"""Which files make a SONATA recording: one file, those a config names, or all of a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.readers import hdf5
from spikeboard.readers.sonata_config import (
    ReportFile,
    Sources,
    SpikeFile,
    configs,
    looks_like_config,
    read_config,
)

SUFFIXES = (".h5", ".hdf5", ".sonata")
PARTS = frozenset({"spikes", "nodes", "edges"})
REPORTS = frozenset({"report", "reports", "ecp"})
OLD_REPORT = frozenset({"data", "mapping"})
MOST_FILES = 10_000


def kinds(path: Path) -> frozenset[str]:
    """What an HDF5 file holds of a SONATA recording; nothing where it is no such file. Never raises."""
    names = hdf5.root_names(path)
    found = names & PARTS
    return found | {"report"} if names & REPORTS or names >= OLD_REPORT else found


def hdf5_files(folder: Path, most: int) -> Iterator[Path]:
    """HDF5 files below a folder, told by their suffix; at most `most` entries are looked at."""
    seen = 0
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES:
                yield Path(place) / name
        seen += len(files) + len(folders)
        if seen > most:
            return


def sources_of(path: Path, config: str | None) -> Sources:
    """The files that make the recording at a path.

    Parameters
    ----------
    path : HDF5 file, JSON config, or folder
    config : name of the config to take, where a folder holds several

    Raises
    ------
    RecordingError : where files are damaged, missing or outside the folder
    Undecided : where a folder holds several configs
    """
    if path.is_dir():
        return _folder_sources(path, config)
    if config is not None:
        raise RecordingError(f"{path.name!r} is one file: config= chooses between the configs of a folder")
    if looks_like_config(path):
        return read_config(path, path.resolve().parent)
    with hdf5.opened(path):
        return _with_file(Sources(path.resolve().parent), path.resolve(), kinds(path))


def _folder_sources(folder: Path, config: str | None) -> Sources:
    chosen = _config_of(folder, config)
    sources = read_config(chosen, folder) if chosen is not None else Sources(folder)
    named = {path for pair in (*sources.nodes, *sources.edges) for path in pair}
    named |= {file.path for file in (*sources.spikes, *sources.reports)}
    for path in hdf5_files(folder, MOST_FILES):
        resolved = path.resolve()
        if not resolved.is_relative_to(folder.resolve()):
            sources = replace(
                sources, notes=(*sources.notes, f"{path.name!r} leads out of the folder: left out")
            )
        elif resolved not in named:
            sources = _with_file(sources, resolved, kinds(resolved))
    return sources


def _config_of(folder: Path, config: str | None) -> Path | None:
    found = {path.name: path for path in configs(folder)}
    if config is None and len(found) <= 1:
        return next(iter(found.values()), None)
    if config is None:
        choices = tuple(Choice(name, name) for name in list(found)[:50])
        raise Undecided([Question("config", f"{folder.name!r} holds {len(found)} configs.", choices)])
    # A config that another one names can be asked for, too.
    if Path(config).name != config or not looks_like_config(folder / config):
        raise RecordingError(f"{folder.name!r} has no config {config!r}; it has {', '.join(found) or 'none'}")
    return folder / config


def _with_file(sources: Sources, path: Path, kinds: frozenset[str]) -> Sources:
    return replace(
        sources,
        nodes=(*sources.nodes, *([(path, _types_beside(path, "node"))] if "nodes" in kinds else [])),
        edges=(*sources.edges, *([(path, _types_beside(path, "edge"))] if "edges" in kinds else [])),
        spikes=(*sources.spikes, *([SpikeFile(path, "found")] if "spikes" in kinds else [])),
        reports=(*sources.reports, *([ReportFile(path, path.stem)] if "report" in kinds else [])),
    )


def _types_beside(path: Path, kind: str) -> Path | None:
    """The table of types that goes with a file by its name: v1_nodes.h5 and v1_node_types.csv."""
    beside = path.with_name(path.stem.removesuffix(f"_{kind}s") + f"_{kind}_types.csv")
    return beside if beside.is_file() and beside.resolve().parent == path.parent else None


def short(path: Path, root: Path) -> str:
    """A path as seen from the root."""
    return path.relative_to(root.resolve()).as_posix()


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names for a sentence: the first few, and how many more."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(repr(name[:60]) for name in names[:most]) + more
