"""What passes between the server and the app once somebody is let in: watched, so that it can be cut off."""

from __future__ import annotations

from collections.abc import Callable

from spikeboard.hosting.limits import Message, Overrun, Receive
from spikeboard.hosting.replies import Send

NOT_SIGNED_IN = 4401
NOT_ALLOWED = 4403
TOO_BIG = 1009  # RFC 6455, 7.4.1


class Exchange:
    """A request and its response, with the body counted as it comes in, announced or not.

    Parameters
    ----------
    receive, send : callable
        Of ASGI; the app gets the methods of the same names.
    limit : int
        Bytes that the body may have.
    """

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._limit = receive, send, limit
        self._taken = 0
        self.started = False

    @property
    def cut_off(self) -> bool:
        """Whether more has come than may, and nothing has been answered yet."""
        return self._taken > self._limit and not self.started

    async def receive(self) -> Message:
        """The next part of the body; raises Overrun where it is one too many."""
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self._limit:
            raise Overrun
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response, unless it is what the app makes of a body that was cut off."""
        if not self.cut_off:
            self.started = True
            await self._send(message)


class Conversation:
    """A websocket that is closed as soon as its user may not be here any more, or says too much at once.

    Parameters
    ----------
    receive, send : callable
        Of ASGI; the app gets the methods of the same names.
    limit : int
        Bytes that a message may have.
    admitted : callable returning bool
        Whether the user may still be here; asked at every message that comes in.
    """

    def __init__(self, receive: Receive, send: Send, limit: int, admitted: Callable[[], bool]) -> None:
        self._receive, self._send, self._limit, self._admitted = receive, send, limit, admitted
        self._closed = False

    async def receive(self) -> Message:
        """The next message, or the end of the conversation."""
        message = await self._receive()
        code = self._objection(message) if message["type"] == "websocket.receive" else 0
        if not code:
            return message
        await self.send({"type": "websocket.close", "code": code})
        self._closed = True
        return {"type": "websocket.disconnect", "code": code}

    async def send(self, message: Message) -> None:
        """Send a message, unless the conversation has been ended."""
        if not self._closed:
            await self._send(message)

    def _objection(self, message: Message) -> int:
        if len(message.get("bytes") or message.get("text") or "") > self._limit:
            return TOO_BIG
        return 0 if self._admitted() else NOT_SIGNED_IN
