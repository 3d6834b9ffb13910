"""Numbers together with their axes, which are a plain array wherever NumPy wants one."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import DTypeLike


class WithAxes(ABC):
    """Base of results that carry bins, lags, frequencies or times beside their numbers."""

    @property
    @abstractmethod
    def numbers(self) -> np.ndarray:
        """The array that this is to NumPy: no copy."""

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numbers, dtype, copy=copy)
