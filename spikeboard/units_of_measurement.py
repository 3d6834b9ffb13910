"""Units of measurement that strangers' files name, for the package quantities, which computes them.

It evaluates a unit as an arithmetic expression: "9**9**9**9" would never come to an end.
"""

from __future__ import annotations

import re
from functools import cache, wraps
from typing import Any

_FACTOR = (
    r"(?:[A-Za-zµμΩ°%]\w*|\d{1,6}(?:\.\d{1,6})?(?:[eE][-+]?\d{1,2})?)"
    r"(?:\s*(?:\*\*|\^)\s*\(?-?\d(?:\.\d)?\)?)?"
)
_UNIT = re.compile(rf"\s*(?:\(*{_FACTOR}\)*(?:\s*[*/·.]\s*\(*{_FACTOR}\)*){{0,8}})?\s*")
LONGEST = 100


def is_unit(text: str) -> bool:
    """Whether a text reads like a unit ("mV", "m/s**2"), known or not, and so is harmless to work out."""
    return len(text) <= LONGEST and _UNIT.fullmatch(text) is not None


@cache
def guard_quantities() -> None:
    """Make quantities, for the rest of this process, refuse what does not read like a unit."""
    from quantities.registry import UnitRegistry

    evaluate = UnitRegistry.__getitem__

    @wraps(evaluate)
    def checked(self: UnitRegistry, item: str) -> Any:
        if not is_unit(item):
            raise LookupError(f"no unit: {item[:40]!r}")
        return evaluate(self, item)

    UnitRegistry.__getitem__ = checked
