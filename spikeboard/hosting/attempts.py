"""How often a sign-in may be tried: counted in a small SQLite file that all workers share.

An attempt is counted before its password is looked at and taken back when the password was right, so that a
hundred attempts at once get no more tries than a hundred in turn. Past the free ones, each further attempt waits
twice as long as the one before, up to a limit; while it waits even the right password is refused. An hour without
attempts forgets them. Names and addresses are kept as digests: people do type passwords into the wrong field.
"""

from __future__ import annotations

import hashlib
import ipaddress
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from spikeboard.hosting.errors import HostingError

FORGET_AFTER = 3600.0
MOST_ROWS = 20_000


class Allowance(NamedTuple):
    """How many attempts are free, and the longest wait (seconds) that further ones are put to."""

    free: int
    longest: float


class Counted(NamedTuple):
    """What an attempt counts towards: a digest of what it is, and its allowance."""

    key: str
    allowance: Allowance


# The wait for a name from anywhere is short: an attacker must not be able to shut its owner out for long.
NAME_AND_ADDRESS = Allowance(5, 900.0)
ADDRESS = Allowance(20, 900.0)
NAME = Allowance(50, 60.0)


def take(file: Path, name: str, address: str, now: float | None = None) -> float:
    """Count an attempt to sign in, or say how long the next one must wait.

    Parameters
    ----------
    file : Path
        The SQLite file; made where it is missing.
    name : str
        As typed.
    address : str
        Where the attempt comes from; IPv6 addresses count by their /64 network, which one customer has whole.
    now : float, optional
        Seconds since the epoch, the clock's by default.

    Returns
    -------
    float
        Seconds to wait; 0 where the attempt may go on, and then it has been counted.

    Raises
    ------
    HostingError
        If the file cannot be used: nobody signs in then.
    """
    now = time.time() if now is None else now
    counted = _counted(name, address)
    with _transaction(file) as rows:
        _forget(rows, now)
        wait = max(_wait(rows, one, now) for one in counted)
        if not wait:
            _count(rows, counted, now)
    return wait


def give_back(file: Path, name: str, address: str) -> None:
    """Uncount an attempt whose password was right.

    Parameters
    ----------
    file : Path
    name, address : str
        As they were counted. What this address tried for this name is forgotten; of the others one is taken back:
        whoever has an account of their own gains no further tries at the others'.
    """
    pair, *others = _counted(name, address)
    with _transaction(file) as rows:
        rows.execute("DELETE FROM attempts WHERE key = ?", [pair.key])
        rows.executemany("UPDATE attempts SET tries = tries - 1 WHERE key = ?", [[one.key] for one in others])


def _counted(name: str, address: str) -> list[Counted]:
    network = _network(address)
    return [
        Counted(_digest("both", name, network), NAME_AND_ADDRESS),
        Counted(_digest("address", network), ADDRESS),
        Counted(_digest("name", name), NAME),
    ]


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(parsed), 64), strict=False)) if parsed.version == 6 else address


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def _transaction(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        with closing(sqlite3.connect(file, timeout=5.0, isolation_level=None)) as rows:
            rows.execute(
                "BEGIN IMMEDIATE"
            )  # reading and counting are one step, or two workers would both let in
            rows.execute(
                "CREATE TABLE IF NOT EXISTS attempts (key TEXT PRIMARY KEY, tries INTEGER, latest REAL)"
            )
            yield rows
            rows.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise HostingError(
            f"Sign-in attempts cannot be counted in {file} ({error}): nobody can sign in."
        ) from error


def _forget(rows: sqlite3.Connection, now: float) -> None:
    rows.execute(
        "DELETE FROM attempts WHERE latest < ? OR latest > ?", [now - FORGET_AFTER, now + FORGET_AFTER]
    )
    rows.execute(
        "DELETE FROM attempts WHERE key NOT IN (SELECT key FROM attempts ORDER BY latest DESC LIMIT ?)",
        [MOST_ROWS],
    )


def _wait(rows: sqlite3.Connection, one: Counted, now: float) -> float:
    row = rows.execute("SELECT tries, latest FROM attempts WHERE key = ?", [one.key]).fetchone()
    tries, latest = row or (0, now)
    beyond = tries - one.allowance.free
    if beyond < 0:
        return 0.0
    pause = min(2.0 ** min(beyond, 30), one.allowance.longest)
    return min(pause, max(0.0, latest + pause - now))


def _count(rows: sqlite3.Connection, counted: Sequence[Counted], now: float) -> None:
    rows.executemany(
        "INSERT INTO attempts VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET tries = tries + 1, latest = ?",
        [[one.key, now, now] for one in counted],
    )
