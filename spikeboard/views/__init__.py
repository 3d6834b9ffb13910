"""All views. A file in this folder that holds a `VIEW` *is* the registration of a view."""

from __future__ import annotations

import textwrap
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import plotly.graph_objects as go

from spikeboard.errors import RecordingError
from spikeboard.recording import Recording
from spikeboard.selection import select
from spikeboard.theme import label
from spikeboard.view import View

# Room for title, caption and legend above a figure, px.
TITLE_PX, LINE_PX, LEGEND_PX, CAPTION_WIDTH = 44, 16, 50, 130
SELECTING = ("t0", "t1", "units", "populations", "interval")


@cache
def views() -> dict[str, View]:
    """Every view by its name, in the order of pages and cards."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [module.VIEW for module in modules if hasattr(module, "VIEW")]
    return {view.name: view for view in sorted(found, key=lambda view: (view.order, view.name))}


def view(name: str) -> View:
    """The view called `name`.

    Raises
    ------
    RecordingError : listing the views there are
    """
    if name not in views():
        raise RecordingError(f"no view {name!r}; there are {', '.join(views())}")
    return views()[name]


def figure(rec: Recording, name: str, **settings: Any) -> go.Figure:
    """The figure of a view with its title and passport, as `Recording.figure` gives it."""
    chosen = view(name)
    if "unit" in settings and "unit" not in chosen.settings:
        settings["units"] = [settings.pop("unit")]
    selection = select(**{key: settings.pop(key) for key in SELECTING if key in settings})
    drawn = chosen.draw(rec, selection, **settings)
    caption = label(drawn.result.caption, 2000) if drawn.result else ""
    lines = textwrap.wrap(caption, CAPTION_WIDTH)
    top = TITLE_PX + LINE_PX * len(lines) + LEGEND_PX
    drawn.figure.update_layout(
        title={
            "text": f"{chosen.title} · {label(rec.name)}",
            "subtitle": {"text": "<br>".join(lines), "font": {"size": 12}},
            **{"x": 0.01, "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 12}},
        },
        margin={"t": top},
        height=chosen.height + top,
    )
    return drawn.figure
