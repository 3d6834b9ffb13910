"""What a style is: one function that turns levels into a picture, and what people need to know about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spikeboard.errors import RecordingError
from spikeboard.neuroart.field import Blocks
from spikeboard.neuroart.palettes import Palette, palette_called
from spikeboard.view import Setting, Whole

VARIATION = Whole(0, 0, 9999, "Variation", help="another picture of the same data; 0 is the first")


@dataclass(frozen=True, eq=False)
class Style:
    """A way to draw a state.

    name, title : in links and scripts, and as shown
    mapping : in words, what of the data becomes what of the picture
    draw : where `vector`, `draw(field, palette, rng, **settings) -> Drawing`;
        else `draw(field, palette, rng, size, **settings) -> (size, size, 3) uint8`;
        where `own_values`, `draw(values, size)` with the state as it is
    vector : whether it can be had as SVG
    palette : the one it takes where none is chosen; "" where it has colours of its own
    settings : by name; "variation" goes into the seed, the others to `draw`
    blocks : how finely it tells time and units apart
    order : place in the list
    """

    name: str
    title: str
    mapping: str
    draw: Callable[..., Any]
    vector: bool = False
    own_values: bool = False
    palette: str = "viridis"
    settings: Mapping[str, Setting] = field(default_factory=lambda: {"variation": VARIATION})
    blocks: Blocks = field(default_factory=lambda: Blocks(64, 64, 4096))
    order: int = 100

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All settings, those given checked.

        Raises
        ------
        RecordingError : for an unknown setting, or a value that its setting does not take
        """
        values = {name: setting.default for name, setting in self.settings.items()}
        for name, value in given.items():
            if name not in self.settings:
                known = ", ".join(self.settings) or "none"
                raise RecordingError(f"the style {self.name} has no setting {name[:40]!r}; it has {known}")
            try:
                values[name] = self.settings[name].check(value)
            except RecordingError as problem:
                raise RecordingError(f"{self.name}: {name} {problem}") from None
        return values

    def colours(self, palette: str | None) -> Palette | None:
        """The palette to draw with: the one named, else its own; None where it has colours of its own.

        Raises
        ------
        RecordingError : where there is no such palette, or the style takes none
        """
        if self.palette:
            return palette_called(palette or self.palette)
        if palette:
            raise RecordingError(f"the style {self.name} has colours of its own: leave the palette out")
        return None
