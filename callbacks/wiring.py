"""How a callback is attached: checked input in, off the event loop, problems as sentences."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

from dash import ClientsideFunction


def threaded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a coroutine that runs in a thread: on this server a plain one would stop everyone else."""

    @functools.wraps(function)
    async def in_thread(*arguments: Any, **named: Any) -> Any:
        return await asyncio.to_thread(function, *arguments, **named)

    return in_thread


def browser(name: str) -> ClientsideFunction:
    """A function of assets/spikeboard.js."""
    return ClientsideFunction("spikeboard", name)
