"""A recording as Neo's objects, Elephant's and PyNN's currency, and as the NIX file that Neo makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.exchange.trains import seconds_by_unit
from spikeboard.exchange.words import extras
from spikeboard.recording import Recording, State
from spikeboard.units_of_measurement import is_unit

_OWN = ("population", "id")


def to_neo(rec: Recording) -> Any:
    """A recording as a `neo.Block` of one segment; populations, ids and what is known of units are annotations.

    Raises
    ------
    RecordingError : where Neo is not installed
    """
    if find_spec("neo") is None:
        raise RecordingError("a Neo block needs Neo: pip install 'spikeboard[neo]'")
    neo: Any = import_module("neo")
    block = neo.Block(name=rec.name, description="; ".join(rec.notes) or None)
    segment = neo.Segment(name=rec.name)
    trains = np.split(seconds_by_unit(rec), rec.train_offsets[1:-1])[: len(rec.units)]
    segment.spiketrains.extend([_train(neo, rec, row, seconds) for row, seconds in enumerate(trains)])
    segment.irregularlysampledsignals.extend([_signal(neo, rec, *item) for item in rec.states.items()])
    segment.epochs.extend([_epoch(neo, *item) for item in rec.intervals.items()])
    block.segments.append(segment)
    return block


def _train(neo: Any, rec: Recording, row: int, seconds: np.ndarray) -> Any:
    unit = rec.units.iloc[row].to_dict()
    train = neo.SpikeTrain(
        seconds, units="s", t_start=rec.t_start, t_stop=rec.t_stop, name=rec.label(row),
        sampling_rate=neo.core.spiketrain.pq.Quantity(rec.sampling_rate or 1.0, "Hz"),
    )  # fmt: skip
    # A column may be called like an argument of the constructor.
    train.annotations.update({str(name): _scalar(value) for name, value in unit.items() if name not in _OWN})
    train.annotations.update(source_population=str(unit["population"]), source_id=_scalar(unit["id"]))
    return train


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _epoch(neo: Any, name: str, frame: pd.DataFrame) -> Any:
    whole = frame[_is_whole(frame)]
    labels = whole["label"].astype(str).tolist() if "label" in whole else [str(row) for row in whole.index]
    further = {str(column): whole[column] for column in whole if column not in ("start", "stop", "label")}
    return neo.Epoch(
        whole["start"].to_numpy(),
        durations=(whole["stop"] - whole["start"]).to_numpy(),
        labels=labels,
        units="s",
        name=name,
        array_annotations={column: _annotated(values) for column, values in further.items()},
    )


def _is_whole(frame: pd.DataFrame) -> np.ndarray:
    starts, stops = (frame[name].to_numpy(np.float64) for name in ("start", "stop"))
    return np.isfinite(starts) & np.isfinite(stops)


def _annotated(values: pd.Series) -> np.ndarray:
    return (
        values.to_numpy() if pd.api.types.is_numeric_dtype(values.dtype) else values.astype(str).to_numpy("U")
    )


def _signal(neo: Any, rec: Recording, name: str, state: State) -> Any:
    known: dict[str, Any] = {}
    if population := _population(rec, state):
        known = {"source_population": population, "source_ids": _annotated(rec.units["id"].iloc[state.rows])}
    return neo.IrregularlySampledSignal(
        np.asarray(state.time), np.asarray(state.values), units=_unit(neo, state.unit) or "dimensionless",
        time_units="s", name=name, array_annotations={"channel_names": np.array(state.labels, "U")}, **known,
    )  # fmt: skip


def _population(rec: Recording, state: State) -> str:
    """The population that all columns of a state are units of, "" where there is none."""
    rows = np.asarray(state.rows)
    of = (
        set()
        if not len(rows) or rows.min() < 0
        else set(rec.units["population"].astype(str).to_numpy()[rows])
    )
    return of.pop() if len(of) == 1 else ""


def _unit(neo: Any, unit: str) -> Any:
    """A unit as Neo has it, None where it does not know it."""
    if not unit or not is_unit(unit):
        return None
    try:
        return neo.core.spiketrain.pq.Quantity(1.0, unit).units
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError, SyntaxError):
        return None


def is_usable() -> bool:
    """Whether Neo can write a file here."""
    return find_spec("neo") is not None and find_spec("nixio") is not None


def write(rec: Recording, path: Path) -> None:
    """A NIX file of one block.

    Raises
    ------
    RecordingError : where Neo or nixio is not installed
    """
    if not is_usable():
        raise RecordingError("a NIX file needs Neo and nixio: pip install 'spikeboard[neo]' nixio")
    from neo.io import NixIO

    with NixIO(str(path), mode="ow") as file:
        file.write_block(to_neo(rec))


def left_out_of_file(rec: Recording) -> Iterator[str]:
    """What a NIX file has no place for."""
    if rec.sampling_rate:
        yield f"the {rec.sampling_rate:g} Hz clock: Neo does not keep it in NIX files; times are exact to 1 ns"
    if "name" in rec.units:
        yield "the column 'name' of the unit table: NIX keeps no annotation that is called so"
    yield from left_out(rec)


def left_out(rec: Recording) -> Iterator[str]:
    """What a block has no place for."""
    yield "the name of the recording, but as that of the block"
    if rec.notes:
        yield f"{len(rec.notes)} notes, but as the description of the block"
    open_ended = sum(int((~_is_whole(frame)).sum()) for frame in rec.intervals.values())
    if open_ended:
        yield f"{open_ended:,} intervals without a start or an end"
    if any(state.variable != name for name, state in rec.states.items()):
        yield "what the variables of states are called, beside the names of the states"
    if any(not _population(rec, state) for state in rec.states.values()):
        yield "which units the columns of some states are of: a signal is of one population"
    if unknown := [state.unit for state in rec.states.values() if state.unit and not _is_known(state.unit)]:
        yield f"units of measurement that Neo does not know: {', '.join(dict.fromkeys(unknown))[:200]}"
    if not len(rec.units):
        yield "t_start and t_stop: Neo keeps them with each unit, and there is none"
    yield from extras(rec, "rates", "connections")


def _is_known(unit: str) -> bool:
    return find_spec("neo") is not None and _unit(import_module("neo"), unit) is not None
