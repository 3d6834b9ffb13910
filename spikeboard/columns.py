"""Columns that may be larger than memory: gathered and walked in pieces, kept in unnamed files beside the stores.

An unnamed file is gone when the process is, however it ends: a crash leaves nothing to clean up.
"""

from __future__ import annotations

import mmap
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import DTypeLike, NDArray

from spikeboard import places
from spikeboard.errors import RecordingError

# Values that are in memory at once, of each column: 2**21 spikes are sorted within 200 MB.
PIECE = 2**21
# Bytes; a smaller column is kept in memory. An import has ten and more of them at once.
IN_MEMORY = 8 * 2**20
KEPT_FREE = 2**28
# Bytes; stretches of a column that are no further apart are read as one.
NEAR = 2**13
# Bytes of a recording that are read before they are asked for, and of them at once.
AHEAD, AHEAD_AT_ONCE = 3 * 2**29, 2**20
# Values to either side of where an even column would have one that is sought.
GUESSED = 500


def pieces(*columns: np.ndarray, size: int | None = None) -> Iterator[tuple[np.ndarray, ...]]:
    """Columns of one length, stretch by stretch; the memory of a stretch is given back when the next is asked for.

    Parameters
    ----------
    columns : arrays of one length; those that are mapped are read as they are walked
    size : of a stretch, `PIECE` if None
    """
    step = size or PIECE
    for start in range(0, len(columns[0]), step):
        yield tuple(column[start : start + step] for column in columns)
        let_go(*columns)


def mapped(path: Path) -> np.ndarray:
    """The array in an NPY file that this program wrote, mapped; `np.load` takes three times as long.

    Raises
    ------
    OSError, ValueError : where there is no such file, or it is cut, or holds objects
    """
    with path.open("rb") as file:
        if npy_format.read_magic(file) != (1, 0):
            raise ValueError(f"{path.name} is of another version of NPY")
        shape, by_column, dtype = npy_format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise ValueError(f"{path.name} holds objects, which are not read")
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            return np.ndarray(shape, dtype, memory, file.tell(), order="F" if by_column else "C")
        except TypeError as problem:
            raise ValueError(f"{path.name} is cut: {problem}") from None


def let_go(*columns: np.ndarray) -> None:
    """Give back the memory of what was read or written of mapped columns: their values stay on the disk."""
    for column in columns:
        mapped = _map_of(column)
        if mapped is not None and hasattr(mapped, "madvise"):
            mapped.madvise(mmap.MADV_DONTNEED)


def will_read(column: np.ndarray, first: NDArray[np.integer], stop: NDArray[np.integer]) -> None:
    """Ask the system for stretches of a mapped column, all of them at once.

    Met one by one, each would be waited for, and far more than it be read around it; where they are in memory
    already, or the column is not mapped, nothing happens.

    Parameters
    ----------
    column : (N, ...)
    first, stop : (S,) the first row of each stretch, ascending, and the one past its last
    """
    memory = _map_of(column)
    if memory is None or not hasattr(memory, "madvise") or not column.flags.c_contiguous:
        return
    offset = column.ctypes.data - np.frombuffer(memory, np.uint8).ctypes.data
    row = column.strides[0]
    begins = (offset + np.asarray(first, np.int64) * row) // mmap.PAGESIZE * mmap.PAGESIZE
    ends = np.maximum.accumulate(np.append(0, offset + np.asarray(stop, np.int64) * row))[1:]
    some = np.asarray(first) < stop
    begins, ends = begins[some], ends[some]
    if not len(begins):
        return
    apart = begins[1:] > ends[:-1] + NEAR
    for begin, end in zip(begins[np.append(True, apart)], ends[np.append(apart, True)], strict=True):
        _ask(memory, int(begin), int(end))


def _ask(memory: mmap.mmap, begin: int, end: int) -> None:
    memory.madvise(mmap.MADV_WILLNEED, begin, end - begin)


def read_ahead(files: Iterable[Path], most: int = AHEAD) -> int:
    """Read files one after another: the system has them in memory then when parts of them are asked for.

    It keeps or drops what was read as it sees fit. The first look at a part of a long recording is no slower than the
    next one where it was kept.

    Parameters
    ----------
    files : what is wanted first comes first; where one has gone meanwhile, that is all
    most : bytes

    Returns
    -------
    int : bytes read
    """
    room, buffer = most, bytearray(AHEAD_AT_ONCE)
    with suppress(OSError):
        for path in files:
            with path.open("rb", buffering=0) as file:
                while room and (read := file.readinto(memoryview(buffer)[:room])):
                    room -= read
    return most - room


def taken(column: np.ndarray, places: NDArray[np.integer]) -> np.ndarray:
    """Some values of a column, `column[places]`, read at once where it is mapped; places ascend."""
    will_read(column, places, places + 1)
    return column[places]


def first_from(times: np.ndarray, moment: float, side: Literal["left", "right"] = "left") -> int:
    """`np.searchsorted(times, moment, side)`; of a mapped column sampled evenly, little is read.

    Parameters
    ----------
    times : (T,) ascending
    moment : in the unit of the times
    side : "left" for the first time at or after the moment, "right" for the first one after it
    """
    if len(times) > 4 * GUESSED:
        will_read(times, np.array([0, len(times) - 1]), np.array([1, len(times)]))
        middle = int(np.interp(moment, times[[0, -1]], [0, len(times) - 1]))
        first, stop = max(middle - GUESSED, 0), min(middle + GUESSED, len(times))
        will_read(times, np.array([first]), np.array([stop]))
        found = first + int(np.searchsorted(times[first:stop], moment, side))
        if (found > first or first == 0) and (found < stop or stop == len(times)):
            return found
    return int(np.searchsorted(times, moment, side))


def gathered(parts: Iterable[Sequence[np.ndarray]], dtypes: Sequence[DTypeLike]) -> tuple[np.ndarray, ...]:
    """Whole columns from the pieces that come in: in memory, or mapped from unnamed files where they are large.

    Parameters
    ----------
    parts : for each stretch the values of every column
    dtypes : of the columns
    """
    with ExitStack() as stack:
        files = [
            stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(places.stores())))
            for _ in dtypes
        ]
        for part in parts:
            for file, values, dtype in zip(files, part, dtypes, strict=True):
                file.write(np.ascontiguousarray(values, dtype).data)
        return tuple(_column(file, np.dtype(dtype)) for file, dtype in zip(files, dtypes, strict=True))


def changed(change: Callable[..., np.ndarray], *columns: np.ndarray, dtype: DTypeLike) -> np.ndarray:
    """A column made from others stretch by stretch."""
    return gathered(((change(*stretch),) for stretch in pieces(*columns)), [dtype])[0]


def joined(columns: Sequence[np.ndarray], dtype: DTypeLike) -> np.ndarray:
    """Columns one after another."""
    if len(columns) == 1 and columns[0].dtype == dtype:
        return columns[0]
    return gathered((stretch for column in columns for stretch in pieces(column)), [dtype])[0]


def extent(values: np.ndarray) -> tuple[Any, Any]:
    """The least and the greatest of some values, of which there is one at least."""
    ends = [(some.min(), some.max()) for (some,) in pieces(values)]
    return min(least for least, _ in ends), max(greatest for _, greatest in ends)


def distinct(values: np.ndarray) -> np.ndarray:
    """The different values of a column, ascending."""
    found = values[:0]
    for (some,) in pieces(values):
        found = np.union1d(found, some)
    return found.astype(values.dtype, copy=False)


def ascends(values: np.ndarray) -> bool:
    """Whether no value is less than the one before it."""
    before = values[:1]
    for (some,) in pieces(values):
        if some[0] < before[0] or np.any(some[1:] < some[:-1]):
            return False
        before = some[-1:]
    return True


def is_large(size: int) -> bool:
    """Whether a column of so many bytes is mapped from a file rather than kept in memory."""
    return size > IN_MEMORY


def room(shape: tuple[int, ...], dtype: DTypeLike, what: str) -> np.ndarray:
    """An array to be filled: in memory, or mapped from an unnamed file where it is larger than `IN_MEMORY`.

    Raises
    ------
    RecordingError : where `what` does not fit on the disk
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not is_large(size):
        return np.empty(shape, dtype)
    # It is copied once more, into the store.
    if shutil.disk_usage(places.stores()).free < 2 * size + KEPT_FREE:
        raise RecordingError(f"{what} does not fit on the disk beside {places.stores()}")
    with tempfile.TemporaryFile(dir=places.stores()) as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def _column(file: tempfile.SpooledTemporaryFile[bytes], dtype: np.dtype) -> np.ndarray:
    size = file.tell()
    if not is_large(size):
        file.seek(0)
        return np.frombuffer(bytearray(file.read()), dtype)
    file.flush()
    return np.memmap(file, dtype, "r", shape=(size // dtype.itemsize,))


def _map_of(column: object) -> mmap.mmap | None:
    """The map that an array looks into. A private one has changes of its own, which giving back would undo."""
    while isinstance(column, np.ndarray):
        private = isinstance(column, np.memmap) and column.mode == "c"
        if isinstance(column.base, mmap.mmap) and not private:
            return column.base
        column = column.base
    return None
