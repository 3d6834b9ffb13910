"""Local accounts: names and argon2id hashes in one JSON file, and the commands that keep it.

The file is read again whenever it changes, so that an account added, removed or given a new password takes
effect in every worker at once.
"""

from __future__ import annotations

import argparse
import getpass
import hashlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from spikeboard.hosting.errors import HostingError
from spikeboard.hosting.files import (
    WRITABLE_BY_OTHERS,
    exclusive,
    refuse_open_to_others,
    replace_private,
    settings_folder,
)

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024
FORMAT = 1
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

# RFC 9106 (2021), its second recommended setting: 64 MiB, 3 passes, 4 lanes; also this library's default.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


class Account(NamedTuple):
    """Who may sign in: the name, the argon2id hash of the password, and when it was made (ISO 8601)."""

    name: str
    password_hash: str
    created: str


def accounts_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The accounts file that is used when none is named.

    Parameters
    ----------
    environ : mapping of str to str
        `SPIKEBOARD_ACCOUNTS` names it; else it is `accounts.json` in the settings folder.

    Returns
    -------
    Path
    """
    named = environ.get("SPIKEBOARD_ACCOUNTS")
    return Path(named) if named else settings_folder(environ) / "accounts.json"


def accounts(file: Path) -> Mapping[str, Account]:
    """Every account in the file, by name.

    Parameters
    ----------
    file : Path
        Need not exist: then there are none.

    Returns
    -------
    mapping of str to Account

    Raises
    ------
    HostingError
        If the file cannot be read, is no accounts file, or strangers on this machine could add themselves to it.
    """
    try:
        status = file.stat()
    except FileNotFoundError:
        return MappingProxyType({})
    except OSError as error:
        raise HostingError(f"The accounts file {file} cannot be read: {error.strerror}.") from error
    refuse_open_to_others(file, WRITABLE_BY_OTHERS, f"chmod 600 {file}")
    return _read(file, (status.st_ino, status.st_mtime_ns, status.st_size))


def list_users(file: Path) -> list[Account]:
    """The accounts in the file, sorted by name.

    Parameters
    ----------
    file : Path

    Returns
    -------
    list of Account
    """
    return sorted(accounts(file).values())


def add_user(file: Path, name: str, password: str) -> Account:
    """Add an account.

    Parameters
    ----------
    file : Path
        Made, mode 0600, where it is missing.
    name : str
        1 to 64 letters, digits, dots, dashes, underscores and @; capital letters count as small ones.
    password : str
        At least 12 characters.

    Returns
    -------
    Account

    Raises
    ------
    HostingError
        If there is such an account already, or the name or the password will not do.
    """
    account = _new_account(name, password)
    with exclusive(file):
        known = accounts(file)
        if account.name in known:
            raise HostingError(
                f"There is an account {account.name!r} already: "
                f"give it another password with 'spikeboard user password {account.name}'."
            )
        _write(file, {**known, account.name: account})
    return account


def set_password(file: Path, name: str, password: str) -> None:
    """Give an account another password, which signs it out wherever it is signed in.

    Parameters
    ----------
    file : Path
    name : str
    password : str
        At least 12 characters.

    Raises
    ------
    HostingError
        If there is no such account or the password will not do.
    """
    account = _new_account(name, password)
    with exclusive(file):
        known = accounts(file)
        created = _known(known, account.name, file).created
        _write(file, {**known, account.name: account._replace(created=created)})


def remove_user(file: Path, name: str) -> None:
    """Remove an account, which signs it out wherever it is signed in.

    Parameters
    ----------
    file : Path
    name : str

    Raises
    ------
    HostingError
        If there is no such account.
    """
    with exclusive(file):
        known = accounts(file)
        leaving = _known(known, folded(name), file)
        _write(file, {other.name: other for other in known.values() if other != leaving})


def verify(file: Path, name: str, password: str) -> Account | None:
    """The account of that name and password.

    One hash is computed whether or not there is such an account, so that the time tells nobody which names exist.

    Parameters
    ----------
    file : Path
    name, password : str
        As typed by anybody.

    Returns
    -------
    Account or None
    """
    account = accounts(file).get(folded(name))
    try:
        HASHER.verify(account.password_hash if account else _hash_of_nobody(), _prepared(password))
    except (Argon2Error, InvalidHashError):
        return None
    return account


def fingerprint(account: Account) -> str:
    """What a session remembers of a password's hash, to end when the password changes.

    Parameters
    ----------
    account : Account

    Returns
    -------
    str
        32 hexadecimal digits that lead back neither to the hash nor, for its random salt, to the password.
    """
    return hashlib.sha256(account.password_hash.encode()).hexdigest()[:32]


def folded(name: str) -> str:
    """A name as accounts are filed under it: without outer blanks, in small letters.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    return name.strip().lower()


def main(argv: Sequence[str]) -> int:
    """Run `spikeboard user ...`.

    Parameters
    ----------
    argv : sequence of str
        What stands after `user`: `add NAME`, `password NAME`, `remove NAME` or `list`, and their options.

    Returns
    -------
    int
        The exit status: 0, or 1 if it could not be done (said on standard error).
    """
    chosen = _parser().parse_args(argv)
    try:
        sys.stdout.write(_COMMANDS[chosen.command](chosen))
    except (HostingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


@lru_cache(maxsize=8)
def _read(file: Path, _stamp: tuple[int, int, int]) -> Mapping[str, Account]:
    try:
        document = json.loads(file.read_bytes())
        if document["version"] != FORMAT:
            raise HostingError(
                f"{file} is of format {document['version']!r}, this Spikeboard reads {FORMAT}: update it."
            )
        found = [
            Account(name, str(row["hash"]), str(row["created"])) for name, row in document["users"].items()
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, HostingError):
            raise
        raise HostingError(
            f"{file} is not an accounts file: make one with 'spikeboard user add NAME'."
        ) from error
    return MappingProxyType({account.name: account for account in found})


def _write(file: Path, known: Mapping[str, Account]) -> None:
    users = {
        name: {"hash": known[name].password_hash, "created": known[name].created} for name in sorted(known)
    }
    replace_private(file, json.dumps({"version": FORMAT, "users": users}, indent=2).encode() + b"\n")


def _known(known: Mapping[str, Account], name: str, file: Path) -> Account:
    if name not in known:
        there = ", ".join(sorted(known)) or "nobody"
        raise HostingError(f"There is no account {name!r} in {file}; there is {there}.")
    return known[name]


def _new_account(name: str, password: str) -> Account:
    name = folded(name)
    if not NAME.fullmatch(name):
        raise HostingError(
            f"{name!r} cannot be an account name: take 1 to 64 letters, digits, dots, dashes, underscores "
            "or @, the first a letter or digit."
        )
    _refuse_weak(name, password)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Account(name, HASHER.hash(_prepared(password)), now)


def _refuse_weak(name: str, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise HostingError(f"The password is too short: take at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise HostingError(f"The password is too long: take at most {LONGEST_PASSWORD} characters.")
    if name in folded(password) and len(password) < len(name) + SHORTEST_PASSWORD:
        raise HostingError("The password is little more than the account's name: take another.")


def _prepared(password: str) -> bytes:
    # The same letters typed on two keyboards may come composed or decomposed (NIST SP 800-63B, 2017, 5.1.1.2).
    # A longer text is no account's password: it is cut to bound the work, not to make it match.
    text = unicodedata.normalize("NFKC", password[: LONGEST_PASSWORD + 1])
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return HASHER.hash(os.urandom(32))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--accounts", type=Path, default=None, metavar="FILE", help="the accounts file")
    parser = argparse.ArgumentParser(
        prog="spikeboard user", description="Keep the accounts of a team's server."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", parents=[shared], help="say who has an account")
    for command, text in _HELP.items():
        one = commands.add_parser(command, parents=[shared], help=text, description=text, allow_abbrev=False)
        one.add_argument("name", metavar="NAME")
        if command != "remove":
            one.add_argument(
                "--password-stdin", action="store_true", help="read the password from standard input"
            )
    return parser


_HELP = {
    "add": "add an account; the password is asked for",
    "password": "give an account another password, which ends its sessions",
    "remove": "remove an account, which ends its sessions",
}


def _add(chosen: argparse.Namespace) -> str:
    account = add_user(_file(chosen), chosen.name, _password(chosen.password_stdin))
    return f"Added {account.name} to {_file(chosen)}.\n"


def _change(chosen: argparse.Namespace) -> str:
    set_password(_file(chosen), chosen.name, _password(chosen.password_stdin))
    return f"{folded(chosen.name)} has a new password; sessions under the old one have ended.\n"


def _remove(chosen: argparse.Namespace) -> str:
    remove_user(_file(chosen), chosen.name)
    return f"Removed {folded(chosen.name)} from {_file(chosen)}; its sessions have ended.\n"


def _list(chosen: argparse.Namespace) -> str:
    rows = [f"{account.name}\tsince {account.created}\n" for account in list_users(_file(chosen))]
    return "".join(rows) or f"No accounts in {_file(chosen)}: add one with 'spikeboard user add NAME'.\n"


_COMMANDS = {"add": _add, "password": _change, "remove": _remove, "list": _list}


def _file(chosen: argparse.Namespace) -> Path:
    return chosen.accounts or accounts_path()


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise HostingError("The two passwords differ: nothing was changed.")
    return first
