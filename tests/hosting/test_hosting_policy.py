from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hosting.callers import PASSWORD

from spikeboard.hosting import (
    HostingError,
    Limits,
    open_paths,
    policy_for,
    policy_from_environment,
    to_environment,
)
from spikeboard.hosting.accounts import add_user
from spikeboard.hosting.policy import is_loopback

NOWHERE_ELSE = ["0.0.0.0", "::", "", "192.168.1.5", "board.lab", "localhost.evil.org", "127.0.0.1.nip.io"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"])
def test_the_loopback_needs_no_sign_in(host: str) -> None:
    policy = policy_for(host)
    assert is_loopback(host) and policy.sign_in == "none"
    assert policy.hosts == ("localhost", "127.0.0.1", "[::1]")


@pytest.mark.parametrize("host", NOWHERE_ELSE)
def test_anything_else_is_refused_without_a_sign_in(host: str) -> None:
    with pytest.raises(HostingError, match="spikeboard user add NAME"):
        policy_for(host)


@pytest.mark.parametrize("host", NOWHERE_ELSE)
def test_anything_else_is_served_with_accounts(host: str, team: Path) -> None:
    policy = policy_for(host, accounts_file=team)
    assert (policy.sign_in, policy.accounts, policy.hosts) == ("accounts", team, ())


def test_accounts_in_the_default_file_are_found(team: Path) -> None:
    assert policy_for("0.0.0.0").accounts == team


def test_accounts_that_are_asked_for_are_required_on_the_loopback_too(tmp_path: Path, team: Path) -> None:
    assert policy_for("127.0.0.1", accounts_file=team).sign_in == "accounts"
    with pytest.raises(HostingError, match="there is no account in"):
        policy_for("127.0.0.1", accounts_file=tmp_path / "missing.json")
    assert policy_for("127.0.0.1").sign_in == "none"  # the default file binds off the loopback only


def test_an_empty_accounts_file_is_no_sign_in(tmp_path: Path) -> None:
    file = tmp_path / "empty.json"
    file.write_text('{"version": 1, "users": {}}')
    with pytest.raises(HostingError, match="Nobody could sign in"):
        policy_for("0.0.0.0", accounts_file=file)


def test_a_header_is_trusted_only_from_a_named_proxy() -> None:
    policy = policy_for(
        "0.0.0.0", trust_header="X-Forwarded-User", trusted_proxies=["10.0.0.1,10.1.0.0/28", "::1"]
    )
    assert (policy.sign_in, policy.header) == ("header", "x-forwarded-user")
    assert policy.proxies == tuple(map(ip_network, ["10.0.0.1/32", "10.1.0.0/28", "::1/128"]))
    for proxies in ([], [""], [" , "]):
        with pytest.raises(HostingError, match="needs --trusted-proxy"):
            policy_for("0.0.0.0", trust_header="X-Forwarded-User", trusted_proxies=proxies)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"trusted_proxies": ["0.0.0.0/0"]}, "would believe anybody"),
        ({"trusted_proxies": ["::/0"]}, "would believe anybody"),
        ({"trusted_proxies": ["*"]}, "is no address"),
        ({"trusted_proxies": ["proxy.lab"]}, "is no address"),
        ({"allowed_hosts": ["https://board.lab"]}, "without scheme, port or path"),
        ({"allowed_hosts": ["board.lab:8050"]}, "without scheme, port or path"),
        ({"allowed_hosts": ["*"]}, "is no host name"),
        ({"trust_header": "X Forwarded", "trusted_proxies": ["::1"]}, "is no header name"),
        ({"frame_ancestors": "*; script-src *"}, "frame-ancestors"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, list[str]], why: str) -> None:
    with pytest.raises(HostingError, match=why):
        policy_for("127.0.0.1", **arguments)  # type: ignore[arg-type]


def test_one_way_to_sign_in(team: Path) -> None:
    with pytest.raises(HostingError, match="one of them"):
        policy_for("0.0.0.0", accounts_file=team, trust_header="X-User", trusted_proxies=["::1"])


@pytest.mark.parametrize("sign_in", ["none", "accounts", "header"])
def test_workers_get_the_policy_of_the_command_line(sign_in: str, tmp_path: Path) -> None:
    file = tmp_path / "team.json"
    add_user(file, "anna", PASSWORD)
    host, chosen = {
        "none": ("localhost", {}),
        "accounts": ("0.0.0.0", {"accounts_file": file}),
        "header": ("::", {"trust_header": "X-User"}),
    }[sign_in]
    policy = policy_for(
        host,
        **chosen,
        trusted_proxies=["10.0.0.0/28", "::1"],
        allowed_hosts=["Board.lab", "[fd00::1]"],
        frame_ancestors="'self' http://localhost:8888",
        limits=Limits(body=1_234_567, upload=7_654_321, session=3600.0),
        folder=tmp_path,
    )
    assert policy.sign_in == sign_in
    assert policy_from_environment(to_environment(policy, host)) == policy


def test_an_empty_environment_serves_this_machine_alone() -> None:
    assert policy_from_environment({}).sign_in == "none"


def test_an_environment_that_opens_a_port_needs_a_sign_in(tmp_path: Path) -> None:
    with pytest.raises(HostingError):
        policy_from_environment({"SPIKEBOARD_HOST": "0.0.0.0", "SPIKEBOARD_HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
def test_limits_are_positive_numbers(text: str) -> None:
    with pytest.raises(HostingError, match="SPIKEBOARD_MAX_BODY_MB"):
        policy_from_environment({"SPIKEBOARD_MAX_BODY_MB": text})


def test_the_open_paths_are_few(team_policy) -> None:
    header = policy_for("0.0.0.0", trust_header="X-User", trusted_proxies=["::1"])
    assert open_paths(team_policy) == {"/healthz", "/login", "/logout"}
    assert open_paths(header) == open_paths(policy_for()) == {"/healthz"}
