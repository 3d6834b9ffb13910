"""What has to be said of the spikes of any source."""

from __future__ import annotations

import numpy as np

from spikeboard.recording import Recording


def about_duplicates(rec: Recording) -> list[str]:
    """How many spikes of one unit share one time; nothing where none do."""
    same = np.diff(rec.train_ticks) == 0
    inner = rec.train_offsets[1:-1]
    same[inner[(inner > 0) & (inner < len(rec.train_ticks))] - 1] = False
    number = int(np.count_nonzero(same))
    if not number:
        return []
    what = "1 spike is an exact duplicate" if number == 1 else f"{number:,} spikes are exact duplicates"
    return [f"{what} (same unit, same time) and {'was' if number == 1 else 'were'} kept"]
