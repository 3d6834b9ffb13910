"""Networks for the tests of the topology page: small, recurrent, long, and with names that mean harm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from spikeboard.recording import PROJECTION_COLUMNS

NAN = float("nan")

HOSTILE_NAMES = (
    "</script><script>window.harmed = 1</script>",
    "<!-- <img src=x onerror='window.harmed = 1'>",
    "\u202egnp.exe",
    "שלום עולם",
    "a\u2028b\x07c\nd",
    "x" * 3000,
    "\"quotes' & <b>bold</b>",
    "日本語のレイヤー",
    "🧠" * 40,
    "{{script}} ${1} \\1 \\u003c",
    "",
    "مرحبا <b>",
    "]]>--></title></textarea>",
)


def layer(name: str, **attributes: Any) -> Any:
    """An object of a class of that name."""
    return type(name, (), attributes)()


def recording(name: str, populations: list[tuple], projections: list[tuple]) -> Any:
    """What the page reads of a recording: projections are (name, source, target, synapses, mean, min, max, delay)."""
    keys = ["name", "source", "target", "synapses", "weight_mean", "weight_min", "weight_max", "delay_mean"]
    rows = [dict(zip(keys, row, strict=True), weight_unit="mV") for row in projections]
    return SimpleNamespace(
        name=name,
        populations=pd.DataFrame(populations, columns=pd.Index(["name", "size"])).assign(first=0),
        projections=pd.DataFrame(rows, columns=pd.Index(PROJECTION_COLUMNS)),
    )


def recurrent() -> Any:
    """Input, E and I with loops, two pathways between the same two, an unknown sign, both signs, and Out."""
    return recording(
        "Balanced network",
        [("Input", 100), ("E", 800), ("I", 200), ("Out", 10)],
        [
            ("ff", "Input", "E", 8_000, 0.5, 0.1, 0.9, 1.5e-3),
            ("ee", "E", "E", 64_000, 0.2, 0.1, 0.3, 1.5e-3),
            ("ee mixed", "E", "E", 6_400, 0.1, -0.1, 0.3, NAN),
            ("ei", "E", "I", 16_000, 0.25, 0.1, 0.4, 1.2e-3),
            ("ei unknown", "E", "I", 160, NAN, NAN, NAN, NAN),
            ("ie", "I", "E", 16_000, -1.0, -1.2, -0.5, 0.8e-3),
            ("ii", "I", "I", 4_000, -1.0, -1.2, -0.5, 0.8e-3),
            ("io", "I", "Out", 0, -0.7, -1.0, -0.2, 2e-3),
        ],
    )


def column() -> Any:
    """Eight populations that are joined nearly all with all, and an input to two of them."""
    names = [depth + kind for depth in ("L23", "L4", "L5", "L6") for kind in "EI"]
    chance = np.random.default_rng(0)
    inside = [
        (f"{a} to {b}", a, b, int(chance.integers(10**4, 10**7)), *weights, 1.5e-3)
        for a in names
        for b in names
        for weights in [(88.0, 60.0, 120.0) if a.endswith("E") else (-351.0, -400.0, -300.0)]
        if chance.random() < 0.55
    ]
    outside = [(f"TH to {b}", "TH", b, 10**6, 87.0, 80.0, 90.0, 1.5e-3) for b in ("L4E", "L6E")]
    return recording("Column", [*((name, 5_000) for name in names), ("TH", 902)], inside + outside)


def chain(length: int) -> list[Any]:
    """Layers of a long feed-forward network."""
    return [layer("StochasticLIFNeuronLayer", n_neurons=784 // (number + 1)) for number in range(length)]


def hostile() -> Any:
    """Every hostile name as population, projection, unit and title."""
    names = HOSTILE_NAMES
    return recording(
        HOSTILE_NAMES[0] + HOSTILE_NAMES[2],
        [(name, 10 * number) for number, name in enumerate(names)],
        [
            (name, name, names[(5 * number + 1) % len(names)], number, (-1) ** number, NAN, NAN, NAN)
            for number, name in enumerate(names)
        ],
    )


CASES = {
    "two layers": lambda: [layer("StochasticLIF", n_neurons=784), layer("DenseLayer", n=10)],
    "thirty layers": lambda: chain(30),
    "recurrent": recurrent,
    "column": column,
    "hostile": hostile,
    "populations alone": lambda: recording("Alone", [(f"pop {n}", n + 1) for n in range(7)], []),
    "nothing": lambda: recording("Nothing", [], []),
}
