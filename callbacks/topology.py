"""The topology page: its graph is filled, coloured and tapped in the browser; the server only computed it."""

from __future__ import annotations

from dash import Dash, Input, Output, State

from callbacks.wiring import browser
from components import ids
from components.ids import MATCH
from spikeboard.library import Library


def register(app: Dash, library: Library) -> None:
    """Attach the graphs of the views that are graphs."""
    app.clientside_callback(
        browser("graph"),
        Output(ids.part(MATCH, "cyto"), "elements"),
        Output(ids.part(MATCH, "cyto"), "stylesheet"),
        Input(ids.part(MATCH, "drawn"), "data"),
        Input("shown-theme", "data"),
        State(ids.part(MATCH, "cyto"), "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("graphSelected"),
        Output(ids.part(MATCH, "cyto"), "className"),
        Input(ids.SELECTION, "data"),
        Input(ids.part(MATCH, "cyto"), "elements"),
        State(ids.part(MATCH, "cyto"), "id"),
    )
    for act in ("in", "out", "fit", "reset"):
        app.clientside_callback(
            browser("graphButton"),
            Output(ids.part(MATCH, f"graph-{act}"), "data-done"),
            Input(ids.part(MATCH, f"graph-{act}"), "n_clicks"),
            State(ids.part(MATCH, f"graph-{act}"), "id"),
            prevent_initial_call=True,
        )
