"""A recording from dense arrays of 0 and 1: time × batch × neuron, as networks trained by gradients keep their spikes.

Such arrays know neither how long a step is nor which axis is which: both are told, or asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.errors import Choice, Question, RecordingError, Undecided
from spikeboard.recording import PopulationSpikes, Recording, State, gather, recording
from spikeboard.stepped import distinct, steps_per_second

# In the order in which they are offered; the first of each is what snnTorch, Norse and SpikingJelly keep.
ORDERS = {2: ("TN", "NT"), 3: ("TBN", "BTN", "BNT", "TNB", "NTB", "NBT")}
AXES = {"T": "time", "B": "batch", "N": "neuron"}
STEPS = (1e-3, 5e-4, 1e-4)
BATCHES = ("runs", "populations")
MOST_UNITS = 2_000_000
# As far as one array of steps reaches.
MOST_STEPS = 2**40
MOST_ONES = 200_000_000
_CHUNK = 2**22


@dataclass(frozen=True, eq=False)
class Tensor:
    """An array of spikes or of a state.

    name : of the layer
    shape : (a, b) or (a, b, c); further axes are folded into the last
    ones : where it is 1, one array of positions for each axis; None for a state
    values : of a state, of that shape; None for spikes
    folded : the axes that were folded into the last, empty where none were
    """

    name: str
    shape: tuple[int, ...]
    ones: tuple[np.ndarray, ...] | None = None
    values: np.ndarray | None = None
    folded: tuple[int, ...] = ()


@dataclass(frozen=True)
class Told:
    """What the arrays do not know.

    axes : such as "TBN"
    dt : s
    batch : "runs" (one after another) or "populations"
    t_start, t_stop : s, None: from 0 to the end of the last step
    """

    axes: str | None = None
    dt: float | None = None
    batch: str = "runs"
    t_start: float | None = None
    t_stop: float | None = None


def tensor(name: str, values: np.ndarray) -> Tensor | None:
    """An array as spikes where it holds 0 and 1 alone, as a state where it holds other numbers; None for neither.

    Raises
    ------
    RecordingError : for more ones than there are spikes in any recording
    """
    values, folded = _folded(np.asarray(values))
    if values.ndim not in ORDERS or values.dtype.kind not in "biuf" or not values.size:
        return None
    if is_binary(values):
        if np.count_nonzero(values) > MOST_ONES:
            raise RecordingError(
                f"array {name[:40]!r} holds more than {MOST_ONES:,} ones: these are no spikes"
            )
        return Tensor(name, values.shape, np.nonzero(values), folded=folded)
    return Tensor(name, values.shape, values=values, folded=folded) if values.dtype.kind == "f" else None


def in_memory(things: Sequence[Any]) -> dict[str, np.ndarray] | None:
    """Arrays of two axes or more, by the names that they have in dictionaries; None where there are none.

    Parameters
    ----------
    things : NumPy arrays, tensors of PyTorch (on any device), or dictionaries of them

    Raises
    ------
    RecordingError : where other objects are among them
    """
    found: list[tuple[str, Any]] = []
    for number, thing in enumerate(things):
        inner = (
            thing.items()
            if isinstance(thing, dict)
            else [(f"layer {number}" if len(things) > 1 else "units", thing)]
        )
        found += [(str(name), one) for name, one in inner]
    arrays = [_is_array(one) for _, one in found]
    if not found or not any(arrays):
        return None
    if not all(arrays):
        other = type(found[arrays.index(False)][1]).__name__
        raise RecordingError(f"a {other} among arrays of spikes cannot be read: give it apart")
    named: dict[str, np.ndarray] = {}
    for name, one in found:
        named[distinct(name, named)] = _on_host(one)
    return named


def from_arrays(arrays: Mapping[str, np.ndarray], told: Told, name: str) -> Recording:
    """A recording from arrays in memory, as `from_tensors`; which axis is time need not be told of layers that differ.

    Raises
    ------
    Undecided : for axes and step that nobody told
    RecordingError : where arrays do not fit together
    """
    tensors = {key: tensor(key, array) for key, array in arrays.items()}
    notes = [
        f"array {key!r} ({arrays[key].dtype}, shape {arrays[key].shape}) holds neither spikes nor a state: left out"
        for key, one in tensors.items()
        if one is None
    ]
    found = [one for one in tensors.values() if one is not None]
    if told.axes is None and _time_first(found):
        told = replace(told, axes="TN")
        notes.append(
            "the first axis was taken as time: all layers share its length, and differ in the second"
        )
    return from_tensors(name, found, told, notes)


def _time_first(found: Sequence[Tensor]) -> bool:
    shapes = [one.shape for one in found]
    return len(shapes) > 1 and all(map(_is_matrix, shapes)) and _one(shapes, 0) and not _one(shapes, 1)


def _is_matrix(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2


def _one(shapes: Sequence[tuple[int, ...]], axis: int) -> bool:
    return len({shape[axis] for shape in shapes}) == 1


def _is_array(thing: Any) -> bool:
    shape = getattr(thing, "shape", None)
    return (
        isinstance(shape, tuple)
        and len(shape) >= 2
        and (hasattr(thing, "__array__") or hasattr(thing, "detach"))
    )


def _on_host(thing: Any) -> np.ndarray:
    if hasattr(thing, "detach"):
        thing = thing.detach().cpu()
        thing = (thing.to_dense() if getattr(thing, "is_sparse", False) else thing).numpy()
    return np.asarray(thing)


def is_binary(values: np.ndarray) -> bool:
    """Whether an array holds 0 and 1 alone."""
    if values.dtype.kind == "b":
        return True
    flat = values.reshape(-1)
    parts = (flat[at : at + _CHUNK] for at in range(0, len(flat), _CHUNK))
    return all(bool(np.all((part == 0) | (part == 1))) for part in parts)


def from_tensors(
    name: str, tensors: Sequence[Tensor], told: Told, notes: Sequence[str] = (), source: str = ""
) -> Recording:
    """A recording with each array of spikes as a population, and each state beside the spikes of its size.

    Parameters
    ----------
    name : what to call the recording, and how questions call it
    tensors : of the same number of steps and samples, at least one of spikes
    told : what they do not know

    Raises
    ------
    Undecided : for axes and step that nobody told
    RecordingError : where arrays do not fit together
    """
    spikes = [one for one in tensors if one.ones is not None]
    if not spikes:
        raise RecordingError(f"{name}: no array holds 0 and 1 alone, as spikes do: nothing to read")
    _check_told(name, spikes, told)
    axes, dt = _decided(name, spikes, told)
    n_steps, n_samples = _common(name, spikes, axes)
    layers = {distinct_name: one for distinct_name, one in _named(spikes)}
    populations = [
        part
        for key, one in layers.items()
        for part in _populations(key, one, axes, dt, told.batch, n_samples)
    ]
    table, times, rows = gather(populations)
    per_second = steps_per_second(dt)
    runs = n_samples if told.batch == "runs" else 1
    states, left_out = _states(tensors, layers, axes, per_second, (n_steps, n_samples), told.batch)
    return recording(
        name,
        times,
        rows,
        table,
        t_start=told.t_start or 0.0,
        t_stop=runs * n_steps / per_second if told.t_stop is None else told.t_stop,
        sampling_rate=per_second,
        states=states,
        intervals=_samples(n_steps, runs, per_second),
        notes=[*notes, *_told(spikes, axes, n_steps, n_samples, told.batch), *left_out],
        source=source,
    )


def _folded(values: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Convolutional layers have channels, rows and columns: together they are the neurons."""
    if values.ndim <= 3:
        return values, ()
    return values.reshape(*values.shape[:2], -1), values.shape[2:]


# What is asked ---------------------------------------------------------------------------------------------------


def _check_told(name: str, spikes: Sequence[Tensor], told: Told) -> None:
    ranks = {len(one.shape) for one in spikes}
    if len(ranks) > 1:
        raise RecordingError(f"{name}: some arrays have two axes, some three or more: open them one by one")
    possible = ORDERS[ranks.pop()]
    if told.axes is not None and told.axes not in possible:
        raise RecordingError(
            f"axes={told.axes[:20]!r} does not fit arrays of {len(possible[0])} axes: they are one of "
            f"{', '.join(possible)} (T time, B batch, N neuron)"
        )
    if told.batch not in BATCHES:
        raise RecordingError(f"batch={told.batch[:20]!r} is none of {', '.join(map(repr, BATCHES))}")


def _decided(name: str, spikes: Sequence[Tensor], told: Told) -> tuple[str, float]:
    axes = told.axes
    questions = [
        *([] if axes else [_which_axes(name, spikes)]),
        *([] if told.dt else [_which_step(name, spikes)]),
    ]
    if questions or not axes or not told.dt:
        raise Undecided(questions)
    return axes, told.dt


def _which_axes(name: str, spikes: Sequence[Tensor]) -> Question:
    orders = ORDERS[len(spikes[0].shape)]
    folded = any(one.folded for one in spikes)
    fitting = [axes for axes in orders if _fits(spikes, axes) and not (folded and axes[-1] != "N")]
    choices = tuple(
        Choice(axes, " × ".join(AXES[letter] for letter in axes), _implied(spikes, axes))
        for axes in fitting or orders
    )
    shapes = ", ".join(f"{one.name[:40]} {one.shape}" for one in spikes[:3])
    text = f"{name}: the arrays do not tell which axis is which ({shapes})."
    return Question("axes", text, choices, choices[0].value if choices[0].value == orders[0] else None)


def _implied(spikes: Sequence[Tensor], axes: str) -> str:
    sizes = dict(zip(axes, spikes[0].shape, strict=True))
    units = sum(one.shape[axes.index("N")] for one in spikes)
    samples = f", {sizes['B']:,} samples" if "B" in sizes else ""
    return f"{sizes['T']:,} steps{samples}, {units:,} units"


def _which_step(name: str, spikes: Sequence[Tensor]) -> Question:
    n_ones = sum(len(one.ones[0]) for one in spikes if one.ones)
    density = n_ones / max(sum(prod(one.shape) for one in spikes), 1)
    choices = tuple(
        Choice(repr(dt), f"dt = {dt * 1e3:g} ms", f"mean rate {density / dt:.3g} Hz per unit") for dt in STEPS
    )
    text = f"{name}: time is counted in steps, and the arrays do not tell how long a step is. Give dt in seconds."
    return Question("dt", text, choices, other="another dt, in seconds")


def _fits(spikes: Sequence[Tensor], axes: str) -> bool:
    shared = [[one.shape[at] for at, letter in enumerate(axes) if letter != "N"] for one in spikes]
    return all(sizes == shared[0] for sizes in shared)


def _common(name: str, spikes: Sequence[Tensor], axes: str) -> tuple[int, int]:
    if not _fits(spikes, axes):
        shapes = ", ".join(f"{one.name[:40]} {one.shape}" for one in spikes[:6])
        raise RecordingError(
            f"{name}: with axes {axes} the arrays differ in steps or samples ({shapes}): open them one by one"
        )
    units = sum(one.shape[axes.index("N")] for one in spikes)
    sizes = dict(zip(axes, spikes[0].shape, strict=True))
    n_samples = sizes.get("B", 1)
    if units * n_samples > MOST_UNITS * 10 or units > MOST_UNITS or sizes["T"] * n_samples > MOST_STEPS:
        raise RecordingError(
            f"{name}: with axes {axes} there are {units:,} units: more than {MOST_UNITS:,} are not read"
        )
    return sizes["T"], n_samples


# Populations and states ------------------------------------------------------------------------------------------


def _named(spikes: Sequence[Tensor]) -> Iterator[tuple[str, Tensor]]:
    taken: list[str] = []
    for one in spikes:
        taken.append(distinct(one.name, taken))
        yield taken[-1], one


def _populations(
    name: str, one: Tensor, axes: str, dt: float, batch: str, n_samples: int
) -> Iterator[PopulationSpikes]:
    at = dict(zip(axes, one.ones or (), strict=True))
    steps, units = at["T"], at["N"]
    sample = at.get("B", np.zeros(len(steps), np.int64))
    sizes = dict(zip(axes, one.shape, strict=True))
    known, per_second = np.arange(sizes["N"]), steps_per_second(dt)
    if batch == "runs" or n_samples == 1:
        yield PopulationSpikes(name, units, (sample * sizes["T"] + steps) / per_second, known)
        return
    for number in range(n_samples):
        mine = sample == number
        yield PopulationSpikes(f"{name}[{number}]", units[mine], steps[mine] / per_second, known)


def _states(
    tensors: Sequence[Tensor],
    layers: dict[str, Tensor],
    axes: str,
    per_second: float,
    size: tuple[int, int],
    batch: str,
) -> tuple[dict[str, State], list[str]]:
    """States, at the population whose spikes have their shape where there is one such."""
    found: dict[str, State] = {}
    notes = []
    first, starts = 0, {}
    copies = size[1] if batch == "populations" else 1
    for name, layer in layers.items():
        starts[name] = first
        first += layer.shape[axes.index("N")] * copies
    for one in tensors:
        if one.values is None:
            continue
        homes = [name for name, layer in layers.items() if layer.shape == one.shape]
        if len(one.shape) != len(axes) or not _fits([*layers.values(), one], axes):
            notes.append(
                f"array {one.name!r} is left out: its shape {one.shape} does not fit that of the spikes"
            )
            continue
        home = homes[0] if len(homes) == 1 else ""
        notes += _about_home(one.name, home, homes)
        for key, state in _state(one, axes, per_second, batch, home, starts.get(home, -1)):
            found[distinct(key, found)] = state
    return found, notes


def _state(
    one: Tensor, axes: str, per_second: float, batch: str, home: str, first: int
) -> Iterator[tuple[str, State]]:
    values = np.asarray(one.values)
    order = [axes.index(letter) for letter in "BTN" if letter in axes]
    values = np.transpose(values, order)
    values = values if "B" in axes else values[None]
    n_units = values.shape[-1]
    groups = [values.reshape(-1, n_units)] if batch == "runs" else list(values)
    for number, part in enumerate(groups):
        suffix = f"[{number}]" if len(groups) > 1 else ""
        population = f"{home or one.name}{suffix}"
        rows = np.full(n_units, -1) if first < 0 else first + number * n_units + np.arange(n_units)
        labels = tuple(f"{population} {unit}" for unit in range(n_units))
        key = f"{population}.{one.name}" if home else population
        time = np.arange(len(part)) / per_second
        yield key, State(part, time, one.name, "", rows.astype(np.int32), labels)


def _about_home(name: str, home: str, homes: Sequence[str]) -> list[str]:
    if home:
        return [
            f"array {name!r} holds other numbers than 0 and 1: it is a state of {home!r}, whose shape it has"
        ]
    why = f"{len(homes)} arrays of spikes have its shape" if homes else "no array of spikes has its shape"
    return [f"array {name!r} holds other numbers than 0 and 1: it is a state, of no unit, for {why}"]


def _samples(n_steps: int, runs: int, per_second: float) -> dict[str, pd.DataFrame]:
    if runs < 2:
        return {}
    start = np.arange(runs) * n_steps
    return {
        "samples": pd.DataFrame(
            {"start": start / per_second, "stop": (start + n_steps) / per_second, "sample": np.arange(runs)}
        )
    }


def _told(spikes: Sequence[Tensor], axes: str, n_steps: int, n_samples: int, batch: str) -> Iterator[str]:
    if n_samples > 1 and batch == "runs":
        yield (
            f"the {n_samples:,} samples of the batch are runs of the same units, put one after another, {n_steps:,} "
            'steps each (intervals "samples"): an interval that spans such a moment joins two runs; '
            'batch="populations" sets them side by side'
        )
    elif n_samples > 1:
        yield (
            f"the {n_samples:,} samples of the batch are populations side by side; "
            'batch="runs" puts them one after another'
        )
    for one in spikes:
        if one.folded:
            shape = " × ".join(map(str, one.folded))
            yield f"{one.name!r}: the neurons of a layer of {shape} are numbered row by row (C order)"
