"""The address: from it come page, recording, selection and settings; what changes is written back to it."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, html, no_update

from callbacks.wiring import browser, threaded
from components import ids, library_page, overview, pages, problems, report_page, selection_bar
from components.art_page import downloads
from spikeboard import uploads
from spikeboard.errors import RecordingError, Undecided
from spikeboard.hosting import current_user
from spikeboard.importing import Importing
from spikeboard.library import Library, is_there, open_key
from spikeboard.links import Link, read_link
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import shown

# Not None: Dash 4.4 would go on believing that what stood there before is still there, and break over it.
NOTHING: list[Any] = []


def register(app: Dash, library: Library) -> None:
    """Route an address to its page, and write the state of the page into the address."""

    @app.callback(
        Output(ids.PAGE, "children"),
        Output(ids.SELECTION_BAR, "children"),
        Output(ids.HEADING, "children"),
        Output(ids.RECORDING, "data"),
        Output(ids.ARRIVED, "data"),
        Output(ids.MESSAGES, "sendNotifications", allow_duplicate=True),
        Input(ids.ADDRESS, "pathname"),
        Input(ids.ADDRESS, "search"),
        prevent_initial_call="initial_duplicate",
    )
    @threaded
    def route(path: Any, search: Any) -> tuple[Any, ...]:
        link = read_link(search if isinstance(search, str) else "")
        return screen(library, pages.page_at(path if isinstance(path, str) else ""), link)

    app.clientside_callback(
        browser("arrived"),
        Output(ids.SELECTION, "data"),
        Input(ids.ARRIVED, "data"),
        State(ids.RECORDING, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        browser("remember"),
        Output(ids.SEARCH, "data"),
        Input(ids.setting(ALL, ALL), "value"),
        Input(ids.flag(ALL, ALL), "checked"),
        Input(ids.SELECTION, "data"),
        Input(ids.RECORDING, "data"),
        State(ids.setting(ALL, ALL), "id"),
        State(ids.flag(ALL, ALL), "id"),
        State(ids.part(ALL, "about"), "data"),
        State(ids.part(ALL, "about"), "id"),
    )
    app.clientside_callback(
        browser("navigation"),
        Output(ids.nav(ALL), "href"),
        Output(ids.nav(ALL), "className"),
        Output("brand", "href"),
        Input(ids.SEARCH, "data"),
        Input(ids.ADDRESS, "pathname"),
        State(ids.nav(ALL), "id"),
    )


def screen(library: Library, page: pages.Page | None, link: Link) -> tuple[Any, ...]:
    """Everything that the address decides: page, selection bar, heading, recording, selection, notices."""
    key = link.recording or library.first
    if page is None:
        return pages.missing(), NOTHING, "", key, {}, no_update
    try:
        rec = open_key(library, key)
    except Undecided as question:
        return _with_library(problems.question(key, question), page, library, link)
    except Importing as under_way:
        return _with_library(problems.importing(under_way), page, library, link)
    except RecordingError as problem:
        removable = uploads.may_remove(library, key, current_user.get())
        message = problems.problem(str(problem), is_there(library, key), removable)
        return _with_library(message, page, library, link)
    selection, complaint = _fitting(link.selection, rec)
    notices = [problems.notice(text) for text in (*link.complaints, *complaint)]
    bar = NOTHING if page.name in ("library", "report") else selection_bar.bar(rec)
    return (
        _page(page, rec, link, library),
        bar,
        shown(rec.name),
        key,
        selection.to_query(),
        notices or no_update,
    )


def _page(page: pages.Page, rec: Recording, link: Link, library: Library) -> list[Any]:
    if page.name == "library":
        return [pages.title(page), library_page.content(library, link, rec, current_user.get())]
    if page.name == "report":
        key = link.recording or library.first
        removable = uploads.may_remove(library, key, current_user.get())
        return [pages.title(page), *report_page.content(rec, library, key, removable)]
    before = overview.content(rec, link) if page.name == "overview" else []
    if page.name == "states" and rec.states:
        before = [html.Div(id="playback", role="group", className="playback", **{"aria-label": "Playback"})]
    after = downloads(rec, link) if page.name == "art" else []
    return [pages.title(page), *before, *pages.cards(page, rec, link), *after]


def _with_library(message: Any, page: pages.Page, library: Library, link: Link) -> tuple[Any, ...]:
    # Nothing is opened here once more: what was called off would begin anew.
    user = current_user.get()
    offered = [] if page.name != "library" else [library_page.content(library, link, None, user)]
    return [pages.title(page), message, *offered], NOTHING, "", link.recording, {}, no_update


def _fitting(selection: Selection, rec: Recording) -> tuple[Selection, list[str]]:
    try:
        return selection.check(rec), []
    except RecordingError as problem:
        return Selection(), [f"The address selects something that is not in this recording: {problem}."]
