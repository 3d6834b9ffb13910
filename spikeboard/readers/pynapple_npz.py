"""pynapple's own files: the .npz that `TsGroup.save`, `Ts.save` and their like write (pynapple 0.4 and later)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.objects import nap_segment
from spikeboard.readers import npy, reader
from spikeboard.readers.spikelist import answers
from spikeboard.recording import Recording
from spikeboard.segmented import POPULATION, Sampled, Train, from_segments

KINDS = ("TsGroup", "Ts", "Tsd", "TsdFrame", "TsdTensor", "IntervalSet")
_HEADER = frozenset({"type", "start", "end"})


@dataclass(frozen=True, eq=False)
class _Support:
    """A time support as the file holds it: (n,) starts and ends, s."""

    start: np.ndarray
    end: np.ndarray


def sniff(path: Path) -> bool:
    """Whether a file is a bundle as pynapple saves it."""
    if not path.is_file() or not npy.is_npz(path):
        return False
    try:
        held = npy.describe(path)
        return held.keys() >= _HEADER and held["type"].dtype.kind == "U"
    except RecordingError:
        return False


@reader("pynapple NPZ", sniff, order=34)
def read(path: Path, t_start: float | None = None, t_stop: float | None = None) -> Recording:
    """The trains, series or intervals of a file that pynapple saved; its times are seconds.

    Parameters
    ----------
    path : .npz file
    t_start, t_stop : s, to overrule the time support, which pynapple may have taken from the spikes

    Raises
    ------
    RecordingError : where arrays are missing, contradict each other, or are pickled
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    held = npy.describe(path)
    plain = npy.load(path, [name for name, array in held.items() if not array.pickled])
    kind = str(np.ravel(plain["type"])[0]) if plain["type"].size else ""
    if kind not in KINDS:
        raise RecordingError(
            f"{path.name} holds a pynapple {kind[:40]!r}; Spikeboard reads {', '.join(KINDS)}"
        )
    notes = [
        f"{name[:40]!r} is pickled, which could run code, and was not touched (metadata of units, or names of columns)"
        for name, array in held.items()
        if array.pickled
    ]
    support = _Support(_times(path, plain, "start"), _times(path, plain, "end"))
    if len(support.start) != len(support.end):
        raise RecordingError(
            f"{path.name}: {len(support.start)} starts but {len(support.end)} ends: they must pair up"
        )
    frame = pd.DataFrame({"start": support.start, "stop": support.end})
    intervals = {"intervals": frame} if kind == "IntervalSet" else {}
    supports = [] if kind == "IntervalSet" else [support]
    segment = nap_segment(supports, _trains(path, kind, plain), _signals(path, kind, plain), intervals, notes)
    return from_segments(
        [segment], name=path.stem, t_start=given.t_start, t_stop=given.t_stop, notes=notes, source=str(path)
    )


def _array(path: Path, held: dict[str, np.ndarray], name: str) -> np.ndarray:
    if name not in held:
        raise RecordingError(f"{path.name} is cut: a pynapple file of its kind has an array {name!r}")
    return held[name]


def _times(path: Path, held: dict[str, np.ndarray], name: str) -> np.ndarray:
    times = _array(path, held, name)
    if times.dtype.kind not in "fiu" or times.ndim != 1:
        raise RecordingError(
            f"{path.name}: {name!r} holds {times.dtype} of shape {times.shape}, not times in seconds"
        )
    if not np.isfinite(times).all():
        raise RecordingError(f"{path.name}: some times in {name!r} are not finite numbers: save them without")
    return times.astype(np.float64)


def _trains(path: Path, kind: str, held: dict[str, np.ndarray]) -> list[Train]:
    if kind == "Ts":
        return [Train(0, _times(path, held, "t"))]
    if kind != "TsGroup":
        return []
    times, index = _times(path, held, "t"), _array(path, held, "index")
    keys = np.unique(index) if "keys" not in held else _array(path, held, "keys")
    if (
        index.shape != times.shape
        or index.dtype.kind not in "iu"
        or keys.dtype.kind not in "iu"
        or keys.ndim != 1
    ):
        raise RecordingError(
            f"{path.name}: 'index' and 'keys' must be whole numbers, one index for each of the times"
        )
    if unknown := np.setdiff1d(index, keys).tolist():
        raise RecordingError(f"{path.name}: spikes name unit {unknown[0]}, which the group does not have")
    if len(np.unique(keys)) != len(keys):
        raise RecordingError(f"{path.name}: a unit is listed twice in 'keys'")
    known = _columns(held, len(keys))
    order = np.argsort(index, kind="stable")
    edges = np.searchsorted(index[order], keys), np.searchsorted(index[order], keys, side="right")
    return [
        Train(
            int(key),
            times[order[first:last]],
            POPULATION,
            {name: values[row] for name, values in known.items()},
        )
        for row, (key, first, last) in enumerate(zip(keys, *edges, strict=True))
    ]


def _columns(held: dict[str, np.ndarray], units: int) -> dict[str, list[object]]:
    taken = {"t", "index", "keys", "start", "end", "type", "d", "rate"}
    return {
        name: values.tolist()
        for name, values in held.items()
        if name not in taken and values.shape == (units,)
    }


def _signals(path: Path, kind: str, held: dict[str, np.ndarray]) -> list[Sampled]:
    if kind not in ("Tsd", "TsdFrame", "TsdTensor"):
        return []
    times, values = _times(path, held, "t"), _array(path, held, "d")
    if values.dtype.kind not in "fiub" or values.ndim < 1 or len(values) != len(times):
        raise RecordingError(
            f"{path.name}: {len(times):,} times, but values of shape {values.shape} ({values.dtype}): they must pair up"
        )
    if np.any(np.diff(times) < 0):
        raise RecordingError(f"{path.name}: the times of the series go back: sort it")
    values = values.reshape(len(values), -1) if len(values) else values.reshape(0, 1)
    names = held.get("columns", np.arange(values.shape[1]))
    labels = names if names.shape == (values.shape[1],) else np.arange(values.shape[1])
    return [
        Sampled(path.stem, values, times, "", tuple(map(str, labels.tolist())), (None,) * values.shape[1])
    ]
