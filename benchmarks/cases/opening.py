"""Opening a recording whose file is in the page cache, against three readers of Parquet."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import spikeboard
from benchmarks.case import Case, Peer
from benchmarks.data import PLACE
from spikeboard import Recording

NOTE = "Reads all of the columns; ours maps them."


def ours(rec: Recording) -> Callable[[], Any]:
    """The recording itself: columns, units and all, its spikes as a table."""
    return lambda: spikeboard.open(PLACE / rec.name).spikes


def parquet(rec: Recording) -> Path:
    """The spikes as a Parquet file, written once."""
    path = PLACE / f"{rec.name}.parquet"
    if not path.exists():
        rec.spikes.to_parquet(path, index=False)
    return path


def with_pandas(rec: Recording) -> Callable[[], Any]:
    """pandas by way of pyarrow."""
    path = parquet(rec)
    return lambda: pd.read_parquet(path)


def duckdb(rec: Recording) -> Callable[[], Any]:
    """DuckDB, into NumPy's arrays."""
    database, path = import_module("duckdb"), parquet(rec)
    return lambda: database.read_parquet(str(path)).fetchnumpy()


def polars(rec: Recording) -> Callable[[], Any]:
    """Polars' own reader."""
    frames, path = import_module("polars"), parquet(rec)
    return lambda: frames.read_parquet(path)


def same_columns(rec: Recording, ours: Any, theirs: Any) -> None:
    """Every time and every unit."""
    for name in ("time", "unit"):
        assert np.array_equal(ours[name], np.asarray(theirs[name]))


CASES = [
    Case(
        "opening",
        "Opening the spikes as columns, once more",
        "S2",
        ours,
        (
            Peer("pandas", "pandas", with_pandas, same_columns, 100, note=NOTE),
            Peer("DuckDB", "duckdb", duckdb, same_columns, 100, note=NOTE),
            Peer("Polars", "polars", polars, same_columns, 100, note=NOTE),
        ),
    )
]
