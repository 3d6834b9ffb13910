"""The Art page: beside the card of the picture, what to take home."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from spikeboard.links import Link
from spikeboard.neuroart import STYLES
from spikeboard.recording import Recording

DOWNLOADS = {
    "png-1024": "PNG 1024 px",
    "png-2048": "PNG 2048 px",
    "png-4096": "PNG 4096 px",
    "svg": "SVG",
    "gif": "GIF",
    "webp": "WebP",
}


def downloads(rec: Recording, link: Link) -> list[Component]:
    """The ways to take the picture home; the browser keeps their addresses up to date."""
    links = [
        html.A(name, id={"art": form}, href="#", download="", className="action")
        for form, name in DOWNLOADS.items()
    ]
    styled = {
        style.name: {"settings": list(style.settings), "vector": style.vector} for style in STYLES.values()
    }
    return [
        html.Section(
            [
                html.H2("Take the picture home"),
                html.P(
                    "PNG for print, SVG where the style is made of shapes, GIF and WebP as a short film over time. "
                    "Each file carries the data's digest, the style, its settings and the version: "
                    "the same data redraw the same picture.",
                    className="caption",
                ),
                html.Div(links, className="row"),
                html.Div(id="art-problem", role="status", className="caption"),
                dcc.Store(id="art-styles", data=styled),
            ],
            className="card",
        )
    ]
