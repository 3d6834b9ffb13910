"""The app as a server imports it: `uvicorn spikeboard.app:server`, `gunicorn -k asgi spikeboard.app:server`."""

import sys

from spikeboard._where import app_folder

sys.path.insert(0, str(app_folder()))

from app import app, server

__all__ = ["app", "server"]
