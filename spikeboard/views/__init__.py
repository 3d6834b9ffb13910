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
    subtitle = "<br>".join(textwrap.wrap(caption, 140))
    drawn.figure.update_layout(
        title={"text": f"{chosen.title} · {label(rec.name)}", "subtitle": {"text": subtitle}},
        margin={
            "t": 70 + 16 * subtitle.count("<br>") + (40 if drawn.figure.layout.showlegend is not False else 0)
        },
    )
    return drawn.figure
