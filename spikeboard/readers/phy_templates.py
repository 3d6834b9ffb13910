"""Where the clusters of a Phy folder lie on the probe: the channel on which their template is largest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.readers import npy

TEMPLATES = "templates.npy"
CHANNELS_OF_TEMPLATES = ("templates_ind.npy", "template_ind.npy")
SAMPLES_AT_ONCE = 2**22
SMALL = 64 * 2**20


def places(
    folder: Path, templates: np.ndarray, rows: np.ndarray, n_clusters: int, notes: list[str]
) -> dict[str, np.ndarray]:
    """Peak channel and its place on the probe, per cluster.

    A cluster's template is the one that most of its spikes were found with (the lowest of several).

    Parameters
    ----------
    folder : a Phy folder
    templates : (N,) int64, template of each spike
    rows : (N,) cluster of each spike, 0 … n_clusters - 1
    notes : is told what was left out

    Returns
    -------
    "channel": (n,) int64, as channel_map.npy numbers them; "x", "depth": (n,) float64, as channel_positions.npy
    gives them (micrometres, mostly). Nothing where the folder does not tell
    """
    try:
        peaks = _peaks(folder)
        if peaks is None:
            return {}
        if len(templates) and not 0 <= templates.min() <= templates.max() < len(peaks):
            raise RecordingError(f"spikes name template {templates.max()}, {TEMPLATES} has {len(peaks):,}")
        channels = peaks[_main_templates(templates, rows, n_clusters, len(peaks))]
        return _located(folder, channels)
    except RecordingError as problem:
        notes.append(f"the places of clusters on the probe were left out: {problem}")
        return {}


def _main_templates(templates: np.ndarray, rows: np.ndarray, n_clusters: int, n_templates: int) -> np.ndarray:
    pairs, spikes = np.unique(rows.astype(np.int64) * n_templates + templates, return_counts=True)
    cluster, template = pairs // n_templates, pairs % n_templates
    best = np.lexsort((template, -spikes, cluster))
    first = best[np.unique(cluster[best], return_index=True)[1]]
    main = np.zeros(n_clusters, np.int64)
    main[cluster[first]] = template[first]
    return main


def _peaks(folder: Path) -> np.ndarray | None:
    """Channel of the largest peak-to-peak amplitude of each template, mapped from the file piece by piece."""
    path = folder / TEMPLATES
    if not path.is_file():
        return None
    mapped = npy.mapped_npy(inside(path))
    if mapped.dtype.kind not in "fiu" or mapped.ndim != 3 or 0 in mapped.shape:
        raise RecordingError(
            f"{TEMPLATES} has shape {mapped.shape}, (templates, samples, channels) were expected"
        )
    step = max(1, SAMPLES_AT_ONCE // (mapped.shape[1] * mapped.shape[2]))
    parts = [np.ptp(mapped[at : at + step], axis=1).argmax(axis=1) for at in range(0, len(mapped), step)]
    return _as_channels(folder, np.concatenate(parts), mapped.shape[2])


def _as_channels(folder: Path, columns: np.ndarray, n_columns: int) -> np.ndarray:
    """Columns of the templates as channels: sparse templates say in a file which channels theirs are."""
    for name in CHANNELS_OF_TEMPLATES:
        if (folder / name).is_file():
            table = _small(folder / name)
            if table.shape != (len(columns), n_columns):
                raise RecordingError(
                    f"{name} has shape {table.shape}, {TEMPLATES} wants {(len(columns), n_columns)}"
                )
            return table[np.arange(len(columns)), columns].astype(np.int64)
    return columns.astype(np.int64)


def _located(folder: Path, channels: np.ndarray) -> dict[str, np.ndarray]:
    found = {"channel": channels}
    for name in ("channel_map.npy", "channel_positions.npy"):
        if not (folder / name).is_file():
            continue
        table = _small(folder / name)
        if not len(table) or not 0 <= channels.min(initial=0) <= channels.max(initial=0) < len(table):
            raise RecordingError(
                f"{name} has {len(table):,} channels, a template names channel {channels.max()}"
            )
        if name == "channel_map.npy":
            found["channel"] = table.reshape(len(table), -1)[channels, 0].astype(np.int64)
        elif table.ndim == 2 and table.shape[1] >= 2:
            found |= {"x": table[channels, 0].astype(float), "depth": table[channels, 1].astype(float)}
    return found


def inside(path: Path) -> Path:
    """A file that really lies in its folder.

    Raises
    ------
    RecordingError : where it is a link that leads out of it
    """
    if path.resolve().parent != path.parent.resolve():
        raise RecordingError(
            f"{path.name} leads out of its folder: such links are not followed; copy the file"
        )
    return path


def _small(path: Path) -> np.ndarray:
    table = npy.load_npy(inside(path), SMALL)
    if table.dtype.kind not in "fiu" or table.ndim == 0:
        raise RecordingError(f"{path.name} holds no numbers ({table.dtype})")
    if table.dtype.kind == "f" and not np.all(np.isfinite(table)):
        raise RecordingError(f"{path.name} holds values that are no numbers (NaN)")
    return table
