"""What the topology page shows: nodes and edges with the numbers known of them, as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import numpy as np

from spikeboard.errors import RecordingError

NODE_LIMIT = 1_000
EDGE_LIMIT = 5_000

Sign = Literal["excitatory", "inhibitory", "mixed", "unknown"]


@dataclass(frozen=True)
class Node:
    """A population, a layer or an input; size is its number of neurons, None where unknown."""

    name: str
    size: int | None = None


@dataclass(frozen=True)
class Edge:
    """A projection between two nodes (their numbers); None where something is unknown. Delays are in seconds."""

    source: int
    target: int
    name: str = ""
    synapses: int | None = None
    weight_mean: float | None = None
    weight_min: float | None = None
    weight_max: float | None = None
    weight_unit: str = ""
    delay_mean: float | None = None

    @property
    def sign(self) -> Sign:
        """Excitatory where no weight is negative, inhibitory where none is positive, mixed where both occur."""
        known = [w for w in (self.weight_min, self.weight_mean, self.weight_max) if w is not None and w != 0]
        if not known:
            return "unknown"
        if min(known) < 0 < max(known):
            return "mixed"
        return "excitatory" if min(known) > 0 else "inhibitory"


@dataclass(frozen=True)
class Network:
    """Nodes and edges in the order in which they are listed; `notes` says what was assumed or left out."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def into(self) -> Counter[int]:
        """Connections that end at each node."""
        return Counter(edge.target for edge in self.edges)

    @cached_property
    def out(self) -> Counter[int]:
        """Connections that start at each node."""
        return Counter(edge.source for edge in self.edges)


def network_of(layers_or_recording: Any, title: str | None = None) -> Network:
    """The network of a recording (populations, projections) or of layers in turn.

    Raises
    ------
    RecordingError : for anything else, or more than 1,000 nodes
    """
    if hasattr(layers_or_recording, "populations") and hasattr(layers_or_recording, "projections"):
        return _of_recording(layers_or_recording, title)
    if isinstance(layers_or_recording, Iterable) and not isinstance(layers_or_recording, (str, bytes)):
        return _of_layers(list(layers_or_recording), title)
    raise RecordingError(
        f"a topology page is drawn of a recording or of a list of layers, not of {_kind(layers_or_recording)}"
    )


def _of_layers(layers: list[Any], title: str | None) -> Network:
    _check_number(len(layers) + 1)
    named = [Node(f"L{number}_{_kind(layer)}", _layer_size(layer)) for number, layer in enumerate(layers)]
    chain = [Edge(number, number + 1) for number in range(len(layers))]
    return Network(title or "Network topology", (Node("Input"), *named), tuple(chain))


def _of_recording(recording: Any, title: str | None) -> Network:
    known = zip(recording.populations["name"], recording.populations["size"], strict=True)
    nodes = [Node(str(name), _whole(size)) for name, size in known]
    rows = recording.projections.to_dict("records")
    ends = dict.fromkeys(str(row[end]) for row in rows for end in ("source", "target"))
    beyond = [name for name in ends if name not in {node.name for node in nodes}]
    nodes += [Node(name) for name in beyond]
    _check_number(len(nodes))
    number, notes = _numbered(nodes)
    edges, left_out = _bounded([_edge(row, number) for row in rows])
    if beyond:
        notes.append(f"Not among the populations, so of unknown size: {_few(beyond)}.")
    if left_out:
        notes.append(
            f"The {len(edges):,} projections with most synapses are shown; {left_out:,} are left out."
        )
    heading = title or str(getattr(recording, "name", "")) or "Network topology"
    return Network(heading, tuple(nodes), tuple(edges), tuple(notes))


def _numbered(nodes: list[Node]) -> tuple[dict[str, int], list[str]]:
    """The node of each name; of several with one name, the first."""
    number: dict[str, int] = {}
    for index, node in enumerate(nodes):
        number.setdefault(node.name, index)
    again = dict.fromkeys(node.name for index, node in enumerate(nodes) if number[node.name] != index)
    if not again:
        return number, []
    return number, [
        f"Several populations are called {_few(again)}: their projections are drawn at the first."
    ]


def _edge(row: dict[Any, Any], number: dict[str, int]) -> Edge:
    unit = row.get("weight_unit")
    return Edge(
        number[str(row["source"])],
        number[str(row["target"])],
        name=str(row.get("name", "")),
        synapses=_whole(row.get("synapses")),
        weight_unit=unit if isinstance(unit, str) else "",
        **{key: _real(row.get(key)) for key in ("weight_mean", "weight_min", "weight_max", "delay_mean")},
    )


def _bounded(edges: list[Edge]) -> tuple[list[Edge], int]:
    if len(edges) <= EDGE_LIMIT:
        return edges, 0
    largest = np.argsort([-(edge.synapses or 0) for edge in edges], kind="stable")[:EDGE_LIMIT]
    return [edges[index] for index in sorted(largest)], len(edges) - EDGE_LIMIT


def _check_number(n_nodes: int) -> None:
    if n_nodes > NODE_LIMIT:
        raise RecordingError(
            f"{n_nodes:,} nodes are too many for one topology page, which holds up to {NODE_LIMIT:,}: "
            "draw a part of the network, or its weight matrix"
        )


def _layer_size(layer: Any) -> int | None:
    """The size that a layer tells; None where it tells none, or nothing that counts neurons."""
    for attribute in ("n_neurons", "n"):
        try:
            size = _whole(getattr(layer, attribute, None))
        except Exception:  # a property of a stranger's class may raise anything: its size is then unknown
            size = None
        if size is not None:
            return size
    return None


def _kind(thing: Any) -> str:
    return str(type(thing).__name__)


def _whole(value: Any) -> int | None:
    """A count, or None for what is none (missing, a flag, negative, a fraction, infinite)."""
    number = _real(value)
    return int(number) if number is not None and number.is_integer() and number >= 0 else None


def _real(value: Any) -> float | None:
    known = isinstance(value, Real) and not isinstance(value, bool | np.bool_) and math.isfinite(value)
    return float(value) if known else None


def _few(names: Iterable[str], shown: int = 5) -> str:
    names = list(names)
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(repr(name[:60]) for name in names[:shown]) + more
