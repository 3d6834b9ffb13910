"""Draws the pictures of docs/art.md from the demo recording: `python docs/draw_art_gallery.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import spikeboard  # noqa: E402
from spikeboard.neuroart import STYLES, art  # noqa: E402

SIZE = 336
BIN = 0.02


def main() -> None:
    rec = spikeboard.open(ROOT / "data" / "demo")
    edges = np.arange(rec.t_start, rec.t_stop + BIN, BIN)
    units = np.arange(len(rec.units) + 1)
    counts = np.histogram2d(rec.spikes["time"], rec.spikes["unit"], [edges, units])[0]
    voltage = np.asarray(rec.states["E.v"].values)
    states = {
        "classic": voltage[500] / 100,
        "ridges": voltage,
        "rings": voltage,
        "flow": voltage,
        "relief": counts,
    }
    for name in STYLES:
        picture = Image.fromarray(art(states.get(name, counts), name, SIZE))
        picture.quantize(160).save(ROOT / "docs" / "images" / f"art-{name}.png", optimize=True)


if __name__ == "__main__":
    main()
