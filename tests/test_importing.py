"""Imports: each made once, called off by anybody, and never half done, whenever the process is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikeboard
from spikeboard import RecordingError, columns, importing, places, progress, readers, store
from spikeboard.errors import Undecided
from spikeboard.progress import Cancelled
from spikeboard.readers import text

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that everything goes through files, and is told of in many steps."""
    monkeypatch.setattr(columns, "PIECE", 64)
    monkeypatch.setattr(columns, "IN_MEMORY", 512)
    monkeypatch.setattr(text, "CHUNK", 2000)
    monkeypatch.setattr(importing, "EVERY_S", 0.0)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A list of spikes in no order."""
    rng = np.random.default_rng(8)
    rows = zip(rng.random(450) * 9000, rng.integers(0, 20, 450), strict=True)
    path = tmp_path / "run.csv"
    path.write_text("time_ms,unit\n" + "".join(f"{time:.3f},{unit}\n" for time, unit in rows))
    return path


def left() -> list[str]:
    """What imports have left behind, the turnstile aside."""
    folders = (places.stores(), places.home() / "imports")
    return [path.name for folder in folders for path in folder.iterdir() if path.name != "turnstile"]


def test_an_import_tells_how_far_it_is(table: Path) -> None:
    heard: list[tuple[str, float]] = []
    spikeboard.open(table, progress=lambda stage, part: heard.append((stage, part)))
    stages, parts = [stage for stage, _ in heard], [part for _, part in heard]
    assert list(dict.fromkeys(stages)) == ["reading", "sorting", "writing"]
    assert parts == sorted(parts) and 0 <= parts[0] < 0.3 and 0.9 < parts[-1] <= 1
    heard.clear()
    spikeboard.open(table, progress=lambda stage, part: heard.append((stage, part)))
    assert heard == []


def test_what_is_told_of_column_after_column_never_goes_back(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float] = []
    plain = readers.read_source

    def in_columns(path: Path, **options: object) -> spikeboard.Recording:
        for part in (1, 2, 0, 1):
            progress.tell("reading", part, 2)
        return plain(path, **options)

    monkeypatch.setattr(readers, "read_source", in_columns)
    spikeboard.open(table, progress=lambda stage, part: heard.append(part))
    assert heard == sorted(heard) and heard[0] < heard[1]


@pytest.mark.parametrize("at", ["reading", "sorting", "writing"])
def test_a_cancelled_import_leaves_nothing_and_can_be_made_again(table: Path, at: str) -> None:
    def report(stage: str, part: float) -> None:
        if stage == at:
            raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        spikeboard.open(table, progress=report)
    assert left() == []
    assert len(spikeboard.open(table).spike_times) == 450


def test_any_process_can_see_an_import_and_call_it_off(table: Path) -> None:
    seen: list[tuple[str, float] | None] = []
    name = readers.fingerprint(table, {})

    def report(stage: str, part: float) -> None:
        # As another process would.
        script = (
            f"from spikeboard import importing; print(importing.state({name!r})); importing.cancel({name!r})"
        )
        if stage == "sorting" and not seen:
            said = subprocess.run(
                [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
            )
            seen.append(eval(said.stdout))

    with pytest.raises(Cancelled, match="nothing of it was kept"):
        spikeboard.open(table, progress=report)
    assert seen[0] is not None and seen[0][0] in progress.STAGES and 0 <= seen[0][1] <= 1
    assert left() == [] and importing.state(name) is None


def test_two_that_ask_at_once_import_once(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    both, plain = threading.Barrier(2), readers.read_source
    monkeypatch.setattr(readers, "read_source", lambda path, **more: made.append(path) or plain(path, **more))
    found: list[str] = []

    def ask() -> None:
        both.wait()
        found.append(spikeboard.open(table).digest)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [table] and len(set(found)) == 1 and len(found) == 2


def test_a_state_that_is_being_written_is_left_to_its_import_and_gone_after_a_crash() -> None:
    name = "0" * 32
    half_written = places.home() / "imports" / f".{name}-{'f' * 32}.json"
    with importing.alone(places.stores() / name):
        half_written.write_text("{")
        importing.sweep()
        assert half_written.exists()
    assert not half_written.exists()
    half_written.write_text("{")
    importing._file(name, "lock").touch()
    importing.sweep()
    assert left() == []


def until_over(name: str) -> None:
    """Wait for the threads that import."""
    for thread in threading.enumerate():
        if thread.name == "importing":
            thread.join()


def test_in_the_background_it_is_told_of_until_it_is_there(table: Path) -> None:
    kept = places.stores() / readers.fingerprint(table, {})
    gate = threading.Event()

    def make() -> object:
        return gate.wait() and spikeboard.open(table)

    for _ in range(2):
        with pytest.raises(importing.Importing, match=r"'run.csv' is being imported \(reading, 0%\)"):
            importing.in_background("run.csv", kept, make)
    gate.set()
    until_over(kept.name)
    importing.in_background("run.csv", kept, make)
    assert store.is_store(kept)


@pytest.mark.parametrize(
    ("content", "problem", "again"),
    [
        ("time,unit\n" + "5.5,1\n9.5,1\n" * 9, Undecided, True),
        ("time_ms,unit\n1.5,0.5\n", RecordingError, False),
    ],
)
def test_what_came_of_it_is_told_to_who_asks_next(
    tmp_path: Path, content: str, problem: type[Exception], again: bool
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(content)
    with pytest.raises(problem) as expected:
        spikeboard.open(path)
    kept = places.stores() / readers.fingerprint(path, {})
    make: Callable[[], object] = lambda: spikeboard.open(path)  # noqa: E731
    with pytest.raises(importing.Importing):
        importing.in_background("odd.csv", kept, make)
    until_over(kept.name)
    with pytest.raises(problem) as told:
        importing.in_background("odd.csv", kept, make)
    assert str(told.value) == str(expected.value)
    if isinstance(expected.value, Undecided) and isinstance(told.value, Undecided):
        assert told.value.questions == expected.value.questions
    # A question stays one; what failed is tried again, for the reason may be gone.
    with pytest.raises(problem if again else importing.Importing):
        importing.in_background("odd.csv", kept, make)
    until_over(kept.name)


def test_what_was_unpacked_is_removed_once_nobody_can_want_it(table: Path) -> None:
    old, new = places.home() / "zip-old", places.home() / "zip-new"
    for folder in (old, new):
        (folder / "run").mkdir(parents=True)
    os.utime(old, (1, 1))
    importing.sweep()
    assert not old.exists() and new.exists()


def test_who_waits_for_a_lock_takes_none_that_is_about_to_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    has_it, done = threading.Event(), threading.Event()
    plain, holder = importing._file, threading.current_thread()

    def slowly(name: str, kind: str) -> Path:
        # Time enough for somebody to take the lock between its leaving and its removal.
        if waiter.is_alive() and threading.current_thread() is holder:
            has_it.wait(0.3)
        return plain(name, kind)

    def wait() -> None:
        with importing._held("a"):
            has_it.set()
            done.wait()

    waiter = threading.Thread(target=wait, daemon=True)
    with importing._held("a"):
        waiter.start()
        monkeypatch.setattr(importing, "_file", slowly)
    assert has_it.wait(10)
    assert importing._is_held("a"), "others see the lock that it holds"
    done.set()
    waiter.join()
    assert left() == []


def test_locks_that_a_crash_left_are_removed_and_those_that_are_held_stay(table: Path) -> None:
    folder = places.home() / "imports"
    folder.mkdir(exist_ok=True)
    for name in ("a", "a-background"):
        (folder / f"{name}.lock").touch()
    with importing._held("b"):
        importing.sweep()
        assert {name.removesuffix("-journal") for name in left()} == {"b.lock"}
        assert importing.state("b") and not importing.state("a")
    assert left() == []
    spikeboard.open(table)
    assert [path.name for path in folder.iterdir()] == ["turnstile"]


KILLED = """
import json, os, random, signal, sys
from pathlib import Path
import spikeboard
from spikeboard import columns, importing, places, readers, store
import spikeboard.readers.table

columns.PIECE, columns.IN_MEMORY, importing.EVERY_S = 128, 512, 0.0
table, saved = Path(sys.argv[1]), Path(sys.argv[2])
readers.readers()

def apart(work):
    # In a process of its own, which has no thread that a fork would lose.
    child = os.fork()
    if not child:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.waitpid(child, 0)[1]

def work(point, kill):
    calls = 0
    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")
        if kill and calls == point:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    rec = spikeboard.open(table, t_stop=10.0 + point)
    opened = calls
    rec.save(saved)
    sys.setprofile(None)
    if not kill:
        print(opened, calls)

def look(point):
    kept = places.stores() / readers.fingerprint(table, {"t_stop": 10.0 + point})
    made = spikeboard.open(kept) if store.is_store(kept) else None
    old = spikeboard.open(saved)
    for rec in (made, old):
        if rec is not None:
            stored, fresh = rec.stored_digest, spikeboard.recording(
                rec.name, rec.spike_times, rec.spike_rows, rec.units, t_start=rec.t_start, t_stop=rec.t_stop)
            assert fresh.digest == stored and (fresh.spike_rows == rec.short_rows).all()
    print(json.dumps([made is not None, old.t_stop]))

if sys.argv[3] == "count":
    assert apart(lambda: work(0, kill=False)) == 0
else:
    for point in map(int, sys.argv[3:]):
        assert os.WTERMSIG(apart(lambda: work(point, kill=True))) == signal.SIGKILL
        assert apart(lambda: look(point)) == 0
"""


def run_killed(*arguments: object) -> list[str]:
    """What the script says."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_process_killed_at_any_moment_leaves_the_old_state_or_the_new(table: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    spikeboard.open(table, t_stop=9.5).save(saved)
    opened, calls = map(int, run_killed(table, saved, "count")[0].split())
    rng = np.random.default_rng(12)
    # Not the very last calls: the count may differ by a few from one process to the next.
    last = calls - (calls - opened) // 20
    points = np.r_[rng.integers(1, opened, 6), rng.integers(opened, last, 6)]
    seen = [json.loads(line) for line in run_killed(table, saved, *points)]
    assert len(seen) == len(points)
    before = 10.0  # when it was counted
    for (_, t_stop), point in zip(seen, points.tolist(), strict=True):
        assert t_stop in (before, 10.0 + point), "old or new"
        before = t_stop
    made = [made for made, _ in seen]
    assert not all(made[:6]) and any(made[6:]), "early and late moments were among them"
    again = spikeboard.open(table, t_stop=99.0)
    again.save(saved)
    assert len(again.spike_times) == 450 and spikeboard.open(saved).t_stop == 99.0
    assert [path.name for path in (places.home() / "imports").iterdir()] == ["turnstile"]
    for folder in (*places.stores().iterdir(), saved):
        assert len(list(folder.glob("columns-*"))) == 1 and len(list(folder.iterdir())) == 2, folder
