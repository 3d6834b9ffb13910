"""The one gate in front of everything: pages, callbacks, assets, downloads and websockets.

Nothing passes that was not let in: the few open paths are answered here and never reach the app.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from spikeboard.hosting.errors import HostingError
from spikeboard.hosting.headers import ScriptHashes, app_policy, listed, protected
from spikeboard.hosting.identity import desk_for, log, user_of
from spikeboard.hosting.limits import Message, Receive, Refusal, body_limit, refusal, too_large
from spikeboard.hosting.origin import Caller, Scope, believed_headers, caller
from spikeboard.hosting.policy import Policy, open_paths, policy_from_environment
from spikeboard.hosting.relay import NOT_ALLOWED, NOT_SIGNED_IN, Conversation, Exchange
from spikeboard.hosting.replies import Reply, Send, deliver
from spikeboard.hosting.signin import open_reply, refused, stranger_reply

App = Callable[[Any, Any, Any], Awaitable[None]]

UNABLE = Refusal(
    503, "Not just now", "This server cannot tell who you are: whoever runs it finds why in its log."
)
BROKEN = Refusal(
    500, "Something broke", "This request could not be answered: whoever runs it finds why in its log."
)

current_user: ContextVar[str] = ContextVar("current_user", default="")
"""Who is signed in, in whatever answers a request or a websocket; empty where nobody signs in."""


class Guard:
    """An ASGI app that lets through to another what its policy allows, with protective headers on the way back.

    Parameters
    ----------
    app : ASGI app
    policy : Policy, optional
        By default what the environment asks for (`policy_from_environment`).
    script_hashes : sequence of str, or callable returning one
        The app's inline scripts (`Dash.csp_hashes`), asked for with its first response.

    Raises
    ------
    HostingError
        If the policy or the secret cannot be used.
    """

    def __init__(self, app: App, policy: Policy | None = None, script_hashes: ScriptHashes = ()) -> None:
        self.app = app
        self.policy = policy or policy_from_environment()
        self._desk = desk_for(self.policy)
        self._script_hashes = script_hashes
        self._content_policy = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        scope = {**scope, "headers": believed_headers(scope, self.policy)}
        answer = {"http": self._http, "websocket": self._websocket}[scope["type"]]
        return await answer(scope, caller(scope, self.policy), receive, send)

    async def _http(self, scope: Scope, who: Caller, receive: Receive, send: Send) -> None:
        try:
            reply = await self._own_reply(scope, who, receive)
        except HostingError as error:
            log.error("%s", error)
            reply = refused(scope, UNABLE)
        if reply:
            await self._deliver(scope, who, reply, send)
        else:
            await self._pass_on(scope, who, receive, send)

    async def _own_reply(self, scope: Scope, who: Caller, receive: Receive) -> Reply | None:
        if why := refusal(scope, who, self.policy):
            return refused(scope, why)
        if scope["path"] in open_paths(self.policy):
            return await open_reply(scope, who, receive, self._desk)
        user = user_of(scope, who, self._desk)
        current_user.set(user or "")
        return stranger_reply(scope, self._desk) if user is None else None

    async def _pass_on(self, scope: Scope, who: Caller, receive: Receive, send: Send) -> None:
        async def send_protected(message: Message) -> None:
            await send(self._protected(message, who))

        limit = body_limit(scope["path"], self.policy)
        exchange = Exchange(receive, send_protected, limit)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception:
            if not exchange.cut_off:
                if not exchange.started:
                    await self._deliver(scope, who, refused(scope, BROKEN), send)
                raise
        if exchange.cut_off:
            await self._deliver(scope, who, refused(scope, too_large(limit)), send)

    async def _deliver(self, scope: Scope, who: Caller, reply: Reply, send: Send) -> None:
        await deliver(reply, send, self.policy.frame_ancestors, who.trustworthy, scope["method"] == "HEAD")

    def _protected(self, message: Message, who: Caller) -> Message:
        if message["type"] != "http.response.start":
            return message
        ancestors, own = self.policy.frame_ancestors, message.get("headers", [])
        self._content_policy = self._content_policy or app_policy(listed(self._script_hashes), ancestors)
        return {**message, "headers": protected(own, self._content_policy, ancestors, who.trustworthy)}

    async def _websocket(self, scope: Scope, who: Caller, receive: Receive, send: Send) -> None:
        def admitted() -> bool:
            return self._ws_user(scope, who) is not None

        user, why = self._ws_user(scope, who), refusal(scope, who, self.policy)
        if why or user is None:
            await receive()
            return await send({"type": "websocket.close", "code": NOT_ALLOWED if why else NOT_SIGNED_IN})
        current_user.set(user)
        conversation = Conversation(receive, send, self.policy.limits.body, admitted)
        return await self.app(scope, conversation.receive, conversation.send)

    def _ws_user(self, scope: Scope, who: Caller) -> str | None:
        try:
            return user_of(scope, who, self._desk)
        except HostingError as error:
            log.error("%s", error)
            return None
