"""The library: open a recording by path, answer what its file leaves open, upload, export."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any

from dash import ALL, Dash, Input, Output, State, no_update
from fastapi import Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from callbacks.wiring import NONSENSE, led_to, threaded
from spikeboard import exchange, importing, tables, uploads
from spikeboard.acceptance import first_page
from spikeboard.errors import RecordingError, Undecided
from spikeboard.hosting import current_user
from spikeboard.importing import Importing
from spikeboard.library import Library, answered, key_of_path, open_key
from spikeboard.links import read_link


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
    def open_path(clicks: Any, submits: Any, path: Any) -> tuple[Any, Any]:
        if not clicks and not submits:
            return no_update, no_update
        if not isinstance(path, str) or not path.strip():
            return no_update, "Type the path of a file or folder."
        return led_to(lambda: opened(library, key_of_path(library, path)))

    @app.callback(
        Output("address", "href", allow_duplicate=True),
        Output("answer-problem", "children"),
        Input("answer", "n_clicks"),
        State({"question": ALL}, "value"),
        State({"other": ALL}, "value"),
        State({"question": ALL}, "id"),
        State("asked-about", "data"),
        prevent_initial_call=True,
    )
    @threaded
    def answer(clicks: Any, chosen: Any, typed: Any, names: Any, key: Any) -> Any:
        if not clicks:
            return no_update, no_update
        return led_to(lambda: opened(library, answered(library, str(key), answers(chosen, typed, names))))

    @app.server.put("/upload/{batch}/{name}")
    async def receive(batch: str, name: str, request: Request) -> JSONResponse:
        return await said(uploads.receive(library, batch, name, request.stream()), "bytes")

    @app.server.post("/upload/{batch}")
    async def finish(batch: str) -> JSONResponse:
        return await said(asyncio.to_thread(uploaded, library, batch), "address")

    @app.server.delete("/upload/{batch}")
    async def cancel(batch: str) -> JSONResponse:
        return await said(asyncio.to_thread(uploads.discard, batch), "cancelled")

    @app.server.get("/import/{name}")
    async def under_way(name: str) -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(how_far, name))

    @app.server.delete("/import/{name}")
    async def call_off(name: str) -> JSONResponse:
        await asyncio.to_thread(importing.cancel, checked_name(name))
        return JSONResponse({"cancelled": True})

    @app.server.get("/export/{form}")
    async def export(form: str, request: Request) -> Response:
        return await asyncio.to_thread(exported, library, form, request.url.query)


def answers(chosen: Any, typed: Any, names: Any) -> dict[str, str]:
    """The answer to each question: what was typed, else what was chosen.

    Raises
    ------
    RecordingError : where a question has no answer
    """
    if not all(isinstance(part, list) for part in (chosen, typed, names)):
        raise RecordingError(NONSENSE)
    given = {}
    for name, choice, other in zip(names, chosen, typed, strict=False):
        answer = other.strip() if isinstance(other, str) and other.strip() else choice
        if not isinstance(answer, str) or not isinstance(name, dict) or len(answer) > 500:
            raise RecordingError("Choose an answer first.")
        given[str(name.get("question"))[:100]] = answer
    return given


def how_far(name: str) -> dict[str, Any]:
    """How far an import is: its stage and the part of it that is done, or that it is over."""
    state = importing.state(checked_name(name))
    return {"over": True} if state is None else {"stage": state[0], "part": state[1]}


def checked_name(name: str) -> str:
    """The name of a store that is being made, as a page of ours sends it; "" for anything else."""
    return name if re.fullmatch(r"[0-9a-f]{32}", name) else ""


async def said(work: Awaitable[Any], what: str) -> JSONResponse:
    """What some work gives, or the sentence of its problem."""
    try:
        return JSONResponse({what: await work})
    except RecordingError as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)
    except ClientDisconnect:
        return JSONResponse({"error": "cancelled"}, status_code=400)


def uploaded(library: Library, batch: str) -> str:
    """The address of what was uploaded."""
    return first_page(library, uploads.finish(library, batch, current_user.get()))


def exported(library: Library, form: str, query: str) -> Response:
    """A whole recording as one file."""
    try:
        rec = open_key(library, read_link(query).recording or library.first)
        folder = Path(tempfile.mkdtemp(prefix="spikeboard-"))
        try:
            file = exchange.export(rec, folder / "export", form).path
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except RecordingError as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)
    name = f"{tables.file_name(rec)}-{form}{exchange.FORMS[form][1]}"
    return FileResponse(
        file, filename=name, background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    )


def opened(library: Library, key: str) -> str:
    """The address of a recording, once it is known that it opens, asks, or takes its time."""
    with suppress(Undecided, Importing):
        open_key(library, key)
    return first_page(library, key)
