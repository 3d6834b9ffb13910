"""What is odd about spikes and units: silence, duplicates, short intervals, rates, ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spikeboard.analysis.intervals import short_intervals
from spikeboard.doctor.findings import Finding, Remedy, count
from spikeboard.doctor.told import was_read
from spikeboard.errors import RecordingError
from spikeboard.recording import Recording

# No neuron keeps up such a mean rate: the absolute refractory period is about 1 ms.
FASTEST_HZ = 1000.0
# A recording of this length whose units fire less often than this may well count samples.
LONG_S = 6 * 3600.0
SLOWEST_HZ = 0.01
# Shorter intervals than the absolute refractory period (Hodgkin 1938, about 1 ms) in more than 1 % of all are odd.
REFRACTORY_S = 1e-3
TOLERATED = 0.01
# Where time is continuous: one sample of the fastest clock in use, 100 kHz.
SHORTEST_S = 1e-5
# Above it, neighbouring integers are one and the same float64, in the browser too.
EXACT = 2**53
LISTED = 3
SILENCE = 0.5
CLOCKS_HZ = (30_000, 20_000)


def silence(rec: Recording) -> Iterator[Finding]:
    """No spike at all, silent populations, and populations that are silent for the most part."""
    if not len(rec.train_ticks):
        if len(rec.units):
            what = f"None of the {len(rec.units):,} units has a spike"
            yield Finding(what, advice="were spikes recorded at all?")
        return
    for name, size, first in rec.populations.itertuples(index=False):
        silent = int(np.count_nonzero(rec.counts[first : first + size] == 0))
        if silent == size:
            yield Finding(f"None of its {size:,} units fires", str(name), "was it recorded?")
        elif silent > SILENCE * size and size > 10:
            what = f"{silent:,} of its {size:,} units never fire"
            yield Finding(what, str(name), "they count in mean rates")


def intervals(rec: Recording) -> Iterator[Finding]:
    """Spikes of one unit in one tick, less than a sample apart, or often within the refractory period."""
    doubled = short_intervals(rec, None, rec.tick * 1000)[0]
    short, all_of_them = short_intervals(rec, None, REFRACTORY_S * 1000)
    yield from _duplicates(rec, doubled)
    if rec.sampling_rate is None and short.sum() > doubled.sum():
        yield from _below_a_tick(rec, doubled)
    short, total = short - doubled, int(all_of_them.sum())
    if rec.tick < REFRACTORY_S and short.sum() > TOLERATED * total:
        yield Finding(
            f"{short.sum() / total:.1%} of the intervals are shorter than {REFRACTORY_S * 1000:g} ms",
            _units(rec, np.flatnonzero(short)),
            "shorter than neurons can: several neurons in one unit, or a wrong time unit",
        )


def _duplicates(rec: Recording, doubled: np.ndarray) -> Iterator[Finding]:
    if doubled.any():
        number = count(int(doubled.sum()), "spike has", "spikes have")
        yield Finding(
            f"{number} the same time as another of the same unit",
            _units(rec, np.flatnonzero(doubled)),
            "a spike sorter may find one spike twice, and a clock that is too coarse puts two into one step",
            (Remedy("drop_duplicates", "Keep one of each"),),
        )


def _below_a_tick(rec: Recording, doubled: np.ndarray) -> Iterator[Finding]:
    close = short_intervals(rec, None, SHORTEST_S * 1000)[0] - doubled
    if close.any():
        yield Finding(
            f"{count(int(close.sum()), 'interval is', 'intervals are')} shorter than {SHORTEST_S * 1e6:g} µs",
            _units(rec, np.flatnonzero(close)),
            "less than one sample of any clock in use: one spike that was found twice?",
            (Remedy(f"min_interval={SHORTEST_S!r}", "Keep the first of each"),),
        )


def rates(rec: Recording) -> Iterator[Finding]:
    """Mean rates that no neuron keeps up, and times so far apart that they may be samples."""
    if not rec.duration or not len(rec.train_ticks):
        return
    rate = rec.counts / rec.duration
    fast = np.flatnonzero((rate > FASTEST_HZ) & (rec.counts > 1))
    if len(fast):
        fires = count(len(fast), "unit fires", "units fire")
        yield Finding(
            f"{fires} at more than {FASTEST_HZ:,.0f} Hz, up to {rate.max():,.0f} Hz",
            _units(rec, fast),
            "which no neuron does: are the times samples of a slower clock, or in another unit?",
            _longer(rec),
        )
    firing = rate[rec.counts > 1]
    if rec.duration > LONG_S and len(firing) and np.median(firing) < SLOWEST_HZ:
        yield Finding(
            f"The recording would be {rec.duration / 86400:,.3g} days long, and units fire {np.median(firing):.2g} "
            "times a second",
            advice="are the times samples of a clock, or milliseconds, rather than seconds?",
            remedies=_shorter(rec),
        )


def _longer(rec: Recording) -> tuple[Remedy, ...]:
    """What lengthens times: the reader's own time unit where it takes one, else a factor."""
    if _takes_time_unit(rec):
        return (
            Remedy("read:time_unit=samples", "They are samples"),
            *(Remedy(f"read:time_unit={unit}", f"They are in {unit}") for unit in ("ms", "s")),
        )
    return (
        Remedy("divide_times=0.001", "Make them 1,000 times as long"),
        Remedy("divide_times", "Divide the times by", asks="a number"),
    )


def _shorter(rec: Recording) -> tuple[Remedy, ...]:
    if _takes_time_unit(rec):
        return (
            Remedy("read:time_unit=samples", "They are samples"),
            Remedy("read:time_unit=ms", "They are milliseconds"),
        )
    return (
        *(
            Remedy(f"divide_times={hz}", f"They are samples at {hz // 1000} kHz: divide them")
            for hz in CLOCKS_HZ
        ),
        Remedy("divide_times=1000", "They are milliseconds: divide them"),
        Remedy("divide_times", "They are samples of a clock of", asks="Hz"),
    )


def _takes_time_unit(rec: Recording) -> bool:
    from spikeboard.readers import recognise

    try:
        return was_read(rec) and "time_unit" in recognise(Path(rec.source)).options
    except (RecordingError, OSError):
        return False


def span(rec: Recording) -> Iterator[Finding]:
    """Spikes in a small part of the time that is said to be recorded."""
    if len(rec.spike_times) > 20 and rec.duration > 0:
        first, last = float(rec.spike_times[0]), float(rec.spike_times[-1])
        if last - first < 0.1 * rec.duration:
            yield Finding(
                f"All spikes lie within {last - first:.4g} s of the {rec.duration:.4g} s that are said to be recorded",
                advice="do spikes and recording have the same clock and the same time unit?",
                remedies=(Remedy(f"t_stop={last!r}", "It ended with the last spike"),),
            )


def ids(rec: Recording) -> Iterator[Finding]:
    """Ids that programs with float64 confuse, and ids that are not unique."""
    long = _beyond_exact(rec)
    if long:
        yield Finding(
            f"Ids go up to {long}",
            advice="above 2⁵³ programs that take numbers as float64 confuse neighbours; here they are kept exact",
            remedies=(Remedy("number_units", "Number the units 0, 1, 2, …"),),
        )
    doubled = rec.units.duplicated(["population", "id"])
    if doubled.any():
        yield Finding(
            f"{count(int(doubled.sum()), 'unit has', 'units have')} the same id as another of the same population",
            _units(rec, np.flatnonzero(doubled.to_numpy())),
            "they are kept apart as rows of the unit table",
            (Remedy("number_units", "Number the units 0, 1, 2, …"),),
        )


def _beyond_exact(rec: Recording) -> str:
    """The id that is furthest from 0 where that is beyond 2⁵³, else ""; ids beyond 64 bits are text."""
    ids = rec.units["id"]
    if ids.dtype.kind in "iu":
        furthest = max((int(ids.max()), int(ids.min())), key=abs) if len(ids) else 0
        return str(furthest) if abs(furthest) > EXACT else ""
    digits = [one for one in map(str, ids) if len(one) > 15 and one.removeprefix("-").isdecimal()]
    furthest = max(map(int, digits), key=abs, default=0)
    return str(furthest)[:60] if abs(furthest) > EXACT else ""


def _units(rec: Recording, rows: np.ndarray) -> str:
    some = ", ".join(rec.label(int(row)) for row in rows[:LISTED])
    return some if len(rows) <= LISTED else f"{some} and {len(rows) - LISTED:,} more"
