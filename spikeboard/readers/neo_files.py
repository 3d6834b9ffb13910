"""Files of recording systems, through Neo (an optional extra: `pip install 'spikeboard[neo]'`).

Neo chooses a reader by a file's ending; here what a file begins with decides, and only readers are asked that neither
run code, nor unpickle, nor load libraries, nor go to the network. (Left out for one of these: Plexon2IO, which
downloads a library; MaxwellIO, NeuroshareIO, ElphyIO, PickleIO, PhyIO.) Neo: Garcia et al., Front Neuroinform 8:10,
2014.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

from spikeboard.errors import RecordingError
from spikeboard.objects import from_objects
from spikeboard.readers import hdf5, reader
from spikeboard.readers.spikelist import Answers, answers
from spikeboard.recording import Recording
from spikeboard.units_of_measurement import guard_quantities

# Signals beyond that are left out, and told: traces can be a hundred times the size of the spikes.
MOST_SIGNAL_BYTES = 2**30
MOST_WARNINGS = 5
MOST_DESCRIPTIONS = 100
LARGEST_DESCRIPTION = 2**24
NIX = "NixIO"


@dataclass(frozen=True)
class _Kind:
    """What files of a system begin with (at a byte), what the system is called, and Neo's reader."""

    name: str
    io: str
    begins: tuple[bytes, ...]
    at: int = 0


_FILES = (
    _Kind("NeuroExplorer", "NeuroExplorerIO", (b"NEX1",)),
    _Kind("Plexon", "PlexonIO", (b"PLEX",)),
    _Kind("Blackrock", "BlackrockIO", (b"NEURALEV", b"BREVENTS", b"NEURALSG", b"NEURALCD", b"BRSMPGRP")),
    _Kind("CED Spike2", "Spike2IO", (b"(C) CED 87",), 2),
    _Kind("Axon", "AxonIO", (b"ABF ", b"ABF2")),
    _Kind("Intan", "IntanIO", (b"\x02\x27\x91\xc6", b"\xac\x27\x91\xd6")),
    _Kind("Micromed", "MicromedIO", (b"* MICROMED",)),
    _Kind("AxoGraph", "AxographIO", (b"AxGr", b"axgx")),
)
_FOLDERS = (
    _Kind("Neuralynx", "NeuralynxIO", (b"######## Neuralynx",)),
    _Kind("TDT", "TdtIO", ()),
    _Kind("Open Ephys", "OpenEphysBinaryIO", ()),
)
_BLACKROCK = re.compile(r"\.(nev|ns[1-9])", re.IGNORECASE)
_NEURALYNX = (".ncs", ".nse", ".ntt", ".nev")


def sniff(path: Path) -> bool:
    """Whether a path is of a recording system whose files Neo reads safely. Never raises."""
    try:
        return _kind(path) is not None
    except OSError:
        return False


@reader("Neo (NIX, NEX, Plexon, Blackrock, …)", sniff, order=30)
def read(path: Path, t_start: float | None = None, t_stop: float | None = None) -> Recording:
    """The trains, signals, epochs and events of a file of a recording system.

    Segments follow one another: where each starts its clock anew they are put one after another (intervals "segments").

    Parameters
    ----------
    path : file or folder
    t_start, t_stop : s, to overrule what the file says

    Raises
    ------
    RecordingError : where Neo is not installed, or cannot read it
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    kind = _kind(path)
    if kind is None:
        raise RecordingError(f"{path.name!r} begins like no file that Spikeboard reads through Neo")
    if find_spec("neo") is None:
        raise RecordingError(
            f"{path.name!r} is a {kind.name} file, which is read through Neo: pip install 'spikeboard[neo]'"
        )
    notes: list[str] = []
    blocks = _nix(path) if kind.io == NIX else _blocks(path, kind, notes)
    rec = from_objects(blocks, name=path.stem, t_start=given.t_start, t_stop=given.t_stop, source=str(path))
    if rec is None:
        raise RecordingError(f"{path.name!r} holds nothing that Neo could read")
    return replace(rec, notes=(*notes, *rec.notes, *_about_span(rec, given)))


def _about_span(rec: Recording, given: Answers) -> list[str]:
    """A note where Neo knows no other ends than those of the spikes."""
    if rec.states or not len(rec.spike_times):
        return []
    ends = [
        f"{name} is the {which} spike, {told:g} s"
        for name, which, at, told in (
            ("t_start", "first", 0, rec.t_start),
            ("t_stop", "last", -1, rec.t_stop),
        )
        if told == rec.spike_times[at] and getattr(given, name) is None
    ]
    return [
        f"nothing else tells when recording began and ended: {' and '.join(ends)} (t_start=… and t_stop=… overrule)"
    ] * bool(ends)


# What a file is ------------------------------------------------------------------------------------------------


def _kind(path: Path) -> _Kind | None:
    if path.is_dir():
        return next((kind for kind in _FOLDERS if _is_folder_of(path, kind)), None)
    with path.open("rb") as file:
        begins = file.read(64)
    if begins.startswith(b"\x89HDF"):
        return _Kind("NIX", NIX, ()) if _is_nix(path) else None
    return next((kind for kind in _FILES if begins[kind.at :].startswith(kind.begins)), None)


def _is_folder_of(folder: Path, kind: _Kind) -> bool:
    if kind.name == "TDT":
        return any(folder.glob("*.tsq"))
    if kind.name == "Open Ephys":
        patterns = ("structure.oebin", "Record Node*/experiment*/recording*/structure.oebin")
        return any(True for pattern in patterns for _ in folder.glob(pattern))
    return any(
        _starts(file, kind.begins)
        for file in islice(folder.iterdir(), 2000)
        if file.suffix.lower() in _NEURALYNX
    )


def _starts(file: Path, begins: tuple[bytes, ...]) -> bool:
    with file.open("rb") as opened:
        return opened.read(64).startswith(begins)


def _is_nix(path: Path) -> bool:
    if not hdf5.root_names(path) >= {"data", "metadata"}:
        return False
    with hdf5.opened(path) as file:
        return hdf5.text_attribute(file.root, "format") == "nix"


# Reading -------------------------------------------------------------------------------------------------------


@contextmanager
def _neo_speaking(path: Path, kind: _Kind, notes: list[str]) -> Iterator[None]:
    """Whatever Neo objects to becomes one sentence, whatever it warns of a note."""
    guard_quantities()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            yield
    except RecordingError:
        raise
    except Exception as problem:  # readers of two dozen systems raise whatever there is
        what = (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
        raise RecordingError(f"{path.name!r} cannot be read as a {kind.name} file: Neo says {what}") from None
    told = dict.fromkeys(
        str(w.message).splitlines()[0][:300] for w in said if issubclass(w.category, UserWarning)
    )
    notes.extend(f"Neo says: {text}" for text in islice(told, MOST_WARNINGS))


def _blocks(path: Path, kind: _Kind, notes: list[str]) -> list[Any]:
    if path.is_dir():
        _check_folder(path)
    if kind.io == "BlackrockIO" and not _BLACKROCK.fullmatch(path.suffix):
        raise RecordingError(
            f"{path.name!r} is a Blackrock file, which Neo finds by its ending: call it .nev (spikes) or .ns5 (signals)"
        )
    with _neo_speaking(path, kind, notes):
        from neo import io

        name = {"dirname": str(path)} if path.is_dir() else {"filename": str(path)}
        if kind.io == "PlexonIO":
            # A server has no terminal to draw bars in.
            vars(import_module("neo.rawio.plexonrawio"))["HAVE_TQDM"] = False
        blocks = getattr(io, kind.io)(**name).read(lazy=True)
        left, budget = [], MOST_SIGNAL_BYTES
        for segment in (segment for block in blocks for segment in block.segments):
            _load(segment, notes)
            budget = _load_signals(segment, budget, left)
    if left:
        notes.append(
            f"signals beyond {MOST_SIGNAL_BYTES >> 30} GiB are not read: {len(left)} left out ({', '.join(left[:5])})"
        )
    return blocks


def _check_folder(folder: Path) -> None:
    """Refuse an Open Ephys description that names files outside of its folder: Neo would read them."""
    for described in islice(folder.rglob("structure.oebin"), MOST_DESCRIPTIONS):
        for name in _folder_names(described):
            target = described.parent / "continuous" / name.replace("\\", "/")
            if "\0" in name or not target.resolve().is_relative_to(folder.resolve()):
                raise RecordingError(
                    f"{described.name} names {name[:100]!r}, outside of the folder {folder.name!r}: "
                    "such files are not read"
                )


def _folder_names(described: Path) -> list[str]:
    try:
        if described.stat().st_size > LARGEST_DESCRIPTION:
            raise RecordingError(
                f"{described.name} is larger than {LARGEST_DESCRIPTION >> 20} MiB: no description"
            )
        found: list[str] = []
        json.loads(
            described.read_text(encoding="utf-8"),
            object_hook=lambda content: found.append(str(content.get("folder_name", ""))),
        )
    except (OSError, ValueError, RecursionError) as problem:
        if isinstance(problem, RecordingError):
            raise
        raise RecordingError(f"{described.name} is no readable JSON: {str(problem)[:100]}") from None
    return found


def _load(segment: Any, notes: list[str]) -> None:
    """Read the trains, epochs and events that a segment of proxies stands for, into the segment."""
    trains = [proxy.load() for proxy in segment.spiketrains]
    for proxy, train in zip(segment.spiketrains, trains, strict=True):
        if len(train) != proxy.shape[0]:
            notes.append(
                f"unit {proxy.name!r}: {proxy.shape[0]:,} spikes are announced, {len(train):,} are in the file"
            )
    for name in ("epochs", "events"):
        _replace(segment, name, [proxy.load() for proxy in getattr(segment, name)])
    _replace(segment, "spiketrains", trains)


def _load_signals(segment: Any, budget: int, left: list[str]) -> int:
    """Read the signals of a segment as far as the budget (bytes) goes; what is left of it."""
    loaded = []
    for proxy in segment.analogsignals:
        size = int(np.prod(proxy.shape)) * np.dtype(float).itemsize
        if size > budget:
            left.append(str(proxy.name))
        else:
            budget -= size
            loaded.append(proxy.load())
    _replace(segment, "analogsignals", loaded)
    return budget


def _replace(segment: Any, name: str, found: list[Any]) -> None:
    setattr(segment, name, found)


def _nix(path: Path) -> list[Any]:
    _check_hdf5(path)
    if find_spec("nixio") is None:
        raise RecordingError(f"{path.name!r} is a NIX file, which is read through nixio: pip install nixio")
    with _neo_speaking(path, _Kind("NIX", NIX, ()), []):
        from neo.io import NixIO

        # Any other mode would write into the file.
        with NixIO(str(path), mode="ro") as file:
            return file.read_all_blocks()


def _check_hdf5(path: Path) -> None:
    """Refuse what leads out of a file, or declares more than it can hold: nixio would follow and believe it."""
    with hdf5.opened(path) as file:
        for thing in _everything(file.root):
            if isinstance(thing, h5py.Dataset):
                hdf5.spend(file, thing)


def _everything(root: h5py.Group) -> Iterator[h5py.Group | h5py.Dataset]:
    seen, waiting = set(), [root]
    while waiting:
        group = waiting.pop()
        for name in group.keys():  # noqa: SIM118
            thing = hdf5.member(group, name)
            if thing is None or (address := h5o.get_info(thing.id).addr) in seen:
                continue
            seen.add(address)
            yield thing
            if isinstance(thing, h5py.Group):
                waiting.append(thing)
