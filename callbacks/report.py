"""The report before a recording is accepted: remedies and their undoing, accept, discard."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update

from callbacks.wiring import led_to, threaded
from components import ids
from spikeboard import doctor, uploads
from spikeboard.acceptance import REPORT, accept
from spikeboard.errors import RecordingError, Undecided
from spikeboard.hosting import current_user
from spikeboard.importing import Importing
from spikeboard.library import Library, key_of_path, locate, note, open_key
from spikeboard.links import Link, write_link


def register(app: Dash, library: Library) -> None:
    """Attach the report, and the remedies of the Overview."""

    @app.callback(
        Output(ids.ADDRESS, "href", allow_duplicate=True),
        Output("mend-problem", "children"),
        Input({"mend": ALL}, "n_clicks"),
        State({"mend-value": ALL}, "value"),
        State({"mend-value": ALL}, "id"),
        State(ids.RECORDING, "data"),
        State(ids.ADDRESS, "pathname"),
        prevent_initial_call=True,
    )
    @threaded
    def mend(clicks: Any, typed: Any, names: Any, key: Any, path: Any) -> Any:
        pressed = ctx.triggered_id
        if not isinstance(clicks, list) or not any(clicks) or not isinstance(pressed, dict):
            return no_update, no_update
        wish = str(pressed.get("mend"))
        return led_to(
            lambda: mended_address(library, str(key), typed_wish(wish, typed, names), path == REPORT)
        )

    @app.callback(
        Output(ids.ADDRESS, "href", allow_duplicate=True),
        Output("report-problem", "children"),
        Input("accept", "n_clicks"),
        State(ids.RECORDING, "data"),
        prevent_initial_call=True,
    )
    @threaded
    def take(clicks: Any, key: Any) -> Any:
        if not clicks:
            return no_update, no_update
        return led_to(lambda: taken(library, str(key)))

    @app.callback(
        Output(ids.ADDRESS, "href", allow_duplicate=True),
        Output("report-problem", "children", allow_duplicate=True),
        Input("discard", "n_clicks"),
        State(ids.RECORDING, "data"),
        prevent_initial_call=True,
    )
    @threaded
    def discard(clicks: Any, key: Any) -> Any:
        if not clicks:
            return no_update, no_update
        return led_to(lambda: discarded(library, str(key)))


def taken(library: Library, key: str) -> str:
    """The address of a recording that has just been accepted."""
    accept(library, key)
    return "/" + write_link(Link(key))


def discarded(library: Library, key: str) -> str:
    """The address to go to from an upload that has just been removed."""
    uploads.remove(library, key, current_user.get())
    return "/library"


def typed_wish(wish: str, typed: Any, names: Any) -> str:
    """A remedy with what was typed for it: "?t_stop" and "3" make "+t_stop=3".

    Raises
    ------
    RecordingError : where nothing was typed
    """
    if not wish.startswith("?"):
        return wish
    pairs = zip(names, typed, strict=False) if isinstance(names, list) and isinstance(typed, list) else ()
    for name, value in pairs:
        asked = isinstance(name, dict) and name.get("mend-value") == wish[1:]
        if asked and isinstance(value, str | int | float) and 0 < len(str(value).strip()) < 40:
            return f"+{wish[1:]}={str(value).strip()}"
    raise RecordingError("Type a number first.")


def mended_address(library: Library, key: str, wish: str, reporting: bool) -> str:
    """The address of a recording after one wish: its report again, or its Overview where a person is past that.

    Raises
    ------
    RecordingError : for a remedy that there is not, or that does not fit
    """
    mended = mended_key(library, key, wish)
    try:
        open_key(library, mended)
    except Undecided:
        return REPORT + write_link(Link(mended))
    except Importing:
        pass  # its page shows how far that is
    if not reporting:
        accept(library, mended)
    return (REPORT if reporting else "/") + write_link(Link(mended))


def mended_key(library: Library, key: str, wish: str) -> str:
    """The key of the same recording with one more remedy ("+t_stop=3"), or with one undone ("-t_stop=3").

    Raises
    ------
    RecordingError : for a remedy that there is not
    """
    path, options = locate(library, key)
    change = doctor.without_remedy if wish.startswith("-") else doctor.with_remedy
    changed = change(options, wish[1:])
    return note(path, changed) if changed else key_of_path(library, path)
