"""Global heaps of an HDF5 file, where its texts lie: one that is damaged sends the HDF5 library into an endless loop.

HDF5 File Format Specification, version 3.0, III.E: a collection is "GCOL", its version, its size, and then objects,
each with its index, its number of references and its size; index 0 is what is left free, and ends the collection.
The library walks from one to the next by their sizes: where a free one says that its size is 0, it stands still.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

COLLECTION = b"GCOL\x01\x00\x00\x00"
HEADER = 16
# Larger files take long to look through, and are not what a stranger uploads.
LARGEST = 4 * 2**30
AT_ONCE = 2**23
MOST_OBJECTS = 5_000_000


def is_sound(path: Path) -> bool:
    """Whether the library would come to the end of every global heap of a file.

    Raises
    ------
    OSError : where the file cannot be read
    """
    info = path.stat()
    return info.st_size > LARGEST or _is_sound(path, info.st_size, info.st_mtime_ns)


@lru_cache(64)
def _is_sound(path: Path, size: int, _changed: int) -> bool:
    with path.open("rb") as file:
        return all(_ends(file, at, size) for at in list(_collections(file)))


def _collections(file: IO[bytes]) -> Iterator[int]:
    """Where collections begin."""
    start, before = 0, b""
    while block := file.read(AT_ONCE):
        both = before + block
        at = both.find(COLLECTION)
        while at >= 0:
            yield start - len(before) + at
            at = both.find(COLLECTION, at + 1)
        start += len(block)
        before = both[-len(COLLECTION) + 1 :]


def _ends(file: IO[bytes], start: int, file_size: int) -> bool:
    """Whether walking the objects of a collection gets anywhere; sizes beyond its end the library refuses itself."""
    file.seek(start + 8)
    end = min(start + int.from_bytes(file.read(8), "little"), file_size)
    at = start + HEADER
    for _ in range(MOST_OBJECTS):
        if at + HEADER > end:
            return True
        file.seek(at)
        index, _, _, size = struct.unpack("<HHIQ", file.read(HEADER))
        step = HEADER + (size + 7 & ~7) if index else size
        if step % 2**64 == 0:
            return False
        at += step
    return False
