"""The report: what was found in a file, before the recording is accepted."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from components import findings, overview
from components.card import preview
from components.library_page import in_bytes
from spikeboard import doctor
from spikeboard.library import Library, described
from spikeboard.recording import Recording
from spikeboard.theme import shown
from spikeboard.views import views


def content(rec: Recording, library: Library, key: str, removable: bool) -> list[Component]:
    """What was found, what is odd, a raster, and the two ways on.

    Parameters
    ----------
    rec : the recording
    library : it comes from
    key : of the recording
    removable : whether it is an upload that whoever looks may discard
    """
    found = doctor.examine(rec)
    seen = [preview(views()["raster"], rec)]
    columns = [
        html.Div([*seen, overview.populations_card(rec)], className="report-seen"),
        html.Div([_odd(rec, found), *_assumed(rec)], className="report-said"),
    ]
    return [
        _verdict(rec, library, key, len(found), removable),
        overview.facts(rec),
        html.Div(columns, className="report"),
    ]


def _verdict(rec: Recording, library: Library, key: str, odd: int, removable: bool) -> Component:
    said = {0: "Nothing looks odd.", 1: "One thing looks odd."}.get(odd, f"{odd} things look odd.")
    kind, size = described(library, key)
    return html.Section(
        [
            html.Div(
                [
                    html.H2(shown(rec.name, 120)),
                    html.P(f"{kind}, {in_bytes(size)}", className="caption"),
                    html.P(said, className="verdict-odd" if odd else "verdict-good", role="status"),
                ],
                className="grow",
            ),
            html.Div(
                [html.Button("Open this recording", id="accept", className="primary"), _leave(removable)]
            ),
            html.Div(id="report-problem", role="alert", className="problem"),
        ],
        className="card verdict",
        **{"aria-label": "Verdict"},
    )


def _leave(removable: bool) -> Component:
    if removable:
        return html.Button("Discard this upload", id="discard", className="action")
    return dcc.Link("Back to the Library", href="/library", className="action")


def _odd(rec: Recording, found: tuple[doctor.Finding, ...]) -> Component:
    heading = "What looks odd" if found else "Nothing looks odd"
    looked = "Looked at: duplicates, order, intervals, rates, clock, missing numbers, ids, silence, synapses, states."
    return html.Section(
        [
            html.H2(heading),
            html.P(findings.NEVER_CHANGED if found else looked, className="caption"),
            *findings.findings(found),
            *findings.decisions(rec),
            findings.problem(),
        ],
        className="card",
    )


def _assumed(rec: Recording) -> list[Component]:
    notes = [note for note in rec.notes if not doctor.is_told(note) and "exact duplicate" not in note]
    if not notes:
        return []
    items = html.Ul([html.Li(_note(rec, note)) for note in notes], className="notes")
    return [html.Section([html.H2("What was assumed, dropped or mended"), items], className="card")]


def _note(rec: Recording, note: str) -> list[Component]:
    remedy = doctor.asked_for(rec, note)
    asked = [html.Div(findings.remedied(remedy, note), className="remedies")] if remedy else []
    return [html.Span(shown(note, 1000)), *asked]
