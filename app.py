"""Spikeboard's app: `create_app(...)`, `server`, and the command line. It assembles, and decides nothing."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any

# Before numba starts its threads: waiting ones would otherwise spin and slow down everything else on few cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import uvicorn
from dash import Dash, dcc
from fastapi import FastAPI

import callbacks
from components.shell import shell
from spikeboard.errors import RecordingError
from spikeboard.library import DEMO, Library, key_of_path
from spikeboard.theme import template
from spikeboard.version import VERSION

HERE = Path(__file__).resolve().parent
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>{%config%}{%scripts%}{%renderer%}</footer>
    </body>
</html>"""


def create_app(library: Library | None = None) -> Dash:
    """The app on its own FastAPI server, offering the recordings of a library."""
    library = library or local_library()
    app = Dash(
        "spikeboard",
        server=FastAPI(title="Spikeboard", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None),
        assets_folder=str(HERE / "assets"),
        title="Spikeboard",
        update_title="",
        suppress_callback_exceptions=True,
        index_string=INDEX,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    templates = {"light": template("spikeboard"), "dark": template("spikeboard_dark")}
    app.layout = lambda: [shell(), dcc.Store(id="templates", data=templates)]
    callbacks.register(app, library)
    # Otherwise the first page is sent before the assets are known, and comes without its scripts.
    app._setup_server()
    return app


def local_library(roots: list[Path] | None = None, first: str = DEMO, shared: bool = False) -> Library:
    """The library of a server started on this machine: the working folder and the home folder, unless told."""
    chosen = roots or [Path.cwd(), Path.home()]
    return Library(
        tuple(dict.fromkeys(root.resolve() for root in chosen)), HERE / "data" / "demo", first, shared
    )


def main(arguments: list[str] | None = None) -> int:
    """`spikeboard [PATH]`: open a recording in the browser."""
    said = _parser().parse_args(arguments)
    try:
        library = _library(said)
    except RecordingError as problem:
        print(f"spikeboard: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    server = create_app(library).server
    if not said.no_browser:
        threading.Timer(1.5, webbrowser.open, [f"http://{said.host}:{said.port}/"]).start()
    uvicorn.run(server, host=said.host, port=said.port, log_level="warning")
    return 0


def _library(said: argparse.Namespace) -> Library:
    roots = [Path(root) for root in said.root]
    if said.path is None:
        return local_library(roots)
    path = Path(said.path).resolve()
    library = local_library([*(roots or [Path.cwd(), Path.home()]), path.parent])
    return local_library(list(library.roots), key_of_path(library, path))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("spikeboard", description="Look at spiking neural networks.")
    parser.add_argument("path", nargs="?", help="file or folder to open (default: the demo recording)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8050, help="port to listen on")
    parser.add_argument(
        "--root", action="append", default=[], metavar="FOLDER", help="offer the recordings below FOLDER"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--version", action="version", version=f"Spikeboard {VERSION}")
    return parser


def __getattr__(name: str) -> Any:
    # Made when asked for: `uvicorn app:server` wants them, the command line makes its own.
    if name in ("app", "server"):
        globals()["app"] = create_app()
        globals()["server"] = globals()["app"].server
        return globals()[name]
    raise AttributeError(name)


if __name__ == "__main__":
    sys.exit(main())
