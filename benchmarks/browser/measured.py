"""What was measured: one row for each act, its times at each size, and the tables made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

# Expected of every interaction, against its time at the smallest size.
MOST = 1.5
LEFT_OUT = "not drawn in time"


@dataclass
class Act:
    """Something a person does, and how long it took: for each size its times in ms, None where it took too long.

    kind : "first view", "page", "view", "zoom in", "zoom out", "control", "back", "whole"
    """

    kind: str
    on: str
    times: dict[int, list[float | None]] = field(default_factory=dict)

    def add(self, size: int, time: float | None) -> None:
        """Note one time."""
        self.times.setdefault(size, []).append(time)

    def median_ms(self, size: int) -> float | None:
        """The median of its times at a size; None where most took too long."""
        times = [float("inf") if time is None else time for time in self.times.get(size, [])]
        middle = median(times) if times else float("inf")
        return None if middle == float("inf") else middle

    def ratio(self, size: int, base: int) -> float | None:
        """Its median at a size as a multiple of that at another."""
        here, there = self.median_ms(size), self.median_ms(base)
        return None if here is None or not there else here / there


Acts = Mapping[tuple[str, str], Act]


def summary(acts: Acts, sizes: Sequence[int]) -> list[str]:
    """A row for each kind of act: the median of its ratios, the worst of them and what that was."""
    rows = [_row("act", *[f"{size:,} spikes" for size in sizes[1:]]), _row(*["---"] * len(sizes))]
    for kind in dict.fromkeys(act.kind for act in acts.values()):
        of_kind = [act for act in acts.values() if act.kind == kind]
        rows.append(
            _row(f"{kind} ({len(of_kind)})", *[_overview(of_kind, size, sizes[0]) for size in sizes[1:]])
        )
    return rows


def every_act(acts: Acts, sizes: Sequence[int]) -> list[str]:
    """A row for each act: its ratio at each size."""
    rows = [_row("act", "on", *[f"{size:,} spikes" for size in sizes[1:]]), _row(*["---"] * (len(sizes) + 1))]
    for act in acts.values():
        rows.append(_row(act.kind, act.on, *[_said(act.ratio(size, sizes[0])) for size in sizes[1:]]))
    return rows


def too_slow(acts: Acts, sizes: Sequence[int]) -> list[str]:
    """What takes longer than expected, the worst first."""
    slow = [(_worst(act, sizes), f"{act.kind} {act.on}") for act in acts.values()]
    return [f"{name}: {_said(ratio)}" for ratio, name in sorted(slow, reverse=True) if ratio > MOST]


def _worst(act: Act, sizes: Sequence[int]) -> float:
    ratios = [act.ratio(size, sizes[0]) for size in sizes[1:]]
    return max((float("inf") if ratio is None else ratio for ratio in ratios), default=0.0)


def _overview(acts: Sequence[Act], size: int, base: int) -> str:
    ratios = [act.ratio(size, base) for act in acts]
    known = sorted(
        (float("inf") if ratio is None else ratio, act.on) for ratio, act in zip(ratios, acts, strict=True)
    )
    worst, on = known[-1]
    return f"{_said(median(ratio for ratio, _ in known))}, at most {_said(worst)} ({on})"


def _said(ratio: float | None) -> str:
    return LEFT_OUT if ratio is None or ratio == float("inf") else f"{ratio:.2f}×"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def table(made: Callable[[Acts, Sequence[int]], list[str]], acts: Acts, sizes: Sequence[int]) -> str:
    """Some rows as text."""
    return "\n".join(made(acts, sizes))
