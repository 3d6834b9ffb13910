from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_trains import made

from spikeboard import recalled as module
from spikeboard.errors import RecordingError
from spikeboard.recalled import recalled
from spikeboard.recording import Recording


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KNOWN", type(module._KNOWN)())


class Counting:
    def __init__(self, gives: Any) -> None:
        self.gives, self.calls = gives, 0

    def __call__(self, rec: Recording, *args: Any, **options: Any) -> Any:
        self.calls += 1
        return self.gives


def test_the_same_question_is_answered_once() -> None:
    rec, rows = made([[1]]), np.arange(5)
    one = Counting(np.ones(3))
    assert recalled(one, rec, rows, 2.0, t0=0.5) is recalled(one, rec, rows.copy(), 2.0, t0=0.5)
    assert one.calls == 1


def test_another_argument_function_or_recording_is_another_question() -> None:
    rec, one = made([[1]]), Counting(np.ones(3))
    recalled(one, rec, np.arange(5))
    recalled(one, rec, np.arange(6))
    recalled(one, rec, np.arange(5, dtype=np.int32))
    recalled(one, rec, np.arange(5), t1=3.0)
    recalled(one, made([[1]]), np.arange(5))
    assert one.calls == 5
    other = Counting(np.zeros(3))
    assert not recalled(other, rec, np.arange(5)).any()


def test_a_recording_that_is_gone_is_not_taken_for_one_in_its_place() -> None:
    one = Counting(np.ones(3))
    for _ in range(20):
        recalled(one, made([[1]]))
    assert one.calls == 20


def test_what_is_kept_is_bounded_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    monkeypatch.setattr(module, "LARGEST", 60)
    rec, fits, large = (
        made([[1]]),
        Counting((np.zeros(5), "words")),
        Counting(pd.DataFrame({"a": np.zeros(100)})),
    )
    recalled(fits, rec, 1)
    recalled(fits, rec, 2)
    recalled(fits, rec, 1)
    recalled(fits, rec, 3)
    assert fits.calls == 3
    recalled(fits, rec, 1)
    assert fits.calls == 3
    recalled(fits, rec, 2)
    assert fits.calls == 4
    recalled(large, rec)
    recalled(large, rec)
    assert large.calls == 2


def test_a_refusal_is_not_kept() -> None:
    asked = []

    def refuses(rec: Recording) -> int:
        asked.append(rec)
        raise RecordingError("no")

    rec = made([[1]])
    for _ in range(2):
        with pytest.raises(RecordingError):
            recalled(refuses, rec)
    assert len(asked) == 2


def test_what_is_kept_stays_what_it_is() -> None:
    rec, arrays, table = made([[1]]), Counting((np.ones(3),)), Counting(pd.DataFrame({"a": [1.0]}))
    with pytest.raises(ValueError, match="read-only"):
        recalled(arrays, rec)[0][0] = 2.0
    borrowed = recalled(table, rec)
    borrowed.loc[0, "a"] = 2.0
    assert recalled(table, rec).loc[0, "a"] == 1.0
    assert table.calls == 1
