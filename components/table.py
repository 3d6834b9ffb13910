"""A frame as a plain table: its first rows, and how many there are."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from spikeboard.theme import shown

MOST_ROWS = 200
MOST_COLUMNS = 40


def numbers(frame: pd.DataFrame) -> Component:
    """The first rows of a frame, scrollable."""
    part = frame.iloc[:MOST_ROWS, :MOST_COLUMNS]
    head = html.Thead(html.Tr([html.Th(shown(name), scope="col") for name in part.columns]))
    rows = part.astype(object).to_numpy()
    body = html.Tbody([html.Tr([html.Td(cell(value)) for value in row]) for row in rows])
    return html.Div(
        [
            html.P(_size(frame)),
            html.Div(html.Table([head, body]), className="numbers-scroll", tabIndex="0"),
        ]
    )


def cell(value: Any) -> str:
    """One value as text, numbers to six significant digits."""
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.6g}"
    return shown(value)


def _size(frame: pd.DataFrame) -> str:
    rows, columns = frame.shape
    cut = [f"the first {MOST_ROWS} of {rows:,} rows"] if rows > MOST_ROWS else [f"{rows:,} rows"]
    cut += [f"the first {MOST_COLUMNS} of {columns:,} columns"] if columns > MOST_COLUMNS else []
    return ", ".join(cut) + (
        ": the CSV holds them all." if rows > MOST_ROWS or columns > MOST_COLUMNS else "."
    )
