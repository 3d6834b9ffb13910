from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeboard.hosting import HostingError, attempts
from spikeboard.hosting.attempts import ADDRESS, NAME, NAME_AND_ADDRESS, give_back, take

NOW = 1_800_000_000.0


@pytest.fixture
def count(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "attempts.sqlite3"


def _rows(count: Path) -> dict[str, int]:
    connection = sqlite3.connect(count)
    try:
        return dict(connection.execute("SELECT key, tries FROM attempts"))
    finally:
        connection.close()


def test_after_the_free_attempts_each_wait_is_twice_the_last(count: Path) -> None:
    now, waits = NOW, []
    for _ in range(NAME_AND_ADDRESS.free):
        assert take(count, "anna", "10.0.0.1", now) == 0
    for _ in range(12):
        waits.append(take(count, "anna", "10.0.0.1", now))
        now += waits[-1]
        assert take(count, "anna", "10.0.0.1", now) == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_whoever_waits_is_not_counted(count: Path) -> None:
    for _ in range(5):
        take(count, "anna", "10.0.0.1", NOW)
    before = _rows(count)
    assert take(count, "anna", "10.0.0.1", NOW + 0.25) == pytest.approx(0.75)
    assert _rows(count) == before


def test_the_owner_elsewhere_is_not_shut_out(count: Path) -> None:
    for _ in range(5):
        take(count, "anna", "10.0.0.1", NOW)
    assert take(count, "anna", "10.0.0.1", NOW) > 0
    assert take(count, "anna", "10.0.0.2", NOW) == 0


def test_many_names_from_one_address_count_together(count: Path) -> None:
    for number in range(ADDRESS.free):
        assert take(count, f"user{number}", "10.0.0.1", NOW) == 0
    assert take(count, "one more", "10.0.0.1", NOW) == 1


def test_many_addresses_at_one_name_count_together_but_wait_a_minute_at_most(count: Path) -> None:
    now = NOW
    for number in range(NAME.free):
        assert take(count, "anna", f"10.0.0.{number}", now) == 0
    waits = []
    for number in range(10):
        waits.append(take(count, "anna", f"10.0.1.{number}", now))
        now += waits[-1]
        assert take(count, "anna", f"10.0.1.{number}", now) == 0
    assert waits[:3] == [1, 2, 4] and max(waits) == NAME.longest == 60


def test_neighbours_in_one_ipv6_network_are_one(count: Path) -> None:
    for number in range(5):
        assert take(count, "anna", f"2001:db8:1:2::{number}", NOW) == 0
    assert take(count, "anna", "2001:db8:1:2:ffff::9", NOW) == 1
    assert take(count, "anna", "2001:db8:1:3::1", NOW) == 0


def test_a_right_password_takes_its_attempt_back(count: Path) -> None:
    for _ in range(4):
        take(count, "anna", "10.0.0.1", NOW)
    give_back(count, "anna", "10.0.0.1")
    assert sorted(_rows(count).values()) == [3, 3]
    for _ in range(5):
        assert take(count, "anna", "10.0.0.1", NOW) == 0


def test_an_account_of_ones_own_buys_no_attempts_at_others(count: Path) -> None:
    for _ in range(5):
        take(count, "victim", "10.0.0.1", NOW)
    take(count, "mallory", "10.0.0.1", NOW)
    give_back(count, "mallory", "10.0.0.1")
    assert take(count, "victim", "10.0.0.1", NOW) > 0


def test_an_hour_forgets(count: Path) -> None:
    for _ in range(8):
        take(count, "anna", "10.0.0.1", NOW)
    assert take(count, "anna", "10.0.0.1", NOW + 3601) == 0
    assert set(_rows(count).values()) == {1}


def test_a_clock_that_was_wrong_locks_nobody_out(count: Path) -> None:
    for _ in range(5):
        take(count, "anna", "10.0.0.1", NOW + 1000)
    assert take(count, "anna", "10.0.0.1", NOW) == 1
    assert take(count, "anna", "10.0.0.1", NOW - 9000) == 0


def test_attempts_at_once_get_no_more_than_attempts_in_turn(count: Path) -> None:
    waits: list[float] = []
    threads = [
        threading.Thread(target=lambda: waits.append(take(count, "anna", "10.0.0.1", NOW))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert waits.count(0) == NAME_AND_ADDRESS.free and len(waits) == 16


def test_the_file_stays_small(count: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_ROWS", 30)
    for number in range(100):
        take(count, f"user{number}", f"10.0.0.{number}", NOW + number)
    assert len(_rows(count)) <= 30 + 3


@settings(deadline=None)
@given(name=st.text(max_size=30), address=st.text(max_size=30))
def test_nothing_typed_is_kept_or_breaks_it(
    tmp_path_factory: pytest.TempPathFactory, name: str, address: str
) -> None:
    count = tmp_path_factory.mktemp("attempts") / "attempts.sqlite3"
    assert take(count, name, address, NOW) == 0
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in _rows(count))


def test_the_file_is_private(count: Path) -> None:
    take(count, "anna", "10.0.0.1", NOW)
    assert stat.S_IMODE(count.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_used_lets_nobody_try(count: Path) -> None:
    count.parent.mkdir()
    count.write_bytes(b"this is no database, " * 100)
    with pytest.raises(HostingError, match="nobody can sign in"):
        take(count, "anna", "10.0.0.1", NOW)
