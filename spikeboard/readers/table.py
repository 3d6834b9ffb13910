"""CSV, TSV and text: lists of spikes as people write them by hand and programs by default."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spikeboard.columns import changed
from spikeboard.errors import RecordingError
from spikeboard.readers import reader
from spikeboard.readers.spikelist import DEFAULT_POPULATION, SpikeList, answers, to_recording
from spikeboard.readers.table_columns import Columns, columns
from spikeboard.readers.table_layout import layout
from spikeboard.readers.table_rows import Rows, read_rows, unit_ids
from spikeboard.readers.text import Head, blocks, head
from spikeboard.recording import Recording

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".gdf", ".ras", ".spikes", ".asc")
# Beginnings of texts that are no tables.
_OTHER = ("{", "[", "<", "%PDF", "#!")


def sniff(path: Path) -> bool:
    """Whether a file is text that may be a table."""
    try:
        beginning = head(path) if path.is_file() and path.suffix != ".py" else None
    except OSError:
        return False
    return beginning is not None and not beginning.text.lstrip().startswith(_OTHER)


@reader("CSV and text tables", sniff, order=90, reads_any_text=True)
def read(
    path: Path,
    time_unit: str | None = None,
    time_column: str | None = None,
    unit_column: str | None = None,
    sampling_rate: float | None = None,
    dt: float | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    n_units: int | None = None,
    order: str | None = None,
) -> Recording:
    """The spikes of a text table with one spike per row.

    Parameters
    ----------
    path : the file; may be compressed with gzip
    time_unit : "s", "ms", "us", "ns" or "samples", where no column's name tells it
    time_column, unit_column : names, or numbers counted from 1; `unit_column="none"` where all spikes are of one unit
    sampling_rate, dt : Hz or s, of the clock that the spikes lie on; one of them where times are counted in samples
    t_start, t_stop : s
    n_units : of the network, silent ones included
    order : where time goes back in the file: "runs" for a clock that was started again, "sort" for one run

    Raises
    ------
    Undecided : where the file leaves something open that would change the numbers
    RecordingError : where it is no list of spikes
    """
    given = answers(time_unit, sampling_rate, dt, t_start, t_stop, n_units, order)
    return to_recording(spike_list(path, time_column, unit_column), given)


def spike_list(path: Path, time_column: str | None = None, unit_column: str | None = None) -> SpikeList:
    """The spikes of a text table, times as the file has them.

    Raises
    ------
    Undecided : where several columns could be the time or the unit
    RecordingError : where the file is no list of spikes
    """
    beginning = head(path)
    if beginning is None:
        raise RecordingError(f"{path.name} is no text")
    plan = layout(path.name, beginning)
    chosen = columns(plan, time_column, unit_column)
    rows = read_rows(blocks(path, beginning), plan, chosen)
    ids, place, id_notes = unit_ids(rows.unit_names, plan.decimal)
    if rows.units is None:
        ids, units = np.array([0]), np.broadcast_to(np.int32(0), len(rows.times))
    else:
        units = changed(lambda some: place[some], rows.units, dtype=np.int32)
    return SpikeList(
        _stem(path),
        rows.times,
        units,
        ids,
        rows.populations,
        tuple(rows.population_names) if chosen.population is not None else (DEFAULT_POPULATION,),
        chosen.time_unit,
        chosen.told_by,
        all_units=chosen.unit is None,
        notes=(
            *_about_file(path, beginning),
            *plan.notes,
            *chosen.notes,
            *id_notes,
            *_about_rows(rows, chosen),
        ),
    )


def _stem(path: Path) -> str:
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    return name.rsplit(".", 1)[0] or path.name


def _about_file(path: Path, beginning: Head) -> list[str]:
    named = path.name.lower()
    notes = []
    if beginning.encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"the text was read as {beginning.encoding.upper()}")
    if named.endswith(".gz") and not beginning.gzipped:
        notes.append("the name ends in .gz, but the file is not compressed")
    plain = named.removesuffix(".gz")
    if "." in plain and not plain.endswith(TEXT_SUFFIXES):
        notes.append("the file holds text, whatever its name says")
    return notes


def _about_rows(rows: Rows, chosen: Columns) -> list[str]:
    notes = []
    if chosen.population is None and chosen.unit is not None:
        notes.append(f"the file names no population: it is called {DEFAULT_POPULATION!r}")
    if rows.bad:
        more = "; …" if rows.bad > len(rows.examples) else ""
        total = rows.bad + len(rows.times)
        notes.append(f"{rows.bad:,} of {total:,} rows were left out: {'; '.join(rows.examples)}{more}")
    return notes
