"""Recordings in the formats of others: tables, NPZ, SONATA, NWB, Neo.

Tables and NPZ hold all of a recording, and open again as what they were. The other formats, a file each in this folder,
have no place for some of it: what is left out is told, never dropped in silence.
"""

from __future__ import annotations

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib import format as npy_format

from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.exchange import neo, nwb, sonata
from spikeboard.exchange.neo import to_neo
from spikeboard.recording import Recording

__all__ = ["FORMS", "Exported", "export", "forms", "left_out", "to_neo"]

FORMS = {
    "csv": ("CSV", ".zip"),
    "parquet": ("Parquet", ".zip"),
    "npz": ("NPZ", ".npz"),
    "nwb": ("NWB", ".nwb"),
    "sonata": ("SONATA", ".h5"),
    "sonata_run": ("SONATA with its config", ".zip"),
    "nix": ("NIX (Neo)", ".nix"),
}


@dataclass(frozen=True)
class Exported:
    """A file that was written, and what of the recording its format has no place for, in words."""

    path: Path
    left_out: tuple[str, ...]


def export(rec: Recording, path: str | Path, form: str = "") -> Exported:
    """Write a recording in another format.

    Parameters
    ----------
    rec : any recording
    path : of the file to write; it must not exist
    form : "csv" or "parquet" (tables in a zip), "npz", "nwb", "sonata", "sonata_run" (a zip) or "nix"; told by the
        ending of `path` where ""

    Returns
    -------
    Exported : the path, and what was left out because the format has no place for it

    Raises
    ------
    RecordingError : for another form, a file that exists, or a package that is missing
    """
    path = Path(path)
    form = form or next((key for key, (_, ending) in FORMS.items() if path.suffix.lower() == ending), "")
    if form not in FORMS:
        raise RecordingError(
            f"a recording can be had as {', '.join(FORMS)}, not as {form[:40] or path.suffix!r}"
        )
    if path.exists():
        raise RecordingError(f"{path.name!r} exists already: choose another name")
    temporary = path.with_name(f".{path.name[:100]}-{uuid.uuid4().hex[:8]}{FORMS[form][1]}")
    try:
        _WRITERS[form](rec, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(path, left_out(rec, form))


def forms() -> dict[str, str]:
    """The forms that can be written here and what they are called; Neo's only where it is installed."""
    return {form: label for form, (label, _) in FORMS.items() if form != "nix" or neo.is_usable()}


def left_out(rec: Recording, form: str) -> tuple[str, ...]:
    """What of a recording a form (or "neo", a block in memory) has no place for, in words."""
    return tuple(_LEFT_OUT.get(form, _nothing)(rec))


def _nothing(rec: Recording) -> Iterator[str]:
    yield from ()


# Tables and arrays: all of it ----------------------------------------------------------------------------------


def _tables(form: str) -> Callable[[Recording, Path], None]:
    def write(rec: Recording, path: Path) -> None:
        shutil.move(tables.packed(rec, form), path)

    return write


def _npz(rec: Recording, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as bundle:
        for name, array in _arrays(rec):
            with bundle.open(f"{name}.npy", "w", force_zip64=True) as entry:
                npy_format.write_array(entry, np.asarray(array), allow_pickle=False)


def _arrays(rec: Recording) -> Iterator[tuple[str, np.ndarray]]:
    described = tables.described(rec)
    yield "recording", np.frombuffer(json.dumps(described).encode(), np.uint8)
    yield "spikes.time_s", rec.spike_times
    yield "spikes.unit", rec.spike_rows
    yield "units.population", rec.units["population"].astype(str).to_numpy("U")
    yield "units.id", _plain_ids(rec.units["id"])
    layout = described["layout"]
    kinds = (
        ([layout["units"]], [rec.units]),
        (layout["intervals"], rec.intervals.values()),
        (layout["rates"], rec.rates.values()),
    )
    for told, frames in kinds:
        for table, frame in zip(told, frames, strict=True):
            yield from _numbers(table, frame)
    for told, state in zip(layout["states"], rec.states.values(), strict=True):
        yield f"{told['file']}.values", np.asarray(state.values)
        yield f"{told['file']}.time_s", np.asarray(state.time)
    for told, synapses in zip(layout["connections"], rec.connections.values(), strict=True):
        for part in ("indptr", "indices", "weight", "delay"):
            if getattr(synapses, part) is not None:
                yield f"{told['file']}.{part}", np.asarray(getattr(synapses, part))


def _plain_ids(ids: pd.Series) -> np.ndarray:
    return ids.to_numpy() if ids.dtype.kind in "iu" else ids.astype(str).to_numpy("U")


def _numbers(table: dict[str, Any], frame: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """The columns of numbers by their place; texts stand in the description."""
    for place, column in enumerate(table["columns"]):
        if "texts" not in column:
            yield f"{table['file']}.{place}", frame.iloc[:, place].to_numpy(column["dtype"])


_WRITERS: dict[str, Callable[[Recording, Path], None]] = {
    "csv": _tables("csv"),
    "parquet": _tables("parquet"),
    "npz": _npz,
    "nwb": nwb.write,
    "sonata": sonata.write,
    "sonata_run": sonata.write_run,
    "nix": neo.write,
}
_LEFT_OUT: dict[str, Callable[[Recording], Iterator[str]]] = {
    "sonata": sonata.left_out,
    "sonata_run": sonata.left_out_of_run,
    "nwb": nwb.left_out,
    "nix": neo.left_out_of_file,
    "neo": neo.left_out,
}
