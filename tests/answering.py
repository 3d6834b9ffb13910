"""Waiting for a server that was started as a process of its own."""

from __future__ import annotations

import subprocess
import time
import urllib.request

PATIENCE_S = 120.0


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    """Return once it answers; an AssertionError where it ends or says nothing."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            urllib.request.urlopen(f"{address}healthz", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")
