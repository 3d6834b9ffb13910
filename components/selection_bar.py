"""The bar that shows what is selected, and lets it be typed."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from spikeboard.recording import Recording
from spikeboard.theme import shown

MOST_INTERVALS = 1000
MOST_POPULATIONS = 500
# Fields of text count when they are left or by Enter. With a wait in milliseconds, a field would say again what it
# was told before the wait was over, and so undo whatever had changed the selection since.
WHEN_LEFT = True


def bar(rec: Recording) -> Component:
    """The selection bar of a recording; the browser fills in what is selected."""
    about = {
        "start": rec.t_start,
        "stop": rec.t_stop,
        "units": len(rec.units),
        "populations": [
            {"name": name, "size": int(size)}
            for name, size in zip(rec.populations["name"], rec.populations["size"], strict=True)
        ][:MOST_POPULATIONS],
    }
    return html.Div(
        [
            dcc.Store(id="sel-about", data=about),
            # On a wide screen the fields are always there, and this is not.
            html.Button(
                "Selection",
                id="sel-fold",
                className="sel-fold",
                **{"aria-expanded": "false", "aria-controls": "sel-fields"},
            ),
            html.Div(
                [
                    _seconds("sel-from", "From (s)", f"{rec.t_start:g}"),
                    _seconds("sel-to", "To (s)", f"{rec.t_stop:g}"),
                    dmc.MultiSelect(
                        id="sel-pop",
                        label="Populations",
                        data=[
                            {"value": name, "label": shown(name)}
                            for name in rec.populations["name"][:MOST_POPULATIONS]
                        ],
                        placeholder="all",
                        debounce=WHEN_LEFT,
                        clearable=True,
                        clearButtonProps={"aria-label": "All populations"},
                        searchable=len(rec.populations) > 8,
                        size="xs",
                        className="control sel-populations",
                    ),
                    dmc.TextInput(
                        id="sel-units",
                        label="Units (rows)",
                        placeholder="all, or 0-9,12",
                        debounce=WHEN_LEFT,
                        size="xs",
                        className="control",
                    ),
                    _interval(rec),
                    html.Button("Undo", id="sel-undo", title="Undo (Ctrl+Z)", className="action"),
                    html.Button("Clear", id="sel-clear", title="Clear (Escape)", className="action"),
                ],
                id="sel-fields",
                className="sel-fields",
            ),
            html.Div(
                [
                    html.Span(id="sel-summary"),
                    html.Span(id="sel-errors", className="sel-errors", role="status"),
                ],
                className="sel-summary",
            ),
        ],
        className="sel-bar",
        role="region",
        **{"aria-label": "Selection"},
    )


def _seconds(id: str, label: str, otherwise: str) -> Component:
    return dmc.NumberInput(
        id=id,
        label=label,
        placeholder=otherwise,
        debounce=WHEN_LEFT,
        hideControls=True,
        size="xs",
        className="control sel-time",
        clampBehavior="none",
    )


def _interval(rec: Recording) -> Component:
    options = [
        {"value": f"{table}:{row}", "label": f"{shown(table)} {row}: {start:g}–{stop:g} s"}
        for table, frame in rec.intervals.items()
        for row, (start, stop) in enumerate(
            zip(frame["start"][:MOST_INTERVALS], frame["stop"][:MOST_INTERVALS], strict=True)
        )
    ][:MOST_INTERVALS]
    return dmc.Select(
        id="sel-interval",
        label="Interval",
        data=options,
        placeholder="none" if options else "none in this file",
        debounce=WHEN_LEFT,
        clearable=True,
        clearButtonProps={"aria-label": "No interval"},
        searchable=True,
        disabled=not options,
        size="xs",
        className="control",
    )
