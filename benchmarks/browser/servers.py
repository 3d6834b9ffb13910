"""A server of the app in a process of its own, and the memory that it has to itself. Linux: it reads /proc."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from spikeboard.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BETWEEN_S = 0.2
MIB = 2**20


@dataclass
class Memory:
    """Bytes that a process has to itself: when it was idle, now, and at most.

    Pages that were written belong to it alone (Private_Dirty). Pages of the mapped recording are counted apart
    (Private_Clean): they are the system's cache, which takes them back when it needs them.
    """

    idle: int = 0
    most: int = 0
    mapped: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Server:
    """A running server: its address and its memory."""

    address: str
    pid: int
    memory: Memory


@contextmanager
def serving(path: Path, home: Path) -> Iterator[Server]:
    """A server that opens with a recording, warmed up and idle."""
    port = free_port()
    command = [sys.executable, "app.py", str(path), "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(home), stdout=subprocess.DEVNULL)
    memory = Memory()
    watcher = threading.Thread(target=_watch, args=(process.pid, memory), daemon=True)
    try:
        server = Server(f"http://127.0.0.1:{port}/", process.pid, memory)
        _wait_until_up(server.address)
        wait_until_idle(server)
        memory.idle = private(process.pid)["Private_Dirty"]
        watcher.start()
        yield server
    finally:
        memory.stop.set()
        process.kill()
        process.wait()


def imported(path: Path, home: Path) -> int:
    """Let a process of its own import a recording; the most bytes that it had to itself, then or when that was done."""
    told = home / f"import-of-{path.name}.txt"
    if told.exists():
        return int(told.read_text(encoding="utf-8"))
    command = [sys.executable, "-c", "import sys, spikeboard; spikeboard.open(sys.argv[1])", str(path)]
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(home))
    memory = Memory()
    watcher = threading.Thread(target=_watch, args=(process.pid, memory), daemon=True)
    watcher.start()
    if process.wait():
        raise SystemExit(f"{path} could not be imported")
    told.write_text(str(memory.most), encoding="utf-8")
    return memory.most


def wait_until_idle(server: Server) -> None:
    """Wait until a server works on nothing any more."""
    worked, before = worked_s(server.pid), -1.0
    while worked - before > 0.05:
        time.sleep(2)
        worked, before = worked_s(server.pid), worked


def private(pid: int) -> dict[str, int]:
    """The lines of /proc/PID/smaps_rollup, in bytes; {} once the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name.rstrip(":"): int(size) * 1024 for name, size, _ in map(str.split, lines)}


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"SPIKEBOARD_HOME": str(home)}


def _watch(pid: int, memory: Memory) -> None:
    while not memory.stop.wait(BETWEEN_S) and (now := private(pid)):
        memory.most = max(memory.most, now["Private_Dirty"])
        memory.mapped = max(memory.mapped, now["Private_Clean"])


def _wait_until_up(address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {address}")


def worked_s(pid: int) -> float:
    """Processor time of a process, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
