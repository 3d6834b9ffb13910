"""Files that only their owner may read, written so that no reader ever sees half of one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from spikeboard.hosting.errors import HostingError

WRITABLE_BY_OTHERS = 0o002
OPEN_TO_OTHERS = 0o007


def settings_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of accounts, secret and sign-in attempts; it need not exist yet.

    Not the cache that recordings are kept in: emptying a cache must sign nobody out.

    Parameters
    ----------
    environ : mapping of str to str
        `SPIKEBOARD_HOME` names the folder; else it is `spikeboard` below `XDG_CONFIG_HOME` or `~/.config`.

    Returns
    -------
    Path
    """
    if chosen := environ.get("SPIKEBOARD_HOME"):
        return Path(chosen)
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "spikeboard"


def replace_private(path: Path, content: bytes) -> None:
    """Put `content` under `path`, mode 0600, in the place of whatever was there.

    Parameters
    ----------
    path : Path
        Its folder is made (mode 0700) where it is missing.
    content : bytes
    """
    _publish(path, content, os.replace)


def create_private(path: Path, content: bytes) -> bytes:
    """Put `content` under `path`, mode 0600, unless something is there already.

    Parameters
    ----------
    path : Path
        Its folder is made (mode 0700) where it is missing.
    content : bytes

    Returns
    -------
    bytes
        What the file holds now: of several processes that start at once, all get the same.
    """
    try:
        _publish(path, content, os.link)
    except FileExistsError:
        return path.read_bytes()
    return content


def refuse_open_to_others(path: Path, forbidden: int, remedy: str) -> None:
    """Refuse a file that strangers on this machine may use in a way they must not.

    Parameters
    ----------
    path : Path
    forbidden : int
        Bits of the file mode that must not be set.
    remedy : str
        What to do about it, as the end of a sentence.

    Raises
    ------
    HostingError
        Where one of the bits is set.
    """
    mode = path.stat().st_mode
    if os.name == "posix" and mode & forbidden:
        raise HostingError(f"{path} has mode {mode & 0o777:04o}, open to others on this machine: {remedy}.")


@contextmanager
def exclusive(path: Path, patience: float = 10.0) -> Iterator[None]:
    """Keep every other process out of the file at `path` while this block runs.

    Parameters
    ----------
    path : Path
        The lock is the file beside it whose name ends in `.lock`.
    patience : float
        Seconds to wait for another process to finish.

    Raises
    ------
    HostingError
        If the lock is still held after that.
    """
    lock = path.with_name(path.name + ".lock")
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _acquire(lock, time.monotonic() + patience)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _acquire(lock: Path, deadline: float) -> None:
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return
        except FileExistsError:
            if time.monotonic() >= deadline:
                raise HostingError(
                    f"{lock} says that another command is at work: wait for it, or delete that file if none is."
                ) from None
            time.sleep(0.05)


def _publish(path: Path, content: bytes, give_name: Callable[[str, Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600 from the start
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        give_name(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
