from __future__ import annotations

import io
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from hosting.callers import PASSWORD

from spikeboard.hosting import HostingError
from spikeboard.hosting import accounts as module
from spikeboard.hosting.accounts import (
    accounts,
    accounts_path,
    add_user,
    fingerprint,
    list_users,
    main,
    remove_user,
    set_password,
    verify,
)
from spikeboard.hosting.files import create_private, exclusive

REAL_HASHER = module.HASHER


def test_an_account_is_verified_by_its_password_alone(team: Path) -> None:
    assert verify(team, "anna", PASSWORD) == accounts(team)["anna"]
    assert verify(team, " Anna ", PASSWORD) is not None
    assert verify(team, "anna", PASSWORD + "x") is None
    assert verify(team, "anna", "") is None
    assert verify(team, "bob", PASSWORD) is None


def test_composed_and_decomposed_letters_are_one_password(settings: Path) -> None:
    file = settings / "accounts.json"
    add_user(file, "zoe", "\u00fcbergro\u0308sse 12")
    assert verify(file, "zoe", "u\u0308bergr\u00f6sse 12") is not None


def test_the_file_is_private_and_holds_no_password(team: Path) -> None:
    assert stat.S_IMODE(team.stat().st_mode) == 0o600
    assert stat.S_IMODE(team.parent.stat().st_mode) == 0o700
    text = team.read_text()
    assert PASSWORD not in text
    assert json.loads(text)["users"]["anna"]["hash"].startswith("$argon2id$")


def test_hashes_cost_what_rfc_9106_recommends() -> None:
    parameters = extract_parameters(REAL_HASHER.hash(PASSWORD))
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (64 * 1024, 3, 4)
    assert parameters.hash_len >= 32 and parameters.salt_len >= 16


def test_unknown_names_cost_one_hash_as_known_ones_do(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            verified.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(module, "HASHER", Counting(1, 8, 1))
    for name in ("anna", "bob"):
        verify(team, name, "wrong password")
    assert len(verified) == 2
    known, unknown = map(extract_parameters, verified)
    assert known == unknown


def test_changes_are_seen_without_a_restart(team: Path) -> None:
    before = fingerprint(accounts(team)["anna"])
    set_password(team, "anna", "another long password")
    assert fingerprint(accounts(team)["anna"]) != before
    assert verify(team, "anna", PASSWORD) is None
    remove_user(team, "ANNA")
    assert not accounts(team)


def test_a_new_password_keeps_the_day_the_account_was_made(team: Path) -> None:
    created = accounts(team)["anna"].created
    set_password(team, "anna", "another long password")
    assert accounts(team)["anna"].created == created


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "../x", "-x", "a" * 65, "<b>", "zoë"])
def test_names_that_will_not_do(team: Path, name: str) -> None:
    with pytest.raises(HostingError, match="cannot be an account name"):
        add_user(team, name, PASSWORD)


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "at least 12"), ("x" * 1025, "at most 1024"), ("benedikta-123", "little more than")],
)
def test_passwords_that_will_not_do(team: Path, password: str, why: str) -> None:
    with pytest.raises(HostingError, match=why):
        add_user(team, "benedikta", password)
    assert list(accounts(team)) == ["anna"]


def test_an_account_is_never_replaced_by_adding(team: Path) -> None:
    for name in ("anna", "Anna", " anna\n"):
        with pytest.raises(HostingError, match="spikeboard user password anna"):
            add_user(team, name, "another long password")
    assert verify(team, "anna", PASSWORD)


def test_unknown_accounts_are_named_with_the_known(team: Path) -> None:
    for change in (lambda: remove_user(team, "bob"), lambda: set_password(team, "bob", PASSWORD)):
        with pytest.raises(HostingError, match=r"no account 'bob' in .*; there is anna"):
            change()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', '{"version": 1, "users": {"a": {}}}', '{"version": 1, "users": []}'],
)
def test_a_broken_file_lets_nobody_in(team: Path, text: str) -> None:
    team.write_text(text)
    with pytest.raises(HostingError, match="is not an accounts file"):
        verify(team, "anna", PASSWORD)


def test_a_file_of_a_later_format_is_refused(team: Path) -> None:
    team.write_text('{"version": 2, "users": {}}')
    with pytest.raises(HostingError, match="update"):
        accounts(team)


def test_a_file_that_anybody_may_write_is_refused(team: Path) -> None:
    team.chmod(0o666)
    with pytest.raises(HostingError, match="chmod 600"):
        accounts(team)


def test_a_hash_of_another_kind_lets_nobody_in(team: Path) -> None:
    document = json.loads(team.read_text())
    document["users"]["anna"]["hash"] = PASSWORD
    team.write_text(json.dumps(document))
    assert verify(team, "anna", PASSWORD) is None


def test_accounts_added_at_once_are_all_there(settings: Path) -> None:
    file = settings / "accounts.json"
    names = [f"user{number}" for number in range(8)]
    threads = [threading.Thread(target=add_user, args=(file, name, PASSWORD)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [account.name for account in list_users(file)] == names
    assert [path.name for path in settings.iterdir()] == ["accounts.json"]


def test_a_lock_left_behind_is_named(settings: Path) -> None:
    settings.mkdir()
    lock = settings / "accounts.json.lock"
    lock.touch()
    with (
        pytest.raises(HostingError, match=r"accounts\.json\.lock"),
        exclusive(settings / "accounts.json", patience=0),
    ):
        pass
    assert lock.exists()


def test_a_write_that_fails_leaves_the_old_file(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = team.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add_user(team, "bob", PASSWORD)
    assert team.read_bytes() == before
    assert [path.name for path in team.parent.iterdir()] == ["accounts.json"]


def test_of_several_creators_the_first_wins(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert create_private(file, b"first") == b"first"
    assert create_private(file, b"second") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_where_accounts_are_kept(tmp_path: Path) -> None:
    assert accounts_path({"SPIKEBOARD_ACCOUNTS": "/a/b.json"}) == Path("/a/b.json")
    assert accounts_path({"SPIKEBOARD_HOME": "/h"}) == Path("/h/accounts.json")
    assert accounts_path({"XDG_CONFIG_HOME": "/c"}) == Path("/c/spikeboard/accounts.json")
    assert accounts_path({}) == Path.home() / ".config/spikeboard/accounts.json"


def _typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_the_commands(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list"]) == 0
    assert "spikeboard user add NAME" in capsys.readouterr().out
    _typed(monkeypatch, PASSWORD + "\n")
    assert main(["add", "Anna", "--password-stdin"]) == 0
    assert verify(settings / "accounts.json", "anna", PASSWORD)
    assert main(["list"]) == 0
    assert "anna\tsince 20" in capsys.readouterr().out
    _typed(monkeypatch, "another long password\r\n")
    assert main(["password", "anna", "--password-stdin"]) == 0
    assert verify(settings / "accounts.json", "anna", "another long password")
    assert main(["remove", "anna"]) == 0
    assert not accounts(settings / "accounts.json")


def test_the_commands_take_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "other" / "team.json"
    _typed(monkeypatch, PASSWORD)
    assert main(["add", "anna", "--accounts", str(file), "--password-stdin"]) == 0
    assert list(accounts(file)) == ["anna"]


def test_a_password_is_asked_for_twice(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([PASSWORD, PASSWORD, PASSWORD, "something else"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    assert main(["add", "anna"]) == 0
    assert main(["add", "bob"]) == 1
    assert "differ" in capsys.readouterr().err
    assert list(accounts(settings / "accounts.json")) == ["anna"]


def test_what_cannot_be_done_is_said_in_one_line(
    settings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _typed(monkeypatch, "short\n")
    assert main(["add", "anna", "--password-stdin"]) == 1
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and "12 characters" in output.err


def test_a_password_is_no_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["add", "anna", "--password", PASSWORD])
    assert "unrecognized arguments" in capsys.readouterr().err
