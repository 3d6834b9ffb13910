"""What the page says when something cannot be shown: a sentence, and what to do."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from spikeboard.errors import Question, Undecided
from spikeboard.importing import Importing
from spikeboard.theme import shown


def problem(sentence: str, there: bool, removable: bool) -> Component:
    """A recording cannot be opened.

    Parameters
    ----------
    sentence : why
    there : whether there is such a recording, so that it may open another time
    removable : whether it is an upload that whoever looks may discard
    """
    # To where the person is already: everything is asked for anew.
    again = [html.A("Try again", href="", className="action")] if there else []
    discard = [html.Button("Discard this upload", id="discard", className="action")] if removable else []
    other = dcc.Link("Choose another recording in the Library", href="/library?rec=demo", className="action")
    return dmc.Alert(
        [
            html.P(sentence),
            html.Div([*again, *discard, other], className="row"),
            html.Div(id="report-problem", role="alert", className="problem"),
        ],
        title="This recording cannot be opened",
        color="red",
        variant="outline",
    )


def importing(under_way: Importing) -> Component:
    """A recording is being imported: how far that is, and a way to call it off. assets/importing.js keeps it up."""
    name = shown(under_way.source, 120)
    return html.Section(
        [
            html.H2(f"{name} is being imported"),
            html.Div(
                [
                    html.Progress(
                        max="100",
                        value=f"{100 * under_way.part:.0f}",
                        **{"aria-label": f"Import of {name}"},
                    ),
                    html.Button("Cancel", id="import-cancel", className="action", type="button"),
                ],
                className="row",
            ),
            html.P(
                [
                    html.Span(under_way.stage, id="import-stage", role="status"),
                    html.Span(f"{100 * under_way.part:.0f} %", id="import-part"),
                ],
                className="caption row",
            ),
            html.P(
                "This happens once: it opens here when it is done, and at once from then on. You may leave this page.",
                className="caption",
            ),
        ],
        id="importing",
        className="card",
        **{"data-import": under_way.name},
    )


def notice(sentence: str) -> dict[str, Any]:
    """A notice for the notification container."""
    return {
        "action": "show",
        "title": "Please note",
        "message": sentence,
        "color": "orange",
        "autoClose": 12000,
    }


def question(key: str, undecided: Undecided) -> Component:
    """What a file leaves open, asked with what each answer would imply."""
    return html.Form(
        [
            html.H2("This file leaves something open"),
            dcc.Store(id="asked-about", data=key),
            *map(_asked, undecided.questions),
            html.Button("Open it", id="answer", type="button", className="primary"),
            html.Div(id="answer-problem", role="status", className="card-message"),
        ],
        className="card question",
    )


def _asked(question: Question) -> Component:
    choices = [
        dmc.Radio(label=choice.label, description=choice.implies or None, value=choice.value, mb=6)
        for choice in question.choices
    ]
    group = dmc.RadioGroup(
        children=choices,
        id={"question": question.name},
        label=question.text,
        value=question.suggested,
        mb="sm",
    )
    other = dmc.TextInput(
        id={"other": question.name},
        label=question.other or "Another answer",
        size="xs",
        className="control",
        mb="md",
        style=None if question.other else {"display": "none"},
    )
    return html.Div([group, other])
