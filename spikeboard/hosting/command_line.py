"""The options of the command line that say who is let in, and those that the server itself must run with."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from spikeboard.hosting.policy import Limits, Policy, policy_for
from spikeboard.hosting.sessions import secret_for

SERVER_OPTIONS: dict[str, Any] = {
    # The guard believes the headers of trusted proxies itself, and needs to see who really connects.
    "proxy_headers": False,
    "server_header": False,
    "timeout_keep_alive": 30,
    "timeout_graceful_shutdown": 10,
    "ws_max_size": Limits().body,
}
"""What `uvicorn.run` is to be called with besides address, port and workers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for serving a team.

    Parameters
    ----------
    parser : ArgumentParser
        Has `--host` already.
    """
    group = parser.add_argument_group("serving a team", "anything but --host 127.0.0.1 needs a sign-in")
    group.add_argument(
        "--accounts", type=Path, metavar="FILE", help="who may sign in (see 'spikeboard user add')"
    )
    group.add_argument(
        "--trust-header", metavar="NAME", help="the header in which a proxy names the user instead"
    )
    group.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="the proxy whose headers are believed",
    )
    group.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the server answers",
    )
    group.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="how many processes share the work"
    )


def policy_from_arguments(said: argparse.Namespace) -> Policy:
    """Who is let in, as the command line has it.

    Parameters
    ----------
    said : Namespace
        Of a parser with `--host` and what `add_arguments` adds.

    Returns
    -------
    Policy

    Raises
    ------
    HostingError
        As `policy_for`, and if the session secret cannot be used.
    """
    policy = policy_for(
        said.host,
        accounts_file=said.accounts,
        trust_header=said.trust_header,
        trusted_proxies=said.trusted_proxy,
        allowed_hosts=said.allowed_host,
        frame_ancestors=os.environ.get("SPIKEBOARD_FRAME_ANCESTORS", "'none'"),
    )
    if policy.sign_in == "accounts":
        secret_for(policy.folder)  # a secret that will not do is said now, and not by each worker
    return policy


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least one")
    return count
