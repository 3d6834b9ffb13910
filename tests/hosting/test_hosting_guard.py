from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest
from hosting.callers import PASSWORD, asker, sign_in
from hosting.team_app import APP, HASH, guarded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from spikeboard.hosting import Guard, HostingError, Limits, open_paths, policy_for
from spikeboard.hosting.accounts import accounts, fingerprint, remove_user, set_password
from spikeboard.hosting.limits import Overrun
from spikeboard.hosting.policy import Policy
from spikeboard.hosting.sessions import issue, secret_for

PAGE = {"Accept": "text/html,application/xhtml+xml"}
HEADER = policy_for("0.0.0.0", trust_header="X-Forwarded-User", trusted_proxies=["10.0.0.1"])
INSIDE = ["/", "/whoami", "/lax", "/boom", "/swallow", "/upload", "/ws", "/no/such/page"]
TRICKS = [
    "//",
    "//whoami",
    "/./whoami",
    "/login/",
    "/login/..",
    "/login/../whoami",
    "/login/%2e%2e/whoami",
    "/%2e%2e/whoami",
    "/login%2f..%2fwhoami",
    "/login%00",
    "/login;x/whoami",
    "/LOGIN",
    "/healthz/",
    "/healthz/../",
    "/whoami?/login",
    "/whoami?pathname=/healthz",
    "/whoami#/login",
    "/login%3fnext",
    "/%77hoami",
    "/whoami/%20",
]


@pytest.fixture
def ask(team_policy: Policy):
    return asker(guarded(team_policy))


# --- strangers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", INSIDE)
def test_a_stranger_gets_nothing(team_policy: Policy, method: str, path: str) -> None:
    for policy in (team_policy, HEADER):
        reply = asker(guarded(policy))(method, path)
        assert reply.status_code == 401
        assert method == "HEAD" or list(reply.json()) == ["error"]


@pytest.mark.parametrize("target", TRICKS)
def test_no_spelling_of_a_path_gets_round_the_guard(team_policy: Policy, target: str) -> None:
    for method in ("GET", "POST"):
        start, body = _run(guarded(team_policy), _request(method, target), [])
        assert start["status"] == 401 and b"inside" not in body["body"]


def test_open_paths_are_answered_by_the_guard_and_never_by_the_app(ask, team_policy: Policy) -> None:
    for path in open_paths(team_policy):
        for method in ("GET", "POST", "PUT"):
            reply = ask(method, path)
            assert reply.status_code != 500 and "inside" not in reply.text
    assert ask("GET", "/healthz").json() == {"status": "ok"}
    assert ask("PUT", "/login").status_code == ask("GET", "/logout").status_code == 405
    assert ask("HEAD", "/login").content == b""


@given(path=st.text(max_size=40), method=st.sampled_from(["GET", "POST", "HEAD", "X"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_path_at_all_reaches_the_app(team_policy: Policy, path: str, method: str) -> None:
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    scope = {**_request(method, "/", accept="text/html", cookie="spikeboard_session=x"), "path": "/" + path}
    sent = _run(Guard(app, team_policy), scope, [{"type": "http.request", "body": b""}])
    assert not reached and sent[0]["status"] in {200, 303, 401, 405}


def test_a_visit_leads_to_the_sign_in_and_back(ask) -> None:
    reply = ask("GET", "/whoami?units=1%202&t=0-1", headers=PAGE)
    assert reply.status_code == 303
    target = reply.headers["location"]
    assert urlsplit(target).path == "/login" and not urlsplit(target).netloc
    assert parse_qs(urlsplit(target).query)["next"] == ["/whoami?units=1%202&t=0-1"]
    page = ask("GET", target, headers=PAGE)
    assert page.status_code == 200 and "Sign in to Spikeboard" in page.text
    hidden = re.search(r'name="next" value="([^"]*)"', page.text)
    assert hidden and hidden[1] == "/whoami?units=1%202&amp;t=0-1"
    reply = sign_in(ask, target="/whoami?units=1%202&t=0-1")
    assert (reply.status_code, reply.headers["location"]) == (303, "/whoami?units=1%202&t=0-1")
    assert ask("GET", reply.headers["location"]).json()["user"] == "anna"


def test_a_visit_to_another_site_by_way_of_this_one_stays_here(ask, team_policy: Policy) -> None:
    for target in ("//evil.org/x", "/%2fevil.org/x", "/%5cevil.org/x", "/\\evil.org"):
        start, _ = _run(guarded(team_policy), _request("GET", target, accept="text/html"), [])
        assert dict(start["headers"])[b"location"] == b"/login"
    assert 'value="/"' in ask("GET", "/login?next=//evil.org").text
    assert sign_in(ask, target="https://evil.org").headers["location"] == "/"
    assert ask("GET", "/login?next=/%5Cevil.org").headers["location"] == "/"


def test_whoever_is_signed_in_is_sent_on(ask) -> None:
    sign_in(ask)
    assert ask("GET", "/login?next=/whoami").headers["location"] == "/whoami"


def test_a_websocket_of_a_stranger_is_closed_with_4401(team_policy: Policy) -> None:
    for policy in (team_policy, HEADER):
        sent = _converse(guarded(policy), headers={"origin": "http://board.lab"})
        assert sent == [{"type": "websocket.close", "code": 4401}]


# --- signing in -------------------------------------------------------------------------------------------------


def test_the_session_opens_everything(ask) -> None:
    reply = sign_in(ask)
    cookie = reply.headers["set-cookie"]
    assert (
        reply.status_code == 303
        and "HttpOnly" in cookie
        and "SameSite=Lax" in cookie
        and "Secure" not in cookie
    )
    assert "inside" in ask("GET", "/").text
    said = ask("GET", "/whoami").json()
    assert (said["user"], said["in_thread"]) == ("anna", "anna")
    assert ask("POST", "/swallow", content=b"123").json() == {"taken": 3}


def test_the_websocket_opens_with_the_session(team_policy: Policy) -> None:
    guard = guarded(team_policy)
    sent = _converse(guard, ["hello"], headers=_signed_in(team_policy, origin="http://board.lab"))
    assert [message.get("text") for message in sent[1:]] == ["anna:hello"]


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong"), ("bob", PASSWORD), ("", ""), ("anna", ""), ("é\0", "\ud800")]
)
def test_a_wrong_name_and_a_wrong_password_look_the_same(ask, name: str, password: str) -> None:
    form = {"name": name, "password": password.encode("utf-8", "surrogatepass"), "next": "/whoami"}
    reply = ask("POST", "/login", data=form)
    assert reply.status_code == 401 and "set-cookie" not in reply.headers
    assert '<p class="alarm" role="alert" id="alarm">Name or password is wrong.</p>' in reply.text
    assert 'value="/whoami"' in reply.text
    assert ask("GET", "/whoami").status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"&&&", b"%", b"name=anna", b"\xff\xfe", b"name=anna&" * 100, b'{"name": "anna"}']
)
def test_forms_that_are_none(ask, body: bytes) -> None:
    assert ask("POST", "/login", content=body).status_code == 401


def test_a_form_too_large_is_not_read_to_its_end(ask) -> None:
    assert ask("POST", "/login", content=b"name=" + b"a" * 70_000).status_code == 413


def test_hostile_text_is_escaped(ask) -> None:
    hostile = '"><script>alert(1)</script>'
    reply = ask("POST", "/login", data={"name": hostile, "password": "x", "next": "/" + hostile})
    assert "<script" not in reply.text and "&lt;script&gt;" in reply.text
    assert "<script" not in ask("GET", "/login", params={"next": "/" + hostile}).text
    local = asker(guarded(policy_for()), base_url="http://localhost", peer="127.0.0.1")
    assert "<b>" not in local("GET", "/", headers={**PAGE, "Host": "<b>.org"}).text


def test_too_many_attempts_wait_whatever_the_password(ask) -> None:
    for _ in range(5):
        assert sign_in(ask, password="wrong").status_code == 401
    reply = sign_in(ask)
    assert reply.status_code == 429 and "set-cookie" not in reply.headers
    assert reply.headers["retry-after"] == "1" and "try again in 1 second." in reply.text


def test_right_passwords_never_wait(ask) -> None:
    assert [sign_in(ask).status_code for _ in range(25)] == [303] * 25


def test_a_browser_behind_the_proxy_waits_alone(team: Path) -> None:
    policy = policy_for("0.0.0.0", accounts_file=team, trusted_proxies=["10.0.0.1"])
    ask = asker(guarded(policy), peer="10.0.0.1")
    form = {"name": "anna", "password": "wrong"}
    statuses = [
        ask("POST", "/login", data=form, headers={"X-Forwarded-For": "1.1.1.1"}).status_code for _ in range(6)
    ]
    assert statuses == [401] * 5 + [429]
    assert ask("POST", "/login", data=form, headers={"X-Forwarded-For": "2.2.2.2"}).status_code == 401


def test_attempts_are_in_the_log_and_passwords_are_not(ask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "spikeboard.hosting")
    sign_in(ask, name="eve\nanna signed in from 10.9.9.9", password="wrong password")
    sign_in(ask)
    assert [record.getMessage() for record in caplog.records] == [
        r"sign-in as 'eve\nanna signed in from 10.9.9.9' from 10.9.9.9 refused",
        "anna signed in from 10.9.9.9",
    ]
    assert "wrong password" not in caplog.text and PASSWORD not in caplog.text


# --- the end of a session ---------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(ask, team_policy: Policy) -> None:
    cookie = sign_in(ask).headers["set-cookie"].split(";")[0]
    thief = asker(guarded(team_policy))
    assert thief("GET", "/whoami", headers={"Cookie": cookie}).status_code == 200
    reply = ask("POST", "/logout")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login") and "Max-Age=0" in reply.headers[
        "set-cookie"
    ]
    assert ask("GET", "/whoami").status_code == 401
    assert thief("GET", "/whoami", headers={"Cookie": cookie}).status_code == 401
    assert ask("POST", "/logout").status_code == 303


@pytest.mark.parametrize(
    "change", [lambda file: remove_user(file, "anna"), lambda file: set_password(file, "anna", "x" * 12)]
)
def test_removed_users_and_old_passwords_are_out_at_once(ask, team: Path, change) -> None:
    sign_in(ask)
    assert ask("GET", "/whoami").status_code == 200
    change(team)
    assert ask("GET", "/whoami").status_code == 401


def test_a_session_expires(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(ask)
    late = TimestampSigner("x").get_timestamp() + 12 * 3600 + 5
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: late)
    assert ask("GET", "/whoami").status_code == 401


def test_forged_cookies_open_nothing(ask, team: Path, team_policy: Policy) -> None:
    secret, mark = secret_for(team_policy.folder), fingerprint(accounts(team)["anna"])
    good = issue(secret, "anna", mark)
    payload, stamp, signature = good.rsplit(".", 2)
    forged = [
        "",
        "anna",
        issue(b"guess" * 8, "anna", mark),
        issue(secret, "bob", mark),
        issue(secret, "anna", "0" * 32),
        f"{payload}.{stamp}.",
        f"{payload}.{stamp}",
        f"{payload}.{signature}",
        f"{payload}.{stamp}A.{signature}",
        URLSafeTimedSerializer(secret).dumps(["anna", mark, "0" * 32]),
        URLSafeTimedSerializer(secret, salt="spikeboard session").dumps(["anna", mark, "0" * 32]),
    ]
    assert ask("GET", "/whoami", headers={"Cookie": f"spikeboard_session={good}"}).status_code == 200
    for token in forged:
        assert ask("GET", "/whoami", headers={"Cookie": f"spikeboard_session={token}"}).status_code == 401, (
            token
        )


def test_over_tls_only_the_cookie_of_this_host_counts(team: Path) -> None:
    policy = policy_for("0.0.0.0", accounts_file=team, trusted_proxies=["10.0.0.1"])
    ask = asker(guarded(policy), peer="10.0.0.1")
    tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.1.1.1"}
    reply = ask("POST", "/login", data={"name": "anna", "password": PASSWORD}, headers=tls)
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-spikeboard_session=") and cookie.endswith("; Secure")
    token = cookie.partition("=")[2].partition(";")[0]
    for name, status in {"__Host-spikeboard_session": 200, "spikeboard_session": 401}.items():
        assert (
            asker(guarded(policy), peer="10.0.0.1")(
                "GET", "/whoami", headers={**tls, "Cookie": f"{name}={token}"}
            ).status_code
            == status
        )


def test_a_password_in_the_clear_is_warned_of(team_policy: Policy, team: Path) -> None:
    warning = "This connection is not encrypted"
    assert warning in asker(guarded(team_policy))("GET", "/login").text
    assert warning not in asker(guarded(team_policy), base_url="https://board.lab")("GET", "/login").text
    assert warning not in asker(guarded(team_policy), peer="127.0.0.1")("GET", "/login").text


def test_accounts_that_cannot_be_read_let_nobody_in(
    ask, team: Path, team_policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(ask)
    team.write_text("{")
    reply = ask("GET", "/whoami")
    assert reply.status_code == 503 and "inside" not in reply.text
    assert str(team) not in reply.text and str(team) in caplog.text
    sent = _converse(guarded(team_policy), headers={"origin": "http://board.lab"})
    assert sent == [{"type": "websocket.close", "code": 4401}]


# --- a proxy that signs people in -------------------------------------------------------------------------------


def test_the_user_whom_the_proxy_names() -> None:
    ask = asker(guarded(HEADER), peer="10.0.0.1")
    assert ask("GET", "/whoami", headers={"X-Forwarded-User": "anna@lab"}).json()["user"] == "anna@lab"
    assert ask("GET", "/whoami").status_code == 401
    assert (
        ask("GET", "/whoami", headers=[("X-Forwarded-User", "a"), ("X-Forwarded-User", "b")]).status_code
        == 401
    )
    assert "The proxy in front" in ask("GET", "/", headers=PAGE).text
    assert ask("GET", "/login").status_code == 401


@pytest.mark.parametrize(
    ("peer", "port"), [("10.0.0.2", 5000), ("127.0.0.1", 5000), ("10.0.0.1", 0), ("", 1)]
)
def test_the_header_from_elsewhere_is_nothing(peer: str, port: int) -> None:
    ask = asker(guarded(HEADER), peer=peer, port=port)
    assert ask("GET", "/whoami", headers={"X-Forwarded-User": "anna"}).status_code == 401
    claimed = {"X-Forwarded-User": "anna", "X-Forwarded-For": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
    assert ask("GET", "/whoami", headers=claimed).status_code == 401


def test_the_app_never_sees_a_claim_that_is_not_believed(team_policy: Policy) -> None:
    policy = replace(team_policy, header="x-forwarded-user")
    ask = asker(guarded(policy))
    sign_in(ask)
    said = ask("GET", "/whoami", headers={"X-Forwarded-User": "root", "X-Forwarded-Proto": "https"}).json()
    assert said["user"] == "anna" and not [name for name in said["headers"] if name.startswith("x-forwarded")]


def test_the_websocket_of_a_proxied_user() -> None:
    headers = {"origin": "http://board.lab", "x-forwarded-user": "anna"}
    sent = _converse(guarded(HEADER), ["hi"], headers, peer="10.0.0.1")
    assert sent[-1] == {"type": "websocket.send", "text": "anna:hi"}
    assert _converse(guarded(HEADER), ["hi"], headers)[-1]["code"] == 4401


# --- without a sign-in ------------------------------------------------------------------------------------------


def test_this_machine_is_served_under_its_own_names() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        ask = asker(guarded(policy_for()), base_url=f"http://{host}:8050", peer="127.0.0.1")
        assert ask("GET", "/whoami").json()["user"] == ""
    elsewhere = asker(guarded(policy_for()), base_url="http://localhost:8050")
    assert elsewhere("GET", "/whoami").status_code == 403
    rebound = asker(guarded(policy_for()), base_url="http://evil.org:8050", peer="127.0.0.1")
    reply = rebound("GET", "/whoami")
    assert reply.status_code == 421 and "--allowed-host" in reply.json()["error"]
    assert rebound("GET", "/healthz").status_code == 421
    allowed = asker(
        guarded(policy_for(allowed_hosts=["hub.lab"])), base_url="http://hub.lab", peer="127.0.0.1"
    )
    assert allowed("GET", "/whoami").status_code == 200


def test_a_rebound_name_gets_no_websocket_either() -> None:
    ok, no = "localhost:8050", "evil.org:8050"
    for host, first in ((ok, "websocket.accept"), (no, "websocket.close")):
        sent = _converse(
            guarded(policy_for()), [], {"origin": f"http://{host}", "host": host}, peer="127.0.0.1"
        )
        assert sent[0]["type"] == first


# --- other sites ------------------------------------------------------------------------------------------------


def test_other_sites_cannot_act_in_a_users_name(ask, team_policy: Policy) -> None:
    sign_in(ask)
    assert ask("POST", "/swallow", headers={"Origin": "http://evil.org"}).status_code == 403
    assert ask("POST", "/swallow", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask("POST", "/logout", headers={"Origin": "null"}).status_code == 403
    assert ask("POST", "/swallow", headers={"Origin": "http://board.lab"}).status_code == 200
    assert ask("POST", "/login", headers={"Origin": "http://evil.org"}).status_code == 403
    for headers in ({"origin": "http://evil.org"}, {}):
        sent = _converse(guarded(team_policy), ["x"], _signed_in(team_policy, **headers))
        assert sent == [{"type": "websocket.close", "code": 4403}]


# --- headers ----------------------------------------------------------------------------------------------------


def test_every_response_carries_the_protective_headers(ask, team_policy: Policy) -> None:
    sign_in(ask)
    stranger = asker(guarded(team_policy))
    replies = [
        *[
            ask("GET", path)
            for path in ("/", "/whoami", "/lax", "/boom", "/no/such/page", "/login", "/healthz")
        ],
        *[ask("POST", path) for path in ("/", "/swallow", "/upload", "/logout")],
        *[stranger("GET", path, headers=PAGE) for path in ("/", "/login", "/whoami")],
        stranger("POST", "/login"),
        stranger("GET", "/" + "x" * 40_000),
        stranger("POST", "/", headers={"Origin": "http://evil.org"}),
    ]
    assert {reply.status_code for reply in replies} >= {200, 303, 401, 403, 404, 405, 414, 500}
    for reply in replies:
        headers = reply.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY" and "camera=()" in headers["permissions-policy"]
        assert headers.get_list("content-security-policy") == [headers["content-security-policy"]]
        policy = _directives(headers["content-security-policy"])
        assert policy["frame-ancestors"] == ["'none'"] and policy["form-action"] == ["'self'"]
        assert "cache-control" in headers


@pytest.mark.parametrize(
    ("base_url", "taken"),
    [
        ("https://board.lab", True),
        ("http://localhost:8050", True),
        ("http://[::1]:8050", True),
        ("http://board.lab", False),
    ],
)
def test_the_opener_policy_is_sent_where_browsers_take_it(
    team_policy: Policy, base_url: str, taken: bool
) -> None:
    ask = asker(guarded(team_policy), base_url=base_url)
    signed = _signed_in(team_policy)
    signed["cookie"] += "; __Host-" + signed["cookie"]
    for path in ("/login", "/", "/boom"):
        assert ("cross-origin-opener-policy" in ask("GET", path, headers=signed).headers) == taken


def test_scripts_are_own_or_named_by_their_hash(ask) -> None:
    sign_in(ask)
    policy = _directives(ask("GET", "/lax").headers["content-security-policy"])
    assert policy["default-src"] == ["'self'"]
    assert policy["script-src"] == ["'self'", HASH]
    assert policy["connect-src"] == ["'self'"] and policy["object-src"] == ["'none'"]
    text = ask("GET", "/").headers["content-security-policy"]
    assert "unsafe-eval" not in text and "http:" not in text and "*" not in text
    assert "'unsafe-inline'" not in policy["script-src"]


def test_caching_is_private_unless_the_app_says_otherwise(ask) -> None:
    sign_in(ask)
    assert ask("GET", "/").headers["cache-control"] == "private, no-cache"
    assert ask("GET", "/lax").headers["cache-control"] == "public"
    assert ask("GET", "/login?next=/").headers["cache-control"] == "no-store"


def test_the_sign_in_page_loads_and_runs_nothing(ask) -> None:
    page = ask("GET", "/login")
    policy = _directives(page.headers["content-security-policy"])
    assert policy["default-src"] == ["'none'"] and "script-src" not in policy
    assert "<script" not in page.text and not re.search(r'(?:src|href)="(?!data:,")', page.text)
    assert "url(" not in page.text and "@import" not in page.text and " style=" not in page.text


def test_pages_may_be_framed_where_the_policy_has_it() -> None:
    policy = policy_for(frame_ancestors="'self' http://localhost:8888")
    reply = asker(guarded(policy), base_url="http://localhost", peer="127.0.0.1")("GET", "/")
    assert "x-frame-options" not in reply.headers
    csp = _directives(reply.headers["content-security-policy"])
    assert csp["frame-ancestors"] == ["'self'", "http://localhost:8888"]


def test_hashes_are_asked_for_when_the_app_first_answers(team_policy: Policy) -> None:
    asked: list[int] = []

    def hashes() -> list[str]:
        asked.append(1)
        return ["sha256-BBBB"]

    ask = asker(Guard(APP, team_policy, script_hashes=hashes))
    ask("GET", "/healthz")
    sign_in(ask)
    assert not asked
    replies = [ask("GET", "/") for _ in range(3)]
    assert len(asked) == 1 and "'sha256-BBBB'" in replies[0].headers["content-security-policy"]


# --- limits -----------------------------------------------------------------------------------------------------


@pytest.fixture
def small(team_policy: Policy):
    ask = asker(guarded(replace(team_policy, limits=Limits(body=1000, upload=5000))))
    sign_in(ask)
    return ask


async def _chunks(count: int, size: int = 100) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("path", ["/swallow", "/boom", "/no/such/page", "/"])
def test_an_announced_body_is_refused_before_it_is_read(small, path: str) -> None:
    reply = small("POST", path, content=b"x" * 1001)
    assert (
        reply.status_code == 413
        and "0.00095" in reply.json()["error"]
        and reply.headers["connection"] == "close"
    )


def test_an_unannounced_body_is_counted(small) -> None:
    assert small("POST", "/swallow", content=_chunks(10)).json() == {"taken": 1000}
    reply = small("POST", "/swallow", content=_chunks(11))
    assert reply.status_code == 413 and "MB that may be sent here" in reply.json()["error"]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_uploads_may_be_larger(small) -> None:
    assert small("POST", "/upload", content=b"x" * 5000).json() == {"taken": 5000}
    assert small("POST", "/upload", content=_chunks(50)).json() == {"taken": 5000}
    assert small("POST", "/upload", content=b"x" * 5001).status_code == 413
    assert small("POST", "/upload", content=_chunks(51)).status_code == 413
    for path in ("/uploads", "/Upload", "/x/upload", "/swallow?/upload"):
        assert small("POST", path, content=b"x" * 1001).status_code == 413
    assert small("POST", "/upload/part", content=b"x" * 1001).status_code == 404


def test_a_response_that_has_begun_breaks_off(team_policy: Policy) -> None:
    guard = guarded(replace(team_policy, limits=Limits(body=5)))
    parts = [{"type": "http.request", "body": b"xxx", "more_body": True}] * 2
    sent: list[dict[str, Any]] = []
    with pytest.raises(Overrun):
        _run(guard, _request("POST", "/hasty", **_signed_in(team_policy)), parts, sent)
    assert [message.get("body") for message in sent] == [None, b"begun ", b"3"]


def test_a_length_that_is_no_number_is_refused(small) -> None:
    for length in ("-1", "1e3", "ten", "²", "0x10"):
        assert small("POST", "/swallow", headers={"Content-Length": length.encode()}).status_code == 400
    assert small("POST", "/swallow", headers={"Content-Length": "9" * 5000}).status_code == 413


def test_addresses_and_headers_have_a_limit(small) -> None:
    assert small("GET", "/whoami?" + "x" * 32_000).status_code == 200
    reply = small("GET", "/whoami?" + "x" * 33_000)
    assert reply.status_code == 414 and "32 kB" in reply.json()["error"]
    assert small("GET", "/whoami", headers={"X-Large": "x" * 66_000}).status_code == 431


def test_what_breaks_inside_is_told_without_its_reason(small) -> None:
    reply = small("GET", "/boom")
    assert reply.status_code == 500 and "boom" not in reply.text


def test_an_error_still_reaches_the_server_and_its_log(team_policy: Policy) -> None:
    guard = guarded(team_policy)

    async def visit() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(guard), base_url="http://board.lab"
        ) as client:
            await client.get("/boom", headers=_signed_in(team_policy))

    with pytest.raises(RuntimeError, match="boom"):
        asyncio.run(visit())


def test_websocket_messages_have_a_limit(team_policy: Policy) -> None:
    guard = guarded(replace(team_policy, limits=Limits(body=10)))
    sent = _converse(guard, ["x" * 10, "x" * 11, "after"], _signed_in(team_policy, origin="http://board.lab"))
    assert sent[1:] == [
        {"type": "websocket.send", "text": "anna:" + "x" * 10},
        {"type": "websocket.close", "code": 1009},
    ]


def test_a_websocket_ends_with_its_session(team_policy: Policy, team: Path) -> None:
    headers = _signed_in(team_policy, origin="http://board.lab")
    said = iter(["one", "two"])

    async def receive() -> dict[str, Any]:
        text = next(said)
        if text == "two":
            remove_user(team, "anna")
        return {"type": "websocket.receive", "text": text}

    sent = _converse(guarded(team_policy), None, headers, receive=receive)
    assert sent[1:] == [
        {"type": "websocket.send", "text": "anna:one"},
        {"type": "websocket.close", "code": 4401},
    ]


# --- starting ---------------------------------------------------------------------------------------------------


def test_a_guard_without_a_policy_takes_it_from_the_environment(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert guarded().policy.sign_in == "none"
    monkeypatch.setenv("SPIKEBOARD_ACCOUNTS", str(team))
    assert guarded().policy.accounts == team
    monkeypatch.setenv("SPIKEBOARD_ACCOUNTS", os.devnull)
    with pytest.raises(HostingError):
        guarded()


def test_start_and_stop_reach_the_app(team_policy: Policy) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    _run(Guard(app, team_policy), {"type": "lifespan"}, [])
    assert seen == ["lifespan"]


def test_a_kind_of_connection_that_is_not_known_is_not_let_through(team_policy: Policy) -> None:
    scope = {"type": "telepathy", "headers": [], "client": None}
    with pytest.raises(KeyError):
        _run(guarded(team_policy), scope, [])


# --- how it is asked --------------------------------------------------------------------------------------------


def _run(
    guard: Guard,
    scope: dict[str, Any],
    messages: list[dict[str, Any]],
    sent: list[dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    sent = [] if sent is None else sent
    incoming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def _request(method: str, target: str, **headers: str) -> dict[str, Any]:
    """The scope of a request line, spelled as it is; servers decode the path (ASGI HTTP specification, 2.5)."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "scheme": "http",
        "headers": [
            (name.encode(), value.encode()) for name, value in {"host": "board.lab", **headers}.items()
        ],
        "client": ("10.9.9.9", 4711),
    }


def _signed_in(policy: Policy, **headers: str) -> dict[str, str]:
    assert policy.accounts
    token = issue(secret_for(policy.folder), "anna", fingerprint(accounts(policy.accounts)["anna"]))
    return {"cookie": f"spikeboard_session={token}", **headers}


def _converse(
    guard: Guard,
    said: list[str] | None = None,
    headers: dict[str, str] | None = None,
    peer: str = "10.9.9.9",
    receive: Any = None,
) -> list[dict[str, Any]]:
    """What the server sends over a websocket to somebody who says these things and leaves."""
    sent: list[dict[str, Any]] = []
    incoming = iter(
        [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": text} for text in said or []),
            {"type": "websocket.disconnect", "code": 1000},
        ]
    )

    async def next_message() -> dict[str, Any]:
        if receive and sent:
            return await receive()
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append({key: value for key, value in message.items() if key in {"type", "text", "code"}})

    scope = {
        "type": "websocket",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"",
        "scheme": "ws",
        "client": (peer, 4711),
        "subprotocols": [],
        "headers": [
            (name.encode(), value.encode())
            for name, value in {"host": "board.lab", **(headers or {})}.items()
        ],
    }
    asyncio.run(guard(scope, next_message, send))
    return sent


def _directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}
