from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spikeboard.hosting.origin import (
    Caller,
    believed_headers,
    caller,
    client_is_served,
    from_proxy,
    host_is_served,
    proxied_user,
    safe_next,
    same_site,
)
from spikeboard.hosting.policy import policy_for
from spikeboard.hosting.replies import redirect

PROXIED = policy_for(
    "0.0.0.0", trust_header="X-Forwarded-User", trusted_proxies=["10.0.0.1", "10.1.0.0/28", "fd00::1"]
)
LOCAL = policy_for("127.0.0.1", allowed_hosts=["board.lab"])


def _scope(
    client: tuple[str, int] | None = ("10.0.0.1", 5000), kind: str = "http", **headers: str
) -> dict[str, Any]:
    named = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": "GET", "scheme": "http", "client": client, "path": "/", "headers": named}


# --- proxies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["10.0.0.1", "10.1.0.15", "fd00::1", "::ffff:10.0.0.1"])
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    scope = _scope((peer, 5000), X_Forwarded_User="anna")
    assert from_proxy(scope, PROXIED)
    assert proxied_user(believed_headers(scope, PROXIED), PROXIED) == "anna"


@pytest.mark.parametrize(
    "client", [("10.0.0.2", 5000), ("10.1.0.16", 5000), ("127.0.0.1", 5000), ("", 5), None]
)
def test_nobody_else_is_and_what_they_claim_is_taken_away(client: tuple[str, int] | None) -> None:
    scope = _scope(
        client,
        X_Forwarded_User="anna",
        X_Forwarded_For="10.0.0.1",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="board.lab",
        Forwarded="for=10.0.0.1",
        Accept="*/*",
    )
    assert believed_headers(scope, PROXIED) == [(b"accept", b"*/*")]
    assert proxied_user(believed_headers(scope, PROXIED), PROXIED) is None


def test_a_client_address_that_a_header_made_is_no_proxy() -> None:
    assert not from_proxy(_scope(("10.0.0.1", 0), X_Forwarded_User="anna"), PROXIED)


@pytest.mark.parametrize(
    "name", ["", " ", "a\x00b", "a\nb", "x" * 129, "{http.reverse_proxy.header.Remote-User}"]
)
def test_what_is_no_name_is_nobody(name: str) -> None:
    assert proxied_user([(b"x-forwarded-user", name.encode())], PROXIED) is None


def test_a_name_said_twice_is_nobody() -> None:
    assert proxied_user([(b"x-forwarded-user", b"anna"), (b"X-Forwarded-User", b"mallory")], PROXIED) is None
    assert proxied_user([], PROXIED) is None
    assert proxied_user([(b"x-forwarded-user", "Zoë Müller".encode())], PROXIED) == "Zoë Müller"


def _seen(scope: dict[str, Any]) -> Caller:
    return caller({**scope, "headers": believed_headers(scope, PROXIED)}, PROXIED)


def test_the_caller_stands_behind_the_proxies() -> None:
    scope = _scope(
        X_Forwarded_For="1.2.3.4, 5.6.7.8, 10.1.0.3",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="Board.Lab",
        Host="in",
    )
    assert _seen(scope) == Caller("5.6.7.8", "https", "board.lab")  # 1.2.3.4 is what 5.6.7.8 claims
    assert _seen(_scope(X_Forwarded_For="10.1.0.3, 10.1.0.4", Host="in")) == Caller("10.1.0.3", "http", "in")
    assert _seen(_scope(X_Forwarded_For="nonsense, 10.1.0.4")).address == "10.1.0.4"
    assert _seen(_scope(None)).address == "unknown"


def test_a_stranger_cannot_choose_its_address() -> None:
    scope = _scope(("66.6.6.6", 1), X_Forwarded_For="1.2.3.4", X_Forwarded_Proto="https", Host="board.lab")
    assert _seen(scope) == Caller("66.6.6.6", "http", "board.lab")


def test_encrypted_websockets_count_as_encrypted() -> None:
    assert _seen({**_scope(kind="websocket"), "scheme": "wss"}).secure
    assert _seen(_scope(X_Forwarded_Proto="wss")).secure
    assert not _seen({**_scope(kind="websocket"), "scheme": "ws"}).secure


# --- without a sign-in: this machine under its own names --------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["localhost:8050", "127.0.0.1:8050", "[::1]:8050", "localhost", "board.lab:80"]
)
def test_own_names(host: str) -> None:
    assert host_is_served(Caller("127.0.0.1", "http", host), LOCAL)


@pytest.mark.parametrize(
    "host",
    [
        "evil.org",
        "evil.org:8050",
        "localhost.evil.org",
        "127.0.0.1.nip.io",
        "",
        "localhost:8050:1",
        "board.lab.",
    ],
)
def test_rebound_names(host: str) -> None:
    assert not host_is_served(Caller("127.0.0.1", "http", host), LOCAL)


def test_only_this_machine_is_served_without_a_sign_in() -> None:
    assert client_is_served(_scope(("127.0.0.1", 9)), LOCAL) and client_is_served(_scope(("::1", 9)), LOCAL)
    for client in [("10.0.0.1", 9), ("", 9), ("testclient", 9), None]:
        assert not client_is_served(_scope(client), LOCAL)
        assert client_is_served(_scope(client), PROXIED)


# --- other sites ------------------------------------------------------------------------------------------------

HTTP = Caller("10.9.9.9", "http", "board.lab:8050")
HTTPS = Caller("10.9.9.9", "https", "board.lab")


def _may(method: str, who: Caller = HTTP, kind: str = "http", **headers: str) -> bool:
    return same_site({**_scope(kind=kind, **headers), "method": method}, who, PROXIED)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_other_sites_change_nothing(method: str) -> None:
    assert _may(method, Origin="http://board.lab:8050")
    assert _may(method, Origin="http://board.lab:8050", Sec_Fetch_Site="same-origin")
    assert _may(method)  # no browser, which always says where a request comes from
    for origin in [
        "http://evil.org",
        "null",
        "http://board.lab",
        "http://board.lab:8051",
        "http://sub.board.lab:8050",
    ]:
        assert not _may(method, Origin=origin)
    for site in ["cross-site", "same-site", "anything"]:
        assert not _may(method, Sec_Fetch_Site=site)
        assert not _may(method, Sec_Fetch_Site=site, Origin="http://board.lab:8050")


def test_default_ports_need_not_be_said() -> None:
    assert _may("POST", HTTPS, Origin="https://board.lab")
    assert _may("POST", HTTPS, Origin="https://board.lab:443")
    assert _may("POST", Caller("10.9.9.9", "https", "board.lab:443"), Origin="https://board.lab")
    assert not _may("POST", HTTPS, Origin="https://board.lab:80")


def test_an_unencrypted_page_of_the_same_name_is_another_site() -> None:
    assert not _may("POST", HTTPS, Origin="http://board.lab")
    assert _may("POST", HTTP, Origin="https://board.lab:8050")  # behind a proxy that says nothing of TLS


@pytest.mark.parametrize(
    "origin", ["http://[::1", "http://board.lab:x", "file://board.lab:8050", "//board.lab:8050"]
)
def test_origins_that_are_none(origin: str) -> None:
    assert not _may("POST", Origin=origin)


def test_websockets_are_opened_by_own_pages_only() -> None:
    assert _may("", kind="websocket", Origin="http://board.lab:8050")
    assert not _may("", kind="websocket")
    assert not _may("", kind="websocket", Origin="http://evil.org")
    assert not _may("", kind="websocket", Origin="http://board.lab:8050", Sec_Fetch_Site="cross-site")


def test_links_from_elsewhere_are_followed_but_nothing_is_embedded() -> None:
    visit = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert _may("GET", **visit, Sec_Fetch_Dest="document")
    assert not _may("GET", **visit, Sec_Fetch_Dest="iframe")
    assert not _may("GET", **visit, Sec_Fetch_Dest="object")
    assert not _may("GET", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image")
    assert not _may("OPTIONS", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors")
    assert _may("GET") and _may("GET", Sec_Fetch_Site="none") and _may("GET", Sec_Fetch_Site="same-origin")


def test_a_notebook_may_show_the_pages_where_the_policy_has_it() -> None:
    headers = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}
    policy = policy_for("127.0.0.1", frame_ancestors="http://localhost:8888")
    assert same_site(_scope(**headers), HTTP, policy)


# --- where to go after the sign-in ------------------------------------------------------------------------------

OWN = [
    "/",
    "/raster",
    "/raster?units=1%2C2&t=0-10",
    "/art?palette=a%20b%5C#x",
    "/a/b/c?next=https://evil.org/",
    "/ä?ö=ü",
    "/login2",
]

FOREIGN = [
    "",
    "raster",
    "//evil.org",
    "///evil.org",
    "/\\evil.org",
    "\\\\evil.org",
    "/\t/evil.org",
    "/\n/evil.org",
    "\t//evil.org",
    " //evil.org",
    "https://evil.org",
    "https:evil.org",
    "javascript:alert(1)",
    "/%2fevil.org",
    "/%5cevil.org",
    "/%252fevil.org",
    "/%25252fevil.org",
    "/%09/evil.org",
    "/%0d%0a/evil.org",
    "%2f%2fevil.org",
    "@evil.org",
    ".evil.org",
    "/x\r\nSet-Cookie: a=b",
    "/x y",
    "/login",
    "/login?next=/login",
    "/logout",
    "/" + "x" * 20_000,
]


@pytest.mark.parametrize("target", OWN)
def test_own_paths_are_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize("target", FOREIGN)
def test_anything_else_leads_home(target: str) -> None:
    assert safe_next(target) == "/"


def _in_a_browser(base: str, location: str) -> str:
    """The host that a browser goes to: it drops tabs and line ends, trims blanks, and reads \\ as / (WHATWG URL)."""
    text = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return urlsplit(urljoin(base, re.sub(r"^/{2,}", "//", text))).netloc


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("/\\%25fFcC09ad.:@evil \t\n?#;"), max_size=14) | st.text(max_size=30))
@example("/\\evil.org")
def test_no_target_leads_off_the_site(target: str) -> None:
    location = redirect(safe_next(target)).headers["location"]
    assert _in_a_browser("http://board.lab/login", location) == "board.lab"
    assert location.isascii() and location.isprintable()


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abcXYZ019-_.~", min_size=1, max_size=8), max_size=4), st.text(max_size=12))
def test_no_link_of_our_own_is_lost(parts: list[str], value: str) -> None:
    target = "/" + "/".join(["pages", *parts]) + "?setting=" + quote(value, safe="")
    assert safe_next(target) == target
    assert redirect(safe_next(target)).headers["location"] == target
