"""Every view, served by a few callbacks: what a card asks for, what is computed, what is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.exceptions import PreventUpdate

from callbacks import kept, turns
from callbacks.patches import patched
from callbacks.wiring import BROKEN, NONSENSE, broken, browser, threaded
from components import ids
from components.ids import ALL, MATCH
from components.table import numbers
from spikeboard.errors import RecordingError
from spikeboard.library import Library, open_key, source_of
from spikeboard.links import Link, write_link
from spikeboard.recording import Recording
from spikeboard.selection import Selection, from_query
from spikeboard.view import View, Viewport
from spikeboard.views import view as view_called

WIDEST, TALLEST = 4000, 3000


def register(app: Dash, library: Library) -> None:
    """Attach the cards of all views."""
    asked = Input(ids.part(MATCH, "request"), "data")
    latest = turns.Latest()

    app.clientside_callback(
        browser("ask"),
        Output(ids.part(MATCH, "request"), "data"),
        Input(ids.setting(MATCH, ALL), "value"),
        Input(ids.flag(MATCH, ALL), "checked"),
        Input(ids.SELECTION, "data"),
        Input(ids.part(MATCH, "seen"), "data"),
        Input(ids.part(MATCH, "zoom"), "data"),
        State(ids.setting(MATCH, ALL), "id"),
        State(ids.flag(MATCH, ALL), "id"),
        State(ids.RECORDING, "data"),
        State(ids.part(MATCH, "about"), "data"),
        State(ids.part(MATCH, "request"), "data"),
        State(ids.part(MATCH, "drawn"), "data"),
        State(ids.part(MATCH, "about"), "id"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.part(MATCH, "drawn"), "data"),
        Output(ids.part(MATCH, "caption"), "children"),
        Output(ids.part(MATCH, "notes"), "children"),
        Output(ids.part(MATCH, "message"), "children"),
        Output(ids.part(MATCH, "python"), "children"),
        Output(ids.part(MATCH, "csv"), "href"),
        asked,
        prevent_initial_call=True,
    )
    async def draw(request: Any) -> tuple[Any, ...]:
        # Noted before it waits for a thread: whoever waits longer knows by then that this one came.
        turns.note(latest, ctx.triggered_id, request)
        return await drawn(ctx.triggered_id, request)

    @threaded
    def drawn(card: Any, request: Any) -> tuple[Any, ...]:
        if turns.overtaken(latest, card, request):
            raise PreventUpdate
        return answer(library, card, request)

    app.clientside_callback(
        browser("show"),
        Output(ids.part(MATCH, "graph"), "figure"),
        Input(ids.part(MATCH, "drawn"), "data"),
        Input("shown-theme", "data"),
        State("templates", "data"),
        State(ids.part(MATCH, "about"), "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("zoomed"),
        Output(ids.part(MATCH, "zoom"), "data"),
        Input(ids.part(MATCH, "graph"), "relayoutData"),
        State(ids.part(MATCH, "about"), "data"),
        State(ids.part(MATCH, "about"), "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("tableAsked"),
        Output(ids.part(MATCH, "table-request"), "data"),
        Input(ids.part(MATCH, "table-toggle"), "n_clicks"),
        asked,
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.part(MATCH, "table"), "children"),
        Input(ids.part(MATCH, "table-request"), "data"),
        prevent_initial_call=True,
    )
    @threaded
    def table(request: Any) -> Any:
        return tabulate(library, ctx.triggered_id, request)


def answer(library: Library, card: Any, request: Any) -> tuple[Any, ...]:
    """What a card shows for a request: figure, caption, notes, message, Python lines, address of the CSV."""
    try:
        view = view_of(card)
        rec, selection, viewport, settings = understood(library, view, request)
        name = kept.named(rec, view, selection, viewport, settings)
        found = kept.once(name, lambda: shown(view, rec, selection, viewport, settings))
        script = view.python(rec, selection, settings, source_of(library, rec))
    except RecordingError as problem:
        return None, "", [], str(problem), "", "#"
    except Exception as problem:  # the card would otherwise go on showing something else
        broken(problem)
        return None, "", [], BROKEN, "", "#"
    csv = f"/download/{view.name}.csv" + write_link(Link(request["rec"], selection, {view.name: settings}))
    if found["message"]:
        return None, "", [], found["message"], script, csv
    notes = [html.Li(note) for note in found["notes"]]
    if request.get("refines") is True and view.zooms:
        change = patched(found["figure"], turns.turn_of(request))
        return change, found["caption"], notes, "", no_update, no_update
    return found["figure"] | _asked(view, viewport, request), found["caption"], notes, "", script, csv


def shown(
    view: View, rec: Recording, selection: Selection, viewport: Viewport, settings: Mapping[str, Any]
) -> kept.Answer:
    """What a view shows, ready to be sent: figure, caption and notes, or the message in their place."""
    drawn = view.draw(rec, selection, viewport, **settings)
    if drawn.result is None:
        return {"figure": None, "caption": "", "notes": [], "message": drawn.message}
    words = {"caption": drawn.result.caption, "notes": list(drawn.result.notes), "message": ""}
    if view.elements is not None:
        return {"figure": {"elements": view.elements(drawn.result, **view.check(settings))}, **words}
    figure = drawn.figure.to_plotly_json()
    # The browser puts in the template of its theme, so that switching themes asks the server nothing.
    figure["layout"].pop("template", None)
    return {"figure": figure, **words}


def tabulate(library: Library, card: Any, request: Any) -> Any:
    """The first rows of the drawn data, as a table."""
    try:
        view = view_of(card)
        rec, selection, viewport, settings = understood(library, view, request)
        return numbers(view.compute(rec, selection, viewport, **settings).table())
    except RecordingError as problem:
        return html.P(str(problem))


def view_of(card: Any) -> View:
    """The view of a card, by the id of one of its parts.

    Raises
    ------
    RecordingError : where there is no such view
    """
    name = card.get("view") if isinstance(card, dict) else None
    if not isinstance(name, str):
        raise RecordingError(NONSENSE)
    return view_called(name)


def understood(
    library: Library, view: View, request: Any
) -> tuple[Recording, Selection, Viewport, dict[str, Any]]:
    """A request as values: everything in it was sent by a browser, and is checked as a stranger's.

    Raises
    ------
    RecordingError : for anything that makes no sense
    """
    if not isinstance(request, dict) or not isinstance(request.get("rec"), str):
        raise RecordingError("the page sent a request that makes no sense: reload it")
    rec = open_key(library, request["rec"])
    selection = from_query(_texts(request.get("selection")))
    settings = request.get("settings")
    if not isinstance(settings, dict):
        raise RecordingError("the page sent settings that make no sense: reload it")
    return rec, selection, _viewport(request.get("viewport")), _checked(view, settings)


def _checked(view: View, settings: dict[str, Any]) -> dict[str, Any]:
    checked = view.check(settings)
    return {name: checked[name] for name in settings}


def _asked(view: View, viewport: Viewport, request: Mapping[str, Any]) -> dict[str, Any]:
    """The turn of a figure, and what it was asked for, but for the part of its axes on screen: the browser compares."""
    asked = {name: request[name] for name in ("rec", "selection", "settings")}
    width = {"width": viewport.width} if view.zooms else {}
    return {"turn": turns.turn_of(request), "asked": asked | width}


def _texts(said: Any) -> dict[str, str]:
    if not isinstance(said, dict) or not all(
        isinstance(v, str) and isinstance(k, str) for k, v in said.items()
    ):
        raise RecordingError("the page sent a selection that makes no sense: reload it")
    return said


def _viewport(said: Any) -> Viewport:
    if not isinstance(said, dict):
        return Viewport()
    return Viewport(
        _range(said.get("x")),
        _range(said.get("y")),
        _pixels(said.get("width"), 1000, WIDEST),
        _pixels(said.get("height"), 500, TALLEST),
    )


def _range(said: Any) -> tuple[float, float] | None:
    if not isinstance(said, list | tuple) or len(said) != 2:
        return None
    try:
        low, high = sorted(map(float, said))
    except (TypeError, ValueError, OverflowError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _pixels(said: Any, otherwise: int, most: int) -> int:
    if isinstance(said, bool) or not isinstance(said, int | float) or said != said:  # NaN
        return otherwise
    return int(min(max(said, 50), most))
