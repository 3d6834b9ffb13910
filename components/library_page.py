"""The Library: choose a recording, open one by its path, upload one, take one home."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from spikeboard import exchange
from spikeboard.errors import RecordingError
from spikeboard.library import Entry, Library, entries, open_key
from spikeboard.links import Link, write_link
from spikeboard.readers import readers
from spikeboard.theme import listed, shown

# What holds all of a recording; the other formats are for other programs.
WHOLE = ("csv", "parquet", "npz")


def content(library: Library, link: Link) -> Component:
    """What the library offers, and the ways to open more and to take one home."""
    return html.Div(
        [
            html.Div([_open_by_path(library), _upload(library)], className="pair"),
            _offered(list(entries(library))),
            _take_home(library, link),
        ]
    )


def _open_by_path(library: Library) -> Component:
    where = "one of the server's folders" if library.shared else " or ".join(map(str, library.roots))
    path = dmc.TextInput(
        id="path",
        label="Path of a file or folder",
        placeholder="runs/spikes.h5",
        className="grow",
        **{"aria-describedby": "path-where"},
    )
    return html.Section(
        [
            html.H2("Open by path"),
            html.Div([path, html.Button("Open", id="open-path", className="primary")], className="row low"),
            html.P(
                f"Below {where}. {listed([r.name for r in readers()], 20)} are told apart by content.",
                id="path-where",
                className="caption",
            ),
            html.Div(id="path-problem", role="alert", className="problem"),
        ],
        className="card",
    )


def _upload(library: Library) -> Component:
    most = library.largest_upload / 1e9
    return html.Section(
        [
            html.H2("Upload"),
            html.Div(
                "Drop a file or the files of a folder here, or choose them",
                id="drop-zone",
                className="drop-zone",
                tabIndex="0",
                role="button",
            ),
            html.Div(
                [
                    html.Progress(id="upload-progress", max="100", value="0", **{"aria-label": "Upload"}),
                    html.Button("Cancel", id="upload-cancel", className="action"),
                ],
                id="upload-running",
                className="row",
                hidden=True,
            ),
            html.Div(id="upload-problem", role="alert", className="problem"),
            html.P(f"Up to {most:.3g} GB. It stays on this server.", className="caption"),
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
    head = html.Thead(
        html.Tr(
            [
                html.Th("Recording", scope="col"),
                html.Th("Format", scope="col"),
                html.Th("Size", scope="col", className="number"),
            ]
        )
    )
    table = html.Table([head, html.Tbody(rows)], className="list")
    return html.Section(
        [html.H2("Recordings"), html.Div(table, className="numbers-scroll tall", tabIndex="0")],
        className="card",
    )


def _take_home(library: Library, link: Link) -> Component:
    query = write_link(Link(link.recording))
    links = [
        html.A(f"All of it as {name}", href=f"/export/{form}{query}", download="", className="action")
        for form, name in exchange.forms().items()
        if form in WHOLE
    ]
    return html.Section(
        [
            html.H2("Take the open recording home"),
            html.P(
                "Spikes, units, populations, projections with their synapses, states, rates and intervals, "
                "one table each, in one zip; times in seconds. Spikeboard opens it again.",
                className="caption",
            ),
            html.Div(links, className="row"),
            html.P("For other programs; what a format has no place for is left out.", className="caption"),
            html.Ul(_for_others(library, link, query), className="forms"),
        ],
        className="card",
    )


def _for_others(library: Library, link: Link, query: str) -> list[Component]:
    """A link for each format of others, with what of the open recording it leaves out."""
    try:
        rec = open_key(library, link.recording or library.first)
    except RecordingError:
        return []
    return [
        html.Li(
            [
                html.A(name, href=f"/export/{form}{query}", download="", className="action"),
                html.Span(
                    " without " + shown("; ".join(exchange.left_out(rec, form)), 600), className="caption"
                ),
            ]
        )
        for form, name in exchange.forms().items()
        if form not in WHOLE
    ]


def _size(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
