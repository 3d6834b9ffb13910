"""A request that was overtaken while it waited is not computed, and a forgotten one costs only a computation."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import POST, app_over, callback_with, request_for
from hypothesis import given
from hypothesis import strategies as st

from callbacks.turns import MOST_CARDS, Latest, note, overtaken

RASTER, RATES = {"view": "raster"}, {"view": "firing_rate"}


def _turn(turn: Any, tab: Any = "a") -> dict[str, Any]:
    return {"tab": tab, "turn": turn}


@given(st.lists(st.integers(0, 20), min_size=1))
def test_only_the_latest_of_a_card_is_not_overtaken(arrived: list[int]) -> None:
    latest = Latest()
    for turn in arrived:
        note(latest, RASTER, _turn(turn))
    assert [overtaken(latest, RASTER, _turn(turn)) for turn in arrived] == [
        turn < max(arrived) for turn in arrived
    ]


def test_another_card_and_another_tab_overtake_nobody() -> None:
    latest = Latest()
    note(latest, RASTER, _turn(9))
    assert overtaken(latest, RASTER, _turn(3))
    assert not overtaken(latest, RATES, _turn(3))
    assert not overtaken(latest, RASTER, _turn(3, "b"))


def test_what_is_remembered_is_bounded_and_the_oldest_is_forgotten() -> None:
    latest = Latest()
    for tab in range(MOST_CARDS + 10):
        note(latest, RASTER, _turn(5, str(tab)))
    assert len(latest) == MOST_CARDS
    assert not overtaken(latest, RASTER, _turn(1, "0"))
    assert overtaken(latest, RASTER, _turn(1, str(MOST_CARDS + 9)))


@pytest.mark.parametrize(
    "request_",
    [
        None,
        [],
        {},
        _turn("3"),
        _turn(True),
        _turn(None),
        _turn(3, None),
        _turn(3, ""),
        _turn(3, "x" * 65),
        {"turn": 3},
    ],
)
def test_a_request_without_a_turn_is_never_overtaken(request_: Any) -> None:
    latest = Latest()
    note(latest, RASTER, _turn(9))
    note(latest, RASTER, request_)
    assert len(latest) == 1
    assert not overtaken(latest, RASTER, request_)
    assert not overtaken(latest, None, _turn(3))
    assert not overtaken(latest, {"view": ["raster"]}, _turn(3))


class _Slow:
    """A computation that waits until it is let go, and says for which turns it ran."""

    def __init__(self) -> None:
        self.turns: list[int] = []
        self.running, self.go = threading.Event(), threading.Event()

    def __call__(self, library: Any, card: Any, request: Any) -> tuple[Any, ...]:
        self.turns.append(request["turn"])
        self.running.set()
        assert self.go.wait(60)
        return None, "", [], f"turn {request['turn']}", "", "#"


async def _burst(app: Any, output: str, slow: _Slow, turns: list[int]) -> list[httpx.Response]:
    """Answers to requests of one card; all have arrived before the first is computed, and one thread serves them."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    transport = httpx.ASGITransport(app.server, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:

        def post(turn: int) -> Any:
            body = json.dumps(request_for(app, output, {"*": {"rec": "demo", **_turn(turn)}}))
            return client.post(POST, content=body, headers={"Content-Type": "application/json"})

        waiting = [asyncio.create_task(post(turns[0]))]
        while not slow.running.is_set():
            await asyncio.sleep(0.01)
        waiting += [asyncio.create_task(post(turn)) for turn in turns[1:]]
        # Each of them gets as far as the one thread, which is taken.
        for _ in range(200):
            await asyncio.sleep(0)
        slow.go.set()
        return list(await asyncio.gather(*waiting))


def test_requests_overtaken_while_they_wait_for_a_thread_are_not_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _Slow()
    monkeypatch.setattr("callbacks.views.answer", slow)
    app = app_over(tmp_path)
    answers = asyncio.run(_burst(app, callback_with(app, '"drawn"'), slow, [1, 2, 3, 4, 5, 6]))
    assert slow.turns == [1, 6]
    assert [answer.status_code for answer in answers] == [200, 204, 204, 204, 204, 200]
    assert "turn 6" in answers[-1].text
