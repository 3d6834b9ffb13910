"""SC-NeuroCore Studio's JSON: results of its network canvas, replay packs of single neurons, its E/I network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from spikeboard.errors import RecordingError
from spikeboard.readers import reader
from spikeboard.readers.spikelist import MOST_UNITS, answers
from spikeboard.recording import Recording
from spikeboard.stepped import Group, Joined, Part, RateSteps, SpikeSteps, StateSteps, assemble

GRAPH = "studio.network-graph-result.v1"
PACKS = ("studio.replay-pack.v1", "studio.replay-pack.v2")
# Studio writes at most 32 MiB.
LARGEST = 40 * 2**20
_SCHEMA = re.compile(rb'"schema_version"\s*:\s*"studio\.(?:network-graph-result|replay-pack)\.v[0-9]+"')
_EI = re.compile(rb'\s*\{\s*"spike_times"\s*:\s*\[')
_LOOKED_AT = 2**16


def sniff(path: Path) -> bool:
    """Whether a file is JSON that Studio wrote."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            begins = file.read(_LOOKED_AT)
    except OSError:
        return False
    return begins.lstrip()[:1] == b"{" and bool(_SCHEMA.search(begins) or _EI.match(begins))


@reader("SC-NeuroCore Studio", sniff, order=19)
def read(path: Path, t_start: float | None = None, t_stop: float | None = None) -> Recording:
    """A network's spikes, rates and synapses, or a neuron's spikes and states, as Studio saved them.

    Parameters
    ----------
    path : .json
    t_start, t_stop : s

    Raises
    ------
    RecordingError : where the JSON is broken, or lacks what its schema promises
    """
    given = answers(t_start=t_start, t_stop=t_stop)
    content = _loaded(path)
    schema = content.get("schema_version")
    parts_of = _network if schema == GRAPH else _neuron if schema in PACKS else _ei_network
    if schema is not None and schema not in (GRAPH, *PACKS):
        known = ", ".join((GRAPH, *PACKS))
        raise RecordingError(f"{path.name} is of the schema {str(schema)[:60]!r}; known are {known}")
    parts, dt_ms, n_steps = _guarded(path, parts_of, content)
    return assemble(
        parts,
        dt=dt_ms / 1000,
        name=path.stem,
        n_steps=n_steps,
        t_start=given.t_start or 0.0,
        t_stop=given.t_stop,
        source=str(path),
    )


def _loaded(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > LARGEST:
        raise RecordingError(
            f"{path.name} has {size:,} bytes: Studio writes at most 32 MiB, so it is not read"
        )
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as problem:
        raise RecordingError(f"{path.name} is no JSON ({problem}): save it again") from None
    if not isinstance(content, dict):
        raise RecordingError(f"{path.name} holds a list, not a result of Studio")
    return content


_Parts = tuple[list[Part], float, int]


def _guarded(
    path: Path, parts_of: Callable[[Mapping[str, Any]], _Parts], content: Mapping[str, Any]
) -> _Parts:
    try:
        return parts_of(content)
    except KeyError as missing:
        raise RecordingError(
            f"{path.name} lacks {missing}, which every result of Studio has: save it again"
        ) from None
    except (TypeError, AttributeError, ValueError, OverflowError) as problem:
        if isinstance(problem, RecordingError):
            raise RecordingError(f"{path.name}: {problem}") from None
        raise RecordingError(
            f"{path.name} holds something else than its schema says: save it again"
        ) from None


# A network of the canvas -----------------------------------------------------------------------------------------


def _network(content: Mapping[str, Any]) -> _Parts:
    spec = content.get("spec") or {}
    dt_ms = _number("dt", content["dt"] if "dt" in content else spec["dt"])
    n_steps = _count("n_steps", content["n_steps"] if "n_steps" in content else spec["n_steps"])
    blocks = list(content["populations"])
    groups = {str(block.get("id", block["label"])): _group(block) for block in blocks}
    if len(groups) < len(blocks):
        raise RecordingError("two of its populations have the same id")
    parts: list[Part] = [*groups.values()]
    for block, group in zip(blocks, groups.values(), strict=True):
        parts += _activity(group, block)
    topology = content.get("topology") or {}
    for block in topology.get("projections", ()):
        parts += _projection(groups, block)
    return parts, dt_ms, n_steps


def _group(block: Mapping[str, Any]) -> Group:
    size, label = _count("count", block["count"]), str(block.get("label") or block["id"])
    if size > MOST_UNITS:
        raise RecordingError(
            f"population {label[:40]!r} has {size:,} units: more than {MOST_UNITS:,} are not read"
        )
    told = {name: block[name] for name in ("model", "neuron_type") if isinstance(block.get(name), str)}
    columns = {name: np.full(size, value) for name, value in told.items()}
    return Group(str(block.get("id", label)), label, size, columns)


def _activity(group: Group, block: Mapping[str, Any]) -> Iterator[Part]:
    events = block["events"]
    steps, units = _whole("events.step", events["step"]), _whole("events.neuron", events["neuron"])
    if len(steps) != len(units):
        raise RecordingError(
            f"{group.label!r} has {len(steps):,} steps for {len(units):,} spikes: they must pair up"
        )
    if len(units) and not 0 <= units.min() <= units.max() < group.size:
        raise RecordingError(f"{group.label!r} has {group.size:,} units, but unit {units.max():,} spikes")
    order = np.lexsort((units, steps))
    yield SpikeSteps(group, steps[order], units[order], ordered=False)
    rate = block.get("rate")
    if isinstance(rate, Mapping) and rate.get("rate_hz"):
        width, values = _count("bin_steps", rate["bin_steps"]), _numbers("rate_hz", rate["rate_hz"])
        yield RateSteps(group, (np.arange(len(values)) + 1) * width - 1, values, None)


def _projection(groups: Mapping[str, Group], block: Mapping[str, Any]) -> Iterator[Part]:
    ends = [str(block["source"]), str(block["target"])]
    if unknown := [end for end in ends if end not in groups]:
        raise RecordingError(f"a projection joins population {unknown[0][:40]!r}, which the result lacks")
    source, target = (groups[end] for end in ends)
    if "indptr" not in block or "indices" not in block:
        number = _count("n_synapses", block["n_synapses"])
        yield (
            f"{source.label}→{target.label}: Studio left out its {number:,} synapses (it writes 200,000 at most): "
            "the projection is not shown"
        )
        return
    indices = _whole("indices", block["indices"])
    weights = block.get("data", block["weight"])
    weight = (
        np.full(len(indices), _number("weight", weights))
        if not isinstance(weights, list)
        else _numbers("data", weights)
    )
    delay = np.asarray(_numbers("delay_steps", block.get("delay_steps", 0)))
    yield Joined(source, target, _whole("indptr", block["indptr"]), indices, weight, delay)


# A neuron's replay pack ------------------------------------------------------------------------------------------


def _neuron(content: Mapping[str, Any]) -> _Parts:
    expected = content["expectation"]
    request = content.get("request") or {}
    label = str(request.get("name") or "neuron")
    group = Group(label, label, 1)
    steps, n_steps = _whole("spikes", expected["spikes"]), _count("n_steps", expected["n_steps"])
    parts: list[Part] = [
        group,
        SpikeSteps(group, np.sort(steps), np.zeros(len(steps), np.int64), ordered=False),
    ]
    for variable, state in (expected.get("states") or {}).items():
        parts += _states(group, str(variable), state, n_steps)
    return parts, _number("dt", expected["dt"]), n_steps


def _states(group: Group, variable: str, state: Mapping[str, Any], n_steps: int) -> Iterator[Part]:
    if "samples" not in state:
        yield f"the samples of {variable!r} are not in the pack (those of version 1 have digests alone)"
        return
    samples = np.asarray(state["samples"], np.float64)
    if samples.ndim not in (1, 2) or len(samples) != n_steps:
        yield (
            f"{variable!r} is left out: it has {len(np.atleast_1d(samples)):,} samples for {n_steps:,} steps, so that "
            "their times are not known"
        )
        return
    for at, values in enumerate(samples.reshape(n_steps, -1).T):
        name = f"{variable}[{at}]" if samples.ndim == 2 else variable
        yield StateSteps(group, name, np.arange(n_steps), values[:, None], np.array([0]))


# The E/I network -------------------------------------------------------------------------------------------------


def _ei_network(content: Mapping[str, Any]) -> _Parts:
    dt_ms = _number("dt", content["dt"])
    sizes = {"excitatory": _count("n_exc", content["n_exc"]), "inhibitory": _count("n_inh", content["n_inh"])}
    times, units = (
        _numbers("spike_times", content["spike_times"]),
        _whole("spike_neurons", content["spike_neurons"]),
    )
    if times.shape != units.shape or dt_ms <= 0 or sum(sizes.values()) > MOST_UNITS:
        raise RecordingError(
            f"{len(times):,} spike times, {len(units):,} neurons and dt={dt_ms:g} do not fit together"
        )
    steps = np.rint(times / dt_ms)
    if np.any(np.abs(times / dt_ms - steps) > 1e-3):
        raise RecordingError(f"spike times are no multiples of dt={dt_ms:g} ms")
    if len(units) and not 0 <= units.min() <= units.max() < sum(sizes.values()):
        raise RecordingError(f"unit {units.max():,} spikes, but there are {sum(sizes.values()):,}")
    parts: list[Part] = []
    first = 0
    for label, size in sizes.items():
        group, mine = Group(label, label, size), (units >= first) & (units < first + size)
        parts += [group, SpikeSteps(group, steps[mine].astype(np.int64), units[mine] - first, ordered=False)]
        first += size
    parts.append(
        "the rates that Studio counted beside the spikes are not read: the Rates page counts them anew"
    )
    return parts, dt_ms, round(_number("duration", content["duration"]) / dt_ms)


# Values ------------------------------------------------------------------------------------------------------------


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise RecordingError(f"{name} is {str(value)[:40]!r}, which is no number")
    return float(value)


def _count(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != round(number) or not 0 <= number < 2**53:
        raise RecordingError(f"{name} is {number:g}, which counts nothing")
    return int(number)


def _numbers(name: str, values: Sequence[Any] | float) -> np.ndarray:
    found = np.asarray(values)
    if found.size and (found.dtype.kind not in "iuf" or found.ndim > 1):
        raise RecordingError(f"{name} is no list of numbers")
    return found.astype(np.float64)


def _whole(name: str, values: Sequence[Any]) -> np.ndarray:
    number = _numbers(name, values)
    if number.ndim != 1 or np.any((number != np.rint(number)) | (number < 0) | (number >= 2**53)):
        raise RecordingError(f"{name} is no list of whole numbers")
    return number.astype(np.int64)
