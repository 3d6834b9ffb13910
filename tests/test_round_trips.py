"""What a recording holds comes back from every form that it is exported to, or the export says that it does not."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from awkward import AWKWARD

import spikeboard
from app import DEMO_FOLDER
from spikeboard import Recording, State, Synapses, exchange

# What of a recording each form may lose, with words of the sentence that must say so.
NEO = {
    "t_stop": "t_stop", "name": "name of the recording", "notes": "notes", "variables": "variables of states",
    "units of states": "which units", "physical units": "Neo does not know",
    "intervals": "intervals without", "rates": "rates", "projections": "projections",
    "names of projections": "projections",
}  # fmt: skip
SONATA_RUN = {
    "name": "name of the recording", "populations": "slashes", "ids": "ids of units",
    "columns": "columns of the unit table", "notes": "notes", "states": "states", "variables": "states",
    "units of states": "states", "labels": "states", "physical units": "states", "rates": "rates",
    "intervals": "intervals", "projections": "slashes", "names of projections": "slashes",
}  # fmt: skip
LOST: dict[str, dict[str, str]] = {
    "csv": {},
    "parquet": {},
    "npz": {},
    "sonata": {**SONATA_RUN, "t_start": "t_start", "t_stop": "t_stop", "clock": "clock", "ticks": "clock"},
    "sonata_run": SONATA_RUN,
    "nwb": {
        "t_stop": "t_stop", "name": "name of the recording", "populations": "names of populations",
        "ids": "ids of units", "states": "slashes", "notes": "notes", "variables": "variables of states|slashes",
        "units of states": "which units", "labels": "labelled", "physical units": "slashes", "rates": "rates",
        "projections": "projections", "names of projections": "projections",
    },
    "nix": {**NEO, "clock": "clock", "ticks": "clock", "columns": "column 'name'"},
    "neo": NEO,
}  # fmt: skip


def whole(named: bool = False, clocked: bool = True) -> Recording:
    """A recording that holds something of everything."""
    rng = np.random.default_rng(7)
    inhibitory = "inh/2" if named else "I"
    units = pd.DataFrame(
        {
            "population": ["E"] * 4 + [inhibitory] * 3,
            "id": [f"cell {row}" for row in range(7)] if named else [0, 3, 4, 9, 0, 1, 5],
            "ei": ["e"] * 4 + ["i"] * 3,
            "x": rng.normal(size=7),
            "depth": [1.5, math.nan, 3.0, 4.0, 5.0, 6.0, 7.0],
            "good": [True, False, True, True, False, False, True],
            "name": [f"called {row}" for row in range(7)],
        }
    )
    times = np.sort(rng.integers(-50, 30_000, 500)) / 10_000
    time = np.arange(30) * 0.1
    weight = np.array([0.5, 0.25, 0.1, -1.0, math.nan, 2.0])
    delay = np.array([1, 2, 3, 4, 5, 6.5]) * 1e-3
    indptr, indices = np.array([0, 3, 3, 5, 6]), np.array([0, 1, 2, 1, 3, 3])
    return spikeboard.recording(
        "everything",
        times if clocked else np.round(times + np.sort(rng.uniform(0, 1e-5, 500)), 9),
        rng.choice([0, 1, 2, 4, 6], 500),
        units,
        t_start=-0.0051,
        t_stop=3.25,
        sampling_rate=10_000.0 if clocked else None,
        states={
            "E.v": State(
                rng.normal(size=(30, 2)), time, "v", "mV", np.array([0, 1], np.int32), ("E 0", "E 3")
            ),
            "w": State(
                rng.normal(size=(30, 2)), time, "w", "florins", np.array([3, 5], np.int32), ("E 9", "I 1")
            ),
            "lfp": State(rng.normal(size=(30, 1)), time, "lfp", "", np.array([-1], np.int32), ("tip",)),
        },
        rates={"E": pd.DataFrame({"time": time, "rate": rng.uniform(size=30)})},
        intervals={
            "trials": pd.DataFrame(
                {
                    "start": [0.0, 1.0],
                    "stop": [0.5, 1.75],
                    "label": ["a", "b"],
                    "side": ["l", "r"],
                    "contrast": [0.25, 1],
                }
            ),
            "open": pd.DataFrame({"start": [0.0, 2.0], "stop": [math.nan, 2.5], "label": ["x", "y"]}),
        },
        connections={
            "E/E" if named else "E→E": Synapses("E", "E", indptr, indices, weight, delay, "nS"),
            "loose": Synapses("E", inhibitory, np.array([0, 1, 2, 2, 2]), np.array([0, 1])),
        },
        notes=("what was assumed", "what was µended"),
    )


RECORDINGS: dict[str, Callable[[], Recording]] = {
    "whole": whole,
    "named": lambda: whole(named=True),
    "continuous": lambda: whole(clocked=False),
    "demo": lambda: spikeboard.open(DEMO_FOLDER),
    **{name: make for name, make in AWKWARD.items() if name not in ("large", "many_populations")},
}

# A SONATA file without a population is refused when it is opened: nothing is in it. NIX takes its time.
UNTRIED = {("sonata", "empty"), ("sonata_run", "empty")} | {
    ("nix", name) for name in ("demo", "continuous", "late")
}
TRIED = [(form, name) for form in LOST for name in RECORDINGS if (form, name) not in UNTRIED]

# What a recording holds, each as plain values ------------------------------------------------------------------------


def columns(frame: pd.DataFrame, *without: str) -> dict[str, Any]:
    return {str(name): frame[name].to_numpy() for name in frame if name not in without}


def synapses(found: Synapses) -> list[Any]:
    """Where from and where to, weight and delay of each, in that order."""
    source = np.repeat(np.arange(len(found.indptr) - 1), np.diff(found.indptr))
    parts = (source, found.indices, found.weight, found.delay)
    order = np.lexsort([part for part in parts if part is not None][::-1])
    ends = [found.source, found.target, found.weight_unit]
    return [*ends, *(None if part is None else np.asarray(part)[order] for part in parts)]


def of_states(what: Callable[[State], Any]) -> Callable[[Recording], Any]:
    return lambda rec: {name: what(state) for name, state in rec.states.items()}


HELD: dict[str, Callable[[Recording], Any]] = {
    "spikes": lambda rec: (rec.spike_rows, np.asarray(rec.spike_times)),
    # Where time is continuous a tick is a nanosecond, to which a time may be rounded up or down.
    "ticks": lambda rec: rec.train_ticks if rec.sampling_rate else np.zeros(0, int),
    "trains": lambda rec: rec.train_offsets,
    "populations": lambda rec: rec.units["population"].astype(str).tolist(),
    "ids": lambda rec: rec.units["id"].tolist(),
    "columns": lambda rec: columns(rec.units, "population", "id"),
    "clock": lambda rec: rec.sampling_rate,
    "t_start": lambda rec: np.array([rec.t_start]),
    "t_stop": lambda rec: np.array([rec.t_stop]),
    "name": lambda rec: rec.name,
    "notes": lambda rec: frozenset(rec.notes),
    "states": of_states(lambda state: (np.asarray(state.time), np.asarray(state.values, float))),
    "variables": of_states(lambda state: state.variable),
    "physical units": of_states(lambda state: state.unit),
    "units of states": of_states(lambda state: state.rows.tolist()),
    "labels": of_states(lambda state: state.labels),
    "rates": lambda rec: {name: columns(frame) for name, frame in rec.rates.items()},
    "intervals": lambda rec: {name: columns(frame) for name, frame in rec.intervals.items()},
    "projections": lambda rec: [synapses(found) for found in rec.connections.values()],
    "names of projections": lambda rec: list(rec.connections),
}


def within(held: Any, again: Any) -> bool:
    """Whether all that was held is there again, but for rounding; readers add notes and columns of their own."""
    if isinstance(held, dict):
        return held.keys() <= again.keys() and all(within(held[name], again[name]) for name in held)
    if isinstance(held, frozenset):
        return held <= again
    if isinstance(held, np.ndarray) and held.dtype.kind == "f":
        return held.shape == again.shape and np.allclose(again, held, rtol=1e-15, atol=0, equal_nan=True)
    if isinstance(held, tuple | list):
        return len(held) == len(again) and all(map(within, held, again))
    return np.array_equal(held, again)


def there_and_back(rec: Recording, form: str, folder: Path) -> tuple[Recording, tuple[str, ...]]:
    """The recording after a round trip, and what was said to be left out."""
    if form == "neo":
        return spikeboard.from_monitors(exchange.to_neo(rec)), exchange.left_out(rec, form)
    written = exchange.export(rec, folder / f"made{exchange.FORMS[form][1]}", form)
    options = {"population_column": "population"} if form == "nwb" else {}
    return spikeboard.open(written.path, **options), written.left_out


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[set[str], tuple[str, ...]]]:
    """What of a recording was lost by a form, and what was said; each tried once."""
    found: dict[tuple[str, str], tuple[set[str], tuple[str, ...]]] = {}

    def lost(form: str, name: str) -> tuple[set[str], tuple[str, ...]]:
        if (form, name) not in found:
            rec = RECORDINGS[name]()
            again, said = there_and_back(rec, form, tmp_path_factory.mktemp("made"))
            found[form, name] = {what for what, of in HELD.items() if not within(of(rec), of(again))}, said
        return found[form, name]

    return lost


Tried = Callable[[str, str], tuple[set[str], tuple[str, ...]]]


def test_every_form_is_tried() -> None:
    assert LOST.keys() == {*exchange.FORMS, "neo"}


@pytest.mark.parametrize(("form", "name"), TRIED)
def test_what_does_not_come_back_is_told(form: str, name: str, tried: Tried) -> None:
    lost, said = tried(form, name)
    assert {what for what in lost if not re.search(LOST[form].get(what, "$^"), "; ".join(said))} == set()


@pytest.mark.parametrize("form", LOST)
def test_no_form_is_said_to_lose_what_it_never_loses(form: str, tried: Tried) -> None:
    lost = set().union(*(tried(form, name)[0] for other, name in TRIED if other == form))
    assert lost == LOST[form].keys()
