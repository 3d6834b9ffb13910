"""Spikeboard's app: `create_app(...)`, `server`, and the command line. It assembles, and decides nothing."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before numba starts its threads: waiting ones would otherwise spin and slow down everything else on few cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import uvicorn
from dash import Dash, dcc
from fastapi import FastAPI

import callbacks
from callbacks.wiring import Understanding, broken
from components.shell import shell
from spikeboard import importing
from spikeboard.doctor.words import oddities
from spikeboard.errors import RecordingError
from spikeboard.hosting import (
    SERVER_OPTIONS,
    Guard,
    HostingError,
    Policy,
    add_arguments,
    current_user,
    policy_from_arguments,
    policy_from_environment,
    to_environment,
)
from spikeboard.library import (
    DEMO,
    Library,
    is_large,
    key_of_path,
    library_from_environment,
    library_to_environment,
    local_library,
    locate,
)
from spikeboard.ports import check_free, free_port
from spikeboard.readers import open_recording
from spikeboard.serving import serve
from spikeboard.terminal import told_in
from spikeboard.theme import template
from spikeboard.version import VERSION
from spikeboard.warming import settle, warm_in_background

HERE = Path(__file__).resolve().parent
DEMO_FOLDER = HERE / "data" / "demo"
INDEX = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        <link rel="icon" type="image/svg+xml" href="/assets/logo.svg">
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>{%config%}{%scripts%}{%renderer%}</footer>
    </body>
</html>"""


def create_app(library: Library | None = None, policy: Policy | None = None) -> Dash:
    """The app on its own FastAPI server, behind its guard.

    Parameters
    ----------
    library : the recordings it offers; by default what the environment asks for
    policy : who is let in; by default what the environment asks for

    Raises
    ------
    HostingError : where strangers would be let in
    """
    app = Dash(
        "spikeboard",
        server=_host(),
        on_error=broken,
        assets_folder=str(HERE / "assets"),
        title="Spikeboard",
        update_title="",
        suppress_callback_exceptions=True,
        index_string=INDEX,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    templates = {"light": template("spikeboard"), "dark": template("spikeboard_dark")}
    policy = policy or policy_from_environment()
    by_account = policy.sign_in == "accounts"
    app.layout = lambda: [shell(current_user.get(), by_account), dcc.Store(id="templates", data=templates)]
    callbacks.register(app, library or library_from_environment(DEMO_FOLDER))
    app.server.add_middleware(Guard, policy=policy, script_hashes=app.csp_hashes)
    # Otherwise the first page is sent before the assets are known, and comes without its scripts.
    app._setup_server()
    return app


def _host() -> Any:
    # Routes of our own (downloads, uploads) stand beside Dash's on it; its API pages would only tell strangers more.
    host = FastAPI(title="Spikeboard", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    host.add_middleware(Understanding)
    return host


def main(arguments: list[str] | None = None) -> int:
    """`spikeboard [PATH]`: open a recording in the browser; with --host and --root, serve a team."""
    said = _parser().parse_args(arguments)
    try:
        library, policy = _library(said), policy_from_arguments(said)
        os.environ.update(to_environment(policy, said.host) | library_to_environment(library))
        _import(library)
        _serve(said, library, policy)
    except (RecordingError, HostingError) as problem:
        print(f"spikeboard: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _import(library: Library) -> None:
    """Import what was named if that takes a while; what a crash has left of earlier imports is removed."""
    importing.sweep()
    if library.first == DEMO:
        return
    path, options = locate(library, library.first)
    if not is_large(path):
        return
    # What cannot be opened, or asks something, says so in the page.
    with suppress(RecordingError, OSError), told_in(sys.stderr, path.name) as report:
        open_recording(path, progress=report, **options)


def _serve(said: argparse.Namespace, library: Library, policy: Policy) -> None:
    said.port = said.port or free_port()
    check_free(said.host, said.port)
    address = f"http://{_reachable(said.host)}:{said.port}/"
    print(f"Spikeboard {VERSION} at {address} (Ctrl+C ends it)", flush=True)  # noqa: T201
    settings: dict[str, Any] = SERVER_OPTIONS | {"log_level": "warning", "access_log": False}
    if said.workers > 1:
        # The workers import the app; what they need to know stands in the environment.
        warm_in_background(DEMO_FOLDER)
        # A busy machine needs longer to import it than Uvicorn's 5 s, after which workers are killed and started again.
        uvicorn.run(
            "spikeboard.app:server",
            host=said.host,
            port=said.port,
            workers=said.workers,
            timeout_worker_healthcheck=60,
            **settings,
        )
    else:
        app = create_app(library, policy)
        serve(
            app.server, said.host, said.port, lambda: _once_up(library, address, said.no_browser), **settings
        )


def _once_up(library: Library, address: str, no_browser: bool) -> None:
    warm_in_background(DEMO_FOLDER)
    if library.first != DEMO:
        threading.Thread(target=_say_what_is_odd, args=(library,), daemon=True).start()
    if not no_browser:
        # Some systems return only when their browser ends.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _say_what_is_odd(library: Library) -> None:
    """The file that was named opens without its report: what is odd about it is told where it was named."""
    path, options = locate(library, library.first)
    # What cannot be opened, or asks something, says so in the page.
    with suppress(RecordingError):
        for line in oddities(open_recording(path, **options)):
            print(line, flush=True)  # noqa: T201


def _reachable(host: str) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{name}]" if ":" in name else name


def _library(said: argparse.Namespace) -> Library:
    roots = [Path(root) for root in said.root]
    if missing := [root for root in roots if not root.is_dir()]:
        raise RecordingError(f"--root {missing[0]} is no folder")
    shared = bool(said.accounts or said.trust_header) or said.host not in ("127.0.0.1", "localhost", "::1")
    if said.path is None:
        return local_library(DEMO_FOLDER, roots, shared=shared)
    path = Path(said.path).expanduser().resolve()
    if not path.exists():
        raise RecordingError(f"there is no file or folder {said.path!r}")
    # What is opened for oneself may come from anywhere; a team is offered what was named, and nothing else.
    usual = [] if shared else [Path.cwd(), Path.home()]
    library = local_library(DEMO_FOLDER, [*(roots or usual), path.parent], shared=shared)
    return local_library(DEMO_FOLDER, list(library.roots), key_of_path(library, path), shared)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "spikeboard",
        description="Look at spiking neural networks in the browser.",
        epilog="What is odd about a file says: spikeboard doctor FILE. "
        "Accounts are managed by: spikeboard user add NAME, user list, user remove NAME",
    )
    parser.add_argument("path", nargs="?", help="file or folder to open (default: the demo recording)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine alone)"
    )
    parser.add_argument(
        "--port", type=int, default=8050, help="port to listen on (default: 8050); 0 takes a free one"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--root", action="append", default=[], metavar="FOLDER", help="offer the recordings below FOLDER"
    )
    add_arguments(parser)
    parser.add_argument("--version", action="version", version=f"Spikeboard {VERSION}")
    return parser


def __getattr__(name: str) -> Any:
    # Made when asked for: `uvicorn app:server` wants them, the command line makes its own.
    if name in ("app", "server"):
        globals()["app"] = create_app()
        globals()["server"] = globals()["app"].server
        settle()
        return globals()[name]
    raise AttributeError(name)


if __name__ == "__main__":
    sys.exit(main())
