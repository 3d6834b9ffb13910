"""How much a request may bring, and what it is told when it brings more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from spikeboard.hosting.origin import Caller, Scope, client_is_served, header, host_is_served, same_site
from spikeboard.hosting.policy import MEBIBYTE, Policy

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Refusal(NamedTuple):
    """Why a request goes no further: the HTTP status, and a title and a sentence for whoever sent it."""

    status: int
    title: str
    sentence: str


class Overrun(Exception):  # noqa: N818  (it ends a request; nothing is broken)
    """A body has turned out to be larger than its request may bring."""


def refusal(scope: Scope, caller: Caller, policy: Policy) -> Refusal | None:
    """Why a request is refused whoever sends it, or None.

    Parameters
    ----------
    scope : mapping
        With headers from `believed_headers`.
    caller : Caller
    policy : Policy

    Returns
    -------
    Refusal or None
    """
    if found := _oversize(scope, policy):
        return found
    if not client_is_served(scope, policy):
        return Refusal(
            403, "This machine only", "Without a sign-in this server answers its own machine only."
        )
    if not host_is_served(caller, policy):
        sentence = (
            f"This server does not answer as {caller.host!r}: start it with --allowed-host to have it so."
        )
        return Refusal(421, "Unknown host name", sentence)
    if not same_site(scope, caller, policy):
        return Refusal(
            403,
            "From another site",
            "This request was sent by a page of another site: it is not carried out.",
        )
    return None


def body_limit(path: str, policy: Policy) -> int:
    """How many bytes the body of a request may have.

    Parameters
    ----------
    path : str
    policy : Policy

    Returns
    -------
    int
    """
    prefix = policy.upload_prefix
    uploads = path == prefix or path.startswith(prefix + "/")
    return policy.limits.upload if uploads else policy.limits.body


def too_large(limit: int) -> Refusal:
    """What is said of a body above the limit.

    Parameters
    ----------
    limit : int
        Bytes.

    Returns
    -------
    Refusal
    """
    return Refusal(413, "Too large", f"This is more than the {limit / MEBIBYTE:g} MB that may be sent here.")


async def whole_body(receive: Receive, limit: int) -> bytes:
    """The whole body of a small request.

    Parameters
    ----------
    receive : callable
        Of ASGI.
    limit : int
        Bytes.

    Returns
    -------
    bytes

    Raises
    ------
    Overrun
        If it is larger.
    """
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
        if len(body) > limit:
            raise Overrun
    return body


def _oversize(scope: Scope, policy: Policy) -> Refusal | None:
    limits = policy.limits
    if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > limits.address:
        return Refusal(414, "Address too long", f"The address is longer than {limits.address // 1024} kB.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.headers:
        return Refusal(431, "Headers too large", f"The headers are larger than {limits.headers // 1024} kB.")
    announced = header(scope["headers"], b"content-length") or "0"
    if not announced.isascii() or not announced.isdigit():
        return Refusal(400, "Bad request", "The Content-Length is no number.")
    limit = body_limit(scope["path"], policy)
    return too_large(limit) if int(announced[:20]) > limit else None
