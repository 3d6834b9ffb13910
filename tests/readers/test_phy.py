"""Folders of Phy and Kilosort: against their truth, made by hand with known answers, hostile ones, and mutated ones."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import recognise
from spikeboard.readers.phy import read, sniff
from spikeboard.readers.phy_params import read_params
from spikeboard.readers.unit_table import as_texts, values_of

PARAMS = (
    "dat_path = r'C:\\data\\run.dat'\nn_channels_dat = 4\ndtype = 'int16'\noffset = 0\nsample_rate = 20000.\n"
)
SAMPLES = [40, 100, 100, 300, 1000, 1500]
CURATED = [7, 2, 2, 7, 11, 2]


def folder_of(path: Path, files: dict[str, Any]) -> Path:
    """A Phy folder; what is None is left out."""
    defaults: dict[str, Any] = {
        "spike_times.npy": np.array(SAMPLES, np.uint64)[:, None],
        "spike_clusters.npy": np.array(CURATED, np.int32),
        "params.py": PARAMS,
    }
    path.mkdir()
    for name, content in {**defaults, **files}.items():
        if isinstance(content, np.ndarray):
            np.save(path / name, content)
        elif content is not None:
            (path / name).write_text(content, encoding="utf-8")
    return path


def ids_of(rec: spikeboard.Recording) -> np.ndarray:
    return rec.units["id"].to_numpy()[rec.spike_rows]


def noted(rec: spikeboard.Recording, *words: str) -> bool:
    return any(all(word in note for word in words) for note in rec.notes)


def test_an_export_of_spikeinterface_agrees_with_its_truth(shared_data: Path, truthcheck: ModuleType) -> None:
    name = "phy_spikeinterface_export"
    rec = spikeboard.open(shared_data / name, t_stop=20.0)
    truth = json.loads((shared_data / name / "truth.json").read_text())
    clusters = truth["populations"][0]
    samples = np.rint(rec.spike_times * 30_000)
    assert truthcheck.check(name, "clusters", ids_of(rec), samples) == []
    assert (rec.t_start, rec.t_stop, rec.sampling_rate) == (0.0, 20.0, 30_000.0)
    assert len(rec.units) == clusters["n_units_with_spikes"]
    assert len(rec.spike_times) / len(rec.units) / 20 == pytest.approx(clusters["mean_rate_hz"])
    for unit, said in clusters["units"].items():
        intervals = np.diff(rec.spike_times[ids_of(rec) == int(unit)])
        assert intervals.mean() == pytest.approx(said["isi_mean_s"])
        assert intervals.std() / intervals.mean() == pytest.approx(said["cv"])
    assert list(rec.units["group"]) == ["unsorted"] * 6
    assert list(rec.units["si_unit_id"]) == list(range(6))
    assert rec.notes == ()


def test_places_and_amplitudes_are_those_of_a_plain_loop(shared_data: Path) -> None:
    folder = shared_data / "phy_spikeinterface_export"
    rec = read(folder)
    templates, clusters = np.load(folder / "templates.npy"), np.load(folder / "spike_clusters.npy").ravel()
    positions, amplitudes = (
        np.load(folder / "channel_positions.npy"),
        np.load(folder / "amplitudes.npy").ravel(),
    )
    for unit in range(6):
        peak = int(np.argmax(templates[unit].max(axis=0) - templates[unit].min(axis=0)))
        row = rec.units.iloc[unit]
        assert (row["channel"], row["x"], row["depth"]) == (peak, *positions[peak])
        assert row["amplitude"] == pytest.approx(amplitudes[clusters == unit].mean())


def test_curated_clusters_come_before_templates(tmp_path: Path) -> None:
    templates = np.array([0, 1, 1, 0, 2, 1], np.int32)
    rec = read(folder_of(tmp_path / "both", {"spike_templates.npy": templates}))
    assert list(rec.units["id"]) == [2, 7, 11]
    assert list(rec.counts) == [3, 2, 1]
    assert rec.train_ticks.tolist() == [100, 100, 1500, 40, 300, 1000]
    assert not noted(rec, "spike_clusters.npy is not in the folder")
    alone = read(
        folder_of(tmp_path / "alone", {"spike_clusters.npy": None, "spike_templates.npy": templates})
    )
    assert list(alone.units["id"]) == [0, 1, 2]
    assert noted(alone, "without curation")


def test_duplicates_are_kept_and_said(tmp_path: Path) -> None:
    rec = read(folder_of(tmp_path / "run", {}))
    assert len(rec.spike_times) == 6
    assert noted(rec, "1 spike is an exact duplicate", "was kept")


@pytest.mark.parametrize("dtype", [np.uint64, np.int64, np.int32, np.uint32, np.float64])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_times_of_any_width_and_shape_are_the_same_spikes(
    tmp_path: Path, dtype: type, shape: tuple[int, ...]
) -> None:
    rec = read(folder_of(tmp_path / "run", {"spike_times.npy": np.array(SAMPLES, dtype).reshape(shape)}))
    assert sorted(rec.train_ticks) == SAMPLES
    assert rec.spike_times.tolist() == [sample / 20_000 for sample in SAMPLES]


def test_the_end_is_that_of_the_raw_recording_where_it_lies_in_the_folder(tmp_path: Path) -> None:
    without = read(folder_of(tmp_path / "without", {}))
    assert without.t_stop == 1501 / 20_000
    assert noted(without, "t_stop is not in the folder", "t_stop=…")
    folder = folder_of(tmp_path / "with", {})
    (folder / "run.dat").write_bytes(bytes(4 * 2 * 40_000))
    rec = read(folder)
    assert rec.t_stop == 2.0
    assert not noted(rec, "t_stop")


def test_labels_come_from_every_table(tmp_path: Path) -> None:
    rec = read(
        folder_of(
            tmp_path / "run",
            {
                "cluster_group.tsv": "cluster_id\tgroup\n2\tgood\n7\tmua\n99\tnoise\n",
                "cluster_KSLabel.tsv": "cluster_id\tKSLabel\n2\tmua\n7\tmua\n11\tgood\n",
                "cluster_ContamPct.tsv": "cluster_id\tContamPct\n2\t0.5\n11\t12\n",
                "cluster_info.tsv": "cluster_id\tch\tdepth\tgroup\tid\n"
                "2\t30\t610.5\tgood\t1\n7\t4\t80\tgood\t2\n11\t5\t1\t\t3\n",
            },
        )
    )
    units = rec.units
    assert list(units["group"]) == ["good", "mua", ""]
    assert list(units["KSLabel"]) == ["mua", "mua", "good"]
    assert units["ContamPct"].tolist()[::2] == [0.5, 12.0] and np.isnan(units["ContamPct"][1])
    assert list(units["channel"]) == [30, 4, 5]
    assert list(units["depth"]) == [610.5, 80.0, 1.0]
    assert list(units["id"]) == [2, 7, 11] and list(units["id (in the file)"]) == [1, 2, 3]
    assert noted(rec, "cluster_group.tsv", "no spikes (99)")
    assert noted(rec, "cluster_info.tsv", "'group'", "cluster 7")
    assert noted(rec, "1 of 3 clusters lack a group", "'KSLabel'")


def test_a_sorters_label_in_cluster_group_is_not_a_persons(tmp_path: Path) -> None:
    rec = read(
        folder_of(tmp_path / "run", {"cluster_group.tsv": "cluster_id\tKSLabel\n2\tgood\n7\tmua\n11\tgood\n"})
    )
    assert "group" not in rec.units
    assert list(rec.units["KSLabel"]) == ["good", "mua", "good"]
    assert noted(rec, "no cluster has a group from curation", "'KSLabel'")


def test_a_column_can_make_the_populations(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", {"cluster_group.tsv": "cluster_id\tgroup\n2\tgood\n11\tgood\n"})
    assert list(read(folder).populations["name"]) == ["units"]
    rec = read(folder, population_column="group")
    assert list(rec.populations["name"]) == ["good", "unlabelled"]
    assert list(rec.units["id"]) == [2, 11, 7]
    assert rec.train_ticks.tolist() == [100, 100, 1500, 1000, 40, 300]
    with pytest.raises(RecordingError, match="no such column; they have 'group'"):
        read(folder, population_column="depth")


def test_sparse_templates_and_channel_maps_lead_to_the_channel(tmp_path: Path) -> None:
    templates = np.zeros((3, 5, 2))
    templates[0, :, 1] = [0, -4, 2, 0, 0]
    templates[1, :, 0] = [0, -3, 1, 0, 0]
    templates[2, :, 1] = [0, -1, 0, 0, 0]
    rec = read(
        folder_of(
            tmp_path / "run",
            {
                "spike_templates.npy": np.array([0, 1, 1, 0, 2, 0], np.int32),
                "templates.npy": templates,
                "templates_ind.npy": np.array([[0, 2], [1, 3], [3, 0]]),
                "channel_map.npy": np.array([[10], [11], [12], [13]]),
                "channel_positions.npy": np.array([[0.0, 5], [1, 15], [2, 25], [3, 35]]),
            },
        )
    )
    # Cluster 2 was found twice with template 1, once with template 0.
    assert list(rec.units["channel"]) == [11, 12, 10]
    assert list(rec.units["depth"]) == [15.0, 25.0, 5.0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("templates.npy", np.zeros((1, 5, 4))),
        ("templates.npy", np.zeros((3, 5))),
        ("amplitudes.npy", np.zeros(5)),
        ("channel_map.npy", np.zeros(1, int)),
        ("spike_templates.npy", np.zeros(2, int)),
    ],
)
def test_a_further_file_that_does_not_fit_is_left_out_and_said(
    tmp_path: Path, name: str, content: np.ndarray
) -> None:
    files = {
        "spike_templates.npy": np.array([0, 1, 1, 0, 2, 1]),
        "templates.npy": np.random.default_rng(1).normal(size=(3, 5, 4)),
        name: content,
    }
    rec = read(folder_of(tmp_path / "run", files))
    assert len(rec.spike_times) == 6
    assert noted(rec, "left out", name)


def test_params_are_read_and_never_run(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    lines = f"import os\nsample_rate = 25000\nos.mkdir({str(canary)!r})\nsample_rate = eval('1')\n"
    folder = folder_of(tmp_path / "run", {"params.py": lines})
    with pytest.raises(Undecided, match="not run"):
        read(folder)
    (folder / "params.py").write_text(lines.rsplit("sample_rate", 1)[0])
    rec = read(folder)
    assert rec.sampling_rate == 25_000
    assert noted(rec, "2 lines of params.py", "nothing of it is run", "import os")
    assert not canary.exists()


@pytest.mark.parametrize(
    "text", ["0", "-30000", "1e400", "float('nan')", "True", "'30000'", "(" * 900, "-" * 900 + "1"]
)
def test_no_rate_is_taken_from_what_is_none(tmp_path: Path, text: str) -> None:
    folder = folder_of(tmp_path / "run", {"params.py": f"sample_rate = {text}\n"})
    with pytest.raises(RecordingError, match="sample_rate"):
        read(folder)
    rec = read(folder, sampling_rate="20000")
    assert rec.sampling_rate == 20_000


def test_where_nothing_tells_the_rate_it_is_asked_with_what_each_answer_implies(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", {"params.py": None})
    with pytest.raises(Undecided) as caught:
        read(folder)
    (question,) = caught.value.questions
    assert question.name == "sampling_rate"
    first = question.choices[0]
    assert first.value == "30000" and "40 Hz per unit" in first.implies and "0.05 s" in first.implies
    assert read(folder, sampling_rate=first.value).sampling_rate == 30_000


def test_an_answer_that_overrules_the_folder_is_noted(tmp_path: Path) -> None:
    assert noted(read(folder_of(tmp_path / "run", {}), sampling_rate=10_000), "20000.0", "overruled")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"spike_clusters.npy": np.zeros(0, int)}, "left it empty"),
        ({"spike_clusters.npy": np.zeros(5, int)}, "it is cut"),
        ({"spike_clusters.npy": None}, "whose the spikes are"),
        ({"spike_clusters.npy": np.zeros((6, 2), int)}, "one value per spike"),
        ({"spike_clusters.npy": np.full(6, 2**63, np.uint64)}, "no sorter counts so far"),
        ({"spike_times.npy": np.array(SAMPLES) / 20_000}, "samples, not seconds"),
        ({"spike_times.npy": np.array([*SAMPLES[:5], np.nan])}, "no whole numbers"),
        ({"spike_times.npy": np.array(["1"] * 6)}, "no numbers"),
        ({"spike_times.npy": "text"}, "spike_times.npy is damaged"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    tmp_path: Path, files: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        read(folder_of(tmp_path / "run", files))


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", {"spike_clusters.npy": None})
    np.save(folder / "spike_clusters.npy", np.array([{}] * 6, object), allow_pickle=True)
    with pytest.raises(RecordingError, match="pickled"):
        read(folder)


@pytest.mark.parametrize("name", ["spike_times.npy", "params.py", "templates.npy", "cluster_group.tsv"])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    outside = folder_of(tmp_path / "outside", {"cluster_group.tsv": "cluster_id\tgroup\n2\tsecret\n"})
    np.save(outside / "templates.npy", np.zeros((3, 5, 4)))
    folder = folder_of(tmp_path / "run", {"spike_templates.npy": np.zeros(6, int)})
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside / name)
    try:
        rec = read(folder)
    except RecordingError as problem:
        assert "leads out of its folder" in str(problem)
    else:
        assert noted(rec, name, "leads out of")
        assert not {"group", "channel"} & set(rec.units)


def outcome(folder: Path) -> tuple[str, int]:
    """What becomes of a folder, and how many of its clusters are unlabelled; a question is a warning."""
    try:
        rec = read(folder)
    except Undecided:
        return "warn", 0
    except RecordingError as problem:
        assert 20 < len(str(problem)) < 500
        return "refuse", 0
    odd = [note for note in rec.notes if "t_stop" not in note and "group from curation" not in note]
    return "warn" if odd else "accept", sum(not group for group in rec.units.get("group", [""]))


def test_proposed_outcomes_of_hostile_folders(hostile: Path, expected: dict[str, dict[str, Any]]) -> None:
    """One exception: a label of a cluster that does not exist is said, where EXPECT.json would accept it in silence."""
    names = [name for name in expected if name.startswith("phy/")]
    found = {name: outcome(hostile / name) for name in names}
    exceptions = {"phy/tsv_missing_clusters": "warn"}
    assert {name: what for name, (what, _) in found.items()} == {
        name: exceptions.get(name, expected[name]["expect"]) for name in names
    }
    assert found["phy/tsv_missing_clusters"][1] == expected["phy/tsv_missing_clusters"]["facts"]["unlabelled"]
    assert not list(Path(tempfile.gettempdir()).glob("spike_canary_*"))


def test_numbers_are_numbers_and_text_stays_text() -> None:
    assert values_of(["1", "2"]).dtype == np.int64
    assert values_of(["1", None]).tolist()[0] == 1.0
    assert values_of(["a", None, "3"]).tolist() == ["a", "", "3"]
    assert values_of([None, None]).tolist() == ["", ""]
    assert values_of(["9" * 400, "1"]).tolist()[1] in ("1", 1.0)
    assert as_texts(["x" * 3000])[0].endswith("(3,000 characters)")


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_any_params_are_read_without_harm(text: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "params.py"
        path.write_text(text, encoding="utf-8", errors="replace")
        params = read_params(path)
        try:
            assert params.rate is None or params.rate > 0
        except RecordingError as problem:
            assert "sample_rate" in str(problem)


@settings(max_examples=60)
@given(
    file=st.sampled_from(
        ["spike_times.npy", "spike_clusters.npy", "templates.npy", "cluster_group.tsv", "params.py"]
    ),
    at=st.floats(0, 1, exclude_max=True),
    new=st.binary(min_size=1, max_size=8),
    cut=st.booleans(),
)
def test_a_mutated_folder_opens_or_gives_one_sentence(file: str, at: float, new: bytes, cut: bool) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = folder_of(
            Path(made) / "run",
            {
                "cluster_group.tsv": "cluster_id\tgroup\n2\tgood\n7\tmua\n",
                "spike_templates.npy": np.array([0, 1, 1, 0, 2, 1]),
                "templates.npy": np.ones((3, 2, 2)),
            },
        )
        raw = (folder / file).read_bytes()
        place = int(at * len(raw))
        (folder / file).write_bytes(raw[:place] + new + (b"" if cut else raw[place + len(new) :]))
        try:
            rec = read(folder)
        except RecordingError as problem:
            assert str(problem)
        else:
            assert rec.train_offsets[-1] == len(rec.spike_times) <= 6


def test_only_such_folders_are_recognised(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", {})
    assert sniff(folder) and recognise(folder).name == "Phy and Kilosort"
    assert not sniff(tmp_path) and not sniff(folder / "spike_times.npy") and not sniff(tmp_path / "nowhere")


def test_it_opens_again_from_its_store(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "run", {"cluster_group.tsv": "cluster_id\tgroup\n2\tgood\n7\t=1+1\n"})
    first = spikeboard.open(folder)
    shutil.rmtree(tmp_path / "kept", ignore_errors=True)
    again = spikeboard.open(folder)
    assert again.digest == first.digest and list(again.units["group"]) == ["good", "=1+1", ""]
