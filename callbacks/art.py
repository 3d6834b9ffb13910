"""The Art page: which settings a style has, and the files of its pictures."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import ALL, Dash, Input, Output, State
from fastapi import Request
from fastapi.responses import JSONResponse, Response

from callbacks.export import linked
from callbacks.wiring import browser
from components import ids
from spikeboard import tables
from spikeboard.errors import RecordingError
from spikeboard.library import Library
from spikeboard.neuroart import art_animation, art_png, art_svg
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Number
from spikeboard.views import view as view_called
from spikeboard.views.art import drawing, state_of

MEDIA = {"png": "image/png", "svg": "image/svg+xml", "gif": "image/gif", "webp": "image/webp"}
SIZE = Number(1024, 16, 4096, "Size", "px")
FILM_PX = 384
FILM_SECONDS = 4.0


def register(app: Dash, library: Library) -> None:
    """Attach the addresses of the downloads, and the route that answers them."""
    app.clientside_callback(
        browser("artLinks"),
        Output({"art": ALL}, "href"),
        Output({"art": ALL}, "hidden"),
        Output("art-problem", "children"),
        Input(ids.part("art", "csv"), "href"),
        State({"art": ALL}, "id"),
        State(ids.part("art", "request"), "data"),
        State("art-styles", "data"),
    )

    @app.server.get("/art/{form}")
    async def file(form: str, request: Request) -> Response:
        return await asyncio.to_thread(art_file, library, form, request.url.query)


def art_file(library: Library, form: str, query: str) -> Response:
    """The picture of a link as a file: png-SIZE, svg, gif or webp; a sentence where it cannot be had."""
    try:
        rec, link = linked(library, query)
        kind, content = _drawn(rec, link.selection.check(rec), form, dict(link.settings.get("art", {})))
    except RecordingError as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)
    headers = {"Content-Disposition": f'attachment; filename="{tables.file_name(rec)}-art.{kind}"'}
    return Response(content, media_type=MEDIA[kind], headers=headers)


def _drawn(rec: Recording, selection: Selection, form: str, given: dict[str, Any]) -> tuple[str, bytes]:
    chosen = view_called("art").check(given)
    kind, _, size = form.partition("-")
    values = state_of(rec, selection, chosen["source"], chosen["state"], chosen["at"]).values
    if kind == "png":
        return kind, art_png(values, size=int(SIZE.check(size or SIZE.default)), **drawing(chosen))
    if kind == "svg":
        return kind, art_svg(values, title=rec.name, **drawing(chosen)).encode()
    if kind in ("gif", "webp"):
        return kind, art_animation(values, FILM_SECONDS, size=FILM_PX, format=kind, **drawing(chosen))
    raise RecordingError(f"a picture can be had as png-1024, svg, gif or webp, not as {form[:20]!r}")
