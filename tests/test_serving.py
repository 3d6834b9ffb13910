"""The server says when it is up, and ends at once: no figure that is being computed keeps it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from spikeboard.errors import RecordingError
from spikeboard.ports import check_free, free_port

ROOT = Path(__file__).parents[1]
# Each request takes a minute in a thread, which cannot be ended from outside.
SLOW = """
import asyncio, sys, time
from spikeboard.serving import serve

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    print("computing", flush=True)
    await asyncio.to_thread(time.sleep, 60)

serve(app, "127.0.0.1", int(sys.argv[1]), lambda: print("up", flush=True), log_level="error", lifespan="off")
"""


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_request_in_a_thread_keeps_nobody(told: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-c", SLOW, str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            assert process.stdout.readline() == "computing\n"
            process.send_signal(told)
            try:
                assert process.wait(30) == 0
            finally:
                process.kill()


def test_a_port_is_free_or_the_reason_is_told() -> None:
    check_free("127.0.0.1", free_port())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RecordingError, match="in use"):
            check_free("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(RecordingError, match="0-65535"):
        check_free("127.0.0.1", 65_536)
