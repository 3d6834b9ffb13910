"""What a shape of strokes shows, read back from its path."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
STROKE = re.compile(rf"M{NUMBER},{NUMBER}V{NUMBER}(?:H{NUMBER}V{NUMBER}Z)?")


def stroked(shape: Any) -> np.ndarray:
    """(M, 4): where each stroke of a shape begins and ends on the x axis, and on the y axis."""
    found = list(STROKE.finditer(shape.path))
    assert "".join(one[0] for one in found) == shape.path
    return np.array([[one[1], one[4] or one[1], one[2], one[3]] for one in found], float).reshape(-1, 4)
