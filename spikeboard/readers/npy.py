"""NumPy's files opened as if a stranger had sent them: no pickle, no more bytes than header and file agree on."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from spikeboard.columns import is_large, pieces, room
from spikeboard.errors import RecordingError
from spikeboard.progress import tell

NPY = npy_format.MAGIC_PREFIX
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
MOST_MEMBERS = 10_000
DEEPEST = 32
LARGEST = 4 * 2**30
# What is unpacked of an array at once.
BLOCK = 8 * 2**20
# Spikes shrink threefold, sparse matrices fiftyfold, zeros a thousandfold.
GREATEST_RATIO = 100
RATIO_MATTERS_ABOVE = 64 * 2**20
LONGEST_HEADER = 10_000
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    MemoryError,
    RecursionError,
    RuntimeError,
    NotImplementedError,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class Array:
    """What the header of a stored array says; the values are not read yet."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_column: bool = False

    @property
    def pickled(self) -> bool:
        """Whether its values are Python objects, which are never loaded."""
        return self.dtype.hasobject


def is_npy(path: Path) -> bool:
    """Whether a file begins like one array that NumPy saved."""
    return _begins(path).startswith(NPY)


def is_npz(path: Path) -> bool:
    """Whether a file is a bundle of arrays, or is called so and begins like one."""
    if not _begins(path).startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as bundle:
            names = bundle.namelist()
    except _DAMAGE:
        names = []
    flat = bool(names) and all("/" not in name for name in names)
    return path.suffix.lower() == ".npz" or (flat and any(name.endswith(".npy") for name in names))


def describe(path: Path) -> dict[str, Array]:
    """The arrays of a bundle by name; reads their headers alone.

    Raises
    ------
    RecordingError : where the bundle is damaged, or made to harm
    """
    with _bundle(path) as bundle:
        described = {}
        for info in bundle.infolist():
            if info.filename.endswith(".npy"):
                name = info.filename.removesuffix(".npy")
                with bundle.open(info) as member:
                    described[name] = _header(member, name, info.file_size)
        return described


def load(path: Path, names: Iterable[str], largest: int = LARGEST) -> dict[str, np.ndarray]:
    """Some arrays of a bundle; a large one is unpacked into an unnamed file, and mapped.

    Parameters
    ----------
    names : of the arrays; the others are not touched
    largest : bytes that all of them may have together

    Raises
    ------
    RecordingError : where one is missing, pickled, damaged or too large
    """
    wanted = list(names)
    with _bundle(path) as bundle:
        infos = {info.filename.removesuffix(".npy"): info for info in bundle.infolist()}
        if missing := [name for name in wanted if name not in infos]:
            raise RecordingError(f"{path.name} holds no array {missing[0][:40]!r}")
        _check_sizes(path, [infos[name] for name in wanted], largest)
        return {name: _member(bundle, infos[name], name) for name in wanted}


def describe_npy(path: Path) -> Array:
    """What the header of an .npy file says; reads no value.

    Raises
    ------
    RecordingError : where it is damaged, or claims more than the file holds
    """
    try:
        with path.open("rb") as file:
            return _header(file, path.name, path.stat().st_size)
    except RecordingError:
        raise
    except _DAMAGE as problem:
        raise RecordingError(f"{path.name} is damaged ({problem}): save it again") from None


def load_npy(path: Path, largest: int = LARGEST) -> np.ndarray:
    """The array of an .npy file.

    Raises
    ------
    RecordingError : where it is pickled, damaged or too large
    """
    size = path.stat().st_size
    if size > largest:
        raise RecordingError(
            f"{path.name} has {size:,} bytes, more than the {largest:,} that are read at once"
        )
    try:
        with path.open("rb") as file:
            _check_plain(_header(file, path.name, size))
            file.seek(0)
            return _values(file)
    except RecordingError:
        raise
    except _DAMAGE as problem:
        raise RecordingError(f"{path.name} is damaged ({problem}): save it again") from None


def mapped_npy(path: Path) -> np.ndarray:
    """The array of an .npy file, mapped: values are read where they are looked at.

    Raises
    ------
    RecordingError : where it is pickled, damaged or cut
    """
    _check_plain(describe_npy(path))
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as problem:
        raise RecordingError(f"{path.name} is damaged ({problem}): save it again") from None


def sample(path: Path, name: str = "", most_bytes: int = 2**16) -> np.ndarray:
    """The first values of an array, in the order in which they are stored.

    Parameters
    ----------
    name : of the array in a bundle, "" for an .npy file
    most_bytes : how much of it to read

    Raises
    ------
    RecordingError : where it is pickled, damaged or missing
    """
    try:
        if not name:
            with path.open("rb") as file:
                return _first_values(file, path.name, path.stat().st_size, most_bytes)
        with _bundle(path) as bundle:
            info = bundle.getinfo(f"{name}.npy")
            with bundle.open(info) as member:
                return _first_values(member, name, info.file_size, most_bytes)
    except RecordingError:
        raise
    except _DAMAGE as problem:
        raise RecordingError(f"{path.name} is damaged ({problem}): save it again") from None


def members(path: Path, largest: int = LARGEST) -> dict[str, bytes]:
    """All members of a zip file, as they are.

    Raises
    ------
    RecordingError : where it is damaged, made to harm, or too large
    """
    with _bundle(path) as bundle:
        infos = [info for info in bundle.infolist() if not info.is_dir()]
        _check_sizes(path, infos, largest)
        return {info.filename: bundle.read(info) for info in infos}


def unpack(path: Path, folder: Path, wanted: Callable[[str], bool], largest: int = LARGEST) -> int:
    """Write the members of a zip file below a folder; how many were left out as not wanted.

    Raises
    ------
    RecordingError : where it is damaged, made to harm, or too large; then some may have been written already
    """
    with _bundle(path) as bundle:
        infos = [info for info in bundle.infolist() if not info.is_dir()]
        _check_sizes(path, infos, largest)
        _check_whole(path, sum(info.file_size for info in infos))
        chosen = [info for info in infos if wanted(info.filename)]
        for info in chosen:
            _unpack_member(bundle, info, folder)
        return len(infos) - len(chosen)


def _check_whole(path: Path, total: int) -> None:
    """A thousand small members that each shrink a thousandfold are one large one."""
    if total > max(RATIO_MATTERS_ABOVE, GREATEST_RATIO * path.stat().st_size):
        raise RecordingError(
            f"{path.name} unpacks to {total:,} bytes from {path.stat().st_size:,}: no recording shrinks like that"
        )


def _unpack_member(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    parts = _parts(info)
    if len(parts) > DEEPEST:
        raise RecordingError(f"{info.filename[:60]!r} lies more than {DEEPEST} folders deep: refused")
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    # "x": no member may overwrite another. Reading ends at the size that was stated and checked.
    with bundle.open(info) as member, target.open("xb") as file:
        shutil.copyfileobj(member, file)


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    return PurePosixPath(info.filename.replace("\\", "/")).parts


def _first_values(file: IO[bytes], name: str, size: int, most_bytes: int) -> np.ndarray:
    array = _header(file, name, size)
    _check_plain(array)
    itemsize = max(array.dtype.itemsize, 1)
    count = min(prod(array.shape), most_bytes // itemsize)
    return np.frombuffer(file.read(count * itemsize), array.dtype)


@contextmanager
def _bundle(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as bundle:
            _check_members(path, bundle.infolist())
            yield bundle
    except RecordingError:
        raise
    except _DAMAGE as problem:
        raise RecordingError(f"{path.name} is cut or damaged ({problem}): save it again") from None


def _check_members(path: Path, infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MOST_MEMBERS:
        raise RecordingError(f"{path.name} holds {len(infos):,} members, more than {MOST_MEMBERS:,}")
    for info in infos:
        parts = _parts(info)
        if not info.filename:
            raise RecordingError(f"{path.name} holds a member without a name: it is damaged; save it again")
        link = stat.S_ISLNK(info.external_attr >> 16)
        if link or ".." in parts or parts[:1] == ("/",) or ":" in info.filename[:3]:
            raise RecordingError(
                f"{path.name} holds {info.filename[:60]!r}, which points outside it: pack the files again"
            )
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RecordingError(
                f"{path.name}: {info.filename[:60]!r} is encrypted or packed in an unknown way"
            )
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise RecordingError(f"{path.name}: its members overlap, which no program writes: refused")


def _check_sizes(path: Path, infos: list[zipfile.ZipInfo], largest: int) -> None:
    total = sum(info.file_size for info in infos)
    if total > largest:
        raise RecordingError(
            f"{path.name} unpacks to {total:,} bytes, more than the {largest:,} that are read at once"
        )
    for info in infos:
        if info.file_size > max(RATIO_MATTERS_ABOVE, GREATEST_RATIO * info.compress_size):
            raise RecordingError(
                f"{path.name}: {info.filename[:60]!r} unpacks to {info.file_size:,} bytes from {info.compress_size:,}: "
                "no recording shrinks like that; save it uncompressed if it is one"
            )


def _member(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> np.ndarray:
    with bundle.open(info) as member:
        array = _header(member, name, info.file_size)
        _check_plain(array)
        if is_large(prod(array.shape) * array.dtype.itemsize):
            return _unpacked(member, array)
    with bundle.open(info) as member:
        return _values(member)


def _unpacked(member: IO[bytes], array: Array) -> np.ndarray:
    """Values that follow a header, a block at a time. Stored ones are copied, too: reading checks their sum."""
    values, done = room((prod(array.shape),), array.dtype, f"array {array.name[:40]!r}"), 0
    for (block,) in pieces(values, size=max(1, BLOCK // array.dtype.itemsize)):
        stored = member.read(block.nbytes)
        if len(stored) < block.nbytes:
            raise EOFError("it ends before its last value")
        block[:] = np.frombuffer(stored, array.dtype)
        done += len(block)
        tell("reading", done, len(values))
    return values.reshape(array.shape[::-1]).T if array.by_column else values.reshape(array.shape)


def _header(file: IO[bytes], name: str, size: int) -> Array:
    version = npy_format.read_magic(file)
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    try:
        shape, by_column, dtype = read(file, max_header_size=LONGEST_HEADER)
    except (SyntaxError, TokenError) as problem:
        raise RecordingError(
            f"array {name[:40]!r} has a header that is no header ({problem}): save it again"
        ) from None
    stated = prod(map(int, shape)) * dtype.itemsize
    if not dtype.hasobject and (min(shape, default=0) < 0 or stated > size):
        raise RecordingError(
            f"array {name[:40]!r} claims shape {shape}, {stated:,} bytes, but only {size:,} are there: it is cut, "
            "save it again"
        )
    return Array(name, tuple(map(int, shape)), dtype, by_column)


def _check_plain(array: Array) -> None:
    if array.pickled:
        raise RecordingError(
            f"array {array.name[:40]!r} holds pickled Python objects, which could run code and are never loaded: "
            "save plain numbers (one array of times, one of unit ids)"
        )


def _values(file: IO[bytes]) -> np.ndarray:
    return npy_format.read_array(file, allow_pickle=False, max_header_size=LONGEST_HEADER)


def _begins(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError:
        return b""
