"""What was computed of a recording a moment ago, for the next question about the same numbers.

A control that changes how a figure is drawn asks for the same statistics once more: they are then at hand.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import ref

import numpy as np
import pandas as pd

from spikeboard.recording import Recording

P = ParamSpec("P")
R = TypeVar("R")

# Bytes of all that is kept, and of the largest of it.
MOST_BYTES, LARGEST = 64 * 2**20, 32 * 2**20
_KNOWN: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()
_LOCK = threading.Lock()


def recalled(
    function: Callable[Concatenate[Recording, P], R], rec: Recording, *args: P.args, **options: P.kwargs
) -> R:
    """What a function gives, computed only where it was not asked the same about the same recording just before.

    Parameters
    ----------
    function : gives arrays, tables or dataclasses of them, read-only from then on; does the same each time
    rec : the recording
    args, options : its other arguments

    Raises
    ------
    whatever the function raises; that is not kept
    """
    asked = hashlib.blake2b(pickle.dumps((args, options)), digest_size=20).digest()
    # A reference that has died equals no other, so that a recording in the same place is not taken for this one.
    key = (function, ref(rec), asked)
    with _LOCK:
        if key in _KNOWN:
            _KNOWN.move_to_end(key)
            return _lent(_KNOWN[key][0])
    found = function(rec, *args, **options)
    _keep(key, found)
    return _lent(found)


def _lent(found: Any) -> Any:
    """What is kept, in such a form that it stays what it is: a table is copied once its borrower writes to it."""
    return found.copy(deep=False) if isinstance(found, pd.DataFrame) else found


def _keep(key: tuple[Any, ...], found: Any) -> None:
    arrays = list(_arrays(found))
    size = sum(array.nbytes for array in arrays)
    if size > LARGEST:
        return
    # Whoever writes to what others will be given is stopped.
    for array in arrays:
        array.flags.writeable = False
    with _LOCK:
        _KNOWN[key] = (found, size)
        total = sum(size for _, size in _KNOWN.values())
        while total > MOST_BYTES:
            _, (_, size) = _KNOWN.popitem(last=False)
            total -= size


def _arrays(found: Any) -> Iterator[np.ndarray]:
    if isinstance(found, np.ndarray):
        yield found
    elif isinstance(found, pd.DataFrame):
        yield from (column.to_numpy() for _, column in found.items())
    elif isinstance(found, tuple | list):
        yield from (array for one in found for array in _arrays(one))
    elif dataclasses.is_dataclass(found):
        yield from (array for one in vars(found).values() for array in _arrays(one))
