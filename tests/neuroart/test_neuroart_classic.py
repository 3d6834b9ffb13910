"""The classic style: bit for bit what the original generator draws."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeboard.errors import RecordingError
from spikeboard.neuroart import art

TRUTH = json.loads((Path(__file__).parent / "classic_truth.json").read_text())


@pytest.mark.parametrize("case", TRUTH, ids=lambda case: f"{case['name']}-{case['resolution']}")
def test_it_draws_what_the_original_drew(case: dict) -> None:
    picture = art(case["state"], "classic", case["resolution"])
    assert list(picture.shape) == case["shape"]
    assert picture.dtype == case["dtype"]
    assert hashlib.sha256(picture.tobytes()).hexdigest() == case["sha256"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=14), st.integers(1, 24))
def test_it_follows_the_rule_pixel_by_pixel(state: list[float], size: int) -> None:
    rng = np.random.default_rng(int(np.sum(np.abs(state)) * 10000) % 2**32)
    expected = [[(0, 0, 0)] * size for _ in range(size)]
    for value in state[:10]:
        colour = tuple(rng.integers(0, 255, 3).tolist())
        x, y = rng.integers(0, size), rng.integers(0, size)
        radius = int(abs(value) * 50) + 5
        for row in range(size):
            for column in range(size):
                if (column - x) ** 2 + (row - y) ** 2 <= radius**2:
                    expected[row][column] = colour
    np.testing.assert_array_equal(art(state, "classic", size), np.array(expected, np.uint8))


def test_a_state_with_two_axes_counts_line_by_line() -> None:
    state = np.array([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]])
    np.testing.assert_array_equal(art(state, "classic", 40), art(state.ravel(), "classic", 40))


def test_it_takes_no_palette_and_no_settings() -> None:
    with pytest.raises(RecordingError, match="colours of its own"):
        art([1.0], "classic", palette="viridis")
    with pytest.raises(RecordingError, match="no setting 'variation'; it has none"):
        art([1.0], "classic", variation=2)


def test_magnitudes_that_overflow_are_refused_in_words() -> None:
    with pytest.raises(RecordingError, match="overflow"):
        art([1e308, 1e308], "classic")
