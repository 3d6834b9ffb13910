from __future__ import annotations

import codecs
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spikeboard
from spikeboard.errors import RecordingError, Undecided
from spikeboard.readers import recognise, table, table_rows, text
from spikeboard.readers.table_rows import unit_ids
from spikeboard.recording import Recording

SHA_ALONE = ["spikes_sha256 differs (bit-exact; harmless if only float rounding differs)"]


def written(folder: Path, content: str | bytes, name: str = "spikes.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def opened(path: Path, **options: Any) -> Recording:
    """Opened as a user does, by content."""
    assert recognise(path).name == "CSV and text tables"
    return spikeboard.open(path, **options)


def pairs(rec: Recording) -> list[tuple[float, Any]]:
    """(time, id) of every spike, in order of time."""
    ids = rec.units["id"].to_numpy()
    return [
        (time, ids[row]) for time, row in zip(rec.spike_times.tolist(), rec.spike_rows.tolist(), strict=True)
    ]


def in_file(path: Path, population: int | None = None, **columns: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids and times as the file has them."""
    spikes = table.spike_list(path, **columns)
    mine = (
        slice(None) if population is None or spikes.populations is None else spikes.populations == population
    )
    return spikes.ids[spikes.units][mine], spikes.times[mine]


# --- the recordings of other programs, against their truth --------------------------------------------------------

TRUE = {
    "csv_izhnet/spikes.csv": ("csv_izhnet", "spikes", {}),
    "sonata_onepop_4ways/spikes.one_pop.csv": ("sonata_onepop_4ways", "spikes.one_pop.csv", {}),
    "sonata_onepop_4ways/spikes.noheader.nopop.csv": (
        "sonata_onepop_4ways",
        "spikes.noheader.nopop.csv",
        {"time_unit": "ms"},
    ),
    "bmtk_450cells_replay/output_full/spikes.csv": (
        "bmtk_450cells_replay",
        "output_full/spikes.csv",
        {"t_stop": 3.0, "n_units": 450},
    ),
    "scneurocore_net/spikes_exc.csv": ("scneurocore_net", "exc", {"dt": 1e-3, "n_units": 80}),
}


@pytest.mark.parametrize("file", TRUE)
def test_a_list_of_another_program_holds_what_its_truth_says(
    shared_data: Path, truthcheck: ModuleType, file: str
) -> None:
    folder, population, options = TRUE[file]
    ids, times = in_file(shared_data / file)
    assert truthcheck.check(folder, population, ids, times) == []
    agree_with_truth(opened(shared_data / file, **options), truth(shared_data, folder, population))


def truth(shared_data: Path, folder: str, population: str) -> dict[str, Any]:
    known = json.loads((shared_data / folder / "truth.json").read_text(encoding="utf-8"))["populations"]
    return next(found for found in known if found["population"] == population)


def agree_with_truth(rec: Recording, true: dict[str, Any], rows: slice = slice(None)) -> None:
    """Window, units, mean rate and the intervals of three units, in seconds."""
    units = rec.units.iloc[rows]
    counts = rec.counts[rows]
    assert counts.sum() == true["n_spikes"]
    assert np.count_nonzero(counts) == true["n_units_with_spikes"]
    assert len(units) == true.get("n_units_total", true["n_units_with_spikes"])
    assert rec.t_start == true["t_start_s"]
    assert rec.t_stop == pytest.approx(true["t_stop_s"], rel=1e-12)
    assert counts.sum() / len(units) / rec.duration == pytest.approx(true["mean_rate_hz"], rel=1e-9)
    for unit, said in true["units"].items():
        row = units.index[units["id"].astype(str) == unit][0]
        train = rec.spike_times[rec.spike_rows == row]
        assert (train[0], train[-1]) == pytest.approx((said["first_s"], said["last_s"]), rel=1e-12)
        if "cv" in said:
            intervals = np.diff(train)
            assert intervals.mean() == pytest.approx(said["isi_mean_s"], rel=1e-9)
            assert intervals.min() == pytest.approx(said["isi_min_s"], rel=1e-6)
            assert intervals.std() / intervals.mean() == pytest.approx(said["cv"], rel=1e-9)


@pytest.mark.parametrize(("at", "population"), [(0, "lgn"), (1, "tw")])
def test_two_populations_of_a_sonata_list_hold_what_their_truth_says(
    shared_data: Path, truthcheck: ModuleType, at: int, population: str
) -> None:
    path = shared_data / "sonata_multipop" / "spikes.multipop.csv"
    # The hash is of the HDF5 twin, whose times differ in the last bit; pandas is the oracle of the rest.
    assert truthcheck.check("sonata_multipop", population, *in_file(path, at)) in ([], SHA_ALONE)
    rec = opened(path, t_stop=3.0)
    true = truth(shared_data, "sonata_multipop", population) | {"t_stop_s": 3.0}
    true["mean_rate_hz"] = true["n_spikes"] / true["n_units_with_spikes"] / 3.0
    found = rec.rows_of(population)
    agree_with_truth(rec, true, slice(found.start, found.stop))


def test_every_value_of_a_large_list_is_read_to_the_last_bit(shared_data: Path) -> None:
    path = shared_data / "sonata_multipop" / "spikes.multipop.csv"
    lines = [line.split(" ") for line in path.read_text(encoding="ascii").splitlines()[1:]]
    spikes = table.spike_list(path)
    assert spikes.times.tolist() == [float(time) for time, _, _ in lines]
    assert spikes.ids[spikes.units].tolist() == [int(unit) for _, _, unit in lines]
    assert spikes.populations is not None
    named = [spikes.population_names[code] for code in spikes.populations]
    assert named == [population for _, population, _ in lines]


def test_an_id_first_list_without_header_holds_what_brian_wrote(shared_data: Path) -> None:
    path = shared_data / "brian2_cuba" / "spikes_first100ms.txt"
    oracle = np.loadtxt(path)
    with pytest.raises(Undecided) as asked:
        opened(path)
    offered = {choice.value: choice.implies for choice in asked.value.questions[0].choices}
    assert offered.keys() == {"s", "ms"} and "13.2 Hz" in offered["ms"]
    rec = opened(path, time_unit="ms")
    assert len(oracle) == 2489 == len(rec.spike_times)
    assert pairs(rec) == sorted(zip((oracle[:, 1] / 1e3).tolist(), oracle[:, 0].tolist(), strict=True))
    assert any("column 2 is the time, column 1 the unit" in note for note in rec.notes)


def test_the_steps_of_sc_neurocore_ask_for_dt(shared_data: Path) -> None:
    with pytest.raises(Undecided) as asked:
        opened(shared_data / "scneurocore_net" / "spikes_exc.csv")
    (question,) = asked.value.questions
    assert question.name == "dt"
    assert "24.9 Hz" in {choice.value: choice.implies for choice in question.choices}["0.001"]


@pytest.mark.parametrize("name", ["PySpike_testdata.txt", "SPIKE_Sync_Test.txt"])
def test_a_train_per_row_is_no_list_and_that_is_said(shared_data: Path, name: str) -> None:
    with pytest.raises(RecordingError, match="whole spike trains per row are not read"):
        table.read(shared_data / "txt_pyspike" / name)


# --- malformed and hostile files ----------------------------------------------------------------------------------

# What must be answered before the file opens; {} where nothing is asked.
OPENS: dict[str, dict[str, Any]] = {
    "plain.csv": {},
    "plain.csv.gz": {},
    "header_only.csv": {},
    "sci_seconds.csv": {},
    "duplicate_header.csv": {"time_column": "1", "unit_column": "3", "time_unit": "s"},
    **{
        name: {"time_unit": "ms"}
        for name in (
            *(
                "no_header.csv",
                "swapped.csv",
                "one_column.csv",
                "semicolon_decimal_comma.csv",
                "tab.tsv",
                "bom.csv",
            ),
            *(
                "spaces_aligned.txt",
                "utf16.csv",
                "latin1.csv",
                "comments.csv",
                "quoted.csv",
                "nan_neg_dup.csv",
            ),
            *(
                "ragged.csv",
                "float_ids.csv",
                "string_ids.csv",
                "hostile_ids.csv",
                "huge_ids.csv",
                "nul_bytes.csv",
            ),
            *("leading_zero_ids.csv", "not_gzip.csv.gz"),
        )
    },
}
# Where the proposal is "warn", the words that tell the user.
WARNED = {
    "no_header.csv": "column 1 is the time, column 2 the unit",
    "swapped.csv": "column 2 is the time, column 1 the unit",
    "one_column.csv": "all spikes are of one unit",
    "semicolon_decimal_comma.csv": "decimal comma",
    "spaces_aligned.txt": "column 1 is the time, column 2 the unit",
    "utf16.csv": "read as UTF-16",
    "latin1.csv": "read as LATIN-1",
    "nan_neg_dup.csv": "6 of 1,008 rows were left out: line 1,002: its time is no finite number",
    "ragged.csv": "2 of 4 rows were left out: line 3: 1 fields instead of 2 (2.0); line 4: 4 fields",
    "huge_ids.csv": "all ids are kept as text",
    "leading_zero_ids.csv": "007 and 7 are two units",
    "nul_bytes.csv": "1 of 3 rows were left out: line 3",
    "not_gzip.csv.gz": "not compressed",
    "duplicate_header.csv": "columns not read: 'time', 'id'",
    "sci_seconds.csv": "seconds was taken",
}
REFUSED = {
    "empty.csv": "is empty",
    "newlines.csv": "no file that Spikeboard knows|only blank lines",
    "wrong_columns.csv": "no column is named like a time and a unit .*'price', 'volume', 'name'",
    "fraction_ids.csv": "unit ids must be whole numbers or names, but 2 are not .*1.5",
    "dates.csv": "turn dates into seconds",
    "binary.csv": "no file that Spikeboard knows",
    "one_long_line.csv": "first line is longer",
    "many_columns.csv": "5,000 columns",
    "dense_0_1_matrix.csv": "matrix of 0 and 1 with 30 columns",
    "gzip_bomb.csv.gz": "times as large as the compressed file",
    "truncated.csv.gz": "cut or damaged",
}
OVERRULED = {
    "dates.csv": "a date has no zero on the recording's clock, and often no time zone: the user must choose both",
    "dense_0_1_matrix.csv": "a matrix has neither times nor a step: said so, with the remedy, instead of a warning",
}


def test_every_hostile_table_has_its_outcome_here(expected: dict[str, dict[str, Any]]) -> None:
    proposed = {
        name.removeprefix("csv/"): case["expect"]
        for name, case in expected.items()
        if name.startswith("csv/")
    }
    assert proposed.keys() == OPENS.keys() | REFUSED.keys()
    for name, proposal in proposed.items():
        outcome = "refuse" if name in REFUSED else "warn" if name in WARNED else "accept"
        assert outcome == proposal or name in OVERRULED, name


@pytest.mark.parametrize("name", OPENS)
def test_a_hostile_table_opens_and_says_what_it_lost(
    hostile: Path, expected: dict[str, dict[str, Any]], name: str
) -> None:
    path, facts = hostile / "csv" / name, expected[f"csv/{name}"].get("facts", {})
    if OPENS[name]:
        with pytest.raises(Undecided):
            opened(path)
    rec = opened(path, **OPENS[name])
    n_spikes = facts.get(
        "n_spikes", facts.get("n_spikes_finite", facts.get("good_rows", len(rec.spike_times)))
    )
    assert len(rec.spike_times) == n_spikes
    assert len(rec.units) == facts.get("n_units", len(rec.units))
    assert any(WARNED.get(name, "") in note for note in rec.notes), rec.notes


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_table_is_refused_in_one_sentence(hostile: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=REFUSED[name]) as refused:
        spikeboard.open(
            hostile / "csv" / name, time_unit="ms"
        ) if name == "fraction_ids.csv" else spikeboard.open(hostile / "csv" / name)
    assert len(str(refused.value)) < 500


def test_the_same_spikes_in_thirteen_spellings_are_the_same_recording(hostile: Path) -> None:
    plain = opened(hostile / "csv" / "plain.csv")
    same = (
        "plain.csv.gz no_header.csv swapped.csv semicolon_decimal_comma.csv tab.tsv spaces_aligned.txt bom.csv "
        "utf16.csv latin1.csv comments.csv quoted.csv float_ids.csv"
    )
    for name in same.split():
        assert opened(hostile / "csv" / name, **OPENS[name]).digest == plain.digest, name


def test_hostile_names_come_through_as_they_are(hostile: Path) -> None:
    rec = opened(hostile / "csv" / "hostile_ids.csv", time_unit="s")
    assert [name for _, name in pairs(rec)] == [
        "<img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "a,b",
        "line\nbreak",
        "\u202eevil",
    ]


def test_huge_ids_stay_apart(hostile: Path) -> None:
    rec = opened(hostile / "csv" / "huge_ids.csv", time_unit="s")
    assert [name for _, name in pairs(rec)] == [
        str(2**40),
        str(2**53 + 1),
        str(2**53),
        str(2**64 - 1),
        str(2**70),
    ]


@pytest.mark.parametrize("name", ["csv/gzip_bomb.csv.gz", "csv/one_long_line.csv", "csv/many_columns.csv"])
def test_refusing_takes_little_memory(hostile: Path, name: str) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from spikeboard.readers import table\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: table.read(Path(sys.argv[1]))\n"
        "except ValueError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    grown = subprocess.run(
        [sys.executable, "-c", script, hostile / name],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(spikeboard.__file__).parents[1],
    )
    assert 0 <= int(grown.stdout) * 1024 < 150 * 2**20


def test_text_named_like_another_format_is_read_by_its_content(hostile: Path) -> None:
    rec = opened(hostile / "h5" / "text_named.h5", time_unit="s")
    assert pairs(rec) == [(1.0, 2)]
    assert "the file holds text, whatever its name says" in rec.notes
    assert not table.sniff(hostile / "h5" / "hdf5_named.csv")
    assert not table.sniff(hostile / "npy" / "pickle_named.csv")


# --- what a table may look like -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected_pairs"),
    [
        ("time_s,id\n0.5,3\n0.25,1\n", [(0.25, 1), (0.5, 3)]),
        ("id,time_s\n3,0.5\n1,0.25", [(0.25, 1), (0.5, 3)]),
        ("time_s;id\n0,5;3\n0,25;1\n", [(0.25, 1), (0.5, 3)]),
        ("time_s\tid\n0,5\t3\n0,25\t1\n", [(0.25, 1), (0.5, 3)]),
        ("time_s id\n0,5 3\n0,25 1\n", [(0.25, 1), (0.5, 3)]),
        ("time_s , id\n 0.5 , 3 \n 0.25 , 1 \n", [(0.25, 1), (0.5, 3)]),
        ("  time_s    id \n   0.5      3\n  0.25      1  \n", [(0.25, 1), (0.5, 3)]),
        ("time_s\r\tid\r0.5\t3\r0.25\t1\r".replace("\r\t", "\t"), [(0.25, 1), (0.5, 3)]),
        ("time_s,id,\n0.5,3,\n0.25,1,\n", [(0.25, 1), (0.5, 3)]),
        ("time_s,id\n0.5,3,\n0.25,1,\n", [(0.25, 1), (0.5, 3)]),
        ("# made by hand\n# time_s id\n0.5 3\n0.25 1\n", [(0.25, 1), (0.5, 3)]),
        ("# time_s,id\n5.0e-01 3.000000000000000000e+00\n2.5e-01 1.000e+00\n", [(0.25, 1), (0.5, 3)]),
        ('time_s,id\n+.5,3\n25e-2,-1\n"1.","0"\n', [(0.25, -1), (0.5, 3), (1.0, 0)]),
        ("time_s,trial,id\n0.5,9,3\n0.25,9,1\n", [(0.25, 1), (0.5, 3)]),
        ("step,time_s,id\n5,0.5,3\n2,0.25,1\n", [(0.25, 1), (0.5, 3)]),
        ("time_s,unit,i\n0.5,3,0\n0.25,1,1\n", [(0.25, 1), (0.5, 3)]),
        ("spike_time_seconds,electrode\n0.5,ch10\n0.25,ch9\n", [(0.25, "ch9"), (0.5, "ch10")]),
        ('time_s cell\n0.5 "a  b"\n0.25   "c d"\n', [(0.25, "c d"), (0.5, "a  b")]),
        ("time_s,id\n0.5,3\n\n% between\n0.25,1\n\n", [(0.25, 1), (0.5, 3)]),
        ('time_s,name\n0.5,"#1"\n0.25,b\n'.replace("name", "cell"), [(0.25, "b"), (0.5, "#1")]),
    ],
)
def test_a_list_is_read_however_it_is_written(tmp_path: Path, content: str, expected_pairs) -> None:
    assert pairs(opened(written(tmp_path, content))) == expected_pairs


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_list_is_read_in_any_encoding(tmp_path: Path, encoding: str, gzipped: bool) -> None:
    data = "time_ms,unité\n12.5,é\n13.5,b\n".encode(encoding)
    rec = opened(written(tmp_path, gzip.compress(data) if gzipped else data))
    assert pairs(rec) == [(0.0125, "é"), (0.0135, "b")]


def test_text_that_is_not_in_its_encoding_is_left_out_and_counted(tmp_path: Path) -> None:
    content = b"time_ms,cell\n" + b"1.5,a\n" * 20_000 + "2.5,\u00e9\n".encode("latin-1")
    rec = opened(written(tmp_path, content))
    assert rec.units["id"].tolist() == ["a"]
    assert any(
        "1 of 20,001 rows were left out: line 20,002: its unit cannot be read" in note for note in rec.notes
    )


def test_the_decimal_comma_is_never_a_separator_of_thousands(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, "time_s;id\n12,345;1\n"))
    assert pairs(rec) == [(12.345, 1)]
    assert any("decimal comma" in note for note in rec.notes)
    one = opened(written(tmp_path, "Zeit (s)\n12,345\n13,5\n", "one.csv"))
    assert one.spike_times.tolist() == [12.345, 13.5]
    with pytest.raises(RecordingError, match=r"a decimal comma \(12,5\), others a point \(1\.5\)"):
        opened(written(tmp_path, "time_s;id\n12,5;1\n1.5;1\n", "both.csv"))
    with pytest.raises(RecordingError, match="the column of times holds text"):
        opened(written(tmp_path, "time_s;id\n1.012,5;1\n", "thousands.csv"))


def test_a_point_among_decimal_commas_is_left_out_and_reported(tmp_path: Path) -> None:
    body = "".join(f"{k},5;1\n" for k in range(30_000))
    rec = opened(written(tmp_path, f"time_s;id\n{body}1.5;1\n"))
    assert len(rec.spike_times) == 30_000
    assert any("1 of 30,001 rows were left out: line 30,002" in note for note in rec.notes)


def test_sonata_lists_are_milliseconds_by_their_definition(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, "timestamps population node_ids\n136.6 v1 0\n1 tw 0\n"))
    assert rec.spike_times.tolist() == [0.001, 136.6 / 1e3]
    assert rec.populations["name"].tolist() == ["v1", "tw"]
    comma = opened(written(tmp_path, "node_ids,timestamps\n0,136.6\n", "comma.csv"))
    assert comma.spike_times.tolist() == [136.6 / 1e3]


def test_a_population_without_names_is_seen_between_time_and_unit(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, "136.6 v1 0\n137.5 v2 1\n"), time_unit="ms")
    assert [f"{p} {i}" for p, i in rec.units[["population", "id"]].itertuples(index=False)] == [
        "v1 0",
        "v2 1",
    ]
    assert any(
        "column 1 is the time, column 3 the unit, column 2 the population" in note for note in rec.notes
    )


def test_unread_columns_are_named(tmp_path: Path) -> None:
    rec = opened(written(tmp_path, "time_ms,id,amplitude,trial\n1,2,3,4\n"))
    assert "columns not read: 'amplitude', 'trial'" in rec.notes


def asked_about(path: Path, **options: Any) -> dict[str, list[str]]:
    with pytest.raises(Undecided) as asked:
        opened(path, **options)
    return {
        question.name: [choice.value for choice in question.choices] for question in asked.value.questions
    }


def test_two_columns_of_whole_numbers_are_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path, "10,3\n20,4\n20,3\n")
    assert asked_about(path) == {"time_column": ["1", "2"]}
    assert pairs(opened(path, time_column="1", time_unit="s")) == [(10.0, 3), (20.0, 3), (20.0, 4)]
    assert pairs(opened(path, time_column=2, time_unit="s")) == [(3.0, 10), (3.0, 20), (4.0, 20)]
    assert pairs(opened(path, unit_column="1", time_unit="s")) == pairs(
        opened(path, time_column=2, time_unit="s")
    )


def test_a_choice_of_columns_shows_what_they_hold(tmp_path: Path) -> None:
    with pytest.raises(Undecided, match="whole numbers, 2 different in the first 3 rows: 10 … 20"):
        opened(written(tmp_path, "10,3\n20,4\n20,3\n"))


def test_a_named_time_beside_an_unknown_column_is_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path, "time_s,count\n0.5,3\n")
    assert asked_about(path) == {"unit_column": ["count", "none"]}
    assert pairs(opened(path, unit_column="count")) == [(0.5, 3)]
    assert pairs(opened(path, unit_column="none")) == [(0.5, 0)]


def test_a_named_unit_beside_an_unknown_column_is_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path, "when,neuron\n0.5,3\n")
    assert asked_about(path) == {"time_column": ["when"]}
    assert pairs(opened(path, time_column="when", time_unit="s")) == [(0.5, 3)]


def test_two_columns_named_like_times_are_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path, "time_ms,time_s,id\n500,0.5,3\n")
    assert asked_about(path) == {"time_column": ["time_ms", "time_s"]}
    assert (
        pairs(opened(path, time_column="time_s")) == pairs(opened(path, time_column="time_ms")) == [(0.5, 3)]
    )


def test_unknown_names_can_be_answered(tmp_path: Path) -> None:
    path = written(tmp_path, "price,volume,name\n1.5,3,abc\n2.5,4,def\n")
    assert asked_about(path, unit_column="name") == {"time_column": ["price", "volume"]}
    assert pairs(opened(path, unit_column="name", time_column="price", time_unit="s")) == [
        (1.5, "abc"),
        (2.5, "def"),
    ]


@pytest.mark.parametrize("wrong", [{"time_column": "nope"}, {"unit_column": "0"}, {"unit_column": "9"}])
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, wrong) -> None:
    with pytest.raises(RecordingError, match=f"{next(iter(wrong))}='.*it has 'time_s', 'id'"):
        opened(written(tmp_path, "time_s,id\n0.5,3\n"), **wrong)


def test_an_answer_left_blank_is_no_answer(tmp_path: Path) -> None:
    blank = dict.fromkeys(("time_unit", "time_column", "unit_column", "dt", "t_stop", "n_units"), "")
    assert pairs(opened(written(tmp_path, "0.5,3\n0.75,3\n"), **blank)) == [(0.5, 3), (0.75, 3)]


def test_one_column_cannot_be_time_and_unit(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="both the time and the unit"):
        opened(written(tmp_path, "time_s,id\n0.5,3\n"), time_column="id", unit_column="id")


def test_a_wrong_choice_of_columns_does_not_cut_fractions(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="unit ids must be whole numbers"):
        opened(written(tmp_path, "0.5,3\n0.75,4\n"), time_column="2", time_unit="s")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("0.5,1.5\n0.7,2.5\n", "both columns hold fractions"),
        ("time_s,id\n" + "x,1\n" * 5 + "0.5,1\n" * 4, "the column of times holds text|cannot be read"),
        ("time_s,id\n0.5,1\n" + "0.5\n" * 5, "cannot be read|but the rows have"),
        ('time_s,id\n0.5,"a\n0.6,b\n0.7,c\n', "quotation mark after line .* never closed"),
        ("# nothing\n% here\n", "only blank lines or comments"),
        ("time_s,id\n0.5," + "x" * 100_000, "longer than"),
        ("\n".join(" ".join(str(k / 2) for k in range(12)) for _ in range(9)), "rows of 12 fields"),
        ("time_s,id\nabc,def\n", "holds text"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        table.read(written(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02time,id\n1,2\n", b'{"a": 1}', b"<html>1,2</html>", b"\x80\x04\x95\x1c\n1,2\n", b""],
)
def test_what_is_no_table_is_left_to_other_readers(tmp_path: Path, content: bytes) -> None:
    assert not table.sniff(written(tmp_path, content))
    assert not table.sniff(tmp_path)
    assert not table.sniff(tmp_path / "nowhere.csv")


def test_opening_again_with_another_answer_reads_the_file_again(tmp_path: Path) -> None:
    path = written(tmp_path, "time,id\n500,3\n900,3\n1400,4\n")
    assert opened(path, time_unit="ms").t_stop == 1.4
    assert opened(path, time_unit="s").t_stop == 1400.0


# --- ids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ids", "place"),
    [
        (["12", "-3", "0"], [-3, 0, 12], [2, 0, 1]),
        (["12.0", "12", "3e0"], [3, 12], [1, 1, 0]),
        (["b10", "b9"], ["b9", "b10"], [1, 0]),
        (["007", "7"], ["007", "7"], [0, 1]),
        (["7", "x"], ["7", "x"], [0, 1]),
        (["1.5", "x"], ["1.5", "x"], [0, 1]),
        (["0x1F", "31"], ["0x1F", "31"], [0, 1]),
        ([str(2**63 - 1), str(-(2**63))], [-(2**63), 2**63 - 1], [1, 0]),
        ([], [], []),
    ],
)
def test_ids_are_numbers_where_all_are(names: list[str], ids: list, place: list[int]) -> None:
    found, where, _ = unit_ids(names)
    assert found.tolist() == ids
    assert where.tolist() == place


@pytest.mark.parametrize("names", [["1.5"], ["1", "2.5"], ["1e300"], ["9007199254740993.0"], ["9" * 5000]])
def test_ids_are_never_rounded(names: list[str]) -> None:
    with pytest.raises(RecordingError, match="unit ids must be whole numbers or names"):
        unit_ids(names)


# --- properties ---------------------------------------------------------------------------------------------------

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@quick
@given(
    st.lists(st.tuples(FINITE, st.integers(-(2**63), 2**63 - 1)), min_size=1),
    st.sampled_from(["\t", ";", ",", " ", "   "]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
    st.booleans(),
)
def test_what_was_written_is_read_to_the_last_bit(
    tmp_path: Path, rows, delimiter: str, comma: bool, end: str, encoding: str, id_first: bool
) -> None:
    def line(time: str, unit: str) -> str:
        return delimiter.join((unit, time) if id_first else (time, unit)) + end

    comma = comma and delimiter != ","
    mark = "," if comma else "."
    body = "".join(line(repr(time).replace(".", mark), str(unit)) for time, unit in rows)
    spikes = table.spike_list(written(tmp_path, line("time", "id") + body, encoding=encoding))
    assert spikes.times.tolist() == [time for time, _ in rows]
    assert spikes.ids[spikes.units].tolist() == [unit for _, unit in rows]


FIELD = st.sampled_from(
    [
        *(
            "1.5",
            "2",
            " 3 ",
            "+4",
            "-5e-3",
            ".5",
            "6.",
            "007",
            "0x1F",
            "1_0",
            "nan",
            "NaN",
            "inf",
            "1e400",
            "1e-400",
            "",
        ),
        *(
            "abc",
            '"q"',
            '"1.5"',
            '"a,b"',
            '"a""b"',
            '"two\nlines"',
            '"  "',
            "a b",
            "é",
            "#c",
            "\ufeff",
            "1,5",
            "0",
        ),
        *("9223372036854775808", "٣", "1\u00a0", "none", "NA", "\0", "--1", "1e5", "12.0", "true", "5\x0c"),
    ]
)
ROW = st.sampled_from([2, 2, 2, 2, 1, 3]).flatmap(
    lambda width: st.lists(FIELD, min_size=width, max_size=width)
)


@st.composite
def untidy(draw: st.DrawFn, delimiter: str) -> str:
    lines = ["time_s" + delimiter + "cell"]
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["good", "good", "any", "any", "blank", "comment"]))
        if kind == "good":
            lines.append(
                f"{draw(st.integers(0, 99))}.5{delimiter}{draw(st.sampled_from(['a', '7', 'b c', '008']))}"
            )
        elif kind == "any":
            lines.append(delimiter.join(draw(ROW)))
        else:
            lines.append(
                "  " if kind == "blank" else draw(st.sampled_from(["# note", '% 5" pipe', "  # 1,2"]))
            )
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n"]))


def outcome(path: Path) -> Any:
    """Everything a user sees of a file, or the sentence that refuses it."""
    try:
        found = table.spike_list(path)
    except RecordingError as refused:
        return str(refused)
    return found.times.tolist(), found.units.tolist(), found.ids.tolist(), found.notes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.data(), st.sampled_from([",", ";", "\t", " "]))
def test_the_fast_way_and_the_careful_way_read_the_same(
    tmp_path: Path, data: st.DataObject, delimiter: str
) -> None:
    path = written(tmp_path, data.draw(untidy(delimiter)))
    both = outcome(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_rows, "_read_fast", lambda *_: False)
        careful = outcome(path)
    assert both == careful


@pytest.mark.parametrize("delimiter", [",", " "])
def test_a_byte_order_mark_inside_a_file_is_a_field_like_any_other(tmp_path: Path, delimiter: str) -> None:
    content = f"time_s{delimiter}cell\n \ufeff\n0.5{delimiter}a\n0.6{delimiter}a\n"
    rec = opened(written(tmp_path, content))
    assert pairs(rec) == [(0.5, "a"), (0.6, "a")]
    assert any("1 of 3 rows were left out: line 2" in note for note in rec.notes)


@quick
@given(st.data(), st.integers(1, 40))
def test_where_blocks_are_cut_changes_nothing(tmp_path: Path, data: st.DataObject, size: int) -> None:
    path = written(tmp_path, data.draw(untidy(",")))
    whole = outcome(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK", size)
        cut = outcome(path)
    if isinstance(whole, str):
        # A quotation mark without an end is looked for from the last cut.
        whole, cut = (re.sub(r"after line \d+", "after line", str(said)) for said in (whole, cut))
    assert cut == whole


def test_the_fast_way_is_the_one_that_clean_blocks_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a clean block was read field by field")

    monkeypatch.setattr(table_rows, "_read_slowly", never)
    for number, body in enumerate(
        [
            "time_s,id\n0.5,3\n",
            "# c\ntime_s id\n  0.5   3 \n",
            'time_s;id\n"0,5";"a"\n',
            "time_s,id\r\n0.5,3.0\r\n",
        ]
    ):
        assert len(table.spike_list(written(tmp_path, body, f"{number}.csv")).times) == 1


@quick
@given(st.binary(max_size=400))
def test_no_bytes_whatever_raise_anything_but_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, data)
    if table.sniff(path):
        outcome(path)
    outcome(written(tmp_path, b"time_s,id\n" + data))
    outcome(written(tmp_path, codecs.BOM_UTF16_LE + data))
    outcome(written(tmp_path, gzip.compress(b"time_s,id\n") + data))
