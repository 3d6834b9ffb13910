"""Lists of spikes in four formats, however they are arranged: read in small pieces, they are what they are at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import spikeboard
from spikeboard import Recording, columns, doctor, ordering, store
from spikeboard.readers import arrays, hdf5, parquet, read_source, text

N, UNITS = 4000, 30


def as_csv(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    rows = zip(times.tolist(), units.tolist(), strict=True)
    path.write_text("time_ms,unit\n" + "".join(f"{time!r},{unit}\n" for time, unit in rows))


def as_parquet(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    pq.write_table(pa.table({"time_ms": times, "unit": units}), path, row_group_size=700)


def as_sonata(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/net")
        group["timestamps"], group["node_ids"] = times, units.astype(np.uint64)
        group["timestamps"].attrs["units"] = "milliseconds"


def as_fields(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    table = np.empty(len(times), [("time_ms", "f8"), ("unit", "i4")])
    table["time_ms"], table["unit"] = times, units
    np.save(path, table)


def as_columns(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    np.save(path, np.column_stack([times, units]))


FORMS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "spikes.csv": (as_csv, {}),
    "spikes.parquet": (as_parquet, {}),
    "spikes.h5": (as_sonata, {}),
    "fields.npy": (as_fields, {}),
    "columns.npy": (as_columns, {"time_unit": "ms"}),
}
COLUMNS = ("spike_times", "spike_rows", "train_ticks", "train_offsets")


def spikes(arranged: str) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) with many ties, and units, in some order."""
    rng = np.random.default_rng(21)
    times, units = np.round(rng.random(N) * 2e4, 1), rng.integers(0, UNITS, N)
    order = {
        "by time": np.lexsort((units, times)),
        "by unit": np.lexsort((times, units)),
        "by time alone": np.argsort(times),
        "in no order": rng.permutation(N),
    }[arranged]
    return times[order], units[order]


def in_small_pieces(patch: pytest.MonkeyPatch) -> None:
    """So that everything goes through files, in tens of stretches."""
    patch.setattr(columns, "PIECE", 150)
    patch.setattr(columns, "IN_MEMORY", 1000)
    patch.setattr(arrays, "IN_MEMORY", 1000)
    patch.setattr(hdf5, "LARGE_COLUMN", 1000)
    patch.setattr(hdf5, "IN_MEMORY", 4000)
    patch.setattr(text, "CHUNK", 3000)
    patch.setattr(parquet, "BATCH", 170)


def same(found: Recording, expected: Recording) -> None:
    """Two recordings are the same to the bit."""
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype
    assert (found.t_start, found.t_stop, found.sampling_rate) == (
        expected.t_start,
        expected.t_stop,
        expected.sampling_rate,
    )
    assert found.units.equals(expected.units) and found.notes == expected.notes
    assert found.digest == expected.digest


@pytest.mark.parametrize("arranged", ["by time", "by unit", "by time alone", "in no order"])
@pytest.mark.parametrize("form", FORMS)
def test_read_in_pieces_it_is_the_same(tmp_path: Path, form: str, arranged: str) -> None:
    write, options = FORMS[form]
    times, units = spikes(arranged)
    write(tmp_path / form, times, units)
    at_once = read_source(tmp_path / form, **options)
    with pytest.MonkeyPatch.context() as patch:
        in_small_pieces(patch)
        streamed = read_source(tmp_path / form, **options)
    assert isinstance(streamed.spike_times, np.memmap) and not isinstance(at_once.spike_times, np.memmap)
    same(streamed, at_once)
    # And it is what NumPy makes of the arrays.
    order = np.lexsort((units, times))
    np.testing.assert_array_equal(streamed.spike_times, times[order] / 1e3)
    np.testing.assert_array_equal(streamed.spike_rows, units[order])


def test_a_stored_recording_has_its_rows_in_two_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_csv(tmp_path / "a.csv", *spikes("in no order"))
    in_small_pieces(monkeypatch)
    monkeypatch.setattr(store, "PIECE_BYTES", 1000)
    rec = store.load(read_source(tmp_path / "a.csv").save(tmp_path / "kept"))
    assert rec.rows_to_draw.dtype == np.uint16 and rec.spike_rows.dtype == np.int32
    np.testing.assert_array_equal(rec.rows_to_draw, rec.spike_rows)
    # Other spikes have other rows.
    doubled = spikeboard.recording(
        "a", np.array([0.5, 0.5, 0.7]), np.array([1, 1, 0]), rec.units[:2], t_start=0.0, t_stop=1.0
    )
    kept = store.load(doubled.save(tmp_path / "doubled"))
    assert doctor.apply(kept, "drop_duplicates").rows_to_draw.tolist() == [1, 0]
    monkeypatch.setattr(store, "SHORT", np.uint8)
    assert store._fits_short(256) and not store._fits_short(257)


def test_what_is_sorted_at_once_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_sonata(tmp_path / "a.h5", *spikes("by unit"))
    sizes: list[int] = []
    plain = ordering._in_order
    monkeypatch.setattr(ordering, "_in_order", lambda t, *rest: sizes.append(len(t)) or plain(t, *rest))
    in_small_pieces(monkeypatch)
    read_source(tmp_path / "a.h5")
    assert max(sizes) <= 150 and sum(sizes) == 2 * N
