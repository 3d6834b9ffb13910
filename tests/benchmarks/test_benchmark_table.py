"""The page of results: no number without its target, no peer left out in silence."""

import numpy as np
import pytest

from benchmarks.alternate import Result
from benchmarks.case import Case, Peer
from benchmarks.cost import GROWTHS, plot_texts
from benchmarks.table import markdown, number, page, results_table, versions


def result(target: float | None = 5, ratio: float = 6.5, problem: str = "", note: str = "") -> Result:
    peer = Peer("Peer", "no-such-package", lambda rec: lambda: 0, lambda rec, a, b: None, target, note=note)
    case = Case("c", "Counting", "S2", peer.prepare, (peer,))
    return Result(case, peer, ratio, ratio - 1, ratio + 1, 9, problem)


def cells(one: Result) -> list[str]:
    return [cell.strip() for cell in results_table([one]).splitlines()[2].strip("|").split("|")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.112, "0.11"), (1, "1"), (6.54, "6.5"), (12.4, "12"), (350.7, "350"), (32161.5, "32,000")],
)
def test_ratios_have_two_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_row_tells_ratio_target_and_whether_it_is_met() -> None:
    assert cells(result()) == ["Counting", "S2", "Peer", "**6.5×** (5.5–7.5)", "5×", "yes", "agree", "9"]
    assert cells(result(target=7))[4:6] == ["7×", "**no**"]
    assert cells(result(target=None))[4:6] == ["–", "–"]
    assert cells(result(target=10**5))[4] == "100,000×"


def test_a_peer_without_a_ratio_has_its_row() -> None:
    assert cells(result(problem="not installed (x)"))[3:] == ["–", "5×", "no", "not installed (x)", "–"]


def test_a_markdown_table_aligns_numbers_right() -> None:
    assert markdown([("a", "1")], ("Name", "N"), 1) == "| Name | N |\n| --- | --: |\n| a | 1 |\n"


def test_a_package_that_is_not_there_is_told() -> None:
    assert "no-such-package (not installed)" in versions([result()])


def test_the_page_holds_everything() -> None:
    flat = {growth.against: dict.fromkeys(growth.calls, np.ones(len(growth.sizes))) for growth in GROWTHS}
    text = page([result(note="Half of it."), result(target=9)], plot_texts(flat))
    for part in (
        "Counting, Peer: Half of it.",
        "Targets missed: Counting (S2) against Peer.",
        "**S2**",
        "numba",
    ):
        assert part in text
    for growth in GROWTHS:
        assert f"](images/benchmarks/{growth.against}.svg)" in text
        assert all(label in text for label in growth.calls)
        assert f"| {growth.sizes[-1]:,} |" in text
    assert "{" not in text
    assert "Every target is met." in page([result()], {})
