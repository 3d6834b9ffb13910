"""Where a request comes from: the client behind the proxies, the site that sent it, and where it may go on to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from spikeboard.hosting.policy import Policy, address, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443}
FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto")
LONGEST_NEXT = 16 * 1024
# Braces: where the sign-in service names nobody, Caddy before 2.8 puts its own placeholder into the header.
USER_NAME = re.compile(r"[^\x00-\x1f\x7f{}]{1,128}")

Scope = Mapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]


class Caller(NamedTuple):
    """Who is at the other end: its address, and the scheme and host (with port) that its browser sees."""

    address: str
    scheme: str
    host: str

    @property
    def secure(self) -> bool:
        """Whether the browser's connection is encrypted."""
        return self.scheme == "https"

    @property
    def trustworthy(self) -> bool:
        """Whether its browser takes the connection for one that nobody can listen in on."""
        return self.secure or is_loopback(_without_port(self.host))


def from_proxy(scope: Scope, policy: Policy) -> bool:
    """Whether the connection itself comes from a trusted proxy.

    Parameters
    ----------
    scope : mapping
        Of ASGI; its `client` must be the peer's own address. Where a server rewrites it from `X-Forwarded-For`
        (uvicorn's `--proxy-headers`) the answer is no, because a header must not vouch for itself.
    policy : Policy

    Returns
    -------
    bool
    """
    host, port = scope.get("client") or ("", 0)
    try:
        peer = address(host)
    except ValueError:
        return False
    # Uvicorn gives a client that it read from a header the port 0, which no connection has.
    return port != 0 and any(peer in network for network in policy.proxies)


def believed_headers(scope: Scope, policy: Policy) -> list[tuple[bytes, bytes]]:
    """The headers of a request without those that only a trusted proxy may set, unless one did.

    Parameters
    ----------
    scope : mapping
    policy : Policy

    Returns
    -------
    list of (bytes, bytes)
    """
    reserved = {*FORWARDED, b"forwarded", (policy.header or "").encode()}
    trusted = from_proxy(scope, policy)
    return [(name, value) for name, value in scope["headers"] if trusted or name.lower() not in reserved]


def header(headers: Headers, name: bytes) -> str:
    """The last value of a header.

    Parameters
    ----------
    headers : sequence of (bytes, bytes)
    name : bytes
        In small letters.

    Returns
    -------
    str
        Empty where the request has no such header.
    """
    values = [value for key, value in headers if key.lower() == name]
    return values[-1].decode("latin-1").strip() if values else ""


def caller(scope: Scope, policy: Policy) -> Caller:
    """Who is at the other end, behind the trusted proxies.

    Parameters
    ----------
    scope : mapping
        With headers from `believed_headers`.
    policy : Policy

    Returns
    -------
    Caller
    """
    headers = scope["headers"]
    scheme = _last(header(headers, b"x-forwarded-proto")) or scope.get("scheme") or "http"
    host = _last(header(headers, b"x-forwarded-host")) or header(headers, b"host")
    secure = scheme.lower() in {"https", "wss"}
    return Caller(_client(scope, policy), "https" if secure else "http", host.lower())


def proxied_user(headers: Headers, policy: Policy) -> str | None:
    """The user whom a trusted proxy names.

    Parameters
    ----------
    headers : sequence of (bytes, bytes)
        From `believed_headers`.
    policy : Policy

    Returns
    -------
    str or None
        None where the header is missing, empty, said twice (one of them may be the client's own) or no name.
    """
    values = [value for key, value in headers if key.lower() == (policy.header or "").encode()]
    if len(values) != 1:
        return None
    name = values[0].decode("utf-8", "replace").strip()
    return name if USER_NAME.fullmatch(name) else None


def host_is_served(caller: Caller, policy: Policy) -> bool:
    """Whether the server answers under the name that the request uses.

    A page elsewhere can make its own name resolve to this machine (DNS rebinding) and would be let in by a
    server without a sign-in; the name it uses gives it away.

    Parameters
    ----------
    caller : Caller
    policy : Policy

    Returns
    -------
    bool
    """
    return not policy.hosts or _without_port(caller.host) in policy.hosts


def client_is_served(scope: Scope, policy: Policy) -> bool:
    """Whether the peer may use the server at all: without a sign-in, only this machine may.

    Parameters
    ----------
    scope : mapping
    policy : Policy

    Returns
    -------
    bool
    """
    return policy.sign_in != "none" or is_loopback((scope.get("client") or ("", 0))[0])


def same_site(scope: Scope, caller: Caller, policy: Policy) -> bool:
    """Whether the request comes from Spikeboard's own pages, or is one that others may make.

    Others may follow a link here, or show a page in a frame where the policy has it. They may send nothing that
    changes anything, open no websocket, and embed nothing. (Fetch Metadata, W3C working draft 2021; and `Origin`
    for browsers that send only that.)

    Parameters
    ----------
    scope : mapping
    caller : Caller
    policy : Policy

    Returns
    -------
    bool
    """
    headers = scope["headers"]
    origin, site = header(headers, b"origin"), header(headers, b"sec-fetch-site")
    websocket = scope["type"] == "websocket"
    if not websocket and scope["method"] in SAFE_METHODS:
        return site in {"", "same-origin", "none"} or _is_visit(headers, policy)
    if site not in {"", "same-origin", "none"} or (websocket and not origin):
        return False
    return not origin or _is_own(origin, caller)


def safe_next(target: str) -> str:
    """Where to go after the sign-in: the wish, if it is a path of this very site.

    Parameters
    ----------
    target : str
        From anybody's link.

    Returns
    -------
    str
        The path and its query, or `/`.
    """
    return target if _is_own_path(target) else "/"


def _client(scope: Scope, policy: Policy) -> str:
    peer = (scope.get("client") or ("unknown", 0))[0]
    # The nearest proxy wrote the last of them; a client may have written the first.
    for station in reversed(header(scope["headers"], b"x-forwarded-for").split(",")):
        try:
            nearer = address(station.strip())
        except ValueError:
            return peer
        peer = str(nearer)
        if not any(nearer in network for network in policy.proxies):
            return peer
    return peer


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip()


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)


def _is_visit(headers: Headers, policy: Policy) -> bool:
    framed = {"iframe", "frame"} if policy.frame_ancestors != "'none'" else set[str]()
    return (
        header(headers, b"sec-fetch-mode") == "navigate"
        and header(headers, b"sec-fetch-dest") in {"document"} | framed
    )


def _is_own(origin: str, caller: Caller) -> bool:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in DEFAULT_PORTS or (caller.secure and parts.scheme != "https"):
        return False
    default = DEFAULT_PORTS[parts.scheme]
    return _authority(parts.netloc, port, default) == _authority(caller.host, None, default)


def _authority(netloc: str, port: int | None, default: int) -> tuple[str, str]:
    named = re.search(r":(\d+)$", netloc)
    return _without_port(netloc).lower(), str(port or (named[1] if named else default))


def _is_own_path(target: str) -> bool:
    if not re.fullmatch(r"/(?!/)[^\\\x00-\x20\x7f]*", target) or len(target) > LONGEST_NEXT:
        return False
    plain = target
    for _ in range(3):  # however often a proxy on the way may decode it
        plain = re.sub(r"[\x00-\x20\x7f]", "", unquote(plain))
        if re.match(r"/[/\\]", plain):
            return False
    return urlsplit(target).path not in {"/login", "/logout"}
