"""What a view is about: the chosen units, populations and time window, and how a caption names them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikeboard.analysis.trains import snap_bin, trains_in, window_edges
from spikeboard.errors import NothingToDraw
from spikeboard.recording import Recording
from spikeboard.selection import Selection
from spikeboard.theme import listed, shown
from spikeboard.view import Viewport

Units = NDArray[np.int64]
# What belongs to no population in particular, and the lines that values are compared with; seen on both themes.
NEUTRAL = "#8C8C8C"
# More lines than this cannot be told apart by colour.
MOST_LINES = 12


def window_of(rec: Recording, selection: Selection) -> tuple[float, float]:
    """Where the selection begins and ends, s.

    Raises
    ------
    NothingToDraw : where it has no length
    """
    t0, t1 = selection.window(rec)
    if t1 <= t0:
        raise NothingToDraw(f"the selected window has no length ({t0:g} s): widen it")
    return t0, t1


def on_screen(viewport: Viewport, t0: float, t1: float) -> tuple[float, float]:
    """What of a window is on screen, s: all of it where a figure shows none of it."""
    low, high = viewport.x or (t0, t1)
    low, high = max(t0, low), min(t1, high)
    return (low, high) if low < high else (t0, t1)


def bins_on_screen(
    rec: Recording, bin_ms: float, t0: float, t1: float, x0: float, x1: float
) -> tuple[float, float]:
    """Where the bins on screen begin and end, s, which are counted from the beginning t0 of the window.

    Parameters
    ----------
    bin_ms : their width, ms, before it is snapped to the clock
    t0, t1 : s, the window; x0, x1 : s, what of it is on screen
    """
    width = snap_bin(rec.tick, bin_ms)[0]
    start, first = window_edges(rec, t0, t1)[0], window_edges(rec, x0, t1)[0]
    # Bins that are zoomed stay where they were: the first one may begin before what is on screen.
    begin = (first - (first - start) % width) / rec.ticks_per_second if first > start else t0
    end = begin + np.ceil((x1 - begin) / (width * rec.tick) - 1e-9) * width * rec.tick
    return begin, float(max(min(end, t1), x1))


def rows_of(rec: Recording, selection: Selection) -> Units:
    """The selected unit rows, ascending.

    Raises
    ------
    NothingToDraw : where there is none
    """
    rows = selection.rows(rec)
    if not len(rows):
        raise NothingToDraw("no unit is selected: clear the selection, or widen it")
    return rows


def by_population(rec: Recording, rows: Units) -> dict[str, Units]:
    """The rows of each population that has any, in the order of the recording."""
    codes = rec.units["population"].cat.codes.to_numpy()[rows]
    names = rec.units["population"].cat.categories
    return {str(names[code]): rows[codes == code] for code in np.unique(codes)}


def population_rows(rec: Recording, selection: Selection, name: str) -> Units:
    """The selected units of a population; all of its units where none of them is selected."""
    own = np.asarray(rec.rows_of(name), np.int64)
    selected = np.intersect1d(own, selection.rows(rec))
    return selected if len(selected) else own


def spikes_per_unit(rec: Recording, rows: Units, t0: float, t1: float) -> NDArray[np.int64]:
    """Spikes of each of the units in the window."""
    _, first, last = trains_in(rec, rows, t0, t1)
    return last - first


def busiest(rec: Recording, rows: Units, t0: float, t1: float, most: int) -> Units:
    """The units with most spikes in the window, the most active first; ties keep the order of the recording."""
    counts = spikes_per_unit(rec, rows, t0, t1)
    return rows[np.argsort(-counts, kind="stable")[:most]]


def named(rec: Recording, row: int) -> str:
    """A unit in a sentence: its population and id."""
    return shown(rec.label(int(row)))


def span(t0: float, t1: float) -> str:
    """A window in a sentence, to a millionth of its length: "0–10 s"; after a minus sign a dash would be one too."""
    digits = max(int(np.ceil(6 - np.log10(t1 - t0))), 0) if t1 > t0 else 9
    return f"{round(t0, digits):.10g}{' to ' if t0 < 0 else '–'}{round(t1, digits):.10g} s"


def duration(milliseconds: float) -> str:
    """A time in a sentence: "120.9 ms", "26.84 s"."""
    return f"{milliseconds:.4g} ms" if milliseconds < 1e4 else f"{milliseconds / 1e3:,.6g} s"


def many(number: int, noun: str) -> str:
    """A number of things in a sentence: "1 unit", "2,000 units", "3 frequencies"."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("cy") else noun + ("es" if noun.endswith("x") else "s")
    return f"{number:,} {plural}"


def whose(rec: Recording, rows: Units) -> str:
    """Units in a sentence: the one by name, several by number and population."""
    if len(rows) == 1:
        return f"unit {named(rec, rows[0])}"
    return f"{many(len(rows), 'unit')} of {listed(list(by_population(rec, rows)))}"


def percent(part: float, whole: float) -> str:
    """A share in a sentence: "0.3 %"."""
    return f"{100 * part / whole:.3g} %" if whole else "0 %"


def nice_above(value: float) -> float:
    """The smallest round number that is not below a positive one."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value) * power)
