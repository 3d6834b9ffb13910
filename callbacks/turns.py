"""Which request of a card is its latest: one that was overtaken while it waited for a thread is not computed.

The browser numbers what a card asks for (its turn) and names itself (its tab). What is known of it here is no
state that anything depends on: another process, or one that forgot, computes what nobody waits for, and no more.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

# Cards of tabs that are remembered; beyond, those that asked for nothing for the longest time are forgotten.
MOST_CARDS = 4096
LONGEST_NAME = 64
LAST_TURN = 2**53  # what a browser counts exactly

Latest = OrderedDict[tuple[str, str], int]


def note(latest: Latest, card: Any, request: Any) -> None:
    """Remember the turn of a request that has just arrived, unless a later one of its card is known."""
    name, turn = _named(card, request)
    if name is None:
        return
    latest[name] = max(turn, latest.get(name, turn))
    latest.move_to_end(name)
    while len(latest) > MOST_CARDS:
        latest.popitem(last=False)


def overtaken(latest: Latest, card: Any, request: Any) -> bool:
    """Whether the same card of the same tab has asked for something else since."""
    name, turn = _named(card, request)
    return name is not None and latest.get(name, turn) > turn


def turn_of(request: Any) -> int | None:
    """The turn of a request, None where it has none that makes sense."""
    turn = request.get("turn") if isinstance(request, dict) else None
    return turn if isinstance(turn, int) and not isinstance(turn, bool) and 0 <= turn <= LAST_TURN else None


def _named(card: Any, request: Any) -> tuple[tuple[str, str] | None, int]:
    """The card of a tab, and its turn; no card where a stranger sent something else."""
    turn = turn_of(request)
    if turn is None or not isinstance(card, dict):
        return None, 0
    tab, view = request.get("tab"), card.get("view")
    if not (isinstance(tab, str) and isinstance(view, str) and 0 < len(tab) <= LONGEST_NAME):
        return None, 0
    return (tab, view[:LONGEST_NAME]), turn
