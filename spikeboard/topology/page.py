"""The stand-alone topology page: one HTML file that needs no server, no internet and no library."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from spikeboard.errors import RecordingError
from spikeboard.topology.layouts import LayoutKind, layout_positions
from spikeboard.topology.network import Edge, Network, Node, network_of

# Characters that turn the text around them (bidirectional overrides), break lines, or may not stand in XML.
_UNSEEN = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"


def topology_html(
    layers_or_recording: Any, file: str | Path | None = None, *, title: str | None = None
) -> str | Path:
    """One HTML page that shows a network, with no need of a server or of the internet.

    Parameters
    ----------
    layers_or_recording : a recording: its populations and projections. Or the layers of a feed-forward
        network in turn: any objects; each becomes a node "L0_ClassName" with the size that its `n_neurons`
        (or `n`) tells, "?" where it tells none, behind a first node "Input"
    file : where to write it; an older file is replaced, at once or not at all. Without: nothing is written
    title : heading of the page; without one the recording's name

    Returns
    -------
    the path written, or, without `file`, the page

    Raises
    ------
    RecordingError : for anything else than a recording or layers, more than 1,000 nodes, or a file that
        cannot be written
    """
    network = network_of(layers_or_recording, title)
    page = _filled(_source("page.html"), _parts(network))
    return page if file is None else _write(Path(file), page)


def _parts(network: Network) -> dict[str, str]:
    script, style = _source("page.js"), _source("page.css")
    return {
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
        "title": _text(network.title),
        "summary": _text(_summary(network)),
        "notes": "".join(f"<p>{_text(note)}</p>" for note in network.notes),
        "nodes": _rows(_node_cells(network, index) for index in range(len(network.nodes))),
        "edges": _rows(_edge_cells(network, edge) for edge in network.edges),
        "style": style,
        "graph": _embedded(_graph(network)),
        "script": script,
    }


def _source(name: str) -> str:
    return files("spikeboard.topology").joinpath(name).read_text(encoding="utf-8")


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """One pass, so that nothing that a part contains is taken for a place to fill."""
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _embedded(data: Any) -> str:
    """JSON that no name can break out of: ASCII, and without the signs that HTML reads."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def visible(text: str) -> str:
    """Text with its control characters spelled out: ⟨U+202E⟩ cannot turn a line around.

    A name in a right-to-left script is left as it is.
    """
    return "".join(f"⟨U+{ord(sign):04X}⟩" if _is_unseen(sign) else sign for sign in text)


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") or bool(_UNSEEN.match(sign))


def _text(text: str) -> str:
    return html.escape(visible(text))


# What is said -------------------------------------------------------------------------------------------------


def _summary(network: Network) -> str:
    sizes = [node.size for node in network.nodes if node.size is not None]
    synapses = [edge.synapses for edge in network.edges if edge.synapses is not None]
    said = [
        _count(len(network.nodes), "node"),
        _count(sum(sizes), "neuron") + _where(len(sizes), len(network.nodes)) if sizes else "",
        _count(len(network.edges), "connection"),
        _count(sum(synapses), "synapse") + _where(len(synapses), len(network.edges)) if synapses else "",
    ]
    return ", ".join(filter(None, said)) + "."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _where(known: int, of: int) -> str:
    return "" if known == of else f" ({known:,} of {of:,} known)"


def _size(node: Node) -> str:
    return "? neurons" if node.size is None else _count(node.size, "neuron")


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.4g} {visible(unit)}".strip()


def _delay(edge: Edge) -> str:
    return _number(None if edge.delay_mean is None else edge.delay_mean * 1e3, "ms")


def _range(edge: Edge) -> str:
    if edge.weight_min is None or edge.weight_max is None or edge.weight_min == edge.weight_max:
        return ""
    return f"{edge.weight_min:.4g} to {edge.weight_max:.4g}"


def _isolated(name: str) -> str:
    """A name that a right-to-left script within it cannot mix with what stands beside it."""
    return _ISOLATE + visible(name) + _END_ISOLATE


def _node_said(network: Network, index: int) -> str:
    node, into, out = network.nodes[index], network.into[index], network.out[index]
    return f"{_isolated(node.name)}: {_size(node)}, {_count(into, 'connection')} in, {out:,} out"


def _edge_said(network: Network, edge: Edge) -> str:
    source, target = (_isolated(network.nodes[end].name) for end in (edge.source, edge.target))
    weight, spread = _number(edge.weight_mean, edge.weight_unit), _range(edge)
    known = [
        _isolated(edge.name) if edge.name else "",
        "" if edge.sign == "unknown" else edge.sign,
        "" if edge.synapses is None else _count(edge.synapses, "synapse"),
        f"mean weight {weight}" + (f" ({spread})" if spread else "") if weight else "",
        f"mean delay {_delay(edge)}" if _delay(edge) else "",
    ]
    return f"{source} → {target}" + "".join(f", {part}" for part in known if part)


# The table twin, and what the script draws --------------------------------------------------------------------


def _rows(rows: Iterable[list[str]]) -> str:
    return "".join(f"<tr><th scope=row>{row[0]}</th>{_cells(row[1:])}</tr>\n" for row in rows)


def _cells(cells: list[str]) -> str:
    return "".join(f"<td>{cell or '–'}</td>" for cell in cells)


def _name(name: str) -> str:
    return f'<bdi class="name">{_text(name)}</bdi>' if name else ""


def _node_cells(network: Network, index: int) -> list[str]:
    node = network.nodes[index]
    size = "?" if node.size is None else f"{node.size:,}"
    return [_name(node.name) or "(no name)", size, f"{network.into[index]:,}", f"{network.out[index]:,}"]


def _edge_cells(network: Network, edge: Edge) -> list[str]:
    ends = [_name(network.nodes[end].name) or "(no name)" for end in (edge.source, edge.target)]
    return [
        *ends,
        _name(edge.name),
        "" if edge.synapses is None else f"{edge.synapses:,}",
        edge.sign,
        _text(_number(edge.weight_mean, edge.weight_unit)),
        _range(edge),
        _delay(edge),
    ]


def _graph(network: Network) -> dict[str, Any]:
    ends = np.array([(edge.source, edge.target) for edge in network.edges], np.int64).reshape(-1, 2)
    return {
        "title": visible(network.title),
        "nodes": [_node_data(network, index) for index in range(len(network.nodes))],
        "edges": [_edge_data(network, edge) for edge in network.edges],
        "layouts": _layouts(len(network.nodes), ends),
    }


def _node_data(network: Network, index: int) -> dict[str, Any]:
    node = network.nodes[index]
    return {
        "name": visible(node.name) or "(no name)",
        "size": node.size,
        "caption": _size(node),
        "said": _node_said(network, index),
    }


def _edge_data(network: Network, edge: Edge) -> dict[str, Any]:
    return {
        "source": edge.source,
        "target": edge.target,
        "sign": edge.sign,
        "value": {
            "synapses": edge.synapses,
            "weight": None if edge.weight_mean is None else abs(edge.weight_mean),
        },
        "label": {
            "synapses": "" if edge.synapses is None else f"{edge.synapses:,}",
            "weight": _number(edge.weight_mean, edge.weight_unit),
            "delay": _delay(edge),
        },
        "said": _edge_said(network, edge),
    }


def _layouts(n_nodes: int, ends: np.ndarray) -> dict[str, list[list[float]]]:
    kinds: tuple[LayoutKind, ...] = ("layered", "circle", "spring") if n_nodes <= 300 else ("layered", "grid")
    return {kind: layout_positions(n_nodes, ends, kind).round(4).tolist() for kind in kinds}


def _write(path: Path, text: str) -> Path:
    """Written beside its place and moved there: a reader never sees half a page."""
    if path.is_dir():
        raise RecordingError(
            f"{path} is a folder; name the file to write in it, such as {path / 'topology.html'}"
        )
    beside = path.parent / f".topology-{secrets.token_hex(8)}.tmp"
    try:
        with open(beside, "xb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return path
