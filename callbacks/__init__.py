"""What happens when something changes, one file per concern."""

from __future__ import annotations

from dash import Dash

from callbacks import (
    address,
    art,
    export,
    overview,
    recordings,
    removal,
    report,
    selection,
    shell,
    topology,
    views,
)
from spikeboard.library import Library


def register(app: Dash, library: Library) -> None:
    """Register every callback of the app."""
    for concern in (
        address,
        shell,
        selection,
        views,
        export,
        topology,
        overview,
        art,
        recordings,
        report,
        removal,
    ):
        concern.register(app, library)
