"""What the import doctor says: something odd, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """What can be done.

    key : what an address carries; where something has to be typed, what stands before "="
    label : for a button, or for a field
    asks : what has to be typed ("seconds"), "" where a click is all
    """

    key: str
    label: str
    asks: str = ""


@dataclass(frozen=True)
class Finding:
    """Something odd.

    what : in words, with its numbers
    where : the population, projection or state, "" for the recording as a whole
    advice : what it may mean, and what to do where no remedy will
    remedies : what Spikeboard can do about it
    """

    what: str
    where: str = ""
    advice: str = ""
    remedies: tuple[Remedy, ...] = ()


def count(n: int, one: str, many: str) -> str:
    """A number with its words: "1 spike has", "1,200 spikes have"."""
    return f"{n:,} {one if n == 1 else many}"
