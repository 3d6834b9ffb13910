"""HDF5 files of strangers: nothing outside the file is read, and nothing it declares is believed unchecked.

An HDF5 file can name other files (external links, external storage, virtual datasets), can hold links that
lead in circles, and can declare terabytes in a few bytes. So links are followed one by one and only inside
the file, datasets are read only where their bytes lie in the file, and what may be read in all is bounded by
what the file really holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import h5py.h5l
import h5py.h5o
import h5py.h5r
import numpy as np

from spikeboard.columns import is_large, let_go, room
from spikeboard.errors import RecordingError
from spikeboard.progress import tell
from spikeboard.readers.hdf5_heaps import is_sound

# What a small file may expand to, and how far a large one: gzip reaches 1,000-fold only on a constant.
SMALLEST_ALLOWANCE = 256 * 2**20
LARGEST_EXPANSION = 100
LARGEST_CHUNK = 256 * 2**20
LARGEST_COLUMN = 4 * 2**30
# What is read of a dataset at once.
BLOCK = 32 * 2**20
LONGEST_TEXT = 4096
MOST_TEXTS = 1000
SOFT_LINKS = 8


@dataclass
class OpenFile:
    """An open HDF5 file, and how many bytes may still be read from it.

    name : as shown to the user
    root : its root group
    size : of the file, bytes
    allowance : bytes that may still be read
    """

    name: str
    root: h5py.Group
    size: int
    allowance: int


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open an HDF5 file for reading; whatever the HDF5 library objects to becomes one sentence.

    Raises
    ------
    RecordingError : where the file is damaged, cut short or not HDF5
    """
    try:
        size = path.stat().st_size
        if not is_sound(path):
            raise RecordingError(
                f"{path.name!r} is damaged: a heap of texts in it has no end; if it is yours, h5repack may mend it"
            )
        with h5py.File(path, "r") as root:
            yield OpenFile(path.name, root, size, max(SMALLEST_ALLOWANCE, LARGEST_EXPANSION * size))
    except RecordingError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, UnicodeError, OverflowError) as problem:
        raise RecordingError(
            f"{path.name!r} is damaged or cut short, copy it again: HDF5 says {_first_line(problem)}"
        ) from None


def root_names(path: Path) -> frozenset[str]:
    """Names at the top of an HDF5 file; empty where it is none or cannot be opened. Never raises."""
    try:
        if not h5py.is_hdf5(path):
            return frozenset()
        with h5py.File(path, "r") as root:
            return frozenset(map(_text, root))
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        return frozenset()


def is_damaged(path: Path) -> bool:
    """Whether a file begins like HDF5, but cannot be opened. Never raises."""
    try:
        if not h5py.is_hdf5(path):
            return False
        with h5py.File(path, "r"):
            return False
    except (OSError, RuntimeError):
        return True


def member(group: h5py.Group, name: str, hops: int = SOFT_LINKS) -> h5py.Group | h5py.Dataset | None:
    """What stands under a name in a group, None where nothing does; soft links are followed inside the file.

    Raises
    ------
    RecordingError : where the name leads to another file, or in a circle
    """
    kind = _link(group, name)
    if kind is None:
        return None
    if kind == h5py.h5l.TYPE_SOFT:
        return _follow(group, _text(group.id.links.get_val(_bytes_of(name))), hops)
    if kind != h5py.h5l.TYPE_HARD:
        raise RecordingError(
            f"{_place(group, name)} is a link to another file: such links are not followed; copy the data into the file"
        )
    found = group[_bytes_of(name)]
    return found if isinstance(found, h5py.Group | h5py.Dataset) else None


def has(group: h5py.Group, name: str) -> bool:
    """Whether a group has a member of that name, wherever it may lead."""
    return _link(group, name) is not None


def is_link(group: h5py.Group, name: str) -> bool:
    """Whether a member of a group stands elsewhere."""
    return _link(group, name) not in (None, h5py.h5l.TYPE_HARD)


def names(group: h5py.Group) -> list[str]:
    """Names of the members of a group."""
    found = group.keys()
    return [
        name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name) for name in found
    ]


def place(group: h5py.Group) -> tuple[int, int]:
    """What tells one group of a file from another, however they are called."""
    info = h5py.h5o.get_info(group.id)
    return info.fileno, info.addr


def group_at(group: h5py.Group, *names: str) -> h5py.Group | None:
    """The group at a path of names, None where there is none."""
    found: h5py.Group | h5py.Dataset | None = group
    for name in names:
        found = member(found, name) if isinstance(found, h5py.Group) else None
    return found if isinstance(found, h5py.Group) else None


def groups(group: h5py.Group) -> dict[str, h5py.Group]:
    """The groups within a group, by name."""
    found = {_text(name): member(group, name) for name in names(group)}
    return {name: thing for name, thing in found.items() if isinstance(thing, h5py.Group)}


def dataset_at(group: h5py.Group, *names: str) -> h5py.Dataset | None:
    """The first dataset that a group has under one of these names, None where it has none."""
    for name in names:
        found = member(group, name)
        if isinstance(found, h5py.Dataset):
            return found
    return None


def column(file: OpenFile, group: h5py.Group, *names: str) -> np.ndarray | None:
    """A column of numbers under the first of these names that is there.

    Returns
    -------
    (n,) array in this machine's byte order, or None where none of the names is there

    Raises
    ------
    RecordingError : where it is no column of numbers, or not all of its bytes lie in the file
    """
    dataset = dataset_at(group, *names)
    if dataset is None:
        return None
    if dataset.ndim == 0 or _values(dataset) != max(dataset.shape):
        raise RecordingError(f"{_where(file, dataset)} has shape {dataset.shape}: a column was expected")
    if _bytes(dataset) > LARGEST_COLUMN:
        raise RecordingError(
            f"{_where(file, dataset)} has {_values(dataset):,} values, more than Spikeboard reads: cut the recording"
        )
    if dataset.ndim == 1 and is_large(_bytes(dataset)):
        return streamed(file, dataset, dataset.dtype.newbyteorder("="), lambda block: block)[:, 0]
    return _read(file, dataset).reshape(-1)


def table(file: OpenFile, dataset: h5py.Dataset) -> np.ndarray:
    """A table of numbers; a large one is mapped from an unnamed file.

    Returns
    -------
    (rows, columns) array in this machine's byte order
    """
    if dataset.ndim != 2:
        raise RecordingError(f"{_where(file, dataset)} has shape {dataset.shape}: a table was expected")
    if not is_large(_bytes(dataset)):
        return _read(file, dataset)
    return streamed(file, dataset, dataset.dtype.newbyteorder("="), lambda block: block)


def streamed(
    file: OpenFile, dataset: h5py.Dataset, dtype: np.dtype, change: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """A series of numbers, changed block by block; a large one is mapped from an unnamed file.

    Parameters
    ----------
    dataset : (T,) or (T, K) numbers
    dtype : of the result
    change : takes (rows, K) values as they are stored, gives what is kept of them, of the same shape

    Returns
    -------
    (T, K) array, K = 1 where the series has one dimension
    """
    _check(file, dataset)
    if dataset.ndim not in (1, 2):
        raise RecordingError(f"{_where(file, dataset)} has shape {dataset.shape}: a series was expected")
    rows, columns = dataset.shape[0], dataset.shape[1] if dataset.ndim == 2 else 1
    result = room((rows, columns), dtype, _where(file, dataset))
    step = _rows_at_once(dataset, columns * max(dataset.dtype.itemsize, dtype.itemsize))
    for start in range(0, rows, step):
        block = np.asarray(dataset[start : start + step])
        result[start : start + step] = change(block.reshape(len(block), columns))
        let_go(result)
        tell("reading", start, rows)
    return result


def number_attribute(thing: h5py.Group | h5py.Dataset, name: str) -> float | None:
    """An attribute as a number; None where there is none, or it is no number."""
    if name not in thing.attrs:
        return None
    kind = thing.attrs.get_id(name)
    if kind.dtype.kind not in "iuf" or int(np.prod(kind.shape)) != 1:
        return None
    return float(np.ravel(np.asarray(thing.attrs[name]))[0])


def texts_attribute(thing: h5py.Group | h5py.Dataset, name: str) -> list[str]:
    """An attribute that is a list of texts; empty where it is none, or longer than any list of columns."""
    if name not in thing.attrs:
        return []
    kind = thing.attrs.get_id(name)
    if len(kind.shape) != 1 or kind.shape[0] > MOST_TEXTS or h5py.check_string_dtype(kind.dtype) is None:
        return []
    return [_text(value) for value in np.asarray(thing.attrs[name], dtype=object)]


def scalar(dataset: h5py.Dataset) -> float | None:
    """The one number of a dataset; None where it is not one number within the file."""
    if dataset.dtype.kind not in "iuf" or dataset.size != 1 or dataset.external or dataset.is_virtual:
        return None
    return float(np.ravel(np.asarray(dataset[()]))[0])


def named_by_references(file: OpenFile, dataset: h5py.Dataset) -> np.ndarray:
    """The names of the objects that a column of references points to; "" where one points to nothing.

    Returns
    -------
    (n,) object array
    """
    _check_place(file, dataset)
    _spend(file, dataset, _bytes(dataset))
    names: list[str] = []
    for reference in np.ravel(dataset[()]):
        try:
            name = h5py.h5r.get_name(reference, dataset.file.id) if reference else None
        except (ValueError, RuntimeError, TypeError, OSError):
            name = None
        names.append(_text(name or b"").rsplit("/", 1)[-1])
    found = np.empty(len(names), object)
    found[:] = names
    return found


def texts(file: OpenFile, group: h5py.Group, name: str) -> np.ndarray | None:
    """A column of strings, (n,) object array, or None where there is none of that name."""
    dataset = dataset_at(group, name)
    if dataset is None or h5py.check_string_dtype(dataset.dtype) is None or dataset.ndim != 1:
        return None
    _check_place(file, dataset)
    rows = _values(dataset)
    _spend(file, dataset, _bytes(dataset))
    # A string of variable length may be stored once and named by every row: read few rows at a time.
    step = int(np.clip(2**24 // max(1, file.size), 1, 4096))
    found = np.empty(rows, object)
    for start in range(0, rows, step):
        block = [_text(value) for value in dataset[start : start + step]]
        _spend(file, dataset, sum(map(len, block)))
        found[start : start + step] = block
    return found


def spend(file: OpenFile, dataset: h5py.Dataset) -> None:
    """Check a dataset, of any type, that another program is about to read as a whole.

    Raises
    ------
    RecordingError : where not all of its bytes lie in the file, or it declares more than the file can hold
    """
    _check_place(file, dataset)
    _spend(file, dataset, _bytes(dataset))


def text_attribute(thing: h5py.Group | h5py.Dataset, name: str) -> str:
    """An attribute as text, be it stored as a string or as a named number; "" where there is none."""
    if name not in thing.attrs:
        return ""
    kind = thing.attrs.get_id(name)
    if kind.get_storage_size() > LONGEST_TEXT or int(np.prod(kind.shape)) > 1:
        return ""
    value = np.ravel(np.asarray(thing.attrs[name], dtype=object))
    named = h5py.check_enum_dtype(kind.dtype)
    if not len(value):
        return ""
    return {number: text for text, number in named.items()}.get(value[0], "") if named else _text(value[0])


def _follow(group: h5py.Group, path: str, hops: int) -> h5py.Group | h5py.Dataset | None:
    if not hops:
        raise RecordingError(f"links in {_place(group, path)} lead in a circle")
    found: h5py.Group | h5py.Dataset | None = group.file if path.startswith("/") else group
    for name in path.split("/"):
        if name not in ("", "."):
            found = member(found, name, hops - 1) if isinstance(found, h5py.Group) else None
    return found


def _link(group: h5py.Group, name: str) -> int | None:
    """The kind of a link. Group.get and `in` would open the file that an external link names."""
    key = _bytes_of(name)
    return group.id.links.get_info(key).type if key and group.id.links.exists(key) else None


def _bytes_of(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _read(file: OpenFile, dataset: h5py.Dataset) -> np.ndarray:
    _check(file, dataset)
    return np.asarray(dataset[()]).astype(dataset.dtype.newbyteorder("="), copy=False)


def _check(file: OpenFile, dataset: h5py.Dataset) -> None:
    if dataset.dtype.kind not in "iufb":
        raise RecordingError(f"{_where(file, dataset)} holds no numbers ({dataset.dtype})")
    _check_place(file, dataset)
    _spend(file, dataset, _bytes(dataset))


def _check_place(file: OpenFile, dataset: h5py.Dataset) -> None:
    if dataset.external:
        raise RecordingError(f"{_where(file, dataset)} lies in another file: copy the data into this one")
    if dataset.is_virtual:
        raise RecordingError(f"{_where(file, dataset)} is a view of other files: copy the data into this one")
    # A chunk is unpacked whole, however little of it belongs to the dataset.
    if dataset.chunks and int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize > LARGEST_CHUNK:
        raise RecordingError(
            f"{_where(file, dataset)} is stored in chunks of {dataset.chunks}: too large to unpack"
        )


def _spend(file: OpenFile, dataset: h5py.Dataset, size: int) -> None:
    if size > file.allowance:
        raise RecordingError(
            f"{_where(file, dataset)} declares {_values(dataset):,} values ({size / 2**20:,.0f} MiB), "
            f"far more than the file can hold: it is damaged or made to fill the memory; save it again if it is neither"
        )
    file.allowance -= size


def _rows_at_once(dataset: h5py.Dataset, bytes_per_row: int) -> int:
    """Whole chunks where they are of bearable size: a chunk that is cut is unpacked again and again."""
    fitting = max(1, BLOCK // max(1, bytes_per_row))
    chunk = dataset.chunks[0] if dataset.chunks else 1
    return chunk * max(1, fitting // chunk) if chunk <= 4 * fitting else fitting


def _values(dataset: h5py.Dataset) -> int:
    # A null dataspace has no size.
    return int(dataset.size or 0)


def _bytes(dataset: h5py.Dataset) -> int:
    return _values(dataset) * dataset.dtype.itemsize


def _where(file: OpenFile, dataset: h5py.Dataset) -> str:
    return f"{_text(dataset.name)} in {file.name!r}"


def _place(group: h5py.Group, name: str) -> str:
    inside = f"{_text(group.name or '').rstrip('/')}/{_text(name)}"
    return f"{inside} in {Path(group.file.filename).name!r}"


def _text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "replace").decode()


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
