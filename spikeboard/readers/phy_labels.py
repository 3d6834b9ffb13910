"""What the tables of a Phy folder (cluster_*.tsv) say of its clusters: labels, depths, whatever a tool wrote."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from spikeboard.readers.table_layout import listed
from spikeboard.readers.unit_table import column_name, values_of

LARGEST = 16 * 2**20
MOST_TABLES = 64
MOST_COLUMNS = 64
INFO = "cluster_info"
_ID = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class _Table:
    """One file: what it is called, and per column the text of each cluster it names."""

    name: str
    columns: Mapping[str, Mapping[int, str]]


def columns_of(folder: Path, clusters: np.ndarray, notes: list[str]) -> dict[str, np.ndarray]:
    """Columns of the unit table from every cluster_*.tsv.

    Parameters
    ----------
    folder : a Phy folder
    clusters : (n,) int64, its clusters
    notes : is told what was left out or contradictory

    Returns
    -------
    name of the column → (n,) numbers or texts; what no file says of a cluster is NaN or ""
    """
    merged: dict[str, dict[int, str]] = {}
    for path in _files(folder, notes):
        table = _table(path, notes)
        _about_unknown(table, clusters, notes)
        for name, said in table.columns.items():
            _merge(name, merged.setdefault(name, {}), said, table.name, notes)
    known = clusters.tolist()
    _about_group(merged, known, notes)
    return {name: values_of([said.get(cluster) for cluster in known]) for name, said in merged.items()}


def _files(folder: Path, notes: list[str]) -> list[Path]:
    """The tables, what each curation step wrote before the summary of all."""
    found = sorted(islice(folder.glob("cluster_*.[tc]sv"), MOST_TABLES + 1))
    if len(found) > MOST_TABLES:
        notes.append(
            f"the folder holds more than {MOST_TABLES} tables of clusters: the first {MOST_TABLES} were read"
        )
    inside = [path for path in found[:MOST_TABLES] if path.resolve().parent == folder.resolve()]
    for path in set(found[:MOST_TABLES]) - set(inside):
        notes.append(f"{path.name} leads out of the folder: left out")
    return sorted(inside, key=lambda path: path.stem == INFO)


def _table(path: Path, notes: list[str]) -> _Table:
    empty = _Table(path.name, {})
    if path.stat().st_size > LARGEST:
        notes.append(f"{path.name} is larger than {LARGEST >> 20} MiB: left out")
        return empty
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    rows = csv.reader(lines, delimiter="\t" if lines and "\t" in lines[0] else ",")
    try:
        header = [name.strip() for name in next(rows, [])][: MOST_COLUMNS + 1]
        if not header or header[0].lower() not in ("cluster_id", "id"):
            notes.append(f"{path.name} does not begin with a column cluster_id: left out")
            return empty
        return _filled(path.name, header, rows, notes)
    except csv.Error as problem:
        notes.append(f"{path.name} is no table ({problem}): left out")
        return empty


def _filled(file: str, header: list[str], rows: Iterator[list[str]], notes: list[str]) -> _Table:
    columns: dict[str, dict[int, str]] = {column_name(name): {} for name in header[1:]}
    times_named: Counter[int] = Counter()
    wrong = 0
    for row in rows:
        if not row:
            continue
        if not _ID.fullmatch(row[0].strip()):
            wrong += 1
            continue
        cluster = int(row[0])
        times_named[cluster] += 1
        for name, text in zip(columns, row[1:], strict=False):
            columns[name][cluster] = text.strip()
    if wrong:
        notes.append(f"{file}: {wrong:,} rows name no cluster: left out")
    if twice := [cluster for cluster, times in times_named.items() if times > 1]:
        notes.append(f"{file} lists cluster {listed_numbers(twice)} more than once: the last row counts")
    return _Table(file, columns)


def listed_numbers(numbers: list[int], most: int = 10) -> str:
    """Numbers for a sentence: the first few, and how many more."""
    more = f" and {len(numbers) - most:,} more" if len(numbers) > most else ""
    return ", ".join(map(str, numbers[:most])) + more


def _about_unknown(table: _Table, clusters: np.ndarray, notes: list[str]) -> None:
    named = {cluster for said in table.columns.values() for cluster in said}
    if unknown := sorted(named - set(clusters.tolist())):
        notes.append(f"{table.name} names clusters that have no spikes ({listed_numbers(unknown)}): left out")


def _merge(name: str, merged: dict[int, str], said: Mapping[int, str], file: str, notes: list[str]) -> None:
    apart = [cluster for cluster, text in said.items() if merged.get(cluster, text) != text]
    if apart:
        notes.append(
            f"{file} says another {name!r} of cluster {listed_numbers(apart)} than its own table: that one counts"
        )
    for cluster, text in said.items():
        merged.setdefault(cluster, text)


def _about_group(merged: Mapping[str, Mapping[int, str]], clusters: list[int], notes: list[str]) -> None:
    said = merged.get("group", {})
    without = sum(not said.get(cluster) for cluster in clusters)
    if without:
        which = (
            "no cluster has"
            if without == len(clusters)
            else f"{without:,} of {len(clusters):,} clusters lack"
        )
        others = [name for name in merged if name.lower().endswith("label")]
        instead = f"; what the sorter made of them is in {listed(others)}" if others else ""
        notes.append(f"{which} a group from curation (good, mua, noise){instead}")
