"""What is compared with what: nothing without a peer, a check and a target, and the targets that were set."""

import tomllib
from pathlib import Path

import pytest

from benchmarks.__main__ import all_cases, chosen
from benchmarks.case import Case, Peer
from benchmarks.data import MAKERS
from benchmarks.table import DATA

TARGETS = {
    ("pixels-S2", "Datashader"): 5,
    ("pixels-S2-part", "Datashader"): 5,
    ("pixels-S3", "Datashader"): 5,
    ("bins", "pynapple"): 15,
    ("intervals", "Elephant"): 12,
    ("correlograms", "SpikeInterface"): 12,
    ("correlograms", "phylib"): 6,
    ("correlograms", "pynapple"): 50,
    ("rates", "Elephant at 0.1 ms"): 1000,
    ("welch", "SciPy"): 5,
    ("sttc", "Elephant"): 10**5,
    ("van-rossum", "Elephant"): 300,
    ("weights", "Datashader"): 3,
    ("opening", "pandas"): 100,
}
PEERS = [(case, peer) for case in all_cases() for peer in case.peers]


def test_the_targets_are_those_that_were_set() -> None:
    found = {(case.name, peer.name): peer.target for case, peer in PEERS}
    assert {key: found[key] for key in TARGETS} == TARGETS


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_every_case_has_data_and_a_target(case: Case) -> None:
    assert case.data in MAKERS
    assert case.data in DATA
    assert any(peer.target for peer in case.peers)


@pytest.mark.parametrize(("case", "peer"), PEERS, ids=lambda it: it.name)
def test_every_peer_has_a_check_that_asserts_and_is_installed_by_the_extra(case: Case, peer: Peer) -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = [*project["dependencies"], *project["optional-dependencies"]["bench"]]
    assert peer.package in {name.split(">")[0].split("[")[0] for name in installed}
    assert peer.check.__doc__ or peer.check.__qualname__.startswith("same_after_zero")
    assert peer.times == 1 or "times" in peer.note, "a part of the work is told as such"


def test_names_are_told_apart() -> None:
    names = [case.name for case in all_cases()]
    assert len(set(names)) == len(names)


def test_no_name_is_every_case_and_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen([], ["bins", "cost"]) == []
    assert chosen(["cost"], ["bins", "cost"]) == ["cost"]
    with pytest.raises(SystemExit):
        chosen(["bans"], ["bins", "cost"])
    assert "no case bans; there are bins, cost" in capsys.readouterr().err
