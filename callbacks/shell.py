"""Theme, keyboard and the navigation of narrow screens."""

from __future__ import annotations

from dash import Dash, Input, Output, State

from callbacks.wiring import browser
from components import ids
from spikeboard.library import Library


def register(app: Dash, library: Library) -> None:
    """Attach what belongs to every page."""
    app.clientside_callback(
        browser("chosenTheme"),
        Output(ids.THEME, "data"),
        Input("theme-toggle", "n_clicks"),
        State(ids.THEME, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("theme"),
        Output("mantine", "forceColorScheme"),
        Output("shown-theme", "data"),
        Output("theme-toggle", "children"),
        Input(ids.THEME, "data"),
    )
    app.clientside_callback(
        browser("burger"),
        Output("shell", "navbar"),
        Output("burger", "opened"),
        Input("burger", "opened"),
        Input(ids.ADDRESS, "pathname"),
        State("shell", "navbar"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("keys"), Output("keys-help", "opened"), Input("keys", "n_clicks"), prevent_initial_call=True
    )
