"""Controls, made from the settings that a view declares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from components import ids
from spikeboard.recording import Recording
from spikeboard.theme import shown
from spikeboard.view import Choice, Flag, Moved, Number, Pick, Setting, View, Whole

# A list that long is searched, not scrolled; more entries than this are left to the address and the unit table.
MOST_PICKED = 2000


def controls(view: View, rec: Recording, values: Mapping[str, Any]) -> list[html.Div]:
    """One control per setting, holding its value."""
    return [
        html.Div(_control(view.name, name, setting, rec, values[name]), **{"data-setting": name})
        for name, setting in view.settings.items()
    ]


def _control(view: str, name: str, setting: Setting, rec: Recording, value: Any) -> Component:
    match setting:
        case Flag():
            return dmc.Switch(
                id=ids.flag(view, name),
                label=setting.label,
                checked=value,
                size="sm",
                className="control-flag",
            )
        case Choice():
            data = [{"value": option, "label": label} for option, label in setting.options.items()]
            return _select(ids.setting(view, name), setting.label, data, value)
        case Pick():
            data = picks(setting, rec)
            chosen = None if value is None else str(value)
            return _select(ids.setting(view, name), setting.label, data, chosen, setting.empty)
        case Number() | Whole():
            return _number(ids.setting(view, name), setting, value)
        case Moved():
            return dcc.Input(id=ids.setting(view, name), type="hidden", value=value)
    raise TypeError(f"no control for {type(setting).__name__}")


def picks(setting: Pick, rec: Recording) -> list[dict[str, str]]:
    """What a Pick can pick in this recording, as options of a select."""
    names: dict[str, list[str]] = {
        "state": list(rec.states),
        "projection": list(rec.connections),
        "population": list(rec.populations["name"]),
        "interval": list(rec.intervals),
        "rate": list(rec.rates),
    }
    if setting.kind == "unit":
        rows = range(min(len(rec.units), MOST_PICKED))
        return [{"value": str(row), "label": shown(rec.label(row))} for row in rows]
    return [{"value": name, "label": shown(name)} for name in names[setting.kind][:MOST_PICKED]]


def _select(
    id: dict[str, Any], label: str, data: list[dict[str, str]], value: str | None, empty: str = ""
) -> Component:
    return dmc.Select(
        id=id,
        label=label,
        data=data,
        value=value,
        placeholder=empty or None,
        clearable=bool(empty),
        clearButtonProps={"aria-label": f"{label}: {empty}"},
        allowDeselect=False,
        searchable=len(data) > 12,
        size="xs",
        className="control",
        comboboxProps={"shadow": "md"},
    )


def _number(id: dict[str, Any], setting: Number | Whole, value: float) -> Component:
    whole = isinstance(setting, Whole)
    return dmc.NumberInput(
        id=id,
        label=f"{setting.label} ({setting.unit})" if setting.unit else setting.label,
        value=value,
        min=setting.low,
        max=setting.high,
        step=1 if whole else _step(setting),
        allowDecimal=not whole,
        debounce=300,
        clampBehavior="none",
        size="xs",
        className="control control-number",
    )


def _step(setting: Number) -> float:
    size = abs(setting.default) or (setting.high - setting.low) / 20
    return 10 ** math.floor(math.log10(size)) if size else 1
