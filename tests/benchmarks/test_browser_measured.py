"""Tables of what a person waits for: ratios of medians, and what was not drawn in time is never left out."""

from __future__ import annotations

import pytest

from benchmarks.browser.measured import Act, every_act, summary, too_slow

SIZES = (10, 100)


def act(kind: str, on: str, few: list[float | None], many: list[float | None]) -> Act:
    return Act(kind, on, {10: few, 100: many})


def acts(*some: Act) -> dict[tuple[str, str], Act]:
    return {(one.kind, one.on): one for one in some}


@pytest.fixture
def measured() -> dict[tuple[str, str], Act]:
    return acts(
        act("page", "Raster", [100.0, 120.0, 900.0], [110.0, 132.0, 140.0]),
        act("page", "Rates", [100.0], [200.0]),
        act("page", "States", [100.0], [100.0]),
        act("zoom", "raster", [100.0], [None]),
    )


def test_a_ratio_is_of_medians() -> None:
    assert act("page", "", [100.0, 120.0, 900.0], [60.0, 60.0, 1e6]).ratio(100, 10) == 0.5


def test_what_was_mostly_too_late_has_no_ratio() -> None:
    assert act("page", "", [100.0], [None, None, 100.0]).ratio(100, 10) is None


def test_one_that_was_too_late_counts_as_the_longest() -> None:
    assert act("page", "", [100.0], [150.0, None, 100.0]).ratio(100, 10) == 1.5


def test_each_kind_has_a_row_with_its_median_and_its_worst(measured: dict[tuple[str, str], Act]) -> None:
    rows = summary(measured, SIZES)[2:]
    assert rows == [
        "| page (3) | 1.10×, at most 2.00× (Rates) |",
        "| zoom (1) | not drawn in time, at most not drawn in time (raster) |",
    ]


def test_every_act_has_a_row(measured: dict[tuple[str, str], Act]) -> None:
    rows = every_act(measured, SIZES)[2:]
    assert len(rows) == len(measured)
    assert rows[0] == "| page | Raster | 1.10× |"
    assert rows[-1] == "| zoom | raster | not drawn in time |"


def test_what_is_too_slow_is_named_the_worst_first(measured: dict[tuple[str, str], Act]) -> None:
    assert too_slow(measured, SIZES) == ["zoom raster: not drawn in time", "page Rates: 2.00×"]
