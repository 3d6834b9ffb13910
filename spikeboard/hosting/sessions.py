"""Signed sessions in a cookie: nothing of them is kept in a process, so that any worker can check any of them.

A session ends when its time is up, when its holder signs out (a mark on disk), when the account is removed or
gets another password (the cookie holds a fingerprint of the hash), and when the secret is replaced.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

from spikeboard.hosting.errors import HostingError
from spikeboard.hosting.files import OPEN_TO_OTHERS, create_private, refuse_open_to_others

COOKIE = "spikeboard_session"
SHORTEST_SECRET = 32
SERIAL = re.compile(r"[0-9a-f]{32}")


class Session(NamedTuple):
    """Who is signed in, under which password (its fingerprint), and the session's own serial number."""

    user: str
    fingerprint: str
    serial: str


def secret_for(folder: Path, environ: Mapping[str, str] = os.environ) -> bytes:
    """The secret that signs the sessions, the same for every worker.

    Parameters
    ----------
    folder : Path
        The settings folder: the secret is made there, in `session-secret` (mode 0600), when first asked for.
    environ : mapping of str to str
        `SPIKEBOARD_SECRET` holds the secret itself, or `SPIKEBOARD_SECRET_FILE` names a file that does.

    Returns
    -------
    bytes
        At least 32 of them.

    Raises
    ------
    HostingError
        If the secret is shorter, or others on this machine may read or write its file.
    """
    if spoken := environ.get("SPIKEBOARD_SECRET"):
        return _long_enough(spoken.encode(), "SPIKEBOARD_SECRET")
    named = environ.get("SPIKEBOARD_SECRET_FILE")
    file = Path(named) if named else folder / "session-secret"
    try:
        secret = file.read_bytes() if named else _kept_secret(file)
        refuse_open_to_others(file, OPEN_TO_OTHERS, f"chmod 600 {file}, and replace its content")
    except OSError as error:
        raise HostingError(f"The secret file {file} cannot be used: {error.strerror}.") from error
    return _long_enough(secret.strip(), str(file))


def issue(secret: bytes, user: str, fingerprint: str) -> str:
    """A new session, signed.

    Parameters
    ----------
    secret : bytes
    user : str
    fingerprint : str
        Of the hash that the password was checked against.

    Returns
    -------
    str
        The value of the cookie.
    """
    return _signer(secret).dumps(Session(user, fingerprint, secrets.token_hex(16)))


def read(secret: bytes, token: str, lifetime: float) -> Session | None:
    """The session in a cookie, if this server signed it and its time is not up.

    Parameters
    ----------
    secret : bytes
    token : str
        The value of the cookie, from anybody.
    lifetime : float
        Seconds that a session lasts.

    Returns
    -------
    Session or None
    """
    try:
        session = Session(*_signer(secret).loads(token, max_age=int(lifetime)))
    except (BadSignature, TypeError):
        return None
    return session if SERIAL.fullmatch(session.serial) else None


def end(folder: Path, session: Session, lifetime: float) -> None:
    """Make a session worthless, in whoever's hands a copy of its cookie may be.

    Parameters
    ----------
    folder : Path
        The settings folder, shared by the workers.
    session : Session
    lifetime : float
        Seconds after which the mark is not needed any more: older ones are swept out here.
    """
    marks = folder / "ended-sessions"
    marks.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(marks, time.time() - lifetime)
    (marks / session.serial).touch(mode=0o600)


def ended(folder: Path, session: Session) -> bool:
    """Whether the holder has signed out.

    Parameters
    ----------
    folder : Path
        The settings folder.
    session : Session

    Returns
    -------
    bool
    """
    return (folder / "ended-sessions" / session.serial).exists()


def cookie_name(secure: bool) -> str:
    """What the cookie is called.

    Parameters
    ----------
    secure : bool
        Whether the browser's connection is encrypted. The name then begins with `__Host-`, which browsers
        accept from this very host over TLS only (RFC 6265bis, 4.1.3.2): no neighbour can plant one.

    Returns
    -------
    str
    """
    return f"__Host-{COOKIE}" if secure else COOKIE


def set_cookie(token: str, secure: bool, lifetime: float) -> str:
    """The `Set-Cookie` header that gives a browser its session; with an empty token, takes it away.

    Parameters
    ----------
    token : str
    secure : bool
        Whether the browser's connection is encrypted.
    lifetime : float
        Seconds.

    Returns
    -------
    str
    """
    seconds = int(lifetime) if token else 0
    flags = "; Secure" if secure else ""
    return f"{cookie_name(secure)}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flags}"


def token_in(cookies: str, secure: bool) -> str:
    """The session token among the cookies of a request.

    Parameters
    ----------
    cookies : str
        The value of the `Cookie` header.
    secure : bool
        Whether the browser's connection is encrypted.

    Returns
    -------
    str
        Empty where there is none.
    """
    pairs = (pair.strip().partition("=") for pair in cookies.split(";"))
    return next((value for name, _, value in pairs if name == cookie_name(secure)), "")


def _kept_secret(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else create_private(file, secrets.token_hex(32).encode())


def _long_enough(secret: bytes, source: str) -> bytes:
    if len(secret) < SHORTEST_SECRET:
        raise HostingError(
            f"The secret in {source} has {len(secret)} characters, fewer than {SHORTEST_SECRET}: "
            "make one with 'openssl rand -hex 32'."
        )
    return secret


def _signer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret,
        salt="spikeboard session",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _sweep(marks: Path, before: float) -> None:
    for mark in marks.iterdir():
        if mark.stat().st_mtime < before:
            mark.unlink(missing_ok=True)
