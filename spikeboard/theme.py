"""How every figure looks: templates for light and dark, and colours that colour-blind people can tell apart."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from spikeboard.recording import Recording

# Paul Tol's "bright" and "muted" schemes, ordered so that neighbours differ in lightness too, and darkened or
# lightened until each stands out at 3:1 from both backgrounds (Tol 2021, SRON/EPS/TN/09-002; WCAG 2.1, 1.4.11).
COLOURS = (
    "#4477AA",
    "#CC6677",
    "#2E8B57",
    "#B8860B",
    "#AA4499",
    "#3A9BB3",
    "#A0652C",
    "#8A7BD1",
    "#7A8B2A",
    "#8C8C8C",
)
EXCITATORY, INHIBITORY, UNSIGNED = "#C4513F", "#3F78B8", "#8C8C8C"
SEQUENTIAL = "Cividis"
DIVERGING = "RdBu_r"
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
LONGEST_NAME = 40

_THEMES = {
    "spikeboard": {"ink": "#1f2933", "paper": "#ffffff", "grid": "#e4e7eb", "line": "#7b8794"},
    "spikeboard_dark": {"ink": "#d8dee6", "paper": "#1f2328", "grid": "#353c44", "line": "#8f9ba8"},
}


def colour(position: int) -> str:
    """The colour of the population (or train) at a position; the same on every page and in every theme."""
    return COLOURS[position % len(COLOURS)]


def population_colours(rec: Recording) -> dict[str, str]:
    """The colour of each population, by name."""
    return {name: colour(position) for position, name in enumerate(rec.populations["name"])}


def faded(hex_colour: str, opacity: float) -> str:
    """A colour as CSS rgba with an opacity between 0 and 1."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def shown(name: object, longest: int = LONGEST_NAME) -> str:
    """A name from a file as plain text: no control or direction characters, and no longer than fits."""
    text = "".join(
        " " if unicodedata.category(sign)[0] == "C" else sign for sign in str(name)[: 10 * longest]
    )
    text = " ".join(text.split()) or "(no name)"
    return text if len(text) <= longest else text[: longest - 1] + "…"


def label(name: object, longest: int = LONGEST_NAME) -> str:
    """A name from a file for use in a Plotly figure, where text is read as HTML: `shown`, and escaped."""
    return html.escape(shown(name, longest), quote=False)


def listed(names: Sequence[object], most: int = 4) -> str:
    """Names in a sentence: "A, B, C and 7 more"."""
    some = ", ".join(shown(name) for name in names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most} more"


def template(name: str) -> dict[str, Any]:
    """A template as plain JSON, for the browser to switch themes without asking the server."""
    return pio.templates[name].to_plotly_json()  # pyright: ignore[reportIndexIssue]


def _axis(theme: dict[str, str]) -> dict[str, Any]:
    return {
        "gridcolor": theme["grid"],
        "linecolor": theme["line"],
        "tickcolor": theme["line"],
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 8},
    }


def _template(theme: dict[str, str]) -> go.layout.Template:
    layout = go.Layout(
        font={"family": FONT, "size": 13, "color": theme["ink"]},
        paper_bgcolor=theme["paper"],
        plot_bgcolor=theme["paper"],
        colorway=COLOURS,
        xaxis=_axis(theme),
        yaxis=_axis(theme),
        margin={"l": 64, "r": 20, "t": 24, "b": 52},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "bgcolor": "rgba(0,0,0,0)"},
        hoverlabel={"font": {"family": FONT}, "bgcolor": theme["paper"], "bordercolor": theme["line"]},
        dragmode="zoom",
        coloraxis={"colorbar": {"outlinewidth": 0, "thickness": 14}},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": theme["line"], "activecolor": theme["ink"]},
    )
    return go.layout.Template(layout=layout)


for _name, _theme in _THEMES.items():
    pio.templates[_name] = _template(_theme)
