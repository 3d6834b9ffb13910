"""The library: open a recording by path, answer what its file leaves open, upload, export."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from dash import ALL, Dash, Input, Output, State, no_update

from callbacks.wiring import threaded
from spikeboard.errors import RecordingError, Undecided
from spikeboard.library import Library, answered, key_of_path, open_key
from spikeboard.links import Link, write_link


def register(app: Dash, library: Library) -> None:
    """Attach the Library page and the questions that a file may raise."""

    @app.callback(
        Output("address", "href", allow_duplicate=True),
        Output("path-problem", "children"),
        Input("open-path", "n_clicks"),
        Input("path", "n_submit"),
        State("path", "value"),
        prevent_initial_call=True,
    )
    @threaded
    def open_path(_clicks: int | None, _submits: int | None, path: Any) -> tuple[Any, str]:
        if not isinstance(path, str) or not path.strip():
            return no_update, "Type the path of a file or folder."
        try:
            return opened(library, key_of_path(library, path)), ""
        except (RecordingError, OSError) as problem:
            return no_update, str(problem)

    @app.callback(
        Output("address", "href", allow_duplicate=True),
        Output("answer-problem", "children"),
        Input("answer", "n_clicks"),
        State({"question": ALL}, "value"),
        State({"question": ALL}, "id"),
        State("asked-about", "data"),
        prevent_initial_call=True,
    )
    @threaded
    def answer(
        _clicks: int | None, values: list[Any], names: list[dict[str, str]], key: Any
    ) -> tuple[Any, str]:
        given = {name["question"]: value for name, value in zip(names, values, strict=True)}
        if not all(isinstance(value, str) for value in given.values()):
            return no_update, "Choose an answer first."
        try:
            return opened(library, answered(library, str(key), given)), ""
        except RecordingError as problem:
            return no_update, str(problem)


def opened(library: Library, key: str) -> str:
    """The address of a recording, once it is known that it opens (or asks)."""
    with suppress(Undecided):
        open_key(library, key)
    return "/" + write_link(Link(key))
