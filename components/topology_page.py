"""The stage of a view that is a graph: the graph, its buttons, its legend, and a line about what is pointed at."""

from __future__ import annotations

import dash_cytoscape as cyto
from dash import html
from dash.development.base_component import Component

from components import ids
from spikeboard.view import View

# The SVG of a graph needs a part of Cytoscape that is not in its plain bundle; this serves it, from this machine.
cyto.load_extra_layouts()

SIGNS = {
    "exc": "excitatory (arrow)",
    "inh": "inhibitory (bar)",
    "mixed": "both (diamond)",
    "unsigned": "sign unknown (open arrow)",
}
HOW = (
    "Tap a node to select its units on every page, Shift-tap to add another: of two nodes, the shortest way "
    "between them is drawn. Tap an edge to select both of its ends. Drag to move, scroll to zoom; Escape clears."
)


def graph_stage(view: View) -> Component:
    """A Cytoscape graph with what belongs to it."""
    name = f"{view.title}: the sentences and the table below say the same"
    graph = cyto.Cytoscape(
        id=ids.part(view.name, "cyto"),
        elements=[],
        layout={"name": "preset", "fit": True, "padding": 28, "animate": False},
        style={"width": "100%", "height": f"{view.height - 96}px"},
        responsive=True,
        minZoom=0.05,
        maxZoom=8,
        boxSelectionEnabled=False,
        autounselectify=True,
    )
    return html.Div(
        [
            _toolbar(view),
            html.Div(graph, role="img", className="graph-canvas", **{"aria-label": name}),
            html.P(HOW, className="graph-said", role="status", **{"data-how": HOW}),
        ],
        className="graph-stage",
    )


def _toolbar(view: View) -> Component:
    legend = [
        html.Li(
            [html.Span(className=f"sign sign-{kind}", **{"aria-hidden": "true"}), text], **{"data-sign": kind}
        )
        for kind, text in SIGNS.items()
    ]
    buttons = [
        html.Button(text, className="action", title=title, id=ids.part(view.name, f"graph-{act}"))
        for act, text, title in (
            ("in", "+", "Zoom in"),
            ("out", "−", "Zoom out"),
            ("fit", "Fit", "Show the whole graph"),
            ("reset", "Reset", "Nodes back to their places"),
        )
    ]
    return html.Div(
        [html.Ul(legend, className="signs"), html.Div(buttons, className="card-actions")],
        className="graph-bar",
    )
