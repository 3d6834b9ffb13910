"""Who is let in, decided once when the server starts, and handed to its workers by environment variables."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spikeboard.hosting.accounts import accounts, accounts_path
from spikeboard.hosting.errors import HostingError
from spikeboard.hosting.files import settings_folder

MEBIBYTE = 2**20
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
HOST_NAME = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Limits:
    """How much of anything one request may bring: bytes, and seconds for the session."""

    body: int = 32 * MEBIBYTE
    upload: int = 2048 * MEBIBYTE
    form: int = 64 * 1024
    address: int = 32 * 1024
    headers: int = 64 * 1024
    session: float = 12 * 3600.0


@dataclass(frozen=True)
class Policy:
    """Everything the guard goes by.

    Parameters
    ----------
    sign_in : {"none", "accounts", "header"}
        Nobody signs in (and only this machine is served), by local account, or at a proxy that names the user.
    folder : Path
        Holds the session secret, the marks of ended sessions and the sign-in attempts.
    accounts : Path or None
        The accounts file, with "accounts".
    header : str or None
        The header that names the user, in small letters, with "header".
    proxies : tuple of networks
        Whose `X-Forwarded-*` headers, and whose `header`, are believed.
    hosts : tuple of str
        The names under which the server answers, without port; empty: any (only with a sign-in).
    frame_ancestors : str
        Who may put a page into a frame, as in a Content-Security-Policy.
    upload_prefix : str
        Paths below it may bring `limits.upload` bytes.
    limits : Limits
    """

    sign_in: Literal["none", "accounts", "header"] = "none"
    folder: Path = field(default_factory=settings_folder)
    accounts: Path | None = None
    header: str | None = None
    proxies: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK_NAMES
    frame_ancestors: str = "'none'"
    upload_prefix: str = "/upload"
    limits: Limits = Limits()


def policy_for(
    host: str = "127.0.0.1",
    *,
    accounts_file: Path | None = None,
    trust_header: str | None = None,
    trusted_proxies: Sequence[str] = (),
    allowed_hosts: Sequence[str] = (),
    frame_ancestors: str = "'none'",
    limits: Limits | None = None,
    folder: Path | None = None,
) -> Policy:
    """Decide who is let in, or refuse to serve at all.

    Parameters
    ----------
    host : str
        The address to listen on. Anything but the loopback needs a sign-in.
    accounts_file : Path, optional
        Sign-in by the accounts in this file. Off the loopback, and without `trust_header`, the default file is
        taken where none is named.
    trust_header : str, optional
        Sign-in elsewhere: this header, set by a trusted proxy, names the user.
    trusted_proxies : sequence of str
        Addresses or networks (`10.0.0.0/28`) of the proxies whose headers are believed; also commas between them.
    allowed_hosts : sequence of str
        Names, without port, under which the server answers besides those of the loopback.
    frame_ancestors : str
        Who may frame the pages: `'none'`, `'self'` or origins such as `http://localhost:8888`.
    limits : Limits, optional
    folder : Path, optional
        Where the secret and the sign-in attempts are kept, the settings folder by default.

    Returns
    -------
    Policy

    Raises
    ------
    HostingError
        If strangers would be let in, or an argument makes no sense.
    """
    proxies = tuple(map(_network, _split(trusted_proxies)))
    hosts = tuple(map(_host_name, _split(allowed_hosts)))
    _refuse_both(accounts_file, trust_header)
    if trust_header:
        sign_in, accounts_file = "header", None
        trust_header = _header_name(trust_header, proxies)
    elif accounts_file or not is_loopback(host):
        sign_in, accounts_file = "accounts", _with_users(accounts_file or accounts_path(), host)
    else:
        sign_in = "none"
    return Policy(
        sign_in=sign_in,
        folder=folder or settings_folder(),
        accounts=accounts_file,
        header=trust_header,
        proxies=proxies,
        hosts=(*LOOPBACK_NAMES, *hosts) if hosts or sign_in == "none" else (),
        frame_ancestors=_sources(frame_ancestors),
        limits=limits or Limits(),
    )


def to_environment(policy: Policy, host: str) -> dict[str, str]:
    """The policy as environment variables, for the workers that are about to be started.

    Parameters
    ----------
    policy : Policy
    host : str
        The address to listen on.

    Returns
    -------
    dict of str to str
        To be put into `os.environ`; `policy_from_environment` reads them.
    """
    chosen = {
        "SPIKEBOARD_HOST": host,
        "SPIKEBOARD_ACCOUNTS": str(policy.accounts.absolute()) if policy.accounts else "",
        "SPIKEBOARD_TRUST_HEADER": policy.header or "",
        "SPIKEBOARD_TRUSTED_PROXY": ",".join(map(str, policy.proxies)),
        "SPIKEBOARD_ALLOWED_HOST": ",".join(name for name in policy.hosts if name not in LOOPBACK_NAMES),
        "SPIKEBOARD_FRAME_ANCESTORS": policy.frame_ancestors,
        "SPIKEBOARD_SETTINGS": str(policy.folder.absolute()),
        "SPIKEBOARD_MAX_BODY_MB": str(policy.limits.body / MEBIBYTE),
        "SPIKEBOARD_MAX_UPLOAD_MB": str(policy.limits.upload / MEBIBYTE),
        "SPIKEBOARD_SESSION_HOURS": str(policy.limits.session / 3600),
    }
    return {name: value for name, value in chosen.items() if value}


def policy_from_environment(environ: Mapping[str, str] = os.environ) -> Policy:
    """The policy that the environment asks for; with nothing in it, this machine alone is served.

    Parameters
    ----------
    environ : mapping of str to str
        The variables that `to_environment` names.

    Returns
    -------
    Policy

    Raises
    ------
    HostingError
        As `policy_for`, and if a number is none.
    """
    named = environ.get("SPIKEBOARD_ACCOUNTS")
    folder = environ.get("SPIKEBOARD_SETTINGS")
    return policy_for(
        environ.get("SPIKEBOARD_HOST", "127.0.0.1"),
        accounts_file=Path(named) if named else None,
        trust_header=environ.get("SPIKEBOARD_TRUST_HEADER") or None,
        trusted_proxies=[environ.get("SPIKEBOARD_TRUSTED_PROXY", "")],
        allowed_hosts=[environ.get("SPIKEBOARD_ALLOWED_HOST", "")],
        frame_ancestors=environ.get("SPIKEBOARD_FRAME_ANCESTORS", "'none'"),
        limits=_limits(environ),
        folder=Path(folder) if folder else settings_folder(environ),
    )


def open_paths(policy: Policy) -> frozenset[str]:
    """The paths that are answered without a session; every other one is not.

    Parameters
    ----------
    policy : Policy

    Returns
    -------
    frozenset of str
        The guard answers these itself: none of them reaches the app.
    """
    return frozenset({"/healthz", "/login", "/logout"} if policy.sign_in == "accounts" else {"/healthz"})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on, or a client that comes from, `host`.

    Parameters
    ----------
    host : str
        An address, or `localhost`; any other name counts as no.

    Returns
    -------
    bool
    """
    try:
        return host == "localhost" or address(host).is_loopback
    except ValueError:
        return False


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that `text` spells; an IPv4 address inside an IPv6 one is taken out.

    Parameters
    ----------
    text : str

    Returns
    -------
    IPv4Address or IPv6Address

    Raises
    ------
    ValueError
        If it spells none.
    """
    parsed = ipaddress.ip_address(text.strip("[]"))
    return (parsed.ipv4_mapped or parsed) if parsed.version == 6 else parsed


def _split(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise HostingError(
            f"--trusted-proxy {text!r} is no address: give the proxy's own, such as 127.0.0.1 or 10.0.0.0/28."
        ) from None
    if network.prefixlen == 0:
        raise HostingError(f"--trusted-proxy {text} would believe anybody: give the proxy's own address.")
    return network


def _host_name(text: str) -> str:
    name = text.lower()
    if not HOST_NAME.fullmatch(name):
        raise HostingError(f"--allowed-host {text!r} is no host name: give it without scheme, port or path.")
    return name


def _header_name(text: str, proxies: Sequence[Network]) -> str:
    if not HEADER_NAME.fullmatch(text):
        raise HostingError(f"--trust-header {text!r} is no header name: give one such as X-Forwarded-User.")
    if not proxies:
        raise HostingError(
            f"--trust-header {text} needs --trusted-proxy ADDRESS: without it anybody could set that header."
        )
    return text.lower()


def _refuse_both(accounts_file: Path | None, trust_header: str | None) -> None:
    if accounts_file and trust_header:
        raise HostingError("Sign-in is either by --accounts or by --trust-header: give one of them.")


def _with_users(file: Path, host: str) -> Path:
    if not accounts(file):
        raise HostingError(
            f"Nobody could sign in on {host}: there is no account in {file}. "
            "Add one with 'spikeboard user add NAME', name a proxy that signs people in with "
            "--trust-header and --trusted-proxy, or serve this machine alone with --host 127.0.0.1."
        )
    return file


def _sources(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9'.:/*\[\] -]+", text):
        raise HostingError(f"{text!r} cannot stand in frame-ancestors: give 'none', 'self' or origins.")
    return text


def _limits(environ: Mapping[str, str]) -> Limits:
    usual = Limits()
    return Limits(
        body=int(_positive(environ, "SPIKEBOARD_MAX_BODY_MB", usual.body / MEBIBYTE) * MEBIBYTE),
        upload=int(_positive(environ, "SPIKEBOARD_MAX_UPLOAD_MB", usual.upload / MEBIBYTE) * MEBIBYTE),
        session=_positive(environ, "SPIKEBOARD_SESSION_HOURS", usual.session / 3600) * 3600,
    )


def _positive(environ: Mapping[str, str], name: str, usual: float) -> float:
    text = environ.get(name) or str(usual)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise HostingError(f"{name}={text!r} is no positive number.")
    return value
