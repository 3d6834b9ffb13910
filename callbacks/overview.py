"""The unit table of the Overview: its ticked rows are the selected units, and the other way round."""

from __future__ import annotations

from dash import Dash, Input, Output, State

from callbacks.wiring import browser
from components import ids
from spikeboard.library import Library


def register(app: Dash, library: Library) -> None:
    """Attach the unit table."""
    app.clientside_callback(
        browser("unitsTicked"),
        Output("units", "title"),
        Input("units", "selectedRows"),
        State(ids.SELECTION, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("tickUnits"),
        Output("units", "selectedRows"),
        Input(ids.SELECTION, "data"),
        Input("units", "rowData"),
        State("units", "selectedRows"),
    )
