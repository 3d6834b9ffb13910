"""Who a request comes from, and how a name and a password become a session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import NamedTuple

from spikeboard.hosting import attempts, sessions
from spikeboard.hosting.accounts import Account, accounts, fingerprint, verify
from spikeboard.hosting.origin import Caller, Scope, header, proxied_user
from spikeboard.hosting.policy import Policy

# Two at a time: each password check takes 64 MiB, and the worker has pages to serve as well.
CHECKS_AT_ONCE = 2

log = logging.getLogger("spikeboard.hosting")


class Desk(NamedTuple):
    """What a worker needs to tell who somebody is."""

    policy: Policy
    secret: bytes
    checks: asyncio.Semaphore

    @property
    def known(self) -> Mapping[str, Account]:
        """The accounts as they are now."""
        return accounts(self.policy.accounts) if self.policy.accounts else {}


class Outcome(NamedTuple):
    """What became of an attempt to sign in: a session token, or none and the seconds to wait."""

    token: str = ""
    wait: float = 0.0


def desk_for(policy: Policy) -> Desk:
    """What a worker needs under this policy; makes the secret where it is the first to need one.

    Parameters
    ----------
    policy : Policy

    Returns
    -------
    Desk

    Raises
    ------
    HostingError
        If the secret cannot be used.
    """
    secret = sessions.secret_for(policy.folder) if policy.sign_in == "accounts" else b""
    return Desk(policy, secret, asyncio.Semaphore(CHECKS_AT_ONCE))


def user_of(scope: Scope, who: Caller, desk: Desk) -> str | None:
    """Who sends a request.

    Parameters
    ----------
    scope : mapping
        With headers from `believed_headers`.
    who : Caller
    desk : Desk

    Returns
    -------
    str or None
        The user's name, empty where nobody signs in; None for a stranger.
    """
    if desk.policy.sign_in == "none":
        return ""
    if desk.policy.sign_in == "header":
        return proxied_user(scope["headers"], desk.policy)
    session = session_of(scope, who, desk)
    return session.user if session else None


def session_of(scope: Scope, who: Caller, desk: Desk) -> sessions.Session | None:
    """The session that a request belongs to, if it is still good.

    Parameters
    ----------
    scope : mapping
    who : Caller
    desk : Desk

    Returns
    -------
    Session or None
    """
    token = sessions.token_in(header(scope["headers"], b"cookie"), who.secure)
    session = sessions.read(desk.secret, token, desk.policy.limits.session) if token else None
    if not session or sessions.ended(desk.policy.folder, session):
        return None
    account = desk.known.get(session.user)
    return session if account and fingerprint(account) == session.fingerprint else None


async def attempt(desk: Desk, name: str, password: str, address: str) -> Outcome:
    """Try to sign in.

    Parameters
    ----------
    desk : Desk
    name, password : str
        As typed by anybody.
    address : str
        Where the attempt comes from.

    Returns
    -------
    Outcome

    Raises
    ------
    HostingError
        If accounts or attempts cannot be read.
    """
    count, file = desk.policy.folder / "sign-in-attempts.sqlite3", desk.policy.accounts
    wait = await asyncio.to_thread(attempts.take, count, name, address)
    if wait or not file:
        log.warning("sign-in as %r from %s has to wait %.0f s", name, address, wait)
        return Outcome(wait=wait)
    async with desk.checks:
        account = await asyncio.to_thread(verify, file, name, password)
    if not account:
        log.warning("sign-in as %r from %s refused", name, address)
        return Outcome()
    await asyncio.to_thread(attempts.give_back, count, name, address)
    log.info("%s signed in from %s", account.name, address)
    return Outcome(sessions.issue(desk.secret, account.name, fingerprint(account)))
