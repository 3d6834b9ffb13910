"""The Art page."""

from __future__ import annotations

from dash.development.base_component import Component

from spikeboard.links import Link
from spikeboard.recording import Recording


def art_page(rec: Recording, link: Link) -> list[Component]:
    """Choose a state, a style and a palette; look; take it home."""
    return []
