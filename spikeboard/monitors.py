"""Recordings from the live monitors of a simulation that has just run.

Objects are told apart by what they offer, never by their class: nothing of a simulator is imported. What one kind of
object becomes is one adapter, a function in `ADAPTERS`; they are tried in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from spikeboard import brian2_monitors
from spikeboard.errors import RecordingError
from spikeboard.objects import from_objects
from spikeboard.recording import Recording
from spikeboard.spike_tensors import Told, from_arrays, in_memory
from spikeboard.stepped import (
    Group,
    Joined,
    Part,
    RateSteps,
    SpikeSteps,
    StateSteps,
    assemble,
    steps_per_second,
)

Adapter = tuple[frozenset[str], Callable[[Any], Iterator[Part]]]


def from_monitors(
    *objects: Any,
    dt: float | None = None,
    name: str = "run",
    t_stop: float | None = None,
    n_steps: int | Sequence[int] | None = None,
    model_dt: float | None = None,
    unplaced: str | None = None,
    axes: str | None = None,
    batch: str = "runs",
) -> Recording:
    """A recording from SC-NeuroCore objects: networks, monitors of spikes, states and rates, projections, populations.

    Or from objects of Neo, pynapple or SpikeInterface (`spikeboard.objects`), or of Brian2: these know their times, and
    need no dt. Or from dense arrays of 0 and 1, also in a dictionary by layer (`spikeboard.spike_tensors`).

    Populations that any of them refers to are listed with all their units, silent ones included. A second run of a
    network, whose clock starts at 0 again, is put after the first (intervals "runs").

    Parameters
    ----------
    objects : any mix, also in lists; a network brings everything that was added to it
    dt : the step with which the network was run, s: the monitors do not know it
    name : what to call the recording
    t_stop : when the simulation ended, s; None: as far as state monitors and `n_steps` tell, else the last spike
    n_steps : steps of each run, one number for all or one per run; None: as far as the monitors tell
    model_dt : the step that the neuron models integrate, s; None: theirs, taken as ms
    unplaced : "first" or "last": which runs a monitor saw whose clock restarts less often than there were runs
    axes : of arrays, such as "TBN" (T time, B batch, N neuron)
    batch : of arrays: "runs" puts their samples one after another, "populations" side by side

    Returns
    -------
    Recording on the clock of the simulation; states are called "population.variable", projections "source→target"

    Raises
    ------
    RecordingError : for an object that is none of these, or objects that contradict each other
    Undecided : where it cannot be told in which of several runs a monitor recorded, or which axis of an array is which
    """
    things = list(_flat(objects))
    # First, for some of their signals are arrays, too.
    found = from_objects(things, name=name, t_stop=t_stop)
    if found is not None:
        return found
    arrays = in_memory(things)
    if arrays is not None:
        return from_arrays(arrays, Told(axes, dt, batch, t_stop=t_stop), name)
    brian = brian2_monitors.live(things, dt)
    if brian is not None:
        end = brian.t_stop if t_stop is None and n_steps is None else t_stop
        return assemble(brian.parts, dt=brian.dt, name=name, n_steps=n_steps, t_stop=end)
    if dt is None:
        raise RecordingError(
            "these monitors count steps: give the simulation step in seconds, such as dt=1e-4"
        )
    steps_per_second(dt)
    parts = [part for thing in things for part in adapted(thing)]
    groups = [part for part in parts if isinstance(part, Group)]
    steps = [note for group in dict.fromkeys(groups) for note in _own_step(group, dt, model_dt)]
    return assemble([*parts, *steps], dt=dt, name=name, n_steps=n_steps, t_stop=t_stop, unplaced=unplaced)


def adapted(thing: Any) -> list[Part]:
    """What an object holds, read by the first adapter that knows it.

    Raises
    ------
    RecordingError : where none does
    """
    offered = frozenset(dir(thing))
    for needed, adapter in ADAPTERS:
        if needed <= offered:
            return list(adapter(thing))
    raise RecordingError(
        f"from_monitors cannot read a {type(thing).__name__}: it takes networks, populations, projections and "
        "monitors of spikes, states and rates, told by what they offer"
    )


def _flat(objects: Iterable[Any]) -> Iterator[Any]:
    for thing in objects:
        if isinstance(thing, list | tuple):
            yield from _flat(thing)
        else:
            yield thing


# SC-NeuroCore --------------------------------------------------------------------------------------------------


def _network(network: Any) -> Iterator[Part]:
    kinds = ("populations", "projections", "spike_monitors", "state_monitors", "rate_monitors")
    for kind in kinds:
        for thing in getattr(network, kind):
            yield from adapted(thing)
    stimuli = getattr(network, "stimuli", ())
    if stimuli:
        yield _unseen(stimuli)


def _unseen(stimuli: Sequence[Any]) -> str:
    kinds = ", ".join(sorted({type(stimulus).__name__ for stimulus in stimuli}))
    return f"the stimuli ({len(stimuli)}: {kinds}) drive the network without a record: they are not shown"


def _stimulus(stimulus: Any) -> Iterator[Part]:
    yield _unseen([stimulus])


def _group(population: Any) -> Group:
    size = int(population.n)
    model = np.full(size, str(getattr(population, "model_name", "")))
    return Group(id(population), str(population.label), size, {"model": model}, _own_dt(population))


def _own_dt(population: Any) -> float | None:
    own = getattr(next(iter(getattr(population, "neurons", ())), None), "dt", None)
    return float(own) if isinstance(own, int | float) and own > 0 else None


def _population(population: Any) -> Iterator[Part]:
    yield _group(population)


def _spike_monitor(monitor: Any) -> Iterator[Part]:
    group = _group(monitor.population)
    # Each of the monitor's properties builds its arrays anew from lists: read once.
    steps, ids = monitor.raster_data()
    yield group
    yield SpikeSteps(group, np.asarray(steps), np.asarray(ids))


def _state_monitor(monitor: Any) -> Iterator[Part]:
    group, steps = _group(monitor.population), np.asarray(monitor.t)
    ids = (
        np.arange(group.size) if monitor.record is None else np.arange(group.size)[np.asarray(monitor.record)]
    )
    known = _variables(monitor.population)
    yield group
    for variable, values in monitor.traces.items():
        yield from state_parts(group, str(variable), steps, np.asarray(values), ids, known)


def _variables(population: Any) -> frozenset[str] | None:
    read = getattr(population, "get_states", None)
    return None if read is None else frozenset(read())


def state_parts(
    group: Group,
    variable: str,
    steps: np.ndarray,
    values: np.ndarray,
    ids: np.ndarray,
    known: frozenset[str] | None = None,
) -> Iterator[Part]:
    """A recorded variable, or a note on why it is left out.

    Parameters
    ----------
    group : the population
    variable : its name
    steps : (T,) int
    values : (T, K), as recorded
    ids : (K,) int, units recorded
    known : the variables that the model has, None where that is unknown
    """
    what = f"{variable!r} of {group.label!r}"
    if not len(steps):
        yield f"{what} was to be recorded, but the monitor has seen no step: it is left out"
    elif values.dtype.kind not in "biuf":
        yield f"{what} holds no numbers ({values.dtype}): it is left out"
    elif values.shape != (len(steps), len(ids)):
        expected = (len(steps), len(ids))
        yield f"{what} has values of shape {values.shape}, not {expected} (steps, units): it is left out"
    else:
        yield StateSteps(group, variable, steps, values.astype(np.float64), ids)
        yield from _nothing_but_zeros(what, group, variable, values, known)


def _nothing_but_zeros(
    what: str, group: Group, variable: str, values: np.ndarray, known: frozenset[str] | None
) -> Iterator[str]:
    if known is not None and variable not in known:
        names = ", ".join(sorted(known)[:20])
        yield f"{what} is no variable of this model (it has {names}): the monitor recorded zeros in its place"
    elif known is None and not values.any():
        yield f"{what} is zero throughout: SC-NeuroCore records zeros for a variable that the model does not have"


def _rate_monitor(monitor: Any) -> Iterator[Part]:
    group = _group(monitor.population)
    yield group
    steps, rate = np.asarray(monitor.t), np.asarray(monitor.rate, np.float64)
    if not len(steps):
        yield f"the rate monitor of {group.label!r} has completed no bin of {monitor.bin_ms:g} ms: it is left out"
    yield RateSteps(group, steps, rate, float(monitor.bin_ms))


def _projection(projection: Any) -> Iterator[Part]:
    source, target = _group(projection.source), _group(projection.target)
    yield source
    yield target
    delay = _delay_steps(projection)
    yield Joined(source, target, projection.indptr, projection.indices, projection.data, delay)
    name = f"{source.label}→{target.label}"
    if np.any(delay != np.asarray(projection.delay)):
        yield f"{name}: delays that are no whole number of steps are given as the simulator rounds them"
    if getattr(projection, "plasticity", None):
        yield f"{name} is plastic ({projection.plasticity}): its weights are those at the end of the run"


def _delay_steps(projection: Any) -> np.ndarray:
    """Delays in steps as the simulator applies them: whole, and not below one where there is a uniform one."""
    if getattr(projection, "delay_mode", "none") != "per_synapse":
        return np.asarray(float(projection.max_delay))
    return np.maximum(np.rint(np.asarray(projection.delay, np.float64)), 0)


def _own_step(group: Group, dt: float, model_dt: float | None) -> Iterator[str]:
    own_ms = group.own_dt if model_dt is None else model_dt * 1000
    if own_ms is None or not group.size or abs(own_ms - dt * 1000) <= 1e-9 * own_ms:
        return
    how = " (their dt, taken as ms)" if model_dt is None else ""
    yield (
        f"the neurons of {group.label!r} integrate {own_ms:g} ms at each step{how}, but times here count "
        f"{dt * 1000:g} ms per step, the dt of the run, which SC-NeuroCore does not hand to its neurons: in their "
        f"own time, rates are {dt * 1000 / own_ms:.4g} times those shown; dt={own_ms / 1000:g} shows them so"
    )


def _trace(trace: Any) -> Iterator[Part]:
    """The dense trace of a SpikeTracer: (steps, neurons) of spikes, voltages and currents, all populations in turn."""
    labels = list(trace.population_labels) or ["neurons"]
    ranges = list(trace.population_ranges) or [(0, int(trace.n_neurons))]
    spikes, steps = np.asarray(trace.spikes), np.arange(int(trace.n_steps))
    for number, (label, (start, stop)) in enumerate(zip(labels, ranges, strict=True)):
        group = Group((id(trace), number), str(label), int(stop) - int(start))
        yield group
        yield SpikeSteps(group, *np.nonzero(spikes[:, start:stop]), ordered=False)
        for variable, values in (("v", trace.voltages), ("current", trace.currents)):
            yield StateSteps(
                group, variable, steps, np.asarray(values, np.float64)[:, start:stop], np.arange(group.size)
            )


ADAPTERS: tuple[Adapter, ...] = (
    (frozenset({"spikes", "voltages", "currents", "population_labels", "population_ranges"}), _trace),
    (
        frozenset({"populations", "projections", "spike_monitors", "state_monitors", "rate_monitors"}),
        _network,
    ),
    (frozenset({"population", "raster_data"}), _spike_monitor),
    (frozenset({"population", "variables", "record", "traces", "t"}), _state_monitor),
    (frozenset({"population", "bin_ms", "rate", "t"}), _rate_monitor),
    (frozenset({"source", "target", "indptr", "indices", "data", "max_delay"}), _projection),
    (frozenset({"n", "label", "neurons"}), _population),
    (frozenset({"target", "get_current"}), _stimulus),
)
