"""The pages, in the order of the navigation, and how each is laid out."""

from __future__ import annotations

from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from components.card import card
from spikeboard.links import Link
from spikeboard.recording import Recording
from spikeboard.views import views


@dataclass(frozen=True)
class Page:
    """A page: its name (views say which page they stand on), title and what it is for."""

    name: str
    title: str
    about: str

    @property
    def path(self) -> str:
        """Its path in the address."""
        return "/" if self.name == "overview" else f"/{self.name}"


PAGES = (
    Page("overview", "Overview", "What is in this recording"),
    Page("raster", "Raster", "Every spike of every unit"),
    Page("rates", "Rates", "How often units and populations fire"),
    Page("intervals", "Intervals", "The times between successive spikes"),
    Page("correlation", "Correlation", "Who fires with whom, and when"),
    Page("spectra", "Spectra", "Rhythms in spikes and signals"),
    Page("states", "States", "Membrane potentials and other variables"),
    Page("topology", "Topology", "Populations, projections and weights"),
    Page("compare", "Compare", "Two spike trains side by side"),
    Page("art", "Art", "The recording as a picture"),
    Page("library", "Library", "Choose, open or upload a recording"),
)

# Where a recording that was not accepted yet opens; the navigation does not lead there.
REPORT = Page("report", "Is this what you recorded?", "What was found in the file, and what is odd about it")


def page_at(path: str | None) -> Page | None:
    """The page at a path of the address."""
    wanted = "/" + (path or "").strip("/")
    return next((page for page in (*PAGES, REPORT) if page.path == wanted), None)


def title(page: Page, name: str = "") -> Component:
    """The heading of a page."""
    return html.Div([html.H1(page.title), html.P(page.about)], className="page-title")


def cards(page: Page, rec: Recording, link: Link) -> list[Component]:
    """The cards of the views that stand on a page."""
    return [
        card(view, rec, link.settings.get(view.name, {}))
        for view in views().values()
        if view.page == page.name
    ]


def missing() -> Component:
    """What a path that leads nowhere shows."""
    return html.Div(
        [html.H1("There is no such page"), html.P("Choose one from the navigation.")], className="page-title"
    )
