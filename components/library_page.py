"""The Library: choose a recording, open one by its path, upload one, take one home."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from spikeboard import exchange
from spikeboard.acceptance import first_page
from spikeboard.library import Entry, Library, entries
from spikeboard.links import Link, write_link
from spikeboard.readers import readers
from spikeboard.recording import Recording
from spikeboard.theme import listed, shown
from spikeboard.uploads import may_remove

# What holds all of a recording; the other formats are for other programs.
WHOLE = ("csv", "parquet", "npz")


def content(library: Library, link: Link, rec: Recording | None, user: str) -> Component:
    """What the library offers a person who may have signed in, and the ways to open more and to take one home.

    Parameters
    ----------
    library : to offer
    link : of the page
    rec : the open recording, None where there is none
    user : who looks
    """
    return html.Div(
        [
            html.Div([_open_by_path(library), _upload(library)], className="pair"),
            _removal(),
            html.Div(offered(library, user), id="offered"),
            None if rec is None else _take_home(rec, link),
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


def offered(library: Library, user: str) -> Component:
    """The list of recordings; a person can remove what that person has uploaded."""
    rows = [_row(library, entry, user) for entry in entries(library)]
    head = html.Thead(
        html.Tr(
            [
                html.Th("Recording", scope="col"),
                html.Th("Format", scope="col"),
                html.Th("Size", scope="col", className="number"),
                html.Td(),
            ]
        )
    )
    table = html.Table([head, html.Tbody(rows)], className="list")
    return html.Section(
        [html.H2("Recordings"), html.Div(table, className="numbers-scroll tall", tabIndex="0")],
        className="card",
    )


def _row(library: Library, entry: Entry, user: str) -> Component:
    name = shown(entry.name, 120)
    removable = entry.kind == "upload" and may_remove(library, entry.key, user)
    return html.Tr(
        [
            html.Td(dcc.Link(name, href=first_page(library, entry.key))),
            html.Td(entry.kind),
            html.Td(in_bytes(entry.size), className="number"),
            html.Td(_remove(entry.key, name) if removable else None, className="number"),
        ]
    )


def _remove(key: str, name: str) -> Component:
    return html.Button(
        "Delete", id={"remove": key}, className="action", title=name, **{"aria-label": f"Delete {name}"}
    )


def _removal() -> Component:
    """What is asked before an upload is deleted."""
    ways = [
        html.Button("Delete it", id="remove-now", className="primary"),
        html.Button("Keep it", id="remove-not", className="action"),
    ]
    return html.Section(
        [
            html.H2("Delete this upload?"),
            html.P(id="remove-name", role="alert", className="caption"),
            html.Div(ways, className="row"),
            html.Div(id="remove-problem", role="alert", className="problem"),
            dcc.Store(id="remove-key"),
        ],
        id="removal",
        className="card",
        hidden=True,
        **{"aria-label": "Delete this upload?"},
    )


def _take_home(rec: Recording, link: Link) -> Component:
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
            html.Ul(_for_others(rec, query), className="forms"),
        ],
        className="card",
    )


def _for_others(rec: Recording, query: str) -> list[Component]:
    """A link for each format of others, with what of the open recording it leaves out."""
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


def in_bytes(size: int) -> str:
    """A size as people say it: "4.2 MB"."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"
