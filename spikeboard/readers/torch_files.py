"""PyTorch's .pt files without PyTorch, and without unpickling.

A .pt file is a zip of raw storages and a pickle that says how tensors lie in them. That pickle is read as a list of
opcodes (by `pickletools`, which runs nothing); the few that tensors need are followed symbolically, any other refuses
the file.
"""

from __future__ import annotations

import pickletools
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import npy, reader
from spikeboard.readers.tensors import LARGEST, named_tensors, told
from spikeboard.recording import Recording
from spikeboard.spike_tensors import Tensor, from_tensors

SUFFIXES = (".pt", ".pth")
MOST_BYTES = 2**20
MOST_OPCODES = 100_000
DEEPEST = 4
_MARK = object()
_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True)
class _Name:
    """A function or class that the pickle names; it is never looked up."""

    name: str


@dataclass(frozen=True)
class _Storage:
    """Raw numbers in a member of the zip."""

    kind: str
    key: str


@dataclass(frozen=True)
class _Dense:
    """A tensor: where in a storage it begins, its shape and its strides, in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Sparse:
    """A tensor by the positions (axes, n) and values (n,) of what is not zero."""

    at: _Dense
    values: _Dense
    shape: tuple[int, ...]


@dataclass
class _Machine:
    """What the opcodes have put on the stack so far."""

    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def above_mark(self) -> list[Any]:
        """What lies above the last mark, taken off with it."""
        at = len(self.stack) - 1 - next(n for n, one in enumerate(reversed(self.stack)) if one is _MARK)
        taken = self.stack[at + 1 :]
        del self.stack[at:]
        return taken


class _Unknown(Exception):  # noqa: N818  (it never leaves this file)
    """Something that a plain tensor does not need."""


def sniff(path: Path) -> bool:
    """Whether a file is one that torch.save wrote."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            begins = file.read(4)
    except OSError:
        return False
    if path.suffix.lower() in SUFFIXES:
        return begins.startswith((b"PK", b"\x80"))
    return begins.startswith(b"PK") and _root(path) is not None


@reader("PyTorch tensors", sniff, order=38)
def read(
    path: Path,
    axes: str | None = None,
    dt: float | None = None,
    batch: str = "runs",
    t_start: float | None = None,
    t_stop: float | None = None,
) -> Recording:
    """Tensors of 0 and 1 that torch.save wrote, alone or in a dictionary, as spikes.

    Parameters
    ----------
    path : .pt
    axes, dt, batch, t_start, t_stop : as for spike tensors in .npy and .npz

    Raises
    ------
    Undecided : for axes and dt that nobody told
    RecordingError : where the file holds anything but plain tensors, or none of spikes
    """
    tensors, notes = _tensors(path)
    return from_tensors(path.stem, tensors, told(axes, dt, batch, t_start, t_stop), notes, str(path))


def _refused(path: Path, why: str) -> RecordingError:
    return RecordingError(
        f"{path.name} {why}; nothing of it was run. Where PyTorch is installed, convert it: "
        f"numpy.save('spikes.npy', torch.load('{path.name[:60]}', weights_only=True).numpy())"
    )


def _root(path: Path) -> str | None:
    """The folder in the zip that holds data.pkl, None where it is no zip of torch's."""
    try:
        with zipfile.ZipFile(path) as bundle:
            names = bundle.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    return next((name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl")), None)


def _tensors(path: Path) -> tuple[list[Tensor], list[str]]:
    root = _root(path)
    if root is None:
        raise _refused(path, "is a pickle of PyTorch before 1.6, or cut: it holds code rather than arrays")
    held = {name.removeprefix(root): data for name, data in npy.members(path, LARGEST).items()}
    order = ">" if held.get("byteorder", b"little") == b"big" else "<"
    try:
        found = _followed(held["data.pkl"])
        tensors = [_tensor(name, one, held, order) for name, one in _listed(path.stem, found, DEEPEST)]
    except (
        _Unknown,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        StopIteration,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as problem:
        what = str(problem) if isinstance(problem, _Unknown) else "something that is no plain tensor"
        raise _refused(path, f"holds {what}") from None
    if not tensors:
        raise _refused(path, "holds no tensor")
    arrays = {name: one for name, one in tensors if isinstance(one, np.ndarray)}
    spikes, notes = named_tensors(arrays)
    return [*spikes, *(one for _, one in tensors if isinstance(one, Tensor))], notes


# The pickle, as opcodes ------------------------------------------------------------------------------------------


def _followed(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise _Unknown(f"a description of {len(data):,} bytes")
    machine = _Machine()
    for number, (opcode, argument, _) in enumerate(_opcodes(data)):
        if opcode.name == "STOP":
            return machine.stack[-1]
        if number > MOST_OPCODES or opcode.name not in _OPCODES:
            raise _Unknown(f"more than tensors (opcode {opcode.name})")
        _OPCODES[opcode.name](machine, argument)
    raise _Unknown("a description without an end")


def _opcodes(data: bytes) -> Iterator[tuple[Any, Any, Any]]:
    """The opcodes one by one; text that is badly escaped is nobody's business but that of the file's author."""
    steps = pickletools.genops(data)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            step = next(steps, None)
        if step is None:
            return
        yield step


def _push(machine: _Machine, value: Any) -> None:
    machine.stack.append(value)


def _remember(machine: _Machine, key: Any) -> None:
    machine.memo[int(key)] = machine.stack[-1]


def _tuple_of(n: int) -> Callable[[_Machine, Any], None]:
    def take(machine: _Machine, _: Any) -> None:
        taken = machine.stack[-n:]
        if len(taken) < n:
            raise IndexError
        machine.stack[-n:] = [tuple(taken)]

    return take


def _set_items(machine: _Machine, items: list[Any]) -> None:
    into = machine.stack[-1]
    if not isinstance(into, dict):
        raise _Unknown("more than tensors")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | int):
            raise _Unknown("a dictionary whose keys are no names")
        into[key] = value


def _set_one(machine: _Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine, [key, value])


def _append(machine: _Machine, items: list[Any]) -> None:
    into = machine.stack[-1]
    if not isinstance(into, list):
        raise _Unknown("more than tensors")
    into.extend(items)


def _persistent(machine: _Machine, _: Any) -> None:
    word, kind, key, *_rest = machine.stack.pop()
    if word != "storage" or not isinstance(kind, _Name) or not isinstance(key, str):
        raise _Unknown("a storage of an unknown kind")
    module, _, name = kind.name.rpartition(" ")
    if module != "torch" or name not in _DTYPES:
        raise _Unknown(f"numbers of a kind that NumPy lacks ({name[:40]})")
    machine.stack.append(_Storage(name, key))


def _reduce(machine: _Machine, _: Any) -> None:
    arguments, what = machine.stack.pop(), machine.stack.pop()
    if not isinstance(what, _Name) or not isinstance(arguments, tuple):
        raise _Unknown("more than tensors")
    if what.name not in _CALLS:
        raise _Unknown(f"the call of {what.name.replace(' ', '.')[:60]}, which no plain tensor needs")
    machine.stack.append(_CALLS[what.name](arguments))


def _state(machine: _Machine, _: Any) -> None:
    """What an ordered dictionary carries besides its items tells nothing of tensors."""
    machine.stack.pop()
    if not isinstance(machine.stack[-1], dict):
        raise _Unknown("more than tensors")


def _dense(arguments: tuple[Any, ...]) -> _Dense:
    storage, offset, shape, strides = arguments[:4]
    whole = all(isinstance(one, int) and 0 <= one < 2**48 for one in (offset, *shape, *strides))
    if not isinstance(storage, _Storage) or not whole or len(shape) != len(strides):
        raise _Unknown("a tensor whose shape makes no sense")
    return _Dense(storage, offset, tuple(shape), tuple(strides))


def _sparse(arguments: tuple[Any, ...]) -> _Sparse:
    layout, (at, values, shape, *_) = arguments[:2]
    if layout != "torch.sparse_coo" or not isinstance(at, _Dense) or not isinstance(values, _Dense):
        raise _Unknown(f"a sparse tensor of the layout {str(layout)[:40]}")
    return _Sparse(at, values, tuple(int(size) for size in shape))


_CALLS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collections OrderedDict": lambda arguments: {},
    "torch Size": lambda arguments: tuple(arguments[0]),
    "torch.serialization _get_layout": lambda arguments: arguments[0],
    "torch._utils _rebuild_tensor_v2": _dense,
    "torch._utils _rebuild_parameter": lambda arguments: arguments[0],
    "torch._utils _rebuild_sparse_tensor": _sparse,
}

_OPCODES: dict[str, Callable[[_Machine, Any], Any]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": lambda machine, _: _push(machine, _MARK),
    "NONE": lambda machine, _: _push(machine, None),
    "NEWTRUE": lambda machine, _: _push(machine, True),
    "NEWFALSE": lambda machine, _: _push(machine, False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE"), _push),
    "GLOBAL": lambda machine, name: _push(machine, _Name(name)),
    "EMPTY_DICT": lambda machine, _: _push(machine, {}),
    "EMPTY_LIST": lambda machine, _: _push(machine, []),
    "EMPTY_TUPLE": lambda machine, _: _push(machine, ()),
    "TUPLE": lambda machine, _: _push(machine, tuple(machine.above_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, key: _push(machine, machine.memo[int(key)])),
    "SETITEM": _set_one,
    "SETITEMS": lambda machine, _: _set_items(machine, machine.above_mark()),
    "APPEND": lambda machine, _: _append(machine, [machine.stack.pop()]),
    "APPENDS": lambda machine, _: _append(machine, machine.above_mark()),
    "BINPERSID": _persistent,
    "REDUCE": _reduce,
    "BUILD": _state,
}


# The tensors -------------------------------------------------------------------------------------------------------


def _listed(name: str, found: Any, depth: int) -> Iterator[tuple[str, _Dense | _Sparse]]:
    """All tensors of nested dictionaries and lists, with the names that lead to them."""
    if isinstance(found, _Dense | _Sparse):
        yield name, found
        return
    if not isinstance(found, dict | list | tuple):
        return
    if not depth:
        raise _Unknown("tensors that are nested too deeply")
    inner = found.items() if isinstance(found, dict) else enumerate(found)
    for key, value in inner:
        yield from _listed(str(key) if depth == DEEPEST else f"{name}.{key}", value, depth - 1)


def _tensor(
    name: str, found: _Dense | _Sparse, held: dict[str, bytes], order: str
) -> tuple[str, np.ndarray | Tensor]:
    if isinstance(found, _Dense):
        return name, _array(found, held, order)
    at, values = _array(found.at, held, order), _array(found.values, held, order)
    inside = at.ndim == 2 and len(at) == len(found.shape) and values.shape == at.shape[1:]
    if not inside or at.dtype.kind != "i" or np.any((at < 0) | (at >= np.array(found.shape)[:, None])):
        raise _Unknown("a sparse tensor with positions outside its shape")
    if len(found.shape) not in (2, 3) or not np.all((values == 0) | (values == 1)):
        raise _Unknown("a sparse tensor that is none of spikes")
    ones = np.unique(at[:, values == 1], axis=1)
    if ones.shape[1] < np.count_nonzero(values == 1):
        raise _Unknown("a sparse tensor with two values at one position (call coalesce() first)")
    return name, Tensor(name, found.shape, tuple(ones))


def _array(found: _Dense, held: dict[str, bytes], order: str) -> np.ndarray:
    data = held[f"data/{found.storage.key}"]
    dtype = np.dtype(order + _DTYPES[found.storage.kind])
    last = found.offset + sum(
        (size - 1) * stride for size, stride in zip(found.shape, found.strides, strict=True)
    )
    empty = 0 in found.shape
    if not empty and (last + 1) * dtype.itemsize > len(data):
        raise _Unknown(
            f"a tensor of shape {found.shape} in a storage of {len(data):,} bytes, which is too small"
        )
    # Strides of 0 would make a terabyte of a byte.
    if prod(found.shape) * dtype.itemsize > len(data) or len(found.shape) > 16:
        raise _Unknown(f"a tensor of shape {found.shape[:16]} that says its few numbers over and over")
    if empty:
        return np.zeros(found.shape, dtype)
    flat = np.frombuffer(data, dtype, count=last + 1)[found.offset :]
    strides = [stride * dtype.itemsize for stride in found.strides]
    return np.lib.stride_tricks.as_strided(flat, found.shape, strides, writeable=False)
