from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from spikeboard import from_monitors
from spikeboard.errors import RecordingError, Undecided
from spikeboard.spike_tensors import is_binary, tensor

SPIKES = np.random.default_rng(1).random((50, 3, 8)) < 0.2


class Torchlike:
    """What a tensor on a device offers."""

    is_sparse = False

    def __init__(self, values: np.ndarray):
        self.values = values
        self.shape = values.shape

    def detach(self) -> Torchlike:
        return self

    def cpu(self) -> Torchlike:
        return self

    def numpy(self) -> np.ndarray:
        return self.values


@pytest.mark.parametrize("wrap", [lambda values: values, Torchlike])
def test_a_tensor_in_memory_is_a_recording(wrap: Any) -> None:
    rec = from_monitors(wrap(SPIKES), axes="TBN", dt=1e-3)
    assert rec.populations["size"].tolist() == [8] and rec.t_stop == pytest.approx(0.15)
    in_turn = SPIKES.transpose(1, 0, 2).reshape(150, 8)
    assert np.array_equal(rec.counts, in_turn.sum(axis=0))
    assert [np.diff(rec.train_offsets).sum(), *rec.train_ticks[:3]] == [
        SPIKES.sum(),
        *np.flatnonzero(in_turn[:, 0])[:3],
    ]
    with pytest.raises(Undecided) as asked:
        from_monitors(wrap(SPIKES))
    assert [question.name for question in asked.value.questions] == ["axes", "dt"]


def test_a_dictionary_of_layers_has_its_names() -> None:
    rec = from_monitors({"hidden": SPIKES, "v": SPIKES * 0.5}, axes="TBN", dt=1e-3, batch="populations")
    assert rec.populations["name"].tolist() == ["hidden[0]", "hidden[1]", "hidden[2]"]
    assert np.array_equal(rec.states["hidden[1].v"].values, SPIKES[:, 1] * 0.5)
    assert rec.states["hidden[1].v"].rows.tolist() == list(rec.rows_of("hidden[1]"))


def test_layers_of_different_width_tell_which_axis_is_time() -> None:
    rasters = {"L4e": SPIKES[:, 0, :5], "L4i": SPIKES[:, 0]}
    rec = from_monitors(rasters, dt=1e-4)
    assert rec.populations["size"].tolist() == [5, 8] and any(
        "first axis was taken as time" in n for n in rec.notes
    )
    with pytest.raises(Undecided):
        from_monitors({"a": SPIKES[:, 0], "b": SPIKES[:, 1]}, dt=1e-4)


def test_the_column_of_sc_neurocore_is_a_recording() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sc_neurocore.network import CorticalColumn

        rasters = CorticalColumn(scale=0.005, seed=1).simulate(20.0, dt=0.1)
    rec = from_monitors(rasters, dt=1e-4)
    assert rec.populations["name"].tolist() == list(rasters)
    for name, raster in rasters.items():
        rows = rec.rows_of(name)
        assert np.array_equal(rec.counts[rows.start : rows.stop], raster.sum(axis=0))
    assert rec.t_stop == pytest.approx(0.02)


def test_the_trace_of_a_spike_tracer_is_a_recording() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sc_neurocore.debug.tracer import SpikeTracer
        from sc_neurocore.network import Network, PoissonInput, Population

        cells, others = (
            Population("LapicqueNeuron", 6, label="cells"),
            Population("LapicqueNeuron", 2, label="others"),
        )
        drive = PoissonInput(6, 400.0, 8.0, seed=5)
        drive.target = cells
        trace = SpikeTracer(Network(cells, others, drive, seed=1)).run(duration=0.2, dt=1e-3)
    rec = from_monitors(trace, dt=1e-3)
    assert rec.populations[["name", "size"]].to_numpy().tolist() == [["cells", 6], ["others", 2]]
    assert np.array_equal(rec.counts, trace.spikes.sum(axis=0)) and trace.spikes.sum() > 0
    assert np.array_equal(rec.states["cells.v"].values, trace.voltages[:, :6])
    assert np.array_equal(rec.states["others.current"].values, trace.currents[:, 6:])
    assert rec.t_stop == pytest.approx(0.2)


def test_what_is_no_array_of_spikes_is_told() -> None:
    with pytest.raises(RecordingError, match="no array holds 0 and 1 alone"):
        from_monitors(SPIKES * 0.5, axes="TBN", dt=1e-3)
    with pytest.raises(RecordingError, match="a str among arrays"):
        from_monitors({"a": SPIKES, "b": "x"}, axes="TBN", dt=1e-3)
    with pytest.raises(RecordingError, match="give the simulation step"):
        from_monitors({"a": 1})


@pytest.mark.parametrize(
    ("values", "binary"),
    [
        ([0, 1], True),
        ([0.0, 1.0], True),
        ([0, 2], False),
        ([np.nan, 1], False),
        ([-1, 0], False),
        ([True], True),
    ],
)
def test_only_zeros_and_ones_are_spikes(values: list[Any], binary: bool) -> None:
    assert is_binary(np.array(values)) is binary
    assert is_binary(np.repeat(np.array(values), 5_000_000)) is binary
    assert tensor("line", np.array(values)) is None
