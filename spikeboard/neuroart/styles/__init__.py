"""All styles. A file in this folder that holds a `STYLE` *is* the registration of a style."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from spikeboard.errors import RecordingError
from spikeboard.neuroart.style import Style


@cache
def styles() -> dict[str, Style]:
    """Every style by its name, in the order in which they are offered."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [module.STYLE for module in modules if hasattr(module, "STYLE")]
    return {style.name: style for style in sorted(found, key=lambda style: (style.order, style.name))}


def style_called(name: str) -> Style:
    """The style of that name.

    Raises
    ------
    RecordingError : listing the styles there are
    """
    if not isinstance(name, str) or name not in styles():
        raise RecordingError(f"there is no style {str(name)[:40]!r}; choose one of {', '.join(styles())}")
    return styles()[name]
