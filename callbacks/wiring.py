"""How a callback is attached: checked input in, off the event loop, problems as sentences."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from dash import ClientsideFunction, no_update, set_props
from dash.exceptions import PreventUpdate
from starlette.responses import JSONResponse

from components import ids, problems
from spikeboard.errors import RecordingError

log = logging.getLogger("spikeboard")
CALLBACKS = "/_dash-update-component"
BROKEN = "Something broke while this was computed: whoever runs the server finds why in its log."
NONSENSE = "This page sent something that makes no sense: reload it."
UNSUPPORTED_DATA = 1003  # RFC 6455, 7.4.1


def threaded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a coroutine that runs in a thread: on this server a plain one would stop everyone else."""

    @functools.wraps(function)
    async def in_thread(*arguments: Any, **named: Any) -> Any:
        return await asyncio.to_thread(function, *arguments, **named)

    return in_thread


def led_to(address: Callable[[], str]) -> tuple[Any, Any]:
    """What a button that leads elsewhere gives: the address to go to and no problem, or the sentence of its problem."""
    try:
        return address(), ""
    except RecordingError as problem:
        return no_update, str(problem)


def browser(name: str) -> ClientsideFunction:
    """A function of assets/spikeboard.js."""
    return ClientsideFunction("spikeboard", name)


def broken(problem: Exception) -> None:
    """What a callback does about a mistake of our own: the log has all of it, the page says that it happened."""
    log.error("a callback broke", exc_info=problem)
    set_props(ids.MESSAGES, {"sendNotifications": [problems.notice(BROKEN)]})


class Understanding:
    """An ASGI app inside Dash's own, where a callback request that Dash cannot make sense of becomes a sentence.

    Mistakes in callbacks never come this far (`broken`): what does is a request that no page of ours has sent.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI connection."""
        try:
            await self.app(scope, receive, send)
        except PreventUpdate:
            raise
        except Exception as problem:
            if scope["type"] == "websocket":
                with suppress(Exception):  # it may be closed already
                    await send({"type": "websocket.close", "code": UNSUPPORTED_DATA})
            elif scope["type"] == "http" and scope["path"] == CALLBACKS:
                log.warning("a callback request made no sense: %r", problem)
                await JSONResponse({"error": NONSENSE}, status_code=400)(scope, receive, send)
            else:
                raise
