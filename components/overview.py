"""The Overview: what is in this recording, at once."""

from __future__ import annotations

import json
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from components.card import card
from components.table import cell
from spikeboard import doctor, summary
from spikeboard.links import Link
from spikeboard.recording import Recording
from spikeboard.theme import population_colours, shown
from spikeboard.views import views

MOST_UNITS = 20_000
MOST_ROWS = 100
MOST_FINDINGS = 40
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
    return [_facts(rec), *_notes(rec), *_findings(rec), *raster, _tables(rec), _units(rec)]


def _facts(rec: Recording) -> Component:
    tiles = [
        html.Div(
            [html.Dt(fact.name), html.Dd([html.Strong(fact.value), html.Span(fact.detail)])], className="fact"
        )
        for fact in summary.facts(rec)
    ]
    return html.Dl(tiles, className="facts")


def _notes(rec: Recording) -> list[Component]:
    if not rec.notes:
        return []
    notes = html.Ul([html.Li(shown(note, 1000)) for note in rec.notes], className="notes")
    return [html.Section([html.H2("What was assumed, dropped or mended"), notes], className="card")]


def _findings(rec: Recording) -> list[Component]:
    """What the import doctor found, with its remedies, and the remedies that were applied, to be undone."""
    found = doctor.examine(rec)
    done = doctor.keys(str(rec.options.get("mend", "")))
    if not found and not done:
        return []
    items = [
        *(html.Li([shown(doctor.label(key), 200), " ", _mend("Undo this", f"-{key}")]) for key in done),
        *map(_finding, found[:MOST_FINDINGS]),
    ]
    left_out = len(found) - MOST_FINDINGS
    more = [html.P(f"and {left_out:,} more", className="caption")] if left_out > 0 else []
    said = "The file is never changed: a remedy makes another view of it, with a link of its own."
    return [
        html.Section(
            [
                html.H2("What looks odd"),
                html.P(said, className="caption"),
                html.Ul(items, className="findings"),
                *more,
                html.Div(id="mend-problem", role="alert", className="problem"),
            ],
            className="card",
        )
    ]


def _finding(found: doctor.Finding) -> Component:
    where = [html.Strong(f"{shown(found.where, 100)}: ")] if found.where else []
    advice = [html.Span(f" – {found.advice}", className="caption")] if found.advice else []
    buttons = [_mend(remedy.label, f"+{remedy.key}") for remedy in found.remedies]
    typed = [_asked(found)] if found.asks else []
    return html.Li([*where, shown(found.what, 400), *advice, " ", *buttons, *typed])


def _asked(found: doctor.Finding) -> Component:
    field = dmc.TextInput(
        id={"mend-value": found.asks},
        placeholder="seconds",
        size="xs",
        w=90,
        **{"aria-label": "Time in seconds"},
    )
    return html.Span(["It ended at ", field, _mend("Set", f"?{found.asks}")], className="row inline")


def _mend(text: str, key: str) -> Component:
    return html.Button(text, id={"mend": key}, className="action")


def _tables(rec: Recording) -> Component:
    return html.Div(
        [
            html.Section([html.H2("Populations"), _populations(rec)], className="card"),
            html.Section([html.H2("Projections"), _projections(rec)], className="card"),
        ],
        className="pair",
    )


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
        style={"height": 420},
    )
    return html.Section([html.H2("Units"), html.P(said, className="caption"), grid], className="card")


def _column(name: str, frame: pd.DataFrame) -> dict[str, Any]:
    column: dict[str, Any] = {"field": name, "headerName": COLUMN_NAMES.get(name, shown(name))}
    if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
        column |= {"type": "numericColumn", "filter": "agNumberColumnFilter"}
        if pd.api.types.is_float_dtype(frame[name]):
            column["valueFormatter"] = {
                "function": "params.value == null ? '–' : d3.format('.4~g')(params.value)"
            }
    return column
