"""All files of make_bad.py through the product: refused, warned about or accepted, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeboard
from spikeboard import Recording, RecordingError, Undecided, doctor, places, store
from spikeboard.library import local_library, open_key, uploads_folder
from spikeboard.uploads import finish, receive

ROOT = Path(__file__).parents[2]
MOST_MEMORY = 300 * 2**20
Expected = dict[str, dict[str, Any]]

# Where we judge otherwise than EXPECT.json proposes, how, and why.
EXCEPTIONS = {
    "h5/corrupt_middle.h5": ("refuse", "times of 1e303 s: what else is wrong in it nobody knows"),
    "sonata/gzip_bomb.h5": ("refuse", "67 million zeros in 1 MB are no recording"),
    "csv/dates.csv": ("refuse", "a date has no zero on the recording's clock, and often no time zone"),
    "csv/dense_0_1_matrix.csv": (
        "refuse",
        "a matrix has neither times nor a step: the remedy is said instead",
    ),
    "scnc/indices_out_of_range.npz": (
        "warn",
        "whether its synapses are left out or its units added is asked",
    ),
    "phy/tsv_missing_clusters": ("warn", "a label of a cluster that does not exist is left out, and said so"),
}
# Warnings for which there is nothing to say, and why.
NOTHING_LOST = {
    "h5/hdf5_named.csv": "formats are told apart by content: the name changes nothing",
    "sonata/2d_times.h5": "a table of one column is that column",
}
# The place in the file that a refusal or a warning names beside the file.
PLACES = {
    "csv/fraction_ids.csv": "unit ids must be whole numbers.*the first is 1.5",
    "phy/params_rate_zero": "params.py says sample_rate = 0",
    "scnc/indptr_not_monotonic.npz": "projection 'E→E': indptr",
    "scnc/indices_out_of_range.npz": "EE: 480 synapses of units that do not exist were left out",
    "config/path_escape.json": r"names '\$D/passwd', outside the folder 'config'",
    "edges/bad_edges.h5": "edges 'a_to_b' .* name a group that is not in the file .* group 5",
    "nest/truncated_line.dat": "ends in the middle of a line",
}
# What is said of good files too.
USUAL = re.compile(
    r"the files do not say when|no nodes file lists|names no population|a spike list does not tell|"
    r"t_start is not in|t_stop is not in|how long the simulation ran|recorders do not tell|"
    r"NWB does not say when|these files hold no times|no spikes are in|nothing was recorded over time"
)


@dataclass(frozen=True)
class Outcome:
    """How a file came out: a recording after these questions, or a refusal."""

    questions: tuple[str, ...]
    rec: Recording | None
    refusal: RecordingError | None


def opened(path: Path) -> Outcome:
    """Open a file, giving the suggested answer, or the first, to whatever is asked."""
    answers: dict[str, Any] = {}
    while True:
        try:
            return Outcome(tuple(answers), spikeboard.open(path, **answers), None)
        except Undecided as asked:
            new = {
                question.name: question.suggested or question.choices[0].value for question in asked.questions
            }
            if new.keys() <= answers.keys():
                return Outcome(tuple(answers), None, asked)
            answers |= new
        except RecordingError as refusal:
            return Outcome(tuple(answers), None, refusal)


def canaries() -> list[Path]:
    """What hostile code or a hostile archive would have made."""
    folders = {Path("/tmp"), Path(tempfile.gettempdir())}
    return [found for folder in folders for found in folder.glob("spike_canary_*")]


@pytest.fixture(scope="module")
def swept_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all files were opened."""
    return tmp_path_factory.mktemp("swept-home")


@pytest.fixture(scope="module")
def outcomes(hostile: Path, expected: Expected, swept_home: Path) -> dict[str, Outcome]:
    """How each file came out; anything but a RecordingError would be raised here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEBOARD_HOME", str(swept_home))
        return {name: opened(hostile / name) for name in expected}


def proposed(expected: Expected, what: str) -> Iterator[str]:
    """The files that should come out so, as we judge."""
    for name, case in expected.items():
        if EXCEPTIONS.get(name, (case["expect"],))[0] == what:
            yield name


def own_words(outcome: Outcome) -> list[str]:
    """What was asked or said of a file that is not said of good files too."""
    assert outcome.rec is not None
    notes = [note for note in outcome.rec.notes if not USUAL.search(note)]
    ids = [finding.what for finding in doctor.examine(outcome.rec) if "2⁵³" in finding.what + finding.advice]
    return [*outcome.questions, *notes, *ids]


def test_exceptions_differ_from_what_is_proposed(expected: Expected) -> None:
    assert len(expected) >= 133
    assert [name for name, (what, _) in EXCEPTIONS.items() if expected[name]["expect"] == what] == []
    assert {expected[name]["expect"] for name in NOTHING_LOST} == {"warn"}


def test_what_should_be_refused_is_refused_in_one_sentence(
    expected: Expected, outcomes: dict[str, Outcome]
) -> None:
    wrong = {}
    for name in proposed(expected, "refuse"):
        refusal = outcomes[name].refusal
        said = str(refusal)
        if (
            type(refusal) is not RecordingError
            or "\n" in said
            or len(said) > 500
            or Path(name).name not in said
        ):
            wrong[name] = said
    assert wrong == {}


def told(outcome: Outcome) -> list[str]:
    """All that was said of a file."""
    return [str(outcome.refusal)] if outcome.rec is None else list(outcome.rec.notes)


@pytest.mark.parametrize("name", PLACES)
def test_the_place_is_named(outcomes: dict[str, Outcome], name: str) -> None:
    assert any(re.search(PLACES[name], said) for said in told(outcomes[name]))


def test_nothing_that_is_said_tells_where_this_machine_keeps_its_files(
    hostile: Path, outcomes: dict[str, Outcome]
) -> None:
    private = (str(hostile), str(Path.home()), tempfile.gettempdir())
    disclosed = {
        name: said for name, one in outcomes.items() for said in told(one) if any(map(said.count, private))
    }
    # A hostile archive may name such a folder itself.
    assert disclosed.keys() <= {"zip/zip_slip.zip"}


def test_all_others_open_at_the_latest_when_they_are_answered(
    expected: Expected, outcomes: dict[str, Outcome]
) -> None:
    others = [*proposed(expected, "warn"), *proposed(expected, "accept")]
    assert {name: str(outcomes[name].refusal) for name in others if outcomes[name].refusal} == {}
    assert all(rec.notes for name in others if (rec := outcomes[name].rec) is not None)


def test_a_warning_says_what_is_odd(expected: Expected, outcomes: dict[str, Outcome]) -> None:
    silent = {name for name in proposed(expected, "warn") if not own_words(outcomes[name])}
    assert silent == NOTHING_LOST.keys()


def test_of_what_is_accepted_nothing_is_lost(expected: Expected, outcomes: dict[str, Outcome]) -> None:
    lost = {
        name: note
        for name in proposed(expected, "accept")
        for note in outcomes[name].rec.notes  # type: ignore[union-attr]
        if re.search("left out|not read|dropped|sorted", note)
    }
    assert lost == {}


def noted(*words: str) -> Callable[[Recording], bool]:
    """Whether one note has all these words."""
    return lambda rec: any(all(word in note for word in words) for note in rec.notes)


def holds(fact: str, value: Any, rec: Recording) -> bool:
    """Whether a fact of EXPECT.json is true of a recording; a fact of a new kind is a KeyError."""
    times = rec.spike_times
    unit = {"s": 1.0, "ms": 1e-3}[str(rec.options.get("time_unit", "s"))]
    checks: dict[str, Callable[[], bool]] = {
        "n_spikes": lambda: len(times) == value,
        "n_spikes_finite": lambda: len(times) == value and bool(np.isfinite(times).all()),
        "good_rows": lambda: len(times) == value,
        "n_units": lambda: len(rec.units) == value,
        "populations": lambda: len(rec.populations) == value,
        "n_trials": lambda: len(rec.intervals["trials"]) == value,
        "dropped": lambda: noted(f"{value} spikes", "left out")(rec),
        "bad_rows": lambda: noted(f"{value} of ", "rows were left out")(rec),
        "duplicates": lambda: noted(f"{value} spikes are exact duplicates")(rec),
        "nan": lambda: noted(f"{value} of ", "weight")(rec),
        "unlabelled": lambda: sum(not group for group in rec.units["group"]) == value,
        "t_min_ms": lambda: bool(np.isclose(times.min() * 1e3, value) and rec.t_start <= times.min()),
        "last_s": lambda: bool(np.isclose(times.max(), value, rtol=1e-9)),
        "last": lambda: bool(np.isclose(times.max(), value * unit, rtol=1e-9)),
        "seconds_per_unit": lambda: bool(np.isclose(times.max(), 847.929 * value, rtol=1e-9)),
        "same_as_sorted": lambda: all(
            (np.diff(train) >= 0).all() for train in np.split(rec.train_ticks, rec.train_offsets[1:-1])
        ),
    }
    return checks[fact]()


def test_what_is_known_of_a_file_is_true_of_its_recording(
    expected: Expected, outcomes: dict[str, Outcome]
) -> None:
    facts = [
        (name, fact, value, rec)
        for name, case in expected.items()
        for fact, value in case.get("facts", {}).items()
        if (rec := outcomes[name].rec) is not None
    ]
    assert len(facts) > 50
    assert [fact[:3] for fact in facts if not holds(*fact[1:])] == []


def test_the_same_spikes_in_whatever_order_are_the_same_recording(outcomes: dict[str, Outcome]) -> None:
    names = ("lies_about_sorting", "sorting_unknown", "bigendian", "units_milliseconds", "cycle")
    digests = {rec.digest for name in names if (rec := outcomes[f"sonata/{name}.h5"].rec)}
    assert len(digests) == 1


def test_no_id_is_rounded_or_wraps_around(outcomes: dict[str, Outcome]) -> None:
    ids = {name: rec.units["id"].tolist() for name in outcomes if (rec := outcomes[name].rec) is not None}
    assert sorted(map(int, ids["sonata/huge_ids.h5"])) == [7, 2**40, 2**53 + 1, 2**63 + 5]
    assert {str(2**53), str(2**53 + 1), str(2**70)} <= set(map(str, ids["csv/huge_ids.csv"]))


def test_nothing_half_loaded_and_no_canary_is_left(
    outcomes: dict[str, Outcome], swept_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPIKEBOARD_HOME", str(swept_home))
    assert {entry.name for entry in places.home().iterdir()} <= {"stores", "imports"}
    # The locks of imports that have ended are empty.
    assert [file for file in (places.home() / "imports").glob("*") if file.stat().st_size] == []
    kept = list(places.stores().iterdir())
    assert len(kept) == sum(outcome.rec is not None for outcome in outcomes.values())
    assert [folder for folder in kept if not store.is_store(folder)] == []
    assert [folder for folder in kept if len(list(folder.iterdir())) != 2] == []
    assert canaries() == []


REFUSING = """
import json, re, sys
from pathlib import Path
import spikeboard
from spikeboard.readers import readers

def now(what):
    return int(re.search(rf"{what}:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

readers()
good, *refused = json.load(sys.stdin)
spikeboard.open(good)
idle, peaks = now("VmRSS"), {}
for path in refused:
    try:
        spikeboard.open(path)
    except spikeboard.RecordingError:
        peaks[path] = now("VmHWM") - idle
print(json.dumps(peaks))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_refusing_takes_little_memory(
    hostile: Path, expected: Expected, own_home: Path, outcomes: dict[str, Outcome]
) -> None:
    refused = [str(hostile / name) for name, outcome in outcomes.items() if outcome.rec is None]
    assert len(refused) >= 50
    found = subprocess.run(
        [sys.executable, "-c", REFUSING],
        input=json.dumps([str(hostile / "sonata" / "one_spike.h5"), *refused]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert found.stderr == ""
    peaks = json.loads(found.stdout)
    assert list(peaks) == refused
    assert {path: peak for path, peak in peaks.items() if peak > MOST_MEMORY} == {}


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """A file as a browser sends it, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(2**16):
            yield piece


def uploaded(path: Path) -> str:
    """What became of a file, or of the files of a folder, that was sent: "opens", "asks" or "refused"."""
    library = local_library(ROOT / "data" / "demo", [], shared=True)
    batch = uuid.uuid4().hex
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        asyncio.run(receive(library, batch, file.name, pieces(file)))
    try:
        open_key(library, finish(library, batch))
    except Undecided:
        return "asks"
    except RecordingError:
        assert not list(uploads_folder().glob(f"*{batch}*"))
        return "refused"
    return "opens"


def test_an_upload_comes_out_as_the_file_does(hostile: Path, outcomes: dict[str, Outcome]) -> None:
    sample = sorted(outcomes)[::5]
    direct = {
        name: "refused" if (out := outcomes[name]).rec is None else "asks" if out.questions else "opens"
        for name in sample
    }
    assert set(direct.values()) == {"opens", "asks", "refused"} and len(sample) >= 25
    assert {name: uploaded(hostile / name) for name in sample} == direct
    kept = [folder for folder in uploads_folder().iterdir()]
    assert len(kept) == sum(what != "refused" for what in direct.values())
    assert canaries() == []
