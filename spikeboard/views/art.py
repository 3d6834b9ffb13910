"""Neuro-art: the selection as a picture. Its page adds the downloads; everything else is a view like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pandas as pd
import plotly.graph_objects as go

from spikeboard.neuroart import PALETTES, STYLES, art_png
from spikeboard.neuroart.selected import SOURCES, Selected, selected_state
from spikeboard.pictures import data_address
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.view import Choice, Number, Pick, Result, View

SHOWN_PX = 760
OWN = "own"


def picture(
    rec: Recording, selection: Selection, source: str, state: str | None, at: float, **chosen: Any
) -> Result:
    """The selected state as a picture.

    Every style but *classic* draws all of the data: values are put on a robust scale between their 1st and 99th
    percentile, so that millivolts fill a picture as well as rates do, and the picture is seeded from a digest of
    every value. The same data and settings give the same picture to the byte; other data give another. What
    becomes what in each style stands in docs/art.md. Files carry digest, style, settings and version.

    *classic* is the generator this page set out from: ten discs at most, of radius 50·|v| + 5 pixels.
    """
    found = state_of(rec, selection, source, state, at)
    style = STYLES[chosen["style"]]
    values = pd.DataFrame(found.values if found.values.ndim == 2 else found.values[None, :])
    caption = f"{found.words}, as {style.title.lower()}. {style.mapping}"
    # Drawn here, not in the figure: a state that no picture can be made of is then said in its place.
    png = art_png(found.values, size=SHOWN_PX, **drawing(chosen))
    return Result(values, caption, (), {"png": png})


def state_of(rec: Recording, selection: Selection, source: str, state: str | None, at: float) -> Selected:
    """The state that the settings name; `at` is the moment as a fraction of the selected window."""
    t0, t1 = selection.window(rec)
    return selected_state(rec, selection, source, state, t0 + at * (t1 - t0))


def drawing(chosen: dict[str, Any]) -> dict[str, Any]:
    """Of the view's settings, those that the chosen style takes, as `spikeboard.art` spells them."""
    style = STYLES[chosen["style"]]
    own = {name: chosen[name] for name in style.settings}
    palette = chosen["palette"] if chosen["palette"] != OWN and style.palette else None
    return {"style": style.name, "palette": palette, **own}


def framed(result: Result, **chosen: Any) -> go.Figure:
    """The picture as the one image of a figure without axes."""
    image = {
        "source": data_address(result.extra["png"]),
        "xref": "x",
        "yref": "y",
        "x": 0,
        "y": 1,
        "sizex": 1,
        "sizey": 1,
        "layer": "below",
    }
    # The picture fills its place whatever shape that had before.
    hidden: dict[str, Any] = {"visible": False, "range": [0, 1], "fixedrange": True, "constrain": "domain"}
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="markers", marker_opacity=0, hoverinfo="skip"))
    figure.update_layout(images=[image], xaxis=hidden, yaxis={**hidden, "scaleanchor": "x"}, dragmode=False)
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False)


def _style_settings() -> dict[str, Any]:
    """The settings of all styles, each shown with the styles that have it."""
    found: dict[str, Any] = {}
    for style in STYLES.values():
        for name, setting in style.settings.items():
            having = tuple(other.name for other in STYLES.values() if name in other.settings)
            found.setdefault(name, replace(cast(Any, setting), when={"style": having}))
    return found


VIEW = View(
    "art",
    "Neuro-art",
    page="art",
    data=picture,
    figure=framed,
    settings={
        "source": Choice("activity", SOURCES, "Drawn from"),
        "state": Pick("state", "State variable", empty="first", when={"source": ("state", "state_moment")}),
        "at": Number(
            0.5, 0, 1, "Moment", "fraction of the window", when={"source": ("moment", "state_moment")}
        ),
        "style": Choice("bloom", {style.name: style.title for style in STYLES.values()}, "Style"),
        "palette": Choice(
            OWN,
            {OWN: "The style's own"}
            | {
                p.name: p.title + (" (colour-blind-safe)" if p.colour_blind_safe else "")
                for p in PALETTES.values()
            },
            "Palette",
        ),
        **_style_settings(),
    },
    needs=(),
    order=110,
    height=SHOWN_PX,
)
