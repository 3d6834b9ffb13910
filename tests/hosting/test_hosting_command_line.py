from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn

from spikeboard.hosting import (
    SERVER_OPTIONS,
    HostingError,
    Policy,
    add_arguments,
    policy_for,
    policy_from_arguments,
)

ROOT = Path(__file__).resolve().parents[2]


def _policy(*words: str) -> Policy:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    add_arguments(parser)
    return policy_from_arguments(parser.parse_args(words))


def test_the_options_make_the_policy(team: Path) -> None:
    assert _policy() == policy_for()
    assert _policy("--host", "0.0.0.0") == policy_for("0.0.0.0", accounts_file=team)
    proxied = ["--trust-header", "X-User", "--trusted-proxy", "10.0.0.1,10.0.0.2", "--trusted-proxy", "::1"]
    expected = policy_for(trust_header="X-User", trusted_proxies=["10.0.0.1", "10.0.0.2", "::1"])
    assert _policy(*proxied) == expected
    assert _policy("--allowed-host", "a.lab", "--allowed-host", "b.lab").hosts[-2:] == ("a.lab", "b.lab")


def test_the_options_refuse_a_server_without_a_sign_in() -> None:
    with pytest.raises(HostingError, match=r"Nobody could sign in on 0\.0\.0\.0"):
        _policy("--host", "0.0.0.0")


def test_a_bad_secret_is_said_before_anything_starts(team: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKEBOARD_SECRET", "short")
    with pytest.raises(HostingError, match="openssl rand"):
        _policy("--accounts", str(team))
    assert _policy().sign_in == "none"


def test_workers_are_counted_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0", "-2", "many"):
        with pytest.raises(SystemExit):
            _policy("--workers", text)
    assert "--workers" in capsys.readouterr().err


def test_the_server_takes_its_options() -> None:
    config = uvicorn.Config("app:server", **SERVER_OPTIONS)
    assert config.proxy_headers is False and config.server_header is False


def test_spikeboard_user_is_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spikeboard", "user", "list"]
    environment = {**os.environ, "SPIKEBOARD_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and f"No accounts in {tmp_path}" in done.stdout
