"""What every page has: header, navigation, selection bar, the stores that all of it shares."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from components import ids
from components.pages import PAGES
from spikeboard.theme import shown

THEME = {
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', sans-serif",
    "headings": {"fontFamily": "system-ui, -apple-system, 'Segoe UI', sans-serif"},
    "primaryColor": "blue",
    "primaryShade": {"light": 8, "dark": 8},
    "autoContrast": True,
    "defaultRadius": "sm",
}


def shell(user: str = "", can_sign_out: bool = False) -> Component:
    """The page around every page, for a person who may have signed in."""
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#content", className="skip"),
            dcc.Location(id=ids.ADDRESS, refresh="callback-nav"),
            dcc.Store(id=ids.RECORDING),
            dcc.Store(id=ids.SELECTION),
            dcc.Store(id=ids.ARRIVED),
            dcc.Store(id=ids.SEARCH),
            dcc.Store(id=ids.BRUSH),
            dcc.Store(id=ids.PROPOSED),
            dcc.Store(id="shown-theme"),
            dcc.Store(id=ids.THEME, storage_type="local", data="auto"),
            dmc.NotificationContainer(id=ids.MESSAGES, position="bottom-right"),
            _keys(),
            dmc.AppShell(
                [
                    dmc.AppShellHeader(_header(user, can_sign_out)),
                    dmc.AppShellNavbar(_navigation(), id="navbar"),
                    dmc.AppShellMain(
                        [
                            html.Div(id=ids.SELECTION_BAR),
                            html.Div(html.H1("Spikeboard", className="page-title"), id=ids.PAGE),
                        ],
                        id="content",
                    ),
                ],
                id="shell",
                header={"height": 52},
                navbar={"width": 190, "breakpoint": "sm", "collapsed": {"mobile": True}},
                padding="md",
                transitionDuration=0,
            ),
        ],
        id="mantine",
        theme=THEME,
        defaultColorScheme="auto",
    )


def _header(user: str, can_sign_out: bool) -> Component:
    burger = dmc.Burger(id="burger", opened=False, hiddenFrom="sm", size="sm", **{"aria-label": "Pages"})
    return html.Div(
        [
            burger,
            dcc.Link([html.Span(className="logo"), "Spikeboard"], href="/", className="brand", id="brand"),
            html.Div(id=ids.HEADING, className="recording-name"),
            html.Button(
                "?", id="keys", title="Keyboard shortcuts", className="icon-button", **{"aria-label": "Help"}
            ),
            html.Button(
                "Theme", id="theme-toggle", title="Light, dark, or as the system", className="icon-button"
            ),
            *([_sign_out(user)] if can_sign_out else []),
        ],
        className="header",
    )


def _sign_out(user: str) -> Component:
    button = html.Button("Sign out", title=f"Signed in as {shown(user)}", className="icon-button")
    return html.Form(button, action="/logout", method="POST")


def _navigation() -> Component:
    links = [
        dcc.Link(
            [html.Span(className=f"icon icon-{page.name}"), page.title],
            id=ids.nav(page.name),
            href=page.path,
            className="nav-link",
        )
        for page in PAGES
    ]
    return html.Nav(links, **{"aria-label": "Pages"}, className="nav")


def _keys() -> Component:
    keys = {
        "Escape": "select everything again",
        "Ctrl + Z": "undo the last change of the selection",
        "?": "show this help",
        "drag on a figure": "zoom; double-click shows all again",
        "Box select (in the figure's bar)": "select a time window and units for every page",
    }
    rows = [html.Tr([html.Th(html.Kbd(key), scope="row"), html.Td(what)]) for key, what in keys.items()]
    return dmc.Modal(
        html.Table(html.Tbody(rows), className="list"),
        id="keys-help",
        title="Keys and gestures",
        opened=False,
        closeButtonProps={"aria-label": "Close"},
    )
