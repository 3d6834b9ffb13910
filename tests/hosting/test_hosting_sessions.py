from __future__ import annotations

import os
import stat
import string
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from spikeboard.hosting import HostingError
from spikeboard.hosting.sessions import (
    end,
    ended,
    issue,
    read,
    secret_for,
    set_cookie,
    token_in,
)

SECRET = b"s" * 32
DAY = 86400.0
TOKEN = issue(SECRET, "anna", "f" * 32)


def test_a_session_comes_back_as_it_was_issued() -> None:
    session = read(SECRET, issue(SECRET, "anna", "f" * 32), DAY)
    assert session and (session.user, session.fingerprint) == ("anna", "f" * 32)
    assert session.serial != read(SECRET, issue(SECRET, "anna", "f" * 32), DAY).serial  # type: ignore[union-attr]


@settings(deadline=None)
@given(st.text())
def test_no_text_is_a_session_by_chance(token: str) -> None:
    assert read(SECRET, token, DAY) is None


@settings(deadline=None)
@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    # The last sign of a base64 signature carries spare bits that mean nothing.
    place = data.draw(st.integers(0, len(TOKEN) - 2))
    sign = data.draw(
        st.sampled_from(sorted(set(string.ascii_letters + string.digits + "-_.") - {TOKEN[place]}))
    )
    assert read(SECRET, TOKEN[:place] + sign + TOKEN[place + 1 :], DAY) is None


def test_another_secret_or_another_purpose_is_refused() -> None:
    token = issue(SECRET, "anna", "f")
    assert read(b"t" * 32, token, DAY) is None
    assert read(SECRET, URLSafeTimedSerializer(SECRET).dumps(["anna", "f", "0" * 32]), DAY) is None


def test_a_session_lasts_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    token = issue(SECRET, "anna", "f")
    now = time.time()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(now + 3590))
    assert read(SECRET, token, 3600)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(now + 3610))
    assert read(SECRET, token, 3600) is None


def test_a_session_ends_for_good_when_its_holder_signs_out(tmp_path: Path) -> None:
    one, other = (read(SECRET, issue(SECRET, "anna", "f"), DAY) for _ in range(2))
    assert one and other and not ended(tmp_path, one)
    end(tmp_path, one, DAY)
    assert ended(tmp_path, one) and not ended(tmp_path, other)


def test_marks_of_sessions_that_are_over_anyway_are_swept_out(tmp_path: Path) -> None:
    one, other = (read(SECRET, issue(SECRET, "anna", "f"), DAY) for _ in range(2))
    assert one and other
    end(tmp_path, one, DAY)
    long_ago = time.time() - 2 * DAY
    os.utime(tmp_path / "ended-sessions" / one.serial, (long_ago, long_ago))
    end(tmp_path, other, DAY)
    assert [mark.name for mark in (tmp_path / "ended-sessions").iterdir()] == [other.serial]


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    secret = secret_for(tmp_path / "new", {})
    assert len(secret) == 64 and secret_for(tmp_path / "new", {}) == secret
    assert stat.S_IMODE((tmp_path / "new" / "session-secret").stat().st_mode) == 0o600


def test_workers_that_start_together_share_one_secret(tmp_path: Path) -> None:
    start, secrets = threading.Barrier(8), set[bytes]()

    def worker() -> None:
        start.wait(timeout=30)
        secrets.add(secret_for(tmp_path / "new", {}))

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert secrets == {(tmp_path / "new" / "session-secret").read_bytes()}


def test_the_secret_may_come_from_outside(tmp_path: Path) -> None:
    file = tmp_path / "given"
    file.write_text("z" * 40 + "\n")
    file.chmod(0o400)
    assert secret_for(tmp_path, {"SPIKEBOARD_SECRET": "y" * 32}) == b"y" * 32
    assert secret_for(tmp_path, {"SPIKEBOARD_SECRET_FILE": str(file)}) == b"z" * 40


def test_secrets_that_will_not_do(tmp_path: Path) -> None:
    with pytest.raises(HostingError, match="openssl rand -hex 32"):
        secret_for(tmp_path, {"SPIKEBOARD_SECRET": "short"})
    with pytest.raises(HostingError, match="No such file"):
        secret_for(tmp_path, {"SPIKEBOARD_SECRET_FILE": str(tmp_path / "missing")})
    secret_for(tmp_path, {})
    (tmp_path / "session-secret").chmod(0o644)
    with pytest.raises(HostingError, match="chmod 600"):
        secret_for(tmp_path, {})


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    assert set_cookie("t", False, 60) == "spikeboard_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    secure = "__Host-spikeboard_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
    assert set_cookie("t", True, 60) == secure
    assert "Max-Age=0" in set_cookie("", True, 60)


def test_the_token_is_found_among_other_cookies() -> None:
    cookies = "a=1; xspikeboard_session=no; spikeboard_session=a=b.c; __Host-spikeboard_session=z"
    assert token_in(cookies, False) == "a=b.c"
    assert token_in(cookies, True) == "z"
    assert token_in("spikeboard_session=planted", True) == ""
    assert token_in("", False) == token_in(";;=;", False) == ""
