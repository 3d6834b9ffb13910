"""Recordings from objects of other analysis packages: Neo, pynapple, SpikeInterface.

They are told apart by what they offer, never by their class: none of these packages is imported. Such objects know
their own times, so that no `dt` is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording
from spikeboard.segmented import POPULATION, Sampled, Segment, Train, from_segments
from spikeboard.segmented import column as as_column

# What Neo gives every train that was told no sampling rate; no recording system is that slow.
NEO_DEFAULT_HZ = 1.0
# Told by other means, or nobody else's business.
_NEO_OWN = ("source_population", "source_id", "unit_name", "nix_name")
# None stands for the name of the train.
_NEO_IDS = ("source_id", "unit_name", None, "id", "unit_id")


def from_objects(
    things: Sequence[Any],
    *,
    name: str,
    t_start: float | None = None,
    t_stop: float | None = None,
    source: str = "",
) -> Recording | None:
    """A recording from objects of one of these packages; None where none of the objects is theirs.

    Parameters
    ----------
    things : Neo blocks, segments, spike trains and signals; pynapple TsGroup, Ts, Tsd, TsdFrame and IntervalSet;
        SpikeInterface sortings
    name : what to call the recording
    t_start, t_stop : s, to overrule what the objects say
    source : the path they came from

    Raises
    ------
    RecordingError : where objects of several packages are mixed, or contradict each other
    """
    kinds = [_package(thing) for thing in things]
    if not any(kinds):
        return None
    if len(set(kinds)) > 1:
        mixed = ", ".join(sorted({type(thing).__name__ for thing in things}))
        raise RecordingError(
            f"objects of several packages ({mixed}) keep no common time: give those of one at a time"
        )
    segments, rate, notes = _READ[kinds[0] or ""](things)
    return from_segments(
        segments, name=name, sampling_rate=rate, t_start=t_start, t_stop=t_stop, notes=notes, source=source
    )


def _package(thing: Any) -> str | None:
    offered = frozenset(dir(thing))
    return next((package for package, needed in _OFFERED if needed <= offered), None)


Read = tuple[list[Segment], float | None, list[str]]

_OFFERED: tuple[tuple[str, frozenset[str]], ...] = (
    ("spikeinterface", frozenset({"get_unit_ids", "get_unit_spike_train", "get_num_segments"})),
    ("neo", frozenset({"segments", "groups", "annotations"})),
    ("neo", frozenset({"spiketrains", "analogsignals", "epochs", "events"})),
    ("neo", frozenset({"t_start", "t_stop", "rescale", "magnitude", "annotations"})),
    ("neo", frozenset({"multiplexed", "segment"})),
    ("pynapple", frozenset({"time_support", "metadata_columns", "rates", "keys"})),
    ("pynapple", frozenset({"time_support", "t", "as_units"})),
    ("pynapple", frozenset({"start", "end", "tot_length", "as_units"})),
)


# Neo -----------------------------------------------------------------------------------------------------------


def _neo(things: Sequence[Any]) -> Read:
    notes: list[str] = []
    found = list(_neo_segments(things))
    if any(hasattr(segment, "imagesequences") and len(segment.imagesequences) for segment in found):
        notes.append("image sequences are not read")
    keyed = _neo_keys([_trains(segment) for segment in found], notes)
    segments = [
        _neo_segment(segment, keys, number)
        for number, (segment, keys) in enumerate(zip(found, keyed, strict=True))
    ]
    return segments, _neo_rate([train for segment in found for train in _trains(segment)], notes), notes


class _Loose:
    """Trains and signals that were given without a segment around them."""

    def __init__(self, things: Sequence[Any]) -> None:
        self.name = ""
        self.spiketrains = [thing for thing in things if hasattr(thing, "waveforms")]
        self.analogsignals = [thing for thing in things if not hasattr(thing, "waveforms")]


def _neo_segments(things: Iterable[Any]) -> Iterator[Any]:
    loose = []
    for thing in things:
        if hasattr(thing, "segments"):
            yield from thing.segments
        elif hasattr(thing, "spiketrains"):
            yield thing
        else:
            loose += list(thing) if hasattr(thing, "multiplexed") else [thing]
    if loose:
        yield _Loose(loose)


def _trains(segment: Any) -> list[Any]:
    return list(segment.spiketrains)


def _neo_keys(segments: Sequence[Sequence[Any]], notes: list[str]) -> list[list[tuple[str, Hashable]]]:
    """Population and id of every train: by an annotation or a name that tells the trains of each segment apart."""
    for told in _NEO_IDS:
        keys = [[(_source(train), _called(train, told)) for train in trains] for trains in segments]
        if all(None not in [key for _, key in mine] and len(set(mine)) == len(mine) for mine in keys):
            return keys
    if len({len(trains) for trains in segments}) == 1:
        if len(segments) > 1:
            notes.append(
                "nothing names the trains: those at one position of each segment are taken as one unit"
            )
        return [[(_source(train), position) for position, train in enumerate(trains)] for trains in segments]
    notes.append(
        "nothing tells which trains of different segments are of one unit: each train is shown as a unit of its own"
    )
    return [
        [(_source(train), f"segment {number + 1}, train {position}") for position, train in enumerate(trains)]
        for number, trains in enumerate(segments)
    ]


def _called(train: Any, annotation: str | None) -> Hashable | None:
    value = train.name if annotation is None else _plain(train.annotations.get(annotation))
    return None if value in ("", None) else value


def _source(train: Any) -> str:
    return str(_plain(train.annotations.get("source_population")) or POPULATION)


def _plain(value: Any) -> Any:
    """A NumPy scalar as Python has it; only plain values are kept."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | int | float | bool) else None


def _neo_segment(segment: Any, keys: Sequence[tuple[str, Hashable]], number: int) -> Segment:
    trains = _trains(segment)
    signals = [*_list(segment, "analogsignals"), *_list(segment, "irregularlysampledsignals")]
    timed = [*trains, *signals]
    start = min((_seconds(thing.t_start) for thing in timed), default=0.0)
    stop = max((_seconds(thing.t_stop) for thing in timed), default=None)
    return Segment(
        float(start),
        None if stop is None else float(stop),
        [_neo_train(train, *key) for train, key in zip(trains, keys, strict=True)],
        [_neo_signal(signal, position) for position, signal in enumerate(signals)],
        _neo_intervals(segment),
        str(getattr(segment, "name", "") or number + 1),
    )


def _list(segment: Any, name: str) -> list[Any]:
    return list(getattr(segment, name, ()))


def _seconds(quantity: Any) -> Any:
    return np.asarray(quantity.rescale("s").magnitude, np.float64)


def _neo_train(train: Any, population: str, key: Hashable) -> Train:
    known = {
        str(name): _plain(value) for name, value in train.annotations.items() if _plain(value) is not None
    }
    known = {name: value for name, value in known.items() if name not in _NEO_OWN}
    if train.name and train.name not in (key, f"{population} {key}"):
        known.setdefault("name", str(train.name))
    return Train(key, _seconds(train).reshape(-1), population, known)


def _neo_signal(signal: Any, position: int) -> Sampled:
    values = np.asarray(signal.magnitude)
    values = values.reshape(len(values), -1)
    called = str(signal.name or f"signal {position + 1}")
    ids = signal.annotations.get("source_ids")
    keys = (
        list(np.ravel(ids).tolist())
        if ids is not None and np.size(ids) == values.shape[1]
        else [None] * values.shape[1]
    )
    names = getattr(signal, "array_annotations", {}).get("channel_names")
    labels = (
        np.ravel(names)
        if names is not None
        else keys
        if ids is not None and None not in keys
        else range(values.shape[1])
    )
    return Sampled(
        called,
        values,
        _seconds(signal.times),
        str(signal.dimensionality.string).replace("dimensionless", ""),
        tuple(f"{called} {label}" if names is None else str(label) for label in labels),
        tuple(keys),
        str(_plain(signal.annotations.get("source_population")) or POPULATION),
    )


def _neo_intervals(segment: Any) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    for kind in ("epochs", "events"):
        for position, thing in enumerate(_list(segment, kind)):
            name = str(thing.name or f"{kind} {position + 1}")
            frame = _neo_frame(thing)
            found[name] = pd.concat([found[name], frame], ignore_index=True) if name in found else frame
    return {name: frame for name, frame in found.items() if len(frame)}


def _neo_frame(thing: Any) -> pd.DataFrame:
    """Epochs, or events, which have no length."""
    start = _seconds(thing).reshape(-1)
    durations = getattr(thing, "durations", None)
    frame = pd.DataFrame(
        {"start": start, "stop": start if durations is None else start + _seconds(durations)}
    )
    if thing.labels is not None and len(thing.labels) == len(start):
        frame["label"] = [str(label) for label in thing.labels]
    for name, values in (getattr(thing, "array_annotations", None) or {}).items():
        if len(values) == len(start) and name not in frame:
            frame[str(name)] = as_column(list(map(_plain, np.asarray(values).tolist())))
    return frame


def _neo_rate(trains: Sequence[Any], notes: list[str]) -> float | None:
    rates = {float(_hertz(train.sampling_rate)) for train in trains if train.sampling_rate is not None}
    told = {rate for rate in rates if rate > 0 and rate != NEO_DEFAULT_HZ}
    if len(told) > 1:
        several = ", ".join(f"{rate:g}" for rate in sorted(told)[:5])
        notes.append(f"the trains are sampled at several rates ({several} Hz): time is taken as continuous")
    return told.pop() if len(told) == 1 and len(rates) == 1 else None


def _hertz(quantity: Any) -> Any:
    return quantity.rescale("Hz").magnitude


# pynapple ------------------------------------------------------------------------------------------------------


def _pynapple(things: Sequence[Any]) -> Read:
    notes: list[str] = []
    supports = [thing.time_support for thing in things if hasattr(thing, "time_support")]
    trains = [
        train for number, thing in enumerate(things) for train in _nap_trains(thing, number, len(things))
    ]
    signals = [_nap_signal(thing, number) for number, thing in enumerate(things) if _is_nap_signal(thing)]
    intervals = {
        f"intervals {number + 1}": _nap_frame(thing)
        for number, thing in enumerate(things)
        if hasattr(thing, "tot_length")
    }
    return [nap_segment(supports, trains, signals, intervals, notes)], None, notes


def nap_segment(
    supports: Sequence[Any],
    trains: Sequence[Train],
    signals: Sequence[Sampled],
    intervals: dict[str, pd.DataFrame],
    notes: list[str],
) -> Segment:
    """What pynapple objects hold, as one segment that lasts as long as their time supports do.

    supports : objects with `start` and `end`, s
    """
    starts = np.concatenate(
        [np.zeros(0), *(np.asarray(support.start, float).reshape(-1) for support in supports)]
    )
    stops = np.concatenate(
        [np.zeros(0), *(np.asarray(support.end, float).reshape(-1) for support in supports)]
    )
    start, stop = (float(starts.min()), float(stops.max())) if len(starts) else (0.0, None)
    if any(np.size(support.start) > 1 for support in supports):
        longest = max(supports, key=lambda support: np.size(support.start))
        frame = pd.DataFrame(
            {"start": np.asarray(longest.start, float), "stop": np.asarray(longest.end, float)}
        )
        intervals = {"time support": frame, **intervals}
        notes.append(
            f"the time support has {len(frame)} parts (intervals 'time support'): rates over the whole recording "
            "count the pauses between them too; select an interval to leave them out"
        )
    every = np.concatenate([np.zeros(0), *(train.times for train in trains)])
    if len(every) and not signals and (start, stop) == (every.min(), every.max()):
        notes.append(
            f"the time support goes from the first spike to the last ({start:g} to {stop:g} s), which is what pynapple "
            "takes where it is told nothing: if the recording was longer, rates are too high; t_start=… and t_stop=… "
            "overrule"
        )
    return Segment(start, stop, trains, signals, intervals)


def _nap_trains(thing: Any, number: int, of: int) -> Iterator[Train]:
    if hasattr(thing, "metadata_columns") and hasattr(thing, "rates"):
        table = thing.metadata.drop(columns="rate", errors="ignore")
        for key in thing.keys():  # noqa: SIM118  (a group iterates over something else)
            known = {str(name): _plain(value) for name, value in table.loc[key].items()}
            population = POPULATION if of == 1 else f"{POPULATION} {number + 1}"
            yield Train(int(key), np.asarray(thing[key].t, np.float64), population, known)
    elif hasattr(thing, "time_support") and not hasattr(thing, "values"):
        yield Train(number, np.asarray(thing.t, np.float64))


def _is_nap_signal(thing: Any) -> bool:
    return hasattr(thing, "time_support") and hasattr(thing, "d")


def _nap_signal(thing: Any, number: int) -> Sampled:
    values = np.asarray(thing.d)
    values = values.reshape(len(values), -1)
    names = list(getattr(thing, "columns", range(values.shape[1])))
    called = f"{type(thing).__name__} {number + 1}"
    return Sampled(
        called,
        values,
        np.asarray(thing.t, np.float64),
        "",
        tuple(map(str, names)) if len(names) == values.shape[1] else tuple(map(str, range(values.shape[1]))),
        (None,) * values.shape[1],
    )


def _nap_frame(thing: Any) -> pd.DataFrame:
    return pd.DataFrame({"start": np.asarray(thing.start, float), "stop": np.asarray(thing.end, float)})


# SpikeInterface ------------------------------------------------------------------------------------------------


def _spikeinterface(things: Sequence[Any]) -> Read:
    if len(things) > 1:
        raise RecordingError("give one sorting at a time: two of them need not be of the same units")
    (sorting,) = things
    rate = float(sorting.get_sampling_frequency())
    known = {str(key): list(sorting.get_property(key)) for key in sorting.get_property_keys()}
    segments = [
        _sorted_segment(sorting, number, rate, known) for number in range(int(sorting.get_num_segments()))
    ]
    return segments, rate, [note for note in (_about_times(sorting, len(segments)),) if note]


def _about_times(sorting: Any, segments: int) -> str:
    told = getattr(sorting, "has_time_vector", None)
    if told is None or not any(told(number) for number in range(segments)):
        return ""
    return "the recording of this sorting has a time of its own for each sample: these times were taken"


def _sorted_segment(sorting: Any, number: int, rate: float, known: dict[str, list[Any]]) -> Segment:
    trains = []
    for position, unit in enumerate(sorting.get_unit_ids()):
        times = np.asarray(_sorted_times(sorting, unit, number, rate), np.float64)
        columns = {key: _plain(values[position]) for key, values in known.items()}
        trains.append(Train(_plain(unit), times, POPULATION, columns))
    start = float(sorting.get_start_time(number)) if hasattr(sorting, "get_start_time") else 0.0
    stop = start + sorting.get_num_samples(number) / rate if sorting.has_recording() else None
    return Segment(start, stop, trains, name=str(number + 1))


def _sorted_times(sorting: Any, unit: Any, number: int, rate: float) -> np.ndarray:
    vector = getattr(sorting, "has_time_vector", None)
    if vector is not None and vector(number):
        return sorting.get_unit_spike_train_in_seconds(unit_id=unit, segment_index=number)
    start = float(sorting.get_start_time(number)) if hasattr(sorting, "get_start_time") else 0.0
    return start + np.asarray(sorting.get_unit_spike_train(unit_id=unit, segment_index=number)) / rate


_READ: dict[str, Callable[[Sequence[Any]], Read]] = {
    "neo": _neo,
    "pynapple": _pynapple,
    "spikeinterface": _spikeinterface,
}
