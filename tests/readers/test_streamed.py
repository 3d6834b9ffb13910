"""Lists of spikes in five formats, however they are arranged: read in small pieces, they are what they are at once."""

from __future__ import annotations

import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard import Recording, RecordingError, columns, doctor, exchange, ordering, store
from spikeboard.readers import hdf5, npy, parquet, read_source, recognise, text

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


def as_stored(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    np.savez(path, time_ms=times, unit=units)


def as_packed(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    np.savez_compressed(path, time_ms=times.astype(">f8"), unit=units.astype("U9"))


def as_one_array(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    np.savez_compressed(path, np.asfortranarray(np.column_stack([times, units])))


def as_nwb(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    by_unit = np.argsort(units, kind="stable")
    trains(path, times[by_unit] / 1e3, np.bincount(units, minlength=UNITS), np.arange(UNITS))


def trains(path: Path, times: np.ndarray, counts: np.ndarray, ids: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.attrs.update({"nwb_version": "2.7.0", "neurodata_type": "NWBFile"})
        group = file.create_group("units")
        group["id"], group["spike_times"], group["spike_times_index"] = ids, times, np.cumsum(counts)
        group["area"] = np.where(np.arange(len(ids)) % 3 == 1, "V1", "CA1").astype(object)


def as_our_export(path: Path, times: np.ndarray, units: np.ndarray) -> None:
    table = pd.DataFrame({"population": "units", "id": np.arange(UNITS)})
    rec = spikeboard.recording("a", times / 1e3, units, table, t_start=0.0, t_stop=30.0)
    exchange.export(rec, path.parent / f"{len(times)}", "npz").path.replace(path)


FORMS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "spikes.csv": (as_csv, {}),
    "spikes.parquet": (as_parquet, {}),
    "spikes.h5": (as_sonata, {}),
    "fields.npy": (as_fields, {}),
    "columns.npy": (as_columns, {"time_unit": "ms"}),
    "stored.npz": (as_stored, {}),
    "packed.npz": (as_packed, {}),
    "array.npz": (as_one_array, {"time_unit": "ms"}),
    "units.nwb": (as_nwb, {}),
    "export.npz": (as_our_export, {}),
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
    patch.setattr(hdf5, "BLOCK", 500)
    patch.setattr(text, "CHUNK", 3000)
    patch.setattr(parquet, "BATCH", 170)
    patch.setattr(npy, "BLOCK", 700)


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


TIMES = st.sampled_from([0.0, -0.0, 0.5, 0.25, 3.0, 7.5, np.nan, np.inf, -np.inf])
TRAINS = st.lists(st.lists(TIMES, max_size=12), min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(TRAINS, st.integers(0, 3), st.lists(st.integers(0, 2), min_size=9, max_size=9), st.booleans())
def test_units_of_nwb_are_the_same_in_pieces_however_odd(
    some: list[list[float]], beyond: int, ids: list[int], by_area: bool
) -> None:
    """Empty units, one spike, disorder, times that are none, units of one id, spikes after the end of the index."""
    counts, times = np.array([len(train) for train in some]), np.array([*chain(*some), *[1.0] * beyond])
    options = {"population_column": "area"} if by_area else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "units.nwb"
        trains(path, times, counts, np.array(ids[: len(some)]))
        at_once = read_source(path, **options)
        for piece in (1, 2, 5):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(columns, "PIECE", piece)
                patch.setattr(columns, "IN_MEMORY", 8)
                patch.setattr(hdf5, "BLOCK", 24)
                same(read_source(path, **options), at_once)
    # And it is what NumPy makes of the trains.
    finite = [np.sort(np.array(train)[np.isfinite(train)]) for train in some]
    order = np.argsort(by_area & (np.arange(len(some)) % 3 == 1), kind="stable")
    for row, unit in enumerate(order):
        train = at_once.train_ticks[at_once.train_offsets[row] : at_once.train_offsets[row + 1]]
        np.testing.assert_array_equal(train, np.rint(finite[unit] * 1e9))
    back = sum(any(a > b for a, b in pairwise(train)) for train in some)
    lost = len(times) - beyond - sum(map(len, finite))
    said = "\n".join(at_once.notes)
    assert (f"spikes of {back} of the units were not in order" in said) == (back > 0)
    assert (f"{lost} spike times are no numbers" in said) == (lost > 0)
    assert (f"{beyond} of {len(times)} spike times belong to no unit" in said) == (beyond > 0)


def test_a_large_array_that_is_damaged_is_refused_alike(tmp_path: Path) -> None:
    times, units = spikes("by time")
    for write in (as_stored, as_packed):
        write(tmp_path / "a.npz", times, units)
        whole = bytearray((tmp_path / "a.npz").read_bytes())
        whole[len(whole) // 5] ^= 255
        (tmp_path / "a.npz").write_bytes(whole)
        with pytest.raises(RecordingError) as at_once:
            read_source(tmp_path / "a.npz")
        with pytest.MonkeyPatch.context() as patch, pytest.raises(RecordingError) as streamed:
            in_small_pieces(patch)
            read_source(tmp_path / "a.npz")
        assert str(streamed.value) == str(at_once.value) and "damaged" in str(at_once.value)


@pytest.mark.parametrize("write", [as_stored, as_packed])
def test_an_array_is_unpacked_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., None]
) -> None:
    write(tmp_path / "a.npz", *spikes("by time"))
    taken: list[int] = []
    plain = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: taken.append(n) or plain(self, n))
    in_small_pieces(monkeypatch)
    found = npy.load(tmp_path / "a.npz", ["time_ms", "unit"])
    assert all(isinstance(values, np.memmap) for values in found.values())
    assert min(taken) > 0 and max(taken) <= 700


@pytest.mark.parametrize(
    "form", ["stored.npz", "packed.npz", "units.nwb", "spikes.h5", "export.npz", "fields.npy"]
)
def test_memory_does_not_grow_with_the_spikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    write, options = FORMS[form]
    monkeypatch.setattr(columns, "PIECE", 4096)
    monkeypatch.setattr(columns, "IN_MEMORY", 2**15)
    monkeypatch.setattr(hdf5, "BLOCK", 2**15)
    monkeypatch.setattr(npy, "BLOCK", 2**15)
    rng, most = np.random.default_rng(5), []
    for number in (50_000, 50_000, 200_000):  # the first time modules are loaded
        write(tmp_path / form, rng.random(number) * 2e4, rng.integers(0, UNITS, number))
        read = recognise(tmp_path / form).read
        tracemalloc.start()
        rec = read(tmp_path / form, **options)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(rec.spike_times) == number
    assert most[2] < 1.5 * most[1]
