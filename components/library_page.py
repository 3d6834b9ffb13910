"""The Library: choose a recording, open one by its path, or upload one."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from spikeboard.library import Entry, Library, entries
from spikeboard.links import Link, write_link
from spikeboard.theme import shown


def content(library: Library) -> Component:
    """What the library offers, and the ways to open more."""
    return html.Div([_open_by_path(library), _offered(list(entries(library)))])


def _open_by_path(library: Library) -> Component:
    where = "one of the server's folders" if library.shared else " or ".join(map(str, library.roots))
    return html.Section(
        [
            html.H2("Open by path"),
            html.Div(
                [
                    dmc.TextInput(
                        id="path", placeholder="runs/spikes.h5", className="grow", **{"aria-label": "Path"}
                    ),  # type: ignore[arg-type]
                    html.Button("Open", id="open-path", className="primary"),
                ],
                className="row",
            ),
            html.P(f"A file or folder below {where}.", className="caption"),
            html.Div(id="path-problem", role="status", className="card-message"),
        ],
        className="card",
    )


def _offered(offered: list[Entry]) -> Component:
    rows = [
        html.Tr(
            [
                html.Td(dcc.Link(shown(entry.name, 120), href="/" + write_link(Link(entry.key)))),
                html.Td(entry.kind),
                html.Td(_size(entry.size), className="number"),
            ]
        )
        for entry in offered
    ]
    head = html.Thead(html.Tr([html.Th("Recording"), html.Th("Format"), html.Th("Size", className="number")]))
    return html.Section(
        [
            html.H2("Recordings"),
            html.Div(html.Table([head, html.Tbody(rows)], className="list"), className="numbers-scroll"),
        ],
        className="card",
    )


def _size(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
