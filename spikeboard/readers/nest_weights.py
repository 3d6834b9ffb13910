"""What NEST's weight recorders wrote: the weight of a synapse whenever it carried a spike, as a table over time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spikeboard.readers.nest_files import Columns, Events

WEIGHTS = ("weights", "weight")
TARGETS = ("targets", "target", "receivers", "receiver")
# A table of that many rows can still be looked at.
MOST_ROWS = 100_000


def is_weight_recorder(columns: Columns) -> bool:
    """Whether a recorder is of weights; a multimeter may sample a variable called "weight", but has no targets."""
    names = {name.lower() for name in columns.values}
    return WEIGHTS[0] in names or (WEIGHTS[1] in names and bool(names & set(TARGETS)))


def weights_over_time(name: str, events: Events, seconds: np.ndarray, notes: list[str]) -> pd.DataFrame:
    """One row for each spike that a recorded synapse carried, in order of time.

    Parameters
    ----------
    name : of the recorder
    events : its rows
    seconds : (N,) float64, s
    notes : what is to be said of it is added

    Returns
    -------
    start and stop (both the time, s), sender, and weights, targets and whatever else the recorder wrote
    """
    order = np.argsort(seconds, kind="stable")
    if len(order) > MOST_ROWS:
        notes.append(
            f"{name}: {len(order):,} weights were recorded, of which the first {MOST_ROWS:,} are shown "
            f"(to {seconds[order[MOST_ROWS - 1]]:g} s)"
        )
        order = order[:MOST_ROWS]
    notes.append(
        f"{name} is of a weight recorder: its rows are no spikes, and stand in the intervals {table_name(name)!r}, in "
        "the units of the synapse model, which the files do not tell"
    )
    frame = pd.DataFrame({"start": seconds[order], "stop": seconds[order], "sender": events.senders[order]})
    for column, at in events.columns.values.items():
        frame[column] = _plain(events.rows[order, at], column)
    return frame


def table_name(name: str) -> str:
    """What the table of a recorder is called among the intervals."""
    return f"weights of {name}"


def _plain(values: np.ndarray, column: str) -> np.ndarray:
    """Ids and ports as whole numbers."""
    whole = (
        column.lower() not in WEIGHTS and np.all(values == np.rint(values)) and np.all(np.abs(values) < 2**53)
    )
    return values.astype(np.int64) if whole else values
