"""Columns that files know of units, brought into the unit table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spikeboard.errors import RecordingError

UNLABELLED = "unlabelled"
LONGEST_NAME = 60
LONGEST_TEXT = 1000
MOST_POPULATIONS = 1000
_TAKEN = ("population", "id")


def column_name(name: str) -> str:
    """A name that a column of the unit table can have: short, and not one that it has already."""
    name = name.strip()[:LONGEST_NAME] or "unnamed"
    return f"{name} (in the file)" if name in _TAKEN else name


def values_of(texts: Sequence[str | None]) -> np.ndarray:
    """Texts of a table as numbers where all of them are, else as text.

    Returns
    -------
    (n,) int64, float64 (what is missing is NaN), or object (what is missing is "")
    """
    numbers = _numbers([text for text in texts if text])
    if numbers is None:
        return as_texts(texts)
    if len(numbers) == len(texts):
        return numbers
    return np.array([float(text) if text else np.nan for text in texts])


def as_texts(values: Sequence[object]) -> np.ndarray:
    """Values as text of bounded length, (n,) object; what is missing is ""."""
    found = np.empty(len(values), object)
    found[:] = [_shortened("" if value is None else str(value)) for value in values]
    return found


def by_population(
    units: pd.DataFrame, rows: np.ndarray, column: str | None, default: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """The unit table with its populations: one, or one for each value of a column.

    Parameters
    ----------
    units : table with the column id
    rows : (N,) row of each spike's unit
    column : whose values are the populations; None for one population
    default : name of the one population

    Returns
    -------
    the table, units of a population together in the order of the file, and the rows of the spikes in it

    Raises
    ------
    RecordingError : for a column that is not there, or that has too many values to tell populations apart
    """
    if column is None:
        return _with_population(units, default), rows
    column = column if column in units else column_name(column)
    if column not in units or column == "id":
        known = ", ".join(repr(str(name)) for name in units if name != "id") or "none"
        raise RecordingError(
            f"population_column={column[:60]!r}: the units have no such column; they have {known}"
        )
    names = np.array([str(value).strip() or UNLABELLED for value in units[column]], object)
    codes, distinct = pd.factorize(names)
    if len(distinct) > MOST_POPULATIONS:
        raise RecordingError(
            f"population_column={column!r} has {len(distinct):,} values: that many populations tell nothing apart"
        )
    order = np.argsort(codes, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return _with_population(units.iloc[order].reset_index(drop=True), names[order]), place[rows]


def _numbers(texts: Sequence[str]) -> np.ndarray | None:
    try:
        numbers = pd.to_numeric(pd.Series(list(texts), dtype=object))
    except (ValueError, TypeError, OverflowError):
        return None
    return numbers.to_numpy() if len(texts) and numbers.dtype in (np.int64, np.float64) else None


def _with_population(units: pd.DataFrame, names: str | np.ndarray) -> pd.DataFrame:
    table = units.copy(deep=False)
    table.insert(0, "population", names)
    return table


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters)"
