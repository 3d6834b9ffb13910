"""Spike tensors in NumPy's files: dense arrays of 0 and 1, time × batch × neuron."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import npy, reader
from spikeboard.readers.column_names import understood
from spikeboard.readers.scneurocore_names import is_run
from spikeboard.readers.spikelist import answers
from spikeboard.readers.table_columns import MOST_NAMELESS
from spikeboard.recording import Recording
from spikeboard.spike_tensors import Tensor, Told, from_tensors, is_binary, tensor

LARGEST = 2**30
# Fewer values may be 0 and 1 by chance.
TELLING = 20


def sniff(path: Path) -> bool:
    """Whether a file of arrays holds one of 0 and 1 with two axes or more, and no times."""
    if not path.is_file():
        return False
    try:
        if npy.is_npy(path):
            return _may_be_spikes(path, npy.describe_npy(path), "")
        return npy.is_npz(path) and _holds_spikes(path)
    except RecordingError:
        return False


@reader("Spike tensors", sniff, order=60)
def read(
    path: Path,
    axes: str | None = None,
    dt: float | None = None,
    batch: str = "runs",
    t_start: float | None = None,
    t_stop: float | None = None,
) -> Recording:
    """Arrays of 0 and 1 as spikes: each array of an .npz is a population, arrays of other numbers are states.

    Parameters
    ----------
    path : .npy or .npz
    axes : which axis is which, such as "TBN" (T time, B batch, N neuron) or "NT"
    dt : duration of a step, s
    batch : "runs" puts the samples of a batch one after another, "populations" side by side
    t_start, t_stop : s

    Raises
    ------
    Undecided : for axes and dt that nobody told
    RecordingError : where the arrays do not fit together
    """
    tensors, notes = _tensors(path)
    return from_tensors(path.stem, tensors, told(axes, dt, batch, t_start, t_stop), notes, str(path))


def told(
    axes: str | None, dt: float | None, batch: str, t_start: float | None = None, t_stop: float | None = None
) -> Told:
    """What the user tells, checked as if a stranger had sent it."""
    given = answers(dt=dt, t_start=t_start, t_stop=t_stop)
    step = None if given.sampling_rate is None else 1 / given.sampling_rate
    return Told(str(axes).upper() if axes else None, step, str(batch or "runs"), given.t_start, given.t_stop)


def named_tensors(arrays: dict[str, np.ndarray]) -> tuple[list[Tensor], list[str]]:
    """Arrays as spikes and states, and notes on those that are neither."""
    found = {name: tensor(name, array) for name, array in arrays.items()}
    notes = [
        f"array {name[:40]!r} ({array.dtype}, shape {array.shape}) holds neither spikes (0 and 1) nor a state: left out"
        for name, array in arrays.items()
        if found[name] is None
    ]
    return [one for one in found.values() if one is not None], notes


def _tensors(path: Path) -> tuple[list[Tensor], list[str]]:
    if npy.is_npy(path):
        return named_tensors({path.stem: npy.load_npy(path, LARGEST)})
    described = npy.describe(path)
    usable = [name for name, array in described.items() if not array.pickled]
    pickled = [name for name, array in described.items() if array.pickled]
    tensors, notes = named_tensors(npy.load(path, usable, LARGEST))
    return tensors, [
        *notes,
        *(f"array {name[:40]!r} holds pickled objects and was not touched" for name in pickled),
    ]


def _holds_spikes(path: Path) -> bool:
    arrays = npy.describe(path)
    if is_run(arrays) or any(
        understood(name).role == "time" and len(arrays[name].shape) == 1 for name in arrays
    ):
        return False
    return any(_may_be_spikes(path, array, name) for name, array in arrays.items())


def _may_be_spikes(path: Path, array: npy.Array, name: str) -> bool:
    """By its shape and its first values: a table of two columns is as likely a list of spikes."""
    if array.pickled or array.dtype.kind not in "biuf" or len(array.shape) < 2 or 0 in array.shape:
        return False
    narrow = len(array.shape) == 2 and min(array.shape) <= MOST_NAMELESS and array.dtype.kind != "b"
    values = npy.sample(path, name)
    return is_binary(values) and not (narrow and (len(values) < TELLING or not values.any()))
