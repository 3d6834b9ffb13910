"""A view is a value: what it is called, what it needs, its settings, and two pure functions.

From the settings, declared once, come the controls, the part of the address that stores them, the check of
every incoming value, the Python line and the reference page. A file in `spikeboard/views/` that holds a
`VIEW` *is* its registration.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pandas as pd
import plotly.graph_objects as go

from spikeboard.errors import NothingToDraw, RecordingError
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import label

# Other settings and the values of theirs with which a setting matters: its control is hidden otherwise.
When = Mapping[str, tuple[Any, ...]]
# p or n (population or neuron), its first unit row, x and y in px.
_MOVED_NODE = "[pn][0-9]{1,9}_-?[0-9]{1,6}_-?[0-9]{1,6}"
MOVED = re.compile(f"{_MOVED_NODE}(,{_MOVED_NODE})*")
# Addresses that are much longer are refused by servers and proxies.
LONGEST_MOVED = 8000


class Setting(Protocol):
    """Something a person can change about a view."""

    @property
    def label(self) -> str:
        """What its control is called."""
        ...

    @property
    def default(self) -> Any:
        """Its value where nothing is said."""
        ...

    @property
    def when(self) -> When:
        """With which values of other settings it matters; empty: always."""
        ...

    def check(self, value: Any) -> Any:
        """The value, as the view takes it; raises RecordingError (without naming the setting) otherwise."""
        ...


@dataclass(frozen=True)
class Number:
    """A number between two limits, both allowed."""

    default: float
    low: float
    high: float
    label: str
    unit: str = ""
    help: str = ""
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> float:
        """The value as a float."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not self.low <= number <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise RecordingError(
                f"must be a number from {self.low:g} to {self.high:g}{unit}, not {str(value)[:40]!r}"
            )
        return number


@dataclass(frozen=True)
class Whole:
    """A whole number between two limits, both allowed."""

    default: int
    low: int
    high: int
    label: str
    unit: str = ""
    help: str = ""
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> int:
        """The value as an int."""
        number = Number(self.default, self.low, self.high, self.label, self.unit).check(value)
        if number != int(number):
            raise RecordingError(f"must be a whole number, not {number:g}")
        return int(number)


@dataclass(frozen=True)
class Choice:
    """One of a few named values: {value: label}."""

    default: str
    options: Mapping[str, str]
    label: str
    help: str = ""
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> str:
        """The value, if it is one of the options."""
        if not isinstance(value, str) or value not in self.options:
            raise RecordingError(f"must be one of {', '.join(self.options)}, not {str(value)[:40]!r}")
        return value


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    default: bool
    label: str
    help: str = ""
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> bool:
        """The value as a bool; an address spells it 1 or 0."""
        known = {"1": True, "0": False, "True": True, "False": False, "true": True, "false": False}
        if str(value) not in known:
            raise RecordingError(f"must be true or false, not {str(value)[:40]!r}")
        return known[str(value)]


@dataclass(frozen=True)
class Pick:
    """Something of the recording, by name (or row, for a unit); None lets the view take a sensible one.

    kind : what is picked
    empty : what the control says while nothing is picked
    """

    kind: Literal["state", "projection", "population", "unit", "interval", "rate"]
    label: str
    default: None = None
    help: str = ""
    empty: str = "automatic"
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> str | int | None:
        """The value as a row or a name; whether the recording has it is checked when it is drawn."""
        if value is None or value == "":
            return None
        if self.kind != "unit":
            if not isinstance(value, str):
                raise RecordingError(f"must be the name of a {self.kind}, not {str(value)[:40]!r}")
            return value
        return Whole(0, 0, 2**31 - 1, self.label).check(value)


@dataclass(frozen=True)
class Moved:
    """Places of the nodes of a graph that were moved by hand: "p0_120_-40,n17_3_4"; empty where none was."""

    label: str
    default: str = ""
    help: str = ""
    when: When = field(default_factory=dict)

    def check(self, value: Any) -> str:
        """The value, if it lists nodes and places."""
        if isinstance(value, str) and len(value) <= LONGEST_MOVED and (not value or MOVED.fullmatch(value)):
            return value
        raise RecordingError(
            f"must list nodes with their x and y, such as p0_120_-40, not {str(value)[:40]!r}"
        )


@dataclass(frozen=True)
class Viewport:
    """What of a figure is on screen: axis ranges (None: all of it) and its size in pixels."""

    x: tuple[float, float] | None = None
    y: tuple[float, float] | None = None
    width: int = 1000
    height: int = 500


@dataclass(frozen=True, eq=False)
class Result:
    """What a view computed: the numbers that are drawn, and what has to be said about them.

    frame : the drawn data, as its CSV; or a function that makes it, where making it is dear
    caption : in words: what is shown, of how many spikes and units, over what time
    notes : what was snapped, left out or assumed; shown under the figure
    extra : what the figure needs besides the frame
    """

    frame: pd.DataFrame | Callable[[], pd.DataFrame]
    caption: str
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """The drawn data."""
        return self.frame() if callable(self.frame) else self.frame


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure with what was computed for it; `result` is None where there was nothing to draw."""

    figure: go.Figure
    result: Result | None
    message: str = ""


@dataclass(frozen=True, eq=False)
class View:
    """One way to look at a recording.

    name : in links and scripts
    title : on its card
    page : the page it stands on
    data : `data(recording, selection, [viewport,] **settings) -> Result`; raises NothingToDraw
    figure : `figure(result, **settings) -> go.Figure`
    settings : by name, in the order of their controls
    needs : what a recording must have: "spikes", "states", "projections", "rates", "intervals"
    uses : the parts of the selection it depends on: "time", "units"
    brush : `brush(recording, selection, x_range, y_range, **settings) -> Selection`: what a box drawn on the
        figure selects; None where a box selects nothing
    zooms : whether `data` takes a viewport, and is asked again when the figure is zoomed; or with which settings it is
    ends_zoom : settings with which the axes mean something else: another value shows all of them
    elements : `elements(result, **settings) -> list of dict`, where its card shows a Cytoscape graph
    order : place on its page
    height : of its figure, px
    """

    name: str
    title: str
    page: str
    data: Callable[..., Result]
    figure: Callable[..., go.Figure]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    needs: tuple[str, ...] = ("spikes",)
    uses: tuple[str, ...] = ("time", "units")
    brush: Callable[..., Selection] | None = None
    zooms: bool | When = False
    ends_zoom: tuple[str, ...] = ()
    elements: Callable[..., list[dict[str, Any]]] | None = None
    order: int = 100
    height: int = 420

    def defaults(self) -> dict[str, Any]:
        """The settings where nothing is said."""
        return {name: setting.default for name, setting in self.settings.items()}

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All settings, those given checked.

        Raises
        ------
        RecordingError : for an unknown setting, or a value that its setting does not take
        """
        values = self.defaults()
        for name, value in given.items():
            if name not in self.settings:
                raise RecordingError(
                    f"{self.name} has no setting {name!r}; it has {', '.join(self.settings) or 'none'}"
                )
            try:
                values[name] = self.settings[name].check(value)
            except RecordingError as problem:
                raise RecordingError(f"{self.name}: {name} {problem}") from None
        return values

    def compute(
        self, rec: Recording, selection: Selection, viewport: Viewport | None = None, **given: Any
    ) -> Result:
        """What the figure would show.

        Raises
        ------
        NothingToDraw : saying what is missing
        RecordingError : where the selection or a setting does not fit, or the numbers cannot be had
        """
        values = self.check(given)
        selection.check(rec)
        check_needs(rec, self.needs)
        if self.zooms:
            return self.data(rec, selection, viewport or Viewport(), **values)
        return self.data(rec, selection, **values)

    def draw(
        self, rec: Recording, selection: Selection, viewport: Viewport | None = None, **given: Any
    ) -> Drawn:
        """The figure, or one that says what is missing: never an empty axis.

        Raises
        ------
        RecordingError : where the selection or a setting does not fit
        """
        values = self.check(given)
        selection.check(rec)
        try:
            result = self.compute(rec, selection, viewport, **values)
        except RecordingError as problem:
            return Drawn(saying(label(problem, 400)), None, str(problem))
        return Drawn(self.picture(result, **values), result)

    def picture(self, result: Result, **given: Any) -> go.Figure:
        """The figure of a result, in the house style."""
        values = self.check(given)
        figure = self.figure(result, **values)
        # While this stays, the browser keeps what a person has zoomed.
        axes = " ".join([self.name, *(str(values[name]) for name in self.ends_zoom)])
        figure.update_layout(template="spikeboard", uirevision=axes, height=self.height)
        return figure

    def python(self, rec: Recording, selection: Selection, given: Mapping[str, Any], source: str = "") -> str:
        """The lines that draw the same figure in a script or notebook, where the recording lies at `source`."""
        values = self.check(given)
        changed = {name: value for name, value in values.items() if value != self.settings[name].default}
        arguments = "".join(
            f", {name}={value!r}" for name, value in (selection.arguments() | changed).items()
        )
        options = "".join(f", {name}={value!r}" for name, value in rec.options.items())
        source = source or rec.source or str(rec.folder or rec.name)
        return f"import spikeboard\nrec = spikeboard.open({source!r}{options})\nrec.figure({self.name!r}{arguments})"

    def definition(self) -> str:
        """What it shows and how it is computed: the docstring of its data function."""
        return inspect.getdoc(self.data) or ""


def check_needs(rec: Recording, needs: tuple[str, ...]) -> None:
    """Raise NothingToDraw where the recording lacks something that a view needs."""
    present = {
        "spikes": len(rec.spike_times) > 0,
        "states": bool(rec.states),
        "projections": bool(rec.connections),
        "rates": bool(rec.rates),
        "intervals": bool(rec.intervals),
        "units": len(rec.units) > 0,
    }
    sentences = {
        "spikes": f"no spikes in this recording ({len(rec.units):,} units were observed)",
        "states": "no state variable was recorded: add a StateMonitor (or a membrane report) to the run",
        "projections": "no projections in this recording: open the circuit, or pass the projections to from_monitors",
        "rates": "no rate monitor in this recording",
        "intervals": "no trials or other intervals in this recording",
        "units": "no units in this recording",
    }
    for need in needs:
        if not present[need]:
            raise NothingToDraw(sentences[need])


def saying(sentence: str) -> go.Figure:
    """A figure without axes that says something."""
    note = {"text": sentence, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    hidden = {"visible": False}
    figure = go.Figure(layout={"annotations": [note], "xaxis": hidden, "yaxis": hidden, "height": 220})
    return figure.update_layout(template="spikeboard")
