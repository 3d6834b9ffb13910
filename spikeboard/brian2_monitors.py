"""Live objects of Brian2 as parts of a recording; told apart by what they offer, Brian2 is not imported.

A subgroup is a population of its own, whose units keep their numbers in the whole group. What was recorded of the whole
is shared out among its subgroups, so that one neuron is one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from spikeboard.edges import Edges, synapses
from spikeboard.errors import RecordingError
from spikeboard.recording import clock
from spikeboard.stepped import Group, Joined, Part, RateSteps, SpikeSteps, StateSteps

Kind = Literal["spikes", "states", "rate", "synapses", "group", "network", ""]

_OFFERS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("spikes", frozenset({"source", "num_spikes", "record_variables", "clock", "variables"})),
    ("spikes", frozenset({"source", "num_events", "record_variables", "clock", "variables"})),
    ("states", frozenset({"source", "n_indices", "record_variables", "clock", "variables"})),
    ("rate", frozenset({"source", "smooth_rate", "clock", "variables"})),
    ("synapses", frozenset({"source", "target", "connect", "clock", "variables"})),
    ("group", frozenset({"start", "stop", "name", "clock", "variables"})),
    ("network", frozenset({"objects", "store", "restore", "run"})),
)
_BOOKKEEPING = ("t", "dt", "t_in_timesteps", "i", "j", "N", "lastupdate")
_WEIGHTS = ("w", "weight", "weights", "w_syn", "J", "g")


@dataclass(frozen=True)
class _Span:
    """Neurons start to stop - 1 of the group `whole`, which has `size`; `name` is that of the (sub)group."""

    whole: str
    size: int
    start: int
    stop: int
    name: str


@dataclass(frozen=True)
class Live:
    """What the objects hold, on a common step `dt` (s), and when the simulation stood still (s)."""

    parts: tuple[Part, ...]
    dt: float
    t_stop: float


def kind_of(thing: Any) -> Kind:
    """What an object of Brian2 is, "" where it is none."""
    offered = frozenset(dir(thing))
    for kind, needed in _OFFERS:
        if needed <= offered:
            return kind
    return ""


def live(things: Sequence[Any], dt: float | None = None) -> Live | None:
    """What objects of Brian2 hold; None where none of the objects is one.

    Parameters
    ----------
    things : spike, state and rate monitors, synapses, groups and subgroups, networks
    dt : the common step, s; None: the shortest that any of them has

    Raises
    ------
    RecordingError : where other objects are among them, or their clocks have no common step
    """
    kinds = [kind_of(thing) for thing in things]
    if not any(kinds):
        return None
    if not all(kinds):
        other = type(things[kinds.index("")]).__name__
        raise RecordingError(
            f"a {other} among objects of Brian2 keeps no common time with them: give them apart"
        )
    known = list(_known(things))
    if not known:
        raise RecordingError("the network holds no object that can be read")
    step = min(_dt(thing) for thing in known) if dt is None else dt
    groups = _populations(known)
    parts = [part for thing in known for part in _parts(thing, groups, step)]
    members = [group for inside in groups.values() for group in inside]
    return Live((*members, *parts), step, max(_now(thing) for thing in known))


def _known(things: Iterable[Any]) -> Iterator[Any]:
    """The objects, those of networks included, each once; Brian2 names each differently."""
    seen: set[str] = set()
    for thing in things:
        inner = (
            sorted(thing.objects, key=lambda one: str(one.name)) if kind_of(thing) == "network" else [thing]
        )
        for one in inner:
            if kind_of(one) and str(one.name) not in seen:
                seen.add(str(one.name))
                yield one


def _dt(thing: Any) -> float:
    return _number(thing.clock.dt_)


def _now(thing: Any) -> float:
    return _number(thing.clock.t_)


def _number(value: Any) -> float:
    return float(np.ravel(_array(value))[0])


def _array(value: Any) -> np.ndarray:
    """The numbers behind a view of a variable, without their unit."""
    return np.array(value[:]) if hasattr(value, "__getitem__") and np.ndim(value) else np.array(value)


# Populations -----------------------------------------------------------------------------------------------------


def _span(group: Any) -> _Span:
    start, stop = int(group.start), int(group.stop)
    whole = group.source if hasattr(group, "source") else group
    return _Span(str(whole.name), int(whole.stop), start, stop, str(group.name))


def _spans(thing: Any) -> list[_Span]:
    kind = kind_of(thing)
    if kind == "synapses":
        return [_span(thing.source), _span(thing.target)]
    return [_span(thing if kind == "group" else thing.source)]


def _populations(things: Sequence[Any]) -> dict[str, list[Group]]:
    """The populations of each whole group, in the order of its neurons: its subgroups, and what lies between."""
    spans = [span for thing in things for span in _spans(thing)]
    found: dict[str, list[Group]] = {}
    for whole in dict.fromkeys(span.whole for span in spans):
        mine = [span for span in spans if span.whole == whole]
        cuts = sorted({edge for span in mine for edge in (span.start, span.stop)})
        pieces = [
            (start, stop)
            for start, stop in pairwise(cuts)
            if any(span.start <= start and stop <= span.stop for span in mine)
        ]
        found[whole] = [_group(whole, start, stop, mine) for start, stop in pieces]
    return found


def _group(whole: str, start: int, stop: int, spans: Sequence[_Span]) -> Group:
    exact = [span.name for span in spans if (span.start, span.stop) == (start, stop)]
    name = whole if whole in exact else exact[0] if exact else f"{whole}[{start}:{stop}]"
    return Group((whole, start, stop), name, stop - start, first_id=start)


def _within(groups: Mapping[str, list[Group]], span: _Span) -> list[Group]:
    inside = groups[span.whole]
    return [group for group in inside if span.start <= group.first_id < span.stop]


# What each object holds --------------------------------------------------------------------------------------------


def _parts(thing: Any, groups: Mapping[str, list[Group]], dt: float) -> Iterator[Part]:
    kind = kind_of(thing)
    if kind == "spikes":
        yield from _spikes(thing, groups, dt)
    elif kind == "states":
        yield from _states(thing, groups, dt)
    elif kind == "rate":
        yield from _rate(thing, groups, dt)
    elif kind == "synapses":
        yield from _projections(thing, groups, dt)


def _steps(thing: Any, dt: float) -> np.ndarray:
    seconds = _array(thing.t_)
    if len(seconds) and clock(seconds, dt) is None:
        raise RecordingError(
            f"the times of {str(thing.name)[:60]!r} are no multiples of {dt:g} s: the clocks have no common step; give "
            "dt=…, of which all of them are multiples"
        )
    return np.rint(seconds / dt).astype(np.int64)


def _spikes(monitor: Any, groups: Mapping[str, list[Group]], dt: float) -> Iterator[Part]:
    if str(getattr(monitor, "event", "spike")) != "spike":
        yield f"{str(monitor.name)!r} monitors the event {str(monitor.event)!r}, which is no spike: it is left out"
        return
    if not monitor.record:
        yield f"{str(monitor.name)!r} counted spikes and did not record them (record=False): it is left out"
        return
    span, steps = _span(monitor.source), _steps(monitor, dt)
    ids = _array(monitor.i).astype(np.int64) + span.start
    for group in _within(groups, span):
        mine = (ids >= group.first_id) & (ids < group.first_id + group.size)
        yield SpikeSteps(group, steps[mine], ids[mine], ordered=False)


def _states(monitor: Any, groups: Mapping[str, list[Group]], dt: float) -> Iterator[Part]:
    if kind_of(monitor.source) != "group":
        yield f"{str(monitor.name)!r} records variables of synapses: it is left out"
        return
    span, steps = _span(monitor.source), _steps(monitor, dt)
    ids = np.atleast_1d(np.array(monitor.record)).astype(np.int64) + span.start
    for variable in monitor.record_variables:
        values = _array(getattr(monitor, f"{variable}_")).astype(np.float64).T
        for group in _within(groups, span):
            mine = np.flatnonzero((ids >= group.first_id) & (ids < group.first_id + group.size))
            if len(mine):
                unit = _unit(monitor, variable)
                yield StateSteps(group, str(variable), steps, values[:, mine], ids[mine], unit)


def _unit(thing: Any, variable: str) -> str:
    """The SI unit of a variable; Brian2 spells that of a pure number "rad" or "1"."""
    unit = str(getattr(thing.variables[variable], "unit", ""))
    return "" if unit in ("rad", "1", "1.0") else unit


def _rate(monitor: Any, groups: Mapping[str, list[Group]], dt: float) -> Iterator[Part]:
    span, width = _span(monitor.source), round(_dt(monitor) / dt)
    inside = _within(groups, span)
    label = "" if len(inside) == 1 else span.name
    yield RateSteps(inside[0], _steps(monitor, dt) + width - 1, _array(monitor.rate_), None, label)


def _projections(thing: Any, groups: Mapping[str, list[Group]], dt: float) -> Iterator[Part]:
    ends = _span(thing.source), _span(thing.target)
    edges, weight = _edges(thing, ends)
    if weight is None:
        known = ", ".join(_own_variables(thing)) or "none"
        yield (
            f"{str(thing.name)!r} has no variable called {', '.join(_WEIGHTS)} (it has {known}): its synapses are "
            "shown without weights"
        )
    elif unit := _unit(thing, weight):
        yield f"the weights of {str(thing.name)!r} are {weight!r} in {unit}"
    for source in _within(groups, ends[0]):
        for target in _within(groups, ends[1]):
            part = edges.where(_inside(edges.source, source) & _inside(edges.target, target))
            if len(part):
                yield _joined(part, source, target, dt)


def _edges(thing: Any, ends: tuple[_Span, _Span]) -> tuple[Edges, str | None]:
    source = _array(thing.i).astype(np.int64) + ends[0].start
    target = _array(thing.j).astype(np.int64) + ends[1].start
    weight = next((name for name in _WEIGHTS if name in _own_variables(thing)), None)
    values = None if weight is None else np.broadcast_to(_array(getattr(thing, f"{weight}_")), source.shape)
    delay = getattr(thing, "delay_", None)
    delays = None if delay is None else np.broadcast_to(_array(delay), source.shape)
    return Edges(source, target, values, delays), weight


def _own_variables(thing: Any) -> list[str]:
    """The variables of synapses themselves: neither those of the neurons at their ends, nor Brian2's bookkeeping."""
    names = [str(name) for name, variable in thing.variables.items() if _is_own(thing, variable)]
    return [name for name in names if name not in _BOOKKEEPING and not name.startswith(("_", "N_"))]


def _is_own(thing: Any, variable: Any) -> bool:
    owner = getattr(variable, "owner", None)
    return owner is None or str(getattr(owner, "name", "")) == str(thing.name)


def _inside(ids: np.ndarray, group: Group) -> np.ndarray:
    return (ids >= group.first_id) & (ids < group.first_id + group.size)


def _joined(part: Edges, source: Group, target: Group, dt: float) -> Joined:
    placed = Edges(part.source - source.first_id, part.target - target.first_id, part.weight, part.delay)
    rows = synapses(placed, source.label, target.label, source.size)
    steps = None if rows.delay is None else rows.delay / dt
    return Joined(source, target, rows.indptr, rows.indices, rows.weight, steps)
