"""Files of strangers are looked through in a process of its own before the HDF5 library sees them in this one.

A damaged file can send the library into an endless loop, make it take all memory or crash it, and with it a server.
There the process that does nothing else is ended, and the file is refused. What is merely wrong is left to readers,
who find better words.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from spikeboard.errors import RecordingError
from spikeboard.readers.hdf5_heaps import is_sound

BEGINS = b"\x89HDF\r\n\x1a\n"
SECONDS = 30
MEMORY = 4 * 2**30
MOST_OBJECTS = 200_000
MOST_PER_PROCESS = 100
# Attributes and small datasets are read, for texts and references lead into heaps; of large ones the shape is enough.
_LOOK = """
import sys
seconds, memory, left = map(int, sys.argv[1:4])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
except (ImportError, ValueError, OSError):
    pass
import h5py
from h5py import h5l, h5o

def look(thing):
    for name in list(thing.attrs):
        try:
            if thing.attrs.get_id(name).get_storage_size() <= 65536:
                thing.attrs[name]
        except Exception:
            pass
    if isinstance(thing, h5py.Dataset) and not thing.external and not thing.is_virtual:
        if thing.id.get_storage_size() <= 65536 and thing.size and thing.size <= 65536:
            thing[()]

def walk(top):
    global left
    seen, waiting = set(), [top]
    while waiting and left:
        group = waiting.pop()
        for name in list(group):
            key = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
            try:
                if group.id.links.get_info(key).type != h5l.TYPE_HARD:
                    continue
                thing = group[key]
                place = h5o.get_info(thing.id).addr
                if place in seen:
                    continue
                seen.add(place)
                left -= 1
                look(thing)
                if isinstance(thing, h5py.Group):
                    waiting.append(thing)
            except Exception:
                continue

for path in sys.argv[4:]:
    print(path, flush=True)
    try:
        with h5py.File(path, "r") as file:
            look(file)
            walk(file)
    except Exception:
        pass
"""


def check(path: Path) -> None:
    """See that the HDF5 library survives a file, or all HDF5 files of a folder.

    Raises
    ------
    RecordingError : where it does not
    """
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    # Of a heap without an end readers tell by themselves, and sooner.
    found = [file for file in files if _is_hdf5(file) and is_sound(file)]
    for first in range(0, len(found), MOST_PER_PROCESS):
        _look_through(found[first : first + MOST_PER_PROCESS])


def _is_hdf5(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(BEGINS)) == BEGINS
    except OSError:
        return False


def _look_through(files: Iterable[Path]) -> None:
    limits = map(str, (SECONDS, MEMORY, MOST_OBJECTS))
    command = [sys.executable, "-P", "-c", _LOOK, *limits, *map(str, files)]
    # Threads of a library that is not called would take of the memory that is allowed.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=2 * SECONDS, env=environment, check=False, text=True,
            errors="surrogateescape",
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise _refusal(_text(late.stdout), "does not come to an end over it") from None
    if done.returncode < 0:
        ended = done.returncode in (-signal.SIGKILL, -getattr(signal, "SIGXCPU", 0))
        raise _refusal(done.stdout, "does not come to an end over it" if ended else "breaks down over it")


def _text(output: str | bytes | None) -> str:
    return output.decode("utf-8", "surrogateescape") if isinstance(output, bytes) else output or ""


def _refusal(output: str, what: str) -> RecordingError:
    """Names the file that was looked at last."""
    name = Path(output.strip().rsplit("\n", 1)[-1]).name
    return RecordingError(
        f"{name!r} is damaged: the HDF5 library {what}; if it is yours, copy it anew or let h5repack mend it"
    )
