"""Arrays of zarr version 2 (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html), read without zarr.

An array is a folder: `.zarray` tells shape, type and packing, and a file holds each chunk. Only packings are undone
that run nothing and whose length is known beforehand; objects (pickles, JSON) are never decoded.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError

DESCRIPTION = ".zarray"
LARGEST_JSON = 2**20
LARGEST = 4 * 2**30
LARGEST_CHUNK = 512 * 2**20
# Spikes shrink to a fiftieth at best; what is missing altogether is filled in, and so may be without end.
GREATEST_RATIO = 100
RATIO_MATTERS_ABOVE = 64 * 2**20
MOST_CHUNKS = 1_000_000
MOST_DIMENSIONS = 8
# Of blosc's header: how long a chunk is unpacked, and how long packed.
_BLOSC_LENGTHS = slice(4, 8), slice(12, 16)
_GZIP = 31


@dataclass(frozen=True, eq=False)
class _Array:
    folder: Path
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype
    packing: str
    deltas: tuple[np.dtype, ...]
    order: Any
    separator: str
    fill: Any

    @property
    def chunk_bytes(self) -> int:
        """Of a chunk when it is unpacked; also those at the edge are whole."""
        return prod(self.chunks) * self.dtype.itemsize


def load(folder: Path, largest: int = LARGEST) -> np.ndarray:
    """An array.

    Parameters
    ----------
    folder : of the array
    largest : bytes that it may have

    Raises
    ------
    RecordingError : where it is missing, damaged, too large, or packed in a way that is not read
    """
    array = _described(folder)
    _check_size(array, largest)
    found = np.full(array.shape, array.fill, array.dtype)
    for at in _places(array):
        values = _chunk(array, at)
        if values is not None:
            start = [place * size for place, size in zip(at, array.chunks, strict=True)]
            window = tuple(slice(s, s + size) for s, size in zip(start, array.chunks, strict=True))
            part = found[window]
            part[...] = values[tuple(slice(length) for length in part.shape)]
    return found.astype(array.dtype.newbyteorder("="), copy=False)


def attributes(path: Path) -> dict[str, Any]:
    """A JSON file of a zarr folder.

    Raises
    ------
    RecordingError : where it is missing, too large or no JSON object
    """
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise RecordingError(f"{_called(path)} is larger than {LARGEST_JSON >> 20} MiB: no description")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise RecordingError(f"{_called(path)} is missing or no readable JSON: save the recording again")
    return content


def _called(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _described(folder: Path) -> _Array:
    about = attributes(folder / DESCRIPTION)
    shape, chunks = (_lengths(folder, about.get(name)) for name in ("shape", "chunks"))
    if len(shape) != len(chunks) or not 0 < len(shape) <= MOST_DIMENSIONS or 0 in chunks:
        raise RecordingError(f"{_called(folder)}: a shape of {shape} in chunks of {chunks} makes no sense")
    dtype = _dtype(folder, about.get("dtype"))
    order, separator = about.get("order", "C"), about.get("dimension_separator", ".")
    if about.get("zarr_format") != 2 or order not in ("C", "F") or separator not in (".", "/"):
        raise RecordingError(f"{_called(folder)} is no array of zarr version 2")
    packing = _packing(folder, about.get("compressor"))
    deltas = tuple(_delta(folder, entry) for entry in about.get("filters") or ())
    fill = about.get("fill_value")
    fill = fill if isinstance(fill, int | float) and dtype.kind in "biuf" else np.zeros((), dtype)[()]
    return _Array(folder, shape, chunks, dtype, packing, deltas, order, separator, fill)


def _lengths(folder: Path, given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or not all(
        type(length) is int and 0 <= length < 2**48 for length in given
    ):
        raise RecordingError(f"{_called(folder)} tells no shape: save the recording again")
    return tuple(given)


def _dtype(folder: Path, given: Any) -> np.dtype:
    try:
        dtype = np.dtype(given) if isinstance(given, str) else None
    except (TypeError, ValueError, SyntaxError):
        dtype = None
    if dtype is None or dtype.kind not in "biufUS" or not 0 < dtype.itemsize <= 2**16:
        raise RecordingError(
            f"{_called(folder)} holds {str(given)[:40]}, not plain numbers or texts: objects are never decoded"
        )
    return dtype


def _packing(folder: Path, given: Any) -> str:
    packing = "" if given is None else str(given.get("id")) if isinstance(given, dict) else str(given)
    if packing not in _UNPACK:
        known = ", ".join(filter(None, _UNPACK))
        raise RecordingError(f"{_called(folder)} is packed by {packing[:40]!r}; read are {known}")
    if packing == "blosc" and find_spec("numcodecs") is None:
        raise RecordingError(f"{_called(folder)} is packed by blosc: pip install 'spikeboard[zarr]'")
    return packing


def _delta(folder: Path, given: Any) -> np.dtype:
    """The type in which differences are kept; no other filter is undone."""
    if not isinstance(given, dict) or given.get("id") != "delta":
        name = given.get("id") if isinstance(given, dict) else given
        raise RecordingError(f"{_called(folder)} has the filter {str(name)[:40]!r}, which is not undone")
    return _dtype(folder, given.get("astype") or given.get("dtype"))


def _check_size(array: _Array, largest: int) -> None:
    size = prod(array.shape) * array.dtype.itemsize
    number = prod(ceil(length / size) for length, size in zip(array.shape, array.chunks, strict=True))
    held = sum(
        file.stat().st_size for file in array.folder.rglob("*") if file.is_file() and not file.is_symlink()
    )
    wild = size > max(RATIO_MATTERS_ABOVE, GREATEST_RATIO * held) or number > MOST_CHUNKS
    if size > largest or array.chunk_bytes > LARGEST_CHUNK or wild:
        raise RecordingError(
            f"{_called(array.folder)} claims shape {array.shape}, {size:,} bytes, in {number:,} chunks, and holds "
            f"{held:,} bytes: it is damaged or made to fill the memory"
        )


def _places(array: _Array) -> Iterator[tuple[int, ...]]:
    counts = [ceil(length / size) for length, size in zip(array.shape, array.chunks, strict=True)]
    return itertools.product(*map(range, counts))


def _chunk(array: _Array, at: tuple[int, ...]) -> np.ndarray | None:
    """The values of a chunk, None where there is no file for it."""
    path = array.folder / array.separator.join(map(str, at))
    if not path.is_file():
        return None
    if path.is_symlink():
        raise RecordingError(f"{_called(path)} is a link: links are not followed; copy the file")
    # What is kept of differences may be of another type, and as long.
    expected = prod(array.chunks) * (array.deltas[-1] if array.deltas else array.dtype).itemsize
    if path.stat().st_size > 2 * expected + 2**16:
        raise RecordingError(f"{_called(path)} is longer than what it should hold: it is damaged")
    data = _unpacked(path, array.packing, expected)
    values = np.frombuffer(data, array.deltas[-1] if array.deltas else array.dtype)
    for _ in array.deltas:
        values = np.cumsum(values, dtype=array.dtype.newbyteorder("="))
    return values.astype(array.dtype, copy=False).reshape(array.chunks, order=array.order)


def _unpacked(path: Path, packing: str, expected: int) -> bytes:
    try:
        data = _UNPACK[packing](path.read_bytes(), expected)
    except (ValueError, RuntimeError, EOFError, zlib.error):
        data = b""
    if len(data) != expected:
        raise RecordingError(
            f"{_called(path)} is damaged: {expected:,} bytes should be in it; save the recording again"
        )
    return data


def _by_zlib(data: bytes, expected: int) -> bytes:
    return zlib.decompressobj().decompress(data, expected + 1)


def _by_gzip(data: bytes, expected: int) -> bytes:
    return zlib.decompressobj(_GZIP).decompress(data, expected + 1)


def _by_blosc(data: bytes, expected: int) -> bytes:
    # The library believes what the header says of its own length.
    if [int.from_bytes(data[where], "little") for where in _BLOSC_LENGTHS] != [expected, len(data)]:
        return b""
    return bytes(import_module("numcodecs.blosc").decompress(data))


_UNPACK: dict[str, Any] = {
    "": lambda data, expected: data,
    "zlib": _by_zlib,
    "gzip": _by_gzip,
    "blosc": _by_blosc,
}
