"""The address of what is on the screen: recording, selection, and the settings of every view.

    /raster?rec=demo&t=0.5_2&pop=E&raster.sort=rate

Only what differs from the default is written, so links stay short and stable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from spikeboard.errors import RecordingError
from spikeboard.selection import Selection, from_query
from spikeboard.view import View
from spikeboard.views import views

LONGEST_QUERY = 60_000


@dataclass(frozen=True)
class Link:
    """What an address says.

    recording : key of the recording, "" where the address names none
    selection : what is selected
    settings : {view: {setting: value}}, checked
    complaints : parts of the address that made no sense and were passed over, in words
    """

    recording: str = ""
    selection: Selection = field(default_factory=Selection)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    complaints: tuple[str, ...] = ()


def read_link(search: str | None) -> Link:
    """What the part of an address after "?" says; nonsense is passed over and reported, never raised."""
    text = (search or "").removeprefix("?")
    if len(text) > LONGEST_QUERY:
        return Link(complaints=(f"the address is longer than {LONGEST_QUERY:,} characters and was not read",))
    query = dict(parse_qsl(text, keep_blank_values=True))
    selection, complaints = _selection(query)
    settings: dict[str, dict[str, Any]] = {}
    for name, text in query.items():
        view_name, dot, setting = name.partition(".")
        if not dot:
            continue
        try:
            settings.setdefault(view_name, {})[setting] = _value(view_name, setting, text)
        except RecordingError as problem:
            complaints.append(str(problem))
    return Link(query.get("rec", ""), selection, settings, tuple(complaints))


def write_link(link: Link) -> str:
    """The query of an address ("?…", or "" where everything is default)."""
    query = {"rec": link.recording} if link.recording else {}
    query |= link.selection.to_query()
    for name, given in link.settings.items():
        query |= {f"{name}.{setting}": text for setting, text in spelled(views()[name], given).items()}
    return f"?{urlencode(query)}" if query else ""


def spelled(view: View, given: Mapping[str, Any]) -> dict[str, str]:
    """The settings that differ from their default, as an address spells them."""
    values = view.check(given)
    return {name: spell(value) for name, value in values.items() if value != view.settings[name].default}


def spell(value: Any) -> str:
    """One setting's value as an address spells it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        # The shorter that says the same number: a link must draw the same figure.
        short, whole = f"{value:g}", repr(value)
        return short if float(short) == value and len(short) <= len(whole) else whole
    return str(value)


def _selection(query: Mapping[str, str]) -> tuple[Selection, list[str]]:
    found, complaints = Selection(), []
    for part in ("t", "units", "pop", "interval"):
        if part not in query:
            continue
        try:
            said = from_query({part: query[part]})
        except RecordingError as problem:
            complaints.append(str(problem))
            continue
        found = Selection(
            said.t0 if part == "t" else found.t0,
            said.t1 if part == "t" else found.t1,
            said.units if part == "units" else found.units,
            said.populations if part == "pop" else found.populations,
            said.interval if part == "interval" else found.interval,
        )
    return found, complaints


def _value(view_name: str, setting: str, text: str) -> Any:
    if view_name not in views():
        raise RecordingError(f"the address sets {view_name[:40]}.{setting[:40]}, but there is no such view")
    return views()[view_name].check({setting: text})[setting]
