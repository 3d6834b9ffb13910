"""Ports of this machine: a free one, and whether one is free."""

from __future__ import annotations

import socket

from spikeboard.errors import RecordingError


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_free(host: str, port: int) -> None:
    """Raise where nothing can listen at an address.

    Raises
    ------
    RecordingError : saying why, and what to do
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the server will: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as problem:
            reason = getattr(problem, "strerror", None) or str(problem)
            raise RecordingError(
                f"cannot listen on {host}, port {port} ({reason.lower().rstrip('.')}): choose another port"
            ) from None
