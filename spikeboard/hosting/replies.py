"""The guard's own answers: sentences as JSON or as a page, redirects, and the sign-in page. Nothing is loaded."""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from spikeboard.hosting.headers import page_policy, protected

Send = Callable[[dict[str, Any]], Awaitable[None]]

URL_MARKS = "/?=,:;!*'()@~._-%&+[]$|"

# Contrast at least 4.5:1 in both themes (WCAG 2.2, 1.4.3); the browser's own font, so that nothing is fetched.
STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --paper: #f4f6f8; --card: #fff; --edge: #6b7684;
  --accent: #2347a6; --on-accent: #fff; --alarm: #a11; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181d; --card: #1f252c; --edge: #8d99a8;
  --accent: #a9c1ff; --on-accent: #10203f; --alarm: #ff9d9d; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(24rem, 100%); padding: 2rem; background: var(--card); border-radius: .75rem;
  box-shadow: 0 1px 4px rgb(0 0 0 / .25); }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem .7rem; border: 1px solid var(--edge); border-radius: .4rem;
  background: var(--card); color: var(--ink); font: inherit; }
button { width: 100%; margin-top: 1.5rem; padding: .7rem; border: 0; border-radius: .4rem; background: var(--accent);
  color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alarm { color: var(--alarm); font-weight: 600; }
.small { margin: 1.5rem 0 0; font-size: .875rem; }
"""


class Reply(NamedTuple):
    """One whole response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def spoken(
    status: int, title: str, sentence: str, as_page: bool, headers: Mapping[str, str] | None = None
) -> Reply:
    """A sentence to whoever asked: a page for a person, JSON (`error`) for a program.

    Parameters
    ----------
    status : int
    title, sentence : str
    as_page : bool
    headers : mapping of str to str, optional

    Returns
    -------
    Reply
    """
    if as_page:
        return page(status, title, f"<p>{html.escape(sentence)}</p>", headers)
    body = json.dumps({"error": sentence}).encode()
    return Reply(
        status, body, {"content-type": "application/json", "cache-control": "no-store", **(headers or {})}
    )


def sign_in_page(
    target: str,
    name: str = "",
    alarm: str = "",
    status: int = 200,
    private: bool = True,
    retry_after: int = 0,
) -> Reply:
    """The page that asks for name and password.

    Parameters
    ----------
    target : str
        Where to go afterwards.
    name : str
        As typed before.
    alarm : str
        Why the last attempt failed.
    status : int
    private : bool
        Whether nobody on the way can read the password; if not, the page says so.
    retry_after : int
        Seconds to wait before the next attempt.

    Returns
    -------
    Reply
    """
    warning = (
        "" if private else '<p class="small">This connection is not encrypted: others may read along.</p>'
    )
    content = (
        (f'<p class="alarm" role="alert" id="alarm">{html.escape(alarm)}</p>' if alarm else "")
        + '<form method="post" action="/login">'
        + f'<input type="hidden" name="next" value="{html.escape(target)}">'
        + '<label for="name">Name</label>'
        + f'<input id="name" name="name" value="{html.escape(name)}" autocomplete="username" autocapitalize="none" '
        + f'spellcheck="false" required{"" if name else " autofocus"}>'
        + '<label for="password">Password</label>'
        + '<input id="password" name="password" type="password" autocomplete="current-password" required'
        + f"{' autofocus' if name else ''}>"
        + f'<button type="submit">Sign in</button></form>{warning}'
    )
    return page(
        status, "Sign in to Spikeboard", content, {"retry-after": str(retry_after)} if retry_after else None
    )


def redirect(target: str, cookie: str = "") -> Reply:
    """A redirect that is fetched with GET, whatever was asked before.

    Parameters
    ----------
    target : str
        A path of this site.
    cookie : str
        A `Set-Cookie` header to go with it.

    Returns
    -------
    Reply
    """
    headers = {"location": quote(target, safe=URL_MARKS), "cache-control": "no-store"}
    return Reply(303, b"", {**headers, "set-cookie": cookie} if cookie else headers)


def page(status: int, title: str, content: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A small page of the guard's own.

    Parameters
    ----------
    status : int
    title : str
        Plain text.
    content : str
        HTML, escaped already.
    headers : mapping of str to str, optional

    Returns
    -------
    Reply
    """
    head = html.escape(title)
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{head}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>'
        f"<body><main><h1>{head}</h1>{content}</main></body></html>"
    )
    usual = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
    return Reply(status, body.encode(), {**usual, **(headers or {})})


async def deliver(reply: Reply, send: Send, frame_ancestors: str, trustworthy: bool, head_only: bool) -> None:
    """Send a reply, with the protective headers.

    Parameters
    ----------
    reply : Reply
    send : callable
        Of ASGI.
    frame_ancestors : str
    trustworthy : bool
        As `protected` takes it.
    head_only : bool
        Whether the body is left out, as in the answer to HEAD.
    """
    own = {**reply.headers, "content-length": str(len(reply.body))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in own.items()]
    headers = protected(encoded, page_policy(STYLE, frame_ancestors), frame_ancestors, trustworthy)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else reply.body})
