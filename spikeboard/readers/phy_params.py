"""What params.py of a Phy folder says, read line by line as `name = value`: it is a program, and never run."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeboard.errors import RecordingError

LARGEST = 64 * 2**10
LONGEST_VALUE = 1000
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*=\s*(\S.*)")
_ITEM_SIZES = {
    "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "float32": 4, "float64": 8
}  # fmt: skip


@dataclass(frozen=True)
class Params:
    """What a params.py says.

    values : plain values by name
    unread : (line number, text) of lines that are no plain values
    there : whether there is such a file
    """

    values: Mapping[str, Any]
    unread: tuple[tuple[int, str], ...] = ()
    there: bool = True

    @property
    def rate(self) -> float | None:
        """Samples per second, None where no plain number says so.

        Raises
        ------
        RecordingError : for a rate that no clock has
        """
        value = self.values.get("sample_rate")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not 1 <= value <= 1e9 or not math.isfinite(value):
            raise RecordingError(
                f"params.py says sample_rate = {value!r}, which no clock has: correct it, or give sampling_rate=… in Hz"
            )
        return float(value)


def read_params(path: Path) -> Params:
    """The plain values in a params.py; nothing in it is run."""
    if not path.is_file():
        return Params({}, there=False)
    with path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        return Params({}, ((1, f"more than {LARGEST:,} bytes"),))
    values: dict[str, Any] = {}
    unread: list[tuple[int, str]] = []
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#") and not _take(line, values):
            unread.append((number, line.strip()))
    return Params(values, tuple(unread))


def about(params: Params) -> list[str]:
    """What has to be said of lines that were not read."""
    if not params.unread:
        return []
    number, line = params.unread[0]
    what = f"line {number} of params.py is" if len(params.unread) == 1 else (
        f"{len(params.unread):,} lines of params.py are"
    )  # fmt: skip
    return [
        f"{what} no plain `name = value` and not read; nothing of it is run (line {number}: {line[:60]!r})"
    ]


def recorded_samples(folder: Path, params: Params) -> int | None:
    """Samples of the raw recording, by its size, where it lies in the folder; else None."""
    channels, kind = params.values.get("n_channels_dat"), params.values.get("dtype")
    offset = params.values.get("offset", 0)
    size = _ITEM_SIZES.get(kind) if isinstance(kind, str) else None
    if not isinstance(channels, int) or channels < 1 or not isinstance(offset, int) or size is None:
        return None
    raw = _raw_file(folder, params.values.get("dat_path"))
    return None if raw is None else max(0, raw.stat().st_size - offset) // (channels * size)


def _raw_file(folder: Path, value: Any) -> Path | None:
    parts = value if isinstance(value, list | tuple) else [value]
    if len(parts) != 1 or not isinstance(parts[0], str) or not parts[0] or "\0" in parts[0]:
        return None
    beside = folder / re.split(r"[\\/]", parts[0])[-1][:255]
    inside = beside.is_file() and beside.resolve().parent == folder.resolve()
    return beside if inside else None


def _take(line: str, values: dict[str, Any]) -> bool:
    found = _ASSIGNMENT.fullmatch(line.rstrip())
    if not found or len(found[2]) > LONGEST_VALUE:
        return False
    try:
        with warnings.catch_warnings():
            # A Windows path has backslashes that are no escapes.
            warnings.simplefilter("ignore")
            values[found[1]] = ast.literal_eval(found[2])
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        # What an earlier line said no longer holds.
        values.pop(found[1], None)
        return False
    return True
