"""The process that serves the app: it says when it is up, and ends at once when it is told to."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn


class Serving(uvicorn.Server):
    """A server that calls `when_up` once it answers, and does not wait for figures that nobody will see."""

    def __init__(self, config: uvicorn.Config, when_up: Callable[[], None]) -> None:
        super().__init__(config)
        self.when_up = when_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self.when_up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is open and end the process."""
        self.force_exit = True
        await super().shutdown(sockets)
        # Threads that still compute a figure would keep the interpreter for as long as they need.
        os._exit(0)


def serve(app: Any, host: str, port: int, when_up: Callable[[], None], **settings: Any) -> None:
    """Serve an app until the process is told to end.

    Parameters
    ----------
    app : the ASGI app
    host, port : where to listen
    when_up : called once, in the server's loop, when it listens; must return quickly
    settings : further ones of uvicorn
    """
    # Closing is not waited for; the limit is for Pythons whose listeners wait for their connections.
    settings = settings | {"timeout_graceful_shutdown": 1}
    Serving(uvicorn.Config(app, host=host, port=port, **settings), when_up).run()
