"""What a user is told when something cannot be done: one sentence that names what, where and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RecordingError(ValueError):
    """A recording, file or setting that cannot be used; its text is shown to the user as it is."""


class NothingToDraw(RecordingError):  # noqa: N818  (it is an answer, shown in place of an empty axis)
    """A view has nothing to show; its text says what is missing."""


@dataclass(frozen=True)
class Choice:
    """One possible answer to a question, with what it would imply ("mean rate 4.2 Hz per unit")."""

    value: str
    label: str
    implies: str = ""


@dataclass(frozen=True)
class Question:
    """Something that a file leaves open: the reader's option `name`, and the answers it takes.

    other : what to call an answer that is typed ("another dt, in seconds"); "" where only the choices will do
    """

    name: str
    text: str
    choices: tuple[Choice, ...]
    suggested: str | None = None
    other: str = ""


class Undecided(RecordingError):  # noqa: N818  (it asks; nothing is broken)
    """The file leaves something open that would change the numbers: it is asked, never guessed."""

    def __init__(self, questions: Sequence[Question]):
        self.questions = tuple(questions)
        super().__init__(" ".join(map(_spelled, self.questions)))


def _spelled(question: Question) -> str:
    answers = "; ".join(
        f"{question.name}={choice.value!r}: {choice.label}"
        + (f" ({choice.implies})" if choice.implies else "")
        for choice in question.choices
    )
    return f"{question.text} Say which: {answers}."
