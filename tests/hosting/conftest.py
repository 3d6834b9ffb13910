from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hosting.callers import PASSWORD

from spikeboard.hosting import accounts as accounts_module
from spikeboard.hosting import policy_for
from spikeboard.hosting.accounts import add_user
from spikeboard.hosting.policy import Policy


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(accounts_module, "HASHER", PasswordHasher(1, 8, 1))
    accounts_module._hash_of_nobody.cache_clear()
    yield
    accounts_module._hash_of_nobody.cache_clear()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("SPIKEBOARD_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "settings"
    monkeypatch.setenv("SPIKEBOARD_HOME", str(folder))
    return folder


@pytest.fixture
def team(settings: Path) -> Path:
    file = settings / "accounts.json"
    add_user(file, "anna", PASSWORD)
    return file


@pytest.fixture
def team_policy(team: Path) -> Policy:
    return policy_for("0.0.0.0", accounts_file=team)
