"""A recording: spikes, states, rates, projections and intervals of a run, as pandas frames.

This file is the one place that validates; everything above it trusts what it holds.
Times are seconds. Beside them stand integer **ticks**, on which all binning and all lags are computed:
one sample where the source has a clock, one nanosecond where its time is continuous.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spikeboard.columns import ascends, changed, distinct, extent, joined, pieces
from spikeboard.errors import RecordingError
from spikeboard.ordering import by_time, by_unit, counts_per_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

NANOSECOND = 1e-9
# A spike "lies on a tick" when it is nearer than this, in ticks: room for float64 seconds, none for a wrong clock.
ON_TICK = 1e-3


@dataclass(frozen=True, eq=False)
class State:
    """What was sampled over time: one variable (or channel set) of some units.

    values : (T, K) array, may be memory-mapped
    time : (T,) float64, s, ascending
    variable : what it is ("v", "LFP")
    unit : its physical unit ("mV"), "" where the source does not say
    rows : (K,) int32, the unit row of each column, -1 where a column is no unit
    labels : (K,) names of the columns
    """

    values: np.ndarray
    time: np.ndarray
    variable: str
    unit: str
    rows: np.ndarray
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = (len(self.time), len(self.rows))
        if self.values.shape != shape:
            raise RecordingError(
                f"state {self.variable!r} has values of shape {self.values.shape}, but its time and columns say {shape}"
            )

    @property
    def axis(self) -> str:
        """How an axis that shows it is called: "v (mV)"."""
        return f"{self.variable} ({self.unit})" if self.unit else f"{self.variable} (unit not in the file)"


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses of one projection as compressed sparse rows; duplicates (multapses) are kept.

    source, target : names of the populations
    indptr : (n_source + 1,) int64
    indices : (S,) int32, position within the target population
    weight : (S,) float64 in the source's own unit, or None where the file has none
    delay : (S,) float64, s, or None
    weight_unit : what the weights are in, "" where unknown
    """

    source: str
    target: str
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray | None = None
    delay: np.ndarray | None = None
    weight_unit: str = ""

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, eq=False)
class Recording:
    """One run or session. Build it with `recording(...)`, `spikeboard.open` or `spikeboard.from_monitors`.

    A stored one has its rows in two bytes, too, where they fit (`short_rows`): whoever replaces `spike_rows`
    replaces both.
    """

    name: str
    spike_times: np.ndarray
    spike_rows: np.ndarray
    train_ticks: np.ndarray
    train_offsets: np.ndarray
    units: pd.DataFrame
    t_start: float
    t_stop: float
    sampling_rate: float | None
    states: Mapping[str, State]
    rates: Mapping[str, pd.DataFrame]
    connections: Mapping[str, Synapses]
    projections: pd.DataFrame
    intervals: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    stored_digest: str = ""
    short_rows: np.ndarray | None = None

    @property
    def rows_to_draw(self) -> np.ndarray:
        """`spike_rows` in as few bytes as are kept: uint16 where a stored recording has at most 65,536 units."""
        return self.spike_rows if self.short_rows is None else self.short_rows

    @property
    def tick(self) -> float:
        """Seconds per tick."""
        return NANOSECOND if self.sampling_rate is None else 1.0 / self.sampling_rate

    @property
    def ticks_per_second(self) -> float:
        """Ticks per second; exact where 1/tick is not."""
        return 1e9 if self.sampling_rate is None else self.sampling_rate

    @property
    def duration(self) -> float:
        """Seconds from t_start to t_stop."""
        return self.t_stop - self.t_start

    @cached_property
    def spikes(self) -> pd.DataFrame:
        """All spikes: time (float64, s, ascending) and unit (int32, row of `units`); no copy of the columns."""
        return pd.DataFrame({"time": self.spike_times, "unit": self.spike_rows}, copy=False)

    @cached_property
    def populations(self) -> pd.DataFrame:
        """One row per population, in order of its units: name, size, first (its first unit row)."""
        codes = self.units["population"].cat.codes.to_numpy()
        first = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, int)
        names = self.units["population"].iloc[first].astype(str).to_numpy()
        return pd.DataFrame(
            {"name": names, "size": np.diff(np.r_[first, len(codes)]), "first": first}
        ).astype({"size": int, "first": int})

    @cached_property
    def counts(self) -> np.ndarray:
        """Spikes per unit, (n_units,) int64."""
        return np.diff(self.train_offsets)

    def synapses(self, name: str) -> Synapses:
        """The CSR arrays of the projection called `name`."""
        if name not in self.connections:
            known = ", ".join(map(repr, self.connections)) or "none"
            raise RecordingError(f"no projection {name!r} in this recording; it has {known}")
        return self.connections[name]

    def label(self, row: int) -> str:
        """How a unit is called: its population and its id there."""
        unit = self.units.iloc[row]
        return f"{unit['population']} {unit['id']}"

    def rows_of(self, population: str) -> range:
        """The unit rows of a population."""
        if population not in self._population_rows:
            known = ", ".join(map(repr, self.populations["name"][:20]))
            raise RecordingError(f"no population {population!r} in this recording; it has {known}")
        return self._population_rows[population]

    @cached_property
    def _population_rows(self) -> dict[str, range]:
        table = self.populations
        return {
            name: range(first, first + size)
            for name, first, size in zip(table["name"], table["first"], table["size"], strict=True)
        }

    @cached_property
    def in_order(self) -> bool:
        """Whether the spikes ascend, all of them in time and those of each train in ticks."""
        return ascends(self.spike_times) and _trains_ascend(self.train_ticks, self.train_offsets)

    @cached_property
    def digest(self) -> str:
        """BLAKE2b of the spikes and units, hex: the same data have the same digest."""
        if self.stored_digest:
            return self.stored_digest
        state = hashlib.blake2b(digest_size=16)
        for column in (self.train_offsets, self.train_ticks):
            for (stretch,) in pieces(column):
                state.update(np.ascontiguousarray(stretch).data)
        return state.hexdigest()

    def save(self, folder: str | Path) -> Path:
        """Keep it as a memory-mapped store that `spikeboard.open` reads back in milliseconds."""
        from spikeboard.store import save

        return save(self, folder)

    def figure(self, name: str, **settings: Any) -> go.Figure:
        """The figure that the page shows.

        Parameters
        ----------
        name : name of a view, such as "raster"
        settings : the view's settings, and the selection: t0, t1 (s), units (rows), populations, interval

        Raises
        ------
        RecordingError : for an unknown view or a setting that the view does not take
        """
        from spikeboard.views import figure

        return figure(self, name, **settings)

    def topology_html(self, file: str | Path) -> Path:
        """Write the network's populations and projections as one HTML page that needs no network."""
        from spikeboard.topology import topology_html

        return Path(topology_html(self, file))


def recording(
    name: str,
    times: np.ndarray,
    rows: np.ndarray,
    units: pd.DataFrame,
    *,
    t_start: float,
    t_stop: float,
    sampling_rate: float | None = None,
    states: Mapping[str, State] | None = None,
    rates: Mapping[str, pd.DataFrame] | None = None,
    connections: Mapping[str, Synapses] | None = None,
    intervals: Mapping[str, pd.DataFrame] | None = None,
    notes: Iterable[str] = (),
    source: str = "",
) -> Recording:
    """A checked recording from plain arrays, whatever their order.

    Parameters
    ----------
    name : what to call it
    times : (N,) float, s
    rows : (N,) int, row of `units` of each spike
    units : one row per unit, silent ones included, with the columns population and id; units of a
        population stand together
    t_start, t_stop : s, where observation began and ended
    sampling_rate : samples per second where the source has a clock; then every spike lies on a tick
    states, rates, connections, intervals : as in `Recording`
    notes : what was assumed, dropped or mended, in words
    source : the path it came from

    Raises
    ------
    RecordingError : where the parts do not fit together
    """
    units = _checked_units(units)
    times, rows = np.asarray(times), np.asarray(rows)
    _check_spikes(times, rows, len(units), t_start, t_stop)
    times, rows = by_time(times, rows, len(units))
    rate = 1e9 if sampling_rate is None else sampling_rate
    if sampling_rate is not None:
        _check_clock(times, sampling_rate)
        times = changed(lambda some: to_ticks(some, rate) / rate, times, dtype=np.float64)
    ticks = changed(lambda some: to_ticks(some, rate), times, dtype=np.int64)
    offsets = np.r_[0, np.cumsum(counts_per_unit(rows, len(units)))].astype(np.int64)
    connections = dict(connections or {})
    _check_connections(connections, units)
    return Recording(
        name=name,
        spike_times=times,
        spike_rows=rows,
        train_ticks=by_unit(ticks, rows, offsets),
        train_offsets=offsets,
        units=units,
        t_start=float(t_start),
        t_stop=float(t_stop),
        sampling_rate=sampling_rate,
        states=dict(states or {}),
        rates=dict(rates or {}),
        connections=connections,
        projections=projection_table(connections),
        intervals={key: _checked_intervals(key, frame) for key, frame in (intervals or {}).items()},
        notes=tuple(notes),
        source=source,
    )


@dataclass(frozen=True, eq=False)
class PopulationSpikes:
    """The spikes of one population as a file holds them.

    name : of the population
    ids : (N,) unit of each spike, as in the file (integers or strings)
    times : (N,) float, s
    known : ids of all units where the file tells them, silent ones included; None where only spikes are known
    columns : further columns of the unit table, each as long as `known`
    """

    name: str
    ids: np.ndarray
    times: np.ndarray
    known: np.ndarray | None = None
    columns: Mapping[str, Sequence[Any] | np.ndarray] = field(default_factory=dict)


def gather(populations: Sequence[PopulationSpikes]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Unit table, spike times (s) and unit rows of several populations put one after another.

    Raises
    ------
    RecordingError : where a spike names a unit that its population does not have
    """
    tables, times, rows, first = [], [], [], 0
    for population in populations:
        known = distinct(population.ids) if population.known is None else np.asarray(population.known)
        rows.append(_rows(population, known, first))
        times.append(np.asarray(population.times, np.float64))
        tables.append(pd.DataFrame({"population": population.name, "id": known, **population.columns}))
        first += len(known)
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"population": [], "id": []})
    return table, joined(times, np.float64), joined(rows, np.int32)


def to_ticks(times: np.ndarray, ticks_per_second: float) -> np.ndarray:
    """Seconds to the nearest integer tick, int64."""
    return np.rint(np.asarray(times, np.float64) * ticks_per_second).astype(np.int64)


def clock(times: np.ndarray, dt: float) -> float | None:
    """Samples per second where every time is a multiple of `dt` (s), else None: time is then continuous."""
    rate = 1.0 / dt
    rate = round(rate) if abs(rate - round(rate)) < 1e-6 * rate else rate
    return None if any(_between_ticks(some, rate).any() for (some,) in pieces(times)) else float(rate)


def projection_table(connections: Mapping[str, Synapses]) -> pd.DataFrame:
    """One row per projection: name, source, target, synapses, and summaries of weight and delay (s)."""
    rows = [{"name": name, **_summary(synapses)} for name, synapses in connections.items()]
    return pd.DataFrame(rows, columns=pd.Index(PROJECTION_COLUMNS))


PROJECTION_COLUMNS = [
    "name",
    "source",
    "target",
    "synapses",
    "weight_mean",
    "weight_std",
    "weight_min",
    "weight_max",
    "delay_mean",
    "delay_min",
    "delay_max",
    "weight_unit",
]


def _summary(synapses: Synapses) -> dict[str, Any]:
    weight, delay = _finite(synapses.weight), _finite(synapses.delay)
    return {
        "source": synapses.source,
        "target": synapses.target,
        "synapses": len(synapses),
        "weight_unit": synapses.weight_unit,
        **{f"weight_{key}": _of(weight, key) for key in ("mean", "std", "min", "max")},
        **{f"delay_{key}": _of(delay, key) for key in ("mean", "min", "max")},
    }


def _finite(values: np.ndarray | None) -> np.ndarray:
    return np.zeros(0) if values is None else values[np.isfinite(values)]


def _of(values: np.ndarray, statistic: str) -> float:
    return float(getattr(np, statistic)(values)) if len(values) else float("nan")


def _rows(population: PopulationSpikes, known: np.ndarray, first: int) -> np.ndarray:
    """The unit row of each spike, (N,) int32; the population's units begin at row `first`."""
    order = np.argsort(known, kind="stable")
    ordered = known[order]
    wrong: list[str] = []
    number = 0

    def found(ids: np.ndarray, times: np.ndarray) -> np.ndarray:
        nonlocal number
        place = np.minimum(np.searchsorted(ordered, ids), len(known) - 1)
        strange = np.flatnonzero(ordered[place] != ids) if len(known) else np.arange(len(ids))
        number += len(strange)
        wrong.extend(f"unit {ids[at]} at {times[at]:g} s" for at in strange[:1])
        return first + order[place] if len(known) else np.zeros(len(ids), int)

    rows = changed(found, np.asarray(population.ids), np.asarray(population.times), dtype=np.int32)
    if wrong:
        raise RecordingError(
            f"population {population.name!r}: {number:,} spikes name units it does not have (the first is {wrong[0]})"
        )
    return rows


def _checked_units(units: pd.DataFrame) -> pd.DataFrame:
    if missing := [column for column in ("population", "id") if column not in units]:
        raise RecordingError(
            f"the unit table lacks {', '.join(missing)}; it has {', '.join(map(str, units))}"
        )
    units = units.reset_index(drop=True)
    names = units["population"].astype(str)
    units["population"] = pd.Categorical(names, categories=pd.unique(names), ordered=False)
    codes = units["population"].cat.codes.to_numpy()
    if len(codes) and np.any(np.diff(codes) < 0):
        raise RecordingError(
            "the unit table has units of one population in several places; sort it by population"
        )
    return units


def _check_spikes(times: np.ndarray, rows: np.ndarray, n_units: int, t_start: float, t_stop: float) -> None:
    if times.shape != rows.shape or times.ndim != 1:
        raise RecordingError(f"{times.shape} spike times but {rows.shape} units of spikes: they must pair up")
    if not np.isfinite([t_start, t_stop]).all():
        raise RecordingError(
            f"the recording would last from {t_start:g} to {t_stop:g} s: is the file damaged, or its time unit wrong?"
        )
    if t_stop < t_start:
        raise RecordingError(f"the recording ends before it starts ({t_stop:g} s < {t_start:g} s)")
    if not len(times):
        return
    infinite = sum(int(np.count_nonzero(~np.isfinite(some))) for (some,) in pieces(times))
    if infinite:
        raise RecordingError(f"{infinite:,} spike times are not finite numbers")
    first, last = extent(times)
    lowest, highest = extent(rows)
    if lowest < 0 or highest >= n_units:
        raise RecordingError(f"a spike names unit row {highest}, but there are {n_units} units")
    if max(-first, last) > 9e9:
        raise RecordingError(
            f"a spike lies at {max(-first, last):g} s: more than 285 years; is the time unit right?"
        )
    if first < t_start or last > t_stop:
        raise RecordingError(
            f"spikes from {first:g} s to {last:g} s do not lie within {t_start:g}–{t_stop:g} s"
        )


def _check_clock(times: np.ndarray, sampling_rate: float) -> None:
    off = [some[_between_ticks(some, sampling_rate)] for (some,) in pieces(times)]
    if number := sum(map(len, off)):
        first = next(some[0] for some in off if len(some))
        raise RecordingError(
            f"{number:,} spikes lie between the ticks of a {sampling_rate:g} Hz clock "
            f"(the first at {first!r} s): the clock is wrong or time is continuous"
        )


def _between_ticks(times: np.ndarray, rate: float) -> np.ndarray:
    position = np.asarray(times, np.float64) * rate
    return np.abs(position - np.rint(position)) >= _tolerance(position)


def _tolerance(position: np.ndarray) -> np.ndarray:
    return np.maximum(ON_TICK, np.abs(position) * 4 * np.finfo(float).eps)


def _checked_intervals(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    if missing := [column for column in ("start", "stop") if column not in frame]:
        raise RecordingError(
            f"intervals {name!r} lack {', '.join(missing)}; they have {', '.join(map(str, frame))}"
        )
    wrong = np.flatnonzero((frame["stop"] < frame["start"]).to_numpy())
    if len(wrong):
        start, stop = frame["start"].iloc[wrong[0]], frame["stop"].iloc[wrong[0]]
        raise RecordingError(f"{name} {wrong[0]} ends before it starts ({stop:g} s < {start:g} s)")
    return frame.reset_index(drop=True)


def _check_connections(connections: Mapping[str, Synapses], units: pd.DataFrame) -> None:
    sizes = units["population"].value_counts(sort=False).to_dict()
    for name, synapses in connections.items():
        for end in (synapses.source, synapses.target):
            if end not in sizes:
                raise RecordingError(
                    f"projection {name!r} joins population {end!r}, which this recording lacks"
                )
        check_rows(name, synapses, sizes[synapses.source])
        if (
            len(synapses)
            and not 0 <= synapses.indices.min() <= synapses.indices.max() < sizes[synapses.target]
        ):
            raise RecordingError(
                f"projection {name!r} has a synapse to unit {synapses.indices.max()}, "
                f"but {synapses.target!r} has {sizes[synapses.target]} units"
            )


def check_rows(name: str, synapses: Synapses, n_source: int) -> None:
    """Raise RecordingError where the rows of a projection do not add up: compiled loops trust them."""
    indptr = np.asarray(synapses.indptr)
    if len(indptr) != n_source + 1:
        raise RecordingError(
            f"projection {name!r} has {len(indptr) - 1} source rows, but {synapses.source!r} has {n_source} units"
        )
    if indptr[0] != 0 or indptr[-1] != len(synapses) or np.any(np.diff(indptr) < 0):
        raise RecordingError(f"projection {name!r}: its rows do not add up to its {len(synapses):,} synapses")
    for part in ("weight", "delay"):
        values = getattr(synapses, part)
        if values is not None and len(values) != len(synapses):
            raise RecordingError(
                f"projection {name!r} has {len(values):,} values of {part} for {len(synapses):,} synapses"
            )


def check_order(rec: Recording) -> None:
    """Raise RecordingError where spikes that were put together by hand are in no order; a store holds none of these."""
    if rec.folder is None and not rec.in_order:
        raise RecordingError(
            "the spikes of this recording are not in order of time: "
            "make it with spikeboard.recording(), which sorts them"
        )


def _trains_ascend(ticks: np.ndarray, offsets: np.ndarray) -> bool:
    at, before = 0, ticks[:1]
    for (some,) in pieces(ticks):
        falls = at + np.flatnonzero(np.diff(some, prepend=before) < 0)
        if not np.isin(falls, offsets).all():
            return False
        at, before = at + len(some), some[-1:]
    return True


def check_trains(offsets: np.ndarray, n_units: int, n_spikes: int) -> None:
    """Raise RecordingError where the offsets of trains do not add up: compiled loops trust them."""
    if (
        len(offsets) != n_units + 1
        or offsets[0] != 0
        or offsets[-1] != n_spikes
        or np.any(np.diff(offsets) < 0)
    ):
        raise RecordingError(
            "the trains of this recording do not add up to its spikes: import its source again"
        )
