"""Callback requests as a browser, or a stranger, would post them."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from dash import Dash

from app import DEMO_FOLDER, create_app
from spikeboard.hosting import policy_for
from spikeboard.library import local_library

POST = "/_dash-update-component"


def app_over(root: Path) -> Dash:
    """The app as one person starts it, with the recordings below a folder."""
    return create_app(local_library(DEMO_FOLDER, [root]), policy_for())


def asked(app: Dash, method: str, path: str, **how: Any) -> httpx.Response:
    """What the app answers a client on this machine."""
    return asyncio.run(_sent(app, method, path, how))


async def _sent(app: Dash, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
    transport = httpx.ASGITransport(app.server, raise_app_exceptions=False, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path, **how)


def started(app: Dash) -> Dash:
    """The app after its start, as a server makes it: only then do addresses of pages lead to them."""
    app.server.router.routes[:] = [r for r in app.server.routes if getattr(r, "path", "") != "{path:path}"]
    asyncio.run(_start(app))
    return app


async def _start(app: Dash) -> None:
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        if message["type"].endswith("failed"):
            raise RuntimeError(message)

    await app.server({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)


def spoken(app: Dash, path: str, headers: dict[str, str], *texts: str) -> list[dict[str, Any]]:
    """What a websocket sends to a client of the network that says these texts and waits for an end."""
    return asyncio.run(asyncio.wait_for(_conversation(app, path, headers, texts), 60))


async def _conversation(
    app: Dash, path: str, headers: dict[str, str], texts: tuple[str, ...]
) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    ended = asyncio.Event()
    said = iter(
        [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]
    )

    async def receive() -> dict[str, Any]:
        if message := next(said, None):
            return message
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 1.0)
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: dict[str, Any]) -> None:
        heard.append(message)
        if message["type"] == "websocket.close":
            ended.set()

    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "ws", "client": ("10.9.9.9", 4711), "server": ("board.lab", 80), "subprotocols": [], "state": {},
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app.server(scope, receive, send)
    return heard


def posted(app: Dash, body: Any) -> httpx.Response:
    """What the app answers a callback request; NaN and numbers without end travel too."""
    return asked(app, "POST", POST, content=json.dumps(body), headers={"Content-Type": "application/json"})


def server_callbacks(app: Dash) -> dict[str, dict[str, Any]]:
    """Every callback that the server answers, by its output."""
    return {output: spec for output, spec in app.callback_map.items() if "callback" in spec}


def request_for(app: Dash, output: str, values: dict[str, Any], view: Any = "raster") -> dict[str, Any]:
    """The body of a request: each input and state has the value that `values` gives for its id or property."""
    spec = server_callbacks(app)[output]
    inputs = [_given(part, values, view) for part in spec["inputs"]]
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    return {
        "output": output,
        "outputs": _outputs(output, view),
        "inputs": inputs,
        "state": [_given(part, values, view) for part in spec["state"]],
        "changedPropIds": [f"{_spelled(first['id'])}.{first['property']}"],
    }


def callback_with(app: Dash, words: str) -> str:
    """The output of the one callback whose outputs hold these words."""
    (found,) = [output for output in server_callbacks(app) if words in output]
    return found


def _given(part: dict[str, str], values: dict[str, Any], view: Any) -> Any:
    name = _key(part)
    known = {**part, "id": _named(part["id"], view), "value": values.get(name, values.get("*"))}
    return [known] if '"ALL"' in part["id"] else known


def _key(part: dict[str, str]) -> str:
    """How a test calls an input: its id, or the part or kind that its id names, and its property."""
    if not part["id"].startswith("{"):
        return f"{part['id']}.{part['property']}"
    named = json.loads(part["id"])
    return f"{named.get('part') or next(iter(named))}.{part['property']}"


def _named(spelled: str, view: Any) -> Any:
    if not spelled.startswith("{"):
        return spelled
    return {key: view if isinstance(value, list) else value for key, value in json.loads(spelled).items()}


def _spelled(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name, separators=(",", ":"), sort_keys=True)


def _outputs(output: str, view: Any) -> Any:
    if not output.startswith(".."):
        return _output(output, view)
    return [_output(part, view) for part in output[2:-2].split("...")]


def _output(spelled: str, view: Any) -> dict[str, Any]:
    name, _, prop = spelled.rpartition(".")
    return {"id": _named(name, view), "property": prop}
