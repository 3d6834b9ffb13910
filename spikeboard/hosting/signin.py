"""The open paths: health, sign-in and sign-out. The guard answers them; the app never sees them."""

from __future__ import annotations

import math
from urllib.parse import parse_qs, quote

from spikeboard.hosting import sessions
from spikeboard.hosting.accounts import folded
from spikeboard.hosting.identity import Desk, Outcome, attempt, session_of
from spikeboard.hosting.limits import Overrun, Receive, Refusal, too_large, whole_body
from spikeboard.hosting.origin import SAFE_METHODS, Caller, Scope, header, safe_next
from spikeboard.hosting.policy import is_loopback
from spikeboard.hosting.replies import Reply, redirect, sign_in_page, spoken

SIGN_IN_FIRST = Refusal(401, "Sign in first", "This server answers its team only: sign in at /login.")
NOT_NAMED = Refusal(
    401, "Not signed in", "The proxy in front of this server did not say who you are: ask whoever runs it."
)
WRONG_METHOD = Refusal(405, "Not like this", "This address is not asked in this way.")


async def open_reply(scope: Scope, who: Caller, receive: Receive, desk: Desk) -> Reply:
    """The answer at an open path.

    Parameters
    ----------
    scope : mapping
    who : Caller
    receive : callable
        Of ASGI.
    desk : Desk

    Returns
    -------
    Reply
    """
    match scope["path"], scope["method"]:
        case "/healthz", "GET" | "HEAD":
            return Reply(
                200, b'{"status": "ok"}', {"content-type": "application/json", "cache-control": "no-store"}
            )
        case "/login", "GET" | "HEAD":
            return _ask(scope, who, desk)
        case "/login", "POST":
            return await _sign_in(scope, who, receive, desk)
        case "/logout", "POST":
            return _sign_out(scope, who, desk)
        case _:
            return refused(scope, WRONG_METHOD)


def stranger_reply(scope: Scope, desk: Desk) -> Reply:
    """The answer to whoever is not signed in: the sign-in page for a visit, a sentence for all else.

    Parameters
    ----------
    scope : mapping
    desk : Desk

    Returns
    -------
    Reply
    """
    if desk.policy.sign_in == "header":
        return refused(scope, NOT_NAMED)
    if not (_wants_page(scope) and scope["method"] in SAFE_METHODS):
        return refused(scope, SIGN_IN_FIRST)
    query = scope["query_string"].decode("latin-1")
    wish = safe_next(quote(scope["path"]) + ("?" + query if query else ""))
    return redirect("/login" + ("" if wish == "/" else "?next=" + quote(wish, safe="/?=,:;")))


def refused(scope: Scope, why: Refusal) -> Reply:
    """A refusal as whoever asked can read it.

    Parameters
    ----------
    scope : mapping
    why : Refusal

    Returns
    -------
    Reply
    """
    headers = {"connection": "close"} if why.status == 413 else {}  # what is still on its way is not read
    return spoken(why.status, why.title, why.sentence, _wants_page(scope), headers)


def _ask(scope: Scope, who: Caller, desk: Desk) -> Reply:
    target = safe_next(_fields(scope["query_string"]).get("next", "/"))
    return (
        redirect(target) if session_of(scope, who, desk) else sign_in_page(target, private=_is_private(who))
    )


async def _sign_in(scope: Scope, who: Caller, receive: Receive, desk: Desk) -> Reply:
    try:
        fields = _fields(await whole_body(receive, desk.policy.limits.form))
    except Overrun:
        return refused(scope, too_large(desk.policy.limits.form))
    name, target = folded(fields.get("name", "")), safe_next(fields.get("next", "/"))
    outcome = await attempt(desk, name, fields.get("password", ""), who.address)
    if not outcome.token:
        return _try_again(target, name, outcome, _is_private(who))
    return redirect(target, sessions.set_cookie(outcome.token, who.secure, desk.policy.limits.session))


def _sign_out(scope: Scope, who: Caller, desk: Desk) -> Reply:
    lifetime = desk.policy.limits.session
    if session := session_of(scope, who, desk):
        sessions.end(desk.policy.folder, session, lifetime)
    return redirect("/login", sessions.set_cookie("", who.secure, lifetime))


def _try_again(target: str, name: str, outcome: Outcome, private: bool) -> Reply:
    if not outcome.wait:
        return sign_in_page(target, name, "Name or password is wrong.", 401, private)
    seconds = math.ceil(outcome.wait)
    alarm = f"Too many attempts: try again in {seconds} second{'s' if seconds > 1 else ''}."
    return sign_in_page(target, name, alarm, 429, private, seconds)


def _fields(encoded: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(encoded.decode("latin-1"), max_num_fields=16, keep_blank_values=True)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _wants_page(scope: Scope) -> bool:
    return "text/html" in header(scope["headers"], b"accept")


def _is_private(who: Caller) -> bool:
    return who.secure or is_loopback(who.address)
