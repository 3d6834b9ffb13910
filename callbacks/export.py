"""What a person takes home: pictures (made in the browser), the drawn data, the Python lines."""

from __future__ import annotations

import asyncio

from dash import Dash, Input, Output, State
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from callbacks.wiring import browser
from components import ids
from components.ids import MATCH
from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.library import Library, open_key
from spikeboard.links import Link, read_link
from spikeboard.recording import Recording
from spikeboard.views import view as view_called


def register(app: Dash, library: Library) -> None:
    """Attach the buttons of the cards, and the route of the CSV."""
    for kind in ("svg", "png"):
        app.clientside_callback(
            browser(kind),
            Output(ids.part(MATCH, kind), "data-done"),
            Input(ids.part(MATCH, kind), "n_clicks"),
            State(ids.part(MATCH, kind), "id"),
            State(ids.part(MATCH, "caption"), "children"),
            prevent_initial_call=True,
        )
    app.clientside_callback(
        browser("toggle"),
        Output(ids.part(MATCH, "python-box"), "hidden"),
        Input(ids.part(MATCH, "show-python"), "n_clicks"),
        prevent_initial_call=True,
    )

    @app.server.get("/download/{name}.csv")
    async def download(name: str, request: Request) -> Response:
        return await asyncio.to_thread(drawn_data, library, name, request.url.query)


def linked(library: Library, query: str) -> tuple[Recording, Link]:
    """The recording that the query of a download names, and all else it says.

    Raises
    ------
    RecordingError : where any part of it makes no sense: a file is not made from half a link
    """
    link = read_link(query)
    if link.complaints:
        raise RecordingError("; ".join(link.complaints))
    return open_key(library, link.recording or library.first), link


def drawn_data(library: Library, name: str, query: str) -> Response:
    """The drawn data of a view as CSV; a sentence where there is none."""
    try:
        rec, link = linked(library, query)
        table = view_called(name).compute(rec, link.selection, **link.settings.get(name, {})).table()
    except RecordingError as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)
    file = f"{tables.file_name(rec)}-{name}.csv"
    return Response(
        tables.as_csv(table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
