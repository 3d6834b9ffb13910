"""What every response tells the browser to refuse: foreign scripts, frames, guesses at content types, leaks."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence

ScriptHashes = Sequence[str] | Callable[[], Sequence[str]]

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def app_policy(script_hashes: Sequence[str], frame_ancestors: str) -> str:
    """The Content-Security-Policy of the app's own responses (Content Security Policy Level 3, W3C).

    Parameters
    ----------
    script_hashes : sequence of str
        The inline scripts that may run, as `'sha256-...'`; no other inline script does, and no `eval`.
    frame_ancestors : str
        Who may show the pages in a frame.

    Returns
    -------
    str
    """
    scripts = " ".join(["'self'", *map(_quoted, script_hashes)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        f"frame-ancestors {frame_ancestors}"
    )


def page_policy(style: str, frame_ancestors: str) -> str:
    """The Content-Security-Policy of the guard's own pages: one style, one form, nothing else.

    Parameters
    ----------
    style : str
        The content of the page's style element.
    frame_ancestors : str

    Returns
    -------
    str
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {frame_ancestors}"
    )


def protected(
    headers: Sequence[tuple[bytes, bytes]], content_policy: str, frame_ancestors: str, trustworthy: bool
) -> list[tuple[bytes, bytes]]:
    """The headers of a response with the protective ones in the place of any that the app set itself.

    Parameters
    ----------
    headers : sequence of (bytes, bytes)
    content_policy : str
        The Content-Security-Policy.
    frame_ancestors : str
        Where nobody may frame the pages, older browsers are told so as well.
    trustworthy : bool
        Whether the browser's connection is encrypted or stays on its machine. Elsewhere browsers ignore the
        opener policy, and complain of it on every page.

    Returns
    -------
    list of (bytes, bytes)
        A response that says nothing of caching is kept by its reader's browser alone, and asked for again.
    """
    added = {**ALWAYS, "content-security-policy": content_policy}
    if trustworthy:
        added["cross-origin-opener-policy"] = "same-origin"
    if frame_ancestors == "'none'":
        added["x-frame-options"] = "DENY"
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in added.items()]
    kept = [(name, value) for name, value in headers if name.lower().decode("latin-1") not in added]
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        encoded.append((b"cache-control", b"private, no-cache"))
    return kept + encoded


def listed(script_hashes: ScriptHashes) -> Sequence[str]:
    """The hashes themselves.

    Parameters
    ----------
    script_hashes : sequence of str, or callable returning one

    Returns
    -------
    sequence of str
    """
    return script_hashes() if callable(script_hashes) else script_hashes


def _quoted(source: str) -> str:
    return "'" + source.strip("'") + "'"
