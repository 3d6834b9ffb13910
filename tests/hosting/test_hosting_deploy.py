"""The files and the page for whoever runs a server say what the code does."""

from __future__ import annotations

import argparse
import ipaddress
import re
from pathlib import Path

import pytest

from spikeboard.hosting import Limits, add_arguments, policy_for, to_environment
from spikeboard.hosting.accounts import SHORTEST_PASSWORD
from spikeboard.hosting.attempts import ADDRESS, NAME, NAME_AND_ADDRESS
from spikeboard.hosting.sessions import SHORTEST_SECRET

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "hosting.md").read_text()
DEPLOY = {path.name: path.read_text() for path in (ROOT / "deploy").iterdir()}


def _options() -> set[str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    own = {option for action in parser._actions for option in action.option_strings}
    return own | {"--host", "--port", "--root", "--no-browser"}


@pytest.mark.parametrize("file", ["Containerfile", "compose.yaml", "spikeboard.service"])
def test_the_command_is_one_that_spikeboard_takes(file: str) -> None:
    command = DEPLOY[file].partition('\nCMD ["--host"')
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", command[2] or command[0])) - {"--rm"}
    assert used and used <= _options()


def test_the_page_names_every_variable_and_no_other(team: Path) -> None:
    source = "".join(path.read_text() for path in (ROOT / "spikeboard" / "hosting").glob("*.py"))
    in_code = set(re.findall(r'"(SPIKEBOARD_[A-Z_]+)"', source))
    on_page = set(re.findall(r"`(SPIKEBOARD_[A-Z_]+)`", PAGE))
    assert on_page == in_code >= set(to_environment(policy_for("0.0.0.0", accounts_file=team), "0.0.0.0"))


def test_the_page_gives_the_numbers_of_the_code() -> None:
    limits = Limits()
    for text in (
        f"at least {SHORTEST_PASSWORD} characters",
        f"at least {SHORTEST_SECRET} characters",
        f"A session lasts {limits.session / 3600:g} hours",
        f"{limits.body >> 20} and {limits.upload >> 20}",
        f"{NAME_AND_ADDRESS.free} in a row for a name from one address, {ADDRESS.free} from one",
        f"{NAME.free} for a name from anywhere",
        f"{NAME_AND_ADDRESS.longest / 60:g} minutes",
    ):
        assert re.sub(r"\s+", " ", text) in re.sub(r"\s+", " ", PAGE), text


def test_the_proxies_let_through_what_spikeboard_takes() -> None:
    limits = Limits()
    nginx = [
        int(count) << {"m": 20, "g": 30}[unit]
        for count, unit in _found(r"client_max_body_size (\d+)([mg]);", "nginx.conf")
    ]
    caddy = [
        int(count) << {"M": 20, "G": 30}[unit]
        for count, unit in _found(r"max_size (\d+)([MG])iB", "Caddyfile")
    ]
    for sizes in (nginx, caddy):
        assert sorted(sizes)[0] > limits.body and sorted(sizes)[1] >= limits.upload
    (buffers,) = _found(r"large_client_header_buffers \d+ (\d+)k;", "nginx.conf")
    assert int(buffers) << 10 > limits.address


@pytest.mark.parametrize(
    "name", ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-user"]
)
def test_nginx_overwrites_what_a_client_claims(name: str) -> None:
    header = re.compile(rf"proxy_set_header {name} +(\S+);", re.IGNORECASE)
    values = header.findall(DEPLOY["nginx.conf"])
    assert len(values) == 1 and values[0] in {"$remote_addr", "$scheme", "$http_host", '""'}


def test_the_container_runs_as_nobody_in_particular() -> None:
    users = re.findall(r"^USER (\d+):(\d+)$", DEPLOY["Containerfile"], re.MULTILINE)
    assert users and users[-1][0] != "0"
    assert not re.search(r"SPIKEBOARD_(SECRET|ACCOUNTS)=", DEPLOY["Containerfile"] + DEPLOY["compose.yaml"])


def test_the_container_takes_every_part_of_the_app() -> None:
    included = set(
        re.findall(r'^"([\w.]+)" = "spikeboard/_app/', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    )
    assert included
    for part in included:
        assert re.search(rf"^COPY .*\b{re.escape(part)}\b", DEPLOY["Containerfile"], re.MULTILINE), part
        assert f"!{part}\n" in DEPLOY["Containerfile.dockerignore"], part


def test_compose_trusts_the_proxy_that_it_starts() -> None:
    (trusted,) = _found(r"--trusted-proxy=([\d.]+)", "compose.yaml")
    board, caddy = _found(r"ipv4_address: ([\d.]+)", "compose.yaml")
    (subnet,) = _found(r"subnet: ([\d./]+)", "compose.yaml")
    assert trusted == caddy != board
    assert {ipaddress.ip_address(board), ipaddress.ip_address(caddy)} < set(
        ipaddress.ip_network(subnet).hosts()
    )


def _found(pattern: str, file: str) -> list:
    return re.findall(pattern, DEPLOY[file])
