"""The Overview: what is in this recording, at once."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from spikeboard.links import Link
from spikeboard.recording import Recording


def content(rec: Recording, link: Link) -> list[Component]:
    """Facts, populations, notes and units of a recording."""
    return [html.Section([html.Ul([html.Li(note) for note in rec.notes])], className="card")]
