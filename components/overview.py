"""The Overview: what is in this recording, at once."""

from __future__ import annotations

import json
from typing import Any

import dash_ag_grid as dag
import numpy as np
import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from components import findings
from components.card import card
from components.table import cell
from spikeboard import doctor, summary
from spikeboard.acceptance import REPORT
from spikeboard.links import Link, write_link
from spikeboard.recording import Recording
from spikeboard.theme import population_colours, shown
from spikeboard.views import views

MOST_UNITS = 20_000
MOST_ROWS = 100
COLUMN_NAMES = {
    "unit": "Row",
    "population": "Population",
    "id": "Id",
    "spikes": "Spikes",
    "rate_hz": "Rate (Hz)",
    "interval_ms": "Mean interval (ms)",
    "cv": "CV",
    "lv": "LV",
}


def content(rec: Recording, link: Link) -> list[Component]:
    """Facts, what was assumed, a raster, populations, projections and units of a recording."""
    raster = [card(views()["raster"], rec, link.settings.get("raster", {}))] if "raster" in views() else []
    return [facts(rec), *_notes(rec, link), *_odd(rec), *raster, _tables(rec), _units(rec)]


def facts(rec: Recording) -> Component:
    """Units, spikes, span, clock and what else was recorded, as tiles."""
    tiles = [
        html.Div(
            [html.Dt(fact.name), html.Dd([html.Strong(fact.value), html.Span(fact.detail)])], className="fact"
        )
        for fact in summary.facts(rec)
    ]
    return html.Dl(tiles, className="facts")


def _notes(rec: Recording, link: Link) -> list[Component]:
    if not rec.notes:
        return []
    notes = html.Ul([html.Li(shown(note, 1000)) for note in rec.notes], className="notes")
    return [
        html.Section(
            [
                html.H2("What was assumed, dropped or mended"),
                notes,
                dcc.Link(
                    "See the import report",
                    href=REPORT + write_link(Link(link.recording)),
                    className="caption",
                ),
            ],
            className="card",
        )
    ]


def _odd(rec: Recording) -> list[Component]:
    """What the import doctor found, with its remedies, and what was decided, to be undone."""
    said = [*findings.findings(doctor.examine(rec)), *findings.decisions(rec)]
    if not said:
        return []
    heading = [html.H2("What looks odd"), html.P(findings.NEVER_CHANGED, className="caption")]
    return [html.Section([*heading, *said, findings.problem()], className="card")]


def _tables(rec: Recording) -> Component:
    return html.Div(
        [
            populations_card(rec),
            html.Section([html.H2("Projections"), _projections(rec)], className="card"),
        ],
        className="pair",
    )


def populations_card(rec: Recording) -> Component:
    """Units, silent ones, spikes and rate of each population."""
    return html.Section([html.H2("Populations"), _populations(rec)], className="card")


def _populations(rec: Recording) -> Component:
    colours = population_colours(rec)
    frame = summary.populations(rec)
    names = {
        "population": "Population",
        "units": "Units",
        "silent": "Silent",
        "spikes": "Spikes",
        "rate_hz": "Rate (Hz)",
    }
    return _listing(frame, names, colours)


def _projections(rec: Recording) -> Component:
    if rec.projections.empty:
        return html.P("None in this recording.", className="caption")
    frame = rec.projections[["source", "target", "synapses", "weight_mean"]].assign(
        delay_ms=rec.projections["delay_mean"] * 1000
    )
    unit = rec.projections["weight_unit"].iloc[0]
    weight = f"Mean weight ({unit})" if unit else "Mean weight"
    names = {
        "source": "From",
        "target": "To",
        "synapses": "Synapses",
        "weight_mean": weight,
        "delay_ms": "Mean delay (ms)",
    }
    return _listing(frame, names, {})


def _listing(frame: pd.DataFrame, names: dict[str, str], colours: dict[str, str]) -> Component:
    numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in names]
    head = [
        html.Th(text, className="number" if right else "", scope="col")
        for text, right in zip(names.values(), numeric, strict=True)
    ]
    rows = [
        html.Tr([_entry(value, right, colours) for value, right in zip(row, numeric, strict=True)])
        for row in frame[list(names)].astype(object).head(MOST_ROWS).to_numpy()
    ]
    more = (
        [html.P(f"and {len(frame) - MOST_ROWS:,} more", className="caption")]
        if len(frame) > MOST_ROWS
        else []
    )
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="list")
    return html.Div([html.Div(table, className="numbers-scroll", tabIndex="0"), *more])


def _entry(value: Any, right: bool, colours: dict[str, str]) -> Component:
    if right:
        text = (
            f"{value:,}"
            if isinstance(value, int)
            else cell(float(f"{value:.4g}") if value == value else value)
        )
        return html.Td(text, className="number")
    swatch = [html.Span(className="swatch", style={"background": colours[value]})] if value in colours else []
    return html.Td([*swatch, shown(value)])


def _units(rec: Recording) -> Component:
    frame = summary.units(rec, np.arange(min(len(rec.units), MOST_UNITS)))
    left_out = len(rec.units) - len(frame)
    said = "Tick rows to select units on every page; click a heading to sort, the menu beside it to filter."
    if left_out:
        said += f" The first {MOST_UNITS:,} units are listed, {left_out:,} more are not."
    grid = dag.AgGrid(
        id="units",
        rowData=json.loads(
            frame.assign(key=frame["unit"].astype(str)).to_json(orient="records", double_precision=6)
        ),
        columnDefs=[_column(name, frame) for name in frame],
        getRowId="params.data.key",
        columnSize="responsiveSizeToFit",
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "minWidth": 112},
        dashGridOptions={
            "rowSelection": {"mode": "multiRow", "enableClickSelection": False, "selectAll": "filtered"},
            "animateRows": False,
            "rowHeight": 30,
            "headerHeight": 34,
            "suppressFieldDotNotation": True,
        },
        style={"height": min(420, 34 + 30 * len(frame) + 24)},
    )
    return html.Section([html.H2("Units"), html.P(said, className="caption"), grid], className="card")


def _column(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    heading = COLUMN_NAMES.get(name, shown(name))
    column: dict[str, Any] = {"field": name, "headerName": heading, "minWidth": _width(heading, frame[name])}
    if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
        column |= {"type": "numericColumn", "filter": "agNumberColumnFilter"}
        if pd.api.types.is_float_dtype(frame[name]):
            column["valueFormatter"] = {
                "function": "params.value == null ? '–' : d3.format('.4~g')(params.value)"
            }
    return column


def _width(heading: str, values: pd.Series) -> int:
    """Pixels for a heading with the signs beside it, and for the longest of the first names."""
    names = [] if pd.api.types.is_float_dtype(values) else values.iloc[:200].astype(str)
    return min(40 + 8 * max([len(heading) + 4, *map(len, names)]), 280)
