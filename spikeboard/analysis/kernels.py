"""Kernels that spike trains are smoothed by.

The width of every kernel is given as its standard deviation sigma, so that kernels of one sigma smooth alike
(the convention of Nawrot et al. 1999 and of Elephant). With x = t - spike in units of sigma:

- gaussian: exp(-x²/2) / √(2π), cut at ±7 (it loses 3·10⁻¹² of its mass)
- exponential: exp(-x) for x >= 0, causal, cut at 25
- alpha: 2x exp(-√2 x) for x >= 0, causal, cut at 25
- rectangular: 1 / (2√3) for -√3 <= x < √3
- triangular: (1 - abs(x)/√6) / √6 for abs(x) < √6
- epanechnikov: 3 (1 - x²/5) / (4√5) for abs(x) < √5
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from spikeboard.errors import RecordingError

Floats = NDArray[np.float64]

GAUSSIAN, EXPONENTIAL, ALPHA, RECTANGULAR, TRIANGULAR, EPANECHNIKOV = range(6)
SQRT2, SQRT3, SQRT5, SQRT6 = 2**0.5, 3**0.5, 5**0.5, 6**0.5


@dataclass(frozen=True)
class Kernel:
    """What is known of a kernel, in units of its standard deviation.

    code : its number in the compiled loops
    before, after : how far it reaches to either side of a spike
    peak : its greatest value
    mass : its integral from -infinity to x
    """

    code: int
    before: float
    after: float
    peak: float
    mass: Callable[[Floats], Floats]


def _rectangular_mass(x: Floats) -> Floats:
    return np.clip(x / (2 * SQRT3) + 0.5, 0.0, 1.0)


def _triangular_mass(x: Floats) -> Floats:
    y = np.clip(x / SQRT6, -1.0, 1.0)
    return 0.5 + y - np.sign(y) * y * y / 2


def _epanechnikov_mass(x: Floats) -> Floats:
    y = np.clip(x / SQRT5, -1.0, 1.0)
    return 0.5 + 0.75 * (y - y**3 / 3)


def _exponential_mass(x: Floats) -> Floats:
    return -np.expm1(-np.maximum(x, 0.0))


def _alpha_mass(x: Floats) -> Floats:
    y = SQRT2 * np.maximum(x, 0.0)
    return -np.expm1(-y) - y * np.exp(-y)


KERNELS: dict[str, Kernel] = {
    "gaussian": Kernel(GAUSSIAN, 7.0, 7.0, 1 / np.sqrt(2 * np.pi), ndtr),
    "exponential": Kernel(EXPONENTIAL, 0.0, 25.0, 1.0, _exponential_mass),
    "alpha": Kernel(ALPHA, 0.0, 25.0, SQRT2 / np.e, _alpha_mass),
    "rectangular": Kernel(RECTANGULAR, SQRT3, SQRT3, 0.5 / SQRT3, _rectangular_mass),
    "triangular": Kernel(TRIANGULAR, SQRT6, SQRT6, 1 / SQRT6, _triangular_mass),
    "epanechnikov": Kernel(EPANECHNIKOV, SQRT5, SQRT5, 0.75 / SQRT5, _epanechnikov_mass),
}


def kernel_called(name: str) -> Kernel:
    """The kernel of a name; a RecordingError where there is none."""
    if name not in KERNELS:
        raise RecordingError(f"no kernel {str(name)[:40]!r}; choose one of {', '.join(KERNELS)}")
    return KERNELS[name]
