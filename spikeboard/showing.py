"""`spikeboard.show(rec)`: the app in a process of its own, for scripts and notebooks."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from spikeboard import places
from spikeboard.errors import RecordingError
from spikeboard.ports import check_free, free_port
from spikeboard.recording import Recording

PATIENCE_S = 60.0


@dataclass(frozen=True, eq=False)
class Shown:
    """A running app that shows one recording.

    url : where it is
    process : what serves it; it ends with the script, or by `stop()`
    """

    url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def _repr_html_(self) -> str:
        return f'<iframe src="{self.url}" width="100%" height="760" style="border: 1px solid #ccc"></iframe>'


def show(rec: Recording, *, port: int = 0, browser: bool | None = None) -> Shown:
    """Open a recording in the browser, or inline in a notebook.

    Parameters
    ----------
    rec : the recording; it is handed over by its store, which is written first where it has none
    port : to listen on; 0 takes a free one
    browser : whether to open a browser window; by default only outside notebooks

    Returns
    -------
    Shown : has the address, shows itself in a notebook, and can be stopped

    Raises
    ------
    RecordingError : where the port is taken, or the app does not start
    """
    folder = rec.folder or rec.save(places.stores() / f"shown-{rec.digest}")
    port = port or free_port()
    # Otherwise the answer of another app there would be taken for that of this one.
    check_free("127.0.0.1", port)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spikeboard", str(folder), "--port", str(port), "--no-browser"],
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, **_environment()},
        )
        shown = Shown(f"http://127.0.0.1:{port}/", process)
        atexit.register(shown.stop)
        _await(shown, log)
    if browser if browser is not None else not _in_notebook():
        webbrowser.open(shown.url)
    return shown


def _environment() -> dict[str, str]:
    here = str(Path(__file__).resolve().parents[1])
    inherited = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [here, inherited])),
        # A notebook on this machine may show the pages in a frame.
        "SPIKEBOARD_FRAME_ANCESTORS": "http://localhost:* http://127.0.0.1:*",
    }


def _await(shown: Shown, log: IO[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and shown.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{shown.url}healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    shown.stop()
    log.seek(0)
    raise RecordingError(
        f"the app did not start: {log.read().decode(errors='replace').strip()[-500:] or 'no word'}"
    )


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
