"""Requests to an ASGI app from a peer of choice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

PASSWORD = "correct horse battery"

Ask = Callable[..., httpx.Response]


def asker(app: Any, base_url: str = "http://board.lab", peer: str = "10.9.9.9", port: int = 4711) -> Ask:
    """Requests to an ASGI app from a peer of choice; cookies are kept from one to the next."""
    cookies = httpx.Cookies()

    async def send(method: str, path: str, **how: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, port))
        async with httpx.AsyncClient(transport=transport, base_url=base_url, cookies=cookies) as client:
            reply = await client.request(method, path, **how)
            cookies.update(client.cookies)
            return reply

    return lambda method, path, **how: asyncio.run(send(method, path, **how))


def sign_in(ask: Ask, name: str = "anna", password: str = PASSWORD, target: str = "/") -> httpx.Response:
    return ask("POST", "/login", data={"name": name, "password": password, "next": target})
