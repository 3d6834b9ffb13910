"""The topology page."""

from __future__ import annotations

from dash import Dash

from spikeboard.library import Library


def register(app: Dash, library: Library) -> None:
    """Attach the topology page."""
