"""What of a figure changes when only what is on screen changes: sent alone, for the rest is in the browser already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import Patch

# What of a layout depends on what is on screen, beside its axes.
ON_SCREEN = ("images", "shapes", "annotations")


def patched(figure: Mapping[str, Any], turn: int) -> Patch:
    """The change that a figure, already spelled for JSON, makes to the one drawn with the same settings.

    Both have the same axes: a view that zooms never adds or takes one while its settings stay.

    Parameters
    ----------
    figure : with `data` and `layout`; arrays spelled as {"dtype", "bdata"}, which a Patch would not do
    turn : of the request it answers

    Returns
    -------
    Patch : of the figure as the browser has it
    """
    patch = Patch()
    patch["turn"] = turn
    patch["data"] = figure["data"]
    layout = figure["layout"]
    for part in ON_SCREEN:
        patch["layout"][part] = layout.get(part, [])
    for name in layout:
        if name.startswith(("xaxis", "yaxis")):
            patch["layout"][name] = layout[name]
    return patch
