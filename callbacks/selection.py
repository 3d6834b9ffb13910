"""The selection: one value for all pages, set by the bar, by a box on a figure, by the topology, by the unit table."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, no_update

from callbacks.views import understood
from callbacks.wiring import browser, threaded
from components import ids, problems
from spikeboard.errors import RecordingError
from spikeboard.library import Library
from spikeboard.views import view as view_called


def register(app: Dash, library: Library) -> None:
    """Attach everything that sets the selection or shows it."""
    fields = ("sel-from", "sel-to", "sel-pop", "sel-units", "sel-interval")
    app.clientside_callback(
        browser("fieldsChanged"),
        Output("sel-errors", "children"),
        *[Input(field, "value") for field in fields],
        State(ids.SELECTION, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("showSelection"),
        *[Output(field, "value") for field in fields],
        Output("sel-summary", "children"),
        Output("sel-fold", "children"),
        Output("sel-fold", "aria-expanded"),
        Input(ids.SELECTION, "data"),
        Input("sel-about", "data"),
    )
    app.clientside_callback(
        browser("fold"),
        Output("sel-fold", "aria-expanded", allow_duplicate=True),
        Input("sel-fold", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("clear"),
        Output("sel-clear", "title"),
        Input("sel-clear", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("undo"), Output("sel-undo", "title"), Input("sel-undo", "n_clicks"), prevent_initial_call=True
    )
    app.clientside_callback(
        browser("brushed"),
        Output(ids.BRUSH, "data"),
        Input(ids.part(ALL, "graph"), "selectedData"),
        State(ids.part(ALL, "request"), "data"),
        State(ids.part(ALL, "request"), "id"),
        State(ids.part(ALL, "about"), "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.PROPOSED, "data"),
        Output(ids.MESSAGES, "sendNotifications", allow_duplicate=True),
        Input(ids.BRUSH, "data"),
        prevent_initial_call=True,
    )
    @threaded
    def brush(box: Any) -> tuple[Any, Any]:
        try:
            return boxed(library, box), no_update
        except RecordingError as problem:
            return no_update, [problems.notice(str(problem))]

    app.clientside_callback(
        browser("proposed"),
        Output(ids.PROPOSED, "id"),
        Input(ids.PROPOSED, "data"),
        prevent_initial_call=True,
    )


def boxed(library: Library, box: Any) -> dict[str, str]:
    """The selection that a box on a figure makes, as the address spells it."""
    if not isinstance(box, dict) or not isinstance(box.get("view"), str):
        raise RecordingError("the page sent a box that makes no sense: reload it")
    view = view_called(box["view"])
    rec, selection, viewport, settings = understood(
        library, view, {**_dict(box.get("request")), "viewport": box}
    )
    if view.brush is None or viewport.x is None or viewport.y is None:
        raise RecordingError("that box selects nothing")
    chosen = view.brush(rec, selection, viewport.x, viewport.y, **view.check(settings))
    return chosen.check(rec).to_query()


def _dict(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}
