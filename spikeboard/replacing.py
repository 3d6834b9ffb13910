"""Files that are there whole or not at all: written beside the place they are for, and put there in one step."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside a file, to be written: it takes the file's place in the end, and is gone where writing failed."""
    temporary = file.with_name(f".{file.stem}-{uuid.uuid4().hex}{file.suffix}")
    try:
        yield temporary
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
