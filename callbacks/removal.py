"""Uploads are deleted from the Library, once a person has confirmed it."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update

from callbacks.wiring import threaded
from components import library_page
from spikeboard import uploads
from spikeboard.errors import RecordingError
from spikeboard.hosting import current_user
from spikeboard.library import Library, locate
from spikeboard.theme import shown


def register(app: Dash, library: Library) -> None:
    """Attach the buttons that delete uploads."""

    @app.callback(
        Output("removal", "hidden"),
        Output("remove-key", "data"),
        Output("remove-name", "children"),
        Output("remove-problem", "children"),
        Input({"remove": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    @threaded
    def ask(clicks: Any) -> tuple[Any, ...]:
        pressed = ctx.triggered_id
        if not isinstance(clicks, list) or not any(clicks) or not isinstance(pressed, dict):
            return no_update, no_update, no_update, no_update
        key = str(pressed.get("remove"))
        return False, key, asked(library, key), ""

    @app.callback(
        Output("removal", "hidden", allow_duplicate=True),
        Output("offered", "children"),
        Output("remove-problem", "children", allow_duplicate=True),
        Input("remove-now", "n_clicks"),
        Input("remove-not", "n_clicks"),
        State("remove-key", "data"),
        prevent_initial_call=True,
    )
    @threaded
    def answer(now: Any, later: Any, key: Any) -> tuple[Any, ...]:
        if ctx.triggered_id != "remove-now" or not now:
            return True, no_update, ""
        try:
            uploads.remove(library, str(key), current_user.get())
        except RecordingError as problem:
            return False, no_update, str(problem)
        return True, library_page.offered(library, current_user.get()), ""


def asked(library: Library, key: str) -> str:
    """What is said before an upload is deleted."""
    try:
        name = shown(locate(library, key)[0].name, 120)
    except RecordingError as problem:
        return str(problem)
    return (
        f"{name} and all that Spikeboard made of it will be gone from this server, for everybody and for good; "
        "links to it will lead nowhere."
    )
