"""What the arrays of a hand-saved SC-NeuroCore run are, by their names alone.

The package saves nothing itself, so that people choose names: those of the monitors' attributes, with the population
before or between them ("timesteps", "spikes_exc_timestep", "state_exc_v", "rate_exc_t", "proj_EI_indptr").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

STEPS = r"(?:spike_)?t?_?(?:time_?)?steps?"
NEURONS = r"(?:neuron|unit)(?:_?(?:id|idx|index|indice)(?:e?s)?|s)?|ids?"
_SPIKES = re.compile(rf"(?:(?P<group>.+?)_)??(?:(?P<steps>{STEPS})|(?P<ids>{NEURONS}))", re.IGNORECASE)
_ROWS = re.compile(
    r"(?:(?P<name>.+)_)?(?P<part>indptr|indices|data|weights?|delays?(?:_steps)?)", re.IGNORECASE
)
_BEFORE = re.compile(r"(?:spike_?monitor|spikes?|mon|monitor)(?:_|$)", re.IGNORECASE)
_BEFORE_ROWS = re.compile(r"(?:proj(?:ections?)?|syn(?:apses?)?|conn(?:ections?)?)(?:_|$)", re.IGNORECASE)
_STATE = re.compile(r"(?:state_?monitor|states?|traces?)_(?P<rest>.+)", re.IGNORECASE)
_RATE = re.compile(r"(?:rate_?monitor|rates?)(?:_(?P<rest>.+))?", re.IGNORECASE)
META = ("dt", "n_steps", "population_sizes", "population_labels", "bin_ms")
UNNAMED = "units"


@dataclass(frozen=True)
class Keys:
    """Names of arrays, by what they are.

    spikes : population -> (steps, unit numbers)
    states : (population, variable) -> (values, steps or "", units recorded or "")
    rates : population -> (rate, last step of each bin or "", bin width in ms or "")
    rows : projection -> {"indptr", "indices", "data" and maybe "delay": name}
    meta : single values, by what they mean
    """

    spikes: dict[str, tuple[str, str]] = field(default_factory=dict)
    states: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    rates: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)

    def used(self) -> set[str]:
        """All names that mean something."""
        groups: Iterable[Iterable[str]] = (*self.spikes.values(), *self.states.values(), *self.rates.values())
        rows = (name for parts in self.rows.values() for name in parts.values())
        return {name for group in groups for name in group if name} | set(rows) | set(self.meta.values())


def understand(names: Collection[str], labels: Collection[str] = ()) -> Keys:
    """What arrays of these names are.

    Parameters
    ----------
    names : of all arrays of a file
    labels : of populations that are known already
    """
    names = sorted(names)
    spikes, rows = _spikes(names), _rows(names)
    known = [*labels, *(label for label in spikes if label != UNNAMED)]
    meta = {key: name for name in names for key in META if name.lower() == key}
    return Keys(spikes, _states(names, known), _rates(names), rows, meta)


def is_run(names: Collection[str]) -> bool:
    """Whether a file with arrays of these names is a saved run: spikes in steps, or synapses in compressed rows."""
    found = understand(names)
    # A lone sparse matrix has rows, too, but no name.
    return bool(found.spikes or any(found.rows))


def _spikes(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    pairs: dict[str, dict[str, str]] = {}
    for name in names:
        match = _SPIKES.fullmatch(name)
        if match and name.lower() not in META:
            group = _BEFORE.sub("", match["group"] or "", count=1) or UNNAMED
            pairs.setdefault(group, {})["steps" if match["steps"] else "ids"] = name
    return {group: (pair["steps"], pair["ids"]) for group, pair in pairs.items() if len(pair) == 2}


def _rows(names: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _ROWS.fullmatch(name)
        if match:
            projection = _BEFORE_ROWS.sub("", match["name"] or "", count=1)
            part = match["part"].lower()
            kind = "delay" if part.startswith("delay") else "data" if part.startswith("weight") else part
            found.setdefault(projection, {}).setdefault(kind, name)
    return {name: parts for name, parts in found.items() if {"indptr", "indices", "data"} <= parts.keys()}


def _states(names: Iterable[str], labels: Collection[str]) -> dict[tuple[str, str], tuple[str, str, str]]:
    rest = {match["rest"]: name for name in names if (match := _STATE.fullmatch(name))}
    clocks = {key.removesuffix("_t"): name for key, name in rest.items() if key.endswith("_t")}
    records = {key.removesuffix("_record"): name for key, name in rest.items() if key.endswith("_record")}
    found = {}
    for key, name in rest.items():
        if name not in (*clocks.values(), *records.values()):
            group, variable = _split(key, [*clocks, *records, *labels])
            found[group, variable] = (name, clocks.get(group, ""), records.get(group, ""))
    return found


def _split(key: str, labels: Collection[str]) -> tuple[str, str]:
    fitting = [label for label in labels if key.startswith(f"{label}_") and len(key) > len(label) + 1]
    if fitting:
        group = max(fitting, key=len)
        return group, key[len(group) + 1 :]
    group, _, variable = key.rpartition("_")
    return group or UNNAMED, variable


def _rates(names: Collection[str]) -> dict[str, tuple[str, str, str]]:
    rest = {match["rest"] or "": name for name in names if (match := _RATE.fullmatch(name))}
    found = {}
    for key, name in rest.items():
        of_another = next((end for end in ("t", "bin_ms") if key == end or key.endswith(f"_{end}")), None)
        if of_another is None:
            clock, width = (f"{key}_{end}" if key else end for end in ("t", "bin_ms"))
            found[key or UNNAMED] = (name, rest.get(clock, ""), rest.get(width, ""))
    return found


def ends(projection: str, labels: Collection[str]) -> list[tuple[str, str]]:
    """Source and target that a projection's name may tell of, in the file's own labels where it has any.

    "EI", "exc_inh", "exc_to_inh", "exc->inh" join exc to inh: whole labels first, then beginnings of labels.
    """
    halves = list(_halves(projection))
    if not labels:
        return halves[:1]
    for fits in (_is_label, _begins_label):
        found = [
            (source, target)
            for one, other in halves
            for source in labels
            for target in labels
            if fits(one, source) and fits(other, target)
        ]
        if found:
            return list(dict.fromkeys(found))
    return []


def _halves(name: str) -> Iterator[tuple[str, str]]:
    for separator in ("_to_", "->", "→", ">", "_", "-", "2"):
        for match in re.finditer(re.escape(separator), name):
            if name[: match.start()] and name[match.end() :]:
                yield name[: match.start()], name[match.end() :]
    for cut in sorted(range(1, len(name)), key=lambda cut: abs(cut - len(name) / 2)):
        yield name[:cut], name[cut:]


def _is_label(half: str, label: str) -> bool:
    return half.lower() == label.lower()


def _begins_label(half: str, label: str) -> bool:
    return label.lower().startswith(half.lower())
