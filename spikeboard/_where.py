"""Where the app lies: inside the installed package, or beside the library in a checkout."""

from pathlib import Path


def app_folder() -> Path:
    """The folder that holds app.py, components, callbacks, assets and data."""
    inside = Path(__file__).parent / "_app"
    return inside if inside.exists() else Path(__file__).parents[1]
