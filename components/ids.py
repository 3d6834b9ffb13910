"""Every id of the page, made in one place."""

from __future__ import annotations

from typing import Any

from dash import ALL, MATCH

ADDRESS = "address"
RECORDING = "recording"
SELECTION = "selection"
ARRIVED = "arrived"
PAGE = "page"
SELECTION_BAR = "selection-bar"
THEME = "theme"
SEARCH = "search"
BRUSH = "brush"
PROPOSED = "proposed"
MESSAGES = "messages"
HEADING = "heading"


def setting(view: str | Any, name: str | Any) -> dict[str, Any]:
    """A control of a view whose value is its `value`."""
    return {"view": view, "setting": name}


def flag(view: str | Any, name: str | Any) -> dict[str, Any]:
    """A control of a view whose value is its `checked`."""
    return {"view": view, "flag": name}


def part(view: str | Any, name: str) -> dict[str, Any]:
    """A part of the card of a view."""
    return {"view": view, "part": name}


def nav(name: str | Any) -> dict[str, Any]:
    """A link of the navigation."""
    return {"nav": name}


__all__ = ["ALL", "MATCH", "flag", "nav", "part", "setting"]
