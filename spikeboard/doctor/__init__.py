"""The import doctor: what is odd about a recording, and what can be done about it.

`examine` only looks. A remedy makes a new recording, says so in its notes, and is an option of the recording's address
(`mend="drop_duplicates|t_stop=3.5"`, or an option of the format's reader): a link carries it, and leaving it out
undoes it.
"""

from __future__ import annotations

from spikeboard.doctor.examination import examine
from spikeboard.doctor.findings import Finding, Remedy
from spikeboard.doctor.options import decided, with_remedy, without_remedy
from spikeboard.doctor.remedies import apply, keys, mended
from spikeboard.doctor.told import asked_for, is_told

__all__ = [
    "Finding",
    "Remedy",
    "apply",
    "asked_for",
    "decided",
    "examine",
    "is_told",
    "keys",
    "mended",
    "with_remedy",
    "without_remedy",
]
