"""Remedies as options of an address: added, taken back, and told in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikeboard.errors import RecordingError

SEPARATOR = "|"
# What stands before a remedy that the format's reader applies: one of its options.
READ = "read:"


def addressable(name: str) -> bool:
    """Whether a name of a file can stand in the key of a remedy."""
    return 0 < len(name) <= 100 and SEPARATOR not in name


def with_remedy(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The options of an address with one more remedy.

    Raises
    ------
    RecordingError : for a remedy that there is not
    """
    if key.startswith(READ):
        name, value = _reader_option(key)
        return {**options, name: value}
    return {**options, "mend": SEPARATOR.join(_keys(f"{options.get('mend', '')}{SEPARATOR}{key}"))}


def without_remedy(options: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The options of an address with one remedy undone."""
    if key.startswith(READ):
        undone, _ = _reader_option(key)
        return {name: value for name, value in options.items() if name != undone}
    left = [other for other in _keys(options.get("mend", "")) if other != key]
    rest = {name: value for name, value in options.items() if name != "mend"}
    return {**rest, "mend": SEPARATOR.join(left)} if left else rest


def decided(options: Mapping[str, Any]) -> dict[str, str]:
    """What a person decided about a recording: the key of each decision, and what it did, in words."""
    answers = {
        f"{READ}{name}={value}": _answer(name, value) for name, value in options.items() if name != "mend"
    }
    return {**answers, **{key: _label(key) for key in _keys(options.get("mend", ""))}}


def _keys(said: Any) -> tuple[str, ...]:
    from spikeboard.doctor.remedies import keys

    return keys(str(said))


def _reader_option(key: str) -> tuple[str, str]:
    name, _, value = key.removeprefix(READ).partition("=")
    if not name.isidentifier() or name in ("path", "mend", "progress") or not 0 < len(value) <= 500:
        raise RecordingError(f"{key[:60]!r} is no option of a reader")
    return name, value


_ANSWERS = {
    ("order", "runs"): "The clock was started again: its runs stand one after another",
    ("order", "sort"): "It was taken as one run, sorted by time",
    ("unknown_units", "add"): "Units that only synapses name were added",
    ("unknown_units", "leave_out"): "Synapses of units that do not exist were left out",
    ("time_unit", "samples"): "The times were read as samples of a clock",
}


def _answer(name: str, value: Any) -> str:
    return _ANSWERS.get((name, str(value)), f"You said {name} = {value}")


def _label(key: str) -> str:
    name, _, value = key.partition("=")
    return {
        "drop_duplicates": "Duplicate spikes were left out",
        "min_interval": f"Spikes less than {value} s after another of their unit were left out",
        "divide_times": f"All spike times were divided by {value}",
        "number_units": "Units were numbered anew",
        "t_stop": f"The recording was taken to end at {value} s",
        "t_start": f"The recording was taken to begin at {value} s",
        "merge_synapses": f"Synapses of one pair were added up in {value}",
        "first_synapses": f"Of the synapses of one pair one was kept in {value}",
        "drop_synapses": f"Synapses without a weight were left out in {value}",
        "drop_state": f"{value} was left out",
        "confirm": "You confirmed: "
        + {"sorted": "sort the spikes", "runs": "these are runs"}.get(value, "leave them out"),
    }.get(name, key)
