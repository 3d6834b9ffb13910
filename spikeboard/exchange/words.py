"""What a form leaves out, in words, and names as files take them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from spikeboard.recording import Recording

_WORDS = {"columns": "columns of the unit table", "connections": "projections"}


def extras(rec: Recording, *kinds: str, known: Collection[str] = ()) -> Iterator[str]:
    """What a recording holds of some kinds, a sentence each; `known` columns of the unit table are no loss."""
    found = {
        "columns": [str(name) for name in rec.units if name not in ("population", "id", *known)],
        "states": list(rec.states), "rates": list(rec.rates),
        "connections": list(rec.connections), "intervals": list(rec.intervals),
    }  # fmt: skip
    for kind in kinds:
        if found[kind]:
            some = ", ".join(name[:40] for name in found[kind][:5])
            more = f" and {len(found[kind]) - 5} more" if len(found[kind]) > 5 else ""
            yield f"{_WORDS.get(kind, kind)}: {some}{more}"


def about_slashes(what: str, *names: Iterable[str]) -> Iterator[str]:
    """A sentence where names have to be changed to become links."""
    if any(link(name) != name for some in names for name in some):
        yield f"slashes in names of {what}: HDF5 takes none"


def link(name: object) -> str:
    """A name as HDF5 takes it for a link: without slashes, and no more than a dot."""
    text = str(name).replace("/", "∕").replace("\0", " ")
    return text if text.strip(".") else f"_{text}"
