"""The card around a view: title, controls, figure, caption, and what a person takes home."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from components import ids
from components.controls import controls
from components.topology_page import graph_stage
from spikeboard.recording import Recording
from spikeboard.view import View, When

GRAPH = {
    "displaylogo": False,
    # Plotly would otherwise offer to upload the figure to its cloud.
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displayModeBar": "hover",
    "responsive": True,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["toImage", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "doubleClick": "reset",
}

# Before a card is on screen: nothing, on any ground.
BLANK = {
    "data": [],
    "layout": {
        "xaxis": {"visible": False},
        "yaxis": {"visible": False},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    },
}


def card(view: View, rec: Recording, given: Mapping[str, Any]) -> Component:
    """A view's card; it draws itself as soon as it is on screen."""
    values = view.check(given)
    heading = f"title-{view.name}"
    return html.Section(
        [
            html.Header(
                [html.H2(view.title, id=heading), html.Div(_actions(view), className="card-actions")],
                className="card-head",
            ),
            html.Div(controls(view, rec, values), className="controls"),
            _figure(view),
            html.Ul(id=ids.part(view.name, "notes"), className="notes"),
            _python(view),
            _table(view),
            _about(view),
            *_stores(view),
        ],
        className="card",
        **{"data-view": view.name, "aria-labelledby": heading},
    )


def preview(view: View, rec: Recording) -> Component:
    """A view's card with nothing to set: what it shows before anybody has chosen anything."""
    heading = f"title-{view.name}"
    unseen = [*_actions(view), *controls(view, rec, view.check({})), _python(view), _table(view)]
    return html.Section(
        [
            html.H2(view.title, id=heading),
            _figure(view),
            html.Ul(id=ids.part(view.name, "notes"), className="notes"),
            html.Div(unseen, hidden=True),
            *_stores(view),
        ],
        className="card",
        **{"data-view": view.name, "aria-labelledby": heading},
    )


def _figure(view: View) -> Component:
    return html.Figure(
        [
            html.Div(_stage(view), className="stage", style={"minHeight": view.height}),
            html.Div(id=ids.part(view.name, "message"), className="card-message", role="status"),
            html.Figcaption(id=ids.part(view.name, "caption"), className="caption"),
        ]
    )


def _stage(view: View) -> Component:
    if view.elements is None:
        return dcc.Graph(
            id=ids.part(view.name, "graph"),
            config=GRAPH,
            className="graph",
            style={"height": view.height},
            figure=BLANK,
        )
    return graph_stage(view)


def _actions(view: View) -> list[Component]:
    picture = [
        html.Button(
            kind,
            id=ids.part(view.name, kind.lower()),
            title=f"Download the figure as {kind}",
            className="action",
        )
        for kind in ("SVG", "PNG")
    ]
    csv = html.A(
        "CSV",
        id=ids.part(view.name, "csv"),
        href="#",
        download="",
        title="Download the drawn data as CSV",
        className="action",
    )
    script = html.Button(
        "Python",
        id=ids.part(view.name, "show-python"),
        title="The lines that draw this figure",
        className="action",
    )
    return [*picture, csv, script]


def _python(view: View) -> Component:
    lines = html.Pre(html.Code(id=ids.part(view.name, "python")), className="python-lines", tabIndex="0")
    copy = dcc.Clipboard(target_id=ids.part(view.name, "python"), title="Copy", className="copy")
    return html.Div([lines, copy], id=ids.part(view.name, "python-box"), className="python-box", hidden=True)


def _table(view: View) -> Component:
    return html.Details(
        [
            html.Summary("The numbers as a table", id=ids.part(view.name, "table-toggle")),
            html.Div(id=ids.part(view.name, "table"), className="numbers"),
        ],
        className="more",
    )


def _about(view: View) -> Component:
    return html.Details(
        [html.Summary("How it is computed"), dcc.Markdown(_prose(view.definition()), className="definition")],
        className="more",
    )


def _prose(docstring: str) -> str:
    """A numpydoc docstring as Markdown: its summary and method, without the parameter lists."""
    text = re.split(r"\n(?:Parameters|Returns|Raises)\n-+\n", docstring)[0]
    return text.strip()


def _stores(view: View) -> list[Component]:
    about = {
        "uses": list(view.uses),
        "zooms": view.zooms if isinstance(view.zooms, bool) else _lists(view.zooms),
        "endsZoom": list(view.ends_zoom),
        "height": view.height,
        "brushes": view.brush is not None,
        "defaults": {name: setting.default for name, setting in view.settings.items()},
        "when": {name: _lists(setting.when) for name, setting in view.settings.items()},
    }
    return [
        dcc.Store(id=ids.part(view.name, "about"), data=about),
        *(
            dcc.Store(id=ids.part(view.name, name))
            for name in ("seen", "zoom", "request", "drawn", "table-request")
        ),
    ]


def _lists(when: When) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in when.items()}
