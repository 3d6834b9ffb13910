"""How far a long piece of work is: told by whoever does it, heard by whoever asked for it, who may call it off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The stages of an import, and the part of its time that is over when each begins: as measured on lists of spikes.
STAGES = {"reading": 0.0, "sorting": 0.55, "writing": 0.9}

Report = Callable[[str, float], None]
_heard: ContextVar[Report | None] = ContextVar("heard", default=None)


class Cancelled(Exception):  # noqa: N818  (somebody wanted it so)
    """Work that was called off: nothing of it is kept. It is no fault of a file, which a reader might get over."""


@contextmanager
def heard_by(report: Report | None) -> Iterator[None]:
    """Let `report(stage, part)` hear of the work done meanwhile; it calls the work off by raising `Cancelled`."""
    before = _heard.set(report)
    try:
        yield
    finally:
        _heard.reset(before)


def heard() -> Report | None:
    """Whoever hears of the work done now."""
    return _heard.get()


def tell(stage: str, done: float, of: float) -> None:
    """Say how much of a stage is done.

    Parameters
    ----------
    stage : one of STAGES
    done, of : in any unit; the part that is heard is of the whole work, from 0 to 1
    """
    report = _heard.get()
    if report is None:
        return
    begins = STAGES[stage]
    ends = min((begin for begin in STAGES.values() if begin > begins), default=1.0)
    report(stage, begins + (ends - begins) * min(done / of, 1.0) if of else begins)
