"""Signals of an NWB file: data, and when each sample was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from spikeboard.columns import room
from spikeboard.errors import RecordingError
from spikeboard.readers import hdf5
from spikeboard.readers.nwb_intervals import short_name
from spikeboard.readers.nwb_tables import path_of
from spikeboard.readers.sonata_spikes import integers
from spikeboard.readers.table_layout import listed
from spikeboard.readers.unit_table import as_texts
from spikeboard.recording import State

MOST_SERIES = 200
MOST_COLUMNS = 10_000
# Raw recordings are larger: they are looked at with other tools, and would be copied here.
LARGEST = 4 * 2**30


@dataclass(frozen=True, eq=False)
class Signal:
    """A state, and whether it was sampled by a clock."""

    state: State
    by_clock: bool


def read_series(
    file: hdf5.OpenFile, groups: Sequence[h5py.Group], notes: list[str]
) -> tuple[dict[str, Signal], dict[str, pd.DataFrame]]:
    """The signals of a file, and its annotations as intervals of no length.

    Parameters
    ----------
    groups : the series
    notes : is told what was left out, and why

    Returns
    -------
    signals by name, tables of intervals by name
    """
    signals: dict[str, Signal] = {}
    annotations: dict[str, pd.DataFrame] = {}
    for group in groups[:MOST_SERIES]:
        name = _fresh(group, {*signals, *annotations})
        try:
            if (said := _annotations(file, group)) is not None:
                annotations[name] = said
            else:
                signals[name] = _signal(file, group, name, notes)
        except RecordingError as problem:
            notes.append(f"signal {name!r} left out: {problem}")
    if len(groups) > MOST_SERIES:
        left = [path_of(group) for group in groups[MOST_SERIES:]]
        notes.append(
            f"{len(groups):,} signals: those beyond the first {MOST_SERIES} were left out: {listed(left)}"
        )
    return signals, annotations


def _fresh(group: h5py.Group, taken: set[str]) -> str:
    """The name of a series; where two have the same, with what they stand in."""
    parts = path_of(group).strip("/").split("/")
    names = ["/".join(parts[-n:]) for n in range(1, len(parts) + 1)]
    return next((name for name in names if name not in taken), f"{names[-1]} ({len(taken)})")


def _annotations(file: hdf5.OpenFile, group: h5py.Group) -> pd.DataFrame | None:
    data = hdf5.dataset_at(group, "data")
    if data is None or h5py.check_string_dtype(data.dtype) is None:
        return None
    texts, times = hdf5.texts(file, group, "data"), hdf5.column(file, group, "timestamps")
    if texts is None or times is None or len(texts) != len(times):
        raise RecordingError("its texts and their times do not pair up")
    times = times.astype(np.float64)
    return pd.DataFrame({"start": times, "stop": times, "text": as_texts(list(texts))})


def _signal(file: hdf5.OpenFile, group: h5py.Group, name: str, notes: list[str]) -> Signal:
    data = hdf5.dataset_at(group, "data")
    if data is None or data.ndim not in (1, 2) or not data.size:
        shape = None if data is None else data.shape
        raise RecordingError(f"its data have shape {shape}; a signal has samples, or samples and channels")
    n_samples, n_columns = data.shape[0], data.shape[1] if data.ndim == 2 else 1
    if n_columns > MOST_COLUMNS or data.size * 4 > LARGEST:
        raise RecordingError(
            f"{data.size:,} values in {n_columns:,} channels are more than are copied; cut it"
        )
    # Values first: what they declare is checked before their times are made.
    values = _values(file, group, data)
    time, by_clock = _times(file, group, n_samples)
    values, time = _ascending(values, time, name, notes)
    unit = hdf5.text_attribute(data, "unit")
    labels = _labels(file, group, name, n_columns)
    rows = np.full(n_columns, -1, np.int32)
    return Signal(
        State(values, time, short_name(group), "" if unit in ("n.a.", "unknown") else unit, rows, labels),
        by_clock,
    )


def _values(file: hdf5.OpenFile, group: h5py.Group, data: h5py.Dataset) -> np.ndarray:
    """(T, K) in the series' unit: stored value × conversion (of the series, and of each channel) + offset."""
    factor, offset = hdf5.number_attribute(data, "conversion"), hdf5.number_attribute(data, "offset")
    factor, offset = 1.0 if factor is None else factor, 0.0 if offset is None else offset
    if not np.isfinite([factor, offset]).all() or factor == 0:
        raise RecordingError(
            f"its values are to be multiplied by {factor:g} and raised by {offset:g}: impossible"
        )
    scale = factor * _channel_factors(file, group, data)
    native = data.dtype.newbyteorder("=")
    if np.all(scale == 1) and offset == 0:
        return hdf5.streamed(file, data, native, lambda block: block)
    # 24 bits hold every 16-bit sample, and what float32 had.
    small = data.dtype.itemsize <= 2 or native == np.float32
    dtype = np.dtype(np.float32 if small else np.float64)
    return hdf5.streamed(file, data, dtype, lambda block: block * scale + offset)


def _channel_factors(file: hdf5.OpenFile, group: h5py.Group, data: h5py.Dataset) -> np.ndarray:
    factors = hdf5.column(file, group, "channel_conversion")
    n_columns = data.shape[1] if data.ndim == 2 else 1
    if factors is None:
        return np.ones(1)
    if len(factors) != n_columns or not np.all(np.isfinite(factors)):
        raise RecordingError(f"its {len(factors):,} factors of channels do not fit {n_columns:,} channels")
    return factors.astype(np.float64)


def _times(file: hdf5.OpenFile, group: h5py.Group, n_samples: int) -> tuple[np.ndarray, bool]:
    stamps = hdf5.column(file, group, "timestamps")
    if stamps is not None:
        if len(stamps) != n_samples:
            raise RecordingError(f"it has {n_samples:,} samples and {len(stamps):,} times")
        return stamps.astype(np.float64), False
    start = hdf5.dataset_at(group, "starting_time")
    rate = None if start is None else hdf5.number_attribute(start, "rate")
    first = None if start is None else hdf5.scalar(start)
    if rate is None or first is None or not np.isfinite([rate, first]).all() or rate <= 0:
        raise RecordingError(f"it does not say when it was sampled (from {first} s, at {rate} Hz)")
    return _grid(first, rate, n_samples), True


def _grid(first: float, rate: float, n_samples: int) -> np.ndarray:
    """Times of samples, s."""
    time = room((n_samples,), np.float64, "when a signal was sampled")
    step = 2**22
    for at in range(0, n_samples, step):
        time[at : at + step] = first + np.arange(at, min(at + step, n_samples)) / rate
    return time


def _ascending(
    values: np.ndarray, time: np.ndarray, name: str, notes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The samples in order of time, without those that have none."""
    finite = np.isfinite(time)
    in_order = bool(np.all(time[1:] >= time[:-1])) if finite.all() else False
    if in_order:
        return values, time
    if isinstance(values, np.memmap):
        raise RecordingError("its times are not in order, and it is too large to sort")
    if not finite.all():
        lost = len(time) - int(np.count_nonzero(finite))
        notes.append(f"signal {name!r}: {lost:,} samples whose time is no number (NaN) were left out")
        values, time = values[finite], time[finite]
    if np.any(time[1:] < time[:-1]):
        notes.append(f"signal {name!r}: its times are not in order; its samples were sorted")
        order = np.argsort(time, kind="stable")
        values, time = values[order], time[order]
    return values, time


def _labels(file: hdf5.OpenFile, group: h5py.Group, name: str, n_columns: int) -> tuple[str, ...]:
    """What the channels are called: by the ids of their electrodes, or by their place."""
    if n_columns == 1:
        return (name,)
    electrodes = hdf5.column(file, group, "electrodes")
    table = hdf5.group_at(file.root, "general", "extracellular_ephys", "electrodes")
    ids = None if table is None else hdf5.column(file, table, "id")
    if electrodes is None or ids is None or len(electrodes) != n_columns:
        return tuple(f"{name} {place}" for place in range(n_columns))
    rows = integers(electrodes, f"electrodes of {name!r}")
    if rows.min() < 0 or rows.max() >= len(ids):
        return tuple(f"{name} {place}" for place in range(n_columns))
    return tuple(f"electrode {number}" for number in ids[rows])
