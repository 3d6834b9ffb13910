"""What looks odd about a recording, with a button for every remedy, and what was decided about it, to be undone."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from spikeboard import doctor
from spikeboard.recording import Recording
from spikeboard.theme import shown

MOST_FINDINGS = 40
NEVER_CHANGED = "The file is never changed: a remedy makes another view of it, with a link of its own."


def findings(found: Sequence[doctor.Finding]) -> list[Component]:
    """Everything that is odd, one item each."""
    if not found:
        return []
    items = [html.Li(_finding(one), className="finding") for one in found[:MOST_FINDINGS]]
    parts: list[Component] = [html.Ul(items, className="findings")]
    left_out = len(found) - MOST_FINDINGS
    if left_out > 0:
        parts.append(html.P(f"and {left_out:,} more", className="caption"))
    return parts


def decisions(rec: Recording) -> list[Component]:
    """What a person decided about the recording, each with a button that undoes it."""
    decided = doctor.decided(rec.options)
    if not decided:
        return []
    items = [
        html.Li([html.Span(shown(said, 300)), _button("Undo", f"-{key}", f"Undo: {shown(said, 200)}")])
        for key, said in decided.items()
    ]
    made: Component = html.Ul(items, className="decisions", **{"aria-label": "What you decided"})
    return [made]


def problem() -> Component:
    """Where it is said why a remedy does not fit."""
    return html.Div(id="mend-problem", role="alert", className="problem")


def _finding(found: doctor.Finding) -> list[Component]:
    where = [html.Span(shown(found.where, 100), className="where")] if found.where else []
    advice = [html.P(_sentence(found.advice), className="caption")] if found.advice else []
    remedies = [remedied(remedy, found.where or found.what) for remedy in found.remedies]
    buttons = [html.Div(remedies, className="remedies")] if remedies else []
    return [html.Div([html.Strong(shown(found.what, 500)), *where]), *advice, *buttons]


def _sentence(words: str) -> str:
    said = shown(words, 400)
    return said[:1].upper() + said[1:] + ("" if said.endswith(("?", ".")) else ".")


def remedied(remedy: doctor.Remedy, about: str) -> Component:
    """A button for a remedy, or a field where something has to be typed; `about` says to a screen reader what for."""
    label = shown(remedy.label, 120)
    if not remedy.asks:
        return _button(label, f"+{remedy.key}", f"{label}: {shown(about, 120)}")
    field = dmc.TextInput(
        id={"mend-value": remedy.key},
        placeholder=remedy.asks,
        size="xs",
        w=96,
        **{"aria-label": f"{label} ({remedy.asks})"},
    )
    return html.Span([label, field, _button("Set", f"?{remedy.key}", f"Set: {label}")], className="typed")


def _button(text: str, key: str, said: str) -> Component:
    return html.Button(text, id={"mend": key}, className="action", **{"aria-label": said})
