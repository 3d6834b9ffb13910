"""A stand-in for the app behind the guard: it says what reached it, and lets anybody do anything."""

from __future__ import annotations

import asyncio
import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from spikeboard.hosting import Guard, Policy, current_user

HASH = "'sha256-AAAA'"


async def page(request: Request) -> Response:
    return HTMLResponse("<h1>inside</h1>")


async def icon(request: Request) -> Response:
    return Response(status_code=204)


async def whoami(request: Request) -> Response:
    in_thread = await asyncio.to_thread(current_user.get)
    return JSONResponse(
        {
            "user": current_user.get(),
            "in_thread": in_thread,
            "worker": os.getpid(),
            "headers": dict(request.headers),
        }
    )


async def swallow(request: Request) -> Response:
    # As FastAPI does: whatever goes wrong while a body is read becomes an answer of the app's own.
    try:
        body = await request.body()
    except Exception:
        return JSONResponse({"error": "parsing failed"}, 400)
    return JSONResponse({"taken": len(body)})


async def upload(request: Request) -> Response:
    return JSONResponse({"taken": sum([len(part) async for part in request.stream()])})


class Hasty:
    """Begins its answer before it has read anything."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            count = str(len(message["body"])).encode()
            await send({"type": "http.response.body", "body": count, "more_body": more})


async def boom(request: Request) -> Response:
    raise RuntimeError("boom")


async def lax(request: Request) -> Response:
    headers = {
        "Content-Security-Policy": "default-src *",
        "X-Content-Type-Options": "no",
        "Cache-Control": "public",
    }
    return PlainTextResponse("lax", headers=headers)


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            text = await socket.receive_text()
            await socket.send_text(f"{current_user.get()}:{text}")
    except WebSocketDisconnect:
        pass


APP = Starlette(
    routes=[
        Route("/", page),
        Route("/favicon.ico", icon),
        Route("/whoami", whoami),
        Route("/swallow", swallow, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/hasty", Hasty()),
        Route("/boom", boom),
        Route("/lax", lax),
        # Traps: were one of the guard's own paths to reach the app, it would answer.
        Route("/login", page, methods=["GET", "POST"]),
        Route("/logout", page, methods=["GET", "POST"]),
        Route("/healthz", page),
        WebSocketRoute("/ws", echo),
    ]
)


def guarded(policy: Policy | None = None) -> Guard:
    return Guard(APP, policy, script_hashes=lambda: [HASH])
