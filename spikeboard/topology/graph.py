"""The network of a recording as a graph: populations joined by projections, or neurons joined by synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spikeboard.analysis.synapses import (
    delays_ms,
    inhibitory_units,
    shown_synapses,
    sign_from_units,
    signed_weights,
    weight_blocks,
)
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording, Synapses
from spikeboard.theme import listed, shown
from spikeboard.topology.measures import degree_table
from spikeboard.topology.network import EDGE_LIMIT, NODE_LIMIT

MOST_SYNAPSES = 2_000_000
EDGE_COLUMNS = (
    "source",
    "target",
    "name",
    "synapses",
    "weight_mean",
    "weight_unit",
    "delay_ms",
    "probability",
    "sign",
)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes and edges with the numbers known of them.

    nodes : name, population, units; in_synapses, out_synapses (of all synapses, drawn or not), in_degree and
        out_degree (distinct other nodes), in_weight, out_weight (sums)
    rows : the unit rows of each node
    edges : source, target (node numbers), name, synapses, weight_mean (signed), weight_unit, delay_ms, probability
        (share of the pairs of units that are joined), sign ("excitatory", "inhibitory", "mixed", "unknown")
    notes : what was left out or assumed
    """

    nodes: pd.DataFrame
    rows: list[NDArray[np.int64]]
    edges: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> NDArray[np.int64]:
        """(k, 2) source and target of each edge."""
        return self.edges[["source", "target"]].to_numpy(np.int64).reshape(-1, 2)


def population_graph(rec: Recording, rows: NDArray[np.int64] | None = None) -> Graph:
    """One node per population, one edge per projection.

    A population whose weights carry no sign, but whose units are excitatory and inhibitory by the unit table, is
    drawn as two nodes.

    Parameters
    ----------
    rec : the recording
    rows : unit rows to count, ascending; None for all

    Raises
    ------
    NothingToDraw : where there are more than 1,000 nodes
    """
    chosen = np.arange(len(rec.units)) if rows is None else rows
    names, groups, split = _groups(rec, chosen)
    if len(names) > NODE_LIMIT:
        raise NothingToDraw(
            f"{len(names):,} populations are too many for one graph, which holds {NODE_LIMIT:,}: select some of them"
        )
    group = np.full(len(rec.units), -1, np.int64)
    for number, members in enumerate(groups):
        group[members] = number
    whole = len(chosen) == len(rec.units) and not split
    parts = [_edges_of(rec, name, group, groups, whole) for name in rec.connections]
    edges = pd.DataFrame([row for part in parts for row in part], columns=pd.Index(EDGE_COLUMNS))
    edges, notes = _strongest_projections(edges)
    if split:
        notes.append(
            f"{listed(split)} {'is' if len(split) == 1 else 'are'} drawn in two parts: "
            "its weights carry no sign, but the unit table does (ei)."
        )
    populations = [str(rec.units["population"].iloc[members[0]]) for members in groups]
    sizes = [len(members) for members in groups]
    nodes = pd.DataFrame({"name": names, "population": populations, "units": sizes})
    return Graph(_measured(nodes, edges), groups, edges, tuple(notes))


def neuron_graph(rec: Recording, rows: NDArray[np.int64], most_nodes: int, most_edges: int) -> Graph:
    """One node per neuron, one edge per synapse between them.

    Parameters
    ----------
    rec : the recording
    rows : unit rows to choose from, ascending
    most_nodes : of more neurons, the best connected of each population are taken, as many as is its share
    most_edges : of more synapses, those of largest absolute weight
    """
    mask = np.zeros(len(rec.units), bool)
    mask[rows] = True
    among = [_among(rec, name, mask) for name in rec.connections]
    everything = (
        pd.concat(among, ignore_index=True) if among else pd.DataFrame(columns=pd.Index(EDGE_COLUMNS))
    )
    if everything.empty:
        raise NothingToDraw(f"no synapse joins the {len(rows):,} selected neurons: select more of them")
    table = _degrees(len(rec.units), everything)
    kept = _best_connected(rec, rows, table, most_nodes)
    number = np.full(len(rec.units), -1, np.int64)
    number[kept] = np.arange(len(kept))
    ends = everything[["source", "target"]].to_numpy(np.int64)
    inside = everything.iloc[np.flatnonzero((number[ends] >= 0).all(axis=1))]
    edges = _strongest_synapses(inside, most_edges)
    edges = edges.assign(source=number[edges["source"]], target=number[edges["target"]])
    nodes = pd.DataFrame(
        {
            "name": [rec.label(int(row)) for row in kept],
            "population": rec.units["population"].astype(str).to_numpy(object)[kept],
            "units": 1,
        }
    )
    nodes = pd.concat([nodes, table.loc[kept].reset_index(drop=True)], axis=1)
    notes = _left_out(len(rows), len(kept), len(inside), len(edges))
    return Graph(nodes, [np.array([row]) for row in kept], edges.reset_index(drop=True), tuple(notes))


def _groups(
    rec: Recording, chosen: NDArray[np.int64]
) -> tuple[list[str], list[NDArray[np.int64]], list[str]]:
    """Names and unit rows of the nodes, and the populations that were split by sign."""
    mixed = {s.source for s in rec.connections.values() if sign_from_units(rec, s)}
    inhibitory = inhibitory_units(rec)
    names, groups, split = [], [], []
    codes = rec.units["population"].cat.codes.to_numpy()[chosen]
    for code, name in enumerate(rec.units["population"].cat.categories.astype(str)):
        members = chosen[codes == code]
        if not len(members):
            continue
        parts = [members]
        if name in mixed and inhibitory is not None:
            parts = [
                part for part in (members[~inhibitory[members]], members[inhibitory[members]]) if len(part)
            ]
        names += [name] if len(parts) == 1 else [f"{name} e", f"{name} i"]
        groups += parts
        split += [name] if len(parts) == 2 else []
    return names, groups, split


def _edges_of(
    rec: Recording, name: str, group: NDArray[np.int64], groups: list[NDArray[np.int64]], whole: bool
) -> list[dict[str, Any]]:
    """The edges of one projection: one, or one per pair of nodes where only parts of populations count."""
    synapses = rec.synapses(name)
    if whole:
        ends = int(group[rec.rows_of(synapses.source).start]), int(group[rec.rows_of(synapses.target).start])
        return [_whole_edge(rec, name, synapses, ends)] if len(synapses) else []
    shape = (len(groups), len(groups))
    sums = weight_blocks(rec, name, shape, group, group)
    delay = weight_blocks(rec, name, shape, group, group, delays_ms).mean
    positive, negative = _signs(rec, name, shape, group)
    found = []
    for source, target in zip(*np.nonzero(sums.count), strict=True):
        place = (int(source), int(target))
        found.append(
            {
                "source": place[0],
                "target": place[1],
                "name": name,
                "synapses": int(sums.count[place]),
                "weight_mean": float(sums.mean[place]),
                "weight_unit": synapses.weight_unit,
                "delay_ms": float(delay[place]),
                "probability": sums.pairs[place] / (len(groups[place[0]]) * len(groups[place[1]])),
                "sign": _sign(bool(positive[place]), bool(negative[place])),
            }
        )
    return found


def _whole_edge(rec: Recording, name: str, synapses: Synapses, ends: tuple[int, int]) -> dict[str, Any]:
    zero = np.zeros(len(rec.units), np.int64)
    sums = weight_blocks(rec, name, (1, 1), zero, zero)
    positive, negative = _signs(rec, name, (1, 1), zero)
    row = rec.projections[rec.projections["name"] == name].iloc[0]
    possible = len(rec.rows_of(synapses.source)) * len(rec.rows_of(synapses.target))
    return {
        "source": ends[0],
        "target": ends[1],
        "name": name,
        "synapses": len(synapses),
        "weight_mean": float(sums.mean[0, 0]),
        "weight_unit": synapses.weight_unit,
        "delay_ms": 1000 * float(row["delay_mean"]),
        "probability": int(sums.pairs[0, 0]) / possible,
        "sign": _sign(bool(positive[0, 0]), bool(negative[0, 0])),
    }


def _signs(
    rec: Recording, name: str, shape: tuple[int, int], group: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many synapses between two nodes have a weight above zero, and below."""
    weights = signed_weights(rec, rec.synapses(name))
    if weights is None:
        return np.zeros(shape), np.zeros(shape)
    above, below = (weights > 0).astype(float), (weights < 0).astype(float)
    positive = weight_blocks(rec, name, shape, group, group, lambda _: above).total
    return positive, weight_blocks(rec, name, shape, group, group, lambda _: below).total


def _sign(positive: bool, negative: bool) -> str:
    if positive and negative:
        return "mixed"
    return "excitatory" if positive else "inhibitory" if negative else "unknown"


def _strongest_projections(edges: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    if len(edges) <= EDGE_LIMIT:
        return edges, []
    kept = np.sort(np.argsort(-edges["synapses"].to_numpy(), kind="stable")[:EDGE_LIMIT])
    note = f"The {EDGE_LIMIT:,} projections with most synapses are drawn; {len(edges) - EDGE_LIMIT:,} are left out."
    return edges.iloc[kept].reset_index(drop=True), [note]


def _measured(nodes: pd.DataFrame, edges: pd.DataFrame) -> pd.DataFrame:
    """Nodes with their degrees; synapses are summed over the edges, weights over their synapses."""
    pairs = edges[["source", "target"]].to_numpy(np.int64).reshape(-1, 2)
    synapses = edges["synapses"].to_numpy(np.int64)
    table = degree_table(len(nodes), pairs, edges["weight_mean"].to_numpy(float) * synapses)
    table = table.assign(
        in_synapses=np.bincount(pairs[:, 1], synapses, len(nodes)).astype(np.int64),
        out_synapses=np.bincount(pairs[:, 0], synapses, len(nodes)).astype(np.int64),
    ).drop(columns="self_synapses")
    return pd.concat([nodes, table.reset_index(drop=True)], axis=1)


def _among(rec: Recording, name: str, mask: NDArray[np.bool_]) -> pd.DataFrame:
    """The synapses of one projection among chosen units; source and target are unit rows."""
    synapses = rec.synapses(name)
    kept = np.flatnonzero(shown_synapses(rec, synapses, mask, mask))
    if len(kept) > MOST_SYNAPSES:
        raise NothingToDraw(
            f"{len(kept):,} synapses of {shown(name)} between the selected neurons are too many to rank for a graph: "
            "select fewer units, or see the weight matrix"
        )
    starts = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(np.asarray(synapses.indptr)))
    weight, delay = signed_weights(rec, synapses), delays_ms(synapses)
    nothing = np.full(len(kept), np.nan)
    values = nothing if weight is None else weight[kept]
    return pd.DataFrame(
        {
            "source": rec.rows_of(synapses.source).start + starts[kept],
            "target": rec.rows_of(synapses.target).start
            + np.asarray(synapses.indices)[kept].astype(np.int64),
            "name": name,
            "synapses": 1,
            "weight_mean": values,
            "weight_unit": synapses.weight_unit,
            "delay_ms": nothing if delay is None else delay[kept],
            "probability": np.nan,
            "sign": np.select([values > 0, values < 0], ["excitatory", "inhibitory"], "unknown"),
        }
    )


def _degrees(n_units: int, edges: pd.DataFrame) -> pd.DataFrame:
    """Degrees over all synapses among the chosen units, before any is left out."""
    pairs, weights = edges[["source", "target"]].to_numpy(np.int64), edges["weight_mean"].to_numpy(float)
    return degree_table(n_units, pairs, weights).drop(columns="self_synapses")


def _best_connected(
    rec: Recording, rows: NDArray[np.int64], table: pd.DataFrame, most: int
) -> NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    degree = (table["in_synapses"] + table["out_synapses"]).to_numpy()[rows]
    codes = rec.units["population"].cat.codes.to_numpy()[rows]
    kept = []
    for code in np.unique(codes):
        mine = np.flatnonzero(codes == code)
        share = max(1, len(mine) * most // len(rows))
        kept.append(mine[np.argsort(-degree[mine], kind="stable")[:share]])
    return np.sort(rows[np.concatenate(kept)])[:NODE_LIMIT]


def _strongest_synapses(edges: pd.DataFrame, most: int) -> pd.DataFrame:
    strength = np.abs(edges["weight_mean"].to_numpy(float))
    order = np.argsort(-np.where(np.isnan(strength), -1.0, strength), kind="stable")
    return edges.iloc[order[:most]]


def _left_out(n_rows: int, n_kept: int, n_inside: int, n_edges: int) -> list[str]:
    notes = []
    if n_kept < n_rows:
        notes.append(
            f"{n_kept:,} of {n_rows:,} neurons: of each population its share, the best connected first."
        )
    if n_edges < n_inside:
        notes.append(
            f"The {n_edges:,} strongest of the {n_inside:,} synapses between the neurons drawn; "
            f"{n_inside - n_edges:,} weaker ones are left out. The weight matrix shows all."
        )
    return notes
